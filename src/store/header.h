/* The one clear record of a sealed store: whose it is and the wrapped data key
 * (src/store/README.md).  Used by safe.c.  Any thread. */
#ifndef CS_STORE_HEADER_H
#define CS_STORE_HEADER_H

#include "base/why.h"
#include "base/wr.h"
#include "store/kek.h"

enum {
    CS_HEADER_VERSION = 1,
    CS_HEADER_DEVICE_MAX = 64,
    CS_HEADER_WRAP_MAX = 4096, /* room for a KMS blob */
    CS_HEADER_WRAP_HEX = 16 + 12 + 32 + 16,
    CS_HEADER_SEAL_MAX = 3072, /* record of a KMS before it */
};

struct cs_header {
    uint16_t version, schema;
    char device_id[CS_HEADER_DEVICE_MAX + 1];
    uint8_t store_id[16]; /* random, one per store */
    uint8_t kek_kind;
    struct cs_span bound; /* the bytes before the wrap; all borrowed from the input */
    struct cs_span seal;  /* KMS: its length and record; both are associated data */
    struct cs_span wrap;
};

/* Appends a header whose wrap holds dek under kek; the kind is KMS when the kek has a
 * seal.  USAGE when that is longer than CS_HEADER_SEAL_MAX. */
enum cs_err cs_header_encode(struct cs_wr *out, const char *device_id,
                             const uint8_t store_id[16], const uint8_t dek[32],
                             const struct cs_kek *kek, const uint8_t nonce[12])
    CS_MUST_USE;
/* STORE_VERSION (newer version or unknown kind), STORE_CORRUPT. */
enum cs_err cs_header_decode(struct cs_header *out, struct cs_span in,
                             struct cs_why *why) CS_MUST_USE;
/* STORE_KEY when the key is another one or of another kind, STORE_CORRUPT when the key
 * is right and the record is not. */
enum cs_err cs_header_unwrap(uint8_t dek[32], const struct cs_header *h,
                             const struct cs_kek *kek, struct cs_why *why) CS_MUST_USE;
/* The KMS record of a decoded header; empty for kind HEX. */
struct cs_span cs_header_seal(const struct cs_header *h);
/* 1..64 printable ASCII characters without space. */
bool cs_header_device_ok(const char *device_id);

#endif
