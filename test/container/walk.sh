# Nodes and platform in containers: the guide's commands, our compose files, what a
# container may not do.  Sourced by container.sh; h_* are of test/harness/lib.sh.
# shellcheck shell=bash disable=SC2034

# ---- lib.sh, for programs that are containers ------------------------------------------

h_alive() { [ -n "$(docker ps -q --filter "name=^$(container_of "$1")\$")" ]; }
h_node_status() { docker exec "cloudsign$1" /usr/bin/cloudsign status --json 2>/dev/null; }
container_of() { case $1 in node*) printf 'cloudsign%s' "${1#node}" ;; *) printf 'cloudsign-%s' "$1" ;; esac; }
curl() { command curl --connect-to "platform:8443:127.0.0.1:$PLATFORM_PORT" "$@"; }
h_fail() { # WHAT REMEDY [PROCESS..]
    local name
    for name in "${@:3}"; do
        printf '%s\n' "--- $name"
        docker logs --tail 15 "$(container_of "$name")" 2>&1 || true
    done
    wrong "$1 ($2)"
}
free_port() { node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close(); });'; }

# walk_open NAME: a folder of its own, four volumes that belong to the containers' user,
# and an .env for compose.
walk_open() {
    local n
    H_DIR=$WORK/$1
    mkdir -p "$H_DIR"/{state,logs}
    install -d -m 0700 -o 10001 -g 10001 "$H_DIR"/{platform,node1,node2,node3}
    H_TOKEN=
    PLATFORM_PORT=$(free_port)
    # In the environment as well: compose takes the platform's part before there are keys.
    export PLATFORM_PORT PLATFORM_VOLUME=$H_DIR/platform
    : >"$H_DIR/.env"
    for n in 1 2 3; do printf 'VOLUME_%s=%s\n' "$n" "$H_DIR/node$n" >>"$H_DIR/.env"; done
}

walk_platform() { # once its container runs
    h_wait "$H_PATIENCE" test -s "$H_DIR/platform/platform.url" || h_fail "the platform is not ready" "its log" platform
    H_URL=$(<"$H_DIR/platform/platform.url")
    h_setup
    h_token || h_fail "no access token: $API_BODY" "its log" platform
}

walk_devices() { # makes three; their pairing keys go into .env
    local n
    for n in 1 2 3; do
        h_device_create "$n"
        printf 'PAIRING_KEY_%s=%s\nENCRYPTION_KEY_%s=%s\n' "$n" "$(h_get "pairing$n")" "$n" "$(h_get "dbkey$n")" >>"$H_DIR/.env"
        h_device "$n"
        [ "$(api_get .statusText)" = Unpaired ] || wrong "a new device is $(api_get .statusText)"
    done
}

walk_sign() {
    h_wallet SOLANA ED25519
    local wallet=$API_BODY hex
    hex=$(node "$root/test/harness/payload.mjs" <<<"$wallet" | jq -r .encodedTransaction)
    h_sign SOLANA ED25519 raw "$hex"
    h_sign_wait
    jq -nc --argjson wallet "$wallet" --argjson tx "$API_BODY" --arg value "$hex" \
        '{$wallet, kind: "raw", $value, $tx}' | node "$root/test/harness/verify.mjs" >/dev/null ||
        wrong "a signature does not verify: $API_BODY"
}

walk_through() { # Unpaired .. a signature
    local n
    for n in 1 2 3; do
        h_device_wait "$n" statusText "Waiting for approval"
        h_device_approve "$n"
    done
    for n in 1 2 3; do
        h_device_wait "$n" statusText Paired
        h_device_wait "$n" connectionStatus ONLINE
    done
    h_quorum_create
    h_quorum_wait
    h_vault_create
    h_wallet_create SOLANA ED25519
    h_wallet_wait SOLANA ED25519
    h_wallet_enable SOLANA ED25519
    walk_sign
}

stops_in_order() { # CONTAINER: docker stop, exit 0, within 5 s
    local start code
    start=$(h_now_ms)
    docker stop -t 15 "$1" >/dev/null
    start=$(($(h_now_ms) - start))
    code=$(docker inspect -f '{{.State.ExitCode}}' "$1")
    [ "$code" = 0 ] || { docker logs --tail 15 "$1"; wrong "$1: exit $code at docker stop"; }
    [ "$start" -le 5000 ] || wrong "$1: docker stop took $start ms"
    printf '%s' "$start"
}

# ---- what a wrong docker run says ---------------------------------------------------------

refuses() { # EXIT PATTERN SENTENCE [OPTION..]
    local code=0
    docker run --rm --network none "${@:4}" cloudsign >"$WORK/refused.log" 2>&1 || code=$?
    [ "$code" = "$1" ] && grep -qE "$2" "$WORK/refused.log" || { cat "$WORK/refused.log"; wrong "$3: exit $code"; }
    ok "$3: exit $1: $(grep -E "$2" "$WORK/refused.log" | tail -n 1 | cut -c1-160)"
}

refusals() {
    local key
    key=$(openssl rand -hex 32)
    install -d -m 0755 "$WORK/roots"
    install -d -m 0700 -o 10001 -g 10001 "$WORK/own"
    refuses 78 'chown 10001:10001' "a volume of another owner" -v "$WORK/roots:/var/cloudsign" -e "DB_ENCRYPTION_KEY_HEX=$key"
    refuses 84 'no volume is mounted' "no volume at all" -e "DB_ENCRYPTION_KEY_HEX=$key"
    refuses 78 'PAIRING_KEY' "no pairing key" -v "$WORK/own:/var/cloudsign" -e "DB_ENCRYPTION_KEY_HEX=$key"
    refuses 78 'DB_ENCRYPTION_KEY_HEX' "no encryption key" -v "$WORK/own:/var/cloudsign" -e PAIRING_KEY=e30=
    refuses 78 'DB_ENCRYPTION_KEY_HEX.*guide' "the encryption key that the guide prints" -v "$WORK/own:/var/cloudsign" \
        -e PAIRING_KEY=e30= -e DB_ENCRYPTION_KEY_HEX=c6516198ba86603e2fda776706b44373d5630cd2e89352772a9b75cda2df67ed
}

# ---- the guide -----------------------------------------------------------------------------

# A platform on the bridge's address, as one on another machine would be.
guide() {
    local address start
    address=$(docker network inspect bridge -f '{{(index .IPAM.Config 0).Gateway}}')
    walk_open guide
    docker run -d --name cloudsign-platform --network host --read-only --cap-drop ALL -v "$H_DIR/platform:/var/cloudsign-platform" \
        cloudsign-platform serve --data-dir /var/cloudsign-platform --listen "$address:$PLATFORM_PORT" >/dev/null
    walk_platform
    walk_devices
    # Section 5 of the guide.  -it needs a terminal, which script makes.
    cat >"$H_DIR/run" <<SH
docker run \\
  -v $H_DIR/node1:/var/cloudsign \\
  -e DB_ENCRYPTION_KEY_HEX=$(h_get dbkey1) \\
  -e PAIRING_KEY=$(h_get pairing1) \\
  -e LOG_LEVEL=debug \\
  --rm \\
  --name cloudsign-node \\
  -it cloudsign
SH
    script -qefc "sh $H_DIR/run" "$H_DIR/typescript" >/dev/null 2>&1 </dev/null &
    start=$!
    h_wait "$H_PATIENCE" h_device_is 1 statusText "Waiting for approval" || { cat "$H_DIR/typescript"; wrong "docker run: the device is $(api_get .statusText)"; }
    docker stop -t 15 cloudsign-node >/dev/null
    wait "$start" || { tail "$H_DIR/typescript"; wrong "docker run -it: exit $? at docker stop"; }
    ok "docker run -it .. as in section 5: Unpaired, then Waiting for approval; docker stop: exit 0"
    # Section 6: the guide's file, with its .env, in a folder of its own.
    cp "$root/test/container/seed.yml" "$H_DIR/docker-compose.yml"
    (cd "$H_DIR" && compose up -d) >"$H_DIR/up.log" 2>&1 || { cat "$H_DIR/up.log"; wrong "docker compose up"; }
    walk_through
    ok "docker compose up with the file of section 6: three Paired, quorum Confirmed, key $(h_wallet SOLANA ED25519; api_get .address), signature verified"
    (cd "$H_DIR" && compose down -t 15) >"$H_DIR/down.log" 2>&1 || { cat "$H_DIR/down.log"; wrong "docker compose down"; }
    ok "platform: docker stop in $(stops_in_order cloudsign-platform) ms, exit 0"
    docker rm cloudsign-platform >/dev/null
}

# ---- our compose file ------------------------------------------------------------------------

project() { (cd "$root" && compose -p cloudsign-test --env-file "$H_DIR/.env" "${files[@]}" "$@") >"$H_DIR/compose.log" 2>&1 || { cat "$H_DIR/compose.log"; wrong "docker compose $*"; }; }
is_healthy() { [ "$(docker inspect -f '{{.State.Health.Status}}' "$1")" = healthy ]; }

probe() { # CONTAINER VOLUME: what must fail, tried from inside with the container's rights
    [ -x "$WORK/probe" ] || gcc -std=c11 -D_GNU_SOURCE -O1 -static -o "$WORK/probe" "$root/test/container/probe.c"
    install -m 0755 "$WORK/probe" "$2/probe"
    docker exec "$1" "/var/$3/probe" >"$H_DIR/probe.log" 2>&1 || { cat "$H_DIR/probe.log"; wrong "$1: the container allows too much"; }
    rm "$2/probe"
    [ "$(grep -c '^ok' "$H_DIR/probe.log")" -ge 50 ] || { cat "$H_DIR/probe.log"; wrong "the probe did not try everything"; }
    ok "$1: $(grep -c '^ok' "$H_DIR/probe.log") forbidden things tried from inside, all refused"
}

limits_of() { # CONTAINER
    docker inspect "$1" | jq -e '.[0].HostConfig | .ReadonlyRootfs and .CapDrop == ["ALL"] and .Memory > 0 and
        .MemorySwap == .Memory and .PidsLimit > 0 and (.Privileged | not) and .PortBindings == {} and
        (.SecurityOpt | any(. == "no-new-privileges:true")) and (.SecurityOpt | any(startswith("seccomp=")))' >/dev/null ||
        { docker inspect "$1" | jq '.[0].HostConfig'; wrong "$1: limits"; }
}

hardened() {
    local n took
    local files=(-f docker-compose.yml -f docker-compose.platform.yml)
    walk_open hardened
    project up -d platform
    walk_platform
    walk_devices
    project up -d
    walk_through
    ok "three nodes and a platform: Paired, Confirmed, key made, signature verified"
    for n in 1 2 3; do
        h_wait 60 is_healthy "cloudsign$n" || { docker inspect -f '{{json .State.Health}}' "cloudsign$n"; wrong "cloudsign$n is not healthy"; }
        limits_of "cloudsign$n"
    done
    ok "all three healthy; read-only, no capabilities, memory, pids, seccomp profile as in the file"
    probe cloudsign1 "$H_DIR/node1" cloudsign
    docker exec cloudsign2 /usr/bin/cloudsign doctor >"$H_DIR/doctor.log" 2>&1 ||
        { cat "$H_DIR/doctor.log"; wrong "cloudsign doctor finds something wrong in our own compose file"; }
    ok "cloudsign doctor in a container: $(tail -n 1 "$H_DIR/doctor.log")"
    took=$(stops_in_order cloudsign3)
    walk_sign
    ok "cloudsign3: docker stop in $took ms, exit 0; the two others sign"
    for n in 1 2; do took=$(stops_in_order "cloudsign$n"); done
    project down -t 15
}

# ---- sealed by KMS -----------------------------------------------------------------------------

# The test KMS listens on loopback; containers reach the bridge's address, and this.
KMS_FORWARD='const [host, port] = process.argv.slice(1); const net = require("net");
net.createServer((a) => {
    const b = net.connect(Number(port), "127.0.0.1");
    for (const s of [a, b]) s.on("error", () => { a.destroy(); b.destroy(); });
    a.pipe(b); b.pipe(a);
}).listen(0, host, function () { console.log(this.address().port); });'

kms_files() { # ADDRESS: a CA, and a certificate for the address
    mkdir -p "$H_DIR/kms"
    (
        cd "$H_DIR/kms" || exit 1
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=test CA" \
            -keyout ca.key -out ca.pem -days 3
        openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=$1" -keyout tls.key -out tls.csr
        openssl x509 -req -in tls.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -out tls.pem \
            -extfile <(printf 'subjectAltName=IP:%s' "$1")
    ) >"$H_DIR/kms.log" 2>&1 || { cat "$H_DIR/kms.log"; wrong "certificates"; }
}

KMS_PID= FORWARD_PID=
kms_start() {
    rm -f "$H_DIR/kms/ports.json"
    node "$root/test/harness/kms.mjs" serve "$H_DIR/kms" "${KMS_PORT:-0}" >>"$H_DIR/kms.log" 2>&1 &
    KMS_PID=$!
    h_wait 20 test -s "$H_DIR/kms/ports.json" || { cat "$H_DIR/kms.log"; wrong "the test KMS does not start"; }
    KMS_PORT=$(jq .kms "$H_DIR/kms/ports.json")
}
kms_stop() { kill -TERM "$KMS_PID" && { wait "$KMS_PID" || true; } && KMS_PID=; }
node_state_is() { [ "$(h_node_status "$1" | jq -r .state)" = "$2" ]; }

sealed() {
    local n address
    local files=(-f docker-compose.kms.yml -f docker-compose.platform.yml)
    address=$(docker network inspect bridge -f '{{(index .IPAM.Config 0).Gateway}}')
    walk_open sealed
    kms_files "$address"
    kms_start
    node -e "$KMS_FORWARD" "$address" "$KMS_PORT" >"$H_DIR/forward" &
    FORWARD_PID=$!
    h_wait 20 test -s "$H_DIR/forward" || wrong "no way to the test KMS"
    export AWS_ENDPOINT_URL_KMS AWS_ACCESS_KEY_ID=AKIATESTSTATIC000001 AWS_CA_BUNDLE=/var/cloudsign/ca.pem
    export AWS_SECRET_ACCESS_KEY=static/secret+of=the-test-user-0123456789
    AWS_ENDPOINT_URL_KMS=https://$address:$(<"$H_DIR/forward")
    for n in 1 2 3; do
        install -m 0644 "$H_DIR/kms/ca.pem" "$H_DIR/node$n/ca.pem"
        printf 'ENCRYPTION_KEY_REF_%s=arn:aws:kms:eu-west-1:111122223333:key/11111111-1111-1111-1111-111111111111\n' "$n" >>"$H_DIR/.env"
    done
    project up -d platform
    walk_platform
    walk_devices
    project up -d
    walk_through
    ! docker inspect cloudsign1 | grep DB_ENCRYPTION_KEY_HEX >/dev/null || wrong "a key is in the container's settings"
    ok "three nodes sealed by the test KMS over a private CA: Paired, Confirmed, key made, signature verified"
    kms_stop
    walk_sign
    docker restart -t 15 cloudsign1 >/dev/null
    h_wait 30 node_state_is 1 WAITING_FOR_KMS || { docker logs --tail 15 cloudsign1; wrong "without KMS the node is $(h_node_status 1)"; }
    walk_sign
    kms_start
    h_wait 90 node_state_is 1 READY || { docker logs --tail 15 cloudsign1; wrong "KMS is back, the node is $(h_node_status 1 | jq -c .state)"; }
    h_device_wait 1 connectionStatus ONLINE
    walk_sign
    ok "KMS away: running nodes sign; a started one waits, and goes on when KMS is back"
    project down -t 15
    kms_stop
    kill -TERM "$FORWARD_PID"
}
