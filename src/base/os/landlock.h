/* Rules on paths (Landlock): what the program may open from now on.  Holds for the
 * calling thread and the threads it makes later: call it before there are others. */
#ifndef CS_BASE_OS_LANDLOCK_H
#define CS_BASE_OS_LANDLOCK_H

#include <stddef.h>

#include "base/why.h"

enum cs_os_access {
    CS_OS_READ,   /* files, and folders to list */
    CS_OS_WRITE,  /* also make, write, rename and remove files, folders and sockets */
    CS_OS_DEVICE, /* a device file: read and write */
    CS_OS_FILE,   /* a file to read and what is renamed over it later: its folder, that
                     of its name and, through links, the one that it lies in; a file in
                     "/" is that file alone */
    CS_OS_SOCKET, /* a unix socket to make and remove: its folder for no more */
};

struct cs_os_path {
    const char *path; /* FILE, SOCKET: its own; else with all that is below it.  NULL,
                         "" or missing: no rule */
    enum cs_os_access access;
};

/* Everything else is refused with EACCES, and so is binding a TCP port other than
 * tcp_port (-1: none may be, 0: any may), reaching abstract unix sockets of others,
 * signalling others: as far as this kernel knows how.  *abi is what it knows (1 or
 * more). SANDBOX: no Landlock here (errno, why); OS: a rule was refused. */
enum cs_err cs_os_landlock(const struct cs_os_path *paths, size_t n, int tcp_port,
                           int *abi, struct cs_why *why) CS_MUST_USE;

/* "" for NULL or "". */
void cs_os_folder_of(char *out, size_t cap, const char *file);

#endif
