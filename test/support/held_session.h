/* A session that waits in a round, for test_mpc_session*.c. */
#ifndef CS_TEST_SUPPORT_HELD_SESSION_H
#define CS_TEST_SUPPORT_HELD_SESSION_H

#include "support/mpc_party.h"

/* Runs until party `i` waits in round `round`, holding back what `hold` says. */
static uint8_t hold_type;

static inline bool hold(struct net *w, struct net_msg *m)
{
    (void)w;
    return !(m->m.proto == CS_PROTO_DKG && m->m.type >= hold_type &&
             m->m.type <= CS_TYPE_DKG_ACK && m->m.from == 3);
}

static inline struct net *wait_in(uint8_t type, uint64_t seed)
{
    struct net *w = net_new(3, 2, CS_CURVE_ED25519, seed);

    hold_type = type;
    w->hook = hold;
    net_start(w);
    net_drain(w);
    assert_int_equal(cs_session_round(w->s[1]), type);
    return w;
}

static inline struct cs_message head(const struct net *w, uint8_t type, uint8_t round,
                                     uint8_t from)
{
    struct cs_message m = {
        .proto = CS_PROTO_DKG, .type = type, .round = round, .from = from};

    memcpy(m.sid, w->s[1]->presid, 32);
    memcpy(m.key_id, w->request.key_id, CS_ID_LEN);
    return m;
}

#endif
