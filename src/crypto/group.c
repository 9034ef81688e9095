/* The curve-independent half of group.h: which curve, the identity, Lagrange. */
#include "crypto/group.h"

#include <string.h>

#include "base/mem.h"
#include "crypto/group_ops.h"

bool cs_curve_ok(unsigned curve)
{
    return curve == CS_CURVE_SECP256K1 || curve == CS_CURVE_ED25519;
}

static const struct cs_group_ops *ops(enum cs_curve c)
{
    CS_ASSERT(cs_curve_ok((unsigned)c));
    return c == CS_CURVE_SECP256K1 ? &cs_group_secp256k1 : &cs_group_ed25519;
}

const char *cs_curve_name(enum cs_curve curve)
{
    return ops(curve)->name;
}

/* ---- scalars ------------------------------------------------------------------ */

enum cs_err cs_scalar_decode(enum cs_curve c, struct cs_scalar *out,
                             const uint8_t in[CS_SCALAR_LEN])
{
    if (!ops(c)->scalar_ok(in)) {
        cs_scalar_zero(out);
        return CS_ERR_ZERO_OR_RANGE;
    }
    memmove(out->b, in, CS_SCALAR_LEN);
    return CS_OK;
}

bool cs_scalar_is_zero(const struct cs_scalar *a)
{
    return cs_ct_is_zero(a->b, CS_SCALAR_LEN);
}

bool cs_scalar_equal(const struct cs_scalar *a, const struct cs_scalar *b)
{
    return cs_ct_equal(a->b, b->b, CS_SCALAR_LEN);
}

void cs_scalar_zero(struct cs_scalar *out)
{
    cs_wipe(out->b, CS_SCALAR_LEN);
}

void cs_scalar_from_u32(enum cs_curve c, struct cs_scalar *out, uint32_t v)
{
    bool big_endian = ops(c)->big_endian;

    cs_scalar_zero(out);
    for (int i = 0; i < 4; i++) {
        out->b[big_endian ? CS_SCALAR_LEN - 1 - i : i] = (uint8_t)(v >> (8 * i));
    }
}

void cs_scalar_add(enum cs_curve c, struct cs_scalar *out, const struct cs_scalar *a,
                   const struct cs_scalar *b)
{
    ops(c)->add(out, a, b);
}

void cs_scalar_negate(enum cs_curve c, struct cs_scalar *out, const struct cs_scalar *a)
{
    ops(c)->negate(out, a);
}

void cs_scalar_sub(enum cs_curve c, struct cs_scalar *out, const struct cs_scalar *a,
                   const struct cs_scalar *b)
{
    struct cs_scalar minus;

    ops(c)->negate(&minus, b);
    ops(c)->add(out, a, &minus);
    cs_wipe(&minus, sizeof minus);
}

void cs_scalar_mul(enum cs_curve c, struct cs_scalar *out, const struct cs_scalar *a,
                   const struct cs_scalar *b)
{
    ops(c)->mul(out, a, b);
}

void cs_scalar_muladd(enum cs_curve c, struct cs_scalar *out, const struct cs_scalar *a,
                      const struct cs_scalar *b, const struct cs_scalar *d)
{
    struct cs_scalar product;

    ops(c)->mul(&product, a, b);
    ops(c)->add(out, &product, d);
    cs_wipe(&product, sizeof product);
}

enum cs_err cs_scalar_invert(enum cs_curve c, struct cs_scalar *out,
                             const struct cs_scalar *a)
{
    if (cs_scalar_is_zero(a)) {
        cs_scalar_zero(out);
        return CS_ERR_ZERO_OR_RANGE;
    }
    ops(c)->invert(out, a);
    return CS_OK;
}

void cs_scalar_reduce64(enum cs_curve c, struct cs_scalar *out, const uint8_t in[64])
{
    ops(c)->reduce64(out, in);
}

/* Distinct, without 0, with i: PROTOCOLS 1.4 compares indices as integers. */
static bool index_set_ok(uint8_t i, const uint8_t *set, size_t n)
{
    bool seen[256] = {true};

    for (size_t k = 0; k < n; k++) {
        if (seen[set[k]]) {
            return false;
        }
        seen[set[k]] = true;
    }
    return i != 0 && seen[i];
}

/* out = out * (a - b) */
static void mul_diff(enum cs_curve c, struct cs_scalar *out, uint8_t a, uint8_t b)
{
    struct cs_scalar x, y;

    cs_scalar_from_u32(c, &x, a);
    cs_scalar_from_u32(c, &y, b);
    cs_scalar_sub(c, &x, &x, &y);
    cs_scalar_mul(c, out, out, &x);
}

/* lambda_i(S;a) = prod (a-j)/(i-j) */
enum cs_err cs_lagrange(enum cs_curve c, struct cs_scalar *out, uint8_t i,
                        const uint8_t *set, size_t n, uint8_t at)
{
    struct cs_scalar num, den;

    if (!index_set_ok(i, set, n)) {
        cs_scalar_zero(out);
        return CS_ERR_USAGE;
    }
    cs_scalar_from_u32(c, &num, 1);
    cs_scalar_from_u32(c, &den, 1);
    for (size_t k = 0; k < n; k++) {
        if (set[k] != i) {
            mul_diff(c, &num, at, set[k]);
            mul_diff(c, &den, i, set[k]);
        }
    }
    CS_CHECK(cs_scalar_invert(c, &den, &den)); /* not 0: indices differ */
    cs_scalar_mul(c, out, &num, &den);
    return CS_OK;
}

/* ---- points ------------------------------------------------------------------- */

size_t cs_point_len(enum cs_curve c)
{
    return ops(c)->point_len;
}

enum cs_err cs_point_decode(enum cs_curve c, struct cs_point *out, struct cs_span in)
{
    struct cs_point p = {.curve = c};

    if (!ops(c)->decode(p.raw, in)) {
        memset(out, 0, sizeof *out); /* no curve: any use of it asserts */
        return CS_ERR_BAD_POINT;
    }
    *out = p;
    return CS_OK;
}

enum cs_err cs_point_decode_mul(enum cs_curve c, struct cs_point *out,
                                struct cs_span in, const struct cs_scalar *k)
{
    struct cs_point p = {.curve = c};

    if (ops(c)->decode_mul(p.raw, in, k)) {
        *out = p;
        return CS_OK;
    }
    CS_CHECK(cs_point_decode(c, out, in));
    cs_point_mul_public(out, out, k);
    return CS_OK;
}

size_t cs_point_encode(const struct cs_point *p, uint8_t out[CS_POINT_MAX])
{
    CS_ASSERT(!p->inf);
    ops(p->curve)->encode(p->raw, out);
    return ops(p->curve)->point_len;
}

void cs_point_identity(enum cs_curve c, struct cs_point *out)
{
    CS_ASSERT(cs_curve_ok((unsigned)c));
    *out = (struct cs_point){.curve = c, .inf = true};
}

bool cs_point_equal(const struct cs_point *a, const struct cs_point *b)
{
    uint8_t ea[CS_POINT_MAX] = {0}, eb[CS_POINT_MAX] = {0};

    if (a->curve != b->curve || a->inf || b->inf) {
        return a->curve == b->curve && a->inf && b->inf;
    }
    (void)cs_point_encode(a, ea);
    (void)cs_point_encode(b, eb);
    return cs_ct_equal(ea, eb, sizeof ea);
}

/* The identity has one form, so that nothing of an operand stays behind in it. */
static void finish(struct cs_point *out, enum cs_curve c, bool is_point)
{
    if (is_point) {
        out->curve = c;
        out->inf = false;
    } else {
        cs_point_identity(c, out);
    }
}

void cs_point_add(struct cs_point *out, const struct cs_point *a,
                  const struct cs_point *b)
{
    enum cs_curve c = a->curve;

    CS_ASSERT(c == b->curve);
    if (a->inf) {
        *out = *b;
        return;
    }
    if (b->inf) {
        *out = *a;
        return;
    }
    finish(out, c, ops(c)->point_add(out->raw, a->raw, b->raw));
}

void cs_point_sub(struct cs_point *out, const struct cs_point *a,
                  const struct cs_point *b)
{
    struct cs_point minus = *b;

    if (!b->inf) {
        ops(b->curve)->point_negate(minus.raw, b->raw);
    }
    cs_point_add(out, a, &minus);
}

void cs_point_base_mul(enum cs_curve c, struct cs_point *out, const struct cs_scalar *k)
{
    finish(out, c, ops(c)->base_mul(out->raw, k));
}

void cs_point_mul(struct cs_point *out, const struct cs_point *p,
                  const struct cs_scalar *k)
{
    enum cs_curve c = p->curve;

    if (p->inf) {
        cs_point_identity(c, out);
        return;
    }
    finish(out, c, ops(c)->point_mul(out->raw, p->raw, k));
}

void cs_point_mul_public(struct cs_point *out, const struct cs_point *p,
                         const struct cs_scalar *k)
{
    enum cs_curve c = p->curve;

    if (p->inf) {
        cs_point_identity(c, out);
        return;
    }
    finish(out, c, ops(c)->point_mul_public(out->raw, p->raw, k));
}

/* i*P by doubling: indices are small and additions cheap (PROTOCOLS 1.3). */
static void small_mul(struct cs_point *p, uint8_t i)
{
    struct cs_point base = *p;

    cs_point_identity(p->curve, p);
    for (int bit = 7; bit >= 0; bit--) {
        cs_point_add(p, p, p);
        if ((i >> bit & 1) != 0) {
            cs_point_add(p, p, &base);
        }
    }
}

void cs_point_poly_eval(struct cs_point *out, const struct cs_point *coef, size_t n,
                        uint8_t i)
{
    struct cs_point acc;

    CS_ASSERT(n > 0);
    acc = coef[n - 1];
    for (size_t k = n - 1; k > 0; k--) { /* Horner */
        small_mul(&acc, i);
        cs_point_add(&acc, &acc, &coef[k - 1]);
    }
    *out = acc;
}
