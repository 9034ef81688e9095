/* See rvole.h.  theta comes from a hash of all of at, after a was fixed in it; mu
 * proves that one a was used in every transfer, or else whether Bob's check passes
 * would depend on bits of beta (PROTOCOLS 4.8).
 *
 * D4: nothing on Bob's side ends early on a zero: all of his arithmetic admits it, and
 * the one decision falls at mu.  Otherwise a_0 = -alpha0 would ask for a bit of beta.
 */
#include "mpc/rvole.h"

#include <string.h>

#include "base/mem.h"

static void put_u16(uint8_t out[2], size_t v)
{
    out[0] = (uint8_t)(v >> 8);
    out[1] = (uint8_t)v;
}

static unsigned bit_of(const uint8_t *p, size_t i)
{
    return (unsigned)(p[i >> 3] >> (i & 7)) & 1;
}

/* ---- algebra --------------------------------------------------------------------- */

void cs_rvole_at(uint8_t *at, const cs_rvole_row *alpha0, const cs_rvole_row *alpha1,
                 const cs_rvole_row a, size_t n)
{
    for (size_t j = 0; j < n; j++) {
        for (size_t m = 0; m < CS_RVOLE_W; m++) {
            struct cs_n t;

            cs_n_sub(&t, &alpha0[j][m], &alpha1[j][m]);
            cs_n_add(&t, &t, &a[m]);
            cs_n_store(at + 32 * (CS_RVOLE_W * j + m), &t); /* public from here on */
        }
    }
}

void cs_rvole_eta(struct cs_n *eta, const cs_rvole_row a,
                  const struct cs_n theta[CS_RVOLE_L])
{
    struct cs_n_sum s = {{0}};

    cs_n_sum_add(&s, &a[CS_RVOLE_L]);
    for (size_t m = 0; m < CS_RVOLE_L; m++) {
        cs_n_sum_mul(&s, &theta[m], &a[m]);
    }
    cs_n_sum_take(eta, &s);
    cs_wipe(&s, sizeof s);
}

void cs_rvole_mu(uint8_t *mu, const cs_rvole_row *x,
                 const struct cs_n theta[CS_RVOLE_L], const struct cs_n *eta,
                 const uint8_t *bits, size_t n)
{
    struct cs_n_sum s;
    struct cs_n t, e;

    for (size_t j = 0; j < n; j++) {
        s = (struct cs_n_sum){{0}};
        cs_n_sum_add(&s, &x[j][CS_RVOLE_L]);
        for (size_t m = 0; m < CS_RVOLE_L; m++) {
            cs_n_sum_mul(&s, &theta[m], &x[j][m]);
        }
        cs_n_sum_take(&t, &s);
        if (bits != NULL) {
            cs_n_masked(&e, eta, cs_n_mask(bit_of(bits, j)));
            cs_n_sub(&t, &t, &e);
        }
        cs_n_store(mu + 32 * j, &t);
    }
    cs_wipe(&s, sizeof s);
    cs_wipe(&t, sizeof t);
    cs_wipe(&e, sizeof e);
}

void cs_rvole_d_hat(cs_rvole_row *x, const uint8_t *at, const uint8_t *bits, size_t n)
{
    struct cs_n t;

    for (size_t j = 0; j < n; j++) {
        uint64_t mask = cs_n_mask(bit_of(bits, j));

        for (size_t m = 0; m < CS_RVOLE_W; m++) {
            (void)cs_n_load(&t, at + 32 * (CS_RVOLE_W * j + m)); /* range: checked */
            cs_n_masked(&t, &t, mask);
            cs_n_add(&x[j][m], &x[j][m], &t);
        }
    }
    cs_wipe(&t, sizeof t);
}

void cs_rvole_dot(struct cs_n out[CS_RVOLE_L], const struct cs_n *g,
                  const cs_rvole_row *x, size_t n)
{
    struct cs_n_sum s[CS_RVOLE_L] = {{{0}}};

    for (size_t j = 0; j < n; j++) {
        for (size_t m = 0; m < CS_RVOLE_L; m++) {
            cs_n_sum_mul(&s[m], &g[j], &x[j][m]);
        }
    }
    for (size_t m = 0; m < CS_RVOLE_L; m++) {
        cs_n_sum_take(&out[m], &s[m]);
    }
    cs_wipe(s, sizeof s);
}

void cs_rvole_choice(struct cs_n *chi, const struct cs_n *g, const uint8_t *bits,
                     size_t n)
{
    struct cs_n_sum s = {{0}};
    struct cs_n t;

    for (size_t j = 0; j < n; j++) {
        cs_n_masked(&t, &g[j], cs_n_mask(bit_of(bits, j)));
        cs_n_sum_add(&s, &t);
    }
    cs_n_sum_take(chi, &s);
    cs_wipe(&s, sizeof s);
    cs_wipe(&t, sizeof t);
}

/* ---- hashes ---------------------------------------------------------------------- */

void cs_rvole_gadget_make(struct cs_rvole_gadget *out, const uint8_t osid[32])
{
    for (size_t j = 0; j < CS_OT_USED; j++) {
        uint8_t index[2];
        struct cs_scalar s;

        put_u16(index, j);
        const struct cs_span x[] = {CS_SPAN(osid, 32), CS_SPAN_OF(index)};
        cs_h2s(CS_CURVE_SECP256K1, &s, CS_TAG_GADGET, x, CS_COUNTOF(x));
        (void)cs_n_load(&out->g[j], s.b); /* h2s gives 1..n-1 */
    }
}

void cs_rvole_rsid(uint8_t rsid[32], const struct cs_ot_ids *ids, const uint8_t sid[32])
{
    uint8_t sub[32];
    const struct cs_span y[] = {CS_SPAN(sid, 32), CS_SPAN_LIT("rvole"),
                                CS_SPAN(&ids->alice, 1), CS_SPAN(&ids->bob, 1)};
    const struct cs_span x[] = {CS_SPAN_OF(sub), CS_SPAN_OF(ids->osid),
                                CS_SPAN(&ids->alice, 1), CS_SPAN(&ids->bob, 1)};

    cs_th(sub, CS_TAG_SUB, y, CS_COUNTOF(y));
    cs_th(rsid, CS_TAG_OT_RO, x, CS_COUNTOF(x));
}

/* Where a chunk of the stream is no scalar: h2s("ot/col2"; rsid, j, v, index). */
static void pads_again(cs_rvole_row *rows,
                       const uint8_t bytes[CS_STREAMS][CS_STREAMS_LEN],
                       const uint8_t in[CS_STREAMS][CS_COL_IN])
{
    struct cs_scalar s;

    for (size_t l = 0; l < CS_STREAMS; l++) {
        for (uint8_t m = 0; m < CS_RVOLE_W; m++) {
            const struct cs_span x[] = {CS_SPAN(in[l], 32), CS_SPAN(in[l] + 32, 2),
                                        CS_SPAN(in[l] + 34, CS_OT_COLUMN_LEN),
                                        CS_SPAN(&m, 1)};

            if (cs_n_load(&rows[l][m], bytes[l] + 32 * m) == 0) {
                cs_h2s(CS_CURVE_SECP256K1, &s, CS_TAG_OT_COL2, x, CS_COUNTOF(x));
                (void)cs_n_load(&rows[l][m], s.b);
            }
        }
    }
    cs_wipe(&s, sizeof s);
}

/* The one bit that decides has probability 2^-117, is a hash's, and is the same for
 * every v. */
void cs_rvole_pads_load(cs_rvole_row *rows,
                        const uint8_t bytes[CS_STREAMS][CS_STREAMS_LEN],
                        const uint8_t in[CS_STREAMS][CS_COL_IN])
{
    uint64_t missing = 0;

    for (size_t l = 0; l < CS_STREAMS; l++) {
        for (size_t m = 0; m < CS_RVOLE_W; m++) {
            missing |= ~cs_n_load(&rows[l][m], bytes[l] + 32 * m);
        }
    }
    if (!cs_ct_is_zero(&missing, sizeof missing)) {
        pads_again(rows, bytes, in);
    }
}

/* RO(j, v) = three scalars, eight columns at a time. */
static void pads8(cs_rvole_row *rows, uint8_t in[CS_STREAMS][CS_COL_IN], size_t first,
                  const uint8_t (*v)[CS_OT_COLUMN_LEN])
{
    uint8_t key[CS_STREAMS][32], bytes[CS_STREAMS][CS_STREAMS_LEN];

    for (size_t l = 0; l < CS_STREAMS; l++) {
        put_u16(in[l] + 32, first + l);
        memcpy(in[l] + 34, v[l], CS_OT_COLUMN_LEN);
    }
    cs_th_each(key, CS_TAG_OT_COL, in[0], CS_COL_IN, CS_STREAMS);
    cs_streams(bytes, (const uint8_t(*)[32])key);
    cs_rvole_pads_load(rows, (const uint8_t(*)[CS_STREAMS_LEN])bytes,
                       (const uint8_t(*)[CS_COL_IN])in);
    cs_wipe(key, sizeof key);
    cs_wipe(bytes, sizeof bytes);
}

static void pads_start(uint8_t in[CS_STREAMS][CS_COL_IN], const uint8_t rsid[32])
{
    for (size_t l = 0; l < CS_STREAMS; l++) {
        memcpy(in[l], rsid, 32);
    }
}

static void pads(cs_rvole_row *rows, const uint8_t rsid[32],
                 const uint8_t v[CS_OT_USED][CS_OT_COLUMN_LEN])
{
    uint8_t in[CS_STREAMS][CS_COL_IN];

    pads_start(in, rsid);
    for (size_t j = 0; j < CS_OT_USED; j += CS_STREAMS) {
        pads8(rows + j, in, j, v + j);
    }
    cs_wipe(in, sizeof in);
}

/* theta_m = h2s("rvole/theta"; rsid, m, TH("rvole/at"; rsid, at)) */
static void challenges(struct cs_n theta[CS_RVOLE_L], const uint8_t rsid[32],
                       const uint8_t *at)
{
    const struct cs_span y[] = {CS_SPAN(rsid, 32), CS_SPAN(at, CS_RVOLE_AT_LEN)};
    uint8_t h[32];

    cs_th(h, CS_TAG_RVOLE_AT, y, CS_COUNTOF(y));
    for (uint8_t m = 0; m < CS_RVOLE_L; m++) {
        const struct cs_span x[] = {CS_SPAN(rsid, 32), CS_SPAN(&m, 1), CS_SPAN_OF(h)};
        struct cs_scalar s;

        cs_h2s(CS_CURVE_SECP256K1, &s, CS_TAG_RVOLE_THETA, x, CS_COUNTOF(x));
        (void)cs_n_load(&theta[m], s.b);
    }
}

/* mu = TH("rvole/mu"; rsid, mu_0 | .. ) */
static void mu_hash(uint8_t out[32], const uint8_t rsid[32], const uint8_t *mu)
{
    const struct cs_span x[] = {CS_SPAN(rsid, 32), CS_SPAN(mu, CS_OT_USED * 32)};

    cs_th(out, CS_TAG_RVOLE_MU, x, CS_COUNTOF(x));
}

_Static_assert(CS_OT_USED % CS_STREAMS == 0 && CS_STREAMS_LEN == 32 * CS_RVOLE_W,
               "pads");

/* ---- the two roles --------------------------------------------------------------- */

struct alice_work {
    cs_rvole_row alpha0[CS_OT_USED], a;
    cs_rvole_row alpha1[CS_STREAMS]; /* of eight columns: at is all that needs them */
    uint8_t mu[CS_OT_USED * 32];
};

struct bob_work {
    cs_rvole_row x[CS_OT_USED]; /* alpha, then d-hat */
    uint8_t mu[CS_OT_USED * 32];
};

/* alpha0 of all columns, and at. */
static void alice_pads(struct alice_work *w, uint8_t *at,
                       const struct cs_otx_alice *ext, const uint8_t rsid[32])
{
    uint8_t in[CS_STREAMS][CS_COL_IN];

    pads(w->alpha0, rsid, ext->q);
    pads_start(in, rsid);
    for (size_t j = 0; j < CS_OT_USED; j += CS_STREAMS) {
        pads8(w->alpha1, in, j, ext->q_delta + j);
        cs_rvole_at(at + 32 * CS_RVOLE_W * j, (const cs_rvole_row *)w->alpha0 + j,
                    (const cs_rvole_row *)w->alpha1, w->a, CS_STREAMS);
    }
    cs_wipe(in, sizeof in);
}

void cs_rvole_chi(struct cs_n *chi, const struct cs_otx_bob *bob,
                  const struct cs_rvole_gadget *gadget)
{
    cs_rvole_choice(chi, gadget->g, bob->b, CS_OT_USED);
}

enum cs_err cs_rvole_alice(struct cs_n c[CS_RVOLE_L], uint8_t msg[CS_RVOLE_LEN],
                           const struct cs_otx_alice *ext,
                           const struct cs_rvole_gadget *gadget, const uint8_t rsid[32],
                           const struct cs_n a[CS_RVOLE_L], const struct cs_n *a_hat)
{
    struct alice_work *w = cs_alloc(sizeof *w);
    struct cs_n theta[CS_RVOLE_L], eta, sum[CS_RVOLE_L];
    static const struct cs_n zero;

    if (w == NULL) {
        return CS_ERR_NOMEM;
    }
    w->a[0] = a[0];
    w->a[1] = a[1];
    w->a[CS_RVOLE_L] = *a_hat;
    alice_pads(w, msg, ext, rsid);
    challenges(theta, rsid, msg);
    cs_rvole_eta(&eta, w->a, theta);
    cs_n_store(msg + CS_RVOLE_AT_LEN, &eta);
    cs_rvole_mu(w->mu, (const cs_rvole_row *)w->alpha0, theta, NULL, NULL, CS_OT_USED);
    mu_hash(msg + CS_RVOLE_AT_LEN + 32, rsid, w->mu);
    cs_rvole_dot(sum, gadget->g, (const cs_rvole_row *)w->alpha0, CS_OT_USED);
    for (size_t m = 0; m < CS_RVOLE_L; m++) { /* c_m = - sum g_j alpha0_{j,m} */
        cs_n_sub(&c[m], &zero, &sum[m]);
    }
    cs_wipe(sum, sizeof sum);
    cs_free_wiped(w, sizeof *w);
    cs_n_scrub();
    return CS_OK;
}

/* All entries of at, and eta after them: public. */
static bool in_range(const uint8_t *msg)
{
    uint64_t all = UINT64_MAX;
    struct cs_n t;

    for (size_t i = 0; i < CS_RVOLE_AT_LEN / 32 + 1; i++) {
        all &= cs_n_load(&t, msg + 32 * i);
    }
    return all != 0;
}

enum cs_err cs_rvole_bob(struct cs_n d[CS_RVOLE_L], const uint8_t msg[CS_RVOLE_LEN],
                         const struct cs_otx_bob *ext,
                         const struct cs_rvole_gadget *gadget, const uint8_t rsid[32])
{
    struct cs_n theta[CS_RVOLE_L], eta;
    struct bob_work *w;
    uint8_t mu[32];
    bool ok;

    memset(d, 0, CS_RVOLE_L * sizeof *d);
    if (!in_range(msg)) {
        return CS_ERR_ZERO_OR_RANGE;
    }
    w = cs_alloc(sizeof *w);
    if (w == NULL) {
        return CS_ERR_NOMEM;
    }
    challenges(theta, rsid, msg);
    (void)cs_n_load(&eta, msg + CS_RVOLE_AT_LEN);
    pads(w->x, rsid, ext->t);
    cs_rvole_d_hat(w->x, msg, ext->b, CS_OT_USED);
    cs_rvole_mu(w->mu, (const cs_rvole_row *)w->x, theta, &eta, ext->b, CS_OT_USED);
    mu_hash(mu, rsid, w->mu);
    ok = cs_ct_equal(mu, msg + CS_RVOLE_AT_LEN + 32, sizeof mu);
    if (ok) {
        cs_rvole_dot(d, gadget->g, (const cs_rvole_row *)w->x, CS_OT_USED);
    }
    cs_wipe(mu, sizeof mu);
    cs_free_wiped(w, sizeof *w);
    cs_n_scrub();
    return ok ? CS_OK : CS_ERR_RVOLE_CHECK;
}
