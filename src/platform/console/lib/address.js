/* The address of a public key, worked out here: who shows another one is not believed.
 *
 *   await addressOf({publicKey, blockchain, keyAlgorithm, addressType}) -> text, or null
 *     where this console does not know the form; throws when the key is none
 *   await derive(publicKey, chainCode, 'm/0/5') -> the child's key, 33 bytes (BIP 32, not
 *     hardened); throws for what is no path or has no child */
import {keccak256, ripemd160} from './hashes.js';
import {plus, taproot, uncompressed} from './secp256k1.js';

const BASE58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
const RIPPLE = 'rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz';
const BECH32 = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';

const hex = (bytes) => Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('');

async function sha256(bytes) {
    return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
}

const hash160 = async (bytes) => ripemd160(await sha256(bytes));

/* ---- writing ------------------------------------------------------------------------ */

function base58(bytes, letters = BASE58) {
    const zeros = bytes.findIndex((b) => b !== 0), lead = zeros < 0 ? bytes.length : zeros;
    let n = BigInt(`0x0${hex(bytes)}`), out = '';

    for (; n > 0n; n /= 58n) {
        out = letters[Number(n % 58n)] + out;
    }
    return letters[0].repeat(lead) + out;
}

async function base58check(version, body, letters) {
    const bytes = Uint8Array.of(version, ...body);

    return base58(Uint8Array.of(...bytes, ...(await sha256(await sha256(bytes))).slice(0, 4)), letters);
}

function fives(bytes) {
    const out = [];
    let bits = 0, n = 0;

    for (const b of bytes) {
        bits = ((bits << 8) | b) & 0xfff;
        for (n += 8; n >= 5; n -= 5) {
            out.push((bits >> (n - 5)) & 31);
        }
    }
    return n > 0 ? [...out, (bits << (5 - n)) & 31] : out;
}

function polymod(values) {
    const gen = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3];
    let c = 1;

    for (const v of values) {
        const top = c >>> 25;
        c = ((c & 0x1ffffff) << 5) ^ v;
        gen.forEach((g, i) => { c ^= (top >> i) & 1 ? g : 0; });
    }
    return c;
}

/* constant: 1 of BIP 173, 0x2bc830a3 of BIP 350. */
function bech32(prefix, values, constant = 1) {
    const chars = Array.from(prefix, (c) => c.charCodeAt(0)), head = [...chars.map((c) => c >> 5), 0, ...chars.map((c) => c & 31)];
    const sum = polymod([...head, ...values, 0, 0, 0, 0, 0, 0]) ^ constant;
    const check = [25, 20, 15, 10, 5, 0].map((shift) => (sum >>> shift) & 31);

    return `${prefix}1${[...values, ...check].map((v) => BECH32[v]).join('')}`;
}

/* ---- blockchains -------------------------------------------------------------------- */

const account = (key) => keccak256(uncompressed(key)).slice(12);

/* EIP-55. */
function evm(key) {
    const plain = hex(account(key)), sum = hex(keccak256(new TextEncoder().encode(plain)));

    return `0x${Array.from(plain, (c, i) => (parseInt(sum[i], 16) > 7 ? c.toUpperCase() : c)).join('')}`;
}

const segwit = (prefix) => async (key) => bech32(prefix, [0, ...fives(await hash160(key))]);
const bitcoin = async (key, {addressType}) => (addressType === 'P2TR' ? bech32('bc', [1, ...fives(await taproot(key.slice(1)))], 0x2bc830a3) : segwit('bc')(key));
const p2pkh = (version) => async (key) => base58check(version, await hash160(key));
const cosmos = (prefix) => async (key) => bech32(prefix, fives(await hash160(key)));
const ripple = async (key) => base58check(0, await hash160(key.length === 32 ? Uint8Array.of(0xed, ...key) : key), RIPPLE);

/* ---- children ------------------------------------------------------------------------- */

export async function derive(publicKey, chainCode, path) {
    let key = publicKey, code = chainCode;

    if (!/^m(\/\d{1,10}){0,10}$/.test(path)) {
        throw new Error('this is no path');
    }
    for (const index of path.split('/').slice(1).map(Number)) {
        if (index >= 2 ** 31) {
            throw new Error('this is no path');
        }
        const hmac = await crypto.subtle.importKey('raw', code, {name: 'HMAC', hash: 'SHA-512'}, false, ['sign']);
        const i = new Uint8Array(await crypto.subtle.sign('HMAC', hmac, Uint8Array.of(...key, index >>> 24, (index >>> 16) & 255, (index >>> 8) & 255, index & 255)));
        key = plus(key, i.slice(0, 32));
        code = i.slice(32);
        if (key === null) {
            throw new Error('this path has no child');
        }
    }
    return key;
}

const FORMS = {
    SECP256K1: {ETHEREUM: evm, POLYGON: evm, BASE: evm, ARBITRUM: evm, AVALANCHE: evm, BNBCHAIN: evm, TRON: (key) => base58check(0x41, account(key)),
        BITCOIN: bitcoin, LITECOIN: segwit('ltc'), DOGECOIN: p2pkh(0x1e), DASH: p2pkh(0x4c), XRP_LEDGER: ripple,
        COSMOS_HUB: cosmos('cosmos'), OSMOSIS: cosmos('osmo'), CELESTIA: cosmos('celestia'), DYDX: cosmos('dydx'), AXELAR: cosmos('axelar'), SEI: cosmos('sei')},
    ED25519: {SOLANA: (key) => base58(key), NEAR: (key) => hex(key), XRP_LEDGER: ripple},
};
const LENGTHS = {SECP256K1: 33, ED25519: 32};

export async function addressOf(wallet) {
    const forms = Object.hasOwn(FORMS, wallet.keyAlgorithm) ? FORMS[wallet.keyAlgorithm] : {};
    const form = Object.hasOwn(forms, wallet.blockchain) ? forms[wallet.blockchain] : null;
    const text = String(wallet.publicKey), key = Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));

    if (form === null) {
        return null;
    }
    if (!/^([0-9a-f]{2})+$/i.test(text) || key.length !== LENGTHS[wallet.keyAlgorithm] || (key.length === 33 && uncompressed(key) === null)) {
        throw new Error('the public key is none');
    }
    return form(key, wallet);
}
