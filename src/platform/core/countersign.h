/* Nodes as witnesses of the audit log (RELIABILITY T37, src/wire/README.md 2.5): the
 * newest record is shown to each approved node that takes part, once a minute when it
 * moved, and after each result of its own, at most once a second.  Answers are verified
 * and kept: the newest of each device, and of each thousand records the last of at most
 * CS_COUNTERSIGN_KEEP devices.  A node that refuses is noted in its device record
 * ("auditRefusal") and, with that, in the log itself.
 *
 * A countersignature promises nothing to anybody, so storing it needs no sync of its
 * own: it goes with the next write, or after half a minute; after a crash the node is
 * shown the head again.  Thread: loop. */
#ifndef CS_PLATFORM_CORE_COUNTERSIGN_H
#define CS_PLATFORM_CORE_COUNTERSIGN_H

#include "platform/core/rec.h"

enum {
    CS_COUNTERSIGN_MS = 60000,     /* how often a log that moves is shown */
    CS_COUNTERSIGN_SOON_MS = 1000, /* the same after results */
    CS_COUNTERSIGN_STORE_MS = 30000,
    CS_COUNTERSIGN_EACH = 1000, /* records: of each so many .. */
    CS_COUNTERSIGN_KEEP = 8,    /* .. so many countersignatures are kept for ever */
    CS_COUNTERSIGN_LIST = 50,   /* shown by GET /v2/audit/head */
    CS_COUNTERSIGN_LINES = 64,  /* of one record in an export */
};

/* The node has signed in. */
void cs_countersign_hello(struct cs_platform_core *core, struct cs_pc_live *l,
                          const struct cs_ctl_hello *h);
/* Each second: shows it the head, when that is due. */
void cs_countersign_tick(struct cs_platform_core *core, struct cs_pc_live *l);
/* A result of this node was taken. */
void cs_countersign_result(struct cs_platform_core *core, struct cs_pc_live *l);
/* Its answer.  false: not what an honest node sends. */
bool cs_countersign_answer(struct cs_platform_core *core, struct cs_pc_live *l,
                           const struct cs_ctl_audited *a) CS_MUST_USE;
/* At the end of a step. */
void cs_countersign_settle(struct cs_platform_core *core, bool now);

/* Adds "countersignatures" and "refusals". */
void cs_countersign_view(struct cs_platform_core *core, json_t *o);
/* Lines of an export: who has countersigned record seq. */
void cs_countersign_lines(struct cs_platform_core *core, struct cs_wr *w, uint64_t seq);

#endif
