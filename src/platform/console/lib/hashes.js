/* Hashes that addresses need and browsers do not have.  Public data only.
 *
 *   keccak256(bytes) -> 32 bytes (Ethereum's, not SHA-3)      ripemd160(bytes) -> 20 bytes */

const MASK = (1n << 64n) - 1n;
const rotate64 = (v, n) => ((v << BigInt(n)) | (v >> BigInt(64 - n))) & MASK;

/* Rotations and round constants as the Keccak reference makes them. */
const ROTATIONS = Array(25).fill(0), CONSTANTS = [];
for (let t = 0, x = 1, y = 0; t < 24; t++) {
    ROTATIONS[x + 5 * y] = (((t + 1) * (t + 2)) / 2) % 64;
    [x, y] = [y, (2 * x + 3 * y) % 5];
}
for (let round = 0, lfsr = 1; round < 24; round++) {
    let constant = 0n;
    for (let j = 0; j < 7; j++) {
        constant |= BigInt(lfsr & 1) << ((1n << BigInt(j)) - 1n);
        lfsr = (lfsr << 1) ^ (lfsr & 0x80 ? 0x171 : 0);
    }
    CONSTANTS.push(constant);
}

function permute(a) {
    for (const constant of CONSTANTS) {
        const c = [0, 1, 2, 3, 4].map((x) => a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20]);
        const b = Array(25);
        for (let i = 0; i < 25; i++) {
            const x = i % 5, y = (i - x) / 5;
            const lane = a[i] ^ c[(x + 4) % 5] ^ rotate64(c[(x + 1) % 5], 1);
            b[y + 5 * ((2 * x + 3 * y) % 5)] = rotate64(lane, ROTATIONS[i]);
        }
        for (let i = 0; i < 25; i++) {
            const x = i % 5, row = i - x;
            a[i] = b[i] ^ (~b[row + (x + 1) % 5] & MASK & b[row + (x + 2) % 5]);
        }
        a[0] ^= constant;
    }
}

export function keccak256(bytes) {
    const rate = 136, padded = new Uint8Array(Math.ceil((bytes.length + 1) / rate) * rate);
    const a = Array(25).fill(0n), view = new DataView(padded.buffer), out = new Uint8Array(32);

    padded.set(bytes);
    padded[bytes.length] = 1;
    padded[padded.length - 1] |= 0x80;
    for (let at = 0; at < padded.length; at += rate) {
        for (let i = 0; i < rate / 8; i++) {
            a[i] ^= view.getBigUint64(at + 8 * i, true);
        }
        permute(a);
    }
    a.slice(0, 4).forEach((lane, i) => new DataView(out.buffer).setBigUint64(8 * i, lane, true));
    return out;
}

/* ---- RIPEMD-160 ------------------------------------------------------------------- */

const RHO = [7, 4, 13, 1, 10, 6, 15, 3, 12, 0, 9, 5, 2, 14, 11, 8];
const SHIFTS = [[11, 14, 15, 12, 5, 8, 7, 9, 11, 13, 14, 15, 6, 7, 9, 8], [12, 13, 11, 15, 6, 9, 9, 7, 12, 15, 11, 13, 7, 8, 7, 7],
    [13, 15, 14, 11, 7, 7, 6, 8, 13, 14, 13, 12, 5, 5, 6, 9], [14, 11, 12, 14, 8, 6, 5, 5, 15, 12, 15, 14, 9, 9, 8, 6], [15, 12, 13, 13, 9, 5, 8, 6, 14, 11, 12, 11, 8, 6, 5, 5]];
const ADDED = [[0, 0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xa953fd4e], [0x50a28be6, 0x5c4dd124, 0x6d703ef3, 0x7a6d76e9, 0]];
const FIRST = RHO.map((_, i) => i), ORDER = [FIRST, FIRST.map((i) => (9 * i + 5) % 16)].map((order) => {
    const rounds = [order];
    while (rounds.length < 5) {
        rounds.push(rounds.at(-1).map((i) => RHO[i]));
    }
    return rounds;
});
const rotate32 = (v, n) => (v << n) | (v >>> (32 - n));
const MIX = [(x, y, z) => x ^ y ^ z, (x, y, z) => (x & y) | (~x & z), (x, y, z) => (x | ~y) ^ z, (x, y, z) => (x & z) | (y & ~z), (x, y, z) => x ^ (y | ~z)];

/* One of the two lines of a block; side 1 mixes in the other order. */
function line(side, state, words) {
    let [a, b, c, d, e] = state;

    for (let round = 0; round < 5; round++) {
        const mix = MIX[side === 0 ? round : 4 - round];
        for (const i of ORDER[side][round]) {
            const t = (rotate32((a + mix(b, c, d) + words[i] + ADDED[side][round]) | 0, SHIFTS[round][i]) + e) | 0;
            [a, e, d, c, b] = [e, d, rotate32(c, 10), b, t];
        }
    }
    return [a, b, c, d, e];
}

export function ripemd160(bytes) {
    const padded = new Uint8Array(Math.ceil((bytes.length + 9) / 64) * 64), view = new DataView(padded.buffer);
    const out = new Uint8Array(20);
    let s = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0];

    padded.set(bytes);
    padded[bytes.length] = 0x80;
    view.setBigUint64(padded.length - 8, 8n * BigInt(bytes.length), true);
    for (let at = 0; at < padded.length; at += 64) {
        const words = FIRST.map((i) => view.getInt32(at + 4 * i, true));
        const l = line(0, s, words), r = line(1, s, words);
        s = [1, 2, 3, 4, 0].map((i) => (s[i] + l[(i + 1) % 5] + r[(i + 2) % 5]) | 0);
    }
    s.forEach((word, i) => new DataView(out.buffer).setInt32(4 * i, word, true));
    return out;
}
