/* What follows round 2 of dkls.h: every check of every peer, round 3, and the signature
 * (PROTOCOLS 4.5, order of checks 4.7). */
#include <string.h>

#include "base/mem.h"
#include "mpc/dkls_impl.h"

static const enum cs_curve secp = CS_CURVE_SECP256K1;

/* ---- after round 2: every check of every peer before anything of round 3 exists -- */

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
    m->salt = m->R_raw + DKLS_POINT;
    m->pk_raw = m->salt + 32;
    m->gamma_raw = m->pk_raw + DKLS_POINT;
    m->psi_raw = m->gamma_raw + 2 * DKLS_POINT;
}

/* The commitment opens to what is an element; the others are elements. */
static enum cs_err read_points(struct r2 *m, const struct dkls_state *s,
                               const struct dkls_peer *peer)
{
    uint8_t com[32];

    dkls_commit(com, s, peer->index, s->self, m->R_raw, m->salt);
    if (!cs_ct_equal(com, peer->com, sizeof com) ||
        cs_point_decode(secp, &m->R, CS_SPAN(m->R_raw, DKLS_POINT)) != CS_OK) {
        return CS_ERR_COMMIT_OPEN;
    }
    CS_CHECK(cs_point_decode(secp, &m->pk, CS_SPAN(m->pk_raw, DKLS_POINT)));
    for (size_t k = 0; k < CS_RVOLE_L; k++) {
        CS_CHECK(cs_point_decode(secp, &m->gamma[k],
                                 CS_SPAN(m->gamma_raw + DKLS_POINT * k, DKLS_POINT)));
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
        dkls_base_mul(&right, &d[i]);
        cs_point_add(&right, &right, &m->gamma[i]);
        ok &= cs_point_equal(&left, &right);
    }
    cs_wipe(&k, sizeof k);
    cs_wipe(&left, sizeof left);
    cs_wipe(&right, sizeof right);
    return ok ? CS_OK : CS_ERR_GAMMA_CHECK;
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

/* Sums over the signers, begun with the own values. */
struct sums {
    struct cs_point R, pk;
    struct cs_n psi, c[CS_RVOLE_L], d[CS_RVOLE_L];
};

/* All of one peer's message but what needs the others too, in the order of 4.7. */
static enum cs_err check_peer(struct dkls_state *s, struct dkls_peer *peer,
                              struct cs_span in, struct r2 *m)
{
    struct dkls_peer_secrets *t = &peer->secret;
    uint8_t rsid[32];

    split(m, in);
    CS_CHECK(read_points(m, s, peer));
    if (cs_n_load(&m->psi, m->psi_raw) == 0) {
        return CS_ERR_ZERO_OR_RANGE;
    }
    dkls_make_rsid(rsid, s, &peer->keys_bob->ids, peer->r1 + DKLS_FIRST);
    CS_CHECK(cs_rvole_bob(t->d, m->rvole, &t->as_bob, &peer->keys_bob->gadget, rsid));
    return check_gamma(m, &t->chi, t->d);
}

static void add_peer(struct sums *sum, const struct dkls_peer *peer, const struct r2 *m)
{
    const struct dkls_peer_secrets *t = &peer->secret;

    cs_point_add(&sum->R, &sum->R, &m->R);
    cs_point_add(&sum->pk, &sum->pk, &m->pk);
    cs_n_add(&sum->psi, &sum->psi, &m->psi);
    for (size_t k = 0; k < CS_RVOLE_L; k++) {
        cs_n_add(&sum->c[k], &sum->c[k], &t->c[k]);
        cs_n_add(&sum->d[k], &sum->d[k], &t->d[k]);
    }
}

/* Public, and before any protocol check (A2): nobody can be blamed for these. */
static enum cs_err check_views(const struct dkls_state *s, const struct dkls_in *in)
{
    for (size_t k = 0; k < s->n_peers; k++) {
        if (memcmp(in[k].body.p, s->sid, 32) != 0) {
            return CS_ERR_SID_MISMATCH;
        }
    }
    for (size_t k = 0; k < s->n_peers && !dkls_is_two(s); k++) {
        if (memcmp(in[k].body.p + CS_SIG_R2_LEN, s->tr1, 32) != 0) {
            return CS_ERR_EQUIVOCATION;
        }
    }
    return CS_OK;
}

/* sum pk = X';  R = sum R_k, r = x(R).  Of three or more nobody knows who (D5). */
static enum cs_err check_sums(struct dkls_state *s, const struct sums *sum,
                              struct cs_n *rx)
{
    struct cs_scalar r;

    if (!cs_point_equal(&sum->pk, &s->X)) {
        s->culprit = dkls_is_two(s) ? s->peers[0].index : 0;
        return CS_ERR_PK_SUM;
    }
    s->R = sum->R;
    if (!cs_ecdsa_r(&r, &s->R)) {
        return CS_ERR_ZERO_OR_RANGE;
    }
    (void)cs_n_load(rx, r.b);
    return CS_OK;
}

static enum cs_err check_round2(struct dkls_state *s, const struct dkls_in *in,
                                struct sums *sum, struct cs_n *rx)
{
    struct r2 m;

    CS_CHECK(check_views(s, in));
    sum->R = s->R_own;
    sum->pk = s->pk_own;
    for (size_t k = 0; k < s->n_peers; k++) {
        s->culprit = s->peers[k].index;
        CS_CHECK(check_peer(s, &s->peers[k], in[k].body, &m));
        add_peer(sum, &s->peers[k], &m);
    }
    s->culprit = 0;
    return check_sums(s, sum, rx);
}

/* u and w to the initiator, who keeps its own. */
static enum cs_err give(struct dkls_state *s, struct cs_dkls_msg *out)
{
    enum cs_err err = CS_OK;

    for (size_t k = 0; k < s->n_peers; k++) {
        if (s->peers[k].index == s->initiator) {
            cs_wr_bytes(&out[k].body, s->sid, 32);
            dkls_put_n(&out[k].body, &s->u);
            dkls_put_n(&out[k].body, &s->w);
            err = out[k].body.err;
            cs_wipe(&s->u, sizeof s->u);
            cs_wipe(&s->w, sizeof s->w);
        }
    }
    return err;
}

static void erase(struct dkls_state *s)
{
    cs_wipe(&s->secret, sizeof s->secret);
    for (size_t k = 0; k < s->n_peers; k++) {
        cs_wipe(&s->peers[k].secret, sizeof s->peers[k].secret);
    }
}

enum cs_err dkls_round3(struct dkls_state *s, const struct dkls_in *in,
                        const uint8_t *rand, struct cs_dkls_msg *out)
{
    struct cs_dkls_terms t = {.h = s->h};
    struct sums sum = {.psi = {{0}}};
    enum cs_err err;

    (void)rand;
    CS_TRY(check_round2(s, in, &sum, &t.rx));
    t.r = s->secret.r;
    t.phi = s->secret.phi;
    t.sk = s->secret.sk;
    t.psi_in = sum.psi;
    memcpy(t.c, sum.c, sizeof t.c);
    memcpy(t.d, sum.d, sizeof t.d);
    cs_dkls_partial(&s->u, &s->w, &t);
    err = give(s, out);
out:
    erase(s); /* whatever happens next (4.7) */
    cs_wipe(&t, sizeof t);
    cs_wipe(&sum, sizeof sum);
    cs_n_scrub();
    return err;
}

/* ---- after round 3: the initiator's ---------------------------------------------- */

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

/* The others' u and w, summed. */
static enum cs_err take_partials(struct dkls_state *s, const struct dkls_in *in,
                                 struct cs_n *u, struct cs_n *w)
{
    for (size_t k = 0; k < s->n_peers; k++) {
        if (memcmp(in[k].body.p, s->sid, 32) != 0) {
            return CS_ERR_SID_MISMATCH;
        }
    }
    for (size_t k = 0; k < s->n_peers; k++) {
        struct cs_n a, b;

        s->culprit = s->peers[k].index;
        if ((cs_n_load(&a, in[k].body.p + 32) & cs_n_load(&b, in[k].body.p + 64)) ==
            0) {
            return CS_ERR_SIG_INVALID;
        }
        cs_n_add(u, u, &a);
        cs_n_add(w, w, &b);
    }
    s->culprit = 0;
    return CS_OK;
}

enum cs_err dkls_finish(struct dkls_state *s, const struct dkls_in *in,
                        const uint8_t *rand, struct cs_dkls_msg *out)
{
    struct cs_n u[2] = {s->u}, w[2] = {s->w};
    struct cs_scalar sig_s;
    enum cs_err err;

    (void)rand;
    (void)out;
    CS_TRY(take_partials(s, in, &u[1], &w[1]));
    err = cs_dkls_combine(&sig_s, u, w);
    if (err == CS_OK) {
        err = cs_ecdsa_release(&s->sig, &s->R, &sig_s, s->digest, &s->X, s->recid01);
    }
    if (err == CS_ERR_SIG_INVALID && dkls_is_two(s)) {
        s->culprit = s->peers[0].index;
    }
    cs_wipe(&sig_s, sizeof sig_s);
out:
    cs_wipe(u, sizeof u);
    cs_wipe(w, sizeof w);
    cs_wipe(&s->u, sizeof s->u);
    cs_wipe(&s->w, sizeof s->w);
    return err;
}
