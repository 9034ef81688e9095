/* Messages that came before what they belong to: at most 64 and 1 MiB per peer, for 5 s
 * (DECISIONS 18, PROTOCOLS 15.1 A6); within the same bounds, what waits for the own
 * approver, as long as that may take. */
#include "node/core/core.h"

#include <string.h>

#include "base/mem.h"

/* Takes the first out of the list and its place in the peer's account. */
static struct parked *unlink_parked(struct parked **at)
{
    struct parked *p = *at;

    *at = p->next;
    p->next = NULL;
    p->q->peers[p->from].parked--;
    p->q->peers[p->from].parked_bytes -= p->n_bytes;
    return p;
}

static void free_parked(struct parked *p)
{
    cs_free_wiped(p->bytes, p->n_bytes);
    cs_free(p);
}

static struct parked *copy(const struct cs_message *m)
{
    struct parked *p = cs_alloc(sizeof *p);
    size_t total = m->broadcast.n + m->priv.n;

    if (p == NULL) {
        return NULL;
    }
    p->bytes = cs_alloc(total);
    if (p->bytes == NULL) {
        cs_free(p);
        return NULL;
    }
    p->m = *m;
    p->n_bytes = total;
    if (m->broadcast.n != 0) {
        memcpy(p->bytes, m->broadcast.p, m->broadcast.n);
    }
    if (m->priv.n != 0) {
        memcpy(p->bytes + m->broadcast.n, m->priv.p, m->priv.n);
    }
    p->m.broadcast = CS_SPAN(p->bytes, m->broadcast.n);
    p->m.priv = CS_SPAN(p->bytes + m->broadcast.n, m->priv.n);
    if (m->bsig != NULL) {
        memcpy(p->bsig, m->bsig, CS_SIG_LEN);
        p->m.bsig = p->bsig;
    }
    return p;
}

static bool is_equal(struct cs_span a, struct cs_span b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* Of the session whose opening waits for the own approver. */
static struct parked *held_of(const struct cs_node_core *n, const struct quorum *q,
                              uint8_t from, const struct cs_message *m)
{
    struct parked *p = n->parked;

    while (p != NULL && (!p->is_held || p->q != q || p->from != from ||
                         memcmp(p->m.sid, m->sid, sizeof m->sid) != 0)) {
        p = p->next;
    }
    return p;
}

/* A peer that waits says the same again and again: one copy is enough. */
static bool is_repeat(const struct parked *p, const struct parked *held,
                      const struct cs_message *m)
{
    return p->is_held && p->q == held->q && p->from == held->from &&
           p->m.proto == m->proto && p->m.type == m->type &&
           memcmp(p->m.sid, m->sid, sizeof m->sid) == 0 &&
           is_equal(p->m.broadcast, m->broadcast) && is_equal(p->m.priv, m->priv);
}

static void park(struct cs_node_core *n, struct quorum *q, uint8_t from,
                 const struct cs_message *m, uint64_t until, bool is_held)
{
    struct peer *peer = &q->peers[from];
    struct parked **at = &n->parked;
    struct parked *p;

    if (peer->parked >= MAX_PARKED_PER_PEER ||
        peer->parked_bytes + m->broadcast.n + m->priv.n > MAX_PARKED_BYTES ||
        (p = copy(m)) == NULL) {
        n->counters.messages_dropped++;
        return;
    }
    p->q = q;
    p->from = from;
    p->until = until;
    p->is_held = is_held;
    peer->parked++;
    peer->parked_bytes += p->n_bytes;
    while (*at != NULL) { /* oldest first: order of arrival is kept */
        at = &(*at)->next;
    }
    *at = p;
}

void cs_nd_park(struct cs_node_core *n, struct quorum *q, uint8_t from,
                const struct cs_message *m)
{
    uint64_t until = n->park_until != 0 ? n->park_until : n->now + PARK_MS;
    const struct parked *held = held_of(n, q, from, m);

    for (const struct parked *p = n->parked; held != NULL && p != NULL; p = p->next) {
        if (is_repeat(p, held, m)) {
            n->counters.messages_dropped++;
            return;
        }
    }
    park(n, q, from, m, held != NULL ? held->until : until, held != NULL);
}

void cs_nd_park_until(struct cs_node_core *n, struct quorum *q, uint8_t from,
                      const struct cs_message *m, uint64_t until)
{
    for (struct parked *p = n->parked; p != NULL; p = p->next) {
        if (p->q == q && p->from == from &&
            memcmp(p->m.sid, m->sid, sizeof m->sid) == 0) {
            p->until = until > p->until ? until : p->until; /* it overtook this one */
            p->is_held = true;
        }
    }
    if (held_of(n, q, from, m) != NULL) {
        cs_nd_park(n, q, from, m);
    } else {
        park(n, q, from, m, until, true);
    }
}

/* Takes the parked messages of a quorum out of the list, in order. */
static struct parked *take_of(struct cs_node_core *n, const struct quorum *q)
{
    struct parked *taken = NULL, **end = &taken, **at = &n->parked;

    while (*at != NULL) {
        struct parked *p = *at;

        if (p->q == q) {
            *end = unlink_parked(at); /* so that all of them may park again */
            end = &p->next;
        } else {
            at = &p->next;
        }
    }
    return taken;
}

/* What is still too early parks itself again, with the time it had left. */
void cs_nd_unpark(struct cs_node_core *n, const struct quorum *q)
{
    struct parked *list = take_of(n, q);

    while (list != NULL) {
        struct parked *p = list;

        list = p->next;
        n->park_until = p->until;
        cs_nd_message(n, p->q, p->from, &p->m);
        n->park_until = 0;
        free_parked(p);
    }
}

void cs_nd_park_time(struct cs_node_core *n)
{
    struct parked **at = &n->parked;

    while (*at != NULL) {
        if (n->now >= (*at)->until) {
            n->counters.messages_dropped++;
            free_parked(unlink_parked(at));
        } else {
            at = &(*at)->next;
        }
    }
}

uint64_t cs_nd_park_deadline(const struct cs_node_core *n)
{
    uint64_t d = UINT64_MAX;

    for (const struct parked *p = n->parked; p != NULL; p = p->next) {
        d = p->until < d ? p->until : d;
    }
    return d;
}

void cs_nd_park_free(struct cs_node_core *n)
{
    while (n->parked != NULL) {
        free_parked(unlink_parked(&n->parked));
    }
}
