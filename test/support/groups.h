/* Shorthands of the tests of both groups.  Include after cmocka.h. */
#ifndef CS_TEST_SUPPORT_GROUPS_H
#define CS_TEST_SUPPORT_GROUPS_H

#include "base/mem.h"
#include "base/text.h"
#include "crypto/group.h"
#include "support/stream.h"

static const enum cs_curve curves[] = {CS_CURVE_SECP256K1, CS_CURVE_ED25519};
#define EACH_CURVE(c)                                                                  \
    for (size_t c##_i = 0; c##_i < CS_COUNTOF(curves); c##_i++)                        \
        for (enum cs_curve c = curves[c##_i]; c != 0; c = (enum cs_curve)0)

static struct stream rnd;

static inline struct cs_scalar hex_scalar(const char *hex)
{
    struct cs_scalar s;

    assert_int_equal(cs_unhex(s.b, sizeof s.b, hex), CS_OK);
    return s;
}

static inline struct cs_scalar some_scalar(enum cs_curve c)
{
    struct cs_scalar s;
    uint8_t wide[64];

    stream_bytes(&rnd, wide, sizeof wide);
    cs_scalar_reduce64(c, &s, wide);
    return s;
}

static inline struct cs_scalar small(enum cs_curve c, uint32_t v)
{
    struct cs_scalar s;

    cs_scalar_from_u32(c, &s, v);
    return s;
}

static inline struct cs_scalar minus_one(enum cs_curve c)
{
    struct cs_scalar one = small(c, 1), s;

    cs_scalar_negate(c, &s, &one);
    return s;
}

static inline struct cs_point some_point(enum cs_curve c)
{
    struct cs_scalar k = some_scalar(c);
    struct cs_point p;

    cs_point_base_mul(c, &p, &k);
    assert_false(p.inf);
    return p;
}

static inline void same_scalar(const struct cs_scalar *a, const struct cs_scalar *b)
{
    assert_memory_equal(a->b, b->b, CS_SCALAR_LEN);
    assert_true(cs_scalar_equal(a, b));
}

static inline void same_point(const struct cs_point *a, const struct cs_point *b)
{
    assert_true(cs_point_equal(a, b));
}

static inline int setup(void **state)
{
    (void)state;
    stream_init(&rnd, 4);
    return cs_crypto_init() != CS_OK;
}

static inline int teardown(void **state)
{
    (void)state;
    cs_crypto_thread_end();
    return 0;
}

#endif
