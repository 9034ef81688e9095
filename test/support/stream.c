#include "support/stream.h"

#include <stdbool.h>
#include <string.h>

/* SplitMix64 in counter mode is enough for inputs, and needs no library. */
static uint64_t mix(uint64_t x)
{
    x += 0x9e3779b97f4a7c15;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
    x = (x ^ x >> 27) * 0x94d049bb133111eb;
    return x ^ x >> 31;
}

void stream_init(struct stream *s, uint64_t seed)
{
    s->state = mix(seed);
}

static uint64_t next(struct stream *s)
{
    s->state += 0x9e3779b97f4a7c15;
    return mix(s->state);
}

void stream_bytes(struct stream *s, uint8_t *out, size_t n)
{
    while (n > 0) {
        uint64_t v = next(s);
        size_t take = n < sizeof v ? n : sizeof v;

        memcpy(out, &v, take);
        out += take;
        n -= take;
    }
}

static void runs(struct stream *s, uint8_t *out, size_t n)
{
    size_t bit = 0;

    memset(out, 0, n);
    while (bit < 8 * n) {
        uint64_t v = next(s);
        bool one = (v & 1) != 0;

        for (size_t len = 1 + (v >> 1) % 96; len > 0 && bit < 8 * n; len--, bit++) {
            out[bit / 8] |= (uint8_t)(one ? 1U << (bit % 8) : 0);
        }
    }
}

void stream_edgy(struct stream *s, uint8_t *out, size_t n)
{
    if ((next(s) & 1) != 0) {
        stream_bytes(s, out, n);
    } else {
        runs(s, out, n);
    }
}
