// Clients that write to a platform which is killed under them, and the comparison after
// each kill: what each was told (2xx) against the whole state, the audit log and what
// came to a webhook.  kill-people.sh starts everything and speaks with it by lines:
//
//   run PID MODE   clients work until this kills PID: MODE random, any-ack, between,
//                  after-last, during-last -> "killed WORDS"
//   check          all is compared -> "ok WORDS"
//   end            the rest is decided, signed, delivered; compared -> "ok WORDS"
//
// or "WRONG WORDS", which ends it.  What was sent and not answered may have happened or
// not; the state says which, and then the audit log must say the same.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { createInterface } from 'node:readline';
import { isDeepStrictEqual } from 'node:util';
import { Wrong, base58, sleep, totp, withCa } from './kill-people-lib.mjs';

const conf = JSON.parse(readFileSync(process.argv[2], 'utf8'));
let state = conf.seed >>> 0 || 1;
const random = (n) => { // mulberry32: the same seed, the same choices
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor(((t ^ (t >>> 14)) >>> 0) / 4294967296 * n);
};
const pick = (list) => list[random(list.length)];
const check = (holds, text) => { if (!holds) throw new Wrong(text); };

// ---- requests -------------------------------------------------------------------------

const send = withCa(conf.url, readFileSync(conf.ca));
let token = '', tokens = null;

class Lost extends Error {} // no answer: the platform was killed

async function newToken() {
    const r = await send('POST', '/v2/credentials/oauth/token', { clientId: conf.clientId, clientSecret: conf.clientSecret });
    check(r.status === 200, `no access token: ${r.status} ${r.text}`);
    token = JSON.parse(r.text).accessToken;
}

// As the credential, or as somebody who has signed in ("bob", "cyd"), or as nobody ("").
async function ask(method, path, body, as = 'credential') {
    for (let i = 0; i < 50; i++) {
        const used = token;
        const user = conf.users[as];
        const head = as === '' ? {} : user
            ? { cookie: `__Host-cloudsign=${user.cookie}`, 'x-csrf-token': user.csrf, origin: conf.url, 'sec-fetch-site': 'same-origin' }
            : { authorization: `Bearer ${token}` };
        const r = await send(method, path, body, head);
        if (r.status === 401 && as === 'credential') { // tokens end with the process
            if (used === token) await (tokens ??= newToken().finally(() => { tokens = null; }));
        } else if (r.status === 429) {
            await sleep(200);
        } else {
            return r;
        }
    }
    throw new Wrong(`${method} ${path}: 50 times 401 or 429`);
}
async function get(path) {
    const r = await ask('GET', path);
    check(r.status === 200, `GET ${path}: ${r.status} ${r.text}`);
    return JSON.parse(r.text);
}
async function all(path, name) { // every page
    const list = [];
    for (let next = ''; ;) {
        const page = await get(`${path}${path.includes('?') ? '&' : '?'}pageSize=200${next && `&pageToken=${next}`}`);
        check(Array.isArray(page[name]), `${path}: no ${name}`);
        list.push(...page[name]);
        next = page.filter?.nextPageToken;
        if (!next) return list;
    }
}

// ---- writes and what was told about them ------------------------------------------------

const writes = []; // {method, path, as, obj, said, applied: true | false | "maybe"}
let mode = '', pid = 0, isKilled = true, acks = 0, wantAcks = 0, killWord = '';

function kill(word) {
    if (isKilled || acks < wantAcks) return;
    isKilled = true;
    killWord = word;
    process.kill(pid, 'SIGKILL');
}

// One write.  effect(answer): what it means for the model.  found(): did it happen, asked
// of the new process?  An answer for effect, true, false, or "unseen".
// obj(answer): whose change its audit record names.  says(record): what that must tell.
async function write(client, w) {
    const r0 = { as: 'credential', obj: () => undefined, says: () => true, point: '', ...w, client: client.name };
    let r;
    try {
        const answer = ask(r0.method, r0.path + (r0.query ?? ''), r0.body, r0.as);
        if (mode === 'during-last' && r0.point === 'last') setTimeout(() => kill('a last vote under way'), random(12));
        r = await answer;
    } catch (e) {
        if (e instanceof Wrong) throw e;
        check(isKilled, `${r0.method} ${r0.path}: ${e.message} without a kill`);
        client.lost = r0;
        throw new Lost(e.message);
    }
    check(r.status >= 200 && r.status < 300, `${r0.method} ${r0.path} ${JSON.stringify(r0.body ?? '')}: ${r.status} ${r.text}`);
    acks++;
    if (mode === 'between' && r0.point === 'first') kill('the first vote was acknowledged');
    if (mode === 'after-last' && r0.point === 'last') kill('the last vote was acknowledged');
    if (mode === 'any-ack') kill(`${r0.method} ${r0.path} was acknowledged`);
    take(r0, r.text === '' ? {} : JSON.parse(r.text), true);
}
function take(w, answer, applied) {
    w.applied = applied;
    if (applied === true) w.effect(answer);
    w.object = w.obj(answer);
    writes.push(w);
}
async function settle(client) { // what was lost: did it happen?
    const w = client.lost;
    if (!w) return;
    client.lost = null;
    const found = await w.found();
    if (found === 'unseen') take(w, {}, 'maybe');
    else if (found) take(w, found === true ? {} : found, true);
    w.wasLost = true;
}

// ---- clients: each has lives, a life's next write follows from what it is now -----------

const has = (list, want) => list.find((o) => Object.entries(want).every(([k, v]) => isDeepStrictEqual(o[k], v))) ?? false;
let serial = 0;
class Client {
    constructor(name, most) { Object.assign(this, { name, most, lives: [], lost: null }); }
    async step() {
        const open = this.lives.filter((l) => !l.isOver);
        let life = open.length && random(4) ? pick(open) : null;
        if (!life && (this.lives.length < this.most || open.length === 0)) {
            life = { name: `${this.name}-${++serial}`, at: 'none', isOver: false };
            this.lives.push(life);
        }
        await this.next(life ?? pick(open));
    }
    // What is there is what was told: every one of them, and none else of this client's.
    compare(list, name, view) {
        const there = this.lives.filter((l) => l.at !== 'none' && l.at !== 'deleted');
        const mine = list.filter((o) => name(o).startsWith(`${this.name}-`));
        for (const life of there) {
            const got = mine.filter((o) => o[this.idName ?? 'id'] === life.id);
            check(got.length === 1, `${life.name} was acknowledged, is ${life.at}, and is there ${got.length} times`);
            for (const [k, v] of Object.entries(view(life))) {
                check(isDeepStrictEqual(got[0][k], v), `${life.name}: ${k} is ${JSON.stringify(got[0][k])}, acknowledged was ${JSON.stringify(v)}`);
            }
        }
        check(mine.length === there.length, `${this.name}: ${mine.length} there, ${there.length} acknowledged: ${mine.map(name)}`);
    }
}
const after = (key, value) => (rec) => rec.changes?.some((c) => isDeepStrictEqual(c.after?.[key], value));

class Users extends Client {
    list() { return all('/v2/users', 'users'); }
    one(life) { return async () => (await this.list()).find((u) => u.id === life.id); }
    async put(life, path, body, key, value, effect) {
        await write(this, { method: 'PUT', path: `/v2/users/${life.id}/${path}`, body, obj: () => life.id, says: after(key, value),
            found: async () => isDeepStrictEqual((await this.one(life)())[key], value), effect });
    }
    async next(life) {
        const roles = [pick(['PROPOSER', 'VIEWER', 'AUDITOR', 'ADMINISTRATOR'])], email = `${life.name}@example.org`;
        if (life.at === 'none') {
            return write(this, { method: 'POST', path: '/v2/users', body: { firstName: life.name, lastName: 'K', email, roles },
                obj: () => life.id, says: after('email', email), found: async () => has(await this.list(), { email }),
                effect: (o) => Object.assign(life, { id: o.id, at: 'INVITED', roles, token: o.enrolmentToken ?? '' }) });
        }
        if (life.at === 'INVITED' && life.token === '') { // the answer that had it was lost
            return write(this, { method: 'POST', path: `/v2/users/${life.id}/password`, body: {}, obj: () => life.id,
                found: async () => 'unseen', effect: (o) => { life.token = o.enrolmentToken; life.secret = ''; } });
        }
        if (life.at === 'INVITED' && !life.secret) {
            return write(this, { method: 'POST', path: '/v2/session/enrol', as: '', body: { token: life.token, password: 'a long password of nobody' },
                obj: () => life.id, found: async () => 'unseen', effect: (o) => { life.secret = o.totp.secret; } });
        }
        if (life.at === 'INVITED') {
            return write(this, { method: 'POST', path: '/v2/session/enrol/confirm', as: '', body: { token: life.token, code: totp(life.secret) },
                obj: () => life.id, says: after('status', 'ACTIVATED'), found: async () => (await this.one(life)()).status === 'ACTIVATED',
                effect: () => { life.at = 'ACTIVATED'; } });
        }
        if (life.at === 'BLOCKED' && random(2)) {
            return this.put(life, 'status', { status: 'ACTIVATED' }, 'status', 'ACTIVATED', () => { life.at = 'ACTIVATED'; });
        }
        if (random(5) === 0) {
            return write(this, { method: 'DELETE', path: `/v2/users/${life.id}`, obj: () => life.id, found: async () => !(await this.one(life)()),
                effect: () => Object.assign(life, { at: 'deleted', isOver: true }) });
        }
        if (life.at === 'ACTIVATED' && random(2)) {
            return this.put(life, 'status', { status: 'BLOCKED', reason: 'a test' }, 'status', 'BLOCKED', () => { life.at = 'BLOCKED'; });
        }
        if (!isDeepStrictEqual(roles, life.roles)) return this.put(life, 'role', { roles }, 'roles', roles, () => { life.roles = roles; });
    }
    async check() { this.compare(await this.list(), (u) => u.firstName, (l) => ({ status: l.at, roles: l.roles })); }
}

// What waits for two of two.  life.set, life.votes; the last vote's effect is at once.
class Decided extends Client {
    async vote(life) {
        const as = life.votes.bob ? 'cyd' : life.votes.cyd ? 'bob' : pick(['bob', 'cyd']);
        const isLast = Object.keys(life.votes).length === 1, status = random(8) ? 'APPROVED' : 'REJECTED';
        await write(this, { method: 'PUT', path: `/v2/approvals/${life.set}`, as, body: { status, reasons: ['seen'] }, obj: () => life.set,
            point: isLast ? 'last' : 'first', found: async () => this.voteOf(await get(`/v2/approvals/${life.set}`), as) === status,
            effect: () => {
                life.votes[as] = status;
                if (status === 'REJECTED') this.decided(life, life.result = 'NOT_MET');
                else if (isLast) this.decided(life, life.result = 'MET');
            } });
    }
    voteOf(set, as) {
        const status = set.approvers.find((v) => v.userId === conf.users[as].id)?.status;
        return status === 'PROCESSING' ? undefined : status;
    }
    async checkSets() {
        for (const life of this.lives.filter((l) => l.set)) {
            const set = await get(`/v2/approvals/${life.set}`);
            for (const as of ['bob', 'cyd']) {
                check(this.voteOf(set, as) === life.votes[as], `${life.name}: the vote of ${as} is ${this.voteOf(set, as)}, acknowledged was ${life.votes[as]}`);
            }
            check(set.summary.status === (life.result ?? 'PENDING'), `${life.name}: the set is ${set.summary.status}, votes acknowledged say ${life.result ?? 'PENDING'}`);
        }
    }
}

class Credentials extends Decided {
    list() { return get('/v2/credentials'); }
    decided(life, result) { Object.assign(life, result === 'MET' ? { at: 'ENABLED' } : { at: 'REJECTED', isOver: true }); }
    async next(life) {
        if (life.at === 'none') {
            return write(this, { method: 'POST', path: '/v2/credentials', body: { name: life.name, category: 'TRANSACTIONS', permissions: ['transactions.read'] },
                obj: () => life.id, says: after('name', life.name), found: async () => has(await this.list(), { name: life.name }),
                effect: (o) => Object.assign(life, { id: o.id, at: 'CREATION_APPROVAL_PENDING', set: o.approvalId, votes: {}, secret: o.clientSecret, client: o.clientId }) });
        }
        if (life.at === 'CREATION_APPROVAL_PENDING') return this.vote(life);
        if (life.at === 'ENABLED' && random(2)) {
            return write(this, { method: 'PUT', path: `/v2/credentials/${life.id}/active`, body: { active: false }, obj: () => life.id,
                found: async () => has(await this.list(), { id: life.id }).status === 'DISABLED', effect: () => { life.at = 'DISABLED'; } });
        }
        return write(this, { method: 'DELETE', path: `/v2/credentials/${life.id}`, obj: () => life.id, found: async () => !has(await this.list(), { id: life.id }),
            effect: () => Object.assign(life, { at: 'deleted', isOver: true }) });
    }
    async check() {
        this.compare(await this.list(), (c) => c.name, (l) => ({ status: l.at, active: l.at === 'ENABLED' }));
        await this.checkSets();
        for (const life of this.lives.filter((l) => l.secret && ['ENABLED', 'DISABLED', 'deleted'].includes(l.at)).slice(-3)) {
            const r = await ask('POST', '/v2/credentials/oauth/token', { clientId: life.client, clientSecret: life.secret }, '');
            check((r.status === 200) === (life.at === 'ENABLED'), `${life.name} is ${life.at}, and gets ${r.status} for its secret`);
        }
    }
}

class Requests extends Decided {
    path(life) { return `${conf.wallet}/transactions/${life.id}`; }
    list() { return all('/v2/transactions?', 'transactions'); }
    decided(life, result) { life.at = result === 'MET' ? 'approved' : 'REJECTED'; life.isOver = result !== 'MET'; }
    async hold(life, as, word) {
        const n = life.history.length;
        await write(this, { method: 'PUT', path: `${this.path(life)}/${word}`, query: '?reason=odd', as, obj: () => life.id,
            found: async () => (await this.history(life)).length > n,
            effect: () => { life.history.push(`${word}:${conf.users[as].id}`); life.isFrozen = word === 'freeze'; } });
    }
    async history(life) {
        return ((await get(`${this.path(life)}/freeze-history`)).entries ?? []).map((e) => `${/UNFREEZE|UNFROZEN/.test(e.action) ? 'unfreeze' : 'freeze'}:${e.userId}`);
    }
    async next(life) {
        if (life.at === 'none') {
            return write(this, { method: 'POST', path: `${conf.wallet}/transactions/raw`, body: { encodedTransaction: conf.payload, signOnly: true, correlationId: life.name },
                obj: () => life.id, found: async () => has(await this.list(), { correlationId: life.name }),
                effect: (o) => Object.assign(life, { id: o.id, at: 'waiting', set: o.approvalId, votes: {}, history: [], isFrozen: false }) });
        }
        if (life.isFrozen && (life.at === 'approved' || random(2))) return this.hold(life, pick(['cyd', 'bob']), 'unfreeze');
        if (life.at === 'waiting' && !life.isFrozen && life.history.length < 4 && random(3) === 0) return this.hold(life, 'bob', 'freeze');
        if (life.at === 'waiting') return this.vote(life);
        life.isOver = true; // the nodes have it
    }
    async check() {
        const list = await this.list();
        this.compare(list, (t) => t.correlationId ?? '', () => ({}));
        await this.checkSets();
        for (const life of this.lives.filter((l) => l.at !== 'none')) {
            const { status } = has(list, { id: life.id }), history = await this.history(life);
            check(!life.isSigned || status === 'SIGNED', `${life.name} was SIGNED, and is ${status}`);
            life.isSigned = status === 'SIGNED';
            const want = life.at === 'waiting' ? ['APPROVAL_CHECK_PENDING'] : life.at === 'REJECTED' ? ['REJECTED'] : life.isFrozen ? ['APPROVAL_CHECK_PASSED'] : null;
            check(want ? want.includes(status) : status !== 'FAILED' && status !== 'REJECTED' && status !== 'APPROVAL_CHECK_PENDING',
                `${life.name} is ${life.at}${life.isFrozen ? ', frozen' : ''}, its status ${status}`);
            check(isDeepStrictEqual(history, life.history), `${life.name}: freezes are ${history}, acknowledged were ${life.history}`);
        }
    }
    async signed() { // every approved one that nobody holds
        const list = await this.list();
        const due = this.lives.filter((l) => l.at === 'approved' && !l.isFrozen);
        for (const life of due) life.isSigned = has(list, { id: life.id }).status === 'SIGNED';
        return due.every((l) => l.isSigned);
    }
}

class Groups extends Client { // of one wallet: how many of two, and how long
    async now() { return (await get(`/v2/approvers/${conf.otherId}`)).approvalGroups?.[0]; }
    async step() {
        const timeoutSeconds = 300 + ++serial, n = random(4) ? 1 + random(2) : 0;
        if (n === 0 && !this.is) return;
        const body = { sourceType: 'TRANSACTION', requiredApproverCount: n, approvers: n ? [conf.users.bob.id, conf.users.cyd.id] : [], ...(n && { timeoutSeconds }) };
        await write(this, { method: 'PUT', path: `/v2/approvers/${conf.otherId}`, body,
            found: async () => (n ? (await this.now())?.timeoutSeconds === timeoutSeconds : !(await this.now())), effect: () => { this.is = n ? body : null; } });
    }
    async check() {
        const now = await this.now();
        check(!now === !this.is, `the group of the wallet is ${JSON.stringify(now)}, acknowledged was ${JSON.stringify(this.is)}`);
        for (const key of now ? ['requiredApproverCount', 'timeoutSeconds'] : []) {
            check(now[key] === this.is[key], `the group's ${key} is ${now[key]}, acknowledged was ${this.is[key]}`);
        }
    }
}

class Limits extends Client { // and the allow list of that wallet
    list() { return all(`${conf.other}/policy-rules/limits`, 'walletLimits'); }
    async next(life) {
        const path = `${conf.other}/policy-rules/limits`, limitQty = `1.${life.name.split('-')[1]}9`;
        if (random(3) === 0) return this.allow(!this.isOn);
        if (life.at === 'none') {
            return write(this, { method: 'PUT', path, body: { limitType: 'PER_TX', symbol: 'SOL', limitQty }, obj: () => life.id, says: after('limitQty', limitQty),
                found: async () => has(await this.list(), { limitQty }), effect: (o) => Object.assign(life, { id: o.id, at: 'LIMIT_ENABLED', limitQty }) });
        }
        return write(this, { method: 'DELETE', path: `${path}/${life.id}`, obj: () => life.id, found: async () => !has(await this.list(), { id: life.id }),
            effect: () => Object.assign(life, { at: 'deleted', isOver: true }) });
    }
    async settings() { return (await get(conf.other)).settings; }
    async allow(isOn) {
        await write(this, { method: 'PUT', path: `${conf.other}/settings`, obj: () => conf.otherId, found: async () => (await this.settings()).allowListEnabled === isOn,
            body: { settings: { enabled: true, rawSigningEnabled: true, sweepingEnabled: false, defaultFreezeEnabled: isOn, allowListEnabled: isOn } },
            effect: () => { this.isOn = isOn; } });
    }
    async check() {
        const list = await this.list(), s = await this.settings();
        for (const o of list) o.name = `${this.name}-${o.limitQty.slice(2, -1)}`;
        this.compare(list, (o) => o.name, (l) => ({ limitQty: l.limitQty, status: l.at }));
        if (this.isOn !== undefined) check(s.allowListEnabled === this.isOn && s.defaultFreezeEnabled === this.isOn, `the allow list is ${JSON.stringify(s)}, acknowledged was ${this.isOn}`);
    }
}

class Book extends Client { // counterparties, each with an address at times
    list() { return all('/v2/counterparties', 'counterparties'); }
    async addresses(life) { return all(`/v2/counterparties/${life.id}/addresses`, 'addresses'); }
    async next(life) {
        const path = `/v2/counterparties/${life.id}`;
        if (life.at === 'none') {
            return write(this, { method: 'POST', path: '/v2/counterparties', obj: () => life.id, says: after('name', life.name), found: async () => has(await this.list(), { name: life.name }),
                body: { name: life.name, details: { type: 'ORGANIZATION', organization: { legalName: 'K' } } }, effect: (o) => Object.assign(life, { id: o.id, at: 'there' }) });
        }
        if (!life.address && random(4) === 0) {
            return write(this, { method: 'DELETE', path, obj: () => life.id, found: async () => !has(await this.list(), { id: life.id }),
                effect: () => Object.assign(life, { at: 'deleted', isOver: true }) });
        }
        if (life.address) {
            return write(this, { method: 'DELETE', path: `${path}/addresses/${life.address}`, obj: () => life.addressWas,
                found: async () => (await this.addresses(life)).length === 0, effect: () => { life.addressWas = life.address; life.address = ''; } });
        }
        const text = base58(Buffer.from(Array.from({ length: 32 }, () => random(256))));
        return write(this, { method: 'POST', path: `${path}/addresses`, obj: () => life.address, found: async () => (await this.addresses(life))[0] ?? false,
            body: { termsAndConditionsAccepted: true, details: { type: 'EXTERNAL', externalAddress: { address: text, name: 'a', blockchains: ['SOLANA'] } } },
            effect: (o) => { life.address = o.addressId; } });
    }
    async check() {
        this.compare(await this.list(), (c) => c.name, (l) => ({ name: l.name, addressCount: l.address ? 1 : 0 }));
        for (const life of this.lives.filter((l) => l.at === 'there')) {
            check(isDeepStrictEqual((await this.addresses(life)).map((a) => a.addressId), life.address ? [life.address] : []), `${life.name}: addresses`);
        }
    }
}

class Hooks extends Client {
    list() { return all('/v2/webhooks', 'webhooks'); }
    async next(life) {
        const path = `/v2/webhooks/${life.id}`, name = `${life.name}-${random(1000)}`;
        if (life.at === 'none') {
            return write(this, { method: 'POST', path: '/v2/webhooks', body: { name: life.name, endpoint: conf.endpoint }, obj: () => life.id, says: after('name', life.name),
                found: async () => has(await this.list(), { name: life.name }), effect: (o) => Object.assign(life, { id: o.id, at: 'there', title: life.name, key: o.publicKey }) });
        }
        if (random(3) === 0) {
            return write(this, { method: 'DELETE', path, obj: () => life.id, found: async () => !has(await this.list(), { id: life.id }),
                effect: () => Object.assign(life, { at: 'deleted', isOver: true }) });
        }
        if (name === life.title) return;
        return write(this, { method: 'PUT', path, body: { name }, obj: () => life.id, says: after('name', name), found: async () => has(await this.list(), { id: life.id }).name === name,
            effect: () => { life.title = name; } });
    }
    async check() { this.compare(await this.list(), (h) => h.name, (l) => ({ name: l.title, publicKey: l.key })); }
}

class Devices extends Client { // each write is an event of the one webhook, whose log keeps 500
    async step() {
        if (this.lives.length < this.most || this.lives.some((l) => !l.isOver)) await super.step();
        else await sleep(50);
    }
    list() { return get('/v2/devices?pageSize=200'); }
    async next(life) {
        const path = `/v2/devices/${life.id}`, displayName = life.at === 'none' ? life.name : `${life.name}-${life.names.length}`;
        const effect = (o) => { life.id ??= o.id; life.at = 'there'; (life.names ??= []).push(displayName); };
        const own = { obj: () => life.id, says: after('displayName', displayName), found: async () => has(await this.list(), { displayName }), effect };
        await sleep(40);
        if (life.at === 'none') return write(this, { ...own, method: 'POST', path: '/v2/devices', body: { displayName, deviceType: 'CLOUD' } });
        if (life.names.length < 6) return write(this, { ...own, method: 'PUT', path: `${path}/display-name`, body: { displayName } });
        life.isOver = true;
    }
    async check() {
        this.compare(await this.list(), (d) => d.displayName, (l) => ({ displayName: l.names.at(-1) }));
        await this.delivered();
    }
    async delivered() {
        const there = this.lives.filter((l) => l.at !== 'none');
        let missing = '';
        for (let i = 0; i < 600; i++) {
            const calls = await new Promise((resolve, reject) => http.get(`${conf.hooks}/calls`, (res) => {
                const parts = [];
                res.on('data', (p) => parts.push(p)).on('end', () => resolve(JSON.parse(Buffer.concat(parts)))).on('error', reject);
            }).on('error', reject));
            const bad = calls.find((c) => !c.good);
            check(!bad, `a delivery is not good: ${JSON.stringify(bad)}`);
            const came = (l) => [...new Set(calls.filter((c) => c.object.id === l.id).map((c) => c.object.name))];
            const late = there.find((l) => !isDeepStrictEqual(came(l), l.names));
            if (!late) return this.deliveries(calls, there);
            missing = `${late.name}: acknowledged events ${late.names}, came ${came(late)}`;
            check(came(late).every((n, k) => n === late.names[k]), `the order of events: ${missing}`);
            await sleep(100);
        }
        throw new Wrong(`not delivered in a minute: ${missing}`);
    }
    // The log: one delivery for each event, and none is said to have been that was not.
    async deliveries(calls, there) {
        const list = await all(`/v2/webhooks/${conf.hook}/deliveries`, 'deliveries');
        const own = list.filter((d) => there.some((l) => l.id === d.objectId));
        const want = there.reduce((n, l) => n + l.names.length, 0);
        check(new Set(own.map((d) => d.eventId)).size === want && own.length === want, `${own.length} deliveries of ${want} events in the log`);
        for (const d of own) check(d.status !== 'DELIVERED' || calls.some((c) => c.eventId === d.eventId), `event ${d.eventId} is said to be delivered, and is not`);
        check(own.every((d) => d.status !== 'FAILED'), 'a delivery has failed');
    }
}

// ---- the audit log ----------------------------------------------------------------------

let headBefore = null;
async function exported() {
    const lines = [];
    for (let from = 1; ;) {
        const r = await ask('GET', `/v2/audit/export?from=${from}`);
        check(r.status === 200, `the export: ${r.status}`);
        if (r.text === '') return lines;
        lines.push(...r.text.trimEnd().split('\n'));
        from = JSON.parse(lines.findLast((l) => !l.startsWith('{"countersignature"'))).record.seq + 1;
    }
}
async function settledLog() { // nodes that sign write records, too
    for (let i = 0; i < 100; i++) {
        const lines = await exported(), head = await get('/v2/audit/head');
        const entries = lines.map((l) => JSON.parse(l)).filter((e) => e.record);
        if (entries.at(-1).record.seq === Number(head.seq)) return { head, lines, entries };
    }
    throw new Wrong('the log grows without writes');
}
function verified(head) {
    try {
        return execFileSync(conf.program, ['audit', 'verify', conf.log, '--head', head, '--devices', conf.devices], { encoding: 'utf8' });
    } catch (e) {
        return `${e.stdout ?? ''}${e.message}`;
    }
}
async function audit(first) {
    const { head, lines, entries } = await settledLog();
    writeFileSync(conf.log, `${lines.join('\n')}\n`);
    const bySeq = new Map(entries.map((e) => [e.record.seq, e]));
    check(isDeepStrictEqual([...bySeq.keys()], entries.map((_, i) => i + 1)), 'numbers of the log have gaps');
    for (const h of [head, ...(head.countersignatures ?? []), ...(headBefore ? [headBefore] : [])]) {
        check(bySeq.get(Number(h.seq))?.hash === h.hash, `record ${h.seq}, of which ${h.deviceId ?? 'the API'} has said ${h.hash}, is another one`);
    }
    check((head.refusals ?? []).length === 0, `a node refuses the log: ${JSON.stringify(head.refusals)}`);
    check(new Set(head.countersignatures.map((c) => c.deviceId)).size === 3, 'not three nodes have countersigned');
    for (const node of conf.nodes) { // what it keeps itself, in a store of its own
        const { audit: own } = JSON.parse(readFileSync(node, 'utf8'));
        check(bySeq.get(own.seq)?.hash === own.hash && own.refused === '', `a node has countersigned ${JSON.stringify(own)}, and record ${own.seq} is ${bySeq.get(own.seq)?.hash}`);
    }
    const said = verified(head.hash);
    check(said.startsWith('whole:') && said.includes('countersigned by 3 nodes'), `audit verify: ${said}`);
    headBefore = { seq: head.seq, hash: head.hash };
    matched(entries.map((e) => e.record).filter((r) => r.seq >= first));
    return entries.length;
}
const keyOf = (method, path, object) => `${method} ${path} ${object ?? ''}`;
// Exactly one record for each write that happened, in the order of each client; no other.
function matched(records) {
    const byKey = new Map(), sure = new Map(), used = new Set(), last = new Map();
    for (const r of records.filter((x) => x.kind === 'REQUEST' && x.result.status < 300)) {
        for (const object of new Set([undefined, ...(r.changes ?? []).map((c) => c.id)])) {
            const key = keyOf(r.action.split(' ')[0], r.path, object);
            byKey.set(key, [...(byKey.get(key) ?? []), r]);
        }
    }
    for (const w of writes) {
        const key = keyOf(w.method, w.path, w.object);
        sure.set(key, (sure.get(key) ?? 0) + (w.applied === true ? 1 : 0));
    }
    for (const w of writes) {
        const key = keyOf(w.method, w.path, w.object), left = (byKey.get(key) ?? []).filter((r) => !used.has(r.seq));
        const what = `${w.client}: ${w.method} ${w.path}${w.wasLost ? ' (its answer was lost)' : ''}`;
        if (w.applied === 'maybe' && left.length <= sure.get(key)) continue; // it did not happen
        if (w.applied === true) sure.set(key, sure.get(key) - 1);
        check(left.length > 0, `${what} has no audit record`);
        const r = left[0];
        used.add(r.seq);
        check(w.says(r), `${what}: its record ${r.seq} says ${JSON.stringify(r.changes)}`);
        check(!(last.get(w.client) > r.seq), `${what}: its record ${r.seq} is before the one of the write before`);
        const kind = w.as === 'credential' ? 'CREDENTIAL' : w.as === '' ? r.actor.kind : 'USER';
        check(r.actor.kind === kind && (kind !== 'USER' || r.actor.id === conf.users[w.as].id), `${what}: its record names ${JSON.stringify(r.actor)}`);
        last.set(w.client, r.seq);
    }
    const other = records.find((r) => r.kind === 'REQUEST' && r.result.status < 300 && !used.has(r.seq) && !r.action.endsWith('/oauth/token'));
    check(!other, `a record without a write: ${JSON.stringify(other)}`);
    decisions(records);
}
function decisions(records) { // each set ended once, in one record with its effect; signed once
    const count = (id, status) => records.filter((r) => r.changes?.some((c) => c.id === id && c.after?.status === status)).length;
    for (const life of [...credentials.lives, ...requests.lives].filter((l) => l.set)) {
        for (const result of ['MET', 'NOT_MET', 'FAILED', 'EXPIRED']) {
            const n = count(life.set, result), want = life.result === result ? 1 : 0;
            check(n === want, `${life.name}: its set became ${result} ${n} times, not ${want}`);
        }
    }
    for (const life of credentials.lives.filter((l) => l.set)) {
        const n = count(life.id, 'ENABLED'), want = life.result === 'MET' ? 1 : 0;
        check(n === want, `${life.name}: was enabled ${n} times, not ${want}`);
    }
    for (const life of requests.lives.filter((l) => l.set)) {
        const n = records.filter((r) => r.action === 'transaction.signed' && r.changes?.some((c) => c.id === life.id)).length;
        check(n <= (life.result === 'MET' ? 1 : 0), `${life.name} (${life.result}) was signed ${n} times`);
        check(n === 1 || !life.isSigned, `${life.name} is signed, and has no record of it`);
    }
}

// ---- rounds ------------------------------------------------------------------------------

const credentials = new Credentials('credentials', 30), requests = new Requests('requests', 24);
const clients = [credentials, requests, new Users('users', 25), new Groups('groups', 1), new Limits('limits', 20),
    new Book('book', 40), new Hooks('hooks', 20), new Devices('devices', 60)];
let firstRecord = 0;

async function work(client) {
    try {
        while (!isKilled) await client.step();
    } catch (e) {
        if (e instanceof Lost) return;
        throw e;
    }
}
async function run(words) {
    [pid, mode] = [Number(words[1]), words[2]];
    token = '';
    if (firstRecord === 0) firstRecord = Number((await get('/v2/audit/head')).seq) + 1;
    const before = writes.length;
    acks = 0;
    wantAcks = mode === 'random' ? 0 : random(60);
    isKilled = false;
    const timer = setTimeout(() => { wantAcks = 0; kill(mode === 'random' ? 'some time had passed' : `no ${mode} came`); }, mode === 'random' ? 50 + random(900) : 15000);
    await Promise.all(clients.map(work));
    clearTimeout(timer);
    return `killed: ${killWord}; ${writes.length - before} writes acknowledged, ${clients.filter((c) => c.lost).length} without an answer`;
}
// On a slow machine: who approves has proven himself within five minutes.  Each code counts
// once, and the session goes on under another cookie.
let provenAt = Date.now();
async function proveAgain() {
    if (Date.now() - provenAt < 120000) return;
    for (const as of ['bob', 'cyd']) {
        const user = conf.users[as], path = '/v2/session/step-up';
        const r = await ask('POST', path, { code: totp(user.totp) }, as);
        check(r.status === 200, `the step-up of ${as}: ${r.status} ${r.text}`);
        take({ client: 'people', method: 'POST', path, as, says: () => true, obj: () => undefined, effect: () => {} }, {}, true);
        user.csrf = JSON.parse(r.text).csrfToken;
        for (const c of r.head['set-cookie'] ?? []) user.cookie = /^__Host-cloudsign=([0-9a-f]+)/.exec(c)?.[1] ?? user.cookie;
    }
    provenAt = Date.now();
}
async function compare() {
    token = '';
    await proveAgain();
    for (const client of clients) await settle(client);
    const records = await audit(firstRecord);
    for (const client of clients) await client.check();
    const lost = writes.filter((w) => w.wasLost);
    return `ok: ${writes.length} writes, of which ${lost.length} were not answered and had happened; audit log whole, ${records} records`;
}
async function end() { // nothing waits any more
    mode = '';
    isKilled = false;
    for (const life of requests.lives) {
        for (let i = 0; i < 20 && !life.isOver; i++) await requests.next(life);
    }
    for (let i = 0; i < 600 && !(await requests.signed()); i++) await sleep(100);
    check(await requests.signed(), 'an approved request is not signed within a minute');
    const said = await compare();
    return `${said}; ${requests.lives.filter((l) => l.result === 'MET').length} requests signed, once each`;
}

const steps = { run, check: compare, end };
for await (const line of createInterface({ input: process.stdin })) {
    const words = line.split(' ');
    try {
        console.log(await steps[words[0]](words));
    } catch (e) {
        console.log(`WRONG ${e instanceof Wrong ? e.message : e.stack.replaceAll('\n', ' ')}`);
        process.exit(1);
    }
}
process.exit(0);
