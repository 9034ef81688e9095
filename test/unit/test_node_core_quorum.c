/* Joining a quorum: pin, commit, reveal, compare, and each way to refuse
 * (RELIABILITY T1, DECISIONS 10, 11, src/wire/README.md 2.4). */
#include "support/node_trio.h"

static struct bed b;

static int up(void **state)
{
    (void)state;
    bed_init(&b, BED_NODES);
    for (int i = 0; i < BED_NODES; i++) {
        bed_start(&b, i);
    }
    return 0;
}

static int down(void **state)
{
    (void)state;
    bed_free(&b);
    return 0;
}

static const char *words(int i)
{
    const struct cs_ctl_frame *f = bed_last(&b, i, CS_EVT_QUORUM_CONFIRMED);

    return f == NULL ? "" : f->u.quorum_confirmed.words;
}

static void finish_all(void)
{
    struct cs_ctl_frame f;

    trio_commits(&b, &f);
    trio_to_all(&b, &f);
    trio_openings(&b, &f);
    trio_to_all(&b, &f);
}

/* Node 0 refuses ds with this reason. */
static void refuses(const struct cs_device_set *ds, const char *reason)
{
    size_t n = bed_count(&b, 0, CS_EVT_QUORUM_REJECTED);

    trio_join(&b, 0, ds);
    assert_int_equal(bed_count(&b, 0, CS_EVT_QUORUM_REJECTED), n + 1);
    BED_FAILED(&b, 0, CS_EVT_QUORUM_REJECTED, reason);
    assert_int_equal(bed_count(&b, 0, CS_EVT_QUORUM_ACCEPTED), 0);
}

/* ---- the right way --------------------------------------------------------------- */

static void all_see_the_same_words_and_they_survive(void **state)
{
    char w[CS_WORDS_LEN];

    (void)state;
    trio_join_all(&b);
    finish_all();
    assert_int_equal(strlen(words(0)), CS_WORDS_LEN - 1);
    assert_string_equal(words(0), words(1));
    assert_string_equal(words(0), words(2));
    (void)snprintf(w, sizeof w, "%.*s", CS_WORDS_LEN - 1, words(0));
    bed_restart(&b, 0);
    assert_non_null(strstr(bed_ask(&b, 0, "{\"cmd\":\"status\"}"), w));
}

static void a_restart_between_any_two_steps_loses_nothing(void **state)
{
    struct cs_ctl_frame f;

    (void)state;
    trio_join_all(&b);
    bed_restart(&b, 0);
    trio_commits(&b, &f);
    trio_to_all(&b, &f);
    bed_restart(&b, 0);
    trio_openings(&b, &f);
    trio_to_all(&b, &f);
    assert_string_equal(words(0), words(1));
    assert_true(words(0)[0] != '\0');
}

static void repeated_commands_change_nothing(void **state)
{
    struct cs_ctl_frame commits, openings;

    (void)state;
    trio_join_all(&b);
    trio_join_all(&b);
    trio_commits(&b, &commits);
    trio_to_all(&b, &commits);
    trio_to_all(&b, &commits);
    trio_openings(&b, &openings);
    trio_to_all(&b, &openings);
    trio_to_all(&b, &openings);
    trio_to_all(&b, &commits);
    trio_join_all(&b);
    for (int i = 0; i < BED_NODES; i++) {
        assert_int_equal(bed_count(&b, i, CS_EVT_QUORUM_ACCEPTED), 1);
        assert_int_equal(bed_count(&b, i, CS_EVT_QUORUM_REVEALED), 1);
        assert_int_equal(bed_count(&b, i, CS_EVT_QUORUM_CONFIRMED), 1);
        assert_int_equal(bed_count(&b, i, CS_EVT_QUORUM_REJECTED), 0);
    }
}

static void an_acceptance_is_signed_by_the_identity(void **state)
{
    const struct cs_ctl_quorum_accepted *e;
    struct cs_device_set ds;

    (void)state;
    trio_join_all(&b);
    trio_ds(&b, &ds);
    e = &bed_last(&b, 1, CS_EVT_QUORUM_ACCEPTED)->u.quorum_accepted;
    assert_int_equal(e->index, 2);
    assert_int_equal(cs_quorum_join_verify(e->sig, &ds, 2, e->commit), CS_OK);
}

/* ---- descriptors
 * ----------------------------------------------------------------------- */

static void bytes_that_are_no_descriptor_are_refused(void **state)
{
    (void)state;
    trio_send_join(&b, 0, CS_SPAN_LIT("what is this"));
    BED_FAILED(&b, 0, CS_EVT_QUORUM_REJECTED, "BAD_FORMAT");
}

static void a_set_with_another_key_of_mine_is_refused(void **state)
{
    struct cs_device_set ds;

    (void)state;
    trio_ds(&b, &ds);
    cs_sign_public(ds.members[0].id.ik, ds.nonce);
    refuses(&ds, "DESCRIPTOR");
}

static void a_set_with_another_opening_key_of_mine_is_refused(void **state)
{
    struct cs_device_set ds;

    (void)state;
    trio_ds(&b, &ds);
    cs_dh_public(ds.members[0].id.sk, ds.nonce);
    refuses(&ds, "DESCRIPTOR");
}

static void a_set_without_me_is_refused(void **state)
{
    struct cs_device_set ds;

    (void)state;
    trio_ds(&b, &ds);
    ds.members[0].device_id[0] ^= 1;
    refuses(&ds, "DESCRIPTOR");
}

static void only_two_of_n_without_approvers_and_policy_is_accepted(void **state)
{
    struct cs_device_set ds;

    (void)state;
    trio_ds(&b, &ds);
    ds.t = 3;
    refuses(&ds, "DESCRIPTOR");
    trio_ds(&b, &ds);
    ds.n_approvers = 1;
    memcpy(ds.approvers[0], ds.members[1].id.ik, 32);
    refuses(&ds, "DESCRIPTOR");
    trio_ds(&b, &ds);
    ds.policy_hash[0] = 1; /* a policy that nobody would enforce */
    refuses(&ds, "DESCRIPTOR");
}

static void one_descriptor_makes_one_quorum(void **state)
{
    struct cs_ctl_frame f = {.kind = CS_CMD_QUORUM_JOIN};
    struct cs_device_set ds;
    struct cs_wr w = {0};

    (void)state;
    trio_ds(&b, &ds);
    trio_join(&b, 0, &ds);
    assert_int_equal(cs_ds_encode(&w, &ds), CS_OK);
    f.u.quorum_join.quorum_id[0] = 9;
    (void)snprintf(f.u.quorum_join.name, 8, "twin");
    f.u.quorum_join.descriptor = (struct cs_blob){w.p, w.n};
    f.u.quorum_join.expires_at = BED_WALL + b.now + 1000;
    bed_cmd(&b, 0, &f);
    cs_wr_free(&w);
    BED_FAILED(&b, 0, CS_EVT_QUORUM_REJECTED, "DESCRIPTOR");
}

static void
a_changed_descriptor_under_a_known_id_is_refused_and_the_first_stands(void **state)
{
    struct cs_device_set ds;

    (void)state;
    trio_join_all(&b);
    trio_ds(&b, &ds);
    cs_sign_public(ds.members[2].id.ik, ds.nonce);
    trio_join(&b, 0, &ds);
    BED_FAILED(&b, 0, CS_EVT_QUORUM_REJECTED, "E_PEER_KEY_CHANGED");
    finish_all();
    assert_true(words(0)[0] != '\0');
    assert_string_equal(words(0), words(1));
}

static void the_time_to_join_ends(void **state)
{
    struct cs_ctl_frame f = {.kind = CS_CMD_QUORUM_JOIN};
    struct cs_device_set ds;
    struct cs_wr w = {0};

    (void)state;
    trio_ds(&b, &ds);
    assert_int_equal(cs_ds_encode(&w, &ds), CS_OK);
    memcpy(f.u.quorum_join.quorum_id, trio_quorum_id, 16);
    (void)snprintf(f.u.quorum_join.name, 8, "late");
    f.u.quorum_join.descriptor = (struct cs_blob){w.p, w.n};
    f.u.quorum_join.expires_at = BED_WALL + b.now - 1;
    bed_cmd(&b, 0, &f);
    cs_wr_free(&w);
    BED_FAILED(&b, 0, CS_EVT_QUORUM_REJECTED, "REQUEST_EXPIRED");
}

static void late_commitments_and_openings_are_refused(void **state)
{
    struct cs_ctl_frame f;

    (void)state;
    trio_join_all(&b);
    trio_commits(&b, &f);
    bed_cmd(&b, 0,
            &(struct cs_ctl_frame){.kind = CS_CMD_QUORUM_COMMITS,
                                   .u.quorum_commits = f.u.quorum_commits});
    b.now += 3600000 + 121000; /* clocks may differ by two minutes */
    for (int i = 0; i < BED_NODES; i++) {
        bed_restart(&b, i);
    }
    bed_cmd(&b, 1, &f);
    BED_FAILED(&b, 1, CS_EVT_QUORUM_REJECTED, "REQUEST_EXPIRED");
}

static void places_of_expired_joins_are_given_away(void **state)
{
    struct cs_device_set ds;
    struct cs_ctl_frame f = {.kind = CS_CMD_QUORUM_JOIN};

    (void)state;
    trio_ds(&b, &ds);
    for (unsigned k = 0; k < 70; k++) {
        struct cs_wr w = {0};

        ds.nonce[31] = (uint8_t)k;
        assert_int_equal(cs_ds_encode(&w, &ds), CS_OK);
        f.u.quorum_join.quorum_id[0] = (uint8_t)(k + 1);
        (void)snprintf(f.u.quorum_join.name, 8, "many");
        f.u.quorum_join.descriptor = (struct cs_blob){w.p, w.n};
        f.u.quorum_join.expires_at = BED_WALL + b.now + 1000;
        bed_cmd(&b, 0, &f);
        cs_wr_free(&w);
    }
    assert_int_equal(bed_count(&b, 0, CS_EVT_QUORUM_ACCEPTED), 64);
    BED_FAILED(&b, 0, CS_EVT_QUORUM_REJECTED, "LIMIT");
    bed_advance(&b, 130000);
    ds.nonce[30] = 7;
    trio_join(&b, 0, &ds);
    assert_int_equal(bed_count(&b, 0, CS_EVT_QUORUM_ACCEPTED), 65);
}

/* ---- strict mode
 * --------------------------------------------------------------------------- */

static void strict(int missing)
{
    static uint8_t prints[2][32];

    for (int k = 0; k < 2; k++) {
        struct cs_identity id;

        memcpy(id.ik, b.node[k + 1].hello.ik, 32);
        memcpy(id.sk, b.node[k + 1].hello.sk, 32);
        cs_identity_fingerprint(prints[k], &id);
        prints[k][0] ^= k + 1 == missing ? 1 : 0;
    }
    b.node[0].peer_identities = prints;
    b.node[0].n_peer_identities = 2;
    bed_restart(&b, 0);
}

static void strict_mode_takes_only_listed_fingerprints(void **state)
{
    struct cs_device_set ds;

    (void)state;
    strict(2);
    trio_ds(&b, &ds);
    refuses(&ds, "E_PEER_KEY_CHANGED");
    strict(0);
    trio_join(&b, 0, &ds);
    assert_int_equal(bed_count(&b, 0, CS_EVT_QUORUM_ACCEPTED), 1);
}

static void strict_mode_holds_for_quorums_joined_before_it(void **state)
{
    (void)state;
    trio_join_all(&b);
    finish_all();
    bed_advance(&b, 3000);
    strict(1);
    bed_advance(&b, 5000);
    (void)bed_ask(&b, 0, "{\"cmd\":\"status\"}");
    assert_non_null(strstr(b.node[0].answer, "\"link\":\"NONE\""));
    assert_non_null(strstr(b.node[0].answer, "\"link\":\"LIVE\""));
}

/* ---- commitments and openings
 * ---------------------------------------------------------------- */

static void refuses_commits(void (*spoil)(struct cs_ctl_quorum_commits *))
{
    struct cs_ctl_frame f;

    assert_int_equal(up(NULL), 0);
    trio_join_all(&b);
    trio_commits(&b, &f);
    spoil(&f.u.quorum_commits);
    bed_cmd(&b, 0, &f);
    BED_FAILED(&b, 0, CS_EVT_QUORUM_REJECTED, "ID_MISMATCH");
    assert_int_equal(bed_count(&b, 0, CS_EVT_QUORUM_REVEALED), 0);
    bed_free(&b);
}

static void other_commit(struct cs_ctl_quorum_commits *c)
{
    c->accepts[2].commit[0] ^= 1;
}

static void other_signature(struct cs_ctl_quorum_commits *c)
{
    c->accepts[1].sig[5] ^= 1;
}

static void one_missing(struct cs_ctl_quorum_commits *c)
{
    c->n_accepts = 2;
}

static void one_twice(struct cs_ctl_quorum_commits *c)
{
    c->accepts[2] = c->accepts[1];
}

static void a_stranger(struct cs_ctl_quorum_commits *c)
{
    c->accepts[2].index = 4;
}

/* Signed by this very node, but not what it keeps: an earlier try of its own. */
static void my_own_other_commit(void **state)
{
    struct cs_ctl_frame f, cancel = {.kind = CS_CMD_QUORUM_CANCEL};
    struct cs_ctl_accept old;

    (void)state;
    trio_join_all(&b);
    trio_commits(&b, &f);
    old = f.u.quorum_commits.accepts[0];
    memcpy(cancel.u.quorum_cancel.quorum_id, trio_quorum_id, 16);
    (void)snprintf(cancel.u.quorum_cancel.reason, 8, "again");
    bed_cmd(&b, 0, &cancel);
    trio_join_all(&b);
    trio_commits(&b, &f);
    assert_memory_not_equal(old.commit, f.u.quorum_commits.accepts[0].commit, 32);
    f.u.quorum_commits.accepts[0] = old;
    bed_cmd(&b, 0, &f);
    BED_FAILED(&b, 0, CS_EVT_QUORUM_REJECTED, "ID_MISMATCH");
}

static void commitments_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    refuses_commits(other_commit);
    refuses_commits(other_signature);
    refuses_commits(one_missing);
    refuses_commits(one_twice);
    refuses_commits(a_stranger);
}

static void openings_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    for (int kind = 0; kind < 3; kind++) {
        struct cs_ctl_frame f;

        assert_int_equal(up(NULL), 0);
        trio_join_all(&b);
        trio_commits(&b, &f);
        trio_to_all(&b, &f);
        trio_openings(&b, &f);
        if (kind == 0) {
            f.u.quorum_finish.nonces[1].nonce[0] ^= 1;
        } else if (kind == 1) {
            f.u.quorum_finish.nonces[1] = f.u.quorum_finish.nonces[2];
        } else {
            f.u.quorum_finish.n_nonces = 2;
        }
        bed_cmd(&b, 0, &f);
        BED_FAILED(&b, 0, CS_EVT_QUORUM_REJECTED, "ID_MISMATCH");
        assert_int_equal(bed_count(&b, 0, CS_EVT_QUORUM_CONFIRMED), 0);
        bed_free(&b);
    }
}

/* The platform plays the members that it made up: it signs and commits for them. */
struct forgery {
    struct cs_device_set ds;
    struct cs_identity_secret *id; /* by index - 1; one per node */
    uint8_t nonce[BED_NODES][32];
    bool is_forged[BED_NODES];
};

static void forge(struct forgery *fo, const bool is_forged[BED_NODES], uint8_t seed)
{
    trio_ds(&b, &fo->ds);
    for (uint8_t k = 0; k < BED_NODES; k++) {
        uint8_t rnd[96];

        memset(rnd, seed + k, sizeof rnd);
        memset(fo->nonce[k], seed + k, 32);
        fo->is_forged[k] = is_forged[k];
        if (is_forged[k]) {
            cs_identity_from_random(&fo->id[k], rnd);
            fo->ds.members[k].id = fo->id[k].pub;
        }
    }
}

static void forged_steps(const struct forgery *fo)
{
    struct cs_ctl_frame c, o;
    uint8_t hash[32];

    cs_ds_hash(hash, &fo->ds);
    trio_commits(&b, &c);
    for (uint8_t k = 0; k < BED_NODES; k++) {
        struct cs_ctl_accept *acc = &c.u.quorum_commits.accepts[k];

        if (fo->is_forged[k]) {
            cs_quorum_commit(acc->commit, hash, (uint8_t)(k + 1), fo->nonce[k]);
            cs_quorum_join_sign(acc->sig, &fo->id[k], hash, (uint8_t)(k + 1),
                                acc->commit);
        }
    }
    for (int i = 0; i < BED_NODES; i++) {
        if (!fo->is_forged[i]) {
            bed_cmd(&b, i, &(struct cs_ctl_frame){.kind = c.kind, .u = c.u});
        }
    }
    trio_openings(&b, &o);
    for (uint8_t k = 0; k < BED_NODES; k++) {
        if (fo->is_forged[k]) {
            memcpy(o.u.quorum_finish.nonces[k].nonce, fo->nonce[k], 32);
        }
    }
    for (int i = 0; i < BED_NODES; i++) {
        if (!fo->is_forged[i]) {
            bed_cmd(&b, i, &(struct cs_ctl_frame){.kind = o.kind, .u = o.u});
        }
    }
}

static void give_ids(struct forgery *fo)
{
    fo->id = cs_guard_new(BED_NODES * sizeof *fo->id);
    assert_non_null(fo->id);
}

/* Node 0 is shown two made-up peers; nodes 1 and 2 a made-up node 0.  Every signature
 * fits; only people who compare the words can tell. */
static void two_descriptors_give_different_words(void **state)
{
    static const bool others[] = {false, true, true}, first[] = {true, false, false};
    struct forgery to_0 = {0}, to_12 = {0};

    (void)state;
    give_ids(&to_0);
    give_ids(&to_12);
    trio_join_all(&b);
    forge(&to_0, others, 40);
    forge(&to_12, first, 80);
    for (int i = 0; i < BED_NODES; i++) {
        struct cs_ctl_frame f = {.kind = CS_CMD_QUORUM_CANCEL};

        memcpy(f.u.quorum_cancel.quorum_id, trio_quorum_id, 16);
        (void)snprintf(f.u.quorum_cancel.reason, 8, "x");
        bed_cmd(&b, i, &f);
        trio_join(&b, i, i == 0 ? &to_0.ds : &to_12.ds);
    }
    forged_steps(&to_0);
    forged_steps(&to_12);
    assert_int_equal(strlen(words(0)), CS_WORDS_LEN - 1);
    assert_string_not_equal(words(0), words(1));
    assert_string_equal(words(1), words(2));
    cs_guard_free(to_0.id);
    cs_guard_free(to_12.id);
}

/* ---- calling off, confirming
 * ------------------------------------------------------------------ */

static void only_an_unfinished_join_can_be_called_off(void **state)
{
    struct cs_ctl_frame f = {.kind = CS_CMD_QUORUM_CANCEL};

    (void)state;
    memcpy(f.u.quorum_cancel.quorum_id, trio_quorum_id, 16);
    (void)snprintf(f.u.quorum_cancel.reason, 8, "no");
    trio_join_all(&b);
    bed_cmd(&b, 0, &f);
    assert_null(strstr(bed_ask(&b, 0, "{\"cmd\":\"status\"}"), "\"trio\""));
    trio_join_all(&b);
    finish_all();
    bed_cmd(&b, 0, &f);
    assert_non_null(strstr(bed_ask(&b, 0, "{\"cmd\":\"status\"}"), "\"trio\""));
}

static void an_operator_confirms_the_words(void **state)
{
    char ask[128];

    (void)state;
    trio_join_all(&b);
    finish_all();
    (void)bed_ask(&b, 0, "{\"cmd\":\"quorum.confirm\",\"words\":\"lusab-lusab\"}");
    assert_non_null(strstr(b.node[0].answer, "NOT_FOUND"));
    assert_int_equal(bed_count(&b, 0, CS_EVT_QUORUM_VERIFIED), 0);
    (void)snprintf(ask, sizeof ask, "{\"cmd\":\"quorum.confirm\",\"words\":\"%s\"}",
                   words(0));
    assert_non_null(strstr(bed_ask(&b, 0, ask), "\"ok\":true"));
    assert_int_equal(bed_count(&b, 0, CS_EVT_QUORUM_VERIFIED), 1);
    bed_restart(&b, 0);
    assert_non_null(
        strstr(bed_ask(&b, 0, "{\"cmd\":\"status\"}"), "\"operatorVerified\":true"));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, up, down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(all_see_the_same_words_and_they_survive),
        CASE(a_restart_between_any_two_steps_loses_nothing),
        CASE(repeated_commands_change_nothing),
        CASE(an_acceptance_is_signed_by_the_identity),
        CASE(bytes_that_are_no_descriptor_are_refused),
        CASE(a_set_with_another_key_of_mine_is_refused),
        CASE(a_set_with_another_opening_key_of_mine_is_refused),
        CASE(a_set_without_me_is_refused),
        CASE(only_two_of_n_without_approvers_and_policy_is_accepted),
        CASE(one_descriptor_makes_one_quorum),
        CASE(a_changed_descriptor_under_a_known_id_is_refused_and_the_first_stands),
        CASE(the_time_to_join_ends),
        CASE(late_commitments_and_openings_are_refused),
        CASE(places_of_expired_joins_are_given_away),
        CASE(strict_mode_takes_only_listed_fingerprints),
        CASE(strict_mode_holds_for_quorums_joined_before_it),
        CASE(my_own_other_commit),
        cmocka_unit_test(commitments_that_do_not_fit_are_refused),
        cmocka_unit_test(openings_that_do_not_fit_are_refused),
        CASE(two_descriptors_give_different_words),
        CASE(only_an_unfinished_join_can_be_called_off),
        CASE(an_operator_confirms_the_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
