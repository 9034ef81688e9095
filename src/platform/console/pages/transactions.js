// Transactions: every signing request of every key, the newest first.
import {get} from '../lib/api.js';
import {h} from '../lib/dom.js';
import {dayBound} from '../lib/format.js';
import {setQuery} from '../lib/router.js';
import {filters, list as pages} from '../lib/ui.js';
import {badge, btn, by, fail, grid, none, page, summaryText, when} from './kit.js';
import {CHAINS, chain, kindText, txStatus} from './facts.js';
import {byId, isMissing, orElse, people, txHref, vaults, walletsOf} from './data.js';

const FILTERS = [
    {name: 'status', label: 'Status', options: [['', 'All'], ...['SIGNED', 'SIGNATURE_PENDING', 'POLICY_CHECK_PENDING', 'FAILED', 'REJECTED']
        .map((s) => [s, txStatus(s).text])]},
    {name: 'blockchain', label: 'Blockchain', options: [['', 'All'], ...CHAINS.filter((c) => !c.addressOnly).map((c) => [c.id, c.name])]},
    {name: 'since', label: 'From', type: 'date'},
    {name: 'until', label: 'To', type: 'date'},
    {name: 'correlationId', label: 'Correlation ID', placeholder: 'The whole ID'},
];
const NAMES = [...FILTERS.map((f) => f.name), 'walletId', 'createdBy'];

function wanted(query) {
    const out = new URLSearchParams();

    for (const name of NAMES) {
        const value = query.get(name);

        const said = name === 'since' || name === 'until' ? dayBound(value, name === 'until') : value;

        if (said) {
            out.set(name, said);
        }
    }
    return out;
}

// A platform without the list over all keys: those of each key, put together.
async function gathered(query, signal) {
    const all = [];
    const keys = (await Promise.all((await vaults({signal})).map((v) => walletsOf(v.id, {signal})))).flat();

    for (const w of keys.filter((k) => k.status === 'PROVISIONED').slice(0, 50)) {
        const answer = await orElse({}, get(`/v2/vaults/${w.vaultId}/wallets/${w.id}/transactions?pageSize=50`, {signal}));
        all.push(...answer.transactions ?? []);
    }
    const fits = (t) => ['status', 'blockchain', 'walletId', 'createdBy', 'correlationId'].every((name) => !query.get(name) || t[name] === query.get(name)) &&
        (!query.get('since') || t.createdAt >= query.get('since')) && (!query.get('until') || t.createdAt <= query.get('until'));

    return {rows: all.filter(fits).sort((a, b) => b.createdAt.localeCompare(a.createdAt)).slice(0, 200), more: null};
}

async function read(query, signal) {
    const q = wanted(query);

    try {
        return await pages(`/v2/transactions?${q}`, 'transactions', {signal});
    } catch (err) {
        if (!isMissing(err)) {
            throw err;
        }
        return gathered(q, signal);
    }
}

function columns(names, keys) {
    return [
        {title: 'Request', cell: (t) => summaryText(t)},
        {title: 'Kind', cell: (t) => kindText(t.kind), wide: true},
        {title: 'Key', cell: (t) => keys.get(t.walletId)?.name ?? chain(t.blockchain).name, wide: true},
        {title: 'Status', cell: (t) => h('span', {class: 'badges'}, badge(txStatus(t.status)), t.freezeInfo?.isFrozen ? badge({text: 'Frozen', tone: 'warn'}) : null)},
        {title: 'Requested by', cell: (t) => by(names, t.createdBy), wide: true},
        {title: 'When', cell: (t) => when(t.createdAt)},
    ];
}

export default async function transactionsPage(ctx) {
    const view = page(ctx, {title: 'Transactions', lead: 'Everything that was to be signed: transactions, messages, typed data.'});
    const query = ctx.query;
    const [names, wallets] = await Promise.all([people(ctx), orElse({}, get('/v2/wallets?pageSize=200', ctx))]);
    const keys = byId(wallets.wallets ?? []);

    const load = async (signal) => {
        const {rows, more} = await read(query, signal);
        const isFiltered = NAMES.some((name) => query.get(name));

        view.show('key', query.get('walletId') ? h('p', {class: 'row'}, 'Only of the key ', h('strong', {}, keys.get(query.get('walletId'))?.name ?? query.get('walletId')),
            btn('Show all', {small: true, href: '/transactions'})) : null);
        view.showOnce('list', JSON.stringify(rows.map((t) => [t.id, t.status, t.updatedAt, t.freezeInfo?.isFrozen])) + query, () => grid({caption: 'Transactions',
            columns: columns(names, keys), rows, more, href: txHref, empty: isFiltered
                ? none({icon: 'search', title: 'No request matches', text: 'Change the filters.'})
                : none({icon: 'swap', title: 'Nothing signed yet', text: 'Open a key, enable it, and sign a message or a transaction with it.',
                    action: btn('Go to Vaults', {kind: 'primary', href: '/vaults'})})}));
        return rows.some((t) => t.status === 'SIGNATURE_PENDING');
    };

    view.body.append(filters(FILTERS, query, (values) => {
        Object.entries(values).forEach(([name, value]) => (value ? query.set(name, value) : query.delete(name)));
        setQuery(values);
        load(ctx.signal).catch(fail);
    }));
    await view.refresh(['transaction'], load);
}
