#!/usr/bin/env bash
# The drill (RELIABILITY F28): kits of two nodes for two custodians, everything else
# destroyed, the keys back from the kits, and two libraries of others see the same address
# and accept the signature.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cloudsign=$H_BIN/cloudsign
safe=$H_DIR/safe
mkdir -m 700 "$safe"
printf 'a passphrase for the drill\n' >"$safe/pass"
chmod 600 "$safe/pass"
# judge SCRIPT ARGUMENT..: an ES module in the folder of test/node_modules.
judge() { (cd "$E_HERE/.." && node --input-type=module -e "$1" "${@:2}"); }
# refused CODE WORD COMMAND..: ends with this code and says this.
refused() {
    local want=$1 word=$2 said code=0
    shift 2
    said=$(setsid "$@" </dev/null 2>&1) || code=$?
    [ "$code" = "$want" ] || wrong "exit code $code, not $want: ${*##*/}: $said"
    grep -q "$word" <<<"$said" || wrong "not the reason \"$word\": $said"
    ok "refused ($code): $(head -n 1 <<<"$said" | cut -c1-120)"
}

# Custodian 1 has an X25519 key, custodian 2 an RSA key; a third belongs to nobody here.
"$cloudsign" recover keygen "$safe/one.key" >"$safe/one.pub" 2>/dev/null
"$cloudsign" recover keygen "$safe/other.key" >"$safe/other.pub" 2>/dev/null
(umask 077; openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:4096 -out "$safe/two.key" 2>/dev/null)
openssl pkey -in "$safe/two.key" -pubout -out "$safe/two.pub"
refused 73 "not overwritten" "$cloudsign" recover keygen "$safe/one.key"
refused 64 "use:" "$cloudsign" recover keygen "$safe/x.key" --out "$safe/x.rec"
RECOVERY_KEYS="$("$cloudsign" recover id "$safe/one.pub") $("$cloudsign" recover id "$safe/two.pub")"
export RECOVERY_KEYS

e_platform
e_nodes_paired
e_quorum
e_key
h_wallet_create ETHEREUM SECP256K1
h_wallet_wait ETHEREUM SECP256K1
ethereum=$(api_get .address)
h_wallet SOLANA ED25519
solana=$(api_get .address)
[ -n "$ethereum" ] && [ -n "$solana" ] || wrong "the wallets have no address: $API_BODY"

backup() { CLOUDSIGN_DATA_DIR=$H_DIR/node$1 "$cloudsign" backup "${@:2}"; }
backup 1 "$safe/kits1" --to "$safe/one.pub"
backup 2 "$safe/kits2" --to "$safe/one.pub" "$safe/two.pub"
backups() { api GET /v2/backups && [ "$(api_get ".quorums[0].complete")" = "$1" ]; }
[ "$(api GET /v2/backups && jq .quorums[0].complete <<<"$API_BODY")" = false ] || wrong "two of three count as all: $API_BODY"
backup 3 "$safe/kits3" --to "$safe/two.pub"
h_wait 40 backups true || wrong "the platform does not hear of the backups: $API_BODY"
[ "$(api_get '.quorums[0].members[1].backup.recipients | length')" = 2 ] || wrong "recipients: $API_BODY"
ok "the platform hears that every key is in a kit of every node"
refused 77 "RECOVERY_KEYS" env "CLOUDSIGN_DATA_DIR=$H_DIR/node1" "$cloudsign" backup "$safe/none" --to "$safe/other.pub"
refused 64 "secret half" env "CLOUDSIGN_DATA_DIR=$H_DIR/node1" "$cloudsign" backup "$safe/none" --to "$safe/one.key"
[ "$(find "$safe"/kits? -name '*.kit' -perm 600 | wc -l)" = 6 ] || wrong "not two kits of each node, mode 600"
ok "kits of both keys from three nodes"

"$cloudsign" backup verify "$safe"/kits?/*.kit --key "$safe/one.key" "$safe/two.key" >"$safe/list"
[ "$(wc -l <"$safe/list")" = 6 ] || wrong "not all kits were verified: $(cat "$safe/list")"
# kit N SCHEME: the path of node N's kit of the key with this scheme.
kit() { grep "/kits$1/.*, $2, " "$safe/list" | cut -d: -f1; }

# A kit under the name of another key's, with sums that agree.
cp -r "$safe/kits1" "$safe/swapped"
(cd "$safe/swapped" && set -- *.kit && cp "$1" "$2" && sha256sum ./*.kit store.mdb | sed 's,\./,,' >SHA256SUMS &&
    jq -c --arg s "$(sha256sum <SHA256SUMS | cut -c1-64)" '.sums = $s' "$safe/kits1/backup.json" >backup.json)
refused 83 "another key" "$cloudsign" backup verify "$safe/swapped" --key "$safe/one.key"
rm -r "$safe/swapped"
refused 71 "standard output" sh -c "exec '$cloudsign' recover keygen '$safe/lost.key' >/dev/full"

for n in 1 2 3; do h_stop "node$n" KILL; done
h_stop platform KILL
rm -rf "$H_DIR"/node? "$H_DIR/platform"
ok "nodes and platform are destroyed"

secrets=(--key "$safe/one.key" --key "$safe/two.key")
recover() { "$cloudsign" recover "$@" --passphrase-file "$safe/pass"; }
refused 75 "fewer kits" "$cloudsign" recover "$(kit 1 ECDSA)" "${secrets[@]}" --out "$safe/x"
refused 64 "one node" "$cloudsign" recover "$(kit 1 ECDSA)" "$(kit 1 ECDSA)" "${secrets[@]}" --out "$safe/x"
refused 66 "one key" "$cloudsign" recover "$(kit 1 ECDSA)" "$(kit 3 FROST_ED25519)" "${secrets[@]}" --out "$safe/x"
refused 66 "none of the given" "$cloudsign" recover "$(kit 1 ECDSA)" "$(kit 3 ECDSA)" --key "$safe/other.key" --out "$safe/x"
refused 64 "no terminal" "$cloudsign" recover "$(kit 1 ECDSA)" "$(kit 3 ECDSA)" "${secrets[@]}" --show
cp "$(kit 3 ECDSA)" "$safe/damaged"
printf '\xff' | dd of="$safe/damaged" bs=1 seek=700 conv=notrunc status=none
refused 76 "altered" "$cloudsign" backup verify "$safe/damaged" --key "$safe/two.key"
[ ! -e "$safe/x" ] || wrong "something was written"

# ETHEREUM: the private key, in an ordinary wallet library.
recover "$(kit 1 ECDSA)" "$(kit 3 ECDSA)" "${secrets[@]}" --out "$safe/ethereum"
recover "$(kit 2 ECDSA)" "$(kit 3 ECDSA)" "${secrets[@]}" --path 0/5 --out "$safe/child" >"$safe/child.txt"
# shown FILE: its private key, as a terminal shows it after the confirmation.
shown() {
    printf 'show the private key\n' |
        script -qec "'$cloudsign' recover open '$1' --passphrase-file '$safe/pass'" /dev/null |
        tr -d '\r' | sed -n 's/^private key //p'
}
key=$(shown "$safe/ethereum")
judge 'import { ethers } from "ethers";
const [key, address] = process.argv.slice(1), wallet = new ethers.Wallet("0x" + key);
const signature = await wallet.signMessage("drill");
if (wallet.address !== ethers.getAddress(address) ||
    ethers.verifyMessage("drill", signature) !== wallet.address) process.exit(1);' \
    "$key" "$ethereum" || wrong "ethers computes another address than $ethereum"
ok "ETHEREUM: ethers has the private key of $ethereum and signs with it"
judge 'import { ethers } from "ethers";
const [key, text] = process.argv.slice(1);
const own = ethers.SigningKey.computePublicKey("0x" + key, true).slice(2);
if (!text.includes(own)) process.exit(1);' \
    "$(shown "$safe/child")" "$(cat "$safe/child.txt")" || wrong "the child key is not of its public key"
ok "ETHEREUM: the private key of child 0/5"

# SOLANA: no wallet imports a scalar, so the tool signs.
recover "$(kit 1 FROST_ED25519)" "$(kit 2 FROST_ED25519)" "${secrets[@]}" --out "$safe/solana"
printf 'the drill signs this' >"$safe/message"
signature=$("$cloudsign" recover sign "$safe/solana" "$safe/message" --passphrase-file "$safe/pass")
again=$("$cloudsign" recover sign "$safe/solana" "$safe/message" --passphrase-file "$safe/pass")
[ "$signature" != "$again" ] || wrong "two signatures have one nonce"
judge 'import { readFileSync } from "node:fs";
import { ed25519 } from "@noble/curves/ed25519";
import bs58 from "bs58";
const [address, file, ...signatures] = process.argv.slice(1);
for (const s of signatures)
  if (!ed25519.verify(s, readFileSync(file), bs58.decode(address))) process.exit(1);' \
    "$solana" "$safe/message" "$signature" "$again" || wrong "the signature is not of $solana"
ok "SOLANA: signatures by the scalar verify under $solana"

if command -v strace >/dev/null; then # the leak checker does not work under it
    ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0 strace -f -e trace=network -o "$safe/trace" "$cloudsign" recover "$(kit 1 ECDSA)" "$(kit 2 ECDSA)" \
        "${secrets[@]}" --passphrase-file "$safe/pass" --out "$safe/traced" >/dev/null
    ! grep -q '(' "$safe/trace" || wrong "recover uses the network: $(head -n 3 "$safe/trace")"
    ok "recover opens no socket"
fi
if grep -rqF "$key" "$H_DIR/logs"; then wrong "the private key is in a log"; fi
