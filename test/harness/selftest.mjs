// codec.mjs, payload.mjs and verify.mjs against published vectors, and against wrong
// signatures.   node selftest.mjs [VECTORS_FOLDER]
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { createPrivateKey, createPublicKey, sign } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as codec from './codec.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const run = (input) => spawnSync(process.execPath, [join(here, 'verify.mjs')],
  { input: JSON.stringify(input), encoding: 'utf8' });

const PLAIN_PAYMENT = 'Account,Amount,Destination,Fee,Flags,LastLedgerSequence,Sequence,'
  + 'SigningPubKey,TransactionType';

function vectors(folder) {
  const file = join(folder ?? '', 'transactions.json');
  if (!existsSync(file)) {
    console.log(`SKIPPED: no vectors in ${folder}`);
    return;
  }
  const cases = JSON.parse(readFileSync(file, 'utf8')).transactions.filter((c) =>
    ['transfer', 'payment-ed25519'].includes(c.kind) && c.sign[0].scheme === 'ed25519'
    && ['SOLANA', 'XRP_LEDGER'].includes(c.chain) && c.sign.length === 1);
  let count = 0, rebuilt = 0;
  for (const c of cases) {
    const { publicKey, signature, message } = c.sign[0];
    const key = codec.rawPublicKey(publicKey);
    const encodedTransaction = c.unsigned.message ?? c.unsigned.blob;
    assert.equal(codec.addressOf(c.chain, key), c.from, c.id);
    assert.equal(codec.hex(codec.messageOf(c.chain, codec.unhex(encodedTransaction))),
      message, c.id);
    const result = run({ blockchain: c.chain, address: c.from, publicKey, signature,
      encodedTransaction, signedTransaction: c.signed.wire ?? c.signed.blob });
    assert.equal(result.status, 0, `${c.id}: ${result.stderr}`);
    if (c.chain === 'XRP_LEDGER' && typeof c.tx.Amount === 'string'
        && Object.keys(c.tx).sort().join() === PLAIN_PAYMENT) {
      rebuilt++;
      const made = codec.xrpPayment({ publicKey: key, drops: c.tx.Amount, fee: c.tx.Fee,
        destination: codec.xrpAccountOf(c.tx.Destination), sequence: c.tx.Sequence,
        lastLedger: c.tx.LastLedgerSequence });
      assert.equal(codec.hex(made).toUpperCase(), encodedTransaction, c.id);
    }
    count++;
  }
  assert.ok(count >= 4, `only ${count} vectors`);
  assert.ok(rebuilt > 0, 'no plain payment among them');
  console.log(`vectors: ${count}`);
}

// A key of our own: what payload.mjs makes is accepted, and every change is refused.
function ownKey() {
  const pkcs8 = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'),
    Buffer.alloc(32, 7)]);
  const secret = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
  const key = createPublicKey(secret).export({ format: 'der', type: 'spki' }).subarray(-32);
  for (const blockchain of ['SOLANA', 'XRP_LEDGER']) {
    const made = JSON.parse(execFileSync(process.execPath,
      [join(here, 'payload.mjs'), blockchain, codec.hex(key)], { encoding: 'utf8' }));
    const encoded = codec.unhex(made.encodedTransaction);
    const signature = sign(null, codec.messageOf(blockchain, encoded), secret);
    const good = { blockchain, address: made.from, publicKey: codec.hex(key),
      signature: codec.hex(signature), encodedTransaction: made.encodedTransaction,
      signedTransaction: codec.hex(codec.signedOf(blockchain, encoded, signature)) };
    assert.equal(run(good).status, 0, run(good).stderr);
    const text = 'Grüße, I own this account.';
    const textSignature = sign(null, codec.plaintextOf(blockchain, key, text), secret);
    const plain = { blockchain, address: made.from, publicKey: codec.hex(key), text,
      signature: codec.hex(textSignature) };
    assert.equal(run(plain).status, 0, run(plain).stderr);
    assert.notEqual(run({ ...plain, text: `${text} ` }).status, 0, 'accepted another text');
    const flip = (text) => (text[0] === '0' ? '1' : '0') + text.slice(1);
    for (const [name, bad] of Object.entries({
      signature: { ...good, signature: flip(good.signature) },
      transaction: { ...good, encodedTransaction: flip(good.encodedTransaction) },
      signed: { ...good, signedTransaction: flip(good.signedTransaction) },
      address: { ...good, address: codec.addressOf(blockchain, Buffer.alloc(32, 9)) },
      short: { ...good, signature: good.signature.slice(2) },
    })) {
      assert.notEqual(run(bad).status, 0, `${blockchain}: accepted a bad ${name}`);
    }
  }
  console.log('own key: 2 chains, 5 refusals each');
}

vectors(process.argv[2]);
ownKey();
