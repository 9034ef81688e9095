#!/usr/bin/env bash
# README's tour as a reader would type it: its shell blocks, in order, with the programs of
# this build and a free port.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
root=$(cd "$E_HERE/../.." && pwd)
mkdir "$H_DIR/tour"
cd "$H_DIR/tour"
ln -s "$root/test" test

awk '/^## /{ tour = /^## A tour/ } !tour { next } /^```sh$/ { on = 1; next } /^```$/ { on = 0 } on' \
    "$root/README.md" | sed -e "s#build/release/#$H_BIN/#g" -e 's#127.0.0.1:8443#127.0.0.1:0#' \
    -e 's/sleep 1;/sleep 3;/; s/sleep 2;/sleep 5;/' >tour.inc
[ "$(grep -c . tour.inc)" -gt 25 ] || wrong "the tour is not in README.md any more"

# In a subshell that ends its own background jobs, the reader's processes.
(
    trap 'for pid in $(jobs -p); do kill "$pid"; done; wait' EXIT
    set +u
    source ./tour.inc
) >tour.log 2>&1 || { cat tour.log; wrong "a command of the tour failed"; }
cat tour.log
for word in Unpaired 'Waiting for approval' Paired QUORUM_STATE_CONFIRMED PROVISIONED SIGNED verifiedBy; do
    grep -q "$word" tour.log || wrong "the tour does not show '$word'"
done
ok "README's tour, as typed"
