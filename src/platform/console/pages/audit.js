// Settings, Audit log: records with what was before and after, the chain verified in the
// browser, the export.
import {get} from '../lib/api.js';
import {verify} from '../lib/chain.js';
import {h, replace} from '../lib/dom.js';
import {count, dayBound, exact, middle, plural, time} from '../lib/format.js';
import {setQuery} from '../lib/router.js';
import {settings} from '../lib/settings.js';
import {badge, banner, button, card, copy, details, dialog, download, filters, list, progress, sentence, table, toast} from '../lib/ui.js';

const NAMES = ['action', 'actorId', 'objectId', 'kind', 'since', 'until'];

export default async function page({el, query, live, signal}) {
    const box = h('div');
    const result = h('div', {role: 'status'});
    const draw = async () => {
        const now = new URLSearchParams(location.search);
        const want = new URLSearchParams();
        for (const name of NAMES) {
            const v = now.get(name), said = name === 'since' || name === 'until' ? dayBound(v, name === 'until') : v;
            if (said) {
                want.set(name, said);
            }
        }
        const {rows, more} = await list(`/v2/audit${want.size > 0 ? `?${want}` : ''}`, 'records', {signal});
        replace(box, records(rows, more));
    };

    await draw();
    replace(el, settings('audit', {title: 'Audit log', text: 'Every change, with who, from where and what. Each record holds the hash of the one before it; the nodes countersign the newest.', actions: [
        button('Verify the chain', {icon: 'shield', onclick: () => check(result, signal)}),
        button('Export', {icon: 'download', onclick: () => save(result, signal)})]},
    result,
    filters([
        {name: 'action', label: 'Action', placeholder: 'POST /v2/devices'},
        {name: 'kind', label: 'Kind', options: [['', 'All'], ['REQUEST', 'Requests'], ['EVENT', 'Events']]},
        {name: 'actorId', label: 'By (id)', placeholder: 'user or credential'},
        {name: 'objectId', label: 'Object (id)', placeholder: 'device, quorum, key ..'},
        {name: 'since', label: 'From', type: 'date'},
        {name: 'until', label: 'To', type: 'date'},
    ], query, (values) => {
        setQuery(values);
        draw().catch((err) => err.name !== 'AbortError' && toast(err.message, 'bad'));
    }), box));
    live.on('audit', () => scrollY < 200 && draw().catch(() => {}));
}

function actorOf(r) {
    const a = r.actor ?? {};
    const claimed = /^[0-9a-f-]{36}$/.test(a.claimed ?? '') ? middle(a.claimed, 4) : a.claimed;
    return a.name || claimed || {DEVICE: 'Device', PLATFORM: 'Platform', NONE: 'Nobody'}[a.kind] || middle(a.id ?? '', 4);
}

function outcome(r) {
    if (r.kind === 'EVENT' || !r.result) {
        return badge('info', 'Event');
    }
    return r.result.status < 400 ? badge('ok', 'Done') : badge('bad', `Refused ${r.result.status}`);
}

function records(rows, more) {
    return table({caption: 'Audit log', rows, more, columns: [
        {label: 'Action', render: (r) => h('button', {type: 'button', class: 'btn btn-ghost btn-small link-button', onclick: () => show(r)}, r.action)},
        {label: 'Number', align: 'right', render: (r) => count(r.seq), hide: 'phone'},
        {label: 'When', render: (r) => time(r.at)},
        {label: 'Who', render: (r) => h('span', null, h('span', {class: 'cell-main'}, actorOf(r)), r.address ? h('span', {class: 'cell-sub mono'}, r.address) : null)},
        {label: 'Result', render: outcome},
    ], empty: {icon: 'log', title: 'No records here', text: 'Nothing fits these filters. At most 500 records are looked at for a page: narrow the dates to look further back.'}});
}

// ---- one record ---------------------------------------------------------------------

function textOf(v) {
    return v === undefined ? '' : typeof v === 'string' ? v : JSON.stringify(v);
}

function diff(change) {
    const isNew = change.before === null;
    const names = [...new Set([...Object.keys(change.before ?? {}), ...Object.keys(change.after ?? {})])].sort();

    return h('div', {class: 'stack-s'},
        h('div', {class: 'row'}, h('strong', null, change.type), copy(change.id, {label: 'the id', short: 8}), isNew ? badge('ok', 'New') : change.after === null ? badge('bad', 'Deleted') : null,
            change.internal ? badge('info', 'Hidden members changed too') : null),
        names.length === 0 ? h('p', {class: 'hint'}, 'No visible member changed.') : h('table', {class: 'diff'},
            h('thead', null, h('tr', null, ['Member', isNew ? null : 'Before', isNew ? 'Value' : 'After'].filter(Boolean).map((t) => h('th', {scope: 'col'}, t)))),
            h('tbody', null, names.map((n) => h('tr', null, h('th', {scope: 'row'}, n),
                isNew ? null : h('td', {class: change.before?.[n] !== undefined ? 'was' : null}, textOf(change.before?.[n])),
                h('td', {class: !isNew && change.after?.[n] !== undefined ? 'is' : null}, textOf(change.after?.[n])))))));
}

function show(r) {
    dialog({title: `Record ${r.seq}`, wide: true, body: [
        details([['Action', h('span', {class: 'mono'}, r.action)], r.path ? ['Address', h('span', {class: 'mono'}, r.path)] : null, ['When', exact(r.at)],
            ['Who', h('span', {class: 'row'}, actorOf(r), h('span', {class: 'muted'}, (r.actor?.kind ?? '').toLowerCase()))],
            r.actor?.id ? ['Who (id)', copy(r.actor.id, {label: 'the id'})] : null, r.address ? ['From', h('span', {class: 'mono'}, r.address)] : null,
            ['Result', h('span', {class: 'row'}, outcome(r), r.result?.message ?? '')],
            ['Hash of the record before', copy(r.prev, {label: 'the hash', short: 12})],
            r.suppressed ? ['Left out before', plural(r.suppressed, 'record')] : null]),
        (r.changes ?? []).length > 0 ? h('h3', null, 'What changed') : null,
        (r.changes ?? []).map(diff),
        r.more ? h('p', {class: 'hint'}, `${plural(r.more, 'more object')} changed.`) : null,
    ]});
}

// ---- verification, export -------------------------------------------------------------

// What was not read to its end is not verified: no bar may go on as if it were read.
async function orSay(box, promise) {
    try {
        return await promise;
    } catch (err) {
        replace(box, err.name === 'AbortError' ? null : banner('warn', `The log was not read to its end: ${sentence(err.message)}`));
        throw err;
    }
}

async function check(box, signal) {
    const bar = progress(0, 1, 'Reading the log …');

    replace(box, card({}, bar));
    const r = await orSay(box, verify({signal, onprogress(done, all) {
        const next = progress(done, all, `${count(done)} of ${count(all)} records checked`);
        replace(box, card({}, next));
    }}));
    replace(box, r.ok
        ? banner('ok', [h('strong', null, `The chain holds: ${plural(r.checked, 'record')} from ${r.first} to ${r.last}, each with the hash of the one before it.`),
            r.vouched > 0 ? h('span', {class: 'banner-more'}, `${plural(r.vouched, 'countersignature')} of nodes came along and ${r.vouched === 1 ? 'verifies' : 'verify'} under the keys in the export; `,
                h('code', null, 'cloudsign-platform audit verify --devices'), ' holds them against the nodes’ own.') : null,
            h('span', {class: 'banner-more'}, 'Newest hash: ', copy(r.head, {label: 'the newest hash', short: 12}))])
        : banner('bad', `The chain is broken: ${r.fault.why}. Keep this export, stop changing things, and compare it with an older one by cloudsign-platform audit verify.`));
}

async function save(box, signal) {
    const parts = await orSay(box, readAll(box, signal));

    replace(box, banner('ok', h('span', null, 'The export is saved. Verify it offline: ', h('span', {class: 'mono'}, 'cloudsign-platform audit verify audit.ndjson'))));
    download('audit.ndjson', new Blob(parts, {type: 'application/x-ndjson'}));
}

async function readAll(box, signal) {
    const parts = [];
    let from = 1;

    for (;;) {
        const text = await (await get(`/v2/audit/export?from=${from}`, {signal, raw: true})).text();
        const lines = text.trimEnd().split('\n').filter(Boolean);
        const seqs = lines.filter((l) => l.startsWith('{"hash"')).map((l) => JSON.parse(l).record.seq);

        parts.push(text);
        if (seqs.length === 0) {
            return parts;
        }
        from = Math.max(...seqs) + 1;
        replace(box, card({}, progress(from - 1, from, `${count(from - 1)} records read`)));
    }
}
