/* Links against a hostile relay and a hostile peer: PROTOCOLS 10 (rows 25, 27, 28, 30),
 * 15.1 A6-A8, 15.8; RELIABILITY T12. */
#include "support/link_pair.h"

#include "crypto/hash.h"

static const char *const hello = "hello";

/* Handshake frames of a fresh pair in order, then one message each way. */
struct recording {
    struct pair_frame f[32];
    size_t n;
};

static void record_run(struct pair *p, struct recording *rec)
{
    while (p->n != 0) {
        assert_true(rec->n < CS_COUNTOF(rec->f));
        rec->f[rec->n++] = p->q[0];
        (void)pair_deliver(p);
    }
}

static void record_session(struct pair *p, struct recording *rec)
{
    struct cs_message m = pair_message(hello, "private");

    rec->n = 0;
    pair_start(p, 1);
    record_run(p, rec);
    pair_start(p, 0);
    record_run(p, rec);
    assert_true(pair_agree(p));
    pair_send(p, 0, &m);
    pair_send(p, 1, &m);
    record_run(p, rec);
}

static bool same_link(const struct pair *p, uint8_t id[2][16])
{
    for (int e = 0; e < 2; e++) {
        if (!cs_link_is_live(p->end[e].l) ||
            memcmp(cs_link_id(p->end[e].l), id[e], 16) != 0) {
            return false;
        }
    }
    return true;
}

static void note_link(const struct pair *p, uint8_t id[2][16])
{
    for (int e = 0; e < 2; e++) {
        memcpy(id[e], cs_link_id(p->end[e].l), 16);
    }
}

static void assert_nobody_blamed(const struct pair *p)
{
    assert_int_equal(p->end[0].n_blamed, 0);
    assert_int_equal(p->end[1].n_blamed, 0);
    assert_int_equal(cs_link_seen(p->end[0].l)->fenced, CS_OK);
    assert_int_equal(cs_link_seen(p->end[1].l)->fenced, CS_OK);
}

/* ---- altered frames -------------------------------------------------------------- */

/* Every byte of every frame of a handshake and of messages, changed on its way: the
 * frame does nothing, the true one that follows does its work. */
static void an_altered_byte_makes_any_frame_void(void **state)
{
    struct cs_message m = pair_message(hello, "private");
    struct pair p;
    size_t done = 0;

    (void)state;
    pair_init(&p);
    pair_start(&p, 1);
    pair_drop_all(&p);
    pair_start(&p, 0);
    while (p.n != 0) {
        struct pair_frame f = pair_take(&p, 0);
        struct pair_end *end = &p.end[f.to];
        size_t events = end->n_events, msgs = end->n_msgs;
        enum cs_link_state before = cs_link_state(end->l);

        for (size_t k = 0; k < f.n; k++) {
            enum cs_link_drop drop;
            size_t queued = p.n;

            f.b[k] ^= (uint8_t)(1 << k % 8);
            drop = pair_give(&p, f.to, f.b, f.n);
            assert_true(drop >= CS_DROP_LENGTH && drop <= CS_DROP_HANDSHAKE);
            assert_int_equal(cs_link_state(end->l), before);
            f.b[k] ^= (uint8_t)(1 << k % 8);
            p.n = queued; /* an HS_WANT or probe that the unknown link_id provoked */
        }
        assert_int_equal(end->n_events, events);
        assert_int_equal(end->n_msgs, msgs);
        assert_int_equal(pair_give(&p, f.to, f.b, f.n), CS_DROP_NONE);
        done++;
        if (done == 4) {
            assert_true(pair_agree(&p));
            pair_drop_all(&p);
            pair_send(&p, 0, &m);
            pair_send(&p, 1, &m);
        }
    }
    assert_int_equal(p.end[0].n_msgs + p.end[1].n_msgs, 2);
    assert_nobody_blamed(&p);
    pair_free(&p);
}

static void a_cut_or_extended_frame_is_void(void **state)
{
    struct recording rec;
    struct pair p;
    uint8_t id[2][16];

    (void)state;
    pair_init(&p);
    record_session(&p, &rec);
    pair_free(&p);
    pair_init(&p); /* same seed, same keys: the same frames again */
    pair_start(&p, 1);
    pair_start(&p, 0);
    for (size_t k = 0; k < rec.n; k++) {
        struct pair_frame f = rec.f[k];

        for (size_t n = 0; n <= f.n + 1; n++) {
            enum cs_link_drop drop;

            if (n == f.n) {
                continue;
            }
            drop = pair_give(&p, f.to, f.b, n);
            assert_int_not_equal(drop, CS_DROP_NONE);
            pair_drop_all(&p);
        }
    }
    assert_nobody_blamed(&p);
    pair_start(&p, 0);
    pair_advance(&p, 15000, true);
    assert_true(pair_agree(&p));
    note_link(&p, id);
    for (size_t k = 0; k < rec.n; k++) { /* and on a live link */
        for (size_t n = 0; n < rec.f[k].n; n++) {
            (void)pair_give(&p, rec.f[k].to, rec.f[k].b, n);
            pair_drop_all(&p);
        }
    }
    assert_true(same_link(&p, id));
    assert_nobody_blamed(&p);
    pair_free(&p);
}

/* ---- replay, reflection, cross-sending ------------------------------------------- */

/* Row 25, T12: everything of one life into every state of the next. */
static void a_recording_of_an_earlier_life_does_nothing(void **state)
{
    struct recording rec;
    uint8_t id[2][16];
    struct pair p;

    (void)state;
    pair_init(&p);
    record_session(&p, &rec);
    for (int e = 0; e < 2; e++) {
        pair_restart(&p, e);
        pair_start(&p, e);
        p.end[e].n_msgs = 0;
    }
    pair_drop_all(&p);
    for (int e = 0; e < 2; e++) { /* before any handshake of the new life */
        for (size_t k = 0; k < rec.n; k++) {
            (void)pair_give(&p, e, rec.f[k].b, rec.f[k].n);
            pair_drop_all(&p);
            assert_false(cs_link_is_live(p.end[e].l));
        }
    }
    pair_advance(&p, 40000, true);
    assert_true(pair_agree(&p));
    note_link(&p, id);
    for (int round = 0; round < 3; round++) { /* during it, in different orders */
        for (size_t k = 0; k < rec.n; k++) {
            const struct pair_frame *f = &rec.f[(k * 7 + (size_t)round) % rec.n];

            (void)pair_give(&p, 0, f->b, f->n);
            (void)pair_give(&p, 1, f->b, f->n);
        }
        pair_run(&p);
        pair_advance(&p, 3000, true);
    }
    assert_true(same_link(&p, id));
    assert_int_equal(p.end[0].n_msgs + p.end[1].n_msgs, 0);
    assert_nobody_blamed(&p);
    pair_free(&p);
}

static void a_replayed_first_message_never_makes_a_link_live(void **state)
{
    struct recording rec;
    struct pair p;

    (void)state;
    pair_init(&p);
    record_session(&p, &rec);
    pair_restart(&p, 1);
    pair_start(&p, 1);
    pair_drop_all(&p);
    for (size_t k = 0; k < rec.n; k++) {
        if (pair_link_type(&rec.f[k]) != CS_LINK_HS1) {
            continue;
        }
        /* The Noise message verifies: it is the peer's, only old. */
        assert_int_equal(pair_give(&p, 1, rec.f[k].b, rec.f[k].n), CS_DROP_NONE);
        assert_int_equal(pair_link_type(&p.q[0]), CS_LINK_HS2);
        pair_drop_all(&p);
        for (size_t j = 0; j < rec.n; j++) {
            (void)pair_give(&p, 1, rec.f[j].b, rec.f[j].n);
        }
        pair_drop_all(&p);
        assert_false(cs_link_is_live(p.end[1].l));
    }
    assert_int_equal(pair_count(&p, 1, CS_LINK_EV_SEEN), 0);
    pair_advance(&p, CS_LINK_PENDING_MS + 1, false);
    assert_int_equal(cs_link_state(p.end[1].l), CS_LINK_DOWN); /* and it is forgotten */
    pair_free(&p);
}

static void a_replayed_first_message_leaves_a_live_link_alone(void **state)
{
    struct cs_message m = pair_message(hello, "");
    struct recording rec;
    uint8_t id[2][16];
    struct pair p;

    (void)state;
    pair_init(&p);
    record_session(&p, &rec);
    pair_restart(&p, 0);
    pair_start(&p, 0);
    pair_run(&p);
    note_link(&p, id);
    for (int k = 0; k < 50; k++) {
        for (size_t j = 0; j < rec.n; j++) {
            (void)pair_give(&p, 1, rec.f[j].b, rec.f[j].n);
        }
        pair_run(&p);
        pair_advance(&p, 500, true);
        pair_send(&p, 0, &m);
        pair_run(&p);
    }
    assert_true(same_link(&p, id));
    assert_int_equal(p.end[1].n_msgs, 1 + 50);
    assert_nobody_blamed(&p);
    pair_free(&p);
}

static void each_frame_is_accepted_once(void **state)
{
    struct cs_message m = pair_message(hello, "");
    struct pair_frame f;
    struct pair p;

    (void)state;
    pair_init(&p);
    pair_up(&p);
    pair_send(&p, 0, &m);
    f = pair_take(&p, 0);
    assert_int_equal(pair_give(&p, 1, f.b, f.n), CS_DROP_NONE);
    for (int k = 0; k < 5; k++) {
        assert_int_equal(pair_give(&p, 1, f.b, f.n), CS_DROP_REPLAY);
    }
    assert_int_equal(p.end[1].n_msgs, 1);
    assert_nobody_blamed(&p);
    pair_free(&p);
}

static void a_reflected_frame_is_not_accepted(void **state)
{
    struct recording rec;
    uint8_t id[2][16];
    struct pair p;

    (void)state;
    pair_init(&p);
    record_session(&p, &rec);
    note_link(&p, id);
    for (size_t k = 0; k < rec.n; k++) { /* back to who sent it */
        assert_int_equal(pair_give(&p, 1 - rec.f[k].to, rec.f[k].b, rec.f[k].n),
                         CS_DROP_HEADER);
        /* with the header turned around, as a relay could */
        rec.f[k].b[4] ^= 3;
        rec.f[k].b[5] = rec.f[k].b[5] == 0 ? 0 : rec.f[k].b[5] ^ 3;
        assert_int_not_equal(pair_give(&p, 1 - rec.f[k].to, rec.f[k].b, rec.f[k].n),
                             CS_DROP_BAD_FORMAT);
    }
    pair_run(&p);
    assert_true(same_link(&p, id));
    assert_int_equal(p.end[0].n_msgs + p.end[1].n_msgs, 2);
    assert_nobody_blamed(&p);
    pair_free(&p);
}

/* A third link: member 1 to member 3, made with the same keys of member 1. */
static void a_frame_of_another_link_is_not_accepted(void **state)
{
    struct cs_message m = pair_message(hello, "");
    struct pair p, q;

    (void)state;
    pair_init(&p);
    pair_init(&q);
    pair_up(&p);
    cs_link_free(q.end[1].l);
    q.end[0].cfg.peer = q.end[1].cfg.self = 3;
    q.end[1].cfg.peer = 1;
    q.end[1].cfg.id = &q.id[2];
    assert_int_equal(cs_link_new(&q.end[1].l, &q.end[1].cfg), CS_OK);
    pair_restart(&q, 0);
    pair_up(&q);
    for (int k = 0; k < 4; k++) {
        struct pair_frame f;

        pair_send(&q, k % 2, &m);
        f = pair_take(&q, 0);
        assert_int_equal(pair_give(&p, 1 - k % 2, f.b, f.n),
                         k % 2 == 0 ? CS_DROP_UNKNOWN : CS_DROP_HEADER);
        f.b[4] = k % 2 == 0 ? 1 : 2; /* as if from the other member */
        assert_int_equal(pair_give(&p, 1 - k % 2, f.b, f.n), CS_DROP_UNKNOWN);
        /* and with the link's own id: wrong key */
        memcpy(f.b + 38, cs_link_id(p.end[0].l), 16);
        f.b[112] = 77; /* a counter not seen */
        assert_int_equal(pair_give(&p, 1 - k % 2, f.b, f.n), CS_DROP_AEAD);
    }
    assert_int_equal(p.end[0].n_msgs + p.end[1].n_msgs, 0);
    assert_nobody_blamed(&p);
    pair_free(&p);
    pair_free(&q);
}

/* ---- forged headers -------------------------------------------------------------- */

static void a_forged_counter_does_not_move_the_window(void **state)
{
    struct cs_message m = pair_message(hello, "");
    struct pair_frame f;
    struct pair p;

    (void)state;
    pair_init(&p);
    pair_up(&p);
    pair_send(&p, 0, &m);
    f = p.q[0];
    f.b[106] = 0x80; /* 2^63 and more */
    assert_int_equal(pair_give(&p, 1, f.b, f.n), CS_DROP_AEAD);
    memset(f.b + 106, 0xff, 8);
    assert_int_equal(pair_give(&p, 1, f.b, f.n), CS_DROP_AEAD);
    pair_run(&p);
    assert_int_equal(p.end[1].n_msgs, 1);
    pair_send(&p, 0, &m);
    pair_run(&p);
    assert_int_equal(p.end[1].n_msgs, 2);
    pair_free(&p);
}

/* Row 30: the holder of the link's key names somebody else as the sender. */
static void the_sender_is_who_holds_the_key(void **state)
{
    static const uint8_t claims[] = {0, 2, 3, 4, 255};
    struct cs_message m = pair_message(hello, "");
    struct pair p;

    (void)state;
    pair_init(&p);
    pair_up(&p);
    for (size_t k = 0; k < CS_COUNTOF(claims); k++) {
        struct cs_frame_header h;
        struct cs_wr w = {0}, plain = {0};
        struct pair_frame f;

        pair_send(&p, 0, &m);
        f = pair_take(&p, 0);
        assert_int_equal(cs_frame_header_decode(&h, CS_SPAN(f.b, f.n)), CS_OK);
        assert_int_equal(
            cs_frame_open(&plain, &h, p.end[0].l->live.tx, CS_SPAN(f.b, f.n)), CS_OK);
        h.from = claims[k];
        assert_int_equal(cs_frame_seal(&w, &h, p.end[0].l->live.tx, cs_wr_get(&plain)),
                         CS_OK);
        assert_int_equal(pair_give(&p, 1, w.p, w.n), CS_DROP_HEADER);
        cs_wr_free(&w);
        cs_wr_free(&plain);
    }
    assert_int_equal(p.end[1].n_msgs, 0);
    assert_nobody_blamed(&p);
    pair_free(&p);
}

/* Row 28.  Bytes without sense, and headers as right as an outsider can make them. */
static void a_hundred_thousand_forgeries_disturb_nothing(void **state)
{
    struct cs_message m = pair_message(hello, "");
    struct pair_rng rng = {.s = 28};
    uint8_t id[2][16];
    struct pair p;
    size_t sent = 0;

    (void)state;
    pair_init(&p);
    pair_up(&p);
    note_link(&p, id);
    for (int k = 0; k < 100000; k++) {
        int to = (int)(pair_next(&rng) % 2);
        struct cs_frame_header h = {.ver = 1,
                                    .proto = (uint8_t)(k % 3 == 0 ? 1 : 3),
                                    .type = (uint8_t)(1 + pair_next(&rng) % 7),
                                    .from = (uint8_t)(2 - to),
                                    .to = (uint8_t)(1 + to)};
        struct pair_frame f = {.n = CS_FRAME_HEADER + pair_next(&rng) % 300};

        pair_random(&rng, f.b, f.n);
        if (k % 5 != 0) {
            bool plain = h.proto == 1 && (h.type < 3 || h.type == 4);

            memcpy(h.ds_hash, cs_link_ds_hash(p.end[0].l), 32);
            h.len = (uint32_t)(f.n - CS_FRAME_HEADER);
            if (!plain) {
                memcpy(h.link_id, id[0], k % 4 == 0 ? 15 : 16);
                h.ctr = pair_next(&rng) % 5000;
                h.len -= CS_FRAME_TAG;
            }
            if (h.type == 4 && f.n > CS_FRAME_HEADER + 2) { /* a good HS_WANT */
                f.n = CS_FRAME_HEADER + 2;
                h.len = 2;
                f.b[CS_FRAME_HEADER] = 1;
                f.b[CS_FRAME_HEADER + 1] = 1;
            }
            cs_frame_header_encode(f.b, &h);
        }
        (void)pair_give(&p, to, f.b, f.n);
        pair_run(&p);
        if (k % 100 == 0) {
            pair_advance(&p, 100, true);
            pair_send(&p, k / 100 % 2, &m);
            pair_run(&p);
            sent++;
        }
    }
    assert_int_equal(p.end[0].n_msgs + p.end[1].n_msgs, sent);
    assert_true(same_link(&p, id));
    assert_int_equal(pair_count(&p, 0, CS_LINK_EV_REPLACED), 0);
    assert_nobody_blamed(&p);
    assert_true(pair_counter(&p, 0, CS_DROP_AEAD) > 1000);
    assert_true(pair_counter(&p, 0, CS_DROP_UNKNOWN) > 1000);
    pair_free(&p);
}

static struct pair_frame forged_want(const struct pair *p, uint8_t version)
{
    struct cs_frame_header h = {
        .ver = 1, .proto = 1, .type = CS_LINK_HS_WANT, .from = 2, .to = 1, .len = 2};
    struct pair_frame f = {.n = CS_FRAME_HEADER + 2};

    memcpy(h.ds_hash, cs_link_ds_hash(p->end[0].l), 32);
    cs_frame_header_encode(f.b, &h);
    f.b[CS_FRAME_HEADER] = 1;
    f.b[CS_FRAME_HEADER + 1] = version;
    return f;
}

static void a_forged_hs_want_only_makes_the_link_be_probed(void **state)
{
    struct pair_frame f;
    uint8_t id[2][16];
    struct pair p;

    (void)state;
    pair_init(&p);
    pair_up(&p);
    note_link(&p, id);
    f = forged_want(&p, 1);
    for (int k = 0; k < 100; k++) {
        assert_int_equal(pair_give(&p, 0, f.b, f.n), CS_DROP_NONE);
        pair_run(&p);
        pair_advance(&p, 700, true);
    }
    assert_true(same_link(&p, id));
    pair_advance(&p, 2000, true);
    (void)pair_give(&p, 0, f.b, f.n);
    for (int k = 0; k < 19; k++) { /* within 2 s: one probe, whoever asks again */
        p.now += 100;
        (void)pair_give(&p, 0, f.b, f.n);
    }
    assert_int_equal(p.n, 1);
    pair_run(&p); /* the answer */
    assert_false(p.end[0].l->probing);
    (void)pair_give(&p, 0, f.b, f.n);
    assert_int_equal(p.n, 0); /* an answered probe does not let the next one out */
    p.now += 100;
    (void)pair_give(&p, 0, f.b, f.n);
    assert_int_equal(p.n, 1);
    pair_free(&p);
}

static void a_probe_is_answered_only_by_its_own_nonce(void **state)
{
    struct pair_frame f;
    struct pair p;

    (void)state;
    pair_init(&p);
    pair_up(&p);
    f = forged_want(&p, 1);
    (void)pair_give(&p, 0, f.b, f.n);
    assert_true(p.end[0].l->probing);
    pair_drop_all(&p); /* the probe is lost */
    cs_link_send_ping(p.end[1].l, CS_LINK_PONG, ~p.end[0].l->probe_nonce, &p.out);
    pair_absorb(&p, 1);
    pair_run(&p);
    assert_true(p.end[0].l->probing);
    cs_link_send_ping(p.end[1].l, CS_LINK_PONG, p.end[0].l->probe_nonce, &p.out);
    pair_absorb(&p, 1);
    pair_run(&p);
    assert_false(p.end[0].l->probing);
    pair_free(&p);
}

static void malformed_hs_wants_are_void(void **state)
{
    struct pair_frame f;
    struct pair p;

    (void)state;
    pair_init(&p);
    pair_start(&p, 0);
    pair_drop_all(&p);
    p.now += 1500;
    f = forged_want(&p, 0); /* version 0 */
    assert_int_equal(pair_give(&p, 0, f.b, f.n), CS_DROP_HANDSHAKE);
    f = forged_want(&p, 1);
    f.b[CS_FRAME_HEADER] = 0; /* empty list with a byte left */
    assert_int_equal(pair_give(&p, 0, f.b, f.n), CS_DROP_HANDSHAKE);
    f.b[CS_FRAME_HEADER] = 9;
    assert_int_equal(pair_give(&p, 0, f.b, f.n), CS_DROP_HANDSHAKE);
    f.b[CS_FRAME_HEADER] = 1;
    f.b[0] = 2; /* HS_WANT has version 1 for ever */
    assert_int_equal(pair_give(&p, 0, f.b, f.n), CS_DROP_HEADER);
    f.b[0] = 1;
    f.b[70] = 1; /* key_epoch */
    assert_int_equal(pair_give(&p, 0, f.b, f.n), CS_DROP_HEADER);
    f.b[70] = 0;
    f.b[38] = 1; /* link_id */
    assert_int_equal(pair_give(&p, 0, f.b, f.n), CS_DROP_HEADER);
    f.b[38] = 0;
    f.b[113] = 1; /* ctr */
    assert_int_equal(pair_give(&p, 0, f.b, f.n), CS_DROP_HEADER);
    assert_int_equal(p.n, 0);
    f.b[113] = 0;
    assert_int_equal(pair_give(&p, 0, f.b, f.n), CS_DROP_NONE);
    pair_free(&p);
}

static void a_forged_version_list_cannot_lower_the_version(void **state)
{
    static const uint8_t both[] = {1, 2};
    struct pair_frame f;
    struct pair p;

    (void)state;
    pair_init(&p);
    for (int e = 0; e < 2; e++) {
        p.end[e].cfg.versions = both;
        p.end[e].cfg.n_versions = 2;
        pair_restart(&p, e);
    }
    pair_start(&p, 1);
    pair_drop_all(&p);
    pair_start(&p, 0);
    pair_drop_all(&p);
    p.now += 3000;
    f = forged_want(&p, 1);
    (void)pair_give(&p, 0, f.b, f.n);
    assert_int_equal(p.q[0].b[0], 1); /* it falls for the hint, */
    (void)pair_deliver(&p);
    assert_int_equal(pair_refused(&p, 1), CS_ERR_VERSION); /* the peer does not */
    assert_int_equal(p.end[1].l->pend.kind, CS_PENDING_NONE);
    pair_advance(&p, 20000, true);
    assert_true(pair_agree(&p));
    assert_int_equal(p.end[0].l->live.version, 2);
    pair_free(&p);
}

/* ---- a relay that does all of it ------------------------------------------------- */

struct sent {
    uint8_t link_id[16];
    bool done;
};

static void send_numbered(struct pair *p, int e, struct sent *sent, size_t *n)
{
    char text[16];
    struct cs_message m;

    if (!cs_link_is_live(p->end[e].l) || *n >= 500) {
        return;
    }
    text[0] = (char)('A' + e);
    text[1] = (char)(' ' + *n / 64);
    text[2] = (char)(' ' + *n % 64);
    text[3] = 0;
    m = pair_message(text, "");
    memcpy(sent[*n].link_id, cs_link_id(p->end[e].l), 16);
    sent[*n].done = false;
    (*n)++;
    pair_send(p, e, &m);
}

/* What came out was sent by the peer, on the link that is live here, and is new. */
static void check_delivery(struct pair *p, int e, struct sent *sent, size_t before)
{
    size_t k;

    if (p->end[e].n_msgs == before) {
        return;
    }
    assert_int_equal(p->end[e].last.broadcast.n, 3);
    assert_int_equal(p->end[e].broadcast[0], 'A' + 1 - e);
    k = (size_t)(p->end[e].broadcast[1] - ' ') * 64 +
        (size_t)(p->end[e].broadcast[2] - ' ');
    assert_memory_equal(sent[k].link_id, cs_link_id(p->end[e].l), 16);
    assert_false(sent[k].done);
    sent[k].done = true;
}

static void relay_step(struct pair *p, struct pair_rng *rng, struct sent sent[2][500])
{
    size_t at = pair_next(rng) % p->n; /* reordered, delayed */
    struct pair_frame f = pair_take(p, at);
    uint64_t what = pair_next(rng) % 10;
    size_t before[2] = {p->end[0].n_msgs, p->end[1].n_msgs};

    if (what == 0) {
        return; /* dropped */
    }
    if (what == 1) {
        f.b[pair_next(rng) % f.n] ^= (uint8_t)(1 + pair_next(rng) % 255);
    }
    if (what == 2) {
        f.to = 1 - f.to; /* to the wrong end */
    }
    if (what == 3 && p->n < PAIR_QUEUE / 2) {
        p->q[p->n++] = f; /* repeated later */
    }
    if (what == 4) {
        f.n = pair_next(rng) % (f.n + 1);
    }
    (void)pair_give(p, f.to, f.b, f.n);
    check_delivery(p, 0, sent[1], before[0]);
    check_delivery(p, 1, sent[0], before[1]);
}

static void no_relay_can_do_more_than_delay(void **state)
{
    static struct sent sent[2][500];
    struct pair p;

    (void)state;
    for (uint64_t seed = 1; seed <= 150; seed++) {
        struct pair_rng rng = {.s = seed};
        size_t n[2] = {0, 0}, sum;

        pair_init(&p);
        pair_start(&p, 0);
        pair_start(&p, 1);
        for (int step = 0; step < 600; step++) {
            int e = (int)(pair_next(&rng) % 2);

            p.now += pair_next(&rng) % 400;
            pair_time(&p, e);
            if (p.n < PAIR_QUEUE / 2) {
                send_numbered(&p, e, sent[e], &n[e]);
            }
            for (int k = 0; k < 3 && p.n != 0; k++) {
                relay_step(&p, &rng, sent);
            }
            p.end[e].n_events = 0;
        }
        sum = p.end[0].n_msgs + p.end[1].n_msgs;
        assert_true(sum > 0);
        assert_nobody_blamed(&p);
        pair_drop_all(&p); /* then an honest relay: all is well again */
        pair_advance(&p, 120000, true);
        assert_true(pair_agree(&p));
        send_numbered(&p, 0, sent[0], &n[0]);
        pair_run(&p);
        assert_int_equal(p.end[0].n_msgs + p.end[1].n_msgs, sum + 1);
        pair_free(&p);
    }
}

static void reordered_frames_of_honest_ends_blame_nobody(void **state)
{
    struct cs_message m = pair_message(hello, "x");
    struct pair_rng rng = {.s = 5};
    struct pair p;

    (void)state;
    pair_init(&p);
    pair_up(&p);
    for (int round = 0; round < 20; round++) {
        for (int k = 0; k < 50; k++) {
            pair_send(&p, k % 2, &m);
        }
        while (p.n != 0) {
            struct pair_frame f = pair_take(&p, pair_next(&rng) % p.n);

            assert_int_equal(pair_give(&p, f.to, f.b, f.n), CS_DROP_NONE);
        }
    }
    assert_int_equal(p.end[0].n_msgs + p.end[1].n_msgs, 1000);
    assert_nobody_blamed(&p);
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
        cmocka_unit_test(an_altered_byte_makes_any_frame_void),
        cmocka_unit_test(a_cut_or_extended_frame_is_void),
        cmocka_unit_test(a_recording_of_an_earlier_life_does_nothing),
        cmocka_unit_test(a_replayed_first_message_never_makes_a_link_live),
        cmocka_unit_test(a_replayed_first_message_leaves_a_live_link_alone),
        cmocka_unit_test(each_frame_is_accepted_once),
        cmocka_unit_test(a_reflected_frame_is_not_accepted),
        cmocka_unit_test(a_frame_of_another_link_is_not_accepted),
        cmocka_unit_test(a_forged_counter_does_not_move_the_window),
        cmocka_unit_test(the_sender_is_who_holds_the_key),
        cmocka_unit_test(a_hundred_thousand_forgeries_disturb_nothing),
        cmocka_unit_test(a_forged_hs_want_only_makes_the_link_be_probed),
        cmocka_unit_test(a_probe_is_answered_only_by_its_own_nonce),
        cmocka_unit_test(malformed_hs_wants_are_void),
        cmocka_unit_test(a_forged_version_list_cannot_lower_the_version),
        cmocka_unit_test(no_relay_can_do_more_than_delay),
        cmocka_unit_test(reordered_frames_of_honest_ends_blame_nobody),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
