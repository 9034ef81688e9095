/* Figures of this process and of a disk, for metrics and status.
 *
 * What is read of /proc is opened once, before a sandbox hides it.  Any one thread. */
#ifndef CS_BASE_OS_PROCESS_H
#define CS_BASE_OS_PROCESS_H

#include <stdbool.h>
#include <stdint.h>

struct cs_os_process; /* open files of /proc */

struct cs_os_process_figures { /* 0: not known */
    uint64_t rss_bytes;
    uint64_t cpu_ms; /* of all threads, user and system */
    uint64_t open_files, max_files;
    uint64_t locked_max_bytes; /* RLIMIT_MEMLOCK; UINT64_MAX: no limit */
};

struct cs_os_process *cs_os_process_open(void); /* NULL: no memory */
void cs_os_process_close(struct cs_os_process *p);
void cs_os_process_read(struct cs_os_process *p, struct cs_os_process_figures *out);

struct cs_os_disk {
    uint64_t file_bytes; /* what the file takes on the disk; 0: there is none */
    uint64_t free_bytes; /* for this user */
    uint64_t total_bytes;
};

/* Of dir/name and the file system of dir; false: dir cannot be looked at. */
bool cs_os_disk(struct cs_os_disk *out, const char *dir, const char *name);

#endif
