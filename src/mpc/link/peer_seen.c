#include "mpc/link/peer_seen.h"

#include <string.h>

#include "base/rd.h"

enum { SEEN_VERSION = 1 };
enum { FENCE_NONE = 0, FENCE_ROLLBACK = 1, FENCE_CLONE = 2 };

static bool is_old_boot(const struct cs_peer_seen *s, const uint8_t boot[32])
{
    for (uint8_t k = 0; k < s->n_old; k++) {
        if (memcmp(s->old_boots[k], boot, 32) == 0) {
            return true;
        }
    }
    return false;
}

static enum cs_err judge(const struct cs_peer_seen *s, const struct cs_life *life)
{
    const struct cs_life *last = &s->last;
    bool same_boot = memcmp(last->boot, life->boot, 32) == 0;

    if (is_old_boot(s, life->boot)) {
        return CS_ERR_CLONE; /* 15.1 A8: a boot returns after another was confirmed */
    }
    if (last->boot_counter == 0) {
        return CS_OK; /* first meeting, or an operator reset the baseline */
    }
    if (same_boot != (life->boot_counter == last->boot_counter)) {
        return CS_ERR_CLONE; /* two boots on one counter, or one boot on two */
    }
    if (life->boot_counter < last->boot_counter) {
        return CS_ERR_ROLLBACK;
    }
    if (life->boot_counter >> CS_LIFE_START_BITS !=
        last->boot_counter >> CS_LIFE_START_BITS) {
        return CS_ERR_CLONE; /* restored: is the old instance gone? (8.9) */
    }
    if (life->journal_seq < last->journal_seq) {
        return CS_ERR_ROLLBACK;
    }
    if (life->journal_seq == last->journal_seq &&
        memcmp(life->journal_hash, last->journal_hash, 32) != 0) {
        return CS_ERR_CLONE;
    }
    return CS_OK;
}

/* A boot was shown, maybe before an operator reset the rest of the record. */
static bool has_boot(const struct cs_peer_seen *s)
{
    static const uint8_t none[32];

    return s->last.boot_counter != 0 || memcmp(s->last.boot, none, 32) != 0;
}

static void remember_old(struct cs_peer_seen *s, const uint8_t boot[32])
{
    memmove(s->old_boots[1], s->old_boots[0], sizeof s->old_boots - 32);
    memcpy(s->old_boots[0], boot, 32);
    if (s->n_old < CS_SEEN_OLD_BOOTS) {
        s->n_old++;
    }
}

enum cs_err cs_peer_seen_update(struct cs_peer_seen *seen, const struct cs_life *life)
{
    enum cs_err err;

    if (seen->fenced != CS_OK) {
        return seen->fenced;
    }
    if (life->boot_counter == 0) {
        return CS_ERR_HS_CONFIRM;
    }
    err = judge(seen, life);
    if (err != CS_OK) {
        seen->fenced = err;
        return err;
    }
    if (has_boot(seen) && memcmp(seen->last.boot, life->boot, 32) != 0) {
        remember_old(seen, seen->last.boot);
    }
    seen->last = *life;
    return CS_OK;
}

void cs_peer_seen_accept(struct cs_peer_seen *seen)
{
    struct cs_life none = {0};

    /* The last boot is kept: should the next life show another one, this one is an
     * earlier boot and never returns (15.1 A8). */
    memcpy(none.boot, seen->last.boot, sizeof none.boot);
    seen->fenced = CS_OK;
    seen->last = none;
}

void cs_peer_seen_encode(struct cs_wr *out, const struct cs_peer_seen *seen)
{
    uint8_t fence = FENCE_NONE;

    if (seen->fenced != CS_OK) {
        fence = seen->fenced == CS_ERR_ROLLBACK ? FENCE_ROLLBACK : FENCE_CLONE;
    }
    cs_wr_u8(out, SEEN_VERSION);
    cs_wr_u8(out, fence);
    cs_wr_u64(out, seen->last.boot_counter);
    cs_wr_bytes(out, seen->last.boot, 32);
    cs_wr_u64(out, seen->last.journal_seq);
    cs_wr_bytes(out, seen->last.journal_hash, 32);
    cs_wr_u8(out, seen->n_old);
    cs_wr_bytes(out, seen->old_boots, sizeof seen->old_boots);
}

static enum cs_err fence_decode(struct cs_rd *r)
{
    switch (cs_rd_u8(r)) {
    case FENCE_NONE:
        return CS_OK;
    case FENCE_ROLLBACK:
        return CS_ERR_ROLLBACK;
    case FENCE_CLONE:
        return CS_ERR_CLONE;
    default:
        cs_rd_fail(r, CS_ERR_BAD_FORMAT);
        return CS_OK;
    }
}

enum cs_err cs_peer_seen_decode(struct cs_peer_seen *out, struct cs_span in)
{
    struct cs_rd r = CS_RD(in);
    struct cs_peer_seen s = {0};

    if (cs_rd_u8(&r) != SEEN_VERSION) {
        cs_rd_fail(&r, CS_ERR_BAD_FORMAT);
    }
    s.fenced = fence_decode(&r);
    s.last.boot_counter = cs_rd_u64(&r);
    cs_rd_copy(&r, s.last.boot, 32);
    s.last.journal_seq = cs_rd_u64(&r);
    cs_rd_copy(&r, s.last.journal_hash, 32);
    s.n_old = cs_rd_u8(&r);
    cs_rd_copy(&r, s.old_boots, sizeof s.old_boots);
    if (s.n_old > CS_SEEN_OLD_BOOTS) {
        cs_rd_fail(&r, CS_ERR_BAD_FORMAT);
    }
    CS_CHECK(cs_rd_end(&r));
    *out = s;
    return CS_OK;
}
