#!/usr/bin/env bash
# Pairing: revoked and foreign keys, a wrong CA, a rejected device.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

e_platform
h_device_create 1
old=$(h_get pairing1)
rm "$H_DIR/state/pairing1"
h_device_create 1
[ "$(h_get pairing1)" != "$old" ] || wrong "pairing credentials were not made anew"
h_node_start 1 "PAIRING_KEY=$old"
h_wait 30 h_ended node1 || wrong "a revoked pairing key: the node goes on"
h_reap node1
[ "$H_EXIT" = 85 ] || wrong "a revoked pairing key: exit $H_EXIT, not 85"
grep -q 'get new pairing credentials' "$H_DIR/logs/node1.log" || wrong "a revoked pairing key: the log names no remedy"
ok "a revoked pairing key: exit 85: $(tail -n 1 "$H_DIR/logs/node1.log" | cut -c1-150)"

# A pairing key with another CA: the node must not trust the platform, nor say who it is.
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=other" \
    -keyout /dev/null -outform DER -out "$H_DIR/other.der" -days 2 2>/dev/null
foreign=$(h_get pairing1 | base64 -d | jq -c --arg ca "$(base64 -w0 "$H_DIR/other.der")" '.ca = $ca' | base64 -w0)
h_node_start 1 "PAIRING_KEY=$foreign"
h_wait 20 grep -q 'E_TLS_TRUST' "$H_DIR/logs/node1.log" || wrong "no E_TLS_TRUST in the log with a foreign CA"
h_device_is 1 statusText Unpaired || wrong "the device left Unpaired over an untrusted connection"
h_stop_clean node1
ok "a foreign CA: E_TLS_TRUST, the device stays Unpaired"

h_node_start 1
h_device_wait 1 statusText "Waiting for approval"
ok "the same volume with the right key: the device waits for approval"
h_stop_clean node1

# The same pairing key with another volume: used.
mv "$H_DIR/node1" "$H_DIR/node1.away"
h_node_start 1
h_wait 30 h_ended node1 || wrong "a used pairing key pairs a second volume"
h_reap node1
[[ $H_EXIT == 82 || $H_EXIT == 85 ]] || wrong "used pairing key: exit $H_EXIT, not 82 or 85"
ok "a used pairing key with another volume: exit $H_EXIT"
rm -rf "$H_DIR/node1"
mv "$H_DIR/node1.away" "$H_DIR/node1"
h_node_start 1
h_device_wait 1 connectionStatus ONLINE
ok "the same volume may repeat its pairing key"

api PUT "/v2/devices/$(h_get device1)/approval-status" '{"approvalStatus": "REJECTED"}'
h_wait 30 h_ended node1 || wrong "a rejected device goes on"
h_reap node1
[ "$H_EXIT" = 77 ] || wrong "rejected device: exit $H_EXIT, not 77"
ok "a rejected device: exit 77"

# Approval that names another fingerprint.
h_device_create 2
h_node_start 2
h_device_wait 2 statusText "Waiting for approval"
api_try PUT "/v2/devices/$(h_get device2)/approval-status" \
    "$(jq -nc --arg f "$(openssl rand -hex 32)" '{approvalStatus: "APPROVED", fingerprint: $f}')"
[[ $API_STATUS == 4* ]] || wrong "approved with a wrong fingerprint: HTTP $API_STATUS"
refusal=$(api_get .message)
[[ $refusal == fingerprint* ]] || wrong "a wrong fingerprint is refused for another reason: $refusal"
h_device_is 2 statusText "Waiting for approval" || wrong "a wrong fingerprint changed the device"
ok "approval with another fingerprint is refused: $refusal"
