// Addresses of keys that are derived from this one (BIP 32, non-hardened).
import {get, may} from '../lib/api.js';
import {h} from '../lib/dom.js';
import {field, form} from '../lib/form.js';
import {banner, btn, checkList, code, describe, panel} from './kit.js';
import {keyPath, orElse} from './data.js';

const SHOWN = 5;

const unchecked = (why) => [{ok: null, text: 'The address was not checked', detail: why}];

// What the browser makes of it; nothing is shown as if it had been checked.
async function checked(w, derived) {
    if (!may('audit.read')) {
        return unchecked('Your role may not read certificates of keys: owners, administrators and auditors can.');
    }
    const [proof, members, {checkDerived}] = await Promise.all([orElse(null, get(`${keyPath(w)}/receipts`)),
        orElse(null, get(`/v2/mpc/memberships/${w.quorumId}`)), import('../lib/verify.js')]);

    return proof === null || members === null ? unchecked(`The platform gives no ${proof === null ? 'certificate of this key' : 'members of its quorum'}. Send nothing to it before that is clear.`)
        : checkDerived({wallet: w, proof, members, derived});
}

async function row(w, path) {
    const a = await get(`${keyPath(w)}/addresses?path=${encodeURIComponent(path)}`);
    const asked = /^m(\/|$)/.test(path) ? path : `m/${path}`; // not what the platform says that was asked
    const rows = await checked(w, {...a, derivationPath: asked});

    if (rows.some((r) => r.ok === false)) {
        return h('li', {class: 'derived'}, h('h3', {class: 'mono'}, asked), banner('bad', 'This address is not derived from this key',
            'Do not send anything to it, and tell your security team.'));
    }
    return h('li', {class: 'derived'}, h('h3', {class: 'mono'}, a.derivationPath), checkList(rows), describe([
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
