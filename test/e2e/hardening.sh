#!/usr/bin/env bash
# What a running node and platform are to the rest of the machine (RELIABILITY 4.1, T18,
# T19): looked at from outside, by root and by their own user.  What they may do
# themselves is tried in test/unit/test_os_sandbox.c.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
chmod 711 "$H_DIR"

status_is() { # PID FIELD VALUE: of the process and of each of its threads
    local file
    for file in "/proc/$1/status" /proc/"$1"/task/*/status; do
        grep -q "^$2:[[:space:]]*$3\$" "$file" || wrong "$file: not $2 $3: $(grep "^$2" "$file")"
    done
}
hex_of() { od -An -v -tx1 | tr -d ' \n'; }

e_platform
h_node_start_with_canaries() {
    h_node_start 1 AWS_SECRET_ACCESS_KEY="$canary" AWS_SESSION_TOKEN="$canary" "$@"
}
canary=ca1a57a7$(openssl rand -hex 28)
for n in 1 2 3; do h_device_create "$n"; done
h_node_start_with_canaries
h_node_start 2
h_node_start 3 CLOUDSIGN_SANDBOX=require
for n in 1 2 3; do h_device_wait "$n" statusText "Waiting for approval"; h_device_approve "$n"; done
e_online 1 2 3
e_quorum
e_key
h_wallet_create ETHEREUM SECP256K1
h_wallet_wait ETHEREUM SECP256K1
e_sign
ok "three nodes pair, make keys and sign, locked in"
pid=${H_PID[node1]} platform=${H_PID[platform]}

# ---- the process
for p in "$pid" "${H_PID[node3]}" "$platform"; do
    status_is "$p" NoNewPrivs 1
    status_is "$p" Seccomp 2
    grep -q '^Umask:[[:space:]]*0077$' "/proc/$p/status" || wrong "umask of $p"
    grep -Eq '^Max core file size +0 +0 ' "/proc/$p/limits" || wrong "core limit of $p"
done
status_is "$pid" Seccomp_filters 3
status_is "$platform" Seccomp_filters 3
for log in node1 node3 platform; do
    grep -q "Landlock is on" "$H_DIR/logs/$log.log" || wrong "$log: no Landlock"
done
ok "no new privileges, filters in every thread, no core, umask 077, Landlock"

environment=$(tr '\0' '\n' <"/proc/$pid/environ")
for secret in "$(h_get pairing1)" "$(h_get dbkey1)" "$canary"; do
    [ "${#secret}" -ge 32 ] || wrong "no secret to look for"
    ! grep -qF "$secret" <<<"$environment" || wrong "/proc/PID/environ shows a secret"
    ! tr '\0' '\n' <"/proc/$pid/cmdline" | grep -qF "$secret" || wrong "the command line shows a secret"
done
for name in PAIRING_KEY DB_ENCRYPTION_KEY_HEX AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN; do
    grep -qx "$name=" <<<"$environment" || wrong "/proc/PID/environ: $name was not overwritten with zeros"
done
ok "the environment shows zeros, the command line nothing"

sockets=$(ss -Hlnptu | grep -F "pid=$pid," || true)
[ -z "$sockets" ] || wrong "the node listens: $sockets"
[ "$(ss -Hlnpx | grep -cF "pid=$pid,")" -ge 1 ] || wrong "ss does not even see the local socket"
[ "$(ss -Hlnpt | grep -F "pid=$platform," | wc -l)" = 1 ] || wrong "the platform listens on other than one port"
ok "a node listens on its local socket and nowhere else"
# What this shell has from whoever runs it (ctest's log) is not the node's doing.
given=$(find "/proc/$$/fd" -type l -exec readlink {} + 2>/dev/null || true)
while read -r file; do
    ! grep -qxF "$file" <<<"$given" || continue
    case $file in
        "$H_DIR"/node1 | "$H_DIR"/node1/* | "$H_DIR/logs/node1.log" | /dev/null | /dev/urandom) ;;
        "/proc/$pid" | "/proc/$pid/"* | socket:* | pipe:* | anon_inode:*) ;;
        *) wrong "the node holds an open file: $file" ;;
    esac
done < <(find "/proc/$pid/fd" -type l -printf '%l\n')
ok "no other file is open"

# ---- its memory, as root
secrets() {
    local seed
    seed=$(h_get pairing1 | base64 -d | jq -r .seed)
    printf 'canary %s\n' "$(printf %s "$canary" | hex_of)"
    printf 'key %s\nkey-text %s\n' "$(h_get dbkey1)" "$(h_get dbkey1 | tr -d '\n' | hex_of)"
    printf 'seed %s\nseed-text %s\n' "$(base64 -d <<<"$seed" | hex_of)" "$(printf %s "$seed" | hex_of)"
    printf 'pairing %s\n' "$(h_get pairing1 | head -c 64 | hex_of)"
    cp "$H_DIR/node1/data.mdb" "$H_DIR/copy.mdb"
    h_get dbkey1 | "$H_BIN/e2e_shares" "$H_DIR/copy.mdb" "$(h_get device1)"
}
secrets >"$H_DIR/secrets"
[ "$(grep -c ^share "$H_DIR/secrets")" = 2 ] || wrong "the store holds not two shares: $(cut -d' ' -f1 "$H_DIR/secrets")"
if [ "$(id -u)" = 0 ]; then
    node "$E_HERE/memory.mjs" "$pid" <"$H_DIR/secrets" >"$H_DIR/found"
    [ "$(sed -n 's/^read //p' "$H_DIR/found")" -gt 4000000 ] || wrong "the memory was not read: $(cat "$H_DIR/found")"
    grep -q '^key locked [1-9]' "$H_DIR/found" || wrong "the search does not find the key where it must be: $(cat "$H_DIR/found")"
    ! grep -E ' plain [1-9]' "$H_DIR/found" || wrong "secrets lie outside of guarded memory"
    ok "secrets in memory: $(grep -v ^read "$H_DIR/found" | tr '\n' ';')"
    # The search itself sees what is in an ordinary heap.
    seen=$(node -e 'const s = Buffer.from(process.argv[1], "hex"); console.log("ready"); setInterval(() => s.length, 1000)' "$(h_get dbkey1)" >"$H_DIR/heap.out" & echo $!)
    h_wait 10 grep -q ready "$H_DIR/heap.out"
    found=$(grep '^key ' "$H_DIR/secrets" | node "$E_HERE/memory.mjs" "$seen")
    kill "$seen"
    grep -Eq '^key locked 0 plain [1-9]' <<<"$found" || wrong "the search finds nothing in a plain heap: $found"
fi

# ---- an operator's commands in a container make no call that the shipped profile answers
# with ENOSYS, but for those that they have another way for, or no need of
profile=$E_HERE/../../src/ops/seccomp.json
jq -r '.syscalls[].names[]' "$profile" | cat - <(printf '%s\n' clone3 clock_adjtime syncfs) | sort -u >"$H_DIR/allowed"
fits_profile() { # NAME COMMAND...
    local name=$1 code=0
    shift
    CLOUDSIGN_DATA_DIR=$H_DIR/node2 DB_ENCRYPTION_KEY_HEX=$(h_get dbkey2) \
        strace -f -qq -o "$H_DIR/trace" "$H_BIN/cloudsign" "$@" >"$H_DIR/out" 2>&1 || code=$?
    sed -nE 's/^[0-9]+ +([a-z0-9_]+)\(.*/\1/p' "$H_DIR/trace" | sort -u >"$H_DIR/made"
    [ "$(wc -l <"$H_DIR/made")" -gt 15 ] || wrong "$name: nothing was traced (exit $code): $(head -n 3 "$H_DIR/out")"
    [ -z "$(comm -23 "$H_DIR/made" "$H_DIR/allowed")" ] || wrong "$name: not in $profile: $(comm -23 "$H_DIR/made" "$H_DIR/allowed" | xargs)"
    ok "cloudsign $name fits the profile for containers"
}
if strace -e trace=none true 2>/dev/null; then
    fits_profile status status
    fits_profile doctor doctor
    fits_profile backup backup "$H_DIR/backup"
    [ -d "$H_DIR/backup" ] || wrong "no backup was made: $(cat "$H_DIR/out")"
    fits_profile "backup verify" backup verify "$H_DIR/backup"
else
    echo "SKIPPED: the profile for containers: no strace here"
fi

# ---- a full disk, locked in: the lives of the core after the first make all their
# handles and threads under both filters
state_is() { [ "$(h_node_status 3 | jq -r .state)" = "$1" ]; }
prlimit --pid "${H_PID[node3]}" --fsize=1000:
h_wallet_create TRON SECP256K1
h_wait 20 state_is WAITING_FOR_SPACE || wrong "a full disk: $(h_node_status 3 | head -c 200)"
sleep 2.5 # into the second wait
prlimit --pid "${H_PID[node3]}" --fsize=unlimited:
h_wait 40 state_is READY || wrong "there is space again: $(h_node_status 3 | head -c 200)"
status_is "${H_PID[node3]}" Seccomp_filters 3
h_stop_clean node1
e_sign
h_node_start_with_canaries
e_online 1
pid=${H_PID[node1]}
ok "a full disk under the sandbox: it says so between its lives, goes on after it, and signs"

# The platform listens again, on the port that it had.
prlimit --pid "$platform" --fsize=1000:
! (h_device_create 8) >/dev/null 2>&1 || wrong "the platform takes a device that it cannot store"
sleep 1.5 # into its first wait
prlimit --pid "$platform" --fsize=unlimited:
h_wait 40 api_try GET /v2/devices || wrong "the platform does not listen again"
h_alive platform || wrong "the platform has ended"
e_online 1 2 3
ok "a full disk of the platform, too"

# ---- ends without a trace
(cd "$H_DIR" && kill -SEGV "$pid")
h_wait 10 h_ended node1
h_reap node1
[ "$H_EXIT" = 139 ] || wrong "SIGSEGV: exit code $H_EXIT"
[ -z "$(find "$H_DIR" -name 'core*')" ] || wrong "a crash leaves a core"
ok "a crash leaves no core"

# ---- its own user, who is not root
as=()
if [ "$(id -u)" = 0 ]; then
    as=(setpriv --reuid=65534 --regid=65534 --clear-groups)
    chown -R 65534:65534 "$H_DIR/node1"
fi
start_as_user() { # [NAME=VALUE...]
    (
        export DB_ENCRYPTION_KEY_HEX CLOUDSIGN_DATA_DIR=$H_DIR/node1 LOG_LEVEL=debug
        DB_ENCRYPTION_KEY_HEX=$(h_get dbkey1)
        for setting in "$@"; do export "${setting?}"; done
        exec "${as[@]}" "$H_BIN/cloudsign" </dev/null >"$H_DIR/logs/node1.log" 2>&1
    ) &
    H_PID[node1]=$!
}
start_as_user
h_wait 20 grep -q "Landlock is on" "$H_DIR/logs/node1.log" || wrong "the node does not start as another user"
e_online 1
pid=${H_PID[node1]}
fails() { # WHAT COMMAND...: as the node's user
    local what=$1
    shift
    ! "${as[@]}" timeout 20 "$@" >"$H_DIR/out" 2>&1 || wrong "$what is possible: $(head -n 3 "$H_DIR/out")"
}
if [ "$("${as[@]}" id -u)" != 0 ]; then
    fails "reading /proc/PID/environ" cat "/proc/$pid/environ"
    fails "reading /proc/PID/maps" cat "/proc/$pid/maps"
    fails "reading /proc/PID/mem" head -c 1 "/proc/$pid/mem"
    fails "listing its files" find "/proc/$pid/fd" -mindepth 1
    ! command -v strace >/dev/null || fails "strace" timeout 3 strace -p "$pid" -e trace=none
    if command -v gcore >/dev/null; then
        fails "gcore" gcore -o /tmp/cloudsign-hardening-core "$pid"
        [ -z "$(find /tmp -maxdepth 1 -name "cloudsign-hardening-core*")" ] || wrong "gcore wrote a file"
    fi
    h_node_status 1 >/dev/null || wrong "root cannot ask the node"
    ok "its own user cannot read, trace or dump it"
fi
h_stop_clean node1

# ---- limits and switches
ends_with() { # CODE WORD WHAT [COMMAND...]: a start of node 1 as its user under COMMAND
    local want=$1 word=$2 what=$3 code=0
    shift 3
    DB_ENCRYPTION_KEY_HEX=$(h_get dbkey1) CLOUDSIGN_DATA_DIR=$H_DIR/node1 \
        timeout 30 "$@" "$H_BIN/cloudsign" </dev/null >"$H_DIR/out" 2>&1 || code=$?
    [ "$code" = "$want" ] || wrong "$what: exit code $code, not $want: $(tail -n 3 "$H_DIR/out")"
    grep -q "$word" "$H_DIR/out" || wrong "$what: no word \"$word\": $(tail -n 3 "$H_DIR/out")"
    ok "$what: exit $want: $(tail -n 1 "$H_DIR/out" | cut -c1-150)"
}
[ "$("${as[@]}" id -u)" = 0 ] ||
    ends_with 71 "ulimit -l" "too little memory may be locked" "${as[@]}" prlimit --memlock=65536:65536
ends_with 78 CLOUDSIGN_SANDBOX "a sandbox that is neither on nor off" "${as[@]}" env CLOUDSIGN_SANDBOX=maybe
if [ "$(id -u)" = 0 ] && strace -e trace=none true 2>/dev/null; then
    quiet=(strace -f -qq -o /dev/null)
    ends_with 90 Landlock "no Landlock, though required" \
        env CLOUDSIGN_SANDBOX=require "${quiet[@]}" -e trace=landlock_create_ruleset -e inject=landlock_create_ruleset:error=EOPNOTSUPP
    ends_with 90 "no system call filter" "no seccomp, though required" \
        env CLOUDSIGN_SANDBOX=require "${quiet[@]}" -e trace=seccomp -e inject=seccomp:error=ENOSYS
    ends_with 91 "restore the volume" "the examining process dies" \
        "${quiet[@]}" -e trace=close_range -e inject=close_range:signal=KILL
else
    echo "SKIPPED: a kernel without Landlock or seccomp: no strace here, or not root"
fi
start_as_user CLOUDSIGN_SANDBOX=off
h_wait 20 grep -q "CLOUDSIGN_SANDBOX=off" "$H_DIR/logs/node1.log" || wrong "off does not warn"
e_online 1
status_is "${H_PID[node1]}" Seccomp_filters 1 # io_uring, which harden.c takes away
! grep -q "Landlock is on" "$H_DIR/logs/node1.log" || wrong "off does not switch Landlock off"
h_stop_clean node1
ok "CLOUDSIGN_SANDBOX=off runs, warns, and is not locked in"

# ---- files that are links into other folders, as certbot and Kubernetes make them
mkdir -m 755 "$H_DIR/live" "$H_DIR/archive"
printf '{"version":1,"default":"allow","rules":[]}' >"$H_DIR/archive/policy1.json"
chmod 644 "$H_DIR/archive/policy1.json"
ln -s ../archive/policy1.json "$H_DIR/live/policy.json"
start_as_user POLICY_FILE="$H_DIR/live/policy.json"
e_online 1
kill -HUP "${H_PID[node1]}"
h_wait 10 grep -Eq "policy.*(unchanged|reloaded|not reloaded)" "$H_DIR/logs/node1.log" || wrong "SIGHUP: no word about the policy"
! grep -q "not reloaded" "$H_DIR/logs/node1.log" || wrong "a linked policy is not read: $(grep "not reloaded" "$H_DIR/logs/node1.log")"
h_stop_clean node1
ok "a policy that is a link is read again"
tls=$H_DIR/archive
{
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$tls/ca.key" -out "$tls/ca.pem" -days 2 -subj /CN=ca
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$tls/key1.pem" -out "$tls/csr" -subj /CN=localhost
    openssl x509 -req -in "$tls/csr" -CA "$tls/ca.pem" -CAkey "$tls/ca.key" -CAcreateserial -days 2 \
        -extfile <(echo subjectAltName=DNS:localhost,IP:127.0.0.1) -out "$tls/cert1.pem"
} 2>/dev/null
ln -sf ../archive/ca.pem "$H_DIR/live/ca.pem"
ln -sf ../archive/cert1.pem "$H_DIR/live/cert.pem"
ln -sf ../archive/key1.pem "$H_DIR/live/key.pem"
mkdir -m 700 "$H_DIR/platform2"
CLOUDSIGN_SANDBOX=require "$H_BIN/cloudsign-platform" serve --data-dir "$H_DIR/platform2" --listen 127.0.0.1:0 \
    --tls-ca "$H_DIR/live/ca.pem" --tls-cert "$H_DIR/live/cert.pem" --tls-key "$H_DIR/live/key.pem" >"$H_DIR/logs/platform2.log" 2>&1 &
H_PID[platform2]=$!
h_wait 10 grep -q "listening on" "$H_DIR/logs/platform2.log" || wrong "the platform does not take certificates that are links"
h_stop_clean platform2
ok "certificates that are links are read"
