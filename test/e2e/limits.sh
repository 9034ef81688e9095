#!/usr/bin/env bash
# Limits of a wallet and its allow list over real nodes: signed up to the limit, refused
# beyond it with a reason, also by requests at once and over a kill -9; the window opens
# again; only the address book is paid.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

LIMITS= TO= AMOUNT= UNITS=

sol() { printf '%d.%09d' $(($1 / 1000000000)) $(($1 % 1000000000)) | sed 's/\.\{0,1\}0*$//'; } # of lamports
times() { sol $(($1 * UNITS)); }
limit() { # BODY: sets LIMIT
    api PUT "$LIMITS" "$1"
    [ "$(api_get .status)" = LIMIT_ENABLED ] || wrong "the limit is $(api_get .status)"
    LIMIT=$(api_get .id)
}
unlimited() { api DELETE "$LIMITS/$LIMIT"; }
used() { api GET "$LIMITS/$LIMIT"; api_get .usedQty; }
refused() { # WORD SENTENCE: the last request was REJECTED, before any node heard of it
    [ "$(api_get .status)" = REJECTED ] || wrong "$2: the request is $(api_get .status), not REJECTED"
    [[ $(api_get '.reasons[0]') == *"$1"* ]] || wrong "$2: the reason is $(api_get '.reasons[0]')"
    [ "$(api_get '.attempt | tostring')" = 0 ] || wrong "$2: a node was asked"
    ok "$2: $(api_get '.reasons[0]')"
}
pay() { h_sign SOLANA ED25519 raw "$E_HEX"; } # the same payload, each time a new request
pay_signed() { pay; h_sign_wait; }
settings() { # ALLOW_LIST
    api PUT "$(h_wallet_path SOLANA ED25519)/settings" "{\"settings\": {\"enabled\": true, \"rawSigningEnabled\": true,
        \"sweepingEnabled\": false, \"defaultFreezeEnabled\": false, \"allowListEnabled\": $1}}"
}

e_platform
e_nodes_paired
e_quorum
e_key
LIMITS=$(h_wallet_path SOLANA ED25519)/policy-rules/limits
e_transfer
pay
UNITS=$(jq -r '.qty | tonumber * 1e9 | round' <<<"$API_BODY") TO=$(api_get .destinationAddress)
AMOUNT=$(times 1)
[ "$(api_get .qty)" = "$AMOUNT" ] || wrong "$AMOUNT is not $(api_get .qty)"
h_sign_wait
e_judge raw "$E_HEX"
ok "without limits $AMOUNT SOL are signed"

# ---- one transaction

limit "{\"limitType\": \"PER_TX\", \"symbol\": \"SOL\", \"limitQty\": \"$AMOUNT\"}"
pay_signed
pay_signed
ok "each of $AMOUNT SOL is within PER_TX $AMOUNT"
h_sign SOLANA ED25519 plaintext "hello"
refused PAL006.005 "a text under a limit"
unlimited
limit "{\"limitType\": \"PER_TX\", \"symbol\": \"SOL\", \"limitQty\": \"$(sol $((UNITS - 1)))\"}"
pay
refused POLICY_LIMIT "$AMOUNT SOL with a limit that is one lamport smaller"
unlimited
limit '{"limitType": "PER_TX", "symbol": "USDC", "contract": "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v", "limitQty": "5", "decimals": 6}'
pay
refused PAL006.005 "an asset that no limit is about"
unlimited

# ---- a window

limit "{\"limitType\": \"ROLLING_DURATION\", \"symbol\": \"SOL\", \"limitQty\": \"$(times 2)\", \"duration\": \"PT1M\"}"
[ "$(api_get .duration)" = 60s ] || wrong "PT1M is $(api_get .duration)"
pay_signed
pay_signed
pay
refused POLICY_LIMIT "a third payment within the minute"
[ "$(used)" = "$(times 2)" ] || wrong "used is $(used)"
kill -9 "${H_PID[platform]}"
h_reap platform
h_platform_start
h_token
pay
refused POLICY_LIMIT "the same after a kill -9 of the platform"
unused() { [ "$(used)" = 0 ]; }
h_wait 90 unused || wrong "the window does not open again: $(used)"
h_wait 30 h_quietly e_online 1 2 3 || wrong "the nodes do not come back"
pay_signed
ok "the minute has passed: signed again"
unlimited

# ---- requests at once

limit "{\"limitType\": \"CONSTANT\", \"symbol\": \"SOL\", \"limitQty\": \"$(times 3)\"}"
path=$(h_wallet_path SOLANA ED25519)/transactions/raw
jq -nc --arg v "$E_HEX" '{encodedTransaction: $v, signOnly: true}' >"$H_DIR/body.json"
printf 'header = "Authorization: Bearer %s"\n' "$H_TOKEN" >"$H_DIR/curl.conf"
pids=()
for n in {1..12}; do
    curl --silent --max-time 60 --noproxy '*' --cacert "$H_DIR/platform/ca.pem" -o "$H_DIR/at-once.$n" -X POST \
        -K "$H_DIR/curl.conf" -H 'Content-Type: application/json' -d @"$H_DIR/body.json" "$H_URL$path?wait=30" &
    pids+=($!)
done
for pid in "${pids[@]}"; do wait "$pid" || wrong "a request at once was not answered"; done
count() { cat "$H_DIR"/at-once.* | jq -s --arg s "$1" '[.[] | select(.status == $s)] | length'; }
[ "$(count SIGNED)" = 3 ] && [ "$(count REJECTED)" = 9 ] || wrong "$(count SIGNED) signed, $(count REJECTED) refused: $(cat "$H_DIR"/at-once.* | head -c 2000)"
ok "twelve requests at once with room for three: three signed, nine refused"
unlimited

# ---- texts

limit '{"limitType": "PER_TX", "symbol": "SOL", "limitQty": "0", "matchers": [{"type": "TRANSACTION_TYPE", "value": "PLAINTEXT"}]}'
h_sign SOLANA ED25519 plaintext "hello"
h_sign_wait
e_judge plaintext "hello"
ok "a text that a limit names: signed"
unlimited

# ---- the allow list

settings true
pay
refused POLICY_DESTINATION "a payee that is not in the address book"
api POST /v2/counterparties '{"name": "Exchange", "details": {"type": "ORGANIZATION", "organization": {"legalName": "Exchange Ltd"}}}'
party=$(api_get .id)
api POST "/v2/counterparties/$party/addresses" "{\"termsAndConditionsAccepted\": true, \"details\": {\"type\": \"EXTERNAL\",
    \"externalAddress\": {\"address\": \"$TO\", \"name\": \"Deposits\", \"blockchains\": [\"SOLANA\"]}}}"
address=$(api_get .addressId)
pay_signed
ok "the same payee, now in the book: signed"
api GET "/v2/addresses?address=$TO"
[ "$(api_get '.addresses[0].addressId')" = "$address" ] || wrong "the book does not find it"
api DELETE "/v2/counterparties/$party/addresses/$address"
pay
refused POLICY_DESTINATION "the same payee, out of the book again"
settings false
pay_signed
ok "without the allow list anybody is paid"
