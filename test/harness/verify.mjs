// Judges a finished request with implementations that are not ours.  Reads one JSON object
// on stdin:
//   {"wallet": {blockchain, keyAlgorithm, addressType?, address, publicKey},
//    "kind": "raw" | "plaintext" | "typed" | "digest", "value": what was asked for,
//    "tx": {signature, finalSignature?, signedTransaction?, signingPayloads?, hash?,
//           canonicalSignature?, compactSignature?, recoveryId?}}
// What had to be signed is worked out here from the value.  Prints what was checked;
// exit 1 and a reason when anything is wrong.
import { readFileSync } from 'node:fs';
import { judgeRequest } from './request.mjs';

try {
  console.log(JSON.stringify(judgeRequest(JSON.parse(readFileSync(0, 'utf8')))));
} catch (error) {
  console.error(`NOT VERIFIED: ${error.message}`);
  process.exit(1);
}
