#!/usr/bin/env bash
# cloudsign rekey: every direction, by the running node and without it; then kill -9 at
# any moment (CS_KILLS times, 40): the store opens with exactly one of the two keys.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
# shellcheck source=kms-lib.sh
source "$E_HERE/kms-lib.sh"
KILLS=${CS_KILLS:-40}

k_files
k_start
mapfile -t aws < <(k_base | grep -v '^DB_'; k_static)
e_platform
h_device_create 1

# A key is "hex:64 digits" or "ref:ARN".
fresh() {
    local hex
    hex=$(openssl rand -hex 32)
    printf '%s\n' "$hex" >>"$H_DIR/keys"
    printf 'hex:%s' "$hex"
}
setting() { # KEY [PREFIX]
    case $1 in
        hex:*) printf '%sDB_ENCRYPTION_KEY_HEX=%s' "${2:-}" "${1#hex:}" ;;
        ref:*) printf '%sDB_ENCRYPTION_KEY_REF=%s' "${2:-}" "${1#ref:}" ;;
    esac
}
r_node() { k_node 1 "${aws[@]}" "$(setting "$1")"; }

# r_rekey OLD NEW: in this shell's place; OLD "" when the node runs.
r_exec() {
    unset DB_ENCRYPTION_KEY_HEX DB_ENCRYPTION_KEY_REF
    local s
    for s in "${aws[@]}" "$(setting "$2" NEW_)"; do export "${s?}"; done
    [ -z "$1" ] || export "$(setting "$1")"
    CLOUDSIGN_DATA_DIR=$H_DIR/node1 exec "$H_BIN/cloudsign" rekey
}
r_rekey() {
    cat "$H_DIR/logs/rekey.log" >>"$H_DIR/logs/before" 2>/dev/null || true
    (r_exec "$@") >"$H_DIR/logs/rekey.log" 2>&1
}

# r_opens KEY: does a node with it open the store?
r_settled() { grep -q ', start [0-9]' "$H_DIR/logs/node1.log" || h_ended node1; }
r_opens() {
    k_fresh_log 1
    r_node "$1"
    h_wait 30 r_settled || wrong "the node neither opens the store nor ends"
    if grep -q ', start [0-9]' "$H_DIR/logs/node1.log"; then
        h_stop node1 KILL
        return 0
    fi
    h_reap node1
    case $H_EXIT in 79 | 88) return 1 ;; esac
    wrong "a key that is not the store's: exit $H_EXIT: $(tail -n 1 "$H_DIR/logs/node1.log")"
}
r_only() { # KEY OTHER SENTENCE
    r_opens "$1" || wrong "$3: the store does not open with ${1%%:*} key"
    ! r_opens "$2" || wrong "$3: the other key opens the store too"
}

# ---- each direction, stopped and online

key=$(fresh)
r_node "$key"
h_device_wait 1 statusText "Waiting for approval"
h_device_approve 1
e_online 1
h_stop_clean node1
for next in "ref:$K_KEY" "ref:$K_OTHER" "$(fresh)" "$(fresh)"; do
    r_rekey "$key" "$next" || wrong "stopped, ${key%%:*} to ${next%%:*}: $(cat "$H_DIR/logs/rekey.log")"
    r_only "$next" "$key" "stopped, ${key%%:*} to ${next%%:*}"
    grep -q '^Set DB_ENCRYPTION_KEY_' "$H_DIR/logs/rekey.log" || wrong "the operator is not told what to set"
    ok "stopped, ${key%%:*} to ${next%%:*}: only the new key opens"
    key=$next
done
for next in "ref:$K_KEY" "ref:$K_OTHER" "$(fresh)" "$(fresh)"; do
    r_node "$key"
    e_online 1
    r_rekey "" "$next" || wrong "online, ${key%%:*} to ${next%%:*}: $(cat "$H_DIR/logs/rekey.log")"
    k_state 1 READY || wrong "the node does not go on after a rekey"
    case $next in
        hex:*) seal=${next#hex:} ;;
        *) seal=$(curl -sS "$K_HTTP/last" | jq -r .seal) ;;
    esac
    printf 'seal %s\nquestion %s\n' "$seal" "$(k_hex "$seal")" >"$H_DIR/secrets"
    k_memory 1 "memory of a node that got a ${next%%:*} key"
    h_stop_clean node1
    r_only "$next" "$key" "online, ${key%%:*} to ${next%%:*}"
    ok "online, ${key%%:*} to ${next%%:*}: the node goes on, only the new key opens"
    key=$next
done

# ---- refusals: nothing changes

r_refused() { # CODE SENTENCE OLD NEW
    local code=0 before
    before=$(e_database_hash 1)
    r_rekey "$3" "$4" || code=$?
    [ $code = "$1" ] || wrong "$2: exit $code, not $1: $(cat "$H_DIR/logs/rekey.log")"
    [ "$(e_database_hash 1)" = "$before" ] || wrong "$2: the database was changed"
    ok "$2: exit $1: $(head -n 1 "$H_DIR/logs/rekey.log" | cut -c1-120)"
}
r_refused 79 "a wrong old key" "$(fresh)" "$(fresh)"
r_refused 79 "a KMS key for a store with a hex key" "ref:$K_KEY" "$(fresh)"
r_refused 78 "no old key" "" "$(fresh)"
r_refused 78 "a new key that is none" "$key" hex:1234
r_refused 78 "a new key of one digit" "$key" "hex:$(printf '0%.0s' {1..64})"
r_refused 78 "a new key that is no ARN" "$key" ref:store
grep -q 'NEW_DB_ENCRYPTION_KEY_REF: ' "$H_DIR/logs/rekey.log" || wrong "the wrong variable is not named"
k_mode denied
r_refused 87 "KMS denies the new key" "$key" "ref:$K_KEY"
k_mode denied '"only":"Decrypt"'
r_refused 87 "KMS wraps the new key but does not open it" "$key" "ref:$K_KEY"
k_mode lie '"only":"Decrypt"'
r_refused 89 "KMS opens the new key to another one" "$key" "ref:$K_KEY"
k_mode ok
r_refused 0 "the key that it has already" "$key" "$key"
code=0
CLOUDSIGN_DATA_DIR=$H_DIR/node1 "$H_BIN/cloudsign" rekey "$(openssl rand -hex 32)" 2>/dev/null || code=$?
[ $code = 64 ] || wrong "a key on the command line: exit $code, not 64"
ok "a key on the command line is refused: exit 64"
mkdir -m 700 "$H_DIR/empty"
code=0
(H_DIR=$H_DIR; setting=$(setting "$(fresh)" NEW_); export "${setting?}"
    CLOUDSIGN_DATA_DIR=$H_DIR/empty exec "$H_BIN/cloudsign" rekey) 2>/dev/null || code=$?
[ $code = 66 ] || wrong "no store: exit $code, not 66"
[ -z "$(ls -A "$H_DIR/empty")" ] || wrong "no store: something was made: $(ls -A "$H_DIR/empty")"
ok "no store: exit 66, and none was made"
if grep -qa __asan_init "$H_BIN/cloudsign"; then
    echo "SKIPPED: no memory to lock: AddressSanitizer makes mlock a word without effect"
else
    less_memory=(env) # root may lock what it likes
    [ "$(id -u)" != 0 ] || less_memory=(setpriv --bounding-set=-ipc_lock --inh-caps=-ipc_lock)
    code=0
    (ulimit -l 8; setting=$(setting "$(fresh)" NEW_); export "${setting?}"
        CLOUDSIGN_DATA_DIR=$H_DIR/node1 exec "${less_memory[@]}" "$H_BIN/cloudsign" rekey) >"$H_DIR/logs/rekey.log" 2>&1 || code=$?
    [ $code = 71 ] && grep -q 'ulimit -l' "$H_DIR/logs/rekey.log" ||
        wrong "no memory to lock: exit $code, not 71: $(cat "$H_DIR/logs/rekey.log")"
    ok "no memory to lock: exit 71: $(head -n 1 "$H_DIR/logs/rekey.log" | cut -c1-120)"
fi

# ---- kill -9

rm -f "$H_DIR"/node1/node.sock
olds=0 news=0
scale=100 # percent; follows what it meets, so that kills fall before and after the write
r_after() { # OLD NEW SENTENCE: exactly one opens; it is the key of the next round
    if r_opens "$2"; then
        ! r_opens "$1" || wrong "$3: both keys open the store"
        news=$((news + 1)) key=$2 scale=$((scale * 9 / 10))
    else
        r_opens "$1" || wrong "$3: neither key opens the store"
        olds=$((olds + 1)) key=$1 scale=$((scale * 11 / 10 + 1))
    fi
}
r_next() { # another kind or another key each time
    case $((RANDOM % 3)) in
        0) fresh ;;
        *) [ "$key" = "ref:$K_KEY" ] && printf 'ref:%s' "$K_OTHER" || printf 'ref:%s' "$K_KEY" ;;
    esac
}
for ((i = 1; i <= KILLS; i++)); do
    next=$(r_next)
    # From the start of the process to a little after its end.
    case $next in ref:*) span=160 ;; *) span=60 ;; esac
    case $key in ref:*) span=$((span + 60)) ;; esac
    span=$((span * scale / 100 + 5))
    [ $span -lt 990 ] || span=990
    what="kill $i: ${key%%:*} to ${next%%:*}"
    if [ $((i % 2)) = 0 ]; then
        (r_exec "$key" "$next") >"$H_DIR/logs/rekey.log" 2>&1 &
        H_PID[rekey]=$!
        e_pause $span
        h_stop rekey KILL
        r_after "$key" "$next" "$what, stopped"
    else
        k_fresh_log 1
        r_node "$key"
        h_wait 30 grep -q ', start [0-9]' "$H_DIR/logs/node1.log" || wrong "$what: no start"
        (r_exec "" "$next") >"$H_DIR/logs/rekey.log" 2>&1 &
        H_PID[rekey]=$!
        e_pause $span
        case $((i % 3)) in
            0) h_stop rekey KILL; h_stop node1 KILL ;;
            1) # the node alone: the command says which key the store has
                h_stop node1 KILL
                h_wait 40 h_ended rekey || wrong "$what: rekey goes on without a node"
                h_reap rekey
                code=$H_EXIT ;;
            2) h_stop rekey KILL; h_stop_clean node1 ;;
        esac
        before=$key
        r_after "$key" "$next" "$what, online"
        if [ $((i % 3)) = 1 ]; then
            if [ "$code" = 0 ]; then
                [ "$key" = "$next" ] || wrong "$what: rekey said the new key, the store has the old one"
            else
                [ "$key" = "$before" ] || wrong "$what: rekey failed ($code), the store has the new key"
            fi
        fi
    fi
done
[ $olds -gt 0 ] && [ $news -gt 0 ] || wrong "all kills hit the same side ($olds old, $news new)"
ok "$KILLS kills: exactly one key opens each time ($olds times the old one, $news times the new one)"
r_node "$key"
e_online 1
h_stop_clean node1
ok "the node is online with the last key"
[ "$(wc -c <"$H_DIR/logs/before")" -gt 10000 ] && [ "$(wc -l <"$H_DIR/keys")" -gt 5 ] || wrong "logs or keys were lost"
! grep -rlFf "$H_DIR/keys" "$H_DIR/logs" || wrong "a key is in the files above"
ok "no key is in the logs"
