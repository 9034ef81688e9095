// QR codes (ISO/IEC 18004): byte mode, error correction M, versions 1 to 40.
//   svg(text, label) -> <svg>         matrix(text) -> rows of true (dark) and false
// Throws RangeError when the text has more than 2331 bytes.
import {svg as draw} from './dom.js';

// Per version: codewords of error correction in a block, blocks (table 9, level M).
const EC = [10, 16, 26, 18, 24, 16, 18, 22, 22, 26, 30, 22, 22, 24, 24, 28, 28, 26, 26, 26, 26, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28];
const BLOCKS = [1, 1, 1, 2, 2, 4, 4, 4, 5, 5, 5, 8, 9, 9, 10, 10, 11, 13, 14, 16, 17, 17, 18, 20, 21, 23, 25, 26, 28, 29, 31, 33, 35, 37, 38, 40, 43, 45, 47, 49];

export function svg(text, label = 'QR code') {
    const rows = matrix(text);
    const n = rows.length;
    let d = '';

    rows.forEach((row, y) => row.forEach((dark, x) => {
        if (dark) {
            d += `M${x} ${y}h1v1h-1z`;
        }
    }));
    // The quiet zone of four modules is the padding of .qr and these two.
    return draw('svg', {class: 'qr', viewBox: `-2 -2 ${n + 4} ${n + 4}`, role: 'img', 'aria-label': label, 'shape-rendering': 'crispEdges'}, draw('path', {d}));
}

export function matrix(text) {
    const data = new TextEncoder().encode(text);
    const version = versionFor(data.length);
    const code = interleave(codewords(data, version), version);
    let best = null;

    for (let mask = 0; mask < 8; mask++) {
        const m = drawAll(version, code, mask);
        const cost = penalty(m);
        if (best === null || cost < best.cost) {
            best = {m, cost};
        }
    }
    return best.m;
}

// ---- bits -------------------------------------------------------------------------

function modules(version) { // that hold data, without function patterns
    let n = (16 * version + 128) * version + 64;

    if (version >= 2) {
        const align = Math.floor(version / 7) + 2;
        n -= (25 * align - 10) * align - 55;
        if (version >= 7) {
            n -= 36;
        }
    }
    return n;
}

function capacity(version) {
    return (modules(version) >> 3) - EC[version - 1] * BLOCKS[version - 1];
}

function versionFor(bytes) {
    for (let v = 1; v <= 40; v++) {
        if (4 + (v < 10 ? 8 : 16) + 8 * bytes <= 8 * capacity(v)) {
            return v;
        }
    }
    throw new RangeError('this text is too long for a QR code');
}

function codewords(data, version) {
    const bits = [];
    const put = (value, n) => {
        for (let i = n - 1; i >= 0; i--) {
            bits.push(value >>> i & 1);
        }
    };
    const want = 8 * capacity(version);

    put(4, 4); // byte mode
    put(data.length, version < 10 ? 8 : 16);
    data.forEach((b) => put(b, 8));
    put(0, Math.min(4, want - bits.length));
    put(0, (8 - bits.length % 8) % 8);
    for (let pad = 0xec; bits.length < want; pad ^= 0xec ^ 0x11) {
        put(pad, 8);
    }
    return Uint8Array.from({length: want / 8}, (_, i) => bits.slice(8 * i, 8 * i + 8).reduce((v, b) => v << 1 | b, 0));
}

// ---- Reed-Solomon over GF(256), polynomial 0x11d --------------------------------------

function mul(a, b) {
    let p = 0;

    for (let i = 7; i >= 0; i--) {
        p = p << 1 ^ (p >>> 7) * 0x11d;
        p ^= (b >>> i & 1) * a;
    }
    return p;
}

function generator(degree) {
    const g = new Uint8Array(degree);
    let root = 1;

    g[degree - 1] = 1;
    for (let i = 0; i < degree; i++) {
        for (let j = 0; j < degree; j++) {
            g[j] = mul(g[j], root) ^ (j + 1 < degree ? g[j + 1] : 0);
        }
        root = mul(root, 2);
    }
    return g;
}

function remainder(data, g) {
    const r = new Uint8Array(g.length);

    for (const b of data) {
        const factor = b ^ r[0];
        r.copyWithin(0, 1);
        r[r.length - 1] = 0;
        g.forEach((c, i) => {
            r[i] ^= mul(c, factor);
        });
    }
    return r;
}

function interleave(data, version) {
    const blocks = BLOCKS[version - 1], ec = EC[version - 1];
    const total = modules(version) >> 3;
    const short = Math.floor(total / blocks) - ec;
    const nShort = blocks - total % blocks;
    const g = generator(ec);
    const parts = [];
    const out = [];

    for (let i = 0, at = 0; i < blocks; i++) {
        const d = data.slice(at, at + short + (i < nShort ? 0 : 1));
        at += d.length;
        parts.push({d, e: remainder(d, g)});
    }
    for (let i = 0; i <= short; i++) {
        parts.forEach((p) => i < p.d.length && out.push(p.d[i]));
    }
    for (let i = 0; i < ec; i++) {
        parts.forEach((p) => out.push(p.e[i]));
    }
    return out;
}

// ---- modules ----------------------------------------------------------------------

function alignment(version) {
    if (version === 1) {
        return [];
    }
    const n = Math.floor(version / 7) + 2;
    const step = version === 32 ? 26 : Math.ceil((version * 4 + 4) / (n * 2 - 2)) * 2;
    const at = [6];

    for (let p = version * 4 + 10; at.length < n; p -= step) {
        at.splice(1, 0, p);
    }
    return at;
}

function drawAll(version, code, mask) {
    const n = version * 4 + 17;
    const m = Array.from({length: n}, () => new Array(n).fill(false));
    const fixed = Array.from({length: n}, () => new Array(n).fill(false));
    const set = (x, y, dark) => {
        if (x >= 0 && y >= 0 && x < n && y < n) {
            m[y][x] = dark;
            fixed[y][x] = true;
        }
    };

    functionPatterns(version, n, set);
    formatBits(n, mask, set);
    placeData(m, fixed, code);
    for (let y = 0; y < n; y++) {
        for (let x = 0; x < n; x++) {
            m[y][x] = m[y][x] !== (!fixed[y][x] && isMasked(mask, x, y));
        }
    }
    return m;
}

function square(cx, cy, r, set, dark) {
    for (let dy = -r; dy <= r; dy++) {
        for (let dx = -r; dx <= r; dx++) {
            set(cx + dx, cy + dy, dark(Math.max(Math.abs(dx), Math.abs(dy))));
        }
    }
}

function functionPatterns(version, n, set) {
    const at = alignment(version);
    const last = at.length - 1;

    for (let i = 0; i < n; i++) {
        set(6, i, i % 2 === 0);
        set(i, 6, i % 2 === 0);
    }
    for (const [x, y] of [[3, 3], [n - 4, 3], [3, n - 4]]) {
        square(x, y, 4, set, (d) => d !== 2 && d !== 4);
    }
    at.forEach((x, i) => at.forEach((y, j) => {
        if (!(i === 0 && j === 0 || i === 0 && j === last || i === last && j === 0)) {
            square(x, y, 2, set, (d) => d !== 1);
        }
    }));
    if (version >= 7) {
        versionBits(version, n, set);
    }
}

function bch(value, bits, poly, degree) {
    let rem = value;

    for (let i = 0; i < degree; i++) {
        rem = rem << 1 ^ (rem >>> degree - 1) * poly;
    }
    return value << degree | rem & (1 << bits) - 1;
}

function versionBits(version, n, set) {
    const bits = bch(version, 12, 0x1f25, 12);

    for (let i = 0; i < 18; i++) {
        const a = n - 11 + i % 3, b = Math.floor(i / 3);
        set(a, b, (bits >>> i & 1) === 1);
        set(b, a, (bits >>> i & 1) === 1);
    }
}

function formatBits(n, mask, set) {
    const bits = bch(mask, 10, 0x537, 10) ^ 0x5412; // level M is 00
    const bit = (i) => (bits >>> i & 1) === 1;

    for (let i = 0; i < 6; i++) {
        set(8, i, bit(i));
    }
    set(8, 7, bit(6));
    set(8, 8, bit(7));
    set(7, 8, bit(8));
    for (let i = 9; i < 15; i++) {
        set(14 - i, 8, bit(i));
    }
    for (let i = 0; i < 8; i++) {
        set(n - 1 - i, 8, bit(i));
    }
    for (let i = 8; i < 15; i++) {
        set(8, n - 15 + i, bit(i));
    }
    set(8, n - 8, true);
}

function placeData(m, fixed, code) {
    const n = m.length;
    let i = 0;

    for (let right = n - 1; right >= 1; right -= 2) {
        if (right === 6) {
            right = 5;
        }
        for (let v = 0; v < n; v++) {
            for (let j = 0; j < 2; j++) {
                const x = right - j;
                const y = (right + 1 & 2) === 0 ? n - 1 - v : v;
                if (!fixed[y][x] && i < code.length * 8) {
                    m[y][x] = (code[i >>> 3] >>> 7 - (i & 7) & 1) === 1;
                    i++;
                }
            }
        }
    }
}

function isMasked(mask, x, y) {
    switch (mask) {
    case 0: return (x + y) % 2 === 0;
    case 1: return y % 2 === 0;
    case 2: return x % 3 === 0;
    case 3: return (x + y) % 3 === 0;
    case 4: return (Math.floor(x / 3) + Math.floor(y / 2)) % 2 === 0;
    case 5: return x * y % 2 + x * y % 3 === 0;
    case 6: return (x * y % 2 + x * y % 3) % 2 === 0;
    default: return ((x + y) % 2 + x * y % 3) % 2 === 0;
    }
}

// What makes a code hard to read: long runs, blocks, looks like a finder, unbalanced.
function penalty(m) {
    const n = m.length;
    let cost = 0, dark = 0;

    for (let y = 0; y < n; y++) {
        cost += line((i) => m[y][i], n) + line((i) => m[i][y], n);
        for (let x = 0; x < n; x++) {
            dark += m[y][x] ? 1 : 0;
            if (x + 1 < n && y + 1 < n && m[y][x] === m[y][x + 1] && m[y][x] === m[y + 1][x] && m[y][x] === m[y + 1][x + 1]) {
                cost += 3;
            }
        }
    }
    return cost + 10 * Math.floor(Math.abs(dark * 20 - n * n * 10) / (n * n));
}

function line(at, n) {
    let cost = 0, run = 0, bits = 0;

    for (let i = 0; i < n; i++) {
        run = i > 0 && at(i) === at(i - 1) ? run + 1 : 1;
        cost += run === 5 ? 3 : run > 5 ? 1 : 0;
        bits = (bits << 1 | (at(i) ? 1 : 0)) & 0x7ff;
        if (i >= 10 && (bits === 0x05d || bits === 0x5d0)) {
            cost += 40;
        }
    }
    return cost;
}
