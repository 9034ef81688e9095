#!/usr/bin/env bash
# Every answer of the API has the vendor's shape: required fields, types and enum words, as
# ../shared/api/palisade-v2.md lists them.  Skipped, loudly, where that file is not there.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
doc=${CS_SHARED:-$E_HERE/../../../shared}/api/palisade-v2.md
if [ ! -e "$doc" ]; then
    printf 'SKIPPED: %s is not here, so the shapes of the API were NOT checked\n' "$doc"
    exit 77
fi
e_platform
e_nodes_paired
e_quorum
e_key
e_sign
wallets=()
for wallet in 'SOLANA ED25519' 'ETHEREUM SECP256K1' 'XRP_LEDGER SECP256K1' \
    'BITCOIN SECP256K1 P2WPKH' 'BITCOIN SECP256K1 P2TR'; do
    read -ra words <<<"$wallet"
    h_wallet_create "${words[@]}"
    h_wallet_wait "${words[@]}"
    h_wallet_enable "${words[@]}"
    h_wallet "${words[@]}"
    wallets+=("$API_BODY")
done
h_token
jq -nc --arg url "$H_URL" --arg ca "$H_DIR/platform/ca.pem" --arg token "$H_TOKEN" \
    --arg vault "$(h_get vault)" --arg wallet "$(h_get wallet-SOLANA-ED25519)" \
    --arg quorum "$(h_get quorum)" --arg doc "$doc" --jsonargs '$ARGS.named + {wallets: $ARGS.positional}' \
    "${wallets[@]}" |
    node "$E_HERE/shapes.mjs"
