// slow_sockets.mjs URL CA.PEM CREDENTIAL.JSON [SOCKETS=5000] [SECONDS=20] [ADDRESSES=40]
//
// Somebody opens many connections from many addresses (127.0.1.x) and never asks
// anything: some say nothing, some send a request a byte a second, some garbage, some
// a TLS handshake and then half a body; whatever is hung up is opened again. Beside
// that a program at another address asks for what it may. Prints how its requests
// fared; exits 1 when more than 1 in 100 failed. Nothing is asserted about time.
import fs from 'node:fs';
import https from 'node:https';
import net from 'node:net';
import tls from 'node:tls';
import { Worker, isMainThread, parentPort } from 'node:worker_threads';

const [url, caFile, credentialFile, sockets = '5000', secondsText = '20', addresses = '40'] = process.argv.slice(2);
if (!credentialFile) {
    console.error('use: slow_sockets.mjs URL CA.PEM CREDENTIAL.JSON [SOCKETS] [SECONDS] [ADDRESSES]');
    process.exit(64);
}
const base = new URL(url), port = Number(base.port), host = base.hostname;
const ca = fs.readFileSync(caFile);
const credential = JSON.parse(fs.readFileSync(credentialFile, 'utf8'));
let going = true, opened = 0, open = 0, most = 0;

const request = (method, path, body, headers = {}) => new Promise((resolve, reject) => {
    const data = body === undefined ? undefined : JSON.stringify(body);
    const req = https.request({
        host, port, method, path, ca, agent: false, localAddress: '127.0.0.1', timeout: 15000,
        headers: { ...(data ? { 'content-type': 'application/json', 'content-length': data.length } : {}), ...headers },
    }, (res) => {
        const parts = [];
        res.on('data', (p) => parts.push(p));
        res.on('end', () => resolve({ status: res.statusCode, text: Buffer.concat(parts).toString() }));
    });
    req.on('error', reject);
    req.on('timeout', () => req.destroy(new Error('no answer in 15 s')));
    req.end(data);
});

const ask = `GET /v2/devices HTTP/1.1\r\nHost: ${host}\r\nX-Slow: `;
const kinds = [
    () => {}, // says nothing
    (s) => s.write(Buffer.from([0x16, 0x03, 0x01])), // the beginning of a handshake
    (s) => s.write('GET / HTTP/1.1\r\n\r\n'), // no TLS
    (s) => s.write(Buffer.from(Array.from({ length: 600 }, () => Math.random() * 256))),
];
const track = (s, again) => {
    opened++;
    open++;
    most = Math.max(most, open);
    s.on('error', () => {});
    s.on('close', () => { open--; if (going) setTimeout(again, 2000 + Math.random() * 4000); });
};
const plain = (i) => {
    if (!going) return;
    const s = net.connect({ host, port, localAddress: `127.0.1.${1 + i % Number(addresses)}` });
    track(s, () => plain(i));
    s.on('connect', () => kinds[i % kinds.length](s));
};
const secure = (i) => { // through TLS, then a header that never ends
    if (!going) return;
    const s = tls.connect({ host, port, ca, localAddress: `127.0.1.${1 + i % Number(addresses)}` });
    let timer;
    track(s, () => secure(i));
    s.on('secureConnect', () => {
        s.write(i % 2 ? ask : `POST /v2/session HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{`);
        timer = setInterval(() => s.write('a'), 1000);
    });
    s.on('close', () => clearInterval(timer));
};

if (!isMainThread) { // an event loop of its own
    for (let i = 0; i < Number(sockets); i++) {
        (i % 10 === 0 ? secure : plain)(i);
        if (i % 50 === 49) await new Promise((r) => setTimeout(r, 20));
    }
    parentPort.postMessage('there');
    await new Promise((resolve) => parentPort.once('message', resolve));
    going = false;
    parentPort.postMessage(`${opened} were opened, at most ${most} at once as they saw it`);
    await new Promise(() => {});
}

const token = JSON.parse((await request('POST', '/v2/credentials/oauth/token', credential)).text).accessToken;
const auth = { authorization: `Bearer ${token}` };
const times = [], failures = [];
const work = async (seconds) => {
    const until = performance.now() + seconds * 1000;
    for (let i = 0; performance.now() < until; i++) {
        const begin = performance.now();
        try {
            const r = i % 5 === 0
                ? await request('POST', '/v2/vaults', { name: `Under load ${i}` }, auth)
                : await request('GET', '/v2/devices', undefined, auth);
            if (r.status === 200) times.push(performance.now() - begin);
            else failures.push(`HTTP ${r.status}`);
        } catch (e) {
            failures.push(e.code ?? e.message);
        }
    }
};
const report = (what) => {
    times.sort((a, b) => a - b);
    const at = (p) => (times[Math.min(times.length - 1, Math.floor(times.length * p))] ?? NaN).toFixed(1);
    console.log(`${what}: ${times.length} answered, p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, max ${at(1)} ms; ${failures.length} failed ${[...new Set(failures)].join(', ')}`);
};

await work(3);
report('alone');
times.length = failures.length = 0;
const enemy = new Worker(new URL(import.meta.url), { argv: process.argv.slice(2) });
await new Promise((resolve) => enemy.once('message', resolve)); // all were opened once
await work(Number(secondsText));
report(`beside ${sockets} slow sockets`);
enemy.postMessage('end');
console.log(await new Promise((resolve) => enemy.once('message', resolve)));
await enemy.terminate();
process.exit(failures.length * 100 > times.length + failures.length ? 1 : 0);
