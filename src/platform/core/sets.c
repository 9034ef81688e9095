#include "platform/core/feed.h"
#include "platform/core/flows.h"
#include "platform/core/rec.h"

void cs_pc_set_make(struct cs_platform_core *core, const uint8_t id[CS_PC_ID],
                    const char *type, const uint8_t quorum[CS_PC_ID],
                    const uint8_t payload[CS_PC_ID], const char *created_by,
                    int64_t expires_ms)
{
    char quorum_text[CS_UUID_LEN];
    json_t *set = cs_pc_make(core, id, created_by);

    cs_js_str(set, "quorumId", cs_uuid_text(quorum_text, quorum));
    cs_js_str(set, "type", type);
    cs_js_uuid(set, "payloadId", payload);
    cs_js_time(set, "expiresAt", expires_ms);
    cs_feed_note(core, CS_PC_SET, id, set);
    cs_pc_put(core, CS_PC_SET, id, set);
    cs_pc_index_add(core, CS_IX_SETS, cs_pc_scope(quorum_text, ""),
                    (uint64_t)cs_js_num(set, "_seq"), id);
    json_decref(set);
}
