/* Two ends of a link, virtual time, and a queue of frames between them that a test may
 * drop, repeat, reorder or alter.  For cmocka tests of mpc/link; static functions, so
 * that cs_test_support does not depend on cs_mpc.
 *
 *   struct pair p;
 *   pair_init(&p);              // device set of three, ends: members 1 and 2
 *   pair_up(&p);                // start, deliver everything: both LIVE
 *   .. pair_send, pair_run, pair_advance ..
 *   pair_free(&p); */
#ifndef CS_TEST_SUPPORT_LINK_PAIR_H
#define CS_TEST_SUPPORT_LINK_PAIR_H

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include <string.h>

#include "base/mem.h"
#include "crypto/group.h" /* cs_crypto_init */
#include "mpc/link/link.h"
#include "mpc/link/link_int.h"

enum { PAIR_QUEUE = 128, PAIR_FRAME = 1024, PAIR_EVENTS = 64 };

struct pair_rng {
    uint64_t s;
};

static inline uint64_t pair_next(struct pair_rng *r)
{
    uint64_t z = (r->s += 0x9e3779b97f4a7c15U);

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
}

static inline void pair_random(void *ctx, uint8_t *out, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        out[i] = (uint8_t)pair_next(ctx);
    }
}

struct pair_frame {
    int to; /* end that gets it: 0 or 1 */
    size_t n;
    uint8_t b[PAIR_FRAME];
};

struct pair_end {
    struct cs_link *l;
    struct cs_link_config cfg;
    struct cs_link_event events[PAIR_EVENTS];
    size_t n_events;
    struct cs_peer_seen stored; /* what SEEN put into the store */
    size_t n_msgs;              /* messages delivered */
    struct cs_message last;     /* spans are stale, except: */
    uint8_t broadcast[PAIR_FRAME], priv[PAIR_FRAME];
    size_t n_blamed; /* BAD_FORMAT returned */
};

struct pair {
    struct pair_rng rng;
    struct cs_device_set ds;
    struct cs_identity_secret id[3];
    struct pair_end end[2];
    struct pair_frame q[PAIR_QUEUE];
    size_t n;
    uint64_t now;
    struct cs_link_out out;
};

/* A set of n members with fresh keys; ids may be NULL. */
static inline void pair_make_set(struct pair_rng *r, struct cs_device_set *ds,
                                 uint8_t n, struct cs_identity_secret *ids)
{
    memset(ds, 0, sizeof *ds);
    pair_random(r, ds->ds_id, sizeof ds->ds_id);
    pair_random(r, ds->nonce, sizeof ds->nonce);
    ds->t = 2;
    ds->n = n;
    for (uint8_t k = 0; k < n; k++) {
        struct cs_identity_secret id;
        uint8_t rnd[96];

        pair_random(r, rnd, sizeof rnd);
        cs_identity_from_random(&id, rnd);
        ds->members[k].index = (uint8_t)(k + 1);
        pair_random(r, ds->members[k].device_id, CS_DS_ID_LEN);
        ds->members[k].id = id.pub;
        if (ids != NULL) {
            ids[k] = id;
        }
    }
}

/* Frames into the queue, events into the end's log; then empties p->out. */
static inline void pair_absorb(struct pair *p, int e)
{
    struct pair_end *end = &p->end[e];

    for (size_t k = 0; k < p->out.n_frames; k++) {
        assert_true(p->n < PAIR_QUEUE);
        p->q[p->n].to = 1 - e;
        p->q[p->n].n = p->out.frames[k].n;
        memcpy(p->q[p->n].b, p->out.frames[k].p, p->out.frames[k].n);
        p->n++;
    }
    for (size_t k = 0; k < p->out.n_events; k++) {
        assert_true(end->n_events < PAIR_EVENTS);
        end->events[end->n_events++] = p->out.events[k];
        if (p->out.events[k].kind == CS_LINK_EV_SEEN) {
            end->stored = *cs_link_seen(end->l);
        }
    }
    if (p->out.has_msg) {
        end->n_msgs++;
        end->last = p->out.msg;
        memcpy(end->broadcast, p->out.msg.broadcast.p, p->out.msg.broadcast.n);
        memcpy(end->priv, p->out.msg.priv.p, p->out.msg.priv.n);
    }
    cs_link_out_reset(&p->out);
}

/* Hands bytes to an end as if the relay had brought them; returns what became of them.
 */
static inline enum cs_link_drop pair_give(struct pair *p, int e, const uint8_t *b,
                                          size_t n)
{
    enum cs_link_drop drop;

    if (cs_link_receive(p->end[e].l, CS_SPAN(b, n), p->now, &p->out) != CS_OK) {
        p->end[e].n_blamed++;
    }
    drop = p->out.drop;
    pair_absorb(p, e);
    return drop;
}

static inline struct pair_frame pair_take(struct pair *p, size_t k)
{
    struct pair_frame f;

    assert_true(k < p->n);
    f = p->q[k];
    memmove(&p->q[k], &p->q[k + 1], (p->n - k - 1) * sizeof p->q[0]);
    p->n--;
    return f;
}

static inline enum cs_link_drop pair_deliver(struct pair *p)
{
    struct pair_frame f = pair_take(p, 0);

    return pair_give(p, f.to, f.b, f.n);
}

/* Delivers until the queue is empty. */
static inline void pair_run(struct pair *p)
{
    for (int k = 0; p->n != 0; k++) {
        assert_true(k < 1000); /* frames must not breed for ever */
        (void)pair_deliver(p);
    }
}

static inline void pair_drop_all(struct pair *p)
{
    p->n = 0;
}

static inline void pair_time(struct pair *p, int e)
{
    cs_link_time(p->end[e].l, p->now, &p->out);
    pair_absorb(p, e);
}

/* Lets ms pass, waking each end exactly at its deadlines.  deliver: or everything that
 * is sent is lost. */
static inline void pair_advance(struct pair *p, uint64_t ms, bool deliver)
{
    uint64_t until = p->now + ms;
    int steps = 0;

    for (;;) {
        uint64_t a = cs_link_deadline(p->end[0].l), b = cs_link_deadline(p->end[1].l);
        uint64_t at = a < b ? a : b;

        if (at > until) {
            break;
        }
        assert_true(steps++ < 200000);
        p->now = at > p->now ? at : p->now;
        if (a <= p->now) {
            pair_time(p, 0);
            assert_true(cs_link_deadline(p->end[0].l) > p->now);
        }
        if (b <= p->now) {
            pair_time(p, 1);
            assert_true(cs_link_deadline(p->end[1].l) > p->now);
        }
        if (deliver) {
            pair_run(p);
        } else {
            pair_drop_all(p);
        }
    }
    p->now = until;
}

static inline void pair_start(struct pair *p, int e)
{
    cs_link_start(p->end[e].l, p->now, &p->out);
    pair_absorb(p, e);
}

/* A new process of this end: new boot, next boot counter, what was stored of the peer.
 */
static inline void pair_restart(struct pair *p, int e)
{
    struct pair_end *end = &p->end[e];

    cs_link_free(end->l);
    pair_random(&p->rng, end->cfg.life.boot, 32);
    end->cfg.life.boot_counter++;
    end->cfg.seen = end->stored;
    assert_int_equal(cs_link_new(&end->l, &end->cfg), CS_OK);
    end->n_events = 0;
}

static inline void pair_init(struct pair *p)
{
    memset(p, 0, sizeof *p);
    p->rng.s = 7;
    p->now = 1000000;
    pair_make_set(&p->rng, &p->ds, 3, p->id);
    for (int e = 0; e < 2; e++) {
        struct cs_link_config *cfg = &p->end[e].cfg;

        cfg->ds = &p->ds;
        cfg->self = (uint8_t)(1 + e);
        cfg->peer = (uint8_t)(2 - e);
        cfg->id = &p->id[e];
        cfg->life.boot_counter = 1;
        pair_random(&p->rng, cfg->life.boot, 32);
        cfg->random = pair_random;
        cfg->random_ctx = &p->rng;
        assert_int_equal(cs_link_new(&p->end[e].l, cfg), CS_OK);
    }
}

static inline void pair_free(struct pair *p)
{
    cs_link_free(p->end[0].l);
    cs_link_free(p->end[1].l);
    cs_link_out_free(&p->out);
}

static inline bool pair_agree(const struct pair *p)
{
    return cs_link_is_live(p->end[0].l) && cs_link_is_live(p->end[1].l) &&
           memcmp(cs_link_id(p->end[0].l), cs_link_id(p->end[1].l), 16) == 0;
}

static inline void pair_up(struct pair *p)
{
    pair_start(p, 0);
    pair_start(p, 1);
    pair_run(p);
    assert_true(pair_agree(p));
}

static inline size_t pair_count(const struct pair *p, int e,
                                enum cs_link_event_kind kind)
{
    size_t n = 0;

    for (size_t k = 0; k < p->end[e].n_events; k++) {
        n += p->end[e].events[k].kind == kind ? 1 : 0;
    }
    return n;
}

/* The error of the last REFUSED event, CS_OK when there is none. */
static inline enum cs_err pair_refused(const struct pair *p, int e)
{
    for (size_t k = p->end[e].n_events; k > 0; k--) {
        if (p->end[e].events[k - 1].kind == CS_LINK_EV_REFUSED) {
            return p->end[e].events[k - 1].err;
        }
    }
    return CS_OK;
}

static inline uint64_t pair_counter(const struct pair *p, int e, enum cs_link_drop drop)
{
    return cs_link_counters(p->end[e].l)[drop];
}

static inline struct cs_message pair_message(const char *broadcast, const char *priv)
{
    struct cs_message m = {
        .proto = CS_PROTO_DKG, .type = 1, .round = 1, .key_epoch = 9};

    memset(m.key_id, 0xa1, sizeof m.key_id);
    memset(m.sid, 0xb2, sizeof m.sid);
    m.broadcast = CS_SPAN(broadcast, strlen(broadcast));
    m.priv = CS_SPAN(priv, strlen(priv));
    return m;
}

/* Seals at e and puts the frame into the queue. */
static inline void pair_send(struct pair *p, int e, const struct cs_message *m)
{
    struct cs_wr w = {0};

    assert_int_equal(cs_link_seal(p->end[e].l, m, &w), CS_OK);
    assert_true(w.n <= PAIR_FRAME && p->n < PAIR_QUEUE);
    p->q[p->n].to = 1 - e;
    p->q[p->n].n = w.n;
    memcpy(p->q[p->n].b, w.p, w.n);
    p->n++;
    cs_wr_free(&w);
}

/* Type byte of a frame of proto 1, 0 for others. */
static inline uint8_t pair_link_type(const struct pair_frame *f)
{
    return f->b[1] == CS_PROTO_LINK ? f->b[2] : 0;
}

#endif
