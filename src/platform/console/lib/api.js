// The API of this platform, /v2, as the signed-in user.
//
//   await get('/v2/devices?pageSize=50')             -> the answer's JSON
//   await post(path, body), put, patch, del          -> JSON, null for 204
//   every one takes ({signal, headers}) last; {raw: true} gives the Response
//   all failures throw ApiError {status, code, message, details: [{field, reason}]}:
//     status 0: not reached; err.field(name): the reason for a field
//   may('devices.approve')                           -> has this user the right?
//   session()                                        -> {user, roles, permissions, ..} or null
//   getAll(path, member)                             -> all pages of a list, at most 1000
//
// Writes carry the CSRF token.  A 403 that asks for a step-up (details' field "stepUp")
// opens the code dialog once and the call is repeated; a 401 ends the session here.

let current = null;
let seenAt = 0;
const watchers = new Set();
let askStepUp = null;

export class ApiError extends Error {
    constructor(status, body) {
        super(body?.message || (status === 0 ? 'The platform cannot be reached. Check the network and try again.'
            : `The platform answered ${status}.`));
        this.status = status;
        this.code = body?.code ?? 0;
        this.details = Array.isArray(body?.details) ? body.details : [];
    }

    field(name) {
        return this.details.find((d) => d.field === name)?.reason;
    }

    // Not built here, or switched off: a page shows its empty state.
    get isMissing() {
        return this.status === 404 || this.status === 501 || this.status === 405;
    }
}

export function session() {
    return current;
}

export function setSession(value) {
    current = value;
    seenAt = Date.now();
    for (const fn of watchers) {
        fn(value);
    }
}

// fn(session or null) after each sign-in and sign-out; the answer takes it away again.
export function onSession(fn) {
    watchers.add(fn);
    return () => watchers.delete(fn);
}

// When the server last saw this session: its 15 minutes count from then.
export function lastSeen() {
    return seenAt;
}

// fn() -> true when the user gave a code (lib/stepup.js).
export function setStepUp(fn) {
    askStepUp = fn;
}

export function may(word) {
    return current?.permissions?.includes(word) ?? false;
}

export const get = (path, opts) => call('GET', path, undefined, opts);
export const post = (path, body = {}, opts) => call('POST', path, body, opts);
export const put = (path, body = {}, opts) => call('PUT', path, body, opts);
export const patch = (path, body = {}, opts) => call('PATCH', path, body, opts);
export const del = (path, opts) => call('DELETE', path, undefined, opts);

export async function getAll(path, member, opts) {
    const all = [];
    let token = '0';

    while (all.length < 1000) {
        const sep = path.includes('?') ? '&' : '?';
        const page = await get(`${path}${sep}pageSize=200${token === '0' ? '' : `&pageToken=${encodeURIComponent(token)}`}`, opts);
        all.push(...(page[member] ?? []));
        token = String(page.filter?.nextPageToken ?? '0');
        if (token === '0' || token === '') {
            break;
        }
    }
    return all;
}

async function call(method, path, body, opts = {}) {
    try {
        return await once(method, path, body, opts);
    } catch (err) {
        if (err instanceof ApiError && err.status === 403 && err.field('stepUp') !== undefined && askStepUp !== null &&
            !opts.noStepUp && await askStepUp(err)) {
            return once(method, path, body, opts);
        }
        throw err;
    }
}

async function once(method, path, body, opts) {
    const headers = {accept: 'application/json', ...opts.headers};
    let res;

    if (method !== 'GET') {
        headers['content-type'] = 'application/json';
        if (current?.csrfToken) {
            headers['x-csrf-token'] = current.csrfToken;
        }
    }
    try {
        res = await fetch(path, {method, headers, signal: opts.signal, credentials: 'same-origin', cache: 'no-store', redirect: 'error',
            body: body === undefined ? undefined : JSON.stringify(body)});
    } catch (err) {
        if (err.name === 'AbortError') {
            throw err;
        }
        throw new ApiError(0);
    }
    if (res.status !== 401 && current !== null) {
        seenAt = Date.now();
    }
    if (!res.ok) {
        await refuse(res, opts);
    }
    if (opts.raw) {
        return res;
    }
    return res.status === 204 ? null : res.json();
}

async function refuse(res, opts) {
    const body = await res.json().catch(() => null);

    if (res.status === 401 && current !== null && !opts.isSignIn) {
        setSession(null); // it has ended: the shell shows the sign-in
    }
    throw new ApiError(res.status, body);
}
