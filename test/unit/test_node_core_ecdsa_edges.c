/* ECDSA sessions where one thing is named as another: a check signature that is called
 * off, or asked for as a request; a session that is over and is ended once more. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include "node/core/ecdsa.h"
#include "support/node_ecdsa.h"
#include "support/node_ot.h"

enum { KIND_AT = 32 + 16 + 32 }; /* in SES_OPEN */

static struct bed b;
static struct cs_wr open_body; /* the last SES_OPEN of node 0 to node 1, or 1 to 0 */
static struct cs_message open_m;
static size_t aborts, answers; /* what its receiver said */

static bool is_between(const struct lie *l, int from, int to)
{
    return l->from == from && l->to == to;
}

static bool keep_open(struct lie *l, int from, int to)
{
    if (is_between(l, from, to) && lie_is(l, CS_PROTO_ECDSA, CS_TYPE_OPEN)) {
        cs_wr_reset(&open_body);
        cs_wr_span(&open_body, cs_wr_get(&l->priv));
        open_m = l->m;
    }
    aborts += is_between(l, to, from) && lie_is(l, CS_PROTO_CONTROL, CS_TYPE_ABORT);
    answers += is_between(l, to, from) && l->m.proto == CS_PROTO_ECDSA;
    return true;
}

/* Sessions are opened, and no more is heard of them. */
static bool only_open(struct lie *l)
{
    (void)keep_open(l, 0, 1);
    return l->m.proto != CS_PROTO_ECDSA || l->m.type == CS_TYPE_OPEN;
}

static bool listen_to_1(struct lie *l)
{
    return keep_open(l, 1, 0);
}

static void reset(lie_fn *fn)
{
    cs_wr_reset(&open_body);
    aborts = answers = 0;
    liar = fn;
    b.carry = lie_carry;
}

/* A new key whose check signatures are under way. */
static int up_in_checks(void **state)
{
    struct cs_ctl_frame f;

    (void)state;
    trio_up(&b);
    reset(only_open);
    ec_key_frame(&b, &f, 1, "ETHEREUM");
    trio_to_all(&b, &f);
    for (int s = 0; s < 60 && open_body.n == 0; s++) {
        bed_advance(&b, 1000);
    }
    assert_true(open_body.n != 0);
    return 0;
}

static int up(void **state)
{
    (void)state;
    ec_up(&b, "ETHEREUM");
    reset(listen_to_1);
    return 0;
}

static int down(void **state)
{
    (void)state;
    bed_free(&b);
    cs_wr_free(&open_body);
    return 0;
}

static struct work *check_of(int node)
{
    for (struct work *w = b.node[node].core->works; w != NULL; w = w->next) {
        if (w->kind == WORK_CHECK && w->signers[0] == 1 && w->signers[1] == 2) {
            return w;
        }
    }
    fail_msg("node %d checks nothing", node);
    return NULL;
}

static uint32_t blames(int node, int peer)
{
    return b.node[node].core->quorums[0]->peers[peer + 1].rec.blames;
}

static void the_checks_come_to_their_end(void)
{
    liar = NULL;
    bed_advance(&b, 60000);
    for (int i = 0; i < BED_NODES; i++) {
        assert_int_equal(bed_count(&b, i, CS_EVT_KEY_CHECKED), 2 - i);
    }
}

/* No command began it, so none ends it: its id can be worked out from the certificate,
 * and the platform would keep a key from being proven. */
static void a_check_signature_cannot_be_called_off(void **state)
{
    struct cs_ctl_frame f = {.kind = CS_CMD_REQUEST_CANCEL};
    const struct cs_node_core *n = b.node[0].core;
    const struct work *w = check_of(0);
    uint64_t serial = w->serial, failed = n->counters.sessions_failed;

    (void)state;
    memcpy(f.u.request_cancel.request_id, w->req.request_id, 16);
    (void)snprintf(f.u.request_cancel.reason, 8, "no");
    bed_cmd(&b, 0, &f);
    assert_non_null(cs_nd_work_by_serial(n, serial));
    assert_int_equal(n->counters.sessions_failed, failed);
    the_checks_come_to_their_end();
}

/* Its id in a session that says it signs a request: like any id that is not known. */
static void a_check_is_no_request_whatever_a_session_calls_it(void **state)
{
    uint64_t serial = check_of(1)->serial;

    (void)state;
    aborts = 0;
    open_m.sid[0] ^= 1;
    open_body.p[KIND_AT] = CS_REQUEST_SIGN_RAW;
    open_m.priv = cs_wr_get(&open_body);
    open_m.broadcast = (struct cs_span){0};
    open_m.bsig = NULL;
    lie_say(&b, 0, 1, &open_m);
    assert_int_equal(aborts, 0);
    assert_int_equal(blames(1, 0), 0);
    assert_non_null(cs_nd_work_by_serial(b.node[1].core, serial));
    the_checks_come_to_their_end();
}

/* Of the session that node 1 opened. */
static void say_abort_to_0(void)
{
    struct cs_message m = {.proto = CS_PROTO_CONTROL, .type = CS_TYPE_ABORT};
    struct cs_wr body = {0};

    memcpy(m.sid, open_m.sid, sizeof m.sid);
    memcpy(m.key_id, open_m.key_id, sizeof m.key_id);
    m.key_epoch = open_m.key_epoch;
    cs_abort_encode(&body, m.sid, CS_ERR_TIMEOUT);
    m.priv = cs_wr_get(&body);
    lie_say(&b, 1, 0, &m);
    cs_wr_free(&body);
}

/* The responder has done its part and keeps it for repeats: there is nothing to end,
 * and nobody to blame. */
static void an_abort_after_the_end_of_a_session_is_dropped(void **state)
{
    const struct cs_node_core *n = b.node[0].core;
    uint64_t dropped;

    (void)state;
    ec_sign(&b, 1, 1, 2, 2);
    assert_int_equal(bed_count(&b, 1, CS_EVT_SIGN_DONE), 1);
    assert_non_null(n->ecdsa);
    dropped = n->counters.messages_dropped;
    say_abort_to_0();
    assert_int_equal(n->counters.messages_dropped, dropped + 1);
    assert_non_null(n->ecdsa);
    answers = 0;
    open_m.priv = cs_wr_get(&open_body);
    open_m.broadcast = (struct cs_span){0};
    open_m.bsig = NULL;
    lie_say(&b, 1, 0, &open_m); /* a repeat is still answered */
    assert_true(answers > 0);
    assert_int_equal(blames(0, 1), 0);
}

/* ---- repeats --------------------------------------------------------------------- */

static size_t said[CS_TYPE_SIG_R3 + 1]; /* by node 1, to node 0 */

static bool lose_r3(struct lie *l)
{
    if (l->m.proto == CS_PROTO_ECDSA && is_between(l, 1, 0)) {
        said[l->m.type]++;
    }
    return !lie_is(l, CS_PROTO_ECDSA, CS_TYPE_SIG_R3);
}

/* 53 KB are not sent again to a peer that shows it has them. */
static void only_what_may_be_missing_is_sent_again(void **state)
{
    (void)state;
    memset(said, 0, sizeof said);
    liar = lose_r3;
    ec_sign(&b, 1, 1, 2, 2);
    assert_int_equal(said[CS_TYPE_SIG_R2], 1);
    bed_advance(&b, 1500);
    assert_int_equal(said[CS_TYPE_SIG_R2], 2);
    assert_int_equal(said[CS_TYPE_SIG_R1], 1);
    assert_int_equal(said[CS_TYPE_OPEN], 1);
    liar = NULL;
    bed_advance(&b, 3000);
    assert_int_equal(bed_count(&b, 1, CS_EVT_SIGN_DONE), 1);
}

/* What is kept for repeats goes with its link, and no failure is made of that. */
static void a_link_that_ends_after_a_signature_fails_nothing(void **state)
{
    size_t from;

    (void)state;
    ec_sign(&b, 1, 1, 2, 2);
    assert_non_null(b.node[0].core->ecdsa);
    from = b.said.n;
    bed_restart(&b, 1);
    bed_advance(&b, 5000);
    assert_null(b.node[0].core->ecdsa);
    assert_int_equal(ot_said(&b, from, "ECDSA session"), 0);
}

/* ---- a node that ends ------------------------------------------------------------ */

static enum cs_ot_state half_of_0(uint8_t alice)
{
    const struct cs_ot_pair *p = b.node[0].core->quorums[0]->peers[2].ot;

    return p == NULL ? CS_OT_NONE : cs_ot_pair_half(p, alice);
}

/* Node 1 comes back while node 0 only waits for what it does with node 2. */
static void a_draining_node_begins_and_joins_no_setup(void **state)
{
    (void)state;
    liar = NULL;
    b.node[0].hold_jobs = true;
    ec_sign(&b, 1, 1, 3, 1);
    (void)bed_put(&b, 0, CS_EV_STOP);
    bed_run(&b);
    bed_restart(&b, 1);
    bed_advance(&b, 4000); /* it waits for 5 s */
    assert_false(b.node[0].exited);
    assert_true(cs_nd_link_live(b.node[0].core->quorums[0], 2));
    assert_int_equal(half_of_0(1), CS_OT_NONE);
    assert_int_equal(half_of_0(2), CS_OT_NONE);
    bed_release_jobs(&b.node[0]);
    assert_int_equal(bed_count(&b, 0, CS_EVT_SIGN_DONE), 1); /* what ran, ends well */
}

/* The work stays for its attempt's sake, but nothing of it runs. */
static void a_session_that_failed_does_not_hold_the_end_up(void **state)
{
    (void)state;
    b.node[0].hold_jobs = true;
    ec_sign(&b, 1, 1, 2, 2);
    say_abort_to_0();
    assert_non_null(b.node[0].core->works);
    (void)bed_put(&b, 0, CS_EV_STOP);
    bed_run(&b);
    assert_true(b.node[0].exited);
    bed_release_jobs(&b.node[0]);
}

#define CASE(name, start) cmocka_unit_test_setup_teardown(name, start, down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_check_signature_cannot_be_called_off, up_in_checks),
        CASE(a_check_is_no_request_whatever_a_session_calls_it, up_in_checks),
        CASE(an_abort_after_the_end_of_a_session_is_dropped, up),
        CASE(only_what_may_be_missing_is_sent_again, up),
        CASE(a_link_that_ends_after_a_signature_fails_nothing, up),
        CASE(a_draining_node_begins_and_joins_no_setup, up),
        CASE(a_session_that_failed_does_not_hold_the_end_up, up),
    };

    cmocka_set_test_filter(getenv("CASE"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
