/* Little endian; see le.h. */
#include "chain/le.h"

/* n bytes, at most 8; zero after an error. */
static uint64_t rd_le(struct cs_rd *r, size_t n)
{
    struct cs_span s = cs_rd_span(r, n);
    uint64_t v = 0;

    for (size_t i = s.n; i > 0; i--) {
        v = v << 8 | s.p[i - 1];
    }
    return v;
}

uint32_t cs_rd_le32(struct cs_rd *r)
{
    return (uint32_t)rd_le(r, 4);
}

uint64_t cs_rd_le64(struct cs_rd *r)
{
    return rd_le(r, 8);
}

uint64_t cs_rd_compact(struct cs_rd *r)
{
    uint8_t head = cs_rd_u8(r);
    uint64_t v = head, min = 0;

    if (head == 0xfd) {
        v = rd_le(r, 2);
        min = 0xfd;
    } else if (head == 0xfe) {
        v = rd_le(r, 4);
        min = 0x10000;
    } else if (head == 0xff) {
        v = rd_le(r, 8);
        min = 0x100000000;
    }
    if (r->err == CS_OK && v < min) {
        cs_rd_fail(r, CS_ERR_BAD_FORMAT);
    }
    return r->err == CS_OK ? v : 0;
}

struct cs_span cs_rd_compact_span(struct cs_rd *r)
{
    uint64_t n = cs_rd_compact(r);

    if (n > r->left) {
        cs_rd_fail(r, CS_ERR_TRUNCATED);
    }
    return cs_rd_span(r, r->err == CS_OK ? (size_t)n : 0);
}

static void wr_le(struct cs_wr *w, uint64_t v, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        cs_wr_u8(w, (uint8_t)(v >> (8 * i)));
    }
}

void cs_wr_le32(struct cs_wr *w, uint32_t v)
{
    wr_le(w, v, 4);
}

void cs_wr_le64(struct cs_wr *w, uint64_t v)
{
    wr_le(w, v, 8);
}

void cs_wr_compact(struct cs_wr *w, uint64_t v)
{
    if (v < 0xfd) {
        wr_le(w, v, 1);
    } else if (v <= UINT16_MAX) {
        cs_wr_u8(w, 0xfd);
        wr_le(w, v, 2);
    } else if (v <= UINT32_MAX) {
        cs_wr_u8(w, 0xfe);
        wr_le(w, v, 4);
    } else {
        cs_wr_u8(w, 0xff);
        wr_le(w, v, 8);
    }
}

void cs_wr_compact_span(struct cs_wr *w, struct cs_span s)
{
    cs_wr_compact(w, s.n);
    cs_wr_span(w, s);
}
