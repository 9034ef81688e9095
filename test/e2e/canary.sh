#!/usr/bin/env bash
# No secret leaves (RELIABILITY P7, T20, F22): a whole run at trace level, and everything
# that it left behind searched for every secret in every form.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
# shellcheck source=approval-lib.sh
source "$E_HERE/approval-lib.sh"
command -v node >/dev/null || { echo "SKIPPED: no node to search with"; exit 77; }
H_LOG_LEVEL=trace
LEFT=$H_DIR/left # artefacts that are no log
SECRETS=$H_DIR/secrets
mkdir -m 700 "$LEFT"
: >"$SECRETS"
secret() { printf '%s %s\n' "$1" "$2" >>"$SECRETS"; }                         # NAME HEX
secret_text() { secret "$1" "$(printf '%s' "$2" | od -An -v -tx1 | tr -d ' \n')"; } # NAME TEXT

node "$E_HERE/../harness/canary.mjs" --selftest
ok "the scanner goes red on what is planted"

# ---- what must not be seen
export AWS_ACCESS_KEY_ID=AKIACANARYCANARYCANA AWS_SECRET_ACCESS_KEY=cAnArY/secret+access/key0123456789abcdefg
export AWS_SESSION_TOKEN=cAnArY/session+token/0123456789abcdefghijklmnopqrstuvwxyz
aws_secret=$AWS_SECRET_ACCESS_KEY
a_files
a_start
approval_secret=$(<"$A_DIR/secret")
secret_text "AWS secret" "$AWS_SECRET_ACCESS_KEY"
secret_text "AWS session token" "$AWS_SESSION_TOKEN"
secret "approval secret" "$approval_secret"
(umask 077; printf 'a passphrase of the canary run\n' >"$H_DIR/pass"; openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:4096 -out "$H_DIR/recovery.key" 2>/dev/null)
openssl pkey -in "$H_DIR/recovery.key" -pubout -out "$H_DIR/recovery.pub"
secret "recovery key" "$(openssl pkey -in "$H_DIR/recovery.key" -outform DER | tail -c +700 | head -c 64 | od -An -v -tx1 | tr -d ' \n')"
RECOVERY_KEYS=$("$H_BIN/cloudsign" recover id "$H_DIR/recovery.pub")
export RECOVERY_KEYS LOG_LIMIT=0 # every line

e_platform
METRICS=()
for n in 1 2 3; do h_device_create "$n"; METRICS[n]=$H_DIR/m$n.sock; done
for n in 1 2; do h_node_start "$n" "METRICS_ADDR=unix:${METRICS[n]}" LOG_FORMAT="$([ "$n" = 1 ] && echo json || echo text)"; done

# Node 3 is sealed by a KMS, where there is one to test with.
KMS=
if [ -d "$E_HERE/../node_modules/@aws-sdk" ]; then
    # shellcheck source=kms-lib.sh
    source "$E_HERE/kms-lib.sh"
    k_files
    k_start
    mapfile -t base < <(k_base)
    mapfile -t static < <(k_static)
    secret_text "AWS secret of node 3" "$(printf '%s\n' "${static[@]}" | sed -n 's/^AWS_SECRET_ACCESS_KEY=//p')"
    unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN
    k_node 3 "${base[@]}" "${static[@]}" "METRICS_ADDR=unix:${METRICS[3]}"
    KMS=1
else
    echo "SKIPPED: a node sealed by KMS: no AWS packages"
    h_node_start 3 "METRICS_ADDR=unix:${METRICS[3]}"
fi
for n in 1 2 3; do h_device_wait "$n" statusText "Waiting for approval"; h_device_approve "$n"; done
e_online 1 2 3
for n in 1 2 3; do
    seed=$(h_get "pairing$n" | base64 -d | jq -r .seed)
    secret "pairing seed $n" "$(base64 -d <<<"$seed" | od -An -v -tx1 | tr -d ' \n')"
    [ "$n$KMS" = 31 ] || secret "store key $n" "$(h_get "dbkey$n")"
done

# From here on every answer of the API is kept: before, some are about secrets.
eval "$(declare -f h_curl | sed '1s/h_curl/h_curl_plain/')"
h_curl() {
    local code=0
    h_curl_plain "$@" || code=$?
    [[ $2 == */oauth/token ]] || printf '%s %s %s\n%s\n' "$1" "$2" "$API_STATUS" "$API_BODY" >>"$LEFT/rest"
    return $code
}

# ---- a life: quorum, keys, signatures, failures, backups, restarts
e_quorum
e_key
e_sign
h_wallet_create ETHEREUM SECP256K1
h_wallet_wait ETHEREUM SECP256K1
api_try POST /v2/nowhere '{"a":1}' || true
api_try GET "/v2/devices/$(h_get device1)" || true
for n in 1 2 3; do
    for word in "status" "status --json" "doctor --deep" "doctor --json"; do
        # shellcheck disable=SC2086
        (
            export CLOUDSIGN_DATA_DIR=$H_DIR/node$n DB_ENCRYPTION_KEY_HEX PAIRING_KEY AWS_SECRET_ACCESS_KEY=$aws_secret LOG_LEVEL=trace
            DB_ENCRYPTION_KEY_HEX=$(h_get "dbkey$n") PAIRING_KEY=$(h_get "pairing$n")
            exec "$H_BIN/cloudsign" $word
        ) >>"$LEFT/cli$n" 2>&1 </dev/null || true
    done
    for path in healthz readyz metrics nowhere; do
        curl --silent --unix-socket "${METRICS[n]}" "http://x/$path" >>"$LEFT/http$n" || wrong "node $n: no answer to /$path"
    done
    grep -q "cloudsign_sessions_total" "$LEFT/http$n" || wrong "node $n: no metrics"
    grep -q '"ready":true' "$LEFT/http$n" || wrong "node $n is not ready"
    cp "/proc/${H_PID[node$n]}/environ" "$LEFT/environ$n"
    cp "/proc/${H_PID[node$n]}/cmdline" "$LEFT/cmdline$n"
done
cp "/proc/${H_PID[platform]}/cmdline" "$LEFT/cmdline-platform"
CLOUDSIGN_DATA_DIR=$H_DIR/node1 "$H_BIN/cloudsign" backup "$H_DIR/backup" --to "$H_DIR/recovery.pub" >"$LEFT/backup" 2>&1 || wrong "backup: $(cat "$LEFT/backup")"
for kit in "$H_DIR"/backup/*.kit "$H_DIR"/backup/*/*.kit; do [ ! -e "$kit" ] || cp "$kit" "$LEFT/"; done
h_stop node2 KILL # a request fails
e_transfer
h_sign SOLANA ED25519 raw "$E_HEX" || true
h_node_start 2
e_online 2

# An approver is asked, then does not answer: its secret is in use.
h_stop_clean node1
h_node_start 1 APPROVAL_CALLBACK_URL="$A_URL" APPROVAL_CALLBACK_CA_FILE="$A_DIR/tls-ca.pem" APPROVAL_CALLBACK_SECRET="$approval_secret" \
    APPROVAL_CALLBACK_PUBLIC_KEY="$(<"$A_DIR/answers.pub")"
e_online 1
for i in 1 2 3; do e_sign; [ "$(a_asked)" = 0 ] || break; done
[ "$(a_asked)" -gt 0 ] || wrong "node 1 asked nobody"
a_stop
e_transfer
h_sign SOLANA ED25519 raw "$E_HEX" || true
h_wait 60 h_tx_settled || true
CLOUDSIGN_DATA_DIR=$H_DIR/node1 "$H_BIN/cloudsign" status --json >>"$LEFT/cli1" 2>&1
h_stop_clean node1

# Settings that are wrong in a way that might be quoted back.
key=$(h_get dbkey1) pairing=$(h_get pairing1) i=0
for setting in "DB_ENCRYPTION_KEY_HEX=${key:1}" "DB_ENCRYPTION_KEY_HEX=${key:0:63}g" "DB_ENCRYPTION_KEY_HEX=$key$key" \
    "PAIRING_KEY=${pairing:0:200}" "PAIRING_KEY=$pairing$pairing" "PAIRING_KEY=%$pairing" "LOG_LEVEL=$key" "LOG_FORMAT=$key" \
    "METRICS_ADDR=$key" "APPROVAL_CALLBACK_SECRET=${approval_secret:1}" "PLATFORM_URL=https://user:$key@127.0.0.1/" "RECOVERY_KEYS=${key:2}"; do
    i=$((i + 1))
    h_put dbkey9 "$key"
    h_put pairing9 "$pairing"
    h_node_start 9 "$setting"
    h_wait 30 h_ended node9 || { h_stop node9 KILL; }
    h_reap node9
    mv "$H_DIR/logs/node9.log" "$H_DIR/logs/wrong$i.log"
    [ -s "$H_DIR/logs/wrong$i.log" ] || wrong "no word about $i"
done
ok "a life at trace level, $i wrong settings"

# ---- shares: read from the stores by a tool of the tests
h_stop_clean node2
for n in 1 2; do
    cp "$H_DIR/node$n/data.mdb" "$H_DIR/copy$n.mdb"
    h_get "dbkey$n" | "$H_BIN/e2e_shares" "$H_DIR/copy$n.mdb" "$(h_get "device$n")" >"$H_DIR/shares$n" || wrong "shares of node $n: $(cat "$H_DIR/shares$n")"
    while read -r _ hex; do
        secret "share of node $n" "$hex"
    done < <(grep '^share' "$H_DIR/shares$n")
    [ "$(grep -c "^share of node $n" "$SECRETS")" = 2 ] || wrong "not two shares of node $n"
done
h_stop_clean node3
h_stop_clean platform

# ---- the search
mapfile -t files < <(find "$H_DIR/logs" "$LEFT" -type f -size +0c | sort)
files+=("$A_DIR/asked.jsonl" "$H_DIR"/node[123]/data.mdb "$H_DIR/platform/data.mdb")
[ "$(grep -c . "$H_DIR/logs/node1.log")" -gt 30 ] || wrong "the trace log is short: $(wc -l "$H_DIR"/logs/*.log)"
[ ${#files[@]} -gt 25 ] && [ "$(wc -l <"$SECRETS")" -ge 12 ] || wrong "too little to search: ${#files[@]} files, $(wc -l <"$SECRETS") secrets"
node "$E_HERE/../harness/canary.mjs" "$SECRETS" "${files[@]}" || wrong "a secret is out"
ok "$(wc -l <"$SECRETS") secrets in ${#files[@]} files ($(cat "${files[@]}" | wc -c) bytes): 0 hits"

# The same search over the same files, with one of them planted.
cp "${files[0]}" "$LEFT/planted"
printf 'key=%s\n' "$(h_get dbkey2 | tr a-f A-F)" >>"$LEFT/planted"
! node "$E_HERE/../harness/canary.mjs" "$SECRETS" "$LEFT/planted" >/dev/null || wrong "a planted key is not found"
ok "the search goes red with a key planted in a log"
