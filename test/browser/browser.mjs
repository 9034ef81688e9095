// A real browser before a real platform: what the tests of the console share.
//
//   const bed = await open({build, owner: true, nodes: 0});
//     bed.url, bed.dir, bed.owner {email, password, totp, recoveryCodes}
//     bed.api(method, path, body) -> {status, body}     as the first credential
//     bed.invite({email, roles, ..}) -> an account like owner, enrolled by the API
//     bed.nodeStart(n, pairingKey), bed.status(n), bed.fingerprint(n)
//     bed.page({phone, theme}) -> Playwright's page in a context of its own, watched:
//        canaries that ran, CSP violations, errors of scripts are in page.trouble
//     bed.signIn(page, account), bed.code(account)    a code that was not used yet
//     bed.axe(page, what)                             no serious violation, or it throws
//     bed.close()
//   until(what, fn, ms), ok(sentence), expect(condition, sentence), shot(page, name)
//
// usage of a test: node test/browser/x.mjs BUILD_DIR [--shots DIR].  Exit 77 when there is
// no browser here.  Only processes started here are ended, each by its own pid.
import {spawn, execFileSync} from 'node:child_process';
import {createHmac, randomBytes} from 'node:crypto';
import {existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync} from 'node:fs';
import {request} from 'node:https';
import {tmpdir} from 'node:os';
import {dirname, join, resolve} from 'node:path';
import {fileURLToPath} from 'node:url';

const HERE = dirname(fileURLToPath(import.meta.url));
const PATIENCE = 60000;

export const args = (() => {
    const [build, ...rest] = process.argv.slice(2);
    const at = rest.indexOf('--shots');

    if (!build) {
        console.error(`usage: node ${process.argv[1]} BUILD_DIR [--shots DIR]`);
        process.exit(64);
    }
    return {build: resolve(build), shots: at >= 0 ? resolve(rest[at + 1]) : null};
})();

function skip(why) {
    console.log(`SKIPPED: ${why}`);
    process.exit(77);
}

async function launch() {
    let playwright;

    try {
        playwright = await import('playwright-core');
    } catch {
        skip('playwright-core is not installed (third_party/install.sh --with-tests)');
    }
    const program = process.env.CS_CHROMIUM ?? ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);
    if (!program || !existsSync(program)) {
        skip('no chromium (third_party/install.sh --with-tests)');
    }
    return playwright.chromium.launch({executablePath: program, args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-proxy-server']});
}

// ---- sentences ----------------------------------------------------------------------

export function ok(sentence) {
    console.log(`ok    ${sentence}`);
}

export function expect(condition, sentence) {
    if (!condition) {
        throw new Error(sentence);
    }
}

export async function until(what, fn, ms = PATIENCE) {
    const end = Date.now() + ms;

    for (;;) {
        const value = await fn();
        if (value) {
            return value;
        }
        expect(Date.now() < end, `${what}: not within ${ms / 1000} s`);
        await new Promise((r) => setTimeout(r, 100));
    }
}

export async function shot(page, name) {
    if (args.shots) {
        mkdirSync(args.shots, {recursive: true});
        await page.screenshot({path: join(args.shots, `${name}.png`), animations: 'disabled'});
    }
}

// ---- codes ---------------------------------------------------------------------------

function base32(text) {
    let bits = '';

    for (const c of text.replace(/=+$/, '')) {
        bits += 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0');
    }
    return Buffer.from(bits.match(/.{8}/g).map((b) => parseInt(b, 2)));
}

export function totp(secret, step) {
    const counter = Buffer.alloc(8);

    counter.writeBigUInt64BE(BigInt(step));
    const mac = createHmac('sha1', base32(secret)).update(counter).digest();
    const at = mac[19] & 15;
    return String((mac.readUInt32BE(at) & 0x7fffffff) % 1000000).padStart(6, '0');
}

// ---- processes ------------------------------------------------------------------------

class Bed {
    constructor(browser) {
        this.browser = browser;
        this.dir = mkdtempSync(join(tmpdir(), 'cloudsign-e2e.'));
        this.children = [];
        this.token = null;
        this.contexts = [];
    }

    start(name, program, argv, env) {
        const log = openSync(join(this.dir, `${name}.log`), 'a');
        const child = spawn(resolve(args.build, program), argv, {stdio: ['ignore', log, log], env: {...process.env, ...env}});

        child.name = name;
        child.on('exit', (code, signal) => {
            child.ended = code ?? signal;
        });
        this.children.push(child);
        return child;
    }

    log(name) {
        return readFileSync(join(this.dir, `${name}.log`), 'utf8');
    }

    async platformStart(extra = []) {
        const data = join(this.dir, 'platform');

        mkdirSync(data, {mode: 0o700, recursive: true});
        rmSync(join(data, 'platform.url'), {force: true});
        const child = this.start('platform', 'cloudsign-platform', ['serve', '--data-dir', data, '--listen', this.url?.replace('https://', '') ?? '127.0.0.1:0', ...extra], {});
        await until('the platform is ready', () => {
            expect(child.ended === undefined, `the platform ended: ${child.ended}\n${this.log('platform')}`);
            return existsSync(join(data, 'platform.url'));
        });
        this.url = readFileSync(join(data, 'platform.url'), 'utf8').trim();
        this.ca = readFileSync(join(data, 'ca.pem'));
        return child;
    }

    setupToken() {
        return readFileSync(join(this.dir, 'platform', 'setup-token'), 'utf8').trim();
    }

    nodeStart(n, pairingKey) {
        const data = join(this.dir, `node${n}`);

        mkdirSync(data, {mode: 0o700, recursive: true});
        this.keys ??= {};
        this.keys[n] ??= randomBytes(32).toString('hex');
        return this.start(`node${n}`, 'cloudsign', ['run'], {PAIRING_KEY: pairingKey, DB_ENCRYPTION_KEY_HEX: this.keys[n], LOG_LEVEL: 'info', CLOUDSIGN_DATA_DIR: data});
    }

    // What the node says of itself, as an administrator reads it on its machine.
    status(n) {
        return JSON.parse(execFileSync(join(args.build, 'cloudsign'), ['status', '--json'], {env: {...process.env, CLOUDSIGN_DATA_DIR: join(this.dir, `node${n}`)}}));
    }

    fingerprint(n) {
        return this.status(n).fingerprint;
    }

    async stop(child) {
        if (child.ended === undefined) {
            const gone = new Promise((r) => child.once('exit', r));
            child.kill('SIGTERM');
            const late = setTimeout(() => child.kill('SIGKILL'), 15000);
            await gone;
            clearTimeout(late);
        }
    }

    async close(failed = false) {
        await this.browser.close();
        for (const child of [...this.children].reverse()) {
            await this.stop(child);
        }
        if (failed) {
            for (const name of new Set(this.children.map((c) => c.name))) {
                console.log(`--- ${name}\n${this.log(name).split('\n').slice(-25).join('\n')}`);
            }
        }
        if (!process.env.CS_E2E_KEEP) {
            rmSync(this.dir, {recursive: true, force: true});
        }
    }

    // ---- the API beside the browser

    call(method, path, body, headers = {}) {
        return new Promise((resolve_, reject) => {
            const data = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
            const req = request(this.url + path, {method, ca: this.ca, agent: false, headers: {...data ? {'content-type': 'application/json', 'content-length': data.length} : {}, ...headers}}, (res) => {
                const parts = [];
                res.on('data', (p) => parts.push(p));
                res.on('end', () => {
                    const text = Buffer.concat(parts).toString();
                    let json = null;
                    try {
                        json = JSON.parse(text);
                    } catch {
                        // a page, or lines
                    }
                    resolve_({status: res.statusCode, headers: res.headers, text, body: json, raw: Buffer.concat(parts)});
                });
            });
            req.on('error', reject);
            req.end(data);
        });
    }

    async api(method, path, body) {
        if (this.token === null) {
            const t = await this.call('POST', '/v2/credentials/oauth/token', {clientId: this.credential.clientId, clientSecret: this.credential.clientSecret});
            expect(t.status === 200, `token: ${t.text}`);
            this.token = t.body.accessToken;
        }
        return this.call(method, path, body, {authorization: `Bearer ${this.token}`});
    }

    async setup() {
        const password = 'correct horse battery staple';
        const o = await this.call('POST', '/v2/setup', {setupToken: this.setupToken(), organizationName: 'Three nodes', firstName: 'Ada', lastName: 'Admin', email: 'ada@example.org', password});
        expect(o.status === 200, `setup: ${o.text}`);
        this.credential = o.body.credential;
        this.owner = {email: 'ada@example.org', password, totp: o.body.totp.secret, recoveryCodes: o.body.recoveryCodes, id: o.body.user.id};
    }

    async invite({email, firstName = 'Bob', lastName = 'Builder', roles = ['PROPOSER']}) {
        const password = 'quite another long one';
        const u = await this.api('POST', '/v2/users', {email, firstName, lastName, roles});
        expect(u.status === 200, `invite: ${u.text}`);
        const token = u.body.enrolmentToken;
        const e = await this.call('POST', '/v2/session/enrol', {token, password});
        expect(e.status === 200, `enrol: ${e.text}`);
        const account = {email, password, totp: e.body.totp.secret, recoveryCodes: e.body.recoveryCodes, id: u.body.id};
        const c = await this.call('POST', '/v2/session/enrol/confirm', {token, code: await this.code(account)});
        expect(c.status < 300, `confirm: ${c.text}`);
        return account;
    }

    // A code of the authenticator that was not used: each counts once, one step early or late.
    async code(account) {
        const now = () => Math.floor(Date.now() / 30000);
        // The step before is good as long as this one lasts.
        const step = Math.max(now() - (Date.now() % 30000 < 20000 ? 1 : 0), (account.used ?? 0) + 1);

        await until('the next code', () => now() + 1 >= step, 65000);
        account.used = step;
        return totp(account.totp, step);
    }

    // ---- pages

    async page({phone = false, theme = 'light', signedIn} = {}) {
        const context = await this.browser.newContext({ignoreHTTPSErrors: true, colorScheme: theme, reducedMotion: 'reduce', storageState: signedIn,
            viewport: phone ? {width: 390, height: 844} : {width: 1440, height: 900}, deviceScaleFactor: phone ? 2 : 1, isMobile: phone, hasTouch: phone});
        const page = await context.newPage();

        page.trouble = [];
        // Canaries of the tests call this.
        await page.exposeFunction('csCanary', (what) => page.trouble.push(`a canary ran: ${what}`));
        await page.addInitScript(() => document.addEventListener('securitypolicyviolation', (e) => console.error(`CSP: ${e.violatedDirective} ${e.blockedURI} ${e.sample}`)));
        page.on('dialog', (d) => {
            page.trouble.push(`a dialog of a script: ${d.message()}`);
            d.dismiss();
        });
        page.on('pageerror', (e) => page.trouble.push(`error: ${e.message}`));
        page.on('console', (m) => {
            const text = m.text();
            if (m.type() === 'error' && !/Failed to load resource|WebSocket connection/.test(text)) {
                page.trouble.push(`console: ${text}`);
            }
        });
        page.setDefaultTimeout(20000);
        return page;
    }

    async signIn(page, account, path = '/') {
        await page.goto(this.url + path);
        await page.getByLabel('E-mail address').fill(account.email);
        await page.getByLabel('Password', {exact: true}).fill(account.password);
        await page.getByLabel('Authenticator code').fill(await this.code(account));
        await page.getByRole('button', {name: 'Sign in'}).click();
        await page.locator('nav[aria-label=Main]').waitFor({state: 'attached'}); // hidden on a phone
    }

    async axe(page, what) {
        await page.evaluate(readFileSync(join(HERE, '../node_modules/axe-core/axe.min.js'), 'utf8'));
        const found = await page.evaluate(() => window.axe.run(document, {resultTypes: ['violations']}));
        const bad = found.violations.filter((v) => ['serious', 'critical'].includes(v.impact));

        expect(bad.length === 0, `axe, ${what}: ${JSON.stringify(bad.map((v) => ({id: v.id, help: v.help, nodes: v.nodes.slice(0, 4).map((n) => [n.target.join(' '), n.failureSummary])})), null, 1)}`);
    }
}

// prepare(bed): what is there before the platform, whose further arguments it returns.
export async function open({owner = true, prepare = () => []} = {}) {
    const bed = new Bed(await launch());

    try {
        await bed.platformStart(await prepare(bed));
        if (owner) {
            await bed.setup();
        }
    } catch (err) {
        await bed.close(true);
        throw err;
    }
    return bed;
}

// Runs a test: everything is ended and removed afterwards.
export async function run(options, test) {
    const bed = await open(options);

    try {
        await test(bed);
        await bed.close();
    } catch (err) {
        console.log(`WRONG ${err.stack}`);
        for (const page of bed.browser.contexts().flatMap((c) => c.pages())) {
            console.log(`at ${page.url()}: ${(await page.locator('body').innerText().catch(() => '')).replace(/\s+/g, ' ').slice(0, 600)}`);
            await shot(page, `wrong-${page.url().split('/').slice(3).join('-') || 'home'}`).catch(() => null);
        }
        await bed.close(true);
        process.exit(1);
    }
}
