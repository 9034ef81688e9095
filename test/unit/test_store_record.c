/* The codec of one record: everything it is bound to is bound. */
#include "store/record.h"

#include "support/store_bed.h"

static const uint8_t dek[32] = {1, 2, 3}, nonce[12] = {4, 5, 6};

struct rec {
    struct cs_record_keys k;
    struct cs_record_bind bind;
    struct cs_wr sealed;
};

static struct rec make(void)
{
    struct rec r = {.bind = {.table = 0x40,
                             .name = {7},
                             .store_id = {8},
                             .device_id = "device-a",
                             .schema = 1}};

    cs_record_keys_derive(&r.k, dek, r.bind.store_id);
    assert_ok(cs_record_seal(&r.sealed, &r.k, &r.bind, 3, 9, nonce, S("key"),
                             S("some value")));
    return r;
}

static enum cs_err open_it(struct rec *r)
{
    struct cs_wr key = {0}, value = {0};
    enum cs_err err = cs_record_open(&key, &value, &r->k, &r->bind,
                                     cs_wr_get(&r->sealed));

    if (err == CS_OK) {
        assert_true(span_is(cs_wr_get(&key), S("key")));
        assert_true(span_is(cs_wr_get(&value), S("some value")));
    } else {
        assert_int_equal(key.n + value.n, 0);
    }
    cs_wr_free(&key);
    cs_wr_free(&value);
    return err;
}

static void a_record_opens_where_it_belongs(void **state)
{
    struct rec r = make();
    uint64_t generation;

    (void)state;
    assert_ok(open_it(&r));
    assert_ok(cs_record_generation(&generation, cs_wr_get(&r.sealed)));
    assert_int_equal(generation, 9);
    assert_int_equal(r.sealed.n, CS_RECORD_HEAD + 2 + 3 + 10 + 16);
    cs_wr_free(&r.sealed);
}

static void it_is_bound_to_each_thing_it_should_be(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 8; i++) {
        struct rec r = make();

        switch (i) {
        case 0:
            r.bind.table++;
            break;
        case 1:
            r.bind.name[31] ^= 1;
            break;
        case 2:
            r.bind.store_id[15] ^= 1;
            break;
        case 3:
            r.bind.device_id = "device-b";
            break;
        case 4:
            r.bind.schema++;
            break;
        case 5:
            r.sealed.p[3] ^= 1; /* key epoch */
            break;
        case 6:
            r.sealed.p[11] ^= 1; /* generation */
            break;
        default:
            r.sealed.p[23] ^= 1; /* nonce */
        }
        assert_err(open_it(&r), CS_ERR_STORE_CORRUPT);
        cs_wr_free(&r.sealed);
    }
}

static void another_data_key_or_store_id_gives_other_keys_for_all(void **state)
{
    static const uint8_t other_dek[32] = {1, 2, 4}, id_a[16] = {8}, id_b[16] = {9};
    struct cs_record_keys k[3];

    (void)state;
    cs_record_keys_derive(&k[0], dek, id_a);
    cs_record_keys_derive(&k[1], dek, id_b);
    cs_record_keys_derive(&k[2], other_dek, id_a);
    for (size_t i = 0; i < 3; i++) {
        size_t j = (i + 1) % 3;

        assert_memory_not_equal(k[i].data, k[j].data, 32);
        assert_memory_not_equal(k[i].name, k[j].name, 32);
        assert_memory_not_equal(k[i].set, k[j].set, 32);
        assert_memory_not_equal(k[i].data, k[i].name, 32); /* and each its own */
        assert_memory_not_equal(k[i].name, k[i].set, 32);
        assert_memory_not_equal(k[i].data, k[i].set, 32);
    }
}

static void sealing_keys_differ_by_epoch_and_are_told_apart(void **state)
{
    struct rec r = make();
    struct cs_wr later = {0};

    (void)state;
    assert_ok(
        cs_record_seal(&later, &r.k, &r.bind, 4, 9, nonce, S("key"), S("some value")));
    assert_memory_not_equal(later.p + CS_RECORD_HEAD, r.sealed.p + CS_RECORD_HEAD, 15);
    assert_ok(open_it(&r)); /* back to epoch 3 */
    cs_wr_free(&r.sealed);
    r.sealed = later;
    assert_ok(open_it(&r));
    r.sealed.p[3] = 0;
    assert_err(open_it(&r), CS_ERR_STORE_CORRUPT);
    cs_wr_free(&r.sealed);
}

/* Fresh keys have none of any epoch yet: what somebody sealed with a key of zeros and
 * calls epoch 0 must not open. */
static void epoch_zero_is_no_key_of_zeros(void **state)
{
    struct rec a = make(), b = make();

    (void)state;
    cs_wr_reset(&a.sealed);
    cs_record_keys_derive(&a.k, dek, a.bind.store_id); /* nothing derived yet */
    assert_ok(cs_record_seal(&a.sealed, &a.k, &a.bind, 0, 9, nonce, S("key"),
                             S("some value")));
    assert_false(cs_ct_is_zero(a.k.seal, sizeof a.k.seal));
    cs_wr_free(&b.sealed);
    b.sealed = a.sealed; /* b's keys were at epoch 3: the same key comes out */
    assert_ok(open_it(&b));
    cs_wr_free(&b.sealed);
}

static void names_depend_on_table_and_key(void **state)
{
    struct rec r = make();
    uint8_t a[32], b[32];

    (void)state;
    cs_record_name(a, &r.k, 0x40, S("key"));
    cs_record_name(b, &r.k, 0x40, S("key"));
    assert_memory_equal(a, b, 32);
    cs_record_name(b, &r.k, 0x41, S("key"));
    assert_memory_not_equal(a, b, 32);
    cs_record_name(b, &r.k, 0x40, S("kez"));
    assert_memory_not_equal(a, b, 32);
    cs_wr_free(&r.sealed);
}

static void an_element_depends_on_table_name_head_and_tag(void **state)
{
    struct rec r = make();
    uint8_t a[32], b[32], name[32] = {1};
    struct cs_span sealed = cs_wr_get(&r.sealed);

    (void)state;
    assert_ok(cs_record_element(a, &r.k, 0x40, CS_SPAN_OF(name), sealed));
    assert_ok(cs_record_element(b, &r.k, 0x41, CS_SPAN_OF(name), sealed));
    assert_memory_not_equal(a, b, 32);
    name[31] ^= 1;
    assert_ok(cs_record_element(b, &r.k, 0x40, CS_SPAN_OF(name), sealed));
    assert_memory_not_equal(a, b, 32);
    name[31] ^= 1;
    for (size_t i = 0; i < sealed.n; i++) {
        bool matters = i < CS_RECORD_HEAD || i >= sealed.n - 16;

        r.sealed.p[i] ^= 1;
        assert_ok(cs_record_element(b, &r.k, 0x40, CS_SPAN_OF(name), sealed));
        assert_int_equal(memcmp(a, b, 32) != 0, matters);
        r.sealed.p[i] ^= 1;
    }
    assert_err(cs_record_element(b, &r.k, 0x40, CS_SPAN(name, 31), sealed),
               CS_ERR_STORE_CORRUPT);
    cs_wr_free(&r.sealed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_opens_where_it_belongs),
        cmocka_unit_test(it_is_bound_to_each_thing_it_should_be),
        cmocka_unit_test(another_data_key_or_store_id_gives_other_keys_for_all),
        cmocka_unit_test(sealing_keys_differ_by_epoch_and_are_told_apart),
        cmocka_unit_test(epoch_zero_is_no_key_of_zeros),
        cmocka_unit_test(names_depend_on_table_and_key),
        cmocka_unit_test(an_element_depends_on_table_name_head_and_tag),
    };

    if (cs_crypto_init() != CS_OK) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
