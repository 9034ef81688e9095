// Controls, Approval groups: for each kind of change, who decides, how many, how long.
import {get, may, put} from '../lib/api.js';
import {h, replace} from '../lib/dom.js';
import {plural} from '../lib/format.js';
import {badge, banner, button, card, choice, confirm, empty, field, formDialog, page as frame, select, toast} from '../lib/ui.js';

const SOURCES = [
    {id: 'TRANSACTION', title: 'Transactions', text: 'A signature is made when enough have agreed. A key may have a group of its own.'},
    {id: 'DEVICE', title: 'Devices', text: 'Approving a device that waits.'},
    {id: 'QUORUM', title: 'MPC quorums', text: 'Creating a quorum.'},
    {id: 'WALLET', title: 'Keys', text: 'Creating a key.'},
    {id: 'POLICY', title: 'Policies', text: 'Limits and the allow list of keys.'},
    {id: 'ADDRESS', title: 'Addresses', text: 'New addresses of the address book.'},
    {id: 'API_CREDENTIAL', title: 'API credentials', text: 'Creating, enabling, changing rights.'},
    {id: 'USER', title: 'Users', text: 'Inviting, blocking, changing roles.'},
    {id: 'APPROVAL_GROUP', title: 'Approval groups', text: 'Changing these groups. Owners decide.'},
];
const TIMES = [['300', '5 minutes'], ['1800', '30 minutes'], ['3600', '1 hour'], ['14400', '4 hours'], ['43200', '12 hours'], ['86400', '24 hours']];

function duration(seconds) {
    return TIMES.find(([s]) => Number(s) === seconds)?.[1] ?? (seconds % 3600 === 0 ? plural(seconds / 3600, 'hour') : plural(Math.round(seconds / 60), 'minute'));
}

export default async function page({el, live, signal}) {
    const draw = async () => {
        let groups;

        try {
            groups = (await get('/v2/approvers', {signal})).approvalGroups ?? [];
        } catch (err) {
            if (!err.isMissing) {
                throw err;
            }
            replace(el, frame({title: 'Approval groups'}, empty({icon: 'users', title: 'This platform has no approval groups', text: 'Nothing waits for approval here.'})));
            return;
        }
        replace(el, frame({title: 'Approval groups', text: 'Nobody approves what they asked for themselves. A change without a group takes effect at once.'},
            groups.some((g) => (g.approvers ?? []).length > 0) ? null : banner('info', 'Nothing waits for approval yet. Set a group where two pairs of eyes are wanted, for example for transactions and devices.'),
            h('div', {class: 'grid-2'}, SOURCES.map((s) => view(s, groups.find((g) => g.sourceType === s.id && g.scope !== 'WALLET'), draw))),
            walletGroups(groups.filter((g) => g.scope === 'WALLET'))));
    };

    await draw();
    live.on('approval', () => draw().catch(() => {}));
}

function names(g) {
    return (g.approverNames ?? (g.approvers ?? []).map((id) => ({userId: id, name: id}))).map((a) => h('span', {class: 'tag'}, a.name || a.userId));
}

const above = (t) => `only above ${t.qty} ${t.symbol}${t.contract ? ` of ${t.contract}` : ''}${t.feeQty ? `, or with a fee above ${t.feeQty}` : ''}`;
const warnings = (g) => (g.warnings ?? []).map((text) => banner('warn', text));

function view(source, g, draw) {
    const on = (g?.approvers ?? []).length > 0;
    const actions = may('approval-groups.manage') ? [button(on ? 'Change' : 'Set up', {small: true, onclick: () => edit(source, g, draw)}),
        on ? button('Remove', {small: true, kind: 'ghost', onclick: () => remove(source, draw)}) : null] : null;

    return card({title: source.title, text: source.text, actions},
        g?.approvalId ? banner('warn', 'A change of this group waits for approval.', h('a', {href: `/approvals/${g.approvalId}`}, 'See it')) : null,
        on ? [h('div', {class: 'row'}, badge('ok', `${g.requiredApproverCount} of ${g.approvers.length}`), h('span', {class: 'muted'}, `within ${duration(g.timeoutSeconds ?? 86400)}`),
            g.threshold ? h('span', {class: 'muted'}, above(g.threshold)) : null),
        h('div', {class: 'tags'}, names(g)), warnings(g)] : h('div', null, badge('off', 'No approval needed')));
}

function walletGroups(groups) {
    return groups.length === 0 ? null : card({title: 'Keys with a group of their own'}, h('ul', {class: 'stack-s'}, groups.map((g) => h('li', {class: 'between'},
        h('span', {class: 'mono'}, g.walletId), h('span', {class: 'row'}, badge('ok', `${g.requiredApproverCount} of ${g.approvers.length}`), names(g)), warnings(g)))));
}

async function edit(source, g, draw) {
    const list = await get('/v2/approvers/eligible');
    const eligible = (Array.isArray(list) ? list : list.eligibleApprovers ?? []).filter((u) => source.id !== 'APPROVAL_GROUP' || u.isOwner);
    const count = field({name: 'requiredApproverCount', label: 'How many have to agree', type: 'number', min: 1, max: 20, required: true, value: String(g?.requiredApproverCount || 1)});
    const isTx = source.id === 'TRANSACTION';
    const answer = await formDialog({title: `Approval of ${source.title.toLowerCase()}`, wide: true, submit: 'Save', text: 'Who asks for a change cannot approve it: choose one more than have to agree.', fields: [
        eligible.length === 0 ? banner('warn', 'Nobody is eligible: invite users with the role approver, administrator or owner.') : null,
        choice({name: 'approvers', legend: 'Approvers', multiple: true, value: g?.approvers ?? [], options: eligible.map((u) => ({value: u.userId, title: u.name || u.userId, text: u.isOwner ? 'Owner' : null}))}),
        count,
        select({name: 'timeoutSeconds', label: 'Time to decide', options: TIMES, value: String(g?.timeoutSeconds ?? 86400)}),
        isTx ? field({name: 'qty', label: 'Only above', inputmode: 'decimal', value: g?.threshold?.qty ?? '', hint: 'Empty: every transaction. A transaction whose amount is not known needs approval in any case.'}) : null,
        isTx ? field({name: 'symbol', label: 'of', value: g?.threshold?.symbol ?? '', maxlength: 32, hint: 'The asset, for example SOL or ETH.'}) : null,
        isTx ? field({name: 'contract', label: 'Contract of a token', value: g?.threshold?.contract ?? '', maxlength: 128, hint: 'Its contract or mint; empty for the native asset.'}) : null,
        isTx ? field({name: 'feeQty', label: 'Or with a fee above', inputmode: 'decimal', value: g?.threshold?.feeQty ?? '', hint: 'In the native asset. A token needs it: what is paid says nothing about the fee. Empty for the native asset: as much as above.'}) : null,
    ], async onsubmit(v) {
        const body = {sourceType: source.id, approvers: v.approvers, requiredApproverCount: Number(v.requiredApproverCount), timeoutSeconds: Number(v.timeoutSeconds)};
        if (v.approvers.length < body.requiredApproverCount) {
            throw Object.assign(new Error(''), {details: [{field: 'requiredApproverCount', reason: `you chose ${plural(v.approvers.length, 'approver')}`}]});
        }
        if (v.qty || v.contract || v.feeQty) { // one that is not whole: the server says what is missing
            body.threshold = {symbol: v.symbol, qty: v.qty, ...v.contract ? {contract: v.contract.trim()} : {}, ...v.feeQty ? {feeQty: v.feeQty} : {}};
        }
        return put('/v2/approvers', body);
    }});

    if (answer) {
        toast(answer.approvalId ? 'The change waits for approval' : 'The group was saved');
        await draw();
    }
}

async function remove(source, draw) {
    if (await confirm({title: `Remove the group for ${source.title.toLowerCase()}?`, text: 'These changes then take effect at once, without anybody’s approval.', action: 'Remove', danger: true})) {
        const answer = await put('/v2/approvers', {sourceType: source.id, approvers: [], requiredApproverCount: 0});
        toast(answer?.approvalId ? 'The removal waits for approval' : 'The group was removed');
        await draw();
    }
}
