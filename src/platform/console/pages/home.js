// Home: what needs attention, how devices and quorums are, what was signed, and for a new
// organisation the steps of the guide.
import {get, may, session} from '../lib/api.js';
import {h} from '../lib/dom.js';
import {count, plural} from '../lib/format.js';
import {icon} from '../lib/ui.js';
import {badge, btn, grid, meter, none, page, panel, summaryText, when} from './kit.js';
import {barChart, lastDays} from './chart.js';
import {connection, deviceStatus, quorumState, txStatus} from './facts.js';
import {devices, listOf, orElse, quorums, txHref} from './data.js';

/* ---- numbers ---------------------------------------------------------------------------------------- */

function tile(label, value, more, href) {
    return h('a', {class: 'tile', href}, h('span', {class: 'stat-label'}, label), h('span', {class: 'stat-value'}, value), h('span', {class: 'hint'}, more));
}

function tiles(o, signed) {
    const d = o.devices ?? {}, q = o.quorums ?? {}, w = o.wallets ?? {};

    return h('div', {class: 'tiles'},
        tile('Devices', count(d.total), d.total ? `${count(d.online)} online` : 'none yet', '/devices'),
        tile('MPC Quorums', count(q.total), q.total ? `${count(q.confirmed)} confirmed` : 'none yet', '/controls/quorums'),
        tile('Keys', count(w.total), w.total ? `${count(w.provisioned)} provisioned` : 'none yet', '/vaults'),
        tile('Signed in 30 days', count(signed), `${count(o.transactions?.active ?? 0)} under way`, '/transactions'));
}

/* ---- attention ----------------------------------------------------------------------------------------- */

const PLACES = {
    DEVICE: (id) => `/devices/${id}`, QUORUM: (id) => `/controls/quorums/${id}`, APPROVAL: (id) => (id ? `/approvals/${id}` : '/approvals'),
    WALLET: () => '/vaults', KEY: () => '/vaults', TRANSACTION: () => '/transactions', WEBHOOK: (id) => `/settings/webhooks/${id}`, BACKUP: () => '/settings/backups',
    USER: () => '/settings/users', CREDENTIAL: () => '/settings/credentials',
};
const LISTS = {DEVICE: '/devices', QUORUM: '/controls/quorums', WEBHOOK: '/settings/webhooks'};

function placeOf(item) {
    return item.objectId ? PLACES[item.objectType]?.(item.objectId) ?? '/' : LISTS[item.objectType] ?? PLACES[item.objectType]?.('') ?? '/';
}

const VERBS = {DEVICE: 'Open device', QUORUM: 'Open quorum', APPROVAL: 'Open approvals', WALLET: 'Open vaults', TRANSACTION: 'Open transactions'};

const verbOf = (item) => (item.objectId || item.objectType === 'APPROVAL' ? VERBS[item.objectType] ?? 'Open' : {DEVICE: 'Open devices', QUORUM: 'Open quorums'}[item.objectType] ?? 'Open');

function attention(items) {
    const name = {CRITICAL: 'bad', HIGH: 'bad', ERROR: 'bad', BAD: 'bad', WARNING: 'warn', WARN: 'warn'};

    return panel({title: 'Needs attention', flush: true}, items.length === 0
        ? h('div', {class: 'all-well'}, icon('check-circle', 20), h('div', {}, h('strong', {}, 'Nothing needs you'), h('p', {class: 'hint'}, 'Devices, quorums and requests are as they should be.')))
        : h('ul', {class: 'attention-list'}, items.map((item) => h('li', {class: name[String(item.severity).toUpperCase()] ?? 'info'},
            icon(name[String(item.severity).toUpperCase()] ? 'warn' : 'info'), h('span', {class: 'attention-text'}, item.text),
            btn(verbOf(item), {small: true, href: placeOf(item)})))));
}

// What waits for this very user.
async function mine(signal) {
    if (!may('approvals.decide')) {
        return [];
    }
    const n = listOf(await orElse([], get('/v2/approvals?status=PENDING', {signal})), 'approvals').filter((set) => set.canApprove).length;

    return n === 0 ? [] : [{severity: 'warning', text: `${plural(n, 'request waits', 'requests wait')} for your approval`, objectType: 'APPROVAL'}];
}

/* ---- first steps ------------------------------------------------------------------------------------------ */

function firstSteps(o) {
    const {total = 0, paired = 0, waiting = 0, disabled = 0} = o.devices ?? {}, started = paired + waiting + disabled;
    const confirmed = o.quorums?.confirmed ?? 0, keys = o.wallets?.provisioned ?? 0;
    const most = (n) => Math.min(n, 3);

    return [
        {label: 'Add three devices', text: `Store each pairing key securely. ${most(total)} of 3 added.`, done: total >= 3,
            go: btn('Add a device', {kind: 'primary', small: true, href: '/devices/create', word: 'devices.create'})},
        {label: 'Run the three nodes', text: `Each with its own pairing key. ${most(started)} of 3 have connected.`, done: started >= 3,
            go: btn('Go to Devices', {kind: 'primary', small: true, href: '/devices'})},
        {label: 'Approve each device', text: `Compare the words that the node shows. ${most(paired)} of 3 Paired.`, done: paired >= 3,
            go: btn('Go to Devices', {kind: 'primary', small: true, href: '/devices'})},
        {label: 'Create an MPC quorum', text: 'Three devices, two required signatures. It is Confirmed once all nodes have joined.', done: confirmed > 0,
            go: btn('Create quorum', {kind: 'primary', small: true, href: '/controls/quorums/create', word: 'quorums.create'})},
        {label: 'Create a key', text: 'In a vault, with the quorum. Enable it to use its address for signing.', done: keys > 0,
            go: btn('Go to Vaults', {kind: 'primary', small: true, href: '/vaults'})},
    ];
}

function checklist(items) {
    const now = items.findIndex((s) => !s.done), n = items.filter((s) => s.done).length;

    return panel({title: 'Set up CloudSign', text: 'From nothing to the first key.', class: 'setup'}, meter(n, items.length, `${n} of ${items.length} steps done`),
        h('ol', {class: 'setup-list'}, items.map((s, i) => h('li', {class: s.done ? 'done' : i === now ? 'now' : '', 'aria-current': i === now ? 'step' : null},
            h('span', {class: 'setup-mark', 'aria-hidden': 'true'}, s.done ? icon('check', 14) : i + 1),
            h('div', {}, h('span', {class: 'setup-label'}, s.label, h('span', {class: 'sr-only'}, s.done ? ' (done)' : '')), h('p', {class: 'hint'}, s.text)),
            i === now ? s.go : null))));
}

/* ---- health ---------------------------------------------------------------------------------------------------- */

function health(list, all) {
    return h('div', {class: 'columns'},
        panel({title: 'Devices', flush: true, actions: [btn('View all', {small: true, kind: 'ghost', href: '/devices'})]}, grid({caption: 'Health of devices',
            rows: list.slice(0, 6), href: (d) => `/devices/${d.id}`, empty: none({title: 'No devices'}), columns: [
                {title: 'Device', cell: (d) => d.displayName},
                {title: 'Status', cell: (d) => badge(deviceStatus(d.statusText))},
                {title: 'Connection', cell: (d) => badge(connection(d.connectionStatus), {dot: true})},
            ]})),
        panel({title: 'MPC Quorums', flush: true, actions: [btn('View all', {small: true, kind: 'ghost', href: '/controls/quorums'})]}, grid({caption: 'Health of quorums',
            rows: all.slice(0, 6), href: (q) => `/controls/quorums/${q.id}`, empty: none({title: 'No quorums'}), columns: [
                {title: 'Quorum', cell: (q) => q.name},
                {title: 'State', cell: (q) => badge(quorumState(q.state))},
                {title: 'Nodes online', cell: (q) => {
                    const n = q.deviceIds.filter((id) => list.find((d) => d.id === id)?.connectionStatus === 'ONLINE').length;

                    return badge({text: `${n} of ${q.deviceIds.length}`, tone: n === q.deviceIds.length ? 'good' : n >= q.requiredSigners ? 'warn' : 'bad'}, {dot: true});
                }},
            ]})));
}

function recent(list) {
    return list.length === 0 ? null : panel({title: 'Latest requests', flush: true, actions: [btn('View all', {small: true, kind: 'ghost', href: '/transactions'})]},
        grid({caption: 'Latest signing requests', rows: list, href: txHref, columns: [
            {title: 'Request', cell: (t) => summaryText(t)},
            {title: 'Status', cell: (t) => badge(txStatus(t.status))},
            {title: 'When', cell: (t) => when(t.createdAt)},
        ]}));
}

/* ---- page -------------------------------------------------------------------------------------------------------- */

// A platform without the overview: its parts from the lists.
function fallback(list, all) {
    const n = (test) => list.filter(test).length;
    const waiting = list.filter((d) => d.statusText === 'Waiting for approval');

    return {devices: {total: list.length, waiting: waiting.length, paired: n((d) => d.statusText === 'Paired'), online: n((d) => d.connectionStatus === 'ONLINE')}, quorums: {total: all.length,
        confirmed: all.filter((q) => q.state === 'QUORUM_STATE_CONFIRMED').length}, wallets: {}, transactions: {byDay: []},
    attention: waiting.map((d) => ({severity: 'WARNING', text: `${d.displayName} waits for approval`, objectType: 'DEVICE', objectId: d.id}))};
}

export default async function homePage(ctx) {
    const name = session()?.user?.firstName;
    const view = page(ctx, {title: 'Home', lead: name ? `Welcome, ${name}.` : null});

    await view.refresh(['device', 'quorum', 'key', 'transaction', 'approval'], async (signal) => {
        const [found, list, all, latest] = await Promise.all([orElse(null, get('/v2/overview', {signal})), orElse([], devices({signal})), orElse([], quorums({signal, pageSize: 6})),
            may('transactions.read') ? orElse({}, get('/v2/transactions?pageSize=5', {signal})) : {}]);
        const here = list.filter((d) => !d.deleted), o = found ?? fallback(here, all), todo = await mine(signal);
        const items = firstSteps(o), isNew = items.some((s) => !s.done);
        const days = lastDays(o.transactions?.byDay), signed = days.reduce((sum, row) => sum + row.signed, 0), failed = days.reduce((sum, row) => sum + row.failed, 0);

        view.show('setup', isNew ? checklist(items) : null);
        view.show('attention', isNew && todo.length + (o.attention ?? []).length === 0 ? null : attention([...todo, ...o.attention ?? []]));
        view.show('tiles', tiles(o, signed));
        view.showOnce('chart', JSON.stringify(days), () => (signed + failed === 0 ? null
            : panel({title: 'Signatures per day', text: `${plural(signed, 'signature')} and ${plural(failed, 'failure')} in the last 30 days`}, barChart(days))));
        view.show('health', here.length === 0 ? null : health(here, all));
        view.show('recent', recent(listOf(latest, 'transactions')));
        return false;
    });
}
