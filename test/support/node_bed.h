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

#include "support/node_bed_world.h"

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

/* ---- life ------------------------------------------------------------------------ */

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
                                      .platform_url = a->platform_url,
                                      .allow_blind = a->allow_blind,
                                      .ask = a->ask,
                                      .policy = a->policy};
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

/* As `cloudsign restore` with this very store, always in the same minute; the node is
 * down. */
BED void bed_restored(struct bed *b, int i)
{
    struct bed_node *a = &b->node[i];
    struct cs_node_core_config cfg = {
        .kv = a->kv, .random = bed_random, .random_ctx = a, .kek = &a->kek};
    struct cs_event ev = {.type = CS_EV_LOCAL,
                          .now_ms = b->now,
                          .wall_ms = BED_WALL,
                          .conn = 1,
                          .remote = "",
                          .data = CS_SPAN_LIT("{\"cmd\":\"store.restored\"}")};
    struct cs_node_core *n;
    struct cs_step step = {0};
    struct cs_why why = {""};
    struct cs_core core;

    assert_int_equal(cs_node_core_new(&n, &cfg, &why), CS_OK);
    core = cs_node_core_iface(n);
    core.step(core.self, &ev, &step);
    assert_non_null(step.batch);
    assert_int_equal(a->kv->ops->commit(a->kv, step.batch), CS_OK);
    cs_kv_batch_free(step.batch);
    cs_step_clear(&step);
    cs_node_core_free(n);
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
