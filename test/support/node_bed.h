/* Node cores on the real runner, over memory: a played platform on their control
 * channels and an in-memory relay between them.  For unit tests of node/core.
 *
 *   struct bed b;
 *   bed_init(&b, 1);            // one node (node_trio.h: three in a quorum)
 *   bed_start(&b, 0);           // pairs, is approved, both channels come up
 *   .. bed_cmd, bed_evt, bed_advance, bed_kill ..
 *   bed_free(&b);
 *
 * Nothing waits: what actions cause is queued and delivered by bed_run; the clock moves
 * only in bed_advance.  Everything is in this header, since the support library does
 * not know the layers above base. */
#ifndef CS_TEST_NODE_BED_H
#define CS_TEST_NODE_BED_H

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/runner.h"
#include "base/text.h"
#include "crypto/group.h" /* cs_crypto_init */
#include "crypto/hash.h"
#include "crypto/identity.h"
#include "node/core/node_core.h"
#include "store/kv_mem.h"
#include "wire/control.h"
#include "wire/jsonx.h"
#include "wire/relay.h"

#define BED __attribute__((unused)) static

enum { BED_NODES = 3, BED_EVENTS = 8192, BED_HELD = 256 };
#define BED_WALL 1790000000000

struct bed;

struct bed_node {
    struct bed *b;
    int index;
    struct cs_kv *kv;
    struct cs_kek kek;
    struct cs_pairing_key pairing;
    bool no_pairing;          /* start without PAIRING_KEY */
    const char *platform_url; /* override */
    uint8_t (*peer_identities)[32];
    size_t n_peer_identities;
    uint8_t device[16], exporter[32];
    uint64_t rng;

    struct cs_node_core *core; /* NULL while it is down */
    struct cs_runner runner;
    uint64_t life, deadline;
    uint64_t control, relay; /* runner's numbers, 0: closed */
    bool exited;
    enum cs_err exit_err;

    bool hold;       /* commits wait for bed_release */
    bool hold_start; /* the same from the next start on */
    struct cs_kv_batch *held[BED_HELD];
    uint64_t held_seq[BED_HELD];
    size_t n_held;
    enum cs_err commit_err; /* the next commits fail with this */

    /* the platform's side */
    bool is_mute;           /* connects succeed, the platform says nothing */
    bool no_net, no_answer; /* connects fail, or never end */
    bool no_exporter;
    const char *refuse; /* reason instead of welcome */
    const char *approval, *enabled;
    bool no_ack;    /* events are not acknowledged */
    bool hold_jobs; /* workers do not finish before bed_release_jobs */
    struct cs_job *jobs[16];
    size_t n_jobs;
    struct cs_ctl_hello hello;
    uint8_t control_nonce[32], relay_nonce[32], relay_sig[64];
    size_t n_hellos, n_connects, n_status, n_acked;
    char acked[40]; /* id of the last command acknowledged */
    char answer[4096], state[24], url[CS_PAIRING_URL_MAX];
    struct cs_ctl_frame *evt[BED_EVENTS];
    size_t n_evt, n_sends;
};

struct bed_item {
    struct bed_item *next;
    int node;
    uint64_t life;
    struct cs_event ev;
    struct cs_wr bytes;
    bool is_commit;
    uint64_t seq;
};

struct bed {
    uint64_t now;
    size_t n;
    struct bed_node node[BED_NODES];
    struct bed_item *first, *last;
    uint64_t next_cmd;
    bool relay_down; /* carries nothing */
    /* false: the relay loses this frame.  It may change the bytes. */
    bool (*carry)(struct bed *b, int from, int to, struct cs_wr *envelope);
    /* Called around each core step: test_node_core_memory.c lets memory run out there.
     */
    void (*before_step)(struct bed *b, int node);
    void (*after_step)(struct bed *b);
    bool keep_sent;
    struct cs_wr sent; /* every frame, when kept */
    struct cs_wr said; /* all logs, notifies, statuses, answers of the nodes */
};

/* ---- inputs -------------------------------------------------------------------- */

BED void bed_random(void *ctx, uint8_t *out, size_t n)
{
    struct bed_node *a = ctx;

    for (size_t i = 0; i < n; i++) {
        uint64_t z = (a->rng += 0x9e3779b97f4a7c15U);

        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
        out[i] = (uint8_t)(z ^ (z >> 31));
    }
}

BED uint64_t bed_now(void *ctx)
{
    return ((struct bed_node *)ctx)->b->now;
}

BED int64_t bed_wall(void *ctx)
{
    return BED_WALL + (int64_t)((struct bed_node *)ctx)->b->now;
}

BED void bed_step_over(struct bed_node *a)
{
    if (a->b->after_step != NULL) {
        a->b->after_step(a->b);
    }
}

BED void bed_arm(void *ctx, uint64_t deadline)
{
    bed_step_over(ctx);
    ((struct bed_node *)ctx)->deadline = deadline;
}

/* ---- queue
 * --------------------------------------------------------------------------- */

BED struct bed_item *bed_put(struct bed *b, int node, enum cs_event_type type)
{
    struct bed_item *it = calloc(1, sizeof *it);

    assert_non_null(it);
    it->node = node;
    it->life = b->node[node].life;
    it->ev.type = type;
    if (b->last == NULL) {
        b->first = it;
    } else {
        b->last->next = it;
    }
    b->last = it;
    return it;
}

BED void bed_put_message(struct bed_node *a, uint64_t conn, struct cs_span data)
{
    struct bed_item *it = bed_put(a->b, a->index, CS_EV_MESSAGE);

    it->ev.conn = conn;
    cs_wr_span(&it->bytes, data);
}

BED void bed_put_frame(struct bed_node *a, const struct cs_ctl_frame *f)
{
    struct cs_wr w = {0};

    cs_ctl_encode(&w, f);
    bed_put_message(a, a->control, cs_wr_get(&w));
    cs_wr_free(&w);
}

/* ---- disk
 * ---------------------------------------------------------------------------- */

BED void bed_write(struct bed_node *a, struct cs_kv_batch *batch, uint64_t seq)
{
    struct bed_item *it = bed_put(a->b, a->index, CS_EV_TIME);

    it->is_commit = true;
    it->seq = seq;
    it->ev.err = a->commit_err != CS_OK ? a->commit_err
                                        : a->kv->ops->commit(a->kv, batch);
    cs_kv_batch_free(batch);
}

BED void bed_commit(void *ctx, struct cs_kv_batch *batch, uint64_t seq)
{
    struct bed_node *a = ctx;

    bed_step_over(a);
    if (a->hold) {
        assert_true(a->n_held < BED_HELD);
        a->held[a->n_held] = batch;
        a->held_seq[a->n_held++] = seq;
    } else {
        bed_write(a, batch, seq);
    }
}

BED void bed_drop(void *ctx, struct cs_kv_batch *batch)
{
    (void)ctx;
    cs_kv_batch_free(batch);
}

/* ---- the platform
 * ---------------------------------------------------------------------- */

BED void bed_fill(struct bed_node *a, uint8_t *out, size_t n)
{
    bed_random(a, out, n);
}

BED void bed_connected(struct bed_node *a, const struct cs_action *act)
{
    struct cs_ctl_frame f = {.type = CS_CTL_CHALLENGE};
    struct cs_relay_frame r = {.type = CS_RELAY_CHALLENGE};
    struct cs_wr w = {0};
    struct bed_item *it;

    a->n_connects++;
    if (act->channel == CS_CHANNEL_CONTROL) {
        (void)snprintf(a->url, sizeof a->url, "%s", act->text);
    }
    if (a->no_answer) {
        return;
    }
    it = bed_put(a->b, a->index, a->no_net ? CS_EV_CONN_DOWN : CS_EV_CONN_UP);
    it->ev.conn = act->conn;
    it->ev.err = CS_ERR_CONN;
    it->ev.exporter = CS_SPAN(a->exporter, a->no_exporter ? 0 : sizeof a->exporter);
    if (a->no_net) {
        return;
    }
    if (act->channel == CS_CHANNEL_CONTROL) {
        a->control = act->conn;
        bed_fill(a, a->control_nonce, 32);
        memcpy(f.u.challenge.nonce, a->control_nonce, 32);
        if (!a->is_mute) {
            bed_put_frame(a, &f);
        }
        return;
    }
    a->relay = act->conn;
    bed_fill(a, a->relay_nonce, 32);
    r.body = CS_SPAN_OF(a->relay_nonce);
    cs_relay_encode(&w, &r);
    if (!a->is_mute) {
        bed_put_message(a, a->relay, cs_wr_get(&w));
    }
    cs_wr_free(&w);
}

BED void bed_hello(struct bed_node *a, const struct cs_ctl_hello *h)
{
    struct cs_ctl_frame f = {.type = CS_CTL_WELCOME};

    a->hello = *h;
    a->n_hellos++;
    if (a->refuse != NULL) {
        f.type = CS_CTL_REFUSED;
        (void)snprintf(f.u.refused.reason, sizeof f.u.refused.reason, "%s", a->refuse);
        (void)snprintf(f.u.refused.text, sizeof f.u.refused.text, "no");
    } else {
        (void)snprintf(f.u.welcome.approval_status, 32, "%s", a->approval);
        (void)snprintf(f.u.welcome.enabled_status, 32, "%s", a->enabled);
    }
    bed_put_frame(a, &f);
}

BED void bed_ack(struct bed_node *a, const char *id)
{
    struct cs_ctl_frame f = {.type = CS_CTL_ACK};

    (void)snprintf(f.id, sizeof f.id, "%s", id);
    bed_put_frame(a, &f);
}

BED void bed_got_evt(struct bed_node *a, struct cs_ctl_frame *f)
{
    assert_true(a->n_evt < BED_EVENTS);
    a->evt[a->n_evt++] = f;
    if (!a->no_ack) {
        bed_ack(a, f->id);
    }
}

BED void bed_from_control(struct bed_node *a, struct cs_span text)
{
    struct cs_ctl_frame *f = calloc(1, sizeof *f);
    char why[128];

    assert_non_null(f);
    if (cs_ctl_decode(f, text, CS_CTL_MAX, why, sizeof why) != CS_OK) {
        fail_msg("the node sent a bad frame: %s", why);
    }
    if (f->type == CS_CTL_EVT) {
        bed_got_evt(a, f);
        return;
    }
    if (f->type == CS_CTL_HELLO) {
        bed_hello(a, &f->u.hello);
    } else if (f->type == CS_CTL_ACK) {
        a->n_acked++;
        (void)snprintf(a->acked, sizeof a->acked, "%s", f->id);
    } else if (f->type == CS_CTL_STATUS) {
        a->n_status++;
        (void)snprintf(a->state, sizeof a->state, "%s", f->u.status.state);
        cs_wr_span(&a->b->said, text);
    }
    cs_ctl_free(f);
    free(f);
}

/* ---- the relay
 * --------------------------------------------------------------------------- */

BED void bed_relay_send(struct bed *b, int from, int to, struct cs_span envelope)
{
    struct cs_relay_frame f = {.type = CS_RELAY_DATA, .body = envelope};
    struct cs_wr w = {0};

    memcpy(f.id, b->node[from].device, 16);
    cs_relay_encode(&w, &f);
    bed_put_message(&b->node[to], b->node[to].relay, cs_wr_get(&w));
    cs_wr_free(&w);
}

BED void bed_route(struct bed_node *a, const struct cs_relay_frame *f)
{
    struct bed *b = a->b;
    struct cs_wr envelope = {0};

    cs_wr_span(&envelope, f->body);
    for (int i = 0; i < (int)b->n; i++) {
        if (memcmp(b->node[i].device, f->id, 16) == 0 && b->node[i].core != NULL &&
            b->node[i].relay != 0 && !b->relay_down &&
            (b->carry == NULL || b->carry(b, a->index, i, &envelope))) {
            bed_relay_send(b, a->index, i, cs_wr_get(&envelope));
        }
    }
    cs_wr_free(&envelope);
}

BED void bed_from_relay(struct bed_node *a, struct cs_span data)
{
    struct cs_relay_frame f, welcome = {.type = CS_RELAY_WELCOME};
    struct cs_wr w = {0};

    assert_int_equal(cs_relay_decode(&f, data), CS_OK);
    if (f.type == CS_RELAY_HELLO) {
        memcpy(a->relay_sig, f.body.p, 64);
        cs_relay_encode(&w, &welcome);
        bed_put_message(a, a->relay, cs_wr_get(&w));
        cs_wr_free(&w);
    } else {
        bed_route(a, &f);
    }
}

/* ---- actions
 * -------------------------------------------------------------------------------- */

BED void bed_say(struct bed *b, const void *p, size_t n)
{
    cs_wr_bytes(&b->said, p, n);
    cs_wr_u8(&b->said, '\n');
}

BED void bed_send(struct bed_node *a, const struct cs_action *act)
{
    struct cs_span data = CS_SPAN(act->data, act->data_len);

    a->n_sends++;
    if (a->b->keep_sent) {
        cs_wr_span(&a->b->sent, data);
    }
    if (act->conn == a->control && act->conn != 0) {
        bed_from_control(a, data);
    } else if (act->conn == a->relay && act->conn != 0) {
        bed_from_relay(a, data);
    }
}

BED void bed_close(struct bed_node *a, uint64_t conn)
{
    a->control = a->control == conn ? 0 : a->control;
    a->relay = a->relay == conn ? 0 : a->relay;
}

BED void bed_job(struct bed_node *a, struct cs_job *job)
{
    job->run(job);
    if (a->hold_jobs) {
        assert_true(a->n_jobs < 16);
        a->jobs[a->n_jobs++] = job;
    } else {
        bed_put(a->b, a->index, CS_EV_JOB_DONE)->ev.job = job;
    }
}

BED void bed_act(void *ctx, struct cs_action *act)
{
    struct bed_node *a = ctx;

    bed_step_over(a);
    switch (act->type) {
    case CS_ACT_CONNECT:
        bed_connected(a, act);
        break;
    case CS_ACT_SEND:
        bed_send(a, act);
        break;
    case CS_ACT_CLOSE:
        bed_close(a, act->conn);
        break;
    case CS_ACT_ANSWER:
        (void)snprintf(a->answer, sizeof a->answer, "%.*s", (int)act->data_len,
                       (const char *)act->data);
        bed_say(a->b, act->data, act->data_len);
        break;
    case CS_ACT_JOB:
        bed_job(a, act->job);
        act->job = NULL;
        break;
    case CS_ACT_NOTIFY:
        bed_say(a->b, act->data, act->data_len);
        break;
    case CS_ACT_EXIT:
        a->exited = true;
        a->exit_err = act->err;
        break;
    case CS_ACT_REPLY:
        fail_msg("a node answers no HTTP");
    }
}

/* ---- running
 * ---------------------------------------------------------------------------------- */

BED void bed_event(struct bed_node *a, struct cs_event *ev)
{
    if (a->core != NULL && a->b->before_step != NULL) {
        a->b->before_step(a->b, a->index);
    }
    if (a->core != NULL) {
        cs_runner_event(&a->runner, ev);
        bed_step_over(a);
    } else if (ev->job != NULL) {
        ev->job->free(ev->job);
    }
}

BED void bed_deliver(struct bed *b, struct bed_item *it)
{
    struct bed_node *a = &b->node[it->node];
    bool alive = a->core != NULL && a->life == it->life;

    it->ev.data = cs_wr_get(&it->bytes);
    if (alive && it->is_commit) {
        cs_runner_committed(&a->runner, it->seq, it->ev.err);
    } else if (alive) {
        bed_event(a, &it->ev);
    } else if (it->ev.job != NULL) {
        it->ev.job->free(it->ev.job);
    }
    cs_wr_free(&it->bytes);
    free(it);
}

/* Delivers until nothing is on its way. */
BED void bed_run(struct bed *b)
{
    size_t guard = 0;

    while (b->first != NULL) {
        struct bed_item *it = b->first;

        b->first = it->next;
        b->last = b->first == NULL ? NULL : b->last;
        bed_deliver(b, it);
        if (++guard > 1000000) {
            fail_msg("the nodes never come to rest");
        }
    }
}

/* Lets ms pass, stopping at every deadline.  A core that wants to be woken again and
 * again at one moment would keep a real loop busy: refused. */
BED void bed_advance(struct bed *b, uint64_t ms)
{
    uint64_t until = b->now + ms, at;
    size_t wakes = 0;

    for (;;) {
        bed_run(b);
        at = UINT64_MAX;
        for (size_t i = 0; i < b->n; i++) {
            at = b->node[i].core != NULL && b->node[i].deadline < at
                     ? b->node[i].deadline
                     : at;
        }
        if (at > until) {
            break;
        }
        wakes = at > b->now ? 0 : wakes + 1;
        b->now = at > b->now ? at : b->now;
        if (wakes > 64) {
            fail_msg("a node wants to be woken for ever at %llu",
                     (unsigned long long)b->now);
        }
        for (size_t i = 0; i < b->n; i++) {
            struct cs_event ev = {.type = CS_EV_TIME};

            if (b->node[i].core != NULL && b->node[i].deadline <= b->now) {
                bed_event(&b->node[i], &ev);
            }
        }
    }
    b->now = until;
}

BED void bed_release(struct bed_node *a)
{
    a->hold = false;
    for (size_t i = 0; i < a->n_held; i++) {
        bed_write(a, a->held[i], a->held_seq[i]);
    }
    a->n_held = 0;
    bed_run(a->b);
}

BED void bed_release_jobs(struct bed_node *a)
{
    a->hold_jobs = false;
    for (size_t i = 0; i < a->n_jobs; i++) {
        bed_put(a->b, a->index, CS_EV_JOB_DONE)->ev.job = a->jobs[i];
    }
    a->n_jobs = 0;
    bed_run(a->b);
}

/* Only the oldest of what waits becomes durable. */
BED void bed_release_one(struct bed_node *a)
{
    assert_true(a->n_held > 0);
    bed_write(a, a->held[0], a->held_seq[0]);
    a->n_held--;
    memmove(a->held, a->held + 1, a->n_held * sizeof a->held[0]);
    memmove(a->held_seq, a->held_seq + 1, a->n_held * sizeof a->held_seq[0]);
    bed_run(a->b);
}

/* ---- life
 * -------------------------------------------------------------------------------------
 */

BED enum cs_err bed_try_start(struct bed *b, int i, struct cs_why *why)
{
    struct bed_node *a = &b->node[i];
    struct cs_env env = {.ctx = a,
                         .random = bed_random,
                         .now_ms = bed_now,
                         .wall_ms = bed_wall,
                         .arm = bed_arm,
                         .commit = bed_commit,
                         .drop_batch = bed_drop,
                         .act = bed_act};
    struct cs_node_core_config cfg = {.kv = a->kv,
                                      .random = bed_random,
                                      .random_ctx = a,
                                      .kek = &a->kek,
                                      .pairing = a->no_pairing ? NULL : &a->pairing,
                                      .peer_identities = a->peer_identities,
                                      .n_peer_identities = a->n_peer_identities,
                                      .platform_url = a->platform_url};
    struct cs_event ev = {.type = CS_EV_START};
    enum cs_err err = cs_node_core_new(&a->core, &cfg, why);

    if (err == CS_OK) {
        a->life++;
        a->deadline = UINT64_MAX;
        a->control = a->relay = 0;
        a->exited = false;
        a->exit_err = CS_OK;
        a->hold = a->hold_start;
        a->hold_start = false;
        cs_runner_init(&a->runner, cs_node_core_iface(a->core), env);
        bed_event(a, &ev);
        bed_run(b);
    }
    return err;
}

BED void bed_start(struct bed *b, int i)
{
    struct cs_why why = {""};

    if (bed_try_start(b, i, &why) != CS_OK) {
        fail_msg("node %d does not start: %s", i, why.text);
    }
}

/* As kill -9: what was committed stays, everything else is gone. */
BED void bed_kill(struct bed *b, int i)
{
    struct bed_node *a = &b->node[i];

    if (a->core != NULL) {
        cs_runner_wipe(&a->runner);
        cs_node_core_free(a->core);
        a->core = NULL;
    }
    for (size_t k = 0; k < a->n_held; k++) {
        cs_kv_batch_free(a->held[k]);
    }
    a->n_held = 0;
    for (size_t k = 0; k < a->n_jobs; k++) {
        a->jobs[k]->free(a->jobs[k]);
    }
    a->n_jobs = 0;
    a->hold_jobs = false;
    a->control = a->relay = 0;
    cs_kv_mem_heal(a->kv);
}

BED void bed_restart(struct bed *b, int i)
{
    bed_kill(b, i);
    bed_start(b, i);
}

BED void bed_log(void *ctx, enum cs_log_level level, const char *module,
                 const char *line)
{
    struct bed *b = ctx;

    (void)level;
    if (getenv("BED_LOG") != NULL) {
        (void)fprintf(stderr, "%8llu %s: %s\n", (unsigned long long)b->now, module,
                      line);
    }
    bed_say(b, line, strlen(line));
}

BED void bed_pairing(struct bed_node *a)
{
    struct cs_pairing_key *p = &a->pairing;

    cs_uuid_from_random(a->device);
    memcpy(p->device_raw, a->device, 16);
    (void)cs_uuid_text(p->device_id, a->device);
    (void)snprintf(p->platform_url, sizeof p->platform_url, "wss://bed/control");
    (void)snprintf(p->relay_url, sizeof p->relay_url, "wss://bed/relay");
    p->ca[0] = 0x30;
    p->ca_len = 1;
    bed_random(a, p->seed, 32);
}

BED void bed_init(struct bed *b, size_t n)
{
    memset(b, 0, sizeof *b);
    assert_int_equal(cs_crypto_init(), CS_OK);
    cs_log_set(bed_log, b, CS_LOG_TRACE);
    b->now = 1000;
    b->n = n;
    for (size_t i = 0; i < n; i++) {
        struct bed_node *a = &b->node[i];

        a->b = b;
        a->index = (int)i;
        a->rng = 0xbed0 + i * 0x10000000000U;
        a->kv = cs_kv_mem_new();
        assert_non_null(a->kv);
        a->approval = "APPROVED";
        a->enabled = "ENABLED";
        bed_random(a, a->kek.key, 32);
        bed_random(a, a->device, 16);
        bed_random(a, a->exporter, 32);
        bed_pairing(a);
    }
}

BED void bed_forget_evts(struct bed_node *a)
{
    for (size_t i = 0; i < a->n_evt; i++) {
        cs_ctl_free(a->evt[i]);
        free(a->evt[i]);
    }
    a->n_evt = 0;
}

BED void bed_free(struct bed *b)
{
    bed_run(b);
    for (size_t i = 0; i < b->n; i++) {
        bed_kill(b, (int)i);
        bed_forget_evts(&b->node[i]);
        b->node[i].kv->ops->close(b->node[i].kv);
    }
    bed_run(b); /* frees what was on its way */
    cs_wr_free(&b->said);
    cs_wr_free(&b->sent);
    cs_log_set(NULL, NULL, CS_LOG_ERROR);
}

/* ---- talking to a node
 * --------------------------------------------------------------------------- */

/* A command with a fresh id (or the given one). */
BED void bed_cmd_id(struct bed *b, int i, struct cs_ctl_frame *f, const char *id)
{
    f->type = CS_CTL_CMD;
    (void)snprintf(f->id, sizeof f->id, "%s", id);
    bed_put_frame(&b->node[i], f);
    bed_run(b);
}

BED void bed_cmd(struct bed *b, int i, struct cs_ctl_frame *f)
{
    char id[40];

    (void)snprintf(id, sizeof id, "00000000-0000-4000-8000-%012llx",
                   (unsigned long long)++b->next_cmd);
    bed_cmd_id(b, i, f, id);
}

BED void bed_device(struct bed *b, int i, const char *approval, const char *enabled)
{
    struct cs_ctl_frame f = {.type = CS_CTL_DEVICE};

    b->node[i].approval = approval;
    b->node[i].enabled = enabled;
    (void)snprintf(f.u.welcome.approval_status, 32, "%s", approval);
    (void)snprintf(f.u.welcome.enabled_status, 32, "%s", enabled);
    bed_put_frame(&b->node[i], &f);
    bed_run(b);
}

/* The connection breaks. */
BED void bed_cut(struct bed *b, int i, enum cs_channel channel)
{
    struct bed_node *a = &b->node[i];
    uint64_t conn = channel == CS_CHANNEL_CONTROL ? a->control : a->relay;
    struct bed_item *it = bed_put(b, i, CS_EV_CONN_DOWN);

    it->ev.conn = conn;
    it->ev.err = CS_ERR_CONN;
    bed_close(a, conn);
    bed_run(b);
}

BED const char *bed_ask(struct bed *b, int i, const char *json)
{
    struct bed_item *it = bed_put(b, i, CS_EV_LOCAL);

    it->ev.conn = 7;
    b->node[i].answer[0] = '\0';
    cs_wr_str(&it->bytes, json);
    bed_run(b);
    return b->node[i].answer;
}

/* The nth event of a kind (1: the first), NULL when there are fewer. */
BED const struct cs_ctl_frame *bed_evt(const struct bed *b, int i,
                                       enum cs_ctl_kind kind, size_t nth)
{
    const struct bed_node *a = &b->node[i];

    for (size_t k = 0; k < a->n_evt; k++) {
        if (a->evt[k]->kind == kind && --nth == 0) {
            return a->evt[k];
        }
    }
    return NULL;
}

BED size_t bed_count(const struct bed *b, int i, enum cs_ctl_kind kind)
{
    size_t n = 0;

    while (bed_evt(b, i, kind, n + 1) != NULL) {
        n++;
    }
    return n;
}

BED const struct cs_ctl_frame *bed_last(const struct bed *b, int i,
                                        enum cs_ctl_kind kind)
{
    return bed_evt(b, i, kind, bed_count(b, i, kind));
}

/* The last *.failed or quorum.rejected event names this reason. */
#define BED_FAILED(b, i, kind, word)                                                   \
    do {                                                                               \
        const struct cs_ctl_frame *failed_ = bed_last((b), (i), (kind));               \
                                                                                       \
        assert_non_null(failed_);                                                      \
        assert_string_equal((kind) == CS_EVT_QUORUM_REJECTED                           \
                                ? failed_->u.quorum_rejected.reason                    \
                                : failed_->u.failed.reason,                            \
                            word);                                                     \
    } while (0)

#endif
