#include "sim/world.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct event {
    uint64_t when, seq;
    event_fn *fn;
    void *ctx;
    uint64_t a, b;
};

/* ---- chance: xoshiro256** seeded by splitmix64 (public domain algorithms)
 * ------------ */

static uint64_t splitmix(uint64_t *x)
{
    uint64_t z = (*x += 0x9e3779b97f4a7c15ULL);

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
}

void rng_seed(struct rng *r, uint64_t seed)
{
    for (size_t i = 0; i < 4; i++) {
        r->s[i] = splitmix(&seed);
    }
}

static uint64_t rotl(uint64_t x, int k)
{
    return x << k | x >> (64 - k);
}

uint64_t rng_u64(struct rng *r)
{
    uint64_t result = rotl(r->s[1] * 5, 7) * 9, t = r->s[1] << 17;

    r->s[2] ^= r->s[0];
    r->s[3] ^= r->s[1];
    r->s[1] ^= r->s[2];
    r->s[0] ^= r->s[3];
    r->s[2] ^= t;
    r->s[3] = rotl(r->s[3], 45);
    return result;
}

uint64_t rng_below(struct rng *r, uint64_t n)
{
    return n == 0 ? 0 : rng_u64(r) % n;
}

bool rng_chance(struct rng *r, unsigned per_mille)
{
    return per_mille != 0 && rng_below(r, 1000) < per_mille;
}

void rng_fill(struct rng *r, uint8_t *out, size_t n)
{
    for (size_t i = 0; i < n; i += 8) {
        uint64_t v = rng_u64(r);

        memcpy(out + i, &v, n - i < 8 ? n - i : 8);
    }
}

/* ---- queue: a heap by (when, seq), so equal times keep their order
 * -------------------- */

static bool before(const struct event *a, const struct event *b)
{
    return a->when != b->when ? a->when < b->when : a->seq < b->seq;
}

static void swap(struct event *a, struct event *b)
{
    struct event t = *a;

    *a = *b;
    *b = t;
}

void world_at(struct world *w, uint64_t when, event_fn *fn, void *ctx, uint64_t a,
              uint64_t b)
{
    size_t i = w->n_heap++;

    if (i == w->cap_heap) {
        w->cap_heap = w->cap_heap == 0 ? 256 : 2 * w->cap_heap;
        w->heap = realloc(w->heap, w->cap_heap * sizeof *w->heap);
        CS_ASSERT(w->heap != NULL);
    }
    w->heap[i] = (struct event){
        when < w->now ? w->now : when, ++w->event_seq, fn, ctx, a, b};
    while (i > 0 && before(&w->heap[i], &w->heap[(i - 1) / 2])) {
        swap(&w->heap[i], &w->heap[(i - 1) / 2]);
        i = (i - 1) / 2;
    }
}

static struct event pop(struct world *w)
{
    struct event top = w->heap[0];
    size_t i = 0;

    w->heap[0] = w->heap[--w->n_heap];
    for (;;) {
        size_t l = 2 * i + 1, r = l + 1, least = i;

        least = l < w->n_heap && before(&w->heap[l], &w->heap[least]) ? l : least;
        least = r < w->n_heap && before(&w->heap[r], &w->heap[least]) ? r : least;
        if (least == i) {
            return top;
        }
        swap(&w->heap[i], &w->heap[least]);
        i = least;
    }
}

bool world_next(struct world *w)
{
    struct event e;

    if (w->n_heap == 0) {
        return false;
    }
    e = pop(w);
    w->now = e.when;
    w->n_events++;
    e.fn(w, e.ctx, e.a, e.b);
    return true;
}

void world_run(struct world *w, uint64_t until)
{
    while (w->violation[0] == '\0' && w->n_heap != 0 && w->heap[0].when <= until) {
        (void)world_next(w);
    }
    w->now = w->now < until ? until : w->now;
}

void violate(struct world *w, const char *fmt, ...)
{
    va_list ap;

    if (w->violation[0] != '\0') {
        return; /* the first one counts */
    }
    va_start(ap, fmt);
    (void)vsnprintf(w->violation, sizeof w->violation, fmt, ap);
    va_end(ap);
}

/* ---- beginning and end
 * ------------------------------------------------------------------ */

static unsigned pick(struct rng *r, const unsigned *of, size_t n)
{
    return of[rng_below(r, n)];
}

#define PICK(r, ...)                                                                   \
    pick(r, (const unsigned[]){__VA_ARGS__},                                           \
         sizeof((const unsigned[]){__VA_ARGS__}) / sizeof(unsigned))

/* A quarter of the runs is calm; the rest mixes what its seed draws. */
static void draw_faults(struct world *w)
{
    struct faults *f = &w->faults;
    struct rng *r = &w->rng;

    f->evil_node = -1;
    f->delay_max_ms = PICK(r, 2, 20, 200, 900);
    if (rng_below(r, 4) == 0) {
        return;
    }
    f->drop = PICK(r, 0, 0, 10, 100);
    f->repeat = PICK(r, 0, 0, 20, 200);
    f->reorder = PICK(r, 0, 0, 50, 300);
    f->tamper = PICK(r, 0, 0, 10, 50);
    f->cross = PICK(r, 0, 0, 10, 50);
    f->replay = PICK(r, 0, 0, 10, 50);
    f->cut = PICK(r, 0, 0, 2, 10);
    f->crash_every_ms = PICK(r, 0, 0, 60000, 20000, 8000);
    f->platform_crashes = PICK(r, 0, 25, 60);
    f->commit_full = PICK(r, 0, 0, 0, 5);
    f->commit_io = PICK(r, 0, 0, 0, 3);
    if (rng_below(r, 4) == 0) {
        f->evil_node = (int)rng_below(r, SIM_NODES);
        f->evil = PICK(r, 20, 100, 500);
    }
}

void world_init(struct world *w, uint64_t seed)
{
    memset(w, 0, sizeof *w);
    w->seed = seed;
    w->now = 1000;
    rng_seed(&w->rng, seed);
    draw_faults(w);
    for (int i = 0; i < SIM_ACTORS; i++) {
        w->actors[i].index = i;
        w->actors[i].kv = cs_kv_mem_new();
        CS_ASSERT(w->actors[i].kv != NULL);
        rng_seed(&w->actors[i].rng, rng_u64(&w->rng));
    }
    for (int i = 0; i < SIM_NODES; i++) {
        rng_fill(&w->rng, w->kek[i], 32);
    }
}

void world_free(struct world *w)
{
    w->is_over = true;
    actor_stop_all(w);
    while (w->n_heap != 0) { /* frees what events carry: their actors are gone */
        (void)world_next(w);
    }
    for (int i = 0; i < SIM_ACTORS; i++) {
        w->actors[i].kv->ops->close(w->actors[i].kv);
    }
    for (size_t i = 0; i < w->n_recorded; i++) {
        free(w->recorded[i]);
    }
    free(w->heap);
    free(w->nonces);
    free(w->asked);
    free(w->http_body);
}
