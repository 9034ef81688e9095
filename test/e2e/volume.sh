#!/usr/bin/env bash
# A node refuses a wrong key, another device's volume, a volume in use, a lost volume and
# wrong settings, each with its own exit code, and never writes over what is there.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

e_platform
# Settings that are wrong, before anything exists.
h_device_create 1
good=$(h_get dbkey1)
e_expect_exit 78 "no encryption key" 1 DB_ENCRYPTION_KEY_HEX=
e_expect_exit 78 "both encryption keys" 1 DB_ENCRYPTION_KEY_REF=arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab
e_expect_exit 78 "an encryption key of 63 digits" 1 "DB_ENCRYPTION_KEY_HEX=${good:1}"
e_expect_exit 78 "an encryption key that is not hex" 1 "DB_ENCRYPTION_KEY_HEX=${good:1}g"
e_expect_exit 78 "an example key of the guide" 1 \
    DB_ENCRYPTION_KEY_HEX=c6516198ba86603e2fda776706b44373d5630cd2e89352772a9b75cda2df67ed
e_expect_exit 78 "no pairing key" 1 PAIRING_KEY=
e_expect_exit 78 "a pairing key that is not base64" 1 'PAIRING_KEY=%%%'
e_expect_exit 78 "a pairing key without a seed" 1 "PAIRING_KEY=$(h_get pairing1 | base64 -d | jq -c 'del(.seed)' | base64 -w0)"
e_expect_exit 78 "a log level that does not exist" 1 LOG_LEVEL=loud
grep -q "$good" "$H_DIR"/logs/*.log && wrong "the encryption key is in a log"

e_nodes_paired
e_quorum
e_key
e_sign
ok "three nodes sign"

# A second process on a running node's volume.
before=$(cat "$H_DIR/logs/node1.log")
pid=${H_PID[node1]}
unset 'H_PID[node1]'
mv "$H_DIR/logs/node1.log" "$H_DIR/logs/first.log"
h_node_start 1
h_wait 30 h_ended node1 || wrong "a second process runs on the same volume"
h_reap node1
[ "$H_EXIT" = 81 ] || wrong "second process: exit code $H_EXIT, not 81"
H_PID[node1]=$pid
h_alive node1 || wrong "the first process did not survive the second"
ok "a second process on the same volume: exit 81, the first goes on"
e_sign

for n in 1 2 3; do h_stop_clean "node$n"; done
e_expect_exit 79 "a wrong encryption key" 1 "DB_ENCRYPTION_KEY_HEX=$(openssl rand -hex 32)"
e_expect_exit 80 "another device's pairing key" 1 "PAIRING_KEY=$(h_get pairing2)"
e_expect_exit 79 "another device's volume and key" 2 "DB_ENCRYPTION_KEY_HEX=$good"

mv "$H_DIR/node1" "$H_DIR/node1.away"
mkdir -m 700 "$H_DIR/node1"
h_node_start 1
h_wait 30 h_ended node1 || wrong "an empty volume of a paired device: the node goes on"
h_reap node1
[ "$H_EXIT" = 82 ] || wrong "an empty volume of a paired device: exit $H_EXIT, not 82"
ok "an empty volume of a paired device: exit 82"
rm -rf "$H_DIR/node1"
mv "$H_DIR/node1.away" "$H_DIR/node1"

# One changed byte in the middle of the database.
cp "$H_DIR/node1/data.mdb" "$H_DIR/good.mdb"
changed=0
for page in 3 4 5 6 7 8; do
    size=$(stat -c %s "$H_DIR/good.mdb")
    [ $((page * 4096 + 4000)) -lt "$size" ] || continue
    cp "$H_DIR/good.mdb" "$H_DIR/node1/data.mdb"
    printf '\x5a' | dd of="$H_DIR/node1/data.mdb" bs=1 seek=$((page * 4096 + 4000)) conv=notrunc status=none
    cmp -s "$H_DIR/good.mdb" "$H_DIR/node1/data.mdb" && continue
    : >"$H_DIR/logs/node1.log"
    h_node_start 1
    # Records are checked when first used: a record that is not used at the start may
    # go unnoticed until then; a crash may not happen.
    if h_wait 2 h_ended node1; then
        h_reap node1
        case $H_EXIT in 0 | 7[0-9] | 8[0-9]) ;; *) wrong "a changed byte in page $page: exit $H_EXIT" ;; esac
        changed=$((changed + 1))
    else
        h_stop node1
    fi
done
ok "changed bytes in the database: $changed starts refused, no crash"
cp "$H_DIR/good.mdb" "$H_DIR/node1/data.mdb"

for n in 1 2 3; do h_node_start "$n"; done
e_online 1 2 3
e_sign
ok "with its own volume and key the node goes on and signs"
[ -n "$before" ]
