/* /v2/events: who may listen and to what, what is told when, what memory replays, and
 * when a socket ends. */
#include "support/fake_approvals.h"

#include "platform/core/feed.h"

static struct person ada, sam;

static struct fake_platform *begin(void)
{
    struct fake_platform *w = fake_platform_new();

    people_setup(w, &ada);
    people_sign_in(w, &ada);
    people_join(w, &sam, "sam@example.org", "VIEWER");
    fake_clear_sent(w);
    return w;
}

struct who {
    const char *cookie, *authorization, *origin, *site, *query;
};

static uint64_t dial(struct fake_platform *w, struct who h)
{
    const struct cs_http_req req = {
        .method = "GET",
        .path = "/v2/events",
        .query = h.query == NULL ? "" : h.query,
        .authorization = h.authorization == NULL ? "" : h.authorization,
        .content_type = "",
        .idempotency_key = "",
        .origin = h.origin == NULL ? "" : h.origin,
        .cookie = h.cookie == NULL ? "" : h.cookie,
        .csrf_token = "",
        .fetch_site = h.site == NULL ? "" : h.site,
        .if_none_match = "",
        .remote = w->remote};
    uint64_t conn = 1000 + w->next_conn++;

    fake_event(w, (struct cs_event){.type = CS_EV_CONN_UP,
                                    .conn = conn,
                                    .channel = CS_CHANNEL_EVENTS,
                                    .remote = w->remote,
                                    .http = &req});
    return conn;
}

static uint64_t dial_as(struct fake_platform *w, const struct person *p,
                        const char *query)
{
    return dial(w, (struct who){.cookie = p->cookie,
                                .origin = PEOPLE_ORIGIN,
                                .site = "same-origin",
                                .query = query});
}

/* Message number i of this socket; NULL: there are fewer.  Owned. */
static json_t *message(struct fake_platform *w, uint64_t conn, size_t i)
{
    for (size_t k = 0; k < w->n_sent; k++) {
        if (w->sent[k].conn == conn && !w->sent[k].close && i-- == 0) {
            return json_loadb((const char *)w->sent[k].p, w->sent[k].n, 0, NULL);
        }
    }
    return NULL;
}

static bool type_is(struct fake_platform *w, uint64_t conn, size_t i, const char *type)
{
    json_t *o = message(w, conn, i);
    bool ok = o != NULL &&
              strcmp(json_string_value(json_object_get(o, "type")), type) == 0;

    json_decref(o);
    return ok;
}

static bool has_type(struct fake_platform *w, uint64_t conn, const char *type)
{
    json_t *o;
    bool found = false;

    for (size_t i = 0; !found && (o = message(w, conn, i)) != NULL; i++) {
        found = strcmp(json_string_value(json_object_get(o, "type")), type) == 0;
        json_decref(o);
    }
    return found;
}

static bool is_closed(struct fake_platform *w, uint64_t conn, enum cs_err err)
{
    for (size_t k = 0; k < w->n_sent; k++) {
        if (w->sent[k].conn == conn && w->sent[k].close) {
            return w->sent[k].err == err;
        }
    }
    return false;
}

static int64_t id_of(struct fake_platform *w, uint64_t conn, size_t i)
{
    json_t *o = message(w, conn, i);
    int64_t id;

    assert_non_null(o);
    id = json_integer_value(json_object_get(o, "id"));
    json_decref(o);
    return id;
}

static void make_device(struct fake_platform *w)
{
    assert_int_equal(fake_api(w, "POST", "/v2/devices",
                              "{\"displayName\":\"n\",\"deviceType\":\"CLOUD\"}"),
                     200);
}

static void who_is_not_signed_in_or_on_a_foreign_page_hears_nothing(void **state)
{
    static const struct {
        const char *origin, *site;
    } pages[] = {{"https://evil.example", NULL},
                 {"", NULL},
                 {"null", NULL},
                 {PEOPLE_ORIGIN ".evil.example", NULL},
                 {"http://127.0.0.1:8443", NULL},
                 {PEOPLE_ORIGIN, "cross-site"},
                 {PEOPLE_ORIGIN, "same-site"}};
    struct fake_platform *w = begin();
    char other[128];
    uint64_t c;

    (void)state;
    c = dial(w, (struct who){.origin = PEOPLE_ORIGIN});
    assert_true(is_closed(w, c, CS_ERR_AUTH));
    c = dial(w, (struct who){.authorization = "Bearer 1234"});
    assert_true(is_closed(w, c, CS_ERR_AUTH));
    (void)snprintf(other, sizeof other, "%s", ada.cookie);
    other[strlen(other) - 1] ^= 1;
    c = dial(w, (struct who){.cookie = other, .origin = PEOPLE_ORIGIN});
    assert_true(is_closed(w, c, CS_ERR_AUTH));
    for (size_t i = 0; i < CS_COUNTOF(pages); i++) {
        c = dial(w, (struct who){.cookie = ada.cookie,
                                 .origin = pages[i].origin,
                                 .site = pages[i].site});
        assert_true(is_closed(w, c, CS_ERR_POLICY_REFUSED));
    }
    make_device(w);
    assert_null(message(w, c, 0));
    fake_platform_free(w);
}

static void a_change_is_one_event_that_names_the_object(void **state)
{
    struct fake_platform *w = begin();
    uint64_t c = dial_as(w, &ada, NULL);
    char id[40];
    json_t *o;

    (void)state;
    assert_true(type_is(w, c, 0, "hello"));
    make_device(w);
    (void)snprintf(id, sizeof id, "%s", fake_text(w, "id"));
    o = message(w, c, 1);
    assert_string_equal(json_string_value(json_object_get(o, "type")),
                        "device.created");
    assert_string_equal(json_string_value(json_object_get(o, "objectType")), "DEVICE");
    assert_string_equal(json_string_value(json_object_get(o, "object")), id);
    assert_int_equal(strlen(json_string_value(json_object_get(o, "at"))), 24);
    json_decref(o);
    assert_true(type_is(w, c, 2, "audit.created"));
    assert_null(message(w, c, 3));
    assert_true(id_of(w, c, 1) > id_of(w, c, 0));
    assert_true(id_of(w, c, 2) > id_of(w, c, 1));
    fake_platform_free(w);
}

static void a_node_that_comes_and_goes_is_told(void **state)
{
    struct fake_platform *w = begin();
    struct fake_device d = {0};
    uint64_t c;

    (void)state;
    fake_device_new(w, &d);
    fake_connect_ok(&d);
    fake_clear_sent(w);
    c = dial_as(w, &ada, NULL);
    fake_disconnect(&d);
    assert_true(has_type(w, c, "device.offline"));
    fake_connect_ok(&d);
    assert_true(has_type(w, c, "device.online"));
    fake_device_free(&d);
    fake_platform_free(w);
}

static void a_viewer_hears_only_what_he_may_read(void **state)
{
    struct fake_platform *w = begin();
    uint64_t a = dial_as(w, &ada, NULL), v = dial_as(w, &sam, NULL);

    (void)state;
    assert_int_equal(fake_credential_new(w, "\"audit.read\"", ""), 200);
    make_device(w);
    assert_true(has_type(w, a, "credential.created"));
    assert_true(has_type(w, a, "device.created"));
    assert_true(has_type(w, a, "audit.created"));
    assert_false(has_type(w, v, "credential.created"));
    assert_false(has_type(w, v, "audit.created"));
    assert_true(has_type(w, v, "device.created"));
    fake_platform_free(w);
}

/* As GET /v2/approvals/{id}: who has approvals.read alone is told of none that he
 * neither decides nor has asked for, nor could read the objects of. */
static void an_approval_is_told_to_whom_it_would_be_shown(void **state)
{
    struct fake_board b;
    struct person *const who[] = {&b.olga, &b.ann, &b.bob, &b.paul};
    static const bool hears[] = {true, true, false, false};
    struct fake_platform *w;
    uint64_t c[4], again;
    char since[40];

    (void)state;
    board_new(&b);
    w = b.t->w;
    board_group(&b, "API_CREDENTIAL", 1, &b.ann, NULL);
    fake_clear_sent(w);
    for (size_t i = 0; i < 4; i++) {
        c[i] = dial_as(w, who[i], NULL);
    }
    (void)snprintf(since, sizeof since, "since=%lld", (long long)id_of(w, c[0], 0));
    assert_int_equal(fake_credential_new(w, "\"vaults.read\"", ""), 200);
    board_take(&b);
    board_yes(&b, &b.ann);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(has_type(w, c[i], "approval.created"), hears[i]);
        again = dial_as(w, who[i], since);
        assert_int_equal(has_type(w, again, "approval.updated"), hears[i]);
        assert_false(has_type(w, again, "resync"));
    }
    board_free(&b);
}

/* One event of the set, n times. */
static void set_changes(struct fake_board *b, size_t n)
{
    uint8_t id[CS_PC_ID];

    assert_int_equal(cs_uuid_parse(id, b->set), CS_OK);
    for (size_t i = 0; i < n; i++) {
        json_t *set = cs_pc_get(b->t->w->core, CS_PC_APPROVAL, id);

        assert_non_null(set);
        cs_pc_save(b->t->w->core, CS_PC_APPROVAL, set);
        json_decref(set);
        fake_event(b->t->w, (struct cs_event){.type = CS_EV_TIME});
    }
}

/* Whether an approval is for him, only its record tells: all of memory's would be two
 * thousand of them for each socket that he opens. */
static void who_cannot_be_told_cheaply_reads_all_again(void **state)
{
    struct fake_board b;
    uint64_t c;
    char since[40];

    (void)state;
    board_new(&b);
    board_group(&b, "API_CREDENTIAL", 1, &b.ann, NULL);
    assert_int_equal(fake_credential_new(b.t->w, "\"vaults.read\"", ""), 200);
    board_take(&b);
    fake_clear_sent(b.t->w);
    c = dial_as(b.t->w, &b.bob, NULL);
    (void)snprintf(since, sizeof since, "since=%lld", (long long)id_of(b.t->w, c, 0));
    set_changes(&b, CS_FEED_LOOKS);
    c = dial_as(b.t->w, &b.bob, since);
    assert_null(message(b.t->w, c, 1)); /* the hello, and none is for him */
    set_changes(&b, 1);
    c = dial_as(b.t->w, &b.bob, since);
    assert_true(type_is(b.t->w, c, 1, "resync"));
    assert_null(message(b.t->w, c, 2));
    c = dial_as(b.t->w, &b.olga, since); /* she may read what they are about */
    assert_true(type_is(b.t->w, c, CS_FEED_LOOKS + 1, "approval.updated"));
    assert_false(has_type(b.t->w, c, "resync"));
    board_free(&b);
}

/* What he reads the objects of is told to him, whoever decides. */
static void an_approval_of_what_he_may_read_is_told(void **state)
{
    struct fake_board b;
    uint64_t c;
    char path[80], body[256];

    (void)state;
    board_new(&b);
    fake_quorum_joined(b.t);
    fake_vault_new(b.t);
    board_group(&b, "WALLET", 1, &b.ann, NULL);
    fake_clear_sent(b.t->w);
    c = dial_as(b.t->w, &b.bob, NULL);
    (void)snprintf(path, sizeof path, "/v2/vaults/%s/wallets", b.t->vault);
    (void)snprintf(body, sizeof body,
                   "{\"name\":\"Key\",\"quorumId\":\"%s\",\"blockchain\":\"ETHEREUM\","
                   "\"keystore\":\"MPC\"}",
                   b.t->quorum);
    fake_ok(b.t->w, "POST", path, body);
    assert_true(has_type(b.t->w, c, "approval.created"));
    board_free(&b);
}

static void since_replays_what_memory_has_and_else_says_resync(void **state)
{
    struct fake_platform *w = begin();
    uint64_t c = dial_as(w, &ada, NULL), again;
    char query[48];
    int64_t first;

    (void)state;
    make_device(w);
    first = id_of(w, c, 1);
    make_device(w);
    (void)snprintf(query, sizeof query, "since=%lld", (long long)first);
    again = dial_as(w, &ada, query);
    assert_true(type_is(w, again, 0, "hello"));
    assert_true(type_is(w, again, 1, "audit.created"));
    assert_true(type_is(w, again, 2, "device.created"));
    assert_true(type_is(w, again, 3, "audit.created"));
    assert_null(message(w, again, 4));
    again = dial_as(w, &sam, query); /* replay is filtered, too */
    assert_true(type_is(w, again, 1, "device.created"));
    assert_null(message(w, again, 2));
    again = dial_as(w, &ada, "since=99999999999");
    assert_true(type_is(w, again, 1, "resync"));
    again = dial_as(w, &ada, "since=x");
    assert_true(is_closed(w, again, CS_ERR_BAD_FORMAT));
    fake_restart(w);
    again = dial_as(w, &ada, query); /* another life: gone */
    assert_true(type_is(w, again, 1, "resync"));
    assert_true(id_of(w, again, 0) >= first);
    fake_platform_free(w);
}

/* n times; each is an event of the device and one of the audit log. */
static void rename_often(struct fake_platform *w, const char *path, int n)
{
    for (int i = 0; i < n; i++) {
        assert_int_equal(fake_api(w, "PUT", path, "{\"displayName\":\"x\"}"), 200);
        w->now += 2;
        w->wall += 2;
    }
}

static void the_ring_is_bounded(void **state)
{
    struct fake_platform *w = begin();
    char query[48], path[128], client[40], secret[80];
    uint64_t c;
    int64_t first;

    (void)state;
    assert_int_equal(fake_credential_new(w, "\"webhooks.read\"", ""), 200);
    (void)snprintf(client, sizeof client, "%s", fake_text(w, "clientId"));
    (void)snprintf(secret, sizeof secret, "%s", fake_text(w, "clientSecret"));
    c = dial_as(w, &ada, NULL);
    make_device(w);
    first = id_of(w, c, 1);
    (void)snprintf(query, sizeof query, "since=%lld", (long long)first);
    (void)snprintf(path, sizeof path, "/v2/devices/%s/display-name",
                   fake_text(w, "id"));
    fake_event(w, (struct cs_event){.type = CS_EV_CONN_DOWN, .conn = c});
    rename_often(w, path, CS_FEED_RING / 2 - 1);
    fake_clear_sent(w);
    fake_login(w, client, secret); /* may read none of these */
    c = dial(w, (struct who){.authorization = w->token, .query = query});
    assert_true(type_is(w, c, 0, "hello"));
    assert_null(message(w, c, 1));
    people_sign_in(w, &ada);
    people_call(w, &ada, "PUT", path, "{\"displayName\":\"y\"}");
    people_call(w, &ada, "PUT", path, "{\"displayName\":\"z\"}");
    c = dial(w, (struct who){.authorization = w->token, .query = query});
    assert_true(type_is(w, c, 1, "resync"));
    fake_platform_free(w);
}

/* More than a socket's queue holds would end it, and the next one at the same place. */
static void who_has_missed_much_reads_all_again(void **state)
{
    struct fake_platform *w = begin();
    uint64_t c = dial_as(w, &sam, NULL);
    char query[48], path[128];
    size_t n = 0;

    (void)state;
    make_device(w);
    (void)snprintf(query, sizeof query, "since=%lld", (long long)id_of(w, c, 1));
    (void)snprintf(path, sizeof path, "/v2/devices/%s/display-name",
                   fake_text(w, "id"));
    fake_event(w, (struct cs_event){.type = CS_EV_CONN_DOWN, .conn = c});
    rename_often(w, path, CS_FEED_CATCH_UP);
    fake_clear_sent(w);
    c = dial_as(w, &sam, query);
    for (size_t i = 0; i < w->n_sent; i++) {
        n += w->sent[i].conn == c ? 1 : 0;
    }
    assert_int_equal(n, 1 + CS_FEED_CATCH_UP);
    assert_true(type_is(w, c, CS_FEED_CATCH_UP, "device.updated"));
    rename_often(w, path, 1);
    fake_clear_sent(w);
    c = dial_as(w, &sam, query);
    assert_true(type_is(w, c, 1, "resync"));
    assert_null(message(w, c, 2));
    fake_platform_free(w);
}

static void a_socket_ends_with_its_session(void **state)
{
    struct fake_platform *w = begin();
    uint64_t a = dial_as(w, &ada, NULL), b = dial_as(w, &sam, NULL);

    (void)state;
    assert_int_equal(people_call(w, &ada, "DELETE", "/v2/session", NULL), 204);
    assert_true(is_closed(w, a, CS_ERR_AUTH));
    assert_false(is_closed(w, b, CS_ERR_AUTH));
    fake_wait(w, 16 * 60 * 1000); /* idle */
    assert_true(is_closed(w, b, CS_ERR_AUTH));
    fake_platform_free(w);
}

static void a_socket_ends_when_roles_or_status_change(void **state)
{
    struct fake_platform *w = begin();
    uint64_t v = dial_as(w, &sam, NULL);
    char path[128];

    (void)state;
    (void)snprintf(path, sizeof path, "/v2/users/%s/role", sam.id);
    assert_int_equal(fake_api(w, "PUT", path, "{\"roles\":[\"AUDITOR\"]}"), 200);
    assert_true(is_closed(w, v, CS_ERR_AUTH));
    people_sign_in(w, &sam);
    v = dial_as(w, &sam, NULL);
    (void)snprintf(path, sizeof path, "/v2/users/%s/status", sam.id);
    assert_int_equal(fake_api(w, "PUT", path, "{\"status\":\"BLOCKED\"}"), 200);
    assert_true(is_closed(w, v, CS_ERR_AUTH));
    fake_platform_free(w);
}

static void a_socket_of_a_token_ends_with_it(void **state)
{
    struct fake_platform *w = begin();
    char root[80], id[40], client[40], secret[80], path[128];
    uint64_t c, d;

    (void)state;
    (void)snprintf(root, sizeof root, "%s", w->token);
    assert_int_equal(fake_credential_new(w, "\"devices.read\"", ""), 200);
    (void)snprintf(id, sizeof id, "%s", fake_text(w, "id"));
    (void)snprintf(client, sizeof client, "%s", fake_text(w, "clientId"));
    (void)snprintf(secret, sizeof secret, "%s", fake_text(w, "clientSecret"));
    fake_login(w, client, secret);
    c = dial(w, (struct who){.authorization = w->token});
    (void)snprintf(w->token, sizeof w->token, "%s", root);
    d = dial(w, (struct who){.authorization = w->token});
    make_device(w);
    assert_true(has_type(w, c, "device.created"));
    assert_false(has_type(w, c, "audit.created"));
    (void)snprintf(path, sizeof path, "/v2/credentials/%s/active", id);
    assert_int_equal(fake_api(w, "PUT", path, "{\"active\":false}"), 200);
    assert_true(is_closed(w, c, CS_ERR_AUTH));
    assert_false(is_closed(w, d, CS_ERR_AUTH));
    fake_wait(w, 3700 * 1000); /* the token's own end */
    assert_true(is_closed(w, d, CS_ERR_AUTH));
    fake_platform_free(w);
}

static void sockets_are_bounded_for_one_and_for_all(void **state)
{
    struct fake_platform *w = begin();
    uint64_t c = 0;
    char address[32];

    (void)state;
    for (int i = 0; i < CS_FEED_CONNS_ACTOR; i++) {
        c = dial_as(w, &ada, NULL);
        assert_true(type_is(w, c, 0, "hello"));
    }
    c = dial_as(w, &ada, NULL);
    assert_true(is_closed(w, c, CS_ERR_LIMIT));
    assert_true(type_is(w, dial_as(w, &sam, NULL), 0, "hello"));
    for (int i = 0; i < 40; i++) { /* and who only tries is slowed down */
        c = dial(w, (struct who){.origin = PEOPLE_ORIGIN});
    }
    assert_true(is_closed(w, c, CS_ERR_LIMIT));
    (void)snprintf(address, sizeof address, "198.51.100.9");
    w->remote = address;
    c = dial(w, (struct who){.origin = PEOPLE_ORIGIN});
    assert_true(is_closed(w, c, CS_ERR_AUTH));
    fake_platform_free(w);
}

/* Also a socket that somebody has opened with the cookie that has ended. */
static void a_step_up_ends_the_sockets_of_its_session(void **state)
{
    struct fake_platform *w = begin();
    uint64_t mine = dial_as(w, &ada, NULL), other = dial_as(w, &sam, NULL), again;

    (void)state;
    w->now += 30000;
    w->wall += 30000;
    assert_int_equal(people_step_up(w, &ada), 200);
    fake_wait(w, 1);
    assert_true(is_closed(w, mine, CS_ERR_AUTH));
    assert_false(is_closed(w, other, CS_ERR_AUTH));
    again = dial_as(w, &ada, "since=0");
    assert_false(is_closed(w, again, CS_ERR_AUTH));
    assert_true(type_is(w, again, 0, "hello"));
    fake_platform_free(w);
}

static void who_says_something_is_closed(void **state)
{
    struct fake_platform *w = begin();
    uint64_t c = dial_as(w, &ada, NULL);

    (void)state;
    fake_event(w, (struct cs_event){.type = CS_EV_MESSAGE,
                                    .conn = c,
                                    .channel = CS_CHANNEL_EVENTS,
                                    .remote = "",
                                    .data = CS_SPAN_LIT("{}")});
    assert_true(is_closed(w, c, CS_ERR_PROTOCOL));
    fake_event(w, (struct cs_event){.type = CS_EV_CONN_DOWN, .conn = c});
    make_device(w);
    fake_platform_free(w);
}

static void without_an_upgrade_the_path_says_what_to_do(void **state)
{
    struct fake_platform *w = begin();

    (void)state;
    assert_int_equal(people_call(w, &ada, "GET", "/v2/events", NULL), 400);
    assert_string_equal(fake_text(w, "details.0.field"), "Upgrade");
    fake_platform_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_is_not_signed_in_or_on_a_foreign_page_hears_nothing),
        cmocka_unit_test(a_change_is_one_event_that_names_the_object),
        cmocka_unit_test(a_node_that_comes_and_goes_is_told),
        cmocka_unit_test(a_viewer_hears_only_what_he_may_read),
        cmocka_unit_test(an_approval_is_told_to_whom_it_would_be_shown),
        cmocka_unit_test(who_cannot_be_told_cheaply_reads_all_again),
        cmocka_unit_test(an_approval_of_what_he_may_read_is_told),
        cmocka_unit_test(since_replays_what_memory_has_and_else_says_resync),
        cmocka_unit_test(the_ring_is_bounded),
        cmocka_unit_test(who_has_missed_much_reads_all_again),
        cmocka_unit_test(a_socket_ends_with_its_session),
        cmocka_unit_test(a_socket_ends_when_roles_or_status_change),
        cmocka_unit_test(a_socket_of_a_token_ends_with_it),
        cmocka_unit_test(sockets_are_bounded_for_one_and_for_all),
        cmocka_unit_test(a_step_up_ends_the_sockets_of_its_session),
        cmocka_unit_test(who_says_something_is_closed),
        cmocka_unit_test(without_an_upgrade_the_path_says_what_to_do),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
