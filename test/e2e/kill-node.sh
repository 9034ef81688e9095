#!/usr/bin/env bash
# kill -9 of a node in each phase, restart: everything that was asked for is reached, and
# nothing acknowledged is lost.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

kill_and_restart() { # N [PAUSE_MS]
    e_pause "${2:-300}"
    h_stop "node$1" KILL
    h_node_start "$1"
}

e_platform
for n in 1 2 3; do h_device_create "$n"; h_node_start "$n"; done
kill_and_restart 1 60
for n in 1 2 3; do h_device_wait "$n" statusText "Waiting for approval"; done
fingerprint=$(api_get .fingerprint)
ok "killed at its first start: waits for approval"

kill_and_restart 3
h_device_wait 3 connectionStatus ONLINE
[ "$(api_get .fingerprint)" = "$fingerprint" ] || wrong "a killed node came back as somebody else"
ok "killed while waiting for approval: same identity"

for n in 1 2 3; do h_device_approve "$n"; done
kill_and_restart 2 60
e_online 1 2 3
ok "killed while being approved: Paired"

h_quorum_create
kill_and_restart 1 60
h_quorum_wait
ok "killed while joining the quorum: Confirmed"

h_vault_create
for n in 1 2 3; do
    name=SOLANA
    rm -f "$H_DIR/state/wallet-$name-ED25519"
    h_wallet_create $name ED25519
    kill_and_restart "$n" 80
    h_wallet_wait $name ED25519
    h_wallet_enable $name ED25519
    e_online 1 2 3
    e_sign
    ok "node $n killed while a key is made: PROVISIONED, and it signs"
done

h_wallet SOLANA ED25519
address=$(api_get .address)
for round in 1 2 3 4 5 6; do
    n=$((round % 3 + 1))
    e_transfer
    h_sign SOLANA ED25519 raw "$E_HEX"
    kill_and_restart "$n" 40
    e_verify
    ok "node $n killed while signing: signed and verified"
done

for n in 1 2 3; do h_stop "node$n" KILL; done
for n in 1 2 3; do h_node_start "$n"; done
e_online 1 2 3
e_sign
h_wallet SOLANA ED25519
[ "$(api_get .address)" = "$address" ] || wrong "the key has another address"
ok "all three killed at once: the key is still there and signs"
