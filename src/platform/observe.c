#include "platform/observe.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/os/clock.h"
#include "base/os/process.h"
#include "base/prom.h"
#include "net/watch.h"
#include "platform/core/api.h"
#include "store/lmdb/kv_lmdb.h"

enum {
    STARTED_MAX = 4096, /* requests whose beginning is known: power of two */
    CLASS_LEN = 32,
    CLASSES_MAX = 48, /* the route table has fewer; the last one takes the rest */
    STATUS_CLASSES = 6,
};

struct started {
    uint64_t http_id, at_ms;
    char remote[48];
};

struct class
{
    char name[CLASS_LEN];
    uint64_t by_status[STATUS_CLASSES]; /* of status / 100 */
    struct cs_hist took;
};

struct cs_observe {
    struct cs_observe_config cfg;
    char dir[512];
    struct cs_watch watch;
    struct cs_os_process *process;
    struct started started[STARTED_MAX];
    struct class classes[CLASSES_MAX];
    size_t n_classes;
    void (*stopped)(void *ctx);
    void *stopped_ctx;
};

/* ---- requests ---------------------------------------------------------- */

void cs_platform_observe_request(struct cs_observe *o, const struct cs_http_req *req)
{
    struct started *s = &o->started[req->id % STARTED_MAX];

    s->http_id = req->id;
    s->at_ms = cs_os_now_ms();
    (void)snprintf(s->remote, sizeof s->remote, "%s", req->remote);
}

static struct class *class_of(struct cs_observe *o, const char *name)
{
    for (size_t i = 0; i < o->n_classes; i++) {
        if (strcmp(o->classes[i].name, name) == 0) {
            return &o->classes[i];
        }
    }
    if (o->n_classes < CLASSES_MAX) {
        (void)snprintf(o->classes[o->n_classes].name, CLASS_LEN, "%s", name);
        return &o->classes[o->n_classes++];
    }
    return &o->classes[CLASSES_MAX - 1];
}

/* Every class there is, so that the first request of one that ends in 5xx is a rise of
 * a series that was there: an alert does not see one that begins at 1. */
static void all_classes(struct cs_observe *o)
{
    const struct cs_route *r;
    char name[CLASS_LEN];

    for (size_t i = 0; (r = cs_route_at(i)) != NULL; i++) {
        cs_platform_route_class(name, sizeof name, r->pattern);
        (void)class_of(o, name);
    }
    (void)class_of(o, "other");
}

/* What changes nothing and went well is not worth a line at every look of a console. */
static enum cs_log_level level_of(const char *method, int status)
{
    return status < 400 && (method[0] == '\0' || strcmp(method, "GET") == 0)
               ? CS_LOG_DEBUG
               : CS_LOG_INFO;
}

static void log_line(const struct cs_platform_request *r, uint64_t http_id, int status,
                     size_t bytes, uint64_t ms, const char *remote)
{
    cs_log(level_of(r->method, status), "net",
           "request" CS_F("id", "%llu") CS_F("method", "%s") CS_F("route", "%s")
               CS_F("status", "%d") CS_F("ms", "%llu") CS_F("bytes", "%zu")
                   CS_F("actor", "%s:%s") CS_F("from", "%s"),
           (unsigned long long)http_id, r->method[0] != '\0' ? r->method : "-",
           r->pattern[0] != '\0' ? r->pattern : "-", status, (unsigned long long)ms,
           bytes, r->kind, r->actor[0] != '\0' ? r->actor : "-", remote);
}

void cs_platform_observe_reply(struct cs_observe *o, uint64_t http_id, int status,
                               size_t bytes)
{
    const struct started *s = &o->started[http_id % STARTED_MAX];
    const struct cs_platform_core *core = o->cfg.core(o->cfg.ctx);
    bool known = s->http_id == http_id;
    uint64_t ms = known ? cs_os_now_ms() - s->at_ms : 0;
    struct cs_platform_request r = {.method = "", .pattern = "", .kind = "none"};
    char name[CLASS_LEN];
    struct class *c;

    if (core != NULL) {
        (void)cs_platform_core_request(core, http_id, &r);
    }
    cs_platform_route_class(name, sizeof name, r.pattern);
    c = class_of(o, name);
    c->by_status[status >= 100 && status < 600 ? status / 100 : 0]++;
    if (known && !r.waits) {
        cs_hist_add(&c->took, ms);
    }
    log_line(&r, http_id, status, bytes, ms, known ? s->remote : "");
}

/* ---- metrics ----------------------------------------------------------- */

static void gauge(struct cs_wr *w, const char *name, const char *help, uint64_t v)
{
    cs_prom_family(w, name, CS_PROM_GAUGE, help);
    cs_prom_u64(w, name, NULL, v);
}

static void counter(struct cs_wr *w, const char *name, const char *help, uint64_t v)
{
    cs_prom_family(w, name, CS_PROM_COUNTER, help);
    cs_prom_u64(w, name, NULL, v);
}

static bool is_ready(const struct cs_observe *o)
{
    return strcmp(o->cfg.state(o->cfg.ctx), "READY") == 0;
}

/* One series for every state there is, so that none appears or goes. */
static void write_state(struct cs_wr *w, const struct cs_observe *o)
{
    static const char *const states[] = {"STARTING", "WAITING_FOR_SPACE", "READY",
                                         "DRAINING"};
    const char *is = o->cfg.state(o->cfg.ctx);
    char labels[64];

    cs_prom_family(w, "cloudsign_platform_build_info", CS_PROM_GAUGE,
                   "Version of the program.");
    cs_prom_u64(w, "cloudsign_platform_build_info", "version=\"" CS_VERSION "\"", 1);
    gauge(w, "cloudsign_platform_ready", "1: serves, as /readyz says.", is_ready(o));
    cs_prom_family(w, "cloudsign_platform_state", CS_PROM_GAUGE,
                   "1: the state of the platform.");
    for (size_t i = 0; i < CS_COUNTOF(states); i++) {
        (void)snprintf(labels, sizeof labels, "state=\"%s\"", states[i]);
        cs_prom_u64(w, "cloudsign_platform_state", labels, strcmp(states[i], is) == 0);
    }
}

/* Server errors have their series from the start: increase() misses a first one. */
static void write_requests(struct cs_wr *w, const struct cs_observe *o)
{
    char labels[96];

    cs_prom_family(w, "cloudsign_platform_requests_total", CS_PROM_COUNTER,
                   "Requests answered, by route and class of status.");
    for (size_t i = 0; i < o->n_classes; i++) {
        for (int k = 1; k < STATUS_CLASSES; k++) {
            if (o->classes[i].by_status[k] > 0 || k == 2 || k == 5) {
                (void)snprintf(labels, sizeof labels, "route=\"%s\",status=\"%dxx\"",
                               o->classes[i].name, k);
                cs_prom_u64(w, "cloudsign_platform_requests_total", labels,
                            o->classes[i].by_status[k]);
            }
        }
    }
    cs_prom_family(w, "cloudsign_platform_request_seconds", CS_PROM_HISTOGRAM,
                   "From a request's last byte to its answer's being durable; without "
                   "those that asked to wait.");
    for (size_t i = 0; i < o->n_classes; i++) {
        (void)snprintf(labels, sizeof labels, "route=\"%s\"", o->classes[i].name);
        cs_prom_hist(w, "cloudsign_platform_request_seconds", labels,
                     &o->classes[i].took);
    }
}

/* All series from the start: increase() misses a first one. */
static void write_hooks(struct cs_wr *w, const struct cs_platform_stats *s)
{
    static const char *const classes[CS_HOOK_FAILURES] = {
        "class=\"no_answer\"", "class=\"4xx\"", "class=\"5xx\"", "class=\"other\""};

    gauge(w, "cloudsign_platform_webhooks", "Webhooks.", s->hooks);
    gauge(w, "cloudsign_platform_webhook_waiting",
          "Deliveries of webhooks that wait, also those on their way.",
          s->hooks_waiting);
    cs_prom_family(w, "cloudsign_platform_webhook_oldest_seconds", CS_PROM_GAUGE,
                   "How long the first of them has waited; they are given up after a "
                   "day.");
    cs_prom_milli(w, "cloudsign_platform_webhook_oldest_seconds", NULL,
                  s->hook_oldest_ms);
    counter(w, "cloudsign_platform_webhook_delivered_total",
            "Deliveries that an endpoint has answered with 2xx.", s->hook_delivered);
    cs_prom_family(w, "cloudsign_platform_webhook_failures_total", CS_PROM_COUNTER,
                   "Attempts at a delivery that failed, by what came back.");
    for (size_t i = 0; i < CS_HOOK_FAILURES; i++) {
        cs_prom_u64(w, "cloudsign_platform_webhook_failures_total", classes[i],
                    s->hook_failed[i]);
    }
    cs_prom_family(w, "cloudsign_platform_webhook_lost_total", CS_PROM_COUNTER,
                   "Deliveries that failed for good: after a day, or at once since too "
                   "many waited.");
    cs_prom_u64(w, "cloudsign_platform_webhook_lost_total", "why=\"expired\"",
                s->hook_given_up);
    cs_prom_u64(w, "cloudsign_platform_webhook_lost_total", "why=\"queue_full\"",
                s->hook_turned_away);
}

static void write_core(struct cs_wr *w, const struct cs_platform_core *core)
{
    struct cs_platform_stats s = {0};

    if (core != NULL) {
        cs_platform_core_stats(core, &s);
    }
    write_hooks(w, &s);
    gauge(w, "cloudsign_platform_devices_paired",
          "Devices that are approved and enabled, online or not.", s.paired);
    gauge(w, "cloudsign_platform_viewers",
          "Consoles and programs on the socket of events.", s.viewers);
    gauge(w, "cloudsign_platform_connections", "WebSockets of nodes and viewers.",
          s.connections);
    gauge(w, "cloudsign_platform_devices_online", "Devices on the control channel.",
          s.control_online);
    gauge(w, "cloudsign_platform_relays_online", "Devices on the relay.",
          s.relay_online);
    gauge(w, "cloudsign_platform_outbox",
          "Commands that devices have not acknowledged, of those that were here.",
          s.outbox);
    gauge(w, "cloudsign_platform_waits", "Answers held back (?wait=).", s.waits);
    gauge(w, "cloudsign_platform_passwords_waiting",
          "Sign-ins that wait for their password's Argon2id.", s.passwords);
    gauge(w, "cloudsign_platform_tokens", "Live access tokens.", s.tokens);
    gauge(w, "cloudsign_platform_migrating",
          "1: records of an earlier version are being worked on.", s.is_migrating);
    counter(w, "cloudsign_platform_device_events_total", "Events of devices.",
            s.events);
    counter(w, "cloudsign_platform_commands_total", "Commands sent to devices.",
            s.commands_sent);
    counter(w, "cloudsign_platform_relay_frames_total",
            "Frames passed on by the relay.", s.relay_frames);
    counter(w, "cloudsign_platform_relay_dropped_total",
            "Frames dropped: no such peer, or above the rate.", s.relay_dropped);
}

static void write_commits(struct cs_wr *w, const struct cs_host *host)
{
    struct cs_host_stats s = {0};

    if (host != NULL) {
        cs_host_stats(host, &s);
    }
    cs_prom_family(w, "cloudsign_platform_commit_seconds", CS_PROM_HISTOGRAM,
                   "From a step's writes to their being durable.");
    cs_prom_hist(w, "cloudsign_platform_commit_seconds", NULL, &s.commits.latency);
    counter(w, "cloudsign_platform_commit_failures_total",
            "Writes that failed: full disk, input or output error.", s.commits.failed);
    gauge(w, "cloudsign_platform_steps_waiting", "Steps that wait for the disk.",
          s.steps_waiting);
    gauge(w, "cloudsign_platform_jobs_waiting", "Computations that wait for a worker.",
          s.jobs_waiting);
}

static void write_store(struct cs_wr *w, const struct cs_observe *o)
{
    struct cs_kv_lmdb_stat stat;
    struct cs_os_disk disk;

    if (cs_os_disk(&disk, o->dir, "data.mdb")) {
        gauge(w, "cloudsign_platform_store_file_bytes", "Space that the store takes.",
              disk.file_bytes);
        gauge(w, "cloudsign_platform_disk_free_bytes", "Free space of its file system.",
              disk.free_bytes);
        gauge(w, "cloudsign_platform_disk_size_bytes", "Size of its file system.",
              disk.total_bytes);
    }
    if (o->cfg.kv != NULL && cs_kv_lmdb_stat(o->cfg.kv, &stat) == CS_OK) {
        gauge(w, "cloudsign_platform_store_used_bytes",
              "Bytes of the store's pages in use.", stat.used_bytes);
        gauge(w, "cloudsign_platform_store_entries", "Records of the store.",
              stat.entries);
        counter(w, "cloudsign_platform_commits_total",
                "Commits since the store was made.", stat.last_txn);
        gauge(w, "cloudsign_platform_store_latched",
              "1: a write failed and nothing more is written.", stat.latched);
    }
}

void cs_platform_observe_metrics(const struct cs_observe *o, struct cs_wr *w)
{
    write_state(w, o);
    write_requests(w, o);
    write_core(w, o->cfg.core(o->cfg.ctx));
    write_commits(w, o->cfg.host(o->cfg.ctx));
    write_store(w, o);
    cs_watch_write_lag(w, &o->watch, "cloudsign_platform_loop_lag_seconds");
    cs_watch_write_process(w, o->process);
}

static void get(void *ctx, const char *path, struct cs_probe_reply *r)
{
    const struct cs_observe *o = ctx;
    const char *state = o->cfg.state(o->cfg.ctx);

    if (strcmp(path, "/healthz") == 0) {
        r->status = 200;
        cs_wr_str(&r->body, "ok\n");
    } else if (strcmp(path, "/readyz") == 0) {
        r->status = is_ready(o) ? 200 : 503;
        r->type = "application/json";
        cs_wr_printf(&r->body, "{\"ready\":%s,\"state\":\"%s\",\"reasons\":[%s%s%s]}\n",
                     is_ready(o) ? "true" : "false", state, is_ready(o) ? "" : "\"",
                     is_ready(o) ? "" : state, is_ready(o) ? "" : "\"");
    } else if (strcmp(path, "/metrics") == 0) {
        r->status = 200;
        r->type = CS_PROM_CONTENT_TYPE;
        cs_platform_observe_metrics(o, &r->body);
    }
}

/* ---- life -------------------------------------------------------------- */

static void gone(struct cs_watch *w)
{
    struct cs_observe *o = CS_CONTAINER_OF(w, struct cs_observe, watch);
    void (*stopped)(void *ctx) = o->stopped;
    void *ctx = o->stopped_ctx;

    cs_os_process_close(o->process);
    cs_free(o);
    if (stopped != NULL) {
        stopped(ctx);
    }
}

void cs_platform_observe_stop(struct cs_observe *o, void (*stopped)(void *ctx),
                              void *ctx)
{
    o->stopped = stopped;
    o->stopped_ctx = ctx;
    cs_watch_end(&o->watch, gone);
}

int cs_platform_observe_port(const struct cs_observe *o)
{
    return cs_watch_port(&o->watch);
}

enum cs_err cs_platform_observe_start(struct cs_observe **out,
                                      const struct cs_observe_config *cfg,
                                      const char *metrics_addr, struct cs_why *why)
{
    struct cs_observe *o = cs_alloc(sizeof *o);
    enum cs_err err;

    *out = NULL;
    if (o == NULL) {
        return CS_ERR_NOMEM;
    }
    o->cfg = *cfg;
    (void)snprintf(o->dir, sizeof o->dir, "%s", cfg->dir);
    o->process = cs_os_process_open();
    all_classes(o);
    err = cs_watch_start(&o->watch, cfg->loop, metrics_addr == NULL ? "" : metrics_addr,
                         get, o, why);
    if (err != CS_OK) {
        cs_platform_observe_stop(o, NULL, NULL);
        return err;
    }
    *out = o;
    return CS_OK;
}
