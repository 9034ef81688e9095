// The console's modules that need no browser: QR codes judged by another reader (jsQR),
// formats of values.
import assert from 'node:assert/strict';
import {dirname, join} from 'node:path';
import {fileURLToPath, pathToFileURL} from 'node:url';
import {chains} from './chains.mjs';
import {proofs} from './proofs.mjs';
import {requests} from './requests.mjs';

const LIB = join(dirname(fileURLToPath(import.meta.url)), '../../src/platform/console/lib');
let jsqr;
try {
    jsqr = (await import('jsqr')).default;
    jsqr = jsqr.default ?? jsqr;
} catch {
    console.log('SKIPPED: jsqr is not installed (third_party/install.sh --with-tests)');
    process.exit(77);
}
const load = (name) => import(pathToFileURL(join(LIB, name)).href);
const {matrix} = await load('qr.js');
const f = await load('format.js');
let n = 0;
const ok = (what) => {
    n++;
    console.log(`ok    ${what}`);
};

// ---- certificates and receipts --------------------------------------------------------

await proofs(ok);
await chains(ok);

// ---- requests and their answers -------------------------------------------------------

await requests(ok);

// ---- QR: what is drawn is read ------------------------------------------------------

function read(text) {
    const rows = matrix(text);
    const scale = 4, quiet = 4;
    const size = (rows.length + 2 * quiet) * scale;
    const data = new Uint8ClampedArray(size * size * 4).fill(255);

    rows.forEach((row, y) => row.forEach((dark, x) => {
        for (let i = 0; dark && i < scale * scale; i++) {
            const px = (x + quiet) * scale + i % scale, py = (y + quiet) * scale + Math.floor(i / scale);
            data.fill(0, (py * size + px) * 4, (py * size + px) * 4 + 3);
        }
    }));
    return {version: (rows.length - 17) / 4, got: jsqr(data, size, size)};
}

const versions = new Set();
for (let len = 1; len <= 2331; len = Math.ceil(len * 1.045) + 1) {
    const text = Array.from({length: len}, (_, i) => 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:/?&='[(i * 7 + len) % 66]).join('');
    const {version, got} = read(text);
    assert.equal(got?.data, text, `version ${version}, ${len} bytes`);
    assert.equal(got.version, version);
    versions.add(version);
}
assert.ok(versions.size >= 36, `only ${versions.size} versions were tried`);
ok(`${versions.size} versions of QR codes are read back`);
for (const text of ['otpauth://totp/CloudSign:ada%40example.org?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=CloudSign&algorithm=SHA1&digits=6&period=30',
    '0x52908400098527886E0F7030069857D2E4169EE7', 'bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq', 'žluťoučký kůň €', 'a']) {
    assert.equal(read(text).got?.data, text);
}
ok('addresses, an authenticator URL and text beyond ASCII are read back');
assert.throws(() => matrix('x'.repeat(2332)), RangeError);
matrix('x'.repeat(2331));
ok('2331 bytes fit, one more is refused');

// ---- values -------------------------------------------------------------------------

const at = Date.parse('2026-11-26T09:00:00Z');
for (const [seconds, want] of [[0, 'just now'], [-30, '30 seconds ago'], [-61, '1 minute ago'], [-7200, '2 hours ago'], [300, 'in 5 minutes'], [-86400, 'yesterday']]) {
    assert.equal(f.ago(new Date(at + 1000 * seconds).toISOString(), at), want);
}
assert.equal(f.ago('1970-01-01T00:00:00.000Z', at), 'never');
assert.equal(f.ago('', at), 'never');
assert.equal(f.ago('nonsense', at), 'never');
ok('times are relative; 1970 is never');
for (const [units, decimals, want] of [['1500000', 6, '1.5'], ['1', 18, '0.000000000000000001'], ['0', 8, '0'], ['123456789012', 0, '123,456,789,012'],
    ['-2500', 3, '-2.5'], ['100000000', 8, '1'], ['abc', 3, 'abc'], ['1234567000000000000000', 18, '1,234.567']]) {
    assert.equal(f.amount(units, decimals), want);
}
ok('amounts are exact');
const noon = new Date(2026, 10, 26, 12), within = (a, b) => new Date(f.dayBound(a)) <= noon && noon <= new Date(f.dayBound(b, true));
assert.ok(within('2026-11-26', '2026-11-26') && !within('2026-11-27', '2026-11-27') && !within('2026-11-25', '2026-11-25'), 'a day as it is here');
for (const day of [null, undefined, '', 'x', '2026-99-99', '26.11.2026', '2026-11-26T09:00', '<b>']) {
    assert.equal(f.dayBound(day), '', String(day));
}
ok('days are those of the viewer; what is no day bounds nothing');
assert.equal(f.words('WAITING_FOR_APPROVAL'), 'Waiting for approval');
assert.equal(f.words('MPC_KEY'), 'MPC key');
assert.equal(f.middle('0x52908400098527886E0F7030069857D2E4169EE7', 6), '0x5290…169EE7');
assert.equal(f.middle('short', 6), 'short');
assert.equal(f.plural(1, 'device'), '1 device');
assert.equal(f.plural(2000, 'device'), '2,000 devices');
assert.equal(f.left(new Date(at + 299000).toISOString(), at), '4:59');
assert.equal(f.left(new Date(at - 5000).toISOString(), at), '0:00');
assert.equal(f.bytes(1536), '1.5 KB');
assert.equal(f.personName({firstName: 'Ada', lastName: 'Admin'}), 'Ada Admin');
ok('words, ids, numbers, names');

// ---- addresses ----------------------------------------------------------------------

const {route, match} = await load('router.js');
route('/devices/:deviceId', () => {});
route('/devices/new', () => {});
assert.deepEqual(match('/devices/4f0c1d6e-0000-4000-8000-000000000001/').params, {deviceId: '4f0c1d6e-0000-4000-8000-000000000001'});
assert.equal(match('/devices/new').route.pattern, '/devices/new');
for (const path of ['..%2F..%2Fusers', '%2e%2e', '..', '..%5Cusers', 'x%3Fq=1', 'x%23', 'x%', 'a%20b', '.']) {
    assert.equal(match(`/devices/${path}`), null, path);
}
ok('what stands in an address for an id leads to no other path of the API');
globalThis.document = {createElement: () => ({is: {}, setAttribute(name, value) {
    this.is[name] = value;
}})};
const {h} = await load('dom.js');
for (const href of ['/', '/devices', '/devices?q=a#b', '#top', 'https://example.org/', 'blob:https://x/1', 'otpauth://totp/x']) {
    assert.equal(h('a', {href}).is.href, href);
}
for (const href of ['//evil.example', '/\\evil.example', '/\t/evil.example', '/\n/evil.example', 'javascript:alert(1)', ' javascript:alert(1)', 'data:text/html,x',
    'http://evil.example', 'evil', '']) {
    assert.equal(h('a', {href}).is.href, undefined, JSON.stringify(href));
}
ok('links lead nowhere else');

// ---- what looks like something else ---------------------------------------------------

const {plain} = await load('dom.js');
for (const [text, want] of [['Kra\u200bken', 'Kra‹U+200B›ken'], ['\u202e001 HTE', '‹U+202E›001 HTE'], ['a\u00adb', 'a‹U+00AD›b'], ['a\u200db', 'a‹U+200D›b'], ['a\0b', 'a‹U+0000›b'],
    ['x\u{e0041}', 'x‹U+E0041›'], ['\ufeffa', '‹U+FEFF›a'], ['a\u2066b\u2069', 'a‹U+2066›b‹U+2069›'], ['two\nlines\tand', 'two\nlines\tand'],
    ['Kra\ufe00ken', 'Kra‹U+FE00›ken'], ['é\ufe0f', 'é‹U+FE0F›'], ['7\ufe0f', '7‹U+FE0F›'], ['7\ufe0f\u20e3', '7\ufe0f\u20e3'], ['\u2764\ufe0f', '\u2764\ufe0f'], ['©\ufe0f', '©\ufe0f'],
    ['\u{1f469}\u200d\u{1f4bb}', '\u{1f469}\u200d\u{1f4bb}'], ['می\u200cخواهم', 'می\u200cخواهم'], ['žluťoučký kůň €', 'žluťoučký kůň €'], [5, '5']]) {
    assert.equal(plain(text), want);
}
ok('what cannot be seen in a text is shown; what scripts and emoji need stays');
const PAGES = join(LIB, '../pages'), page = (name) => import(pathToFileURL(join(PAGES, name)).href);
const {fits} = await page('approve.js');
const device = {words: 'zopad-nilop-kugav-hukub-fatus-zimot', fingerprint: 'ab'.repeat(32)};
for (const typed of ['zopad nilop kugav hukub fatus zimot', ' ZOPAD-nilop-kugav-hukub-fatus-zimot ', 'AB'.repeat(32), 'ab:'.repeat(32)]) {
    assert.equal(fits(device, typed), true, typed);
}
for (const typed of ['', ' ', '-', '- -', 'žů', 'zopad', 'zopad-nilop-kugav-hukub-fatus', 'ab'.repeat(31)]) {
    assert.equal(fits(device, typed), false, typed);
    assert.equal(fits({}, typed), false, `a device without words, ${typed}`);
    assert.equal(fits({words: '', fingerprint: ''}, typed), false, `a device with empty words, ${typed}`);
}
ok('a device is approved by its own words or fingerprint, never by nothing');
const {orElse} = await page('data.js');
for (const status of [403, 404, 405, 501]) {
    assert.equal(await orElse('none', Promise.reject(Object.assign(new Error('x'), {status}))), 'none');
}
for (const status of [0, 400, 401, 409, 429, 500, 503, undefined]) {
    await assert.rejects(orElse('none', Promise.reject(Object.assign(new Error('x'), {status}))), `${status}`);
}
ok('what could not be read is no empty list');
const {limitAbout, limitText} = await page('limits.js');
const usd = {limitType: 'PER_TX', limitQty: '1500', asset: {symbol: 'USDC', contract: '0x52908400098527886E0F7030069857D2E4169EE7', decimals: 6}};
assert.equal(limitText(usd), '1,500 USDC of 0x52908400098527886E0F7030069857D2E4169EE7 per transaction');
assert.equal(limitText({...usd, asset: {...usd.asset, decimals: 0}}, f.middle), '1,500 smallest units of USDC of 0x5290…169EE7 per transaction');
assert.equal(limitText({...usd, asset: {symbol: 'ETH', decimals: 18}}), '1,500 ETH per transaction');
assert.deepEqual(limitAbout(usd), ['Everything']);
assert.deepEqual(limitAbout({...usd, feeQtyLimit: '0.25', matchers: [{type: 'USER', values: ['a', 'b']}, {type: 'TRANSACTION_TYPE', value: 'RAW'}]}),
    ['User: a, b', 'Transaction type: RAW', 'Fee at most 0.25']);
ok('limits that differ do not look the same');
const {shownOf} = await page('quorum_new.js');
const made = Array.from({length: 60}, (_, i) => ({id: `${i}`, createdAt: `2026-11-26T09:00:${String(59 - i).padStart(2, '0')}`, statusText: i < 45 ? 'Unpaired' : 'Paired'})); // the newest first
assert.deepEqual(shownOf([], made).slice(0, 15).map((d) => d.id), made.slice(45).map((d) => d.id).reverse(), 'what can be chosen is shown, the oldest first');
assert.equal(shownOf([], made).length, 40);
assert.ok(shownOf([made[44]], made).includes(made[44]), 'what is chosen is shown');
ok('devices that can be members are not cut off by those that cannot');
console.log(`lib: ${n} checks`);
