#!/usr/bin/env bash
# Operating a platform: metrics, health and request lines; a backup while it works, verified,
# spoiled and restored; a way back in for people; a large store in small; slow sockets.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
platform=$H_BIN/cloudsign-platform
data=$H_DIR/platform
SOCK=$H_DIR/m.sock
export METRICS_ADDR=unix:$SOCK LOG_FORMAT=json LOG_LIMIT=0
probe() { curl --silent --max-time 10 --unix-socket "$SOCK" "http://x/$1"; }
metric() { probe metrics | awk -v n="$1" '$1 == n { print $2 }'; }
ctl() { "$platform" "$@" --data-dir "$data"; }
code_of() { # WANTED COMMAND...
    local want=$1 code=0
    shift
    "$@" >"$H_DIR/out" 2>&1 || code=$?
    [ "$code" = "$want" ] || { cat "$H_DIR/out"; wrong "$*: exit $code, not $want"; }
}

"$platform" version | grep -Eq '^build [0-9a-f]{40}' || wrong "version names no build"
"$platform" version | grep -q '^OpenSSL' || wrong "version names no libraries"
for word in serve user backup audit; do
    "$platform" help $word | grep -q "Usage: cloudsign-platform.*$word" || wrong "help $word"
    "$platform" $word --help >"$H_DIR/out" || wrong "$word --help"
done
code_of 64 "$platform" user dance
code_of 64 "$platform" backup
code_of 64 "$platform" audit head --no-such
ok "version, help and wrong words"

e_platform
[ "$(probe healthz)" = ok ] || wrong "/healthz: $(probe healthz)"
[ "$(probe readyz | jq -r .state)" = READY ] || wrong "/readyz: $(probe readyz)"
api POST /v2/vaults '{"name": "one"}'
api_try GET /v2/vaults/none
[ "$(metric 'cloudsign_platform_requests_total{route="vaults",status="2xx"}')" -ge 1 ] || wrong "no request is counted"
[ "$(metric 'cloudsign_platform_requests_total{route="vaults",status="4xx"}')" -ge 1 ] || wrong "no refusal is counted"
jq -es 'map(select(.msg == "request" and .route == "/v2/vaults" and .status == "200" and (.actor | startswith("credential:")) and (.ms | tonumber) >= 0)) | length > 0' \
    "$H_DIR/logs/platform.log" >/dev/null || wrong "no line of the request"
! grep -qF "$(h_get clientSecret)" "$H_DIR/logs/platform.log" || wrong "a secret in the log"
! grep -qF "$H_TOKEN" "$H_DIR/logs/platform.log" || wrong "a token in the log"
ok "health, metrics and request lines, without secrets"

api GET /v2/overview
[ "$(api_get .vaults)" = 1 ] || wrong "overview: $API_BODY"
ctl audit head | grep -q "^head $(api GET /v2/audit/head; api_get .hash)" || wrong "audit head of a running platform"
ctl audit export >"$H_DIR/log.jsonl" 2>/dev/null
"$platform" audit verify "$H_DIR/log.jsonl" >"$H_DIR/out" || { cat "$H_DIR/out"; wrong "an export out of the store"; }
ctl user list | grep -q 'OWNER  admin@example.org' || wrong "user list"
code_of 81 ctl user invite admin@example.org
ok "audit and users while it runs; invite is refused then: $(cat "$H_DIR/out")"

# A backup while vaults are written: all that were answered before it are in it.
printf 'header = "Authorization: Bearer %s"\n' "$H_TOKEN" >"$H_DIR/writer.conf"
(for ((k = 0; k < 300; k++)); do
    [ ! -e "$H_DIR/enough" ] || break
    curl --silent --max-time 10 --cacert "$data/ca.pem" -K "$H_DIR/writer.conf" -H 'Content-Type: application/json' \
        -d '{"name": "meanwhile"}' "$H_URL/v2/vaults" >/dev/null || true
done) &
writer=$!
for i in 1 2 3 4 5; do
    api POST /v2/vaults "{\"name\": \"before $i\"}"
    last=$(api_get .id)
    ctl backup "$H_DIR/backup$i" 2>"$H_DIR/out" || { cat "$H_DIR/out"; wrong "backup of a running platform"; }
    "$platform" backup verify "$H_DIR/backup$i" >"$H_DIR/out" || { cat "$H_DIR/out"; wrong "backup verify"; }
    for _ in 1 2 3; do # log and head in one state, whatever is committed between two reads
        ctl audit head >"$H_DIR/out" 2>&1 || { cat "$H_DIR/out"; wrong "audit head while it writes"; }
    done
done
touch "$H_DIR/enough"
wait $writer
[ "$(stat -c %a "$H_DIR/backup5")" = 700 ] && [ "$(stat -c %a "$H_DIR/backup5/data.mdb")" = 600 ] || wrong "others may read the backup"
[ ! -e "$H_DIR/backup5.partial" ] && [ -s "$H_DIR/backup5/RESTORE.txt" ] && [ -s "$H_DIR/backup5/tls/ca.key" ] || wrong "what is in the backup"
code_of 73 ctl backup "$H_DIR/backup5"
ok "five backups while it writes, each verified"
cp -r "$H_DIR/backup5" "$H_DIR/spoiled"
printf 'x' | dd of="$H_DIR/spoiled/data.mdb" bs=1 seek=9000 conv=notrunc 2>/dev/null
code_of 83 "$platform" backup verify "$H_DIR/spoiled"
code_of 66 "$platform" backup verify "$H_DIR/logs"
cp -r "$H_DIR/backup5" "$H_DIR/no-seal"
rm "$H_DIR/no-seal/seal.key"
code_of 83 "$platform" backup verify "$H_DIR/no-seal"
for name in seal.key tls/ca.key; do
    cp -r "$H_DIR/backup5" "$H_DIR/changed"
    printf 'x' >>"$H_DIR/changed/$name"
    code_of 83 "$platform" backup verify "$H_DIR/changed"
    rm -r "$H_DIR/changed"
done
mkdir "$H_DIR/backup6.partial"
code_of 73 ctl backup "$H_DIR/backup6/"
rmdir "$H_DIR/backup6.partial"
ctl backup "$H_DIR/backup6/" 2>"$H_DIR/out" || { cat "$H_DIR/out"; wrong "backup with a slash"; }
code_of 0 "$platform" backup verify "$H_DIR/backup6/"
ok "a spoiled backup is told: $("$platform" backup verify "$H_DIR/spoiled" 2>&1 || true)"

h_stop_clean platform
[ ! -e "$SOCK" ] || wrong "the socket of METRICS_ADDR is left behind"
mv "$data" "$H_DIR/old"
mkdir -m 700 "$data"
cp -r "$H_DIR/backup5/data.mdb" "$H_DIR/backup5/seal.key" "$H_DIR/backup5/tls" "$data/"
h_platform_start
H_TOKEN=
api GET "/v2/vaults/$last"
[ "$(api_get .name)" = "before 5" ] || wrong "the restored platform has lost a vault"
cmp -s "$H_DIR/old/ca.pem" "$data/ca.pem" || wrong "the restored platform has another CA"
cmp -s "$H_DIR/old/seal.key" "$data/seal.key" || wrong "the restored platform has another seal.key"
ok "restored from a backup: the same CA, credential and vaults"

h_stop_clean platform
ctl user invite admin@example.org >"$H_DIR/token" 2>"$H_DIR/out" || { cat "$H_DIR/out"; wrong "user invite"; }
grep -Eq '^[0-9a-f]{64}$' "$H_DIR/token" || wrong "no enrolment token"
ctl user rescue second@example.org --first-name Grace >"$H_DIR/token2" 2>/dev/null || wrong "user rescue"
code_of 73 ctl user rescue second@example.org
code_of 66 ctl user invite nobody@example.org
ctl user list | grep -q 'INVITED .*OWNER  second@example.org  Grace' || wrong "the new owner is not listed"
h_platform_start
H_TOKEN=
for t in token token2; do
    h_curl POST /v2/session/enrol "$(jq -nc --arg t "$(<"$H_DIR/$t")" '{token: $t, password: "a new and long password"}')" "" && [ "$API_STATUS" = 200 ] ||
        wrong "the token of $t does not let anybody in: $API_STATUS $API_BODY"
done
api GET "/v2/audit?action=operator.user-rescue"
[ "$(api_get '.records[0].record.actor.kind // .records[0].actor.kind')" = OPERATOR ] || wrong "no audit record: $API_BODY"
ctl audit export 2>/dev/null | "$platform" audit verify - >"$H_DIR/out" || { cat "$H_DIR/out"; wrong "the chain after a rescue"; }
ok "invited and rescued while it was stopped; both can enrol; the audit log has it"

# Slow sockets: 300 of six addresses beside legitimate requests, with room for 128.
h_stop_clean platform
H_PLATFORM_ARGS=(--max-connections 128 --max-per-address 64)
h_platform_start
jq -n --arg i "$(h_get clientId)" --arg s "$(h_get clientSecret)" '{clientId: $i, clientSecret: $s}' >"$H_DIR/credential.json"
node "$E_HERE/../bench/slow_sockets.mjs" "$H_URL" "$data/ca.pem" "$H_DIR/credential.json" 300 5 6 >"$H_DIR/out" 2>&1 ||
    { cat "$H_DIR/out"; wrong "legitimate requests fail beside slow sockets"; }
ok "$(tail -n 2 "$H_DIR/out" | head -n 1)"
h_stop_clean platform

# A store of many records, in small; the figures are test/bench/README.md's.
if [ -x "$H_BIN/test/bench/make_platform" ]; then
    mv "$data" "$H_DIR/old2"
    mkdir -m 700 "$data"
    rm -f "$H_DIR/state/url"
    H_PLATFORM_ARGS=()
    "$H_BIN/test/bench/make_platform" "$data" 60 20 200 600 >"$H_DIR/credential.json"
    h_platform_start
    node "$E_HERE/../bench/platform_load.mjs" "$H_URL" "$data/ca.pem" "$H_DIR/credential.json" 3 2 >"$H_DIR/out" 2>&1 ||
        { cat "$H_DIR/out"; wrong "requests of a large store fail"; }
    ok "a made store answers: $(tail -n 1 "$H_DIR/out")"
    h_stop_clean platform
fi
