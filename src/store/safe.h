/* The sealed store of a node: every value AES-256-GCM, every name an HMAC, and a
 * manifest that finds what was removed, swapped, repeated or mixed in.
 *
 * src/store/README.md has the formats.  On disk nothing but sizes, counts and the
 * device id is readable.  A whole older copy of a store is consistent in itself: only
 * peers can find that (signed journal head and boot counter, DECISIONS 12).
 *
 * Rules: nothing is ever written when opening fails; a store is made only by
 * cs_safe_create and only where there is nothing at all.  cs_crypto_init comes first.
 * Thread: loop. */
#ifndef CS_STORE_SAFE_H
#define CS_STORE_SAFE_H

#include "store/db.h"
#include "store/kek.h"

enum {
    CS_SAFE_SCHEMA = 1,    /* schema version bound into every record */
    CS_SAFE_KEY_MAX = 200, /* plain key of a record */
    CS_SAFE_VALUE_MAX = 1000000,
    CS_SAFE_DEVICE_MAX = 64,  /* device id, printable ASCII */
    CS_SAFE_TABLE_MIN = 0x10, /* tables of the application: 0x10..0xff */
};

struct cs_safe;

struct cs_safe_params {
    const char *device_id;
    const struct cs_kek *kek;                          /* borrowed for the call */
    void (*random)(void *ctx, uint8_t *out, size_t n); /* kept: seals need nonces */
    void *random_ctx;
    uint32_t seals_per_key; /* 0: 2^31; tests make it small */
};

/* Makes a new store in db's kv by one durable commit of its own (call it before the
 * runner starts, it blocks) and opens it.  EXISTS, and nothing written, when the kv
 * holds anything at all. */
enum cs_err cs_safe_create(struct cs_safe **out, struct cs_db *db,
                           const struct cs_safe_params *p, struct cs_why *why)
    CS_MUST_USE;
/* Opens and checks the whole manifest.  db must have nothing pending.
 *   NOT_FOUND      the kv is empty: create, or VOLUME_LOST, is the caller's decision
 *   STORE_VERSION  written by a newer version
 *   STORE_DEVICE   header names another device (compared before any key is tried)
 *   STORE_KEY      the key does not open it
 *   STORE_CORRUPT  altered, damaged, incomplete or mixed; *why says what was found */
enum cs_err cs_safe_open(struct cs_safe **out, struct cs_db *db,
                         const struct cs_safe_params *p, struct cs_why *why)
    CS_MUST_USE;
void cs_safe_free(struct cs_safe *s); /* wipes the keys; NULL allowed; not the db */

/* Rewrites the one wrap record under another key: a durable commit of its own, on a
 * db with nothing pending, after the new wrap was opened again (INTERNAL when it does
 * not open; nothing is written then).  The old key no longer opens the store. */
enum cs_err cs_safe_rekey(struct cs_safe *s, const struct cs_kek *new_kek) CS_MUST_USE;

/* The same as part of a step: the wrap leaves with the step's batch
 * (cs_safe_take_batch). Before anything is written the new wrap is opened again. USAGE:
 * no such key; errors after that are final, as those of put. */
enum cs_err cs_safe_rekey_step(struct cs_safe *s, const struct cs_kek *new_kek)
    CS_MUST_USE;
/* Does this key open the wrap that the kv holds now?  Nothing else is looked at. */
bool cs_safe_peek_opens(struct cs_kv *kv, const struct cs_kek *kek);

/* As cs_db_*, by plain key.  STORE_CORRUPT when the record does not verify.  An error
 * of put or del (TOO_LONG, USAGE for a table below CS_SAFE_TABLE_MIN, NOMEM, ..) is
 * final, as in db.h: half a step must not leave. */
enum cs_err cs_safe_get(struct cs_safe *s, uint8_t table, struct cs_span key,
                        struct cs_wr *out) CS_MUST_USE;
enum cs_err cs_safe_put(struct cs_safe *s, uint8_t table, struct cs_span key,
                        struct cs_span value) CS_MUST_USE;
enum cs_err cs_safe_del(struct cs_safe *s, uint8_t table, struct cs_span key)
    CS_MUST_USE;
bool cs_safe_has(struct cs_safe *s, uint8_t table, struct cs_span key);

/* Every record of a table, opened; the order has no meaning.  fn borrows its
 * arguments, may put and del, and stops the walk by returning an error. */
typedef enum cs_err cs_safe_fn(void *ctx, struct cs_span key, struct cs_span value);
enum cs_err cs_safe_each(struct cs_safe *s, uint8_t table, cs_safe_fn *fn, void *ctx)
    CS_MUST_USE;

/* The same in pieces, so that a large table does not hold the loop up: at most max
 * records from *at on (zeroed: the first).  NOT_FOUND when that was the end; what is
 * put or deleted meanwhile may be met or not. */
struct cs_safe_place {
    uint8_t name[32];
    bool begun;
};
enum cs_err cs_safe_some(struct cs_safe *s, uint8_t table, struct cs_safe_place *at,
                         size_t max, cs_safe_fn *fn, void *ctx) CS_MUST_USE;

/* Ends a step: seals the manifest and takes the batch (NULL: nothing was written).
 * Use this, not cs_db_take_batch.  An error is final: drop, free, open again. */
enum cs_err cs_safe_take_batch(struct cs_safe *s, struct cs_kv_batch **batch)
    CS_MUST_USE;

/* Opens every record and proves the manifest: *n counts them.  On a store in which
 * nothing is pending; the loop waits for it. */
enum cs_err cs_safe_check_all(struct cs_safe *s, uint64_t *n, struct cs_why *why)
    CS_MUST_USE;
/* The same beside a node's work (doctor --deep), at most max records a call: what is
 * put and deleted between the calls is worked in, so at the end the set is the
 * manifest's of that moment.  begin starts from the first record, also while one is
 * under way. *n counts; *done: all was seen and is right.  STORE_CORRUPT says what was
 * found, and then, as after done, the next call begins anew. */
void cs_safe_check_begin(struct cs_safe *s);
enum cs_err cs_safe_check_some(struct cs_safe *s, size_t max, uint64_t *n, bool *done,
                               struct cs_why *why) CS_MUST_USE;

uint64_t cs_safe_generation(const struct cs_safe *s); /* rises by one per batch */
uint64_t cs_safe_count(const struct cs_safe *s);      /* records */
const char *cs_safe_device(const struct cs_safe *s);
struct cs_db *cs_safe_db(struct cs_safe *s);
/* Device id of the store in kv without any key (status, messages).  NOT_FOUND when
 * empty; device holds CS_SAFE_DEVICE_MAX + 1. */
enum cs_err cs_safe_peek_device(struct cs_kv *kv, char *device) CS_MUST_USE;
enum cs_err cs_safe_peek_store(struct cs_kv *kv, uint8_t store_id[16]) CS_MUST_USE;
/* The record that a KMS must open before the store can be (kms/seal.h), appended to
 * out; nothing when the store has a hex key.  NOT_FOUND when empty, else as the header
 * is judged at open. */
enum cs_err cs_safe_peek_seal(struct cs_kv *kv, struct cs_wr *out, struct cs_why *why)
    CS_MUST_USE;

#endif
