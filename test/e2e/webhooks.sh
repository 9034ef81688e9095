#!/usr/bin/env bash
# Webhooks of a real platform at a real HTTPS endpoint that judges each delivery with Node's
# crypto, fails, redirects, pours, hangs and dies; the platform is killed in the middle.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
# shellcheck source=hooks-lib.sh
source "$E_HERE/hooks-lib.sh"
command -v node >/dev/null || { echo "SKIPPED: no node"; exit 77; }

w_device() { api POST /v2/devices "{\"displayName\": \"$1\", \"deviceType\": \"CLOUD\"}"; W_DEVICE=$(api_get .id); }
w_rename() { api PUT "/v2/devices/$W_DEVICE/display-name" "{\"displayName\": \"$1\"}"; }
# w_newest FILTER: does the newest delivery fit?
w_newest() { api GET "/v2/webhooks/$W_HOOK/deliveries?pageSize=1"; [ "$(jq ".deliveries[0] | $1" <<<"$API_BODY")" = true ]; }
w_newest_is() { h_wait 40 w_newest "$1" || wrong "$2: $(jq -c '.deliveries[0]' <<<"$API_BODY")"; ok "$2"; }
w_replay() {
    api GET "/v2/webhooks/$W_HOOK/deliveries?pageSize=1"
    api POST "/v2/webhooks/$W_HOOK/deliveries/$(api_get '.deliveries[0].id')/replay" '{}'
}
w_none_wait() { # nothing of this webhook waits any more
    api GET "/v2/webhooks/$W_HOOK/deliveries?pageSize=200"
    [ "$(jq '[.deliveries[] | select(.status == "PENDING")] | length' <<<"$API_BODY")" = 0 ]
}

w_files
w_start
H_PLATFORM_ARGS=(--webhook-ca "$W_DIR/ca.pem" --webhook-allow "127.0.0.1/32:$W_PORT")
e_platform
[ "$(stat -c %a "$H_DIR/platform/seal.key")" = 600 ] || wrong "seal.key may be read by others"

# ---- a delivery ----
w_hook /a
w_device first
w_newest_is '.status == "DELIVERED" and .attempts == 1 and .lastStatus == 200' "an event is delivered"
w_some '.path == "/a" and .type == "device.created" and .object.name == "first"' 1 || wrong "not received"
w_all_good "a signature does not verify with Node's crypto"
ok "both signatures verify with Node's crypto"
api POST "/v2/webhooks/$W_HOOK/test" '{}'
w_newest_is '.status == "DELIVERED" and .type == "webhook.test"' "a test delivery"

# ---- endpoints that misbehave ----
w_mode fail
w_device second
w_newest_is '.status == "PENDING" and .lastStatus == 500 and .attempts >= 1' "a 500 is tried again"
w_mode ok
w_replay
w_newest_is '.status == "DELIVERED"' "a replay sends it at once"
api GET "/v2/webhooks/$W_HOOK"
[ "$(jq '.failureCount >= 1 and .successCount >= 3 and .lastSuccess != null' <<<"$API_BODY")" = true ] || wrong "counters: $API_BODY"
w_mode redirect
w_device third
w_newest_is '.status == "PENDING" and .lastStatus == 307 and (.lastError | contains("redirect"))' "a redirect is not followed"
[ "$(w_count '.path == "/elsewhere"')" = 0 ] || wrong "the redirect was followed"
w_mode endless
w_replay
w_newest_is '.status == "DELIVERED"' "nothing is read of an endless answer"
w_mode silent
w_device fourth
w_newest_is '.status == "PENDING" and .lastStatus == 0 and .lastError != ""' "a connection that ends is a failure"
w_mode ok
w_replay
w_newest_is '.status == "DELIVERED"' "and is repaired"
h_stop hooks TERM
w_device fifth
w_newest_is '.status == "PENDING" and .lastError != ""' "an endpoint that is down"
w_start
w_put key "$(jq -nc --arg k "$W_KEY" '{path: "/a", publicKey: $k}')"
h_wait 60 w_none_wait || wrong "it is up again, but: $API_BODY"
ok "what waited comes by itself when it is up again"

# ---- where it may not go ----
for url in https://127.0.0.2:$W_PORT/ https://127.0.0.1/ https://169.254.169.254/ http://127.0.0.1:$W_PORT/ \
    https://[::1]:$W_PORT/ https://2130706433:$W_PORT/ https://127.0.0.1:22/; do
    api_try POST /v2/webhooks "$(jq -nc --arg u "$url" '{name: "x", endpoint: $u}')"
    [ "$API_STATUS" = 400 ] || wrong "$url: HTTP $API_STATUS"
done
ok "addresses and ports that are not allowed are refused"
before=$(w_count true) own=$W_HOOK
for name in localhost no-such-name.invalid; do
    api POST /v2/webhooks "$(jq -nc --arg u "https://$name:$W_PORT/name" '{name: "x", endpoint: $u}')"
    W_HOOK=$(api_get .id)
    api POST "/v2/webhooks/$W_HOOK/test" '{}'
    w_newest_is '.status == "PENDING" and .attempts >= 1 and .lastStatus == 0 and .lastError != ""' "a name that is not the endpoint's"
    printf '      %s\n' "$(jq -r '.deliveries[0].lastError' <<<"$API_BODY")"
    api DELETE "/v2/webhooks/$W_HOOK"
done
W_HOOK=$own
[ "$(w_count true)" = "$before" ] || wrong "something was sent"

# ---- kill -9 in the middle ----
w_mode hang
w_device sixth
h_wait 20 w_some '.object.name == "sixth"' 1 || wrong "the call was not made"
h_stop platform KILL
w_mode ok
h_platform_start
h_wait 40 w_some '.object.name == "sixth"' 2 || wrong "what was under way was lost"
[ "$(w_calls | jq '[.[] | select(.object.name == "sixth") | .eventId] | unique | length')" = 1 ] || wrong "another event id"
ok "a call that was cut off by kill -9 is made once more, with its event id"

w_mode slow
devices=()
for i in 1 2 3 4 5 6; do
    w_device "d$i-0"
    devices+=("$W_DEVICE")
    for k in 1 2 3; do w_rename "d$i-$k"; done
    if [ "$i" = 3 ] || [ "$i" = 5 ]; then
        h_stop platform KILL
        h_platform_start
    fi
done
h_wait 120 w_none_wait || wrong "not all was delivered: $(jq -c '[.deliveries[] | select(.status == "PENDING")]' <<<"$API_BODY")"
for i in 1 2 3 4 5 6; do
    # The first time that each of the four states came, in order.
    got=$(w_calls | jq -c --arg d "${devices[$((i - 1))]}" '[.[] | select(.object.id == $d) | .object.name] |
        reduce .[] as $n ([]; if index($n) then . else . + [$n] end)')
    [ "$got" = "[\"d$i-0\",\"d$i-1\",\"d$i-2\",\"d$i-3\"]" ] || wrong "device $i: $got"
done
ok "24 events over two kills: each came, in order for its object"
w_all_good "after all: a signature does not verify"

# ---- the end of a webhook ----
api DELETE "/v2/webhooks/$W_HOOK"
before=$(w_count true)
w_device last
sleep 1
[ "$(w_count true)" = "$before" ] || wrong "a deleted webhook is told"
ok "a deleted webhook is told nothing"
grep -qF "$(head -c 32 "$H_DIR/platform/seal.key")" "$H_DIR/platform/data.mdb" "$H_DIR"/logs/*.log &&
    wrong "the key that seals is in the store or a log"
h_stop platform TERM
[ "$H_EXIT" = 0 ] || wrong "the platform ended with $H_EXIT"
ok "the end in order"
