#!/usr/bin/env bash
# The profile for container runtimes allows what src/base/os/seccomp_calls.h allows, and
# no more.
#   seccomp.sh [ROOT]          exit 1 and one line per difference
#   seccomp.sh --write [ROOT]  writes the profile anew
set -euo pipefail
write=
[ "${1:-}" != --write ] || { write=1; shift; }
root=${1:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}
table=$root/src/base/os/seccomp_calls.h profile=$root/src/ops/seccomp.json

names() { # LIST: the calls of one X-macro
    sed -n "/^#define CS_SECCOMP_$1(/,/[^\\\\]\$/p" "$table" | sed 's|/\*.*\*/||' |
        grep -oE 'CALL\([a-z0-9_]+\)' | sed -E 's/CALL\((.*)\)/\1/'
}
for list in PLAIN CHECKED LISTEN ABSENT DEADLY START; do
    [ "$(names $list | wc -l)" -ge 3 ] || { echo "$table: cannot read the list $list"; exit 1; }
done
allowed() { { names PLAIN; names CHECKED; names LISTEN; names START; } | sort -u; }

made() {
    allowed | jq -Rn '{
        defaultAction: "SCMP_ACT_ERRNO",
        defaultErrnoRet: 38,
        archMap: [
            {architecture: "SCMP_ARCH_X86_64", subArchitectures: []},
            {architecture: "SCMP_ARCH_AARCH64", subArchitectures: []}
        ],
        syscalls: [
            {names: [inputs] | map(select(. != "clone" and . != "socket" and . != "mknodat")), action: "SCMP_ACT_ALLOW"},
            {names: ["clone"], action: "SCMP_ACT_ALLOW",
             args: [{index: 0, value: 2114060288, valueTwo: 0, op: "SCMP_CMP_MASKED_EQ"}]},
            # By name, as the profile of Docker itself has it: glibc asks clone only after ENOSYS, and
            # `docker exec` (20.10) does not keep defaultErrnoRet.
            {names: ["clone3"], action: "SCMP_ACT_ERRNO", errnoRet: 38},
            {names: ["mknodat"], action: "SCMP_ACT_ALLOW",
             args: [{index: 2, value: 61440, valueTwo: 4096, op: "SCMP_CMP_MASKED_EQ"}]},
            {names: ["socket"], action: "SCMP_ACT_ALLOW",
             args: [{index: 0, value: 1, op: "SCMP_CMP_EQ"}]},
            {names: ["socket"], action: "SCMP_ACT_ALLOW",
             args: [{index: 0, value: 2, op: "SCMP_CMP_EQ"}]},
            {names: ["socket"], action: "SCMP_ACT_ALLOW",
             args: [{index: 0, value: 10, op: "SCMP_CMP_EQ"}]},
            {names: ["socket"], action: "SCMP_ACT_ALLOW",
             args: [{index: 0, value: 16, op: "SCMP_CMP_EQ"}]}
        ]
    }'
}
if [ -n "$write" ]; then
    made >"$profile"
    exit 0
fi

bad=0
# No list may say two things of one call; START is what comes before the filter.
twice=$({ names PLAIN; names CHECKED; names LISTEN; names ABSENT; names DEADLY; } | sort | uniq -d)
[ -z "$twice" ] || { echo "in two lists: $twice"; bad=1; }
difference=$(diff <(made) "$profile") || { printf '%s differs from the table (test/lint/seccomp.sh --write):\n%s\n' "$profile" "$difference"; bad=1; }
for call in $(allowed); do # and the table is documented
    grep -qw "$call" "$root/src/base/os/README.md" || { echo "src/base/os/README.md does not name $call"; bad=1; }
done
[ $bad -eq 0 ] || exit 1
printf 'seccomp: %d calls allowed in the profile\n' "$(allowed | wc -l)"
