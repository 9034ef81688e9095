/* What the rounds of dkls.h compute (PROTOCOLS 4.5, order of checks 4.7). */
#include <string.h>

#include "base/mem.h"
#include "base/rd.h"
#include "crypto/oracle.h"
#include "mpc/dkls_impl.h"

enum { ROLE_ALICE = 1, ROLE_BOB = 2, POINT = 33, FIRST = CS_SIG_R1_BCAST_LEN };

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

static bool is_two(const struct dkls_state *s)
{
    return s->n_signers == 2;
}

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
    memcpy(t->salt, rand + 96, 32);
}

/* One commitment for all, or, at t = 2, for this peer. */
static void commit(uint8_t com[32], const struct dkls_state *s, uint8_t who,
                   uint8_t towards, const uint8_t R[POINT], const uint8_t salt[32])
{
    if (is_two(s)) {
        cs_dkls_com(com, s->presid, who, towards, R, salt);
    } else {
        cs_dkls_com_all(com, s->presid, who, R, salt);
    }
}

/* As Bob towards one peer: the choice b, the extension and chi. */
static void choose(struct dkls_state *s, struct dkls_peer *peer, const uint8_t *rand)
{
    struct dkls_peer_secrets *t = &peer->secret;
    uint8_t esid[32];

    cs_otx_esid(esid, &peer->keys_bob->ids, s->presid, peer->r1);
    cs_hedged_stream(t->as_bob.b, sizeof t->as_bob.b, CS_TAG_HEDGE_OT_B, rand + 128,
                     s->secret.local, is_two(s) ? s->presid : esid, ROLE_BOB);
    cs_otx_bob_run(&t->as_bob, peer->r1 + FIRST, &peer->keys_bob->bob, esid,
                   &s->secret.scratch);
    cs_rvole_chi(&t->chi, &t->as_bob, &peer->keys_bob->gadget);
}

enum cs_err dkls_round1(struct dkls_state *s, const struct dkls_in *in,
                        const uint8_t *rand, struct cs_dkls_msg *out)
{
    uint8_t R[CS_POINT_MAX];

    (void)in;
    draw_nonces(s, rand);
    cs_point_base_mul(secp, &s->R_own, &s->secret.r_scalar.s);
    (void)cs_point_encode(&s->R_own, R);
    for (size_t k = 0; k < s->n_peers; k++) {
        struct dkls_peer *peer = &s->peers[k];

        memcpy(peer->r1, rand + 64, 32);
        commit(peer->r1 + 32, s, s->self, peer->index, R, s->secret.salt);
        choose(s, peer, rand);
        cs_wr_bytes(is_two(s) ? &out[k].body : &out[k].bcast, peer->r1, FIRST);
        cs_wr_bytes(&out[k].body, peer->r1 + FIRST, sizeof peer->r1 - FIRST);
        CS_CHECK(out[k].bcast.err);
        CS_CHECK(out[k].body.err);
    }
    return CS_OK;
}

/* ---- round 2 --------------------------------------------------------------------- */

/* A first message in its two shapes: nonce 32 | com 32, and U | x | t. */
static const uint8_t *first_of(const struct dkls_state *s, const struct dkls_in *in)
{
    return is_two(s) ? in->body.p : in->bcast.p;
}

static const uint8_t *ext_of(const struct dkls_state *s, const struct dkls_in *in)
{
    return is_two(s) ? in->body.p + FIRST : in->body.p;
}

/* sid, and tr_1 at t >= 3, over all first messages in rising order (A3). */
static void make_sid(struct dkls_state *s, const struct dkls_in *in)
{
    size_t n = is_two(s) ? (size_t)CS_SIG_R1_LEN : (size_t)FIRST, k = 0;
    struct cs_dkls_first all[CS_PARTIES_MAX];

    for (size_t i = 0; i < s->n_signers; i++) {
        const uint8_t *p = s->signers[i] == s->self ? s->peers[0].r1
                                                    : first_of(s, &in[k++]);

        all[i] = (struct cs_dkls_first){p, CS_SPAN(p, n)};
    }
    cs_dkls_sid(s->sid, s->presid, all, s->n_signers);
    if (!is_two(s)) {
        cs_dkls_tr1(s->tr1, s->presid, all, s->n_signers);
    }
}

/* zeta_i = sum +- h2s("zero"; zero_ij, sid), + if i < j. */
static void add_zeta(struct cs_scalar *sk, const struct dkls_state *s)
{
    for (size_t k = 0; k < s->n_peers; k++) {
        const struct dkls_peer *peer = &s->peers[k];
        const struct cs_span x[] = {CS_SPAN_OF(peer->secret.zero_key),
                                    CS_SPAN_OF(s->sid)};
        struct cs_scalar zeta;

        cs_h2s(secp, &zeta, CS_TAG_ZERO, x, CS_COUNTOF(x));
        if (s->self < peer->index) {
            cs_scalar_add(secp, sk, sk, &zeta);
        } else {
            cs_scalar_sub(secp, sk, sk, &zeta);
        }
        cs_wipe(&zeta, sizeof zeta);
    }
}

/* sk_i = lambda_i x_i + zeta_i + (i = min S ? epsilon : 0) */
static enum cs_err make_key_share(struct dkls_state *s)
{
    struct dkls_secrets *t = &s->secret;
    struct cs_scalar lambda, sk;

    CS_CHECK(cs_lagrange(secp, &lambda, s->self, s->signers, s->n_signers, 0));
    cs_scalar_mul(secp, &sk, &lambda, &t->x.s);
    add_zeta(&sk, s);
    if (s->self == s->signers[0]) {
        cs_scalar_add(secp, &sk, &sk, &s->epsilon);
    }
    (void)cs_n_load(&t->sk, sk.b);
    cs_point_base_mul(secp, &s->pk_own, &sk);
    cs_wipe(&sk, sizeof sk);
    return CS_OK;
}

/* ext: Bob's first message of this direction. */
static void make_rsid(uint8_t rsid[32], const struct dkls_state *s,
                      const struct cs_ot_ids *ids, const uint8_t *ext)
{
    if (is_two(s)) {
        cs_rvole_rsid(rsid, ids, s->sid); /* whose sid covers ext */
    } else {
        cs_dkls_rsid_m1(rsid, ids, s->sid, ext);
    }
}

/* As Alice towards one peer: c^u, c^v and the message that makes the peer's d. */
static enum cs_err multiply(struct dkls_state *s, struct dkls_peer *peer,
                            const uint8_t *ext, const uint8_t *rand, struct cs_wr *out)
{
    struct dkls_peer_secrets *t = &peer->secret;
    struct cs_n a[CS_RVOLE_L + 1];
    uint8_t rsid[32], wide[64], *p = cs_wr_room(out, CS_RVOLE_LEN);
    struct cs_scalar a_hat;
    enum cs_err err = CS_ERR_NOMEM;

    if (p == NULL) {
        return err;
    }
    make_rsid(rsid, s, &peer->keys_alice->ids, ext);
    cs_hedged_stream(wide, sizeof wide, CS_TAG_HEDGE_A_HAT, rand + 160, s->secret.local,
                     is_two(s) ? s->presid : rsid, ROLE_ALICE);
    cs_scalar_reduce64(secp, &a_hat, wide);
    a[0] = s->secret.r;
    a[1] = s->secret.sk;
    (void)cs_n_load(&a[2], a_hat.b);
    err = cs_rvole_alice(t->c, p, &t->as_alice, &peer->keys_alice->gadget, rsid, a,
                         &a[2]);
    cs_wipe(&t->as_alice, sizeof t->as_alice);
    cs_wipe(a, sizeof a);
    cs_wipe(wide, sizeof wide);
    cs_wipe(&a_hat, sizeof a_hat);
    return err;
}

/* Our message of round 2 for one peer: R, salt and pk are the same for all. */
static enum cs_err answer(struct dkls_state *s, struct dkls_peer *peer,
                          const uint8_t *ext, const uint8_t *rand, struct cs_wr *out)
{
    struct cs_point gamma;
    struct cs_n psi;

    cs_wr_bytes(out, s->sid, 32);
    CS_CHECK(multiply(s, peer, ext, rand, out));
    CS_CHECK(put_point(out, &s->R_own));
    cs_wr_bytes(out, s->secret.salt, 32);
    CS_CHECK(put_point(out, &s->pk_own));
    for (size_t m = 0; m < CS_RVOLE_L; m++) {
        base_mul(&gamma, &peer->secret.c[m]);
        CS_CHECK(put_point(out, &gamma));
    }
    cs_n_sub(&psi, &s->secret.phi, &peer->secret.chi);
    put_n(out, &psi);
    if (!is_two(s)) {
        cs_wr_bytes(out, s->tr1, 32);
    }
    return out->err;
}

/* The check of 4.3 for one peer. */
static enum cs_err take_first(struct dkls_state *s, struct dkls_peer *peer,
                              const struct dkls_in *in)
{
    const uint8_t *first = first_of(s, in);
    uint8_t esid[32];

    memcpy(peer->com, first + 32, 32);
    cs_otx_esid(esid, &peer->keys_alice->ids, s->presid, first);
    return cs_otx_alice_run(&peer->secret.as_alice, ext_of(s, in),
                            &peer->keys_alice->alice, esid, &s->secret.scratch);
}

enum cs_err dkls_round2(struct dkls_state *s, const struct dkls_in *in,
                        const uint8_t *rand, struct cs_dkls_msg *out)
{
    make_sid(s, in);
    for (size_t k = 0; k < s->n_peers; k++) {
        s->culprit = s->peers[k].index;
        CS_CHECK(take_first(s, &s->peers[k], &in[k]));
    }
    s->culprit = 0;
    CS_CHECK(make_key_share(s));
    for (size_t k = 0; k < s->n_peers; k++) {
        CS_CHECK(answer(s, &s->peers[k], ext_of(s, &in[k]), rand, &out[k].body));
    }
    return CS_OK;
}

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
    m->salt = m->R_raw + POINT;
    m->pk_raw = m->salt + 32;
    m->gamma_raw = m->pk_raw + POINT;
    m->psi_raw = m->gamma_raw + 2 * POINT;
}

/* The commitment opens to what is an element; the others are elements. */
static enum cs_err read_points(struct r2 *m, const struct dkls_state *s,
                               const struct dkls_peer *peer)
{
    uint8_t com[32];

    commit(com, s, peer->index, s->self, m->R_raw, m->salt);
    if (!cs_ct_equal(com, peer->com, sizeof com) ||
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
    make_rsid(rsid, s, &peer->keys_bob->ids, peer->r1 + FIRST);
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
    for (size_t k = 0; k < s->n_peers && !is_two(s); k++) {
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
        s->culprit = is_two(s) ? s->peers[0].index : 0;
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
            put_n(&out[k].body, &s->u);
            put_n(&out[k].body, &s->w);
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
    if (err == CS_ERR_SIG_INVALID && is_two(s)) {
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
