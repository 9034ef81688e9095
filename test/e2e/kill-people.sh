#!/usr/bin/env bash
# The platform is killed (SIGKILL) again and again while eight clients write: users,
# credentials and requests with two of two approvers, freezes, a wallet's approval group,
# limits and allow list, address book, webhooks, devices whose events are delivered.  After
# each kill all that was acknowledged is there and nothing else, once, with exactly one
# audit record, in a log that goes on from what nodes have countersigned.
#
#   CS_KILL_SEED   choices and times (printed)      CS_KILLS   how many kills (7)
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
# shellcheck source=people-lib.sh
source "$E_HERE/people-lib.sh"
# shellcheck source=hooks-lib.sh
source "$E_HERE/hooks-lib.sh"
command -v node >/dev/null || { echo "SKIPPED: no node"; exit 77; }

SEED=${CS_KILL_SEED:-$(od -An -N3 -tu4 /dev/urandom | tr -d ' ')} KILLS=${CS_KILLS:-7}
RANDOM=$((SEED % 32768))
SAID=
tell() { # WORDS: to the clients; sets SAID
    printf '%s\n' "$*" >&"${CLIENTS[1]}"
    IFS= read -r -t 180 SAID <&"${CLIENTS[0]}" || wrong "the clients say nothing to: $*"
    case $SAID in
        killed* | ok*) ;;
        *) wrong "${SAID#WRONG } (CS_KILL_SEED=$SEED)" ;;
    esac
}
wallet() { # NAME: another SOLANA key; prints its path
    api POST "/v2/vaults/$(h_get vault)/wallets?wait=30" "$(jq -nc --arg n "$1" --arg q "$(h_get quorum)" \
        '{name: $n, quorumId: $q, blockchain: "SOLANA", keystore: "MPC", keyAlgorithm: "ED25519"}')"
    [ "$(api_get .status)" = PROVISIONED ] || wrong "the key $1 is $(api_get .status)"
}
group() { # SOURCE [WALLET]: both of them
    api PUT "/v2/approvers${2:+/$2}" "$(jq -nc --arg s "$1" --arg b "$BOB" --arg c "$CYD" \
        '{sourceType: $s, requiredApproverCount: 2, timeoutSeconds: 3600, approvers: [$b, $c]}')"
}
cookie() { awk '$6 == "__Host-cloudsign" { print $7 }' "$H_DIR/jar-$1"; }
nodes_say() { # what they know, before the platform says anything about it
    local n
    for n in 1 2 3; do h_node_status $n >"$H_DIR/node$n.json" || wrong "node $n says nothing"; done
    cat "$H_DIR"/node[123].json >"$H_DIR/devices.json"
}
witnesses() { api GET /v2/audit/head && [ "$(api_get '.countersignatures | length')" = 3 ]; }

w_files
w_start
w_mode slow
H_PLATFORM_ARGS=(--webhook-ca "$W_DIR/ca.pem" --webhook-allow "127.0.0.1/32:$W_PORT")
e_platform
e_nodes_paired
e_quorum
e_key
e_sign
wallet other
OTHER=$(api_get .id)
invite bob bob@example.org APPROVER "a long one of bob's"
BOB=$USER
invite cyd cyd@example.org APPROVER "another one of cyd's"
CYD=$USER
group API_CREDENTIAL
group TRANSACTION "$(h_get wallet-SOLANA-ED25519)"
w_hook /a
h_wait 60 witnesses || wrong "no countersignatures of three nodes: $API_BODY"
ok "two approvers, two keys, a webhook; three nodes vouch for the log; CS_KILL_SEED=$SEED"

jq -n --arg url "$H_URL" --arg ca "$H_DIR/platform/ca.pem" --arg seed "$SEED" --arg payload "$E_HEX" \
    --arg program "$H_BIN/cloudsign-platform" --arg log "$H_DIR/audit.jsonl" --arg devices "$H_DIR/devices.json" \
    --arg hooks "$W_HTTP" --arg hook "$W_HOOK" --arg endpoint "https://127.0.0.1:$W_PORT/none" \
    --arg wallet "$(h_wallet_path SOLANA ED25519)" --arg other "/v2/vaults/$(h_get vault)/wallets/$OTHER" --arg otherId "$OTHER" \
    --arg clientId "$(h_get clientId)" --arg clientSecret "$(h_get clientSecret)" \
    --arg bob "$BOB" --arg bobCookie "$(cookie bob)" --arg bobCsrf "$(h_get csrf-bob)" --arg bobTotp "$(h_get totp-bob)" \
    --arg cyd "$CYD" --arg cydCookie "$(cookie cyd)" --arg cydCsrf "$(h_get csrf-cyd)" --arg cydTotp "$(h_get totp-cyd)" \
    --arg dir "$H_DIR" '$ARGS.named | .seed |= tonumber | .nodes = ([1, 2, 3] | map($ARGS.named.dir + "/node\(.).json")) | .users = {
        bob: {id: .bob, cookie: .bobCookie, csrf: .bobCsrf, totp: .bobTotp}, cyd: {id: .cyd, cookie: .cydCookie, csrf: .cydCsrf, totp: .cydTotp}}' >"$H_DIR/clients.json"
coproc CLIENTS { exec node "$E_HERE/kill-people.mjs" "$H_DIR/clients.json" 2>>"$H_DIR/logs/clients.log"; }
H_PID[clients]=$CLIENTS_PID

# Each place that matters comes once, then by chance.
MODES=(between after-last during-last any-ack random)
for ((k = 0; k < KILLS; k++)); do
    mode=${MODES[$k]:-${MODES[$((RANDOM % 5))]}}
    tell run "${H_PID[platform]}" "$mode"
    what=$SAID
    h_wait 20 h_ended platform || wrong "the platform outlives SIGKILL"
    h_reap platform
    nodes_say
    h_platform_start
    tell check
    printf 'ok    %s\n      %s\n' "$what" "${SAID#ok: }"
done
h_wait 60 e_online 1 2 3
nodes_say
tell end
ok "$KILLS kills: ${SAID#ok: }"
w_all_good "a delivery does not verify"
for n in 1 2 3; do h_stop_clean "node$n"; done
h_stop_clean platform
