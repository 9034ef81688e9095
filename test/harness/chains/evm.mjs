// The EVM chains, by ethers.
import { Transaction, TypedDataEncoder, computeAddress, hashMessage, verifyMessage,
  verifyTypedData } from 'ethers';
import { keccak_256 } from '@noble/hashes/sha3';
import { randomBytes } from 'node:crypto';

const IDS = { ETHEREUM: 1, POLYGON: 137, BNBCHAIN: 56, BASE: 8453, ARBITRUM: 42161,
  AVALANCHE: 43114 };
const x = (bytes) => `0x${Buffer.from(bytes).toString('hex')}`;
const bytes = (text) => Buffer.from(text.slice(2), 'hex');
const item = (key, message) => [{ scheme: 'ecdsa', key, message }];

export const chains = Object.keys(IDS);
export const address = ({ publicKey }) => computeAddress(x(publicKey));

export function make({ blockchain }) {
  const value = BigInt(randomBytes(4).readUInt32BE()) * 1000000000n + 1n;
  const to = computeAddress(x(Buffer.concat([Buffer.from([2]), Buffer.from(
    '79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798', 'hex')])));
  const tx = Transaction.from({ type: 2, chainId: IDS[blockchain], nonce: randomBytes(1)[0],
    to, value, gasLimit: 21000, maxFeePerGas: 30000000000n, maxPriorityFeePerGas: 1000000000n });
  return { encodedTransaction: tx.unsignedSerialized.slice(2), to, amount: String(value),
    unit: 'wei' };
}

export const items = ({ encoded, publicKey }) =>
  item(publicKey, Buffer.from(keccak_256(encoded)));
export const text = ({ text: t, publicKey }) => item(publicKey, bytes(hashMessage(t)));

function encoder({ domain, types: all, message, primaryType }) {
  const { EIP712Domain: _, ...types } = all;
  if (TypedDataEncoder.from(types).primaryType !== primaryType) throw new Error('primaryType');
  return [domain, types, message];
}
export const typedData = ({ typed, publicKey }) =>
  item(publicKey, bytes(TypedDataEncoder.hash(...encoder(JSON.parse(typed)))));

// The final forms must be what ethers reads, and name the wallet.
export function final({ encoded, text: t, typed, signedTransaction, canonical, address: own, txid }) {
  if (encoded) {
    const tx = Transaction.from(x(signedTransaction));
    if (tx.from !== own) throw new Error(`ethers recovers ${tx.from}, not ${own}`);
    if (txid && tx.hash !== `0x${txid}`) throw new Error(`its id is ${tx.hash}, not ${txid}`);
    if (tx.unsignedSerialized !== x(encoded)) throw new Error('another transaction was signed');
    return 'ethers';
  }
  const from = typed ? verifyTypedData(...encoder(JSON.parse(typed)), x(canonical))
    : verifyMessage(t, x(canonical));
  if (from !== own) throw new Error(`ethers recovers ${from}, not ${own}`);
  return 'ethers';
}
