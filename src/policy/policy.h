/* POLICY_FILE: what this node signs, whatever the platform asks (RELIABILITY T15).
 *
 * An ordered list of rules; the first that fits decides, else `default` does.  A rule
 * fits when all of its conditions hold; what it does not name it does not look at.
 * Fail closed: a payload whose effect on assets is not known for sure never fits an
 * allow rule that limits amounts, fees or destinations, and always fits a deny rule
 * about destinations, amounts or approvals.  README.md of this folder is the manual
 * of the file.
 *
 * Pure: the time and what was approved before (struct cs_policy_past) are handed in.
 * A loaded policy is constant: any thread. */
#ifndef CS_POLICY_POLICY_H
#define CS_POLICY_POLICY_H

#include "base/why.h"
#include "chain/chain.h"
#include "policy/num.h"

enum {
    CS_POLICY_FILE_MAX = 1 << 20, /* bytes */
    CS_POLICY_RULES_MAX = 256,
    CS_POLICY_LIST_MAX = 1024,            /* entries of one list of a rule */
    CS_POLICY_LIMITS_MAX = 16,            /* amounts, windows or rates of one rule */
    CS_POLICY_MINUTES_MAX = 31 * 24 * 60, /* the longest window */
    CS_POLICY_WHY = 320,
};

struct cs_policy;

/* BAD_TEXT, BAD_FORMAT, LIMIT, NOMEM; *why names line or field and what to write. */
enum cs_err cs_policy_load(struct cs_policy **out, struct cs_span text,
                           struct cs_why *why) CS_MUST_USE;
void cs_policy_free(struct cs_policy *p);                 /* NULL allowed */
const uint8_t *cs_policy_hash(const struct cs_policy *p); /* SHA-256 of the file, 32 */
size_t cs_policy_rules(const struct cs_policy *p);
/* Longest window of amounts or rates, 0: there is none and nothing has to be kept. */
uint32_t cs_policy_longest(const struct cs_policy *p); /* minutes */
/* The i-th remark on a policy that is valid but perhaps not meant so; NULL: no more. */
const char *cs_policy_remark(const struct cs_policy *p, size_t i);

/* ---- what is asked ------------------------------------------------------------ */

struct cs_policy_ask {
    uint8_t key_id[16], quorum_id[16];
    const char *path; /* "" or "0/5" */
    enum cs_chain_kind kind;
    const struct cs_chain_tx *tx; /* also says the chain */
    int64_t wall_ms;              /* weekday and time of day */
};

/* Whose approvals a window or a rate adds up. */
enum cs_policy_per { CS_PER_KEY = 1, CS_PER_QUORUM = 2, CS_PER_NODE = 3 };

/* What the request would add to the windows. */
struct cs_policy_spend {
    uint8_t asset[32]; /* SHA-256 of chain and asset; zero: no known amount */
    struct cs_num units;
};

/* What was approved in the last `minutes`.  asset NULL: requests of all kinds. */
struct cs_policy_past {
    void *ctx;
    void (*sum)(void *ctx, const struct cs_policy_ask *ask, enum cs_policy_per per,
                const uint8_t *asset, uint32_t minutes, struct cs_num *units,
                uint64_t *requests);
};

struct cs_policy_verdict {
    bool allowed;
    int rule;                /* index of the one that decided; -1: the default */
    char why[CS_POLICY_WHY]; /* one sentence */
    struct cs_policy_spend spend;
};

/* Told once for each rule until one decides; why says which condition does not hold.
 * NULL allowed. */
typedef void cs_policy_told(void *ctx, int rule, const char *name, bool allow,
                            bool fits, const char *why);

void cs_policy_judge(const struct cs_policy *p, const struct cs_policy_ask *ask,
                     const struct cs_policy_past *past, struct cs_policy_verdict *out,
                     cs_policy_told *told, void *told_ctx);

#endif
