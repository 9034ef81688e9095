/* What waits, by source: one table (approvals.h).  Here: devices, quorums, wallets;
 * approval_people.c: users and credentials; tx_path.c: signing requests. */
#include "platform/core/approval_sources.h"

#include <stdio.h>
#include <string.h>

#include "crypto/identity.h"
#include "platform/core/tx_path.h"
#include "platform/core/wallet_limits.h"

static const struct cs_approval_ops rows[CS_SOURCE_COUNT] = {
    [CS_SOURCE_TRANSACTION] = {"TRANSACTION", "request", CS_PERM_TX_READ,
                               cs_tx_path_met, cs_tx_path_not_met},
    [CS_SOURCE_DEVICE] = {"DEVICE", "device", CS_PERM_DEVICES_READ,
                          cs_device_approval_met, NULL},
    [CS_SOURCE_API_CREDENTIAL] = {"API_CREDENTIAL", "API credential",
                                  CS_PERM_CREDENTIALS_READ, cs_credential_approval_met,
                                  cs_credential_approval_not_met},
    [CS_SOURCE_ALLOW_LIST_ENTRY] = {"ALLOW_LIST_ENTRY", "allow list entry",
                                    CS_PERM_ORGANIZATION_READ, NULL, NULL},
    [CS_SOURCE_POLICY] = {"POLICY", "limit", CS_PERM_POLICIES_READ, cs_limit_on_met,
                          cs_limit_on_not_met},
    [CS_SOURCE_USER] = {"USER", "user", CS_PERM_USERS_READ, cs_user_approval_met,
                        cs_user_approval_not_met},
    [CS_SOURCE_APPROVAL_GROUP] = {"APPROVAL_GROUP", "approval group",
                                  CS_PERM_APPROVALS_READ, cs_approval_group_apply,
                                  NULL},
    [CS_SOURCE_ADDRESS] = {"ADDRESS", "address", CS_PERM_COUNTERPARTIES_READ,
                           cs_address_on_met, cs_address_on_not_met},
    [CS_SOURCE_QUORUM] = {"QUORUM", "quorum", CS_PERM_QUORUMS_READ,
                          cs_quorum_approval_met, cs_quorum_approval_not_met},
    [CS_SOURCE_WALLET] = {"WALLET", "wallet", CS_PERM_WALLETS_READ,
                          cs_wallet_approval_met, cs_wallet_approval_not_met},
};

const struct cs_approval_ops *cs_approval_ops(enum cs_approval_source source)
{
    CS_ASSERT(source < CS_SOURCE_COUNT);
    return &rows[source];
}

bool cs_approval_source_parse(enum cs_approval_source *source, const char *word)
{
    for (unsigned i = 0; i < CS_SOURCE_COUNT; i++) {
        if (strcmp(rows[i].word, word) == 0) {
            *source = (enum cs_approval_source)i;
            return true;
        }
    }
    return false;
}

uint32_t cs_approval_source_bit(const json_t *set)
{
    enum cs_approval_source source;

    return cs_approval_source_parse(&source, cs_js_text(set, "sourceType"))
               ? UINT32_C(1) << source
               : 0;
}

uint32_t cs_approval_sources(const struct cs_actor *who)
{
    uint32_t bits = 0;

    for (unsigned i = 0; i < CS_SOURCE_COUNT; i++) {
        bits |= cs_actor_may(who, rows[i].read) ? UINT32_C(1) << i : 0;
    }
    return bits;
}

const char *cs_approval_action_word(enum cs_approval_action action)
{
    static const char *const words[CS_ACTION_COUNT] = {"CREATE", "READ",   "UPDATE",
                                                       "DELETE", "ENABLE", "DISABLE"};

    CS_ASSERT(action < CS_ACTION_COUNT);
    return words[action];
}

void cs_approval_line(json_t *lines, const char *label, const char *value)
{
    json_t *o;

    if (value[0] == '\0' || json_array_size(lines) >= CS_APPROVAL_LINES) {
        return;
    }
    o = cs_js_obj();
    cs_js_str(o, "label", label);
    cs_js_str(o, "value", value);
    cs_js_push(lines, o);
}

json_t *cs_approval_record(struct cs_platform_core *core, uint8_t table,
                           const json_t *set)
{
    uint8_t id[CS_PC_ID];
    json_t *rec = cs_js_id(set, "sourceId", id) ? cs_pc_get(core, table, id) : NULL;

    if (rec != NULL && (cs_js_true(rec, "_deleted") || cs_js_true(rec, "deleted"))) {
        json_decref(rec);
        return NULL;
    }
    return rec;
}

bool cs_approval_no(char why[CS_APPROVAL_WHY], const char *text)
{
    (void)snprintf(why, CS_APPROVAL_WHY, "%s", text);
    return false;
}

/* The first of the reasons of a set that was not met. */
const char *cs_approval_reason(const json_t *set)
{
    const char *text = json_string_value(
        json_array_get(json_object_get(set, "reasons"), 0));

    return text == NULL ? "" : text;
}

static void set_reason(json_t *rec, const json_t *set)
{
    json_t *reasons = cs_js_arr();
    char line[CS_APPROVAL_WHY + 32];

    (void)snprintf(line, sizeof line, "APPROVAL_%s: %s", cs_js_text(set, "status"),
                   cs_approval_reason(set));
    cs_js_push_text(reasons, line);
    cs_js_set(rec, "reasons", reasons);
}

void cs_approval_voted(struct cs_platform_core *core, const json_t *set,
                       const char *user_id, const char *status)
{
    uint8_t id[CS_PC_ID];
    char name[256], text[300];

    if (cs_js_is(set, "sourceType", "TRANSACTION") && cs_js_id(set, "sourceId", id)) {
        cs_approval_name(core, user_id, name, sizeof name);
        (void)snprintf(text, sizeof text, "by %s", name);
        cs_pc_timeline(core, id, 0, status, text);
    }
}

/* ---- devices ------------------------------------------------------------- */

/* Approvers compare the same fingerprint that the device will be approved with. */
json_t *cs_device_approval_open(struct cs_api *a, const json_t *rec)
{
    json_t *proposed = cs_js_obj(), *lines = cs_js_arr(), *set;
    const char *print = cs_js_text(rec, "publicKeyHash");
    uint8_t raw[32];
    char words[CS_WORDS_LEN] = "", title[320];

    if (cs_js_bytes(rec, "publicKeyHash", raw, sizeof raw)) {
        (void)cs_words(words, raw);
    }
    cs_js_str(proposed, "approvalStatus", "APPROVED");
    cs_js_str(proposed, "publicKeyHash", print);
    cs_approval_line(lines, "Device", cs_js_text(rec, "displayName"));
    cs_approval_line(lines, "Fingerprint", print);
    cs_approval_line(lines, "Words", words);
    cs_approval_line(lines, "Paired from", cs_js_text(rec, "pairedFrom"));
    (void)snprintf(title, sizeof title, "Approve device %s",
                   cs_js_text(rec, "displayName"));
    set = cs_approval_open_with(a, CS_SOURCE_DEVICE, rec, CS_ACTION_ENABLE, proposed,
                                title, lines);
    json_decref(proposed);
    return set;
}

bool cs_device_approval_met(struct cs_platform_core *core, const json_t *set,
                            char why[CS_APPROVAL_WHY])
{
    json_t *rec = cs_approval_record(core, CS_PC_DEVICE, set);
    bool ok = rec != NULL && json_object_get(rec, "_ik") != NULL &&
              cs_js_is(rec, "approvalStatus", "PENDING") &&
              cs_js_is(rec, "publicKeyHash",
                       cs_js_text(json_object_get(set, "proposed"), "publicKeyHash"));

    if (ok) {
        cs_js_str(rec, "approvalStatus", "APPROVED");
        cs_js_str(rec, "enabledStatus", "ENABLED");
        cs_js_str(rec, "approvedBy", cs_js_text(set, "createdBy"));
        cs_pc_save(core, CS_PC_DEVICE, rec);
        cs_pc_live_refresh(core, rec);
    } else {
        (void)cs_approval_no(why, "the device is gone, decided otherwise or has "
                                  "another fingerprint now");
    }
    json_decref(rec);
    return ok;
}

/* ---- quorums ------------------------------------------------------------- */

static const char *const quorum_names[] = {"deviceIds", "requiredSigners",
                                           "backupStrategyId"};

static json_t *device_of(struct cs_platform_core *core, const json_t *id)
{
    const char *text = json_string_value(id);
    uint8_t raw[CS_PC_ID];

    return text != NULL && cs_uuid_parse(raw, text) == CS_OK
               ? cs_pc_get(core, CS_PC_DEVICE, raw)
               : NULL;
}

/* The keys of its devices, in their order. */
static json_t *prints_of(struct cs_platform_core *core, const json_t *rec)
{
    const json_t *ids = json_object_get(rec, "deviceIds");
    json_t *prints = cs_js_arr();

    for (size_t i = 0; i < json_array_size(ids); i++) {
        json_t *d = device_of(core, json_array_get(ids, i));

        cs_js_push_text(prints, cs_js_text(d, "publicKeyHash"));
        json_decref(d);
    }
    return prints;
}

static bool quorum_bound(struct cs_platform_core *core, const json_t *set,
                         const json_t *rec, char why[CS_APPROVAL_WHY])
{
    json_t *is = cs_js_obj();
    bool ok;

    cs_js_set(is, "publicKeyHashes", prints_of(core, rec));
    ok = cs_approval_bound(set, rec, quorum_names, CS_COUNTOF(quorum_names), why) &&
         cs_approval_bound(set, is, (const char *const[]){"publicKeyHashes"}, 1, why);
    json_decref(is);
    return ok;
}

static void line_of_strategy(struct cs_platform_core *core, json_t *lines,
                             const json_t *rec)
{
    uint8_t id[CS_PC_ID];
    json_t *s = cs_js_id(rec, "backupStrategyId", id)
                    ? cs_pc_get(core, CS_PC_STRATEGY, id)
                    : NULL;
    char text[4 * CS_API_NAME + 80];

    (void)snprintf(text, sizeof text, "%s, %s", cs_js_text(s, "name"),
                   cs_js_text(rec, "backupStrategyId"));
    cs_approval_line(lines, "Backup strategy", s == NULL ? "none" : text);
    json_decref(s);
}

json_t *cs_quorum_approval_open(struct cs_api *a, const json_t *rec)
{
    json_t *lines = cs_js_arr(), *proposed = cs_js_obj(), *set;
    const json_t *ids = json_object_get(rec, "deviceIds");
    char text[4 * CS_API_NAME + 80];

    cs_approval_line(lines, "Quorum", cs_js_text(rec, "name"));
    cs_approval_line(lines, "Description", cs_js_text(rec, "description"));
    for (size_t i = 0; i < json_array_size(ids); i++) {
        json_t *d = device_of(a->core, json_array_get(ids, i));

        (void)snprintf(text, sizeof text, "%s, %.64s", cs_js_text(d, "displayName"),
                       cs_js_text(d, "publicKeyHash"));
        cs_approval_line(lines, "Device", text);
        json_decref(d);
    }
    (void)snprintf(text, sizeof text, "%d of %zu",
                   (int)cs_js_num(rec, "requiredSigners"), json_array_size(ids));
    cs_approval_line(lines, "Required signatures", text);
    line_of_strategy(a->core, lines, rec);
    cs_approval_bind(proposed, rec, quorum_names, CS_COUNTOF(quorum_names));
    cs_js_set(proposed, "publicKeyHashes", prints_of(a->core, rec));
    set = cs_approval_open_with(a, CS_SOURCE_QUORUM, rec, CS_ACTION_CREATE, proposed,
                                NULL, lines);
    json_decref(proposed);
    return set;
}

/* All of them usable and with room for commands?  The number, 0: not. */
static size_t members_of(struct cs_platform_core *core, const json_t *rec,
                         struct cs_pc_live *members[CS_PC_MEMBERS_MAX])
{
    const json_t *ids = json_object_get(rec, "deviceIds");
    size_t n = json_array_size(ids);

    if (n > CS_PC_MEMBERS_MAX) {
        return 0;
    }
    for (size_t i = 0; i < n; i++) {
        uint8_t id[CS_PC_ID];
        const char *text = json_string_value(json_array_get(ids, i));

        members[i] = text != NULL && cs_uuid_parse(id, text) == CS_OK
                         ? cs_pc_live_get(core, id)
                         : NULL;
        if (!cs_pc_live_usable(members[i]) ||
            !cs_pc_outbox_has_room(core, members[i])) {
            return 0;
        }
    }
    return n;
}

bool cs_quorum_approval_met(struct cs_platform_core *core, const json_t *set,
                            char why[CS_APPROVAL_WHY])
{
    json_t *rec = cs_approval_record(core, CS_PC_QUORUM, set), *draft;
    struct cs_pc_live *members[CS_PC_MEMBERS_MAX];
    size_t n = rec == NULL ? 0 : members_of(core, rec, members);
    enum cs_err err;

    if (n == 0 || !cs_js_is(rec, "state", "QUORUM_STATE_INITIAL")) {
        json_decref(rec);
        return cs_approval_no(why, "a device of the quorum is not Paired and enabled "
                                   "any more, or its node has too much to do");
    }
    if (!quorum_bound(core, set, rec, why)) {
        json_decref(rec);
        return false;
    }
    draft = json_deep_copy(rec);
    CS_ASSERT(draft != NULL);
    cs_js_del(draft, "deviceIds");
    cs_js_del(draft, "_undecided");
    cs_js_str(draft, "state", "QUORUM_STATE_CREATED");
    /* Its place in the list is made anew by the start, in the same order. */
    cs_pc_index_del(core, CS_IX_QUORUMS, cs_pc_scope("", ""),
                    (uint64_t)cs_js_num(rec, "_seq"));
    err = cs_pc_quorum_start(core, draft, members, n);
    if (err != CS_OK) {
        uint8_t id[CS_PC_ID];

        CS_ASSERT(cs_js_id(rec, "id", id));
        cs_pc_index_add(core, CS_IX_QUORUMS, cs_pc_scope("", ""),
                        (uint64_t)cs_js_num(rec, "_seq"), id);
        (void)snprintf(why, CS_APPROVAL_WHY, "the devices cannot form a set: %s",
                       cs_err_text(err));
    }
    json_decref(draft);
    json_decref(rec);
    return err == CS_OK;
}

void cs_quorum_approval_not_met(struct cs_platform_core *core, const json_t *set)
{
    json_t *rec = cs_approval_record(core, CS_PC_QUORUM, set);

    if (rec != NULL) {
        cs_js_str(rec, "state", "QUORUM_STATE_REJECTED");
        set_reason(rec, set);
        cs_pc_save(core, CS_PC_QUORUM, rec);
    }
    json_decref(rec);
}

/* ---- wallets ------------------------------------------------------------- */

static const char *const wallet_names[] = {"vaultId",    "quorumId",     "keystore",
                                           "blockchain", "keyAlgorithm", "addressType"};

static void line_of_vault(struct cs_platform_core *core, json_t *lines,
                          const json_t *rec)
{
    uint8_t id[CS_PC_ID];
    json_t *vault = cs_js_id(rec, "vaultId", id) ? cs_pc_get(core, CS_PC_VAULT, id)
                                                 : NULL;

    cs_approval_line(lines, "Vault", cs_js_text(vault, "name"));
    cs_approval_line(lines, "Vault id", cs_js_text(rec, "vaultId"));
    json_decref(vault);
}

json_t *cs_wallet_approval_open(struct cs_api *a, const json_t *rec,
                                const struct cs_pc_quorum *q)
{
    json_t *lines = cs_js_arr(), *proposed = cs_js_obj(), *set;

    cs_approval_line(lines, "Wallet", cs_js_text(rec, "name"));
    cs_approval_line(lines, "Description", cs_js_text(rec, "description"));
    cs_approval_line(lines, "Blockchain", cs_js_text(rec, "blockchain"));
    cs_approval_line(lines, "Key algorithm", cs_js_text(rec, "keyAlgorithm"));
    cs_approval_line(lines, "Address type", cs_js_text(rec, "addressType"));
    line_of_vault(a->core, lines, rec);
    cs_approval_line(lines, "Quorum", cs_js_text(q->rec, "name"));
    cs_approval_line(lines, "Quorum id", cs_js_text(rec, "quorumId"));
    cs_approval_bind(proposed, rec, wallet_names, CS_COUNTOF(wallet_names));
    set = cs_approval_open_with(a, CS_SOURCE_WALLET, rec, CS_ACTION_CREATE, proposed,
                                NULL, lines);
    json_decref(proposed);
    return set;
}

bool cs_wallet_approval_met(struct cs_platform_core *core, const json_t *set,
                            char why[CS_APPROVAL_WHY])
{
    json_t *rec = cs_approval_record(core, CS_PC_WALLET, set);
    struct cs_pc_quorum q = {0};
    enum cs_api_code code;
    uint8_t id[CS_PC_ID];
    bool ok = false;

    (void)cs_approval_no(why, "the quorum is gone");
    if (rec != NULL && cs_js_is(rec, "status", "CREATED") &&
        cs_js_id(rec, "quorumId", id) && cs_pc_quorum_load(core, id, &q)) {
        ok = cs_approval_bound(set, rec, wallet_names, CS_COUNTOF(wallet_names), why) &&
             cs_wallet_quorum_ok(core, &q, &code, why);
    }
    if (ok) {
        cs_js_del(rec, "approvalId");
        cs_pc_key_start(core, rec, &q); /* saves it */
    }
    cs_pc_quorum_free(&q);
    json_decref(rec);
    return ok;
}

void cs_wallet_approval_not_met(struct cs_platform_core *core, const json_t *set)
{
    json_t *rec = cs_approval_record(core, CS_PC_WALLET, set);

    if (rec != NULL) {
        cs_js_str(rec, "status", "PROVISIONING_FAILED");
        set_reason(rec, set);
        cs_pc_save(core, CS_PC_WALLET, rec);
    }
    json_decref(rec);
}
