// The client of loopback.sh: one keep-alive connection, asks, and looks every 2 ms.
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { chainOf, walletOf } from '../harness/chains/index.mjs';

const cfg = JSON.parse(readFileSync(0, 'utf8'));
const agent = new Agent({ keepAlive: true, maxSockets: 1, ca: readFileSync(cfg.ca) });

function call(method, path, body) {
  return new Promise((resolve, reject) => {
    const req = request(`${cfg.url}/v2${path}`, {
      method, agent, timeout: 30000,
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
    req.on('timeout', () => req.destroy(new Error(`${method} ${path}: no answer in 30 s`)));
    req.end(body && JSON.stringify(body));
  });
}

const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });
async function until(path, done, failed) {
  for (;;) {
    const object = await call('GET', path);
    if (object.status === done) return object;
    if (failed.includes(object.status)) {
      throw new Error(`${path}: ${object.status} ${object.reasons}`);
    }
    await pause(2);
  }
}

async function measure(what, run) {
  const times = [];
  for (let i = 0; i < cfg.count; i++) {
    const start = performance.now();
    await run(i);
    times.push(performance.now() - start);
  }
  times.sort((a, b) => a - b);
  const at = (q) => times[Math.min(times.length - 1, Math.floor(q * times.length))].toFixed(1);
  console.log(`${what}: median ${at(0.5)} ms, p95 ${at(0.95)} ms, max ${at(1)} ms (${cfg.count})`);
}

const wallets = `/vaults/${cfg.vault}/wallets`;
const transactions = `${wallets}/${cfg.wallet}/transactions`;
const wallet = walletOf(await call('GET', `${wallets}/${cfg.wallet}`));

await measure(`signing, ${wallet.blockchain} ${wallet.keyAlgorithm}, 2 of 3`, async () => {
  const { encodedTransaction } = chainOf(wallet.blockchain).make(wallet);
  const { id } = await call('POST', `${transactions}/raw`, { encodedTransaction, signOnly: true });
  await until(`${transactions}/${id}`, 'SIGNED', ['FAILED', 'REJECTED']);
});
await measure('key generation, Ed25519, with certificate and checks', async (i) => {
  const { id } = await call('POST', wallets, { name: `bench ${i}`, blockchain: 'SOLANA',
    keystore: 'MPC', quorumId: cfg.quorum });
  await until(`${wallets}/${id}`, 'PROVISIONED', ['PROVISIONING_FAILED']);
});
agent.destroy();
