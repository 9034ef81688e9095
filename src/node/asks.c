/* cs_node_ask: the questions of the local socket, asked in the process itself. */
#include "node/node_impl.h"
#include "node/observe.h"

enum { QUESTION_MAX = 64 << 10 };

static struct cs_node_ask *find(struct cs_node *n, uint64_t id)
{
    for (size_t i = 0; i < CS_NODE_ASKS_MAX; i++) {
        if (n->asks[i].id == id) {
            return &n->asks[i];
        }
    }
    return NULL;
}

/* On a copy: what reads a question with a secret wipes it. */
static void pass_on(struct cs_node *n, uint64_t id, struct cs_span question)
{
    struct cs_wr copy = {0};

    cs_wr_span(&copy, question);
    if (copy.err == CS_OK) {
        cs_host_question(n->keeper.host, CS_HOST_OWN_QUESTION | id, cs_wr_get(&copy));
    } else {
        cs_node_asks_answer(n, id,
                            CS_SPAN_LIT("{\"ok\":false,\"reason\":\"OUT_OF_MEMORY\","
                                        "\"text\":\"out of memory\"}"));
    }
    cs_wr_free(&copy);
}

/* It waits for the KMS or for space. */
static void answer_waiting(struct cs_node *n, uint64_t id, struct cs_span question)
{
    struct cs_wr w = {0};

    cs_node_waiting_question(n, &w, question);
    cs_node_asks_answer(n, id, cs_wr_get(&w));
    cs_wr_free(&w);
}

int cs_node_ask(cs_node *node, const char *question, size_t question_len,
                cs_node_answer_cb *answer, void *answer_ctx)
{
    const struct cs_log_target *before;
    struct cs_node_ask *a;

    if (node == NULL || question == NULL || question_len > QUESTION_MAX ||
        answer == NULL || !node->running || node->ending) {
        return cs_err_exit(CS_ERR_USAGE);
    }
    a = find(node, 0);
    if (a == NULL) {
        return cs_err_exit(CS_ERR_FULL);
    }
    *a = (struct cs_node_ask){
        .answer = answer, .ctx = answer_ctx, .id = ++node->last_ask};
    before = cs_node_enter(node);
    if (node->keeper.host != NULL) {
        pass_on(node, a->id, CS_SPAN(question, question_len));
    } else {
        answer_waiting(node, a->id, CS_SPAN(question, question_len));
    }
    if (node->keeper.host_closing) {
        cs_node_asks_end(node);
    }
    cs_node_leave(before);
    return 0;
}

void cs_node_asks_answer(struct cs_node *n, uint64_t id, struct cs_span json)
{
    struct cs_node_ask *a = find(n, id & ~CS_HOST_OWN_QUESTION);

    if (a != NULL && !a->answered) {
        a->answered = true;
        cs_mailbox_post(n->mailbox, CS_NODE_LETTER_ANSWER, a->id, json);
    }
}

void cs_node_asks_deliver(struct cs_node *n, uint64_t id, struct cs_span json)
{
    struct cs_node_ask *a = find(n, id), taken;

    CS_ASSERT(a != NULL);
    taken = *a;
    *a = (struct cs_node_ask){0}; /* free before the callback, which may ask again */
    taken.answer(taken.ctx, (const char *)json.p, json.n);
}

void cs_node_asks_end(struct cs_node *n)
{
    for (size_t i = 0; i < CS_NODE_ASKS_MAX; i++) {
        if (n->asks[i].id != 0) {
            cs_node_asks_answer(
                n, n->asks[i].id,
                CS_SPAN_LIT("{\"ok\":false,\"reason\":\"STATE\",\"text\":"
                            "\"the node is not working now: it waits "
                            "(see its status) or ends\"}"));
        }
    }
}
