#!/usr/bin/env bash
# Latencies over loopback as a REST client sees them: key generation and signing, median
# and 95th percentile of 100 each; memory of the processes at rest; sizes of programs.
#   test/bench/loopback.sh [BUILD_DIR] [COUNT]      default: build/release, 100
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=${1:-$here/../../build/release}
count=${2:-100}
source "$here/../e2e/common.sh" "$build"
H_LOG_LEVEL=warn

e_platform
e_nodes_paired
e_quorum
e_key
rss() { ps -o rss= -p "${H_PID[$1]}" | awk '{ printf "%.1f MiB", $1 / 1024 }'; }
sleep 3
printf 'memory at rest: node %s, platform %s\n' "$(rss node1)" "$(rss platform)"
h_token
jq -nc --arg url "$H_URL" --arg ca "$H_DIR/platform/ca.pem" --arg token "$H_TOKEN" \
    --arg vault "$(h_get vault)" --arg wallet "$(h_get wallet-SOLANA-ED25519)" \
    --arg quorum "$(h_get quorum)" --argjson count "$count" '$ARGS.named' |
    node "$here/loopback.mjs"
printf 'memory after:   node %s, platform %s\n' "$(rss node1)" "$(rss platform)"
for program in cloudsign cloudsign-platform; do
    cp "$H_BIN/$program" "$H_DIR/$program"
    strip "$H_DIR/$program"
    printf '%s: %s bytes, stripped %s\n' "$program" "$(stat -c %s "$H_BIN/$program")" "$(stat -c %s "$H_DIR/$program")"
done
