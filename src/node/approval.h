/* The approval callback of a node: APPROVAL_CALLBACK_URL must allow what is signed.
 * Where there is a hook (hook.h), too, that is asked first, and both must allow.
 *
 *   core: CS_ACT_ASK -> cs_approval_ask (kept) -> hook, or the mailbox's next turn
 *         -> cs_approval_go -> HTTPS -> cs_host_verdict
 *
 * At most 1024 questions and 16 MiB of them wait, four are at the callback at once;
 * what is too much is not asked, and so refused.  Each has its 30 s from the moment it
 * was asked.  A connection that fails is tried once more within them, and nothing else
 * is.  The core has a clock of its own: what is late here does no harm.  Thread: loop.
 */
#ifndef CS_NODE_APPROVAL_H
#define CS_NODE_APPROVAL_H

#include "base/why.h"
#include "node/approval_msg.h"

struct cs_approval;
struct cs_node;
struct cs_node_settings;
struct uv_loop_s;

/* NULL in *out: there is no callback.  Borrows.  Makes no handle.  CONFIG, NOMEM. */
enum cs_err cs_approval_new(struct cs_approval **out, struct cs_node *node,
                            const struct cs_node_settings *settings, struct cs_why *why)
    CS_MUST_USE;
/* Before the first question; makes handles on the loop.  CONFIG: a file is wrong. */
enum cs_err cs_approval_start(struct cs_approval *a, struct uv_loop_s *loop,
                              struct cs_why *why) CS_MUST_USE;
/* Keeps a question of the core; false: too many.  May be called inside a step. */
bool cs_approval_ask(struct cs_approval *a, uint64_t id, struct cs_span json);
/* Asks the callback; outside of any step. */
void cs_approval_go(struct cs_approval *a, uint64_t id);
void cs_approval_drop(struct cs_approval *a, uint64_t id); /* the hook has refused it */
/* The core that asked is gone: nobody waits for anything. */
void cs_approval_forget(struct cs_approval *a);
/* Ends all calls; stopped(node), NULL allowed, follows when the handles are gone. */
void cs_approval_stop(struct cs_approval *a, void (*stopped)(struct cs_node *node));
void cs_approval_free(
    struct cs_approval *a); /* NULL allowed; not started, or stopped */

#endif
