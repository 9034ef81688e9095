/* Connections between nodes and platform: ordered while they last, like TCP; and on the
 * relay's channel a relay that drops, repeats, reorders, alters, cross-sends and
 * replays. */
#include "sim/world.h"

#include <stdlib.h>
#include <string.h>

struct packet {
    size_t conn;
    bool to_node;
    size_t n;
    uint8_t bytes[];
};

static bool node_end_alive(const struct world *w, const struct sim_conn *c)
{
    return w->actors[c->node].is_alive && w->actors[c->node].life == c->node_life;
}

static bool platform_end_alive(const struct world *w, const struct sim_conn *c)
{
    return w->actors[SIM_PLATFORM].is_alive &&
           w->actors[SIM_PLATFORM].life == c->platform_life;
}

static void down_at_node(struct world *w, void *ctx, uint64_t i, uint64_t err)
{
    struct sim_conn *c = &w->conns[i];
    struct cs_event ev = {
        .type = CS_EV_CONN_DOWN, .conn = c->node_conn, .err = (enum cs_err)err};

    (void)ctx;
    if (node_end_alive(w, c)) {
        actor_event(w, c->node, &ev);
    }
}

static void down_at_platform(struct world *w, void *ctx, uint64_t i, uint64_t err)
{
    struct sim_conn *c = &w->conns[i];
    struct cs_event ev = {
        .type = CS_EV_CONN_DOWN, .conn = i + 1, .err = (enum cs_err)err};

    (void)ctx;
    if (platform_end_alive(w, c)) {
        actor_event(w, SIM_PLATFORM, &ev);
    }
}

static uint64_t delay(struct world *w)
{
    return w->is_quiet ? 1 : 1 + rng_below(&w->rng, w->faults.delay_max_ms);
}

/* Both ends hear of it, unless one of them did it. */
static void break_conn(struct world *w, size_t i, bool tell_node, bool tell_platform)
{
    struct sim_conn *c = &w->conns[i];

    if (!c->is_open) {
        return;
    }
    c->is_open = false;
    if (tell_node) {
        world_at(w, w->now + delay(w), down_at_node, NULL, i, CS_ERR_CONN);
    }
    if (tell_platform) {
        world_at(w, w->now + delay(w), down_at_platform, NULL, i, CS_ERR_CONN);
    }
}

/* ---- opening
 * -------------------------------------------------------------------------------- */

static void up(struct world *w, void *ctx, uint64_t i, uint64_t ignored)
{
    struct sim_conn *c = &w->conns[i];
    uint8_t exporter[32];
    struct cs_event ev = {.type = CS_EV_CONN_UP,
                          .channel = c->channel,
                          .remote = "192.0.2.1",
                          .exporter = CS_SPAN_OF(exporter)};

    (void)ctx;
    (void)ignored;
    memset(exporter, (int)(i & 0xff), sizeof exporter);
    exporter[0] = (uint8_t)(i >> 8);
    if (!platform_end_alive(w, c) || !node_end_alive(w, c)) {
        c->is_open = false;
        down_at_node(w, NULL, i, CS_ERR_CONN);
        return;
    }
    ev.conn = c->node_conn;
    actor_event(w, c->node, &ev);
    ev.conn = i + 1;
    actor_event(w, SIM_PLATFORM, &ev);
}

static void refuse(struct world *w, void *ctx, uint64_t life, uint64_t conn)
{
    struct actor *a = ctx;
    struct cs_event ev = {.type = CS_EV_CONN_DOWN, .conn = conn, .err = CS_ERR_CONN};

    if (a->is_alive && a->life == life) {
        actor_event(w, a->index, &ev);
    }
}

void net_connect(struct world *w, struct actor *a, const struct cs_action *act)
{
    struct sim_conn *c = &w->conns[w->n_conns];

    if (!w->actors[SIM_PLATFORM].is_alive || w->n_conns == SIM_CONNS) {
        world_at(w, w->now + delay(w), refuse, a, a->life, act->conn);
        return;
    }
    *c = (struct sim_conn){.is_open = true,
                           .node = a->index,
                           .channel = act->channel,
                           .node_conn = act->conn,
                           .node_life = a->life,
                           .platform_life = w->actors[SIM_PLATFORM].life};
    world_at(w, w->now + delay(w), up, NULL, w->n_conns++, 0);
}

/* ---- carrying
 * --------------------------------------------------------------------------------- */

static void arrive(struct world *w, void *ctx, uint64_t check_open, uint64_t ignored)
{
    struct packet *p = ctx;
    struct sim_conn *c = &w->conns[p->conn];
    struct cs_event ev = {
        .type = CS_EV_MESSAGE, .channel = c->channel, .data = CS_SPAN(p->bytes, p->n)};

    (void)ignored;
    if (c->is_open || check_open == 0) {
        ev.conn = p->to_node ? c->node_conn : p->conn + 1;
        if (p->to_node ? node_end_alive(w, c) : platform_end_alive(w, c)) {
            actor_event(w, p->to_node ? c->node : SIM_PLATFORM, &ev);
        }
    }
    free(p);
}

static void deliver(struct world *w, size_t conn, bool to_node, struct cs_span data,
                    bool in_order)
{
    struct sim_conn *c = &w->conns[conn];
    uint64_t *last = to_node ? &c->at_node : &c->at_platform;
    struct packet *p = malloc(sizeof *p + data.n);
    uint64_t when = w->now + delay(w);

    CS_ASSERT(p != NULL);
    *p = (struct packet){.conn = conn, .to_node = to_node, .n = data.n};
    if (data.n != 0) {
        memcpy(p->bytes, data.p, data.n);
    }
    if (in_order) {
        when = when < *last ? *last : when;
        *last = when;
    }
    world_at(w, when, arrive, p, 1, 0);
}

static bool is_relay_data(const struct sim_conn *c, struct cs_span data)
{
    return c->channel == CS_CHANNEL_RELAY && data.n > 17 && data.p[0] == 0x10;
}

static void record(struct world *w, struct cs_span data)
{
    size_t slot = w->n_recorded < 64 ? w->n_recorded++ : rng_below(&w->rng, 64);

    free(w->recorded[slot]);
    w->recorded[slot] = malloc(data.n);
    CS_ASSERT(w->recorded[slot] != NULL);
    memcpy(w->recorded[slot], data.p, data.n);
    w->recorded_len[slot] = data.n;
}

static void alter(struct world *w, size_t conn, bool to_node, struct cs_span data)
{
    uint8_t *copy = malloc(data.n);

    CS_ASSERT(copy != NULL);
    memcpy(copy, data.p, data.n);
    copy[1 + rng_below(&w->rng, data.n - 1)] ^= (uint8_t)(1U << rng_below(&w->rng, 8));
    deliver(w, conn, to_node, CS_SPAN(copy, data.n), true);
    free(copy);
}

/* Another open relay connection gets it too. */
static void cross_send(struct world *w, bool to_node, struct cs_span data)
{
    for (size_t i = w->n_conns; i-- > 0;) {
        if (w->conns[i].is_open && w->conns[i].channel == CS_CHANNEL_RELAY &&
            rng_below(&w->rng, 2) == 0) {
            deliver(w, i, to_node, data, false);
            return;
        }
    }
}

static void relay_carry(struct world *w, size_t conn, bool to_node, struct cs_span data)
{
    const struct faults *f = &w->faults;
    struct rng *r = &w->rng;

    record(w, data);
    if (rng_chance(r, f->drop)) {
        return;
    }
    if (rng_chance(r, f->tamper)) {
        alter(w, conn, to_node, data);
        return;
    }
    deliver(w, conn, to_node, data, !rng_chance(r, f->reorder));
    if (rng_chance(r, f->repeat)) {
        deliver(w, conn, to_node, data, false);
    }
    if (rng_chance(r, f->cross)) {
        cross_send(w, to_node, data);
    }
    if (rng_chance(r, f->replay)) {
        size_t i = rng_below(r, w->n_recorded);

        deliver(w, conn, to_node, CS_SPAN(w->recorded[i], w->recorded_len[i]), false);
    }
}

static bool find_conn(const struct world *w, const struct actor *a, uint64_t number,
                      size_t *out)
{
    if (a->index == SIM_PLATFORM) {
        *out = number - 1;
        return number >= 1 && number <= w->n_conns && w->conns[number - 1].is_open;
    }
    for (size_t i = w->n_conns; i-- > 0;) {
        if (w->conns[i].is_open && w->conns[i].node == a->index &&
            w->conns[i].node_conn == number && w->conns[i].node_life == a->life) {
            *out = i;
            return true;
        }
    }
    return false;
}

void net_send(struct world *w, struct actor *a, const struct cs_action *act)
{
    struct cs_span data = CS_SPAN(act->data, act->data_len);
    bool to_node = a->index == SIM_PLATFORM;
    size_t i;

    if (!find_conn(w, a, act->conn, &i)) {
        return;
    }
    if (!w->is_quiet && rng_chance(&w->rng, w->faults.cut)) {
        break_conn(w, i, true, true);
        return;
    }
    if (!w->is_quiet && is_relay_data(&w->conns[i], data)) {
        relay_carry(w, i, to_node, data);
    } else {
        deliver(w, i, to_node, data, true);
    }
}

static void closed(struct world *w, void *ctx, uint64_t i, uint64_t by_platform)
{
    (void)ctx;
    break_conn(w, i, by_platform != 0, by_platform == 0);
}

/* As a FIN: after what was sent before it. */
void net_close(struct world *w, struct actor *a, const struct cs_action *act)
{
    bool by_platform = a->index == SIM_PLATFORM;
    uint64_t last;
    size_t i;

    if (find_conn(w, a, act->conn, &i)) {
        last = by_platform ? w->conns[i].at_node : w->conns[i].at_platform;
        world_at(w, (last > w->now ? last : w->now) + 1, closed, NULL, i, by_platform);
    }
}

void net_actor_gone(struct world *w, int index)
{
    for (size_t i = 0; i < w->n_conns; i++) {
        if (w->conns[i].is_open &&
            (index == SIM_PLATFORM || w->conns[i].node == index)) {
            break_conn(w, i, index == SIM_PLATFORM, index != SIM_PLATFORM);
        }
    }
}
