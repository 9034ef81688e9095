#include "node/settings.h"

#include <string.h>

#include "base/mem.h"
#include "base/os/random.h"
#include "base/text.h"
#include "net/probe_server.h"
#include "net/url.h"

static enum cs_err copy_text(char *out, size_t cap, const char *from, const char *what,
                             struct cs_why *why)
{
    size_t n = strlen(from);

    if (n >= cap) {
        return cs_why(why, CS_ERR_CONFIG,
                      "%s is too long (%zu characters, at most %zu)", what, n, cap - 1);
    }
    memcpy(out, from, n + 1);
    return CS_OK;
}

static bool is_set(const char *text)
{
    return text != NULL && text[0] != '\0';
}

static enum cs_err take_raw_key(struct cs_node_settings *s, const uint8_t key[32],
                                struct cs_why *why)
{
    char hex[65];
    enum cs_err err;

    cs_hex(hex, key, 32);
    err = cs_kek_parse(&s->kek, hex, "db_key", why); /* the same refusals */
    cs_wipe(hex, sizeof hex);
    return err;
}

static enum cs_err set_key(struct cs_node_settings *s, const struct cs_node_config *cfg,
                           struct cs_why *why)
{
    int n = is_set(cfg->db_key_hex) + (cfg->db_key != NULL) + is_set(cfg->db_key_ref);

    if (n != 1) {
        return cs_why(why, CS_ERR_CONFIG,
                      "the store needs exactly one encryption key, not %d: set "
                      "DB_ENCRYPTION_KEY_HEX to 64 hex digits (openssl rand -hex 32), "
                      "or DB_ENCRYPTION_KEY_REF to the ARN of a key in AWS KMS",
                      n);
    }
    if (is_set(cfg->db_key_ref)) {
        struct cs_kms_arn arn;

        CS_CHECK(cs_kms_arn_parse(&arn, cfg->db_key_ref, "DB_ENCRYPTION_KEY_REF", why));
        return copy_text(s->db_key_ref, sizeof s->db_key_ref, cfg->db_key_ref,
                         "DB_ENCRYPTION_KEY_REF", why);
    }
    s->has_kek = true;
    return cfg->db_key != NULL
               ? take_raw_key(s, cfg->db_key, why)
               : cs_kek_parse(&s->kek, cfg->db_key_hex, "DB_ENCRYPTION_KEY_HEX", why);
}

static enum cs_err add_recovery_key(struct cs_node_settings *s, const char *hex,
                                    size_t n, struct cs_why *why)
{
    char one[65] = "";

    if (s->n_recovery_keys == CS_NODE_RECOVERY_KEYS_MAX) {
        return cs_why(why, CS_ERR_CONFIG, "RECOVERY_KEYS holds more than %d entries",
                      CS_NODE_RECOVERY_KEYS_MAX);
    }
    if (n == 64) {
        memcpy(one, hex, n);
    }
    if (cs_unhex(s->recovery_keys[s->n_recovery_keys], 32, one) != CS_OK) {
        return cs_why(
            why, CS_ERR_CONFIG,
            "RECOVERY_KEYS: entry %zu is not the id of a recovery key, 64 hex "
            "digits (cloudsign recover id FILE shows it)",
            s->n_recovery_keys + 1);
    }
    s->n_recovery_keys++;
    return CS_OK;
}

static enum cs_err set_recovery_keys(struct cs_node_settings *s, const char *text,
                                     struct cs_why *why)
{
    static const char separators[] = ", \t\r\n";

    while (text != NULL && *(text += strspn(text, separators)) != '\0') {
        size_t n = strcspn(text, separators);

        CS_CHECK(add_recovery_key(s, text, n, why));
        text += n;
    }
    return CS_OK;
}

static enum cs_err set_url(char out[CS_PAIRING_URL_MAX], const char *url,
                           const char *name, struct cs_why *why)
{
    struct cs_url parsed;
    struct cs_why reason = {""};

    if (url == NULL || url[0] == '\0') {
        return CS_OK;
    }
    if (cs_url_parse(&parsed, url, &reason) != CS_OK) {
        return cs_why(why, CS_ERR_CONFIG, "%s: %s", name, reason.text);
    }
    return copy_text(out, CS_PAIRING_URL_MAX, url, name, why);
}

static enum cs_err add_peer(struct cs_node_settings *s, const char *hex, size_t n,
                            struct cs_why *why)
{
    char one[65] = "";

    if (s->n_peers == CS_NODE_PEER_IDENTITIES_MAX) {
        return cs_why(why, CS_ERR_CONFIG, "PEER_IDENTITIES holds more than %d entries",
                      CS_NODE_PEER_IDENTITIES_MAX);
    }
    if (n == 64) {
        memcpy(one, hex, n);
    }
    if (cs_unhex(s->peers[s->n_peers], 32, one) != CS_OK) {
        return cs_why(
            why, CS_ERR_CONFIG,
            "PEER_IDENTITIES: entry %zu is not a fingerprint of 64 hex digits "
            "(the other node's log and status show it)",
            s->n_peers + 1);
    }
    s->n_peers++;
    return CS_OK;
}

static enum cs_err set_peers(struct cs_node_settings *s, const char *text,
                             struct cs_why *why)
{
    static const char separators[] = ", \t\r\n";

    while (text != NULL && *(text += strspn(text, separators)) != '\0') {
        size_t n = strcspn(text, separators);

        CS_CHECK(add_peer(s, text, n, why));
        text += n;
    }
    return CS_OK;
}

/* A wrong one stops the start: an operator who wants to watch must not be blind. */
static enum cs_err set_metrics(struct cs_node_settings *s, const char *text,
                               struct cs_why *why)
{
    struct cs_probe_addr unused;

    if (text == NULL || text[0] == '\0') {
        return CS_OK;
    }
    CS_CHECK(cs_probe_addr_parse(&unused, text, "METRICS_ADDR", why));
    return copy_text(s->metrics_addr, sizeof s->metrics_addr, text, "METRICS_ADDR",
                     why);
}

static enum cs_err fill(struct cs_node_settings *s, const struct cs_node_config *cfg,
                        struct cs_why *why)
{
    if (cfg->data_dir == NULL || cfg->data_dir[0] == '\0') {
        return cs_why(why, CS_ERR_CONFIG, "no data directory is given");
    }
    CS_CHECK(copy_text(s->dir, sizeof s->dir, cfg->data_dir,
                       "the data directory's name", why));
    CS_CHECK(set_key(s, cfg, why));
    if (cfg->pairing_key != NULL && cfg->pairing_key[0] != '\0') {
        CS_CHECK(cs_pairing_key_parse(&s->pairing, cfg->pairing_key, why));
        s->has_pairing = true;
    }
    CS_CHECK(set_url(s->platform_url, cfg->platform_url, "PLATFORM_URL", why));
    CS_CHECK(set_url(s->relay_url, cfg->relay_url, "RELAY_URL", why));
    CS_CHECK(set_peers(s, cfg->peer_identities, why));
    CS_CHECK(set_recovery_keys(s, cfg->recovery_keys, why));
    CS_CHECK(set_metrics(s, cfg->metrics_addr, why));
    s->n_workers = cfg->n_workers;
    s->allow_unsafe_fs = cfg->allow_unsafe_fs != 0;
    s->no_local_socket = cfg->no_local_socket != 0;
    s->allow_blind = cfg->allow_blind_signing != 0;
    return CS_OK;
}

enum cs_err cs_node_settings_new(struct cs_node_settings **out,
                                 const struct cs_node_config *cfg, struct cs_why *why)
{
    struct cs_node_settings *s = cs_guard_new(sizeof *s);
    enum cs_err err;

    *out = NULL;
    if (s == NULL) {
        return cs_why(why, CS_ERR_NOMEM,
                      "no memory that can be locked: raise the limit (ulimit -l)");
    }
    err = fill(s, cfg, why);
    if (err != CS_OK) {
        cs_guard_free(s);
        return err;
    }
    *out = s;
    return CS_OK;
}

void cs_node_settings_free(struct cs_node_settings *s)
{
    cs_guard_free(s);
}

void cs_node_settings_seal(struct cs_node_settings *s,
                           const uint8_t key[CS_KMS_KEY_LEN], struct cs_span record)
{
    CS_ASSERT(record.n != 0 && record.n <= sizeof s->seal);
    memcpy(s->seal, record.p, record.n);
    memcpy(s->kek.key, key, sizeof s->kek.key);
    s->kek.seal = CS_SPAN(s->seal, record.n);
    s->has_kek = true;
}

enum cs_err cs_node_settings_offer(struct cs_node_settings *s, const uint8_t key[32],
                                   struct cs_span record)
{
    if (record.n > sizeof s->next_seal) {
        return CS_ERR_USAGE;
    }
    memcpy(s->next_seal, record.n != 0 ? record.p : s->next_seal, record.n);
    memcpy(s->next_kek.key, key, sizeof s->next_kek.key);
    s->next_kek.seal = CS_SPAN(s->next_seal, record.n);
    s->has_next = true;
    return CS_OK;
}

bool cs_node_settings_next(struct cs_node_settings *s)
{
    if (!s->has_next) {
        return false;
    }
    memcpy(s->seal, s->next_seal, sizeof s->seal);
    memcpy(s->kek.key, s->next_kek.key, sizeof s->kek.key);
    s->kek.seal = CS_SPAN(s->seal, s->next_kek.seal.n);
    cs_wipe(&s->next_kek, sizeof s->next_kek);
    s->has_next = false;
    return true;
}

struct cs_node_core_config cs_node_settings_core(struct cs_node_settings *s,
                                                 struct cs_kv *kv)
{
    return (struct cs_node_core_config){
        .kv = kv,
        .random = cs_os_random,
        .kek = &s->kek,
        .pairing = s->has_pairing ? &s->pairing : NULL,
        .platform_url = s->platform_url[0] != '\0' ? s->platform_url : NULL,
        .relay_url = s->relay_url[0] != '\0' ? s->relay_url : NULL,
        .peer_identities = s->n_peers != 0 ? s->peers : NULL,
        .n_peer_identities = s->n_peers,
        .recovery_keys = s->n_recovery_keys != 0 ? s->recovery_keys : NULL,
        .n_recovery_keys = s->n_recovery_keys,
        .allow_blind = s->allow_blind,
    };
}
