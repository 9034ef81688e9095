#!/usr/bin/env bash
# The sans-I/O rule, checked on object code: what the pure layers leave undefined must
# be defined by another pure layer or stand in purity.allow (DECISIONS 2).
#   purity.sh LAYER=ARCHIVE...     exit 1 and one line per violation
set -euo pipefail
allow=$(dirname "${BASH_SOURCE[0]}")/purity.allow
nm=${NM:-nm}
[ $# -gt 0 ] || { echo "usage: purity.sh LAYER=ARCHIVE..." >&2; exit 64; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The own layers' symbols: a pure layer may call only these, whatever their prefix.
for pair in "$@"; do
    [ -r "${pair#*=}" ] || { echo "no such archive: ${pair#*=}"; exit 1; }
    $nm --defined-only --extern-only "${pair#*=}"
done | awk 'NF == 3 { print $3 }' | sort -u >"$work/defined"

bad=0 total=0
for pair in "$@"; do
    layer=${pair%%=*} archive=${pair#*=}
    awk -v layer="$layer" '
        /^[[:space:]]*(#|$)/ { next }
        { n = split($1, names, ","); for (i = 1; i <= n; i++)
              if (names[i] == layer || names[i] == "*") { sub(/^[^ ]+ +/, ""); print "^(" $0 ")$"; next } }
    ' "$allow" >"$work/allowed"
    # "object.o:" lines name the object that the symbols below them belong to.
    $nm -u "$archive" | awk '
        /\.o:$/ { object = substr($1, 1, length($1) - 1); next }
        $1 == "U" || $1 == "w" { print $2, object }
    ' >"$work/undefined"
    total=$((total + $(wc -l <"$work/undefined")))
    cut -d' ' -f1 "$work/undefined" | sort -u | grep -vxFf "$work/defined" |
        grep -vEf "$work/allowed" >"$work/refused" || true
    while read -r symbol; do
        printf '%s: %s is called from %s, but is not in purity.allow\n' "$layer" "$symbol" \
            "$(awk -v s="$symbol" '$1 == s { printf "%s%s", sep, $2; sep = ", " }' "$work/undefined")"
        bad=$((bad + 1))
    done <"$work/refused"
done
[ "$total" -gt 0 ] || { echo "the archives have no undefined symbols: wrong files?"; exit 1; }
printf 'purity: %d layers, %d references, %d violations\n' $# "$total" "$bad"
[ "$bad" -eq 0 ]
