// Address book: counterparties and their addresses.
import {del, get, getAll, may, post, put} from '../lib/api.js';
import {h} from '../lib/dom.js';
import {checkbox, choice, confirm, field, formDialog, select} from '../lib/form.js';
import {navigate} from '../lib/router.js';
import {badge, banner, btn, by, code, describe, done, fail, grid, none, page, panel, when} from './kit.js';
import {CHAINS, chain, sentence} from './facts.js';
import {isMissing, people} from './data.js';

const TYPES = {ORGANIZATION: 'Organisation', INDIVIDUAL: 'Person', DAPP: 'dApp'};
const typeOf = (party) => TYPES[party.details?.type] ?? sentence(party.details?.type);

/* ---- counterparties ------------------------------------------------------------------------------ */

function partyDetails(v) {
    switch (v.type) {
    case 'INDIVIDUAL': return {type: v.type, individual: {firstName: v.firstName.trim(), lastName: v.lastName.trim()}};
    case 'DAPP': return {type: v.type, dApp: {}};
    default: return {type: v.type, organization: {legalName: v.legalName.trim()}};
    }
}

async function addParty() {
    const first = field({name: 'firstName', label: 'First name', maxlength: 50}), last = field({name: 'lastName', label: 'Last name', maxlength: 50});
    const legal = field({name: 'legalName', label: 'Legal name', maxlength: 100});
    const type = choice({name: 'type', legend: 'Type', value: 'ORGANIZATION', options: Object.entries(TYPES).map(([value, title]) => ({value, title})), onchange: () => show()});
    const show = () => {
        const now = type.read();

        first.hidden = last.hidden = now !== 'INDIVIDUAL';
        legal.hidden = now !== 'ORGANIZATION';
    };

    show();
    const made = await formDialog({title: 'Add a counterparty', submit: 'Add counterparty', fields: [
        field({name: 'name', label: 'Name', required: true, maxlength: 50, hint: 'As you call them.'}), type, legal, first, last,
        field({name: 'description', label: 'Description', maxlength: 250, rows: 2}),
    ], onsubmit: (v) => post('/v2/counterparties', {name: v.name.trim(), ...v.description.trim() ? {description: v.description.trim()} : {}, details: partyDetails(v)})});

    if (made) {
        navigate(`/address-book/${made.id}`);
    }
}

const addPartyButton = () => btn('Add a counterparty', {kind: 'primary', icon: 'plus', word: 'counterparties.manage', onclick: addParty});

async function parties(ctx) {
    const view = page(ctx, {title: 'Address book', lead: 'Whom your keys may pay. A key with “Only to the address book” refuses every other destination.', actions: [addPartyButton()]});

    await view.refresh(['address'], async (signal) => {
        let list;

        try {
            list = await getAll('/v2/counterparties', 'counterparties', {signal});
        } catch (err) {
            if (!isMissing(err)) {
                throw err;
            }
            view.show('list', banner('info', 'This platform has no address book', 'Destinations are limited by the policy files of the nodes.'));
            return false;
        }
        view.show('list', grid({caption: 'Counterparties', rows: list, href: (p) => `/address-book/${p.id}`, columns: [
            {title: 'Counterparty', cell: (p) => p.name},
            {title: 'Type', cell: typeOf},
            {title: 'Addresses', cell: (p) => p.addressCount ?? 0},
            {title: 'Description', cell: (p) => p.description || '–', wide: true},
            {title: 'Added', cell: (p) => when(p.createdAt), wide: true},
        ], empty: none({icon: 'book', title: 'Nobody yet', text: 'Add those whom you pay, and their addresses.', action: addPartyButton()})}));
        return false;
    });
}

/* ---- one of them, and its addresses ------------------------------------------------------------------ */

const ADDRESS_STATUS = {
    ENABLED: {text: 'In force', tone: 'good'}, CREATION_APPROVAL_PENDING: {text: 'Waits for approval', tone: 'warn'},
    DELETION_APPROVAL_PENDING: {text: 'Deletion waits for approval', tone: 'warn'}, REJECTED: {text: 'Rejected', tone: 'bad'}, ERROR: {text: 'Error', tone: 'bad'},
};
const addressStatus = (a) => ADDRESS_STATUS[a.status] ?? {text: sentence(a.status), tone: a.active ? 'good' : 'neutral'};
const outside = (a) => a.details?.externalAddress ?? {};

async function addAddress(party, changed) {
    const made = await formDialog({title: `Add an address of ${party.name}`, submit: 'Add address', fields: [
        field({name: 'name', label: 'Name', required: true, maxlength: 50, placeholder: 'Settlement account'}),
        select({name: 'blockchain', label: 'Blockchain', options: CHAINS.map((c) => [c.id, c.name])}),
        field({name: 'address', label: 'Address', required: true, mono: true, maxlength: 200, hint: 'Compare it with what the counterparty gave you on another way.'}),
        field({name: 'description', label: 'Description', maxlength: 250, rows: 2}),
        checkbox({name: 'termsAndConditionsAccepted', label: 'This address was given by the counterparty itself', hint: 'The API requires this statement for each address.'}),
    ], onsubmit: (v) => post(`/v2/counterparties/${party.id}/addresses`, {termsAndConditionsAccepted: v.termsAndConditionsAccepted,
        details: {type: 'EXTERNAL', externalAddress: {address: v.address.trim(), name: v.name.trim(), blockchains: [v.blockchain],
            ...v.description.trim() ? {description: v.description.trim()} : {}}}})});

    if (made) {
        done(made.active ? 'The address is in force.' : 'The address waits for approval.');
        await changed();
    }
}

async function removeAddress(party, a, changed) {
    if (await confirm({title: `Delete “${outside(a).name}”?`, danger: true, action: 'Delete address', text: 'Keys that pay only to the address book refuse it from then on.'})) {
        await del(`/v2/counterparties/${party.id}/addresses/${a.addressId}`);
        done('The address is deleted, or its deletion waits for approval.');
        await changed();
    }
}

async function editParty(party, changed) {
    await formDialog({title: 'Edit counterparty', submit: 'Save', fields: [
        field({name: 'name', label: 'Name', required: true, maxlength: 50, value: party.name}),
        field({name: 'description', label: 'Description', maxlength: 250, rows: 2, value: party.description ?? ''}),
    ], onsubmit: (v) => put(`/v2/counterparties/${party.id}`, {name: v.name.trim(), description: v.description.trim()})});
    await changed();
}

async function removeParty(party) {
    if (await confirm({title: `Delete “${party.name}”?`, danger: true, action: 'Delete counterparty', text: 'It has to be without addresses.'})) {
        await del(`/v2/counterparties/${party.id}`);
        done('The counterparty is deleted.');
        navigate('/address-book');
    }
}

function addressTable(party, list, changed) {
    return panel({title: 'Addresses', flush: true}, grid({caption: `Addresses of ${party.name}`, rows: list, columns: [
        {title: 'Name', cell: (a) => outside(a).name},
        {title: 'Blockchain', cell: (a) => (outside(a).blockchains ?? []).map((id) => chain(id).name).join(', ')},
        {title: 'Address', cell: (a) => code(outside(a).address, {inline: true, label: `Address ${outside(a).name}`})},
        {title: 'Status', cell: (a) => badge(addressStatus(a))},
        may('counterparties.manage') ? {title: 'Action', cell: (a) => btn('Delete', {small: true, onclick: () => removeAddress(party, a, changed).catch(fail)})} : null,
    ].filter(Boolean), empty: none({icon: 'book', title: 'No addresses yet', text: 'Add the addresses that may be paid.'})}));
}

function fullName(d) {
    return d?.individual ? `${d.individual.firstName} ${d.individual.lastName}` : d?.organization?.legalName;
}

async function one(ctx) {
    const path = `/v2/counterparties/${ctx.params.counterpartyId}`;
    const view = page(ctx, {title: 'Counterparty', crumbs: [['Address book', '/address-book']]});
    const names = await people(ctx);

    const read = async (signal) => {
        const [party, list] = await Promise.all([get(path, {signal}), getAll(`${path}/addresses`, 'addresses', {signal})]);
        const changed = () => read(ctx.signal);

        view.title(party.name);
        view.lead(party.description);
        view.actions([btn('Edit', {icon: 'edit', word: 'counterparties.manage', onclick: () => editParty(party, changed)}),
            btn('Delete', {kind: 'danger-quiet', icon: 'trash', word: 'counterparties.manage', onclick: () => removeParty(party).catch(fail),
                disabled: list.length > 0 ? 'Delete its addresses first.' : false}),
            btn('Add an address', {kind: 'primary', icon: 'plus', word: 'counterparties.manage', onclick: () => addAddress(party, changed)})]);
        view.show('addresses', addressTable(party, list, changed));
        view.show('details', panel({title: 'Details'}, describe([['Type', typeOf(party)], fullName(party.details) ? ['Full name', fullName(party.details)] : null,
            ['Added', h('span', {}, when(party.createdAt), ' by ', by(names, party.createdBy))]])));
        return false;
    };

    await view.refresh(['address'], read);
}

export default function addressBookPage(ctx) {
    return ctx.params.counterpartyId ? one(ctx) : parties(ctx);
}
