// Live updates over the WebSocket /v2/events (subprotocol cloudsign.events.v1).
//
//   const off = on('device', (event) => ..)
//     noun: device quorum session key (wallet) vault transaction approval user credential
//     webhook policy address audit, or '*'; event: {id, type, objectType, object, at,
//     vaultId, walletId, quorumId, status}; event.type === 'resync': read all again
//   onState((state) => ..)       'live' | 'connecting' | 'off'
//
// A page gets its own `live` whose listeners go when the page is left.  The connection
// comes back by itself (1 s to 15 s, with jitter; at once when the network is back) and asks for what it missed; when the
// platform no longer knows, or has no such stream, listeners get 'resync' every 15 s.

const listeners = new Map();
const stateWatchers = new Set();
let socket = null;
let wanted = false;
let state = 'off';
let last = 0;
let tries = 0;
let retry = 0;
let poll = 0;

export function on(noun, fn) {
    const key = noun === 'wallet' ? 'key' : noun;

    if (!listeners.has(key)) {
        listeners.set(key, new Set());
    }
    listeners.get(key).add(fn);
    return () => listeners.get(key).delete(fn);
}

export function onState(fn) {
    stateWatchers.add(fn);
    fn(state);
    return () => stateWatchers.delete(fn);
}

// The listeners of one page: scope() -> {on, off}.
export function scope() {
    const offs = [];

    return {
        on(noun, fn) {
            const off = on(noun, fn);
            offs.push(off);
            return off;
        },
        off() {
            offs.splice(0).forEach((off) => off());
        },
    };
}

export function start() {
    wanted = true;
    connect();
}

export function stop() {
    wanted = false;
    last = 0;
    clearTimeout(retry);
    clearInterval(poll);
    poll = 0;
    socket?.close();
    socket = null;
    say('off');
}

function say(next) {
    if (next !== state) {
        state = next;
        for (const fn of stateWatchers) {
            fn(state);
        }
    }
}

function connect() {
    if (!wanted || socket !== null) {
        return;
    }
    say('connecting');
    const url = `wss://${location.host}/v2/events${last > 0 ? `?since=${last}` : ''}`;
    const ws = new WebSocket(url, 'cloudsign.events.v1');
    socket = ws;
    ws.onmessage = (m) => receive(m.data);
    ws.onclose = () => {
        if (socket === ws) {
            socket = null;
            later();
        }
    };
}

addEventListener('online', () => {
    clearTimeout(retry);
    connect();
});

function later() {
    if (!wanted) {
        return;
    }
    say(tries < 2 ? 'connecting' : 'off');
    retry = setTimeout(connect, Math.min(15000, 1000 * 2 ** Math.min(tries, 4)) * (0.5 + Math.random() / 2));
    tries++;
    if (poll === 0 && tries > 1) {
        poll = setInterval(() => emit({type: 'resync'}), 15000);
    }
}

function receive(text) {
    let event;

    try {
        event = JSON.parse(text);
    } catch {
        return;
    }
    if (event.type === 'hello') {
        const missed = tries > 0 && last === 0;

        tries = 0;
        clearInterval(poll);
        poll = 0;
        if (last === 0) { // else what was missed comes now, or the word to read again
            last = Number(event.id) || 0;
        }
        say('live');
        if (missed) {
            emit({type: 'resync'});
        }
        return;
    }
    last = event.type === 'resync' ? Number(event.id) || 0
        : Math.max(last, Number(event.id) || 0);
    emit(event);
}

function emit(event) {
    const noun = String(event.type).split('.')[0];
    const key = noun === 'wallet' ? 'key' : noun;
    const to = event.type === 'resync'
        ? new Set([...listeners.values()].flatMap((set) => [...set]))
        : new Set([...listeners.get(key) ?? [], ...listeners.get('*') ?? []]);

    for (const fn of to) {
        try {
            fn(event);
        } catch (err) {
            console.error(err);
        }
    }
}
