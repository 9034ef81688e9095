// Encodings of Solana and the XRP Ledger, written from their public specifications and
// sharing nothing with src/chain: what the harness builds and checks must not lean on
// the code that it judges.  Only node:crypto.
import { createHash } from 'node:crypto';

const BITCOIN_ALPHABET = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
const XRP_ALPHABET = 'rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz';

export const hex = (bytes) => Buffer.from(bytes).toString('hex');
export function unhex(text, what = 'hex') {
  if (typeof text !== 'string' || text.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(text)) {
    throw new Error(`${what}: not hex: ${text}`);
  }
  return Buffer.from(text, 'hex');
}

const hash = (name, ...parts) => {
  const h = createHash(name);
  parts.forEach((part) => h.update(part));
  return h.digest();
};

function toBase58(bytes, alphabet) {
  let n = BigInt('0x0' + hex(bytes));
  let text = '';
  for (; n > 0n; n /= 58n) {
    text = alphabet[Number(n % 58n)] + text;
  }
  for (const byte of bytes) {
    if (byte !== 0) break;
    text = alphabet[0] + text;
  }
  return text;
}

function fromBase58(text, alphabet, length) {
  let n = 0n;
  for (const letter of text) {
    const digit = alphabet.indexOf(letter);
    if (digit < 0) throw new Error(`not base58: ${text}`);
    n = n * 58n + BigInt(digit);
  }
  const bytes = unhex(n.toString(16).padStart(2 * length, '0'));
  if (bytes.length !== length) throw new Error(`base58 of another length: ${text}`);
  return bytes;
}

export const solanaAddress = (publicKey) => toBase58(publicKey, BITCOIN_ALPHABET);

// ED25519 keys stand in the ledger with the byte ED in front.
export const xrpLedgerKey = (publicKey) => Buffer.concat([Buffer.from([0xed]), publicKey]);
export const xrpAccountId = (publicKey) =>
  hash('ripemd160', hash('sha256', xrpLedgerKey(publicKey)));
export function xrpAddress(publicKey) {
  const body = Buffer.concat([Buffer.from([0]), xrpAccountId(publicKey)]);
  const check = hash('sha256', hash('sha256', body)).subarray(0, 4);
  return toBase58(Buffer.concat([body, check]), XRP_ALPHABET);
}
export function xrpAccountOf(address) {
  const bytes = fromBase58(address, XRP_ALPHABET, 25);
  const check = hash('sha256', hash('sha256', bytes.subarray(0, 21))).subarray(0, 4);
  if (bytes[0] !== 0 || !check.equals(bytes.subarray(21))) {
    throw new Error(`not an XRP Ledger address: ${address}`);
  }
  return bytes.subarray(1, 21);
}

export function addressOf(blockchain, publicKey) {
  if (blockchain === 'SOLANA') return solanaAddress(publicKey);
  if (blockchain === 'XRP_LEDGER') return xrpAddress(publicKey);
  throw new Error(`${blockchain}: this harness knows SOLANA and XRP_LEDGER`);
}

// The API gives XRP Ledger keys with or without the ledger's ED in front.
export function rawPublicKey(text) {
  const bytes = unhex(text, 'public key');
  if (bytes.length === 33 && bytes[0] === 0xed) return bytes.subarray(1);
  if (bytes.length !== 32) throw new Error(`public key of ${bytes.length} bytes`);
  return bytes;
}

const u32le = (n) => { const b = Buffer.alloc(4); b.writeUInt32LE(n); return b; };
const u64le = (n) => { const b = Buffer.alloc(8); b.writeBigUInt64LE(BigInt(n)); return b; };
const u32be = (n) => { const b = Buffer.alloc(4); b.writeUInt32BE(n); return b; };
const u64be = (n) => { const b = Buffer.alloc(8); b.writeBigUInt64BE(BigInt(n)); return b; };

// Legacy message: header, three accounts (payer, receiver, System Program), blockhash,
// one instruction "transfer" (2) with the lamports.
export function solanaTransfer({ from, to, lamports, blockhash }) {
  const data = Buffer.concat([u32le(2), u64le(lamports)]);
  return Buffer.concat([
    Buffer.from([1, 0, 1, 3]), from, to, Buffer.alloc(32), blockhash,
    Buffer.from([1, 2, 2, 0, 1, data.length]), data,
  ]);
}
export const solanaSigned = (message, signature) =>
  Buffer.concat([Buffer.from([1]), signature, message]);

// Fields in the canonical order of the binary format: type code, then field code.
export function xrpPayment({ publicKey, destination, drops, fee, sequence, lastLedger },
  signature) {
  const amount = (n) => u64be(BigInt(n) | (1n << 62n)); // native, positive
  const blob = (tag, bytes) => Buffer.concat([Buffer.from([tag, bytes.length]), bytes]);
  return Buffer.concat([
    Buffer.from('120000', 'hex'), // TransactionType Payment
    Buffer.from('2200000000', 'hex'), // Flags 0
    Buffer.from([0x24]), u32be(sequence),
    Buffer.from([0x20, 0x1b]), u32be(lastLedger),
    Buffer.from([0x61]), amount(drops),
    Buffer.from([0x68]), amount(fee),
    blob(0x73, xrpLedgerKey(publicKey)),
    ...(signature ? [blob(0x74, signature)] : []),
    blob(0x81, xrpAccountId(publicKey)),
    blob(0x83, destination),
  ]);
}
export const XRP_SIGN_PREFIX = Buffer.from('STX\0', 'latin1');

// What Ed25519 is given for a raw transaction.
export const messageOf = (blockchain, encoded) =>
  blockchain === 'XRP_LEDGER' ? Buffer.concat([XRP_SIGN_PREFIX, encoded]) : encoded;

// What Ed25519 is given for a text: Solana's off-chain message format, version 0, with our
// application domain; on the XRP Ledger, which has no such format, a prefix that no ledger
// object has and the length (src/chain/README.md).
export function plaintextOf(blockchain, publicKey, text) {
  const body = Buffer.from(text, 'utf8');
  if (blockchain === 'XRP_LEDGER') {
    return Buffer.concat([Buffer.from('\x19XRP Ledger Signed Message:\n', 'latin1'),
      u32be(body.length), body]);
  }
  const head = Buffer.concat([Buffer.from('\xffsolana offchain\0', 'latin1'),
    Buffer.from('cloudsign/1/plaintext'.padEnd(32, '\0'), 'latin1')]);
  const room = 1232 - (head.length + 2 + 32 + 2); // one packet
  const format = body.length > room ? 2 : body.every((b) => b >= 0x20 && b <= 0x7e) ? 0 : 1;
  return Buffer.concat([head, Buffer.from([format, 1]), publicKey,
    Buffer.from([body.length & 255, body.length >> 8]), body]);
}

// TxnSignature (74) stands behind SigningPubKey (73): insert it there.  The unsigned
// blob is walked field by field up to that place.
export function xrpInsertSignature(blob, signature) {
  let at = 0;
  while (at < blob.length) {
    const type = blob[at] >> 4;
    const wide = (blob[at] & 15) === 0 ? 2 : 1;
    if (type === 7 && blob[at] === 0x73) {
      at += 2 + blob[at + 1];
      const field = Buffer.concat([Buffer.from([0x74, signature.length]), signature]);
      return Buffer.concat([blob.subarray(0, at), field, blob.subarray(at)]);
    }
    const sizes = { 1: 2, 2: 4, 5: 32 };
    if (type === 6) at += wide + (blob[at + wide] & 0x80 ? 48 : 8);
    else if (sizes[type]) at += wide + sizes[type];
    else break;
  }
  throw new Error('no SigningPubKey in this blob');
}
export function signedOf(blockchain, encoded, signature) {
  return blockchain === 'XRP_LEDGER' ? xrpInsertSignature(encoded, signature)
    : solanaSigned(encoded, signature);
}
