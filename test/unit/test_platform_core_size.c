/* What a large store must not cost: rows that a request reads, answers that are kept.
 * Counted, not timed. */
#include "platform/core/overview.h"
#include "platform/core/rec.h"
#include "support/fake_sign.h"

enum {
    PAGE = 50, /* the default of lists */
    /* An entry, its record, and what the record's view looks up. */
    ROWS_EACH = 8,
    ROWS_ALWAYS = 120,  /* token, credential, counters, 30 days */
    ROWS_FILTER = 2400, /* a thousand are looked at, each an entry and a record */
};

static struct {
    const struct cs_kv_ops *real;
    struct cs_kv_ops counting;
    size_t reads;
} c;

static enum cs_err count_get(struct cs_kv *kv, uint8_t table, struct cs_span key,
                             struct cs_wr *out)
{
    c.reads++;
    return c.real->get(kv, table, key, out);
}

static enum cs_err count_next(struct cs_kv *kv, uint8_t table, struct cs_span from,
                              bool after, struct cs_wr *key, struct cs_wr *value)
{
    c.reads++;
    return c.real->next(kv, table, from, after, key, value);
}

static enum cs_err count_prev(struct cs_kv *kv, uint8_t table, struct cs_span before,
                              struct cs_wr *key, struct cs_wr *value)
{
    c.reads++;
    return c.real->prev(kv, table, before, key, value);
}

static void count_reads(struct fake_platform *w)
{
    c.real = w->kv->ops;
    c.counting = *c.real;
    c.counting.get = count_get;
    c.counting.next = count_next;
    c.counting.prev = count_prev;
    w->kv->ops = &c.counting;
}

/* Rows that a request reads. */
static size_t rows(struct fake_trio *t, const char *path)
{
    t->w->now += 500; /* the rate of one credential */
    c.reads = 0;
    fake_ok(t->w, "GET", path, NULL);
    return c.reads;
}

static void make_more(struct fake_trio *t, int n)
{
    char vault[37], wallet[37], body[128];

    memcpy(vault, t->vault, sizeof vault);
    memcpy(wallet, t->wallet, sizeof wallet);
    for (int i = 0; i < n; i++) {
        t->w->now += 2;
        (void)snprintf(body, sizeof body, "{\"name\":\"Vault %d\"}", i);
        fake_ok(t->w, "POST", "/v2/vaults", body);
        (void)snprintf(body, sizeof body,
                       "{\"displayName\":\"Device %d\",\"deviceType\":\"CLOUD\"}", i);
        fake_ok(t->w, "POST", "/v2/devices", body);
    }
    memcpy(t->vault, vault, sizeof vault);
    memcpy(t->wallet, wallet, sizeof wallet);
}

static void sign_more(struct fake_trio *t, int n)
{
    for (int i = 0; i < n; i++) {
        struct fake_tx x;

        t->w->now += 2;
        fake_tx_new(t, &x, 1000 + (uint64_t)i);
        fake_both_done(t, &x, fake_sign_commands(t, &x));
        cs_wr_free(&x.message);
        fake_clear_sent(t->w);
        t->d[0].seen = t->d[1].seen = t->d[2].seen = 0;
    }
}

static const char *const same[] = {
    "/v2/overview",
    "/v2/vaults?pageSize=50",
    "/v2/vaults?pageSize=50&order=desc",
    "/v2/devices?pageSize=50",
    "/v2/transactions?pageSize=50",
    "/v2/transactions?pageSize=50&status=SIGNED",
    "/v2/audit?pageSize=50",
    "/v2/audit/head",
    "/v2/wallets",
    "/v2/mpc/quorums",
};

static void a_request_reads_as_little_of_a_large_store_as_of_a_small_one(void **state)
{
    struct fake_trio *t = fake_signers();
    size_t before[CS_COUNTOF(same)], after;
    char path[160];

    (void)state;
    make_more(t, 120);
    sign_more(t, 70);
    count_reads(t->w);
    for (size_t i = 0; i < CS_COUNTOF(same); i++) {
        before[i] = rows(t, same[i]);
        if (before[i] > ROWS_EACH * PAGE + ROWS_ALWAYS) {
            fail_msg("%s reads %zu rows", same[i], before[i]);
        }
    }
    make_more(t, 700);
    sign_more(t, 120);
    for (size_t i = 0; i < CS_COUNTOF(same); i++) {
        after = rows(t, same[i]);
        if (after > before[i] + 4) {
            fail_msg("%s read %zu rows, and reads %zu of more", same[i], before[i],
                     after);
        }
    }
    (void)snprintf(path, sizeof path, "/v2/vaults?pageSize=50&pageToken=%016x", 900);
    assert_true(rows(t, path) <= before[1] + 4); /* deep in */
    t->w->kv->ops = c.real;
    fake_trio_free(t);
}

static void a_filter_that_nothing_fits_looks_at_a_bounded_number(void **state)
{
    struct fake_trio *t = fake_signers();

    (void)state;
    make_more(t, 1300);
    count_reads(t->w);
    assert_true(rows(t, "/v2/vaults?q=nothing-has-this-name") <= ROWS_FILTER);
    assert_true(rows(t, "/v2/devices?pageSize=50&q=nothing-has-this") <= ROWS_FILTER);
    assert_true(rows(t, "/v2/transactions?status=REJECTED") <= ROWS_FILTER);
    assert_true(rows(t, "/v2/audit?action=no-such-action") <= ROWS_FILTER);
    t->w->kv->ops = c.real;
    fake_trio_free(t);
}

/* ---- answers that are kept ---------------------------------------------- */

static int keyed(struct fake_platform *w, const char *key)
{
    w->now += 100;
    return fake_http(w, (struct fake_http){.method = "POST",
                                           .path = "/v2/vaults",
                                           .body = "{\"name\":\"v\"}",
                                           .authorization = w->token,
                                           .key = key});
}

static void answers_for_idempotency_keys_are_bounded_in_number(void **state)
{
    struct fake_platform *w = fake_platform_new();
    char id[40], secret[80], key[16];

    (void)state;
    w->limits.max_answers = 5;
    fake_restart(w);
    fake_setup(w, id, secret);
    for (int i = 0; i < 5; i++) {
        (void)snprintf(key, sizeof key, "key-%d", i);
        assert_int_equal(keyed(w, key), 200);
    }
    assert_int_equal(keyed(w, "key-5"), 429);
    fake_refused(w, 429, "Idempotency-Key");
    assert_int_equal(keyed(w, "key-3"), 200); /* a repeat is still answered */
    assert_int_equal(keyed(w, ""), 200);      /* and so is who has no key */
    fake_restart(w);                          /* the number is in the store */
    fake_login(w, id, secret);
    assert_int_equal(keyed(w, "key-5"), 429);
    fake_wait(w, 86400000 + 60000); /* kept for a day */
    fake_login(w, id, secret);
    for (int i = 5; i < 10; i++) {
        (void)snprintf(key, sizeof key, "key-%d", i);
        assert_int_equal(keyed(w, key), 200);
    }
    assert_int_equal(keyed(w, "key-10"), 429);
    fake_platform_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_reads_as_little_of_a_large_store_as_of_a_small_one),
        cmocka_unit_test(a_filter_that_nothing_fits_looks_at_a_bounded_number),
        cmocka_unit_test(answers_for_idempotency_keys_are_bounded_in_number),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
