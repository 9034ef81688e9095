/* The data directory: is it a safe place, and is it ours alone? */
#ifndef CS_BASE_OS_VOLUME_H
#define CS_BASE_OS_VOLUME_H

#include <stdbool.h>

#include "base/why.h"

/* STORE_FS with the remedy on file systems where locks or memory maps are not to be
 * trusted (NFS, CIFS/SMB, 9p, FUSE, overlay: "not mounted"), unless allow_any.  CONFIG
 * when dir is missing, no directory, or not writable by this user (names the owner it
 * needs). */
enum cs_err cs_os_volume_check(const char *dir, bool allow_any, struct cs_why *why)
    CS_MUST_USE;
/* What the check says of a statfs f_type: NULL for a safe one, else its name. */
const char *cs_os_unsafe_fs(long f_type);

struct cs_os_lock {
    int fd; /* -1: none */
};

/* Exclusive OFD lock on <dir>/lock for the life of the descriptor (it dies with the
 * process).  STORE_LOCKED names the holder's pid when the file tells it; at once when
 * that process lives, after 3 s when it does not (a child of a killed one, which will
 * let go). */
enum cs_err cs_os_lock_take(struct cs_os_lock *lock, const char *dir,
                            struct cs_why *why) CS_MUST_USE;
void cs_os_lock_drop(struct cs_os_lock *lock);

#endif
