/* What the node core counts, and how it is shown (Prometheus text).
 *
 * Counters are the owner's memory (cs_node_core_config.metrics), so that they go on
 * when a full disk makes the keeper begin another life of the core; without one the
 * core has its own.  Gauges are read from the core when it is asked.  No label has a
 * value that a peer or the platform chose.  Thread: loop. */
#ifndef CS_NODE_CORE_METRICS_H
#define CS_NODE_CORE_METRICS_H

#include "base/prom.h"
#include "mpc/request.h"

enum cs_mx_kind { CS_MX_KEYGEN, CS_MX_SIGN, CS_MX_CHECK, CS_MX_KINDS };
enum cs_mx_scheme { CS_MX_ED25519, CS_MX_ECDSA, CS_MX_BIP340, CS_MX_SCHEMES };
enum cs_mx_ot { CS_MX_OT_OK, CS_MX_OT_FAILED, CS_MX_OT_ENDS };
enum cs_mx_answer { CS_MX_ALLOWED, CS_MX_REFUSED, CS_MX_NO_ANSWER, CS_MX_ANSWERS };
enum cs_mx_channel { CS_MX_CONTROL, CS_MX_RELAY, CS_MX_CHANNELS };

struct cs_metrics { /* zero: nothing happened yet */
    uint64_t sessions[CS_MX_KINDS][CS_MX_SCHEMES][CS_ERR_COUNT]; /* by outcome */
    struct cs_hist duration[CS_MX_KINDS][CS_MX_SCHEMES]; /* of those that went well */
    uint64_t rounds; /* computed, of protocol sessions */
    uint64_t ot_setups[CS_MX_OT_ENDS];
    uint64_t peer_faults[CS_ERR_COUNT];
    uint64_t quarantines, releases;
    uint64_t connects[CS_MX_CHANNELS]; /* sign-ins that succeeded */
    uint64_t conn_lost[CS_MX_CHANNELS][CS_ERR_COUNT];
    uint64_t links_live, links_lost, links_refused;
    uint64_t approvals[CS_MX_ANSWERS]; /* approval.c */
    uint64_t policy_refused;
};

/* A session, or an attempt, ended; ms since it began. */
void cs_mx_session(struct cs_metrics *m, enum cs_mx_kind kind, enum cs_scheme scheme,
                   enum cs_err outcome, uint64_t ms);
/* A channel was lost, or an attempt to open it failed. */
void cs_mx_lost(struct cs_metrics *m, enum cs_mx_channel channel, enum cs_err why);

/* Counters alone; nothing of a core. */
void cs_metrics_write(struct cs_wr *w, const struct cs_metrics *m);

#endif
