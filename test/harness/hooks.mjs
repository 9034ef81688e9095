// An endpoint of webhooks over real HTTPS: judges every delivery with Node's own crypto
// and answers as it is told.
//
//   node hooks.mjs DIR [PORT]     DIR/tls.pem and tls.key must exist; writes
//                                 DIR/hooks.json {"https","http"} and listens until SIGTERM
//
// Control, on the http port: PUT /key {"path","publicKey"}: whose deliveries come there;
// PUT /mode {"mode": ok | fail | redirect | hang | endless | silent | slow}; GET /calls:
// what came, [{path, domain, type, eventId, deliveryId, attempt, good, why, object}].
import { createPublicKey, verify } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';

const [dir, port] = process.argv.slice(2);
const keys = new Map();
const calls = [];
let mode = 'ok';

const bodyOf = async (req) => {
  const parts = [];
  for await (const part of req) parts.push(part);
  return Buffer.concat(parts);
};

// What README, "Verifying a delivery", tells a receiver to do.
function judge(path, headers, body) {
  const spki = keys.get(path);
  if (!spki) return 'no key is known for this path';
  const key = createPublicKey({ key: Buffer.from(spki, 'base64'), format: 'der', type: 'spki' });
  const { payload } = JSON.parse(body);
  if (!verify('sha256', Buffer.from(payload), key, Buffer.from(headers.signature ?? '', 'base64'))) {
    return 'Signature does not verify over the payload';
  }
  const id = headers['cloudsign-event-id'];
  const time = headers['cloudsign-timestamp'];
  const signed = Buffer.from(`${id}.${time}.${body}`);
  const sig = (headers['cloudsign-signature'] ?? '').replace(/^v1=/, '');
  if (!verify('sha256', signed, key, Buffer.from(sig, 'base64'))) {
    return 'Cloudsign-Signature does not verify over id, time and body';
  }
  if (Math.abs(Date.now() / 1000 - Number(time)) > 300) return `the time ${time} is not now`;
  if (headers['content-type'] !== 'application/json') return 'content-type';
  return '';
}

function note(req, body) {
  const why = judge(req.url, req.headers, body);
  let envelope = {};
  let object = {};
  try {
    envelope = JSON.parse(body);
    object = JSON.parse(Buffer.from(envelope.payload, 'base64'));
  } catch { /* judge has said so */ }
  calls.push({
    path: req.url, domain: envelope.domain, type: req.headers['cloudsign-event-type'],
    eventId: req.headers['cloudsign-event-id'], deliveryId: req.headers['cloudsign-delivery-id'],
    attempt: Number(req.headers['cloudsign-attempt']), good: why === '', why,
    object: { id: object.id, name: object.displayName ?? object.name },
  });
}

const answers = {
  ok: (res) => res.writeHead(200).end('thanks'),
  fail: (res) => res.writeHead(500).end('no'),
  redirect: (res) => res.writeHead(307, { location: `https://127.0.0.1:${res.req.socket.localPort}/elsewhere` }).end(),
  hang: () => {},
  silent: (res) => res.socket.destroy(),
  slow: (res) => setTimeout(() => res.writeHead(200).end(), 150),
  endless: (res) => {
    res.writeHead(200);
    const pour = () => { while (!res.destroyed && res.write(Buffer.alloc(65536))); };
    res.on('drain', pour).on('error', () => {});
    pour();
  },
};

const server = https.createServer({ cert: readFileSync(`${dir}/tls.pem`), key: readFileSync(`${dir}/tls.key`) },
  async (req, res) => {
    res.on('error', () => {});
    const body = await bodyOf(req).catch(() => null); // the caller was killed: no call
    if (body === null) return;
    note(req, body);
    answers[mode](res);
  });
server.on('tlsClientError', () => {});
const control = http.createServer(async (req, res) => {
  const body = await bodyOf(req);
  if (req.method === 'PUT') {
    const o = JSON.parse(body);
    if (req.url === '/key') keys.set(o.path, o.publicKey);
    else mode = o.mode;
  }
  res.end(JSON.stringify(req.url === '/calls' ? calls : { mode }));
});
server.listen(Number(port ?? 0), '127.0.0.1', () => control.listen(0, '127.0.0.1', () => {
  writeFileSync(`${dir}/hooks.json`, JSON.stringify({ https: server.address().port, http: control.address().port }));
}));
process.on('SIGTERM', () => process.exit(0));
