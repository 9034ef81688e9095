#include "platform/core/countersign.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/rd.h"
#include "base/text.h"
#include "crypto/audit_head.h"
#include "platform/core/audit.h"

enum { ROW_KEY = 8 + CS_PC_ID, SPREAD_S = 10, LOOK_MAX = 200 };

/* One countersignature as the store has it. */
struct row {
    uint64_t seq;
    uint8_t device[CS_PC_ID];
    uint64_t time;
    uint8_t hash[32], sig[64], ik[32];
};

/* ---- rows -------------------------------------------------------------- */

static void row_key(struct cs_wr *w, uint64_t seq, const uint8_t device[CS_PC_ID])
{
    cs_wr_u64(w, seq);
    cs_wr_bytes(w, device, CS_PC_ID);
}

static bool row_read(struct row *r, const struct cs_wr *key, const struct cs_wr *value)
{
    struct cs_rd k = CS_RD(cs_wr_get(key)), v = CS_RD(cs_wr_get(value));

    r->seq = cs_rd_u64(&k);
    cs_rd_copy(&k, r->device, sizeof r->device);
    r->time = cs_rd_u64(&v);
    cs_rd_copy(&v, r->hash, sizeof r->hash);
    cs_rd_copy(&v, r->sig, sizeof r->sig);
    cs_rd_copy(&v, r->ik, sizeof r->ik);
    return cs_rd_end(&k) == CS_OK && cs_rd_end(&v) == CS_OK;
}

/* The newest of this device; 0: there is none. */
static uint64_t newest_of(struct cs_platform_core *core, const uint8_t id[CS_PC_ID])
{
    struct cs_wr w = {0};
    uint64_t seq = 0;

    if (cs_pc_raw_get(core, CS_PC_VOUCHED, CS_SPAN(id, CS_PC_ID), &w)) {
        struct cs_rd r = CS_RD(cs_wr_get(&w));

        seq = cs_rd_u64(&r);
    }
    cs_wr_free(&w);
    return seq;
}

/* Takes one of the places of this thousand records; false: all are taken. */
static bool keep_one(struct cs_platform_core *core, uint64_t thousand)
{
    struct cs_wr key = {0}, w = {0};
    uint8_t n = 0;

    cs_wr_u64(&key, thousand);
    if (cs_pc_raw_get(core, CS_PC_VOUCH_KEPT, cs_wr_get(&key), &w) && w.n == 1) {
        n = w.p[0];
    }
    cs_wr_reset(&w);
    if (n < CS_COUNTERSIGN_KEEP) {
        cs_wr_u8(&w, (uint8_t)(n + 1));
        cs_pc_raw_put(core, CS_PC_VOUCH_KEPT, cs_wr_get(&key), cs_wr_get(&w));
    }
    cs_wr_free(&key);
    cs_wr_free(&w);
    return n < CS_COUNTERSIGN_KEEP;
}

/* The one before goes, unless it is the last of its thousand and has a place. */
static void replace(struct cs_platform_core *core, const struct cs_pc_live *l)
{
    uint64_t old = newest_of(core, l->id), now = l->vouch.seq;
    struct cs_wr key = {0};

    if (old == 0 || old == now ||
        (old / CS_COUNTERSIGN_EACH != now / CS_COUNTERSIGN_EACH &&
         keep_one(core, old / CS_COUNTERSIGN_EACH))) {
        return;
    }
    row_key(&key, old, l->id);
    cs_pc_raw_del(core, CS_PC_VOUCH, cs_wr_get(&key));
    cs_wr_free(&key);
}

static void store(struct cs_platform_core *core, struct cs_pc_live *l)
{
    struct cs_wr key = {0}, value = {0}, seq = {0};

    l->vouch_waits = false;
    replace(core, l);
    row_key(&key, l->vouch.seq, l->id);
    cs_wr_u64(&value, l->vouch.time);
    cs_wr_bytes(&value, l->vouch.hash, sizeof l->vouch.hash);
    cs_wr_bytes(&value, l->vouch_sig, sizeof l->vouch_sig);
    cs_wr_bytes(&value, l->ik, sizeof l->ik);
    cs_pc_raw_put(core, CS_PC_VOUCH, cs_wr_get(&key), cs_wr_get(&value));
    cs_wr_u64(&seq, l->vouch.seq);
    cs_pc_raw_put(core, CS_PC_VOUCHED, CS_SPAN_OF(l->id), cs_wr_get(&seq));
    cs_wr_free(&key);
    cs_wr_free(&value);
    cs_wr_free(&seq);
}

void cs_countersign_settle(struct cs_platform_core *core, bool now)
{
    if (core->n_vouches == 0 ||
        (!now && !core->has_written && core->now_ms < core->vouch_ms)) {
        return;
    }
    for (size_t i = 0; i < core->n_vouches; i++) {
        struct cs_pc_live *l = (struct cs_pc_live *)(void *)cs_pc_map_get(
            &core->live, core->vouches[i], CS_PC_ID);

        if (l != NULL && l->vouch_waits) {
            store(core, l);
        }
    }
    core->n_vouches = 0;
}

static void store_later(struct cs_platform_core *core, struct cs_pc_live *l)
{
    if (l->vouch_waits) {
        return; /* the newer one takes its place */
    }
    if (core->n_vouches == CS_PC_VOUCHES) {
        cs_countersign_settle(core, true);
    }
    if (core->n_vouches == 0) {
        core->vouch_ms = core->now_ms + CS_COUNTERSIGN_STORE_MS;
    }
    l->vouch_waits = true;
    memcpy(core->vouches[core->n_vouches++], l->id, CS_PC_ID);
}

/* ---- showing the head -------------------------------------------------- */

static bool hash_of(struct cs_platform_core *core, uint64_t seq, uint8_t hash[32])
{
    struct cs_wr text = {0};
    bool ok = seq != 0 && cs_audit_get(core, seq, &text, hash);

    cs_wr_free(&text);
    return ok;
}

static void show(struct cs_platform_core *core, struct cs_pc_live *l)
{
    struct cs_ctl_frame f = {.type = CS_CTL_AUDIT};
    struct cs_ctl_audit *a = &f.u.audit;

    if (cs_uuid_parse(a->organization_id, core->org_id) != CS_OK) {
        return; /* not set up */
    }
    a->seq = cs_audit_head(core, a->hash);
    a->known_seq = l->vouched_seq;
    (void)hash_of(core, a->known_seq, a->known_hash); /* zeros: we do not have it */
    l->shown_seq = a->seq;
    l->shown_ms = core->now_ms;
    l->audit_soon = false;
    l->audit_asked++;
    cs_pc_control_send(core, l->control, &f);
}

/* Is it a witness, and is there something that it has not seen? */
static bool wants(const struct cs_platform_core *core, const struct cs_pc_live *l)
{
    uint8_t hash[CS_AUDIT_HASH];
    uint64_t seq = cs_audit_head(core, hash);

    return l->is_witness && l->control != NULL && cs_pc_live_usable(l) && seq != 0 &&
           seq != l->shown_seq;
}

void cs_countersign_hello(struct cs_platform_core *core, struct cs_pc_live *l,
                          const struct cs_ctl_hello *h)
{
    uint64_t wait = 1000 * (uint64_t)(l->id[0] % SPREAD_S); /* not all at once */
    uint64_t back = CS_COUNTERSIGN_MS - wait;

    l->is_witness = h->audit == 1;
    l->vouched_seq = h->audit_seq;
    l->shown_seq = 0;
    l->shown_ms = core->now_ms > back ? core->now_ms - back : 0;
    l->audit_soon = false;
    l->audit_asked = 0;
}

void cs_countersign_tick(struct cs_platform_core *core, struct cs_pc_live *l)
{
    uint64_t every = l->audit_soon ? CS_COUNTERSIGN_SOON_MS : CS_COUNTERSIGN_MS;

    if (core->now_ms - l->shown_ms >= every && wants(core, l)) {
        show(core, l);
    }
}

void cs_countersign_result(struct cs_platform_core *core, struct cs_pc_live *l)
{
    l->audit_soon = true;
    cs_countersign_tick(core, l);
}

/* ---- answers ----------------------------------------------------------- */

/* Records stay for ever, and a node may change its mind as often as it likes. */
static bool may_note(struct cs_platform_core *core, struct cs_pc_live *l)
{
    bool ok = l->noted_ms == 0 || core->now_ms - l->noted_ms >= CS_COUNTERSIGN_MS;

    l->noted_ms = ok ? core->now_ms : l->noted_ms;
    return ok;
}

static void note_refusal(struct cs_platform_core *core, struct cs_pc_live *l,
                         const struct cs_ctl_audited *a)
{
    json_t *device, *o;

    if (l->refuses_audit || !may_note(core, l)) {
        return; /* the first reason is in the log already; or a minute later */
    }
    device = cs_pc_get(core, CS_PC_DEVICE, l->id);
    if (device == NULL) {
        return;
    }
    l->refuses_audit = true;
    cs_log(
        CS_LOG_ERROR, "platform",
        "device %s refuses to countersign the audit log: %s; it has seen record %llu",
        cs_js_text(device, "id"), a->reason, (unsigned long long)a->seq);
    cs_pc_index_add(core, CS_IX_AUDIT_REFUSED, cs_pc_scope("", ""),
                    (uint64_t)cs_js_num(device, "_seq"), l->id);
    o = cs_js_obj();
    cs_js_str(o, "reason", a->reason);
    cs_js_int(o, "seq", (int64_t)(a->seq & INT64_MAX));
    cs_js_hex(o, "hash", a->hash, sizeof a->hash);
    cs_js_time(o, "at", core->wall_ms);
    cs_js_set(device, "auditRefusal", o);
    cs_pc_save(core, CS_PC_DEVICE, device);
    json_decref(device);
}

static void note_agreement(struct cs_platform_core *core, struct cs_pc_live *l)
{
    json_t *device;

    if (!may_note(core, l)) {
        return;
    }
    device = cs_pc_get(core, CS_PC_DEVICE, l->id);
    l->refuses_audit = false;
    if (device != NULL && json_object_get(device, "auditRefusal") != NULL) {
        cs_js_del(device, "auditRefusal");
        cs_pc_index_del(core, CS_IX_AUDIT_REFUSED, cs_pc_scope("", ""),
                        (uint64_t)cs_js_num(device, "_seq"));
        cs_pc_save(core, CS_PC_DEVICE, device);
    }
    json_decref(device);
}

/* Is it about a record of ours, and signed by this node?  Verifying costs some 50 us.
 */
static bool is_true(struct cs_platform_core *core, const struct cs_pc_live *l,
                    const struct cs_ctl_audited *a, struct cs_audit_head *h)
{
    uint8_t hash[32];

    *h = (struct cs_audit_head){.seq = a->seq, .time = a->time};
    memcpy(h->hash, a->hash, sizeof h->hash);
    return cs_uuid_parse(h->organization, core->org_id) == CS_OK &&
           hash_of(core, a->seq, hash) && memcmp(hash, a->hash, sizeof hash) == 0 &&
           cs_audit_head_verify(h, l->ik, a->sig);
}

bool cs_countersign_answer(struct cs_platform_core *core, struct cs_pc_live *l,
                           const struct cs_ctl_audited *a)
{
    struct cs_audit_head h;

    if (l->audit_asked == 0) {
        return false; /* nobody has asked */
    }
    l->audit_asked--;
    if (a->reason[0] != '\0') {
        note_refusal(core, l, a);
        return true;
    }
    if (a->seq > l->shown_seq || !is_true(core, l, a, &h)) {
        return false;
    }
    l->vouched_seq = a->seq;
    l->vouch = h;
    memcpy(l->vouch_sig, a->sig, sizeof l->vouch_sig);
    store_later(core, l);
    if (l->refuses_audit) {
        note_agreement(core, l);
    }
    return true;
}

/* ---- views ------------------------------------------------------------- */

static json_t *row_view(const struct cs_platform_core *core, const struct row *r)
{
    json_t *o = cs_js_obj();

    cs_js_uuid(o, "deviceId", r->device);
    cs_js_hex(o, "hash", r->hash, sizeof r->hash);
    cs_js_hex(o, "ik", r->ik, sizeof r->ik);
    cs_js_str(o, "organizationId", core->org_id);
    cs_js_int(o, "seq", (int64_t)r->seq);
    cs_js_hex(o, "signature", r->sig, sizeof r->sig);
    cs_js_set(o, "time", cs_json_u64(r->time));
    return o;
}

void cs_countersign_lines(struct cs_platform_core *core, struct cs_wr *w, uint64_t seq)
{
    struct cs_wr prefix = {0}, key = {0}, value = {0};
    struct row r;

    cs_wr_u64(&prefix, seq);
    cs_wr_u64(&key, seq);
    for (int i = 0; i < CS_COUNTERSIGN_LINES &&
                    cs_pc_raw_next(core, CS_PC_VOUCH, cs_wr_get(&prefix),
                                   cs_wr_get(&key), i > 0, &key, &value);
         i++) {
        if (row_read(&r, &key, &value)) {
            json_t *o = row_view(core, &r);

            cs_wr_str(w, "{\"countersignature\":");
            cs_audit_canonical(w, o);
            cs_wr_str(w, "}\n");
            json_decref(o);
        }
    }
    cs_wr_free(&prefix);
    cs_wr_free(&key);
    cs_wr_free(&value);
}

static void add_name(struct cs_platform_core *core, json_t *o,
                     const uint8_t id[CS_PC_ID])
{
    json_t *device = cs_pc_get(core, CS_PC_DEVICE, id);

    cs_js_str(o, "name", cs_js_text(device, "displayName"));
    json_decref(device);
}

static json_t *newest_first(struct cs_platform_core *core)
{
    struct cs_wr key = {0}, value = {0}, before = {0};
    json_t *list = cs_js_arr();
    bool more = cs_pc_raw_last(core, CS_PC_VOUCH, CS_SPAN_LIT(""), &key, &value);
    struct row r;

    for (int i = 0; more && i < LOOK_MAX && json_array_size(list) < CS_COUNTERSIGN_LIST;
         i++) {
        if (row_read(&r, &key, &value) && newest_of(core, r.device) == r.seq) {
            json_t *o = row_view(core, &r);

            cs_js_time(o, "at", (int64_t)(r.time & INT64_MAX));
            add_name(core, o, r.device);
            cs_js_push(list, o);
        }
        cs_wr_reset(&before);
        cs_wr_span(&before, cs_wr_get(&key));
        more = cs_pc_raw_before(core, CS_PC_VOUCH, CS_SPAN_LIT(""), cs_wr_get(&before),
                                &key, &value);
    }
    cs_wr_free(&key);
    cs_wr_free(&value);
    cs_wr_free(&before);
    return list;
}

static json_t *refusals(struct cs_platform_core *core)
{
    struct cs_pc_walk w = {.kind = CS_IX_AUDIT_REFUSED, .scope = cs_pc_scope("", "")};
    json_t *list = cs_js_arr();

    for (int i = 0; i < CS_COUNTERSIGN_LIST && cs_pc_walk_next(core, &w); i++) {
        json_t *device = cs_pc_get(core, CS_PC_DEVICE, w.id), *o;

        if (device != NULL && !cs_js_true(device, "deleted")) {
            o = json_copy(json_object_get(device, "auditRefusal"));
            CS_ASSERT(o != NULL);
            cs_js_uuid(o, "deviceId", w.id);
            cs_js_str(o, "name", cs_js_text(device, "displayName"));
            cs_js_push(list, o);
        }
        json_decref(device);
    }
    return list;
}

void cs_countersign_view(struct cs_platform_core *core, json_t *o)
{
    cs_countersign_settle(core, true);
    cs_js_set(o, "countersignatures", newest_first(core));
    cs_js_set(o, "refusals", refusals(core));
}
