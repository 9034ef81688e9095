#!/usr/bin/env bash
# clang-tidy with .clang-tidy's checks over the given sources, with the flags that they
# are built with.   tidy.sh BUILD_DIR SOURCE...
set -euo pipefail
build=$1
shift
[ -r "$build/compile_commands.json" ] || { echo "no compile_commands.json in $build"; exit 1; }
tidy=${CLANG_TIDY:-clang-tidy}
if ! command -v "$tidy" >/dev/null; then
    echo "SKIPPED: clang-tidy is not installed (third_party/install.sh --with-tests)"
    exit 77
fi
# Its own counter of suppressed warnings is noise; findings go to stdout.
"$tidy" --quiet -p "$build" "$@" 2> >(grep -vE '^[0-9]+ warnings?( and [0-9]+ errors?)? generated|^Suppressed|^Use -header' >&2)
printf 'tidy: %d files\n' $#
