// One device: from its pairing key to Paired, and what it does after that.
import {del, get, may, put} from '../lib/api.js';
import {h} from '../lib/dom.js';
import {confirm, field, formDialog} from '../lib/form.js';
import {count, words} from '../lib/format.js';
import {navigate} from '../lib/router.js';
import {badge, banner, btn, by, code, describe, done, fail, grid, none, page, panel, stepBar, wait, when, wordList} from './kit.js';
import {approval, waiting} from './approve.js';
import {pairing} from './pairing.js';
import {setKey, setPanels, setsOf} from './approval_set.js';
import {STEPS} from './device_new.js';
import {connection, deviceStatus, quorumState} from './facts.js';
import {arrayAll, devices, orElse, people, some, someDevices} from './data.js';

const isUnpaired = (d) => d.statusText === 'Unpaired';
const isWaiting = (d) => d.statusText === 'Waiting for approval';

/* ---- what can be done ---------------------------------------------------------------- */

async function rename(d, changed) {
    await formDialog({title: 'Rename device', submit: 'Save', fields: [
        field({name: 'displayName', label: 'Name', required: true, maxlength: 50, value: d.displayName})],
    onsubmit: async (values) => {
        await put(`/v2/devices/${d.id}/display-name`, {displayName: values.displayName.trim()});
        done('The name is saved.');
    }});
    await changed();
}

async function setEnabled(d, enabledStatus, changed) {
    const off = enabledStatus === 'DISABLED';

    if (off && !await confirm({title: `Disable “${d.displayName}”?`, danger: true, action: 'Disable device',
        text: 'It takes no part in signing or in new keys until an administrator enables it. Its shards stay on it.'})) {
        return;
    }
    await put(`/v2/devices/${d.id}/enabled-status`, {enabledStatus});
    done(off ? 'The device is disabled.' : 'The device is enabled.');
    await changed();
}

async function remove(d) {
    if (await confirm({title: `Delete “${d.displayName}”?`, danger: true, action: 'Delete device',
        text: 'It cannot be undone. A node that was paired as this device is refused from then on.'})) {
        await del(`/v2/devices/${d.id}`);
        done('The device is deleted.');
        navigate('/devices');
    }
}

function actions(d, inQuorum, changed) {
    return d.deleted ? [] : [
        btn('Rename', {icon: 'edit', word: 'devices.update', onclick: () => rename(d, changed)}),
        d.statusText === 'Paired' ? btn('Disable', {icon: 'off', word: 'devices.update', onclick: () => setEnabled(d, 'DISABLED', changed)}) : null,
        d.statusText === 'Disabled' ? btn('Enable', {kind: 'primary', icon: 'play', word: 'devices.update', onclick: () => setEnabled(d, 'ENABLED', changed)}) : null,
        btn('Delete', {kind: 'danger-quiet', icon: 'trash', word: 'devices.delete', onclick: () => remove(d).catch(fail),
            disabled: inQuorum ? 'It is a member of a quorum: disable it instead.' : false}),
    ];
}

/* ---- pairing --------------------------------------------------------------------------- */

function waitForNode() {
    return panel({title: 'Waiting for the node'},
        wait('Start the node: this page goes on by itself as soon as it connects'),
        h('details', {class: 'help'}, h('summary', {}, 'It stays Unpaired?'), h('ul', {},
            h('li', {}, 'Check that the container or service is running, and read its last log line: it says what is wrong and what helps.'),
            h('li', {}, 'Check that the pairing key is this device’s, complete, and the one that was issued last.'),
            h('li', {}, 'The node needs an outbound connection to this platform’s address. ', h('code', {}, 'cloudsign doctor'), ' tests it.'))));
}

// A node that is there says for which quorums it has links; else they are looked for.
async function quorumsOf(d, signal) {
    if ((d.links ?? []).length > 0) {
        return [...(await some('/v2/mpc/quorums', d.links.map((l) => l.quorumId), {signal})).values()];
    }
    return (await orElse([], arrayAll('/v2/mpc/quorums', {signal}))).filter((q) => q.deviceIds.includes(d.id));
}

const stepOf = (d) => (isUnpaired(d) ? 2 : isWaiting(d) ? 3 : 4);

/* ---- what it is and does ------------------------------------------------------------------ */

function duration(ms) {
    const s = Math.floor(Number(ms) / 1000), parts = [[86400, 'd'], [3600, 'h'], [60, 'min']];
    const found = parts.find(([size]) => s >= size);

    return found ? `${Math.floor(s / found[0])} ${found[1]}` : `${s} s`;
}

// The API writes 1970 for what has not happened.
function backupText(b) {
    return Date.parse(b.at) > 0 ? h('span', {}, when(b.at), b.complete ? '' : ', not of all keys') : h('span', {class: 'muted'}, 'none yet');
}

function health(d) {
    const m = d.heartbeatMetadata;

    return panel({title: 'Node'}, describe([
        ['Connection', badge(connection(d.connectionStatus), {dot: true})],
        ['Last seen', when(d.lastHeartbeatAt)],
        ['Version', d.version || '–'],
        m ? ['State', words(m.state)] : null,
        m ? ['Running for', duration(m.uptimeMs)] : null,
        m ? ['Key shards', count(m.keys)] : null,
        m ? ['Sessions under way', count(m.sessions)] : null,
        m ? ['Journal entries', count(m.journalSeq)] : null,
        d.backup ? ['Last backup', backupText(d.backup)] : null,
    ]));
}

// isShort: the words stand above already, to be compared.
function identity(d, names, isShort) {
    return panel({title: 'Identity'}, d.words && !isShort ? wordList(d.words, {label: 'Words of this device'}) : null, describe([
        d.fingerprint && !isShort ? ['Fingerprint', code(d.fingerprint, {inline: true, label: 'Fingerprint'})] : null,
        ['Device type', 'CloudSign'],
        ['Added', h('span', {}, when(d.createdAt), ' by ', by(names, d.createdBy))],
        ['Paired', h('span', {}, when(d.pairedAt), d.pairedFrom ? ` from ${d.pairedFrom}` : '')],
        d.approvedBy ? [d.approvalStatus === 'REJECTED' ? 'Rejected by' : 'Approved by', by(names, d.approvedBy)] : null,
        ['Device ID', code(d.id, {inline: true, label: 'Device ID'})],
    ]));
}

// What the guide does next: three Paired devices, then a quorum of them.
function nextStep(paired) {
    return paired < 3 ? none({icon: 'shield', title: 'In no quorum yet', text: `A quorum takes three Paired devices, and ${paired === 1 ? 'one is' : `${paired} are`} ready. Add the next one.`,
        action: btn('Add a device', {kind: 'primary', icon: 'plus', href: '/devices/create', word: 'devices.create'})})
        : none({icon: 'shield', title: 'In no quorum yet', text: 'A Paired device can be a member of many quorums.',
            action: btn('Create quorum', {kind: 'primary', icon: 'plus', href: '/controls/quorums/create', word: 'quorums.create'})});
}

function membership(d, all, byDevice, paired) {
    const links = d.links ?? [];
    const linkText = (q) => {
        const own = links.filter((l) => l.quorumId === q.id);

        return own.length === 0 ? '–' : own.map((l) => {
            const peer = byDevice.get(q.deviceIds[l.playerId - 1])?.displayName ?? `member ${l.playerId}`;
            return h('span', {class: 'line'}, badge({text: `${peer}: ${l.state.toLowerCase()}`, tone: l.state === 'LIVE' ? 'good' : 'warn'}, {dot: true}));
        });
    };

    return panel({title: 'Quorums', flush: true}, grid({caption: 'Quorums of this device', rows: all, href: (q) => `/controls/quorums/${q.id}`, columns: [
        {title: 'Quorum', cell: (q) => q.name},
        {title: 'State', cell: (q) => badge(quorumState(q.state))},
        {title: 'Links to the other members', cell: linkText},
    ], empty: nextStep(paired)}));
}

/* ---- page ----------------------------------------------------------------------------------- */

function note(d) {
    if (d.statusText === 'Disabled') {
        return banner('info', 'This device is disabled', 'It takes no part in anything until an administrator enables it.');
    }
    if (d.deleted) {
        return banner('info', 'This device was deleted', 'Its node is refused.');
    }
    if (d.statusText === 'Rejected') {
        return banner('bad', 'This device was rejected', 'Its node is refused. Delete it, and add a new device if the machine is to be used.');
    }
    if (d.connectionStatus === 'OFFLINE') {
        return banner('warn', 'The node is offline', h('span', {}, 'Start it, or look at its log. It was last seen ', when(d.lastHeartbeatAt), '.'));
    }
    return null;
}

function onboarding(d, sets, names, changed) {
    if (sets.length > 0) {
        return setPanels(sets, names, changed);
    }
    if (isWaiting(d)) {
        return may('devices.approve') ? approval(d, changed) : waiting(d);
    }
    return isUnpaired(d) ? waitForNode() : null;
}

export default async function devicePage(ctx) {
    const id = ctx.params.deviceId;
    const view = page(ctx, {title: 'Device', crumbs: [['Devices', '/devices']]});

    // The number that the lines for the node's start carry: the how-manieth device it is.
    const list = await orElse([], devices({signal: ctx.signal, order: 'asc'}));
    const number = Math.max(1, list.findIndex((d) => d.id === id) + 1);
    const read = async (signal) => {
        const [d, names] = await Promise.all([get(`/v2/devices/${id}`, {signal}), people({signal})]);
        const fresh = isUnpaired(d) || isWaiting(d);
        const own = fresh ? [] : await quorumsOf(d, signal);
        const sets = await setsOf(d, {signal});
        const peers = await someDevices(own.flatMap((q) => q.deviceIds), {signal});
        const paired = fresh || own.length > 0 ? 0 : (await orElse([], devices({signal}))).filter((x) => x.statusText === 'Paired').length;

        view.title(d.displayName, badge(deviceStatus(d.statusText)));
        view.actions(actions(d, own.length > 0, () => read(ctx.signal)));
        view.show('steps', fresh ? stepBar(STEPS, stepOf(d)) : null);
        view.showOnce('pairing', isUnpaired(d), () => (isUnpaired(d) ? pairing(d, number) : null));
        view.showOnce('onboarding', `${d.statusText}${d.fingerprint}${setKey(sets)}`, () => onboarding(d, sets, names, () => read(ctx.signal)));
        view.show('note', fresh ? null : note(d));
        view.show('node', isUnpaired(d) ? null : h('div', {class: 'columns'}, health(d), identity(d, names, isWaiting(d))));
        view.show('quorums', fresh ? null : membership(d, own, peers, paired));
        return fresh;
    };

    await view.refresh(['device', 'quorum', 'approval'], read);
}
