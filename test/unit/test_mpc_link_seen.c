/* Peers that run on an old disk, are restored from a backup, or are a copy of
 * themselves: ROLLBACK, CLONE, acceptance (DECISIONS 12; RELIABILITY T8, T9; PROTOCOLS
 * 8.9, 15.8). */
#include "support/link_pair.h"

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
