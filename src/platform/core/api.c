#include "platform/core/api.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/text.h"
#include "platform/core/assets.h"
#include "platform/core/audit.h"
#include "platform/core/credential_life.h"
#include "platform/core/idem.h"
#include "platform/core/ip_rule.h"
#include "platform/core/later.h"
#include "platform/core/seen.h"
#include "platform/core/session.h"
#include "platform/core/wait.h"

enum {
    BAD_AUTH_BURST = 100,
    BAD_AUTH_PER_S = 10,
    SECRET_ROOM = 128,  /* the name of a secret, and what stands around it */
    TOO_LARGE_BURST = 5 /* lines of the log for one actor, one a second after them */
};

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

json_t *cs_api_error_view(const struct cs_api *a)
{
    json_t *o = cs_js_obj(), *details = cs_js_arr(), *d;

    cs_js_int(o, "code", a->code);
    cs_js_str(o, "message", a->message);
    if (a->field[0] != '\0') {
        d = cs_js_obj();
        cs_js_str(d, "field", a->field);
        cs_js_str(d, "reason", a->reason);
        cs_js_push(details, d);
    }
    cs_js_set(o, "details", details);
    return o;
}

static void reply_error(struct cs_api *a)
{
    json_t *o = cs_api_error_view(a);
    struct cs_wr w = {0};

    cs_json_write(&w, o);
    cs_emit_reply_with(a->core->out, a->http->id, a->status, "application/json",
                       a->headers, cs_wr_get(&w));
    cs_wr_free(&w);
    json_decref(o);
}

/* The answer's text; a secret is put in behind the other members. */
static void reply_ok(struct cs_api *a, struct cs_span text)
{
    struct cs_wr w = {.max = text.n + a->extra.n + sizeof a->secret + SECRET_ROOM};

    if (a->file != NULL) {
        cs_asset_send(a->core, a->http, a->file);
        return;
    }
    if (a->has_lines) {
        cs_emit_reply(a->core->out, a->http->id, a->status, "application/x-ndjson",
                      cs_wr_get(&a->lines));
        return;
    }
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
    if (a->status == 204) {
        cs_wr_reset(&w);
    }
    CS_ASSERT(w.err == CS_OK);
    cs_emit_reply_with(a->core->out, a->http->id, a->status, "application/json",
                       a->headers, cs_wr_get(&w));
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

bool cs_actor_may(const struct cs_actor *who, enum cs_pc_perm p)
{
    switch (who->kind) {
    case CS_ACTOR_CREDENTIAL:
        return cs_pc_perm_in(json_object_get(who->rec, "permissions"), p);
    case CS_ACTOR_USER:
        return cs_roles_have(json_object_get(who->rec, "roles"), p);
    case CS_ACTOR_NONE:
        break;
    }
    return false;
}

bool cs_api_may(const struct cs_api *a, enum cs_pc_perm p)
{
    return cs_actor_may(&a->who, p);
}

static bool has_all(const struct cs_actor *who)
{
    return who->kind == CS_ACTOR_CREDENTIAL
               ? cs_pc_perm_all(json_object_get(who->rec, "permissions"))
               : cs_actor_covers_role(who, CS_ROLE_OWNER);
}

bool cs_actor_covers(const struct cs_actor *who, const json_t *words,
                     const char **missing)
{
    for (size_t i = 0; i < json_array_size(words); i++) {
        enum cs_pc_perm p;

        *missing = json_string_value(json_array_get(words, i));
        if (*missing != NULL &&
            !(cs_pc_perm_parse(&p, *missing) ? cs_actor_may(who, p) : has_all(who))) {
            return false;
        }
    }
    return true;
}

bool cs_actor_covers_role(const struct cs_actor *who, enum cs_role role)
{
    for (unsigned p = 0; p < CS_PERM_COUNT; p++) {
        if (cs_role_has(role, (enum cs_pc_perm)p) &&
            !cs_actor_may(who, (enum cs_pc_perm)p)) {
            return false;
        }
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
        (void)cs_api_fail(a, CS_API_NOT_FOUND, "",
                          "there is no such path: see GET /v2/openapi.json for all");
    }
    return NULL;
}

/* These are words, which their handlers read: the vendor's ids of chains and currencies
 * are. */
static bool is_word(const char *pattern)
{
    return strncmp(pattern, "{blockchain}", 12) == 0 ||
           strncmp(pattern, "{code}", 6) == 0;
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
        if (pattern[0] == '{' && !is_word(pattern) && !read_param(a, pattern, path)) {
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

static void become(struct cs_api *a, enum cs_actor_kind kind, const char *name)
{
    a->who.kind = kind;
    a->who.id = cs_js_text(a->who.rec, "id");
    a->who.name = cs_js_text(a->who.rec, name);
    a->actor = a->who.id;
}

/* Looking a token up costs a hash, and 256 bits cannot be guessed: the limit slows
 * those who send bad ones and never a good one from the same address. */
static bool nobody(struct cs_api *a, bool cookie)
{
    const char *field = cookie ? "Cookie" : "Authorization";

    if (!cs_api_take_from(a->core, "bad-auth", a->http->remote, BAD_AUTH_BURST,
                          BAD_AUTH_PER_S)) {
        (void)cs_api_fail(a, CS_API_LIMIT, field,
                          "too many refused tokens from this address: wait a minute");
    } else if (cookie) {
        (void)cs_api_fail(a, CS_API_UNAUTHENTICATED, field,
                          "this session has ended: sign in again");
    } else {
        (void)cs_api_fail(a, CS_API_UNAUTHENTICATED, field,
                          "needs a live access token: get one at POST "
                          "/v2/credentials/oauth/token and send it as 'Bearer ..'");
    }
    return false;
}

/* Reads, too: pages of the same site, such as another port of this host, get the cookie
 * sent, and one read makes a key (pairing).  "none": typed by the user. */
static bool from_us(struct cs_api *a)
{
    return strcmp(a->http->fetch_site, "none") == 0 || cs_session_not_foreign(a);
}

/* A token counts before a cookie: who sends one is a program. */
static bool identify(struct cs_api *a)
{
    bool cookie = a->http->authorization[0] == '\0' && cs_session_has_cookie(a->http);

    if (cookie) {
        if (!cs_session_find(a)) {
            return nobody(a, true);
        }
        become(a, CS_ACTOR_USER, "email");
        return from_us(a) && cs_session_guard(a);
    }
    a->who.rec = cs_token_credential(a->core, a->http->authorization);
    if (a->who.rec == NULL) {
        return nobody(a, false);
    }
    become(a, CS_ACTOR_CREDENTIAL, "name");
    if (!cs_ip_allowed(json_object_get(a->who.rec, "allowedIps"), a->http->remote)) {
        (void)cs_api_fail(a, CS_API_DENIED, "allowedIps",
                          "this credential may not be used from this address");
        return false;
    }
    cs_credential_used(a->core, a->who.rec);
    return true;
}

static bool is_open(const struct cs_route *r)
{
    return r->perm == CS_PERM_OPEN || r->perm == CS_PERM_SIGN_IN;
}

static bool authenticate(struct cs_api *a, const struct cs_route *r)
{
    const char *kind;

    if (is_open(r)) {
        return r->perm == CS_PERM_OPEN || cs_session_not_foreign(a);
    }
    if (!identify(a)) {
        return false;
    }
    kind = a->who.kind == CS_ACTOR_USER ? "user" : "credential";
    if (!cs_api_take(a->core, "request", a->actor, a->core->cfg.limits.request_rate,
                     a->core->cfg.limits.request_rate)) {
        (void)cs_api_fail(a, CS_API_LIMIT, "",
                          "this %s sends too many requests: slow down", kind);
        return false;
    }
    if (!cs_api_may(a, r->perm)) {
        (void)(r->perm == CS_PERM_USER
                   ? cs_api_fail(a, CS_API_DENIED, "permissions",
                                 "is for users who have signed in")
                   : cs_api_fail(a, CS_API_DENIED, "permissions",
                                 "this %s lacks the permission '%s'", kind,
                                 cs_pc_perm_word(r->perm)));
        return false;
    }
    return a->who.kind != CS_ACTOR_USER || !cs_route_wants_step_up(r) ||
           cs_session_stepped_up(a);
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

/* One of the vendor's bodies is an array: its handler finds it as "items". */
static enum cs_err parse_body(struct cs_api *a, const char **why)
{
    struct cs_span body = a->http->body;
    struct cs_wr w = {0};
    size_t i = 0;
    enum cs_err err;

    while (i < body.n && body.p[i] != 0 && strchr(" \t\r\n", body.p[i]) != NULL) {
        i++;
    }
    if (i == body.n || body.p[i] != '[' ||
        a->route->run != cs_api_subscription_create) {
        return cs_json_parse(&a->body, body, CS_API_BODY_MAX, why);
    }
    cs_wr_str(&w, "{\"items\":");
    cs_wr_span(&w, body);
    cs_wr_u8(&w, '}');
    err = w.err == CS_OK
              ? cs_json_parse(&a->body, cs_wr_get(&w), CS_API_BODY_MAX + 16, why)
              : w.err;
    cs_wr_free(&w);
    return err;
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
        err = parse_body(a, &why);
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
                           .table = a->wait_table,
                           .is_user = a->who.kind == CS_ACTOR_USER,
                           .perm = a->route->perm};

    if (a->wait_table == 0) {
        return false;
    }
    CS_ASSERT(a->secret_name == NULL && a->extra.n == 0);
    memcpy(w.id, a->wait_id, sizeof w.id);
    (void)snprintf(w.actor, sizeof w.actor, "%s", a->actor);
    if (w.is_user) {
        CS_ASSERT(cs_js_id(a->who.session, "id", w.session));
    } else {
        CS_ASSERT(a->who.kind == CS_ACTOR_CREDENTIAL);
        cs_token_digest(w.token, a->http->authorization);
    }
    return cs_pc_wait_add(a->core, &w);
}

/* Records are bounded, and pages end early: who sees this has found a bound that is
 * missing.  It must not end the platform, which would do it again at the next request.
 */
static void too_large(struct cs_api *a)
{
    struct cs_wr w = {0};
    json_t *o;

    (void)cs_api_fail(a, CS_API_INTERNAL, "", "the answer is larger than 16 MiB: %s",
                      cs_route_reads(a->route)
                          ? "ask for less, with a filter or a smaller pageSize"
                          : "what you asked for was done, read it in parts");
    if (cs_api_take(a->core, "too-large", a->actor, TOO_LARGE_BURST, 1)) {
        o = cs_js_obj();
        cs_js_str(o, "method", a->route->method);
        cs_js_str(o, "route", a->route->pattern);
        cs_json_write(&w, o);
        cs_emit_notify(a->core->out, "answer-too-large", cs_wr_get(&w));
        json_decref(o);
    }
    cs_wr_free(&w);
    reply_error(a);
}

/* What the handler said goes out.  Takes the answer. */
static void deliver(struct cs_api *a, struct cs_idem *idem, json_t *answer)
{
    struct cs_wr w = {0};

    if (answer == NULL) {
        if (a->code == CS_API_OK) {
            (void)cs_api_fail(a, CS_API_INTERNAL, "", "the request failed inside");
        }
        reply_error(a);
        return;
    }
    cs_json_write(&w, answer);
    json_decref(answer);
    cs_idem_keep(idem, a, cs_wr_get(&w)); /* without the text when it is too large */
    if (w.err != CS_OK) {
        too_large(a);
    } else if (!held_back(a)) {
        reply_ok(a, cs_wr_get(&w));
    }
    cs_wr_free(&w);
}

static void run_handler(struct cs_api *a)
{
    struct cs_idem idem = {0};
    bool replied = false;
    json_t *answer;

    if (!is_open(a->route) && !cs_idem_begin(&idem, a, &replied)) {
        a->is_repeat = replied;
        if (!replied) {
            reply_error(a);
        }
        return;
    }
    answer = a->route->run(a);
    if (a->is_later) {
        CS_ASSERT(answer == NULL && (is_open(a->route) || a->who.session != NULL));
        return; /* cs_api_resume goes on */
    }
    deliver(a, &idem, answer);
}

/* The user who asked is the one who gets the answer, if the session is still there. */
static bool still_there(struct cs_api *a, const struct cs_later *l)
{
    if (!l->has_session) {
        return true;
    }
    if (!cs_session_again(a, l->session)) {
        (void)cs_api_fail(a, CS_API_UNAUTHENTICATED, "Cookie",
                          "this session has ended: sign in again");
        return false;
    }
    become(a, CS_ACTOR_USER, "email");
    return true;
}

/* Secrets that came in as JSON are wiped where jansson keeps them. */
static void wipe_secret(json_t *body, const char *name)
{
    json_t *v = json_object_get(body, name);

    if (json_is_string(v)) {
        cs_wipe((void *)(uintptr_t)json_string_value(v), json_string_length(v));
    }
}

void cs_api_body_free(json_t *body)
{
    static const char *const secrets[] = {"clientSecret", "setupToken", "password",
                                          "newPassword",  "code",       "token"};

    for (size_t i = 0; i < CS_COUNTOF(secrets); i++) {
        wipe_secret(body, secrets[i]);
    }
    json_decref(body);
}

static void api_wipe(struct cs_api *a)
{
    cs_api_body_free(a->body);
    json_decref(a->who.rec);
    json_decref(a->who.session);
    cs_wipe(a->secret, sizeof a->secret);
    cs_wipe(a->headers, sizeof a->headers);
    cs_wr_free(&a->extra);
    cs_wr_free(&a->lines);
}

void cs_api_run(struct cs_platform_core *core, const struct cs_http_req *http)
{
    struct cs_api a = {.core = core,
                       .http = http,
                       .status = 200,
                       .actor = "",
                       .who = {.id = "", .name = ""}};

    cs_audit_begin(core);
    a.route = find_route(&a);
    core->stats.http_requests++;
    if (a.route != NULL && read_params(&a, a.route) && authenticate(&a, a.route) &&
        read_body(&a)) {
        run_handler(&a);
    } else {
        reply_error(&a);
    }
    cs_audit_request(&a);
    cs_seen_note(&a);
    api_wipe(&a);
}

void cs_api_resume(struct cs_platform_core *core, struct cs_later *l)
{
    struct cs_idem none = {0};
    struct cs_http_req http = {.id = l->http_id,
                               .method = l->route->method,
                               .path = l->route->pattern, /* it has no parameters */
                               .query = "",
                               .authorization = "",
                               .content_type = "application/json",
                               .idempotency_key = "",
                               .origin = "",
                               .cookie = "",
                               .csrf_token = "",
                               .fetch_site = "",
                               .if_none_match = "",
                               .remote = l->remote};
    struct cs_api a = {.core = core,
                       .http = &http,
                       .route = l->route,
                       .status = 200,
                       .actor = "",
                       .who = {.id = "", .name = ""},
                       .body = l->body};
    json_t *answer;

    l->body = NULL;
    a.in = CS_JR(a.body);
    cs_audit_begin(core);
    answer = still_there(&a, l) ? l->then(&a, l) : NULL;
    if (!a.is_later) {
        deliver(&a, &none, answer);
    }
    cs_audit_request(&a);
    cs_seen_note(&a);
    api_wipe(&a);
}
