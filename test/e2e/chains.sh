#!/usr/bin/env bash
# Every chain that the judges know: a wallet, a payment and a text; EIP-712, derived keys,
# bare digests; and that what must be refused is.  Signatures are verified by two
# implementations that are not ours, final forms by the chains' own libraries.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

TYPED='{"types":{"EIP712Domain":[{"name":"name","type":"string"},{"name":"version","type":"string"},{"name":"chainId","type":"uint256"},{"name":"verifyingContract","type":"address"}],"Person":[{"name":"name","type":"string"},{"name":"wallet","type":"address"}],"Mail":[{"name":"from","type":"Person"},{"name":"to","type":"Person"},{"name":"contents","type":"string"}]},"primaryType":"Mail","domain":{"name":"Ether Mail","version":"1","chainId":1,"verifyingContract":"0xCcCCccccCCCCcCCCCCCcCcCccCcCCCcCcccccccC"},"message":{"from":{"name":"Cow","wallet":"0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826"},"to":{"name":"Bob","wallet":"0xbBbBBBBbbBBBbbbBbbBbbbbBBbBbbbbBbBbbBBbB"},"contents":"Hello, Bob!"}}'

e_platform
for n in 1 2 3; do h_device_create "$n"; h_node_start "$n" ALLOW_BLIND_SIGNING=true; done
for n in 1 2 3; do h_device_wait "$n" statusText "Waiting for approval"; h_device_approve "$n"; done
e_online 1 2 3
e_quorum
h_vault_create

key() { # WALLET
    h_wallet_create "$@"
    h_wallet_wait "$@"
    h_wallet_enable "$@"
    h_wallet "$@"
    E_WALLET=$API_BODY
}
# asked KIND VALUE ADDRESS_TYPE PATH, of the wallet in E_WALLET
asked() {
    h_sign "$(jq -r .blockchain <<<"$E_WALLET")" "$(jq -r .keyAlgorithm <<<"$E_WALLET")" "$1" "$2" "${3:-}" "${4:-}"
    h_sign_wait
    e_judge "$1" "$2"
}
# refused CODE KIND VALUE ADDRESS_TYPE PATH
refused() {
    local want=$1 path end body
    path=$(h_wallet_path "$(jq -r .blockchain <<<"$E_WALLET")" "$(jq -r .keyAlgorithm <<<"$E_WALLET")" ${4:+"$4"})
    case $2 in
        raw) end=raw body=$(jq -nc --arg v "$3" '{encodedTransaction: $v, signOnly: true}') ;;
        typed) end=sign-typed-data body=$(jq -nc --arg v "$3" '{typedData: $v}') ;;
        digest) end=sign-digest body=$(jq -nc --arg v "$3" '{digest: $v}') ;;
        plaintext) end=sign-plaintext body=$(jq -nc --arg v "$3" '{message: $v}') ;;
    esac
    [ -z "${5:-}" ] || body=$(jq -c --arg p "$5" '. + {derivationPath: $p}' <<<"$body")
    api_try POST "$path/transactions/$end" "$body"
    [ "$API_STATUS" = "$want" ] || wrong "HTTP $API_STATUS, not $want: $API_BODY"
}

for wallet in "XRP_LEDGER SECP256K1" "ETHEREUM SECP256K1" "POLYGON SECP256K1" "BNBCHAIN SECP256K1" \
    "BASE SECP256K1" "ARBITRUM SECP256K1" "AVALANCHE SECP256K1" "BITCOIN SECP256K1 P2WPKH" \
    "BITCOIN SECP256K1 P2TR" "LITECOIN SECP256K1" "DOGECOIN SECP256K1" "DASH SECP256K1" \
    "BITCOIN_CASH SECP256K1" "TRON SECP256K1"; do
    read -ra w <<<"$wallet"
    key "${w[@]}"
    e_transfer "${w[@]}"
    asked raw "$E_HEX" "${w[2]:-}"
    texts="payment"
    case $wallet in
        *P2TR | *P2WPKH) ;; # BIP 322: test_chain_*
        *) asked plaintext "I own this account." "${w[2]:-}"; texts="payment, text" ;;
    esac
    ok "$wallet: $texts ($(jq -r .address <<<"$E_WALLET"))"
done

h_wallet ETHEREUM SECP256K1
E_WALLET=$API_BODY
asked typed "$TYPED"
ok "ETHEREUM: EIP-712, as ethers reads it"
other=${TYPED/\"chainId\":1,/\"chainId\":137,}
asked typed "$other"
[[ $(api_get .summaryIsComplete) != true && $(api_get .summary) == *"ANOTHER BLOCKCHAIN"* ]] || wrong "another chain is not said: $API_BODY"
ok "ETHEREUM: EIP-712 for another chain is signed, and said: $(api_get .summary)"
refused 400 typed "${TYPED/\"chainId\":1,/\"chainId\":0,}"
ok "ETHEREUM: EIP-712 that is malformed is refused: $(api_get .message)"

# ---- derived keys: the payload belongs to the child -----------------------------------
own=$E_WALLET
api GET "$(h_wallet_path ETHEREUM SECP256K1)/addresses?path=0/5"
E_WALLET=$(jq -c --argjson child "$API_BODY" '. + {address: $child.address, publicKey: $child.publicKey}' <<<"$own")
[ "$(jq -r .address <<<"$E_WALLET")" != "$(jq -r .address <<<"$own")" ] || wrong "the child has its parent's address"
E_HEX=$(node "$E_HERE/../harness/payload.mjs" <<<"$E_WALLET" | jq -r .encodedTransaction)
asked raw "$E_HEX" "" 0/5
asked plaintext "I own this account." "" m/0/5
ok "ETHEREUM: child 0/5 signs as $(jq -r .address <<<"$E_WALLET")"
E_WALLET=$own
refused 400 plaintext "hardened" "" "0/5'"
refused 400 plaintext "too deep" "" 1/2/3/4/5/6/7/8/9/10/11
ok "hardened steps and deep paths are refused"

# ---- bare digests ----------------------------------------------------------------------
digest=$(openssl rand -hex 32)
refused 409 digest "$digest"
ok "blind signing is off: $(api_get .message)"
H_BLIND=1 h_wallet_enable ETHEREUM SECP256K1
asked digest "$digest"
ok "blind signing, switched on at wallet and nodes: verified"
for n in 1 2 3; do # at the nodes it is off unless their operators say so
    h_stop_clean "node$n"
    h_node_start "$n"
done
e_online 1 2 3
h_sign ETHEREUM SECP256K1 digest "$(openssl rand -hex 32)"
refused_by_nodes() { # whichever were asked
    api_try GET "$TX" && [ "$(api_get .status)" = FAILED ] &&
        [[ $(api_get '.reasons | join("; ")') == *POLICY_REFUSED:\ player* ]]
}
h_wait "$H_PATIENCE" refused_by_nodes || wrong "nodes did not refuse a bare digest: $API_BODY"
ok "nodes refuse bare digests by themselves: $(api_get '.reasons | join("; ")')"
