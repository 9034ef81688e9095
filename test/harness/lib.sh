# Shared by three-node.sh and test/e2e: starts and stops a platform and its nodes, calls
# the API, waits for states.  Source it; it needs bash, curl and jq.
#
#   H_BIN  folder with cloudsign and cloudsign-platform
#   H_DIR  working folder: platform/, node1/ .., logs/, state/
#
# Only processes started here are ever signalled, each by its own pid.
# shellcheck shell=bash

H_HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
H_LOG_LEVEL=${H_LOG_LEVEL:-info}
H_PATIENCE=${H_PATIENCE:-60}     # seconds that a state may take
declare -A H_PID=()              # platform, node1, node2, node3 -> pid
API_STATUS= API_BODY=

# ---- saying ------------------------------------------------------------------------

if [ -t 1 ]; then H_BOLD=$'\e[1m' H_DIM=$'\e[2m' H_OFF=$'\e[0m'; else H_BOLD= H_DIM= H_OFF=; fi
h_title() { printf '\n%s%s%s\n' "$H_BOLD" "$*" "$H_OFF"; }
h_say() { printf '   %s\n' "$*"; }
h_state() { printf '   %-34s %s\n' "$1" "$H_BOLD$2$H_OFF"; }

# h_fail WHAT REMEDY [PROCESS...]: the last lines of their logs, then exit 1.
h_fail() {
    local what=$1 remedy=$2 name
    shift 2
    {
        for name in "$@"; do
            [ -s "$H_DIR/logs/$name.log" ] || continue
            printf '\n--- last lines of %s\n' "$H_DIR/logs/$name.log"
            tail -n 15 "$H_DIR/logs/$name.log"
        done
        printf '\nFAILED: %s\n  remedy: %s\n' "$what" "$remedy"
    } >&2
    exit 1
}

h_now_ms() { local t=${EPOCHREALTIME/[.,]/}; printf '%s' "${t%???}"; }

# h_wait SECONDS COMMAND...: until it succeeds; 1 when the time is over.
h_wait() {
    local end=$((SECONDS + $1))
    shift
    until "$@"; do
        [ $SECONDS -lt $end ] || return 1
        sleep 0.05
    done
}

# ---- what outlives a run: one file per fact ---------------------------------------------

h_put() { mkdir -p "$H_DIR/state"; printf '%s' "$2" >"$H_DIR/state/$1.new" && mv "$H_DIR/state/$1.new" "$H_DIR/state/$1"; }
h_get() { cat "$H_DIR/state/$1" 2>/dev/null; }
h_has() { [ -s "$H_DIR/state/$1" ]; }

# ---- processes ------------------------------------------------------------------------

h_open() { # makes the working folder; H_DIR must be set
    (umask 077; mkdir -p "$H_DIR"/{logs,state,platform})
    local program
    for program in cloudsign cloudsign-platform; do
        [ -x "$H_BIN/$program" ] || h_fail "$H_BIN/$program is not there" "build it: cmake --preset release && cmake --build build/release"
    done
}

h_alive() { [ -n "${H_PID[$1]:-}" ] && kill -0 "${H_PID[$1]}" 2>/dev/null; }

h_ended() { ! h_alive "$1"; }

# bash reports a killed child on standard error when it sees it: not news here.
h_quietly() { "$@" 2>/dev/null; }

# h_stop NAME [SIGNAL]: sends it, waits, and leaves the exit code in H_EXIT.
H_EXIT=
h_stop() {
    local name=$1 signal=${2:-TERM} pid=${H_PID[$1]:-}
    H_EXIT=
    [ -n "$pid" ] || return 0
    kill "-$signal" "$pid" 2>/dev/null || true
    if ! h_quietly h_wait 20 h_ended "$name"; then
        kill -KILL "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
        unset "H_PID[$name]"
        h_fail "$name did not end within 20 s of SIG$signal" "read $H_DIR/logs/$name.log" "$name"
    fi
    h_quietly h_reap "$name"
}

# h_reap NAME: waits for a process that ends by itself; its exit code is in H_EXIT.
h_reap() {
    local pid=${H_PID[$1]}
    H_EXIT=0
    wait "$pid" 2>/dev/null || H_EXIT=$?
    unset "H_PID[$1]"
}

h_stop_clean() { # NAME: SIGTERM must drain and exit 0
    h_stop "$1" TERM
    [ "$H_EXIT" = 0 ] || h_fail "$1 exited with $H_EXIT on SIGTERM, not 0" "read the log above" "$1"
}

h_close() { # ends all that this script started, nodes first
    local name
    for name in "${!H_PID[@]}" platform; do
        [ "$name" != platform ] && [ -n "${H_PID[$name]:-}" ] || continue
        kill -TERM "${H_PID[$name]}" 2>/dev/null || true
    done
    for name in "${!H_PID[@]}"; do
        [ "$name" = platform ] || h_wait 15 h_ended "$name" || kill -KILL "${H_PID[$name]}" 2>/dev/null || true
    done
    if h_alive platform; then
        kill -TERM "${H_PID[platform]}" 2>/dev/null || true
        h_wait 15 h_ended platform || kill -KILL "${H_PID[platform]}" 2>/dev/null || true
    fi
    wait 2>/dev/null || true
    H_PID=()
}

# ---- platform -----------------------------------------------------------------------------

h_platform_ready() { [ -s "$H_DIR/platform/platform.url" ] || h_ended platform; }

# The first start takes a free port; later ones the same again, which the pairing keys name.
h_platform_start() {
    local listen=127.0.0.1:0 url
    if h_has url; then
        url=$(h_get url)
        listen=${url#https://}
    fi
    rm -f "$H_DIR/platform/platform.url"
    "$H_BIN/cloudsign-platform" serve --data-dir "$H_DIR/platform" --listen "$listen" \
        "${H_PLATFORM_ARGS[@]+"${H_PLATFORM_ARGS[@]}"}" \
        </dev/null >>"$H_DIR/logs/platform.log" 2>&1 &
    H_PID[platform]=$!
    if ! h_wait "$H_PATIENCE" h_platform_ready; then
        h_fail "the platform was not ready within $H_PATIENCE s" "read its log" platform
    fi
    if h_ended platform; then
        h_reap platform
        h_fail "the platform ended with code $H_EXIT at its start (listening on $listen)" \
            "another program may use this port; see the last line of its log" platform
    fi
    H_URL=$(<"$H_DIR/platform/platform.url")
    h_put url "$H_URL"
}

# h_curl METHOD PATH BODY AUTHORIZATION: sets API_STATUS and API_BODY; 1 without an answer.
# Header and body go through files: a command line is visible to everybody on the machine.
h_curl() {
    local method=$1 path=$2 body=$3 auth=$4 args=() out
    [ -z "$body" ] || { printf '%s' "$body" >"$H_DIR/request.json"; args+=(--data-binary "@$H_DIR/request.json"); }
    out=$(curl --silent --show-error --max-time 30 --noproxy '*' \
        --cacert "$H_DIR/platform/ca.pem" -X "$method" -H 'Content-Type: application/json' \
        -K - "${args[@]+"${args[@]}"}" -w '\n%{http_code}' "$H_URL$path" \
        <<<"${auth:+header = \"Authorization: Bearer $auth\"}" 2>"$H_DIR/curl.err") || {
        API_STATUS=000 API_BODY=$(<"$H_DIR/curl.err")
        return 1
    }
    API_STATUS=${out##*$'\n'} API_BODY=${out%$'\n'*}
}

h_token() {
    h_curl POST /v2/credentials/oauth/token "$(jq -nc --arg i "$(h_get clientId)" \
        --arg s "$(h_get clientSecret)" '{clientId: $i, clientSecret: $s}')" "" &&
        [ "$API_STATUS" = 200 ] || return 1
    H_TOKEN=$(jq -er .accessToken <<<"$API_BODY")
}

# api_try METHOD PATH [BODY]: any answer will do; 1 when there was none.
H_TOKEN=
api_try() {
    [ -n "$H_TOKEN" ] || h_token || return 1
    h_curl "$1" "$2" "${3:-}" "$H_TOKEN" || return 1
    if [ "$API_STATUS" = 401 ]; then
        h_token || return 1
        h_curl "$1" "$2" "${3:-}" "$H_TOKEN"
    fi
}

# api METHOD PATH [BODY]: an answer of class 2xx, or the end.
api() {
    api_try "$@" || h_fail "$1 $2: no answer: $API_BODY" "is the platform running? see its log" platform
    case $API_STATUS in
        2*) ;;
        *) h_fail "$1 $2: HTTP $API_STATUS: $(jq -r '.message // .' <<<"$API_BODY" 2>/dev/null || printf '%s' "$API_BODY")" \
            "the message names the field; the platform's log has more" platform ;;
    esac
}
api_get() { jq -r "$1 // empty" <<<"$API_BODY"; }

h_setup() { # first administrator, exactly once
    h_has clientId && return 0
    local token
    token=$(<"$H_DIR/platform/setup-token")
    h_curl POST /v2/setup "$(jq -nc --arg t "$token" '{setupToken: $t,
        organizationName: "Three nodes", firstName: "Ada", lastName: "Admin",
        email: "admin@example.org"}')" "" || h_fail "no answer to /v2/setup: $API_BODY" "see the log" platform
    [ "$API_STATUS" = 200 ] || h_fail "/v2/setup: HTTP $API_STATUS: $API_BODY" "see the log" platform
    h_put clientSecret "$(api_get .credential.clientSecret)"
    h_put clientId "$(api_get .credential.clientId)"
}

# ---- devices and nodes -----------------------------------------------------------------------

h_device_create() { # N: device and pairing key
    h_has "device$1" || {
        api POST /v2/devices "$(jq -nc --arg n "node $1" '{displayName: $n, deviceType: "CLOUD"}')"
        h_put "device$1" "$(api_get .id)"
    }
    h_has "pairing$1" || {
        api GET "/v2/devices/$(h_get "device$1")/pairing-credentials"
        h_put "pairing$1" "$(api_get .pairingKey)"
        h_put "dbkey$1" "$(openssl rand -hex 32)"
    }
}

# h_node_start N [NAME=VALUE...]: with the seed's environment, some of it replaced.
h_node_start() {
    local n=$1
    shift
    (umask 077; mkdir -p "$H_DIR/node$n")
    (
        export PAIRING_KEY DB_ENCRYPTION_KEY_HEX LOG_LEVEL CLOUDSIGN_DATA_DIR
        PAIRING_KEY=$(h_get "pairing$n") DB_ENCRYPTION_KEY_HEX=$(h_get "dbkey$n")
        LOG_LEVEL=$H_LOG_LEVEL CLOUDSIGN_DATA_DIR=$H_DIR/node$n
        for setting in "$@"; do export "${setting?}"; done
        exec "$H_BIN/cloudsign" run </dev/null >>"$H_DIR/logs/node$n.log" 2>&1
    ) &
    H_PID[node$n]=$!
}

h_node_status() { # N: JSON of the running node
    CLOUDSIGN_DATA_DIR=$H_DIR/node$1 "$H_BIN/cloudsign" status --json 2>/dev/null
}

h_device() { api_try GET "/v2/devices/$(h_get "device$1")" && [ "$API_STATUS" = 200 ]; }
h_device_is() { h_device "$1" && [ "$(api_get ".$2")" = "$3" ]; }

# h_device_wait N FIELD VALUE: also ends when the node's process has.
h_device_wait() {
    h_device_settled() { h_device_is "$1" "$2" "$3" || { [ "${4:-}" != OFFLINE ] && h_ended "node$1"; }; }
    h_wait "$H_PATIENCE" h_device_settled "$1" "$2" "$3" "$3" || true
    h_device_is "$1" "$2" "$3" && return 0
    if [ "$3" != OFFLINE ] && h_ended "node$1"; then
        h_reap "node$1"
        h_fail "node $1 ended with code $H_EXIT" "README.md lists exit codes and remedies" "node$1" platform
    fi
    h_fail "device $1 did not become '$3' ($2) within $H_PATIENCE s; it is '$(api_get ".$2")'" \
        "is the container running, and its pairing key the device's? see the log" "node$1" platform
}

# Compares what the node says of itself with what the platform shows, as an administrator
# would before approving.
h_device_approve() {
    local own shown
    h_device "$1"
    [ "$(api_get .approvalStatus)" != APPROVED ] || return 0
    shown=$(api_get .fingerprint)
    own=$(h_node_status "$1" | jq -r '.fingerprint // empty')
    [ -n "$own" ] || h_fail "node $1 does not answer 'cloudsign status --json'" "see the log" "node$1"
    [ "$own" = "$shown" ] || h_fail "fingerprint of node $1: the node says $own, the platform $shown" \
        "do not approve: somebody else has paired this device" "node$1" platform
    api PUT "/v2/devices/$(h_get "device$1")/approval-status" \
        "$(jq -nc --arg f "$own" '{approvalStatus: "APPROVED", fingerprint: $f}')"
}

# ---- quorum, vault, keys ---------------------------------------------------------------------

h_quorum_create() {
    h_has quorum && return 0
    api POST /v2/mpc/quorums "$(jq -nc --arg a "$(h_get device1)" --arg b "$(h_get device2)" \
        --arg c "$(h_get device3)" '{name: "Treasury", description: "two of three",
        deviceIds: [$a, $b, $c], requiredSigners: 2, quorumType: "QUORUM_TYPE_CLOUD"}')"
    h_put quorum "$(api_get .id)"
}
h_quorum_is() { api_try GET "/v2/mpc/quorums/$(h_get quorum)" && [ "$(api_get .state)" = "$1" ]; }
h_quorum_wait() {
    h_wait "$H_PATIENCE" h_quorum_is QUORUM_STATE_CONFIRMED || h_fail \
        "the quorum is $(api_get .state), not QUORUM_STATE_CONFIRMED, after $H_PATIENCE s" \
        "all three nodes must be running and approved" node1 node2 node3 platform
}

h_vault_create() {
    h_has vault && return 0
    api POST /v2/vaults '{"name": "Main vault", "description": "made by the harness"}'
    h_put vault "$(api_get .id)"
}

# A wallet (the seed's "key") is named by BLOCKCHAIN ALGORITHM [ADDRESS_TYPE] everywhere.
h_wallet_path() { printf '/v2/vaults/%s/wallets/%s' "$(h_get vault)" "$(h_get "wallet-$1-$2${3:+-$3}")"; }
h_wallet_create() {
    h_has "wallet-$1-$2${3:+-$3}" && return 0
    api POST "/v2/vaults/$(h_get vault)/wallets" "$(jq -nc --arg b "$1" --arg a "$2" --arg t "${3:-}" \
        --arg q "$(h_get quorum)" '{name: ($b + (if $t == "" then "" else " " + $t end) + " key"),
        description: "made by the harness", quorumId: $q, blockchain: $b, keystore: "MPC",
        keyAlgorithm: $a} + if $t == "" then {} else {addressType: $t} end')"
    h_put "wallet-$1-$2${3:+-$3}" "$(api_get .id)"
}
h_wallet() { api_try GET "$(h_wallet_path "$@")"; }
h_wallet_settled() { h_wallet "$@" && [[ $(api_get .status) == PROVISIONED || $(api_get .status) == PROVISIONING_FAILED ]]; }
h_wallet_wait() {
    h_wait "$H_PATIENCE" h_wallet_settled "$@" || true
    [ "$(api_get .status)" = PROVISIONED ] || h_fail \
        "the $* key is $(api_get .status): $(api_get '(.reasons // [])[0]')" \
        "the quorum must be confirmed and all three nodes online" node1 node2 node3 platform
}
h_wallet_enable() { # [.. blind]: H_BLIND=1 also allows signing of bare digests
    api PUT "$(h_wallet_path "$@")/settings" "$(jq -nc --argjson b "${H_BLIND:-0}" '{settings: ({enabled: true,
        rawSigningEnabled: true, sweepingEnabled: false, defaultFreezeEnabled: false}
        + if $b == 1 then {blindSigningEnabled: true} else {} end)}')"
}

# ---- signing ---------------------------------------------------------------------------------

# h_sign BLOCKCHAIN ALGORITHM KIND VALUE [ADDRESS_TYPE [PATH]]: sets TX.  KIND: raw (hex),
# plaintext, typed (EIP-712 as JSON), digest (hex).
h_sign() {
    local path end body
    path=$(h_wallet_path "$1" "$2" ${5:+"$5"})/transactions
    case $3 in
        raw) end=raw body=$(jq -nc --arg v "$4" '{encodedTransaction: $v, signOnly: true}') ;;
        plaintext) end=sign-plaintext body=$(jq -nc --arg v "$4" '{message: $v}') ;;
        typed) end=sign-typed-data body=$(jq -nc --arg v "$4" '{typedData: $v}') ;;
        digest) end=sign-digest body=$(jq -nc --arg v "$4" '{digest: $v}') ;;
        *) h_fail "h_sign: kind $3" "raw, plaintext, typed or digest" ;;
    esac
    [ -z "${6:-}" ] || body=$(jq -c --arg p "$6" '. + {derivationPath: $p}' <<<"$body")
    api POST "$path/$end" "$body"
    TX=$path/$(api_get .id)
}
h_tx_settled() { api_try GET "$TX" && [[ $(api_get .status) == SIGNED || $(api_get .status) == FAILED || $(api_get .status) == REJECTED ]]; }
h_sign_wait() {
    h_wait "$H_PATIENCE" h_tx_settled || true
    [ "$(api_get .status)" = SIGNED ] || h_fail \
        "the request is $(api_get .status): $(api_get '(.reasons // []) | join(", ")')" \
        "two nodes of the quorum must be online" node1 node2 node3 platform
}
