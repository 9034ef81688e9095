/* Key generation end to end, and every way it is refused, cut short or taken up again
 * (PROTOCOLS 3.4, 3.5, 15.3 C3; RELIABILITY P3). */
#include "support/node_trio.h"

static struct bed b;

static int up(void **state)
{
    (void)state;
    trio_up(&b);
    return 0;
}

static int down(void **state)
{
    (void)state;
    bed_free(&b);
    return 0;
}

static const char *status(int i)
{
    return bed_ask(&b, i, "{\"cmd\":\"status\"}");
}

static void all_active(size_t n)
{
    for (int i = 0; i < BED_NODES; i++) {
        assert_int_equal(bed_count(&b, i, CS_EVT_KEY_ACTIVE), n);
    }
}

/* ---- the right way
 * -------------------------------------------------------------------- */

static void one_certificate_three_receipts_three_check_signatures(void **state)
{
    struct cs_certificate c[BED_NODES];
    struct cs_device_set ds;
    struct cs_roster r;

    (void)state;
    trio_key(&b);
    trio_ds(&b, &ds);
    assert_int_equal(cs_roster_from_ds(&r, &ds, 1), CS_OK);
    for (int i = 0; i < BED_NODES; i++) {
        const struct cs_ctl_key_active *k =
            &bed_last(&b, i, CS_EVT_KEY_ACTIVE)->u.key_active;

        trio_certificate(&b, i, &c[i]);
        assert_int_equal(cs_certificate_verify(&c[i], &r), CS_OK);
        assert_memory_equal(c[i].cert_hash, c[0].cert_hash, 32);
        assert_int_equal(k->index, i + 1);
        assert_int_equal(cs_ack_verify(&r, (uint8_t)(i + 1), c[0].cert_hash, k->ack),
                         CS_OK);
        assert_non_null(strstr(status(i), "\"keys\":1"));
        assert_non_null(strstr(b.node[i].answer, "\"sessions\":0"));
    }
}

static void check_signatures_verify_over_the_pair_s_message(void **state)
{
    static const int pairs[3][3] = {{0, 1, 2}, {0, 1, 3}, {1, 2, 3}};
    struct cs_certificate c;
    uint8_t pub[32], msg[32];
    size_t seen = 0;

    (void)state;
    trio_key(&b);
    trio_certificate(&b, 0, &c);
    trio_public(&b, pub);
    for (size_t p = 0; p < 3; p++) {
        for (size_t k = 1; bed_evt(&b, pairs[p][0], CS_EVT_KEY_CHECKED, k) != NULL;
             k++) {
            const struct cs_ctl_key_checked *e =
                &bed_evt(&b, pairs[p][0], CS_EVT_KEY_CHECKED, k)->u.key_checked;

            if (e->pair[0] == pairs[p][1] && e->pair[1] == pairs[p][2]) {
                cs_check_message(msg, c.cert_hash, e->pair[0], e->pair[1]);
                assert_int_equal(
                    crypto_sign_verify_detached(e->signature, msg, 32, pub), 0);
                assert_memory_equal(e->request_id, "keygen-req-0000", 15);
                seen++;
            }
        }
    }
    assert_int_equal(seen, 3);
}

static void the_command_may_come_late_to_any_node(void **state)
{
    (void)state;
    for (uint8_t late = 0; late < BED_NODES; late++) {
        struct cs_ctl_frame f;

        trio_key_frame(&b, &f, (uint8_t)(late + 1));
        for (int i = 0; i < BED_NODES; i++) {
            if (i != late) {
                struct cs_ctl_frame copy = f;

                bed_cmd(&b, i, &copy);
            }
        }
        bed_advance(&b, 4000); /* what is early waits five seconds */
        bed_cmd(&b, late, &f);
        bed_advance(&b, 5000);
        all_active(late + 1U);
    }
}

static void a_finished_generation_costs_nothing_any_more(void **state)
{
    (void)state;
    trio_key(&b);
    bed_advance(&b, 600000); /* bed_advance fails when a node keeps the loop busy */
    assert_non_null(strstr(status(0), "\"sessions\":0"));
}

static void what_the_last_message_lost_is_repeated_by_who_is_done(void **state)
{
    (void)state;
    trio_key_create(&b, 1);
    bed_run(&b);
    bed_advance(&b, 15000);
    all_active(1);
    assert_non_null(strstr(status(2), "\"sessions\":1")); /* still answers repeats */
    bed_advance(&b, 10000);
    assert_non_null(strstr(status(2), "\"sessions\":0"));
}

/* ---- refusals
 * ----------------------------------------------------------------------------- */

static void refused(struct cs_ctl_frame *f, const char *reason)
{
    size_t n = bed_count(&b, 0, CS_EVT_KEY_FAILED);

    bed_cmd(&b, 0, f);
    assert_int_equal(bed_count(&b, 0, CS_EVT_KEY_FAILED), n + 1);
    BED_FAILED(&b, 0, CS_EVT_KEY_FAILED, reason);
    assert_string_equal(bed_last(&b, 0, CS_EVT_KEY_FAILED)->u.failed.phase, "accept");
}

static void commands_that_make_no_sense_are_refused(void **state)
{
    struct cs_ctl_frame f;

    (void)state;
    trio_key_frame(&b, &f, 1);
    f.u.key_create.quorum_id[0] ^= 1;
    refused(&f, "UNKNOWN_KEY");
    trio_key_frame(&b, &f, 1);
    (void)snprintf(f.u.key_create.curve, 16, "SECP256K1");
    refused(&f, "USAGE");
    trio_key_frame(&b, &f, 1);
    (void)snprintf(f.u.key_create.scheme, 16, "RSA");
    refused(&f, "USAGE");
    trio_key_frame(&b, &f, 1);
    f.u.key_create.expires_at = BED_WALL + b.now - 121000;
    refused(&f, "REQUEST_EXPIRED");
    bed_device(&b, 0, "APPROVED", "DISABLED");
    trio_key_frame(&b, &f, 1);
    refused(&f, "POLICY_REFUSED");
}

static void a_key_id_is_made_once(void **state)
{
    struct cs_ctl_frame f;

    (void)state;
    trio_key(&b);
    trio_key_frame(&b, &f, 1);
    f.u.key_create.request_id[0] ^= 1;
    refused(&f, "KEY_EXISTS");
}

/* Two generations of one key id at once would overwrite each other's shares. */
static void a_key_id_under_way_is_not_made_again(void **state)
{
    struct cs_certificate first, now;
    struct cs_ctl_frame f;

    (void)state;
    b.node[0].hold_jobs = true; /* the first one cannot be over yet */
    trio_key_frame(&b, &f, 1);
    trio_to_all(&b, &f);
    assert_non_null(strstr(status(1), "\"keys\":0"));
    f.u.key_create.request_id[0] ^= 1;
    trio_to_all(&b, &f);
    bed_release_jobs(&b.node[0]);
    bed_advance(&b, 10000);
    for (int i = 0; i < BED_NODES; i++) {
        BED_FAILED(&b, i, CS_EVT_KEY_FAILED, "KEY_EXISTS");
    }
    all_active(1);
    trio_certificate(&b, 0, &first);
    trio_certificate(&b, 1, &now);
    assert_memory_equal(first.cert_hash, now.cert_hash, 32);
}

static void a_repeated_command_changes_nothing(void **state)
{
    (void)state;
    trio_key_create(&b, 1);
    trio_key_create(&b, 1);
    bed_advance(&b, 60000);
    trio_key_create(&b, 1); /* its work is gone by now */
    bed_advance(&b, 100000);
    bed_restart(&b, 0);
    trio_key_create(&b, 1);
    bed_advance(&b, 100000);
    all_active(1);
    for (int i = 0; i < BED_NODES; i++) {
        assert_int_equal(bed_count(&b, i, CS_EVT_KEY_FAILED), 0);
    }
}

static void a_request_id_stands_for_one_thing(void **state)
{
    struct cs_ctl_frame f;

    (void)state;
    trio_key(&b);
    trio_key_frame(&b, &f, 2); /* another key under the id of the first request */
    f.u.key_create.request_id[15] = 1;
    refused(&f, "E_REQUEST_CONFLICT");
    trio_sign(&b, 1, 1, 2, 1); /* its work is open: */
    trio_key_frame(&b, &f, 3);
    memcpy(f.u.key_create.request_id, "signing-req-0000", 16);
    f.u.key_create.request_id[15] = 1;
    refused(&f, "E_REQUEST_CONFLICT");
}

static void a_failed_generation_is_not_run_again_under_its_id(void **state)
{
    size_t n;

    (void)state;
    bed_kill(&b, 2); /* its links look alive for a while */
    trio_key_create(&b, 1);
    bed_advance(&b, 100000);
    n = bed_count(&b, 0, CS_EVT_KEY_FAILED);
    assert_true(n >= 1);
    trio_key_create(&b, 1);
    bed_advance(&b, 100000);
    assert_int_equal(bed_count(&b, 0, CS_EVT_KEY_FAILED), n);
}

/* ---- one node missing
 * ------------------------------------------------------------------------ */

static void without_one_node_it_fails_in_time_with_a_reason(void **state)
{
    const struct cs_ctl_failed *f;

    (void)state;
    bed_kill(&b, 2);
    bed_advance(&b, 100000); /* links to it are down */
    trio_key_create(&b, 1);
    bed_advance(&b, 76000);
    for (int i = 0; i < 2; i++) {
        BED_FAILED(&b, i, CS_EVT_KEY_FAILED, "PEER_TIMEOUT");
        f = &bed_last(&b, i, CS_EVT_KEY_FAILED)->u.failed;
        assert_true(f->retryable);
        assert_non_null(strstr(status(i), "\"keys\":0"));
    }
}

static void a_cancelled_generation_ends(void **state)
{
    struct cs_ctl_frame f = {.kind = CS_CMD_REQUEST_CANCEL};

    (void)state;
    bed_kill(&b, 2);
    trio_key_create(&b, 1);
    memcpy(f.u.request_cancel.request_id, "keygen-req-0000\001", 16);
    (void)snprintf(f.u.request_cancel.reason, 8, "no");
    bed_cmd(&b, 0, &f);
    BED_FAILED(&b, 0, CS_EVT_KEY_FAILED, "PEER_ABORTED");
    assert_non_null(strstr(status(0), "\"sessions\":0"));
}

/* ---- restarts -------------------------------------------------------------------- */

/* Frames between nodes are counted; after `cut_after` of them node `victim` dies. */
static size_t frames, cut_after;
static int victim;
static bool is_cut;

static bool count_frames(struct bed *bed, int from, int to, struct cs_wr *w)
{
    (void)bed;
    (void)w;
    if (++frames > cut_after) {
        is_cut = true;
    }
    return !(is_cut && (from == victim || to == victim));
}

/* Either the key is active at all three, with one certificate, or at none of them. */
static void all_or_none(uint8_t n)
{
    struct cs_certificate c[BED_NODES];
    size_t active = 0;

    for (int i = 0; i < BED_NODES; i++) {
        if (bed_count(&b, i, CS_EVT_KEY_ACTIVE) != 0) {
            trio_certificate(&b, i, &c[active++]);
        }
    }
    assert_true(active == 0 || active == BED_NODES);
    for (size_t i = 1; i < active; i++) {
        assert_memory_equal(c[0].cert_hash, c[i].cert_hash, 32);
    }
    for (int i = 0; i < BED_NODES; i++) {
        assert_non_null(strstr(status(i), active == 0 ? "\"keys\":0" : "\"keys\":1"));
        if (strstr(b.node[i].answer, "\"sessions\":0") == NULL) {
            fail_msg("node %d is still busy after cut %u", i, n);
        }
    }
}

/* A node is lost after each number of frames, and comes back: the key is everywhere or
 * nowhere, and nothing stays half done. */
static void a_kill_at_any_moment_leaves_the_key_everywhere_or_nowhere(void **state)
{
    size_t active = 0;

    (void)state;
    for (victim = 0; victim < BED_NODES; victim++) {
        for (cut_after = 0; cut_after < 40; cut_after += 1 + cut_after / 8) {
            trio_up(&b);
            frames = 0;
            is_cut = false;
            b.carry = count_frames;
            trio_key_create(&b, 1);
            b.carry = NULL;
            bed_restart(&b, victim);
            bed_advance(&b, 300000);
            all_or_none((uint8_t)cut_after);
            active += bed_count(&b, 0, CS_EVT_KEY_ACTIVE);
            bed_free(&b);
        }
    }
    assert_true(active > 0 && active < 3 * 14); /* both ends were reached */
}

static void an_active_key_is_said_once_over_restarts(void **state)
{
    (void)state;
    trio_key_create(&b, 1);
    bed_restart(&b, 0);
    bed_restart(&b, 0);
    bed_advance(&b, 60000);
    assert_int_equal(bed_count(&b, 0, CS_EVT_KEY_ACTIVE), 1);
    assert_int_equal(bed_count(&b, 0, CS_EVT_KEY_CHECKED), 2);
}

static void a_key_survives_restarts_of_all_and_signs(void **state)
{
    (void)state;
    trio_key(&b);
    for (int i = 0; i < BED_NODES; i++) {
        bed_restart(&b, i);
    }
    bed_advance(&b, 10000);
    trio_sign(&b, 1, 2, 3, 3);
    bed_advance(&b, 3000);
    trio_check_done(&b, 2, 1);
}

static size_t certs;

static bool count_certs(struct bed *bed, int from, int to, struct cs_wr *w)
{
    (void)bed;
    (void)to;
    certs += from == victim && w->n > 3 && w->p[1] == CS_PROTO_DKG &&
             w->p[2] == CS_TYPE_DKG_CERT;
    return true;
}

/* PROTOCOLS 3.4: the disk of one node stands still while its share is to be stored. */
static void the_share_is_durable_before_the_certificate_signature_leaves(void **state)
{
    struct bed_node *a = &b.node[1];

    (void)state;
    victim = 1;
    certs = 0;
    b.carry = count_certs;
    trio_key_create(&b, 3); /* the usual way: it does leave */
    assert_int_equal(certs, 2);
    certs = 0;
    a->hold = true;
    trio_key_create(&b, 1);
    for (size_t k = 0; k < 3 && a->n_held > 0 && certs == 0; k++) {
        unsigned long before = cs_kv_mem_commits(a->kv);

        assert_null(strstr(status(1), "\"never\""));
        bed_release_one(a);
        assert_int_equal(cs_kv_mem_commits(a->kv), before + 1);
    }
    bed_kill(&b, 1); /* with the rest unwritten */
    b.carry = NULL;
    bed_start(&b, 1);
    bed_advance(&b, 300000);
    assert_true(certs == 0 || strstr(status(1), "\"keys\":2") != NULL);
}

/* ---- stuck ----------------------------------------------------------------------- */

/* Drops certificate signatures that go to `victim`, and acknowledgements of all. */
static bool lose_certificates(struct bed *bed, int from, int to, struct cs_wr *w)
{
    (void)bed;
    (void)from;
    return !(
        w->n > 3 && w->p[1] == CS_PROTO_DKG &&
        ((to == victim && w->p[2] == CS_TYPE_DKG_CERT) || w->p[2] == CS_TYPE_DKG_ACK));
}

static void a_pending_node_gets_the_certificate_from_a_peer(void **state)
{
    (void)state;
    victim = 2;
    b.carry = lose_certificates;
    trio_key_create(&b, 1);
    bed_advance(&b, 30000);
    assert_int_equal(bed_count(&b, 2, CS_EVT_KEY_ACTIVE), 0);
    bed_restart(&b, 2); /* PENDING over a restart */
    b.carry = NULL;
    bed_advance(&b, 90000);
    all_active(1);
    assert_non_null(strstr(status(2), "\"keys\":1"));
}

/* Every certificate signature is lost except those of `victim`. */
static bool only_one_signs(struct bed *bed, int from, int to, struct cs_wr *w)
{
    (void)bed;
    (void)to;
    return !(w->n > 3 && w->p[1] == CS_PROTO_DKG && from != victim &&
             w->p[2] >= CS_TYPE_DKG_REVEAL && w->p[2] <= CS_TYPE_DKG_ACK);
}

/* Nobody reveals to the others but one: it may be PENDING at most at itself. */
static void a_generation_that_died_early_leaves_nothing(void **state)
{
    (void)state;
    victim = 0;
    b.carry = only_one_signs;
    trio_key_create(&b, 1);
    bed_advance(&b, 100000);
    b.carry = NULL;
    bed_advance(&b, 100000);
    all_or_none(0);
    all_active(0);
}

/* The reveals of the others reach only `victim`, who then is PENDING alone. */
static bool starve_the_others(struct bed *bed, int from, int to, struct cs_wr *w)
{
    (void)bed;
    (void)from;
    return !(w->n > 3 && w->p[1] == CS_PROTO_DKG && to != victim &&
             w->p[2] == CS_TYPE_DKG_REVEAL);
}

static void a_pending_key_that_nobody_else_signed_is_erased_by_agreement(void **state)
{
    struct cs_ctl_frame f;

    (void)state;
    victim = 1;
    b.carry = starve_the_others;
    trio_key_create(&b, 1);
    bed_advance(&b, 10000);
    assert_non_null(strstr(status(1), "\"keys\":1")); /* PENDING */
    assert_non_null(strstr(status(0), "\"keys\":0"));
    bed_advance(&b, 70000);
    b.carry = NULL;
    bed_advance(&b, 130000);
    all_active(0);
    for (int i = 0; i < BED_NODES; i++) {
        assert_non_null(strstr(status(i), "\"keys\":0"));
        assert_non_null(strstr(b.node[i].answer, "\"sessions\":0"));
        trio_key_frame(&b, &f, 1); /* and it can never come to be */
        f.u.key_create.request_id[0] ^= 1;
        bed_cmd(&b, i, &f);
        BED_FAILED(&b, i, CS_EVT_KEY_FAILED, "KEY_EXISTS");
    }
}

static void a_pending_key_waits_for_a_week_of_silence(void **state)
{
    (void)state;
    victim = 1;
    b.carry = starve_the_others;
    trio_key_create(&b, 1);
    bed_advance(&b, 10000);
    bed_kill(&b, 0);
    bed_kill(&b, 2);
    b.carry = NULL;
    for (int hour = 0; hour < 7 * 24; hour++) {
        bed_advance(&b, 3600000);
    }
    assert_non_null(strstr(status(1), "\"keys\":1")); /* time alone deletes nothing */
    bed_start(&b, 0);
    bed_start(&b, 2);
    bed_advance(&b, 130000);
    assert_non_null(strstr(status(1), "\"keys\":0"));
}

static bool starve_and_say_nothing(struct bed *bed, int from, int to, struct cs_wr *w)
{
    return starve_the_others(bed, from, to, w) &&
           !(w->n > 3 && w->p[1] == CS_PROTO_DKG && w->p[2] >= CS_TYPE_CERT_WANT &&
             w->p[2] <= CS_TYPE_CERT_ABORTED);
}

static void an_operator_gives_a_pending_key_up(void **state)
{
    static const char ask[] = "{\"cmd\":\"key.giveup\",\"keyId\":\"%s\"}";
    char text[128], id[CS_UUID_LEN];
    uint8_t key_id[16];

    (void)state;
    memcpy(key_id, trio_key_id, 16);
    key_id[15] = 1;
    (void)snprintf(text, sizeof text, ask, cs_uuid_text(id, key_id));
    assert_non_null(strstr(bed_ask(&b, 1, text), "NOT_FOUND"));
    victim = 1;
    b.carry = starve_and_say_nothing;
    trio_key_create(&b, 1);
    bed_advance(&b, 70000);
    assert_non_null(strstr(status(1), "\"keys\":1"));
    assert_non_null(strstr(bed_ask(&b, 1, text), "\"ok\":true"));
    b.carry = NULL;
    bed_advance(&b, 130000);
    assert_non_null(strstr(status(1), "\"keys\":0"));
    trio_key_create(&b, 2);
    bed_advance(&b, 10000);
    all_active(1);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, up, down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(one_certificate_three_receipts_three_check_signatures),
        CASE(check_signatures_verify_over_the_pair_s_message),
        CASE(the_command_may_come_late_to_any_node),
        CASE(a_finished_generation_costs_nothing_any_more),
        CASE(what_the_last_message_lost_is_repeated_by_who_is_done),
        CASE(commands_that_make_no_sense_are_refused),
        CASE(a_key_id_is_made_once),
        CASE(a_key_id_under_way_is_not_made_again),
        CASE(a_repeated_command_changes_nothing),
        CASE(a_request_id_stands_for_one_thing),
        CASE(a_failed_generation_is_not_run_again_under_its_id),
        CASE(without_one_node_it_fails_in_time_with_a_reason),
        CASE(a_cancelled_generation_ends),
        cmocka_unit_test(a_kill_at_any_moment_leaves_the_key_everywhere_or_nowhere),
        CASE(an_active_key_is_said_once_over_restarts),
        CASE(a_key_survives_restarts_of_all_and_signs),
        CASE(the_share_is_durable_before_the_certificate_signature_leaves),
        CASE(a_pending_node_gets_the_certificate_from_a_peer),
        CASE(a_generation_that_died_early_leaves_nothing),
        CASE(a_pending_key_that_nobody_else_signed_is_erased_by_agreement),
        CASE(a_pending_key_waits_for_a_week_of_silence),
        CASE(an_operator_gives_a_pending_key_up),
    };

    cmocka_set_test_filter(getenv("CASE"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
