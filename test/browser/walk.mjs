// The whole guide "Set up and run CloudSign", done in the console by mouse and keyboard, by
// an administrator and a standard user, with three real nodes.  Only nodes are started and
// asked beside the browser, as their operators do; signatures are judged by ethers.
//
// usage: node test/browser/walk.mjs BUILD_DIR [--screenshots DIR]
//   --screenshots DIR   writes the pictures of src/platform/pictures there
import {execFileSync} from 'node:child_process';
import {existsSync, mkdirSync, readFileSync} from 'node:fs';
import {dirname, join, resolve} from 'node:path';
import {fileURLToPath} from 'node:url';
import {expect, ok, run, until} from './browser.mjs';
import {badge, button, dialog, heading, hooks, jsqr, link, look, press, qrText, saveCodes, secretOf, settled, tabTo} from './steps.mjs';
import {firstLoad, people, viewer, webhook} from './walk-people.mjs';

const HERE = dirname(fileURLToPath(import.meta.url));
const at = process.argv.indexOf('--screenshots');
const PICTURES = at >= 0 ? resolve(process.argv[at + 1]) : null;
const PASSWORD = 'seven quiet mornings in autumn';
const NODES = {1: 'Frankfurt, rack 4', 2: 'Zurich, rack 2', 3: 'Dublin, rack 7', 4: 'Vienna, spare'};
const MINUTE = 60000;
let ethers;

await jsqr();
try {
    ethers = await import('ethers');
} catch {
    console.log('SKIPPED: ethers is not installed (third_party/install.sh --with-tests)');
    process.exit(77);
}

async function picture(page, name, part) {
    if (!PICTURES) {
        return;
    }
    mkdirSync(PICTURES, {recursive: true});
    await until('messages are gone', async () => await page.locator('.toast').count() === 0);
    await page.evaluate(() => scrollTo(0, 0));
    await part?.evaluate((el) => scrollTo(0, el.getBoundingClientRect().top + scrollY - 80));
    await page.mouse.move(0, 0);
    await page.screenshot({path: join(PICTURES, `${name}.png`), animations: 'disabled', caret: 'hide'});
}

// Navigates as people do: by the entries of the navigation.
async function open(page, entry) {
    await page.getByRole('navigation', {name: 'Main'}).getByRole('link', {name: entry}).click();
    await heading(page, entry).waitFor();
    await settled(page);
}

const block = (page, name) => page.locator('figure.code-block', {has: page.locator('figcaption > span', {hasText: new RegExp(`^${name}`)})}).locator('code').first();
const words = (page) => page.locator('.words-list li').allTextContents().then((list) => list.join('-'));

// ---- platform, administrator -----------------------------------------------------------------

// An endpoint for webhooks, before the platform that is told its port.
async function prepare(bed) {
    const dir = join(bed.dir, 'hooks');

    mkdirSync(dir);
    const openssl = (...argv) => execFileSync('openssl', argv, {cwd: dir, stdio: 'ignore'});
    openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1',
        '-keyout', 'tls.key', '-out', 'tls.pem', '-days', '3');
    bed.start('hooks', process.execPath, [join(HERE, '../harness/hooks.mjs'), dir], {});
    await until('the endpoint listens', () => existsSync(join(dir, 'hooks.json')));
    bed.hooks = JSON.parse(readFileSync(join(dir, 'hooks.json')));
    return ['--webhook-ca', join(dir, 'tls.pem'), '--webhook-allow', `127.0.0.1/32:${bed.hooks.https}`];
}

async function setup(bed) {
    const page = hooks(await bed.page());

    await page.goto(bed.url);
    await link(page, 'set it up').click();
    await look(bed, page, 'setup');
    const fields = {'Setup token': bed.setupToken(), Organisation: 'Northwind Custody', 'First name': 'Ada', 'Last name': 'Keller', 'E-mail address': 'ada@northwind.example'};
    for (const [label, value] of Object.entries(fields)) {
        await page.getByLabel(label).fill(value);
    }
    await page.getByLabel('Password', {exact: true}).fill(PASSWORD);
    await page.getByLabel('Password again').fill(PASSWORD);
    await button(page, 'Create the organisation').click();
    await heading(page, 'Save these now').waitFor();
    await look(bed, page, 'codes');
    bed.owner = {email: 'ada@northwind.example', password: PASSWORD, totp: await secretOf(page)};
    await saveCodes(page);
    const [clientId, clientSecret] = await page.locator('.copy-text').allTextContents();
    bed.credential = {clientId, clientSecret};
    await button(page, 'Go to the sign-in').click();
    await page.getByLabel('Authenticator code').waitFor();
    expect(page.trouble.length === 0, page.trouble.join('\n'));
    await page.context().close();
    ok('setup by the token, with password and authenticator');
}

// With the keyboard alone.
async function signIn(bed) {
    const page = hooks(await bed.page());

    await page.setViewportSize({width: 1280, height: 800});
    await page.goto(bed.url);
    await page.getByLabel('Authenticator code').waitFor();
    await look(bed, page, 'sign-in');
    await page.keyboard.type(bed.owner.email);
    await page.keyboard.press('Tab');
    await page.keyboard.type(PASSWORD);
    await tabTo(page, 'Authenticator code');
    await page.keyboard.type(await bed.code(bed.owner));
    await page.keyboard.press('Enter');
    await heading(page, 'Home').waitFor();
    await page.getByText('0 of 5 steps done').waitFor();
    await look(bed, page, 'first steps');
    bed.codes(page, bed.owner);
    ok('signed in with the keyboard; Home shows the five steps of the guide');
    return page;
}

// ---- devices ------------------------------------------------------------------------------------

// Add a device, as the guide tells; -> the pairing key and the encryption key on the screen.
export async function addDevice(bed, page, n) {
    await open(page, 'Devices');
    await link(page, 'Add a device').first().click();
    await page.getByRole('radio', {name: 'CloudSign'}).check();
    await page.getByLabel('Name').fill(NODES[n]);
    await button(page, 'Save and continue').click();
    await badge(page, 'Unpaired').waitFor();
    const key = await block(page, 'Pairing key').textContent();
    if (n === 1) {
        await look(bed, page, 'pairing key');
        await picture(page, 'pairing');
    }
    await page.getByText('It stays Unpaired?').click();
    await page.getByText('Check that the container or service is running').waitFor();
    await page.getByText('Check that the pairing key is this device').waitFor();
    await page.getByRole('tab', {name: 'Docker Compose'}).click();
    const env = await block(page, '.env').textContent();
    expect(env.includes(`PAIRING_KEY_${n}=${key}\n`), `.env holds PAIRING_KEY_${n}`);
    await page.getByText(`The directory of VOLUME_${n} needs to exist before`).waitFor();
    bed.keys = {...bed.keys, [n]: /^ENCRYPTION_KEY_\d=([0-9a-f]{64})$/m.exec(env)[1]};
    if (n === 2) {
        await comeBack(page);
    }
    return key;
}

// No new key is made unasked, which would end the one just copied: the node starts with that.
async function comeBack(page) {
    const offered = async () => {
        await button(page, 'Issue a pairing key').waitFor();
        expect(await block(page, 'Pairing key').count() === 0, 'the pairing key is shown once');
    };

    await page.reload();
    await offered();
    await open(page, 'Devices');
    await page.goBack();
    await offered();
}

export async function approve(bed, page, n) {
    await heading(page, NODES[n]).waitFor();
    await badge(page, 'Waiting for approval').waitFor({timeout: MINUTE}); // by itself
    await page.getByRole('heading', {name: 'Approve this device'}).waitFor();
    const node = await until('the node answers', () => {
        try {
            return bed.status(n);
        } catch {
            return null;
        }
    });
    expect(await words(page) === node.words, `the words are the node's: ${await words(page)}, ${node.words}`);
    expect((await page.locator('main').innerText()).includes(node.fingerprint), 'the fingerprint is the node’s');
    if (n === 1) {
        await look(bed, page, 'approve a device');
        await picture(page, 'approve');
    }
    await page.getByLabel('Words or fingerprint').fill(node.words);
    await button(page, 'Approve device').click();
    await badge(page, 'Paired').waitFor();
}

async function devices(bed, page) {
    bed.nodes = {};
    for (const n of [1, 2, 3]) {
        const key = await addDevice(bed, page, n);
        bed.nodes[n] = {key, child: bed.nodeStart(n, key)};
        await approve(bed, page, n);
        bed.nodes[n].path = new URL(page.url()).pathname.replace('/pairing', '');
    }
    await look(bed, page, 'a device');
    await open(page, 'Devices');
    await until('all are Paired and online', async () => await page.locator('tbody .badge', {hasText: 'Paired'}).count() === 3 &&
        await page.locator('tbody .dot-state', {hasText: 'Online'}).count() === 3);
    await look(bed, page, 'devices');
    ok('three devices: Unpaired, Waiting for approval, Paired; words and fingerprints are those of the nodes');
}

// ---- quorum: with the keyboard ---------------------------------------------------------------------

export async function createQuorum(page, name, description, nodes) {
    await open(page, 'MPC Quorums');
    await press(page, 'Create quorum');
    await heading(page, 'Create quorum').waitFor();
    await press(page, 'Continue'); // Cloud Sign is chosen
    await tabTo(page, 'Name');
    await page.keyboard.type(name);
    await tabTo(page, 'Description');
    await page.keyboard.type(description);
    await press(page, 'Continue');
    await page.getByRole('checkbox').first().waitFor();
    for (const n of [...nodes].reverse()) { // the newest stands first
        await press(page, NODES[n], 'Space');
    }
    await press(page, 'Continue');
    await tabTo(page, 'Required signatures');
    await page.keyboard.press('2');
    await press(page, 'Continue');
    await page.getByText('A quorum cannot be changed once created.').waitFor();
    await press(page, 'Create');
    await heading(page, name).waitFor();
}

async function quorum(bed, page) {
    await createQuorum(page, 'Treasury', 'Signs for the assets of our clients', [1, 2, 3]);
    await badge(page, 'Confirmed').waitFor({timeout: MINUTE});
    await until('all members are Confirmed', async () => await page.locator('tbody .badge', {hasText: 'Confirmed'}).count() === 3);
    const seen = await words(page);
    for (const n of [1, 2, 3]) {
        const own = bed.status(n).quorums[0].words;
        expect(own === seen, `node ${n} shows ${own}, the console ${seen}`);
    }
    await page.getByLabel('Words, as a node shows them').fill(bed.status(2).quorums[0].words);
    await look(bed, page, 'a quorum');
    await button(page, 'Confirm the words').click();
    await page.getByText('The words were compared').waitFor();
    await picture(page, 'quorum');
    await open(page, 'MPC Quorums');
    await look(bed, page, 'quorums');
    ok('a quorum by the keyboard: three devices, two signatures, Confirmed; its words are those of each node');
}

// ---- vault, key ---------------------------------------------------------------------------------------

export async function createKey(page, name, description, chain) {
    await link(page, 'Create key').first().click();
    await page.getByLabel('Name').fill(name);
    await page.getByLabel('Description').fill(description);
    await page.getByLabel('Blockchain').selectOption({label: chain});
    await page.getByRole('radio', {name: /^MPC/}).check();
    await page.getByRole('radio', {name: 'Treasury'}).check();
}

async function key(bed, page) {
    await open(page, 'Vaults');
    await look(bed, page, 'no vaults');
    await button(page, 'Create vault').first().click();
    await dialog(page).getByLabel('Name').fill('Client assets');
    await dialog(page).getByLabel('Description').fill('Segregated, under the mandate of 2026');
    await dialog(page).getByRole('button', {name: 'Create vault'}).click();
    await heading(page, 'Client assets').waitFor();
    bed.vault = new URL(page.url()).pathname;
    await createKey(page, 'Settlement', 'Daily settlement with the exchange', 'Ethereum (ETH)');
    await look(bed, page, 'create key');
    await button(page, 'Create key').click();
    await badge(page, 'Provisioned').waitFor({timeout: MINUTE});
    bed.key = new URL(page.url()).pathname;
    const address = await block(page, 'Ethereum address').textContent();
    const publicKey = await page.locator('dt', {hasText: /^Public key$/}).locator('xpath=following-sibling::dd[1]').locator('.copy-text').textContent();
    expect(await qrText(page) === address, 'a camera reads the address in the QR code');
    expect(ethers.getAddress(address) === address, 'the address has the checksum of EIP-55');
    expect(ethers.computeAddress(`0x${publicKey}`) === address, 'the address is that of the public key');
    bed.address = address;
    ok('a vault and a key: Provisioned; QR code, address and public key fit (jsQR, ethers)');
    expect(await button(page, 'Sign').isDisabled(), 'a key that is not enabled does not sign');
    await page.getByRole('tab', {name: 'Settings'}).click();
    await page.getByLabel('Enabled').check();
    await page.getByLabel('Raw signing').check();
    await look(bed, page, 'settings of a key');
    await button(page, 'Save settings').click();
    await badge(page, 'Enabled').waitFor();
    await page.getByRole('tab', {name: 'Certificate'}).click();
    await page.getByText('Everything fits').waitFor();
    expect(await page.locator('.check-list li.ok').count() === 7, 'six things of the certificate and the address fit');
    await look(bed, page, 'certificate');
    await page.getByRole('tab', {name: 'Overview'}).click();
    await look(bed, page, 'a key');
    ok('the key is enabled, raw signing is on, its certificate is verified in the browser');
}

// ---- signing --------------------------------------------------------------------------------------------

// Previews and asks; the page of the request is open afterwards.
export async function ask(page, path, {kind, label, payload, preview}) {
    await page.goto(new URL(path, page.url()).href);
    await link(page, 'Sign').click();
    await page.getByRole('radio', {name: new RegExp(`^${kind}`)}).check();
    await page.getByRole('textbox', {name: label}).fill(payload);
    await button(page, 'Preview').click();
    await page.getByText('The summary says everything that this payload does').waitFor();
    const text = await page.locator('main').innerText();
    for (const part of preview) {
        expect(text.includes(part), `the preview says ${part}: ${text}`);
    }
    await button(page, 'Request signature').click();
    await heading(page, `${kind} on Ethereum`).waitFor();
}

// What the browser has checked: the signature, and the receipt of the node that finished it,
// for whom may read what that takes.
const RIGHT = 'ok The signature verifies under this key\'s public key';
const RECEIPT = new RegExp(`^ok (${Object.values(NODES).join('|')}) gave a receipt for this request$`);
const NOT_HERE = /^off A node gave a receipt for this request: Your role may not read what it takes: the certificate and the members\.$/;

export async function signed(page, {receipts = true} = {}) {
    const list = page.locator('.check-list li');

    await badge(page, 'Signed').waitFor({timeout: MINUTE});
    await list.first().waitFor();
    const [signature, receipt, ...rest] = await list.evaluateAll((all) => all.map((li) =>
        `${li.className} ${li.querySelector('.check-text').textContent}${li.className === 'ok' ? '' : `: ${li.querySelector('.hint')?.textContent}`}`));
    expect(signature === RIGHT, `the signature is checked and right: ${signature}`);
    expect(rest.length === 0 && (receipts ? RECEIPT : NOT_HERE).test(receipt),
        `${receipts ? 'the receipt of a node is checked and right' : 'who may not read receipts is told so'}: ${[receipt, ...rest].join(' | ')}`);
}

export async function judgeMessage(bed, page, message) {
    await signed(page);
    const signature = (await block(page, 'Signature, as verifiers').textContent()).replace(/^(0x)?/, '0x');

    expect(ethers.verifyMessage(message, signature) === bed.address, 'ethers recovers the address from the signature');
}

// 0.25 ETH, EIP-1559, as a program would build it.
export function payment(nonce, value = '0.25') {
    return ethers.Transaction.from({type: 2, chainId: 1, nonce, to: '0x52908400098527886E0F7030069857D2E4169EE7', value: ethers.parseEther(value), gasLimit: 21000,
        maxFeePerGas: ethers.parseUnits('30', 'gwei'), maxPriorityFeePerGas: ethers.parseUnits('2', 'gwei')});
}

async function signing(bed, page) {
    const message = 'Northwind Custody controls this address.\n26 November 2026';
    const tx = payment(0);

    await ask(page, bed.key, {kind: 'Message', label: 'Message', payload: message, preview: [bed.address]});
    await judgeMessage(bed, page, message);
    await look(bed, page, 'a signed message');
    ok('a message: previewed, signed, and ethers recovers the address');
    await ask(page, bed.key, {kind: 'Transaction', label: 'Encoded transaction', payload: tx.unsignedSerialized, preview: [tx.to, '0.25 ETH', '0.00063 ETH']});
    await signed(page);
    const raw = (await block(page, 'Signed transaction').textContent()).replace(/^(0x)?/, '0x');
    const done = ethers.Transaction.from(raw);
    expect(done.from === bed.address && done.to === tx.to && done.value === tx.value && done.unsignedSerialized === tx.unsignedSerialized, 'the transaction is the one that was asked for, from this address');
    expect((await page.locator('main').innerText()).includes(done.hash.slice(2)), 'its hash is shown');
    const steps = await page.locator('.timeline li').count();
    expect(steps >= 3, `the timeline has ${steps} steps`);
    bed.tx = new URL(page.url()).pathname;
    ok('a transaction: decoded before, signed; ethers reads sender, destination, amount and hash');
    await open(page, 'Transactions');
    await until('both requests', async () => await page.locator('tbody tr').count() === 2);
    await look(bed, page, 'transactions');
}

// ---- troubleshooting of the guide --------------------------------------------------------------------------

async function trouble(bed, page) {
    const other = hooks(await page.context().newPage()), waiting = hooks(await page.context().newPage());

    other.trouble = waiting.trouble = page.trouble;
    await bed.stop(bed.nodes[3].child);
    await page.goto(bed.url + bed.nodes[3].path);
    await page.getByText('The node is offline').waitFor({timeout: MINUTE});
    await open(page, 'Devices');
    await page.locator('tr', {hasText: NODES[3]}).locator('.dot-state', {hasText: 'Offline'}).waitFor();
    ok('a node is stopped: its device is Offline');
    await ask(page, bed.key, {kind: 'Message', label: 'Message', payload: 'two are enough', preview: []});
    await judgeMessage(bed, page, 'two are enough');
    ok('the two others sign');
    await createQuorum(page, 'Reserve', 'For cold assets', [1, 2, 3]);
    await page.getByText(`${NODES[3]} is offline. Start its node`).waitFor();
    await page.getByText('All three nodes must be running').waitFor();
    await look(bed, page, 'a quorum that waits');
    ok('a quorum that is not Confirmed names the node that is away');
    await waiting.goto(bed.url + bed.vault);
    await createKey(waiting, 'Payroll', 'Monthly', 'Ethereum (ETH)');
    await waiting.getByText('1 of 3 nodes offline: all must run to make a key').waitFor();
    await button(waiting, 'Create key').click();
    await waiting.getByText(`All nodes must be running: ${NODES[3]} is offline`).waitFor();
    await look(bed, waiting, 'a key that waits');
    ok('a key that is not made yet names it too');
    await other.goto(`${bed.url}/`);
    await until('Home knows', async () => /offline/i.test(await other.locator('.attention-list').innerText().catch(() => '')));
    await look(bed, other, 'Home with something to do');
    bed.nodes[3].child = bed.nodeStart(3, bed.nodes[3].key);
    await badge(page, 'Confirmed').waitFor({timeout: MINUTE});
    await badge(waiting, 'Provisioned').waitFor({timeout: MINUTE});
    await other.close();
    await waiting.close();
    ok('the node is back: quorum Confirmed and key Provisioned by themselves');
}

// ---- audit, end -------------------------------------------------------------------------------------------

async function audit(bed, page) {
    await open(page, 'Settings');
    await page.getByRole('main').getByRole('link', {name: 'Audit log'}).first().click();
    await settled(page);
    await button(page, 'Verify the chain').click();
    await page.getByText('The chain holds').waitFor({timeout: MINUTE});
    const text = await page.locator('.banner.ok').innerText();
    expect(/\d+ records from 1 to \d+/.test(text), text);
    await look(bed, page, 'audit log');
    await picture(page, 'audit');
    ok(`audit: ${text.split('.')[0].replace(/\s+/g, ' ')}`);
}

async function signOut(page) {
    await button(page, 'Account of Ada Keller').click();
    await page.getByRole('menuitem', {name: 'Sign out'}).click();
    await page.getByLabel('Authenticator code').waitFor();
    await page.reload();
    await page.getByLabel('Authenticator code').waitFor();
    ok('signed out, and a reload does not bring it back');
}

// What a platform has after some days of work, for the pictures: by the API.
async function furnish(bed) {
    const post = async (path, body) => {
        const r = await bed.api('POST', path, body);
        expect(r.status === 200, `${path}: ${r.text}`);
        return r.body;
    };
    const [, , vault, , wallet] = bed.key.split('/');
    const texts = ['Proof of reserves, November 2026', 'I accept the terms of the exchange, version 7', 'Sign in to the staking portal'];
    const quorumId = (await bed.api('GET', `/v2/vaults/${vault}/wallets/${wallet}`)).body.quorumId;

    for (const [name, blockchain] of [['Cold storage', 'BITCOIN'], ['Payments', 'XRP_LEDGER'], ['Staking', 'SOLANA']]) {
        await post(`/v2/vaults/${vault}/wallets`, {name, blockchain, keystore: 'MPC', quorumId});
    }
    for (let i = 0; i < 14; i++) {
        await post(`/v2/vaults/${vault}/wallets/${wallet}/transactions/${i % 3 === 0 ? 'sign-plaintext' : 'raw'}`,
            i % 3 === 0 ? {message: texts[i % texts.length]} : {encodedTransaction: payment(i + 1, `${i}.5`).unsignedSerialized.slice(2), signOnly: true});
    }
    await until('all are signed', async () => (await bed.api('GET', '/v2/overview')).body.transactions.active === 0);
}

async function pictures(bed, page) {
    if (!PICTURES) {
        return;
    }
    await page.goto(bed.url);
    await page.getByText('Nothing needs you').or(page.locator('.attention-list')).first().waitFor();
    await until('all is drawn', async () => await page.locator('.skeleton, .waiting').count() === 0);
    await picture(page, 'home');
    await page.goto(bed.url + bed.key);
    await page.locator('svg.qr').waitFor();
    await picture(page, 'key');
    await page.goto(bed.url + bed.tx);
    await signed(page);
    await picture(page, 'transaction', page.locator('.card', {has: page.getByRole('heading', {name: 'Timeline'})}));
    const phone = await bed.page({phone: true, theme: 'dark', signedIn: await page.context().storageState()});
    await phone.goto(bed.url + bed.key);
    await phone.locator('svg.qr').waitFor();
    await picture(phone, 'phone');
    await phone.context().close();
    ok(`pictures in ${PICTURES}`);
}

await run({owner: false, prepare}, async (bed) => {
    // Five minutes after signing in what is sensitive asks for a code again.
    bed.codes = (page, account) => (async () => {
        const asks = page.getByRole('dialog', {name: 'Confirm that it is you'});
        while (!page.isClosed()) {
            if (await asks.isVisible().catch(() => false)) {
                await asks.getByLabel('Code').fill(await bed.code(account));
                await asks.getByRole('button', {name: 'Confirm'}).click();
                await asks.waitFor({state: 'detached'});
            }
            await new Promise((r) => setTimeout(r, 300));
        }
    })().catch((err) => page.isClosed() || page.trouble.push(`the code: ${err.message}`));
    const tools = {ethers, PASSWORD, picture, open, addDevice, approve, ask, signed, judgeMessage, payment, NODES};

    await firstLoad(bed);
    await setup(bed);
    const page = await signIn(bed);
    await devices(bed, page);
    await quorum(bed, page);
    await key(bed, page);
    await signing(bed, page);
    await trouble(bed, page);
    if (PICTURES) {
        await furnish(bed);
    }
    await webhook(bed, page, tools);
    await people(bed, page, tools);
    await viewer(bed, page, tools);
    await pictures(bed, page);
    await audit(bed, page);
    await signOut(page);
    expect(page.trouble.length === 0, page.trouble.join('\n'));
    ok('no violation of the policy, no error, no request that failed');
});
