/* One party lies in a key generation, continued: session ids and transcripts, rounds 3
 * and 4, stalls, replays, every flipped bit (section 10, rows 22 to 26, 31, 53). */
#include <sodium.h>

#include "support/dkg_liar.h"

/* ---- sid and tr
 * --------------------------------------------------------------------------------- */

/* 15.8: sid mismatch in round 2.  Nobody signed two: nobody is blamed. */
static void another_sid_blames_nobody(void **state)
{
    static const uint8_t types[] = {CS_TYPE_DKG_REVEAL, CS_TYPE_DKG_CERT,
                                    CS_TYPE_DKG_ACK};

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(types); i++) {
        struct patch p = {.type = types[i], .at = 0};
        struct net *w = lie(CS_CURVE_ED25519, 90 + i);

        w->hook = patch_hook;
        w->hook_ctx = &p;
        net_start(w);
        net_run(w);
        for (uint8_t j = 1; j <= 2; j++) {
            assert_outcome(w, j, (struct outcome){CS_ERR_SID_MISMATCH, 0});
            assert_int_equal(cs_session_evidence(w->s[j]).n, 0);
        }
        net_free(w);
    }
    assert_int_equal(cs_err_reaction(CS_ERR_SID_MISMATCH), CS_REACT_DROP);
}

static void another_tr_is_equivocation_of_somebody(void **state)
{
    static const uint8_t types[] = {CS_TYPE_DKG_REVEAL, CS_TYPE_DKG_CERT};

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(types); i++) {
        struct patch p = {.type = types[i], .at = 32};
        struct net *w = lie(CS_CURVE_ED25519, 92 + i);

        w->hook = patch_hook;
        w->hook_ctx = &p;
        net_start(w);
        net_run(w);
        for (uint8_t j = 1; j <= 2; j++) {
            assert_outcome(w, j, (struct outcome){CS_ERR_EQUIVOCATION, 0});
        }
        assert_nothing_active(w);
        net_free(w);
    }
}

/* Row 31: a second, different message in one slot, every round. */
struct twice {
    uint8_t type;
    bool done;
};

static bool say_twice(struct net *w, struct net_msg *m)
{
    struct twice *t = w->hook_ctx;

    if (m->m.proto == CS_PROTO_DKG && m->m.from == LIAR && m->m.type == t->type &&
        m->to == 1 && !t->done) {
        struct net_msg *c = net_msg_copy(w, m);

        t->done = true;
        c->bcast.p[c->bcast.n - 1] ^= 1;
        net_sign(w, c);
        net_sign(w, m);
        net_queue(w, net_msg_copy(w, m)); /* this one first */
        net_queue(w, c);
    }
    return true;
}

static void a_different_second_message_is_proof(void **state)
{
    static const uint8_t types[] = {CS_TYPE_DKG_COM, CS_TYPE_DKG_REVEAL,
                                    CS_TYPE_DKG_CERT};

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(types); i++) {
        struct twice t = {.type = types[i]};
        struct net *w = lie(CS_CURVE_ED25519, 95 + i);

        w->hook = say_twice;
        w->hook_ctx = &t;
        net_start(w);
        net_run(w);
        assert_true(t.done);
        assert_outcome(w, 1, (struct outcome){CS_ERR_EQUIVOCATION, LIAR});
        assert_true(cs_session_evidence(w->s[1]).n > 0);
        if (types[i] != CS_TYPE_DKG_CERT) { /* 2 is shown the proof by 1 */
            assert_outcome(w, 2, (struct outcome){CS_ERR_EQUIVOCATION, LIAR});
        }
        net_free(w);
    }
}

/* ---- rounds 3 and 4
 * -------------------------------------------------------------------------------- */

/* A bad sigma to both, or to one: that one stays PENDING, and is told later. */
static void a_wrong_certificate_signature_is_refused(void **state)
{
    struct patch both = CERT(.at = 64), one = CERT(.to = 1, .at = 70);
    struct net *w;

    (void)state;
    run_patch_all(CS_CURVE_SECP256K1, both, CS_ERR_DKG_CERT_SIG);
    w = lie(CS_CURVE_ED25519, 100);
    w->hook = patch_hook;
    w->hook_ctx = &one;
    net_start(w);
    net_run(w);
    assert_outcome(w, 1, (struct outcome){CS_ERR_DKG_CERT_SIG, LIAR});
    assert_int_equal(w->stored[1]->state, CS_KEY_PENDING);
    net_free(w);
}

static void a_wrong_acknowledgement_is_refused(void **state)
{
    static const size_t at[] = {32, 64}; /* the hash, the signature */

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(at); i++) {
        struct patch p = ACK(.at = at[i]);
        struct net *w = lie(CS_CURVE_ED25519, 102);
        unsigned found = 0;

        w->hook = patch_hook;
        w->hook_ctx = &p;
        net_start(w);
        net_run(w);
        for (uint8_t j = 1; j <= 2; j++) {
            found += w->err[j] == CS_ERR_DKG_ACK_SIG && w->blame[j].party == LIAR;
            /* The key exists, but not all have acknowledged: nobody shows it. */
            assert_int_equal(w->stored[j]->state, CS_KEY_ACTIVE);
            assert_false(cs_key_acked(w->stored[j]));
        }
        assert_true(found > 0);
        net_free(w);
    }
}

/* A second valid Ed25519 signature by the same key on the same message: other nonce. */
static void sign_again(uint8_t sig[64], const uint8_t seed[32], const uint8_t msg[32])
{
    uint8_t pk[32], sk[64], az[64], r[64], h[64], in[96], hs[32], rs[32];

    crypto_sign_seed_keypair(pk, sk, seed);
    crypto_hash_sha512(az, seed, 32);
    az[0] &= 248;
    az[31] &= 127;
    az[31] |= 64;
    memset(r, 0x42, sizeof r);
    crypto_core_ed25519_scalar_reduce(rs, r);
    assert_int_equal(crypto_scalarmult_ed25519_base_noclamp(sig, rs), 0);
    memcpy(in, sig, 32);
    memcpy(in + 32, pk, 32);
    memcpy(in + 64, msg, 32);
    crypto_hash_sha512(h, in, sizeof in);
    crypto_core_ed25519_scalar_reduce(hs, h);
    memset(h, 0, sizeof h);
    memcpy(h, az, 32);
    crypto_core_ed25519_scalar_reduce(az, h);
    crypto_core_ed25519_scalar_mul(hs, hs, az);
    crypto_core_ed25519_scalar_add(sig + 32, hs, rs);
}

static bool two_sigmas(struct net *w, struct net_msg *m)
{
    if (m->m.proto == CS_PROTO_DKG && m->m.type == CS_TYPE_DKG_CERT &&
        m->m.from == LIAR && m->to == 2) {
        uint8_t sig[64];

        sign_again(sig, w->id[LIAR].ik_seed, w->d[LIAR]->key.C);
        assert_memory_not_equal(sig, m->bcast.p + 64, 64);
        memcpy(m->bcast.p + 64, sig, 64);
        ++*(unsigned *)w->hook_ctx;
    }
    return true;
}

/* 15.8: signatures are evidence, never hashed into an identifier (15.3 C1). */
static void two_valid_sigmas_give_one_certificate(void **state)
{
    struct net *w = lie(CS_CURVE_ED25519, 110);
    unsigned used = 0;

    (void)state;
    w->hook = two_sigmas;
    w->hook_ctx = &used;
    net_start(w);
    net_run(w);
    assert_int_equal(used, 1);
    net_assert_key(w);
    assert_memory_not_equal(w->stored[1]->sigs.sig[LIAR], w->stored[2]->sigs.sig[LIAR],
                            64);
    assert_memory_equal(w->stored[1]->cert_hash, w->stored[2]->cert_hash, 32);
    net_free(w);
}

/* ---- stalls, replays, every byte
 * ---------------------------------------------------------------------- */

static bool stall(struct net *w, struct net_msg *m)
{
    uint8_t type = *(uint8_t *)w->hook_ctx;

    return !(m->m.proto == CS_PROTO_DKG && m->m.from == LIAR && m->m.type >= type &&
             m->m.type <= CS_TYPE_DKG_ACK);
}

static void a_party_that_stops_is_named_when_time_is_over(void **state)
{
    (void)state;
    for (uint8_t type = CS_TYPE_DKG_COM; type <= CS_TYPE_DKG_ACK; type++) {
        struct net *w = lie(CS_CURVE_ED25519, 120u + type);
        uint64_t start = w->now;

        w->hook = stall;
        w->hook_ctx = &type;
        net_start(w);
        net_run(w);
        for (uint8_t j = 1; j <= 2; j++) {
            assert_true(w->err[j] == CS_ERR_TIMEOUT || w->err[j] == CS_ERR_ABORTED);
            if (w->err[j] == CS_ERR_TIMEOUT) {
                assert_int_equal(w->blame[j].party, LIAR);
            }
            net_assert_wiped(w, j);
        }
        assert_true(w->now - start >= 60000);
        assert_int_equal(cs_err_reaction(CS_ERR_TIMEOUT), CS_REACT_RETRY);
        net_free(w);
    }
}

/* Row 25: everything of an earlier session is offered to a new one. */
static struct net_msg *tape[NET_QUEUE];
static size_t n_tape;

static bool record(struct net *w, struct net_msg *m)
{
    assert_true(n_tape < NET_QUEUE);
    tape[n_tape++] = net_msg_copy(w, m);
    return true;
}

static void messages_of_an_earlier_session_are_dropped(void **state)
{
    struct net *w = net_new(3, 2, CS_CURVE_ED25519, 130);

    (void)state;
    n_tape = 0;
    w->hook = record;
    net_start(w);
    net_run(w);
    net_assert_key(w);
    for (uint8_t i = 1; i <= 3; i++) {
        cs_session_free(w->s[i]);
        w->s[i] = NULL;
        cs_key_free(w->stored[i]);
        w->stored[i] = NULL;
    }
    w->hook = NULL;
    net_start(w);
    for (size_t k = 0; k < n_tape; k++) {
        struct cs_session_out out = {0};

        if (w->s[tape[k]->to] != NULL) {
            assert_int_equal(
                cs_session_feed(w->s[tape[k]->to], &tape[k]->m, w->now, &out),
                CS_ERR_REPLAY);
            assert_int_equal(out.n_msgs, 0);
        }
        net_msg_free(tape[k]);
    }
    net_run(w);
    net_assert_key(w);
    net_free(w);
}

/* Any one changed bit of any of the liar's messages: somebody refuses, nobody is
 * wrongly blamed, nobody ends with a key that the others do not have. */
static void flip(uint8_t type, enum where where, size_t at)
{
    struct patch p = {.type = type, .where = where, .at = at};
    struct net *w = lie(CS_CURVE_ED25519, 140);

    w->hook = patch_hook;
    w->hook_ctx = &p;
    net_start(w);
    net_run(w);
    assert_true(p.done > 0);
    for (uint8_t i = 1; i <= 2; i++) {
        assert_true(w->err[i] != CS_OK);
        if (cs_err_reaction(w->err[i]) == CS_REACT_BLAME) {
            assert_int_equal(w->blame[i].party, LIAR);
        }
        net_assert_wiped(w, i);
    }
    assert_nothing_active_before_ack(w, type);
    net_free(w);
}

static void every_flipped_bit_is_noticed(void **state)
{
    static const struct {
        uint8_t type;
        enum where where;
        size_t len;
    } parts[] = {
        {CS_TYPE_DKG_COM, BCAST, 64},      {CS_TYPE_DKG_REVEAL, BCAST, 64 + 192 + 160},
        {CS_TYPE_DKG_REVEAL, PRIV, 64},    {CS_TYPE_DKG_CERT, BCAST, 128},
        {CS_TYPE_DKG_ACK, BCAST, 32 + 96},
    };

    (void)state;
    for (size_t k = 0; k < CS_COUNTOF(parts); k++) {
        for (size_t at = 0; at < parts[k].len; at += 7) {
            flip(parts[k].type, parts[k].where, at);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(another_sid_blames_nobody),
        cmocka_unit_test(another_tr_is_equivocation_of_somebody),
        cmocka_unit_test(a_different_second_message_is_proof),
        cmocka_unit_test(a_wrong_certificate_signature_is_refused),
        cmocka_unit_test(a_wrong_acknowledgement_is_refused),
        cmocka_unit_test(two_valid_sigmas_give_one_certificate),
        cmocka_unit_test(a_party_that_stops_is_named_when_time_is_over),
        cmocka_unit_test(messages_of_an_earlier_session_are_dropped),
        cmocka_unit_test(every_flipped_bit_is_noticed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
