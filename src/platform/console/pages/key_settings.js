// What a key may do: the switches, each with what it means.
import {may, put} from '../lib/api.js';
import {h} from '../lib/dom.js';
import {checkbox, confirm, form} from '../lib/form.js';
import {banner, done, panel} from './kit.js';
import {chain} from './facts.js';
import {keyPath} from './data.js';

function switches(w) {
    const s = w.settings ?? {}, c = chain(w.blockchain);

    return [
        {name: 'enabled', label: 'Enabled', checked: s.enabled, hint: 'The key may be used for signing. Off: it still receives.'},
        {name: 'rawSigningEnabled', label: 'Raw signing', checked: s.rawSigningEnabled,
            hint: 'Signs transactions that a program or a person has built. The platform and each node decode them, and show what they do.'},
        'defaultFreezeEnabled' in s ? {name: 'defaultFreezeEnabled', label: 'Freeze new requests', checked: s.defaultFreezeEnabled,
            hint: 'Each new request waits, before it is signed, until somebody unfreezes it.'} : null,
        may('policies.manage') || s.allowListEnabled ? {name: 'allowListEnabled', label: 'Only to the address book', checked: s.allowListEnabled === true,
            hint: 'Destinations must be enabled addresses of the address book, or keys of this organisation.'} : null,
        c.digest && w.signatureScheme !== 'ED25519' ? {name: 'blindSigningEnabled', label: 'Blind signing of digests', checked: s.blindSigningEnabled,
            hint: 'Dangerous. A digest may be a transaction that moves everything: nobody can see what it does. Each node must also allow it.'} : null,
    ].filter(Boolean);
}

async function save(w, values) {
    const settings = {sweepingEnabled: false, ...w.settings, ...values};

    if (values.blindSigningEnabled && !w.settings.blindSigningEnabled && !await confirm({title: 'Switch on blind signing?', danger: true, action: 'Switch it on',
        text: 'Whoever may request blind signatures can then have anything signed with this key, without anybody seeing what it is. ' +
            'Leave it off unless a program of yours needs it and checks by itself.'})) {
        return false;
    }
    await put(`${keyPath(w)}/settings`, {settings});
    return true;
}

export function settingsPanel(w, changed) {
    if (!may('wallets.settings')) {
        return panel({title: 'Settings'}, banner('info', 'Your role may see these settings, not change them', 'Owners and administrators can.'),
            h('ul', {class: 'plain'}, switches(w).map((s) => h('li', {}, `${s.label}: ${s.checked ? 'on' : 'off'}`))));
    }
    return panel({title: 'Settings', narrow: true}, form({wide: true, submit: 'Save settings', fields: switches(w).map(checkbox), onsubmit: async (values) => {
        if (await save(w, values)) {
            done('The settings are saved.');
            await changed();
        }
    }}));
}
