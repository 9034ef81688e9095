#include <string.h>

#include "base/mem.h"
#include "platform/core/rec.h"

enum { PENALTY_HALF_MS = 30000, PENALTY_MAX = 1000 };

static void fill(struct cs_pc_live *l, const json_t *device)
{
    l->bound = cs_js_bytes(device, "_ik", l->ik, sizeof l->ik) &&
               cs_js_bytes(device, "_sk", l->sk, sizeof l->sk);
    l->approved = cs_js_is(device, "approvalStatus", "APPROVED");
    l->rejected = cs_js_is(device, "approvalStatus", "REJECTED");
    l->enabled = cs_js_is(device, "enabledStatus", "ENABLED");
    l->refuses_audit = json_object_get(device, "auditRefusal") != NULL;
    if (l->heartbeat_ms == 0) {
        l->heartbeat_ms = cs_js_num(device, "_heartbeat");
    }
}

struct cs_pc_live *cs_pc_live_get(struct cs_platform_core *core,
                                  const uint8_t id[CS_PC_ID])
{
    struct cs_pc_node *node = cs_pc_map_get(&core->live, id, CS_PC_ID);
    struct cs_pc_live *l = (struct cs_pc_live *)(void *)node;
    json_t *device;

    if (l != NULL) {
        return l;
    }
    device = cs_pc_get(core, CS_PC_DEVICE, id);
    if (device != NULL && !cs_js_true(device, "deleted")) {
        l = cs_alloc(sizeof *l);
        CS_ASSERT(l != NULL);
        memcpy(l->id, id, CS_PC_ID);
        fill(l, device);
        cs_pc_map_put(&core->live, &l->node, id, CS_PC_ID);
    }
    json_decref(device);
    return l;
}

static void close_both(struct cs_platform_core *core, struct cs_pc_live *l)
{
    if (l->control != NULL) {
        cs_pc_conn_close(core, l->control, CS_ERR_DEVICE_REJECTED);
    }
    if (l->relay != NULL) {
        cs_pc_conn_close(core, l->relay, CS_ERR_DEVICE_REJECTED);
    }
}

static void tell(struct cs_platform_core *core, const struct cs_pc_live *l,
                 const json_t *device)
{
    struct cs_ctl_frame f = {.type = CS_CTL_DEVICE};

    if (l->control == NULL) {
        return;
    }
    memcpy(f.u.welcome.approval_status, cs_js_text(device, "approvalStatus"),
           strlen(cs_js_text(device, "approvalStatus")) + 1);
    memcpy(f.u.welcome.enabled_status, cs_js_text(device, "enabledStatus"),
           strlen(cs_js_text(device, "enabledStatus")) + 1);
    cs_pc_control_send(core, l->control, &f);
}

void cs_pc_live_refresh(struct cs_platform_core *core, const json_t *device)
{
    uint8_t id[CS_PC_ID];
    struct cs_pc_live *l;

    CS_ASSERT(cs_js_id(device, "id", id));
    l = (struct cs_pc_live *)(void *)cs_pc_map_get(&core->live, id, CS_PC_ID);
    if (l == NULL) {
        return; /* its record is read when it is needed */
    }
    fill(l, device);
    tell(core, l, device);
    if (l->rejected || cs_js_true(device, "deleted")) {
        close_both(core, l);
        cs_pc_outbox_drop(core, l);
    }
    if (cs_js_true(device, "deleted")) {
        cs_pc_map_del(&core->live, &l->node);
        cs_free(l);
    }
}

bool cs_pc_live_usable(const struct cs_pc_live *l)
{
    return l != NULL && l->bound && l->approved && l->enabled;
}

bool cs_pc_live_online(const struct cs_pc_live *l)
{
    return cs_pc_live_usable(l) && l->control != NULL;
}

uint32_t cs_pc_live_penalty(const struct cs_platform_core *core,
                            const struct cs_pc_live *l)
{
    uint64_t halvings = (core->now_ms - l->penalty_ms) / PENALTY_HALF_MS;

    return halvings >= 32 ? 0 : l->penalty >> halvings;
}

void cs_pc_live_punish(struct cs_platform_core *core, struct cs_pc_live *l)
{
    uint32_t now = cs_pc_live_penalty(core, l) + 16;

    l->penalty = now > PENALTY_MAX ? PENALTY_MAX : now;
    l->penalty_ms = core->now_ms;
}
