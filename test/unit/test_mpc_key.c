/* Key records and certificates: encoding, load checks, and how a node that was left
 * PENDING learns the outcome (PROTOCOLS 3.4, 3.5, 3.7; 15.3 C1, C3; 15.8). */
#include "mpc/key.h"

#include "support/mpc_party.h"

struct keys {
    struct cs_key *k[CS_PARTY_SLOTS];
    struct cs_roster r[CS_PARTY_SLOTS];
    struct cs_identity_secret id[CS_PARTY_SLOTS];
    uint8_t n;
};

static void keys_make(struct keys *s, uint8_t n, uint8_t t, enum cs_curve c,
                      uint64_t seed)
{
    struct net *w = net_new(n, t, c, seed);

    *s = (struct keys){.n = n};
    net_start(w);
    net_run(w);
    net_assert_key(w);
    for (uint8_t i = 1; i <= n; i++) {
        s->k[i] = w->stored[i];
        w->stored[i] = NULL;
        s->r[i] = w->roster[i];
        s->id[i] = w->id[i];
    }
    net_free(w);
}

static void keys_free(struct keys *s)
{
    for (uint8_t i = 1; i <= s->n; i++) {
        cs_key_free(s->k[i]);
    }
}

/* As it was stored before the own sigma left. */
static void make_pending(struct keys *s, uint8_t i)
{
    struct cs_key *k = s->k[i];
    struct cs_sig_set own = {0};

    cs_sig_set_put(&own, i, k->sigs.sig[i]);
    k->sigs = own;
    k->acks = (struct cs_sig_set){0};
    k->aborted = (struct cs_sig_set){0};
    k->state = CS_KEY_PENDING;
}

static struct cs_key *reload(const struct cs_key *k)
{
    struct cs_key *back = cs_key_new();
    struct cs_wr pub = {0}, sec = {0};

    assert_non_null(back);
    cs_key_encode_public(&pub, k);
    cs_key_encode_secret(&sec, k);
    assert_true(pub.n + sec.n <= CS_KEY_RECORD_MAX);
    assert_int_equal(cs_key_decode(back, cs_wr_get(&pub), cs_wr_get(&sec)), CS_OK);
    cs_wr_free(&pub);
    cs_wr_free(&sec);
    return back;
}

/* ---- records
 * -------------------------------------------------------------------------------- */

static void records_survive_a_round_trip(void **state)
{
    static const struct {
        uint8_t n, t;
        enum cs_curve c;
    } shapes[] = {{3, 2, CS_CURVE_ED25519},
                  {3, 2, CS_CURVE_SECP256K1},
                  {7, 4, CS_CURVE_SECP256K1}};

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(shapes); i++) {
        struct keys s;

        keys_make(&s, shapes[i].n, shapes[i].t, shapes[i].c, 700 + i);
        for (uint8_t j = 1; j <= s.n; j++) {
            struct cs_key *back = reload(s.k[j]);

            assert_int_equal(cs_key_check(back, &s.r[j], NULL), CS_OK);
            assert_memory_equal(back->C, s.k[j]->C, 32);
            assert_memory_equal(back->x.s.b, s.k[j]->x.s.b, 32);
            assert_memory_equal(back->request_id, s.k[j]->request_id, CS_ID_LEN);
            cs_key_free(back);
            make_pending(&s, j);
            back = reload(s.k[j]);
            assert_int_equal(back->state, CS_KEY_PENDING);
            assert_int_equal(cs_key_check(back, &s.r[j], NULL), CS_OK);
            cs_key_free(back);
        }
        keys_free(&s);
    }
}

static void assert_corrupt(const struct cs_key *k, const struct cs_roster *r,
                           const char *word)
{
    const char *why = NULL;

    assert_int_equal(cs_key_check(k, r, &why), CS_ERR_KEY_CORRUPT);
    assert_non_null(why);
    assert_non_null(strstr(why, word));
}

/* Each check of 3.7. */
static void damaged_records_are_corrupt(void **state)
{
    struct cs_roster r;
    struct cs_key *k;
    struct keys s;

    (void)state;
    keys_make(&s, 3, 2, CS_CURVE_ED25519, 710);
#define CORRUPT(change, word)                                                          \
    do {                                                                               \
        k = cs_key_dup(s.k[1]);                                                        \
        r = s.r[1];                                                                    \
        change;                                                                        \
        assert_corrupt(k, &r, word);                                                   \
        cs_key_free(k);                                                                \
    } while (0)
#define REHASH                                                                         \
    do {                                                                               \
        cs_cert_content(k->C, &k->body);                                               \
        cs_cert_hash(k->cert_hash, k->C);                                              \
    } while (0)
    CORRUPT(r.self = 2, "member");
    CORRUPT(r.ds_hash[0] ^= 1, "member");
    CORRUPT(r.t = 3, "member");
    CORRUPT(k->self = 2, "member");
    CORRUPT(k->body.tr1[0] ^= 1, "content");
    CORRUPT(k->cert_hash[0] ^= 1, "content");
    CORRUPT(k->C[0] ^= 1, "content");
    CORRUPT(
        {
            k->body.scheme = CS_SCHEME_ECDSA;
            REHASH;
        },
        "content");
    CORRUPT(k->x.s.b[0] ^= 1, "x_i G");
    CORRUPT(
        {
            k->body.Xi[3] = k->body.Xi[2];
            REHASH;
        },
        "interpolate");
    CORRUPT(
        {
            k->body.X = k->body.Xi[2];
            REHASH;
        },
        "interpolate");
    CORRUPT(
        {
            k->body.chain_code[0] ^= 1;
            REHASH;
        },
        "signature");
    CORRUPT(k->sigs.sig[2][5] ^= 1, "signature");
    CORRUPT(k->acks.sig[3][5] ^= 1, "signature");
    CORRUPT(cs_sig_set_put(&k->aborted, 2, k->sigs.sig[2]), "signature");
    CORRUPT(cs_sig_set_put(&k->sigs, 4, k->sigs.sig[2]), "signature");
    CORRUPT(k->sigs.mask = 3, "state");
    CORRUPT(k->state = CS_KEY_ABORTED, "state");
#undef REHASH
#undef CORRUPT
    keys_free(&s);
}

static void malformed_records_are_corrupt(void **state)
{
    struct cs_wr pub = {0}, sec = {0};
    struct cs_key *back = cs_key_new();
    uint8_t zero[32] = {0}, max[32];
    struct keys s;

    (void)state;
    memset(max, 0xff, 32);
    keys_make(&s, 3, 2, CS_CURVE_SECP256K1, 711);
    cs_key_encode_public(&pub, s.k[2]);
    cs_key_encode_secret(&sec, s.k[2]);
    for (size_t n = 0; n < pub.n; n++) {
        assert_int_equal(cs_key_decode(back, CS_SPAN(pub.p, n), cs_wr_get(&sec)),
                         CS_ERR_KEY_CORRUPT);
    }
    assert_int_equal(cs_key_decode(back, cs_wr_get(&pub), CS_SPAN(sec.p, 31)),
                     CS_ERR_KEY_CORRUPT);
    assert_int_equal(cs_key_decode(back, cs_wr_get(&pub), CS_SPAN_OF(zero)),
                     CS_ERR_KEY_CORRUPT);
    assert_int_equal(cs_key_decode(back, cs_wr_get(&pub), CS_SPAN_OF(max)),
                     CS_ERR_KEY_CORRUPT);
    /* Any flipped byte: refused when decoded or when checked. */
    for (size_t at = 0; at < pub.n; at++) {
        pub.p[at] ^= 0x01;
        if (cs_key_decode(back, cs_wr_get(&pub), cs_wr_get(&sec)) == CS_OK &&
            (at < 3 || at >= 19)) { /* the request id is not covered by C */
            assert_int_equal(cs_key_check(back, &s.r[2], NULL), CS_ERR_KEY_CORRUPT);
        }
        pub.p[at] ^= 0x01;
    }
    cs_wr_u8(&pub, 0);
    assert_int_equal(cs_key_decode(back, cs_wr_get(&pub), cs_wr_get(&sec)),
                     CS_ERR_KEY_CORRUPT);
    cs_wr_free(&pub);
    cs_wr_free(&sec);
    cs_key_free(back);
    keys_free(&s);
}

/* ---- certificates
 * --------------------------------------------------------------------------- */

/* Everything that C must bind (3.4, 15.3 C1); rows 23, 26. */
static void the_content_binds_every_field(void **state)
{
    struct cs_cert_body b;
    uint8_t base[32], h[32];
    struct keys s;

    (void)state;
    keys_make(&s, 3, 2, CS_CURVE_ED25519, 720);
    cs_cert_content(base, &s.k[1]->body);
#define DIFFERS(change)                                                                \
    do {                                                                               \
        b = s.k[1]->body;                                                              \
        change;                                                                        \
        cs_cert_content(h, &b);                                                        \
        assert_memory_not_equal(h, base, 32);                                          \
    } while (0)
    DIFFERS(b.sid[0] ^= 1);
    DIFFERS(b.ds_hash[0] ^= 1);
    DIFFERS(b.key_id[0] ^= 1);
    DIFFERS(b.epoch = 1);
    DIFFERS(b.curve = CS_CURVE_SECP256K1);
    DIFFERS(b.scheme = CS_SCHEME_ECDSA);
    DIFFERS(b.n = 2);
    DIFFERS(b.t = 3);
    DIFFERS(b.X = b.Xi[1]);
    DIFFERS(b.Xi[3] = b.Xi[1]);
    DIFFERS(b.chain_code[31] ^= 1);
    DIFFERS(b.tr1[0] ^= 1);
    DIFFERS(b.tr2[0] ^= 1);
#undef DIFFERS
    keys_free(&s);
}

static void certificates_need_all_valid_signatures(void **state)
{
    struct cs_sig_set c;
    struct keys s;

    (void)state;
    keys_make(&s, 3, 2, CS_CURVE_ED25519, 721);
    c = s.k[1]->sigs;
    assert_int_equal(cs_cert_verify_all(&s.r[2], s.k[1]->C, &c), CS_OK);
    c.mask = 3; /* one missing */
    assert_int_equal(cs_cert_verify_all(&s.r[2], s.k[1]->C, &c), CS_ERR_CERT_INVALID);
    c.mask = 15; /* one too many */
    assert_int_equal(cs_cert_verify_all(&s.r[2], s.k[1]->C, &c), CS_ERR_CERT_INVALID);
    c = s.k[1]->sigs;
    memcpy(c.sig[2], c.sig[1], 64); /* another's signature in the place */
    assert_int_equal(cs_cert_verify_all(&s.r[2], s.k[1]->C, &c), CS_ERR_CERT_INVALID);
    assert_int_equal(cs_cert_verify(&s.r[1], 0, s.k[1]->C, c.sig[1]),
                     CS_ERR_DKG_CERT_SIG);
    assert_int_equal(cs_cert_verify(&s.r[1], 4, s.k[1]->C, c.sig[1]),
                     CS_ERR_DKG_CERT_SIG);
    /* A sigma is no ACK and no ABORTED. */
    assert_int_equal(cs_ack_verify(&s.r[1], 1, s.k[1]->cert_hash, c.sig[1]),
                     CS_ERR_DKG_ACK_SIG);
    assert_int_equal(cs_aborted_verify(&s.r[1], 1, s.k[1]->C, c.sig[1]),
                     CS_ERR_CERT_INVALID);
    /* An ACK is of one party. */
    assert_int_equal(cs_ack_verify(&s.r[1], 2, s.k[1]->cert_hash, s.k[1]->acks.sig[1]),
                     CS_ERR_DKG_ACK_SIG);
    keys_free(&s);
}

static void check_messages_are_of_the_pair(void **state)
{
    uint8_t hash[32] = {1}, other[32] = {2}, a[32], b[32];

    (void)state;
    assert_int_equal(cs_crypto_init(), CS_OK);
    cs_check_message(a, hash, 1, 3);
    cs_check_message(b, hash, 3, 1);
    assert_memory_equal(a, b, 32);
    cs_check_message(b, hash, 2, 3);
    assert_memory_not_equal(a, b, 32);
    cs_check_message(b, other, 1, 3);
    assert_memory_not_equal(a, b, 32);
}

/* ---- PENDING: everybody signed
 * --------------------------------------------------------------- */

static struct cs_key_reply ask(const struct keys *s, uint8_t from, uint8_t whom)
{
    struct cs_key_reply a = {0};
    struct cs_wr want = {0};
    uint8_t C[32];

    cs_cert_want_encode(&want, s->k[from]->C);
    assert_int_equal(cs_cert_want_decode(C, cs_wr_get(&want)), CS_OK);
    assert_int_equal(cs_key_on_want(s->k[whom], s->id[whom].ik_seed, C, &a), CS_OK);
    cs_wr_free(&want);
    return a;
}

static void one_active_node_helps_all_others(void **state)
{
    struct keys s;

    (void)state;
    keys_make(&s, 3, 2, CS_CURVE_ED25519, 730);
    make_pending(&s, 2);
    make_pending(&s, 3);
    for (uint8_t i = 2; i <= 3; i++) {
        struct cs_key_reply a = ask(&s, i, 1), b = {0};

        assert_int_equal(a.type, CS_TYPE_CERT_HAVE);
        assert_int_equal(
            cs_key_on_have(s.k[i], &s.r[i], s.id[i].ik_seed, 1, cs_wr_get(&a.body), &b),
            CS_OK);
        assert_true(b.changed);
        assert_int_equal(s.k[i]->state, CS_KEY_ACTIVE);
        assert_true(cs_sig_set_has(&s.k[i]->acks, i)); /* its own receipt */
        assert_int_equal(cs_key_check(s.k[i], &s.r[i], NULL), CS_OK);
        /* Again: nothing changes. */
        b = (struct cs_key_reply){0};
        assert_int_equal(
            cs_key_on_have(s.k[i], &s.r[i], s.id[i].ik_seed, 1, cs_wr_get(&a.body), &b),
            CS_OK);
        assert_false(b.changed);
        cs_wr_free(&a.body);
    }
    keys_free(&s);
}

/* All crashed after PENDING: nobody has the certificate, but all sigma exist. */
static void three_pending_nodes_complete_it_together(void **state)
{
    struct keys s;

    (void)state;
    keys_make(&s, 3, 2, CS_CURVE_SECP256K1, 731);
    for (uint8_t i = 1; i <= 3; i++) {
        make_pending(&s, i);
    }
    for (uint8_t from = 2; from <= 3; from++) {
        struct cs_key_reply a = ask(&s, 1, from), b = {0};

        assert_int_equal(cs_key_on_have(s.k[1], &s.r[1], s.id[1].ik_seed, from,
                                        cs_wr_get(&a.body), &b),
                         CS_OK);
        assert_int_equal(s.k[1]->state, from == 2 ? CS_KEY_PENDING : CS_KEY_ACTIVE);
        cs_wr_free(&a.body);
    }
    assert_int_equal(cs_key_check(s.k[1], &s.r[1], NULL), CS_OK);
    keys_free(&s);
}

static void forged_certificates_are_refused_whole(void **state)
{
    struct cs_key_reply b = {0};
    struct cs_sig_set forged;
    struct cs_wr body = {0};
    struct keys s;

    (void)state;
    keys_make(&s, 3, 2, CS_CURVE_ED25519, 732);
    forged = s.k[1]->sigs;
    forged.sig[3][0] ^= 1;
    make_pending(&s, 2);
    cs_cert_have_encode(&body, s.k[2]->C, &forged);
    assert_int_equal(
        cs_key_on_have(s.k[2], &s.r[2], s.id[2].ik_seed, 1, cs_wr_get(&body), &b),
        CS_ERR_CERT_INVALID);
    assert_int_equal(s.k[2]->sigs.mask, 2);
    assert_int_equal(s.k[2]->state, CS_KEY_PENDING);
    cs_wr_reset(&body);
    forged = s.k[1]->sigs;
    cs_sig_set_put(&forged, 4, forged.sig[1]); /* an index outside the set */
    cs_cert_have_encode(&body, s.k[2]->C, &forged);
    assert_int_equal(
        cs_key_on_have(s.k[2], &s.r[2], s.id[2].ik_seed, 1, cs_wr_get(&body), &b),
        CS_ERR_CERT_INVALID);
    body.p[0] ^= 1; /* another C */
    assert_int_equal(
        cs_key_on_have(s.k[2], &s.r[2], s.id[2].ik_seed, 1, cs_wr_get(&body), &b),
        CS_ERR_UNKNOWN_KEY);
    assert_int_equal(s.k[2]->state, CS_KEY_PENDING);
    cs_wr_free(&body);
    keys_free(&s);
}

/* ---- PENDING: somebody never signed
 * --------------------------------------------------------------- */

static enum cs_err told_aborted(struct keys *s, uint8_t at, const struct cs_wr *body,
                                struct cs_key_reply *a)
{
    *a = (struct cs_key_reply){0};
    return cs_key_on_aborted(s->k[at], &s->r[at], s->id[at].ik_seed, cs_wr_get(body),
                             a);
}

/* `at` asks `whom` and takes what it has. */
static struct cs_key_reply ask_and_take(struct keys *s, uint8_t at, uint8_t whom)
{
    struct cs_key_reply have = ask(s, at, whom), a = {0};

    assert_int_equal(have.type, CS_TYPE_CERT_HAVE);
    assert_int_equal(cs_key_on_have(s->k[at], &s->r[at], s->id[at].ik_seed, whom,
                                    cs_wr_get(&have.body), &a),
                     CS_OK);
    cs_wr_free(&have.body);
    return a;
}

/* Node 3 failed before its sigma: it says ABORTED; 2 hears from 1 that it has no
 * certificate either, and follows; then all may erase. */
static void one_that_never_signed_ends_it_for_all(void **state)
{
    struct cs_key_reply from3 = {0}, at2, at1, back;
    struct keys s;

    (void)state;
    keys_make(&s, 3, 2, CS_CURVE_ED25519, 733);
    make_pending(&s, 1);
    make_pending(&s, 2);
    cs_key_on_want_unknown(s.id[3].ik_seed, 3, s.k[2]->C, &from3);
    assert_int_equal(from3.type, CS_TYPE_CERT_ABORTED);
    assert_int_equal(told_aborted(&s, 2, &from3.body, &back), CS_OK);
    assert_true(back.changed && !back.erase && back.type == 0);
    assert_int_equal(s.k[2]->state, CS_KEY_PENDING);
    assert_int_equal(cs_key_check(s.k[2], &s.r[2], NULL), CS_OK);
    at2 = ask_and_take(&s, 2, 1);
    assert_true(at2.changed && !at2.erase);
    assert_int_equal(s.k[2]->state, CS_KEY_ABORTED);
    assert_int_equal(at2.type, CS_TYPE_CERT_ABORTED);
    assert_int_equal(cs_key_check(s.k[2], &s.r[2], NULL), CS_OK);
    /* 2 tells 1 what it knows: now all three have said so. */
    assert_int_equal(told_aborted(&s, 1, &at2.body, &at1), CS_OK);
    assert_true(at1.changed && at1.erase);
    assert_int_equal(told_aborted(&s, 2, &at1.body, &back), CS_OK);
    assert_true(back.erase);
    cs_wr_free(&from3.body);
    cs_wr_free(&at2.body);
    cs_wr_free(&at1.body);
    cs_wr_free(&back.body);
    keys_free(&s);
}

/* 0.3.4: 3 signed sigma, made 1 ACTIVE, and lies to 2 (or was restored to before). */
static void a_lie_of_one_does_not_part_two_honest_nodes(void **state)
{
    struct cs_key_reply lie = {0}, a;
    struct keys s;

    (void)state;
    keys_make(&s, 3, 2, CS_CURVE_ED25519, 740);
    make_pending(&s, 2);
    cs_key_on_want_unknown(s.id[3].ik_seed, 3, s.k[2]->C, &lie);
    for (int again = 0; again < 3; again++) {
        assert_int_equal(told_aborted(&s, 2, &lie.body, &a), CS_OK);
        assert_int_equal(s.k[2]->state, CS_KEY_PENDING);
        assert_false(a.erase);
    }
    a = ask_and_take(&s, 2, 1);
    assert_true(a.changed);
    assert_int_equal(s.k[2]->state, CS_KEY_ACTIVE);
    assert_int_equal(cs_key_check(s.k[2], &s.r[2], NULL), CS_OK);
    cs_wr_free(&lie.body);
    keys_free(&s);
}

/* An answer counts for the question asked last, and only once ABORTED is known. */
static void old_answers_do_not_count(void **state)
{
    struct cs_key_reply from3 = {0}, a;
    struct cs_wr want = {0};
    struct keys s;

    (void)state;
    keys_make(&s, 4, 2, CS_CURVE_ED25519, 741);
    for (uint8_t i = 1; i <= 3; i++) {
        make_pending(&s, i);
    }
    cs_key_on_want_unknown(s.id[4].ik_seed, 4, s.k[1]->C, &from3);
    (void)ask_and_take(&s, 1, 2);
    (void)ask_and_take(&s, 1, 3);
    assert_int_equal(told_aborted(&s, 1, &from3.body, &a), CS_OK);
    assert_int_equal(s.k[1]->state, CS_KEY_PENDING);
    (void)ask_and_take(&s, 1, 2);
    cs_key_ask(s.k[1], &want);
    (void)ask_and_take(&s, 1, 3);
    assert_int_equal(s.k[1]->state, CS_KEY_PENDING);
    a = ask_and_take(&s, 1, 2);
    assert_true(a.changed);
    assert_int_equal(s.k[1]->state, CS_KEY_ABORTED);
    cs_wr_free(&a.body);
    cs_wr_free(&want);
    cs_wr_free(&from3.body);
    keys_free(&s);
}

/* Who has said ABORTED(C) never activates C, whatever it is shown. */
static void aborted_never_activates(void **state)
{
    struct cs_key_reply a = {0};
    struct cs_wr body = {0};
    struct keys s;

    (void)state;
    keys_make(&s, 3, 2, CS_CURVE_ED25519, 734);
    make_pending(&s, 2);
    assert_int_equal(cs_key_give_up(s.k[2], s.id[2].ik_seed), CS_OK);
    assert_int_equal(s.k[2]->state, CS_KEY_ABORTED);
    cs_cert_have_encode(&body, s.k[1]->C, &s.k[1]->sigs);
    assert_int_equal(
        cs_key_on_have(s.k[2], &s.r[2], s.id[2].ik_seed, 1, cs_wr_get(&body), &a),
        CS_OK);
    assert_int_equal(s.k[2]->state, CS_KEY_ABORTED);
    assert_false(a.changed);
    assert_int_equal(a.type, CS_TYPE_CERT_ABORTED);
    assert_int_equal(cs_key_give_up(s.k[2], s.id[2].ik_seed), CS_OK);
    assert_int_equal(cs_key_give_up(s.k[1], s.id[1].ik_seed), CS_ERR_STATE);
    cs_wr_free(&a.body);
    cs_wr_free(&body);
    keys_free(&s);
}

/* An ACTIVE node is not talked out of its key. */
static void active_ignores_aborted(void **state)
{
    struct cs_key_reply lie = {0}, a = {0};
    struct keys s;

    (void)state;
    keys_make(&s, 3, 2, CS_CURVE_ED25519, 735);
    cs_key_on_want_unknown(s.id[3].ik_seed, 3, s.k[1]->C, &lie); /* it had signed */
    assert_int_equal(
        cs_key_on_aborted(s.k[1], &s.r[1], s.id[1].ik_seed, cs_wr_get(&lie.body), &a),
        CS_OK);
    assert_int_equal(s.k[1]->state, CS_KEY_ACTIVE);
    assert_false(a.changed || a.erase);
    assert_int_equal(a.type, CS_TYPE_CERT_HAVE);
    assert_int_equal(cs_key_check(s.k[1], &s.r[1], NULL), CS_OK);
    cs_wr_free(&lie.body);
    cs_wr_free(&a.body);
    keys_free(&s);
}

static void forged_aborted_statements_are_refused(void **state)
{
    struct cs_key_reply a = {0};
    struct cs_sig_set forged = {0};
    struct cs_wr body = {0};
    uint8_t sig[64];
    struct keys s;

    (void)state;
    keys_make(&s, 3, 2, CS_CURVE_ED25519, 736);
    make_pending(&s, 1);
    cs_aborted_sign(sig, s.id[2].ik_seed, s.k[1]->C, 3); /* 2 speaks for 3 */
    cs_sig_set_put(&forged, 3, sig);
    cs_cert_aborted_encode(&body, s.k[1]->C, &forged);
    assert_int_equal(
        cs_key_on_aborted(s.k[1], &s.r[1], s.id[1].ik_seed, cs_wr_get(&body), &a),
        CS_ERR_CERT_INVALID);
    assert_int_equal(s.k[1]->state, CS_KEY_PENDING);
    assert_int_equal(s.k[1]->aborted.mask, 0);
    body.p[31] ^= 1;
    assert_int_equal(
        cs_key_on_aborted(s.k[1], &s.r[1], s.id[1].ik_seed, cs_wr_get(&body), &a),
        CS_ERR_UNKNOWN_KEY);
    cs_wr_free(&body);
    keys_free(&s);
}

/* 15.8: PENDING with all peers offline for a week: nothing but an answer or the
 * operator changes it.  There is no clock in here to do it. */
static void pending_stays_pending(void **state)
{
    struct cs_key *back;
    struct keys s;

    (void)state;
    keys_make(&s, 3, 2, CS_CURVE_ED25519, 737);
    make_pending(&s, 1);
    for (int day = 0; day < 7; day++) {
        back = reload(s.k[1]);
        assert_int_equal(cs_key_check(back, &s.r[1], NULL), CS_OK);
        assert_int_equal(back->state, CS_KEY_PENDING);
        cs_key_free(back);
    }
    keys_free(&s);
}

/* Two faces in round 2 leave two contents: neither node will ever sign the other's, and
 * says so, or both would keep half a key for ever. */
static void wants_for_another_content_are_aborted(void **state)
{
    struct cs_key_reply a = {0};
    struct cs_sig_set set;
    uint8_t C[32] = {9}, back[32];
    struct keys s;

    (void)state;
    keys_make(&s, 3, 2, CS_CURVE_ED25519, 738);
    assert_int_equal(cs_key_on_want(s.k[1], s.id[1].ik_seed, C, &a), CS_OK);
    assert_int_equal(a.type, CS_TYPE_CERT_ABORTED);
    assert_int_equal(cs_cert_aborted_decode(back, &set, cs_wr_get(&a.body)), CS_OK);
    assert_memory_equal(back, C, 32);
    assert_int_equal(set.mask, 1);
    assert_int_equal(cs_aborted_verify(&s.r[2], 1, C, set.sig[1]), CS_OK);
    assert_int_not_equal(cs_aborted_verify(&s.r[2], 1, s.k[1]->C, set.sig[1]), CS_OK);
    assert_int_equal(s.k[1]->state, CS_KEY_ACTIVE);
    cs_wr_free(&a.body);
    keys_free(&s);
}

static void late_acknowledgements_are_taken_once(void **state)
{
    bool changed = false;
    uint8_t bad[64];
    struct keys s;

    (void)state;
    keys_make(&s, 3, 2, CS_CURVE_ED25519, 739);
    s.k[1]->acks.mask = 1;
    assert_false(cs_key_acked(s.k[1]));
    memcpy(bad, s.k[2]->acks.sig[2], 64);
    bad[9] ^= 1;
    assert_int_equal(cs_key_on_ack(s.k[1], &s.r[1], 2, bad, &changed),
                     CS_ERR_DKG_ACK_SIG);
    for (uint8_t i = 2; i <= 3; i++) {
        assert_int_equal(
            cs_key_on_ack(s.k[1], &s.r[1], i, s.k[i]->acks.sig[i], &changed), CS_OK);
        assert_true(changed);
    }
    assert_int_equal(cs_key_on_ack(s.k[1], &s.r[1], 2, s.k[2]->acks.sig[2], &changed),
                     CS_OK);
    assert_false(changed);
    assert_true(cs_key_acked(s.k[1]));
    keys_free(&s);
}

static void messages_have_one_encoding(void **state)
{
    struct cs_sig_set in = {0}, out;
    struct cs_wr w = {0};
    uint8_t C[32] = {7}, back[32], sig[64] = {3};

    (void)state;
    assert_int_equal(cs_cert_want_decode(back, CS_SPAN(C, 31)), CS_ERR_BAD_FORMAT);
    cs_sig_set_put(&in, 1, sig);
    cs_sig_set_put(&in, 7, sig);
    cs_cert_have_encode(&w, C, &in);
    assert_int_equal(w.n, 32 + 1 + 128);
    assert_int_equal(cs_cert_have_decode(back, &out, cs_wr_get(&w)), CS_OK);
    assert_int_equal(out.mask, 0x41);
    for (size_t n = 0; n < w.n; n++) {
        assert_int_equal(cs_cert_have_decode(back, &out, CS_SPAN(w.p, n)),
                         CS_ERR_BAD_FORMAT);
        assert_int_equal(cs_cert_aborted_decode(back, &out, CS_SPAN(w.p, n)),
                         CS_ERR_BAD_FORMAT);
    }
    cs_wr_u8(&w, 0);
    assert_int_equal(cs_cert_have_decode(back, &out, cs_wr_get(&w)), CS_ERR_BAD_FORMAT);
    w.n--;
    w.p[32] = 0xc1; /* an eighth party */
    assert_int_equal(cs_cert_have_decode(back, &out, cs_wr_get(&w)), CS_ERR_BAD_FORMAT);
    w.p[32] = 0;
    assert_int_equal(cs_cert_have_decode(back, &out, CS_SPAN(w.p, 33)),
                     CS_ERR_BAD_FORMAT);
    cs_wr_free(&w);
}

static void rosters_come_from_the_device_set(void **state)
{
    struct cs_device_set ds = {.t = 2, .n = 3};
    struct cs_roster r;

    (void)state;
    assert_int_equal(cs_crypto_init(), CS_OK);
    for (uint8_t i = 0; i < 3; i++) {
        ds.members[i].index = (uint8_t)(i + 1);
        memset(ds.members[i].id.ik, i + 1, CS_IK_LEN);
    }
    assert_int_equal(cs_roster_from_ds(&r, &ds, 2), CS_OK);
    assert_int_equal(r.self, 2);
    assert_int_equal(r.ik[3][0], 3);
    assert_int_equal(cs_roster_from_ds(&r, &ds, 0), CS_ERR_USAGE);
    assert_int_equal(cs_roster_from_ds(&r, &ds, 4), CS_ERR_USAGE);
    assert_false(cs_roster_has(&r, 0));
    assert_false(cs_roster_has(&r, 4));
    assert_false(cs_roster_has(&r, 257));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_survive_a_round_trip),
        cmocka_unit_test(damaged_records_are_corrupt),
        cmocka_unit_test(malformed_records_are_corrupt),
        cmocka_unit_test(the_content_binds_every_field),
        cmocka_unit_test(certificates_need_all_valid_signatures),
        cmocka_unit_test(check_messages_are_of_the_pair),
        cmocka_unit_test(one_active_node_helps_all_others),
        cmocka_unit_test(three_pending_nodes_complete_it_together),
        cmocka_unit_test(forged_certificates_are_refused_whole),
        cmocka_unit_test(one_that_never_signed_ends_it_for_all),
        cmocka_unit_test(a_lie_of_one_does_not_part_two_honest_nodes),
        cmocka_unit_test(old_answers_do_not_count),
        cmocka_unit_test(aborted_never_activates),
        cmocka_unit_test(active_ignores_aborted),
        cmocka_unit_test(forged_aborted_statements_are_refused),
        cmocka_unit_test(pending_stays_pending),
        cmocka_unit_test(wants_for_another_content_are_aborted),
        cmocka_unit_test(late_acknowledgements_are_taken_once),
        cmocka_unit_test(messages_have_one_encoding),
        cmocka_unit_test(rosters_come_from_the_device_set),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
