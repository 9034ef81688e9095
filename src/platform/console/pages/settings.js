// Settings, first page: the organisation and the way to everything else.
import {get} from '../lib/api.js';
import {h, replace} from '../lib/dom.js';
import {time} from '../lib/format.js';
import {icon} from '../lib/icons.js';
import {allowed, settings} from '../lib/settings.js';
import {badge, card, copy, details} from '../lib/ui.js';

export default async function page({el, signal}) {
    const org = await get('/v2/organizations', {signal});
    const s = org.settings ?? {};

    replace(el, settings('organisation', {title: 'Settings'},
        card({title: 'Organisation'}, details([
            ['Name', org.name],
            ['Id', copy(org.id, {label: 'the organisation’s id'})],
            ['Region', s.region],
            ['Keystores', (s.enabledKeystores ?? []).join(', ')],
            ['State', badge(s.enabled === false ? 'DISABLED' : 'ENABLED')],
            ['Created', time(org.createdAt, {absolute: true})],
        ])),
        h('div', {class: 'links'}, allowed().filter((x) => x.id !== 'organisation').map((x) => h('a', {class: 'link-card', href: x.href}, icon(x.icon, 18),
            h('span', null, h('span', {class: 'link-title'}, x.label), h('span', {class: 'link-text'}, x.text)))))));
}
