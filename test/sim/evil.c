/* A lying node: its messages are altered before they are sealed, each peer's
 * differently, so they are authentic and wrong (equivocation, bad values, bad lengths,
 * other rounds). The linker puts this between node core and link
 * (-Wl,--wrap=cs_link_seal). */
#include "sim/world.h"

#include <stdlib.h>
#include <string.h>

#include "mpc/link/link.h"

static struct world *the_world;
static int acting = -1;

enum cs_err __real_cs_link_seal(struct cs_link *l, const struct cs_message *m,
                                struct cs_wr *frame);
enum cs_err __wrap_cs_link_seal(struct cs_link *l, const struct cs_message *m,
                                struct cs_wr *frame);

void evil_set(struct world *w)
{
    the_world = w;
}

void evil_acting(int node)
{
    acting = node;
}

static bool lies_now(void)
{
    struct world *w = the_world;

    return w != NULL && !w->is_quiet && acting == w->faults.evil_node && acting >= 0 &&
           rng_chance(&w->rng, w->faults.evil);
}

static struct cs_span mutate(struct rng *r, struct cs_span in, uint8_t *buf, size_t cap)
{
    size_t n = in.n > cap ? cap : in.n;

    if (n == 0) {
        return in;
    }
    memcpy(buf, in.p, n);
    switch (rng_below(r, 5)) {
    case 0:
        buf[rng_below(r, n)] ^= (uint8_t)(1U << rng_below(r, 8));
        break;
    case 1:
        memset(buf + rng_below(r, n), 0xff, 1);
        break;
    case 2:
        memset(buf, 0, n);
        break;
    case 3:
        n -= 1 + rng_below(r, n);
        break;
    default:
        rng_fill(r, buf, n);
    }
    return CS_SPAN(buf, n);
}

enum cs_err __wrap_cs_link_seal(struct cs_link *l, const struct cs_message *m,
                                struct cs_wr *frame)
{
    static uint8_t a[65536], b[65536];
    struct cs_message lie = *m;

    if (!lies_now()) {
        return __real_cs_link_seal(l, m, frame);
    }
    switch (rng_below(&the_world->rng, 8)) {
    case 0:
        lie.type = (uint8_t)rng_below(&the_world->rng, 8);
        lie.round = lie.type;
        break;
    case 1:
        lie.sid[rng_below(&the_world->rng, sizeof lie.sid)] ^= 1;
        break;
    case 2:
    case 3:
        lie.priv = mutate(&the_world->rng, m->priv, b, sizeof b);
        break;
    default: /* what there is: OT and DKLs23 have private parts only */
        if (m->broadcast.n == 0) {
            lie.priv = mutate(&the_world->rng, m->priv, b, sizeof b);
        }
        lie.broadcast = mutate(&the_world->rng, m->broadcast, a, sizeof a);
    }
    lie.bsig = NULL; /* signed again: authentic */
    if (lie.broadcast.n == 0 && lie.priv.n == 0) {
        return CS_ERR_NO_LINK; /* says nothing */
    }
    return __real_cs_link_seal(l, &lie, frame);
}
