/* Lists of nonces (PROTOCOLS 5.6, 15.6 F1): ids, bounds, ages, lost messages, ends. */
#include "mpc/frost_suite.h"
#include "support/mpc_signers.h"

static void issue(struct signers *s, uint64_t highest, size_t count, struct cs_wr *w,
                  enum cs_err want)
{
    struct cs_frost_use u = signers_use(s, 2, 1);
    static uint8_t rand[CS_FROST_LIST_MAX * CS_FROST_RAND];

    net_random(&s->rng, rand, sizeof rand);
    assert_int_equal(
        cs_frost_pool_issue(s->pool[2], &u, s->key[2], highest, count, rand, s->now, w),
        want);
}

static enum cs_err put(struct signers *s, const struct cs_wr *w)
{
    struct cs_frost_use u = signers_use(s, 1, 2);

    return cs_frost_pool_put(s->pool[1], &u, cs_wr_get(w), s->now);
}

static size_t have(struct signers *s)
{
    struct cs_frost_use u = signers_use(s, 1, 2);

    return cs_frost_pool_have(s->pool[1], &u, s->now);
}

/* Bytes of one nonce in the list: id, D, E. */
static size_t stride(const struct signers *s)
{
    return 8 + cs_frost_commit_len(s->scheme);
}

static uint64_t id_at(const struct signers *s, const struct cs_wr *w, size_t i)
{
    struct cs_rd r = CS_RD(CS_SPAN(w->p + 2 + i * stride(s), 8));

    return cs_rd_u64(&r);
}

/* Does the responder still have this id unspent? */
static enum cs_err find(struct signers *s, uint64_t id)
{
    struct cs_frost_use u = signers_use(s, 2, 1);
    uint8_t hash[32] = {0}, stored[CS_FROST_RSP_LEN];
    struct cs_frost_commit commit;

    return cs_frost_pool_find(s->pool[2], &u, id, hash, s->now, &commit, stored);
}

static void ids_rise_over_all_lists_and_are_never_reused(void **state)
{
    struct signers *s = signers_of(SCHEME_OF(state), 3, 2, 401);
    uint64_t last = 0;

    for (int k = 0; k < 5; k++) {
        struct cs_wr w = {0};

        issue(s, last, 40, &w, CS_OK);
        for (size_t i = 0; i < 40; i++) {
            assert_true(id_at(s, &w, i) > last);
            last = id_at(s, &w, i);
        }
        if (k == 2) { /* a new link does not begin again */
            cs_frost_pool_drop_link(s->pool[2], s->link[1][2]);
        }
        cs_wr_free(&w);
    }
    signers_free(s);
}

/* Rows 44 and 52: an RNG that always says the same still gives a new d and e for each
 * id, key, link and initiator. */
static void a_constant_rng_gives_no_nonce_twice(void **state)
{
    struct signers *s = signers_of(SCHEME_OF(state), 3, 2, 420);
    static const uint8_t rand[3 * CS_FROST_RAND];
    struct cs_frost_use u = signers_use(s, 2, 1);
    struct cs_wr w = {0};
    size_t i, k, at[9] = {0}, point = signers_at(s).point;

    for (i = 0; i < 3; i++) {
        at[3 * i] = w.n + 2;
        at[3 * i + 1] = w.n + 2 + stride(s);
        at[3 * i + 2] = w.n + 2 + 2 * stride(s);
        if (i == 1) {
            u.link_id[0] ^= 1;
        } else if (i == 2) {
            u.peer = 3;
        }
        assert_int_equal(
            cs_frost_pool_issue(s->pool[2], &u, s->key[2], 0, 3, rand, s->now, &w),
            CS_OK);
    }
    for (i = 0; i < 9; i++) {
        const uint8_t *one = w.p + at[i] + 9; /* without the sign of secp256k1 */

        assert_memory_not_equal(one, one + point, 31); /* D is not E */
        for (k = 0; k < i; k++) {
            assert_memory_not_equal(one, w.p + at[k] + 9, 31);
            assert_memory_not_equal(one + point, w.p + at[k] + 9 + point, 31);
        }
    }
    cs_wr_free(&w);
    signers_free(s);
}

static void the_lowest_goes_first_and_only_once(void **state)
{
    struct signers *s = signers_of(SCHEME_OF(state), 3, 2, 402);
    struct cs_frost_use u = signers_use(s, 1, 2);
    struct cs_frost_commit c;
    uint64_t id, last = 0;

    signers_stock(s, 2, 1, 5);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(cs_frost_pool_take(s->pool[1], &u, s->now, &id, &c), CS_OK);
        assert_true(id > last);
        assert_int_equal(c.id, 2);
        last = id;
    }
    assert_int_equal(cs_frost_pool_take(s->pool[1], &u, s->now, &id, &c),
                     CS_ERR_NOT_FOUND);
    signers_free(s);
}

/* A repeated FR_NONCES does not bring used commitments back. */
static void late_repeats_are_ignored(void **state)
{
    struct signers *s = signers_of(SCHEME_OF(state), 3, 2, 403);
    struct cs_frost_use u = signers_use(s, 1, 2);
    struct cs_frost_commit c;
    struct cs_wr w = {0};
    uint64_t id;

    issue(s, 0, 3, &w, CS_OK);
    assert_int_equal(put(s, &w), CS_OK);
    assert_int_equal(cs_frost_pool_take(s->pool[1], &u, s->now, &id, &c), CS_OK);
    assert_int_equal(put(s, &w), CS_OK);
    assert_int_equal(have(s), 2);
    while (cs_frost_pool_take(s->pool[1], &u, s->now, &id, &c) == CS_OK) {
    }
    assert_int_equal(put(s, &w), CS_OK);
    assert_int_equal(have(s), 0);
    cs_wr_free(&w);
    signers_free(s);
}

/* 15.8: lost FR_NONCES.  What the initiator never saw is dropped, what it knows stays.
 */
static void lost_nonces_are_dropped_on_the_next_want(void **state)
{
    struct signers *s = signers_of(SCHEME_OF(state), 3, 2, 404);
    struct cs_frost_use u = signers_use(s, 1, 2);
    struct cs_wr known = {0}, lost = {0}, fresh = {0};

    issue(s, 0, 3, &known, CS_OK);
    assert_int_equal(put(s, &known), CS_OK);
    issue(s, cs_frost_pool_highest(s->pool[1], &u), 3, &lost, CS_OK);
    assert_int_equal(find(s, id_at(s, &lost, 0)), CS_OK);
    issue(s, cs_frost_pool_highest(s->pool[1], &u), 3, &fresh, CS_OK);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(find(s, id_at(s, &known, i)), CS_OK);
        assert_int_equal(find(s, id_at(s, &lost, i)), CS_ERR_FROST_NONCE_ID);
        assert_int_equal(find(s, id_at(s, &fresh, i)), CS_OK);
        assert_true(id_at(s, &fresh, i) > id_at(s, &lost, 2));
    }
    /* The lost one arrives after all, late: its ids are known to neither as usable. */
    assert_int_equal(put(s, &fresh), CS_OK);
    assert_int_equal(put(s, &lost), CS_OK);
    assert_int_equal(have(s), 6);
    cs_wr_free(&known);
    cs_wr_free(&lost);
    cs_wr_free(&fresh);
    signers_free(s);
}

static void lists_are_bounded(void **state)
{
    struct signers *s = signers_of(SCHEME_OF(state), 3, 2, 405);
    struct cs_wr w = {0}, full = {0};

    issue(s, 0, 0, &w, CS_ERR_LIMIT);
    issue(s, 0, 129, &w, CS_ERR_LIMIT);
    issue(s, 0, 128, &full, CS_OK);
    assert_int_equal(put(s, &full), CS_OK);
    assert_int_equal(have(s), 128);
    issue(s, UINT64_MAX, 28, &w,
          CS_OK); /* keeps the known ones, as far as there is room */
    assert_int_equal(find(s, id_at(s, &full, 27)), CS_ERR_FROST_NONCE_ID);
    assert_int_equal(find(s, id_at(s, &full, 28)), CS_OK);
    assert_int_equal(put(s, &w), CS_OK);
    assert_int_equal(have(s), 128);
    cs_wr_free(&w);
    cs_wr_free(&full);
    signers_free(s);
}

/* More lists than the pool holds: the one used longest ago goes. */
static void the_number_of_lists_is_bounded(void **state)
{
    struct signers *s = signers_of(SCHEME_OF(state), 3, 2, 406);
    struct cs_frost_use u = signers_use(s, 1, 2), v = u;
    struct cs_wr w = {0};

    issue(s, 0, 2, &w, CS_OK);
    for (uint32_t e = 0; e < 20; e++) { /* pool of 16 */
        v.epoch = e;
        assert_int_equal(cs_frost_pool_put(s->pool[1], &v, cs_wr_get(&w), s->now),
                         CS_OK);
    }
    v.epoch = 19;
    assert_int_equal(cs_frost_pool_have(s->pool[1], &v, s->now), 2);
    v.epoch = 4;
    assert_int_equal(cs_frost_pool_have(s->pool[1], &v, s->now), 2);
    v.epoch = 3;
    assert_int_equal(cs_frost_pool_have(s->pool[1], &v, s->now), 0);
    cs_wr_free(&w);
    signers_free(s);
}

static void old_nonces_expire_at_both_ends(void **state)
{
    struct signers *s = signers_of(SCHEME_OF(state), 3, 2, 407);
    struct cs_wr w = {0};

    issue(s, 0, 2, &w, CS_OK);
    assert_int_equal(put(s, &w), CS_OK);
    s->now += 3000000; /* 50 minutes */
    assert_int_equal(have(s), 2);
    s->now += 1;
    assert_int_equal(have(s), 0);
    assert_int_equal(find(s, id_at(s, &w, 0)), CS_OK); /* the responder keeps 60 */
    s->now += 600000;
    assert_int_equal(find(s, id_at(s, &w, 0)), CS_ERR_FROST_NONCE_ID);
    cs_frost_pool_expire(s->pool[1], s->now);
    cs_frost_pool_expire(s->pool[2], s->now);
    cs_wr_free(&w);
    signers_free(s);
}

/* Everything of a link, and of a key, goes with it; the rest stays. */
static void lists_go_with_their_link_and_key(void **state)
{
    struct signers *s = signers_of(SCHEME_OF(state), 3, 2, 408);
    struct cs_frost_use u13 = signers_use(s, 1, 3);
    struct cs_wr w = {0};

    issue(s, 0, 2, &w, CS_OK);
    assert_int_equal(put(s, &w), CS_OK);
    signers_stock(s, 3, 1, 2);
    cs_frost_pool_drop_link(s->pool[1], s->link[1][2]);
    cs_frost_pool_drop_link(s->pool[2], s->link[1][2]);
    assert_int_equal(have(s), 0);
    assert_int_equal(find(s, id_at(s, &w, 0)), CS_ERR_FROST_NONCE_ID);
    assert_int_equal(cs_frost_pool_have(s->pool[1], &u13, s->now), 2);
    cs_frost_pool_drop_key(s->pool[1], s->key[1]->body.key_id);
    assert_int_equal(cs_frost_pool_have(s->pool[1], &u13, s->now), 0);
    cs_wr_free(&w);
    signers_free(s);
}

/* take: wiped in the pool before it is used (5.6.3). */
static void spending_is_final(void **state)
{
    struct signers *s = signers_of(SCHEME_OF(state), 3, 2, 409);
    struct cs_frost_use u = signers_use(s, 2, 1);
    struct cs_frost_nonces n = {0}, again = {0};
    uint8_t hash[32] = {1}, rsp[CS_FROST_RSP_LEN] = {7};
    struct cs_wr w = {0};

    issue(s, 0, 1, &w, CS_OK);
    assert_int_equal(
        cs_frost_pool_spend(s->pool[2], &u, id_at(s, &w, 0), hash, s->now, &n), CS_OK);
    assert_false(cs_ct_is_zero(&n, sizeof n));
    assert_int_equal(
        cs_frost_pool_spend(s->pool[2], &u, id_at(s, &w, 0), hash, s->now, &again),
        CS_ERR_FROST_NONCE_ID);
    assert_true(cs_ct_is_zero(&again, sizeof again));
    cs_frost_pool_store(s->pool[2], &u, id_at(s, &w, 0), hash, rsp, s->now);
    assert_int_equal(
        cs_frost_pool_spend(s->pool[2], &u, id_at(s, &w, 0), hash, s->now, &again),
        CS_ERR_FROST_NONCE_ID);
    cs_wr_free(&w);
    signers_free(s);
}

static void only_an_active_key_publishes(void **state)
{
    struct signers *s = signers_of(SCHEME_OF(state), 3, 2, 410);
    struct cs_wr w = {0};

    s->key[2]->state = CS_KEY_PENDING;
    issue(s, 0, 1, &w, CS_ERR_STATE);
    s->key[2]->state = CS_KEY_ACTIVE;
    s->key[2]->body.scheme = CS_SCHEME_ECDSA;
    issue(s, 0, 1, &w, CS_ERR_STATE);
    cs_wr_free(&w);
    signers_free(s);
}

/* FR_NONCES: all or nothing, whatever field is wrong. */
static void malformed_lists_are_refused_whole(void **state)
{
    struct signers *s = signers_of(SCHEME_OF(state), 3, 2, 411);
    struct cs_wr good = {0}, bad = {0};

    issue(s, 0, 3, &good, CS_OK);
    for (size_t n = 0; n < good.n; n++) {
        cs_wr_reset(&bad);
        cs_wr_bytes(&bad, good.p, n);
        assert_int_equal(put(s, &bad), CS_ERR_BAD_FORMAT);
    }
    cs_wr_reset(&bad);
    cs_wr_span(&bad, cs_wr_get(&good));
    cs_wr_u8(&bad, 0);
    assert_int_equal(put(s, &bad), CS_ERR_BAD_FORMAT);
    bad.n--;
    for (size_t count = 0; count < 256; count++) { /* another than there are, or 0 */
        bad.p[1] = (uint8_t)count;
        if (count != 3) {
            assert_int_equal(put(s, &bad), CS_ERR_BAD_FORMAT);
        }
    }
    bad.p[0] = 1;
    bad.p[1] = 3;
    assert_int_equal(put(s, &bad), CS_ERR_BAD_FORMAT);
    memcpy(bad.p, good.p, good.n);
    memcpy(bad.p + 2 + stride(s), bad.p + 2, 8); /* ids do not rise */
    assert_int_equal(put(s, &bad), CS_ERR_BAD_FORMAT);
    memcpy(bad.p, good.p, good.n);
    memset(bad.p + 2, 0, 8); /* id 0 */
    assert_int_equal(put(s, &bad), CS_ERR_BAD_FORMAT);
    assert_int_equal(have(s), 0);
    assert_int_equal(put(s, &good), CS_OK);
    assert_int_equal(have(s), 3);
    cs_wr_free(&good);
    cs_wr_free(&bad);
    signers_free(s);
}

/* Rows 37, 38: D or E of any entry. */
static void a_list_with_something_that_is_no_point_is_refused(void **state)
{
    struct signers *s = signers_of(SCHEME_OF(state), 3, 2, 413);
    struct cs_wr good = {0}, bad = {0};
    size_t point = signers_at(s).point;

    issue(s, 0, 3, &good, CS_OK);
    for (size_t i = 0; i < 6; i++) {
        for (size_t k = 0; k < 4; k++) {
            uint8_t *p;

            cs_wr_reset(&bad);
            cs_wr_span(&bad, cs_wr_get(&good));
            p = bad.p + 2 + i / 2 * stride(s) + 8 + i % 2 * point;
            memset(p, k == 0 ? 0 : k == 1 ? 0xff : 0, point);
            p[0] = k == 2   ? 1
                   : k == 3 ? 2
                            : p[0]; /* Ed25519: identity, off the curve; */
            p[point - 1] = k == 3 ? 0 : p[point - 1]; /* else: wrong sign, x = 0 */
            assert_int_equal(put(s, &bad), CS_ERR_FROST_COMMIT);
        }
    }
    assert_int_equal(have(s), 0);
    assert_int_equal(put(s, &good), CS_OK);
    cs_wr_free(&good);
    cs_wr_free(&bad);
    signers_free(s);
}

/* A list for one scheme is none for the other, and no list of a third. */
static void lists_are_of_one_scheme(void **state)
{
    struct signers *s = signers_of(SCHEME_OF(state), 3, 2, 414);
    struct cs_frost_use u = signers_use(s, 1, 2);
    uint8_t rand[CS_FROST_RAND] = {1};
    struct cs_wr w = {0};

    issue(s, 0, 2, &w, CS_OK);
    assert_int_equal(put(s, &w), CS_OK);
    u.scheme = s->scheme == CS_SCHEME_BIP340 ? CS_SCHEME_FROST_ED25519
                                             : CS_SCHEME_BIP340;
    assert_int_equal(cs_frost_pool_put(s->pool[1], &u, cs_wr_get(&w), s->now),
                     CS_ERR_BAD_FORMAT);
    assert_int_equal(
        cs_frost_pool_issue(s->pool[2], &u, s->key[2], 0, 1, rand, s->now, &w),
        CS_ERR_STATE);
    u.scheme = CS_SCHEME_ECDSA;
    assert_int_equal(cs_frost_pool_put(s->pool[1], &u, cs_wr_get(&w), s->now),
                     CS_ERR_USAGE);
    s->key[2]->body.scheme = CS_SCHEME_ECDSA;
    assert_int_equal(
        cs_frost_pool_issue(s->pool[2], &u, s->key[2], 0, 1, rand, s->now, &w),
        CS_ERR_STATE);
    s->key[2]->body.scheme = s->scheme;
    assert_int_equal(cs_frost_pool_have(s->pool[1], &u, s->now), 0);
    assert_int_equal(have(s), 2);
    cs_wr_free(&w);
    signers_free(s);
}

/* 7.6: a nonce that memory has changed is not signed with, and is gone. */
static void a_damaged_nonce_is_not_used(void **state)
{
    struct cs_frost_kept k;
    struct cs_frost_nonces out = {.d = {{{9}}}}, was = out;

    (void)state;
    for (size_t i = 0; i < sizeof k; i++) {
        memset(&k.n, 5, sizeof k.n);
        cs_frost_keep(&k);
        ((uint8_t *)&k)[i] ^= 1;
        assert_int_equal(cs_frost_kept_take(&k, &out), CS_ERR_FROST_SELF);
        assert_memory_equal(&out, &was, sizeof out);
        assert_true(cs_ct_is_zero(&k, sizeof k));
    }
    memset(&k.n, 5, sizeof k.n);
    cs_frost_keep(&k);
    memset(&was, 5, sizeof was);
    assert_int_equal(cs_frost_kept_take(&k, &out), CS_OK);
    assert_memory_equal(&out, &was, sizeof out);
    assert_true(cs_ct_is_zero(&k, sizeof k));
}

static void want_has_one_encoding(void **state)
{
    struct cs_wr w = {0};
    uint64_t v = 7;

    (void)state;
    cs_frost_want_encode(&w, 0x0102030405060708);
    assert_int_equal(w.n, 8);
    assert_int_equal(cs_frost_want_decode(&v, cs_wr_get(&w)), CS_OK);
    assert_true(v == 0x0102030405060708);
    for (size_t n = 0; n < 8; n++) {
        assert_int_equal(cs_frost_want_decode(&v, CS_SPAN(w.p, n)), CS_ERR_BAD_FORMAT);
    }
    cs_wr_u8(&w, 0);
    assert_int_equal(cs_frost_want_decode(&v, cs_wr_get(&w)), CS_ERR_BAD_FORMAT);
    cs_wr_free(&w);
}

/* No memory: an error, no half list. */
static void running_out_of_memory_is_an_error(void **state)
{
    struct signers *s = signers_of(SCHEME_OF(state), 3, 2, 412);
    struct cs_wr w = {0};
    size_t failed = 0;

    for (unsigned long at = 1; at < 6; at++) {
        struct cs_frost_use u = signers_use(s, 2, 1);
        static uint8_t rand[CS_FROST_RAND];
        enum cs_err err;

        cs_frost_pool_drop_link(s->pool[2], s->link[1][2]);
        cs_mem_fail_at(at);
        err = cs_frost_pool_issue(s->pool[2], &u, s->key[2], 0, 1, rand, s->now, &w);
        cs_mem_fail_at(0);
        assert_true(err == CS_OK || err == CS_ERR_NOMEM);
        failed += err == CS_ERR_NOMEM;
        cs_wr_free(&w);
        w = (struct cs_wr){0};
    }
    assert_true(failed >= 2);
    for (unsigned long at = 1; at <= 4; at++) {
        cs_mem_fail_at(at);
        assert_null(cs_frost_pool_new(4));
        cs_mem_fail_at(0);
    }
    signers_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_BOTH(ids_rise_over_all_lists_and_are_never_reused),
        IN_BOTH(a_constant_rng_gives_no_nonce_twice),
        IN_BOTH(the_lowest_goes_first_and_only_once),
        IN_BOTH(late_repeats_are_ignored),
        IN_BOTH(lost_nonces_are_dropped_on_the_next_want),
        IN_BOTH(lists_are_bounded),
        IN_BOTH(the_number_of_lists_is_bounded),
        IN_BOTH(old_nonces_expire_at_both_ends),
        IN_BOTH(lists_go_with_their_link_and_key),
        IN_BOTH(spending_is_final),
        IN_BOTH(only_an_active_key_publishes),
        IN_BOTH(malformed_lists_are_refused_whole),
        IN_BOTH(a_list_with_something_that_is_no_point_is_refused),
        IN_BOTH(lists_are_of_one_scheme),
        cmocka_unit_test(a_damaged_nonce_is_not_used),
        cmocka_unit_test(want_has_one_encoding),
        IN_BOTH(running_out_of_memory_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
