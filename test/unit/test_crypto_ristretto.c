/* Our ristretto255 against the vectors of RFC 9496 and, operation by operation, against
 * libsodium's; and with every limb's bound asserted, against itself. */
#include "support/ristretto_checked.h"

#include <pthread.h>

#include "support/ristretto_ref.h"

/* The product's own build, whose names the header above took. */
#undef CS_FE_CHECK
#undef cs_ristretto_decode
#undef cs_ristretto_encode
#undef cs_ristretto_encode_doubles
#undef cs_ristretto_add
#undef cs_ristretto_sub
#undef cs_ristretto_choose
#undef cs_ristretto_mul
#undef cs_ristretto_mul_base
#undef cs_ristretto_half
#undef cs_ristretto_from_hash
#undef cs_ristretto_scrub

bool cs_ristretto_decode(struct cs_ristretto *out, const uint8_t b[32]) CS_MUST_USE;
void cs_ristretto_encode(uint8_t b[32], const struct cs_ristretto *p);
uint64_t cs_ristretto_encode_doubles(uint8_t (*b)[32], const struct cs_ristretto *p,
                                     size_t n) CS_MUST_USE;
void cs_ristretto_add(struct cs_ristretto *out, const struct cs_ristretto *a,
                      const struct cs_ristretto *b);
void cs_ristretto_sub(struct cs_ristretto *out, const struct cs_ristretto *a,
                      const struct cs_ristretto *b);
void cs_ristretto_choose(struct cs_ristretto *out, const struct cs_ristretto *a,
                         const struct cs_ristretto *b, unsigned bit);
void cs_ristretto_mul(struct cs_ristretto *out, const uint8_t scalar[32],
                      const struct cs_ristretto *p);
void cs_ristretto_mul_base(struct cs_ristretto *out, const uint8_t scalar[32]);
void cs_ristretto_half(uint8_t half[32], const uint8_t scalar[32]);
void cs_ristretto_from_hash(struct cs_ristretto *out, const uint8_t wide[64]);
void cs_ristretto_scrub(void);

static struct stream rnd;

static int setup(void **state)
{
    (void)state;
    checked_init();
    return cs_crypto_init() != CS_OK;
}

static void is(const struct cs_ristretto *p, const uint8_t want[32])
{
    uint8_t got[32];

    cs_ristretto_encode(got, p);
    assert_memory_equal(got, want, 32);
}

static void is_hex(const struct cs_ristretto *p, const char *hex)
{
    uint8_t want[32];

    ristretto_unhex(want, sizeof want, hex);
    is(p, want);
}

/* A point with z of its own, and its encoding by libsodium. */
static struct cs_ristretto some_element(uint8_t code[32])
{
    struct cs_ristretto p;
    uint8_t wide[64];

    stream_edgy(&rnd, wide, sizeof wide);
    assert_int_equal(crypto_core_ristretto255_from_hash(code, wide), 0);
    cs_ristretto_from_hash(&p, wide);
    return p;
}

/* Not the identity, which some of the edgy inputs hash to. */
static struct cs_ristretto other_element(uint8_t code[32])
{
    struct cs_ristretto p;

    do {
        p = some_element(code);
    } while (sodium_is_zero(code, 32));
    return p;
}

static struct cs_ristretto decoded(const uint8_t code[32])
{
    struct cs_ristretto p;

    assert_true(cs_ristretto_decode(&p, code));
    return p;
}

/* ---- RFC 9496, appendix A -------------------------------------------------------- */

static void multiples_of_the_base_point_are_those_of_a_1(void **state)
{
    static const char *const want[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76",
        "6a493210f7499cd17fecb510ae0cea23a110e8d5b901f8acadd3095c73a3b919",
        "94741f5d5d52755ece4f23f044ee27d5d1ea1e2bd196b462166b16152a9d0259",
        "da80862773358b466ffadfe0b3293ab3d9fd53c5ea6c955358f568322daf6a57",
        "e882b131016b52c1d3337080187cf768423efccbb517bb495ab812c4160ff44e",
        "f64746d3c92b13050ed8d80236a7f0007c3b3f962f5ba793d19a601ebb1df403",
        "44f53520926ec81fbd5a387845beb7df85a96a24ece18738bdcfa6a7822a176d",
        "903293d8f2287ebe10e2374dc1a53e0bc887e592699f02d077d5263cdd55601c",
        "02622ace8f7303a31cafc63f8fc48fdc16e1c8c8d234b2f0d6685282a9076031",
        "20706fd788b2720a1ed2a5dad4952b01f413bcf0e7564de8cdc816689e2db95f",
        "bce83f8ba5dd2fa572864c24ba1810f9522bc6004afe95877ac73241cafdab42",
        "e4549ee16b9aa03099ca208c67adafcafa4c3f3e4e5303de6026e3ca8ff84460",
        "aa52e000df2e16f55fb1032fc33bc42742dad6bd5a8fc0be0167436c5948501f",
        "46376b80f409b29dc2b5f6f0c52591990896e5716f41477cd30085ab7f10301e",
        "e0c418f7c8d9c4cdd7395b93ea124f3ad99021bb681dfc3302a9d99a2e53e64e",
    };
    struct cs_ristretto base, sum, p;
    uint8_t k[32] = {1}, code[32];

    (void)state;
    ristretto_unhex(code, sizeof code, want[1]);
    base = decoded(code);
    k[0] = 0;
    cs_ristretto_mul_base(&sum, k);
    for (size_t i = 0; i < CS_COUNTOF(want); i++) {
        k[0] = (uint8_t)i;
        cs_ristretto_mul_base(&p, k);
        is_hex(&p, want[i]);
        cs_ristretto_mul(&p, k, &base);
        is_hex(&p, want[i]);
        is_hex(&sum, want[i]);
        cs_ristretto_add(&sum, &sum, &base);
    }
}

static void encodings_of_a_2_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(bad_encodings); i++) {
        struct cs_ristretto p;
        uint8_t code[32];

        ristretto_unhex(code, sizeof code, bad_encodings[i]);
        assert_false(cs_ristretto_decode(&p, code));
        is_hex(&p, edge_scalars[0]); /* not what was found halfway */
        assert_int_equal(crypto_core_ristretto255_is_valid_point(code), 0);
    }
}

static void hashes_of_a_3_give_its_elements(void **state)
{
    static const char *const rows[][2] = {
        {"5d1be09e3d0c82fc538112490e35701979d99e06ca3e2b5b54bffe8b4dc772c1"
         "4d98b696a1bbfb5ca32c436cc61c16563790306c79eaca7705668b47dffe5bb6",
         "3066f82a1a747d45120d1740f14358531a8f04bbffe6a819f86dfe50f44a0a46"},
        {"f116b34b8f17ceb56e8732a60d913dd10cce47a6d53bee9204be8b44f6678b27"
         "0102a56902e2488c46120e9276cfe54638286b9e4b3cdb470b542d46c2068d38",
         "f26e5b6f7d362d2d2a94c5d0e7602cb4773c95a2e5c31a64f133189fa76ed61b"},
        {"8422e1bbdaab52938b81fd602effb6f89110e1e57208ad12d9ad767e2e25510c"
         "27140775f9337088b982d83d7fcf0b2fa1edffe51952cbe7365e95c86eaf325c",
         "006ccd2a9e6867e6a2c5cea83d3302cc9de128dd2a9a57dd8ee7b9d7ffe02826"},
        {"ac22415129b61427bf464e17baee8db65940c233b98afce8d17c57beeb7876c2"
         "150d15af1cb1fb824bbd14955f2b57d08d388aab431a391cfc33d5bafb5dbbaf",
         "f8f0c87cf237953c5890aec3998169005dae3eca1fbb04548c635953c817f92a"},
        {"165d697a1ef3d5cf3c38565beefcf88c0f282b8e7dbd28544c483432f1cec767"
         "5debea8ebb4e5fe7d6f6e5db15f15587ac4d4d4a1de7191e0c1ca6664abcc413",
         "ae81e7dedf20a497e10c304a765c1767a42d6e06029758d2d7e8ef7cc4c41179"},
        {"a836e6c9a9ca9f1e8d486273ad56a78c70cf18f0ce10abb1c7172ddd605d7fd2"
         "979854f47ae1ccf204a33102095b4200e5befc0465accc263175485f0e17ea5c",
         "e2705652ff9f5e44d3e841bf1c251cf7dddb77d140870d1ab2ed64f1a9ce8628"},
        {"2cdc11eaeb95daf01189417cdddbf95952993aa9cb9c640eb5058d09702c7462"
         "2c9965a697a3b345ec24ee56335b556e677b30e6f90ac77d781064f866a3c982",
         "80bd07262511cdde4863f8a7434cef696750681cb9510eea557088f76d9e5065"},
    };

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(rows); i++) {
        struct cs_ristretto p;
        uint8_t wide[64];

        ristretto_unhex(wide, sizeof wide, rows[i][0]);
        cs_ristretto_from_hash(&p, wide);
        is_hex(&p, rows[i][1]);
    }
}

/* The rest of A.3: bytes that differ in bits above 2^255, or by p, are one input. */
static void inputs_of_a_3_that_are_one_number_give_one_element(void **state)
{
    static const char *const rows[] = {
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
        "1200000000000000000000000000000000000000000000000000000000000000",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "0000000000000000000000000000000000000000000000000000000000000080"
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0000000000000000000000000000000000000000000000000000000000000000"
        "1200000000000000000000000000000000000000000000000000000000000080",
    };

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(rows); i++) {
        struct cs_ristretto p;
        uint8_t wide[64], sodium[32];

        ristretto_unhex(wide, sizeof wide, rows[i]);
        cs_ristretto_from_hash(&p, wide);
        is_hex(&p, "304282791023b73128d277bdcb5c7746ef2eac08dde9f2983379cb8e5ef0517f");
        assert_int_equal(crypto_core_ristretto255_from_hash(sodium, wide), 0);
        is(&p, sodium);
    }
}

/* ---- libsodium ------------------------------------------------------------------- */

/* Random bytes, encodings, and encodings with one bit changed: half of them are none.
 */
static void the_same_bytes_decode(void **state)
{
    const long runs = ristretto_runs() / GROUP_SHARE;
    long good = 0;

    (void)state;
    stream_init(&rnd, 1);
    for (long i = 0; i < runs; i++) {
        struct cs_ristretto p, q;
        uint8_t code[32], bit;
        bool ok;

        if (i % 2 == 0) {
            stream_edgy(&rnd, code, sizeof code);
            code[31] &= i % 4 == 0 ? 0x7f : 0xff;
            code[0] &= i % 8 == 0 ? 0xfe : 0xff;
        } else {
            (void)some_element(code);
            stream_bytes(&rnd, &bit, 1);
            code[bit / 8] ^= (uint8_t)(i % 4 == 1 ? 1U << bit % 8 : 0);
        }
        /* libsodium 1.0.18 does not look at the top bit; the RFC does. */
        ok = crypto_core_ristretto255_is_valid_point(code) == 1 && code[31] < 0x80;
        assert_int_equal(cs_ristretto_decode(&p, code), ok);
        assert_int_equal(checked_decode(&q, code), ok);
        assert_memory_equal(&p, &q, sizeof p);
        if (ok) {
            is(&p, code);
            good++;
        }
    }
    assert_in_range(good, runs / 4, runs - runs / 4);
}

static void hashes_sums_and_differences_are_the_same(void **state)
{
    const long runs = ristretto_runs() / GROUP_SHARE;

    (void)state;
    stream_init(&rnd, 2);
    for (long i = 0; i < runs; i++) {
        uint8_t a[32], b[32], want[32];
        struct cs_ristretto p = some_element(a), q = some_element(b), r;

        if (i % 16 == 0) {
            q = p;
            memcpy(b, a, sizeof b);
        }
        if (i % 16 == 1) {
            memset(b, 0, sizeof b);
            q = decoded(b);
        }
        if (i % 2 == 0) {
            p = decoded(a);
        }
        is(&p, a);
        assert_int_equal(crypto_core_ristretto255_add(want, a, b), 0);
        cs_ristretto_add(&r, &p, &q);
        is(&r, want);
        assert_int_equal(crypto_core_ristretto255_sub(want, a, b), 0);
        cs_ristretto_sub(&r, &p, &q);
        is(&r, want);
        cs_ristretto_choose(&r, &p, &q, (unsigned)i % 3 == 0);
        assert_memory_equal(&r, (unsigned)i % 3 == 0 ? &q : &p, sizeof r);
    }
}

/* libsodium gives an error and zeros where the product is the identity. */
static void products_are_the_same(void **state)
{
    const long runs = ristretto_runs() / GROUP_SHARE;
    struct cs_ristretto two[2], r;
    uint8_t k[32], half[32], a[32], want[2][32], got[2][32];

    (void)state;
    stream_init(&rnd, 3);
    for (long i = 0; i < runs; i++) {
        struct cs_ristretto p = some_element(a);
        bool none, zero;

        draw_scalar(&rnd, i, k);
        none = crypto_scalarmult_ristretto255(want[0], k, a) != 0;
        zero = crypto_scalarmult_ristretto255_base(want[1], k) != 0;
        assert_int_equal(zero, sodium_is_zero(k, sizeof k));
        assert_int_equal(none, zero || sodium_is_zero(a, sizeof a));
        cs_ristretto_half(half, k);
        cs_ristretto_mul(&two[0], half, &p);
        cs_ristretto_mul_base(&two[1], half);
        assert_int_equal(cs_ristretto_encode_doubles(got, two, 2) != 0, none);
        assert_memory_equal(got, want, sizeof got);
        if (i % 4 == 0 || i < 100) {
            cs_ristretto_mul(&r, k, &p);
            is(&r, want[0]);
            cs_ristretto_mul_base(&r, k);
            is(&r, want[1]);
        }
    }
}

/* An odd scalar has l added: no carry may be lost, nor one be made of an even one. */
static void halves_make_the_whole(void **state)
{
    const long runs = ristretto_runs() / GROUP_SHARE;

    (void)state;
    stream_init(&rnd, 4);
    for (long i = 0; i < runs; i++) {
        uint8_t k[32], half[32], again[32];

        draw_scalar(&rnd, i, k);
        cs_ristretto_half(half, k);
        crypto_core_ristretto255_scalar_add(again, half, half);
        assert_memory_equal(again, k, sizeof k);
        memset(again, 0, sizeof again);
        crypto_core_ristretto255_scalar_add(again, again, half);
        assert_memory_equal(again, half, sizeof half); /* it is reduced */
    }
}

/* ---- cosets ---------------------------------------------------------------------- */

/* p and what the four points of order 1, 2 and 4 make of it are one element. */
static void torsion_does_not_show(void **state)
{
    static const struct cs_ristretto torsion[] = {
        {.y.v[0] = 1, .z.v[0] = 1},
        {.y = {{0x7ffffffffffec, 0x7ffffffffffff, 0x7ffffffffffff, 0x7ffffffffffff,
                0x7ffffffffffff}},
         .z.v[0] = 1}, /* (0, -1) */
        {.x = {{0x61b274a0ea0b0, 0x0d5a5fc8f189d, 0x7ef5e9cbd0c60, 0x78595a6804c9e,
                0x2b8324804fc1d}},
         .z.v[0] = 1}, /* (sqrt(-1), 0) */
        {.x = {{0x1e4d8b5f15f3d, 0x72a5a0370e762, 0x010a16342f39f, 0x07a6a597fb361,
                0x547cdb7fb03e2}},
         .z.v[0] = 1}, /* (-sqrt(-1), 0) */
    };
    uint8_t code[32], k[32], want[32], got[1][32];

    (void)state;
    stream_init(&rnd, 5);
    for (long i = 0; i < 400; i++) {
        struct cs_ristretto p = other_element(code), q, r;
        bool none;

        if (i < 4) {
            memset(code, 0, sizeof code); /* the identity's own coset */
            p = decoded(code);
        }
        draw_scalar(&rnd, i + 1, k);
        none = crypto_scalarmult_ristretto255(want, k, code) != 0;
        assert_true(none || i >= 4);
        for (size_t n = 0; n < CS_COUNTOF(torsion); n++) {
            cs_ristretto_add(&q, &p, &torsion[n]);
            is(&q, code);
            cs_ristretto_mul(&r, k, &q);
            is(&r, want);
            cs_ristretto_half(k, k);
            cs_ristretto_mul(&r, k, &q);
            assert_int_equal(cs_ristretto_encode_doubles(got, &r, 1) != 0, none);
            assert_memory_equal(got[0], want, 32);
            crypto_core_ristretto255_scalar_add(k, k, k);
        }
    }
}

/* ---- batches --------------------------------------------------------------------- */

static void a_batch_of_any_size_is_encoded_as_one_by_one(void **state)
{
    struct cs_ristretto p[CS_RISTRETTO_BATCH], twice;
    uint8_t got[CS_RISTRETTO_BATCH][32], code[32];

    (void)state;
    stream_init(&rnd, 6);
    for (size_t n = 0; n <= CS_RISTRETTO_BATCH; n++) {
        for (size_t i = 0; i < n; i++) {
            p[i] = other_element(code);
        }
        assert_int_equal(cs_ristretto_encode_doubles(got, p, n), 0);
        for (size_t i = 0; i < n; i++) {
            cs_ristretto_add(&twice, &p[i], &p[i]);
            is(&twice, got[i]);
        }
    }
}

/* An identity, wherever it stands, is told and spoils none of the others. */
static void an_identity_in_a_batch_is_told(void **state)
{
    static const uint8_t none[32];
    struct cs_ristretto p[CS_RISTRETTO_BATCH];
    uint8_t want[CS_RISTRETTO_BATCH][32], got[CS_RISTRETTO_BATCH][32], code[32];

    (void)state;
    stream_init(&rnd, 7);
    for (size_t i = 0; i < CS_RISTRETTO_BATCH; i++) {
        p[i] = other_element(code);
    }
    assert_int_equal(cs_ristretto_encode_doubles(want, p, CS_RISTRETTO_BATCH), 0);
    for (size_t at = 0; at < CS_RISTRETTO_BATCH; at++) {
        struct cs_ristretto kept = p[at];

        cs_ristretto_sub(&p[at], &kept, &kept);
        assert_true(cs_ristretto_encode_doubles(got, p, CS_RISTRETTO_BATCH) ==
                    UINT64_MAX);
        for (size_t i = 0; i < CS_RISTRETTO_BATCH; i++) {
            assert_memory_equal(got[i], i == at ? none : want[i], 32);
        }
        p[at] = kept;
    }
}

/* ---- bounds ---------------------------------------------------------------------- */

/* Everything once more with each limb's bound asserted on the way; the points come out
 * the same to the limb. */
static void no_limb_leaves_its_bound(void **state)
{
    const long runs = ristretto_runs() / GROUP_SHARE / 20;
    struct cs_ristretto p, q, sum, got;
    uint8_t wide[64], k[32], code[2][32];

    (void)state;
    stream_init(&rnd, 8);
    for (long i = 0; i < runs; i++) {
        stream_edgy(&rnd, wide, sizeof wide);
        draw_scalar(&rnd, i, k);
        checked_from_hash(&p, wide);
        cs_ristretto_from_hash(&got, wide);
        assert_memory_equal(&got, &p, sizeof p);
        checked_mul(&q, k, &p);
        cs_ristretto_mul(&got, k, &p);
        assert_memory_equal(&got, &q, sizeof q);
        checked_mul_base(&p, k);
        cs_ristretto_mul_base(&got, k);
        assert_memory_equal(&got, &p, sizeof p);
        checked_add(&sum, &p, &q);
        checked_sub(&sum, &sum, &p);
        checked_choose(&sum, &sum, &q, 0);
        checked_encode(code[0], &sum);
        cs_ristretto_encode(code[1], &q);
        assert_memory_equal(code[0], code[1], 32);
        assert_int_equal(checked_encode_doubles(&code[0], &sum, 1) != 0,
                         sodium_is_zero(code[1], 32));
        cs_ristretto_add(&q, &q, &q);
        is(&q, code[0]);
        checked_half(code[0], k);
        cs_ristretto_half(code[1], k);
        assert_memory_equal(code[0], code[1], 32);
    }
}

/* ---- what is left on the stack --------------------------------------------------- */

#ifndef RISTRETTO_SLOW /* sanitizers keep copies of their own */

enum { OWN_STACK = 256 * 1024 };
static _Alignas(4096) uint8_t own_stack[OWN_STACK];
static struct cs_ristretto left_a, left_b[CS_RISTRETTO_BATCH], left_out;
static uint8_t left_code[CS_RISTRETTO_BATCH][32], left_k[32], left_wide[64];

static void *leave_sum(void *unused)
{
    cs_ristretto_add(&left_out, &left_a, &left_b[0]);
    cs_ristretto_sub(&left_out, &left_a, &left_b[0]);
    cs_ristretto_scrub();
    return unused;
}

static void *leave_encoding(void *unused)
{
    cs_ristretto_encode(left_code[0], &left_a);
    cs_ristretto_scrub();
    return unused;
}

static void *leave_doubles(void *unused)
{
    (void)!cs_ristretto_encode_doubles(left_code, left_b, CS_RISTRETTO_BATCH);
    cs_ristretto_scrub();
    return unused;
}

static void *leave_products(void *unused)
{
    cs_ristretto_mul(&left_out, left_k, &left_a);
    cs_ristretto_mul_base(&left_out, left_k);
    cs_ristretto_from_hash(&left_out, left_wide);
    cs_ristretto_scrub();
    return unused;
}

/* Within 4 GB of the program, its libraries (and their threads), or the stack. */
static bool can_be_address(uint64_t word)
{
    const uint64_t near[] = {(uintptr_t)own_stack, (uintptr_t)sodium_memzero,
                             (uintptr_t)pthread_create, (uintptr_t)&word};

    for (size_t i = 0; i < CS_COUNTOF(near); i++) {
        if ((word >> 32) - (near[i] >> 32) + 1 <= 2) {
            return true;
        }
    }
    return false;
}

/* Words of 45 to 53 bits that are no addresses. */
static size_t limbs_left(void *(*fn)(void *))
{
    pthread_attr_t attr;
    pthread_t thread;
    size_t n = 0;

    memset(own_stack, 0, sizeof own_stack);
    assert_int_equal(pthread_attr_init(&attr), 0);
    assert_int_equal(pthread_attr_setstack(&attr, own_stack, sizeof own_stack), 0);
    assert_int_equal(pthread_create(&thread, &attr, fn, NULL), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    (void)pthread_attr_destroy(&attr);
    for (size_t i = 0; i < sizeof own_stack; i += 8) {
        uint64_t word;

        memcpy(&word, own_stack + i, sizeof word);
        n += word >> 44 != 0 && word >> 53 == 0 && !can_be_address(word);
    }
    return n;
}

static void *leave_nothing(void *unused)
{
    return unused;
}

/* What the start of a thread leaves is known from one that does nothing. */
static void no_limb_is_left_on_the_stack(void **state)
{
    size_t empty = limbs_left(leave_nothing);

    (void)state;
    stream_init(&rnd, 9);
    for (size_t i = 0; i < CS_RISTRETTO_BATCH; i++) {
        left_b[i] = other_element(left_code[i]);
    }
    left_a = other_element(left_code[0]);
    draw_scalar(&rnd, 100, left_k);
    stream_bytes(&rnd, left_wide, sizeof left_wide);
    assert_in_range(limbs_left(leave_sum), 0, empty);
    assert_in_range(limbs_left(leave_encoding), 0, empty);
    assert_in_range(limbs_left(leave_doubles), 0, empty);
    assert_in_range(limbs_left(leave_products), 0, empty);
}

#else

static void no_limb_is_left_on_the_stack(void **state)
{
    (void)state;
    skip();
}

#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(multiples_of_the_base_point_are_those_of_a_1),
        cmocka_unit_test(encodings_of_a_2_are_refused),
        cmocka_unit_test(hashes_of_a_3_give_its_elements),
        cmocka_unit_test(inputs_of_a_3_that_are_one_number_give_one_element),
        cmocka_unit_test(the_same_bytes_decode),
        cmocka_unit_test(hashes_sums_and_differences_are_the_same),
        cmocka_unit_test(products_are_the_same),
        cmocka_unit_test(halves_make_the_whole),
        cmocka_unit_test(torsion_does_not_show),
        cmocka_unit_test(a_batch_of_any_size_is_encoded_as_one_by_one),
        cmocka_unit_test(an_identity_in_a_batch_is_told),
        cmocka_unit_test(no_limb_leaves_its_bound),
        cmocka_unit_test(no_limb_is_left_on_the_stack),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
