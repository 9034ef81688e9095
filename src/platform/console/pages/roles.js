// Who may do what: the server's own table, right by right.
import {get} from '../lib/api.js';
import {h, replace} from '../lib/dom.js';
import {icon} from '../lib/icons.js';
import {ROLES} from '../lib/roles.js';
import {settings} from '../lib/settings.js';
import {card} from '../lib/ui.js';

const GROUPS = [['controls', 'Controls'], ['wallets', 'Wallets'], ['transactions', 'Transactions'], ['audit', 'Audit']];

function mark(yes, role) {
    return yes ? h('span', {class: 'badge ok', title: `${role}: yes`}, icon('check', 14), h('span', {class: 'sr-only'}, 'yes'))
        : h('span', {class: 'muted'}, '–', h('span', {class: 'sr-only'}, 'no'));
}

function group(title, words, roles) {
    return card({title, flush: true}, h('div', {class: 'table-scroll', tabindex: '0', role: 'region', 'aria-label': `${title}: rights of the roles`}, h('table', {class: 'table matrix'},
        h('caption', {class: 'sr-only'}, `${title}: which role has which right`),
        h('thead', null, h('tr', null, h('th', {scope: 'col'}, 'Right'), ROLES.map((r) => h('th', {scope: 'col'}, r.title)))),
        h('tbody', null, Object.entries(words).map(([word, text]) => h('tr', null,
            h('th', {scope: 'row'}, h('span', {class: 'cell-main'}, text[0].toUpperCase() + text.slice(1)), h('span', {class: 'cell-sub mono'}, word)),
            ROLES.map((r) => h('td', null, mark((roles[r.value] ?? []).includes(word), r.title)))))))));
}

export default async function page({el, signal}) {
    const all = await get('/v2/credentials/permissions', {signal});

    replace(el, settings('roles', {title: 'Roles', text: 'A user has the rights of each of their roles. Nobody can give, change or take away what they do not have themselves.'},
        h('div', {class: 'links'}, ROLES.map((r) => card({title: r.title}, h('p', {class: 'lead'}, r.text)))),
        GROUPS.filter(([id]) => all[id]).map(([id, title]) => group(title, all[id], all.roles ?? {}))));
}
