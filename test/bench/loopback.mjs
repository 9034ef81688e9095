// The client of loopback.sh: one call at a time.  The server closes after each answer, so a
// call is a connection with its TLS handshake.
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { chainOf, walletOf } from '../harness/chains/index.mjs';

const cfg = JSON.parse(readFileSync(0, 'utf8'));
const agent = new Agent({ keepAlive: true, maxSockets: 1, ca: readFileSync(cfg.ca) });
let calls = 0;

function call(method, path, body) {
  calls += 1;
  return new Promise((resolve, reject) => {
    const req = request(`${cfg.url}/v2${path}`, {
      method, agent, timeout: 40000,
      headers: { authorization: `Bearer ${cfg.token}`, 'content-type': 'application/json' },
    }, (res) => {
      const parts = [];
      res.on('data', (part) => parts.push(part));
      res.on('end', () => {
        const text = Buffer.concat(parts).toString();
        if (res.statusCode >= 300) reject(new Error(`${method} ${path}: ${res.statusCode} ${text}`));
        else resolve(JSON.parse(text));
      });
    });
    req.on('error', reject);
    req.on('timeout', () => req.destroy(new Error(`${method} ${path}: no answer in 40 s`)));
    req.end(body && JSON.stringify(body));
  });
}

const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });
const query = cfg.wait ? '?wait=30' : '';
// What a POST answered, once it is final.
async function until(object, path, done, failed) {
  for (;;) {
    if (object.status === done) return object;
    if (failed.includes(object.status)) throw new Error(`${path}: ${object.status} ${object.reasons}`);
    if (!cfg.wait) await pause(2);
    object = await call('GET', `${path}/${object.id}${query}`);
  }
}

async function measure(what, count, run) {
  if (count === 0) return;
  const times = [];
  calls = 0;
  for (let i = 0; i < count; i++) {
    const start = performance.now();
    await run(i);
    times.push(performance.now() - start);
  }
  times.sort((a, b) => a - b);
  const at = (q) => times[Math.min(times.length - 1, Math.floor(q * times.length))].toFixed(1);
  console.log(`${what}: median ${at(0.5)} ms, p95 ${at(0.95)} ms, max ${at(1)} ms `
    + `(${count}, ${(calls / count).toFixed(1)} calls each)`);
}

const wallets = `/vaults/${cfg.vault}/wallets`;
const transactions = `${wallets}/${cfg.wallet.id}/transactions`;
const { encodedTransaction } = chainOf(cfg.chain).make(walletOf(cfg.wallet));
const name = `${cfg.wallet.signatureScheme}, 2 of 3, ${cfg.chain}${cfg.type && ` ${cfg.type}`}`;

await measure('a call that does little', Math.min(cfg.count, 50), () => call('GET', '/organizations'));
await measure(`signing, ${name}`, cfg.count, async () => {
  await until(await call('POST', `${transactions}/raw${query}`, { encodedTransaction, signOnly: true }),
    transactions, 'SIGNED', ['FAILED', 'REJECTED']);
});
await measure(`key generation, ${name}, with certificate and checks`, cfg.keys, async (i) => {
  await until(await call('POST', `${wallets}${query}`, { name: `bench ${i}`, blockchain: cfg.chain,
    keystore: 'MPC', quorumId: cfg.quorum, keyAlgorithm: cfg.algorithm,
    ...(cfg.type && { addressType: cfg.type }) }), wallets, 'PROVISIONED', ['PROVISIONING_FAILED']);
});
agent.destroy();
