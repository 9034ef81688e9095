#include "node/observe.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/prom.h"
#include "net/watch.h"
#include "store/lmdb/kv_lmdb.h"

struct cs_node_observe {
    struct cs_node *node;
    struct cs_watch watch;
    void (*stopped)(struct cs_node *n);
};

/* ---- metrics
 * ------------------------------------------------------------------------------- */

static void gauge(struct cs_wr *w, const char *name, const char *help, uint64_t v)
{
    cs_prom_family(w, name, CS_PROM_GAUGE, help);
    cs_prom_u64(w, name, NULL, v);
}

static bool is_ready(const struct cs_node *n, struct cs_wr *w)
{
    if (n->core != NULL && !n->ending) {
        return cs_node_core_ready(n->core, w);
    }
    cs_wr_printf(w, "{\"ready\":false,\"state\":\"%s\",\"reasons\":[\"%s\"]}",
                 n->waits_for, n->waits_for);
    return false;
}

static void write_commits(struct cs_wr *w, const struct cs_host *host)
{
    struct cs_host_stats s = {0};

    if (host != NULL) {
        cs_host_stats(host, &s);
    }
    cs_prom_family(w, "cloudsign_commit_seconds", CS_PROM_HISTOGRAM,
                   "From a step's writes to their being durable.");
    cs_prom_hist(w, "cloudsign_commit_seconds", NULL, &s.commits.latency);
    cs_prom_family(w, "cloudsign_commit_failures_total", CS_PROM_COUNTER,
                   "Writes that failed: full disk, input or output error.");
    cs_prom_u64(w, "cloudsign_commit_failures_total", NULL, s.commits.failed);
    gauge(w, "cloudsign_steps_waiting", "Steps that wait for the disk.",
          s.steps_waiting);
    gauge(w, "cloudsign_jobs_waiting", "Computations that wait for a worker.",
          s.jobs_waiting);
}

static void write_store(struct cs_wr *w, const struct cs_node *n)
{
    struct cs_kv_lmdb_stat stat;
    struct cs_os_disk disk;

    if (cs_os_disk(&disk, n->settings->dir, "data.mdb")) {
        gauge(w, "cloudsign_store_file_bytes", "Space that the store takes.",
              disk.file_bytes);
        gauge(w, "cloudsign_disk_free_bytes", "Free space of its file system.",
              disk.free_bytes);
        gauge(w, "cloudsign_disk_size_bytes", "Size of its file system.",
              disk.total_bytes);
    }
    if (n->kv != NULL && cs_kv_lmdb_stat(n->kv, &stat) == CS_OK) {
        gauge(w, "cloudsign_store_used_bytes", "Bytes of the store's pages in use.",
              stat.used_bytes);
        gauge(w, "cloudsign_store_entries", "Records of the store.", stat.entries);
    }
}

/* One series for every state there is, so that none appears or goes. */
static void write_state(struct cs_wr *w, const struct cs_node *n)
{
    static const char *const states[] = {
        "STARTING", "WAITING_FOR_KMS", "WAITING_FOR_SPACE", "WAITING_APPROVAL", "READY",
        "DRAINING", "LATCHED"};
    struct cs_wr ready = {0};
    bool ok = is_ready(n, &ready);
    const char *text = (const char *)cs_wr_get(&ready).p;
    char labels[64], member[64];

    cs_prom_family(w, "cloudsign_build_info", CS_PROM_GAUGE, "Version of the program.");
    cs_prom_u64(w, "cloudsign_build_info", "version=\"" CS_VERSION "\"", 1);
    gauge(w, "cloudsign_ready", "1: may sign now, as /readyz says.", ok);
    cs_prom_family(w, "cloudsign_state", CS_PROM_GAUGE, "1: the state of the node.");
    for (size_t i = 0; i < CS_COUNTOF(states); i++) {
        (void)snprintf(labels, sizeof labels, "state=\"%s\"", states[i]);
        (void)snprintf(member, sizeof member, "\"state\":\"%s\"", states[i]);
        cs_prom_u64(w, "cloudsign_state", labels,
                    text != NULL &&
                        memmem(text, ready.n, member, strlen(member)) != NULL);
    }
    cs_wr_free(&ready);
}

static void write_metrics(const struct cs_node_observe *o, struct cs_wr *w)
{
    const struct cs_node *n = o->node;

    write_state(w, n);
    if (n->core != NULL) {
        cs_node_core_metrics(n->core, w);
    }
    write_commits(w, n->keeper.host);
    write_store(w, n);
    cs_watch_write_lag(w, &o->watch, "cloudsign_loop_lag_seconds");
    cs_watch_write_process(w, n->process);
}

static void get(void *ctx, const char *path, struct cs_probe_reply *r)
{
    const struct cs_node_observe *o = ctx;

    if (strcmp(path, "/healthz") == 0) {
        r->status = 200;
        cs_wr_str(&r->body, "ok\n");
    } else if (strcmp(path, "/readyz") == 0) {
        r->status = is_ready(o->node, &r->body) ? 200 : 503;
        r->type = "application/json";
        cs_wr_u8(&r->body, '\n');
    } else if (strcmp(path, "/metrics") == 0) {
        r->status = 200;
        r->type = CS_PROM_CONTENT_TYPE;
        write_metrics(o, &r->body);
    }
}

/* ---- life
 * ---------------------------------------------------------------------------------- */

static void gone(struct cs_watch *w)
{
    struct cs_node_observe *o = CS_CONTAINER_OF(w, struct cs_node_observe, watch);
    struct cs_node *n = o->node;
    void (*stopped)(struct cs_node * n) = o->stopped;

    cs_free(o);
    if (stopped != NULL) {
        stopped(n);
    }
}

enum cs_err cs_node_observe_start(struct cs_node *n, struct cs_why *why)
{
    struct cs_node_observe *o;
    enum cs_err err;

    if (n->settings->metrics_addr[0] == '\0') {
        return CS_OK;
    }
    o = cs_alloc(sizeof *o);
    if (o == NULL) {
        return CS_ERR_NOMEM;
    }
    o->node = n;
    err = cs_watch_start(&o->watch, n->loop, n->settings->metrics_addr, get, o, why);
    if (err != CS_OK) {
        cs_watch_end(&o->watch, gone);
        return err;
    }
    n->observe = o;
    return CS_OK;
}

void cs_node_observe_stop(struct cs_node *n, void (*stopped)(struct cs_node *n))
{
    struct cs_node_observe *o = n->observe;

    n->observe = NULL;
    if (o != NULL) {
        o->stopped = stopped;
        cs_watch_end(&o->watch, gone);
    } else if (stopped != NULL) {
        stopped(n);
    }
}
