// The parts of walk.mjs with more than one person: invited users, approvals, who may only
// look; webhooks; and what the first visit loads.
import {request} from 'node:http';
import {expect, ok, until} from './browser.mjs';
import {badge, button, dialog, heading, hooks, link, look, saveCodes, secretOf, settled} from './steps.mjs';

const MINUTE = 60000;

// ---- the first visit -----------------------------------------------------------------------

export async function firstLoad(bed) {
    const page = hooks(await bed.page());
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
    expect(bytes < 150 * 1024, `the first visit transfers ${bytes} bytes`);
    expect(page.trouble.length === 0, page.trouble.join('\n'));
    await page.context().close();
    ok(`first visit: ${(bytes / 1024).toFixed(1)} KB in ${n} requests, first contentful paint after ${paint} ms`);
}

// ---- webhooks ------------------------------------------------------------------------------

function control(bed, method, path, body) {
    return new Promise((done, reject) => {
        const req = request({host: '127.0.0.1', port: bed.hooks.http, method, path, agent: false}, (res) => {
            let text = '';
            res.on('data', (d) => {
                text += d;
            });
            res.on('end', () => done(JSON.parse(text)));
        });
        req.on('error', reject);
        req.end(body && JSON.stringify(body));
    });
}

export async function webhook(bed, page, {open}) {
    await open(page, 'Settings');
    await page.getByRole('main').getByRole('link', {name: 'Webhooks'}).first().click();
    await settled(page);
    await button(page, 'Add webhook').click();
    await dialog(page).getByLabel('Name').fill('Back office');
    await dialog(page).getByLabel('Endpoint').fill(`https://127.0.0.1:${bed.hooks.https}/cloudsign`);
    await dialog(page).getByRole('checkbox', {name: /Approvals/}).check();
    await dialog(page).getByRole('button', {name: 'Add'}).click();
    await heading(page, 'Back office').waitFor();
    bed.hook = new URL(page.url()).pathname;
    await control(bed, 'PUT', '/key', {path: '/cloudsign', publicKey: await page.locator('.card', {hasText: 'Public key'}).locator('pre.code').textContent()});
    await button(page, 'Send a test').click();
    const row = page.getByRole('table', {name: 'Deliveries'}).getByRole('row').nth(1);
    await row.getByText('Delivered').waitFor({timeout: MINUTE});
    await look(bed, page, 'a webhook');
    const calls = await control(bed, 'GET', '/calls');
    expect(calls.length > 0 && calls.every((c) => c.good), `the endpoint verifies with the key on the screen: ${JSON.stringify(calls)}`);
    await row.getByRole('button', {name: 'Send again'}).click();
    await until('it came again', async () => (await control(bed, 'GET', '/calls')).length > calls.length);
    ok('a webhook: its test is delivered, verified with the key on the screen, and sent again');
}

async function delivered(bed) {
    const calls = await until('the endpoint was told', async () => {
        const all = await control(bed, 'GET', '/calls');
        return ['TRANSACTION', 'APPROVAL'].every((domain) => all.some((c) => c.domain === domain)) && all;
    });

    expect(calls.every((c) => c.good), 'every delivery verifies');
    ok(`the endpoint was told of transactions and approvals: ${calls.length} deliveries, all verified`);
}

// ---- other people ------------------------------------------------------------------------------

async function invite(bed, page, {open}, [firstName, lastName, role]) {
    const email = `${firstName.toLowerCase()}@northwind.example`;

    await open(page, 'Settings');
    await page.getByRole('main').getByRole('link', {name: 'Users'}).first().click();
    await settled(page);
    await button(page, 'Invite a user').click();
    await dialog(page).getByLabel('First name').fill(firstName);
    await dialog(page).getByLabel('Last name').fill(lastName);
    await dialog(page).getByLabel('E-mail address').fill(email);
    await dialog(page).getByRole('checkbox', {name: /^Viewer/}).uncheck();
    await dialog(page).getByRole('checkbox', {name: new RegExp(`^${role}`)}).check();
    await button(page, 'Invite').click();
    const url = await dialog(page).locator('.copy-text').textContent();
    await button(page, 'I have passed it on').click();
    await page.getByText(`${firstName} ${lastName}`).first().waitFor();
    return {email, url};
}

// By the link, in a browser of the person's own; -> the page, signed in.
async function enrol(bed, {email, url}, password, how) {
    const page = hooks(await bed.page(how));

    await page.goto(url);
    await page.getByLabel('Password', {exact: true}).fill(password);
    await page.getByLabel('Password again').fill(password);
    await look(bed, page, 'enrolment');
    await button(page, 'Continue').click();
    await heading(page, 'Connect your authenticator').waitFor();
    const account = {email, password, totp: await secretOf(page)};
    await saveCodes(page);
    await page.getByLabel('Authenticator code').fill(await bed.code(account));
    await button(page, 'Finish').click();
    await button(page, 'Go to the sign-in').click();
    await page.getByLabel('E-mail address').fill(email);
    await page.getByLabel('Password', {exact: true}).fill(password);
    await page.getByLabel('Authenticator code').fill(await bed.code(account));
    await button(page, 'Sign in').click();
    await heading(page, 'Home').waitFor();
    bed.codes(page, account);
    return page;
}

// The guide: "as administrator or a standard user" a device is added; an administrator approves it.
async function standardUserAddsDevice(bed, admin, page, {addDevice, approve}) {
    const key = await addDevice(bed, page, 4);

    bed.nodeStart(4, key);
    await badge(page, 'Waiting for approval').waitFor({timeout: MINUTE});
    await page.getByText('An administrator has to compare the words').waitFor();
    expect(await button(page, 'Approve device').count() === 0, 'a standard user approves no device');
    await admin.goto(page.url().replace('/pairing', ''));
    await approve(bed, admin, 4);
    await badge(page, 'Paired').waitFor();
    ok('a standard user adds a device; it waits for approval, and only the administrator approves it');
}

async function group(bed, page, {open}) {
    await open(page, 'Approval groups');
    const card = page.locator('.card', {has: page.getByRole('heading', {name: 'Transactions', exact: true})});
    await card.getByRole('button', {name: 'Set up'}).click();
    await dialog(page).getByRole('checkbox', {name: /Anna/}).check();
    await dialog(page).getByRole('checkbox', {name: /Ada/}).check();
    await dialog(page).getByLabel('How many have to agree').fill('1');
    await look(bed, page, 'an approval group');
    await dialog(page).getByRole('button', {name: 'Save'}).click();
    await card.getByText('1 of 2').waitFor();
    ok('an approval group for transactions: one of two');
}

// Who asked tries it past the console.
async function tryAsMaker(page, id) {
    page.expected.push(/^403 PUT \/v2\/approvals\//, /^400 PUT \/v2\/approvals\//, /^409 PUT \/v2\/approvals\//);
    return page.evaluate(async (approval) => {
        const api = await import(document.querySelector('script[type=module]').src.replace('/app.js', '/lib/api.js'));
        try {
            await api.put(`/v2/approvals/${approval}`, {status: 'APPROVED', reasons: []});
            return 'approved';
        } catch (err) {
            return `${err.status} ${err.message}`;
        }
    }, id);
}

async function approvals(bed, admin, maker, checker, tools) {
    const {ask, signed, payment, picture, open, ethers} = tools, tx = payment(40, '12.5');

    await ask(maker, bed.key, {kind: 'Transaction', label: 'Encoded transaction', payload: tx.unsignedSerialized, preview: [tx.to, '12.5 ETH', 'It will wait for approval']});
    await badge(maker, 'Waiting for approval').waitFor();
    await maker.getByText('the maker is not the checker').waitFor();
    expect(await button(maker, 'Approve').count() === 0 && await button(maker, 'Reject').count() === 0, 'who asked is offered no decision');
    await look(bed, maker, 'a request that waits for approval');
    const id = /\/approvals\/([0-9a-f-]{36})/.exec(await maker.getByRole('main').getByRole('link', {name: 'Open'}).getAttribute('href'))[1];
    const refused = await tryAsMaker(maker, id);
    expect(/^4\d\d/.test(refused), `the maker cannot decide past the console either: ${refused}`);
    await checker.goto(bed.url);
    await checker.getByText('1 request waits for your approval').waitFor();
    await look(bed, checker, 'Home of an approver');
    await open(checker, 'Approvals');
    await look(bed, checker, 'approvals');
    await checker.locator('tbody').getByRole('link').first().click();
    await checker.getByText('What will happen').waitFor();
    await look(bed, checker, 'an approval');
    await picture(checker, 'approval');
    await button(checker, 'Approve').click();
    await dialog(checker).getByLabel('Note').fill('Matches order 1184');
    await dialog(checker).getByRole('button', {name: 'Approve'}).click();
    await signed(maker, {receipts: false}); // live; who proposes may not read receipts
    const raw = await maker.locator('figure.code-block', {hasText: 'Signed transaction'}).locator('code').first().textContent();
    expect(ethers.Transaction.from(raw.replace(/^(0x)?/, '0x')).from === bed.address, 'the approved transaction is signed');
    ok(`a standard user proposes, cannot approve (${refused.slice(0, 90)}), an approver does, and it is signed`);
    await ask(admin, bed.key, {kind: 'Message', label: 'Message', payload: 'not in the plan', preview: []});
    await badge(admin, 'Waiting for approval').waitFor();
    expect(await button(admin, 'Approve').count() === 0, 'an owner who asks cannot approve either');
    await checker.goto(admin.url());
    await button(checker, 'Reject').click();
    await dialog(checker).getByLabel('Reason').fill('not in the plan');
    await dialog(checker).getByRole('button', {name: 'Reject'}).click();
    await badge(admin, 'Rejected').waitFor();
    ok('an owner who asks cannot approve, though one of the approvers; a rejection ends the request');
}

const check = (page) => expect(page.trouble.length === 0, page.trouble.join('\n'));

export async function people(bed, admin, tools) {
    const paul = await enrol(bed, await invite(bed, admin, tools, ['Paul', 'Brandt', 'Proposer']), 'some words that paul knows', {theme: 'dark'});
    const anna = await enrol(bed, await invite(bed, admin, tools, ['Anna', 'Weiss', 'Approver']), 'some words that anna knows', {});

    await anna.setViewportSize({width: 1280, height: 800});
    ok('a standard user and an approver enrol by their links, each in a browser of the own');
    await standardUserAddsDevice(bed, admin, paul, tools);
    await group(bed, admin, tools);
    await approvals(bed, admin, paul, anna, tools);
    await delivered(bed);
    check(paul);
    check(anna);
    await paul.context().close();
    await anna.context().close();
}

// ---- who may only look -------------------------------------------------------------------------

// Names of what changes nothing.
const READS = /^(Copy.*|Refresh|Check again|View all|Open.*|Show.*|Overview|Settings|Limits|Derived addresses|Certificate|First \d+|Apply|Clear.*|Reset|Waiting \(\d+\)|Decided|Approval groups|Cancel|Back|Go to .*|Theme.*|Start the node|Docker.*)$/;

export async function viewer(bed, admin, tools) {
    const page = await enrol(bed, await invite(bed, admin, tools, ['Vera', 'Lind', 'Viewer']), 'some words that vera knows', {});
    let off = 0;

    for (const path of ['/', '/devices', bed.nodes[1].path, '/controls/quorums', '/controls/policies', '/vaults', bed.vault, bed.key,
        `${bed.key}#settings`, `${bed.key}#limits`, `${bed.key}/sign`, '/transactions', bed.tx, '/address-book']) {
        await page.goto('about:blank');
        await page.goto(bed.url + path);
        await settled(page);
        await until('the page is at rest', async () => await page.locator('main .waiting').count() === 0);
        const found = await page.evaluate(() => [...document.querySelectorAll('main :is(button, a.btn, input, textarea, select)')].filter((el) => el.checkVisibility() && !el.closest('.filters'))
            .map((el) => ({name: (el.getAttribute('aria-label') ?? el.textContent ?? '').trim() || el.name, disabled: el.disabled === true, why: el.title})));
        const bad = found.filter((b) => !b.disabled && !READS.test(b.name));
        expect(bad.length === 0, `${path} offers a viewer ${bad.map((b) => b.name).join(', ')}`);
        expect(found.filter((b) => b.disabled).every((b) => b.why !== ''), `${path}: what is off says why`);
        off += found.filter((b) => b.disabled).length;
        await look(bed, page, `${path} of a viewer`);
    }
    expect(await page.getByRole('navigation', {name: 'Main'}).getByRole('link', {name: 'Approval'}).count() === 0, 'no way to approvals, which a viewer may not see');
    expect(await link(page, 'Add a device').count() === 0, 'no link to add a device');
    check(page);
    await page.context().close();
    ok(`a viewer: 14 pages, nothing to press that writes, ${off} buttons are off and say why`);
}
