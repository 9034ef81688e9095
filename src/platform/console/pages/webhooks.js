// Settings, Webhooks: endpoints, what they subscribe to, deliveries with replay.
import {del, get, may, post} from '../lib/api.js';
import {h, replace} from '../lib/dom.js';
import {count, time} from '../lib/format.js';
import {navigate, title} from '../lib/router.js';
import {settings} from '../lib/settings.js';
import {badge, banner, button, card, choice, code, confirm, copy, details, empty, field, formDialog, list, page as frame, table, toast} from '../lib/ui.js';

const DOMAINS = [
    {value: 'TRANSACTION', title: 'Transactions', text: 'Each step of a signing request.'},
    {value: 'WALLET', title: 'Keys', text: 'Created, provisioned, failed.'},
    {value: 'APPROVAL', title: 'Approvals', text: 'Something waits, or was decided.'},
    {value: 'DEVICE', title: 'Devices', text: 'Paired, approved, online, offline.'},
    {value: 'QUORUM', title: 'Quorums', text: 'Joining, confirmed, failed.'},
    {value: 'SESSION', title: 'MPC sessions', text: 'Each operation of a quorum.'},
];

export default async function page(args) {
    return args.params.webhookId ? one(args) : all(args);
}

async function all({el, live, signal}) {
    const manage = may('webhooks.manage');
    const add = () => button('Add webhook', {kind: 'primary', icon: 'plus', onclick: create});
    const draw = async () => {
        const {rows, more} = await list('/v2/webhooks', 'webhooks', {signal});

        replace(el, settings('webhooks', {title: 'Webhooks', text: 'Events are POSTed to your HTTPS endpoint, signed with a key of the webhook’s own, until it answers 2xx or a day is over.', actions: manage && rows.length > 0 ? add() : null},
            table({caption: 'Webhooks', rows, more, href: (w) => `/settings/webhooks/${w.id}`, columns: [
                {label: 'Name', render: (w) => h('span', null, h('span', {class: 'cell-main'}, w.name), h('span', {class: 'cell-sub'}, w.endpoint))},
                {label: 'Subscriptions', align: 'right', render: (w) => count(w.subscriptionCount)},
                {label: 'Delivered', align: 'right', render: (w) => count(w.successCount)},
                {label: 'Failed', align: 'right', render: (w) => count(w.failureCount)},
                {label: 'Last success', render: (w) => time(w.lastSuccess), hide: 'phone'},
            ], empty: {icon: 'hook', title: 'No webhooks yet', text: 'Add the address of an endpoint of yours; it is told when keys, transactions, devices or quorums change.', action: manage ? add() : null}})));
    };

    await draw();
    live.on('webhook', () => draw().catch(() => {}));
}

async function create() {
    const w = await formDialog({title: 'Add webhook', wide: true, submit: 'Add', fields: [
        field({name: 'name', label: 'Name', required: true, maxlength: 50}),
        field({name: 'description', label: 'Description', maxlength: 500}),
        field({name: 'endpoint', label: 'Endpoint', type: 'url', required: true, maxlength: 1024, placeholder: 'https://', pattern: 'https://.+', hint: 'HTTPS with a public address. It has to answer 2xx within 30 seconds.'}),
        choice({name: 'domains', legend: 'Events', multiple: true, value: ['TRANSACTION', 'WALLET'], options: DOMAINS}),
    ], async onsubmit({domains, ...values}) {
        const made = await post('/v2/webhooks', values);
        if (domains.length > 0) {
            await post(`/v2/webhooks/${made.id}/subscriptions`, domains.map((domain) => ({domain, scope: 'ORG'})));
        }
        return made;
    }});

    if (w?.id) {
        navigate(`/settings/webhooks/${w.id}`);
    }
}

// ---- one ----------------------------------------------------------------------------------

async function one({el, params, live, signal}) {
    const path = `/v2/webhooks/${encodeURIComponent(params.webhookId)}`;
    const box = h('div');
    const log = async () => replace(box, await deliveries(path, log, signal));
    const draw = async () => {
        const [w, subs] = await Promise.all([get(path, {signal}), get(`${path}/subscriptions?pageSize=50`, {signal})]);
        const view = webhook(w, subs.subscriptions ?? [], draw, path);

        title(w.name);
        view.append(box);
        replace(el, view);
        await log();
    };

    await draw();
    live.on('webhook', (e) => (e.type === 'resync' || e.object === params.webhookId) && draw().catch(() => {}));
    // Deliveries make no events of their own.
    const tick = setInterval(() => document.visibilityState === 'visible' && !box.contains(document.activeElement) && log().catch(() => {}), 5000);
    return () => clearInterval(tick);
}

function webhook(w, subs, draw, path) {
    const manage = may('webhooks.manage');

    return frame({back: {href: '/settings/webhooks', label: 'Webhooks'}, title: w.name, text: w.description, actions: manage ? [
        button('Send a test', {icon: 'play', async onclick() {
            await post(`${path}/test`);
            toast('A test event is on its way: see the deliveries');
            await draw();
        }}),
        button('Delete', {kind: 'danger', async onclick() {
            if (await confirm({title: `Delete ${w.name}?`, text: 'Nothing more is sent; deliveries that wait are dropped and the log goes.', action: 'Delete', danger: true})) {
                await del(path);
                toast('The webhook was deleted');
                navigate('/settings/webhooks');
            }
        }})] : null},
    h('div', {class: 'grid-2'},
        card({title: 'Endpoint'}, details([['Address', h('span', {class: 'mono'}, w.endpoint)], ['Delivered', count(w.successCount)], ['Failed', count(w.failureCount)],
            ['Last success', time(w.lastSuccess)], ['Last failure', time(w.lastFailure)]])),
        card({title: 'Subscriptions', actions: manage ? button('Subscribe', {small: true, icon: 'plus', onclick: () => subscribe(subs, draw, path)}) : null},
            subs.length === 0 ? empty({icon: 'hook', title: 'No events yet', text: 'Subscribe to what the endpoint shall be told.'})
                : h('ul', {class: 'stack-s'}, subs.map((s) => subscription(s, manage, draw, path))))),
    card({title: 'Public key', text: 'ECDSA, P-256, SHA-256, DER in base64. Header Signature: over the text of payload. Header Cloudsign-Signature (v1=): over event id, “.”, timestamp, “.” and the body, so nothing can be replayed; check that one.'}, code(w.publicKey)));
}

function subscription(s, manage, draw, path) {
    const d = DOMAINS.find((x) => x.value === s.config?.domain);

    return h('li', {class: 'between'}, h('span', null, h('strong', null, d?.title ?? s.config?.domain), h('span', {class: 'cell-sub'}, d?.text ?? '')),
        manage ? button('Remove', {small: true, kind: 'ghost', async onclick() {
            await del(`${path}/subscriptions/${encodeURIComponent(s.id)}`);
            toast('The subscription was removed');
            await draw();
        }}) : null);
}

async function subscribe(subs, draw, path) {
    const has = new Set(subs.map((s) => s.config?.domain));
    const left = DOMAINS.filter((d) => !has.has(d.value));

    if (left.length === 0) {
        toast('This webhook has all events already');
        return;
    }
    const done = await formDialog({title: 'Subscribe to events', wide: true, submit: 'Subscribe', fields: [choice({name: 'domains', legend: 'Events', multiple: true, value: [], options: left})],
        onsubmit: ({domains}) => post(`${path}/subscriptions`, domains.map((domain) => ({domain, scope: 'ORG'})))});
    if (done) {
        await draw();
    }
}

async function deliveries(path, again, signal) {
    let page;

    try {
        page = await list(`${path}/deliveries`, 'deliveries', {signal});
    } catch (err) {
        if (!err.isMissing) {
            throw err;
        }
        return banner('info', 'This platform keeps no delivery log.');
    }
    return card({title: 'Deliveries', text: 'The newest first. A delivery that failed for a day is given up; you can send it again.', flush: true}, table({caption: 'Deliveries', rows: page.rows, more: page.more, columns: [
        {label: 'Event', render: (d) => h('span', null, h('span', {class: 'cell-main'}, d.type), h('span', {class: 'cell-sub mono'}, `#${d.eventId}`))},
        {label: 'When', render: (d) => time(d.at)},
        {label: 'Status', render: (d) => badge(d.status)},
        {label: 'Tries', align: 'right', render: (d) => count(d.attempts)},
        {label: 'Last answer', render: (d) => d.lastError || (d.lastStatus ? `HTTP ${d.lastStatus}` : '–'), hide: 'phone'},
        {label: 'Next try', render: (d) => d.status === 'PENDING' ? time(d.nextAttemptAt) : d.status === 'DELIVERED' ? time(d.deliveredAt) : '–', hide: 'phone'},
        {label: 'Replay', sr: true, align: 'right', render: (d) => may('webhooks.manage') ? button('Send again', {small: true, async onclick() {
            await post(`${path}/deliveries/${encodeURIComponent(d.id)}/replay`);
            toast('It is sent again');
            await again();
        }}) : ''},
    ], empty: {icon: 'inbox', title: 'Nothing sent yet', text: 'Deliveries appear here as events happen. Send a test to try the endpoint.'}}));
}
