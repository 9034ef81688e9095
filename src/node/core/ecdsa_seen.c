/* The presids seen during the life of a link: no second session has one of them
 * (PROTOCOLS 2.7).  An open-addressed table of their first halves, which grows. */
#include "node/core/ecdsa.h"

#include <string.h>

#include "base/mem.h"

enum { SLOT = 16, SLOTS_FIRST = 64 };

struct ecdsa_seen {
    size_t n, cap; /* cap is a power of two, above ECDSA_SEEN_MAX at last */
    uint8_t *slots;
};

static const uint8_t empty[SLOT];

/* presid is a hash: any of its bits are as good as others. */
static uint8_t *find(const struct ecdsa_seen *s, const uint8_t *id)
{
    size_t at = 0;

    memcpy(&at, id, sizeof at);
    for (;; at++) { /* ends: the table is never full */
        uint8_t *slot = s->slots + (at & (s->cap - 1)) * SLOT;

        if (memcmp(slot, id, SLOT) == 0 || memcmp(slot, empty, SLOT) == 0) {
            return slot;
        }
    }
}

static enum cs_err grow(struct ecdsa_seen *s)
{
    struct ecdsa_seen bigger = {.cap = s->cap == 0 ? SLOTS_FIRST : 2 * s->cap};

    bigger.slots = cs_alloc_array(bigger.cap, SLOT);
    if (bigger.slots == NULL) {
        return CS_ERR_NOMEM;
    }
    for (size_t i = 0; i < s->cap; i++) {
        const uint8_t *id = s->slots + i * SLOT;

        if (memcmp(id, empty, SLOT) != 0) {
            memcpy(find(&bigger, id), id, SLOT);
        }
    }
    bigger.n = s->n;
    cs_free(s->slots);
    *s = bigger;
    return CS_OK;
}

enum cs_err cs_nd_ecdsa_seen(struct ecdsa_seen **set, const uint8_t presid[32])
{
    struct ecdsa_seen *s = *set;
    uint8_t *slot;

    if (s == NULL) {
        s = *set = cs_alloc(sizeof *s);
    }
    if (s == NULL) {
        return CS_ERR_NOMEM;
    }
    if (2 * (s->n + 1) > s->cap) {
        CS_CHECK(grow(s));
    }
    slot = find(s, presid);
    if (memcmp(slot, presid, SLOT) == 0) {
        return CS_ERR_REPLAY;
    }
    if (s->n >= ECDSA_SEEN_MAX) {
        return CS_ERR_FULL;
    }
    memcpy(slot, presid, SLOT);
    s->n++;
    return CS_OK;
}

void cs_nd_ecdsa_seen_free(struct ecdsa_seen *s)
{
    if (s != NULL) {
        cs_free(s->slots);
        cs_free(s);
    }
}
