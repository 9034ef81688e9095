/* The embedder's approval hook (cs_node_approve_cb) and its late answers.
 *
 * A question goes through the mailbox, so the hook is called outside of any step.  One
 * that is left open waits in a table until cs_node_verdict, or 30 s from when it came
 * up (the core refuses it then by itself).  Ids of the embedder count over all lives of
 * the core, so that an answer to an earlier life's question meets none of a later one.
 * Thread: loop. */
#ifndef CS_NODE_HOOK_H
#define CS_NODE_HOOK_H

#include "base/err.h"
#include "base/span.h"

struct cs_node;

struct cs_node_hook {
    struct cs_node_open *open; /* questions without an answer, newest first */
    uint64_t last_id;
    /* What the hook has said, once for each question and never from inside
     * cs_node_hook_ask: CS_OK allows, else the refusal; reason may be "". */
    void (*done)(struct cs_node *n, uint64_t ask, enum cs_err err, const char *reason);
};

void cs_node_hook_ask(struct cs_node *n, uint64_t ask, struct cs_span json);
/* The mailbox delivers it. */
void cs_node_hook_deliver(struct cs_node *n, uint64_t id, struct cs_span json);
/* Who asked is gone: nobody waits for an answer any more. */
void cs_node_hook_end(struct cs_node *n);

#endif
