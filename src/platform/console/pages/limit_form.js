// The form of a limit: all that the API can set, whom and what it is about, too (matchers).
import {get, may, put} from '../lib/api.js';
import {h} from '../lib/dom.js';
import {choice, field, formDialog, select} from '../lib/form.js';
import {done} from './kit.js';
import {chain} from './facts.js';
import {keyPath, listOf, orElse} from './data.js';

const OTHER = 'other', SHOWN = 100;
const SPANS = [['3600s', 'hour'], ['86400s', 'day'], ['604800s', 'week'], ['2592000s', '30 days'], [OTHER, 'other time']];
const KINDS = [{value: 'RAW', title: 'Transactions'}, {value: 'PLAINTEXT', title: 'Texts', text: 'A limit that does not name them covers no text.'}];

const lines = (text) => text.split(/[\s,]+/).filter(Boolean);

// Boxes to tick; where not all of them came along: ids, one a line.
function pick(type, legend, {isAll}, options) {
    return !isAll
        ? field({name: type, label: legend, rows: 3, mono: true, hint: 'There are more than fit here: their ids, one a line.'})
        : options.length === 0 ? null : choice({name: type, legend, multiple: true, options});
}

// {rows, isAll}: of what came, before anything is left out of it.
async function page(path, member, word) {
    const answer = !word || may(word) ? await orElse([], get(path)) : [], rows = listOf(answer, member);

    return {rows, isAll: rows.length <= SHOWN && !answer?.filter?.nextPageToken};
}

const outside = (a) => a.details?.externalAddress ?? {};

// What there is to choose from, one page of each.
async function conditions(w) {
    const size = SHOWN + 1;
    const [users, credentials, parties, addresses, keys] = await Promise.all([
        page('/v2/users/info', 'users'), page('/v2/credentials/info', 'credentials'),
        page(`/v2/counterparties?pageSize=${size}`, 'counterparties', 'counterparties.read'),
        page(`/v2/addresses?pageSize=${size}`, 'addresses', 'counterparties.read'),
        page(`/v2/wallets?pageSize=${size}&blockchain=${encodeURIComponent(w.blockchain)}`, 'wallets')]);

    return [
        pick('USER', 'Asked for by these users', users, users.rows.map((u) => ({value: u.id, title: [u.firstName, u.lastName].filter(Boolean).join(' ') || u.email, text: u.email}))),
        pick('API_CREDENTIAL', 'Asked for by these API credentials', credentials, credentials.rows.map((c) => ({value: c.id, title: c.name}))),
        pick('COUNTERPARTY_ID', 'Paid to these counterparties', parties, parties.rows.map((p) => ({value: p.id, title: p.name}))),
        pick('ADDRESS_ID', 'Paid to these addresses of the address book', addresses, addresses.rows.filter((a) => a.active !== false)
            .map((a) => ({value: a.addressId ?? a.id, title: outside(a).name || outside(a).address, text: outside(a).address}))),
        pick('WALLET_ID', 'Paid to these own keys', keys, keys.rows.filter((k) => k.id !== w.id).map((k) => ({value: k.id, title: k.name, text: k.address}))),
        choice({name: 'TRANSACTION_TYPE', legend: 'Of this kind', multiple: true, options: KINDS}),
        field({name: 'SIGN_FOR', label: 'Signed for these addresses', rows: 2, mono: true, hint: 'Of this key or derived from it, one a line.'}),
    ].filter(Boolean);
}

// Each condition has one of its values at least; none chosen: it is no condition.
function matchersOf(v, parts) {
    const named = parts.map((el) => el.dataset.field).map((type) => ({type, values: Array.isArray(v[type]) ? v[type] : lines(v[type] ?? '')}));

    return named.filter((m) => m.values.length > 0);
}

function bodyOf(v, parts) {
    const matchers = matchersOf(v, parts);
    const given = Object.entries({contract: v.contract, feeQtyLimit: v.feeQtyLimit}).filter(([, text]) => text.trim() !== '');

    return {limitType: v.limitType, limitQty: v.limitQty.trim(), symbol: v.symbol.trim(),
        ...v.limitType === 'ROLLING_DURATION' ? {duration: v.duration === OTHER ? v.time.trim() : v.duration} : {},
        ...Object.fromEntries(given.map(([name, text]) => [name, text.trim()])),
        ...v.decimals.trim() === '' ? {} : {decimals: Number(v.decimals)}, ...matchers.length > 0 ? {matchers} : {}};
}

// w: the key.  changed(): a limit is there, or waits.
export async function addLimit(w, changed) {
    const symbol = chain(w.blockchain).symbol, parts = await conditions(w);
    const show = () => {
        duration.hidden = type.read() !== 'ROLLING_DURATION';
        time.hidden = duration.hidden || duration.read() !== OTHER;
    };
    const duration = select({name: 'duration', label: 'In any', options: SPANS, value: '86400s', onchange: () => show()});
    const time = field({name: 'time', label: 'Time', maxlength: 40, placeholder: 'P3D', hint: 'Such as P3D, PT12H30M or 5400s; a second to 366 days.'});
    const type = select({name: 'limitType', label: 'Counts', value: 'ROLLING_DURATION', onchange: () => show(),
        options: [['ROLLING_DURATION', 'all transactions of a time'], ['PER_TX', 'each transaction by itself'], ['CONSTANT', 'everything, for ever']]});

    show();
    const made = await formDialog({title: 'Add a limit', submit: 'Add limit', wide: true, text: 'As soon as a key has one limit, what falls under none is refused.', fields: [
        type, duration, time,
        field({name: 'limitQty', label: 'At most', required: true, inputmode: 'decimal', pattern: '[0-9]+([.][0-9]+)?', maxlength: 60, placeholder: '10.5'}),
        field({name: 'symbol', label: 'Of the asset', required: true, maxlength: 24, value: symbol}),
        field({name: 'contract', label: 'Token contract', mono: true, maxlength: 200, hint: 'Only for tokens: the contract, mint or issuer.'}),
        field({name: 'decimals', label: 'Decimals of the token', inputmode: 'numeric', pattern: '[0-9]{1,2}', maxlength: 2, hint: 'Only for tokens: the amount is in whole units then, else in the smallest unit.'}),
        field({name: 'feeQtyLimit', label: 'Largest fee', inputmode: 'decimal', pattern: '[0-9]+([.][0-9]+)?', maxlength: 60, hint: `Of any transaction of this key, in ${symbol}.`}),
        h('details', {class: 'help'}, h('summary', {}, 'Only for some payments'),
            h('p', {class: 'hint'}, 'Nothing ticked: for all payments of the asset. A payment falls under the limit when it has one of each that is named.'), parts),
    ], onsubmit: (v) => put(`${keyPath(w)}/policy-rules/limits`, bodyOf(v, parts))});

    if (made) {
        done(made.active ? 'The limit is in force.' : 'The limit waits for approval.');
        await changed();
    }
}
