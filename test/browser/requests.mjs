// lib/api.js before a platform that loses answers, is slow, rotates its tokens and sees its
// users change.  Imported by lib.mjs.
import assert from 'node:assert/strict';
import * as api from '../../src/platform/console/lib/api.js';

const json = (status, body) => new Response(status === 204 ? null : JSON.stringify(body), {status, headers: {'next-page-token': 'n'}});
const csrf = () => json(403, {code: 7, message: 'an old token', details: [{field: 'X-CSRF-Token', reason: 'an old token'}]});
const signIn = (id, csrfToken = 'new') => api.setSession({user: {id}, csrfToken});
const soon = (ms = 0) => new Promise((done) => { setTimeout(done, ms); });

// The platform of a test: answer(method, path, headers, signal), and what it was asked.
function platform(answer) {
    const asked = [];

    globalThis.fetch = async (path, o) => {
        asked.push(`${o.method} ${path}`);
        return answer(o.method, path, o.headers, o.signal);
    };
    return asked;
}

// Another tab stepped up: this one's token is an old one, also for what is asked as a sign-in.
async function oldTokens(ok) {
    let user = 'u1';
    const asked = platform((method, path, headers) => {
        if (method === 'GET') {
            return json(200, {user: {id: user}, csrfToken: 'new'});
        }
        return headers['x-csrf-token'] !== 'new' ? csrf() : path === '/v2/session/password' ? json(401, {message: 'wrong'}) : json(204);
    });
    const count = () => asked.splice(0).length;

    signIn('u1', 'old');
    await api.del('/v2/session', {isSignIn: true});
    assert.deepEqual(asked.splice(0), ['DELETE /v2/session', 'GET /v2/session', 'DELETE /v2/session']);
    signIn('u1', 'old');
    await api.post('/v2/session/step-up', {code: '1'}, {noStepUp: true, isSignIn: true});
    assert.equal(count(), 3);
    signIn('u1', 'old');
    await assert.rejects(api.post('/v2/session/password', {}, {isSignIn: true}), {status: 401});
    assert.equal(count(), 3);
    await assert.rejects(api.post('/v2/session/password', {}, {isSignIn: true}), {status: 401});
    assert.equal(count(), 1, 'a wrong password is an answer');
    assert.equal(api.session().user.id, 'u1');
    signIn('u1', 'old');
    user = 'u2';
    await assert.rejects(api.del('/v2/session', {isSignIn: true}), {status: 403});
    assert.deepEqual(asked, ['DELETE /v2/session', 'GET /v2/session'], 'nobody else is signed out');
    ok('a sign-out, a step-up and a new password go on with the token of another tab');
}

// A body that breaks off or stalls is the platform's fault and is told, raw ones as well.
async function bodies(ok) {
    const body = (start) => new Response(new ReadableStream({start}), {headers: {'next-page-token': 'n'}});
    const later = globalThis.setTimeout;

    signIn('u1');
    platform(() => json(200, [1]));
    const res = await api.get('/v2/devices', {raw: true});
    assert.deepEqual([await res.json(), res.headers.get('next-page-token'), res.status], [[1], 'n', 200]);
    platform(() => body((c) => c.error(new TypeError('broken off'))));
    for (const raw of [true, false]) {
        await assert.rejects(api.get('/v2/devices', {raw}).then((r) => r.text()), {status: 0});
    }
    platform((method, path, headers, signal) => body((c) => signal.addEventListener('abort', () => c.error(signal.reason))));
    globalThis.setTimeout = (fn, ms) => later(fn, ms / 1000);
    try {
        for (const raw of [true, false]) {
            const read = api.get('/v2/devices', {raw}).then((r) => r.text());
            await assert.rejects(Promise.race([read, new Promise((_, no) => { later(no, 2000, new Error('for ever')); })]), /within a minute/);
        }
    } finally {
        globalThis.setTimeout = later;
    }
    ok('a body that breaks off or stalls is told, also of an export');
}

// Each request keeps its own key until its answer has come.
async function keys(ok) {
    const used = [];
    let status = 0;
    platform((method, path, headers) => {
        used.push(headers['idempotency-key']);
        if (status === 0) {
            throw new TypeError('lost');
        }
        return json(status, {});
    });
    const ask = async (name, answer) => {
        status = answer;
        await api.post('/v2/vaults', {name}, {once: true}).catch(() => {});
        return used.at(-1);
    };

    signIn('u1');
    const a = await ask('a', 0);
    assert.ok(a.length >= 32);
    assert.notEqual(await ask('b', 200), a);
    assert.equal(await ask('a', 429), a, 'a refusal of the second try');
    assert.equal(await ask('a', 200), a, 'after another request was answered');
    const next = await ask('a', 0);
    assert.notEqual(next, a, 'what was answered is over');
    for (let i = 0; i < 19; i++) {
        await ask(`c${i}`, 0);
    }
    assert.equal(await ask('a', 0), next, 'twenty are kept');
    for (let i = 0; i < 20; i++) {
        await ask(`d${i}`, 0);
    }
    assert.notEqual(await ask('a', 0), next, 'not more');
    ok('a lost answer keeps its key, whatever is asked between');
}

// An answer to whom has gone is nobody's.
async function lateAnswers(ok) {
    let answer = null;
    platform(() => new Promise((done) => { answer = done; }));

    for (const late of [json(200, {clientSecret: 's'}), json(409, {message: 'name: is there'})]) {
        signIn('u1');
        const made = api.post('/v2/credentials', {name: 'x'});
        await soon();
        signIn('u2');
        answer(late);
        await assert.rejects(made, {name: 'AbortError'});
    }
    signIn('u1');
    const codes = api.post('/v2/session/enrol', {}, {isSignIn: true});
    await soon();
    signIn('u2');
    answer(json(200, {recoveryCodes: ['1']}));
    assert.deepEqual(await codes, {recoveryCodes: ['1']});
    signIn('u2');
    const own = api.get('/v2/devices');
    await soon();
    api.sessionIs({user: {id: 'u2'}, csrfToken: 'newer'}); // a step-up is the same session
    answer(json(200, [1]));
    assert.deepEqual(await own, [1]);
    ok('a late answer is not handed to the next user');
}

export async function requests(ok) {
    for (const test of [oldTokens, bodies, keys, lateAnswers]) {
        await test(ok);
    }
    api.setSession(null);
}
