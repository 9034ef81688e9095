/* Verifies signatures of secp256k1 keys: browsers have no such curve.  Only public data
 * comes here, so nothing has to be constant in time.
 *
 *   ecdsaVerify(publicKey 33 bytes, digest 32, signature 64 = r | s) -> bool, low s only
 *   bip340Verify(xOnly 32 bytes, message, signature 64) -> Promise of bool
 *   uncompressed(publicKey 33) -> x | y, 64 bytes; null: it is no point
 *   plus(publicKey 33, scalar 32) -> the 33 bytes of key + scalar * G, or null
 *   taproot(xOnly) -> Promise of 32 bytes: the output key of BIP 341 without scripts */

const P = 2n ** 256n - 2n ** 32n - 977n;
const N = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const G = [0x79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798n,
    0x483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8n];

const mod = (a, m = P) => ((a % m) + m) % m;

function num(bytes) {
    let n = 0n;
    for (const b of bytes) {
        n = (n << 8n) | BigInt(b);
    }
    return n;
}

function power(base, exponent, m) {
    let result = 1n, b = mod(base, m);
    for (let e = exponent; e > 0n; e >>= 1n) {
        if (e & 1n) {
            result = (result * b) % m;
        }
        b = (b * b) % m;
    }
    return result;
}

const inverse = (a, m) => power(a, m - 2n, m); /* m is prime */

/* Jacobian coordinates; null is the point at infinity. */
function double([x, y, z]) {
    const s = mod(4n * x * y * y), m = mod(3n * x * x);
    const x3 = mod(m * m - 2n * s);
    return [x3, mod(m * (s - x3) - 8n * y ** 4n), mod(2n * y * z)];
}

function add(p, q) {
    if (p === null || q === null) {
        return p ?? q;
    }
    const z1 = mod(p[2] * p[2]), z2 = mod(q[2] * q[2]);
    const u1 = mod(p[0] * z2), u2 = mod(q[0] * z1);
    const s1 = mod(p[1] * q[2] * z2), s2 = mod(q[1] * p[2] * z1);
    if (u1 === u2) {
        return s1 === s2 ? double(p) : null;
    }
    const h = mod(u2 - u1), r = mod(s2 - s1), h2 = mod(h * h), h3 = mod(h * h2);
    const x = mod(r * r - h3 - 2n * u1 * h2);
    return [x, mod(r * (u1 * h2 - x) - s1 * h3), mod(h * p[2] * q[2])];
}

function multiply(k, point) {
    let sum = null, p = [point[0], point[1], 1n];
    for (let e = k; e > 0n; e >>= 1n) {
        if (e & 1n) {
            sum = add(sum, p);
        }
        p = double(p);
    }
    return sum;
}

function affine(p) {
    const i = inverse(p[2], P);
    return [mod(p[0] * i * i), mod(p[1] * i * i * i)];
}

/* The point with this x and parity of y, or null. */
function lift(x, odd) {
    if (x >= P) {
        return null;
    }
    const c = mod(x ** 3n + 7n), y = power(c, (P + 1n) / 4n, P);
    if (mod(y * y) !== c) {
        return null;
    }
    return [x, (y & 1n) === (odd ? 1n : 0n) ? y : P - y];
}

const both = (a, b, point) => add(multiply(a, G), multiply(b, point));

function bytes32(n) {
    return Uint8Array.from({length: 32}, (_, i) => Number((n >> BigInt(8 * (31 - i))) & 255n));
}

function pointOf(publicKey) {
    return publicKey.length === 33 && (publicKey[0] === 2 || publicKey[0] === 3)
        ? lift(num(publicKey.slice(1)), publicKey[0] === 3) : null;
}

export function uncompressed(publicKey) {
    const q = pointOf(publicKey);
    return q === null ? null : Uint8Array.of(...bytes32(q[0]), ...bytes32(q[1]));
}

export function plus(publicKey, scalar) {
    const q = pointOf(publicKey), k = num(scalar);
    const sum = q === null || k < 1n || k >= N ? null : both(k, 1n, q);
    if (sum === null) {
        return null;
    }
    const [x, y] = affine(sum);
    return Uint8Array.of((y & 1n) === 1n ? 3 : 2, ...bytes32(x));
}

export function ecdsaVerify(publicKey, digest, signature) {
    const r = num(signature.slice(0, 32)), s = num(signature.slice(32));
    const q = pointOf(publicKey);
    if (q === null || signature.length !== 64 || digest.length !== 32 ||
        r < 1n || r >= N || s < 1n || s > N / 2n) {
        return false;
    }
    const w = inverse(s, N);
    const point = both(mod(num(digest) * w, N), mod(r * w, N), q);
    return point !== null && mod(affine(point)[0], N) === r;
}

async function sha256(...parts) {
    const all = new Uint8Array(await new Blob(parts).arrayBuffer());
    return new Uint8Array(await crypto.subtle.digest('SHA-256', all));
}

async function tagged(name, ...parts) {
    const tag = await sha256(new TextEncoder().encode(name));
    return num(await sha256(tag, tag, ...parts));
}

export async function taproot(xOnly) {
    const p = lift(num(xOnly), false), tweak = await tagged('TapTweak', xOnly);
    if (xOnly.length !== 32 || p === null || tweak >= N) {
        throw new Error('the public key is none');
    }
    return bytes32(affine(both(tweak, 1n, p))[0]);
}

export async function bip340Verify(xOnly, message, signature) {
    const r = num(signature.slice(0, 32)), s = num(signature.slice(32));
    const q = xOnly.length === 32 ? lift(num(xOnly), false) : null;
    if (q === null || signature.length !== 64 || r >= P || s >= N) {
        return false;
    }
    const e = mod(await tagged('BIP0340/challenge', signature.slice(0, 32), xOnly, message), N);
    const point = both(s, mod(N - e, N), q);
    if (point === null) {
        return false;
    }
    const [x, y] = affine(point);
    return (y & 1n) === 0n && x === r;
}
