// TRON, by TronWeb.
import { createHash, randomBytes } from 'node:crypto';
import { keccak_256 } from '@noble/hashes/sha3';
import { secp256k1 } from '@noble/curves/secp256k1';
import { TronWeb, utils } from 'tronweb';

const sha256 = (bytes) => createHash('sha256').update(bytes).digest();
const hexAddress = ({ publicKey }) => `41${Buffer.from(keccak_256(
  secp256k1.ProjectivePoint.fromHex(publicKey).toRawBytes(false).subarray(1)))
  .subarray(12).toString('hex')}`;

export const chains = ['TRON'];
export const address = (wallet) => TronWeb.address.fromHex(hexAddress(wallet));

export function make(wallet) {
  const amount = 1 + (randomBytes(4).readUInt32BE() % 2000000000);
  const to = `41${randomBytes(20).toString('hex')}`, now = 1700000000000;
  const pb = utils.transaction.txJsonToPb({ visible: false, raw_data: {
    contract: [{ type: 'TransferContract', parameter: {
      type_url: 'type.googleapis.com/protocol.TransferContract',
      value: { amount, owner_address: hexAddress(wallet), to_address: to } } }],
    ref_block_bytes: randomBytes(2).toString('hex'), ref_block_hash: randomBytes(8).toString('hex'),
    expiration: now + 60000, timestamp: now } });
  return { encodedTransaction: utils.transaction.txPbToRawDataHex(pb).toLowerCase(),
    to: TronWeb.address.fromHex(to), amount: String(amount), unit: 'sun' };
}

export const items = ({ encoded, publicKey }) =>
  [{ scheme: 'ecdsa', key: publicKey, message: sha256(encoded) }];
export const text = ({ text: t, publicKey }) => [{ scheme: 'ecdsa', key: publicKey,
  message: Buffer.from(utils.message.hashMessage(t).slice(2), 'hex') }];

const fieldAt = (bytes, at) => { // {tag, body, next} of one length-delimited field
  let n = 0, shift = 0, i = at + 1;
  for (;; i++) {
    n += (bytes[i] & 127) * 2 ** shift;
    shift += 7;
    if (bytes[i] < 128) break;
  }
  return { tag: bytes[at], body: bytes.subarray(i + 1, i + 1 + n), next: i + 1 + n };
};

export function final({ encoded, signedTransaction, text: t, canonical, address: own }) {
  if (!encoded) {
    const from = utils.message.verifyMessage(t, `0x${canonical.toString('hex')}`);
    if (from !== own) throw new Error(`TronWeb recovers ${from}, not ${own}`);
    return 'TronWeb';
  }
  const raw = fieldAt(signedTransaction, 0), sig = fieldAt(signedTransaction, raw.next);
  if (raw.tag !== 0x0a || !raw.body.equals(encoded) || sig.tag !== 0x12
    || sig.next !== signedTransaction.length) {
    throw new Error('another transaction was signed');
  }
  const from = TronWeb.address.fromHex(utils.crypto.ecRecover(
    sha256(encoded).toString('hex'), sig.body.toString('hex')));
  if (from !== own) throw new Error(`TronWeb recovers ${from}, not ${own}`);
  return 'TronWeb';
}
