/* Commands to devices, stored with the change that causes them (src/wire/README.md 2).
 *
 * A row is (device, order number) -> expiry, id, frame.  The lower half of a command's
 * id carries the order number, so an ack finds its row without a second table. */
#include <string.h>

#include "base/mem.h"
#include "base/rd.h"
#include "platform/core/rec.h"

enum { ROW_KEY = CS_PC_ID + 8, ROW_HEAD = 8 + CS_PC_ID };

static void row_key(uint8_t key[ROW_KEY], const struct cs_pc_live *l, uint64_t seq)
{
    memcpy(key, l->id, CS_PC_ID);
    for (int i = 0; i < 8; i++) {
        key[CS_PC_ID + i] = (uint8_t)(seq >> (56 - 8 * i));
    }
}

static uint64_t seq_of_key(const struct cs_wr *key)
{
    struct cs_rd r = CS_RD(CS_SPAN(key->p + CS_PC_ID, 8));

    return cs_rd_u64(&r);
}

/* A UUID whose last 62 bits are the order number. */
static void id_of_seq(struct cs_platform_core *core, uint8_t id[CS_PC_ID], uint64_t seq)
{
    cs_pc_random(core, id, 8);
    for (int i = 0; i < 8; i++) {
        id[8 + i] = (uint8_t)(seq >> (56 - 8 * i));
    }
    cs_uuid_from_random(id); /* order numbers stay far below 2^62 */
}

static uint64_t seq_of_id(const uint8_t id[CS_PC_ID])
{
    uint64_t seq = id[8] & 0x3fU;

    for (int i = 9; i < CS_PC_ID; i++) {
        seq = seq << 8 | id[i];
    }
    return seq;
}

/* ---- rows that were acknowledged ------------------------------------------------- */

static bool is_late(const struct cs_platform_core *core, const uint8_t key[ROW_KEY])
{
    for (size_t i = 0; i < core->n_late; i++) {
        if (memcmp(core->late[i], key, ROW_KEY) == 0) {
            return true;
        }
    }
    return false;
}

void cs_pc_outbox_settle(struct cs_platform_core *core, bool now)
{
    if (!now && !core->has_written && core->n_late < CS_PC_LATE_MAX &&
        core->now_ms < core->late_ms) {
        return;
    }
    for (size_t i = 0; i < core->n_late; i++) {
        cs_pc_raw_del(core, CS_PC_OUTBOX, CS_SPAN(core->late[i], ROW_KEY));
    }
    core->n_late = 0;
}

static void delete_later(struct cs_platform_core *core, const uint8_t key[ROW_KEY])
{
    if (core->n_late == CS_PC_LATE_MAX) {
        cs_pc_outbox_settle(core, true);
    }
    if (core->n_late == 0) {
        core->late_ms = core->now_ms + CS_PC_LATE_MS;
    }
    memcpy(core->late[core->n_late++], key, ROW_KEY);
}

/* ---- rows --------------------------------------------------------------- */

static void count_rows(struct cs_platform_core *core, struct cs_pc_live *l)
{
    uint8_t from[ROW_KEY];
    struct cs_wr key = {0};
    uint64_t seq = 0;

    if (l->outbox_counted) {
        return;
    }
    cs_pc_outbox_settle(core, true);
    l->outbox = 0;
    row_key(from, l, seq);
    while (l->outbox < (size_t)2 * CS_PC_OUTBOX_MAX &&
           cs_pc_raw_next(core, CS_PC_OUTBOX, CS_SPAN(l->id, CS_PC_ID),
                          CS_SPAN_OF(from), true, &key, NULL)) {
        row_key(from, l, seq_of_key(&key));
        l->outbox++;
    }
    l->outbox_counted = true;
    cs_wr_free(&key);
}

bool cs_pc_outbox_has_room(struct cs_platform_core *core, struct cs_pc_live *l)
{
    count_rows(core, l);
    return l->outbox < CS_PC_OUTBOX_MAX;
}

void cs_pc_outbox_put(struct cs_platform_core *core, struct cs_pc_live *to,
                      struct cs_ctl_frame *f, int64_t expires_ms)
{
    uint64_t seq = cs_pc_next_seq(core);
    uint8_t id[CS_PC_ID], key[ROW_KEY];
    struct cs_wr w = {0};

    count_rows(core, to);
    id_of_seq(core, id, seq);
    f->type = CS_CTL_CMD;
    (void)cs_uuid_text(f->id, id);
    cs_wr_u64(&w, (uint64_t)expires_ms);
    cs_wr_bytes(&w, id, sizeof id);
    cs_ctl_encode(&w, f);
    CS_ASSERT(w.err == CS_OK);
    row_key(key, to, seq);
    cs_pc_raw_put(core, CS_PC_OUTBOX, CS_SPAN_OF(key), cs_wr_get(&w));
    cs_wr_free(&w);
    to->outbox++;
    if (to->control != NULL) {
        cs_pc_outbox_pump(core, to->control);
    }
}

static void row_gone(struct cs_pc_live *l)
{
    l->outbox -= l->outbox > 0 ? 1 : 0;
}

void cs_pc_outbox_ack(struct cs_platform_core *core, struct cs_pc_conn *c,
                      const char *id)
{
    uint8_t raw[CS_PC_ID], key[ROW_KEY];
    struct cs_wr row = {0};
    uint64_t seq;

    if (cs_uuid_parse(raw, id) != CS_OK) {
        return; /* not one of ours: nothing waits for it */
    }
    seq = seq_of_id(raw);
    row_key(key, c->live, seq);
    if (seq <= c->sent_seq && !is_late(core, key) &&
        cs_pc_raw_get(core, CS_PC_OUTBOX, CS_SPAN_OF(key), &row) && row.n > ROW_HEAD &&
        memcmp(row.p + 8, raw, CS_PC_ID) == 0) {
        delete_later(core, key);
        row_gone(c->live);
        c->in_flight -= c->in_flight > 0 ? 1 : 0;
        c->in_flight_bytes -= c->in_flight_bytes < row.n ? c->in_flight_bytes : row.n;
    }
    cs_wr_free(&row);
    cs_pc_outbox_pump(core, c);
}

static bool expired(const struct cs_platform_core *core, const struct cs_wr *row)
{
    struct cs_rd r = CS_RD(cs_wr_get(row));
    uint64_t at = cs_rd_u64(&r);

    return at != 0 && at < (uint64_t)core->wall_ms;
}

/* Sends or drops one row; false when the window is full. */
static bool pump_row(struct cs_platform_core *core, struct cs_pc_conn *c,
                     const struct cs_wr *key, const struct cs_wr *row)
{
    if (row->n <= ROW_HEAD || expired(core, row)) {
        cs_pc_raw_del(core, CS_PC_OUTBOX, cs_wr_get(key));
        row_gone(c->live);
        c->sent_seq = seq_of_key(key);
        return true;
    }
    if (c->in_flight >= CS_CTL_IN_FLIGHT ||
        (c->in_flight > 0 && c->in_flight_bytes + row->n > CS_PC_FLIGHT_BYTES)) {
        return false;
    }
    cs_emit_send(core->out, c->id, CS_SPAN(row->p + ROW_HEAD, row->n - ROW_HEAD));
    c->in_flight++;
    c->in_flight_bytes += row->n;
    c->sent_seq = seq_of_key(key);
    core->stats.commands_sent++;
    return true;
}

void cs_pc_outbox_pump(struct cs_platform_core *core, struct cs_pc_conn *c)
{
    uint8_t from[ROW_KEY];
    struct cs_wr key = {0}, row = {0};
    bool more = c->in_flight < CS_CTL_IN_FLIGHT;

    while (more) {
        row_key(from, c->live, c->sent_seq);
        more = cs_pc_raw_next(core, CS_PC_OUTBOX, CS_SPAN(c->live->id, CS_PC_ID),
                              CS_SPAN_OF(from), true, &key, &row) &&
               pump_row(core, c, &key, &row);
    }
    cs_wr_free(&key);
    cs_wr_free(&row);
}

void cs_pc_outbox_drop(struct cs_platform_core *core, struct cs_pc_live *l)
{
    uint8_t from[ROW_KEY];
    struct cs_wr key = {0};

    row_key(from, l, 0);
    while (cs_pc_raw_next(core, CS_PC_OUTBOX, CS_SPAN(l->id, CS_PC_ID),
                          CS_SPAN_OF(from), false, &key, NULL)) {
        cs_pc_raw_del(core, CS_PC_OUTBOX, cs_wr_get(&key));
    }
    l->outbox = 0;
    l->outbox_counted = true;
    cs_wr_free(&key);
}
