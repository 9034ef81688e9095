/* A job on one open file, done in a process that holds nothing (RELIABILITY T18): a
 * file that was made to break its reader breaks only that one.
 *
 * The child is a copy of this process in which guarded memory reads as zeros
 * (base/mem.h), with the file and a pipe as its only descriptors, a handful of system
 * calls (CS_OS_FILTER_CHILD: pread, fstat, anonymous mmap), and limits on processor
 * time and memory; it is killed when it takes too long.  It is no child to the rest of
 * the program: no SIGCHLD, no fork handlers, nothing that wait(2) returns.  So that a
 * program with threads may do this at any time, the job must make no call that is not
 * safe in a signal handler: no heap (mmap), no log, no lock.
 *
 * Where nothing can be filtered the child does without, after a warning.  Sanitizer
 * builds and valgrind do the job in the process itself.  Nothing that the child says
 * brings the job here: the file may have taken it over.  Any thread; blocks. */
#ifndef CS_BASE_OS_CHILD_H
#define CS_BASE_OS_CHILD_H

#include <stdint.h>

#include "base/why.h"

typedef enum cs_err cs_os_child_job(int fd, struct cs_why *why);

struct cs_os_child_limits {
    uint32_t ms;     /* until it is killed */
    uint64_t memory; /* bytes it may map beyond what there is */
};

/* What the job returned, with its words, or
 *   STORE_UNCHECKED  the child died, was too slow, or answered nonsense
 *   OS               no child could be made */
enum cs_err cs_os_child_run(int fd, cs_os_child_job *job,
                            const struct cs_os_child_limits *limits, struct cs_why *why)
    CS_MUST_USE;

#endif
