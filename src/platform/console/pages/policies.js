// Policies: the limits of all keys, and which keys pay only to the address book.
import {get} from '../lib/api.js';
import {h} from '../lib/dom.js';
import {list as pages} from '../lib/ui.js';
import {banner, btn, fail, grid, none, page} from './kit.js';
import {limitColumns, removeLimit} from './limits.js';
import {byId, isMissing, keyHref, orElse} from './data.js';

export default async function policiesPage(ctx) {
    const view = page(ctx, {title: 'Policies', lead: 'What the platform refuses before any node is asked. The nodes’ own policy files count besides.'});
    const read = async (signal) => {
        const wallets = byId((await orElse({}, get('/v2/wallets?pageSize=200', {signal}))).wallets ?? []);
        let found;

        try {
            found = await pages('/v2/policy-rules/limits', 'walletLimits', {signal});
        } catch (err) {
            if (!isMissing(err)) {
                throw err;
            }
            view.show('list', banner('info', 'This platform has no limits', 'Limit amounts in the policy files of the nodes.'));
            return false;
        }
        const key = {title: 'Key', cell: (l) => h('a', {href: `${keyHref({vaultId: l.vaultId, id: l.walletId})}#limits`}, wallets.get(l.walletId)?.name ?? 'Key')};
        view.showOnce('list', JSON.stringify(found.rows), () => grid({caption: 'Limits of all keys', rows: found.rows, more: found.more,
            columns: limitColumns({extra: [key], remove: (l) => removeLimit(l, () => read(ctx.signal)).catch(fail)}),
            empty: none({icon: 'sliders', title: 'No limits yet', text: 'Limits belong to a key: open one, and add a limit per transaction or in a time.',
                action: btn('Go to Vaults', {kind: 'primary', href: '/vaults'})})}));
        return false;
    };

    await view.refresh(['policy', 'key'], read);
}
