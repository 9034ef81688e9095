#!/usr/bin/env bash
# Latencies over loopback as a REST client sees them: key generation and signing, median
# and 95th percentile; memory of the processes at rest; sizes of programs.
#   test/bench/loopback.sh [--wait] [--chain CHAIN] [--algorithm KEYALGORITHM]
#                          [--type ADDRESSTYPE] [--keys N] [BUILD_DIR] [COUNT]
# --wait: one call a signature (?wait=30) instead of looking every 2 ms.  Default: a
# SOLANA key (ED25519), build/release, 100 signatures and 20 keys.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
chain=SOLANA algorithm='' type='' wait=false keys=20
while [ $# -gt 0 ]; do
    case $1 in
    --wait) wait=true ;;
    --chain) chain=${2:?}; shift ;;
    --algorithm) algorithm=${2:?}; shift ;;
    --type) type=${2:?}; shift ;;
    --keys) keys=${2:?}; shift ;;
    *) break ;;
    esac
    shift
done
[ -n "$algorithm" ] || { [ "$chain" = SOLANA ] && algorithm=ED25519 || algorithm=SECP256K1; }
build=${1:-$here/../../build/release}
count=${2:-100}
source "$here/../e2e/common.sh" "$build"
H_LOG_LEVEL=warn

e_platform
e_nodes_paired
e_quorum
h_vault_create
wallet=("$chain" "$algorithm" ${type:+"$type"})
h_wallet_create "${wallet[@]}"
h_wallet_wait "${wallet[@]}"
h_wallet_enable "${wallet[@]}"
rss() { ps -o rss= -p "${H_PID[$1]}" | awk '{ printf "%.1f MiB", $1 / 1024 }'; }
sleep 3
printf 'memory at rest: node %s, platform %s\n' "$(rss node1)" "$(rss platform)"
h_token
h_wallet "${wallet[@]}"
jq -nc --arg url "$H_URL" --arg ca "$H_DIR/platform/ca.pem" --arg token "$H_TOKEN" \
    --arg vault "$(h_get vault)" --arg quorum "$(h_get quorum)" --arg chain "$chain" \
    --arg algorithm "$algorithm" --arg type "$type" --argjson wallet "$API_BODY" \
    --argjson count "$count" --argjson keys "$keys" --argjson wait "$wait" '$ARGS.named' |
    node "$here/loopback.mjs"
printf 'memory after:   node %s, platform %s\n' "$(rss node1)" "$(rss platform)"
for program in cloudsign cloudsign-platform; do
    cp "$H_BIN/$program" "$H_DIR/$program"
    strip "$H_DIR/$program"
    printf '%s: %s bytes, stripped %s\n' "$program" "$(stat -c %s "$H_BIN/$program")" "$(stat -c %s "$H_DIR/$program")"
done
