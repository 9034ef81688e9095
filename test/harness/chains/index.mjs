// What the harness knows of each blockchain, by libraries that no one here wrote:
//   address(wallet)          of the wallet's public key
//   make(wallet)             a fresh unsigned payment, as a client would submit it
//   items({..encoded})       what has to be signed: [{scheme, key, message}]
//   text({..text}), typedData({..typed})   the same of a message
//   final({..})              throws unless the chain's library takes the final form
// wallet: {blockchain, keyAlgorithm, addressType, publicKey: Buffer, address}
import * as evm from './evm.mjs';
import * as solana from './solana.mjs';
import * as tron from './tron.mjs';
import * as utxo from './utxo.mjs';
import * as xrp from './xrp.mjs';

const modules = new Map([evm, solana, tron, utxo, xrp]
  .flatMap((m) => m.chains.map((name) => [name, m])));

export const known = [...modules.keys()];
export function chainOf(blockchain) {
  const chain = modules.get(blockchain);
  if (!chain) throw new Error(`${blockchain}: this harness knows ${known.join(', ')}`);
  return chain;
}
// From the JSON of the API.
export function walletOf(json) {
  const key = Buffer.from(json.publicKey, 'hex');
  return { ...json, publicKey: key.length === 33 && key[0] === 0xed ? key.subarray(1) : key };
}
