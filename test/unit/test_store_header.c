/* The clear header record by itself: in a whole store its hash in the manifest would
 * find most of this too. */
#include "store/header.h"

#include "support/store_bed.h"

static const uint8_t dek[32] = {1, 2, 3}, store_id[16] = {4}, nonce[12] = {5};
static const struct cs_kek other_kek = {
    .key = {7, 1, 9, 3, 5, 8, 2, 6, 4, 77, 12, 201}};

enum { BOUND = 8 + 2 + 2 + 1 + 8 + 16 + 1, CHECK_AT = BOUND + 4 };

static struct cs_wr make(void)
{
    struct cs_wr w = {0};

    assert_ok(cs_header_encode(&w, "device-a", store_id, dek, &bed_kek, nonce));
    assert_int_equal(w.n, BOUND + 4 + CS_HEADER_WRAP_HEX);
    return w;
}

static enum cs_err open_with(const struct cs_wr *w, const struct cs_kek *kek)
{
    struct cs_header h;
    struct cs_why why = {{0}};
    uint8_t out[32] = {0};
    enum cs_err err = cs_header_decode(&h, cs_wr_get(w), &why);

    if (err == CS_OK) {
        err = cs_header_unwrap(out, &h, kek, &why);
    }
    if (err == CS_OK) {
        assert_memory_equal(out, dek, 32);
    } else {
        assert_true(cs_ct_is_zero(out, 32)); /* no key is given out with an error */
        assert_true(why.text[0] != '\0');
    }
    return err;
}

static void it_says_whose_it_is_and_gives_the_data_key(void **state)
{
    struct cs_wr w = make();
    struct cs_header h;

    (void)state;
    assert_ok(cs_header_decode(&h, cs_wr_get(&w), NULL));
    assert_string_equal(h.device_id, "device-a");
    assert_memory_equal(h.store_id, store_id, 16);
    assert_int_equal(h.kek_kind, CS_KEK_HEX);
    assert_int_equal(h.bound.n, BOUND);
    assert_ok(open_with(&w, &bed_kek));
    cs_wr_free(&w);
}

static void another_key_is_told_apart_from_damage(void **state)
{
    struct cs_wr w = make();

    (void)state;
    assert_err(open_with(&w, &other_kek), CS_ERR_STORE_KEY);
    w.p[CHECK_AT] ^= 1; /* the wrap fits the key, the check value does not */
    assert_err(open_with(&w, &bed_kek), CS_ERR_STORE_CORRUPT);
    w.p[CHECK_AT] ^= 1;
    w.p[w.n - 1] ^= 1; /* and the other way round */
    assert_err(open_with(&w, &bed_kek), CS_ERR_STORE_CORRUPT);
    w.p[CHECK_AT] ^= 1; /* neither fits: as good as another key */
    assert_err(open_with(&w, &bed_kek), CS_ERR_STORE_KEY);
    cs_wr_free(&w);
}

static void every_byte_before_the_wrap_is_bound(void **state)
{
    struct cs_wr w = make();

    (void)state;
    for (size_t i = 0; i < w.n; i++) {
        w.p[i] ^= 2;
        assert_true(open_with(&w, &bed_kek) != CS_OK);
        w.p[i] ^= 2;
    }
    w.p[13] = 'D'; /* another device, a valid name: the wrap does not go with it */
    assert_err(open_with(&w, &bed_kek), CS_ERR_STORE_CORRUPT);
    cs_wr_free(&w);
}

static void other_lengths_are_damage(void **state)
{
    struct cs_wr w = make();
    struct cs_header h;

    (void)state;
    for (size_t n = 0; n < w.n; n++) {
        assert_err(cs_header_decode(&h, CS_SPAN(w.p, n), NULL), CS_ERR_STORE_CORRUPT);
    }
    cs_wr_u8(&w, 0);
    assert_err(cs_header_decode(&h, cs_wr_get(&w), NULL), CS_ERR_STORE_CORRUPT);
    w.p[BOUND + 3]++; /* the wrap's length says so too */
    assert_ok(cs_header_decode(&h, cs_wr_get(&w), NULL));
    assert_err(open_with(&w, &bed_kek), CS_ERR_STORE_CORRUPT);
    w.p[12] = 65; /* a device id too long */
    assert_err(cs_header_decode(&h, cs_wr_get(&w), NULL), CS_ERR_STORE_CORRUPT);
    w.p[12] = 0;
    assert_err(cs_header_decode(&h, cs_wr_get(&w), NULL), CS_ERR_STORE_CORRUPT);
    cs_wr_free(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_says_whose_it_is_and_gives_the_data_key),
        cmocka_unit_test(another_key_is_told_apart_from_damage),
        cmocka_unit_test(every_byte_before_the_wrap_is_bound),
        cmocka_unit_test(other_lengths_are_damage),
    };

    if (cs_crypto_init() != CS_OK) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
