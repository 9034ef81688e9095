#!/usr/bin/env bash
# /healthz, /readyz and /metrics of real, locked-in nodes: through pairing, signing, a
# platform that goes, and a KMS that is away.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

port=$((20000 + RANDOM % 12000)) # below those that the kernel gives out
SOCK=$H_DIR/m1.sock
O_STATUS= O_BODY=
probe() { # PATH: of node 1
    local out
    out=$(curl --silent --max-time 5 --unix-socket "$SOCK" -w '\n%{http_code}' "http://node/$1") || return 1
    O_STATUS=${out##*$'\n'} O_BODY=${out%$'\n'*}
}
is_ready() { probe readyz && [ "$O_STATUS" = "$1" ] && { [ $# -eq 1 ] || grep -qF "$2" <<<"$O_BODY"; }; }
value() { probe metrics && awk -v m="$1" '$1 == m { print $2; found = 1 } END { exit !found }' <<<"$O_BODY"; }
is_value() { [ "$(value "$1")" = "$2" ]; }
expect() { h_wait 40 "$@" || wrong "not so: $*: $O_STATUS $(head -c 300 <<<"$O_BODY")"; }

e_platform
for n in 1 2 3; do h_device_create "$n"; done
h_node_start 1 "METRICS_ADDR=unix:$SOCK"
h_node_start 2 "METRICS_ADDR=127.0.0.1:$port"
h_node_start 3
expect is_ready 503 WAITING_APPROVAL
probe healthz && [ "$O_STATUS ${O_BODY%%$'\n'*}" = "200 ok" ] || wrong "healthz: $O_STATUS $O_BODY"
[ "$(stat -c %a "$SOCK")" = 600 ] || wrong "mode of the socket: $(stat -c %a "$SOCK")"
ok "an unapproved node: alive, not ready: $(jq -c . <<<"$(probe readyz && echo "$O_BODY")")"
for n in 1 2 3; do h_device_wait "$n" statusText "Waiting for approval"; h_device_approve "$n"; done
e_online 1 2 3
expect is_ready 200 '"reasons":[]'
ok "READY: 200"
e_quorum
e_key
for i in 1 2 3; do e_sign; done
signed=$(for s in "$SOCK" 2; do
    [ "$s" = 2 ] && curl --silent "http://127.0.0.1:$port/metrics" || curl --silent --unix-socket "$s" http://node/metrics
done | awk '/^cloudsign_sessions_total.kind="sign",scheme="ed25519",outcome="OK"/ { n += $2 } END { print n }')
[ "$signed" -ge 1 ] || wrong "no signature is counted on nodes 1 and 2: $signed"
is_value 'cloudsign_peers{link="LIVE"}' 2 || wrong "not two live peers: $(value 'cloudsign_peers{link="LIVE"}')"
is_value cloudsign_keys 1 && is_value cloudsign_control_up 1 || wrong "keys or control: $O_BODY"
[ "$(value cloudsign_commit_seconds_count)" -gt 5 ] || wrong "no commits are counted"
[ "$(value process_open_fds)" -gt 5 ] && [ "$(value process_resident_memory_bytes)" -gt 1000000 ] || wrong "no figures of the process"
ok "metrics: $signed signatures on two nodes, two live peers, $(value cloudsign_commit_seconds_count) commits, $(value process_open_fds) files"
code=$(curl --silent -o /dev/null -w '%{http_code}' -H 'Host: evil.example' "http://127.0.0.1:$port/metrics")
[ "$code" = 421 ] || wrong "another host's name: $code"
code=$(curl --silent -o /dev/null -w '%{http_code}' -X POST "http://127.0.0.1:$port/metrics")
[ "$code" = 405 ] || wrong "POST: $code"
ok "another Host: 421, another method: 405"

# The platform goes: not ready, alive; comes back: ready.
h_stop platform KILL
expect is_ready 503 CONTROL_DOWN
probe healthz && [ "$O_STATUS" = 200 ] || wrong "not alive without a platform"
h_platform_start
expect is_ready 200
[ "$(value 'cloudsign_connects_total{channel="control"}')" -ge 2 ] || wrong "no reconnect is counted"
ok "without a platform 503, with it 200 again; counted as a reconnect"
h_stop_clean node1
[ ! -e "$SOCK" ] || [ -S "$SOCK" ] || wrong "something else is at the socket's path"
! probe healthz || wrong "a stopped node answers"
h_node_start 1 "METRICS_ADDR=unix:$SOCK" # over what a killed one leaves
e_online 1
expect is_ready 200
ok "a stopped node does not answer; the next start does"

for addr in 0.0.0.0:9464 localhost:9464 unix:relative "unix:$H_DIR/nowhere/m.sock" "127.0.0.1:$port"; do
    h_stop_clean node1
    e_expect_exit 78 "METRICS_ADDR=$addr" 1 "METRICS_ADDR=$addr"
    h_node_start 1 "METRICS_ADDR=unix:$SOCK"
    e_online 1
done

# A KMS that is away: alive and not ready from the start on.
if [ -d "$E_HERE/../node_modules/@aws-sdk" ]; then
    h_stop_clean node3
    rm -rf "$H_DIR/node3"
    h_device_create 4
    # shellcheck source=kms-lib.sh
    source "$E_HERE/kms-lib.sh"
    k_files
    k_start
    mapfile -t base < <(k_base)
    mapfile -t static < <(k_static)
    k_node 4 "${base[@]}" "${static[@]}"
    h_device_wait 4 statusText "Waiting for approval"
    h_stop_clean node4
    k_stop
    SOCK=$H_DIR/m4.sock
    k_node 4 "${base[@]}" "${static[@]}" "METRICS_ADDR=unix:$SOCK"
    expect is_ready 503 WAITING_FOR_KMS
    probe healthz && [ "$O_STATUS" = 200 ] || wrong "not alive while it waits for KMS"
    is_value 'cloudsign_state{state="WAITING_FOR_KMS"}' 1 || wrong "the state is not in the metrics"
    ok "KMS is away: alive, not ready, $(jq -c . <<<"$(probe readyz && echo "$O_BODY")")"
    k_start
    expect is_ready 503 WAITING_APPROVAL
    ok "KMS is back: the node goes on"
else
    echo "SKIPPED: a KMS that is away: no AWS packages"
fi
