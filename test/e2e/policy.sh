#!/usr/bin/env bash
# POLICY_FILE (issue 4, point 7): what it allows is signed, what it denies is not, by either
# node; windows outlive a restart; reload by SIGHUP and by command; policy check explains.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
# shellcheck source=approval-lib.sh
source "$E_HERE/approval-lib.sh"
A_DIR=$H_DIR # a_refused of it, no approver
P=$H_DIR/policy.json

rules() { # JSON of the rules
    printf '{"version": 1, "default": "deny", "rules": %s}\n' "$1" >"$P.new" && mv "$P.new" "$P"
}
hash_of() { h_node_status "$1" | jq -r '.policyHash // empty'; }
is_hash() { [ "$(hash_of "$1")" = "$(sha256sum <"$P" | cut -d' ' -f1)" ]; }
cloud() { local n=$1; shift; CLOUDSIGN_DATA_DIR=$H_DIR/node$n "$H_BIN/cloudsign" "$@"; }
nodes() { local n; for n in 1 2 3; do h_node_start "$n" POLICY_FILE="$P"; done; }

# ---- a bad file at the start

e_platform
for n in 1 2 3; do h_device_create "$n"; done
printf '{"version": 1, "default": "deny", "rules": [{"name": "x", "action": "allow", "destination": []}]}' >"$P"
e_expect_exit 78 "a policy with an unknown word" 1 POLICY_FILE="$P"
grep -q 'did you mean "destinations"' "$H_DIR/logs/node1.log" || wrong "no hint at the right word"
printf '{"version": 1,\n"default": "deny" "rules": []}' >"$P"
e_expect_exit 78 "a policy that is no JSON" 1 POLICY_FILE="$P"
grep -q 'line 2' "$H_DIR/logs/node1.log" || wrong "no line is named"
e_expect_exit 78 "no policy where one is named" 1 POLICY_FILE="$H_DIR/nowhere.json"
rules '[]'
chmod o+w "$P"
e_expect_exit 78 "a policy that everybody may write" 1 POLICY_FILE="$P"

# ---- deny, allow

rules '[]'
nodes
for n in 1 2 3; do h_device_wait "$n" statusText "Waiting for approval"; h_device_approve "$n"; done
e_online 1 2 3
e_quorum
e_key
is_hash 1 || wrong "status shows another hash: $(hash_of 1)"
a_refused POLICY_REFUSED "a policy that denies all"
e_transfer
to=$(node "$E_HERE/../harness/payload.mjs" <<<"$E_WALLET" | jq -r .to)
units=1 # payload.mjs pays more: too small a limit
allow() { # UNITS MORE
    rules "[{\"name\": \"payments\", \"action\": \"allow\", \"blockchains\": [\"SOLANA\"], \"kinds\": [\"RAW\"],
        \"atMost\": [{\"asset\": \"native\", \"units\": \"$1\"}], \"feeAtMost\": \"0.01\"${2:-}}]"
}
reload() { # all three by SIGHUP
    local n
    for n in 1 2 3; do
        kill -HUP "${H_PID[node$n]}"
        h_wait 10 is_hash "$n" || wrong "node $n does not take the new policy"
    done
}
allow "$units"
reload
grep -hq 'policy reloaded: SHA-256 was .* is ' "$H_DIR/logs/node1.log" || wrong "no audit line of the reload"
a_refused POLICY_REFUSED "an amount above the limit"
allow 1000000000000000
reload
e_sign
ok "SIGHUP: the new policy allows it: signed"
printf 'broken' >"$P.bad" && cp "$P" "$P.good" && cp "$P.bad" "$P"
kill -HUP "${H_PID[node1]}"
h_wait 10 grep -q 'policy not reloaded' "$H_DIR/logs/node1.log" || wrong "no word about a bad policy"
[ "$(hash_of 1)" = "$(sha256sum <"$P.good" | cut -d' ' -f1)" ] || wrong "a bad policy took the place of the good one"
cloud 1 policy reload >"$H_DIR/out" 2>&1 && wrong "policy reload of a bad file succeeds"
grep -q 'line 1' "$H_DIR/out" || wrong "policy reload does not name the line: $(cat "$H_DIR/out")"
cp "$P.good" "$P"
cloud 1 policy reload | grep -q "$(sha256sum <"$P" | cut -d' ' -f1)" || wrong "policy reload does not show the hash"
e_sign
ok "a bad file is refused with its line, and the old policy stays"

# ---- destinations

allow 1000000000000000 ", \"destinations\": [\"$to\"]"
reload
e_transfer
[ "$(node "$E_HERE/../harness/payload.mjs" <<<"$E_WALLET" | jq -r .to)" = "$to" ] && same=1 || same=
if [ -n "$same" ]; then e_sign; ok "a listed destination: signed"; fi
allow 1000000000000000 ", \"destinations\": [\"11111111111111111111111111111112\"]"
reload
a_refused POLICY_REFUSED "a destination that is not listed"

# ---- one node's word is enough

rules '[]'
kill -HUP "${H_PID[node1]}"
h_wait 10 is_hash 1 || wrong "node 1 does not reload"
allow 1000000000000000
for n in 2 3; do kill -HUP "${H_PID[node$n]}"; h_wait 10 is_hash "$n" || wrong "node $n does not reload"; done
e_sign
jq -e 'all(.receipts[]?; .playerId != 1)' <<<"$API_BODY" >/dev/null || wrong "node 1 signed what its policy denies"
ok "one node's policy denies: the others sign"

# ---- windows outlive a restart

allow 1000000000000000 ', "rates": [{"requests": 2, "minutes": 60, "per": "key"}]'
reload
for n in 1 2 3; do h_stop_clean "node$n"; done
nodes
e_online 1 2 3
stopped() { cat "$H_DIR"/logs/node?.log | grep -c 'requests were approved' || true; }
before=$(stopped)
signed=0
for i in 1 2 3 4; do
    e_transfer
    h_sign SOLANA ED25519 raw "$E_HEX"
    h_wait 60 h_tx_settled || wrong "a request does not end"
    [ "$(api_get .status)" != SIGNED ] || signed=$((signed + 1))
done
after=$(stopped)
[ "$signed" -lt 4 ] && [ "$after" -gt "$before" ] || wrong "the rate did not stop anything: $signed signed"
ok "what was signed before the restart counts in the window: $signed of 4 more were signed"

# ---- policy check

key=$(jq -r .publicKey <<<"$E_WALLET")
cloud 1 policy check "$P" --explain --tx "$E_HEX" --chain SOLANA --public-key "$key" >"$H_DIR/out" ||
    wrong "policy check: $(cat "$H_DIR/out")"
grep -q '^ALLOWED: rule "payments"' "$H_DIR/out" && grep -q 'fits' "$H_DIR/out" || wrong "policy check does not explain: $(cat "$H_DIR/out")"
code=0
cloud 1 policy check "$P" --tx "$E_HEX" --chain SOLANA --public-key "$key" --requests 2 >"$H_DIR/out" || code=$?
[ "$code" = 77 ] && grep -q '^REFUSED' "$H_DIR/out" || wrong "policy check with 2 requests before: exit $code"
code=0
cloud 1 policy check "$P.bad" >"$H_DIR/out" 2>&1 || code=$?
[ "$code" = 78 ] || wrong "policy check of a bad file: exit $code"
cloud 1 policy check "$E_HERE/../../src/ops/policy.example.json" >"$H_DIR/out" || wrong "the example is not valid: $(cat "$H_DIR/out")"
ok "policy check: explains, 0 allowed, 77 refused, 78 not valid; the example is valid"
for n in 1 2 3; do h_stop_clean "node$n"; done
