// Vaults: folders of keys.
import {post} from '../lib/api.js';
import {field, formDialog} from '../lib/form.js';
import {navigate} from '../lib/router.js';
import {list as pages} from '../lib/ui.js';
import {btn, fail, grid, none, page, searchBox, when} from './kit.js';

async function create() {
    const vault = await formDialog({title: 'Create vault', text: 'A vault groups keys, such as those of one client or purpose.', submit: 'Create vault', fields: [
        field({name: 'name', label: 'Name', required: true, maxlength: 50, placeholder: 'Treasury'}),
        field({name: 'description', label: 'Description', maxlength: 250, rows: 3}),
    ], onsubmit: (values) => post('/v2/vaults', {name: values.name.trim(), description: values.description.trim()}, {once: true})});

    if (vault) {
        navigate(`/vaults/${vault.id}`);
    }
}

const createButton = () => btn('Create vault', {kind: 'primary', icon: 'plus', word: 'vaults.write', onclick: create});

const COLUMNS = [
    {title: 'Vault', cell: (v) => v.name},
    {title: 'Description', cell: (v) => v.description || '–', wide: true},
    {title: 'Created', cell: (v) => when(v.createdAt)},
];

export default async function vaultsPage(ctx) {
    const view = page(ctx, {title: 'Vaults', lead: 'Vaults group your keys. Every key lives in one.', actions: [createButton()]});

    let text = '';
    const read = async (signal) => {
        const {rows, more, total} = await pages(`/v2/vaults?order=desc${text ? `&q=${encodeURIComponent(text)}` : ''}`, 'vaults', {signal});

        view.showOnce('search', text !== '' || Number(total) > 10, () => (text !== '' || Number(total) > 10 ? searchBox({label: 'Search vaults', placeholder: 'Name',
            onchange: (typed) => { text = typed.trim(); read(ctx.signal).catch(fail); }}) : null));
        view.showOnce('list', JSON.stringify([text, rows]), () => grid({caption: 'Vaults', columns: COLUMNS, rows, more, href: (v) => `/vaults/${v.id}`,
            empty: text !== '' ? none({icon: 'search', title: 'No vault matches', text: 'Change the search.'}) : none({icon: 'vault', title: 'No vaults yet', text: 'Create one, then create keys in it with a confirmed quorum.', action: createButton()})}));
        return false;
    };

    await view.refresh(['vault'], read);
    if (ctx.pattern === '/vaults/create') {
        create();
    }
}
