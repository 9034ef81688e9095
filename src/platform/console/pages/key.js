// One key: address, what it may do, what was proven when it was made, its requests.
import {get, may, put} from '../lib/api.js';
import {h, replace} from '../lib/dom.js';
import {field, formDialog, sentence} from '../lib/form.js';
import {svg as qr} from '../lib/qr.js';
import {badge, banner, btn, by, code, describe, done, grid, meter, none, page, panel, steps, summaryText, tabs, when} from './kit.js';
import {chain, keyStatus, kindText, reason, txStatus} from './facts.js';
import {keyPath, orElse, people, someDevices, txHref} from './data.js';
import {setKey, setPanels, setsOf} from './approval_set.js';
import {limitsPanel} from './limits.js';
import {proofPanel} from './proof.js';
import {settingsPanel} from './key_settings.js';
import {addressesPanel} from './key_addresses.js';
import {tagList} from './tags.js';

/* ---- while it is made -------------------------------------------------------------------- */

const isMade = (w) => w.status === 'PROVISIONED';
const isMaking = (w) => w.status === 'PROVISIONING';
const isWaiting = (w) => w.status === 'CREATED';

async function sessionOf(w, signal) {
    const sets = await orElse([], get(`/v2/mpc/sessions/${w.quorumId}`, {signal}));
    const set = sets.filter((s) => s.payloadId === w.id).pop();

    return set ? orElse(null, get(`/v2/mpc/sessions/${set.id}/status`, {signal})) : null;
}

function making(w, session, quorum, nodes) {
    const n = session?.expectedCount ?? quorum?.deviceIds.length ?? 3, acks = session?.acceptedCount ?? 0;
    const why = (w.reasons ?? []).map(reason), away = [...nodes.values()].filter((d) => d.connectionStatus !== 'ONLINE').map((d) => d.displayName);

    return panel({title: 'The nodes are making this key', class: 'attention'},
        meter(acks, n, `${acks} of ${n} nodes hold their shard`),
        steps([
            {label: 'The nodes were asked', state: 'done'},
            {label: 'Shards are made and the certificate is signed by all', state: acks >= n ? 'done' : 'active'},
            {label: 'Each pair signs once to prove it', state: acks >= n ? 'active' : 'todo'},
            {label: 'The address appears', state: 'todo'},
        ]),
        why.length === 0 && away.length === 0 ? null : banner('warn', away.length > 0 ? `All nodes must be running: ${away.join(', ')} ${away.length === 1 ? 'is' : 'are'} offline`
            : 'The last try did not succeed', h('span', {}, why.map((r) => h('span', {class: 'line'}, sentence(r.text))), 'It goes on by itself, for ten minutes at most.')));
}

function failed(w) {
    return banner('bad', 'The key was not made', h('span', {}, (w.reasons ?? []).map((r) => h('span', {class: 'line'}, sentence(reason(r).text))),
        'Verify that the quorum is Confirmed and that all its nodes are online, then create a new key. This one holds nothing.'));
}

/* ---- overview -------------------------------------------------------------------------------- */

// An address that is not this key's is not to be copied: whoever put it there, money that
// is sent to it is gone.
function wrongAddress(own) {
    return panel({title: 'Address'}, banner('bad', 'This platform shows an address that is not this key’s', h('span', {},
        'Do not send anything to it, and tell your security team. ', own ? ['This browser worked out another one from the public key: ', h('span', {class: 'mono'}, own), '.']
            : 'This browser could not work out one from the public key.')));
}

function addressCard(w) {
    const box = h('div', {class: 'slot'}, addressPanel(w));

    import('../lib/address.js').then(({addressOf}) => addressOf(w).catch(() => ''), () => null).then((own) => {
        if (own !== null && own !== w.address) {
            replace(box, wrongAddress(own));
        }
    });
    return box;
}

function addressPanel(w) {
    const c = chain(w.blockchain);

    return panel({title: 'Address'}, h('div', {class: 'address'},
        h('div', {class: 'qr-box'}, qr(w.address, 'QR code of the address')),
        h('div', {class: 'stack'},
            code(w.address, {label: `${c.name} address`, wrap: true, copyLabel: 'Copy address'}),
            h('p', {class: 'hint'}, `Send only assets of ${c.name} to it. Compare the whole address before you give it to somebody.`))));
}

function details(w, quorum, names, changed) {
    return panel({title: 'Details'}, describe([
        ['Description', w.description || '–'],
        ['Blockchain', chain(w.blockchain).name],
        ['Keystore', 'MPC'],
        ['Quorum', quorum ? h('a', {href: `/controls/quorums/${w.quorumId}`}, quorum.name) : code(w.quorumId, {inline: true})],
        w.publicKey ? ['Public key', code(w.publicKey, {inline: true, label: 'Public key'})] : null,
        ['Key algorithm', `${w.keyAlgorithm === 'ED25519' ? 'Ed25519' : 'secp256k1'}, signs ${w.signatureScheme}`],
        w.addressType ? ['Address type', w.addressType] : null,
        ['Created', h('span', {}, when(w.createdAt), ' by ', by(names, w.createdBy))],
        ['Tags', tagList(keyPath(w), w.tags, 'wallets.update', changed)],
        ['Key ID', code(w.id, {inline: true, label: 'Key ID'})],
        w.externalId ? ['External ID', w.externalId] : null,
    ]));
}

function requests(w, list) {
    return panel({title: 'Latest requests', flush: true, actions: [btn('View all', {small: true, href: `/transactions?walletId=${w.id}`, kind: 'ghost'})]},
        grid({caption: 'Latest signing requests of this key', rows: list, href: txHref, columns: [
            {title: 'Request', cell: summaryText},
            {title: 'Kind', cell: (t) => kindText(t.kind), wide: true},
            {title: 'Status', cell: (t) => badge(txStatus(t.status))},
            {title: 'Requested', cell: (t) => when(t.createdAt)},
        ], empty: none({icon: 'swap', title: 'Nothing signed yet', text: w.settings?.enabled ? 'Sign a message or a transaction with it.' : 'Enable the key first.'})}));
}

/* ---- page ---------------------------------------------------------------------------------------- */

async function edit(w, changed) {
    await formDialog({title: 'Edit key', submit: 'Save', fields: [
        field({name: 'name', label: 'Name', required: true, maxlength: 50, value: w.name}),
        field({name: 'description', label: 'Description', maxlength: 250, rows: 2, value: w.description ?? ''}),
    ], onsubmit: async (values) => {
        await put(keyPath(w), {name: values.name.trim(), description: values.description.trim()});
        done('The key is saved.');
    }});
    await changed();
}

const maySign = () => ['raw', 'plaintext', 'typed-data', 'digest'].some((word) => may(`transactions.${word}`));

function signButton(w) {
    return btn('Sign', {kind: 'primary', icon: 'key', href: `/vaults/${w.vaultId}/keys/${w.id}/sign`,
        disabled: !maySign() ? 'Your role may not request signatures.' : w.settings?.enabled ? false : 'The key is not enabled: enable it in its settings.'});
}

function notEnabled(w, open) {
    return isMade(w) && !w.settings?.enabled ? banner('info', 'This key is not enabled yet',
        'It can receive, but nothing can be signed with it. Enable it in the tab Settings.',
        may('wallets.settings') ? btn('Open settings', {small: true, onclick: open}) : null) : null;
}

async function latest(w, signal) {
    const answer = await orElse({}, get(`${keyPath(w)}/transactions?pageSize=5&order=desc`, {signal}));
    const list = answer.transactions ?? [];

    return list.slice().sort((a, b) => b.createdAt.localeCompare(a.createdAt)).slice(0, 5);
}

// state.tab: the one that is open stays open when the key changes.
function parts(w, quorum, names, state, changed) {
    const items = [
        ['overview', 'Overview', () => h('div', {class: 'stack'}, h('div', {class: 'columns'}, addressCard(w), details(w, quorum, names, changed)), state.requests)],
        ['settings', 'Settings', () => settingsPanel(w, changed)],
        ['limits', 'Limits', () => limitsPanel(w)],
        w.keyAlgorithm === 'SECP256K1' ? ['addresses', 'Derived addresses', () => addressesPanel(w)] : null,
        ['proof', 'Certificate', () => proofPanel(w)],
    ].filter(Boolean).map(([id, label, render]) => ({id, label, render() {
        state.tab = id;
        return render();
    }}));

    return tabs(items, items.some((t) => t.id === state.tab) ? state.tab : 'overview');
}

export default async function keyPage(ctx) {
    const {vaultId, walletId} = ctx.params, path = `/v2/vaults/${vaultId}/wallets/${walletId}`;
    const [vault, names] = await Promise.all([orElse({name: 'Vault'}, get(`/v2/vaults/${vaultId}`, {signal: ctx.signal})), people(ctx)]);
    const view = page(ctx, {title: 'Key', crumbs: [['Vaults', '/vaults'], [vault.name, `/vaults/${vaultId}`]]});

    const state = {tab: location.hash.slice(1), requests: h('div')};
    const openSettings = () => [...view.body.querySelectorAll('[role=tab]')].find((t) => t.textContent === 'Settings')?.click();
    const read = async (signal) => {
        const w = await get(path, {signal});
        const [quorum, list, session, sets] = await Promise.all([orElse(null, get(`/v2/mpc/quorums/${w.quorumId}`, {signal})),
            isMade(w) ? latest(w, signal) : [], isMaking(w) ? sessionOf(w, signal) : null, setsOf(w, {signal})]);
        const nodes = isMaking(w) ? await someDevices(quorum?.deviceIds ?? [], {signal}) : null, changed = () => read(ctx.signal);

        view.title(w.name, h('span', {class: 'badges'}, badge(keyStatus(w.status)), isMade(w) && w.settings?.enabled ? badge({text: 'Enabled', tone: 'good'}) : null));
        view.actions([btn('Edit', {icon: 'edit', word: 'wallets.update', onclick: () => edit(w, changed)}), isMade(w) ? signButton(w) : null]);
        view.showOnce('approval', setKey(sets), () => setPanels(sets, names, changed));
        view.show('state', isWaiting(w) ? banner('info', 'Waiting for approval', 'No node hears of it before that.') : isMaking(w) ? making(w, session, quorum, nodes)
            : isMade(w) ? notEnabled(w, openSettings) : failed(w));
        replace(state.requests, requests(w, list));
        view.showOnce('parts', w.status + w.updatedAt, () => (isMade(w) ? parts(w, quorum, names, state, changed) : details(w, quorum, names, changed)));
        return isMaking(w) || isWaiting(w);
    };

    await view.refresh(['key', 'transaction', 'approval', 'session'], read);
}
