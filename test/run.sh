#!/usr/bin/env bash
# All tests: installs what is missing, builds with both compilers, with sanitizers and
# for fuzzing, and runs everything in one ctest, whose summary comes last.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"

usage() {
    cat <<'TEXT'
test/run.sh [--no-install] [--containers] [--quick] [--jobs N] [--build-root DIR]
            [CTEST OPTION...]

  --no-install      do not look for missing packages
  --containers      also install what builds and runs the images (Docker, systemd); without
                    it those tests run where that is there already, and say so if not
  --quick           only the gcc build and its tests (no clang, sanitizers, fuzzing)
  --jobs N          parallel jobs (default: one per processor)
  --build-root DIR  where the build folders go (default: build)
  CTEST OPTION      passed on, e.g.  -L unit   -R sim   --rerun-failed

Labels: unit, vectors, sim, evil, e2e, fuzz, lint, container.  Test names start with asan/ for the
build with AddressSanitizer and UBSan, clang/ for the clang build, fuzz/ for libFuzzer.
Figures by environment: CS_SIM_SEEDS (3000), CS_SIM_SEEDS_ASAN (300), CS_FUZZ_SECONDS (6).
TEXT
}

install=1 containers= quick= jobs=$(nproc) build=$root/build pass=()
while [ $# -gt 0 ]; do
    case $1 in
        --no-install) install= ;;
        --containers) containers=--with-containers ;;
        --quick) quick=1 ;;
        --jobs) shift; jobs=${1:?--jobs needs a number} ;;
        --build-root) shift; build=$(mkdir -p "${1:?--build-root needs a folder}" && cd "$1" && pwd) ;;
        -h | --help) usage; exit 0 ;;
        *) pass+=("$1") ;;
    esac
    shift
done

started=$SECONDS
step() { printf '\n==> %s   [%d:%02d]\n' "$*" $(((SECONDS - started) / 60)) $(((SECONDS - started) % 60)); }
die() { printf '\ntest/run.sh: %s\n  remedy: %s\n' "$1" "$2" >&2; exit 1; }

if [ -n "$install" ]; then
    step "Packages"
    third_party/install.sh --with-tests $containers || die "packages are missing" "see the message above"
fi
command -v cmake >/dev/null || die "cmake is not installed" "third_party/install.sh --with-tests"

launcher=
if command -v ccache >/dev/null; then launcher=ccache; fi
export CCACHE_SLOPPINESS=time_macros

# build_preset NAME TARGET WHAT [CMAKE OPTION...]
folders=()
build_preset() {
    local preset=$1 target=$2 what=$3 log=$build/$1.log
    shift 3
    step "Build: $what"
    mkdir -p "$build"
    cmake --preset "$preset" -B "$build/$preset" -DCMAKE_C_COMPILER_LAUNCHER="$launcher" "$@" \
        >"$log" 2>&1 || { tail -n 30 "$log"; die "cmake failed for $preset" "read $log"; }
    # Ninja's status line is for a terminal; a log gets warnings and errors, and a count.
    if ! cmake --build "$build/$preset" --target "$target" -j "$jobs" >"$log" 2>&1; then
        grep -E -A 12 'error:|FAILED|undefined reference' "$log" | head -n 60
        die "the build '$preset' failed" "read $log"
    fi
    if grep -n 'warning:' "$log"; then
        die "the build '$preset' has warnings" "mend them; warnings are errors here"
    fi
    printf '    %s\n' "$(tail -n 1 "$log")"
    folders+=("$build/$preset")
}

build_preset ci all "gcc, release, warnings are errors" -DCS_SIM_SEEDS="${CS_SIM_SEEDS:-3000}"
if [ -z "$quick" ]; then
    build_preset clang all "clang, release, warnings are errors"
    build_preset asan all "gcc, AddressSanitizer and UBSan" -DCS_SIM_SEEDS="${CS_SIM_SEEDS_ASAN:-300}"
    build_preset fuzz fuzz_targets "clang, libFuzzer, AddressSanitizer and UBSan" \
        -DCS_FUZZ_SECONDS="${CS_FUZZ_SECONDS:-6}"
fi

# One list of all builds' tests, so that one summary tells all.  Of the clang build only
# clang-tidy runs (its programs are the same sources); of the fuzz build the targets.
all=$build/all
mkdir -p "$all"
{
    for folder in "${folders[@]}"; do
        case ${folder##*/} in
            clang) printf 'subdirs("%s/test/lint")\n' "$folder" ;;
            fuzz) printf 'subdirs("%s/test/fuzz")\n' "$folder" ;;
            *) printf 'subdirs("%s")\n' "$folder" ;;
        esac
    done
} >"$all/CTestTestfile.cmake"

step "Tests"
export ASAN_OPTIONS=abort_on_error=1:detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=1
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
code=0
ctest --test-dir "$all" -j "$jobs" --output-on-failure --no-tests=error \
    "${pass[@]+"${pass[@]}"}" </dev/null || code=$?
# What a machine could not test is said once more, last: a skipped test is not a passed one.
log=$all/Testing/Temporary/LastTest.log
if grep -q '^SKIPPED' "$log" 2>/dev/null; then
    step "NOT tested on this machine"
    grep -h -A 1 '^SKIPPED' "$log" | grep -E '^SKIPPED|^  remedy:' | awk '!seen[$0]++'
fi
exit $code
