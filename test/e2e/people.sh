#!/usr/bin/env bash
# People at a real platform, with curl as the browser: setup with a password, sign-in with
# an authenticator, cookies and their rules, an invitation, a kill, and no secret left
# behind in log or store.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
# shellcheck source=people-lib.sh
source "$E_HERE/people-lib.sh"

PASSWORD="correct horse battery staple"
OTHER_PASSWORD="quite another long one"
NEW_PASSWORD="a new one after a while"

cookie_of() { awk '$6 == "__Host-cloudsign" { print $7 }' "$H_DIR/jar-$1"; }

h_platform_start
browse ada POST /v2/setup "$(jq -nc --arg t "$(<"$H_DIR/platform/setup-token")" --arg p "$PASSWORD" \
    '{setupToken: $t, organizationName: "Three nodes", firstName: "Ada", lastName: "Admin", email: "ada@example.org", password: $p}')"
expect 200 "setup with a password"
h_put clientSecret "$(api_get .credential.clientSecret)"
h_put clientId "$(api_get .credential.clientId)"
ada_totp=$(api_get .totp.secret)
ada_recovery=$(api_get '.recoveryCodes[0]')
ada_second=$(api_get '.recoveryCodes[1]')
ada_third=$(api_get '.recoveryCodes[2]')
[ "$(jq '.recoveryCodes | length' <<<"$API_BODY")" = 10 ] || wrong "not ten recovery codes"

sign_in ada ada@example.org "$PASSWORD" 000000
expect 401 "a wrong code"
grep -qi '^set-cookie' "$H_DIR/head" && wrong "a refused sign-in sets a cookie"
first_code=$(totp "$ada_totp" 0)
sign_in ada ada@example.org "$PASSWORD" "$first_code"
expect 200 "password and code"
grep -qE '^[Ss]et-[Cc]ookie: __Host-cloudsign=[0-9a-f]{64}; Path=/; Secure; HttpOnly; SameSite=Strict' "$H_DIR/head" ||
    wrong "the cookie's flags: $(grep -i set-cookie "$H_DIR/head")"
grep -qi '^cache-control: no-store' "$H_DIR/head" || wrong "the answer may be cached"
ok "the cookie is __Host-, Secure, HttpOnly, SameSite=Strict"
sign_in other ada@example.org "$PASSWORD" "$first_code"
expect 401 "the same code again"

browse ada GET /v2/session
expect 200 "the session with its cookie"
browse ada POST /v2/vaults '{"name": "v"}' "X-CSRF-Token:"
expect 403 "a write without CSRF token"
browse ada POST /v2/vaults '{"name": "v"}' "Origin:https://evil.example"
expect 403 "a write from a foreign page"
browse ada POST /v2/vaults '{"name": "v"}' "Sec-Fetch-Site:cross-site"
expect 403 "a write that the browser says is of another site"
browse ada POST /v2/vaults '{"name": "v"}'
expect 200 "a write of a page of ours"
browse nobody GET /v2/vaults
expect 401 "nobody"
api GET /v2/vaults
[ "$(jq '.vaults | length' <<<"$API_BODY")" = 1 ] || wrong "the credential sees $API_BODY"
ok "the same with an access token, without cookie and Origin"

browse ada POST /v2/users '{"firstName": "Bob", "lastName": "B", "email": "bob@example.org", "roles": ["PROPOSER"]}'
expect 200 "an invitation"
token=$(api_get .enrolmentToken)
bob=$(api_get .id)
browse bob POST /v2/session/enrol "$(jq -nc --arg t "$token" --arg p "$OTHER_PASSWORD" '{token: $t, password: $p}')"
expect 200 "enrolling"
bob_totp=$(api_get .totp.secret)
browse bob POST /v2/session/enrol/confirm "$(jq -nc --arg t "$token" --arg c "$(totp "$bob_totp" 0)" '{token: $t, code: $c}')"
expect 200 "the first code"
sign_in bob bob@example.org "$OTHER_PASSWORD" "$(totp "$bob_totp" 1)"
expect 200 "the invited one signs in"
browse bob POST /v2/vaults '{"name": "w"}'
expect 200 "a proposer makes a vault"
browse bob PUT "/v2/users/$bob/role" '{"roles": ["OWNER"]}'
expect 403 "a proposer makes nobody an owner"
browse bob GET /v2/users
expect 403 "a proposer does not list users"

# Sixteen passwords at once are computed beside the loop.
for n in {1..16}; do
    curl --silent --max-time 60 --noproxy '*' --cacert "$H_DIR/platform/ca.pem" -o /dev/null -X POST \
        -H 'Content-Type: application/json' "$H_URL/v2/session" \
        -d "{\"email\": \"nobody$n@example.org\", \"password\": \"x\", \"code\": \"000000\"}" &
done
begin=$(h_now_ms)
for n in {1..5}; do browse ada GET /v2/vaults; [ "$API_STATUS" = 200 ] || wrong "a read during sign-ins: $API_STATUS"; done
ok "five reads while sixteen passwords are computed: $(($(h_now_ms) - begin)) ms"
for pid in $(jobs -p); do [ "$pid" = "${H_PID[platform]}" ] || wait "$pid" || true; done

cp "$H_DIR/jar-ada" "$H_DIR/jar-old"
h_put csrf-old "$(h_get csrf-ada)"
old_cookie=$(cookie_of old)
browse ada POST /v2/session/step-up "$(jq -nc --arg c "$ada_third" '{code: $c}')"
expect 200 "a step-up"
h_put csrf-ada "$(api_get .csrfToken)"
[ "$(cookie_of ada)" != "$old_cookie" ] || wrong "a step-up leaves the cookie as it was"
browse ada POST /v2/vaults '{"name": "x"}'
expect 200 "a write with the new cookie and token"
browse old GET /v2/session
expect 401 "the cookie from before the step-up"

h_stop platform KILL
h_platform_start
browse old GET /v2/session
expect 401 "also after kill -9"
browse ada GET /v2/session
expect 200 "after kill -9 the session is there"
browse bob GET /v2/session
expect 200 "and the other"
sign_in other ada@example.org "$PASSWORD" "$first_code"
expect 401 "a used code stays used"
sign_in other ada@example.org "$PASSWORD" "$ada_recovery"
expect 200 "a recovery code"
browse ada GET /v2/sessions
[ "$(jq '.sessions | length' <<<"$API_BODY")" = 2 ] || wrong "sessions: $API_BODY"
browse ada DELETE "/v2/sessions/$(jq -r '.sessions[] | select(.current | not) | .id' <<<"$API_BODY")"
expect 204 "revoking the other session"
browse other GET /v2/session
expect 401 "which has ended"
browse ada POST /v2/session/password "$(jq -nc --arg p "$PASSWORD" --arg n "$NEW_PASSWORD" --arg c "$ada_second" \
    '{password: $p, newPassword: $n, code: $c}')"
expect 200 "a new password"
h_put csrf-ada "$(api_get .csrfToken)"
sign_in other ada@example.org "$PASSWORD" "$(totp "$ada_totp" 1)"
expect 401 "the old password"
sign_in other ada@example.org "$NEW_PASSWORD" "$(totp "$ada_totp" 1)"
expect 200 "the new password with the same authenticator"
cookie=$(cookie_of ada)
browse ada DELETE /v2/session
expect 204 "signing out"
browse ada GET /v2/session
expect 401 "and that is the end"
h_stop_clean platform

h_platform_start
for n in {1..40}; do
    sign_in bob bob@example.org "not the password" 000000
    [ "$API_STATUS" != 429 ] || break
done
expect 429 "guessing"
[ "$n" -le 12 ] || wrong "$n guesses were checked"
h_stop_clean platform

for secret in "$PASSWORD" "$OTHER_PASSWORD" "$NEW_PASSWORD" "$ada_totp" "$bob_totp" "$ada_recovery" "${ada_recovery//-/}" \
    "$token" "$cookie" "$old_cookie" "$(printf '%s' "$ada_totp" | base32 -d | od -An -tx1 | tr -d ' \n')"; do
    [ ${#secret} -ge 16 ] || wrong "no secret to look for"
    if grep -raqF -- "$secret" "$H_DIR/platform" "$H_DIR/logs"; then
        wrong "a secret is in: $(grep -ralF -- "$secret" "$H_DIR/platform" "$H_DIR/logs" | tr '\n' ' ')"
    fi
done
ok "no password, secret, code, token or cookie in log or store"
