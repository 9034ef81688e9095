/* The shared credentials file: "[profile]" and "name = value" lines. */
#include <string.h>

#include "base/mem.h"
#include "kms/cred_impl.h"

struct profile {
    bool is_found, has_other;
    struct cs_span id, secret, token;
};

static struct cs_span trim(struct cs_span s)
{
    while (s.n > 0 && (s.p[0] == ' ' || s.p[0] == '\t')) {
        s.p++;
        s.n--;
    }
    while (s.n > 0 &&
           (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t' || s.p[s.n - 1] == '\r')) {
        s.n--;
    }
    return s;
}

static bool is_text(struct cs_span s, const char *text)
{
    return s.n == strlen(text) && memcmp(s.p, text, s.n) == 0;
}

static bool is_section(struct cs_span line, bool *ours, const char *profile)
{
    if (line.p[0] != '[') {
        return false;
    }
    *ours = line.p[line.n - 1] == ']' && line.n > 2 &&
            is_text(trim(CS_SPAN(line.p + 1, line.n - 2)), profile);
    return true;
}

/* False: said twice. */
static bool keep(struct cs_span *to, struct cs_span value)
{
    bool is_first = to->p == NULL;

    *to = value;
    return is_first;
}

static bool setting(struct profile *p, struct cs_span line)
{
    const uint8_t *equals = memchr(line.p, '=', line.n);
    size_t at = equals == NULL ? line.n : (size_t)(equals - line.p);
    struct cs_span name = trim(CS_SPAN(line.p, at));
    struct cs_span value;

    if (equals == NULL) {
        return false;
    }
    value = trim(CS_SPAN(equals + 1, line.n - at - 1));
    if (is_text(name, "aws_access_key_id")) {
        return keep(&p->id, value);
    }
    if (is_text(name, "aws_secret_access_key")) {
        return keep(&p->secret, value);
    }
    if (is_text(name, "aws_session_token")) {
        return keep(&p->token, value);
    }
    p->has_other = p->has_other || is_text(name, "role_arn") ||
                   is_text(name, "credential_process") ||
                   is_text(name, "sso_session") || is_text(name, "sso_start_url") ||
                   is_text(name, "source_profile");
    return true;
}

/* One line of the file; false when it belongs to our profile and is malformed. */
static bool take_line(struct profile *p, bool *ours, struct cs_span raw,
                      const char *profile)
{
    struct cs_span line = trim(raw);

    if (line.n == 0 || line.p[0] == '#' || line.p[0] == ';') {
        return true;
    }
    if (is_section(line, ours, profile)) {
        p->is_found = p->is_found || *ours;
        return true;
    }
    return !*ours || setting(p, line);
}

static enum cs_err scan(struct profile *p, struct cs_span text, const char *profile,
                        struct cs_why *why)
{
    size_t start = 0, number = 1;
    bool ours = false;

    for (size_t i = 0; i <= text.n; i++) {
        if (i < text.n && text.p[i] != '\n') {
            continue;
        }
        if (!take_line(p, &ours, CS_SPAN(text.p + start, i - start), profile)) {
            return cs_why(why, CS_ERR_CONFIG,
                          "shared credentials file: line %zu is not \"name = value\", "
                          "or says a value twice",
                          number);
        }
        start = i + 1;
        number++;
    }
    return CS_OK;
}

enum cs_err cs_cred_profile(struct cs_aws_keys *fresh, struct cs_span text,
                            const char *profile, struct cs_why *why)
{
    struct profile p = {.is_found = false};

    if (text.n == 0) {
        return CS_ERR_NOT_FOUND;
    }
    CS_CHECK(scan(&p, text, profile, why));
    if (!p.is_found) {
        return CS_ERR_NOT_FOUND;
    }
    if (p.id.p == NULL && p.has_other) {
        return cs_why(
            why, CS_ERR_CONFIG,
            "shared credentials file: profile %.64s has no static keys; roles, "
            "processes and SSO are not supported there",
            profile);
    }
    if (p.id.p == NULL || p.secret.p == NULL ||
        !cs_cred_set(fresh, p.id, p.secret, p.token)) {
        return cs_why(why, CS_ERR_CONFIG,
                      "shared credentials file: profile %.64s needs aws_access_key_id "
                      "and aws_secret_access_key, well-formed",
                      profile);
    }
    return CS_OK;
}
