// Limits of a key: how much leaves it, for each transaction or in a time.
import {del, get, may} from '../lib/api.js';
import {h, replace} from '../lib/dom.js';
import {confirm} from '../lib/form.js';
import {groups, middle} from '../lib/format.js';
import {badge, banner, btn, done, errorBox, fail, grid, none, panel, wait, when} from './kit.js';
import {sentence} from './facts.js';
import {isMissing, keyPath} from './data.js';
import {addLimit} from './limit_form.js';

const STATUS = {
    LIMIT_ENABLED: {text: 'In force', tone: 'good'}, LIMIT_CREATED: {text: 'Created', tone: 'info'},
    LIMIT_CREATION_APPROVAL_PENDING: {text: 'Waits for approval', tone: 'warn'}, LIMIT_DELETION_APPROVAL_PENDING: {text: 'Deletion waits for approval', tone: 'warn'},
    LIMIT_REJECTED: {text: 'Rejected', tone: 'bad'}, LIMIT_ERROR: {text: 'Error', tone: 'bad'}, LIMIT_DELETED: {text: 'Deleted', tone: 'neutral'},
};

export const limitStatus = (l) => STATUS[l.status] ?? {text: sentence(l.status), tone: l.active ? 'good' : 'neutral'};

const SPANS = [[3600, 'hour'], [86400, 'day'], [604800, 'week'], [2592000, '30 days']];

// "86400s" -> "in any day".
function span(duration) {
    const s = Number(String(duration ?? '').replace(/s$/, ''));
    const known = SPANS.find(([n]) => n === s);

    return known ? `in any ${known[1]}` : s % 3600 === 0 ? `in any ${s / 3600} hours` : `in any ${s} seconds`;
}

const asItIs = (text) => text;

// Of what: two tokens may have one symbol, and without decimals the smallest units count.
function unit(l, cut) {
    const {symbol = '', contract, decimals} = l.asset ?? {};

    return contract ? `${decimals === 0 ? 'smallest units of ' : ''}${symbol} of ${cut(contract)}` : symbol;
}

// cut: how long ids and contracts are written.
export function limitText(l, cut = asItIs) {
    const sum = `${groups(l.limitQty ?? '')} ${unit(l, cut)}`.trim();

    return {PER_TX: `${sum} per transaction`, ROLLING_DURATION: `${sum} ${span(l.duration)}`, CONSTANT: `${sum} in all`}[l.limitType] ?? sum;
}

export const limitUsed = (l) => (l.usedQty === undefined || l.limitType === 'PER_TX' ? '–' : `${groups(l.usedQty)} ${l.asset?.symbol ?? ''}`);

// What it is about: two limits that differ do not look the same.
export function limitAbout(l, cut = asItIs) {
    const matchers = (l.matchers ?? []).map((m) => `${sentence(m.type ?? m.matcherType)}: ${(m.values ?? [m.value]).map((v) => cut(String(v))).join(', ')}`);

    return [...matchers.length > 0 ? matchers : ['Everything'], ...l.feeQtyLimit ? [`Fee at most ${groups(l.feeQtyLimit)}`] : []];
}

const short = (text) => middle(text, 8);

export function limitColumns({remove, extra = []} = {}) {
    return [
        {title: 'At most', cell: (l) => limitText(l, short)},
        ...extra,
        {title: 'Used', cell: limitUsed},
        {title: 'For', cell: (l) => h('div', {}, limitAbout(l, short).map((line) => h('div', {}, line)))},
        {title: 'Status', cell: (l) => badge(limitStatus(l))},
        {title: 'Since', cell: (l) => when(l.createdAt), wide: true},
        remove ? {title: 'Action', cell: (l) => btn('Delete', {small: true, word: 'policies.manage', onclick: () => remove(l)})} : null,
    ].filter(Boolean);
}

export async function removeLimit(l, changed) {
    if (await confirm({title: 'Delete this limit?', danger: true, action: 'Delete limit', text: [
        h('p', {class: 'lead'}, `${limitText(l)}.`), h('ul', {class: 'plain'}, limitAbout(l).map((line) => h('li', {}, line))),
        h('p', {}, 'A key without any limit may sign every amount.')]})) {
        await del(`/v2/vaults/${l.vaultId}/wallets/${l.walletId}/policy-rules/limits/${l.id}`);
        done('The limit is deleted, or its deletion waits for approval.');
        await changed();
    }
}

export function limitsPanel(w) {
    const box = h('div', {}, wait('Reading'));
    const read = async () => {
        try {
            const list = (await get(`${keyPath(w)}/policy-rules/limits?pageSize=100`)).walletLimits ?? [];

            replace(box, grid({caption: 'Limits of this key', columns: limitColumns({remove: (l) => removeLimit(l, read).catch(fail)}), rows: list,
                empty: none({icon: 'sliders', title: 'No limits', text: 'Everything that the nodes’ own policy files allow is signed. Add a limit to bound what leaves this key.',
                    action: may('policies.manage') ? btn('Add a limit', {kind: 'primary', onclick: () => addLimit(w, read).catch(fail)}) : null})}));
        } catch (err) {
            replace(box, isMissing(err) ? banner('info', 'This platform has no limits', 'Limit amounts in the policy files of the nodes.') : errorBox(err, read));
        }
    };

    read();
    return panel({title: 'Limits', flush: true, actions: [btn('Add a limit', {icon: 'plus', word: 'policies.manage', onclick: () => addLimit(w, read).catch(fail)})]}, box);
}
