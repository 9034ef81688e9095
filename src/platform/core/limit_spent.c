#include "platform/core/limit_spent.h"

#include <string.h>

#include "base/rd.h"

enum {
    PARTS = 256,
    ROWS_MAX = 1024, /* a few windows' worth: clocks that went back leave rows behind */
    KEY = CS_PC_ID + 8,
};

static int64_t part_ms(const json_t *limit)
{
    int64_t ms = cs_js_num(limit, "_ms") / PARTS;

    return ms < 1 ? 1 : ms;
}

static int64_t slot_now(const struct cs_platform_core *core, const json_t *limit)
{
    int64_t part = part_ms(limit);

    return cs_js_num(limit, "_ms") == 0 ? 0 : core->wall_ms / part * part;
}

/* Has the last moment of the slot left the window? */
static bool is_over(const struct cs_platform_core *core, const json_t *limit,
                    int64_t slot)
{
    int64_t ms = cs_js_num(limit, "_ms");

    return ms != 0 && slot + part_ms(limit) <= core->wall_ms - ms;
}

static void row_key(uint8_t key[KEY], const uint8_t limit[CS_PC_ID], int64_t slot)
{
    memcpy(key, limit, CS_PC_ID);
    for (int i = 0; i < 8; i++) {
        key[CS_PC_ID + i] = (uint8_t)((uint64_t)slot >> (56 - 8 * i));
    }
}

/* A row that does not read is a store that lies: it counts as everything. */
static struct cs_num row_units(const struct cs_wr *value)
{
    char text[CS_NUM_TEXT];
    struct cs_num n = cs_num_max();

    if (value->n > 0 && value->n < sizeof text) {
        memcpy(text, value->p, value->n);
        text[value->n] = '\0';
        if (cs_num_parse(&n, text) != CS_OK) {
            n = cs_num_max();
        }
    }
    return n;
}

static void row_put(struct cs_platform_core *core, const uint8_t key[KEY],
                    const struct cs_num *units)
{
    static const struct cs_num zero;
    char text[CS_NUM_TEXT];

    if (cs_num_cmp(units, &zero) == 0) {
        cs_pc_raw_del(core, CS_PC_SPENT, CS_SPAN(key, KEY));
        return;
    }
    (void)cs_num_text(text, units);
    cs_pc_raw_put(core, CS_PC_SPENT, CS_SPAN(key, KEY), CS_SPAN(text, strlen(text)));
}

static struct cs_num row_get(struct cs_platform_core *core, const uint8_t key[KEY])
{
    struct cs_wr w = {0};
    struct cs_num n = {{0}};

    if (cs_pc_raw_get(core, CS_PC_SPENT, CS_SPAN(key, KEY), &w)) {
        n = row_units(&w);
    }
    cs_wr_free(&w);
    return n;
}

/* ---- walking the rows of a limit --------------------------------------- */

struct walk {
    uint8_t key[KEY];
    bool started;
    int64_t slot;
    struct cs_num units;
};

static bool walk_begin(struct walk *w, const json_t *limit)
{
    memset(w, 0, sizeof *w);
    return cs_js_id(limit, "id", w->key);
}

static bool walk_next(struct cs_platform_core *core, struct walk *w)
{
    struct cs_wr key = {0}, value = {0};
    struct cs_rd r;
    bool ok = cs_pc_raw_next(core, CS_PC_SPENT, CS_SPAN(w->key, CS_PC_ID),
                             CS_SPAN_OF(w->key), w->started, &key, &value) &&
              key.n == KEY;

    if (ok) {
        memcpy(w->key, key.p, KEY);
        r = CS_RD(CS_SPAN(key.p + CS_PC_ID, 8));
        w->slot = (int64_t)cs_rd_u64(&r);
        w->units = row_units(&value);
        w->started = true;
    }
    cs_wr_free(&key);
    cs_wr_free(&value);
    return ok;
}

/* ---- what the request holds -------------------------------------------- */

/* Its own part of that slot. */
static struct cs_num own_of(const json_t *held, const json_t *limit, int64_t slot)
{
    struct cs_num own = {{0}}, n;

    for (size_t i = 0; i < json_array_size(held); i++) {
        const json_t *h = json_array_get(held, i);

        if (cs_js_is(h, "limit", cs_js_text(limit, "id")) &&
            cs_js_num(h, "slot") == slot &&
            cs_num_parse(&n, cs_js_text(h, "units")) == CS_OK) {
            own = cs_num_add(own, n);
        }
    }
    return own;
}

struct cs_num cs_spent_sum(struct cs_platform_core *core, const json_t *limit,
                           const json_t *held)
{
    struct cs_num sum = {{0}};
    struct walk w;
    size_t n = 0;

    if (!walk_begin(&w, limit)) {
        return cs_num_max();
    }
    while (walk_next(core, &w)) {
        if (n++ == ROWS_MAX) {
            return cs_num_max();
        }
        if (!is_over(core, limit, w.slot)) {
            sum = cs_num_add(sum, cs_num_sub(w.units, own_of(held, limit, w.slot)));
        }
    }
    return sum;
}

static void forget_over(struct cs_platform_core *core, const json_t *limit)
{
    struct walk w;

    if (!walk_begin(&w, limit)) {
        return;
    }
    for (size_t n = 0; n < ROWS_MAX && walk_next(core, &w); n++) {
        if (!is_over(core, limit, w.slot)) {
            return; /* in order of time */
        }
        cs_pc_raw_del(core, CS_PC_SPENT, CS_SPAN_OF(w.key));
    }
}

void cs_spent_add(struct cs_platform_core *core, const json_t *limit,
                  const struct cs_num *units, json_t *held)
{
    int64_t slot = slot_now(core, limit);
    uint8_t id[CS_PC_ID], key[KEY];
    char text[CS_NUM_TEXT];
    struct cs_num sum;
    json_t *h = cs_js_obj();

    CS_ASSERT(cs_js_id(limit, "id", id));
    forget_over(core, limit);
    row_key(key, id, slot);
    sum = cs_num_add(row_get(core, key), *units);
    row_put(core, key, &sum);
    cs_js_str(h, "limit", cs_js_text(limit, "id"));
    cs_js_int(h, "slot", slot);
    cs_js_str(h, "units", cs_num_text(text, units));
    cs_js_push(held, h);
}

void cs_spent_back(struct cs_platform_core *core, const json_t *held)
{
    for (size_t i = 0; i < json_array_size(held); i++) {
        const json_t *h = json_array_get(held, i);
        uint8_t id[CS_PC_ID], key[KEY];
        struct cs_num n, left;

        if (!cs_js_id(h, "limit", id) ||
            cs_num_parse(&n, cs_js_text(h, "units")) != CS_OK) {
            continue;
        }
        row_key(key, id, cs_js_num(h, "slot"));
        left = cs_num_sub(row_get(core, key), n);
        row_put(core, key, &left);
    }
}

void cs_spent_drop(struct cs_platform_core *core, const json_t *limit)
{
    struct walk w;

    if (!walk_begin(&w, limit)) {
        return;
    }
    for (size_t n = 0; n < 2 * ROWS_MAX && walk_next(core, &w); n++) {
        cs_pc_raw_del(core, CS_PC_SPENT, CS_SPAN_OF(w.key));
    }
}
