#!/usr/bin/env bash
# The harness itself: the whole walk-through, payloads of one's own, --json, and --keep
# with a second run that goes on from the first.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
harness=$E_HERE/../harness/three-node.sh
kept=$H_DIR/kept

cat >"$H_DIR/payload.json" <<'JSON'
[
  {"id": "sol", "blockchain": "SOLANA", "kind": "raw", "encodedTransaction":
   "01000103{publicKey}c88ed5fb416c552f620054ec8fd6ca5b7e08ea426d2b5ed3a8ba64cc4014913d000000000000000000000000000000000000000000000000000000000000000098b2804ca02d1bc648cfb4a9754b62df27da2050c9fae17d76505950d09865ba01020200010c02000000493faa8801000000"},
  {"id": "xrp", "blockchain": "XRP_LEDGER", "kind": "raw", "encodedTransaction":
   "12000022000000002402D04810201B070F3D9361400000019ED2B6AF684000000000000824732{ledger}81{account}831453F097FCFAB9EA416562A0573688709C17F890FB"},
  {"id": "text", "blockchain": "SOLANA", "kind": "plaintext", "message": "I own this account."},
  {"id": "text-xrp", "blockchain": "XRP_LEDGER", "kind": "plaintext", "message": "I own this account."}
]
JSON
sed -i 's/732{ledger}81{account}83/7321{ledgerPublicKey}8114{accountId}83/' "$H_DIR/payload.json"

"$harness" --exit --build-dir "$H_BIN" --keep "$kept" --json "$H_DIR/first.json" \
    --payload "$H_DIR/payload.json" >"$H_DIR/first.log" 2>&1 || {
    cat "$H_DIR/first.log"
    wrong "three-node.sh --exit"
}
cat "$H_DIR/first.log"
jq -e '(.signatures | length) == 25 and (.keys | length) == 7 and (.request | length) == 4
       and all(.signatures[].signingPayloads[]; (.signature | length) >= 128)' "$H_DIR/first.json" >/dev/null ||
    wrong "the JSON of the run is not whole: $(jq -c . "$H_DIR/first.json")"
ok "three-node.sh --exit: 25 verified signatures"

"$harness" --exit --build-dir "$H_BIN" --keep "$kept" --json "$H_DIR/second.json" \
    >"$H_DIR/second.log" 2>&1 || {
    cat "$H_DIR/second.log"
    wrong "three-node.sh --keep, second run"
}
[ "$(jq -cS '[.keys[].address]' "$H_DIR/first.json")" = "$(jq -cS '[.keys[].address]' "$H_DIR/second.json")" ] ||
    wrong "the second run has other keys"
[ "$(jq '.signatures | length' "$H_DIR/second.json")" = 21 ] || wrong "the second run did not sign"
ok "three-node.sh --keep: goes on with the same keys"
