// Settings, Backup kits: which key has a copy on which device, and how to make one.
import {get, may, post} from '../lib/api.js';
import {badge, banner, button, card, code, copy, empty, field, formDialog, list, table, toast} from '../lib/ui.js';
import {h, replace} from '../lib/dom.js';
import {plural, time} from '../lib/format.js';
import {settings} from '../lib/settings.js';

const GUIDE = [
    ['On a machine without network, make a recovery key once. The secret stays in one.key, what is printed is public', 'cloudsign recover keygen one.key > one.pub'],
    ['Allow it at each node (its id is in RECOVERY_KEYS), then on the machine of each node', 'cloudsign backup /safe/$(date -I) --to one.pub'],
    ['See that it can be opened, where the secret is', 'cloudsign backup verify /safe/2026-11-26/*.kit --key one.key'],
];

function state(m) {
    if (m.backup === null || m.backup === undefined) {
        return badge('off', 'Has not told yet');
    }
    if (!m.backup.at) {
        return m.backup.keys > 0 || m.backup.keysWithoutKit > 0 ? badge('bad', 'No backup') : badge('off', 'No keys yet');
    }
    return (m.missing ?? []).length > 0 || m.moreOnDevice > 0 ? badge('warn', 'Keys are missing') : badge('ok', 'Complete');
}

function missing(m) {
    const all = (m.missing ?? []).map((k) => h('a', {href: `/vaults/${k.vaultId}/keys/${k.walletId}`}, k.name || k.keyId));

    if (all.length === 0 && !m.moreOnDevice) {
        return h('span', {class: 'muted'}, 'none');
    }
    return h('span', null, all.slice(0, 4).map((a, i) => [i > 0 ? ', ' : '', a]), all.length > 4 ? ` and ${all.length - 4} more` : '',
        m.moreOnDevice > 0 ? `${all.length > 0 ? '; ' : ''}${plural(m.moreOnDevice, 'more key')} on this device` : '');
}

function quorum(q) {
    return card({title: q.name, actions: q.complete ? badge('ok', 'Every key has a kit on every device') : badge('warn', 'Incomplete'), flush: true}, table({caption: `Backups of ${q.name}`, rows: q.members ?? [], href: (m) => `/devices/${m.deviceId}`, columns: [
        {label: 'Device', render: (m) => m.name || m.deviceId},
        {label: 'State', render: state},
        {label: 'Last kit', render: (m) => time(m.backup?.at)},
        {label: 'Last copy of the store', render: (m) => time(m.backup?.copyAt), hide: 'phone'},
        {label: 'For recovery keys', render: (m) => (m.backup?.recipients ?? []).length === 0 ? h('span', {class: 'muted'}, 'none') : h('span', {class: 'mono'}, m.backup.recipients.map((r) => r.slice(0, 12)).join(', ')), hide: 'phone'},
        {label: 'Without a kit', render: missing},
    ], empty: {icon: 'server', title: 'No devices'}}));
}

// ---- recovery keys that kits are made for ----------------------------------------------

function strategies(all, draw) {
    const add = may('backup-strategies.manage') ? button('Add recovery keys', {small: true, icon: 'plus', onclick: () => create(draw)}) : null;

    return card({title: 'Recovery keys', text: 'The public halves, kept here so that every operator finds the same ones. A node takes only those of its own RECOVERY_KEYS.', actions: add, flush: true},
        table({caption: 'Recovery keys', rows: all.flatMap((s) => (s.recoveryPublicKeys ?? []).map((k) => ({...k, strategy: s.name, at: k.createdAt ?? s.createdAt}))), columns: [
            {label: 'Strategy', render: (k) => k.strategy},
            {label: 'Key', render: (k) => k.name || h('span', {class: 'muted'}, 'no name')},
            {label: 'Kind', render: (k) => k.kind},
            {label: 'Id, for RECOVERY_KEYS', render: (k) => k.fingerprint ? copy(k.fingerprint, {label: 'the id', short: 10}) : ''},
            {label: 'Public half', render: (k) => k.publicKey ? copy(k.publicKey, {label: 'the public half', short: 10}) : '', hide: 'phone'},
            {label: 'Added', render: (k) => time(k.at), hide: 'phone'},
        ], empty: {icon: 'key', title: 'No recovery keys here', text: may('backup-strategies.manage') ? 'Add the public half of a recovery key, so that all operators make their kits for it.' : 'An owner can add the public halves of recovery keys.'}}));
}

async function create(draw) {
    const made = await formDialog({title: 'Add recovery keys', wide: true, submit: 'Add', text: 'Only public halves: the secret never leaves the machine without network.', fields: [
        field({name: 'name', label: 'Name', required: true, minlength: 2, maxlength: 64}),
        field({name: 'recoveryPublicKeys', label: 'Public halves', rows: 4, mono: true, required: true, hint: 'What cloudsign recover keygen printed, or an RSA key of 4096 bits (DER in hex); one a line, at most 8.'}),
    ], onsubmit: ({name, recoveryPublicKeys}) => post('/v2/backup/strategies', {name, recoveryPublicKeys: recoveryPublicKeys.split(/\n+/).map((t) => t.trim()).filter(Boolean).map((publicKey) => ({publicKey}))})});

    if (made) {
        toast('The recovery keys were added');
        await draw();
    }
}

async function readStrategies(signal) {
    try {
        return (await get('/v2/backup/strategies', {signal})).strategies ?? [];
    } catch (err) {
        if (!err.isMissing && err.status !== 403) {
            throw err;
        }
        return null;
    }
}

export default async function page({el, live, signal}) {
    const draw = async () => {
        let all;

        try {
            all = await list('/v2/backups', 'quorums', {signal});
        } catch (err) {
            if (!err.isMissing) {
                throw err;
            }
            all = null;
        }
        const keys = await readStrategies(signal);
        const rows = all?.rows ?? [];
        replace(el, settings('backups', {title: 'Backup kits', text: 'A kit holds one node’s share of every key, encrypted to your recovery keys. Two of three give a key back without this platform.'},
            all === null ? banner('info', 'This platform does not know the backups of its nodes.') : null,
            rows.some((q) => !q.complete) ? banner('warn', 'Some keys could be lost with a device: make kits on the devices below.') : null,
            all !== null && rows.length === 0 ? empty({icon: 'box', title: 'Nothing to back up yet', text: 'Create a quorum and a key; then this page shows which device has a kit of which key.'}) : rows.map(quorum),
            keys === null ? null : strategies(keys, draw),
            card({title: 'How to make a kit', text: 'Nodes do it themselves; nothing secret passes through this platform or your browser.'},
                h('ol', {class: 'stack'}, GUIDE.map(([text, command], i) => h('li', {class: 'stack-s'}, h('span', null, `${i + 1}. ${text}:`), code(command)))))));
    };

    await draw();
    live.on('device', () => draw().catch(() => {}));
}
