#!/usr/bin/env bash
# Every C file is as .clang-format says.   format.sh [--fix] [FILE...]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
format=${CLANG_FORMAT:-clang-format}
if ! command -v "$format" >/dev/null; then
    echo "SKIPPED: clang-format is not installed (third_party/install.sh --with-tests)"
    exit 77
fi
# Releases differ in small things; 14 (Debian 12) is the one that the tree follows.
version=$("$format" --version | sed -E 's/.*version ([0-9]+).*/\1/')
if [ "$version" != 14 ]; then
    echo "SKIPPED: clang-format $version; the tree follows 14 (Debian 12)"
    exit 77
fi
fix=
if [ "${1:-}" = --fix ]; then
    fix=1
    shift
fi
if [ $# -eq 0 ]; then
    dirs=(src test)
    [ ! -d include ] || dirs+=(include)
    mapfile -t files < <(find "${dirs[@]}" -name '*.[ch]' | sort)
    set -- "${files[@]}"
fi
if [ -n "$fix" ]; then
    "$format" -i "$@"
    exit 0
fi
bad=0
for file in "$@"; do
    if ! changed=$(diff <("$format" "$file") "$file"); then
        printf '%s: %d lines differ\n' "$file" "$(grep -c '^>' <<<"$changed" || true)"
        bad=$((bad + 1))
    fi
done
printf 'format: %d files, %d to mend with test/lint/format.sh --fix\n' $# "$bad"
[ "$bad" -eq 0 ]
