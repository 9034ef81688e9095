#include "mpc/guard_cells.h"

#include <stdatomic.h>
#include <stdint.h>

#include "base/mem.h"

enum { PAGES = 64, CELLS = 32 }; /* 32 cells are 4096 bytes */

/* Bit i of used: cell i is given out.  A page is set once and stays. */
static struct page {
    _Atomic(uint8_t *) cells;
    _Atomic uint32_t used;
} pages[PAGES];

/* The page's memory, made by whoever comes first. */
static uint8_t *cells_of(struct page *g)
{
    uint8_t *have = atomic_load(&g->cells), *made;

    if (have != NULL) {
        return have;
    }
    made = cs_guard_new(CELLS * CS_GUARD_CELL);
    if (made == NULL || atomic_compare_exchange_strong(&g->cells, &have, made)) {
        return made;
    }
    cs_guard_free(made); /* another thread was faster */
    return have;
}

/* A free cell of the page, or CELLS.  Each failed exchange is another thread's success.
 */
static unsigned claim(struct page *g)
{
    uint32_t used = atomic_load(&g->used);

    while (used != UINT32_MAX) {
        unsigned i = (unsigned)__builtin_ctz(~used);

        if (atomic_compare_exchange_weak(&g->used, &used, used | UINT32_C(1) << i)) {
            return i;
        }
    }
    return CELLS;
}

/* It was wiped when it was given back; somebody may have written to it since. */
static void *taken(uint8_t *cell)
{
    CS_ASSERT(cs_ct_is_zero(cell, CS_GUARD_CELL));
    return cell;
}

void *cs_guard_cell_new(void)
{
    size_t k;

    for (k = 0; k < PAGES; k++) {
        uint8_t *cells = cells_of(&pages[k]);
        unsigned i = cells == NULL ? CELLS : claim(&pages[k]);

        if (cells == NULL) {
            return NULL;
        }
        if (i < CELLS) {
            return taken(cells + (size_t)i * CS_GUARD_CELL);
        }
    }
    return cs_guard_new(CS_GUARD_CELL);
}

/* The page that a cell is of, NULL when it is one by itself. */
static struct page *page_of(uintptr_t cell, size_t *at)
{
    for (size_t k = 0; k < PAGES; k++) {
        const uint8_t *cells = atomic_load(&pages[k].cells);

        if (cells != NULL && cell - (uintptr_t)cells < CELLS * CS_GUARD_CELL) {
            *at = cell - (uintptr_t)cells;
            return &pages[k];
        }
    }
    return NULL;
}

/* What is given back a second time may be another signature's by now: two that share a
 * nonce tell the share. */
void cs_guard_cell_free(void *p)
{
    size_t at = 0;
    struct page *g = page_of((uintptr_t)p, &at);
    uint32_t bit = UINT32_C(1) << (at / CS_GUARD_CELL);

    if (g == NULL) {
        cs_guard_free(p); /* NULL, too */
        return;
    }
    CS_ASSERT(at % CS_GUARD_CELL == 0 && (atomic_load(&g->used) & bit) != 0);
    cs_wipe(p, CS_GUARD_CELL);
    CS_ASSERT((atomic_fetch_and(&g->used, ~bit) & bit) != 0);
}
