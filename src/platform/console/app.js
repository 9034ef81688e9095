// The console: which address is which page, and what happens between pages.
import {ApiError, get, may, onSession, session, sessionIs, setSession} from './lib/api.js';
import {h, replace} from './lib/dom.js';
import * as live from './lib/live.js';
import {match, navigate, route, startRouter, title} from './lib/router.js';
import {frame, mark, unframe} from './lib/shell.js';
import './lib/stepup.js';
import {hear, tell} from './lib/tabs.js';
import {empty, errorView, button, skeleton} from './lib/ui.js';

// Pages: pages/<name>.js exports default async page({el, params, query, pattern, path,
// live, signal}); it draws into el and may return what cleans up.
const PAGES = [
    // pattern, file, nav, title, the right it takes
    ['/', 'home', 'home', 'Home'],
    ['/devices', 'devices', 'devices', 'Devices'],
    ['/devices/create', 'device_new', 'devices', 'Add a device', 'devices.create'],
    ['/devices/:deviceId', 'device', 'devices', 'Device'],
    ['/devices/:deviceId/pairing', 'device', 'devices', 'Pairing key'],
    ['/controls/quorums', 'quorums', 'quorums', 'MPC Quorums'],
    ['/controls/quorums/create', 'quorum_new', 'quorums', 'Create quorum', 'quorums.create'],
    ['/controls/quorums/:quorumId', 'quorum', 'quorums', 'MPC Quorum'],
    ['/controls/groups', 'groups', 'groups', 'Approval groups'],
    ['/controls/policies', 'policies', 'policies', 'Policies'],
    ['/vaults', 'vaults', 'vaults', 'Vaults'],
    ['/vaults/create', 'vaults', 'vaults', 'Create vault'],
    ['/vaults/:vaultId', 'vault', 'vaults', 'Vault'],
    ['/vaults/:vaultId/keys/create', 'key_new', 'vaults', 'Create key', 'wallets.create'],
    ['/vaults/:vaultId/keys/:walletId', 'key', 'vaults', 'Key'],
    ['/vaults/:vaultId/keys/:walletId/sign', 'sign', 'vaults', 'Sign'],
    ['/transactions', 'transactions', 'transactions', 'Transactions'],
    ['/transactions/:vaultId/:walletId/:transactionId', 'transaction', 'transactions', 'Transaction'],
    ['/approvals', 'approvals', 'approvals', 'Approvals'],
    ['/approvals/:approvalId', 'approvals', 'approvals', 'Approval'],
    ['/address-book', 'addressbook', 'addressbook', 'Address book'],
    ['/address-book/:counterpartyId', 'addressbook', 'addressbook', 'Address book'],
    ['/settings', 'settings', 'settings', 'Settings'],
    ['/settings/users', 'users', 'settings', 'Users'],
    ['/settings/users/:userId', 'users', 'settings', 'User'],
    ['/settings/roles', 'roles', 'settings', 'Roles'],
    ['/settings/credentials', 'credentials', 'settings', 'API credentials'],
    ['/settings/credentials/create', 'credentials', 'settings', 'Create API credential'],
    ['/settings/credentials/:credentialId', 'credentials', 'settings', 'API credential'],
    ['/settings/webhooks', 'webhooks', 'settings', 'Webhooks'],
    ['/settings/webhooks/:webhookId', 'webhooks', 'settings', 'Webhook'],
    ['/settings/audit', 'audit', 'settings', 'Audit log'],
    ['/settings/backups', 'backups', 'settings', 'Backup kits'],
    ['/settings/account', 'account', 'settings', 'My account'],
];
// For who has not signed in.
const GATES = {'/setup': 'setup', '/enrol': 'enrol'};
const pathNow = () => location.pathname.replace(/(.)\/+$/, '$1');

const root = document.getElementById('root');
let main = null;
let leave = null;

for (const [pattern, file, nav, name, right] of PAGES) {
    route(pattern, async () => {
        if (right && !may(right)) {
            throw new ApiError(403); // before a form is filled in for nothing
        }
        return import(`./pages/${file}.js`);
    }, {nav, title: name});
}
// The seed's and the vendor's addresses.
for (const [from, to] of [['/quorums', '/controls/quorums'], ['/controls', '/controls/quorums'], ['/mpc-quorums', '/controls/quorums'], ['/users', '/settings/users'], ['/addressbook', '/address-book']]) {
    route(from, null, {to});
}

// next: the page that is asked for now; of two asked for at once the last one is shown.
async function leavePage(next = null) {
    const l = leave;

    leave = next;
    if (l !== null) {
        l.abort.abort();
        l.live.off();
        await l.clean?.();
    }
}

// Draws one page into el and remembers how to leave it.
async function draw(el, load, args) {
    const mine = {abort: new AbortController(), live: live.scope(), clean: null};

    await leavePage(mine);
    if (leave !== mine) {
        return false;
    }
    const wait = setTimeout(() => leave === mine && replace(el, skeleton(6)), 120);
    try {
        const module = await load();
        const inside = h('div', {class: 'view'});
        const clean = await module.default({el: inside, live: mine.live, signal: mine.abort.signal, ...args});

        clearTimeout(wait);
        if (leave !== mine) {
            await clean?.();
            return false;
        }
        mine.clean = typeof clean === 'function' ? clean : null;
        replace(el, inside);
    } catch (err) {
        clearTimeout(wait);
        if (leave !== mine || err.name === 'AbortError') {
            return false;
        }
        if (!err.status && err.status !== 0) {
            console.error(err);
        }
        replace(el, h('div', {class: 'page'}, h('h1', {class: 'sr-only', tabindex: '-1'}, 'Error'), errorView(err, () => show({isNew: false}))));
    }
    return true;
}

function notFound() {
    title('Not found');
    mark('');
    replace(main, h('div', {class: 'page'}, h('h1', {class: 'sr-only', tabindex: '-1'}, 'Not found'), empty({icon: 'search', title: 'There is no such page',
        text: `Nothing lives at ${location.pathname}. The address may have a mistake.`, action: button('Go to Home', {href: '/'})})));
}

function focusPage(isNew) {
    if (isNew) {
        scrollTo(0, 0);
        (document.querySelector('main h1') ?? main)?.focus({preventScroll: true});
    }
}

async function gate(name, isNew) {
    unframe();
    live.stop();
    main = null;
    root.className = 'gate-root';
    await draw(root, () => import(`./pages/${name}.js`), {path: location.pathname, query: new URLSearchParams(location.search), params: {}});
    if (isNew) {
        document.querySelector('main [autofocus], main input, main h1')?.focus();
    }
}

async function show({isNew}) {
    const path = pathNow();
    const found = match(path);

    if (GATES[path]) {
        await gate(GATES[path], isNew);
        return;
    }
    if (session() === null) {
        await gate('signin', isNew);
        return;
    }
    if (found?.route.info.to) {
        navigate(found.route.info.to + location.search, {replace: true});
        return;
    }
    if (main === null) {
        main = frame(root);
        live.start();
    }
    if (found === null) {
        await leavePage();
        notFound();
    } else {
        title(found.route.info.title);
        mark(found.route.info.nav);
        if (!await draw(main, found.route.load, {params: found.params, query: new URLSearchParams(location.search), pattern: found.route.pattern, path})) {
            return;
        }
    }
    focusPage(isNew);
}

// While the session is asked for, the page that will probably be shown is loaded.
const HINT = 'cloudsign-signed-in';

function guess() {
    let was = false;

    try {
        was = localStorage.getItem(HINT) === 'yes';
    } catch {
        // storage is switched off
    }
    const path = location.pathname;
    const load = GATES[path] ? () => import(`./pages/${GATES[path]}.js`) : was ? match(path)?.route.load : () => import('./pages/signin.js');
    load?.().catch(() => {}); // said when it is needed
}

function remember(s) {
    try {
        localStorage.setItem(HINT, s === null ? 'no' : 'yes');
    } catch {
        // then without
    }
}

// ---- whose page it is -----------------------------------------------------------------

let owner = null;
let isHeard = false;

// Dialogs and toasts lie above the page: what they show goes with who may see it.
function wipe() {
    for (const d of document.querySelectorAll('dialog')) {
        d.close();
        d.remove();
    }
    replace(document.getElementById('toasts'));
    unframe();
    live.stop();
    main = null;
}

// A session that ends leaves the page; what is asked next is the sign-in.  Set up and join
// are nobody's pages and stay: what they show comes once.
function changed(s) {
    const now = s?.user?.id ?? null, isGate = Object.hasOwn(GATES, pathNow());

    if (now !== owner) {
        owner = now;
        wipe();
        if (!isGate) {
            replace(root);
        }
    }
    if (!isHeard) {
        tell('session');
    }
    if (!isGate) {
        show({isNew: true});
    }
}

// In another tab, or while this page was laid aside by the browser.
async function lookAgain() {
    const now = await get('/v2/session', {isSignIn: true}).catch((err) => (err.status === 401 ? null : undefined));

    if (now !== undefined && (now !== null || session() !== null)) {
        isHeard = true;
        sessionIs(now);
        isHeard = false;
    }
}

async function begin() {
    guess();
    onSession(remember);
    try {
        setSession(await get('/v2/session', {isSignIn: true}));
    } catch (err) {
        if (err.status !== 401) {
            replace(root, h('main', {class: 'gate'}, errorView(err, begin)));
            return;
        }
        remember(null);
    }
    owner = session()?.user?.id ?? null;
    startRouter(show);
    onSession(changed);
    hear((word) => word === 'session' && lookAgain());
    addEventListener('pageshow', (event) => event.persisted && lookAgain());
    await show({isNew: false});
}

begin();
