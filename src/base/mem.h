/* Heap, wiping and guarded memory.  Any thread.
 *
 * What outlives a callback and is secret (shares, nonces, storage keys) sits in
 * cs_guard_new memory: locked, fenced by guard pages, left out of core dumps, zeros in
 * a child process.  Few and large: each costs whole pages. */
#ifndef CS_BASE_MEM_H
#define CS_BASE_MEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Zeroed heap memory, NULL when there is none.  cs_mem_fail_at makes the nth
 * next allocation fail (tests), 0 switches that off. */
void *cs_alloc(size_t n) CS_MUST_USE;
void *cs_alloc_array(size_t count, size_t size) CS_MUST_USE;
void cs_free(void *p);
/* cs_free after wiping the n bytes at p; p may be NULL. */
void cs_free_wiped(void *p, size_t n);
void cs_mem_fail_at(unsigned long nth);
/* For a library that keeps what is secret in memory of its own: as realloc, with n 0 as
 * free, on any memory of the C heap; but what is given back, or moved, is wiped. */
void *cs_realloc_wiping(void *p, size_t n) CS_MUST_USE;

/* Zeroed; NULL when there is none, or none that can be locked (ulimit -l). */
void *cs_guard_new(size_t n) CS_MUST_USE;
void cs_guard_free(void *p); /* wipes; NULL allowed */

void cs_wipe(void *p, size_t n); /* not optimised away */
/* Constant time in the content; n is public. */
bool cs_ct_equal(const void *a, const void *b, size_t n) CS_MUST_USE;
bool cs_ct_is_zero(const void *p, size_t n) CS_MUST_USE;

#endif
