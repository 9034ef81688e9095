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

static enum cs_err copy_path(char out[CS_NODE_DIR_MAX], const char *from,
                             const char *name, struct cs_why *why)
{
    return is_set(from) ? copy_text(out, CS_NODE_DIR_MAX, from, name, why) : CS_OK;
}

static enum cs_err set_approval_keys(struct cs_approval_keys *k,
                                     const struct cs_node_config *cfg,
                                     struct cs_why *why)
{
    k->has_secret = is_set(cfg->approval_secret);
    k->has_public_key = is_set(cfg->approval_public_key);
    if (k->has_secret &&
        cs_unhex(k->secret, sizeof k->secret, cfg->approval_secret) != CS_OK) {
        return cs_why(why, CS_ERR_CONFIG,
                      "APPROVAL_CALLBACK_SECRET must be 64 hex digits (openssl rand "
                      "-hex 32)");
    }
    if (k->has_public_key && cs_unhex(k->public_key, sizeof k->public_key,
                                      cfg->approval_public_key) != CS_OK) {
        return cs_why(why, CS_ERR_CONFIG,
                      "APPROVAL_CALLBACK_PUBLIC_KEY must be the 64 hex digits of an "
                      "Ed25519 key");
    }
    return CS_OK;
}

/* A callback that does not know who asks, or whose answers anybody could give, is worse
 * than none: it would be relied on. */
static enum cs_err check_approval(const struct cs_node_settings *s, struct cs_why *why)
{
    bool cert = s->approval_cert_file[0] != '\0', key = s->approval_key_file[0] != '\0';

    if (cert != key) {
        return cs_why(why, CS_ERR_CONFIG,
                      "APPROVAL_CALLBACK_CERT_FILE and APPROVAL_CALLBACK_KEY_FILE go "
                      "together: set both or neither");
    }
    if (s->approval_url[0] == '\0') {
        return cert || s->approval.has_secret || s->approval.has_public_key
                   ? cs_why(why, CS_ERR_CONFIG,
                            "APPROVAL_CALLBACK_* is set without APPROVAL_CALLBACK_URL: "
                            "nobody would be asked")
                   : CS_OK;
    }
    if (!cert && !s->approval.has_secret) {
        return cs_why(why, CS_ERR_CONFIG,
                      "the approval callback must know who asks: set "
                      "APPROVAL_CALLBACK_SECRET, or a client certificate in "
                      "APPROVAL_CALLBACK_CERT_FILE and APPROVAL_CALLBACK_KEY_FILE");
    }
    return s->approval.has_secret || s->approval.has_public_key
               ? CS_OK
               : cs_why(why, CS_ERR_CONFIG,
                        "answers of the approval callback must be signed: set "
                        "APPROVAL_CALLBACK_PUBLIC_KEY or APPROVAL_CALLBACK_SECRET");
}

static enum cs_err set_approval(struct cs_node_settings *s,
                                const struct cs_node_config *cfg, struct cs_why *why)
{
    CS_CHECK(copy_path(s->policy_file, cfg->policy_file, "POLICY_FILE", why));
    CS_CHECK(
        copy_path(s->approval_url, cfg->approval_url, "APPROVAL_CALLBACK_URL", why));
    CS_CHECK(copy_path(s->approval_ca_file, cfg->approval_ca_file,
                       "APPROVAL_CALLBACK_CA_FILE", why));
    CS_CHECK(copy_path(s->approval_cert_file, cfg->approval_cert_file,
                       "APPROVAL_CALLBACK_CERT_FILE", why));
    CS_CHECK(copy_path(s->approval_key_file, cfg->approval_key_file,
                       "APPROVAL_CALLBACK_KEY_FILE", why));
    CS_CHECK(set_approval_keys(&s->approval, cfg, why));
    return check_approval(s, why);
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
    CS_CHECK(set_approval(s, cfg, why));
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
    cs_node_settings_withdraw(s);
    return true;
}

void cs_node_settings_withdraw(struct cs_node_settings *s)
{
    cs_wipe(&s->next_kek, sizeof s->next_kek);
    s->has_next = false;
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
