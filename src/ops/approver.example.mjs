// An endpoint for APPROVAL_CALLBACK_URL in plain Node.js: checks who asks (HMAC), decides,
// signs its answer (Ed25519).  README.md, "Approval callback", describes both messages.
//   APPROVAL_CALLBACK_SECRET=.. node approver.example.mjs PORT TLS_CERT TLS_KEY SIGNING_KEY
import { createHmac, createPrivateKey, sign, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { fileURLToPath } from 'node:url';

const BODY_MAX = 512 * 1024; // a question has at most 64 KiB of payload, in hex
const sameBytes = (a, b) => a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));

// The node's request: is it ours, and fresh?  Throws when it is not.
export function checkRequest({ headers, body, secret, now = Date.now() }) {
  const { 'x-cloudsign-time': time, 'x-cloudsign-nonce': nonce, 'x-cloudsign-signature': given = '' } = headers;
  const mac = createHmac('sha256', Buffer.from(secret, 'hex'))
    .update(`cloudsign/1/approval/request\n${time}\n${nonce}\n`).update(body).digest('hex');
  if (!sameBytes(given, `v1=${mac}`)) throw new Error('signature');
  if (Math.abs(now - Number(time)) > 120000) throw new Error('time');
  return JSON.parse(body);
}

// verdict: 'ALLOW' or 'REFUSE'.  key: an Ed25519 private key; or the secret as hex.
export function signAnswer({ nonce, requestId, requestHash }, verdict, reason, key) {
  const text = ['cloudsign/1/approval/answer', nonce, requestId, requestHash, verdict, reason].join('\n');
  const signature = typeof key === 'string'
    ? createHmac('sha256', Buffer.from(key, 'hex')).update(text).digest('hex')
    : sign(null, Buffer.from(text), key).toString('hex');
  return JSON.stringify({ requestId, nonce, verdict, reason, signature });
}

// Nobody is known before the whole body is here: so it is bounded.
export async function readBody(req, max = BODY_MAX) {
  const parts = [];
  let size = 0;
  for await (const part of req) {
    size += part.length;
    if (size > max) throw new Error('too long');
    parts.push(part);
  }
  return Buffer.concat(parts);
}

// What your organisation wants: here, no blind signatures, no allowances, nothing unclear.
export const decide = ({ summary = {} }) => (summary.blind || summary.approval || !summary.clear
  ? ['REFUSE', 'not clear'] : ['ALLOW', '']);

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [port, cert, tlsKey, signingKey] = process.argv.slice(2);
  const secret = process.env.APPROVAL_CALLBACK_SECRET ?? '';
  if (!/^[0-9a-f]{64}$/i.test(secret)) throw new Error('APPROVAL_CALLBACK_SECRET must be 64 hex digits'); // else: anybody's HMAC
  const key = createPrivateKey(readFileSync(signingKey));
  createServer({ cert: readFileSync(cert), key: readFileSync(tlsKey) }, async (req, res) => {
    try {
      const ask = checkRequest({ headers: req.headers, body: await readBody(req), secret });
      res.end(signAnswer(ask, ...decide(ask.request), key));
    } catch (e) { res.writeHead(400).end(String(e.message)); }
  }).listen(Number(port), '127.0.0.1');
}
