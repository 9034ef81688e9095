/* A link's life between honest ends: PROTOCOLS 2.2, 15.2, DECISIONS 12, 13.
 * What a hostile relay or peer may try is in test_mpc_link_attacks.c. */
#include "support/link_pair.h"

static uint8_t next_type(const struct pair *p)
{
    assert_true(p->n > 0);
    return pair_link_type(&p->q[0]);
}

/* ---- handshake ------------------------------------------------------------------- */

static void the_lower_index_opens_a_link_in_four_messages(void **state)
{
    struct pair p;

    (void)state;
    pair_init(&p);
    assert_int_equal(cs_link_deadline(p.end[0].l), UINT64_MAX);
    pair_start(&p, 1);
    pair_drop_all(&p); /* its HS_WANT is not needed */
    pair_start(&p, 0);
    assert_int_equal(cs_link_state(p.end[0].l), CS_LINK_HS);
    assert_int_equal(next_type(&p), CS_LINK_HS1);
    (void)pair_deliver(&p);
    assert_int_equal(cs_link_state(p.end[1].l), CS_LINK_HS);
    assert_int_equal(next_type(&p), CS_LINK_HS2);
    (void)pair_deliver(&p);
    assert_int_equal(cs_link_state(p.end[0].l), CS_LINK_CONFIRM_SENT);
    assert_int_equal(next_type(&p), CS_LINK_CONFIRM);
    assert_int_equal(p.q[0].n, CS_FRAME_HEADER + 208 + CS_FRAME_TAG);
    (void)pair_deliver(&p);
    assert_true(cs_link_is_live(p.end[1].l));
    assert_false(cs_link_is_live(p.end[0].l));
    assert_int_equal(next_type(&p), CS_LINK_CONFIRM);
    (void)pair_deliver(&p);
    assert_true(pair_agree(&p));
    for (int e = 0; e < 2; e++) { /* what is to be stored comes first */
        assert_int_equal(p.end[e].n_events, 2);
        assert_int_equal(p.end[e].events[0].kind, CS_LINK_EV_SEEN);
        assert_int_equal(p.end[e].events[1].kind, CS_LINK_EV_LIVE);
        assert_memory_equal(p.end[e].events[1].link_id, cs_link_id(p.end[e].l), 16);
    }
    pair_free(&p);
}

static void both_ends_derive_the_same_distinct_secrets(void **state)
{
    struct pair p;

    (void)state;
    pair_init(&p);
    assert_null(cs_link_id(p.end[0].l));
    assert_null(cs_link_boot_peer(p.end[0].l));
    assert_null(cs_link_prss_key(p.end[0].l));
    assert_null(cs_link_zero_key(p.end[0].l));
    assert_null(cs_link_mask_key(p.end[0].l));
    pair_up(&p);
    struct cs_link *a = p.end[0].l, *b = p.end[1].l;

    assert_memory_equal(cs_link_prss_key(a), cs_link_prss_key(b), 32);
    assert_memory_equal(cs_link_zero_key(a), cs_link_zero_key(b), 32);
    assert_memory_equal(cs_link_mask_key(a), cs_link_mask_key(b), 32);
    assert_memory_not_equal(cs_link_prss_key(a), cs_link_zero_key(a), 32);
    assert_memory_not_equal(cs_link_prss_key(a), cs_link_mask_key(a), 32);
    assert_memory_not_equal(cs_link_zero_key(a), cs_link_mask_key(a), 32);
    assert_memory_equal(cs_link_boot_peer(a), cs_link_boot_self(b), 32);
    assert_memory_equal(cs_link_boot_peer(b), cs_link_boot_self(a), 32);
    assert_memory_equal(a->live.tx, b->live.rx, 32);
    assert_memory_not_equal(a->live.tx, a->live.rx, 32); /* row 27 */
    pair_free(&p);
}

static void the_higher_index_asks_and_the_lower_answers(void **state)
{
    struct pair p;

    (void)state;
    pair_init(&p);
    pair_start(&p, 0);
    pair_drop_all(&p); /* the peer was not there yet */
    p.now += 5000;
    pair_start(&p, 1);
    assert_int_equal(next_type(&p), CS_LINK_HS_WANT);
    pair_run(&p);
    assert_true(pair_agree(&p));
    pair_free(&p);
}

static void hs_want_is_sent_at_most_every_two_seconds(void **state)
{
    struct pair p;
    size_t n = 0;

    (void)state;
    pair_init(&p);
    pair_start(&p, 1);
    pair_drop_all(&p);
    for (int k = 0; k < 199; k++) { /* 19.9 s of nagging: 0, 2, 4, .. 18 s */
        struct pair_frame f = {.n = CS_FRAME_HEADER + 20};
        struct cs_frame_header h = {.ver = 1, .proto = 3, .from = 1, .to = 2, .len = 4};

        p.now += 100;
        memcpy(h.ds_hash, cs_link_ds_hash(p.end[1].l), 32);
        memset(h.link_id, k + 1, 16);
        cs_frame_header_encode(f.b, &h);
        assert_int_equal(pair_give(&p, 1, f.b, f.n), CS_DROP_UNKNOWN);
        pair_start(&p, 1);
        n += p.n;
        pair_drop_all(&p);
    }
    assert_int_equal(n, 9);
    pair_free(&p);
}

static void lost_first_messages_are_repeated_byte_for_byte(void **state)
{
    struct pair p;
    struct pair_frame hs1, hs2;

    (void)state;
    pair_init(&p);
    pair_start(&p, 1);
    pair_drop_all(&p);
    pair_start(&p, 0);
    hs1 = pair_take(&p, 0); /* lost */
    p.now += 1000;
    pair_time(&p, 0);
    assert_int_equal(p.n, 1);
    assert_memory_equal(p.q[0].b, hs1.b, hs1.n);
    (void)pair_deliver(&p);
    hs2 = pair_take(&p, 0); /* lost too */
    p.now += 2000;
    pair_time(&p, 0);
    (void)pair_deliver(&p);
    assert_int_equal(p.n, 1);
    assert_memory_equal(p.q[0].b, hs2.b, hs2.n); /* not a second handshake */
    pair_run(&p);
    assert_true(pair_agree(&p));
    pair_free(&p);
}

static void a_lost_confirm_is_repeated_with_a_new_counter(void **state)
{
    struct pair p;
    struct pair_frame first;

    (void)state;
    pair_init(&p);
    pair_start(&p, 1);
    pair_drop_all(&p);
    pair_start(&p, 0);
    (void)pair_deliver(&p); /* HS1 */
    (void)pair_deliver(&p); /* HS2 */
    first = pair_take(&p, 0);
    p.now += 1000;
    pair_time(&p, 0);
    assert_int_equal(next_type(&p), CS_LINK_CONFIRM);
    assert_memory_equal(p.q[0].b, first.b, 106);
    assert_memory_not_equal(p.q[0].b + 106, first.b + 106, 8);
    (void)pair_deliver(&p);
    assert_true(cs_link_is_live(p.end[1].l));
    pair_drop_all(&p); /* the answer is lost as well */
    p.now += 1000;
    pair_time(&p, 1);
    assert_int_equal(next_type(&p), CS_LINK_CONFIRM);
    pair_run(&p);
    assert_true(pair_agree(&p));
    pair_advance(&p, 5000, false);
    assert_int_equal(p.end[1].l->confirm_ms, CS_LINK_NEVER); /* the PING stopped it */
    pair_free(&p);
}

static void an_answer_to_a_repeated_confirm_revives_a_one_sided_link(void **state)
{
    struct pair p;

    (void)state;
    pair_init(&p);
    pair_start(&p, 1);
    pair_drop_all(&p);
    pair_start(&p, 0);
    (void)pair_deliver(&p);
    (void)pair_deliver(&p);
    (void)pair_deliver(&p);
    assert_true(cs_link_is_live(p.end[1].l));
    p.end[1].l->confirm_ms = CS_LINK_NEVER; /* only the answer is under test */
    pair_drop_all(&p);
    p.now += 1000;
    pair_time(&p, 0);
    pair_run(&p);
    assert_true(pair_agree(&p));
    pair_free(&p);
}

static void an_absent_peer_is_tried_less_and_less_often(void **state)
{
    struct pair p;
    uint64_t sent = 0, end;

    (void)state;
    for (int e = 0; e < 2; e++) {
        pair_init(&p);
        pair_start(&p, e);
        end = p.now + 3600000;
        sent = 0;
        while (cs_link_deadline(p.end[e].l) <= end) {
            p.now = cs_link_deadline(p.end[e].l);
            pair_time(&p, e);
            sent += p.n;
            pair_drop_all(&p);
        }
        assert_true(sent >= 100 && sent < 600);
        pair_free(&p);
    }
}

/* ---- messages -------------------------------------------------------------------- */

static void messages_arrive_with_parts_sender_and_slot(void **state)
{
    struct cs_message m;
    struct pair p;

    (void)state;
    pair_init(&p);
    pair_up(&p);
    m = pair_message("to all", "for you");
    pair_send(&p, 0, &m);
    assert_int_equal(p.q[0].b[5], 2); /* to */
    pair_run(&p);
    assert_int_equal(p.end[1].n_msgs, 1);
    assert_int_equal(p.end[1].last.from, 1);
    assert_int_equal(p.end[1].last.proto, m.proto);
    assert_int_equal(p.end[1].last.type, m.type);
    assert_int_equal(p.end[1].last.round, m.round);
    assert_int_equal(p.end[1].last.key_epoch, m.key_epoch);
    assert_memory_equal(p.end[1].last.key_id, m.key_id, 16);
    assert_memory_equal(p.end[1].last.sid, m.sid, 32);
    assert_int_equal(p.end[1].last.broadcast.n, 6);
    assert_memory_equal(p.end[1].broadcast, "to all", 6);
    assert_int_equal(p.end[1].last.priv.n, 7);
    assert_memory_equal(p.end[1].priv, "for you", 7);
    assert_non_null(p.end[1].last.bsig);
    m = pair_message("to all", "");
    pair_send(&p, 1, &m);
    assert_int_equal(p.q[0].b[5], 0);
    pair_run(&p);
    assert_int_equal(p.end[0].n_msgs, 1);
    assert_int_equal(p.end[0].last.from, 2);
    m = pair_message("", "for you");
    pair_send(&p, 1, &m);
    pair_run(&p);
    assert_int_equal(p.end[0].n_msgs, 2);
    assert_null(p.end[0].last.bsig);
    pair_free(&p);
}

static void a_given_signature_is_sent_as_it_is(void **state)
{
    struct cs_message m = pair_message("to all", "");
    struct cs_bc_slot slot;
    uint8_t sig[64];
    struct pair p;

    (void)state;
    pair_init(&p);
    pair_up(&p);
    cs_bc_slot_from(&slot, 1, cs_link_ds_hash(p.end[0].l), 1, &m);
    cs_bc_sign(sig, p.id[0].ik_seed, &slot, m.broadcast);
    m.bsig = sig;
    pair_send(&p, 0, &m);
    pair_run(&p);
    assert_int_equal(p.end[1].n_msgs, 1);
    sig[0] ^= 1;
    pair_send(&p, 0, &m);
    pair_run(&p);
    assert_int_equal(p.end[1].n_msgs, 1);
    assert_int_equal(p.end[1].n_blamed, 1);
    pair_free(&p);
}

static void sealing_is_refused_without_link_or_sense(void **state)
{
    static uint8_t big[CS_MSG_BODY_MAX + 1];
    struct cs_message m = pair_message("x", "");
    struct cs_wr w = {0};
    struct pair p;

    (void)state;
    pair_init(&p);
    assert_int_equal(cs_link_seal(p.end[0].l, &m, &w), CS_ERR_NO_LINK);
    pair_up(&p);
    m.proto = CS_PROTO_LINK;
    assert_int_equal(cs_link_seal(p.end[0].l, &m, &w), CS_ERR_USAGE);
    m.proto = 0;
    assert_int_equal(cs_link_seal(p.end[0].l, &m, &w), CS_ERR_USAGE);
    m = pair_message("", "");
    assert_int_equal(cs_link_seal(p.end[0].l, &m, &w), CS_ERR_USAGE);
    m.priv = CS_SPAN_OF(big);
    assert_int_equal(cs_link_seal(p.end[0].l, &m, &w), CS_ERR_USAGE);
    assert_int_equal(w.n, 0);
    pair_free(&p);
}

static void counters_start_at_zero_never_repeat_and_never_wrap(void **state)
{
    struct cs_message m = pair_message("x", "");
    struct cs_wr w = {0};
    uint64_t before;
    struct pair p;

    (void)state;
    pair_init(&p);
    pair_start(&p, 1);
    pair_drop_all(&p);
    pair_start(&p, 0);
    (void)pair_deliver(&p);
    (void)pair_deliver(&p);
    assert_true(cs_ct_is_zero(p.q[0].b + 106, 8)); /* both CONFIRMs have counter 0 */
    (void)pair_deliver(&p);
    assert_true(cs_ct_is_zero(p.q[0].b + 106, 8));
    pair_run(&p);
    before = p.end[0].l->live.tx_ctr;
    cs_mem_fail_at(
        1); /* a frame that was not made costs no counter, or one: never two */
    assert_int_equal(cs_link_seal(p.end[0].l, &m, &w), CS_ERR_NOMEM);
    cs_mem_fail_at(0);
    assert_true(p.end[0].l->live.tx_ctr >= before);
    p.end[0].l->live.tx_ctr = UINT64_MAX - 1;
    pair_send(&p, 0, &m);
    pair_run(&p);
    assert_int_equal(p.end[1].n_msgs, 1);
    assert_int_equal(cs_link_seal(p.end[0].l, &m, &w), CS_ERR_LIMIT);
    p.now += CS_LINK_PING_MS;
    pair_time(&p, 0);
    assert_int_equal(p.n, 0); /* no PING either */
    pair_free(&p);
}

static void no_memory_while_opening_loses_nothing(void **state)
{
    struct cs_message m = pair_message("x", "");
    struct pair_frame f;
    struct pair p;

    (void)state;
    pair_init(&p);
    pair_up(&p);
    pair_send(&p, 0, &m);
    f = pair_take(&p, 0);
    cs_link_out_free(&p.out);
    cs_mem_fail_at(1);
    assert_int_equal(pair_give(&p, 1, f.b, f.n), CS_DROP_NOMEM);
    cs_mem_fail_at(0);
    assert_int_equal(pair_give(&p, 1, f.b, f.n),
                     CS_DROP_NONE); /* window did not move */
    assert_int_equal(p.end[1].n_msgs, 1);
    pair_free(&p);
}

/* ---- restarts, silence, age ------------------------------------------------------ */

static void a_restarted_lower_index_replaces_the_link(void **state)
{
    uint8_t old[16];
    struct pair p;

    (void)state;
    pair_init(&p);
    pair_up(&p);
    memcpy(old, cs_link_id(p.end[1].l), 16);
    pair_restart(&p, 0);
    pair_start(&p, 0);
    pair_run(&p);
    assert_true(pair_agree(&p));
    assert_int_equal(pair_count(&p, 1, CS_LINK_EV_REPLACED), 1);
    /* SEEN, REPLACED (old id), LIVE: in this order */
    assert_int_equal(p.end[1].events[2].kind, CS_LINK_EV_SEEN);
    assert_int_equal(p.end[1].events[3].kind, CS_LINK_EV_REPLACED);
    assert_memory_equal(p.end[1].events[3].link_id, old, 16);
    assert_int_equal(p.end[1].events[4].kind, CS_LINK_EV_LIVE);
    assert_memory_not_equal(p.end[1].events[4].link_id, old, 16);
    pair_free(&p);
}

static void a_restarted_higher_index_gets_a_new_link_after_a_probe(void **state)
{
    struct pair p;

    (void)state;
    pair_init(&p);
    pair_up(&p);
    pair_restart(&p, 1);
    pair_start(&p, 1);
    pair_run(&p); /* HS_WANT; the lower end asks the old link first */
    assert_int_equal(pair_count(&p, 0, CS_LINK_EV_REPLACED), 0);
    pair_advance(&p, CS_LINK_PROBE_MS + 100, true);
    assert_true(pair_agree(&p));
    assert_int_equal(pair_count(&p, 0, CS_LINK_EV_REPLACED), 1);
    pair_free(&p);
}

static void frames_of_a_former_link_are_not_readable_any_more(void **state)
{
    struct cs_message m = pair_message("secret", "");
    struct pair_frame f;
    struct pair p;

    (void)state;
    pair_init(&p);
    pair_up(&p);
    pair_send(&p, 0, &m);
    f = pair_take(&p, 0); /* delayed beyond the re-handshake */
    pair_restart(&p, 0);
    pair_start(&p, 0);
    pair_run(&p);
    assert_true(pair_agree(&p));
    p.now += 60000;
    p.end[1].l->heard_ms = p.now;
    assert_int_equal(pair_give(&p, 1, f.b, f.n), CS_DROP_UNKNOWN);
    assert_int_equal(p.n, 0); /* merely late: no HS_WANT */
    assert_int_equal(p.end[1].n_msgs, 0);
    pair_free(&p);
}

static void pings_keep_a_quiet_link_for_hours(void **state)
{
    uint8_t id[16];
    struct pair p;

    (void)state;
    pair_init(&p);
    pair_up(&p);
    memcpy(id, cs_link_id(p.end[0].l), 16);
    pair_advance(&p, 3 * 3600000, true);
    assert_true(pair_agree(&p));
    assert_memory_equal(id, cs_link_id(p.end[0].l), 16);
    assert_true(p.now - cs_link_heard_ms(p.end[0].l) <= CS_LINK_PING_MS);
    pair_free(&p);
}

static void silence_leads_to_a_handshake_beside_then_to_down(void **state)
{
    struct pair p;

    (void)state;
    pair_init(&p);
    pair_up(&p);
    pair_advance(&p, CS_LINK_SILENCE_MS - 1, false);
    assert_int_equal(p.end[0].l->pend.kind, CS_PENDING_NONE);
    pair_advance(&p, 10, false);
    assert_int_equal(p.end[0].l->pend.kind, CS_PENDING_HS1);
    assert_int_equal(cs_link_state(p.end[0].l), CS_LINK_LIVE);
    pair_advance(&p, CS_LINK_DEAD_MS - CS_LINK_SILENCE_MS, false);
    for (int e = 0; e < 2; e++) {
        assert_false(cs_link_is_live(p.end[e].l));
        assert_int_equal(pair_count(&p, e, CS_LINK_EV_DOWN), 1);
        assert_null(cs_link_prss_key(p.end[e].l));
        assert_true(cs_ct_is_zero(&p.end[e].l->live, sizeof p.end[e].l->live));
        assert_int_equal(cs_link_heard_ms(p.end[e].l), 0);
    }
    pair_advance(&p, CS_LINK_WANT_SLOW_MS + CS_LINK_PENDING_MS, true);
    assert_true(pair_agree(&p));
    pair_free(&p);
}

static void a_short_outage_keeps_the_link(void **state)
{
    uint8_t id[16];
    struct pair p;

    (void)state;
    pair_init(&p);
    pair_up(&p);
    memcpy(id, cs_link_id(p.end[0].l), 16);
    pair_advance(&p, 15000, false);
    pair_start(&p, 0); /* reconnected to the relay */
    pair_start(&p, 1);
    pair_run(&p);
    pair_advance(&p, 60000, true);
    assert_memory_equal(id, cs_link_id(p.end[0].l), 16);
    pair_free(&p);
}

static void keys_are_renewed_before_a_day_is_over(void **state)
{
    uint8_t id[16];
    struct pair p;

    (void)state;
    pair_init(&p);
    pair_up(&p);
    memcpy(id, cs_link_id(p.end[0].l), 16);
    pair_advance(&p, CS_LINK_REKEY_MS - 1, true);
    assert_memory_equal(id, cs_link_id(p.end[0].l), 16);
    pair_advance(&p, 1000, true);
    assert_true(pair_agree(&p));
    assert_memory_not_equal(id, cs_link_id(p.end[0].l), 16);
    assert_int_equal(pair_count(&p, 0, CS_LINK_EV_REPLACED), 1);
    assert_int_equal(pair_count(&p, 1, CS_LINK_EV_REPLACED), 1);
    pair_free(&p);
}

/* The relay lets PINGs through and nothing of a handshake. */
static void a_link_never_lives_longer_than_a_day(void **state)
{
    struct pair p;

    (void)state;
    pair_init(&p);
    pair_up(&p);
    for (uint64_t end = p.now + CS_LINK_LIFE_MS; p.now < end;) {
        pair_advance(&p, 1000, false);
        for (int e = 0; e < 2; e++) {
            p.end[e].l->heard_ms = p.now;
        }
    }
    for (int e = 0; e < 2; e++) {
        assert_false(cs_link_is_live(p.end[e].l));
        assert_int_equal(pair_count(&p, e, CS_LINK_EV_DOWN), 1);
    }
    pair_free(&p);
}

static void stopping_erases_and_starting_begins_anew(void **state)
{
    struct cs_message m = pair_message("x", "");
    struct pair p;

    (void)state;
    pair_init(&p);
    pair_up(&p);
    cs_link_stop(p.end[1].l, &p.out);
    pair_absorb(&p, 1);
    assert_int_equal(pair_count(&p, 1, CS_LINK_EV_DOWN), 1);
    assert_int_equal(cs_link_state(p.end[1].l), CS_LINK_DOWN);
    assert_int_equal(cs_link_deadline(p.end[1].l), UINT64_MAX);
    pair_send(&p, 0, &m);
    assert_int_equal(pair_deliver(&p), CS_DROP_STOPPED);
    pair_time(&p, 1);
    assert_int_equal(p.n, 0);
    pair_start(&p, 1);
    pair_run(&p);
    pair_advance(&p, 5000, true);
    assert_true(pair_agree(&p));
    pair_free(&p);
}

/* ---- rate, versions, configuration ----------------------------------------------- */

static void confirmed_handshakes_drain_a_bucket_of_five(void **state)
{
    struct pair p;

    (void)state;
    pair_init(&p);
    pair_up(&p);
    for (int k = 0; k < 4; k++) {
        pair_restart(&p, 0);
        pair_start(&p, 0);
        pair_run(&p);
        assert_true(pair_agree(&p));
    }
    pair_restart(&p, 0); /* a sixth at once */
    pair_start(&p, 0);
    pair_run(&p);
    assert_false(pair_agree(&p));
    assert_int_equal(pair_counter(&p, 1, CS_DROP_RATE), 1);
    pair_advance(&p, CS_LINK_TOKEN_MS + 1500, true);
    assert_true(pair_agree(&p));
    pair_free(&p);
}

static void set_versions(struct pair *p, int e, const uint8_t *v, size_t n)
{
    p->end[e].cfg.versions = v;
    p->end[e].cfg.n_versions = n;
    pair_restart(p, e);
}

static void the_highest_common_version_is_agreed(void **state)
{
    static const uint8_t one[] = {1}, both[] = {1, 2}, three[] = {1, 2, 5};
    const struct {
        const uint8_t *a;
        size_t na;
        const uint8_t *b;
        size_t nb;
        uint8_t want;
    } row[] = {{one, 1, both, 2, 1},
               {both, 2, one, 1, 1},
               {both, 2, both, 2, 2},
               {three, 3, both, 2, 2},
               {both, 2, three, 3, 2}};
    struct pair p;

    (void)state;
    for (size_t k = 0; k < CS_COUNTOF(row); k++) {
        pair_init(&p);
        set_versions(&p, 0, row[k].a, row[k].na);
        set_versions(&p, 1, row[k].b, row[k].nb);
        pair_start(&p, 0);
        pair_start(&p, 1);
        pair_run(&p);
        pair_advance(&p, 20000, true);
        assert_true(pair_agree(&p));
        assert_int_equal(p.end[0].l->live.version, row[k].want);
        assert_int_equal(p.end[1].l->live.version, row[k].want);
        pair_free(&p);
    }
}

static void without_a_common_version_there_is_no_link(void **state)
{
    static const uint8_t one[] = {1}, two[] = {2};
    struct pair p;

    (void)state;
    pair_init(&p);
    set_versions(&p, 0, two, 1);
    set_versions(&p, 1, one, 1);
    pair_start(&p, 1);
    pair_run(&p); /* HS_WANT to an end that is not started */
    pair_start(&p, 0);
    pair_run(&p);
    pair_advance(&p, 8000, true);
    assert_false(cs_link_is_live(p.end[0].l));
    pair_advance(&p, 60000, true);
    assert_int_equal(pair_refused(&p, 0), CS_ERR_VERSION);
    assert_false(cs_link_is_live(p.end[0].l));
    pair_free(&p);
}

static void refuse_config(const struct cs_link_config *c, enum cs_err want)
{
    struct cs_link *l = (struct cs_link *)(uintptr_t)64; /* to see it set to NULL */

    assert_int_equal(cs_link_new(&l, c), want);
    assert_null(l);
}

static void senseless_version_lists_are_refused(void **state)
{
    static const uint8_t none[] = {0}, falling[] = {2, 1}, twice[] = {1, 1};
    static const uint8_t many[] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
    const struct {
        const uint8_t *v;
        size_t n;
    } row[] = {{none, 1}, {falling, 2}, {twice, 2}, {many, 9}, {many, 0}};
    struct cs_link_config c;
    struct pair p;

    (void)state;
    pair_init(&p);
    for (size_t k = 0; k < CS_COUNTOF(row); k++) {
        c = p.end[0].cfg;
        c.versions = row[k].v;
        c.n_versions = row[k].n;
        refuse_config(&c, CS_ERR_USAGE);
    }
    pair_free(&p);
}

static void senseless_configurations_are_refused(void **state)
{
    struct cs_link_config good, c;
    struct cs_device_set bad;
    struct pair p;

    (void)state;
    pair_init(&p);
    c = good = p.end[0].cfg;
    c.self = 0;
    refuse_config(&c, CS_ERR_USAGE);
    c = good;
    c.peer = 4;
    refuse_config(&c, CS_ERR_USAGE);
    c = good;
    c.peer = c.self;
    refuse_config(&c, CS_ERR_USAGE);
    c = good;
    c.life.boot_counter = 0;
    refuse_config(&c, CS_ERR_USAGE);
    c = good;
    c.random = NULL;
    refuse_config(&c, CS_ERR_USAGE);
    c = good;
    c.id = NULL;
    refuse_config(&c, CS_ERR_USAGE);
    c.id = &p.id[1]; /* not the keys of this index */
    refuse_config(&c, CS_ERR_DS_SELF);
    c = good;
    c.ds = NULL;
    refuse_config(&c, CS_ERR_USAGE);
    bad = p.ds;
    bad.t = 1;
    c.ds = &bad;
    refuse_config(&c, CS_ERR_DS_THRESHOLD);
    cs_mem_fail_at(1);
    refuse_config(&good, CS_ERR_NOMEM);
    cs_mem_fail_at(0);
    pair_free(&p);
}

static void the_journal_never_falls(void **state)
{
    const uint8_t hash[32] = {1}, fork[32] = {2};
    struct pair p;

    (void)state;
    pair_init(&p);
    assert_int_equal(cs_link_set_journal(p.end[0].l, 10, hash), CS_OK);
    assert_int_equal(cs_link_set_journal(p.end[0].l, 9, hash), CS_ERR_USAGE);
    assert_int_equal(cs_link_set_journal(p.end[0].l, 10, hash), CS_OK);
    assert_int_equal(cs_link_set_journal(p.end[0].l, 10, fork), CS_ERR_USAGE);
    pair_up(&p);
    assert_int_equal(p.end[1].stored.last.journal_seq, 10);
    assert_memory_equal(p.end[1].stored.last.journal_hash, hash, 32);
    pair_free(&p);
}

static void getters_and_names_are_complete(void **state)
{
    struct pair p;

    (void)state;
    pair_init(&p);
    assert_int_equal(cs_link_self(p.end[1].l), 2);
    assert_int_equal(cs_link_peer(p.end[1].l), 1);
    for (int d = 0; d < CS_DROP_COUNT; d++) {
        assert_true(strlen(cs_link_drop_name((enum cs_link_drop)d)) > 1);
    }
    assert_string_equal(cs_link_drop_name(CS_DROP_BAD_FORMAT), "BAD_FORMAT");
    assert_string_equal(cs_link_drop_name(CS_DROP_COUNT), "?");
    cs_link_free(NULL);
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
        cmocka_unit_test(the_lower_index_opens_a_link_in_four_messages),
        cmocka_unit_test(both_ends_derive_the_same_distinct_secrets),
        cmocka_unit_test(the_higher_index_asks_and_the_lower_answers),
        cmocka_unit_test(hs_want_is_sent_at_most_every_two_seconds),
        cmocka_unit_test(lost_first_messages_are_repeated_byte_for_byte),
        cmocka_unit_test(a_lost_confirm_is_repeated_with_a_new_counter),
        cmocka_unit_test(an_answer_to_a_repeated_confirm_revives_a_one_sided_link),
        cmocka_unit_test(an_absent_peer_is_tried_less_and_less_often),
        cmocka_unit_test(messages_arrive_with_parts_sender_and_slot),
        cmocka_unit_test(a_given_signature_is_sent_as_it_is),
        cmocka_unit_test(sealing_is_refused_without_link_or_sense),
        cmocka_unit_test(counters_start_at_zero_never_repeat_and_never_wrap),
        cmocka_unit_test(no_memory_while_opening_loses_nothing),
        cmocka_unit_test(a_restarted_lower_index_replaces_the_link),
        cmocka_unit_test(a_restarted_higher_index_gets_a_new_link_after_a_probe),
        cmocka_unit_test(frames_of_a_former_link_are_not_readable_any_more),
        cmocka_unit_test(pings_keep_a_quiet_link_for_hours),
        cmocka_unit_test(silence_leads_to_a_handshake_beside_then_to_down),
        cmocka_unit_test(a_short_outage_keeps_the_link),
        cmocka_unit_test(keys_are_renewed_before_a_day_is_over),
        cmocka_unit_test(a_link_never_lives_longer_than_a_day),
        cmocka_unit_test(stopping_erases_and_starting_begins_anew),
        cmocka_unit_test(confirmed_handshakes_drain_a_bucket_of_five),
        cmocka_unit_test(the_highest_common_version_is_agreed),
        cmocka_unit_test(without_a_common_version_there_is_no_link),
        cmocka_unit_test(senseless_version_lists_are_refused),
        cmocka_unit_test(senseless_configurations_are_refused),
        cmocka_unit_test(the_journal_never_falls),
        cmocka_unit_test(getters_and_names_are_complete),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
