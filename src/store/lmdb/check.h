/* Checks the structure of an LMDB 0.9 file before LMDB may see it.
 *
 * LMDB trusts every offset, page number and order it finds (RELIABILITY 0.6, T18).
 * This walks the newest meta page's two trees with bounds on everything: page kinds
 * and numbers, node offsets and sizes that tile the page, key order and separators (a
 * key out of order would be there for a scan but not for a lookup), overflow and free
 * pages used once, counters.  Content is not its business: the seal and the manifest
 * check that. */
#ifndef CS_STORE_LMDB_CHECK_H
#define CS_STORE_LMDB_CHECK_H

#include "base/why.h"

/* <dir>/data.mdb, in a process of its own (base/os/child.h); absent or empty is fine.
 * STORE_CORRUPT, STORE_VERSION, STORE_IO, NOMEM; STORE_UNCHECKED, OS. */
enum cs_err cs_lmdb_check(const char *dir, struct cs_why *why) CS_MUST_USE;
/* The same for an open file, here and now.  No heap, no lock. */
enum cs_err cs_lmdb_check_fd(int fd, struct cs_why *why) CS_MUST_USE;

#endif
