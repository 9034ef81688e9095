#include <string.h>

#include "platform/core/approval_sources.h"
#include "platform/core/backup_strategies.h"
#include "platform/core/flows.h"

enum { SETS_MAX = 200 };

json_t *cs_quorum_view(struct cs_api *a, const json_t *rec)
{
    json_t *o = cs_js_public(rec), *ids = cs_js_arr();
    const json_t *members = json_object_get(rec, "_members");

    for (size_t i = 0; i < json_array_size(members); i++) {
        cs_js_push_text(ids, cs_js_text(json_array_get(members, i), "deviceId"));
    }
    if (members != NULL) { /* one that waits for approval has none yet */
        cs_js_set(o, "deviceIds", ids);
    } else {
        json_decref(ids);
    }
    cs_approval_mark(a->core, CS_SOURCE_QUORUM, o);
    cs_js_set(o, "memberWarnings", cs_pc_quarantine_view(rec));
    cs_js_int(o, "operationTimeoutSeconds", a->core->cfg.limits.sign_s);
    cs_js_int(o, "sessionTimeoutSeconds", a->core->cfg.limits.sign_attempt_s);
    return o;
}

/* ---- creating ---------------------------------------------------------- */

static const json_t *read_device_ids(struct cs_api *a,
                                     uint8_t ids[CS_PC_MEMBERS_MAX][CS_PC_ID])
{
    const json_t *list = cs_jr_array(&a->in, "deviceIds", 2, CS_PC_MEMBERS_MAX);

    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *text = json_string_value(json_array_get(list, i));

        if (text == NULL || cs_uuid_parse(ids[i], text) != CS_OK) {
            cs_jr_fail(&a->in, "deviceIds", "must hold the ids of devices");
            return NULL;
        }
        for (size_t k = 0; k < i; k++) {
            if (memcmp(ids[k], ids[i], CS_PC_ID) == 0) {
                cs_jr_fail(&a->in, "deviceIds", "names a device twice");
            }
        }
    }
    return list;
}

static bool device_ok(struct cs_api *a, struct cs_pc_live *l, size_t i)
{
    if (l == NULL) {
        (void)cs_api_fail(a, CS_API_NOT_FOUND, "deviceIds", "item %zu is no device", i);
    } else if (!cs_pc_live_usable(l)) {
        (void)cs_api_fail(a, CS_API_STATE, "deviceIds",
                          "item %zu is not Paired: approve and enable the device first",
                          i);
    } else if (!cs_pc_outbox_has_room(a->core, l)) {
        (void)cs_api_fail(a, CS_API_LIMIT, "deviceIds",
                          "item %zu has too many commands waiting: start its node", i);
    }
    return a->code == CS_API_OK;
}

static bool read_shape(struct cs_api *a, size_t n)
{
    const char *type = cs_jr_str(&a->in, "quorumType", 32, false);
    int64_t t = cs_jr_int(&a->in, "requiredSigners", 2, CS_PC_MEMBERS_MAX);
    const char *backup = cs_jr_str_opt(&a->in, "backupStrategyId", 64);

    if (a->in.err == CS_OK && strcmp(type, "QUORUM_TYPE_CLOUD") != 0) {
        cs_jr_fail(&a->in, "quorumType", "must be QUORUM_TYPE_CLOUD");
    }
    if (a->in.err == CS_OK && (size_t)t > n) {
        cs_jr_fail(&a->in, "requiredSigners", "is larger than the number of devices");
    }
    if (cs_api_bad_body(a)) {
        return false;
    }
    if (t != 2) {
        (void)cs_api_fail(
            a, CS_API_STATE, "requiredSigners",
            "must be 2: this version's signing protocols take two signers");
        return false;
    }
    if (backup != NULL && backup[0] != '\0' && /* generated clients send "" */
        !cs_strategy_exists(a->core, backup)) {
        (void)cs_api_fail(a, CS_API_NOT_FOUND, "backupStrategyId",
                          "there is no such backup strategy: GET /v2/backup/strategies "
                          "lists them");
        return false;
    }
    return true;
}

/* No node hears of it before it is approved: it has no device set until then. */
static json_t *start_later(struct cs_api *a, json_t *rec,
                           struct cs_pc_live *const *members, size_t n)
{
    json_t *ids = cs_js_arr(), *set;
    char text[CS_UUID_LEN];
    uint8_t id[CS_PC_ID];

    for (size_t i = 0; i < n; i++) {
        cs_js_push_text(ids, cs_uuid_text(text, members[i]->id));
    }
    cs_js_set(rec, "deviceIds", ids);
    cs_js_str(rec, "state", "QUORUM_STATE_INITIAL");
    cs_js_bool(rec, "_undecided", true);
    set = cs_quorum_approval_open(a, rec);
    json_decref(set);
    if (set == NULL) {
        return NULL;
    }
    CS_ASSERT(cs_js_id(rec, "id", id));
    cs_pc_index_add(a->core, CS_IX_QUORUMS, cs_pc_scope("", ""),
                    (uint64_t)cs_js_num(rec, "_seq"), id);
    cs_pc_save(a->core, CS_PC_QUORUM, rec);
    return cs_quorum_view(a, rec);
}

static json_t *start(struct cs_api *a, struct cs_pc_live *const *members, size_t n,
                     const char *name, const char *description)
{
    const char *backup = cs_jr_str_opt(&a->in, "backupStrategyId", 64);
    uint8_t id[CS_PC_ID];
    json_t *rec, *view = NULL;
    enum cs_err err;

    cs_pc_new_id(a->core, id);
    rec = cs_pc_make(a->core, id, a->actor);
    cs_js_str(rec, "name", name);
    if (description != NULL) {
        cs_js_str(rec, "description", description);
    }
    if (backup != NULL && backup[0] != '\0') {
        cs_js_str(rec, "backupStrategyId", backup);
    }
    cs_js_str(rec, "type", "QUORUM_TYPE_CLOUD");
    cs_js_int(rec, "requiredSigners", 2);
    cs_js_str(rec, "state", "QUORUM_STATE_CREATED");
    cs_js_bool(rec, "operatorVerified", false);
    if (cs_approval_wanted(a->core, CS_SOURCE_QUORUM, NULL)) {
        view = start_later(a, rec, members, n);
        json_decref(rec);
        return view;
    }
    err = cs_pc_quorum_start(a->core, rec, members, n);
    if (err == CS_OK) {
        view = cs_quorum_view(a, rec);
    } else {
        (void)cs_api_fail(a, CS_API_STATE, "deviceIds",
                          "the devices cannot form a set: %s", cs_err_text(err));
    }
    json_decref(rec);
    return view;
}

json_t *cs_api_quorum_create(struct cs_api *a)
{
    const char *name = cs_api_name(a, "name", CS_API_NAME);
    const char *description = cs_api_name_opt(a, "description", CS_API_TEXT);
    uint8_t ids[CS_PC_MEMBERS_MAX][CS_PC_ID];
    struct cs_pc_live *members[CS_PC_MEMBERS_MAX];
    const json_t *list = read_device_ids(a, ids);
    size_t n = json_array_size(list);

    if (!read_shape(a, n)) {
        return NULL;
    }
    for (size_t i = 0; i < n; i++) {
        members[i] = cs_pc_live_get(a->core, ids[i]);
        if (!device_ok(a, members[i], i)) {
            return NULL;
        }
    }
    if (cs_pc_index_count(a->core, CS_IX_QUORUMS, cs_pc_scope("", "")) >=
        a->core->cfg.limits.max_quorums) {
        return cs_api_fail(a, CS_API_LIMIT, "", "there are as many quorums as allowed");
    }
    return start(a, members, n, name, description);
}

/* ---- reading ----------------------------------------------------------- */

static bool load(struct cs_api *a, struct cs_pc_quorum *q)
{
    if (!cs_pc_quorum_load(a->core, a->param[0], q)) {
        (void)cs_api_fail(a, CS_API_NOT_FOUND, "", "there is no such quorum");
        return false;
    }
    return true;
}

json_t *cs_api_quorum_list(struct cs_api *a)
{
    const struct cs_api_page p = {.table = CS_PC_QUORUM,
                                  .kind = CS_IX_QUORUMS,
                                  .scope = cs_pc_scope("", ""),
                                  .search = "name",
                                  .view = cs_quorum_view};

    return cs_api_array(a, &p, a->core->cfg.limits.max_quorums);
}

json_t *cs_api_quorum_get(struct cs_api *a)
{
    json_t *rec = cs_api_record(a, CS_PC_QUORUM, 0, "quorum");
    json_t *view = rec == NULL ? NULL : cs_quorum_view(a, rec);

    json_decref(rec);
    return view;
}

/* The one that waits for approval, or was not approved; NULL: it is none such. */
static json_t *undecided(struct cs_api *a)
{
    json_t *rec = cs_pc_get(a->core, CS_PC_QUORUM, a->param[0]);

    if (rec == NULL || !cs_js_true(rec, "_undecided") || cs_js_true(rec, "_deleted")) {
        json_decref(rec);
        return NULL;
    }
    return rec;
}

static json_t *undecided_status(json_t *rec)
{
    json_t *o = cs_js_obj();

    cs_js_int(o, "expectedMemberCount",
              (int64_t)json_array_size(json_object_get(rec, "deviceIds")));
    cs_js_int(o, "acceptedMemberCount", 0);
    cs_js_int(o, "rejectedMemberCount", 0);
    cs_js_str(o, "state", cs_js_text(rec, "state"));
    json_decref(rec);
    return o;
}

/* Takes rec. */
static json_t *undecided_delete(struct cs_api *a, json_t *rec)
{
    json_t *view;

    cs_approval_withdraw(a->core, CS_SOURCE_QUORUM, cs_js_text(rec, "id"),
                         "the quorum was deleted");
    cs_js_bool(rec, "_deleted", true);
    cs_js_str(rec, "state", "QUORUM_STATE_REJECTED");
    cs_pc_save(a->core, CS_PC_QUORUM, rec);
    cs_pc_index_del(a->core, CS_IX_QUORUMS, cs_pc_scope("", ""),
                    (uint64_t)cs_js_num(rec, "_seq"));
    view = cs_quorum_view(a, rec);
    json_decref(rec);
    return view;
}

static int64_t count_members(const json_t *members, const char *state)
{
    int64_t n = 0;

    for (size_t i = 0; i < json_array_size(members); i++) {
        n += cs_js_is(json_array_get(members, i), "state", state) ? 1 : 0;
    }
    return n;
}

json_t *cs_api_quorum_status(struct cs_api *a)
{
    struct cs_pc_quorum q;
    json_t *o, *waiting = undecided(a);

    if (waiting != NULL) {
        return undecided_status(waiting);
    }
    if (!load(a, &q)) {
        return NULL;
    }
    o = cs_js_obj();
    cs_js_int(o, "expectedMemberCount", q.set->ds.n);
    cs_js_int(o, "acceptedMemberCount",
              count_members(q.members, "MEMBERSHIP_STATE_PENDING") +
                  count_members(q.members, "MEMBERSHIP_STATE_CONFIRMED"));
    cs_js_int(o, "rejectedMemberCount",
              count_members(q.members, "MEMBERSHIP_STATE_REJECTED"));
    cs_js_str(o, "state", cs_js_text(q.rec, "state"));
    cs_pc_quorum_free(&q);
    return o;
}

json_t *cs_api_memberships(struct cs_api *a)
{
    struct cs_pc_quorum q;
    json_t *list, *waiting = undecided(a);

    if (waiting != NULL) {
        json_decref(waiting);
        return cs_js_arr();
    }
    if (!load(a, &q)) {
        return NULL;
    }
    list = cs_js_arr();
    for (uint8_t i = 0; i < q.set->ds.n; i++) {
        const json_t *m = json_array_get(q.members, i);
        json_t *o = cs_js_obj();

        cs_js_str(o, "id", cs_js_text(m, "id"));
        cs_js_str(o, "deviceId", cs_js_text(m, "deviceId"));
        cs_js_str(o, "organizationId", cs_js_text(q.rec, "organizationId"));
        cs_js_str(o, "quorumId", cs_js_text(q.rec, "id"));
        cs_js_str(o, "quorumName", cs_js_text(q.rec, "name"));
        cs_js_str(o, "createdBy", cs_js_text(q.rec, "createdBy"));
        cs_js_str(o, "createdAt", cs_js_text(q.rec, "createdAt"));
        cs_js_str(o, "updatedAt", cs_js_text(m, "updatedAt"));
        cs_js_str(o, "publicKey", cs_js_text(m, "publicKey"));
        cs_js_int(o, "playerId", i + 1);
        cs_js_str(o, "state", cs_js_text(m, "state"));
        cs_js_push(list, o);
    }
    cs_pc_quorum_free(&q);
    return list;
}

json_t *cs_api_quorum_confirm(struct cs_api *a)
{
    const char *words = cs_jr_str(&a->in, "words", 128, false);
    struct cs_pc_quorum q;
    json_t *view = NULL;

    if (cs_api_bad_body(a) || !load(a, &q)) {
        return NULL;
    }
    if (!cs_js_is(q.rec, "state", "QUORUM_STATE_CONFIRMED")) {
        (void)cs_api_fail(
            a, CS_API_STATE, "words",
            "the quorum is not Confirmed: wait until all nodes have joined");
    } else if (!cs_pc_quorum_confirm(a->core, &q, words)) {
        (void)cs_api_fail(
            a, CS_API_STATE, "words",
            "are not this quorum's: compare the words on all nodes; if they "
            "differ, do not use the quorum");
    } else {
        view = cs_quorum_view(a, q.rec);
    }
    cs_pc_quorum_free(&q);
    return view;
}

/* Only a quorum that holds no keys can go: one that is not confirmed. */
json_t *cs_api_quorum_delete(struct cs_api *a)
{
    struct cs_pc_quorum q;
    json_t *view, *waiting = undecided(a);

    if (waiting != NULL) {
        return undecided_delete(a, waiting);
    }
    if (!load(a, &q)) {
        return NULL;
    }
    if (cs_js_is(q.rec, "state", "QUORUM_STATE_CONFIRMED")) {
        cs_pc_quorum_free(&q);
        return cs_api_fail(a, CS_API_STATE, "quorumId",
                           "a confirmed quorum cannot be deleted: keys may live in it");
    }
    cs_js_bool(q.rec, "_deleted", true);
    if (cs_js_is(q.rec, "state", "QUORUM_STATE_CREATED") ||
        cs_js_is(q.rec, "state", "QUORUM_STATE_PENDING")) {
        cs_pc_quorum_end(a->core, &q, "QUORUM_STATE_FAILED", "PEER_ABORTED",
                         "deleted by an administrator");
    } else {
        cs_pc_save(a->core, CS_PC_QUORUM, q.rec);
    }
    cs_pc_index_del(a->core, CS_IX_QUORUMS, cs_pc_scope("", ""),
                    (uint64_t)cs_js_num(q.rec, "_seq"));
    view = cs_quorum_view(a, q.rec);
    cs_pc_quorum_free(&q);
    return view;
}

json_t *cs_api_quorum_modify(struct cs_api *a)
{
    return cs_api_fail(a, CS_API_UNIMPLEMENTED, "quorumId",
                       "a quorum cannot be changed once it is made: make a new one");
}

static json_t *eligible_view(struct cs_api *a, const json_t *rec)
{
    json_t *o;

    (void)a;
    if (!cs_js_is(rec, "approvalStatus", "APPROVED") ||
        !cs_js_is(rec, "enabledStatus", "ENABLED")) {
        return NULL;
    }
    o = cs_js_obj();
    cs_js_str(o, "deviceId", cs_js_text(rec, "id"));
    cs_js_str(o, "userId", cs_js_text(rec, "createdBy"));
    return o;
}

json_t *cs_api_eligible(struct cs_api *a)
{
    const struct cs_api_page p = {.table = CS_PC_DEVICE,
                                  .kind = CS_IX_DEVICES,
                                  .scope = cs_pc_scope("", ""),
                                  .view = eligible_view};
    char type[16];

    if (!cs_api_query_word(a, "deviceType", type, sizeof type, "CLOUD, MOBILE")) {
        return NULL;
    }
    if (type[0] != '\0' && strcmp(type, "CLOUD") != 0) {
        return cs_js_arr();
    }
    return cs_api_array(a, &p, a->core->cfg.limits.max_devices);
}

/* ---- session sets: their state is that of what they are for ------------ */

struct set_state {
    const char *state;
    int64_t expected, submitted, accepted;
};

static struct set_state of_quorum(const json_t *q)
{
    const json_t *members = json_object_get(q, "_members");
    struct set_state s = {.state = "SESSION_SET_STATE_IN_PROGRESS"};
    int64_t no = count_members(members, "MEMBERSHIP_STATE_REJECTED");

    s.expected = (int64_t)json_array_size(members);
    s.accepted = count_members(members, "MEMBERSHIP_STATE_PENDING") +
                 count_members(members, "MEMBERSHIP_STATE_CONFIRMED");
    s.submitted = s.accepted + no;
    if (cs_js_is(q, "state", "QUORUM_STATE_CONFIRMED")) {
        s.state = "SESSION_SET_STATE_COMPLETE";
    } else if (cs_js_is(q, "state", "QUORUM_STATE_REJECTED")) {
        s.state = "SESSION_SET_STATE_FAILED";
    } else if (cs_js_is(q, "state", "QUORUM_STATE_FAILED")) {
        s.state = "SESSION_SET_STATE_TIMED_OUT";
    }
    return s;
}

static struct set_state of_wallet(const json_t *wallet, int64_t members)
{
    const json_t *key = json_object_get(wallet, "_key");
    struct set_state s = {.state = "SESSION_SET_STATE_IN_PROGRESS",
                          .expected = members};

    s.accepted = (int64_t)json_object_size(json_object_get(key, "acks"));
    s.submitted = s.accepted;
    if (cs_js_is(wallet, "status", "PROVISIONED")) {
        s.state = "SESSION_SET_STATE_COMPLETE";
    } else if (cs_js_is(wallet, "status", "PROVISIONING_FAILED")) {
        s.state = "SESSION_SET_STATE_FAILED";
    }
    return s;
}

static struct set_state of_tx(const json_t *tx)
{
    const json_t *receipts = json_object_get(json_object_get(tx, "_sign"), "receipts");
    struct set_state s = {.state = "SESSION_SET_STATE_IN_PROGRESS", .expected = 2};

    s.accepted = (int64_t)json_array_size(receipts);
    s.submitted = s.accepted;
    if (cs_js_is(tx, "status", "SIGNED")) {
        s.state = "SESSION_SET_STATE_COMPLETE";
    } else if (cs_js_is(tx, "status", "FAILED")) {
        s.state = "SESSION_SET_STATE_FAILED";
    }
    return s;
}

static struct set_state set_state(struct cs_api *a, const json_t *set)
{
    struct set_state s = {.state = "SESSION_SET_STATE_FAILED"};
    uint8_t payload[CS_PC_ID], quorum[CS_PC_ID];
    const struct cs_pc_qset *q;
    json_t *rec;

    if (!cs_js_id(set, "payloadId", payload) || !cs_js_id(set, "quorumId", quorum)) {
        return s;
    }
    q = cs_pc_qset(a->core, quorum);
    if (cs_js_is(set, "type", "SESSION_SET_TYPE_QUORUM_CREATION")) {
        rec = cs_pc_get(a->core, CS_PC_QUORUM, payload);
        s = rec == NULL ? s : of_quorum(rec);
    } else if (cs_js_is(set, "type", "SESSION_SET_TYPE_KEY_CREATION")) {
        rec = cs_pc_get(a->core, CS_PC_WALLET, payload);
        s = rec == NULL || q == NULL ? s : of_wallet(rec, q->ds.n);
    } else {
        rec = cs_pc_get(a->core, CS_PC_TX, payload);
        s = rec == NULL ? s : of_tx(rec);
    }
    json_decref(rec);
    return s;
}

json_t *cs_set_view(struct cs_api *a, const json_t *rec)
{
    json_t *o = cs_js_public(rec);

    cs_js_str(o, "payloadRaw", "");
    cs_js_str(o, "state", set_state(a, rec).state);
    return o;
}

/* The newest sets, oldest of them first. */
json_t *cs_api_session_sets(struct cs_api *a)
{
    char text[CS_UUID_LEN];
    struct cs_api_page p = {
        .table = CS_PC_SET, .kind = CS_IX_SETS, .view = cs_set_view};
    struct cs_pc_quorum q;

    if (!load(a, &q)) {
        return NULL;
    }
    cs_pc_quorum_free(&q);
    p.scope = cs_pc_scope(cs_uuid_text(text, a->param[0]), "");
    return cs_api_list_last(a, &p, SETS_MAX);
}

json_t *cs_api_session_set_status(struct cs_api *a)
{
    json_t *set = cs_api_record(a, CS_PC_SET, 0, "session set"), *o;
    struct set_state s;

    if (set == NULL) {
        return NULL;
    }
    s = set_state(a, set);
    o = cs_js_obj();
    cs_js_int(o, "expectedCount", s.expected);
    cs_js_int(o, "submittedCount", s.submitted);
    cs_js_int(o, "acceptedCount", s.accepted);
    cs_js_str(o, "state", s.state);
    json_decref(set);
    return o;
}
