/* Where the fields of DKLs23's messages are, and what a liar puts there.  Include after
 * cmocka.h. */
#ifndef CS_TEST_SUPPORT_DKLS_FIELDS_H
#define CS_TEST_SUPPORT_DKLS_FIELDS_H

#include <string.h>

#include "mpc/dkls.h"
#include "support/groups.h"

/* Both parts of SIG_R1 together; R1_U is where the private part begins at t >= 3. */
enum {
    R1_NONCE = 0,
    R1_COM = 32,
    R1_U = 64,
    R1_X = R1_U + CS_OT_ROWS * CS_OT_ROW_LEN,
    R1_T = R1_X + 16,
    R2_SID = 0,
    R2_AT = 32,
    R2_ETA = R2_AT + CS_RVOLE_AT_LEN,
    R2_MU = R2_ETA + 32,
    R2_R = R2_MU + 32,
    R2_SALT = R2_R + 33,
    R2_PK = R2_SALT + 32,
    R2_GU = R2_PK + 33,
    R2_GV = R2_GU + 33,
    R2_PSI = R2_GV + 33,
    R2_TR = R2_PSI + 32, /* t >= 3 */
    R3_SID = 0,
    R3_U = 32,
    R3_W = 64,
};

enum mutation {
    FLIP,
    ZERO,
    ORDER,
    ORDER_1,
    ALL_ONES,
    HYBRID,
    NOT_ON_CURVE,
    X_TOO_LARGE,
    OTHER_POINT
};

static inline void put_hex(uint8_t *p, const char *hex)
{
    struct cs_scalar s = hex_scalar(hex);

    memcpy(p, s.b, 32);
}

static inline void other_point(uint8_t *p)
{
    const enum cs_curve c = CS_CURVE_SECP256K1;
    struct cs_point a, b = some_point(c);

    assert_int_equal(cs_point_decode(c, &a, CS_SPAN(p, 33)), CS_OK);
    cs_point_add(&a, &a, &b);
    (void)cs_point_encode(&a, p);
}

static inline void mutate(uint8_t *p, enum mutation how)
{
    static const char q[] =
        "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
    static const char q1[] =
        "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364142";
    static const char prime[] =
        "fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f";
    static const char off[] =
        "0000000000000000000000000000000000000000000000000000000000000005";

    switch (how) {
    case FLIP:
        p[15] ^= 4;
        break;
    case ZERO:
        memset(p, 0, 32);
        break;
    case ORDER:
        put_hex(p, q);
        break;
    case ORDER_1:
        put_hex(p, q1);
        break;
    case ALL_ONES:
        memset(p, 0xff, 32);
        break;
    case HYBRID:
        p[0] = (uint8_t)(p[0] + 4); /* 06, 07 */
        break;
    case NOT_ON_CURVE:
        put_hex(p + 1, off);
        break;
    case X_TOO_LARGE:
        put_hex(p + 1, prime);
        break;
    case OTHER_POINT:
        other_point(p);
        break;
    }
}

#endif
