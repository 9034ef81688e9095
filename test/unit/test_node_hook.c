/* The embedder's approval hook: what counts as an answer, once, and until when. */
#include "node/node_impl.h"
#include "support/lone_node.h"
#include "wire/control.h"

static struct {
    struct cs_node *n;
    enum cs_node_decision decision;
    const char *why;
    uint64_t id; /* of the last question */
    unsigned asked, done;
    bool answer_at_once;
    uint64_t ask;
    enum cs_err err;
    char reason[512];
} h;

static enum cs_node_decision on_approve(void *ctx, cs_node *node, uint64_t id,
                                        const char *json, size_t json_len, char *reason,
                                        size_t reason_cap)
{
    assert_ptr_equal(ctx, &h);
    assert_ptr_equal(node, h.n);
    assert_true(id != 0 && id != h.id);
    assert_string_equal(json, "{\"a\":1}");
    assert_int_equal(json_len, 7);
    assert_int_equal(reason[0], '\0');
    h.id = id;
    h.asked++;
    if (h.answer_at_once) {
        assert_int_equal(cs_node_verdict(node, id, CS_NODE_REFUSE, "at once"), 0);
    }
    if (h.why != NULL) {
        (void)snprintf(reason, reason_cap, "%s", h.why);
    }
    return h.decision;
}

static void on_done(struct cs_node *n, uint64_t ask, enum cs_err err,
                    const char *reason)
{
    assert_ptr_equal(n, h.n);
    h.ask = ask;
    h.err = err;
    (void)snprintf(h.reason, sizeof h.reason, "%s", reason);
    h.done++;
}

static int make_hook(void **state)
{
    int rc = make(state);

    memset(&h, 0, sizeof h);
    h.n = calloc(1, sizeof *h.n);
    if (rc != 0 || h.n == NULL) {
        return -1;
    }
    h.n->loop = &t.loop;
    h.n->approve = on_approve;
    h.n->approve_ctx = &h;
    h.n->hook.done = on_done;
    h.n->mailbox = cs_mailbox_new(&t.loop, &cs_node_mail, h.n);
    h.decision = CS_NODE_LATER;
    return 0;
}

static int drop_hook(void **state)
{
    cs_node_hook_end(h.n);
    cs_mailbox_drop(h.n->mailbox);
    (void)uv_run(&t.loop, UV_RUN_DEFAULT);
    free(h.n);
    return drop(state);
}

static void ask(uint64_t id)
{
    unsigned before = h.asked;

    cs_node_hook_ask(h.n, id, CS_SPAN_LIT("{\"a\":1}"));
    assert_int_equal(h.asked, before); /* never from inside */
    (void)uv_run(&t.loop, UV_RUN_NOWAIT);
    assert_int_equal(h.asked, before + 1);
}

static void expect(uint64_t ask_id, enum cs_err err, const char *reason)
{
    assert_int_equal(h.done, 1);
    assert_int_equal(h.ask, ask_id);
    assert_int_equal(h.err, err);
    assert_string_equal(h.reason, reason);
    h.done = 0;
}

static void an_answer_counts_once(void **state)
{
    (void)state;
    h.decision = CS_NODE_ALLOW;
    h.why = "not shown";
    ask(7);
    expect(7, CS_OK, "");
    assert_int_equal(cs_node_verdict(h.n, h.id, CS_NODE_REFUSE, NULL), 64);
    h.decision = CS_NODE_REFUSE;
    h.why = "no";
    ask(8);
    expect(8, CS_ERR_APPROVAL_REFUSED, "no");
    assert_int_equal(cs_node_verdict(h.n, h.id, CS_NODE_ALLOW, NULL), 64);
    assert_int_equal(h.done, 0);
}

static void what_is_no_decision_refuses(void **state)
{
    (void)state;
    h.decision = (enum cs_node_decision)3;
    ask(1);
    expect(1, CS_ERR_APPROVAL_REFUSED, "");
    h.decision = CS_NODE_LATER;
    ask(2);
    assert_int_equal(cs_node_verdict(h.n, h.id, CS_NODE_LATER, "later"), 0);
    expect(2, CS_ERR_APPROVAL_REFUSED, "later");
}

static void a_long_reason_is_cut_between_characters(void **state)
{
    char reason[300], want[256];

    (void)state;
    memset(want, 'x', 254);
    want[254] = '\0';
    (void)snprintf(reason, sizeof reason, "%s\xc3\xa9 and on", want);
    ask(1);
    assert_int_equal(cs_node_verdict(h.n, h.id, CS_NODE_REFUSE, reason), 0);
    expect(1, CS_ERR_APPROVAL_REFUSED, want);
    (void)snprintf(want + 253, sizeof want - 253, "\xc3\xa9"); /* just fits */
    (void)snprintf(reason, sizeof reason, "%s and on", want);
    ask(2);
    assert_int_equal(cs_node_verdict(h.n, h.id, CS_NODE_REFUSE, reason), 0);
    expect(2, CS_ERR_APPROVAL_REFUSED, want);
    memset(reason, 'x', 254);
    (void)snprintf(reason + 254, sizeof reason - 254, "\xe2\x82\xac");
    want[254] = '\0';
    h.decision = CS_NODE_REFUSE;
    h.why = reason; /* the hook's own snprintf cuts it */
    ask(3);
    expect(3, CS_ERR_APPROVAL_REFUSED, memset(want, 'x', 254));
}

static void a_question_may_stay_open(void **state)
{
    uint64_t first;

    (void)state;
    ask(3);
    first = h.id;
    ask(4);
    assert_int_equal(h.done, 0);
    assert_int_equal(cs_node_verdict(h.n, first, CS_NODE_ALLOW, NULL), 0);
    expect(3, CS_OK, "");
    assert_int_equal(cs_node_verdict(h.n, first, CS_NODE_ALLOW, NULL), 64);
    assert_int_equal(cs_node_verdict(h.n, h.id, CS_NODE_REFUSE, NULL), 0);
    expect(4, CS_ERR_APPROVAL_REFUSED, "");
    assert_int_equal(cs_node_verdict(h.n, 12345, CS_NODE_ALLOW, NULL), 64);
    assert_int_equal(cs_node_verdict(h.n, 0, CS_NODE_ALLOW, NULL), 64);
    assert_int_equal(cs_node_verdict(NULL, 1, CS_NODE_ALLOW, NULL), 64);
}

static void what_the_hook_was_not_asked_yet_cannot_be_answered(void **state)
{
    (void)state;
    cs_node_hook_ask(h.n, 5, CS_SPAN_LIT("{\"a\":1}"));
    assert_int_equal(cs_node_verdict(h.n, 1, CS_NODE_ALLOW, NULL), 64); /* its id */
    (void)uv_run(&t.loop, UV_RUN_NOWAIT);
    assert_int_equal(h.id, 1);
    assert_int_equal(cs_node_verdict(h.n, 1, CS_NODE_ALLOW, NULL), 0);
    expect(5, CS_OK, "");
}

static void the_first_word_counts(void **state)
{
    (void)state;
    h.answer_at_once = true;
    h.decision = CS_NODE_ALLOW;
    ask(6);
    expect(6, CS_ERR_APPROVAL_REFUSED, "at once");
}

static void an_answer_after_30_s_is_none(void **state)
{
    uint64_t early;

    (void)state;
    ask(1);
    early = h.id;
    t.loop.time += CS_CTL_APPROVAL_MS - 1000; /* as if that time had passed */
    assert_int_equal(cs_node_verdict(h.n, early, CS_NODE_ALLOW, NULL), 0);
    expect(1, CS_OK, "");
    ask(2);
    t.loop.time += CS_CTL_APPROVAL_MS;
    assert_int_equal(cs_node_verdict(h.n, h.id, CS_NODE_ALLOW, NULL), 64);
    assert_int_equal(h.done, 0);
}

static void nobody_waits_when_the_core_is_gone(void **state)
{
    (void)state;
    ask(1);
    cs_node_hook_ask(h.n, 2, CS_SPAN_LIT("{\"a\":1}"));
    cs_node_hook_end(h.n);
    assert_int_equal(cs_node_verdict(h.n, h.id, CS_NODE_ALLOW, NULL), 64);
    (void)uv_run(&t.loop, UV_RUN_NOWAIT);
    assert_int_equal(h.asked, 1); /* the second one is not asked any more */
    assert_int_equal(h.done, 0);
}

static void a_reason_is_cut_and_must_be_text(void **state)
{
    char reason[400];

    (void)state;
    memset(reason, 'x', sizeof reason - 1);
    reason[sizeof reason - 1] = '\0';
    ask(1);
    assert_int_equal(cs_node_verdict(h.n, h.id, CS_NODE_REFUSE, reason), 0);
    assert_int_equal(strlen(h.reason), 255);
    expect(1, CS_ERR_APPROVAL_REFUSED, h.reason);
    ask(2);
    assert_int_equal(cs_node_verdict(h.n, h.id, CS_NODE_REFUSE, "\xff"), 0);
    expect(2, CS_ERR_APPROVAL_REFUSED, "(the reason is not UTF-8)");
    h.decision = CS_NODE_REFUSE;
    h.why = reason;
    ask(3);
    assert_int_equal(strlen(h.reason), 255);
    expect(3, CS_ERR_APPROVAL_REFUSED, h.reason);
}

#define HOOK(f) cmocka_unit_test_setup_teardown(f, make_hook, drop_hook)

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOOK(an_answer_counts_once),
        HOOK(what_is_no_decision_refuses),
        HOOK(a_long_reason_is_cut_between_characters),
        HOOK(a_question_may_stay_open),
        HOOK(what_the_hook_was_not_asked_yet_cannot_be_answered),
        HOOK(the_first_word_counts),
        HOOK(an_answer_after_30_s_is_none),
        HOOK(nobody_waits_when_the_core_is_gone),
        HOOK(a_reason_is_cut_and_must_be_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
