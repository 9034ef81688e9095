// Listens to /v2/events with the package ws and tells what comes, a line of JSON each:
//   node listen.mjs URL CA [--cookie TEXT] [--origin TEXT] [--token TEXT] [--since N]
//                          [--protocol NAME] [--say TEXT]
// {"open":true}, {"message":{...}}, {"closed":code}, {"failed":"why"}; ends when it is closed.
import { readFileSync } from 'node:fs';
import WebSocket from 'ws';

const [url, ca, ...rest] = process.argv.slice(2);
const opt = {};
for (let i = 0; i + 1 < rest.length; i += 2) opt[rest[i].slice(2)] = rest[i + 1];
const headers = {};
if (opt.cookie) headers.cookie = opt.cookie;
if (opt.token) headers.authorization = `Bearer ${opt.token}`;
const say = (o) => process.stdout.write(`${JSON.stringify(o)}\n`);
const ws = new WebSocket(`${url.replace(/^https/, 'wss')}/v2/events${opt.since ? `?since=${opt.since}` : ''}`,
  opt.protocol === 'none' ? [] : [opt.protocol ?? 'cloudsign.events.v1'],
  { ca: readFileSync(ca), origin: opt.origin, headers });
ws.on('open', () => { say({ open: true }); if (opt.say) ws.send(opt.say); });
ws.on('message', (data) => say({ message: JSON.parse(data) }));
ws.on('error', (e) => say({ failed: e.message }));
ws.on('close', (code) => { say({ closed: code }); process.exit(0); });
process.on('SIGTERM', () => process.exit(0));
