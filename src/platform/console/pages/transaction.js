// One signing request: what it does, how it went, and the signatures.
import {get, may, put, session} from '../lib/api.js';
import {h, replace} from '../lib/dom.js';
import {field, formDialog, sentence} from '../lib/form.js';
import {groups, words as sentenceOf} from '../lib/format.js';
import {timeline} from '../lib/ui.js';
import {badge, banner, btn, by, checkList, code, countdown, describe, done, page, panel, wait, when} from './kit.js';
import {chain, isFinal, kindText, reason, txStatus} from './facts.js';
import {setKey, setPanels, setsOf} from './approval_set.js';
import {keyHref, keyPath, orElse, people, someDevices} from './data.js';

/* ---- timeline ------------------------------------------------------------------------------ */

const STEP_TEXT = {
    REQUESTED: 'Requested', POLICY_CHECK_PENDING: 'Policy check', POLICY_CHECK_PASSED: 'Policy check passed', SIGNATURE_PENDING: 'Offered to two nodes',
    NOT_ENOUGH_SIGNERS: 'Waits for two nodes', SIGNED: 'Signed', FAILED: 'Failed', LATE_SIGNATURE: 'A signature came too late', ACCEPTED: 'Accepted the request',
    APPROVED: 'Approved the request', ROUND_1: 'Round 1', ROUND_2: 'Round 2', ROUND_3: 'Round 3',
};
const GOOD = ['SIGNED', 'POLICY_CHECK_PASSED', 'APPROVAL_CHECK_PASSED', 'ACCEPTED', 'APPROVED', 'ROUND_1', 'ROUND_2', 'ROUND_3', 'DONE'];
const PLAIN = ['REQUESTED', 'SIGNATURE_PENDING', 'POLICY_CHECK_PENDING'];

const isBad = (step) => /FAIL|REFUS|REJECT|TIMEOUT|INVALID|EXPIRED|LOST|CHEAT|ABORT|MISMATCH|EQUIVOC|RECEIPT$|LATE/.test(step) && !GOOD.includes(step);

function namer(members, byDevice) {
    return (player) => byDevice.get(members.find((m) => m.playerId === player)?.deviceId)?.displayName ?? `node ${player}`;
}

// "players 1 and 2" with the names that people gave them.
const named = (text, name) => String(text ?? '').replaceAll(/\b(players?|members?) (\d)(?: and (\d))?/g, (all, word, a, b) =>
    `${name(Number(a))}${b ? ` and ${name(Number(b))}` : ''}`);

function history(entries, name, tx) {
    const items = entries.map((e) => ({
        at: h('time', {datetime: e.at, title: new Date(e.at).toString()}, new Date(e.at).toLocaleTimeString('en-GB', {hour12: false}) + '.' + e.at.slice(20, 23)),
        title: h('span', {}, e.playerId === 0 ? null : h('span', {class: 'who'}, name(e.playerId)), STEP_TEXT[e.step] ?? sentenceOf(e.step)),
        text: named(e.text, name).replace(/ \([A-Z_]+\)$/, ''), // the constant is for programs
        state: isBad(e.step) ? 'bad' : GOOD.includes(e.step) ? 'ok' : PLAIN.includes(e.step) ? '' : 'active',
    }));

    return panel({title: 'Timeline'}, timeline(items), isFinal(tx) ? null : wait('Goes on by itself'));
}

/* ---- what it does ------------------------------------------------------------------------------- */

const sum = (qty, asset) => `${groups(qty)} ${asset?.symbol ?? ''}`.trim();

function meaning(tx, w) {
    return panel({title: 'What it does'}, h('p', {class: 'summary'}, tx.summary || kindText(tx.kind)),
        tx.summaryIsComplete !== true ? banner('warn', 'The summary does not say everything', 'The payload does more than could be decoded.') : null,
        describe([
            ['From', code(tx.originAddress, {inline: true, label: 'origin'})],
            tx.destinationAddress ? ['To', code(tx.destinationAddress, {inline: true, label: 'destination'})] : null,
            tx.qty && tx.qty !== '0' ? ['Amount', h('strong', {}, sum(tx.qty, tx.asset))] : null,
            tx.feeQty ? ['Fee, at most', sum(tx.feeQty, tx.feeAsset)] : null,
            tx.sequence ? ['Sequence', tx.sequence] : null,
            ['Key', h('a', {href: keyHref(w)}, w.name)],
            ['Blockchain', chain(tx.blockchain).name],
            tx.derivationPath ? ['Derivation path', h('span', {class: 'mono'}, tx.derivationPath)] : null,
        ]));
}

function details(tx, names, name) {
    return panel({title: 'Details'}, describe([
        ['Kind', kindText(tx.kind)],
        ['Requested', h('span', {}, when(tx.createdAt), ' by ', by(names, tx.createdBy))],
        tx.attempt ? ['Attempt', tx.attempt] : null,
        tx.signers ? ['Signers', tx.signers.map(name).join(' and ')] : null,
        tx.externalId ? ['External ID', tx.externalId] : null,
        tx.correlationId ? ['Correlation ID', tx.correlationId] : null,
        ['Transaction ID', code(tx.id, {inline: true, label: 'Transaction ID'})],
    ]), h('details', {class: 'help'}, h('summary', {}, 'What was signed'), code(tx.encodedTransaction ?? tx.signingHash ?? '', {label: 'Payload', wrap: true}),
        tx.signingHash ? code(tx.signingHash, {label: `Signing hash${tx.hashAlgorithm && tx.hashAlgorithm !== 'none' ? ` (${tx.hashAlgorithm})` : ''}`, wrap: true}) : null));
}

/* ---- signatures ------------------------------------------------------------------------------------ */

async function checks(tx, w, members, name) {
    const [proof, {checkRequest}] = await Promise.all([may('audit.read') ? orElse(null, get(`${keyPath(w)}/receipts`)) : null, import('../lib/verify.js')]);

    const rows = await checkRequest({tx, wallet: w, members, keyId: proof?.keyId ?? null});

    return rows.map((r) => ({...r, text: r.text.replace(/^Node (\d)/, (all, player) => name(Number(player)))}));
}

function signatures(tx, w, members, name) {
    const parts = (tx.signingPayloads ?? []).filter((p) => p.signature);
    const box = h('div', {'aria-live': 'polite'}, wait('Checking'));

    if (parts.length === 0) {
        return null;
    }
    checks(tx, w, members, name).then((rows) => replace(box, rows.some((r) => r.ok === false)
        ? banner('bad', 'Something does not fit: do not use this signature', 'Tell your security team, and keep this page.') : null, checkList(rows)), (err) => replace(box, banner('warn', 'The signatures could not be checked here', err.message)));
    return panel({title: parts.length === 1 ? 'Signature' : `${parts.length} signatures`},
        tx.signedTransaction ? [code(tx.signedTransaction, {label: 'Signed transaction, ready to publish', wrap: true, copyLabel: 'Copy signed transaction'}),
            tx.hash ? describe([['Transaction hash', code(tx.hash, {inline: true})]]) : null] : null,
        tx.finalSignature && tx.finalSignature !== tx.signature ? code(tx.finalSignature, {label: 'Signature, as verifiers of this blockchain take it', wrap: true}) : null,
        parts.slice(0, 20).map((p) => code(p.signature, {label: parts.length === 1 ? 'Signature' : `Signature of input ${p.inputIndex}`, wrap: true, copyLabel: 'Copy signature'})),
        parts.length > 20 ? h('p', {class: 'hint'}, `The other ${parts.length - 20} are in the API’s answer.`) : null,
        h('h3', {}, 'Checked by this browser'), box);
}

/* ---- state ------------------------------------------------------------------------------------------- */

function stateBanner(tx) {
    const lines = (tx.reasons ?? []).map(reason);
    const more = h('span', {}, lines.map((r) => h('span', {class: 'line'}, sentence(r.text || sentenceOf(r.code)))));

    if (tx.freezeInfo?.isFrozen) {
        return banner('warn', 'This request is frozen', 'It is not signed until somebody else than who asked for it unfreezes it.');
    }
    if (tx.status === 'FAILED' || tx.status === 'REJECTED') {
        return banner('bad', tx.status === 'FAILED' ? 'This request failed' : 'This request was rejected', more);
    }
    if (!isFinal(tx)) {
        return banner('info', lines.some((r) => r.code === 'NOT_ENOUGH_SIGNERS') ? 'Waits for two nodes' : tx.status === 'SIGNATURE_PENDING' ? 'Two nodes are signing'
            : txStatus(tx.status).text,
            h('span', {}, more, tx.expiresAt ? ['Time left: ', countdown(tx.expiresAt, {over: 'none'}), '.'] : null));
    }
    return lines.length > 0 ? banner('warn', 'Note', more) : null;
}

function freezing(tx, w, changed) {
    const frozen = tx.freezeInfo?.isFrozen, word = frozen ? 'Unfreeze' : 'Freeze';
    const act = async () => {
        const did = await formDialog({title: `${word} this request?`, submit: word, text: frozen ? 'It goes on to be signed at once.'
            : 'It is not signed until somebody else unfreezes it, and fails after a day. A signature that exists already cannot be called back.',
        fields: [field({name: 'reason', label: 'Reason', maxlength: 200})],
        onsubmit: async (v) => {
            await put(`${keyPath(w)}/transactions/${tx.id}/${word.toLowerCase()}${v.reason.trim() ? `?reason=${encodeURIComponent(v.reason.trim())}` : ''}`, {});
            return true;
        }});

        if (did) {
            done(frozen ? 'The request goes on.' : 'The request is frozen.');
            await changed();
        }
    };

    return isFinal(tx) ? null : btn(word, {icon: frozen ? 'play' : 'lock', onclick: act, word: 'transactions.freeze',
        disabled: frozen && tx.createdBy === session()?.user?.id ? 'You asked for this request: somebody else has to unfreeze it.' : false});
}

const BY_ITSELF = {FREEZE_TYPE_AUTO_WALLET_SETTING: 'by the settings of the key'};

function freezes(tx, names) {
    const list = tx.freezeInfo?.history ?? [];

    return list.length === 0 ? null : panel({title: 'Freezes'}, timeline(list.map((e) => ({
        at: when(e.performedAt), text: e.reason || null,
        title: h('span', {}, e.action === 'FREEZE_ACTION_FREEZE' ? 'Frozen ' : 'Unfrozen ', BY_ITSELF[e.freezeType] ?? h('span', {}, 'by ', by(names, e.userId)))}))));
}

/* ---- page -------------------------------------------------------------------------------------------- */

async function context(ctx, w) {
    const [members, names] = await Promise.all([orElse([], get(`/v2/mpc/memberships/${w.quorumId}`, ctx)), people(ctx)]);

    return {members, names, name: namer(members, await someDevices(members.map((m) => m.deviceId), ctx))};
}

export default async function transactionPage(ctx) {
    const {vaultId, walletId, transactionId} = ctx.params;
    const w = await get(`/v2/vaults/${vaultId}/wallets/${walletId}`, {signal: ctx.signal});
    const path = `${keyPath(w)}/transactions/${transactionId}`;
    const view = page(ctx, {title: 'Transaction', crumbs: [['Transactions', '/transactions']]});
    const {members, names, name} = await context({signal: ctx.signal}, w);

    const read = async (signal) => {
        const [tx, steps] = await Promise.all([get(path, {signal}), may('audit.read') ? orElse({entries: []}, get(`${path}/timeline`, {signal})) : {entries: []}]);
        const sets = await setsOf(tx, {signal, past: isFinal(tx)}), changed = () => read(ctx.signal);

        view.title(`${kindText(tx.kind)} on ${chain(tx.blockchain).name}`, h('span', {class: 'badges'}, badge(txStatus(tx.status)),
            tx.freezeInfo?.isFrozen ? badge({text: 'Frozen', tone: 'warn'}) : null));
        view.actions([freezing(tx, w, changed)]);
        view.show('state', stateBanner(tx));
        view.showOnce('approvals', setKey(sets), () => setPanels(sets, names, changed));
        view.show('meaning', meaning(tx, w));
        view.showOnce('signatures', `${tx.status} ${tx.signingPayloads?.length} ${tx.receipts?.length}`, () => signatures(tx, w, members, name));
        view.show('timeline', steps.entries.length > 0 ? history(steps.entries, name, tx)
            : may('audit.read') ? null : panel({title: 'Timeline'}, banner('info', 'Your role may not read timelines', 'Owners, administrators and auditors can.')));
        view.show('freezes', freezes(tx, names));
        view.show('details', details(tx, names, name));
        return !isFinal(tx);
    };

    await view.refresh(['transaction', 'approval'], read);
}
