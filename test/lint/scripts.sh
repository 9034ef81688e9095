#!/usr/bin/env bash
# Every shell script parses, is executable and stops at errors; every ES module parses.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
bad=0 count=0
while IFS= read -r file; do
    head -n1 "$file" | grep -q '^#!.*\(bash\|sh\)$' || continue
    count=$((count + 1))
    bash -n "$file" || bad=$((bad + 1))
    [ -x "$file" ] || { echo "$file: not executable"; bad=$((bad + 1)); }
    grep -q '^set -euo pipefail' "$file" || { echo "$file: no 'set -euo pipefail'"; bad=$((bad + 1)); }
done < <(find .ci test third_party -name node_modules -prune -o -type f \( -name '*.sh' -o -path '.ci/*' \) -print | sort)
if command -v node >/dev/null; then
    while IFS= read -r file; do
        count=$((count + 1))
        node --check "$file" || bad=$((bad + 1))
    done < <(find src test -name node_modules -prune -o -name '*.mjs' -print | sort)
fi
printf 'scripts: %d files, %d violations\n' "$count" "$bad"
[ "$bad" -eq 0 ] && [ "$count" -gt 0 ]
