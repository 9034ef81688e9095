#!/usr/bin/env bash
# Every answer of the API has the vendor's shape: required fields, types and enum words, as
# ../shared/api/palisade-v2.md lists them.  Skipped, loudly, where that file is not there.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
doc=$E_HERE/../../../shared/api/palisade-v2.md
if [ ! -e "$doc" ]; then
    printf 'SKIPPED: %s is not here, so the shapes of the API were NOT checked\n' "$doc"
    exit 77
fi
e_platform
e_nodes_paired
e_quorum
e_key
e_sign
h_token
jq -nc --arg url "$H_URL" --arg ca "$H_DIR/platform/ca.pem" --arg token "$H_TOKEN" \
    --arg vault "$(h_get vault)" --arg wallet "$(h_get wallet-SOLANA-ED25519)" \
    --arg quorum "$(h_get quorum)" --arg doc "$doc" '$ARGS.named' |
    node "$E_HERE/shapes.mjs"
