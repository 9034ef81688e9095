/* The counters of GET /v2/overview against a count of all records, over restarts and
 * kills, and the migration that makes them for a store of schema 1. */
#include "base/rd.h"
#include "platform/core/migrate.h"
#include "platform/core/overview.h"
#include "platform/core/rec.h"
#include "support/fake_limits.h"

enum { DAY_MS = 86400000, OPS = 160 };

/* ---- a count of all that is in the store, by rules of its own ----------- */

struct census {
    int64_t n[CS_OV_COUNT];
    int64_t signed_on[CS_OV_DAYS], failed_on[CS_OV_DAYS];
    int64_t today;
};

static bool is(const json_t *rec, const char *name, const char *text)
{
    const char *v = json_string_value(json_object_get(rec, name));

    return v != NULL && strcmp(v, text) == 0;
}

static void census_device(struct census *c, const json_t *rec)
{
    bool approved = is(rec, "approvalStatus", "APPROVED");
    bool enabled = is(rec, "enabledStatus", "ENABLED");

    c->n[CS_OV_DEVICES]++;
    c->n[CS_OV_PAIRED] += approved && enabled;
    c->n[CS_OV_DISABLED] += approved && !enabled;
    c->n[CS_OV_WAITING] += is(rec, "approvalStatus", "PENDING") &&
                           json_object_get(rec, "_ik") != NULL;
}

static int64_t days_ago(const struct census *c, const char *time)
{
    char text[CS_PC_TIME_LEN];

    for (int64_t i = 0; i < CS_OV_DAYS; i++) {
        (void)cs_pc_time(text, (c->today - i) * DAY_MS);
        if (strncmp(text, time, 10) == 0) {
            return i;
        }
    }
    return -1;
}

static void census_tx(struct census *c, const json_t *rec)
{
    bool done = is(rec, "status", "SIGNED"), failed = is(rec, "status", "FAILED");
    int64_t ago = days_ago(c, json_string_value(json_object_get(rec, "updatedAt")));

    c->n[CS_OV_TXS]++;
    c->n[CS_OV_ACTIVE] += !done && !failed;
    if (ago >= 0 && done) {
        c->signed_on[ago]++;
    } else if (ago >= 0 && failed) {
        c->failed_on[ago]++;
    }
}

static enum cs_err census_row(void *ctx, uint8_t table, struct cs_span key,
                              struct cs_span value)
{
    struct census *c = ctx;
    json_error_t e;
    json_t *rec = NULL;

    (void)key;
    if (table == CS_PC_DEVICE || table == CS_PC_QUORUM || table == CS_PC_VAULT ||
        table == CS_PC_WALLET || table == CS_PC_TX) {
        rec = json_loadb((const char *)value.p, value.n, 0, &e);
        assert_non_null(rec);
    }
    if (rec == NULL || json_is_true(json_object_get(rec, "deleted")) ||
        json_is_true(json_object_get(rec, "_deleted"))) {
        json_decref(rec);
        return CS_OK;
    }
    if (table == CS_PC_DEVICE) {
        census_device(c, rec);
    } else if (table == CS_PC_QUORUM) {
        c->n[CS_OV_QUORUMS]++;
        c->n[CS_OV_CONFIRMED] += is(rec, "state", "QUORUM_STATE_CONFIRMED");
        c->n[CS_OV_PENDING] += is(rec, "state", "QUORUM_STATE_PENDING") ||
                               is(rec, "state", "QUORUM_STATE_CREATED");
    } else if (table == CS_PC_VAULT) {
        c->n[CS_OV_VAULTS]++;
    } else if (table == CS_PC_WALLET) {
        c->n[CS_OV_WALLETS]++;
        c->n[CS_OV_PROVISIONED] += is(rec, "status", "PROVISIONED");
        c->n[CS_OV_FAILED] += is(rec, "status", "PROVISIONING_FAILED");
    } else {
        census_tx(c, rec);
    }
    json_decref(rec);
    return CS_OK;
}

static struct census census(struct fake_platform *w)
{
    struct census c = {.today = w->wall / DAY_MS};

    assert_int_equal(w->kv->ops->scan(w->kv, census_row, &c), CS_OK);
    return c;
}

static int64_t shown(struct fake_platform *w, const char *block, const char *member)
{
    const json_t *o = w->reply;

    if (block[0] != '\0') {
        o = json_object_get(o, block);
    }
    assert_true(json_is_integer(json_object_get(o, member)));
    return (int64_t)json_integer_value(json_object_get(o, member));
}

static void check_days(struct fake_platform *w, const struct census *c)
{
    const json_t *days = json_object_get(json_object_get(w->reply, "transactions"),
                                         "byDay");
    char text[CS_PC_TIME_LEN];

    assert_int_equal(json_array_size(days), CS_OV_DAYS);
    for (int64_t i = 0; i < CS_OV_DAYS; i++) {
        const json_t *d = json_array_get(days, (size_t)(CS_OV_DAYS - 1 - i));

        (void)cs_pc_time(text, (c->today - i) * DAY_MS);
        text[10] = '\0';
        assert_true(is(d, "day", text));
        assert_int_equal(json_integer_value(json_object_get(d, "signed")),
                         c->signed_on[i]);
        assert_int_equal(json_integer_value(json_object_get(d, "failed")),
                         c->failed_on[i]);
    }
}

/* What the API says is what a count of everything says. */
static void check(struct fake_platform *w)
{
    static const struct {
        const char *block, *member;
        enum cs_ov of;
    } cells[] = {{"devices", "total", CS_OV_DEVICES},
                 {"devices", "paired", CS_OV_PAIRED},
                 {"devices", "waiting", CS_OV_WAITING},
                 {"devices", "disabled", CS_OV_DISABLED},
                 {"quorums", "total", CS_OV_QUORUMS},
                 {"quorums", "confirmed", CS_OV_CONFIRMED},
                 {"quorums", "pending", CS_OV_PENDING},
                 {"", "vaults", CS_OV_VAULTS},
                 {"wallets", "total", CS_OV_WALLETS},
                 {"wallets", "provisioned", CS_OV_PROVISIONED},
                 {"wallets", "failed", CS_OV_FAILED},
                 {"transactions", "total", CS_OV_TXS},
                 {"transactions", "active", CS_OV_ACTIVE}};
    struct census c = census(w);
    struct cs_pc_scope all = cs_pc_scope("", "");

    fake_ok(w, "GET", "/v2/overview", NULL);
    for (size_t i = 0; i < CS_COUNTOF(cells); i++) {
        if (shown(w, cells[i].block, cells[i].member) != c.n[cells[i].of]) {
            fail_msg("%s.%s: %lld are there, %s", cells[i].block, cells[i].member,
                     (long long)c.n[cells[i].of], w->reply_text);
        }
    }
    check_days(w, &c);
    assert_int_equal(cs_pc_index_count(w->core, CS_IX_OV_DEVICES, all),
                     c.n[CS_OV_WAITING]);
    assert_int_equal(cs_pc_index_count(w->core, CS_IX_OV_QUORUMS, all),
                     c.n[CS_OV_PENDING]);
    assert_int_equal(cs_pc_index_count(w->core, CS_IX_TXS_ALL, all), c.n[CS_OV_TXS]);
}

/* ---- operations -------------------------------------------------------- */

struct dice {
    uint64_t s;
    struct fake_device spare[OPS];
    size_t n_spare;
};

static unsigned roll(struct dice *d, unsigned n)
{
    d->s = d->s * 6364136223846793005ULL + 1442695040888963407ULL;
    return (unsigned)(d->s >> 33) % n;
}

static void spare_put(struct fake_trio *t, struct dice *d, const char *what,
                      const char *body)
{
    char path[160];

    if (d->n_spare > 0) {
        (void)snprintf(path, sizeof path, "/v2/devices/%s/%s",
                       d->spare[roll(d, (unsigned)d->n_spare)].text, what);
        (void)fake_api(t->w, "PUT", path, body); /* in a wrong state: refused */
    }
}

static void spare_new(struct fake_trio *t, struct dice *d)
{
    struct fake_device *s = &d->spare[d->n_spare++];

    fake_device_new(t->w, s);
    if (roll(d, 2) == 0) {
        fake_connect_ok(s);
    }
}

static void spare_delete(struct fake_trio *t, struct dice *d)
{
    char path[160];

    if (d->n_spare > 0) {
        (void)snprintf(path, sizeof path, "/v2/devices/%s",
                       d->spare[roll(d, (unsigned)d->n_spare)].text);
        (void)fake_api(t->w, "DELETE", path, NULL);
    }
}

static void sign_one(struct fake_trio *t, struct dice *d)
{
    struct fake_tx x;
    unsigned mask;

    fake_tx_new(t, &x, 1000 + d->s % 1000000);
    mask = fake_sign_commands(t, &x);
    if (roll(d, 3) > 0) {
        fake_both_done(t, &x, mask);
    }
    cs_wr_free(&x.message);
}

static void quorum_drop(struct fake_trio *t)
{
    char path[160], keep[37];

    memcpy(keep, t->quorum, sizeof keep);
    assert_int_equal(fake_quorum_post(t, "Another"), 200);
    (void)snprintf(path, sizeof path, "/v2/mpc/quorums/%s", fake_text(t->w, "id"));
    (void)fake_api(t->w, "DELETE", path, NULL);
    memcpy(t->quorum, keep, sizeof keep);
}

static void wallet_more(struct fake_trio *t)
{
    char keep[37], vault[37];
    uint8_t id[16];

    memcpy(keep, t->wallet, sizeof keep);
    memcpy(vault, t->vault, sizeof vault);
    memcpy(id, t->wallet_id, sizeof id);
    fake_wallet_new(t); /* nobody makes it: it fails when its time is over */
    memcpy(t->wallet, keep, sizeof keep);
    memcpy(t->vault, vault, sizeof vault);
    memcpy(t->wallet_id, id, sizeof id);
}

/* Devices drop out when time passes, as their connections are silent. */
static void later(struct fake_trio *t, uint64_t ms)
{
    for (int i = 0; i < 3; i++) {
        fake_disconnect(&t->d[i]);
    }
    fake_wait(t->w, ms);
    fake_clear_sent(t->w);
    fake_relogin(t);
    fake_nodes_come(t);
}

static void operate(struct fake_trio *t, struct dice *d)
{
    char keep[37];

    switch (roll(d, 12)) {
    case 0:
    case 1:
        spare_new(t, d);
        break;
    case 2:
        spare_put(t, d, "approval-status", "{\"approvalStatus\":\"APPROVED\"}");
        break;
    case 3:
        spare_put(t, d, "approval-status", "{\"approvalStatus\":\"REJECTED\"}");
        break;
    case 4:
        spare_put(t, d, "enabled-status",
                  roll(d, 2) == 0 ? "{\"enabledStatus\":\"DISABLED\"}"
                                  : "{\"enabledStatus\":\"ENABLED\"}");
        break;
    case 5:
        spare_delete(t, d);
        break;
    case 6:
        memcpy(keep, t->vault, sizeof keep);
        fake_vault_new(t);
        memcpy(t->vault, keep, sizeof keep);
        break;
    case 7:
        quorum_drop(t);
        break;
    case 8:
        wallet_more(t);
        break;
    case 9:
        later(t, roll(d, 2) == 0 ? 700000 : DAY_MS);
        break;
    default:
        sign_one(t, d);
        break;
    }
}

static void play(struct fake_trio *t, struct dice *d, int n)
{
    for (int i = 0; i < n; i++) {
        operate(t, d);
        fake_clear_sent(t->w);
        for (int k = 0; k < 3; k++) {
            t->d[k].seen = 0;
        }
        for (size_t k = 0; k < d->n_spare; k++) {
            d->spare[k].seen = 0;
        }
        check(t->w);
    }
}

static void end(struct fake_trio *t, struct dice *d)
{
    for (size_t i = 0; i < d->n_spare; i++) {
        fake_device_free(&d->spare[i]);
    }
    fake_trio_free(t);
    free(d);
}

static struct dice *dice_new(uint64_t seed)
{
    struct dice *d = calloc(1, sizeof *d);

    assert_non_null(d);
    d->s = seed;
    return d;
}

static void counters_are_what_a_count_of_everything_says(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 3; seed++) {
        struct fake_trio *t = fake_limited();
        struct dice *d = dice_new(seed);

        play(t, d, OPS / 2);
        fake_reboot_nodes(t);
        check(t->w);
        play(t, d, OPS / 4);
        assert_true(census(t->w).n[CS_OV_TXS] > 2);
        end(t, d);
    }
}

/* ---- attention --------------------------------------------------------- */

static const json_t *attention(struct fake_platform *w, const char *text)
{
    const json_t *list;

    fake_ok(w, "GET", "/v2/overview", NULL);
    list = json_object_get(w->reply, "attention");
    assert_true(json_array_size(list) <= CS_OV_ATTENTION);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *o = json_array_get(list, i);

        if (strstr(json_string_value(json_object_get(o, "text")), text) != NULL) {
            return o;
        }
    }
    return NULL;
}

static void what_needs_somebody_is_named_and_the_list_is_short(void **state)
{
    struct fake_trio *t = fake_limited();
    struct fake_device d[CS_OV_NAMED + 2];

    (void)state;
    assert_null(attention(t->w, "waits for approval"));
    for (size_t i = 0; i < CS_COUNTOF(d); i++) {
        fake_device_new(t->w, &d[i]);
        assert_null(attention(t->w, "devices wait")); /* no key yet: nothing to do */
        if (i < CS_OV_NAMED) {
            fake_connect_ok(&d[i]);
        }
    }
    assert_true(
        is(attention(t->w, "'node' waits for approval"), "objectId", d[0].text));
    assert_null(attention(t->w, "more devices wait"));
    fake_connect_ok(&d[CS_OV_NAMED]);
    fake_connect_ok(&d[CS_OV_NAMED + 1]);
    assert_true(is(attention(t->w, "2 more devices wait for approval"), "objectType",
                   "DEVICE"));
    fake_approve(&d[0]);
    assert_non_null(attention(t->w, "1 more devices"));
    assert_null(attention(t->w, "offline"));
    fake_disconnect(&t->d[0]);
    assert_true(
        is(attention(t->w, "1 of 4 paired devices is offline"), "severity", "warning"));
    for (size_t i = 0; i < CS_COUNTOF(d); i++) {
        fake_device_free(&d[i]);
    }
    fake_trio_free(t);
}

static void a_credential_sees_the_blocks_of_its_words(void **state)
{
    struct fake_trio *t = fake_limited();
    char id[40], pass[80];

    (void)state;
    assert_int_equal(fake_credential_new(t->w, "\"devices.read\"", ""), 200);
    (void)snprintf(id, sizeof id, "%s", fake_text(t->w, "clientId"));
    (void)snprintf(pass, sizeof pass, "%s", fake_text(t->w, "clientSecret"));
    fake_login(t->w, id, pass);
    fake_ok(t->w, "GET", "/v2/overview", NULL);
    assert_int_equal(shown(t->w, "devices", "total"), 3);
    assert_int_equal(shown(t->w, "devices", "online"), 3);
    assert_null(json_object_get(t->w->reply, "quorums"));
    assert_null(json_object_get(t->w->reply, "vaults"));
    assert_null(json_object_get(t->w->reply, "wallets"));
    assert_null(json_object_get(t->w->reply, "transactions"));
    fake_trio_free(t);
}

/* ---- migration --------------------------------------------------------- */

struct keys {
    struct cs_kv_batch *b;
};

static enum cs_err old_row(void *ctx, uint8_t table, struct cs_span key,
                           struct cs_span value)
{
    struct keys *k = ctx;
    bool ours = table == CS_PC_STAT;

    (void)value;
    if (table == CS_PC_INDEX || table == CS_PC_COUNT) {
        ours = (key.p[0] >= CS_IX_OV_DEVICES && key.p[0] <= CS_IX_OV_CHEATS) ||
               key.p[0] == CS_IX_TXS_ALL || key.p[0] == CS_IX_TXS_ALL_CORR;
    }
    return ours ? cs_kv_batch_del(k->b, table, key) : CS_OK;
}

/* The store as the first version would have left it: no counters, no list of all
 * requests, schema 1. */
static void make_old(struct fake_platform *w)
{
    struct keys k = {.b = cs_kv_batch_new()};
    struct cs_wr head = {0};
    char *at;

    assert_int_equal(w->kv->ops->get(w->kv, CS_PC_META, CS_SPAN_LIT("head"), &head),
                     CS_OK);
    cs_wr_u8(&head, 0);
    at = strstr((char *)head.p, "\"schema\":");
    assert_non_null(at);
    assert_int_equal(at[9], '0' + CS_PC_SCHEMA);
    at[9] = '1';
    assert_int_equal(w->kv->ops->scan(w->kv, old_row, &k), CS_OK);
    assert_int_equal(cs_kv_batch_put(k.b, CS_PC_META, CS_SPAN_LIT("head"),
                                     CS_SPAN(head.p, head.n - 1)),
                     CS_OK);
    assert_int_equal(w->kv->ops->commit(w->kv, k.b), CS_OK);
    cs_kv_batch_free(k.b);
    cs_wr_free(&head);
}

static int64_t schema_of(struct fake_platform *w)
{
    struct cs_wr head = {0};
    json_error_t e;
    json_t *o;
    int64_t v;

    assert_int_equal(w->kv->ops->get(w->kv, CS_PC_META, CS_SPAN_LIT("head"), &head),
                     CS_OK);
    o = json_loadb((const char *)head.p, head.n, 0, &e);
    v = (int64_t)json_integer_value(json_object_get(o, "schema"));
    json_decref(o);
    cs_wr_free(&head);
    return v;
}

/* More records than one slice of the migration takes. */
static void fill(struct fake_trio *t, int slices)
{
    char keep[37];

    memcpy(keep, t->vault, sizeof keep);
    for (int i = 0; i < slices * CS_MIGRATE_ROWS; i++) {
        t->w->now += i % 1000 == 0 ? 1000 : 0; /* the rate of one credential */
        fake_vault_new(t);
    }
    memcpy(t->vault, keep, sizeof keep);
}

static bool is_migrating(struct fake_platform *w)
{
    struct cs_platform_stats s;

    cs_platform_core_stats(w->core, &s);
    return s.is_migrating;
}

static void a_store_of_schema_1_is_counted_while_the_platform_serves(void **state)
{
    struct fake_trio *t = fake_limited();
    struct cs_platform_stats s;
    struct dice *d = dice_new(11);

    (void)state;
    play(t, d, 40);
    fill(t, 3);
    check(t->w);
    make_old(t->w);
    fake_restart(t->w);
    fake_relogin(t); /* serves at once */
    assert_true(is_migrating(t->w));
    assert_int_equal(schema_of(t->w), CS_PC_SCHEMA); /* older programs refuse it now */
    fake_ok(t->w, "GET", "/v2/overview", NULL);
    assert_true(json_is_true(json_object_get(t->w->reply, "isCounting")));
    fake_nodes_come(t);
    fake_wait(t->w, 2000);
    assert_false(is_migrating(t->w));
    check(t->w);
    assert_true(json_is_false(json_object_get(t->w->reply, "isCounting")));
    cs_platform_core_stats(t->w->core, &s); /* what metrics say */
    assert_true(s.paired > 0);
    assert_int_equal(s.paired,
                     cs_js_num(json_object_get(t->w->reply, "devices"), "paired"));
    play(t, d, 20);
    fake_reboot_nodes(t);
    assert_false(is_migrating(t->w));
    check(t->w);
    end(t, d);
}

/* Killed at every step of it, with work going on: nothing is counted twice or not at
 * all. */
static void a_migration_that_is_killed_goes_on_where_it_was(void **state)
{
    struct fake_trio *t = fake_limited();
    struct dice *d = dice_new(12);
    int kills = 0;

    (void)state;
    play(t, d, 30);
    fill(t, 12);
    make_old(t->w);
    fake_restart(t->w);
    fake_relogin(t);
    fake_nodes_come(t);
    while (is_migrating(t->w)) {
        sign_one(t, d); /* new ids fall on both sides of the position */
        spare_new(t, d);
        fake_wait(t->w, CS_MIGRATE_MS);
        fake_restart(t->w);
        fake_relogin(t);
        fake_nodes_come(t);
        assert_true(++kills < 1000);
    }
    assert_true(kills > 2);
    check(t->w);
    play(t, d, 10);
    end(t, d);
}

/* The very batch of a step fails: with the next start it is done again. */
static void a_step_whose_batch_is_lost_is_done_again(void **state)
{
    struct fake_trio *t = fake_limited();

    (void)state;
    fill(t, 3);
    make_old(t->w);
    fake_restart(t->w);
    for (unsigned i = 1; is_migrating(t->w) && i < 100; i++) {
        cs_kv_mem_fail_commit(t->w->kv, 1, CS_ERR_STORE_FULL);
        fake_wait(t->w, CS_MIGRATE_MS); /* one step, lost */
        assert_true(t->w->exited);
        cs_kv_mem_heal(t->w->kv);
        cs_kv_mem_fail_commit(t->w->kv, 0, CS_OK);
        fake_restart(t->w);
        fake_wait(t->w, CS_MIGRATE_MS);
        fake_restart(t->w);
    }
    fake_wait(t->w, 1000);
    assert_false(is_migrating(t->w));
    fake_relogin(t);
    check(t->w);
    fake_trio_free(t);
}

static void refused(struct fake_platform *w, enum cs_err want, const char *text)
{
    static const uint8_t ca[] = {0x30, 0x03, 0x02, 0x01, 0x01};
    const struct cs_platform_config cfg = {
        .kv = w->kv,
        .random = fake_random,
        .random_ctx = w,
        .platform_url = "wss://127.0.0.1:8443/control",
        .relay_url = "wss://127.0.0.1:8443/relay",
        .ca_der = CS_SPAN_OF(ca)};
    struct cs_platform_core *core = NULL;
    char message[256];

    assert_int_equal(cs_platform_core_new(&core, &cfg, message, sizeof message), want);
    assert_null(core);
    assert_non_null(strstr(message, text));
}

static void put_meta(struct fake_platform *w, const char *key, struct cs_span value)
{
    struct cs_kv_batch *b = cs_kv_batch_new();

    assert_int_equal(cs_kv_batch_put(b, CS_PC_META, CS_SPAN(key, strlen(key)), value),
                     CS_OK);
    assert_int_equal(w->kv->ops->commit(w->kv, b), CS_OK);
    cs_kv_batch_free(b);
}

static void a_store_of_a_later_version_or_a_damaged_position_is_refused(void **state)
{
    static const uint8_t cut[] = {1, 0x23, 0};
    static const uint8_t unknown[1 + 1 + 16] = {CS_PC_SCHEMA};
    struct fake_trio *t = fake_limited();
    char head[128];

    (void)state;
    put_meta(t->w, "migration", CS_SPAN_OF(cut));
    refused(t->w, CS_ERR_STORE_CORRUPT, "migration");
    put_meta(t->w, "migration", CS_SPAN_OF(unknown));
    refused(t->w, CS_ERR_STORE_CORRUPT, "migration");
    (void)snprintf(head, sizeof head, "{\"schema\":%d,\"organizationId\":\"x\"}",
                   CS_PC_SCHEMA + 1);
    put_meta(t->w, "head", CS_SPAN(head, strlen(head)));
    refused(t->w, CS_ERR_STORE_VERSION, "newer");
    fake_trio_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counters_are_what_a_count_of_everything_says),
        cmocka_unit_test(what_needs_somebody_is_named_and_the_list_is_short),
        cmocka_unit_test(a_credential_sees_the_blocks_of_its_words),
        cmocka_unit_test(a_store_of_schema_1_is_counted_while_the_platform_serves),
        cmocka_unit_test(a_migration_that_is_killed_goes_on_where_it_was),
        cmocka_unit_test(a_step_whose_batch_is_lost_is_done_again),
        cmocka_unit_test(a_store_of_a_later_version_or_a_damaged_position_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
