/* The audit log: who did what to what, from where, with what result; a hash chain
 * (audit_chain.h) in the platform's own store.
 *
 * - Every request that changes something leaves exactly one record, and so does one
 *   that was refused because of who asks or what state things are in (rate-limited:
 *   "suppressed" counts what was left out before a record).  A batch leaves one for
 *   each item, as if it had come alone.
 * - Devices and deadlines change things, too: a device is bound, a quorum confirmed or
 *   over, a key made, a transaction signed or failed, a pair quarantined.
 * - The record is in the batch of its effect, so there is no effect without it: a store
 *   that cannot write it fails the whole step (core.h).
 * - rec.c tells of each record it writes.  What is kept is the difference, before and
 *   after, without members that begin with '_' (secrets and insides; "internal" says
 *   that some of those changed).  Long differences are cut, with a digest of the whole.
 *
 * Record: seq, prev, at, kind REQUEST | EVENT, action ("POST /v2/devices" or
 * "quorum.confirmed"), path, actor {kind CREDENTIAL | USER | DEVICE | PLATFORM | NONE,
 * id, name, session, claimed}, address, result {status, code, field, message},
 * changes [{type, id, before, after, beforeCut, afterCut, internal}], more, others
 * [id], suppressed, item (1, 2 .. of a batch).
 *
 * Nothing is ever deleted: a record has some 500 bytes, at most CS_AUDIT_RECORD_MAX. */
#ifndef CS_PLATFORM_CORE_AUDIT_H
#define CS_PLATFORM_CORE_AUDIT_H

#include "platform/core/api.h"
#include "platform/core/audit_chain.h"

enum {
    CS_AUDIT_CHANGES = 16, /* objects of one record; "more" counts other writes */
    CS_AUDIT_OTHERS = 128, /* of whose objects this many are named */
    CS_AUDIT_SIDE = 2048,  /* bytes of one before or after */
    CS_AUDIT_MEMBER = 256, /* of one member of a cut one */
    CS_AUDIT_RECORD_MAX = 96 << 10,
    CS_AUDIT_BURST = 30, /* refused requests of one address .. */
    CS_AUDIT_PER_S = 1,
    CS_AUDIT_ALL_BURST = 300, /* .. and of all */
    CS_AUDIT_ALL_PER_S = 20,
};

/* When the core is made: reads the head and holds it against the newest record.
 * STORE_CORRUPT, NOMEM or what the store says. */
enum cs_err cs_audit_load(struct cs_platform_core *core) CS_MUST_USE;
void cs_audit_free(struct cs_platform_core *core);

/* rec.c, before it writes: rec will be the record under id. */
void cs_audit_note(struct cs_platform_core *core, uint8_t table,
                   const uint8_t id[CS_PC_ID], const json_t *rec);

/* api.c: from here on changes are the request's .. */
void cs_audit_begin(struct cs_platform_core *core);
/* .. and here it is over: writes its record, if it has to have one. */
void cs_audit_request(struct cs_api *a);

/* One of the many that a request asks for is over, as a->code says: it has a record of
 * its own, and the request has no further one. */
void cs_audit_item(struct cs_api *a);

/* .. or the operator's at the machine (local.h), by the name of the account. */
void cs_audit_operator(struct cs_platform_core *core, const char *action,
                       const char *name);

/* Number of records and the newest one's hash (zeros when there is none). */
uint64_t cs_audit_head(const struct cs_platform_core *core,
                       uint8_t hash[CS_AUDIT_HASH]);
/* Appends canonical text; false: there is no such record. */
bool cs_audit_get(struct cs_platform_core *core, uint64_t seq, struct cs_wr *text,
                  uint8_t hash[CS_AUDIT_HASH]);

/* audit_diff.c: what differs, for people.  before NULL: it is new.  Members of
 * both are borrowed, "before" and "after" are set into o. */
void cs_audit_diff(json_t *o, const json_t *before, const json_t *after);

#endif
