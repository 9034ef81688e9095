/* Reader with sticky errors: read all fields, ask once.  Big endian.
 * After an error every read yields zeros (or an empty span). */
#ifndef CS_BASE_RD_H
#define CS_BASE_RD_H

#include "base/err.h"
#include "base/span.h"

struct cs_rd {
    const uint8_t *p;
    size_t left;
    enum cs_err err;
};

#define CS_RD(span) ((struct cs_rd){.p = (span).p, .left = (span).n})

uint8_t cs_rd_u8(struct cs_rd *r);
uint16_t cs_rd_u16(struct cs_rd *r);
uint32_t cs_rd_u32(struct cs_rd *r);
uint64_t cs_rd_u64(struct cs_rd *r);
void cs_rd_copy(struct cs_rd *r, void *out, size_t n);
struct cs_span cs_rd_span(struct cs_rd *r, size_t n); /* borrows from the input */
/* u32 length, then that many bytes; TOO_LONG above max. */
struct cs_span cs_rd_lp(struct cs_rd *r, size_t max);
void cs_rd_fail(struct cs_rd *r, enum cs_err err); /* keeps the first error */
/* The sticky error, or TRAILING when bytes are left. */
enum cs_err cs_rd_end(const struct cs_rd *r) CS_MUST_USE;

#endif
