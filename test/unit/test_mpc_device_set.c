/* Device set descriptors: every check of PROTOCOLS 2.1 and RELIABILITY T1 alone. */
#include "support/link_pair.h"

#include "crypto/hash.h"

static struct cs_device_set a_set(uint8_t n)
{
    struct pair_rng rng = {.s = 42};
    struct cs_device_set ds;

    pair_make_set(&rng, &ds, n, NULL);
    return ds;
}

static void a_good_set_passes_for_every_size(void **state)
{
    (void)state;
    for (uint8_t n = 2; n <= 7; n++) {
        struct cs_device_set ds = a_set(n);

        for (uint8_t t = 2; t <= n; t++) {
            ds.t = t;
            assert_int_equal(cs_ds_check(&ds), CS_OK);
        }
    }
}

static void threshold_and_size_are_bounded(void **state)
{
    static const uint8_t bad[][2] = {{0, 3}, {1, 3}, {4, 3}, {2, 1},  {2, 0},
                                     {1, 1}, {8, 8}, {2, 8}, {2, 255}};
    struct cs_device_set ds = a_set(3);

    (void)state;
    for (size_t k = 0; k < CS_COUNTOF(bad); k++) {
        ds.t = bad[k][0];
        ds.n = bad[k][1];
        assert_int_equal(cs_ds_check(&ds), CS_ERR_DS_THRESHOLD);
    }
}

static void indices_are_one_to_n_in_order(void **state)
{
    static const uint8_t bad[][3] = {{0, 1, 2}, {1, 1, 2}, {2, 1, 3},
                                     {1, 2, 4}, {1, 2, 0}, {1, 2, 255}};

    (void)state;
    for (size_t k = 0; k < CS_COUNTOF(bad); k++) {
        struct cs_device_set ds = a_set(3);

        for (size_t m = 0; m < 3; m++) {
            ds.members[m].index = bad[k][m];
        }
        assert_int_equal(cs_ds_check(&ds), CS_ERR_DS_INDEX);
    }
}

static void zero_ids_and_a_zero_nonce_are_refused(void **state)
{
    struct cs_device_set ds = a_set(3);

    (void)state;
    memset(ds.ds_id, 0, sizeof ds.ds_id);
    assert_int_equal(cs_ds_check(&ds), CS_ERR_DS_ID);
    ds = a_set(3);
    memset(ds.members[2].device_id, 0, CS_DS_ID_LEN);
    assert_int_equal(cs_ds_check(&ds), CS_ERR_DS_ID);
    ds = a_set(3);
    memset(ds.nonce, 0, sizeof ds.nonce);
    assert_int_equal(cs_ds_check(&ds), CS_ERR_DS_NONCE);
}

/* Zero, the identity, order 2, order 4, order 8, not on the curve, y >= p. */
static const char *const bad_iks[] = {
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "0200000000000000000000000000000000000000000000000000000000000000",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
};

static void ed25519_keys_are_points_of_prime_order(void **state)
{
    (void)state;
    for (size_t k = 0; k < CS_COUNTOF(bad_iks); k++) {
        struct cs_device_set ds = a_set(3);

        assert_int_equal(cs_unhex(ds.members[1].id.ik, 32, bad_iks[k]), CS_OK);
        assert_int_equal(cs_ds_check(&ds), CS_ERR_DS_IK);
    }
}

static void an_ed25519_key_with_a_torsion_part_is_refused(void **state)
{
    struct cs_device_set ds = a_set(3);
    uint8_t order2[32];

    (void)state;
    /* P + (0, -1) = (-x, -y): negate y, flip the sign bit */
    assert_int_equal(cs_unhex(order2, 32,
                              "edffffffffffffffffffffffffffffff"
                              "ffffffffffffffffffffffffffffff7f"),
                     CS_OK);
    uint8_t *ik = ds.members[0].id.ik;
    uint8_t sign = ik[31] & 0x80;
    int borrow = 0;

    ik[31] &= 0x7f;
    for (size_t i = 0; i < 32; i++) {
        int d = order2[i] - ik[i] - borrow;

        borrow = d < 0;
        ik[i] = (uint8_t)(d & 0xff);
    }
    ik[31] = (uint8_t)(ik[31] | (sign ^ 0x80));
    assert_int_equal(cs_ds_check(&ds), CS_ERR_DS_IK);
}

/* Low order (0, 1, two of order 8), p - 1, p, p + 1, bit 255 set. */
static const char *const bad_sks[] = {
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "f6ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
};

static void x25519_keys_are_canonical_and_not_of_low_order(void **state)
{
    struct cs_device_set ds;

    (void)state;
    for (size_t k = 0; k < CS_COUNTOF(bad_sks); k++) {
        ds = a_set(3);
        assert_int_equal(cs_unhex(ds.members[2].id.sk, 32, bad_sks[k]), CS_OK);
        assert_int_equal(cs_ds_check(&ds), CS_ERR_DS_SK);
    }
    ds = a_set(3);
    ds.members[0].id.sk[31] |= 0x80; /* a second spelling of the same key */
    assert_int_equal(cs_ds_check(&ds), CS_ERR_DS_SK);
}

static void members_share_no_key_and_no_device(void **state)
{
    struct cs_device_set ds = a_set(3);

    (void)state;
    memcpy(ds.members[2].id.ik, ds.members[0].id.ik, 32);
    assert_int_equal(cs_ds_check(&ds), CS_ERR_DS_IK_SAME);
    ds = a_set(3);
    memcpy(ds.members[1].id.sk, ds.members[2].id.sk, 32);
    assert_int_equal(cs_ds_check(&ds), CS_ERR_DS_SK_SAME);
    ds = a_set(3);
    memcpy(ds.members[1].device_id, ds.members[0].device_id, CS_DS_ID_LEN);
    assert_int_equal(cs_ds_check(&ds), CS_ERR_DS_DEVICE_SAME);
}

static void add_approvers(struct cs_device_set *ds, uint8_t n)
{
    uint8_t seed[32] = {0};

    ds->n_approvers = 0;
    for (uint8_t k = 0; k < n; k++) { /* insertion sort: rising */
        uint8_t pub[32], at = ds->n_approvers;

        seed[0] = k;
        cs_sign_public(pub, seed);
        for (; at > 0 && memcmp(ds->approvers[at - 1], pub, 32) > 0; at--) {
            memcpy(ds->approvers[at], ds->approvers[at - 1], 32);
        }
        memcpy(ds->approvers[at], pub, 32);
        ds->n_approvers++;
    }
}

static void approvers_are_few_valid_and_rising(void **state)
{
    struct cs_device_set ds = a_set(3);

    (void)state;
    add_approvers(&ds, 16);
    assert_int_equal(cs_ds_check(&ds), CS_OK);
    ds.n_approvers = 17;
    assert_int_equal(cs_ds_check(&ds), CS_ERR_DS_APPROVER);
    add_approvers(&ds, 3);
    memcpy(ds.approvers[2], ds.approvers[1], 32);
    assert_int_equal(cs_ds_check(&ds), CS_ERR_DS_APPROVER);
    add_approvers(&ds, 2);
    memcpy(ds.approvers[2], ds.approvers[0], 32);
    memcpy(ds.approvers[0], ds.approvers[1], 32);
    memcpy(ds.approvers[1], ds.approvers[2], 32);
    assert_int_equal(cs_ds_check(&ds), CS_ERR_DS_APPROVER);
    add_approvers(&ds, 1);
    memset(ds.approvers[0], 0, 32);
    assert_int_equal(cs_ds_check(&ds), CS_ERR_DS_APPROVER);
}

static void own_device_and_keys_must_be_in_the_set(void **state)
{
    struct cs_device_set ds = a_set(3), other;
    struct cs_identity own = ds.members[1].id;
    const uint8_t nobody[16] = {1};
    uint8_t index = 99;

    (void)state;
    assert_int_equal(cs_ds_check_self(&ds, ds.members[1].device_id, &own, &index),
                     CS_OK);
    assert_int_equal(index, 2);
    index = 99;
    assert_int_equal(cs_ds_check_self(&ds, nobody, &own, &index), CS_ERR_DS_SELF);
    /* own keys at another index */
    assert_int_equal(cs_ds_check_self(&ds, ds.members[0].device_id, &own, &index),
                     CS_ERR_DS_SELF);
    other = ds; /* one of the two keys replaced */
    other.members[1].id.ik[0] ^= 1;
    assert_int_equal(cs_ds_check_self(&other, ds.members[1].device_id, &own, &index),
                     CS_ERR_DS_SELF);
    other = ds;
    other.members[1].id.sk[0] ^= 1;
    assert_int_equal(cs_ds_check_self(&other, ds.members[1].device_id, &own, &index),
                     CS_ERR_DS_SELF);
    assert_int_equal(index, 99);
}

static void encoding_and_decoding_agree(void **state)
{
    (void)state;
    for (uint8_t n = 2; n <= 7; n++) {
        struct cs_device_set ds = a_set(n), back;
        struct cs_wr w = {0}, again = {0};

        add_approvers(&ds, (uint8_t)(n * 2));
        ds.policy_hash[3] = n;
        assert_int_equal(cs_ds_encode(&w, &ds), CS_OK);
        assert_true(w.n <= CS_DS_ENC_MAX);
        assert_int_equal(cs_ds_decode(&back, cs_wr_get(&w)), CS_OK);
        assert_int_equal(cs_ds_encode(&again, &back), CS_OK);
        assert_int_equal(w.n, again.n);
        assert_memory_equal(w.p, again.p, w.n);
        cs_wr_free(&w);
        cs_wr_free(&again);
    }
}

static void cut_extended_or_miscounted_encodings_are_refused(void **state)
{
    struct cs_device_set ds = a_set(3), back;
    struct cs_wr w = {0};

    (void)state;
    memset(&back, 0x5c, sizeof back);
    add_approvers(&ds, 2);
    assert_int_equal(cs_ds_encode(&w, &ds), CS_OK);
    for (size_t n = 1; n < w.n; n++) {
        assert_int_equal(cs_ds_decode(&back, CS_SPAN(w.p, n)), CS_ERR_TRUNCATED);
    }
    assert_int_not_equal(cs_ds_decode(&back, CS_SPAN(w.p, 0)), CS_OK);
    cs_wr_u8(&w, 0);
    assert_int_equal(cs_ds_decode(&back, cs_wr_get(&w)), CS_ERR_TRAILING);
    w.n--;
    w.p[0] = 2;
    assert_int_equal(cs_ds_decode(&back, cs_wr_get(&w)), CS_ERR_BAD_FORMAT);
    w.p[0] = 1;
    w.p[18] = 8; /* n */
    assert_int_equal(cs_ds_decode(&back, cs_wr_get(&w)), CS_ERR_DS_THRESHOLD);
    w.p[18] = 3;
    w.p[19 + 3 * 81 + 32] = 17; /* approvers */
    assert_int_equal(cs_ds_decode(&back, cs_wr_get(&w)), CS_ERR_DS_APPROVER);
    w.p[19 + 3 * 81 + 32] = 2;
    w.p[19] = 2; /* decoding runs the checks too */
    assert_int_equal(cs_ds_decode(&back, cs_wr_get(&w)), CS_ERR_DS_INDEX);
    assert_int_equal(back.t, 0x5c); /* untouched */
    ds.t = 1;
    assert_int_equal(cs_ds_encode(&w, &ds), CS_ERR_DS_THRESHOLD);
    cs_wr_free(&w);
}

static void every_field_changes_the_hash(void **state)
{
    struct cs_device_set ds = a_set(3), other;
    uint8_t h[32], h2[32];
    const size_t at[] = {
        offsetof(struct cs_device_set, ds_id),
        offsetof(struct cs_device_set, t),
        offsetof(struct cs_device_set, members[0].device_id),
        offsetof(struct cs_device_set, members[1].id.ik),
        offsetof(struct cs_device_set, members[2].id.sk),
        offsetof(struct cs_device_set, members[2].index),
        offsetof(struct cs_device_set, nonce),
        offsetof(struct cs_device_set, approvers),
        offsetof(struct cs_device_set, policy_hash),
    };

    (void)state;
    add_approvers(&ds, 2);
    cs_ds_hash(h, &ds);
    for (size_t k = 0; k < CS_COUNTOF(at); k++) {
        other = ds;
        ((uint8_t *)&other)[at[k]] ^= 1;
        cs_ds_hash(h2, &other);
        assert_memory_not_equal(h, h2, 32);
    }
    other = ds;
    other.n_approvers = 1;
    cs_ds_hash(h2, &other);
    assert_memory_not_equal(h, h2, 32);
    other = ds;
    other.n = 2;
    cs_ds_hash(h2, &other);
    assert_memory_not_equal(h, h2, 32);
}

static void put_u32(struct cs_wr *w, uint32_t v)
{
    cs_wr_u32(w, v);
}

/* The item list of PROTOCOL.md, written out by hand. */
static void the_hash_is_the_documented_one(void **state)
{
    struct cs_device_set ds = a_set(2);
    struct cs_wr members = {0}, none = {0};
    uint8_t want[32], got[32];

    (void)state;
    put_u32(&members, 2);
    for (uint8_t k = 0; k < 2; k++) {
        put_u32(&members, 4 + 4 * 4 + 81);
        put_u32(&members, 4);
        cs_wr_lp(&members, CS_SPAN(&ds.members[k].index, 1));
        cs_wr_lp(&members, CS_SPAN_OF(ds.members[k].device_id));
        cs_wr_lp(&members, CS_SPAN_OF(ds.members[k].id.ik));
        cs_wr_lp(&members, CS_SPAN_OF(ds.members[k].id.sk));
    }
    put_u32(&none, 0);
    const struct cs_span x[] = {
        CS_SPAN_OF(ds.ds_id),       CS_SPAN(&ds.t, 1),    CS_SPAN(&ds.n, 1),
        cs_wr_get(&members),        CS_SPAN_OF(ds.nonce), cs_wr_get(&none),
        CS_SPAN_OF(ds.policy_hash),
    };
    cs_th(want, CS_TAG_DS, x, CS_COUNTOF(x));
    cs_ds_hash(got, &ds);
    assert_memory_equal(want, got, 32);
    cs_wr_free(&members);
    cs_wr_free(&none);
}

static void member_lookup_knows_only_one_to_n(void **state)
{
    struct cs_device_set ds = a_set(3);

    (void)state;
    assert_null(cs_ds_member(&ds, 0));
    assert_null(cs_ds_member(&ds, 4));
    assert_null(cs_ds_member(&ds, 255));
    assert_ptr_equal(cs_ds_member(&ds, 3), &ds.members[2]);
}

static void a_commitment_opens_only_to_its_nonce_index_and_set(void **state)
{
    uint8_t ds_hash[32] = {1}, other[32] = {2}, nonce[32] = {3}, commit[32];

    (void)state;
    cs_quorum_commit(commit, ds_hash, 1, nonce);
    assert_int_equal(cs_quorum_open(commit, ds_hash, 1, nonce), CS_OK);
    assert_int_equal(cs_quorum_open(commit, ds_hash, 2, nonce), CS_ERR_QUORUM_OPEN);
    assert_int_equal(cs_quorum_open(commit, other, 1, nonce), CS_ERR_QUORUM_OPEN);
    nonce[31] ^= 1;
    assert_int_equal(cs_quorum_open(commit, ds_hash, 1, nonce), CS_ERR_QUORUM_OPEN);
}

static void an_acceptance_is_signed_by_its_member_alone(void **state)
{
    struct pair_rng rng = {.s = 42};
    struct cs_identity_secret id[3];
    struct cs_device_set ds, other;
    uint8_t ds_hash[32], commit[32] = {9}, sig[64];

    (void)state;
    pair_make_set(&rng, &ds, 3, id);
    cs_ds_hash(ds_hash, &ds);
    cs_quorum_join_sign(sig, &id[1], ds_hash, 2, commit);
    assert_int_equal(cs_quorum_join_verify(sig, &ds, 2, commit), CS_OK);
    assert_int_equal(cs_quorum_join_verify(sig, &ds, 1, commit), CS_ERR_QUORUM_SIG);
    assert_int_equal(cs_quorum_join_verify(sig, &ds, 0, commit), CS_ERR_USAGE);
    assert_int_equal(cs_quorum_join_verify(sig, &ds, 4, commit), CS_ERR_USAGE);
    other = ds;
    other.nonce[0] ^= 1;
    assert_int_equal(cs_quorum_join_verify(sig, &other, 2, commit), CS_ERR_QUORUM_SIG);
    commit[0] ^= 1;
    assert_int_equal(cs_quorum_join_verify(sig, &ds, 2, commit), CS_ERR_QUORUM_SIG);
    commit[0] ^= 1;
    sig[5] ^= 1;
    assert_int_equal(cs_quorum_join_verify(sig, &ds, 2, commit), CS_ERR_QUORUM_SIG);
}

static void the_six_words_depend_on_the_set_and_each_nonce(void **state)
{
    struct cs_device_set ds = a_set(3), other;
    uint8_t nonces[3][32] = {{1}, {2}, {3}};
    char words[CS_WORDS_LEN], words2[CS_WORDS_LEN];

    (void)state;
    cs_quorum_code(words, &ds, (const uint8_t(*)[32])nonces);
    assert_int_equal(strlen(words), 6 * 5 + 5);
    cs_quorum_code(words2, &ds, (const uint8_t(*)[32])nonces);
    assert_string_equal(words, words2);
    for (size_t k = 0; k < 3; k++) {
        nonces[k][31] ^= 1;
        cs_quorum_code(words2, &ds, (const uint8_t(*)[32])nonces);
        assert_string_not_equal(words, words2);
        nonces[k][31] ^= 1;
    }
    /* A platform that shows different keys for one member to two nodes (T1). */
    other = ds;
    other.members[2].id = a_set(4).members[3].id;
    assert_int_equal(cs_ds_check(&other), CS_OK);
    cs_quorum_code(words2, &other, (const uint8_t(*)[32])nonces);
    assert_string_not_equal(words, words2);
}

static int setup(void **state)
{
    (void)state;
    return cs_crypto_init() == CS_OK ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_set_passes_for_every_size),
        cmocka_unit_test(threshold_and_size_are_bounded),
        cmocka_unit_test(indices_are_one_to_n_in_order),
        cmocka_unit_test(zero_ids_and_a_zero_nonce_are_refused),
        cmocka_unit_test(ed25519_keys_are_points_of_prime_order),
        cmocka_unit_test(an_ed25519_key_with_a_torsion_part_is_refused),
        cmocka_unit_test(x25519_keys_are_canonical_and_not_of_low_order),
        cmocka_unit_test(members_share_no_key_and_no_device),
        cmocka_unit_test(approvers_are_few_valid_and_rising),
        cmocka_unit_test(own_device_and_keys_must_be_in_the_set),
        cmocka_unit_test(encoding_and_decoding_agree),
        cmocka_unit_test(cut_extended_or_miscounted_encodings_are_refused),
        cmocka_unit_test(every_field_changes_the_hash),
        cmocka_unit_test(the_hash_is_the_documented_one),
        cmocka_unit_test(member_lookup_knows_only_one_to_n),
        cmocka_unit_test(a_commitment_opens_only_to_its_nonce_index_and_set),
        cmocka_unit_test(an_acceptance_is_signed_by_its_member_alone),
        cmocka_unit_test(the_six_words_depend_on_the_set_and_each_nonce),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
