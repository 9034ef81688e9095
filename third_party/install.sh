#!/usr/bin/env bash
# Installs what CloudSign needs from Debian's own archive, and for harness and tests the
# JavaScript libraries of test/package.json.  Idempotent: asks dpkg first, and touches apt
# and npm only for what is missing.  Debian 12 and 13.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

usage() {
    cat <<'TEXT'
third_party/install.sh [--with-harness] [--with-tests] [--with-containers] [--runtime-only]
                       [--with PACKAGE]... [--check] [--list]

  (nothing)        what the build and the programs need
  --with-harness   also what test/harness/three-node.sh uses (curl, jq, node, openssl, and
                   in test/node_modules the libraries that judge signatures)
  --with-tests     also what test/run.sh uses (clang, cmocka, valgrind ...); with harness
  --with-containers  also what test/container.sh uses (Docker, compose, debootstrap, systemd)
  --runtime-only   only what the built programs need (for images)
  --with PACKAGE   also one package of scope "optional" in packages.txt
  --check          install nothing; exit 1 and name what is missing
  --list           print the packages that would be looked at, one a line
TEXT
}

say() { printf '[install] %s\n' "$*" >&2; }
die() {
    say "error: $1"
    [ $# -lt 2 ] || say "remedy: $2"
    exit 1
}

scopes=" build runtime " extra=" " mode=install
while [ $# -gt 0 ]; do
    case $1 in
        --with-harness) scopes+="harness " ;;
        --with-tests) scopes+="harness test " ;;
        --with-containers) scopes+="container " ;;
        --runtime-only) scopes=" runtime " ;;
        --with) shift; extra+="${1:?--with needs a package} " ;;
        --check) mode=check ;;
        --list) mode=list ;;
        -h | --help) usage; exit 0 ;;
        *) usage >&2; die "unknown option: $1" ;;
    esac
    shift
done

if [ ! -r /etc/debian_version ] || ! command -v dpkg-query >/dev/null; then
    die "this is not a Debian system" \
        "install the equivalents of $PWD/packages.txt by hand, then build with cmake"
fi
release=$(. /etc/os-release && printf '%s' "${VERSION_ID:-0}")
case $release in
    12 | 13) ;;
    *) say "Debian ${release} was never tried; 12 and 13 are. Going on." ;;
esac

installed_version() {
    local out
    out=$(dpkg-query -W -f '${db:Status-Abbrev} ${Version}\n' "$1" 2>/dev/null) || return 1
    awk '$1 == "ii" || $1 == "hi" { print $2; found = 1; exit } END { exit !found }' <<<"$out"
}

trim() { local s=$1; s=${s#"${s%%[![:space:]]*}"}; printf '%s' "${s%"${s##*[![:space:]]}"}"; }

# wanted[i] = "names minimum"; names may be alternatives, separated by commas.
wanted=()
while IFS='|' read -r scope names minimum _; do
    scope=$(trim "$scope") names=$(trim "$names") minimum=$(trim "$minimum")
    case $scope in '' | '#'*) continue ;; esac
    if [[ $scopes == *" $scope "* || ($scope == optional && $extra == *" $names "*) ]]; then
        wanted+=("$names $minimum")
    fi
done <packages.txt
for package in $extra; do
    [[ " ${wanted[*]} " == *" $package "* ]] ||
        die "$package is not of scope optional in packages.txt" "see the table there"
done

missing=() old=()
look() {
    local entry names minimum name version
    missing=() old=()
    for entry in "${wanted[@]}"; do
        read -r names minimum <<<"$entry"
        version=
        for name in ${names//,/ }; do
            if version=$(installed_version "$name"); then break; fi
        done
        if [ -z "$version" ]; then
            missing+=("$names")
        elif [ "$minimum" != 0 ] && dpkg --compare-versions "$version" lt "$minimum"; then
            old+=("$name $version < $minimum")
        fi
    done
}

if [ $mode = list ]; then
    printf '%s\n' "${wanted[@]}" | cut -d' ' -f1
    exit 0
fi
# npm comes with some packages of nodejs, and is one of its own in Debian.
[[ $scopes != *" harness "* ]] || command -v npm >/dev/null || wanted+=("npm 0")

# The libraries that judge signatures, exactly as test/package-lock.json pins them.
modules=../test/node_modules lock=../test/package-lock.json
has_modules() { cmp -s "$lock" "$modules/.installed"; }
look
if [ $mode = check ]; then
    [[ $scopes != *" harness "* ]] || has_modules ||
        die "test/node_modules is missing or old" "run third_party/install.sh --with-harness"
    [ ${#missing[@]} -eq 0 ] || die "missing: ${missing[*]}" "run third_party/install.sh"
    [ ${#old[@]} -eq 0 ] || die "too old: ${old[*]}" "use Debian 12 or 13"
    say "all ${#wanted[@]} packages are installed"
    exit 0
fi

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        die "root is needed to install: ${missing[*]}" \
            "run this as root, or install sudo, or install these packages by hand"
    fi
}
apt() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -q \
        -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 "$@"
}
known() { [ -n "$(apt-cache madison "$1" 2>/dev/null)" ]; }
# Prints the first alternative that the archive has.
pick() {
    local name
    for name in ${1//,/ }; do
        if known "$name"; then printf '%s' "$name"; return 0; fi
    done
    return 1
}

if [ ${#missing[@]} -gt 0 ]; then
    say "missing ${#missing[@]} of ${#wanted[@]} packages: ${missing[*]}"
    names=() refresh=
    for entry in "${missing[@]}"; do
        pick "$entry" >/dev/null || refresh=1
    done
    if [ -n "$refresh" ]; then
        say "the package lists do not know all of them yet: apt-get update"
        apt update >&2 || die "apt-get update failed" "check the network and /etc/apt/sources.list"
    fi
    for entry in "${missing[@]}"; do
        names+=("$(pick "$entry")") || die "no package named ${entry//,/ or }" \
            "is 'main' of Debian 12 or 13 in /etc/apt/sources.list?"
    done
    say "apt-get install ${names[*]}"
    # Another vendor's Docker, say, is not to go because Debian's would come.
    if ! apt install -y --no-remove --no-install-recommends "${names[@]}" >&2; then
        # Stale lists name versions that the archive no longer has.
        say "failed; once more with fresh package lists"
        apt update >&2 && apt install -y --no-remove --no-install-recommends "${names[@]}" >&2 ||
            die "apt-get could not install ${names[*]}" "read its message above"
    fi
    look
    [ ${#missing[@]} -eq 0 ] || die "still missing: ${missing[*]}" "read apt's messages above"
fi
[ ${#old[@]} -eq 0 ] || die "too old: ${old[*]}" "use Debian 12 or 13"
say "all ${#wanted[@]} packages are installed (Debian $release)"

if [[ $scopes == *" harness "* ]] && ! has_modules; then
    say "npm ci in test/ (JavaScript libraries of harness and tests)"
    rm -f "$modules/.installed"
    for try in 1 2 3; do
        if npm ci --prefix ../test --ignore-scripts --no-audit --no-fund --loglevel=error >&2; then
            cp "$lock" "$modules/.installed"
            break
        fi
        say "npm failed (try $try of 3)"
    done
    has_modules || die "npm could not install test/package-lock.json" \
        "check the network and the registry that npm is set to (npm config get registry)"
fi
