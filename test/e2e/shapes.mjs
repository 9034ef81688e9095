// Asks a running platform and holds each answer against the vendor's published shapes and
// the platform's own description (/v2/openapi.json).
import { readFileSync } from 'node:fs';
import { chainOf, walletOf } from '../harness/chains/index.mjs';
import { Client, answerFaults, readVendor, vendorFaults } from './vendor.mjs';

const cfg = JSON.parse(readFileSync(0, 'utf8'));
const vendor = readVendor(cfg.doc);
const { shapes } = vendor;
const client = new Client(cfg);
const faults = [];
const call = (method, path, body) => client.send(method, path, body);
const { value: openapi } = await call('GET', '/v2/openapi.json');

let asked = 0;
async function ask(operation, params = {}, body = undefined, query = '') {
  const [method, pattern] = operation.split(' ');
  const type = vendor.operations.get(operation)?.returns;
  if (!type) throw new Error(`the document has no operation ${operation}`);
  const path = pattern.replace(/\{(\w+)\}/g, (_, name) => params[name] ?? params.id);
  const { status, text, value } = await call(method, path + query, body);
  asked += 1;
  if (status < 200 || status > 299) {
    faults.push(`${operation}: ${status} ${text}`);
    return {};
  }
  vendorFaults(vendor, value, type, operation, faults);
  faults.push(...answerFaults(openapi, operation, status, value));
  return value;
}

// ---- the questions ----------------------------------------------------------------------------

const { vault: vaultId, wallet: walletId, quorum: quorumId } = cfg;
const w = { vaultId, walletId, id: walletId };

const device = await ask('POST /v2/devices', {}, { displayName: 'shape', deviceType: 'CLOUD' });
await ask('GET /v2/devices');
await ask('GET /v2/devices', {}, undefined, '?deviceType=CLOUD&deviceOwner=THIS_ORGANIZATION');
await ask('GET /v2/devices/{id}', { id: device.id });
await ask('GET /v2/devices/{id}/pairing-credentials', { id: device.id });
await ask('PUT /v2/devices/{id}/display-name', { id: device.id }, { displayName: 'shape 2' });
await ask('DELETE /v2/devices/{id}', { id: device.id });
await ask('GET /v2/mpc/eligible', {}, undefined, '?deviceType=CLOUD');
await ask('GET /v2/mpc/quorums');
await ask('GET /v2/mpc/quorums/{quorumId}', { quorumId });
await ask('GET /v2/mpc/quorums/{quorumId}/status', { quorumId });
await ask('GET /v2/mpc/memberships/{quorumId}', { quorumId });
const sets = await ask('GET /v2/mpc/sessions/{quorumId}', { quorumId });
await ask('GET /v2/mpc/sessions/{sessionSetId}/status', { sessionSetId: sets[0]?.id });
const vault = await ask('POST /v2/vaults', {}, { name: 'Shapes', description: 'd', externalId: 'e-1', correlationId: 'c-1' });
await ask('GET /v2/vaults', {}, undefined, '?pageSize=1');
await ask('GET /v2/vaults/{id}', { id: vault.id });
await ask('PUT /v2/vaults/{id}', { id: vault.id }, { name: 'Shapes 2' });
await ask('GET /v2/vaults/{vaultId}/wallets', w);
await ask('GET /v2/vaults/{vaultId}/wallets/{walletId}', w);
await ask('GET /v2/wallets/{id}', w);
await ask('GET /v2/wallets', {}, undefined, '?blockchain=SOLANA&pageSize=5');
await ask('PUT /v2/vaults/{vaultId}/wallets/{walletId}', w, { name: 'renamed' });
await ask('PUT /v2/vaults/{vaultId}/wallets/{walletId}/settings', w, {
  settings: { enabled: true, rawSigningEnabled: true, sweepingEnabled: false, defaultFreezeEnabled: false },
});
await ask('POST /v2/vaults/{vaultId}/wallets', { vaultId }, {
  name: 'second', quorumId, blockchain: 'SOLANA', keystore: 'MPC', externalId: 'w-2',
});
const list = await ask('GET /v2/vaults/{vaultId}/wallets/{walletId}/transactions', w, undefined, '?pageSize=10');
const transactionId = list.transactions?.[0]?.id;
const tx = await ask('GET /v2/vaults/{vaultId}/wallets/{walletId}/transactions/{transactionId}', { ...w, transactionId });
if (tx.status !== 'SIGNED') faults.push(`the first transaction is ${tx.status}`);
await ask('POST /v2/vaults/{vaultId}/wallets/{walletId}/transactions/sign-plaintext', w, { message: 'shape' });

// Every scheme: one call signs, and the answer has what the vendor's has and what is ours.
const needs = (object, names, where) => {
  for (const n of names) if (object[n] === undefined) faults.push(`${where}.${n} is missing (ours)`);
};
for (const own of cfg.wallets) {
  const where = `${own.blockchain} ${own.signatureScheme}`;
  const at = { vaultId, walletId: own.id };
  const { encodedTransaction } = chainOf(own.blockchain).make(walletOf(own));
  const answer = await ask('POST /v2/vaults/{vaultId}/wallets/{walletId}/transactions/raw', at,
    { encodedTransaction, signOnly: true }, '?wait=30');
  if (answer.status !== 'SIGNED') faults.push(`${where}: ${answer.status} ${answer.reasons}`);
  needs(answer, ['kind', 'signedTransaction', 'hash', 'hashAlgorithm', 'signingPayloads'], where);
  for (const p of answer.signingPayloads ?? []) needs(p, ['signature', 'walletId'], `${where} payload`);
  if (answer.signingPayloads?.length === 1) {
    needs(answer, ['signature', 'canonicalSignature', 'compactSignature', 'signingHash'], where);
  }
  const again = await ask('GET /v2/vaults/{vaultId}/wallets/{walletId}/transactions/{transactionId}',
    { ...at, transactionId: answer.id }, undefined, '?wait=1');
  if (again.signedTransaction !== answer.signedTransaction) faults.push(`${where}: another transaction`);
  const child = await call('GET', `/v2/vaults/${vaultId}/wallets/${own.id}/addresses?path=m/0/5`);
  if ((child.status === 200) !== (own.keyAlgorithm === 'SECP256K1')) {
    faults.push(`${where}: a derived address: ${child.status} ${child.text}`);
  }
  const blind = await call('POST', `/v2/vaults/${vaultId}/wallets/${own.id}/transactions/sign-digest`,
    { digest: '11'.repeat(32) });
  if (blind.status !== 409) faults.push(`${where}: blind signing is not off: ${blind.status} ${blind.text}`);
}
const credential = await ask('POST /v2/credentials', {}, {
  name: 'reader', description: 'd', category: 'WALLETS', permissions: [],
});
await ask('GET /v2/credentials');
await ask('GET /v2/credentials/info');
await ask('GET /v2/credentials/{id}', { id: credential.id });
await ask('GET /v2/credentials/{id}/info', { id: credential.id });
await ask('GET /v2/credentials/permissions');
await ask('PUT /v2/credentials/{id}/active', { id: credential.id }, { active: false });
await ask('DELETE /v2/credentials/{id}', { id: credential.id });
await ask('GET /v2/organizations');

for (const fault of faults) console.log(`WRONG ${fault}`);
console.log(`${asked} answers held against ${shapes.size} shapes: ${faults.length} faults`);
process.exit(faults.length === 0 ? 0 : 1);
