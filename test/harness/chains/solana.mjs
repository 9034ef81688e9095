// Solana, by the public specification (../codec.mjs): a transfer is a few fixed bytes.
import { randomBytes } from 'node:crypto';
import { plaintextOf, solanaAddress, solanaSigned, solanaTransfer } from '../codec.mjs';

const item = (publicKey, message) => [{ scheme: 'ed25519', key: publicKey, message }];

export const chains = ['SOLANA'];
export const address = ({ publicKey }) => solanaAddress(publicKey);
export function make({ publicKey }) {
  const to = randomBytes(32), lamports = 1 + (randomBytes(4).readUInt32BE() % 2000000000);
  const message = solanaTransfer({ from: publicKey, to, lamports, blockhash: randomBytes(32) });
  return { encodedTransaction: message.toString('hex'), to: solanaAddress(to),
    amount: String(lamports), unit: 'lamports' };
}
export const items = ({ encoded, publicKey }) => item(publicKey, encoded);
export const text = ({ text: t, publicKey }) => item(publicKey, plaintextOf(publicKey, t));
export function final({ encoded, signedTransaction, signatures, canonical }) {
  if (!encoded && !canonical.equals(signatures[0])) throw new Error('finalSignature is another one');
  if (encoded && !solanaSigned(encoded, signatures[0]).equals(signedTransaction)) {
    throw new Error('signedTransaction is not the message with this signature');
  }
  return 'specification';
}
