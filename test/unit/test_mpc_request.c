/* Requests: one encoding, one hash, every field in it (PROTOCOLS 2.4, 15.7 G2; section
 * 10 rows 26, 34, 48). */
#include "mpc/request.h"

#include "support/mpc_party.h"

static struct cs_request sample(void)
{
    struct cs_request q = {.kind = CS_REQUEST_SIGN_RAW,
                           .key_epoch = 3,
                           .curve = CS_CURVE_SECP256K1,
                           .scheme = CS_SCHEME_ECDSA,
                           .path_len = 3,
                           .path = {44, 0, 7},
                           .blockchain = "ONE_MONEY",
                           .policy_version = 9,
                           .expires_ms = 1700000000123};

    memset(q.request_id, 1, sizeof q.request_id);
    memset(q.ds_hash, 2, sizeof q.ds_hash);
    memset(q.key_id, 3, sizeof q.key_id);
    memset(q.payload_hash, 4, sizeof q.payload_hash);
    memset(q.messages_hash, 5, sizeof q.messages_hash);
    return q;
}

static void encoding_and_decoding_agree(void **state)
{
    struct cs_request q = sample(), back;
    struct cs_wr w = {0};
    uint8_t a[32], b[32];

    (void)state;
    assert_int_equal(cs_crypto_init(), CS_OK);
    cs_request_encode(&w, &q);
    assert_true(w.n <= CS_REQUEST_MAX);
    assert_int_equal(cs_request_decode(&back, cs_wr_get(&w)), CS_OK);
    cs_request_hash(a, &q);
    cs_request_hash(b, &back);
    assert_memory_equal(a, b, 32);
    assert_string_equal(back.blockchain, "ONE_MONEY");
    cs_wr_free(&w);
}

static void every_field_changes_the_hash(void **state)
{
    uint8_t h[20][32];
    size_t n = 0;

    (void)state;
    assert_int_equal(cs_crypto_init(), CS_OK);
#define WITH(change)                                                                   \
    do {                                                                               \
        struct cs_request q = sample();                                                \
        change;                                                                        \
        cs_request_hash(h[n++], &q);                                                   \
    } while (0)
    WITH((void)q);
    WITH(q.kind = CS_REQUEST_SIGN_PLAINTEXT);
    WITH(q.request_id[15] ^= 1);
    WITH(q.ds_hash[0] ^= 1);
    WITH(q.key_id[0] ^= 1);
    WITH(q.key_epoch = 4);
    WITH(q.curve = CS_CURVE_ED25519);
    WITH(q.scheme = CS_SCHEME_BIP340);
    WITH(q.path[1] = 1);
    WITH(q.path_len = 2);
    WITH(q.blockchain[0] = 'A');
    WITH(q.blockchain[8] = 0);
    WITH(q.payload_hash[31] ^= 1);
    WITH(q.messages_hash[31] ^= 1);
    WITH(q.policy_version = 10);
    WITH(q.expires_ms++);
#undef WITH
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < i; k++) {
            assert_memory_not_equal(h[i], h[k], 32);
        }
    }
}

static void what_does_not_fit_is_refused(void **state)
{
    (void)state;
    assert_int_equal(cs_crypto_init(), CS_OK);
#define REFUSED(change)                                                                \
    do {                                                                               \
        struct cs_request q = sample();                                                \
        change;                                                                        \
        assert_int_equal(cs_request_check(&q), CS_ERR_USAGE);                          \
    } while (0)
    REFUSED(q.kind = (enum cs_request_kind)0);
    REFUSED(q.kind = (enum cs_request_kind)(CS_REQUEST_SIGN_TYPED_DATA + 1));
    REFUSED(q.scheme = (enum cs_scheme)0);
    REFUSED(q.scheme = (enum cs_scheme)4);
    REFUSED(q.curve = CS_CURVE_ED25519); /* not the scheme's curve */
    REFUSED(q.scheme = CS_SCHEME_FROST_ED25519);
    REFUSED(q.path_len = CS_PATH_MAX + 1);
    REFUSED({ /* no derivation on edwards25519 */
              q.curve = CS_CURVE_ED25519;
              q.scheme = CS_SCHEME_FROST_ED25519;
    });
    REFUSED(q.blockchain[0] = 'a');
    REFUSED(q.blockchain[0] = '-');
    REFUSED(memset(q.payload_hash, 0, 32));
    REFUSED(memset(q.messages_hash, 0, 32));
    REFUSED(q.expires_ms = 0);
    REFUSED(q.expires_ms = -1);
    REFUSED(q.kind = CS_REQUEST_CHECK);  /* never expires, but this one does */
    REFUSED(q.kind = CS_REQUEST_KEYGEN); /* has a payload */
#undef REFUSED
    struct cs_request q = sample();
    assert_int_equal(cs_request_check(&q), CS_OK);
}

static void key_generation_has_no_payload_path_or_epoch(void **state)
{
    struct cs_request q = sample(), bad;

    (void)state;
    q.kind = CS_REQUEST_KEYGEN;
    q.path_len = 0;
    q.key_epoch = 0;
    memset(q.payload_hash, 0, 32);
    memset(q.messages_hash, 0, 32);
    assert_int_equal(cs_request_check(&q), CS_OK);
    bad = q;
    bad.path_len = 1;
    assert_int_equal(cs_request_check(&bad), CS_ERR_USAGE);
    bad = q;
    bad.key_epoch = 1;
    assert_int_equal(cs_request_check(&bad), CS_ERR_USAGE);
    bad = q;
    bad.messages_hash[0] = 1;
    assert_int_equal(cs_request_check(&bad), CS_ERR_USAGE);
}

static void malformed_encodings_are_refused(void **state)
{
    struct cs_request q = sample(), back = {.key_epoch = 77};
    struct cs_wr w = {0};

    (void)state;
    cs_request_encode(&w, &q);
    for (size_t n = 0; n < w.n; n++) {
        assert_int_not_equal(cs_request_decode(&back, CS_SPAN(w.p, n)), CS_OK);
    }
    for (size_t at = 0; at < w.n;
         at++) { /* accepted or refused, never read past the end */
        w.p[at] ^= 0xff;
        if (cs_request_decode(&back, cs_wr_get(&w)) == CS_OK) {
            assert_int_equal(cs_request_check(&back), CS_OK);
        }
        w.p[at] ^= 0xff;
    }
    cs_wr_u8(&w, 0);
    back = (struct cs_request){.key_epoch = 77};
    assert_int_equal(cs_request_decode(&back, cs_wr_get(&w)), CS_ERR_TRAILING);
    assert_int_equal(back.key_epoch, 77);
    w.n--;
    w.p[0] = 2; /* version */
    assert_int_equal(cs_request_decode(&back, cs_wr_get(&w)), CS_ERR_BAD_FORMAT);
    cs_wr_free(&w);
}

/* Row 34: moving a byte between messages changes the hash. */
static void message_lists_are_injective(void **state)
{
    uint8_t abc[] = {'a', 'b', 'c'}, h[4][32];
    const struct cs_span one[] = {CS_SPAN(abc, 1), CS_SPAN(abc + 1, 2)};
    const struct cs_span two[] = {CS_SPAN(abc, 2), CS_SPAN(abc + 2, 1)};
    const struct cs_span all[] = {CS_SPAN(abc, 3)};
    const struct cs_span empty[] = {CS_SPAN(abc, 3), CS_SPAN(abc, 0)};

    (void)state;
    assert_int_equal(cs_crypto_init(), CS_OK);
    cs_request_messages_hash(h[0], one, 2);
    cs_request_messages_hash(h[1], two, 2);
    cs_request_messages_hash(h[2], all, 1);
    cs_request_messages_hash(h[3], empty, 2);
    for (size_t i = 0; i < 4; i++) {
        for (size_t k = 0; k < i; k++) {
            assert_memory_not_equal(h[i], h[k], 32);
        }
    }
}

static void clocks_may_differ_by_two_minutes(void **state)
{
    struct cs_request q = sample();

    (void)state;
    assert_int_equal(cs_request_fresh(&q, q.expires_ms), CS_OK);
    assert_int_equal(cs_request_fresh(&q, q.expires_ms + 120000), CS_OK);
    assert_int_equal(cs_request_fresh(&q, q.expires_ms + 120001),
                     CS_ERR_REQUEST_EXPIRED);
    q.kind = CS_REQUEST_CHECK;
    q.expires_ms = 0;
    assert_int_equal(cs_request_fresh(&q, INT64_MAX), CS_OK);
}

static void schemes_have_one_curve_and_a_word(void **state)
{
    enum cs_scheme s;

    (void)state;
    assert_true(cs_scheme_parse(&s, "FROST_ED25519"));
    assert_int_equal(cs_scheme_curve(s), CS_CURVE_ED25519);
    assert_true(cs_scheme_parse(&s, "ECDSA"));
    assert_int_equal(cs_scheme_curve(s), CS_CURVE_SECP256K1);
    assert_true(cs_scheme_parse(&s, "BIP340"));
    assert_string_equal(cs_scheme_name(s), "BIP340");
    assert_false(cs_scheme_parse(&s, "ecdsa"));
    assert_false(cs_scheme_parse(&s, ""));
    assert_string_equal(cs_scheme_name((enum cs_scheme)9), "UNKNOWN");
    assert_false(cs_scheme_ok(0));
    assert_false(cs_scheme_ok(4));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(encoding_and_decoding_agree),
        cmocka_unit_test(every_field_changes_the_hash),
        cmocka_unit_test(what_does_not_fit_is_refused),
        cmocka_unit_test(key_generation_has_no_payload_path_or_epoch),
        cmocka_unit_test(malformed_encodings_are_refused),
        cmocka_unit_test(message_lists_are_injective),
        cmocka_unit_test(clocks_may_differ_by_two_minutes),
        cmocka_unit_test(schemes_have_one_curve_and_a_word),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
