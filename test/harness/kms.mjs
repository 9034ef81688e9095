// A test KMS: what AWS KMS does for Encrypt and Decrypt, over real HTTPS, and the four
// endpoints that give AWS credentials (STS, ECS, EKS, EC2).  Every signature is judged
// by AWS's own signer; `selftest` has AWS's own client judge this KMS.
//
//   node kms.mjs serve DIR     listens on loopback until SIGTERM; DIR/tls.pem tls.key ca.pem
//                              must exist; writes DIR/ports.json {"kms","http"}
//   node kms.mjs selftest DIR
//
// Control, on the http port: PUT /mode {"mode":..,"count":N,"only":"Encrypt"}, PUT /creds
// {"life":seconds}, GET /calls, GET /last: the secrets of the last answers, in hex of their
// bytes {"seal","text","secret","token"}, to be looked for where they must not be.  Keys
// are made of their names, so a KMS that was started anew opens what the old one wrapped,
// as AWS does.
import { createCipheriv, createDecipheriv, createHash, randomBytes, randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { Sha256 } from '@aws-crypto/sha256-js';
import { HttpRequest } from '@smithy/protocol-http';
import { SignatureV4 } from '@smithy/signature-v4';

export const REGION = 'eu-west-1';
const ACCOUNT = '111122223333';
export const arn = (id) => `arn:aws:kms:${REGION}:${ACCOUNT}:key/${id}`;
export const KEYS = ['11111111-1111-1111-1111-111111111111', '22222222-2222-2222-2222-222222222222'];
const ALIASES = { 'alias/store': KEYS[0], 'alias/other': KEYS[1] };
export const STATIC = { id: 'AKIATESTSTATIC000001', secret: 'static/secret+of=the-test-user-0123456789' };
const WEB_TOKEN = 'web.identity.token-of-the-pod';
const BOX_TOKEN = 'Basic token-of-the-task';

class Fault extends Error {
    constructor(type, message = type, status = 400) {
        super(message);
        this.type = type;
        this.status = status;
    }
}

const sha256 = (...parts) => createHash('sha256').update(parts.join('\0')).digest();
const hex = (x) => Buffer.from(x).toString('hex');
const skewed = (date) => Math.abs(Date.now() - date) > 300_000;

class Kms {
    constructor() {
        this.mode = { mode: 'ok', count: Infinity };
        this.life = 3600; // of temporary credentials, seconds
        this.users = new Map([[STATIC.id, { ...STATIC }]]);
        this.calls = [];
        this.last = {};
    }

    // ---- credentials

    issue(source) {
        const id = `ASIA${randomBytes(8).toString('hex').toUpperCase()}`;
        const user = {
            id, source, secret: randomBytes(30).toString('base64'),
            token: randomBytes(600).toString('base64'), expires: Date.now() + this.life * 1000,
        };
        this.users.set(id, user);
        Object.assign(this.last, { secret: hex(user.secret), token: hex(user.token) });
        this.calls.push({ op: `credentials.${source}`, at: Date.now() });
        return user;
    }

    // ---- signatures: AWS's own signer signs the same request again

    async whoSigned(req, body) {
        const auth = /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/
            .exec(req.headers.authorization ?? '');
        if (auth === null) throw new Fault('MissingAuthenticationToken');
        const [, id, , region, service, names] = auth;
        const user = this.users.get(id);
        if (user === undefined) throw new Fault('UnrecognizedClientException');
        const signed = names.split(';');
        for (const name of ['host', 'x-amz-date', 'x-amz-target']) {
            if (!signed.includes(name)) throw new Fault('IncompleteSignature', `${name} is not signed`);
        }
        if (region !== REGION || service !== 'kms') throw new Fault('IncompleteSignature', 'scope');
        const text = req.headers['x-amz-date'].replace(/^(....)(..)(..T..)(..)(..Z)$/, '$1-$2-$3:$4:$5');
        const date = new Date(text);
        if (skewed(date)) throw new Fault('InvalidSignatureException', `Signature expired: ${text}`);
        const headers = Object.fromEntries(signed.map((n) => [n, req.headers[n]]));
        const url = new URL(req.url, 'https://x');
        const again = await new SignatureV4({
            credentials: { accessKeyId: user.id, secretAccessKey: user.secret },
            region: REGION, service: 'kms', sha256: Sha256, applyChecksum: false,
        }).sign(new HttpRequest({ method: req.method, path: url.pathname, headers, body }),
            { signingDate: date, signableHeaders: new Set(signed), unsignableHeaders: new Set(['x-amz-content-sha256']) });
        if (again.headers.authorization.split('Signature=')[1] !== auth[6]) {
            throw new Fault('InvalidSignatureException', 'The request signature we calculated does not match');
        }
        if ((user.token ?? '') !== (req.headers['x-amz-security-token'] ?? '') ||
            (user.token !== undefined && !signed.includes('x-amz-security-token'))) {
            throw new Fault('UnrecognizedClientException');
        }
        if (user.expires !== undefined && user.expires < Date.now()) throw new Fault('ExpiredTokenException');
        return user;
    }

    // ---- the two operations

    keyId(name) {
        const tail = String(name).replace(`arn:aws:kms:${REGION}:${ACCOUNT}:`, '').replace(/^key\//, '');
        const id = ALIASES[tail] ?? tail;
        if (!KEYS.includes(id)) throw new Fault('NotFoundException', `Key '${name}' does not exist`);
        return id;
    }

    static context(c) {
        return Buffer.from(JSON.stringify(Object.entries(c ?? {}).sort()));
    }

    encrypt(o) {
        const id = this.keyId(o.KeyId);
        const iv = randomBytes(12);
        const c = createCipheriv('aes-256-gcm', sha256('test kms', id), iv);
        c.setAAD(Kms.context(o.EncryptionContext));
        const sealed = Buffer.concat([c.update(Buffer.from(o.Plaintext, 'base64')), c.final()]);
        const blob = Buffer.concat([Buffer.from([KEYS.indexOf(id)]), iv, c.getAuthTag(), sealed]);
        return { CiphertextBlob: blob.toString('base64'), KeyId: arn(id), EncryptionAlgorithm: 'SYMMETRIC_DEFAULT' };
    }

    decrypt(o) {
        const blob = Buffer.from(o.CiphertextBlob, 'base64');
        const id = KEYS[blob[0]];
        if (blob.length < 30 || id === undefined) throw new Fault('InvalidCiphertextException');
        if (o.KeyId !== undefined && this.keyId(o.KeyId) !== id) throw new Fault('IncorrectKeyException');
        const c = createDecipheriv('aes-256-gcm', sha256('test kms', id), blob.subarray(1, 13));
        c.setAAD(Kms.context(o.EncryptionContext));
        c.setAuthTag(blob.subarray(13, 29));
        try {
            const open = Buffer.concat([c.update(blob.subarray(29)), c.final()]);
            Object.assign(this.last, { seal: hex(open), text: hex(open.toString('base64')) });
            return { Plaintext: open.toString('base64'), KeyId: arn(id), EncryptionAlgorithm: 'SYMMETRIC_DEFAULT' };
        } catch {
            throw new Fault('InvalidCiphertextException');
        }
    }

    // ---- faults

    // The type and status of a mode that is one error of KMS.
    static error(mode) {
        return {
            denied: ['AccessDeniedException', 'User is not authorized to perform: kms:Decrypt'],
            disabled: ['DisabledException', 'the key is disabled'],
            deleted: ['KMSInvalidStateException', 'the key is pending deletion.'],
            missing: ['NotFoundException', 'no such key'],
            usage: ['InvalidKeyUsageException'],
            throttled: ['ThrottlingException', 'Rate exceeded'],
            internal: ['KMSInternalException', 'try again', 500],
            dependency: ['DependencyTimeoutException', 'try again', 503],
            skew: ['InvalidSignatureException', 'Signature expired: 20200101T000000Z is now earlier than'],
            expired: ['ExpiredTokenException', 'The security token included in the request is expired'],
            unknown: ['UnrecognizedClientException', 'The security token is invalid'],
            wrap: ['InvalidCiphertextException'],
        }[mode];
    }

    takeMode(op) {
        const { mode, only } = this.mode;
        if (mode === 'ok' || (only !== undefined && only !== op)) return 'ok';
        if (--this.mode.count <= 0) this.mode = { mode: 'ok', count: Infinity };
        return mode;
    }

    async answer(req, body) {
        const op = String(req.headers['x-amz-target']).replace('TrentService.', '');
        const user = await this.whoSigned(req, body);
        const mode = this.takeMode(op);
        this.calls.push({ op, mode, by: user.id, source: user.source ?? 'static', at: Date.now(),
            context: JSON.parse(body).EncryptionContext });
        const error = Kms.error(mode);
        if (error !== undefined) throw new Fault(...error);
        if (op === 'Encrypt') return [mode, this.encrypt(JSON.parse(body))];
        if (op === 'Decrypt') return [mode, this.decrypt(JSON.parse(body))];
        throw new Fault('UnknownOperationException');
    }
}

const read = async (req) => {
    const parts = [];
    for await (const part of req) parts.push(part);
    return Buffer.concat(parts);
};

// Modes that are no JSON of KMS at all.
const rude = {
    hang: () => {},
    early: (res) => { res.writeHead(200, { 'content-length': 500 }); res.write('{"Pl'); setTimeout(() => res.destroy(), 20); },
    huge: (res) => { res.writeHead(200, { 'content-length': 50_000_000 }); res.write(Buffer.alloc(1 << 20, 0x7b)); },
    html: (res) => { res.writeHead(200, { 'content-type': 'text/html' }); res.end('<html>please log in</html>'); },
    redirect: (res) => { res.writeHead(302, { location: 'https://127.0.0.1:1/' }); res.end(); },
    lie: (res, o) => { const p = randomBytes(32).toString('base64'); res.end(JSON.stringify({ ...o, Plaintext: p })); },
};

const xml = (u) => `<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>` +
    `<AccessKeyId>${u.id}</AccessKeyId><SecretAccessKey>${u.secret}</SecretAccessKey><SessionToken>${u.token}</SessionToken>` +
    `<Expiration>${new Date(u.expires).toISOString()}</Expiration></Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`;
const json = (u) => JSON.stringify({ Code: 'Success', AccessKeyId: u.id, SecretAccessKey: u.secret, Token: u.token,
    Expiration: new Date(u.expires).toISOString() });

function sts(kms, res, body) {
    const form = new URLSearchParams(body.toString());
    if (form.get('Action') !== 'AssumeRoleWithWebIdentity' || form.get('WebIdentityToken') !== WEB_TOKEN) {
        res.writeHead(400);
        return res.end('<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>');
    }
    return res.end(xml(kms.issue('sts')));
}

async function onKms(kms, req, res) {
    const body = await read(req);
    res.setHeader('x-amzn-RequestId', randomUUID());
    if (String(req.headers['content-type']).startsWith('application/x-www-form')) return sts(kms, res, body);
    try {
        const [mode, o] = await kms.answer(req, body);
        const text = JSON.stringify(o);
        res.setHeader('content-type', 'application/x-amz-json-1.1');
        if (rude[mode] !== undefined) return rude[mode](res, o);
        res.setHeader('content-length', Buffer.byteLength(text));
        return res.end(text);
    } catch (e) {
        if (!(e instanceof Fault)) throw e;
        kms.calls.push({ op: 'error', type: e.type, at: Date.now() });
        res.writeHead(e.status, { 'content-type': 'application/x-amz-json-1.1' });
        return res.end(JSON.stringify({ __type: e.type, message: e.message }));
    }
}

const META = '/latest/meta-data/iam/security-credentials/';

async function onHttp(kms, req, res) {
    const body = await read(req);
    const at = `${req.method} ${req.url}`;
    const refuse = (status) => { res.writeHead(status, { 'content-length': 0 }); res.end(); };
    if (at === 'PUT /mode') kms.mode = { count: Infinity, ...JSON.parse(body) };
    else if (at === 'PUT /creds') kms.life = JSON.parse(body).life;
    else if (at === 'GET /calls') return res.end(JSON.stringify(kms.calls));
    else if (at === 'GET /last') return res.end(JSON.stringify(kms.last));
    else if (at === 'GET /task') return req.headers.authorization === BOX_TOKEN ? res.end(json(kms.issue('container'))) : refuse(403);
    else if (at === 'PUT /latest/api/token') return res.end('token-of-the-instance');
    else if (req.headers['x-aws-ec2-metadata-token'] !== 'token-of-the-instance') return refuse(401);
    else if (at === `GET ${META}`) return res.end('the-role');
    else if (at === `GET ${META}the-role`) return res.end(json(kms.issue('ec2')));
    else return refuse(404);
    return res.end();
}

const listen = (server) => new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve(server.address().port));
});

export async function serve(dir, port = 0) {
    const kms = new Kms();
    const tls = { cert: readFileSync(`${dir}/tls.pem`), key: readFileSync(`${dir}/tls.key`) };
    const guard = (f) => (req, res) => f(kms, req, res).catch((e) => { console.error(e); res.destroy(); });
    const a = https.createServer(tls, guard(onKms));
    const b = http.createServer(guard(onHttp));
    const ports = { http: await listen(b) };
    if (port !== 0) await new Promise((resolve) => { a.listen(port, '127.0.0.1', resolve); });
    ports.kms = port !== 0 ? port : await listen(a);
    return { kms, ports, close: () => { a.closeAllConnections(); b.closeAllConnections(); a.close(); b.close(); } };
}

// ---- AWS's own client against this KMS

async function selftest(dir) {
    const { KMSClient, EncryptCommand, DecryptCommand } = await import('@aws-sdk/client-kms');
    const { NodeHttpHandler } = await import('@smithy/node-http-handler');
    const server = await serve(dir);
    const handler = new NodeHttpHandler({ httpsAgent: new https.Agent({ ca: readFileSync(`${dir}/ca.pem`) }) });
    const client = (secretAccessKey, accessKeyId = STATIC.id, sessionToken = undefined) => new KMSClient({
        region: REGION, endpoint: `https://127.0.0.1:${server.ports.kms}`, requestHandler: handler, maxAttempts: 1,
        credentials: { accessKeyId, secretAccessKey, sessionToken },
    });
    const right = client(STATIC.secret);
    const EncryptionContext = { device: 'a', purpose: 'b' };
    const Plaintext = randomBytes(32);
    const wrapped = await right.send(new EncryptCommand({ KeyId: arn(KEYS[0]), Plaintext, EncryptionContext }));
    const open = (c, more = {}) => c.send(new DecryptCommand({ CiphertextBlob: wrapped.CiphertextBlob, EncryptionContext, ...more }));
    const fails = async (name, promise) => {
        const seen = await promise.then(() => 'success', (e) => e.name);
        if (seen !== name) throw new Error(`AWS's client saw ${seen}, not ${name}`);
        console.log(`ok    AWS's client: ${name}`);
    };
    const back = await open(right, { KeyId: arn(KEYS[0]) });
    if (!Plaintext.equals(Buffer.from(back.Plaintext)) || back.KeyId !== arn(KEYS[0])) throw new Error('round trip');
    console.log('ok    AWS\'s client: Encrypt and Decrypt');
    await fails('InvalidCiphertextException', open(right, { EncryptionContext: { device: 'b', purpose: 'b' } }));
    await fails('IncorrectKeyException', open(right, { KeyId: arn(KEYS[1]) }));
    await fails('NotFoundException', open(right, { KeyId: arn('33333333-3333-3333-3333-333333333333') }));
    await fails('InvalidSignatureException', open(client('another secret')));
    await fails('UnrecognizedClientException', open(client(STATIC.secret, 'AKIAUNKNOWN')));
    const temporary = server.kms.issue('selftest');
    await open(client(temporary.secret, temporary.id, temporary.token));
    await fails('UnrecognizedClientException', open(client(temporary.secret, temporary.id, 'wrong')));
    temporary.expires = Date.now() - 1;
    await fails('ExpiredTokenException', open(client(temporary.secret, temporary.id, temporary.token)));
    for (const mode of ['denied', 'disabled', 'deleted', 'missing', 'throttled', 'internal', 'dependency']) {
        server.kms.mode = { mode, count: 1 };
        await fails(Kms.error(mode)[0], open(right));
    }
    server.close();
}

const [, , command, dir, port] = process.argv;
if (command === 'serve') {
    const server = await serve(dir, Number(port ?? 0));
    writeFileSync(`${dir}/ports.json`, JSON.stringify(server.ports));
    process.on('SIGTERM', () => { server.close(); process.exit(0); });
} else if (command === 'selftest') {
    await selftest(dir);
}
