#!/usr/bin/env bash
# The approval callback (issue 4, point 7): HMAC and mTLS, Ed25519 and HMAC answers; whatever
# else it does, nothing is signed.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
# shellcheck source=approval-lib.sh
source "$E_HERE/approval-lib.sh"

a_files
a_start
nodes() { # SETTING...: all three with the callback and these
    local n
    for n in 1 2 3; do
        h_node_start "$n" APPROVAL_CALLBACK_URL="$A_URL" APPROVAL_CALLBACK_CA_FILE="$A_DIR/tls-ca.pem" "$@"
    done
}
secret=$(<"$A_DIR/secret") public=$(<"$A_DIR/answers.pub")

e_platform
for n in 1 2 3; do h_device_create "$n"; done
nodes APPROVAL_CALLBACK_SECRET="$secret" APPROVAL_CALLBACK_PUBLIC_KEY="$public"
for n in 1 2 3; do h_device_wait "$n" statusText "Waiting for approval"; h_device_approve "$n"; done
e_online 1 2 3
e_quorum
e_key
tr '\0' '\n' <"/proc/${H_PID[node1]}/environ" | grep -q "$secret" && wrong "the secret is in /proc/PID/environ"
h_node_status 1 | jq -e '.approver' >/dev/null || wrong "status does not say that there is an approver"

# ---- allowed

e_sign
[ "$(a_asked)" = 2 ] || wrong "$(a_asked) questions for one request of two nodes"
jq -se '[.[].ask.nonce] | unique | length == 2' "$A_DIR/asked.jsonl" >/dev/null || wrong "a nonce was used twice"
jq -e '.ask.request | .blockchain == "SOLANA" and .summary.clear and .summary.to != "" and .keyId != ""' \
    <"$A_DIR/asked.jsonl" >/dev/null || wrong "the question is not the decoded request: $(head -1 "$A_DIR/asked.jsonl")"
head -1 "$A_DIR/asked.jsonl" | jq .ask >"$H_DIR/request.ask.json"
ok "HMAC, Ed25519 answers: both nodes ask once, signed"
e_sign
ok "another one"
a_mode hangup
e_sign
ok "a connection that breaks is tried once more"

# ---- refused

a_mode refuse; a_refused APPROVAL_REFUSED "the callback says no"
for mode in othersig unsigned replay othernonce otherhash flipped huge html error redirect; do
    a_mode "$mode"
    a_refused APPROVAL_FAILED "answer \"$mode\""
done
grep -hq 'another nonce' "$H_DIR"/logs/node*.log || wrong "no node says why it took a replay for none"
a_stop
a_refused APPROVAL_FAILED "nobody listens"
a_mode allow
a_start
e_sign
ok "the callback is back: signed"
a_mode slow
a_refused APPROVAL_TIMEOUT "an answer after 35 s" 200
a_mode allow
for n in 1 2 3; do h_stop_clean "node$n"; done

# ---- HMAC answers

printf hmac >"$A_DIR/answers"
nodes APPROVAL_CALLBACK_SECRET="$secret"
e_online 1 2 3
e_sign
ok "HMAC both ways: signed"
a_mode othersig; a_refused APPROVAL_FAILED "an Ed25519 answer where HMAC is wanted"
for n in 1 2 3; do h_stop_clean "node$n"; done
a_stop

# ---- mTLS

printf ed25519 >"$A_DIR/answers"
a_mode allow
a_start mtls
nodes APPROVAL_CALLBACK_PUBLIC_KEY="$public" APPROVAL_CALLBACK_CERT_FILE="$A_DIR/client.pem" \
    APPROVAL_CALLBACK_KEY_FILE="$A_DIR/client.key"
e_online 1 2 3
e_sign
[ "$(tail -1 "$A_DIR/asked.jsonl" | jq -r .peer)" = client ] || wrong "the client certificate was not shown"
ok "mTLS: signed"
for n in 1 2 3; do h_stop_clean "node$n"; done

# ---- the example by itself

cat >"$A_DIR/decide.mjs" <<'EOF'
import assert from 'node:assert';
import { Readable } from 'node:stream';
const { decide, readBody } = await import(process.argv[2]);
const says = (summary) => decide({ summary })[0];
assert.equal(says({ clear: true }), 'ALLOW');
assert.equal(says({ clear: true, approval: true }), 'REFUSE'); // a permit is clear
assert.equal(says({ clear: true, blind: true }), 'REFUSE');
assert.equal(says({}), 'REFUSE');
assert.equal(decide({})[0], 'REFUSE');
assert.equal((await readBody(Readable.from([Buffer.alloc(4), Buffer.alloc(4)]), 8)).length, 8);
await assert.rejects(readBody(Readable.from([Buffer.alloc(4), Buffer.alloc(5)]), 8), /too long/);
EOF
example=$E_HERE/../../src/ops/approver.example.mjs
node "$A_DIR/decide.mjs" "$example" || wrong "the example decides something else"
if APPROVAL_CALLBACK_SECRET='' timeout 20 node "$example" 0 "$A_DIR/tls.pem" "$A_DIR/tls.key" "$A_DIR/answers.key" >"$A_DIR/out" 2>&1; then
    wrong "the example serves without a secret"
fi
grep -q '64 hex digits' "$A_DIR/out" || wrong "the example does not say that its secret is missing"
ok "the example: refuses allowances and what is not clear, bounds bodies, needs its secret"

# ---- settings

for bad in "APPROVAL_CALLBACK_URL=http://localhost:1/" "APPROVAL_CALLBACK_URL=$A_URL" \
    "APPROVAL_CALLBACK_SECRET=12" "APPROVAL_CALLBACK_PUBLIC_KEY=$public"; do
    e_expect_exit 78 "${bad%%=*} alone or wrong" 1 "$bad"
done
e_expect_exit 78 "plain http" 1 APPROVAL_CALLBACK_URL=http://127.0.0.1:1/ APPROVAL_CALLBACK_SECRET="$secret"
h_node_start 1 APPROVAL_CALLBACK_URL="$A_URL" APPROVAL_CALLBACK_SECRET_FILE="$A_DIR/secret"
h_device_wait 1 connectionStatus ONLINE
h_stop_clean node1
ok "the secret may be in a file"
