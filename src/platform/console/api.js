// /docs/api: reads /v2/openapi.json and shows it: groups, routes, permissions,
// parameters, bodies and answers.  Bodies of a route are made when it is opened.
import { h, replace } from './lib/dom.js';

const byId = (id) => document.getElementById(id);
const doc = await fetch('/v2/openapi.json').then((r) => r.json()).catch((err) => {
    replace(byId('about'), 'The description could not be read. Reload this page; if that does not help, the platform is away or an older one: ask your administrator.');
    throw err;
});
const schemas = doc.components.schemas;
const lastOf = (ref) => ref.split('/').pop();
const deep = (o) => (o.$ref ? o.$ref.slice(2).split('/').reduce((at, k) => at[k], doc) : o);

const PERMISSION = {
    any: 'whoever has signed in',
    user: 'people only',
    open: 'nobody has to sign in',
    'sign-in': 'nobody has to sign in',
};

// ---- types ----------------------------------------------------------------------------

// A type in words, and the shapes that it names.
function words(s) {
    if (s.$ref) {
        return lastOf(s.$ref);
    }
    if (s.enum) {
        return s.enum.join(' | ');
    }
    if (s.type === 'array') {
        return `list of ${words(s.items)}`;
    }
    if (s.additionalProperties) {
        return `map of ${words(s.additionalProperties)}`;
    }
    return s.format ?? (s.pattern ? 'hex' : s.type ?? 'anything');
}

function shapeIn(s) {
    return s.$ref ? lastOf(s.$ref) : (s.items && shapeIn(s.items)) ?? (s.additionalProperties && shapeIn(s.additionalProperties));
}

// Rows of a shape; what it holds opens inside, at most four deep.
function members(name, depth) {
    const s = schemas[name];
    if (s.enum) {
        return h('p', null, s.enum.join(' | '));
    }
    const rows = Object.entries(s.properties).map(([key, one]) => {
        const inner = shapeIn(one);
        const isMore = inner && depth < 4 && !schemas[inner].enum;
        const text = inner && schemas[inner].enum ? schemas[inner].enum.join(' | ') : words(one);
        return h('tr', null,
            h('th', { scope: 'row', class: (s.required ?? []).includes(key) ? 'must' : null }, key),
            h('td', null, text),
            h('td', null, one.description, isMore ? lazy(inner, inner, depth + 1) : null));
    });
    return h('table', null, h('tbody', null, rows));
}

function lazy(label, name, depth) {
    const box = h('details', { ontoggle: () => {
        if (box.open && box.childElementCount === 1) {
            box.append(members(name, depth));
        }
    } }, h('summary', null, label));
    return box;
}

// ---- routes ---------------------------------------------------------------------------

function part(title, ...children) {
    return h('section', null, h('h3', null, title), children);
}

function parameters(op) {
    const rows = op.parameters.map(deep).map((p) => h('tr', null,
        h('th', { scope: 'row', class: p.required ? 'must' : null }, p.name),
        h('td', null, p.in, ' · ', words(p.schema)),
        h('td', null, p.description)));
    return rows.length === 0 ? null : part('Parameters', h('table', null, h('tbody', null, rows)));
}

function body(op) {
    const json = op.requestBody?.content['application/json'];
    const name = json && shapeIn(json.schema);
    if (!json) {
        return null;
    }
    return part('Body', name ? members(name, 1) : h('p', null, words(json.schema)),
        json.example ? h('pre', null, JSON.stringify(json.example, null, 2)) : null);
}

function answers(op) {
    return Object.entries(op.responses).filter(([status]) => status < 300 || status === '501').map(([status, r]) => {
        const content = Object.entries(deep(r).content ?? {})[0];
        const name = content && shapeIn(content[1].schema);
        return part(`Answer ${status}`, h('p', null, deep(r).description, content ? ` · ${content[0]} · ${words(content[1].schema)}` : null),
            name && status !== '501' ? lazy(`Members of ${name}`, name, 1) : null);
    });
}

function errors(op) {
    const list = Object.entries(op.responses).filter(([status]) => status >= 400 && status !== '501');
    return list.length === 0 ? null : part('Errors', h('p', { class: 'muted' },
        list.map(([status, r]) => `${status} ${deep(r).description.toLowerCase()}`).join('; ')));
}

function whole(path, method, op) {
    return h('div', { class: 'op-body' },
        op.description ? h('p', { class: 'doc-text' }, op.description) : null,
        h('p', { class: 'muted' }, 'Permission: ', h('span', { class: 'mono' }, op['x-permission']),
            PERMISSION[op['x-permission']] ? ` (${PERMISSION[op['x-permission']]})` : null),
        parameters(op), body(op), answers(op), errors(op));
}

function route(path, method, op) {
    const box = h('details', { class: 'op', id: op.operationId, ontoggle: () => {
        if (box.open && box.childElementCount === 1) {
            box.append(whole(path, method, op));
        }
    } }, h('summary', null,
        h('span', { class: `method ${method}` }, method.toUpperCase()),
        h('span', { class: 'op-path' }, path),
        h('span', { class: 'op-perm' }, op['x-permission']),
        h('span', { class: 'op-text' }, op['x-not-served'] ? [h('span', { class: 'tag' }, 'Not served'), ' '] : null, op.summary)));
    const fields = op.requestBody ? shapeIn(op.requestBody.content['application/json'].schema) ?? '' : '';
    box.dataset.words = `${method} ${path} ${op.summary} ${op.description ?? ''} ${op['x-permission']} ${fields}`.toLowerCase();
    return box;
}

// ---- page -----------------------------------------------------------------------------

const groups = new Map(doc.tags.map((t) => [t.name, []]));
for (const [path, ops] of Object.entries(doc.paths)) {
    for (const [method, op] of Object.entries(ops)) {
        groups.get(op.tags[0]).push(route(path, method, op));
    }
}
const slug = (name) => name.toLowerCase().replace(/[^a-z]+/g, '-');
const sections = [...groups].map(([name, routes]) => h('section', { class: 'doc-group', id: slug(name) }, h('h2', null, name), routes));

replace(byId('about'), doc.info.description, ' The same as one file: ', h('a', { href: '/v2/openapi.json' }, '/v2/openapi.json'), ' (OpenAPI 3.1).');
replace(byId('groups'), [...groups].map(([name, routes]) => h('a', { href: `#${slug(name)}` }, name, h('span', { class: 'muted' }, routes.length))));
replace(byId('routes'), sections);

function search() {
    const want = byId('search').value.trim().toLowerCase().split(/\s+/).filter(Boolean);
    let n = 0;
    for (const section of sections) {
        let inside = 0;
        for (const box of section.querySelectorAll(':scope > .op')) {
            box.hidden = !want.every((w) => box.dataset.words.includes(w));
            inside += box.hidden ? 0 : 1;
        }
        section.hidden = inside === 0;
        n += inside;
    }
    replace(byId('found'), want.length === 0 ? `${n} routes` : n === 0 ? 'Nothing has these words: try a shorter one.' : `${n} found`);
}

function jump() {
    const box = document.getElementById(location.hash.slice(1));
    if (box?.classList.contains('op')) {
        box.open = true;
    }
    box?.scrollIntoView();
}
byId('search').addEventListener('input', search);
addEventListener('hashchange', jump);
search();
jump();
