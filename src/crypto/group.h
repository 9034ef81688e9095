/* One interface to the two groups that keys live in: secp256k1 and the prime-order
 * subgroup of edwards25519 (PROTOCOLS 1.1-1.3).  Any thread; call cs_crypto_init first.
 *
 * Scalars are 32 bytes in the curve's own order (secp256k1 big endian, edwards25519
 * little endian), always reduced.  All scalar arithmetic is constant time in the
 * values and admits zero; whether zero is allowed is the protocol's business.
 * A secret is a struct cs_secret: nothing encodes, logs or compares it in variable
 * time; code that publishes a value says so by copying it into a cs_scalar. */
#ifndef CS_CRYPTO_GROUP_H
#define CS_CRYPTO_GROUP_H

#include "base/err.h"
#include "base/span.h"

enum cs_curve {
    CS_CURVE_SECP256K1 = 1, /* values are on the wire and in records */
    CS_CURVE_ED25519 = 2,
};

enum { CS_SCALAR_LEN = 32, CS_POINT_MAX = 33 };

struct cs_scalar {
    uint8_t b[CS_SCALAR_LEN];
};

struct cs_secret {
    struct cs_scalar s;
};

/* A validated group element, or the identity.  raw is the library's form. */
struct cs_point {
    enum cs_curve curve;
    bool inf;
    uint8_t raw[64];
};

/* sodium_init, per-thread secp256k1 contexts, AES-NI probe.  Once, before threads. */
enum cs_err cs_crypto_init(void) CS_MUST_USE;
/* Frees this thread's secp256k1 context; call at the end of a worker. */
void cs_crypto_thread_end(void);

bool cs_curve_ok(unsigned curve);
const char *cs_curve_name(enum cs_curve curve); /* "SECP256K1", "ED25519" */

/* ---- scalars: constant time ---------------------------------------------------- */

/* 1..q-1, as every scalar from a wire must be: ZERO_OR_RANGE otherwise. */
enum cs_err cs_scalar_decode(enum cs_curve c, struct cs_scalar *out,
                             const uint8_t in[CS_SCALAR_LEN]) CS_MUST_USE;
bool cs_scalar_is_zero(const struct cs_scalar *a);
bool cs_scalar_equal(const struct cs_scalar *a, const struct cs_scalar *b);
void cs_scalar_zero(struct cs_scalar *out);
void cs_scalar_from_u32(enum cs_curve c, struct cs_scalar *out, uint32_t v);
void cs_scalar_add(enum cs_curve c, struct cs_scalar *out, const struct cs_scalar *a,
                   const struct cs_scalar *b);
void cs_scalar_sub(enum cs_curve c, struct cs_scalar *out, const struct cs_scalar *a,
                   const struct cs_scalar *b);
void cs_scalar_mul(enum cs_curve c, struct cs_scalar *out, const struct cs_scalar *a,
                   const struct cs_scalar *b);
void cs_scalar_negate(enum cs_curve c, struct cs_scalar *out,
                      const struct cs_scalar *a);
/* out = a*b + d */
void cs_scalar_muladd(enum cs_curve c, struct cs_scalar *out, const struct cs_scalar *a,
                      const struct cs_scalar *b, const struct cs_scalar *d);
/* ZERO_OR_RANGE for zero. */
enum cs_err cs_scalar_invert(enum cs_curve c, struct cs_scalar *out,
                             const struct cs_scalar *a) CS_MUST_USE;
/* 64 uniform bytes reduced (secp256k1: big endian; edwards25519: little endian). */
void cs_scalar_reduce64(enum cs_curve c, struct cs_scalar *out, const uint8_t in[64]);

/* Lagrange coefficient of party i in the set (PROTOCOLS 0.1) at point `at` (0: the
 * secret).  Public.  Set: n distinct indices 1..255 that hold i.  USAGE otherwise. */
enum cs_err cs_lagrange(enum cs_curve c, struct cs_scalar *out, uint8_t i,
                        const uint8_t *set, size_t n, uint8_t at) CS_MUST_USE;

/* ---- points -------------------------------------------------------------------- */

size_t cs_point_len(enum cs_curve c); /* 33 or 32 */
/* Exactly cs_point_len bytes (secp256k1 also takes 65 with first byte 04); on the
 * curve, canonical, in the prime-order subgroup, not the identity: else BAD_POINT. */
enum cs_err cs_point_decode(enum cs_curve c, struct cs_point *out, struct cs_span in)
    CS_MUST_USE;
/* Writes cs_point_len bytes and returns that number.  Not for the identity (asserts).
 */
size_t cs_point_encode(const struct cs_point *p, uint8_t out[CS_POINT_MAX]);
void cs_point_identity(enum cs_curve c, struct cs_point *out);
bool cs_point_equal(const struct cs_point *a, const struct cs_point *b);
void cs_point_add(struct cs_point *out, const struct cs_point *a,
                  const struct cs_point *b);
void cs_point_sub(struct cs_point *out, const struct cs_point *a,
                  const struct cs_point *b);
/* k*G, constant time in k.  k = 0 gives the identity. */
void cs_point_base_mul(enum cs_curve c, struct cs_point *out,
                       const struct cs_scalar *k);
/* k*P, constant time in k. */
void cs_point_mul(struct cs_point *out, const struct cs_point *p,
                  const struct cs_scalar *k);
/* k*P, public k: variable time. */
void cs_point_mul_public(struct cs_point *out, const struct cs_point *p,
                         const struct cs_scalar *k);
/* k*P for a point from a wire and public k: cs_point_decode and cs_point_mul_public in
 * one, with one check of the subgroup where the library multiplies only what it has
 * checked.  BAD_POINT exactly when cs_point_decode says so. */
enum cs_err cs_point_decode_mul(enum cs_curve c, struct cs_point *out,
                                struct cs_span in, const struct cs_scalar *k)
    CS_MUST_USE;
/* sum_k i^k * coef[k]: a Feldman commitment at a small public index. */
void cs_point_poly_eval(struct cs_point *out, const struct cs_point *coef, size_t n,
                        uint8_t i);

#endif
