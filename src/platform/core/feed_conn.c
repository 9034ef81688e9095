/* The sockets of /v2/events: who may open one, and for how long. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "platform/core/approvals.h"
#include "platform/core/feed.h"
#include "platform/core/ip_rule.h"
#include "platform/core/session.h"

enum {
    BURST = 30, /* sockets that one address may open */
    PER_S = 2,
    RIGHTS_LEN = 65,
};

struct cs_feed_conn {
    struct cs_feed_conn *next;
    uint64_t id;
    uint32_t rows;    /* what it may read */
    uint32_t sources; /* the approvals about what it may read */
    bool is_user;
    uint8_t session[CS_PC_ID]; /* of a user */
    uint8_t token[32];         /* digest of his cookie, or of a credential's token */
    char actor[CS_UUID_LEN];
    char rights[RIGHTS_LEN]; /* as they were: with them the socket ends */
};

/* ---- who asks ---------------------------------------------------------- */

static void become(struct cs_api *a, enum cs_actor_kind kind)
{
    a->who.kind = kind;
    a->who.id = cs_js_text(a->who.rec, "id");
}

static void actor_free(struct cs_api *a)
{
    json_decref(a->who.rec);
    json_decref(a->who.session);
}

/* A digest of what the rights follow from. */
static void rights_text(char out[RIGHTS_LEN], const struct cs_actor *who)
{
    const char *name = who->kind == CS_ACTOR_USER ? "roles" : "permissions";
    const json_t *list = json_object_get(who->rec, name);
    uint8_t d[32];
    struct cs_wr w = {0};

    for (size_t i = 0; i < json_array_size(list); i++) {
        cs_wr_printf(&w, "%s,", json_string_value(json_array_get(list, i)));
    }
    cs_pc_digest(d, "rights", cs_wr_get(&w), CS_SPAN(NULL, 0));
    (void)cs_hex(out, d, sizeof d);
    cs_wr_free(&w);
}

/* A page of ours, since a browser sends the cookie from any page.  What is no browser
 * and has a cookie names its origin as well. */
static enum cs_err by_cookie(struct cs_api *a)
{
    const char *site = a->http->fetch_site;

    if (strcmp(a->http->origin, a->core->origin) != 0 ||
        (site[0] != '\0' && strcmp(site, "same-origin") != 0)) {
        return CS_ERR_POLICY_REFUSED;
    }
    if (!cs_session_find(a)) {
        return CS_ERR_AUTH;
    }
    become(a, CS_ACTOR_USER);
    return CS_OK;
}

static enum cs_err by_token(struct cs_api *a)
{
    a->who.rec = cs_token_credential(a->core, a->http->authorization);
    if (a->who.rec == NULL) {
        return CS_ERR_AUTH;
    }
    become(a, CS_ACTOR_CREDENTIAL);
    return cs_ip_allowed(json_object_get(a->who.rec, "allowedIps"), a->http->remote)
               ? CS_OK
               : CS_ERR_POLICY_REFUSED;
}

static enum cs_err identify(struct cs_api *a)
{
    enum cs_err err;

    if (!cs_api_take_from(a->core, "events", a->http->remote, BURST, PER_S)) {
        return CS_ERR_LIMIT;
    }
    if (a->http->authorization[0] != '\0') {
        err = by_token(a);
    } else if (cs_session_has_cookie(a->http)) {
        err = by_cookie(a);
    } else {
        err = CS_ERR_AUTH;
    }
    return err;
}

/* ---- the list ---------------------------------------------------------- */

static size_t count_of(const struct cs_feed *f, const char *actor)
{
    size_t n = 0;

    for (const struct cs_feed_conn *c = f->conns; c != NULL; c = c->next) {
        n += strcmp(c->actor, actor) == 0 ? 1 : 0;
    }
    return n;
}

static bool drop(struct cs_feed *f, uint64_t conn)
{
    for (struct cs_feed_conn **at = &f->conns; *at != NULL; at = &(*at)->next) {
        struct cs_feed_conn *c = *at;

        if (c->id == conn) {
            *at = c->next;
            f->n_conns--;
            cs_free_wiped(c, sizeof *c);
            return true;
        }
    }
    return false;
}

static struct cs_feed_conn *add(struct cs_api *a, uint64_t conn)
{
    struct cs_feed *f = a->core->feed;
    struct cs_feed_conn *c = cs_alloc(sizeof *c);

    CS_ASSERT(c != NULL);
    c->id = conn;
    c->rows = cs_feed_rows(&a->who);
    c->sources = cs_approval_sources(&a->who);
    c->is_user = a->who.kind == CS_ACTOR_USER;
    (void)snprintf(c->actor, sizeof c->actor, "%s", a->who.id);
    rights_text(c->rights, &a->who);
    if (c->is_user) {
        CS_ASSERT(cs_js_id(a->who.session, "id", c->session));
        cs_session_cookie_digest(a->who.session, c->token);
    } else {
        cs_token_digest(c->token, a->http->authorization);
    }
    c->next = f->conns;
    f->conns = c;
    f->n_conns++;
    f->check_at = f->n_conns == 1 ? a->core->now_ms + CS_FEED_CHECK_MS : f->check_at;
    return c;
}

/* ---- sending ----------------------------------------------------------- */

static void send_text(struct cs_platform_core *core, const struct cs_feed_conn *c,
                      const char *text)
{
    cs_emit_send(core->out, c->id, CS_SPAN(text, strlen(text)));
}

/* An approval is also for who has asked for it or decides it, which only its record
 * tells. */
static bool must_look(const struct cs_feed_conn *c, const struct cs_feed_entry *e)
{
    return (c->rows >> e->row & 1U) != 0 && e->is_approval &&
           (c->sources & e->source) == 0;
}

static bool may_read(struct cs_platform_core *core, const struct cs_feed_conn *c,
                     const struct cs_feed_entry *e)
{
    return (c->rows >> e->row & 1U) != 0 &&
           (!must_look(c, e) ||
            cs_approval_is_shown(core, e->object, c->sources, c->actor));
}

void cs_feed_send_all(struct cs_platform_core *core, const struct cs_feed_entry *e)
{
    for (const struct cs_feed_conn *c = core->feed->conns; c != NULL; c = c->next) {
        if (may_read(core, c, e)) {
            send_text(core, c, e->text);
        }
    }
}

static void send_word(struct cs_platform_core *core, const struct cs_feed_conn *c,
                      const char *word)
{
    char text[96];

    (void)snprintf(text, sizeof text, "{\"type\":\"%s\",\"id\":%llu}", word,
                   (unsigned long long)core->feed->newest);
    send_text(core, c, text);
}

/* What of the ring is behind `since` and for this one, oldest first.  Their number;
 * CS_FEED_CATCH_UP + 1: too many, or too many to look at. */
static size_t missed(struct cs_platform_core *core, const struct cs_feed_conn *c,
                     uint64_t since, const struct cs_feed_entry *out[])
{
    const struct cs_feed *f = core->feed;
    size_t n = 0, looks = 0;

    for (size_t i = 0; i < f->n && n <= CS_FEED_CATCH_UP; i++) {
        const struct cs_feed_entry *e = &f->ring[(f->first + i) % CS_FEED_RING];

        if (e->id <= since) {
            continue;
        }
        looks += must_look(c, e) ? 1 : 0;
        if (looks > CS_FEED_LOOKS) {
            return CS_FEED_CATCH_UP + 1;
        }
        if (may_read(core, c, e)) {
            out[n++] = e;
        }
    }
    return n;
}

/* What memory still has behind `since`, or the word that it has not, or that it is too
 * much: net ends a socket that so much waits for, and the next would fare the same. */
static void catch_up(struct cs_platform_core *core, const struct cs_feed_conn *c,
                     uint64_t since)
{
    const struct cs_feed *f = core->feed;
    const struct cs_feed_entry *list[CS_FEED_CATCH_UP + 1];
    size_t n = 0;

    if (since >= f->floor && since <= f->newest) {
        n = missed(core, c, since, list);
    }
    if (since < f->floor || since > f->newest || n > CS_FEED_CATCH_UP) {
        send_word(core, c, "resync");
        return;
    }
    for (size_t i = 0; i < n; i++) {
        send_text(core, c, list[i]->text);
    }
}

/* ---- opening ----------------------------------------------------------- */

static enum cs_err admit(struct cs_api *a, uint64_t conn, const char *since)
{
    struct cs_feed *f = a->core->feed;
    enum cs_err err = identify(a);
    uint64_t from = 0;
    struct cs_feed_conn *c;

    if (err != CS_OK) {
        return err;
    }
    if (f->n_conns >= CS_FEED_CONNS || count_of(f, a->who.id) >= CS_FEED_CONNS_ACTOR) {
        return CS_ERR_LIMIT;
    }
    if (since[0] != '\0' && cs_u64_parse(&from, since) != CS_OK) {
        return CS_ERR_BAD_FORMAT;
    }
    c = add(a, conn);
    send_word(a->core, c, "hello");
    if (since[0] != '\0') {
        catch_up(a->core, c, from);
    }
    return CS_OK;
}

void cs_feed_up(struct cs_platform_core *core, const struct cs_event *ev)
{
    struct cs_api a = {
        .core = core, .http = ev->http, .actor = "", .who = {.id = "", .name = ""}};
    char since[32] = "";
    enum cs_err err = CS_ERR_PROTOCOL;

    if (ev->http != NULL && core->is_set_up) {
        err = cs_api_query(&a, "since", since, sizeof since)
                  ? admit(&a, ev->conn, since)
                  : CS_ERR_BAD_FORMAT;
    }
    if (err != CS_OK) {
        cs_emit_close(core->out, ev->conn, err);
    }
    actor_free(&a);
}

/* Its clients have nothing to say. */
bool cs_feed_message(struct cs_platform_core *core, uint64_t conn)
{
    if (!drop(core->feed, conn)) {
        return false;
    }
    cs_emit_close(core->out, conn, CS_ERR_PROTOCOL);
    return true;
}

bool cs_feed_down(struct cs_platform_core *core, uint64_t conn)
{
    return drop(core->feed, conn);
}

void cs_feed_stop(struct cs_platform_core *core)
{
    while (core->feed->conns != NULL) {
        cs_emit_close(core->out, core->feed->conns->id, CS_OK);
        (void)drop(core->feed, core->feed->conns->id);
    }
}

void cs_feed_conns_free(struct cs_platform_core *core)
{
    while (core->feed->conns != NULL) {
        (void)drop(core->feed, core->feed->conns->id);
    }
}

/* ---- going on ---------------------------------------------------------- */

/* A step-up gives the session another cookie: who has the old one only hears no more.
 */
static bool same_cookie(const json_t *session, const struct cs_feed_conn *c)
{
    uint8_t d[32];

    cs_session_cookie_digest(session, d);
    return cs_ct_equal(d, c->token, sizeof d);
}

/* Is whoever opened it still there, with the same rights? */
static bool may_go_on(struct cs_platform_core *core, const struct cs_feed_conn *c)
{
    struct cs_api a = {.core = core, .actor = "", .who = {.id = "", .name = ""}};
    char rights[RIGHTS_LEN];
    bool ok;

    if (c->is_user) {
        ok = cs_session_again(&a, c->session) && same_cookie(a.who.session, c);
    } else {
        a.who.rec = cs_token_again(core, c->token);
        ok = a.who.rec != NULL;
    }
    if (ok) {
        become(&a, c->is_user ? CS_ACTOR_USER : CS_ACTOR_CREDENTIAL);
        rights_text(rights, &a.who);
        ok = strcmp(rights, c->rights) == 0; /* digests, public */
    }
    actor_free(&a);
    return ok;
}

void cs_feed_check(struct cs_platform_core *core)
{
    struct cs_feed_conn *c = core->feed->conns, *next;

    core->feed->is_check_due = false;
    core->feed->check_at = core->now_ms + CS_FEED_CHECK_MS;
    for (; c != NULL && core->broken == CS_OK; c = next) {
        next = c->next;
        if (!may_go_on(core, c)) {
            cs_emit_close(core->out, c->id, CS_ERR_AUTH);
            (void)drop(core->feed, c->id);
        }
    }
}

void cs_feed_run(struct cs_platform_core *core)
{
    if (core->feed->n_conns > 0 && core->now_ms >= core->feed->check_at) {
        core->feed->is_check_due = true;
    }
}

uint64_t cs_feed_deadline(const struct cs_platform_core *core)
{
    return core->feed->n_conns > 0 ? core->feed->check_at : UINT64_MAX;
}

/* The same path without an upgrade: what to do instead. */
json_t *cs_api_events(struct cs_api *a)
{
    return cs_api_fail(a, CS_API_INVALID, "Upgrade",
                       "open it as a WebSocket with the subprotocol "
                       "cloudsign.events.v1");
}
