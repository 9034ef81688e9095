/* For tests of OT setups: three nodes, an ECDSA key, and who sent what of proto 2. */
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

/* How often the logs say this, from byte `from` on. */
BED size_t ot_said(struct bed *b, size_t from, const char *text)
{
    size_t n = 0, len = strlen(text);

    for (size_t i = from; i + len <= b->said.n; i++) {
        n += memcmp(b->said.p + i, text, len) == 0 ? 1 : 0;
    }
    return n;
}

/* ---- counting setups by their osid
 * ----------------------------------------------------- */

enum { OT_OSIDS = 512 };

struct ot_seen {
    uint8_t osid[OT_OSIDS][32];
    size_t n;
};

BED void ot_note(struct ot_seen *s, const uint8_t osid[32])
{
    for (size_t i = 0; i < s->n; i++) {
        if (memcmp(s->osid[i], osid, 32) == 0) {
            return; /* sent again */
        }
    }
    assert_true(s->n < OT_OSIDS);
    memcpy(s->osid[s->n++], osid, 32);
}

/* ---- more quorums of the same nodes
 * ------------------------------------------------- */

/* Number k, 2.. in this order. */
BED void ot_quorum_id(uint8_t id[16], int k)
{
    memcpy(id, "quorum-trio-0000", 16);
    id[15] = (uint8_t)('0' + k);
}

BED void ot_more_quorum(struct bed *b, int k)
{
    struct cs_device_set ds;
    struct cs_ctl_frame f;
    struct cs_wr w = {0};

    trio_ds(b, &ds);
    memset(ds.ds_id, 0xd4 + k, sizeof ds.ds_id);
    assert_int_equal(cs_ds_encode(&w, &ds), CS_OK);
    for (int i = 0; i < BED_NODES; i++) {
        struct cs_ctl_frame join = {.kind = CS_CMD_QUORUM_JOIN};

        ot_quorum_id(join.u.quorum_join.quorum_id, k);
        (void)snprintf(join.u.quorum_join.name, 16, "number %d", k);
        join.u.quorum_join.descriptor = (struct cs_blob){w.p, w.n};
        join.u.quorum_join.expires_at = BED_WALL + b->now + 3600000;
        bed_cmd(b, i, &join);
    }
    trio_commits(b, &f);
    ot_quorum_id(f.u.quorum_commits.quorum_id, k);
    trio_to_all(b, &f);
    trio_openings(b, &f);
    ot_quorum_id(f.u.quorum_finish.quorum_id, k);
    trio_to_all(b, &f);
    cs_wr_free(&w);
    bed_advance(b, 5000);
    for (int i = 0; i < BED_NODES; i++) {
        assert_int_equal(b->node[i].core->n_quorums, k);
    }
}

BED void ot_second_quorum(struct bed *b)
{
    ot_more_quorum(b, 2);
}

#endif
