/* Life and timers of a link.  See link_int.h for the other parts. */
#include "mpc/link/link.h"

#include <string.h>

#include "base/mem.h"
#include "mpc/link/link_int.h"

/* ---- what a call gives back ------------------------------------------------------ */

void cs_link_out_reset(struct cs_link_out *out)
{
    cs_wr_reset(&out->plain);
    out->n_frames = 0;
    out->n_events = 0;
    out->has_msg = false;
    memset(&out->msg, 0, sizeof out->msg);
    out->drop = CS_DROP_NONE;
}

void cs_link_out_free(struct cs_link_out *out)
{
    cs_wr_free(&out->plain);
    cs_link_out_reset(out);
}

void cs_link_emit(struct cs_link_out *out, enum cs_link_event_kind kind,
                  const uint8_t link_id[16], enum cs_err err)
{
    struct cs_link_event *ev = &out->events[out->n_events];

    CS_ASSERT(out->n_events < CS_LINK_EVENTS_MAX);
    memset(ev, 0, sizeof *ev);
    ev->kind = kind;
    ev->err = err;
    if (link_id != NULL) {
        memcpy(ev->link_id, link_id, sizeof ev->link_id);
    }
    out->n_events++;
}

/* ---- making and ending ----------------------------------------------------------- */

static enum cs_err take_versions(struct cs_versions *out, const uint8_t *v, size_t n)
{
    static const uint8_t ours[] = {CS_LINK_VERSION};

    if (v == NULL) {
        v = ours;
        n = sizeof ours;
    }
    if (n < 1 || n > CS_LINK_VERSIONS_MAX || v[0] == 0) {
        return CS_ERR_USAGE;
    }
    for (size_t k = 1; k < n; k++) {
        if (v[k] <= v[k - 1]) {
            return CS_ERR_USAGE;
        }
    }
    memcpy(out->v, v, n);
    out->n = (uint8_t)n;
    return CS_OK;
}

static enum cs_err check_config(const struct cs_link_config *cfg)
{
    const struct cs_ds_member *self, *peer;

    if (cfg->ds == NULL || cfg->id == NULL || cfg->random == NULL ||
        cfg->life.boot_counter == 0 || cfg->self == cfg->peer) {
        return CS_ERR_USAGE;
    }
    CS_CHECK(cs_ds_check(cfg->ds));
    self = cs_ds_member(cfg->ds, cfg->self);
    peer = cs_ds_member(cfg->ds, cfg->peer);
    if (self == NULL || peer == NULL) {
        return CS_ERR_USAGE;
    }
    if (memcmp(&self->id, &cfg->id->pub, sizeof self->id) != 0) {
        return CS_ERR_DS_SELF; /* 2.1: own keys present at own index */
    }
    return CS_OK;
}

static void fill(struct cs_link *l, const struct cs_link_config *cfg)
{
    l->self = cfg->self;
    l->peer = cfg->peer;
    cs_ds_hash(l->ds_hash, cfg->ds);
    l->peer_id = cs_ds_member(cfg->ds, cfg->peer)->id;
    l->id = cfg->id;
    l->random = cfg->random;
    l->random_ctx = cfg->random_ctx;
    l->life = cfg->life;
    l->seen = cfg->seen;
    l->confirm_ms = CS_LINK_NEVER;
    l->tried_ms = CS_LINK_NEVER;
    l->tokens_ms = CS_LINK_TOKENS * CS_LINK_TOKEN_MS;
}

enum cs_err cs_link_new(struct cs_link **out, const struct cs_link_config *cfg)
{
    struct cs_versions versions = {0};
    struct cs_link *l;

    *out = NULL;
    CS_CHECK(check_config(cfg));
    CS_CHECK(take_versions(&versions, cfg->versions, cfg->n_versions));
    l = cs_guard_new(sizeof *l);
    if (l == NULL) {
        return CS_ERR_NOMEM;
    }
    fill(l, cfg);
    l->versions = versions;
    *out = l;
    return CS_OK;
}

void cs_link_free(struct cs_link *l)
{
    cs_guard_free(l);
}

void cs_link_end_pending(struct cs_link *l)
{
    cs_wipe(&l->pend, sizeof l->pend);
}

void cs_link_end_live(struct cs_link *l, struct cs_link_out *out)
{
    if (l->live.set) {
        cs_link_emit(out, CS_LINK_EV_DOWN, l->live.link_id, CS_OK);
    }
    cs_wipe(&l->live, sizeof l->live);
    memset(l->prev_id, 0, sizeof l->prev_id);
    l->confirm_ms = CS_LINK_NEVER;
    l->probing = false;
    l->forced = false;
    l->heard_ms = l->ask_nonce = 0;
    l->rtt_ms = CS_LINK_NEVER;
}

/* ---- token bucket (15.2, DECISIONS 13) ------------------------------------------- */

static uint64_t credit(const struct cs_link *l)
{
    const uint64_t full = CS_LINK_TOKENS * CS_LINK_TOKEN_MS;
    uint64_t grown = l->now_ms - l->tokens_at_ms;

    return grown >= full - l->tokens_ms ? full : l->tokens_ms + grown;
}

bool cs_link_has_token(const struct cs_link *l)
{
    return credit(l) >= CS_LINK_TOKEN_MS;
}

/* Only a confirmed handshake drains it: nobody else can use it up. */
void cs_link_take_token(struct cs_link *l)
{
    uint64_t have = credit(l);

    l->tokens_ms = have >= CS_LINK_TOKEN_MS ? have - CS_LINK_TOKEN_MS : 0;
    l->tokens_at_ms = l->now_ms;
}

/* ---- trying ---------------------------------------------------------------------- */

bool cs_link_is_initiator(const struct cs_link *l)
{
    return l->self < l->peer;
}

/* From when on a handshake is wanted, 0 for already. */
static uint64_t need_ms(const struct cs_link *l)
{
    uint64_t silent = l->heard_ms + CS_LINK_SILENCE_MS;
    uint64_t old = l->since_ms + CS_LINK_REKEY_MS;

    if (!l->live.set || l->forced) {
        return 0;
    }
    return silent < old ? silent : old;
}

static uint64_t try_ms(const struct cs_link *l)
{
    uint64_t need = need_ms(l);

    return need > l->want_ms ? need : l->want_ms;
}

void cs_link_maybe_try(struct cs_link *l, struct cs_link_out *out)
{
    if (!l->started || l->seen.fenced != CS_OK || l->pend.kind != CS_PENDING_NONE ||
        l->now_ms < try_ms(l)) {
        return;
    }
    if (!cs_link_has_token(l)) {
        l->want_ms = l->now_ms + CS_LINK_TOKEN_MS - credit(l);
        return;
    }
    l->want_ms = l->now_ms + l->want_gap_ms;
    l->tried_ms = l->now_ms;
    l->want_gap_ms *= 2;
    if (l->want_gap_ms > CS_LINK_WANT_SLOW_MS) {
        l->want_gap_ms = CS_LINK_WANT_SLOW_MS;
    }
    if (cs_link_is_initiator(l)) {
        cs_link_send_hs1(l, out);
    } else {
        cs_link_send_want(l, out);
    }
}

static void set_now(struct cs_link *l, uint64_t now_ms)
{
    if (now_ms > l->now_ms) {
        l->now_ms = now_ms;
    }
}

static void hurry(struct cs_link *l)
{
    l->want_gap_ms = CS_LINK_WANT_MS;
    /* HS_WANT at most one per 2 s, whoever asks for it */
    l->want_ms = l->tried_ms == CS_LINK_NEVER ? 0 : l->tried_ms + CS_LINK_WANT_MS;
}

void cs_link_start(struct cs_link *l, uint64_t now_ms, struct cs_link_out *out)
{
    set_now(l, now_ms);
    l->started = true;
    if (l->seen.fenced != CS_OK) {
        cs_link_emit(out, CS_LINK_EV_REFUSED, NULL, l->seen.fenced);
        return;
    }
    if (l->live.set) {
        cs_link_send_ping(l, CS_LINK_PING, 0, out); /* a restarted peer will object */
    }
    if (l->pend.kind == CS_PENDING_HS1) {
        cs_link_resend_hs1(l, out); /* the last one may have gone with the connection */
    }
    hurry(l);
    cs_link_maybe_try(l, out);
}

void cs_link_stop(struct cs_link *l, struct cs_link_out *out)
{
    cs_link_end_live(l, out);
    cs_link_end_pending(l);
    l->started = false;
}

void cs_link_accept_peer(struct cs_link *l, uint64_t now_ms, struct cs_link_out *out)
{
    set_now(l, now_ms);
    if (l->seen.fenced == CS_OK) {
        return; /* nothing to accept: the record must not forget what it knows */
    }
    cs_peer_seen_accept(&l->seen);
    cs_link_emit(out, CS_LINK_EV_SEEN, NULL, CS_OK);
    hurry(l);
    cs_link_maybe_try(l, out);
}

/* ---- time ------------------------------------------------------------------------ */

static void pending_time(struct cs_link *l, struct cs_link_out *out)
{
    struct cs_pending *p = &l->pend;

    if (p->kind == CS_PENDING_NONE) {
        return;
    }
    if (l->now_ms >= p->began_ms + CS_LINK_PENDING_MS) {
        cs_link_end_pending(l);
        l->hint.n = 0;
        return;
    }
    if (l->now_ms < p->resend_ms) {
        return;
    }
    if (p->kind == CS_PENDING_HS1) {
        cs_link_resend_hs1(l, out);
    } else {
        cs_link_send_confirm(l, &p->t, out);
        p->resend_ms = l->now_ms + CS_LINK_RESEND_MS;
    }
}

static void live_time(struct cs_link *l, struct cs_link_out *out)
{
    if (l->now_ms >= l->heard_ms + CS_LINK_DEAD_MS ||
        l->now_ms >= l->since_ms + CS_LINK_LIFE_MS) {
        cs_link_end_live(l, out);
        return;
    }
    if (l->probing && l->now_ms >= l->probe_ms) {
        l->probing = false;
        l->forced = true;
    }
    if (l->now_ms >= l->confirm_ms) {
        cs_link_send_confirm(l, &l->live, out);
        l->confirm_ms = l->now_ms + CS_LINK_RESEND_MS;
    }
    if (l->now_ms >= l->ping_ms) {
        cs_link_send_ping(l, CS_LINK_PING, 0, out);
        l->ping_ms = l->now_ms + CS_LINK_PING_MS;
    }
}

void cs_link_time(struct cs_link *l, uint64_t now_ms, struct cs_link_out *out)
{
    set_now(l, now_ms);
    if (!l->started || l->seen.fenced != CS_OK) {
        return;
    }
    pending_time(l, out);
    if (l->live.set) {
        live_time(l, out);
    }
    cs_link_maybe_try(l, out);
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t live_deadline(const struct cs_link *l)
{
    uint64_t d = least(l->ping_ms, l->confirm_ms);

    if (l->probing) {
        d = least(d, l->probe_ms);
    }
    d = least(d, l->heard_ms + CS_LINK_DEAD_MS);
    return least(d, l->since_ms + CS_LINK_LIFE_MS);
}

uint64_t cs_link_deadline(const struct cs_link *l)
{
    uint64_t d = CS_LINK_NEVER;

    if (!l->started || l->seen.fenced != CS_OK) {
        return d;
    }
    if (l->live.set) {
        d = live_deadline(l);
    }
    if (l->pend.kind == CS_PENDING_NONE) {
        return least(d, try_ms(l));
    }
    d = least(d, l->pend.began_ms + CS_LINK_PENDING_MS);
    return least(d, l->pend.resend_ms);
}

/* ---- getters --------------------------------------------------------------------- */

enum cs_err cs_link_set_journal(struct cs_link *l, uint64_t seq, const uint8_t hash[32])
{
    if (seq < l->life.journal_seq ||
        (seq == l->life.journal_seq &&
         memcmp(l->life.journal_hash, hash, sizeof l->life.journal_hash) != 0)) {
        return CS_ERR_USAGE; /* every peer would see a clone in it */
    }
    l->life.journal_seq = seq;
    memcpy(l->life.journal_hash, hash, sizeof l->life.journal_hash);
    return CS_OK;
}

enum cs_link_state cs_link_state(const struct cs_link *l)
{
    if (l->live.set) {
        return CS_LINK_LIVE;
    }
    switch (l->pend.kind) {
    case CS_PENDING_NONE:
        return CS_LINK_DOWN;
    case CS_PENDING_HS1:
        return CS_LINK_HS;
    case CS_PENDING_CONFIRM:
        /* The higher index confirms only after the lower one did. */
        return cs_link_is_initiator(l) ? CS_LINK_CONFIRM_SENT : CS_LINK_HS;
    }
    return CS_LINK_DOWN;
}

bool cs_link_is_live(const struct cs_link *l)
{
    return l->live.set;
}

uint8_t cs_link_self(const struct cs_link *l)
{
    return l->self;
}

uint8_t cs_link_peer(const struct cs_link *l)
{
    return l->peer;
}

const uint8_t *cs_link_ds_hash(const struct cs_link *l)
{
    return l->ds_hash;
}

const struct cs_peer_seen *cs_link_seen(const struct cs_link *l)
{
    return &l->seen;
}

const uint8_t *cs_link_boot_self(const struct cs_link *l)
{
    return l->life.boot;
}

const uint8_t *cs_link_id(const struct cs_link *l)
{
    return l->live.set ? l->live.link_id : NULL;
}

const uint8_t *cs_link_boot_peer(const struct cs_link *l)
{
    return l->live.set ? l->live.peer_boot : NULL;
}

const uint8_t *cs_link_prss_key(const struct cs_link *l)
{
    return l->live.set ? l->live.prss : NULL;
}

const uint8_t *cs_link_zero_key(const struct cs_link *l)
{
    return l->live.set ? l->live.zero : NULL;
}

const uint8_t *cs_link_mask_key(const struct cs_link *l)
{
    return l->live.set ? l->live.mask : NULL;
}

uint64_t cs_link_heard_ms(const struct cs_link *l)
{
    return l->live.set ? l->heard_ms : 0;
}

const uint64_t *cs_link_counters(const struct cs_link *l)
{
    return l->counters;
}

const char *cs_link_drop_name(enum cs_link_drop drop)
{
    static const char *const names[CS_DROP_COUNT] = {
        "NONE",  "LENGTH",    "HEADER", "UNKNOWN", "REPLAY",
        "AEAD",  "HANDSHAKE", "RATE",   "FENCED",  "STOPPED",
        "NOMEM", "EARLY",     "TYPE",   "REFUSED", "BAD_FORMAT",
    };

    return (unsigned)drop < CS_DROP_COUNT ? names[drop] : "?";
}
