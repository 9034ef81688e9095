/* What the rounds of dkls.h compute (PROTOCOLS 4.5, order of checks 4.7). */
#include <string.h>

#include "base/mem.h"
#include "base/rd.h"
#include "crypto/oracle.h"
#include "mpc/dkls_impl.h"

enum { ROLE_ALICE = 1, ROLE_BOB = 2, POINT = 33 };

static const enum cs_curve secp = CS_CURVE_SECP256K1;

static void base_mul(struct cs_point *out, const struct cs_n *k)
{
    struct cs_scalar s;

    cs_n_store(s.b, k);
    cs_point_base_mul(secp, out, &s);
    cs_wipe(&s, sizeof s);
}

/* The identity has no encoding: probability 2^-256 for an honest node. */
static enum cs_err put_point(struct cs_wr *w, const struct cs_point *p)
{
    uint8_t bytes[CS_POINT_MAX];

    if (p->inf) {
        return CS_ERR_ZERO_OR_RANGE;
    }
    cs_wr_bytes(w, bytes, cs_point_encode(p, bytes));
    return w->err;
}

static void put_n(struct cs_wr *w, const struct cs_n *a)
{
    uint8_t b[32];

    cs_n_store(b, a);
    cs_wr_bytes(w, b, sizeof b); /* on the wire: public from here on */
}

/* ---- round 1 --------------------------------------------------------------------- */

/* r and phi by hr (1.5): a generator that stands still does not repeat them for another
 * session or digest. */
static void draw_nonces(struct dkls_state *s, const uint8_t *rand)
{
    struct dkls_secrets *t = &s->secret;
    const struct cs_span ctx[] = {CS_SPAN_OF(s->presid), CS_SPAN_OF(s->digest),
                                  CS_SPAN(&s->self, 1)};

    cs_hedged_scalar(secp, &t->r_scalar, CS_TAG_HEDGE_SIG_R, rand, t->x.s.b, ctx,
                     CS_COUNTOF(ctx));
    cs_hedged_scalar(secp, &t->phi_scalar, CS_TAG_HEDGE_SIG_PHI, rand + 32, t->x.s.b,
                     ctx, CS_COUNTOF(ctx));
    (void)cs_n_load(&t->r, t->r_scalar.s.b);
    (void)cs_n_load(&t->phi, t->phi_scalar.s.b);
}

enum cs_err dkls_round1(struct dkls_state *s, struct cs_span in, const uint8_t *rand,
                        struct cs_wr *out)
{
    struct dkls_secrets *t = &s->secret;
    uint8_t *nonce = s->r1, *com = nonce + 32, *ext = com + 32;
    uint8_t R[CS_POINT_MAX], esid[32];

    (void)in;
    draw_nonces(s, rand);
    cs_point_base_mul(secp, &s->R_own, &t->r_scalar.s);
    (void)cs_point_encode(&s->R_own, R);
    memcpy(nonce, rand + 64, 32);
    memcpy(t->salt, rand + 96, 32);
    cs_dkls_com(com, s->presid, s->self, s->peer, R, t->salt);
    cs_hedged_stream(t->as_bob.b, sizeof t->as_bob.b, CS_TAG_HEDGE_OT_B, rand + 128,
                     t->local, s->presid, ROLE_BOB);
    cs_otx_esid(esid, &s->keys_bob->ids, s->presid, nonce);
    cs_otx_bob_run(&t->as_bob, ext, &s->keys_bob->bob, esid, &t->scratch);
    cs_rvole_chi(&t->chi, &t->as_bob, &s->keys_bob->gadget);
    cs_wr_bytes(out, s->r1, sizeof s->r1);
    return out->err;
}

/* ---- round 2 --------------------------------------------------------------------- */

static void make_sid(struct dkls_state *s, struct cs_span peer_r1)
{
    const struct cs_dkls_first own = {s->r1, CS_SPAN_OF(s->r1)};
    const struct cs_dkls_first peer = {peer_r1.p, peer_r1};
    bool own_lo = s->self < s->peer;

    cs_dkls_sid(s->sid, s->presid, own_lo ? &own : &peer, own_lo ? &peer : &own);
}

/* sk_i = lambda_i x_i +- zeta_i + (i = min S ? epsilon : 0);  zeta: + if i < j. */
static enum cs_err make_key_share(struct dkls_state *s)
{
    struct dkls_secrets *t = &s->secret;
    const uint8_t set[2] = {s->self, s->peer};
    const struct cs_span x[] = {CS_SPAN_OF(t->zero_key), CS_SPAN_OF(s->sid)};
    struct cs_scalar lambda, zeta, sk;
    bool lowest = s->self < s->peer;
    enum cs_err err;

    cs_h2s(secp, &zeta, CS_TAG_ZERO, x, CS_COUNTOF(x));
    CS_TRY(cs_lagrange(secp, &lambda, s->self, set, 2, 0));
    cs_scalar_mul(secp, &sk, &lambda, &t->x.s);
    if (lowest) {
        cs_scalar_add(secp, &sk, &sk, &zeta);
        cs_scalar_add(secp, &sk, &sk, &s->epsilon);
    } else {
        cs_scalar_sub(secp, &sk, &sk, &zeta);
    }
    (void)cs_n_load(&t->sk, sk.b);
    cs_point_base_mul(secp, &s->pk_own, &sk);
out:
    cs_wipe(&zeta, sizeof zeta);
    cs_wipe(&sk, sizeof sk);
    return err;
}

/* As Alice towards the peer: c^u, c^v and the message that makes the peer's d. */
static enum cs_err multiply(struct dkls_state *s, const uint8_t *rand,
                            struct cs_wr *out)
{
    struct dkls_secrets *t = &s->secret;
    struct cs_n a[CS_RVOLE_L + 1];
    uint8_t rsid[32], wide[64], *p = cs_wr_room(out, CS_RVOLE_LEN);
    struct cs_scalar a_hat;
    enum cs_err err = CS_ERR_NOMEM;

    if (p == NULL) {
        return err;
    }
    cs_hedged_stream(wide, sizeof wide, CS_TAG_HEDGE_A_HAT, rand + 160, t->local,
                     s->presid, ROLE_ALICE);
    cs_scalar_reduce64(secp, &a_hat, wide);
    a[0] = t->r;
    a[1] = t->sk;
    (void)cs_n_load(&a[2], a_hat.b);
    cs_rvole_rsid(rsid, &s->keys_alice->ids, s->sid);
    err = cs_rvole_alice(t->c, p, &t->as_alice, &s->keys_alice->gadget, rsid, a, &a[2]);
    cs_wipe(&t->as_alice, sizeof t->as_alice);
    cs_wipe(a, sizeof a);
    cs_wipe(wide, sizeof wide);
    cs_wipe(&a_hat, sizeof a_hat);
    return err;
}

enum cs_err dkls_round2(struct dkls_state *s, struct cs_span in, const uint8_t *rand,
                        struct cs_wr *out)
{
    struct dkls_secrets *t = &s->secret;
    uint8_t esid[32];
    struct cs_point gamma[CS_RVOLE_L];
    struct cs_n psi;

    memcpy(s->peer_com, in.p + 32, 32);
    make_sid(s, in);
    cs_otx_esid(esid, &s->keys_alice->ids, s->presid, in.p);
    CS_CHECK(cs_otx_alice_run(&t->as_alice, in.p + 64, &s->keys_alice->alice, esid,
                              &t->scratch));
    CS_CHECK(make_key_share(s));
    cs_wr_bytes(out, s->sid, 32);
    CS_CHECK(multiply(s, rand, out));
    CS_CHECK(put_point(out, &s->R_own));
    cs_wr_bytes(out, t->salt, 32);
    CS_CHECK(put_point(out, &s->pk_own));
    for (size_t m = 0; m < CS_RVOLE_L; m++) {
        base_mul(&gamma[m], &t->c[m]);
        CS_CHECK(put_point(out, &gamma[m]));
    }
    cs_n_sub(&psi, &t->phi, &t->chi);
    put_n(out, &psi);
    return out->err;
}

/* ---- after round 2: every check before anything of round 3 exists ------------------
 */

/* The parts of SIG_R2 behind its sid. */
struct r2 {
    const uint8_t *rvole, *R_raw, *salt, *pk_raw, *gamma_raw, *psi_raw;
    struct cs_point R, pk, gamma[CS_RVOLE_L];
    struct cs_n psi;
};

static void split(struct r2 *m, struct cs_span in)
{
    m->rvole = in.p + 32;
    m->R_raw = m->rvole + CS_RVOLE_LEN;
    m->salt = m->R_raw + POINT;
    m->pk_raw = m->salt + 32;
    m->gamma_raw = m->pk_raw + POINT;
    m->psi_raw = m->gamma_raw + 2 * POINT;
}

/* The commitment opens to what is an element; the others are elements. */
static enum cs_err read_points(struct r2 *m, const struct dkls_state *s)
{
    uint8_t com[32];

    cs_dkls_com(com, s->presid, s->peer, s->self, m->R_raw, m->salt);
    if (!cs_ct_equal(com, s->peer_com, sizeof com) ||
        cs_point_decode(secp, &m->R, CS_SPAN(m->R_raw, POINT)) != CS_OK) {
        return CS_ERR_COMMIT_OPEN;
    }
    CS_CHECK(cs_point_decode(secp, &m->pk, CS_SPAN(m->pk_raw, POINT)));
    for (size_t k = 0; k < CS_RVOLE_L; k++) {
        CS_CHECK(cs_point_decode(secp, &m->gamma[k],
                                 CS_SPAN(m->gamma_raw + POINT * k, POINT)));
    }
    return CS_OK;
}

/* chi * P = d G + Gamma, P = R_j and pk_j: the peer multiplied what it showed.  chi and
 * d are secret; both equations are computed, then there is one decision. */
static enum cs_err check_gamma(const struct r2 *m, const struct cs_n *chi,
                               const struct cs_n d[CS_RVOLE_L])
{
    const struct cs_point *shown[CS_RVOLE_L] = {&m->R, &m->pk};
    struct cs_point left, right;
    struct cs_scalar k;
    bool ok = true;

    cs_n_store(k.b, chi);
    for (size_t i = 0; i < CS_RVOLE_L; i++) {
        cs_point_mul(&left, shown[i], &k);
        base_mul(&right, &d[i]);
        cs_point_add(&right, &right, &m->gamma[i]);
        ok &= cs_point_equal(&left, &right);
    }
    cs_wipe(&k, sizeof k);
    cs_wipe(&left, sizeof left);
    cs_wipe(&right, sizeof right);
    return ok ? CS_OK : CS_ERR_GAMMA_CHECK;
}

/* pk_i + pk_j = X';  R = R_i + R_j, r = x(R). */
static enum cs_err check_sums(struct dkls_state *s, const struct r2 *m, struct cs_n *rx)
{
    struct cs_point sum;
    struct cs_scalar r;

    cs_point_add(&sum, &s->pk_own, &m->pk);
    if (!cs_point_equal(&sum, &s->X)) {
        return CS_ERR_PK_SUM;
    }
    cs_point_add(&s->R, &s->R_own, &m->R);
    if (!cs_ecdsa_r(&r, &s->R)) {
        return CS_ERR_ZERO_OR_RANGE;
    }
    (void)cs_n_load(rx, r.b);
    return CS_OK;
}

void cs_dkls_partial(struct cs_n *u, struct cs_n *w, const struct cs_dkls_terms *t)
{
    struct cs_n_sum su = {{0}}, sv = {{0}}, sw = {{0}};
    struct cs_n mask, v;

    cs_n_add(&mask, &t->phi, &t->psi_in);
    cs_n_sum_mul(&su, &t->r, &mask);
    cs_n_sum_add(&su, &t->c[0]);
    cs_n_sum_add(&su, &t->d[0]);
    cs_n_sum_take(u, &su);
    cs_n_sum_mul(&sv, &t->sk, &mask);
    cs_n_sum_add(&sv, &t->c[1]);
    cs_n_sum_add(&sv, &t->d[1]);
    cs_n_sum_take(&v, &sv);
    cs_n_sum_mul(&sw, &t->h, &t->phi);
    cs_n_sum_mul(&sw, &t->rx, &v);
    cs_n_sum_take(w, &sw);
    cs_wipe(&su, sizeof su);
    cs_wipe(&sv, sizeof sv);
    cs_wipe(&sw, sizeof sw);
    cs_wipe(&mask, sizeof mask);
    cs_wipe(&v, sizeof v);
}

/* In the order of 4.7.  d and rx are set when all is well. */
static enum cs_err check_round2(struct dkls_state *s, struct cs_span in, struct r2 *m,
                                struct cs_dkls_terms *t)
{
    uint8_t rsid[32];

    if (memcmp(in.p, s->sid, 32) != 0) { /* public; before any protocol check (A2) */
        return CS_ERR_SID_MISMATCH;
    }
    split(m, in);
    CS_CHECK(read_points(m, s));
    if (cs_n_load(&m->psi, m->psi_raw) == 0) {
        return CS_ERR_ZERO_OR_RANGE;
    }
    cs_rvole_rsid(rsid, &s->keys_bob->ids, s->sid);
    CS_CHECK(
        cs_rvole_bob(t->d, m->rvole, &s->secret.as_bob, &s->keys_bob->gadget, rsid));
    CS_CHECK(check_gamma(m, &s->secret.chi, t->d));
    return check_sums(s, m, &t->rx);
}

enum cs_err dkls_round3(struct dkls_state *s, struct cs_span in, const uint8_t *rand,
                        struct cs_wr *out)
{
    struct dkls_secrets *x = &s->secret;
    struct cs_dkls_terms t = {.h = s->h};
    struct r2 m;
    enum cs_err err;

    (void)rand;
    CS_TRY(check_round2(s, in, &m, &t));
    t.r = x->r;
    t.phi = x->phi;
    t.sk = x->sk;
    t.psi_in = m.psi;
    memcpy(t.c, x->c, sizeof t.c);
    cs_dkls_partial(&s->u, &s->w, &t);
    if (!s->initiator) {
        cs_wr_bytes(out, s->sid, 32);
        put_n(out, &s->u);
        put_n(out, &s->w);
        cs_wipe(&s->u, sizeof s->u);
        cs_wipe(&s->w, sizeof s->w);
        err = out->err;
    }
out:
    cs_wipe(x, sizeof *x); /* whatever happens next (4.7) */
    cs_wipe(&t, sizeof t);
    cs_n_scrub();
    return err;
}

/* ---- after round 3: the initiator's
 * --------------------------------------------------- */

enum cs_err cs_dkls_combine(struct cs_scalar *s, const struct cs_n u[2],
                            const struct cs_n w[2])
{
    struct cs_n sum, inv;
    struct cs_n_sum product = {{0}};
    bool zero;

    cs_n_add(&sum, &u[0], &u[1]);
    zero = cs_ct_is_zero(&sum, sizeof sum);
    cs_n_invert(&inv, &sum);
    cs_n_add(&sum, &w[0], &w[1]);
    cs_n_sum_mul(&product, &sum, &inv);
    cs_n_sum_take(&sum, &product);
    cs_n_store(s->b, &sum);
    cs_wipe(&sum, sizeof sum);
    cs_wipe(&inv, sizeof inv);
    cs_wipe(&product, sizeof product);
    return zero ? CS_ERR_SIG_INVALID : CS_OK;
}

enum cs_err dkls_finish(struct dkls_state *s, struct cs_span in, const uint8_t *rand,
                        struct cs_wr *out)
{
    struct cs_n u[2] = {s->u}, w[2] = {s->w};
    struct cs_scalar sig_s;
    enum cs_err err = CS_ERR_SID_MISMATCH;

    (void)rand;
    (void)out;
    if (memcmp(in.p, s->sid, 32) != 0) {
        goto out;
    }
    err = CS_ERR_SIG_INVALID;
    if ((cs_n_load(&u[1], in.p + 32) & cs_n_load(&w[1], in.p + 64)) == 0) {
        goto out;
    }
    CS_TRY(cs_dkls_combine(&sig_s, u, w));
    err = cs_ecdsa_release(&s->sig, &s->R, &sig_s, s->digest, &s->X, s->recid01);
    cs_wipe(&sig_s, sizeof sig_s);
out:
    cs_wipe(u, sizeof u);
    cs_wipe(w, sizeof w);
    cs_wipe(&s->u, sizeof s->u);
    cs_wipe(&s->w, sizeof s->w);
    return err;
}
