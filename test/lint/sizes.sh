#!/usr/bin/env bash
# Sizes of files and functions of src/ and test/: lists the longest; fails past
# 800 lines a file or 60 a function (STYLE 12).  A test's function may be longer: it is
# a table of cases then.
set -euo pipefail
root=${1:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}
cd "$root"
dirs=(); for dir in src include test; do [ ! -d $dir ] || dirs+=("$dir"); done
find "${dirs[@]}" -name '*.[ch]' -print0 | sort -z | xargs -0 -r awk '
    FNR == 1 { if (file != "") files[file] = last; file = FILENAME; inside = 0 }
    { last = FNR }
    # Linux braces: a function body opens and closes in the first column.
    /^{/ && head ~ /\)[ \t]*$|\)[ \t]*__attribute__.*$/ { inside = 1; start = FNR; name = head; next }
    /^}/ && inside {
        inside = 0; n = FNR - start - 1; count++; sum += n
        hist[n <= 17 ? 0 : n <= 30 ? 1 : n <= 60 ? 2 : 3]++
        sub(/\(.*/, "", name); sub(/.*[ \t*]/, "", name)
        printf "%d\t%s:%d\t%s\n", n, file, start, name > "/dev/stderr"
    }
    # The declarator: its first line names the function, its last ends with ")".
    !inside && /^[A-Za-z_].*\(/ { first = $0 }
    !inside { head = (/\)[ \t]*$/ && $0 ~ /^[ \t]/) ? first " )" : $0 }
    END {
        files[file] = last
        for (f in files) printf "%d\t%s\n", files[f], f
        printf "functions: %d, mean %.1f lines; <= 17: %d, <= 30: %d, <= 60: %d, more: %d\n",
               count, count ? sum / count : 0, hist[0], hist[1], hist[2], hist[3] > "/dev/fd/3"
    }' 3>&1 >"${TMPDIR:-/tmp}/sizes.files.$$" 2>"${TMPDIR:-/tmp}/sizes.functions.$$"
files=${TMPDIR:-/tmp}/sizes.files.$$ functions=${TMPDIR:-/tmp}/sizes.functions.$$
trap 'rm -f "$files" "$functions"' EXIT
echo "longest functions:"; sort -rn "$functions" | sed -n 1,8p
echo "longest files:"; sort -rn "$files" | sed -n 1,8p
awk -F'\t' '$1 > 60 && $2 !~ /^test\// { print "function over 60 lines: " $2 " " $3 " (" $1 ")"; bad = 1 } END { exit bad }' "$functions"
awk -F'\t' '$1 > 800 { print "file over 800 lines: " $2 " (" $1 ")"; bad = 1 } END { exit bad }' "$files"
