/* What the browser checks by itself, without believing the platform: the certificate of
 * a key, the receipts of its nodes, the check signatures of each pair, and the receipts
 * of a signing request (src/mpc/PROTOCOL.md 'DKG'; src/mpc/cert_record.h).
 *
 *   checkKey({wallet, proof, members})        -> [{ok, text, detail}]
 *   checkRequest({tx, wallet, keyId, members}) -> [{ok, text, detail}]
 *
 * ok: true checked and right; false checked and WRONG; null could not be checked here,
 * detail says why.  members: GET /v2/mpc/memberships/{quorum}: {playerId, publicKey}.
 *   checkDerived({wallet, proof, members, derived}) -> the same; GET .../addresses?path=
 *     of it.  What does not fit in the certificate comes instead: a chain code that the
 *     nodes did not sign gives any address
 *
 * None throws for what the platform answers: what is missing or of another kind is WRONG.
 *
 * Where the identity keys of the members come from is what this page cannot prove: the
 * platform shows them.  The nodes pin them when they join, and people compare the words. */
import {addressOf, derive} from './address.js';
import {bip340Verify, ecdsaVerify} from './secp256k1.js';

const PREFIX = 'cloudsign/1/';
const CURVES = { 1: {name: 'SECP256K1', point: 33}, 2: {name: 'ED25519', point: 32} };
const SCHEMES = {1: 'ED25519', 2: 'ECDSA', 3: 'BIP340'};
const text = new TextEncoder();

/* ---- bytes --------------------------------------------------------------------- */

export function unhex(hex) {
    if (typeof hex !== 'string' || hex.length % 2 || !/^[0-9a-f]*$/i.test(hex)) {
        throw new Error('not hexadecimal');
    }
    const pairs = hex.match(/../g) ?? [];
    return Uint8Array.from(pairs, (pair) => parseInt(pair, 16));
}

const hex = (bytes) => Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('');
const plainId = (uuid) => String(uuid).replaceAll('-', '').toLowerCase();
export const idBytes = (uuid) => unhex(plainId(uuid));

function join(...parts) {
    const out = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
    let at = 0;
    for (const part of parts) {
        out.set(part, at);
        at += part.length;
    }
    return out;
}

function u32(n) {
    return Uint8Array.of(n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255);
}

const u8 = (n) => Uint8Array.of(n);

/* PROTOCOLS 1.4: enc(x_1..x_m), TH(tag; x..). */
function enc(items) {
    return join(u32(items.length), ...items.flatMap((x) => [u32(x.length), x]));
}

async function sha256(bytes) {
    return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
}

export async function th(tag, ...items) {
    const t = await sha256(text.encode(PREFIX + tag));
    return sha256(join(t, t, enc(items)));
}

/* ---- signatures ---------------------------------------------------------------- */

/* null: this browser has no Ed25519. */
export async function ed25519(publicKey, message, signature) {
    let key;
    try {
        key = await crypto.subtle.importKey('raw', publicKey, {name: 'Ed25519'}, false,
            ['verify']);
    } catch (error) {
        return error.name === 'NotSupportedError' ? null : false;
    }
    return crypto.subtle.verify({name: 'Ed25519'}, key, signature, message);
}

const byScheme = {
    ED25519: ed25519,
    ECDSA: async (key, digest, signature) => ecdsaVerify(key, digest, signature),
    BIP340: (key, digest, signature) => bip340Verify(key.slice(1), digest, signature),
};

const NO_ED25519 = 'this browser cannot verify Ed25519 signatures: use a newer one';

function row(ok, what, right, wrong) {
    if (ok === null) {
        return {ok, text: what, detail: NO_ED25519};
    }
    return {ok, text: what, detail: ok ? right : wrong};
}

/* ---- the certificate ------------------------------------------------------------- */

class Reader {
    constructor(bytes) {
        this.bytes = bytes;
        this.at = 0;
    }

    take(n) {
        if (this.at + n > this.bytes.length) {
            throw new Error('it is too short');
        }
        this.at += n;
        return this.bytes.slice(this.at - n, this.at);
    }

    byte() {
        return this.take(1)[0];
    }
}

function readShape(r, c) {
    const curve = CURVES[r.byte()], scheme = SCHEMES[r.byte()];
    c.n = r.byte();
    c.t = r.byte();
    if (!curve || !scheme || c.n > 7 || c.t < 2 || c.t > c.n) {
        throw new Error('it names no curve, scheme or threshold that exists');
    }
    c.curve = curve.name;
    c.scheme = scheme;
    c.X = r.take(curve.point);
    c.shares = Array.from({length: c.n}, () => r.take(curve.point));
}

/* version | sid, ds_hash, key id, epoch, curve, scheme, n, t, X, X_i, chain code, tr_1,
 * tr_2 | n signatures. */
export function readCertificate(bytes) {
    const r = new Reader(bytes), c = {};
    if (r.byte() !== 1) {
        throw new Error('its version is unknown');
    }
    c.sid = r.take(32);
    c.dsHash = r.take(32);
    c.keyId = r.take(16);
    c.epoch = r.take(4);
    c.small = bytes.slice(r.at, r.at + 4);
    readShape(r, c);
    c.chainCode = r.take(32);
    c.tr1 = r.take(32);
    c.tr2 = r.take(32);
    c.signatures = Array.from({length: c.n}, () => r.take(64));
    if (r.at !== bytes.length) {
        throw new Error('bytes follow it');
    }
    return c;
}

async function contentOf(c) {
    return th('dkg/cert', c.sid, c.dsHash, c.keyId, c.epoch,
        ...Array.from(c.small, u8), c.X, enc(c.shares), c.chainCode, c.tr1, c.tr2);
}

/* A check that cannot even be made (no hex, nothing there) is one that fails. */
async function holds(check) {
    try {
        return await check();
    } catch {
        return false;
    }
}

/* Each member's check; the first problem is named.  Nobody is not everybody. */
async function eachMember(members, check) {
    for (const m of members) {
        const ok = await holds(() => check(m));
        if (ok !== true) {
            return {ok: ok === null ? null : false, who: m?.playerId};
        }
    }
    return {ok: members.length > 0};
}

/* 1 to n, each once, each with an identity key of its own: a node counts once. */
function areMembers(members, n) {
    const numbers = new Set(members.map((m) => m?.playerId));
    const keys = new Set(members.map((m) => String(m?.publicKey).toLowerCase()));

    return members.length === n && numbers.size === n && keys.size === n &&
        [...numbers].every((i) => Number.isInteger(i) && i >= 1 && i <= n);
}

async function addressRow(wallet) {
    const text = 'The address belongs to this public key';
    const own = await addressOf(wallet).catch(() => '');

    if (own === null) {
        return { ok: null, text, isByDesign: true,
            detail: 'Not part of this check: this page does not work out addresses of this ' +
                'blockchain. Before much is sent to it, work it out with a program of your own.' };
    }
    return row(own !== '' && own === wallet.address, text, 'This browser worked it out from the key.',
        `It belongs to ANOTHER key. Do not use it.${own ? ` The right one is ${own}.` : ''}`);
}

async function shapeRows(c, wallet, proof, members) {
    return [
        row(hex(c.X) === String(wallet.publicKey).toLowerCase(),
            'The certificate is about this public key',
            'The key in the certificate is the one shown on this page.',
            'It is about ANOTHER key. Do not use this address.'),
        row(hex(c.keyId) === plainId(proof.keyId) && c.scheme === wallet.signatureScheme &&
            c.curve === wallet.keyAlgorithm, 'Key id, curve and signature scheme agree',
        `${c.scheme} on ${c.curve}; a key signs by one scheme for ever.`,
        'They differ from what this page shows.'),
        row(c.t === 2 && areMembers(members, c.n), `Any ${c.t} of ${c.n} nodes can sign`,
            'The certificate fixes the threshold.',
            'The certificate names other nodes, or another number of nodes or signers, ' +
            'or two members have one identity.'),
        await addressRow(wallet),
    ];
}

async function memberRows(c, proof, members) {
    const content = await contentOf(c), certHash = await th('cert', content);
    const signed = await eachMember(members, (m) =>
        ed25519(unhex(m.publicKey), content, c.signatures[m.playerId - 1]));
    const receipts = await eachMember(members, async (m) =>
        proof.receipts[m.playerId] !== undefined && ed25519(unhex(m.publicKey),
            await th('dkg/ack', certHash, u8(m.playerId)),
            unhex(proof.receipts[m.playerId])));
    return [
        row(signed.ok, `All ${c.n} nodes signed the certificate`,
            "Each signature verifies with that node's identity key.",
            `The signature of member ${signed.who} does not verify.`),
        row(receipts.ok, `All ${c.n} nodes gave a receipt for their share`,
            'Each node says that its share is stored and fits the certificate.',
            `The receipt of member ${receipts.who} is missing or does not verify.`),
        ...await pairRows(c, proof, certHash),
    ];
}

async function pairRows(c, proof, certHash) {
    const wanted = [];
    for (let i = 1; i <= c.n; i++) {
        for (let k = i + 1; k <= c.n; k++) {
            wanted.push([i, k]);
        }
    }
    const result = await eachMember(wanted.map((pair) => ({pair, playerId: pair.join('-')})),
        async ({pair, playerId}) => proof.checkSignatures[playerId] !== undefined &&
            byScheme[c.scheme](c.X, await th('check', certHash, enc(pair.map(u8))),
                unhex(proof.checkSignatures[playerId])));
    return [row(result.ok, `Every pair of nodes signed once with the new key`,
        `${wanted.length} check signatures verify under the public key, so any pair can sign.`,
        `The check signature of pair ${result.who} is missing or does not verify.`)];
}

const listOf = (list) => (Array.isArray(list) ? list : []);

export async function checkKey({wallet, proof, members}) {
    const all = listOf(members);
    let c;
    try {
        c = readCertificate(unhex(proof.certificate));
    } catch (error) {
        return [{ok: false, text: 'The certificate can be read', detail: error.message}];
    }
    return [...await shapeRows(c, wallet, proof, all), ...await memberRows(c, proof, all)];
}

/* A derived address follows from the key and the chain code of the certificate, and that
 * chain code is the nodes' own only when their signatures are.  -> true, false, or
 * 'unknown': of a form of address that is not known here. */
async function follows(wallet, proof, derived) {
    return holds(async () => {
        const c = readCertificate(unhex(proof.certificate));
        const child = hex(await derive(c.X, c.chainCode, derived.derivationPath));
        const own = await addressOf({...wallet, publicKey: child});

        return hex(c.X) === String(wallet.publicKey).toLowerCase() && child === String(derived.publicKey).toLowerCase() &&
            (own === null ? 'unknown' : own === derived.address);
    });
}

export async function checkDerived({wallet, proof, members, derived}) {
    const text = 'The address follows from the key and the path';
    const key = await checkKey({wallet, proof, members}), wrong = key.filter((r) => r.ok === false);
    const ok = await follows(wallet, proof, derived);

    if (wrong.length > 0) {
        return wrong;
    }
    if (ok !== false && key.some((r) => r.ok === null && !r.isByDesign)) {
        return [row(null, text)]; // who signed the chain code was not seen
    }
    return ok === 'unknown' ? [{ok: true, text: 'The public key follows from the key and the path', detail: 'The address is not part of this check.'}]
        : [row(ok, text, 'This browser worked it out from the certificate.', 'It does NOT. Do not use this address.')];
}

/* ---- a signing request -------------------------------------------------------------- */

/* One number of DER, in its only form: positive, and without a zero too many. */
function derNumber(bytes, at) {
    const length = bytes[at + 1], number = bytes.slice(at + 2, at + 2 + length);

    if (bytes[at] !== 2 || !(length >= 1 && length <= 33) || number.length !== length ||
        number[0] > 127 || (length > 1 && number[0] === 0 && number[1] < 128) ||
        (length === 33 && number[0] !== 0)) {
        throw new Error('a number of the signature is not well formed');
    }
    return {number: number.slice(length === 33 ? 1 : 0), end: at + 2 + length};
}

/* DER of ECDSA -> r | s; what other schemes sign stays as it is.  Everybody else takes
 * one form only, so this does too. */
export function compact(signature, scheme) {
    if (scheme !== 'ECDSA') {
        return signature;
    }
    const r = derNumber(signature, 2), s = derNumber(signature, r.end);
    const out = new Uint8Array(64);
    if (signature[0] !== 0x30 || signature[1] !== signature.length - 2 ||
        s.end !== signature.length) {
        throw new Error('the signature is not well formed');
    }
    out.set(r.number, 32 - r.number.length);
    out.set(s.number, 64 - s.number.length);
    return out;
}

/* The page shows the signing hash of a request with one part by itself. */
const isShown = (tx, part) => tx.signingPayloads.length > 1 ||
    tx.signingHash === part.signingHash;

async function signatureRow(tx, wallet) {
    const parts = tx.signingPayloads;
    if (tx.derivationPath || wallet.signatureScheme === 'BIP340') {
        return { ok: null, text: 'The signature verifies',
            detail: 'It is under a derived or tweaked key: the platform and the node that ' +
                'finished it verified it. Here only signatures under the key itself are.' };
    }
    const result = await eachMember(parts.map((p) => ({p, playerId: p.inputIndex})),
        ({p}) => isShown(tx, p) && byScheme[wallet.signatureScheme](unhex(wallet.publicKey),
            unhex(p.signingHash), compact(unhex(p.signature), wallet.signatureScheme)));
    return row(result.ok, "The signature verifies under this key's public key",
        parts.length === 1 ? 'Over exactly the bytes that are shown as signing hash under “What was signed”.'
            : `All ${parts.length} signatures, each over its own signing hash.`,
        `Signature ${result.who ?? ''} does NOT verify. Do not use it.`);
}

async function receiptRow(tx, wallet, keyId, member, receipt) {
    const ok = await holds(async () => {
        const signatures = join(...tx.signingPayloads.map((p) =>
            compact(unhex(p.signature), wallet.signatureScheme)));
        return ed25519(unhex(member.publicKey), await th('receipt', idBytes(tx.id),
            unhex(receipt.requestHash), idBytes(keyId), signatures), unhex(receipt.receipt));
    });
    return row(ok, `Node ${member.playerId} gave a receipt for this request`,
        "Signed with the node's identity key, over the id of this request, the hash of what " +
        'the node was asked, key and signatures.',
        'The receipt does not verify: it belongs to another request or node.');
}

/* Of the two signers only the one that began learns the signature, and gives a receipt:
 * one is enough, none is said, since nothing else here would show it. */
async function receiptRows(tx, wallet, keyId, members) {
    const what = 'A node gave a receipt for this request';
    if (keyId === null || members.length === 0) {
        return [{ ok: null, text: what,
            detail: 'Your role may not read what it takes: the certificate and the members.' }];
    }
    const rows = [], seen = new Set();
    for (const receipt of listOf(tx.receipts)) {
        const player = receipt?.playerId, member = members.find((m) => m?.playerId === player);
        rows.push(member && !seen.has(player) ? await receiptRow(tx, wallet, keyId, member, receipt)
            : row(false, `Node ${player} gave a receipt for this request`, '', member
                ? 'It is listed twice: a node counts once.' : 'The quorum has no such member.'));
        seen.add(player);
    }
    return rows.length > 0 ? rows : [{ ok: null, text: what,
        detail: 'There is none: the node that finished the signature should have given one.' }];
}

/* keyId: of the certificate; null when it is not known. */
export async function checkRequest({tx, wallet, keyId, members}) {
    const parts = listOf(tx.signingPayloads);
    if (parts.length === 0 || !parts.every((p) => p?.signature)) {
        return [row(false, 'Each part is signed', '', 'A signature is missing.')];
    }
    return [await signatureRow(tx, wallet),
        ...await receiptRows(tx, wallet, keyId, listOf(members))];
}
