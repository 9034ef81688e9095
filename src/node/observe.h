/* How an operator and a supervisor look at a node: the status object with the figures
 * of process and store, what `cloudsign doctor` asks for, and METRICS_ADDR.
 *
 * It belongs to the node, not to a life of its core: /healthz answers while the loop
 * turns, also while the node waits for the KMS or for space (then /readyz says 503 and
 * why).  Nothing is served unless metrics_addr is set.
 *
 *   GET /healthz   200 "ok"
 *   GET /readyz    200 or 503, {"ready","state","reasons":[..]}
 *   GET /metrics   Prometheus text
 *
 * The listener is made in cs_node_start, before a sandbox forbids it.  Thread: loop. */
#ifndef CS_NODE_OBSERVE_H
#define CS_NODE_OBSERVE_H

#include "node/node_impl.h"

struct cs_node_observe;

/* CONFIG (somebody else has the address), NOMEM, OS.  n->observe stays NULL when
 * metrics_addr is not set. */
enum cs_err cs_node_observe_start(struct cs_node *n, struct cs_why *why) CS_MUST_USE;
/* stopped(n) follows on the loop, or at once when nothing is served; NULL allowed. */
void cs_node_observe_stop(struct cs_node *n, void (*stopped)(struct cs_node *n));

/* The status object, of a node in any state. */
void cs_node_report(const struct cs_node *n, struct cs_wr *w);
/* What `doctor` needs besides: {"ok","platformUrl","relayUrl","ca" hex}.  Public. */
void cs_node_facts(const struct cs_node *n, struct cs_wr *w);
/* Questions that are not the core's: {"cmd":"status"}, {"cmd":"doctor.facts"}.  True:
 * taken and answered. */
bool cs_node_observe_question(struct cs_node *n, struct cs_host *host, uint64_t id,
                              struct cs_span line);
/* The same, and policy.reload, while there is no core; every other question is refused
 * (STATE). */
void cs_node_waiting_question(void *n, struct cs_wr *w, struct cs_span line);

#endif
