/* Borrowed bytes: who made them owns them. */
#ifndef CS_BASE_SPAN_H
#define CS_BASE_SPAN_H

#include <stddef.h>
#include <stdint.h>

struct cs_span {
    const uint8_t *p;
    size_t n;
};

#define CS_SPAN(ptr, len) ((struct cs_span){(const uint8_t *)(ptr), (len)})
#define CS_SPAN_OF(array) ((struct cs_span){(array), sizeof(array)})
#define CS_SPAN_LIT(text) ((struct cs_span){(const uint8_t *)(text), sizeof(text) - 1})

#define CS_COUNTOF(array) (sizeof(array) / sizeof((array)[0]))
#define CS_CONTAINER_OF(ptr, type, member)                                             \
    ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

#endif
