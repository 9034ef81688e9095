// Elements without markup strings: text can only ever become text, so nothing that a
// user typed can run (RELIABILITY T33).  innerHTML and its kind are not used anywhere;
// the browser enforces it (Trusted Types).
//
//   h('a', {class: 'link', href: '/devices', onclick: fn}, 'Devices')
//     props: on* functions are listeners; dataset and style are objects; true/false are
//     boolean attributes; value, checked, disabled .. are set as properties
//     children: text, numbers, nodes, arrays of them; null, undefined, false: nothing
//   svg('path', {d})      the same in SVG
//   plain(text)           characters that take no room or turn text around, as "‹U+202E›":
//                         names and addresses are what they look like; h() does it
//   clear(el), replace(el, ...children)

const SVG = 'http://www.w3.org/2000/svg';
const SPOKEN = new Set(['title', 'aria-label', 'placeholder']);
// Joiners and variation selectors are part of many scripts and of emoji: only behind Latin
// letters they hide.  A digit, U+FE0F, U+20E3 is a key.
const UNSEEN = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u2800\u3164\ufeff\uffa0\ufff0-\ufffb\u{1d173}-\u{1d17a}\u{e0000}-\u{e0fff}]|(?<=[\0-\x7f\p{Script=Latin}])(?:[\u200c\u200d]|[\ufe00-\ufe0f](?!\u20e3))/gu;

export function plain(text) {
    return String(text).replace(UNSEEN, (c) => `‹U+${c.codePointAt(0).toString(16).toUpperCase().padStart(4, '0')}›`);
}
const PROPERTIES = new Set(['value', 'checked', 'disabled', 'selected', 'indeterminate', 'open', 'hidden']);

export function h(tag, props, ...children) {
    return fill(document.createElement(tag), props, children);
}

export function svg(tag, props, ...children) {
    return fill(document.createElementNS(SVG, tag), props, children);
}

export function clear(el) {
    el.replaceChildren();
    return el;
}

export function replace(el, ...children) {
    el.replaceChildren();
    add(el, children);
    return el;
}

function fill(el, props, children) {
    for (const [name, value] of Object.entries(props ?? {})) {
        set(el, name, value);
    }
    add(el, children);
    return el;
}

function set(el, name, value) {
    if (value === undefined || value === null) {
        return;
    }
    if (name.startsWith('on')) {
        if (typeof value === 'function') {
            el.addEventListener(name.slice(2), value);
        }
    } else if (name === 'dataset' || name === 'style') {
        Object.assign(el[name], value);
    } else if (name === 'href' && !isSafeLink(String(value))) {
        el.setAttribute('aria-disabled', 'true'); // javascript: and data: are no links
    } else if (PROPERTIES.has(name)) {
        el[name] = value;
    } else if (value === true) {
        el.setAttribute(name, '');
    } else if (value !== false) {
        el.setAttribute(name, SPOKEN.has(name) ? plain(value) : String(value));
    }
}

// Links lead into the console, to a part of the page, to https or to a blob of our own.
// "/\x" and "/<tab>/x" are "//x" to a browser.
function isSafeLink(text) {
    return /^(\/(?![/\\\t\r\n])|#|https:\/\/|blob:|otpauth:\/\/)/.test(text);
}

function add(el, children) {
    for (const child of children) {
        if (Array.isArray(child)) {
            add(el, child);
        } else if (child instanceof Node) {
            el.append(child);
        } else if (child !== null && child !== undefined && child !== false && child !== true) {
            el.append(document.createTextNode(plain(child)));
        }
    }
}
