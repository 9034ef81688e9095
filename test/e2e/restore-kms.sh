#!/usr/bin/env bash
# backup and restore of a store that a KMS seals: the seal goes along unchanged, the KMS
# proves the backup, a key that is not the store's restores nothing.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
# shellcheck source=kms-lib.sh
source "$E_HERE/kms-lib.sh"
cloudsign=$H_BIN/cloudsign
safe=$H_DIR/safe
mkdir -m 700 "$safe"

k_files
k_start
mapfile -t base < <(k_base)
mapfile -t aws < <(k_base | grep -v '^DB_'; k_static)
mapfile -t static < <(k_static)
e_platform
h_device_create 1
k_node 1 "${base[@]}" "${static[@]}"
h_device_wait 1 statusText "Waiting for approval"
h_device_approve 1
e_online 1

# with SETTING COMMAND..: for node 1's volume, with AWS's settings and this key.
with() {
    local key=$1
    shift
    env "${aws[@]}" "$key" CLOUDSIGN_DATA_DIR="$H_DIR/node1" PAIRING_KEY="$(h_get pairing1)" "$cloudsign" "$@"
}
# fails CODE COMMAND..
fails() {
    local want=$1 code=0 said
    shift
    said=$("$@" 2>&1) || code=$?
    [ "$code" = "$want" ] || wrong "exit code $code, not $want: $said"
    ok "refused ($code): $(tail -n 1 <<<"$said" | cut -c1-140)"
}

env CLOUDSIGN_DATA_DIR="$H_DIR/node1" "$cloudsign" backup "$safe/run"
with "DB_ENCRYPTION_KEY_REF=$K_KEY" backup verify "$safe/run"
h_stop_clean node1
with "DB_ENCRYPTION_KEY_REF=$K_KEY" backup "$safe/stopped"
with "DB_ENCRYPTION_KEY_REF=$K_KEY" backup verify "$safe/stopped"
ok "backups of the running and the stopped node open with the KMS key"

rm -rf "$H_DIR/node1"
mkdir -m 700 "$H_DIR/node1"
fails 79 with "DB_ENCRYPTION_KEY_HEX=$(openssl rand -hex 32)" restore "$safe/run"
fails 88 with "DB_ENCRYPTION_KEY_REF=$K_OTHER" restore "$safe/run"
k_mode denied '"count":9'
fails 87 with "DB_ENCRYPTION_KEY_REF=$K_KEY" restore "$safe/run"
k_mode ok
[ -z "$(ls -A "$H_DIR/node1")" ] || wrong "a refusal wrote: $(ls -A "$H_DIR/node1")"
with "DB_ENCRYPTION_KEY_REF=$K_KEY" restore "$safe/run"
k_node 1 "${base[@]}" "${static[@]}"
e_online 1
[ "$(k_calls '.op == "Encrypt"')" = 1 ] || wrong "restoring made a new key"
ok "restored: the node opens it with the KMS key, and no new key was made"
