// Controls > MPC Quorums.
import {h} from '../lib/dom.js';
import {badge, btn, grid, none, page, when} from './kit.js';
import {quorumState} from './facts.js';
import {arrayPages, someDevices} from './data.js';

const create = () => btn('Create quorum', {kind: 'primary', icon: 'plus', href: '/controls/quorums/create', word: 'quorums.create'});

function columns(names) {
    return [
        {title: 'Quorum', cell: (q) => q.name},
        {title: 'State', cell: (q) => h('span', {class: 'badges'}, badge(quorumState(q.state)),
            (q.memberWarnings ?? []).length > 0 ? badge({text: 'Warning', tone: 'warn'}) : null,
            q.state === 'QUORUM_STATE_CONFIRMED' && !q.operatorVerified ? badge({text: 'Words not compared', tone: 'neutral'}) : null)},
        {title: 'Devices', cell: (q) => q.deviceIds.map((id) => names.get(id)?.displayName ?? '–').join(', '), wide: true},
        {title: 'Required signatures', cell: (q) => `${q.requiredSigners} of ${q.deviceIds.length}`},
        {title: 'Created', cell: (q) => when(q.createdAt), wide: true},
    ];
}

export default async function quorumsPage(ctx) {
    const view = page(ctx, {title: 'MPC Quorums', lead: 'Three devices that hold the shards of each key; two of them sign together.', actions: [create()]});

    await view.refresh(['quorum'], async (signal) => {
        const {rows, more} = await arrayPages('/v2/mpc/quorums', {signal, pageSize: 50});
        const known = await someDevices(rows.slice(0, 15).flatMap((q) => q.deviceIds), {signal});

        view.showOnce('list', JSON.stringify(rows), () => grid({caption: 'MPC quorums', columns: columns(known), rows, more, href: (q) => `/controls/quorums/${q.id}`,
            empty: none({icon: 'shield', title: 'No quorums yet', action: create(),
                text: 'Choose three Paired devices and create a quorum. Its nodes join by themselves, then you can create keys.'})}));
    });
}
