/* probe: tries what a container of ours must forbid, from inside: test/container.sh
 * copies it (static) onto the volume and runs it there with the node's own rights.
 * One line per check; exit 1 if anything was allowed.  A call that fails as unknown
 * (ENOSYS) is forbidden, too: that is what src/ops/seccomp.json answers. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static int bad;

static void check(bool forbidden, const char *what)
{
    (void)printf("%s %s\n", forbidden ? "ok   " : "WRONG", what);
    bad += !forbidden;
}

static void denied(long result, const char *what)
{
    int code = errno;
    char line[160];

    (void)snprintf(line, sizeof line, "%s: %s", what,
                   result < 0 ? strerror(code) : "ALLOWED");
    check(result < 0, line);
}

/* Value of a line of a status file, "" without one. */
static const char *field(const char *path, const char *name)
{
    static char line[256];
    FILE *f = fopen(path, "re");
    size_t n = strlen(name);
    const char *value = "";

    while (f != NULL && fgets(line, sizeof line, f) != NULL) {
        if (strncmp(line, name, n) == 0 && line[n] == ':') {
            line[strcspn(line, "\n")] = '\0';
            value = line + n + 1 + strspn(line + n + 1, "\t ");
            break;
        }
    }
    if (f != NULL) {
        (void)fclose(f);
    }
    return value;
}

static void rights_of(const char *path, const char *who)
{
    static const char *const sets[] = {"CapInh", "CapPrm", "CapEff", "CapBnd",
                                       "CapAmb"};
    char what[96];

    for (size_t i = 0; i < sizeof sets / sizeof sets[0]; i++) {
        (void)snprintf(what, sizeof what, "%s: %s is empty", who, sets[i]);
        check(strcmp(field(path, sets[i]), "0000000000000000") == 0, what);
    }
    (void)snprintf(what, sizeof what, "%s: no new privileges", who);
    check(strcmp(field(path, "NoNewPrivs"), "1") == 0, what);
    (void)snprintf(what, sizeof what, "%s: seccomp filters", who);
    check(strcmp(field(path, "Seccomp"), "2") == 0, what);
    (void)snprintf(what, sizeof what, "%s: runs as 10001", who);
    check(strncmp(field(path, "Uid"), "10001\t10001\t10001\t10001", 23) == 0, what);
}

static void files(void)
{
    static const char *const places[] = {"/probe",     "/usr/bin/probe",
                                         "/etc/probe", "/usr/lib/probe",
                                         "/var/probe", "/tmp/probe"};
    static const char *const tools[] = {
        "/bin/sh",       "/usr/bin/sh",      "/bin/bash",     "/bin/busybox",
        "/usr/bin/dpkg", "/usr/bin/apt-get", "/usr/bin/perl", "/sbin/apk"};
    char what[96];

    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        (void)snprintf(what, sizeof what, "write %s", places[i]);
        denied(open(places[i], O_WRONLY | O_CREAT | O_CLOEXEC, 0600), what);
    }
    denied(open("/usr/bin/cloudsign", O_WRONLY | O_CLOEXEC), "write the program");
    for (size_t i = 0; i < sizeof tools / sizeof tools[0]; i++) {
        (void)snprintf(what, sizeof what, "no %s", tools[i]);
        check(access(tools[i], F_OK) != 0, what);
    }
    denied(open("/proc/sysrq-trigger", O_WRONLY | O_CLOEXEC),
           "write /proc/sysrq-trigger");
    denied(open("/proc/sys/kernel/core_pattern", O_WRONLY | O_CLOEXEC),
           "write /proc/sys/kernel/core_pattern");
    denied(open("/proc/1/mem", O_RDWR | O_CLOEXEC), "open the node's memory");
    denied(open("/proc/1/environ", O_RDONLY | O_CLOEXEC),
           "open the node's environment");
}

static void calls(void)
{
    struct perf_event_attr perf = {.size = sizeof perf};
    union bpf_attr bpf = {.map_type = BPF_MAP_TYPE_ARRAY,
                          .key_size = 4,
                          .value_size = 4,
                          .max_entries = 1};
    char byte;
    struct iovec here = {&byte, 1}, there = {(void *)0x400000, 1};

    denied(setuid(0), "setuid(0)");
    denied(setgid(0), "setgid(0)");
    denied(chroot("/var"), "chroot");
    denied(mount("none", "/var/cloudsign", "tmpfs", 0, NULL), "mount");
    denied(umount2("/proc", MNT_DETACH), "umount");
    denied(unshare(CLONE_NEWUSER), "new user namespace");
    denied(unshare(CLONE_NEWNS), "new mount namespace");
    denied(ptrace(PTRACE_ATTACH, 1, NULL, NULL), "ptrace the node");
    denied(mknod("/var/cloudsign/probe-dev", S_IFBLK | 0600, 0x800), "make a device");
    denied(socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, 1), "raw socket");
    denied(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0), "packet socket");
    denied(syscall(SYS_bpf, BPF_MAP_CREATE, &bpf, sizeof bpf), "bpf");
    denied(syscall(SYS_perf_event_open, &perf, -1, 0, -1, 0), "perf_event_open");
    denied(syscall(SYS_kexec_load, 0, 0, NULL, 0), "kexec_load");
    denied(syscall(SYS_init_module, "", 0, ""), "init_module");
    denied(process_vm_readv(1, &here, 1, &there, 1, 0), "process_vm_readv");
    denied(sethostname("probe", 5), "sethostname");
}

/* Everything on the image's own file system. */
static void walk(int dir, dev_t device, const char *path, int depth)
{
    DIR *d = fdopendir(dir);
    const struct dirent *e;

    while (d != NULL && depth < 12 && (e = readdir(d)) != NULL) {
        char full[1024], what[1100];
        struct stat st;

        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 ||
            fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
            st.st_dev != device || S_ISLNK(st.st_mode)) {
            continue;
        }
        (void)snprintf(full, sizeof full, "%s/%s", path, e->d_name);
        if ((st.st_mode & (S_IWOTH | S_ISUID | S_ISGID)) != 0) {
            (void)snprintf(what, sizeof what, "%s has mode %o", full, st.st_mode);
            check(false, what);
        }
        if (S_ISDIR(st.st_mode)) {
            int fd = openat(dirfd(d), e->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

            if (fd >= 0) {
                walk(fd, device, full, depth + 1);
            }
        }
    }
    if (d != NULL) {
        (void)closedir(d);
    }
}

/* Listening sockets of the network namespace, but for Docker's own resolver. */
static void listeners(const char *path)
{
    char line[256], address[33], what[96];
    unsigned port, state;
    FILE *f = fopen(path, "re");

    while (f != NULL && fgets(line, sizeof line, f) != NULL) {
        if (sscanf(line, " %*d: %32[0-9A-F]:%x %*[0-9A-F]:%*x %x", address, &port,
                   &state) == 3 &&
            state == 0x0a && strcmp(address, "0B00007F") != 0) {
            (void)snprintf(what, sizeof what, "listens on %s:%u", address, port);
            check(false, what);
        }
    }
    check(f != NULL, path);
    if (f != NULL) {
        (void)fclose(f);
    }
}

int main(void)
{
    struct stat root;
    int fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    rights_of("/proc/self/status", "here");
    rights_of("/proc/1/status", "the node");
    files();
    calls();
    if (fd < 0 || fstat(fd, &root) != 0) {
        check(false, "open /");
    } else {
        walk(fd, root.st_dev, "", 0);
        check(true, "walked the image for modes");
    }
    listeners("/proc/net/tcp");
    listeners("/proc/net/tcp6");
    return bad == 0 ? 0 : 1;
}
