#!/usr/bin/env bash
# The programs by themselves: version, help, wrong words, SIGTERM in every state.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

for program in cloudsign cloudsign-platform; do
    "$H_BIN/$program" version | grep -Eq '[0-9]+\.[0-9]+\.[0-9]+' || wrong "$program version"
    "$H_BIN/$program" --help >"$H_DIR/out" && grep -q 'Usage\|usage' "$H_DIR/out" || wrong "$program --help"
    code=0
    "$H_BIN/$program" no-such-word >"$H_DIR/out" 2>&1 || code=$?
    [ $code -eq 64 ] && [ -s "$H_DIR/out" ] || wrong "$program no-such-word: exit $code, not 64"
    ok "$program: version, --help, unknown subcommand"
done
code=0
CLOUDSIGN_DATA_DIR=$H_DIR/nowhere "$H_BIN/cloudsign" status >"$H_DIR/out" 2>&1 || code=$?
[ $code -ne 0 ] && [ -s "$H_DIR/out" ] || wrong "status without a node: exit $code"
ok "cloudsign status without a running node: exit $code: $(tail -n 1 "$H_DIR/out")"

e_platform
h_device_create 1
h_node_start 1
h_device_wait 1 statusText "Waiting for approval"
h_stop_clean node1
ok "SIGTERM while waiting for approval: exit 0"
h_device_wait 1 connectionStatus OFFLINE

h_stop_clean platform
ok "SIGTERM to the platform: exit 0"
h_node_start 1
sleep 1
h_alive node1 || { h_reap node1; wrong "the node ended ($H_EXIT) because the platform is away"; }
h_node_status 1 >"$H_DIR/out" || wrong "status does not answer while the platform is away"
h_stop_clean node1
ok "SIGTERM while the platform is away: exit 0"

h_platform_start
code=0
"$H_BIN/cloudsign-platform" serve --data-dir "$H_DIR/platform" --listen 127.0.0.1:0 >"$H_DIR/out" 2>&1 </dev/null || code=$?
[ $code -ne 0 ] || wrong "two platforms on one data directory"
ok "a second platform on the same data directory: exit $code"

mkdir -m 700 "$H_DIR/other"
code=0
timeout 20 "$H_BIN/cloudsign-platform" serve --data-dir "$H_DIR/other" --listen "${H_URL#https://}" >"$H_DIR/out" 2>&1 </dev/null || code=$?
[ $code -eq 69 ] || { cat "$H_DIR/out"; wrong "a port in use: exit $code, not 69"; }
ok "a port in use: exit 69"

e_nodes_paired
e_quorum
e_key
e_transfer
h_sign SOLANA ED25519 raw "$E_HEX"
h_stop node1 INT
[ "$H_EXIT" = 0 ] || wrong "SIGINT while signing: exit $H_EXIT"
e_verify
ok "a node drains on SIGINT while signing: exit 0, and the request is signed"
h_stop_clean platform
for n in 2 3; do h_stop_clean "node$n"; done
ok "SIGTERM to all: exit 0"
