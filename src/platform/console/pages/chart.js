// Signatures per day as bars: inline SVG, one bar a day with the failed ones on top, the
// same numbers as a table for those who cannot see it.
import {h, svg} from '../lib/dom.js';

const HEIGHT = 160, BASE = 132, TOP = 12, LEFT = 34;

// The next number people like as the end of an axis.
function niceTop(max) {
    const scale = 10 ** Math.floor(Math.log10(Math.max(max, 1)));
    const step = [1, 2, 4, 5, 10].find((s) => s * scale >= max) ?? 10;

    return Math.max(4, step * scale);
}

const dayText = (day, opts) => new Date(`${day}T12:00:00Z`).toLocaleDateString('en-GB', {timeZone: 'UTC', ...opts});

function axis(top, width) {
    return [0, 0.5, 1].map((part) => {
        const y = BASE - part * (BASE - TOP);

        return svg('g', {},
            svg('line', {class: 'chart-line', x1: LEFT, x2: width, y1: y, y2: y}),
            svg('text', {class: 'chart-text', x: LEFT - 8, y: y + 4, 'text-anchor': 'end'}, Math.round(top * part)));
    });
}

function bar(row, i, slot, top) {
    const width = Math.max(3, Math.min(18, slot * 0.62));
    const x = LEFT + i * slot + (slot - width) / 2;
    const tall = (value) => (value / top) * (BASE - TOP);
    const signed = tall(row.signed), failed = tall(row.failed);
    const text = `${dayText(row.day, {day: 'numeric', month: 'long'})}: ${row.signed} signed, ${row.failed} failed`;

    return svg('g', {},
        svg('title', {}, text),
        svg('rect', {class: 'chart-hit', x: LEFT + i * slot, y: TOP, width: slot, height: BASE - TOP}),
        signed === 0 && failed === 0 ? svg('rect', {class: 'chart-none', x, y: BASE - 2, width, height: 2, rx: 1}) : null,
        signed > 0 ? svg('rect', {class: 'chart-good', x, y: BASE - signed, width, height: signed, rx: 2}) : null,
        failed > 0 ? svg('rect', {class: 'chart-bad', x, y: BASE - signed - failed - (signed > 0 ? 1 : 0), width, height: Math.max(failed, 2), rx: 2}) : null);
}

function dayLabels(days, slot) {
    const every = Math.max(1, Math.ceil(64 / slot));

    return days.map((row, i) => ((days.length - 1 - i) % every === 0
        ? svg('text', {class: 'chart-text', x: LEFT + (i === days.length - 1 ? days.length * slot : (i + 0.5) * slot), y: BASE + 20,
            'text-anchor': i === days.length - 1 ? 'end' : 'middle'},
            dayText(row.day, {day: 'numeric', month: 'short'}))
        : null));
}

function asTable(days) {
    return h('table', {class: 'sr-only'},
        h('caption', {}, 'Signatures per day'),
        h('thead', {}, h('tr', {}, ['Day', 'Signed', 'Failed'].map((text) => h('th', {scope: 'col'}, text)))),
        h('tbody', {}, days.map((row) => h('tr', {},
            h('th', {scope: 'row'}, row.day), h('td', {}, row.signed), h('td', {}, row.failed)))));
}

function draw(days, width) {
    const top = niceTop(Math.max(...days.map((row) => row.signed + row.failed), 0));
    const slot = (width - LEFT) / days.length;

    return svg('svg', {viewBox: `0 0 ${width} ${HEIGHT}`, 'aria-hidden': 'true', focusable: 'false'},
        axis(top, width), days.map((row, i) => bar(row, i, slot, top)), dayLabels(days, slot));
}

// days: [{day: '2026-11-26', signed, failed}], the oldest first.  Drawn for the width
// that there is, so that its text stays readable on a phone.
export function barChart(days) {
    const picture = h('div', {class: 'chart-picture'});
    const size = new ResizeObserver(([entry]) => {
        const width = Math.round(entry.contentRect.width);

        if (width > 0 && picture.dataset.width !== String(width)) {
            picture.dataset.width = String(width);
            picture.replaceChildren(draw(days, width));
        }
    });

    size.observe(picture);
    return h('div', {class: 'chart'}, picture, asTable(days));
}

// days[] with every one of the last n days in it.
export function lastDays(days, n = 30, now = Date.now()) {
    const known = new Map((days ?? []).map((row) => [row.day, row]));

    return Array.from({length: n}, (_, i) => {
        const day = new Date(now - (n - 1 - i) * 86400000).toISOString().slice(0, 10);

        return {day, signed: known.get(day)?.signed ?? 0, failed: known.get(day)?.failed ?? 0};
    });
}
