// The pages before sign-in: a card in the middle, and what enrolling shows.
//   gate(el, {title, text, foot, wide}, ...children)
//   factors({totp, recoveryCodes, email}, onsaved)   authenticator and recovery codes
import {h, replace} from './dom.js';
import {logo} from './icons.js';
import {themeSwitch} from './shell.js';
import {svg as qr} from './qr.js';
import {banner, button, checkbox, copy, download} from './ui.js';

export function gate(el, {title, text, foot, wide = false}, ...children) {
    replace(el, h('main', {class: 'gate'},
        h('div', {class: 'gate-top'}, h('span', {class: 'brand'}, logo(26), h('span', null, 'CloudSign')), themeSwitch()),
        h('div', {class: wide ? 'gate-card wide' : 'gate-card'},
            h('div', {class: 'gate-head'}, h('h1', {tabindex: '-1'}, title), text ? h('p', {class: 'lead'}, text) : null), children),
        h('p', {class: 'gate-foot'}, foot ?? '')));
}

// Shown once: the secret as a picture and as text.
export function authenticator(totp) {
    return h('div', {class: 'enrol'}, qr(totp.otpauthUrl, 'QR code for the authenticator app'),
        h('div', {class: 'stack-s'}, h('p', {class: 'lead'}, 'Scan this with an authenticator app, or enter the secret by hand.'),
            copy(totp.secret, {label: 'the secret'}),
            h('p', {class: 'hint'}, 'Time-based, 6 digits, 30 seconds, SHA-1.')));
}

export function recovery(codes, email) {
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
