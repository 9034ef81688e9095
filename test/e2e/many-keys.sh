#!/usr/bin/env bash
# A node at rest, and one with many keys in its store: memory is asserted, time only shown
# (DECISIONS 29: 16 MiB at rest; 100,000 keys: ready within a second, 64 MiB).
# MANY_KEYS=100000: so many (default 2000).
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
H_LOG_LEVEL=info
cloudsign=$H_BIN/cloudsign
count=${MANY_KEYS:-2000}
safe=$H_DIR/safe
mkdir -m 700 "$safe"
"$cloudsign" recover keygen "$safe/one.key" >"$safe/one.pub" 2>/dev/null
RECOVERY_KEYS=$("$cloudsign" recover id "$safe/one.pub")
export RECOVERY_KEYS
asked() { env CLOUDSIGN_DATA_DIR="$H_DIR/node$1" "${@:2}"; }
memory() { awk -v f="$2:" '$1 == f { print $2 }' "/proc/${H_PID[$1]}/status"; }    # KiB
ticks() { awk '{ print $14 + $15 }' "/proc/${H_PID[$1]}/stat"; }                   # 1/100 s
below() { # WHAT KIB LIMIT
    [ "$2" -lt "$3" ] || wrong "$1: $2 KiB, not below $3"
    ok "$1: $2 KiB resident (limit $3)"
}
is_ready() { [ "$(h_node_status "$1" | jq -r .state)" = READY ]; }

e_platform
e_nodes_paired
e_quorum
sleep 3
before=$(ticks node1)
sleep 10
ok "at rest with one quorum: $(($(ticks node1) - before)) ticks of 10 ms in 10 s"
below "at rest with one quorum" "$(memory node1 VmRSS)" 16384

for n in 1 2 3; do h_stop_clean "node$n"; done
"$H_BIN/test/bench/make_keys" "$count" "$H_DIR/node1" "$(h_get dbkey1)" "$H_DIR/node2" "$(h_get dbkey2)" "$H_DIR/node3" "$(h_get dbkey3)"
du -h "$H_DIR/node1/data.mdb"
for n in 2 3; do h_node_start $n; done
e_online 2 3
begin=$(h_now_ms)
h_node_start 1
h_wait 60 h_node_status 1 >/dev/null
open=$(($(h_now_ms) - begin))
h_wait 60 is_ready 1 || wrong "not ready"
ok "$count keys: open in $open ms, ready in $(($(h_now_ms) - begin)) ms (asked each 50 ms)"
sleep 2
below "$count keys" "$(memory node1 VmRSS)" 65536
below "$count keys, at the most" "$(memory node1 VmHWM)" 65536
[ "$(h_node_status 1 | jq -r '.keys, .backup.keysWithoutKit' | sort -u)" = "$count" ] || wrong "not $count keys without kits"

# The backup, and how long others wait for the node meanwhile.
(
    slowest=0
    while [ ! -e "$safe/stop" ]; do
        at=$(h_now_ms)
        h_node_status 1 >/dev/null || true
        took=$(($(h_now_ms) - at))
        [ $took -le $slowest ] || slowest=$took
        sleep 0.02
    done
    printf '%s' "$slowest" >"$safe/slowest"
) &
watcher=$!
begin=$(h_now_ms)
asked 1 "$cloudsign" backup "$safe/b" --to "$safe/one.pub" 2>"$safe/progress"
took=$(($(h_now_ms) - begin))
touch "$safe/stop"
wait $watcher
ok "backup: $took ms; the slowest answer to status meanwhile: $(<"$safe/slowest") ms"
[ "$(wc -l <"$safe/progress")" -ge 10 ] || wrong "no progress was shown"
below "$count keys, after the backup" "$(memory node1 VmRSS)" 65536
below "$count keys, at the most" "$(memory node1 VmHWM)" 65536
[ "$(h_node_status 1 | jq -r .backup.keysWithoutKit)" = 0 ] || wrong "keys without a kit are left"
[ "$(find "$safe/b" -name '*.kit' | wc -l)" = "$count" ] || wrong "not $count kits"
begin=$(h_now_ms)
env DB_ENCRYPTION_KEY_HEX="$(h_get dbkey1)" "$cloudsign" backup verify "$safe/b"
ok "verified in $(($(h_now_ms) - begin)) ms"
