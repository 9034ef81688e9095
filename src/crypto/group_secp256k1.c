/* secp256k1 behind group.h: points through libsecp256k1, scalars in secp_scalar.c.
 * raw is the library's secp256k1_pubkey (64 opaque bytes). */
#include <string.h>

#include <secp256k1.h>
#include <secp256k1_ecdh.h>

#include "base/mem.h"
#include "crypto/group_ops.h"
#include "crypto/secp_ctx.h"
#include "crypto/secp_scalar.h"

enum { POINT_LEN = 33, POINT_LONG = 65 };

_Static_assert(sizeof(secp256k1_pubkey) == 64, "raw holds the library's form");

static secp256k1_pubkey from_raw(const uint8_t raw[64])
{
    secp256k1_pubkey p;

    memcpy(p.data, raw, sizeof p.data);
    return p;
}

static bool scalar_ok(const uint8_t in[CS_SCALAR_LEN])
{
    return secp256k1_ec_seckey_verify(cs_secp_ctx(), in) == 1;
}

/* The library also takes the hybrid forms 06 and 07 (PROTOCOLS 1.1): refused here. */
static bool decode(uint8_t raw[64], struct cs_span in)
{
    secp256k1_pubkey p;
    bool short_form = in.n == POINT_LEN && (in.p[0] == 2 || in.p[0] == 3);
    bool long_form = in.n == POINT_LONG && in.p[0] == 4;

    if ((!short_form && !long_form) ||
        secp256k1_ec_pubkey_parse(cs_secp_ctx(), &p, in.p, in.n) != 1) {
        return false;
    }
    memcpy(raw, p.data, sizeof p.data);
    return true;
}

static bool point_mul_public(uint8_t out[64], const uint8_t p[64],
                             const struct cs_scalar *k);

static bool decode_mul(uint8_t raw[64], struct cs_span in, const struct cs_scalar *k)
{
    return decode(raw, in) && point_mul_public(raw, raw, k);
}

static void encode(const uint8_t raw[64], uint8_t *out)
{
    secp256k1_pubkey p = from_raw(raw);
    size_t n = POINT_LEN;

    CS_ASSERT(secp256k1_ec_pubkey_serialize(cs_secp_ctx(), out, &n, &p,
                                            SECP256K1_EC_COMPRESSED) == 1);
}

static bool point_add(uint8_t out[64], const uint8_t a[64], const uint8_t b[64])
{
    secp256k1_pubkey pa = from_raw(a), pb = from_raw(b), sum;
    const secp256k1_pubkey *const in[2] = {&pa, &pb};

    if (secp256k1_ec_pubkey_combine(cs_secp_ctx(), &sum, in, 2) != 1) {
        return false; /* a = -b: "an answer, not an error" */
    }
    memcpy(out, sum.data, sizeof sum.data);
    return true;
}

static void point_negate(uint8_t out[64], const uint8_t a[64])
{
    secp256k1_pubkey p = from_raw(a);

    CS_ASSERT(secp256k1_ec_pubkey_negate(cs_secp_ctx(), &p) == 1);
    memcpy(out, p.data, sizeof p.data);
}

static bool base_mul(uint8_t out[64], const struct cs_scalar *k)
{
    secp256k1_pubkey p;
    bool ok = secp256k1_ec_pubkey_create(cs_secp_ctx(), &p, k->b) == 1;

    CS_ASSERT(ok || cs_scalar_is_zero(k)); /* k is reduced */
    memcpy(out, p.data, sizeof p.data);
    cs_wipe(&p, sizeof p);
    return ok;
}

/* Writes the whole point instead of a hash of it. */
static int keep_point(unsigned char *out, const unsigned char *x,
                      const unsigned char *y, void *data)
{
    (void)data;
    out[0] = 4;
    memcpy(out + 1, x, 32);
    memcpy(out + 33, y, 32);
    return 1;
}

/* secp256k1_ecdh is the library's only constant-time k*P (PROTOCOLS 1.1). */
static bool point_mul(uint8_t out[64], const uint8_t p[64], const struct cs_scalar *k)
{
    secp256k1_pubkey point = from_raw(p), product;
    uint8_t bytes[POINT_LONG];
    bool ok = secp256k1_ecdh(cs_secp_ctx(), bytes, &point, k->b, keep_point, NULL) == 1;

    CS_ASSERT(ok || cs_scalar_is_zero(k));
    if (ok) {
        CS_ASSERT(secp256k1_ec_pubkey_parse(cs_secp_ctx(), &product, bytes,
                                            sizeof bytes) == 1);
        memcpy(out, product.data, sizeof product.data);
        cs_wipe(&product, sizeof product);
    }
    cs_wipe(bytes, sizeof bytes);
    return ok;
}

static bool point_mul_public(uint8_t out[64], const uint8_t p[64],
                             const struct cs_scalar *k)
{
    secp256k1_pubkey point = from_raw(p);
    bool ok = secp256k1_ec_pubkey_tweak_mul(cs_secp_ctx(), &point, k->b) == 1;

    CS_ASSERT(ok || cs_scalar_is_zero(k));
    memcpy(out, point.data, sizeof point.data);
    return ok;
}

const struct cs_group_ops cs_group_secp256k1 = {
    .name = "SECP256K1",
    .point_len = POINT_LEN,
    .big_endian = true,
    .scalar_ok = scalar_ok,
    .add = cs_secp_add,
    .mul = cs_secp_mul,
    .negate = cs_secp_negate,
    .invert = cs_secp_invert,
    .reduce64 = cs_secp_reduce64,
    .decode = decode,
    .decode_mul = decode_mul,
    .encode = encode,
    .point_add = point_add,
    .point_negate = point_negate,
    .base_mul = base_mul,
    .point_mul = point_mul,
    .point_mul_public = point_mul_public,
};
