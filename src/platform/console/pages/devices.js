// Devices: every CloudSign node of this organisation, its status and whether it is there.
import {badge, btn, grid, none, page, searchBox, when} from './kit.js';
import {connection, deviceStatus} from './facts.js';
import {devices} from './data.js';

const FILTERS = [
    ['', 'All'], ['Unpaired', 'Unpaired'], ['Waiting for approval', 'Waiting for approval'],
    ['Paired', 'Paired'], ['Disabled', 'Disabled'], ['Rejected', 'Rejected'],
];

const COLUMNS = [
    {title: 'Device', cell: (d) => d.displayName},
    {title: 'Type', cell: () => 'CloudSign', wide: true},
    {title: 'Status', cell: (d) => badge(deviceStatus(d.statusText))},
    {title: 'Connection', cell: (d) => badge(connection(d.connectionStatus), {dot: true})},
    {title: 'Version', cell: (d) => d.version || '–', wide: true},
    {title: 'Last seen', cell: (d) => when(d.lastHeartbeatAt), wide: true},
];

const add = () => btn('Add a device', {kind: 'primary', icon: 'plus', href: '/devices/create', word: 'devices.create'});

function summary(list) {
    const count = (test) => list.filter(test).length;
    const waiting = count((d) => d.statusText === 'Waiting for approval');
    const parts = [`${list.length} ${list.length === 1 ? 'device' : 'devices'}`,
        `${count((d) => d.connectionStatus === 'ONLINE')} online`, waiting > 0 ? `${waiting} waiting for approval` : null];

    return parts.filter(Boolean).join(' · ');
}

function emptyState(all) {
    if (all.length > 0) {
        return none({icon: 'search', title: 'No device matches', text: 'Change the search or the status filter.'});
    }
    return none({icon: 'server', title: 'No devices yet',
        text: 'A quorum has three CloudSign devices. Add the first one: you get a pairing key for its node.', action: add()});
}

export default async function devicesPage(ctx) {
    const find = {text: '', status: ''};
    const view = page(ctx, {title: 'Devices', lead: 'Each device is a CloudSign node that holds one shard of every key.', actions: [add()]});
    let list = [];

    const matches = (d) => (find.status === '' || d.statusText === find.status) &&
        `${d.displayName} ${d.id} ${d.fingerprint ?? ''} ${d.words ?? ''}`.toLowerCase().includes(find.text);
    const draw = () => {
        view.lead(list.length > 0 ? summary(list) : undefined);
        view.show('list', grid({caption: 'Devices', columns: COLUMNS, rows: list.filter(matches), empty: emptyState(list),
            href: (d) => `/devices/${d.id}`}));
    };

    view.body.append(searchBox({label: 'Search devices', filters: FILTERS, filterLabel: 'Status',
        onchange: (text, status) => { Object.assign(find, {text: text.toLowerCase(), status}); draw(); }}));
    await view.refresh(['device'], async (signal) => {
        list = (await devices({signal})).filter((d) => !d.deleted);
        draw();
    });
}
