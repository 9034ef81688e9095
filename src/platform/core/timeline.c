/* What happened to a request, for people: bounded, oldest first. */
#include <string.h>

#include "base/rd.h"
#include "platform/core/flows.h"
#include "platform/core/rec.h"

enum { TRACE_MAX_MS = 180000 }; /* no attempt takes longer: a node cannot date back */

static void step_key(uint8_t key[CS_PC_ID + 4], const uint8_t tx[CS_PC_ID], uint32_t n)
{
    memcpy(key, tx, CS_PC_ID);
    for (int i = 0; i < 4; i++) {
        key[CS_PC_ID + i] = (uint8_t)(n >> (24 - 8 * i));
    }
}

static uint32_t next_number(struct cs_platform_core *core, const uint8_t tx[CS_PC_ID])
{
    struct cs_wr key = {0};
    struct cs_rd r;
    uint32_t n = 1;

    if (cs_pc_raw_last(core, CS_PC_STEP, CS_SPAN(tx, CS_PC_ID), &key, NULL) &&
        key.n == CS_PC_ID + 4) {
        r = CS_RD(CS_SPAN(key.p + CS_PC_ID, 4));
        n = cs_rd_u32(&r) + 1;
    }
    cs_wr_free(&key);
    return n;
}

/* Takes the entry. */
static void put(struct cs_platform_core *core, const uint8_t tx[CS_PC_ID], uint32_t n,
                json_t *o)
{
    uint8_t key[CS_PC_ID + 4];
    struct cs_wr w = {0};

    cs_json_write(&w, o);
    step_key(key, tx, n);
    cs_pc_raw_put(core, CS_PC_STEP, CS_SPAN_OF(key), cs_wr_get(&w));
    cs_wr_free(&w);
    json_decref(o);
}

static void add(struct cs_platform_core *core, const uint8_t tx[CS_PC_ID],
                uint32_t index, bool from_node, const char *step, const char *text)
{
    uint32_t n = next_number(core, tx);
    json_t *o;

    /* A node that talks without end must not hide how the request went on. */
    if (n > CS_PC_TIMELINE_MAX ||
        (from_node && n > CS_PC_TIMELINE_MAX - CS_PC_TIMELINE_OWN)) {
        return;
    }
    o = cs_js_obj();
    cs_js_time(o, "at", core->wall_ms);
    cs_js_int(o, "playerId", index); /* 0: the platform */
    cs_js_str(o, "step", step);
    cs_js_str(o, "text", text);
    put(core, tx, n, o);
}

void cs_pc_timeline(struct cs_platform_core *core, const uint8_t tx[CS_PC_ID],
                    uint32_t index, const char *step, const char *text)
{
    add(core, tx, index, false, step, text);
}

void cs_pc_timeline_node(struct cs_platform_core *core, const uint8_t tx[CS_PC_ID],
                         uint32_t index, const char *step, const char *text)
{
    add(core, tx, index, true, step, text);
}

/* ---- the course of an attempt ------------------------------------------ */

static bool is_of(const uint8_t pair[2], uint32_t index)
{
    return index == pair[0] || index == pair[1];
}

/* One record for all of it: a million requests are kept. */
void cs_pc_timeline_trace(struct cs_platform_core *core, const uint8_t tx[CS_PC_ID],
                          const uint8_t pair[2], uint32_t index,
                          const struct cs_ctl_trace *trace)
{
    uint32_t n = next_number(core, tx);
    json_t *o, *steps = cs_js_arr();

    for (size_t i = 0; i < trace->n; i++) {
        const struct cs_ctl_trace_step *s = &trace->steps[i];
        uint32_t before = s->before_ms < TRACE_MAX_MS ? s->before_ms : TRACE_MAX_MS;

        if (is_of(pair, s->index)) {
            cs_js_push(steps, json_pack("[I,I,s]", (json_int_t)before,
                                        (json_int_t)s->index, s->step));
        }
    }
    if (json_array_size(steps) == 0 || n > CS_PC_TIMELINE_MAX - CS_PC_TIMELINE_OWN) {
        json_decref(steps);
        return;
    }
    o = cs_js_obj();
    cs_js_int(o, "atMs", core->wall_ms);
    cs_js_int(o, "by", index);
    cs_js_set(o, "trace", steps);
    put(core, tx, n, o);
}

/* ---- what is shown ----------------------------------------------------- */

static const char *text_of(const char *step, bool is_own)
{
    if (strcmp(step, "ACCEPTED") == 0) {
        return "has read and checked the payload itself";
    }
    if (strcmp(step, "APPROVED") == 0) {
        return "its operator's approver allows it";
    }
    if (strncmp(step, "ROUND_", 6) != 0) {
        return "";
    }
    if (is_own) {
        return "its message is on the way";
    }
    return strcmp(step, "ROUND_1") == 0
               ? "has accepted the request, too: its message is there"
               : "its message was checked";
}

/* [ms before, player, word] as an entry of its own. */
static json_t *step_view(const json_t *rec, const json_t *step)
{
    json_int_t before = json_integer_value(json_array_get(step, 0));
    json_int_t player = json_integer_value(json_array_get(step, 1));
    const char *word = json_string_value(json_array_get(step, 2));
    json_t *o = cs_js_obj();

    cs_js_time(o, "at", cs_js_num(rec, "atMs") - before);
    cs_js_int(o, "playerId", player);
    cs_js_str(o, "step", word == NULL ? "" : word);
    cs_js_str(o, "text",
              word == NULL ? "" : text_of(word, player == cs_js_num(rec, "by")));
    return o;
}

static void view_add(json_t *entries, json_t *rec)
{
    const json_t *steps = json_object_get(rec, "trace"), *step;
    size_t i;

    if (steps == NULL) {
        cs_js_push(entries, json_incref(rec));
        return;
    }
    json_array_foreach(steps, i, step)
    {
        cs_js_push(entries, step_view(rec, step));
    }
}

json_t *cs_pc_timeline_view(struct cs_platform_core *core, const uint8_t tx[CS_PC_ID])
{
    struct cs_wr key = {0}, from = {0}, value = {0};
    json_t *entries = cs_js_arr();
    json_error_t e;

    cs_wr_bytes(&from, tx, CS_PC_ID);
    for (size_t i = 0; i < CS_PC_TIMELINE_MAX &&
                       cs_pc_raw_next(core, CS_PC_STEP, CS_SPAN(tx, CS_PC_ID),
                                      cs_wr_get(&from), true, &key, &value);
         i++) {
        json_t *rec = json_loadb((const char *)value.p, value.n, 0, &e);

        if (rec != NULL) {
            view_add(entries, rec);
        }
        json_decref(rec);
        cs_wr_reset(&from);
        cs_wr_span(&from, cs_wr_get(&key));
    }
    cs_wr_free(&key);
    cs_wr_free(&from);
    cs_wr_free(&value);
    return entries;
}
