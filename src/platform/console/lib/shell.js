// The frame around every page: navigation, top bar, theme, who is signed in.
import {get, may, del, session, sessionIs, setSession, lastSeen} from './api.js';
import {h, replace} from './dom.js';
import {personName, refreshTimes} from './format.js';
import {icon, logo} from './icons.js';
import * as live from './live.js';
import {hear, tell} from './tabs.js';
import {dialog, menu, toast} from './ui.js';

// The vendor's words.  perm: shown to who has it.
const NAV = [
    {id: 'home', href: '/', icon: 'home', label: 'Home'},
    {id: 'vaults', href: '/vaults', icon: 'vault', label: 'Vaults', perm: 'vaults.read'},
    {id: 'transactions', href: '/transactions', icon: 'swap', label: 'Transactions', perm: 'transactions.read'},
    {id: 'approvals', href: '/approvals', icon: 'inbox', label: 'Approvals', count: true, perm: 'approvals.read'},
    {id: 'devices', href: '/devices', icon: 'server', label: 'Devices', perm: 'devices.read'},
    {label: 'Controls', group: [
        {id: 'quorums', href: '/controls/quorums', icon: 'shield', label: 'MPC Quorums', perm: 'quorums.read'},
        {id: 'groups', href: '/controls/groups', icon: 'users', label: 'Approval groups', perm: 'approvals.read'},
        {id: 'policies', href: '/controls/policies', icon: 'sliders', label: 'Policies'},
    ]},
    {id: 'addressbook', href: '/address-book', icon: 'book', label: 'Address book'},
    {id: 'settings', href: '/settings', icon: 'gear', label: 'Settings'},
];
const IDLE_MS = 15 * 60000, WARN_MS = 2 * 60000, KEEP_MS = 5 * 60000, TELL_MS = 5000;

let countEl = null;
let orgEl = null;
let timers = [];
let offs = [];
let activeAt = 0;
let elsewhereAt = 0;
let toldAt = 0;
let warning = false;

function allowed(item) {
    return !item.perm || may(item.perm);
}

function link(item) {
    const count = item.count ? h('span', {class: 'nav-count', hidden: true}) : null;

    if (count) {
        countEl = count;
    }
    return h('a', {class: 'nav-item', href: item.href, dataset: {nav: item.id}}, icon(item.icon), h('span', null, item.label), count);
}

function navigation() {
    return h('nav', {class: 'nav', 'aria-label': 'Main'}, NAV.map((item) => item.group
        ? h('div', {class: 'nav-group', role: 'group', 'aria-label': item.label}, h('div', {class: 'nav-title', 'aria-hidden': 'true'}, item.label), item.group.filter(allowed).map(link))
        : allowed(item) ? link(item) : null));
}

export function mark(id) {
    for (const a of document.querySelectorAll('[data-nav]')) {
        if (a.dataset.nav === id) {
            a.setAttribute('aria-current', 'page');
        } else {
            a.removeAttribute('aria-current');
        }
    }
}

// ---- theme -------------------------------------------------------------------------

const THEMES = [['system', 'screen', 'Same as the system'], ['light', 'sun', 'Light'], ['dark', 'moon', 'Dark']];

function theme() {
    return document.documentElement.dataset.theme ?? 'system';
}

export function setTheme(value) {
    if (value === 'system') {
        delete document.documentElement.dataset.theme;
    } else {
        document.documentElement.dataset.theme = value;
    }
    try {
        localStorage.setItem('cloudsign-theme', value);
    } catch {
        // storage is switched off: it holds for this page
    }
}

export function themeSwitch() {
    const draw = () => {
        const at = THEMES.findIndex(([id]) => id === theme());
        b.setAttribute('aria-label', `Theme: ${THEMES[at][2]}. Change`);
        b.title = `Theme: ${THEMES[at][2]}`;
        replace(b, icon(THEMES[at][1]));
    };
    const b = h('button', {type: 'button', class: 'btn btn-icon', onclick() {
        const at = THEMES.findIndex(([id]) => id === theme());
        setTheme(THEMES[(at + 1) % THEMES.length][0]);
        draw();
    }});

    draw();
    return b;
}

// ---- top bar -----------------------------------------------------------------------

const LIVE = {live: ['ok', 'Live', 'This page follows by itself'], connecting: ['warn', 'Connecting', 'Live updates are being connected'],
    off: ['off', 'Offline', 'No live updates at the moment; pages are read again every 15 seconds']};

function indicator() {
    const el = h('span', {class: 'live', role: 'status'});

    offs.push(live.onState((state) => {
        const [kind, word, text] = LIVE[state];
        el.className = `live ${kind}`;
        el.title = text;
        replace(el, h('span', {class: 'live-dot'}), h('span', {class: 'live-word'}, word));
    }));
    return el;
}

function userMenu() {
    const s = session();
    const name = personName(s.user);
    const box = menu(`Account of ${name}`, [
        {label: 'My account', icon: 'user', href: '/settings/account'},
        {label: 'API documentation', icon: 'book', href: '/docs/api'},
        {label: 'Sign out', icon: 'out', run: () => signOut()},
    ]);

    box.classList.add('user-menu');
    box.trigger.className = 'user-button';
    replace(box.trigger, h('span', {class: 'avatar', 'aria-hidden': 'true'}, initials(s.user)),
        h('span', {class: 'user-name'}, name), icon('chevron', 14));
    return box;
}

function initials(user) {
    const text = `${user.firstName?.[0] ?? ''}${user.lastName?.[0] ?? ''}` || user.email?.[0] || '?';
    return text.toUpperCase();
}

// anyway: the page is closed also when the platform cannot be told; it ends the session by
// itself when it hears no more of it.
export async function signOut({anyway = false} = {}) {
    const mine = session();

    try {
        await del('/v2/session', {isSignIn: true});
    } catch (err) {
        if (session() !== null && session() !== mine) {
            return; // somebody else has signed in meanwhile
        }
        if (err.status !== 401 && !anyway) {
            toast(err.message, 'bad');
            return;
        }
    }
    history.replaceState(null, '', '/');
    setSession(null);
}

function topBar(toggle) {
    orgEl = h('span', {class: 'org'});
    return h('header', {class: 'top'},
        h('button', {type: 'button', class: 'btn btn-icon drawer-button', 'aria-label': 'Open the navigation', 'aria-expanded': 'false', 'aria-controls': 'side', onclick: () => toggle(true)}, icon('menu')),
        orgEl, h('div', {class: 'top-end'}, indicator(), themeSwitch(), userMenu()));
}

async function fillOrganisation() {
    try {
        const org = await get('/v2/organizations');
        replace(orgEl, icon('building'), h('span', null, org.name));
    } catch (err) {
        if (err.name !== 'AbortError') {
            replace(orgEl); // it is only an ornament
        }
    }
}

export async function refreshCount() {
    if (!may('approvals.read')) {
        return; // the entry is not there
    }
    try {
        const sets = await get('/v2/approvals?status=PENDING&pageSize=100');
        const n = (sets.approvals ?? []).filter((s) => s.canApprove).length;
        countEl.textContent = n > 99 ? '99+' : String(n);
        countEl.hidden = n === 0;
        countEl.setAttribute('aria-label', `${n} waiting for you`);
    } catch (err) {
        if (err.name !== 'AbortError') {
            countEl.hidden = true;
        }
    }
}

// ---- the frame ----------------------------------------------------------------------

// -> the <main> that pages are drawn into.
export function frame(root) {
    const side = h('aside', {class: 'side', id: 'side', onkeydown: (event) => event.key === 'Escape' && toggle(false)},
        h('div', {class: 'side-head'}, h('a', {class: 'brand', href: '/'}, logo(24), h('span', null, 'CloudSign')),
            h('button', {type: 'button', class: 'btn btn-icon drawer-close', 'aria-label': 'Close the navigation', onclick: () => toggle(false)}, icon('x'))),
        navigation(),
        h('div', {class: 'side-foot'}, h('a', {href: '/docs/api'}, 'API documentation')));
    const shade = h('div', {class: 'shade', onclick: () => toggle(false)});
    const main = h('main', {class: 'main', id: 'main', tabindex: '-1'});
    const body = h('div', {class: 'body'});
    const toggle = (open) => {
        document.body.classList.toggle('drawer', open);
        body.inert = open;
        const b = body.querySelector('.drawer-button');
        b.setAttribute('aria-expanded', String(open));
        if (open) {
            side.querySelector('.drawer-close').focus();
        } else if (side.contains(document.activeElement) && getComputedStyle(b).display !== 'none') {
            b.focus();
        }
    };

    offs.forEach((off) => off());
    offs = [];
    body.append(topBar(toggle), main);
    replace(root, h('a', {class: 'skip', href: '#main', onclick(event) {
        event.preventDefault();
        main.focus();
    }}, 'Skip to the content'), side, shade, body);
    root.className = 'app';
    side.addEventListener('click', (event) => event.target.closest('a') && toggle(false));
    fillOrganisation();
    refreshCount();
    offs.push(live.on('approval', refreshCount));
    watch();
    return main;
}

export function unframe() {
    timers.forEach(clearInterval);
    timers = [];
    offs.forEach((off) => off());
    offs = [];
    document.body.classList.remove('drawer');
}

// ---- idle ---------------------------------------------------------------------------
// The server ends a session 15 minutes after its last request.  Live updates make requests
// by themselves, so what counts here is the person: without a key or a touch for as long,
// this page signs out.  Who works on a long form without a request keeps the session, and
// who works in one tab that of all of them.

function touched() {
    activeAt = Date.now();
    if (activeAt - toldAt > TELL_MS) {
        toldAt = activeAt;
        tell('active');
    }
}

function watch() {
    timers.forEach(clearInterval);
    activeAt = Date.now();
    for (const type of ['keydown', 'pointerdown', 'wheel', 'touchstart']) {
        addEventListener(type, touched, {passive: true});
        offs.push(() => removeEventListener(type, touched));
    }
    offs.push(hear((word) => {
        if (word === 'active') {
            activeAt = elsewhereAt = Date.now();
        }
    }));
    timers = [setInterval(() => refreshTimes(document), 10000), setInterval(checkIdle, 5000)];
}

async function checkIdle() {
    const idle = Date.now() - activeAt;

    if (session() === null || warning) {
        return;
    }
    if (idle >= IDLE_MS - WARN_MS) {
        await warn();
    } else if (Date.now() - lastSeen() > KEEP_MS && idle < KEEP_MS) {
        get('/v2/session').then(sessionIs, () => {});
    }
}

async function warn() {
    const left = h('strong', {class: 'num'});
    const end = activeAt + IDLE_MS, mine = session(), since = elsewhereAt;
    let close = () => {};
    const draw = () => {
        if (elsewhereAt !== since) {
            close('stay');
        }
        const s = Math.max(0, Math.round((end - Date.now()) / 1000));
        left.textContent = `${Math.floor(s / 60)}:${String(s % 60).padStart(2, '0')}`;
        if (s === 0) {
            close('late');
        }
    };
    const tick = setInterval(draw, 1000);

    warning = true;
    draw();
    const answer = await dialog({title: 'Are you still there?', modal: false, body: (c) => {
        close = c;
        return h('p', {class: 'lead'}, 'For safety this session ends in ', left, ' because nothing was done here for a while.');
    }, actions: [{label: 'Sign out', value: 'out'}, {label: 'Stay signed in', kind: 'primary', value: 'stay'}]});
    clearInterval(tick);
    warning = false;
    activeAt = Date.now();
    if (answer === 'stay') {
        await get('/v2/session').then(sessionIs, () => {});
    } else if (session() !== null && session() === mine) {
        await signOut({anyway: answer === 'late'});
    }
}

