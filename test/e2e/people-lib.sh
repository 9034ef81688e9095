# Users with curl as the browser: authenticator codes, cookies, sign-in.  Source it after
# common.sh.
# shellcheck shell=bash

# totp SECRET OFFSET: the code of an authenticator, OFFSET steps of 30 s from now.
totp() {
    local key counter mac at
    key=$(printf '%s' "$1" | base32 -d | od -An -tx1 | tr -d ' \n')
    counter=$(printf '%016x' $((EPOCHSECONDS / 30 + $2)))
    mac=$(printf '%b' "$(sed 's/../\\x&/g' <<<"$counter")" |
        openssl dgst -sha1 -mac HMAC -macopt "hexkey:$key" | sed 's/.*= *//')
    at=$((2 * 16#${mac:39:1}))
    printf '%06d' $(((16#${mac:$at:8} & 0x7fffffff) % 1000000))
}

# browse WHO METHOD PATH [BODY [HEADER...]]: with the cookies of WHO, as a page of the
# platform would send it; a header given here takes the place of the page's.
browse() {
    local who=$1 method=$2 path=$3 body=${4:-} out
    local csrf
    csrf=$(h_get "csrf-$who") || csrf=
    local -A head=([Origin]=$H_URL [Sec-Fetch-Site]=same-origin [X-CSRF-Token]=$csrf)
    [ $# -le 4 ] || for out in "${@:5}"; do head[${out%%:*}]=${out#*:}; done
    {
        for out in "${!head[@]}"; do
            [ -z "${head[$out]}" ] || printf 'header = "%s: %s"\n' "$out" "${head[$out]}"
        done
        [ -z "$body" ] || { printf '%s' "$body" >"$H_DIR/request.json"; printf 'data-binary = "@%s"\n' "$H_DIR/request.json"; }
    } >"$H_DIR/curl.conf"
    out=$(curl --silent --show-error --max-time 30 --noproxy '*' --cacert "$H_DIR/platform/ca.pem" \
        -X "$method" -H 'Content-Type: application/json' -K "$H_DIR/curl.conf" \
        -b "$H_DIR/jar-$who" -c "$H_DIR/jar-$who" -D "$H_DIR/head" -w '\n%{http_code}' "$H_URL$path") ||
        wrong "$method $path: no answer"
    API_STATUS=${out##*$'\n'} API_BODY=${out%$'\n'*}
}
expect() { # STATUS SENTENCE
    [ "$API_STATUS" = "$1" ] || wrong "$2: HTTP $API_STATUS, not $1: $API_BODY"
    ok "$2: $1"
}
sign_in() { # WHO EMAIL PASSWORD CODE
    browse "$1" POST /v2/session "$(jq -nc --arg e "$2" --arg p "$3" --arg c "$4" '{email: $e, password: $p, code: $c}')"
    [ "$API_STATUS" != 200 ] || h_put "csrf-$1" "$(api_get .csrfToken)"
}

# invite WHO EMAIL ROLE PASSWORD: by the first credential, up to signed in; sets USER.
invite() {
    local secret token
    api POST /v2/users "$(jq -nc --arg n "$1" --arg e "$2" --arg r "$3" \
        '{firstName: $n, lastName: "L", email: $e, roles: [$r]}')"
    token=$(api_get .enrolmentToken) USER=$(api_get .id)
    browse "$1" POST /v2/session/enrol "$(jq -nc --arg t "$token" --arg p "$4" '{token: $t, password: $p}')"
    [ "$API_STATUS" = 200 ] || wrong "enrol: $API_BODY"
    secret=$(api_get .totp.secret)
    h_put "totp-$1" "$secret"
    browse "$1" POST /v2/session/enrol/confirm "$(jq -nc --arg t "$token" --arg c "$(totp "$secret" 0)" '{token: $t, code: $c}')"
    [ "$API_STATUS" = 200 ] || wrong "the first code: $API_BODY"
    sign_in "$1" "$2" "$4" "$(totp "$secret" 1)"
    [ "$API_STATUS" = 200 ] || wrong "sign-in: $API_BODY"
}
