/* Addresses of the book (Counterpartyv2Address): the REST paths.  A record has _keys:
 * "CHAIN|address in its one spelling" for each blockchain, which are taken while it is
 * in the book, and in force while it is `active`. */
#include <stdio.h>
#include <string.h>

#include "platform/core/address_book.h"
#include "platform/core/approval_sources.h"

enum { ADDRESSES_MAX = 100000, PARTY_MAX = 1000, CHAINS_MAX = 40 };

json_t *cs_address_view(struct cs_api *a, const json_t *rec)
{
    json_t *o = cs_js_public(rec);

    cs_approval_mark(a->core, CS_SOURCE_ADDRESS, o);
    return o;
}

/* ---- reading the body ------------------------------------------------------------ */

/* One blockchain of the list: the address is one there, and its key is free. */
static bool read_chain(struct cs_api *a, size_t i, const char *name,
                       const char *address, json_t *keys)
{
    char key[CS_BOOK_KEY], field[40];
    uint8_t id[CS_PC_ID];

    (void)snprintf(field, sizeof field, "blockchains[%zu]", i);
    if (cs_chain_by_name(name) == NULL) {
        (void)cs_api_fail(a, CS_API_INVALID, field, "is no blockchain");
        return false;
    }
    if (!cs_book_key(key, name, address)) {
        (void)cs_api_fail(a, CS_API_INVALID, "address",
                          "is no address of %s: check it letter by letter (XRP_LEDGER: "
                          "\"rAddress\", with a tag \"rAddress#77\")",
                          name);
        return false;
    }
    if (cs_pc_unique_get(a->core, CS_UNIQUE_ADDRESS, key, id)) {
        (void)cs_api_fail(a, CS_API_EXISTS, "address",
                          "is in the address book on %s already: an address is there "
                          "once",
                          name);
        return false;
    }
    for (size_t k = 0; k < json_array_size(keys); k++) {
        if (strcmp(json_string_value(json_array_get(keys, k)), key) == 0) {
            (void)cs_api_fail(a, CS_API_INVALID, field, "is named twice");
            return false;
        }
    }
    cs_js_push_text(keys, key);
    return true;
}

static bool read_chains(struct cs_api *a, const json_t *list, const char *address,
                        json_t *rec, json_t *external)
{
    json_t *keys = cs_js_arr(), *names = cs_js_arr();

    cs_js_set(rec, "_keys", keys);
    cs_js_set(external, "blockchains", names);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *name = json_string_value(json_array_get(list, i));

        if (!read_chain(a, i, name == NULL ? "" : name, address, keys)) {
            return false;
        }
        cs_js_push_text(names, name);
    }
    return true;
}

/* V2ExternalAddress: from is its object. */
static bool read_parts(struct cs_api *a, const json_t *from, json_t *rec,
                       json_t *external)
{
    const char *address, *name, *description;
    const json_t *list;

    a->in = CS_JR(from); /* the last that is read of the body */
    address = cs_api_name(a, "address", CS_CHAIN_ADDRESS_MAX - 1);
    name = cs_api_name(a, "name", CS_API_NAME);
    description = cs_api_name_opt(a, "description", CS_API_TEXT);
    list = cs_jr_array(&a->in, "blockchains", 1, CHAINS_MAX);
    if (cs_api_bad_body(a)) {
        return false;
    }
    cs_js_str(external, "address", address);
    cs_js_str(external, "name", name);
    if (description != NULL) {
        cs_js_str(external, "description", description);
    }
    return read_chains(a, list, address, rec, external);
}

static bool read_external(struct cs_api *a, json_t *rec)
{
    const json_t *details = cs_jr_object(&a->in, "details");
    const json_t *from = json_object_get(details, "externalAddress");
    json_t *o, *external;

    if (a->in.err == CS_OK && !cs_js_is(details, "type", "EXTERNAL")) {
        cs_jr_fail(&a->in, "type", "must be EXTERNAL");
    }
    if (a->in.err == CS_OK && !json_is_object(from)) {
        cs_jr_fail(&a->in, "externalAddress", "must be an object");
    }
    if (cs_api_bad_body(a)) {
        return false;
    }
    o = cs_js_obj();
    external = cs_js_obj();
    cs_js_str(o, "type", "EXTERNAL");
    cs_js_set(o, "externalAddress", external);
    cs_js_set(rec, "details", o);
    return read_parts(a, from, rec, external);
}

static bool read_custodian(struct cs_api *a, json_t *rec)
{
    struct cs_jr in;
    json_t *o;

    if (!cs_jr_has(&a->in, "custodian")) {
        return true;
    }
    in = CS_JR(cs_jr_object(&a->in, "custodian"));
    if (cs_api_bad_body(a)) {
        return false;
    }
    o = cs_js_obj();
    cs_js_str(o, "name", cs_jr_str(&in, "name", 2 * CS_API_NAME, false));
    cs_js_str(o, "dId", cs_jr_str(&in, "dId", CS_API_EXT, false));
    cs_js_set(rec, "custodian", o);
    if (in.err != CS_OK) {
        (void)cs_api_fail(a, CS_API_INVALID, "custodian", "%s: %s", in.field, in.why);
    }
    return a->code == CS_API_OK;
}

/* All that the body says; owned, NULL: refusal set. */
static json_t *read_wishes(struct cs_api *a)
{
    json_t *o = cs_js_obj();
    bool accepted = cs_jr_bool(&a->in, "termsAndConditionsAccepted");

    if (a->in.err == CS_OK && !accepted) {
        cs_jr_fail(&a->in, "termsAndConditionsAccepted", "must be true");
    }
    cs_js_bool(o, "termsAndConditionsAccepted", true);
    if (cs_api_bad_body(a) || !read_custodian(a, o) || !read_external(a, o)) {
        json_decref(o);
        return NULL;
    }
    return o;
}

/* ---- creating -------------------------------------------------------------------- */

static bool has_room(struct cs_api *a, const json_t *party)
{
    if (cs_pc_index_count(a->core, CS_IX_ADDRESSES, cs_pc_scope("", "")) >=
            ADDRESSES_MAX ||
        cs_pc_index_count(a->core, CS_IX_ADDRESSES_PARTY,
                          cs_pc_scope(cs_js_text(party, "id"), "")) >= PARTY_MAX) {
        (void)cs_api_fail(a, CS_API_LIMIT, "",
                          "the address book has at most %d addresses, a counterparty "
                          "%d: delete one first",
                          ADDRESSES_MAX, PARTY_MAX);
    }
    return a->code == CS_API_OK;
}

static const char *const bound_names[] = {"counterpartyId", "details", "custodian"};

bool cs_address_bound(const json_t *set, const json_t *rec, char why[CS_APPROVAL_WHY])
{
    return cs_approval_bound(set, rec, bound_names, CS_COUNTOF(bound_names), why);
}

static void line_of_custodian(json_t *lines, const json_t *custodian)
{
    char text[8 * CS_API_NAME + 4 * CS_API_EXT + 8];

    if (custodian != NULL) {
        (void)snprintf(text, sizeof text, "%s, %s", cs_js_text(custodian, "name"),
                       cs_js_text(custodian, "dId"));
        cs_approval_line(lines, "Custodian", text);
    }
}

/* Limits may name the counterparty, so whose it is is part of what is approved. */
static void line_of_party(struct cs_platform_core *core, json_t *lines,
                          const json_t *rec)
{
    uint8_t id[CS_PC_ID];
    json_t *party = cs_js_id(rec, "counterpartyId", id)
                        ? cs_pc_get(core, CS_PC_PARTY, id)
                        : NULL;

    cs_approval_line(lines, "Counterparty", cs_js_text(party, "name"));
    cs_approval_line(lines, "Counterparty id", cs_js_text(rec, "counterpartyId"));
    json_decref(party);
}

static bool ask_approval(struct cs_api *a, const json_t *rec,
                         enum cs_approval_action action, const char *title)
{
    const json_t *e = json_object_get(json_object_get(rec, "details"),
                                      "externalAddress");
    json_t *lines = cs_js_arr(), *proposed = cs_js_obj(), *set;
    bool ok;

    cs_approval_line(lines, "Address", cs_js_text(e, "address"));
    cs_approval_line(lines, "Name", cs_js_text(e, "name"));
    cs_approval_line(lines, "Description", cs_js_text(e, "description"));
    line_of_party(a->core, lines, rec);
    line_of_custodian(lines, json_object_get(rec, "custodian"));
    cs_approval_line_list(lines, "Blockchains", json_object_get(e, "blockchains"),
                          "none");
    cs_approval_bind(proposed, rec, bound_names, CS_COUNTOF(bound_names));
    set = cs_approval_open_with(a, CS_SOURCE_ADDRESS, rec, action, proposed, title,
                                lines);
    ok = set != NULL;
    json_decref(proposed);
    json_decref(set);
    return ok;
}

static json_t *create(struct cs_api *a, const json_t *party, json_t *wishes)
{
    bool waits = cs_approval_wanted(a->core, CS_SOURCE_ADDRESS, NULL);
    uint8_t id[CS_PC_ID];
    json_t *rec, *view = NULL;

    if (!has_room(a, party) ||
        (waits && !cs_approval_can_open(a, CS_SOURCE_ADDRESS, NULL))) {
        return NULL;
    }
    cs_pc_new_id(a->core, id);
    rec = cs_pc_make(a->core, id, a->actor);
    cs_js_str(rec, "addressId", cs_js_text(rec, "id"));
    cs_js_str(rec, "counterpartyId", cs_js_text(party, "id"));
    cs_js_str(rec, "updatedBy", a->actor);
    CS_ASSERT(json_object_update(rec, wishes) == 0);
    cs_js_str(rec, "status", waits ? "CREATION_APPROVAL_PENDING" : "ENABLED");
    cs_js_bool(rec, "active", !waits);
    if (!waits || ask_approval(a, rec, CS_ACTION_CREATE,
                               "An address is put into the address book")) {
        cs_book_add(a->core, rec);
        view = cs_address_view(a, rec);
    }
    json_decref(rec);
    return view;
}

json_t *cs_api_address_create(struct cs_api *a)
{
    json_t *party = cs_api_record(a, CS_PC_PARTY, 0, "counterparty"), *view = NULL;
    json_t *wishes = party == NULL ? NULL : read_wishes(a);

    if (wishes != NULL) {
        view = create(a, party, wishes);
    }
    json_decref(wishes);
    json_decref(party);
    return view;
}

/* ---- reading --------------------------------------------------------------------- */

static json_t *address_record(struct cs_api *a)
{
    json_t *party = cs_api_record(a, CS_PC_PARTY, 0, "counterparty"), *rec = NULL;

    if (party != NULL) {
        rec = cs_api_record(a, CS_PC_ADDRESS, 1, "address");
    }
    if (rec != NULL && !cs_js_is(rec, "counterpartyId", cs_js_text(party, "id"))) {
        json_decref(rec);
        rec = NULL;
        (void)cs_api_fail(a, CS_API_NOT_FOUND, "",
                          "there is no such address of this counterparty");
    }
    json_decref(party);
    return rec;
}

json_t *cs_api_address_get(struct cs_api *a)
{
    json_t *rec = address_record(a);
    json_t *view = rec == NULL ? NULL : cs_address_view(a, rec);

    json_decref(rec);
    return view;
}

json_t *cs_api_address_list(struct cs_api *a)
{
    struct cs_api_page p = {.table = CS_PC_ADDRESS,
                            .kind = CS_IX_ADDRESSES_PARTY,
                            .name = "addresses",
                            .view = cs_address_view};
    json_t *party = cs_api_record(a, CS_PC_PARTY, 0, "counterparty");

    if (party == NULL) {
        return NULL;
    }
    p.scope = cs_pc_scope(cs_js_text(party, "id"), "");
    json_decref(party);
    return cs_api_page(a, &p);
}

json_t *cs_api_address_list_all(struct cs_api *a)
{
    struct cs_api_page p = {.table = CS_PC_ADDRESS,
                            .kind = CS_IX_ADDRESSES,
                            .scope = cs_pc_scope("", ""),
                            .name = "addresses",
                            .view = cs_address_view};
    char text[CS_CHAIN_ADDRESS_MAX], one[CS_CHAIN_ADDRESS_MAX];

    if (!cs_api_query(a, "address", text, sizeof text)) {
        return NULL;
    }
    if (text[0] != '\0') {
        cs_book_spelling(one, text);
        p.kind = CS_IX_ADDRESSES_TEXT;
        p.scope = cs_pc_scope(one, "");
    }
    return cs_api_page(a, &p);
}

/* ---- deleting -------------------------------------------------------------------- */

static void delete_now(struct cs_api *a, json_t *rec)
{
    cs_js_str(rec, "updatedBy", a->actor);
    if (cs_js_true(rec, "active") &&
        cs_approval_wanted(a->core, CS_SOURCE_ADDRESS, NULL)) {
        if (ask_approval(a, rec, CS_ACTION_DELETE,
                         "An address is taken out of the address book")) {
            cs_js_str(rec, "status", "DELETION_APPROVAL_PENDING"); /* in force still */
            cs_pc_save(a->core, CS_PC_ADDRESS, rec);
        }
        return;
    }
    cs_approval_withdraw(a->core, CS_SOURCE_ADDRESS, cs_js_text(rec, "id"),
                         "the address was deleted");
    cs_book_remove(a->core, rec);
}

json_t *cs_api_address_delete(struct cs_api *a)
{
    json_t *rec = address_record(a);
    bool waits = rec != NULL && cs_js_true(rec, "active") &&
                 cs_approval_blocks(a, CS_SOURCE_ADDRESS, cs_js_text(rec, "id"));

    if (rec != NULL && !waits) {
        delete_now(a, rec);
    }
    json_decref(rec);
    return a->code == CS_API_OK ? cs_js_obj() : NULL;
}
