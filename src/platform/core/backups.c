#include "platform/core/backups.h"

#include <string.h>

#include "platform/core/api.h"

enum { PAGE_COST = 4 }; /* of one quorum, in verifications (limits.c) */

/* ---- what a node tells ------------------------------------------------- */

static bool same(const struct cs_ctl_backup *a, const struct cs_ctl_backup *b)
{
    return a->time == b->time && a->copy_time == b->copy_time && a->keys == b->keys &&
           a->without == b->without && a->complete == b->complete &&
           a->n_to == b->n_to && a->n_missing == b->n_missing &&
           memcmp(a->to, b->to, a->n_to * sizeof a->to[0]) == 0 &&
           memcmp(a->missing, b->missing, a->n_missing * sizeof a->missing[0]) == 0;
}

static void add_time(json_t *o, const char *name, uint64_t ms)
{
    if (ms == 0) {
        cs_js_set(o, name, json_null());
    } else {
        cs_js_time(o, name, (int64_t)(ms & INT64_MAX));
    }
}

static json_t *backup_view(const struct cs_ctl_backup *b)
{
    json_t *o = cs_js_obj(), *to = cs_js_arr();

    add_time(o, "at", b->time);
    add_time(o, "copyAt", b->copy_time);
    cs_js_bool(o, "complete", b->complete);
    cs_js_int(o, "keys", b->keys);
    cs_js_int(o, "keysWithoutKit", b->without);
    for (size_t i = 0; i < b->n_to; i++) {
        cs_js_push(to, cs_json_hex(b->to[i].id, sizeof b->to[i].id));
    }
    cs_js_set(o, "recipients", to);
    return o;
}

static json_t *missing_ids(const struct cs_ctl_backup *b)
{
    json_t *list = cs_js_arr();

    for (size_t i = 0; i < b->n_missing; i++) {
        cs_js_push(list, cs_json_uuid(b->missing[i].id));
    }
    return list;
}

/* Takes both. */
static void save(struct cs_platform_core *core, const struct cs_pc_live *l,
                 json_t *backup, json_t *missing)
{
    json_t *device = cs_pc_get(core, CS_PC_DEVICE, l->id);

    if (device == NULL || (json_equal(json_object_get(device, "backup"), backup) &&
                           json_equal(json_object_get(device, "_noBackup"), missing))) {
        json_decref(backup);
        json_decref(missing);
    } else {
        cs_js_set(device, "backup", backup);
        cs_js_set(device, "_noBackup", missing);
        cs_pc_save(core, CS_PC_DEVICE, device);
    }
    json_decref(device);
}

void cs_backup_told(struct cs_platform_core *core, struct cs_pc_live *l,
                    const struct cs_ctl_backup *b)
{
    if (!l->approved || (l->has_backup && same(&l->backup, b)) ||
        (l->backup_ms != 0 && core->now_ms - l->backup_ms < CS_BACKUP_NOTE_MS)) {
        return; /* with a later frame: it is said again and again */
    }
    l->backup = *b;
    l->has_backup = true;
    l->backup_ms = core->now_ms;
    save(core, l, backup_view(b), missing_ids(b));
}

/* ---- GET /v2/backups --------------------------------------------------- */

/* The wallet of this key when it is one of the quorum's; owned, or NULL. */
static json_t *wallet_of(struct cs_platform_core *core, const char *key_id,
                         const char *quorum_id)
{
    uint8_t id[CS_PC_ID];
    json_t *wallet = cs_pc_unique_get(core, CS_UNIQUE_KEY, key_id, id)
                         ? cs_pc_get(core, CS_PC_WALLET, id)
                         : NULL;

    if (wallet != NULL && !cs_js_is(wallet, "quorumId", quorum_id)) {
        json_decref(wallet);
        wallet = NULL;
    }
    return wallet;
}

static json_t *missing_view(struct cs_platform_core *core, const json_t *device,
                            const char *quorum_id)
{
    const json_t *ids = json_object_get(device, "_noBackup");
    json_t *list = cs_js_arr();

    for (size_t i = 0; i < json_array_size(ids); i++) {
        const char *key_id = json_string_value(json_array_get(ids, i));
        json_t *wallet = key_id == NULL ? NULL : wallet_of(core, key_id, quorum_id), *o;

        if (wallet != NULL) {
            o = cs_js_obj();
            cs_js_str(o, "keyId", key_id);
            cs_js_str(o, "walletId", cs_js_text(wallet, "id"));
            cs_js_str(o, "vaultId", cs_js_text(wallet, "vaultId"));
            cs_js_str(o, "name", cs_js_text(wallet, "name"));
            cs_js_push(list, o);
        }
        json_decref(wallet);
    }
    return list;
}

/* More keys of the device, of whatever quorum, than it names. */
static int64_t unnamed(const json_t *device)
{
    int64_t all = cs_js_num(json_object_get(device, "backup"), "keysWithoutKit");
    int64_t named = (int64_t)json_array_size(json_object_get(device, "_noBackup"));

    return all > named ? all - named : 0;
}

static json_t *member_view(struct cs_platform_core *core, const char *device_id,
                           const char *quorum_id, int64_t player)
{
    uint8_t id[CS_PC_ID];
    json_t *device = cs_uuid_parse(id, device_id) == CS_OK
                         ? cs_pc_get(core, CS_PC_DEVICE, id)
                         : NULL;
    const json_t *backup = json_object_get(device, "backup");
    json_t *o = cs_js_obj();

    cs_js_int(o, "playerId", player);
    cs_js_str(o, "deviceId", device_id);
    cs_js_str(o, "name", cs_js_text(device, "displayName"));
    cs_js_set(o, "backup",
              backup == NULL ? json_null() : json_deep_copy(backup)); /* not told */
    cs_js_set(o, "missing", missing_view(core, device, quorum_id));
    cs_js_int(o, "moreOnDevice", unnamed(device));
    json_decref(device);
    return o;
}

/* A member that has not told of a complete backup leaves the quorum incomplete. */
static json_t *quorum_view(struct cs_api *a, const json_t *rec)
{
    const json_t *members = json_object_get(rec, "_members");
    const char *id = cs_js_text(rec, "id");
    json_t *o = cs_js_obj(), *list = cs_js_arr();
    bool complete = true;

    for (size_t i = 0; i < json_array_size(members); i++) {
        json_t *m = member_view(a->core,
                                cs_js_text(json_array_get(members, i), "deviceId"), id,
                                (int64_t)i + 1);

        complete = complete && json_array_size(json_object_get(m, "missing")) == 0 &&
                   cs_js_num(m, "moreOnDevice") == 0 &&
                   json_is_string(json_object_get(json_object_get(m, "backup"), "at"));
        cs_js_push(list, m);
    }
    cs_js_str(o, "quorumId", id);
    cs_js_str(o, "name", cs_js_text(rec, "name"));
    cs_js_str(o, "state", cs_js_text(rec, "state"));
    cs_js_bool(o, "complete", complete);
    cs_js_set(o, "members", list);
    return o;
}

static size_t quorum_cost(const json_t *rec)
{
    (void)rec;
    return PAGE_COST;
}

json_t *cs_api_backups(struct cs_api *a)
{
    const struct cs_api_page p = {.table = CS_PC_QUORUM,
                                  .kind = CS_IX_QUORUMS,
                                  .scope = cs_pc_scope("", ""),
                                  .name = "quorums",
                                  .search = "name",
                                  .cost = quorum_cost,
                                  .view = quorum_view};

    return cs_api_page(a, &p);
}
