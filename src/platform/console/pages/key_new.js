// Create key: name, blockchain, keystore MPC and the quorum that makes it.
import {get, post} from '../lib/api.js';
import {h} from '../lib/dom.js';
import {choice, field, form, select} from '../lib/form.js';
import {navigate} from '../lib/router.js';
import {banner, btn, none, page, panel} from './kit.js';
import {CHAINS, chain} from './facts.js';
import {keyHref, quorums, someDevices} from './data.js';

// So many quorums are shown with what there is to say of them; more are a list to choose from.
const FEW = 12;

const isReady = (q) => q.state === 'QUORUM_STATE_CONFIRMED';

function chainOptions() {
    const option = (c) => [c.id, `${c.name} (${c.symbol})`];

    return CHAINS.map((c) => [option(c)[0], c.addressOnly ? `${option(c)[1]}, addresses only` : option(c)[1]]);
}

// What depends on the blockchain: curve and kind of address.
function variants(chainId) {
    const c = chain(chainId), list = [];

    if (c.curves.length > 1) {
        list.push(select({name: 'keyAlgorithm', label: 'Key algorithm', value: c.curves[0],
            options: c.curves.map((curve) => [curve, curve === 'ED25519' ? 'Ed25519' : 'secp256k1'])}));
    }
    if (chainId === 'BITCOIN') {
        list.push(choice({name: 'addressType', legend: 'Address type', value: 'P2WPKH', options: [
            {value: 'P2WPKH', title: 'Native SegWit (P2WPKH)', text: 'Addresses begin with bc1q; signatures are ECDSA.'},
            {value: 'P2TR', title: 'Taproot (P2TR)', text: 'Addresses begin with bc1p; signatures are BIP 340 (Schnorr).'}]}));
    }
    if (c.addressOnly) {
        list.push(banner('info', `${c.name}: addresses only`, 'The key gets an address, but this platform does not sign transactions of this blockchain yet.'));
    }
    return list;
}

function quorumChoice(list, online, chosen) {
    if (list.length > FEW) {
        return select({name: 'quorumId', label: 'Quorum', value: chosen ?? '', options: [['', 'Choose'], ...list.filter(isReady).map((q) => [q.id, q.name])]});
    }
    const away = (q) => q.deviceIds.filter((id) => online.get(id)?.connectionStatus !== 'ONLINE').length;

    return choice({name: 'quorumId', legend: 'Quorum', value: chosen ?? (list.filter(isReady).length === 1 ? list.find(isReady).id : undefined),
        hint: 'All of its nodes take part in making the key; two of them sign with it.',
        options: list.map((q) => ({value: q.id, title: q.name, disabled: !isReady(q),
            text: !isReady(q) ? 'Not Confirmed: wait until all nodes have joined'
                : away(q) > 0 ? `${away(q)} of ${q.deviceIds.length} nodes offline: all must run to make a key` : q.description || 'All nodes online'}))});
}

function keyForm(vaultId, list, online, chosen) {
    const extra = h('div', {class: 'form-part'});
    const blockchain = select({name: 'blockchain', label: 'Blockchain', options: chainOptions(), value: 'ETHEREUM',
        onchange: () => extra.replaceChildren(...variants(blockchain.read()))});

    extra.replaceChildren(...variants('ETHEREUM'));
    return form({submit: 'Create key', cancel: `/vaults/${vaultId}`, wide: true, fields: [
        field({name: 'name', label: 'Name', required: true, maxlength: 50, autofocus: true, placeholder: 'Hot wallet'}),
        field({name: 'description', label: 'Description', maxlength: 250, rows: 2}),
        blockchain, extra,
        choice({name: 'keystore', legend: 'Keystore', value: 'MPC', hint: 'The method of generating and storing the key.', options: [
            {value: 'MPC', title: 'MPC', text: 'Shards at the nodes of a quorum. The whole key is never in one place.'}]}),
        quorumChoice(list, online, chosen),
        banner('warn', 'This cannot be changed later', 'Blockchain, keystore and quorum are fixed once the key is created.'),
    ], onsubmit: async (values) => {
        if (!values.quorumId) {
            throw Object.assign(new Error('choose a quorum'), {details: [{field: 'quorumId', reason: 'choose the quorum that makes the key'}]});
        }
        const body = {...values, name: values.name.trim(), description: values.description.trim()};
        const wallet = await post(`/v2/vaults/${vaultId}/wallets`, body, {once: true});

        navigate(keyHref(wallet), {replace: true});
    }});
}

export default async function keyNewPage(ctx) {
    const {vaultId} = ctx.params;
    const [vault, list] = await Promise.all([get(`/v2/vaults/${vaultId}`, {signal: ctx.signal}), quorums({signal: ctx.signal})]);
    const online = await someDevices(list.filter(isReady).slice(0, FEW).flatMap((q) => q.deviceIds), {signal: ctx.signal});
    const view = page(ctx, {title: 'Create key', crumbs: [['Vaults', '/vaults'], [vault.name, `/vaults/${vaultId}`]],
        lead: 'The nodes make it together. It has an address as soon as they are done.'});

    view.body.append(list.some(isReady) ? panel({narrow: true}, keyForm(vaultId, list, online, ctx.query.get('quorum')))
        : none({icon: 'shield', title: 'A key needs a Confirmed quorum', text: 'Create an MPC quorum of three Paired devices, and wait until all of them have joined.',
            action: btn('Create quorum', {kind: 'primary', href: '/controls/quorums/create', word: 'quorums.create'})}));
}
