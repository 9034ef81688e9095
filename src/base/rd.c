#include "base/rd.h"

#include <string.h>

void cs_rd_fail(struct cs_rd *r, enum cs_err err)
{
    if (r->err == CS_OK) {
        r->err = err;
    }
    r->left = 0;
}

struct cs_span cs_rd_span(struct cs_rd *r, size_t n)
{
    struct cs_span s = {r->p, n};

    if (r->err != CS_OK || n > r->left) {
        cs_rd_fail(r, CS_ERR_TRUNCATED);
        return (struct cs_span){NULL, 0};
    }
    if (n != 0) { /* p may be NULL for an empty input */
        r->p += n;
        r->left -= n;
    }
    return s;
}

void cs_rd_copy(struct cs_rd *r, void *out, size_t n)
{
    struct cs_span s = cs_rd_span(r, n);

    if (r->err != CS_OK) {
        memset(out, 0, n);
    } else if (n != 0) {
        memcpy(out, s.p, n);
    }
}

static uint64_t rd_uint(struct cs_rd *r, size_t n)
{
    uint8_t b[8];
    uint64_t v = 0;

    cs_rd_copy(r, b, n);
    for (size_t i = 0; i < n; i++) {
        v = v << 8 | b[i];
    }
    return v;
}

uint8_t cs_rd_u8(struct cs_rd *r)
{
    return (uint8_t)rd_uint(r, 1);
}

uint16_t cs_rd_u16(struct cs_rd *r)
{
    return (uint16_t)rd_uint(r, 2);
}

uint32_t cs_rd_u32(struct cs_rd *r)
{
    return (uint32_t)rd_uint(r, 4);
}

uint64_t cs_rd_u64(struct cs_rd *r)
{
    return rd_uint(r, 8);
}

struct cs_span cs_rd_lp(struct cs_rd *r, size_t max)
{
    uint32_t n = cs_rd_u32(r);

    if (r->err == CS_OK && n > max) {
        cs_rd_fail(r, CS_ERR_TOO_LONG);
    }
    return cs_rd_span(r, n);
}

enum cs_err cs_rd_end(const struct cs_rd *r)
{
    if (r->err != CS_OK) {
        return r->err;
    }
    return r->left == 0 ? CS_OK : CS_ERR_TRAILING;
}
