// Values as people read them.  Everything here returns text or an element without state.
//
//   time('2026-11-26T09:00:00.000Z')  -> <time> "3 minutes ago", exact value on hover
//   when(iso)         -> "26 Nov 2026, 10:00"            exact(iso) -> with seconds and zone
//   ago(iso)          -> "3 minutes ago", "in 2 hours"   left(iso)  -> "4:59" until then
//   shortId(uuid)     -> "3f2a…91c0"     middle(text, 6) -> "0x52ab…77e1"
//   amount('1500000', 6) -> "1.5"        groups('1234567.5') -> "1,234,567.5"
//   dayBound('2026-11-26', true) -> the day's last moment here, for the API; '' for no day
//   words('PENDING_POLICY') -> "Pending policy"          plural(3, 'device') -> "3 devices"
//   personName(user), count(n), bytes(n)
import {h} from './dom.js';

const ago_ = new Intl.RelativeTimeFormat('en', {numeric: 'auto'});
const day_ = new Intl.DateTimeFormat('en-GB', {day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit'});
const exact_ = new Intl.DateTimeFormat('en-GB', {dateStyle: 'full', timeStyle: 'long'});
const number_ = new Intl.NumberFormat('en');

// The API writes 1970 for what has not happened.
function parse(iso) {
    const t = typeof iso === 'number' ? iso : Date.parse(iso ?? '');
    return Number.isNaN(t) || t < 86400000 ? null : t;
}

export function when(iso) {
    const t = parse(iso);
    return t === null ? 'never' : day_.format(t);
}

export function exact(iso) {
    const t = parse(iso);
    return t === null ? '' : exact_.format(t);
}

export function ago(iso, now = Date.now()) {
    const t = parse(iso);

    if (t === null) {
        return 'never';
    }
    const s = Math.round((t - now) / 1000);
    const abs = Math.abs(s);
    if (abs < 5) {
        return 'just now';
    }
    for (const [unit, size, below] of [['second', 1, 60], ['minute', 60, 3600], ['hour', 3600, 86400], ['day', 86400, 86400 * 14]]) {
        if (abs < below) {
            return ago_.format(Math.trunc(s / size), unit);
        }
    }
    return day_.format(t);
}

export function dayBound(day, isEnd = false) {
    const t = /^\d{4}-\d\d-\d\d$/.test(day ?? '') ? Date.parse(`${day}T${isEnd ? '23:59:59.999' : '00:00:00.000'}`) : NaN;
    return Number.isNaN(t) ? '' : new Date(t).toISOString();
}

export function left(iso, now = Date.now()) {
    const t = parse(iso);
    const s = t === null ? 0 : Math.max(0, Math.round((t - now) / 1000));

    if (s >= 3600) {
        return `${Math.floor(s / 3600)} h ${Math.floor(s % 3600 / 60)} min`;
    }
    return `${Math.floor(s / 60)}:${String(s % 60).padStart(2, '0')}`;
}

// {absolute: true}: the date instead of "3 minutes ago".
export function time(iso, {absolute = false} = {}) {
    const t = parse(iso);

    if (t === null) {
        return h('span', {class: 'muted'}, 'never');
    }
    return h('time', {datetime: new Date(t).toISOString(), title: exact(iso), dataset: absolute ? {} : {ago: String(t)}},
        absolute ? when(iso) : ago(iso));
}

// "3 minutes ago" goes on while it is looked at (lib/shell.js calls this).
export function refreshTimes(root) {
    for (const el of root.querySelectorAll('time[data-ago]')) {
        el.textContent = ago(Number(el.dataset.ago));
    }
}

export function shortId(id) {
    return middle(String(id ?? ''), 4);
}

export function middle(text, keep = 6) {
    const t = String(text ?? '');
    return t.length <= 2 * keep + 1 ? t : `${t.slice(0, keep)}…${t.slice(-keep)}`;
}

export function count(n) {
    return number_.format(Number(n ?? 0));
}

export function plural(n, one, many = `${one}s`) {
    return `${count(n)} ${Number(n) === 1 ? one : many}`;
}

export function bytes(n) {
    const units = ['B', 'KB', 'MB', 'GB'];
    let i = 0, v = Number(n ?? 0);

    while (v >= 1024 && i < units.length - 1) {
        v /= 1024;
        i++;
    }
    return `${i === 0 ? v : v.toFixed(1)} ${units[i]}`;
}

// A decimal text with separators; digits are never rounded away.
export function groups(text) {
    const m = /^(-?)(\d+)(\.\d+)?$/.exec(String(text));
    return m === null ? String(text) : m[1] + m[2].replace(/\B(?=(\d{3})+$)/g, ',') + (m[3] ?? '');
}

// Smallest units into whole ones, exact.
export function amount(units, decimals = 0) {
    const text = String(units ?? '');
    const m = /^(-?)(\d+)$/.exec(text);

    if (m === null || decimals <= 0) {
        return groups(text);
    }
    const digits = m[2].padStart(decimals + 1, '0');
    const whole = digits.slice(0, -decimals).replace(/^0+(?=\d)/, '');
    const part = digits.slice(-decimals).replace(/0+$/, '');
    return groups(`${m[1]}${whole}${part === '' ? '' : `.${part}`}`);
}

const KEPT = new Set(['API', 'MPC', 'ID', 'TOTP', 'URL', 'IP', 'HTTP', 'EIP', 'BTC', 'ETH']);

export function words(constant) {
    const parts = String(constant ?? '').split(/[_\s]+/).filter(Boolean);

    return parts.map((p, i) => KEPT.has(p) ? p : i === 0 ? p[0].toUpperCase() + p.slice(1).toLowerCase() : p.toLowerCase()).join(' ');
}

export function personName(user) {
    return [user?.firstName, user?.lastName].filter(Boolean).join(' ') || user?.email || '';
}
