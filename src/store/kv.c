#include "store/kv.h"

#include <string.h>

#include "base/mem.h"

struct cs_kv_batch *cs_kv_batch_new(void)
{
    return cs_alloc(sizeof(struct cs_kv_batch));
}

static void op_free(struct cs_kv_op *op)
{
    cs_free_wiped(op, sizeof *op + op->key_len + op->value_len);
}

void cs_kv_batch_free(struct cs_kv_batch *b)
{
    if (b == NULL) {
        return;
    }
    for (struct cs_kv_op *op = b->first, *next; op != NULL; op = next) {
        next = op->next;
        op_free(op);
    }
    cs_free(b);
}

/* Key and value live behind the operation, in its own block. */
static enum cs_err append(struct cs_kv_batch *b, uint8_t table, struct cs_span key,
                          struct cs_span value, bool del)
{
    struct cs_kv_op *op;

    if (key.n > CS_KV_KEY_MAX || value.n > CS_KV_VALUE_MAX) {
        return CS_ERR_TOO_LONG;
    }
    op = cs_alloc(sizeof *op + key.n + value.n);
    if (op == NULL) {
        return CS_ERR_NOMEM;
    }
    op->table = table;
    op->del = del;
    op->key = (uint8_t *)(op + 1);
    op->key_len = key.n;
    op->value = op->key + key.n;
    op->value_len = value.n;
    if (key.n != 0) {
        memcpy(op->key, key.p, key.n);
    }
    if (value.n != 0) {
        memcpy(op->value, value.p, value.n);
    }
    if (b->last == NULL) {
        b->first = op;
    } else {
        b->last->next = op;
    }
    b->last = op;
    b->n_ops++;
    b->bytes += 1 + key.n + value.n;
    return CS_OK;
}

enum cs_err cs_kv_batch_put(struct cs_kv_batch *b, uint8_t table, struct cs_span key,
                            struct cs_span value)
{
    return append(b, table, key, value, false);
}

enum cs_err cs_kv_batch_del(struct cs_kv_batch *b, uint8_t table, struct cs_span key)
{
    return append(b, table, key, CS_SPAN(NULL, 0), true);
}

void cs_kv_batch_join(struct cs_kv_batch *a, struct cs_kv_batch *b)
{
    if (b->first != NULL) {
        if (a->last == NULL) {
            a->first = b->first;
        } else {
            a->last->next = b->first;
        }
        a->last = b->last;
        a->n_ops += b->n_ops;
        a->bytes += b->bytes;
        b->first = NULL;
    }
    cs_kv_batch_free(b);
}

void cs_kv_close(struct cs_kv *kv)
{
    if (kv != NULL) {
        kv->ops->close(kv);
    }
}

static enum cs_err found_one(void *ctx, uint8_t table, struct cs_span key,
                             struct cs_span value)
{
    (void)table, (void)key, (void)value;
    *(bool *)ctx = false;
    return CS_ERR_EXISTS; /* stops the walk */
}

enum cs_err cs_kv_is_empty(struct cs_kv *kv, bool *empty)
{
    enum cs_err err;

    *empty = true;
    err = kv->ops->scan(kv, found_one, empty);
    return *empty ? err : CS_OK;
}
