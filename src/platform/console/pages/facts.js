/* Words and facts that several work pages share: blockchains, and what each status means
 * to people.  A status is {text, tone}; tones are those of ui.badge. */

/* The rows of src/chain/chain.c: name, people's word, symbol, curves (the first is the
 * default), and what can be signed beside raw transactions. */
const K1 = 'SECP256K1', ED = 'ED25519';
const ROWS = [
    ['ETHEREUM', 'Ethereum', 'ETH', [K1], 'text typed digest'],
    ['BITCOIN', 'Bitcoin', 'BTC', [K1], 'text digest'],
    ['SOLANA', 'Solana', 'SOL', [ED], 'text'],
    ['XRP_LEDGER', 'XRP Ledger', 'XRP', [K1, ED], 'text digest'],
    ['POLYGON', 'Polygon', 'POL', [K1], 'text typed digest'],
    ['BASE', 'Base', 'ETH', [K1], 'text typed digest'],
    ['ARBITRUM', 'Arbitrum', 'ETH', [K1], 'text typed digest'],
    ['AVALANCHE', 'Avalanche', 'AVAX', [K1], 'text typed digest'],
    ['BNBCHAIN', 'BNB Chain', 'BNB', [K1], 'text typed digest'],
    ['TRON', 'Tron', 'TRX', [K1], 'text digest'],
    ['STELLAR', 'Stellar', 'XLM', [ED], 'text'],
    ['ALGORAND', 'Algorand', 'ALGO', [ED], 'text'],
    ['NEAR', 'NEAR', 'NEAR', [ED], 'text'],
    ['HEDERA', 'Hedera', 'HBAR', [K1, ED], 'text digest'],
    ['LITECOIN', 'Litecoin', 'LTC', [K1], 'text digest'],
    ['DOGECOIN', 'Dogecoin', 'DOGE', [K1], 'text digest'],
    ['BITCOIN_CASH', 'Bitcoin Cash', 'BCH', [K1], 'text digest'],
    ['DASH', 'Dash', 'DASH', [K1], 'text digest'],
    ['COSMOS_HUB', 'Cosmos Hub', 'ATOM', [K1], 'text digest'],
    ['OSMOSIS', 'Osmosis', 'OSMO', [K1], 'text digest'],
    ['CELESTIA', 'Celestia', 'TIA', [K1], 'text digest'],
    ['DYDX', 'dYdX', 'DYDX', [K1], 'text digest'],
    ['AXELAR', 'Axelar', 'AXL', [K1], 'text digest'],
    ['SEI', 'Sei', 'SEI', [K1], 'text digest'],
    ['APTOS', 'Aptos', 'APT', [ED, K1], null],
    ['SUI', 'Sui', 'SUI', [ED, K1], null],
    ['TEZOS', 'Tezos', 'XTZ', [ED, K1], null],
    ['POLKADOT', 'Polkadot', 'DOT', [ED, K1], null],
    ['KUSAMA', 'Kusama', 'KSM', [ED, K1], null],
    ['CARDANO', 'Cardano', 'ADA', [ED], null],
    ['ONE_MONEY', '1Money', 'USD', [K1], null],
    ['INJECTIVE', 'Injective', 'INJ', [K1], null],
    ['FILECOIN', 'Filecoin', 'FIL', [K1], null],
    ['STACKS', 'Stacks', 'STX', [K1], null],
];

export const CHAINS = ROWS.map(([id, name, symbol, curves, signs]) => ({
    id, name, symbol, curves, addressOnly: signs === null,
    text: Boolean(signs?.includes('text')), typed: Boolean(signs?.includes('typed')),
    digest: Boolean(signs?.includes('digest')),
}));

export const chain = (id) => CHAINS.find((c) => c.id === id) ??
    {id, name: id ?? '', symbol: '', curves: [K1], addressOnly: true};

/* ---- statuses -------------------------------------------------------------------- */

const table = (rows) => (key) => rows[key] ?? {text: sentence(key), tone: 'neutral'};

/* SOME_STATE -> "Some state": a word that this console does not know yet. */
export function sentence(word) {
    const text = String(word ?? '').replaceAll('_', ' ').toLowerCase();
    return text.charAt(0).toUpperCase() + text.slice(1);
}

/* The seed's words for devices. */
export const deviceStatus = table({
    Unpaired: { text: 'Unpaired', tone: 'neutral',
        help: 'No node has used its pairing key yet.' },
    'Waiting for approval': { text: 'Waiting for approval', tone: 'warn',
        help: 'A node is connected. An administrator compares its fingerprint and approves it.' },
    Paired: {text: 'Paired', tone: 'good', help: 'Ready to be a member of MPC quorums.'},
    Disabled: {text: 'Disabled', tone: 'neutral', help: 'It takes no part in anything until it is enabled.'},
    Rejected: {text: 'Rejected', tone: 'bad', help: 'It was not approved. Add a new device.'},
    Deleted: {text: 'Deleted', tone: 'neutral'},
});

export const connection = table({
    ONLINE: {text: 'Online', tone: 'good'},
    OFFLINE: {text: 'Offline', tone: 'bad'},
    UNKNOWN: {text: 'Never seen', tone: 'neutral'},
});

export const quorumState = table({
    QUORUM_STATE_INITIAL: {text: 'Waiting for approval', tone: 'warn'},
    QUORUM_STATE_CREATED: {text: 'Created', tone: 'info'},
    QUORUM_STATE_PENDING: {text: 'Pending', tone: 'info'},
    QUORUM_STATE_CONFIRMED: {text: 'Confirmed', tone: 'good'},
    QUORUM_STATE_REJECTED: {text: 'Rejected', tone: 'bad'},
    QUORUM_STATE_FAILED: {text: 'Failed', tone: 'bad'},
});

export const memberState = table({
    MEMBERSHIP_STATE_CREATED: {text: 'Invited', tone: 'neutral'},
    MEMBERSHIP_STATE_PENDING: {text: 'Joining', tone: 'info'},
    MEMBERSHIP_STATE_CONFIRMED: {text: 'Confirmed', tone: 'good'},
    MEMBERSHIP_STATE_REJECTED: {text: 'Rejected', tone: 'bad'},
    MEMBERSHIP_STATE_FAILED: {text: 'Failed', tone: 'bad'},
});

export const keyStatus = table({
    CREATED: {text: 'Waiting for approval', tone: 'warn'},
    PROVISIONING: {text: 'Provisioning', tone: 'info'},
    PROVISIONED: {text: 'Provisioned', tone: 'good'},
    PROVISIONING_FAILED: {text: 'Provisioning failed', tone: 'bad'},
});

export const txStatus = table({
    REQUESTED: {text: 'Requested', tone: 'info'},
    POLICY_CHECK_PENDING: {text: 'Policy check', tone: 'info'},
    POLICY_CHECK_PASSED: {text: 'Policy passed', tone: 'info'},
    APPROVAL_CHECK_PENDING: {text: 'Waiting for approval', tone: 'warn'},
    APPROVAL_CHECK_PASSED: {text: 'Approved', tone: 'info'},
    SIGNATURE_PENDING: {text: 'Signing', tone: 'info'},
    SIGNED: {text: 'Signed', tone: 'good'},
    FAILED: {text: 'Failed', tone: 'bad'},
    REJECTED: {text: 'Rejected', tone: 'bad'},
});

export const TX_FINAL = ['SIGNED', 'FAILED', 'REJECTED', 'CONFIRMED'];
export const isFinal = (tx) => TX_FINAL.includes(tx.status);

export const approvalState = table({
    PENDING: {text: 'Pending', tone: 'warn'},
    PROCESSING: {text: 'Waiting', tone: 'warn'},
    APPROVED: {text: 'Approved', tone: 'good'},
    MET: {text: 'Approved', tone: 'good'},
    REJECTED: {text: 'Rejected', tone: 'bad'},
    NOT_MET: {text: 'Rejected', tone: 'bad'},
    EXPIRED: {text: 'Expired', tone: 'neutral'},
    FAILED: {text: 'Failed', tone: 'bad'},
});

const KINDS = {RAW: 'Transaction', PLAINTEXT: 'Message', TYPED_DATA: 'Typed data', DIGEST: 'Digest (blind)'};
export const kindText = (kind) => KINDS[kind] ?? sentence(kind);

/* "MEMBER_GONE: the node left" -> {code, text}. */
export function reason(line) {
    const found = /^([A-Z][A-Z0-9_.]+):\s*(.*)$/s.exec(String(line ?? ''));
    return found ? {code: found[1], text: found[2]} : {code: '', text: String(line ?? '')};
}
