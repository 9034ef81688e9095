// Devices: every CloudSign node of this organisation, its status and whether it is there.
import {setQuery} from '../lib/router.js';
import {badge, btn, fail, grid, none, page, searchBox, when} from './kit.js';
import {connection, deviceStatus} from './facts.js';
import {arrayAll, arrayPages} from './data.js';

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

function emptyState(find) {
    if (find.text !== '' || find.status !== '') {
        return none({icon: 'search', title: 'No device matches', text: 'Change the search or the status filter.'});
    }
    return none({icon: 'server', title: 'No devices yet',
        text: 'A quorum has three CloudSign devices. Add the first one: you get a pairing key for its node.', action: add()});
}

// A status has no list of its own: those of the newest thousand.
async function found(find, signal) {
    if (find.status !== '') {
        return {rows: (await arrayAll('/v2/devices', {signal, q: find.text})).filter((d) => d.statusText === find.status), more: null};
    }
    return arrayPages('/v2/devices', {signal, q: find.text, pageSize: 50});
}

export default async function devicesPage(ctx) {
    const find = {text: ctx.query.get('q') ?? '', status: ctx.query.get('status') ?? ''};
    const view = page(ctx, {title: 'Devices', lead: 'Each device is a CloudSign node that holds one shard of every key.', actions: [add()]});
    const read = async (signal) => {
        const {rows, more} = await found(find, signal);

        search.hidden = rows.length === 0 && find.text === '' && find.status === '';
        view.showOnce('list', JSON.stringify([find, rows.map((d) => [d.id, d.displayName, d.statusText, d.connectionStatus, d.version, Boolean(d.lastHeartbeatAt)])]), () =>
            grid({caption: 'Devices', columns: COLUMNS, rows, more, empty: emptyState(find), href: (d) => `/devices/${d.id}`}));
        return false;
    };

    const search = searchBox({label: 'Search devices', placeholder: 'Name', filters: FILTERS, filterLabel: 'Status', query: ctx.query, onchange: (text, status) => {
        Object.assign(find, {text: text.trim(), status});
        setQuery({q: find.text, status});
        read(ctx.signal).catch(fail);
    }});

    view.body.append(search);
    await view.refresh(['device'], read);
}
