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
e_expect_exit 78 "blind signing that is neither on nor off" 1 ALLOW_BLIND_SIGNING=maybe
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
e_expect_exit 79 "another device's encryption key" 2 "DB_ENCRYPTION_KEY_HEX=$good"

mv "$H_DIR/node1" "$H_DIR/node1.away"
mkdir -m 700 "$H_DIR/node1"
h_node_start 1
h_wait 30 h_ended node1 || wrong "an empty volume of a paired device: the node goes on"
h_reap node1
[ "$H_EXIT" = 82 ] || wrong "an empty volume of a paired device: exit $H_EXIT, not 82"
ok "an empty volume of a paired device: exit 82"
rm -rf "$H_DIR/node1"
mv "$H_DIR/node1.away" "$H_DIR/node1"

# Changed bytes, one place at a time: the end of each page, where LMDB puts records first.
# Some pages are not in use, and records are checked when first used, so not every change
# stops the start; but none may crash it, and some must be noticed.
cp "$H_DIR/node1/data.mdb" "$H_DIR/good.mdb"
pages=$(($(stat -c %s "$H_DIR/good.mdb") / 4096)) tried=0 noticed=0
for ((page = 2; page < pages && tried < 12; page++)); do
    at=$((page * 4096 + 4080))
    [ "$(dd if="$H_DIR/good.mdb" bs=1 skip=$at count=12 status=none | tr -d '\0' | wc -c)" -gt 0 ] || continue
    cp "$H_DIR/good.mdb" "$H_DIR/node1/data.mdb"
    printf 'altered.....' | dd of="$H_DIR/node1/data.mdb" bs=1 seek=$at conv=notrunc status=none
    tried=$((tried + 1))
    h_node_start 1
    if h_wait 1 h_ended node1; then
        h_reap node1
        case $H_EXIT in
            83) noticed=$((noticed + 1)) ;;
            79 | 80 | 82 | 86) noticed=$((noticed + 1)) ;;
            *) wrong "changed bytes in page $page: exit $H_EXIT, not 83" ;;
        esac
    else
        h_stop_clean node1
    fi
done
[ $noticed -gt 0 ] || wrong "$tried changed pages, and none was noticed"
ok "changed bytes in $tried pages of the database: $noticed starts refused, no crash"
cp "$H_DIR/good.mdb" "$H_DIR/node1/data.mdb"

for n in 1 2 3; do h_node_start "$n"; done
e_online 1 2 3
e_sign
ok "with its own volume and key the node goes on and signs"
[ -n "$before" ]
