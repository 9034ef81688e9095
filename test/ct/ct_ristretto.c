/* PROTOCOLS 10, row 51, for our ristretto255 arithmetic: scalars, points and what is
 * hashed to the group are all marked (support/ct_run.h). */
#include "support/ct_run.h"

#include "allowed.h"
#include "crypto/ristretto_field.h"

#ifdef CT_RUNS

static struct {
    uint8_t wide[2][CS_RISTRETTO_WIDE], scalar[32], half[32];
    struct cs_ristretto p[CS_RISTRETTO_BATCH], q, r;
    struct cs_fe a, b;
    unsigned bit;
} s;

static uint8_t code[CS_RISTRETTO_BATCH][32];
static uint64_t any;

static void field(void)
{
    struct cs_fe x;

    cs_fe_load(&x, s.wide[0]);
    cs_fe_load(&s.b, s.wide[1]);
    any |= cs_fe_sqrt_ratio(&s.a, &x, &s.b);
    cs_fe_invert(&x, &x);
    any |= cs_fe_is_zero(&x) | cs_fe_is_negative(&x);
    cs_fe_negate_if(&x, &x, any);
    cs_fe_abs(&x, &x);
    cs_fe_store(code[0], &x);
}

static void points(void)
{
    cs_ristretto_from_hash(&s.p[0], s.wide[0]);
    cs_ristretto_from_hash(&s.q, s.wide[1]);
    cs_ristretto_add(&s.r, &s.p[0], &s.q);
    cs_ristretto_sub(&s.p[1], &s.r, &s.q);
    cs_ristretto_choose(&s.q, &s.p[1], &s.r, s.bit);
    cs_ristretto_half(s.half, s.scalar);
    cs_ristretto_mul(&s.p[2], s.half, &s.q);
    cs_ristretto_mul_base(&s.p[3], s.half);
    cs_ristretto_encode(code[0], &s.p[2]);
}

static void encodings(void)
{
    any |= cs_ristretto_encode_doubles(code, s.p, 4);
}

static bool is_marked(void *p, size_t n)
{
    return VALGRIND_CHECK_MEM_IS_DEFINED(p, n) != 0;
}

static bool ct_inside(void)
{
    bool ok = cs_crypto_init() == CS_OK;

    memset(&s, 0x35, sizeof s); /* any bytes: limbs of points are made from them */
    s.scalar[31] = 0x05;
    s.bit = 1;
    ok = ct_clean("field", &s, sizeof s, field) && ok;
    ok = ct_clean("points", &s, sizeof s, points) && ok;
    ok = is_marked(code[0], 32) && ok; /* or the run proved nothing */
    ok = ct_clean("encodings", &s.wide, sizeof s.wide, encodings) && ok;
    return is_marked(code[3], 32) && is_marked(&any, sizeof any) && ok;
}

#endif

CT_MAIN
