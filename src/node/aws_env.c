#include "node/aws_env.h"

#include <stddef.h>
#include <string.h>

#include "base/mem.h"

#define CRED(field) offsetof(struct cs_aws_env, cred.field)

static const struct {
    const char *name;
    size_t at;
} names[] = {
    {"AWS_ACCESS_KEY_ID", CRED(access_key_id)},
    {"AWS_SECRET_ACCESS_KEY", CRED(secret_access_key)},
    {"AWS_SESSION_TOKEN", CRED(session_token)},
    {"AWS_ROLE_ARN", CRED(role_arn)},
    {"AWS_WEB_IDENTITY_TOKEN_FILE", CRED(web_identity_token_file)},
    {"AWS_ROLE_SESSION_NAME", CRED(role_session_name)},
    {"AWS_SHARED_CREDENTIALS_FILE", CRED(shared_credentials_file)},
    {"AWS_PROFILE", CRED(profile)},
    {"HOME", CRED(home)},
    {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", CRED(container_relative_uri)},
    {"AWS_CONTAINER_CREDENTIALS_FULL_URI", CRED(container_full_uri)},
    {"AWS_CONTAINER_AUTHORIZATION_TOKEN", CRED(container_token)},
    {"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", CRED(container_token_file)},
    {"AWS_EC2_METADATA_DISABLED", CRED(ec2_metadata_disabled)},
    {"AWS_EC2_METADATA_SERVICE_ENDPOINT", CRED(ec2_metadata_endpoint)},
    {"AWS_ENDPOINT_URL_STS", CRED(endpoint_url_sts)},
    {"AWS_ENDPOINT_URL", CRED(endpoint_url)},
    {"AWS_ENDPOINT_URL_KMS", offsetof(struct cs_aws_env, endpoint_url_kms)},
    {"AWS_CA_BUNDLE", offsetof(struct cs_aws_env, ca_bundle)},
};

static const char **slot(struct cs_aws_env *e, const char *line, size_t name_len)
{
    for (size_t i = 0; i < CS_COUNTOF(names); i++) {
        if (strlen(names[i].name) == name_len &&
            strncmp(names[i].name, line, name_len) == 0) {
            return (const char **)(void *)((char *)e + names[i].at);
        }
    }
    return NULL;
}

static enum cs_err take(struct cs_aws_env *e, size_t *used, const char *line,
                        struct cs_why *why)
{
    size_t name_len = strcspn(line, "=");
    const char **to = slot(e, line, name_len);
    const char *value = line + name_len + 1;
    size_t n;

    if (line[name_len] == '\0' || to == NULL) {
        return cs_why(why, CS_ERR_CONFIG,
                      "aws_env: %.*s is no variable that the KMS client reads",
                      (int)(name_len < 64 ? name_len : 64), line);
    }
    n = strlen(value) + 1;
    if (n > sizeof e->text - *used) {
        return cs_why(why, CS_ERR_CONFIG, "AWS's variables are longer than %d bytes",
                      CS_AWS_ENV_LEN);
    }
    memcpy(e->text + *used, value, n);
    *to = n > 1 ? e->text + *used : NULL; /* an empty one is not set */
    *used += n;
    return CS_OK;
}

enum cs_err cs_aws_env_new(struct cs_aws_env **out, const char *const *env,
                           struct cs_why *why)
{
    struct cs_aws_env *e = cs_guard_new(sizeof *e);
    enum cs_err err = CS_OK;
    size_t used = 0;

    *out = NULL;
    if (e == NULL) {
        return cs_why(why, CS_ERR_NOMEM,
                      "no memory that can be locked: raise the limit (ulimit -l)");
    }
    for (; env != NULL && *env != NULL && err == CS_OK; env++) {
        /* The name alone may be told, never the value. */
        err = take(e, &used, *env, why);
    }
    if (err != CS_OK) {
        cs_guard_free(e);
        return err;
    }
    *out = e;
    return CS_OK;
}

void cs_aws_env_free(struct cs_aws_env *e)
{
    cs_guard_free(e);
}
