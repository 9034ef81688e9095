/* Who said two things?  (PROTOCOLS 2.5, 15.1 A2; message 9.2 EVIDENCE.)
 *
 * When sid or tr differ, somebody sent different broadcasts, or frames of an earlier
 * life are mixed in.  Nothing of the session can be used any more, so its secrets go at
 * once; then every node shows the others the signed payloads it got in that round.
 * Whoever signed two of one slot is proven; otherwise nobody is. */
#include <string.h>

#include "base/rd.h"
#include "mpc/session_impl.h"

/* The statement in a slot, as its receiver can show it. */
static void statement(struct cs_signed_bc *bc, const struct cs_session *s, uint8_t type,
                      uint8_t round, uint8_t from, struct cs_span payload,
                      const uint8_t *sig)
{
    *bc = (struct cs_signed_bc){
        .slot = {.ver = ENVELOPE_VERSION,
                 .proto = s->p.protocol->proto,
                 .type = type,
                 .round = round,
                 .from = from,
                 .key_epoch = s->p.request.key_epoch},
        .payload = payload,
    };
    memcpy(bc->slot.ds_hash, s->p.roster.ds_hash, 32);
    memcpy(bc->slot.key_id, s->p.request.key_id, CS_ID_LEN);
    memcpy(bc->slot.sid, s->presid, 32);
    memcpy(bc->sig, sig, CS_SIG_LEN);
}

static uint8_t type_of(const struct cs_session *s, uint8_t round)
{
    return round == 0 ? (uint8_t)CS_TYPE_OPEN : s->p.protocol->rounds[round - 1].sends;
}

static bool round_ok(const struct cs_session *s, uint8_t round)
{
    return round == 0 || (round <= s->p.protocol->n_rounds &&
                          s->p.protocol->rounds[round - 1].has_message);
}

static void add_statement(struct cs_wr *w, const struct cs_signed_bc *bc)
{
    struct cs_wr one = {0};

    CS_ASSERT(cs_signed_bc_encode(&one, bc) == CS_OK);
    cs_wr_lp(w, cs_wr_get(&one));
    cs_wr_free(&one);
    CS_ASSERT(w->err == CS_OK);
}

static void send_evidence(struct cs_session *s, uint8_t round, uint8_t count,
                          struct cs_span statements, struct cs_session_out *out)
{
    struct cs_wr w = {0};
    size_t i;

    cs_wr_u8(&w, round);
    cs_wr_u8(&w, count);
    cs_wr_span(&w, statements);
    CS_ASSERT(w.err == CS_OK);
    for (i = 0; i < s->p.n_parts; i++) {
        if (s->p.parts[i] != s->p.roster.self) {
            ses_send(s, out, CS_PROTO_CONTROL, CS_TYPE_EVIDENCE, round, s->p.parts[i],
                     CS_SPAN(NULL, 0), cs_wr_get(&w));
        }
    }
    cs_wr_free(&w);
}

/* Proven: keeps both statements, shows them to all, ends the session. */
static enum cs_err proven(struct cs_session *s, const struct cs_signed_bc *a,
                          const struct cs_signed_bc *b, struct cs_session_out *out)
{
    cs_wr_reset(&s->evidence);
    add_statement(&s->evidence, a);
    add_statement(&s->evidence, b);
    send_evidence(s, a->slot.round, 2, cs_wr_get(&s->evidence), out);
    return ses_fail(s, CS_ERR_EQUIVOCATION, a->slot.from, false, out);
}

enum cs_err ses_equivocated(struct cs_session *s, const struct ses_slot *first,
                            const struct cs_message *second, struct cs_session_out *out)
{
    struct cs_signed_bc a, b;

    statement(&a, s, second->type, second->round, second->from,
              cs_wr_get(&first->bcast), first->bsig);
    statement(&b, s, second->type, second->round, second->from, second->broadcast,
              second->bsig);
    if (!cs_equivocation_proven(&a, &b, s->p.roster.ik[second->from])) {
        return ses_fail(s, CS_ERR_BAD_FORMAT, second->from, false, out);
    }
    return proven(s, &a, &b, out);
}

enum cs_err ses_claim(struct cs_session *s, uint8_t from, struct cs_session_out *out)
{
    size_t i;

    s->claimed[from] = true;
    for (i = 0; i < s->p.n_parts; i++) {
        if (s->p.parts[i] != s->p.roster.self && !s->claimed[s->p.parts[i]]) {
            return CS_OK;
        }
    }
    return ses_fail(s, s->dispute_code, 0, true, out);
}

enum cs_err ses_dispute(struct cs_session *s, uint8_t round, enum cs_err code,
                        uint64_t now_ms, struct cs_session_out *out)
{
    struct cs_wr list = {0};
    uint8_t count = 0;
    size_t i;

    ses_take_back(out);
    s->phase = CS_SESSION_DISPUTE;
    s->dispute_code = code;
    s->dispute_ms = now_ms + CS_SESSION_DISPUTE_MS;
    ses_wipe_secrets(s);
    for (i = 0; i < s->p.n_parts; i++) {
        uint8_t j = s->p.parts[i];
        const struct ses_slot *slot = &s->slot[round][j];
        struct cs_signed_bc bc;

        if (j != s->p.roster.self && slot->present) {
            statement(&bc, s, type_of(s, round), round, j, cs_wr_get(&slot->bcast),
                      slot->bsig);
            add_statement(&list, &bc);
            count++;
        }
    }
    send_evidence(s, round, count, cs_wr_get(&list), out);
    cs_wr_free(&list);
    return CS_OK;
}

/* ---- 9.2 from a peer
 * -------------------------------------------------------------------- */

struct claim {
    uint8_t round;
    size_t n;
    struct cs_signed_bc bc[EVIDENCE_MAX];
};

static enum cs_err claim_decode(struct claim *c, struct cs_span body)
{
    struct cs_rd r = CS_RD(body);
    uint8_t count;
    size_t i;

    c->round = cs_rd_u8(&r);
    count = cs_rd_u8(&r);
    if (count > EVIDENCE_MAX) {
        return CS_ERR_BAD_FORMAT;
    }
    c->n = count;
    for (i = 0; i < c->n; i++) {
        struct cs_span one = cs_rd_lp(&r, CS_FRAME_MAX);

        if (r.err != CS_OK || cs_signed_bc_decode(&c->bc[i], one) != CS_OK) {
            return CS_ERR_BAD_FORMAT;
        }
    }
    return cs_rd_end(&r) == CS_OK ? CS_OK : CS_ERR_BAD_FORMAT;
}

/* Does what the peer shows contradict `mine` or another statement of the same message?
 */
static bool contradicts(const struct cs_session *s, const struct claim *c, size_t k,
                        struct cs_signed_bc *other)
{
    const struct cs_signed_bc *bc = &c->bc[k];
    uint8_t from = bc->slot.from;
    size_t i;

    if (!ses_is_part(s, from) || from == s->p.roster.self ||
        memcmp(bc->slot.sid, s->presid, 32) != 0) {
        return false;
    }
    for (i = 0; i < k; i++) {
        if (cs_equivocation_proven(&c->bc[i], bc, s->p.roster.ik[from])) {
            *other = c->bc[i];
            return true;
        }
    }
    if (!s->slot[c->round][from].present) {
        return false;
    }
    statement(other, s, type_of(s, c->round), c->round, from,
              cs_wr_get(&s->slot[c->round][from].bcast), s->slot[c->round][from].bsig);
    return cs_equivocation_proven(other, bc, s->p.roster.ik[from]);
}

enum cs_err ses_on_evidence(struct cs_session *s, const struct cs_message *m,
                            uint64_t now_ms, struct cs_session_out *out)
{
    struct cs_signed_bc other;
    struct claim c = {0};
    size_t k;

    if (claim_decode(&c, m->priv) != CS_OK || !round_ok(s, c.round) ||
        m->broadcast.n != 0) {
        return ses_fail(s, CS_ERR_BAD_FORMAT, m->from, false, out);
    }
    for (k = 0; k < c.n; k++) {
        if (contradicts(s, &c, k, &other)) {
            return proven(s, &other, &c.bc[k], out);
        }
    }
    if (s->phase != CS_SESSION_DISPUTE) {
        /* The peer cannot go on; show it what is known here. */
        CS_CHECK(ses_dispute(s, c.round,
                             c.round <= 1 ? CS_ERR_SID_MISMATCH : CS_ERR_EQUIVOCATION,
                             now_ms, out));
    }
    return ses_claim(s, m->from, out);
}
