/* What a program does first: no core dumps, not dumpable or traceable by the same
 * user, no new privileges, umask 077, SIGPIPE and SIGXFSZ ignored (both are errors of
 * calls then), no io_uring; up to 1 MiB of free heap is kept.  OS when the kernel
 * refuses one.  Main thread, before anything else. */
#ifndef CS_BASE_OS_HARDEN_H
#define CS_BASE_OS_HARDEN_H

#include <stddef.h>

#include "base/why.h"

enum cs_err cs_os_harden(struct cs_why *why) CS_MUST_USE;

/* Raises the limit of locked memory as far as allowed and tries whether `need` bytes
 * can be locked: secrets must not reach the swap.  OS, with the remedy. */
enum cs_err cs_os_locked_memory(size_t need, struct cs_why *why) CS_MUST_USE;

/* Raises the soft limit of open files to `wanted`, as far as the hard one allows; what
 * it is now.  Once, at start. */
unsigned cs_os_open_files(unsigned wanted);

#endif
