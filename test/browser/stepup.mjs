// A step-up gives the browser a new cookie: other tabs, requests on their way and the live
// updates of the console go on with it, and nothing is done for whom it was not asked.
//
// usage: node test/browser/stepup.mjs BUILD_DIR
import {expect, ok, run, until} from './browser.mjs';

const button = (page, name) => page.getByRole('button', {name, exact: true});
const dialog = (page) => page.getByRole('dialog');
const json = (status, body) => ({status, contentType: 'application/json', body: JSON.stringify(body)});

async function go(page, bed, path) {
    await page.goto(bed.url + path);
    await page.locator('main h1').first().waitFor({state: 'attached'});
    await page.locator('.skeleton').waitFor({state: 'detached'});
}

const cookieOf = async (page) => (await page.context().cookies()).find((c) => c.name === '__Host-cloudsign').value;

// The console asks for the code because the platform is made to say so, once.
async function invite(bed, page, name, asks) {
    if (asks) {
        let first = true;
        await page.route('**/v2/users', (route) => {
            const refuse = first && route.request().method() === 'POST';
            first = first && !refuse;
            return refuse ? route.fulfill(json(403, {code: 7, message: 'stepUp: needs a code', details: [{field: 'stepUp', reason: 'needs a code'}]})) : route.continue();
        });
    }
    await button(page, 'Invite a user').click();
    await dialog(page).getByLabel('First name').fill(name);
    await dialog(page).getByLabel('Last name').fill('Step');
    await dialog(page).getByLabel('E-mail address').fill(`${name.toLowerCase()}@example.org`);
    await dialog(page).getByRole('button', {name: 'Invite'}).click();
    if (asks) {
        const code = page.getByRole('dialog', {name: 'Confirm that it is you'});
        await code.getByLabel('Code').fill(await bed.code(bed.owner));
        await code.getByRole('button', {name: 'Confirm'}).click();
    }
    await dialog(page).locator('.copy-text').waitFor();
    await page.unroute('**/v2/users');
    await page.keyboard.press('Escape');
    await dialog(page).waitFor({state: 'detached'});
}

await run({}, async (bed) => {
    const page = await bed.page();
    await bed.signIn(page, bed.owner, '/settings/users');
    const tab = await page.context().newPage();
    await go(tab, bed, '/settings/users');
    const before = await cookieOf(page);

    await invite(bed, page, 'Una', true);
    expect(await cookieOf(page) !== before, 'the browser has a new cookie');
    ok('a step-up gives a new cookie, and the page goes on with it');

    await invite(bed, tab, 'Duo', false);
    ok('another tab, whose token is the old one, writes without a sign-in');

    await until('both see both', async () => await page.getByText('duo@example.org').count() > 0 && await tab.getByText('una@example.org').count() > 0);
    await bed.invite({email: 'tre@example.org', firstName: 'Tre', lastName: 'Live'});
    await page.getByText('tre@example.org').waitFor();
    await tab.getByText('tre@example.org').waitFor();
    ok('live updates come back by themselves in both tabs');

    let refused = 0; // as if it had left with the old cookie
    await page.route('**/v2/users?**', (route) => refused++ === 0 ? route.fulfill(json(401, {code: 16, message: 'Cookie: is none', details: []})) : route.continue());
    await page.reload();
    await page.getByText('tre@example.org').waitFor();
    ok('a read that left with the old cookie is made again');
    await page.unroute('**/v2/users?**');

    const viewer = await bed.invite({email: 'vic@example.org', firstName: 'Vic', lastName: 'Viewer', roles: ['ADMINISTRATOR']});
    let open = null, asked = 0;
    const gate = new Promise((done) => { open = done; }); // this tab hears of it only then
    await page.route('**/v2/session', async (route) => { await gate; await route.continue(); });
    page.on('request', (r) => { asked += r.method() === 'POST' && r.url().endsWith('/v2/users') ? 1 : 0; });
    await button(page, 'Invite a user').click();
    await dialog(page).getByLabel('First name').fill('Wrong');
    await dialog(page).getByLabel('Last name').fill('One');
    await dialog(page).getByLabel('E-mail address').fill('wrong@example.org');
    await page.context().clearCookies(); // somebody else signs in in the other tab
    await bed.signIn(tab, viewer, '/settings/users');
    await dialog(page).getByRole('button', {name: 'Invite'}).click();
    await until('the request was refused', async () => asked === 1);
    open();
    await button(page, 'Account of Vic Viewer').waitFor();
    expect(asked === 1, `asked once, not ${asked} times`);
    const list = await bed.api('GET', '/v2/users');
    expect(!JSON.stringify(list).includes('wrong@example.org'), 'nothing was done for somebody else');
    ok('what one user asked for is not sent again as another');

    await tab.evaluate(async (code) => {
        const s = await (await fetch('/v2/session')).json();
        const r = await fetch('/v2/session/step-up', {method: 'POST', headers: {'content-type': 'application/json', 'x-csrf-token': s.csrfToken}, body: JSON.stringify({code})});
        return r.ok ? null : Promise.reject(new Error(await r.text()));
    }, await bed.code(viewer));
    const cookie = `__Host-cloudsign=${await cookieOf(page)}`, status = async () => (await bed.call('GET', '/v2/session', undefined, {cookie})).status;
    expect(await status() === 200, 'the session is there');
    await button(page, 'Account of Vic Viewer').click();
    await page.getByRole('menuitem', {name: 'Sign out'}).click();
    await page.getByLabel('Authenticator code').waitFor();
    expect(await status() === 401, 'the session has ended on the platform');
    ok('a tab whose token is the old one signs out');
});
