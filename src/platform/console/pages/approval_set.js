// One thing that waits for approvals: what will happen, who decided what, and the two
// buttons for those who may press them.
import {get, may, put, session} from '../lib/api.js';
import {h} from '../lib/dom.js';
import {field, formDialog} from '../lib/form.js';
import {badge, banner, btn, by, code, countdown, describe, done, meter, panel, when} from './kit.js';
import {approvalState, chain, kindText, sentence} from './facts.js';
import {listOf, orElse} from './data.js';

const text = new TextEncoder();

export const statusOf = (set) => set.summary?.status ?? set.status ?? 'PENDING';
export const isPending = (set) => statusOf(set) === 'PENDING';

// What an object waits for (it names its open set), or, with {past}, what was decided
// about it among the newest sets; nothing for those who may not see approvals.
export async function setsOf(object, {signal, past = false} = {}) {
    if (!may('approvals.read')) {
        return [];
    }
    const open = object.approvalId ? await orElse(null, get(`/v2/approvals/${object.approvalId}`, {signal})) : null;

    if (open !== null || !past) {
        return open === null ? [] : [open];
    }
    return listOf(await orElse([], get('/v2/approvals', {signal})), 'approvals').filter((set) => set.summary?.sourceId === object.id);
}

// The panels of these sets on the object's own page.
export const setPanels = (sets, names, changed) => sets.map((set) => approvalView(set, {names, me: session()?.user?.id, changed, link: true}));
export const setKey = (sets) => JSON.stringify(sets.map((set) => [set.id, statusOf(set), set.canApprove, set.approvers]));

// SHA-256 of exactly what the platform will do: two people can compare it by voice.
async function payloadHash(raw) {
    const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', text.encode(raw ?? '')));

    return Array.from(hash, (b) => b.toString(16).padStart(2, '0')).join('');
}

function hashLine(set) {
    const box = h('span', {}, '…');

    payloadHash(set.summary?.sourceRaw).then((hex) => box.replaceChildren(code(hex, {inline: true, label: 'payload hash'})));
    return box;
}

function people(set) {
    return h('ul', {class: 'people'}, (set.approvers ?? []).map((a) => h('li', {},
        h('span', {class: 'people-name'}, a.name || a.userId), badge(approvalState(a.status)),
        h('span', {class: 'people-when'}, a.status === 'PROCESSING' ? null : when(a.at)),
        (a.reasons ?? []).length > 0 ? h('span', {class: 'hint people-why'}, a.reasons.join(' ')) : null)));
}

const rawOf = (set) => {
    try {
        return JSON.stringify(JSON.parse(set.summary.sourceRaw), null, 2);
    } catch {
        return set.summary?.sourceRaw ?? '';
    }
};

async function decide(set, status, reasons) {
    await put(`/v2/approvals/${set.id}`, {status, reasons});
    done(status === 'APPROVED' ? 'Approved.' : 'Rejected.');
}

async function ask(set, status, changed) {
    const yes = status === 'APPROVED';
    const did = await formDialog({title: yes ? 'Approve this?' : 'Reject this?', danger: !yes, submit: yes ? 'Approve' : 'Reject', text: set.title,
        fields: [field({name: 'reason', label: yes ? 'Note' : 'Reason', required: !yes, maxlength: 200, rows: 2,
            hint: 'Everybody who sees the request can read it; it goes into the audit log.'})],
        onsubmit: async (values) => {
            await decide(set, status, values.reason.trim() === '' ? [] : [values.reason.trim()]);
            return true;
        }});

    if (did) {
        await changed();
    }
}

function whyNot(set, me) {
    if (set.canApprove || !isPending(set)) {
        return null;
    }
    if (set.summary?.requestedBy === me) {
        return 'You asked for this: somebody else has to decide (the maker is not the checker).';
    }
    const own = (set.approvers ?? []).find((a) => a.userId === me);
    return own && own.status !== 'PROCESSING' ? `You have decided already: ${approvalState(own.status).text}.` : 'You are not one of the approvers of this.';
}

function buttons(set, me, changed) {
    const why = whyNot(set, me);

    if (!isPending(set)) {
        return null;
    }
    return why ? banner('info', why) : h('div', {class: 'actions'},
        btn('Approve', {kind: 'primary', icon: 'check', word: 'approvals.decide', onclick: () => ask(set, 'APPROVED', changed)}),
        btn('Reject', {kind: 'danger-quiet', icon: 'x', word: 'approvals.decide', onclick: () => ask(set, 'REJECTED', changed)}));
}

/* Lines of the platform, in the words of the other pages. */
const WORDED = {
    Wallet: (value) => ['Key', value],
    Blockchain: (value) => ['Blockchain', chain(value).name],
    Kind: (value) => ['Kind', kindText(value)],
    Fee: (value, on) => ['Fee, at most', `${value} ${chain(on).symbol}`.trim()],
    'Is that all': (value) => ['The summary says everything', badge(value === 'yes' ? {text: 'Yes', tone: 'good'} : {text: sentence(value), tone: 'warn'})],
};

function lines(list) {
    const on = list.find((l) => l.label === 'Blockchain')?.value;

    return list.map(({label, value}) => (Object.hasOwn(WORDED, label) ? WORDED[label](value, on) : [label, /^[0-9A-Za-z]{26,}$/.test(value) ? code(value, {inline: true, label}) : value]));
}

// {names, me, changed, link}; link: the title leads to the approval's own page.
export function approvalView(set, {names, me, changed, link = false}) {
    const s = set.summary ?? {};

    return panel({title: link ? set.title ?? sentence(s.sourceType) : 'What will happen', class: isPending(set) ? 'attention' : undefined, actions: link
        ? [badge(approvalState(statusOf(set))), btn('Open', {small: true, href: `/approvals/${set.id}`})] : undefined},
    (set.reasons ?? []).length > 0 ? banner('warn', set.reasons.join(' ')) : null,
    (set.lines ?? []).length > 0 ? describe(lines(set.lines)) : null,
    meter(s.currentApprovedCount ?? 0, s.requiredApproverCount ?? 1, `${s.currentApprovedCount ?? 0} of ${s.requiredApproverCount ?? 1} approvals`),
    people(set),
    describe([
        ['Requested by', set.requestedByName || by(names, s.requestedBy)],
        ['Requested', when(set.createdAt)],
        isPending(set) && s.expiresAt ? ['Time left', countdown(s.expiresAt, {over: 'expired'})] : null,
        s.sourceRaw && !(set.lines ?? []).some((l) => l.label.startsWith('SHA-256')) ? ['Payload hash', hashLine(set)] : null,
    ]),
    buttons(set, me, changed),
    s.sourceRaw ? h('details', {class: 'help'}, h('summary', {}, 'Exactly what is approved'), code(rawOf(set), {label: 'Payload'})) : null);
}
