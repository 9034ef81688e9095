// Tags of a vault or a key: short words to find it by.
import {del, may, post} from '../lib/api.js';
import {h} from '../lib/dom.js';
import {field, formDialog} from '../lib/form.js';
import {iconButton} from '../lib/ui.js';
import {btn} from './kit.js';

const MOST = 20;

async function add(path, changed) {
    const did = await formDialog({title: 'Add a tag', submit: 'Add tag', fields: [field({name: 'tag', label: 'Tag', required: true, maxlength: 50, placeholder: 'client-42'})],
        onsubmit: (v) => post(`${path}/tags`, {tag: v.tag.trim()})});

    if (did) {
        await changed();
    }
}

async function remove(path, tag, changed) {
    await del(`${path}/tags?tag=${encodeURIComponent(tag)}`);
    await changed();
}

// path: of the vault or wallet in the API; word: the permission to change it.
export function tagList(path, tags, word, changed) {
    const list = tags ?? [];

    return h('div', {class: 'row'}, list.length > 0 ? h('ul', {class: 'tags', 'aria-label': 'Tags'}, list.map((tag) => h('li', {class: 'tag'}, tag,
        may(word) ? iconButton('x', `Remove the tag ${tag}`, () => remove(path, tag, changed)) : null))) : h('span', {class: 'muted'}, 'no tags'),
    may(word) && list.length < MOST ? btn('Add a tag', {small: true, kind: 'ghost', icon: 'plus', onclick: () => add(path, changed)}) : null);
}
