// The audit log's hash chain, checked in the browser (src/platform/README.md, "Audit log").
//
//   await verify({onprogress(checked, last), signal}) -> {ok, checked, first, last, head,
//     vouched, fault}       reads all of GET /v2/audit/export
//   class Chain(head) {add(line), finish()}   the same over lines from anywhere; head:
//     {seq, hash} as the platform says, or as you kept it
//
// A record's hash is SHA-256 over u32 3 and, each with its length as u32 (big endian),
// "cloudsign/platform", "audit" and the record's own text.  What is hashed is the text
// that came, byte by byte, so a change of anything shows.  Everything that is not as it
// should be is a fault: nothing here throws for what came.
import {get} from './api.js';
import {ed25519, idBytes, th, unhex} from './verify.js';

const text = new TextEncoder();

function part(bytes) {
    const out = new Uint8Array(4 + bytes.length);

    new DataView(out.buffer).setUint32(0, bytes.length);
    out.set(bytes, 4);
    return out;
}

function join(parts) {
    const out = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
    let at = 0;

    for (const p of parts) {
        out.set(p, at);
        at += p.length;
    }
    return out;
}

const PREFIX = join([new Uint8Array([0, 0, 0, 3]), part(text.encode('cloudsign/platform')), part(text.encode('audit'))]);

export async function hashOf(recordText) {
    const digest = await crypto.subtle.digest('SHA-256', join([PREFIX, part(text.encode(recordText))]));
    return [...new Uint8Array(digest)].map((b) => b.toString(16).padStart(2, '0')).join('');
}

// {"hash":"..","record":{..}} -> its parts; null: no line of a record.
function cut(line) {
    const m = /^\{"hash":"([0-9a-f]{64})","record":(\{.*\})\}$/s.exec(line);
    return m === null ? null : {hash: m[1], text: m[2]};
}

const isHash = (text) => /^[0-9a-f]{64}$/.test(text);

function u64(n) {
    const out = new Uint8Array(8);

    new DataView(out.buffer).setBigUint64(0, BigInt(n));
    return out;
}

// true, false, or null when this browser has no Ed25519.
async function isSigned(c) {
    try {
        return await ed25519(unhex(c.ik), await th('audit-head', idBytes(c.organizationId), u64(c.seq), unhex(c.hash), u64(c.time)), unhex(c.signature));
    } catch {
        return false;
    }
}

function parse(json) {
    try {
        return JSON.parse(json);
    } catch {
        return null;
    }
}

export class Chain {
    #wanted;

    constructor(head) {
        Object.assign(this, {checked: 0, first: null, last: null, head: null, vouched: 0, fault: null});
        this.#wanted = head;
        if (!Number.isSafeInteger(head?.seq) || head.seq < 0 || !isHash(head.hash)) {
            this.fail(0, 'the platform does not say which record is its newest');
        }
    }

    fail(seq, why) {
        this.fault ??= {seq, why};
        return false;
    }

    async add(line) {
        const row = cut(line), record = row === null ? null : parse(row.text), next = (this.last ?? 0) + 1;

        if (this.fault !== null) {
            return false;
        }
        if (row === null) {
            return this.other(line);
        }
        if (!Number.isSafeInteger(record?.seq)) {
            return this.fail(next, `a record in place of ${next} cannot be read`);
        }
        if (await hashOf(row.text) !== row.hash) {
            return this.fail(record.seq, `record ${record.seq} was changed: its text does not have the hash that stands with it`);
        }
        if (record.seq !== next) {
            return this.fail(next, record.seq > next ? `record ${next} is missing` : `record ${record.seq} stands behind ${this.last}: they were swapped, or one was inserted`);
        }
        if (record.prev !== (this.head ?? '0'.repeat(64))) {
            return this.fail(record.seq, this.head === null ? 'the first record does not begin a chain' : `record ${record.seq} does not follow the one before it`);
        }
        if (record.seq === this.#wanted.seq && row.hash !== this.#wanted.hash) {
            return this.fail(record.seq, `record ${record.seq} is not the one of the platform’s head`);
        }
        this.first ??= record.seq;
        Object.assign(this, {last: record.seq, head: row.hash, checked: this.checked + 1});
        return true;
    }

    // The countersignature of a node stands behind the record that it is about.  Whose the
    // key is, only the nodes can say: cloudsign-platform audit verify --devices.
    async other(line) {
        const c = parse(line)?.countersignature, at = this.last ?? 0;

        if (typeof c !== 'object' || c === null) {
            return this.fail(at + 1, `a line behind record ${at} is neither a record nor a countersignature`);
        }
        if (this.last === null || c.seq !== this.last || c.hash !== this.head) {
            return this.fail(at, `a node has countersigned another record ${Number(c.seq)}`);
        }
        const signed = await isSigned(c);
        if (signed === false) {
            return this.fail(at, `a countersignature of record ${at} does not verify`);
        }
        this.vouched += signed === true ? 1 : 0;
        return true;
    }

    finish() {
        const last = this.last ?? 0;

        if (this.fault === null && this.last === null && this.#wanted.seq === 0) {
            this.fail(1, 'the platform shows no record at all, but its setup left one'); // who reads this has signed in
        }
        if (this.fault === null && this.#wanted.seq > last) {
            this.fail(last + 1, `the export ends with record ${last}, the head is ${this.#wanted.seq}`);
        }
        return {...this, ok: this.fault === null};
    }
}

export async function verify({onprogress = () => {}, signal} = {}) {
    const head = await get('/v2/audit/head', {signal});
    const chain = new Chain(head);
    let from = 1;

    for (;;) {
        const res = await get(`/v2/audit/export?from=${from}`, {signal, raw: true});
        const lines = (await res.text()).split('\n').filter(Boolean);
        const before = chain.last;
        for (const line of lines) {
            if (!await chain.add(line)) {
                return chain.finish();
            }
        }
        onprogress(chain.checked, head?.seq ?? 0);
        if (chain.fault !== null || chain.last === before || chain.last >= head.seq) {
            return chain.finish();
        }
        from = chain.last + 1;
    }
}
