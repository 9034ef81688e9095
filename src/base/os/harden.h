/* What a program does first: no core dumps, not dumpable or traceable by the same
 * user, no new privileges, umask 077, SIGPIPE and SIGXFSZ ignored (both are errors of
 * calls then).  OS when the kernel refuses one.  Main thread, before anything else. */
#ifndef CS_BASE_OS_HARDEN_H
#define CS_BASE_OS_HARDEN_H

#include "base/why.h"

enum cs_err cs_os_harden(struct cs_why *why) CS_MUST_USE;

#endif
