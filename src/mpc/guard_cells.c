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
            return cells + (size_t)i * CS_GUARD_CELL;
        }
    }
    return cs_guard_new(CS_GUARD_CELL);
}

void cs_guard_cell_free(void *p)
{
    uint8_t *cell = p;
    size_t k;

    if (p == NULL) {
        return;
    }
    cs_wipe(cell, CS_GUARD_CELL);
    for (k = 0; k < PAGES; k++) {
        uintptr_t at = (uintptr_t)cell - (uintptr_t)atomic_load(&pages[k].cells);

        if (atomic_load(&pages[k].cells) != NULL && at < CELLS * CS_GUARD_CELL) {
            atomic_fetch_and(&pages[k].used, ~(UINT32_C(1) << (at / CS_GUARD_CELL)));
            return;
        }
    }
    cs_guard_free(p);
}
