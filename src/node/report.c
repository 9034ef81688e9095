/* The status object of a node in any state: the core's, and what the process knows. */
#include <jansson.h>
#include <string.h>
#include <unistd.h>

#include "base/os/process.h"
#include "net/host.h"
#include "node/observe.h"
#include "node/rules.h"
#include "store/lmdb/kv_lmdb.h"
#include "wire/jsonx.h"

static void put_u64(json_t *o, const char *name, uint64_t v)
{
    (void)json_object_set_new(o, name,
                              json_integer(v > INT64_MAX ? INT64_MAX : (json_int_t)v));
}

static json_t *process_json(const struct cs_node *n)
{
    struct cs_os_process_figures f;
    json_t *o = json_object();

    put_u64(o, "pid", (uint64_t)getpid());
    if (n->process == NULL) {
        return o;
    }
    cs_os_process_read(n->process, &f);
    put_u64(o, "rssBytes", f.rss_bytes);
    put_u64(o, "cpuMs", f.cpu_ms);
    put_u64(o, "openFiles", f.open_files);
    put_u64(o, "maxFiles", f.max_files);
    put_u64(o, "lockedMaxBytes", f.locked_max_bytes);
    return o;
}

static void add_commits(const struct cs_host *host, json_t *o)
{
    struct cs_host_stats s;

    if (host == NULL) {
        return;
    }
    cs_host_stats(host, &s);
    put_u64(o, "commits", s.commits.latency.count);
    put_u64(o, "commitsFailed", s.commits.failed);
    put_u64(o, "commitMeanMs",
            s.commits.latency.count == 0
                ? 0
                : s.commits.latency.sum_ms / s.commits.latency.count);
    put_u64(o, "stepsWaiting", s.steps_waiting);
}

static json_t *store_json(const struct cs_node *n)
{
    struct cs_kv_lmdb_stat stat;
    struct cs_os_disk disk;
    json_t *o = json_object();

    (void)json_object_set_new(o, "dir", json_string(n->settings->dir));
    if (cs_os_disk(&disk, n->settings->dir, "data.mdb")) {
        put_u64(o, "fileBytes", disk.file_bytes);
        put_u64(o, "freeBytes", disk.free_bytes);
        put_u64(o, "totalBytes", disk.total_bytes);
    }
    if (n->kv != NULL && cs_kv_lmdb_stat(n->kv, &stat) == CS_OK) {
        put_u64(o, "usedBytes", stat.used_bytes);
        put_u64(o, "entries", stat.entries);
        (void)json_object_set_new(o, "latched", json_boolean(stat.latched));
    }
    add_commits(n->keeper.host, o);
    return o;
}

/* Of the core; without one, its state alone. */
static json_t *core_json(const struct cs_node *n)
{
    struct cs_wr w = {0};
    const char *why = "";
    json_t *o = NULL;

    if (n->core != NULL) {
        cs_node_core_status(n->core, &w);
        if (cs_json_parse(&o, cs_wr_get(&w), w.n, &why) != CS_OK) {
            o = NULL; /* no memory */
        }
        cs_wr_free(&w);
        return o;
    }
    o = json_pack("{s:s,s:s}", "state", n->waits_for, "version", CS_VERSION);
    if (o != NULL && n->unseal != NULL) {
        (void)json_object_set_new(o, "deviceId",
                                  json_string(cs_unseal_device(n->unseal)));
        (void)json_object_set_new(o, "kms", cs_unseal_json(n->unseal));
    }
    return o;
}

void cs_node_report(const struct cs_node *n, struct cs_wr *w)
{
    json_t *o = core_json(n);

    if (o == NULL) {
        cs_wr_str(w, "{\"ok\":false,\"reason\":\"OUT_OF_MEMORY\",\"text\":\"out of "
                     "memory\"}");
        return;
    }
    (void)json_object_set_new(o, "store", store_json(n));
    (void)json_object_set_new(o, "process", process_json(n));
    (void)json_object_set_new(o, "metricsAddr", json_string(n->settings->metrics_addr));
    cs_json_write(w, o);
    json_decref(o);
}

void cs_node_facts(const struct cs_node *n, struct cs_wr *w)
{
    struct cs_wr status = {0};
    const char *why = "";
    json_t *o = json_pack("{s:b}", "ok", 1), *s = NULL;

    if (n->core != NULL) {
        struct cs_span ca = cs_node_core_ca(n->core);

        cs_node_core_status(n->core, &status);
        (void)json_object_set_new(o, "ca", cs_json_hex(ca.p, ca.n));
        if (cs_json_parse(&s, cs_wr_get(&status), status.n, &why) == CS_OK) {
            (void)json_object_set(o, "platformUrl", json_object_get(s, "platformUrl"));
            (void)json_object_set(o, "relayUrl", json_object_get(s, "relayUrl"));
        }
    }
    cs_json_write(w, o);
    json_decref(s);
    json_decref(o);
    cs_wr_free(&status);
}

static bool answer(const struct cs_node *n, struct cs_wr *w, struct cs_span line)
{
    const char *why = "", *cmd;
    json_t *o = NULL;
    bool mine = false;

    if (line.n > 256 || cs_json_parse(&o, line, 256, &why) != CS_OK) {
        return false; /* longer than any of ours */
    }
    cmd = json_string_value(json_object_get(o, "cmd"));
    if (cmd != NULL && json_object_size(o) == 1) {
        mine = true;
        if (strcmp(cmd, "status") == 0) {
            cs_node_report(n, w);
        } else if (strcmp(cmd, "doctor.facts") == 0) {
            cs_node_facts(n, w);
        } else {
            mine = false;
        }
    }
    json_decref(o);
    return mine;
}

bool cs_node_observe_question(struct cs_node *n, struct cs_host *host, uint64_t id,
                              struct cs_span line)
{
    struct cs_wr w = {0};
    bool mine = answer(n, &w, line);

    if (mine) {
        cs_host_answer(host, id, cs_wr_get(&w));
    }
    cs_wr_free(&w);
    return mine;
}

void cs_node_waiting_question(void *node, struct cs_wr *w, struct cs_span line)
{
    if (!cs_rules_answer(node, w, line) && !answer(node, w, line)) {
        cs_wr_str(w, "{\"ok\":false,\"reason\":\"STATE\",\"text\":\"the node is not "
                     "working now: it waits (see its status)\"}");
    }
}
