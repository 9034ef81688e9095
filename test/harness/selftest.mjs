// The judge of requests against published vectors, and against wrong signatures; then the
// two programs payload.mjs and verify.mjs once.
//   node selftest.mjs [VECTORS_FOLDER]
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ed25519 } from '@noble/curves/ed25519';
import { schnorr, secp256k1 } from '@noble/curves/secp256k1';
import { chainOf, known, walletOf } from './chains/index.mjs';
import { judge } from './chains/judges.mjs';
import { judgeRequest } from './request.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const hex = (bytes) => Buffer.from(bytes).toString('hex');
const program = (name, input) => spawnSync(process.execPath, [join(here, name)],
  { input: JSON.stringify(input), encoding: 'utf8' });
const flip = (text, at = text.length - 3) =>
  text.slice(0, at) + (parseInt(text[at], 16) ^ 1).toString(16) + text.slice(at + 1);

// The vector as the API would answer it; undefined for what wallets here do not sign.
function requestOf(c) {
  const [first] = c.sign, types = { p2wpkh: 'P2WPKH', p2tr: 'P2TR' };
  if (!known.includes(c.chain) || c.network === 'testnet' || c.kind.includes('p2sh')
      || (c.chain === 'BITCOIN' && !types[c.kind])
      || c.sign.some((s) => s.keyId !== first.keyId || s.sighashType > 1)) return undefined;
  const wallet = { blockchain: c.chain, keyAlgorithm: first.curve === 'ed25519' ? 'ED25519' : 'SECP256K1',
    addressType: types[c.kind], publicKey: first.internalKey ?? first.publicKey };
  const tx = { signature: first.signature, signedTransaction: c.signed.wire ?? c.signed.blob
    ?? c.signed.rlp ?? c.signed.txHex ?? c.signed.protobuf, finalSignature: first.final,
  signingPayloads: c.sign.map((s) => ({ signature: s.signature, signingHash: s.digest })) };
  const { unsigned: u } = c;
  if (c.tx.typedData) {
    return { wallet, kind: 'typed', value: JSON.stringify(c.tx.typedData), tx };
  }
  if (c.kind.includes('message') || c.kind.includes('personal-sign')) {
    return typeof c.tx.message !== 'string' || c.chain === 'SOLANA' ? undefined
      : { wallet, kind: 'plaintext', value: c.tx.message, tx };
  }
  const value = u.psbtBase64 ? hex(Buffer.from(u.psbtBase64, 'base64'))
    : u.message ?? u.blob ?? u.rlp ?? u.rawDataHex;
  return value === undefined ? undefined : { wallet, kind: 'raw', value, tx };
}

function refusals(id, request) {
  const cases = {
    'another address': (r) => { r.wallet.address = `${r.wallet.address.slice(0, -1)}x`; },
    'another signature': (r) => { r.tx.signingPayloads[0].signature = flip(r.tx.signingPayloads[0].signature, 20); },
    'no signature': (r) => { r.tx.signingPayloads.pop(); delete r.tx.signature; },
    'another input': (r) => { r.tx.signingPayloads[0].inputIndex = 7; },
    'another hash': (r) => { r.tx.signingPayloads[0].signingHash = '11'.repeat(32); },
    'another copy': (r) => { r.tx.compactSignature = '11'.repeat(64); },
    'no final form': (r) => { delete r.tx.signedTransaction; delete r.tx.finalSignature; },
    ...(request.kind === 'raw' ? { 'another final form': (r) => { r.tx.signedTransaction = flip(r.tx.signedTransaction); },
      ...(['SOLANA', 'TRON'].includes(request.wallet.blockchain) ? {} : { 'another id': (r) => { r.tx.hash = '11'.repeat(32); } }) }
      : { 'another final form': (r) => { r.tx.finalSignature = flip(r.tx.finalSignature, 30); } }),
  };
  for (const [what, change] of Object.entries(cases)) {
    const copy = structuredClone(request);
    change(copy);
    assert.throws(() => judgeRequest(copy), `${id}: ${what} was accepted`);
  }
}

function vectors(folder) {
  const file = join(folder ?? '', 'transactions.json');
  if (!existsSync(file)) {
    console.log(`SKIPPED: no vectors in ${folder}`);
    return;
  }
  const counts = {}, seen = new Set();
  let last;
  for (const c of JSON.parse(readFileSync(file, 'utf8')).transactions) {
    const request = requestOf(c);
    if (!request) continue;
    request.wallet.address = chainOf(c.chain).address(walletOf(request.wallet));
    if (c.from) assert.equal(request.wallet.address, c.from, c.id);
    assert.doesNotThrow(() => judgeRequest(request), c.id);
    last = request;
    counts[c.chain] = (counts[c.chain] ?? 0) + 1;
    const name = `${c.chain} ${request.kind}`;
    if (!seen.has(name)) refusals(c.id, request);
    seen.add(name);
  }
  const missing = known.filter((name) => !counts[name]);
  console.log('vectors:', counts, [...seen].join(', '), missing.length ? `none for ${missing}` : '');
  for (const name of ['ETHEREUM', 'BITCOIN', 'TRON', 'XRP_LEDGER', 'SOLANA']) assert.ok(counts[name] >= 2, name);
  assert.equal(program('verify.mjs', last).status, 0);
  last.tx.signingPayloads[0].signature = flip(last.tx.signingPayloads[0].signature, 20);
  const { status, stderr } = program('verify.mjs', last);
  assert.equal(status, 1);
  assert.match(stderr, /NOT VERIFIED/);
}

// Keys of our own: what payload.mjs makes is signed and judged, on every chain.
function ownKeys() {
  const secret = Buffer.alloc(32, 7);
  const sign = { ed25519: (m) => ed25519.sign(m, secret), bip340: (m) => schnorr.sign(m, secret),
    ecdsa: (m) => secp256k1.sign(m, secret, { lowS: true }).toCompactRawBytes() };
  const wallets = known.flatMap((blockchain) => {
    const k1 = { blockchain, keyAlgorithm: 'SECP256K1', publicKey: hex(secp256k1.getPublicKey(secret, true)) };
    const ed = { blockchain, keyAlgorithm: 'ED25519', publicKey: hex(ed25519.getPublicKey(secret)) };
    if (blockchain === 'SOLANA') return [ed];
    if (blockchain === 'XRP_LEDGER') return [ed, k1];
    return blockchain === 'BITCOIN' ? [k1, { ...k1, addressType: 'P2TR' }] : [k1];
  });
  for (const wallet of wallets) {
    const made = chainOf(wallet.blockchain).make(walletOf(wallet));
    const items = chainOf(wallet.blockchain).items({ ...walletOf(wallet), encoded: Buffer.from(made.encodedTransaction, 'hex') });
    for (const item of items) {
      if (item.scheme === 'bip340') continue; // under the tweaked key: by the vectors
      const signature = Buffer.from(sign[item.scheme](item.message));
      judge(item, signature);
      signature[10] ^= 1;
      assert.throws(() => judge(item, signature));
    }
  }
  const { stdout } = program('payload.mjs', wallets[0]);
  assert.match(JSON.parse(stdout).encodedTransaction, /^([0-9a-f]{2})+$/);
  console.log(`own keys: ${wallets.length}`);
}

vectors(process.argv[2]);
ownKeys();
