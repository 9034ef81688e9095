// Addresses of keys that are derived from this one (BIP 32, non-hardened).
import {get} from '../lib/api.js';
import {h} from '../lib/dom.js';
import {field, form} from '../lib/form.js';
import {btn, code, describe, panel} from './kit.js';
import {keyPath} from './data.js';

const SHOWN = 5;

async function row(w, path) {
    const a = await get(`${keyPath(w)}/addresses?path=${encodeURIComponent(path)}`);

    return h('li', {class: 'derived'}, h('h3', {class: 'mono'}, a.derivationPath), describe([
        ['Address', code(a.address, {inline: true, label: `Address of ${a.derivationPath}`})],
        ['Public key', code(a.publicKey, {inline: true, label: `Public key of ${a.derivationPath}`})],
        ['', btn('Sign with it', {small: true, href: `/vaults/${w.vaultId}/keys/${w.id}/sign?path=${encodeURIComponent(a.derivationPath)}`})],
    ]));
}

export function addressesPanel(w) {
    const list = h('ul', {class: 'plain', 'aria-live': 'polite'});
    const path = field({name: 'path', label: 'Derivation path', required: true, mono: true, maxlength: 110, value: 'm/0/0',
        hint: 'Numbers joined by “/”, at most ten steps, none hardened: m/0/5.'});

    return panel({title: 'Derived addresses', text: 'The same shards sign for any number of addresses; nothing new has to be made or backed up.'},
        form({fields: [path], submit: 'Show address', onsubmit: async (values) => list.prepend(await row(w, values.path.trim())),
            extra: btn(`First ${SHOWN}`, {onclick: async () => {
                const rows = await Promise.all(Array.from({length: SHOWN}, (_, i) => row(w, `m/0/${i}`)));
                list.replaceChildren(...rows);
            }})}),
        list);
}
