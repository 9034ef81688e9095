// What the tabs of one browser tell each other: somebody works here ('active'), a session
// began or ended ('session').  Nothing else goes this way.
//   tell(word)      hear(fn(word)) -> what takes it away again
const channel = new BroadcastChannel('cloudsign');
const listeners = new Set();

channel.onmessage = (m) => listeners.forEach((fn) => fn(m.data));

export function tell(word) {
    channel.postMessage(word);
}

export function hear(fn) {
    listeners.add(fn);
    return () => listeners.delete(fn);
}
