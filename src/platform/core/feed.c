#include "platform/core/feed.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "platform/core/approvals.h"
#include "platform/core/audit.h"
#include "platform/core/webhooks.h"

/* What can change.  A row of the table of nouns has a bit in the masks of readers. */
static const struct row {
    uint8_t table;
    const char *noun, *object_type, *status; /* the member that is its state */
    enum cs_pc_perm perm;
} rows[] = {
    {CS_PC_DEVICE, "device", "DEVICE", "approvalStatus", CS_PERM_DEVICES_READ},
    {CS_PC_QUORUM, "quorum", "QUORUM", "state", CS_PERM_QUORUMS_READ},
    {CS_PC_SET, "session", "SESSION", "state", CS_PERM_QUORUMS_READ},
    {CS_PC_VAULT, "vault", "VAULT", "status", CS_PERM_VAULTS_READ},
    {CS_PC_WALLET, "key", "WALLET", "status", CS_PERM_WALLETS_READ},
    {CS_PC_TX, "transaction", "TRANSACTION", "status", CS_PERM_TX_READ},
    {CS_PC_USER, "user", "USER", "status", CS_PERM_USERS_READ},
    {CS_PC_CREDENTIAL, "credential", "CREDENTIAL", "status", CS_PERM_CREDENTIALS_READ},
    {CS_PC_WEBHOOK, "webhook", "WEBHOOK", "status", CS_PERM_WEBHOOKS_READ},
    {CS_PC_LIMIT, "policy", "LIMIT", "status", CS_PERM_POLICIES_READ},
    {CS_PC_STRATEGY, "policy", "BACKUP_STRATEGY", "status", CS_PERM_STRATEGIES_READ},
    {CS_PC_PARTY, "address", "COUNTERPARTY", "status", CS_PERM_COUNTERPARTIES_READ},
    {CS_PC_ADDRESS, "address", "ADDRESS", "status", CS_PERM_COUNTERPARTIES_READ},
    {CS_PC_GROUP, "policy", "APPROVAL_GROUP", "status", CS_PERM_APPROVALS_READ},
    {CS_PC_APPROVAL, "approval", "APPROVAL", "status", CS_PERM_APPROVALS_READ},
    {CS_PC_AUDIT, "audit", "AUDIT", NULL, CS_PERM_AUDIT_READ},
};
enum { ROW_NONE = 32, STATUS_LEN = 48 };
_Static_assert(sizeof rows / sizeof rows[0] <= 32, "a mask has 32 bits");

struct cs_feed_change {
    uint32_t row;
    uint8_t id[CS_PC_ID];
    const char *verb;
    bool had_before; /* before is what the store had when the step began */
    char before[STATUS_LEN], after[STATUS_LEN];
    char vault[CS_UUID_LEN], wallet[CS_UUID_LEN], quorum[CS_UUID_LEN];
    uint8_t set[CS_PC_ID]; /* the session set that this moves on */
    bool has_set;
    uint32_t source; /* of an approval: the bit of what it is about */
};

static uint32_t row_of(uint8_t table)
{
    for (uint32_t i = 0; i < CS_COUNTOF(rows); i++) {
        if (rows[i].table == table) {
            return i;
        }
    }
    return ROW_NONE;
}

uint32_t cs_feed_rows(const struct cs_actor *who)
{
    uint32_t mask = 0;

    for (uint32_t i = 0; i < CS_COUNTOF(rows); i++) {
        mask |= cs_actor_may(who, rows[i].perm) ? UINT32_C(1) << i : 0;
    }
    return mask;
}

/* ---- life -------------------------------------------------------------- */

enum cs_err cs_feed_new(struct cs_platform_core *core)
{
    struct cs_feed *f = cs_alloc(sizeof *f);
    uint8_t hash[CS_AUDIT_HASH];

    core->feed = f;
    if (f == NULL) {
        return CS_ERR_NOMEM;
    }
    f->ring = cs_alloc_array(CS_FEED_RING, sizeof f->ring[0]);
    f->changes = cs_alloc_array(CS_FEED_STEP, sizeof f->changes[0]);
    f->newest = f->floor = core->seq; /* events of this life are above */
    f->audit_seq = cs_audit_head(core, hash);
    return f->ring == NULL || f->changes == NULL ? CS_ERR_NOMEM : CS_OK;
}

void cs_feed_free(struct cs_platform_core *core)
{
    struct cs_feed *f = core->feed;

    if (f == NULL) {
        return;
    }
    for (size_t i = 0; f->ring != NULL && i < CS_FEED_RING; i++) {
        cs_free(f->ring[i].text);
    }
    cs_feed_conns_free(core);
    cs_free(f->ring);
    cs_free(f->changes);
    cs_free(f);
    core->feed = NULL;
}

/* ---- noting ------------------------------------------------------------ */

static struct cs_feed_change *find(struct cs_feed *f, uint32_t row,
                                   const uint8_t id[CS_PC_ID])
{
    for (size_t i = f->n_changes; i > 0; i--) {
        struct cs_feed_change *c = &f->changes[i - 1];

        if (c->row == row && memcmp(c->id, id, CS_PC_ID) == 0) {
            return c;
        }
    }
    return NULL;
}

/* The change of this object in this step, new or known. */
static struct cs_feed_change *change_of(struct cs_platform_core *core, uint32_t row,
                                        const uint8_t id[CS_PC_ID])
{
    struct cs_feed *f = core->feed;
    struct cs_feed_change *c = find(f, row, id);

    if (c != NULL) {
        return c;
    }
    if (f->n_changes == CS_FEED_STEP) {
        cs_feed_flush(core); /* so large a step has an object twice, if need be */
    }
    c = &f->changes[f->n_changes++];
    *c = (struct cs_feed_change){.row = row, .verb = "updated"};
    memcpy(c->id, id, CS_PC_ID);
    return c;
}

/* Words of ours go out as they are, anything else does not. */
static void take_word(char out[STATUS_LEN], const char *text)
{
    size_t n = strlen(text);

    out[0] = '\0';
    if (n < STATUS_LEN && strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789") == n) {
        memcpy(out, text, n + 1);
    }
}

static void take_id(char out[CS_UUID_LEN], const json_t *rec, const char *name)
{
    uint8_t id[CS_PC_ID];

    out[0] = '\0';
    if (cs_js_id(rec, name, id)) {
        (void)cs_uuid_text(out, id);
    }
}

static bool is_deleted(const json_t *rec)
{
    return cs_js_true(rec, "_deleted") || cs_js_true(rec, "deleted");
}

/* What stood there before the step; reading a long record costs, so only where its
 * state is asked for. */
static void look_back(struct cs_platform_core *core, struct cs_feed_change *c)
{
    const struct row *r = &rows[c->row];
    bool wanted = cs_hooks_wants_state(core, r->table);
    json_t *old = wanted ? cs_pc_get(core, r->table, c->id) : NULL;

    c->had_before = wanted
                        ? old != NULL
                        : cs_pc_raw_get(core, r->table, CS_SPAN(c->id, CS_PC_ID), NULL);
    if (old != NULL && r->status != NULL) {
        take_word(c->before, cs_js_text(old, r->status));
    }
    json_decref(old);
    c->verb = c->had_before ? "updated" : "created";
}

void cs_feed_note(struct cs_platform_core *core, uint8_t table,
                  const uint8_t id[CS_PC_ID], const json_t *rec)
{
    uint32_t row = row_of(table);
    size_t n;
    struct cs_feed_change *c;

    if (row == ROW_NONE || core->feed == NULL || core->broken != CS_OK) {
        return;
    }
    n = core->feed->n_changes;
    c = change_of(core, row, id);
    if (core->feed->n_changes != n) {
        look_back(core, c);
    }
    if (is_deleted(rec)) {
        c->verb = "deleted";
    }
    if (rows[row].status != NULL) {
        take_word(c->after, cs_js_text(rec, rows[row].status));
    }
    take_id(c->vault, rec, "vaultId");
    take_id(c->wallet, rec, "walletId");
    take_id(c->quorum, rec, "quorumId");
    c->source = table == CS_PC_APPROVAL ? cs_approval_source_bit(rec) : 0;
    c->has_set = table == CS_PC_WALLET
                     ? cs_js_id(json_object_get(rec, "_key"), "requestId", c->set)
                     : table == CS_PC_QUORUM || table == CS_PC_TX;
    if (c->has_set && table != CS_PC_WALLET) {
        memcpy(c->set, id, CS_PC_ID); /* sets.c */
    }
    core->feed->is_check_due |= table == CS_PC_USER || table == CS_PC_CREDENTIAL;
}

void cs_feed_gone(struct cs_platform_core *core, uint8_t table,
                  const uint8_t id[CS_PC_ID])
{
    uint32_t row = row_of(table);

    if (row != ROW_NONE && core->feed != NULL && core->broken == CS_OK) {
        change_of(core, row, id)->verb = "deleted";
    }
}

void cs_feed_device(struct cs_platform_core *core, const uint8_t id[CS_PC_ID],
                    bool is_online)
{
    if (core->feed != NULL && core->broken == CS_OK) {
        struct cs_feed_change *c = change_of(core, row_of(CS_PC_DEVICE), id);

        c->verb = is_online ? "online" : "offline";
        c->had_before = true;
    }
}

void cs_feed_recheck(struct cs_platform_core *core)
{
    if (core->feed != NULL) {
        core->feed->is_check_due = true;
    }
}

/* ---- events ------------------------------------------------------------ */

static struct cs_feed_entry *push(struct cs_feed *f)
{
    struct cs_feed_entry *e = &f->ring[(f->first + f->n) % CS_FEED_RING];

    if (f->n == CS_FEED_RING) {
        f->floor = e->id; /* the oldest goes */
        f->first = (f->first + 1) % CS_FEED_RING;
        cs_free(e->text);
    } else {
        f->n++;
    }
    *e = (struct cs_feed_entry){.id = 0};
    return e;
}

static void member(struct cs_wr *w, const char *name, const char *text)
{
    if (text[0] != '\0') {
        cs_wr_printf(w, ",\"%s\":\"%s\"", name, text);
    }
}

/* Everything in it is made of our own words, ids and numbers. */
static void write_event(struct cs_wr *w, struct cs_platform_core *core, uint64_t id,
                        const struct cs_feed_change *c, const char *object)
{
    const struct row *r = &rows[c->row];
    char at[CS_PC_TIME_LEN];

    cs_wr_printf(w,
                 "{\"id\":%llu,\"type\":\"%s.%s\",\"objectType\":\"%s\",\"object\":"
                 "\"%s\",\"at\":\"%s\"",
                 (unsigned long long)id, r->noun, c->verb, r->object_type, object,
                 cs_pc_time(at, core->wall_ms));
    member(w, "status", c->after);
    member(w, "vaultId", c->vault);
    member(w, "walletId", c->wallet);
    member(w, "quorumId", c->quorum);
    cs_wr_u8(w, '}');
    CS_ASSERT(w->err == CS_OK);
}

static void tell(struct cs_platform_core *core, const struct cs_feed_change *c,
                 const char *object)
{
    struct cs_feed *f = core->feed;
    uint64_t id = cs_pc_next_seq(core);
    struct cs_feed_entry *e = push(f);
    struct cs_wr w = {.max = CS_FEED_TEXT};
    size_t n;

    write_event(&w, core, id, c, object);
    cs_wr_u8(&w, 0);
    e->id = f->newest = id;
    e->row = c->row;
    e->is_approval = rows[c->row].table == CS_PC_APPROVAL;
    e->source = c->source;
    memcpy(e->object, c->id, sizeof e->object);
    e->text = (char *)cs_wr_take(&w, &n);
    CS_ASSERT(e->text != NULL);
    cs_feed_send_all(core, e);
}

static void tell_hooks(struct cs_platform_core *core, const struct cs_feed_change *c)
{
    const struct row *r = &rows[c->row];
    struct cs_hook_event ev = {.table = r->table,
                               .id = core->feed->newest,
                               .is_created = !c->had_before,
                               .is_state_change = !c->had_before ||
                                                  strcmp(c->before, c->after) != 0};
    char type[64];

    (void)snprintf(type, sizeof type, "%s.%s", r->noun, c->verb);
    ev.type = type;
    memcpy(ev.object, c->id, sizeof ev.object);
    cs_hooks_event(core, &ev);
}

/* A session has no record of its state: it follows from what it is for. */
static void tell_session(struct cs_platform_core *core, const struct cs_feed_change *of)
{
    struct cs_feed_change c = {.row = row_of(CS_PC_SET), .had_before = true};
    char object[CS_UUID_LEN];

    if (!of->has_set || !of->had_before ||
        !cs_pc_raw_get(core, CS_PC_SET, CS_SPAN_OF(of->set), NULL)) {
        return;
    }
    c.verb = "updated";
    memcpy(c.id, of->set, sizeof c.id);
    memcpy(c.after, of->after, sizeof c.after);
    memcpy(c.quorum, of->quorum, sizeof c.quorum);
    tell(core, &c, cs_uuid_text(object, c.id));
    tell_hooks(core, &c);
}

static void tell_audit(struct cs_platform_core *core)
{
    uint8_t hash[CS_AUDIT_HASH];
    struct cs_feed_change c = {.row = row_of(CS_PC_AUDIT), .verb = "created"};
    uint64_t seq = cs_audit_head(core, hash);
    char object[24];

    if (seq != core->feed->audit_seq) {
        core->feed->audit_seq = seq;
        (void)snprintf(object, sizeof object, "%llu", (unsigned long long)seq);
        tell(core, &c, object);
    }
}

void cs_feed_flush(struct cs_platform_core *core)
{
    struct cs_feed *f = core->feed;
    size_t n = f->n_changes;
    char object[CS_UUID_LEN];

    for (size_t i = 0; i < n && core->broken == CS_OK; i++) {
        struct cs_feed_change *c = &f->changes[i];

        tell(core, c, cs_uuid_text(object, c->id));
        tell_hooks(core, c);
        if (c->has_set) {
            tell_session(core, c);
        }
    }
    CS_ASSERT(f->n_changes == n); /* telling changes nothing that is told of */
    f->n_changes = 0;
    tell_audit(core);
    if (f->is_check_due) {
        cs_feed_check(core);
    }
}
