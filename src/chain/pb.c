/* Protocol buffers; see pb.h. */
#include "chain/pb.h"

#include <string.h>

enum { VARINT_MAX = 10, NUMBER_MAX = (1 << 29) - 1 };

/* Seven bits a byte, lowest first; the last byte is zero only when it is the first. */
static uint64_t read_varint(struct cs_rd *r)
{
    uint64_t v = 0;

    for (unsigned i = 0; i < VARINT_MAX; i++) {
        uint8_t b = cs_rd_u8(r);

        if (r->err != CS_OK || (i == VARINT_MAX - 1 && b > 1)) {
            break;
        }
        v |= (uint64_t)(b & 0x7f) << (7 * i);
        if ((b & 0x80) == 0) {
            if (b == 0 && i > 0) {
                break;
            }
            return v;
        }
    }
    cs_rd_fail(r, CS_ERR_BAD_FORMAT);
    return 0;
}

bool cs_pb_next(struct cs_rd *r, struct cs_pb_field *out)
{
    uint64_t head = read_varint(r);
    uint64_t n;

    memset(out, 0, sizeof *out);
    if (r->err != CS_OK || head >> 3 == 0 || head >> 3 > NUMBER_MAX) {
        return false;
    }
    out->number = (uint32_t)(head >> 3);
    if ((head & 7) == CS_PB_VARINT) {
        out->wire = CS_PB_VARINT;
        out->varint = read_varint(r);
        return r->err == CS_OK;
    }
    if ((head & 7) != CS_PB_BYTES) {
        return false;
    }
    out->wire = CS_PB_BYTES;
    n = read_varint(r);
    if (r->err != CS_OK || n > r->left) {
        return false;
    }
    out->bytes = cs_rd_span(r, (size_t)n);
    return true;
}

static bool take(struct cs_pb_got *got, const struct cs_pb_want *want,
                 const struct cs_pb_field *f, const uint8_t *start, const uint8_t *end)
{
    if (want->wire != f->wire || (got->count > 0 && !want->is_repeated)) {
        return false;
    }
    if (want->is_repeated) { /* ascending order: they stand one behind the other */
        const uint8_t *first = got->count == 0 ? start : got->bytes.p;

        got->bytes = CS_SPAN(first, (size_t)(end - first));
    } else {
        got->bytes = f->bytes;
        got->varint = f->varint;
    }
    got->count++;
    return true;
}

bool cs_pb_read(struct cs_span in, const struct cs_pb_want *wants, size_t n,
                struct cs_pb_got *got)
{
    struct cs_rd r = CS_RD(in);
    struct cs_pb_field f;
    size_t i = 0;

    memset(got, 0, n * sizeof *got);
    while (r.left > 0) {
        const uint8_t *start = r.p;

        if (!cs_pb_next(&r, &f)) {
            return false;
        }
        while (i < n && wants[i].number != f.number) {
            i++;
        }
        if (i == n || !take(&got[i], &wants[i], &f, start, r.p)) {
            return false;
        }
    }
    return true;
}

bool cs_pb_ok(struct cs_span in)
{
    struct cs_rd r = CS_RD(in);
    struct cs_pb_field f;

    while (r.left > 0) {
        if (!cs_pb_next(&r, &f)) {
            return false;
        }
    }
    return true;
}

/* ---- as others read ------------------------------------------------------------ */

enum {
    W_VARINT,
    W_FIXED64,
    W_BYTES,
    W_GROUP,
    W_GROUP_END,
    W_FIXED32,
    GROUPS_MAX = 100
};

struct groups {
    uint64_t open[GROUPS_MAX]; /* field numbers; readers go no deeper either */
    size_t n;
};

static uint64_t any_varint(struct cs_rd *r)
{
    uint64_t v = 0;

    for (unsigned i = 0; i < VARINT_MAX; i++) {
        uint8_t b = cs_rd_u8(r);

        v |= (uint64_t)(b & 0x7f) << (7 * i);
        if ((b & 0x80) == 0) {
            return v;
        }
    }
    cs_rd_fail(r, CS_ERR_BAD_FORMAT);
    return 0;
}

static void open_or_close(struct cs_rd *r, struct groups *g, uint64_t head)
{
    bool is_end = (head & 7) == W_GROUP_END;

    if (is_end ? g->n == 0 || g->open[g->n - 1] != head >> 3 : g->n == GROUPS_MAX) {
        cs_rd_fail(r, CS_ERR_BAD_FORMAT);
    } else if (is_end) {
        g->n--;
    } else {
        g->open[g->n++] = head >> 3;
    }
}

static void skip_any(struct cs_rd *r, struct groups *g, uint64_t head)
{
    uint64_t n;

    switch (head & 7) {
    case W_VARINT:
        (void)any_varint(r);
        return;
    case W_FIXED64:
        (void)cs_rd_span(r, 8);
        return;
    case W_BYTES:
        n = any_varint(r);
        (void)cs_rd_span(r, n <= r->left ? (size_t)n : r->left + 1);
        return;
    case W_GROUP:
    case W_GROUP_END:
        open_or_close(r, g, head);
        return;
    case W_FIXED32:
        (void)cs_rd_span(r, 4);
        return;
    default:
        cs_rd_fail(r, CS_ERR_BAD_FORMAT);
    }
}

bool cs_pb_may_hold(struct cs_span in, uint32_t number)
{
    struct cs_rd r = CS_RD(in);
    struct groups g = {.n = 0};
    bool has = false;

    while (r.left > 0 && r.err == CS_OK) {
        uint64_t head = any_varint(&r);

        has = has || (g.n == 0 && head == ((uint64_t)number << 3 | W_BYTES));
        skip_any(&r, &g, head);
    }
    return has && g.n == 0 && r.err == CS_OK;
}

/* ---- writing ------------------------------------------------------------------- */

static void put_varint(struct cs_wr *w, uint64_t v)
{
    for (; v > 0x7f; v >>= 7) {
        cs_wr_u8(w, (uint8_t)(v | 0x80));
    }
    cs_wr_u8(w, (uint8_t)v);
}

void cs_pb_put_varint(struct cs_wr *w, uint32_t number, uint64_t v)
{
    if (v != 0) {
        put_varint(w, (uint64_t)number << 3 | CS_PB_VARINT);
        put_varint(w, v);
    }
}

void cs_pb_put_head(struct cs_wr *w, uint32_t number, size_t n)
{
    put_varint(w, (uint64_t)number << 3 | CS_PB_BYTES);
    put_varint(w, n);
}

void cs_pb_put_bytes(struct cs_wr *w, uint32_t number, struct cs_span s)
{
    cs_pb_put_head(w, number, s.n);
    cs_wr_span(w, s);
}
