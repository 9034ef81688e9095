#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "crypto/hash.h"
#include "crypto/identity.h"
#include "platform/core/approval_sources.h"
#include "platform/core/flows.h"
#include "platform/core/session.h"

/* A time that the vendor's shape requires and that has not come yet. */
#define NEVER "1970-01-01T00:00:00.000Z"

/* ---- view -------------------------------------------------------------- */

/* The seed's words (DECISIONS 23). */
static const char *status_text(const json_t *rec)
{
    if (json_object_get(rec, "_ik") == NULL) {
        return "Unpaired";
    }
    if (cs_js_is(rec, "approvalStatus", "REJECTED")) {
        return "Rejected";
    }
    if (cs_js_is(rec, "approvalStatus", "PENDING")) {
        return "Waiting for approval";
    }
    return cs_js_is(rec, "enabledStatus", "ENABLED") ? "Paired" : "Disabled";
}

static void add_fingerprint(json_t *o, const json_t *rec)
{
    uint8_t print[32];
    char words[CS_WORDS_LEN];

    if (cs_js_bytes(rec, "publicKeyHash", print, sizeof print)) {
        cs_js_str(o, "fingerprint", cs_js_text(rec, "publicKeyHash"));
        cs_js_str(o, "words", cs_words(words, print));
    }
}

/* What the node says of its links to the other members. */
static json_t *links_view(const struct cs_ctl_status *s)
{
    json_t *links = cs_js_arr();

    for (size_t i = 0; i < s->n_links; i++) {
        json_t *l = cs_js_obj();

        cs_js_uuid(l, "quorumId", s->links[i].quorum_id);
        cs_js_int(l, "playerId", s->links[i].index);
        cs_js_str(l, "state", s->links[i].state);
        cs_js_push(links, l);
    }
    return links;
}

/* The vendor's free map: all values are text. */
static json_t *metadata_view(const struct cs_ctl_status *s)
{
    json_t *meta = cs_js_obj();

    cs_js_str(meta, "state", s->state);
    cs_js_set(meta, "sessions", cs_json_u64(s->sessions));
    cs_js_set(meta, "keys", cs_json_u64(s->keys));
    cs_js_set(meta, "bootCounter", cs_json_u64(s->boot_counter));
    cs_js_set(meta, "journalSeq", cs_json_u64(s->journal_seq));
    cs_js_set(meta, "uptimeMs", cs_json_u64(s->uptime_ms));
    return meta;
}

static void add_live(json_t *o, const struct cs_pc_live *l)
{
    const char *word = "UNKNOWN";

    if (l != NULL && l->bound) {
        word = l->control != NULL ? "ONLINE" : "OFFLINE";
    }
    cs_js_str(o, "connectionStatus", word);
    if (l != NULL && l->heartbeat_ms != 0) {
        cs_js_time(o, "lastHeartbeatAt", l->heartbeat_ms);
    }
    if (l != NULL && l->has_status && l->control != NULL) {
        cs_js_set(o, "heartbeatMetadata", metadata_view(&l->status));
        cs_js_set(o, "links", links_view(&l->status));
    }
}

json_t *cs_device_view(struct cs_api *a, const json_t *rec)
{
    json_t *o = cs_js_public(rec);
    uint8_t id[CS_PC_ID];

    cs_js_str(o, "statusText",
              cs_js_true(rec, "deleted") ? "Deleted" : status_text(rec));
    add_fingerprint(o, rec);
    CS_ASSERT(cs_js_id(rec, "id", id));
    add_live(o, cs_pc_live_get(a->core, id));
    cs_approval_mark(a->core, CS_SOURCE_DEVICE, o);
    return o;
}

static json_t *save_and_view(struct cs_api *a, json_t *rec)
{
    json_t *view;

    cs_pc_save(a->core, CS_PC_DEVICE, rec);
    cs_pc_live_refresh(a->core, rec);
    view = cs_device_view(a, rec);
    json_decref(rec);
    return view;
}

/* ---- create, list, get ------------------------------------------------- */

json_t *cs_api_device_create(struct cs_api *a)
{
    const char *name = cs_api_name(a, "displayName", CS_API_NAME);
    const char *type = cs_jr_str(&a->in, "deviceType", 16, false);
    uint8_t id[CS_PC_ID];
    json_t *rec;

    if (a->in.err == CS_OK && strcmp(type, "CLOUD") != 0) {
        cs_jr_fail(&a->in, "deviceType",
                   "must be CLOUD: only CloudSign nodes are served");
    }
    if (cs_api_bad_body(a)) {
        return NULL;
    }
    if (cs_pc_index_count(a->core, CS_IX_DEVICES, cs_pc_scope("", "")) >=
        a->core->cfg.limits.max_devices) {
        return cs_api_fail(a, CS_API_LIMIT, "",
                           "there are as many devices as allowed: delete unused ones");
    }
    cs_pc_new_id(a->core, id);
    rec = cs_pc_make(a->core, id, a->actor);
    cs_js_str(rec, "displayName", name);
    cs_js_str(rec, "deviceType", "CLOUD");
    cs_js_str(rec, "pairedAt", NEVER);
    cs_js_str(rec, "approvalStatus", "PENDING");
    cs_js_str(rec, "enabledStatus", "ENABLED_STATUS_PENDING");
    cs_js_str(rec, "publicKeyHash", "");
    cs_js_bool(rec, "deleted", false);
    cs_pc_index_add(a->core, CS_IX_DEVICES, cs_pc_scope("", ""),
                    (uint64_t)cs_js_num(rec, "_seq"), id);
    return save_and_view(a, rec);
}

json_t *cs_api_device_list(struct cs_api *a)
{
    const struct cs_api_page p = {.table = CS_PC_DEVICE,
                                  .kind = CS_IX_DEVICES,
                                  .scope = cs_pc_scope("", ""),
                                  .search = "displayName",
                                  .view = cs_device_view};
    char type[16], owner[32];

    if (!cs_api_query_word(a, "deviceType", type, sizeof type, "CLOUD, MOBILE") ||
        !cs_api_query_word(a, "deviceOwner", owner, sizeof owner,
                           "THIS_ORGANIZATION, TRUSTED_ORGANIZATION")) {
        return NULL;
    }
    /* All devices are CloudSign nodes of this organisation. */
    if ((type[0] != '\0' && strcmp(type, "CLOUD") != 0) ||
        (owner[0] != '\0' && strcmp(owner, "THIS_ORGANIZATION") != 0)) {
        return cs_js_arr();
    }
    return cs_api_array(a, &p, a->core->cfg.limits.max_devices);
}

json_t *cs_api_device_get(struct cs_api *a)
{
    json_t *rec = cs_api_record(a, CS_PC_DEVICE, 0, "device");
    json_t *view = rec == NULL ? NULL : cs_device_view(a, rec);

    json_decref(rec);
    return view;
}

/* ---- pairing ----------------------------------------------------------- */

/* base64 of {"deviceId","platformUrl","relayUrl","ca","seed","v":1}, deviceId first
 * (DECISIONS 16).  The URLs are our own configuration and hold no quotes. */
static void write_pairing_key(struct cs_wr *w, const struct cs_platform_core *core,
                              const char *device_id, const char *seed_b64)
{
    struct cs_wr json = {0};

    cs_wr_printf(&json,
                 "{\"deviceId\":\"%s\",\"platformUrl\":\"%s\",\"relayUrl\":\"%s\",",
                 device_id, core->cfg.platform_url, core->cfg.relay_url);
    cs_wr_str(&json, "\"ca\":\"");
    cs_wr_b64(&json, core->cfg.ca_der);
    cs_wr_printf(&json, "\",\"seed\":\"%s\",\"v\":1}", seed_b64);
    CS_ASSERT(json.err == CS_OK);
    cs_wr_b64(w, cs_wr_get(&json));
    cs_wr_free(&json);
}

/* Makes the new set, which revokes the one before; the seed is in no record. */
static json_t *make_pairing(struct cs_api *a, json_t *rec, struct cs_wr *seed_b64)
{
    struct cs_platform_core *core = a->core;
    uint8_t id[CS_PC_ID], client[CS_PC_ID], seed[32], public[32];
    json_t *pairing = cs_js_obj();

    cs_pc_new_id(core, id);
    cs_pc_new_id(core, client);
    cs_pc_random(core, seed, sizeof seed);
    cs_sign_public(public, seed);
    cs_wr_b64(seed_b64, CS_SPAN_OF(seed));
    cs_wr_u8(seed_b64, 0);
    cs_wipe(seed, sizeof seed);
    cs_js_uuid(pairing, "id", id);
    cs_js_hex(pairing, "public", public, sizeof public);
    cs_js_int(pairing, "expires",
              core->wall_ms + (int64_t)core->cfg.limits.pairing_s * 1000);
    cs_js_set(rec, "_pairing", pairing);
    cs_js_uuid(rec, "clientId", client);
    cs_pc_save(core, CS_PC_DEVICE, rec);
    return pairing;
}

/* The answer is put together outside of JSON values: it holds the seed twice. */
static json_t *pairing_answer(struct cs_api *a, const json_t *rec,
                              const json_t *pairing, const char *seed_b64)
{
    json_t *o = cs_js_obj();
    struct cs_wr key = {0}, *extra = &a->extra;

    write_pairing_key(&key, a->core, cs_js_text(rec, "id"), seed_b64);
    CS_ASSERT(key.err == CS_OK);
    cs_wr_printf(extra, ",\"clientSecret\":\"%s\",\"pairingKey\":\"", seed_b64);
    cs_wr_span(extra, cs_wr_get(&key));
    cs_wr_str(extra, "\"");
    CS_ASSERT(extra->err == CS_OK);
    cs_wr_free(&key);
    cs_js_str(o, "id", cs_js_text(pairing, "id"));
    cs_js_str(o, "clientId", cs_js_text(rec, "clientId"));
    cs_js_time(o, "expiresAt", cs_js_num(pairing, "expires"));
    return o;
}

json_t *cs_api_device_pairing(struct cs_api *a)
{
    json_t *rec = cs_api_record(a, CS_PC_DEVICE, 0, "device"), *pairing, *o;
    struct cs_wr seed = {0};

    if (rec == NULL) {
        return NULL;
    }
    if (json_object_get(rec, "_ik") != NULL) {
        json_decref(rec);
        return cs_api_fail(
            a, CS_API_STATE, "id",
            "this device is paired already: start its node with the same "
            "volume, or create a new device");
    }
    pairing = make_pairing(a, rec, &seed);
    CS_ASSERT(seed.err == CS_OK);
    o = pairing_answer(a, rec, pairing, (const char *)seed.p);
    cs_wr_free(&seed);
    json_decref(rec);
    return o;
}

/* ---- states ------------------------------------------------------------ */

/* The fingerprint as hex or as words. */
static bool fingerprint_fits(const json_t *rec, const char *typed)
{
    uint8_t print[32], other[32];
    char words[CS_WORDS_LEN];

    if (!cs_js_bytes(rec, "publicKeyHash", print, sizeof print)) {
        return false;
    }
    if (cs_unhex(other, sizeof other, typed) == CS_OK) {
        return memcmp(print, other, sizeof print) == 0;
    }
    return cs_words_equal(typed, cs_words(words, print));
}

static bool approval_ok(struct cs_api *a, const json_t *rec, const char *want,
                        const char *typed)
{
    bool same = cs_js_is(rec, "approvalStatus", want);

    if (json_object_get(rec, "_ik") == NULL) {
        (void)cs_api_fail(
            a, CS_API_STATE, "approvalStatus",
            "the device is Unpaired: start its node with the pairing key first");
    } else if (!same && !cs_js_is(rec, "approvalStatus", "PENDING")) {
        (void)cs_api_fail(
            a, CS_API_STATE, "approvalStatus",
            "is decided already: disable the device, or create a new one");
    } else if (typed == NULL && a->core->cfg.require_fingerprint &&
               strcmp(want, "APPROVED") == 0) {
        (void)cs_api_fail(a, CS_API_INVALID, "fingerprint",
                          "is required here: take it from the node's log or status");
    } else if (typed != NULL && !fingerprint_fits(rec, typed)) {
        (void)cs_api_fail(a, CS_API_STATE, "fingerprint",
                          "is not this device's: somebody else may have paired it, do "
                          "not approve");
    }
    return a->code == CS_API_OK;
}

/* The device stays PENDING until others have agreed.  Takes rec. */
static json_t *approve_later(struct cs_api *a, json_t *rec)
{
    json_t *set = cs_device_approval_open(a, rec);
    json_t *view = set == NULL ? NULL : cs_device_view(a, rec);

    json_decref(set);
    json_decref(rec);
    return view;
}

json_t *cs_api_device_approval(struct cs_api *a)
{
    const char *want = cs_jr_str(&a->in, "approvalStatus", 16, false);
    const char *typed = cs_jr_str_opt(&a->in, "fingerprint", 128);
    bool yes = strcmp(want, "APPROVED") == 0;
    json_t *rec;

    if (a->in.err == CS_OK && !yes && strcmp(want, "REJECTED") != 0) {
        cs_jr_fail(&a->in, "approvalStatus", "must be APPROVED or REJECTED");
    }
    if (cs_api_bad_body(a)) {
        return NULL;
    }
    rec = cs_api_record(a, CS_PC_DEVICE, 0, "device");
    if (rec == NULL || !approval_ok(a, rec, want, typed)) {
        json_decref(rec);
        return NULL;
    }
    if (yes && cs_js_is(rec, "approvalStatus", "PENDING") &&
        cs_approval_wanted(a->core, CS_SOURCE_DEVICE, NULL)) {
        return approve_later(a, rec);
    }
    if (cs_js_is(rec, "approvalStatus", "PENDING")) {
        cs_approval_withdraw(a->core, CS_SOURCE_DEVICE, cs_js_text(rec, "id"),
                             "the device was decided otherwise");
        cs_js_str(rec, "approvalStatus", want);
        cs_js_str(rec, "enabledStatus", yes ? "ENABLED" : "DISABLED");
        cs_js_str(rec, "approvedBy", a->actor);
    }
    return save_and_view(a, rec);
}

/* Off is the emergency brake and wants nothing but the permission.  On gives back what
 * somebody took away, maybe for a reason: a cookie alone is not enough. */
static bool may_enable(struct cs_api *a, const json_t *rec, const char *want)
{
    return strcmp(want, "ENABLED") != 0 || cs_js_is(rec, "enabledStatus", want) ||
           a->who.kind != CS_ACTOR_USER || cs_session_stepped_up(a);
}

json_t *cs_api_device_enabled(struct cs_api *a)
{
    const char *want = cs_jr_str(&a->in, "enabledStatus", 32, false);
    uint8_t id[CS_PC_ID];
    json_t *rec, *view;

    if (a->in.err == CS_OK && strcmp(want, "ENABLED") != 0 &&
        strcmp(want, "DISABLED") != 0) {
        cs_jr_fail(&a->in, "enabledStatus", "must be ENABLED or DISABLED");
    }
    if (cs_api_bad_body(a)) {
        return NULL;
    }
    rec = cs_api_record(a, CS_PC_DEVICE, 0, "device");
    if (rec == NULL) {
        return NULL;
    }
    if (!cs_js_is(rec, "approvalStatus", "APPROVED")) {
        json_decref(rec);
        return cs_api_fail(a, CS_API_STATE, "enabledStatus",
                           "the device is not approved: approve it first");
    }
    if (!may_enable(a, rec, want)) {
        json_decref(rec);
        return NULL;
    }
    cs_js_str(rec, "enabledStatus", want);
    CS_ASSERT(cs_js_id(rec, "id", id));
    view = save_and_view(a, rec);
    cs_pc_sign_kick(a->core, id,
                    strcmp(want, "ENABLED") == 0 ? CS_KICK_CAME : CS_KICK_GONE);
    return view;
}

json_t *cs_api_device_name(struct cs_api *a)
{
    const char *name = cs_api_name(a, "displayName", CS_API_NAME);
    json_t *rec;

    if (cs_api_bad_body(a)) {
        return NULL;
    }
    rec = cs_api_record(a, CS_PC_DEVICE, 0, "device");
    if (rec == NULL) {
        return NULL;
    }
    cs_js_str(rec, "displayName", name);
    return save_and_view(a, rec);
}

json_t *cs_api_device_delete(struct cs_api *a)
{
    json_t *rec = cs_api_record(a, CS_PC_DEVICE, 0, "device");

    if (rec == NULL) {
        return NULL;
    }
    if (cs_pc_index_count(a->core, CS_IX_DEVICE_QUORUMS,
                          cs_pc_scope(cs_js_text(rec, "id"), "")) > 0) {
        json_decref(rec);
        return cs_api_fail(a, CS_API_STATE, "id",
                           "the device is a member of a quorum: disable it instead");
    }
    cs_approval_withdraw(a->core, CS_SOURCE_DEVICE, cs_js_text(rec, "id"),
                         "the device was deleted");
    cs_js_bool(rec, "deleted", true);
    cs_js_str(rec, "enabledStatus", "DISABLED");
    cs_js_del(rec, "_pairing");
    cs_pc_index_del(a->core, CS_IX_DEVICES, cs_pc_scope("", ""),
                    (uint64_t)cs_js_num(rec, "_seq"));
    return save_and_view(a, rec);
}

json_t *cs_api_device_side(struct cs_api *a)
{
    return cs_api_fail(
        a, CS_API_UNIMPLEMENTED, "",
        "devices do not use REST here: a CloudSign node speaks the control "
        "channel at /control (cloudsign.control.v2)");
}
