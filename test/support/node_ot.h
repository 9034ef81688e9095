/* For tests of OT setups: three nodes with an ECDSA key, and what a setup looks like. */
#ifndef CS_TEST_NODE_OT_H
#define CS_TEST_NODE_OT_H

#include "support/node_liar.h"

/* Party `peer` (0..) as node `of` (0..) sees it. */
BED struct peer *ot_peer(struct bed *b, int of, int peer)
{
    return &b->node[of].core->quorums[0]->peers[peer + 1];
}

BED enum cs_ot_state ot_state(struct bed *b, int of, int peer)
{
    const struct peer *p = ot_peer(b, of, peer);

    return p->ot == NULL ? CS_OT_NONE : cs_ot_pair_state(p->ot);
}

BED void ot_key_frame(const struct bed *b, struct cs_ctl_frame *f, uint8_t n)
{
    trio_key_frame(b, f, n);
    (void)snprintf(f->u.key_create.curve, 16, "SECP256K1");
    (void)snprintf(f->u.key_create.scheme, 24, "ECDSA");
    (void)snprintf(f->u.key_create.blockchain, 24, "ETHEREUM");
}

/* An ECDSA key is asked for at all nodes: their pairs are set up. */
BED void ot_key(struct bed *b, uint8_t n)
{
    struct cs_ctl_frame f;

    ot_key_frame(b, &f, n);
    trio_to_all(b, &f);
}

BED void ot_all_are(struct bed *b, enum cs_ot_state state)
{
    for (int i = 0; i < BED_NODES; i++) {
        for (int k = 0; k < BED_NODES; k++) {
            if (i != k) {
                assert_int_equal(ot_state(b, i, k), state);
            }
        }
    }
}

BED const char *ot_release(int peer)
{
    static char ask[128];

    (void)snprintf(ask, sizeof ask,
                   "{\"cmd\":\"peer.release\",\"quorumId\":"
                   "\"71756f72-756d-2d74-7269-6f2d30303031\",\"index\":%d}",
                   peer + 1);
    return ask;
}

#endif
