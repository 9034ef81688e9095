/* The program's own confinement after its start (RELIABILITY 4.1): Landlock for paths,
 * seccomp for system calls.  For programs, not for the library: it holds for the whole
 * process and cannot be taken off.
 *
 *   cs_os_sandbox_mode   CLOUDSIGN_SANDBOX: on (default), require, off
 *   cs_os_sandbox        after the store is open, before there are threads or sockets
 *   cs_os_sandbox_listening  when the program listens where it ever will
 *
 * "on" warns and goes on where the kernel or the container has no such thing, "require"
 * refuses (SANDBOX), "off" warns. */
#ifndef CS_BASE_OS_SANDBOX_H
#define CS_BASE_OS_SANDBOX_H

#include "base/os/landlock.h"

enum { CS_OS_SANDBOX_PATHS_MAX = 24 }; /* the program's own */

enum cs_os_sandbox_mode {
    CS_OS_SANDBOX_ON,
    CS_OS_SANDBOX_REQUIRE,
    CS_OS_SANDBOX_OFF,
};

/* CONFIG: the setting is none of the three. */
enum cs_err cs_os_sandbox_mode(enum cs_os_sandbox_mode *out, struct cs_why *why)
    CS_MUST_USE;
/* paths: the program's own, beside what the libraries need (name service, certificates,
 * /proc/self, random numbers).  tcp_port: the only TCP port that may be bound, -1:
 * none, 0: any (whoever let the kernel choose will want the same one again). SANDBOX,
 * OS. */
enum cs_err cs_os_sandbox(enum cs_os_sandbox_mode mode, const struct cs_os_path *paths,
                          size_t n, int tcp_port, struct cs_why *why) CS_MUST_USE;
/* From now on no unix socket can be made: for a program that listens again later.
 * SANDBOX. */
enum cs_err cs_os_sandbox_no_unix(enum cs_os_sandbox_mode mode, struct cs_why *why)
    CS_MUST_USE;
/* That, and nothing can listen any more.  SANDBOX. */
enum cs_err cs_os_sandbox_listening(enum cs_os_sandbox_mode mode, struct cs_why *why)
    CS_MUST_USE;

#endif
