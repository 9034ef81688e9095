#include "node/unseal.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/os/clock.h"
#include "base/os/random.h"
#include "kms/fields.h"
#include "node/sealer.h"
#include "store/safe.h"

struct cs_unseal {
    struct cs_unseal_config cfg;
    struct cs_aws_env *env;
    struct cs_sealer *sealer;
    struct cs_local_server *local;
    char device_id[CS_SAFE_DEVICE_MAX + 1];
    char text[sizeof((struct cs_why *)NULL)->text]; /* why it waits */
    struct cs_wr record; /* of an old store; empty: it is new */
    unsigned failures;
    uint64_t next_ms;
    bool ending;
    unsigned open;
    enum cs_err err;
    struct cs_why why;
};

/* ---- whose store, which key ------------------------------------------------------ */

static enum cs_err find_device(struct cs_unseal *u, bool *is_new, struct cs_why *why)
{
    const struct cs_node_settings *s = u->cfg.settings;
    enum cs_err err = cs_safe_peek_device(u->cfg.kv, u->device_id);

    *is_new = err == CS_ERR_NOT_FOUND;
    if (*is_new && !s->has_pairing) {
        return cs_why(why, CS_ERR_CONFIG,
                      "PAIRING_KEY is not set and the data directory is empty: set it "
                      "to the pairing key of this device from the console");
    }
    if (*is_new) {
        (void)snprintf(u->device_id, sizeof u->device_id, "%s", s->pairing.device_id);
        return CS_OK;
    }
    if (err != CS_OK) {
        return cs_why(why, err, "the store cannot be read: %s", cs_err_text(err));
    }
    if (s->has_pairing && strcmp(s->pairing.device_id, u->device_id) != 0) {
        return cs_why(why, CS_ERR_STORE_DEVICE,
                      "the store belongs to device %s, the pairing key to device %s; "
                      "give this device its own volume, or the pairing key of %s "
                      "(nothing was changed, and KMS was not asked)",
                      u->device_id, s->pairing.device_id, u->device_id);
    }
    return CS_OK;
}

/* An empty volume is a new store only when nothing at all is there. */
static enum cs_err check_empty(struct cs_unseal *u, struct cs_why *why)
{
    bool is_empty = false;

    CS_CHECK(cs_kv_is_empty(u->cfg.kv, &is_empty));
    return is_empty ? CS_OK
                    : cs_why(why, CS_ERR_STORE_CORRUPT,
                             "the store has records but no header; restore the volume "
                             "from a backup of this device");
}

static enum cs_err read_record(struct cs_unseal *u, struct cs_wr *record,
                               struct cs_why *why)
{
    CS_CHECK(cs_safe_peek_seal(u->cfg.kv, record, why));
    if (record->n == 0) {
        return cs_why(why, CS_ERR_STORE_KEY,
                      "the store of device %s has a hex key, not one of KMS; set "
                      "DB_ENCRYPTION_KEY_HEX instead of DB_ENCRYPTION_KEY_REF, and "
                      "use `cloudsign rekey` to change it (nothing was changed)",
                      u->device_id);
    }
    return CS_OK;
}

static void on_waiting(void *ctx, const char *text, uint32_t ms);
static void on_done(void *ctx, enum cs_err err, const struct cs_why *why);

static enum cs_err make_sealer(struct cs_unseal *u, struct cs_why *why)
{
    uint8_t fresh[CS_KMS_KEY_LEN];
    struct cs_sealer_config cfg = {.loop = u->cfg.loop,
                                   .ref = u->cfg.settings->db_key_ref,
                                   .device_id = u->device_id,
                                   .record = cs_wr_get(&u->record),
                                   .fresh_key = u->record.n == 0 ? fresh : NULL,
                                   .env = u->env,
                                   .waiting = on_waiting,
                                   .done = on_done,
                                   .ctx = u};
    enum cs_err err;

    cs_os_random(NULL, fresh, sizeof fresh);
    err = cs_sealer_new(&u->sealer, &cfg, why);
    cs_wipe(fresh, sizeof fresh);
    return err;
}

/* The machine alone, for what it says of the settings: the loop is not used yet. */
static enum cs_err check_settings(struct cs_unseal *u, struct cs_why *why)
{
    static const uint8_t none[CS_KMS_KEY_LEN] = {0};
    struct cs_seal_params p = {.ref = u->cfg.settings->db_key_ref,
                               .device_id = u->device_id,
                               .record = cs_wr_get(&u->record),
                               .fresh_key = u->record.n == 0 ? none : NULL,
                               .endpoint_url_kms = u->env->endpoint_url_kms,
                               .endpoint_url = u->env->cred.endpoint_url,
                               .env = u->env->cred};
    struct cs_seal *seal = NULL;

    CS_CHECK(cs_seal_new(&seal, &p, why));
    cs_seal_free(seal);
    return CS_OK;
}

static enum cs_err make(struct cs_unseal *u, struct cs_why *why)
{
    bool is_new = false;

    CS_CHECK(cs_aws_env_new(&u->env, u->cfg.aws_env, why));
    u->cfg.aws_env = NULL;
    CS_CHECK(find_device(u, &is_new, why));
    CS_CHECK(is_new ? check_empty(u, why) : read_record(u, &u->record, why));
    return check_settings(u, why);
}

enum cs_err cs_unseal_new(struct cs_unseal **out, const struct cs_unseal_config *cfg,
                          struct cs_why *why)
{
    struct cs_unseal *u = cs_alloc(sizeof *u);
    enum cs_err err;

    *out = NULL;
    if (u == NULL) {
        return CS_ERR_NOMEM;
    }
    u->cfg = *cfg;
    err = make(u, why);
    if (err != CS_OK) {
        cs_unseal_free(u);
        return err;
    }
    *out = u;
    return CS_OK;
}

static void drop(struct cs_unseal *u)
{
    cs_aws_env_free(u->env);
    cs_wr_free(&u->record);
    cs_free(u);
}

void cs_unseal_free(struct cs_unseal *u)
{
    if (u == NULL) {
        return;
    }
    if (u->sealer != NULL) {
        cs_sealer_close(u->sealer, NULL, NULL);
    }
    drop(u);
}

/* ---- questions meanwhile --------------------------------------------------------- */

json_t *cs_unseal_json(const struct cs_unseal *u)
{
    uint64_t now = cs_os_now_ms();
    uint64_t left = u->next_ms > now ? u->next_ms - now : 0;
    json_t *o = json_object();

    (void)json_object_set_new(
        o, "text",
        json_string(u->text[0] != '\0' ? u->text : "KMS is being asked")); /* or none */
    (void)json_object_set_new(o, "failures", json_integer((json_int_t)u->failures));
    (void)json_object_set_new(o, "nextInMs", json_integer((json_int_t)left));
    return o;
}

const char *cs_unseal_device(const struct cs_unseal *u)
{
    return u->device_id;
}

/* Read without a heap: another question may hold a key (rekey). */
static bool is_status(struct cs_span line)
{
    char cmd[32];
    struct cs_field f[] = {{"cmd", cmd, sizeof cmd, false}};

    return cs_fields_read(f, CS_COUNTOF(f), line) == CS_OK && f[0].is_found &&
           strcmp(cmd, "status") == 0;
}

static void on_question(void *ctx, uint64_t id, struct cs_span line)
{
    struct cs_unseal *u = ctx;
    struct cs_wr w = {0};

    if (is_status(line)) {
        u->cfg.status(u->cfg.ctx, &w);
    } else {
        cs_wr_str(&w, "{\"ok\":false,\"reason\":\"STATE\",\"text\":\"the node waits "
                      "for its KMS and has not opened its store: see its status\"}");
    }
    cs_local_server_answer(u->local, id, cs_wr_get(&w));
    cs_wr_free(&w);
}

/* ---- running --------------------------------------------------------------------- */

static void on_waiting(void *ctx, const char *text, uint32_t ms)
{
    struct cs_unseal *u = ctx;

    u->failures++;
    u->next_ms = cs_os_now_ms() + ms;
    (void)snprintf(u->text, sizeof u->text, "%s", text);
    cs_log(CS_LOG_WARN, "kms", "not ready: %s; next try in %u ms", text, ms);
}

static void part_closed(void *ctx)
{
    struct cs_unseal *u = ctx;
    void (*done)(void *, enum cs_err, const struct cs_why *) = u->cfg.done;
    void *done_ctx = u->cfg.ctx;
    struct cs_why why = u->why;
    enum cs_err err = u->err;

    if (--u->open == 0) {
        drop(u);
        done(done_ctx, err, &why);
    }
}

static void end(struct cs_unseal *u)
{
    if (u->ending) {
        return;
    }
    u->ending = true;
    u->open = 1U + (u->local != NULL);
    if (u->local != NULL) {
        cs_local_server_close(u->local, part_closed, u);
        u->local = NULL;
    }
    cs_sealer_close(u->sealer, part_closed, u);
    u->sealer = NULL;
}

static void on_done(void *ctx, enum cs_err err, const struct cs_why *why)
{
    struct cs_unseal *u = ctx;

    u->err = err;
    u->why = *why;
    if (err == CS_OK) {
        cs_node_settings_seal(u->cfg.settings, cs_sealer_key(u->sealer),
                              cs_sealer_record(u->sealer));
        cs_log(CS_LOG_INFO, "kms", "KMS opened the key of the store");
    } else {
        cs_log(CS_LOG_ERROR, "kms", "%s", why->text);
    }
    end(u);
}

enum cs_err cs_unseal_start(struct cs_unseal *u, const struct cs_local_socket *socket,
                            struct cs_why *why)
{
    struct cs_local_config local = {
        .loop = u->cfg.loop, .socket = socket, .question = on_question, .ctx = u};

    CS_CHECK(make_sealer(u, why));
    if (socket != NULL) {
        CS_CHECK(cs_local_server_new(&u->local, &local, why));
    }
    cs_sealer_start(u->sealer);
    return CS_OK;
}

void cs_unseal_stop(struct cs_unseal *u)
{
    end(u);
}
