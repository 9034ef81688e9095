#include "platform/core/api.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/text.h"
#include "platform/core/idem.h"
#include "platform/core/ip_rule.h"
#include "platform/core/wait.h"

enum { BAD_AUTH_BURST = 100, BAD_AUTH_PER_S = 10 };

/* ---- refusing ---------------------------------------------------------- */

static int status_of(enum cs_api_code code)
{
    switch (code) {
    case CS_API_OK:
        return 200;
    case CS_API_INVALID:
        return 400;
    case CS_API_UNAUTHENTICATED:
        return 401;
    case CS_API_DENIED:
        return 403;
    case CS_API_NOT_FOUND:
        return 404;
    case CS_API_EXISTS:
    case CS_API_STATE:
        return 409;
    case CS_API_LIMIT:
        return 429;
    case CS_API_UNIMPLEMENTED:
        return 501;
    case CS_API_UNAVAILABLE:
        return 503;
    case CS_API_INTERNAL:
        return 500;
    }
    return 500;
}

json_t *cs_api_fail(struct cs_api *a, enum cs_api_code code, const char *field,
                    const char *fmt, ...)
{
    va_list ap;

    if (a->code != CS_API_OK) {
        return NULL;
    }
    a->code = code;
    a->status = status_of(code);
    (void)snprintf(a->field, sizeof a->field, "%s", field);
    va_start(ap, fmt);
    (void)vsnprintf(a->reason, sizeof a->reason, fmt, ap);
    va_end(ap);
    (void)snprintf(a->message, sizeof a->message, "%s%s%s", field,
                   field[0] == '\0' ? "" : ": ", a->reason);
    return NULL;
}

bool cs_api_bad_body(struct cs_api *a)
{
    if (a->in.err != CS_OK) {
        (void)cs_api_fail(a, CS_API_INVALID, a->in.field, "%s", a->in.why);
    }
    return a->code != CS_API_OK;
}

static void reply_error(struct cs_api *a)
{
    json_t *o = cs_js_obj(), *details = cs_js_arr(), *d;
    struct cs_wr w = {0};

    cs_js_int(o, "code", a->code);
    cs_js_str(o, "message", a->message);
    if (a->field[0] != '\0') {
        d = cs_js_obj();
        cs_js_str(d, "field", a->field);
        cs_js_str(d, "reason", a->reason);
        cs_js_push(details, d);
    }
    cs_js_set(o, "details", details);
    cs_json_write(&w, o);
    cs_emit_reply(a->core->out, a->http->id, a->status, "application/json",
                  cs_wr_get(&w));
    cs_wr_free(&w);
    json_decref(o);
}

/* The answer's text; a secret is put in behind the other members. */
static void reply_ok(struct cs_api *a, struct cs_span text)
{
    struct cs_wr w = {0};

    cs_wr_span(&w, text);
    if (a->secret_name != NULL) {
        w.n -= 1 + a->secret_depth;
        CS_ASSERT(w.err == CS_OK && w.p[w.n] == '}'); /* behind another member */
        cs_wr_printf(&w, ",\"%s\":\"%s\"%s", a->secret_name, a->secret,
                     a->secret_depth == 0 ? "}" : "}}");
    }
    if (a->extra.n > 0) {
        CS_ASSERT(w.n > 0 && w.p[w.n - 1] == '}');
        w.n--;
        cs_wr_span(&w, cs_wr_get(&a->extra));
        cs_wr_u8(&w, '}');
    }
    CS_ASSERT(w.err == CS_OK);
    cs_emit_reply(a->core->out, a->http->id, a->status, "application/json",
                  cs_wr_get(&w));
    cs_wr_free(&w);
}

bool cs_api_work_or_fail(struct cs_api *a, size_t n)
{
    if (!cs_api_work(a, n)) {
        (void)cs_api_fail(a, CS_API_LIMIT, "",
                          "this credential asks for too many large requests: slow "
                          "down, and wait for a result with ?wait=");
        return false;
    }
    return true;
}

/* ---- finding the route ------------------------------------------------- */

static size_t segment(const char *p)
{
    return strcspn(p, "/");
}

/* Does path fit the pattern?  Bad ids are found later, when the route is certain. */
static bool fits(const char *pattern, const char *path)
{
    for (;;) {
        size_t n = segment(pattern), m = segment(path);

        if (pattern[0] == '{' ? m == 0 : n != m || memcmp(pattern, path, n) != 0) {
            return false;
        }
        pattern += n;
        path += m;
        if (*pattern == '\0' || *path == '\0') {
            return *pattern == *path;
        }
        pattern++;
        path++;
    }
}

static const struct cs_route *find_route(struct cs_api *a)
{
    bool path_known = false;

    for (size_t i = 0; cs_route_at(i) != NULL; i++) {
        const struct cs_route *r = cs_route_at(i);

        if (!fits(r->pattern, a->http->path)) {
            continue;
        }
        path_known = true;
        if (strcmp(r->method, a->http->method) == 0) {
            return r;
        }
    }
    if (path_known) {
        (void)cs_api_fail(a, CS_API_UNIMPLEMENTED, "",
                          "%s is not a method of this path",
                          strlen(a->http->method) < 16 ? a->http->method : "this");
        a->status = 405;
    } else {
        (void)cs_api_fail(
            a, CS_API_NOT_FOUND, "",
            "there is no such path: see src/platform/README.md for the API");
    }
    return NULL;
}

static bool read_param(struct cs_api *a, const char *pattern, const char *path)
{
    char text[CS_UUID_LEN], name[64];
    size_t n = segment(path);

    CS_ASSERT(a->n_params < CS_API_PARAMS);
    (void)snprintf(name, sizeof name, "%.*s", (int)strcspn(pattern + 1, "}"),
                   pattern + 1);
    if (n != CS_UUID_LEN - 1) {
        (void)cs_api_fail(a, CS_API_INVALID, name, "must be a UUID");
        return false;
    }
    memcpy(text, path, n);
    text[n] = '\0';
    if (cs_uuid_parse(a->param[a->n_params], text) != CS_OK) {
        (void)cs_api_fail(a, CS_API_INVALID, name, "must be a UUID");
        return false;
    }
    a->n_params++;
    return true;
}

static bool read_params(struct cs_api *a, const struct cs_route *r)
{
    const char *pattern = r->pattern, *path = a->http->path;

    for (;;) {
        if (pattern[0] == '{' && !read_param(a, pattern, path)) {
            return false;
        }
        pattern += segment(pattern);
        path += segment(path);
        if (*pattern == '\0') {
            return true;
        }
        pattern++;
        path++;
    }
}

/* ---- who asks, and what ------------------------------------------------ */

static bool authenticate(struct cs_api *a, const struct cs_route *r)
{
    const char *remote = a->http->remote;

    if (r->perm == CS_PERM_OPEN) {
        return true;
    }
    /* Looking a token up costs a hash, and 256 bits cannot be guessed: the limit slows
     * those who send bad ones and never a good one from the same address. */
    a->credential = cs_token_credential(a->core, a->http->authorization);
    if (a->credential == NULL && !cs_api_take_from(a->core, "bad-auth", remote,
                                                   BAD_AUTH_BURST, BAD_AUTH_PER_S)) {
        (void)cs_api_fail(a, CS_API_LIMIT, "Authorization",
                          "too many refused tokens from this address: wait a minute");
        return false;
    }
    if (a->credential == NULL) {
        (void)cs_api_fail(a, CS_API_UNAUTHENTICATED, "Authorization",
                          "needs a live access token: get one at POST "
                          "/v2/credentials/oauth/token and send it as 'Bearer ..'");
        return false;
    }
    a->actor = cs_js_text(a->credential, "id");
    if (!cs_ip_allowed(json_object_get(a->credential, "allowedIps"), remote)) {
        (void)cs_api_fail(a, CS_API_DENIED, "allowedIps",
                          "this credential may not be used from this address");
        return false;
    }
    if (!cs_api_take(a->core, "request", a->actor, a->core->cfg.limits.request_rate,
                     a->core->cfg.limits.request_rate)) {
        (void)cs_api_fail(a, CS_API_LIMIT, "",
                          "this credential sends too many requests: slow down");
        return false;
    }
    if (!cs_pc_perm_in(json_object_get(a->credential, "permissions"), r->perm)) {
        (void)cs_api_fail(a, CS_API_DENIED, "permissions",
                          "this credential lacks the permission '%s'",
                          cs_pc_perm_word(r->perm));
        return false;
    }
    return true;
}

static bool has_body(const char *method)
{
    return strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0 ||
           strcmp(method, "PATCH") == 0;
}

static bool is_json(const char *type)
{
    static const char json[] = "application/json";
    size_t n = sizeof json - 1;

    return strncasecmp(type, json, n) == 0 &&
           (type[n] == '\0' || type[n] == ';' || type[n] == ' ');
}

static bool read_body(struct cs_api *a)
{
    const char *why = "";
    bool wanted = has_body(a->http->method) && a->http->body.n > 0;
    enum cs_err err = CS_OK;

    if (a->http->body.n > CS_API_BODY_MAX) {
        (void)cs_api_fail(a, CS_API_INVALID, "body", "is larger than 512 KiB");
        a->status = 413;
        return false;
    }
    if (wanted && !is_json(a->http->content_type)) {
        (void)cs_api_fail(a, CS_API_INVALID, "Content-Type",
                          "must be application/json");
        a->status = 415;
        return false;
    }
    if (wanted) {
        err = cs_json_parse(&a->body, a->http->body, CS_API_BODY_MAX, &why);
    } else {
        a->body = cs_js_obj();
    }
    if (err != CS_OK) {
        (void)cs_api_fail(a, CS_API_INVALID, "body", "%s", why);
        return false;
    }
    a->in = CS_JR(a->body);
    return true;
}

/* ---- running ----------------------------------------------------------- */

/* ?wait=: the answer goes out later (wait.h). */
static bool held_back(const struct cs_api *a)
{
    struct cs_pc_wait w = {.http_id = a->http->id,
                           .until_ms = a->core->now_ms + (uint64_t)a->wait_s * 1000,
                           .table = a->wait_table};

    if (a->wait_table == 0) {
        return false;
    }
    CS_ASSERT(a->secret_name == NULL && a->extra.n == 0);
    memcpy(w.id, a->wait_id, sizeof w.id);
    (void)snprintf(w.actor, sizeof w.actor, "%s", a->actor);
    return cs_pc_wait_add(a->core, &w);
}

static void run_handler(struct cs_api *a, const struct cs_route *r)
{
    struct cs_idem idem = {0};
    struct cs_wr w = {0};
    bool replied = false;
    json_t *answer;

    if (r->perm != CS_PERM_OPEN && !cs_idem_begin(&idem, a, &replied)) {
        if (!replied) {
            reply_error(a);
        }
        return;
    }
    answer = r->run(a);
    if (answer == NULL) {
        if (a->code == CS_API_OK) {
            (void)cs_api_fail(a, CS_API_INTERNAL, "", "the request failed inside");
        }
        reply_error(a);
        return;
    }
    cs_json_write(&w, answer);
    CS_ASSERT(w.err == CS_OK);
    json_decref(answer);
    cs_idem_keep(&idem, a, cs_wr_get(&w));
    if (!held_back(a)) {
        reply_ok(a, cs_wr_get(&w));
    }
    cs_wr_free(&w);
}

/* Secrets that came in as JSON are wiped where jansson keeps them. */
static void wipe_secret(json_t *body, const char *name)
{
    json_t *v = json_object_get(body, name);

    if (json_is_string(v)) {
        cs_wipe((void *)(uintptr_t)json_string_value(v), json_string_length(v));
    }
}

void cs_api_run(struct cs_platform_core *core, const struct cs_http_req *http)
{
    struct cs_api a = {.core = core, .http = http, .status = 200};
    const struct cs_route *r = find_route(&a);

    core->stats.http_requests++;
    if (r != NULL && read_params(&a, r) && authenticate(&a, r) && read_body(&a)) {
        run_handler(&a, r);
    } else {
        reply_error(&a);
    }
    wipe_secret(a.body, "clientSecret");
    wipe_secret(a.body, "setupToken");
    json_decref(a.body);
    json_decref(a.credential);
    cs_wipe(a.secret, sizeof a.secret);
    cs_wr_free(&a.extra);
}
