# The test KMS for end-to-end scripts; source it after common.sh.
# shellcheck shell=bash
K_REGION=eu-west-1
K_KEY=arn:aws:kms:$K_REGION:111122223333:key/11111111-1111-1111-1111-111111111111
# shellcheck disable=SC2034 # for the scripts
K_OTHER=arn:aws:kms:$K_REGION:111122223333:key/22222222-2222-2222-2222-222222222222
K_DIR=$H_DIR/kms
K_PORT=0

command -v node >/dev/null && [ -d "$E_HERE/../node_modules/@aws-sdk" ] || {
    echo "SKIPPED: no AWS packages: run third_party/install.sh --with-harness"
    exit 77
}

k_files() { # a CA, and a certificate for 127.0.0.1
    mkdir -p "$K_DIR"
    (
        cd "$K_DIR" || exit 1
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=test CA" \
            -keyout ca.key -out ca.pem -days 3
        openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=127.0.0.1 \
            -keyout tls.key -out tls.csr
        openssl x509 -req -in tls.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -out tls.pem \
            -extfile <(printf 'subjectAltName=IP:127.0.0.1')
    ) 2>/dev/null
}

k_start() { # again: on the same port
    rm -f "$K_DIR/ports.json"
    node "$E_HERE/../harness/kms.mjs" serve "$K_DIR" "$K_PORT" >>"$H_DIR/logs/kms.log" 2>&1 &
    H_PID[kms]=$!
    h_wait 20 test -s "$K_DIR/ports.json" || wrong "the test KMS does not start"
    K_PORT=$(jq .kms "$K_DIR/ports.json")
    K_HTTP=http://127.0.0.1:$(jq .http "$K_DIR/ports.json")
}
k_stop() { h_stop kms TERM; }

k_put() { curl -sS -f -X PUT "$K_HTTP/$1" -d "$2"; }
k_mode() { k_put mode "{\"mode\":\"$1\"${2:+,$2}}"; }
k_calls() { curl -sS -f "$K_HTTP/calls" | jq "[.[] | select($1)] | length"; }

# The settings of a node whose store the test KMS seals; with the static user's keys.
k_base() {
    printf '%s\n' "DB_ENCRYPTION_KEY_REF=$K_KEY" "AWS_ENDPOINT_URL_KMS=https://127.0.0.1:$K_PORT" \
        "AWS_CA_BUNDLE=$K_DIR/ca.pem" "AWS_EC2_METADATA_DISABLED=true" "HOME=$H_DIR"
}
k_static() {
    printf '%s\n' "AWS_ACCESS_KEY_ID=AKIATESTSTATIC000001" \
        "AWS_SECRET_ACCESS_KEY=static/secret+of=the-test-user-0123456789"
}

# k_node N [NAME=VALUE|-NAME]...: node N without a hex key, with these settings.
k_node() {
    local n=$1
    shift
    (umask 077; mkdir -p "$H_DIR/node$n")
    (
        unset DB_ENCRYPTION_KEY_HEX http_proxy https_proxy
        export PAIRING_KEY LOG_LEVEL=$H_LOG_LEVEL CLOUDSIGN_DATA_DIR=$H_DIR/node$n
        PAIRING_KEY=$(h_get "pairing$n")
        for setting in "$@"; do export "${setting?}"; done
        exec "$H_BIN/cloudsign" run
    ) </dev/null >>"$H_DIR/logs/node$n.log" 2>&1 &
    H_PID[node$n]=$!
}
# k_fresh_log N: an empty log; what was in it is kept, to be searched at the end.
k_fresh_log() {
    cat "$H_DIR/logs/node$1.log" >>"$H_DIR/logs/before" 2>/dev/null || true
    : >"$H_DIR/logs/node$1.log"
}

# k_memory N SENTENCE: of what $H_DIR/secrets says ("NAME HEX" lines; the name "seal" for
# the store's key) only the seal is in the memory of node N, and that is guarded.
k_memory() {
    local found=$H_DIR/found
    if [ "$(id -u)" != 0 ] || grep -qa __asan_init "$H_BIN/cloudsign"; then
        echo "SKIPPED: $2: needs root, and a build without sanitizers"
        return
    fi
    node "$E_HERE/memory.mjs" "${H_PID[node$1]}" <"$H_DIR/secrets" >"$found"
    grep -q '^seal locked [1-9]' "$found" || wrong "$2: the store's key was not found at all: $(cat "$found")"
    ! grep -E ' plain [1-9]' "$found" || wrong "$2: secrets lie in ordinary memory"
    ! grep -vE '^(seal|read) ' "$found" | grep -E ' locked [1-9]' || wrong "$2: secrets outlive their use"
    ok "$2: $(grep -v '^read' "$found" | tr '\n' ';')"
}
k_hex() { printf '%s' "$1" | od -An -v -tx1 | tr -d ' \n'; }
k_state() { [ "$(h_node_status "$1" | jq -r .state)" = "$2" ]; }
