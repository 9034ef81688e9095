// An approval callback that does what the file `mode` says, in the words of approval.sh;
// the honest part is the example that operators get.  Writes what it was asked to asked.jsonl.
//   node approver.mjs DIR [mtls]
import { createPrivateKey } from 'node:crypto';
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { checkRequest, readBody, signAnswer } from '../../src/ops/approver.example.mjs';

const [dir, mtls] = process.argv.slice(2);
const file = (name) => readFileSync(`${dir}/${name}`);
const text = (name) => file(name).toString().trim();
const key = createPrivateKey(file('answers.key')), other = createPrivateKey(file('other.key'));
let last;

function answer(ask, mode) {
  const signer = text('answers') === 'hmac' ? text('secret') : key;
  switch (mode) {
    case 'allow': return signAnswer(ask, 'ALLOW', '', signer);
    case 'refuse': return signAnswer(ask, 'REFUSE', 'not today', signer);
    case 'othersig': return signAnswer(ask, 'ALLOW', '', other);
    case 'unsigned': return JSON.stringify({ ...ask, verdict: 'ALLOW', reason: '', request: undefined });
    case 'replay': return last ?? signAnswer(ask, 'ALLOW', '', signer);
    case 'othernonce': return signAnswer({ ...ask, nonce: '00'.repeat(32) }, 'ALLOW', '', signer);
    case 'otherhash': return signAnswer({ ...ask, requestHash: '00'.repeat(32) }, 'ALLOW', '', signer);
    case 'flipped': return signAnswer(ask, 'REFUSE', '', signer).replace('REFUSE', 'ALLOW');
    case 'huge': return signAnswer(ask, 'ALLOW', 'x'.repeat(10000), signer);
    case 'html': return '<html>Bad gateway</html>';
    default: throw new Error(`mode ${mode}`);
  }
}

const server = createServer({
  cert: file('tls.pem'), key: file('tls.key'),
  ...(mtls ? { requestCert: true, rejectUnauthorized: true, ca: file('client-ca.pem') } : {}),
}, async (req, res) => {
  const mode = text('mode');
  try {
    const body = await readBody(req);
    const ask = mtls ? JSON.parse(body) : checkRequest({ headers: req.headers, body, secret: text('secret') });
    appendFileSync(`${dir}/asked.jsonl`, `${JSON.stringify({ mode, ask, peer: req.socket.getPeerCertificate?.()?.subject?.CN })}\n`);
    if (mode === 'slow') { setTimeout(() => res.end(answer(ask, 'allow')), 35000); return; }
    if (mode === 'hangup' && !existsSync(`${dir}/hung`)) { writeFileSync(`${dir}/hung`, ''); req.socket.destroy(); return; }
    if (mode === 'error') { res.writeHead(500).end(answer(ask, 'allow')); return; }
    if (mode === 'redirect') { res.writeHead(302, { location: req.url }).end(); return; }
    const out = answer(ask, mode === 'hangup' ? 'allow' : mode);
    if (mode === 'allow') last = out;
    res.end(out);
  } catch (e) { res.writeHead(400).end(String(e.message)); }
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => writeFileSync(`${dir}/port`, String(server.address().port)));
