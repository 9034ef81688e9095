// Settings, My account: own data, password, sessions.
import {get, post, session, setSession} from '../lib/api.js';
import {h, replace} from '../lib/dom.js';
import {personName, time} from '../lib/format.js';
import {roleNames} from '../lib/roles.js';
import {sessionTable} from '../lib/sessions.js';
import {settings} from '../lib/settings.js';
import {button, card, copy, details, field, formDialog, toast} from '../lib/ui.js';

export default async function page({el, live, signal}) {
    const draw = async () => {
        const {sessions} = await get('/v2/sessions', {signal});
        const s = session();

        replace(el, settings('account', {title: 'My account'},
            h('div', {class: 'grid-2'},
                card({title: 'Me'}, details([['Name', personName(s.user)], ['E-mail address', s.user.email],
                    ['Roles', h('span', {class: 'tags'}, roleNames(s.roles).map((r) => h('span', {class: 'tag'}, r)))], ['Id', copy(s.user.id, {label: 'your id', short: 8})]])),
                card({title: 'Sign-in', actions: button('Change password', {onclick: changePassword})}, details([['Password changed', time(s.user.authLastPasswordReset)],
                    ['Session ends', time(s.expiresAt)], ['Without activity', 'after 15 minutes'],
                    ['If the authenticator is lost', 'use a recovery code; without one an administrator resets your sign-in.']]))),
            card({title: 'Where I am signed in', text: 'End what you do not recognise, then change your password.', flush: true}, sessionTable(sessions ?? [], draw, true))));
    };

    await draw();
    live.on('session', () => draw().catch(() => {}));
}

async function changePassword() {
    const again = field({name: 'again', label: 'New password again', type: 'password', required: true, autocomplete: 'new-password', maxlength: 256});
    const answer = await formDialog({title: 'Change password', text: 'Your other sessions end.', submit: 'Change password', fields: [
        field({name: 'password', label: 'Present password', type: 'password', required: true, autocomplete: 'current-password', maxlength: 256}),
        field({name: 'newPassword', label: 'New password', type: 'password', required: true, autocomplete: 'new-password', minlength: 12, maxlength: 256, hint: 'At least 12 characters.'}),
        again,
        field({name: 'code', label: 'Authenticator or recovery code', required: true, autocomplete: 'one-time-code', maxlength: 64}),
    ], async onsubmit(values) {
        if (values.again !== values.newPassword) {
            again.control.focus();
            throw Object.assign(new Error('The two new passwords differ.'), {details: [{field: 'again', reason: 'the two new passwords differ'}]});
        }
        return post('/v2/session/password', {password: values.password, newPassword: values.newPassword, code: values.code.replace(/\s/g, '')}, {isSignIn: true});
    }});

    if (answer) {
        setSession(answer);
        toast('The password was changed; other sessions have ended');
    }
}
