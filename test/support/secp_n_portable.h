/* secp_n.c once more, under names of its own and without the processor's instructions
 * for carries: what other machines compute.  Include once. */
#ifndef CS_TEST_SUPPORT_SECP_N_PORTABLE_H
#define CS_TEST_SUPPORT_SECP_N_PORTABLE_H

#include "crypto/secp_n.h"

#define CS_N_PORTABLE
#define cs_n_load     portable_n_load
#define cs_n_store    portable_n_store
#define cs_n_add      portable_n_add
#define cs_n_sub      portable_n_sub
#define cs_n_masked   portable_n_masked
#define cs_n_sum_add  portable_n_sum_add
#define cs_n_sum_mul  portable_n_sum_mul
#define cs_n_sum_take portable_n_sum_take
#define cs_n_invert   portable_n_invert
#define cs_n_scrub    portable_n_scrub

uint64_t cs_n_load(struct cs_n *out, const uint8_t b[CS_SCALAR_LEN]);
void cs_n_store(uint8_t b[CS_SCALAR_LEN], const struct cs_n *a);
void cs_n_add(struct cs_n *out, const struct cs_n *a, const struct cs_n *b);
void cs_n_sub(struct cs_n *out, const struct cs_n *a, const struct cs_n *b);
void cs_n_masked(struct cs_n *out, const struct cs_n *a, uint64_t mask);
void cs_n_sum_add(struct cs_n_sum *sum, const struct cs_n *a);
void cs_n_sum_mul(struct cs_n_sum *sum, const struct cs_n *a, const struct cs_n *b);
void cs_n_sum_take(struct cs_n *out, const struct cs_n_sum *sum);
void cs_n_invert(struct cs_n *out, const struct cs_n *a);
void cs_n_scrub(void);

#include "crypto/secp_n.c"

#undef cs_n_load
#undef cs_n_store
#undef cs_n_add
#undef cs_n_sub
#undef cs_n_masked
#undef cs_n_sum_add
#undef cs_n_sum_mul
#undef cs_n_sum_take
#undef cs_n_invert
#undef cs_n_scrub

#endif
