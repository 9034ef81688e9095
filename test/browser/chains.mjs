// lib/chain.js over exports made here by node's own cryptography: a right log holds, and
// each thing that is changed, missing, swapped or cut off is seen.  Imported by lib.mjs.
import assert from 'node:assert/strict';
import {createHash, generateKeyPairSync, sign} from 'node:crypto';
import {verify} from '../../src/platform/console/lib/chain.js';

const sha256 = (...parts) => createHash('sha256').update(Buffer.concat(parts)).digest();
const u32 = (n) => Buffer.from([n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255]);
const part = (b) => [u32(b.length), b];
const enc = (...items) => Buffer.concat([u32(items.length), ...items.flatMap(part)]);
const hashOf = (text) => sha256(enc(Buffer.from('cloudsign/platform'), Buffer.from('audit'), Buffer.from(text))).toString('hex');
const ORG = '0f1e2d3c-4b5a-4978-8796-a5b4c3d2e1f0';

function th(tag, ...items) {
    const t = sha256(Buffer.from(`cloudsign/1/${tag}`));
    return sha256(t, t, enc(...items));
}

function u64(n) {
    const b = Buffer.alloc(8);
    b.writeBigUInt64BE(BigInt(n));
    return b;
}

// n records from number `first`: {hash, text, record}; `torn` does not follow the one before.
function log(n, first = 1, torn = 0) {
    const all = [];

    for (let i = 0, prev = '0'.repeat(64); i < n; i++) {
        const record = {action: 'POST /v2/vaults', at: '2026-11-26T09:00:00.000Z', prev: first + i === torn ? 'a'.repeat(64) : prev, seq: first + i}, text = JSON.stringify(record);
        prev = hashOf(text);
        all.push({hash: prev, text, record});
    }
    return all;
}

const line = (r) => `{"hash":"${r.hash}","record":${r.text}}`;

function countersign(r, over = {}) {
    const {publicKey, privateKey} = generateKeyPairSync('ed25519'), time = '1790000000000';
    const head = th('audit-head', Buffer.from(ORG.replaceAll('-', ''), 'hex'), u64(r.record.seq), Buffer.from(r.hash, 'hex'), u64(time));

    return JSON.stringify({countersignature: {deviceId: '00000000-0000-4000-8000-000000000001', hash: r.hash, ik: publicKey.export({type: 'spki', format: 'der'}).subarray(-32).toString('hex'),
        organizationId: ORG, seq: r.record.seq, signature: sign(null, head, privateKey).toString('hex'), time, ...over}});
}

// The verifier reads its answers by fetch.
async function judge(lines, head) {
    const before = globalThis.fetch;

    globalThis.fetch = async (path) => {
        const url = new URL(path, 'https://x');
        return url.pathname.endsWith('/head') ? Response.json(head) : new Response(url.searchParams.get('from') === '1' ? `${lines.join('\n')}\n` : '');
    };
    try {
        return await verify();
    } finally {
        globalThis.fetch = before;
    }
}

export async function chains(ok) {
    const all = log(4), last = all[3], head = {seq: 4, hash: last.hash}, lines = all.map(line);
    const good = await judge(lines, head);
    assert.deepEqual([good.ok, good.checked, good.first, good.last, good.vouched], [true, 4, 1, 4, 0]);
    const with_ = [...lines.slice(0, 2), countersign(all[1]), ...lines.slice(2), countersign(last)];
    assert.deepEqual([(await judge(with_, head)).ok, (await judge(with_, head)).vouched], [true, 2]);
    ok('a right log holds, with the countersignatures of its nodes');

    const broken = log(4, 1, 3);
    const changed = (i, text) => lines.map((l, k) => (k === i ? l.replace('vaults', text) : l));
    const longer = log(9, 1), alone = log(2, 3);
    for (const [what, list, said] of [['a changed record', changed(1, 'users'), head], ['a record less', [...lines.slice(0, 1), ...lines.slice(2)], head],
        ['the first one less', lines.slice(1), head], ['the last one less', lines.slice(0, 3), head], ['two swapped', [lines[0], lines[2], lines[1], lines[3]], head],
        ['one twice', [...lines, lines[3]], head], ['nothing at all', [], head], ['a log that begins at 3', alone.map(line), {seq: 4, hash: alone[1].hash}],
        ['another head', lines, {seq: 4, hash: all[2].hash}], ['a head that is older and another', longer.map(line), {seq: 4, hash: longer[7].hash}],
        ['a head without a number', lines, {}], ['a head that is null', lines, null], ['a head with a number in words', lines, {seq: '4', hash: last.hash}],
        ['a head without a hash', lines, {seq: 4}], ['a head of nothing', [], {}], ['a log without a record', [], {seq: 0, hash: '0'.repeat(64)}], ['a line that is null', [...lines, 'null'], head], ['a line that is a number', [...lines, '7'], head],
        ['an empty object', [...lines, '{}'], head], ['no JSON', [...lines, 'x'], head], ['a record that is none', [...lines, `{"hash":"${last.hash}","record":{x}}`], head],
        ['a number in words', [...lines.slice(0, 3), line({...last, text: last.text.replace('"seq":4', '"seq":"4"'), hash: hashOf(last.text.replace('"seq":4', '"seq":"4"'))})], head],
        ['a countersignature of another record', [...lines, countersign(last, {hash: all[0].hash})], head],
        ['a countersignature of another number', [...lines, countersign(last, {seq: 3})], head],
        ['a record that follows another one', broken.map(line), {seq: 4, hash: broken[3].hash}],
        ['a good countersignature of another record', [...lines, countersign({record: {seq: 4}, hash: all[0].hash})], head],
        ['a good countersignature of another number', [...lines, countersign({record: {seq: 3}, hash: last.hash})], head],
        ['a countersignature that was changed', [...lines, countersign(last, {time: '1790000000001'})], head],
        ['a countersignature without a signature', [...lines, countersign(last, {signature: undefined})], head],
        ['a countersignature that is no object', [...lines, '{"countersignature":5}'], head],
        ['a countersignature before any record', [countersign(all[0]), ...lines], head]]) {
        const r = await judge(list, said);
        assert.ok(r.ok === false && typeof r.fault.why === 'string', `${what}: ${JSON.stringify(r)}`);
    }
    assert.equal((await judge(longer.map(line), {seq: 4, hash: longer[3].hash})).ok, true, 'what was written while it was read');
    ok('a log of which anything is changed, missing, swapped, cut off or forged does not hold');
}
