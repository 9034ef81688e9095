/* Token buckets in a fixed table.  Two names may share a bucket: then both are limited
 * together, which is safe, and the secret salt keeps anyone from choosing whom. */
#include <stdio.h>
#include <string.h>

#include "platform/core/api.h"

static struct cs_pc_bucket *bucket(struct cs_platform_core *core, const char *kind,
                                   const char *text, uint32_t burst, uint32_t per_s)
{
    struct cs_pc_bucket *b;
    uint64_t full = (uint64_t)burst * 1000, gained;
    uint8_t d[32];
    size_t at;
    char label[32];

    (void)snprintf(label, sizeof label, "rate/%s", kind);
    cs_pc_digest(d, label, CS_SPAN_OF(core->bucket_salt), CS_SPAN(text, strlen(text)));
    at = ((size_t)d[0] << 16 | (size_t)d[1] << 8 | d[2]) % CS_PC_BUCKETS;
    b = &core->buckets[at];
    gained = b->at_ms == 0 ? full : (core->now_ms - b->at_ms) * per_s;
    b->level = gained >= full || b->level + gained > full ? full : b->level + gained;
    b->at_ms = core->now_ms == 0 ? 1 : core->now_ms;
    return b;
}

bool cs_api_peek(struct cs_platform_core *core, const char *kind, const char *text,
                 uint32_t burst, uint32_t per_s)
{
    return bucket(core, kind, text, burst, per_s)->level >= 1000;
}

bool cs_api_take(struct cs_platform_core *core, const char *kind, const char *text,
                 uint32_t burst, uint32_t per_s)
{
    struct cs_pc_bucket *b = bucket(core, kind, text, burst, per_s);

    if (b->level < 1000) {
        return false;
    }
    b->level -= 1000;
    return true;
}
