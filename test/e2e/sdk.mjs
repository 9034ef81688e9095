// The vendor's walk with a client made from its operations (vendor.mjs): sdk.sh says how.
// Each operation is called as generated clients do, and each answer judged twice.  What the
// platform serves otherwise has to say so: 501 and a sentence.
import { createHmac, generateKeyPairSync, randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { chainOf, walletOf } from '../harness/chains/index.mjs';
import { Client, answerFaults, readVendor, vendorFaults } from './vendor.mjs';

const cfg = JSON.parse(readFileSync(0, 'utf8'));
const state = (name, value) => (value === undefined
  ? readFileSync(`${cfg.state}/${name}`, 'utf8') : writeFileSync(`${cfg.state}/${name}`, value));
const faults = [];
const called = new Set();
let client = new Client(cfg);
const { value: openapi } = await client.send('GET', '/v2/openapi.json');
const vendor = cfg.doc ? readVendor(cfg.doc) : null;
const W = '/v2/vaults/{vaultId}/wallets/{walletId}';

function judge(operation, answer, status) {
  if (answer.status !== status) {
    faults.push(`${operation}: ${answer.status} ${answer.text}, not ${status}`);
    return;
  }
  const returns = vendor?.operations.get(operation)?.returns;
  if (status < 300 && returns) vendorFaults(vendor, answer.value, returns, operation, faults);
  if (status > 299 && !(answer.value?.message?.length > 20)) faults.push(`${operation}: ${answer.text} says too little`);
  faults.push(...answerFaults(openapi, operation, answer.status, answer.value));
}

function queryOf(operation) {
  const [method, path] = operation.split(' ');
  const op = openapi.paths[path]?.[method.toLowerCase()];
  if (!op) throw new Error(`the description has no operation ${operation}`);
  return op.parameters.filter((p) => p.in === 'query').map((p) => p.name);
}

// One operation; status: another answer than 200 is right.
async function call(operation, params, body, { query = {}, status = 200, as = client } = {}) {
  const known = [...queryOf(operation), ...(vendor?.operations.get(operation)?.query ?? [])];
  for (const name of Object.keys(query)) if (!known.includes(name)) throw new Error(`${operation} has no ?${name}`);
  const answer = await as.run(operation, params, body, query);
  called.add(operation);
  judge(operation, answer, status);
  return answer.value ?? {};
}
const refused = (operation, params, body, status) => call(operation, params, body, { status });
const instead = (operation, params, body) => call(operation, params, body, { status: 501 });

async function until(what, operation, params, is) {
  for (let i = 0; i < 400; i += 1) {
    const value = await call(operation, params);
    if (is(value)) return value;
    await new Promise((r) => setTimeout(r, 100));
  }
  throw new Error(`${what}: not reached`);
}

async function signIn() {
  const { clientId, clientSecret } = { clientId: state('clientId'), clientSecret: state('clientSecret') };
  const token = await call('POST /v2/credentials/oauth/token', {}, { clientId, clientSecret });
  client = new Client({ ...cfg, token: token.accessToken });
}

// ---- a person, who approves (the vendor's people sign in at its console) -----------------

function base32(text) {
  const bits = [...text.replace(/=+$/, '')].map((c) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0')).join('');
  return Buffer.from(bits.match(/.{8}/g).map((b) => parseInt(b, 2)));
}

let step = 0; // each code is good once
async function code(secret) {
  while (Math.floor(Date.now() / 30000) + 1 <= step) await new Promise((r) => setTimeout(r, 500));
  step = Math.max(step + 1, Math.floor(Date.now() / 30000) - 1);
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const mac = createHmac('sha1', base32(secret)).update(counter).digest();
  const at = mac[19] & 15;
  return String((mac.readUInt32BE(at) & 0x7fffffff) % 1000000).padStart(6, '0');
}

async function person(email, secret) {
  const nobody = new Client({ ...cfg, headers: { origin: cfg.url, 'sec-fetch-site': 'same-origin' } });
  const answer = await nobody.send('POST', '/v2/session', { email, password: cfg.password, code: await code(secret) });
  if (answer.status !== 200) throw new Error(`sign-in: ${answer.text}`);
  return new Client({ ...cfg, headers: {
    ...nobody.headers, cookie: answer.headers['set-cookie'][0].split(';')[0], 'x-csrf-token': answer.value.csrfToken,
  } });
}

async function join(email, roles) {
  const user = await call('POST /v2/users', {}, { firstName: 'Grace', lastName: 'Hopper', email, roles });
  const nobody = new Client({ ...cfg, headers: { origin: cfg.url, 'sec-fetch-site': 'same-origin' } });
  const enrolled = await nobody.send('POST', '/v2/session/enrol', { token: user.enrolmentToken, password: cfg.password });
  const { secret } = enrolled.value.totp;
  step = 0;
  const done = await nobody.send('POST', '/v2/session/enrol/confirm', { token: user.enrolmentToken, code: await code(secret) });
  if (done.status > 299) throw new Error(`enrolment: ${done.text}`);
  judge('POST /v2/session/enrol', enrolled, 200);
  judge('POST /v2/session/enrol/confirm', done, 200);
  return { id: user.id, client: await person(email, secret) };
}

// ---- the walk ---------------------------------------------------------------------------

async function devices() {
  for (const n of [1, 2, 3]) {
    const device = await call('POST /v2/devices', {}, { displayName: `node ${n}`, deviceType: 'CLOUD' });
    const pairing = await call('GET /v2/devices/{id}/pairing-credentials', device);
    state(`device${n}`, device.id);
    state(`pairing${n}`, pairing.pairingKey);
  }
}

async function deviceCalls() {
  const spare = await call('POST /v2/devices', {}, { displayName: 'spare', deviceType: 'CLOUD' });
  await call('DELETE /v2/devices/{id}', spare);
  for (const n of [1, 2, 3]) {
    const id = state(`device${n}`);
    await call('PUT /v2/devices/{id}/approval-status', { id }, { approvalStatus: 'APPROVED' });
    await call('PUT /v2/devices/{id}/enabled-status', { id }, { enabledStatus: 'ENABLED' });
    await call('PUT /v2/devices/{id}/display-name', { id }, { displayName: `node-${n}` });
    await until('online', 'GET /v2/devices/{id}', { id }, (d) => d.connectionStatus === 'ONLINE');
  }
  await call('GET /v2/devices', {}, undefined, { query: { deviceType: 'CLOUD', deviceOwner: 'THIS_ORGANIZATION' } });
  for (const path of ['metadata', 'pair-with-credential', 'version']) await instead(`POST /v2/devices/${path}`, {}, {});
  for (const path of ['credentials', 'push-token', 'self']) await instead(`GET /v2/devices/${path}`);
  await instead('POST /v2/devices/{id}/trust-organization', spare, {});
}

async function quorum() {
  await call('GET /v2/mpc/eligible', {}, undefined, { query: { deviceType: 'CLOUD' } });
  const strategy = await backups();
  await refused('POST /v2/mpc/quorums', {}, {
    name: 'none', deviceIds: Array.from({ length: 3 }, () => randomUUID()), requiredSigners: 2, quorumType: 'QUORUM_TYPE_CLOUD',
  }, 404);
  const q = await call('POST /v2/mpc/quorums', {}, {
    name: 'main', description: 'd', deviceIds: [1, 2, 3].map((n) => state(`device${n}`)), requiredSigners: 2,
    quorumType: 'QUORUM_TYPE_CLOUD', ...(strategy.id ? { backupStrategyId: strategy.id } : {}),
  });
  const at = { quorumId: q.id };
  await until('confirmed', 'GET /v2/mpc/quorums/{quorumId}/status', at, (s) => s.state === 'QUORUM_STATE_CONFIRMED');
  await call('GET /v2/mpc/quorums');
  await call('GET /v2/mpc/quorums/{quorumId}', at);
  await call('GET /v2/mpc/memberships/{quorumId}', at);
  const sets = await call('GET /v2/mpc/sessions/{quorumId}', at);
  await call('GET /v2/mpc/sessions/{sessionSetId}/status', { sessionSetId: sets[0].id });
  await refused('DELETE /v2/mpc/quorums/{quorumId}', at, undefined, 409);
  await instead('PATCH /v2/mpc/quorums/{quorumId}', at, { deviceIds: [] });
  await instead('GET /v2/mpc/quorums/self');
  await instead('GET /v2/mpc/device/memberships');
  await instead('GET /v2/mpc/device/sessions');
  const set = { sessionId: sets[0].id };
  await instead('GET /v2/mpc/device/sessions/{sessionId}', set);
  await instead('GET /v2/mpc/device/sessions/{sessionId}/data', set);
  await instead('PATCH /v2/mpc/device/{sessionId}', set, { accepted: true });
  return q.id;
}

async function backups() {
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 4096 });
  const der = publicKey.export({ type: 'spki', format: 'der' }).toString('hex');
  const strategy = await call('POST /v2/backup/strategies', {}, {
    name: 'kit', recoveryPublicKeys: [{ name: 'safe', publicKey: der }],
  });
  await call('GET /v2/backup/strategies');
  await call('GET /v2/backup/strategies/{id}', strategy);
  return strategy;
}

async function vaultCalls() {
  const v = await call('POST /v2/vaults', {}, { name: 'Treasury', description: 'd', externalId: 'v-1', correlationId: 'c-1' });
  const list = await call('GET /v2/vaults', {}, undefined, { query: { pageSize: '10', correlationId: 'c-1' } });
  if (list.vaults.length !== 1) faults.push('GET /v2/vaults: correlationId finds the one');
  await call('GET /v2/vaults/{id}', v);
  await call('PUT /v2/vaults/{id}', v, { name: 'Treasury 2', description: 'e' });
  await call('POST /v2/vaults/{vaultId}/tags', { vaultId: v.id }, { tag: 'cold store' });
  await call('GET /v2/vaults/{vaultId}/tags', { vaultId: v.id });
  await call('GET /v2/vaults/tags');
  return v.id;
}

async function walletCalls(vaultId, quorumId, blockchain) {
  const made = await call('POST /v2/vaults/{vaultId}/wallets', { vaultId }, {
    name: blockchain, description: 'd', blockchain, keystore: 'MPC', quorumId, externalId: `w-${blockchain}`, correlationId: 'c-2',
  });
  const at = { vaultId, walletId: made.id };
  const w = await until('provisioned', `GET ${W}`, at, (x) => x.status === 'PROVISIONED');
  await call(`PUT ${W}`, at, { name: `${blockchain} key` });
  await call(`PUT ${W}/settings`, at, {
    settings: { enabled: true, rawSigningEnabled: true, sweepingEnabled: false, defaultFreezeEnabled: false },
  });
  return { ...at, wallet: w };
}

async function walletLists(at) {
  const one = await call('GET /v2/wallets', {}, undefined, { query: { address: at.wallet.address } });
  if (one.wallets.length !== 1) faults.push('GET /v2/wallets: address finds the one');
  await call('GET /v2/wallets', {}, undefined, { query: { blockchain: 'ETHEREUM', correlationId: 'c-2', pageSize: '5' } });
  await call('GET /v2/vaults/{vaultId}/wallets', at, undefined, { query: { blockchain: 'ETHEREUM', pageSize: '5' } });
  await call('GET /v2/wallets/{id}', { id: at.walletId });
  await refused(`DELETE ${W}`, at, undefined, 409);
  await instead(`GET ${W}/sequence`, at);
  await call(`POST ${W}/tags`, at, { tag: 'hot' });
  await call(`GET ${W}/tags`, at);
  await call('GET /v2/vaults/{vaultId}/wallets/tags', at);
  await call('GET /v2/tags');
  await call(`DELETE ${W}/tags`, at, undefined, { query: { tag: 'hot' } });
  await call('DELETE /v2/vaults/{vaultId}/tags', at, undefined, { query: { tag: 'cold store' } });
}

async function signed(at, operation, body) {
  const tx = await call(operation, at, body);
  const end = await until('signed', `GET ${W}/transactions/{transactionId}`, { ...at, transactionId: tx.id },
    (x) => ['SIGNED', 'FAILED', 'REJECTED'].includes(x.status));
  if (end.status !== 'SIGNED') faults.push(`${operation}: ${end.status} ${end.reasons}`);
  return end;
}

async function signing(at) {
  const { encodedTransaction } = chainOf(at.wallet.blockchain).make(walletOf(at.wallet));
  await signed(at, `POST ${W}/transactions/raw`, { encodedTransaction, signOnly: true });
  await signed(at, `POST ${W}/transactions/raw`, { encodedTransaction: `0x${encodedTransaction}`, signOnly: true });
  const tx = await signed(at, `POST ${W}/transactions/sign-plaintext`, { message: 'hello' });
  await call(`GET ${W}/transactions`, at, undefined, { query: { pageSize: '10' } });
  await call(`GET ${W}/transactions/{transactionId}/freeze-history`, { ...at, transactionId: tx.id });
  await refused(`PUT ${W}/transactions/{transactionId}/freeze`, { ...at, transactionId: tx.id }, {}, 409);
  await refused(`PUT ${W}/transactions/{transactionId}/unfreeze`, { ...at, transactionId: tx.id }, {}, 409);
  await instead(`POST ${W}/transactions/transfer`, at, {
    destinationAddress: at.wallet.address, symbol: 'ETH', qty: '1',
  });
  await instead('POST /v2/transactions/transfer/estimate-fee', {}, { blockchain: 'ETHEREUM', symbol: 'ETH', originAddress: 'x' });
  for (const path of ['/v2/balances', '/v2/vaults/{vaultId}/balances', `${W}/balances`]) await instead(`GET ${path}`, at);
}

async function webhooks() {
  const hook = await call('POST /v2/webhooks', {}, { name: 'hook', description: 'd', endpoint: 'https://hooks.example.com/x' });
  const at = { webhookId: hook.id };
  const [one] = await call('POST /v2/webhooks/{webhookId}/subscriptions', at,
    [{ domain: 'TRANSACTION', scope: 'ORG' }, { domain: 'WALLET', scope: 'ORG' }]);
  await call('GET /v2/webhooks/{webhookId}/subscriptions', at, undefined, { query: { pageSize: '5' } });
  await call('GET /v2/webhooks/{webhookId}/subscriptions/{subscriptionId}', { ...at, subscriptionId: one?.id });
  await call('GET /v2/webhooks', {}, undefined, { query: { pageSize: '5' } });
  await call('GET /v2/webhooks/{id}', hook);
  await call('DELETE /v2/webhooks/{webhookId}/subscriptions/{subscriptionId}', { ...at, subscriptionId: one?.id });
  await call('DELETE /v2/webhooks/{id}', hook);
}

async function addressBook(at) {
  const party = await call('POST /v2/counterparties', {}, {
    name: 'Bob', description: 'd', details: { type: 'INDIVIDUAL', individual: { firstName: 'Bob', lastName: 'Builder' } },
  });
  const id = { counterpartyId: party.id };
  await call('GET /v2/counterparties', {}, undefined, { query: { pageSize: '5' } });
  await call('GET /v2/counterparties/{id}', party);
  await call('PUT /v2/counterparties/{id}', party, { name: 'Robert' });
  const address = await call('POST /v2/counterparties/{counterpartyId}/addresses', id, {
    termsAndConditionsAccepted: true,
    details: { type: 'EXTERNAL', externalAddress: { address: at.wallet.address, name: 'main', blockchains: ['ETHEREUM'] } },
  });
  const one = { ...id, addressId: address.addressId };
  await call('GET /v2/counterparties/{counterpartyId}/addresses', id, undefined, { query: { pageSize: '5' } });
  await call('GET /v2/counterparties/{counterpartyId}/addresses/{addressId}', one);
  await call('GET /v2/addresses', {}, undefined, { query: { address: at.wallet.address } });
  await call('DELETE /v2/counterparties/{counterpartyId}/addresses/{addressId}', one);
  await call('DELETE /v2/counterparties/{id}', party);
}

async function limits(at) {
  const limit = await call(`PUT ${W}/policy-rules/limits`, at, {
    limitQty: '1.5', limitType: 'ROLLING_DURATION', duration: '86400s', symbol: 'ETH',
  });
  await call(`GET ${W}/policy-rules/limits/{id}`, { ...at, id: limit.id });
  await call(`GET ${W}/policy-rules/limits`, at, undefined, { query: { pageSize: '5' } });
  await call('GET /v2/policy-rules/limits', {}, undefined, { query: { pageSize: '5' } });
  await call(`GET ${W}/policy-rules/permitted-destinations`, at, undefined, { query: { pageSize: '5' } });
  await call(`DELETE ${W}/policy-rules/limits/{id}`, { ...at, id: limit.id });
}

async function users() {
  const user = await call('POST /v2/users', {}, { firstName: 'A', lastName: 'B', email: 'a@example.org', roles: ['VIEWER'] });
  await call('GET /v2/users', {}, undefined, { query: { role: 'VIEWER' } });
  await call('GET /v2/users/info');
  await call('GET /v2/users/{id}', user);
  await call('GET /v2/users/{id}/info', user);
  await call('GET /v2/users/{id}/mfa', user);
  const { users: [owner] } = await call('GET /v2/users', {}, undefined, { query: { role: 'OWNER' } });
  await call('GET /v2/users/{id}/mfa', owner); // has an authenticator, and has not signed in
  await call('PUT /v2/users/{id}', user, { firstName: 'C', lastName: 'D' });
  await call('PUT /v2/users/{id}/role', user, { roles: ['VIEWER', 'AUDITOR'] });
  await call('DELETE /v2/users/{id}/mfa', user);
  await call('POST /v2/users/{id}/password', user);
  await call('PUT /v2/users/{id}/status', user, { status: 'BLOCKED', reason: 'r' });
  await call('DELETE /v2/users/{id}', user);
}

async function approvals(at) {
  const grace = await join('grace@example.org', ['APPROVER']);
  const group = { approvers: [grace.id], requiredApproverCount: 1, sourceType: 'TRANSACTION' };
  await call('GET /v2/approvers/eligible');
  await call('PUT /v2/approvers', {}, group);
  await call('PUT /v2/approvers/{id}', { id: at.walletId }, group);
  await call('GET /v2/approvers', {}, undefined, { query: { sourceType: 'TRANSACTION' } });
  await call('GET /v2/approvers/{id}', { id: at.walletId }, undefined, { query: { sourceType: 'TRANSACTION' } });
  const tx = await call(`POST ${W}/transactions/sign-plaintext`, at, { message: 'needs a yes' });
  const [set] = await call('GET /v2/approvals', {}, undefined, { query: { status: 'PROCESSING' }, as: grace.client });
  await call('GET /v2/approvals/{id}', { id: set?.approval?.id }, undefined, { as: grace.client });
  await call(`PUT ${W}/transactions/{transactionId}/freeze`, { ...at, transactionId: tx.id }, {}, { query: { reason: 'wait' } });
  await call('PUT /v2/approvals/{id}', { id: set?.approval?.id }, { status: 'APPROVED', reasons: ['fine'] }, { as: grace.client });
  await call(`PUT ${W}/transactions/{transactionId}/unfreeze`, { ...at, transactionId: tx.id }, {}, { query: { reason: 'go' }, as: grace.client });
  const end = await until('signed', `GET ${W}/transactions/{transactionId}`, { ...at, transactionId: tx.id },
    (x) => ['SIGNED', 'FAILED', 'REJECTED'].includes(x.status));
  if (end.status !== 'SIGNED') faults.push(`an approved request is ${end.status}: ${end.reasons}`);
  await call(`GET ${W}/transactions/{transactionId}/freeze-history`, { ...at, transactionId: tx.id });
  await call('GET /v2/approvals', {}, undefined, { query: { status: 'APPROVED' } });
  return grace.id;
}

// A wallet's switch holds a request: nobody did it.
async function frozen(at) {
  const set = (on) => call(`PUT ${W}/settings`, at, {
    settings: { enabled: true, rawSigningEnabled: true, sweepingEnabled: false, defaultFreezeEnabled: on },
  });
  await set(true);
  const tx = await call(`POST ${W}/transactions/sign-plaintext`, at, { message: 'held' });
  const now = await call(`GET ${W}/transactions/{transactionId}`, { ...at, transactionId: tx.id });
  if (!now.freezeInfo.isFrozen) faults.push('a wallet that freezes: the request is not frozen');
  await call(`GET ${W}/transactions/{transactionId}/freeze-history`, { ...at, transactionId: tx.id });
  await set(false);
}

async function rest() {
  const c = await call('POST /v2/credentials', {}, {
    name: 'reader', description: 'd', category: 'WALLETS', permissions: ['wallets.read'], allowedIps: ['127.0.0.1'],
  });
  for (const path of ['', '/info', '/permissions']) await call(`GET /v2/credentials${path}`);
  for (const path of ['', '/info']) await call(`GET /v2/credentials/{id}${path}`, c);
  await call('PUT /v2/credentials/{id}/active', c, { active: false });
  await call('PUT /v2/credentials/{id}/permissions', c, { permissions: ['vaults.read'] });
  await call('DELETE /v2/credentials/{id}', c);
  await call('GET /v2/organizations');
  const [method] = await call('GET /v2/organizations/auth-methods');
  await call('GET /v2/organizations/auth-methods/{id}', method);
  await instead('DELETE /v2/organizations/auth-methods/{id}', method);
  await instead('PUT /v2/organizations/auth-methods/{id}/default', method, {});
  await instead('PUT /v2/organizations/auth-methods/{id}/idp', method, { enabled: true });
  await instead('POST /v2/organizations/self-service-sso-ticket', {}, {});
  await instead('GET /v2/audit/firehose/configuration');
  await instead('PUT /v2/audit/firehose/configuration', {}, {});
}

async function walk() {
  for (const o of ['POST /v2/devices', 'GET /v2/devices/{id}/pairing-credentials']) called.add(o); // before
  await deviceCalls();
  const quorumId = await quorum();
  const vaultId = await vaultCalls();
  await walletCalls(vaultId, quorumId, 'SOLANA').then(signing);
  const at = await walletCalls(vaultId, quorumId, 'ETHEREUM');
  await walletLists(at);
  await signing(at);
  await webhooks();
  await addressBook(at);
  await limits(at);
  await users();
  await frozen(at);
  const approver = await approvals(at);
  await rest();
  await ours(at, approver);
  covered();
}

// ---- what is ours -----------------------------------------------------------------------

async function ourTransactions(at) {
  const { encodedTransaction } = chainOf('ETHEREUM').make(walletOf(at.wallet));
  const all = `${W}/transactions`;
  const p = await call(`POST ${all}/preview`, at, { kind: 'raw', encodedTransaction });
  if (!p.approvalRequired) faults.push('a preview says that the group has to approve');
  for (const [kind, body] of [['plaintext', { message: 'm' }], ['digest', { digest: '11'.repeat(32) }]]) {
    await call(`POST ${all}/preview`, at, { kind, ...body });
  }
  const batch = await call(`POST ${all}/batch`, at, {
    requests: [{ type: 'PLAINTEXT', message: 'a', externalId: 'b-1' }, { type: 'DIGEST', digest: '11'.repeat(32) }],
  });
  if (!batch.results[0].transaction || !batch.results[1].error) faults.push(`a batch: ${JSON.stringify(batch)}`);
  await refused(`POST ${all}/sign-digest`, at, { digest: '11'.repeat(32) }, 409);
  await refused(`POST ${all}/sign-typed-data`, at, { typedData: '{}' }, 400);
  const list = await call('GET /v2/transactions', {}, undefined, { query: {
    walletId: at.walletId, status: 'SIGNED', blockchain: 'ETHEREUM', since: '2020-01-01', pageSize: '2', order: 'asc',
  } });
  if (list.transactions.length !== 2) faults.push('GET /v2/transactions: two are signed');
  await call(`GET ${all}/{transactionId}/timeline`, { ...at, transactionId: list.transactions[0].id });
  await call(`GET ${W}/addresses`, at, undefined, { query: { path: 'm/0/5' } });
  await call(`GET ${W}/receipts`, at);
}

async function ourHooks() {
  const hook = await call('POST /v2/webhooks', {}, { name: 'ours', endpoint: 'https://hooks.example.com/y' });
  const at = { webhookId: hook.id };
  await call('PUT /v2/webhooks/{id}', hook, { name: 'ours 2' });
  const delivery = await call('POST /v2/webhooks/{id}/test', hook, {});
  await call('GET /v2/webhooks/{webhookId}/deliveries', at, undefined, { query: { pageSize: '5' } });
  await refused('POST /v2/webhooks/{webhookId}/deliveries/{deliveryId}/replay', { ...at, deliveryId: hook.id }, {}, 404);
  await call('DELETE /v2/webhooks/{id}', hook);
  return delivery;
}

async function ourPeople(userId) { // another user, with a session
  step = 0;
  const ada = await person('ada@example.org', state('totp'));
  const as = { as: ada };
  await call('GET /v2/session', {}, undefined, as);
  const { sessions } = await call('GET /v2/sessions', {}, undefined, { ...as, query: { userId } });
  const old = ada.headers.cookie;
  const up = await ada.run('POST /v2/session/step-up', {}, { code: await code(state('totp')) });
  judge('POST /v2/session/step-up', up, 200);
  Object.assign(ada.headers, { cookie: up.headers['set-cookie'][0].split(';')[0], 'x-csrf-token': up.value.csrfToken });
  if (ada.headers.cookie === old) throw new Error('a step-up leaves the cookie as it was');
  const wrong = await ada.run('POST /v2/session/password', {}, { password: 'wrong', code: '000000', newPassword: cfg.password });
  judge('POST /v2/session/password', wrong, 403);
  await call('DELETE /v2/sessions/{id}', sessions[0], undefined, { ...as, status: 204 });
  await call('DELETE /v2/session', {}, undefined, { ...as, status: 204 });
}

async function ours(at, userId) {
  await ourTransactions(at);
  await ourHooks();
  await ourPeople(userId);
  await call('GET /v2/overview');
  await call('GET /v2/backups', {}, undefined, { query: { q: 'main' } });
  await call('GET /v2/audit', {}, undefined, { query: { pageSize: '200', kind: 'REQUEST' } });
  await call('GET /v2/audit/head');
  await refused('POST /v2/mpc/quorums/{quorumId}/confirm', { quorumId: at.wallet.quorumId }, { words: 'not these' }, 409);
  await call('GET /v2/blockchains', {}, undefined, { query: { q: 'eth' } });
  await call('POST /v2/blockchains:list', {}, { search: { term: 'eth' } });
  await call('GET /v2/assets', {}, undefined, { query: { blockchain: 'SOLANA' } });
  await call('POST /v2/assets:list', {}, { filter: { name: { contains: 'coin' } } });
  await call('GET /v2/blockchains/{blockchain}', { blockchain: 'ETHEREUM' });
  const [ether] = await call('GET /v2/info/supported-assets', {}, undefined, { query: { blockchain: 'ETHEREUM' } });
  await call('GET /v2/assets/{id}', ether);
  const { assets, pagination } = await call('GET /v2/assets', {}, undefined, {
    query: { 'filter.name.contains': 'ether', 'pagination.pageSize': '1' },
  });
  if (assets.length !== 1 || pagination.total !== 3) faults.push(`GET /v2/assets: ether is the asset of three: ${pagination.total}`);
  await filters({ ...at, id: at.walletId, quorumId: at.wallet.quorumId });
  await served(at);
  for (const path of ['/v2/devices', '/v2/mpc/quorums']) {
    await call(`GET ${path}`, {}, undefined, { query: { pageSize: '1', order: 'desc', q: 'n' } });
  }
}

const resolved = (schema) => (schema.$ref ? openapi.components.schemas[schema.$ref.split('/').pop()] : schema);

// A filter with a word that the description does not have is refused, never an empty list.
async function filters(params) {
  for (const [path, ops] of Object.entries(openapi.paths)) {
    const names = path.match(/(?<=\{)\w+/g) ?? [];
    const enums = (ops.get?.parameters ?? []).filter((p) => p.in === 'query' && resolved(p.schema).enum);
    if (names.some((n) => !params[n])) continue;
    for (const { name } of enums) await call(`GET ${path}`, params, undefined, { query: { [name]: 'NOPE' }, status: 400 });
  }
}

// What is not served says so with a sentence, all of it.
async function served(at) {
  for (const [path, ops] of Object.entries(openapi.paths)) {
    for (const method of Object.keys(ops).filter((m) => ops[m]['x-not-served'])) {
      const params = Object.fromEntries((path.match(/(?<=\{)\w+/g) ?? []).map((n) => [n, at.walletId]));
      await instead(`${method.toUpperCase()} ${path}`, { ...params, blockchain: 'ETHEREUM', code: 'USD' }, method === 'get' ? undefined : {});
    }
  }
}

// Every operation of the vendor was called, and every one that the description says is
// served, but for those that need more than a request.
function covered() {
  const elsewhere = ['POST /v2/setup', 'GET /v2/openapi.json', 'GET /v2/events', 'GET /v2/audit/export', 'POST /v2/session',
    'POST /v2/session/enrol', 'POST /v2/session/enrol/confirm', 'POST /v2/session/password', 'POST /v2/session/step-up'];
  const served = Object.entries(openapi.paths).flatMap(([path, ops]) => Object.entries(ops)
    .filter(([, op]) => !op['x-not-served']).map(([method]) => `${method.toUpperCase()} ${path}`));
  for (const o of vendor?.operations.keys() ?? []) if (!called.has(o)) faults.push(`${o} was not called`);
  for (const o of served) if (!called.has(o) && !elsewhere.includes(o)) faults.push(`${o} was not called`);
  console.log(`${called.size} operations called: ${vendor ? `all ${vendor.operations.size} of the vendor, ` : ''}all ${served.length} that are served`);
}

try {
  await signIn();
  await (process.argv[2] === 'devices' ? devices() : walk());
} catch (err) {
  faults.push(err.stack);
}
for (const fault of new Set(faults)) console.log(`WRONG ${fault}`);
process.exit(faults.length === 0 ? 0 : 1);
