#!/usr/bin/env bash
# /v2/events of a real platform, with Node's ws: who may listen, what comes, replay, what
# ends it, and a reader that does not read.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
command -v node >/dev/null && [ -d "$E_HERE/../node_modules/ws" ] || {
    echo "SKIPPED: no package ws: run third_party/install.sh --with-harness"
    exit 77
}
PASSWORD="correct horse battery staple"

totp() { # SECRET: the code of now
    local key counter mac at
    key=$(printf '%s' "$1" | base32 -d | od -An -tx1 | tr -d ' \n')
    counter=$(printf '%016x' $((EPOCHSECONDS / 30)))
    mac=$(printf '%b' "$(sed 's/../\\x&/g' <<<"$counter")" |
        openssl dgst -sha1 -mac HMAC -macopt "hexkey:$key" | sed 's/.*= *//')
    at=$((2 * 16#${mac:39:1}))
    printf '%06d' $(((16#${mac:$at:8} & 0x7fffffff) % 1000000))
}
page() { # METHOD PATH BODY: as a page of the platform
    curl -sS --max-time 30 --noproxy '*' --cacert "$H_DIR/platform/ca.pem" -X "$1" -D "$H_DIR/head" \
        -H 'Content-Type: application/json' -H "Origin: $H_URL" -H 'Sec-Fetch-Site: same-origin' \
        -H "X-CSRF-Token: ${E_CSRF:-}" -H "Cookie: ${E_COOKIE:-none=1}" -d "$3" "$H_URL$2"
}
# listen NAME ARGS...: in the background; what comes is in logs/NAME.jsonl
listen() {
    local name=$1
    shift
    node "$E_HERE/../harness/listen.mjs" "$H_URL" "$H_DIR/platform/ca.pem" "$@" \
        >"$H_DIR/logs/$name.jsonl" 2>>"$H_DIR/logs/listen.log" &
    H_PID[$name]=$!
}
got() { [ "$(jq -s "[.[] | select($2)] | length" "$H_DIR/logs/$1.jsonl")" -ge "${3:-1}" ]; }
wait_for() { h_wait 30 got "$1" "$2" "${4:-1}" || wrong "$3: $(tail -n 3 "$H_DIR/logs/$1.jsonl")"; ok "$3"; }
refused() { # NAME SENTENCE CODE ARGS...
    local name=$1 what=$2 code=$3
    shift 3
    listen "$name" "$@"
    h_wait 20 h_ended "$name" || wrong "$what: goes on"
    h_reap "$name"
    got "$name" ".closed == $code" || wrong "$what: $(cat "$H_DIR/logs/$name.jsonl")"
    ! got "$name" '.message' || wrong "$what: heard something"
    ok "$what: $code"
}

h_platform_start
setup=$(page POST /v2/setup "$(jq -nc --arg t "$(<"$H_DIR/platform/setup-token")" --arg p "$PASSWORD" \
    '{setupToken: $t, organizationName: "Three nodes", firstName: "Ada", lastName: "Admin", email: "ada@example.org", password: $p}')")
h_put clientSecret "$(jq -er .credential.clientSecret <<<"$setup")"
h_put clientId "$(jq -er .credential.clientId <<<"$setup")"
secret=$(jq -er .totp.secret <<<"$setup")
session=$(page POST /v2/session "$(jq -nc --arg p "$PASSWORD" --arg c "$(totp "$secret")" '{email: "ada@example.org", password: $p, code: $c}')")
E_CSRF=$(jq -er .csrfToken <<<"$session") || wrong "sign-in: $session"
E_COOKIE=$(sed -n 's/^[Ss]et-[Cc]ookie: \([^;]*\);.*/\1/p' "$H_DIR/head")
h_token || wrong "no access token"

# ---- who may not ----
refused no-one "no cookie and no token" 4401 --origin "$H_URL"
refused foreign "a foreign Origin with a good cookie" 4403 --origin https://evil.example --cookie "$E_COOKIE"
refused no-origin "no Origin with a good cookie" 4403 --cookie "$E_COOKIE"
refused forged "a forged cookie" 4401 --origin "$H_URL" --cookie "__Host-cloudsign=$(printf '%064d' 1)"
refused bad-token "a forged token" 4401 --token "$(printf '%064d' 1)"
refused no-protocol "without the subprotocol" 1006 --origin "$H_URL" --cookie "$E_COOKIE" --protocol none
refused control "the channel of nodes at this path" 1006 --origin "$H_URL" --cookie "$E_COOKIE" --protocol cloudsign.control.v2

# ---- what comes ----
listen ada --origin "$H_URL" --cookie "$E_COOKIE"
listen program --token "$H_TOKEN"
wait_for ada '.message.type == "hello"' "a page of ours is greeted"
wait_for program '.message.type == "hello"' "a program with a token is greeted"
h_device_create 1
wait_for ada '.message.type == "device.created"' "a new device"
wait_for program '.message.type == "device.created"' "the program hears it, too"
[ "$(jq -s 'map(.message.id // empty) | . == sort and (unique | length) == length' "$H_DIR/logs/ada.jsonl")" = true ] || wrong "ids do not rise"
h_node_start 1
wait_for ada '.message.type == "device.online"' "a node comes online"
h_device_wait 1 statusText "Waiting for approval"
h_device_approve 1
h_device_wait 1 statusText Paired
h_stop node1 TERM
wait_for ada '.message.type == "device.offline"' "and goes"

# ---- replay ----
first=$(jq -s '[.[] | select(.message.type == "device.created")][0].message.id' "$H_DIR/logs/ada.jsonl")
listen again --token "$H_TOKEN" --since "$first"
wait_for again '.message.type == "device.offline"' "since= replays what came after"
! got again '.message.type == "device.created"' || wrong "and what came before"
h_stop again TERM
listen old --token "$H_TOKEN" --since 999999999
wait_for old '.message.type == "resync"' "an unknown number is a resync"
h_stop old TERM

# ---- what ends it ----
listen talker --token "$H_TOKEN" --say hello
h_wait 20 h_ended talker || wrong "who talks goes on"
h_reap talker
got talker '.closed == 1008' || wrong "who talks: $(cat "$H_DIR/logs/talker.jsonl")"
ok "who talks is closed: 1008"
page DELETE /v2/session '' >/dev/null
h_wait 10 h_ended ada || wrong "a socket outlives its session"
h_reap ada
got ada '.closed == 4401' || wrong "closed with $(tail -n 1 "$H_DIR/logs/ada.jsonl")"
ok "the socket ends with its session: 4401"
refused gone "the ended session's cookie" 4401 --origin "$H_URL" --cookie "$E_COOKIE"
kill -STOP "${H_PID[program]}" # reads nothing any more
for i in $(seq 400); do
    api PUT "/v2/devices/$(h_get device1)/display-name" "{\"displayName\": \"n$i\"}"
done
kill -CONT "${H_PID[program]}"
api GET /v2/devices
ok "a reader that stops does not stop the platform"
listen many1 --token "$H_TOKEN"
for i in $(seq 2 12); do listen "many$i" --token "$H_TOKEN"; done
h_wait 20 h_ended many12 || h_wait 5 h_ended many11 || true
closed=$(cat "$H_DIR"/logs/many*.jsonl | jq -s '[.[] | select(.closed == 4429)] | length')
[ "$closed" -ge 2 ] || wrong "$closed of 12 sockets of one credential were refused"
ok "one credential has ten sockets, not more"
h_stop platform TERM
[ "$H_EXIT" = 0 ] || wrong "the platform ended with $H_EXIT"
h_wait 10 h_ended program || wrong "a socket outlives the platform"
ok "all sockets end with the platform"
