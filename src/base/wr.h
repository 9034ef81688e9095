/* Growing byte buffer and writer in one; errors are sticky.  Big endian.
 *
 * Zero-initialise, or set max (default 16 MiB; printf, hex and base64 need room for a
 * NUL behind the text).  Growing copies and wipes the old bytes, so a buffer may hold
 * secrets; cs_wr_free wipes.  Owner: whoever holds the struct; cs_wr_take moves the
 * bytes out (free them with cs_free_wiped; NULL after an error: then they are wiped).
 */
#ifndef CS_BASE_WR_H
#define CS_BASE_WR_H

#include "base/err.h"
#include "base/span.h"

struct cs_wr {
    uint8_t *p;
    size_t n;   /* bytes written */
    size_t cap; /* bytes allocated */
    size_t max; /* 0: 16 MiB */
    enum cs_err err;
};

void cs_wr_u8(struct cs_wr *w, uint8_t v);
void cs_wr_u16(struct cs_wr *w, uint16_t v);
void cs_wr_u32(struct cs_wr *w, uint32_t v);
void cs_wr_u64(struct cs_wr *w, uint64_t v);
void cs_wr_bytes(struct cs_wr *w, const void *p, size_t n);
void cs_wr_span(struct cs_wr *w, struct cs_span s);
void cs_wr_lp(struct cs_wr *w, struct cs_span s); /* u32 length, bytes */
void cs_wr_str(struct cs_wr *w, const char *s);   /* bytes without the NUL */
void cs_wr_printf(struct cs_wr *w, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Reserves n zero bytes and returns them, NULL on error. */
uint8_t *cs_wr_room(struct cs_wr *w, size_t n);
void cs_wr_reset(struct cs_wr *w); /* empties and wipes, keeps the memory */
void cs_wr_free(struct cs_wr *w);
struct cs_span cs_wr_get(const struct cs_wr *w); /* empty after an error */
uint8_t *cs_wr_take(struct cs_wr *w, size_t *n);

#endif
