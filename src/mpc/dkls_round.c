/* What rounds 1 and 2 of dkls.h compute (PROTOCOLS 4.5); what follows them is in
 * dkls_check.c. */
#include <string.h>

#include "base/mem.h"
#include "crypto/oracle.h"
#include "mpc/dkls_impl.h"

enum { ROLE_ALICE = 1, ROLE_BOB = 2 };

static const enum cs_curve secp = CS_CURVE_SECP256K1;

void dkls_base_mul(struct cs_point *out, const struct cs_n *k)
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

void dkls_put_n(struct cs_wr *w, const struct cs_n *a)
{
    uint8_t b[32];

    cs_n_store(b, a);
    cs_wr_bytes(w, b, sizeof b); /* on the wire: public from here on */
}

/* ---- round 1 --------------------------------------------------------------------- */

bool dkls_is_two(const struct dkls_state *s)
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
void dkls_commit(uint8_t com[32], const struct dkls_state *s, uint8_t who,
                 uint8_t towards, const uint8_t R[DKLS_POINT], const uint8_t salt[32])
{
    if (dkls_is_two(s)) {
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
                     s->secret.local, dkls_is_two(s) ? s->presid : esid, ROLE_BOB);
    cs_otx_bob_run(&t->as_bob, peer->r1 + DKLS_FIRST, &peer->keys_bob->bob, esid,
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
        dkls_commit(peer->r1 + 32, s, s->self, peer->index, R, s->secret.salt);
        choose(s, peer, rand);
        cs_wr_bytes(dkls_is_two(s) ? &out[k].body : &out[k].bcast, peer->r1,
                    DKLS_FIRST);
        cs_wr_bytes(&out[k].body, peer->r1 + DKLS_FIRST, sizeof peer->r1 - DKLS_FIRST);
        CS_CHECK(out[k].bcast.err);
        CS_CHECK(out[k].body.err);
    }
    return CS_OK;
}

/* ---- round 2 --------------------------------------------------------------------- */

/* A first message in its two shapes: nonce 32 | com 32, and U | x | t. */
static const uint8_t *first_of(const struct dkls_state *s, const struct dkls_in *in)
{
    return dkls_is_two(s) ? in->body.p : in->bcast.p;
}

static const uint8_t *ext_of(const struct dkls_state *s, const struct dkls_in *in)
{
    return dkls_is_two(s) ? in->body.p + DKLS_FIRST : in->body.p;
}

/* sid, and tr_1 at t >= 3, over all first messages in rising order (A3). */
static void make_sid(struct dkls_state *s, const struct dkls_in *in)
{
    size_t n = dkls_is_two(s) ? (size_t)CS_SIG_R1_LEN : (size_t)DKLS_FIRST, k = 0;
    struct cs_dkls_first all[CS_PARTIES_MAX];

    for (size_t i = 0; i < s->n_signers; i++) {
        const uint8_t *p = s->signers[i] == s->self ? s->peers[0].r1
                                                    : first_of(s, &in[k++]);

        all[i] = (struct cs_dkls_first){p, CS_SPAN(p, n)};
    }
    cs_dkls_sid(s->sid, s->presid, all, s->n_signers);
    if (!dkls_is_two(s)) {
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
void dkls_make_rsid(uint8_t rsid[32], const struct dkls_state *s,
                    const struct cs_ot_ids *ids, const uint8_t *ext)
{
    if (dkls_is_two(s)) {
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
    dkls_make_rsid(rsid, s, &peer->keys_alice->ids, ext);
    cs_hedged_stream(wide, sizeof wide, CS_TAG_HEDGE_A_HAT, rand + 160, s->secret.local,
                     dkls_is_two(s) ? s->presid : rsid, ROLE_ALICE);
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
        dkls_base_mul(&gamma, &peer->secret.c[m]);
        CS_CHECK(put_point(out, &gamma));
    }
    cs_n_sub(&psi, &s->secret.phi, &peer->secret.chi);
    dkls_put_n(out, &psi);
    if (!dkls_is_two(s)) {
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
