// Reading that several work pages do the same way.
import {get, getAll} from '../lib/api.js';

// A part that this user may not read, or that is not there: `otherwise` instead.
export async function orElse(otherwise, promise) {
    try {
        return await promise;
    } catch (err) {
        if (err.name === 'AbortError' || err.status === 401 || err.status === 0) {
            throw err;
        }
        return otherwise;
    }
}

export const isMissing = (err) => err.status === 404 || err.status === 501 || err.status === 405;

let names = null;

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

export const devices = async (opts) => listOf(await get('/v2/devices', opts), 'devices');
export const quorums = async (opts) => listOf(await get('/v2/mpc/quorums', opts), 'quorums');
export const vaults = (opts) => getAll('/v2/vaults', 'vaults', opts);
export const walletsOf = (vault, opts) => getAll(`/v2/vaults/${vault}/wallets`, 'wallets', opts);

export const byId = (list) => new Map(list.map((x) => [x.id, x]));
export const keyPath = (wallet) => `/v2/vaults/${wallet.vaultId}/wallets/${wallet.id}`;
export const keyHref = (wallet) => `/vaults/${wallet.vaultId}/keys/${wallet.id}`;
export const txHref = (tx) => `/transactions/${tx.vaultId}/${tx.walletId}/${tx.id}`;
