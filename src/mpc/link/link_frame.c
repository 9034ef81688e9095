/* Frames of a link, in and out (PROTOCOLS 2.3: the order of work on receipt). */
#include <string.h>

#include "base/mem.h"
#include "base/rd.h"
#include "mpc/link/link_int.h"

/* ---- out ------------------------------------------------------------------------- */

static struct cs_link_frame *next_frame(struct cs_link_out *out)
{
    CS_ASSERT(out->n_frames < CS_LINK_FRAMES_MAX);
    return &out->frames[out->n_frames++];
}

static struct cs_frame_header link_header(const struct cs_link *l, uint8_t ver,
                                          enum cs_link_type type)
{
    struct cs_frame_header h = {.ver = ver,
                                .proto = CS_PROTO_LINK,
                                .type = (uint8_t)type,
                                .from = l->self,
                                .to = l->peer};

    memcpy(h.ds_hash, l->ds_hash, sizeof h.ds_hash);
    return h;
}

void cs_link_send_plain(struct cs_link *l, uint8_t ver, enum cs_link_type type,
                        struct cs_span body, struct cs_link_out *out)
{
    struct cs_frame_header h = link_header(l, ver, type);
    struct cs_link_frame *f = next_frame(out);

    CS_ASSERT(body.n <= sizeof f->p - CS_FRAME_HEADER);
    h.len = (uint32_t)body.n;
    cs_frame_header_encode(f->p, &h);
    memcpy(f->p + CS_FRAME_HEADER, body.p, body.n);
    f->n = CS_FRAME_HEADER + body.n;
}

void cs_link_send_sealed(struct cs_link *l, struct cs_transport *t,
                         enum cs_link_type type, struct cs_span plain,
                         struct cs_link_out *out)
{
    struct cs_frame_header h = link_header(l, t->version, type);
    struct cs_link_frame *f;
    struct cs_wr w;

    if (t->tx_ctr == UINT64_MAX) {
        return; /* used up: silence makes the peer re-handshake */
    }
    f = next_frame(out);
    w = (struct cs_wr){.p = f->p, .cap = sizeof f->p, .max = sizeof f->p};
    memcpy(h.link_id, t->link_id, sizeof h.link_id);
    h.ctr = t->tx_ctr++;
    CS_ASSERT(cs_frame_seal(&w, &h, t->tx, plain) == CS_OK); /* fits by construction */
    f->n = w.n;
}

void cs_link_send_ping(struct cs_link *l, enum cs_link_type type, uint64_t nonce,
                       struct cs_link_out *out)
{
    uint8_t buf[CS_LINK_PING_LEN];
    struct cs_wr w = {.p = buf, .cap = sizeof buf, .max = sizeof buf};

    cs_wr_u64(&w, nonce);
    cs_link_send_sealed(l, &l->live, type, cs_wr_get(&w), out);
}

bool cs_link_ping(struct cs_link *l, uint64_t now_ms, struct cs_link_out *out)
{
    if (!l->live.set) {
        return false;
    }
    l->now_ms = now_ms > l->now_ms ? now_ms : l->now_ms;
    do {
        l->random(l->random_ctx, (uint8_t *)&l->ask_nonce, sizeof l->ask_nonce);
    } while (l->ask_nonce == 0);
    l->asked_ms = l->now_ms;
    cs_link_send_ping(l, CS_LINK_PING, l->ask_nonce, out);
    return true;
}

bool cs_link_ping_is_open(const struct cs_link *l)
{
    return l->ask_nonce != 0;
}

uint64_t cs_link_rtt_ms(const struct cs_link *l)
{
    return l->rtt_ms;
}

static struct cs_frame_header message_header(const struct cs_link *l,
                                             const struct cs_message *m)
{
    struct cs_frame_header h = {.ver = l->live.version,
                                .proto = m->proto,
                                .type = m->type,
                                .round = m->round,
                                .from = l->self,
                                .to = m->priv.n == 0 ? 0 : l->peer,
                                .key_epoch = m->key_epoch,
                                .ctr = l->live.tx_ctr};

    memcpy(h.ds_hash, l->ds_hash, sizeof h.ds_hash);
    memcpy(h.link_id, l->live.link_id, sizeof h.link_id);
    memcpy(h.key_id, m->key_id, sizeof h.key_id);
    memcpy(h.sid, m->sid, sizeof h.sid);
    return h;
}

enum cs_err cs_link_seal(struct cs_link *l, const struct cs_message *m,
                         struct cs_wr *frame)
{
    struct cs_message full = *m;
    struct cs_frame_header h;
    struct cs_bc_slot slot;
    struct cs_wr plain = {0};
    uint8_t sig[CS_SIG_LEN];
    enum cs_err err;

    if (m->proto <= CS_PROTO_LINK) {
        return CS_ERR_USAGE;
    }
    if (!l->live.set) {
        return CS_ERR_NO_LINK;
    }
    if (l->live.tx_ctr == UINT64_MAX) {
        return CS_ERR_LIMIT;
    }
    if (m->broadcast.n != 0 && m->bsig == NULL) {
        cs_bc_slot_from(&slot, l->live.version, l->ds_hash, l->self, m);
        cs_bc_sign(sig, l->id->ik_seed, &slot, m->broadcast);
        full.bsig = sig;
    }
    h = message_header(l, m);
    CS_TRY(cs_plain_encode(&plain, &full));
    CS_TRY(cs_frame_seal(frame, &h, l->live.tx, cs_wr_get(&plain)));
    l->live.tx_ctr++; /* one counter, one frame */
out:
    cs_wr_free(&plain);
    return err;
}

/* ---- in -------------------------------------------------------------------------- */

static bool all_zero(const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (p[i] != 0) {
            return false;
        }
    }
    return true;
}

/* Messages of the link itself leave the fields of sessions zero: one encoding. */
static bool link_fields_ok(const struct cs_link *l, const struct cs_frame_header *h)
{
    return h->round == 0 && h->to == l->self && h->key_epoch == 0 &&
           all_zero(h->key_id, sizeof h->key_id) && all_zero(h->sid, sizeof h->sid);
}

static bool is_plain(const struct cs_frame_header *h)
{
    return h->proto == CS_PROTO_LINK &&
           (h->type == CS_LINK_HS1 || h->type == CS_LINK_HS2 ||
            h->type == CS_LINK_HS_WANT);
}

static enum cs_link_drop receive_plain(struct cs_link *l,
                                       const struct cs_frame_header *h,
                                       struct cs_span frame, struct cs_link_out *out)
{
    struct cs_span body = CS_SPAN(frame.p + CS_FRAME_HEADER, frame.n - CS_FRAME_HEADER);

    if (h->len != body.n || body.n > CS_LINK_HS_MAX) {
        return CS_DROP_LENGTH;
    }
    if (!link_fields_ok(l, h) || h->ctr != 0 ||
        !all_zero(h->link_id, sizeof h->link_id)) {
        return CS_DROP_HEADER;
    }
    switch (h->type) {
    case CS_LINK_HS1:
        return cs_link_on_hs1(l, h->ver, body, out);
    case CS_LINK_HS2:
        return cs_link_on_hs2(l, h->ver, body, out);
    default:
        return h->ver == CS_LINK_VERSION ? cs_link_on_want(l, body, out)
                                         : CS_DROP_HEADER;
    }
}

static struct cs_transport *transport_of(struct cs_link *l, const uint8_t link_id[16])
{
    if (l->live.set && memcmp(l->live.link_id, link_id, 16) == 0) {
        return &l->live;
    }
    if (l->pend.t.set && memcmp(l->pend.t.link_id, link_id, 16) == 0) {
        return &l->pend.t;
    }
    return NULL;
}

/* A frame of a link this side does not know: its sender should make a new one.  Frames
 * of the link that was just replaced are merely late. */
static enum cs_link_drop unknown_link(struct cs_link *l, const uint8_t link_id[16],
                                      struct cs_link_out *out)
{
    bool late = l->live.set && memcmp(l->prev_id, link_id, 16) == 0;

    if (!late && l->pend.kind != CS_PENDING_CONFIRM) {
        cs_link_on_doubt(l, out);
    }
    return CS_DROP_UNKNOWN;
}

/* Up to and with the tag.  Nothing is changed unless it verifies. */
static enum cs_link_drop open_frame(struct cs_transport *t,
                                    const struct cs_frame_header *h,
                                    struct cs_span frame, struct cs_link_out *out)
{
    if (frame.n < CS_FRAME_HEADER + CS_FRAME_TAG ||
        h->len != frame.n - CS_FRAME_HEADER - CS_FRAME_TAG) {
        return CS_DROP_LENGTH;
    }
    if (h->ver != t->version) {
        return CS_DROP_HEADER;
    }
    if (!cs_window_fresh(&t->rx_window, h->ctr)) {
        return CS_DROP_REPLAY;
    }
    switch (cs_frame_open(&out->plain, h, t->rx, frame)) {
    case CS_OK:
        cs_window_mark(&t->rx_window, h->ctr); /* 15.1 A7: only now */
        return CS_DROP_NONE;
    case CS_ERR_NOMEM:
        return CS_DROP_NOMEM;
    default:
        return CS_DROP_AEAD;
    }
}

/* The peer repeats its CONFIRM: ours, or our first frame, was lost. */
static void answer_confirm(struct cs_link *l, struct cs_link_out *out)
{
    if (l->now_ms < l->answered_ms + CS_LINK_RESEND_MS / 2) {
        return;
    }
    l->answered_ms = l->now_ms;
    if (cs_link_is_initiator(l)) {
        cs_link_send_ping(l, CS_LINK_PING, 0, out);
    } else {
        cs_link_send_confirm(l, &l->live, out);
    }
}

static enum cs_link_drop on_ping(struct cs_link *l, uint8_t type, struct cs_span plain,
                                 struct cs_link_out *out)
{
    struct cs_rd r = CS_RD(plain);
    uint64_t nonce = cs_rd_u64(&r);

    if (cs_rd_end(&r) != CS_OK) {
        return CS_DROP_BAD_FORMAT;
    }
    if (type == CS_LINK_PING) {
        cs_link_send_ping(l, CS_LINK_PONG, nonce, out);
    } else if (l->probing && nonce == l->probe_nonce) {
        l->probing = false;
    } else if (l->ask_nonce != 0 && nonce == l->ask_nonce) {
        l->ask_nonce = 0;
        l->rtt_ms = l->now_ms - l->asked_ms;
    }
    return CS_DROP_NONE;
}

static enum cs_link_drop on_link_message(struct cs_link *l,
                                         const struct cs_frame_header *h,
                                         struct cs_link_out *out)
{
    struct cs_span plain = cs_wr_get(&out->plain);

    if (!link_fields_ok(l, h)) {
        return CS_DROP_BAD_FORMAT;
    }
    switch (h->type) {
    case CS_LINK_CONFIRM:
        if (plain.n != CS_LINK_CONFIRM_LEN) {
            return CS_DROP_BAD_FORMAT;
        }
        answer_confirm(l, out);
        return CS_DROP_NONE;
    case CS_LINK_PING:
    case CS_LINK_PONG:
        return on_ping(l, h->type, plain, out);
    default:
        return CS_DROP_TYPE;
    }
}

/* 15.1 A5.  The signature is checked here, so that nobody can forget it. */
static enum cs_link_drop on_message(struct cs_link *l, const struct cs_frame_header *h,
                                    struct cs_link_out *out)
{
    struct cs_message *m = &out->msg;
    struct cs_bc_slot slot;

    m->proto = h->proto;
    m->type = h->type;
    m->round = h->round;
    m->from = l->peer; /* who holds the key, not what the header says */
    m->key_epoch = h->key_epoch;
    memcpy(m->key_id, h->key_id, sizeof m->key_id);
    memcpy(m->sid, h->sid, sizeof m->sid);
    if (cs_plain_decode(m, cs_wr_get(&out->plain)) != CS_OK ||
        (h->to == 0) != (m->priv.n == 0)) {
        return CS_DROP_BAD_FORMAT;
    }
    if (m->bsig != NULL) {
        cs_bc_slot_from(&slot, l->live.version, l->ds_hash, l->peer, m);
        if (!cs_bc_verify(m->bsig, l->peer_id.ik, &slot, m->broadcast)) {
            return CS_DROP_BAD_FORMAT;
        }
    }
    out->has_msg = true;
    return CS_DROP_NONE;
}

static enum cs_link_drop on_pending(struct cs_link *l, const struct cs_frame_header *h,
                                    struct cs_link_out *out)
{
    if (h->proto != CS_PROTO_LINK || h->type != CS_LINK_CONFIRM) {
        return CS_DROP_EARLY; /* reordered: the CONFIRM is still under way */
    }
    if (!link_fields_ok(l, h)) {
        cs_link_end_pending(l);
        return CS_DROP_BAD_FORMAT;
    }
    return cs_link_on_confirm(l, cs_wr_get(&out->plain), out);
}

static enum cs_link_drop on_live(struct cs_link *l, const struct cs_frame_header *h,
                                 struct cs_link_out *out)
{
    bool is_confirm = h->proto == CS_PROTO_LINK && h->type == CS_LINK_CONFIRM;

    l->heard_ms = l->now_ms;
    if (!is_confirm) {
        l->confirm_ms = CS_LINK_NEVER; /* 15.2 B2: until a transport frame arrives */
    }
    if (h->proto == CS_PROTO_LINK) {
        return on_link_message(l, h, out);
    }
    return on_message(l, h, out);
}

static enum cs_link_drop receive(struct cs_link *l, struct cs_span frame,
                                 struct cs_link_out *out)
{
    struct cs_frame_header h;
    struct cs_transport *t;
    enum cs_link_drop drop;

    if (cs_frame_header_decode(&h, frame) != CS_OK) {
        return CS_DROP_LENGTH;
    }
    if (memcmp(h.ds_hash, l->ds_hash, sizeof h.ds_hash) != 0 || h.from != l->peer ||
        (h.to != l->self && h.to != 0)) {
        return CS_DROP_HEADER;
    }
    if (!l->started) {
        return CS_DROP_STOPPED;
    }
    if (l->seen.fenced != CS_OK) {
        return CS_DROP_FENCED;
    }
    if (is_plain(&h)) {
        return receive_plain(l, &h, frame, out);
    }
    t = transport_of(l, h.link_id);
    if (t == NULL) {
        return unknown_link(l, h.link_id, out);
    }
    drop = open_frame(t, &h, frame, out);
    if (drop != CS_DROP_NONE) {
        return drop;
    }
    return t == &l->live ? on_live(l, &h, out) : on_pending(l, &h, out);
}

enum cs_err cs_link_receive(struct cs_link *l, struct cs_span frame, uint64_t now_ms,
                            struct cs_link_out *out)
{
    if (now_ms > l->now_ms) {
        l->now_ms = now_ms;
    }
    out->drop = receive(l, frame, out);
    l->counters[out->drop]++;
    if (!out->has_msg) {
        cs_wr_reset(&out->plain);
        memset(&out->msg, 0, sizeof out->msg);
    }
    return out->drop == CS_DROP_BAD_FORMAT ? CS_ERR_BAD_FORMAT : CS_OK;
}
