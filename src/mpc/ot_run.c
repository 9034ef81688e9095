/* The five computing steps of an OT setup (PROTOCOLS 4.2, 15.4 D3).
 *
 * Self-test: one RVOLE with random inputs whose pads nothing else uses; Alice opens her
 * side with her message, Bob answers with his; both compare c + d with a * chi.
 * OT_CHECK and RVOLE_CHECK are SETUP_TEST here: no key material has met this setup. */
#include <string.h>

#include "base/mem.h"
#include "crypto/oracle.h"
#include "mpc/ot_setup_impl.h"

enum { ROLE_ALICE = 1, ROLE_BOB = 2 };

struct ot_run *ot_run_new(const struct cs_ot_ids *ids, bool alice,
                          const uint8_t local[32])
{
    struct ot_run *r = cs_guard_new(sizeof *r);

    if (r == NULL) {
        return NULL;
    }
    r->keys = cs_guard_new(sizeof *r->keys);
    if (r->keys == NULL) {
        cs_guard_free(r);
        return NULL;
    }
    r->keys->refs = 1;
    r->keys->ids = *ids;
    r->keys->is_alice = alice;
    memcpy(r->local, local, sizeof r->local);
    cs_ot_selftest_presid(r->presid, ids);
    return r;
}

void ot_run_free(struct ot_run *r)
{
    if (r != NULL) {
        cs_ot_keys_drop(r->keys);
        cs_guard_free(r);
    }
}

static enum cs_err as_setup_test(enum cs_err err)
{
    return err == CS_ERR_OT_CHECK || err == CS_ERR_RVOLE_CHECK ? CS_ERR_SETUP_TEST
                                                               : err;
}

/* Random scalars of the self-test: 64 bytes each, reduced. */
static void draw_scalars(struct cs_n *out, size_t n, const struct ot_run *r,
                         const uint8_t rand[32])
{
    uint8_t wide[3][64];
    struct cs_scalar s;

    CS_ASSERT(n <= CS_COUNTOF(wide));
    cs_hedged_stream(wide[0], 64 * n, CS_TAG_HEDGE_SELFTEST, rand, r->local,
                     r->keys->ids.osid, ROLE_ALICE);
    for (size_t i = 0; i < n; i++) {
        cs_scalar_reduce64(CS_CURVE_SECP256K1, &s, wide[i]);
        (void)cs_n_load(&out[i], s.b); /* zero: 2^-256, and the test would fail */
    }
    cs_wipe(wide, sizeof wide);
    cs_wipe(&s, sizeof s);
}

/* A3 with Bob's whole 2.3 and Alice's nonce as the payloads. */
static void make_sid(struct ot_run *r, const uint8_t alice_nonce[32])
{
    bool alice_lo = r->keys->ids.alice < r->keys->ids.bob;
    struct cs_dkls_first both[2];

    both[alice_lo ? 0 : 1] = (struct cs_dkls_first){alice_nonce,
                                                    CS_SPAN(alice_nonce, 32)};
    both[alice_lo ? 1 : 0] = (struct cs_dkls_first){r->ext, CS_SPAN_OF(r->ext)};
    cs_dkls_sid(r->sid, r->presid, both, 2);
}

/* c_m + d_m = a_m * chi, both m: one decision. */
static bool product_holds(const struct cs_n a[CS_RVOLE_L], const struct cs_n *chi,
                          const struct cs_n c[CS_RVOLE_L],
                          const struct cs_n d[CS_RVOLE_L])
{
    uint64_t diff = 0;

    for (size_t m = 0; m < CS_RVOLE_L; m++) {
        struct cs_n_sum s = {{0}};
        struct cs_n left, right;

        cs_n_sum_mul(&s, &a[m], chi);
        cs_n_sum_take(&right, &s);
        cs_n_add(&left, &c[m], &d[m]);
        for (size_t i = 0; i < CS_COUNTOF(left.v); i++) {
            diff |= left.v[i] ^ right.v[i];
        }
    }
    return cs_ct_is_zero(&diff, sizeof diff);
}

static void put_n(struct cs_wr *w, const struct cs_n *a)
{
    uint8_t b[32];

    cs_n_store(b, a);
    cs_wr_bytes(w, b, sizeof b);
    cs_wipe(b, sizeof b);
}

/* n scalars, each 1..q-1. */
static enum cs_err get_n(struct cs_n *out, size_t n, const uint8_t *p)
{
    uint64_t all = UINT64_MAX;

    for (size_t i = 0; i < n; i++) {
        all &= cs_n_load(&out[i], p + 32 * i);
    }
    return all == 0 ? CS_ERR_ZERO_OR_RANGE : CS_OK;
}

/* ---- steps ----------------------------------------------------------------------- */

enum cs_err ot_alice_request(struct ot_run *r, const struct ot_step *s)
{
    struct cs_wr *w = ot_emit(s->out, CS_TYPE_OT_R, r->keys->ids.osid);

    CS_CHECK(cs_ot_base_request(&r->base, r->keys->ids.osid, s->rand, r->local));
    cs_wr_bytes(w, r->base.r, sizeof r->base.r);
    return w->err;
}

enum cs_err ot_bob_answer(struct ot_run *r, const struct ot_step *s)
{
    struct cs_ot_keys *k = r->keys;
    struct cs_wr *w = ot_emit(s->out, CS_TYPE_OT_S, k->ids.osid);
    uint8_t *m = cs_wr_room(w, CS_OT_S_LEN), esid[32];

    if (m == NULL) {
        return CS_ERR_NOMEM;
    }
    CS_CHECK(cs_ot_base_answer(&k->bob, m, k->ids.osid, s->in[0].p, s->rand, r->local));
    cs_rvole_gadget_make(&k->gadget, k->ids.osid);
    cs_hedged_stream(r->as_bob.b, sizeof r->as_bob.b, CS_TAG_HEDGE_OT_B, s->rand,
                     r->local, r->presid, ROLE_BOB);
    cs_hedged_stream(r->nonce, sizeof r->nonce, CS_TAG_HEDGE_SELFTEST, s->rand,
                     r->local, r->presid, ROLE_BOB);
    memcpy(r->ext, r->nonce, 32);
    cs_otx_esid(esid, &k->ids, r->presid, r->nonce);
    cs_otx_bob_run(&r->as_bob, r->ext + 32, &k->bob, esid, &r->scratch);
    w = ot_emit(s->out, CS_TYPE_OT_EXT, k->ids.osid);
    cs_wr_bytes(w, r->ext, sizeof r->ext);
    return w->err;
}

static enum cs_err alice_keys(struct ot_run *r, const struct ot_step *s)
{
    struct cs_ot_keys *k = r->keys;
    uint8_t esid[32];

    CS_CHECK(cs_ot_base_finish(&k->alice, &r->base, s->in[0].p));
    cs_rvole_gadget_make(&k->gadget, k->ids.osid);
    memcpy(r->ext, s->in[1].p, sizeof r->ext);
    cs_otx_esid(esid, &k->ids, r->presid, r->ext);
    return as_setup_test(
        cs_otx_alice_run(&r->as_alice, r->ext + 32, &k->alice, esid, &r->scratch));
}

enum cs_err ot_alice_multiply(struct ot_run *r, const struct ot_step *s)
{
    struct cs_ot_keys *k = r->keys;
    struct cs_wr *w = ot_emit(s->out, CS_TYPE_OT_MUL, k->ids.osid);
    uint8_t rsid[32], *p;

    CS_CHECK(alice_keys(r, s));
    cs_hedged_stream(r->nonce, sizeof r->nonce, CS_TAG_HEDGE_SELFTEST, s->rand,
                     r->local, r->presid, ROLE_ALICE);
    make_sid(r, r->nonce);
    cs_rvole_rsid(rsid, &k->ids, r->sid);
    draw_scalars(r->a, CS_COUNTOF(r->a), r, s->rand);
    cs_wr_bytes(w, r->sid, 32);
    cs_wr_bytes(w, r->nonce, 32);
    p = cs_wr_room(w, CS_RVOLE_LEN);
    if (p == NULL) {
        return CS_ERR_NOMEM;
    }
    CS_CHECK(cs_rvole_alice(r->c, p, &r->as_alice, &k->gadget, rsid, r->a,
                            &r->a[CS_RVOLE_L]));
    cs_wipe(&r->as_alice, sizeof r->as_alice);
    put_n(w, &r->a[0]); /* a throw-away: public from here on */
    put_n(w, &r->a[1]);
    put_n(w, &r->c[0]);
    put_n(w, &r->c[1]);
    return w->err;
}

enum cs_err ot_bob_check(struct ot_run *r, const struct ot_step *s)
{
    struct cs_ot_keys *k = r->keys;
    const uint8_t *in = s->in[0].p, *mul = in + 64, *open = mul + CS_RVOLE_LEN;
    struct cs_n x[4], d[CS_RVOLE_L], chi;
    uint8_t rsid[32];
    struct cs_wr *w;

    make_sid(r, in + 32);
    if (memcmp(in, r->sid, 32) != 0) { /* public; 15.1 A2 */
        return CS_ERR_SID_MISMATCH;
    }
    CS_CHECK(get_n(x, CS_COUNTOF(x), open));
    cs_rvole_rsid(rsid, &k->ids, r->sid);
    CS_CHECK(as_setup_test(cs_rvole_bob(d, mul, &r->as_bob, &k->gadget, rsid)));
    cs_rvole_chi(&chi, &r->as_bob, &k->gadget);
    cs_wipe(&r->as_bob, sizeof r->as_bob);
    if (!product_holds(x, &chi, x + 2, d)) {
        return CS_ERR_SETUP_TEST;
    }
    w = ot_emit(s->out, CS_TYPE_OT_OPEN, k->ids.osid);
    cs_wr_bytes(w, r->sid, 32);
    put_n(w, &chi);
    put_n(w, &d[0]);
    put_n(w, &d[1]);
    return w->err;
}

enum cs_err ot_alice_check(struct ot_run *r, const struct ot_step *s)
{
    const uint8_t *in = s->in[0].p;
    struct cs_n x[3];
    struct cs_wr *w;

    if (memcmp(in, r->sid, 32) != 0) {
        return CS_ERR_SID_MISMATCH;
    }
    CS_CHECK(get_n(x, CS_COUNTOF(x), in + 32));
    if (!product_holds(r->a, &x[0], r->c, &x[1])) {
        return CS_ERR_SETUP_TEST;
    }
    w = ot_emit(s->out, CS_TYPE_OT_DONE, r->keys->ids.osid);
    cs_wr_bytes(w, r->sid, 32);
    return w->err;
}
