/* Nodes as witnesses of the audit log (RELIABILITY T37): when they are shown it, what
 * is taken from them, and what is kept; and what they tell of their backups. */
#include "crypto/audit_head.h"
#include "platform/core/countersign.h"
#include "support/fake_audit.h"
#include "support/fake_many.h"

static struct fake_trio *t;
static struct cs_ctl_audit shown;

/* ---- a platform with three witnesses ------------------------------------ */

static void reconnect(int i, uint64_t vouched)
{
    fake_disconnect(&t->d[i]);
    t->d[i].is_witness = true;
    t->d[i].vouched = vouched;
    fake_connect_ok(&t->d[i]);
    fake_status(&t->d[i], "READY");
}

static int up(void **state)
{
    (void)state;
    t = fake_trio_new();
    return 0;
}

static int down(void **state)
{
    (void)state;
    fake_trio_free(t);
    return 0;
}

/* Time in which the nodes live on. */
static void pass(unsigned seconds)
{
    for (unsigned s = 0; s < seconds; s += 5) {
        fake_wait(t->w, 5000);
        for (int i = 0; i < 3; i++) {
            if (!t->d[i].closed) {
                fake_status(&t->d[i], "READY");
            }
        }
    }
}

/* The newest head that node i was shown since the last look: in `shown`. */
static bool was_shown(int i)
{
    bool was = false;

    while (fake_next(&t->d[i])) {
        if (t->d[i].last.type == CS_CTL_AUDIT) {
            shown = t->d[i].last.u.audit;
            was = true;
        }
    }
    return was;
}

/* A request that leaves a record. */
static void grow(void)
{
    fake_ok(t->w, "POST", "/v2/vaults", "{\"name\":\"v\"}");
}

static struct cs_ctl_frame answer_of(int i)
{
    struct cs_ctl_frame f = {.type = CS_CTL_AUDITED};
    struct cs_audit_head h = {.seq = shown.seq, .time = (uint64_t)t->w->wall};
    uint8_t th[32];

    memcpy(h.organization, shown.organization_id, 16);
    memcpy(h.hash, shown.hash, 32);
    cs_audit_head_hash(th, &h);
    f.u.audited.seq = h.seq;
    memcpy(f.u.audited.hash, h.hash, 32);
    f.u.audited.time = h.time;
    cs_sign(f.u.audited.sig, t->d[i].key->ik_seed, CS_SPAN_OF(th));
    return f;
}

static void countersign(int i)
{
    struct cs_ctl_frame f = answer_of(i);

    fake_send(&t->d[i], &f);
    assert_false(fake_next(&t->d[i]));
    assert_false(t->d[i].closed);
}

static void refuse(int i, const char *reason)
{
    struct cs_ctl_frame f = {.type = CS_CTL_AUDITED};

    f.u.audited.seq = 7;
    (void)snprintf(f.u.audited.reason, sizeof f.u.audited.reason, "%s", reason);
    fake_send(&t->d[i], &f);
    assert_false(fake_next(&t->d[i]));
    assert_false(t->d[i].closed);
}

/* Signs in, and is shown the head within ten seconds. */
static void witness(int i)
{
    reconnect(i, 0);
    pass(10);
    assert_true(was_shown(i));
}

static const json_t *listed(const char *list, size_t at)
{
    fake_ok(t->w, "GET", "/v2/audit/head", NULL);
    return json_array_get(json_object_get(t->w->reply, list), at);
}

static size_t count(const char *list)
{
    fake_ok(t->w, "GET", "/v2/audit/head", NULL);
    return json_array_size(json_object_get(t->w->reply, list));
}

/* ---- showing ------------------------------------------------------------ */

static void who_does_not_know_it_is_shown_nothing(void **state)
{
    (void)state;
    grow();
    pass(120);
    assert_false(was_shown(0));
}

static void a_head_that_moved_is_shown_once_a_minute(void **state)
{
    uint64_t seq;

    (void)state;
    witness(0);
    seq = shown.seq;
    assert_int_equal(seq, fake_audit_count(t->w));
    assert_int_equal(shown.known_seq, 0);
    pass(120);
    assert_false(was_shown(0)); /* it did not move */
    grow();
    pass(5);
    assert_true(was_shown(0)); /* its minute is over */
    assert_int_equal(shown.seq, seq + 1);
    grow();
    grow();
    pass(50);
    assert_false(was_shown(0));
    pass(10);
    assert_true(was_shown(0));
    assert_int_equal(shown.seq, seq + 3);
}

static void devices_that_are_not_approved_are_no_witnesses(void **state)
{
    struct fake_device d;

    (void)state;
    fake_device_new(t->w, &d);
    d.is_witness = true;
    fake_connect_ok(&d);
    pass(15);
    while (fake_next(&d)) {
        assert_int_not_equal(d.last.type, CS_CTL_AUDIT);
    }
    fake_device_free(&d);
}

static void it_is_shown_with_the_result_of_a_signature(void **state)
{
    struct fake_tx x;
    unsigned mask;
    int first;

    (void)state;
    fake_trio_free(t);
    t = fake_signers();
    for (int i = 0; i < 3; i++) {
        witness(i);
        countersign(i);
    }
    pass(5);
    fake_tx_new(t, &x, 5);
    mask = fake_sign_commands(t, &x);
    first = fake_first(mask);
    fake_both_done(t, &x, mask);
    assert_true(was_shown(first));
    assert_int_equal(shown.seq, fake_audit_count(t->w)); /* transaction.signed */
    assert_true(shown.known_seq > 0);
    fake_tx_status(t, &x, "SIGNED");
    cs_wr_free(&x.message);
}

static void what_it_has_seen_is_told_from_our_own_log(void **state)
{
    uint8_t hash[32];
    struct cs_wr text = {0};

    (void)state;
    reconnect(0, 3);
    pass(10);
    assert_true(was_shown(0));
    assert_int_equal(shown.known_seq, 3);
    assert_true(cs_audit_get(t->w->core, 3, &text, hash));
    assert_memory_equal(shown.known_hash, hash, 32);
    reconnect(0, 99999); /* more than there is */
    pass(10);
    assert_true(was_shown(0));
    memset(hash, 0, sizeof hash);
    assert_memory_equal(shown.known_hash, hash, 32);
    cs_wr_free(&text);
}

/* ---- answers ------------------------------------------------------------ */

static void countersignatures_are_shown_and_exported(void **state)
{
    const json_t *c;
    char line[64];

    (void)state;
    witness(0);
    countersign(0);
    c = listed("countersignatures", 0);
    assert_string_equal(cs_js_text(c, "deviceId"), t->d[0].text);
    assert_int_equal(cs_js_num(c, "seq"), shown.seq);
    assert_string_equal(cs_js_text(c, "name"), "node");
    assert_int_equal(strlen(cs_js_text(c, "signature")), 128);
    fake_ok(t->w, "GET", "/v2/audit/export", NULL);
    (void)snprintf(line, sizeof line, "{\"countersignature\":{\"deviceId\":\"%.8s",
                   t->d[0].text);
    assert_non_null(strstr(t->w->reply_text, line));
}

static size_t stored(void)
{
    json_t *o = cs_js_obj();
    size_t n;

    cs_countersign_view(t->w->core, o);
    n = json_array_size(json_object_get(o, "countersignatures"));
    json_decref(o);
    return n;
}

static void they_are_stored_with_the_next_write(void **state)
{
    (void)state;
    witness(0);
    countersign(0);
    fake_restart(t->w); /* killed at once: it is shown again */
    assert_int_equal(stored(), 0);
    fake_trio_free(t);
    t = fake_trio_new();
    witness(0);
    countersign(0);
    grow();
    fake_restart(t->w);
    assert_int_equal(stored(), 1);
    fake_trio_free(t);
    t = fake_trio_new();
    witness(0);
    countersign(0);
    pass(30);
    fake_restart(t->w);
    assert_int_equal(stored(), 1);
}

static void a_countersignature_that_is_not_true_ends_the_connection(void **state)
{
    (void)state;
    for (int i = 0; i < 6; i++) {
        struct cs_ctl_frame f;

        witness(0);
        f = answer_of(0);
        f.u.audited.sig[5] ^= i == 0 ? 1 : 0;
        f.u.audited.hash[5] ^= i == 1 ? 1 : 0;
        f.u.audited.time += i == 2 ? 1 : 0;
        f.u.audited.seq += i == 3 ? 1 : 0;
        f.u.audited.seq -= i == 4 ? 1 : 0;
        if (i == 5) { /* somebody else's */
            f = answer_of(1);
        }
        fake_send(&t->d[0], &f);
        assert_false(fake_next(&t->d[0]));
        assert_true(t->d[0].closed);
        assert_int_equal(t->d[0].close_err, CS_ERR_PROTOCOL);
        assert_int_equal(count("countersignatures"), 0);
        grow();
    }
}

/* True, but nobody has shown it that. */
static void what_was_not_shown_is_not_countersigned(void **state)
{
    struct cs_ctl_frame f;

    (void)state;
    witness(0);
    grow();
    shown.seq = cs_audit_head(t->w->core, shown.hash);
    f = answer_of(0);
    fake_send(&t->d[0], &f);
    assert_false(fake_next(&t->d[0]));
    assert_true(t->d[0].closed);
    assert_int_equal(count("countersignatures"), 0);
}

static void nobody_answers_more_often_than_he_is_asked(void **state)
{
    struct cs_ctl_frame f;

    (void)state;
    witness(0);
    f = answer_of(0);
    countersign(0);
    fake_send(&t->d[0], &f);
    assert_false(fake_next(&t->d[0]));
    assert_true(t->d[0].closed);
}

static void of_each_device_the_newest_is_kept(void **state)
{
    uint64_t first;

    (void)state;
    witness(0);
    first = shown.seq;
    countersign(0);
    grow();
    pass(60);
    assert_true(was_shown(0));
    countersign(0);
    assert_int_equal(count("countersignatures"), 1);
    assert_true(cs_js_num(listed("countersignatures", 0), "seq") > (int64_t)first);
    fake_ok(t->w, "GET", "/v2/audit/export", NULL);
    assert_null(strstr(strstr(t->w->reply_text, "countersignature\"") + 1,
                       "countersignature\""));
}

static void of_each_thousand_records_the_last_stay(void **state)
{
    (void)state;
    witness(0);
    countersign(0);
    (void)count("countersignatures"); /* stores it */
    while (fake_audit_count(t->w) < CS_COUNTERSIGN_EACH) {
        grow();
        t->w->now += 5;
    }
    pass(60);
    assert_true(was_shown(0));
    countersign(0);
    assert_int_equal(count("countersignatures"), 1);
    fake_ok(t->w, "GET", "/v2/audit/export", NULL); /* the first of them */
    assert_non_null(strstr(t->w->reply_text, "countersignature\""));
}

/* ---- refusals ----------------------------------------------------------- */

static uint64_t records_of(const char *action)
{
    uint64_t n = 0;

    for (uint64_t i = 1; i <= fake_audit_count(t->w); i++) {
        json_t *rec = fake_audit_record(t->w, i);

        n += cs_js_is(rec, "action", action) ? 1 : 0;
        json_decref(rec);
    }
    return n;
}

static void a_refusal_is_shown_and_in_the_log_once(void **state)
{
    char path[64];

    (void)state;
    witness(0);
    refuse(0, "AUDIT_FORK");
    assert_string_equal(cs_js_text(listed("refusals", 0), "reason"), "AUDIT_FORK");
    assert_int_equal(records_of("audit.refused"), 1);
    (void)snprintf(path, sizeof path, "/v2/devices/%s", t->d[0].text);
    fake_ok(t->w, "GET", path, NULL);
    assert_string_equal(fake_text(t->w, "auditRefusal.reason"), "AUDIT_FORK");
    for (int i = 0; i < 3; i++) {
        grow();
        pass(60);
        assert_true(was_shown(0)); /* it may have been accepted meanwhile */
        refuse(0, i == 1 ? "AUDIT_ROLLBACK" : "AUDIT_FORK");
    }
    assert_int_equal(records_of("audit.refused"), 1);
    grow();
    pass(60);
    assert_true(was_shown(0));
    countersign(0);
    assert_int_equal(count("refusals"), 0);
    assert_int_equal(records_of("audit.accepted"), 1);
    fake_ok(t->w, "GET", path, NULL);
    assert_string_equal(fake_text(t->w, "auditRefusal.reason"), "");
}

static void who_changes_his_mind_all_the_time_fills_no_log(void **state)
{
    (void)state;
    witness(0);
    refuse(0, "AUDIT_FORK");
    for (int i = 0; i < 4; i++) {
        struct cs_pc_live *l = cs_pc_live_get(t->w->core, t->d[0].id);

        l->audit_soon = true; /* as results make it */
        grow();
        fake_wait(t->w, 2000);
        assert_true(was_shown(0));
        if (i % 2 == 0) {
            countersign(0);
        } else {
            refuse(0, "AUDIT_FORK");
        }
    }
    assert_int_equal(records_of("audit.refused") + records_of("audit.accepted"), 1);
}

/* ---- backups ------------------------------------------------------------ */

static void tell_as(struct fake_device *d, uint64_t time, uint32_t without,
                    const uint8_t *missing)
{
    struct cs_ctl_frame f = {.type = CS_CTL_STATUS};
    struct cs_ctl_backup *b = &f.u.status.backup;

    (void)snprintf(f.u.status.version, 16, "0.1.0");
    (void)snprintf(f.u.status.state, 16, "READY");
    (void)snprintf(f.u.status.words, 16, "some-words");
    f.u.status.has_backup = true;
    b->time = time;
    b->keys = 2;
    b->without = without;
    b->complete = time != 0 && without == 0;
    b->n_to = 1;
    memset(b->to[0].id, 0xab, 32);
    if (missing != NULL) {
        b->n_missing = 1;
        memcpy(b->missing[0].id, missing, 16);
    }
    fake_send(d, &f);
}

static void tell(int i, uint64_t time, uint32_t without, const uint8_t *missing)
{
    tell_as(&t->d[i], time, without, missing);
}

static void a_device_shows_its_backup(void **state)
{
    char path[64];

    (void)state;
    (void)snprintf(path, sizeof path, "/v2/devices/%s", t->d[0].text);
    fake_ok(t->w, "GET", path, NULL);
    assert_null(json_object_get(t->w->reply, "backup")); /* an older node */
    tell(0, 0, 2, NULL);
    fake_ok(t->w, "GET", path, NULL);
    assert_true(
        json_is_null(json_object_get(json_object_get(t->w->reply, "backup"), "at")));
    assert_int_equal(records_of("device.backed-up"), 0);
    fake_wait(t->w, 10000);
    tell(0, 1790000000000, 0, NULL);
    tell(0, 1790000000000, 0, NULL);
    fake_ok(t->w, "GET", path, NULL);
    assert_string_equal(fake_text(t->w, "backup.at"), "2026-09-21T14:13:20.000Z");
    assert_int_equal(strlen(fake_text(t->w, "backup.recipients.0")), 64);
    assert_null(strstr(t->w->reply_text, "_noBackup"));
    assert_int_equal(records_of("device.backed-up"), 1);
    tell(0, 1790000001000, 0, NULL); /* too soon .. */
    fake_ok(t->w, "GET", path, NULL);
    assert_string_equal(fake_text(t->w, "backup.at"), "2026-09-21T14:13:20.000Z");
    fake_wait(t->w, 10000);
    tell(0, 1790000001000, 0, NULL); /* .. but it is said again */
    fake_ok(t->w, "GET", path, NULL);
    assert_string_equal(fake_text(t->w, "backup.at"), "2026-09-21T14:13:21.000Z");
}

/* Nobody has let it in yet: it writes nothing that stays for ever. */
static void a_device_that_is_not_approved_tells_of_no_backup(void **state)
{
    struct fake_device d;
    char path[64];

    (void)state;
    fake_device_new(t->w, &d);
    fake_connect_ok(&d);
    tell_as(&d, 1790000000000, 0, NULL);
    (void)snprintf(path, sizeof path, "/v2/devices/%s", d.text);
    fake_ok(t->w, "GET", path, NULL);
    assert_null(json_object_get(t->w->reply, "backup"));
    assert_int_equal(records_of("device.backed-up"), 0);
    fake_approve(&d);
    tell_as(&d, 1790000000000, 0, NULL);
    fake_ok(t->w, "GET", path, NULL);
    assert_string_equal(fake_text(t->w, "backup.at"), "2026-09-21T14:13:20.000Z");
    fake_device_free(&d);
}

static void the_overview_names_keys_without_backup(void **state)
{
    static const uint8_t nobodys[16] = {7};
    const json_t *q, *m;

    (void)state;
    fake_trio_free(t);
    t = fake_signers();
    fake_ok(t->w, "GET", "/v2/backups", NULL);
    q = json_array_get(json_object_get(t->w->reply, "quorums"), 0);
    assert_true(json_is_false(json_object_get(q, "complete"))); /* nobody has told */
    for (int i = 0; i < 3; i++) {
        tell(i, 1790000000000, i == 1 ? 3 : 0,
             i == 1   ? t->key_id
             : i == 2 ? nobodys
                      : NULL);
    }
    fake_ok(t->w, "GET", "/v2/backups", NULL);
    q = json_array_get(json_object_get(t->w->reply, "quorums"), 0);
    assert_true(json_is_false(json_object_get(q, "complete")));
    m = json_array_get(json_object_get(q, "members"), 1);
    assert_string_equal(cs_js_text(m, "deviceId"), t->d[1].text);
    assert_int_equal(cs_js_num(m, "moreOnDevice"), 2);
    m = json_array_get(json_object_get(m, "missing"), 0);
    assert_string_equal(cs_js_text(m, "walletId"), t->wallet);
    m = json_array_get(json_object_get(q, "members"), 2);
    assert_int_equal(json_array_size(json_object_get(m, "missing")), 0);
    fake_wait(t->w, 10000);
    tell(1, 1790000000000, 0, NULL);
    fake_ok(t->w, "GET", "/v2/backups", NULL);
    q = json_array_get(json_object_get(t->w->reply, "quorums"), 0);
    assert_true(json_is_true(json_object_get(q, "complete")));
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, up, down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(who_does_not_know_it_is_shown_nothing),
        CASE(a_head_that_moved_is_shown_once_a_minute),
        CASE(devices_that_are_not_approved_are_no_witnesses),
        CASE(it_is_shown_with_the_result_of_a_signature),
        CASE(what_it_has_seen_is_told_from_our_own_log),
        CASE(countersignatures_are_shown_and_exported),
        CASE(they_are_stored_with_the_next_write),
        CASE(a_countersignature_that_is_not_true_ends_the_connection),
        CASE(what_was_not_shown_is_not_countersigned),
        CASE(nobody_answers_more_often_than_he_is_asked),
        CASE(of_each_device_the_newest_is_kept),
        CASE(of_each_thousand_records_the_last_stay),
        CASE(a_refusal_is_shown_and_in_the_log_once),
        CASE(who_changes_his_mind_all_the_time_fills_no_log),
        CASE(a_device_shows_its_backup),
        CASE(a_device_that_is_not_approved_tells_of_no_backup),
        CASE(the_overview_names_keys_without_backup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
