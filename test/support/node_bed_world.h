/* What is around the nodes of node_bed.h: clock, disk, played platform, relay, workers.
 * Included by it only. */
#ifndef CS_TEST_NODE_BED_WORLD_H
#define CS_TEST_NODE_BED_WORLD_H

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
    bool no_pairing; /* start without PAIRING_KEY */
    bool allow_blind;
    bool ask; /* somebody is asked; the test answers */
    const struct cs_policy *policy;
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
    uint64_t clock;     /* of the platform, in welcome */
    const char *approval, *enabled;
    bool no_ack;    /* events are not acknowledged */
    bool hold_jobs; /* workers do not finish before bed_release_jobs */
    struct cs_job *jobs[16];
    size_t n_jobs;
    struct cs_ctl_hello hello;
    uint8_t control_nonce[32], relay_nonce[32], relay_sig[64];
    size_t n_hellos, n_connects, n_status, n_acked;
    struct cs_ctl_backup backup;   /* of the last status */
    struct cs_ctl_audited audited; /* the last countersignature or refusal */
    size_t n_audited, n_commits;
    char acked[40]; /* id of the last command acknowledged */
    size_t n_asked;
    uint64_t asked;      /* id of the last ASK .. */
    char ask_json[8192]; /* .. and what it said */
    char answer[65536], state[24], url[CS_PAIRING_URL_MAX];
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
    a->n_commits++;
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
        f.u.welcome.time = a->clock;
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
        assert_true(f->u.status.has_backup);
        a->backup = f->u.status.backup;
        cs_wr_span(&a->b->said, text);
    } else if (f->type == CS_CTL_AUDITED) {
        a->n_audited++;
        a->audited = f->u.audited;
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

BED void bed_asked(struct bed_node *a, const struct cs_action *act)
{
    a->n_asked++;
    a->asked = act->conn;
    (void)snprintf(a->ask_json, sizeof a->ask_json, "%.*s", (int)act->data_len,
                   (const char *)act->data);
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
    case CS_ACT_ASK:
        bed_asked(a, act);
        break;
    case CS_ACT_REPLY:
        fail_msg("a node answers no HTTP");
        break;
    case CS_ACT_CALL:
        fail_msg("a node calls nobody");
    }
}

#endif
