// Builds an unsigned transfer whose payer is the given key, in the shape that a client
// submits (vectors/chains/transactions.json: Solana "message", XRP Ledger "blob").
//   node payload.mjs BLOCKCHAIN PUBLIC_KEY      random receiver and amount; prints
//        {"encodedTransaction": hex, "from", "to", "amount", "text"}
//   node payload.mjs fill BLOCKCHAIN PUBLIC_KEY < hex-with-placeholders
//        replaces {publicKey}, {ledgerPublicKey}, {accountId} by the key's own bytes
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import {
  addressOf, hex, rawPublicKey, solanaAddress, solanaTransfer, xrpAccountId, xrpAddress,
  xrpLedgerKey, xrpPayment,
} from './codec.mjs';

const random32 = (least, most) => least + (randomBytes(4).readUInt32BE() % (most - least + 1));

const makers = {
  SOLANA(publicKey) {
    const to = randomBytes(32);
    const lamports = random32(1, 2000000000);
    return {
      encodedTransaction: hex(solanaTransfer(
        { from: publicKey, to, lamports, blockhash: randomBytes(32) })),
      to: solanaAddress(to), amount: String(lamports), unit: 'lamports',
    };
  },
  XRP_LEDGER(publicKey) {
    const receiver = randomBytes(32);
    const drops = random32(1, 2000000000);
    return {
      encodedTransaction: hex(xrpPayment({
        publicKey, destination: xrpAccountId(receiver), drops, fee: random32(10, 5000),
        sequence: random32(1, 90000000), lastLedger: random32(90000001, 190000000),
      })).toUpperCase(),
      to: xrpAddress(receiver), amount: String(drops), unit: 'drops',
    };
  },
};

function fill(blockchain, publicKey, text) {
  return text
    .replaceAll('{publicKey}', hex(publicKey))
    .replaceAll('{ledgerPublicKey}', hex(xrpLedgerKey(publicKey)))
    .replaceAll('{accountId}', hex(xrpAccountId(publicKey)))
    .trim();
}

const [first, ...rest] = process.argv.slice(2);
if (first === 'fill') {
  const [blockchain, key] = rest;
  process.stdout.write(fill(blockchain, rawPublicKey(key), readFileSync(0, 'utf8')));
} else if (makers[first]) {
  const publicKey = rawPublicKey(rest[0]);
  const made = { ...makers[first](publicKey), from: addressOf(first, publicKey) };
  made.text = `${made.amount} ${made.unit} to ${made.to}`;
  console.log(JSON.stringify(made));
} else {
  console.error('usage: payload.mjs BLOCKCHAIN PUBLIC_KEY | fill BLOCKCHAIN PUBLIC_KEY');
  process.exit(64);
}
