/* Two nodes' ends of one link, as far as DKLs23 sees it.  Include after cmocka.h. */
#ifndef CS_TEST_SUPPORT_DKLS_BED_H
#define CS_TEST_SUPPORT_DKLS_BED_H

#include <string.h>

#include "mpc/ot_setup.h"
#include "support/groups.h"

struct bed;
/* May change or drop (false) a message on its way. */
typedef bool bed_wire(struct bed *b, uint8_t from, uint8_t type, uint8_t *body,
                      size_t n);

struct bed {
    uint8_t id[3];              /* party indices of ends 1 and 2 */
    struct cs_ot_pair *pair[3]; /* by end */
    uint8_t link_id[16], ds_hash[32], local[3][32];
    struct cs_ot_out queue[64];
    uint8_t queue_from[64];
    size_t n_queue;
    bed_wire *wire;
    unsigned row, count; /* for the wire's use */
    enum cs_err err[3];  /* last failure seen by a node */
};

static inline void bed_random(void *ctx, uint8_t *out, size_t n)
{
    (void)ctx;
    stream_bytes(&rnd, out, n);
}

static inline struct cs_ot_pair *bed_pair(struct bed *b, uint8_t self, bool burned)
{
    struct cs_ot_pair_params p = {
        .self = b->id[self], .peer = b->id[3 - self], .local = b->local[self]};

    memcpy(p.link_id, b->link_id, 16);
    memcpy(p.ds_hash, b->ds_hash, 32);
    p.burned = burned;
    return cs_ot_pair_new(&p);
}

static inline void bed_open_as(struct bed *b, uint8_t lo, uint8_t hi)
{
    memset(b, 0, sizeof *b);
    b->id[1] = lo;
    b->id[2] = hi;
    stream_bytes(&rnd, b->link_id, 16);
    stream_bytes(&rnd, b->ds_hash, 32);
    for (uint8_t i = 1; i <= 2; i++) {
        stream_bytes(&rnd, b->local[i], 32);
        b->pair[i] = bed_pair(b, i, false);
        assert_non_null(b->pair[i]);
    }
}

static inline void bed_open(struct bed *b)
{
    bed_open_as(b, 1, 2);
}

static inline void bed_put(struct bed *b, uint8_t from, struct cs_ot_out *out)
{
    if (out->n_msgs == 0) {
        cs_ot_out_clear(out);
        return;
    }
    assert_true(b->n_queue < CS_COUNTOF(b->queue));
    b->queue_from[b->n_queue] = from;
    b->queue[b->n_queue++] = *out; /* moved */
    *out = (struct cs_ot_out){0};
}

static inline void bed_deliver(struct bed *b)
{
    while (b->n_queue > 0) {
        uint8_t from = b->queue_from[0], to = (uint8_t)(3 - from);
        struct cs_ot_out in = b->queue[0];

        b->n_queue--;
        memmove(b->queue, b->queue + 1, b->n_queue * sizeof b->queue[0]);
        memmove(b->queue_from, b->queue_from + 1, b->n_queue);
        for (size_t i = 0; i < in.n_msgs; i++) {
            struct cs_ot_msg *m = &in.msgs[i];
            struct cs_ot_out out = {0};
            enum cs_err err;

            if (b->wire != NULL && !b->wire(b, from, m->type, m->body.p, m->body.n)) {
                continue;
            }
            err = cs_ot_pair_feed(b->pair[to], m->type, m->osid, cs_wr_get(&m->body),
                                  &out);
            if (err != CS_OK) {
                b->err[to] = err;
            }
            bed_put(b, to, &out);
        }
        cs_ot_out_clear(&in);
    }
}

static inline bool bed_compute(struct bed *b)
{
    bool any = false;

    for (uint8_t i = 1; i <= 2; i++) {
        struct cs_ot_job *job = cs_ot_pair_take_job(b->pair[i], bed_random, NULL);
        struct cs_ot_out out = {0};
        enum cs_err err;

        if (job != NULL) {
            any = true;
            cs_ot_job_run(job);
            err = cs_ot_pair_job_done(b->pair[i], job, &out);
            if (err != CS_OK) {
                b->err[i] = err;
                assert_int_equal(out.n_msgs, 0); /* nothing of a step that failed */
            }
            bed_put(b, i, &out);
        }
    }
    return any;
}

static inline void bed_pump(struct bed *b)
{
    do {
        bed_deliver(b);
    } while (bed_compute(b) || b->n_queue > 0);
}

/* Both directions, to the end. */
static inline void bed_setup_as(struct bed *b, uint8_t lo, uint8_t hi)
{
    bed_open_as(b, lo, hi);
    assert_int_equal(cs_ot_pair_start(b->pair[1]), CS_OK);
    assert_int_equal(cs_ot_pair_start(b->pair[2]), CS_OK);
    bed_pump(b);
    assert_int_equal(cs_ot_pair_state(b->pair[1]), CS_OT_TESTED);
    assert_int_equal(cs_ot_pair_state(b->pair[2]), CS_OT_TESTED);
}

static inline void bed_setup(struct bed *b)
{
    bed_setup_as(b, 1, 2);
}

static inline void bed_close(struct bed *b)
{
    for (size_t i = 0; i < b->n_queue; i++) {
        cs_ot_out_clear(&b->queue[i]);
    }
    cs_ot_pair_free(b->pair[1]);
    cs_ot_pair_free(b->pair[2]);
    memset(b, 0, sizeof *b);
}

#endif
