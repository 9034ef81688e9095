/* Guarded memory for the secrets of one signature.  cs_guard_new costs a dozen system
 * calls, as much as two point multiplications; a cell of a page that is kept costs
 * none. Pages are made when they are needed, kept for good, and at most 64; beyond that
 * each cell is a page of its own again.  Any thread; a cell may be freed by another
 * one.  Fatal: a cell that is given back twice, or written to after that. */
#ifndef CS_MPC_GUARD_CELLS_H
#define CS_MPC_GUARD_CELLS_H

#include <stddef.h>

enum { CS_GUARD_CELL = 128 }; /* bytes */

void *cs_guard_cell_new(void);    /* zeroed; NULL: no memory */
void cs_guard_cell_free(void *p); /* wipes; NULL allowed */

#endif
