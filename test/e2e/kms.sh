#!/usr/bin/env bash
# A store sealed by a KMS (RELIABILITY T21): pairs, waits for a KMS that is away, ends on
# each answer that an operator must act on, and runs on without KMS.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
# shellcheck source=kms-lib.sh
source "$E_HERE/kms-lib.sh"

k_files
k_start
mapfile -t base < <(k_base)
mapfile -t static < <(k_static)
e_platform
for n in 1 2 3; do h_device_create "$n"; done

# ---- a new store

k_node 1 "${base[@]}" "${static[@]}"
h_device_wait 1 statusText "Waiting for approval"
h_device_approve 1
e_online 1
[ "$(k_calls '.op == "Encrypt"')" = 1 ] || wrong "a new store: not one Encrypt"
[ "$(k_calls '.op == "Decrypt"')" = 1 ] || wrong "a new store: not one Decrypt"
context=$(curl -sS "$K_HTTP/calls" | jq -r '[.[] | select(.op == "Encrypt")][0].context | "\(.device) \(.purpose)"')
[ "$context" = "$(h_get device1) cloudsign-store" ] || wrong "encryption context: $context"
ok "a new store: Encrypt and Decrypt once, under the device's encryption context; paired"
tr '\0' '\n' <"/proc/${H_PID[node1]}/environ" | grep -q 'static/secret' && wrong "the secret access key is in /proc/PID/environ"
ok "the secret access key is gone from the environment"

# ---- a running node does not need KMS

k_stop
sleep 2
h_device_is 1 connectionStatus ONLINE && k_state 1 READY || wrong "a running node stops working without KMS"
ok "KMS dies: the running node stays READY"
h_stop_clean node1

# ---- KMS away at the start

before=$(e_database_hash 1)
k_node 1 "${base[@]}" "${static[@]}"
h_wait 20 k_state 1 WAITING_FOR_KMS || wrong "no WAITING_FOR_KMS while KMS is away"
h_node_status 1 | jq -e '.kms.text | contains("no answer")' >/dev/null || wrong "status does not say why it waits"
text=$(CLOUDSIGN_DATA_DIR=$H_DIR/node1 "$H_BIN/cloudsign" status)
[[ $text == *"waits for"*"no answer"* ]] || wrong "status in text does not say why it waits: $text"
h_ended node1 && wrong "the node ended because KMS is away"
start=$SECONDS
h_stop_clean node1
[ $((SECONDS - start)) -le 2 ] || wrong "stopping a node that waits takes $((SECONDS - start)) s"
ok "KMS away: WAITING_FOR_KMS, says why, SIGTERM ends it at once with 0"
[ "$(e_database_hash 1)" = "$before" ] || wrong "waiting changed the database"
k_node 1 "${base[@]}" "${static[@]}"
h_wait 20 k_state 1 WAITING_FOR_KMS || wrong "no WAITING_FOR_KMS"
k_start
e_online 1
[ "$(k_calls '.op == "Encrypt"')" = 0 ] || wrong "an old store: Encrypt was called"
ok "KMS comes back: the node goes on by itself; Decrypt only"
h_stop_clean node1

# ---- answers that pass

for mode in internal dependency throttled skew html hang early huge redirect; do
    k_mode $mode '"count":1'
    k_node 1 "${base[@]}" "${static[@]}"
    [ $mode != hang ] || H_PATIENCE=60
    h_wait 20 k_state 1 WAITING_FOR_KMS || wrong "$mode: not WAITING_FOR_KMS"
    h_wait 30 grep -q 'not ready' "$H_DIR/logs/node1.log" || wrong "$mode: nothing in the log"
    e_online 1
    ok "$mode: waits, asks again, comes up"
    h_stop_clean node1
    k_fresh_log 1
done

# ---- answers that an operator must act on

k_ends() { # CODE SENTENCE [NAME=VALUE...]: with its own code, the request id, nothing changed
    local want=$1 what=$2 before
    shift 2
    before=$(e_database_hash 1)
    k_fresh_log 1
    k_node 1 "$@"
    h_wait 30 h_ended node1 || wrong "$what: the node goes on"
    h_reap node1
    [ "$H_EXIT" = "$want" ] || wrong "$what: exit $H_EXIT, not $want"
    [ "$(e_database_hash 1)" = "$before" ] || wrong "$what: the database was changed"
    ok "$what: exit $want: $(tail -n 1 "$H_DIR/logs/node1.log" | cut -c1-160)"
}
k_ends_by_kms() { # as above, after an answer of KMS
    k_ends "$@"
    grep -qE 'AWS request id [0-9a-f]{8}-' "$H_DIR/logs/node1.log" || wrong "$2: no AWS request id"
}
for pair in denied:87 unknown:87 expired:87 disabled:88 deleted:88 missing:88 usage:88 wrap:89; do
    k_mode "${pair%:*}"
    k_ends_by_kms "${pair#*:}" "${pair%:*}" "${base[@]}" "${static[@]}"
done
k_mode ok
k_ends_by_kms 87 "a wrong secret access key" "${base[@]}" AWS_ACCESS_KEY_ID=AKIATESTSTATIC000001 AWS_SECRET_ACCESS_KEY=wrong
k_ends 78 "no credentials at all" "${base[@]}"
k_ends 88 "another KMS key than the store's" "${base[@]}" "${static[@]}" "DB_ENCRYPTION_KEY_REF=$K_OTHER"
k_ends 78 "a bare key id" "${base[@]}" "${static[@]}" DB_ENCRYPTION_KEY_REF=11111111-1111-1111-1111-111111111111
k_ends 78 "hex and KMS together" "${base[@]}" "${static[@]}" "DB_ENCRYPTION_KEY_HEX=$(openssl rand -hex 32)"
k_ends 79 "a hex key for a sealed store" "DB_ENCRYPTION_KEY_HEX=$(openssl rand -hex 32)"

# ---- the wrapped key of another device

k_node 2 "${base[@]}" "${static[@]}"
h_device_wait 2 statusText "Waiting for approval"
h_stop_clean node2
mv "$H_DIR/node1" "$H_DIR/node1.own"
cp -a "$H_DIR/node2" "$H_DIR/node1"
k_ends 80 "device B's volume" "${base[@]}" "${static[@]}"
# Its blob in device A's header: what KMS sees is A's context.
blob_b=$(H_DIR=$H_DIR python3 - <<'PY'
import os
d = os.environ['H_DIR']
a = bytearray(open(f'{d}/node1.own/data.mdb', 'rb').read())
b = open(f'{d}/node2/data.mdb', 'rb').read()
def blob(x):
    i = x.rindex(b'CSKMS')
    n = int.from_bytes(x[i + 6:i + 8], 'big')
    at = i + 8 + n + 2
    return at, int.from_bytes(x[at - 2:at], 'big')
at, n = blob(a); bt, m = blob(b)
assert n == m
out = bytes(a)
while True: # every copy of the header that LMDB keeps
    i = out.find(bytes(a[at:at + n]))
    if i < 0: break
    out = out[:i] + b[bt:bt + m] + out[i + n:]
os.makedirs(f'{d}/mixed', exist_ok=True)
open(f'{d}/mixed/data.mdb', 'wb').write(out)
print(n)
PY
)
rm -rf "$H_DIR/node1"
cp -a "$H_DIR/node1.own" "$H_DIR/node1"
cp "$H_DIR/mixed/data.mdb" "$H_DIR/node1/data.mdb"
k_ends_by_kms 89 "device B's wrapped key ($blob_b bytes) in A's header" "${base[@]}" "${static[@]}"
rm -rf "$H_DIR/node1"
mv "$H_DIR/node1.own" "$H_DIR/node1"

# A KMS that opens a new store's key to another one: no store is made.
k_mode lie '"only":"Decrypt"'
k_node 3 "${base[@]}" "${static[@]}"
h_wait 30 h_ended node3 || wrong "a lying KMS: the node goes on"
h_reap node3
[ "$H_EXIT" = 89 ] || wrong "a lying KMS: exit $H_EXIT, not 89"
k_mode ok
k_node 3 "${base[@]}" "${static[@]}"
h_device_wait 3 statusText "Waiting for approval"
h_stop_clean node3
ok "a KMS that does not give a new store's key back: exit 89, no store was made"

# ---- where credentials come from

k_from() { # SOURCE [NAME=VALUE...]
    local source=$1
    shift
    k_node 1 "${base[@]}" "$@"
    e_online 1
    [ "$(curl -sS "$K_HTTP/calls" | jq -r '[.[] | select(.op == "Decrypt")][-1].source')" = "$source" ] ||
        wrong "credentials did not come from $source"
    ok "credentials from $source: ${1%%=*}"
    curl -sS "$K_HTTP/last" | jq -r 'to_entries[] | "\(.key) \(.value)"' >"$H_DIR/secrets"
    printf 'static %s\n' "$(k_hex static/secret+of=the-test-user-0123456789)" >>"$H_DIR/secrets"
    k_memory 1 "memory of a node with credentials from $source"
    h_stop_clean node1
}
printf 'web.identity.token-of-the-pod' >"$K_DIR/token"
mkdir -p "$H_DIR/.aws"
printf '[ops]\naws_access_key_id = AKIATESTSTATIC000001\naws_secret_access_key = static/secret+of=the-test-user-0123456789\n' \
    >"$H_DIR/.aws/credentials"
k_from sts AWS_ROLE_ARN=arn:aws:iam::111122223333:role/node "AWS_WEB_IDENTITY_TOKEN_FILE=$K_DIR/token" \
    "AWS_ENDPOINT_URL_STS=https://127.0.0.1:$K_PORT"
k_from static AWS_PROFILE=ops
k_from container "AWS_CONTAINER_CREDENTIALS_FULL_URI=$K_HTTP/task" "AWS_CONTAINER_AUTHORIZATION_TOKEN=Basic token-of-the-task"
rm -r "$H_DIR/.aws"
k_from ec2 AWS_EC2_METADATA_DISABLED=false "AWS_EC2_METADATA_SERVICE_ENDPOINT=$K_HTTP"

# Credentials whose life ends while KMS is away are taken anew.
k_put creds '{"life":3}'
k_mode internal '"count":4'
k_node 1 "${base[@]}" "AWS_CONTAINER_CREDENTIALS_FULL_URI=$K_HTTP/task" "AWS_CONTAINER_AUTHORIZATION_TOKEN=Basic token-of-the-task"
e_online 1
[ "$(k_calls '.op == "credentials.container"')" -ge 3 ] || wrong "credentials were not refreshed while waiting"
h_stop_clean node1
ok "credentials that end while KMS is away are refreshed"
[ "$(wc -c <"$H_DIR/logs/before")" -gt 10000 ] || wrong "the logs of before were lost"
grep -rqF 'static/secret' "$H_DIR/logs" && wrong "a secret is in the logs"
for hex in $(curl -sS "$K_HTTP/last" | jq -r '.secret, .token, .text'); do
    word=$(printf '%b' "$(sed 's/../\\x&/g' <<<"$hex")")
    [ ${#word} -ge 40 ] || wrong "nothing to look for: $hex"
    ! grep -rqF -e "$word" "$H_DIR/logs" || wrong "a secret that came over the network is in the logs"
done
ok "no secret is in the logs"
