#!/usr/bin/env bash
# Every module that a log line names is in base/log.h, so that LOG_LEVEL can name it; every
# module there is used; the library itself prints nothing.
#   logs.sh [ROOT]             exit 1 and one line per violation
set -euo pipefail
cd "${1:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}"
bad=0
say() { printf '%s\n' "$*"; bad=1; }

listed=$(sed -n '/define CS_LOG_MODULES/,/enum cs_log_module/p' src/base/log.h | grep -oE 'X\([a-z_]+\)' | sed 's/X(//; s/)//' | sort -u)
# A call may go over lines: one line each, then the word behind the level.
used=$(find src -name '*.c' -print0 | sort -z | xargs -0 cat | tr '\n' ' ' |
    grep -oE 'cs_log\( *[A-Za-z_:?= .>-]*CS_LOG_[A-Z]+, *"[^"]*"' | sed 's/.*"\(.*\)"/\1/' | sort -u)
[ "$(wc -w <<<"$listed")" -gt 5 ] && [ "$(wc -w <<<"$used")" -gt 5 ] || say "no modules are found: the check is broken"
for module in $used; do
    grep -qx "$module" <<<"$listed" || say "module \"$module\" is not in CS_LOG_MODULES of src/base/log.h"
done
for module in $listed; do
    [ "$module" = other ] || grep -qx "$module" <<<"$used" || say "module \"$module\" of src/base/log.h is used nowhere"
done
while read -r line; do
    say "a library does not print: $line"
done < <(grep -rnE '\b(fprintf\(std(err|out)|printf\(|puts\(|perror\()' src --include='*.c' | grep -vE '^src/(cli|base/os)/|snprintf|_printf\(|format\(printf' || true)
[ "$bad" = 0 ] && printf 'logs: %d modules\n' "$(wc -w <<<"$listed")"
exit "$bad"
