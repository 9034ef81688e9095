#include "platform/core/session.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "platform/core/feed.h"
#include "platform/core/users.h"

enum { TOKEN_HEX = 64 };

/* ---- where a request comes from -------------------------------------------------- */

void cs_session_origin(char *out, size_t size, const char *platform_url)
{
    bool tls = strncmp(platform_url, "wss://", 6) == 0;
    const char *host = strstr(platform_url, "://") + 3;
    size_t n = strcspn(host, "/?#");
    const char *port = tls ? ":443" : ":80";
    size_t port_n = strlen(port);

    if (n > port_n && memcmp(host + n - port_n, port, port_n) == 0) {
        n -= port_n; /* browsers leave the usual one out */
    }
    (void)snprintf(out, size, "%s%.*s", tls ? "https://" : "http://", (int)n, host);
    for (char *p = out; *p != '\0'; p++) {
        *p = *p >= 'A' && *p <= 'Z' ? (char)(*p - 'A' + 'a') : *p;
    }
}

static bool site_ok(const struct cs_api *a)
{
    const char *site = a->http->fetch_site;

    return site[0] == '\0' || strcmp(site, "same-origin") == 0;
}

static bool origin_is_ours(const struct cs_api *a)
{
    return strcmp(a->http->origin, a->core->origin) == 0;
}

static bool foreign(struct cs_api *a, const char *field)
{
    (void)cs_api_fail(a, CS_API_DENIED, field,
                      "this was not sent by a page of %s: open the console there",
                      a->core->origin);
    return false;
}

bool cs_session_not_foreign(struct cs_api *a)
{
    if (!site_ok(a)) {
        return foreign(a, "Sec-Fetch-Site");
    }
    return a->http->origin[0] == '\0' || origin_is_ours(a) || foreign(a, "Origin");
}

/* ---- the cookie -------------------------------------------------------- */

/* The value of ours, when there is exactly one and it is 64 hex digits.  *any: there is
 * at least one with our name. */
static const char *cookie_value(const char *header, bool *any)
{
    static const char name[] = CS_SESSION_COOKIE "=";
    const char *found = NULL;
    size_t n = 0;

    for (const char *p = header; *p != '\0'; p += p[0] == ';' ? 1 : 0) {
        p += strspn(p, " \t");
        if (strncmp(p, name, sizeof name - 1) == 0) {
            found = p + sizeof name - 1;
            n++;
        }
        p += strcspn(p, ";");
    }
    *any = n > 0;
    if (n != 1 || strcspn(found, "; \t") != TOKEN_HEX ||
        strspn(found, "0123456789abcdef") != TOKEN_HEX) {
        return NULL;
    }
    return found;
}

bool cs_session_has_cookie(const struct cs_http_req *http)
{
    bool any;

    (void)cookie_value(http->cookie, &any);
    return any;
}

static void token_hash(uint8_t d[32], char text[65], const char *token)
{
    cs_pc_digest(d, "session", CS_SPAN(token, TOKEN_HEX), CS_SPAN(NULL, 0));
    (void)cs_hex(text, d, 32);
}

/* Follows from the cookie, which page scripts cannot read: nothing more to keep. */
static void csrf_of(char out[65], const char *token)
{
    uint8_t d[32];

    cs_pc_digest(d, "csrf", CS_SPAN(token, TOKEN_HEX), CS_SPAN(NULL, 0));
    (void)cs_hex(out, d, sizeof d);
    cs_wipe(d, sizeof d);
}

static void step_up_key(uint8_t key[32], const char *token)
{
    cs_pc_digest(key, "step-up", CS_SPAN(token, TOKEN_HEX), CS_SPAN(NULL, 0));
}

void cs_session_key(const struct cs_api *a, uint8_t key[32])
{
    bool any;
    const char *token = cookie_value(a->http->cookie, &any);

    CS_ASSERT(token != NULL);
    step_up_key(key, token);
}

/* ---- records ----------------------------------------------------------- */

static int64_t end_of(const json_t *s)
{
    int64_t idle = cs_js_num(s, "_seen") + CS_SESSION_IDLE_S * INT64_C(1000);
    int64_t end = cs_js_num(s, "_end");

    return idle < end ? idle : end;
}

static void note_use(struct cs_platform_core *core, json_t *s)
{
    cs_js_int(s, "_seen", core->wall_ms);
    cs_js_time(s, "lastSeenAt", core->wall_ms);
    cs_js_time(s, "idleExpiresAt", end_of(s));
    cs_pc_timer(core, s, CS_TIMER_SESSION, end_of(s));
    cs_pc_save(core, CS_PC_SESSION, s);
}

static void prove(struct cs_platform_core *core, json_t *s)
{
    int64_t until = core->wall_ms + CS_SESSION_STEP_UP_S * INT64_C(1000);

    cs_js_int(s, "_stepUp", until);
    cs_js_time(s, "stepUpUntil", until);
}

bool cs_session_stepped_up(struct cs_api *a)
{
    if (cs_js_num(a->who.session, "_stepUp") > a->core->wall_ms) {
        return true;
    }
    (void)cs_api_fail(a, CS_API_DENIED, "stepUp",
                      "needs a code of your authenticator that is new: send it to "
                      "POST /v2/session/step-up and repeat this request");
    return false;
}

void cs_session_cookie_digest(const json_t *session, uint8_t d[32])
{
    CS_ASSERT(cs_js_bytes(session, "_hash", d, 32));
}

static void end_session(struct cs_platform_core *core, json_t *s)
{
    uint8_t id[CS_PC_ID];

    CS_ASSERT(cs_js_id(s, "id", id));
    cs_pc_timer(core, s, CS_TIMER_SESSION, 0);
    cs_pc_unique_del(core, CS_UNIQUE_SESSION, cs_js_text(s, "_hash"));
    cs_pc_index_del(core, CS_IX_SESSIONS, cs_pc_scope(cs_js_text(s, "userId"), ""),
                    (uint64_t)cs_js_num(s, "_seq"));
    cs_pc_raw_del(core, CS_PC_SESSION, CS_SPAN_OF(id));
    cs_feed_recheck(core);
}

void cs_session_end(struct cs_platform_core *core, const uint8_t id[CS_PC_ID])
{
    json_t *s = cs_pc_get(core, CS_PC_SESSION, id);

    if (s != NULL) {
        end_session(core, s);
    }
    json_decref(s);
}

void cs_session_timer(struct cs_platform_core *core, const uint8_t id[CS_PC_ID])
{
    json_t *s = cs_pc_get(core, CS_PC_SESSION, id);

    if (s != NULL && end_of(s) <= core->wall_ms) {
        end_session(core, s);
    }
    json_decref(s);
}

/* The oldest session of this user goes; false: there is none. */
static bool end_first(struct cs_platform_core *core, const char *user_id)
{
    struct cs_pc_walk w = {.kind = CS_IX_SESSIONS, .scope = cs_pc_scope(user_id, "")};
    json_t *s;

    if (!cs_pc_walk_next(core, &w)) {
        return false;
    }
    s = cs_pc_get(core, CS_PC_SESSION, w.id);
    if (s == NULL) { /* never: they are written together */
        cs_pc_index_del(core, w.kind, w.scope, w.after);
        return true;
    }
    end_session(core, s);
    json_decref(s);
    return true;
}

void cs_session_end_all(struct cs_platform_core *core, const char *user_id)
{
    for (int i = 0; i < CS_SESSION_USER_MAX && end_first(core, user_id); i++) {
    }
}

/* ---- finding ----------------------------------------------------------- */

static json_t *find(struct cs_platform_core *core, const char *token)
{
    uint8_t d[32], have[32] = {0}, id[CS_PC_ID];
    char text[65];
    json_t *s = NULL;

    token_hash(d, text, token);
    if (cs_pc_unique_get(core, CS_UNIQUE_SESSION, text, id)) {
        s = cs_pc_get(core, CS_PC_SESSION, id);
    }
    if (s != NULL && cs_js_bytes(s, "_hash", have, sizeof have) &&
        cs_ct_equal(d, have, sizeof d) && end_of(s) > core->wall_ms) {
        return s;
    }
    json_decref(s);
    return NULL;
}

/* Takes s, a live session or NULL. */
static bool with_user(struct cs_platform_core *core, json_t *s, json_t **user,
                      json_t **session)
{
    uint8_t id[CS_PC_ID];
    json_t *u = s != NULL && cs_js_id(s, "userId", id) ? cs_pc_get(core, CS_PC_USER, id)
                                                       : NULL;

    if (u == NULL || !cs_user_is_active(u)) {
        json_decref(u);
        json_decref(s);
        return false;
    }
    *user = u;
    *session = s;
    return true;
}

bool cs_session_lookup(struct cs_platform_core *core, const char *cookie, json_t **user,
                       json_t **session)
{
    bool any;
    const char *token = cookie_value(cookie, &any);

    return with_user(core, token == NULL ? NULL : find(core, token), user, session);
}

bool cs_session_of(struct cs_api *a, uint8_t id[CS_PC_ID])
{
    bool any, ok;
    const char *token = cookie_value(a->http->cookie, &any);
    json_t *s = token == NULL ? NULL : find(a->core, token);

    ok = s != NULL && cs_js_id(s, "id", id);
    json_decref(s);
    return ok;
}

bool cs_session_again(struct cs_api *a, const uint8_t id[CS_PC_ID])
{
    json_t *s = cs_pc_get(a->core, CS_PC_SESSION, id);

    if (s != NULL && end_of(s) <= a->core->wall_ms) {
        json_decref(s);
        s = NULL;
    }
    return with_user(a->core, s, &a->who.rec, &a->who.session);
}

bool cs_session_find(struct cs_api *a)
{
    return cs_session_lookup(a->core, a->http->cookie, &a->who.rec, &a->who.session);
}

static bool csrf_ok(const struct cs_api *a)
{
    char want[65];
    bool any;
    const char *token = cookie_value(a->http->cookie, &any);
    bool ok = false;

    if (token != NULL && strlen(a->http->csrf_token) == TOKEN_HEX) {
        csrf_of(want, token);
        ok = cs_ct_equal(want, a->http->csrf_token, TOKEN_HEX);
        cs_wipe(want, sizeof want);
    }
    return ok;
}

bool cs_session_guard(struct cs_api *a)
{
    bool reads = strcmp(a->http->method, "GET") == 0;

    if (!reads && !site_ok(a)) {
        return foreign(a, "Sec-Fetch-Site");
    }
    if (!reads && !origin_is_ours(a)) {
        return foreign(a, "Origin");
    }
    if (!reads && !csrf_ok(a)) {
        (void)cs_api_fail(a, CS_API_DENIED, "X-CSRF-Token",
                          "must be the csrfToken of GET /v2/session");
        return false;
    }
    if (a->core->wall_ms - cs_js_num(a->who.session, "_seen") >=
        CS_SESSION_NOTE_S * INT64_C(1000)) {
        note_use(a->core, a->who.session);
    }
    return true;
}

/* ---- answers ----------------------------------------------------------- */

static json_t *permissions_of(const json_t *user)
{
    json_t *list = cs_js_arr();

    for (unsigned p = 0; p < CS_PERM_COUNT; p++) {
        if (cs_roles_have(json_object_get(user, "roles"), (enum cs_pc_perm)p)) {
            cs_js_push_text(list, cs_pc_perm_word((enum cs_pc_perm)p));
        }
    }
    return list;
}

static json_t *session_view(struct cs_api *a, const json_t *user, const json_t *s,
                            const char *token)
{
    json_t *o = cs_js_obj();

    cs_js_set(o, "user", cs_js_public(user));
    cs_js_set(o, "roles", json_incref(json_object_get(user, "roles")));
    cs_js_set(o, "permissions", permissions_of(user));
    cs_js_str(o, "sessionId", cs_js_text(s, "id"));
    cs_js_str(o, "expiresAt", cs_js_text(s, "expiresAt"));
    cs_js_str(o, "idleExpiresAt", cs_js_text(s, "idleExpiresAt"));
    cs_js_str(o, "stepUpUntil", cs_js_text(s, "stepUpUntil"));
    csrf_of(a->secret, token);
    a->secret_name = "csrfToken";
    return o;
}

static void seal_factor(struct cs_platform_core *core, const json_t *user, json_t *s,
                        const char *token, const uint8_t key[CS_PASSWORD_OUT])
{
    uint8_t to[32];

    step_up_key(to, token);
    cs_user_factor_lend(core, user, key, s, to);
    cs_wipe(to, sizeof to);
}

static json_t *make(struct cs_api *a, const json_t *user, const char *token,
                    const uint8_t key[CS_PASSWORD_OUT])
{
    struct cs_platform_core *core = a->core;
    int64_t end = core->wall_ms + CS_SESSION_LIFE_S * INT64_C(1000);
    uint8_t id[CS_PC_ID], d[32];
    char text[65];
    json_t *s;

    cs_pc_new_id(core, id);
    s = cs_pc_make(core, id, cs_js_text(user, "id"));
    token_hash(d, text, token);
    cs_js_str(s, "_hash", text);
    cs_js_str(s, "userId", cs_js_text(user, "id"));
    cs_js_str(s, "address", a->http->remote);
    cs_js_int(s, "_end", end);
    cs_js_time(s, "expiresAt", end);
    prove(core, s);
    seal_factor(core, user, s, token, key);
    cs_pc_unique_put(core, CS_UNIQUE_SESSION, text, id);
    cs_pc_index_add(core, CS_IX_SESSIONS, cs_pc_scope(cs_js_text(user, "id"), ""),
                    (uint64_t)cs_js_num(s, "_seq"), id);
    note_use(core, s);
    return s;
}

/* A new cookie: the answer sets it. */
static void token_new(struct cs_api *a, char token[TOKEN_HEX + 1])
{
    uint8_t raw[32];

    cs_pc_random(a->core, raw, sizeof raw);
    (void)cs_hex(token, raw, sizeof raw);
    cs_wipe(raw, sizeof raw);
    (void)snprintf(a->headers, sizeof a->headers,
                   "set-cookie: " CS_SESSION_COOKIE
                   "=%s; Path=/; Secure; HttpOnly; SameSite=Strict\n",
                   token);
}

json_t *cs_session_open(struct cs_api *a, const json_t *user,
                        const uint8_t key[CS_PASSWORD_OUT])
{
    const char *user_id = cs_js_text(user, "id");
    char token[TOKEN_HEX + 1];
    json_t *s, *view;

    while (cs_pc_index_count(a->core, CS_IX_SESSIONS, cs_pc_scope(user_id, "")) >=
               CS_SESSION_USER_MAX &&
           end_first(a->core, user_id)) {
    }
    token_new(a, token);
    s = make(a, user, token, key);
    view = session_view(a, user, s, token);
    json_decref(s);
    cs_wipe(token, sizeof token);
    return view;
}

/* The old cookie's digest goes and the new one's comes in one batch.  What was sealed
 * under the old one moves. */
static void rotate(struct cs_api *a, json_t *s, const char *token)
{
    uint8_t id[CS_PC_ID], d[32], from[32], to[32];
    char text[65];

    CS_ASSERT(cs_js_id(s, "id", id));
    cs_session_key(a, from);
    step_up_key(to, token);
    cs_user_factor_move(a->core, s, from, to);
    cs_pc_unique_del(a->core, CS_UNIQUE_SESSION, cs_js_text(s, "_hash"));
    token_hash(d, text, token);
    cs_js_str(s, "_hash", text);
    cs_pc_unique_put(a->core, CS_UNIQUE_SESSION, text, id);
    cs_wipe(from, sizeof from);
    cs_wipe(to, sizeof to);
}

json_t *cs_session_step_up(struct cs_api *a)
{
    char token[TOKEN_HEX + 1];
    json_t *view;

    token_new(a, token);
    rotate(a, a->who.session, token);
    prove(a->core, a->who.session);
    note_use(a->core, a->who.session);
    cs_feed_recheck(a->core);
    view = session_view(a, a->who.rec, a->who.session, token);
    cs_wipe(token, sizeof token);
    return view;
}

json_t *cs_session_view(struct cs_api *a)
{
    bool any;

    return session_view(a, a->who.rec, a->who.session,
                        cookie_value(a->http->cookie, &any));
}

json_t *cs_api_session_get(struct cs_api *a)
{
    return cs_session_view(a);
}

json_t *cs_api_session_end(struct cs_api *a)
{
    end_session(a->core, a->who.session);
    (void)snprintf(a->headers, sizeof a->headers,
                   "set-cookie: " CS_SESSION_COOKIE
                   "=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0\n");
    a->status = 204;
    return cs_js_obj();
}

/* ---- the list ---------------------------------------------------------- */

static json_t *row_view(struct cs_api *a, const json_t *s)
{
    json_t *o;

    if (end_of(s) <= a->core->wall_ms) {
        return NULL; /* its timer is about to come */
    }
    o = cs_js_public(s);
    cs_js_bool(o, "current", cs_js_is(s, "id", cs_js_text(a->who.session, "id")));
    return o;
}

json_t *cs_api_session_list(struct cs_api *a)
{
    char user[64];
    struct cs_api_page p = {
        .table = CS_PC_SESSION, .kind = CS_IX_SESSIONS, .view = row_view};
    json_t *o;

    if (!cs_api_query(a, "userId", user, sizeof user)) {
        return NULL;
    }
    if (user[0] != '\0' && strcmp(user, a->actor) != 0 &&
        !cs_api_may(a, CS_PERM_USERS_READ)) {
        return cs_api_fail(a, CS_API_DENIED, "permissions",
                           "this user lacks the permission '%s'",
                           cs_pc_perm_word(CS_PERM_USERS_READ));
    }
    p.scope = cs_pc_scope(user[0] == '\0' ? a->actor : user, "");
    o = cs_js_obj();
    cs_js_set(o, "sessions", cs_api_list(a, &p, CS_SESSION_USER_MAX));
    return o;
}

json_t *cs_api_session_revoke(struct cs_api *a)
{
    json_t *s = cs_api_record(a, CS_PC_SESSION, 0, "session");
    uint8_t user[CS_PC_ID];
    json_t *rec = NULL;
    bool ok;

    if (s == NULL) {
        return NULL;
    }
    if (!cs_js_is(s, "userId", a->actor)) {
        rec = cs_js_id(s, "userId", user) ? cs_pc_get(a->core, CS_PC_USER, user) : NULL;
        ok = rec != NULL && cs_api_may(a, CS_PERM_USERS_MANAGE) &&
             cs_user_covered(a, rec);
        json_decref(rec);
        if (!ok) { /* as if it were not there */
            json_decref(s);
            a->code = CS_API_OK;
            return cs_api_fail(a, CS_API_NOT_FOUND, "", "there is no such session");
        }
    }
    end_session(a->core, s);
    json_decref(s);
    a->status = 204;
    return cs_js_obj();
}
