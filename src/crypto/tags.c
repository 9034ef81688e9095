#include "crypto/tags.h"

#include <string.h>

#include "base/err.h"
#include "crypto/tags_init.h"

static const char *const texts[CS_TAG_COUNT] = {
#define CS_TAG_TEXT(name, text) [CS_TAG_##name] = text,
    CS_TAG_MAP(CS_TAG_TEXT)
#undef CS_TAG_TEXT
};

static struct cs_tag_state states[CS_TAG_COUNT]; /* read-only after cs_tags_init */
static bool ready;

const char *cs_tag_text(enum cs_tag tag)
{
    CS_ASSERT((unsigned)tag < (unsigned)CS_TAG_COUNT);
    return texts[tag];
}

static void init_one(struct cs_tag_state *s, const char *text)
{
    static const char prefix[] = CS_PROTOCOL_PREFIX "/";
    struct cs_sha256_state h;

    cs_sha256_start(&h);
    cs_sha256_update(&h, (const uint8_t *)prefix, sizeof prefix - 1);
    cs_sha256_update(&h, (const uint8_t *)text, strlen(text));
    cs_sha256_final(&h, s->t);
    cs_sha256_start(&s->after_tt);
    cs_sha256_update(&s->after_tt, s->t, sizeof s->t);
    cs_sha256_update(&s->after_tt, s->t, sizeof s->t);
}

void cs_tags_init(void)
{
    for (int i = 0; i < CS_TAG_COUNT; i++) {
        init_one(&states[i], texts[i]);
    }
    ready = true;
}

const struct cs_tag_state *cs_tag_state(enum cs_tag tag)
{
    CS_ASSERT(ready && (unsigned)tag < (unsigned)CS_TAG_COUNT);
    return &states[tag];
}
