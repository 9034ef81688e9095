/* The end of a life and the questions on the local socket (node_core.h; RELIABILITY
 * F18, T23, T24). */
#include "node/core/core.h"
#include "support/node_trio.h"

static struct bed b;
static struct bed_node *const a = &b.node[0];

static int up(void **state)
{
    (void)state;
    trio_up(&b);
    return 0;
}

static int up_with_key(void **state)
{
    (void)state;
    trio_up(&b);
    trio_key(&b);
    return 0;
}

static int down(void **state)
{
    (void)state;
    bed_free(&b);
    return 0;
}

static void stop(int i)
{
    (void)bed_put(&b, i, CS_EV_STOP);
    bed_run(&b);
}

/* ---- STOP
 * ------------------------------------------------------------------------------ */

static void an_idle_node_stops_at_once(void **state)
{
    (void)state;
    stop(0);
    assert_true(a->exited);
    assert_int_equal(a->exit_err, CS_OK);
    assert_int_equal(a->control, 0);
    assert_int_equal(a->relay, 0);
}

static void what_runs_is_finished_first(void **state)
{
    (void)state;
    a->hold_jobs = true;
    trio_sign(&b, 1, 1, 2, 1);
    stop(0);
    assert_false(a->exited);
    assert_string_equal(a->state, "DRAINING");
    bed_release_jobs(a);
    assert_true(a->exited);
    assert_int_equal(a->exit_err, CS_OK);
    trio_check_done(&b, 0, 1);
}

static void after_five_seconds_it_stops_whatever_runs(void **state)
{
    (void)state;
    a->hold_jobs = true; /* a worker that never comes back */
    trio_sign(&b, 1, 1, 2, 1);
    stop(0);
    bed_advance(&b, 4990);
    assert_false(a->exited);
    bed_advance(&b, 20);
    assert_true(a->exited);
    assert_int_equal(a->exit_err, CS_OK);
}

static void a_draining_node_takes_nothing_new_and_does_not_knock(void **state)
{
    struct cs_ctl_frame f;
    size_t connects;

    (void)state;
    a->hold_jobs = true;
    trio_sign(&b, 1, 1, 2, 1);
    stop(0);
    trio_sign_frame(&b, &f, 2, 1, 3, 1);
    bed_cmd(&b, 0, &f);
    BED_FAILED(&b, 0, CS_EVT_SIGN_FAILED, "LIMIT");
    trio_key_frame(&b, &f, 2);
    bed_cmd(&b, 0, &f);
    BED_FAILED(&b, 0, CS_EVT_KEY_FAILED, "LIMIT");
    connects = a->n_connects;
    bed_cut(&b, 0, CS_CHANNEL_CONTROL);
    bed_advance(&b, 4000);
    assert_int_equal(a->n_connects, connects);
    assert_false(a->exited);
}

static void a_draining_responder_answers_nothing_new(void **state)
{
    struct cs_ctl_frame f;

    (void)state;
    b.node[1].hold_jobs = true;
    trio_sign(&b, 1, 1, 2, 1); /* node 1 is at work for node 0 */
    trio_sign_frame(&b, &f, 2, 2, 3, 3);
    bed_cmd(&b, 1, &(struct cs_ctl_frame){.kind = f.kind, .u = f.u});
    stop(1);
    bed_cmd(&b, 2, &f); /* asks now */
    bed_advance(&b, 2000);
    assert_int_equal(bed_count(&b, 2, CS_EVT_SIGN_DONE), 0);
    assert_int_equal(b.node[1].n_jobs, 1); /* nor has it begun to */
    bed_release_jobs(&b.node[1]);
    assert_int_equal(bed_count(&b, 0, CS_EVT_SIGN_DONE), 1);
    assert_true(b.node[1].exited);
}

static void nothing_happens_after_the_end(void **state)
{
    size_t sends;

    (void)state;
    stop(0);
    sends = a->n_sends;
    bed_advance(&b, 120000);
    trio_sign(&b, 1, 1, 2, 1);
    stop(0);
    assert_int_equal(a->n_sends, sends);
    assert_int_equal(a->deadline, UINT64_MAX);
}

/* ---- a table that is full
 * ------------------------------------------------------------------ */

/* As many open requests as the platform likes do not end a node, or stop its keys. */
static void a_full_table_of_requests_refuses_and_goes_on(void **state)
{
    struct cs_ctl_frame f;

    (void)state;
    bed_kill(&b, 1); /* so that they stay open */
    for (unsigned k = 0; k < 1100; k++) {
        trio_sign_frame(&b, &f, (uint8_t)k, 1, 2, 1);
        f.u.sign.request_id[0] = (uint8_t)(k >> 8);
        bed_cmd(&b, 0, &f);
    }
    BED_FAILED(&b, 0, CS_EVT_SIGN_FAILED, "LIMIT");
    assert_int_equal(bed_count(&b, 0, CS_EVT_SIGN_FAILED), 1100 - 1024);
    assert_false(a->exited);
    bed_advance(&b, 20000);
    assert_int_equal(bed_count(&b, 0, CS_EVT_SIGN_FAILED), 1100);
    trio_sign(&b, 1, 1, 3, 1);
    bed_advance(&b, 3000);
    trio_check_done(&b, 0, 1);
}

/* ---- a disk that fails
 * -------------------------------------------------------------------- */

static void ends_with(enum cs_err err)
{
    struct cs_ctl_frame f;
    size_t acked, evts, sends;

    assert_int_equal(up(NULL), 0);
    a->commit_err = err;
    acked = a->n_acked;
    evts = a->n_evt;
    sends = a->n_sends;
    trio_key_frame(&b, &f, 1);
    bed_cmd(&b, 0, &f);
    assert_true(a->exited);
    assert_int_equal(a->exit_err, err);
    assert_int_equal(a->n_acked, acked); /* nothing of it was sent */
    assert_int_equal(a->n_evt, evts);
    assert_int_equal(a->n_sends, sends);
    a->commit_err = CS_OK;
    bed_restart(&b, 0);
    bed_cmd(&b, 0, &f); /* the platform sends it again */
    assert_int_equal(a->n_acked, acked + 1);
    bed_free(&b);
}

static void a_failed_commit_ends_the_life_and_sends_nothing(void **state)
{
    (void)state;
    ends_with(CS_ERR_STORE_IO);
    ends_with(CS_ERR_STORE_FULL);
    assert_int_equal(cs_err_exit(CS_ERR_STORE_IO), 74);
}

static void no_signature_is_released_when_its_result_is_not_stored(void **state)
{
    size_t done = 0;

    (void)state;
    a->hold_jobs = true;
    trio_sign(&b, 1, 1, 2, 1);
    a->commit_err = CS_ERR_STORE_IO;
    bed_release_jobs(a);
    assert_true(a->exited);
    done = bed_count(&b, 0, CS_EVT_SIGN_DONE);
    assert_int_equal(done, 0);
}

/* ---- questions
 * -------------------------------------------------------------------------------- */

static void ask(const char *json, const char *part)
{
    const char *answer = bed_ask(&b, 0, json);
    json_t *o = json_loads(answer, 0, NULL);

    if (o == NULL || strstr(answer, part) == NULL) {
        fail_msg("%s -> %s: not JSON, or without %s", json, answer, part);
    }
    assert_null(strchr(answer, '\n'));
    json_decref(o);
}

static void the_status_is_one_json_object(void **state)
{
    static const char *const members[] = {"version",
                                          "deviceId",
                                          "state",
                                          "pairing",
                                          "fingerprint",
                                          "words",
                                          "control",
                                          "relay",
                                          "lastError",
                                          "bootCounter",
                                          "sessions",
                                          "journalSeq",
                                          "journalHead",
                                          "uptimeMs",
                                          "platformUrl",
                                          "keys",
                                          "counters",
                                          "quorums",
                                          "unacknowledgedEvents",
                                          "relayUrl",
                                          "controlSince",
                                          "relaySince",
                                          "relayError",
                                          "clockSkewMs",
                                          "clockSeen",
                                          "approval",
                                          "enabled",
                                          "blindSigning",
                                          "signatures",
                                          "backup",
                                          "audit",
                                          "approver"};
    json_t *o;

    (void)state;
    o = json_loads(bed_ask(&b, 0, "{\"cmd\":\"status\"}"), 0, NULL);
    assert_non_null(o);
    for (size_t i = 0; i < CS_COUNTOF(members); i++) {
        if (json_object_get(o, members[i]) == NULL) {
            fail_msg("status has no %s", members[i]);
        }
    }
    assert_int_equal(json_object_size(o), CS_COUNTOF(members));
    json_decref(o);
    ask("{\"cmd\":\"status\"}", "\"state\":\"READY\"");
}

static void questions_that_make_no_sense_are_refused_with_the_field(void **state)
{
    static char big[5000];

    (void)state;
    ask("hello", "\"ok\":false");
    ask("[]", "\"ok\":false");
    ask("{}", "cmd");
    ask("{\"cmd\":7}", "cmd");
    ask("{\"cmd\":\"rm -rf\"}", "cmd is not known");
    ask("{\"cmd\":\"quorum.confirm\"}", "words");
    ask("{\"cmd\":\"peer.release\"}", "quorumId");
    ask("{\"cmd\":\"peer.release\",\"quorumId\":\"x\",\"index\":1}", "quorumId");
    ask("{\"cmd\":\"peer.accept\",\"quorumId\":"
        "\"71756f72-756d-2d74-7269-6f2d30303031\",\"index\":8}",
        "index");
    ask("{\"cmd\":\"peer.accept\",\"quorumId\":"
        "\"00000000-0000-4000-8000-000000000000\",\"index\":2}",
        "NOT_FOUND");
    ask("{\"cmd\":\"peer.accept\",\"quorumId\":" /* itself */
        "\"71756f72-756d-2d74-7269-6f2d30303031\",\"index\":1}",
        "NOT_FOUND");
    ask("{\"cmd\":\"peer.accept\",\"quorumId\":"
        "\"71756f72-756d-2d74-7269-6f2d30303031\",\"index\":5}",
        "NOT_FOUND");
    ask("{\"cmd\":\"key.giveup\"}", "keyId");
    ask("{\"cmd\":\"key.giveup\",\"keyId\":\"00000000-0000-4000-8000-000000000000\"}",
        "NOT_FOUND");
    memset(big, ' ', sizeof big - 1);
    ask(big, "\"ok\":false");
}

/* ---- a restored volume (T8, T9)
 * ------------------------------------------------------------------ */

static void a_rolled_back_volume_is_fenced_until_an_operator_accepts(void **state)
{
    static const char accept[] =
        "{\"cmd\":\"peer.accept\",\"quorumId\":"
        "\"71756f72-756d-2d74-7269-6f2d30303031\",\"index\":2}";
    struct cs_kv *old = cs_kv_mem_clone(b.node[1].kv);

    (void)state;
    ask(accept, "STATE"); /* too early: it would be refused all the same later */
    for (int k = 0; k < 3; k++) {
        bed_restart(&b, 1);
    }
    trio_sign(&b, 1, 1, 2, 1);
    bed_advance(&b, 10000);
    bed_kill(&b, 1);
    b.node[1].kv->ops->close(b.node[1].kv);
    b.node[1].kv = old;
    bed_start(&b, 1);
    bed_advance(&b, 20000);
    ask("{\"cmd\":\"status\"}", "FENCED");
    trio_sign(&b, 2, 1, 2, 1);
    bed_advance(&b, 20000);
    assert_null(bed_evt(&b, 0, CS_EVT_SIGN_DONE, 2));
    trio_sign(&b, 3, 1, 3, 1); /* the others go on */
    bed_advance(&b, 5000);
    trio_check_done(&b, 0, bed_count(&b, 0, CS_EVT_SIGN_DONE));
    bed_restart(&b, 0); /* the fence is durable */
    bed_advance(&b, 20000);
    ask("{\"cmd\":\"status\"}", "FENCED");
    ask(accept, "\"ok\":true");
    bed_advance(&b, 60000);
    assert_null(strstr(bed_ask(&b, 0, "{\"cmd\":\"status\"}"), "FENCED"));
}

static void put_volume(struct cs_kv *kv)
{
    bed_kill(&b, 1);
    b.node[1].kv->ops->close(b.node[1].kv);
    b.node[1].kv = kv;
}

/* Node 0 meets node 1 with this store and refuses it. */
static void expect_refused(struct cs_kv *kv, bool restored)
{
    put_volume(kv);
    if (restored) {
        bed_restored(&b, 1);
    }
    bed_start(&b, 1);
    bed_advance(&b, 20000);
    ask("{\"cmd\":\"status\"}", "FENCED");
}

static void accept_it(void)
{
    ask("{\"cmd\":\"peer.accept\",\"quorumId\":"
        "\"71756f72-756d-2d74-7269-6f2d30303031\",\"index\":2}",
        "\"ok\":true");
    bed_advance(&b, 60000);
    assert_null(strstr(bed_ask(&b, 0, "{\"cmd\":\"status\"}"), "FENCED"));
}

static void a_restored_node_and_its_old_instance_shut_each_other_out(void **state)
{
    struct cs_kv *backup = cs_kv_mem_clone(b.node[1].kv), *old, *later;

    (void)state;
    for (int k = 0; k < 5; k++) { /* so the old one has more starts .. */
        bed_restart(&b, 1);
    }
    trio_sign(&b, 1, 1, 2, 1); /* .. and the longer journal */
    bed_advance(&b, 10000);
    old = cs_kv_mem_clone(b.node[1].kv);
    expect_refused(backup, true);
    accept_it();
    bed_restart(&b, 1); /* an ordinary start goes on */
    bed_advance(&b, 20000);
    assert_null(strstr(bed_ask(&b, 0, "{\"cmd\":\"status\"}"), "FENCED"));
    later = cs_kv_mem_clone(b.node[1].kv);
    expect_refused(old, false);
    put_volume(cs_kv_mem_clone(later));
    bed_start(&b, 1);
    accept_it();
    old = cs_kv_mem_clone(b.node[1].kv);
    expect_refused(later, true); /* another restore, though in the same minute */
    accept_it();
    expect_refused(old, false);
}

/* A record of an open request, as this and other versions of the node write it. */
static void put_record(uint8_t version)
{
    struct cs_node_core *n = b.node[0].core;
    struct cs_request req = {.kind = CS_REQUEST_SIGN_PLAINTEXT,
                             .request_id = "signing-req-0009",
                             .key_id = "key-trio-0000001",
                             .curve = CS_CURVE_ED25519,
                             .scheme = CS_SCHEME_FROST_ED25519,
                             .blockchain = "SOLANA",
                             .payload_hash = {1},
                             .messages_hash = {1},
                             .expires_ms = BED_WALL};
    struct cs_wr out = {0}, enc = {0};

    cs_request_encode(&enc, &req);
    cs_wr_u8(&out, version);
    cs_wr_u8(&out, WORK_SIGN);
    cs_wr_bytes(&out, trio_quorum_id, 16);
    cs_wr_lp(&out, cs_wr_get(&enc));
    cs_wr_lp(&out, CS_SPAN(NULL, 0));
    cs_wr_u32(&out, 1);
    cs_wr_u8(&out, 1);
    cs_wr_u8(&out, 0);
    cs_wr_lp(&out, CS_SPAN_LIT("\1\2"));
    if (version == 1) {
        cs_wr_lp(&out, CS_SPAN_LIT("the message"));
    }
    cs_nd_put(n, TABLE_WORK, CS_SPAN_OF(req.request_id), cs_wr_get(&out));
    cs_wr_free(&out);
    cs_wr_free(&enc);
    bed_advance(&b, 20000); /* some step takes it along */
}

static void an_open_request_of_the_version_before_is_reported_and_gone(void **state)
{
    (void)state;
    for (uint8_t version = 1; version <= 2; version++) {
        put_record(version);
        bed_restart(&b, 0);
        assert_int_equal(bed_count(&b, 0, CS_EVT_SIGN_FAILED), version);
        BED_FAILED(&b, 0, CS_EVT_SIGN_FAILED, "PEER_ABORTED");
        assert_int_equal(b.node[0].core->n_works, 0);
        bed_restart(&b, 0);
        assert_int_equal(bed_count(&b, 0, CS_EVT_SIGN_FAILED), version);
    }
}

static void an_open_request_of_a_later_version_stops_the_start(void **state)
{
    struct cs_why why;

    (void)state;
    put_record(3);
    bed_kill(&b, 0);
    assert_int_equal(bed_try_start(&b, 0, &why), CS_ERR_STORE_CORRUPT);
}

#define CASE(name)     cmocka_unit_test_setup_teardown(name, up, down)
#define WITH_KEY(name) cmocka_unit_test_setup_teardown(name, up_with_key, down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(an_idle_node_stops_at_once),
        WITH_KEY(what_runs_is_finished_first),
        WITH_KEY(after_five_seconds_it_stops_whatever_runs),
        WITH_KEY(a_draining_node_takes_nothing_new_and_does_not_knock),
        WITH_KEY(a_draining_responder_answers_nothing_new),
        WITH_KEY(nothing_happens_after_the_end),
        WITH_KEY(a_full_table_of_requests_refuses_and_goes_on),
        CASE(an_open_request_of_the_version_before_is_reported_and_gone),
        CASE(an_open_request_of_a_later_version_stops_the_start),
        cmocka_unit_test(a_failed_commit_ends_the_life_and_sends_nothing),
        WITH_KEY(no_signature_is_released_when_its_result_is_not_stored),
        CASE(the_status_is_one_json_object),
        CASE(questions_that_make_no_sense_are_refused_with_the_field),
        WITH_KEY(a_rolled_back_volume_is_fenced_until_an_operator_accepts),
        WITH_KEY(a_restored_node_and_its_old_instance_shut_each_other_out),
    };

    cmocka_set_test_filter(getenv("CASE"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
