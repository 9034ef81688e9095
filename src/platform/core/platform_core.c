#include "platform/core/platform_core.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/rd.h"
#include "platform/core/api.h"
#include "platform/core/assets.h"
#include "platform/core/audit.h"
#include "platform/core/countersign.h"
#include "platform/core/feed.h"
#include "platform/core/flows.h"
#include "platform/core/later.h"
#include "platform/core/local.h"
#include "platform/core/migrate.h"
#include "platform/core/seen.h"
#include "platform/core/session.h"
#include "platform/core/users.h"
#include "platform/core/wait.h"
#include "platform/core/webhooks.h"

enum { URL_MAX = 255, CA_MAX = 2048, CLOCK_JITTER_MS = 1000 };

/* ---- making ------------------------------------------------------------ */

static void limits_default(struct cs_platform_limits *l)
{
#define DEFAULT(field, value) l->field = l->field == 0 ? (value) : l->field
    DEFAULT(join_s, 3600);
    DEFAULT(sign_s, 300);
    DEFAULT(sign_attempt_s, 15);
    DEFAULT(key_s, 600);
    DEFAULT(key_attempt_s, 90);
    DEFAULT(pairing_s, 86400);
    DEFAULT(token_s, 3600);
    DEFAULT(idempotency_s, 86400);
    DEFAULT(max_answers, 100000);
    DEFAULT(max_devices, 10000);
    DEFAULT(max_quorums, 10000);
    DEFAULT(max_credentials, 1000);
    DEFAULT(max_users, 1000);
    DEFAULT(max_vaults, 100000);
    DEFAULT(max_wallets, 1000000);
    DEFAULT(max_connections, 8192);
    DEFAULT(request_rate, 2000);
    DEFAULT(work_rate, 4000);
    DEFAULT(relay_rate, 20000);
#undef DEFAULT
}

static enum cs_err refuse(char *message, size_t len, enum cs_err err, const char *text)
{
    if (message != NULL && len > 0) {
        (void)snprintf(message, len, "%s", text);
    }
    return err;
}

static char *dup_text(const char *text)
{
    size_t n = strlen(text) + 1;
    char *copy = cs_alloc(n);

    if (copy != NULL) {
        memcpy(copy, text, n);
    }
    return copy;
}

/* They are written into pairing keys as they are, and nodes take no longer ones. */
static bool url_ok(const char *url)
{
    return (strncmp(url, "wss://", 6) == 0 || strncmp(url, "ws://", 5) == 0) &&
           strlen(url) <= URL_MAX && strpbrk(url, "\"\\ \t\r\n") == NULL;
}

static enum cs_err config_check(const struct cs_platform_config *cfg, char *m, size_t n)
{
    if (cfg->kv == NULL || cfg->random == NULL) {
        return refuse(m, n, CS_ERR_CONFIG, "kv and random are required");
    }
    if (cfg->platform_url == NULL || cfg->relay_url == NULL ||
        !url_ok(cfg->platform_url) || !url_ok(cfg->relay_url)) {
        return refuse(m, n, CS_ERR_CONFIG,
                      "platform_url and relay_url must be wss:// URLs of at most 255 "
                      "characters, as nodes dial them");
    }
    if (cfg->ca_der.n == 0 || cfg->ca_der.n > CA_MAX) {
        return refuse(m, n, CS_ERR_CONFIG,
                      "ca_der must be the CA certificate (DER, at most 2048 bytes)");
    }
    return CS_OK;
}

/* Own copies of what is not text. */
static enum cs_err copy_hooks(struct cs_platform_core *core,
                              const struct cs_platform_config *cfg)
{
    uint8_t *key = cs_alloc(cfg->seal_key.n + 1);
    struct cs_callee_rule *rules = cs_alloc_array(cfg->n_hook_allow + 1,
                                                  sizeof rules[0]);

    core->cfg.seal_key = CS_SPAN(key, key == NULL ? 0 : cfg->seal_key.n);
    core->cfg.hook_allow = rules;
    if (key == NULL || rules == NULL) {
        return CS_ERR_NOMEM;
    }
    if (cfg->seal_key.n > 0) {
        memcpy(key, cfg->seal_key.p, cfg->seal_key.n);
    }
    if (cfg->n_hook_allow > 0) {
        memcpy(rules, cfg->hook_allow, cfg->n_hook_allow * sizeof rules[0]);
    }
    return CS_OK;
}

static enum cs_err config_copy(struct cs_platform_core *core,
                               const struct cs_platform_config *cfg)
{
    uint8_t *ca = cs_alloc(cfg->ca_der.n);

    core->cfg = *cfg;
    core->cfg.seal_key = CS_SPAN(NULL, 0);
    core->cfg.hook_allow = NULL;
    limits_default(&core->cfg.limits);
    core->cfg.platform_url = dup_text(cfg->platform_url);
    core->cfg.relay_url = dup_text(cfg->relay_url);
    core->cfg.region = dup_text(cfg->region == NULL ? "local" : cfg->region);
    core->cfg.ca_der = CS_SPAN(ca, cfg->ca_der.n);
    core->buckets = cs_alloc_array(CS_PC_BUCKETS, sizeof core->buckets[0]);
    core->db = cs_db_new(cfg->kv);
    if (ca == NULL || core->cfg.platform_url == NULL || core->cfg.relay_url == NULL ||
        core->cfg.region == NULL || core->buckets == NULL || core->db == NULL) {
        return CS_ERR_NOMEM;
    }
    memcpy(ca, cfg->ca_der.p, cfg->ca_der.n);
    return copy_hooks(core, cfg);
}

/* "head": schema version and organisation; "seq": end of the reserved order numbers. */
static enum cs_err load_head(struct cs_platform_core *core, char *m, size_t n)
{
    struct cs_wr w = {0};
    enum cs_err err = cs_db_get(core->db, CS_PC_META, CS_SPAN_LIT("head"), &w);
    json_error_t e;
    json_t *head;

    if (err == CS_ERR_NOT_FOUND) {
        cs_wr_free(&w);
        return CS_OK;
    }
    head = err == CS_OK ? json_loadb((const char *)w.p, w.n, 0, &e) : NULL;
    cs_wr_free(&w);
    if (err == CS_OK && !json_is_object(head)) {
        err = refuse(m, n, CS_ERR_STORE_CORRUPT,
                     "the platform's head record is damaged");
    } else if (err == CS_OK && cs_js_num(head, "schema") > CS_PC_SCHEMA) {
        err = refuse(
            m, n, CS_ERR_STORE_VERSION,
            "the store was written by a newer cloudsign-platform: run that one");
    } else if (err == CS_OK) {
        core->is_set_up = json_object_get(head, "organizationId") != NULL;
        (void)snprintf(core->org_id, sizeof core->org_id, "%s",
                       cs_js_text(head, "organizationId"));
    }
    if (err == CS_OK) {
        err = cs_migrate_load(core, cs_js_num(head, "schema"));
        if (err == CS_ERR_STORE_CORRUPT) {
            (void)refuse(
                m, n, err,
                "the position of the store's migration is damaged: restore it");
        }
    }
    json_decref(head);
    return err;
}

static enum cs_err load_seq(struct cs_platform_core *core)
{
    struct cs_wr w = {0};
    enum cs_err err = cs_db_get(core->db, CS_PC_META, CS_SPAN_LIT("seq"), &w);
    struct cs_rd r = CS_RD(cs_wr_get(&w));

    if (err == CS_OK) {
        core->seq = cs_rd_u64(&r);
        err = cs_rd_end(&r) == CS_OK ? CS_OK : CS_ERR_STORE_CORRUPT;
    }
    core->seq_end = core->seq;
    cs_wr_free(&w);
    return err == CS_ERR_NOT_FOUND ? CS_OK : err;
}

static enum cs_err load_audit(struct cs_platform_core *core, char *m, size_t n)
{
    enum cs_err err = cs_audit_load(core);

    return err == CS_ERR_STORE_CORRUPT
               ? refuse(m, n, err,
                        "the audit log does not end in its head: the store was altered "
                        "or damaged, restore it")
               : err;
}

enum cs_err cs_platform_core_new(struct cs_platform_core **out,
                                 const struct cs_platform_config *cfg, char *message,
                                 size_t message_len)
{
    struct cs_platform_core *core;
    enum cs_err err;

    *out = NULL;
    CS_CHECK(config_check(cfg, message, message_len));
    core = cs_alloc(sizeof *core);
    if (core == NULL) {
        return refuse(message, message_len, CS_ERR_NOMEM, "out of memory");
    }
    (void)refuse(message, message_len, CS_OK, "the store cannot be read");
    CS_TRY(config_copy(core, cfg));
    core->pw_ops = CS_PASSWORD_OPS;
    core->pw_kib = CS_PASSWORD_KIB;
    cs_session_origin(core->origin, sizeof core->origin, core->cfg.platform_url);
    CS_TRY(load_head(core, message, message_len));
    CS_TRY(load_seq(core));
    CS_TRY(load_audit(core, message, message_len));
    CS_TRY(cs_feed_new(core));
    cs_pc_random(core, core->bucket_salt, sizeof core->bucket_salt);
    (void)refuse(message, message_len, CS_OK, "");
    *out = core;
out:
    if (err != CS_OK) {
        cs_platform_core_free(core);
    }
    return err;
}

static void text_free(const char *text)
{
    cs_free((void *)(uintptr_t)text); /* our own copy */
}

void cs_platform_core_free(struct cs_platform_core *core)
{
    if (core == NULL) {
        return;
    }
    cs_feed_free(core);
    cs_hooks_free(core);
    cs_pc_conn_free_all(core);
    cs_token_free_all(core);
    cs_pc_qset_free_all(core);
    cs_pc_wait_free(core);
    cs_audit_free(core);
    cs_later_free(core);
    cs_seen_free(core);
    cs_db_free(core->db);
    text_free(core->cfg.platform_url);
    text_free(core->cfg.relay_url);
    text_free(core->cfg.region);
    cs_free((void *)(uintptr_t)core->cfg.ca_der.p);
    cs_free_wiped((void *)(uintptr_t)core->cfg.seal_key.p, core->cfg.seal_key.n);
    cs_free((void *)(uintptr_t)core->cfg.hook_allow);
    cs_free(core->buckets);
    cs_free_wiped(core, sizeof *core);
}

/* ---- stepping ---------------------------------------------------------- */

static void reply_unavailable(struct cs_platform_core *core, const struct cs_event *ev)
{
    static const char body[] =
        "{\"code\":14,\"message\":\"the platform is stopping or its store failed: "
        "repeat the request later\",\"details\":[]}";

    if (ev->type == CS_EV_HTTP) {
        cs_emit_reply(core->out, ev->http->id, 503, "application/json",
                      CS_SPAN_LIT(body));
    }
}

static void handle(struct cs_platform_core *core, const struct cs_event *ev)
{
    switch (ev->type) {
    case CS_EV_START:
        cs_setup_start(core);
        cs_users_start(core);
        cs_hooks_start(core);
        cs_migrate_start(core);
        break;
    case CS_EV_HTTP:
        if (!cs_assets_serve(core, ev->http)) {
            cs_api_run(core, ev->http);
        }
        break;
    case CS_EV_CONN_UP:
        if (ev->channel == CS_CHANNEL_EVENTS) {
            cs_feed_up(core, ev);
        } else {
            cs_pc_conn_up(core, ev);
        }
        break;
    case CS_EV_CONN_DOWN:
        if (!cs_feed_down(core, ev->conn)) {
            cs_pc_conn_down(core, ev->conn);
        }
        break;
    case CS_EV_MESSAGE:
        if (!cs_feed_message(core, ev->conn)) {
            cs_pc_conn_message(core, ev);
        }
        break;
    case CS_EV_COMMIT_FAILED:
        core->broken = ev->err;
        break;
    case CS_EV_STOP:
        core->stopping = true;
        cs_pc_wait_end(core);
        cs_later_end(core);
        cs_feed_stop(core);
        cs_pc_conn_close_all(core);
        break;
    case CS_EV_JOB_DONE:
        if (!cs_hooks_job_done(core, ev->job)) {
            cs_later_done(core, ev->job);
        }
        break;
    case CS_EV_LOCAL:
        cs_local_question(core, ev);
        break;
    case CS_EV_CALLED:
        cs_hooks_called(core, ev);
        break;
    case CS_EV_TIME:
    case CS_EV_VERDICT:
        break;
    }
}

/* The step's writes, or the end: half a step must not leave. */
static void finish(struct cs_platform_core *core, const struct cs_event *ev)
{
    struct cs_kv_batch *batch = NULL;
    enum cs_err err;

    cs_countersign_settle(core, core->stopping);
    cs_pc_outbox_settle(core, core->stopping);
    err = core->broken;
    if (err == CS_OK) {
        err = cs_db_take_batch(core->db, &batch);
    }
    if (err == CS_OK) {
        core->out->batch = batch;
        return;
    }
    core->broken = err;
    cs_step_clear(core->out);
    cs_db_drop(core->db);
    reply_unavailable(core, ev);
    cs_log(CS_LOG_ERROR, "platform", "stopping: %s", cs_err_text(err));
    cs_emit_exit(core->out, err);
}

/* Deadlines are in wall time, since they outlive the process.  When the clock is set
 * back they must not all come late by as much, nor may records get times in a wrong
 * order: time goes on at half speed until the clock has caught up. */
static int64_t steady_wall(struct cs_platform_core *core, const struct cs_event *ev)
{
    int64_t slow;

    if (!core->is_slow && core->wall_ms - ev->wall_ms > CLOCK_JITTER_MS) {
        cs_log(CS_LOG_WARN, "platform",
               "the clock was set back by %lld s: time goes on slowly until it has "
               "caught up; a restart takes the new time at once",
               (long long)(core->wall_ms - ev->wall_ms) / 1000);
        core->is_slow = true;
        core->slow_wall = core->wall_ms;
        core->slow_now = ev->now_ms;
    }
    if (!core->is_slow) {
        return ev->wall_ms > core->wall_ms ? ev->wall_ms : core->wall_ms;
    }
    slow = core->slow_wall + (int64_t)((ev->now_ms - core->slow_now) / 2);
    core->is_slow = slow > ev->wall_ms;
    return core->is_slow ? slow : ev->wall_ms;
}

static void core_step(void *self, const struct cs_event *ev, struct cs_step *out)
{
    struct cs_platform_core *core = self;

    core->out = out;
    core->ev = ev;
    core->has_written = false;
    core->now_ms = ev->now_ms;
    core->wall_ms = steady_wall(core, ev);
    if (core->broken != CS_OK || core->stopping) {
        reply_unavailable(core, ev);
        if (ev->type == CS_EV_JOB_DONE) {
            ev->job->free(ev->job);
        }
        return;
    }
    cs_pc_qset_trim(core);
    if (ev->type != CS_EV_COMMIT_FAILED && ev->type != CS_EV_STOP) {
        cs_pc_timers_run(core); /* first, so that nobody sees what is over as alive */
        cs_pc_conn_tick(core);
        cs_feed_run(core);
        cs_pc_wait_run(core); /* after the timers: they may have ended a request */
        cs_migrate_run(core);
    }
    core->is_handling = true;
    handle(core, ev);
    core->is_handling = false;
    if (core->broken == CS_OK) {
        cs_feed_flush(core); /* what changed, to who wants to know */
        cs_hooks_run(core);
    }
    finish(core, ev);
    if (core->stopping && core->broken == CS_OK) {
        cs_emit_exit(out, CS_OK);
    }
    core->out = NULL;
    core->ev = NULL;
}

static uint64_t core_deadline(void *self)
{
    const struct cs_platform_core *core = self;
    uint64_t at = core->conns.n > 0 ? core->tick_at : UINT64_MAX;
    uint64_t timer, wait = cs_pc_wait_deadline(core);
    uint64_t migration = cs_migrate_deadline(core);

    if (core->broken != CS_OK || core->stopping) {
        return UINT64_MAX;
    }
    if (core->timer_next != INT64_MAX) {
        timer = core->timer_next <= core->wall_ms
                    ? core->now_ms
                    : core->now_ms + (uint64_t)(core->timer_next - core->wall_ms);
        at = timer < at ? timer : at;
    }
    at = core->n_late > 0 && core->late_ms < at ? core->late_ms : at;
    at = migration < at ? migration : at;
    at = cs_feed_deadline(core) < at ? cs_feed_deadline(core) : at;
    at = cs_hooks_deadline(core) < at ? cs_hooks_deadline(core) : at;
    return wait < at ? wait : at;
}

static void core_durable(void *self, uint64_t seq)
{
    struct cs_platform_core *core = self;

    cs_db_durable(core->db, seq);
}

struct cs_core cs_platform_core_iface(struct cs_platform_core *core)
{
    return (struct cs_core){.self = core,
                            .step = core_step,
                            .deadline = core_deadline,
                            .durable = core_durable};
}
