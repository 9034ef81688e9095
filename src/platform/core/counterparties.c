/* Counterparties: whose the addresses of the book are (V2Counterparty). */
#include <string.h>

#include "platform/core/address_book.h"

enum { PARTIES_MAX = 10000, TEXT_MAX = 100 };

static json_t *party_view(struct cs_api *a, const json_t *rec)
{
    json_t *o = cs_js_public(rec);

    cs_js_int(o, "addressCount",
              (int64_t)cs_pc_index_count(a->core, CS_IX_ADDRESSES_PARTY,
                                         cs_pc_scope(cs_js_text(rec, "id"), "")));
    return o;
}

/* ---- reading bodies -------------------------------------------------------------- */

/* Texts of one object of the body into o; a name with '?' may be missing. */
static bool read_texts(struct cs_api *a, const json_t *from, const char *where,
                       const char *const *names, size_t n, json_t *o)
{
    struct cs_jr keep = a->in;
    bool ok;

    a->in = CS_JR(from);
    for (size_t i = 0; i < n; i++) {
        const char *text;

        if (names[i][0] == '?') {
            text = cs_api_name_opt(a, names[i] + 1, TEXT_MAX);
            if (text != NULL) {
                cs_js_str(o, names[i] + 1, text);
            }
        } else {
            cs_js_str(o, names[i], cs_api_name(a, names[i], TEXT_MAX));
        }
    }
    ok = a->in.err == CS_OK && a->code == CS_API_OK;
    if (!ok) {
        (void)cs_api_fail(a, CS_API_INVALID, where, "%s: %s", a->in.field, a->in.why);
    }
    a->in = keep;
    return ok;
}

/* Commonv2Address, where there is one. */
static bool read_postal(struct cs_api *a, const json_t *from, const char *where,
                        json_t *o)
{
    static const char *const names[] = {"address1", "?address2", "city",
                                        "state",    "postCode",  "country"};
    const json_t *postal = json_object_get(from, "address");
    json_t *out;

    if (postal == NULL || json_is_null(postal)) {
        return true;
    }
    out = cs_js_obj();
    cs_js_set(o, "address", out);
    if (!json_is_object(postal)) {
        (void)cs_api_fail(a, CS_API_INVALID, where, "address must be an object");
        return false;
    }
    return read_texts(a, postal, where, names, CS_COUNTOF(names), out);
}

/* The one part that belongs to the type; the others must not be there. */
static const struct kind {
    const char *type, *member, *names[2];
    size_t n;
    bool required;
} kinds[] = {
    {"INDIVIDUAL", "individual", {"firstName", "lastName"}, 2, true},
    {"ORGANIZATION", "organization", {"legalName", NULL}, 1, true},
    {"DAPP", "dApp", {NULL, NULL}, 0, false},
};

static bool read_part(struct cs_api *a, const struct kind *k, const json_t *details,
                      json_t *o)
{
    const json_t *part = json_object_get(details, k->member);
    json_t *out;

    if (!json_is_object(part)) {
        if (k->required || (part != NULL && !json_is_null(part))) {
            (void)cs_api_fail(a, CS_API_INVALID, k->member,
                              "must be an object for type %s", k->type);
            return false;
        }
        return true;
    }
    out = cs_js_obj();
    cs_js_set(o, k->member, out);
    return read_texts(a, part, k->member, k->names, k->n, out) &&
           (k->n == 0 || read_postal(a, part, k->member, out));
}

static const struct kind *kind_of(const char *type)
{
    for (size_t i = 0; i < CS_COUNTOF(kinds); i++) {
        if (strcmp(kinds[i].type, type) == 0) {
            return &kinds[i];
        }
    }
    return NULL;
}

/* Owned; NULL: refusal set. */
static json_t *read_details(struct cs_api *a)
{
    const json_t *details = cs_jr_object(&a->in, "details");
    const struct kind *k = kind_of(cs_js_text(details, "type"));
    json_t *o;

    if (a->in.err == CS_OK && k == NULL) {
        cs_jr_fail(&a->in, "type", "must be ORGANIZATION, INDIVIDUAL or DAPP");
    }
    if (cs_api_bad_body(a)) {
        return NULL;
    }
    o = cs_js_obj();
    cs_js_str(o, "type", k->type);
    if (!read_part(a, k, details, o)) {
        json_decref(o);
        return NULL;
    }
    return o;
}

static void set_names(struct cs_api *a, json_t *rec, const char *name,
                      const char *description)
{
    cs_js_str(rec, "name", name);
    if (description != NULL) {
        cs_js_str(rec, "description", description);
    }
    cs_js_str(rec, "updatedBy", a->actor);
}

/* ---- handlers -------------------------------------------------------------------- */

json_t *cs_api_party_create(struct cs_api *a)
{
    const char *name = cs_api_name(a, "name", CS_API_NAME);
    const char *description = cs_api_name_opt(a, "description", CS_API_TEXT);
    json_t *details = read_details(a), *rec, *view;
    uint8_t id[CS_PC_ID];

    if (details == NULL) {
        return NULL;
    }
    if (cs_pc_index_count(a->core, CS_IX_PARTIES, cs_pc_scope("", "")) >= PARTIES_MAX) {
        json_decref(details);
        return cs_api_fail(a, CS_API_LIMIT, "",
                           "there are %d counterparties, the most there can be: delete "
                           "one",
                           PARTIES_MAX);
    }
    cs_pc_new_id(a->core, id);
    rec = cs_pc_make(a->core, id, a->actor);
    set_names(a, rec, name, description);
    cs_js_set(rec, "details", details);
    cs_pc_save(a->core, CS_PC_PARTY, rec);
    cs_pc_index_add(a->core, CS_IX_PARTIES, cs_pc_scope("", ""),
                    (uint64_t)cs_js_num(rec, "_seq"), id);
    view = party_view(a, rec);
    json_decref(rec);
    return view;
}

json_t *cs_api_party_get(struct cs_api *a)
{
    json_t *rec = cs_api_record(a, CS_PC_PARTY, 0, "counterparty");
    json_t *view = rec == NULL ? NULL : party_view(a, rec);

    json_decref(rec);
    return view;
}

json_t *cs_api_party_list(struct cs_api *a)
{
    const struct cs_api_page p = {.table = CS_PC_PARTY,
                                  .kind = CS_IX_PARTIES,
                                  .scope = cs_pc_scope("", ""),
                                  .name = "counterparties",
                                  .search = "name",
                                  .view = party_view};

    return cs_api_page(a, &p);
}

json_t *cs_api_party_update(struct cs_api *a)
{
    const char *name = cs_api_name(a, "name", CS_API_NAME);
    const char *description = cs_api_name_opt(a, "description", CS_API_TEXT);
    json_t *rec = NULL, *view = NULL;

    if (!cs_api_bad_body(a)) {
        rec = cs_api_record(a, CS_PC_PARTY, 0, "counterparty");
    }
    if (rec != NULL) {
        set_names(a, rec, name, description);
        cs_pc_save(a->core, CS_PC_PARTY, rec);
        view = party_view(a, rec);
    }
    json_decref(rec);
    return view;
}

/* Its addresses may be what wallets pay to: whoever wants them gone says so for each.
 */
json_t *cs_api_party_delete(struct cs_api *a)
{
    json_t *rec = cs_api_record(a, CS_PC_PARTY, 0, "counterparty");

    if (rec == NULL) {
        return NULL;
    }
    if (cs_pc_index_count(a->core, CS_IX_ADDRESSES_PARTY,
                          cs_pc_scope(cs_js_text(rec, "id"), "")) > 0) {
        json_decref(rec);
        return cs_api_fail(a, CS_API_STATE, "id",
                           "it has addresses: delete those first");
    }
    cs_js_bool(rec, "_deleted", true);
    cs_pc_index_del(a->core, CS_IX_PARTIES, cs_pc_scope("", ""),
                    (uint64_t)cs_js_num(rec, "_seq"));
    cs_pc_save(a->core, CS_PC_PARTY, rec);
    json_decref(rec);
    return cs_js_obj();
}
