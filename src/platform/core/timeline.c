/* What happened to a request, for people: bounded, oldest first. */
#include <string.h>

#include "base/rd.h"
#include "platform/core/flows.h"
#include "platform/core/rec.h"

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

static void add(struct cs_platform_core *core, const uint8_t tx[CS_PC_ID],
                uint32_t index, bool from_node, const char *step, const char *text)
{
    uint32_t n = next_number(core, tx);
    uint8_t key[CS_PC_ID + 4];
    struct cs_wr w = {0};
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
    cs_json_write(&w, o);
    step_key(key, tx, n);
    cs_pc_raw_put(core, CS_PC_STEP, CS_SPAN_OF(key), cs_wr_get(&w));
    cs_wr_free(&w);
    json_decref(o);
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
