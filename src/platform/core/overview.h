/* GET /v2/overview: how many there are of what, signatures a day, what needs somebody.
 *
 * The numbers are counters in the store, written in the batch of what they count, so
 * that reading them costs the same with ten records and with a million, and no crash
 * makes them wrong.  rec.c tells of every record that is written.  In CS_PC_STAT:
 *
 *   "t"            -> u64 * CS_OV_COUNT
 *   "d", u32 day   -> u64 signed, u64 failed: requests that ended that day (UTC);
 *                     days since 1970, kept for CS_OV_DAYS_KEPT
 *   "a", tx id     -> nothing: this request is not over yet
 *   "i"            -> answers kept for Idempotency-Key (idem.c)
 *
 * Devices that wait for approval, quorums that are being made and quarantined pairs
 * are in indexes, a few of which are named.  Who is online is only in memory.  A store
 * of before is counted by a migration (migrate.h). */
#ifndef CS_PLATFORM_CORE_OVERVIEW_H
#define CS_PLATFORM_CORE_OVERVIEW_H

#include "platform/core/api.h"

enum {
    CS_OV_DAYS = 30,       /* shown */
    CS_OV_DAYS_KEPT = 400, /* then a day's row goes */
    CS_OV_NAMED = 5,       /* objects of one kind in the attention list .. */
    CS_OV_ATTENTION = 24,  /* .. and all its entries */
};

enum cs_ov {
    CS_OV_DEVICES, /* neither deleted nor .. */
    CS_OV_PAIRED,
    CS_OV_WAITING, /* for approval, with a key */
    CS_OV_DISABLED,
    CS_OV_QUORUMS,
    CS_OV_CONFIRMED,
    CS_OV_PENDING,
    CS_OV_VAULTS,
    CS_OV_WALLETS,
    CS_OV_PROVISIONED,
    CS_OV_FAILED,
    CS_OV_TXS,
    CS_OV_ACTIVE,
    CS_OV_COUNT,
};

/* rec.c, before it writes: rec will be the record under id. */
void cs_overview_note(struct cs_platform_core *core, uint8_t table,
                      const uint8_t id[CS_PC_ID], const json_t *rec);
/* migrate.c: a record that was never noted, as it is in the store. */
void cs_overview_count(struct cs_platform_core *core, uint8_t table,
                       const uint8_t id[CS_PC_ID], const json_t *rec);
/* For metrics and tests. */
/* Devices that are approved and enabled; what waits for a commit counts. */
uint64_t cs_overview_paired(const struct cs_platform_core *core);
void cs_overview_totals(struct cs_platform_core *core, uint64_t out[CS_OV_COUNT]);

#endif
