/* A node that lies authentically, on node_trio.h: what it sends is opened with the
 * receiver's key, altered, signed and sealed again with its own.  The relay could not
 * do that; the test can, since it sees into both nodes. */
#ifndef CS_TEST_NODE_LIAR_H
#define CS_TEST_NODE_LIAR_H

#include "mpc/link/link_int.h"
#include "node/core/core.h"
#include "support/node_trio.h"

struct lie {
    struct cs_message m;          /* header fields; spans are those of the two below */
    struct cs_wr broadcast, priv; /* to alter */
    int from, to;                 /* nodes, 0.. */
};

/* Looks at, or alters, one message.  false: it is not sent. */
typedef bool lie_fn(struct lie *l);
static lie_fn *liar;

BED struct cs_link *lie_link(struct bed *b, int of, int peer)
{
    return b->node[of].core->quorums[0]->peers[peer + 1].link;
}

BED void lie_sign(struct bed *b, struct lie *l, uint8_t bsig[CS_SIG_LEN])
{
    const struct cs_node_core *n = b->node[l->from].core;
    struct cs_bc_slot slot;

    l->m.broadcast = cs_wr_get(&l->broadcast);
    l->m.priv = cs_wr_get(&l->priv);
    l->m.bsig = NULL;
    if (l->broadcast.n != 0) {
        cs_bc_slot_from(&slot, CS_LINK_VERSION, n->quorums[0]->roster.ds_hash,
                        (uint8_t)(l->from + 1), &l->m);
        cs_bc_sign(bsig, n->id->ik_seed, &slot, l->m.broadcast);
        l->m.bsig = bsig;
    }
}

BED void lie_open(struct lie *l, const struct cs_frame_header *h, struct cs_span plain)
{
    l->m.proto = h->proto;
    l->m.type = h->type;
    l->m.round = h->round;
    l->m.key_epoch = h->key_epoch;
    memcpy(l->m.key_id, h->key_id, 16);
    memcpy(l->m.sid, h->sid, 32);
    assert_int_equal(cs_plain_decode(&l->m, plain), CS_OK);
    cs_wr_span(&l->broadcast, l->m.broadcast);
    cs_wr_span(&l->priv, l->m.priv);
}

BED void lie_close(struct bed *b, struct lie *l, struct cs_frame_header *h,
                   const uint8_t key[32], struct cs_wr *frame)
{
    uint8_t bsig[CS_SIG_LEN];
    struct cs_wr plain = {0};

    lie_sign(b, l, bsig);
    h->proto = l->m.proto;
    h->type = l->m.type;
    h->round = l->m.round;
    h->key_epoch = l->m.key_epoch;
    memcpy(h->key_id, l->m.key_id, 16);
    memcpy(h->sid, l->m.sid, 32);
    assert_int_equal(cs_plain_encode(&plain, &l->m), CS_OK);
    cs_wr_reset(frame);
    assert_int_equal(cs_frame_seal(frame, h, key, cs_wr_get(&plain)), CS_OK);
    cs_wr_free(&plain);
}

/* The receiver's keys for a frame; of a new link it may not have the CONFIRM yet. */
BED const struct cs_transport *lie_keys(const struct cs_link *rx, const uint8_t id[16])
{
    const struct cs_transport *const all[] = {&rx->live, &rx->pend.t};

    for (int i = 0; i < 2; i++) {
        if (all[i]->set && memcmp(all[i]->link_id, id, 16) == 0) {
            return all[i];
        }
    }
    return NULL;
}

/* For bed.carry. */
BED bool lie_carry(struct bed *b, int from, int to, struct cs_wr *frame)
{
    const struct cs_transport *keys;
    struct lie l = {.from = from, .to = to};
    struct cs_frame_header h;
    struct cs_wr plain = {0};
    bool send = true;

    if (cs_frame_header_decode(&h, cs_wr_get(frame)) != CS_OK ||
        h.proto == CS_PROTO_LINK || liar == NULL ||
        (keys = lie_keys(lie_link(b, to, from), h.link_id)) == NULL ||
        cs_frame_open(&plain, &h, keys->rx, cs_wr_get(frame)) != CS_OK) {
        cs_wr_free(&plain);
        return true;
    }
    lie_open(&l, &h, cs_wr_get(&plain));
    send = liar(&l);
    if (send) {
        lie_close(b, &l, &h, keys->rx, frame);
    }
    cs_wr_free(&plain);
    cs_wr_free(&l.broadcast);
    cs_wr_free(&l.priv);
    return send;
}

/* A message out of the blue. */
BED void lie_say(struct bed *b, int from, int to, const struct cs_message *m)
{
    struct cs_wr frame = {0};

    assert_int_equal(cs_link_seal(lie_link(b, from, to), m, &frame), CS_OK);
    bed_relay_send(b, from, to, cs_wr_get(&frame));
    cs_wr_free(&frame);
    bed_run(b);
}

BED bool lie_is(const struct lie *l, uint8_t proto, uint8_t type)
{
    return l->m.proto == proto && l->m.type == type;
}

#endif
