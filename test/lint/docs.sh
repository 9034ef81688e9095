#!/usr/bin/env bash
# What README.md says and what the sources say are the same: its table of exit codes is
# the one of src/base/err.h, and the files that it links are there.
#   docs.sh [--print]     --print writes the table as it should be
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

# Exit code, public words, sentences: the rows at which a program of ours ends.
table() {
    sed -nE -e '/^ *X\(([A-Z_]+, *[A-Z]+, *STOP|STORE_IO, *STORE, *LATCH),/!d' \
        -e 's/^ *X\([A-Z_]+, *[A-Z]+, *[A-Z]+, *([0-9]+), *"([A-Z_]+)", *"([^"]*)".*/\1\t\2\t\3/p' \
        src/base/err.h | awk -F'\t' '
        { if (!($1 in words)) order[n++] = $1
          if (!seen[$1, $2]++) words[$1] = words[$1] (words[$1] ? "<br>" : "") "`" $2 "` " $3 }
        END { for (i = 0; i < n; i++) printf "%s\t%s\n", order[i], words[order[i]] }' |
        sort -n | awk -F'\t' '{ printf "| %s | %s |\n", $1, $2 }'
}

if [ "${1:-}" = --print ]; then
    table
    exit 0
fi
bad=0
table >"${TMPDIR:-/tmp}/exit-codes.$$"
trap 'rm -f "${TMPDIR:-/tmp}/exit-codes.$$"' EXIT
[ "$(wc -l <"${TMPDIR:-/tmp}/exit-codes.$$")" -gt 5 ] || { echo "no rows found in src/base/err.h"; exit 1; }
if ! diff <(sed -n '/<!-- exit codes:/,/<!-- end -->/p' README.md | grep -E '^\| [0-9]+ ' |
    sed -E 's/^(\| [0-9]+ \| [^|]* \|).*/\1/') \
    "${TMPDIR:-/tmp}/exit-codes.$$"; then
    echo "README.md: exit codes differ from src/base/err.h; see test/lint/docs.sh --print"
    bad=1
fi
while IFS= read -r target; do
    [ -e "$target" ] || { echo "README.md links $target, which is not there"; bad=1; }
done < <(grep -oE '\]\([^)#:]+\)' README.md SECURITY.md CHANGELOG.md | sed -E 's/.*\]\(([^)]*)\)/\1/' | sort -u)
printf 'docs: %d exit codes compared\n' "$(wc -l <"${TMPDIR:-/tmp}/exit-codes.$$")"
exit $bad
