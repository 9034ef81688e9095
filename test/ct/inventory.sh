#!/usr/bin/env bash
# Every function of the headers of src/crypto and src/mpc that takes or makes a secret
# has a row in test/ct/inventory, and what the row says is true.
#   inventory.sh [ROOT]      exit 1 and one line per violation
#   inventory.sh --print     the functions that need a row
#
# A function takes a secret when a parameter has one of the types below, or one of the
# names that secrets have in this code.  Rows:  FUNCTION  ct | via CALLER | none REASON
#   ct           called by name in one of the constant-time programs
#   via CALLER   CALLER has a row that ends in ct, and is defined in a file that calls it
#   none REASON  all it is given is public, or it only stores, copies or wipes
set -euo pipefail
print=
[ "${1:-}" != --print ] || { print=1; shift; }
root=${1:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}
cd "$root"
list=test/ct/inventory

types='struct cs_(secret|identity_secret|frost_nonces|bip340_hedge|ot_alice_keys|ot_bob_keys|ot_base|ot_keys|otx_alice|otx_bob|dkls_terms|n|n_sum|key|noise|noise_keys|frost_signing|gf128|ristretto|fe)([^a-z_0-9]|$)|cs_rvole_row|const struct cs_scalar \*'
names='(^|[^a-z_])(ik_seed|seed|local|local32|rand|rand32|rnd|priv|bits|ikm|secret|delta)([^a-z_0-9]|32|$)|rows?\[|wide\[|key\[32\]|struct cs_span key|k\[CS_OT_KEY_LEN\]|key\[CS_STREAMS\]'

# "function TAB parameters" of every prototype of a header.
prototypes() {
    awk '
        { line = $0
          while (1) { # comments
              if (inside) {
                  if (!(i = index(line, "*/"))) { line = ""; break }
                  line = substr(line, i + 2); inside = 0
              }
              if (!(i = index(line, "/*"))) break
              rest = substr(line, i + 2); line = substr(line, 1, i - 1) " "
              if ((j = index(rest, "*/"))) line = line substr(rest, j + 2); else { inside = 1; break }
          }
          if (line ~ /^#/) next
          for (k = 1; k <= length(line); k++) {
              c = substr(line, k, 1)
              if (c == "{") { depth++; text = "" }
              else if (c == "}") { depth--; text = "" }
              else if (depth) continue
              else if (c != ";") text = text c
              else {
                  gsub(/[ \t]+/, " ", text)
                  if (text !~ /^ ?(typedef|extern "C"|_Static_assert)/ && match(text, /[a-z_0-9]+\(/))
                      print substr(text, RSTART, RLENGTH - 1) "\t" substr(text, RSTART + RLENGTH)
                  text = ""
              }
          }
          text = text " " }' "$@"
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
find src/crypto src/mpc -name '*.h' -print0 | sort -z | xargs -0 cat >"$work/headers"
prototypes "$work/headers" | sort -u >"$work/all"
awk -F'\t' -v types="$types" -v names="$names" '$2 ~ types || $2 ~ names { print $1 }' \
    "$work/all" | sort -u >"$work/needed"
if [ -n "$print" ]; then
    cat "$work/needed"
    exit 0
fi

bad=0
complain() { printf 'inventory: %s\n' "$*"; bad=$((bad + 1)); }
grep -vE '^[[:space:]]*(#|$)' "$list" >"$work/rows"
awk '{ print $1 }' "$work/rows" | sort >"$work/listed"
cut -f1 "$work/all" | sort -u >"$work/functions"
while read -r name; do complain "$name takes a secret and has no row in $list"; done \
    < <(comm -23 "$work/needed" <(sort -u "$work/listed"))
while read -r name; do complain "$name has a row, but no header declares it"; done \
    < <(comm -13 "$work/functions" <(sort -u "$work/listed"))
while read -r name; do complain "$name has two rows"; done < <(uniq -d "$work/listed")

# The programs: those of this folder and the older ones of test/unit.
programs=$(find test/ct test/unit -name 'ct_*.c' -o -name 'test_*_constant_time.c' | sort)
# shellcheck disable=SC2086
[ -z "$programs" ] || sed 's://.*$::' $programs >"$work/programs"
declare -A how
while read -r name kind detail; do how[$name]="$kind $detail"; done <"$work/rows"

calls() { grep -qE "(^|[^a-z_0-9])$1 ?\\(" "$2"; }
while read -r name kind detail; do
    case $kind in
        ct) calls "$name" "$work/programs" || complain "$name: no constant-time program calls it" ;;
        via)
            file=$(grep -lE "^[a-z].*[ *]$detail\\(" -r src/crypto src/mpc --include='*.c' | head -n 1)
            if [ -z "${how[$detail]:-}" ] || [[ ${how[$detail]} == none* ]]; then
                complain "$name: via $detail, which has no row of its own that is run"
            elif [ -z "$file" ] || ! calls "$name" "$file"; then
                complain "$name: not called in the file that defines $detail"
            fi ;;
        none) [ -n "$detail" ] || complain "$name: none needs a reason" ;;
        *) complain "$name: '$kind' is not ct, via or none" ;;
    esac
done <"$work/rows"
# A chain of callers must end in a program, not in a circle.
for name in "${!how[@]}"; do
    at=$name steps=0
    while [[ ${how[$at]:-} == via* && $steps -lt 20 ]]; do
        at=${how[$at]#via }
        at=${at%% *} steps=$((steps + 1))
    done
    [ $steps -lt 20 ] || complain "$name: its callers go round in a circle"
done
printf 'inventory: %d functions take a secret, %d rows, %d violations\n' \
    "$(wc -l <"$work/needed")" "$(wc -l <"$work/rows")" "$bad"
[ "$bad" -eq 0 ]
