#include "kms/credentials.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "kms/cred_impl.h"

enum { RETRY_S = 60, WEB_TOKEN_MAX = 16384 };

void cs_cred_init(struct cs_cred *c, const struct cs_cred_env *env,
                  const struct cs_kms_arn *arn)
{
    cs_wipe(c, sizeof *c);
    c->env = *env;
    memcpy(c->region, arn->region, sizeof c->region);
    c->domain = cs_aws_domain(arn->partition);
}

void cs_cred_free(struct cs_cred *c)
{
    cs_aws_http_free(&c->http);
    cs_wipe(c, sizeof *c);
}

const struct cs_aws_keys *cs_cred_keys(const struct cs_cred *c)
{
    return &c->keys;
}

void cs_cred_drop(struct cs_cred *c)
{
    cs_wipe(&c->keys, sizeof c->keys);
    c->retry_s = 0;
}

bool cs_cred_is_static(const struct cs_cred *c)
{
    return c->keys.id[0] != '\0' && c->keys.expires_s == 0;
}

/* ---- what keys are made of ------------------------------------------------------- */

static bool is_printable(struct cs_span s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] <= ' ' || s.p[i] >= 0x7f) {
            return false;
        }
    }
    return true;
}

static bool is_word(struct cs_span s)
{
    for (size_t i = 0; i < s.n; i++) {
        bool is_alnum = (s.p[i] >= 'A' && s.p[i] <= 'Z') ||
                        (s.p[i] >= 'a' && s.p[i] <= 'z') ||
                        (s.p[i] >= '0' && s.p[i] <= '9');

        if (!is_alnum && s.p[i] != '_') {
            return false;
        }
    }
    return true;
}

static void copy(char *out, struct cs_span s)
{
    if (s.n > 0) {
        memcpy(out, s.p, s.n);
    }
    out[s.n] = '\0';
}

bool cs_cred_set(struct cs_aws_keys *fresh, struct cs_span id, struct cs_span secret,
                 struct cs_span token)
{
    cs_wipe(fresh, sizeof *fresh);
    if (id.n < 4 || id.n >= sizeof fresh->id || !is_word(id) || secret.n < 1 ||
        secret.n >= sizeof fresh->secret || !is_printable(secret) ||
        token.n >= sizeof fresh->token || !is_printable(token)) {
        return false;
    }
    copy(fresh->id, id);
    copy(fresh->secret, secret);
    copy(fresh->token, token);
    return true;
}

bool cs_cred_trim(struct cs_span *out, struct cs_span text, size_t max)
{
    while (text.n > 0 && (text.p[text.n - 1] == '\n' || text.p[text.n - 1] == '\r' ||
                          text.p[text.n - 1] == ' ' || text.p[text.n - 1] == '\t')) {
        text.n--;
    }
    *out = text;
    return text.n >= 1 && text.n <= max && is_printable(text);
}

/* ---- the chain ------------------------------------------------------------------- */

static struct cs_span span_of(const char *text)
{
    return CS_SPAN(text, text == NULL ? 0 : strlen(text));
}

static bool still_lives(const struct cs_cred *c, uint64_t now_s)
{
    return c->keys.id[0] != '\0' &&
           (c->keys.expires_s == 0 || now_s < c->keys.expires_s);
}

static bool is_fresh(const struct cs_cred *c, uint64_t now_s)
{
    return still_lives(c, now_s) && (c->keys.expires_s == 0 || now_s < c->retry_s ||
                                     c->keys.expires_s - now_s > CS_CRED_EARLY_S);
}

static void restart(struct cs_cred *c)
{
    c->step = CS_CRED_START;
    cs_aws_http_free(&c->http);
    cs_wipe(&c->fresh, sizeof c->fresh);
    cs_wipe(c->ec2_token, sizeof c->ec2_token);
}

/* fresh becomes keys, unless it is over already. */
static enum cs_err accept(struct cs_cred *c, uint64_t now_s, struct cs_why *why)
{
    uint64_t end = c->fresh.expires_s;

    if (end != 0 && end <= now_s) {
        return cs_why(why, CS_ERR_KMS_WAIT,
                      "AWS credentials that were just given are over already; is this "
                      "machine's clock right?");
    }
    c->keys = c->fresh;
    c->retry_s = now_s + RETRY_S; /* EC2 gives what it has, be it near its end */
    restart(c);
    return CS_OK;
}

static enum cs_err want_file(struct cs_cred *c, enum cs_cred_step step,
                             const char *path, const char *name, struct cs_why *why)
{
    size_t n = strlen(path);

    if (n >= sizeof c->path) {
        return cs_why(why, CS_ERR_CONFIG, "%s: the path is too long", name);
    }
    memcpy(c->path, path, n + 1);
    c->step = step;
    return CS_OK;
}

static enum cs_err begin_env(struct cs_cred *c, uint64_t now_s, struct cs_why *why)
{
    if (!CRED_IS_SET(c->env.access_key_id) || !CRED_IS_SET(c->env.secret_access_key)) {
        return cs_why(why, CS_ERR_CONFIG,
                      "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY: one is set without "
                      "the other; set both or none");
    }
    if (!cs_cred_set(&c->fresh, span_of(c->env.access_key_id),
                     span_of(c->env.secret_access_key),
                     span_of(c->env.session_token))) {
        return cs_why(why, CS_ERR_CONFIG,
                      "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN: "
                      "one is not made of printable characters or is too long");
    }
    return accept(c, now_s, why);
}

static enum cs_err begin_web(struct cs_cred *c, struct cs_why *why)
{
    if (!CRED_IS_SET(c->env.role_arn)) {
        return cs_why(why, CS_ERR_CONFIG,
                      "AWS_WEB_IDENTITY_TOKEN_FILE: is set without AWS_ROLE_ARN; set "
                      "both or none");
    }
    return want_file(c, CS_CRED_WEB_TOKEN, c->env.web_identity_token_file,
                     "AWS_WEB_IDENTITY_TOKEN_FILE", why);
}

static bool shared_is_named(const struct cs_cred *c)
{
    return CRED_IS_SET(c->env.shared_credentials_file) || CRED_IS_SET(c->env.profile);
}

static enum cs_err begin_shared(struct cs_cred *c, struct cs_why *why)
{
    char path[CS_CRED_PATH_MAX];

    if (CRED_IS_SET(c->env.shared_credentials_file)) {
        return want_file(c, CS_CRED_SHARED, c->env.shared_credentials_file,
                         "AWS_SHARED_CREDENTIALS_FILE", why);
    }
    if (strlen(c->env.home) > sizeof path - 32) {
        return cs_why(why, CS_ERR_CONFIG, "HOME: the path is too long");
    }
    (void)snprintf(path, sizeof path, "%s/.aws/credentials", c->env.home);
    return want_file(c, CS_CRED_SHARED, path, "HOME", why);
}

static enum cs_err none_left(struct cs_why *why)
{
    return cs_why(
        why, CS_ERR_CONFIG,
        "no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, "
        "or a credentials file, a container role or web identity, or allow "
        "the EC2 metadata service (AWS_EC2_METADATA_DISABLED)");
}

/* After the shared file: what the machine itself gives. */
static enum cs_err begin_machine(struct cs_cred *c, struct cs_why *why)
{
    if (CRED_IS_SET(c->env.container_relative_uri) ||
        CRED_IS_SET(c->env.container_full_uri)) {
        CS_CHECK(cs_cred_box_url(c, why));
        if (CRED_IS_SET(c->env.container_token_file)) {
            return want_file(c, CS_CRED_BOX_TOKEN, c->env.container_token_file,
                             "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", why);
        }
        c->step = CS_CRED_BOX;
        return cs_cred_box_request(c, span_of(c->env.container_token), why);
    }
    if (CRED_IS_SET(c->env.ec2_metadata_disabled) &&
        strcmp(c->env.ec2_metadata_disabled, "false") != 0) {
        return none_left(why);
    }
    CS_CHECK(cs_cred_ec2_url(c, why));
    c->step = CS_CRED_EC2_TOKEN;
    return cs_cred_ec2_request(c, NULL, why);
}

static enum cs_err begin(struct cs_cred *c, uint64_t now_s, struct cs_why *why)
{
    if (CRED_IS_SET(c->env.access_key_id) || CRED_IS_SET(c->env.secret_access_key)) {
        return begin_env(c, now_s, why);
    }
    if (CRED_IS_SET(c->env.web_identity_token_file)) {
        return begin_web(c, why);
    }
    if (CRED_IS_SET(c->env.shared_credentials_file) || CRED_IS_SET(c->env.home)) {
        return begin_shared(c, why);
    }
    if (CRED_IS_SET(c->env.profile)) {
        return cs_why(
            why, CS_ERR_CONFIG,
            "AWS_PROFILE: is set, but neither AWS_SHARED_CREDENTIALS_FILE nor "
            "HOME says where the file is");
    }
    return begin_machine(c, why);
}

static bool step_wants_file(enum cs_cred_step step)
{
    return step == CS_CRED_WEB_TOKEN || step == CS_CRED_SHARED ||
           step == CS_CRED_BOX_TOKEN;
}

enum cs_err cs_cred_next(struct cs_cred *c, uint64_t now_s, enum cs_cred_want *want,
                         struct cs_why *why)
{
    enum cs_err err = CS_OK;

    if (c->step == CS_CRED_START && !is_fresh(c, now_s)) {
        err = begin(c, now_s, why);
    }
    if (err != CS_OK) {
        restart(c);
        return err;
    }
    *want = c->step == CS_CRED_START   ? CS_CRED_READY
            : step_wants_file(c->step) ? CS_CRED_WANT_FILE
                                       : CS_CRED_WANT_HTTP;
    return CS_OK;
}

/* ---- what was asked for ---------------------------------------------------------- */

/* Old keys that live on are used, and the source is asked again a little later. */
static enum cs_err failed(struct cs_cred *c, uint64_t now_s, enum cs_err err)
{
    restart(c);
    if (err == CS_ERR_KMS_WAIT && still_lives(c, now_s)) {
        c->retry_s = now_s + RETRY_S;
        return CS_OK;
    }
    return err;
}

static enum cs_err shared_file(struct cs_cred *c, uint64_t now_s, bool is_there,
                               struct cs_span text, struct cs_why *why)
{
    const char *profile = CRED_IS_SET(c->env.profile) ? c->env.profile : "default";
    enum cs_err err = CS_ERR_NOT_FOUND;

    if (is_there) {
        err = cs_cred_profile(&c->fresh, text, profile, why);
    }
    if (err == CS_OK) {
        return accept(c, now_s, why);
    }
    if (err == CS_ERR_NOT_FOUND && !shared_is_named(c)) {
        return begin_machine(c, why);
    }
    if (err == CS_ERR_NOT_FOUND) {
        return cs_why(why, CS_ERR_CONFIG, "shared credentials file %.200s: %s %.64s",
                      c->path, is_there ? "has no profile" : "cannot be read; profile",
                      profile);
    }
    return err;
}

static enum cs_err token_file(struct cs_cred *c, bool is_there, struct cs_span text,
                              struct cs_why *why)
{
    bool is_web = c->step == CS_CRED_WEB_TOKEN;
    const char *name = is_web ? "AWS_WEB_IDENTITY_TOKEN_FILE"
                              : "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE";
    struct cs_span token = {NULL, 0};

    /* Written anew every few hours: it may be missing or half there for a moment. */
    if (!is_there ||
        !cs_cred_trim(&token, text, is_web ? WEB_TOKEN_MAX : CS_AWS_TOKEN_MAX - 1)) {
        return cs_why(why, CS_ERR_KMS_WAIT, "%s: %.200s %s", name, c->path,
                      is_there ? "holds no token" : "cannot be read");
    }
    c->step = is_web ? CS_CRED_WEB_STS : CS_CRED_BOX;
    return is_web ? cs_cred_sts_request(c, token, why)
                  : cs_cred_box_request(c, token, why);
}

enum cs_err cs_cred_file(struct cs_cred *c, uint64_t now_s, bool is_there,
                         struct cs_span text, struct cs_why *why)
{
    enum cs_err err;

    if (!step_wants_file(c->step)) {
        return CS_ERR_STATE;
    }
    if (text.n > CS_CRED_FILE_MAX) {
        err = cs_why(why, CS_ERR_CONFIG, "%.200s: is longer than %d bytes", c->path,
                     CS_CRED_FILE_MAX);
    } else if (c->step == CS_CRED_SHARED) {
        err = shared_file(c, now_s, is_there, text, why);
    } else {
        err = token_file(c, is_there, text, why);
    }
    return err == CS_OK ? CS_OK : failed(c, now_s, err);
}

static enum cs_err take_answer(struct cs_cred *c, uint64_t now_s,
                               const struct cs_aws_reply *r, struct cs_why *why)
{
    char role[CRED_ROLE_MAX];

    switch (c->step) {
    case CS_CRED_WEB_STS:
        CS_CHECK(cs_cred_sts_answer(c, r, why));
        return accept(c, now_s, why);
    case CS_CRED_BOX:
        CS_CHECK(cs_cred_json_answer(c, r, "container credentials", why));
        return accept(c, now_s, why);
    case CS_CRED_EC2_TOKEN:
        CS_CHECK(cs_cred_ec2_token(c, r, why));
        c->step = CS_CRED_EC2_ROLE;
        return cs_cred_ec2_request(c, "", why);
    case CS_CRED_EC2_ROLE:
        CS_CHECK(cs_cred_ec2_role(role, r, why));
        c->step = CS_CRED_EC2_KEYS;
        return cs_cred_ec2_request(c, role, why);
    case CS_CRED_EC2_KEYS:
        CS_CHECK(cs_cred_json_answer(c, r, "EC2 instance metadata", why));
        return accept(c, now_s, why);
    case CS_CRED_START:
    case CS_CRED_WEB_TOKEN:
    case CS_CRED_SHARED:
    case CS_CRED_BOX_TOKEN:
        break;
    }
    return CS_ERR_STATE;
}

enum cs_err cs_cred_http(struct cs_cred *c, uint64_t now_s,
                         const struct cs_aws_reply *reply, struct cs_why *why)
{
    enum cs_err err;

    if (c->step == CS_CRED_START || step_wants_file(c->step)) {
        return CS_ERR_STATE;
    }
    err = take_answer(c, now_s, reply, why);
    return err == CS_OK ? CS_OK : failed(c, now_s, err);
}
