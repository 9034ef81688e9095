#!/usr/bin/env bash
# The layer rule: every include of src/ is held against the table of cs_layer() and
# cs_program() calls in CMakeLists.txt.
#   layers.sh [ROOT]     exit 1 and one line per violation
set -euo pipefail
root=${1:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}
cd "$root"

declare -A uses needs pure owner # owner: folder below src -> layer
order=() bad=0
complain() { printf '%s\n' "$*"; bad=$((bad + 1)); }

# One call per line: "layer|program NAME arguments".
table=$(sed 's/#.*//' CMakeLists.txt | tr '\n' ' ' |
    grep -oE 'cs_(layer|program)\([^)]*\)' |
    sed -E 's/cs_(layer|program)\(([^)]*)\)/\1 \2/')
[ -n "$table" ] || { echo "no cs_layer() in CMakeLists.txt"; exit 1; }

while read -r kind name rest; do
    section=DIRS dirs=
    uses[$name]=" $name " needs[$name]=" "
    [ "$kind" = layer ] || section=
    for word in $rest; do
        case $word in
            DIRS | USES | NEEDS | SOURCES_DIR) section=$word ;;
            PUBLIC_API) section= ;;
            *)
                case $section in
                    DIRS | SOURCES_DIR) dirs+=" $word" ;;
                    USES) uses[$name]+="$word " ;;
                    NEEDS) needs[$name]+="${word#dep::} " ;;
                    *) complain "CMakeLists.txt: $name: cannot read '$word'" ;;
                esac
                ;;
        esac
    done
    for dir in ${dirs:-$name}; do
        [ -z "${owner[$dir]:-}" ] ||
            complain "CMakeLists.txt: src/$dir belongs to ${owner[$dir]} and to $name"
        owner[$dir]=$name
    done
    # Only a layer named further up may be used: so the graph has no cycle.
    for used in ${uses[$name]}; do
        [ "$used" = "$name" ] || [[ " ${order[*]} " == *" $used "* ]] ||
            complain "CMakeLists.txt: $name uses $used, which does not stand above it"
    done
    order+=("$name")
done <<<"$table"

# The layers that must not reach the world (DECISIONS 2).
for name in base crypto mpc chain wire kms store policy node_core platform_core; do
    [ -n "${uses[$name]:-}" ] || complain "CMakeLists.txt: layer $name is gone"
    pure[$name]=1
    for used in ${uses[$name]:-}; do
        [[ " base crypto mpc chain wire kms store policy node_core platform_core " == *" $used "* ]] ||
            complain "CMakeLists.txt: pure layer $name uses $used"
    done
done

layer_of() { # PATH below src -> layer of its folder, or nothing
    printf '%s' "${owner[${1%/*}]:-}"
}
dep_of() { # third-party header -> library, "libc", or "world" (not for pure layers)
    case $1 in
        uv.h | uv/*) echo uv ;;
        libwebsockets.h | libwebsockets/*) echo websockets ;;
        lmdb.h) echo lmdb ;;
        sodium.h | sodium/*) echo sodium ;;
        secp256k1*.h) echo secp256k1 ;;
        mbedtls/* | psa/*) echo mbedcrypto ;;
        jansson.h) echo jansson ;;
        openssl/*) echo openssl ;;
        assert.h | ctype.h | errno.h | inttypes.h | limits.h | math.h | stdalign.h) echo libc ;;
        stdarg.h | stdatomic.h | stdbool.h | stddef.h | stdint.h | stdio.h) echo libc ;;
        stdlib.h | string.h | strings.h | endian.h) echo libc ;;
        immintrin.h | cpuid.h) echo libc ;; # the compiler's: instructions, no calls
        *) echo world ;;
    esac
}

files=$(find src -name '*.[ch]' | sort)
for file in $files; do
    layer=$(layer_of "${file#src/}")
    if [ -z "$layer" ]; then
        complain "$file: its folder belongs to no layer of CMakeLists.txt"
        continue
    fi
    while IFS=: read -r line text; do
        header=$(sed -E 's/^[[:space:]]*#[[:space:]]*include[[:space:]]*[<"]([^>"]*)[>"].*/\1/' <<<"$text")
        if [[ $text == *'"'* ]]; then
            target=$(layer_of "$header")
            if [[ $header == *..* || ! -e src/$header ]]; then
                complain "$file:$line: \"$header\" is not a header below src"
            elif [[ ${uses[$layer]} != *" $target "* ]]; then
                complain "$file:$line: layer $layer may not include \"$header\" (layer ${target:-none})"
            fi
            continue
        fi
        case $header in cloudsign/*)
            [[ $layer == node || $layer == cloudsign ]] ||
                complain "$file:$line: layer $layer may not include the public API <$header>"
            continue ;;
        esac
        dep=$(dep_of "$header")
        case $dep in
            libc) ;;
            world)
                # crypto asks the kernel for its randomness and makes one context once;
                # base/mem locks its pages.
                [[ $file == *base/mem.c && ($header == malloc.h || $header == sys/mman.h || $header == unistd.h) ]] ||
                [[ -z ${pure[$layer]:-} || "$layer $header" == "crypto sys/random.h" ||
                    "$layer $header" == "crypto pthread.h" ]] ||
                    complain "$file:$line: pure layer $layer may not include <$header>" ;;
            *)
                [[ ${needs[$layer]} == *" $dep "* ]] ||
                    complain "$file:$line: layer $layer does not need $dep, but includes <$header>" ;;
        esac
    done < <(grep -nE '^[[:space:]]*#[[:space:]]*include' "$file")
done

printf 'layers: %d layers and programs, %d files, %d violations\n' \
    "${#order[@]}" "$(wc -l <<<"$files")" "$bad"
[ "$bad" -eq 0 ]
