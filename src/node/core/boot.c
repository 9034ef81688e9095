/* What a life of a node begins with: the store, the identity, the boot counter. */
#include "node/core/core.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/rd.h"
#include "base/text.h"
#include "wire/jsonx.h"

enum { SELF_VERSION = 1 };

#define KEY_IDENTITY CS_SPAN_LIT("identity")
#define KEY_BOOT     CS_SPAN_LIT("boot")
#define KEY_PLATFORM CS_SPAN_LIT("platform")

/* ---- writes that must not fail --------------------------------------------------- */

void cs_nd_fail(struct cs_node_core *n, enum cs_err err, const char *what)
{
    cs_log(CS_LOG_ERROR, "node", "%s: %s", what, cs_err_text(err));
    if (n->latched == CS_OK) {
        n->latched = err; /* node_core.c ends this life at the end of the step */
    }
}

void cs_nd_put(struct cs_node_core *n, uint8_t table, struct cs_span key,
               struct cs_span value)
{
    enum cs_err err = value.p == NULL ? CS_ERR_NOMEM : CS_OK;

    n->wrote = true;
    if (err == CS_OK) {
        err = cs_safe_put(n->safe, table, key, value);
    }
    if (err != CS_OK) {
        cs_nd_fail(n, err, "a record cannot be stored");
    }
}

void cs_nd_nest(struct cs_wr *w, const struct cs_wr *inner)
{
    if (inner->err != CS_OK && w->err == CS_OK) {
        w->err = inner->err; /* cs_nd_put refuses it then */
    }
    cs_wr_lp(w, cs_wr_get(inner));
}

void cs_nd_del(struct cs_node_core *n, uint8_t table, struct cs_span key)
{
    enum cs_err err = cs_safe_del(n->safe, table, key);

    n->wrote = true;
    if (err != CS_OK && err != CS_ERR_NOT_FOUND) {
        cs_nd_fail(n, err, "a record cannot be deleted");
    }
}

/* ---- identity -------------------------------------------------------------------- */

void cs_nd_save_identity(struct cs_node_core *n)
{
    struct cs_wr w = {0};

    cs_wr_u8(&w, SELF_VERSION);
    cs_wr_bytes(&w, n->id->ik_seed, 32);
    cs_wr_bytes(&w, n->id->sk_priv, 32);
    cs_wr_bytes(&w, n->id->local, 32);
    cs_wr_u8(&w, n->paired);
    cs_nd_put(n, TABLE_SELF, KEY_IDENTITY, cs_wr_get(&w));
    cs_wr_free(&w);
}

static enum cs_err load_identity(struct cs_node_core *n)
{
    struct cs_wr w = {0};
    enum cs_err err = cs_safe_get(n->safe, TABLE_SELF, KEY_IDENTITY, &w);
    struct cs_rd r = CS_RD(cs_wr_get(&w));

    if (err == CS_OK) {
        uint8_t version = cs_rd_u8(&r);

        cs_rd_copy(&r, n->id->ik_seed, 32);
        cs_rd_copy(&r, n->id->sk_priv, 32);
        cs_rd_copy(&r, n->id->local, 32);
        n->paired = cs_rd_u8(&r) == 1;
        err = cs_rd_end(&r) != CS_OK || version != SELF_VERSION ? CS_ERR_STORE_CORRUPT
                                                                : CS_OK;
        cs_identity_derive(n->id);
    }
    cs_wr_free(&w);
    return err;
}

static void make_identity(struct cs_node_core *n)
{
    uint8_t rnd[96];

    n->random(n->random_ctx, rnd, sizeof rnd);
    cs_identity_from_random(n->id, rnd);
    cs_wipe(rnd, sizeof rnd);
    n->fresh = true;
}

static void save_platform(struct cs_node_core *n)
{
    struct cs_wr w = {0};

    cs_wr_u8(&w, SELF_VERSION);
    cs_wr_lp(&w, CS_SPAN(n->platform_url, strlen(n->platform_url)));
    cs_wr_lp(&w, CS_SPAN(n->relay_url, strlen(n->relay_url)));
    cs_wr_lp(&w, CS_SPAN(n->ca, n->ca_len));
    cs_nd_put(n, TABLE_SELF, KEY_PLATFORM, cs_wr_get(&w));
    cs_wr_free(&w);
}

static void copy_text(char *out, size_t size, struct cs_span s)
{
    (void)snprintf(out, size, "%.*s", (int)s.n, s.p == NULL ? "" : (const char *)s.p);
}

/* Where the platform is, as remembered from the pairing key of an earlier start. */
static enum cs_err load_platform(struct cs_node_core *n)
{
    struct cs_wr w = {0};
    enum cs_err err = cs_safe_get(n->safe, TABLE_SELF, KEY_PLATFORM, &w);
    struct cs_rd r = CS_RD(cs_wr_get(&w));

    if (err == CS_OK) {
        struct cs_span ca;

        (void)cs_rd_u8(&r);
        copy_text(n->platform_url, sizeof n->platform_url,
                  cs_rd_lp(&r, CS_PAIRING_URL_MAX - 1));
        copy_text(n->relay_url, sizeof n->relay_url,
                  cs_rd_lp(&r, CS_PAIRING_URL_MAX - 1));
        ca = cs_rd_lp(&r, CS_PAIRING_CA_MAX);
        err = cs_rd_end(&r) == CS_OK ? CS_OK : CS_ERR_STORE_CORRUPT;
        if (err == CS_OK) {
            memcpy(n->ca, ca.p, ca.n);
            n->ca_len = ca.n;
        }
    }
    cs_wr_free(&w);
    return err;
}

void cs_nd_forget_pairing(struct cs_node_core *n)
{
    cs_guard_free(n->pairing_seed);
    n->pairing_seed = NULL;
}

static void use_pairing(struct cs_node_core *n, const struct cs_pairing_key *p)
{
    (void)snprintf(n->platform_url, sizeof n->platform_url, "%s", p->platform_url);
    (void)snprintf(n->relay_url, sizeof n->relay_url, "%s", p->relay_url);
    memcpy(n->ca, p->ca, p->ca_len);
    n->ca_len = p->ca_len;
    memcpy(n->pairing_seed, p->seed, 32);
}

/* ---- opening
 * -------------------------------------------------------------------------- */

static enum cs_err take_config(struct cs_node_core *n,
                               const struct cs_node_core_config *cfg)
{
    size_t ids = cfg->n_peer_identities * 32;

    n->random = cfg->random;
    n->random_ctx = cfg->random_ctx;
    n->allow_no_exporter = cfg->allow_no_exporter;
    n->allow_blind = cfg->allow_blind;
    n->policy = cfg->policy;
    n->ask = cfg->ask;
    n->metrics = cfg->metrics != NULL ? cfg->metrics : &n->own_metrics;
    (void)snprintf(n->version, sizeof n->version, "%s",
                   cfg->version == NULL ? CS_VERSION : cfg->version);
    n->id = cs_guard_new(sizeof *n->id);
    n->pairing_seed = cfg->pairing == NULL ? NULL : cs_guard_new(32);
    n->pool = cs_frost_pool_new(0);
    n->db = cs_db_new(cfg->kv);
    n->peer_identities = cs_alloc(ids);
    if (n->id == NULL || n->pool == NULL || n->db == NULL ||
        n->peer_identities == NULL ||
        (cfg->pairing != NULL && n->pairing_seed == NULL)) {
        return CS_ERR_NOMEM;
    }
    if (ids != 0) {
        memcpy(n->peer_identities, cfg->peer_identities, ids);
    }
    n->n_peer_identities = cfg->n_peer_identities;
    CS_ASSERT(cfg->n_recovery_keys <= CS_NODE_RECOVERY_KEYS_MAX);
    if (cfg->n_recovery_keys != 0) {
        memcpy(n->recovery_keys, cfg->recovery_keys, cfg->n_recovery_keys * 32);
    }
    n->n_recovery_keys = cfg->n_recovery_keys;
    return CS_OK;
}

/* The device a pairing key is for, or the one that an existing store belongs to. */
static enum cs_err find_device(struct cs_node_core *n,
                               const struct cs_node_core_config *cfg,
                               struct cs_why *why)
{
    char in_store[CS_SAFE_DEVICE_MAX + 1] = "";
    enum cs_err err = cs_safe_peek_device(cfg->kv, in_store);

    if (cfg->pairing != NULL) {
        (void)snprintf(n->device_id, sizeof n->device_id, "%s",
                       cfg->pairing->device_id);
    } else if (err == CS_ERR_NOT_FOUND) {
        return cs_why(
            why, CS_ERR_CONFIG,
            "PAIRING_KEY is not set and the data directory is empty: set it to "
            "the pairing key of this device from the console");
    } else if (err == CS_OK) {
        (void)snprintf(n->device_id, sizeof n->device_id, "%.36s", in_store);
    } else {
        return cs_why(why, err, "the store cannot be read: %s", cs_err_text(err));
    }
    if (cs_uuid_parse(n->device_raw, n->device_id) != CS_OK) {
        return cs_why(why, CS_ERR_STORE_CORRUPT, "the store names no valid device");
    }
    return CS_OK;
}

static enum cs_err open_safe(struct cs_node_core *n,
                             const struct cs_node_core_config *cfg, struct cs_why *why)
{
    struct cs_safe_params p = {.device_id = n->device_id,
                               .kek = cfg->kek,
                               .random = n->random,
                               .random_ctx = n->random_ctx};
    enum cs_err err = cs_safe_open(&n->safe, n->db, &p, why);

    if (err == CS_ERR_NOT_FOUND && cfg->pairing != NULL) {
        return cs_safe_create(&n->safe, n->db, &p, why);
    }
    return err;
}

static enum cs_err load_self(struct cs_node_core *n,
                             const struct cs_node_core_config *cfg)
{
    enum cs_err err = load_identity(n);

    if (err ==
        CS_ERR_NOT_FOUND) { /* new, or killed before its first step was durable */
        make_identity(n);
        err = CS_OK;
    }
    CS_CHECK(err);
    if (cfg->pairing == NULL) {
        return load_platform(n);
    }
    use_pairing(n, cfg->pairing);
    return CS_OK;
}

/* Overrides are for this start only: the store keeps what the pairing key said. */
static enum cs_err take_url(const char **use, char *own, const char *stored,
                            const char *given, struct cs_why *why)
{
    *use = stored;
    if (given == NULL) {
        return CS_OK;
    }
    if (strlen(given) >= CS_PAIRING_URL_MAX || !cs_pairing_url_ok(given)) {
        return cs_why(
            why, CS_ERR_CONFIG,
            "\"%s\" is not a URL of the platform: it must be wss://host[:port]"
            "[/path], at most %d characters",
            given, CS_PAIRING_URL_MAX - 1);
    }
    (void)snprintf(own, CS_PAIRING_URL_MAX, "%s", given);
    *use = own;
    return CS_OK;
}

static enum cs_err take_urls(struct cs_node_core *n,
                             const struct cs_node_core_config *cfg, struct cs_why *why)
{
    CS_CHECK(take_url(&n->use_platform_url, n->own_platform_url, n->platform_url,
                      cfg->platform_url, why));
    return take_url(&n->use_relay_url, n->own_relay_url, n->relay_url, cfg->relay_url,
                    why);
}

static enum cs_err load_all(struct cs_node_core *n)
{
    CS_CHECK(cs_journal_open(&n->journal, n->safe));
    CS_CHECK(cs_nd_outbox_load(n));
    CS_CHECK(cs_nd_quorums_load(n));
    CS_CHECK(cs_nd_keys_count(n));
    CS_CHECK(cs_nd_backup_load(n));
    CS_CHECK(cs_nd_vouch_load(n));
    CS_CHECK(cs_nd_policy_load(n));
    return cs_nd_works_load(n);
}

enum cs_err cs_nd_boot_open(struct cs_node_core *n,
                            const struct cs_node_core_config *cfg, struct cs_why *why)
{
    enum cs_err err = take_config(n, cfg);

    if (err != CS_OK) {
        return cs_why(why, err, "out of memory while starting");
    }
    CS_CHECK(take_urls(n, cfg, why)); /* before anything is made */
    CS_CHECK(find_device(n, cfg, why));
    CS_CHECK(open_safe(n, cfg, why));
    err = load_self(n, cfg);
    if (err == CS_ERR_NOT_FOUND) { /* killed before its first step was durable */
        return cs_why(why, CS_ERR_CONFIG,
                      "PAIRING_KEY is not set and the data directory does not know the "
                      "platform yet: set it to the pairing key of this device");
    }
    if (err == CS_OK) {
        err = load_all(n);
    }
    if (err != CS_OK) {
        return cs_why(why, err,
                      "the store does not load (%s): restore it from a backup",
                      cs_err_text(err));
    }
    cs_identity_fingerprint(n->fingerprint, &n->id->pub);
    cs_words(n->words, n->fingerprint);
    return CS_OK;
}

/* ---- the first step
 * ---------------------------------------------------------------------- */

/* DECISIONS 12: a durable counter and 32 random bytes, new at every start. */
static void begin_life(struct cs_node_core *n)
{
    struct cs_wr w = {0};
    struct cs_rd r;
    enum cs_err err = cs_safe_get(n->safe, TABLE_SELF, KEY_BOOT, &w);

    n->random(n->random_ctx, n->boot, sizeof n->boot);
    if (err == CS_OK) {
        r = CS_RD(cs_wr_get(&w));
        n->life_counter = cs_rd_u64(&r);
        err = cs_rd_end(&r) == CS_OK ? CS_OK : CS_ERR_STORE_CORRUPT;
    }
    if (err != CS_OK && err != CS_ERR_NOT_FOUND) { /* never count from 1 again */
        cs_nd_fail(n, err, "the boot counter cannot be read");
    }
    n->life_counter++;
    n->boot_counter = n->life_counter & ((1ULL << CS_LIFE_START_BITS) - 1);
    cs_wr_reset(&w);
    cs_wr_u64(&w, n->life_counter);
    cs_nd_put(n, TABLE_SELF, KEY_BOOT, cs_wr_get(&w));
    cs_wr_free(&w);
}

/* The minute of the restore, and above every earlier one: two copies of one backup
 * differ, too. */
void cs_nd_boot_restored(struct cs_node_core *n)
{
    uint64_t minute = n->wall > 0 ? (uint64_t)n->wall / 60000 : 0;
    struct cs_wr w = {0};
    struct cs_rd r;
    uint64_t next = 1;

    if (cs_safe_get(n->safe, TABLE_SELF, KEY_BOOT, &w) == CS_OK) {
        r = CS_RD(cs_wr_get(&w));
        next = (cs_rd_u64(&r) >> CS_LIFE_START_BITS) + 1;
    }
    cs_wr_reset(&w);
    cs_wr_u64(&w, (minute > next ? minute : next) << CS_LIFE_START_BITS);
    cs_nd_put(n, TABLE_SELF, KEY_BOOT, cs_wr_get(&w));
    cs_wr_free(&w);
}

static void announce(struct cs_node_core *n)
{
    char hex[65];

    cs_hex(hex, n->fingerprint, 32);
    cs_log(CS_LOG_INFO, "node", "CloudSign %s, device %s, start %llu", n->version,
           n->device_id, (unsigned long long)n->boot_counter);
    cs_log(CS_LOG_INFO, "node", "fingerprint %s", hex);
    cs_log(CS_LOG_INFO, "node", "fingerprint in words: %s", n->words);
    if (n->allow_blind) {
        cs_log(CS_LOG_WARN, "node",
               "ALLOW_BLIND_SIGNING is on: this node signs digests of which nobody can "
               "say what they do");
    }
    cs_nd_notify(n, "fingerprint", "{\"fingerprint\":\"%s\",\"words\":\"%s\"}", hex,
                 n->words);
}

void cs_nd_boot_start(struct cs_node_core *n)
{
    n->started_at = n->now;
    n->started_wall = n->wall;
    begin_life(n);
    if (n->fresh) {
        cs_nd_save_identity(n);
    }
    if (n->pairing_seed != NULL) {
        save_platform(n);
    }
    if (n->paired) {
        cs_nd_forget_pairing(n);
    }
    cs_nd_backup_start(n);
    announce(n);
    for (size_t i = 0; i < n->n_quorums; i++) {
        if (n->quorums[i]->state == QUORUM_CONFIRMED) {
            cs_nd_links_open(n, n->quorums[i]);
        }
    }
    for (struct work *w = n->works, *next = NULL; w != NULL; w = next) {
        next = w->next;
        if (w->kind == WORK_KEYGEN) {
            cs_nd_keygen_resume(n, w);
        } else { /* a session never survives a restart (PROTOCOLS 2.6) */
            cs_nd_work_restarted(n, w);
        }
    }
    cs_nd_conn_init(n);
    cs_nd_state_changed(n);
}
