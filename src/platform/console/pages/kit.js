// What the work pages share, on top of lib/ui.js: a page that is drawn again when
// something changes, buttons that know the user's rights, words, codes, countdowns.
import {may} from '../lib/api.js';
import {h, replace} from '../lib/dom.js';
import {left, middle, time} from '../lib/format.js';
import {title as windowTitle} from '../lib/router.js';
import * as ui from '../lib/ui.js';
import {kindText} from './facts.js';

export {confirm, icon, steps, tabs} from '../lib/ui.js';
export const {card, empty: none, details: describe, progress: meter, errorView: errorBox} = ui;

/* ---- the page ---------------------------------------------------------------------- */

const QUIET_MS = 200, PROGRESS_MS = 2500, IDLE_MS = 30000;

function crumbList(crumbs) {
    return crumbs?.length ? h('nav', {class: 'crumbs', 'aria-label': 'Breadcrumb'},
        crumbs.map(([label, href], i) => [i > 0 ? ui.icon('right', 12) : null, h('a', {href}, label)])) : null;
}

// Draws a slot only when what it says has changed: what somebody types or has opened
// there stays.
function slots(body) {
    const known = new Map();

    return (name, nodes) => {
        if (!known.has(name)) {
            known.set(name, h('div', {class: 'slot'}));
            body.append(known.get(name));
        }
        const box = known.get(name), next = h('div', {class: 'slot'});
        replace(next, nodes);
        if (stripTimes(next.innerHTML) !== box.said) {
            box.said = stripTimes(next.innerHTML);
            box.replaceChildren(...next.childNodes);
        }
    };
}

const stripTimes = (text) => text.replace(/<time[^>]*>[^<]*/g, (t) => (/datetime="([^"]*)"/.exec(t) ?? [''])[0]).replace(/(id|for|name|aria-[a-z]+)="[^"]*-\d+[^"]*"/g, '');

// refresh(nouns, run): now, on each event of these nouns, and, while run says true
// (something is under way), every few seconds: an event may be lost.
function refresher({live, signal}, gone) {
    return async (nouns, run) => {
        let timer = 0, running = false, again = false;

        const turn = async () => {
            if (running) {
                again = true;
                return;
            }
            running = true;
            clearTimeout(timer);
            let busy = false;
            try {
                busy = await run(signal);
            } catch (err) {
                if (err.name === 'AbortError' || signal?.aborted) {
                    return;
                }
                if (timer === 0) {
                    throw err; // the first time: the shell shows it
                }
                if (err.status === 404 || err.status === 403) {
                    gone();
                    return;
                }
            } finally {
                running = false;
            }
            timer = setTimeout(turn, again ? QUIET_MS : busy === true ? PROGRESS_MS : IDLE_MS);
            again = false;
        };
        const soon = () => {
            clearTimeout(timer);
            timer = setTimeout(turn, QUIET_MS);
        };

        signal?.addEventListener('abort', () => clearTimeout(timer));
        await turn();
        nouns.forEach((noun) => live?.on(noun, soon));
    };
}

// page(ctx, {title, lead, crumbs, actions}) -> {body, title, lead, actions, show, showOnce, refresh}
export function page(ctx, {title, lead, crumbs, actions = []}) {
    const heading = h('h1', {tabindex: '-1'}, title), mark = h('span', {class: 'page-mark'});
    const tools = h('div', {class: 'page-actions'}, actions), text = h('p', {class: 'page-text', hidden: !lead}, lead);
    const body = h('div', {class: 'page-body'});
    const show = slots(body), once = new Map();

    windowTitle(title);
    ctx.el.append(h('div', {class: 'page'}, h('header', {class: 'page-head'}, crumbList(crumbs),
        h('div', {class: 'page-title'}, h('div', {class: 'page-name'}, heading, mark), tools), text), body));
    return {
        body, show,
        refresh: refresher(ctx, () => body.prepend(banner('warn', 'This is not there any more', 'It was deleted, or you may not see it now. What is below is how it was.'))),
        title(name, badge) {
            if (heading.textContent !== name) {
                replace(heading, name);
                windowTitle(name);
            }
            replace(mark, badge);
        },
        lead(next) {
            replace(text, next ?? '');
            text.hidden = !next;
        },
        actions(list) {
            if (!tools.contains(document.activeElement)) {
                replace(tools, list);
            }
        },
        // Draws again only when key is another one: for forms and secrets.
        showOnce(slot, key, make) {
            if (!once.has(slot) || once.get(slot) !== key) {
                once.set(slot, key);
                show(slot, null);
                show(slot, make());
            }
        },
    };
}

export function panel({title, text, actions, narrow = false, flush = false, class: extra} = {}, ...children) {
    const el = ui.card({title, text, actions, flush}, ...children);

    el.classList.toggle('narrow', narrow);
    if (extra) {
        el.classList.add(extra);
    }
    return el;
}

/* ---- buttons ------------------------------------------------------------------------- */

const OWNERS = 'Your role has no right to do this: ask an administrator.';

// word: the permission it takes; disabled: true or the reason.
export function btn(label, {word, disabled, kind, ...rest} = {}) {
    const why = word && !may(word) ? OWNERS : typeof disabled === 'string' ? disabled : null;
    const quiet = kind === 'danger-quiet';

    if (!why && disabled !== true) {
        const b = ui.button(label, {...rest, kind: quiet ? undefined : kind});
        b.classList.toggle('btn-danger-quiet', quiet);
        return b;
    }
    return ui.button(label, {kind: quiet ? undefined : kind, icon: rest.icon, small: rest.small, disabled: true, title: why ?? undefined});
}

export const done = (text) => ui.toast(text, 'ok');

export function fail(err) {
    if (err.name !== 'AbortError') {
        ui.toast(ui.sentence(err.message), 'bad');
    }
}

/* ---- small parts ----------------------------------------------------------------------- */

const KIND = {good: 'ok', warn: 'warn', info: 'info', bad: 'bad', neutral: 'off'};

// badge({text, tone}) of facts.js; {dot}: only a point in front of the word.
export function badge({text, tone}, {dot = false} = {}) {
    if (dot) {
        return h('span', {class: `dot-state ${KIND[tone] ?? 'off'}`}, h('span', {class: 'dot', 'aria-hidden': 'true'}), text);
    }
    return ui.badge(KIND[tone] ?? 'off', text);
}

export function when(iso, opts) {
    return iso && !iso.startsWith('1970') ? time(iso, opts) : h('span', {class: 'muted'}, '–');
}

export const idText = (id) => h('span', {class: 'id-text mono', title: id}, String(id ?? '').slice(0, 8));

export const by = (names, id) => names.get(id) ?? (id ? h('span', {class: 'mono', title: id}, String(id).slice(0, 8)) : '–');

export function banner(kind, title, text, action) {
    return ui.banner({good: 'ok'}[kind] ?? kind, [h('strong', {}, title), text ? h('span', {class: 'banner-more'}, text) : null], action);
}

export const wait = (label) => h('div', {class: 'waiting', role: 'status'}, h('span', {class: 'spin', 'aria-hidden': 'true'}), label);

export function grid({caption, columns, rows, empty, href, more}) {
    return ui.table({caption, rows, empty, href, more, columns: columns.map((c) => ({label: c.title, render: c.cell, hide: c.wide ? 'phone' : undefined,
        align: c.right ? 'right' : undefined, width: c.width}))});
}

// Where a form of several pages is.
export function stepBar(labels, at) {
    const el = ui.steps(labels.map((label, i) => ({label, state: i < at ? 'done' : i === at ? 'active' : 'todo'})));

    el.classList.add('stepbar');
    el.setAttribute('aria-label', 'Progress');
    return el;
}

export function searchBox({label, placeholder, filters, filterLabel, query, onchange}) {
    const items = [{name: 'q', label, placeholder}];

    if (filters) {
        items.push({name: 'status', label: filterLabel, options: filters});
    }
    return ui.filters(items, query ?? new URLSearchParams(), (v) => onchange(v.q ?? '', v.status ?? ''));
}

async function toClipboard(button, text) {
    try {
        await navigator.clipboard.writeText(text);
        replace(button, ui.icon('check'), h('span', {}, 'Copied'));
    } catch {
        ui.toast('The browser did not allow that: select the text and copy it by hand', 'bad');
        return;
    }
    setTimeout(() => replace(button, button.face()), 1600);
}

function copyButton(text, label) {
    const b = h('button', {type: 'button', class: 'btn btn-small', onclick: () => toClipboard(b, text)});

    b.face = () => replace(document.createDocumentFragment(), ui.icon('copy'), h('span', {}, label ?? 'Copy'));
    b.append(b.face());
    return b;
}

// Text to copy: a block with its name above it, or one line ({inline}); short: of what is
// long, and only to be copied, a few lines.
export function code(text, {label, copyLabel, wrap = false, inline = false, short = false} = {}) {
    if (inline) {
        return ui.copy(String(text ?? ''), {label});
    }
    return h('figure', {class: ['code-block', wrap && 'wrap', short && 'short'].filter(Boolean).join(' ')},
        h('figcaption', {}, h('span', {}, label), copyButton(text, copyLabel)),
        h('pre', {class: 'code', tabindex: '0', 'aria-label': label}, h('code', {}, text)));
}

// The words that people compare, one by one.
export function wordList(words, {label}) {
    return h('div', {class: 'words', role: 'group', 'aria-label': label},
        h('ol', {class: 'words-list'}, String(words ?? '').split('-').map((word) => h('li', {class: 'mono'}, word))));
}

export const wordsShort = (words) => String(words ?? '').split('-').slice(0, 2).join('-') + (words ? '-…' : '');

// Counts down by itself as long as it is on the page.
export function countdown(iso, {over}) {
    const el = h('time', {class: 'countdown', datetime: iso, title: new Date(iso).toString()});
    const tick = () => {
        const isOver = Date.parse(iso) <= Date.now();

        el.textContent = isOver ? over : left(iso);
        if (!isOver && (el.isConnected || !el.wasShown)) {
            el.wasShown ||= el.isConnected;
            setTimeout(tick, 1000);
        }
    };

    tick();
    return el;
}

// A request in one line: long addresses shortened, the whole text on hover.
export function summaryText(tx) {
    const text = tx.summary || kindText(tx.kind), said = text.charAt(0).toUpperCase() + text.slice(1);

    return h('span', {class: 'clip', title: text}, said.replaceAll(/[A-Za-z0-9]{26,}/g, (word) => middle(word, 5)));
}

// What was checked, line by line: {ok: true | false | null, text, detail}.
export function checkList(rows) {
    const mark = (ok) => (ok === true ? ['check-circle', 'ok', 'Right'] : ok === false ? ['fail', 'bad', 'Wrong'] : ['info', 'off', 'Not checked here']);

    return h('ul', {class: 'check-list'}, rows.map((row) => {
        const [name, cls, word] = mark(row.ok);

        return h('li', {class: cls}, ui.icon(name), h('div', {}, h('span', {class: 'sr-only'}, `${word}: `), h('span', {class: 'check-text'}, row.text),
            row.detail ? h('span', {class: 'hint'}, row.detail) : null));
    }));
}
