#include "platform/core/flows.h"
#include "platform/core/rec.h"

/* request.step: only for a request of a quorum that the sender is a member of. */
static void step_event(struct cs_platform_core *core, struct cs_pc_live *from,
                       const struct cs_ctl_request_step *s)
{
    json_t *set = cs_pc_get(core, CS_PC_SET, s->request_id);
    uint8_t id[CS_PC_ID];
    const struct cs_pc_qset *q = set != NULL && cs_js_id(set, "quorumId", id)
                                     ? cs_pc_qset(core, id)
                                     : NULL;

    if (q != NULL && cs_pc_qset_speaks(q, from, s->index)) {
        cs_pc_timeline_node(core, s->request_id, s->index, s->step, s->text);
    }
    json_decref(set);
}

void cs_pc_event(struct cs_platform_core *core, struct cs_pc_live *from,
                 const struct cs_ctl_frame *f)
{
    switch ((int)f->kind) {
    case CS_EVT_QUORUM_ACCEPTED:
    case CS_EVT_QUORUM_REVEALED:
    case CS_EVT_QUORUM_CONFIRMED:
    case CS_EVT_QUORUM_VERIFIED:
    case CS_EVT_QUORUM_REJECTED:
        cs_pc_quorum_event(core, from, f);
        break;
    case CS_EVT_KEY_ACTIVE:
    case CS_EVT_KEY_CHECKED:
    case CS_EVT_KEY_FAILED:
        cs_pc_key_event(core, from, f);
        break;
    case CS_EVT_SIGN_DONE:
    case CS_EVT_SIGN_FAILED:
        cs_pc_sign_event(core, from, f);
        break;
    case CS_EVT_PEER_QUARANTINED:
    case CS_EVT_PEER_RELEASED:
        cs_pc_peer_event(core, from, f);
        break;
    case CS_EVT_REQUEST_STEP:
        step_event(core, from, &f->u.request_step);
        break;
    default:
        break; /* the codec lets no command through in this direction */
    }
}
