/* Correlated keys of the base OTs out of thin air, for tests of what comes after them.
 * Include after cmocka.h. */
#ifndef CS_TEST_SUPPORT_OT_KEYS_H
#define CS_TEST_SUPPORT_OT_KEYS_H

#include <string.h>

#include "mpc/rvole.h"
#include "support/groups.h"

struct ot_pair { /* one direction, both ends */
    struct cs_ot_ids ids;
    struct cs_ot_alice_keys alice;
    struct cs_ot_bob_keys bob;
    struct cs_rvole_gadget gadget;
};

static inline void ot_pair_make(struct ot_pair *p)
{
    memset(p, 0, sizeof *p);
    p->ids.alice = 1;
    p->ids.bob = 2;
    stream_bytes(&rnd, p->ids.osid, 32);
    stream_bytes(&rnd, p->alice.delta, sizeof p->alice.delta);
    stream_bytes(&rnd, &p->bob.k[0][0][0], sizeof p->bob.k);
    for (size_t i = 0; i < CS_OT_ROWS; i++) {
        unsigned bit = (unsigned)(p->alice.delta[i >> 3] >> (i & 7)) & 1;

        memcpy(p->alice.k[i], p->bob.k[bit][i], CS_OT_KEY_LEN);
    }
    cs_rvole_gadget_make(&p->gadget, p->ids.osid);
}

#endif
