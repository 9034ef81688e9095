#include "platform/core/idem.h"

#include <string.h>

#include "base/rd.h"

/* Record: bound 32, u64 wall ms of its end, u16 status, body. */
enum { HEAD = 32 + 8 + 2, ANSWER_MAX = 900 << 10, BYTES_MAX = 512 << 20 };

/* ---- how much is kept: CS_PC_STAT "i" -> u64 answers, u64 bytes ------------------ */

struct tally {
    uint64_t n, bytes;
};

static struct tally tally_get(struct cs_platform_core *core)
{
    struct tally t = {0};
    struct cs_wr w = {0};
    struct cs_rd r;

    if (cs_pc_raw_get(core, CS_PC_STAT, CS_SPAN_LIT("i"), &w)) {
        r = CS_RD(cs_wr_get(&w));
        t.n = cs_rd_u64(&r);
        t.bytes = cs_rd_u64(&r);
    }
    cs_wr_free(&w);
    return t;
}

/* One record of so many bytes comes, or goes.  Records of before the first tally may go
 * that never came: not below nothing. */
static void tally_move(struct cs_platform_core *core, size_t gone, size_t come)
{
    struct tally t = tally_get(core);
    struct cs_wr w = {0};

    t.n -= gone > 0 && t.n > 0 ? 1 : 0;
    t.bytes -= gone < t.bytes ? gone : t.bytes;
    t.n += come > 0 ? 1 : 0;
    t.bytes += come;
    cs_wr_u64(&w, t.n);
    cs_wr_u64(&w, t.bytes);
    cs_pc_raw_put(core, CS_PC_STAT, CS_SPAN_LIT("i"), cs_wr_get(&w));
    cs_wr_free(&w);
}

/* Without room the answer could not be kept, and a repeat would do it all again. */
static bool has_room(struct cs_api *a)
{
    struct tally t = tally_get(a->core);

    if (t.n < a->core->cfg.limits.max_answers && t.bytes < BYTES_MAX) {
        return true;
    }
    (void)cs_api_fail(a, CS_API_LIMIT, "Idempotency-Key",
                      "as many answers as allowed are kept for a day: send the request "
                      "without a key, or with an externalId, or later");
    return false;
}

/* ---- keys ---------------------------------------------------------------------- */

static bool key_ok(const char *key)
{
    size_t n = strlen(key);

    for (size_t i = 0; i < n; i++) {
        if (key[i] < 0x21 || key[i] > 0x7e) {
            return false;
        }
    }
    return n > 0 && n <= CS_IDEM_KEY_MAX;
}

static void bind(struct cs_idem *i, const struct cs_api *a)
{
    struct cs_wr what = {0};
    uint8_t d[32];

    cs_pc_digest(d, "idem", CS_SPAN(a->actor, strlen(a->actor)),
                 CS_SPAN(a->http->idempotency_key, strlen(a->http->idempotency_key)));
    memcpy(i->key, d, sizeof i->key);
    cs_wr_str(&what, a->http->method);
    cs_wr_u8(&what, ' ');
    cs_wr_str(&what, a->http->path);
    cs_pc_digest(i->bound, "idem-bound", cs_wr_get(&what), a->http->body);
    cs_wr_free(&what);
}

/* The kept answer goes out again, as it was but without secrets; false with the refusal
 * set when it was too long to be kept. */
static bool replay(struct cs_api *a, struct cs_span rec)
{
    struct cs_rd r = CS_RD(CS_SPAN(rec.p + 40, rec.n - 40));
    int status = cs_rd_u16(&r);

    if (r.left == 0) {
        (void)cs_api_fail(a, CS_API_EXISTS, "Idempotency-Key",
                          "this request was accepted before; its answer was too long "
                          "to be kept: read what it made");
        return false;
    }
    cs_emit_reply(a->core->out, a->http->id, status, "application/json",
                  CS_SPAN(r.p, r.left));
    return true;
}

static bool is_current(const struct cs_platform_core *core, const struct cs_wr *rec)
{
    struct cs_rd r = CS_RD(CS_SPAN(rec->p + 32, 8));

    return (int64_t)cs_rd_u64(&r) > core->wall_ms;
}

bool cs_idem_begin(struct cs_idem *i, struct cs_api *a, bool *replied)
{
    const char *key = a->http->idempotency_key;
    struct cs_wr rec = {0};
    bool go_on = true;

    if (strcmp(a->http->method, "POST") != 0 || key[0] == '\0' ||
        cs_route_reads(a->route)) {
        return true; /* what only reads leaves nothing in the store */
    }
    if (!key_ok(key)) {
        (void)cs_api_fail(a, CS_API_INVALID, "Idempotency-Key",
                          "must be 1 to %d printable ASCII characters",
                          CS_IDEM_KEY_MAX);
        return false;
    }
    i->used = true;
    bind(i, a);
    if (cs_pc_raw_get(a->core, CS_PC_IDEM, CS_SPAN_OF(i->key), &rec) && rec.n >= HEAD &&
        is_current(a->core, &rec)) {
        go_on = false;
        if (memcmp(rec.p, i->bound, sizeof i->bound) == 0) {
            *replied = replay(a, cs_wr_get(&rec));
        } else {
            (void)cs_api_fail(
                a, CS_API_EXISTS, "Idempotency-Key",
                "was used for another request: use a new key for each one");
        }
    }
    cs_wr_free(&rec);
    return go_on && has_room(a);
}

void cs_idem_keep(struct cs_idem *i, struct cs_api *a, struct cs_span body)
{
    int64_t end = a->core->wall_ms + (int64_t)a->core->cfg.limits.idempotency_s * 1000;
    struct cs_wr w = {0}, old = {0};

    if (!i->used) {
        return;
    }
    (void)cs_pc_raw_get(a->core, CS_PC_IDEM, CS_SPAN_OF(i->key), &old); /* too old */
    cs_wr_bytes(&w, i->bound, sizeof i->bound);
    cs_wr_u64(&w, (uint64_t)end);
    cs_wr_u16(&w, (uint16_t)a->status);
    /* Without the answer, too, a repeat must not make the same again. */
    cs_wr_span(&w, body.n <= ANSWER_MAX ? body : CS_SPAN(NULL, 0));
    cs_pc_raw_put(a->core, CS_PC_IDEM, CS_SPAN_OF(i->key), cs_wr_get(&w));
    tally_move(a->core, old.n, w.n);
    cs_wr_free(&old);
    cs_pc_timer_raw(a->core, CS_TIMER_IDEM, i->key, 0, end);
    cs_wr_free(&w);
}

/* The timer of an answer that was replaced meanwhile leaves the new one alone. */
void cs_pc_idem_forget(struct cs_platform_core *core, const uint8_t key[CS_PC_ID])
{
    struct cs_wr rec = {0};

    if (cs_pc_raw_get(core, CS_PC_IDEM, CS_SPAN(key, CS_PC_ID), &rec) &&
        (rec.n < HEAD || !is_current(core, &rec))) {
        cs_pc_raw_del(core, CS_PC_IDEM, CS_SPAN(key, CS_PC_ID));
        tally_move(core, rec.n, 0);
    }
    cs_wr_free(&rec);
}
