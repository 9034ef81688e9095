/* From kits to the key (PROTOCOLS 8.8): each refusal, both curves, children. */
#include "mpc/recover.h"

#include <sodium.h>

#include "support/kit_made.h"

enum { N = 7 };

static struct cs_kit *kits[CS_PARTY_SLOTS];

/* As cs_kit_open leaves them. */
static void open_all(struct made *a)
{
    for (uint8_t i = 1; i <= a->n; i++) {
        kits[i] = cs_kit_new();
        assert_non_null(kits[i]);
        kits[i]->ds = a->ds;
        kits[i]->key = *a->k[i];
    }
}

static void close_all(const struct made *a)
{
    for (uint8_t i = 1; i <= a->n; i++) {
        cs_kit_free(kits[i]);
    }
}

static void assert_log(const struct cs_recovered *r)
{
    struct cs_point p;

    cs_point_base_mul(r->X.curve, &p, &r->x.s);
    assert_true(cs_point_equal(&p, &r->X));
}

static void any_t_kits_make_the_key(void **state)
{
    static const struct {
        uint8_t n, t;
        enum cs_scheme scheme;
    } shapes[] = {{3, 2, CS_SCHEME_ECDSA},
                  {3, 2, CS_SCHEME_FROST_ED25519},
                  {3, 2, CS_SCHEME_BIP340},
                  {5, 3, CS_SCHEME_ECDSA}};

    (void)state;
    for (size_t s = 0; s < CS_COUNTOF(shapes); s++) {
        struct cs_recovered *r = cs_recovered_new();
        struct made a;

        made_new(&a, shapes[s].n, shapes[s].t, shapes[s].scheme, 400 + s);
        open_all(&a);
        for (unsigned mask = 1; mask < 1u << a.n; mask++) {
            const struct cs_kit *some[N];
            const char *why = NULL;
            size_t n = 0;

            for (uint8_t i = 1; i <= a.n; i++) {
                if ((mask >> (i - 1) & 1) != 0) {
                    some[n++] = kits[i];
                }
            }
            if (n < shapes[s].t) {
                assert_int_equal(cs_recover(r, some, n, &why), CS_ERR_NOT_ENOUGH);
                assert_true(cs_ct_is_zero(r, sizeof *r));
                continue;
            }
            assert_int_equal(cs_recover(r, some, n, &why), CS_OK);
            assert_true(cs_point_equal(&r->X, &a.k[1]->body.X));
            assert_log(r);
        }
        close_all(&a);
        cs_recovered_free(r);
        made_free(&a);
    }
}

static void assert_refused(enum cs_err err, const char *word, const struct cs_kit *a,
                           const struct cs_kit *b)
{
    const struct cs_kit *both[2] = {a, b};
    struct cs_recovered *r = cs_recovered_new();
    const char *why = NULL;

    memset(r, 1, sizeof *r);
    assert_int_equal(cs_recover(r, both, 2, &why), err);
    assert_non_null(why);
    assert_non_null(strstr(why, word));
    assert_true(cs_ct_is_zero(r, sizeof *r));
    cs_recovered_free(r);
}

static void kits_that_do_not_belong_together_are_refused(void **state)
{
    struct cs_kit *k = cs_kit_new();
    struct made a;

    (void)state;
    made_new(&a, 3, 2, CS_SCHEME_ECDSA, 420);
    open_all(&a);
#define BAD(change, err, word)                                                         \
    do {                                                                               \
        *k = *kits[2];                                                                 \
        change;                                                                        \
        assert_refused(err, word, kits[1], k);                                         \
    } while (0)
    BAD(k->key.body.key_id[3] ^= 1, CS_ERR_UNKNOWN_KEY, "one key");
    BAD(k->key.body.ds_hash[3] ^= 1, CS_ERR_UNKNOWN_KEY, "one key");
    BAD(k->key.body.epoch++, CS_ERR_STATE, "epochs");
    BAD(k->key.C[0] ^= 1, CS_ERR_KEY_CORRUPT, "certificates");
    BAD(k->key.self = 1, CS_ERR_USAGE, "one node");
    BAD(k->key.x.s.b[31] ^= 1, CS_ERR_KEY_CORRUPT, "x G");
#undef BAD
    close_all(&a);
    cs_kit_free(k);
    made_free(&a);
}

static void recover_two(struct cs_recovered *r)
{
    const struct cs_kit *both[2] = {kits[3], kits[1]};

    assert_int_equal(cs_recover(r, both, 2, NULL), CS_OK);
}

static void children_are_those_of_the_public_derivation(void **state)
{
    static const uint32_t path[] = {0, 5, 2147483647}, hard[] = {CS_BIP32_HARDENED};
    struct cs_recovered *r = cs_recovered_new(), *was = cs_recovered_new();
    struct cs_bip32 child;
    struct made a;

    (void)state;
    made_new(&a, 3, 2, CS_SCHEME_ECDSA, 430);
    open_all(&a);
    recover_two(r);
    *was = *r;
    assert_int_equal(cs_recover_child(r, path, 0), CS_OK);
    assert_int_equal(cs_recover_child(r, hard, 1), CS_ERR_PATH_HARDENED);
    assert_memory_equal(r, was, sizeof *r);
    assert_int_equal(cs_bip32_derive(&child, &r->X, r->chain_code, path, 3), CS_OK);
    assert_int_equal(cs_recover_child(r, path, 3), CS_OK);
    assert_true(cs_point_equal(&r->X, &child.X));
    assert_memory_equal(r->chain_code, child.chain_code, 32);
    assert_log(r);
    close_all(&a);
    cs_recovered_free(r);
    cs_recovered_free(was);
    made_free(&a);
}

static void the_scalar_signs_as_the_wallet_does(void **state)
{
    const struct cs_span msg = CS_SPAN_LIT("pay nobody");
    struct cs_recovered *r = cs_recovered_new();
    uint8_t prefix[32] = {1}, sig[64], again[64], zero[64] = {0}, pub[CS_POINT_MAX];
    static const uint32_t path[] = {1};
    struct made a;

    (void)state;
    made_new(&a, 3, 2, CS_SCHEME_FROST_ED25519, 440);
    open_all(&a);
    recover_two(r);
    (void)cs_point_encode(&a.k[1]->body.X, pub);
    assert_int_equal(cs_recover_sign(sig, r, prefix, msg), CS_OK);
    assert_int_equal(crypto_sign_verify_detached(sig, msg.p, msg.n, pub), 0);
    assert_int_equal(cs_recover_sign(again, r, prefix, CS_SPAN_LIT("")), CS_OK);
    assert_int_equal(crypto_sign_verify_detached(again, NULL, 0, pub), 0);
    assert_memory_not_equal(sig, again, 32); /* another message, another nonce */
    prefix[0] = 2;
    assert_int_equal(cs_recover_sign(again, r, prefix, msg), CS_OK);
    assert_memory_not_equal(sig, again, 32); /* another prefix too */
    assert_int_equal(cs_recover_child(r, path, 1), CS_ERR_USAGE);
    r->x.s.b[0] ^= 1;
    assert_int_equal(cs_recover_sign(sig, r, prefix, msg), CS_ERR_INTERNAL);
    assert_memory_equal(sig, zero, 64);
    r->scheme = CS_SCHEME_ECDSA;
    assert_int_equal(cs_recover_sign(sig, r, prefix, msg), CS_ERR_USAGE);
    close_all(&a);
    cs_recovered_free(r);
    made_free(&a);
}

static void records_survive_a_round_trip(void **state)
{
    struct cs_recovered *r = cs_recovered_new(), *back = cs_recovered_new();
    uint8_t b[CS_RECOVERED_LEN];
    struct made a;

    (void)state;
    made_new(&a, 3, 2, CS_SCHEME_BIP340, 450);
    open_all(&a);
    recover_two(r);
    cs_recovered_encode(b, r);
    assert_int_equal(cs_recovered_decode(back, b), CS_OK);
    assert_true(cs_point_equal(&back->X, &r->X));
    assert_memory_equal(back->x.s.b, r->x.s.b, 32);
    assert_memory_equal(back->key_id, r->key_id, CS_ID_LEN);
    assert_memory_equal(back->chain_code, r->chain_code, 32);
    assert_int_equal(back->scheme, CS_SCHEME_BIP340);
    b[0] = 2;
    assert_int_equal(cs_recovered_decode(back, b), CS_ERR_BAD_FORMAT);
    b[0] = 1;
    b[1] = 4;
    assert_int_equal(cs_recovered_decode(back, b), CS_ERR_BAD_FORMAT);
    b[1] = CS_SCHEME_BIP340;
    memset(b + CS_RECOVERED_LEN - 32, 0, 32);
    assert_int_equal(cs_recovered_decode(back, b), CS_ERR_BAD_FORMAT);
    assert_true(cs_ct_is_zero(back, sizeof *back));
    close_all(&a);
    cs_recovered_free(r);
    cs_recovered_free(back);
    made_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_t_kits_make_the_key),
        cmocka_unit_test(kits_that_do_not_belong_together_are_refused),
        cmocka_unit_test(children_are_those_of_the_public_derivation),
        cmocka_unit_test(the_scalar_signs_as_the_wallet_does),
        cmocka_unit_test(records_survive_a_round_trip),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
