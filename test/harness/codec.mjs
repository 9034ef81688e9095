// Solana's encodings, written from its public specification and sharing nothing with
// src/chain: what the harness builds and checks must not lean on the code that it judges.
const BITCOIN_ALPHABET = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';

export function solanaAddress(publicKey) {
  let n = BigInt(`0x0${Buffer.from(publicKey).toString('hex')}`);
  let text = '';
  for (; n > 0n; n /= 58n) text = BITCOIN_ALPHABET[Number(n % 58n)] + text;
  for (const byte of publicKey) {
    if (byte !== 0) break;
    text = BITCOIN_ALPHABET[0] + text;
  }
  return text;
}

const u32le = (n) => { const b = Buffer.alloc(4); b.writeUInt32LE(n); return b; };
const u64le = (n) => { const b = Buffer.alloc(8); b.writeBigUInt64LE(BigInt(n)); return b; };

// Legacy message: header, three accounts (payer, receiver, System Program), blockhash,
// one instruction "transfer" (2) with the lamports.
export function solanaTransfer({ from, to, lamports, blockhash }) {
  const data = Buffer.concat([u32le(2), u64le(lamports)]);
  return Buffer.concat([
    Buffer.from([1, 0, 1, 3]), from, to, Buffer.alloc(32), blockhash,
    Buffer.from([1, 2, 2, 0, 1, data.length]), data,
  ]);
}
export const solanaSigned = (message, signature) =>
  Buffer.concat([Buffer.from([1]), signature, message]);

// What Ed25519 is given for a text: the off-chain message format, version 0, with our
// application domain (src/chain/README.md).
export function plaintextOf(publicKey, text) {
  const body = Buffer.from(text, 'utf8');
  const head = Buffer.concat([Buffer.from('\xffsolana offchain\0', 'latin1'),
    Buffer.from('cloudsign/1/plaintext'.padEnd(32, '\0'), 'latin1')]);
  const room = 1232 - (head.length + 2 + 32 + 2); // one packet
  const format = body.length > room ? 2 : body.every((b) => b >= 0x20 && b <= 0x7e) ? 0 : 1;
  return Buffer.concat([head, Buffer.from([format, 1]), publicKey,
    Buffer.from([body.length & 255, body.length >> 8]), body]);
}
