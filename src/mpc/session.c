/* The driver: opening, slots, repeats, deadline (session.h; PROTOCOLS 2.6, 15.1). */
#include "mpc/session.h"

#include <string.h>

#include "base/mem.h"
#include "crypto/hash.h"
#include "mpc/session_impl.h"

/* ---- sending --------------------------------------------------------------------- */

void cs_session_out_clear(struct cs_session_out *out)
{
    size_t i;

    for (i = 0; i < out->n_msgs; i++) {
        cs_wr_free(&out->msgs[i].bcast);
        cs_wr_free(&out->msgs[i].priv);
    }
    cs_wipe(out, sizeof *out);
}

bool ses_is_part(const struct cs_session *s, unsigned index)
{
    size_t i;

    for (i = 0; i < s->p.n_parts; i++) {
        if (s->p.parts[i] == index) {
            return true;
        }
    }
    return false;
}

void ses_send(struct cs_session *s, struct cs_session_out *out, uint8_t proto,
              uint8_t type, uint8_t round, uint8_t to, struct cs_span bcast,
              struct cs_span priv)
{
    struct cs_session_msg *m;

    CS_ASSERT(out->n_msgs < CS_SESSION_OUT_MAX);
    m = &out->msgs[out->n_msgs++];
    *m = (struct cs_session_msg){.to = to};
    cs_wr_span(&m->bcast, bcast);
    cs_wr_span(&m->priv, priv);
    CS_ASSERT(m->bcast.err == CS_OK && m->priv.err == CS_OK);
    m->msg = (struct cs_message){
        .proto = proto,
        .type = type,
        .round = round,
        .from = s->p.roster.self,
        .key_epoch = s->p.request.key_epoch,
        .broadcast = cs_wr_get(&m->bcast),
        .priv = cs_wr_get(&m->priv),
    };
    memcpy(m->msg.key_id, s->p.request.key_id, CS_ID_LEN);
    memcpy(m->msg.sid, s->presid, 32);
}

void ses_send_round(struct cs_session *s, struct cs_session_out *out, uint8_t round,
                    uint8_t to)
{
    const struct ses_sent *sent = &s->sent[round];

    ses_send(s, out, s->p.protocol->proto, sent->type, round, to,
             cs_wr_get(&sent->bcast), cs_wr_get(&sent->priv[to]));
}

void ses_sent_now(struct cs_session *s, uint8_t round, uint8_t type, uint64_t now_ms)
{
    struct ses_sent *sent = &s->sent[round];

    sent->used = true;
    sent->type = type;
    sent->first_ms = now_ms;
    sent->due_ms = now_ms + SES_RESEND_FIRST_MS;
}

/* ---- ends
 * ---------------------------------------------------------------------------- */

void ses_wipe_secrets(struct cs_session *s)
{
    size_t r, j;

    cs_guard_free(s->state);
    s->state = NULL;
    for (r = 0; r <= CS_ROUNDS_MAX; r++) {
        for (j = 0; j < CS_PARTY_SLOTS; j++) {
            cs_wr_free(&s->slot[r][j].priv);
            cs_wr_free(&s->sent[r].priv[j]);
        }
    }
}

static void wipe_public(struct cs_session *s)
{
    size_t r, j;

    for (r = 0; r <= CS_ROUNDS_MAX; r++) {
        cs_wr_free(&s->sent[r].bcast);
        s->sent[r].used = false;
        for (j = 0; j < CS_PARTY_SLOTS; j++) {
            cs_wr_free(&s->slot[r][j].bcast);
            s->slot[r][j].present = false;
        }
    }
}

/* A round's messages wait in *out for something to be stored first, and that is about
 * to be wiped: then they must not leave either (store before you send). */
void ses_take_back(struct cs_session_out *out)
{
    bool ended = out->ended;

    if (out->persist) {
        cs_session_out_clear(out);
        out->ended = ended;
    }
}

enum cs_err ses_fail(struct cs_session *s, enum cs_err err, uint8_t party, bool quiet,
                     struct cs_session_out *out)
{
    struct cs_wr body = {0};
    size_t i;

    ses_take_back(out);
    cs_abort_encode(&body, s->presid, err);
    for (i = 0; !quiet && i < s->p.n_parts; i++) {
        if (s->p.parts[i] != s->p.roster.self) {
            ses_send(s, out, CS_PROTO_CONTROL, CS_TYPE_ABORT, 0, s->p.parts[i],
                     CS_SPAN(NULL, 0), cs_wr_get(&body));
        }
    }
    cs_wr_free(&body);
    ses_wipe_secrets(s);
    wipe_public(s);
    s->phase = CS_SESSION_FAILED;
    s->blame = (struct cs_blame){.err = err, .party = party};
    out->ended = true;
    return err;
}

void cs_session_abort(struct cs_session *s, enum cs_err why, struct cs_session_out *out)
{
    if (s->phase != CS_SESSION_FAILED && s->phase != CS_SESSION_DONE) {
        (void)ses_fail(s, why, 0, false, out);
    }
}

void cs_session_free(struct cs_session *s)
{
    if (s == NULL) {
        return;
    }
    ses_wipe_secrets(s);
    wipe_public(s);
    cs_wr_free(&s->evidence);
    cs_free_wiped(s, sizeof *s);
}

/* ---- opening (15.1 A1)
 * ------------------------------------------------------------------ */

static bool params_ok(const struct cs_session_params *p)
{
    bool has_self = false, has_initiator = false;
    size_t i;

    if (p->n_parts < 2 || p->n_parts > p->roster.n ||
        (p->protocol->all_members && p->n_parts != p->roster.n)) {
        return false;
    }
    for (i = 0; i < p->n_parts; i++) {
        if (!cs_roster_has(&p->roster, p->parts[i]) ||
            (i > 0 && p->parts[i] <= p->parts[i - 1])) {
            return false;
        }
        has_self = has_self || p->parts[i] == p->roster.self;
        has_initiator = has_initiator || p->parts[i] == p->initiator;
    }
    return has_self && has_initiator && cs_request_check(&p->request) == CS_OK &&
           memcmp(p->request.ds_hash, p->roster.ds_hash, 32) == 0;
}

static enum cs_err session_new(struct cs_session **out,
                               const struct cs_session_params *p, uint64_t now_ms)
{
    struct cs_session *s;

    CS_ASSERT(p->protocol->n_rounds <= CS_ROUNDS_MAX);
    if (!params_ok(p)) {
        return CS_ERR_USAGE;
    }
    s = cs_alloc(sizeof *s);
    if (s == NULL) {
        return CS_ERR_NOMEM;
    }
    s->p = *p;
    s->phase = CS_SESSION_OPENING;
    s->deadline_ms = now_ms + p->protocol->deadline_ms;
    cs_request_hash(s->reqh, &p->request);
    *out = s;
    return CS_OK;
}

static void keep_open(struct cs_session *s, struct cs_span bcast, const uint8_t *bsig)
{
    struct ses_slot *slot = &s->slot[0][s->p.initiator];

    cs_wr_span(&slot->bcast, bcast);
    CS_ASSERT(slot->bcast.err == CS_OK);
    if (bsig != NULL) {
        memcpy(slot->bsig, bsig, CS_SIG_LEN);
    }
    slot->present = true;
}

enum cs_err cs_session_start(struct cs_session **out_s,
                             const struct cs_session_params *p, void *state,
                             const uint8_t nonce[32], uint64_t now_ms,
                             struct cs_session_out *out)
{
    struct cs_session_open o = {
        .kind = p->request.kind, .attempt = p->attempt, .n_parts = p->n_parts};
    struct cs_session *s;
    size_t i;

    if (p->initiator != p->roster.self) {
        return CS_ERR_USAGE;
    }
    CS_CHECK(session_new(&s, p, now_ms));
    s->state = state;
    memcpy(o.nonce, nonce, 32);
    memcpy(o.request_id, p->request.request_id, CS_ID_LEN);
    memcpy(o.reqh, s->reqh, 32);
    memcpy(o.parts, p->parts, sizeof o.parts);
    ses_presid(s->presid, p, s->reqh, nonce);
    ses_open_encode(&s->sent[0].bcast, &o);
    CS_ASSERT(s->sent[0].bcast.err == CS_OK);
    keep_open(s, cs_wr_get(&s->sent[0].bcast), NULL);
    ses_sent_now(s, 0, CS_TYPE_OPEN, now_ms);
    for (i = 0; i < p->n_parts; i++) {
        if (p->parts[i] != p->roster.self) {
            ses_send_round(s, out, 0, p->parts[i]);
        }
    }
    *out_s = s;
    return CS_OK;
}

static enum cs_err open_matches(const struct cs_session *s,
                                const struct cs_session_open *o,
                                const struct cs_message *m)
{
    uint8_t presid[32];

    if (m->from != s->p.initiator || memcmp(o->reqh, s->reqh, 32) != 0 ||
        memcmp(o->request_id, s->p.request.request_id, CS_ID_LEN) != 0 ||
        o->kind != s->p.request.kind || o->attempt != s->p.attempt ||
        o->n_parts != s->p.n_parts || memcmp(o->parts, s->p.parts, s->p.n_parts) != 0) {
        return CS_ERR_POLICY_REFUSED;
    }
    ses_presid(presid, &s->p, s->reqh, o->nonce);
    return memcmp(presid, m->sid, 32) == 0 ? CS_OK : CS_ERR_SID_MISMATCH;
}

enum cs_err cs_session_join(struct cs_session **out_s,
                            const struct cs_session_params *p, void *state,
                            const struct cs_message *m, uint64_t now_ms,
                            struct cs_session_out *out)
{
    struct cs_session_open o;
    struct cs_session *s;
    enum cs_err err;

    if (p->initiator == p->roster.self) {
        return CS_ERR_USAGE;
    }
    if (m->proto != p->protocol->proto || m->type != CS_TYPE_OPEN || m->round != 0 ||
        m->bsig == NULL || m->priv.n != 0) {
        return CS_ERR_BAD_FORMAT;
    }
    CS_CHECK(cs_session_open_decode(&o, m->broadcast));
    CS_CHECK(session_new(&s, p, now_ms));
    CS_TRY(open_matches(s, &o, m));
    s->state = state;
    memcpy(s->presid, m->sid, 32);
    keep_open(s, m->broadcast, m->bsig);
    cs_wr_span(&s->sent[0].priv[p->initiator], CS_SPAN_OF(s->reqh));
    ses_sent_now(s, 0, CS_TYPE_READY, now_ms);
    ses_send_round(s, out, 0, p->initiator);
    *out_s = s;
    return CS_OK;
out:
    cs_session_free(s);
    return err;
}

/* ---- messages in
 * ---------------------------------------------------------------------------- */

/* sid first, then tr (15.1 A2).  Only for slots of a round whose predecessors are
 * known. */
static enum cs_err compare(struct cs_session *s, uint8_t round, uint8_t from,
                           uint64_t now_ms, struct cs_session_out *out)
{
    struct ses_slot *slot = &s->slot[round][from];

    if (slot->checked) {
        return CS_OK;
    }
    slot->checked = true;
    if (round >= 2 && memcmp(slot->bcast.p, s->sid, 32) != 0) {
        return ses_dispute(s, 1, CS_ERR_SID_MISMATCH, now_ms, out);
    }
    if (round >= 2 && s->p.protocol->rounds[round - 1].has_tr &&
        memcmp(slot->bcast.p + 32, s->tr[round - 1], 32) != 0) {
        return ses_dispute(s, (uint8_t)(round - 1), CS_ERR_EQUIVOCATION, now_ms, out);
    }
    return CS_OK;
}

static bool round_complete(const struct cs_session *s, uint8_t round)
{
    size_t i;

    for (i = 0; i < s->p.n_parts; i++) {
        if (!s->slot[round][s->p.parts[i]].present) {
            return false;
        }
    }
    return true;
}

/* Everybody has answered round r: its private parts are never sent again. */
static void wipe_received(struct cs_session *s, uint8_t r)
{
    size_t j;

    for (j = 0; j < CS_PARTY_SLOTS; j++) {
        cs_wr_free(&s->sent[r].priv[j]);
    }
}

enum cs_err ses_settle(struct cs_session *s, uint64_t now_ms,
                       struct cs_session_out *out)
{
    uint8_t r = (uint8_t)(s->known + 1);
    size_t i;

    if (r > CS_ROUNDS_MAX) {
        return CS_OK;
    }
    for (i = 0; i < s->p.n_parts && s->phase != CS_SESSION_DISPUTE; i++) {
        if (s->slot[r][s->p.parts[i]].present) {
            CS_CHECK(compare(s, r, s->p.parts[i], now_ms, out));
        }
    }
    if (s->phase == CS_SESSION_DISPUTE || r > s->round || !round_complete(s, r)) {
        return CS_OK;
    }
    if (r == 1) {
        ses_sid(s);
    }
    ses_tr(s, r);
    s->known = r;
    wipe_received(s, (uint8_t)(r - 1));
    /* One round ahead may be parked: compare it now. */
    return ses_settle(s, now_ms, out);
}

static uint8_t round_of(const struct cs_session *s, uint8_t type)
{
    uint8_t r;

    for (r = 1; r <= s->p.protocol->n_rounds; r++) {
        const struct cs_round_def *d = &s->p.protocol->rounds[r - 1];

        if (d->has_message && d->sends == type) {
            return r;
        }
    }
    return 0;
}

/* Lengths are exact and checked before anything is parsed (2.6). */
static enum cs_err check_lengths(const struct cs_session *s, uint8_t r,
                                 const struct cs_message *m)
{
    const struct cs_round_def *d = &s->p.protocol->rounds[r - 1];
    const struct cs_roster *ro = &s->p.roster;
    size_t body = d->body_len(ro, s->p.request.curve);

    if (m->round != r || m->bsig == NULL) {
        return CS_ERR_BAD_FORMAT;
    }
    if (m->broadcast.n != ses_prefix_len(s->p.protocol, r) + body ||
        m->priv.n != d->priv_len(ro, s->p.request.curve)) {
        return d->bad_len;
    }
    return CS_OK;
}

static bool same_bytes(const struct cs_wr *w, struct cs_span s)
{
    return w->n == s.n && (s.n == 0 || memcmp(w->p, s.p, s.n) == 0);
}

/* A message for a slot that is taken: identical means the broadcast part (15.1 A5). */
static enum cs_err on_repeat(struct cs_session *s, uint8_t r,
                             const struct cs_message *m, struct cs_session_out *out)
{
    const struct ses_slot *slot = &s->slot[r][m->from];

    if (m->bsig == NULL) {
        return ses_fail(s, CS_ERR_BAD_FORMAT, m->from, false, out);
    }
    if (!same_bytes(&slot->bcast, m->broadcast)) {
        return ses_equivocated(s, slot, m, out);
    }
    return CS_OK;
}

static enum cs_err on_round(struct cs_session *s, uint8_t r, const struct cs_message *m,
                            uint64_t now_ms, struct cs_session_out *out)
{
    struct ses_slot *slot = &s->slot[r][m->from];
    enum cs_err err = check_lengths(s, r, m);

    if (r > s->round + 1) {
        return CS_ERR_REPLAY; /* early: one round ahead may be parked, no more */
    }
    if (slot->present) {
        return on_repeat(s, r, m, out);
    }
    if (err != CS_OK) {
        return ses_fail(s, err, m->from, false, out);
    }
    cs_wr_span(&slot->bcast, m->broadcast);
    cs_wr_span(&slot->priv, m->priv);
    CS_ASSERT(slot->bcast.err == CS_OK && slot->priv.err == CS_OK);
    memcpy(slot->bsig, m->bsig, CS_SIG_LEN);
    slot->present = true;
    return ses_settle(s, now_ms, out);
}

static enum cs_err on_ready(struct cs_session *s, const struct cs_message *m,
                            struct cs_session_out *out)
{
    if (s->p.initiator != s->p.roster.self) {
        return CS_ERR_REPLAY;
    }
    if (m->round != 0 || m->broadcast.n != 0 || m->priv.n != 32) {
        return ses_fail(s, CS_ERR_BAD_FORMAT, m->from, false, out);
    }
    if (memcmp(m->priv.p, s->reqh, 32) != 0) {
        return ses_fail(s, CS_ERR_POLICY_REFUSED, m->from, false, out);
    }
    s->ready[m->from] = true;
    return CS_OK;
}

static enum cs_err on_abort(struct cs_session *s, const struct cs_message *m,
                            struct cs_session_out *out)
{
    uint8_t sid[32];
    enum cs_err why;

    if (m->broadcast.n != 0 || cs_abort_decode(sid, &why, m->priv) != CS_OK ||
        memcmp(sid, s->presid, 32) != 0) {
        return ses_fail(s, CS_ERR_BAD_FORMAT, m->from, false, out);
    }
    if (s->phase == CS_SESSION_DISPUTE) {
        return ses_claim(s, m->from, out);
    }
    s->peer_code = why;
    return ses_fail(s, CS_ERR_ABORTED, m->from, true, out);
}

static enum cs_err on_control(struct cs_session *s, const struct cs_message *m,
                              uint64_t now_ms, struct cs_session_out *out)
{
    if (m->type == CS_TYPE_ABORT) {
        return on_abort(s, m, out);
    }
    if (m->type == CS_TYPE_EVIDENCE) {
        return ses_on_evidence(s, m, now_ms, out);
    }
    return CS_ERR_REPLAY;
}

/* After DONE a peer may still miss the last message: its own repeat asks for it.  Few
 * and seldom, because two parties that are both DONE would answer each other for ever.
 */
static enum cs_err on_late(struct cs_session *s, uint8_t r, const struct cs_message *m,
                           uint64_t now_ms, struct cs_session_out *out)
{
    struct ses_reply *reply = &s->reply[m->from];

    if (r != s->round || s->linger_ms == UINT64_MAX ||
        !same_bytes(&s->slot[r][m->from].bcast, m->broadcast) ||
        reply->n == SES_REPLIES_MAX || now_ms < reply->next_ms) {
        return CS_ERR_REPLAY;
    }
    reply->n++;
    reply->next_ms = now_ms + SES_REPLY_MS;
    ses_send_round(s, out, r, m->from);
    return CS_OK;
}

static bool for_this_key(const struct cs_session *s, const struct cs_message *m)
{
    return memcmp(m->sid, s->presid, 32) == 0 &&
           memcmp(m->key_id, s->p.request.key_id, CS_ID_LEN) == 0 &&
           m->key_epoch == s->p.request.key_epoch;
}

enum cs_err cs_session_feed(struct cs_session *s, const struct cs_message *m,
                            uint64_t now_ms, struct cs_session_out *out)
{
    uint8_t r;

    if (s->phase == CS_SESSION_FAILED || !for_this_key(s, m) ||
        !ses_is_part(s, m->from) || m->from == s->p.roster.self) {
        return CS_ERR_REPLAY;
    }
    if (m->proto == CS_PROTO_CONTROL && s->phase != CS_SESSION_DONE) {
        return on_control(s, m, now_ms, out);
    }
    r = round_of(s, m->type);
    if (m->proto != s->p.protocol->proto || s->phase == CS_SESSION_DISPUTE) {
        return CS_ERR_REPLAY;
    }
    if (s->phase == CS_SESSION_DONE) {
        return r == 0 ? CS_ERR_REPLAY : on_late(s, r, m, now_ms, out);
    }
    if (m->type == CS_TYPE_READY) {
        return on_ready(s, m, out);
    }
    if (m->type == CS_TYPE_OPEN && m->from == s->p.initiator) {
        return on_repeat(s, 0, m, out);
    }
    return r == 0 ? CS_ERR_REPLAY : on_round(s, r, m, now_ms, out);
}

/* ---- time ------------------------------------------------------------------------ */

/* The peer's next message shows that it has mine of this round. */
static bool receipt(const struct cs_session *s, uint8_t round, uint8_t from)
{
    if (round == 0 && s->p.initiator == s->p.roster.self) {
        return s->ready[from];
    }
    if (round == 0) {
        return from != s->p.initiator || s->slot[1][from].present;
    }
    return round < CS_ROUNDS_MAX && s->slot[round + 1][from].present;
}

static bool awaited(const struct cs_session *s, uint8_t round)
{
    size_t i;

    for (i = 0; s->sent[round].used && i < s->p.n_parts; i++) {
        uint8_t j = s->p.parts[i];

        if (j != s->p.roster.self && !receipt(s, round, j)) {
            return true;
        }
    }
    return false;
}

/* 1, 2, 4 s and so on after the first time (DECISIONS 14). */
static void resend(struct cs_session *s, uint8_t round, uint64_t now_ms,
                   struct cs_session_out *out)
{
    struct ses_sent *sent = &s->sent[round];
    size_t i;

    for (i = 0; i < s->p.n_parts; i++) {
        uint8_t j = s->p.parts[i];

        if (j != s->p.roster.self && !receipt(s, round, j)) {
            ses_send_round(s, out, round, j);
        }
    }
    while (sent->due_ms <= now_ms) {
        sent->due_ms += sent->due_ms - sent->first_ms;
    }
}

/* Who has not spoken: named when it is one, blamed for nothing. */
static uint8_t missing(const struct cs_session *s)
{
    uint8_t who = 0;
    size_t i;

    for (i = 0; i < s->p.n_parts; i++) {
        uint8_t j = s->p.parts[i];
        bool here = s->round > 0                         ? s->slot[s->round][j].present
                    : s->p.initiator == s->p.roster.self ? s->ready[j]
                                                         : j != s->p.initiator;

        if (j != s->p.roster.self && !here) {
            if (who != 0) {
                return 0;
            }
            who = j;
        }
    }
    return who;
}

static bool is_open(const struct cs_session *s)
{
    return s->phase == CS_SESSION_OPENING || s->phase == CS_SESSION_RUNNING;
}

void cs_session_time(struct cs_session *s, uint64_t now_ms, struct cs_session_out *out)
{
    uint8_t r;

    if (s->phase == CS_SESSION_DISPUTE && now_ms >= s->dispute_ms) {
        (void)ses_fail(s, s->dispute_code, 0, false, out);
        return;
    }
    if (s->phase == CS_SESSION_DONE && now_ms >= s->linger_ms) {
        s->linger_ms = UINT64_MAX; /* done with answering too */
        wipe_public(s);
    }
    if (!is_open(s)) {
        return;
    }
    if (now_ms >= s->deadline_ms) {
        (void)ses_fail(s, CS_ERR_TIMEOUT, missing(s), false, out);
        return;
    }
    for (r = 0; r <= s->round; r++) {
        if (awaited(s, r) && s->sent[r].due_ms <= now_ms) {
            resend(s, r, now_ms, out);
        }
    }
}

uint64_t cs_session_deadline(const struct cs_session *s)
{
    uint64_t at = s->deadline_ms;
    uint8_t r;

    switch (s->phase) {
    case CS_SESSION_DISPUTE:
        return s->dispute_ms;
    case CS_SESSION_DONE:
        return s->linger_ms;
    case CS_SESSION_FAILED:
        return UINT64_MAX;
    case CS_SESSION_OPENING:
    case CS_SESSION_RUNNING:
        break;
    }
    for (r = 0; r <= s->round; r++) {
        if (awaited(s, r) && s->sent[r].due_ms < at) {
            at = s->sent[r].due_ms;
        }
    }
    return at;
}

/* ---- looking at it
 * ---------------------------------------------------------------------------- */

enum cs_session_phase cs_session_phase(const struct cs_session *s)
{
    return s->phase;
}

unsigned cs_session_round(const struct cs_session *s)
{
    return s->round;
}

const uint8_t *cs_session_presid(const struct cs_session *s)
{
    return s->presid;
}

const struct cs_request *cs_session_request(const struct cs_session *s)
{
    return &s->p.request;
}

void *cs_session_state(const struct cs_session *s)
{
    return s->state;
}

struct cs_blame cs_session_blame(const struct cs_session *s)
{
    return s->blame;
}

enum cs_err cs_session_peer_code(const struct cs_session *s)
{
    return s->peer_code;
}

struct cs_span cs_session_evidence(const struct cs_session *s)
{
    return cs_wr_get(&s->evidence);
}
