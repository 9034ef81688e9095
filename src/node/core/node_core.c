#include "node/core/core.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"

static void free_parts(struct cs_node_core *n)
{
    cs_nd_works_free(n);
    cs_nd_ecdsa_free(n); /* those that wait for a job */
    cs_nd_park_free(n);
    for (size_t i = 0; i < n->n_quorums; i++) {
        cs_nd_quorum_free(n->quorums[i]);
    }
    cs_nd_keys_free(n);
    cs_nd_devices_free(n);
    cs_frost_pool_free(n->pool);
    cs_nd_outbox_free(n);
    cs_link_out_free(&n->link_out);
    cs_nd_approvals_free(n);
    cs_ledger_free(&n->ledger);
    cs_journal_free(n->journal);
    cs_safe_free(n->safe);
    cs_db_free(n->db);
    cs_guard_free(n->id);
    cs_guard_free(n->pairing_seed);
    cs_free(n->peer_identities);
}

void cs_node_core_free(struct cs_node_core *n)
{
    if (n != NULL) {
        free_parts(n);
        cs_free_wiped(n, sizeof *n);
    }
}

enum cs_err cs_node_core_new(struct cs_node_core **out,
                             const struct cs_node_core_config *cfg, struct cs_why *why)
{
    struct cs_node_core *n = cs_alloc(sizeof *n);
    enum cs_err err;

    *out = NULL;
    if (n == NULL) {
        return cs_why(why, CS_ERR_NOMEM, "out of memory while starting");
    }
    err = cs_nd_boot_open(n, cfg, why);
    if (err != CS_OK) {
        cs_node_core_free(n);
        return err;
    }
    *out = n;
    return CS_OK;
}

struct cs_span cs_node_core_ca(const struct cs_node_core *n)
{
    return CS_SPAN(n->ca, n->ca_len);
}

enum cs_err cs_node_core_store_check(struct cs_node_core *n, bool begin, size_t max,
                                     uint64_t *records, bool *done, struct cs_why *why)
{
    if (begin) {
        cs_safe_check_begin(n->safe);
    }
    return cs_safe_check_some(n->safe, max, records, done, why);
}

const uint8_t *cs_node_core_fingerprint(const struct cs_node_core *n)
{
    return n->fingerprint;
}

const char *cs_node_core_device_id(const struct cs_node_core *n)
{
    return n->device_id;
}

/* ---- stepping -------------------------------------------------------------------- */

static void stop(struct cs_node_core *n)
{
    if (!n->draining) {
        cs_log(CS_LOG_INFO, "node", "stopping: %zu requests under way", n->n_works);
        n->draining = true;
        n->drain_until = n->now + DRAIN_MS;
        cs_nd_state_changed(n);
    }
}

/* Requests that this node only waits for do not hold the end up. */
static bool has_running_work(const struct cs_node_core *n)
{
    for (const struct work *w = n->works; w != NULL; w = w->next) {
        if (w->phase == WORK_RUNNING) {
            return true;
        }
    }
    return false;
}

static void finish_drain(struct cs_node_core *n)
{
    if (!n->draining || n->exited || (has_running_work(n) && n->now < n->drain_until)) {
        return;
    }
    n->exited = true;
    cs_nd_conn_drop(n, &n->control, CS_OK);
    cs_nd_conn_drop(n, &n->relay, CS_OK);
    cs_emit_exit(n->out, CS_OK);
}

static void on_time(struct cs_node_core *n)
{
    cs_nd_conn_time(n);
    cs_nd_park_time(n);
    cs_nd_links_time(n);
    cs_nd_approvals_time(n); /* before the works: a refusal says more than a timeout */
    cs_nd_works_time(n);
    cs_nd_notice_time(n);
    cs_nd_ot_time(n); /* after the works: they end setups, too */
    cs_nd_status_time(n);
    cs_nd_vouch_time(n); /* last: it goes with what the others have written */
    cs_frost_pool_expire(n->pool, n->now);
}

static void on_commit_failed(struct cs_node_core *n, enum cs_err err)
{
    cs_log(CS_LOG_ERROR, "store", "a commit failed: %s; nothing of it was sent",
           cs_err_text(err));
    n->latched = err;
    n->exited = true;
    cs_emit_exit(n->out, err);
}

static void dispatch(struct cs_node_core *n, const struct cs_event *ev)
{
    switch (ev->type) {
    case CS_EV_START:
        n->begun = true;
        cs_nd_boot_start(n);
        break;
    case CS_EV_TIME:
        break; /* below, after every event */
    case CS_EV_CONN_UP:
        cs_nd_conn_up(n, ev);
        break;
    case CS_EV_CONN_DOWN:
        cs_nd_conn_down(n, ev);
        break;
    case CS_EV_MESSAGE:
        cs_nd_conn_message(n, ev);
        break;
    case CS_EV_LOCAL:
        cs_nd_local(n, ev->conn, ev->data);
        break;
    case CS_EV_JOB_DONE:
        cs_nd_job_done(n, ev->job);
        break;
    case CS_EV_COMMIT_FAILED:
        on_commit_failed(n, ev->err);
        break;
    case CS_EV_STOP:
        stop(n);
        break;
    case CS_EV_CALLED:
        break; /* a node calls nobody */
    case CS_EV_VERDICT:
        cs_nd_verdict(n, ev->conn, ev->err, ev->data);
        break;
    case CS_EV_HTTP:
        break; /* a node serves none */
    }
}

/* Takes the step's writes; a step that could not be recorded must not act either. */
static void end_step(struct cs_node_core *n, struct cs_step *out)
{
    enum cs_err err = n->latched;

    if (err == CS_OK) {
        err = cs_safe_take_batch(n->safe, &out->batch);
    }
    if (err != CS_OK) {
        n->latched = err;
        n->exited = true;
        cs_step_clear(out);
        cs_emit_exit(out, err);
    }
}

static void node_step(void *self, const struct cs_event *ev, struct cs_step *out)
{
    struct cs_node_core *n = self;

    if (n->exited) { /* out is not kept: this step is the last to have it */
        if (ev->type == CS_EV_JOB_DONE) {
            ev->job->free(ev->job);
        }
        return;
    }
    n->now = ev->now_ms;
    n->wall = ev->wall_ms;
    n->out = out;
    n->wrote = false;
    dispatch(n, ev);
    if (n->begun && !n->exited &&
        n->latched == CS_OK) { /* else nothing of this step counts */
        on_time(n);
        finish_drain(n);
    }
    end_step(n, out);
    n->out = NULL;
}

static uint64_t min_u64(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t node_deadline(void *self)
{
    const struct cs_node_core *n = self;
    uint64_t d = min_u64(cs_nd_conn_deadline(n), n->status_at);

    if (n->exited) {
        return UINT64_MAX;
    }
    d = min_u64(d, cs_nd_links_deadline(n));
    d = min_u64(d, cs_nd_works_deadline(n));
    d = min_u64(d, cs_nd_approvals_deadline(n));
    d = min_u64(d, cs_nd_ot_deadline(n));
    d = min_u64(d, cs_nd_notice_deadline(n));
    d = min_u64(d, cs_nd_park_deadline(n));
    d = min_u64(d, cs_nd_vouch_deadline(n));
    return n->draining ? min_u64(d, n->drain_until) : d;
}

static void node_durable(void *self, uint64_t seq)
{
    cs_db_durable(((struct cs_node_core *)self)->db, seq);
}

struct cs_core cs_node_core_iface(struct cs_node_core *n)
{
    return (struct cs_core){n, node_step, node_deadline, node_durable};
}
