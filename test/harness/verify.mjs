// Judges a signature with two implementations that are not ours: Node's crypto and the
// openssl program.  Reads one JSON object on stdin:
//   {"blockchain", "address", "publicKey", "signature",
//    "encodedTransaction" (hex) | "text", "signedTransaction"?}
// What had to be signed is worked out here from the transaction or the text.
// Prints what was checked; exit 1 and a reason when anything is wrong.
import { createPublicKey, verify } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  addressOf, hex, messageOf, plaintextOf, rawPublicKey, signedOf, unhex,
} from './codec.mjs';

const SPKI_ED25519 = Buffer.from('302a300506032b6570032100', 'hex'); // RFC 8410

function nodeVerifies(key, message, signature) {
  const spki = { key: Buffer.concat([SPKI_ED25519, key]), format: 'der', type: 'spki' };
  return verify(null, message, createPublicKey(spki), signature);
}

function opensslVerifies(key, message, signature) {
  const folder = mkdtempSync(join(tmpdir(), 'cloudsign-verify-'));
  const file = (name) => join(folder, name);
  try {
    writeFileSync(file('key.der'), Buffer.concat([SPKI_ED25519, key]));
    writeFileSync(file('message'), message);
    writeFileSync(file('signature'), signature);
    execFileSync('openssl', ['pkeyutl', '-verify', '-pubin', '-keyform', 'DER',
      '-inkey', file('key.der'), '-rawin', '-in', file('message'),
      '-sigfile', file('signature')], { stdio: 'pipe' });
    return true;
  } catch (error) {
    if (error.code === 'ENOENT') throw new Error('openssl is not installed');
    return false;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function check(condition, what) {
  if (!condition) {
    console.error(`NOT VERIFIED: ${what}`);
    process.exit(1);
  }
}

const input = JSON.parse(readFileSync(0, 'utf8'));
const key = rawPublicKey(input.publicKey);
const signature = unhex(input.signature, 'signature');
const encoded = input.encodedTransaction && unhex(input.encodedTransaction, 'transaction');
const message = encoded ? messageOf(input.blockchain, encoded)
  : plaintextOf(input.blockchain, key, input.text);

check(signature.length === 64, `an Ed25519 signature has 64 bytes, not ${signature.length}`);
check(addressOf(input.blockchain, key) === input.address,
  `the address ${input.address} does not belong to the public key ${hex(key)}`);

// A verifier that says yes to everything proves nothing: the same signature must fail
// on a message with one bit changed.
const altered = Buffer.from(message);
altered[altered.length - 1] ^= 1;
for (const [name, verifies] of [['node', nodeVerifies], ['openssl', opensslVerifies]]) {
  check(verifies(key, message, signature), `${name}: the signature does not verify`);
  check(!verifies(key, altered, signature), `${name} accepts an altered message`);
}
if (encoded && input.signedTransaction) {
  check(signedOf(input.blockchain, encoded, signature)
    .equals(unhex(input.signedTransaction, 'signedTransaction')),
  'signedTransaction is not the transaction with this signature in its place');
}
console.log(JSON.stringify({
  verifiedBy: [`node:crypto ${process.version}`, 'openssl pkeyutl'],
  message: hex(message), signedTransactionChecked: Boolean(input.signedTransaction),
}));
