/* Approval groups: who decides what (approvals.h; the vendor's /v2/approvers). */
#include <stdio.h>
#include <string.h>

#include "platform/core/approval_sources.h"
#include "platform/core/tx_path.h"
#include "platform/core/users.h"

enum { GROUPS_MAX = 1000, QTY_MAX = 80, SYMBOL_MAX = 32, CONTRACT_MAX = 128 };

void cs_group_id(uint8_t id[CS_PC_ID], enum cs_approval_source source,
                 const char *wallet_id)
{
    const char *word = cs_approval_ops(source)->word;
    const char *wallet = wallet_id == NULL ? "" : wallet_id;
    uint8_t d[32];

    cs_pc_digest(d, "approval-group", CS_SPAN(word, strlen(word)),
                 CS_SPAN(wallet, strlen(wallet)));
    cs_uuid_from_random(d);
    memcpy(id, d, CS_PC_ID);
}

/* ---- views ------------------------------------------------------------- */

static json_t *names_of(struct cs_platform_core *core, const json_t *ids)
{
    json_t *list = cs_js_arr();
    char name[256];

    for (size_t i = 0; i < json_array_size(ids); i++) {
        const char *id = json_string_value(json_array_get(ids, i));
        json_t *o = cs_js_obj();

        cs_approval_name(core, id, name, sizeof name);
        cs_js_str(o, "userId", id);
        cs_js_str(o, "name", name);
        cs_js_push(list, o);
    }
    return list;
}

json_t *cs_group_view(struct cs_platform_core *core, const json_t *group)
{
    json_t *o = cs_js_public(group);

    cs_js_set(o, "approverNames", names_of(core, json_object_get(group, "approvers")));
    cs_approval_mark(core, CS_SOURCE_APPROVAL_GROUP, o);
    cs_approval_group_warn(core, group, o);
    return o;
}

/* The one that is not there: nobody has to approve. */
static json_t *empty_view(struct cs_platform_core *core, const uint8_t id[CS_PC_ID],
                          const json_t *wanted)
{
    static const char *const same[] = {"sourceType", "scope", "walletId"};
    json_t *o = cs_js_obj();

    cs_js_uuid(o, "id", id);
    for (size_t i = 0; i < CS_COUNTOF(same); i++) {
        if (json_object_get(wanted, same[i]) != NULL) {
            cs_js_set(o, same[i], json_incref(json_object_get(wanted, same[i])));
        }
    }
    cs_js_set(o, "approvers", cs_js_arr());
    cs_js_int(o, "requiredApproverCount", 0);
    cs_approval_mark(core, CS_SOURCE_APPROVAL_GROUP, o);
    return o;
}

/* ---- what a group has to be --------------------------------------------- */

static json_t *user_of(struct cs_platform_core *core, const json_t *id)
{
    uint8_t raw[CS_PC_ID];
    const char *text = json_string_value(id);

    return text != NULL && cs_uuid_parse(raw, text) == CS_OK
               ? cs_pc_get(core, CS_PC_USER, raw)
               : NULL;
}

/* NULL, or what is wrong with this approver. */
static const char *approver_wrong(struct cs_platform_core *core, const json_t *wanted,
                                  const json_t *id)
{
    json_t *user = user_of(core, id);
    const char *why = NULL;

    if (!cs_user_is_active(user)) {
        why = "must be active users";
    } else if (!cs_roles_have(json_object_get(user, "roles"),
                              CS_PERM_APPROVALS_DECIDE)) {
        why = "must be users with the permission approvals.decide: owners, "
              "administrators and approvers";
    } else if (cs_js_is(wanted, "sourceType", "APPROVAL_GROUP") &&
               !cs_user_is_owner(user)) {
        why = "must be owners: they decide about approval groups";
    }
    json_decref(user);
    return why;
}

/* Also asked again when a change has been approved. */
static const char *wrong(struct cs_platform_core *core, const json_t *wanted)
{
    const json_t *ids = json_object_get(wanted, "approvers");
    uint8_t wallet[CS_PC_ID];
    json_t *rec;

    if (cs_js_is(wanted, "scope", "WALLET")) {
        rec = cs_js_id(wanted, "walletId", wallet)
                  ? cs_pc_get(core, CS_PC_WALLET, wallet)
                  : NULL;
        json_decref(rec);
        if (rec == NULL) {
            return "must be those of a wallet that is there";
        }
    }
    for (size_t i = 0; i < json_array_size(ids); i++) {
        const char *why = approver_wrong(core, wanted, json_array_get(ids, i));

        if (why != NULL) {
            return why;
        }
    }
    return cs_approval_group_stuck(core, wanted);
}

/* ---- taking effect ------------------------------------------------------ */

/* Since when each is an approver, as a number that rises: who leaves and comes back has
 * another one, and his old votes do not count. */
static json_t *since_of(struct cs_platform_core *core, const json_t *old,
                        const json_t *ids)
{
    const json_t *had = json_object_get(old, "_since");
    json_t *since = cs_js_obj();

    for (size_t i = 0; i < json_array_size(ids); i++) {
        const char *id = json_string_value(json_array_get(ids, i));
        int64_t n = cs_js_true(old, "_deleted") ? 0 : cs_js_num(had, id);

        cs_js_int(since, id, n != 0 ? n : (int64_t)cs_pc_next_seq(core));
    }
    return since;
}

static json_t *record_for(struct cs_platform_core *core, const uint8_t id[CS_PC_ID],
                          const char *by)
{
    json_t *rec = cs_pc_get(core, CS_PC_GROUP, id);

    if (rec == NULL) {
        rec = cs_pc_make(core, id, by);
        cs_js_bool(rec, "_deleted", true); /* not in the index yet */
    }
    return rec;
}

/* Everything is checked.  Owned: the record as it is now. */
static json_t *apply(struct cs_platform_core *core, const json_t *wanted,
                     const uint8_t id[CS_PC_ID], const char *by)
{
    json_t *rec = record_for(core, id, by);
    bool was = !cs_js_true(rec, "_deleted");
    bool is = json_array_size(json_object_get(wanted, "approvers")) > 0;
    json_t *since = since_of(core, rec, json_object_get(wanted, "approvers"));

    cs_js_del(rec, "threshold");
    CS_ASSERT(json_object_update(rec, (json_t *)(uintptr_t)wanted) == 0);
    cs_js_set(rec, "_since", since);
    cs_js_str(rec, "updatedBy", by);
    cs_js_del(rec, "_deleted");
    if (is && !was) {
        cs_js_int(rec, "_seq", (int64_t)cs_pc_next_seq(core));
        cs_pc_index_add(core, CS_IX_GROUPS, cs_pc_scope("", ""),
                        (uint64_t)cs_js_num(rec, "_seq"), id);
    } else if (!is) {
        cs_js_bool(rec, "_deleted", true);
        cs_pc_index_del(core, CS_IX_GROUPS, cs_pc_scope("", ""),
                        (uint64_t)cs_js_num(rec, "_seq"));
    }
    cs_pc_save(core, CS_PC_GROUP, rec);
    cs_approval_group_changed(core, rec);
    return rec;
}

bool cs_approval_group_apply(struct cs_platform_core *core, const json_t *set,
                             char why[CS_APPROVAL_WHY])
{
    const json_t *wanted = json_object_get(set, "proposed");
    const char *bad = wrong(core, wanted);
    uint8_t id[CS_PC_ID];

    if (bad != NULL || !cs_js_id(set, "sourceId", id)) {
        (void)snprintf(why, CS_APPROVAL_WHY, "approvers %s",
                       bad == NULL ? "are damaged" : bad);
        return false;
    }
    json_decref(apply(core, wanted, id, cs_js_text(set, "createdBy")));
    return true;
}

/* ---- reading the body ---------------------------------------------------- */

/* NULL, or what is wrong. */
static const char *threshold_wrong(const json_t *wanted, const json_t *o)
{
    const char *fee = cs_js_text(o, "feeQty");
    struct cs_num n;

    if (!cs_js_is(wanted, "sourceType", "TRANSACTION")) {
        return "is for TRANSACTION only";
    }
    if (!cs_tx_path_amount(&n, cs_js_text(o, "qty")) ||
        (fee[0] != '\0' && !cs_tx_path_amount(&n, fee))) {
        return "qty and feeQty must be amounts such as \"10.5\"";
    }
    if (cs_js_text(o, "contract")[0] != '\0' && fee[0] == '\0') {
        return "with contract, feeQty has to say the most that such a transfer may pay "
               "as "
               "its fee, in the native asset of the blockchain: the amount of a token "
               "says nothing about it";
    }
    return NULL;
}

static void read_threshold(struct cs_api *a, json_t *wanted)
{
    static const char *const names[] = {"symbol", "qty", "contract", "feeQty"};
    struct cs_jr in = CS_JR(cs_jr_object(&a->in, "threshold"));
    const char *text[CS_COUNTOF(names)], *bad;
    json_t *o = cs_js_obj();

    if (a->in.err == CS_OK) {
        text[0] = cs_jr_str(&in, "symbol", SYMBOL_MAX, false);
        text[1] = cs_jr_str(&in, "qty", QTY_MAX, false);
        text[2] = cs_jr_str_opt(&in, "contract", CONTRACT_MAX);
        text[3] = cs_jr_str_opt(&in, "feeQty", QTY_MAX);
        for (size_t i = 0; i < CS_COUNTOF(names); i++) {
            if (text[i] != NULL && text[i][0] != '\0') {
                cs_js_str(o, names[i], text[i]);
            }
        }
        bad = in.err != CS_OK ? "must have symbol and qty, and may have contract and "
                                "feeQty"
                              : threshold_wrong(wanted, o);
        if (bad != NULL) {
            cs_jr_fail(&a->in, "threshold", bad);
        }
    }
    cs_js_set(wanted, "threshold", o);
}

static void read_approvers(struct cs_api *a, json_t *wanted)
{
    const json_t *ids = cs_jr_array(&a->in, "approvers", 0, CS_APPROVERS_MAX);
    size_t n = json_array_size(ids);
    int64_t m = cs_jr_int(&a->in, "requiredApproverCount", n == 0 ? 0 : 1,
                          n == 0 ? 0 : (int64_t)n);
    json_t *list = cs_js_arr();

    for (size_t i = 0; i < n; i++) {
        const char *id = json_string_value(json_array_get(ids, i));
        uint8_t raw[CS_PC_ID];
        char text[CS_UUID_LEN];

        if (id == NULL || cs_uuid_parse(raw, id) != CS_OK) {
            cs_jr_fail(&a->in, "approvers", "must hold the ids of users");
            break;
        }
        for (size_t k = 0; k < i; k++) {
            if (strcmp(json_string_value(json_array_get(list, k)),
                       cs_uuid_text(text, raw)) == 0) {
                cs_jr_fail(&a->in, "approvers", "names a user twice");
            }
        }
        cs_js_push_text(list, cs_uuid_text(text, raw));
    }
    cs_js_set(wanted, "approvers", list);
    cs_js_int(wanted, "requiredApproverCount", m);
}

static enum cs_approval_source read_source(struct cs_api *a, json_t *wanted,
                                           bool of_wallet)
{
    const char *word = cs_jr_str(&a->in, "sourceType", 32, false);
    enum cs_approval_source source = CS_SOURCE_TRANSACTION;

    if (a->in.err == CS_OK && (!cs_approval_source_parse(&source, word) ||
                               cs_approval_ops(source)->on_met == NULL)) {
        cs_jr_fail(&a->in, "sourceType",
                   "must be TRANSACTION, DEVICE, QUORUM, WALLET, API_CREDENTIAL, USER, "
                   "POLICY, ADDRESS or APPROVAL_GROUP");
    } else if (a->in.err == CS_OK && of_wallet && source != CS_SOURCE_TRANSACTION) {
        cs_jr_fail(&a->in, "sourceType", "must be TRANSACTION for a wallet's group");
    }
    cs_js_str(wanted, "sourceType", word);
    return source;
}

/* Owned; NULL: refused. */
static json_t *read_wanted(struct cs_api *a, bool of_wallet,
                           enum cs_approval_source *source)
{
    json_t *wanted = cs_js_obj();
    int64_t timeout = CS_APPROVAL_MAX_S;

    *source = read_source(a, wanted, of_wallet);
    read_approvers(a, wanted);
    if (cs_jr_has(&a->in, "timeoutSeconds")) {
        timeout = cs_jr_int(&a->in, "timeoutSeconds", CS_APPROVAL_MIN_S,
                            CS_APPROVAL_MAX_S);
    }
    cs_js_int(wanted, "timeoutSeconds", timeout);
    cs_js_str(wanted, "scope", of_wallet ? "WALLET" : "ORG");
    if (of_wallet) {
        cs_js_uuid(wanted, "walletId", a->param[0]);
    }
    if (cs_jr_has(&a->in, "threshold")) {
        read_threshold(a, wanted);
    }
    if (cs_api_bad_body(a)) {
        json_decref(wanted);
        return NULL;
    }
    return wanted;
}

/* ---- changing ------------------------------------------------------------ */

static const char *title_of(const json_t *wanted, char out[160])
{
    (void)snprintf(out, 160, "Change the approval group for %s%s%s",
                   cs_js_text(wanted, "sourceType"),
                   cs_js_is(wanted, "scope", "WALLET") ? " of wallet " : "",
                   cs_js_text(wanted, "walletId"));
    return out;
}

static void line_of_approver(struct cs_platform_core *core, json_t *lines,
                             const char *label, const json_t *id)
{
    json_t *user = user_of(core, id);
    char who[CS_APPROVAL_WHO];

    if (user != NULL) {
        cs_approval_who(user, who);
    }
    cs_approval_line(lines, label, user == NULL ? json_string_value(id) : who);
    json_decref(user);
}

/* before: "" or "Now: ", in front of each label. */
static void line_of(json_t *lines, const char *before, const char *label,
                    const char *value)
{
    char text[64];

    (void)snprintf(text, sizeof text, "%s%s", before, label);
    if (before[0] == '\0') {
        text[0] = (char)(text[0] - 'a' + 'A');
    }
    cs_approval_line(lines, text, value);
}

static void line_of_threshold(json_t *lines, const char *before, const json_t *group)
{
    const json_t *threshold = json_object_get(group, "threshold");
    const char *contract = cs_js_text(threshold, "contract"),
               *fee = cs_js_text(threshold, "feeQty");
    char text[2 * QTY_MAX + SYMBOL_MAX + CONTRACT_MAX + 64];

    if (threshold != NULL) {
        (void)snprintf(text, sizeof text, "%s %s%s%s%s%s", cs_js_text(threshold, "qty"),
                       cs_js_text(threshold, "symbol"),
                       contract[0] == '\0' ? "" : " of contract ", contract,
                       fee[0] == '\0' ? "" : ", or with a fee above ", fee);
        line_of(lines, before, "only above", text);
    }
}

static void lines_of_group(struct cs_platform_core *core, json_t *lines,
                           const char *before, const json_t *group)
{
    const json_t *ids = json_object_get(group, "approvers");
    char text[64], label[32];

    (void)snprintf(label, sizeof label, "%s",
                   before[0] == '\0' ? "Approver" : "Now: approver");
    for (size_t i = 0; i < json_array_size(ids); i++) {
        line_of_approver(core, lines, label, json_array_get(ids, i));
    }
    (void)snprintf(text, sizeof text, "%d of %zu",
                   (int)cs_js_num(group, "requiredApproverCount"),
                   json_array_size(ids));
    line_of(lines, before, "required", text);
    (void)snprintf(text, sizeof text, "%d minutes",
                   (int)cs_js_num(group, "timeoutSeconds") / 60);
    line_of(lines, before, "time to decide", text);
    line_of_threshold(lines, before, group);
}

/* What it would be, and what it is. */
static json_t *lines_of(struct cs_platform_core *core, const json_t *wanted,
                        const json_t *group)
{
    json_t *lines = cs_js_arr(), *wallet;
    uint8_t id[CS_PC_ID];

    if (cs_js_id(wanted, "walletId", id)) {
        wallet = cs_pc_get(core, CS_PC_WALLET, id);
        cs_approval_line(lines, "Wallet", cs_js_text(wallet, "name"));
        cs_approval_line(lines, "Address", cs_js_text(wallet, "address"));
        json_decref(wallet);
    }
    if (json_array_size(json_object_get(wanted, "approvers")) == 0) {
        cs_approval_line(lines, "From then on", "nobody has to approve");
    } else {
        lines_of_group(core, lines, "", wanted);
    }
    if (group == NULL || cs_js_true(group, "_deleted")) {
        cs_approval_line(lines, "Now", "nobody has to approve");
    } else {
        lines_of_group(core, lines, "Now: ", group);
    }
    return lines;
}

/* A group for changes of groups is there: its owners decide. */
static json_t *propose(struct cs_api *a, const json_t *wanted,
                       const uint8_t id[CS_PC_ID])
{
    json_t *group = cs_pc_get(a->core, CS_PC_GROUP, id), *view = NULL, *set;
    json_t *rec = empty_view(a->core, id, wanted);
    char title[160];

    set = cs_approval_open_with(a, CS_SOURCE_APPROVAL_GROUP, rec, CS_ACTION_UPDATE,
                                wanted, title_of(wanted, title),
                                lines_of(a->core, wanted, group));
    json_decref(rec);
    if (set != NULL) {
        view = group == NULL || cs_js_true(group, "_deleted")
                   ? empty_view(a->core, id, wanted)
                   : cs_group_view(a->core, group);
        cs_js_set(view, "proposed", json_deep_copy(wanted));
    }
    json_decref(set);
    json_decref(group);
    return view;
}

static bool has_room(struct cs_api *a, const json_t *wanted, const uint8_t id[CS_PC_ID])
{
    json_t *rec = cs_pc_get(a->core, CS_PC_GROUP, id);
    bool is_there = rec != NULL && !cs_js_true(rec, "_deleted");
    bool is_more = !is_there &&
                   json_array_size(json_object_get(wanted, "approvers")) > 0;

    json_decref(rec);
    if (!is_more ||
        cs_pc_index_count(a->core, CS_IX_GROUPS, cs_pc_scope("", "")) < GROUPS_MAX) {
        return true;
    }
    (void)cs_api_fail(a, CS_API_LIMIT, "",
                      "there are as many approval groups as allowed: remove some");
    return false;
}

static json_t *change(struct cs_api *a, const json_t *wanted,
                      enum cs_approval_source source)
{
    const char *wallet = json_object_get(wanted, "walletId") == NULL
                             ? NULL
                             : cs_js_text(wanted, "walletId");
    const char *bad = wrong(a->core, wanted);
    uint8_t id[CS_PC_ID];
    json_t *rec, *view;

    if (bad != NULL) {
        return cs_api_fail(a, CS_API_INVALID, "approvers", "%s", bad);
    }
    cs_group_id(id, source, wallet);
    if (!has_room(a, wanted, id)) {
        return NULL;
    }
    if (cs_approval_wanted(a->core, CS_SOURCE_APPROVAL_GROUP, NULL)) {
        return propose(a, wanted, id);
    }
    rec = apply(a->core, wanted, id, a->actor);
    view = cs_js_true(rec, "_deleted") ? empty_view(a->core, id, wanted)
                                       : cs_group_view(a->core, rec);
    json_decref(rec);
    return view;
}

json_t *cs_api_group_put(struct cs_api *a)
{
    enum cs_approval_source source;
    json_t *wanted = read_wanted(a, false, &source);
    json_t *view = wanted == NULL ? NULL : change(a, wanted, source);

    json_decref(wanted);
    return view;
}

json_t *cs_api_group_put_wallet(struct cs_api *a)
{
    enum cs_approval_source source;
    json_t *wanted = read_wanted(a, true, &source), *wallet, *view = NULL;

    if (wanted == NULL) {
        return NULL;
    }
    wallet = cs_api_record(a, CS_PC_WALLET, 0, "wallet");
    if (wallet != NULL) {
        view = change(a, wanted, source);
    }
    json_decref(wallet);
    json_decref(wanted);
    return view;
}

/* ---- listing ------------------------------------------------------------- */

/* "" for no filter.  false: refused. */
static bool read_filter(struct cs_api *a, char word[32])
{
    enum cs_approval_source source;

    if (!cs_api_query(a, "sourceType", word, 32)) {
        return false;
    }
    if (word[0] != '\0' && !cs_approval_source_parse(&source, word)) {
        (void)cs_api_fail(a, CS_API_INVALID, "sourceType", "is none that is known");
        return false;
    }
    return true;
}

static json_t *list(struct cs_api *a, const char *word, const char *wallet)
{
    struct cs_pc_walk w = {.kind = CS_IX_GROUPS, .scope = cs_pc_scope("", "")};
    json_t *o = cs_js_obj(), *groups = cs_js_arr();

    while (cs_pc_walk_next(a->core, &w)) {
        json_t *g = cs_pc_get(a->core, CS_PC_GROUP, w.id);

        if (g != NULL && cs_js_is(g, "walletId", wallet) &&
            (word[0] == '\0' || cs_js_is(g, "sourceType", word))) {
            cs_js_push(groups, cs_group_view(a->core, g));
        }
        json_decref(g);
    }
    cs_js_set(o, "approvalGroups", groups);
    return o;
}

json_t *cs_api_group_list(struct cs_api *a)
{
    char word[32];

    return read_filter(a, word) ? list(a, word, "") : NULL;
}

json_t *cs_api_group_list_wallet(struct cs_api *a)
{
    char word[32], id[CS_UUID_LEN];
    json_t *wallet = cs_api_record(a, CS_PC_WALLET, 0, "wallet"), *o = NULL;

    if (wallet != NULL && read_filter(a, word)) {
        o = list(a, word, cs_uuid_text(id, a->param[0]));
    }
    json_decref(wallet);
    return o;
}

static json_t *eligible_view(struct cs_api *a, const json_t *user)
{
    json_t *o;
    char name[256];

    if (!cs_user_is_active(user) ||
        !cs_roles_have(json_object_get(user, "roles"), CS_PERM_APPROVALS_DECIDE)) {
        return NULL;
    }
    o = cs_js_obj();
    cs_approval_name(a->core, cs_js_text(user, "id"), name, sizeof name);
    cs_js_str(o, "userId", cs_js_text(user, "id"));
    cs_js_set(o, "deviceIds", cs_js_arr());
    cs_js_str(o, "name", name);
    cs_js_bool(o, "isOwner", cs_user_is_owner(user));
    return o;
}

json_t *cs_api_approvers_eligible(struct cs_api *a)
{
    const struct cs_api_page p = {.table = CS_PC_USER,
                                  .kind = CS_IX_USERS,
                                  .scope = cs_pc_scope("", ""),
                                  .view = eligible_view};

    return cs_api_list(a, &p, a->core->cfg.limits.max_users);
}
