/* Quorums: the device set, joining in three steps, the words (src/wire/README.md 2.4,
 * DECISIONS 10, 11).  The platform checks what it passes on, so that a lying member is
 * named; nodes check everything again. */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "platform/core/flows.h"
#include "platform/core/rec.h"

/* ---- loading ----------------------------------------------------------- */

bool cs_pc_quorum_load(struct cs_platform_core *core, const uint8_t id[CS_PC_ID],
                       struct cs_pc_quorum *out)
{
    out->rec = cs_pc_get(core, CS_PC_QUORUM, id);
    out->members = json_object_get(out->rec, "_members");
    out->set = out->rec == NULL ? NULL : cs_pc_qset(core, id);
    if (out->set == NULL || cs_js_true(out->rec, "_deleted")) {
        cs_pc_quorum_free(out);
        return false;
    }
    return true;
}

void cs_pc_quorum_free(struct cs_pc_quorum *q)
{
    json_decref(q->rec);
    *q = (struct cs_pc_quorum){0};
}

static json_t *member(const struct cs_pc_quorum *q, uint8_t index)
{
    return json_array_get(q->members, (size_t)index - 1);
}

static bool is_state(const struct cs_pc_quorum *q, const char *state)
{
    return cs_js_is(q->rec, "state", state);
}

static bool is_joining(const struct cs_pc_quorum *q)
{
    return is_state(q, "QUORUM_STATE_CREATED") || is_state(q, "QUORUM_STATE_PENDING");
}

static bool all_have(const struct cs_pc_quorum *q, const char *name)
{
    for (uint8_t i = 1; i <= q->set->ds.n; i++) {
        if (json_object_get(member(q, i), name) == NULL) {
            return false;
        }
    }
    return true;
}

static void send_all(struct cs_platform_core *core, const struct cs_pc_quorum *q,
                     struct cs_ctl_frame *f, int64_t expires_ms)
{
    for (uint8_t i = 1; i <= q->set->ds.n; i++) {
        struct cs_pc_live *l = cs_pc_qset_live(core, q->set, i);

        if (l != NULL) {
            cs_pc_outbox_put(core, l, f, expires_ms);
        }
    }
}

static void save(struct cs_platform_core *core, struct cs_pc_quorum *q)
{
    cs_pc_save(core, CS_PC_QUORUM, q->rec);
}

/* ---- starting ---------------------------------------------------------- */

static void make_set(struct cs_platform_core *core, struct cs_device_set *ds,
                     const json_t *rec, struct cs_pc_live *const *members, size_t n)
{
    memset(ds, 0, sizeof *ds);
    CS_ASSERT(cs_js_id(rec, "id", ds->ds_id));
    ds->t = (uint8_t)cs_js_num(rec, "requiredSigners");
    ds->n = (uint8_t)n;
    cs_pc_random(core, ds->nonce, sizeof ds->nonce);
    for (size_t k = 0; k < n; k++) {
        struct cs_ds_member *m = &ds->members[k];

        m->index = (uint8_t)(k + 1);
        memcpy(m->device_id, members[k]->id, sizeof m->device_id);
        memcpy(m->id.ik, members[k]->ik, sizeof m->id.ik);
        memcpy(m->id.sk, members[k]->sk, sizeof m->id.sk);
    }
}

static void add_members(struct cs_platform_core *core, json_t *rec,
                        const struct cs_device_set *ds)
{
    json_t *list = cs_js_arr();

    for (uint8_t k = 0; k < ds->n; k++) {
        uint8_t id[CS_PC_ID];
        json_t *m = cs_js_obj();

        cs_pc_new_id(core, id);
        cs_js_uuid(m, "id", id);
        cs_js_uuid(m, "deviceId", ds->members[k].device_id);
        cs_js_hex(m, "publicKey", ds->members[k].id.ik, CS_IK_LEN);
        cs_js_str(m, "state", "MEMBERSHIP_STATE_CREATED");
        cs_js_time(m, "updatedAt", core->wall_ms);
        cs_js_push(list, m);
    }
    cs_js_set(rec, "_members", list);
}

static void index_devices(struct cs_platform_core *core, const struct cs_pc_quorum *q,
                          bool add)
{
    uint64_t seq = (uint64_t)cs_js_num(q->rec, "_seq");

    for (uint8_t i = 1; i <= q->set->ds.n; i++) {
        struct cs_pc_scope scope = cs_pc_scope(cs_js_text(member(q, i), "deviceId"),
                                               "");

        if (add) {
            cs_pc_index_add(core, CS_IX_DEVICE_QUORUMS, scope, seq, q->set->id);
        } else {
            cs_pc_index_del(core, CS_IX_DEVICE_QUORUMS, scope, seq);
        }
    }
}

static void send_join(struct cs_platform_core *core, const struct cs_pc_quorum *q,
                      struct cs_span descriptor, int64_t expires)
{
    struct cs_ctl_frame f = {.kind = CS_CMD_QUORUM_JOIN};
    struct cs_ctl_quorum_join *j = &f.u.quorum_join;

    memcpy(j->quorum_id, q->set->id, sizeof j->quorum_id);
    (void)snprintf(j->name, sizeof j->name, "%s", cs_js_text(q->rec, "name"));
    j->descriptor = (struct cs_blob){(uint8_t *)(uintptr_t)descriptor.p, descriptor.n};
    j->expires_at = (uint64_t)expires;
    send_all(core, q, &f, expires);
}

enum cs_err cs_pc_quorum_start(struct cs_platform_core *core, json_t *rec,
                               struct cs_pc_live *const *members, size_t n)
{
    int64_t expires = core->wall_ms + (int64_t)core->cfg.limits.join_s * 1000;
    struct cs_pc_quorum q = {.rec = rec};
    struct cs_device_set ds;
    struct cs_wr w = {0};
    enum cs_err err;

    make_set(core, &ds, rec, members, n);
    CS_TRY(cs_ds_encode(&w, &ds));
    cs_js_hex(rec, "_ds", w.p, w.n);
    add_members(core, rec, &ds);
    cs_js_time(rec, "expiresAt", expires);
    cs_pc_timer(core, rec, CS_TIMER_QUORUM, expires);
    cs_pc_save(core, CS_PC_QUORUM, rec);
    q.members = json_object_get(rec, "_members");
    q.set = cs_pc_qset(core, ds.ds_id);
    CS_ASSERT(q.set != NULL || core->broken != CS_OK);
    if (q.set != NULL) {
        index_devices(core, &q, true);
        cs_pc_index_add(core, CS_IX_QUORUMS, cs_pc_scope("", ""),
                        (uint64_t)cs_js_num(rec, "_seq"), ds.ds_id);
        cs_pc_set_make(core, ds.ds_id, "SESSION_SET_TYPE_QUORUM_CREATION", ds.ds_id,
                       ds.ds_id, cs_js_text(rec, "createdBy"), expires);
        send_join(core, &q, cs_wr_get(&w), expires);
    }
out:
    cs_wr_free(&w);
    return err;
}

/* ---- ending ------------------------------------------------------------ */

void cs_pc_quorum_end(struct cs_platform_core *core, struct cs_pc_quorum *q,
                      const char *state, const char *reason, const char *text)
{
    struct cs_ctl_frame f = {.kind = CS_CMD_QUORUM_CANCEL};
    char line[448];
    json_t *reasons = cs_js_arr();

    (void)snprintf(line, sizeof line, "%s: %s", reason, text);
    cs_js_push_text(reasons, line);
    cs_js_set(q->rec, "reasons", reasons);
    cs_js_str(q->rec, "state", state);
    for (uint8_t i = 1; i <= q->set->ds.n; i++) {
        if (!cs_js_is(member(q, i), "state", "MEMBERSHIP_STATE_REJECTED")) {
            cs_js_str(member(q, i), "state", "MEMBERSHIP_STATE_FAILED");
        }
    }
    cs_pc_timer(core, q->rec, CS_TIMER_QUORUM, 0);
    save(core, q);
    index_devices(core, q, false);
    memcpy(f.u.quorum_cancel.quorum_id, q->set->id, CS_PC_ID);
    (void)snprintf(f.u.quorum_cancel.reason, sizeof f.u.quorum_cancel.reason, "%s",
                   reason);
    send_all(core, q, &f, 0);
    cs_log(CS_LOG_WARN, "platform", "quorum %s ended: %s", cs_js_text(q->rec, "id"),
           line);
}

/* A member did or said what no honest one does, or refused: one rejection ends it. */
static void reject(struct cs_platform_core *core, struct cs_pc_quorum *q, uint8_t index,
                   const char *reason, const char *text)
{
    char line[384];

    cs_js_str(member(q, index), "state", "MEMBERSHIP_STATE_REJECTED");
    (void)snprintf(line, sizeof line, "member %u (device %s): %s", index,
                   cs_js_text(member(q, index), "deviceId"), text);
    cs_pc_quorum_end(core, q, "QUORUM_STATE_REJECTED", reason, line);
}

void cs_pc_quorum_timer(struct cs_platform_core *core, const uint8_t id[CS_PC_ID])
{
    struct cs_pc_quorum q;

    if (cs_pc_quorum_load(core, id, &q)) {
        if (is_joining(&q)) {
            cs_pc_quorum_end(
                core, &q, "QUORUM_STATE_FAILED", "REQUEST_EXPIRED",
                "not all devices joined in time: check that all nodes run, "
                "then create the quorum anew");
        }
        cs_pc_quorum_free(&q);
    }
}

/* ---- joining ----------------------------------------------------------- */

static void member_state(struct cs_platform_core *core, json_t *m, const char *state)
{
    cs_js_str(m, "state", state);
    cs_js_time(m, "updatedAt", core->wall_ms);
}

static void send_commits(struct cs_platform_core *core, const struct cs_pc_quorum *q)
{
    struct cs_ctl_frame f = {.kind = CS_CMD_QUORUM_COMMITS};
    struct cs_ctl_quorum_commits *c = &f.u.quorum_commits;

    memcpy(c->quorum_id, q->set->id, sizeof c->quorum_id);
    for (uint8_t i = 1; i <= q->set->ds.n; i++) {
        struct cs_ctl_accept *a = &c->accepts[c->n_accepts++];

        a->index = i;
        CS_ASSERT(cs_js_bytes(member(q, i), "commit", a->commit, sizeof a->commit) &&
                  cs_js_bytes(member(q, i), "sig", a->sig, sizeof a->sig));
    }
    send_all(core, q, &f, 0);
}

static void accepted(struct cs_platform_core *core, struct cs_pc_quorum *q,
                     const struct cs_ctl_quorum_accepted *a)
{
    json_t *m = member(q, (uint8_t)a->index);
    uint8_t had[32];

    if (memcmp(a->ds_hash, q->set->ds_hash, sizeof a->ds_hash) != 0) {
        reject(core, q, (uint8_t)a->index, "ID_MISMATCH",
               "accepted another device set");
        return;
    }
    if (cs_quorum_join_verify(a->sig, &q->set->ds, (uint8_t)a->index, a->commit) !=
        CS_OK) {
        reject(core, q, (uint8_t)a->index, "ID_MISMATCH",
               "its acceptance signature does not verify");
        return;
    }
    if (cs_js_bytes(m, "commit", had, sizeof had)) {
        if (memcmp(had, a->commit, sizeof had) != 0) {
            reject(core, q, (uint8_t)a->index, "EQUIVOCATION",
                   "committed to two different values");
        }
        return; /* a repeat */
    }
    cs_js_hex(m, "commit", a->commit, sizeof a->commit);
    cs_js_hex(m, "sig", a->sig, sizeof a->sig);
    member_state(core, m, "MEMBERSHIP_STATE_PENDING");
    cs_js_str(q->rec, "state", "QUORUM_STATE_PENDING");
    if (all_have(q, "commit")) {
        send_commits(core, q);
    }
    save(core, q);
}

static void finish_join(struct cs_platform_core *core, struct cs_pc_quorum *q)
{
    struct cs_ctl_frame f = {.kind = CS_CMD_QUORUM_FINISH};
    struct cs_ctl_quorum_finish *c = &f.u.quorum_finish;
    uint8_t nonces[CS_DS_MEMBERS_MAX][32];
    char words[CS_WORDS_LEN];

    memcpy(c->quorum_id, q->set->id, sizeof c->quorum_id);
    for (uint8_t i = 1; i <= q->set->ds.n; i++) {
        CS_ASSERT(cs_js_bytes(member(q, i), "nonce", nonces[i - 1], 32));
        c->nonces[i - 1].index = i;
        memcpy(c->nonces[i - 1].nonce, nonces[i - 1], 32);
    }
    c->n_nonces = q->set->ds.n;
    cs_quorum_code(words, &q->set->ds, (const uint8_t(*)[32])nonces);
    cs_js_str(q->rec, "words", words);
    send_all(core, q, &f, 0);
}

static void revealed(struct cs_platform_core *core, struct cs_pc_quorum *q,
                     const struct cs_ctl_quorum_revealed *r)
{
    json_t *m = member(q, (uint8_t)r->index);
    uint8_t commit[32];

    if (!all_have(q, "commit") || !cs_js_bytes(m, "commit", commit, sizeof commit)) {
        reject(core, q, (uint8_t)r->index, "ID_MISMATCH",
               "opened before all committed");
        return;
    }
    if (cs_quorum_open(commit, q->set->ds_hash, (uint8_t)r->index, r->nonce) != CS_OK) {
        reject(core, q, (uint8_t)r->index, "ID_MISMATCH",
               "opened another value than it committed to");
        return;
    }
    if (json_object_get(m, "nonce") != NULL) {
        return; /* a repeat: only one value opens the commitment */
    }
    cs_js_hex(m, "nonce", r->nonce, sizeof r->nonce);
    if (all_have(q, "nonce")) {
        finish_join(core, q);
    }
    save(core, q);
}

static bool words_fit(const struct cs_pc_quorum *q,
                      const struct cs_ctl_quorum_confirmed *c)
{
    return cs_js_text(q->rec, "words")[0] != '\0' &&
           memcmp(c->ds_hash, q->set->ds_hash, sizeof c->ds_hash) == 0 &&
           cs_words_equal(c->words, cs_js_text(q->rec, "words"));
}

static void confirmed(struct cs_platform_core *core, struct cs_pc_quorum *q,
                      const struct cs_ctl_quorum_confirmed *c)
{
    json_t *m = member(q, (uint8_t)c->index);

    if (!words_fit(q, c)) {
        reject(core, q, (uint8_t)c->index, "ID_MISMATCH",
               "confirmed another device set or other words");
        return;
    }
    cs_js_bool(m, "confirmed", true);
    member_state(core, m, "MEMBERSHIP_STATE_CONFIRMED");
    if (all_have(q, "confirmed")) {
        cs_js_str(q->rec, "state", "QUORUM_STATE_CONFIRMED");
        cs_pc_timer(core, q->rec, CS_TIMER_QUORUM, 0);
        cs_log(CS_LOG_INFO, "platform", "quorum %s confirmed",
               cs_js_text(q->rec, "id"));
    }
    save(core, q);
}

static void verified(struct cs_platform_core *core, struct cs_pc_quorum *q,
                     const struct cs_ctl_quorum_confirmed *c)
{
    if (words_fit(q, c)) {
        cs_js_bool(member(q, (uint8_t)c->index), "verified", true);
        cs_js_bool(q->rec, "operatorVerified", true);
        save(core, q);
    }
}

bool cs_pc_quorum_confirm(struct cs_platform_core *core, struct cs_pc_quorum *q,
                          const char *words)
{
    const char *own = cs_js_text(q->rec, "words");

    if (own[0] == '\0' || !cs_words_equal(words, own)) {
        return false;
    }
    cs_js_bool(q->rec, "operatorVerified", true);
    save(core, q);
    return true;
}

/* The quorum and index that an event speaks of. */
static uint32_t named(const struct cs_ctl_frame *f, const uint8_t **id)
{
    switch ((int)f->kind) {
    case CS_EVT_QUORUM_ACCEPTED:
        *id = f->u.quorum_accepted.quorum_id;
        return f->u.quorum_accepted.index;
    case CS_EVT_QUORUM_REVEALED:
        *id = f->u.quorum_revealed.quorum_id;
        return f->u.quorum_revealed.index;
    case CS_EVT_QUORUM_REJECTED:
        *id = f->u.quorum_rejected.quorum_id;
        return f->u.quorum_rejected.index;
    default:
        *id = f->u.quorum_confirmed.quorum_id;
        return f->u.quorum_confirmed.index;
    }
}

static void join_event(struct cs_platform_core *core, struct cs_pc_quorum *q,
                       const struct cs_ctl_frame *f)
{
    switch ((int)f->kind) {
    case CS_EVT_QUORUM_ACCEPTED:
        accepted(core, q, &f->u.quorum_accepted);
        break;
    case CS_EVT_QUORUM_REVEALED:
        revealed(core, q, &f->u.quorum_revealed);
        break;
    case CS_EVT_QUORUM_CONFIRMED:
        confirmed(core, q, &f->u.quorum_confirmed);
        break;
    case CS_EVT_QUORUM_REJECTED:
        reject(core, q, (uint8_t)f->u.quorum_rejected.index,
               f->u.quorum_rejected.reason, f->u.quorum_rejected.text);
        break;
    default:
        break;
    }
}

void cs_pc_quorum_event(struct cs_platform_core *core, struct cs_pc_live *from,
                        const struct cs_ctl_frame *f)
{
    const uint8_t *id;
    uint32_t index = named(f, &id);
    struct cs_pc_quorum q;

    if (!cs_pc_quorum_load(core, id, &q)) {
        return;
    }
    if (!cs_pc_qset_speaks(q.set, from, index)) {
        cs_log(CS_LOG_WARN, "platform", "event for member %u from another device",
               index);
    } else if (f->kind == CS_EVT_QUORUM_VERIFIED) {
        if (is_joining(&q) || is_state(&q, "QUORUM_STATE_CONFIRMED")) {
            verified(core, &q, &f->u.quorum_confirmed);
        }
    } else if (is_joining(&q)) {
        join_event(core, &q, f);
    }
    cs_pc_quorum_free(&q);
}
