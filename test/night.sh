#!/usr/bin/env bash
# The long checks, by hand: more simulator seeds, long fuzzing, threads, leaks, Debian 13.
#   test/night.sh [HOURS]     default 8; the parts share the time
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
hours=${1:-8}
[[ $hours =~ ^[0-9]+$ && $hours -gt 0 ]] || { echo "usage: test/night.sh [HOURS]" >&2; exit 64; }
build=$root/build
seed=$(date +%Y%m%d)00000000
failed=()
part() { # NAME COMMAND...: a part that fails does not stop the others
    local name=$1
    shift
    printf '\n==> %s  (%s)\n' "$name" "$(date +%H:%M)"
    "$@" || { failed+=("$name"); printf 'FAILED: %s\n' "$name"; }
}

# sim_for FOLDER SECONDS: new seeds, in chunks, until the time is over.
sim_for() {
    local end=$((SECONDS + $2)) from=$seed
    while [ $SECONDS -lt $end ]; do
        "$1/test/sim/sim" --seed "$from" --runs 500 || return 1
        from=$((from + 500))
    done
    printf '%d seeds from %s\n' $((from - seed)) "$seed"
}
fuzz_for() {
    local target name each count=0
    for target in "$build"/fuzz/test/fuzz/fuzz_*; do [ ! -x "$target" ] || count=$((count + 1)); done
    [ $count -gt 0 ] || { echo "no fuzz targets"; return 1; }
    each=$(($1 / count + 1))
    for target in "$build"/fuzz/test/fuzz/fuzz_*; do
        [ -x "$target" ] || continue
        name=${target##*/}
        mkdir -p "$build/night/$name"
        "$target" -max_total_time=$each -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
            -artifact_prefix="$build/night/$name-" "$build/night/$name" \
            $([ ! -d "test/fuzz/corpus/$name" ] || echo "test/fuzz/corpus/$name") || return 1
    done
}
tsan() {
    cmake --preset tsan && cmake --build build/tsan -j "$(nproc)" &&
        ctest --test-dir build/tsan -L 'unit|e2e' --output-on-failure -j "$(nproc)"
}
leaks() { # valgrind sees reads of memory that was never written, which ASan does not
    local test
    for test in "$build"/ci/test/test_*; do
        [ -x "$test" ] || continue
        valgrind -q --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite \
            "$test" || return 1
    done
}
scalars() { # our arithmetic: modulo the secp256k1 order, ristretto255; 10^7 inputs
    local test
    for test in secp_n secp_scalar ristretto_field ristretto; do
        CS_SCALAR_RUNS=10000000 "$build/ci/test/test_crypto_$test" || return 1
    done
}
repeat_e2e() { ctest --test-dir build/ci -L e2e --repeat until-fail:20 --output-on-failure; }

part "all of test/run.sh" test/run.sh
part "simulator, release" sim_for "$build/ci" $((hours * 1200))
part "simulator, ASan" sim_for "$build/asan" $((hours * 600))
part "10^4 invalid partials" env CS_TEST_PARTIALS=10000 "$build/ci/test/test_mpc_dkls_replay"
part "10^4 changed stores" env CS_TEST_IMAGES=10000 "$build/ci/test/test_store_lmdb_check"
part "fuzzing" fuzz_for $((hours * 1200))
part "scalars, 10^7 inputs" scalars
part "threads" tsan
part "valgrind" leaks
part "end to end, 20 times" repeat_e2e
part "200 kills during rekey" env CS_KILLS=200 test/e2e/rekey.sh build/ci
part "Debian 13" test/debian13.sh

printf '\n'
if [ ${#failed[@]} -gt 0 ]; then
    printf 'night: %d parts failed: %s\n' "${#failed[@]}" "$(IFS=,; echo "${failed[*]}")"
    exit 1
fi
echo "night: all parts passed; new inputs are in build/night (copy the good ones to test/fuzz/corpus)"
