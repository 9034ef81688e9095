/* Inside of the OT setup; not for owners (ot_setup.h).
 * ot_setup.c  states, messages, jobs, sessions     ot_run.c  what the jobs compute */
#ifndef CS_MPC_OT_SETUP_IMPL_H
#define CS_MPC_OT_SETUP_IMPL_H

#include "mpc/dkls_ids.h"
#include "mpc/ot_setup.h"

/* One run of one direction: secrets, guarded; travels with a job. */
struct ot_run {
    uint8_t local[32];
    struct cs_ot_keys *keys; /* refs 1, ours until tested */
    struct cs_ot_base base;  /* Alice, between 2.1 and 2.2 */
    uint8_t presid[32], sid[32], nonce[32];
    struct cs_otx_alice as_alice;
    struct cs_otx_bob as_bob;
    struct cs_otx_scratch scratch;
    struct cs_n a[CS_RVOLE_L + 1]; /* Alice's a_0, a_1, opened in 2.4, and a-hat */
    struct cs_n c[CS_RVOLE_L];
    uint8_t ext[CS_OT_EXT_LEN]; /* 2.3, as sent or received: for the sid */
};

/* What a step reads and writes besides the run. */
struct ot_step {
    struct cs_span in[2];
    const uint8_t *rand; /* 32 fresh bytes */
    struct cs_ot_out *out;
};

struct ot_run *ot_run_new(const struct cs_ot_ids *ids, bool alice,
                          const uint8_t local[32]);
void ot_run_free(struct ot_run *r); /* wipes, drops the keys; NULL allowed */

enum cs_err ot_alice_request(struct ot_run *r, const struct ot_step *s); /* -> 2.1 */
enum cs_err ot_bob_answer(struct ot_run *r,
                          const struct ot_step *s); /* 2.1 -> 2.2, 2.3 */
enum cs_err ot_alice_multiply(struct ot_run *r,
                              const struct ot_step *s); /* 2.2, 2.3 -> 2.4 */
enum cs_err ot_bob_check(struct ot_run *r, const struct ot_step *s);   /* 2.4 -> 2.5 */
enum cs_err ot_alice_check(struct ot_run *r, const struct ot_step *s); /* 2.5 -> 2.6 */

/* A message to fill, by type; NOMEM shows in its writer. */
struct cs_wr *ot_emit(struct cs_ot_out *out, uint8_t type, const uint8_t osid[32]);

#endif
