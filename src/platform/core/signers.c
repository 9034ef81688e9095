#include "platform/core/signers.h"

#include <string.h>

enum { COST_LAST = 64, COST_NO_LINK = 256 };

/* Pairs of 1..7 in a row: (1,2) (1,3) (2,3) (1,4) .. */
uint32_t cs_pc_pair_bit(uint8_t lo, uint8_t hi)
{
    return 1U << ((unsigned)(hi - 1) * (unsigned)(hi - 2) / 2 + lo - 1U);
}

static bool allowed(const struct cs_pc_taught *t, uint8_t lo, uint8_t hi)
{
    return (t->refused & (1U << (lo - 1) | 1U << (hi - 1))) == 0 &&
           (t->bad_pairs & cs_pc_pair_bit(lo, hi)) == 0;
}

bool cs_pc_pair_possible(const struct cs_pc_qset *q, const struct cs_pc_taught *t)
{
    for (uint8_t hi = 2; hi <= q->ds.n; hi++) {
        for (uint8_t lo = 1; lo < hi; lo++) {
            if (allowed(t, lo, hi)) {
                return true;
            }
        }
    }
    return false;
}

static bool can_sign(struct cs_platform_core *core, struct cs_pc_live *l)
{
    return l != NULL && cs_pc_live_online(l) && cs_pc_outbox_has_room(core, l) &&
           (!l->has_status || strcmp(l->status.state, "READY") == 0);
}

/* A member that says its link to the other is not up would only fail. */
static bool says_no_link(const struct cs_pc_live *l, const struct cs_pc_qset *q,
                         uint8_t other)
{
    for (size_t i = 0; l->has_status && i < l->status.n_links; i++) {
        const struct cs_ctl_link_status *s = &l->status.links[i];

        if (s->index == other && memcmp(s->quorum_id, q->id, CS_PC_ID) == 0) {
            return strcmp(s->state, "LIVE") != 0;
        }
    }
    return false;
}

static uint32_t cost(struct cs_platform_core *core, const struct cs_pc_qset *q,
                     const struct cs_pc_taught *t, struct cs_pc_live *const *m,
                     const uint8_t pair[2])
{
    const struct cs_pc_live *a = m[pair[0]], *b = m[pair[1]];
    uint32_t c = cs_pc_live_penalty(core, a) + cs_pc_live_penalty(core, b);

    c += cs_pc_pair_bit(pair[0], pair[1]) == t->last_pair ? COST_LAST : 0;
    c += says_no_link(a, q, pair[1]) || says_no_link(b, q, pair[0]) ? COST_NO_LINK : 0;
    return c;
}

bool cs_pc_pair_pick(struct cs_platform_core *core, const struct cs_pc_qset *q,
                     const struct cs_pc_taught *t, uint8_t pair[2])
{
    struct cs_pc_live *m[CS_PC_MEMBERS_MAX + 1] = {NULL};
    uint32_t best = UINT32_MAX;
    uint8_t n = q->ds.n;

    for (uint8_t i = 1; i <= n; i++) {
        m[i] = cs_pc_qset_live(core, q, i);
        m[i] = can_sign(core, m[i]) ? m[i] : NULL;
    }
    core->turn++;
    /* Starts at another member each time, so that equal pairs take turns. */
    for (uint8_t k = 0; k < n; k++) {
        uint8_t a = (uint8_t)((core->turn + k) % n + 1);

        for (uint8_t step = 1; step < n; step++) {
            uint8_t b = (uint8_t)((a - 1 + step) % n + 1);
            uint8_t p[2] = {a < b ? a : b, a < b ? b : a};
            uint32_t c;

            if (m[a] == NULL || m[b] == NULL || !allowed(t, p[0], p[1]) ||
                (q->quarantined & cs_pc_pair_bit(p[0], p[1])) != 0) {
                continue;
            }
            c = cost(core, q, t, m, p);
            if (c < best) {
                best = c;
                memcpy(pair, p, 2);
            }
        }
    }
    return best != UINT32_MAX;
}
