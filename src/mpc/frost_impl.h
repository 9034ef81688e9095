/* Shared by frost_task.c, frost_run.c and frost_answer.c: private to this layer. */
#ifndef CS_MPC_FROST_IMPL_H
#define CS_MPC_FROST_IMPL_H

#include "mpc/frost_pool.h"

/* The list that this node keeps about `peer` for the task's key. */
void cs_frost_use_of(struct cs_frost_use *u, const struct cs_frost_task *t,
                     uint8_t peer);

#endif
