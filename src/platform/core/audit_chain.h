/* The hash chain of the audit log, without the platform around it: what the platform
 * writes and what `cloudsign-platform audit verify` checks offline.
 *
 * A record is a JSON object.  Its canonical text is compact with sorted member names;
 * hash = SHA-256(enc("cloudsign/platform", "audit", text)).  Members "seq" (1, 2, ..)
 * and "prev" (hash of the record before, zeros before the first) make it a chain, so
 * the newest hash, the head, stands for all of it.
 *
 * An export has one line for each record: {"hash":"..","record":{..}}, and behind it
 * lines of nodes that have countersigned it (audit_witness.h).
 *
 * Within the file the chain shows a change that did not make all later hashes anew.
 * Who can do that, and who cuts the end off, is found only by a head that was kept
 * elsewhere.  Any thread. */
#ifndef CS_PLATFORM_CORE_AUDIT_CHAIN_H
#define CS_PLATFORM_CORE_AUDIT_CHAIN_H

#include <jansson.h>

#include "base/span.h"
#include "base/wr.h"

enum {
    CS_AUDIT_HASH = 32,
    CS_AUDIT_LINE_MAX = 256 << 10, /* of an export; records are shorter */
};

void cs_audit_canonical(struct cs_wr *w, const json_t *record);
void cs_audit_hash(uint8_t out[CS_AUDIT_HASH], struct cs_span canonical);
/* Appends one line with its end. */
void cs_audit_line(struct cs_wr *w, struct cs_span canonical,
                   const uint8_t hash[CS_AUDIT_HASH]);

/* ---- checking an export ------------------------------------------------ */

enum cs_audit_fault {
    CS_AUDIT_FINE,
    CS_AUDIT_UNREADABLE, /* not a line of an export */
    CS_AUDIT_CHANGED,    /* its text is not what its hash, or its follower, says */
    CS_AUDIT_MISSING,    /* records seq to until are not there */
    CS_AUDIT_SWAPPED,    /* record seq stands in another's place, and that one in its */
    CS_AUDIT_INSERTED,   /* the record in this line does not belong there */
    CS_AUDIT_OTHER_HEAD, /* the end is not the head that is known */
    CS_AUDIT_FORKED,     /* record seq is not the one that a node has countersigned */
    CS_AUDIT_TRUNCATED,  /* a node has countersigned record until, which is not there */
    CS_AUDIT_FORGED,     /* a countersignature of record seq is not the node's */
};

struct cs_audit_witnesses;

/* Zero-initialise.  The first fault counts. */
struct cs_audit_check {
    enum cs_audit_fault fault;
    uint64_t seq, until, line; /* what is at fault, and where it was seen */
    char why[256];             /* a sentence for people */
    uint64_t lines;            /* read so far */
    uint64_t first, next;      /* first number; the one that has to come */
    uint8_t head[CS_AUDIT_HASH];
    struct cs_audit_witnesses *witnesses; /* NULL: countersignatures are not checked */
    /* A gap that may be a swap: what comes later tells. */
    bool is_open, is_found;
    uint64_t found_line;
    uint64_t rows, row, found_row; /* the same without countersignatures */
};

/* One line without its end; empty lines count and are passed over. */
void cs_audit_check_line(struct cs_audit_check *c, struct cs_span line);
/* After the last line; head NULL: none is known.  No record at all is fine only without
 * a head. */
void cs_audit_check_end(struct cs_audit_check *c, const uint8_t *head);
/* "changed", "missing" .. */
const char *cs_audit_fault_word(enum cs_audit_fault fault);

#endif
