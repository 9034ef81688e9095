/* What a core sees of its store: a cs_kv plus the writes that are not durable yet.
 *
 * A step reads and writes through the db; at its end cs_db_take_batch gives the
 * step's writes as one batch for the runner.  Later steps see them at once, also
 * while the batch is still on its way to the disk; cs_db_durable tells when the kv
 * has them.  Steps are all or nothing: an error of put or del is sticky, and then
 * take_batch fails, so half a step never leaves.
 *
 * Batches are numbered 1, 2, .. as taken: the same numbers as cs_runner's seq when
 * every batch goes to the runner.  Thread: loop. */
#ifndef CS_STORE_DB_H
#define CS_STORE_DB_H

#include "store/kv.h"

struct cs_db;

/* Borrows kv for its life.  NULL when out of memory. */
struct cs_db *cs_db_new(struct cs_kv *kv) CS_MUST_USE;
void cs_db_free(struct cs_db *db); /* NULL allowed; what is pending is forgotten */
struct cs_kv *cs_db_kv(struct cs_db *db);

/* Append the value to out; NOT_FOUND when absent.  out NULL: only whether it exists. */
enum cs_err cs_db_get(struct cs_db *db, uint8_t table, struct cs_span key,
                      struct cs_wr *out) CS_MUST_USE;
/* Copies.  TOO_LONG beyond CS_KV_KEY_MAX or CS_KV_VALUE_MAX, NOMEM. */
enum cs_err cs_db_put(struct cs_db *db, uint8_t table, struct cs_span key,
                      struct cs_span value) CS_MUST_USE;
/* Deleting what is absent is fine. */
enum cs_err cs_db_del(struct cs_db *db, uint8_t table, struct cs_span key) CS_MUST_USE;
/* First entry of the table with key >= from (> from when `after`), last one with
 * key < before (any when before is empty).  key and value are *reset*, then filled;
 * from may point into key's old content.  value may be NULL.
 * NOT_FOUND at the end.  Writing between two calls is fine. */
enum cs_err cs_db_next(struct cs_db *db, uint8_t table, struct cs_span from, bool after,
                       struct cs_wr *key, struct cs_wr *value) CS_MUST_USE;
enum cs_err cs_db_prev(struct cs_db *db, uint8_t table, struct cs_span before,
                       struct cs_wr *key, struct cs_wr *value) CS_MUST_USE;

/* Ends the step.  *batch is the step's writes (caller owns it), or NULL when there
 * were none.  After an error the db refuses everything until cs_db_drop. */
enum cs_err cs_db_take_batch(struct cs_db *db, struct cs_kv_batch **batch) CS_MUST_USE;
uint64_t cs_db_taken(const struct cs_db *db); /* number of the last batch taken */
/* All batches up to this number are in the kv. */
void cs_db_durable(struct cs_db *db, uint64_t seq);
/* Forgets every write that is not durable (a failed commit) and numbers batches from 1
 * again: the caller's own state, and a cs_safe on this db, must then be loaded anew. */
void cs_db_drop(struct cs_db *db);
size_t cs_db_pending(const struct cs_db *db); /* entries, for metrics and limits */

#endif
