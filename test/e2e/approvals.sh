#!/usr/bin/env bash
# Approvals over real processes: two approvers with cookies, one credential that asks.
# A device, a quorum and a request wait and go on; one is rejected, one frozen, one
# forgotten; a kill in the middle; forty votes of one person at once.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
# shellcheck source=people-lib.sh
source "$E_HERE/people-lib.sh"

group() { # SOURCE REQUIRED TIMEOUT [WALLET]
    api PUT "/v2/approvers${4:+/$4}" "$(jq -nc --arg s "$1" --argjson m "$2" --argjson t "$3" --arg b "$bob" --arg c "$cyd" \
        '{sourceType: $s, requiredApproverCount: $m, timeoutSeconds: $t, approvers: [$b, $c]}')"
}
take() { SET=$(api_get .approvalId); [ ${#SET} = 36 ] || wrong "nothing waits: $API_BODY"; }
vote() { browse "$1" PUT "/v2/approvals/$SET" "$(jq -nc --arg s "$2" '{status: $s, reasons: ["seen"]}')"; }
set_is() {
    api GET "/v2/approvals/$SET"
    [ "$(api_get .summary.status)" = "$1" ] || wrong "$2: the set is $API_BODY"
    ok "$2: $1"
}
tx_is() {
    api GET "$TX"
    [ "$(api_get .status)" = "$1" ] || wrong "$2: $API_BODY"
    ok "$2: $1"
}
request() { e_transfer; h_sign SOLANA ED25519 raw "$E_HEX"; take; }

e_platform
invite bob bob@example.org APPROVER "a long one of bob's"
bob=$USER
invite cyd cyd@example.org APPROVER "another one of cyd's"
cyd=$USER
signed_in=$EPOCHSECONDS

for n in 1 2 3; do h_device_create "$n"; h_node_start "$n"; done
for n in 1 2 3; do h_device_wait "$n" statusText "Waiting for approval"; done
group DEVICE 2 600
h_device_approve 1
h_device 1
take
[ "$(api_get .approvalStatus)" = PENDING ] || wrong "a device that waits: $API_BODY"
api_try PUT "/v2/approvals/$SET" '{"status": "APPROVED"}'
expect 403 "a credential that votes"
vote bob APPROVED
expect 200 "bob agrees to the device"
h_device_is 1 approvalStatus PENDING || wrong "one of two was enough"
vote cyd APPROVED
expect 200 "cyd, too"
set_is MET "the device's set"
h_device_wait 1 statusText Paired
ok "the device is Paired"
group DEVICE 1 600
for n in 2 3; do
    h_device_approve "$n"
    h_device "$n"
    take
    vote bob APPROVED
done
e_online 1 2 3

group QUORUM 1 600
h_quorum_create
take
h_quorum_is QUORUM_STATE_INITIAL || wrong "a quorum that waits: $API_BODY"
vote cyd APPROVED
h_quorum_wait
ok "the quorum waited, and is Confirmed"
e_key

wallet=$(h_get wallet-SOLANA-ED25519)
group TRANSACTION 2 300 "$wallet"
request
forgotten=$TX forgotten_set=$SET forgotten_at=$EPOCHSECONDS
tx_is APPROVAL_CHECK_PENDING "a request"

request
api GET "/v2/approvals/$SET"
hash=$(xxd -r -p <<<"$E_HEX" | sha256sum | cut -d ' ' -f 1)
jq -e --arg h "$hash" 'any(.lines[]; .value == $h)' <<<"$API_BODY" >/dev/null || wrong "approvers do not see the payload's hash: $API_BODY"
ok "approvers see the payload's SHA-256"
cookie=$(awk '$6 == "__Host-cloudsign" { print $7 }' "$H_DIR/jar-bob")
printf 'header = "Cookie: __Host-cloudsign=%s"\nheader = "X-CSRF-Token: %s"\nheader = "Origin: %s"\nheader = "Content-Type: application/json"\n' \
    "$cookie" "$(h_get csrf-bob)" "$H_URL" >"$H_DIR/bob.conf"
for _ in {1..40}; do
    curl --silent --max-time 30 --noproxy '*' --cacert "$H_DIR/platform/ca.pem" -K "$H_DIR/bob.conf" -o /dev/null \
        -X PUT -d '{"status": "APPROVED", "reasons": []}' "$H_URL/v2/approvals/$SET" &
    votes+=($!)
done
for pid in "${votes[@]}"; do wait "$pid" || wrong "a vote had no answer"; done
rm "$H_DIR/bob.conf"
api GET "/v2/approvals/$SET"
[ "$(api_get .summary.currentApprovedCount)" = 1 ] || wrong "forty votes of bob: $API_BODY"
tx_is APPROVAL_CHECK_PENDING "forty votes of one person at once"
h_stop platform KILL
h_platform_start
h_token || wrong "no access token"
e_online 1 2 3
tx_is APPROVAL_CHECK_PENDING "after kill -9"
vote cyd APPROVED
expect 200 "the second vote"
e_verify
ok "the request is signed, and verifies"

request
vote bob REJECTED
expect 200 "bob says no"
set_is NOT_MET "two of two cannot be reached"
tx_is REJECTED "the request"

request
browse bob PUT "$TX/freeze?reason=looks+odd"
expect 200 "bob freezes one"
vote bob APPROVED
vote cyd APPROVED
tx_is APPROVAL_CHECK_PASSED "it is approved, and frozen"
api_try PUT "$TX/unfreeze"
expect 403 "who asked unfreezes"
browse cyd PUT "$TX/unfreeze?reason=asked"
expect 200 "cyd unfreezes"
e_verify
ok "it is signed"
api GET "$TX/freeze-history"
[ "$(jq '.entries | length' <<<"$API_BODY")" = 2 ] || wrong "history: $API_BODY"
ok "users were there for $((EPOCHSECONDS - signed_in)) s"

TX=$forgotten SET=$forgotten_set
expired() { api_try GET "/v2/approvals/$SET" && [ "$(api_get .summary.status)" = EXPIRED ]; }
h_wait $((330 - (EPOCHSECONDS - forgotten_at))) expired || wrong "nobody decided for five minutes: $API_BODY"
tx_is REJECTED "the forgotten one, after $((EPOCHSECONDS - forgotten_at)) s"
jq -e '.reasons[0] | startswith("APPROVAL_EXPIRED")' <<<"$API_BODY" >/dev/null || wrong "reasons: $API_BODY"
for n in 1 2 3; do h_stop_clean "node$n"; done
h_stop_clean platform
