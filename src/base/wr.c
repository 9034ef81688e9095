#include "base/wr.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

enum { WR_DEFAULT_MAX = 16 << 20, WR_FIRST = 64 };

static void fail(struct cs_wr *w, enum cs_err err)
{
    if (w->err == CS_OK) { /* the first error stays */
        w->err = err;
    }
}

static bool grow(struct cs_wr *w, size_t need)
{
    size_t max = w->max == 0 ? WR_DEFAULT_MAX : w->max;
    size_t cap = w->cap == 0 ? WR_FIRST : w->cap;
    uint8_t *p;

    if (need > max) {
        fail(w, CS_ERR_TOO_LONG);
        return false;
    }
    while (cap < need) {
        cap = cap > SIZE_MAX / 2 ? need : cap * 2;
    }
    if (cap > max) {
        cap = max; /* so that what fits is also what is allowed */
    }
    p = cs_alloc(cap);
    if (p == NULL) {
        fail(w, CS_ERR_NOMEM);
        return false;
    }
    if (w->p != NULL) {
        memcpy(p, w->p, w->n);
    }
    cs_free_wiped(w->p, w->cap);
    w->p = p;
    w->cap = cap;
    return true;
}

/* n more bytes, as they are. */
static uint8_t *claim(struct cs_wr *w, size_t n)
{
    uint8_t *at;

    if (w->err != CS_OK) {
        return NULL;
    }
    if (n > SIZE_MAX - w->n) {
        fail(w, CS_ERR_TOO_LONG);
        return NULL;
    }
    if ((w->p == NULL || w->n + n > w->cap) && !grow(w, w->n + n)) {
        return NULL;
    }
    at = w->p + w->n;
    w->n += n;
    return at;
}

uint8_t *cs_wr_room(struct cs_wr *w, size_t n)
{
    uint8_t *at = claim(w, n);

    if (at != NULL) {
        memset(at, 0, n);
    }
    return at;
}

void cs_wr_bytes(struct cs_wr *w, const void *p, size_t n)
{
    uint8_t *at = n == 0 ? NULL : claim(w, n);

    if (at != NULL) {
        memcpy(at, p, n);
    }
}

static void wr_uint(struct cs_wr *w, uint64_t v, size_t n)
{
    uint8_t *at = cs_wr_room(w, n);

    for (size_t i = 0; at != NULL && i < n; i++) {
        at[i] = (uint8_t)(v >> (8 * (n - 1 - i)));
    }
}

void cs_wr_u8(struct cs_wr *w, uint8_t v)
{
    wr_uint(w, v, 1);
}

void cs_wr_u16(struct cs_wr *w, uint16_t v)
{
    wr_uint(w, v, 2);
}

void cs_wr_u32(struct cs_wr *w, uint32_t v)
{
    wr_uint(w, v, 4);
}

void cs_wr_u64(struct cs_wr *w, uint64_t v)
{
    wr_uint(w, v, 8);
}

void cs_wr_span(struct cs_wr *w, struct cs_span s)
{
    cs_wr_bytes(w, s.p, s.n);
}

void cs_wr_lp(struct cs_wr *w, struct cs_span s)
{
    if (s.n > UINT32_MAX) {
        fail(w, CS_ERR_TOO_LONG);
        return;
    }
    cs_wr_u32(w, (uint32_t)s.n);
    cs_wr_span(w, s);
}

void cs_wr_str(struct cs_wr *w, const char *s)
{
    cs_wr_bytes(w, s, strlen(s));
}

void cs_wr_printf(struct cs_wr *w, const char *fmt, ...)
{
    va_list ap, again;
    int n;

    va_start(ap, fmt);
    va_copy(again, ap);
    n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n < 0) {
        fail(w, CS_ERR_INTERNAL);
    }
    if (n > 0) {
        uint8_t *at = cs_wr_room(w, (size_t)n + 1);

        if (at != NULL) {
            (void)vsnprintf((char *)at, (size_t)n + 1, fmt, again);
            w->n--; /* the NUL is not part of the text */
        }
    }
    va_end(again);
}

void cs_wr_reset(struct cs_wr *w)
{
    if (w->p != NULL) {
        cs_wipe(w->p, w->cap);
    }
    w->n = 0;
    w->err = CS_OK;
}

void cs_wr_free(struct cs_wr *w)
{
    cs_free_wiped(w->p, w->cap);
    *w = (struct cs_wr){.max = w->max};
}

struct cs_span cs_wr_get(const struct cs_wr *w)
{
    return w->err == CS_OK ? (struct cs_span){w->p, w->n} : (struct cs_span){NULL, 0};
}

uint8_t *cs_wr_take(struct cs_wr *w, size_t *n)
{
    uint8_t *p = w->p;

    if (w->err != CS_OK) { /* half a message is none */
        cs_wr_free(w);
        *n = 0;
        return NULL;
    }
    *n = w->n;
    *w = (struct cs_wr){.max = w->max};
    return p;
}
