/* A key that stayed PENDING asks its peers for the certificate, or for their word that
 * it never came to be (PROTOCOLS 3.5, 15.3 C3; mpc/key.h). */
#include "node/core/core.h"

#include <string.h>

#include "base/log.h"

static void send_priv(struct cs_node_core *n, struct quorum *q, uint8_t to,
                      uint8_t type, const uint8_t key_id[16], struct cs_span body)
{
    struct cs_message m = {.proto = CS_PROTO_DKG, .type = type, .priv = body};

    memcpy(m.key_id, key_id, sizeof m.key_id);
    (void)cs_nd_link_send(n, q, to, &m); /* asked again each minute and at link start */
}

void cs_nd_stuck_ask(struct cs_node_core *n, struct work *w, uint8_t peer)
{
    enum cs_err err;
    struct cached_key *c = cs_nd_key_load(n, w->req.key_id, &err);
    struct cs_wr body = {0};

    if (c == NULL) {
        return;
    }
    if (peer == 0) {
        cs_key_ask(c->key, &body);
    } else {
        cs_cert_want_encode(&body, c->key->C);
    }
    for (uint8_t i = 1; i <= w->q->ds.n; i++) {
        if (i != w->q->roster.self && (peer == 0 || peer == i)) {
            send_priv(n, w->q, i, CS_TYPE_CERT_WANT, w->req.key_id, cs_wr_get(&body));
        }
    }
    cs_wr_free(&body);
}

/* A session of this key may still be under way here: then it decides, not this. */
static struct work *work_of_key(const struct cs_node_core *n, const uint8_t key_id[16])
{
    for (struct work *w = n->works; w != NULL; w = w->next) {
        if (w->kind == WORK_KEYGEN && memcmp(w->req.key_id, key_id, 16) == 0) {
            return w;
        }
    }
    return NULL;
}

/* A peer that invents key ids must fill neither the store nor the day. */
static bool may_declare(struct cs_node_core *n, struct peer *p,
                        const uint8_t key_id[16])
{
    if (n->now < p->gone_at || (n->n_gone >= MAX_GONE && !cs_nd_key_gone(n, key_id))) {
        return false;
    }
    p->gone_at = n->now + GONE_MS;
    return true;
}

/* This node never signed for that key: it says so for ever, and stores that first. */
static void want_unknown(struct cs_node_core *n, struct quorum *q, uint8_t from,
                         const uint8_t key_id[16], const uint8_t C[32])
{
    struct cs_key_reply reply = {0};

    if (!may_declare(n, &q->peers[from], key_id)) {
        n->counters.messages_dropped++; /* asked again within a minute */
        return;
    }
    cs_nd_key_set_gone(n, key_id, C);
    cs_key_on_want_unknown(n->id->ik_seed, q->roster.self, C, &reply);
    send_priv(n, q, from, reply.type, key_id, cs_wr_get(&reply.body));
    cs_wr_free(&reply.body);
}

static void on_want(struct cs_node_core *n, struct quorum *q, uint8_t from,
                    const struct cs_message *m)
{
    struct cs_key_reply reply = {0};
    struct cached_key *c;
    uint8_t C[32];
    enum cs_err err;

    if (cs_cert_want_decode(C, m->priv) != CS_OK) {
        cs_nd_blame(n, q, from, CS_ERR_BAD_FORMAT);
        return;
    }
    c = cs_nd_key_load_for(n, &q->peers[from], m->key_id, &err);
    if (c == NULL && err == CS_ERR_UNKNOWN_KEY && work_of_key(n, m->key_id) == NULL) {
        want_unknown(n, q, from, m->key_id, C);
        return;
    }
    if (c != NULL && memcmp(c->info.quorum_id, q->id, 16) == 0 &&
        cs_key_on_want(c->key, n->id->ik_seed, C, &reply) == CS_OK && reply.type != 0) {
        send_priv(n, q, from, reply.type, m->key_id, cs_wr_get(&reply.body));
    }
    cs_wr_free(&reply.body);
}

static void erase(struct cs_node_core *n, struct work *w, const struct cs_key *k)
{
    uint8_t key_id[16], C[32];

    memcpy(key_id, k->body.key_id, sizeof key_id);
    memcpy(C, k->C, sizeof C);
    cs_log(CS_LOG_INFO, "key",
           "a key generation that failed is erased: all nodes agreed");
    cs_nd_key_erase(n, key_id);
    cs_nd_key_set_gone(n, key_id, C);
    cs_nd_work_end(n, w);
}

/* What a peer's signatures or statements did to the key. */
static void apply(struct cs_node_core *n, struct quorum *q, uint8_t from,
                  struct work *w, struct cached_key *c,
                  const struct cs_key_reply *reply)
{
    struct keyinfo info = c->info;
    struct cs_key *k = cs_key_dup(c->key); /* storing empties the cache slot */

    if (k == NULL) {
        cs_nd_fail(n, CS_ERR_NOMEM, "a key");
        return;
    }
    if (reply->erase) {
        erase(n, w, k);
    } else if (reply->changed) {
        cs_nd_key_store(n, k, &info);
        if (k->state == CS_KEY_ACTIVE) {
            cs_nd_keygen_activated(n, w);
        } else if (k->state == CS_KEY_PENDING && k->aborted.mask != 0) {
            w->again = n->now; /* does anybody else have the certificate? */
        }
    }
    if (reply->type != 0) {
        send_priv(n, q, from, reply->type, k->body.key_id, cs_wr_get(&reply->body));
    }
    cs_key_free(k);
}

static void on_answer(struct cs_node_core *n, struct quorum *q, uint8_t from,
                      const struct cs_message *m)
{
    struct work *w = work_of_key(n, m->key_id);
    struct cs_key_reply reply = {0};
    struct cached_key *c;
    enum cs_err err;

    c = w != NULL && w->phase == WORK_PENDING && w->q == q
            ? cs_nd_key_load(n, m->key_id, &err)
            : NULL;
    if (c == NULL) {
        n->counters.messages_dropped++;
        return;
    }
    err = m->type == CS_TYPE_CERT_HAVE
              ? cs_key_on_have(c->key, &q->roster, n->id->ik_seed, from, m->priv,
                               &reply)
              : cs_key_on_aborted(c->key, &q->roster, n->id->ik_seed, m->priv, &reply);
    if (err == CS_OK) {
        apply(n, q, from, w, c, &reply);
    } else {
        cs_nd_key_forget(n, m->key_id); /* the record, not this copy, is the truth */
        cs_nd_blame(n, q, from, err);
    }
    cs_wr_free(&reply.body);
}

void cs_nd_stuck_message(struct cs_node_core *n, struct quorum *q, uint8_t from,
                         const struct cs_message *m)
{
    if (m->broadcast.n != 0) { /* all three are private */
        cs_nd_blame(n, q, from, CS_ERR_BAD_FORMAT);
    } else if (m->type == CS_TYPE_CERT_WANT) {
        on_want(n, q, from, m);
    } else {
        on_answer(n, q, from, m);
    }
}

enum cs_err cs_nd_keygen_giveup(struct cs_node_core *n, const uint8_t key_id[16])
{
    struct work *w = work_of_key(n, key_id);
    struct cached_key *c;
    struct keyinfo info;
    struct cs_key *k;
    enum cs_err err = CS_ERR_STATE;

    if (w == NULL || w->phase != WORK_PENDING) {
        return CS_ERR_NOT_FOUND;
    }
    c = cs_nd_key_load(n, key_id, &err);
    CS_CHECK(err);
    info = c->info;
    k = cs_key_dup(c->key);
    if (k == NULL) {
        return CS_ERR_NOMEM;
    }
    err = cs_key_give_up(k, n->id->ik_seed);
    if (err == CS_OK) {
        cs_nd_key_store(n, k, &info);
        w->again = n->now; /* tell the others: they answer with their own word */
    }
    cs_key_free(k);
    return err;
}
