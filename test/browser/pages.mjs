// The console's work pages in a real browser, with a real platform and three real nodes:
// what people do there is done, every page is looked at by axe in both themes and on a
// phone, and names that are scripts stay names.
//
// usage: node test/browser/pages.mjs BUILD_DIR [--shots DIR]
import {expect, ok, run, shot, until} from './browser.mjs';

// At most 50 characters, as names are.  csCanary: browser.mjs.
const canary = (what) => `<img src=x onerror=csCanary('${what}')>`;
const NAMES = {vault: canary('vault'), key: canary('key'), quorum: canary('quorum')};

const button = (page, name) => page.getByRole('button', {name, exact: true});
const link = (page, name) => page.getByRole('link', {name, exact: true});
const badge = (page, text) => page.locator('.page-head .badge', {hasText: text});

async function go(page, bed, path) {
    await page.goto('about:blank'); // a whole new page, also where only the part after # differs
    await page.goto(bed.url + path);
    await page.locator('main h1').waitFor();
    await page.locator('.skeleton').waitFor({state: 'detached'});
}

// ---- what the seed asks for --------------------------------------------------------------

async function addDevice(bed, page, n) {
    await link(page, 'Add a device').first().click();
    expect(await page.getByRole('radio', {name: /CloudSign/}).isChecked(), 'the device type CloudSign is chosen');
    await page.getByLabel('Name').fill(n === 1 ? canary('device') : `node ${n}`);
    await button(page, 'Save and continue').click();
    await badge(page, 'Unpaired').waitFor();
    const key = await page.locator('.code-block.wrap code').first().textContent();
    const inside = JSON.parse(Buffer.from(key, 'base64').toString());
    expect(page.url().includes(inside.deviceId), 'the pairing key is that of the device on the page');
    expect((await page.getByLabel('docker run').textContent()).includes(`PAIRING_KEY=${key}`), 'the lines for Docker hold the pairing key');
    await page.getByRole('tab', {name: 'Docker Compose'}).click();
    expect((await page.getByLabel('.env').textContent()).includes(`PAIRING_KEY_${n}=${key}`), 'the lines of .env hold the pairing key');
    if (n === 1) {
        await bed.axe(page, 'pairing key');
        await shot(page, 'pairing-key');
    }
    return {id: inside.deviceId, key};
}

async function approve(bed, page, n) {
    await page.getByRole('heading', {name: 'Approve this device'}).waitFor({timeout: 60000}); // by itself: live
    if (n === 1) {
        await page.getByLabel('Words or fingerprint').fill('these-words-are-not-the-nodes-own');
        await button(page, 'Approve device').click();
        await page.getByText('These are not this device’s').waitFor();
        await bed.axe(page, 'approval');
        await shot(page, 'approve-device');
    }
    await page.getByLabel('Words or fingerprint').fill(bed.fingerprint(n));
    await button(page, 'Approve device').click();
    await badge(page, 'Paired').waitFor();
}

async function devices(bed, page) {
    bed.nodes = {};
    for (const n of [1, 2, 3]) {
        await go(page, bed, '/devices');
        const {id, key} = await addDevice(bed, page, n);
        if (n === 2) { // anew: the first one is useless from then on
            await button(page, 'Issue anew').click();
            await page.getByRole('dialog').getByRole('button', {name: 'Issue anew'}).click();
            await until('another pairing key', async () => (await page.locator('.code-block.wrap code').first().textContent().catch(() => key)) !== key);
        }
        const last = await page.locator('.code-block.wrap code').first().textContent();
        bed.nodes[n] = {key: last, child: bed.nodeStart(n, last)};
        await approve(bed, page, n);
        bed.ids = [...bed.ids ?? [], id];
    }
    ok('three devices: added, pairing key issued anew, Waiting for approval, wrong words refused, Paired');
    await go(page, bed, `/devices/${bed.ids[2]}`);
    await button(page, 'Rename').click();
    await page.getByRole('dialog').getByLabel('Name').fill('node three');
    await page.getByRole('dialog').getByRole('button', {name: 'Save'}).click();
    await page.getByRole('heading', {level: 1, name: 'node three'}).waitFor();
    await button(page, 'Disable').click();
    await page.getByRole('dialog').getByRole('button', {name: 'Disable device'}).click();
    await badge(page, 'Disabled').waitFor();
    await button(page, 'Enable').click();
    await badge(page, 'Paired').waitFor();
    ok('a device is renamed, disabled and enabled');
}

async function quorum(bed, page) {
    await go(page, bed, '/controls/quorums');
    await link(page, 'Create quorum').first().click();
    await button(page, 'Continue').click();
    await page.getByLabel('Name').fill(NAMES.quorum);
    await page.getByLabel('Description').fill('two of three');
    await button(page, 'Continue').click();
    const boxes = page.getByRole('checkbox');
    await boxes.nth(0).check();
    await button(page, 'Continue').click();
    await page.getByText('Choose exactly 3 devices').waitFor();
    await boxes.nth(1).check();
    await boxes.nth(2).check();
    await button(page, 'Continue').click();
    await page.getByLabel('Required signatures').selectOption('2');
    await button(page, 'Continue').click();
    await page.getByText('A quorum cannot be changed once created.').waitFor();
    await bed.axe(page, 'quorum, review');
    await shot(page, 'create-quorum');
    await button(page, 'Create').click();
    await badge(page, 'Confirmed').waitFor({timeout: 60000});
    expect(await page.locator('tbody .badge', {hasText: 'Confirmed'}).count() === 3, 'each member is Confirmed');
    const words = await page.locator('.words-list li').allTextContents();
    await page.getByLabel('Words, as a node shows them').fill('zopad-nilop-kugav-hukub-fatus-zimot');
    await button(page, 'Confirm the words').click();
    await page.getByText(/not this quorum's/i).waitFor();
    await page.getByLabel('Words, as a node shows them').fill(words.join('-'));
    await button(page, 'Confirm the words').click();
    await page.getByText('The words were compared').waitFor();
    bed.quorum = page.url().split('/').pop();
    ok('a quorum: made in steps, Confirmed by itself, its words compared, wrong ones refused');
}

async function key(bed, page, chainName) {
    await page.getByRole('link', {name: 'Create key'}).first().click();
    await page.getByLabel('Name').fill(NAMES.key);
    await page.getByLabel('Description').fill('<script>csCanary("description")</script>');
    await page.getByLabel('Blockchain').selectOption({label: chainName});
    expect(await page.getByRole('radio', {name: /^MPC/}).isChecked(), 'the keystore MPC is chosen');
    await page.getByRole('radio', {name: NAMES.quorum}).check();
    await button(page, 'Create key').click();
    await badge(page, 'Provisioned').waitFor({timeout: 60000});
    await page.getByRole('tab', {name: 'Settings'}).click();
    await page.getByLabel('Enabled').check();
    await page.getByLabel('Raw signing').check();
    await button(page, 'Save settings').click();
    await badge(page, 'Enabled').waitFor();
    expect(await page.getByRole('tab', {name: 'Settings'}).getAttribute('aria-selected') === 'true', 'the tab stays open when the key changes');
    return new URL(page.url()).pathname;
}

async function vaults(bed, page) {
    await go(page, bed, '/vaults');
    await button(page, 'Create vault').first().click();
    await page.getByRole('dialog').getByLabel('Name').fill(NAMES.vault);
    await page.getByRole('dialog').getByRole('button', {name: 'Create vault'}).click();
    await page.getByRole('heading', {level: 1, name: NAMES.vault}).waitFor();
    bed.vault = new URL(page.url()).pathname;
    bed.ethereum = await key(bed, page, 'Ethereum (ETH)');
    await go(page, bed, bed.vault);
    bed.solana = await key(bed, page, 'Solana (SOL)');
    ok('a vault and two keys: created, provisioned, enabled');
    for (const path of [bed.solana, bed.ethereum]) {
        await go(page, bed, path);
        await page.getByRole('tab', {name: 'Certificate'}).click();
        await page.getByText('Everything fits').waitFor();
        expect(await page.locator('.check-list li.ok').count() === 7, 'six things of the certificate were checked and fit, and the address');
    }
    ok('certificate, receipts and check signatures of both keys verify in the browser');
    await page.getByRole('tab', {name: 'Derived addresses'}).click();
    await button(page, 'First 5').click();
    await until('five derived addresses', async () => await page.locator('.derived').count() === 5);
    expect(await page.locator('.derived .check-list li.ok').count() === 5, 'each of them follows from the certificate, in the browser');
    await page.route('**/addresses?path=*', async (route) => {
        const answer = await route.fetch(), real = await answer.json();
        await route.fulfill({json: {...real, address: `0x${'35'.repeat(20)}`}});
    });
    await button(page, 'Show address').click();
    await page.getByText('This address is not derived from this key').waitFor();
    await page.unroute('**/addresses?path=*');
    await page.route('**/receipts', (route) => route.fulfill({status: 404, json: {code: 5, message: 'there is no such certificate', details: []}}));
    await button(page, 'Show address').click();
    await page.locator('.derived').first().getByText('The address was not checked').waitFor();
    await page.unroute('**/receipts');
    ok('derived addresses; one that is not derived is refused, one that was not checked is said not to be');
    await page.getByRole('tab', {name: 'Overview'}).click();
    await button(page, 'Add a tag').click();
    await page.getByRole('dialog').getByLabel('Tag').fill(canary('tag'));
    await page.getByRole('dialog').getByRole('button', {name: 'Add tag'}).click();
    await page.locator('.tag', {hasText: canary('tag')}).waitFor();
    ok('a tag of a key');
}

// A certificate in which one byte is another one, as a lying platform would show it.
async function lie(bed, page) {
    await page.route('**/receipts', async (route) => {
        const answer = await route.fetch(), proof = await answer.json();
        const at = proof.certificate.length - 4;
        proof.certificate = proof.certificate.slice(0, at) + (proof.certificate[at] === '0' ? '1' : '0') + proof.certificate.slice(at + 1);
        await route.fulfill({json: proof});
    });
    await go(page, bed, bed.solana);
    await page.getByRole('tab', {name: 'Certificate'}).click();
    await page.getByText('Something does not fit: do not use this key').waitFor();
    await page.unroute('**/receipts');
    ok('a certificate with one changed byte is seen in the browser');
}

// ---- signing ---------------------------------------------------------------------------------

async function signed(page) {
    await badge(page, 'Signed').waitFor({timeout: 60000});
    await until('the signatures are checked', async () => await page.locator('.check-list li').count() >= 2);
    expect(await page.locator('.check-list li.bad').count() === 0, 'nothing was found wrong');
    expect(await page.locator('.timeline li').count() >= 3, 'the timeline has what happened');
}

const TYPED = JSON.stringify({domain: {name: 'Mail', chainId: 1}, primaryType: 'Mail', types: {EIP712Domain: [{name: 'name', type: 'string'}, {name: 'chainId', type: 'uint256'}],
    Mail: [{name: 'text', type: 'string'}]}, message: {text: '<b>hello</b>'}});

async function sign(bed, page, path, kind, payload, label) {
    await go(page, bed, path);
    await link(page, 'Sign').click();
    await page.getByRole('radio', {name: new RegExp(`^${kind}`)}).check();
    await page.getByRole('textbox', {name: label}).fill(payload);
    await button(page, 'Preview').click();
    await button(page, 'Request signature').waitFor();
    if (kind === 'Message') {
        await bed.axe(page, 'review of a signature');
        await shot(page, 'sign-review');
    }
    await button(page, 'Request signature').click();
    await signed(page);
    return new URL(page.url()).pathname;
}

async function signing(bed, page) {
    bed.tx = await sign(bed, page, bed.solana, 'Message', canary('message'), 'Message');
    await sign(bed, page, bed.ethereum, 'Message', 'hello', 'Message');
    await sign(bed, page, bed.ethereum, 'Typed data', TYPED, 'EIP-712 document');
    // EIP-1559: nonce 9, 1 ETH to 0x3535..
    await sign(bed, page, bed.ethereum, 'Transaction',
        `0x02f001098459682f00850826299e0082520894${'35'.repeat(20)}880de0b6b3a764000080c0`, 'Encoded transaction');
    await page.getByText('Signed transaction, ready to publish').waitFor();
    ok('a message of each key, typed data and a transaction: previewed, signed, checked in the browser');
    await go(page, bed, `${bed.ethereum}/sign`);
    await page.getByRole('textbox', {name: 'Encoded transaction'}).fill('zz');
    await button(page, 'Preview').click();
    await page.locator('.field-error:visible').first().waitFor();
    ok('what is no transaction is refused at its field');
}

// ---- the rest -----------------------------------------------------------------------------------

async function book(bed, page) {
    await go(page, bed, '/address-book');
    await button(page, 'Add a counterparty').first().click();
    await page.getByRole('dialog').getByLabel('Name', {exact: true}).fill(canary('party'));
    await page.getByRole('dialog').getByLabel('Legal name').fill('Exchange Ltd');
    await page.getByRole('dialog').getByRole('button', {name: 'Add counterparty'}).click();
    await page.getByRole('heading', {level: 1, name: canary('party')}).waitFor();
    bed.party = new URL(page.url()).pathname;
    await button(page, 'Add an address').first().click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Name', {exact: true}).fill(canary('address'));
    await dialog.getByLabel('Blockchain').selectOption('ETHEREUM');
    await dialog.getByLabel('Address', {exact: true}).fill('0x3535353535353535353535353535353535353535');
    await dialog.getByLabel('This address was given').check();
    await dialog.getByRole('button', {name: 'Add address'}).click();
    await page.locator('tbody .badge', {hasText: 'In force'}).waitFor();
    ok('a counterparty and its address');
    await go(page, bed, bed.ethereum);
    await page.getByRole('tab', {name: 'Limits'}).click();
    await button(page, 'Add a limit').first().click();
    await page.getByRole('dialog').getByLabel('At most').fill('10.5');
    await page.getByRole('dialog').getByRole('button', {name: 'Add limit'}).click();
    await page.getByRole('tabpanel').getByText('10.5 ETH in any day').waitFor();
    await go(page, bed, '/controls/policies');
    await page.getByText('10.5 ETH in any day').waitFor();
    ok('a limit of a key');
    await narrow(bed, page);
}

// Whom and what it is about, its time and its fee: what the API can set, the form can.
async function narrow(bed, page) {
    const dialog = page.getByRole('dialog');

    await go(page, bed, bed.ethereum);
    await page.getByRole('tab', {name: 'Limits'}).click();
    // One of the 101 is no choice; the others are not all there are.
    await page.route('**/v2/addresses?**', (route) => route.fulfill({json: {addresses: Array.from({length: 101}, (_, i) => ({addressId: `a${i}`, active: i > 0, details: {}})), filter: {total: 500}}}));
    await button(page, 'Add a limit').first().click();
    await dialog.getByText('Only for some payments').click();
    await dialog.getByRole('textbox', {name: 'Paid to these addresses of the address book'}).waitFor();
    await dialog.getByRole('button', {name: 'Cancel'}).click();
    await page.unroute('**/v2/addresses?**');
    await button(page, 'Add a limit').first().click();
    await dialog.getByLabel('In any').selectOption({label: 'other time'});
    await dialog.locator('input[name=time]').fill('PT90M');
    await dialog.getByLabel('At most').fill('7');
    await dialog.getByLabel('Largest fee').fill('0.25');
    await dialog.getByText('Only for some payments').click();
    await dialog.getByRole('group', {name: 'Asked for by these users'}).getByRole('checkbox').first().check();
    await dialog.getByRole('group', {name: 'Paid to these counterparties'}).getByRole('checkbox').first().check();
    await dialog.getByRole('group', {name: 'Of this kind'}).getByLabel('Transactions').check();
    await bed.axe(page, 'a limit with conditions');
    await dialog.getByRole('button', {name: 'Add limit'}).click();
    await page.getByRole('tabpanel').getByText('7 ETH in any 5400 seconds').waitFor();
    const [, , vault, , key] = new URL(page.url()).pathname.split('/');
    const {body} = await bed.api('GET', `/v2/vaults/${vault}/wallets/${key}/policy-rules/limits`);
    const made = body.walletLimits.find((l) => l.limitQty === '7');
    expect(made.feeQtyLimit === '0.25' && made.matchers.map((m) => m.type).sort().join() === 'COUNTERPARTY_ID,TRANSACTION_TYPE,USER', `the limit: ${JSON.stringify(made)}`);
    const row = page.getByRole('tabpanel').getByRole('row', {name: /^7 ETH in any 5400 seconds/});
    await row.getByText('Fee at most 0.25').waitFor();
    await row.getByRole('button', {name: 'Delete'}).click();
    for (const m of made.matchers) {
        await dialog.getByText(m.values[0]).waitFor();
    }
    await dialog.getByText('Fee at most 0.25').waitFor();
    await bed.axe(page, 'a limit is deleted');
    await dialog.getByRole('button', {name: 'Delete limit'}).click();
    await row.waitFor({state: 'detached'});
    ok('a limit only for some payments, with a time of its own and a largest fee');
}

// Nodes that are away: the pages say so, and go on by themselves when they are back.
async function away(bed, page) {
    const other = await page.context().newPage();

    await bed.stop(bed.nodes[3].child);
    const made = await bed.api('POST', '/v2/mpc/quorums', {name: 'Second', deviceIds: bed.ids, requiredSigners: 2, quorumType: 'QUORUM_TYPE_CLOUD'});
    expect(made.status === 200, `quorum: ${made.text}`);
    await go(page, bed, `/controls/quorums/${made.body.id}`);
    await page.getByText('node three is offline. Start its node').waitFor();
    await bed.axe(page, 'a quorum that waits');
    await shot(page, 'quorum-joining');
    await bed.stop(bed.nodes[2].child);
    await go(other, bed, `${bed.solana}/sign?kind=plaintext`);
    await other.getByRole('textbox', {name: 'Message'}).fill('when you are back');
    await button(other, 'Preview').click();
    await button(other, 'Request signature').click();
    await other.getByText('Waits for two nodes').first().waitFor();
    await shot(other, 'waits-for-nodes');
    for (const n of [2, 3]) {
        bed.nodes[n].child = bed.nodeStart(n, bed.nodes[n].key);
    }
    await signed(other);
    await badge(page, 'Confirmed').waitFor({timeout: 60000});
    await other.close();
    ok('nodes away: a quorum and a request wait, say for what, and go on when the nodes are back');
}

// A device that is refused, and one that is deleted.
async function refused(bed, page) {
    await go(page, bed, '/devices');
    const {key} = await addDevice(bed, page, 4);
    bed.nodeStart(4, key);
    await button(page, 'Reject').click({timeout: 60000});
    await page.getByRole('dialog').getByRole('button', {name: 'Reject device'}).click();
    await badge(page, 'Rejected').waitFor();
    const other = await page.context().newPage();
    await go(other, bed, new URL(page.url()).pathname);
    await button(page, 'Delete').click();
    await page.getByRole('dialog').getByRole('button', {name: 'Delete device'}).click();
    await other.getByText('This is not there any more').or(other.locator('.page-head .badge', {hasText: 'Deleted'})).waitFor(); // live, elsewhere
    await other.close();
    await page.getByRole('heading', {level: 1, name: 'Devices'}).waitFor();
    await until('the device is gone', async () => await page.getByText('node 4').count() === 0);
    await go(page, bed, `/devices/${bed.ids[0]}`);
    expect(await button(page, 'Delete').isDisabled(), 'a member of a quorum cannot be deleted');
    ok('a device is rejected, then deleted; a member of a quorum is not');
}

// A search whose first answer is empty and not the last; a platform that is away for a while.
async function gaps(bed, page) {
    const all = '**/v2/vaults?**';

    await page.route(all, async (route) => {
        const url = new URL(route.request().url()), response = await route.fetch({url: `${url.origin}${url.pathname}`}), answer = await response.json();
        const isFirst = url.searchParams.has('q') && !url.searchParams.has('pageToken');
        await route.fulfill({json: {vaults: isFirst ? [] : answer.vaults, filter: isFirst ? {total: 3000, nextPageToken: '0000000000000bb8'} : {total: 3000}}});
    });
    await go(page, bed, '/vaults');
    const further = page.waitForResponse((r) => r.url().includes('pageToken='));
    await page.getByLabel('Search vaults').fill('one of the oldest');
    await further;
    await page.locator('tbody tr').first().waitFor();
    expect(await page.getByText('No vault matches').count() === 0, 'a search goes on until something is found or nothing is left');
    await page.unroute(all);
    ok('a search goes on where a part of the list held nothing');
    await page.route('**/v2/**', (route) => route.abort());
    await link(page, 'Transactions').click();
    await page.getByText('The platform cannot be reached').waitFor();
    await bed.axe(page, 'a platform that is away');
    await page.unroute('**/v2/**');
    await page.getByRole('heading', {level: 1, name: 'Transactions'}).waitFor(); // nobody presses anything
    ok('a page comes back by itself when the platform does');
}

// One asks, another decides: the maker is not the checker.  Freezing on the way.
async function approvals(bed, page) {
    const bob = await bed.invite({email: 'bob@example.org', firstName: '<i>Bob', roles: ['APPROVER']});
    const group = await bed.api('PUT', '/v2/approvers', {sourceType: 'TRANSACTION', approvers: [bob.id, bed.owner.id], requiredApproverCount: 1, timeoutSeconds: 600});
    expect(group.status === 200, `group: ${group.text}`);
    const checker = await bed.page();

    await go(page, bed, `${bed.solana}/sign?kind=plaintext`);
    await page.getByRole('textbox', {name: 'Message'}).fill('two pairs of eyes');
    await button(page, 'Preview').click();
    await button(page, 'Request signature').click();
    await badge(page, 'Waiting for approval').waitFor();
    await page.getByText('the maker is not the checker').waitFor();
    expect(await button(page, 'Approve').count() === 0, 'who asked cannot approve');
    await bed.axe(page, 'a request that waits for approval');
    await shot(page, 'waits-for-approval');
    await bed.signIn(checker, bob);
    await checker.getByText('1 request waits for your approval').waitFor();
    await checker.getByRole('main').getByRole('link', {name: 'Open approvals'}).click();
    await checker.getByRole('heading', {level: 1, name: 'Approvals'}).waitFor();
    await checker.getByRole('row', {name: /^Sign a message/}).getByRole('link').click();
    await checker.getByText('SHA-256 of the payload', {exact: true}).waitFor();
    await bed.axe(checker, 'an approval');
    await shot(checker, 'approval');
    const path = new URL(page.url()).pathname;
    await go(checker, bed, path);
    await button(checker, 'Freeze').click();
    await checker.getByRole('dialog').getByLabel('Reason').fill(canary('freeze'));
    await checker.getByRole('dialog').getByRole('button', {name: 'Freeze'}).click();
    await badge(checker, 'Frozen').waitFor();
    await page.getByText('This request is frozen').waitFor(); // live, where it was asked for
    expect(await button(page, 'Unfreeze').isDisabled(), 'who asked cannot unfreeze');
    await button(checker, 'Approve').click();
    await checker.getByRole('dialog').getByRole('button', {name: 'Approve'}).click();
    await checker.getByRole('dialog').waitFor({state: 'detached'});
    await button(checker, 'Unfreeze').click();
    await checker.getByRole('dialog').getByRole('button', {name: 'Unfreeze'}).click();
    await badge(checker, 'Signed').waitFor({timeout: 60000});
    await signed(page);
    expect(checker.trouble.length === 0, checker.trouble.join('\n'));
    await go(page, bed, `${bed.solana}/sign?kind=plaintext`);
    await page.getByRole('textbox', {name: 'Message'}).fill('no');
    await button(page, 'Preview').click();
    await button(page, 'Request signature').click();
    await badge(page, 'Waiting for approval').waitFor();
    await go(checker, bed, new URL(page.url()).pathname);
    await button(checker, 'Reject').click();
    await checker.getByRole('dialog').getByLabel('Reason').fill('not in the plan');
    await checker.getByRole('dialog').getByRole('button', {name: 'Reject'}).click();
    await badge(page, 'Rejected').waitFor();
    await checker.context().close();
    const gone = await bed.api('PUT', '/v2/approvers', {sourceType: 'TRANSACTION', approvers: [], requiredApproverCount: 0});
    expect(gone.status === 200, `group: ${gone.text}`);
    ok('approvals: the maker cannot decide, the checker can; freezing waits; a rejection ends it');
}

const PAGES = (bed) => ['/', '/devices', '/devices/create', `/devices/${bed.ids[0]}`, '/controls/quorums', '/controls/quorums/create', `/controls/quorums/${bed.quorum}`,
    '/controls/policies', '/vaults', bed.vault, `${bed.vault}/keys/create`, bed.solana, `${bed.ethereum}#settings`, `${bed.ethereum}#limits`, `${bed.ethereum}#addresses`,
    `${bed.solana}#proof`, `${bed.ethereum}/sign`, '/transactions', bed.tx, '/approvals', '/address-book', bed.party];

const nameOf = (path) => path.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'x').replaceAll(/[/#]+/g, '-').replace(/^-/, '') || 'home';

// Headings do not skip a level, and the page is not wider than the window.
async function shape(page, path) {
    const found = await page.evaluate(() => {
        const levels = [...document.querySelectorAll('main :is(h1, h2, h3, h4)')].filter((h) => h.checkVisibility()).map((h) => Number(h.tagName[1]));
        return {levels, wide: document.documentElement.scrollWidth - innerWidth, nameless: [...document.querySelectorAll('main table')].filter((t) => !t.caption).length};
    });
    expect(found.levels.filter((l) => l === 1).length === 1 && found.levels.every((l, i) => i === 0 || l <= found.levels[i - 1] + 1), `${path}: headings ${found.levels}`);
    expect(found.wide <= 0, `${path}: ${found.wide} pixels wider than the window`);
    expect(found.nameless === 0, `${path}: a table without a caption`);
}

async function looks(bed, state, how, name) {
    const page = await bed.page({...how, signedIn: state});

    for (const path of PAGES(bed)) {
        await go(page, bed, path);
        await until('the page is at rest', async () => await page.locator('.waiting').count() === 0, 15000);
        await bed.axe(page, `${path}, ${name}`);
        await shape(page, path);
        await shot(page, `${nameOf(path)}-${name}`);
    }
    expect(page.trouble.length === 0, page.trouble.join('\n'));
    await page.context().close();
    ok(`${PAGES(bed).length} pages, ${name}: no violation, headings in order, every table named, nothing too wide`);
}

async function viewer(bed) {
    const page = await bed.page();

    await bed.signIn(page, await bed.invite({email: 'vic@example.org', firstName: '<b>Vic', roles: ['VIEWER']}), '/devices');
    for (const [path, name] of [['/devices', 'Add a device'], ['/controls/quorums', 'Create quorum'], ['/vaults', 'Create vault'], [bed.vault, 'Create key'],
        [bed.ethereum, 'Sign'], ['/address-book', 'Add a counterparty'], [`/devices/${bed.ids[0]}`, 'Disable']]) {
        await go(page, bed, path);
        expect(await button(page, name).first().isDisabled() && (await button(page, name).first().getAttribute('title')) !== null, `${name}: off for a viewer, with the reason`);
    }
    for (const path of ['/devices/create', '/controls/quorums/create', `${bed.vault}/keys/create`]) {
        await go(page, bed, path);
        await page.getByText('You may not see this').waitFor(); // before a form is filled in for nothing
    }
    await go(page, bed, bed.tx);
    await page.getByText('Your role may not read timelines').waitFor();
    expect(page.trouble.length === 0, page.trouble.join('\n'));
    await page.context().close();
    ok('a viewer sees everything that viewers may, and can press nothing');
}

await run({}, async (bed) => {
    const page = await bed.page();

    await bed.signIn(page, bed.owner);
    await page.getByText('0 of 5 steps done').waitFor();
    await bed.axe(page, 'first steps');
    await shot(page, 'first-steps');
    ok('a new organisation is told the first steps');
    await devices(bed, page);
    await quorum(bed, page);
    await vaults(bed, page);
    await lie(bed, page);
    await signing(bed, page);
    await book(bed, page);
    await approvals(bed, page);
    await away(bed, page);
    await refused(bed, page);
    await gaps(bed, page);
    const state = await page.context().storageState();
    expect(page.trouble.length === 0, page.trouble.join('\n'));
    await looks(bed, state, {theme: 'light'}, 'light');
    await looks(bed, state, {theme: 'dark'}, 'dark');
    await looks(bed, state, {phone: true}, 'phone');
    await viewer(bed);
});
