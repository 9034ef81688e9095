// Addresses and pages.
//
//   route('/vaults/:vaultId/keys/:walletId', () => import('../pages/key.js'), {nav: 'vaults', title: 'Key'})
//   navigate('/devices', {replace: true})
//   match(path) -> {route, params} or null
//   title('Devices')     the window's title; also told to screen readers on navigation
//
// Clicks on links to this origin are taken over; fixed patterns win over those with ':'.
// A parameter is an id: letters, digits, - and _.  Pages put it into paths of the API, so
// an address like /devices/..%2Fusers is no page.

import {plain} from './dom.js';

const routes = [];
let show = () => {};

export function route(pattern, load, info = {}) {
    const names = [];
    const source = pattern.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/:(\w+)/g, (_, name) => {
        names.push(name);
        return '([A-Za-z0-9_-]+)';
    });

    routes.push({pattern, load, info, names, test: new RegExp(`^${source}/?$`)});
    routes.sort((a, b) => a.names.length - b.names.length);
}

export function match(path) {
    for (const r of routes) {
        const m = r.test.exec(path);

        if (m !== null) {
            return {route: r, params: Object.fromEntries(r.names.map((name, i) => [name, m[i + 1]]))};
        }
    }
    return null;
}

export function title(text) {
    document.title = text ? `${plain(text)} · CloudSign` : 'CloudSign';
}

export function navigate(to, {replace = false} = {}) {
    const url = new URL(to, location.href);

    if (url.origin !== location.origin) {
        return;
    }
    history[replace ? 'replaceState' : 'pushState'](null, '', url.pathname + url.search + url.hash);
    show({isNew: true});
}

// Changes the query without a new page: filters of a list stay in the address.
export function setQuery(values) {
    const url = new URL(location.href);

    for (const [name, value] of Object.entries(values)) {
        if (value === '' || value === null || value === undefined) {
            url.searchParams.delete(name);
        } else {
            url.searchParams.set(name, value);
        }
    }
    history.replaceState(null, '', url.pathname + url.search);
}

export function startRouter(fn) {
    show = fn;
    addEventListener('popstate', () => show({isNew: false}));
    document.addEventListener('click', (event) => {
        const a = event.target.closest?.('a[href]');

        if (!a || event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey ||
            a.target || a.hasAttribute('download') || a.origin !== location.origin || a.pathname.startsWith('/docs') ||
            a.pathname.startsWith('/v2') || a.getAttribute('href').startsWith('#')) {
            return;
        }
        event.preventDefault();
        navigate(a.href);
    });
}
