/* What the sources over HTTP are asked, and what their answers hold. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "kms/aws_time.h"
#include "kms/cred_impl.h"
#include "kms/fields.h"

#define WORD      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+=,.@-"
#define EC2_TTL_S "300"

enum { SESSION_NAME_MAX = 64, ROLE_ARN_MAX = 2048 };

static bool is_word(const char *text, size_t max)
{
    size_t n = strspn(text, WORD);

    return n >= 1 && n <= max && text[n] == '\0';
}

/* No answer, or one with another status: the source may come back. */
static enum cs_err not_now(const struct cs_aws_reply *r, const char *who,
                           struct cs_why *why)
{
    if (r->status == 0) {
        return cs_why(why, CS_ERR_KMS_WAIT, "AWS credentials from %s: no answer: %s",
                      who, r->failure == NULL ? "unknown reason" : r->failure);
    }
    return cs_why(why, CS_ERR_KMS_WAIT, "AWS credentials from %s: status %d", who,
                  r->status);
}

static enum cs_err malformed(const char *who, struct cs_why *why)
{
    return cs_why(why, CS_ERR_KMS_WAIT,
                  "AWS credentials from %s: the answer is malformed", who);
}

/* keys and their end out of texts that came over the wire. */
static enum cs_err take_keys(struct cs_cred *c, const char *id, const char *secret,
                             const char *token, const char *expiration, const char *who,
                             struct cs_why *why)
{
    uint64_t end;

    if (token[0] == '\0' || cs_aws_time_parse(&end, expiration) != CS_OK || end == 0 ||
        !cs_cred_set(&c->fresh, CS_SPAN(id, strlen(id)),
                     CS_SPAN(secret, strlen(secret)), CS_SPAN(token, strlen(token)))) {
        return malformed(who, why);
    }
    c->fresh.expires_s = end;
    return CS_OK;
}

/* ---- STS ------------------------------------------------------------------------- */

static void put_form(struct cs_wr *w, const char *name, struct cs_span value)
{
    cs_wr_printf(w, "&%s=", name);
    for (size_t i = 0; i < value.n; i++) {
        uint8_t c = value.p[i];

        if (c != 0 && strchr(WORD, c) != NULL && strchr("+=,@", c) == NULL) {
            cs_wr_u8(w, c);
        } else {
            cs_wr_printf(w, "%%%02X", c);
        }
    }
}

/* The token is worth the role: only encrypted, or not off this machine. */
static enum cs_err sts_url(struct cs_cred *c, struct cs_why *why)
{
    bool own = CRED_IS_SET(c->env.endpoint_url_sts);
    const char *name = own ? "AWS_ENDPOINT_URL_STS" : "AWS_ENDPOINT_URL";
    const char *text = own ? c->env.endpoint_url_sts : c->env.endpoint_url;

    if (!CRED_IS_SET(text)) {
        c->url = (struct cs_aws_url){.is_tls = true, .port = 443, .path = "/"};
        (void)snprintf(c->url.host, sizeof c->url.host, "sts.%s.%s", c->region,
                       c->domain);
        return CS_OK;
    }
    CS_CHECK(cs_aws_url_parse(&c->url, text, name, why));
    if (!c->url.is_tls && !cs_aws_url_is_loopback(&c->url)) {
        return cs_why(why, CS_ERR_CONFIG,
                      "%s: is http://, and the web identity token goes there; use "
                      "https:// (http only on this machine's own loopback)",
                      name);
    }
    return CS_OK;
}

static bool role_arn_ok(const char *arn)
{
    size_t n = strspn(arn, WORD ":/");

    return n >= 20 && n <= ROLE_ARN_MAX && arn[n] == '\0' &&
           strncmp(arn, "arn:", 4) == 0;
}

enum cs_err cs_cred_sts_request(struct cs_cred *c, struct cs_span token,
                                struct cs_why *why)
{
    const char *session = CRED_IS_SET(c->env.role_session_name)
                              ? c->env.role_session_name
                              : "cloudsign";

    if (!role_arn_ok(c->env.role_arn)) {
        return cs_why(
            why, CS_ERR_CONFIG,
            "AWS_ROLE_ARN: is no role's ARN (arn:aws:iam::ACCOUNT:role/NAME)");
    }
    if (strlen(session) < 2 || !is_word(session, SESSION_NAME_MAX)) {
        return cs_why(why, CS_ERR_CONFIG,
                      "AWS_ROLE_SESSION_NAME: must be 2 to 64 of letters, digits and "
                      "_+=,.@-");
    }
    CS_CHECK(sts_url(c, why));
    cs_aws_http_start(&c->http, "POST", &c->url);
    cs_aws_http_header(&c->http, "content-type",
                       CS_SPAN_LIT("application/x-www-form-urlencoded"));
    cs_aws_http_header(&c->http, "accept", CS_SPAN_LIT("text/xml"));
    cs_wr_str(&c->http.body, "Action=AssumeRoleWithWebIdentity&Version=2011-06-15");
    put_form(&c->http.body, "RoleArn",
             CS_SPAN(c->env.role_arn, strlen(c->env.role_arn)));
    put_form(&c->http.body, "RoleSessionName", CS_SPAN(session, strlen(session)));
    put_form(&c->http.body, "WebIdentityToken", token);
    return cs_aws_http_err(&c->http);
}

static const uint8_t *find(struct cs_span in, const char *text)
{
    size_t n = strlen(text);

    for (size_t i = 0; i + n <= in.n; i++) {
        if (memcmp(in.p + i, text, n) == 0) {
            return in.p + i;
        }
    }
    return NULL;
}

/* What stands between <name> and </name>; both come exactly once. */
static bool element(struct cs_span *out, struct cs_span in, const char *name)
{
    char open[40], close[40];
    const uint8_t *from, *to;
    size_t n_open;

    (void)snprintf(open, sizeof open, "<%s>", name);
    (void)snprintf(close, sizeof close, "</%s>", name);
    n_open = strlen(open);
    from = find(in, open);
    to = find(in, close);
    if (from == NULL || to == NULL || to < from + n_open) {
        return false;
    }
    *out = CS_SPAN(from + n_open, (size_t)(to - from) - n_open);
    return find(CS_SPAN(from + 1, in.n - (size_t)(from + 1 - in.p)), open) == NULL &&
           find(CS_SPAN(to + 1, in.n - (size_t)(to + 1 - in.p)), close) == NULL;
}

/* Element as text.  Keys and times have no character that XML writes otherwise. */
static bool element_text(char *out, size_t cap, struct cs_span in, const char *name)
{
    struct cs_span s;

    if (!element(&s, in, name) || s.n >= cap || s.n == 0 ||
        memchr(s.p, '<', s.n) != NULL || memchr(s.p, '&', s.n) != NULL ||
        memchr(s.p, 0, s.n) != NULL) {
        return false;
    }
    memcpy(out, s.p, s.n);
    out[s.n] = '\0';
    return true;
}

/* 4xx: the codes that time or AWS mends; all others need an operator. */
static enum cs_err sts_refusal(const struct cs_aws_reply *r, struct cs_why *why)
{
    static const char *const passing[] = {"ExpiredTokenException",
                                          "IDPCommunicationError", "Throttling",
                                          "RequestLimitExceeded"};
    char code[64], id[CS_AWS_REQUEST_ID_MAX];
    struct cs_aws_reply in_body = *r;

    if (!element_text(code, sizeof code, r->body, "Code") || !is_word(code, 63)) {
        return not_now(r, "STS", why);
    }
    if (strcmp(cs_aws_request_id(r), "none") == 0 &&
        element_text(id, sizeof id, r->body, "RequestId")) {
        in_body.request_id = id;
    }
    for (size_t i = 0; i < CS_COUNTOF(passing); i++) {
        if (strcmp(code, passing[i]) == 0) {
            return cs_why(why, CS_ERR_KMS_WAIT,
                          "STS AssumeRoleWithWebIdentity: %s, AWS request id %s", code,
                          cs_aws_request_id(&in_body));
        }
    }
    return cs_why(
        why, CS_ERR_KMS_DENIED,
        "STS AssumeRoleWithWebIdentity: %s, AWS request id %s: let the role of "
        "AWS_ROLE_ARN trust this pod's service account",
        code, cs_aws_request_id(&in_body));
}

enum cs_err cs_cred_sts_answer(struct cs_cred *c, const struct cs_aws_reply *r,
                               struct cs_why *why)
{
    char id[CS_AWS_ID_MAX], secret[CS_AWS_SECRET_MAX], token[CS_AWS_TOKEN_MAX], end[40];
    struct cs_span in;
    enum cs_err err;

    if (r->status == 0 || r->status >= 500 || r->body.n > CS_AWS_BODY_MAX) {
        return not_now(r, "STS", why);
    }
    if (r->status != 200) {
        return sts_refusal(r, why);
    }
    if (element(&in, r->body, "Credentials") &&
        element_text(id, sizeof id, in, "AccessKeyId") &&
        element_text(secret, sizeof secret, in, "SecretAccessKey") &&
        element_text(token, sizeof token, in, "SessionToken") &&
        element_text(end, sizeof end, in, "Expiration")) {
        err = take_keys(c, id, secret, token, end, "STS", why);
    } else {
        err = malformed("STS", why);
    }
    cs_wipe(secret, sizeof secret);
    cs_wipe(token, sizeof token);
    return err;
}

/* ---- container endpoint ---------------------------------------------------------- */

/* Plain http goes to these only: AWS's SDKs have the same list. */
static bool box_host_ok(const struct cs_aws_url *u)
{
    return u->is_tls || cs_aws_url_is_loopback(u) ||
           (u->is_ipv6 ? strcmp(u->host, "fd00:ec2::23") == 0
                       : strcmp(u->host, "169.254.170.2") == 0 ||
                             strcmp(u->host, "169.254.170.23") == 0);
}

enum cs_err cs_cred_box_url(struct cs_cred *c, struct cs_why *why)
{
    char text[CS_AWS_PATH_MAX + 64];
    const char *relative = c->env.container_relative_uri;

    if (!CRED_IS_SET(relative)) {
        CS_CHECK(cs_aws_url_parse(&c->url, c->env.container_full_uri,
                                  "AWS_CONTAINER_CREDENTIALS_FULL_URI", why));
        if (!box_host_ok(&c->url)) {
            return cs_why(why, CS_ERR_CONFIG,
                          "AWS_CONTAINER_CREDENTIALS_FULL_URI: http:// to another host "
                          "than loopback, 169.254.170.2, 169.254.170.23 and "
                          "[fd00:ec2::23]; use https://");
        }
        return CS_OK;
    }
    if (relative[0] != '/' || strlen(relative) >= CS_AWS_PATH_MAX) {
        return cs_why(why, CS_ERR_CONFIG,
                      "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: must begin with / and "
                      "be shorter than %d bytes",
                      CS_AWS_PATH_MAX);
    }
    (void)snprintf(text, sizeof text, "http://169.254.170.2%s", relative);
    return cs_aws_url_parse(&c->url, text, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
                            why);
}

enum cs_err cs_cred_box_request(struct cs_cred *c, struct cs_span token,
                                struct cs_why *why)
{
    cs_aws_http_start(&c->http, "GET", &c->url);
    cs_aws_http_header(&c->http, "accept", CS_SPAN_LIT("application/json"));
    if (token.n > 0) {
        for (size_t i = 0; i < token.n; i++) { /* "Basic abc": blanks inside are fine */
            if (token.p[i] < ' ' || token.p[i] >= 0x7f) {
                return cs_why(why, CS_ERR_CONFIG,
                              "AWS_CONTAINER_AUTHORIZATION_TOKEN: has bytes that a "
                              "header cannot have");
            }
        }
        cs_aws_http_header(&c->http, "authorization", token);
    }
    return cs_aws_http_err(&c->http);
}

/* ---- JSON of containers and EC2 -------------------------------------------------- */

enum cs_err cs_cred_json_answer(struct cs_cred *c, const struct cs_aws_reply *r,
                                const char *who, struct cs_why *why)
{
    char id[CS_AWS_ID_MAX], secret[CS_AWS_SECRET_MAX], token[CS_AWS_TOKEN_MAX], end[40],
        code[40];
    struct cs_field f[] = {{"AccessKeyId", id, sizeof id, false},
                           {"SecretAccessKey", secret, sizeof secret, false},
                           {"Token", token, sizeof token, false},
                           {"Expiration", end, sizeof end, false},
                           {"Code", code, sizeof code, false}};
    enum cs_err err;

    if (r->status != 200 || r->body.n > CS_AWS_BODY_MAX) {
        return not_now(r, who, why);
    }
    if (cs_fields_read(f, CS_COUNTOF(f), r->body) != CS_OK) {
        return malformed(who, why);
    }
    if (f[4].is_found && strcmp(code, "Success") != 0) {
        err = cs_why(why, CS_ERR_KMS_WAIT, "AWS credentials from %s: %s", who,
                     is_word(code, sizeof code) ? code : "refused");
    } else {
        err = take_keys(c, id, secret, token, end, who, why);
    }
    cs_wipe(secret, sizeof secret);
    cs_wipe(token, sizeof token);
    return err;
}

/* ---- EC2 instance metadata, version 2 -------------------------------------------- */

#define EC2 "EC2 instance metadata"

enum cs_err cs_cred_ec2_url(struct cs_cred *c, struct cs_why *why)
{
    const char *text = CRED_IS_SET(c->env.ec2_metadata_endpoint)
                           ? c->env.ec2_metadata_endpoint
                           : "http://169.254.169.254";
    bool ok;

    CS_CHECK(cs_aws_url_parse(&c->url, text, "AWS_EC2_METADATA_SERVICE_ENDPOINT", why));
    ok = cs_aws_url_is_loopback(&c->url) ||
         strcmp(c->url.host, c->url.is_ipv6 ? "fd00:ec2::254" : "169.254.169.254") == 0;
    if (!ok || strcmp(c->url.path, "/") != 0) {
        return cs_why(why, CS_ERR_CONFIG,
                      "AWS_EC2_METADATA_SERVICE_ENDPOINT: must be "
                      "http://169.254.169.254, http://[fd00:ec2::254] or on loopback, "
                      "without a path");
    }
    return CS_OK;
}

/* role NULL: the token; "": the role's name; else its keys. */
enum cs_err cs_cred_ec2_request(struct cs_cred *c, const char *role, struct cs_why *why)
{
    (void)snprintf(c->url.path, sizeof c->url.path, "%s%s",
                   role == NULL ? "/latest/api/token"
                                : "/latest/meta-data/iam/security-credentials/",
                   role == NULL ? "" : role);
    cs_aws_http_start(&c->http, role == NULL ? "PUT" : "GET", &c->url);
    if (role == NULL) {
        cs_aws_http_header(&c->http, "x-aws-ec2-metadata-token-ttl-seconds",
                           CS_SPAN_LIT(EC2_TTL_S));
    } else {
        cs_aws_http_header(&c->http, "x-aws-ec2-metadata-token",
                           CS_SPAN(c->ec2_token, strlen(c->ec2_token)));
    }
    if (cs_aws_http_err(&c->http) != CS_OK) {
        return cs_why(why, cs_aws_http_err(&c->http), "cannot make a request");
    }
    return CS_OK;
}

enum cs_err cs_cred_ec2_token(struct cs_cred *c, const struct cs_aws_reply *r,
                              struct cs_why *why)
{
    struct cs_span token;

    if (r->status != 200) {
        return not_now(r, EC2 " (no other source is set)", why);
    }
    if (!cs_cred_trim(&token, r->body, sizeof c->ec2_token - 1)) {
        return malformed(EC2, why);
    }
    memcpy(c->ec2_token, token.p, token.n);
    c->ec2_token[token.n] = '\0';
    return CS_OK;
}

enum cs_err cs_cred_ec2_role(char role[CRED_ROLE_MAX], const struct cs_aws_reply *r,
                             struct cs_why *why)
{
    struct cs_span name;

    if (r->status == 404) {
        return cs_why(why, CS_ERR_KMS_WAIT,
                      "AWS credentials from " EC2 ": the instance has no role; attach "
                      "an instance profile");
    }
    if (r->status != 200) {
        return not_now(r, EC2, why);
    }
    if (!cs_cred_trim(&name, r->body, CRED_ROLE_MAX - 1)) {
        return malformed(EC2, why);
    }
    memcpy(role, name.p, name.n);
    role[name.n] = '\0';
    return is_word(role, CRED_ROLE_MAX - 1) ? CS_OK : malformed(EC2, why);
}
