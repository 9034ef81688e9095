#!/usr/bin/env bash
# The audit log: all of a walk is in it, an export verifies offline, tampering is named,
# and kill -9 leaves no gap.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

LOG=$H_DIR/audit.jsonl

# export_all: the whole log in parts, into $LOG.
export_all() {
    local from=1
    : >"$LOG"
    while :; do
        api GET "/v2/audit/export?from=$from"
        [ -n "$API_BODY" ] || break
        printf '%s' "$API_BODY" >>"$LOG"
        from=$(($(tail -n 1 "$LOG" | jq .record.seq) + 1))
    done
}
verify() { "$H_BIN/cloudsign-platform" audit verify "$@"; }
# tampered WORD SENTENCE: standard input is an export that is not whole.
tampered() {
    local code=0 said
    said=$(verify - --head "$HEAD") || code=$?
    [ "$code" = 83 ] || wrong "$2: exit $code, not 83: $said"
    [[ $said == "NOT WHOLE ($1): "* ]] || wrong "$2: $said"
    ok "$2: $said"
}
has() { # ACTION [JQ CONDITION]
    jq -es --arg a "$1" "[.[].record | select(.action == \$a and (${2:-true}))] | length > 0" "$LOG" >/dev/null ||
        wrong "the log has no $1 ${2:-}"
}

e_platform
e_nodes_paired
e_quorum
e_key
e_sign
api_try POST /v2/setup '{"setupToken": "x", "organizationName": "o", "firstName": "f", "lastName": "l", "email": "e@example.org"}'
[ "$API_STATUS" = 409 ] || wrong "a second setup: HTTP $API_STATUS"

export_all
api GET /v2/audit/head
HEAD=$(api_get .hash)
has "POST /v2/setup" '.actor.claimed == "admin@example.org" and .result.status == 200'
has "POST /v2/setup" '.result.status == 409'
has "POST /v2/devices" '.actor.kind == "CREDENTIAL" and (.actor.id | length) == 36 and .address == "127.0.0.1"'
has "PUT /v2/devices/{id}/approval-status" '.changes[0].before.approvalStatus == "PENDING" and .changes[0].after.approvalStatus == "APPROVED"'
has device.bound '.actor.kind == "DEVICE" and .actor.id == .changes[0].id'
has quorum.confirmed
has key.provisioned
has transaction.signed '.actor.kind == "DEVICE"'
ok "setup, devices, quorum, key and signature are in the log: $(wc -l <"$LOG") records"
secret=$(h_get clientSecret)
! grep -qF "$secret" "$LOG" || wrong "the log holds a client secret"
! grep -q '"_' "$LOG" || wrong "the log holds a hidden member"

said=$(verify "$LOG" --head "$HEAD") || wrong "a whole export does not verify: $said"
[[ $said == whole:* ]] || wrong "a whole export: $said"
ok "the export is whole: $(head -n 1 <<<"$said")"
jq -c '{record, hash}' "$LOG" >"$LOG.jq"
verify "$LOG.jq" --head "$HEAD" >/dev/null || wrong "the same records from another tool do not verify"
ok "the same records, written by jq, are whole, too"

sed '7s/"at":"20/"at":"19/' "$LOG" | tampered changed "record 7 changed"
sed 7d "$LOG" | tampered missing "record 7 taken out"
sed -n '7{h;d};8{p;g};p' "$LOG" | tampered swapped "records 7 and 8 swapped"
sed '7p' "$LOG" | tampered inserted "record 7 twice"
sed '$d' "$LOG" | tampered "another head" "the last record cut off"
code=0
verify /dev/null >/dev/null || code=$?
[ "$code" = 66 ] || wrong "an empty export: exit $code, not 66"

old=$HEAD n=$(wc -l <"$LOG")
h_stop platform KILL
h_platform_start
h_token || wrong "no access token after kill -9"
api POST /v2/vaults '{"name": "after"}'
export_all
api GET /v2/audit/head
HEAD=$(api_get .hash)
verify "$LOG" --head "$HEAD" >/dev/null || wrong "after kill -9 the log is not whole: $(verify "$LOG")"
[ "$(sed -n "${n}p" "$LOG" | jq -r .hash)" = "$old" ] || wrong "after kill -9 the log has another past"
has "POST /v2/vaults" '.changes[0].after.name == "after"'
ok "kill -9 and a new start: the chain goes on, record $(tail -n 1 "$LOG" | jq .record.seq)"
