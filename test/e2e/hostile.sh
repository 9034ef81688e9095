#!/usr/bin/env bash
# A hostile client against a real platform: forged and expired tokens, replays, foreign
# origins, JSON bombs, scripts in every text, smuggling, traversal, injected log lines.
# src/platform/SECURITY.md names what each part stands for.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

PASSWORD="correct horse battery staple"
CANARY='<script>alert(1)</script><img src=x onerror=alert(2)>"'"'"'${7*7}{{7*7}}'

# ask NAME=VALUE.. : one request; METHOD, path, body (a file), each header as "h:Name: v".
# Sets STATUS and BODY; the head is in $H_DIR/head.
ask() {
    local method=GET path=/ args=() a out
    for a in "$@"; do
        case $a in
            m=*) method=${a#m=} ;;
            p=*) path=${a#p=} ;;
            d=*) args+=(--data-binary "@${a#d=}") ;;
            h:*) args+=(-H "${a#h:}") ;;
        esac
    done
    out=$(curl --silent --max-time 30 --noproxy '*' --path-as-is --cacert "$H_DIR/platform/ca.pem" \
        -X "$method" -D "$H_DIR/head" -w '\n%{http_code}' "${args[@]+"${args[@]}"}" "$H_URL$path") || out=$'\n000'
    STATUS=${out##*$'\n'} BODY=${out%$'\n'*}
}
want() { # STATUS SENTENCE
    [[ " $1 " == *" $STATUS "* ]] || wrong "$2: HTTP $STATUS, not $1: ${BODY:0:200}"
    ok "$2: $STATUS"
}
file() { printf '%s' "$1" >"$H_DIR/body"; printf '%s' "$H_DIR/body"; }
json="h:Content-Type: application/json"
# raw TEXT [SECONDS]: these bytes (printf's escapes) over TLS; the answer in $H_DIR/raw.
raw() {
    { printf "$1"; sleep "${2:-0.3}"; } | timeout 10 openssl s_client -quiet -no_ign_eof -connect "${H_URL#https://}" \
        -CAfile "$H_DIR/platform/ca.pem" >"$H_DIR/raw" 2>/dev/null || true
}
# one STATUSES SENTENCE: exactly one answer, with one of these ("none": hung up, too).
one() {
    local n status
    n=$(grep -ac '^HTTP/1\.1 ' "$H_DIR/raw") || n=0
    status=$(sed -n '1s/^HTTP\/1\.1 \([0-9]*\).*/\1/p' "$H_DIR/raw")
    [ "$n" -le 1 ] || wrong "$2: $n answers: a second request was read"
    [[ " $1 " == *" ${status:-none} "* ]] || wrong "$2: ${status:-none}, not $1"
    ok "$2: ${status:-hung up}"
}
alive() { # SENTENCE: the platform answers, and fast
    local begin
    begin=$(h_now_ms)
    ask p=/v2/vaults "h:Authorization: Bearer $H_TOKEN"
    [ "$STATUS" = 200 ] || wrong "after $1 the platform answers $STATUS"
    ok "after $1 the platform answers in $(($(h_now_ms) - begin)) ms"
}
totp() {
    local key counter mac at
    key=$(printf '%s' "$1" | base32 -d | od -An -tx1 | tr -d ' \n')
    counter=$(printf '%016x' $((EPOCHSECONDS / 30 + $2)))
    mac=$(printf '%b' "$(sed 's/../\\x&/g' <<<"$counter")" |
        openssl dgst -sha1 -mac HMAC -macopt "hexkey:$key" | sed 's/.*= *//')
    at=$((2 * 16#${mac:39:1}))
    printf '%06d' $(((16#${mac:$at:8} & 0x7fffffff) % 1000000))
}

h_platform_start
setup=$(jq -nc --arg t "$(<"$H_DIR/platform/setup-token")" --arg p "$PASSWORD" \
    '{setupToken: $t, organizationName: "Hostile", firstName: "Ada", lastName: "A", email: "ada@example.org", password: $p}')
ask m=POST p=/v2/setup d="$(file "$setup")" "$json"
want 200 "setup"
h_put clientSecret "$(jq -r .credential.clientSecret <<<"$BODY")"
h_put clientId "$(jq -r .credential.clientId <<<"$BODY")"
secret=$(jq -r .totp.secret <<<"$BODY")
h_token || wrong "no token"

printf '\n-- tokens and replays\n'
for t in "" "Bearer " "Bearer $(printf '0%.0s' {1..64})" "Bearer ${H_TOKEN:0:63}" "Bearer ${H_TOKEN}0" \
    "Bearer $(tr a-f A-F <<<"$H_TOKEN")" "Basic $(printf '%s:%s' "$(h_get clientId)" "$(h_get clientSecret)" | base64 -w0)" \
    "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiJ9."; do
    ask p=/v2/vaults "h:Authorization: $t"
    [ "$STATUS" = 401 ] || { [ "$t" = "Bearer $(tr a-f A-F <<<"$H_TOKEN")" ] && [ "$H_TOKEN" = "$(tr a-f A-F <<<"$H_TOKEN")" ]; } ||
        wrong "a forged token: $STATUS"
done
ok "eight forged tokens: 401"
ask "p=/v2/vaults?access_token=$H_TOKEN"
want 401 "a token in the address"
ask m=POST p=/v2/setup d="$(file "$setup")" "$json"
want 409 "the setup token a second time"
code=$(totp "$secret" 0)
signin=$(jq -nc --arg p "$PASSWORD" --arg c "$code" '{email: "ada@example.org", password: $p, code: $c}')
fixed="__Host-cloudsign=$(printf 'a%.0s' {1..64})"
ask m=POST p=/v2/session d="$(file "$signin")" "$json" "h:Origin: $H_URL" "h:Cookie: $fixed"
want 200 "sign-in with a cookie that somebody planted"
cookie=$(sed -n 's/^[Ss]et-[Cc]ookie: \(__Host-cloudsign=[0-9a-f]*\).*/\1/p' "$H_DIR/head")
csrf=$(jq -r .csrfToken <<<"$BODY")
[ -n "$cookie" ] && [ "$cookie" != "$fixed" ] || wrong "the planted cookie was taken over"
ask p=/v2/session "h:Cookie: $fixed"
want 401 "the planted cookie"
ask m=POST p=/v2/session d="$(file "$signin")" "$json" "h:Origin: $H_URL"
want 401 "the same code again"
ask m=POST p=/v2/vaults d="$(file '{"name":"once"}')" "$json" "h:Authorization: Bearer $H_TOKEN" "h:Idempotency-Key: k1"
want 200 "a request with an idempotency key"
first=$(jq -r .id <<<"$BODY")
ask m=POST p=/v2/vaults d="$(file '{"name":"once"}')" "$json" "h:Authorization: Bearer $H_TOKEN" "h:Idempotency-Key: k1"
[ "$(jq -r .id <<<"$BODY")" = "$first" ] || wrong "the replay made another vault"
ok "its replay makes nothing new"
ask m=POST p=/v2/vaults d="$(file '{"name":"other"}')" "$json" "h:Authorization: Bearer $H_TOKEN" "h:Idempotency-Key: k1"
want 409 "the same key for something else"

printf '\n-- foreign pages\n'
page=("h:Cookie: $cookie" "$json" "h:X-CSRF-Token: $csrf")
for o in "https://evil.example" "null" "$H_URL.evil.example" "http://${H_URL#https://}"; do
    ask m=POST p=/v2/vaults d="$(file '{"name":"x"}')" "${page[@]}" "h:Origin: $o"
    want 403 "a write of $o"
done
ask m=POST p=/v2/vaults d="$(file '{"name":"x"}')" "${page[@]}"
want 403 "a write without Origin"
ask m=OPTIONS p=/v2/vaults "h:Origin: https://evil.example" "h:Access-Control-Request-Method: POST"
want "405 404 401" "a preflight of a foreign page"
ask p=/v2/session "h:Cookie: $cookie" "h:Origin: https://evil.example"
! grep -qi '^access-control' "$H_DIR/head" || wrong "an answer allows foreign pages: $(grep -i ^access-control "$H_DIR/head")"
ok "no answer has a CORS header"
# A page of ours gets them: the answers below mean something.
upgrade="GET /v2/events HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: cloudsign.events.v1\r\nCookie: $cookie\r\n"
raw "${upgrade}Origin: $H_URL\r\n\r\n" 3 # a busy machine's hello takes its time
grep -aq '"type":"hello"' "$H_DIR/raw" || wrong "a page of ours gets no events"
raw "${upgrade}Origin: https://evil.example\r\n\r\n" 1
! grep -aq '"type":"hello"' "$H_DIR/raw" || wrong "a foreign page's WebSocket gets events"
ok "a foreign page's WebSocket gets no events"
raw "${upgrade}\r\n" 1
! grep -aq '"type":"hello"' "$H_DIR/raw" || wrong "a WebSocket with a cookie and without Origin gets events"
ok "nor does one without Origin"

printf '\n-- JSON\n'
auth="h:Authorization: Bearer $H_TOKEN"
post() { ask m=POST p=/v2/vaults d="$H_DIR/body" "$auth" "${@-$json}"; }
{ printf '%0.s[' {1..20000}; } >"$H_DIR/body"; post; want 400 "20,000 brackets"
{ printf '{"name":"a"'; printf ',"k%d":1' {1..20000}; printf '}'; } >"$H_DIR/body"; post; want 400 "20,000 members"
{ printf '{"name":'; printf '{"a":%.0s' {1..5000}; printf '1'; printf '}%.0s' {1..5000}; printf '}'; } >"$H_DIR/body"; post; want 400 "5,000 objects deep"
file '{"name":"a","name":"b"}' >/dev/null; post; want 400 "a member twice"
file '{"name":"a\u0000b"}' >/dev/null; post; want 400 "a NUL"
file '{"name":1e400}' >/dev/null; post; want 400 "a number without end"
file '{"name":"a"} {"name":"b"}' >/dev/null; post; want 400 "two values"
printf '{"name":"\xff\xfe"}' >"$H_DIR/body"; post; want 400 "what is not UTF-8"
head -c 700000 /dev/zero | tr '\0' ' ' >"$H_DIR/body"; post; want "413 000" "700 KB of blanks"
file '{"name":"a"}' >/dev/null
for type in text/plain application/x-www-form-urlencoded multipart/form-data text/html application/jsonp; do
    post "h:Content-Type: $type"; want 415 "JSON as $type"
done
post "h:Content-Type;"; want 415 "JSON as nothing"
ask "p=/v2/vaults?pageSize=1&pageSize=100" "$auth"; want 400 "a parameter twice"
for q in "pageSize=1%000" "pageSize=1%00%00x" "pageSize%00=1" "pageSize=%001"; do
    ask "p=/v2/vaults?$q" "$auth"; want "400 000" "a NUL in a parameter ($q)"
done
# libwebsockets 4.3.5 does not count a NUL at the end: there it is as if it were not said.
ask "p=/v2/vaults?pageSize=1" "$auth"; want 200 "a page of one"; page_of_one=$BODY
ask "p=/v2/vaults?pageSize=1%00" "$auth"; want "400 000 200" "a NUL behind a parameter"
[ "$STATUS" != 200 ] || [ "$BODY" = "$page_of_one" ] || wrong "a NUL behind a parameter changes the answer: ${BODY:0:200}"
ask "p=/v2/vaults?pageSize=x%00" "$auth"; want "400 000" "a NUL behind what is no number"
ask "p=/v2/vaults?pageSize=99999999999999999999" "$auth"; want 400 "a page without end"
alive "JSON bombs"

printf '\n-- scripts in texts\n'
text=$(jq -nc --arg t "$CANARY" '$t')
field() { # METHOD PATH BODY
    ask m="$1" p="$2" d="$(file "$3")" "$json" "$auth"
    case $STATUS in 200 | 400 | 403 | 404 | 409) ;; *) wrong "$1 $2 with a script: $STATUS" ;; esac
    grep -qi '^content-type: application/json' "$H_DIR/head" || wrong "$1 $2: the answer is $(grep -i ^content-type "$H_DIR/head")"
    grep -qi '^x-content-type-options: nosniff' "$H_DIR/head" || wrong "$1 $2: without nosniff"
    grep -qi "^content-security-policy: .*default-src 'none'" "$H_DIR/head" || wrong "$1 $2: without a policy"
    jq -e . <<<"$BODY" >/dev/null || wrong "$1 $2: the answer is no JSON"
}
field POST /v2/vaults "{\"name\":$text,\"description\":$text}"
field POST /v2/devices "{\"displayName\":$text,\"deviceType\":\"CLOUD\"}"
field POST /v2/mpc/quorums "{\"displayName\":$text,\"name\":$text,\"description\":$text}"
field POST /v2/users "{\"firstName\":$text,\"lastName\":$text,\"email\":\"x@example.org\",\"roles\":[\"VIEWER\"]}"
field POST /v2/users "{\"firstName\":\"a\",\"lastName\":\"b\",\"email\":$text,\"roles\":[$text]}"
field POST /v2/credentials "{\"name\":$text,\"description\":$text,\"category\":$text,\"permissions\":[$text]}"
field POST /v2/webhooks "{\"name\":$text,\"url\":$text,\"description\":$text}"
field POST /v2/counterparties "{\"name\":$text,\"description\":$text}"
field POST /v2/session "{\"email\":$text,\"password\":$text,\"code\":$text}"
field POST /v2/credentials/oauth/token "{\"clientId\":$text,\"clientSecret\":$text}"
for p in /v2/vaults /v2/devices /v2/users /v2/audit /v2/overview "/v2/vaults?q=%3Cscript%3E" "/v2/%3Cscript%3Ealert(1)%3C/script%3E"; do field GET "$p" ""; done
ok "scripts in ten requests come back as JSON only, with nosniff and a policy"

printf '\n-- methods, hosts, headers\n'
for m in TRACE PROPFIND CONNECT MKCOL; do ask m=$m p=/v2/vaults "$auth"; want "405 403 000 404 400" "$m"; done
ask m=DELETE p=/v2/vaults "$auth"; want 405 "a method that this path has not"
ask m=POST p=/v2/vaults d="$(file '{"name":"still a POST"}')" "$json" "$auth" "h:X-HTTP-Method-Override: DELETE"
want 200 "a method in a header counts for nothing"
ask p=/v2/organizations "$auth" "h:Host: evil.example" "h:X-Forwarded-Host: evil.example" "h:X-Forwarded-For: 203.0.113.7" "h:X-Original-URL: /v2/users"
! grep -q evil.example "$H_DIR/head" && [[ $BODY != *evil.example* ]] || wrong "a foreign host comes back"
ok "a foreign host comes back nowhere: $STATUS"
ask p=/v2/audit "$auth"
[[ $BODY != *203.0.113.7* ]] || wrong "X-Forwarded-For is believed"
ok "X-Forwarded-For is not believed"
! grep -qiE '^(server|x-powered-by):' "$H_DIR/head" || wrong "the answer names its program"

printf '\n-- smuggling\n'
head=$'Host: x\r\nAuthorization: Bearer '$H_TOKEN$'\r\nContent-Type: application/json\r\n'
head=${head//$'\r\n'/\\r\\n}
body='{"name":"smuggled"}'
n=${#body}
second="DELETE /v2/vaults/$first HTTP/1.1\r\n${head}\r\n"
raw "POST /v2/vaults HTTP/1.1\r\n${head}Content-Length: $n\r\nContent-Length: 0\r\n\r\n$body"; one "400 none" "two lengths"
raw "POST /v2/vaults HTTP/1.1\r\n${head}Content-Length: $n\r\nContent-Length: $n\r\n\r\n$body"; one "400 none" "one length twice"
for te in chunked "CHUNKED" " chunked" "xchunked" "chunked, identity" "identity, chunked"; do
    raw "POST /v2/vaults HTTP/1.1\r\n${head}Transfer-Encoding: $te\r\nContent-Length: 5\r\n\r\n0\r\n\r\n$second"; one "400 411 none" "a length and Transfer-Encoding: $te"
done
raw "POST /v2/vaults HTTP/1.1\r\n${head}Transfer-Encoding: chunked\r\n\r\n13\r\n$body\r\n0\r\n\r\n"; one "411 none" "a chunked body"
for l in "+$n" "-1" "0x13" "$n," "1e1" "18446744073709551635" " $n $n"; do
    raw "POST /v2/vaults HTTP/1.1\r\n${head}Content-Length: $l\r\n\r\n$body"; one "400 413 none" "Content-Length: $l"
done
raw "POST /v2/vaults HTTP/1.1\r\n${head}Content-Length: $n\r\n\r\n$body$second"; one "200 400 none" "a second request behind the body"
raw "GET https://evil.example/v2/vaults HTTP/1.1\r\n${head}\r\n"; one "400 404 none" "an absolute address"
raw "GET //evil.example/v2/vaults HTTP/1.1\r\n${head}\r\n"; one "200 400 401 404 none" "two slashes"
raw "GET /v2/vaults HTTP/1.1\r\n${head}X: a\r\n Authorization: Bearer x\r\n\r\n"; one "200 400 401 none" "a folded header"
raw "GET /v2/vaults HTTP/1.1\n${head//\\r/}\n"; one "200 400 none" "bare line feeds"
raw "GET /v2/vaults HTTP/9.9\r\n${head}\r\n"; one "200 400 505 none" "another version"
raw "GET /v2/vaults%%0d%%0aX-Evil: 1 HTTP/1.1\r\n${head}\r\n"; one "400 404 none" "a line break in the path"
! grep -aqi '^x-evil' "$H_DIR/raw" || wrong "a header was injected"
ask p=/v2/vaults "$auth"
[[ $BODY != *smuggled* ]] || [ "$(jq '[.vaults[] | select(.name == "smuggled")] | length' <<<"$BODY")" -le 1 ] || wrong "more than the one honest request was taken"
jq -e --arg i "$first" '.vaults[] | select(.id == $i)' <<<"$BODY" >/dev/null || wrong "a smuggled request deleted something"
alive "smuggling"

printf '\n-- files\n'
for p in /console/../../../../etc/passwd /console/%2e%2e/%2e%2e/%2e%2e/etc/passwd /console/..%2f..%2fetc%2fpasswd \
    /console/..%5c..%5cetc%5cpasswd /docs/../../etc/passwd /docs/..\;/etc/passwd //etc/passwd /console//etc/passwd \
    /console/.git/config /console/%00 /platform.key /../platform/store/data.mdb /console/lib/../../core/api.c \
    /console/app.css%00.html /.well-known/../etc/passwd; do
    ask "p=$p"
    [[ $BODY != *root:* && $BODY != *"#include"* && $BODY != *PRIVATE* ]] || wrong "$p gives a file"
    case $STATUS in 200 | 301 | 400 | 404 | 000) ;; *) wrong "$p: $STATUS" ;; esac
    [ "$STATUS" != 200 ] || grep -qi '^content-type: text/html' "$H_DIR/head" || wrong "$p: 200 $(grep -i ^content-type "$H_DIR/head")"
done
ok "fifteen paths out of the console give no file"

printf '\n-- the log\n'
ask "p=/v2/vaults%0a2099-01-01T00:00:00.000Z%20info%20%20platform:%20FORGED" "$auth"
ask "p=/v2/vaults?q=%0d%0aFORGED%1b%5b31m" "$auth"
ask m=POST p=/v2/session d="$(file '{"email":"a\n2099 info FORGED@example.org","password":"x","code":"1"}')" "$json" "h:User-Agent: x"
ask m=POST p=/v2/vaults d="$(file '{"name":"a\nFORGED"}')" "$json" "$auth"
ask p=/v2/vaults "$auth" "h:Idempotency-Key: FORGED%0a" "h:Origin: https://e%0aFORGED"
! grep -aqE '^[^ ]*FORGED|^2099' "$H_DIR/logs/platform.log" || wrong "a line of the log is forged: $(grep -am1 FORGED "$H_DIR/logs/platform.log")"
! LC_ALL=C grep -aq "$(printf '\033')" "$H_DIR/logs/platform.log" || wrong "the log has control characters"
ok "no line of the log is forged"
for s in "$(h_get clientSecret)" "$H_TOKEN" "$PASSWORD" "$secret" "${cookie#*=}" "$csrf"; do
    ! grep -aqF "$s" "$H_DIR/logs/platform.log" || wrong "the log holds a secret"
done
ok "no secret is in it"

ask m=DELETE p=/v2/session "${page[@]}" "h:Origin: $H_URL"
want 204 "signing out"
ask p=/v2/session "h:Cookie: $cookie"
want 401 "the cookie of a session that has ended"
h_stop platform KILL
h_platform_start
ask p=/v2/vaults "$auth"
want 401 "a token of an earlier life of the platform"
h_token || wrong "no token"
alive "all of it"
