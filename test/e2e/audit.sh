#!/usr/bin/env bash
# The audit log: all of a walk is in it, nodes countersign it, an export verifies offline,
# tampering is named, and kill -9 leaves no gap.
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
        from=$(($(records <"$LOG" | tail -n 1 | jq .record.seq) + 1))
    done
}
records() { grep -v '^{"countersignature"'; } # of an export, without what nodes say
witnesses() { api GET /v2/audit/head && [ "$(api_get '.countersignatures | length')" = "$1" ]; }
verify() { "$H_BIN/cloudsign-platform" audit verify "$@"; }
# tampered WORD SENTENCE: standard input is an export that is not whole.
tampered() {
    local code=0 said with=(--devices "$H_DIR/devices.json")
    [ -z "$HEAD" ] || with=(--head "$HEAD")
    said=$(verify - "${with[@]}") || code=$?
    [ "$code" = 83 ] || wrong "$2: exit $code, not 83: $said"
    [[ $said == "NOT WHOLE ($1): "* ]] || wrong "$2: $said"
    ok "$2: $said"
}
# remake N: the records of standard input with another text from N on and new hashes.
remake() {
    local line part seq text hash prev=
    while IFS= read -r line; do
        seq=$(jq .record.seq <<<"$line")
        if [ "$seq" -ge "$1" ]; then
            text=$(jq -cSj --arg p "$prev" '.record | .address = "192.0.2.1" | .prev = $p' <<<"$line")
            hash=$({
                printf '\0\0\0\3'
                for part in cloudsign/platform audit "$text"; do
                    printf '%b' "$(printf '%08x' "$(printf '%s' "$part" | wc -c)" | sed 's/../\\x&/g')"
                    printf '%s' "$part"
                done
            } | sha256sum | cut -d ' ' -f 1)
            line="{\"hash\":\"$hash\",\"record\":$text}"
        fi
        prev=$(jq -r .hash <<<"$line")
        printf '%s\n' "$line"
    done
}
has() { # ACTION [JQ CONDITION]
    jq -es --arg a "$1" "[.[].record | values | select(.action == \$a and (${2:-true}))] | length > 0" "$LOG" >/dev/null ||
        wrong "the log has no $1 ${2:-}"
}

e_platform
e_nodes_paired
e_quorum
e_key
e_sign
api_try POST /v2/setup '{"setupToken": "x", "organizationName": "o", "firstName": "f", "lastName": "l", "email": "e@example.org"}'
[ "$API_STATUS" = 409 ] || wrong "a second setup: HTTP $API_STATUS"

h_wait 60 witnesses 3 || wrong "no countersignatures of three nodes: $API_BODY"
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
[[ $said == *"countersigned by 3 nodes up to record "* ]] || wrong "nobody vouches: $said"
ok "$(grep '^countersigned by 3' <<<"$said")"
for i in 1 2 3; do h_node_status $i; done >"$H_DIR/devices.json"
said=$(verify "$LOG" --head "$HEAD" --devices "$H_DIR/devices.json") || wrong "with the nodes' keys: $said"
[[ $said == *"countersigned by 3 nodes"* && $said != *"keys of the nodes are those"* ]] || wrong "with the nodes' keys: $said"
ok "the same with the keys that the nodes themselves gave"
"$H_BIN/cloudsign-platform" audit export --data-dir "$H_DIR/platform" >"$H_DIR/store.jsonl" 2>/dev/null || wrong "no export out of the store"
said=$(verify "$H_DIR/store.jsonl" --head "$HEAD" --devices "$H_DIR/devices.json") || wrong "an export out of the store: $said"
[[ $said == *"countersigned by 3 nodes up to record "* ]] || wrong "an export out of the store without what nodes say: $said"
ok "an export out of the store has what nodes say, too"
jq -c 'if .record then {record, hash} else . end' "$LOG" >"$LOG.jq"
verify "$LOG.jq" --head "$HEAD" >/dev/null || wrong "the same records from another tool do not verify"
ok "the same records, written by jq, are whole, too"

sed '/"seq":7}/s/"at":"20/"at":"19/' "$LOG" | tampered changed "record 7 changed"
records <"$LOG" | sed 7d | tampered missing "record 7 taken out"
records <"$LOG" | sed -n '7{h;d};8{p;g};p' | tampered swapped "records 7 and 8 swapped"
records <"$LOG" | sed '7p' | tampered inserted "record 7 twice"
records <"$LOG" | sed '$d' | tampered "another head" "the last record cut off"
sed '/^{"countersignature"/s/"time":"1/"time":"2/' "$LOG" | tampered forged "a countersignature changed"
HEAD=
records <"$LOG" | sed '12,$d' | tampered "cut off" "all from record 12 on cut off, and the nodes are asked"
# Made anew from record 7 on, with all hashes right: only the nodes know better.
records <"$LOG" | remake 7 | tampered forked "made anew from record 7 on"
code=0
verify /dev/null >/dev/null || code=$?
[ "$code" = 66 ] || wrong "an empty export: exit $code, not 66"

api GET /v2/audit/head
old=$(api_get .hash) n=$(api_get .seq)
export_all
h_stop platform KILL
h_platform_start
h_token || wrong "no access token after kill -9"
api POST /v2/vaults '{"name": "after"}'
export_all
api GET /v2/audit/head
HEAD=$(api_get .hash)
verify "$LOG" --head "$HEAD" >/dev/null || wrong "after kill -9 the log is not whole: $(verify "$LOG")"
[ "$(records <"$LOG" | sed -n "${n}p" | jq -r .hash)" = "$old" ] || wrong "after kill -9 the log has another past"
has "POST /v2/vaults" '.changes[0].after.name == "after"'
ok "kill -9 and a new start: the chain goes on, record $(records <"$LOG" | tail -n 1 | jq .record.seq)"
