/* Lists of nonces between two nodes: FR_WANT asks, FR_NONCES answers
 * (PROTOCOLS 7.2, 15.6 F1; mpc/frost_pool.h). */
#include "node/core/core.h"

#include <string.h>

#include "base/mem.h"
#include "base/rd.h"

void cs_nd_frost_use(const struct quorum *q, uint8_t peer, const uint8_t key_id[16],
                     uint32_t epoch, enum cs_scheme scheme, struct cs_frost_use *u)
{
    memset(u, 0, sizeof *u);
    memcpy(u->key_id, key_id, 16);
    u->epoch = epoch;
    u->scheme = scheme;
    memcpy(u->link_id, cs_nd_link_id(q, peer), 16);
    memcpy(u->ds_hash, q->roster.ds_hash, 32);
    u->peer = peer;
}

/* True when this (key, link) has not been asked a moment ago. */
static bool may_want(struct cs_node_core *n, const struct cs_frost_use *u)
{
    struct want *oldest = &n->wants[0];

    for (size_t i = 0; i < MAX_WANTS; i++) {
        struct want *w = &n->wants[i];

        if (memcmp(w->key_id, u->key_id, 16) == 0 &&
            memcmp(w->link_id, u->link_id, 16) == 0) {
            oldest = w;
            break;
        }
        oldest = w->at < oldest->at ? w : oldest;
    }
    if (memcmp(oldest->key_id, u->key_id, 16) == 0 &&
        memcmp(oldest->link_id, u->link_id, 16) == 0 && oldest->at > n->now) {
        return false;
    }
    memcpy(oldest->key_id, u->key_id, 16);
    memcpy(oldest->link_id, u->link_id, 16);
    oldest->at = n->now + WANT_AGAIN_MS;
    return true;
}

/* Was this (key, link) asked for?  Forgets it: one list for one question, or a peer
 * could push the lists of others out of the pool. */
static bool was_wanted(struct cs_node_core *n, const uint8_t key_id[16],
                       const uint8_t link_id[16])
{
    for (size_t i = 0; i < MAX_WANTS; i++) {
        if (memcmp(n->wants[i].key_id, key_id, 16) == 0 &&
            memcmp(n->wants[i].link_id, link_id, 16) == 0) {
            n->wants[i] = (struct want){0};
            return true;
        }
    }
    return false;
}

void cs_nd_want_nonces(struct cs_node_core *n, const struct work *w, uint8_t peer)
{
    struct cs_wr body = {0};
    struct cs_frost_use u;

    cs_nd_frost_use(w->q, peer, w->req.key_id, w->req.key_epoch, w->req.scheme, &u);
    if (may_want(n, &u)) {
        cs_frost_want_encode(&body, cs_frost_pool_highest(n->pool, &u));
        cs_nd_send_frost(n, w->q, peer, CS_TYPE_FR_WANT, &w->req, NULL,
                         cs_wr_get(&body));
        cs_wr_free(&body);
    }
}

/* A slot of its own for each list: two lists must never look like equivocation.
 * List = count u16, then entries that begin with their u64 id (PROTOCOL.md). */
static void nonces_sid(uint8_t sid[32], const uint8_t link_id[16], struct cs_span list)
{
    struct cs_rd r = CS_RD(list);

    (void)cs_rd_u16(&r);
    cs_frost_sid(sid, link_id, cs_rd_u64(&r));
}

static void issue(struct cs_node_core *n, struct quorum *q, uint8_t from,
                  const struct cs_message *m, const struct cs_key *key,
                  uint64_t highest)
{
    uint8_t rnd[CS_FROST_BATCH * CS_FROST_RAND];
    struct cs_message reply = {
        .proto = CS_PROTO_FROST, .type = CS_TYPE_FR_NONCES, .round = 1};
    struct cs_wr list = {0};
    struct cs_frost_use u;

    cs_nd_frost_use(q, from, m->key_id, m->key_epoch, key->body.scheme, &u);
    n->random(n->random_ctx, rnd, sizeof rnd);
    if (cs_frost_pool_issue(n->pool, &u, key, highest, CS_FROST_BATCH, rnd, n->now,
                            &list) == CS_OK) {
        memcpy(reply.key_id, m->key_id, sizeof reply.key_id);
        reply.key_epoch = m->key_epoch;
        reply.broadcast = cs_wr_get(&list);
        nonces_sid(reply.sid, u.link_id, reply.broadcast);
        (void)cs_nd_link_send(n, q, from, &reply);
    }
    cs_wipe(rnd, sizeof rnd);
    cs_wr_free(&list);
}

void cs_nd_on_fr_want(struct cs_node_core *n, struct quorum *q, uint8_t from,
                      const struct cs_message *m)
{
    struct cached_key *c;
    uint64_t highest;
    enum cs_err err;

    if (cs_frost_want_decode(&highest, m->priv) != CS_OK) {
        cs_nd_blame(n, q, from, CS_ERR_BAD_FORMAT);
        return;
    }
    if (n->now <
        q->peers[from].issue_at) { /* a peer cannot make this node burn its CPU */
        n->counters.messages_dropped++;
        return;
    }
    c = cs_nd_key_load(n, m->key_id, &err);
    if (c == NULL || c->key->state != CS_KEY_ACTIVE ||
        cs_frost_commit_len(c->key->body.scheme) == 0 || /* has no such nonces */
        memcmp(c->info.quorum_id, q->id, 16) != 0 ||
        m->key_epoch != c->key->body.epoch) {
        n->counters.messages_dropped++;
        return;
    }
    q->peers[from].issue_at = n->now + ISSUE_MS;
    issue(n, q, from, m, c->key, highest);
}

static void try_waiting(struct cs_node_core *n, struct quorum *q,
                        const uint8_t key_id[16])
{
    for (struct work *w = n->works, *next = NULL; w != NULL; w = next) {
        next = w->next;
        if (w->q == q && w->kind != WORK_KEYGEN &&
            memcmp(w->req.key_id, key_id, 16) == 0) {
            cs_nd_sign_try(n, w); /* of those under way, items that wait for nonces */
        }
    }
}

void cs_nd_on_fr_nonces(struct cs_node_core *n, struct quorum *q, uint8_t from,
                        const struct cs_message *m)
{
    struct cs_frost_use u;
    enum cs_err err;
    struct cached_key *c = NULL;

    if (was_wanted(n, m->key_id, cs_nd_link_id(q, from))) { /* else no key is loaded */
        c = cs_nd_key_load(n, m->key_id, &err);
    }
    if (c == NULL) {
        n->counters.messages_dropped++; /* late, a repeat, or never asked for */
        return;
    }
    cs_nd_frost_use(q, from, m->key_id, m->key_epoch, c->key->body.scheme, &u);
    err = cs_frost_pool_put(n->pool, &u, m->broadcast, n->now);
    if (err != CS_OK) {
        cs_nd_blame(n, q, from, err);
        return;
    }
    try_waiting(n, q, m->key_id);
}
