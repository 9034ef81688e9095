/* Who signs: the choice of a pair for one attempt (DECISIONS 20). */
#ifndef CS_PLATFORM_CORE_SIGNERS_H
#define CS_PLATFORM_CORE_SIGNERS_H

#include "platform/core/flows.h"

/* What earlier attempts of the request taught; pairs and members as bit sets. */
struct cs_pc_taught {
    uint8_t refused;    /* bit index-1: said no for good */
    uint32_t bad_pairs; /* bit of cs_pc_pair_bit: one blamed the other */
    uint32_t last_pair; /* bit of the pair that failed last: better not again at once */
};

uint32_t cs_pc_pair_bit(uint8_t lo, uint8_t hi);
/* Is there a pair at all that could sign some day, online or not? */
bool cs_pc_pair_possible(const struct cs_pc_qset *q, const struct cs_pc_taught *t);
/* The best pair of members that are online now and not quarantined; false when there
 * is none. */
bool cs_pc_pair_pick(struct cs_platform_core *core, const struct cs_pc_qset *q,
                     const struct cs_pc_taught *t, uint8_t pair[2]);

#endif
