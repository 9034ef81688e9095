/* Calls to the embedder, one after the other, from the loop and never from inside a
 * step of a core or a function of cs_node.h: so its callbacks may call anything.
 *
 * Letters are copied, kept in order, and delivered in the next turn of the loop. Events
 * are bounded: what is more than CS_MAILBOX_EVENTS_MAX waits is dropped and counted,
 * and told as the event "lost" {"count"}.  Answers and questions are bounded by their
 * askers and never dropped.  Out of memory counts as dropped, or ends the process for
 * the others (cs_fatal), as with actions.  Thread: loop. */
#ifndef CS_NODE_MAILBOX_H
#define CS_NODE_MAILBOX_H

#include <uv.h>

#include "base/span.h"

enum { CS_MAILBOX_EVENTS_MAX = 1024 };

struct cs_mailbox;

struct cs_mailbox_ops {
    /* word and json end with a NUL and are borrowed. */
    void (*event)(void *ctx, const char *word, struct cs_span json);
    /* The same for what was posted with an id. */
    void (*letter)(void *ctx, int kind, uint64_t id, struct cs_span json);
};

/* NULL: no memory. */
struct cs_mailbox *cs_mailbox_new(uv_loop_t *loop, const struct cs_mailbox_ops *ops,
                                  void *ctx);
void cs_mailbox_event(struct cs_mailbox *m, const char *word, struct cs_span json);
void cs_mailbox_post(struct cs_mailbox *m, int kind, uint64_t id, struct cs_span json);
/* Without delivering, for a start that failed: m goes in a later turn of the loop. */
void cs_mailbox_drop(struct cs_mailbox *m);
/* What waits is delivered in a later turn of the loop, then closed(ctx), and m is gone.
 * Posting while it closes does nothing. */
void cs_mailbox_close(struct cs_mailbox *m, void (*closed)(void *ctx), void *ctx);

#endif
