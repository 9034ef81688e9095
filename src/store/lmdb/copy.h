/* A consistent copy of a store that is in use.
 *
 * As mdb_env_copy, but by reading the file and not the map: that neither counts as the
 * process' memory nor stands in the way of a map that grows, and can be cancelled.  The
 * last commit is held by a reader, so its pages stay; the file grows by what is written
 * meanwhile, so a copy must come to an end (the sink's business). */
#ifndef CS_STORE_LMDB_COPY_H
#define CS_STORE_LMDB_COPY_H

#include "store/kv.h"

/* The next bytes of the copy; total is how many there will be.  An error ends it. */
typedef enum cs_err cs_lmdb_sink(void *ctx, struct cs_span bytes, uint64_t total);

/* Any thread but the loop's and the committer's.  kv is one of kv_lmdb.h and stays open
 * meanwhile.  The sink's error, STORE_IO, NOMEM.  hash: SHA-256 of all bytes. */
enum cs_err cs_lmdb_copy(struct cs_kv *kv, cs_lmdb_sink *sink, void *ctx,
                         uint8_t hash[32]) CS_MUST_USE;

#endif
