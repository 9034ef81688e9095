// The audit log's hash chain, checked in the browser (src/platform/README.md, "Audit log").
//
//   await verify({onprogress(checked, last), signal}) -> {ok, checked, first, last, head,
//     vouched, fault}       reads all of GET /v2/audit/export
//   class Chain {add(line), finish(head)}     the same over lines from anywhere
//
// A record's hash is SHA-256 over u32 3 and, each with its length as u32 (big endian),
// "cloudsign/platform", "audit" and the record's own text.  What is hashed is the text
// that came, byte by byte, so a change of anything shows.
import {get} from './api.js';

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

export class Chain {
    constructor() {
        Object.assign(this, {checked: 0, first: null, last: null, head: null, vouched: 0, fault: null});
    }

    fail(seq, why) {
        this.fault ??= {seq, why};
        return false;
    }

    async add(line) {
        const row = cut(line);

        if (row === null) {
            return this.other(line);
        }
        const record = JSON.parse(row.text);
        if (await hashOf(row.text) !== row.hash) {
            return this.fail(record.seq, `record ${record.seq} was changed: its text does not have the hash that stands with it`);
        }
        if (this.last === null && record.seq === 1 && !/^0{64}$/.test(record.prev)) {
            return this.fail(1, 'the first record does not begin a chain');
        }
        if (this.last !== null && record.seq !== this.last + 1) {
            return this.fail(this.last + 1, record.seq > this.last ? `record ${this.last + 1} is missing` : `record ${record.seq} stands behind ${this.last}: they were swapped, or one was inserted`);
        }
        if (this.last !== null && record.prev !== this.head) {
            return this.fail(record.seq, `record ${record.seq} does not follow the one before it`);
        }
        this.first ??= record.seq;
        Object.assign(this, {last: record.seq, head: row.hash, checked: this.checked + 1});
        return true;
    }

    // Countersignatures of nodes stand between the records; cloudsign-platform audit verify
    // checks their signatures against keys that you bring.
    other(line) {
        let o;

        try {
            o = JSON.parse(line);
        } catch {
            return this.fail(this.last ?? 0, 'a line of the export cannot be read');
        }
        if (o.record !== undefined || o.hash !== undefined && o.sig === undefined && o.countersignature === undefined) {
            return this.fail(o.record?.seq ?? this.last ?? 0, 'a line of the export does not have the form of a record');
        }
        this.vouched++;
        return true;
    }

    // head: {seq, hash} as the platform says, or as you kept it.
    finish(head) {
        if (this.fault === null && head && head.seq === this.last && head.hash !== this.head) {
            this.fail(head.seq, 'the newest record is not the one of the platform’s head');
        } else if (this.fault === null && head && head.seq > (this.last ?? 0)) {
            this.fail((this.last ?? 0) + 1, `the export ends with record ${this.last ?? 0}, the head is ${head.seq}`);
        }
        return {...this, ok: this.fault === null};
    }
}

export async function verify({onprogress = () => {}, signal} = {}) {
    const head = await get('/v2/audit/head', {signal});
    const chain = new Chain();
    let from = 1;

    for (;;) {
        const res = await get(`/v2/audit/export?from=${from}`, {signal, raw: true});
        const lines = (await res.text()).split('\n').filter(Boolean);
        const before = chain.last;
        for (const line of lines) {
            if (!await chain.add(line)) {
                return chain.finish(head);
            }
        }
        onprogress(chain.checked, head.seq);
        if (chain.last === before || chain.last >= head.seq) {
            return chain.finish(head);
        }
        from = chain.last + 1;
    }
}
