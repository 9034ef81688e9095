// The frame of the settings pages: settings('users', {title, text, actions}, ...children)
import {may} from './api.js';
import {page, tabs} from './ui.js';

export const SECTIONS = [
    {id: 'organisation', href: '/settings', icon: 'building', label: 'Organisation'},
    {id: 'users', href: '/settings/users', icon: 'users', label: 'Users', perm: 'users.read', text: 'Who may sign in, and what each may do.'},
    {id: 'roles', href: '/settings/roles', icon: 'shield', label: 'Roles', text: 'The rights of the six roles, right by right.'},
    {id: 'credentials', href: '/settings/credentials', icon: 'key', label: 'API credentials', perm: 'credentials.read', text: 'For programs: OAuth2 client credentials with chosen rights.'},
    {id: 'webhooks', href: '/settings/webhooks', icon: 'hook', label: 'Webhooks', perm: 'webhooks.read', text: 'Signed events to your endpoints, with a delivery log and replay.'},
    {id: 'audit', href: '/settings/audit', icon: 'log', label: 'Audit log', perm: 'audit.read', text: 'Who did what; a chain of hashes that you can verify here.'},
    {id: 'backups', href: '/settings/backups', icon: 'box', label: 'Backup kits', perm: 'devices.read', text: 'What each device has backed up, and what has no copy yet.'},
    {id: 'account', href: '/settings/account', icon: 'user', label: 'My account', text: 'Your password and where you are signed in.'},
];

export function allowed() {
    return SECTIONS.filter((s) => !s.perm || may(s.perm));
}

export function settings(active, head, ...children) {
    return page(head, tabs(allowed(), active), children);
}
