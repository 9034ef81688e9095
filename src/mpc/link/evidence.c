/* Signed broadcasts: what bsig covers, and two of them as proof (PROTOCOLS 2.3, 15.1
 * A5, 15.7 G2). */
#include <string.h>

#include "base/rd.h"
#include "crypto/hash.h"
#include "mpc/link/envelope.h"

void cs_bc_slot_from(struct cs_bc_slot *out, uint8_t ver, const uint8_t ds_hash[32],
                     uint8_t from, const struct cs_message *m)
{
    struct cs_bc_slot s = {.ver = ver,
                           .proto = m->proto,
                           .type = m->type,
                           .round = m->round,
                           .from = from,
                           .key_epoch = m->key_epoch};

    memcpy(s.ds_hash, ds_hash, sizeof s.ds_hash);
    memcpy(s.key_id, m->key_id, sizeof s.key_id);
    memcpy(s.sid, m->sid, sizeof s.sid);
    *out = s;
}

/* The header core of 15.7 G2: the header without to, link_id, ctr, len. */
static void core_encode(uint8_t out[CS_BC_CORE_LEN], const struct cs_bc_slot *s)
{
    struct cs_wr w = {.p = out, .cap = CS_BC_CORE_LEN, .max = CS_BC_CORE_LEN};

    cs_wr_u8(&w, s->ver);
    cs_wr_u8(&w, s->proto);
    cs_wr_u8(&w, s->type);
    cs_wr_u8(&w, s->round);
    cs_wr_u8(&w, s->from);
    cs_wr_bytes(&w, s->ds_hash, sizeof s->ds_hash);
    cs_wr_bytes(&w, s->key_id, sizeof s->key_id);
    cs_wr_u32(&w, s->key_epoch);
    cs_wr_bytes(&w, s->sid, sizeof s->sid);
    CS_ASSERT(w.err == CS_OK && w.n == CS_BC_CORE_LEN);
}

static void core_decode(struct cs_bc_slot *s, struct cs_rd *r)
{
    s->ver = cs_rd_u8(r);
    s->proto = cs_rd_u8(r);
    s->type = cs_rd_u8(r);
    s->round = cs_rd_u8(r);
    s->from = cs_rd_u8(r);
    cs_rd_copy(r, s->ds_hash, sizeof s->ds_hash);
    cs_rd_copy(r, s->key_id, sizeof s->key_id);
    s->key_epoch = cs_rd_u32(r);
    cs_rd_copy(r, s->sid, sizeof s->sid);
}

static void bc_hash(uint8_t out[32], const struct cs_bc_slot *slot,
                    struct cs_span broadcast)
{
    uint8_t core[CS_BC_CORE_LEN];

    core_encode(core, slot);
    const struct cs_span x[] = {CS_SPAN_OF(core), broadcast};
    cs_th(out, CS_TAG_BC, x, CS_COUNTOF(x));
}

void cs_bc_sign(uint8_t sig[CS_SIG_LEN], const uint8_t ik_seed[32],
                const struct cs_bc_slot *slot, struct cs_span broadcast)
{
    uint8_t h[32];

    bc_hash(h, slot, broadcast);
    cs_sign(sig, ik_seed, CS_SPAN_OF(h));
}

bool cs_bc_verify(const uint8_t sig[CS_SIG_LEN], const uint8_t ik[CS_IK_LEN],
                  const struct cs_bc_slot *slot, struct cs_span broadcast)
{
    uint8_t h[32];

    bc_hash(h, slot, broadcast);
    return cs_sign_verify(sig, ik, CS_SPAN_OF(h));
}

enum cs_err cs_signed_bc_encode(struct cs_wr *out, const struct cs_signed_bc *bc)
{
    uint8_t core[CS_BC_CORE_LEN];

    if (bc->payload.n == 0 || bc->payload.n > CS_MSG_BODY_MAX) {
        return CS_ERR_USAGE;
    }
    core_encode(core, &bc->slot);
    cs_wr_bytes(out, core, sizeof core);
    cs_wr_lp(out, bc->payload);
    cs_wr_bytes(out, bc->sig, sizeof bc->sig);
    return out->err;
}

enum cs_err cs_signed_bc_decode(struct cs_signed_bc *out, struct cs_span in)
{
    struct cs_rd r = CS_RD(in);
    struct cs_signed_bc bc;

    core_decode(&bc.slot, &r);
    bc.payload = cs_rd_lp(&r, CS_MSG_BODY_MAX);
    if (bc.payload.n == 0) {
        cs_rd_fail(&r, CS_ERR_BAD_FORMAT);
    }
    cs_rd_copy(&r, bc.sig, sizeof bc.sig);
    CS_CHECK(cs_rd_end(&r));
    *out = bc;
    return CS_OK;
}

static bool same_slot(const struct cs_bc_slot *a, const struct cs_bc_slot *b)
{
    return a->proto == b->proto && a->type == b->type && a->from == b->from &&
           memcmp(a->ds_hash, b->ds_hash, sizeof a->ds_hash) == 0 &&
           memcmp(a->sid, b->sid, sizeof a->sid) == 0;
}

bool cs_equivocation_proven(const struct cs_signed_bc *a, const struct cs_signed_bc *b,
                            const uint8_t ik[CS_IK_LEN])
{
    struct cs_bc_slot alike = b->slot;
    uint8_t ha[32], hb[32], same[32];

    /* One broadcast goes to each peer under the version of that link: two versions of
     * one statement contradict nothing. */
    alike.ver = a->slot.ver;
    bc_hash(ha, &a->slot, a->payload);
    bc_hash(hb, &b->slot, b->payload);
    bc_hash(same, &alike, b->payload);
    return same_slot(&a->slot, &b->slot) && memcmp(ha, same, sizeof ha) != 0 &&
           cs_sign_verify(a->sig, ik, CS_SPAN_OF(ha)) &&
           cs_sign_verify(b->sig, ik, CS_SPAN_OF(hb));
}
