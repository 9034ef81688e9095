#!/usr/bin/env bash
# Builds the images of node and platform from the Dockerfile, looks at what is inside, and
# walks through with them: test/harness/three-node.sh with a platform and three nodes that
# each run in a container as the README says (read-only, no capabilities, not root).
# Needs root and podman, no registry: the base image is made by debootstrap.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

usage() {
    cat <<'TEXT'
test/container.sh [--chains LIST] [--keep]

  --chains LIST   passed on to three-node.sh (default SOLANA,ETHEREUM)
  --keep          leave the images and the base for the next run, in
                  $XDG_CACHE_HOME/cloudsign/containers or ~/.cache/...
  Exit 77: no root, or no podman here.
TEXT
}
chains=SOLANA,ETHEREUM keep=
while [ $# -gt 0 ]; do
    case $1 in
        --chains) shift; chains=${1:?--chains needs a list} ;;
        --keep) keep=1 ;;
        -h | --help) usage; exit 0 ;;
        *) usage >&2; exit 64 ;;
    esac
    shift
done
skip() { printf 'SKIPPED: %s\n' "$1"; exit 77; }
wrong() { printf 'WRONG %s\n' "$*"; exit 1; }
ok() { printf 'ok    %s\n' "$*"; }
[ "$(id -u)" -eq 0 ] || skip "this needs root"
for program in podman runc debootstrap; do
    command -v $program >/dev/null || skip "$program is not installed (third_party/install.sh --with podman --with runc --with debootstrap)"
done

dir=${XDG_CACHE_HOME:-$HOME/.cache}/cloudsign/containers
work=$(mktemp -d "${TMPDIR:-/tmp}/cloudsign-image.XXXXXX")
[ -n "$keep" ] || dir=$work
mkdir -p "$dir"
finish() {
    local code=$?
    trap - EXIT INT TERM
    podman ps -aq --filter "label=cloudsign.run=$work" | xargs -r podman rm -f >/dev/null 2>&1 ||
        printf 'container.sh: containers of this run are left: podman ps -a\n' >&2
    # In the store of this script (CONTAINERS_STORAGE_CONF), never in the machine's.
    [ -n "$keep" ] || podman rmi -af >/dev/null 2>&1 ||
        printf 'container.sh: images are left in %s\n' "$dir" >&2
    rm -rf --one-file-system "$work"
    exit $code
}
# ---- an engine of its own, nothing shared with the machine's ----------------------------
export CONTAINERS_STORAGE_CONF=$dir/storage.conf CONTAINERS_CONF=$dir/containers.conf
printf '[storage]\ndriver="overlay"\ngraphroot="%s/root"\nrunroot="%s/run"\n' "$dir" "$dir" >"$dir/storage.conf"
cat >"$dir/containers.conf" <<'CONF'
[containers]
netns = "host"
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "runc"
CONF
# Only now: what it removes is then surely in the store named above.
trap finish EXIT
trap 'exit 143' TERM
trap 'exit 130' INT

base=localhost/debian:trixie-slim
site() { apt-get indextargets --format '$(SITE)' 'Created-By: Packages' | grep -E "/$1/?\$" | sort -u | head -n 1; }
if ! podman image exists "$base"; then
    mirror=$(site debian) security=$(site debian-security)
    [ -n "$mirror" ] || wrong "apt names no mirror of Debian"
    debootstrap --variant=minbase --include=ca-certificates trixie "$work/base" "$mirror" >"$work/base.log" 2>&1 ||
        { tail -n 20 "$work/base.log"; wrong "debootstrap"; }
    rm -rf "$work"/base/var/cache/apt/archives/*.deb "$work"/base/var/lib/apt/lists/* "$work"/base/usr/share/{doc,man}/*
    {
        printf 'deb %s %s main\n' "$mirror" trixie "$mirror" trixie-updates
        [ -z "$security" ] || printf 'deb %s trixie-security main\n' "$security"
    } >"$work/base/etc/apt/sources.list"
    # The way out that apt takes here is the way out there.
    apt-config dump 2>/dev/null | grep -E '^Acquire::(https?::(Proxy|CaInfo)|Retries)' \
        >"$work/base/etc/apt/apt.conf.d/80host" || true
    tar -C "$work/base" -c . | podman import -q --change 'CMD ["bash"]' - "$base" >/dev/null
    rm -rf --one-file-system "$work/base"
fi
ok "base image $base"

# ---- build --------------------------------------------------------------------------------
mkdir "$work/context"
(cd "$root" && git ls-files -z -co --exclude-standard | while IFS= read -r -d '' file; do
    [ ! -e "$file" ] || printf '%s\0' "$file"
done | tar -c --null -T - | tar -x -C "$work/context")
for target in node platform; do
    podman build --format docker --build-arg "BASE=$base" --target $target -t "localhost/cloudsign-$target" "$work/context" \
        >"$work/$target.log" 2>&1 || { tail -n 30 "$work/$target.log"; wrong "the image $target does not build"; }
done

inspect() { podman image inspect --format "$2" "localhost/cloudsign-$1"; }
for target in node platform; do
    size=$(inspect $target '{{.Size}}')
    [ "$size" -le 40000000 ] || wrong "$target: $size bytes"
    [ "$(inspect $target '{{.Config.User}}')" = 10001:10001 ] || wrong "$target: runs as $(inspect $target '{{.Config.User}}')"
    [ -n "$(inspect $target '{{index .Config.Labels "org.opencontainers.image.version"}}')" ] || wrong "$target: no labels"
    for shell in /bin/sh /usr/bin/sh /bin/bash /usr/bin/perl /usr/bin/apt-get; do
        ! podman run --rm --entrypoint $shell "localhost/cloudsign-$target" -c true >/dev/null 2>&1 || wrong "$target has $shell"
    done
    podman create --name "sbom-$$" "localhost/cloudsign-$target" >/dev/null
    podman cp "sbom-$$:/usr/share/cloudsign/sbom.spdx.json" "$work/sbom.json"
    podman rm "sbom-$$" >/dev/null
    jq -e '[.packages[].name] | contains(["libsodium23", "libmbedcrypto16", "libc6", "libwebsockets19t64"])' \
        "$work/sbom.json" >/dev/null || wrong "$target: the SBOM lacks libraries: $(jq -c '[.packages[].name]' "$work/sbom.json")"
    ok "$target: $((size / 1000000)) MB, user 10001, no shell, SBOM of $(jq '.packages | length' "$work/sbom.json") packages"
done
[ "$(inspect node '{{index .Config.Healthcheck.Test 1}}')" = /usr/bin/cloudsign ] || wrong "node: no health check"
podman run --rm localhost/cloudsign-node version | grep -q cloudsign || wrong "node: version"

# ---- walk: programs that are containers -------------------------------------------------------
mkdir "$work/bin"
limits="--read-only --tmpfs /tmp:size=8m --cap-drop ALL --security-opt no-new-privileges --pids-limit 64 --label cloudsign.run=$work"
cat >"$work/bin/cloudsign" <<SH
#!/usr/bin/env bash
set -euo pipefail
name=\$(printf '%s' "\$CLOUDSIGN_DATA_DIR" | sha256sum | cut -c1-16)
if [ "\${1:-run}" = run ]; then
    chown -R 10001:10001 "\$CLOUDSIGN_DATA_DIR"
    exec podman run --rm --name "node-\$name" $limits -v "\$CLOUDSIGN_DATA_DIR:/var/cloudsign" \\
        -e PAIRING_KEY -e DB_ENCRYPTION_KEY_HEX -e LOG_LEVEL -e CLOUDSIGN_ALLOW_UNSAFE_FS localhost/cloudsign-node
fi
exec podman exec "node-\$name" /usr/bin/cloudsign "\$@"
SH
cat >"$work/bin/cloudsign-platform" <<SH
#!/usr/bin/env bash
set -euo pipefail
dir=
for ((i = 1; i <= \$#; i++)); do [ "\${!i}" != --data-dir ] || { j=\$((i + 1)); dir=\${!j}; }; done
chown -R 10001:10001 "\$dir"
exec podman run --rm $limits -v "\$dir:\$dir" -e CLOUDSIGN_ALLOW_UNSAFE_FS localhost/cloudsign-platform "\$@"
SH
chmod +x "$work/bin"/*
mkdir "$work/tmp"
TMPDIR=$work/tmp "$root/test/harness/three-node.sh" --exit --build-dir "$work/bin" --chains "$chains" ||
    wrong "the walk-through with containers"
ok "three-node.sh with a platform and three nodes in containers"

# ---- health, and SIGTERM ------------------------------------------------------------------------
install -d -m 0700 -o 10001 -g 10001 "$work/volume"
DB_ENCRYPTION_KEY_HEX=$(openssl rand -hex 32) podman run -d --name "stop-$$" $limits -v "$work/volume:/var/cloudsign" \
    -e DB_ENCRYPTION_KEY_HEX localhost/cloudsign-node >/dev/null
code=$(podman wait "stop-$$")
[ "$code" -ne 0 ] || wrong "a node without a pairing key went on"
podman logs "stop-$$" 2>&1 | grep -q PAIRING_KEY || wrong "the refusal does not name PAIRING_KEY"
podman rm "stop-$$" >/dev/null
ok "seed's docker run without a pairing key: exit $code, and says why"
