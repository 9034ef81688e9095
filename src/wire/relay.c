#include "wire/relay.h"

#include "base/rd.h"

static bool has_id(enum cs_relay_type t)
{
    return t == CS_RELAY_HELLO || t == CS_RELAY_DATA || t == CS_RELAY_GONE;
}

/* Body length by type: exact, or at least 1 for DATA. */
static bool body_ok(enum cs_relay_type t, size_t n)
{
    switch (t) {
    case CS_RELAY_CHALLENGE:
        return n == 32;
    case CS_RELAY_HELLO:
        return n == 64;
    case CS_RELAY_WELCOME:
    case CS_RELAY_GONE:
        return n == 0;
    case CS_RELAY_DATA:
        return n > 0;
    }
    return false;
}

enum cs_err cs_relay_decode(struct cs_relay_frame *out, struct cs_span in)
{
    struct cs_rd r = CS_RD(in);
    struct cs_relay_frame f = {0};

    if (in.n > CS_RELAY_MAX) {
        return CS_ERR_TOO_LONG;
    }
    f.type = (enum cs_relay_type)cs_rd_u8(&r);
    if (has_id(f.type)) {
        cs_rd_copy(&r, f.id, sizeof f.id);
    }
    f.body = cs_rd_span(&r, r.left);
    if (r.err != CS_OK) {
        return r.err;
    }
    if (!body_ok(f.type, f.body.n)) {
        return CS_ERR_BAD_FORMAT;
    }
    *out = f;
    return CS_OK;
}

void cs_relay_encode(struct cs_wr *w, const struct cs_relay_frame *f)
{
    cs_wr_u8(w, (uint8_t)f->type);
    if (has_id(f->type)) {
        cs_wr_bytes(w, f->id, sizeof f->id);
    }
    cs_wr_span(w, f->body);
}
