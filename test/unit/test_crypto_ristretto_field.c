/* Arithmetic modulo 2^255 - 19 against mbedTLS's big numbers: limbs anywhere within the
 * bounds that each function promises to take, and bounds that it promises to keep. */
#include "support/ristretto_checked.h"

#include <mbedtls/bignum.h>

#include "support/ristretto_ref.h"

enum { PER_POWER = 50 }; /* inversions and square roots: fewer */

static mbedtls_mpi prime;
static struct stream rnd;

static int setup(void **state)
{
    (void)state;
    mbedtls_mpi_init(&prime);
    return mbedtls_mpi_read_string(
        &prime, 16, "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffed");
}

static int teardown(void **state)
{
    (void)state;
    mbedtls_mpi_free(&prime);
    return 0;
}

/* ---- numbers --------------------------------------------------------------------- */

/* Limbs below 2^bits + more: zero, one below, all ones of 51 bits, random. */
static uint64_t some_limb(unsigned bits, uint64_t more)
{
    uint64_t v, bound = (UINT64_C(1) << bits) + more;

    stream_bytes(&rnd, (uint8_t *)&v, sizeof v);
    switch (v >> 60) {
    case 0:
        return 0;
    case 1:
    case 2:
    case 3:
        return bound - 1 - (v & 1);
    case 4:
        return FE_MASK - (v & 31);
    case 5:
        return (FE_MASK + (v & 31)) % bound;
    default:
        return v % bound;
    }
}

static struct cs_fe some_fe(unsigned bits, uint64_t more)
{
    struct cs_fe a;

    for (int i = 0; i < 5; i++) {
        a.v[i] = some_limb(bits, more);
    }
    return a;
}

static struct cs_fe some_loose(void)
{
    return some_fe(54, 0);
}

static struct cs_fe some_tight(void)
{
    return some_fe(51, UINT64_C(1) << 17);
}

static void to_mpi(mbedtls_mpi *out, const struct cs_fe *a)
{
    uint8_t be[8];
    mbedtls_mpi limb;
    int err = 0;

    mbedtls_mpi_init(&limb);
    err |= mbedtls_mpi_lset(out, 0);
    for (int i = 4; i >= 0; i--) {
        for (int k = 0; k < 8; k++) {
            be[k] = (uint8_t)(a->v[i] >> (56 - 8 * k));
        }
        err |= mbedtls_mpi_read_binary(&limb, be, sizeof be);
        err |= mbedtls_mpi_shift_l(out, 51);
        err |= mbedtls_mpi_add_mpi(out, out, &limb);
    }
    mbedtls_mpi_free(&limb);
    assert_int_equal(err, 0);
}

/* Modulo p, little-endian; the mpi is spent. */
static void mpi_bytes(uint8_t out[32], mbedtls_mpi *x)
{
    uint8_t be[32];

    assert_int_equal(mbedtls_mpi_mod_mpi(x, x, &prime), 0);
    assert_int_equal(mbedtls_mpi_write_binary(x, be, sizeof be), 0);
    for (int i = 0; i < 32; i++) {
        out[i] = be[31 - i];
    }
}

enum op { ADD, SUB, MUL };

static void want_of(enum op op, uint8_t out[32], const struct cs_fe *a,
                    const struct cs_fe *b)
{
    mbedtls_mpi x, y;
    int err = 0;

    mbedtls_mpi_init(&x);
    mbedtls_mpi_init(&y);
    to_mpi(&x, a);
    to_mpi(&y, b);
    if (op == ADD) {
        err = mbedtls_mpi_add_mpi(&x, &x, &y);
    } else if (op == SUB) {
        err = mbedtls_mpi_sub_mpi(&x, &x, &y);
    } else {
        err = mbedtls_mpi_mul_mpi(&x, &x, &y);
    }
    assert_int_equal(err, 0);
    mpi_bytes(out, &x);
    mbedtls_mpi_free(&x);
    mbedtls_mpi_free(&y);
}

static void is(const struct cs_fe *got, const uint8_t want[32], uint64_t bound)
{
    uint8_t b[32];

    assert_true(fe_below(got, bound));
    cs_fe_store(b, got);
    assert_memory_equal(b, want, sizeof b);
}

/* ---- against mbedTLS ------------------------------------------------------------- */

static void products_are_those_of_mbedtls(void **state)
{
    const long runs = ristretto_runs();
    uint8_t want[32];

    (void)state;
    stream_init(&rnd, 1);
    for (long i = 0; i < runs; i++) {
        struct cs_fe a = some_loose(), b = some_loose(), got;

        if (i == 0) { /* the largest of all */
            for (int k = 0; k < 5; k++) {
                a.v[k] = b.v[k] = FE_LOOSE - 1;
            }
        }
        want_of(MUL, want, &a, &b);
        fe_mul(&got, &a, &b);
        is(&got, want, FE_TIGHT);
        got = a;
        fe_mul(&got, &got, &b); /* in place */
        is(&got, want, FE_TIGHT);
        got = b;
        fe_mul(&got, &a, &got);
        is(&got, want, FE_TIGHT);
    }
}

static void squares_are_those_of_mbedtls(void **state)
{
    const long runs = ristretto_runs();
    uint8_t want[32];

    (void)state;
    stream_init(&rnd, 2);
    for (long i = 0; i < runs; i++) {
        struct cs_fe a = some_loose(), got;

        if (i == 0) {
            for (int k = 0; k < 5; k++) {
                a.v[k] = FE_LOOSE - 1;
            }
        }
        want_of(MUL, want, &a, &a);
        fe_square(&got, &a);
        is(&got, want, FE_TIGHT);
        fe_square(&a, &a);
        is(&a, want, FE_TIGHT);
    }
}

static void sums_and_differences_are_those_of_mbedtls(void **state)
{
    const long runs = ristretto_runs();
    uint8_t want[32];

    (void)state;
    stream_init(&rnd, 3);
    for (long i = 0; i < runs; i++) {
        struct cs_fe a = some_fe(53, 0), b = some_fe(52, UINT64_C(1) << 18), got;

        want_of(SUB, want, &a, &b);
        fe_sub(&got, &a, &b);
        is(&got, want, FE_LOOSE);
        fe_carry(&got, &got);
        is(&got, want, FE_TIGHT);
        want_of(ADD, want, &a, &b);
        fe_add(&got, &a, &b);
        is(&got, want, FE_LOOSE);
    }
}

/* ---- one representative ---------------------------------------------------------- */

/* Every way to write v, with p added up to 19 times: limbs stay loose. */
static void is_written_in_one_way(struct cs_fe a)
{
    uint8_t want[32], got[32];
    mbedtls_mpi x;
    struct cs_fe again;

    mbedtls_mpi_init(&x);
    to_mpi(&x, &a);
    mpi_bytes(want, &x);
    mbedtls_mpi_free(&x);
    cs_fe_store(got, &a);
    assert_memory_equal(got, want, sizeof got);
    assert_true(cs_fe_is_zero(&a) == (sodium_is_zero(want, 32) ? UINT64_MAX : 0));
    assert_true(cs_fe_is_negative(&a) == ((want[0] & 1) != 0 ? UINT64_MAX : 0));
    cs_fe_load(&again, want);
    is(&again, want, FE_MASK + 1);
    want[31] |= 0x80; /* is ignored */
    cs_fe_load(&again, want);
    want[31] &= 0x7f;
    is(&again, want, FE_MASK + 1);
}

static void a_number_is_written_in_one_way(void **state)
{
    const long runs = ristretto_runs();
    static const struct cs_fe p = {{FE_MASK - 18, FE_MASK, FE_MASK, FE_MASK, FE_MASK}};

    (void)state;
    stream_init(&rnd, 4);
    for (uint64_t low = 0; low < 40; low++) { /* 0.. and p-20..p+20, with p more */
        struct cs_fe a = {{low, 0, 0, 0, 0}};

        for (int k = 0; k < 6; k++) {
            is_written_in_one_way(a);
            fe_add(&a, &a, &p);
        }
        a = p;
        a.v[0] = FE_MASK - low;
        is_written_in_one_way(a);
    }
    for (long i = 0; i < runs; i++) {
        is_written_in_one_way(some_loose());
    }
}

static void signs_are_those_of_the_rfc(void **state)
{
    const long runs = ristretto_runs() / 10;
    uint8_t plain[32], minus[32];

    (void)state;
    stream_init(&rnd, 5);
    for (long i = 0; i < runs; i++) {
        struct cs_fe a = i == 0 ? cs_fe_zero : some_tight(), got;

        want_of(ADD, plain, &a, &cs_fe_zero);
        want_of(SUB, minus, &cs_fe_zero, &a);
        cs_fe_negate_if(&got, &a, UINT64_MAX);
        is(&got, minus, FE_TIGHT);
        cs_fe_negate_if(&got, &a, 0);
        is(&got, plain, FE_TIGHT);
        a = some_loose();
        want_of(ADD, plain, &a, &cs_fe_zero);
        want_of(SUB, minus, &cs_fe_zero, &a);
        cs_fe_abs(&got, &a);
        is(&got, (plain[0] & 1) != 0 ? minus : plain, FE_TIGHT);
    }
}

/* ---- powers ---------------------------------------------------------------------- */

static void inverses_are_those_of_mbedtls(void **state)
{
    const long runs = ristretto_runs() / PER_POWER;
    struct cs_fe got;
    uint8_t want[32] = {0};

    (void)state;
    stream_init(&rnd, 6);
    cs_fe_invert(&got, &cs_fe_zero);
    is(&got, want, FE_TIGHT);
    for (long i = 0; i < runs; i++) {
        struct cs_fe a = some_loose();
        mbedtls_mpi x;

        if (cs_fe_is_zero(&a) != 0) {
            continue;
        }
        mbedtls_mpi_init(&x);
        to_mpi(&x, &a);
        assert_int_equal(mbedtls_mpi_inv_mod(&x, &x, &prime), 0);
        mpi_bytes(want, &x);
        mbedtls_mpi_free(&x);
        cs_fe_invert(&got, &a);
        is(&got, want, FE_TIGHT);
    }
}

/* Whether x^((p-1)/2) is 0 or 1. */
static bool is_square(const struct cs_fe *a)
{
    mbedtls_mpi x, e;
    bool yes;

    mbedtls_mpi_init(&x);
    mbedtls_mpi_init(&e);
    to_mpi(&x, a);
    assert_int_equal(mbedtls_mpi_copy(&e, &prime), 0);
    assert_int_equal(mbedtls_mpi_shift_r(&e, 1), 0);
    assert_int_equal(mbedtls_mpi_mod_mpi(&x, &x, &prime), 0);
    assert_int_equal(mbedtls_mpi_exp_mod(&x, &x, &e, &prime, NULL), 0);
    yes = mbedtls_mpi_cmp_int(&x, 1) <= 0;
    mbedtls_mpi_free(&x);
    mbedtls_mpi_free(&e);
    return yes;
}

/* RFC 9496, 4.2: v r^2 is u, or i u when u/v is no square; r is not negative. */
static void square_roots_of_quotients_are_what_the_rfc_says(void **state)
{
    const long runs = ristretto_runs() / PER_POWER / 4;
    long squares = 0;

    (void)state;
    stream_init(&rnd, 7);
    for (long i = 0; i < runs; i++) {
        struct cs_fe u = some_tight(), v = some_tight(), r, t, uv;
        uint8_t want[32];
        uint64_t found;

        u = i % 16 == 0 ? cs_fe_zero : u;
        v = i % 16 == 1 ? cs_fe_zero : v;
        found = cs_fe_sqrt_ratio(&r, &u, &v);
        assert_true(fe_below(&r, FE_TIGHT));
        assert_true(cs_fe_is_negative(&r) == 0);
        if (cs_fe_is_zero(&v) != 0) {
            assert_true(cs_fe_is_zero(&r) != 0);
            assert_true(found == cs_fe_is_zero(&u));
            continue;
        }
        fe_mul(&uv, &u, &v);
        assert_true(found == (is_square(&uv) ? UINT64_MAX : 0));
        fe_square(&t, &r);
        fe_mul(&t, &t, &v);
        if (found == 0) {
            fe_mul(&u, &u, &cs_fe_sqrt_m1);
        }
        want_of(ADD, want, &u, &cs_fe_zero);
        is(&t, want, FE_TIGHT);
        squares += found != 0;
    }
    assert_in_range(squares, runs / 3, runs - runs / 3);
}

/* ---- constants ------------------------------------------------------------------- */

/* a = small number. */
static void is_small(const struct cs_fe *a, uint64_t n)
{
    struct cs_fe want = {{n}};
    uint8_t b[32];

    cs_fe_store(b, &want);
    is(a, b, FE_LOOSE);
}

/* By what defines them (RFC 9496, 4.1); signs as there, where they matter. */
static void constants_are_what_defines_them(void **state)
{
    const struct cs_fe k121665 = {{121665}}, k121666 = {{121666}};
    struct cs_fe t, u, am1;

    (void)state;
    fe_mul(&t, &cs_fe_d, &k121666); /* d = -121665/121666 */
    fe_add(&t, &t, &k121665);
    is_small(&t, 0);
    fe_sub(&t, &cs_fe_2d, &cs_fe_d);
    fe_sub(&t, &cs_fe_2d, &cs_fe_d);
    fe_carry(&t, &t);
    fe_sub(&t, &t, &cs_fe_d);
    is_small(&t, 0);
    fe_square(&t, &cs_fe_sqrt_m1);
    fe_add(&t, &t, &cs_fe_one);
    is_small(&t, 0);
    assert_true(cs_fe_is_negative(&cs_fe_sqrt_m1) == 0);
    fe_add(&am1, &cs_fe_d, &cs_fe_one); /* -(a - d) = -(a d - 1) for a = -1 */
    fe_square(&t, &invsqrt_a_minus_d);
    fe_mul(&t, &t, &am1);
    fe_add(&t, &t, &cs_fe_one);
    is_small(&t, 0);
    assert_true(cs_fe_is_negative(&invsqrt_a_minus_d) == 0);
    fe_square(&t, &sqrt_ad_minus_one);
    fe_add(&t, &t, &am1);
    is_small(&t, 0);
    assert_true(cs_fe_is_negative(&sqrt_ad_minus_one) != 0); /* as the RFC's is */
    fe_square(&t, &cs_fe_d);
    fe_add(&t, &t, &one_minus_d_sq);
    is_small(&t, 1);
    fe_sub(&u, &cs_fe_d, &cs_fe_one);
    fe_square(&u, &u);
    fe_sub(&t, &u, &d_minus_one_sq);
    is_small(&t, 0);
    fe_add(&t, &minus_one, &cs_fe_one);
    is_small(&t, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(constants_are_what_defines_them),
        cmocka_unit_test(products_are_those_of_mbedtls),
        cmocka_unit_test(squares_are_those_of_mbedtls),
        cmocka_unit_test(sums_and_differences_are_those_of_mbedtls),
        cmocka_unit_test(a_number_is_written_in_one_way),
        cmocka_unit_test(signs_are_those_of_the_rfc),
        cmocka_unit_test(inverses_are_those_of_mbedtls),
        cmocka_unit_test(square_roots_of_quotients_are_what_the_rfc_says),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
