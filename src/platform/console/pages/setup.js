// The first administrator, by the setup token that the platform wrote down at its start.
import {post} from '../lib/api.js';
import {h} from '../lib/dom.js';
import {factors} from '../lib/factors.js';
import {gate} from '../lib/gate.js';
import {navigate, title} from '../lib/router.js';
import {banner, button, copy, field, form} from '../lib/ui.js';

export default async function page({el}) {
    title('Set up');
    ask(el);
}

function ask(el) {
    const again = field({name: 'again', label: 'Password again', type: 'password', required: true, autocomplete: 'new-password', maxlength: 256});

    gate(el, {title: 'Set up this platform', text: 'Once: it makes the organisation and its first owner.', wide: true,
        foot: h('a', {href: '/'}, 'Sign in instead')},
    form({submit: 'Create the organisation', wide: true, fields: [
        field({name: 'setupToken', label: 'Setup token', required: true, mono: true, maxlength: 128, autofocus: true,
            hint: 'In the file setup-token of the platform’s data directory. It is good until it is used.'}),
        field({name: 'organizationName', label: 'Organisation', required: true, maxlength: 50, autocomplete: 'organization'}),
        h('div', {class: 'grid-2'},
            field({name: 'firstName', label: 'First name', required: true, maxlength: 50, autocomplete: 'given-name'}),
            field({name: 'lastName', label: 'Last name', required: true, maxlength: 50, autocomplete: 'family-name'})),
        field({name: 'email', label: 'E-mail address', type: 'email', required: true, maxlength: 254, autocomplete: 'username'}),
        field({name: 'password', label: 'Password', type: 'password', required: true, minlength: 12, maxlength: 256, autocomplete: 'new-password',
            hint: 'At least 12 characters. A few random words are good.'}),
        again,
    ], async onsubmit({again: second, ...values}) {
        if (second !== values.password) {
            again.error('The two passwords differ.');
            again.control.focus();
            return;
        }
        values.setupToken = values.setupToken.trim();
        const o = await post('/v2/setup', values, {isSignIn: true});
        done(el, {...o, email: values.email});
    }}));
}

function done(el, o) {
    title('Save your codes');
    gate(el, {title: 'Save these now', text: `${o.organization.name} is set up, and you are its owner.`, wide: true}, factors(o, () => credential(el, o)));
    el.querySelector('h1').focus();
}

// The API credential that belongs to the first administrator is shown once as well.
function credential(el, o) {
    title('API credential');
    gate(el, {title: 'The first API credential', text: 'For programs and scripts; it may do everything. You can disable it later under Settings, API credentials.', wide: true},
        banner('warn', 'The secret is shown once. Without use for it, go on and disable the credential.'),
        h('div', {class: 'stack-s'}, h('span', {class: 'hint'}, 'Client id'), copy(o.credential.clientId, {label: 'the client id'})),
        h('div', {class: 'stack-s'}, h('span', {class: 'hint'}, 'Client secret'), copy(o.credential.clientSecret, {label: 'the client secret'})),
        h('div', {class: 'form-actions'}, button('Go to the sign-in', {kind: 'primary', onclick: () => navigate('/', {replace: true})})));
    el.querySelector('h1').focus();
}
