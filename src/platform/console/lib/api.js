// The API of this platform, /v2, as the signed-in user.
//
//   await get('/v2/devices?pageSize=50')             -> the answer's JSON
//   await post(path, body), put, patch, del          -> JSON, null for 204
//   every one takes ({signal, headers}) last; {raw: true} gives the Response, read to its end
//   all failures throw ApiError {status, code, message, details: [{field, reason}]}:
//     status 0: not reached; err.field(name): the reason for a field
//   may('devices.approve')                           -> has this user the right?
//   session()                                        -> {user, roles, permissions, ..} or null
//   getAll(path, member)                             -> all pages of a list, at most 1000
//   post(path, body, {once: true})   when its answer is lost, the same POST sent again is the
//     same request (Idempotency-Key).  Not for answers with secrets: these come once.
//
// An answer that comes when the session is another one is an AbortError: nobody is told.
// A request has a minute.  Writes carry the CSRF token.  A 403 that asks for a step-up (details' field "stepUp")
// opens the code dialog once and the call is repeated; a 401 (after one more try) ends the session here.

let current = null;
let seenAt = 0;
const watchers = new Set();
let askStepUp = null;
const lost = new Map(); // what was asked for once and has no answer yet -> its Idempotency-Key

const PATIENCE_MS = 60000, LOST_MAX = 20;

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

// What the server says of the session now.  In another tab somebody else may have signed in:
// that is another session, not a change of this one.
export function sessionIs(now) {
    if (current !== null && now && (now.user === undefined || now.user.id === current.user.id)) {
        Object.assign(current, now);
    } else {
        setSession(now ?? null);
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

// A step-up gives the session a new cookie and token, to all tabs of the browser at once.
// What was on its way with the old ones, or has the old token, was refused, and is sent once
// more when the new ones are there; a session that has ended is refused again, for good.
let rotating = null, renewing = null;

async function renewed(mine) {
    await rotating;
    await once('GET', '/v2/session', undefined, {isSignIn: true}).then((now) => current === mine && sessionIs(now),
        () => new Promise((done) => { setTimeout(done, 300); }));
    renewing = null;
}

// isSignIn: a 401 is an answer there; that the token is an old one is none.
function isOld(err, opts) {
    return err instanceof ApiError && (err.field('X-CSRF-Token') !== undefined || (err.status === 401 && !opts.isSignIn));
}

async function fresh(method, path, body, opts) {
    const mine = current;
    const ask = (more) => {
        const asked = once(method, path, body, {...opts, ...more});
        rotating = opts.noStepUp ? asked.catch(() => {}) : rotating;
        return asked;
    };

    try {
        return await ask({isFirst: true});
    } catch (err) {
        if (mine === null || !isOld(err, opts)) {
            throw err;
        }
        renewing ??= renewed(mine);
        await renewing;
        if (current !== mine) {
            throw err; // somebody else has signed in meanwhile: it was not his request
        }
    }
    return ask({});
}

async function stepped(method, path, body, opts) {
    try {
        return await fresh(method, path, body, opts);
    } catch (err) {
        if (err instanceof ApiError && err.status === 403 && err.field('stepUp') !== undefined && askStepUp !== null &&
            !opts.noStepUp && await askStepUp(err)) {
            return fresh(method, path, body, opts);
        }
        throw err;
    }
}

// What comes late, a secret or a refusal, is for whom asked, and his page has gone: it must
// not open a dialog over the page of the next one.
async function call(method, path, body, opts = {}) {
    const mine = current;

    try {
        return await stepped(method, path, body, opts);
    } finally {
        if (mine !== null && current !== mine && !opts.isSignIn) {
            throw new DOMException('The session is another one.', 'AbortError'); // instead of either
        }
    }
}

function headersOf(method, opts, key) {
    const headers = {accept: 'application/json', ...opts.headers};

    if (method !== 'GET') {
        headers['content-type'] = 'application/json';
        if (current?.csrfToken) {
            headers['x-csrf-token'] = current.csrfToken;
        }
    }
    if (key !== null) {
        headers['idempotency-key'] = key;
    }
    return headers;
}

// The key goes when its answer has come.  A refusal is no such answer: it may be of the
// second try only (too many requests), and the platform keeps none.
function keyOf(what) {
    const key = lost.get(what) ?? crypto.randomUUID();

    lost.delete(what);
    lost.set(what, key); // the newest is the last
    if (lost.size > LOST_MAX) {
        lost.delete(lost.keys().next().value);
    }
    return key;
}

async function once(method, path, body, opts) {
    const text = body === undefined ? undefined : JSON.stringify(body), mine = current;
    const what = `${current?.user?.id} ${path} ${text}`, key = opts.once ? keyOf(what) : null;
    const late = new AbortController(), timer = setTimeout(() => late.abort(), PATIENCE_MS);

    try {
        const res = await fetch(path, {method, headers: headersOf(method, opts, key), body: text, credentials: 'same-origin', cache: 'no-store', redirect: 'error',
            signal: opts.signal ? AbortSignal.any([opts.signal, late.signal]) : late.signal});
        const answer = await answerOf(res, opts, mine);
        if (key !== null && lost.get(what) === key) {
            lost.delete(what);
        }
        return answer;
    } catch (err) {
        if (err instanceof ApiError || (opts.signal?.aborted && err.name === 'AbortError')) {
            throw err;
        }
        if (late.signal.aborted) {
            throw new ApiError(0, {message: 'The platform did not answer within a minute. What you asked for may have been done: look before you try again.'});
        }
        throw err instanceof SyntaxError ? err : new ApiError(0);
    } finally {
        clearTimeout(timer);
    }
}

async function answerOf(res, opts, mine) {
    if (res.status !== 401 && current !== null) {
        seenAt = Date.now();
    }
    if (!res.ok) {
        await refuse(res, opts, mine);
    }
    if (res.status === 204) {
        return null;
    }
    return opts.raw ? new Response(await res.arrayBuffer(), res) : res.json();
}

// mine: the session that asked.  A late answer to the one before does not end this one.
async function refuse(res, opts, mine) {
    const body = await res.json().catch(() => null);

    if (res.status === 401 && current !== null && current === mine && !opts.isSignIn && !opts.isFirst) {
        setSession(null); // it has ended: the shell shows the sign-in
    }
    throw new ApiError(res.status, body);
}
