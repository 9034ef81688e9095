#!/usr/bin/env bash
# How the programs were built, read from the files themselves (RELIABILITY 4.1):
#   binaries.sh COMPILE_COMMANDS PROGRAM...   exit 1 and one line per finding
set -euo pipefail
commands=${1:?usage: binaries.sh COMPILE_COMMANDS PROGRAM...}
shift
bad=0
complain() { printf '%s\n' "$*"; bad=$((bad + 1)); }

has() { grep -q -e "$1" <<<"$2"; }
check() { # PROGRAM
    local header dynamic segments symbols
    header=$(readelf -hW "$1") dynamic=$(readelf -dW "$1")
    segments=$(readelf -lW "$1") symbols=$(readelf --dyn-syms -W "$1")
    has 'Type: *DYN' "$header" && has 'Flags:.*PIE' "$dynamic" || complain "$1: not position independent"
    has 'GNU_RELRO' "$segments" || complain "$1: no relro"
    has '(FLAGS_1).*NOW' "$dynamic" || complain "$1: symbols are bound lazily: the tables stay writable"
    has 'GNU_STACK .* RW  ' "$segments" || complain "$1: the stack can hold code"
    ! grep -E '^ *LOAD .* RWE ' <<<"$segments" || complain "$1: a part is writable and runs"
    has '(RPATH)\|(RUNPATH)' "$dynamic" && complain "$1: takes libraries from a path of the build"
    has '(TEXTREL)' "$dynamic" && complain "$1: its code is changed when it is loaded"
    has '__stack_chk_fail' "$symbols" || complain "$1: no stack protector"
    if has 'X86-64' "$header"; then
        # The mark in the notes is missing: Debian's own start files do not have it.
        [ "$(objdump -d --no-show-raw-insn "$1" | grep -c endbr64)" -gt 100 ] ||
            complain "$1: jumps land anywhere (-fcf-protection)"
    fi
    if [ "${CS_RELEASE:-}" = 1 ]; then
        has '__[a-z]*_chk@' "$symbols" || complain "$1: no fortified calls"
    fi
}

for program in "$@"; do check "$program"; done

# What leaves no mark in a program: each source was compiled with it.
want=(-fstack-protector-strong -fstack-clash-protection -fPI)
[ "${CS_RELEASE:-}" != 1 ] || want+=(-D_FORTIFY_SOURCE=3 -O2)
[ "${CS_AUTO_VAR_INIT:-}" != 1 ] || want+=(-ftrivial-auto-var-init=zero)
[ "$(uname -m)" != x86_64 ] || want+=(-fcf-protection)
sources=$(jq -r '.[] | select(.file | test("/src/")) | .file + "\t" + .command' "$commands")
[ -n "$sources" ] || complain "$commands names no source"
for flag in "${want[@]}"; do
    without=$(grep -vF -e "$flag" <<<"$sources" | cut -f1 || true)
    [ -z "$without" ] || complain "without $flag: $(wc -l <<<"$without") sources, e.g. $(head -n 1 <<<"$without")"
done
[ $bad -eq 0 ] || exit 1
printf 'binaries: %d programs, %d flags on %d sources\n' $# ${#want[@]} "$(wc -l <<<"$sources")"
