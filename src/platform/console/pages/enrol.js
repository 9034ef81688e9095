// An invitation, or a reset: /enrol#<token>.  The token is behind '#', so it is in no log
// of a server, and it leaves the address bar at once.
import {post} from '../lib/api.js';
import {h} from '../lib/dom.js';
import {factors} from '../lib/factors.js';
import {gate} from '../lib/gate.js';
import {navigate, title} from '../lib/router.js';
import {button, field, form} from '../lib/ui.js';

export default async function page({el}) {
    const token = location.hash.slice(1);

    history.replaceState(null, '', '/enrol');
    title('Join');
    ask(el, token);
}

function ask(el, token) {
    const again = field({name: 'again', label: 'Password again', type: 'password', required: true, autocomplete: 'new-password', maxlength: 256});

    gate(el, {title: 'Welcome to CloudSign', text: 'Choose a password. In the next step you connect an authenticator.', wide: true,
        foot: h('a', {href: '/'}, 'Sign in instead')},
    form({submit: 'Continue', wide: true, fields: [
        field({name: 'token', label: 'Invitation', value: token, required: true, mono: true, maxlength: 128,
            hint: token ? 'Taken from your link. It is good for 72 hours.' : 'The part of your invitation link behind #.'}),
        field({name: 'password', label: 'Password', type: 'password', required: true, minlength: 12, maxlength: 256, autocomplete: 'new-password', autofocus: true,
            hint: 'At least 12 characters. If only your authenticator was reset, enter the password that you have.'}),
        again,
    ], async onsubmit(values) {
        if (values.again !== values.password) {
            again.error('The two passwords differ.');
            again.control.focus();
            return;
        }
        const o = await post('/v2/session/enrol', {token: values.token.trim(), password: values.password}, {isSignIn: true});
        title('Save your codes');
        gate(el, {title: 'Connect your authenticator', text: 'Scan the code with an authenticator app and save the recovery codes.', wide: true},
            factors({...o, email: o.email ?? o.user?.email ?? 'your account'}, () => prove(el, values.token.trim())));
        el.querySelector('h1').focus();
    }}));
}

// Nothing counts before the first code.
function prove(el, token) {
    title('Confirm the authenticator');
    gate(el, {title: 'Enter the first code', text: 'It shows that the authenticator works. Your account is active after this.'},
        form({submit: 'Finish', fields: [field({name: 'code', label: 'Authenticator code', required: true, inputmode: 'numeric', autocomplete: 'one-time-code', maxlength: 6, pattern: '[0-9]{6}', autofocus: true})],
            async onsubmit({code}) {
                await post('/v2/session/enrol/confirm', {token, code}, {isSignIn: true});
                title('Ready');
                gate(el, {title: 'You are ready', text: 'Sign in with your e-mail address, your password and the next code of the authenticator.'},
                    button('Go to the sign-in', {kind: 'primary', onclick: () => navigate('/', {replace: true})}));
                el.querySelector('h1').focus();
            }}));
    el.querySelector('input').focus();
}
