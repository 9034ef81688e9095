/* Inside of the sealed store, shared by safe.c (records), safe_open.c (create, open,
 * rekey) and manifest.c.  Nobody else includes this. */
#ifndef CS_STORE_SAFE_PRIV_H
#define CS_STORE_SAFE_PRIV_H

#include "store/header.h"
#include "store/record.h"
#include "store/safe.h"

enum {
    CS_SAFE_TABLE_HEADER = 0x01,   /* one record, empty key */
    CS_SAFE_TABLE_MANIFEST = 0x02, /* one record, empty key */
    CS_SAFE_HEADER_NONCE = 12,
};

/* What the manifest record says; in memory the state after the last write. */
struct cs_manifest {
    uint64_t generation;
    uint64_t count;
    uint8_t set[32];    /* XOR of the records' elements; on disk only sealed */
    uint8_t header[32]; /* SHA-256 of the header record */
    uint32_t key_epoch; /* sealing key in use, from 1 */
    uint32_t seals;     /* made with it */
};

struct cs_safe_secrets {
    uint8_t dek[32];
    struct cs_record_keys keys;
};

/* A check of everything in pieces (safe_check.c): what was seen so far. */
struct cs_safe_walk {
    bool is_on;
    uint8_t table; /* of the last record seen .. */
    struct cs_safe_place at;
    struct cs_manifest found; /* set and count only */
};

struct cs_safe {
    struct cs_db *db;
    struct cs_safe_secrets *secret; /* guarded memory */
    struct cs_manifest m;
    struct cs_record_bind bind; /* table and name are set at each use */
    char device_id[CS_SAFE_DEVICE_MAX + 1];
    void (*random)(void *ctx, uint8_t *out, size_t n);
    void *random_ctx;
    uint32_t seals_per_key;
    struct cs_safe_walk walk;
    bool is_dirty;      /* the running step wrote something */
    enum cs_err failed; /* latched: half a step must not leave */
};

/* The record's binding to table and name, valid until the next call. */
const struct cs_record_bind *cs_safe_bind(struct cs_safe *s, uint8_t table,
                                          const uint8_t name[CS_RECORD_NAME]);
/* The record's change from manifest `before` to s->m, for a check under way. */
void cs_safe_walk_changed(struct cs_safe *s, const struct cs_manifest *before,
                          uint8_t table, const uint8_t name[CS_RECORD_NAME]);
/* The whole set on the disk against the manifest. */
enum cs_err cs_safe_set_check(struct cs_safe *s, struct cs_why *why) CS_MUST_USE;
/* Seals with a fresh nonce, counting in m. */
enum cs_err cs_safe_seal(struct cs_safe *s, struct cs_wr *out, struct cs_manifest *m,
                         uint64_t generation, const struct cs_record_bind *b,
                         struct cs_span key, struct cs_span value) CS_MUST_USE;

enum cs_err cs_manifest_seal(struct cs_safe *s, struct cs_wr *out,
                             struct cs_manifest *m) CS_MUST_USE;
/* Fills s->m.  STORE_CORRUPT. */
enum cs_err cs_manifest_open(struct cs_safe *s, struct cs_span sealed) CS_MUST_USE;
/* Adds an element to the set, or takes it out. */
void cs_manifest_toggle(struct cs_manifest *m, const uint8_t element[32]);

#endif
