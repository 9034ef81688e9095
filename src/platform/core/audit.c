#include "platform/core/audit.h"

#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/rd.h"

/* A record that a request has written. */
struct change {
    uint8_t table, id[CS_PC_ID];
    json_t *before, *after; /* owned; before NULL: it is new */
};

struct cs_audit {
    uint64_t seq; /* of the newest record */
    uint8_t hash[CS_AUDIT_HASH];
    bool is_request; /* changes are gathered */
    struct change changes[CS_AUDIT_CHANGES];
    size_t n, more;
    uint8_t others[CS_AUDIT_OTHERS][CS_PC_ID]; /* objects that had no room */
    size_t n_others;
    uint64_t suppressed; /* refused requests without a record since the last one */
    size_t items;        /* of this request that have records of their own */
};

/* ---- store ------------------------------------------------------------- */

static void entry_key(struct cs_wr *key, uint64_t seq)
{
    cs_wr_u64(key, seq);
}

bool cs_audit_get(struct cs_platform_core *core, uint64_t seq, struct cs_wr *text,
                  uint8_t hash[CS_AUDIT_HASH])
{
    struct cs_wr key = {0}, value = {0};
    bool ok;

    entry_key(&key, seq);
    ok = cs_pc_raw_get(core, CS_PC_AUDIT, cs_wr_get(&key), &value) &&
         value.n > CS_AUDIT_HASH;
    if (ok) {
        memcpy(hash, value.p, CS_AUDIT_HASH);
        cs_wr_bytes(text, value.p + CS_AUDIT_HASH, value.n - CS_AUDIT_HASH);
        CS_ASSERT(text->err == CS_OK);
    }
    cs_wr_free(&key);
    cs_wr_free(&value);
    return ok;
}

uint64_t cs_audit_head(const struct cs_platform_core *core, uint8_t hash[CS_AUDIT_HASH])
{
    memcpy(hash, core->audit->hash, CS_AUDIT_HASH);
    return core->audit->seq;
}

static enum cs_err read_head(struct cs_platform_core *core)
{
    struct cs_wr w = {0};
    enum cs_err err = cs_db_get(core->db, CS_PC_META, CS_SPAN_LIT("audit"), &w);
    struct cs_rd r = CS_RD(cs_wr_get(&w));

    if (err == CS_OK) {
        core->audit->seq = cs_rd_u64(&r);
        cs_rd_copy(&r, core->audit->hash, CS_AUDIT_HASH);
        err = cs_rd_end(&r) == CS_OK ? CS_OK : CS_ERR_STORE_CORRUPT;
    }
    cs_wr_free(&w);
    return err == CS_ERR_NOT_FOUND ? CS_OK : err;
}

/* The newest record is the head's, and nothing stands behind it. */
static bool head_holds(struct cs_platform_core *core)
{
    const struct cs_audit *au = core->audit;
    uint8_t hash[CS_AUDIT_HASH], real[CS_AUDIT_HASH];
    struct cs_wr text = {0}, none = {0};
    bool ok = au->seq == 0;

    if (!ok && cs_audit_get(core, au->seq, &text, hash)) {
        cs_audit_hash(real, cs_wr_get(&text));
        ok = memcmp(hash, real, sizeof hash) == 0 &&
             memcmp(hash, au->hash, sizeof hash) == 0;
    }
    ok = ok && !cs_audit_get(core, au->seq + 1, &none, hash);
    cs_wr_free(&text);
    cs_wr_free(&none);
    return ok;
}

enum cs_err cs_audit_load(struct cs_platform_core *core)
{
    core->audit = cs_alloc(sizeof *core->audit);
    if (core->audit == NULL) {
        return CS_ERR_NOMEM;
    }
    CS_CHECK(read_head(core));
    if (!head_holds(core)) {
        return core->broken != CS_OK ? core->broken : CS_ERR_STORE_CORRUPT;
    }
    return CS_OK;
}

static void forget_changes(struct cs_audit *au)
{
    for (size_t i = 0; i < au->n; i++) {
        json_decref(au->changes[i].before);
        json_decref(au->changes[i].after);
    }
    au->n = 0;
    au->more = au->n_others = 0;
}

void cs_audit_free(struct cs_platform_core *core)
{
    if (core->audit != NULL) {
        forget_changes(core->audit);
        cs_free(core->audit);
    }
}

/* Takes the record; seq, prev and at are set here. */
static void append(struct cs_platform_core *core, json_t *rec)
{
    struct cs_audit *au = core->audit;
    struct cs_wr key = {0}, value = {0}, text = {0}, head = {0};

    cs_js_int(rec, "seq", (int64_t)(au->seq + 1));
    cs_js_hex(rec, "prev", au->hash, sizeof au->hash);
    cs_js_time(rec, "at", core->wall_ms);
    cs_audit_canonical(&text, rec);
    json_decref(rec);
    CS_ASSERT(text.err == CS_OK && text.n <= CS_AUDIT_RECORD_MAX);
    cs_audit_hash(au->hash, cs_wr_get(&text));
    au->seq++;
    entry_key(&key, au->seq);
    cs_wr_bytes(&value, au->hash, sizeof au->hash);
    cs_wr_span(&value, cs_wr_get(&text));
    cs_pc_raw_put(core, CS_PC_AUDIT, cs_wr_get(&key), cs_wr_get(&value));
    cs_wr_u64(&head, au->seq);
    cs_wr_bytes(&head, au->hash, sizeof au->hash);
    cs_pc_raw_put(core, CS_PC_META, CS_SPAN_LIT("audit"), cs_wr_get(&head));
    cs_wr_free(&key);
    cs_wr_free(&value);
    cs_wr_free(&text);
    cs_wr_free(&head);
}

/* ---- changes ----------------------------------------------------------- */

static const char *type_of(uint8_t table)
{
    switch (table) {
    case CS_PC_CREDENTIAL:
        return "credential";
    case CS_PC_USER:
        return "user";
    case CS_PC_DEVICE:
        return "device";
    case CS_PC_QUORUM:
        return "quorum";
    case CS_PC_VAULT:
        return "vault";
    case CS_PC_WALLET:
        return "wallet";
    case CS_PC_TX:
        return "transaction";
    case CS_PC_WEBHOOK:
        return "webhook";
    case CS_PC_APPROVAL:
        return "approval";
    case CS_PC_GROUP:
        return "approval-group";
    case CS_PC_LIMIT:
        return "limit";
    case CS_PC_PARTY:
        return "counterparty";
    case CS_PC_ADDRESS:
        return "address";
    case CS_PC_STRATEGY:
        return "backup-strategy";
    default:
        return NULL; /* follows from these, or is not of interest */
    }
}

/* Takes before. */
static json_t *change_view(uint8_t table, const uint8_t id[CS_PC_ID], json_t *before,
                           const json_t *after)
{
    json_t *o = cs_js_obj();

    cs_js_str(o, "type", type_of(table));
    cs_js_uuid(o, "id", id);
    cs_audit_diff(o, before, after);
    json_decref(before);
    return o;
}

static struct change *find_change(struct cs_audit *au, uint8_t table,
                                  const uint8_t id[CS_PC_ID])
{
    for (size_t i = 0; i < au->n; i++) {
        struct change *c = &au->changes[i];

        if (c->table == table && memcmp(c->id, id, CS_PC_ID) == 0) {
            return c;
        }
    }
    return NULL;
}

/* Records go on changing in their owner's hands, so this is a copy. */
static json_t *copy(const json_t *rec)
{
    json_t *c = json_deep_copy(rec);

    CS_ASSERT(c != NULL);
    return c;
}

/* One of many objects of one request: named, once, without what changed. */
static void note_other(struct cs_audit *au, const uint8_t id[CS_PC_ID])
{
    au->more++;
    for (size_t i = 0; i < au->n_others; i++) {
        if (memcmp(au->others[i], id, CS_PC_ID) == 0) {
            return;
        }
    }
    if (au->n_others < CS_AUDIT_OTHERS) {
        memcpy(au->others[au->n_others++], id, CS_PC_ID);
    }
}

static json_t *others_view(const struct cs_audit *au)
{
    json_t *list = cs_js_arr();
    char text[CS_UUID_LEN];

    for (size_t i = 0; i < au->n_others; i++) {
        cs_js_push_text(list, cs_uuid_text(text, au->others[i]));
    }
    return list;
}

/* Before the first of several writes, and after the last.  false: no room. */
static bool gather(struct cs_platform_core *core, uint8_t table,
                   const uint8_t id[CS_PC_ID], const json_t *rec)
{
    struct cs_audit *au = core->audit;
    struct change *c = find_change(au, table, id);

    if (c == NULL && au->n == CS_AUDIT_CHANGES) {
        note_other(au, id);
        return false;
    }
    if (c == NULL) {
        c = &au->changes[au->n++];
        *c = (struct change){.table = table, .before = cs_pc_get(core, table, id)};
        memcpy(c->id, id, CS_PC_ID);
    }
    json_decref(c->after);
    c->after = copy(rec);
    return true;
}

/* ---- events: what no request does -------------------------------------- */

static bool differs(const json_t *a, const json_t *b, const char *name)
{
    return !json_equal(json_object_get(a, name), json_object_get(b, name)) &&
           (json_object_get(a, name) != NULL || json_object_get(b, name) != NULL);
}

static const char *quorum_word(const json_t *before, const json_t *after)
{
    size_t had = json_array_size(json_object_get(before, "_quarantine"));
    size_t has = json_array_size(json_object_get(after, "_quarantine"));

    if (had != has) {
        return has > had ? "quorum.quarantined" : "quorum.released";
    }
    if (differs(before, after, "state")) {
        return cs_js_is(after, "state", "QUORUM_STATE_CONFIRMED")  ? "quorum.confirmed"
               : cs_js_is(after, "state", "QUORUM_STATE_FAILED")   ? "quorum.failed"
               : cs_js_is(after, "state", "QUORUM_STATE_REJECTED") ? "quorum.rejected"
                                                                   : NULL;
    }
    return differs(before, after, "operatorVerified") ? "quorum.verified" : NULL;
}

static const char *wallet_word(const json_t *before, const json_t *after)
{
    if (!differs(before, after, "status")) {
        return NULL;
    }
    return cs_js_is(after, "status", "PROVISIONED")           ? "key.provisioned"
           : cs_js_is(after, "status", "PROVISIONING_FAILED") ? "key.failed"
                                                              : NULL;
}

static const char *tx_word(const json_t *before, const json_t *after)
{
    bool is_signed = cs_js_is(after, "status", "SIGNED");

    if (differs(before, after, "status")) {
        return is_signed                               ? "transaction.signed"
               : cs_js_is(after, "status", "FAILED")   ? "transaction.failed"
               : cs_js_is(after, "status", "REJECTED") ? "transaction.rejected"
                                                       : NULL;
    }
    return differs(before, after, "_signatures") ? "transaction.late-signature" : NULL;
}

/* What a deadline, or somebody who left, makes of it. */
static const char *approval_word(const json_t *before, const json_t *after)
{
    if (!differs(before, after, "status")) {
        return NULL;
    }
    return cs_js_is(after, "status", "MET")       ? "approval.met"
           : cs_js_is(after, "status", "NOT_MET") ? "approval.not-met"
           : cs_js_is(after, "status", "EXPIRED") ? "approval.expired"
           : cs_js_is(after, "status", "FAILED")  ? "approval.failed"
                                                  : NULL;
}

static const char *device_word(const json_t *before, const json_t *after)
{
    if (before == NULL) {
        return NULL;
    }
    if (differs(before, after, "publicKeyHash")) {
        return "device.bound";
    }
    if (differs(before, after, "auditRefusal")) {
        return json_object_get(after, "auditRefusal") != NULL ? "audit.refused"
                                                              : "audit.accepted";
    }
    return json_is_string(json_object_get(json_object_get(after, "backup"), "at")) &&
                   differs(json_object_get(before, "backup"),
                           json_object_get(after, "backup"), "at")
               ? "device.backed-up"
               : NULL;
}

static const char *event_word(uint8_t table, const json_t *before, const json_t *after)
{
    switch (table) {
    case CS_PC_DEVICE:
        return device_word(before, after);
    case CS_PC_QUORUM:
        return quorum_word(before, after);
    case CS_PC_WALLET:
        return wallet_word(before, after);
    case CS_PC_TX:
        return tx_word(before, after);
    case CS_PC_APPROVAL:
        return approval_word(before, after);
    default:
        return NULL;
    }
}

/* A transaction that waits is saved often and may be long: it is not read for that. */
static bool may_be_event(uint8_t table, const json_t *after)
{
    return table == CS_PC_DEVICE || table == CS_PC_QUORUM || table == CS_PC_APPROVAL ||
           (table == CS_PC_WALLET && !cs_js_is(after, "status", "PROVISIONING")) ||
           (table == CS_PC_TX && !cs_js_is(after, "status", "SIGNATURE_PENDING"));
}

/* The device whose message this step handles, and where from; else the platform: a
 * deadline has passed. */
static void event_actor(struct cs_platform_core *core, json_t *o, uint8_t table,
                        const uint8_t id[CS_PC_ID])
{
    const struct cs_event *ev = core->ev;
    const struct cs_pc_conn *c = NULL;
    json_t *actor = cs_js_obj();

    if (core->is_handling && ev->type == CS_EV_MESSAGE) {
        c = (const void *)cs_pc_map_get(&core->conns, &ev->conn, sizeof ev->conn);
    }
    if (c != NULL && c->live != NULL) {
        cs_js_uuid(actor, "id", c->live->id);
    } else if (c != NULL && table == CS_PC_DEVICE) {
        cs_js_uuid(actor, "id", id); /* it is just being bound */
    }
    cs_js_str(actor, "kind", json_object_size(actor) > 0 ? "DEVICE" : "PLATFORM");
    cs_js_set(o, "actor", actor);
    cs_js_str(o, "address", c != NULL ? c->remote : "");
}

static void event_write(struct cs_platform_core *core, uint8_t table,
                        const uint8_t id[CS_PC_ID], const json_t *rec)
{
    json_t *before = cs_pc_get(core, table, id), *o, *changes, *view;
    const char *word = event_word(table, before, rec);

    if (word == NULL) {
        json_decref(before);
        return;
    }
    o = cs_js_obj();
    changes = cs_js_arr();
    cs_js_str(o, "kind", "EVENT");
    cs_js_str(o, "action", word);
    event_actor(core, o, table, id);
    view = change_view(table, id, before, rec);
    if (json_object_get(rec, "_quarantine") != NULL) {
        cs_js_set(view, "quarantine", copy(json_object_get(rec, "_quarantine")));
    }
    cs_js_push(changes, view);
    cs_js_set(o, "changes", changes);
    append(core, o);
}

void cs_audit_note(struct cs_platform_core *core, uint8_t table,
                   const uint8_t id[CS_PC_ID], const json_t *rec)
{
    if (type_of(table) == NULL || core->broken != CS_OK) {
        return;
    }
    if (core->audit->is_request && gather(core, table, id, rec)) {
        return;
    }
    if (may_be_event(table, rec)) {
        event_write(core, table, id, rec);
    }
}

/* ---- requests ---------------------------------------------------------- */

void cs_audit_begin(struct cs_platform_core *core)
{
    forget_changes(core->audit);
    core->audit->items = 0;
    core->audit->is_request = true;
}

static bool reads(const struct cs_api *a)
{
    return cs_route_reads(a->route);
}

static bool is_open(const struct cs_route *r)
{
    return r->perm == CS_PERM_OPEN || r->perm == CS_PERM_SIGN_IN;
}

/* Refused because of who asks, or of a state that a wrong word or a race meets.  What
 * is malformed or not there has told nobody anything. */
static bool refusal_counts(const struct cs_api *a)
{
    switch (a->code) {
    case CS_API_DENIED:
        return true;
    case CS_API_UNAUTHENTICATED:
        return is_open(a->route);
    case CS_API_STATE:
    case CS_API_EXISTS:
        return !reads(a);
    default:
        return false;
    }
}

static bool has_room(struct cs_api *a)
{
    bool ok = cs_api_take_from(a->core, "audit", a->http->remote, CS_AUDIT_BURST,
                               CS_AUDIT_PER_S) &&
              cs_api_take(a->core, "audit-all", "", CS_AUDIT_ALL_BURST,
                          CS_AUDIT_ALL_PER_S);

    a->core->audit->suppressed += ok ? 0 : 1;
    return ok;
}

static bool is_wanted(struct cs_api *a)
{
    const struct cs_audit *au = a->core->audit;

    if (a->route == NULL || a->is_repeat) {
        return false;
    }
    if (au->n > 0 || au->more > 0) {
        return true; /* whatever else: something has changed */
    }
    if (a->code == CS_API_OK) {
        return !reads(a) && !a->is_later;
    }
    return refusal_counts(a) && has_room(a);
}

static json_t *actor_view(const struct cs_api *a)
{
    json_t *o = cs_js_obj();
    const char *claimed = cs_js_text(a->body, "email");

    /* No address: somebody may have typed something else into that field. */
    claimed = strchr(claimed, '@') == NULL ? cs_js_text(a->body, "clientId") : claimed;
    cs_js_str(o, "kind",
              a->who.kind == CS_ACTOR_USER         ? "USER"
              : a->who.kind == CS_ACTOR_CREDENTIAL ? "CREDENTIAL"
                                                   : "NONE");
    if (a->who.kind != CS_ACTOR_NONE) {
        cs_js_str(o, "id", a->who.id);
        cs_js_str(o, "name", a->who.name);
    }
    if (a->who.session != NULL) {
        cs_js_str(o, "session", cs_js_text(a->who.session, "id"));
    }
    if (is_open(a->route) && claimed[0] != '\0' && strlen(claimed) <= CS_AUDIT_MEMBER) {
        cs_js_str(o, "claimed", claimed);
    }
    return o;
}

static json_t *result_view(const struct cs_api *a)
{
    json_t *o = cs_js_obj();

    cs_js_int(o, "status", a->status);
    if (a->code != CS_API_OK) {
        cs_js_int(o, "code", a->code);
        cs_js_str(o, "field", a->field);
        cs_js_str(o, "message", a->message);
    }
    return o;
}

/* Takes over what was gathered. */
static json_t *changes_view(struct cs_audit *au)
{
    json_t *list = cs_js_arr();

    for (size_t i = 0; i < au->n; i++) {
        struct change *c = &au->changes[i];

        cs_js_push(list, change_view(c->table, c->id, c->before, c->after));
        json_decref(c->after);
    }
    au->n = 0;
    return list;
}

static void request_write(struct cs_api *a)
{
    struct cs_audit *au = a->core->audit;
    json_t *o = cs_js_obj();
    struct cs_wr action = {0};

    cs_wr_printf(&action, "%s %s", a->route->method, a->route->pattern);
    cs_wr_u8(&action, 0);
    CS_ASSERT(action.err == CS_OK);
    cs_js_str(o, "kind", "REQUEST");
    cs_js_str(o, "action", (const char *)action.p);
    cs_wr_free(&action);
    cs_js_str(o, "path", a->http->path); /* fits the pattern, so it is short */
    cs_js_str(o, "address", a->http->remote);
    cs_js_set(o, "actor", actor_view(a));
    cs_js_set(o, "result", result_view(a));
    if (au->items > 0) {
        cs_js_int(o, "item", (int64_t)au->items);
    }
    if (au->more > 0) {
        cs_js_int(o, "more", (int64_t)au->more);
        cs_js_set(o, "others", others_view(au));
    }
    if (au->suppressed > 0) {
        cs_js_int(o, "suppressed", (int64_t)au->suppressed);
        au->suppressed = 0;
    }
    cs_js_set(o, "changes", changes_view(au));
    append(a->core, o);
}

void cs_audit_item(struct cs_api *a)
{
    a->core->audit->items++;
    if (is_wanted(a)) {
        request_write(a);
    }
    forget_changes(a->core->audit);
}

void cs_audit_request(struct cs_api *a)
{
    a->core->audit->is_request = false;
    if (a->core->audit->items == 0 && is_wanted(a)) {
        request_write(a);
    }
    forget_changes(a->core->audit);
}

void cs_audit_operator(struct cs_platform_core *core, const char *action,
                       const char *name)
{
    json_t *o, *actor;

    core->audit->is_request = false;
    if (core->audit->n > 0) {
        o = cs_js_obj();
        actor = cs_js_obj();
        cs_js_str(actor, "kind", "OPERATOR");
        cs_js_str(actor, "name", name);
        cs_js_str(o, "kind", "EVENT");
        cs_js_str(o, "action", action);
        cs_js_set(o, "actor", actor);
        cs_js_str(o, "address", "");
        cs_js_set(o, "changes", changes_view(core->audit));
        append(core, o);
    }
    forget_changes(core->audit);
}
