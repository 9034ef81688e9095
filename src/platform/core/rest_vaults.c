#include <string.h>

#include "platform/core/api.h"

static json_t *vault_view(struct cs_api *a, const json_t *rec)
{
    (void)a;
    return cs_js_public(rec);
}

/* Members of a create or update request that are there. */
static json_t *read_wishes(struct cs_api *a, bool with_external)
{
    const char *name = cs_api_name(a, "name", CS_API_NAME);
    const char *description = cs_api_name_opt(a, "description", CS_API_TEXT);
    const char *external = with_external ? cs_api_name_opt(a, "externalId", CS_API_EXT)
                                         : NULL;
    const char *correlation = cs_api_name_opt(a, "correlationId", CS_API_EXT);
    json_t *o;

    if (cs_api_bad_body(a)) {
        return NULL;
    }
    o = cs_js_obj();
    cs_js_str(o, "name", name);
    if (description != NULL) {
        cs_js_str(o, "description", description);
    }
    if (external != NULL) {
        cs_js_str(o, "externalId", external);
    }
    if (correlation != NULL) {
        cs_js_str(o, "correlationId", correlation);
    }
    return o;
}

static void index_corr(struct cs_api *a, const json_t *rec, bool add)
{
    const char *corr = cs_js_text(rec, "correlationId");
    uint64_t seq = (uint64_t)cs_js_num(rec, "_seq");
    uint8_t id[CS_PC_ID];

    if (corr[0] == '\0' || !cs_js_id(rec, "id", id)) {
        return;
    }
    if (add) {
        cs_pc_index_add(a->core, CS_IX_VAULTS_CORR, cs_pc_scope(corr, ""), seq, id);
    } else {
        cs_pc_index_del(a->core, CS_IX_VAULTS_CORR, cs_pc_scope(corr, ""), seq);
    }
}

static json_t *create(struct cs_api *a, json_t *wishes)
{
    uint8_t id[CS_PC_ID];
    json_t *rec, *view;

    if (cs_pc_index_count(a->core, CS_IX_VAULTS, cs_pc_scope("", "")) >=
        a->core->cfg.limits.max_vaults) {
        return cs_api_fail(
            a, CS_API_LIMIT, "",
            "there are as many vaults as allowed: use one that is there");
    }
    cs_pc_new_id(a->core, id);
    rec = cs_pc_make(a->core, id, a->actor);
    CS_ASSERT(json_object_update(rec, wishes) == 0);
    cs_pc_save(a->core, CS_PC_VAULT, rec);
    cs_pc_index_add(a->core, CS_IX_VAULTS, cs_pc_scope("", ""),
                    (uint64_t)cs_js_num(rec, "_seq"), id);
    index_corr(a, rec, true);
    cs_api_external_put(a, CS_UNIQUE_VAULT, "", rec);
    view = vault_view(a, rec);
    json_decref(rec);
    return view;
}

json_t *cs_api_vault_create(struct cs_api *a)
{
    json_t *wishes = read_wishes(a, true), *rec = NULL, *view = NULL;

    if (wishes != NULL &&
        cs_api_external(a, CS_UNIQUE_VAULT, CS_PC_VAULT, "", wishes, &rec)) {
        view = rec != NULL ? vault_view(a, rec) : create(a, wishes);
    }
    json_decref(rec);
    json_decref(wishes);
    return view;
}

json_t *cs_api_vault_get(struct cs_api *a)
{
    json_t *rec = cs_api_record(a, CS_PC_VAULT, 0, "vault");
    json_t *view = rec == NULL ? NULL : vault_view(a, rec);

    json_decref(rec);
    return view;
}

json_t *cs_api_vault_list(struct cs_api *a)
{
    struct cs_api_page p = {.table = CS_PC_VAULT,
                            .kind = CS_IX_VAULTS,
                            .scope = cs_pc_scope("", ""),
                            .name = "vaults",
                            .search = "name",
                            .view = vault_view};

    if (!cs_api_query(a, "correlationId", a->want_corr, sizeof a->want_corr)) {
        return NULL;
    }
    if (a->want_corr[0] != '\0') {
        p.kind = CS_IX_VAULTS_CORR;
        p.scope = cs_pc_scope(a->want_corr, "");
    }
    return cs_api_page(a, &p);
}

json_t *cs_api_vault_update(struct cs_api *a)
{
    json_t *wishes = read_wishes(a, false), *rec, *view;

    rec = wishes == NULL ? NULL : cs_api_record(a, CS_PC_VAULT, 0, "vault");
    if (rec == NULL) {
        json_decref(wishes);
        return NULL;
    }
    index_corr(a, rec, false);
    CS_ASSERT(json_object_update(rec, wishes) == 0);
    index_corr(a, rec, true);
    cs_pc_save(a->core, CS_PC_VAULT, rec);
    view = vault_view(a, rec);
    json_decref(rec);
    json_decref(wishes);
    return view;
}
