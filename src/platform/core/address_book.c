#include "platform/core/address_book.h"

#include <stdio.h>
#include <string.h>

#include "platform/core/approval_sources.h"
#include "policy/impl.h"

enum { SAME_ADDRESS_MAX = 64 }; /* wallets of one address: one for each blockchain */

bool cs_book_key(char out[CS_BOOK_KEY], const char *blockchain, const char *address)
{
    char one[CS_CHAIN_ADDRESS_MAX], *item = (char *)(uintptr_t)blockchain;
    const struct list chain = {&item, 1};

    if (!cs_policy_address(one, &chain, address)) {
        return false;
    }
    (void)snprintf(out, CS_BOOK_KEY, "%.32s|%s", blockchain, one);
    return true;
}

void cs_book_spelling(char out[CS_CHAIN_ADDRESS_MAX], const char *text)
{
    const struct cs_chain_info *info;

    for (size_t i = 0; (info = cs_chain_at(i)) != NULL; i++) {
        char *item = (char *)(uintptr_t)info->name;
        const struct list chain = {&item, 1};

        if (cs_policy_address(out, &chain, text)) {
            return;
        }
    }
    (void)snprintf(out, CS_CHAIN_ADDRESS_MAX, "%s", text);
}

/* ---- looking up ------------------------------------------------------------ */

static bool find_entry(struct cs_platform_core *core, const char *key,
                       struct cs_payee *out)
{
    uint8_t id[CS_PC_ID];
    json_t *rec = cs_pc_unique_get(core, CS_UNIQUE_ADDRESS, key, id)
                      ? cs_pc_get(core, CS_PC_ADDRESS, id)
                      : NULL;
    bool ok = rec != NULL && cs_js_true(rec, "active") && !cs_js_true(rec, "_deleted");

    if (ok) {
        (void)snprintf(out->book, sizeof out->book, "%s", cs_js_text(rec, "id"));
        (void)snprintf(out->party, sizeof out->party, "%s",
                       cs_js_text(rec, "counterpartyId"));
    }
    json_decref(rec);
    return ok;
}

static void find_wallet(struct cs_platform_core *core, const char *chain,
                        const char *address, struct cs_payee *out)
{
    struct cs_pc_walk w = {.kind = CS_IX_WALLETS_ADDR,
                           .scope = cs_pc_scope(address, "")};

    for (int i = 0;
         i < SAME_ADDRESS_MAX && out->wallet[0] == '\0' && cs_pc_walk_next(core, &w);
         i++) {
        json_t *rec = cs_pc_get(core, CS_PC_WALLET, w.id);

        if (cs_js_is(rec, "blockchain", chain) &&
            cs_js_is(rec, "status", "PROVISIONED")) {
            (void)snprintf(out->wallet, sizeof out->wallet, "%s",
                           cs_js_text(rec, "id"));
        }
        json_decref(rec);
    }
}

void cs_book_payee(struct cs_platform_core *core, enum cs_chain chain,
                   const char *address, const uint32_t *tag, struct cs_payee *out)
{
    char one[CS_CHAIN_ADDRESS_MAX], key[CS_BOOK_KEY];
    const char *name = cs_chain_name(chain);

    memset(out, 0, sizeof *out);
    if (address[0] == '\0') {
        return;
    }
    cs_policy_normal(one, chain, address);
    if (tag != NULL) {
        (void)snprintf(key, sizeof key, "%s|%s#%u", name, one, (unsigned)*tag);
    }
    if (tag == NULL || !find_entry(core, key, out)) {
        (void)snprintf(key, sizeof key, "%s|%s", name, one);
        (void)find_entry(core, key, out);
    }
    find_wallet(core, name, address, out);
}

/* ---- changing ---------------------------------------------------------------- */

static const char *key_at(const json_t *rec, size_t i)
{
    return json_string_value(json_array_get(json_object_get(rec, "_keys"), i));
}

/* The i-th spelling, NULL when an earlier blockchain writes it the same way. */
static const char *spelling_at(const json_t *rec, size_t i)
{
    const char *own = strchr(key_at(rec, i), '|');

    for (size_t k = 0; k < i; k++) {
        if (strcmp(strchr(key_at(rec, k), '|'), own) == 0) {
            return NULL;
        }
    }
    return own + 1;
}

static struct cs_pc_scope chain_scope(const char *key)
{
    char chain[CS_BOOK_KEY];

    (void)snprintf(chain, sizeof chain, "%.*s", (int)strcspn(key, "|"), key);
    return cs_pc_scope(chain, "");
}

static uint64_t seq_of(const json_t *rec)
{
    return (uint64_t)cs_js_num(rec, "_seq");
}

/* In the index of those in force, for each blockchain. */
static void index_active(struct cs_platform_core *core, const json_t *rec, bool add)
{
    uint8_t id[CS_PC_ID];

    CS_ASSERT(cs_js_id(rec, "id", id));
    for (size_t i = 0; key_at(rec, i) != NULL; i++) {
        struct cs_pc_scope scope = chain_scope(key_at(rec, i));

        if (add) {
            cs_pc_index_add(core, CS_IX_ADDRESSES_CHAIN, scope, seq_of(rec), id);
        } else {
            cs_pc_index_del(core, CS_IX_ADDRESSES_CHAIN, scope, seq_of(rec));
        }
    }
}

static void index_lists(struct cs_platform_core *core, const json_t *rec, bool add)
{
    const struct cs_pc_scope all = cs_pc_scope("", ""),
                             party = cs_pc_scope(cs_js_text(rec, "counterpartyId"), "");
    uint8_t id[CS_PC_ID];

    CS_ASSERT(cs_js_id(rec, "id", id));
    if (add) {
        cs_pc_index_add(core, CS_IX_ADDRESSES, all, seq_of(rec), id);
        cs_pc_index_add(core, CS_IX_ADDRESSES_PARTY, party, seq_of(rec), id);
    } else {
        cs_pc_index_del(core, CS_IX_ADDRESSES, all, seq_of(rec));
        cs_pc_index_del(core, CS_IX_ADDRESSES_PARTY, party, seq_of(rec));
    }
    for (size_t i = 0; key_at(rec, i) != NULL; i++) {
        const char *one = spelling_at(rec, i);

        if (one != NULL && add) {
            cs_pc_index_add(core, CS_IX_ADDRESSES_TEXT, cs_pc_scope(one, ""),
                            seq_of(rec), id);
        } else if (one != NULL) {
            cs_pc_index_del(core, CS_IX_ADDRESSES_TEXT, cs_pc_scope(one, ""),
                            seq_of(rec));
        }
    }
}

/* Keys of a rejected entry may be another's by now. */
static void free_keys(struct cs_platform_core *core, const json_t *rec)
{
    uint8_t id[CS_PC_ID], owner[CS_PC_ID];

    CS_ASSERT(cs_js_id(rec, "id", id));
    for (size_t i = 0; key_at(rec, i) != NULL; i++) {
        if (cs_pc_unique_get(core, CS_UNIQUE_ADDRESS, key_at(rec, i), owner) &&
            memcmp(owner, id, sizeof id) == 0) {
            cs_pc_unique_del(core, CS_UNIQUE_ADDRESS, key_at(rec, i));
        }
    }
}

static void set_status(struct cs_platform_core *core, json_t *rec, const char *status,
                       bool active)
{
    if (cs_js_true(rec, "active") != active) {
        index_active(core, rec, active);
    }
    cs_js_str(rec, "status", status);
    cs_js_bool(rec, "active", active);
}

void cs_book_add(struct cs_platform_core *core, json_t *rec)
{
    uint8_t id[CS_PC_ID];

    CS_ASSERT(cs_js_id(rec, "id", id));
    for (size_t i = 0; key_at(rec, i) != NULL; i++) {
        cs_pc_unique_put(core, CS_UNIQUE_ADDRESS, key_at(rec, i), id);
    }
    index_lists(core, rec, true);
    if (cs_js_true(rec, "active")) {
        index_active(core, rec, true);
    }
    cs_pc_save(core, CS_PC_ADDRESS, rec);
}

void cs_book_remove(struct cs_platform_core *core, json_t *rec)
{
    set_status(core, rec, "DELETED", false);
    index_lists(core, rec, false);
    free_keys(core, rec);
    cs_js_bool(rec, "_deleted", true);
    cs_pc_save(core, CS_PC_ADDRESS, rec);
}

/* ---- what approvers decided -------------------------------------------------- */

bool cs_address_on_met(struct cs_platform_core *core, const json_t *set,
                       char why[CS_APPROVAL_WHY])
{
    json_t *rec = cs_approval_record(core, CS_PC_ADDRESS, set);
    bool ok = true;

    if (rec != NULL && !cs_address_bound(set, rec, why)) {
        ok = false;
    } else if (rec != NULL && cs_js_is(rec, "status", "CREATION_APPROVAL_PENDING")) {
        set_status(core, rec, "ENABLED", true);
        cs_pc_save(core, CS_PC_ADDRESS, rec);
    } else if (rec != NULL && cs_js_is(rec, "status", "DELETION_APPROVAL_PENDING")) {
        cs_book_remove(core, rec);
    } else {
        ok = cs_approval_no(why, "the address is gone or was decided already");
    }
    json_decref(rec);
    return ok;
}

void cs_address_on_not_met(struct cs_platform_core *core, const json_t *set)
{
    json_t *rec = cs_approval_record(core, CS_PC_ADDRESS, set);

    if (rec != NULL && cs_js_is(rec, "status", "CREATION_APPROVAL_PENDING")) {
        set_status(core, rec, "REJECTED", false);
        free_keys(core, rec);
        cs_pc_save(core, CS_PC_ADDRESS, rec);
    } else if (rec != NULL && cs_js_is(rec, "status", "DELETION_APPROVAL_PENDING")) {
        set_status(core, rec, "ENABLED", true);
        cs_pc_save(core, CS_PC_ADDRESS, rec);
    }
    json_decref(rec);
}
