/* Ordered key-value store with atomic, durable batches: the only thing a back end
 * (LMDB, memory) implements.  Knows nothing of encryption.
 *
 * Keys are one table byte plus at most CS_KV_KEY_MAX bytes, ordered as memcmp orders
 * them; values are at most CS_KV_VALUE_MAX bytes. */
#ifndef CS_STORE_KV_H
#define CS_STORE_KV_H

#include "base/err.h"
#include "base/span.h"
#include "base/wr.h"

enum { CS_KV_KEY_MAX = 255, CS_KV_VALUE_MAX = 1 << 20 };

/* One put (value_len may be 0) or delete. */
struct cs_kv_op {
    struct cs_kv_op *next;
    bool del;
    uint8_t table;
    uint8_t *key;
    size_t key_len;
    uint8_t *value;
    size_t value_len;
};

struct cs_kv_batch {
    struct cs_kv_op *first, *last;
    size_t n_ops;
    size_t bytes;
};

struct cs_kv_batch *cs_kv_batch_new(void);
void cs_kv_batch_free(struct cs_kv_batch *b); /* NULL allowed */
/* Copy key and value; TOO_LONG above the limits, NOMEM.  Unchanged on error. */
enum cs_err cs_kv_batch_put(struct cs_kv_batch *b, uint8_t table, struct cs_span key,
                            struct cs_span value) CS_MUST_USE;
enum cs_err cs_kv_batch_del(struct cs_kv_batch *b, uint8_t table, struct cs_span key)
    CS_MUST_USE;
/* Appends b's operations to a and frees b (group commit): later ones win. */
void cs_kv_batch_join(struct cs_kv_batch *a, struct cs_kv_batch *b);

struct cs_kv;
typedef enum cs_err cs_kv_scan_fn(void *ctx, uint8_t table, struct cs_span key,
                                  struct cs_span value);
void cs_kv_close(struct cs_kv *kv); /* NULL allowed */
/* *empty: whether there is no entry at all. */
enum cs_err cs_kv_is_empty(struct cs_kv *kv, bool *empty) CS_MUST_USE;

struct cs_kv_ops {
    /* Appends the value to out (NULL: only whether it is there).  NOT_FOUND when
     * absent.  Loop thread. */
    enum cs_err (*get)(struct cs_kv *kv, uint8_t table, struct cs_span key,
                       struct cs_wr *out);
    /* First entry of the table with key >= from (> from when `after`); key and value
     * are appended to the two writers.  NOT_FOUND at the end.  Loop thread. */
    enum cs_err (*next)(struct cs_kv *kv, uint8_t table, struct cs_span from,
                        bool after, struct cs_wr *key, struct cs_wr *value);
    /* Last entry of the table with key < before (any key when before is empty). */
    enum cs_err (*prev)(struct cs_kv *kv, uint8_t table, struct cs_span before,
                        struct cs_wr *key, struct cs_wr *value);
    /* Every entry of every table in order, in one consistent view; fn borrows its
     * arguments, must not call kv, and stops the walk by returning an error. */
    enum cs_err (*scan)(struct cs_kv *kv, cs_kv_scan_fn *fn, void *ctx);
    /* All or nothing, durable when it returns.  One writer; worker thread (readers on
     * the loop thread may go on).  STORE_IO latches: every later commit fails the same
     * way.  After STORE_FULL nothing was written and a later commit may succeed. */
    enum cs_err (*commit)(struct cs_kv *kv, const struct cs_kv_batch *b);
    void (*close)(struct cs_kv *kv);
};

struct cs_kv {
    const struct cs_kv_ops *ops;
};

#endif
