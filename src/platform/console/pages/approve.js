// Approving a device: people compare what the platform shows with what the node itself
// says.  What was compared is sent along, so nothing else can be approved.
import {put} from '../lib/api.js';
import {h} from '../lib/dom.js';
import {choice, confirm, field, form} from '../lib/form.js';
import {banner, btn, code, describe, done, panel, wordList} from './kit.js';

// The six words or the fingerprint in hex, as people type them.
export function fits(device, typed) {
    const text = typed.trim().toLowerCase();
    const plain = (t) => t.replaceAll(/[^a-z0-9]/g, '');

    return plain(text) !== '' && (plain(text) === plain(device.words ?? '') || plain(text) === plain(device.fingerprint ?? ''));
}

async function decide(device, approvalStatus, fingerprint) {
    return put(`/v2/devices/${device.id}/approval-status`, fingerprint ? {approvalStatus, fingerprint} : {approvalStatus});
}

async function reject(device, changed) {
    const sure = await confirm({title: `Reject “${device.displayName}”?`, danger: true, action: 'Reject device',
        text: 'The node that paired it is refused for good. To use that machine, add a new device with a new pairing key.'});

    if (sure) {
        await decide(device, 'REJECTED');
        done('The device is rejected.');
        await changed();
    }
}

function how(device) {
    const typed = field({name: 'fingerprint', required: true, label: 'Words or fingerprint, as the node shows them', mono: true, maxlength: 128,
        autocapitalize: 'none', placeholder: 'six words', oninput: () => typed.error('')});
    const looked = choice({name: 'how', legend: 'How did you compare?', value: 'typed', options: [
        {value: 'typed', title: 'I type what the node shows', text: 'The safest way: a difference cannot be overlooked.'},
        {value: 'looked', title: 'I have compared all six words by eye'},
    ], onchange: () => {
        typed.hidden = looked.read() !== 'typed';
        typed.control.required = !typed.hidden;
    }});

    return {typed, looked, check() {
        if (looked.read() === 'typed' && !fits(device, typed.read())) {
            typed.error(typed.read().trim() === '' ? 'Type the words that the node shows, or choose the other way.'
                : 'These are not this device’s. If you typed what your node shows, somebody else may have paired this device: reject it.');
            typed.control.focus();
            return false;
        }
        return true;
    }};
}

// changed(): after a decision.
export function approval(device, changed) {
    const {typed, looked, check} = how(device);

    return panel({title: 'Approve this device', class: 'attention'},
        h('p', {}, 'A node is connected and has made its identity key. Make sure that it is yours: on its machine, run'),
        code('cloudsign status', {label: 'On the node'}),
        h('p', {}, 'and compare the words, or the whole fingerprint, with these:'),
        wordList(device.words, {label: 'Words of this device'}),
        // Not to be copied from here into the field below: that would compare nothing.
        describe([['Fingerprint', h('span', {class: 'mono'}, device.fingerprint)]]),
        device.pairedFrom ? h('p', {class: 'hint'}, `Paired from the address ${device.pairedFrom}.`) : null,
        form({fields: [looked, typed], submit: 'Approve device', wide: true,
            extra: btn('Reject', {kind: 'danger-quiet', word: 'devices.approve', onclick: () => reject(device, changed)}),
            onsubmit: async () => {
                if (check()) {
                    const after = await decide(device, 'APPROVED', device.fingerprint);
                    done(after.approvalStatus === 'APPROVED' ? `“${device.displayName}” is approved.` : 'What you asked for waits for the approvers.');
                    await changed();
                }
            }}));
}

// For those who may not decide.
export function waiting(device) {
    return banner('warn', 'Waiting for approval', h('span', {}, 'An administrator has to compare the words ',
        h('strong', {class: 'mono'}, device.words), ' with those of the node, and approve it.'));
}
