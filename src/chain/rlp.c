/* RLP; see rlp.h. */
#include "chain/rlp.h"

enum {
    STRING = 0x80, /* headers: 80..b7 short string, b8..bf long, c0..f7, f8..ff list */
    LIST = 0xc0,
    SHORT_MAX = 55,
};

static bool bad(struct cs_rd *r)
{
    cs_rd_fail(r, CS_ERR_BAD_FORMAT);
    return false;
}

/* Length of a body longer than 55 bytes: n bytes, no leading zero. */
static bool read_long(struct cs_rd *r, size_t n, size_t *out)
{
    struct cs_span len = cs_rd_span(r, n);
    size_t v = 0;

    if (r->err != CS_OK || len.p[0] == 0 || n > 4) { /* inputs are far below 4 GiB */
        return bad(r);
    }
    for (size_t i = 0; i < n; i++) {
        v = v << 8 | len.p[i];
    }
    *out = v;
    return v > SHORT_MAX || bad(r);
}

bool cs_rlp_next(struct cs_rd *r, struct cs_rlp *out)
{
    const uint8_t *start = r->p;
    uint8_t head = cs_rd_u8(r);
    size_t n;

    if (r->err != CS_OK) {
        return bad(r);
    }
    out->is_list = head >= LIST;
    if (head < STRING) { /* a byte that stands for itself */
        out->body = out->whole = CS_SPAN(start, 1);
        return true;
    }
    n = (size_t)head - (out->is_list ? LIST : STRING);
    if (n > SHORT_MAX && !read_long(r, n - SHORT_MAX, &n)) {
        return false;
    }
    out->body = cs_rd_span(r, n);
    if (r->err != CS_OK || (head == STRING + 1 && out->body.p[0] < STRING)) {
        return bad(r);
    }
    out->whole = CS_SPAN(start, (size_t)(r->p - start));
    return true;
}

bool cs_rlp_list(struct cs_span in, struct cs_rlp *items, size_t max, size_t *n)
{
    struct cs_rd r = CS_RD(in);
    struct cs_rlp list;

    *n = 0;
    if (!cs_rlp_next(&r, &list) || r.left != 0 || !list.is_list) {
        return false;
    }
    r = CS_RD(list.body);
    while (r.left > 0) {
        if (*n == max || !cs_rlp_next(&r, &items[*n])) {
            return false;
        }
        (*n)++;
    }
    return true;
}

bool cs_rlp_number(const struct cs_rlp *item, size_t max, struct cs_span *out)
{
    *out = item->body;
    return !item->is_list && out->n <= max && (out->n == 0 || out->p[0] != 0);
}

bool cs_rlp_u64(const struct cs_rlp *item, uint64_t *out)
{
    struct cs_span be;

    *out = 0;
    if (!cs_rlp_number(item, 8, &be)) {
        return false;
    }
    for (size_t i = 0; i < be.n; i++) {
        *out = *out << 8 | be.p[i];
    }
    return true;
}

/* ---- writing ------------------------------------------------------------------- */

static void put_head(struct cs_wr *w, unsigned base, size_t n)
{
    uint8_t be[8];
    size_t len = 0;

    if (n <= SHORT_MAX) {
        cs_wr_u8(w, (uint8_t)(base + n));
        return;
    }
    for (size_t v = n; v != 0; v >>= 8) {
        be[7 - len] = (uint8_t)v;
        len++;
    }
    cs_wr_u8(w, (uint8_t)(base + SHORT_MAX + len));
    cs_wr_bytes(w, be + 8 - len, len);
}

void cs_rlp_put_string(struct cs_wr *w, struct cs_span s)
{
    if (s.n != 1 || s.p[0] >= STRING) {
        put_head(w, STRING, s.n);
    }
    cs_wr_span(w, s);
}

void cs_rlp_put_number(struct cs_wr *w, struct cs_span be)
{
    while (be.n > 0 && be.p[0] == 0) {
        be = CS_SPAN(be.p + 1, be.n - 1);
    }
    cs_rlp_put_string(w, be);
}

void cs_rlp_put_u64(struct cs_wr *w, uint64_t v)
{
    uint8_t be[8];

    for (size_t i = 0; i < 8; i++) {
        be[i] = (uint8_t)(v >> (56 - 8 * i));
    }
    cs_rlp_put_number(w, CS_SPAN_OF(be));
}

void cs_rlp_put_list(struct cs_wr *w, size_t n)
{
    put_head(w, LIST, n);
}
