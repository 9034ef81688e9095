#!/usr/bin/env bash
# A restored old copy of a volume: the peers notice, and do not sign with it until an
# operator accepts; the healthy pair goes on.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

e_platform
e_nodes_paired
e_quorum
e_key
e_sign
h_stop_clean node1
cp -a "$H_DIR/node1" "$H_DIR/old"
h_node_start 1
e_online 1

# Node 1 takes part in signatures that the old copy knows nothing of.
h_stop_clean node3
h_device_wait 3 connectionStatus OFFLINE
for _ in 1 2 3; do e_sign; done
h_node_start 3
e_online 3

h_stop_clean node1
rm -rf "$H_DIR/node1"
mv "$H_DIR/old" "$H_DIR/node1"
h_node_start 1
h_device_wait 1 connectionStatus ONLINE
reported() { grep -q 'E_ROLLBACK\|E_CLONE' "$H_DIR/logs/node2.log"; }
h_wait 30 reported || wrong "node 2 says nothing about node 1's old volume"
ok "node 2 reports the old volume"

e_sign
ok "the healthy pair signs"
h_stop_clean node3
h_device_wait 3 connectionStatus OFFLINE
e_transfer
h_sign SOLANA ED25519 raw "$E_HEX"
sleep 8
h_tx_settled || true
[ "$(api_get .status)" != SIGNED ] || wrong "signed together with a volume that was rolled back"
ok "nobody signs together with the old volume"
