// lib/verify.js over a key, receipts and requests made here, by node's own cryptography:
// what is right is said to be right, and each thing that is changed or missing is seen.
// Imported by lib.mjs.
import assert from 'node:assert/strict';
import {createHash, generateKeyPairSync, randomBytes, sign} from 'node:crypto';
import {checkKey, checkRequest} from '../../src/platform/console/lib/verify.js';

const sha256 = (...parts) => createHash('sha256').update(Buffer.concat(parts)).digest();
const u32 = (n) => Buffer.from([n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255]);
const enc = (items) => Buffer.concat([u32(items.length), ...items.flatMap((x) => [u32(x.length), x])]);
const byte = (n) => Buffer.from([n]);

function th(tag, ...items) {
    const t = sha256(Buffer.from(`cloudsign/1/${tag}`));
    return sha256(t, t, enc(items));
}

const person = () => {
    const {publicKey, privateKey} = generateKeyPairSync('ed25519');
    return {raw: publicKey.export({type: 'spki', format: 'der'}).subarray(-32), sign: (m) => sign(null, m, privateKey)};
};
const hex = (b) => Buffer.from(b).toString('hex');
const uuid = (b) => hex(b).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');

// Three members and an Ed25519 key, whole.
export function world() {
    const nodes = [person(), person(), person()], key = person(), id = randomBytes(16);
    const [sid, ds, chain, tr1, tr2] = Array.from({length: 5}, () => randomBytes(32));
    const shares = [1, 2, 3].map(() => randomBytes(32)), small = Buffer.from([2, 1, 3, 2]), epoch = u32(0);
    const content = th('dkg/cert', sid, ds, id, epoch, ...[...small].map(byte), key.raw, enc(shares), chain, tr1, tr2);
    const hash = th('cert', content);
    const certificate = Buffer.concat([byte(1), sid, ds, id, epoch, small, key.raw, ...shares, chain, tr1, tr2, ...nodes.map((n) => n.sign(content))]);
    const pairs = [[1, 2], [1, 3], [2, 3]];

    return {nodes, key, id,
        wallet: {publicKey: hex(key.raw), signatureScheme: 'ED25519', keyAlgorithm: 'ED25519'},
        members: nodes.map((n, i) => ({playerId: i + 1, publicKey: hex(n.raw)})),
        proof: {keyId: uuid(id), certificate: hex(certificate),
            receipts: Object.fromEntries(nodes.map((n, i) => [i + 1, hex(n.sign(th('dkg/ack', hash, byte(i + 1))))])),
            checkSignatures: Object.fromEntries(pairs.map((p) => [p.join('-'), hex(key.sign(th('check', hash, enc(p.map(byte)))))]))}};
}

export function request(w) {
    const id = randomBytes(16), digest = randomBytes(32), reqh = randomBytes(32), signature = w.key.sign(digest);
    const receipt = (player) => ({playerId: player, requestHash: hex(reqh), receipt: hex(w.nodes[player - 1].sign(th('receipt', id, reqh, w.id, signature)))});

    return {id: uuid(id), signingPayloads: [{inputIndex: 0, signingHash: hex(digest), signature: hex(signature)}], receipts: [receipt(1), receipt(3)]};
}

const flip = (text) => (text[0] === '0' ? '1' : '0') + text.slice(1);
const words = (rows) => rows.map((r) => String(r.ok)).join(' ');

export async function proofs(ok) {
    const w = world(), good = await checkKey(w);
    assert.equal(words(good), 'true true true null true true true');
    assert.match(good.find((r) => r.ok === null).text, /address/);
    ok('a right certificate: all fits, and the address is said not to be part of it');

    const bad = async (what, change) => {
        const spoiled = structuredClone({wallet: w.wallet, proof: w.proof, members: w.members});
        change(spoiled);
        const rows = await checkKey(spoiled).catch(() => [{ok: false}]);
        assert.ok(rows.some((r) => r.ok === false), what);
    };
    await bad('another public key', (s) => { s.wallet.publicKey = flip(s.wallet.publicKey); });
    await bad('another key id', (s) => { s.proof.keyId = flip(s.proof.keyId); });
    await bad('another scheme', (s) => { s.wallet.signatureScheme = 'ECDSA'; });
    await bad('a changed certificate', (s) => { s.proof.certificate = s.proof.certificate.slice(0, 2) + flip(s.proof.certificate.slice(2)); });
    await bad('bytes behind the certificate', (s) => { s.proof.certificate += '00'; });
    await bad('a cut certificate', (s) => { s.proof.certificate = s.proof.certificate.slice(0, -2); });
    for (const player of [1, 2, 3]) {
        await bad(`no receipt of ${player}`, (s) => { delete s.proof.receipts[player]; });
        await bad(`a wrong receipt of ${player}`, (s) => { s.proof.receipts[player] = flip(s.proof.receipts[player]); });
        await bad(`another identity of ${player}`, (s) => { s.members[player - 1].publicKey = hex(person().raw); });
    }
    await bad('no check signature', (s) => { delete s.proof.checkSignatures['1-3']; });
    await bad('a wrong check signature', (s) => { s.proof.checkSignatures['2-3'] = s.proof.checkSignatures['1-2']; });
    await bad('one member less', (s) => { s.members.pop(); });
    await bad('no members', (s) => { s.members = []; });
    await bad('one member three times', (s) => { s.members = [s.members[0], s.members[0], s.members[0]]; });
    ok('a certificate of which anything is changed or missing does not fit');

    await requests(w, ok);
}

async function requests(w, ok) {
    const tx = request(w), all = {wallet: w.wallet, keyId: w.proof.keyId, members: w.members};
    const said = async (change, over = {}) => {
        const t = structuredClone(tx);
        change?.(t);
        return words(await checkRequest({...all, ...over, tx: t}));
    };
    assert.equal(await said(), 'true true true');
    assert.equal(await said((t) => { t.signingPayloads[0].signingHash = flip(t.signingPayloads[0].signingHash); }), 'false true true');
    assert.equal(await said((t) => { t.id = flip(t.id); }), 'true false false');
    assert.equal(await said((t) => { t.receipts[1].requestHash = flip(t.receipts[1].requestHash); }), 'true true false');
    assert.equal(await said((t) => { t.receipts = []; }), 'true null', 'missing receipts are not silent');
    assert.equal(await said((t) => { t.receipts.pop(); }), 'true true', 'one signer learns the signature: it gives the only receipt');
    assert.equal(await said((t) => { t.receipts.pop(); t.receipts[0].receipt = flip(t.receipts[0].receipt); }), 'true false', 'the only receipt, changed');
    assert.equal(await said((t) => { delete t.receipts; }), 'true null', 'no receipts at all');
    assert.equal(await said((t) => { t.receipts[0].playerId = 7; }), 'true false true', 'a receipt of nobody');
    assert.equal(await said(null, {members: []}), 'true null', 'members that could not be read');
    assert.equal(await said(null, {keyId: null}), 'true null', 'a key id that is not known is not guessed');
    assert.equal(await said((t) => { delete t.signingPayloads[0].signature; }), 'false', 'a part without a signature');
    assert.equal(await said((t) => { t.signingPayloads = []; }), 'false', 'no part at all');
    ok('a request: signature and receipts, and nothing is right that is not there');

    const {importKey} = crypto.subtle;
    crypto.subtle.importKey = () => Promise.reject(new DOMException('no Ed25519', 'NotSupportedError'));
    try {
        assert.equal(await said(), 'null null null', 'a browser without Ed25519');
        assert.ok(!(await checkKey(w)).slice(3).some((r) => r.ok === true));
    } finally {
        crypto.subtle.importKey = importKey;
    }
    ok('without Ed25519 nothing is said to be right');
}
