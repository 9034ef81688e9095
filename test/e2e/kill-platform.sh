#!/usr/bin/env bash
# The platform restarted (SIGTERM) and killed (SIGKILL) in each phase: nothing that it
# acknowledged is lost, nodes come back by themselves.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

restart() { # SIGNAL [PAUSE_MS]
    e_pause "${2:-200}"
    h_stop platform "$1"
    [ "$1" = KILL ] || [ "$H_EXIT" = 0 ] || wrong "the platform exited with $H_EXIT on SIG$1"
    h_platform_start
}

h_platform_start
restart KILL
h_setup
restart KILL 1
h_token || wrong "the administrator's credential is lost: HTTP $API_STATUS $API_BODY"
ok "killed before and after the setup: credential kept"

for n in 1 2 3; do h_device_create "$n"; restart KILL 1; done
for n in 1 2 3; do h_node_start "$n"; done
restart TERM
for n in 1 2 3; do h_device_wait "$n" statusText "Waiting for approval"; done
ok "restarted while devices pair: Waiting for approval"

for n in 1 2 3; do h_device_approve "$n"; restart KILL 1; done
e_online 1 2 3
ok "killed after each approval: Paired"

h_quorum_create
restart KILL 60
h_quorum_wait
ok "killed while the quorum forms: Confirmed"

h_vault_create
for signal in KILL TERM; do
    rm -f "$H_DIR/state/wallet-SOLANA-ED25519"
    e_online 1 2 3
    h_wallet_create SOLANA ED25519
    restart $signal 80
    h_wallet_wait SOLANA ED25519
    h_wallet_enable SOLANA ED25519
    restart $signal 1
    e_online 1 2 3
    e_sign
    ok "SIG$signal while a key is made: PROVISIONED, and it signs"
done

for round in 1 2 3 4; do
    signal=$([ $((round % 2)) -eq 0 ] && echo TERM || echo KILL)
    e_transfer
    h_sign SOLANA ED25519 raw "$E_HEX"
    restart "$signal" 40
    e_verify
    signature=$(api_get .signature)
    restart KILL 1
    h_tx_settled && [ "$(api_get .signature)" = "$signature" ] || wrong "a signature that was shown is lost"
    ok "SIG$signal while signing: signed, verified, kept"
done
