// platform_load.mjs URL CA.PEM CREDENTIAL.JSON [SECONDS=20] [CLIENTS=4] [PID]
//
// What a console and programs ask of a platform with a large store (make_platform), at
// once from CLIENTS clients, while vaults are written and people sign in: 50th and 99th
// percentile of each kind, from connecting to the answer's last byte. One connection a
// request, as the platform wants it; TLS sessions are resumed as browsers do.  With the
// platform's process number, before that: the processor time that one request of each
// kind costs it, which other work on the machine does not change much.
import fs from 'node:fs';
import https from 'node:https';

const [url, caFile, credentialFile, secondsText = '20', clientsText = '4', pid] = process.argv.slice(2);
if (!credentialFile) {
    console.error('use: platform_load.mjs URL CA.PEM CREDENTIAL.JSON [SECONDS] [CLIENTS]');
    process.exit(64);
}
const base = new URL(url);
const ca = fs.readFileSync(caFile);
const credential = JSON.parse(fs.readFileSync(credentialFile, 'utf8'));
const seconds = Number(secondsText), clients = Number(clientsText);
const agent = new https.Agent({ ca, keepAlive: false, maxCachedSessions: 100 });
const times = new Map();
let failures = 0, answered = 0, shown = 0, slowed = 0;

const request = (method, path, body, headers = {}) => new Promise((resolve, reject) => {
    const data = body === undefined ? undefined : JSON.stringify(body);
    const req = https.request({
        host: base.hostname, port: base.port, method, path, agent,
        headers: { ...(data ? { 'content-type': 'application/json', 'content-length': Buffer.byteLength(data) } : {}), ...headers },
    }, (res) => {
        const parts = [];
        res.on('data', (p) => parts.push(p));
        res.on('end', () => resolve({ status: res.statusCode, text: Buffer.concat(parts).toString() }));
        res.on('error', reject);
    });
    req.on('error', reject);
    req.end(data);
});

const token = JSON.parse((await request('POST', '/v2/credentials/oauth/token', credential)).text).accessToken;
const auth = { authorization: `Bearer ${token}` };
const get = async (path) => {
    const r = await request('GET', path, undefined, auth);
    if (r.status !== 200) throw Object.assign(new Error(`${path}: ${r.status} ${r.text.slice(0, 200)}`), { status: r.status });
    return JSON.parse(r.text);
};
const sleep = (ms) => new Promise((r) => setTimeout(r, ms));
// One credential may cause so much work a second (429): the next second, then.
const patient = async (run) => {
    for (let i = 0; ; i++) {
        try {
            return await run();
        } catch (e) {
            if (e.status !== 429 || i === 10) throw e;
            slowed++;
            await sleep(1000);
        }
    }
};

// Objects to ask for, and pages deep in the lists.
const wallets = (await get('/v2/wallets?pageSize=200')).wallets;
const devices = (await get('/v2/devices?pageSize=200'));
const quorums = (await get('/v2/mpc/quorums?pageSize=200'));
const hot = (await get('/v2/wallets?pageSize=2')).wallets[1]; // make_platform: a tenth of all
const txPath = (w) => `/v2/vaults/${w.vaultId}/wallets/${w.id}/transactions`;
const txs = (await get(`${txPath(hot)}?pageSize=200`)).transactions;
const deep = (await get(`/v2/transactions?pageSize=200`)).filter;
const pick = (list) => list[Math.floor(Math.random() * list.length)];
const token16 = (n) => Math.floor(n).toString(16).padStart(16, '0');
// Numbers of records rise; any number is a good place to begin a page.
const top = parseInt(deep.nextPageToken ?? '0', 16) || 1e6;

const reads = {
    'overview': () => get('/v2/overview'),
    'devices, first page': () => get('/v2/devices'),
    'devices, searched': () => get('/v2/devices?q=0099'),
    'one device': () => get(`/v2/devices/${pick(devices).id}`),
    'quorums, first page': () => get('/v2/mpc/quorums'),
    'one quorum': () => get(`/v2/mpc/quorums/${pick(quorums).id}`),
    'vaults, first page': () => get('/v2/vaults'),
    'wallets, first page': () => get('/v2/wallets'),
    'wallets, searched': () => get('/v2/wallets?q=Key%200099'),
    'wallets, deep page': () => get(`/v2/wallets?pageToken=${token16(Math.random() * 100000)}`),
    'wallets of a chain': () => get('/v2/wallets?blockchain=SOLANA'),
    'wallets of a vault': () => get(`/v2/vaults/${pick(wallets).vaultId}/wallets`),
    'one wallet': () => { const w = pick(wallets); return get(`/v2/vaults/${w.vaultId}/wallets/${w.id}`); },
    'requests, newest': () => get('/v2/transactions'),
    'requests, deep page': () => get(`/v2/transactions?pageToken=${token16(Math.random() * top)}`),
    'requests, failed': () => get('/v2/transactions?status=FAILED'),
    'requests, none fits': () => get('/v2/transactions?status=REJECTED'),
    'requests of a correlation': () => get(`/v2/transactions?correlationId=order-${Math.floor(Math.random() * 1000)}`),
    'requests of a busy wallet': () => get(txPath(hot)),
    'one request': () => get(`${txPath(hot)}/${pick(txs).id}`),
    'a timeline': () => get(`${txPath(hot)}/${pick(txs).id}/timeline`),
    'audit, newest': () => get('/v2/audit'),
    'audit, one kind': () => get('/v2/audit?action=key.provisioned'),
    'audit, head': () => get('/v2/audit/head'),
};

const measure = async (kind, run) => {
    const begin = performance.now();
    try {
        await run();
        answered++;
    } catch (e) {
        if (e.status === 429) {
            slowed++;
            await sleep(200);
            return;
        }
        failures++;
        if (shown++ < 5) console.error(`${kind}: ${e.message}`);
        return;
    }
    if (!times.has(kind)) times.set(kind, []);
    times.get(kind).push(performance.now() - begin);
};

const ticks = () => { // 10 ms each
    const f = fs.readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
    return Number(f[11]) + Number(f[12]);
};
if (pid) {
    console.log('processor time of the platform for one request, connection and TLS included (ms)');
    for (const [kind, run] of Object.entries(reads)) {
        await patient(run);
        const n = 40, before = ticks();
        for (let i = 0; i < n; i++) await patient(run);
        console.log(`${kind.padEnd(28)} ${(10 * (ticks() - before) / n).toFixed(1).padStart(6)}`);
    }
}

const until = performance.now() + seconds * 1000;
const going = () => performance.now() < until;

const reader = async () => {
    const kinds = Object.entries(reads);
    for (let i = Math.floor(Math.random() * kinds.length); going(); i++) {
        await measure(...kinds[i % kinds.length]);
    }
};
const writer = async () => {
    for (let i = 0; going(); i++) {
        await measure('write: a new vault', async () => {
            const r = await request('POST', '/v2/vaults', { name: `Load ${i}` }, auth);
            if (r.status !== 200) throw new Error(`${r.status} ${r.text}`);
        });
        await sleep(20);
    }
};
// A wrong password costs as much as a right one; the rest is a limit (429).
const signer = async () => {
    for (let i = 0; going(); i++) {
        await measure('sign-in (Argon2id)', async () => {
            const r = await request('POST', '/v2/session',
                { email: `nobody${i}@example.org`, password: 'not a password', code: '000000' });
            if (r.status !== 401 && r.status !== 429) throw new Error(`${r.status} ${r.text}`);
        });
        await sleep(500);
    }
};

await Promise.all([...Array.from({ length: clients }, reader), writer(), signer()]);
const at = (list, p) => list[Math.min(list.length - 1, Math.floor(list.length * p))].toFixed(1).padStart(8);
console.log(`${'request'.padEnd(28)}  count      p50      p99      max  (ms)`);
const all = [];
for (const [kind, list] of [...times].sort()) {
    list.sort((a, b) => a - b);
    if (!kind.startsWith('sign-in')) all.push(...list);
    console.log(`${kind.padEnd(28)} ${String(list.length).padStart(6)} ${at(list, 0.5)} ${at(list, 0.99)} ${at(list, 1)}`);
}
all.sort((a, b) => a - b);
console.log(`${'all but sign-in'.padEnd(28)} ${String(all.length).padStart(6)} ${at(all, 0.5)} ${at(all, 0.99)} ${at(all, 1)}`);
console.log(`${(answered / seconds).toFixed(0)} a second from ${clients} clients, ${failures} failures, ${slowed} told to slow down`);
process.exit(failures === 0 ? 0 : 1);
