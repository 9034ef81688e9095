// Vaults: folders of keys.
import {post} from '../lib/api.js';
import {field, formDialog} from '../lib/form.js';
import {navigate} from '../lib/router.js';
import {btn, grid, none, page, when} from './kit.js';
import {vaults} from './data.js';

async function create() {
    const vault = await formDialog({title: 'Create vault', text: 'A vault groups keys, such as those of one client or purpose.', submit: 'Create vault', fields: [
        field({name: 'name', label: 'Name', required: true, maxlength: 50, placeholder: 'Treasury'}),
        field({name: 'description', label: 'Description', maxlength: 250, rows: 3}),
    ], onsubmit: (values) => post('/v2/vaults', {name: values.name.trim(), description: values.description.trim()})});

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

    await view.refresh(['vault'], async (signal) => {
        const list = await vaults({signal});

        view.show('list', grid({caption: 'Vaults', columns: COLUMNS, rows: list.slice().reverse(), href: (v) => `/vaults/${v.id}`,
            empty: none({icon: 'vault', title: 'No vaults yet', text: 'Create one, then create keys in it with a confirmed quorum.', action: createButton()})}));
    });
    if (ctx.pattern === '/vaults/create') {
        create();
    }
}
