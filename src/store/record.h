/* Bytes of one sealed record (src/store/README.md): the codec under safe.h.  Node code
 * uses safe.h, not this.
 *
 *   u32 key epoch | u64 generation | nonce 12 | AES-256-GCM(u16 key len | key | value)
 *
 * Any thread. */
#ifndef CS_STORE_RECORD_H
#define CS_STORE_RECORD_H

#include "base/span.h"
#include "base/wr.h"

enum {
    CS_RECORD_NAME = 32,
    CS_RECORD_HEAD = 4 + 8 + 12,
    CS_RECORD_MIN = CS_RECORD_HEAD + 2 + 16,
};

/* Keys of a store, all derived from its data key: guarded memory. */
struct cs_record_keys {
    uint8_t data[32];    /* parent of the sealing keys, one per key epoch */
    uint8_t name[32];    /* HMAC of record names */
    uint8_t set[32];     /* HMAC of the manifest's set */
    uint8_t seal[32];    /* sealing key of `seal_epoch` */
    uint32_t seal_epoch; /* 0: none derived yet; epochs start at 1 */
};

/* What a record is bound to, beside its name: the associated data. */
struct cs_record_bind {
    uint8_t table;
    uint8_t name[CS_RECORD_NAME];
    uint8_t store_id[16];
    const char *device_id;
    uint16_t schema;
};

void cs_record_keys_derive(struct cs_record_keys *k, const uint8_t dek[32],
                           const uint8_t store_id[16]);
/* HMAC(name key; table, key): what stands on disk instead of the key. */
void cs_record_name(uint8_t out[CS_RECORD_NAME], const struct cs_record_keys *k,
                    uint8_t table, struct cs_span key);
/* Appends the sealed record. */
enum cs_err cs_record_seal(struct cs_wr *out, struct cs_record_keys *k,
                           const struct cs_record_bind *b, uint32_t key_epoch,
                           uint64_t generation, const uint8_t nonce[12],
                           struct cs_span key, struct cs_span value) CS_MUST_USE;
/* Appends the plain key (key may be NULL) and value.  STORE_CORRUPT when anything does
 * not fit; nothing is appended then. */
enum cs_err cs_record_open(struct cs_wr *key, struct cs_wr *value,
                           struct cs_record_keys *k, const struct cs_record_bind *b,
                           struct cs_span sealed) CS_MUST_USE;
/* The clear generation of a record; STORE_CORRUPT when too short. */
enum cs_err cs_record_generation(uint64_t *out, struct cs_span sealed) CS_MUST_USE;
/* The record's element of the manifest's set: HMAC(set key; table, name, head, tag).
 * STORE_CORRUPT when too short. */
enum cs_err cs_record_element(uint8_t out[32], const struct cs_record_keys *k,
                              uint8_t table, struct cs_span name, struct cs_span sealed)
    CS_MUST_USE;

#endif
