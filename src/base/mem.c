#include "base/mem.h"

#include <malloc.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static atomic_ulong fail_countdown;

void cs_mem_fail_at(unsigned long nth)
{
    atomic_store(&fail_countdown, nth);
}

static bool fails_now(void)
{
    unsigned long left = atomic_load(&fail_countdown);

    return left != 0 && atomic_fetch_sub(&fail_countdown, 1) == 1;
}

void *cs_alloc(size_t n)
{
    if (fails_now()) {
        return NULL;
    }
    return calloc(1, n == 0 ? 1 : n);
}

void *cs_alloc_array(size_t count, size_t size)
{
    if (size != 0 && count > SIZE_MAX / size) {
        return NULL;
    }
    return cs_alloc(count * size);
}

void cs_free(void *p)
{
    free(p);
}

void cs_free_wiped(void *p, size_t n)
{
    if (p != NULL) {
        sodium_memzero(p, n);
        free(p);
    }
}

void *cs_realloc_wiping(void *p, size_t n)
{
    size_t old = p != NULL ? malloc_usable_size(p) : 0;
    void *q = NULL;

    if (n != 0) {
        q = malloc(n);
        if (q == NULL) {
            return NULL; /* p stays */
        }
        if (p != NULL) {
            memcpy(q, p, old < n ? old : n);
        }
    }
    cs_free_wiped(p, old);
    return q;
}

/* sodium_malloc locks its pages and leaves them out of core dumps if it can; what is
 * secret must not reach the swap, so here it must.  A child reads zeros
 * (base/os/child.h). The object ends where its pages do, with 16 bytes of canary before
 * it. */
static bool keep_here(void *p, size_t n)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t end = (uintptr_t)p + n, first = ((uintptr_t)p - 16) & ~(page - 1);
    uint8_t *start = (uint8_t *)p - ((uintptr_t)p - first);

    return mlock(start, end - first) == 0 &&
           madvise(start, end - first, MADV_DONTDUMP) == 0 &&
           madvise(start, end - first, MADV_WIPEONFORK) == 0;
}

void *cs_guard_new(size_t n)
{
    /* sodium_malloc puts the object at the end of its pages: keep it aligned. */
    size_t rounded = (n + 63U) & ~(size_t)63U;
    void *p;

    if (rounded < n || fails_now() || sodium_init() < 0) { /* needs the page size */
        return NULL;
    }
    p = sodium_malloc(rounded);
    if (p == NULL) {
        return NULL;
    }
    if (!keep_here(p, rounded)) {
        sodium_free(p);
        return NULL;
    }
    sodium_memzero(p, rounded);
    return p;
}

void cs_guard_free(void *p)
{
    sodium_free(p); /* wipes first */
}

void cs_wipe(void *p, size_t n)
{
    sodium_memzero(p, n);
}

bool cs_ct_equal(const void *a, const void *b, size_t n)
{
    return sodium_memcmp(a, b, n) == 0;
}

bool cs_ct_is_zero(const void *p, size_t n)
{
    return sodium_is_zero(p, n) == 1;
}
