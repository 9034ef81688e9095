// Builds an unsigned payment from the wallet in JSON on stdin, in the shape that a client
// submits (src/chain/README.md).
//   node payload.mjs < wallet.json
//        {"encodedTransaction": hex, "from", "to", "amount", "text"}
//   node payload.mjs fill HEX < wallet.json
//        replaces {publicKey}, {ledgerPublicKey}, {accountId} by the key's own bytes
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { chainOf, walletOf } from './chains/index.mjs';

const wallet = walletOf(JSON.parse(readFileSync(0, 'utf8')));
const [first, template] = process.argv.slice(2);

if (first === 'fill') {
  const { publicKey } = wallet; // the ledger writes ED in front of Ed25519 keys
  const ledger = publicKey.length === 32 ? Buffer.concat([Buffer.from([0xed]), publicKey]) : publicKey;
  const account = createHash('ripemd160').update(
    createHash('sha256').update(ledger).digest()).digest('hex');
  process.stdout.write(template.replaceAll('{publicKey}', publicKey.toString('hex'))
    .replaceAll('{ledgerPublicKey}', ledger.toString('hex'))
    .replaceAll('{accountId}', account).trim());
} else if (first === undefined) {
  const chain = chainOf(wallet.blockchain);
  const made = { ...chain.make(wallet), from: chain.address(wallet) };
  made.text = `${made.amount} ${made.unit} to ${made.to}`;
  console.log(JSON.stringify(made));
} else {
  console.error('usage: payload.mjs [fill HEX] < wallet.json');
  process.exit(64);
}
