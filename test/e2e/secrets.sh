#!/usr/bin/env bash
# Nothing secret in logs, nothing readable in a node's database.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
H_LOG_LEVEL=trace

e_platform
e_nodes_paired
e_quorum
e_key
e_sign
e_expect_nothing() { # WHAT TEXT FILE...: fixed string, not in any of these files
    local what=$1 text=$2
    shift 2
    [ -n "$text" ] || wrong "$what: nothing to look for"
    ! grep -lFa -e "$text" "$@" || wrong "$what is in the files above"
}
bytes_absent() { # WHAT HEX FILE...: these bytes, in any of the files
    local what=$1 text=$2
    shift 2
    [ "${#text}" -ge 32 ] || wrong "$what: too short to look for: '$text'"
    ! cat "$@" | xxd_hex | grep -qF "$text" || wrong "the bytes of $what are in: $*"
}
xxd_hex() { od -An -v -tx1 | tr -d ' \n'; }

logs=("$H_DIR"/logs/*.log)
databases=("$H_DIR"/node?/data.mdb)
for file in "${logs[@]}" "${databases[@]}" "$H_DIR/platform/data.mdb"; do
    [ -s "$file" ] || wrong "$file is not there: nothing was searched"
done
[ ${#databases[@]} -eq 3 ] && [ ${#logs[@]} -ge 4 ] || wrong "files are missing: ${logs[*]} ${databases[*]}"
public_key=$(jq -r .publicKey <<<"$E_WALLET")
for n in 1 2 3; do
    seed=$(h_get "pairing$n" | base64 -d | jq -r .seed)
    e_expect_nothing "pairing key $n" "$(h_get "pairing$n")" "${logs[@]}" "${databases[@]}"
    e_expect_nothing "seed of pairing key $n" "$seed" "${logs[@]}" "${databases[@]}"
    e_expect_nothing "encryption key $n" "$(h_get "dbkey$n")" "${logs[@]}" "${databases[@]}"
    bytes_absent "encryption key $n" "$(h_get "dbkey$n")" "${databases[@]}"
done
e_expect_nothing "client secret" "$(h_get clientSecret)" "${logs[@]}" "$H_DIR/platform/data.mdb"
e_expect_nothing "access token" "$H_TOKEN" "${logs[@]}" "$H_DIR/platform/data.mdb"
ok "no pairing key, seed, encryption key, client secret or token in logs and databases"

quorum=$(h_get quorum)
wallet=$(h_get wallet-SOLANA-ED25519)
e_expect_nothing "quorum name" Treasury "${databases[@]}"
e_expect_nothing "quorum id" "$quorum" "${databases[@]}"
e_expect_nothing "address" "$(jq -r .address <<<"$E_WALLET")" "${databases[@]}"
e_expect_nothing "public key" "$public_key" "${databases[@]}"
e_expect_nothing "chain name" SOLANA "${databases[@]}"
bytes_absent "quorum id" "${quorum//-/}" "${databases[@]}"
bytes_absent "key id" "${wallet//-/}" "${databases[@]}"
bytes_absent "public key" "${public_key,,}" "${databases[@]}"
bytes_absent "transaction" "${E_HEX,,}" "${databases[@]}"
ok "a node's database shows no name, id, address, key or transaction"

# The check itself finds what is there.
printf 'x%sx' "$(h_get dbkey1)" >"$H_DIR/planted"
! (e_expect_nothing "planted" "$(h_get dbkey1)" "$H_DIR/planted") >/dev/null || wrong "the search finds nothing at all"
printf "\\x$(sed 's/../&\\x/g; s/\\x$//' <<<"${public_key,,}")" >"$H_DIR/planted"
! (bytes_absent "planted" "${public_key,,}" "$H_DIR/planted") >/dev/null || wrong "the byte search finds nothing at all"
ok "planted secrets are found"

for file in "$H_DIR"/node1 "$H_DIR"/node1/data.mdb "$H_DIR"/platform/data.mdb "$H_DIR"/platform/setup-token; do
    [ -e "$file" ] || continue
    mode=$(stat -c %a "$file")
    [[ $mode == ?00 ]] || wrong "$file is open to others: mode $mode"
done
ok "files with secrets are the owner's alone"
[ ! -s "$H_DIR/platform/setup-token" ] || [[ $(h_curl POST /v2/setup "$(jq -nc --arg t "$(cat "$H_DIR/platform/setup-token")" '{setupToken: $t, organizationName: "Two", firstName: "A", lastName: "B", email: "a@example.org"}')" ""; echo "$API_STATUS") == 4* ]] ||
    wrong "the setup token works twice"
ok "the setup token does not work twice"
