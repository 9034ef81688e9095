// The console's shell and settings in a real browser before a real platform: setup, people,
// credentials, webhooks, audit log, own account; what a new administrator does there is
// done.  Every page is looked at by axe in both themes and on a phone, names that are
// scripts stay names, and the browser enforces the policy of RELIABILITY 4.3.
//
// usage: node test/browser/settings.mjs BUILD_DIR [--shots DIR]
import {execFileSync} from 'node:child_process';
import {readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {args, expect, ok, run, shot, totp, until} from './browser.mjs';

const canary = (what) => `<img src=x onerror=csCanary('${what}')>`; // browser.mjs
const jsqr = await import('jsqr').then((m) => m.default.default ?? m.default, () => {
    console.log('SKIPPED: jsqr is not installed (third_party/install.sh --with-tests)');
    process.exit(77);
});
const PASSWORD = 'correct horse battery staple', OTHER = 'quite another long one', NEW = 'a new one after a while';

const button = (page, name) => page.getByRole('button', {name, exact: true});
const link = (page, name) => page.getByRole('link', {name, exact: true});
const dialog = (page) => page.getByRole('dialog');

async function go(page, bed, path) {
    await page.goto(bed.url + path);
    await settled(page);
}

async function settled(page) {
    await page.locator('main h1').first().waitFor({state: 'attached'});
    await page.locator('.skeleton').waitFor({state: 'detached'});
}

// What a camera would read.
async function qrText(page) {
    const {d, box} = await page.locator('svg.qr').evaluate((el) => ({d: el.querySelector('path').getAttribute('d'), box: el.getAttribute('viewBox')}));
    const n = Number(box.split(' ')[2]) + 4, scale = 4, size = n * scale;
    const data = new Uint8ClampedArray(size * size * 4).fill(255);

    for (const [, x, y] of d.matchAll(/M(\d+) (\d+)h1v1h-1z/g)) {
        for (let i = 0; i < scale * scale; i++) {
            const at = (((Number(y) + 4) * scale + Math.floor(i / scale)) * size + (Number(x) + 4) * scale + i % scale) * 4;
            data.fill(0, at, at + 3);
        }
    }
    return jsqr(data, size, size)?.data;
}

async function secretOf(page) {
    const secret = (await page.locator('.enrol .copy-text').textContent()).trim();
    const url = new URL(await qrText(page));

    expect(url.protocol === 'otpauth:' && url.searchParams.get('secret') === secret, `the picture holds the secret: ${url}`);
    return secret;
}

async function saveCodes(page) {
    const codes = await page.locator('.codes li').allTextContents();

    expect(codes.length === 10, `ten recovery codes, not ${codes.length}`);
    expect(await button(page, 'Continue').isDisabled(), 'nobody goes on without having saved the codes');
    const [file] = await Promise.all([page.waitForEvent('download'), button(page, 'Download').click()]);
    const text = readFileSync(await file.path(), 'utf8');
    expect(codes.every((c) => text.includes(c)), 'the file holds the recovery codes');
    await page.getByLabel('I saved the recovery codes').check();
    await button(page, 'Continue').click();
    return codes;
}

// ---- setup, sign-in ----------------------------------------------------------------------

async function setup(bed) {
    const page = await bed.page();

    await go(page, bed, '/');
    await bed.axe(page, 'sign-in');
    await shot(page, 'sign-in');
    await link(page, 'set it up').click();
    await page.getByLabel('Setup token').fill('0'.repeat(64));
    await page.getByLabel('Organisation').fill('Three nodes');
    await page.getByLabel('First name').fill('Ada');
    await page.getByLabel('Last name').fill('Admin');
    await page.getByLabel('E-mail address').fill('ada@example.org');
    await page.getByLabel('Password', {exact: true}).fill(PASSWORD);
    await page.getByLabel('Password again').fill(`${PASSWORD}!`);
    await button(page, 'Create the organisation').click();
    await page.getByText('The two passwords differ.').waitFor();
    await page.getByLabel('Password again').fill(PASSWORD);
    await button(page, 'Create the organisation').click();
    await page.locator('[data-field=setupToken] .field-error:visible').waitFor();
    ok('a wrong setup token is named at its field');
    await page.getByLabel('Setup token').fill(bed.setupToken());
    await bed.axe(page, 'setup');
    await button(page, 'Create the organisation').click();
    await page.getByRole('heading', {name: 'Save these now'}).waitFor();
    await bed.axe(page, 'codes');
    await shot(page, 'setup-codes');
    bed.owner = {email: 'ada@example.org', password: PASSWORD, totp: await secretOf(page)};
    bed.owner.recoveryCodes = await saveCodes(page);
    await page.getByRole('heading', {name: 'The first API credential'}).waitFor();
    const [clientId, clientSecret] = await page.locator('.copy-text').allTextContents();
    bed.credential = {clientId, clientSecret};
    expect((await bed.api('GET', '/v2/vaults')).status === 200, 'the first credential works');
    await button(page, 'Go to the sign-in').click();
    await page.getByLabel('Authenticator code').waitFor();
    ok('the first administrator is set up with the token; QR code and secret agree');
    expect(page.trouble.length === 0, page.trouble.join('; '));
    await page.context().close();
}

// With the keyboard alone.
async function keyboard(bed) {
    const page = await bed.page();
    const at = () => page.evaluate(() => document.activeElement.name || document.activeElement.getAttribute('aria-label') || document.activeElement.textContent.trim());

    await go(page, bed, '/settings/users');
    expect(await at() === 'email', `the focus is in the first field, not ${await at()}`);
    await page.keyboard.type(bed.owner.email);
    await page.keyboard.press('Tab');
    await page.keyboard.type('wrong password!');
    await page.keyboard.press('Tab');
    expect(/password/i.test(await at()), 'then the button that shows the password');
    await page.keyboard.press('Tab');
    await page.keyboard.type('000000');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').filter({visible: true}).or(page.locator('.field-error:visible')).first().waitFor();
    await page.getByLabel('Password', {exact: true}).fill(PASSWORD);
    await page.getByLabel('Authenticator code').fill(await bed.code(bed.owner));
    await page.keyboard.press('Enter');
    await page.getByRole('heading', {name: 'Users', level: 1}).waitFor();
    ok('signing in with the keyboard alone leads to the page that was asked for');
    await page.keyboard.press('Tab');
    await page.evaluate(() => document.body.focus());
    await page.locator('.skip').focus();
    await page.keyboard.press('Enter');
    expect(await page.evaluate(() => document.activeElement.id) === 'main', 'the skip link leads to the content');
    await page.getByRole('link', {name: 'Roles'}).press('Enter');
    await page.getByRole('heading', {name: 'Roles', level: 1}).waitFor();
    await until('the focus goes to the new page', () => page.evaluate(() => document.activeElement?.tagName === 'H1'), 5000);
    expect(await page.title() === 'Roles · CloudSign', 'the title is the page’s');
    ok('skip link, and the focus goes along with navigation');
    expect(page.trouble.length === 0, page.trouble.join('; '));
    return page;
}

// ---- people ------------------------------------------------------------------------------

async function invite(bed, page) {
    await go(page, bed, '/settings/users');
    await button(page, 'Invite a user').click();
    await dialog(page).getByLabel('First name').fill(canary('first'));
    await dialog(page).getByLabel('Last name').fill('Builder');
    await dialog(page).getByLabel('E-mail address').fill('bob.example.org');
    await button(page, 'Invite').click();
    await page.locator('dialog .field-error:visible').waitFor();
    await dialog(page).getByLabel('E-mail address').fill('bob@example.org');
    await dialog(page).getByRole('checkbox', {name: /Viewer/}).uncheck();
    await dialog(page).getByRole('checkbox', {name: /Approver/}).check();
    await bed.axe(page, 'invitation');
    await shot(page, 'invite');
    await button(page, 'Invite').click();
    await dialog(page).getByText('This link is shown once').waitFor();
    const url = await dialog(page).locator('.copy-text').textContent();
    expect(url.startsWith(`${bed.url}/enrol#`), `the link of the invitation: ${url}`);
    await button(page, 'I have passed it on').click();
    await page.getByText(canary('first')).first().waitFor();
    ok('a user is invited; the link is shown once');
    return url;
}

async function enrol(bed, url) {
    const page = await bed.page({theme: 'dark'});
    const seen = [];

    page.on('request', (r) => seen.push(r.url()));
    await page.goto(url);
    await page.getByLabel('Password', {exact: true}).fill(OTHER);
    await page.getByLabel('Password again').fill(OTHER);
    expect(!page.url().includes('#'), 'the token has left the address bar');
    await bed.axe(page, 'enrolment');
    await button(page, 'Continue').click();
    await page.getByRole('heading', {name: 'Connect your authenticator'}).waitFor();
    await bed.axe(page, 'enrolment codes, dark');
    const account = {email: 'bob@example.org', password: OTHER, totp: await secretOf(page)};
    account.recoveryCodes = await saveCodes(page);
    await page.getByLabel('Authenticator code').fill('000000');
    await button(page, 'Finish').click();
    await page.locator('.field-error:visible, .banner.bad:visible').first().waitFor();
    await page.getByLabel('Authenticator code').fill(await bed.code(account));
    await button(page, 'Finish').click();
    await button(page, 'Go to the sign-in').click();
    const token = url.split('#')[1];
    expect(!seen.some((u) => u.includes(token)), 'no address of a request holds the token');
    await page.getByRole('button', {name: 'Use a recovery code'}).click();
    await page.getByLabel('E-mail address').fill(account.email);
    await page.getByLabel('Password', {exact: true}).fill(OTHER);
    await page.getByLabel('Recovery code').fill(account.recoveryCodes[0]);
    await button(page, 'Sign in').click();
    await page.getByRole('navigation', {name: 'Main'}).waitFor();
    await go(page, bed, '/settings/users');
    await page.getByText('You may not see this').waitFor();
    await bed.axe(page, 'not allowed, dark');
    expect(page.trouble.length === 0, page.trouble.join('; '));
    ok('the invited one enrols by the link, signs in with a recovery code, and may not see users');
    return page;
}

// The server asks again after five minutes; here the first answer is made to.
async function stepUp(bed, page) {
    let asked = 0;

    await page.route('**/v2/users/*/status', async (route) => {
        if (asked++ === 0) {
            await route.fulfill({status: 403, contentType: 'application/json', body: JSON.stringify({code: 7, message: 'stepUp: needs a fresh code', details: [{field: 'stepUp', reason: 'needs a fresh code'}]})});
        } else {
            await route.continue();
        }
    });
    await button(page, 'Block').click();
    await dialog(page).getByLabel('Reason').fill(canary('reason'));
    await dialog(page).getByRole('button', {name: 'Block', exact: true}).click();
    const second = page.getByRole('dialog', {name: 'Confirm that it is you'});
    await second.getByLabel('Code').fill(await bed.code(bed.owner));
    await bed.axe(page, 'step-up');
    await shot(page, 'step-up');
    await second.getByRole('button', {name: 'Confirm'}).click();
    await page.locator('.page-head .badge', {hasText: 'Blocked'}).waitFor();
    await page.unroute('**/v2/users/*/status');
    expect(asked === 2, `the request was repeated once, not ${asked - 1} times`);
    ok('a sensitive action asks for a code, then is done');
}

async function people(bed, page, bob) {
    await page.getByText(canary('first')).first().click();
    await page.locator('.page-head .badge', {hasText: 'Activated'}).waitFor();
    await bed.axe(page, 'a user');
    await stepUp(bed, page);
    await page.getByText(canary('reason')).waitFor();
    await go(bob, bed, '/');
    await bob.getByLabel('Authenticator code').waitFor();
    ok('who is blocked is signed out');
    await button(page, 'Unblock').click();
    await page.locator('.page-head .badge', {hasText: 'Activated'}).waitFor();
    await button(page, 'Change roles').click();
    await dialog(page).getByRole('checkbox', {name: /Auditor/}).check();
    await dialog(page).getByRole('button', {name: 'Save'}).click();
    await page.locator('.tag', {hasText: 'Auditor'}).waitFor();
    await button(page, 'Reset sign-in').click();
    await dialog(page).getByRole('button', {name: 'Reset and make a link'}).click();
    await dialog(page).getByText('This link is shown once').waitFor();
    await button(page, 'I have passed it on').click();
    ok('roles are changed, a sign-in is reset');
}

// ---- credentials -------------------------------------------------------------------------

async function credentials(bed, page) {
    await go(page, bed, '/settings/credentials/create');
    await page.getByRole('textbox', {name: 'Name'}).fill(canary('credential'));
    await page.getByLabel('Description').fill(canary('description'));
    await button(page, 'Create').click();
    await page.getByText('Choose at least one right.').waitFor();
    await page.getByRole('checkbox', {name: /vaults\.read/}).check();
    await page.getByLabel('Allowed addresses').fill('not an address');
    await button(page, 'Create').click();
    await page.locator('[data-field=allowedIps] .field-error:visible').waitFor();
    await page.getByLabel('Allowed addresses').fill('127.0.0.0/8');
    await bed.axe(page, 'creating a credential');
    await shot(page, 'credential-create');
    await button(page, 'Create').click();
    await dialog(page).getByText('The secret is shown once').waitFor();
    await bed.axe(page, 'the secret');
    const [clientId, clientSecret] = await dialog(page).locator('.copy-text').allTextContents();
    await button(page, 'I saved the secret').click();
    const token = () => bed.call('POST', '/v2/credentials/oauth/token', {clientId, clientSecret});
    const t = await token();
    expect(t.status === 200, `the credential works: ${t.text}`);
    const auth = {authorization: `Bearer ${t.body.accessToken}`};
    expect((await bed.call('GET', '/v2/vaults', undefined, auth)).status === 200, 'it may what was chosen');
    expect((await bed.call('GET', '/v2/devices', undefined, auth)).status === 403, 'and nothing else');
    await page.locator('.page-head .badge', {hasText: 'Enabled'}).waitFor();
    expect(!(await page.content()).includes(clientSecret), 'the secret is gone from the page');
    await bed.axe(page, 'a credential');
    await button(page, 'Disable').click();
    await dialog(page).getByRole('button', {name: 'Disable'}).click();
    await page.locator('.page-head .badge', {hasText: 'Disabled'}).waitFor();
    const refused = await token();
    expect([401, 403].includes(refused.status), `a disabled credential gets no token: ${refused.status} ${refused.text}`);
    await button(page, 'Enable').click();
    await page.locator('.page-head .badge', {hasText: 'Enabled'}).waitFor();
    await button(page, 'Delete').click();
    await dialog(page).getByRole('button', {name: 'Delete'}).click();
    await page.getByRole('heading', {name: 'API credentials', level: 1}).waitFor();
    ok('a credential: rights chosen, secret once, addresses, disabled, enabled, deleted');
}

// ---- webhooks ----------------------------------------------------------------------------

async function webhooks(bed, page) {
    await go(page, bed, '/settings/webhooks');
    await bed.axe(page, 'no webhooks');
    await button(page, 'Add webhook').click();
    await dialog(page).getByLabel('Name').fill(canary('webhook'));
    await dialog(page).getByLabel('Endpoint').fill('http://hooks.example.org/');
    await dialog(page).getByRole('button', {name: 'Add'}).click();
    await page.locator('dialog .field-error:visible').waitFor();
    await dialog(page).getByLabel('Endpoint').fill('https://hooks.example.org/cloudsign');
    await dialog(page).getByRole('button', {name: 'Add'}).click();
    await page.getByRole('heading', {name: 'Public key'}).waitFor();
    await bed.axe(page, 'a webhook');
    await shot(page, 'webhook');
    await button(page, 'Send a test').click();
    const row = page.getByRole('table', {name: 'Deliveries'}).getByRole('row').nth(1);
    await row.getByText('Pending').waitFor();
    ok('a test delivery is in the log');
    await row.getByRole('button', {name: 'Send again'}).click();
    await page.getByText('It is sent again').waitFor();
    await page.locator('.card', {hasText: 'Subscriptions'}).getByRole('button', {name: 'Subscribe'}).click();
    await dialog(page).getByRole('checkbox', {name: /Devices/}).check();
    await dialog(page).getByRole('button', {name: 'Subscribe'}).click();
    await page.locator('.card li', {hasText: 'Devices'}).getByRole('button', {name: 'Remove'}).click();
    await page.getByText('The subscription was removed').waitFor();
    await button(page, 'Delete').click();
    await dialog(page).getByRole('button', {name: 'Delete'}).click();
    await page.getByText('No webhooks yet').waitFor();
    ok('a webhook: added, tested, sent again, subscribed, unsubscribed, deleted');
}

// ---- audit -------------------------------------------------------------------------------

async function audit(bed, page) {
    await go(page, bed, '/settings/audit');
    await button(page, 'POST /v2/webhooks').first().click();
    await dialog(page).getByText(canary('webhook')).waitFor();
    await bed.axe(page, 'an audit record');
    await shot(page, 'audit-record');
    await dialog(page).getByRole('button', {name: 'Close'}).click();
    await page.getByLabel('Action').fill('POST /v2/users');
    await until('the filter', async () => (await page.getByRole('table', {name: 'Audit log'}).getByRole('row').count()) === 2, 10000);
    ok('records with what was before and after, filtered');
    await button(page, 'Verify the chain').click();
    await page.getByText('The chain holds').waitFor();
    const head = (await bed.api('GET', '/v2/audit/head')).body;
    expect((await page.locator('.banner.ok').textContent()).includes(`to ${head.seq}`), 'all records were checked');
    await shot(page, 'audit-verified');
    const [file] = await Promise.all([page.waitForEvent('download'), button(page, 'Export').click()]);
    const path = join(bed.dir, 'audit.ndjson');
    writeFileSync(path, readFileSync(await file.path()));
    execFileSync(join(args.build, 'cloudsign-platform'), ['audit', 'verify', path, '--head', head.hash]);
    ok(`the chain of ${head.seq} records holds in the browser; the export passes the offline verifier`);
    await page.route('**/v2/audit/export*', async (route) => {
        const res = await route.fetch();
        await route.fulfill({response: res, body: (await res.text()).replace('"address":"127.0.0.1"', '"address":"127.0.0.2"')});
    });
    await button(page, 'Verify the chain').click();
    await page.getByText(/The chain is broken: record \d+ was changed/).waitFor();
    await page.unroute('**/v2/audit/export*');
    ok('one changed byte is found, and the record is named');
}

// ---- groups, backups, account ----------------------------------------------------------------

async function groups(bed, page) {
    const other = await bed.invite({email: 'carol@example.org', firstName: 'Carol', lastName: canary('carol'), roles: ['APPROVER']});

    await go(page, bed, '/controls/groups');
    const card = page.locator('.card', {has: page.getByRole('heading', {name: 'MPC quorums', exact: true})});
    await card.getByRole('button', {name: 'Set up'}).click();
    await dialog(page).getByLabel('How many have to agree').fill('2');
    await dialog(page).getByRole('checkbox', {name: /Carol/}).check();
    await dialog(page).getByRole('button', {name: 'Save'}).click();
    await page.locator('[data-field=requiredApproverCount] .field-error:visible').waitFor();
    await dialog(page).getByRole('checkbox', {name: /Ada/}).check();
    await bed.axe(page, 'an approval group');
    await dialog(page).getByRole('button', {name: 'Save'}).click();
    await card.getByText('2 of 2').waitFor();
    await card.getByRole('button', {name: 'Remove'}).click();
    await dialog(page).getByRole('button', {name: 'Remove'}).click();
    await card.getByText('No approval needed').waitFor();
    expect(other.id !== bed.owner.id, 'another user');
    ok('an approval group: set up, removed');
    await page.locator('.card', {has: page.getByRole('heading', {name: 'Transactions', exact: true})}).getByRole('button', {name: 'Set up'}).click();
    await dialog(page).getByRole('checkbox', {name: /Carol/}).check();
    await dialog(page).getByLabel('Or with a fee above').fill('0.1');
    await dialog(page).getByRole('button', {name: 'Save'}).click();
    await dialog(page).getByText(/must have symbol and qty/).waitFor();
    await dialog(page).getByRole('button', {name: 'Cancel'}).click();
    ok('half a threshold is not dropped in silence');
}

async function recoveryKeys(bed, page) {
    const line = execFileSync(join(args.build, 'cloudsign'), ['recover', 'keygen', join(bed.dir, 'one.key')], {stdio: ['ignore', 'pipe', 'ignore']}).toString().trim();

    await go(page, bed, '/settings/backups');
    await button(page, 'Add recovery keys').click();
    await dialog(page).getByLabel('Name').fill(canary('strategy'));
    await dialog(page).getByLabel('Public halves').fill('not a key');
    await button(page, 'Add').click();
    await page.getByText(/Is no recovery key/).waitFor();
    await dialog(page).getByLabel('Public halves').fill(line);
    await button(page, 'Add').click();
    await page.getByRole('table', {name: 'Recovery keys'}).getByText(canary('strategy')).waitFor();
    ok('a recovery key of cloudsign recover keygen is taken, another line is not');
}

async function account(bed, page) {
    const other = await bed.page();

    await bed.signIn(other, bed.owner, '/settings/account');
    await go(page, bed, '/settings/account');
    const rows = page.getByRole('table', {name: 'Sessions'}).getByRole('row');
    await until('two sessions', async () => (await rows.count()) === 3, 5000);
    await page.getByRole('table', {name: 'Sessions'}).getByRole('button', {name: 'End'}).first().click();
    await dialog(page).getByRole('button', {name: 'End the session'}).click();
    await until('one session', async () => (await rows.count()) === 2, 5000);
    await link(other, 'Users').click();
    await other.getByLabel('Authenticator code').waitFor();
    await other.context().close();
    ok('an ended session leads to the sign-in');
    await button(page, 'Change password').click();
    await dialog(page).getByLabel('Present password').fill(PASSWORD);
    await dialog(page).getByLabel('New password', {exact: true}).fill(NEW);
    await dialog(page).getByLabel('New password again').fill(NEW);
    await dialog(page).getByLabel('Authenticator or recovery code').fill(bed.owner.recoveryCodes[0]);
    await dialog(page).getByRole('button', {name: 'Change password'}).click();
    await page.getByText('The password was changed').waitFor();
    bed.owner.password = NEW;
    await go(page, bed, '/settings/users');
    await page.getByRole('heading', {name: 'Users', level: 1}).waitFor();
    ok('the password is changed and the session goes on');
}

// ---- all pages, all looks ----------------------------------------------------------------------

const PAGES = ['/settings', '/settings/users', '/settings/roles', '/settings/credentials', '/settings/credentials/create', '/settings/webhooks',
    '/settings/audit', '/settings/backups', '/settings/account', '/controls/groups', '/nowhere'];

async function looks(bed, state) {
    for (const [theme, phone] of [['light', false], ['dark', false], ['light', true], ['dark', true]]) {
        const page = await bed.page({theme, phone, signedIn: state});
        for (const path of PAGES) {
            await go(page, bed, path);
            await bed.axe(page, `${path}, ${theme}${phone ? ', phone' : ''}`);
            const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
            expect(wide <= 0, `${path} is ${wide} px wider than ${phone ? 'the phone' : 'the window'}`);
            await shot(page, `${path.slice(1).replaceAll('/', '-')}-${theme}${phone ? '-phone' : ''}`);
        }
        if (phone) {
            await page.getByRole('button', {name: 'Open the navigation'}).click();
            await bed.axe(page, `drawer, ${theme}`);
            await shot(page, `drawer-${theme}`);
            await page.keyboard.press('Escape');
            expect(await page.evaluate(() => document.activeElement.getAttribute('aria-label')) === 'Open the navigation', 'Escape closes the drawer and the focus goes back');
        }
        expect(page.trouble.length === 0, page.trouble.join('; '));
        await page.context().close();
    }
    ok(`${PAGES.length} pages, light and dark, desktop and phone: axe finds nothing serious, nothing overflows`);
    const page = await bed.page({signedIn: state});
    await go(page, bed, '/settings');
    const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const light = await ground();
    await page.getByRole('button', {name: /^Theme/}).click();
    await page.getByRole('button', {name: /^Theme: Light/}).click();
    const dark = await ground();
    await page.reload();
    await settled(page);
    expect(light !== dark && await ground() === dark, 'the theme of the switch stays');
    await page.context().close();
    ok('the theme switch holds over a reload');
}

// ---- what the browser enforces -----------------------------------------------------------------

async function policy(bed, state) {
    const page = await bed.page({signedIn: state});

    await go(page, bed, '/settings');
    const tried = await page.evaluate(async () => {
        const results = {};
        try {
            document.querySelector('main').innerHTML = '<b>x</b>';
            results.markup = 'went in';
        } catch (err) {
            results.markup = err.name;
        }
        const add = (fill) => new Promise((done) => {
            const s = document.createElement('script');
            s.onload = () => done('ran');
            s.onerror = () => done('stopped');
            try {
                fill(s);
            } catch (err) {
                done(err.name);
                return;
            }
            document.head.append(s);
            setTimeout(() => done('stopped'), 500);
        });
        results.inline = await add((s) => s.append('window.ran = 1'));
        results.foreign = await add((s) => s.setAttribute('src', 'https://example.org/x.js'));
        results.ran = window.ran === 1;
        results.connect = await fetch('https://example.org/').then(() => 'went out', () => 'stopped');
        return results;
    });
    expect(tried.markup === 'TypeError' && tried.inline !== 'ran' && tried.foreign !== 'ran' && !tried.ran && tried.connect === 'stopped', `the policy: ${JSON.stringify(tried)}`);
    ok('the browser refuses markup from text, inline and foreign scripts, and foreign requests');
    await page.context().close();
}

async function idle(bed) {
    const page = await bed.page();

    await page.clock.install();
    await bed.signIn(page, bed.owner, '/settings/account');
    await page.clock.runFor(13 * 60000 + 10000);
    await page.getByRole('dialog', {name: 'Are you still there?'}).waitFor();
    await bed.axe(page, 'idle warning');
    await button(page, 'Stay signed in').click();
    await page.clock.runFor(10 * 60000);
    expect(await page.getByRole('dialog').count() === 0, 'no second warning before its time');
    await page.clock.runFor(5 * 60000 + 20000);
    await page.getByLabel('Authenticator code').waitFor();
    ok('who does nothing is warned, then signed out');
    await page.context().close();
}

async function size(bed) {
    const page = await bed.page();
    const cdp = await page.context().newCDPSession(page);
    let bytes = 0, n = 0;

    await cdp.send('Network.enable');
    cdp.on('Network.loadingFinished', (e) => {
        bytes += e.encodedDataLength;
        n++;
    });
    await page.goto(bed.url);
    await page.getByLabel('Authenticator code').waitFor();
    await page.waitForLoadState('networkidle');
    const paint = await page.evaluate(() => Math.round(performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? -1));
    expect(bytes < 150 * 1024, `the first page has ${bytes} bytes`);
    ok(`the first page: ${Math.round(bytes / 1024)} KB in ${n} requests, first paint after ${paint} ms`);
    await page.context().close();
}

await run({owner: false}, async (bed) => {
    await setup(bed);
    await size(bed);
    const page = await keyboard(bed);
    const bob = await enrol(bed, await invite(bed, page));
    await people(bed, page, bob);
    await bob.context().close();
    await credentials(bed, page);
    await webhooks(bed, page);
    await audit(bed, page);
    await groups(bed, page);
    await recoveryKeys(bed, page);
    await account(bed, page);
    expect(page.trouble.length === 0, page.trouble.join('; '));
    const state = await page.context().storageState();
    await looks(bed, state);
    await policy(bed, state);
    await idle(bed);
    await page.getByRole('button', {name: /^Account of/}).click();
    await page.getByRole('menuitem', {name: 'Sign out'}).click();
    await page.getByLabel('Authenticator code').waitFor();
    await page.goBack().catch(() => null);
    await page.getByLabel('Authenticator code').waitFor();
    ok('signed out; going back shows nothing');
    expect(totp(bed.owner.totp, 1).length === 6, 'codes have six digits');
});
