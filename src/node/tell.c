/* What the embedder hears: events, and the node's own log. */
#include <jansson.h>
#include <string.h>

#include "node/node_impl.h"
#include "wire/jsonx.h"

/* ---- events --------------------------------------------------------------------- */

void cs_node_tell(struct cs_node *n, const char *word, struct cs_span json)
{
    static const char oracle[] = "nonce"; /* public commitments, for the simulator */

    if (n->event != NULL && n->mailbox != NULL && strcmp(word, oracle) != 0) {
        cs_mailbox_event(n->mailbox, word, json);
    }
}

static void on_event(void *ctx, const char *word, struct cs_span json)
{
    struct cs_node *n = ctx;

    n->event(n->ctx, word, (const char *)json.p, json.n);
}

static void on_letter(void *ctx, int kind, uint64_t id, struct cs_span json)
{
    switch ((enum cs_node_letter)kind) {
    case CS_NODE_LETTER_ANSWER:
        cs_node_asks_deliver(ctx, id, json);
        break;
    case CS_NODE_LETTER_HOOK:
        cs_node_hook_deliver(ctx, id, json);
        break;
    case CS_NODE_LETTER_CALL:
        cs_approval_go(((struct cs_node *)ctx)->approval, id);
        break;
    }
}

const struct cs_mailbox_ops cs_node_mail = {.event = on_event, .letter = on_letter};

/* ---- log ------------------------------------------------------------------------ */

static void tell_error(struct cs_node *n, const char *module, const char *text)
{
    json_t *o = json_pack("{s:s,s:s}", "module", module, "text", text);
    struct cs_wr w = {0};

    if (o == NULL) { /* no memory, or a line that was cut inside a character */
        return;
    }
    cs_json_write(&w, o);
    if (w.err == CS_OK) {
        cs_node_tell(n, "error", cs_wr_get(&w));
    }
    json_decref(o);
    cs_wr_free(&w);
}

/* Any thread of the node; events only from the loop's: what fails on another is
 * reported there, and the loop says what it means. */
static void sink(void *ctx, enum cs_log_level level, const char *module,
                 const char *line)
{
    struct cs_node *n = ctx;
    char text[CS_NODE_LINE_CAP];

    cs_node_log_text(text, line);
    if (n->log != NULL && (enum cloudsign_log_level)level >= n->log_least) {
        n->log(n->ctx, (enum cloudsign_log_level)level, module, text);
    }
    if (level == CS_LOG_ERROR && pthread_equal(pthread_self(), n->thread) != 0) {
        tell_error(n, module, text);
    }
}

void cs_node_tell_init(struct cs_node *n)
{
    n->target.sink = sink;
    n->target.ctx = n;
    n->target.only = n->log != NULL;
    n->target.least = n->log != NULL && (enum cs_log_level)n->log_least < CS_LOG_ERROR
                          ? (enum cs_log_level)n->log_least
                          : CS_LOG_ERROR;
}

const struct cs_log_target *cs_node_enter(const struct cs_node *n)
{
    return cs_log_target_set(&n->target);
}

void cs_node_leave(const struct cs_log_target *before)
{
    (void)cs_log_target_set(before);
}
