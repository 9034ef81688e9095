// Sign in: password and a code of the authenticator, or a recovery code.
import {post, setSession} from '../lib/api.js';
import {h} from '../lib/dom.js';
import {title} from '../lib/router.js';
import {field, form, button} from '../lib/ui.js';
import {gate} from '../lib/gate.js';

// Which of the three was wrong nobody is told, and the code may be used up.
function refused(err, code) {
    if (err.status === 401) {
        code.control.value = '';
        err.message = `${err.details[0]?.reason ?? err.message}. Check them, and enter the next code: each works once`;
        err.details = [];
    }
    throw err;
}

export default async function page({el}) {
    let recovery = false;
    const draw = (email = '', password = '') => {
        const code = recovery
            ? field({name: 'code', label: 'Recovery code', required: true, mono: true, maxlength: 64, hint: 'One of the ten that you saved. Each works once.'})
            : field({name: 'code', label: 'Authenticator code', required: true, inputmode: 'numeric', autocomplete: 'one-time-code', maxlength: 7, hint: 'Six digits from your authenticator app.'});
        const emailField = field({name: 'email', label: 'E-mail address', type: 'email', value: email, required: true, autocomplete: 'username', maxlength: 254});
        const passwordField = field({name: 'password', label: 'Password', type: 'password', value: password, required: true, autocomplete: 'current-password', maxlength: 256});
        const other = button(recovery ? 'Use the authenticator' : 'Use a recovery code', {kind: 'ghost', small: true, onclick() {
            recovery = !recovery;
            draw(emailField.read(), passwordField.read());
            el.querySelector('[name=code]').focus();
        }});

        (email === '' ? emailField : code).control.setAttribute('autofocus', '');
        gate(el, {title: 'Sign in', text: 'to the CloudSign console', foot: h('span', null, 'No account yet? An administrator invites you. First start of this platform: ', h('a', {href: '/setup'}, 'set it up'), '.')},
            form({submit: 'Sign in', fields: [emailField, passwordField, code], async onsubmit(values) {
                setSession(await post('/v2/session', {email: values.email.trim(), password: values.password, code: values.code.replace(/\s/g, '')}, {isSignIn: true})
                    .catch((err) => refused(err, code)));
            }}), h('div', {class: 'gate-other'}, other));
    };

    title('Sign in');
    draw();
}
