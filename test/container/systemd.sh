#!/usr/bin/env bash
# The units of src/ops under a real systemd: one boots as process 1 of namespaces of its
# own, on an overlay over this machine's root, with nothing of ours in it but the two
# programs, the units and sealed credentials.  Pairs a node, looks at its confinement
# from outside, stops it, starts it with a wrong key.
#   systemd.sh BUILD_DIR         needs root
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
H_BIN=$(cd "${1:?usage: $0 BUILD_DIR}" && pwd)
WORK=$(mktemp -d "${TMPDIR:-/tmp}/cloudsign-systemd.XXXXXX")
H_DIR=$WORK/walk
# shellcheck source=../harness/lib.sh
source "$root/test/harness/lib.sh"
skip() { printf 'SKIPPED: %s\n  remedy: %s\n' "$1" "$2"; exit 77; }
wrong() {
    printf 'WRONG %s\n' "$*"
    inside journalctl --no-pager -n 40 -o cat -u cloudsign -u cloudsign-platform 2>/dev/null || true
    exit 1
}
ok() { printf 'ok    %s\n' "$*"; }
h_fail() { wrong "$1 ($2)"; }
INIT= GUEST=$WORK/guest GROUPS_MADE=()

finish() {
    local code=$? group
    trap - EXIT INT TERM
    # Process 1 of the namespaces: with it, everything in them ends.
    [ -z "$INIT" ] || kill -KILL "$INIT" 2>/dev/null || true
    wait 2>/dev/null || true
    for group in "${GROUPS_MADE[@]+"${GROUPS_MADE[@]}"}"; do
        find "$group" -depth -type d -exec rmdir {} + 2>/dev/null || true
    done
    rm -rf --one-file-system "$WORK" || printf 'systemd.sh: %s is left\n' "$WORK" >&2
    exit $code
}
trap finish EXIT
trap 'exit 143' TERM
trap 'exit 130' INT

[ "$(id -u)" -eq 0 ] || skip "this needs root" "run it as root"
for program in /lib/systemd/systemd systemctl ss systemd-creds unshare nsenter jq curl; do
    command -v $program >/dev/null || skip "$program is not installed" "third_party/install.sh --with-tests --with-containers"
done

# ---- a guest: this machine's root below, everything written above in memory ----------------
# Runs in new namespaces; ends as systemd.
boot() {
    local device
    mount --make-rprivate /
    mount -t tmpfs tmpfs "$GUEST"
    mkdir "$GUEST"/{up,work,root}
    mount -t overlay overlay -o "lowerdir=/,upperdir=$GUEST/up,workdir=$GUEST/work" "$GUEST/root"
    cd "$GUEST/root"
    # Its own state, on a file system that is good for a store.
    mkdir -p var/lib/cloudsign var/lib/cloudsign-platform etc/cloudsign etc/credstore.encrypted usr/local/bin
    for device in cloudsign cloudsign-platform; do mount --bind "$WORK/$device" "var/lib/$device"; done
    mount -t tmpfs tmpfs tmp
    mount -t tmpfs tmpfs run -o mode=755
    mount -t tmpfs tmpfs var/log
    mount -t proc proc proc
    mount --rbind /sys sys
    mount -t tmpfs tmpfs dev -o mode=755
    for device in null zero full random urandom tty; do touch "dev/$device"; mount --bind "/dev/$device" "dev/$device"; done
    : >dev/probe # stands for every other device
    mkdir dev/pts dev/shm
    mount -t devpts devpts dev/pts -o newinstance,ptmxmode=0666
    ln -s pts/ptmx dev/ptmx
    ln -s /proc/self/fd dev/fd
    if [ ! -e /sys/fs/cgroup/cgroup.controllers ]; then # a cgroup namespace's view of ours
        mount -t tmpfs tmpfs sys/fs/cgroup -o mode=755
        mkdir sys/fs/cgroup/systemd sys/fs/cgroup/unified
        mount -t cgroup -o none,name=systemd cgroup sys/fs/cgroup/systemd
        mount -t cgroup2 cgroup2 sys/fs/cgroup/unified
    else
        mount -t cgroup2 cgroup2 sys/fs/cgroup
    fi
    install -m 0755 "$H_BIN/cloudsign" "$H_BIN/cloudsign-platform" usr/local/bin/
    # Nothing of the machine's own services but what every system has.
    rm -rf etc/systemd/system usr/local/lib/systemd etc/machine-id var/lib/systemd
    mkdir -p etc/systemd/system etc/sysusers.d var/lib/systemd
    cp "$root"/src/ops/*.service etc/systemd/system/
    cp "$root/src/ops/cloudsign.sysusers.conf" etc/sysusers.d/cloudsign.conf
    for device in systemd-udevd systemd-udev-trigger systemd-timesyncd systemd-networkd systemd-resolved systemd-logind apparmor e2scrub_reap; do
        ln -s /dev/null "etc/systemd/system/$device.service"
    done
    # Not chroot: who is in one can make no user namespace (PrivateUsers).
    mkdir old
    pivot_root . old
    umount -l /old
    mount --make-rshared / # as on a machine: credentials are mounts that come later
    exec env -i container=other PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        /lib/systemd/systemd --system --unit=basic.target --log-level=notice
}

# A control group of its own in each hierarchy that systemd uses.
own_groups() {
    local hierarchy
    for hierarchy in /sys/fs/cgroup/systemd /sys/fs/cgroup/unified /sys/fs/cgroup; do
        [ -w "$hierarchy/cgroup.procs" ] || continue
        mkdir "$hierarchy/cs-$$" && GROUPS_MADE+=("$hierarchy/cs-$$")
    done
    [ ${#GROUPS_MADE[@]} -gt 0 ] || skip "no control group can be made" "a machine with cgroups"
}

inside() { nsenter -t "$INIT" -m -p -u -i -C -r -w "$@"; }
boot_over() { [ -z "$INIT" ] || ! kill -0 "$INIT" 2>/dev/null || is_booted; }
is_booted() { [ -n "$INIT" ] && [ "$(inside systemctl is-active basic.target 2>/dev/null)" = active ]; }

start_guest() {
    local group
    mkdir -p "$GUEST" "$WORK/cloudsign" "$WORK/cloudsign-platform"
    own_groups
    export -f boot
    export GUEST WORK H_BIN root
    (
        for group in "${GROUPS_MADE[@]}"; do echo "$BASHPID" >"$group/cgroup.procs"; done
        exec unshare -m -p -u -i -C --fork --kill-child bash -ec boot
    ) </dev/null >"$WORK/boot.log" 2>&1 &
    for _ in $(seq 50); do
        INIT=$(pgrep -P $! || true)
        [ -n "$INIT" ] && break
        sleep 0.1
    done
    h_wait 60 boot_over || true
    is_booted || {
        tail -n 10 "$WORK/boot.log"
        skip "systemd does not boot in namespaces on this machine (its words are above)" "a machine with root, mounts and cgroups"
    }
}

h_alive() { inside systemctl is-active -q "$([ "$1" = platform ] && echo cloudsign-platform || echo cloudsign)"; }
# Its number out here, where /proc is ours.
h_reap() { H_EXIT=$(inside systemctl show -p ExecMainStatus --value cloudsign); }
outer_pid() { pgrep --ns "$INIT" --nslist pid -x -f "$1" | head -n 1; }
h_node_status() { inside setpriv --reuid cloudsign --regid cloudsign --clear-groups env CLOUDSIGN_DATA_DIR=/var/lib/cloudsign cloudsign status --json 2>/dev/null; }
line() { awk -v n="$2:" '$1 == n { $1 = ""; print substr($0, 2) }' "/proc/$1/status"; }

confined() { # PID WHO
    local set
    for set in CapInh CapPrm CapEff CapBnd CapAmb; do
        [ "$(line "$1" $set)" = 0000000000000000 ] || wrong "$2: $set is $(line "$1" $set)"
    done
    [ "$(line "$1" NoNewPrivs)" = 1 ] || wrong "$2: may gain privileges"
    [ "$(line "$1" Seccomp)" = 2 ] || wrong "$2: no filter of system calls"
    [ "$(line "$1" Uid | awk '{ print $1 }')" != 0 ] || wrong "$2: runs as root"
    [ "$(awk '/Max core file size/ { print $5, $6 }' "/proc/$1/limits")" = "0 0" ] || wrong "$2: may leave a core"
    # In its own mounts, as root: what root cannot write there, it cannot.
    for set in /etc/x /usr/x /var/x /boot/x; do
        ! nsenter -t "$1" -m -r touch "$set" 2>/dev/null || wrong "$2: $set can be written"
    done
    ! nsenter -t "$1" -m -r test -e /dev/probe || wrong "$2: sees devices"
    ! nsenter -t "$1" -m -r sh -c 'cp /bin/true /var/lib/cloudsign*/x 2>/dev/null; /var/lib/cloudsign/x || /var/lib/cloudsign-platform/x' 2>/dev/null ||
        wrong "$2: runs a program from its volume"
    rm -f "$WORK/cloudsign/x" "$WORK/cloudsign-platform/x"
    ok "$2: user $(line "$1" Uid | awk '{ print $1 }'), no capability, $(line "$1" Seccomp_filters) filters, core 0, nothing to write but its volume, nothing to run there"
}

stops() { # UNIT
    local start
    start=$(h_now_ms)
    inside systemctl stop "$1"
    start=$(($(h_now_ms) - start))
    [ "$(inside systemctl show -p Result,ExecMainStatus --value "$1" | tr '\n' ' ')" = "success 0 " ] ||
        wrong "$1 at stop: $(inside systemctl show -p Result,ExecMainStatus "$1" | tr '\n' ' ')"
    [ $start -le 5000 ] || wrong "$1: stop took $start ms"
    ok "$1: systemctl stop in $start ms, exit 0"
}

start_guest
ok "$(inside systemctl --version | head -n 1) is process 1 of a guest"
inside systemd-sysusers 2>/dev/null
case $(stat -f -c %T "$WORK") in
    overlayfs | tmpfs | nfs) for unit in node platform; do inside sh -c "echo CLOUDSIGN_ALLOW_UNSAFE_FS=1 >>/etc/cloudsign/$unit.env"; done ;;
esac

# ---- platform ---------------------------------------------------------------------------------
port=$(node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close(); });')
inside sh -c "echo 'PLATFORM_OPTIONS=--listen 127.0.0.1:$port' >>/etc/cloudsign/platform.env"
inside systemctl start cloudsign-platform || wrong "cloudsign-platform.service does not start"
mkdir -p "$H_DIR"/{state,logs}
ln -s "$WORK/cloudsign-platform" "$H_DIR/platform"
h_wait 20 test -s "$H_DIR/platform/platform.url" || wrong "the platform's unit does not come up"
H_URL=$(<"$H_DIR/platform/platform.url")
h_setup
h_token || wrong "no access token"
pid=$(outer_pid 'cloudsign-platform serve .*')
confined "$pid" cloudsign-platform.service

# ---- node: secrets are sealed for this machine ---------------------------------------------------
seal() { inside systemd-creds encrypt --with-key=host --name="$1" - "/etc/credstore.encrypted/cloudsign.$1" >/dev/null 2>"$WORK/seal.log" || { cat "$WORK/seal.log"; wrong "systemd-creds"; }; }
inside systemd-creds setup >/dev/null 2>&1 || true
h_device_create 1
h_get pairing1 | seal pairing-key
h_get dbkey1 | seal db-key
! inside grep -rqF "$(h_get dbkey1)" /etc/credstore.encrypted || wrong "the key is not sealed"
inside systemctl start cloudsign || wrong "cloudsign.service does not start"
h_device_wait 1 statusText "Waiting for approval"
h_device_approve 1
h_device_wait 1 connectionStatus ONLINE
ok "cloudsign.service with sealed credentials: Waiting for approval, Paired, ONLINE"
pid=$(outer_pid 'cloudsign run')
confined "$pid" cloudsign.service
! tr '\0' '\n' <"/proc/$pid/environ" 2>/dev/null | grep -qE "$(h_get dbkey1)|$(h_get pairing1 | cut -c1-40)" || wrong "a secret is in the environment"
! ss -Hltnp 2>/dev/null | grep -q "pid=$pid," || wrong "the node listens"
stops cloudsign
inside systemctl start cloudsign || wrong "cloudsign.service does not start"
h_device_wait 1 connectionStatus ONLINE
inside systemctl reload cloudsign || wrong "reload"
sleep 0.5
h_alive node1 || wrong "reload ended the node"
ok "started again: ONLINE; systemctl reload: goes on"
stops cloudsign

# A wrong key ends it for good: systemd does not try again.
openssl rand -hex 32 | seal db-key
inside systemctl start cloudsign || true
is_over() { [ "$(inside systemctl show -p ActiveState --value cloudsign)" = failed ]; }
h_wait 20 is_over || wrong "a node with a wrong key goes on"
[ "$(inside systemctl show -p ExecMainStatus,NRestarts --value cloudsign | sort -n | tr '\n' ' ')" = "0 79 " ] ||
    wrong "a wrong key: $(inside systemctl show -p ExecMainStatus,NRestarts cloudsign | tr '\n' ' ')"
ok "a wrong key: exit 79, not started again"
stops cloudsign-platform
