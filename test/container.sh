#!/usr/bin/env bash
# The images as an operator meets them: builds them from the Dockerfile with a Docker
# engine of its own, looks at what is inside, and runs the guide's commands and our
# compose files for real.  No registry: the base image is made by debootstrap.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

usage() {
    cat <<'TEXT'
test/container.sh [--keep]

  --keep         leave base and layers for the next run in
                 $XDG_CACHE_HOME/cloudsign/container or ~/.cache/...
  Needs root and third_party/install.sh --with-tests --with-containers.
  Exit 77, with the reason: this machine cannot have containers.
TEXT
}
CACHE=
while [ $# -gt 0 ]; do
    case $1 in
        --keep) CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/cloudsign/container ;;
        -h | --help) usage; exit 0 ;;
        *) usage >&2; exit 64 ;;
    esac
    shift
done
WORK=$(mktemp -d "${TMPDIR:-/tmp}/cloudsign-container.XXXXXX")
H_BIN=$WORK H_DIR=$WORK/none # no program runs here outside of a container
# shellcheck source=harness/lib.sh
source "$root/test/harness/lib.sh"
# shellcheck source=container/engine.sh
source "$root/test/container/engine.sh"
# shellcheck source=container/image.sh
source "$root/test/container/image.sh"
# shellcheck source=container/walk.sh
source "$root/test/container/walk.sh"

finish() {
    local code=$? pid
    trap - EXIT INT TERM
    for pid in "$KMS_PID" "$FORWARD_PID" "$AGAIN_PID"; do [ -z "$pid" ] || kill -TERM "$pid" 2>/dev/null || true; done
    engine_stop
    rm -rf --one-file-system "$WORK" || printf 'container.sh: %s is left\n' "$WORK" >&2
    exit $code
}
trap finish EXIT
trap 'exit 143' TERM
trap 'exit 130' INT
step() { printf '\n==> %s   [%d s]\n' "$*" $SECONDS; }

engine_needs
step "Engine and base image"
engine_start
engine_base debian:trixie-slim
ok "Docker $(docker version -f '{{.Server.Version}}'), base debian:trixie-slim of $(docker image inspect -f '{{.Size}}' debian:trixie-slim | awk '{ printf "%d MB", $1 / 1e6 }')"

step "Images"
image_build
image_look node
image_look platform
image_again_start

step "Refusals of docker run"
refusals

step "The guide's commands, as written but for the image's name"
guide

step "docker-compose.yml with the platform beside it, and what a container may not do"
hardened

step "docker-compose.kms.yml"
sealed

step "The second build"
image_again

printf '\nDone in %d s\n' $SECONDS
