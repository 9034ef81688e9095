/* Freezing of signing requests: the vendor's .../freeze, /unfreeze, /freeze-history.
 *
 * A frozen request waits before signing, also when it is approved meanwhile, at most a
 * day.  Who asked for a request (or made the credential that did) cannot unfreeze it;
 * anybody else with transactions.freeze can, also who froze it.  While two nodes are
 * signing it cannot be frozen: a signature may exist at any moment. */
#include <stdio.h>
#include <string.h>

#include "platform/core/tx_path.h"

enum { REASON_MAX = 200 };

void cs_freeze_new(json_t *tx)
{
    json_t *info = cs_js_obj();

    cs_js_bool(info, "isFrozen", false);
    cs_js_set(info, "history", cs_js_arr());
    cs_js_set(tx, "freezeInfo", info);
}

bool cs_freeze_is(const json_t *tx)
{
    return cs_js_true(json_object_get(tx, "freezeInfo"), "isFrozen");
}

/* Requests of earlier versions have none. */
static json_t *history_of(json_t *tx)
{
    if (json_object_get(json_object_get(tx, "freezeInfo"), "history") == NULL) {
        cs_freeze_new(tx);
    }
    return json_object_get(json_object_get(tx, "freezeInfo"), "history");
}

void cs_freeze_set(struct cs_platform_core *core, json_t *tx, bool on, const char *type,
                   const char *user_id, const char *reason)
{
    json_t *e = cs_js_obj(), *history = history_of(tx);
    uint8_t id[CS_PC_ID];

    cs_pc_new_id(core, id);
    cs_js_uuid(e, "id", id);
    cs_js_str(e, "action", on ? "FREEZE_ACTION_FREEZE" : "FREEZE_ACTION_UNFREEZE");
    cs_js_str(e, "reason", reason);
    if (user_id[0] != '\0') { /* else a switch of the wallet did it */
        cs_js_str(e, "userId", user_id);
    }
    cs_js_str(e, "organizationId", core->org_id);
    cs_js_time(e, "performedAt", core->wall_ms);
    cs_js_str(e, "freezeType", type);
    cs_js_push(history, e);
    cs_js_bool(json_object_get(tx, "freezeInfo"), "isFrozen", on);
}

/* "reason" of the query: a line of text, may be missing. */
static bool read_reason(struct cs_api *a, char out[4 * REASON_MAX + 1])
{
    json_t *box = cs_js_obj();

    if (cs_api_query(a, "reason", out, 4 * REASON_MAX + 1)) {
        cs_js_str(box, "reason", out);
        a->in = CS_JR(box);
        if (out[0] != '\0') {
            (void)cs_api_name(a, "reason", REASON_MAX);
        }
        (void)cs_api_bad_body(a);
        a->in = CS_JR(a->body);
    }
    json_decref(box);
    return a->code == CS_API_OK;
}

static bool is_waiting_for_signers(const json_t *tx)
{
    return cs_js_is(tx, "status", "SIGNATURE_PENDING") &&
           cs_js_is(json_object_get(tx, "_sign"), "phase", "WAIT");
}

static bool may_freeze(struct cs_api *a, json_t *tx)
{
    if (cs_freeze_is(tx)) {
        (void)cs_api_fail(a, CS_API_STATE, "transactionId", "it is frozen already");
    } else if (cs_js_is(tx, "status", "SIGNATURE_PENDING") &&
               !is_waiting_for_signers(tx)) {
        (void)cs_api_fail(a, CS_API_STATE, "transactionId",
                          "nodes are signing it now, so it cannot be held back any "
                          "more: disable the wallet to stop what follows");
    } else if (!cs_tx_path_waits(tx) && !is_waiting_for_signers(tx)) {
        (void)cs_api_fail(a, CS_API_STATE, "transactionId", "it is over: it is %s",
                          cs_js_text(tx, "status"));
    }
    return a->code == CS_API_OK;
}

static void note(struct cs_api *a, const json_t *tx, const char *step,
                 const char *reason)
{
    char name[256], text[sizeof name + 4 * REASON_MAX + 16];
    uint8_t id[CS_PC_ID];

    CS_ASSERT(cs_js_id(tx, "id", id));
    cs_approval_name(a->core, a->actor, name, sizeof name);
    (void)snprintf(text, sizeof text, "by %s%s%s", name, reason[0] == '\0' ? "" : ": ",
                   reason);
    cs_pc_timeline(a->core, id, 0, step, text);
}

json_t *cs_api_tx_freeze(struct cs_api *a)
{
    char reason[4 * REASON_MAX + 1];
    json_t *tx = read_reason(a, reason) ? cs_tx_record(a) : NULL, *view = NULL;
    uint8_t id[CS_PC_ID];

    if (tx != NULL && may_freeze(a, tx)) {
        cs_freeze_set(a->core, tx, true, "FREEZE_TYPE_MANUAL", a->actor, reason);
        note(a, tx, "FROZEN", reason);
        cs_pc_save(a->core, CS_PC_TX, tx);
        if (is_waiting_for_signers(tx) && cs_js_id(tx, "id", id)) {
            cs_pc_sign_call_off(a->core, id, "FROZEN");
        }
        view = cs_tx_view(tx, false);
    }
    json_decref(tx);
    return view;
}

/* Is the user who asks the one behind the request? */
static bool is_maker(struct cs_api *a, const json_t *tx)
{
    char maker[37], self[37];

    return !cs_approval_maker(a->core, cs_js_text(tx, "createdBy"), maker) ||
           !cs_approval_maker(a->core, a->actor, self) || strcmp(maker, self) == 0;
}

static bool may_unfreeze(struct cs_api *a, json_t *tx)
{
    if (!cs_freeze_is(tx)) {
        (void)cs_api_fail(a, CS_API_STATE, "transactionId", "it is not frozen");
    } else if (is_maker(a, tx)) {
        (void)cs_api_fail(a, CS_API_DENIED, "transactionId",
                          "you asked for it, or made the credential that did: somebody "
                          "else has to unfreeze it");
    } else if (!cs_tx_path_waits(tx) && !cs_js_is(tx, "status", "SIGNATURE_PENDING")) {
        (void)cs_api_fail(a, CS_API_STATE, "transactionId", "it is over: it is %s",
                          cs_js_text(tx, "status"));
    } else if (json_array_size(history_of(tx)) >= CS_FREEZE_HISTORY) {
        (void)cs_api_fail(a, CS_API_LIMIT, "transactionId",
                          "it was frozen too often: request it anew");
    }
    return a->code == CS_API_OK;
}

/* From where it stands. */
static void go_on(struct cs_platform_core *core, json_t *tx)
{
    uint8_t id[CS_PC_ID];

    CS_ASSERT(cs_js_id(tx, "id", id));
    if (cs_js_is(tx, "status", "POLICY_CHECK_PASSED") ||
        cs_js_is(tx, "status", "APPROVAL_CHECK_PASSED")) {
        cs_tx_path_go_on(core, tx);
        return;
    }
    cs_pc_save(core, CS_PC_TX, tx);
    if (is_waiting_for_signers(tx)) {
        cs_pc_sign_timer(core, id);
    }
}

json_t *cs_api_tx_unfreeze(struct cs_api *a)
{
    char reason[4 * REASON_MAX + 1];
    json_t *tx = read_reason(a, reason) ? cs_tx_record(a) : NULL, *view = NULL, *now;
    uint8_t id[CS_PC_ID];

    if (tx != NULL && may_unfreeze(a, tx) && cs_js_id(tx, "id", id)) {
        cs_freeze_set(a->core, tx, false, "FREEZE_TYPE_MANUAL", a->actor, reason);
        note(a, tx, "UNFROZEN", reason);
        go_on(a->core, tx);
        now = cs_pc_get(a->core, CS_PC_TX, id);
        view = now == NULL ? NULL : cs_tx_view(now, false);
        json_decref(now);
    }
    json_decref(tx);
    return view;
}

json_t *cs_api_tx_freeze_history(struct cs_api *a)
{
    json_t *tx = cs_tx_record(a), *o;

    if (tx == NULL) {
        return NULL;
    }
    o = cs_js_obj();
    cs_js_set(o, "entries", json_incref(history_of(tx)));
    json_decref(tx);
    return o;
}
