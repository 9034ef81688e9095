/* Stores of earlier versions: what has to be done to their records, in steps.
 *
 * CS_PC_SCHEMA is the version that this program writes; migrate.c has a row for each
 * version before it.  A store of an earlier one is opened at once: one batch sets its
 * version to the new one (so that an older program, which would not keep what is made
 * here, refuses it from then on) and notes the work to do under META "migration"; then
 * CS_MIGRATE_ROWS records are worked on every CS_MIGRATE_MS while the platform serves.
 * The position is in the batch of the work, so a crash repeats nothing and skips
 * nothing.  A store of a later version is refused (STORE_VERSION).
 *
 * META "migration": u8 version whose row is at work, u8 table, 16 last id done. */
#ifndef CS_PLATFORM_CORE_MIGRATE_H
#define CS_PLATFORM_CORE_MIGRATE_H

#include "platform/core/rec.h"

enum { CS_MIGRATE_ROWS = 256, CS_MIGRATE_MS = 20 };

/* When the core is made, with the schema of its head; STORE_CORRUPT, what the store
 * says.  Writes nothing. */
enum cs_err cs_migrate_load(struct cs_platform_core *core, int64_t schema) CS_MUST_USE;
/* EV_START: begins, if there is something to do. */
void cs_migrate_start(struct cs_platform_core *core);
/* In every step: the next records, when it is time. */
void cs_migrate_run(struct cs_platform_core *core);
uint64_t
cs_migrate_deadline(const struct cs_platform_core *core); /* UINT64_MAX: none */
/* Has the migration to this version been at this record, or is it over? */
bool cs_migrate_passed(const struct cs_platform_core *core, unsigned version,
                       uint8_t table, const uint8_t id[CS_PC_ID]);

#endif
