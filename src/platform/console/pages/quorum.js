// One quorum: how far its members have come, the words to compare, what went wrong.
import {del, get, post} from '../lib/api.js';
import {h} from '../lib/dom.js';
import {confirm, field, form, sentence} from '../lib/form.js';
import {words as sentenceOf} from '../lib/format.js';
import {navigate} from '../lib/router.js';
import {badge, banner, btn, by, code, countdown, describe, done, fail, grid, meter, none, page, panel, when, wordList} from './kit.js';
import {setKey, setPanels, setsOf} from './approval_set.js';
import {connection, memberState, quorumState, reason} from './facts.js';
import {orElse, people, someDevices} from './data.js';

const isJoining = (q) => q.state === 'QUORUM_STATE_CREATED' || q.state === 'QUORUM_STATE_PENDING';
const isWaiting = (q) => q.state === 'QUORUM_STATE_INITIAL';
const isConfirmed = (q) => q.state === 'QUORUM_STATE_CONFIRMED';

/* ---- joining --------------------------------------------------------------------- */

function progress(q, members, byDevice) {
    const accepted = members.filter((m) => ['MEMBERSHIP_STATE_PENDING', 'MEMBERSHIP_STATE_CONFIRMED'].includes(m.state)).length;
    const away = members.map((m) => byDevice.get(m.deviceId)).filter((d) => d && d.connectionStatus !== 'ONLINE');

    return panel({title: 'Joining', class: 'attention'},
        meter(accepted, members.length, `${accepted} of ${members.length} nodes have accepted; all have to, then they confirm each other`),
        h('p', {}, 'The nodes were asked to join and do so by themselves. ', 'Time left: ', countdown(q.expiresAt, {over: 'none'}), '.'),
        away.length > 0 ? banner('warn', 'All three nodes must be running',
            `${away.map((d) => d.displayName).join(', ')} ${away.length === 1 ? 'is' : 'are'} offline. Start ${away.length === 1 ? 'its node' : 'their nodes'}: joining goes on by itself.`) : null);
}

function ended(q) {
    const lines = (q.reasons ?? []).map(reason);

    return banner('bad', q.state === 'QUORUM_STATE_REJECTED' ? 'A member rejected this quorum' : 'This quorum was not made',
        h('span', {}, lines.map((line) => h('span', {class: 'line'}, sentence(line.text || line.code))), 'Delete it and create it anew once the cause is gone.'));
}

function memberTable(members, byDevice) {
    return grid({caption: 'Members', rows: members, href: (m) => `/devices/${m.deviceId}`, empty: none({title: 'No members'}), columns: [
        {title: 'Device', cell: (m) => byDevice.get(m.deviceId)?.displayName ?? 'Deleted device'},
        {title: 'Member', cell: (m) => m.playerId, wide: true},
        {title: 'State', cell: (m) => badge(memberState(m.state))},
        {title: 'Connection', cell: (m) => badge(connection(byDevice.get(m.deviceId)?.connectionStatus ?? 'UNKNOWN'), {dot: true})},
        {title: 'Changed', cell: (m) => when(m.updatedAt), wide: true},
    ]});
}

/* ---- words ------------------------------------------------------------------------ */

function wordsPanel(q, changed) {
    const typed = field({name: 'words', label: 'Words, as a node shows them', required: true, mono: true, maxlength: 128, autocapitalize: 'none',
        placeholder: 'six words'});

    return panel({title: 'Compare the words'},
        h('p', {}, 'These words stand for exactly this set of nodes and their keys. If the platform lied to a node about the others, ' +
            'that node shows different words. On each node’s machine run'),
        code('cloudsign status', {label: 'On each node'}),
        wordList(q.words, {label: 'Words of this quorum'}),
        q.operatorVerified ? banner('good', 'The words were compared', 'An operator confirmed that they are the same on the nodes.')
            : form({fields: [typed], submit: 'Confirm the words', wide: true, onsubmit: async (values) => {
                await post(`/v2/mpc/quorums/${q.id}/confirm`, {words: values.words.trim()});
                done('The words are confirmed.');
                await changed();
            }}));
}

function warnings(q, members, byDevice) {
    const name = (player) => {
        const m = members.find((x) => x.playerId === player);

        return byDevice.get(m?.deviceId)?.displayName ?? `member ${player}`;
    };

    return (q.memberWarnings ?? []).map((w) => banner('warn', `${name(w.playerId)} does not work with ${name(w.peer)}`,
        h('span', {}, w.text || sentenceOf(w.reason), ' Since ', when(w.since), '. Either of the two may be at fault: look at both machines, then run ',
            h('code', {}, 'cloudsign peer release'), ' there.')));
}

/* ---- page -------------------------------------------------------------------------- */

const OPERATIONS = {
    SESSION_SET_TYPE_QUORUM_CREATION: 'Quorum creation', SESSION_SET_TYPE_KEY_CREATION: 'Key creation',
    SESSION_SET_TYPE_TX_SIGN_REQUEST: 'Signing',
};
const OPERATION_STATE = {
    SESSION_SET_STATE_COMPLETE: {text: 'Complete', tone: 'good'}, SESSION_SET_STATE_IN_PROGRESS: {text: 'In progress', tone: 'info'},
    SESSION_SET_STATE_FAILED: {text: 'Failed', tone: 'bad'}, SESSION_SET_STATE_TIMED_OUT: {text: 'Timed out', tone: 'bad'},
};

function operations(sets) {
    return panel({title: 'Latest operations', flush: true}, grid({caption: 'Latest operations of this quorum', rows: sets.slice(-10).reverse(), columns: [
        {title: 'Operation', cell: (s) => OPERATIONS[s.type] ?? sentenceOf(s.type)},
        {title: 'State', cell: (s) => badge(OPERATION_STATE[s.state] ?? {text: sentenceOf(s.state), tone: 'neutral'})},
        {title: 'Started', cell: (s) => when(s.createdAt)},
    ], empty: none({title: 'Nothing yet'})}));
}

function details(q, names) {
    return panel({title: 'Details'}, describe([
        ['Quorum type', 'Cloud Sign'],
        ['Description', q.description || '–'],
        ['Required signatures', `${q.requiredSigners} of ${q.deviceIds.length}`],
        ['Created', h('span', {}, when(q.createdAt), ' by ', by(names, q.createdBy))],
        ['A signing request may take', `${Math.round(q.operationTimeoutSeconds / 60)} minutes, in attempts of ${q.sessionTimeoutSeconds} seconds`],
        ['Quorum ID', code(q.id, {inline: true})],
    ]));
}

async function remove(q) {
    if (await confirm({title: `Delete “${q.name}”?`, danger: true, action: 'Delete quorum', text: 'It holds no keys. The devices stay and can join another quorum.'})) {
        await del(`/v2/mpc/quorums/${q.id}`);
        done('The quorum is deleted.');
        navigate('/controls/quorums');
    }
}

function actions(q) {
    return [
        isConfirmed(q) ? btn('Create key', {kind: 'primary', icon: 'plus', href: '/vaults', word: 'wallets.create'}) : null,
        isConfirmed(q) ? null : btn('Delete', {kind: 'danger-quiet', icon: 'trash', word: 'quorums.delete', onclick: () => remove(q).catch(fail)}),
    ];
}

export default async function quorumPage(ctx) {
    const id = ctx.params.quorumId;
    const view = page(ctx, {title: 'Quorum', crumbs: [['MPC Quorums', '/controls/quorums']]});

    const read = async (signal) => {
        const [q, members, past, names] = await Promise.all([get(`/v2/mpc/quorums/${id}`, {signal}), get(`/v2/mpc/memberships/${id}`, {signal}),
            orElse([], get(`/v2/mpc/sessions/${id}`, {signal})), people({signal})]);
        const [byDevice, sets] = await Promise.all([someDevices(q.deviceIds, {signal}), setsOf(q, {signal})]), changed = () => read(ctx.signal);

        view.title(q.name, badge(quorumState(q.state)));
        view.actions(actions(q));
        view.showOnce('approval', setKey(sets), () => setPanels(sets, names, changed));
        view.show('top', isWaiting(q) ? banner('info', 'Waiting for approval', 'No node hears of it before that.') : isJoining(q) ? progress(q, members, byDevice)
            : isConfirmed(q) ? warnings(q, members, byDevice) : ended(q));
        view.show('members', panel({title: 'Members', flush: true}, memberTable(members, byDevice)));
        view.showOnce('words', `${q.state}${q.words}${q.operatorVerified}`, () => (isConfirmed(q) ? wordsPanel(q, changed) : null));
        view.show('details', details(q, names));
        view.show('operations', operations(past));
        return isJoining(q) || isWaiting(q);
    };

    await view.refresh(['quorum', 'device', 'session', 'approval'], read);
}
