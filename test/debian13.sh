#!/usr/bin/env bash
# Builds and tests the sources against Debian 13's libraries (mbedTLS 3.6, libwebsockets
# 4.3.5, libsecp256k1 0.5, gcc 14), in a Debian 13 made by debootstrap.  Not part of
# test/run.sh: needs root and some minutes.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

usage() {
    cat <<'TEXT'
test/debian13.sh [--dir DIR] [--label LABEL] [--tests REGEX] [--jobs N] [--shell] [--clean]

  --dir DIR      where the Debian 13 system is kept between runs
                 (default: $XDG_CACHE_HOME/cloudsign/debian13 or ~/.cache/...)
  --label LABEL  which tests to run there, a pattern of ctest (default: unit; 'unit|e2e'
                 also the programs and the console in Chromium; none for none)
  --tests REGEX  only those of them whose name matches: 'e2e/(walk|events)'
  --jobs N       parallel jobs (default: one per processor)
  --shell        open a shell there instead
  --clean        remove it and start again
TEXT
}
say() { printf '\n==> %s\n' "$*"; }
die() { printf '\ntest/debian13.sh: %s\n  remedy: %s\n' "$1" "$2" >&2; exit 1; }

dir=${XDG_CACHE_HOME:-$HOME/.cache}/cloudsign/debian13 label=unit tests= jobs=$(nproc) clean= shell=
while [ $# -gt 0 ]; do
    case $1 in
        --dir) shift; dir=${1:?} ;;
        --label) shift; label=${1?} ;;
        --tests) shift; tests=${1:?} ;;
        --jobs) shift; jobs=${1:?} ;;
        --shell) shell=1 ;;
        --clean) clean=1 ;;
        -h | --help) usage; exit 0 ;;
        *) usage >&2; exit 64 ;;
    esac
    shift
done
as_root() { if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi; }
in_debian() { as_root chroot "$dir" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin \
    HOME=/root LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive CI="${CI:-}" \
    npm_config_cafile=/etc/ssl/certs/of-the-host.crt "$@"; }

"$root/third_party/install.sh" --with debootstrap --with rsync
[ -z "$clean" ] || as_root rm -rf --one-file-system "$dir"

# The mirror that this machine's apt uses: none is named in this repository.
mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' | grep -E '/debian/?$' | sort -u | head -n 1)
security=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' | grep -E '/debian-security/?$' | sort -u | head -n 1)
[ -n "$mirror" ] || die "apt names no mirror of Debian" "check /etc/apt/sources.list, then apt-get update"

if [ ! -e "$dir/.complete" ]; then
    say "debootstrap trixie into $dir (once)"
    as_root rm -rf --one-file-system "$dir"
    as_root mkdir -p "$dir"
    as_root debootstrap --variant=minbase --include=ca-certificates trixie "$dir" "$mirror" |
        grep -vE '^I: (Retrieving|Validating|Extracting|Unpacking|Configuring)' ||
        die "debootstrap failed" "read $dir/debootstrap/debootstrap.log"
    {
        printf 'deb %s %s main\n' "$mirror" trixie "$mirror" trixie-updates
        [ -z "$security" ] || printf 'deb %s trixie-security main\n' "$security"
    } | as_root tee "$dir/etc/apt/sources.list" >/dev/null
    # The way out that apt takes here is the way out there.
    apt-config dump 2>/dev/null | grep -E '^Acquire::(https?::(Proxy|CaInfo)|Retries)' |
        as_root tee "$dir/etc/apt/apt.conf.d/80host" >/dev/null || true
    as_root cp /etc/resolv.conf "$dir/etc/resolv.conf"
    in_debian apt-get -q update
    as_root touch "$dir/.complete"
fi

mounted=
cleanup() { [ -z "$mounted" ] || as_root umount "$dir/proc"; }
trap cleanup EXIT
if ! mountpoint -q "$dir/proc" && as_root mount -t proc proc "$dir/proc" 2>/dev/null; then
    mounted=1
fi

say "Copying the sources (what git knows or would add)"
# By content and with the time of now: what was built there may be newer than an edit here,
# and what did not change is not built again.
as_root rm -rf "$dir/src/new"
as_root mkdir -p "$dir/src/cloudsign" "$dir/src/shared" "$dir/src/new"
(cd "$root" && git ls-files -z -co --exclude-standard | while IFS= read -r -d '' file; do
    [ ! -e "$file" ] || printf '%s\0' "$file"
done | tar --null -T - -c) | as_root tar -xm -C "$dir/src/new"
as_root rsync -rlpc --delete --exclude=/build --exclude=/build.log --exclude=/test/node_modules \
    "$dir/src/new/" "$dir/src/cloudsign/"
as_root rm -rf "$dir/src/new"
for part in vectors api; do # what stands beside the sources, where it does
    [ -d "$root/../shared/$part" ] || continue
    as_root rsync -rlp --checksum --chmod=u+w --delete "$root/../shared/$part/" "$dir/src/shared/$part/"
done

if [ -n "$shell" ]; then
    in_debian bash -c 'cd /src/cloudsign && exec bash'
    exit
fi

# The authorities that npm trusts here are those that it trusts there.
as_root cp -L "${NODE_EXTRA_CA_CERTS:-/etc/ssl/certs/ca-certificates.crt}" "$dir/etc/ssl/certs/of-the-host.crt"

say "Packages"
in_debian /src/cloudsign/third_party/install.sh --with-tests
in_debian sh -c 'dpkg-query -W gcc libmbedtls-dev libwebsockets-dev libsecp256k1-dev libsodium-dev'

say "Build (ci preset: gcc, warnings are errors)"
in_debian sh -ec 'cd /src/cloudsign
    cmake --preset ci -DCMAKE_C_COMPILER_LAUNCHER=ccache >build.log 2>&1 || { tail -n 30 build.log; exit 1; }
    cmake --build build/ci -j "$1" -- -k 0 >build.log 2>&1 || { grep -E -A 12 "error:|FAILED" build.log | head -n 80; exit 1; }
    tail -n 1 build.log' sh "$jobs"

if [ "$label" != none ]; then
    say "Tests${label:+ with label $label}${tests:+ named $tests}"
    in_debian sh -ec 'cd /src/cloudsign && exec ctest --test-dir build/ci -j "$3" \
        --output-on-failure --no-tests=error ${1:+-L "$1"} ${2:+-R "$2"} </dev/null' sh "$label" "$tests" "$jobs"
fi
