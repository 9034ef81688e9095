// Bitcoin and its relatives, by bitcoinjs-lib.
import * as bitcoin from 'bitcoinjs-lib';
import * as ecc from 'tiny-secp256k1';
import { randomBytes } from 'node:crypto';
import { bech32 } from '@scure/base';
import { recovered } from './judges.mjs';

bitcoin.initEccLib(ecc);
const net = (bech, pubKeyHash, scriptHash) => ({ ...bitcoin.networks.bitcoin, bech32: bech,
  pubKeyHash, scriptHash });
const NETS = {
  BITCOIN: bitcoin.networks.bitcoin, LITECOIN: net('ltc', 0x30, 0x32),
  DOGECOIN: net('none', 0x1e, 0x16), DASH: net('none', 0x4c, 0x10),
  BITCOIN_CASH: net('none', 0x00, 0x05),
};
const kind = (blockchain, addressType) => addressType
  || (['BITCOIN', 'LITECOIN'].includes(blockchain) ? 'P2WPKH' : 'P2PKH');
const typeOf = (blockchain) => (blockchain === 'BITCOIN_CASH' ? 0x41 : 0x01);

function payment({ blockchain, addressType, publicKey }) {
  const network = NETS[blockchain];
  switch (kind(blockchain, addressType)) {
    case 'P2TR':
      return bitcoin.payments.p2tr({ internalPubkey: publicKey.subarray(1), network });
    case 'P2WPKH':
      return bitcoin.payments.p2wpkh({ pubkey: publicKey, network });
    default:
      return bitcoin.payments.p2pkh({ pubkey: publicKey, network });
  }
}

// CashAddr: base32 of version and hash with a 40-bit BCH code (its specification).
function cashAddress(hash) {
  const words = bech32.toWords(Buffer.concat([Buffer.from([0]), hash]));
  const GEN = [0x98f2bc8e61n, 0x79b76d99e2n, 0xf33e5fb3c4n, 0xae2eabe2a8n, 0x1e4f43e470n];
  let c = 1n;
  for (const d of [...Array.from('bitcoincash', (l) => l.charCodeAt(0) & 31), 0, ...words,
    0, 0, 0, 0, 0, 0, 0, 0]) {
    const top = c >> 35n;
    c = ((c & 0x07ffffffffn) << 5n) ^ BigInt(d);
    GEN.forEach((g, i) => { if ((top >> BigInt(i)) & 1n) c ^= g; });
  }
  c ^= 1n;
  const check = Array.from({ length: 8 }, (_, i) => Number((c >> BigInt(5 * (7 - i))) & 31n));
  return `bitcoincash:${[...words, ...check].map((w) => 'qpzry9x8gf2tvdw0s3jn54khce6mua7l'[w]).join('')}`;
}

export const chains = Object.keys(NETS);
export function address(wallet) {
  const p = payment(wallet);
  return wallet.blockchain === 'BITCOIN_CASH' ? cashAddress(p.hash) : p.address;
}

// Two inputs, a payment and change.
export function make(wallet) {
  const { blockchain, addressType, publicKey } = wallet;
  const own = payment(wallet), psbt = new bitcoin.Psbt({ network: NETS[blockchain] });
  const unit = blockchain === 'DOGECOIN' ? 100000000 : 1000000;
  const taproot = kind(blockchain, addressType) === 'P2TR';
  for (let i = 0; i < 2; i++) {
    const before = new bitcoin.Transaction();
    before.addInput(randomBytes(32), i);
    before.addOutput(own.output, unit);
    psbt.addInput({
      hash: before.getHash(), index: 0, sequence: 0xfffffffd,
      ...(taproot ? { tapInternalKey: publicKey.subarray(1) }
        : { nonWitnessUtxo: before.toBuffer() }),
      ...(kind(blockchain, addressType) === 'P2PKH' ? {}
        : { witnessUtxo: { script: own.output, value: unit } }),
      ...(blockchain === 'BITCOIN_CASH' ? { sighashType: 0x41 } : {}),
    });
  }
  const amount = unit + (randomBytes(2).readUInt16BE());
  const to = bitcoin.payments.p2pkh({ hash: randomBytes(20), network: NETS[blockchain] });
  psbt.addOutput({ script: to.output, value: amount });
  psbt.addOutput({ script: own.output, value: Math.floor(unit * 0.9) });
  return { encodedTransaction: psbt.toHex(), to: to.address, amount: String(amount),
    unit: 'satoshi' };
}

// What is signed, by bitcoinjs-lib's own digests.
export function items(wallet) {
  const { encoded, blockchain, addressType, publicKey } = wallet;
  const psbt = bitcoin.Psbt.fromBuffer(encoded), tx = psbt.data.globalMap.unsignedTx.tx;
  const own = payment(wallet), pkh = bitcoin.payments.p2pkh({ pubkey: publicKey }).output;
  const values = psbt.data.inputs.map((input, i) => (input.witnessUtxo
    ?? bitcoin.Transaction.fromBuffer(input.nonWitnessUtxo).outs[tx.ins[i].index]).value);
  return values.map((value, i) => {
    switch (kind(blockchain, addressType)) {
      case 'P2TR':
        return { scheme: 'bip340', key: own.pubkey,
          message: tx.hashForWitnessV1(i, values.map(() => own.output), values, 0) };
      case 'P2WPKH':
        return { scheme: 'ecdsa', key: publicKey, message: tx.hashForWitnessV0(i, pkh, value, 1) };
      default:
        return { scheme: 'ecdsa', key: publicKey, message: blockchain === 'BITCOIN_CASH'
          ? tx.hashForWitnessV0(i, pkh, value, 0x41) : tx.hashForSignature(i, pkh, 1) };
    }
  });
}

const MAGIC = { BITCOIN: '\x18Bitcoin Signed Message:\n',
  BITCOIN_CASH: '\x18Bitcoin Signed Message:\n', LITECOIN: '\x19Litecoin Signed Message:\n',
  DOGECOIN: '\x19Dogecoin Signed Message:\n', DASH: '\x19DarkCoin Signed Message:\n' };
export function text({ text: t, publicKey, blockchain }) {
  const body = Buffer.from(t, 'utf8');
  if (body.length > 252) throw new Error('this judge knows short texts only');
  return [{ scheme: 'ecdsa', key: publicKey, message: bitcoin.crypto.hash256(Buffer.concat([
    Buffer.from(MAGIC[blockchain], 'latin1'), Buffer.from([body.length]), body])) }];
}

// The transaction as the network would get it: same inputs and outputs, and each input
// opened by the wallet's signature.
export function final(wallet) {
  const { encoded, signedTransaction, signatures } = wallet;
  if (!encoded) { // BIP 137: header, r, s
    const { message } = text(wallet)[0], { canonical } = wallet;
    const id = canonical[0] - (kind(wallet.blockchain, wallet.addressType) === 'P2WPKH' ? 39 : 31);
    if (canonical.length !== 65 || id < 0 || id > 3 || !canonical.subarray(1).equals(signatures[0])
        || !recovered(message, signatures[0], id).equals(wallet.publicKey)) {
      throw new Error('finalSignature is not of this key');
    }
    return 'specification';
  }
  const tx = bitcoin.Transaction.fromBuffer(signedTransaction), bare = tx.clone();
  bare.stripWitnesses();
  bare.ins.forEach((input) => { input.script = Buffer.alloc(0); });
  if (wallet.txid && tx.getId() !== wallet.txid) throw new Error(`its id is ${tx.getId()}, not ${wallet.txid}`);
  const unsigned = bitcoin.Psbt.fromBuffer(encoded).data.globalMap.unsignedTx.toBuffer();
  if (!bare.toBuffer().equals(unsigned)) throw new Error('another transaction was signed');
  tx.ins.forEach((input, i) => {
    const stack = input.witness.length ? input.witness : bitcoin.script.decompile(input.script);
    const taproot = kind(wallet.blockchain, wallet.addressType) === 'P2TR';
    const found = taproot ? stack[0] : bitcoin.script.signature.decode(
      wallet.blockchain === 'BITCOIN_CASH' ? Buffer.concat([stack[0].subarray(0, -1), Buffer.from([1])]) : stack[0]).signature;
    if (!taproot && stack[0].at(-1) !== typeOf(wallet.blockchain)) throw new Error('sighash type');
    if (!taproot && !stack[1].equals(wallet.publicKey)) throw new Error(`input ${i}: another key`);
    if (!found.equals(signatures[i])) throw new Error(`input ${i}: another signature`);
  });
  return 'bitcoinjs-lib';
}
