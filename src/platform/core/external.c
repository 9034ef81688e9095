/* externalId (DECISIONS 25): the client's own name of what it creates.  The same id
 * with the same wishes gives the same record; with other wishes it is refused. */
#include <stdio.h>
#include <string.h>

#include "platform/core/api.h"

static void external_key(char *out, size_t size, const char *scope,
                         const char *external)
{
    (void)snprintf(out, size, "%s/%s", scope, external);
}

/* Every member that was wished for has to be the record's. */
static bool same_wishes(const json_t *rec, const json_t *wanted)
{
    void *it = json_object_iter((json_t *)(uintptr_t)wanted);

    for (; it != NULL; it = json_object_iter_next((json_t *)(uintptr_t)wanted, it)) {
        const json_t *own = json_object_get(rec, json_object_iter_key(it));
        const char *wish = json_string_value(json_object_iter_value(it));

        if (own == NULL && wish != NULL && wish[0] == '\0') {
            continue; /* records of an older version lack what is new and empty */
        }
        if (!json_equal(own, json_object_iter_value(it))) {
            return false;
        }
    }
    return true;
}

bool cs_api_external(struct cs_api *a, enum cs_pc_unique kind, uint8_t table,
                     const char *scope, const json_t *wanted, json_t **rec)
{
    char key[CS_UUID_LEN + 4 * CS_API_EXT + 2];
    uint8_t id[CS_PC_ID];

    *rec = NULL;
    if (cs_js_text(wanted, "externalId")[0] == '\0') {
        return true;
    }
    external_key(key, sizeof key, scope, cs_js_text(wanted, "externalId"));
    if (!cs_pc_unique_get(a->core, kind, key, id)) {
        return true;
    }
    *rec = cs_pc_get(a->core, table, id);
    if (*rec != NULL && same_wishes(*rec, wanted)) {
        return true;
    }
    json_decref(*rec);
    *rec = NULL;
    (void)cs_api_fail(a, CS_API_EXISTS, "externalId",
                      "was used for something else: choose another one");
    return false;
}

void cs_api_external_put(struct cs_api *a, enum cs_pc_unique kind, const char *scope,
                         const json_t *rec)
{
    char key[CS_UUID_LEN + 4 * CS_API_EXT + 2];
    uint8_t id[CS_PC_ID];

    if (cs_js_text(rec, "externalId")[0] != '\0' && cs_js_id(rec, "id", id)) {
        external_key(key, sizeof key, scope, cs_js_text(rec, "externalId"));
        cs_pc_unique_put(a->core, kind, key, id);
    }
}
