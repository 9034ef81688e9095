# A test approver (approver.mjs) and what a node needs to ask it.  Source after common.sh.
# shellcheck shell=bash
A_DIR=$H_DIR/approver

a_files() { # keys, certificates, secret
    mkdir -p "$A_DIR"
    (
        cd "$A_DIR"
        umask 077
        openssl rand -hex 32 >secret
        openssl genpkey -algorithm ed25519 -out answers.key
        openssl genpkey -algorithm ed25519 -out other.key
        openssl pkey -in answers.key -pubout -outform DER | tail -c 32 | od -An -vtx1 | tr -d ' \n' >answers.pub
        local name
        for name in tls client; do
            openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=$name ca" \
                -keyout "$name-ca.key" -out "$name-ca.pem" 2>/dev/null
            openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$name" \
                -keyout "$name.key" -out "$name.csr" 2>/dev/null
            printf 'subjectAltName=IP:127.0.0.1,DNS:localhost\n' >ext
            openssl x509 -req -in "$name.csr" -CA "$name-ca.pem" -CAkey "$name-ca.key" -CAcreateserial -days 2 \
                -extfile ext -out "$name.pem" 2>/dev/null
        done
    )
    printf ed25519 >"$A_DIR/answers"
    a_mode allow
}
a_mode() { printf '%s' "$1" >"$A_DIR/mode"; rm -f "$A_DIR/hung"; }
a_start() { # [mtls]: the same port again
    local port
    port=$(cat "$A_DIR/port" 2>/dev/null || printf 0)
    rm -f "$A_DIR/port"
    PORT=$port node "$E_HERE/approver.mjs" "$A_DIR" "$@" </dev/null >>"$H_DIR/logs/approver.log" 2>&1 &
    H_PID[approver]=$!
    h_wait 20 test -s "$A_DIR/port" || wrong "the test approver does not start"
    A_URL=https://localhost:$(cat "$A_DIR/port")/approve
}
a_stop() { h_stop approver; }
a_asked() { [ -e "$A_DIR/asked.jsonl" ] || { printf 0; return; }; wc -l <"$A_DIR/asked.jsonl" | tr -d ' '; }
# a_refused REASON SENTENCE: the next request fails with that reason and no signature.
a_refused() {
    e_transfer
    h_sign SOLANA ED25519 raw "$E_HEX"
    h_wait "${3:-60}" h_tx_settled || wrong "$2: still $(api_get .status)"
    [ "$(api_get .status)" = FAILED ] || wrong "$2: $(api_get .status)"
    [ -z "$(api_get .signature)" ] || wrong "$2: a signature is shown"
    api_try GET "$TX/timeline" || true
    grep -q "$1" <<<"$API_BODY" || { api_try GET "$TX"; grep -q "$1" <<<"$API_BODY" || wrong "$2: not $1: $API_BODY"; }
    ok "$2: $1"
}
