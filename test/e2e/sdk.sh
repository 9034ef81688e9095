#!/usr/bin/env bash
# A client made from the vendor's operations does the vendor's whole walk against a real
# platform with nodes: every operation of ../shared/api/palisade-v2.md and every one of
# ours is called, and each answer has the vendor's shape and that of the platform's own
# description (/v2/openapi.json).  Where that file is not there, the description is the
# only judge, and this says so.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
doc=${CS_SHARED:-$E_HERE/../../../shared}/api/palisade-v2.md
if [ ! -e "$doc" ]; then
    printf 'SKIPPED: %s is not here, so the shapes of the vendor were NOT checked\n' "$doc"
    doc=
fi

# The description in the tree is the one that its sources make.
api=$E_HERE/../../src/platform
node "$api/api/openapi.mjs" --print | cmp -s - "$api/console/openapi.json" ||
    wrong "src/platform/console/openapi.json is old: run node src/platform/api/openapi.mjs"
ok "the description is made from src/platform/api"
printf '%s' "correct horse battery staple" >"$H_DIR/password"
h_platform_start
h_curl POST /v2/setup "$(jq -nc --arg t "$(<"$H_DIR/platform/setup-token")" --arg p "$(<"$H_DIR/password")" \
    '{setupToken: $t, organizationName: "Shapes", firstName: "Ada", lastName: "Admin",
    email: "ada@example.org", password: $p}')" "" && [ "$API_STATUS" = 200 ] || wrong "setup: $API_BODY"
h_put clientId "$(api_get .credential.clientId)"
h_put clientSecret "$(api_get .credential.clientSecret)"
h_put totp "$(api_get .totp.secret)"
jq -nc --arg url "$H_URL" --arg ca "$H_DIR/platform/ca.pem" --arg doc "$doc" --arg state "$H_DIR/state" \
    --arg password "$(<"$H_DIR/password")" '$ARGS.named' >"$H_DIR/sdk.json"

# First the devices, then their nodes, then the rest.
node "$E_HERE/sdk.mjs" devices <"$H_DIR/sdk.json"
for n in 1 2 3; do
    h_put "dbkey$n" "$(openssl rand -hex 32)"
    h_node_start "$n"
done
for n in 1 2 3; do h_device_wait "$n" statusText "Waiting for approval"; done
node "$E_HERE/sdk.mjs" walk <"$H_DIR/sdk.json"
ok "the vendor's walk, and ours"
