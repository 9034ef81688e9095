// lib/verify.js over a key, receipts and requests made here, by node's own cryptography:
// what is right is said to be right, and each thing that is changed or missing is seen.
// Imported by lib.mjs.
import assert from 'node:assert/strict';
import {createHash, generateKeyPairSync, randomBytes, sign} from 'node:crypto';
import {checkDerived, checkKey, checkRequest, compact} from '../../src/platform/console/lib/verify.js';
import {existsSync, readFileSync} from 'node:fs';
import {addressOf, derive} from '../../src/platform/console/lib/address.js';
import {keccak256, ripemd160} from '../../src/platform/console/lib/hashes.js';
import {ecdsaVerify} from '../../src/platform/console/lib/secp256k1.js';

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

// The key 1 on secp256k1, by hand: with the nonce 1, r is the x of the public key, s = z + r.
const G = Buffer.from('0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798', 'hex');
const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const number = (b) => BigInt(`0x${hex(b)}`);
const ONE = {raw: G, curve: 'SECP256K1', scheme: 'ECDSA', sign(digest) {
    const s = (number(digest) + number(G.subarray(1))) % ORDER, low = s > ORDER / 2n ? ORDER - s : s;
    return Buffer.concat([G.subarray(1), Buffer.from(low.toString(16).padStart(64, '0'), 'hex')]);
}};

// Three members and a key, whole: an Ed25519 one when none is given.
export function world(who = [0, 1, 2], t = 2, key = person()) {
    const people = [person(), person(), person()], nodes = who.map((i) => people[i]), id = randomBytes(16);
    const [sid, ds, chain, tr1, tr2] = Array.from({length: 5}, () => randomBytes(32));
    const shares = [1, 2, 3].map(() => randomBytes(key.raw.length)), small = Buffer.from([...key === ONE ? [1, 2] : [2, 1], 3, t]), epoch = u32(0);
    const content = th('dkg/cert', sid, ds, id, epoch, ...[...small].map(byte), key.raw, enc(shares), chain, tr1, tr2);
    const hash = th('cert', content);
    const certificate = Buffer.concat([byte(1), sid, ds, id, epoch, small, key.raw, ...shares, chain, tr1, tr2, ...nodes.map((n) => n.sign(content))]);
    const pairs = [[1, 2], [1, 3], [2, 3]];

    return {nodes, key, id, chain,
        wallet: {publicKey: hex(key.raw), signatureScheme: key.scheme ?? 'ED25519', keyAlgorithm: key.curve ?? 'ED25519'},
        members: nodes.map((n, i) => ({playerId: i + 1, publicKey: hex(n.raw)})),
        proof: {keyId: uuid(id), certificate: hex(certificate),
            receipts: Object.fromEntries(nodes.map((n, i) => [i + 1, hex(n.sign(th('dkg/ack', hash, byte(i + 1))))])),
            checkSignatures: Object.fromEntries(pairs.map((p) => [p.join('-'), hex(key.sign(th('check', hash, enc(p.map(byte)))))]))}};
}

export function request(w) {
    const id = randomBytes(16), digest = randomBytes(32), reqh = randomBytes(32), signature = w.key.sign(digest);
    const receipt = (player) => ({playerId: player, requestHash: hex(reqh), receipt: hex(w.nodes[player - 1].sign(th('receipt', id, reqh, w.id, signature)))});

    return {id: uuid(id), signingHash: hex(digest), signingPayloads: [{inputIndex: 0, signingHash: hex(digest), signature: hex(signature)}], receipts: [receipt(1), receipt(3)]};
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
        const rows = await checkKey(spoiled); // never throws: an error box is no verdict
        assert.ok(rows.some((r) => r.ok === false), what);
        return rows;
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
    // Two members with one identity: one node would have signed for two.
    const twice = world([0, 0, 2]);
    assert.ok((await checkKey(twice)).some((r) => r.ok === false), 'one identity key counts once');
    assert.equal(words(await checkKey(world([0, 1, 2], 3))), 'true true false null true true true', 'another threshold');
    for (const [what, change] of Object.entries({
        'no proof': (s) => { s.proof = null; }, 'no certificate': (s) => { delete s.proof.certificate; },
        'no receipts': (s) => { s.proof.receipts = null; }, 'a receipt that is a number': (s) => { s.proof.receipts[2] = 5; },
        'a receipt that is empty': (s) => { s.proof.receipts[2] = ''; }, 'no check signatures': (s) => { delete s.proof.checkSignatures; },
        'a check signature that is null': (s) => { s.proof.checkSignatures['1-2'] = null; }, 'no key id': (s) => { delete s.proof.keyId; },
        'members that are none': (s) => { s.members = null; }, 'members that are no list': (s) => { s.members = {length: 3}; },
        'a member that is null': (s) => { s.members[1] = null; }, 'a member without a key': (s) => { delete s.members[0].publicKey; },
        'a member 1.5': (s) => { s.members[0].playerId = 1.5; }, 'a member "1"': (s) => { s.members[0].playerId = '1'; },
        'a member 4': (s) => { s.members[0].playerId = 4; }, 'no wallet key': (s) => { delete s.wallet.publicKey; }})) {
        await bad(what, change);
    }
    const none = await bad('no members at all', (s) => { s.members = []; });
    assert.equal(none.filter((r) => /^All \d nodes/.test(r.text) && r.ok === true).length, 0, 'nobody is not everybody');
    ok('what is missing or of another kind does not fit, and is no fault of the page');
    const solana = {blockchain: 'SOLANA', address: await addressOf({...w.wallet, blockchain: 'SOLANA'})}, theirs = await addressOf({...world().wallet, blockchain: 'SOLANA'});
    assert.equal(words(await checkKey({...w, wallet: {...w.wallet, ...solana}})), 'true true true true true true true');
    for (const address of [theirs, solana.address.toLowerCase(), '', undefined, null]) {
        assert.equal(words(await checkKey({...w, wallet: {...w.wallet, blockchain: 'SOLANA', address}})), 'true true true false true true true', `another address: ${address}`);
    }
    ok('an address that is not the key’s is seen');
    signatures(ok);
    await addresses(ok);

    await requests(w, ok);
}

// Hashes by node's own; addresses as published by other libraries (vectors/chains).
const FORMS = {'BITCOIN p2wpkh': 'P2WPKH', 'BITCOIN p2tr': 'P2TR', 'LITECOIN p2wpkh': '', 'DOGECOIN p2pkh': '', 'DASH p2pkh': '', 'ETHEREUM eip55': '', 'TRON base58check': '',
    'XRP_LEDGER classic': '', 'SOLANA base58': '', 'NEAR implicit': '', 'COSMOS_HUB bech32-cosmos': '', 'OSMOSIS bech32-osmo': '', 'CELESTIA bech32-celestia': '', 'DYDX bech32-dydx': '',
    'AXELAR bech32-axelar': '', 'SEI bech32-sei': ''};
const VECTORS = `${process.env.CS_SHARED_VECTORS ?? '.'}/chains/addresses.json`; // set by ctest

async function addresses(ok) {
    for (const length of [0, 1, 55, 56, 63, 64, 65, 119, 120, 135, 136, 137, 271, 272, 500]) {
        const bytes = Uint8Array.from({length}, (_, i) => (i * 7 + length) & 255);
        assert.equal(hex(ripemd160(bytes)), createHash('ripemd160').update(bytes).digest('hex'), `ripemd160 of ${length}`);
    }
    // Node has no Keccak as Ethereum has it; these are of the Keccak team and EIP-55.
    assert.equal(hex(keccak256(new Uint8Array(0))), 'c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470');
    assert.equal(hex(keccak256(new TextEncoder().encode('abc'))), '4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45');
    const one = {publicKey: '0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798', keyAlgorithm: 'SECP256K1'}; // of the private key 1
    assert.equal(await addressOf({...one, blockchain: 'ETHEREUM'}), '0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf');
    assert.equal(await addressOf({...one, blockchain: 'BITCOIN', addressType: 'P2WPKH'}), 'bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4');
    assert.equal(await addressOf({...one, blockchain: 'FILECOIN'}), null, 'a blockchain that is not worked out here');
    assert.equal(await addressOf({...one, blockchain: 'constructor'}), null);
    assert.equal(await addressOf({...one, blockchain: 'SOLANA'}), null, 'not with this curve');
    for (const publicKey of [undefined, '', 'zz', one.publicKey.slice(2), `${one.publicKey}00`, `04${one.publicKey.slice(2)}`, `02${'00'.repeat(31)}05`, `02${'ff'.repeat(32)}`]) {
        await assert.rejects(addressOf({...one, blockchain: 'ETHEREUM', publicKey}), `a key that is none: ${publicKey}`);
    }
    await children(ok, one);
    if (!existsSync(VECTORS)) {
        console.log(`SKIPPED: addresses of other libraries: no ${VECTORS} (CS_SHARED_VECTORS)`);
        return;
    }
    let n = 0;
    for (const a of JSON.parse(readFileSync(VECTORS)).addresses) {
        const addressType = FORMS[`${a.chain} ${a.format}`];
        if (addressType !== undefined && ['mainnet', 'any'].includes(a.network)) {
            assert.equal(await addressOf({publicKey: a.publicKey, blockchain: a.chain, keyAlgorithm: a.curve.toUpperCase(), addressType}), a.address, a.id);
            n++;
        }
    }
    assert.ok(n > 250, `only ${n} addresses`);
    ok(`${n} addresses of ${Object.keys(FORMS).length} forms are as other libraries make them`);
}

// Derived keys: the non-hardened steps of BIP 32's own vectors (1: m/0'/1, 2: m/0), and what
// a lying platform could show.
async function children(ok, one) {
    const bytes = (text) => Uint8Array.from(Buffer.from(text, 'hex'));
    for (const [parent, code, path, child] of [
        ['035a784662a4a20a65bf6aab9ae98a6c068a81c52e4b032c0fb5400c706cfccc56', '47fdacbd0f1097043b78c63c20c34ef4ed9a111d980047ad16282c7ae6236141', 'm/1', '03501e454bf00751f24b1b489aa925215d66af2234e3891c3b21a52bedb3cd711c'],
        ['03cbcaa9c98c877a26977d00825c956a238e8dddfbd322cce4f74b0b5bd6ace4a7', '60499f801b896d83179a4374aeb7822aaeaceaa0db1f85ee3e904c4defbd9689', 'm/0', '02fc9e5af0ac8d9b3cecfe2a888e2117ba3d089d8585886c9c826b6b22a98d12ea']]) {
        assert.equal(hex(await derive(bytes(parent), bytes(code), path)), child);
    }
    assert.equal(hex(await derive(bytes(one.publicKey), randomBytes(32), 'm')), one.publicKey);
    for (const path of ['', '0/1', 'm/', "m/0'", 'm/-1', 'm/1e3', 'm/2147483648', 'm/0/', `m${'/0'.repeat(11)}`, undefined]) {
        await assert.rejects(derive(bytes(one.publicKey), randomBytes(32), path), `no path: ${path}`);
    }
    const w = world([0, 1, 2], 2, ONE), wallet = {...w.wallet, blockchain: 'ETHEREUM', address: await addressOf({...w.wallet, blockchain: 'ETHEREUM'})};
    const childOf = async (chain) => {
        const publicKey = hex(await derive(bytes(one.publicKey), chain, 'm/0/5'));
        return {derivationPath: 'm/0/5', publicKey, address: await addressOf({...wallet, publicKey})};
    };
    const derived = await childOf(w.chain), {proof, members} = w;
    const said = async (over, base = {}) => (await checkDerived({wallet, proof, members, ...base, derived: {...derived, ...over}})).map((r) => String(r.ok)).join();
    assert.equal(words(await checkKey({wallet, proof, members})), 'true true true true true true true');
    assert.equal(await said({}), 'true');
    for (const over of [{derivationPath: 'm/0/6'}, {publicKey: one.publicKey}, {address: wallet.address}, {address: undefined}, {publicKey: undefined}, {derivationPath: null}]) {
        assert.equal(await said(over), 'false', JSON.stringify(over));
    }
    for (const [what, base] of Object.entries({'no proof': {proof: null}, 'a certificate of another key': {wallet: {...wallet, publicKey: derived.publicKey}}, 'no members': {members: []},
        'members that were not read': {members: undefined}, 'members of another quorum': {members: world().members}, 'no check signatures': {proof: {...proof, checkSignatures: {}}},
        'no receipts': {proof: {...proof, receipts: {}}}})) {
        assert.match(await said({}, base), /^false(,false)*$/, what);
    }
    // The same key, with a chain code that no node signed, and the address that follows from it.
    const chain = randomBytes(32);
    assert.match(await said(await childOf(chain), {proof: {...proof, certificate: proof.certificate.replace(hex(w.chain), hex(chain))}}), /^false(,false)*$/, 'another chain code');
    assert.equal(await said({}, {wallet: {...wallet, blockchain: 'FILECOIN'}}), 'true');
    await blind(async () => {
        assert.equal(await said({}), 'null', 'a browser without Ed25519');
        assert.equal(await said({address: wallet.address}), 'false');
    });
    ok('a derived address follows from key, chain code and path, or is refused');
}

// ECDSA on secp256k1 by node's own cryptography; DER only as everybody else takes it.
function signatures(ok) {
    const {publicKey, privateKey} = generateKeyPairSync('ec', {namedCurve: 'secp256k1'});
    const jwk = publicKey.export({format: 'jwk'}), x = Buffer.from(jwk.x, 'base64url'), y = Buffer.from(jwk.y, 'base64url');
    const point = Uint8Array.from([2 + (y[31] & 1), ...x]), text = randomBytes(40), digest = new Uint8Array(sha256(text));
    const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
    const num = (b) => BigInt(`0x${hex(b)}`), bytes = (n) => Uint8Array.from(Buffer.from(n.toString(16).padStart(64, '0'), 'hex'));
    const raw = new Uint8Array(sign('sha256', text, {key: privateKey, dsaEncoding: 'ieee-p1363'}));
    const r = raw.slice(0, 32), s = num(raw.slice(32)), low = bytes(s > order / 2n ? order - s : s), high = bytes(order - num(low));
    const both = (a, b) => Uint8Array.from([...a, ...b]), zero = new Uint8Array(32), n = bytes(order);

    assert.equal(ecdsaVerify(point, digest, both(r, low)), true);
    for (const [what, sig] of Object.entries({'high s': both(r, high), 's = 0': both(r, zero), 'r = 0': both(zero, low), 's = n': both(r, n), 'r = n': both(n, low),
        'a byte more': both(both(r, low), [0]), 'a byte less': both(r, low).slice(0, 63), nothing: new Uint8Array(0)})) {
        assert.equal(ecdsaVerify(point, digest, sig), false, what);
    }
    assert.equal(ecdsaVerify(point, digest.slice(0, 31), both(r, low)), false, 'a short digest');
    for (const [what, key] of Object.entries({'no point with this x': Uint8Array.from([2, ...bytes(5n)]), 'x = p': Uint8Array.from([2, ...bytes(2n ** 256n - 2n ** 32n - 977n)]),
        'the other y': Uint8Array.from([5 - point[0], ...x]), 'another first byte': Uint8Array.from([4, ...x]), 'the point at infinity': Uint8Array.from([0])})) {
        assert.equal(ecdsaVerify(key, digest, both(r, low)), false, what);
    }
    ok('ECDSA: what node signs verifies; high s, zeros, n, other lengths and what is no point do not');

    const der = (a, b) => Uint8Array.from([0x30, 4 + a.length + b.length, 2, a.length, ...a, 2, b.length, ...b]);
    const plain = (byte, length = 32) => new Uint8Array(length).fill(byte), good = der(plain(0x11), plain(0x22));
    assert.equal(hex(compact(good, 'ECDSA')), '11'.repeat(32) + '22'.repeat(32));
    assert.equal(hex(compact(der([0, ...plain(0x91)], [5]), 'ECDSA')), '91'.repeat(32) + '05'.padStart(64, '0'));
    const at = (i, value) => good.map((b, k) => (k === i ? value : b));
    for (const [what, sig] of Object.entries({'bytes behind it': [...good, 0], 'bytes behind its numbers': [0x30, good.length - 1, ...good.slice(2), 0], 'another tag': at(0, 0x31), 'another length': at(1, 0), 'no integer': at(2, 3), 'no second integer': at(36, 3),
        'a zero too many': der([0, ...plain(0x11)], plain(0x22)), 'a negative number': der(plain(0x81), plain(0x22)), 'a number that is empty': der([], plain(0x22)),
        'a long number': der(plain(0x11, 34), plain(0x22)), 'a number of 33 bytes': der(plain(0x11, 33), plain(0x22)), 'cut': good.slice(0, 50), 'nothing': [], '64 bytes': plain(0x11, 64)})) {
        assert.throws(() => compact(Uint8Array.from(sig), 'ECDSA'), what);
    }
    ok('DER: one form of each signature is taken');
}

// In a browser without Ed25519.
async function blind(run) {
    const {importKey} = crypto.subtle;

    crypto.subtle.importKey = (format, data, algorithm, ...rest) => (algorithm.name === 'Ed25519' ? Promise.reject(new DOMException('no Ed25519', 'NotSupportedError'))
        : importKey.call(crypto.subtle, format, data, algorithm, ...rest));
    try {
        await run();
    } finally {
        crypto.subtle.importKey = importKey;
    }
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
    assert.equal(await said((t) => { delete t.signingHash; }), 'false true true', 'the page shows no hash');
    assert.equal(await said((t) => { t.signingHash = flip(t.signingPayloads[0].signingHash); }), 'false true true', 'signed is not what the page shows');
    assert.equal(await said((t) => { t.receipts[1] = t.receipts[0]; }), 'true true false', 'the receipt of one node counts once');
    assert.equal(await said((t) => { t.receipts[0].receipt = null; }), 'true false true', 'a receipt that is null');
    assert.equal(await said((t) => { t.receipts[0] = null; }), 'true false true', 'null for a receipt');
    assert.equal(await said((t) => { t.receipts = {length: 1}; }), 'true null', 'receipts that are no list');
    assert.equal(await said((t) => { t.id = 'x'; }), 'true false false', 'an id that is none');
    assert.equal(await said((t) => { t.signingPayloads[0].signature = 'zz'; }), 'false false false', 'a signature that is no hex');
    assert.equal(await said((t) => { t.signingPayloads[0].signingHash = null; }), 'false true true', 'no hash');
    assert.equal(await said((t) => { t.signingPayloads.push(null); }), 'false', 'a part that is null');
    assert.equal(await said((t) => { t.signingPayloads = {length: 1}; }), 'false', 'parts that are no list');
    assert.equal(await said(null, {wallet: {...w.wallet, signatureScheme: 'toString'}}), 'false true true', 'a scheme that is none');
    assert.equal(await said(null, {members: w.members.map((m) => ({...m, publicKey: null}))}), 'true false false', 'members without keys');
    const second = request(w);
    assert.equal(await said((t) => { t.receipts = second.receipts; }), 'true false false', 'receipts of another request');
    const other = world();
    assert.equal(await said(null, {keyId: other.proof.keyId}), 'true false false', 'receipts of another key');
    ok('a request: signature and receipts, and nothing is right that is not there');

    await blind(async () => {
        assert.equal(await said(), 'null null null', 'a browser without Ed25519');
        assert.ok(!(await checkKey(w)).slice(3).some((r) => r.ok === true));
    });
    ok('without Ed25519 nothing is said to be right');
}
