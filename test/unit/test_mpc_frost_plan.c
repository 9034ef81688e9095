/* The key that a BIP340 request is signed under (PROTOCOLS 7.4, 7.5, 9.1; rows 49, 50):
 * always the path and then the TapTweak without scripts, made by every signer itself.
 */
#include "crypto/taproot.h"
#include "mpc/frost_plan.h"
#include "support/mpc_signers.h"

static const uint8_t set12[] = {1, 2}, set13[] = {1, 3};

static const struct {
    uint8_t n;
    uint32_t path[CS_PATH_MAX];
} paths[] = {{0, {0}},
             {1, {0}},
             {2, {0, 5}},
             {3, {1, 0, 0x7fffffff}},
             {10, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}}};

static void set_path(struct signers *s, size_t i)
{
    s->request.path_len = paths[i].n;
    memcpy(s->request.path, paths[i].path, sizeof s->request.path);
    signers_request(s);
}

/* A whole signature of the pair 1, 2. */
static enum cs_err sign(struct signers *s, uint8_t sig[64])
{
    uint8_t rsp[CS_FROST_RSP_LEN], culprit;
    struct cs_frost_run *r;
    enum cs_err err;

    signers_stock(s, 2, 1, 1);
    r = signers_start(s, 1, set12);
    assert_int_equal(signers_answer(s, 2, 1, set12, cs_frost_run_req(r, 2), rsp),
                     CS_OK);
    assert_int_equal(cs_frost_run_put(r, 2, CS_SPAN_OF(rsp)), CS_OK);
    err = cs_frost_run_finish(r, sig, &culprit);
    cs_frost_run_free(r);
    return err;
}

static void derive(const struct signers *s, struct cs_bip32 *child)
{
    const struct cs_cert_body *b = &s->key[1]->body;

    assert_int_equal(cs_bip32_derive(child, &b->X, b->chain_code, s->request.path,
                                     s->request.path_len),
                     CS_OK);
}

/* What an address shows comes from the child key alone, through src/crypto/taproot.c as
 * the chain layer has it; what is signed under comes from shares and tweaks. */
static void the_signed_key_is_the_output_key_of_the_address(void **state)
{
    struct signers *s = signers_of(CS_SCHEME_BIP340, 3, 2, 701);

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(paths); i++) {
        uint8_t want[32], tweak[32], got[32], pub[CS_POINT_MAX], sig[64];
        struct cs_bip32 child;

        set_path(s, i);
        derive(s, &child);
        assert_int_equal(cs_point_encode(&child.X, pub), 33);
        assert_int_equal(cs_taproot_output(want, tweak, pub), CS_OK);
        assert_int_equal(
            cs_frost_output_key(got, &s->key[3]->body, paths[i].path, paths[i].n),
            CS_OK);
        assert_memory_equal(got, want, 32);
        assert_int_equal(sign(s, sig), CS_OK);
        assert_int_equal(cs_taproot_verify(want, s->messages[s->item], sig), CS_OK);
    }
    signers_free(s);
}

/* Rows 49, 50: no signature for the key without the TapTweak, nor for one that commits
 * to a script, nor for another path's. */
static void nothing_is_signed_under_another_tweak(void **state)
{
    static const uint8_t root[32] = {7};
    struct signers *s = signers_of(CS_SCHEME_BIP340, 3, 2, 702);
    const struct cs_cert_body *b = &s->key[1]->body;
    uint8_t sig[64], x[5][32], pub[CS_POINT_MAX];
    struct cs_bip32 child;
    struct cs_tweak t;

    (void)state;
    set_path(s, 2);
    derive(s, &child);
    assert_int_equal(sign(s, sig), CS_OK);
    assert_true(signers_verify(s, sig));
    (void)cs_point_encode(&b->X, pub);
    memcpy(x[0], pub + 1, 32); /* the root key */
    (void)cs_point_encode(&child.X, pub);
    memcpy(x[1], pub + 1, 32); /* the child without the TapTweak */
    assert_int_equal(cs_tweak_init(&t, &child.X), CS_OK);
    assert_int_equal(cs_tweak_taproot(&t, root), CS_OK);
    cs_tweak_x(x[2], &t); /* with a hidden script */
    assert_int_equal(cs_frost_output_key(x[3], b, paths[1].path, paths[1].n), CS_OK);
    assert_int_equal(cs_frost_output_key(x[4], b, NULL, 0), CS_OK);
    for (size_t i = 0; i < CS_COUNTOF(x); i++) {
        assert_int_equal(cs_taproot_verify(x[i], s->messages[s->item], sig),
                         CS_ERR_SIG_INVALID);
    }
    signers_free(s);
}

/* A CHECK is under x(X) itself: it is worth nothing for any address of the key. */
static void a_check_is_under_the_key_without_tweak(void **state)
{
    struct signers *s = signers_of(CS_SCHEME_BIP340, 3, 2, 703);
    const struct cs_cert_body *b = &s->key[1]->body;
    uint8_t sig[64], msg[32], out[32];

    (void)state;
    cs_check_request(&s->request, b, 1, 2);
    cs_check_message(msg, s->key[1]->cert_hash, 1, 2);
    for (size_t i = 0; i < N_ITEMS; i++) {
        s->messages[i] = CS_SPAN_OF(msg);
    }
    s->item = 0;
    cs_request_messages_hash(s->request.messages_hash, s->messages, N_ITEMS);
    struct cs_frost_task t = signers_task(s, 1, set12);
    assert_int_equal(cs_frost_task_check(&t), CS_ERR_POLICY_REFUSED); /* 3 messages */
    cs_check_request(&s->request, b, 1, 2);
    t.n_messages = 1;
    assert_int_equal(cs_frost_task_check(&t), CS_OK);
    s->request.path_len = 1; /* a check with a path is not the pair's */
    assert_int_equal(cs_frost_task_check(&t), CS_ERR_POLICY_REFUSED);
    s->request.path_len = 0;
    struct cs_frost_plan p;
    assert_int_equal(cs_frost_plan_make(&p, b, &s->request, set12, 2), CS_OK);
    uint8_t pub[CS_POINT_MAX];
    (void)cs_point_encode(&b->X, pub);
    assert_memory_equal(p.key, pub + 1, 32);
    assert_int_equal(cs_frost_output_key(out, b, NULL, 0), CS_OK);
    assert_memory_not_equal(p.key, out, 32);
    memset(sig, 0, sizeof sig);
    assert_int_equal(cs_check_verify(b, set12, sig), CS_ERR_SIG_INVALID);
    signers_free(s);
}

/* Both signers derive by themselves: a path that only one has been told is refused. */
static void the_path_is_each_signers_own(void **state)
{
    struct signers *s = signers_of(CS_SCHEME_BIP340, 3, 2, 704);
    uint8_t req[REQ_MAX];
    size_t n;

    (void)state;
    set_path(s, 2);
    n = signers_req(s, req);
    s->request.path[1]++; /* the responder was told another address */
    signers_assert_req(s, req, n, CS_ERR_POLICY_REFUSED);
    cs_request_hash(req, &s->request); /* and reqh forged to fit: another key signs */
    signers_assert_req(s, req, n, CS_OK);
    signers_free(s);
}

static void impossible_paths_take_no_nonce(void **state)
{
    struct signers *s = signers_of(CS_SCHEME_BIP340, 3, 2, 705);
    struct cs_frost_use u = signers_use(s, 1, 2);
    uint8_t rand[CS_FROST_RAND] = {0}, empty, out[32] = {9}, req[REQ_MAX];
    struct cs_frost_task t = signers_task(s, 1, set12);
    struct cs_frost_run *r = NULL;
    size_t n = signers_req(s, req);

    (void)state;
    signers_stock(s, 2, 1, 1);
    s->request.path_len = 1;
    s->request.path[0] = CS_BIP32_HARDENED;
    assert_int_equal(cs_frost_run_start(&r, &empty, s->pool[1], &t, rand, s->now),
                     CS_ERR_PATH_HARDENED);
    assert_null(r);
    assert_int_equal(cs_frost_pool_have(s->pool[1], &u, s->now), 1);
    cs_request_hash(req, &s->request);
    signers_assert_req(s, req, n, CS_ERR_PATH_HARDENED);
    s->request.path_len = CS_PATH_MAX + 1; /* not a request at all */
    assert_int_equal(cs_frost_run_start(&r, &empty, s->pool[1], &t, rand, s->now),
                     CS_ERR_POLICY_REFUSED);
    assert_int_equal(cs_frost_output_key(out, &s->key[1]->body, s->request.path, 11),
                     CS_ERR_PATH_DEPTH);
    assert_int_equal(cs_frost_output_key(out, &s->key[1]->body, s->request.path, 1),
                     CS_ERR_PATH_HARDENED);
    assert_int_equal(out[0], 9); /* untouched */
    signers_free(s);
}

static void output_keys_are_of_frost_keys_only(void **state)
{
    struct signers *s = signers_of(CS_SCHEME_FROST_ED25519, 3, 2, 706);
    struct cs_cert_body b = s->key[1]->body;
    const struct cs_point X = b.X;
    struct cs_scalar one;
    static const uint32_t path[] = {0};
    uint8_t out[32], pub[CS_POINT_MAX];

    (void)state;
    cs_scalar_from_u32(CS_CURVE_SECP256K1, &one, 1);
    cs_point_base_mul(CS_CURVE_SECP256K1, &b.X, &one);
    assert_int_equal(cs_frost_output_key(out, &b, NULL, 0), CS_ERR_USAGE);
    b.X = X;
    assert_int_equal(cs_frost_output_key(out, &b, NULL, 0), CS_OK);
    assert_int_equal(cs_point_encode(&b.X, pub), 32);
    assert_memory_equal(out, pub, 32);
    assert_int_equal(cs_frost_output_key(out, &b, path, 1), CS_ERR_USAGE);
    b.scheme = CS_SCHEME_BIP340; /* on the wrong curve */
    assert_int_equal(cs_frost_output_key(out, &b, NULL, 0), CS_ERR_USAGE);
    b.scheme = CS_SCHEME_ECDSA;
    assert_int_equal(cs_frost_output_key(out, &b, NULL, 0), CS_ERR_POLICY_REFUSED);
    b.X.inf = true;
    assert_int_equal(cs_frost_output_key(out, &b, NULL, 0), CS_ERR_USAGE);
    assert_int_equal(cs_frost_commit_len(CS_SCHEME_ECDSA), 0);
    assert_int_equal(cs_frost_commit_len((enum cs_scheme)9), 0);
    signers_free(s);
}

/* ---- kept plans ----------------------------------------------------------------- */

static void assert_same_plan(struct cs_frost_plans *p, const struct signers *s,
                             const uint8_t *set)
{
    const struct cs_frost_plan *got;
    struct cs_frost_plan want;

    assert_int_equal(cs_frost_plan_make(&want, &s->key[1]->body, &s->request, set, 2),
                     CS_OK);
    assert_int_equal(cs_frost_plans_get(p, &got, &s->key[1]->body, &s->request, set, 2),
                     CS_OK);
    assert_memory_equal(got->key, want.key, 32);
    assert_memory_equal(got->ids, want.ids, 2);
    assert_memory_equal(got->lambda, want.lambda, 2 * sizeof want.lambda[0]);
    assert_true(s->scheme != CS_SCHEME_BIP340 ||
                cs_point_equal(&got->tweak.Q, &want.tweak.Q));
}

/* More paths, sets and kinds than there are places, again and again. */
static void a_kept_plan_is_that_of_its_key_path_and_set(void **state)
{
    struct signers *s = signers_of(SCHEME_OF(state), 3, 2, 707);
    struct cs_frost_plans *p = cs_frost_plans_new();
    bool is_bip340 = s->scheme == CS_SCHEME_BIP340;

    assert_non_null(p);
    for (uint32_t k = 0; k < 3 * CS_FROST_PLANS_MAX; k++) {
        s->request.path_len = is_bip340 ? (uint8_t)(k % 3) : 0;
        s->request.path[0] = k % 7;
        s->request.path[1] = k % (CS_FROST_PLANS_MAX + 9);
        s->request.kind = k % 5 == 0 ? CS_REQUEST_CHECK : CS_REQUEST_SIGN_RAW;
        assert_same_plan(p, s, k % 4 == 0 ? set13 : set12);
    }
    cs_frost_plans_free(p);
    signers_free(s);
}

/* The id alone does not find a plan: the key does. */
static void a_key_in_the_place_of_another_has_its_own_plan(void **state)
{
    struct signers *s = signers_of(CS_SCHEME_BIP340, 3, 2, 708);
    struct signers *other = signers_of(CS_SCHEME_BIP340, 3, 2, 709);
    struct cs_frost_plans *p = cs_frost_plans_new();

    (void)state;
    assert_same_plan(p, s, set12);
    s->key[1]->body.chain_code[0] ^= 1;
    s->request.path_len = 1;
    assert_same_plan(p, s, set12);
    s->key[1]->body.chain_code[0] ^= 1;
    assert_same_plan(p, s, set12);
    s->key[1]->body.X = other->key[1]->body.X;
    assert_same_plan(p, s, set12);
    cs_frost_plans_free(p);
    signers_free(s);
    signers_free(other);
}

static void a_plan_that_cannot_be_is_not_kept(void **state)
{
    static const uint8_t twice[] = {1, 1};
    struct signers *s = signers_of(CS_SCHEME_BIP340, 3, 2, 710);
    struct cs_frost_plans *p = cs_frost_plans_new();
    const struct cs_cert_body *b = &s->key[1]->body;
    const struct cs_frost_plan *got;

    (void)state;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(cs_frost_plans_get(p, &got, b, &s->request, twice, 2),
                         CS_ERR_USAGE);
        assert_int_equal(cs_frost_plans_get(p, &got, b, &s->request, set12, 0),
                         CS_ERR_USAGE);
        assert_int_equal(cs_frost_plans_get(p, &got, b, &s->request, set12, 8),
                         CS_ERR_USAGE);
        s->request.path_len = CS_PATH_MAX + 1;
        assert_int_equal(cs_frost_plans_get(p, &got, b, &s->request, set12, 2),
                         CS_ERR_USAGE);
        s->request.path_len = 0;
    }
    assert_same_plan(p, s, set12);
    cs_frost_plans_free(p);
    signers_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_signed_key_is_the_output_key_of_the_address),
        cmocka_unit_test(nothing_is_signed_under_another_tweak),
        cmocka_unit_test(a_check_is_under_the_key_without_tweak),
        cmocka_unit_test(the_path_is_each_signers_own),
        cmocka_unit_test(impossible_paths_take_no_nonce),
        cmocka_unit_test(output_keys_are_of_frost_keys_only),
        IN_BOTH(a_kept_plan_is_that_of_its_key_path_and_set),
        cmocka_unit_test(a_key_in_the_place_of_another_has_its_own_plan),
        cmocka_unit_test(a_plan_that_cannot_be_is_not_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
