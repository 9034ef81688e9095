// Settings, Backup kits: which key has a copy on which device, and how to make one.
import {list, badge, banner, card, code, copy, details, empty, table} from '../lib/ui.js';
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
        const rows = all?.rows ?? [];
        replace(el, settings('backups', {title: 'Backup kits', text: 'A kit holds one node’s share of every key, encrypted to your recovery keys. Two of three give a key back without this platform.'},
            all === null ? banner('info', 'This platform does not know the backups of its nodes.') : null,
            rows.some((q) => !q.complete) ? banner('warn', 'Some keys could be lost with a device: make kits on the devices below.') : null,
            all !== null && rows.length === 0 ? empty({icon: 'box', title: 'Nothing to back up yet', text: 'Create a quorum and a key; then this page shows which device has a kit of which key.'}) : rows.map(quorum),
            card({title: 'How to make a kit', text: 'Nodes do it themselves; nothing secret passes through this platform or your browser.'},
                h('ol', {class: 'stack'}, GUIDE.map(([text, command], i) => h('li', {class: 'stack-s'}, h('span', null, `${i + 1}. ${text}:`), code(command)))))));
    };

    await draw();
    live.on('device', () => draw().catch(() => {}));
}
