// The pages before sign-in: a card in the middle.
//   gate(el, {title, text, foot, wide}, ...children)
import {h, replace} from './dom.js';
import {logo} from './icons.js';
import {themeSwitch} from './shell.js';

export function gate(el, {title, text, foot, wide = false}, ...children) {
    replace(el, h('main', {class: 'gate'},
        h('div', {class: 'gate-top'}, h('span', {class: 'brand'}, logo(26), h('span', null, 'CloudSign')), themeSwitch()),
        h('div', {class: wide ? 'gate-card wide' : 'gate-card'},
            h('div', {class: 'gate-head'}, h('h1', {tabindex: '-1'}, title), text ? h('p', {class: 'lead'}, text) : null), children),
        h('p', {class: 'gate-foot'}, foot ?? '')));
}
