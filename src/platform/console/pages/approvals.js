// Approvals: what waits for a decision, and what was decided.
import {get, session} from '../lib/api.js';
import {h} from '../lib/dom.js';
import {tabs} from '../lib/ui.js';
import {badge, banner, btn, countdown, grid, none, page, when} from './kit.js';
import {approvalView, isPending, statusOf} from './approval_set.js';
import {approvalState, sentence} from './facts.js';
import {isMissing, listOf, people} from './data.js';

const me = () => session()?.user?.id;

const href = (set) => `/approvals/${set.id}`;
const what = (set) => set.title ?? sentence(set.summary?.sourceType);

function columns(isOpen) {
    return [
        {title: 'What is asked', cell: what},
        {title: 'Requested by', cell: (s) => s.requestedByName || '–', wide: true},
        {title: 'Approvals', cell: (s) => `${s.summary?.currentApprovedCount ?? 0} of ${s.summary?.requiredApproverCount ?? 1}`},
        isOpen ? {title: 'Time left', cell: (s) => countdown(s.summary.expiresAt, {over: 'expired'})} : {title: 'When', cell: (s) => when(s.updatedAt ?? s.createdAt)},
        isOpen ? {title: 'Your part', cell: (s) => (s.canApprove ? badge({text: 'Decide', tone: 'warn'})
            : s.summary?.requestedBy === me() ? badge({text: 'Your request', tone: 'neutral'}) : badge({text: 'Others decide', tone: 'neutral'}))}
            : {title: 'Result', cell: (s) => badge(approvalState(statusOf(s)))},
    ];
}

function inbox(list) {
    const open = list.filter(isPending).sort((a, b) => Number(b.canApprove) - Number(a.canApprove) || String(a.createdAt).localeCompare(b.createdAt));

    return grid({caption: 'What waits for approval', columns: columns(true), rows: open, href,
        empty: none({icon: 'inbox', title: 'Nothing waits', text: 'What needs approval appears here. Approval groups say what does: they are set up under Controls.',
            action: btn('Approval groups', {href: '/controls/groups'})})});
}

const decided = (list) => grid({caption: 'What was decided', columns: columns(false), href,
    rows: list.filter((s) => !isPending(s)).sort((a, b) => String(b.updatedAt).localeCompare(a.updatedAt)).slice(0, 200),
    empty: none({icon: 'inbox', title: 'Nothing was decided yet'})});

async function one(ctx, view) {
    const names = await people(ctx);
    const read = async (signal) => {
        const set = await get(`/v2/approvals/${ctx.params.approvalId}`, {signal});

        view.title(what(set), badge(approvalState(statusOf(set))));
        view.showOnce('set', JSON.stringify([set.approvers, set.summary?.status, set.canApprove]), () => approvalView(set, {names, me: me(), changed: () => read(ctx.signal)}));
        view.show('source', set.summary?.sourceType === 'DEVICE' ? h('p', {}, h('a', {href: `/devices/${set.summary.sourceId}`}, 'Go to the device'))
            : set.summary?.sourceType === 'QUORUM' ? h('p', {}, h('a', {href: `/controls/quorums/${set.summary.sourceId}`}, 'Go to the quorum')) : null);
    };

    await view.refresh(['approval'], read);
}

const MOST = 200; // of a list that names no page

// What waits has a list of its own: the newest of all may all be decided.
async function both(signal) {
    const [open, all] = await Promise.all([get('/v2/approvals?status=PENDING', {signal}), get('/v2/approvals', {signal})]);

    return [...listOf(open, 'approvals').filter(isPending), ...listOf(all, 'approvals').filter((set) => !isPending(set))];
}

export default async function approvalsPage(ctx) {
    if (ctx.params.approvalId) {
        await one(ctx, page(ctx, {title: 'Approval', crumbs: [['Approvals', '/approvals']]}));
        return;
    }
    const view = page(ctx, {title: 'Approvals', lead: 'Nobody decides about what they asked for themselves.'});
    let tab = 'open';

    await view.refresh(['approval'], async (signal) => {
        let list;

        try {
            list = await both(signal);
        } catch (err) {
            if (!isMissing(err)) {
                throw err;
            }
            view.show('list', banner('info', 'This platform has no approvals', 'Everything takes effect at once.'));
            return false;
        }
        view.show('more', list.filter(isPending).length < MOST ? null : banner('warn', `Only the newest ${MOST} that wait are shown`,
            'Older ones are on the pages of what they are about. Decide some of these, and more appear.'));
        view.showOnce('list', JSON.stringify(list.map((s) => [s.id, statusOf(s), s.summary?.currentApprovedCount, s.canApprove])), () => tabs([
            {id: 'open', label: `Waiting (${list.filter(isPending).length})`, render: () => { tab = 'open'; return inbox(list); }},
            {id: 'decided', label: 'Decided', render: () => { tab = 'decided'; return decided(list); }},
        ], tab));
        return false;
    });
}
