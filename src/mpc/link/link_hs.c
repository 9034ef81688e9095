/* Handshake of a link (PROTOCOLS 2.2, 15.2 B1, B2; DECISIONS 12). */
#include <string.h>

#include "base/mem.h"
#include "base/rd.h"
#include "crypto/hash.h"
#include "mpc/link/link_int.h"

/* ---- versions (15.2 B1) ---------------------------------------------------------- */

static bool has_version(const struct cs_versions *vs, uint8_t v)
{
    return memchr(vs->v, v, vs->n) != NULL;
}

/* 0 when there is none. */
static uint8_t highest_common(const struct cs_versions *a, const struct cs_versions *b)
{
    for (uint8_t k = a->n; k > 0; k--) {
        if (has_version(b, a->v[k - 1])) {
            return a->v[k - 1];
        }
    }
    return 0;
}

static void wr_versions(struct cs_wr *w, const struct cs_versions *vs)
{
    cs_wr_u8(w, vs->n);
    cs_wr_bytes(w, vs->v, vs->n);
}

/* The list is the rest of the input: exact, rising, without 0. */
static enum cs_err rd_versions(struct cs_rd *r, struct cs_versions *out)
{
    struct cs_versions vs = {.n = cs_rd_u8(r)};

    if (vs.n < 1 || vs.n > CS_LINK_VERSIONS_MAX) {
        return CS_ERR_BAD_FORMAT;
    }
    cs_rd_copy(r, vs.v, vs.n);
    CS_CHECK(cs_rd_end(r));
    for (uint8_t k = 0; k < vs.n; k++) {
        if (vs.v[k] <= (k == 0 ? 0 : vs.v[k - 1])) {
            return CS_ERR_BAD_FORMAT;
        }
    }
    *out = vs;
    return CS_OK;
}

/* ---- payload of HS1 and HS2 ------------------------------------------------------ */

struct hello {
    uint8_t boot[32];
    struct cs_versions versions;
};

static size_t hello_encode(uint8_t buf[CS_LINK_HELLO_MAX], const struct cs_link *l)
{
    struct cs_wr w = {.p = buf, .cap = CS_LINK_HELLO_MAX, .max = CS_LINK_HELLO_MAX};

    cs_wr_bytes(&w, l->life.boot, sizeof l->life.boot);
    wr_versions(&w, &l->versions);
    CS_ASSERT(w.err == CS_OK);
    return w.n;
}

static enum cs_err hello_decode(struct hello *out, struct cs_span in)
{
    struct cs_rd r = CS_RD(in);

    cs_rd_copy(&r, out->boot, sizeof out->boot);
    return rd_versions(&r, &out->versions);
}

/* enc(PREFIX, ds_hash, i, j, version), i < j */
static void noise_begin(struct cs_noise *hs, const struct cs_link *l, uint8_t version)
{
    uint8_t buf[4 + 5 * 4 + sizeof CS_PROTOCOL_PREFIX + 32 + 3];
    struct cs_wr w = {.p = buf, .cap = sizeof buf, .max = sizeof buf};
    bool initiator = cs_link_is_initiator(l);
    const struct cs_span x[] = {
        CS_SPAN_LIT(CS_PROTOCOL_PREFIX),
        CS_SPAN_OF(l->ds_hash),
        CS_SPAN(initiator ? &l->self : &l->peer, 1),
        CS_SPAN(initiator ? &l->peer : &l->self, 1),
        CS_SPAN(&version, 1),
    };

    cs_enc(&w, x, CS_COUNTOF(x));
    CS_ASSERT(w.err == CS_OK);
    cs_noise_init(hs, initiator, cs_wr_get(&w), l->id, l->peer_id.sk);
}

/* ---- keys ------------------------------------------------------------------------ */

static void derive(uint8_t out[32], const struct cs_noise_keys *k, struct cs_span info)
{
    cs_hkdf(out, 32, CS_SPAN_OF(k->hh), CS_SPAN_OF(k->ck), info);
}

/* Spends hs.  link_id, transport keys and the pair's secrets (2.2). */
static void make_transport(struct cs_transport *t, const struct cs_link *l,
                           struct cs_noise *hs, uint8_t version, const uint8_t boot[32])
{
    bool initiator = cs_link_is_initiator(l);
    struct cs_noise_keys k;

    CS_ASSERT(cs_noise_finish(hs, &k) == CS_OK); /* both messages are done */
    memset(t, 0, sizeof *t);
    t->set = true;
    t->version = version;
    memcpy(t->hh, k.hh, sizeof t->hh);
    memcpy(t->link_id, k.hh, sizeof t->link_id);
    memcpy(t->tx, initiator ? k.i_to_r : k.r_to_i, 32);
    memcpy(t->rx, initiator ? k.r_to_i : k.i_to_r, 32);
    memcpy(t->peer_boot, boot, 32);
    derive(t->prss, &k, CS_SPAN_LIT(CS_PROTOCOL_PREFIX "/link/prss"));
    derive(t->zero, &k, CS_SPAN_LIT(CS_PROTOCOL_PREFIX "/link/zero"));
    derive(t->mask, &k, CS_SPAN_LIT(CS_PROTOCOL_PREFIX "/link/mask"));
    cs_wipe(&k, sizeof k);
}

/* ---- lower index: HS1, HS2 ------------------------------------------------------- */

static uint8_t version_to_try(const struct cs_link *l)
{
    if (l->hint.n == 0) {
        return l->versions.v[l->versions.n - 1];
    }
    return highest_common(&l->versions, &l->hint);
}

void cs_link_resend_hs1(struct cs_link *l, struct cs_link_out *out)
{
    struct cs_pending *p = &l->pend;

    cs_link_send_plain(l, p->version, CS_LINK_HS1, CS_SPAN(p->hs1, p->hs1_n), out);
    l->tried_ms = l->now_ms;
    p->resend_ms = l->now_ms + p->gap_ms;
    p->gap_ms *= 2;
}

void cs_link_send_hs1(struct cs_link *l, struct cs_link_out *out)
{
    struct cs_pending *p = &l->pend;
    uint8_t version = version_to_try(l), hello[CS_LINK_HELLO_MAX], e_priv[32];
    size_t n = hello_encode(hello, l);

    cs_link_end_pending(l);
    if (version == 0) {
        cs_link_emit(out, CS_LINK_EV_REFUSED, NULL, CS_ERR_VERSION);
        l->hint.n = 0;
        return;
    }
    l->random(l->random_ctx, e_priv, sizeof e_priv);
    noise_begin(&p->noise, l, version);
    /* Keys of ds were checked: Diffie-Hellman with them does not degenerate. */
    CS_ASSERT(cs_noise_write(&p->noise, p->hs1, CS_SPAN(hello, n), e_priv) == CS_OK);
    cs_wipe(e_priv, sizeof e_priv);
    p->hs1_n = n + CS_NOISE_OVERHEAD;
    p->kind = CS_PENDING_HS1;
    p->version = version;
    p->began_ms = l->now_ms;
    p->gap_ms = CS_LINK_RESEND_MS;
    cs_link_resend_hs1(l, out);
}

enum cs_link_drop cs_link_on_hs2(struct cs_link *l, uint8_t ver, struct cs_span body,
                                 struct cs_link_out *out)
{
    struct cs_pending *p = &l->pend;
    enum cs_link_drop drop = CS_DROP_HANDSHAKE;
    uint8_t payload[CS_LINK_HELLO_MAX];
    struct cs_noise hs;
    struct hello hello;

    if (!cs_link_is_initiator(l) || p->kind != CS_PENDING_HS1 || ver != p->version ||
        body.n < CS_NOISE_OVERHEAD || body.n > CS_LINK_HS_MAX) {
        return CS_DROP_HANDSHAKE;
    }
    hs = p->noise; /* a forged HS2 must not spend the handshake */
    if (cs_noise_read(&hs, payload, body) != CS_OK ||
        hello_decode(&hello, CS_SPAN(payload, body.n - CS_NOISE_OVERHEAD)) != CS_OK) {
        goto out;
    }
    if (highest_common(&l->versions, &hello.versions) != ver) {
        cs_link_end_pending(l);
        l->hint.n = 0; /* it misled: the next attempt begins at the top again */
        cs_link_emit(out, CS_LINK_EV_REFUSED, NULL, CS_ERR_VERSION);
        goto out;
    }
    make_transport(&p->t, l, &hs, ver, hello.boot);
    cs_noise_wipe(&p->noise);
    p->kind = CS_PENDING_CONFIRM;
    p->resend_ms = l->now_ms + CS_LINK_RESEND_MS;
    cs_link_send_confirm(l, &p->t, out);
    drop = CS_DROP_NONE;
out:
    cs_wipe(&hs, sizeof hs);
    return drop;
}

/* ---- higher index: HS_WANT, HS1 -------------------------------------------------- */

void cs_link_send_want(struct cs_link *l, struct cs_link_out *out)
{
    uint8_t buf[1 + CS_LINK_VERSIONS_MAX];
    struct cs_wr w = {.p = buf, .cap = sizeof buf, .max = sizeof buf};

    l->tried_ms = l->now_ms;
    wr_versions(&w, &l->versions);
    cs_link_send_plain(l, CS_LINK_VERSION, CS_LINK_HS_WANT, cs_wr_get(&w), out);
}

/* HS_WANT out of turn, at most one per 2 s. */
static void object(struct cs_link *l, struct cs_link_out *out)
{
    if (l->tried_ms == CS_LINK_NEVER || l->now_ms >= l->tried_ms + CS_LINK_WANT_MS) {
        cs_link_send_want(l, out);
    }
}

static void resend_hs2(struct cs_link *l, struct cs_link_out *out)
{
    cs_link_send_plain(l, l->pend.version, CS_LINK_HS2,
                       CS_SPAN(l->pend.hs2, l->pend.hs2_n), out);
}

static bool is_same_hs1(const struct cs_pending *p, uint8_t ver, struct cs_span body)
{
    return p->kind == CS_PENDING_CONFIRM && ver == p->version && body.n == p->hs1_n &&
           memcmp(body.p, p->hs1, body.n) == 0;
}

/* HS1 verified, so it is the peer's, though maybe an old one: go as far as HS2.  Keys
 * of ds were checked, but the ephemeral was not: writing may fail. */
static enum cs_link_drop answer_hs1(struct cs_link *l, struct cs_noise *hs, uint8_t ver,
                                    struct cs_span body, const struct hello *hello)
{
    struct cs_pending *p = &l->pend;
    uint8_t mine[CS_LINK_HELLO_MAX], hs2[CS_LINK_HS_MAX], e_priv[32];
    size_t n = hello_encode(mine, l);
    enum cs_err err;

    l->random(l->random_ctx, e_priv, sizeof e_priv);
    err = cs_noise_write(hs, hs2, CS_SPAN(mine, n), e_priv);
    cs_wipe(e_priv, sizeof e_priv);
    if (err != CS_OK) {
        return CS_DROP_HANDSHAKE;
    }
    cs_link_end_pending(l); /* 15.2 B2: a newer one replaces it */
    make_transport(&p->t, l, hs, ver, hello->boot);
    p->kind = CS_PENDING_CONFIRM;
    p->version = ver;
    p->began_ms = l->now_ms;
    p->resend_ms = CS_LINK_NEVER; /* speaks after the lower index has confirmed */
    memcpy(p->hs1, body.p, body.n);
    p->hs1_n = body.n;
    p->hs2_n = n + CS_NOISE_OVERHEAD;
    memcpy(p->hs2, hs2, p->hs2_n);
    return CS_DROP_NONE;
}

enum cs_link_drop cs_link_on_hs1(struct cs_link *l, uint8_t ver, struct cs_span body,
                                 struct cs_link_out *out)
{
    enum cs_link_drop drop = CS_DROP_HANDSHAKE;
    uint8_t payload[CS_LINK_HELLO_MAX];
    struct cs_noise hs;
    struct hello hello;

    if (cs_link_is_initiator(l) || body.n < CS_NOISE_OVERHEAD ||
        body.n > CS_LINK_HS_MAX) {
        return CS_DROP_HANDSHAKE;
    }
    if (!has_version(&l->versions, ver)) {
        object(l, out); /* carries our list, so that the next attempt fits */
        return CS_DROP_HANDSHAKE;
    }
    if (is_same_hs1(&l->pend, ver, body)) {
        resend_hs2(l, out);
        return CS_DROP_NONE;
    }
    if (!cs_link_has_token(l)) {
        return CS_DROP_RATE;
    }
    noise_begin(&hs, l, ver);
    if (cs_noise_read(&hs, payload, body) != CS_OK ||
        hello_decode(&hello, CS_SPAN(payload, body.n - CS_NOISE_OVERHEAD)) != CS_OK) {
        goto out;
    }
    if (highest_common(&l->versions, &hello.versions) != ver) {
        cs_link_emit(out, CS_LINK_EV_REFUSED, NULL, CS_ERR_VERSION);
        object(l, out);
        goto out;
    }
    drop = answer_hs1(l, &hs, ver, body, &hello);
    if (drop == CS_DROP_NONE) {
        resend_hs2(l, out);
    }
out:
    cs_wipe(&hs, sizeof hs);
    return drop;
}

/* ---- lower index: somebody asks for a handshake ---------------------------------- */

static void probe(struct cs_link *l, struct cs_link_out *out)
{
    if (l->probing || l->now_ms < l->probe_ms) {
        return;
    }
    l->random(l->random_ctx, (uint8_t *)&l->probe_nonce, sizeof l->probe_nonce);
    l->probing = true;
    l->probe_ms = l->now_ms + CS_LINK_PROBE_MS;
    cs_link_send_ping(l, CS_LINK_PING, l->probe_nonce, out);
}

/* The claim is unauthenticated.  A LIVE link must not end for it (2.3), nor be
 * replaced: that would end its sessions.  So the link is asked first; only silence
 * leads to a handshake, which then runs beside the old link. */
void cs_link_on_doubt(struct cs_link *l, struct cs_link_out *out)
{
    struct cs_pending *p = &l->pend;

    if (!cs_link_is_initiator(l)) {
        object(l, out);
        return;
    }
    if (p->kind == CS_PENDING_HS1) {
        if (version_to_try(l) != p->version && version_to_try(l) != 0) {
            cs_link_send_hs1(l, out);
        } else if (l->now_ms >= l->tried_ms + CS_LINK_RESEND_MS) {
            cs_link_resend_hs1(l, out);
        }
        return;
    }
    if (l->live.set) {
        probe(l, out);
        return;
    }
    if (l->tried_ms == CS_LINK_NEVER || l->now_ms >= l->tried_ms + CS_LINK_RESEND_MS) {
        l->want_ms = l->now_ms;
        cs_link_maybe_try(l, out);
    }
}

enum cs_link_drop cs_link_on_want(struct cs_link *l, struct cs_span body,
                                  struct cs_link_out *out)
{
    struct cs_rd r = CS_RD(body);
    struct cs_versions vs;

    if (!cs_link_is_initiator(l) || rd_versions(&r, &vs) != CS_OK) {
        return CS_DROP_HANDSHAKE;
    }
    l->hint = vs;
    cs_link_on_doubt(l, out);
    return CS_DROP_NONE;
}

/* ---- CONFIRM --------------------------------------------------------------------- */

/* TH("hs/confirm"; hh, sender) */
static void confirm_hash(uint8_t out[32], const uint8_t hh[32], uint8_t sender)
{
    const struct cs_span x[] = {CS_SPAN(hh, 32), CS_SPAN(&sender, 1)};

    cs_th(out, CS_TAG_HS_CONFIRM, x, CS_COUNTOF(x));
}

static void wr_life(struct cs_wr *w, const struct cs_life *life)
{
    cs_wr_u64(w, life->boot_counter);
    cs_wr_bytes(w, life->boot, sizeof life->boot);
    cs_wr_u64(w, life->journal_seq);
    cs_wr_bytes(w, life->journal_hash, sizeof life->journal_hash);
}

/* TH("hs/life"; ds_hash, sender, boot counter, boot, sequence, hash): two of these
 * that contradict each other prove a rollback or a clone to anyone. */
static void life_hash(uint8_t out[32], const uint8_t ds_hash[32], uint8_t sender,
                      const struct cs_life *life)
{
    uint8_t buf[8 + 32 + 8 + 32];
    struct cs_wr w = {.p = buf, .cap = sizeof buf, .max = sizeof buf};

    wr_life(&w, life);
    CS_ASSERT(w.err == CS_OK);
    const struct cs_span x[] = {
        CS_SPAN(ds_hash, 32), CS_SPAN(&sender, 1),  CS_SPAN(buf, 8),
        CS_SPAN(buf + 8, 32), CS_SPAN(buf + 40, 8), CS_SPAN(buf + 48, 32),
    };
    cs_th(out, CS_TAG_HS_LIFE, x, CS_COUNTOF(x));
}

void cs_link_send_confirm(struct cs_link *l, struct cs_transport *t,
                          struct cs_link_out *out)
{
    uint8_t buf[CS_LINK_CONFIRM_LEN], h[32], sig[CS_SIG_LEN], life_sig[CS_SIG_LEN];
    struct cs_wr w = {.p = buf, .cap = sizeof buf, .max = sizeof buf};

    confirm_hash(h, t->hh, l->self);
    cs_sign(sig, l->id->ik_seed, CS_SPAN_OF(h));
    life_hash(h, l->ds_hash, l->self, &l->life);
    cs_sign(life_sig, l->id->ik_seed, CS_SPAN_OF(h));
    cs_wr_bytes(&w, sig, sizeof sig);
    wr_life(&w, &l->life);
    cs_wr_bytes(&w, life_sig, sizeof life_sig);
    CS_ASSERT(w.err == CS_OK && w.n == sizeof buf);
    cs_link_send_sealed(l, t, CS_LINK_CONFIRM, cs_wr_get(&w), out);
}

static enum cs_err confirm_verify(const struct cs_link *l, const struct cs_transport *t,
                                  struct cs_life *life, struct cs_span plain)
{
    struct cs_rd r = CS_RD(plain);
    uint8_t sig[CS_SIG_LEN], life_sig[CS_SIG_LEN], h[32];

    cs_rd_copy(&r, sig, sizeof sig);
    life->boot_counter = cs_rd_u64(&r);
    cs_rd_copy(&r, life->boot, sizeof life->boot);
    life->journal_seq = cs_rd_u64(&r);
    cs_rd_copy(&r, life->journal_hash, sizeof life->journal_hash);
    cs_rd_copy(&r, life_sig, sizeof life_sig);
    CS_CHECK(cs_rd_end(&r));
    confirm_hash(h, t->hh, l->peer);
    if (!cs_sign_verify(sig, l->peer_id.ik, CS_SPAN_OF(h))) {
        return CS_ERR_HS_CONFIRM;
    }
    life_hash(h, l->ds_hash, l->peer, life);
    if (!cs_sign_verify(life_sig, l->peer_id.ik, CS_SPAN_OF(h))) {
        return CS_ERR_HS_CONFIRM;
    }
    /* The handshake and CONFIRM speak of one life. */
    return memcmp(life->boot, t->peer_boot, 32) == 0 ? CS_OK : CS_ERR_HS_CONFIRM;
}

static void go_live(struct cs_link *l, struct cs_link_out *out)
{
    uint8_t old[16] = {0};

    cs_link_take_token(l);
    if (l->live.set) {
        memcpy(old, l->live.link_id, sizeof old);
        cs_link_emit(out, CS_LINK_EV_REPLACED, old, CS_OK);
    }
    memcpy(l->prev_id, old, sizeof old);
    cs_wipe(&l->live, sizeof l->live);
    l->live = l->pend.t;
    cs_link_end_pending(l);
    l->since_ms = l->heard_ms = l->now_ms;
    l->ping_ms = l->now_ms + CS_LINK_PING_MS;
    l->want_ms = l->now_ms;
    l->want_gap_ms = CS_LINK_WANT_MS;
    l->answered_ms = l->now_ms;
    l->probing = l->forced = false;
    l->ask_nonce = 0;
    l->rtt_ms = CS_LINK_NEVER;
    l->hint.n = 0;
    cs_link_emit(out, CS_LINK_EV_LIVE, l->live.link_id, CS_OK);
    if (cs_link_is_initiator(l)) {
        l->confirm_ms = CS_LINK_NEVER; /* the peer confirmed after it had heard us */
        cs_link_send_ping(l, CS_LINK_PING, 0, out); /* stops its repeats */
    } else {
        cs_link_send_confirm(l, &l->live, out);
        l->confirm_ms = l->now_ms + CS_LINK_RESEND_MS;
    }
}

enum cs_link_drop cs_link_on_confirm(struct cs_link *l, struct cs_span plain,
                                     struct cs_link_out *out)
{
    struct cs_life life;
    enum cs_err err;

    if (plain.n != CS_LINK_CONFIRM_LEN) {
        cs_link_end_pending(l);
        return CS_DROP_BAD_FORMAT;
    }
    err = confirm_verify(l, &l->pend.t, &life, plain);
    if (err == CS_OK) {
        /* Judged here only: a repeat that arrives late never blames anyone. */
        err = cs_peer_seen_update(&l->seen, &life);
        cs_link_emit(out, CS_LINK_EV_SEEN, NULL, CS_OK);
    }
    if (err == CS_OK) {
        go_live(l, out);
        return CS_DROP_NONE;
    }
    if (l->seen.fenced != CS_OK) {
        cs_link_end_live(l, out); /* T8: both copies are fenced */
    }
    cs_link_end_pending(l);
    cs_link_emit(out, CS_LINK_EV_REFUSED, NULL, err);
    return CS_DROP_REFUSED;
}
