# Frame of the end-to-end scripts: a working folder of its own, everything ended and
# removed afterwards, sentences for what was checked.  Source it with the build folder.
# shellcheck shell=bash
E_HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=../harness/lib.sh
source "$E_HERE/../harness/lib.sh"

H_BIN=$(cd "${1:?usage: $0 BUILD_DIR}" && pwd)
H_DIR=$(mktemp -d "${TMPDIR:-/tmp}/cloudsign-e2e.XXXXXX")
H_LOG_LEVEL=debug

e_finish() {
    local code=$?
    set +e
    trap - EXIT INT TERM
    trap '' PIPE # who reads this may be gone: nothing stays running for that
    h_close
    if [ $code -ne 0 ] && [ $code -ne 77 ]; then
        local log
        for log in "$H_DIR"/logs/*.log; do
            [ -s "$log" ] || continue
            printf '\n--- %s\n' "$log"
            tail -n 25 "$log"
        done
    fi
    if [ -n "${CS_E2E_KEEP:-}" ]; then
        printf 'kept: %s\n' "$H_DIR"
    else
        rm -rf "$H_DIR"
    fi
    exit $code
}
trap e_finish EXIT
trap 'exit 143' TERM
trap 'exit 130' INT
h_open

ok() { printf 'ok    %s\n' "$*"; }
wrong() { printf 'WRONG %s\n' "$*"; exit 1; }

# e_expect_exit CODE SENTENCE N [NAME=VALUE...]: node N must end by itself with CODE, name
# a remedy on one line, and leave its database as it was.
e_expect_exit() {
    local want=$1 what=$2 n=$3 before
    shift 3
    before=$(e_database_hash "$n")
    : >"$H_DIR/logs/node$n.log"
    h_node_start "$n" "$@"
    if ! h_wait 30 h_ended "node$n"; then
        wrong "$what: the node goes on instead of ending with $want"
    fi
    h_reap "node$n"
    [ "$H_EXIT" = "$want" ] || wrong "$what: exit code $H_EXIT, not $want"
    [ -s "$H_DIR/logs/node$n.log" ] || wrong "$what: no word about why"
    [ "$(e_database_hash "$n")" = "$before" ] || wrong "$what: the database was changed"
    ok "$what: exit $want, database untouched: $(tail -n 1 "$H_DIR/logs/node$n.log" | cut -c1-150)"
}
e_database_hash() {
    local file=$H_DIR/node$1/data.mdb
    [ -e "$file" ] || { printf 'none'; return; }
    sha256sum <"$file"
}

e_platform() { h_platform_start; h_setup; h_token || wrong "no access token"; }
e_nodes_paired() { # all three nodes, up to Paired and online
    local n
    for n in 1 2 3; do h_device_create "$n"; h_node_start "$n"; done
    for n in 1 2 3; do h_device_wait "$n" statusText "Waiting for approval"; h_device_approve "$n"; done
    e_online 1 2 3
}
e_online() { local n; for n in "$@"; do h_device_wait "$n" statusText Paired; h_device_wait "$n" connectionStatus ONLINE; done; }
e_quorum() { h_quorum_create; h_quorum_wait; }
e_key() { h_vault_create; h_wallet_create SOLANA ED25519; h_wallet_wait SOLANA ED25519; h_wallet_enable SOLANA ED25519; }

# e_transfer [WALLET]: sets E_HEX to a fresh payment of the SOLANA, or another, key.
e_transfer() {
    [ $# -gt 0 ] || set -- SOLANA ED25519
    h_wallet "$@"
    E_WALLET=$API_BODY
    E_HEX=$(node "$E_HERE/../harness/payload.mjs" <<<"$API_BODY" | jq -r .encodedTransaction)
}
# e_judge KIND VALUE: the answer in API_BODY is right for what was asked of E_WALLET.
e_judge() {
    jq -nc --argjson wallet "$E_WALLET" --argjson tx "$API_BODY" --arg kind "$1" --arg value "$2" \
        '{$wallet, $kind, $value, $tx}' | node "$E_HERE/../harness/verify.mjs" >/dev/null ||
        wrong "a signature does not verify: $API_BODY"
}
# e_verify: the request TX is SIGNED and its signature verifies elsewhere.
e_verify() {
    h_sign_wait
    e_judge raw "$E_HEX"
}
e_sign() { e_transfer; h_sign SOLANA ED25519 raw "$E_HEX"; e_verify; }

# A part of a second, different each time: faults shall not always hit the same place.
e_pause() { sleep "0.$(printf '%03d' $((RANDOM % ${1:-400})))"; }
