/* Backup kits on the local socket (PROTOCOLS 8.7): for configured recovery keys alone.
 */
#include "mpc/kit.h"

#include "node/core/kits.h"
#include "support/node_trio.h"

static struct bed b;
static struct cs_recovery_key *key, *other;
static char pub[128], secret[128], other_pub[128]; /* without line breaks */
static char key_uuid[CS_UUID_LEN];
static uint8_t key_id[16];

static void take_line(char out[128], struct cs_wr *w)
{
    assert_true(w->err == CS_OK && w->n > 1 && w->n <= 128);
    memcpy(out, w->p, w->n - 1);
    out[w->n - 1] = '\0';
    cs_wr_free(w);
    *w = (struct cs_wr){0};
}

static void make_keys(void)
{
    uint8_t rnd[32] = {1};
    struct cs_wr w = {0};

    assert_int_equal(cs_recovery_key_new(&key, rnd), CS_OK);
    rnd[1] = 2; /* X25519 ignores three bits of the first */
    assert_int_equal(cs_recovery_key_new(&other, rnd), CS_OK);
    assert_int_equal(cs_recovery_public_text(&w, key), CS_OK);
    take_line(pub, &w);
    assert_int_equal(cs_recovery_secret_text(&w, key), CS_OK);
    take_line(secret, &w);
    assert_int_equal(cs_recovery_public_text(&w, other), CS_OK);
    take_line(other_pub, &w);
}

static int up(void **state)
{
    (void)state;
    trio_up(&b);
    trio_key(&b);
    make_keys();
    memcpy(key_id, trio_key_id, 16);
    key_id[15] = 1; /* trio_key_create */
    (void)cs_uuid_text(key_uuid, key_id);
    for (int i = 0; i < BED_NODES; i++) {
        cs_recovery_id(b.node[i].core->recovery_keys[0], key);
        b.node[i].core->n_recovery_keys = 1;
    }
    return 0;
}

static int down(void **state)
{
    (void)state;
    cs_recovery_key_free(key);
    cs_recovery_key_free(other);
    bed_free(&b);
    return 0;
}

static json_t *ask(int node, json_t *q)
{
    struct cs_wr text = {0};
    json_t *o;

    cs_json_write(&text, q);
    cs_wr_u8(&text, 0);
    o = json_loads(bed_ask(&b, node, (const char *)text.p), 0, NULL);
    assert_non_null(o);
    cs_wr_free(&text);
    json_decref(q);
    return o;
}

/* What backup.kit says of this one key, or all it says; free it. */
static json_t *ask_kit(int node, const char *id, json_t *to)
{
    json_t *o = ask(node, json_pack("{s:s,s:[s],s:o}", "cmd", "backup.kit", "keyIds",
                                    id, "to", to));
    json_t *one = json_array_get(json_object_get(o, "kits"), 0);

    if (one != NULL) {
        assert_true(json_is_true(json_object_get(o, "ok")));
        json_incref(one);
        json_decref(o);
        o = one;
    }
    return o;
}

static void refused(const char *id, json_t *to, const char *reason, const char *word)
{
    json_t *o = ask_kit(0, id, to);

    assert_false(json_is_true(json_object_get(o, "ok")));
    assert_string_equal(json_string_value(json_object_get(o, "reason")), reason);
    if (strstr(json_string_value(json_object_get(o, "text")), word) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"",
                 json_string_value(json_object_get(o, "text")), word);
    }
    assert_null(json_object_get(o, "kit"));
    json_decref(o);
}

static json_t *list(const char *a)
{
    return json_pack("[s]", a);
}

static void each_node_makes_a_kit_of_its_own_share(void **state)
{
    (void)state;
    for (int i = 0; i < BED_NODES; i++) {
        json_t *o = ask_kit(i, key_uuid, list(pub));
        const char *hex = json_string_value(json_object_get(o, "kit"));
        struct cs_cert_body body;
        struct cs_kit_file f;
        struct cs_wr kit = {0};
        uint8_t x[CS_POINT_MAX], want[32];

        assert_int_equal(json_integer_value(json_object_get(o, "index")), i + 1);
        assert_int_equal(cs_unhex_wr(&kit, hex, strlen(hex)), CS_OK);
        assert_int_equal(cs_kit_verify(&body, cs_wr_get(&kit), key, NULL), CS_OK);
        assert_int_equal(cs_kit_read(&f, cs_wr_get(&kit)), CS_OK);
        assert_int_equal(f.head.index, i + 1);
        assert_memory_equal(body.key_id, key_id, 16);
        trio_public(&b, want);
        assert_int_equal(cs_point_encode(&body.X, x), 32);
        assert_memory_equal(x, want, 32);
        cs_wr_free(&kit);
        json_decref(o);
    }
}

static void kits_are_made_for_configured_recovery_keys_alone(void **state)
{
    (void)state;
    refused(key_uuid, list(other_pub), "POLICY_REFUSED", "RECOVERY_KEYS");
    refused(key_uuid, json_pack("[s,s]", pub, other_pub), "POLICY_REFUSED",
            "RECOVERY_KEYS");
    refused(key_uuid, list(secret), "POLICY_REFUSED", "secret half");
    refused(key_uuid, list("hello"), "POLICY_REFUSED", "neither");
    refused(key_uuid, json_pack("[i]", 7), "POLICY_REFUSED", "neither");
    refused(key_uuid, json_pack("[s,s]", pub, pub), "USAGE", "twice");
    b.node[0].core->n_recovery_keys = 0;
    refused(key_uuid, list(pub), "POLICY_REFUSED", "RECOVERY_KEYS");
}

static void questions_about_other_keys_are_refused(void **state)
{
    json_t *many = json_array();

    (void)state;
    for (int i = 0; i < CS_KIT_BOXES_MAX + 1; i++) {
        assert_int_equal(json_array_append_new(many, json_string(pub)), 0);
    }
    refused("00000000-0000-4000-8000-000000000000", list(pub), "UNKNOWN_KEY", "key");
    refused("x", list(pub), "BAD_FORMAT", "keyIds");
    refused(key_uuid, json_array(), "BAD_FORMAT", "to");
    refused(key_uuid, many, "BAD_FORMAT", "to");
}

static void one_question_makes_at_most_eight_kits(void **state)
{
    json_t *ids = json_array(), *o;

    (void)state;
    for (int i = 0; i < 9; i++) {
        assert_int_equal(json_array_append_new(ids, json_string(key_uuid)), 0);
    }
    o = ask(
        0, json_pack("{s:s,s:O,s:[s]}", "cmd", "backup.kit", "keyIds", ids, "to", pub));
    assert_false(json_is_true(json_object_get(o, "ok")));
    json_decref(o);
    assert_int_equal(json_array_remove(ids, 0), 0);
    o = ask(
        0, json_pack("{s:s,s:o,s:[s]}", "cmd", "backup.kit", "keyIds", ids, "to", pub));
    assert_int_equal(json_array_size(json_object_get(o, "kits")), 8);
    json_decref(o);
}

static void the_keys_of_a_node_are_listed(void **state)
{
    json_t *o = ask(0, json_pack("{s:s,s:s}", "cmd", "backup.keys", "after", ""));
    char end[65];

    (void)state;
    assert_int_equal(json_integer_value(json_object_get(o, "total")), 1);
    assert_int_equal(json_array_size(json_object_get(o, "keys")), 1);
    assert_string_equal(
        json_string_value(json_array_get(json_object_get(o, "keys"), 0)), key_uuid);
    assert_null(json_object_get(o, "next"));
    json_decref(o);
    memset(end, 'f', 64);
    end[64] = '\0';
    o = ask(0, json_pack("{s:s,s:s}", "cmd", "backup.keys", "after", end));
    assert_int_equal(json_array_size(json_object_get(o, "keys")), 0);
    json_decref(o);
    assert_non_null(strstr(bed_ask(&b, 0, "{\"cmd\":\"backup.keys\"}"), "after"));
    assert_non_null(
        strstr(bed_ask(&b, 0, "{\"cmd\":\"backup.keys\",\"after\":\"xy\"}"), "after"));
}

static json_int_t backup_says(int node, const char *name)
{
    json_t *o = json_loads(bed_ask(&b, node, "{\"cmd\":\"status\"}"), 0, NULL);
    json_int_t v = json_integer_value(
        json_object_get(json_object_get(o, "backup"), name));

    json_decref(o);
    return v;
}

static json_int_t news(const char *id, int epoch)
{
    json_t *o = ask(0, json_pack("{s:s,s:[{s:s,s:i}]}", "cmd", "backup.saved", "keys",
                                 "keyId", id, "epoch", epoch));
    json_int_t v = json_integer_value(json_object_get(o, "news"));

    assert_true(json_is_true(json_object_get(o, "ok")));
    json_decref(o);
    return v;
}

static void status_tells_which_keys_have_no_kit(void **state)
{
    const char *text;

    (void)state;
    assert_int_equal(backup_says(0, "keysWithoutKit"), 1);
    assert_int_equal(backup_says(0, "time"), 0);
    text = bed_ask(&b, 0, "{\"cmd\":\"status\"}");
    assert_non_null(strstr(strstr(text, "withoutKit"), key_uuid));
    assert_int_equal(news("00000000-0000-4000-8000-000000000000", 0), 0);
    assert_int_equal(news(key_uuid, 1), 0); /* not this key's epoch */
    assert_int_equal(backup_says(0, "keysWithoutKit"), 1);
    assert_int_equal(news(key_uuid, 0), 1);
    assert_int_equal(news(key_uuid, 0), 0);
    assert_int_equal(backup_says(0, "keysWithoutKit"), 0);
    assert_int_equal(backup_says(1, "keysWithoutKit"), 1); /* its own kit is missing */
    text = bed_ask(&b, 0,
                   "{\"cmd\":\"backup.done\",\"kits\":1,\"epoch\":1,"
                   "\"copy\":true}");
    assert_non_null(strstr(text, "\"ok\":true"));
    bed_restart(&b, 0);
    assert_int_equal(backup_says(0, "keysWithoutKit"), 0);
    assert_int_equal(backup_says(0, "epoch"), 1);
    assert_int_equal(backup_says(0, "kits"), 1);
    assert_int_equal(backup_says(0, "keys"), 1);
    assert_true(backup_says(0, "time") > 0);
    assert_int_equal(backup_says(0, "copyTime"), backup_says(0, "time"));
    bed_advance(&b, 20000); /* and the platform hears it */
    assert_true(b.node[0].backup.complete);
    assert_int_equal(b.node[0].backup.keys, 1);
    assert_false(b.node[1].backup.complete);
    assert_int_equal(b.node[1].backup.without, 1);
    assert_int_equal(b.node[1].backup.n_missing, 1);
    assert_memory_equal(b.node[1].backup.missing[0].id, key_id, 16);
}

static void malformed_words_about_backups_are_refused(void **state)
{
    static const char *const bad[] = {
        "{\"cmd\":\"backup.saved\"}",
        "{\"cmd\":\"backup.saved\",\"keys\":[]}",
        "{\"cmd\":\"backup.saved\",\"keys\":[1]}",
        "{\"cmd\":\"backup.saved\",\"keys\":[{\"keyId\":\"x\",\"epoch\":1}]}",
        "{\"cmd\":\"backup.done\",\"kits\":-1,\"epoch\":1,\"copy\":true}",
        "{\"cmd\":\"backup.done\",\"kits\":1,\"epoch\":1}",
        "{\"cmd\":\"store.check\"}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_non_null(strstr(bed_ask(&b, 0, bad[i]), "BAD_FORMAT"));
    }
    assert_int_equal(backup_says(0, "time"), 0);
}

static enum cs_err spoil(void *ctx, uint8_t table, struct cs_span name,
                         struct cs_span value)
{
    struct cs_wr w = {0};

    if (table != TABLE_SHARE) {
        return CS_OK;
    }
    cs_wr_span(&w, value);
    w.p[w.n / 2] ^= 1;
    assert_int_equal(cs_kv_batch_put(ctx, table, name, cs_wr_get(&w)), CS_OK);
    cs_wr_free(&w);
    return CS_OK;
}

static void the_whole_store_is_proved_in_pieces(void **state)
{
    struct cs_kv *kv = b.node[0].kv;
    struct cs_kv_batch *batch = cs_kv_batch_new();
    const char *text = bed_ask(&b, 0, "{\"cmd\":\"store.check\",\"begin\":true}");

    (void)state;
    assert_non_null(strstr(text, "\"done\":true"));
    assert_int_equal(kv->ops->scan(kv, spoil, batch), CS_OK);
    assert_int_equal(kv->ops->commit(kv, batch), CS_OK);
    cs_kv_batch_free(batch);
    text = bed_ask(&b, 0, "{\"cmd\":\"store.check\",\"begin\":true}");
    assert_non_null(strstr(text, "E_STORE_CORRUPT"));
    assert_non_null(strstr(text, "0x25"));
}

static void questions_that_are_too_long_are_refused(void **state)
{
    static char big[(64 << 10) + 32];

    (void)state;
    memset(big, ' ', sizeof big - 1);
    memcpy(big, "{\"cmd\":\"status\"}", 16);
    assert_non_null(strstr(bed_ask(&b, 0, big), "\"ok\":false"));
    big[64 << 10] = '\0';
    assert_non_null(strstr(bed_ask(&b, 0, big), "READY"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_node_makes_a_kit_of_its_own_share, up,
                                        down),
        cmocka_unit_test_setup_teardown(
            kits_are_made_for_configured_recovery_keys_alone, up, down),
        cmocka_unit_test_setup_teardown(questions_about_other_keys_are_refused, up,
                                        down),
        cmocka_unit_test_setup_teardown(the_keys_of_a_node_are_listed, up, down),
        cmocka_unit_test_setup_teardown(one_question_makes_at_most_eight_kits, up,
                                        down),
        cmocka_unit_test_setup_teardown(status_tells_which_keys_have_no_kit, up, down),
        cmocka_unit_test_setup_teardown(malformed_words_about_backups_are_refused, up,
                                        down),
        cmocka_unit_test_setup_teardown(the_whole_store_is_proved_in_pieces, up, down),
        cmocka_unit_test_setup_teardown(questions_that_are_too_long_are_refused, up,
                                        down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
