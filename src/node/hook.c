#include "node/hook.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "node/node_impl.h"
#include "wire/control.h"

enum { HOOK_MS = CS_CTL_APPROVAL_MS, REASON_CAP = 256 };

struct cs_node_open {
    struct cs_node_open *next;
    uint64_t id, ask;
    uint64_t until; /* uv_now */
    bool asked;     /* the hook has it */
};

/* Where the one with that id hangs; *where is NULL when there is none. */
static struct cs_node_open **find(struct cs_node *n, uint64_t id)
{
    struct cs_node_open **at = &n->hook.open;

    while (*at != NULL && (*at)->id != id) {
        at = &(*at)->next;
    }
    return at;
}

static uint64_t take(struct cs_node_open **at)
{
    struct cs_node_open *o = *at;
    uint64_t ask = o->ask;

    *at = o->next;
    cs_free(o);
    return ask;
}

/* The core has refused these by itself. */
static void drop_late(struct cs_node *n)
{
    struct cs_node_open **at = &n->hook.open;

    while (*at != NULL) {
        if (uv_now(n->loop) >= (*at)->until) {
            (void)take(at);
        } else {
            at = &(*at)->next;
        }
    }
}

void cs_node_hook_ask(struct cs_node *n, uint64_t ask, struct cs_span json)
{
    struct cs_node_open *o = cs_alloc(sizeof *o);

    drop_late(n);
    CS_ASSERT(o != NULL);
    uv_update_time(n->loop);
    *o = (struct cs_node_open){.next = n->hook.open,
                               .id = ++n->hook.last_id,
                               .ask = ask,
                               .until = uv_now(n->loop) + HOOK_MS};
    n->hook.open = o;
    cs_mailbox_post(n->mailbox, CS_NODE_LETTER_HOOK, o->id, json);
}

/* At most REASON_CAP - 1 bytes; half a character at the cut, ours or that of the hook's
 * snprintf, is left out. */
static void copy_reason(char out[REASON_CAP], const char *reason)
{
    size_t n = strnlen(reason, REASON_CAP - 1);

    memcpy(out, reason, n);
    if (n == REASON_CAP - 1 && !cs_utf8_ok(CS_SPAN(out, n))) {
        while (n > 0 && ((unsigned char)out[n - 1] & 0xc0) == 0x80) {
            n--;
        }
        n -= n > 0 ? 1 : 0;
    }
    out[n] = '\0';
}

/* For a log: what an embedder hands over is text, or is not passed on. */
static void settle(struct cs_node *n, struct cs_node_open **at,
                   enum cs_node_decision decision, const char *reason)
{
    bool allow = decision == CS_NODE_ALLOW;
    char text[REASON_CAP] = "";

    if (!allow && reason != NULL) {
        copy_reason(text, reason);
        if (!cs_utf8_ok(CS_SPAN(text, strlen(text)))) {
            (void)snprintf(text, sizeof text, "(the reason is not UTF-8)");
        }
    }
    n->hook.done(n, take(at), allow ? CS_OK : CS_ERR_APPROVAL_REFUSED, text);
}

void cs_node_hook_deliver(struct cs_node *n, uint64_t id, struct cs_span json)
{
    struct cs_node_open **at = find(n, id);
    char reason[REASON_CAP] = "";
    enum cs_node_decision decision;

    if (*at == NULL) {
        return; /* who asked is gone */
    }
    (*at)->asked = true;
    decision = n->approve(n->approve_ctx, n, id, (const char *)json.p, json.n, reason,
                          sizeof reason);
    reason[sizeof reason - 1] = '\0';
    at = find(n, id); /* the callback may have changed the list */
    if (decision != CS_NODE_LATER && *at != NULL) {
        settle(n, at, decision, reason);
    }
}

int cs_node_verdict(cs_node *node, uint64_t id, enum cs_node_decision decision,
                    const char *reason)
{
    const struct cs_log_target *before;
    struct cs_node_open **at;

    if (node == NULL) {
        return cs_err_exit(CS_ERR_USAGE);
    }
    drop_late(node);
    at = find(node, id);
    if (*at == NULL || !(*at)->asked) {
        return cs_err_exit(CS_ERR_USAGE);
    }
    before = cs_node_enter(node);
    settle(node, at, decision, reason);
    cs_node_leave(before);
    return 0;
}

void cs_node_hook_end(struct cs_node *n)
{
    while (n->hook.open != NULL) {
        (void)take(&n->hook.open);
    }
}
