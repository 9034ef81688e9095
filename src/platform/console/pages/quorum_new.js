// Create quorum, step by step: type, name and description, three devices, required
// signatures, review.
import {post} from '../lib/api.js';
import {h, replace} from '../lib/dom.js';
import {choice, field, form, select} from '../lib/form.js';
import {navigate} from '../lib/router.js';
import {banner, btn, describe, none, page, panel, stepBar, wordsShort} from './kit.js';
import {arrayPages, devices} from './data.js';

const STEPS = ['Type', 'Name', 'Devices', 'Signatures', 'Review'];
const NEEDED = 3, SHOWN = 40;

// Only these can be members.
export const isUsable = (d) => d.statusText === 'Paired' && !d.deleted;

function typeStep(draft) {
    return [choice({name: 'type', legend: 'Quorum type', value: draft.type, options: [
        {value: 'QUORUM_TYPE_CLOUD', title: 'Cloud Sign', text: 'All members are CloudSign nodes, which join and sign by themselves.'}]})];
}

function nameStep(draft) {
    return [
        field({name: 'name', label: 'Name', required: true, maxlength: 50, value: draft.name, placeholder: 'Treasury'}),
        field({name: 'description', label: 'Description', maxlength: 250, rows: 3, value: draft.description,
            placeholder: 'What this quorum signs for'}),
    ];
}

function deviceChoice(draft, offered) {
    return choice({name: 'deviceIds', legend: 'Devices', hint: `Choose ${NEEDED}. They should run in different places, so that one accident takes one.`,
        multiple: true, value: draft.deviceIds, options: offered.map((d) => ({value: d.id, title: d.displayName, disabled: !isUsable(d),
            text: isUsable(d) ? `${d.connectionStatus === 'ONLINE' ? 'Online' : 'Offline: it must run to join'} · ${wordsShort(d.words)}`
                : `${d.statusText}: only Paired devices can be members`}))});
}

const usableFirst = (list) => [...list].sort((a, b) => isUsable(b) - isUsable(a));

// As many as are shown: those that are chosen, then the newest that can be members; in the
// order in which they were added, but those first that can be.
export function shownOf(chosen, offered) {
    const others = usableFirst(offered.filter((d) => !chosen.some((c) => c.id === d.id)));

    return usableFirst([...chosen, ...others].slice(0, SHOWN).sort((a, b) => a.createdAt.localeCompare(b.createdAt)));
}

// These, and where there are more a field that searches them all.
function deviceStep(draft, list) {
    const box = h('div', {class: 'form-part'});
    const chosen = () => list.filter((d) => draft.deviceIds.includes(d.id));
    const draw = (offered) => replace(box, deviceChoice(draft, shownOf(chosen(), offered)));
    const search = list.length <= SHOWN ? null : h('div', {class: 'field'}, h('label', {for: 'device-search'}, 'Search devices'),
        h('input', {id: 'device-search', type: 'search', autocomplete: 'off', placeholder: 'Name', onchange: async (event) => {
            draft.deviceIds = box.querySelector('[data-field]').read();
            const found = await arrayPages('/v2/devices', {q: event.target.value.trim(), pageSize: SHOWN});
            list.push(...found.rows.filter((d) => !list.some((known) => known.id === d.id)));
            draw(found.rows);
        }}));

    draw(list);
    return [search, box];
}

function signatureStep(draft) {
    return [select({name: 'requiredSigners', label: 'Required signatures', value: String(draft.requiredSigners), options: [['2', '2']],
        hint: 'Any two of the three nodes sign together; one node may be away, and one alone can do nothing.'})];
}

function review(draft, list) {
    const names = draft.deviceIds.map((id) => list.find((d) => d.id === id));

    return [
        describe([
            ['Quorum type', 'Cloud Sign'],
            ['Name', draft.name],
            ['Description', draft.description || '–'],
            ['Devices', h('ol', {class: 'plain'}, names.map((d) => h('li', {}, d.displayName)))],
            ['Required signatures', `${draft.requiredSigners} of ${NEEDED}`],
        ]),
        banner('warn', 'This is a one-time action', 'A quorum cannot be changed once created. All nodes have to join within 60 minutes.'),
    ];
}

const problems = {
    Devices: (v) => ((v.deviceIds ?? []).length === NEEDED ? null
        : {field: 'deviceIds', reason: `choose exactly ${NEEDED} devices; ${(v.deviceIds ?? []).length === 1 ? '1 is' : `${(v.deviceIds ?? []).length} are`} chosen`}),
};

function bodyOf(step, draft, list) {
    switch (STEPS[step]) {
    case 'Type': return typeStep(draft);
    case 'Name': return nameStep(draft);
    case 'Devices': return deviceStep(draft, list);
    case 'Signatures': return signatureStep(draft);
    default: return review(draft, list);
    }
}

const create = (draft) => post('/v2/mpc/quorums', {name: draft.name.trim(), description: draft.description.trim(), deviceIds: draft.deviceIds,
    requiredSigners: Number(draft.requiredSigners), quorumType: draft.type}, {once: true});

function tooFew(list) {
    const n = list.filter(isUsable).length;

    return none({icon: 'server', title: `A quorum needs ${NEEDED} Paired devices`,
        text: `${n === 0 ? 'None is' : n === 1 ? 'One is' : `${n} are`} ready. Add devices, start their nodes with the pairing keys, and have each approved.`,
        action: btn('Go to Devices', {kind: 'primary', href: '/devices'})});
}

export default async function quorumNewPage(ctx) {
    const draft = {type: 'QUORUM_TYPE_CLOUD', name: '', description: '', deviceIds: [], requiredSigners: '2'};
    const view = page(ctx, {title: 'Create quorum', crumbs: [['MPC Quorums', '/controls/quorums']],
        lead: 'Three devices that make keys together. Any two of them sign.'});
    const list = await devices({signal: ctx.signal});
    const box = h('div', {class: 'stack'});

    if (list.filter(isUsable).length < NEEDED) {
        view.body.append(tooFew(list));
        return;
    }
    const show = (step) => {
        const isLast = step === STEPS.length - 1;
        const f = form({fields: bodyOf(step, draft, list), submit: isLast ? 'Create' : 'Continue', wide: true,
            cancel: step === 0 ? '/controls/quorums' : undefined,
            extra: step > 0 ? btn('Back', {onclick: () => show(step - 1)}) : null,
            onsubmit: async (values) => {
                const problem = problems[STEPS[step]]?.(values);

                if (problem) {
                    throw Object.assign(new Error(problem.reason), {details: [problem]});
                }
                Object.assign(draft, values);
                if (!isLast) {
                    show(step + 1);
                    return;
                }
                const quorum = await create(draft);
                navigate(`/controls/quorums/${quorum.id}`);
            }});

        const card = panel({title: isLast ? 'Review' : undefined, narrow: true}, f), head = card.querySelector('h2');

        box.replaceChildren(stepBar(STEPS, step), card);
        if (head !== null) {
            head.tabIndex = -1; // never the button: a second Enter must not create what nobody has read
        }
        (f.querySelector('input:not(:disabled), textarea, select') ?? head).focus();
    };

    view.body.append(box);
    show(0);
}
