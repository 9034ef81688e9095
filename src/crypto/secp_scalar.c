/* The encoded form of scalars over the arithmetic of secp_n.c. */
#include "crypto/secp_scalar.h"

#include "base/mem.h"
#include "crypto/secp_n.h"

struct work {
    struct cs_n a, b;
    struct cs_n_sum sum;
};

/* Writes w->a, wipes w and what secp_n.c left further down on the stack. */
static void finish(struct cs_scalar *out, struct work *w)
{
    cs_n_store(out->b, &w->a);
    cs_wipe(w, sizeof *w);
    cs_n_scrub();
}

void cs_secp_mul(struct cs_scalar *out, const struct cs_scalar *a,
                 const struct cs_scalar *b)
{
    struct work w = {.sum = {{0}}};

    (void)cs_n_load(&w.a, a->b);
    (void)cs_n_load(&w.b, b->b);
    cs_n_sum_mul(&w.sum, &w.a, &w.b);
    cs_n_sum_take(&w.a, &w.sum);
    finish(out, &w);
}

void cs_secp_add(struct cs_scalar *out, const struct cs_scalar *a,
                 const struct cs_scalar *b)
{
    struct work w;

    (void)cs_n_load(&w.a, a->b);
    (void)cs_n_load(&w.b, b->b);
    cs_n_add(&w.a, &w.a, &w.b);
    finish(out, &w);
}

void cs_secp_negate(struct cs_scalar *out, const struct cs_scalar *a)
{
    static const struct cs_n zero;
    struct work w;

    (void)cs_n_load(&w.a, a->b);
    cs_n_sub(&w.a, &zero, &w.a);
    finish(out, &w);
}

void cs_secp_invert(struct cs_scalar *out, const struct cs_scalar *a)
{
    struct work w;

    (void)cs_n_load(&w.a, a->b);
    cs_n_invert(&w.a, &w.a);
    finish(out, &w);
}

/* hi * 2^256 + lo: what a sum of products is. */
void cs_secp_reduce64(struct cs_scalar *out, const uint8_t in[64])
{
    struct work w = {.sum = {{0}}};

    (void)cs_n_load(&w.a, in);
    (void)cs_n_load(&w.b, in + 32);
    for (size_t i = 0; i < CS_COUNTOF(w.a.v); i++) {
        w.sum.v[i] = w.b.v[i];
        w.sum.v[CS_COUNTOF(w.a.v) + i] = w.a.v[i];
    }
    cs_n_sum_take(&w.a, &w.sum);
    finish(out, &w);
}
