#include "cli/node/environment.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/os/logsink.h"
#include "base/os/secret.h"
#include "base/redact.h"
#include "base/text.h"
#include "cli/node/cli.h"

const char *cli_data_dir(void)
{
    return cs_os_setting("CLOUDSIGN_DATA_DIR", CLI_DEFAULT_DIR);
}

enum cs_err cli_env_log(struct cs_why *why)
{
    return cs_os_log_env(why);
}

/* ---- secrets
 * ----------------------------------------------------------------------------- */

/* prefix and value (with its NUL) as one guarded string. */
static enum cs_err guarded(char **out, const char *prefix, const void *value, size_t n,
                           const char *name, struct cs_why *why)
{
    size_t at = strlen(prefix);

    *out = cs_guard_new(at + n);
    if (*out == NULL) {
        return cs_why(why, CS_ERR_NOMEM,
                      "%s: no memory that can be locked: raise the limit (ulimit -l, "
                      "LimitMEMLOCK=)",
                      name);
    }
    memcpy(*out, prefix, at);
    memcpy(*out + at, value, n);
    return CS_OK;
}

/* From NAME or NAME_FILE; NULL and CS_OK when it is not set. */
static enum cs_err take(char **out, const char *name, const char *prefix,
                        struct cs_why *why)
{
    struct cs_wr w = {0};
    enum cs_err err = cs_os_secret(&w, name, why);

    if (err == CS_OK) {
        err = guarded(out, prefix, w.p, w.n, name, why);
    }
    cs_wr_free(&w);
    return err == CS_ERR_NOT_FOUND ? CS_OK : err;
}

/* AWS's variables, by the names of kms/credentials.h.  An empty one is one that is not
 * set, as for AWS's own tools. */
enum kind { SECRET, TOKEN, PLAIN };

static const struct {
    const char *name;
    enum kind kind;
} aws_names[] = {
    /* also NAME_FILE */
    {"AWS_ACCESS_KEY_ID", SECRET},
    {"AWS_SECRET_ACCESS_KEY", SECRET},
    {"AWS_SESSION_TOKEN", SECRET},
    /* its _FILE is AWS's own: read when it is wanted, for it changes */
    {"AWS_CONTAINER_AUTHORIZATION_TOKEN", TOKEN},
    {"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", PLAIN},
    {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", PLAIN},
    {"AWS_CONTAINER_CREDENTIALS_FULL_URI", PLAIN},
    {"AWS_ROLE_ARN", PLAIN},
    {"AWS_WEB_IDENTITY_TOKEN_FILE", PLAIN},
    {"AWS_ROLE_SESSION_NAME", PLAIN},
    {"AWS_SHARED_CREDENTIALS_FILE", PLAIN},
    {"AWS_PROFILE", PLAIN},
    {"HOME", PLAIN},
    {"AWS_EC2_METADATA_DISABLED", PLAIN},
    {"AWS_EC2_METADATA_SERVICE_ENDPOINT", PLAIN},
    {"AWS_ENDPOINT_URL_KMS", PLAIN},
    {"AWS_ENDPOINT_URL_STS", PLAIN},
    {"AWS_ENDPOINT_URL", PLAIN},
    {"AWS_CA_BUNDLE", PLAIN},
};
_Static_assert(CS_COUNTOF(aws_names) <= CLI_ENV_AWS_MAX, "room for every name");

static enum cs_err take_plain(char **out, const char *name, const char *prefix,
                              struct cs_why *why)
{
    const char *value = getenv(name);

    return value == NULL ? CS_OK
                         : guarded(out, prefix, value, strlen(value) + 1, name, why);
}

static enum cs_err take_aws(struct cli_env *e, const char *name, enum kind kind,
                            struct cs_why *why)
{
    char **slot = &e->aws[e->n_aws];
    const char *value = getenv(name);
    char prefix[64];
    enum cs_err err;

    if (value != NULL && value[0] == '\0') {
        cs_os_setting_wipe(name);
    }
    (void)snprintf(prefix, sizeof prefix, "%s=", name);
    err = kind == SECRET ? take(slot, name, prefix, why)
                         : take_plain(slot, name, prefix, why);
    e->n_aws += *slot != NULL;
    return err;
}

static enum cs_err read_aws(struct cli_env *e, struct cs_why *why)
{
    for (size_t i = 0; i < CS_COUNTOF(aws_names); i++) {
        CS_CHECK(take_aws(e, aws_names[i].name, aws_names[i].kind, why));
    }
    return CS_OK;
}

static enum cs_err read_all(struct cli_env *e, struct cs_why *why)
{
    CS_CHECK(take(&e->db_key_hex, "DB_ENCRYPTION_KEY_HEX", "", why));
    CS_CHECK(take(&e->pairing_key, "PAIRING_KEY", "", why));
    CS_CHECK(take(&e->approval_secret, "APPROVAL_CALLBACK_SECRET", "", why));
    return read_aws(e, why);
}

/* ---- what no log line may show (base/redact.h)
 * -------------------------------------------------- */

static void hide(const char *text)
{
    if (text != NULL) {
        (void)cs_redact_add(CS_SPAN(text, strlen(text)));
    }
}

/* The pairing key is base64 of JSON; the seed in it is what is secret. */
static void hide_seed(const char *pairing_key)
{
    static const char name[] = "\"seed\":\"";
    struct cs_wr json = {0}, seed = {0};
    const uint8_t *at, *end;

    if (pairing_key == NULL ||
        cs_unb64(&json, pairing_key, strlen(pairing_key)) != CS_OK) {
        cs_wr_free(&json);
        return;
    }
    at = memmem(json.p, json.n, name, sizeof name - 1);
    at = at != NULL ? at + sizeof name - 1 : NULL;
    end = at != NULL ? memchr(at, '"', (size_t)(json.p + json.n - at)) : NULL;
    if (end != NULL) {
        (void)cs_redact_add(CS_SPAN(at, (size_t)(end - at)));
    }
    if (end != NULL && cs_unb64(&seed, (const char *)at, (size_t)(end - at)) == CS_OK) {
        (void)cs_redact_add(cs_wr_get(&seed));
    }
    cs_wr_free(&json);
    cs_wr_free(&seed);
}

static void hide_aws(const struct cli_env *e)
{
    static const char *const names[] = {"AWS_SECRET_ACCESS_KEY=", "AWS_SESSION_TOKEN=",
                                        "AWS_CONTAINER_AUTHORIZATION_TOKEN="};

    for (size_t i = 0; i < e->n_aws; i++) {
        for (size_t k = 0; k < CS_COUNTOF(names); k++) {
            if (strncmp(e->aws[i], names[k], strlen(names[k])) == 0) {
                hide(e->aws[i] + strlen(names[k]));
            }
        }
    }
}

static void hide_all(const struct cli_env *e)
{
    hide(e->db_key_hex);
    hide(e->pairing_key);
    hide_seed(e->pairing_key);
    hide(e->approval_secret);
    hide_aws(e);
}

enum cs_err cli_env_read(struct cli_env *e, struct cs_why *why)
{
    enum cs_err err = read_all(e, why);

    hide_all(e);

    /* What was not reached, and what is copied but not wiped. */
    cs_os_setting_wipe("DB_ENCRYPTION_KEY_HEX");
    cs_os_setting_wipe("PAIRING_KEY");
    cs_os_setting_wipe("APPROVAL_CALLBACK_SECRET");
    for (size_t i = 0; i < CS_COUNTOF(aws_names); i++) {
        if (aws_names[i].kind != PLAIN) {
            cs_os_setting_wipe(aws_names[i].name);
        }
    }
    return err;
}

static void drop(char **secret)
{
    cs_guard_free(*secret);
    *secret = NULL;
}

void cli_env_wipe(struct cli_env *e)
{
    drop(&e->pairing_key);
    drop(&e->db_key_hex);
    drop(&e->approval_secret);
    for (size_t i = 0; i < e->n_aws; i++) {
        drop(&e->aws[i]);
    }
    e->n_aws = 0;
}

/* ---- settings
 * ---------------------------------------------------------------------------- */

/* A switch that is neither on nor off stops the start: it might have been meant on. */
static enum cs_err set_switches(struct cs_node_config *cfg, struct cs_why *why)
{
    bool unsafe_fs = false, blind = false;

    CS_CHECK(cs_os_setting_bool(&unsafe_fs, "CLOUDSIGN_ALLOW_UNSAFE_FS", false, why));
    CS_CHECK(cs_os_setting_bool(&blind, "ALLOW_BLIND_SIGNING", false, why));
    cfg->allow_unsafe_fs = unsafe_fs;
    cfg->allow_blind_signing = blind;
    return CS_OK;
}

/* Which of them it is, and that it is exactly one, cs_node_new checks. */
static enum cs_err set_db_key(struct cs_node_config *cfg, const struct cli_env *e,
                              struct cs_why *why)
{
    cfg->db_key_hex = e->db_key_hex;
    cfg->db_key_ref = cs_os_setting("DB_ENCRYPTION_KEY_REF", NULL);
    if (cfg->db_key_ref != NULL && cfg->db_key_hex != NULL) {
        return cs_why(why, CS_ERR_CONFIG,
                      "DB_ENCRYPTION_KEY_REF: is set beside DB_ENCRYPTION_KEY_HEX; the "
                      "store has one key: unset the one that is not the store's");
    }
    if (cfg->db_key_hex == NULL && cfg->db_key_ref == NULL) {
        return cs_why(
            why, CS_ERR_CONFIG,
            "DB_ENCRYPTION_KEY_HEX: is not set; the store needs its key: 64 hex "
            "digits (make one with: openssl rand -hex 32), or "
            "DB_ENCRYPTION_KEY_HEX_FILE, or DB_ENCRYPTION_KEY_REF with a key of AWS "
            "KMS");
    }
    return CS_OK;
}

enum cs_err cli_env_config(struct cs_node_config *cfg, const struct cli_env *e,
                           struct cs_why *why)
{
    CS_CHECK(set_db_key(cfg, e, why));
    CS_CHECK(set_switches(cfg, why));
    cfg->data_dir = cli_data_dir();
    cfg->pairing_key = e->pairing_key;
    cfg->aws_env = (const char *const *)e->aws;
    cfg->platform_url = cs_os_setting("PLATFORM_URL", NULL);
    cfg->relay_url = cs_os_setting("RELAY_URL", NULL);
    cfg->peer_identities = cs_os_setting("PEER_IDENTITIES", NULL);
    cfg->recovery_keys = cs_os_setting("RECOVERY_KEYS", NULL);
    cfg->policy_file = cs_os_setting("POLICY_FILE", NULL);
    cfg->approval_url = cs_os_setting("APPROVAL_CALLBACK_URL", NULL);
    cfg->approval_secret = e->approval_secret;
    cfg->approval_ca_file = cs_os_setting("APPROVAL_CALLBACK_CA_FILE", NULL);
    cfg->approval_cert_file = cs_os_setting("APPROVAL_CALLBACK_CERT_FILE", NULL);
    cfg->approval_key_file = cs_os_setting("APPROVAL_CALLBACK_KEY_FILE", NULL);
    cfg->approval_public_key = cs_os_setting("APPROVAL_CALLBACK_PUBLIC_KEY", NULL);
    cfg->metrics_addr = cs_os_setting("METRICS_ADDR", NULL);
    return CS_OK;
}
