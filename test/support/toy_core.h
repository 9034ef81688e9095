/* A scriptable core for tests of the glue: counts events, remembers the last ones, and
 * hands each to a function of the test.  Header only: base is all it needs. */
#ifndef TEST_SUPPORT_TOY_CORE_H
#define TEST_SUPPORT_TOY_CORE_H

#include <string.h>

#include "base/env.h"
#include "base/mem.h"

struct toy_core {
    void (*on)(struct toy_core *t, const struct cs_event *ev, struct cs_step *out);
    void *ctx;
    uint64_t deadline;
    unsigned n[CS_EV_STOP + 1]; /* events by type */
    uint64_t conn;              /* of the last CONN_UP */
    enum cs_err err;            /* of the last CONN_DOWN or COMMIT_FAILED */
    uint8_t exporter[64];
    size_t exporter_len;
    struct cs_wr got; /* last message */
};

static inline void toy_step(void *self, const struct cs_event *ev, struct cs_step *out)
{
    struct toy_core *t = self;

    t->n[ev->type]++;
    if (ev->type == CS_EV_CONN_UP) {
        t->conn = ev->conn;
        t->exporter_len = ev->exporter.n < 64 ? ev->exporter.n : 64;
        if (ev->exporter.n != 0) {
            memcpy(t->exporter, ev->exporter.p, t->exporter_len);
        }
    } else if (ev->type == CS_EV_CONN_DOWN || ev->type == CS_EV_COMMIT_FAILED) {
        t->err = ev->err;
    } else if (ev->type == CS_EV_MESSAGE) {
        cs_wr_reset(&t->got);
        cs_wr_span(&t->got, ev->data);
    } else if (ev->type == CS_EV_TIME) {
        t->deadline = UINT64_MAX;
    }
    if (ev->type == CS_EV_STOP) {
        cs_emit_exit(out, CS_OK);
    }
    if (t->on != NULL) {
        t->on(t, ev, out);
    }
}

static inline uint64_t toy_deadline(void *self)
{
    return ((struct toy_core *)self)->deadline;
}

static inline struct cs_core toy_iface(struct toy_core *t)
{
    return (struct cs_core){.self = t, .step = toy_step, .deadline = toy_deadline};
}

static inline void toy_init(struct toy_core *t,
                            void (*on)(struct toy_core *t, const struct cs_event *ev,
                                       struct cs_step *out),
                            void *ctx)
{
    *t = (struct toy_core){.on = on, .ctx = ctx, .deadline = UINT64_MAX};
}

#endif
