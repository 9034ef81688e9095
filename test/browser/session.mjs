// What is left when a session ends, what two tabs make of each other, what a page does
// when the platform does not answer: the console in a real browser, looked at by somebody
// who stands behind the chair.
//
// usage: node test/browser/session.mjs BUILD_DIR
import {expect, ok, run, until} from './browser.mjs';

const button = (page, name) => page.getByRole('button', {name, exact: true});
const dialog = (page) => page.getByRole('dialog');
const signInShown = (page) => page.getByLabel('Authenticator code').waitFor({timeout: 15000});
const everything = (page) => page.evaluate(() => `${document.documentElement.innerText} ${document.documentElement.outerHTML}`);
const refuse = (status) => (route) => route.fulfill({status, json: {code: status === 401 ? 16 : 13, message: 'not now', details: []}});

async function go(page, bed, path) {
    await page.goto(bed.url + path);
    await page.locator('main h1').first().waitFor({state: 'attached'});
    await page.locator('.skeleton').waitFor({state: 'detached'});
}

// ---- the end of a session ------------------------------------------------------------------

// What lies above the page goes with it: an invitation link must not stand over the sign-in.
async function dialogs(bed) {
    const page = await bed.page();

    await bed.signIn(page, bed.owner, '/settings/users');
    await button(page, 'Invite a user').click();
    await dialog(page).getByLabel('First name').fill('Dora');
    await dialog(page).getByLabel('Last name').fill('Door');
    await dialog(page).getByLabel('E-mail address').fill('dora@example.org');
    await dialog(page).getByRole('button', {name: 'Invite'}).click();
    const link = await dialog(page).locator('.copy-text').textContent();
    expect(/#.{20,}/.test(link), `a link with a token: ${link}`);
    await page.route('**/v2/**', refuse(401));
    await bed.invite({email: 'eve@example.org', firstName: 'Eve', lastName: 'End'}); // an event: the page reads
    await signInShown(page);
    await until('no dialog', async () => await page.locator('dialog').count() === 0, 5000);
    expect(!(await everything(page)).includes(link.split('#')[1]), 'the link is gone');
    await page.getByLabel('E-mail address').fill('x@example.org'); // and nothing is in the way
    await page.context().close();
    ok('a session that ends takes open dialogs and what they show with it');
}

async function backAgain(bed) {
    const page = await bed.page();

    await bed.signIn(page, bed.owner, '/settings/users');
    await page.getByText('ada@example.org').waitFor();
    await page.getByRole('link', {name: 'Home'}).click();
    await page.getByRole('heading', {level: 1, name: 'Home'}).waitFor();
    await button(page, 'Account of Ada Admin').click();
    await page.getByRole('menuitem', {name: 'Sign out'}).click();
    await signInShown(page);
    for (const how of ['goBack', 'goForward']) {
        await page[how]();
        await signInShown(page);
        expect(!(await everything(page)).includes('ada@example.org'), `${how}: nothing of the one who was here`);
    }
    const kept = await page.evaluate(() => JSON.stringify([{...localStorage}, {...sessionStorage}, history.state, document.cookie]));
    expect(!/ada|[0-9a-f]{24}/i.test(kept), `nothing is kept: ${kept}`);
    await page.context().close();
    ok('back and forward after the sign-out show the sign-in; storage, cookies of scripts and history hold nothing');
}

// The next one in the same tab must not see names that only the one before might read.
async function nextOne(bed, viewer) {
    const page = await bed.page(), asked = [];

    page.on('request', (r) => r.url().includes('/v2/users/info') && asked.push(r.url()));
    await bed.signIn(page, bed.owner, '/transactions');
    await page.getByRole('heading', {level: 1, name: 'Transactions'}).waitFor();
    await button(page, 'Account of Ada Admin').click();
    await page.getByRole('menuitem', {name: 'Sign out'}).click();
    await signInShown(page);
    const before = asked.length;
    await page.getByLabel('E-mail address').fill(viewer.email);
    await page.getByLabel('Password', {exact: true}).fill(viewer.password);
    await page.getByLabel('Authenticator code').fill(await bed.code(viewer));
    await button(page, 'Sign in').click();
    await button(page, 'Account of Vic Viewer').waitFor();
    await page.getByRole('link', {name: 'Transactions'}).first().click();
    await page.getByRole('heading', {level: 1, name: 'Transactions'}).waitFor();
    await until('the names are asked for anew', () => asked.length > before, 5000);
    await page.context().close();
    ok('what was read for one user is not kept for the next');
}

// ---- two tabs ------------------------------------------------------------------------------------

// -> the recovery codes, which the page shows once.
async function joining(bed, page) {
    const user = await bed.api('POST', '/v2/users', {email: 'joe@example.org', firstName: 'Joe', lastName: 'Joins', roles: ['VIEWER']});

    await page.goto(`${bed.url}/enrol#${user.body.enrolmentToken}`);
    await page.getByLabel('Password', {exact: true}).fill('quite another long one');
    await page.getByLabel('Password again').fill('quite another long one');
    await button(page, 'Continue').click();
    return page.locator('.codes').innerText();
}

async function tabs(bed, viewer) {
    const one = await bed.page();

    await bed.signIn(one, bed.owner, '/settings/users');
    const two = await one.context().newPage();
    await go(two, bed, '/settings/roles'); // no live updates here
    await button(one, 'Account of Ada Admin').click();
    await one.getByRole('menuitem', {name: 'Sign out'}).click();
    await signInShown(one);
    await signInShown(two);
    ok('who signs out in one tab is signed out in the other one, too');
    await one.close();
    const [join, wait] = [await two.context().newPage(), await two.context().newPage()];
    const shown = await joining(bed, join);
    await wait.goto(bed.url);
    await signInShown(wait);
    await bed.signIn(two, bed.owner, '/settings/roles');
    await button(wait, 'Account of Ada Admin').waitFor();
    await join.waitForTimeout(500);
    expect(await join.locator('.codes').count() === 1 && await join.locator('.codes').innerText() === shown, 'the recovery codes are still there');
    await wait.close();
    ok('who signs in in one tab is signed in where the sign-in waited; what is shown once in another one stays');
    const three = await two.context().newPage();
    await three.goto(bed.url);
    await three.evaluate(() => fetch('/v2/session').then((r) => r.json()).then((s) => fetch('/v2/session', {method: 'DELETE', headers: {'x-csrf-token': s.csrfToken}})));
    await bed.signIn(three, viewer);
    await until('the first tab is of the other user as well', async () => await button(two, 'Account of Vic Viewer').count() === 1, 15000);
    expect(!(await everything(two)).includes('Ada Admin'), 'nothing of the first user');
    expect(await join.locator('.codes').innerText() === shown, 'they are nobody’s but of who joins');
    await join.getByLabel('I saved the recovery codes').check();
    await button(join, 'Continue').click();
    await join.getByRole('heading', {name: 'Enter the first code'}).waitFor();
    expect(await two.getByRole('link', {name: 'Users', exact: true}).count() === 0 || (await two.getByRole('navigation').first().innerText()).includes('Home'), 'the frame is drawn anew');
    await two.context().close();
    ok('another user in another tab: no tab acts as one and shows the other');
}

// Work in one tab keeps the session of both.
async function idle(bed) {
    const one = await bed.page();

    await bed.signIn(one, bed.owner, '/settings/roles');
    const two = await one.context().newPage();
    await two.clock.install();
    await go(two, bed, '/settings/roles');
    for (let i = 0; i < 5; i++) {
        await two.clock.runFor(5 * 60000);
        await one.keyboard.press('Shift');
        await two.waitForTimeout(300);
    }
    await two.clock.runFor(10000);
    expect(await dialog(two).count() === 0 && await button(two, 'Account of Ada Admin').count() === 1, 'the tab that rests does not end the session of the one that is used');
    ok('a tab that rests while another one is used does not sign out');
    await two.route('**/v2/**', (route) => route.abort());
    await two.clock.runFor(13 * 60000 + 10000);
    await dialog(two).getByText('Are you still there?').waitFor();
    await two.clock.runFor(3 * 60000);
    await until('the page is closed to who comes by', async () => !(await everything(two)).includes('Ada Admin'), 15000);
    ok('an idle page closes, also when the platform cannot be reached');
    await one.context().close();
}

// ---- half-done work --------------------------------------------------------------------------------

const WALLET = {id: '00000000-0000-4000-8000-00000000000b', vaultId: '00000000-0000-4000-8000-00000000000a', quorumId: '00000000-0000-4000-8000-00000000000c', name: 'Hot', status: 'PROVISIONED',
    blockchain: 'ETHEREUM', keyAlgorithm: 'SECP256K1', signatureScheme: 'ECDSA', createdAt: '2026-11-26T09:00:00.000Z', updatedAt: '2026-11-26T09:00:00.000Z',
    publicKey: '0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798', address: '0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf', settings: {enabled: true, rawSigningEnabled: true}};

async function signing(bed, page) {
    const base = `**/v2/vaults/${WALLET.vaultId}/wallets/${WALLET.id}`, keys = [];
    let fail = true;

    await page.route(base, (route) => route.fulfill({json: WALLET}));
    await page.route(`**/v2/vaults/${WALLET.vaultId}`, (route) => route.fulfill({json: {id: WALLET.vaultId, name: 'Vault'}}));
    await page.route(`${base}/transactions/preview`, (route) => route.fulfill({json: {summary: 'Sign a message', summaryIsComplete: true, originAddress: WALLET.address, warnings: []}}));
    await page.route(`${base}/transactions/sign-plaintext`, (route) => {
        keys.push(route.request().headers()['idempotency-key']);
        return fail ? route.abort() : route.fulfill({json: {id: '00000000-0000-4000-8000-00000000000d'}});
    });
    await go(page, bed, `/vaults/${WALLET.vaultId}/keys/${WALLET.id}/sign?kind=plaintext`);
    await page.getByRole('textbox', {name: 'Message'}).fill('hello');
    await page.getByLabel('Derivation path').fill('m/0/5');
    await page.getByLabel('Derivation path').press('Enter');
    await button(page, 'Request signature').waitFor();
    for (let i = 0; i < 3; i++) { // a key that is held, or pressed once too often
        await page.keyboard.press('Enter');
    }
    await page.waitForTimeout(500);
    expect(keys.length === 0, 'nobody signs what has not been looked at');
    expect((await page.locator('main').innerText()).includes('m/0/5'), 'the review says with which derived key');
    ok('a second Enter after “Preview” does not ask for the signature');
    await button(page, 'Request signature').dblclick();
    await page.getByText(/cannot be reached/).first().waitFor();
    expect(keys.length === 1, `a double click asks once, not ${keys.length} times`);
    fail = false;
    await button(page, 'Request signature').click();
    await until('the second try', () => keys.length === 2, 5000);
    expect(keys[0]?.length >= 32 && keys[0] === keys[1], `the same request, tried again, is the same request: ${keys}`);
    await page.unroute(base);
    ok('a request whose answer was lost can be sent again: it is not made twice');
}

// A platform that was broken into shows an address of its own: nobody is to copy it.
async function address(bed, page) {
    const base = `**/v2/vaults/${WALLET.vaultId}/wallets/${WALLET.id}`, path = `/vaults/${WALLET.vaultId}/keys/${WALLET.id}`;
    const show = (wallet) => page.route(base, (route) => route.fulfill({json: wallet}));

    await page.route(`**/v2/vaults/${WALLET.vaultId}`, (route) => route.fulfill({json: {id: WALLET.vaultId, name: 'Vault'}}));
    await show(WALLET);
    await go(page, bed, path);
    await page.getByText(WALLET.address, {exact: true}).first().waitFor();
    await page.waitForTimeout(500);
    expect(await page.getByText('not this key’s').count() === 0, 'the right address is shown');
    for (const wrong of [{address: `0x7E5F${'00'.repeat(16)}5Bdf`}, {address: WALLET.address.toLowerCase()}, {publicKey: 'x'}]) {
        await page.unroute(base);
        await show({...WALLET, ...wrong});
        await go(page, bed, path);
        await page.getByText('shows an address that is not this key’s').waitFor({timeout: 20000});
        expect(await button(page, 'Copy address').count() === 0, 'there is nothing to copy');
    }
    await page.unroute(base);
    ok('an address that does not belong to the public key is not offered');
}

// A signature that does not verify is not to be published because its request is Signed.
async function wrongSignature(bed, page) {
    const base = `**/v2/vaults/${WALLET.vaultId}/wallets/${WALLET.id}`, id = '00000000-0000-4000-8000-00000000000d';
    const tx = {id, vaultId: WALLET.vaultId, walletId: WALLET.id, status: 'SIGNED', kind: 'PLAINTEXT', blockchain: 'ETHEREUM', summary: 'Sign a message', summaryIsComplete: true,
        originAddress: WALLET.address, createdAt: WALLET.createdAt, signingHash: '11'.repeat(32), signingPayloads: [{inputIndex: 0, signingHash: '11'.repeat(32),
            signature: `3006020101020101`}], receipts: []};

    await page.route(base, (route) => route.fulfill({json: WALLET}));
    await page.route(`${base}/transactions/${id}`, (route) => route.fulfill({json: tx}));
    await go(page, bed, `/transactions/${WALLET.vaultId}/${WALLET.id}/${id}`);
    await page.getByText('do not use this signature').waitFor({timeout: 20000});
    expect(await page.locator('.check-list li.bad').count() === 1, 'and it is said why');
    await page.unroute(base);
    await page.unroute(`${base}/transactions/${id}`);
    ok('a signature that does not verify is called so');
}

// The same with the real platform: its answer is lost on the way, the vault is there once.
async function lost(bed, page) {
    let n = 0;

    await page.route('**/v2/vaults', async (route) => {
        if (route.request().method() !== 'POST' || n++ > 0) {
            await route.continue();
            return;
        }
        await route.fetch();
        await route.abort();
    });
    await go(page, bed, '/vaults');
    await button(page, 'Create vault').first().click();
    await dialog(page).getByLabel('Name').fill('Made once');
    await dialog(page).getByRole('button', {name: 'Create vault'}).click();
    await dialog(page).getByText(/cannot be reached/).waitFor();
    await dialog(page).getByRole('button', {name: 'Create vault'}).click();
    await page.getByRole('heading', {level: 1, name: 'Made once'}).waitFor();
    await page.unroute('**/v2/vaults');
    const all = (await bed.api('GET', '/v2/vaults?pageSize=200')).body.vaults.filter((v) => v.name === 'Made once');
    expect(all.length === 1 && n === 2, `made once, asked for twice: ${all.length}, ${n}`);
    ok('a vault whose answer was lost is made once');
}

async function quorumReview(bed, page) {
    const devices = [1, 2, 3].map((n) => ({id: `00000000-0000-4000-8000-0000000000d${n}`, displayName: `node ${n}`, statusText: 'Paired', approvalStatus: 'APPROVED', enabledStatus: 'ENABLED',
        connectionStatus: 'ONLINE', createdAt: `2026-11-2${n}T09:00:00.000Z`}));
    let asked = 0;

    await page.route(/\/v2\/devices(\?.*)?$/, (route) => route.fulfill({json: devices}));
    await page.route('**/v2/mpc/quorums', (route) => {
        asked += route.request().method() === 'POST' ? 1 : 0;
        return route.abort();
    });
    await go(page, bed, '/controls/quorums/create');
    await button(page, 'Continue').click();
    await page.getByLabel('Name').fill('Quorum');
    await button(page, 'Continue').click();
    for (let i = 0; i < 3; i++) {
        await page.getByRole('checkbox').nth(i).check();
    }
    await button(page, 'Continue').click();
    await page.getByLabel('Required signatures').waitFor();
    await button(page, 'Continue').focus();
    for (let i = 0; i < 4; i++) {
        await page.keyboard.press('Enter');
    }
    await page.getByText('A quorum cannot be changed once created.').waitFor();
    await page.waitForTimeout(300);
    expect(asked === 0, 'nobody creates a quorum by holding a key');
    await page.unroute(/\/v2\/devices(\?.*)?$/);
    await page.unroute('**/v2/mpc/quorums');
    ok('a second Enter does not create a quorum either');
}

async function docs(bed, page) {
    await page.route('**/v2/openapi.json', (route) => route.abort());
    await page.goto(`${bed.url}/docs/api`);
    await page.getByText('The description could not be read').waitFor({timeout: 20000});
    await page.unroute('**/v2/openapi.json');
    page.trouble.length = 0; // the same, for those who look into the console
    ok('the page of the API says when its description does not come');
}

async function inbox(bed, page) {
    const set = (id, status) => ({id: `00000000-0000-4000-8000-${String(id).padStart(12, '0')}`, title: `Set ${id}`, createdAt: '2026-11-26T09:00:00.000Z', updatedAt: '2026-11-26T09:00:00.000Z',
        canApprove: status === 'PENDING', requestedByName: 'Bob', approvers: [], summary: {status, sourceType: 'TRANSACTION', expiresAt: '2036-11-26T09:00:00.000Z', requiredApproverCount: 1, currentApprovedCount: 0}});
    const decided = Array.from({length: 200}, (_, i) => set(i + 10, 'MET'));

    await page.route(/\/v2\/approvals(\?.*)?$/, (route) => route.fulfill({json: route.request().url().includes('status=PENDING') ? [set(1, 'PENDING')] : decided}));
    await go(page, bed, '/approvals');
    await page.getByRole('row', {name: /^Set 1 /}).waitFor({timeout: 20000});
    await page.unroute(/\/v2\/approvals(\?.*)?$/);
    ok('what waits is shown, however much was decided since');
}

// What could not be read is not said to be nothing.
async function notRead(bed, page) {
    await page.route(`**/v2/users/${bed.owner.id}/mfa`, refuse(500));
    await page.route('**/v2/sessions?userId=*', refuse(500));
    await page.goto(`${bed.url}/settings/users/${bed.owner.id}`);
    await page.locator('.skeleton').waitFor({state: 'detached'});
    const text = await page.locator('main').innerText();
    expect(!/Not connected|Not signed in anywhere/.test(text), `an authenticator that could not be read is not missing: ${text}`);
    await page.unroute(`**/v2/users/${bed.owner.id}/mfa`);
    await page.unroute('**/v2/sessions?userId=*');
    ok('what could not be read is not said to be missing');
}

const PAGES = ['/', '/devices', '/devices/create', '/controls/quorums', '/controls/quorums/create', '/controls/groups', '/controls/policies', '/vaults', '/transactions', '/approvals',
    '/address-book', '/settings', '/settings/users', '/settings/roles', '/settings/credentials', '/settings/credentials/create', '/settings/webhooks', '/settings/audit', '/settings/backups', '/settings/account'];

// Each page, with each way in which nothing comes: an error or the page, never a bar for ever.
async function away(bed, page) {
    const ways = {'no connection': (route) => route.abort(), 'an error inside': refuse(500), 'too many requests': refuse(429), 'no JSON': (route) => route.fulfill({status: 200, body: '<html>'})};

    for (const [way, answer] of Object.entries(ways)) {
        for (const path of PAGES) {
            await page.goto(bed.url);
            await page.getByRole('heading', {level: 1, name: 'Home'}).waitFor();
            await page.route(/\/v2\/(?!session$|events)/, answer);
            await page.evaluate((to) => {
                const a = Object.assign(document.createElement('a'), {href: to});
                document.body.append(a);
                a.click();
                a.remove();
            }, path);
            await until(`${path}, ${way}: the page is at rest`, async () => await page.locator('.skeleton, .waiting, [aria-busy=true]').count() === 0 && await page.locator('main h1').count() === 1, 10000);
            const text = await page.locator('main').innerText();
            expect(!/undefined|null|NaN|\[object/.test(text), `${path}, ${way}: ${text}`);
            await page.unroute(/\/v2\/(?!session$|events)/);
        }
    }
    page.trouble.length = 0; // told above
    ok(`${PAGES.length} pages without an answer, in ${Object.keys(ways).length} ways: each says so, none waits for ever`);
}

// A page that waits, and is left before its bars are there, does not lay them over the next.
async function bars(bed, page) {
    await go(page, bed, '/settings'); // its module is here now
    await page.route('**/v2/devices?*', () => {});
    for (const gap of [0, 30]) {
        await page.evaluate(async (ms) => {
            const click = (to) => document.querySelector(`nav[aria-label=Main] a[href="${to}"]`).click();
            click('/devices');
            if (ms > 0) {
                await new Promise((done) => setTimeout(done, ms));
            }
            click('/settings');
        }, gap);
        await page.waitForTimeout(500);
        expect(await page.locator('.skeleton').count() === 0 && await page.getByRole('heading', {level: 1, name: 'Settings'}).count() === 1, `the page that was asked for last is shown, after ${gap} ms`);
    }
    await page.unroute('**/v2/devices?*');
    ok('a page that was left while it waited shows no bars over the next one');
}

// An answer that never comes is told after a minute.
async function never(bed, page) {
    const state = await page.context().storageState(), other = await bed.page({signedIn: state});

    await other.clock.install();
    await other.goto(bed.url);
    await other.getByRole('heading', {level: 1, name: 'Home'}).waitFor();
    let asked = 0;
    await other.route('**/v2/devices?*', () => { asked++; });
    await other.route('**/v2/session', (route) => route.abort()); // else the page tries again by itself
    await other.getByRole('link', {name: 'Devices'}).first().click();
    await until('the devices are asked for', () => asked > 0);
    await other.clock.runFor(70000);
    await button(other, 'Try again').waitFor({timeout: 20000});
    await other.context().close();
    ok('an answer that never comes is told');
}

// Names that look like others: what cannot be seen is shown.
async function invisible(bed, page) {
    const made = await page.evaluate(async () => {
        const s = await (await fetch('/v2/session')).json();
        return (await fetch('/v2/vaults', {method: 'POST', headers: {'content-type': 'application/json', 'x-csrf-token': s.csrfToken}, body: JSON.stringify({name: 'x', description: 'plain'})})).json();
    });
    await page.route(`**/v2/vaults/${made.id}`, (route) => route.fulfill({json: {...made, name: 'Kra\u200bken \u202eETH 001', description: 'b\u00adank \u2066x'}}));
    await go(page, bed, `/vaults/${made.id}`);
    const text = await page.locator('main').innerText();
    expect(!/[\u200b\u202e\u2066\u00ad]/.test(text) && text.includes('Kra‹U+200B›ken ‹U+202E›ETH 001'), `the name says what is in it: ${text}`);
    expect(!/[\u200b\u202e]/.test(await page.title()), 'the title, too');
    await page.unroute(`**/v2/vaults/${made.id}`);
    ok('characters that take no room or turn text around are shown as what they are');
}

await run({}, async (bed) => {
    const viewer = await bed.invite({email: 'vic@example.org', firstName: 'Vic', lastName: 'Viewer', roles: ['VIEWER']});
    const only = process.env.CS_ONLY?.split(',');
    const wants = (name) => !only || only.includes(name);
    const page = await bed.page();

    await bed.signIn(page, bed.owner);
    for (const [name, test] of Object.entries({address, wrongSignature, signing, lost, quorumReview, docs, inbox, notRead, invisible, bars, never, away})) {
        if (wants(name)) {
            await test(bed, page);
        }
    }
    await page.context().close();
    for (const [name, test] of Object.entries({dialogs, backAgain, nextOne, tabs, idle})) {
        if (wants(name)) {
            await test(bed, viewer);
        }
    }
});
