// Settings, API credentials: list, creation with chosen rights, one credential.
import {del, get, may, post, put, session} from '../lib/api.js';
import {h, replace} from '../lib/dom.js';
import {plural, time} from '../lib/format.js';
import {navigate, title} from '../lib/router.js';
import {settings} from '../lib/settings.js';
import {badge, banner, button, card, choice, code, confirm, copy, details, dialog, field, form, formDialog, list, page as frame, select, table, toast, uid} from '../lib/ui.js';

const GROUPS = [['wallets', 'Wallets'], ['transactions', 'Transactions'], ['controls', 'Controls'], ['audit', 'Audit']];

export default async function page(args) {
    if (args.pattern.endsWith('/create')) {
        return create(args);
    }
    return args.params.credentialId ? one(args) : all(args);
}

function stateOf(c) {
    if (c.expiresAt && Date.parse(c.expiresAt) <= Date.now()) {
        return badge('EXPIRED');
    }
    return c.approvalId ? badge('PENDING', 'Waits for approval') : badge(c.active ? 'ENABLED' : c.status === 'REJECTED' ? 'REJECTED' : 'DISABLED');
}

function rights(c) {
    return (c.permissions ?? []).includes('*') ? 'Everything' : plural((c.permissions ?? []).length, 'right');
}

async function all({el, live, signal}) {
    const add = may('credentials.manage') ? button('Create credential', {kind: 'primary', icon: 'plus', href: '/settings/credentials/create'}) : null;
    const draw = async () => {
        const {rows, more} = await list('/v2/credentials', 'credentials', {signal});

        replace(el, settings('credentials', {title: 'API credentials', text: 'For programs. A credential is exchanged for an access token that lives an hour.', actions: add},
            table({caption: 'API credentials', rows, more, href: (c) => `/settings/credentials/${c.id}`, columns: [
                {label: 'Name', render: (c) => h('span', null, h('span', {class: 'cell-main'}, c.name), c.description ? h('span', {class: 'cell-sub'}, c.description) : null)},
                {label: 'Client id', render: (c) => h('span', {class: 'mono'}, c.clientId.slice(0, 8), '…'), hide: 'phone'},
                {label: 'May', render: rights},
                {label: 'Status', render: stateOf},
                {label: 'Created', render: (c) => time(c.createdAt), hide: 'phone'},
            ], empty: {icon: 'key', title: 'No credentials yet', text: 'Create one for the program that shall use the API.', action: add?.cloneNode(true)}})));
    };

    await draw();
    live.on('credential', () => draw().catch(() => {}));
}

// ---- the picker of rights ---------------------------------------------------------------

// A field for form(): every right that the user may give, by category.
function picker(variants, chosen) {
    const mine = new Set(session().permissions);
    const isOwner = session().roles.includes('OWNER');
    const star = h('input', {type: 'checkbox', id: uid('star'), checked: chosen.includes('*'), disabled: !isOwner, onchange: () => sync()});
    const boxes = [];
    const group = ([id, name]) => {
        const words = Object.entries(variants[id] ?? {});
        const toggle = button('All', {kind: 'ghost', small: true, onclick() {
            const own = boxes.filter((b) => b.group === id && !b.input.disabled);
            const on = own.some((b) => !b.input.checked);
            own.forEach((b) => {
                b.input.checked = on;
            });
        }});
        toggle.setAttribute('aria-label', `All rights of ${name}`);
        return h('fieldset', {class: 'perm-group'}, h('legend', {class: 'sr-only'}, name), h('div', {class: 'between'}, h('h3', null, name), toggle),
            h('div', {class: 'perm-list'}, words.map(([word, text]) => {
                const input = h('input', {type: 'checkbox', id: uid('perm'), value: word, checked: chosen.includes(word), disabled: !mine.has(word)});
                boxes.push({group: id, input});
                return h('div', {class: 'check'}, input, h('label', {for: input.id}, h('span', {class: 'cell-main'}, text[0].toUpperCase() + text.slice(1)), h('span', {class: 'cell-sub mono'}, word)));
            })));
    };
    const error = h('p', {class: 'field-error', hidden: true});
    const el = h('div', {class: 'field stack', dataset: {field: 'permissions'}},
        h('div', {class: 'check'}, star, h('div', null, h('label', {for: star.id}, 'Everything, also what later versions add'), h('p', {class: 'hint'}, 'Only for a program that administers this platform. Only owners can give it.'))),
        h('div', {class: 'stack'}, GROUPS.map(group)), error);
    const sync = () => boxes.forEach((b) => {
        b.input.disabled = star.checked || !mine.has(b.input.value);
    });

    sync();
    el.read = () => star.checked ? ['*'] : boxes.filter((b) => b.input.checked).map((b) => b.input.value);
    el.error = (text) => {
        error.textContent = text;
        error.hidden = !text;
    };
    return el;
}

function ips(text) {
    return text.split(/[\s,;]+/).filter(Boolean);
}

async function create({el, signal}) {
    const variants = await get('/v2/credentials/permissions', {signal});

    replace(el, frame({back: {href: '/settings/credentials', label: 'API credentials'}, title: 'Create API credential'},
        card({}, form({wide: true, submit: 'Create', cancel: '/settings/credentials', fields: [
            field({name: 'name', label: 'Name', required: true, maxlength: 50, hint: 'What will use it, for example “Payout service”.'}),
            field({name: 'description', label: 'Description', maxlength: 500}),
            choice({name: 'category', legend: 'Category', hint: 'A label; what it may do is chosen below.', value: 'TRANSACTIONS', options: [
                {value: 'TRANSACTIONS', title: 'Transactions'}, {value: 'WALLETS', title: 'Wallets'}, {value: 'CONTROLS', title: 'Controls'}, {value: 'AUDIT', title: 'Audit'}]}),
            h('h2', null, 'What it may do'),
            picker(variants, []),
            select({name: 'ends', label: 'Ends', value: '90', options: [['30', 'in 30 days'], ['90', 'in 90 days'], ['365', 'in a year'], ['', 'never']], hint: 'After that it gets no access tokens. Change it in time for a new one.'}),
            field({name: 'allowedIps', label: 'Allowed addresses', rows: 3, mono: true, hint: 'One IPv4 or IPv6 address or network a line, such as 192.0.2.0/24. Empty: from everywhere.'}),
        ], async onsubmit(values) {
            if (values.permissions.length === 0) {
                throw Object.assign(new Error('Choose at least one right.'), {details: [{field: 'permissions', reason: 'choose at least one right'}]});
            }
            const {ends, ...body} = values;
            const c = await post('/v2/credentials', {...body, allowedIps: ips(values.allowedIps),
                ...ends ? {expiresAt: new Date(Date.now() + Number(ends) * 86400000).toISOString()} : {}});
            await showSecret(c);
            navigate(`/settings/credentials/${c.id}`, {replace: true});
        }}))));
}

function showSecret(c) {
    return dialog({title: 'Save the secret now', wide: true, modal: false, body: [
        banner('warn', 'The secret is shown once. Keep it where the program finds it, not in its source.'),
        details([['Client id', copy(c.clientId, {label: 'the client id'})], ['Client secret', copy(c.clientSecret, {label: 'the client secret'})]]),
        c.approvalId ? banner('info', 'It works when it has been approved.') : null,
        h('p', {class: 'hint'}, 'An access token:'),
        code(`curl ${location.origin}/v2/credentials/oauth/token \\\n  -H 'Content-Type: application/json' \\\n  -d '{"clientId": "${c.clientId}", "clientSecret": "…"}'`),
    ], actions: [{label: 'I saved the secret', kind: 'primary', value: true}]});
}

// ---- one ----------------------------------------------------------------------------------

async function one({el, params, live, signal}) {
    const path = `/v2/credentials/${encodeURIComponent(params.credentialId)}`;
    const draw = async () => {
        const [c, variants] = await Promise.all([get(path, {signal}), get('/v2/credentials/permissions', {signal})]);
        title(c.name);
        replace(el, view(c, variants, draw, path));
    };

    await draw();
    live.on('credential', (e) => (e.type === 'resync' || e.object === params.credentialId) && draw().catch(() => {}));
}

function view(c, variants, draw, path) {
    const texts = Object.assign({}, ...GROUPS.map(([id]) => variants[id] ?? {}));

    return frame({back: {href: '/settings/credentials', label: 'API credentials'}, title: c.name, text: c.description, badge: stateOf(c), actions: may('credentials.manage') ? actions(c, variants, draw, path) : null},
        c.approvalId ? banner('warn', 'A change of this credential waits for approval.', h('a', {href: `/approvals/${c.approvalId}`}, 'See it')) : null,
        card({title: 'Details'}, details([['Client id', copy(c.clientId, {label: 'the client id'})], ['Category', c.category],
            ['Allowed addresses', (c.allowedIps ?? []).length > 0 ? h('span', {class: 'mono'}, c.allowedIps.join(', ')) : 'From everywhere'],
            ['Ends', c.expiresAt ? time(c.expiresAt) : 'never'], ['Last used', time(c.lastUsedAt)],
            ['Created', time(c.createdAt, {absolute: true})], ['Last change', time(c.updatedAt ?? c.createdAt, {absolute: true})]])),
        card({title: 'What it may do'}, (c.permissions ?? []).includes('*') ? banner('warn', 'Everything, also what later versions add.')
            : details((c.permissions ?? []).map((word) => [h('span', {class: 'mono'}, word), texts[word] ?? '']))));
}

function actions(c, variants, draw, path) {
    return [
        button('Change rights', {async onclick() {
            const answer = await formDialog({title: `Rights of ${c.name}`, wide: true, submit: 'Save', fields: [picker(variants, c.permissions ?? [])],
                onsubmit: ({permissions}) => put(`${path}/permissions`, {permissions})});
            if (answer) {
                toast(answer.approvalId ? 'The change waits for approval' : 'The rights were changed');
                await draw();
            }
        }}),
        button(c.active ? 'Disable' : 'Enable', {async onclick() {
            if (!c.active || await confirm({title: `Disable ${c.name}?`, text: 'Its access tokens end at once; programs that use it fail until you enable it again.', action: 'Disable', danger: true})) {
                const answer = await put(`${path}/active`, {active: !c.active});
                toast(answer.approvalId ? 'The change waits for approval' : c.active ? 'The credential is disabled' : 'The credential is enabled');
                await draw();
            }
        }}),
        button('Delete', {kind: 'danger', async onclick() {
            if (await confirm({title: `Delete ${c.name}?`, text: 'Programs that use it fail at once. This cannot be undone.', action: 'Delete', danger: true})) {
                await del(path);
                toast('The credential was deleted');
                navigate('/settings/credentials');
            }
        }}),
    ];
}
