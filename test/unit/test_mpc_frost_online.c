/* One message each way (PROTOCOLS 7.2, 15.6), in both schemes: signatures of all pairs,
 * sizes and items, and what a task can be wrong in (section 10 rows 26, 29, 44, 48,
 * 52). Lies of a peer: test_mpc_frost_liars.c. */
#include <sodium.h>

#include "mpc/frost.h"
#include "support/mpc_signers.h"

static const uint8_t pairs[][2] = {{1, 2}, {1, 3}, {2, 3}};
static const uint8_t set12[] = {1, 2};

/* A whole signature between `set`, initiated by I. */
static void sign_ok(struct signers *s, uint8_t I, const uint8_t *set)
{
    uint8_t sig[64], rsp[CS_FROST_RSP_LEN], culprit;
    struct cs_frost_run *r;

    for (size_t i = 0; i < s->t; i++) {
        if (set[i] != I) {
            signers_stock(s, set[i], I, 2);
        }
    }
    r = signers_start(s, I, set);
    for (size_t i = 0; i < s->t; i++) {
        if (set[i] != I) {
            assert_false(cs_frost_run_ready(r));
            assert_int_equal(
                signers_answer(s, set[i], I, set, cs_frost_run_req(r, set[i]), rsp),
                CS_OK);
            assert_int_equal(cs_frost_run_put(r, set[i], CS_SPAN_OF(rsp)), CS_OK);
        }
    }
    assert_true(cs_frost_run_ready(r));
    assert_int_equal(cs_frost_run_finish(r, sig, &culprit), CS_OK);
    assert_true(signers_verify(s, sig));
    /* Spent for good. */
    assert_false(cs_frost_run_ready(r));
    assert_int_equal(cs_frost_run_finish(r, sig, &culprit), CS_ERR_NONCE_USED);
    assert_true(sodium_is_zero(sig, sizeof sig));
    cs_frost_run_free(r);
    signers_request(s);
}

static void every_pair_signs_from_either_side(void **state)
{
    struct signers *s = signers_of(SCHEME_OF(state), 3, 2, 301);

    for (size_t i = 0; i < CS_COUNTOF(pairs); i++) {
        sign_ok(s, pairs[i][0], pairs[i]);
        sign_ok(s, pairs[i][1], pairs[i]);
    }
    signers_free(s);
}

static void larger_sets_sign(void **state)
{
    static const uint8_t set135[] = {1, 3, 5};
    static const uint8_t all[] = {1, 2, 3, 4, 5, 6, 7};
    struct signers *s = signers_of(SCHEME_OF(state), 5, 3, 302);

    sign_ok(s, 3, set135);
    signers_free(s);
    s = signers_of(SCHEME_OF(state), 7, 7, 303);
    sign_ok(s, 4, all);
    signers_free(s);
}

/* PROTOCOLS 3.5: each pair proves itself with a request nobody sent (DECISIONS 21). */
static void each_pair_makes_its_check_signature(void **state)
{
    struct signers *s = signers_of(SCHEME_OF(state), 3, 2, 304);

    for (size_t i = 0; i < CS_COUNTOF(pairs); i++) {
        uint8_t I = pairs[i][0], J = pairs[i][1], msg[32], sig[64], culprit = 0;
        uint8_t rsp[CS_FROST_RSP_LEN], rand[CS_FROST_RAND] = {1}, empty;
        struct cs_frost_task at_i = signers_task(s, I, pairs[i]);
        struct cs_frost_task at_j = signers_task(s, J, pairs[i]);
        struct cs_frost_answer *a;
        struct cs_frost_run *r;
        struct cs_request qi, qj, other;

        cs_check_request(&qi, &s->key[I]->body, I, J);
        cs_check_request(&qj, &s->key[J]->body, J, I);
        cs_check_message(msg, s->key[I]->cert_hash, J, I);
        at_i.request = &qi;
        at_j.request = &qj;
        at_i.messages = at_j.messages = &CS_SPAN_OF(msg);
        at_i.n_messages = at_j.n_messages = 1;
        at_i.item = at_j.item = 0;
        assert_int_equal(cs_request_check(&qi), CS_OK);
        signers_stock(s, J, I, 1);
        /* The same kind for any other message, pair or id is no check. */
        at_i.request = &other;
        other = s->request;
        other.kind = CS_REQUEST_CHECK;
        other.expires_ms = 0;
        other.path_len = 0;
        at_i.messages = s->messages;
        at_i.n_messages = N_ITEMS;
        assert_int_equal(cs_request_check(&other), CS_OK);
        assert_int_equal(cs_frost_task_check(&at_i), CS_ERR_POLICY_REFUSED);
        at_i.n_messages = 1;
        other = qi;
        other.request_id[15] ^= 1;
        at_i.messages = &CS_SPAN_OF(msg);
        assert_int_equal(cs_frost_task_check(&at_i), CS_ERR_POLICY_REFUSED);
        at_i.request = &qi;
        assert_int_equal(
            cs_frost_run_start(&r, &empty, s->pool[I], &at_i, rand, s->now), CS_OK);
        assert_int_equal(cs_frost_answer_take(&a, rsp, s->pool[J], &at_j, I,
                                              cs_frost_run_req(r, J), s->now),
                         CS_OK);
        assert_int_equal(cs_frost_answer_run(a), CS_OK);
        cs_frost_answer_done(a, s->pool[J], s->now, rsp);
        assert_int_equal(cs_frost_run_put(r, J, CS_SPAN_OF(rsp)), CS_OK);
        assert_int_equal(cs_frost_run_finish(r, sig, &culprit), CS_OK);
        assert_int_equal(cs_check_verify(&s->key[1]->body, pairs[i], sig), CS_OK);
        sig[40] ^= 1;
        assert_int_equal(cs_check_verify(&s->key[1]->body, pairs[i], sig),
                         CS_ERR_SIG_INVALID);
        cs_frost_answer_free(a);
        cs_frost_run_free(r);
    }
    signers_free(s);
}

/* Rows 44 and 52: the initiator's nonces differ between requests, and between attempts
 * at one request, even when the RNG always says the same. */
static void a_constant_rng_gives_the_initiator_no_nonce_twice(void **state)
{
    static const uint8_t rand[CS_FROST_RAND];
    struct signers *s = signers_of(SCHEME_OF(state), 3, 2, 590);
    struct req_at at = signers_at(s);
    uint8_t own[3][CS_FROST_COMMIT_MAX], empty;

    signers_stock(s, 2, 1, 3);
    for (size_t i = 0; i < 3; i++) {
        struct cs_frost_task t;
        struct cs_frost_run *r = NULL;

        if (i == 2) {
            signers_request(s);
        }
        t = signers_task(s, 1, set12);
        assert_int_equal(cs_frost_run_start(&r, &empty, s->pool[1], &t, rand, s->now),
                         CS_OK);
        memcpy(own[i], cs_frost_run_req(r, 2).p + at.first, at.entry - 1);
        assert_memory_not_equal(own[i] + 1, own[i] + at.point + 1, 31);
        for (size_t k = 0; k < i; k++) {
            assert_memory_not_equal(own[i] + 1, own[k] + 1, 31);
            assert_memory_not_equal(own[i] + at.point + 1, own[k] + at.point + 1, 31);
        }
        cs_frost_run_free(r);
    }
    signers_free(s);
}

/* Each item of the hedge counts, the share and its place included. */
static void the_hedge_takes_in_everything(void **state)
{
    struct cs_secret x = {{{1}}}, y = {{{2}}};
    uint8_t rand[CS_FROST_RAND] = {0}, base[CS_FROST_RAND], out[CS_FROST_RAND];
    const struct cs_span a = CS_SPAN_LIT("ab"),
                         b[] = {CS_SPAN_LIT("a"), CS_SPAN_LIT("b")};

    (void)state;
    cs_frost_hedge(base, rand, &x, &a, 1);
    assert_memory_not_equal(base, base + 32, 32);
    cs_frost_hedge(out, rand, &x, b, 2);
    assert_memory_not_equal(out, base, 32);
    cs_frost_hedge(out, rand, &y, &a, 1);
    assert_memory_not_equal(out, base, 32);
    rand[0] = 1;
    cs_frost_hedge(out, rand, &x, &a, 1);
    assert_memory_not_equal(out, base, 32);
    assert_memory_equal(out + 32, base + 32, 32);
    rand[32] = 1;
    cs_frost_hedge(out, rand, &x, &a, 1);
    assert_memory_not_equal(out + 32, base + 32, 32);
}

/* ---- what each role refuses before it touches a nonce
 * ------------------------------------- */

static void assert_task(struct signers *s, const struct cs_frost_task *t,
                        enum cs_err want)
{
    struct cs_frost_run *r = NULL;
    uint8_t rand[CS_FROST_RAND] = {0}, empty = 0;
    struct cs_frost_use u = signers_use(s, 1, 2);
    size_t have = cs_frost_pool_have(s->pool[1], &u, s->now);

    assert_int_equal(cs_frost_task_check(t), want);
    assert_int_equal(cs_frost_run_start(&r, &empty, s->pool[1], t, rand, s->now), want);
    assert_null(r);
    assert_int_equal(cs_frost_pool_have(s->pool[1], &u, s->now), have);
}

/* Rows 21, 29: t-1 and t+1 signers, repeated, foreign, without the own index. */
static void signer_sets_are_exact(void **state)
{
    static const struct {
        uint8_t n, set[3];
    } bad[] = {{1, {1}},    {3, {1, 2, 3}}, {2, {1, 1}},   {2, {2, 1}}, {2, {2, 3}},
               {2, {0, 1}}, {2, {1, 4}},    {2, {1, 255}}, {0, {0}}};
    struct signers *s = signers_of(SCHEME_OF(state), 3, 2, 305);

    signers_stock(s, 2, 1, 4);
    for (size_t i = 0; i < CS_COUNTOF(bad); i++) {
        struct cs_frost_task t = signers_task(s, 1, set12);

        t.n_signers = bad[i].n;
        memcpy(t.signers, bad[i].set, sizeof bad[i].set);
        assert_task(s, &t, CS_ERR_USAGE);
    }
    signers_free(s);
}

/* Rows 26, 48: other key, epoch, set, kind, scheme, message, item. */
static void requests_must_fit_the_key(void **state)
{
    struct signers *s = signers_of(SCHEME_OF(state), 3, 2, 306);
    struct cs_frost_task t = signers_task(s, 1, set12);
    struct cs_request q, good = s->request;
    bool is_ed = s->scheme == CS_SCHEME_FROST_ED25519;

    signers_stock(s, 2, 1, 4);
    t.request = &q;
#define REFUSED(change)                                                                \
    do {                                                                               \
        q = good;                                                                      \
        change;                                                                        \
        assert_task(s, &t, CS_ERR_POLICY_REFUSED);                                     \
    } while (0)
    REFUSED(q.key_id[0] ^= 1);
    REFUSED(q.key_epoch = 1);
    REFUSED(q.ds_hash[31] ^= 1);
    REFUSED(q.kind = CS_REQUEST_KEYGEN);
    REFUSED(q.kind = (enum cs_request_kind)77);
    REFUSED(q.scheme = CS_SCHEME_ECDSA);
    REFUSED(q.scheme = is_ed ? CS_SCHEME_BIP340 : CS_SCHEME_FROST_ED25519);
    REFUSED(q.curve = is_ed ? CS_CURVE_SECP256K1 : CS_CURVE_ED25519);
    REFUSED(q.messages_hash[5] ^= 1);
    REFUSED(q.path_len = is_ed ? 1 : CS_PATH_MAX + 1);
#undef REFUSED
    q = good;
    s->key[1]->state = CS_KEY_PENDING;
    assert_task(s, &t, CS_ERR_STATE);
    s->key[1]->state = CS_KEY_ABORTED;
    assert_task(s, &t, CS_ERR_STATE);
    signers_free(s);
}

/* messages_hash is that of all, whichever of them is signed. */
static void all_messages_are_the_approved_ones(void **state)
{
    struct signers *s = signers_of(SCHEME_OF(state), 3, 2, 320);
    struct cs_frost_task t = signers_task(s, 1, set12);
    struct cs_span swapped[N_ITEMS] = {s->messages[1], s->messages[0], s->messages[2]};

    signers_stock(s, 2, 1, 4);
    for (size_t i = 0; i < N_ITEMS; i++) {
        s->msg[i][31] ^= 1;
        assert_task(s, &t, CS_ERR_POLICY_REFUSED);
        s->msg[i][31] ^= 1;
    }
    t.n_messages = N_ITEMS - 1;
    assert_task(s, &t, CS_ERR_POLICY_REFUSED);
    t.n_messages = N_ITEMS;
    t.messages = swapped;
    assert_task(s, &t, CS_ERR_POLICY_REFUSED);
    t.messages = s->messages;
    t.item = N_ITEMS; /* there is no such item */
    assert_task(s, &t, CS_ERR_USAGE);
    t.item = UINT32_MAX;
    assert_task(s, &t, CS_ERR_USAGE);
    t.item = 0;
    t.n_messages = 0;
    assert_task(s, &t, CS_ERR_USAGE);
    t.n_messages = CS_FROST_ITEMS_MAX + 1;
    assert_task(s, &t, CS_ERR_USAGE);
    signers_free(s);
}

/* BIP340 signs digests, Ed25519 whole messages. */
static void a_message_for_bip340_has_32_bytes(void **state)
{
    struct signers *s = signers_of(SCHEME_OF(state), 3, 2, 321);
    struct cs_frost_task t = signers_task(s, 1, set12);
    enum cs_err want = s->scheme == CS_SCHEME_BIP340 ? CS_ERR_POLICY_REFUSED : CS_OK;

    for (size_t i = 0; i < N_ITEMS; i++) {
        for (size_t n = 31; n <= 33; n++) {
            uint8_t bytes[33] = {1};

            s->messages[i] = CS_SPAN(bytes, n);
            cs_request_messages_hash(s->request.messages_hash, s->messages, N_ITEMS);
            assert_int_equal(cs_frost_task_check(&t), n == 32 ? CS_OK : want);
        }
        s->messages[i] = CS_SPAN_OF(s->msg[i]);
    }
    signers_free(s);
}

static void each_item_is_signed_by_itself(void **state)
{
    struct signers *s = signers_of(SCHEME_OF(state), 3, 2, 322);
    uint8_t sig[N_ITEMS][64], rsp[CS_FROST_RSP_LEN], culprit;

    signers_stock(s, 2, 1, N_ITEMS);
    for (s->item = 0; s->item < N_ITEMS; s->item++) {
        struct cs_frost_run *r = signers_start(s, 1, set12);

        assert_int_equal(signers_answer(s, 2, 1, set12, cs_frost_run_req(r, 2), rsp),
                         CS_OK);
        assert_int_equal(cs_frost_run_put(r, 2, CS_SPAN_OF(rsp)), CS_OK);
        assert_int_equal(cs_frost_run_finish(r, sig[s->item], &culprit), CS_OK);
        cs_frost_run_free(r);
    }
    for (s->item = 0; s->item < N_ITEMS; s->item++) {
        for (size_t i = 0; i < N_ITEMS; i++) {
            assert_int_equal(signers_verify(s, sig[i]), i == s->item);
        }
    }
    signers_free(s);
}

/* 7.7: one key, one scheme. */
static void a_key_of_another_scheme_is_refused(void **state)
{
    static const enum cs_scheme schemes[] = {CS_SCHEME_FROST_ED25519, CS_SCHEME_ECDSA,
                                             CS_SCHEME_BIP340};
    struct signers *s = signers_of(SCHEME_OF(state), 3, 2, 307);
    struct cs_frost_task t = signers_task(s, 1, set12);

    for (size_t i = 0; i < CS_COUNTOF(schemes); i++) {
        s->key[1]->body.scheme = schemes[i];
        assert_int_equal(cs_frost_task_check(&t),
                         schemes[i] == s->scheme ? CS_OK : CS_ERR_POLICY_REFUSED);
        s->request.scheme = schemes[i]; /* ECDSA on both sides is not FROST either */
        if (schemes[i] == CS_SCHEME_ECDSA) {
            assert_int_equal(cs_frost_task_check(&t), CS_ERR_POLICY_REFUSED);
        }
        s->request.scheme = s->scheme;
    }
    signers_free(s);
}

static void an_empty_list_is_said_and_nothing_is_taken(void **state)
{
    static const uint8_t set123[] = {1, 2, 3};
    struct signers *s = signers_of(SCHEME_OF(state), 3, 3, 308);
    struct cs_frost_task t = signers_task(s, 1, set123);
    struct cs_frost_use u = signers_use(s, 1, 2);
    struct cs_frost_run *r = NULL;
    uint8_t rand[CS_FROST_RAND] = {0}, empty = 0;

    signers_stock(s, 2, 1, 1);
    assert_int_equal(cs_frost_run_start(&r, &empty, s->pool[1], &t, rand, s->now),
                     CS_ERR_NOT_FOUND);
    assert_int_equal(empty, 3);
    assert_int_equal(cs_frost_pool_have(s->pool[1], &u, s->now), 1);
    signers_free(s);
}

/* Header's sid: of the link and the id. */
static void the_session_id_is_of_link_and_nonce(void **state)
{
    uint8_t link[16] = {1}, other[16] = {2}, a[32], b[32];

    (void)state;
    assert_int_equal(cs_crypto_init(), CS_OK);
    cs_frost_sid(a, link, 1);
    cs_frost_sid(b, link, 2);
    assert_memory_not_equal(a, b, 32);
    cs_frost_sid(b, other, 1);
    assert_memory_not_equal(a, b, 32);
    cs_frost_sid(b, link, 1);
    assert_memory_equal(a, b, 32);
}

static void a_request_can_be_peeked_at(void **state)
{
    struct signers *s = signers_of(SCHEME_OF(state), 3, 2, 319);
    uint8_t req[REQ_MAX], id[CS_ID_LEN], reqh[32], want[32];
    size_t n = signers_req(s, req);

    cs_request_hash(want, &s->request);
    assert_int_equal(cs_frost_req_peek(id, reqh, CS_SPAN(req, n)), CS_OK);
    assert_memory_equal(id, s->request.request_id, CS_ID_LEN);
    assert_memory_equal(reqh, want, 32);
    assert_int_equal(cs_frost_req_peek(id, reqh, CS_SPAN(req, 47)), CS_ERR_BAD_FORMAT);
    signers_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_BOTH(every_pair_signs_from_either_side),
        IN_BOTH(larger_sets_sign),
        IN_BOTH(each_pair_makes_its_check_signature),
        IN_BOTH(a_constant_rng_gives_the_initiator_no_nonce_twice),
        cmocka_unit_test(the_hedge_takes_in_everything),
        IN_BOTH(signer_sets_are_exact),
        IN_BOTH(requests_must_fit_the_key),
        IN_BOTH(all_messages_are_the_approved_ones),
        IN_BOTH(a_message_for_bip340_has_32_bytes),
        IN_BOTH(each_item_is_signed_by_itself),
        IN_BOTH(a_key_of_another_scheme_is_refused),
        IN_BOTH(an_empty_list_is_said_and_nothing_is_taken),
        cmocka_unit_test(the_session_id_is_of_link_and_nonce),
        IN_BOTH(a_request_can_be_peeked_at),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
