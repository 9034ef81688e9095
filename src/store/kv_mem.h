/* Back end in memory: the simulator's disk.
 *
 * What it holds is what a crash leaves: the content of the last successful commit.
 * So a crash is "forget the core, keep the kv"; a restored or cloned volume is
 * cs_kv_mem_clone of an earlier moment.  One thread. */
#ifndef CS_STORE_KV_MEM_H
#define CS_STORE_KV_MEM_H

#include "store/kv.h"

struct cs_kv *cs_kv_mem_new(void) CS_MUST_USE; /* NULL when out of memory */
/* A second, independent store with the same content (and no faults set). */
struct cs_kv *cs_kv_mem_clone(struct cs_kv *kv) CS_MUST_USE;
/* The nth next commit (1 = the next) fails with err and changes nothing; STORE_IO
 * latches as in LMDB until cs_kv_mem_heal.  nth 0: no fault. */
void cs_kv_mem_fail_commit(struct cs_kv *kv, unsigned nth, enum cs_err err);
void cs_kv_mem_heal(struct cs_kv *kv); /* what a restart of the process does */
/* Out of space from now on (true) or no longer: commits give STORE_FULL. */
void cs_kv_mem_set_full(struct cs_kv *kv, bool full);
unsigned long cs_kv_mem_commits(const struct cs_kv *kv); /* successful ones */
size_t cs_kv_mem_count(const struct cs_kv *kv);          /* entries */

#endif
