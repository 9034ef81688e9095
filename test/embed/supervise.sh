#!/usr/bin/env bash
# A supervisor with three nodes in one process against a platform: pairing, quorum, key,
# requests that its approval hook allows, refuses, and answers later, beside an approval
# callback, for both must allow; one node made anew; the end.  Its transcript must say all of it, and it must print nothing itself.
#
#   supervise.sh BUILD_DIR SUPERVISOR [WRAPPER...]
set -euo pipefail
supervisor=${2:?usage: $0 BUILD_DIR SUPERVISOR [WRAPPER...]}
wrapper=("${@:3}")
source "$(dirname "${BASH_SOURCE[0]}")/../e2e/common.sh" "$1"
# shellcheck source=../e2e/approval-lib.sh
source "$E_HERE/approval-lib.sh"

T=$H_DIR/logs/transcript.log
mkfifo "$H_DIR/commands"

s_alive() { h_alive supervisor; }
s_has() { grep -Eq -- "$1" "$T" 2>/dev/null; }
s_settled() { s_has "$1" || ! s_alive; }
# s_wait REGEX SENTENCE: a line of the transcript.
s_wait() {
    h_wait "$H_PATIENCE" s_settled "$1" || true
    s_has "$1" || wrong "$2: no line '$1'"
}
s_say() { printf '%s\n' "$1" >&9; }
s_count() { grep -Ec -- "$1" "$T" || true; }
s_field() { grep -E -- "$1" "$T" | tail -n 1 | sed 's/^[^{]*//' | jq -r "$2"; }

# ---- three nodes, paired and approved ---------------------------------------------------

a_files
printf hmac >"$A_DIR/answers"
a_start
e_platform
for n in 1 2 3; do
    h_device_create $n
    (umask 077; mkdir "$H_DIR/node$n"; printf '%s\n' "$(h_get pairing$n)" "$(h_get dbkey$n)" \
        "$A_URL" "$(<"$A_DIR/secret")" "$A_DIR/tls-ca.pem" >"$H_DIR/config$n")
done
"${wrapper[@]}" "$supervisor" "$H_DIR" "$T" <"$H_DIR/commands" >"$H_DIR/out" 2>"$H_DIR/logs/supervisor.log" &
H_PID[supervisor]=$!
for n in 1 2 3; do H_PID[node$n]=$!; done # what the harness watches while it waits
exec 9>"$H_DIR/commands"

for n in 1 2 3; do
    s_wait "^node$n event fingerprint " "node $n tells its identity"
    h_device_wait $n statusText "Waiting for approval"
    h_device $n
    own=$(s_field "^node$n event fingerprint" .fingerprint)
    [ "$own" = "$(api_get .fingerprint)" ] || wrong "node $n: fingerprint $own, the platform has another"
    api PUT "/v2/devices/$(h_get device$n)/approval-status" \
        "$(jq -nc --arg f "$own" '{approvalStatus: "APPROVED", fingerprint: $f}')"
    s_wait "^node$n event state .*READY" "node $n is ready"
done
ok "three nodes on one loop: paired, fingerprints compared, approved"

# ---- quorum and key -------------------------------------------------------------------

h_quorum_create
h_quorum_wait
for n in 1 2 3; do s_wait "^node$n event quorum .*CONFIRMED" "node $n confirms the quorum"; done
[ "$(for n in 1 2 3; do s_field "^node$n event quorum .*CONFIRMED" .words; done | sort -u | wc -l)" = 1 ] ||
    wrong "the six words differ"
words=$(s_field '^node1 event quorum .*CONFIRMED' .words)
for n in 1 2 3; do
    s_say "ask $n {\"cmd\":\"quorum.confirm\",\"words\":\"$words\"}"
    s_wait "^node$n answer .*\"ok\":true" "node $n takes the operator's word"
done
s_say 'ask 1 {"cmd":"quorum.confirm","words":"a-b-c-d-e-f"}'
s_wait '^node1 answer .*"ok":false.*NOT_FOUND' "other words are refused"
s_say 'ask 2 {"cmd":"status"}'
s_wait '^node2 answer .*"operatorVerified":true' "the status is asked in the process"
ok "quorum confirmed on all; its words are the same and confirmed by cs_node_ask"

e_key
for n in 1 2 3; do s_wait "^node$n event key .*ACTIVE" "node $n has the key"; done
ok "key: event on each node"

# ---- requests ----------------------------------------------------------------------------

e_sign
[ "$(s_count '^node. approve own ')" = 2 ] || wrong "two nodes sign, and each asks once: $(s_count '^node. approve')"
[ "$(s_count '^node. event session .*"outcome":"OK"')" -ge 1 ] || wrong "no event of the session"
h_wallet SOLANA ED25519
own=$(api_get .address)
for field in requestId keyId quorumId payloadHash blockchain kind summary.from summary.to summary.amount; do
    [ -n "$(s_field '^node. approve own' ".$field // empty")" ] || wrong "the question has no $field"
done
[ "$(s_field '^node. approve own' .summary.from)" = "$own" ] || wrong "the question names another sender"
s_say 'late 1'
s_wait '^node1 verdict 64$' "a verdict that nobody waits for is refused"
ok "allowed by the hook, which sees the decoded request: signed, verified elsewhere"

s_say 'restart 2'
s_wait '^node2 stopped 0 OK' "node 2 stops in order"
h_wait "$H_PATIENCE" eval '[ "$(s_count "^node2 event state .*READY")" -ge 2 ]' ||
    wrong "node 2 is not ready again"
[ "$(s_count '^node[13] stopped')" = 0 ] || wrong "another node ended as well"
e_online 2
e_sign
ok "one node stopped, freed, made anew on the same loop: signing goes on"

s_say 'policy refuse'
s_wait '^policy refuse' "the policy is set"
before=$(s_count '^node. approve own ') asked=$(a_asked)
e_transfer
h_sign SOLANA ED25519 raw "$E_HEX"
h_wait "$H_PATIENCE" h_tx_settled || true
[ "$(api_get .status)" = FAILED ] || wrong "refused by the hook, but $(api_get .status)"
reasons=$(api_get '.reasons | join(" ")')
api GET "$TX/timeline"
[ "$(jq -r '[.. | strings | select(. == "APPROVAL_REFUSED")] | length' <<<"$API_BODY")" -ge 2 ] ||
    wrong "the platform's timeline names no refusal: $API_BODY"
[ $(($(s_count '^node. approve own ') - before)) -ge 1 ] || wrong "the hook was not asked"
for n in 1 2 3; do s_wait "^node$n event session .*\"outcome\":\"APPROVAL_REFUSED\"" "node $n tells that it refused"; done
! grep -r 'not on a Sunday' "$H_DIR/logs/platform.log" >/dev/null || wrong "the hook's words reach the platform"
[ "$(s_count '^node. log. approval: .*not on a Sunday')" -ge 2 ] || wrong "the node's own log has not why"
[[ $reasons == *APPROVAL_REFUSED* ]] || wrong "the reasons of the request name no refusal: $reasons"
ok "refused by the hook: APPROVAL_REFUSED in the timeline and on each node; the request fails: $reasons"

[ "$(a_asked)" = "$asked" ] || wrong "the hook refused, and yet the callback was asked"

s_say 'policy allow'
s_wait '^policy allow' "the policy is set"
a_mode refuse
a_refused APPROVAL_REFUSED "allowed by the hook, refused by the callback" "$H_PATIENCE"
[ "$(a_asked)" -gt "$asked" ] || wrong "the callback was not asked"
a_mode allow

s_say 'policy later'
s_wait '^policy later' "the policy is set"
e_sign
s_wait '^node. verdict 0, again 64$' "the late verdict counts once"
ok "answered later: signed"

# ---- the headers are the manual -------------------------------------------------------------

s_say 'status 3'
s_wait '^node3 status .*"state":"READY"' "the status of node 3"
manual=$(cat "$E_HERE"/../../include/cloudsign/*.h)
while IFS= read -r word; do
    [[ $manual =~ (^|[^A-Za-z])"$word"([^A-Za-z]|$) ]] || wrong "the headers do not explain: $word"
done < <({
    sed -n 's/^node. event \([a-z]*\) .*/\1/p' "$T"
    sed -n 's/^node. \(event [a-z]*\|approve own\|status\|answer\) {/{/p' "$T" | jq -r '[paths | .[] | strings] | unique[]'
} | sort -u)
ok "the headers explain each event and each member of the JSON that came: $(sed -n 's/^VmLck:[[:space:]]*//p' "/proc/${H_PID[supervisor]}/status") are locked"

# ---- end ------------------------------------------------------------------------------------

for n in 1 2 3; do unset "H_PID[node$n]"; done
s_say 'stop'
h_wait 60 h_ended supervisor || wrong "the supervisor does not end"
h_quietly h_reap supervisor
cat "$H_DIR/out" "$H_DIR/logs/supervisor.log"
[ "$H_EXIT" = 0 ] || wrong "the supervisor ended with $H_EXIT"
for n in 1 2 3; do s_has "^node$n stopped 0 OK" || wrong "node $n did not stop in order"; done
s_has '^loop closed$' || wrong "the loop holds handles"
s_has '^descriptors \+0 threads \+0$' || wrong "something is left: $(grep ^descriptors "$T")"
[ ! -s "$H_DIR/out" ] || wrong "the library prints to standard output"
[ ! -s "$H_DIR/logs/supervisor.log" ] || wrong "the library prints to standard error"
! grep -E 'log4' "$T" || wrong "a line at level error"
ok "all stopped in order; no handle, descriptor, thread or printed word is left"
