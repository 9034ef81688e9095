/* The seal of a store by AWS KMS: 32 random bytes, made once per store, wrapped by
 * Encrypt, opened by Decrypt at each start (RELIABILITY T21).
 *
 * A machine without I/O: the caller does what cs_seal_next wants and gives the answer.
 *
 *   new store    Encrypt(fresh key) -> record; Decrypt(record) must give the same key:
 *                a store that could not be opened again is never made
 *   old store    Decrypt(record); no call makes a new key, nothing replaces KMS
 *
 * The key that comes out is the store's key-encryption key (store/kek.h); the record
 * goes in clear into the store's header (src/kms/README.md).  After that KMS is not
 * needed until the next start.  Single owner, any thread. */
#ifndef CS_KMS_SEAL_H
#define CS_KMS_SEAL_H

#include "kms/credentials.h"
#include "kms/kms_msg.h"

enum {
    CS_SEAL_RECORD_MAX = 5 + 1 + 2 + CS_KMS_ARN_MAX + 2 + CS_KMS_BLOB_MAX,
    CS_SEAL_WAIT_MIN_MS = 1000,
    CS_SEAL_WAIT_MAX_MS = 60000,
};

struct cs_seal;

/* Strings and env are borrowed for the life of the machine, the rest for the call. */
struct cs_seal_params {
    const char *ref; /* DB_ENCRYPTION_KEY_REF */
    const char *device_id;
    struct cs_span record;    /* of an old store; empty: a new one */
    const uint8_t *fresh_key; /* 32 random bytes for a new store; NULL for an old one */
    const char *endpoint_url_kms, *endpoint_url;
    struct cs_cred_env env;
};

/* CONFIG: the ref or an endpoint is malformed; USAGE: record and fresh key, or neither;
 * KMS_KEY: the store is sealed by another key than ref; STORE_CORRUPT: no record. */
enum cs_err cs_seal_new(struct cs_seal **out, const struct cs_seal_params *p,
                        struct cs_why *why) CS_MUST_USE;
void cs_seal_free(struct cs_seal *s); /* wipes; NULL allowed */

enum cs_seal_do { CS_SEAL_DONE, CS_SEAL_WAIT, CS_SEAL_FILE, CS_SEAL_HTTP };

struct cs_seal_want {
    enum cs_seal_do what;
    uint32_t wait_ms;               /* WAIT: not ready; call next after that time */
    const char *path;               /* FILE: read it, at most CS_CRED_FILE_MAX bytes */
    const struct cs_aws_http *http; /* HTTP: ask it, at most CS_AWS_BODY_MAX bytes */
};

/* What to do now; all borrowed until the next call.  `random` spreads the waits.  An
 * error is final and the same each time: the process ends with it.  With WAIT, *why
 * says what failed. */
enum cs_err cs_seal_next(struct cs_seal *s, uint64_t now_s, uint32_t random,
                         struct cs_seal_want *want, struct cs_why *why) CS_MUST_USE;
/* The answers; what they mean comes with the next cs_seal_next.  One that nobody asked
 * for is ignored. */
void cs_seal_file(struct cs_seal *s, uint64_t now_s, bool is_there,
                  struct cs_span text);
void cs_seal_http(struct cs_seal *s, uint64_t now_s, const struct cs_aws_reply *reply);

/* After DONE; NULL and empty before.  Borrowed; the key is secret. */
const uint8_t *cs_seal_key(const struct cs_seal *s);
struct cs_span cs_seal_record(const struct cs_seal *s);

/* The record's two fields; STORE_CORRUPT when it is none. */
enum cs_err cs_seal_record_read(struct cs_kms_arn *arn, struct cs_span *blob,
                                struct cs_span record) CS_MUST_USE;

#endif
