#include "base/os/process.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/mem.h"

struct cs_os_process {
    int statm; /* -1: not there */
    DIR *fds;
};

struct cs_os_process *cs_os_process_open(void)
{
    struct cs_os_process *p = cs_alloc(sizeof *p);

    if (p != NULL) {
        p->statm = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
        p->fds = opendir("/proc/self/fd");
    }
    return p;
}

void cs_os_process_close(struct cs_os_process *p)
{
    if (p == NULL) {
        return;
    }
    if (p->statm >= 0) {
        (void)close(p->statm);
    }
    if (p->fds != NULL) {
        (void)closedir(p->fds);
    }
    cs_free(p);
}

/* Second number of statm: resident pages. */
static uint64_t resident(int fd)
{
    char text[128];
    ssize_t n = fd >= 0 ? pread(fd, text, sizeof text - 1, 0) : -1;
    const char *second;
    long page = sysconf(_SC_PAGESIZE);

    if (n <= 0 || page <= 0) {
        return 0;
    }
    text[n] = '\0';
    second = strchr(text, ' ');
    return second != NULL ? strtoull(second, NULL, 10) * (uint64_t)page : 0;
}

static uint64_t count_files(DIR *d)
{
    uint64_t n = 0;

    if (d == NULL) {
        return 0;
    }
    rewinddir(d);
    while (readdir(d) != NULL) {
        n++;
    }
    return n > 2 ? n - 2 : 0; /* . and .. */
}

static uint64_t limit_of(int resource)
{
    struct rlimit l;

    if (getrlimit((__rlimit_resource_t)resource, &l) != 0) {
        return 0;
    }
    return l.rlim_cur == RLIM_INFINITY ? UINT64_MAX : (uint64_t)l.rlim_cur;
}

static uint64_t ms_of(struct timeval t)
{
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_usec / 1000;
}

void cs_os_process_read(struct cs_os_process *p, struct cs_os_process_figures *out)
{
    struct rusage used;

    *out = (struct cs_os_process_figures){0};
    out->rss_bytes = resident(p->statm);
    out->open_files = count_files(p->fds);
    out->max_files = limit_of(RLIMIT_NOFILE);
    out->locked_max_bytes = limit_of(RLIMIT_MEMLOCK);
    if (getrusage(RUSAGE_SELF, &used) == 0) {
        out->cpu_ms = ms_of(used.ru_utime) + ms_of(used.ru_stime);
    }
}

bool cs_os_disk(struct cs_os_disk *out, const char *dir, const char *name)
{
    struct statvfs fs;
    struct stat st;
    char path[1024];
    int n = snprintf(path, sizeof path, "%s/%s", dir, name);

    *out = (struct cs_os_disk){0};
    if (statvfs(dir, &fs) != 0) {
        return false;
    }
    out->free_bytes = (uint64_t)fs.f_bavail * fs.f_frsize;
    out->total_bytes = (uint64_t)fs.f_blocks * fs.f_frsize;
    if (n > 0 && (size_t)n < sizeof path && stat(path, &st) == 0) {
        out->file_bytes = (uint64_t)st.st_blocks * 512;
    }
    return true;
}
