// Settings, Users: list, invitation, and one user with roles, sessions and resets.
import {del, get, may, post, put, session} from '../lib/api.js';
import {h, replace} from '../lib/dom.js';
import {personName, time} from '../lib/format.js';
import {navigate, setQuery, title} from '../lib/router.js';
import {ROLES, roleNames} from '../lib/roles.js';
import {sessionTable} from '../lib/sessions.js';
import {settings} from '../lib/settings.js';
import {badge, banner, button, card, choice, confirm, copy, details, dialog, field, filters, formDialog, list, page as frame, table, toast} from '../lib/ui.js';
import {orElse} from './data.js';

export default async function page(args) {
    return args.params.userId ? one(args) : all(args);
}

function tags(roles) {
    return h('span', {class: 'tags'}, roleNames(roles).map((r) => h('span', {class: 'tag'}, r)));
}

// ---- the list -----------------------------------------------------------------------

async function all({el, query, live, signal}) {
    const box = h('div');
    const draw = async () => {
        const role = new URLSearchParams(location.search).get('role') ?? '';
        const {rows, more} = await list(`/v2/users${role ? `?role=${encodeURIComponent(role)}` : ''}`, 'users', {signal});

        replace(box, table({caption: 'Users', rows, more, href: (u) => `/settings/users/${u.id}`, columns: [
            {label: 'Name', render: (u) => h('span', null, h('span', {class: 'cell-main'}, personName(u)), h('span', {class: 'cell-sub'}, u.email))},
            {label: 'Roles', render: (u) => tags(u.roles)},
            {label: 'Status', render: (u) => badge(u.approvalId ? 'PENDING' : u.status, u.approvalId ? 'Waits for approval' : undefined)},
            {label: 'Last sign-in', render: (u) => time(u.authLastLogin), hide: 'phone'},
        ], empty: {icon: 'users', title: 'Nobody with this role', text: 'Choose another role above, or invite someone.'}}));
    };

    await draw();
    replace(el, settings('users', {title: 'Users', actions: may('users.manage') ? button('Invite a user', {kind: 'primary', icon: 'plus', onclick: () => invite(draw)}) : null},
        filters([{name: 'role', label: 'Role', options: [['', 'All roles'], ...ROLES.map((r) => [r.value, r.title])]}], query, (values) => {
            setQuery(values);
            draw().catch((err) => err.name !== 'AbortError' && toast(err.message, 'bad'));
        }), box));
    live.on('user', () => draw().catch(() => {}));
}

function mayGive(role) {
    return role !== 'OWNER' || may('owners.manage');
}

function roleChoice(value) {
    return choice({name: 'roles', legend: 'Roles', multiple: true, value, options: ROLES.map((r) => ({...r, disabled: !mayGive(r.value),
        text: mayGive(r.value) ? r.text : 'Only an owner can give this role.'}))});
}

async function invite(done) {
    const user = await formDialog({title: 'Invite a user', wide: true, text: 'You get a link that is shown once. Give it to the person yourself; no e-mail is sent.', submit: 'Invite', fields: [
        h('div', {class: 'grid-2'}, field({name: 'firstName', label: 'First name', required: true, maxlength: 50}), field({name: 'lastName', label: 'Last name', required: true, maxlength: 50})),
        field({name: 'email', label: 'E-mail address', type: 'email', required: true, maxlength: 254}),
        roleChoice(['VIEWER']),
    ], onsubmit: (values) => post('/v2/users', values)});

    if (user) {
        done();
        if (user.enrolmentToken) {
            await showLink(user);
        } else {
            toast('The invitation waits for approval. The link can be made when it is approved.');
        }
    }
}

export function showLink(user) {
    const link = `${location.origin}/enrol#${user.enrolmentToken}`;

    return dialog({title: 'Invitation link', wide: true, body: [
        banner('warn', 'This link is shown once and is good for 72 hours. Whoever has it can become this user: give it over a channel you trust.'),
        h('div', {class: 'code wrap'}, copy(link, {label: 'the link'})),
        h('p', {class: 'hint'}, `For ${user.email ?? 'the user'}. The person chooses a password, connects an authenticator and saves recovery codes.`),
    ], actions: [{label: 'I have passed it on', kind: 'primary', value: true}]});
}

// ---- one user -------------------------------------------------------------------------

async function one({el, params, live, signal}) {
    const path = `/v2/users/${encodeURIComponent(params.userId)}`;
    const draw = async () => {
        const [user, methods, sessions] = await Promise.all([get(path, {signal}), orElse(null, get(`${path}/mfa`, {signal})),
            orElse(null, get(`/v2/sessions?userId=${encodeURIComponent(params.userId)}`, {signal}))]);
        title(personName(user));
        replace(el, view(user, methods, sessions?.sessions ?? null, draw, path));
    };

    await draw();
    live.on('user', (e) => (e.type === 'resync' || e.object === params.userId) && draw().catch(() => {}));
}

function view(user, methods, sessions, draw, path) {
    const self = user.id === session().user.id;
    const manage = may('users.manage') && !self && (!user.roles.includes('OWNER') || may('owners.manage'));

    return frame({back: {href: '/settings/users', label: 'Users'}, title: personName(user), badge: badge(user.status),
        actions: manage ? actions(user, draw, path) : null},
    self ? banner('info', 'This is you. Your password and sessions are under My account; your roles are changed by another administrator.') : null,
    user.approvalId ? banner('warn', 'A change of this user waits for approval.', h('a', {href: `/approvals/${user.approvalId}`}, 'See it')) : null,
    h('div', {class: 'grid-2'},
        card({title: 'Account'}, details([['E-mail address', user.email], ['Roles', tags(user.roles)], ['Invited', time(user.createdAt, {absolute: true})],
            user.status === 'BLOCKED' ? ['Blocked because', user.blockedReason] : null, ['Id', copy(user.id, {label: 'the id', short: 8})]])),
        card({title: 'Sign-in'}, details([['Last sign-in', time(user.authLastLogin)], ['From', user.authLastIp ? h('span', {class: 'mono'}, user.authLastIp) : ''],
            ['Sign-ins', String(user.authLoginCount ?? 0)], ...factorsOf(methods)]))),
    sessions === null ? null : card({title: 'Sessions', flush: true}, sessionTable(sessions, draw, manage || self)));
}

// methods: null for those who may not see them.
function factorsOf(methods) {
    const has = methods?.some((m) => m.type === 'totp');

    return methods === null ? [] : [['Authenticator', badge(has ? 'ok' : 'off', has ? 'Connected' : 'Not connected')],
        ['Recovery codes left', String(methods.filter((m) => m.type !== 'totp').length)]];
}

function actions(user, draw, path) {
    const blocked = user.status === 'BLOCKED';

    return [
        button('Change roles', {onclick: () => changeRoles(user, draw, path)}),
        button('Reset sign-in', {onclick: () => reset(user, draw, path), disabled: blocked, title: blocked ? 'Unblock first' : null}),
        blocked ? button('Unblock', {onclick: () => unblock(user, draw, path)}) : button('Block', {onclick: () => block(user, draw, path)}),
        button('Delete', {kind: 'danger', async onclick() {
            if (await confirm({title: `Delete ${personName(user)}?`, text: 'The user cannot sign in any more; sessions end at once. The audit log keeps what was done. This cannot be undone.', action: 'Delete', danger: true})) {
                await del(path);
                toast('The user was deleted');
                navigate('/settings/users');
            }
        }}),
    ];
}

async function changeRoles(user, draw, path) {
    const answer = await formDialog({title: `Roles of ${personName(user)}`, wide: true, text: 'Changed roles end the sessions of this user.', submit: 'Save', fields: [roleChoice(user.roles)],
        onsubmit: ({roles}) => put(`${path}/role`, {roles})});

    if (answer) {
        toast(answer.approvalId ? 'The change waits for approval' : 'The roles were changed');
        await draw();
    }
}

async function block(user, draw, path) {
    const answer = await formDialog({title: `Block ${personName(user)}?`, text: 'Sessions end at once, and signing in is refused until you unblock.', submit: 'Block', danger: true,
        fields: [field({name: 'reason', label: 'Reason', maxlength: 200, hint: 'Shown to administrators and kept in the audit log.'})],
        onsubmit: ({reason}) => put(`${path}/status`, {status: 'BLOCKED', ...reason ? {reason} : {}})});

    if (answer) {
        toast(answer.approvalId ? 'Blocking waits for approval' : 'The user was blocked');
        await draw();
    }
}

async function unblock(user, draw, path) {
    const answer = await put(`${path}/status`, {status: 'ACTIVATED'});

    toast(answer.approvalId ? 'Unblocking waits for approval' : 'The user may sign in again');
    await draw();
}

async function reset(user, draw, path) {
    const how = await formDialog({title: `Reset the sign-in of ${personName(user)}`, wide: true, submit: 'Reset and make a link', danger: true, text: 'Sessions end at once. The person enrols again by a new link.', fields: [
        choice({name: 'what', legend: 'What is lost?', value: 'mfa', options: [
            {value: 'mfa', title: 'The authenticator', text: 'The password stays, and enrolling takes it.'},
            {value: 'password', title: 'Password and authenticator', text: 'Both end. Whoever has the link becomes this user.'}]})],
    onsubmit: async ({what}) => what === 'mfa' ? await del(`${path}/mfa`) : await post(`${path}/password`)});

    if (how?.enrolmentToken) {
        await showLink({...user, ...how});
    }
    if (how) {
        await draw();
    }
}
