// Reading that several work pages do the same way.
import {get, getAll, onSession} from '../lib/api.js';
import {filled} from '../lib/ui.js';

const NOT_HERE = [403, 404, 405, 410, 501];

// A part that this user may not read, or that is not there: `otherwise` instead.  A part that
// could not be read is neither.
export async function orElse(otherwise, promise) {
    try {
        return await promise;
    } catch (err) {
        if (!NOT_HERE.includes(err.status)) {
            throw err;
        }
        return otherwise;
    }
}

export const isMissing = (err) => err.status === 404 || err.status === 501 || err.status === 405;

let names = null;

onSession(() => {
    names = null; // the next one may not know them
});

// id -> name of users and credentials; asked once a minute.
export async function people({signal} = {}) {
    if (names === null || Date.now() - names.at > 60000) {
        const [users, credentials] = await Promise.all([
            orElse({users: []}, get('/v2/users/info', {signal})),
            orElse([], get('/v2/credentials/info', {signal}))]);
        const map = new Map();

        for (const u of users.users ?? []) {
            map.set(u.id, [u.firstName, u.lastName].filter(Boolean).join(' ') || u.email);
        }
        for (const c of Array.isArray(credentials) ? credentials : credentials.credentials ?? []) {
            map.set(c.id, c.name);
        }
        names = {at: Date.now(), map};
    }
    return names.map;
}

// Vendor lists are an array or {filter, [member]: [...]}.
export const listOf = (answer, member) => (Array.isArray(answer) ? answer : answer?.[member] ?? []);

// Pages of a list that is an array, the newest first; a header names the next page.
// {rows, more}: more() -> {rows, done}, null when there is none.
export async function arrayPages(path, {signal, q = '', pageSize = 100, order = 'desc'} = {}) {
    const query = new URLSearchParams({pageSize: String(pageSize), order});

    if (q !== '') {
        query.set('q', q);
    }
    const at = async (token) => {
        if (token) {
            query.set('pageToken', token);
        }
        const res = await get(`${path}?${query}`, {signal, raw: true});
        return {rows: await res.json(), next: res.headers.get('next-page-token')};
    };
    const first = await filled(at, null);
    let next = first.next;

    return {rows: first.rows, more: next ? async () => {
        const page = await filled(at, next);
        next = page.next;
        return {rows: page.rows, done: !next};
    } : null};
}

// At most `most` rows of such a list.
export async function arrayAll(path, opts, most = 1000) {
    const {rows, more} = await arrayPages(path, {...opts, pageSize: 200});

    for (let isDone = more === null; !isDone && rows.length < most;) {
        const page = await more();
        rows.push(...page.rows);
        isDone = page.done;
    }
    return rows;
}

export const devices = async (opts) => (await arrayPages('/v2/devices', {pageSize: 200, ...opts})).rows;
export const quorums = async (opts) => (await arrayPages('/v2/mpc/quorums', {pageSize: 200, ...opts})).rows;
export const vaults = (opts) => getAll('/v2/vaults', 'vaults', opts);
export const walletsOf = (vault, opts) => getAll(`/v2/vaults/${vault}/wallets`, 'wallets', opts);

export const byId = (list) => new Map(list.map((x) => [x.id, x]));

// id -> device or quorum, those that are there.
export async function some(path, ids, {signal} = {}) {
    const found = await Promise.all([...new Set(ids)].slice(0, 50).map((id) => orElse(null, get(`${path}/${id}`, {signal}))));

    return byId(found.filter(Boolean));
}
export const someDevices = (ids, opts) => some('/v2/devices', ids, opts);
export const keyPath = (wallet) => `/v2/vaults/${wallet.vaultId}/wallets/${wallet.id}`;
export const keyHref = (wallet) => `/vaults/${wallet.vaultId}/keys/${wallet.id}`;
export const txHref = (tx) => `/transactions/${tx.vaultId}/${tx.walletId}/${tx.id}`;
