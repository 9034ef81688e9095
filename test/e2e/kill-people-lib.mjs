// What kill-people.mjs needs and has nothing to do with kills.
import { createHmac } from 'node:crypto';
import https from 'node:https';

export class Wrong extends Error {}

export const sleep = (ms) => new Promise((r) => { setTimeout(r, ms); });

// One connection a request.  Fails unless the whole answer came.
export const withCa = (url, ca) => (method, path, body, headers = {}) => new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url);
    const data = body === undefined ? undefined : JSON.stringify(body);
    const req = https.request({
        hostname, port, method, path, ca, agent: false, timeout: 60000,
        headers: { ...(data && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(data) }), ...headers },
    }, (res) => {
        const parts = [];
        res.on('data', (p) => parts.push(p)).on('error', reject);
        res.on('end', () => (res.complete ? resolve({ status: res.statusCode, head: res.headers, text: Buffer.concat(parts).toString() }) : reject(new Error('cut off'))));
    });
    req.on('error', reject);
    req.on('timeout', () => req.destroy(new Error('no answer in a minute')));
    req.end(data);
});

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
export function totp(secret) { // the code of this half minute
    const bits = [...secret.replace(/=+$/, '')].map((c) => BASE32.indexOf(c).toString(2).padStart(5, '0')).join('');
    const key = Buffer.from(bits.match(/.{8}/g).map((b) => parseInt(b, 2)));
    const counter = Buffer.alloc(8);
    counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30000)));
    const mac = createHmac('sha1', key).update(counter).digest();
    return String((mac.readUInt32BE(mac[19] & 15) & 0x7fffffff) % 1000000).padStart(6, '0');
}

const BASE58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
export function base58(bytes) {
    let n = BigInt(`0x${bytes.toString('hex')}`), text = '';
    for (; n > 0n; n /= 58n) text = BASE58[Number(n % 58n)] + text;
    const zeros = bytes.findIndex((b) => b !== 0);
    return '1'.repeat(zeros < 0 ? bytes.length : zeros) + text;
}
