# A real HTTPS endpoint that judges each delivery (../harness/hooks.mjs), and a webhook to
# it.  Source it after common.sh.
# shellcheck shell=bash
W_DIR=$H_DIR/hooks
W_PORT=0
w_files() { # a CA, and a certificate for 127.0.0.1
    mkdir -p "$W_DIR"
    (
        cd "$W_DIR"
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=test CA" \
            -keyout ca.key -out ca.pem -days 3
        openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=127.0.0.1 \
            -keyout tls.key -out tls.csr
        openssl x509 -req -in tls.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -out tls.pem \
            -extfile <(printf 'subjectAltName=IP:127.0.0.1')
    ) 2>/dev/null
}
w_start() { # again: on the same port
    rm -f "$W_DIR/hooks.json"
    node "$E_HERE/../harness/hooks.mjs" "$W_DIR" "$W_PORT" >>"$H_DIR/logs/hooks.log" 2>&1 &
    H_PID[hooks]=$!
    h_wait 20 test -s "$W_DIR/hooks.json" || wrong "the endpoint does not start"
    W_PORT=$(jq .https "$W_DIR/hooks.json")
    W_HTTP=http://127.0.0.1:$(jq .http "$W_DIR/hooks.json")
}
w_put() { curl -sS -f --noproxy '*' -X PUT "$W_HTTP/$1" -d "$2" >/dev/null; }
w_mode() { w_put mode "{\"mode\":\"$1\"}"; }
w_calls() { curl -sS -f --noproxy '*' "$W_HTTP/calls"; }
w_count() { w_calls | jq "[.[] | select($1)] | length"; }
w_some() { [ "$(w_count "$1")" -ge "$2" ]; }
w_all_good() {
    local bad
    bad=$(w_calls | jq -c '[.[] | select(.good | not)]')
    [ "$bad" = "[]" ] || wrong "$1: $bad"
}

# w_hook PATH: a webhook with DEVICE events to that path; sets W_HOOK.
w_hook() {
    api POST /v2/webhooks "$(jq -nc --arg u "https://127.0.0.1:$W_PORT$1" '{name: "test", endpoint: $u}')"
    W_HOOK=$(api_get .id)
    W_KEY=$(api_get .publicKey)
    w_put key "$(jq -nc --arg p "$1" --arg k "$W_KEY" '{path: $p, publicKey: $k}')"
    api POST "/v2/webhooks/$W_HOOK/subscriptions" '[{"domain": "DEVICE", "scope": "ORG"}]'
}
