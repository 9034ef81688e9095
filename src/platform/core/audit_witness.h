/* Countersignatures of nodes (RELIABILITY T37) in an export of the audit log, checked
 * offline: {"countersignature":{deviceId, hash, ik, organizationId, seq, signature,
 * time}} stands behind the record that it is about.
 *
 * Which key is whose: from a file that the checker has from elsewhere, best from the
 * nodes themselves (`cloudsign status --json`, which holds the node's own newest
 * countersignature as well: then a cut end is found, too); else the keys are those of
 * the export, and prove no more than that it agrees with itself.  Any thread. */
#ifndef CS_PLATFORM_CORE_AUDIT_WITNESS_H
#define CS_PLATFORM_CORE_AUDIT_WITNESS_H

#include "platform/core/audit_chain.h"

enum { CS_AUDIT_WITNESSES = 16384, CS_AUDIT_EXPECTED = 65536 };

struct cs_audit_witness {
    uint8_t device[16], ik[32];
    uint64_t seq; /* the highest of its countersignatures that fits, 0: none */
};

struct cs_audit_expected { /* about a record that has not come yet */
    uint64_t seq;
    uint8_t hash[CS_AUDIT_HASH];
    size_t who;
};

/* Once in a program, before anything is verified. */
enum cs_err cs_audit_witnesses_begin(void) CS_MUST_USE;

/* Zero-initialise. */
struct cs_audit_witnesses {
    bool is_closed; /* only the devices of a list count */
    bool has_organization;
    uint8_t organization[16];
    struct cs_audit_witness *all;
    size_t n, cap;
    struct cs_audit_expected *expected;
    size_t n_expected, cap_expected;
    uint64_t next_expected; /* none is about a lower number */
    uint64_t strangers;     /* lines of devices that are not in the list, or too many */
};

void cs_audit_witnesses_free(struct cs_audit_witnesses *w);
/* A list of devices: JSON values, one after the other or in arrays, each {deviceId, ik}
 * with or without the members of a countersignature, or the status of a node.  false:
 * why is a sentence. */
bool cs_audit_witnesses_load(struct cs_audit_witnesses *w, struct cs_span text,
                             char *why, size_t why_len);
/* k = 1: the highest record that one node vouches for, 2: that two do ..; 0: none. */
uint64_t cs_audit_witnesses_at(const struct cs_audit_witnesses *w, size_t k);

/* ---- for audit_chain.c ------------------------------------------------- */

/* A countersignature of the export; sets the fault of c. */
void cs_audit_witness_line(struct cs_audit_check *c, const json_t *o);
/* The record c->next - 1 with hash c->head has come. */
void cs_audit_witness_record(struct cs_audit_check *c);
void cs_audit_witness_end(struct cs_audit_check *c);

#endif
