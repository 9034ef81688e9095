// Where somebody is signed in, with the button that ends a session.
import {del, setSession} from './api.js';
import {h} from './dom.js';
import {time} from './format.js';
import {badge, button, confirm, table, toast} from './ui.js';

export function sessionTable(sessions, draw, mayEnd) {
    return table({caption: 'Sessions', rows: sessions, columns: [
        {label: 'Address', render: (s) => h('span', {class: 'row'}, h('span', {class: 'mono'}, s.address), s.current ? badge('ok', 'This session') : null)},
        {label: 'Signed in', render: (s) => time(s.createdAt)},
        {label: 'Last seen', render: (s) => time(s.lastSeenAt), hide: 'phone'},
        {label: 'Ends at the latest', render: (s) => time(s.expiresAt), hide: 'phone'},
        {label: 'End', sr: true, align: 'right', render: (s) => mayEnd ? button(s.current ? 'Sign out' : 'End', {small: true, onclick: () => end(s, draw)}) : ''},
    ], empty: {icon: 'lock', title: 'Not signed in anywhere'}});
}

async function end(s, draw) {
    if (!await confirm({title: s.current ? 'Sign out?' : `End the session from ${s.address}?`, text: 'What is open there asks for a sign-in again.', action: s.current ? 'Sign out' : 'End the session', danger: true})) {
        return;
    }
    await del(`/v2/sessions/${encodeURIComponent(s.id)}`);
    if (s.current) {
        setSession(null);
        return;
    }
    toast('The session has ended');
    await draw();
}
