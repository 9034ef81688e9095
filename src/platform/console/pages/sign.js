// Request a signature: what is signed, a preview of what it does, then the request.
import {get, may, post} from '../lib/api.js';
import {h, replace} from '../lib/dom.js';
import {choice, field, form} from '../lib/form.js';
import {groups} from '../lib/format.js';
import {navigate} from '../lib/router.js';
import {banner, btn, checkList, code, describe, none, page, panel, stepBar} from './kit.js';
import {chain} from './facts.js';
import {isMissing, keyHref, keyPath, orElse, txHref} from './data.js';

const STEPS = ['What to sign', 'Review', 'Signatures'];

/* ---- kinds: what each takes, and when it cannot be used --------------------------------------- */

const hexOnly = (text) => text.replaceAll(/\s+/g, '').replace(/^0x/i, '');

const KINDS = [
    {id: 'raw', title: 'Transaction', word: 'transactions.raw', end: 'raw', text: 'A transaction that is built already, as hexadecimal. You see what it does before you ask.',
        off: (w) => (w.settings.rawSigningEnabled ? null : 'Raw signing is off for this key: switch it on in its settings.'),
        field: () => field({name: 'payload', label: 'Encoded transaction', rows: 7, mono: true, required: true, hint: 'Hexadecimal, not signed yet; PSBT for Bitcoin. A leading 0x and line breaks are taken away.'}),
        body: (v) => ({encodedTransaction: hexOnly(v), signOnly: true}), preview: (v) => ({kind: 'raw', encodedTransaction: hexOnly(v)})},
    {id: 'plaintext', title: 'Message', word: 'transactions.plaintext', end: 'sign-plaintext', text: 'A text, such as a proof that you control the address. It is prefixed, so it can never be a transaction.',
        off: (w) => (chain(w.blockchain).text ? null : `Messages are not signed for ${chain(w.blockchain).name}.`),
        field: () => field({name: 'payload', label: 'Message', rows: 5, required: true, hint: 'Signed exactly as it stands here, line breaks too.'}),
        body: (v) => ({message: v}), preview: (v) => ({kind: 'plaintext', message: v})},
    {id: 'typed-data', title: 'Typed data', word: 'transactions.typed-data', end: 'sign-typed-data', text: 'An EIP-712 document as JSON. It may give assets away: read the preview.',
        off: (w) => (chain(w.blockchain).typed ? null : 'Typed data is for EVM blockchains.'),
        field: () => field({name: 'payload', label: 'EIP-712 document', rows: 9, mono: true, required: true, hint: 'JSON with domain, types, primaryType and message.'}),
        body: (v) => ({typedData: v}), preview: (v) => ({kind: 'typed-data', typedData: v})},
    {id: 'digest', title: 'Digest, blindly', word: 'transactions.digest', end: 'sign-digest', text: 'Dangerous: 32 bytes of which nobody can see what they do.',
        off: (w) => (w.settings.blindSigningEnabled ? null : 'Blind signing is off for this key, and should be.'),
        field: () => field({name: 'payload', label: 'Digest', mono: true, required: true, maxlength: 66, hint: '32 bytes in hexadecimal.'}),
        body: (v) => ({digest: hexOnly(v)}), preview: null},
];

const why = (kind, w) => (may(kind.word) ? kind.off(w) : 'Your role may not request this kind of signature.');

/* ---- preview ---------------------------------------------------------------------------------- */

async function previewOf(w, kind, draft) {
    if (!kind.preview) {
        return null;
    }
    try {
        return await post(`${keyPath(w)}/transactions/preview`, {...kind.preview(draft.payload), ...draft.path});
    } catch (err) {
        if (isMissing(err)) {
            return null; // a platform without previews: the request itself is checked all the same
        }
        throw Object.assign(err, {details: (err.details ?? []).map((d) => ({...d,
            field: ['encodedTransaction', 'message', 'typedData'].includes(d.field) ? 'payload' : d.field}))});
    }
}

const sum = (qty, asset) => (qty === undefined || qty === null || qty === '' ? null : `${groups(qty)} ${asset?.symbol ?? ''}`.trim());

function rows(w, p) {
    return describe([
        ['From', code(p.originAddress ?? w.address, {inline: true})],
        p.destinationAddress ? ['To', code(p.destinationAddress, {inline: true})] : null,
        p.qty && p.qty !== '0' ? ['Amount', h('strong', {}, sum(p.qty, p.asset))] : null,
        p.feeQty ? ['Fee, at most', sum(p.feeQty, p.feeAsset ?? p.asset)] : null,
        p.sequence ? ['Sequence', p.sequence] : null,
        p.transactionType ? ['Type', p.transactionType] : null,
        ...(p.signingHashes ?? []).slice(0, 4).map((x, i, all) => [all.length > 1 ? `Signing hash ${i + 1}` : 'Signing hash',
            code(typeof x === 'string' ? x : x.signingHash, {inline: true})]),
    ]);
}

function previewView(w, p) {
    return [
        h('p', {class: 'summary'}, p.summary),
        p.approvalRequired ? banner('info', 'It will wait for approval', 'An approval group decides before the nodes are asked.') : null,
        (p.warnings ?? []).length > 0 ? h('div', {class: 'stack-s'}, p.warnings.map((x) => banner('warn', typeof x === 'string' ? x : x.text ?? x.message))) : null,
        p.summaryIsComplete !== true ? banner('warn', 'The summary does not say everything',
            'This payload does more than could be decoded. Only ask for the signature if you know from elsewhere what it does.')
            : checkList([{ok: true, text: 'The summary says everything that this payload does', detail: 'Decoded by the platform; each node decodes it again before it signs.'}]),
        rows(w, p),
    ];
}

function blind(kind, draft) {
    return kind.id === 'digest'
        ? [banner('bad', 'Nobody can see what this digest does', 'It may be a transaction that moves everything this key holds. Go on only if you made it yourself.'),
            code(hexOnly(draft.payload), {label: 'Digest', wrap: true})]
        : [banner('info', 'No preview here', 'The platform and the nodes decode the payload when the request is made, and refuse what they do not understand.'),
            code(draft.payload, {label: kind.title, wrap: true})];
}

/* ---- page ---------------------------------------------------------------------------------------- */

async function request(w, kind, draft) {
    const tx = await post(`${keyPath(w)}/transactions/${kind.end}`, {...kind.body(draft.payload), ...draft.path}, {once: true});

    navigate(txHref({vaultId: w.vaultId, walletId: w.id, ...tx}), {replace: true});
}

function review(w, kind, draft, p, back) {
    return panel({title: 'Review'}, p ? previewView(w, p) : blind(kind, draft),
        draft.path.derivationPath ? describe([['Derivation path', h('span', {class: 'mono'}, draft.path.derivationPath)]]) : null,
        form({fields: [], wide: true, submit: 'Request signature', danger: kind.id === 'digest', extra: btn('Back', {onclick: back}),
            onsubmit: () => request(w, kind, draft)}));
}

function input(w, draft, next) {
    const box = h('div', {class: 'form-part'});
    const usable = KINDS.filter((k) => why(k, w) === null);
    const kinds = choice({name: 'kind', legend: 'Kind', value: draft.kind, options: KINDS.map((k) => ({value: k.id, title: k.title,
        text: why(k, w) ?? k.text, disabled: why(k, w) !== null})), onchange: () => draw(kinds.read())});
    const draw = (id) => {
        const f = KINDS.find((k) => k.id === id).field();

        f.control.value = id === draft.kind ? draft.payload : '';
        replace(box, f);
    };
    const path = w.keyAlgorithm === 'SECP256K1' ? field({name: 'derivationPath', label: 'Derivation path', mono: true, value: draft.path.derivationPath ?? '',
        placeholder: 'm/0/5', hint: 'Only to sign with a derived address.'}) : null;

    draft.kind = usable.some((k) => k.id === draft.kind) ? draft.kind : usable[0].id;
    kinds.inputs.forEach((i) => { i.checked = i.value === draft.kind; });
    draw(draft.kind);
    return panel({title: 'What to sign'}, form({fields: [kinds, box, path], wide: true, submit: 'Preview', cancel: keyHref(w), onsubmit: async (values) => {
        Object.assign(draft, {kind: values.kind, payload: values.payload, path: values.derivationPath ? {derivationPath: values.derivationPath.trim()} : {}});
        const kind = KINDS.find((k) => k.id === draft.kind);
        next(kind, await previewOf(w, kind, draft));
    }}));
}

function notPossible(w) {
    if (w.status !== 'PROVISIONED' || !w.settings?.enabled) {
        return none({icon: 'key', title: 'This key cannot sign now', action: btn('Go to the key', {kind: 'primary', href: keyHref(w)}),
            text: w.status === 'PROVISIONED' ? 'It is not enabled: enable it in its settings.' : 'It is not provisioned: wait until its address appears.'});
    }
    return KINDS.some((k) => why(k, w) === null) ? null
        : none({icon: 'lock', title: 'Nothing can be signed with it', text: KINDS.map((k) => `${k.title}: ${why(k, w)}`).join(' '),
            action: btn('Go to the key', {kind: 'primary', href: keyHref(w)})});
}

export default async function signPage(ctx) {
    const {vaultId, walletId} = ctx.params;
    const [w, vault] = await Promise.all([get(`/v2/vaults/${vaultId}/wallets/${walletId}`, ctx), orElse({name: 'Vault'}, get(`/v2/vaults/${vaultId}`, ctx))]);
    const view = page(ctx, {title: 'Sign', crumbs: [['Vaults', '/vaults'], [vault.name, `/vaults/${vaultId}`], [w.name, keyHref(w)]],
        lead: `With “${w.name}” on ${chain(w.blockchain).name}. Nothing is broadcast: you get the signature, and publish it yourself.`});
    const box = h('div', {class: 'stack'}), no = notPossible(w);
    const path = ctx.query.get('path');
    const draft = {kind: ctx.query.get('kind') ?? 'raw', payload: '', path: path ? {derivationPath: path} : {}};

    // The focus goes to the heading, never to the button: a second Enter must not ask for
    // what nobody has read.
    const show = (step, node, isFirst = false) => {
        const head = node.querySelector('h2');

        replace(box, stepBar(STEPS, step), node);
        if (!isFirst && head !== null) {
            head.tabIndex = -1;
            head.focus();
        }
    };
    const ask = (isFirst) => show(0, input(w, draft, (kind, p) => show(1, review(w, kind, draft, p, () => ask(false)))), isFirst);

    view.body.append(no ?? box);
    if (!no) {
        ask(true);
    }
}
