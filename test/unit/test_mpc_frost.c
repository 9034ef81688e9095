/* FROST(Ed25519, SHA-512) against RFC 9591 and ZF FROST; every check of PROTOCOLS 7.1.
 */
#include "mpc/frost.h"

#include <sodium.h>

#include "support/mpc_party.h"
#include "support/vectors.h"

#define ED CS_CURVE_ED25519

/* ---- RFC 9591, appendix E.1, as figures of our own table
 * ---------------------------------- */

static const struct {
    uint8_t id;
    const char *share, *rand_d, *rand_e, *d, *e, *D, *E, *rho, *z;
} rfc[] = {
    {1, "929dcc590407aae7d388761cddb0c0db6f5627aea8e217f4a033f2ec83d93509",
     "0fd2e39e111cdc266f6c0f4d0fd45c947761f1f5d3cb583dfcb9bbaf8d4c9fec",
     "69cd85f631d5f7f2721ed5e40519b1366f340a87c2f6856363dbdcda348a7501",
     "812d6104142944d5a55924de6d49940956206909f2acaeedecda2b726e630407",
     "b1110165fc2334149750b28dd813a39244f315cff14d4e89e6142f262ed83301",
     "b5aa8ab305882a6fc69cbee9327e5a45e54c08af61ae77cb8207be3d2ce13de3",
     "67e98ab55aa310c3120418e5050c9cf76cf387cb20ac9e4b6fdb6f82a469f932",
     "f2cb9d7dd9beff688da6fcc83fa89046b3479417f47f55600b106760eb3b5603",
     "001719ab5a53ee1a12095cd088fd149702c0720ce5fd2f29dbecf24b7281b603"},
    {3, "d3cb090a075eb154e82fdb4b3cb507f110040905468bb9c46da8bdea643a9a02",
     "86d64a260059e495d0fb4fcc17ea3da7452391baa494d4b00321098ed2a0062f",
     "13e6b25afb2eba51716a9a7d44130c0dbae0004a9ef8d7b5550c8a0e07c61775",
     "c256de65476204095ebdc01bd11dc10e57b36bc96284595b8215222374f99c0e",
     "243d71944d929063bc51205714ae3c2218bd3451d0214dfb5aeec2a90c35180d",
     "cfbdb165bd8aad6eb79deb8d287bcc0ab6658ae57fdcc98ed12c0669e90aec91",
     "7487bc41a6e712eea2f2af24681b58b1cf1da278ea11fe4e8b78398965f13552",
     "b087686bf35a13f3dc78e780a34b0fe8a77fef1b9938c563f5573d71d8d7890f",
     "bd86125de990acc5e1f13781d8e32c03a9bbd4c53539bbc106058bfd14326007"},
};
static const char rfc_key[] =
    "15d21ccd7ee42959562fc8aa63224c8851fb3ec85a3faf66040d380fb9738673";
static const char rfc_sig[] =
    "36282629c383bb820a88b71cae937d41f2f2adfcc3d02e55507e2fb9e2dd3cbe"
    "bd9d2b0844e49ae0f3fa935161e1419aab7b47d21a37ebeae1f17d4987b3160b";

static void hex32(uint8_t out[32], const char *hex)
{
    assert_int_equal(cs_unhex(out, 32, hex), CS_OK);
}

static void point_of(struct cs_point *out, const char *hex)
{
    uint8_t b[32];

    hex32(b, hex);
    assert_int_equal(cs_point_decode(ED, out, CS_SPAN_OF(b)), CS_OK);
}

/* Two signers of one key over one message, ready to sign. */
struct pairing {
    struct cs_secret x[2];
    struct cs_point X, Xi[2];
    struct cs_frost_nonces n[2];
    struct cs_frost_commit c[2];
    struct cs_frost_ctx ctx;
    struct cs_scalar z[2];
};

static const uint8_t test_msg[] = {'t', 'e', 's', 't'};

static void rfc_pairing(struct pairing *p)
{
    assert_int_equal(cs_crypto_init(), CS_OK);
    point_of(&p->X, rfc_key);
    for (size_t i = 0; i < 2; i++) {
        uint8_t rand[64];

        hex32(p->x[i].s.b, rfc[i].share);
        hex32(rand, rfc[i].rand_d);
        hex32(rand + 32, rfc[i].rand_e);
        cs_point_base_mul(ED, &p->Xi[i], &p->x[i].s);
        cs_frost_nonces_make(&p->n[i], &p->c[i], rfc[i].id, rand, &p->x[i]);
    }
    assert_int_equal(cs_frost_bind(&p->ctx, &p->X, p->c, 2, CS_SPAN_OF(test_msg)),
                     CS_OK);
}

static void rfc_9591_reproduces(void **state)
{
    uint8_t want[64], got[64];
    struct pairing p;

    (void)state;
    rfc_pairing(&p);
    for (size_t i = 0; i < 2; i++) {
        hex32(want, rfc[i].d);
        assert_memory_equal(p.n[i].d.s.b, want, 32);
        hex32(want, rfc[i].e);
        assert_memory_equal(p.n[i].e.s.b, want, 32);
        cs_frost_commit_encode(got, &p.c[i]);
        hex32(want, rfc[i].D);
        hex32(want + 32, rfc[i].E);
        assert_memory_equal(got, want, 64);
        hex32(want, rfc[i].rho);
        assert_memory_equal(p.ctx.rho[i].b, want, 32);
    }
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(
            cs_frost_sign(&p.z[i], &p.n[i], &p.ctx, rfc[i].id, &p.x[i], &p.Xi[i]),
            CS_OK);
        hex32(want, rfc[i].z);
        assert_memory_equal(p.z[i].b, want, 32);
    }
    assert_int_equal(cs_frost_aggregate(got, &p.ctx, p.z, CS_SPAN_OF(test_msg)), CS_OK);
    assert_int_equal(cs_unhex(want, 64, rfc_sig), CS_OK);
    assert_memory_equal(got, want, 64);
}

/* ---- whole files
 * ------------------------------------------------------------------------------ */

static void replay_file(struct cs_vec *v, const char *key_field)
{
    const json_t *in = cs_vec_get(v->root, "inputs");
    const json_t *r1 = cs_vec_get(cs_vec_get(v->root, "round_one_outputs"), "outputs");
    const json_t *r2 = cs_vec_get(cs_vec_get(v->root, "round_two_outputs"), "outputs");
    const json_t *shares = cs_vec_get(in, "participant_shares");
    struct cs_frost_nonces n[CS_PARTIES_MAX];
    struct cs_frost_commit c[CS_PARTIES_MAX];
    struct cs_secret x[CS_PARTIES_MAX];
    struct cs_scalar z[CS_PARTIES_MAX];
    struct cs_frost_ctx ctx;
    struct cs_point X;
    uint8_t sig[64];
    size_t count = json_array_size(r1);
    struct cs_span msg = cs_vec_hex(v, in, "message");

    assert_true(count >= 2 && count <= CS_PARTIES_MAX);
    assert_int_equal(cs_point_decode(ED, &X, cs_vec_hex(v, in, key_field)), CS_OK);
    for (size_t i = 0; i < count; i++) {
        const json_t *o = json_array_get(r1, i);
        json_int_t id = cs_vec_int(o, "identifier");
        const json_t *share = json_array_get(shares, (size_t)id - 1);
        uint8_t rand[64], enc[64];

        assert_int_equal(cs_vec_int(share, "identifier"), id);
        memcpy(x[i].s.b, cs_vec_hex_n(v, share, "participant_share", 32), 32);
        memcpy(rand, cs_vec_hex_n(v, o, "hiding_nonce_randomness", 32), 32);
        memcpy(rand + 32, cs_vec_hex_n(v, o, "binding_nonce_randomness", 32), 32);
        cs_frost_nonces_make(&n[i], &c[i], (uint8_t)id, rand, &x[i]);
        cs_frost_commit_encode(enc, &c[i]);
        assert_memory_equal(enc, cs_vec_hex_n(v, o, "hiding_nonce_commitment", 32), 32);
        assert_memory_equal(enc + 32,
                            cs_vec_hex_n(v, o, "binding_nonce_commitment", 32), 32);
    }
    assert_int_equal(cs_frost_bind(&ctx, &X, c, count, msg), CS_OK);
    for (size_t i = 0; i < count; i++) {
        struct cs_point Xi;

        cs_point_base_mul(ED, &Xi, &x[i].s);
        assert_memory_equal(
            ctx.rho[i].b, cs_vec_hex_n(v, json_array_get(r1, i), "binding_factor", 32),
            32);
        assert_int_equal(cs_frost_sign(&z[i], &n[i], &ctx, c[i].id, &x[i], &Xi), CS_OK);
        assert_memory_equal(
            z[i].b, cs_vec_hex_n(v, json_array_get(r2, i), "sig_share", 32), 32);
    }
    assert_int_equal(cs_frost_aggregate(sig, &ctx, z, msg), CS_OK);
    assert_memory_equal(
        sig, cs_vec_hex_n(v, cs_vec_get(v->root, "final_output"), "sig", 64), 64);
}

static void the_rfc_s_file_reproduces(void **state)
{
    struct cs_vec *v = CS_VEC_SHARED("rfc9591/frost-ed25519-sha512.json");

    (void)state;
    assert_int_equal(cs_crypto_init(), CS_OK);
    if (v == NULL) {
        skip();
    }
    replay_file(v, "group_public_key");
    cs_vec_close(v);
}

static void zf_frost_s_file_reproduces(void **state)
{
    struct cs_vec *v = CS_VEC_SHARED("zf-frost-ed25519/vectors.json");

    (void)state;
    assert_int_equal(cs_crypto_init(), CS_OK);
    if (v == NULL) {
        skip();
    }
    replay_file(v, "verifying_key_key");
    cs_vec_close(v);
}

/* Their big identifiers (129, 256, 257) are no indices of ours: refused, not truncated
 * (row 21).  256 as u8 is 0, 257 is 1. */
static void big_identifiers_are_refused(void **state)
{
    struct cs_vec *v = CS_VEC_SHARED("zf-frost-ed25519/vectors-big-identifier.json");
    struct cs_frost_ctx ctx;
    struct pairing p;

    (void)state;
    rfc_pairing(&p);
    if (v == NULL) {
        skip();
    }
    const json_t *list = cs_vec_get(cs_vec_get(v->root, "inputs"), "participant_list");
    for (size_t i = 0; i < json_array_size(list); i++) {
        json_int_t id = json_integer_value(json_array_get(list, i));

        if (id <= UINT8_MAX) {
            p.c[0].id = (uint8_t)id;
            assert_int_equal(cs_frost_bind(&ctx, &p.X, p.c, 2, CS_SPAN_OF(test_msg)),
                             CS_ERR_USAGE);
        }
        assert_true(id > CS_PARTIES_MAX);
    }
    cs_vec_close(v);
}

static void zf_frost_s_invalid_element_is_refused(void **state)
{
    struct cs_vec *v = CS_VEC_SHARED("zf-frost-ed25519/elements.json");
    struct cs_frost_commit c;
    uint8_t in[64];

    (void)state;
    assert_int_equal(cs_crypto_init(), CS_OK);
    if (v == NULL) {
        skip();
    }
    hex32(in, rfc[0].D);
    memcpy(in + 32,
           cs_vec_hex_n(v, cs_vec_get(v->root, "elements"), "invalid_element", 32), 32);
    assert_int_equal(cs_frost_commit_decode(&c, 1, in), CS_ERR_FROST_COMMIT);
    cs_vec_close(v);
}

/* ---- checks ---------------------------------------------------------------------- */

/* Row 37: identity, small order, mixed order, not canonical, in D and in E. */
static void bad_commitments_are_refused(void **state)
{
    static const char *const bad[] = {
        "0100000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0200000000000000000000000000000000000000000000000000000000000000",
    };
    struct cs_frost_commit c = {.id = 9};
    uint8_t good[32], in[64], t[32];

    (void)state;
    assert_int_equal(cs_crypto_init(), CS_OK);
    hex32(good, rfc[0].D);
    for (size_t i = 0; i < CS_COUNTOF(bad); i++) {
        hex32(t, bad[i]);
        for (size_t half = 0; half < 2; half++) {
            memcpy(in, good, 32);
            memcpy(in + 32, good, 32);
            memcpy(in + 32 * half, t, 32);
            assert_int_equal(cs_frost_commit_decode(&c, 1, in), CS_ERR_FROST_COMMIT);
            assert_int_equal(c.id, 9); /* untouched */
            if (i >= 1 && i <= 3) {    /* good point + torsion */
                assert_int_equal(crypto_core_ed25519_add(in + 32 * half, good, t), 0);
                assert_int_equal(cs_frost_commit_decode(&c, 1, in),
                                 CS_ERR_FROST_COMMIT);
            }
        }
    }
}

/* Rows 21, 29: 0, repeated, too large; nobody, too many. */
static void signer_lists_are_checked(void **state)
{
    struct cs_frost_commit many[8];
    struct cs_frost_ctx ctx;
    struct pairing p;

    (void)state;
    rfc_pairing(&p);
    for (size_t i = 0; i < 8; i++) {
        many[i] = p.c[0];
        many[i].id = (uint8_t)(i + 1);
    }
    assert_int_equal(cs_frost_bind(&ctx, &p.X, many, 0, CS_SPAN_OF(test_msg)),
                     CS_ERR_USAGE);
    assert_int_equal(cs_frost_bind(&ctx, &p.X, many, 8, CS_SPAN_OF(test_msg)),
                     CS_ERR_USAGE);
    p.c[1].id = 1;
    assert_int_equal(cs_frost_bind(&ctx, &p.X, p.c, 2, CS_SPAN_OF(test_msg)),
                     CS_ERR_USAGE);
    p.c[1].id = 0;
    assert_int_equal(cs_frost_bind(&ctx, &p.X, p.c, 2, CS_SPAN_OF(test_msg)),
                     CS_ERR_USAGE);
    p.c[1].id = 8;
    assert_int_equal(cs_frost_bind(&ctx, &p.X, p.c, 2, CS_SPAN_OF(test_msg)),
                     CS_ERR_USAGE);
}

/* The order of the list does not matter, its content does. */
static void the_list_binds(void **state)
{
    struct cs_frost_commit swapped[2];
    struct cs_frost_ctx other;
    struct pairing p;
    uint8_t msg2[] = {'T', 'e', 's', 't'};

    (void)state;
    rfc_pairing(&p);
    swapped[0] = p.c[1];
    swapped[1] = p.c[0];
    assert_int_equal(cs_frost_bind(&other, &p.X, swapped, 2, CS_SPAN_OF(test_msg)),
                     CS_OK);
    assert_memory_equal(other.rho[0].b, p.ctx.rho[0].b, 32);
    assert_memory_equal(other.c.b, p.ctx.c.b, 32);
    swapped[0].D = p.c[0].E;
    assert_int_equal(cs_frost_bind(&other, &p.X, swapped, 2, CS_SPAN_OF(test_msg)),
                     CS_OK);
    assert_memory_not_equal(other.rho[0].b, p.ctx.rho[0].b, 32);
    assert_int_equal(cs_frost_bind(&other, &p.X, p.c, 2, CS_SPAN_OF(msg2)), CS_OK);
    assert_memory_not_equal(other.rho[0].b, p.ctx.rho[0].b, 32);
    assert_int_equal(cs_frost_bind(&other, &p.Xi[0], p.c, 2, CS_SPAN_OF(test_msg)),
                     CS_OK);
    assert_memory_not_equal(other.rho[0].b, p.ctx.rho[0].b, 32);
}

static void a_nonce_signs_once(void **state)
{
    struct cs_frost_nonces copy;
    struct pairing p;

    (void)state;
    rfc_pairing(&p);
    copy = p.n[0];
    assert_int_equal(cs_frost_sign(&p.z[0], &p.n[0], &p.ctx, 1, &p.x[0], &p.Xi[0]),
                     CS_OK);
    assert_true(cs_ct_is_zero(&p.n[0], sizeof p.n[0]));
    assert_int_equal(cs_frost_sign(&p.z[0], &p.n[0], &p.ctx, 1, &p.x[0], &p.Xi[0]),
                     CS_ERR_NONCE_USED);
    /* Also when it was used wrongly: an index that does not sign. */
    assert_int_equal(cs_frost_sign(&p.z[0], &copy, &p.ctx, 2, &p.x[0], &p.Xi[0]),
                     CS_ERR_USAGE);
    assert_true(cs_ct_is_zero(&copy, sizeof copy));
}

/* 7.6: what does not verify is not given out, and leaves z alone. */
static void a_fault_in_the_own_share_is_caught(void **state)
{
    struct cs_scalar before;
    struct pairing p;

    (void)state;
    rfc_pairing(&p);
    p.x[0].s.b[3] ^= 1;
    memset(&p.z[0], 7, sizeof p.z[0]);
    before = p.z[0];
    assert_int_equal(cs_frost_sign(&p.z[0], &p.n[0], &p.ctx, 1, &p.x[0], &p.Xi[0]),
                     CS_ERR_FROST_SELF);
    assert_memory_equal(&p.z[0], &before, sizeof before);
    assert_true(cs_ct_is_zero(&p.n[0], sizeof p.n[0]));
}

/* Rows 39, 45. */
static void wrong_partial_signatures_are_attributed(void **state)
{
    static const uint8_t L[32] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a,       0x63,
                                  0x12, 0x58, 0xd6, 0x9c, 0xf7,       0xa2,
                                  0xde, 0xf9, 0xde, 0x14, [31] = 0x10};
    uint8_t z[32];
    struct pairing p;

    (void)state;
    rfc_pairing(&p);
    hex32(z, rfc[1].z);
    assert_int_equal(cs_frost_verify_share(&p.ctx, 3, z, &p.Xi[1]), CS_OK);
    assert_int_equal(cs_frost_verify_share(&p.ctx, 1, z, &p.Xi[0]), CS_ERR_FROST_SHARE);
    assert_int_equal(cs_frost_verify_share(&p.ctx, 3, z, &p.Xi[0]), CS_ERR_FROST_SHARE);
    assert_int_equal(cs_frost_verify_share(&p.ctx, 2, z, &p.Xi[0]), CS_ERR_USAGE);
    z[0] ^= 1;
    assert_int_equal(cs_frost_verify_share(&p.ctx, 3, z, &p.Xi[1]), CS_ERR_FROST_SHARE);
    memset(z, 0, 32);
    assert_int_equal(cs_frost_verify_share(&p.ctx, 3, z, &p.Xi[1]),
                     CS_ERR_ZERO_OR_RANGE);
    assert_int_equal(cs_frost_verify_share(&p.ctx, 3, L, &p.Xi[1]),
                     CS_ERR_ZERO_OR_RANGE);
    memset(z, 0xff, 32);
    assert_int_equal(cs_frost_verify_share(&p.ctx, 3, z, &p.Xi[1]),
                     CS_ERR_ZERO_OR_RANGE);
}

/* Row 46: the buffer is zero when the signature does not verify. */
static void nothing_unverified_leaves(void **state)
{
    uint8_t sig[64], zero[64] = {0};
    struct pairing p;

    (void)state;
    rfc_pairing(&p);
    for (size_t i = 0; i < 2; i++) {
        hex32(p.z[i].b, rfc[i].z);
    }
    p.z[1].b[0] ^= 2;
    memset(sig, 9, sizeof sig);
    assert_int_equal(cs_frost_aggregate(sig, &p.ctx, p.z, CS_SPAN_OF(test_msg)),
                     CS_ERR_SIG_INVALID);
    assert_memory_equal(sig, zero, 64);
}

/* Row 43: D = -rho E would make R the identity, but rho depends on D.  (So the check
 * for the identity in cs_frost_bind guards against a broken hash only.) */
static void commitments_cannot_be_chosen_to_cancel(void **state)
{
    struct cs_frost_commit c[2];
    struct cs_frost_ctx ctx;
    struct cs_scalar d, e, neg;
    struct pairing p;
    unsigned hit = 0;

    (void)state;
    rfc_pairing(&p);
    cs_scalar_from_u32(ED, &e, 5);
    cs_scalar_from_u32(ED, &d, 1);
    for (int round = 0; round < 50; round++) {
        cs_point_base_mul(ED, &c[0].D, &d);
        cs_point_base_mul(ED, &c[0].E, &e);
        c[0].id = 1;
        hit += cs_frost_bind(&ctx, &p.X, c, 1, CS_SPAN_OF(test_msg)) != CS_OK;
        cs_scalar_mul(ED, &neg, &ctx.rho[0], &e);
        cs_scalar_negate(ED, &d, &neg); /* cancels for this rho, not for the next */
    }
    assert_int_equal(hit, 0);
}

/* ---- keys of our own, all sizes
 * --------------------------------------------------------------- */

static void sign_with(uint8_t n, uint8_t t, uint64_t seed)
{
    struct cs_key *k[CS_PARTY_SLOTS] = {0};
    struct cs_roster r[CS_PARTY_SLOTS];
    struct net_rng rng = {.s = seed};

    net_make_keys(k, n, t, ED, seed, r);
    for (uint8_t first = 1; first + t - 1 <= n; first++) {
        struct cs_frost_nonces nonces[CS_PARTIES_MAX];
        struct cs_frost_commit c[CS_PARTIES_MAX];
        struct cs_scalar z[CS_PARTIES_MAX];
        struct cs_frost_ctx ctx;
        uint8_t sig[64], pk[CS_POINT_MAX], rand[64];

        for (uint8_t i = 0; i < t; i++) {
            net_random(&rng, rand, sizeof rand);
            cs_frost_nonces_make(&nonces[i], &c[i], (uint8_t)(first + i), rand,
                                 &k[first + i]->x);
        }
        assert_int_equal(cs_frost_bind(&ctx, &k[1]->body.X, c, t, CS_SPAN_OF(test_msg)),
                         CS_OK);
        for (uint8_t i = 0; i < t; i++) {
            uint8_t me = (uint8_t)(first + i);

            assert_int_equal(cs_frost_sign(&z[i], &nonces[i], &ctx, me, &k[me]->x,
                                           &k[1]->body.Xi[me]),
                             CS_OK);
        }
        assert_int_equal(cs_frost_aggregate(sig, &ctx, z, CS_SPAN_OF(test_msg)), CS_OK);
        assert_int_equal(cs_key_public(k[1], pk), 32);
        assert_int_equal(
            crypto_sign_verify_detached(sig, test_msg, sizeof test_msg, pk), 0);
    }
    for (uint8_t i = 1; i <= n; i++) {
        cs_key_free(k[i]);
    }
}

static void every_size_signs(void **state)
{
    (void)state;
    sign_with(2, 2, 201);
    sign_with(3, 2, 202);
    sign_with(5, 3, 203);
    sign_with(7, 7, 204);
}

/* Row 29: t-1 partial signatures are no signature. */
static void fewer_than_t_do_not_sign(void **state)
{
    struct cs_key *k[CS_PARTY_SLOTS] = {0};
    struct cs_roster r[CS_PARTY_SLOTS];
    struct cs_frost_nonces n;
    struct cs_frost_commit c;
    struct cs_frost_ctx ctx;
    struct cs_scalar z;
    uint8_t sig[64], rand[64] = {3};

    (void)state;
    net_make_keys(k, 3, 2, ED, 205, r);
    cs_frost_nonces_make(&n, &c, 1, rand, &k[1]->x);
    assert_int_equal(cs_frost_bind(&ctx, &k[1]->body.X, &c, 1, CS_SPAN_OF(test_msg)),
                     CS_OK);
    assert_int_equal(cs_frost_sign(&z, &n, &ctx, 1, &k[1]->x, &k[1]->body.Xi[1]),
                     CS_OK);
    assert_int_equal(cs_frost_aggregate(sig, &ctx, &z, CS_SPAN_OF(test_msg)),
                     CS_ERR_SIG_INVALID);
    for (uint8_t i = 1; i <= 3; i++) {
        cs_key_free(k[i]);
    }
}

/* Row 52: constant randomness, other shares: other nonces. */
static void nonces_are_hedged_with_the_share(void **state)
{
    struct cs_frost_nonces a, b;
    struct cs_frost_commit c;
    struct pairing p;
    uint8_t rand[64] = {0};

    (void)state;
    rfc_pairing(&p);
    cs_frost_nonces_make(&a, &c, 1, rand, &p.x[0]);
    cs_frost_nonces_make(&b, &c, 1, rand, &p.x[1]);
    assert_memory_not_equal(&a, &b, sizeof a);
    rand[63] = 1;
    cs_frost_nonces_make(&b, &c, 1, rand, &p.x[0]);
    assert_memory_not_equal(&a.e, &b.e, sizeof a.e);
}

/* R_1 + R_2 = 0, and a signer of whom nothing is known. */
static void a_sum_of_nothing_is_refused(void **state)
{
    static const uint8_t ids[] = {1, 2};
    uint8_t entries[2 * CS_FROST_COMMIT_LEN] = {0};
    struct cs_scalar lambda[2], one, minus;
    struct cs_frost_ctx ctx;
    struct cs_point X;

    (void)state;
    assert_int_equal(cs_crypto_init(), CS_OK);
    cs_scalar_from_u32(CS_CURVE_ED25519, &one, 1);
    cs_scalar_negate(CS_CURVE_ED25519, &minus, &one);
    cs_point_base_mul(CS_CURVE_ED25519, &X, &one);
    lambda[0] = lambda[1] = one;
    assert_int_equal(
        cs_frost_begin(&ctx, &X, ids, lambda, 2, entries, CS_SPAN_LIT("m")), CS_OK);
    cs_point_base_mul(CS_CURVE_ED25519, &ctx.RJ[0], &one);
    assert_int_equal(cs_frost_end(&ctx, CS_SPAN_LIT("m")), CS_ERR_USAGE);
    cs_point_base_mul(CS_CURVE_ED25519, &ctx.RJ[1], &minus);
    assert_int_equal(cs_frost_end(&ctx, CS_SPAN_LIT("m")), CS_ERR_FROST_IDENTITY);
    cs_point_base_mul(CS_CURVE_ED25519, &ctx.RJ[1], &one);
    assert_int_equal(cs_frost_end(&ctx, CS_SPAN_LIT("m")), CS_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sum_of_nothing_is_refused),
        cmocka_unit_test(rfc_9591_reproduces),
        cmocka_unit_test(the_rfc_s_file_reproduces),
        cmocka_unit_test(zf_frost_s_file_reproduces),
        cmocka_unit_test(big_identifiers_are_refused),
        cmocka_unit_test(zf_frost_s_invalid_element_is_refused),
        cmocka_unit_test(bad_commitments_are_refused),
        cmocka_unit_test(signer_lists_are_checked),
        cmocka_unit_test(the_list_binds),
        cmocka_unit_test(a_nonce_signs_once),
        cmocka_unit_test(a_fault_in_the_own_share_is_caught),
        cmocka_unit_test(wrong_partial_signatures_are_attributed),
        cmocka_unit_test(nothing_unverified_leaves),
        cmocka_unit_test(commitments_cannot_be_chosen_to_cancel),
        cmocka_unit_test(every_size_signs),
        cmocka_unit_test(fewer_than_t_do_not_sign),
        cmocka_unit_test(nonces_are_hedged_with_the_share),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
