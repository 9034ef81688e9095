#!/usr/bin/env bash
# The units of src/ops without running them: systemd takes every line, and rates their
# exposure at no more than 2.0 of 10 (`systemd-analyze security`; lower is better).
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=${1:?usage: $0 BUILD_DIR}
wrong() { printf 'WRONG %s\n' "$*"; exit 1; }
if ! command -v systemd-analyze >/dev/null || ! systemd-analyze security --help 2>/dev/null | grep -q -- --offline; then
    printf 'SKIPPED: no systemd-analyze of 250 or later\n  remedy: third_party/install.sh --with-containers\n'
    exit 77
fi
work=$(mktemp -d "${TMPDIR:-/tmp}/cloudsign-units.XXXXXX")
trap 'rm -rf "$work"' EXIT

for kms in '' kms; do
    for unit in cloudsign cloudsign-platform; do
        sed "s,ExecStart=$unit ,ExecStart=$build/$unit ,; s,ExecReload=kill,ExecReload=/bin/kill," \
            "$root/src/ops/$unit.service" >"$work/$unit.service"
        mkdir -p "$work/$unit.service.d"
        [ -z "$kms" ] || [ $unit != cloudsign ] || cp "$root/src/ops/cloudsign-kms.conf" "$work/$unit.service.d/kms.conf"
        SYSTEMD_UNIT_PATH="$work:" systemd-analyze verify --man=no --recursive-errors=no "$work/$unit.service" >"$work/log" 2>&1 ||
            { cat "$work/log"; wrong "systemd-analyze verify $unit.service"; }
        ! grep -E "^$work|$unit.service:" "$work/log" || wrong "$unit.service: systemd has complaints"
        systemd-analyze security --offline=true --no-pager "$work/$unit.service" >"$work/log" 2>&1 ||
            { tail -n 5 "$work/log"; wrong "systemd-analyze security $unit.service"; }
        score=$(sed -nE 's/.*Overall exposure level for .*: ([0-9.]+) .*/\1/p' "$work/log")
        awk -v s="${score:-10}" 'BEGIN { exit !(s <= 2.0) }' || { grep -v '^✓' "$work/log"; wrong "$unit.service: exposure $score"; }
        printf 'ok    %s.service%s: systemd takes every line; exposure %s of 10\n' $unit "${kms:+ with cloudsign-kms.conf}" "$score"
    done
done

# What ends with a code from 77 up asks for an operator: systemd must not try again.
for code in 64 $("$root/test/lint/docs.sh" --print | awk '$2 >= 77 { print $2 }'); do
    grep -qE "^RestartPreventExitStatus=(.* )?$code( |\$)" "$root/src/ops/cloudsign.service" ||
        wrong "cloudsign.service: exit code $code is not in RestartPreventExitStatus"
done
printf 'ok    every exit code that asks for an operator ends the restarts\n'

# It must be able to fail: a line that systemd does not know, a unit without limits.
printf '[Service]\nExecStart=/bin/true\nProtectSytem=strict\n' >"$work/bad.service"
systemd-analyze verify --man=no "$work/bad.service" 2>&1 | grep -q ProtectSytem || wrong "a misspelt line goes unseen"
systemd-analyze security --offline=true --threshold=20 --no-pager "$work/bad.service" >/dev/null 2>&1 && wrong "a unit without limits passes"
printf 'ok    a misspelt line and a unit without limits are seen\n'
