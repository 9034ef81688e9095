/* The files around LMDB's environment, made ready before it opens them.  The caller
 * holds the volume's lock. */
#ifndef CS_STORE_LMDB_FILES_H
#define CS_STORE_LMDB_FILES_H

#include "base/why.h"

/* A new <dir>/lock.mdb with its blocks reserved.  STORE_FULL, STORE_IO. */
enum cs_err cs_files_lock_renew(const char *dir, struct cs_why *why) CS_MUST_USE;
/* Empties a <dir>/data.mdb of some zeros, whose making was cut short. */
enum cs_err cs_files_reset_unborn(const char *dir, struct cs_why *why) CS_MUST_USE;
/* Makes new names in dir durable. */
enum cs_err cs_files_sync_dir(const char *dir, struct cs_why *why) CS_MUST_USE;

#endif
