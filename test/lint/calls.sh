#!/usr/bin/env bash
# Calls and words that have no place in the sources.
#   calls.sh [ROOT]     exit 1 and one line per violation
set -euo pipefail
root=${1:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}
cd "$root"
bad=0
# refuse REASON REGEX PATH...: no line of these paths may match.
refuse() {
    local reason=$1 regex=$2 found unless=${UNLESS:-^$}
    shift 2
    found=$(grep -rnE --include='*.[ch]' "$regex" "$@" 2>/dev/null |
        grep -vE "^[^:]*:[0-9]+:[[:space:]]*(\*|/\*|//)|$unless") || return 0
    printf '%s:\n%s\n' "$reason" "$found"
    bad=$((bad + 1))
}
call() { printf '(^|[^A-Za-z0-9_>.])(%s)[[:space:]]*\\(' "$1"; }

refuse "no bound on what is written or read" \
    "$(call 'strcpy|strcat|stpcpy|sprintf|vsprintf|gets|strncat|alloca')" src test
refuse "no error on bad input; use base/text" "$(call 'atoi|atol|atoll|atof|scanf|sscanf')" src
refuse "hidden state or a shell" "$(call 'strtok|system|popen|rand|srand|tmpnam|mktemp')" src test
# By name: what may be secret.  Where it is public, the line says so.
secret='secret|share|seed|nonce|scalar|psk|token|password|\<(mac|kek|dek)\>'
UNLESS='/\* .*public' refuse "no secret may pass through memcmp or strcmp; use cs_ct_equal" \
    "$(call 'memcmp|bcmp|strcmp').*($secret)" src
refuse "the heap is base/mem's" "$(call 'malloc|calloc|realloc|free|strdup|strndup|reallocarray')" \
    $(find src -name '*.c' ! -path 'src/base/mem.c')
refuse "libraries neither print nor exit" "$(call 'printf|puts|putchar|fprintf|perror|exit|_exit')" \
    $(find src -name '*.[ch]' ! -path 'src/cli/*' ! -path 'src/base/os/*')
refuse "the loop is the caller's" "$(call 'uv_default_loop|uv_queue_work')" src
refuse "unfinished work" '[^A-Za-z_](TODO|FIXME|XXX|HACK)[^A-Za-z_]' src include test
refuse "mbedtls_sha256 and _ret calls differ between 2.28 and 3.6; use mbedtls_md" \
    "$(call 'mbedtls_sha(256|512)[a-z_]*')" src

# Hosts of package registries have no place in the tree: scripts use what the machine's
# own configuration names.  (Split, so that this file does not match itself.)
hosts='deb\.deb''ian\.org|security\.deb''ian\.org|registry\.np''mjs|py''pi\.org|crates\.i''o|proxy\.gol''ang|dock''er\.io/|ghc''r\.io'
if found=$(grep -rnIE --exclude-dir=.git --exclude-dir=build --exclude-dir=vectors --exclude-dir=node_modules "$hosts" .); then
    printf 'host of a package registry:\n%s\n' "$found"
    bad=$((bad + 1))
fi
printf 'calls: %d kinds of violation\n' "$bad"
[ "$bad" -eq 0 ]
