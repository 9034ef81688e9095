#!/usr/bin/env bash
# cloudsign doctor: beside a running node, without one, and in broken environments; each
# thing that is wrong is found, has a remedy, and makes the exit code 1.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

OUT=$H_DIR/doctor.json
# doctor CODE N [WORD...] [-- NAME=VALUE...]: runs it for node N; findings go to $OUT.
# NAME= is not set at all.
doctor() {
    local want=$1 n=$2 code=0 words=()
    shift 2
    while [ $# -gt 0 ] && [ "$1" != -- ]; do words+=("$1"); shift; done
    [ $# -eq 0 ] || shift
    (
        export DB_ENCRYPTION_KEY_HEX CLOUDSIGN_DATA_DIR
        DB_ENCRYPTION_KEY_HEX=$(h_get "dbkey$n") CLOUDSIGN_DATA_DIR=$H_DIR/node$n
        for setting in "$@"; do
            if [ -n "${setting#*=}" ]; then export "${setting?}"; else unset "${setting%=}"; fi
        done
        ${RUNNER:-} "$H_BIN/cloudsign" doctor --json "${words[@]}"
    ) >"$OUT" 2>"$H_DIR/doctor.err" </dev/null || code=$?
    jq -e . "$OUT" >/dev/null || wrong "doctor printed no JSON: $(cat "$OUT" "$H_DIR/doctor.err")"
    [ "$code" = "$want" ] || wrong "doctor: exit $code, not $want: $(jq -c '.findings[] | select(.level != "OK")' "$OUT")"
    [ "$(jq .failures "$OUT")" = "$(jq '[.findings[] | select(.level == "FAIL")] | length' "$OUT")" ] || wrong "failures are counted wrongly"
    jq -e '[.findings[] | select(.level != "OK" and .remedy == "")] == []' "$OUT" >/dev/null || wrong "a finding has no remedy: $(cat "$OUT")"
}
# found LEVEL CHECK TEXT: such a finding is there.
found() {
    jq -e --arg l "$1" --arg c "$2" --arg t "$3" 'any(.findings[]; .level == $l and .check == $c and (.what | contains($t)))' "$OUT" >/dev/null ||
        wrong "no $1 of $2 with '$3': $(jq -c '.findings[]' "$OUT")"
    ok "$1 $2: $(jq -r --arg l "$1" --arg c "$2" --arg t "$3" 'first(.findings[] | select(.level == $l and .check == $c and (.what | contains($t))) | .what)' "$OUT" | cut -c1-120)"
}

e_platform
e_nodes_paired
e_quorum
e_key

# ---- all is well
doctor 0 1 --deep
for check in node settings file-system permissions disk-space fsync locked-memory open-files entropy version state \
    control relay-channel clock store store-deep peer quorum relay-way platform relay; do
    jq -e --arg c $check 'any(.findings[]; .check == $c and .level == "OK")' "$OUT" >/dev/null || wrong "no OK of $check: $(cat "$OUT")"
done
[ "$(jq '[.findings[] | select(.check == "relay-way" and .level == "OK")] | length' "$OUT")" = 2 ] || wrong "not both peers answered"
ok "a running node: $(jq '.findings | length' "$OUT") findings, none fails"
CLOUDSIGN_DATA_DIR=$H_DIR/node1 "$H_BIN/cloudsign" doctor >"$H_DIR/text" || wrong "as text: $(cat "$H_DIR/text")"
grep -q '^OK    relay-way' "$H_DIR/text" && grep -q '^0 failures' "$H_DIR/text" || wrong "the text is another: $(cat "$H_DIR/text")"
ok "as text, without the store's key at hand"

# ---- the clock
cat >"$H_DIR/clock.c" <<'C'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <time.h>
int clock_gettime(clockid_t id, struct timespec *t)
{
    int (*real)(clockid_t, struct timespec *) = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    int r = real(id, t);
    if (id == CLOCK_REALTIME) { t->tv_sec += 600; }
    return r;
}
C
if ldd "$H_BIN/cloudsign" | grep libasan >/dev/null || ! cc -shared -fPIC -o "$H_DIR/clock.so" "$H_DIR/clock.c" -ldl 2>/dev/null; then
    echo "SKIPPED: the wrong clock: no compiler, or a sanitizer's own preload"
else
    RUNNER="env LD_PRELOAD=$H_DIR/clock.so" doctor 1 1
    found FAIL clock "s ahead of that of the platform (by its Date)"
fi

# ---- limits
RUNNER='prlimit --nofile=128:128 --memlock=65536:65536' doctor 0 1 # those of the node count, not doctor's
found OK open-files "files may be open"

# ---- a peer that is gone
h_stop node2 KILL
doctor 1 1
found FAIL relay-way "party 2"
h_node_start 2
e_online 2

# ---- stopped
h_stop node3
sum=$(sha256sum <"$H_DIR/node3/data.mdb")
doctor 0 3 --deep
[ "$(sha256sum <"$H_DIR/node3/data.mdb")" = "$sum" ] || wrong "doctor changed the store"
[ -z "$(find "$H_DIR/node3" -name '.doctor*')" ] || wrong "doctor leaves a file"
found WARN node "no node answers"
found OK store "the store opens"
found OK store-deep "records open"
found OK platform "TLS and its certificate are right"
RUNNER='prlimit --nofile=128:128 --memlock=65536:65536' doctor 1 3
found WARN open-files "128 files"
found FAIL locked-memory "64 KiB"

# ---- the network
doctor 1 3 -- PLATFORM_URL=wss://no-such-host.invalid/control
found FAIL platform E_DNS
doctor 1 3 -- RELAY_URL=wss://127.0.0.1:1/relay
found FAIL relay E_CONN
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$H_DIR/other.key" -out "$H_DIR/other.crt" \
    -days 2 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1 2>/dev/null
port=$((20000 + RANDOM % 12000)) # below those that the kernel gives out
openssl s_server -accept 127.0.0.1:$port -www -cert "$H_DIR/other.crt" -key "$H_DIR/other.key" >/dev/null 2>&1 &
H_PID[other]=$!
h_wait 10 bash -c "exec 3<>/dev/tcp/127.0.0.1/$port" 2>/dev/null || wrong "openssl s_server does not listen"
doctor 1 3 -- PLATFORM_URL=wss://127.0.0.1:$port/control
found FAIL platform E_TLS_TRUST
jq -e 'any(.findings[]; .check == "platform" and (.remedy | contains("CA that this node was paired with")))' "$OUT" >/dev/null || wrong "the remedy is another"
doctor 1 3 -- PLATFORM_URL=ws://127.0.0.1/control
found FAIL store "PLATFORM_URL"

# ---- KMS: the endpoint's certificate is not of the system's roots
doctor 1 3 -- DB_ENCRYPTION_KEY_HEX= DB_ENCRYPTION_KEY_REF=arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab \
    AWS_ENDPOINT_URL_KMS=https://127.0.0.1:$port AWS_ACCESS_KEY_ID=AKIAEXAMPLEEXAMPLE AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY
found FAIL kms E_TLS_TRUST
! grep -q wJalrXUtn "$OUT" "$H_DIR/doctor.err" || wrong "the secret is in the output"

# ---- the store
doctor 1 3 -- DB_ENCRYPTION_KEY_HEX="$(openssl rand -hex 32)"
found FAIL store "exit code 79"
doctor 1 3 -- DB_ENCRYPTION_KEY_HEX=
found FAIL settings "DB_ENCRYPTION_KEY"
doctor 1 9 -- "CLOUDSIGN_DATA_DIR=$H_DIR/no"$'\xff\xc2\x9b'"such" # and as many findings as it says
found FAIL file-system "no??such"
mkdir -m 700 "$H_DIR/node9"
h_put dbkey9 "$(openssl rand -hex 32)"
doctor 1 9
found FAIL pairing "needs a PAIRING_KEY"
doctor 1 9 -- PAIRING_KEY=eyJub25zZW5zZSI6MX0=
found FAIL pairing ""
doctor 0 9 -- PAIRING_KEY="$(h_get pairing1)"
found OK pairing "well-formed"
found OK platform "TLS and its certificate are right"
[ ! -e "$H_DIR/node9/data.mdb" ] || wrong "doctor made a store"
ok "doctor makes no store"

cp -r "$H_DIR/node3" "$H_DIR/node8"
h_put dbkey8 "$(h_get dbkey3)"
size=$(stat -c %s "$H_DIR/node8/data.mdb") hit=
for at in $(seq 8192 1024 "$((size - 1))"); do # the first byte that counts
    cp "$H_DIR/node3/data.mdb" "$H_DIR/node8/data.mdb"
    head -c 64 /dev/zero | tr '\0' '\377' | dd of="$H_DIR/node8/data.mdb" bs=1 seek="$((at + 300))" conv=notrunc status=none
    (doctor 1 8 --deep) >/dev/null 2>&1 && { hit=$at; doctor 1 8 --deep; break; }
done
[ -n "$hit" ] || wrong "no damage of the store was found"
jq -e 'any(.findings[]; .level == "FAIL" and (.check == "store" or .check == "store-deep"))' "$OUT" >/dev/null || wrong "the damage is told elsewhere"
ok "a damaged store is found (offset $hit)"

# ---- permissions
chmod 750 "$H_DIR/node3"
doctor 0 3
found WARN permissions "mode 750"
chmod 755 "$H_DIR/node3"
doctor 1 3
found FAIL permissions "mode 755"
chmod 700 "$H_DIR/node3"

# ---- a full disk
cat >"$H_DIR/full.sh" <<'S'
mount -t tmpfs -o size=2m,mode=700 none "$1" && cp "$2"/data.mdb "$1"/ && shift 2 || exit 78
head -c 2m /dev/zero >"$CLOUDSIGN_DATA_DIR/filler" 2>/dev/null
exec "$@"
S
mkdir -m 700 "$H_DIR/node7"
h_put dbkey7 "$(h_get dbkey3)"
if unshare -m true 2>/dev/null; then
    RUNNER="unshare -m bash $H_DIR/full.sh $H_DIR/node7 $H_DIR/node3" doctor 1 7
    found FAIL disk-space "0 MiB are free"
    found FAIL fsync ""
else
    echo "SKIPPED: a full disk: no mount namespaces here"
fi

# ---- what it is called with
code=0
"$H_BIN/cloudsign" doctor --quick >/dev/null 2>&1 || code=$?
[ $code = 64 ] || wrong "an unknown option: exit $code"
ok "an unknown option: exit 64"
