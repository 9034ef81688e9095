/* Links against a peer that holds the keys and misbehaves: CONFIRM, BAD_FORMAT
 * (PROTOCOLS 15.1 A6, A8, 15.8). */
#include "support/link_pair.h"

#include "crypto/hash.h"

/* Up to the point where the lower index's CONFIRM waits in the queue. */
static void pair_to_confirm(struct pair *p)
{
    pair_start(p, 1);
    pair_drop_all(p);
    pair_start(p, 0);
    (void)pair_deliver(p);
    (void)pair_deliver(p);
    assert_int_equal(pair_link_type(&p->q[0]), CS_LINK_CONFIRM);
}

/* ---- CONFIRM --------------------------------------------------------------------- */

/* Member 1's X25519 key in the wrong hands: the identity key is missing. */
static void the_right_dh_key_with_a_wrong_identity_key_fails(void **state)
{
    struct cs_identity_secret thief;
    struct pair p;

    (void)state;
    pair_init(&p);
    thief = p.id[0];
    thief.ik_seed[0] ^= 1;
    p.end[0].l->id = &thief;
    pair_to_confirm(&p);
    assert_int_equal(pair_deliver(&p), CS_DROP_REFUSED);
    assert_int_equal(pair_refused(&p, 1), CS_ERR_HS_CONFIRM);
    assert_false(cs_link_is_live(p.end[1].l));
    assert_int_equal(p.end[1].l->pend.kind, CS_PENDING_NONE);
    assert_int_equal(pair_count(&p, 1, CS_LINK_EV_SEEN), 0);
    assert_int_equal(pair_count(&p, 1, CS_LINK_EV_LIVE), 0);
    pair_free(&p);
}

static void so_does_the_higher_index(void **state)
{
    struct cs_identity_secret thief;
    struct pair p;

    (void)state;
    pair_init(&p);
    thief = p.id[1];
    thief.ik_seed[0] ^= 1;
    p.end[1].l->id = &thief;
    pair_to_confirm(&p);
    pair_run(&p);
    assert_true(cs_link_is_live(p.end[1].l));  /* the thief is honestly served, */
    assert_false(cs_link_is_live(p.end[0].l)); /* and gets nothing */
    assert_int_equal(pair_refused(&p, 0), CS_ERR_HS_CONFIRM);
    pair_free(&p);
}

/* Opens the CONFIRM in the queue, lets `change` work on its plaintext, seals it again.
 */
static void forge_confirm(struct pair *p,
                          void (*change)(struct pair *p, uint8_t *plain))
{
    struct pair_frame *f = &p->q[0];
    struct cs_wr plain = {0}, w = {0};
    struct cs_frame_header h;
    const uint8_t *key = p->end[0].l->pend.t.tx;

    assert_int_equal(cs_frame_header_decode(&h, CS_SPAN(f->b, f->n)), CS_OK);
    assert_int_equal(cs_frame_open(&plain, &h, key, CS_SPAN(f->b, f->n)), CS_OK);
    assert_int_equal(plain.n, CS_LINK_CONFIRM_LEN);
    change(p, plain.p);
    assert_int_equal(cs_frame_seal(&w, &h, key, cs_wr_get(&plain)), CS_OK);
    memcpy(f->b, w.p, w.n);
    cs_wr_free(&plain);
    cs_wr_free(&w);
}

static void alter_signature(struct pair *p, uint8_t *plain)
{
    (void)p;
    plain[7] ^= 1;
}

static void alter_counter(struct pair *p, uint8_t *plain)
{
    (void)p;
    plain[64 + 7] ^= 1;
}

static void alter_journal(struct pair *p, uint8_t *plain)
{
    (void)p;
    plain[64 + 8 + 32 + 7] ^= 1;
}

static void alter_life_signature(struct pair *p, uint8_t *plain)
{
    (void)p;
    plain[CS_LINK_CONFIRM_LEN - 1] ^= 1;
}

/* Signed by the right key, but of the other direction. */
static void sign_as_other(struct pair *p, uint8_t *plain)
{
    const uint8_t sender = 2;
    uint8_t h[32];
    const struct cs_span x[] = {CS_SPAN_OF(p->end[0].l->pend.t.hh),
                                CS_SPAN(&sender, 1)};

    cs_th(h, CS_TAG_HS_CONFIRM, x, 2);
    cs_sign(plain, p->id[0].ik_seed, CS_SPAN_OF(h));
}

/* Signed by the right key, but for another handshake. */
static void sign_other_hash(struct pair *p, uint8_t *plain)
{
    const uint8_t sender = 1;
    uint8_t hh[32] = {1}, h[32];
    const struct cs_span x[] = {CS_SPAN_OF(hh), CS_SPAN(&sender, 1)};

    cs_th(h, CS_TAG_HS_CONFIRM, x, 2);
    cs_sign(plain, p->id[0].ik_seed, CS_SPAN_OF(h));
}

/* The life is signed well, but it is not the one of the handshake. */
static void sign_other_boot(struct pair *p, uint8_t *plain)
{
    const uint8_t sender = 1;
    uint8_t h[32];

    plain[64 + 8] ^= 1;
    const struct cs_span x[] = {CS_SPAN(cs_link_ds_hash(p->end[0].l), 32),
                                CS_SPAN(&sender, 1),
                                CS_SPAN(plain + 64, 8),
                                CS_SPAN(plain + 72, 32),
                                CS_SPAN(plain + 104, 8),
                                CS_SPAN(plain + 112, 32)};
    cs_th(h, CS_TAG_HS_LIFE, x, CS_COUNTOF(x));
    cs_sign(plain + 144, p->id[0].ik_seed, CS_SPAN_OF(h));
}

/* The same, but true: shows that sign_other_boot fails for its boot alone. */
static void sign_same_boot(struct pair *p, uint8_t *plain)
{
    plain[64 + 8] ^= 1;
    sign_other_boot(p, plain);
}

static void every_statement_of_confirm_is_checked(void **state)
{
    static void (*const change[])(struct pair *, uint8_t *) = {
        alter_signature, alter_counter,   alter_journal,  alter_life_signature,
        sign_as_other,   sign_other_hash, sign_other_boot};
    struct pair p;

    (void)state;
    for (size_t k = 0; k < CS_COUNTOF(change); k++) {
        pair_init(&p);
        pair_to_confirm(&p);
        forge_confirm(&p, change[k]);
        assert_int_equal(pair_deliver(&p), CS_DROP_REFUSED);
        assert_int_equal(pair_refused(&p, 1), CS_ERR_HS_CONFIRM);
        assert_false(cs_link_is_live(p.end[1].l));
        pair_free(&p);
    }
    pair_init(&p);
    pair_to_confirm(&p);
    forge_confirm(&p, sign_same_boot);
    assert_int_equal(pair_deliver(&p), CS_DROP_NONE);
    assert_true(cs_link_is_live(p.end[1].l));
    pair_free(&p);
}

/* ---- authentic but malformed (2.8, 15.1 A6) -------------------------------------- */

struct raw {
    uint8_t proto, type, round, to;
    uint8_t key_id0, sid0;
    uint32_t epoch;
    struct cs_span plain;
};

static enum cs_link_drop give_raw(struct pair *p, struct cs_transport *t,
                                  const struct raw *r)
{
    struct cs_frame_header h = {.ver = 1,
                                .proto = r->proto,
                                .type = r->type,
                                .round = r->round,
                                .from = 1,
                                .to = r->to,
                                .key_epoch = r->epoch,
                                .ctr = t->tx_ctr++};
    struct cs_wr w = {0};
    enum cs_link_drop drop;

    memcpy(h.ds_hash, cs_link_ds_hash(p->end[0].l), 32);
    memcpy(h.link_id, t->link_id, 16);
    h.key_id[0] = r->key_id0;
    h.sid[0] = r->sid0;
    assert_int_equal(cs_frame_seal(&w, &h, t->tx, r->plain), CS_OK);
    drop = pair_give(p, 1, w.p, w.n);
    cs_wr_free(&w);
    return drop;
}

static void malformed_authentic_frames_blame_the_peer(void **state)
{
    static const uint8_t b[256] = {0, 0, 0, 5};
    static const uint8_t priv[5] = {0, 0, 0, 0, 'x'};
    const struct raw row[] = {
        {1, CS_LINK_PING, 0, 2, 0, 0, 0, CS_SPAN(b, 7)},
        {1, CS_LINK_PING, 0, 2, 0, 0, 0, CS_SPAN(b, 9)},
        {1, CS_LINK_PONG, 0, 2, 0, 0, 0, CS_SPAN(b, 0)},
        {1, CS_LINK_CONFIRM, 0, 2, 0, 0, 0, CS_SPAN(b, 207)},
        {1, CS_LINK_CONFIRM, 0, 2, 0, 0, 0, CS_SPAN(b, 209)},
        {1, CS_LINK_PING, 1, 2, 0, 0, 0, CS_SPAN(b, 8)},
        {1, CS_LINK_PING, 0, 0, 0, 0, 0, CS_SPAN(b, 8)},
        {1, CS_LINK_PING, 0, 2, 1, 0, 0, CS_SPAN(b, 8)},
        {1, CS_LINK_PING, 0, 2, 0, 1, 0, CS_SPAN(b, 8)},
        {1, CS_LINK_PING, 0, 2, 0, 0, 1, CS_SPAN(b, 8)},
        {3, 1, 1, 2, 0, 0, 0, CS_SPAN(b, 0)},          /* no plaintext */
        {3, 1, 1, 0, 0, 0, 0, CS_SPAN(b, 40)},         /* cut before the signature */
        {3, 1, 1, 0, 0, 0, 0, CS_SPAN(b, 4 + 5 + 64)}, /* bad signature */
        {3, 1, 1, 0, 0, 0, 0, CS_SPAN(priv, 5)},       /* private to all */
    };
    struct pair p;

    (void)state;
    for (size_t k = 0; k < CS_COUNTOF(row); k++) {
        pair_init(&p);
        pair_up(&p);
        assert_int_equal(give_raw(&p, &p.end[0].l->live, &row[k]), CS_DROP_BAD_FORMAT);
        assert_int_equal(p.end[1].n_blamed, 1);
        assert_int_equal(p.end[1].n_msgs, 0);
        assert_true(
            cs_link_is_live(p.end[1].l)); /* what follows is the owner's choice */
        pair_free(&p);
    }
}

/* A peer cannot have this node take a frame that names another receiver. */
static void a_frame_for_another_member_is_dropped(void **state)
{
    static const uint8_t priv[5] = {0, 0, 0, 0, 'x'};
    const struct raw mine = {3, 1, 1, 2, 0, 0, 0, CS_SPAN(priv, 5)};
    const struct raw others = {3, 1, 1, 3, 0, 0, 0, CS_SPAN(priv, 5)};
    struct pair p;

    (void)state;
    pair_init(&p);
    pair_up(&p);
    assert_int_equal(give_raw(&p, &p.end[0].l->live, &others), CS_DROP_HEADER);
    assert_int_equal(p.end[1].n_msgs, 0);
    assert_int_equal(p.end[1].n_blamed, 0);
    assert_int_equal(give_raw(&p, &p.end[0].l->live, &mine), CS_DROP_NONE);
    assert_int_equal(p.end[1].n_msgs, 1);
    pair_free(&p);
}

/* The version is the link's, also for who holds its key. */
static void a_frame_of_another_version_is_dropped(void **state)
{
    struct cs_message m = pair_message("x", "");
    struct cs_frame_header h;
    struct cs_wr plain = {0}, w = {0};
    struct pair p;

    (void)state;
    pair_init(&p);
    pair_up(&p);
    pair_send(&p, 0, &m);
    const uint8_t *key = p.end[0].l->live.tx;

    assert_int_equal(cs_frame_header_decode(&h, CS_SPAN(p.q[0].b, p.q[0].n)), CS_OK);
    assert_int_equal(cs_frame_open(&plain, &h, key, CS_SPAN(p.q[0].b, p.q[0].n)),
                     CS_OK);
    h.ver = 2;
    assert_int_equal(cs_frame_seal(&w, &h, key, cs_wr_get(&plain)), CS_OK);
    assert_int_equal(pair_give(&p, 1, w.p, w.n), CS_DROP_HEADER);
    assert_int_equal(p.end[1].n_msgs, 0);
    cs_wr_free(&w);
    cs_wr_free(&plain);
    pair_free(&p);
}

/* Answers the HS1 in the queue as member 2 would, with a hello of the test's choice. */
static enum cs_link_drop answer_hs1(struct pair *p, uint8_t version,
                                    struct cs_span versions)
{
    uint8_t prologue[128], payload[64], hello[64], body[128], e_priv[32] = {8, 1};
    const uint8_t i = 1, j = 2;
    struct cs_wr w = {.p = prologue, .cap = sizeof prologue, .max = sizeof prologue};
    struct cs_frame_header h = {
        .ver = version, .proto = 1, .type = CS_LINK_HS2, .from = 2, .to = 1};
    const struct cs_span x[] = {CS_SPAN_LIT("cloudsign/1"),
                                CS_SPAN(cs_link_ds_hash(p->end[0].l), 32),
                                CS_SPAN(&i, 1), CS_SPAN(&j, 1), CS_SPAN(&version, 1)};
    struct pair_frame f = pair_take(p, 0);
    struct cs_noise hs;

    cs_enc(&w, x, CS_COUNTOF(x));
    cs_noise_init(&hs, false, cs_wr_get(&w), &p->id[1], p->id[0].pub.sk);
    assert_int_equal(
        cs_noise_read(&hs, payload,
                      CS_SPAN(f.b + CS_FRAME_HEADER, f.n - CS_FRAME_HEADER)),
        CS_OK);
    memcpy(hello, p->end[1].cfg.life.boot, 32);
    memcpy(hello + 32, versions.p, versions.n);
    assert_int_equal(cs_noise_write(&hs, body, CS_SPAN(hello, 32 + versions.n), e_priv),
                     CS_OK);
    memcpy(h.ds_hash, x[1].p, 32);
    h.len = (uint32_t)(32 + versions.n + CS_NOISE_OVERHEAD);
    cs_frame_header_encode(f.b, &h);
    memcpy(f.b + CS_FRAME_HEADER, body, h.len);
    return pair_give(p, 0, f.b, CS_FRAME_HEADER + h.len);
}

static void the_lower_index_checks_the_list_in_hs2(void **state)
{
    static const uint8_t both[] = {1, 2};
    static const uint8_t good[] = {1, 1}, higher[] = {2, 1, 2}, falling[] = {2, 2, 1};
    static const uint8_t empty[] = {0}, zero[] = {2, 0, 1}, cut[] = {2, 1},
                         more[] = {1, 1, 2};
    const struct {
        struct cs_span list;
        enum cs_link_drop drop;
        enum cs_err refused;
    } row[] = {
        {CS_SPAN_OF(good), CS_DROP_NONE, CS_OK},
        {CS_SPAN_OF(higher), CS_DROP_HANDSHAKE, CS_ERR_VERSION},
        {CS_SPAN_OF(falling), CS_DROP_HANDSHAKE, CS_OK},
        {CS_SPAN_OF(empty), CS_DROP_HANDSHAKE, CS_OK},
        {CS_SPAN_OF(zero), CS_DROP_HANDSHAKE, CS_OK},
        {CS_SPAN_OF(cut), CS_DROP_HANDSHAKE, CS_OK},
        {CS_SPAN_OF(more), CS_DROP_HANDSHAKE, CS_OK},
    };
    struct pair p;

    (void)state;
    for (size_t k = 0; k < CS_COUNTOF(row); k++) {
        pair_init(&p);
        p.end[0].cfg.versions = both;
        p.end[0].cfg.n_versions = 2;
        pair_restart(&p, 0);
        p.end[0].l->hint.n = p.end[0].l->hint.v[0] = 1; /* as after an HS_WANT */
        pair_start(&p, 0);
        assert_int_equal(p.q[0].b[0], 1);
        assert_int_equal(answer_hs1(&p, 1, row[k].list), row[k].drop);
        assert_int_equal(pair_refused(&p, 0), row[k].refused);
        assert_int_equal(cs_link_state(p.end[0].l) == CS_LINK_CONFIRM_SENT,
                         row[k].drop == CS_DROP_NONE);
        /* The list that misled is forgotten, else it would mislead for ever. */
        assert_true(row[k].refused == CS_OK || p.end[0].l->hint.n == 0);
        pair_free(&p);
    }
}

/* A broadcast without private part names nobody: one encoding. */
static void a_pure_broadcast_is_addressed_to_all(void **state)
{
    struct cs_message m = pair_message("x", "");
    struct cs_frame_header h;
    struct cs_wr plain = {0}, w = {0};
    struct pair p;

    (void)state;
    pair_init(&p);
    pair_up(&p);
    pair_send(&p, 0, &m);
    const uint8_t *key = p.end[0].l->live.tx;

    assert_int_equal(cs_frame_header_decode(&h, CS_SPAN(p.q[0].b, p.q[0].n)), CS_OK);
    assert_int_equal(cs_frame_open(&plain, &h, key, CS_SPAN(p.q[0].b, p.q[0].n)),
                     CS_OK);
    h.to = 2;
    assert_int_equal(cs_frame_seal(&w, &h, key, cs_wr_get(&plain)), CS_OK);
    assert_int_equal(pair_give(&p, 1, w.p, w.n), CS_DROP_BAD_FORMAT);
    cs_wr_free(&w);
    cs_wr_free(&plain);
    pair_free(&p);
}

static void malformed_confirms_of_a_new_link_blame_the_peer(void **state)
{
    static const uint8_t b[209];
    const struct raw row[] = {
        {1, CS_LINK_CONFIRM, 0, 2, 0, 0, 0, CS_SPAN(b, 207)},
        {1, CS_LINK_CONFIRM, 0, 2, 0, 0, 0, CS_SPAN(b, 209)},
        {1, CS_LINK_CONFIRM, 0, 2, 0, 1, 0, CS_SPAN(b, 208)},
    };
    struct pair p;

    (void)state;
    for (size_t k = 0; k < CS_COUNTOF(row); k++) {
        pair_init(&p);
        pair_to_confirm(&p);
        assert_int_equal(give_raw(&p, &p.end[0].l->pend.t, &row[k]),
                         CS_DROP_BAD_FORMAT);
        assert_int_equal(p.end[1].n_blamed, 1);
        assert_int_equal(cs_link_state(p.end[1].l), CS_LINK_DOWN);
        pair_free(&p);
    }
}

/* Each costs the receiver a signature or a seal: not as often as a peer likes. */
static void repeated_confirms_are_answered_twice_a_second(void **state)
{
    struct pair p;

    (void)state;
    for (int e = 0; e < 2; e++) {
        size_t n_answers = 0;

        pair_init(&p);
        pair_up(&p);
        p.now += 5000;
        for (int k = 0; k < 100; k++, p.now += 10) { /* one second */
            cs_link_send_confirm(p.end[e].l, &p.end[e].l->live, &p.out);
            pair_absorb(&p, e);
            assert_int_equal(pair_deliver(&p), CS_DROP_NONE);
            n_answers += p.n;
            pair_drop_all(&p);
        }
        assert_int_equal(n_answers, 2);
        pair_free(&p);
    }
}

static void early_and_unknown_frames_blame_nobody(void **state)
{
    static const uint8_t b[8];
    const struct raw early = {3, 1, 1, 2, 0, 0, 0, CS_SPAN(b, 8)};
    const struct raw ping = {1, CS_LINK_PING, 0, 2, 0, 0, 0, CS_SPAN(b, 8)};
    const struct raw unknown = {1, 200, 0, 2, 0, 0, 0, CS_SPAN(b, 8)};
    struct pair p;

    (void)state;
    pair_init(&p);
    pair_to_confirm(&p);
    assert_int_equal(give_raw(&p, &p.end[0].l->pend.t, &early), CS_DROP_EARLY);
    assert_int_equal(give_raw(&p, &p.end[0].l->pend.t, &ping), CS_DROP_EARLY);
    assert_int_equal(p.end[1].l->pend.kind, CS_PENDING_CONFIRM); /* not spoiled */
    pair_run(&p);
    assert_true(pair_agree(&p));
    assert_int_equal(give_raw(&p, &p.end[0].l->live, &unknown), CS_DROP_TYPE);
    assert_int_equal(p.end[1].n_blamed, 0);
    assert_int_equal(p.end[1].n_msgs, 0);
    pair_free(&p);
}

static int setup(void **state)
{
    (void)state;
    return cs_crypto_init() == CS_OK ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_right_dh_key_with_a_wrong_identity_key_fails),
        cmocka_unit_test(so_does_the_higher_index),
        cmocka_unit_test(every_statement_of_confirm_is_checked),
        cmocka_unit_test(malformed_authentic_frames_blame_the_peer),
        cmocka_unit_test(a_frame_for_another_member_is_dropped),
        cmocka_unit_test(a_frame_of_another_version_is_dropped),
        cmocka_unit_test(the_lower_index_checks_the_list_in_hs2),
        cmocka_unit_test(a_pure_broadcast_is_addressed_to_all),
        cmocka_unit_test(malformed_confirms_of_a_new_link_blame_the_peer),
        cmocka_unit_test(repeated_confirms_are_answered_twice_a_second),
        cmocka_unit_test(early_and_unknown_frames_blame_nobody),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
