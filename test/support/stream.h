/* Reproducible test bytes from a seed.  Not random in any other sense. */
#ifndef CS_TEST_SUPPORT_STREAM_H
#define CS_TEST_SUPPORT_STREAM_H

#include <stddef.h>
#include <stdint.h>

struct stream {
    uint64_t state;
};

void stream_init(struct stream *s, uint64_t seed);
void stream_bytes(struct stream *s, uint8_t *out, size_t n);
/* Half of these have long runs of zero and one bits, where carries live. */
void stream_edgy(struct stream *s, uint8_t *out, size_t n);

#endif
