/* What was approved lately, for windows and rates: sums per key, asset and minute.
 *
 * Rows are in memory; the owner stores what cs_ledger_add returns in the batch of the
 * step that lets a share leave, and gives them back at the next start.  A row counts as
 * long as any moment of its minute is within the window, and a row of the future (the
 * clock went back) always: never less than what was approved.  Single owner. */
#ifndef CS_POLICY_LEDGER_H
#define CS_POLICY_LEDGER_H

#include "policy/policy.h"

enum { CS_LEDGER_MAX = 32768, CS_LEDGER_KEY = 16 + 32 + 8 };

struct cs_ledger_row {
    uint8_t key_id[16], asset[32], quorum_id[16];
    uint64_t minute; /* since 1970 */
    struct cs_num units;
    uint32_t requests;
};

struct cs_ledger {
    struct cs_ledger_row *rows;
    size_t n, cap;
};

void cs_ledger_free(struct cs_ledger *l);
/* Adds one approved request; the row as it is now, to be stored.  FULL, NOMEM. */
enum cs_err cs_ledger_add(struct cs_ledger *l, const struct cs_ledger_row *add,
                          struct cs_ledger_row *stored) CS_MUST_USE;
/* A stored row.  FULL, NOMEM. */
enum cs_err cs_ledger_put(struct cs_ledger *l, const struct cs_ledger_row *row)
    CS_MUST_USE;
/* Takes out one row that is older than the last `minutes`; false: there is none. */
bool cs_ledger_expire(struct cs_ledger *l, int64_t wall_ms, uint32_t minutes,
                      struct cs_ledger_row *out);
/* Does a window of this rule count the row for this request?  asset NULL: all. */
bool cs_ledger_is_of(const struct cs_ledger_row *r, const struct cs_policy_ask *ask,
                     enum cs_policy_per per, const uint8_t *asset);
/* Adds what the rows have to *units and *requests; asset NULL: all. */
void cs_ledger_sum(const struct cs_ledger *l, const struct cs_policy_ask *ask,
                   enum cs_policy_per per, const uint8_t *asset, uint32_t minutes,
                   int64_t wall_ms, struct cs_num *units, uint64_t *requests);

void cs_ledger_key(uint8_t out[CS_LEDGER_KEY], const struct cs_ledger_row *row);
void cs_ledger_encode(struct cs_wr *w, const struct cs_ledger_row *row);
enum cs_err cs_ledger_decode(struct cs_ledger_row *out, struct cs_span key,
                             struct cs_span value) CS_MUST_USE;

#endif
