// What enrolling shows once: factors({totp, recoveryCodes, email}, onsaved)
import {h} from './dom.js';
import {svg as qr} from './qr.js';
import {banner, button, checkbox, copy, download} from './ui.js';

// Shown once: the secret as a picture and as text.
function authenticator(totp) {
    return h('div', {class: 'enrol'}, qr(totp.otpauthUrl, 'QR code for the authenticator app'),
        h('div', {class: 'stack-s'}, h('p', {class: 'lead'}, 'Scan this with an authenticator app, or enter the secret by hand.'),
            copy(totp.secret, {label: 'the secret'}),
            h('p', {class: 'hint'}, 'Time-based, 6 digits, 30 seconds, SHA-1.')));
}

function recovery(codes, email) {
    const text = `CloudSign recovery codes of ${email}\nEach works once, together with the password.\n\n${codes.join('\n')}\n`;

    return h('div', {class: 'stack'},
        h('ol', {class: 'codes', 'aria-label': 'Recovery codes'}, codes.map((c) => h('li', null, c))),
        h('div', {class: 'row no-print'},
            button('Download', {icon: 'download', onclick: () => download('cloudsign-recovery-codes.txt', text)}),
            button('Print', {icon: 'print', onclick: () => print()}),
            button('Copy', {icon: 'copy', onclick: () => navigator.clipboard.writeText(text)})));
}

export function factors(o, onsaved) {
    const box = checkbox({name: 'saved', label: 'I saved the recovery codes in a safe place', onchange() {
        go.disabled = !box.read();
    }});
    const go = button('Continue', {kind: 'primary', disabled: true, onclick: onsaved});

    return [banner('warn', 'These are shown once. Without the authenticator and the codes nobody can sign in as you.'),
        h('h2', null, '1. Authenticator'), authenticator(o.totp),
        h('h2', null, '2. Recovery codes'), recovery(o.recoveryCodes, o.email), box,
        h('div', {class: 'form-actions'}, go)];
}
