// One vault and its keys.
import {get, put} from '../lib/api.js';
import {field, formDialog} from '../lib/form.js';
import {middle, plural} from '../lib/format.js';
import {h} from '../lib/dom.js';
import {list as pages} from '../lib/ui.js';
import {badge, btn, done, fail, grid, none, page, searchBox, when} from './kit.js';
import {chain, keyStatus} from './facts.js';
import {keyHref} from './data.js';
import {tagList} from './tags.js';

const COLUMNS = [
    {title: 'Key', cell: (w) => w.name},
    {title: 'Blockchain', cell: (w) => chain(w.blockchain).name},
    {title: 'Status', cell: (w) => h('span', {class: 'badges'}, badge(keyStatus(w.status)),
        w.status === 'PROVISIONED' && !w.settings?.enabled ? badge({text: 'Not enabled', tone: 'neutral'}) : null)},
    {title: 'Address', cell: (w) => (w.address ? h('span', {class: 'mono', title: w.address}, middle(w.address, 8)) : '–'), wide: true},
    {title: 'Created', cell: (w) => when(w.createdAt), wide: true},
];

async function edit(vault, changed) {
    await formDialog({title: 'Edit vault', submit: 'Save', fields: [
        field({name: 'name', label: 'Name', required: true, maxlength: 50, value: vault.name}),
        field({name: 'description', label: 'Description', maxlength: 250, rows: 3, value: vault.description ?? ''}),
    ], onsubmit: async (values) => {
        await put(`/v2/vaults/${vault.id}`, {name: values.name.trim(), description: values.description.trim()});
        done('The vault is saved.');
    }});
    await changed();
}

export default async function vaultPage(ctx) {
    const id = ctx.params.vaultId;
    const view = page(ctx, {title: 'Vault', crumbs: [['Vaults', '/vaults']]});
    const create = () => btn('Create key', {kind: 'primary', icon: 'plus', href: `/vaults/${id}/keys/create`, word: 'wallets.create'});
    let text = '', isBig = false;

    const draw = (rows, more) => grid({caption: 'Keys of this vault', columns: COLUMNS, rows, more, href: keyHref,
        empty: text !== '' ? none({icon: 'search', title: 'No key matches', text: 'Change the search.'})
            : none({icon: 'key', title: 'No keys yet', action: create(),
                text: 'A key is made by all three nodes of a confirmed quorum. None of them ever holds the whole key.'})});
    const read = async (signal) => {
        const [vault, {rows, more, total}] = await Promise.all([get(`/v2/vaults/${id}`, {signal}),
            pages(`/v2/vaults/${id}/wallets?order=desc${text ? `&q=${encodeURIComponent(text)}` : ''}`, 'wallets', {signal})]);

        isBig ||= Number(total) > 10;
        view.title(vault.name);
        view.lead([vault.description, text === '' && total > 0 ? plural(total, 'key') : null].filter(Boolean).join(' · '));
        view.actions([btn('Edit', {icon: 'edit', word: 'vaults.write', onclick: () => edit(vault, () => read(ctx.signal))}), create()]);
        view.show('tags', tagList(`/v2/vaults/${id}`, vault.tags, 'vaults.write', () => read(ctx.signal)));
        view.showOnce('search', isBig, () => (isBig ? searchBox({label: 'Search keys', placeholder: 'Name',
            onchange: (typed) => { text = typed.trim(); read(ctx.signal).catch(fail); }}) : null));
        view.showOnce('keys', JSON.stringify([text, rows]), () => draw(rows, more));
        return rows.some((w) => w.status === 'PROVISIONING');
    };

    await view.refresh(['vault', 'key'], read);
}
