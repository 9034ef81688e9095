// Judges a finished request with implementations that are not ours (verify.mjs tells its
// form).  What had to be signed is worked out here from what was asked for; throws a
// reason when anything is wrong.
import { chainOf, walletOf } from './chains/index.mjs';
import { compact, judge, recovered } from './chains/judges.mjs';

const need = (condition, what) => { if (!condition) throw new Error(what); };
const unhex = (text, what) => {
  need(typeof text === 'string' && /^([0-9a-fA-F]{2})*$/.test(text), `${what}: not hex: ${text}`);
  return Buffer.from(text, 'hex');
};
const optional = (text, what) => (text ? unhex(text, what) : undefined);

function wanted(chain, wallet, kind, value) {
  switch (kind) {
    case 'raw': return chain.items({ ...wallet, encoded: unhex(value, 'transaction') });
    case 'plaintext': return chain.text({ ...wallet, text: value });
    case 'typed': return chain.typedData({ ...wallet, typed: value });
    case 'digest': return [{ scheme: 'ecdsa', key: wallet.publicKey, message: unhex(value, 'digest') }];
    default: throw new Error(`kind ${kind}`);
  }
}

// The other places where the one signature stands must hold the same.
function judgeCopies(tx, item, signature) {
  for (const name of ['signature', 'canonicalSignature', 'compactSignature']) {
    need(!tx[name] || compact(item.scheme, unhex(tx[name], name)).equals(signature), `${name} is another signature`);
  }
  need(tx.recoveryId === undefined || recovered(item.message, signature, tx.recoveryId).equals(item.key),
    'recoveryId names another key');
}

export function judgeRequest({ wallet: json, kind, value, tx }) {
  const wallet = walletOf(json), chain = chainOf(wallet.blockchain);
  const own = chain.address(wallet);
  need(own === wallet.address, `the address ${wallet.address} is not ${own}, the key's`);
  const items = wanted(chain, wallet, kind, value);
  const payloads = tx.signingPayloads?.length ? tx.signingPayloads : [{ signature: tx.signature }];
  need(payloads.length === items.length, `${payloads.length} signatures for ${items.length} inputs`);
  const by = new Set();
  const signatures = items.map((item, i) => {
    const bytes = unhex(payloads[i].signature, `signature ${i}`);
    need([undefined, i].includes(payloads[i].inputIndex), `input ${i}: it says ${payloads[i].inputIndex}`);
    need(payloads[i].signingHash === undefined
      || unhex(payloads[i].signingHash, 'hash').equals(Buffer.from(item.message)), `input ${i}: another hash`);
    judge(item, bytes).forEach((name) => by.add(name));
    return compact(item.scheme, bytes);
  });
  judgeCopies(tx, items[0], signatures[0]);
  if (kind === 'digest') {
    need(!tx.finalSignature || compact(items[0].scheme, unhex(tx.finalSignature, 'finalSignature')).equals(signatures[0]),
      'finalSignature is another one');
  } else {
    by.add(chain.final({ ...wallet, signatures, txid: tx.hash?.replace(/^0x/, '').toLowerCase(),
      encoded: kind === 'raw' ? unhex(value, 'transaction') : undefined,
      text: kind === 'plaintext' ? value : undefined, typed: kind === 'typed' ? value : undefined,
      signedTransaction: optional(tx.signedTransaction, 'signedTransaction'),
      canonical: optional(tx.finalSignature, 'finalSignature') }));
  }
  return { verifiedBy: [...by], inputs: items.length,
    message: items.map((i) => Buffer.from(i.message).toString('hex')).join(',') };
}
