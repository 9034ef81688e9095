/* Small files written whole: aside, synced, then renamed over the old one.  Blocking;
 * for start-up only.  Any thread. */
#ifndef CS_NET_FILE_H
#define CS_NET_FILE_H

#include <sys/types.h>

#include "base/span.h"
#include "base/why.h"

/* All of it to an open file, pipe or terminal.  OS: errno says why. */
enum cs_err cs_file_write_fd(int fd, struct cs_span data) CS_MUST_USE;
/* OS, with path and reason. */
enum cs_err cs_file_write(const char *path, struct cs_span data, mode_t mode,
                          struct cs_why *why) CS_MUST_USE;
/* The same for a name that must be new: EXISTS when there is something, which stays as
 * it is; nothing is left behind by a failure. */
enum cs_err cs_file_create(const char *path, struct cs_span data, mode_t mode,
                           struct cs_why *why) CS_MUST_USE;
/* "dir/name" into out; CONFIG when it does not fit. */
enum cs_err cs_file_path(char *out, size_t cap, const char *dir, const char *name,
                         struct cs_why *why) CS_MUST_USE;

#endif
