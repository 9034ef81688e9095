#include "node/stopped.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/os/clock.h"
#include "node/settings.h"
#include "node/unseal.h"
#include "store/lmdb/kv_lmdb.h"
#include "store/safe.h"

enum { KMS_PATIENCE_MS = 60000 };

struct cs_stopped {
    struct cs_node_settings *settings; /* NULL: without a key */
    struct cs_kv *kv;
    struct cs_node_core *core;
    uint64_t seq; /* of the last batch */
};

/* Opening would make one. */
static bool has_file(const char *dir)
{
    int fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    struct stat st;
    bool missing = fd >= 0 && fstatat(fd, "data.mdb", &st, 0) != 0 && errno == ENOENT;

    if (fd >= 0) {
        (void)close(fd);
    }
    return !missing; /* whatever else is wrong, opening says it */
}

static enum cs_err open_kv(struct cs_stopped *s, const struct cs_node_config *cfg,
                           struct cs_why *why)
{
    struct cs_kv_lmdb_params p = {.dir = cfg->data_dir,
                                  .allow_any_fs = cfg->allow_unsafe_fs != 0};
    bool empty = true;

    if (has_file(cfg->data_dir)) {
        CS_CHECK(cs_kv_lmdb_open(&s->kv, &p, why));
        CS_CHECK(cs_kv_is_empty(s->kv, &empty));
    }
    return empty
               ? cs_why(why, CS_ERR_NOT_FOUND, "there is no store in %s", cfg->data_dir)
               : CS_OK;
}

/* ---- a store that a KMS seals ---------------------------------------------------- */

struct kms {
    struct cs_unseal *unseal;
    uv_timer_t patience;
    bool is_late;
    enum cs_err err;
    struct cs_why why;
};

static void on_unsealed(void *ctx, enum cs_err err, const struct cs_why *why)
{
    struct kms *k = ctx;

    k->unseal = NULL;
    k->err = err;
    k->why = *why;
    if (!uv_is_closing((uv_handle_t *)&k->patience)) {
        uv_close((uv_handle_t *)&k->patience, NULL);
    }
}

static void on_late(uv_timer_t *timer)
{
    struct kms *k = timer->data;

    k->is_late = true;
    cs_unseal_stop(k->unseal);
}

static enum cs_err run_kms(struct kms *k, uv_loop_t *loop,
                           const struct cs_unseal_config *cfg, struct cs_why *why)
{
    CS_CHECK(cs_unseal_new(&k->unseal, cfg, why));
    CS_ASSERT(uv_timer_init(loop, &k->patience) == 0);
    k->patience.data = k;
    CS_ASSERT(uv_timer_start(&k->patience, on_late, KMS_PATIENCE_MS, 0) == 0);
    k->err = cs_unseal_start(k->unseal, NULL, why);
    if (k->err != CS_OK) {
        cs_unseal_free(k->unseal);
        uv_close((uv_handle_t *)&k->patience, NULL);
        (void)uv_run(loop, UV_RUN_DEFAULT);
        return k->err;
    }
    (void)uv_run(loop, UV_RUN_DEFAULT); /* ends after on_unsealed */
    if (k->err != CS_OK) {
        *why = k->why;
        return k->err;
    }
    return k->is_late ? cs_why(why, CS_ERR_KMS_WAIT,
                               "the KMS did not give the store's key within %d s",
                               KMS_PATIENCE_MS / 1000)
                      : CS_OK;
}

static enum cs_err ask_kms(struct cs_stopped *s, const struct cs_node_config *cfg,
                           struct cs_why *why)
{
    struct kms k = {.err = CS_OK};
    uv_loop_t loop;
    struct cs_unseal_config unseal = {.loop = &loop,
                                      .kv = s->kv,
                                      .settings = s->settings,
                                      .aws_env = cfg->aws_env,
                                      .done = on_unsealed,
                                      .ctx = &k};
    enum cs_err err;

    if (uv_loop_init(&loop) != 0) {
        return cs_why(why, CS_ERR_OS, "cannot make an event loop");
    }
    err = run_kms(&k, &loop, &unseal, why);
    CS_ASSERT(uv_loop_close(&loop) == 0);
    return err;
}

static enum cs_err open_core(struct cs_stopped *s, const struct cs_node_config *cfg,
                             struct cs_why *why)
{
    struct cs_node_core_config core;

    CS_CHECK(cs_node_settings_new(&s->settings, cfg, why));
    if (!s->settings->has_kek) {
        CS_CHECK(ask_kms(s, cfg, why));
    }
    core = cs_node_settings_core(s->settings, s->kv);
    return cs_node_core_new(&s->core, &core, why);
}

static bool has_key(const struct cs_node_config *cfg)
{
    return cfg->db_key_hex != NULL || cfg->db_key != NULL || cfg->db_key_ref != NULL;
}

static enum cs_err open_any(struct cs_stopped **out, const char *copy,
                            const struct cs_node_config *cfg, struct cs_why *why)
{
    struct cs_stopped *s = cs_alloc(sizeof *s);
    enum cs_err err;

    *out = NULL;
    if (s == NULL) {
        return CS_ERR_NOMEM;
    }
    err = copy != NULL ? cs_kv_lmdb_open_copy(&s->kv, copy, why) : open_kv(s, cfg, why);
    if (err == CS_OK && has_key(cfg)) {
        err = open_core(s, cfg, why);
    }
    if (err != CS_OK) {
        cs_stopped_close(s);
        return err;
    }
    *out = s;
    return CS_OK;
}

enum cs_err cs_stopped_open(struct cs_stopped **out, const struct cs_node_config *cfg,
                            struct cs_why *why)
{
    return open_any(out, NULL, cfg, why);
}

enum cs_err cs_stopped_open_copy(struct cs_stopped **out, const char *path,
                                 const struct cs_node_config *cfg, struct cs_why *why)
{
    return open_any(out, path, cfg, why);
}

static enum cs_err take_answer(const struct cs_step *step, struct cs_wr *answer)
{
    for (const struct cs_action *a = step->first; a != NULL; a = a->next) {
        if (a->type == CS_ACT_ANSWER) {
            cs_wr_bytes(answer, a->data, a->data_len);
            return answer->err;
        }
    }
    return CS_ERR_STATE;
}

enum cs_err cs_stopped_ask(struct cs_stopped *s, struct cs_span question,
                           struct cs_wr *answer)
{
    struct cs_event ev = {.type = CS_EV_LOCAL,
                          .now_ms = cs_os_now_ms(),
                          .wall_ms = cs_os_wall_ms(),
                          .conn = 1,
                          .remote = "",
                          .data = question};
    struct cs_step step = {0};
    struct cs_core core;
    enum cs_err err = CS_OK;

    if (s->core == NULL) {
        return CS_ERR_STATE;
    }
    core = cs_node_core_iface(s->core);
    core.step(core.self, &ev, &step);
    if (step.batch != NULL) { /* durable first */
        err = s->kv->ops->commit(s->kv, step.batch);
        cs_kv_batch_free(step.batch);
        if (err == CS_OK && core.durable != NULL) {
            core.durable(core.self, ++s->seq);
        }
    }
    if (err == CS_OK) {
        err = take_answer(&step, answer);
    }
    cs_step_clear(&step);
    return err;
}

struct cs_kv *cs_stopped_kv(struct cs_stopped *s)
{
    return s->kv;
}

void cs_stopped_close(struct cs_stopped *s)
{
    if (s != NULL) {
        cs_node_core_free(s->core);
        cs_kv_close(s->kv);
        cs_node_settings_free(s->settings);
        cs_free(s);
    }
}
