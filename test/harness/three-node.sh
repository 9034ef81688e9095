#!/usr/bin/env bash
# A platform and three nodes on this machine, walked through from "add a device" to
# verified signatures, then left running.  See --help.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
# shellcheck source=lib.sh
source "$here/lib.sh"

usage() {
    cat <<'TEXT'
test/harness/three-node.sh [OPTION]...

Installs what is missing, builds (release), starts a platform and three nodes as separate
processes with separate data directories and TLS, pairs and approves the nodes, forms a
2-of-3 quorum, makes a key for each main chain (Solana, the XRP Ledger with both kinds of
key, Ethereum, Bitcoin as P2WPKH and as P2TR, TRON), signs a payment of each with each of
the three pairs of nodes, and verifies every signature with two implementations that no
one here wrote, and every signed transaction with the chain's own JavaScript library
(ethers, bitcoinjs-lib, xrpl.js, TronWeb).  Then it stays up, with URL and credentials,
until Ctrl-C.

  --exit            end and clean up after the walk-through
  --chains LIST     instead of the main chains: names with commas, each
                    BLOCKCHAIN[/ALGORITHM[/ADDRESS_TYPE]], as BITCOIN/SECP256K1/P2TR
  --payload FILE    also sign what FILE holds: a JSON list of
                      {"blockchain": "SOLANA", "kind": "raw",       "encodedTransaction": HEX}
                      {"blockchain": "SOLANA", "kind": "plaintext", "message": TEXT}
                      {"blockchain": "ETHEREUM", "kind": "typed",   "typedData": {..}}
                    A transaction's signer must be the wallet's own key: {publicKey},
                    {ledgerPublicKey} and {accountId} in HEX stand for it (XRP_LEDGER: the
                    key as the ledger writes it, RIPEMD160 of SHA-256 of that).  Optional:
                    "keyAlgorithm" (default ED25519 for SOLANA and XRP_LEDGER, else
                    SECP256K1), "addressType", "id" (comes back in OUT).
  --json OUT        write request, keys and signatures of this run to OUT
  --keep DIR        keep all data in DIR, and go on from what is there
  --build-dir DIR   use the programs in DIR: no installing, no building
  --debug           nodes log at level debug; shows what this script does
  --help

Ports are free ones.  Only processes that this script started are ended, by their pid.
TEXT
}

leave= payload= json_out= keep= build_dir= debug=
wallets=(SOLANA/ED25519 XRP_LEDGER/ED25519 XRP_LEDGER/SECP256K1 ETHEREUM/SECP256K1
    BITCOIN/SECP256K1/P2WPKH BITCOIN/SECP256K1/P2TR TRON/SECP256K1)
while [ $# -gt 0 ]; do
    case $1 in
        --exit) leave=1 ;;
        --chains) shift; IFS=, read -ra wallets <<<"${1:?--chains needs names}" ;;
        --payload) shift; payload=${1:?--payload needs a file} ;;
        --json) shift; json_out=${1:?--json needs a file} ;;
        --keep) shift; keep=${1:?--keep needs a folder} ;;
        --build-dir) shift; build_dir=$(cd "${1:?--build-dir needs a folder}" && pwd) ;;
        --debug) debug=1 ;;
        -h | --help) usage; exit 0 ;;
        *) usage >&2; printf '\nunknown option: %s\n' "$1" >&2; exit 64 ;;
    esac
    shift
done
[ -z "$debug" ] || { H_LOG_LEVEL=debug; set -x; }
started=$SECONDS

# ---- 1. programs -------------------------------------------------------------------------

build() {
    h_title "1. Packages and programs"
    if [ -n "$build_dir" ]; then
        [ -e "$root/test/node_modules/.installed" ] || h_fail "the libraries that judge signatures are not there" "third_party/install.sh --with-harness"
        H_BIN=$build_dir
        h_say "using the programs in $H_BIN"
        return
    fi
    "$root/third_party/install.sh" --with-harness
    local folder=$root/build/release log=$root/build/release.log
    mkdir -p "$root/build"
    h_say "building (release) in build/release"
    if ! (cd "$root" && cmake --preset release -DBUILD_TESTING=OFF &&
        cmake --build build/release -j "$(nproc)") >"$log" 2>&1; then
        tail -n 30 "$log" >&2
        printf '\nFAILED: the build\n  remedy: read %s\n' "$log" >&2
        exit 1
    fi
    H_BIN=$folder
    h_say "built: $(cd "$folder" && du -h cloudsign cloudsign-platform | awk '{ printf "%s%s %s", s, $2, $1; s = ", " }')"
}

# ---- 2. working folder, clean-up ------------------------------------------------------------

prepare() {
    if [ -n "$keep" ]; then
        mkdir -p "$keep"
        H_DIR=$(cd "$keep" && pwd)
    else
        H_DIR=$(mktemp -d "${TMPDIR:-/tmp}/cloudsign.XXXXXX")
    fi
    trap finish EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    h_open
    # Two harnesses on one folder would start the same node twice.
    exec 9>"$H_DIR/lock"
    if command -v flock >/dev/null && ! flock -n 9; then
        trap - EXIT
        h_fail "another three-node.sh uses $H_DIR" "end it, or use another --keep folder"
    fi
}

finish() {
    local code=$?
    trap - EXIT INT TERM HUP
    h_close
    if [ -n "$keep" ]; then
        printf '   data and logs are kept in %s\n' "$H_DIR"
    elif [ $code -eq 0 ] || [ $code -eq 130 ] || [ $code -eq 143 ]; then
        rm -rf "$H_DIR"
    else
        printf '   data and logs of the failed run: %s\n' "$H_DIR" >&2
    fi
    exit $code
}

# ---- 3. the walk-through ------------------------------------------------------------------

start_platform() {
    h_title "2. Platform"
    h_platform_start
    h_say "console and API at $H_URL, CA in $H_DIR/platform/ca.pem"
    h_setup
    h_token || h_fail "no access token: HTTP $API_STATUS $API_BODY" "see the platform's log" platform
    h_say "first administrator made with the one-time setup token; signed in"
}

pair_devices() {
    local n
    h_title "3. Devices: add a device, copy its pairing key, run the node"
    for n in 1 2 3; do
        if h_has "device$n"; then
            h_say "node $n: device known, starting it again"
        else
            h_device_create "$n"
            h_device "$n"
            h_state "node $n: device made" "$(api_get .statusText)"
        fi
    done
    for n in 1 2 3; do h_node_start "$n"; done
    for n in 1 2 3; do
        if ! h_has "paired$n"; then
            h_device_wait "$n" statusText "Waiting for approval"
            h_state "node $n: runs, identity known" "$(api_get .statusText)"
            h_say "   fingerprint $(api_get .fingerprint)"
            h_say "   words       $(api_get .words)"
        fi
    done
    h_title "4. Approve the devices (node and platform show the same fingerprint)"
    for n in 1 2 3; do
        h_device_approve "$n"
        h_device_wait "$n" statusText Paired
        h_device_wait "$n" connectionStatus ONLINE
        h_put "paired$n" 1
        h_state "node $n" "$(api_get .statusText), $(api_get .connectionStatus)"
    done
}

make_quorum() {
    local t
    h_title "5. MPC quorum: three nodes, two signatures required"
    t=$(h_now_ms)
    h_quorum_create
    h_quorum_wait
    h_state "quorum $(h_get quorum)" "Confirmed"
    h_say "$(($(h_now_ms) - t)) ms"
}

default_algorithm() { case $1 in SOLANA | XRP_LEDGER) printf ED25519 ;; *) printf SECP256K1 ;; esac; }

# Sets W to the words of BLOCKCHAIN[/ALGORITHM[/ADDRESS_TYPE]].
words_of() {
    IFS=/ read -ra W <<<"$1"
    [ -n "${W[1]:-}" ] || W[1]=$(default_algorithm "${W[0]}")
}

made=() # every wallet of this run
make_key() { # BLOCKCHAIN ALGORITHM [ADDRESS_TYPE]
    local t
    t=$(h_now_ms)
    h_wallet_create "$@"
    h_wallet_wait "$@"
    t=$(($(h_now_ms) - t))
    h_wallet_enable "$@"
    h_wallet "$@"
    made+=("$*")
    h_state "$* key" "$(api_get .status), enabled"
    h_say "   address     $(api_get .address)"
    h_say "   public key  $(api_get .publicKey)   ($t ms)"
}

make_keys() {
    local wallet
    h_title "6. Vault and keys (keystore MPC)"
    h_vault_create
    for wallet in "${wallets[@]}"; do
        words_of "$wallet"
        make_key "${W[@]}"
    done
}

# sign KIND VALUE LABEL ID BLOCKCHAIN ALGORITHM [ADDRESS_TYPE]: signs, verifies, notes it.
results=()
sign() {
    local kind=$1 value=$2 label=$3 id=$4 t wallet tx verdict
    shift 4
    h_wallet "$@"
    wallet=$API_BODY
    t=$(h_now_ms)
    h_sign "$1" "$2" "$kind" "$value" "${3:-}"
    h_sign_wait
    tx=$API_BODY
    t=$(($(h_now_ms) - t))
    verdict=$(jq -nc --argjson wallet "$wallet" --argjson tx "$tx" --arg kind "$kind" \
        --arg value "$value" '{$wallet, $kind, $value, $tx}' | node "$here/verify.mjs") ||
        h_fail "a signature of $* does not verify" "this must not happen: keep the logs" platform
    h_state "$*, $label" "SIGNED, verified"
    h_say "   signature   $(jq -r '.signature // ([.signingPayloads[].signature] | join(" "))' <<<"$tx")"
    h_say "   verified by $(jq -r '.verifiedBy | join(", ")' <<<"$verdict")   ($t ms, $(jq -r '"\(.inputs) signature" + if .inputs == 1 then "" else "s" end' <<<"$verdict"))"
    results+=("$(jq -nc --argjson w "$wallet" --argjson t "$tx" --argjson v "$verdict" \
        --arg kind "$kind" --arg value "$value" --arg what "$label" --arg id "$id" --argjson ms "$t" '
        {id: $id, what: $what, blockchain: $w.blockchain, kind: $kind, addressType: $w.addressType,
         keyAlgorithm: $w.keyAlgorithm, address: $w.address, publicKey: $w.publicKey}
        + if $kind == "raw" then {encodedTransaction: $value} else {message: $value} end
        + {signedMessage: $v.message, signature: $t.signature, signingPayloads: $t.signingPayloads,
           signedTransaction: $t.signedTransaction, transactionId: $t.id, milliseconds: $ms}')")
}

sign_with_each_pair() {
    local stopped pair wallet payment
    h_title "7. Sign a payment on each chain with each pair of nodes"
    for stopped in 3 2 1; do
        pair=$(tr -d "$stopped" <<<123)
        pair="nodes ${pair:0:1} and ${pair:1:1}"
        h_stop_clean "node$stopped"
        h_device_wait "$stopped" connectionStatus OFFLINE
        h_state "node $stopped stopped (exit 0)" "$(api_get .connectionStatus)"
        for wallet in "${wallets[@]}"; do
            words_of "$wallet"
            h_wallet "${W[@]}"
            payment=$(node "$here/payload.mjs" <<<"$API_BODY")
            h_say "${W[0]}: $(jq -r .text <<<"$payment")"
            sign raw "$(jq -r .encodedTransaction <<<"$payment")" "$pair" "" "${W[@]}"
        done
        h_node_start "$stopped"
        h_device_wait "$stopped" connectionStatus ONLINE
    done
    h_state "all three nodes" "ONLINE"
}

sign_payload() {
    [ -n "$payload" ] || return 0
    local entry kind value count i
    h_title "8. Sign what $payload holds"
    count=$(jq -e 'if type == "array" then length else error("not a list") end' "$payload") ||
        h_fail "$payload is not a JSON list" "see --help"
    for ((i = 0; i < count; i++)); do
        entry=$(jq -c ".[$i]" "$payload")
        words_of "$(jq -r '[.blockchain // "", .keyAlgorithm // "", .addressType // empty] | join("/")' <<<"$entry")"
        h_has "wallet-$(IFS=-; printf '%s' "${W[*]}")" || make_key "${W[@]}"
        kind=$(jq -r '.kind // "raw"' <<<"$entry")
        case $kind in
            raw)
                h_wallet "${W[@]}"
                value=$(node "$here/payload.mjs" fill "$(jq -r '.encodedTransaction // ""' <<<"$entry")" <<<"$API_BODY") ;;
            plaintext) value=$(jq -r '.message // ""' <<<"$entry") ;;
            typed) value=$(jq -c .typedData <<<"$entry") ;;
            *) h_fail "payload $i: kind '$kind'" "use raw, plaintext or typed" ;;
        esac
        sign "$kind" "$value" "payload $i" "$(jq -r '.id // ""' <<<"$entry")" "${W[@]}"
    done
}

write_json() {
    [ -n "$json_out" ] || return 0
    local keys=() wallet
    for wallet in "${made[@]}"; do
        read -ra W <<<"$wallet"
        h_wallet "${W[@]}"
        keys+=("$API_BODY")
    done
    jq -n --argjson keys "$(printf '%s\n' "${keys[@]}" | jq -s .)" \
        --argjson signatures "$(printf '%s\n' "${results[@]}" | jq -s .)" \
        --argjson request "$(if [ -n "$payload" ]; then cat "$payload"; else echo null; fi)" \
        '{request: $request, keys: $keys, signatures: $signatures}' >"$json_out"
    h_say "request, keys and signatures are in $json_out"
}

summary() {
    local n
    h_title "Done in $((SECONDS - started)) s: ${#results[@]} signatures, all verified"
    for n in 1 2 3; do
        h_state "node $n at rest" "$(ps -o rss= -p "${H_PID[node$n]}" | awk '{ printf "%.1f MiB", $1 / 1024 }')"
    done
    write_json
}

stay() {
    [ -z "$leave" ] || return 0
    cat <<TEXT

The platform and the three nodes go on running.  Ctrl-C ends them$([ -n "$keep" ] || printf ' and removes their data').

   API            $H_URL/v2
   CA             $H_DIR/platform/ca.pem
   clientId       $(h_get clientId)
   clientSecret   $(h_get clientSecret)
   logs           $H_DIR/logs

   curl --cacert $H_DIR/platform/ca.pem -H 'Content-Type: application/json' \\
        -d '{"clientId": "$(h_get clientId)", "clientSecret": "..."}' \\
        $H_URL/v2/credentials/oauth/token
TEXT
    local name
    while sleep 1; do
        for name in platform node1 node2 node3; do
            h_alive "$name" || h_fail "$name has ended" "read its log" "$name"
        done
    done
}

build
prepare
start_platform
pair_devices
make_quorum
make_keys
sign_with_each_pair
sign_payload
summary
stay
