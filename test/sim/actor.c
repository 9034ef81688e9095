/* Processes: a core on its runner, with a disk that outlives it. */
#include "sim/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/kv.h"

enum { WALL_BASE_S = 1790000000 };

/* Which world the callbacks belong to: a process runs one at a time. */
static struct world *the_world;

static uint64_t env_now(void *ctx)
{
    (void)ctx;
    return the_world->now;
}

static int64_t env_wall(void *ctx)
{
    (void)ctx;
    return (int64_t)WALL_BASE_S * 1000 + (int64_t)the_world->now;
}

static void env_random(void *ctx, uint8_t *out, size_t n)
{
    rng_fill(&((struct actor *)ctx)->rng, out, n);
}

static void on_armed(struct world *w, void *ctx, uint64_t life, uint64_t when)
{
    struct actor *a = ctx;
    struct cs_event ev = {.type = CS_EV_TIME};

    if (a->is_alive && a->life == life && a->armed == when) {
        a->armed = UINT64_MAX;
        actor_event(w, a->index, &ev);
    }
}

static void env_arm(void *ctx, uint64_t deadline)
{
    struct actor *a = ctx;

    if (deadline != UINT64_MAX && deadline != a->armed) {
        a->armed = deadline;
        /* A deadline in the past must still let time pass: 1 ms, as a real loop turn.
         */
        world_at(the_world, deadline <= the_world->now ? the_world->now + 1 : deadline,
                 on_armed, a, a->life, deadline);
    }
}

/* ---- disk
 * ------------------------------------------------------------------------------ */

static void on_committed(struct world *w, void *ctx, uint64_t life_seq, uint64_t err)
{
    struct actor *a = &w->actors[life_seq >> 56];

    (void)ctx;
    if (a->is_alive && (a->life & 0xffffff) == (life_seq >> 32 & 0xffffff)) {
        cs_runner_committed(&a->runner, life_seq & 0xffffffff, (enum cs_err)err);
    }
}

static enum cs_err draw_commit_fault(struct world *w)
{
    if (!w->is_quiet && rng_chance(&w->rng, w->faults.commit_full)) {
        return CS_ERR_STORE_FULL;
    }
    if (!w->is_quiet && rng_chance(&w->rng, w->faults.commit_io)) {
        return CS_ERR_STORE_IO;
    }
    return CS_OK;
}

/* The write reaches the disk a while later; the word that it did, later still.  A crash
 * in between leaves it durable and unacknowledged. */
static void on_commit(struct world *w, void *ctx, uint64_t life_seq, uint64_t ignored)
{
    struct actor *a = &w->actors[life_seq >> 56];
    struct cs_kv_batch *batch = ctx;
    enum cs_err err = draw_commit_fault(w);

    (void)ignored;
    if (a->is_alive && (a->life & 0xffffff) == (life_seq >> 32 & 0xffffff)) {
        if (a->commit_err != CS_OK) {
            err = a->commit_err; /* what follows a failed batch must not be written */
        } else if (err != CS_OK) {
            cs_kv_mem_fail_commit(a->kv, 1, err);
        }
        err = a->commit_err != CS_OK ? a->commit_err : a->kv->ops->commit(a->kv, batch);
        a->commit_err = err;
        a->commit_told = (a->commit_told > w->now ? a->commit_told : w->now) +
                         rng_below(&w->rng, 3);
        world_at(w, a->commit_told, on_committed, NULL, life_seq, err);
    }
    cs_kv_batch_free(batch);
}

static void env_commit(void *ctx, struct cs_kv_batch *batch, uint64_t seq)
{
    struct actor *a = ctx;
    struct world *w = the_world;
    uint64_t id = (uint64_t)a->index << 56 | (a->life & 0xffffff) << 32 |
                  (seq & 0xffffffff);

    a->commit_busy = (a->commit_busy > w->now ? a->commit_busy : w->now) +
                     rng_below(&w->rng, 4);
    world_at(w, a->commit_busy, on_commit, batch, id, 0);
}

static void env_drop(void *ctx, struct cs_kv_batch *batch)
{
    (void)ctx;
    cs_kv_batch_free(batch);
}

/* ---- actions
 * --------------------------------------------------------------------------------- */

static void on_job(struct world *w, void *ctx, uint64_t index, uint64_t life)
{
    struct actor *a = &w->actors[index];
    struct cs_job *job = ctx;
    struct cs_event ev = {.type = CS_EV_JOB_DONE, .job = job};

    if (a->is_alive && a->life == life) {
        actor_event(w, a->index, &ev);
    } else {
        job->free(job);
    }
}

static void on_exit_action(struct world *w, void *ctx, uint64_t life, uint64_t err)
{
    struct actor *a = ctx;

    if (a->is_alive && a->life == life) {
        a->exit_err = (enum cs_err)err;
        actor_crash(w, a->index); /* its end; restarted like any other */
    }
}

static void take_reply(struct world *w, const struct cs_action *act)
{
    if (act->conn == w->http_waiting) {
        free(w->http_body);
        w->http_body = calloc(1, act->data_len + 1);
        CS_ASSERT(w->http_body != NULL);
        memcpy(w->http_body, act->data, act->data_len);
        w->http_status = act->status;
        w->http_waiting = 0;
    }
}

static void take_token(struct world *w, const char *json)
{
    const char *at = strstr(json, "Token\":\"");

    if (at != NULL) {
        (void)snprintf(w->setup_token, sizeof w->setup_token, "%.*s",
                       (int)strcspn(at + 8, "\""), at + 8);
    }
}

static void notified(struct world *w, struct actor *a, const struct cs_action *act)
{
    char json[1024];

    (void)snprintf(json, sizeof json, "%.*s", (int)act->data_len,
                   (const char *)act->data);
    if (strcmp(act->text, "setup-token") == 0) {
        take_token(w, json);
    }
    check_notify(w, a, act->text, json);
}

static void env_act(void *ctx, struct cs_action *act)
{
    struct actor *a = ctx;
    struct world *w = the_world;

    switch (act->type) {
    case CS_ACT_CONNECT:
        net_connect(w, a, act);
        break;
    case CS_ACT_SEND:
        net_send(w, a, act);
        break;
    case CS_ACT_CLOSE:
        net_close(w, a, act);
        break;
    case CS_ACT_REPLY:
        take_reply(w, act);
        break;
    case CS_ACT_ANSWER:
        break;
    case CS_ACT_ASK:
        approver_ask(w, a, act);
        break;
    case CS_ACT_JOB:
        act->job->run(act->job);
        world_at(w, w->now + rng_below(&w->rng, 6), on_job, act->job,
                 (uint64_t)a->index, a->life);
        act->job = NULL;
        break;
    case CS_ACT_CALL: /* its webhooks have no world here */
        break;
    case CS_ACT_NOTIFY:
        notified(w, a, act);
        break;
    case CS_ACT_EXIT:
        world_at(w, w->now, on_exit_action, a, a->life, act->err);
        break;
    }
}

/* ---- life ------------------------------------------------------------------------ */

void actor_event(struct world *w, int index, struct cs_event *ev)
{
    struct actor *a = &w->actors[index];

    the_world = w;
    evil_acting(index);
    if (a->is_alive) {
        cs_runner_event(&a->runner, ev);
    } else if (ev->job != NULL) {
        ev->job->free(ev->job);
    }
    evil_acting(-1);
}

static enum cs_err new_node(struct world *w, struct actor *a, struct cs_why *why)
{
    struct cs_pairing_key pairing;
    struct cs_kek kek = {.seal = {NULL, 0}};
    struct cs_node_core_config cfg = {.kv = a->kv,
                                      .random = env_random,
                                      .random_ctx = a,
                                      .kek = &kek,
                                      .pairing = &pairing,
                                      .ask = approver_is_on(w)};

    memcpy(kek.key, w->kek[a->index], 32);
    CS_CHECK(cs_pairing_key_parse(&pairing, a->pairing, why));
    return cs_node_core_new(&a->node, &cfg, why);
}

static enum cs_err new_platform(struct actor *a, struct cs_why *why)
{
    static const uint8_t ca[] = {0x30, 0x03, 0x02, 0x01, 0x01};
    struct cs_platform_config cfg = {.kv = a->kv,
                                     .random = env_random,
                                     .random_ctx = a,
                                     .platform_url = "wss://sim/control",
                                     .relay_url = "wss://sim/relay",
                                     .ca_der = CS_SPAN_OF(ca)};

    return cs_platform_core_new(&a->platform, &cfg, why->text, sizeof why->text);
}

void actor_start(struct world *w, int index)
{
    struct actor *a = &w->actors[index];
    struct cs_env env = {.ctx = a,
                         .random = env_random,
                         .now_ms = env_now,
                         .wall_ms = env_wall,
                         .arm = env_arm,
                         .commit = env_commit,
                         .drop_batch = env_drop,
                         .act = env_act};
    struct cs_event ev = {.type = CS_EV_START};
    struct cs_why why = {""};
    enum cs_err err;

    the_world = w;
    cs_kv_mem_heal(a->kv);
    err = index == SIM_PLATFORM ? new_platform(a, &why) : new_node(w, a, &why);
    if (err != CS_OK) {
        violate(w, "actor %d does not start: %s (%s)", index, why.text,
                cs_err_name(err));
        return;
    }
    a->life++;
    a->is_alive = true;
    a->started = true;
    a->exit_err = CS_OK;
    a->armed = UINT64_MAX;
    a->commit_busy = 0;
    a->commit_told = 0;
    a->commit_err = CS_OK;
    cs_runner_init(&a->runner,
                   index == SIM_PLATFORM ? cs_platform_core_iface(a->platform)
                                         : cs_node_core_iface(a->node),
                   env);
    actor_event(w, index, &ev);
}

static void end_life(struct actor *a)
{
    a->is_alive = false;
    cs_runner_wipe(&a->runner);
    cs_node_core_free(a->node);
    cs_platform_core_free(a->platform);
    a->node = NULL;
    a->platform = NULL;
}

void actor_crash(struct world *w, int index)
{
    struct actor *a = &w->actors[index];

    if (a->is_alive) {
        end_life(a);
        a->crashes++;
        net_actor_gone(w, index);
        if (index == SIM_PLATFORM && w->http_waiting != 0) {
            w->http_waiting = 0; /* the client sees its connection break */
            w->http_status = 0;
        }
    }
}

void actor_stop_all(struct world *w)
{
    for (int i = 0; i < SIM_ACTORS; i++) {
        if (w->actors[i].is_alive) {
            end_life(&w->actors[i]);
        }
    }
}
