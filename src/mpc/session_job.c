/* Rounds as jobs: what run() touches is copied or moved here, so that a worker needs
 * nothing of the session, and a session may end while its job runs (STYLE 6). */
#include <string.h>

#include "base/mem.h"
#include "mpc/session_impl.h"

struct cs_round_job {
    const struct cs_round_def *round;
    uint8_t number; /* 1.. */
    struct cs_roster roster;
    struct cs_round_ctx ctx;
    struct cs_inbox inbox;
    struct cs_wr parts[CS_PARTY_SLOTS]; /* what the inbox points into; secret */
    uint8_t *rand;                      /* secret */
    size_t rand_len;
    void *state; /* secret */
    struct cs_round_out out;
    enum cs_err err;
};

static bool can_start(const struct cs_session *s)
{
    size_t i;

    if (s->p.initiator != s->p.roster.self) {
        return s->slot[1][s->p.initiator].present;
    }
    for (i = 0; i < s->p.n_parts; i++) {
        if (s->p.parts[i] != s->p.roster.self && !s->ready[s->p.parts[i]]) {
            return false;
        }
    }
    return true;
}

static bool job_ready(const struct cs_session *s)
{
    if (s->job_out) {
        return false;
    }
    switch (s->phase) {
    case CS_SESSION_OPENING:
        return can_start(s);
    case CS_SESSION_RUNNING:
        return s->known == s->round;
    case CS_SESSION_DISPUTE:
    case CS_SESSION_DONE:
    case CS_SESSION_FAILED:
        return false;
    }
    return false;
}

/* Deep copy of the messages of the round that is complete.  Private parts are read by
 * this job only: they go with it. */
static void fill_inbox(struct cs_round_job *job, struct cs_session *s)
{
    size_t prefix = ses_prefix_len(s->p.protocol, s->round);
    size_t i;

    for (i = 0; s->round > 0 && i < s->p.n_parts; i++) {
        uint8_t j = s->p.parts[i];
        struct ses_slot *slot = &s->slot[s->round][j];
        struct cs_wr *w = &job->parts[j];
        size_t body = slot->bcast.n - prefix;

        cs_wr_bytes(w, slot->bcast.p + prefix, body);
        cs_wr_bytes(w, slot->priv.p, slot->priv.n);
        CS_ASSERT(w->err == CS_OK);
        cs_wr_free(&slot->priv);
        job->inbox.slot[j] = (struct cs_inbox_slot){
            .present = true,
            .body = CS_SPAN(w->p, body),
            .priv = CS_SPAN(body < w->n ? w->p + body : NULL, w->n - body),
        };
    }
}

struct cs_round_job *cs_session_take_job(struct cs_session *s, cs_random_fn *random,
                                         void *random_ctx)
{
    struct cs_round_job *job;

    if (!job_ready(s)) {
        return NULL;
    }
    job = cs_alloc(sizeof *job);
    CS_ASSERT(job != NULL);
    job->round = &s->p.protocol->rounds[s->round];
    job->number = (uint8_t)(s->round + 1);
    job->roster = s->p.roster;
    job->ctx.roster = &job->roster;
    memcpy(job->ctx.presid, s->presid, 32);
    memcpy(job->ctx.sid, s->sid, 32);
    memcpy(job->ctx.tr, s->tr, sizeof s->tr);
    fill_inbox(job, s);
    job->rand_len = job->round->rand_len(&s->p.roster, s->p.request.curve);
    if (job->rand_len > 0) {
        job->rand = cs_alloc(job->rand_len);
        CS_ASSERT(job->rand != NULL);
        random(random_ctx, job->rand, job->rand_len);
    }
    job->err = CS_ERR_STATE; /* until it has run */
    job->state = s->state;
    s->state = NULL;
    s->job_out = true;
    return job;
}

void cs_round_job_run(struct cs_round_job *job)
{
    job->err = job->round->run(job->state, &job->ctx, &job->inbox, job->rand,
                               &job->out);
    if (job->err == CS_OK && job->out.body.err != CS_OK) {
        job->err = job->out.body.err;
    }
}

void cs_round_job_free(struct cs_round_job *job)
{
    size_t i;

    if (job == NULL) {
        return;
    }
    for (i = 0; i < CS_PARTY_SLOTS; i++) {
        cs_wr_free(&job->parts[i]);
        cs_wr_free(&job->out.priv[i]);
    }
    cs_wr_free(&job->out.body);
    cs_free_wiped(job->rand, job->rand_len);
    cs_guard_free(job->state);
    cs_free_wiped(job, sizeof *job);
}

/* ---- taking the result
 * ------------------------------------------------------------------ */

static void check_lengths(const struct cs_session *s, const struct cs_round_job *job)
{
    const struct cs_round_def *d = job->round;
    size_t priv_len = d->priv_len(&s->p.roster, s->p.request.curve);
    size_t i;

    CS_ASSERT(job->out.body.n == d->body_len(&s->p.roster, s->p.request.curve));
    for (i = 0; i < s->p.n_parts; i++) {
        const struct cs_wr *w = &job->out.priv[s->p.parts[i]];

        CS_ASSERT(w->err == CS_OK && w->n == priv_len);
    }
}

/* Broadcast part: sid and tr, then the body.  The own copy goes into the own slot. */
static void keep_message(struct cs_session *s, struct cs_round_job *job,
                         uint64_t now_ms)
{
    uint8_t r = job->number, self = s->p.roster.self;
    struct ses_sent *sent = &s->sent[r];
    struct ses_slot *own = &s->slot[r][self];
    size_t prefix = ses_prefix_len(s->p.protocol, r);
    size_t i;

    if (prefix >= 32) {
        cs_wr_span(&sent->bcast, CS_SPAN_OF(s->sid));
    }
    if (prefix == 64) {
        cs_wr_span(&sent->bcast, CS_SPAN_OF(s->tr[r - 1]));
    }
    cs_wr_span(&sent->bcast, cs_wr_get(&job->out.body));
    for (i = 0; i < CS_PARTY_SLOTS; i++) {
        sent->priv[i] = job->out.priv[i];
        job->out.priv[i] = (struct cs_wr){0};
    }
    own->priv = sent->priv[self];
    sent->priv[self] = (struct cs_wr){0};
    cs_wr_span(&own->bcast, cs_wr_get(&sent->bcast));
    CS_ASSERT(sent->bcast.err == CS_OK && own->bcast.err == CS_OK);
    own->present = true;
    own->checked = true;
    ses_sent_now(s, r, job->round->sends, now_ms);
}

static void finish(struct cs_session *s, uint64_t now_ms, struct cs_session_out *out)
{
    s->phase = CS_SESSION_DONE;
    s->linger_ms = now_ms + CS_SESSION_LINGER_MS;
    out->ended = true;
}

static enum cs_err commit(struct cs_session *s, struct cs_round_job *job,
                          uint64_t now_ms, struct cs_session_out *out)
{
    size_t i;

    if (job->out.persist) {
        out->persist = true;
    }
    if (!job->round->has_message) {
        finish(s, now_ms, out);
        return CS_OK;
    }
    check_lengths(s, job);
    keep_message(s, job, now_ms);
    s->round = job->number;
    s->phase = CS_SESSION_RUNNING;
    for (i = 0; i < s->p.n_parts; i++) {
        if (s->p.parts[i] != s->p.roster.self) {
            ses_send_round(s, out, s->round, s->p.parts[i]);
        }
    }
    return ses_settle(s, now_ms, out); /* the others may have been faster */
}

enum cs_err cs_session_job_done(struct cs_session *s, struct cs_round_job *job,
                                uint64_t now_ms, struct cs_session_out *out)
{
    enum cs_err err = CS_OK;

    if (s->phase == CS_SESSION_OPENING || s->phase == CS_SESSION_RUNNING) {
        CS_ASSERT(s->job_out && s->state == NULL);
        s->job_out = false;
        s->state = job->state;
        job->state = NULL;
        err = job->err == CS_OK ? commit(s, job, now_ms, out)
                                : ses_fail(s, job->err, job->out.culprit, false, out);
    }
    cs_round_job_free(job);
    return err;
}

enum cs_err cs_session_pump(struct cs_session *s, cs_random_fn *random,
                            void *random_ctx, uint64_t now_ms,
                            struct cs_session_out *out)
{
    struct cs_round_job *job;

    while ((job = cs_session_take_job(s, random, random_ctx)) != NULL) {
        cs_round_job_run(job);
        CS_CHECK(cs_session_job_done(s, job, now_ms, out));
    }
    return CS_OK;
}
