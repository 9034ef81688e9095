/* Links against a peer that holds the keys and misbehaves, is a copy of itself, or runs
 * on an old disk: CONFIRM, BAD_FORMAT, ROLLBACK, CLONE (DECISIONS 12; RELIABILITY T8,
 * T9; PROTOCOLS 15.1 A6, A8, 15.8). */
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

/* ---- rollback and clone ---------------------------------------------------------- */

static struct cs_life a_life(uint64_t counter, uint8_t boot, uint64_t seq, uint8_t hash)
{
    struct cs_life life = {.boot_counter = counter, .journal_seq = seq};

    memset(life.boot, boot, sizeof life.boot);
    memset(life.journal_hash, hash, sizeof life.journal_hash);
    return life;
}

static void lives_are_judged_by_counter_boot_and_journal(void **state)
{
    const struct {
        struct cs_life life;
        enum cs_err want;
    } row[] = {
        {a_life(5, 0xb5, 10, 1), CS_OK},           /* the same again */
        {a_life(5, 0xb5, 11, 2), CS_OK},           /* the journal grew */
        {a_life(6, 0xb6, 10, 1), CS_OK},           /* restarted */
        {a_life(9, 0xb6, 12, 3), CS_OK},           /* restarted often */
        {a_life(4, 0xb6, 10, 1), CS_ERR_ROLLBACK}, /* older disk */
        {a_life(4, 0xb6, 99, 1), CS_ERR_ROLLBACK},
        {a_life(6, 0xb6, 9, 1), CS_ERR_ROLLBACK}, /* shorter journal */
        {a_life(5, 0xb5, 9, 1), CS_ERR_ROLLBACK},
        {a_life(5, 0xb6, 10, 1), CS_ERR_CLONE}, /* two boots on one counter */
        {a_life(6, 0xb5, 10, 1), CS_ERR_CLONE}, /* one boot on two counters */
        {a_life(4, 0xb5, 10, 1), CS_ERR_CLONE},
        {a_life(6, 0xb6, 10, 2), CS_ERR_CLONE}, /* the journal forked */
        {a_life(5, 0xb5, 10, 2), CS_ERR_CLONE},
        {a_life(0, 0xb6, 10, 1), CS_ERR_HS_CONFIRM},
        {a_life((1 << 28) - 1, 0xb6, 10, 1), CS_OK},  /* very often */
        {a_life(1 << 28, 0xb6, 10, 1), CS_ERR_CLONE}, /* restored from a backup */
        {a_life((1 << 28) + 1, 0xb6, 99, 9), CS_ERR_CLONE},
    };

    (void)state;
    for (size_t k = 0; k < CS_COUNTOF(row); k++) {
        struct cs_peer_seen s = {0};
        struct cs_life first = a_life(5, 0xb5, 10, 1);

        assert_int_equal(cs_peer_seen_update(&s, &first), CS_OK);
        assert_int_equal(cs_peer_seen_update(&s, &row[k].life), row[k].want);
        if (row[k].want == CS_OK) {
            assert_memory_equal(&s.last, &row[k].life, sizeof s.last);
        } else {
            assert_memory_equal(&s.last, &first, sizeof s.last);
        }
    }
}

static void a_fence_stays_until_it_is_lifted(void **state)
{
    struct cs_life good = a_life(5, 0xb5, 10, 1), bad = a_life(4, 0xb4, 10, 1);
    struct cs_peer_seen s = {0};

    (void)state;
    assert_int_equal(cs_peer_seen_update(&s, &good), CS_OK);
    assert_int_equal(cs_peer_seen_update(&s, &bad), CS_ERR_ROLLBACK);
    assert_int_equal(cs_peer_seen_update(&s, &good), CS_ERR_ROLLBACK);
    cs_peer_seen_accept(&s);
    assert_int_equal(cs_peer_seen_update(&s, &bad), CS_OK); /* the new baseline */
}

/* 15.1 A8 holds across an operator's acceptance as well: the copy that was accepted and
 * the one that was live before cannot both go on. */
static void acceptance_does_not_let_the_last_boot_return(void **state)
{
    struct cs_life live = a_life(5, 0xb5, 10, 1), copy = a_life(4, 0xb4, 10, 1);
    struct cs_life later = a_life(6, 0xb5, 20, 2), again = a_life(5, 0xb5, 9, 1);
    struct cs_peer_seen s = {0}, back;
    struct cs_wr w = {0};

    (void)state;
    assert_int_equal(cs_peer_seen_update(&s, &live), CS_OK);
    assert_int_equal(cs_peer_seen_update(&s, &again), CS_ERR_ROLLBACK);
    cs_peer_seen_accept(&s); /* of a peer that shows the same boot: no clone */
    cs_peer_seen_encode(&w, &s);
    assert_int_equal(cs_peer_seen_decode(&back, cs_wr_get(&w)), CS_OK);
    cs_wr_free(&w);
    s = back;
    assert_int_equal(cs_peer_seen_update(&back, &again), CS_OK);
    assert_int_equal(cs_peer_seen_update(&s, &copy), CS_OK); /* another boot */
    assert_int_equal(cs_peer_seen_update(&s, &later), CS_ERR_CLONE);
}

/* Nor a new start of the old instance, whatever it has done meanwhile. */
static void acceptance_of_a_restored_peer_shuts_the_old_instance_out(void **state)
{
    const uint64_t range = 1ULL << CS_LIFE_START_BITS;
    const struct {
        struct cs_life old;
        enum cs_err want;
    } row[] = {
        {a_life(6, 0xb6, 20, 2), CS_ERR_ROLLBACK},           /* of before */
        {a_life(70 * range + 9, 0xb6, 20, 2), CS_ERR_CLONE}, /* of a later restore */
        {a_life(49 * range + 9, 0xb6, 20, 2), CS_ERR_ROLLBACK},
        {a_life(50 * range + 2, 0xb6, 20, 2), CS_OK}, /* its own next start */
    };

    (void)state;
    for (size_t k = 0; k < CS_COUNTOF(row); k++) {
        struct cs_life first = a_life(5, 0xb5, 10, 1);
        struct cs_life copy = a_life(50 * range + 1, 0xb4, 10, 1);
        struct cs_peer_seen s = {0};

        assert_int_equal(cs_peer_seen_update(&s, &first), CS_OK);
        assert_int_equal(cs_peer_seen_update(&s, &copy), CS_ERR_CLONE);
        cs_peer_seen_accept(&s);
        assert_int_equal(cs_peer_seen_update(&s, &copy), CS_OK);
        assert_int_equal(cs_peer_seen_update(&s, &row[k].old), row[k].want);
    }
}

static void accepting_a_peer_in_good_standing_forgets_nothing(void **state)
{
    struct pair p;

    (void)state;
    pair_init(&p);
    pair_up(&p);
    p.end[1].n_events = 0;
    cs_link_accept_peer(p.end[1].l, p.now, &p.out);
    pair_absorb(&p, 1);
    assert_int_equal(p.end[1].n_events, 0);
    assert_int_equal(p.n, 0);
    assert_int_equal(cs_link_seen(p.end[1].l)->last.boot_counter, 1);
    assert_true(pair_agree(&p));
    pair_free(&p);
}

static void a_boot_never_returns_after_another_was_confirmed(void **state)
{
    struct cs_peer_seen s = {0};
    struct cs_life life;

    (void)state;
    for (uint8_t k = 1; k <= 9; k++) {
        life = a_life(k, k, 0, 0);
        assert_int_equal(cs_peer_seen_update(&s, &life), CS_OK);
    }
    assert_int_equal(s.n_old, CS_SEEN_OLD_BOOTS);
    for (uint8_t k = 1; k <= 8; k++) { /* with a counter that would be fine */
        struct cs_peer_seen copy = s;

        life = a_life(20, k, 0, 0);
        assert_int_equal(cs_peer_seen_update(&copy, &life), CS_ERR_CLONE);
        life = a_life(k, k, 0, 0);
        copy = s;
        assert_int_equal(cs_peer_seen_update(&copy, &life), CS_ERR_CLONE);
    }
}

static void the_record_survives_encoding(void **state)
{
    struct cs_peer_seen s = {0}, back;
    struct cs_wr w = {0};
    struct cs_life life;

    (void)state;
    for (uint8_t k = 1; k <= 3; k++) {
        life = a_life(k, k, k, k);
        assert_int_equal(cs_peer_seen_update(&s, &life), CS_OK);
    }
    for (int fence = 0; fence < 3; fence++) {
        s.fenced = fence == 0 ? CS_OK : fence == 1 ? CS_ERR_ROLLBACK : CS_ERR_CLONE;
        cs_wr_reset(&w);
        cs_peer_seen_encode(&w, &s);
        assert_int_equal(w.n, CS_SEEN_ENC_LEN);
        assert_int_equal(cs_peer_seen_decode(&back, cs_wr_get(&w)), CS_OK);
        assert_int_equal(back.fenced, s.fenced);
        assert_int_equal(back.n_old, 2);
        assert_memory_equal(&back.last, &s.last, sizeof s.last);
        assert_memory_equal(back.old_boots, s.old_boots, sizeof s.old_boots);
    }
    for (size_t n = 0; n < w.n; n++) {
        assert_int_not_equal(cs_peer_seen_decode(&back, CS_SPAN(w.p, n)), CS_OK);
    }
    w.p[1] = 3;
    assert_int_equal(cs_peer_seen_decode(&back, cs_wr_get(&w)), CS_ERR_BAD_FORMAT);
    w.p[1] = 0;
    w.p[0] = 2;
    assert_int_equal(cs_peer_seen_decode(&back, cs_wr_get(&w)), CS_ERR_BAD_FORMAT);
    w.p[0] = 1;
    w.p[82] = CS_SEEN_OLD_BOOTS + 1;
    assert_int_equal(cs_peer_seen_decode(&back, cs_wr_get(&w)), CS_ERR_BAD_FORMAT);
    cs_wr_free(&w);
}

/* The peer comes back with an older disk; both ends were up before. */
static void a_rolled_back_peer_is_fenced_until_accepted(void **state)
{
    const uint8_t hash[32] = {1};
    struct pair p;

    (void)state;
    pair_init(&p);
    p.end[0].cfg.life.boot_counter = 7;
    pair_restart(&p, 0); /* 8 */
    assert_int_equal(cs_link_set_journal(p.end[0].l, 100, hash), CS_OK);
    pair_up(&p);
    p.end[0].cfg.life.boot_counter = 5;
    pair_restart(&p, 0); /* 6 */
    pair_start(&p, 0);
    pair_run(&p);
    assert_int_equal(pair_refused(&p, 1), CS_ERR_ROLLBACK);
    assert_false(cs_link_is_live(p.end[1].l)); /* the old link went as well */
    assert_int_equal(pair_count(&p, 1, CS_LINK_EV_DOWN), 1);
    assert_int_equal(p.end[1].stored.fenced, CS_ERR_ROLLBACK); /* SEEN was given */
    pair_advance(&p, 60000, true);
    assert_false(cs_link_is_live(p.end[1].l));
    assert_true(pair_counter(&p, 1, CS_DROP_FENCED) > 0);

    pair_restart(&p, 1); /* the fence survives our own restart */
    pair_start(&p, 1);
    assert_int_equal(pair_refused(&p, 1), CS_ERR_ROLLBACK);
    assert_int_equal(p.n, 0);
    cs_link_accept_peer(p.end[1].l, p.now, &p.out);
    pair_absorb(&p, 1);
    assert_int_equal(p.end[1].stored.fenced, CS_OK);
    pair_advance(&p, 60000, true);
    assert_true(pair_agree(&p));
    assert_int_equal(p.end[1].stored.last.boot_counter, 6);
    pair_free(&p);
}

static void a_shorter_journal_is_a_rollback(void **state)
{
    const uint8_t hash[32] = {1};
    struct pair p;

    (void)state;
    pair_init(&p);
    assert_int_equal(cs_link_set_journal(p.end[1].l, 100, hash), CS_OK);
    pair_up(&p);
    pair_restart(&p, 1); /* its journal is empty again */
    pair_start(&p, 1);
    pair_advance(&p, 5000, true);
    assert_int_equal(pair_refused(&p, 0), CS_ERR_ROLLBACK);
    assert_false(cs_link_is_live(p.end[0].l));
    pair_free(&p);
}

/* T8: a copied volume starts beside the original, so with the same next counter. */
static void of_two_copies_both_are_fenced(void **state)
{
    struct pair p;

    (void)state;
    pair_init(&p);
    p.end[0].cfg.life.boot_counter = 7;
    pair_restart(&p, 0);
    pair_up(&p);
    p.end[0].cfg.life.boot_counter = 7;
    pair_restart(&p, 0); /* the copy: 8 again, another boot */
    pair_start(&p, 0);
    pair_run(&p);
    assert_int_equal(pair_refused(&p, 1), CS_ERR_CLONE);
    assert_false(cs_link_is_live(p.end[1].l));
    assert_int_equal(p.end[1].stored.fenced, CS_ERR_CLONE);
    pair_restart(&p, 0); /* nor does a later life help */
    pair_start(&p, 0);
    pair_advance(&p, 60000, true);
    assert_false(cs_link_is_live(p.end[1].l));
    pair_free(&p);
}

/* 15.8: the peer re-handshakes and shows a boot of an earlier life. */
static void a_re_handshake_with_an_old_boot_is_refused(void **state)
{
    uint8_t old_boot[32];
    struct pair p;

    (void)state;
    pair_init(&p);
    memcpy(old_boot, p.end[0].cfg.life.boot, 32);
    pair_up(&p);
    pair_restart(&p, 0);
    pair_start(&p, 0);
    pair_run(&p);
    assert_true(pair_agree(&p));
    pair_restart(&p, 0);
    memcpy(p.end[0].l->life.boot, old_boot, 32);
    pair_start(&p, 0);
    pair_run(&p);
    assert_int_equal(pair_refused(&p, 1), CS_ERR_CLONE);
    assert_false(cs_link_is_live(p.end[1].l));
    pair_free(&p);
}

static void flapping_alone_is_no_clone(void **state)
{
    struct pair p;

    (void)state;
    pair_init(&p);
    pair_up(&p);
    for (int k = 0; k < 10; k++) { /* one life, many handshakes */
        cs_link_stop(p.end[k % 2].l, &p.out);
        pair_absorb(&p, k % 2);
        pair_start(&p, k % 2);
        pair_advance(&p, 10000, true);
        assert_true(pair_agree(&p));
        p.end[0].n_events = p.end[1].n_events = 0;
    }
    assert_int_equal(cs_link_seen(p.end[0].l)->n_old, 0);
    pair_free(&p);
}

/* A CONFIRM that the relay kept and brings after newer ones must not blame. */
static void a_late_confirm_of_an_honest_peer_is_no_rollback(void **state)
{
    const uint8_t hash[32] = {1};
    struct pair_frame late;
    struct pair p;

    (void)state;
    pair_init(&p);
    pair_to_confirm(&p);
    late = pair_take(&p, 0); /* journal 0 */
    assert_int_equal(cs_link_set_journal(p.end[0].l, 50, hash), CS_OK);
    p.now += 1000;
    pair_time(&p, 0);
    pair_run(&p);
    assert_true(pair_agree(&p));
    assert_int_equal(p.end[1].stored.last.journal_seq, 50);
    assert_int_equal(pair_give(&p, 1, late.b, late.n), CS_DROP_NONE);
    pair_run(&p);
    assert_true(pair_agree(&p));
    assert_int_equal(cs_link_seen(p.end[1].l)->fenced, CS_OK);
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
        cmocka_unit_test(lives_are_judged_by_counter_boot_and_journal),
        cmocka_unit_test(a_fence_stays_until_it_is_lifted),
        cmocka_unit_test(acceptance_does_not_let_the_last_boot_return),
        cmocka_unit_test(acceptance_of_a_restored_peer_shuts_the_old_instance_out),
        cmocka_unit_test(accepting_a_peer_in_good_standing_forgets_nothing),
        cmocka_unit_test(a_boot_never_returns_after_another_was_confirmed),
        cmocka_unit_test(the_record_survives_encoding),
        cmocka_unit_test(a_rolled_back_peer_is_fenced_until_accepted),
        cmocka_unit_test(a_shorter_journal_is_a_rollback),
        cmocka_unit_test(of_two_copies_both_are_fenced),
        cmocka_unit_test(a_re_handshake_with_an_old_boot_is_refused),
        cmocka_unit_test(flapping_alone_is_no_clone),
        cmocka_unit_test(a_late_confirm_of_an_honest_peer_is_no_rollback),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
