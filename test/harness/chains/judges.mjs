// Verifies one signature with two implementations that no one here wrote: noble and
// OpenSSL, for BIP 340 noble and libsecp256k1 (as tiny-secp256k1 packs it).
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ed25519 } from '@noble/curves/ed25519';
import { schnorr, secp256k1 } from '@noble/curves/secp256k1';
import * as ecc from 'tiny-secp256k1';

const SPKI = { // RFC 8410, RFC 5480
  ed25519: Buffer.from('302a300506032b6570032100', 'hex'),
  ecdsa: Buffer.from('3036301006072a8648ce3d020106052b8104000a032200', 'hex'),
};

function openssl(scheme, key, message, signature) {
  const folder = mkdtempSync(join(tmpdir(), 'cloudsign-verify-'));
  const file = (name, bytes) => {
    const path = join(folder, name);
    writeFileSync(path, bytes);
    return path;
  };
  try {
    execFileSync('openssl', ['pkeyutl', '-verify', '-pubin', '-keyform', 'DER',
      '-inkey', file('key', Buffer.concat([SPKI[scheme], key])),
      '-in', file('message', message), '-sigfile', file('signature', signature),
      ...(scheme === 'ed25519' ? ['-rawin'] : [])], { stdio: 'pipe' });
    return true;
  } catch (error) {
    if (error.code === 'ENOENT') throw new Error('openssl is not installed');
    return false;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

// {r, s} from 64 bytes, 65 with a recovery id, or DER; refuses a high s.
export function ecdsaOf(bytes) {
  const s = ![64, 65].includes(bytes.length)
    ? secp256k1.Signature.fromDER(bytes)
    : secp256k1.Signature.fromCompact(bytes.length === 65 ? bytes.subarray(0, 64) : bytes);
  if (s.hasHighS()) throw new Error('the signature has a high s');
  return s;
}

// 64 bytes, whatever the form.
export const compact = (scheme, bytes) => (scheme === 'ecdsa'
  ? Buffer.from(ecdsaOf(bytes).toCompactRawBytes()) : Buffer.from(bytes));

// The compressed key that an ECDSA signature and its recovery id belong to.
export const recovered = (message, signature, id) => Buffer.from(secp256k1.Signature
  .fromCompact(signature).addRecoveryBit(id).recoverPublicKey(message).toRawBytes(true));

const JUDGES = {
  ed25519: [
    ['noble', (k, m, s) => ed25519.verify(s, m, k, { zip215: false })],
    ['openssl', (k, m, s) => openssl('ed25519', k, m, s)],
  ],
  ecdsa: [
    ['noble', (k, m, s) => secp256k1.verify(ecdsaOf(s), m, k, { lowS: true })],
    ['openssl', (k, m, s) => openssl('ecdsa', k, m, Buffer.from(ecdsaOf(s).toDERRawBytes()))],
  ],
  bip340: [
    ['noble', (k, m, s) => schnorr.verify(s, m, k)],
    ['libsecp256k1', (k, m, s) => ecc.verifySchnorr(m, k, s)],
  ],
};

// Throws unless both accept it, and both refuse the message with one bit changed: a
// verifier that says yes to everything proves nothing.  item: {scheme, key, message}.
export function judge({ scheme, key, message }, signature) {
  const altered = Buffer.from(message);
  altered[altered.length - 1] ^= 1;
  for (const [name, verifies] of JUDGES[scheme]) {
    if (!verifies(key, message, signature)) {
      throw new Error(`${name}: the signature does not verify`);
    }
    if (verifies(key, altered, signature)) throw new Error(`${name} accepts an altered message`);
  }
  return JUDGES[scheme].map(([name]) => name);
}
