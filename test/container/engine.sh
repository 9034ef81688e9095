# A Docker engine of our own for test/container.sh: its own data, socket, pid and bridge,
# no rule in the machine's firewall, and Debian 13 as base image without a registry.
# Source it; WORK must be a folder, CACHE one or empty.
# shellcheck shell=bash
ENGINE_PID= ENGINE_BRIDGE=

skip() { # REASON REMEDY
    printf 'SKIPPED: %s\n  remedy: %s\n' "$1" "$2"
    exit 77
}
wrong() { printf 'WRONG %s\n' "$*"; exit 1; }
ok() { printf 'ok    %s\n' "$*"; }

engine_needs() {
    local program
    [ "$(id -u)" -eq 0 ] || skip "this needs root" "run it as root, on a machine that may have containers"
    for program in docker dockerd debootstrap ip jq gcc; do
        command -v $program >/dev/null || skip "$program is not installed" "third_party/install.sh --with-tests --with-containers"
    done
    [ -e "$root/test/node_modules/.installed" ] || skip "the libraries that judge signatures are not there" "third_party/install.sh --with-tests"
    docker compose version >/dev/null 2>&1 || command -v docker-compose >/dev/null ||
        skip "docker compose is not installed" "third_party/install.sh --with-containers"
}

compose() {
    if docker compose version >/dev/null 2>&1; then docker compose "$@"; else docker-compose "$@"; fi
}

# The daemon's own words, so that a machine which forbids containers says why.
engine_log() { sed -nE 's/.*level=(error|fatal|warning) msg="?(.*[^"])"?$/   dockerd: \2/p; /^(failed|unable|Error|panic)/p' "$WORK/dockerd.log" | tail -n 6; }

# Default limits are what this process has: without CAP_SYS_RESOURCE none can be raised.
engine_start() {
    export DOCKER_HOST=unix://$WORK/docker.sock
    unset DOCKER_CONTEXT
    mkdir -p "${CACHE:-$WORK}/engine"
    # Not docker0: that is the machine's own engine's, if it has one.
    ip link add "cs$$" type bridge 2>"$WORK/ip.log" && ENGINE_BRIDGE=cs$$ &&
        ip addr add "10.213.$(($$ % 250)).1/24" dev "$ENGINE_BRIDGE" 2>>"$WORK/ip.log" && ip link set "$ENGINE_BRIDGE" up ||
        skip "no network bridge can be made: $(tail -n 1 "$WORK/ip.log")" "a machine with CAP_NET_ADMIN"
    dockerd --data-root "${CACHE:-$WORK}/engine" --exec-root "$WORK/exec" --pidfile "$WORK/dockerd.pid" \
        -H "$DOCKER_HOST" --iptables=false --ip6tables=false --bridge="$ENGINE_BRIDGE" \
        --default-ulimit "nofile=$(ulimit -n):$(ulimit -Hn)" >"$WORK/dockerd.log" 2>&1 </dev/null &
    ENGINE_PID=$!
    local end=$((SECONDS + 40))
    while [ $SECONDS -lt $end ] && kill -0 "$ENGINE_PID" 2>/dev/null; do
        timeout 5 docker version >/dev/null 2>&1 && return
        sleep 0.2
    done
    engine_log
    skip "dockerd does not run on this machine (its words are above)" "a machine or virtual machine with root, cgroups and mounts"
}

engine_stop() {
    engine_end
    umount "$WORK"/exec/netns/* 2>/dev/null || true # --network host leaves one
    [ -z "$ENGINE_BRIDGE" ] || ip link del "$ENGINE_BRIDGE" || true
}

engine_end() {
    [ -n "$ENGINE_PID" ] || return 0
    if timeout 5 docker version >/dev/null 2>&1; then
        docker ps -aq | xargs -r docker rm -f >/dev/null 2>&1 || true
        docker network ls -q --filter driver=bridge | xargs -r docker network rm >/dev/null 2>&1 || true
    fi
    kill -TERM "$ENGINE_PID" 2>/dev/null || true
    for _ in $(seq 100); do kill -0 "$ENGINE_PID" 2>/dev/null || return 0; sleep 0.1; done
    kill -KILL "$ENGINE_PID" 2>/dev/null || true
}

# ---- Debian 13 slim, from the archive that this machine's apt uses -------------------------
site() { apt-get indextargets --format '$(SITE)' 'Created-By: Packages' | grep -E "/$1/?\$" | sort -u | head -n 1; }

engine_base() { # NAME
    local mirror security tar=${CACHE:-$WORK}/trixie.tar
    if [ ! -s "$tar" ]; then
        mirror=$(site debian) security=$(site debian-security)
        [ -n "$mirror" ] || wrong "apt names no mirror of Debian"
        debootstrap --variant=minbase --include=ca-certificates trixie "$WORK/base" "$mirror" >"$WORK/base.log" 2>&1 ||
            { tail -n 20 "$WORK/base.log"; wrong "debootstrap"; }
        rm -rf "$WORK"/base/var/cache/apt/archives/*.deb "$WORK"/base/var/lib/apt/lists/* "$WORK"/base/usr/share/man/*
        {
            printf 'deb %s %s main\n' "$mirror" trixie "$mirror" trixie-updates
            [ -z "$security" ] || printf 'deb %s trixie-security main\n' "$security"
        } >"$WORK/base/etc/apt/sources.list"
        # The way out that apt takes here is the way out there.
        apt-config dump 2>/dev/null | grep -E '^Acquire::(https?::(Proxy|CaInfo)|Retries)' \
            >"$WORK/base/etc/apt/apt.conf.d/80host" || true
        tar -C "$WORK/base" -cf "$tar.new" .
        mv "$tar.new" "$tar"
        rm -rf --one-file-system "$WORK/base"
    fi
    # Only now is it known whether this machine lets a container be made and run at all.
    { { docker image inspect "$1" 2>/dev/null || timeout -k 5 120 docker import -c 'CMD ["bash"]' - "$1" <"$tar"; } >/dev/null &&
        timeout -k 5 60 docker run --rm --network none "$1" true; } >"$WORK/try.log" 2>&1 || {
        cat "$WORK/try.log"
        engine_log
        skip "no container runs on this machine (the engine's words are above)" "a machine with cgroups and namespaces"
    }
}
