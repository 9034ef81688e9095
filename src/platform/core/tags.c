/* Tags of vaults and wallets: short words to find them by.  They stand in the record
 * ("tags"), and the index of those that have any. */
#include <string.h>

#include "platform/core/api.h"

enum { TAGS_MAX = 20, LIST_MAX = 1000, TAG_BYTES = 4 * CS_API_NAME + 1 };

static bool is_wallet(const json_t *rec)
{
    return json_object_get(rec, "vaultId") != NULL;
}

static json_t *copy_tags(const json_t *rec)
{
    const json_t *tags = json_object_get(rec, "tags");

    return tags == NULL ? cs_js_arr() : json_deep_copy(tags);
}

static json_t *tag_view(struct cs_api *a, const json_t *rec)
{
    json_t *o = cs_js_obj();

    (void)a;
    if (is_wallet(rec)) {
        cs_js_str(o, "walletId", cs_js_text(rec, "id"));
        cs_js_str(o, "vaultId", cs_js_text(rec, "vaultId"));
    } else {
        cs_js_str(o, "vaultId", cs_js_text(rec, "id"));
    }
    cs_js_set(o, "tags", copy_tags(rec));
    return o;
}

static json_t *one_view(struct cs_api *a, const json_t *rec)
{
    json_t *list = cs_js_arr();

    cs_js_push(list, tag_view(a, rec));
    return list;
}

static size_t place_of(const json_t *tags, const char *tag)
{
    size_t i = 0;

    while (i < json_array_size(tags) &&
           strcmp(json_string_value(json_array_get(tags, i)), tag) != 0) {
        i++;
    }
    return i;
}

/* ---- indexes --------------------------------------------------------------------- */

static void index_one(struct cs_platform_core *core, enum cs_pc_index kind,
                      const char *scope, const json_t *rec, bool add)
{
    uint64_t seq = (uint64_t)cs_js_num(rec, "_seq");
    uint8_t id[CS_PC_ID];

    CS_ASSERT(cs_js_id(rec, "id", id));
    if (add) {
        cs_pc_index_add(core, kind, cs_pc_scope(scope, ""), seq, id);
    } else {
        cs_pc_index_del(core, kind, cs_pc_scope(scope, ""), seq);
    }
}

static void index_rec(struct cs_platform_core *core, const json_t *rec, bool add)
{
    if (is_wallet(rec)) {
        index_one(core, CS_IX_TAGGED_WALLETS, "", rec, add);
        index_one(core, CS_IX_TAGGED_WALLETS, cs_js_text(rec, "vaultId"), rec, add);
    } else {
        index_one(core, CS_IX_TAGGED_VAULTS, "", rec, add);
    }
}

static void save_tags(struct cs_api *a, json_t *rec, json_t *tags)
{
    bool had = json_array_size(json_object_get(rec, "tags")) > 0,
         has = json_array_size(tags) > 0;

    if (had != has) {
        index_rec(a->core, rec, has);
    }
    cs_js_set(rec, "tags", tags);
    cs_pc_save(a->core, is_wallet(rec) ? CS_PC_WALLET : CS_PC_VAULT, rec);
}

/* ---- changing -------------------------------------------------------------------- */

static json_t *record(struct cs_api *a, bool wallet)
{
    return wallet ? cs_api_wallet_record(a) : cs_api_record(a, CS_PC_VAULT, 0, "vault");
}

static void add(struct cs_api *a, json_t *rec, const char *tag)
{
    json_t *tags = copy_tags(rec);

    if (place_of(tags, tag) < json_array_size(tags)) {
        json_decref(tags); /* it is there: said twice is said once */
    } else if (json_array_size(tags) >= TAGS_MAX) {
        json_decref(tags);
        (void)cs_api_fail(a, CS_API_LIMIT, "tag",
                          "there are %d tags already, the most there can be: take one "
                          "off",
                          TAGS_MAX);
    } else {
        cs_js_push_text(tags, tag);
        save_tags(a, rec, tags);
    }
}

static json_t *tag_add(struct cs_api *a, bool wallet)
{
    const char *tag = cs_api_name(a, "tag", CS_API_NAME);
    json_t *rec = cs_api_bad_body(a) ? NULL : record(a, wallet), *view = NULL;

    if (rec != NULL) {
        add(a, rec, tag);
        view = a->code == CS_API_OK ? one_view(a, rec) : NULL;
    }
    json_decref(rec);
    return view;
}

static void take(struct cs_api *a, json_t *rec, const char *tag)
{
    json_t *tags = copy_tags(rec);
    size_t at = place_of(tags, tag);

    if (at == json_array_size(tags)) {
        json_decref(tags);
        (void)cs_api_fail(a, CS_API_NOT_FOUND, "tag", "is none of its tags");
        return;
    }
    CS_ASSERT(json_array_remove(tags, at) == 0);
    save_tags(a, rec, tags);
}

static json_t *tag_delete(struct cs_api *a, bool wallet)
{
    char tag[TAG_BYTES];
    json_t *rec;

    if (!cs_api_query(a, "tag", tag, sizeof tag)) {
        return NULL;
    }
    if (tag[0] == '\0') {
        return cs_api_fail(a, CS_API_INVALID, "tag", "is missing: ?tag=..");
    }
    rec = record(a, wallet);
    if (rec != NULL) {
        take(a, rec, tag);
    }
    json_decref(rec);
    return a->code == CS_API_OK ? cs_js_obj() : NULL;
}

json_t *cs_api_vault_tag_add(struct cs_api *a)
{
    return tag_add(a, false);
}

json_t *cs_api_wallet_tag_add(struct cs_api *a)
{
    return tag_add(a, true);
}

json_t *cs_api_vault_tag_delete(struct cs_api *a)
{
    return tag_delete(a, false);
}

json_t *cs_api_wallet_tag_delete(struct cs_api *a)
{
    return tag_delete(a, true);
}

/* ---- reading --------------------------------------------------------------------- */

static json_t *tags_of(struct cs_api *a, bool wallet)
{
    json_t *rec = record(a, wallet);
    json_t *view = rec == NULL ? NULL : one_view(a, rec);

    json_decref(rec);
    return view;
}

json_t *cs_api_vault_tags(struct cs_api *a)
{
    return tags_of(a, false);
}

json_t *cs_api_wallet_tags(struct cs_api *a)
{
    return tags_of(a, true);
}

static struct cs_api_page page_of(uint8_t table, enum cs_pc_index kind,
                                  const char *scope)
{
    return (struct cs_api_page){.table = table,
                                .kind = kind,
                                .scope = cs_pc_scope(scope, ""),
                                .view = tag_view};
}

/* The vendor's bare arrays: pages for those who ask (cs_api_array). */
json_t *cs_api_vault_tag_list(struct cs_api *a)
{
    const struct cs_api_page p = page_of(CS_PC_VAULT, CS_IX_TAGGED_VAULTS, "");

    return cs_api_array(a, &p, LIST_MAX);
}

json_t *cs_api_wallet_tag_list(struct cs_api *a)
{
    json_t *vault = cs_api_record(a, CS_PC_VAULT, 0, "vault"), *list;
    struct cs_api_page p;

    if (vault == NULL) {
        return NULL;
    }
    p = page_of(CS_PC_WALLET, CS_IX_TAGGED_WALLETS, cs_js_text(vault, "id"));
    list = cs_api_array(a, &p, LIST_MAX);
    json_decref(vault);
    return list;
}

/* Two lists in one answer have no place for a page: the first of each. */
json_t *cs_api_tag_list(struct cs_api *a)
{
    const struct cs_api_page v = page_of(CS_PC_VAULT, CS_IX_TAGGED_VAULTS, "");
    const struct cs_api_page w = page_of(CS_PC_WALLET, CS_IX_TAGGED_WALLETS, "");
    json_t *o = cs_js_obj();

    cs_js_set(o, "vaultTags", cs_api_list(a, &v, LIST_MAX));
    cs_js_set(o, "walletTags",
              cs_api_may(a, CS_PERM_WALLETS_READ) ? cs_api_list(a, &w, LIST_MAX)
                                                  : cs_js_arr());
    return o;
}
