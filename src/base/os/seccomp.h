/* Filters on system calls (seccomp), generated here: a flat list and a dozen argument
 * checks, so that no library for it (libseccomp) needs to be in the image and parsed by
 * the process that holds the keys.  What is in them: seccomp_calls.h.  x86-64 and
 * aarch64.  A filter cannot be taken off again; it holds for all threads of the
 * process.
 *
 * A call of the deadly list ends the process by SIGSYS (a shell shows 159); so does one
 * of no list at all, after a line on stderr that names it (cs_os_seccomp_watch). */
#ifndef CS_BASE_OS_SECCOMP_H
#define CS_BASE_OS_SECCOMP_H

#include "base/err.h"

enum cs_os_filter {
    CS_OS_FILTER_FIRST,     /* no io_uring: a ring that is made before PROGRAM refuses
                               its calls would still be used after it */
    CS_OS_FILTER_PROGRAM,   /* a program from now on; may still listen */
    CS_OS_FILTER_NO_UNIX,   /* on top of it: no more unix sockets */
    CS_OS_FILTER_NO_LISTEN, /* on top of it: bind, chmod and unix sockets are refused,
                               listen is deadly */
    CS_OS_FILTER_CHILD,     /* read what is open, write an answer, exit */
};

/* SANDBOX: there is no filtering here: the kernel or the container has none, the
 * processor is neither of the two, or a sanitizer was built in (its runtime needs more
 * calls).  errno says which.  Needs no_new_privs. */
enum cs_err cs_os_seccomp(enum cs_os_filter which) CS_MUST_USE;
/* Says on stderr which call ended the process (main program; a signal handler). */
enum cs_err cs_os_seccomp_watch(void) CS_MUST_USE;

#endif
