/* edwards25519 behind group.h, through libsodium.  raw holds the 32-byte encoding. */
#include <sodium.h>
#include <string.h>

#include "base/mem.h"
#include "crypto/group_ops.h"

enum { POINT_LEN = crypto_core_ed25519_BYTES };

/* L - 1, little endian; even, because L is odd. */
static const uint8_t order_minus_1[32] = {
    0xec, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7,
    0xa2, 0xde, 0xf9, 0xde, 0x14, 0,    0,    0,    0,    0,    0,
    0,    0,    0,    0,    0,    0,    0,    0,    0,    0x10};

static void reduce64(struct cs_scalar *out, const uint8_t in[64])
{
    crypto_core_ed25519_scalar_reduce(out->b, in);
}

/* Canonical means: reducing changes nothing. */
static bool scalar_ok(const uint8_t in[CS_SCALAR_LEN])
{
    uint8_t wide[64] = {0};
    struct cs_scalar reduced;
    bool canonical, zero;

    memcpy(wide, in, CS_SCALAR_LEN);
    reduce64(&reduced, wide);
    canonical = cs_ct_equal(reduced.b, in, CS_SCALAR_LEN);
    zero = cs_ct_is_zero(in, CS_SCALAR_LEN);
    cs_wipe(wide, sizeof wide);
    cs_wipe(&reduced, sizeof reduced);
    return canonical && !zero;
}

static void add(struct cs_scalar *out, const struct cs_scalar *a,
                const struct cs_scalar *b)
{
    crypto_core_ed25519_scalar_add(out->b, a->b, b->b);
}

static void mul(struct cs_scalar *out, const struct cs_scalar *a,
                const struct cs_scalar *b)
{
    crypto_core_ed25519_scalar_mul(out->b, a->b, b->b);
}

static void negate(struct cs_scalar *out, const struct cs_scalar *a)
{
    crypto_core_ed25519_scalar_negate(out->b, a->b);
}

static void invert(struct cs_scalar *out, const struct cs_scalar *a)
{
    CS_ASSERT(crypto_core_ed25519_scalar_invert(out->b, a->b) == 0);
}

static void negate_bytes(uint8_t out[POINT_LEN], const uint8_t in[POINT_LEN])
{
    memmove(out, in, POINT_LEN);
    out[POINT_LEN - 1] ^= 0x80; /* the sign of x; x is not 0 in the subgroup */
}

/* Has p no part of small order?  CVE-2025-69277: unpatched libsodium takes P + T with
 * T of order 2 for a point of the subgroup, here and in is_valid_point.  So ask for
 * (L-1)P = -P.  With T in it the left side is -P, as (L-1)T = 0 for even L-1, and the
 * right side is -P - T. */
static bool in_subgroup(const uint8_t p[POINT_LEN])
{
    uint8_t product[POINT_LEN], minus[POINT_LEN];

    negate_bytes(minus, p);
    return crypto_scalarmult_ed25519_noclamp(product, order_minus_1, p) == 0 &&
           memcmp(product, minus, POINT_LEN) == 0; /* a point from a wire: public */
}

/* Set once, before there are threads: three multiplications a point, or one. */
static bool sodium_is_patched;
/* Does the multiplication refuse what is_valid_point refuses? */
static bool mul_is_strict;

void cs_ed25519_probe(void)
{
    static const uint8_t one[32] = {1};
    static const uint8_t order_2[POINT_LEN] = {
        /* (0, -1) */
        0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f};
    uint8_t base[POINT_LEN], mixed[POINT_LEN], product[POINT_LEN];

    sodium_is_patched = crypto_scalarmult_ed25519_base_noclamp(base, one) == 0 &&
                        crypto_core_ed25519_add(mixed, base, order_2) == 0 &&
                        crypto_core_ed25519_is_valid_point(base) == 1 &&
                        crypto_core_ed25519_is_valid_point(mixed) == 0;
    mul_is_strict = sodium_is_patched &&
                    crypto_scalarmult_ed25519_noclamp(product, one, base) == 0 &&
                    crypto_scalarmult_ed25519_noclamp(product, one, mixed) != 0;
}

static bool decode(uint8_t raw[64], struct cs_span in)
{
    if (in.n != POINT_LEN || crypto_core_ed25519_is_valid_point(in.p) != 1 ||
        (!sodium_is_patched && !in_subgroup(in.p))) {
        return false;
    }
    memset(raw, 0, 64);
    memcpy(raw, in.p, POINT_LEN);
    return true;
}

/* libsodium's multiplication begins with the checks of is_valid_point: canonical, on
 * the curve, not of small order, in the subgroup. */
static bool decode_mul(uint8_t raw[64], struct cs_span in, const struct cs_scalar *k)
{
    uint8_t product[POINT_LEN];

    if (in.n != POINT_LEN || !mul_is_strict ||
        crypto_scalarmult_ed25519_noclamp(product, k->b, in.p) != 0) {
        return false;
    }
    memset(raw, 0, 64);
    memcpy(raw, product, POINT_LEN);
    return true;
}

static void encode(const uint8_t raw[64], uint8_t *out)
{
    memcpy(out, raw, POINT_LEN);
}

static bool is_identity(const uint8_t p[POINT_LEN])
{
    static const uint8_t identity[POINT_LEN] = {1};

    return cs_ct_equal(p, identity, POINT_LEN);
}

static bool point_add(uint8_t out[64], const uint8_t a[64], const uint8_t b[64])
{
    uint8_t sum[POINT_LEN];

    CS_ASSERT(crypto_core_ed25519_add(sum, a, b) == 0); /* both are on the curve */
    memset(out, 0, 64);
    memcpy(out, sum, POINT_LEN);
    return !is_identity(sum);
}

static void point_negate(uint8_t out[64], const uint8_t a[64])
{
    memmove(out, a, 64);
    negate_bytes(out, a);
}

static bool base_mul(uint8_t out[64], const struct cs_scalar *k)
{
    bool ok;

    memset(out, 0, 64);
    ok = crypto_scalarmult_ed25519_base_noclamp(out, k->b) == 0;
    CS_ASSERT(ok || cs_scalar_is_zero(k));
    return ok;
}

static bool point_mul(uint8_t out[64], const uint8_t p[64], const struct cs_scalar *k)
{
    uint8_t product[POINT_LEN];
    bool ok = crypto_scalarmult_ed25519_noclamp(product, k->b, p) == 0;

    CS_ASSERT(ok || cs_scalar_is_zero(k)); /* p is in the subgroup */
    memset(out, 0, 64);
    memcpy(out, product, POINT_LEN);
    cs_wipe(product, sizeof product);
    return ok;
}

const struct cs_group_ops cs_group_ed25519 = {
    .name = "ED25519",
    .point_len = POINT_LEN,
    .big_endian = false,
    .scalar_ok = scalar_ok,
    .add = add,
    .mul = mul,
    .negate = negate,
    .invert = invert,
    .reduce64 = reduce64,
    .decode = decode,
    .decode_mul = decode_mul,
    .encode = encode,
    .point_add = point_add,
    .point_negate = point_negate,
    .base_mul = base_mul,
    .point_mul = point_mul,
    .point_mul_public = point_mul, /* libsodium has no faster one */
};
