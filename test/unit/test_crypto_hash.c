/* Encoding, tagged hashes, hash to scalar, hedged scalars (PROTOCOLS 1.4, 1.5, 15.7;
 * section 10, rows 34, 44 and 52), HMAC and HKDF. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "crypto/hash.h"
#include "support/groups.h"

#define LIST(...)             ((const struct cs_span[]){__VA_ARGS__})
#define COUNT(...)            CS_COUNTOF(LIST(__VA_ARGS__))
#define TH(out, tag, ...)     cs_th(out, tag, LIST(__VA_ARGS__), COUNT(__VA_ARGS__))
#define H2S(c, out, tag, ...) cs_h2s(c, out, tag, LIST(__VA_ARGS__), COUNT(__VA_ARGS__))

/* ---- enc ------------------------------------------------------------------------- */

static void enc_is_a_count_and_length_prefixed_items(void **state)
{
    static const uint8_t want[] = {0, 0, 0, 3, 0, 0, 0, 2, 'a', 'b',
                                   0, 0, 0, 0, 0, 0, 0, 1, 'c'};
    const struct cs_span items[] = {CS_SPAN_LIT("ab"), CS_SPAN(NULL, 0),
                                    CS_SPAN_LIT("c")};
    struct cs_wr w = {0};

    (void)state;
    cs_enc(&w, items, 3);
    assert_int_equal(w.err, CS_OK);
    assert_int_equal(w.n, sizeof want);
    assert_memory_equal(w.p, want, sizeof want);
    cs_wr_reset(&w);
    cs_enc(&w, NULL, 0);
    assert_int_equal(w.n, 4);
    assert_true(cs_ct_is_zero(w.p, 4));
    cs_wr_free(&w);
}

/* Row 34: however "abcd" is cut into items, and wherever empty items stand, hash and
 * scalar differ.  All partitions of up to 4 items. */
static void moving_bytes_between_fields_changes_every_hash(void **state)
{
    enum { MAX = 64 };
    static const char text[] = "abcd";
    uint8_t seen[MAX][32];
    struct cs_scalar scalars[2][MAX];
    size_t n = 0;

    (void)state;
    for (size_t items = 1; items <= 3; items++) {
        for (size_t cut1 = 0; cut1 <= 4; cut1++) {
            for (size_t cut2 = cut1; cut2 <= 4; cut2++) {
                size_t ends[4] = {0, items == 1 ? 4 : cut1, items == 2 ? 4 : cut2, 4};
                struct cs_span x[3];

                for (size_t k = 0; k < items; k++) {
                    x[k] = CS_SPAN(text + ends[k], ends[k + 1] - ends[k]);
                }
                if ((items == 1 && cut1 + cut2 > 0) || (items == 2 && cut2 != cut1)) {
                    continue; /* the same list again */
                }
                assert_true(n < MAX);
                cs_th(seen[n], CS_TAG_TEST, x, items);
                cs_h2s(CS_CURVE_SECP256K1, &scalars[0][n], CS_TAG_TEST, x, items);
                cs_h2s(CS_CURVE_ED25519, &scalars[1][n], CS_TAG_TEST, x, items);
                n++;
            }
        }
    }
    assert_int_equal(n, 1 + 5 + 15);
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < i; k++) {
            assert_memory_not_equal(seen[i], seen[k], 32);
            assert_false(cs_scalar_equal(&scalars[0][i], &scalars[0][k]));
            assert_false(cs_scalar_equal(&scalars[1][i], &scalars[1][k]));
        }
    }
}

static void a_list_inside_a_list_is_not_its_items(void **state)
{
    const struct cs_span ab[] = {CS_SPAN_LIT("a"), CS_SPAN_LIT("b")};
    struct cs_wr w = {0};
    uint8_t flat[32], nested[32];

    (void)state;
    cs_enc(&w, ab, 2);
    cs_th(flat, CS_TAG_TEST, ab, 2);
    TH(nested, CS_TAG_TEST, cs_wr_get(&w));
    assert_memory_not_equal(flat, nested, 32);
    cs_wr_free(&w);
}

/* ---- TH -------------------------------------------------------------------------- */

/* Written out again, without midstates. */
static void plain_input(struct cs_wr *w, const char *tag, const struct cs_span *x,
                        size_t n)
{
    struct cs_wr name = {0};
    uint8_t t[32];

    cs_wr_str(&name, "cloudsign/1/");
    cs_wr_str(&name, tag);
    crypto_hash_sha256(t, name.p, name.n);
    cs_wr_bytes(w, t, 32);
    cs_wr_bytes(w, t, 32);
    cs_enc(w, x, n);
    cs_wr_free(&name);
}

static void th_is_sha256_of_two_tag_hashes_and_enc(void **state)
{
    const struct cs_span x[] = {CS_SPAN_LIT("one"), CS_SPAN_LIT(""), CS_SPAN_LIT("2")};
    uint8_t got[32], want[32];

    (void)state;
    for (int i = 0; i < CS_TAG_COUNT; i++) {
        struct cs_wr w = {0};

        plain_input(&w, cs_tag_text((enum cs_tag)i), x, 3);
        crypto_hash_sha256(want, w.p, w.n);
        cs_th(got, (enum cs_tag)i, x, 3);
        assert_memory_equal(got, want, 32);
        cs_wr_free(&w);
    }
}

/* Computed with Python's hashlib from the text of PROTOCOLS 1.4: guards PREFIX, the tag
 * words and the encoding together. */
static void th_and_h2s_keep_their_known_answers(void **state)
{
    static const char want_th[] =
        "007acac4c1ee0a8bfd91f51cb197a6f7ad050cd6cdb67504a88bc624461ac312";
    static const char want_secp[] =
        "cad59305cba2a126731edca8283ade697d3e83a8eb1e1ed46bd376e1348425e3";
    static const char want_ed[] =
        "0da6f35cdc318717dac25c1fc5b31742b1a346eddee5b96a98bdc3632d43f908";
    static const uint8_t index = 2;
    uint8_t got[32];
    char hex[65];
    struct cs_scalar s;

    (void)state;
    TH(got, CS_TAG_DKG_COM, CS_SPAN_LIT("abc"), CS_SPAN(&index, 1));
    assert_string_equal(cs_hex(hex, got, 32), want_th);
    H2S(CS_CURVE_SECP256K1, &s, CS_TAG_DKG_POK, CS_SPAN_LIT("abc"), CS_SPAN(&index, 1));
    assert_string_equal(cs_hex(hex, s.b, 32), want_secp);
    H2S(CS_CURVE_ED25519, &s, CS_TAG_DKG_POK, CS_SPAN_LIT("abc"), CS_SPAN(&index, 1));
    assert_string_equal(cs_hex(hex, s.b, 32), want_ed);
}

static void every_tag_has_its_own_text_and_its_own_hash(void **state)
{
    uint8_t hashes[CS_TAG_COUNT][32];

    (void)state;
    for (int i = 0; i < CS_TAG_COUNT; i++) {
        const char *text = cs_tag_text((enum cs_tag)i);

        assert_true(strlen(text) > 0);
        TH(hashes[i], (enum cs_tag)i, CS_SPAN_LIT("x"));
        for (int k = 0; k < i; k++) {
            assert_string_not_equal(text, cs_tag_text((enum cs_tag)k));
            assert_memory_not_equal(hashes[i], hashes[k], 32);
        }
    }
}

/* ---- hash to scalar
 * ------------------------------------------------------------------ */

static void h2s_gives_valid_scalars_that_differ_by_tag_and_curve(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 200; i++) {
        EACH_CURVE(c)
        {
            struct cs_scalar a, b, again;

            H2S(c, &a, CS_TAG_TEST, CS_SPAN(&i, sizeof i));
            H2S(c, &b, CS_TAG_CHECK, CS_SPAN(&i, sizeof i));
            assert_false(cs_scalar_equal(&a, &b));
            assert_int_equal(cs_scalar_decode(c, &again, a.b), CS_OK);
        }
    }
}

/* ---- hedged scalars
 * ------------------------------------------------------------------- */

static void hedge(enum cs_curve c, struct cs_secret *out, uint8_t random, uint8_t local,
                  const char *ctx1, const char *ctx2)
{
    const struct cs_span ctx[] = {CS_SPAN(ctx1, strlen(ctx1)),
                                  CS_SPAN(ctx2, strlen(ctx2))};
    uint8_t r[32], s[32];

    memset(r, random, sizeof r);
    memset(s, local, sizeof s);
    cs_hedged_scalar(c, out, CS_TAG_HEDGE_COEF, r, s, ctx, CS_COUNTOF(ctx));
}

/* Row 52: a constant generator still gives one scalar per context; and rows of 1.5:
 * with a working one, equal contexts differ too. */
static void
hedged_scalars_differ_by_context_even_with_a_constant_generator(void **state)
{
    (void)state;
    EACH_CURVE(c)
    {
        struct cs_secret s[7], valid;

        hedge(c, &s[0], 0, 1, "sid-a", "coef-0");
        hedge(c, &s[1], 0, 1, "sid-b", "coef-0");
        hedge(c, &s[2], 0, 1, "sid-a", "coef-1");
        hedge(c, &s[3], 0, 1, "sid-ac", "oef-0"); /* shifted bytes */
        hedge(c, &s[4], 0, 2, "sid-a", "coef-0"); /* another node */
        hedge(c, &s[5], 9, 1, "sid-a", "coef-0"); /* fresh randomness */
        hedge(c, &s[6], 1, 0, "sid-a", "coef-0"); /* random and local swapped */
        for (size_t i = 0; i < CS_COUNTOF(s); i++) {
            assert_int_equal(cs_scalar_decode(c, &valid.s, s[i].s.b), CS_OK);
            for (size_t k = 0; k < i; k++) {
                assert_false(cs_scalar_equal(&s[i].s, &s[k].s));
            }
        }
        hedge(c, &valid, 0, 1, "sid-a", "coef-0");
        same_scalar(&valid.s, &s[0].s);
    }
}

static void a_hedged_scalar_is_h2s_of_random_local_and_context(void **state)
{
    static const uint8_t random[32] = {1}, local[32] = {2};

    (void)state;
    EACH_CURVE(c)
    {
        struct cs_secret got;
        struct cs_scalar want;

        cs_hedged_scalar(c, &got, CS_TAG_HEDGE_POK, random, local,
                         LIST(CS_SPAN_LIT("sid")), 1);
        H2S(c, &want, CS_TAG_HEDGE_POK, CS_SPAN_OF(random), CS_SPAN_OF(local),
            CS_SPAN_LIT("sid"));
        same_scalar(&got.s, &want);
    }
}

/* ---- broken invariants end the program
 * -------------------------------------------------- */

static jmp_buf fatal_jump;

static void jump(const char *file, int line, const char *what)
{
    (void)file;
    (void)line;
    (void)what;
    longjmp(fatal_jump, 1);
}

static bool is_fatal(void (*act)(void))
{
    volatile bool fatal = false;

    cs_fatal_hook = jump;
    if (setjmp(fatal_jump) == 0) {
        act();
    } else {
        fatal = true;
    }
    cs_fatal_hook = NULL;
    return fatal;
}

static void nine_contexts(void)
{
    static const uint8_t zero[32];
    struct cs_span ctx[9] = {{NULL, 0}};
    struct cs_secret out;

    cs_hedged_scalar(CS_CURVE_ED25519, &out, CS_TAG_HEDGE_COEF, zero, zero, ctx, 9);
}

static void eight_contexts(void)
{
    static const uint8_t zero[32];
    struct cs_span ctx[8] = {{NULL, 0}};
    struct cs_secret out;

    cs_hedged_scalar(CS_CURVE_ED25519, &out, CS_TAG_HEDGE_COEF, zero, zero, ctx, 8);
}

static void no_such_tag(void)
{
    uint8_t out[32];

    cs_th(out, CS_TAG_COUNT, NULL, 0);
}

static void no_such_curve(void)
{
    struct cs_scalar s;

    cs_h2s((enum cs_curve)3, &s, CS_TAG_TEST, NULL, 0);
}

static void misuse_by_our_own_code_is_fatal(void **state)
{
    (void)state;
    assert_true(is_fatal(nine_contexts));
    assert_false(is_fatal(eight_contexts));
    assert_true(is_fatal(no_such_tag));
    assert_true(is_fatal(no_such_curve));
}

/* ---- plain hashes, HMAC, HKDF
 * ------------------------------------------------------------- */

static void check_hex(const uint8_t *got, size_t n, const char *want)
{
    char hex[2 * 128 + 1];

    assert_true(n <= 128);
    assert_string_equal(cs_hex(hex, got, n), want);
}

/* FIPS 180-4 and RFC 4231, case 2. */
static void hashes_and_hmac_give_the_published_values(void **state)
{
    uint8_t out[64];

    (void)state;
    cs_sha256(out, CS_SPAN_LIT("abc"));
    check_hex(out, 32,
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    cs_sha256(out, CS_SPAN(NULL, 0));
    check_hex(out, 32,
              "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    cs_sha512(out, CS_SPAN_LIT("abc"));
    check_hex(out, 64,
              "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
              "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
    cs_hmac_sha256(out, CS_SPAN_LIT("Jefe"),
                   CS_SPAN_LIT("what do ya want for nothing?"));
    check_hex(out, 32,
              "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

/* RFC 5869, cases 1 and 3 (no salt, no info). */
static void hkdf_gives_the_published_values(void **state)
{
    uint8_t ikm[22], salt[13], info[10], out[42];

    (void)state;
    memset(ikm, 0x0b, sizeof ikm);
    for (size_t i = 0; i < sizeof salt; i++) {
        salt[i] = (uint8_t)i;
    }
    for (size_t i = 0; i < sizeof info; i++) {
        info[i] = (uint8_t)(0xf0 + i);
    }
    cs_hkdf(out, sizeof out, CS_SPAN_OF(salt), CS_SPAN_OF(ikm), CS_SPAN_OF(info));
    check_hex(out, sizeof out,
              "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf3400"
              "7208d5b887185865");
    cs_hkdf(out, sizeof out, CS_SPAN(NULL, 0), CS_SPAN_OF(ikm), CS_SPAN(NULL, 0));
    check_hex(out, sizeof out,
              "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d20"
              "1395faa4b61a96c8");
}

static void random_bytes_come_in_any_amount_and_differ(void **state)
{
    static uint8_t a[5000], b[5000];

    (void)state;
    cs_random(a, sizeof a); /* more than getrandom promises in one call */
    cs_random(b, sizeof b);
    assert_memory_not_equal(a, b, sizeof a);
    assert_false(cs_ct_is_zero(a + sizeof a - 32, 32));
    cs_random(a, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(enc_is_a_count_and_length_prefixed_items),
        cmocka_unit_test(moving_bytes_between_fields_changes_every_hash),
        cmocka_unit_test(a_list_inside_a_list_is_not_its_items),
        cmocka_unit_test(th_is_sha256_of_two_tag_hashes_and_enc),
        cmocka_unit_test(th_and_h2s_keep_their_known_answers),
        cmocka_unit_test(every_tag_has_its_own_text_and_its_own_hash),
        cmocka_unit_test(h2s_gives_valid_scalars_that_differ_by_tag_and_curve),
        cmocka_unit_test(
            hedged_scalars_differ_by_context_even_with_a_constant_generator),
        cmocka_unit_test(a_hedged_scalar_is_h2s_of_random_local_and_context),
        cmocka_unit_test(misuse_by_our_own_code_is_fatal),
        cmocka_unit_test(hashes_and_hmac_give_the_published_values),
        cmocka_unit_test(hkdf_gives_the_published_values),
        cmocka_unit_test(random_bytes_come_in_any_amount_and_differ),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
