/* Stores whose key-encryption key a KMS keeps: header of kind 2, opening, re-keying
 * from one kind to the other. */
#include "store/header.h"

#include "support/store_bed.h"

static const uint8_t dek[32] = {1, 2, 3}, store_id[16] = {4}, nonce[12] = {5};

enum { BOUND = 8 + 2 + 2 + 1 + 8 + 16 + 1, SEAL = 6, CHECK_AT = BOUND + 4 + 2 + SEAL };

static struct cs_kek kms_kek(void)
{
    return (struct cs_kek){.key = {7, 1, 9}, .seal = S("record")};
}

static struct cs_wr make(void)
{
    struct cs_kek kek = kms_kek();
    struct cs_wr w = {0};

    assert_ok(cs_header_encode(&w, "device-a", store_id, dek, &kek, nonce));
    assert_int_equal(w.n, CHECK_AT + CS_HEADER_WRAP_HEX);
    return w;
}

static enum cs_err open_with(const struct cs_wr *w, const struct cs_kek *kek,
                             struct cs_why *why)
{
    struct cs_header h;
    uint8_t out[32] = {0};
    enum cs_err err = cs_header_decode(&h, cs_wr_get(w), why);

    if (err == CS_OK) {
        err = cs_header_unwrap(out, &h, kek, why);
    }
    if (err == CS_OK) {
        assert_memory_equal(out, dek, 32);
    } else {
        assert_true(cs_ct_is_zero(out, 32));
        assert_true(why->text[0] != '\0');
    }
    return err;
}

static void the_header_holds_the_record_and_the_data_key(void **state)
{
    struct cs_wr w = make();
    struct cs_kek kek = kms_kek();
    struct cs_why why = {{0}};
    struct cs_header h;

    (void)state;
    assert_ok(cs_header_decode(&h, cs_wr_get(&w), NULL));
    assert_int_equal(h.kek_kind, CS_KEK_KMS);
    assert_int_equal(cs_header_seal(&h).n, SEAL);
    assert_memory_equal(cs_header_seal(&h).p, "record", SEAL);
    assert_ok(open_with(&w, &kek, &why));
    kek.key[0] ^= 1;
    assert_err(open_with(&w, &kek, &why), CS_ERR_STORE_KEY);
    cs_wr_free(&w);
}

static void every_byte_of_it_is_bound(void **state)
{
    struct cs_wr w = make();
    struct cs_kek kek = kms_kek();
    struct cs_why why = {{0}};

    (void)state;
    for (size_t i = 0; i < w.n; i++) {
        w.p[i] ^= 2;
        assert_true(open_with(&w, &kek, &why) != CS_OK);
        w.p[i] ^= 2;
    }
    w.p[BOUND + 6] = 'R'; /* another record, with the right key */
    assert_err(open_with(&w, &kek, &why), CS_ERR_STORE_CORRUPT);
    w.p[BOUND + 6] = 'r';
    assert_ok(open_with(&w, &kek, &why));
    cs_wr_free(&w);
}

static void a_key_of_the_other_kind_is_refused_with_the_variable_to_set(void **state)
{
    struct cs_wr w = make(), hex = {0};
    struct cs_kek kek = kms_kek(), plain = {.key = {7, 1, 9}};
    struct cs_why why = {{0}};

    (void)state;
    assert_err(open_with(&w, &plain, &why), CS_ERR_STORE_KEY);
    assert_says(why, "set DB_ENCRYPTION_KEY_REF");
    assert_ok(cs_header_encode(&hex, "device-a", store_id, dek, &plain, nonce));
    assert_err(open_with(&hex, &kek, &why), CS_ERR_STORE_KEY);
    assert_says(why, "set DB_ENCRYPTION_KEY_HEX");
    cs_wr_free(&w);
    cs_wr_free(&hex);
}

static void lengths_that_do_not_fit_are_damage(void **state)
{
    static uint8_t big[CS_HEADER_SEAL_MAX + 1];
    struct cs_wr w = make(), longest = {0};
    struct cs_kek kek = kms_kek();
    struct cs_header h;

    (void)state;
    for (size_t n = 0; n < w.n; n++) {
        assert_err(cs_header_decode(&h, CS_SPAN(w.p, n), NULL), CS_ERR_STORE_CORRUPT);
    }
    w.p[BOUND + 5] = 0; /* no record */
    assert_err(cs_header_decode(&h, cs_wr_get(&w), NULL), CS_ERR_STORE_CORRUPT);
    w.p[BOUND + 5] = 255; /* more than there is */
    assert_err(cs_header_decode(&h, cs_wr_get(&w), NULL), CS_ERR_STORE_CORRUPT);
    kek.seal = CS_SPAN_OF(big);
    assert_err(cs_header_encode(&longest, "device-a", store_id, dek, &kek, nonce),
               CS_ERR_USAGE);
    assert_int_equal(longest.n, 0);
    kek.seal.n--;
    assert_ok(cs_header_encode(&longest, "device-a", store_id, dek, &kek, nonce));
    assert_ok(cs_header_decode(&h, cs_wr_get(&longest), NULL));
    assert_int_equal(cs_header_seal(&h).n, CS_HEADER_SEAL_MAX);
    cs_wr_free(&w);
    cs_wr_free(&longest);
}

/* ---- whole stores ---------------------------------------------------------------- */

static void opens(struct cs_kv *kv, const struct cs_kek *kek, enum cs_err want)
{
    struct cs_safe_params p = bed_params();
    struct cs_db *db = cs_db_new(kv);
    struct cs_why why = {{0}};
    struct cs_safe *safe = NULL;

    assert_non_null(db);
    p.kek = kek;
    assert_err(cs_safe_open(&safe, db, &p, &why), want);
    cs_safe_free(safe);
    cs_db_free(db);
}

static void rekey(struct cs_kv *kv, const struct cs_kek *from, const struct cs_kek *to)
{
    struct cs_safe_params p = bed_params();
    struct cs_db *db = cs_db_new(kv);
    struct cs_safe *safe = NULL;

    assert_non_null(db);
    p.kek = from;
    assert_ok(cs_safe_open(&safe, db, &p, NULL));
    assert_ok(cs_safe_rekey(safe, to));
    cs_safe_free(safe);
    cs_db_free(db);
}

static void seal_is(struct cs_kv *kv, struct cs_span want)
{
    struct cs_wr w = {0};
    struct cs_why why = {{0}};

    assert_ok(cs_safe_peek_seal(kv, &w, &why));
    assert_int_equal(w.n, want.n);
    assert_true(want.n == 0 || memcmp(w.p, want.p, want.n) == 0);
    cs_wr_free(&w);
}

static void create(struct cs_kv *kv, const struct cs_kek *kek)
{
    struct cs_safe_params p = bed_params();
    struct cs_db *db = cs_db_new(kv);
    struct cs_safe *safe = NULL;

    assert_non_null(db);
    p.kek = kek;
    assert_ok(cs_safe_create(&safe, db, &p, NULL));
    cs_safe_free(safe);
    cs_db_free(db);
}

static void a_store_is_rekeyed_from_any_kind_to_any(void **state)
{
    struct cs_kv *kv = cs_kv_mem_new();
    struct cs_kek first = kms_kek(), second = kms_kek();
    struct cs_wr w = {0};

    (void)state;
    second.seal = S("another record");
    second.key[5] = 1;
    assert_err(cs_safe_peek_seal(kv, &w, NULL), CS_ERR_NOT_FOUND);
    create(kv, &bed_kek);
    seal_is(kv, S(""));
    rekey(kv, &bed_kek, &first); /* hex to KMS */
    seal_is(kv, first.seal);
    opens(kv, &bed_kek, CS_ERR_STORE_KEY);
    rekey(kv, &first, &second); /* KMS to KMS */
    seal_is(kv, second.seal);
    opens(kv, &first, CS_ERR_STORE_KEY);
    opens(kv, &second, CS_OK);
    rekey(kv, &second, &bed_kek); /* and back */
    seal_is(kv, S(""));
    opens(kv, &second, CS_ERR_STORE_KEY);
    opens(kv, &bed_kek, CS_OK);
    cs_kv_close(kv);
}

static void a_new_store_can_be_made_sealed(void **state)
{
    struct cs_kv *kv = cs_kv_mem_new();
    struct cs_kek kek = kms_kek();

    (void)state;
    create(kv, &kek);
    seal_is(kv, kek.seal);
    opens(kv, &kek, CS_OK);
    kek.seal = S("x"); /* the key is what opens; the header keeps its own record */
    opens(kv, &kek, CS_OK);
    cs_kv_close(kv);
}

/* Random bytes; the draw for the manifest comes when the wrap is made already. */
struct spoiler {
    struct cs_kek *kek;
    unsigned draws;
};

static void spoil(void *ctx, uint8_t *out, size_t n)
{
    struct spoiler *s = ctx;

    bed_random(NULL, out, n);
    if (s->kek != NULL && ++s->draws == 2) {
        s->kek->key[0] ^= 1;
    }
}

/* As if the memory of key or wrap had failed between wrapping and writing. */
static void a_new_wrap_that_does_not_open_is_not_written(void **state)
{
    struct cs_kek next = kms_kek(), spoiled = kms_kek();
    struct spoiler spoiler = {.kek = NULL};
    struct cs_safe_params p = bed_params();
    struct cs_kv *kv = cs_kv_mem_new();
    struct cs_db *db = cs_db_new(kv);
    struct cs_safe *safe = NULL;
    struct cs_why why = {{0}};

    (void)state;
    p.random = spoil;
    p.random_ctx = &spoiler;
    assert_ok(cs_crypto_init());
    assert_ok(cs_safe_create(&safe, db, &p, &why));
    spoiler.kek = &next;
    assert_err(cs_safe_rekey(safe, &next), CS_ERR_INTERNAL);
    assert_int_equal(spoiler.draws, 2);
    spoiled.key[0] ^= 1;
    assert_true(cs_safe_peek_opens(kv, &bed_kek));
    assert_false(cs_safe_peek_opens(kv, &spoiled));
    spoiler.kek = NULL;
    assert_ok(cs_safe_rekey(safe, &spoiled)); /* the safe itself goes on */
    cs_safe_free(safe);
    cs_db_free(db);
    opens(kv, &spoiled, CS_OK);
    cs_kv_close(kv);
}

static void a_rekey_in_a_step_leaves_with_its_batch(void **state)
{
    struct cs_kv *kv = cs_kv_mem_new();
    struct cs_safe_params p = bed_params();
    struct cs_kek next = kms_kek();
    struct cs_db *db;
    struct cs_safe *safe = NULL;
    struct cs_kv_batch *batch = NULL;

    (void)state;
    create(kv, &bed_kek);
    db = cs_db_new(kv);
    p.kek = &bed_kek;
    assert_ok(cs_safe_open(&safe, db, &p, NULL));
    assert_ok(cs_safe_put(safe, 0x20, S("a"), S("1")));
    assert_ok(cs_safe_rekey_step(safe, &next));
    assert_ok(cs_safe_put(safe, 0x20, S("b"), S("2")));
    assert_true(cs_safe_peek_opens(kv, &bed_kek)); /* nothing has left yet */
    assert_false(cs_safe_peek_opens(kv, &next));
    opens(kv, &bed_kek, CS_OK);
    assert_ok(cs_safe_take_batch(safe, &batch));
    assert_ok(kv->ops->commit(kv, batch));
    cs_kv_batch_free(batch);
    assert_false(cs_safe_peek_opens(kv, &bed_kek));
    assert_true(cs_safe_peek_opens(kv, &next));
    assert_ok(cs_safe_put(safe, 0x20, S("c"), S("3"))); /* and the store goes on */
    assert_ok(cs_safe_take_batch(safe, &batch));
    assert_ok(kv->ops->commit(kv, batch));
    cs_kv_batch_free(batch);
    cs_safe_free(safe);
    cs_db_free(db);
    opens(kv, &bed_kek, CS_ERR_STORE_KEY);
    opens(kv, &next, CS_OK);
    cs_kv_close(kv);
}

static void a_rekey_to_a_record_that_does_not_fit_changes_nothing(void **state)
{
    static uint8_t big[CS_HEADER_SEAL_MAX + 1];
    struct cs_kv *kv = cs_kv_mem_new();
    struct cs_safe_params p = bed_params();
    struct cs_kek next = {.key = {3}, .seal = CS_SPAN_OF(big)};
    struct cs_safe *safe = NULL;
    struct cs_kv_batch *batch = NULL;
    struct cs_db *db;

    (void)state;
    assert_false(cs_safe_peek_opens(kv, &bed_kek)); /* nothing there */
    create(kv, &bed_kek);
    db = cs_db_new(kv);
    p.kek = &bed_kek;
    assert_ok(cs_safe_open(&safe, db, &p, NULL));
    assert_err(cs_safe_rekey_step(safe, &next), CS_ERR_USAGE);
    assert_ok(cs_safe_take_batch(safe, &batch));
    assert_null(batch);
    cs_safe_free(safe);
    cs_db_free(db);
    opens(kv, &bed_kek, CS_OK);
    cs_kv_close(kv);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_header_holds_the_record_and_the_data_key),
        cmocka_unit_test(every_byte_of_it_is_bound),
        cmocka_unit_test(a_key_of_the_other_kind_is_refused_with_the_variable_to_set),
        cmocka_unit_test(lengths_that_do_not_fit_are_damage),
        cmocka_unit_test(a_store_is_rekeyed_from_any_kind_to_any),
        cmocka_unit_test(a_new_wrap_that_does_not_open_is_not_written),
        cmocka_unit_test(a_rekey_in_a_step_leaves_with_its_batch),
        cmocka_unit_test(a_rekey_to_a_record_that_does_not_fit_changes_nothing),
        cmocka_unit_test(a_new_store_can_be_made_sealed),
    };

    if (cs_crypto_init() != CS_OK) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
