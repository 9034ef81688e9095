/* What each domain of webhooks is told, with what payload, over a whole life: quorum,
 * key, transaction, session, device. */
#include "platform/core/webhooks.h"
#include "support/fake_approvals.h"

static char hook[40];

static void subscribe(struct fake_platform *w)
{
    char path[128];

    assert_int_equal(
        fake_api(w, "POST", "/v2/webhooks",
                 "{\"name\":\"h\",\"endpoint\":\"https://hooks.example.com/\"}"),
        200);
    (void)snprintf(hook, sizeof hook, "%s", fake_text(w, "id"));
    (void)snprintf(path, sizeof path, "/v2/webhooks/%s/subscriptions", hook);
    assert_int_equal(fake_api(w, "POST", path,
                              "[{\"domain\":\"TRANSACTION\"},{\"domain\":\"WALLET\"},"
                              "{\"domain\":\"DEVICE\"},{\"domain\":\"QUORUM\"},"
                              "{\"domain\":\"SESSION\"},{\"domain\":\"APPROVAL\"}]"),
                     200);
}

struct seen {
    unsigned n;
    char status[8][48]; /* of the payload, in order */
    json_t *last;       /* owned: the payload that came last */
};

static void take(struct seen *s, const struct fake_call *c, const char *domain)
{
    json_t *envelope = json_loads(c->body, 0, NULL), *payload;
    const char *b64 = cs_js_text(envelope, "payload"), *status;
    struct cs_wr raw = {0};

    assert_non_null(envelope);
    if (strcmp(cs_js_text(envelope, "domain"), domain) == 0) {
        assert_int_equal(cs_unb64(&raw, b64, strlen(b64)), CS_OK);
        payload = json_loadb((const char *)raw.p, raw.n, 0, NULL);
        assert_non_null(payload);
        assert_int_equal(strlen(cs_js_text(payload, "id")), 36);
        status = cs_js_text(payload, "status");
        assert_true(s->n < 8);
        (void)snprintf(s->status[s->n++], sizeof s->status[0], "%s",
                       status[0] != '\0' ? status : cs_js_text(payload, "state"));
        json_decref(s->last);
        s->last = payload;
        cs_wr_free(&raw);
    }
    json_decref(envelope);
}

/* Answers everything with 200 and gathers what this domain was told. */
static void drain(struct fake_platform *w, const char *domain, struct seen *s)
{
    while (w->n_calls > 0) {
        struct fake_call c = w->calls[0];

        w->n_calls--;
        memmove(w->calls, w->calls + 1, w->n_calls * sizeof w->calls[0]);
        take(s, &c, domain);
        fake_event(
            w, (struct cs_event){
                   .type = CS_EV_CALLED, .conn = c.id, .status = 200, .remote = ""});
        free(c.url);
        free(c.headers);
        free(c.body);
    }
}

static void a_transaction_is_told_at_each_status_in_order(void **state)
{
    struct fake_trio *t = fake_signers();
    struct seen s = {0};
    struct fake_tx x;

    (void)state;
    subscribe(t->w);
    fake_tx_new(t, &x, 1500000000);
    fake_both_done(t, &x, fake_sign_commands(t, &x));
    fake_tx_status(t, &x, "SIGNED");
    drain(t->w, "TRANSACTION", &s);
    assert_int_equal(s.n, 2);
    assert_string_equal(s.status[0], "SIGNATURE_PENDING");
    assert_string_equal(s.status[1], "SIGNED");
    json_decref(s.last);
    fake_tx_end(t, &x);
}

static void the_session_of_a_transaction_is_told_when_it_moves(void **state)
{
    struct fake_trio *t = fake_signers();
    struct seen s = {0};
    struct fake_tx x;

    (void)state;
    subscribe(t->w);
    fake_tx_new(t, &x, 1500000000);
    fake_both_done(t, &x, fake_sign_commands(t, &x));
    drain(t->w, "SESSION", &s);
    assert_in_range(s.n, 2, 8);
    assert_string_not_equal(s.status[0], s.status[s.n - 1]);
    json_decref(s.last);
    fake_tx_end(t, &x);
}

static void
a_key_is_told_when_its_status_changes_and_not_when_it_is_renamed(void **state)
{
    struct fake_trio *t = fake_signers();
    struct seen s = {0};
    char path[160], body[200];

    (void)state;
    subscribe(t->w);
    (void)snprintf(path, sizeof path, "/v2/vaults/%s/wallets/%s", t->vault, t->wallet);
    assert_int_equal(fake_api(t->w, "PUT", path, "{\"name\":\"other\"}"), 200);
    drain(t->w, "WALLET", &s);
    assert_int_equal(s.n, 0);
    (void)snprintf(path, sizeof path, "/v2/vaults/%s/wallets", t->vault);
    (void)snprintf(body, sizeof body,
                   "{\"name\":\"k2\",\"quorumId\":\"%s\",\"blockchain\":\"SOLANA\","
                   "\"keystore\":\"MPC\",\"keyAlgorithm\":\"ED25519\"}",
                   t->quorum);
    assert_int_equal(fake_api(t->w, "POST", path, body), 200);
    drain(t->w, "WALLET", &s);
    assert_int_equal(s.n, 1);
    json_decref(s.last);
    fake_trio_free(t);
}

static void a_device_is_told_when_it_comes_and_goes(void **state)
{
    struct fake_trio *t = fake_signers();
    struct seen s = {0};

    (void)state;
    subscribe(t->w);
    fake_disconnect(&t->d[0]);
    drain(t->w, "DEVICE", &s);
    assert_int_equal(s.n, 1);
    fake_connect_ok(&t->d[0]);
    drain(t->w, "DEVICE", &s);
    assert_int_equal(s.n, 2);
    json_decref(s.last);
    fake_trio_free(t);
}

static void a_new_quorum_is_told(void **state)
{
    struct fake_trio *t = fake_signers();
    struct seen s = {0};

    (void)state;
    subscribe(t->w);
    assert_int_equal(fake_quorum_post(t, "another"), 200);
    drain(t->w, "QUORUM", &s);
    assert_int_equal(s.n, 1);
    assert_true(s.status[0][0] != '\0');
    json_decref(s.last);
    fake_trio_free(t);
}

/* ApprovalEvent of the description: who reads approvals may not read what they are
 * about. */
static void an_approval_is_told_as_described_without_what_it_is_about(void **state)
{
    static const char *const members[] = {
        "id",        "organizationId", "createdBy", "createdAt",
        "updatedAt", "sourceType",     "sourceId",  "status",
        "title",     "groupId",        "votes",     "requiredApproverCount",
        "expiresAt", "action"};
    struct seen s = {0};
    struct fake_board b;
    struct fake_tx x;
    const json_t *vote;

    (void)state;
    board_signers(&b);
    board_group(&b, "TRANSACTION", 2, &b.ann, &b.bob);
    subscribe(b.t->w);
    board_alive(&b);
    fake_tx_new(b.t, &x, 5);
    board_take(&b);
    drain(b.t->w, "APPROVAL", &s);
    assert_int_equal(s.n, 1);
    assert_string_equal(s.status[0], "PENDING");
    for (size_t i = 0; i < CS_COUNTOF(members); i++) {
        if (json_object_get(s.last, members[i]) == NULL) {
            fail_msg("%s is missing", members[i]);
        }
    }
    assert_int_equal(json_object_size(s.last), CS_COUNTOF(members));
    board_no(&b, &b.ann);
    drain(b.t->w, "APPROVAL", &s);
    assert_string_equal(s.status[s.n - 1], "NOT_MET");
    vote = json_array_get(json_object_get(s.last, "votes"), 0);
    assert_string_equal(cs_js_text(vote, "userId"), b.ann.id);
    assert_string_equal(cs_js_text(vote, "status"), "REJECTED");
    assert_true(json_is_array(json_object_get(vote, "reasons")));
    assert_int_equal(strlen(cs_js_text(vote, "at")), 24);
    assert_int_equal(json_object_size(vote), 4); /* and nothing of ours */
    json_decref(s.last);
    cs_wr_free(&x.message);
    board_free(&b);
}

/* Approvals are about anything: one who reads only some of it has none of them sent. */
static void events_of_approvals_are_for_who_reads_what_they_are_about(void **state)
{
    static const char some[] =
        "\"webhooks.manage\",\"approvals.read\",\"transactions.read\","
        "\"devices.read\",\"organization.read\",\"policies.read\","
        "\"counterparties.read\",\"quorums.read\",\"wallets.read\","
        "\"credentials.read\"";
    static const char body[] = "[{\"domain\":\"APPROVAL\"}]";
    struct fake_trio *t = fake_trio_new();
    struct fake_platform *w = t->w;
    char client[40], secret[80], root[80], all[400], path[96];

    (void)state;
    (void)snprintf(root, sizeof root, "%s", w->token);
    for (int i = 0; i < 2; i++) {
        (void)snprintf(w->token, sizeof w->token, "%s", root);
        (void)snprintf(all, sizeof all, "%s%s", some, i == 0 ? "" : ",\"users.read\"");
        assert_int_equal(fake_credential_new(w, all, ""), 200);
        (void)snprintf(client, sizeof client, "%s", fake_text(w, "clientId"));
        (void)snprintf(secret, sizeof secret, "%s", fake_text(w, "clientSecret"));
        fake_ok(w, "POST", "/v2/webhooks",
                "{\"name\":\"h\",\"endpoint\":\"https://hooks.example.org/\"}");
        (void)snprintf(path, sizeof path, "/v2/webhooks/%s/subscriptions",
                       fake_text(w, "id"));
        fake_login(w, client, secret);
        assert_int_equal(fake_api(w, "POST", path, body), i == 0 ? 403 : 200);
        assert_int_equal(strstr(w->reply_text, "'users.read'") != NULL, i == 0);
    }
    fake_trio_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_of_approvals_are_for_who_reads_what_they_are_about),
        cmocka_unit_test(a_transaction_is_told_at_each_status_in_order),
        cmocka_unit_test(the_session_of_a_transaction_is_told_when_it_moves),
        cmocka_unit_test(
            a_key_is_told_when_its_status_changes_and_not_when_it_is_renamed),
        cmocka_unit_test(a_device_is_told_when_it_comes_and_goes),
        cmocka_unit_test(a_new_quorum_is_told),
        cmocka_unit_test(an_approval_is_told_as_described_without_what_it_is_about),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
