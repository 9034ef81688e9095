// The XRP Ledger, by xrpl.js; both kinds of key.
import { createHash, randomBytes } from 'node:crypto';
import { decode, deriveAddress, encode, encodeForSigning, hashes, verifySignature } from 'xrpl';
import { compact } from './judges.mjs';

const half = (bytes) => createHash('sha512').update(bytes).digest().subarray(0, 32);
const isEd = (keyAlgorithm) => keyAlgorithm === 'ED25519';
// The ledger writes ED in front of Ed25519 keys; the API gives 32 bytes.
const ledgerKey = ({ publicKey }) => (publicKey.length === 32
  ? Buffer.concat([Buffer.from([0xed]), publicKey]) : publicKey);
const keyHex = (wallet) => ledgerKey(wallet).toString('hex').toUpperCase();

export const chains = ['XRP_LEDGER'];
export const address = (wallet) => deriveAddress(keyHex(wallet));

export function make(wallet) {
  const drops = 1 + (randomBytes(4).readUInt32BE() % 2000000000);
  const to = deriveAddress(`ED${randomBytes(32).toString('hex').toUpperCase()}`);
  const tx = { TransactionType: 'Payment', Flags: 0, Sequence: 1 + randomBytes(2).readUInt16BE(),
    LastLedgerSequence: 90000001, Amount: String(drops), Fee: '12',
    SigningPubKey: keyHex(wallet), Account: address(wallet), Destination: to };
  return { encodedTransaction: encode(tx), to, amount: String(drops), unit: 'drops' };
}

const item = (wallet, bytes) => [isEd(wallet.keyAlgorithm)
  ? { scheme: 'ed25519', key: wallet.publicKey, message: bytes }
  : { scheme: 'ecdsa', key: wallet.publicKey, message: half(bytes) }];

export const items = (wallet) => item(wallet, Buffer.from(
  encodeForSigning(decode(wallet.encoded.toString('hex').toUpperCase())), 'hex'));

// A prefix that no ledger object has, and the length (src/chain/README.md).
export function text(wallet) {
  const body = Buffer.from(wallet.text, 'utf8'), n = Buffer.alloc(4);
  n.writeUInt32BE(body.length);
  return item(wallet, Buffer.concat([
    Buffer.from('\x19XRP Ledger Signed Message:\n', 'latin1'), n, body]));
}

export function final({ encoded, signedTransaction, signatures, canonical, publicKey, txid }) {
  if (!encoded) { // a form of our own: no library reads it
    const scheme = publicKey.length === 32 ? 'ed25519' : 'ecdsa';
    if (!compact(scheme, canonical).equals(signatures[0])) throw new Error('finalSignature is another one');
    return 'specification';
  }
  const blob = signedTransaction.toString('hex').toUpperCase();
  const { TxnSignature: _, ...unsigned } = decode(blob);
  if (encode(unsigned) !== encoded.toString('hex').toUpperCase()) {
    throw new Error('another transaction was signed');
  }
  if (txid && hashes.hashSignedTx(blob).toLowerCase() !== txid) throw new Error(`its id is not ${txid}`);
  if (!verifySignature(blob)) throw new Error('xrpl.js does not accept the signed transaction');
  return 'xrpl.js';
}
