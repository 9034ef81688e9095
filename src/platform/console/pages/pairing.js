// The pairing key: shown once, ready to paste into what starts the node.
import {get} from '../lib/api.js';
import {h} from '../lib/dom.js';
import {banner, btn, code, confirm, countdown, errorBox, fail, panel, tabs, wait} from './kit.js';

// A key for the node's database, made here: it is sent nowhere.
function encryptionKey() {
    return Array.from(crypto.getRandomValues(new Uint8Array(32)), (b) => b.toString(16).padStart(2, '0')).join('');
}

const volume = (n) => `install -d -m 0700 -o 10001 -g 10001 /srv/cloudsign${n}`;

const docker = (n, key, db) => [
    volume(n),
    `docker run -d --restart unless-stopped --name cloudsign${n} \\`,
    `  -v /srv/cloudsign${n}:/var/cloudsign \\`,
    `  -e DB_ENCRYPTION_KEY_HEX=${db} \\`,
    `  -e PAIRING_KEY=${key} \\`,
    '  cloudsign',
].join('\n');

const dotenv = (n, key, db) => [
    `# cloudsign${n}`,
    `ENCRYPTION_KEY_${n}=${db}`,
    `PAIRING_KEY_${n}=${key}`,
    `VOLUME_${n}=/srv/cloudsign${n}`,
].join('\n');

const compose = (n) => [
    'services:',
    `  cloudsign${n}:`,
    '    image: cloudsign',
    `    container_name: cloudsign${n}`,
    '    restart: unless-stopped',
    '    environment:',
    `      DB_ENCRYPTION_KEY_HEX: \${ENCRYPTION_KEY_${n}}`,
    `      PAIRING_KEY: \${PAIRING_KEY_${n}}`,
    '    volumes:',
    `      - \${VOLUME_${n}}:/var/cloudsign`,
].join('\n');

const program = (key, db) => [
    `export PAIRING_KEY=${key}`,
    `export DB_ENCRYPTION_KEY_HEX=${db}`,
    'export CLOUDSIGN_DATA_DIR=/var/lib/cloudsign',
    'cloudsign run',
].join('\n');

function runLines(n, key) {
    const db = encryptionKey();

    return h('div', {class: 'stack'},
        h('h3', {}, 'Start the node'),
        h('p', {class: 'hint'}, 'The lines hold the pairing key, and an encryption key for the node’s database that this browser just made ' +
            'and sends nowhere. Keep both in your secret store: without the encryption key the node cannot read its shards. ' +
            'In production, name an AWS KMS key with DB_ENCRYPTION_KEY_REF instead.'),
        tabs([
            {id: 'docker', label: 'Docker', render: () => code(docker(n, key, db), {label: 'docker run'})},
            {id: 'compose', label: 'Docker Compose', render: () => h('div', {class: 'stack'},
                code(dotenv(n, key, db), {label: '.env'}), code(compose(n), {label: 'docker-compose.yml'}),
                h('p', {class: 'hint'}, `The directory of VOLUME_${n} needs to exist before: `, h('code', {}, volume(n)), '.'))},
            {id: 'program', label: 'Program', render: () => code(program(key, db), {label: 'Shell'})},
        ]));
}

function shown(device, n, answer, again) {
    return panel({title: 'Pairing key', actions: [btn('Issue anew', {icon: 'refresh', word: 'devices.create', onclick: again})]},
        banner('warn', 'Copy it now: it is not shown again',
            'It holds one-time credentials. Whoever starts a node with it becomes this device, until you refuse the approval.'),
        code(answer.pairingKey, {label: `Pairing key of ${device.displayName}`, wrap: true, short: true, copyLabel: 'Copy pairing key'}),
        h('p', {class: 'hint'}, 'Good for the first node that uses it, and for ', countdown(answer.expiresAt, {over: 'no longer: issue it anew'}), '.'),
        runLines(n, answer.pairingKey));
}

// Of the device that was just added, and once: who comes back to its address, or reloads it,
// would make the key useless that was just copied.
let added = null;

export function issueFor(deviceId) {
    added = deviceId;
}

// An element that shows a key until the page is left; without being asked only for a device
// that was just added.  n: number of the device, for names of variables.
export function pairing(device, n) {
    const box = h('div', {class: 'stack'}), isNew = added === device.id;

    const issue = async () => {
        box.replaceChildren(wait('Making a pairing key'));
        try {
            const answer = await get(`/v2/devices/${device.id}/pairing-credentials`);
            box.replaceChildren(shown(device, n, answer, again));
        } catch (err) {
            box.replaceChildren(errorBox(err, issue));
        }
    };
    const again = async () => {
        if (await confirm({title: 'Issue a new pairing key?', text: 'The key that was shown before stops working at once.', action: 'Issue anew'})) {
            await issue().catch(fail);
        }
    };

    added = null;
    if (isNew) {
        issue();
    } else {
        box.append(panel({title: 'Pairing key'},
            h('p', {}, 'The pairing key was shown when the device was added. It is not stored: issue a new one if you did not keep it, ' +
                'which makes the old one useless.'),
            h('div', {class: 'actions'}, btn('Issue a pairing key', {kind: 'primary', icon: 'key', word: 'devices.create', onclick: issue}))));
    }
    return box;
}
