#!/usr/bin/env bash
# The drill (RELIABILITY F28, PROTOCOLS 8.9): a backup of a running node, the node
# destroyed, restored, refused by its peers until they accept, and it signs again; an old
# backup while the peers moved on; every refusal; kills while it restores.
# RESTORE_KILLS=200: so many kills (default 12).
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cloudsign=$H_BIN/cloudsign
safe=$H_DIR/safe
mkdir -m 700 "$safe"
"$cloudsign" recover keygen "$safe/one.key" >"$safe/one.pub" 2>/dev/null
RECOVERY_KEYS=$("$cloudsign" recover id "$safe/one.pub")
export RECOVERY_KEYS

# as N COMMAND..: with the settings of node N, for its volume.
as() {
    local n=$1
    shift
    env CLOUDSIGN_DATA_DIR="$H_DIR/node$n" DB_ENCRYPTION_KEY_HEX="$(h_get "dbkey$n")" \
        PAIRING_KEY="$(h_get "pairing$n")" "$@"
}
asked() { env CLOUDSIGN_DATA_DIR="$H_DIR/node$1" "${@:2}"; } # without its secrets
# refused CODE WORD COMMAND..: ends with this code and says this.
refused() {
    local want=$1 word=$2 said code=0
    shift 2
    said=$("$@" </dev/null 2>&1) || code=$?
    [ "$code" = "$want" ] || wrong "exit code $code, not $want: $said"
    grep -q "$word" <<<"$said" || wrong "not the reason \"$word\": $said"
    ok "refused ($code): $(tail -n 1 <<<"$said" | cut -c1-140)"
}
status() { h_node_status "$1" | jq -r "$2"; }
quorum=
index_of() { h_node_status "$1" | jq -r --arg q "$quorum" '.quorums[] | select(.quorumId == $q) | .index'; }
fenced() { # N PEER-INDEX: node N shows that peer as fenced
    [ "$(h_node_status "$1" | jq -r --argjson i "$2" '.quorums[0].peers[] | select(.index == $i) | .link')" = FENCED ]
}
live() { [ "$(h_node_status "$1" | jq -r --argjson i "$2" '.quorums[0].peers[] | select(.index == $i) | .link')" = LIVE ]; }

e_platform
e_nodes_paired
e_quorum
e_key
quorum=$(status 1 '.quorums[0].quorumId')
one=$(index_of 1)
e_sign
[ "$(status 1 .backup.time)" = 0 ] && [ "$(status 1 .backup.keysWithoutKit)" = 1 ] || wrong "there is no backup yet, and a key without a kit"

# A backup while it runs.  The pipe of a killed one goes, that of another stays.
mkfifo "$H_DIR/node1/copy-00" "$H_DIR/node1/copy-01"
touch -d '1 minute ago' "$H_DIR/node1/copy-00"
asked 1 "$cloudsign" backup "$safe/new" --to "$safe/one.pub"
[ ! -e "$safe/new.partial" ] || wrong "something unfinished is left"
[ ! -e "$H_DIR/node1/copy-00" ] && [ -e "$H_DIR/node1/copy-01" ] || wrong "not the pipe of a killed backup was removed"
rm "$H_DIR/node1/copy-01"
[ -z "$(find "$safe/new" ! -perm 700 -type d -o ! -perm 600 -type f)" ] || wrong "others may read the backup"
(cd "$safe/new" && sha256sum -c --quiet SHA256SUMS) || wrong "sha256sum does not agree"
[ "$(status 1 .backup.keysWithoutKit)" = 0 ] && [ "$(status 1 .backup.kits)" = 1 ] &&
    [ "$(status 1 .backup.time)" -gt 0 ] || wrong "the node does not say that a backup exists"
asked 1 "$cloudsign" status | grep '^backup  ' >/dev/null || wrong "status does not show the backup"
[ "$(jq -r .journalSeq "$safe/new/backup.json")" -gt 0 ] || wrong "no journal entry in the manifest"
asked 1 "$cloudsign" backup verify "$safe/new" --key "$safe/one.key"
as 1 "$cloudsign" backup verify "$safe/new"
refused 71 "standard output" asked 1 sh -c "exec '$cloudsign' backup verify '$safe/new' >/dev/full"
ok "a backup of the running node is whole, its kit opens, its store opens"
refused 73 "is not empty" asked 1 "$cloudsign" backup "$safe/new"
! ls "$H_DIR/node1" | grep -q copy- || wrong "a pipe is left in the volume"
e_sign

if command -v strace >/dev/null; then # a profile for containers without syncfs
    ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0 asked 1 strace -y -e trace=fsync,syncfs -e inject=syncfs:error=ENOSYS \
        -o "$safe/trace" "$cloudsign" backup "$safe/each" --to "$safe/one.pub"
    for file in store.mdb backup.json SHA256SUMS '[-0-9a-f]*\.kit'; do
        grep -Eq "fsync\(.*/$file>\) += 0" "$safe/trace" || wrong "$file was not synced: $(cat "$safe/trace")"
    done
    ok "without syncfs each file is synced"
fi

# The same of a stopped node, with and without its key.
h_stop_clean node2
asked 2 "$cloudsign" backup "$safe/two"
as 2 "$cloudsign" backup "$safe/two-kits" --to "$safe/one.pub"
as 2 "$cloudsign" backup verify "$safe/two-kits" --key "$safe/one.key"
refused 78 "made with its key" asked 2 "$cloudsign" backup "$safe/no" --to "$safe/one.pub"
[ ! -e "$safe/no.partial" ] || wrong "a refusal leaves $(ls -A "$safe/no.partial")"
refused 71 "cannot write" asked 2 sh -c "ulimit -f 60; exec '$cloudsign' backup '$safe/no'"
[ ! -e "$safe/no.partial" ] || wrong "a full disk leaves $(ls -A "$safe/no.partial")"
mkdir -m 777 "$safe/no.partial" && chmod 777 "$safe/no.partial"
refused 73 "not this user's alone" asked 2 "$cloudsign" backup "$safe/no"
rmdir "$safe/no.partial"
h_node_start 2
e_online 2
[ "$(status 2 .backup.keysWithoutKit)" = 0 ] || wrong "the node forgot the backup of when it was stopped"
refused 81 "uses" env CLOUDSIGN_DATA_DIR="$H_DIR/node1" sh -c "rm -f '$H_DIR/node1/node.sock'; exec '$cloudsign' backup '$safe/no2'"
h_stop_clean node1
h_node_start 1
e_online 1
e_sign

# Refusals: not a byte is written.
h_stop_clean node1
mv "$H_DIR/node1" "$H_DIR/old1"
mkdir -m 700 "$H_DIR/node1"
untouched() { [ -z "$(ls -A "$H_DIR/node1")" ] || wrong "a refusal wrote: $(ls -A "$H_DIR/node1")"; }
refused 79 "key" env CLOUDSIGN_DATA_DIR="$H_DIR/node1" DB_ENCRYPTION_KEY_HEX="$(openssl rand -hex 32)" "$cloudsign" restore "$safe/new"
untouched
refused 80 "belongs to device" env CLOUDSIGN_DATA_DIR="$H_DIR/node1" DB_ENCRYPTION_KEY_HEX="$(h_get dbkey1)" PAIRING_KEY="$(h_get pairing2)" "$cloudsign" restore "$safe/new"
untouched
refused 79 "" env CLOUDSIGN_DATA_DIR="$H_DIR/node1" DB_ENCRYPTION_KEY_HEX="$(h_get dbkey1)" "$cloudsign" restore "$safe/two"
untouched
refused 78 "DB_ENCRYPTION_KEY_HEX" asked 1 "$cloudsign" restore "$safe/new"
refused 66 "no backup" as 1 "$cloudsign" restore "$safe"
cp -r "$safe/new" "$safe/bad"
printf 'altered' | dd of="$safe/bad/store.mdb" bs=1 seek=9000 conv=notrunc status=none
refused 83 "altered or damaged" as 1 "$cloudsign" restore "$safe/bad"
cp "$safe/new/store.mdb" "$safe/bad/store.mdb"
sed -i '1s/^./x/' "$safe/bad/SHA256SUMS"
refused 83 "altered" as 1 "$cloudsign" restore "$safe/bad"
cp "$safe/new/SHA256SUMS" "$safe/bad/SHA256SUMS"
truncate -s 8192 "$safe/bad/store.mdb"
sed -i "s/^[0-9a-f]*  store.mdb/$(sha256sum <"$safe/bad/store.mdb" | cut -c1-64)  store.mdb/" "$safe/bad/SHA256SUMS"
jq -c --arg s "$(sha256sum <"$safe/bad/SHA256SUMS" | cut -c1-64)" '.sums = $s' "$safe/new/backup.json" >"$safe/bad/backup.json"
refused 83 "" as 1 "$cloudsign" restore "$safe/bad"
jq -c '.kits = 2' "$safe/new/backup.json" >"$safe/bad/backup.json"
cp "$safe/new/SHA256SUMS" "$safe/new/store.mdb" "$safe/bad/"
refused 83 "1 kits, not 2" as 1 "$cloudsign" backup verify "$safe/bad"
rm "$safe/bad/SHA256SUMS"
mkfifo "$safe/bad/SHA256SUMS" # which nobody writes
refused 83 "SHA256SUMS" as 1 timeout 20 "$cloudsign" restore "$safe/bad"
jq -c '.version = 2' "$safe/new/backup.json" >"$safe/bad/backup.json"
refused 86 "newer" as 1 "$cloudsign" restore "$safe/bad"
cp -r "$safe/new" "$safe/less"
rm "$safe/less/store.mdb"
refused 83 "not whole" as 1 "$cloudsign" restore "$safe/less"
untouched
refused 73 "is not empty" as 2 "$cloudsign" restore "$safe/two"

# What was planted in the volume, and a disk that is full: nothing elsewhere is touched.
mkdir "$safe/else"
touch "$safe/else/data.mdb" "$safe/else/lock"
ln -s "$safe/else" "$H_DIR/node1/restore.part"
refused 71 "restore.part" as 1 "$cloudsign" restore "$safe/new"
[ -e "$safe/else/data.mdb" ] && [ -e "$safe/else/lock" ] || wrong "restore went out of the volume"
rm "$H_DIR/node1/restore.part"
refused 71 "cannot copy" as 1 sh -c "ulimit -f 60; exec '$cloudsign' restore '$safe/new'"
[ "$(ls -A "$H_DIR/node1")" = lock ] || wrong "a full disk leaves $(ls -A "$H_DIR/node1")"
if [ "$(id -u)" = 0 ]; then # root restores, another user's node will run
    chown 65534:65534 "$H_DIR/node1"
    as 1 "$cloudsign" restore "$safe/new" >/dev/null
    [ "$(stat -c '%n %u %g %a' "$H_DIR"/node1/* | sed 's,.*/,,' | tr '\n' ' ')" = "data.mdb 65534 65534 600 lock 65534 65534 600 " ] ||
        wrong "not the volume owner's: $(ls -ln "$H_DIR/node1")"
    rm -rf "$H_DIR/node1" && mkdir -m 700 "$H_DIR/node1"
    ok "what root restores is the volume owner's"
fi

# Kills while it restores: the volume is empty, or whole.
kills=${RESTORE_KILLS:-12} empty=0 whole=0 begun=0
begin=$(h_now_ms)
as 1 "$cloudsign" restore "$safe/new" >/dev/null
took=$(($(h_now_ms) - begin))
for ((k = 0; k < kills; k++)); do
    rm -rf "$H_DIR/node1"
    mkdir -m 700 "$H_DIR/node1"
    # exec: the signal must reach the program, not a shell around it
    (exec env CLOUDSIGN_DATA_DIR="$H_DIR/node1" DB_ENCRYPTION_KEY_HEX="$(h_get dbkey1)" "$cloudsign" restore "$safe/new") >/dev/null 2>&1 &
    pid=$!
    us=$((took * 1100 * k / kills))
    sleep "$(printf '%d.%06d' $((us / 1000000)) $((us % 1000000)))"
    h_quietly kill -KILL $pid || true
    h_quietly wait $pid || true
    if [ -e "$H_DIR/node1/data.mdb" ]; then
        refused 73 "not empty" as 1 "$cloudsign" restore "$safe/new" >/dev/null
        as 1 "$cloudsign" backup "$safe/check" >/dev/null # takes the lock and opens it all
        as 1 "$cloudsign" backup verify "$safe/check" >/dev/null || wrong "kill $k left a damaged store"
        rm -rf "$safe/check"
        whole=$((whole + 1))
    else
        [ ! -e "$H_DIR/node1/restore.part" ] || begun=$((begun + 1))
        as 1 "$cloudsign" restore "$safe/new" >/dev/null 2>&1 || wrong "kill $k: what is left does not let another restore through"
        empty=$((empty + 1))
    fi
done
ok "$kills kills during restore: $empty volumes empty ($begun with something begun), $whole whole"

# A start without a pairing key on the new volume is not in the way.
rm -rf "$H_DIR/node1"
mkdir -m 700 "$H_DIR/node1"
refused 78 "PAIRING_KEY is not set" env CLOUDSIGN_DATA_DIR="$H_DIR/node1" DB_ENCRYPTION_KEY_HEX="$(h_get dbkey1)" "$cloudsign"
[ -s "$H_DIR/node1/data.mdb" ] || wrong "the start leaves nothing to restore onto"
as 1 "$cloudsign" restore "$safe/new" >/dev/null
refused 73 "is not empty" as 1 "$cloudsign" restore "$safe/new"

# The node is restored: nothing happened since the backup that its peers know, but they
# refuse it all the same until an operator accepts.
if [ ! -e "$H_DIR/node1/data.mdb" ]; then as 1 "$cloudsign" restore "$safe/new" >"$safe/said"; else
    rm -rf "$H_DIR/node1"; mkdir -m 700 "$H_DIR/node1"; as 1 "$cloudsign" restore "$safe/new" >"$safe/said"; fi
grep -q "peer accept $quorum $one" "$safe/said" || wrong "restore does not say what to do: $(cat "$safe/said")"
h_node_start 1
e_online 1
for n in 2 3; do h_wait 30 fenced $n "$one" || wrong "node $n does not refuse the restored node"; done
ok "both peers refuse the restored node"
e_sign
h_stop_clean node3
h_device_wait 3 connectionStatus OFFLINE
e_transfer
h_sign SOLANA ED25519 raw "$E_HEX"
sleep 6
h_tx_settled || true
[ "$(api_get .status)" != SIGNED ] || wrong "signed together with a restored node that nobody accepted"
ok "nothing is signed with it"
asked 2 "$cloudsign" peer accept "$quorum" "$one"
h_wait 30 live 2 "$one" || wrong "no link after the operator accepted"
e_sign
ok "accepted on node 2: both sign"
h_node_start 3
e_online 3
asked 3 "$cloudsign" peer accept "$quorum" "$one"
h_wait 30 live 3 "$one" || wrong "no link after the operator accepted on node 3"
h_stop_clean node2
h_device_wait 2 connectionStatus OFFLINE
e_sign
ok "accepted on node 3: both sign"
h_node_start 2
e_online 2
[ "$(status 1 .backup.restoreTime)" -gt 0 ] || wrong "the node does not say that it was restored"

# The old instance returns: it is the clone now.
h_stop_clean node1
mv "$H_DIR/node1" "$H_DIR/restored1"
mv "$H_DIR/old1" "$H_DIR/node1"
h_node_start 1
e_online 1
for n in 2 3; do h_wait 30 fenced $n "$one" || wrong "node $n works with the old instance"; done
ok "the old instance came back: both peers refuse it"
h_stop_clean node1
rm -rf "$H_DIR/node1"
mv "$H_DIR/restored1" "$H_DIR/node1"
h_node_start 1
e_online 1
for n in 2 3; do fenced $n "$one" || wrong "node $n saw two instances and refuses none"; done
for n in 2 3; do
    asked $n "$cloudsign" peer accept "$quorum" "$one"
    h_wait 30 live $n "$one" || wrong "node $n does not work with the one that was accepted"
done
e_sign
ok "nobody works with the device until somebody decides"
