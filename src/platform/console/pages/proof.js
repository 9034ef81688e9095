// What was proven when the key was made, checked by this browser (lib/verify.js).
import {get, may} from '../lib/api.js';
import {h, replace} from '../lib/dom.js';
import {banner, btn, checkList, code, describe, errorBox, panel, wait} from './kit.js';
import {keyPath} from './data.js';

const LIMITS = 'This page and the identity keys of the nodes come from the platform. That they are the right ones is what comparing the words of the quorum shows; ' +
    'each node has pinned the others’ keys and checks the same things itself. On a node, “cloudsign backup verify” shows that its share fits this public key.';

async function read(w) {
    const [proof, members, {checkKey}] = await Promise.all([get(`${keyPath(w)}/receipts`), get(`/v2/mpc/memberships/${w.quorumId}`), import('../lib/verify.js')]);

    return {proof: proof ?? {}, members: Array.isArray(members) ? members.filter(Boolean) : [], rows: await checkKey({wallet: w, proof, members})};
}

function verdict(rows) {
    if (rows.some((r) => r.ok === false)) {
        return banner('bad', 'Something does not fit: do not use this key', 'Tell your security team, and keep this page and the certificate.');
    }
    if (rows.some((r) => r.ok === null && !r.isByDesign)) {
        return banner('warn', 'Not everything could be checked here', 'Use a newer browser to check the signatures of the nodes.');
    }
    return banner('good', 'Everything fits', `Checked by this browser, with the identity keys of the members below.${
        rows.some((r) => r.isByDesign) ? ' The address is not part of it.' : ''}`);
}

function shown({proof, members, rows}) {
    return [
        verdict(rows), checkList(rows), h('p', {class: 'hint'}, LIMITS),
        h('details', {class: 'help'}, h('summary', {}, 'Certificate and receipts'), describe([
            ['Key ID', code(proof.keyId, {inline: true})],
            ...members.map((m) => [`Identity key of member ${m.playerId}`, code(m.publicKey, {inline: true})]),
        ]),
        code(proof.certificate, {label: 'Certificate', wrap: true}),
        code(JSON.stringify({receipts: proof.receipts, checkSignatures: proof.checkSignatures}, null, 2), {label: 'Receipts and check signatures'})),
    ];
}

export function proofPanel(w) {
    const box = h('div', {class: 'stack', 'aria-live': 'polite'}, wait('Checking'));
    const check = async () => {
        try {
            replace(box, shown(await read(w)));
        } catch (err) {
            replace(box, errorBox(err, check));
        }
    };

    if (!may('audit.read')) {
        return panel({title: 'Certificate'}, banner('info', 'Your role may not read certificates', 'Owners, administrators and auditors can.'));
    }
    check();
    return panel({title: 'Certificate', text: 'Signed by all nodes when the key was made.', actions: [btn('Check again', {icon: 'refresh', onclick: check})]}, box);
}
