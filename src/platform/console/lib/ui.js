// What pages are made of.  Forms and dialogs: lib/form.js, also exported from here.
//
//   page({title, text, actions, back: {href, label}, crumbs: [{label, href}]}, ...children)
//   card({title, text, actions}, ...children)     section(title, ...children)
//   button(label, {kind: 'primary'|'danger'|'ghost', icon, href, onclick, disabled, title})
//     an onclick that returns a promise shows progress and tells its error in a toast
//   badge(status [, word])    icon + word; colour is only a help
//   table({columns: [{label, render(row), align, width, hide: 'phone'}], rows, empty, more,
//          href(row), caption, key(row)})        more: async () => rows, for the next page
//   list(path, member, opts)  pages of the API for table: {rows, more}
//   empty({icon, title, text, action})   banner(kind, text, action)   skeleton(lines)
//   details([[label, value], ..])        tabs([{id, label, href|render}], active)
//   steps([{label, text, state: 'done'|'active'|'todo'|'failed'}])
//   timeline([{at, title, text, state}])    progress(done, total, label)
//   copy(text, {label, mono, short})        code(text)   address(text)
//   menu(label, [{label, icon, run | href, danger}])
//   toast(text, 'ok'|'bad')                 results only
//   errorView(err, retry)                   what went wrong and what to do
//   filters([{name, label, options | type, placeholder}], query, onchange)
import {getAll, get} from './api.js';
import {h, replace} from './dom.js';
import {middle, words} from './format.js';
import {busy, sentence, uid} from './form.js';
import {icon} from './icons.js';

export * from './form.js';
export {icon};

export function page({title, text, actions, back, crumbs, badge: mark}, ...children) {
    return h('div', {class: 'page'},
        h('header', {class: 'page-head'},
            back ? h('nav', {class: 'crumbs', 'aria-label': 'Breadcrumb'}, h('a', {href: back.href}, icon('left', 14), back.label)) : null,
            crumbs ? h('nav', {class: 'crumbs', 'aria-label': 'Breadcrumb'}, crumbs.map((c, i) => [i > 0 ? icon('right', 12) : null,
                c.href ? h('a', {href: c.href}, c.label) : h('span', {'aria-current': 'page'}, c.label)])) : null,
            h('div', {class: 'page-title'},
                h('div', {class: 'page-name'}, h('h1', {tabindex: '-1'}, title), mark),
                actions ? h('div', {class: 'page-actions'}, actions) : null),
            text ? h('p', {class: 'page-text'}, text) : null),
        children);
}

export function card({title, text, actions, flush = false} = {}, ...children) {
    return h('section', {class: flush ? 'card flush' : 'card'},
        title || actions ? h('div', {class: 'card-head'}, h('div', null, title ? h('h2', null, title) : null,
            text ? h('p', {class: 'hint'}, text) : null), actions ? h('div', {class: 'card-actions'}, actions) : null) : null,
        h('div', {class: 'card-body'}, children));
}

export function section(title, ...children) {
    return h('section', {class: 'section'}, h('h2', null, title), children);
}

export function button(label, {kind, icon: name, href, onclick, disabled = false, title, type = 'button', small = false} = {}) {
    const cls = ['btn', kind ? `btn-${kind}` : '', small ? 'btn-small' : ''].filter(Boolean).join(' ');
    const inside = [name ? icon(name) : null, h('span', null, label)];

    if (href) {
        return h('a', {class: cls, href, title}, inside);
    }
    const b = h('button', {type, class: cls, disabled, title, onclick: onclick ? (event) => guard(b, () => onclick(event)) : null}, inside);
    return b;
}

export function iconButton(name, label, onclick, extra = {}) {
    const b = h('button', {type: 'button', class: 'btn btn-icon', 'aria-label': label, title: label, ...extra,
        onclick: (event) => guard(b, () => onclick(event))}, icon(name));
    return b;
}

async function guard(b, run) {
    let result;

    try {
        result = run();
        if (result instanceof Promise) {
            busy(b, true);
            await result;
        }
    } catch (err) {
        if (err.name !== 'AbortError') {
            toast(err.message, 'bad');
        }
    } finally {
        if (result instanceof Promise) {
            busy(b, false);
        }
    }
}

// ---- status ----------------------------------------------------------------------

const STATES = {
    ok: ['check-circle', 'PAIRED APPROVED ENABLED ONLINE CONFIRMED COMPLETE COMPLETED PROVISIONED SIGNED PUBLISHED MET ACTIVATED ACTIVE DELIVERED ACCEPTED OK ALLOWED VERIFIED'],
    warn: ['clock', 'WAITING WAITING_FOR_APPROVAL PENDING INVITED FROZEN EXPIRING POLICY_CHECK_PENDING APPROVAL_CHECK_PENDING ENABLED_STATUS_PENDING PROCESSING'],
    info: ['dashed', 'CREATED INITIAL IN_PROGRESS PROVISIONING PROVISIONING_POLICY PROVISIONING_COMPLIANCE PROVISIONED_WALLET PROVISIONED_COMPLIANCE REQUESTED POLICY_CHECK_PASSED APPROVAL_CHECK_PASSED COMPILATION_PENDING COMPILED SIGNATURE_PENDING SUBMITTED PROCESSED CONFIRMATION_PENDING PUBLISH_PENDING'],
    bad: ['fail', 'FAILED REJECTED PROVISIONING_FAILED TIMED_OUT NOT_MET EXPIRED REVOKED BLOCKED QUARANTINED'],
    off: ['off', 'DISABLED OFFLINE UNPAIRED INACTIVE UNKNOWN DELETED SUSPENDED DEACTIVATED UNSUPPORTED NEVER'],
};
const KIND = new Map(Object.entries(STATES).flatMap(([kind, [name, all]]) => all.split(' ').map((w) => [w, [kind, name]])));

export function badge(status, word) {
    const raw = String(status ?? '');
    const key = raw.toUpperCase().replace(/[ -]+/g, '_').replace(/^(QUORUM_STATE|MEMBERSHIP_STATE|SESSION_SET_STATE|SESSION_STATE)_/, '');
    const [kind, name] = KIND.get(key) ?? (STATES[raw] ? [raw, STATES[raw][0]] : ['off', 'dot']);

    return h('span', {class: `badge ${kind}`}, icon(name, 14), word ?? words(key));
}

// ---- tables ----------------------------------------------------------------------

// A search looks at so many rows for one answer: it may be empty and not be the last.
const EMPTY_PAGES = 30;

export async function filled(at, token) {
    let p = await at(token);

    for (let i = 0; i < EMPTY_PAGES && p.rows.length === 0 && p.next; i++) {
        p = await at(p.next);
    }
    return p;
}

export async function list(path, member, opts) {
    const sep = path.includes('?') ? '&' : '?';
    const size = opts?.pageSize ?? 50;
    const at = async (token) => {
        const o = await get(`${path}${sep}pageSize=${size}${token ? `&pageToken=${encodeURIComponent(token)}` : ''}`, opts);
        const next = String(o.filter?.nextPageToken ?? '0');
        return {rows: o[member] ?? [], next: next === '0' || next === '' ? null : next, total: o.filter?.total};
    };
    const first = await filled(at, null);
    let next = first.next;

    return {rows: first.rows, total: first.total, more: next === null ? null : async () => {
        const p = await filled(at, next);
        next = p.next;
        return {rows: p.rows, done: next === null};
    }};
}

function rowOf(columns, href, row) {
    const link = href?.(row);

    return h('tr', {class: link ? 'linked' : null}, columns.map((c, i) => {
        const value = c.render(row);
        const inside = i === 0 && link ? h('a', {class: 'row-link', href: link}, value) : value;
        return h(i === 0 ? 'th' : 'td', {scope: i === 0 ? 'row' : null, dataset: {label: c.label},
            class: [c.align === 'right' ? 'right' : '', c.hide ? `hide-${c.hide}` : '', c.mono ? 'mono' : ''].filter(Boolean).join(' ') || null}, inside);
    }));
}

export function table({columns, rows, empty: none, more, href, caption}) {
    if (rows.length === 0 && none) {
        return none instanceof Node ? none : empty(none);
    }
    const body = h('tbody', null, rows.map((row) => rowOf(columns, href, row)));
    const foot = h('div', {class: 'table-foot'});
    const el = h('div', {class: 'table-box'},
        h('div', {class: 'table-scroll'}, h('table', {class: 'table'},
            caption ? h('caption', {class: 'sr-only'}, caption) : null,
            h('thead', null, h('tr', null, columns.map((c) => h('th', {scope: 'col', style: c.width ? {width: c.width} : {},
                class: [c.align === 'right' ? 'right' : '', c.hide ? `hide-${c.hide}` : ''].filter(Boolean).join(' ') || null},
            c.sr ? h('span', {class: 'sr-only'}, c.label) : c.label)))),
            body)), foot);

    if (more) {
        const b = button('Show more', {kind: 'ghost', async onclick() {
            const p = await more();
            body.append(...p.rows.map((row) => rowOf(columns, href, row)));
            if (p.done) {
                foot.remove();
            }
        }});
        foot.append(b);
    } else {
        foot.remove();
    }
    el.rows = body;
    return el;
}

export {getAll};

// Labelled controls above a list; onchange(values) with what is chosen, "" left out.
export function filters(items, query, onchange) {
    let timer = 0;
    const controls = items.map((f) => {
        const id = uid(f.name);
        const control = f.options
            ? h('select', {id, name: f.name}, f.options.map((o) => h('option', {value: o[0]}, o[1])))
            : h('input', {id, name: f.name, type: f.type ?? 'search', placeholder: f.placeholder ?? null, autocomplete: 'off', spellcheck: 'false'});
        control.value = query.get(f.name) ?? '';
        control.addEventListener(f.options || f.type === 'date' ? 'change' : 'input', () => {
            clearTimeout(timer);
            timer = setTimeout(() => onchange(Object.fromEntries(controls.map((c) => [c.control.name, c.control.value]))), f.options ? 0 : 300);
        });
        return {control, el: h('div', {class: 'filter'}, h('label', {for: id}, f.label), control)};
    });
    return h('form', {class: 'filters', role: 'search', onsubmit: (e) => e.preventDefault()}, controls.map((c) => c.el));
}

// ---- states of a page --------------------------------------------------------------

export function empty({icon: name = 'inbox', title, text, action}) {
    return h('div', {class: 'empty'}, h('div', {class: 'empty-icon'}, icon(name, 20)), h('h2', null, title),
        text ? h('p', null, text) : null, action ? h('div', {class: 'empty-action'}, action) : null);
}

export function banner(kind, text, action) {
    const name = {ok: 'check-circle', warn: 'warn', bad: 'fail', info: 'info'}[kind] ?? 'info';
    return h('div', {class: `banner ${kind}`, role: kind === 'bad' ? 'alert' : null}, icon(name),
        h('div', {class: 'banner-text'}, text), action ?? null);
}

export function skeleton(lines = 4) {
    return h('div', {class: 'skeleton', 'aria-busy': 'true'}, h('span', {class: 'sr-only', role: 'status'}, 'Loading'),
        Array.from({length: lines}, (_, i) => h('div', {class: 'bone', style: {width: `${[92, 76, 84, 60, 70][i % 5]}%`}})));
}

export function errorView(err, retry) {
    const what = err?.status === 403 ? ['lock', 'You may not see this', 'Your role lacks the right for it. An owner or administrator can change your role under Settings, Users.']
        : err?.status === 404 ? ['search', 'This is not here', 'It may have been deleted, or the address has a mistake.']
            : err?.status === 501 ? ['box', 'This platform does not have that', sentence(err.message)]
                : err?.status === 0 ? ['warn', 'The platform cannot be reached', 'Check your network, and that the platform runs. This page comes back by itself as soon as it answers.']
                    : err?.status === 429 ? ['clock', 'Too many requests', 'Wait a few seconds, then try again.']
                        : ['warn', 'Something went wrong', sentence(err?.status ? err.message : `This page has a fault (${err?.message ?? err}). Reload it; if that does not help, tell your administrator.`)];

    const el = empty({icon: what[0], title: what[1], text: what[2], action: retry ? button('Try again', {icon: 'refresh', onclick: retry}) : null});

    if (err?.status === 0 && retry) {
        comeBack(el, retry);
    }
    return el;
}

// Asks, as long as the error is looked at, whether the platform is there again.
async function comeBack(el, retry) {
    for (let ms = 2000; ; ms = Math.min(ms * 1.5, 10000)) {
        await new Promise((done) => setTimeout(done, ms));
        if (!el.isConnected) {
            return;
        }
        const err = await get('/v2/session', {isSignIn: true}).then(() => null, (e) => e);
        if (err?.status !== 0) {
            if (el.isConnected) {
                retry();
            }
            return;
        }
    }
}

// ---- pieces ------------------------------------------------------------------------

export function details(rows) {
    return h('dl', {class: 'details'}, rows.filter(Boolean).map(([label, value]) => h('div', null, h('dt', null, label),
        h('dd', null, value === '' || value === null || value === undefined ? h('span', {class: 'muted'}, 'none') : value))));
}

// Tabs that are addresses are links; those with render() switch in place.
export function tabs(items, active) {
    if (items.every((t) => t.href)) {
        const bar = h('nav', {class: 'tabs', 'aria-label': 'Sections'}, items.map((t) => h('a', {class: 'tab', href: t.href,
            'aria-current': t.id === active ? 'page' : null}, t.label)));
        requestAnimationFrame(() => { // on a phone the bar scrolls
            const at = bar.querySelector('[aria-current]');
            bar.scrollLeft = at ? at.offsetLeft - bar.offsetLeft - 48 : 0;
        });
        return bar;
    }
    const panel = h('div', {role: 'tabpanel', id: uid('panel'), tabindex: '0'});
    const marks = items.map((t) => h('button', {type: 'button', class: 'tab', role: 'tab', id: uid('tab'), 'aria-controls': panel.id, onclick: () => pick(t.id)}, t.label));
    const pick = (id, focus = false) => items.forEach((t, i) => {
        marks[i].setAttribute('aria-selected', String(t.id === id));
        marks[i].tabIndex = t.id === id ? 0 : -1;
        if (t.id === id) {
            panel.setAttribute('aria-labelledby', marks[i].id);
            replace(panel, t.render());
            if (focus) {
                marks[i].focus();
            }
        }
    });
    const bar = h('div', {class: 'tabs', role: 'tablist', onkeydown(event) {
        const step = {ArrowRight: 1, ArrowLeft: -1}[event.key];
        const at = marks.findIndex((m) => m.getAttribute('aria-selected') === 'true');
        if (step) {
            pick(items[(at + step + items.length) % items.length].id, true);
        }
    }}, marks);

    pick(active ?? items[0].id);
    return h('div', null, bar, panel);
}

const STEP_ICON = {done: 'check', failed: 'x', active: 'dashed', todo: 'dot'};
const STEP_WORD = {done: 'done', failed: 'failed', active: 'in progress', todo: 'to do'};

export function steps(items) {
    return h('ol', {class: 'steps'}, items.map((s) => h('li', {class: s.state ?? 'todo', 'aria-current': s.state === 'active' ? 'step' : null},
        h('span', {class: 'step-mark'}, icon(STEP_ICON[s.state] ?? 'dot', 14)),
        h('div', null, h('span', {class: 'step-label'}, s.label), h('span', {class: 'sr-only'}, ` (${STEP_WORD[s.state] ?? 'to do'})`),
            s.text ? h('p', {class: 'hint'}, s.text) : null))));
}

export function timeline(items) {
    return h('ol', {class: 'timeline'}, items.map((t) => h('li', {class: t.state ?? ''},
        h('span', {class: 'timeline-mark'}),
        h('div', {class: 'timeline-text'}, h('div', {class: 'timeline-title'}, t.title, t.at ? h('span', {class: 'timeline-at'}, t.at) : null),
            t.text ? h('div', {class: 'hint'}, t.text) : null))));
}

export function progress(done, total, label) {
    const id = uid('progress');
    return h('div', {class: 'progress'}, h('div', {class: 'progress-text', id}, label ?? `${done} of ${total}`),
        h('progress', {max: String(total || 1), value: done, 'aria-labelledby': id}));
}

export function copy(text, {label, mono = true, short = 0} = {}) {
    const b = h('button', {type: 'button', class: 'btn btn-icon', 'aria-label': `Copy ${label ?? 'to the clipboard'}`, title: 'Copy', async onclick() {
        try {
            await navigator.clipboard.writeText(text);
            replace(b, icon('check'));
            toast(`Copied${label ? `: ${label}` : ''}`);
            setTimeout(() => replace(b, icon('copy')), 1500);
        } catch {
            toast('The browser did not allow that: select the text and copy it by hand', 'bad');
        }
    }}, icon('copy'));
    return h('span', {class: mono ? 'copy mono' : 'copy'}, h('span', {class: 'copy-text', title: short ? text : null}, short ? middle(text, short) : text), b);
}

export function code(text) {
    return h('pre', {class: 'code', tabindex: '0'}, h('code', null, text));
}

export function address(text, short = 8) {
    return text ? h('span', {class: 'mono', title: text}, short ? middle(text, short) : text) : h('span', {class: 'muted'}, 'none');
}

export function menu(label, items, {name = 'dots'} = {}) {
    const id = uid('menu');
    const pop = h('div', {class: 'menu', role: 'menu', id, hidden: true, onkeydown(event) {
        const all = [...pop.querySelectorAll('[role=menuitem]')];
        const at = all.indexOf(document.activeElement);
        const to = {ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1}[event.key];
        if (to !== undefined) {
            event.preventDefault();
            all[(to + all.length) % all.length].focus();
        } else if (event.key === 'Escape' || event.key === 'Tab') {
            hide(event.key === 'Escape');
        }
    }}, items.filter(Boolean).map((m) => {
        const inside = [m.icon ? icon(m.icon) : null, m.label];
        const attrs = {class: m.danger ? 'menu-item danger' : 'menu-item', role: 'menuitem', tabindex: '-1'};
        return m.href ? h('a', {...attrs, href: m.href, onclick: () => hide(false)}, inside)
            : h('button', {...attrs, type: 'button', onclick: () => {
                hide(true);
                guard(b, () => m.run());
            }}, inside);
    }));
    const away = (event) => {
        if (!box.contains(event.target)) {
            hide(false);
        }
    };
    const hide = (focus) => {
        pop.hidden = true;
        b.setAttribute('aria-expanded', 'false');
        document.removeEventListener('pointerdown', away);
        if (focus) {
            b.focus();
        }
    };
    const b = h('button', {type: 'button', class: 'btn btn-icon', 'aria-label': label, 'aria-haspopup': 'menu', 'aria-expanded': 'false', 'aria-controls': id, onclick() {
        if (!pop.hidden) {
            hide(false);
            return;
        }
        pop.hidden = false;
        b.setAttribute('aria-expanded', 'true');
        document.addEventListener('pointerdown', away);
        pop.querySelector('[role=menuitem]')?.focus();
    }}, icon(name));
    const box = h('div', {class: 'menu-box'}, b, pop);
    box.trigger = b;
    return box;
}

export function toast(text, kind = 'ok') {
    const box = document.getElementById('toasts');
    const el = h('div', {class: `toast ${kind}`, role: kind === 'bad' ? 'alert' : null}, icon(kind === 'bad' ? 'fail' : 'check-circle'), h('span', null, text),
        h('button', {type: 'button', class: 'btn btn-icon', 'aria-label': 'Dismiss', onclick: () => el.remove()}, icon('x', 14)));

    box.append(el);
    while (box.children.length > 4) {
        box.firstChild.remove();
    }
    setTimeout(() => el.remove(), kind === 'bad' ? 12000 : 5000);
}

// Offers text as a file.
export function download(name, text, type = 'text/plain') {
    const url = URL.createObjectURL(text instanceof Blob ? text : new Blob([text], {type}));
    const a = h('a', {href: url, download: name});

    document.body.append(a);
    a.click();
    a.remove();
    setTimeout(() => URL.revokeObjectURL(url), 10000);
}
