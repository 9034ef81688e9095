/* Joining a quorum: pin the descriptor, commit, reveal, compare
 * (src/wire/README.md 2.4, DECISIONS 10, 11; RELIABILITY T1). */
#include "node/core/core.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/rd.h"
#include "wire/jsonx.h"

enum { QUORUM_VERSION = 1 };

struct quorum *cs_nd_quorum_find(const struct cs_node_core *n, const uint8_t id[16])
{
    for (size_t i = 0; i < n->n_quorums; i++) {
        if (memcmp(n->quorums[i]->id, id, 16) == 0) {
            return n->quorums[i];
        }
    }
    return NULL;
}

struct quorum *cs_nd_quorum_by_hash(const struct cs_node_core *n,
                                    const uint8_t ds_hash[32])
{
    for (size_t i = 0; i < n->n_quorums; i++) {
        if (memcmp(n->quorums[i]->roster.ds_hash, ds_hash, 32) == 0) {
            return n->quorums[i];
        }
    }
    return NULL;
}

const char *cs_nd_quorum_state_name(const struct quorum *q)
{
    switch (q->state) {
    case QUORUM_ACCEPTED:
        return "ACCEPTED";
    case QUORUM_REVEALED:
        return "REVEALED";
    case QUORUM_CONFIRMED:
        return "CONFIRMED";
    }
    return "UNKNOWN";
}

/* ---- record
 * --------------------------------------------------------------------------- */

void cs_nd_quorum_save(struct cs_node_core *n, const struct quorum *q)
{
    struct cs_wr w = {0}, ds = {0};
    enum cs_err err = cs_ds_encode(&ds, &q->ds);

    if (err != CS_OK) { /* it was decoded, hence checked: only memory can lack */
        cs_nd_fail(n, err, "a quorum's record");
    }
    cs_wr_u8(&w, QUORUM_VERSION);
    cs_wr_lp(&w, CS_SPAN(q->name, strlen(q->name)));
    cs_nd_nest(&w, &ds);
    cs_wr_u8(&w, (uint8_t)q->state);
    cs_wr_u8(&w, q->verified);
    cs_wr_u64(&w, (uint64_t)q->expires_ms);
    cs_wr_bytes(&w, q->nonce, 32);
    cs_wr_bytes(&w, q->commits, sizeof q->commits);
    cs_wr_bytes(&w, q->nonces, sizeof q->nonces);
    cs_nd_put(n, TABLE_QUORUM, CS_SPAN_OF(q->id), cs_wr_get(&w));
    cs_wr_free(&w);
    cs_wr_free(&ds);
}

/* Own index, roster and words follow from the descriptor. */
static enum cs_err derive(struct cs_node_core *n, struct quorum *q)
{
    uint8_t self;

    CS_CHECK(cs_ds_check_self(&q->ds, n->device_raw, &n->id->pub, &self));
    CS_CHECK(cs_roster_from_ds(&q->roster, &q->ds, self));
    if (q->state == QUORUM_CONFIRMED) {
        cs_quorum_code(q->words, &q->ds, (const uint8_t(*)[32]) & q->nonces[1]);
    }
    return CS_OK;
}

static enum cs_err decode(struct cs_node_core *n, struct quorum *q,
                          struct cs_span value)
{
    struct cs_rd r = CS_RD(value);
    struct cs_span name, ds;
    uint8_t version = cs_rd_u8(&r);

    name = cs_rd_lp(&r, sizeof q->name - 1);
    ds = cs_rd_lp(&r, CS_DS_ENC_MAX);
    q->state = (enum quorum_state)cs_rd_u8(&r);
    q->verified = cs_rd_u8(&r) == 1;
    q->expires_ms = (int64_t)cs_rd_u64(&r);
    cs_rd_copy(&r, q->nonce, 32);
    cs_rd_copy(&r, q->commits, sizeof q->commits);
    cs_rd_copy(&r, q->nonces, sizeof q->nonces);
    if (cs_rd_end(&r) != CS_OK || version != QUORUM_VERSION ||
        cs_ds_decode(&q->ds, ds) != CS_OK) {
        return CS_ERR_STORE_CORRUPT;
    }
    (void)snprintf(q->name, sizeof q->name, "%.*s", (int)name.n, (const char *)name.p);
    return derive(n, q);
}

void cs_nd_quorum_free(struct quorum *q)
{
    if (q != NULL) {
        for (size_t i = 0; i < CS_PARTY_SLOTS; i++) {
            cs_ot_pair_free(q->peers[i].ot);
            cs_nd_ecdsa_seen_free(q->peers[i].ecdsa_seen);
            cs_link_free(q->peers[i].link);
        }
        cs_free_wiped(q, sizeof *q);
    }
}

static enum cs_err load_one(void *ctx, struct cs_span key, struct cs_span value)
{
    struct cs_node_core *n = ctx;
    struct quorum *q = n->n_quorums < MAX_QUORUMS ? cs_alloc(sizeof *q) : NULL;
    enum cs_err err = key.n == 16 ? CS_OK : CS_ERR_STORE_CORRUPT;

    if (q == NULL) {
        return CS_ERR_NOMEM;
    }
    if (err == CS_OK) {
        memcpy(q->id, key.p, 16);
        err = decode(n, q, value);
    }
    cs_nd_ot_load(n, q);
    for (uint8_t i = 1; err == CS_OK && i <= q->ds.n; i++) {
        err = cs_nd_peer_load(n, q, i);
    }
    if (err != CS_OK) {
        cs_nd_quorum_free(q);
        return err;
    }
    n->quorums[n->n_quorums++] = q;
    return CS_OK;
}

enum cs_err cs_nd_quorums_load(struct cs_node_core *n)
{
    return cs_safe_each(n->safe, TABLE_QUORUM, load_one, n);
}

static void forget(struct cs_node_core *n, struct quorum *q)
{
    for (size_t i = 0; i < n->n_quorums; i++) {
        if (n->quorums[i] == q) {
            n->quorums[i] = n->quorums[--n->n_quorums];
            cs_nd_del(n, TABLE_QUORUM, CS_SPAN_OF(q->id));
            cs_nd_quorum_free(q);
            return;
        }
    }
}

/* ---- answers
 * ------------------------------------------------------------------------------ */

static void reject(struct cs_node_core *n, const uint8_t quorum_id[16], uint8_t index,
                   enum cs_err err, const char *text)
{
    struct cs_ctl_frame f = {.kind = CS_EVT_QUORUM_REJECTED};
    struct cs_ctl_quorum_rejected *b = &f.u.quorum_rejected;

    cs_log(CS_LOG_ERROR, "quorum", "refused to join: %s (%s)", text,
           cs_err_reason(err));
    memcpy(b->quorum_id, quorum_id, 16);
    b->index = index;
    (void)snprintf(b->reason, sizeof b->reason, "%s", cs_err_reason(err));
    (void)snprintf(b->text, sizeof b->text, "%s", text);
    cs_nd_outbox_put(n, &f);
}

static void reject_and_forget(struct cs_node_core *n, struct quorum *q, enum cs_err err,
                              const char *text)
{
    reject(n, q->id, q->roster.self, err, text);
    forget(n, q);
}

static void say_accepted(struct cs_node_core *n, const struct quorum *q)
{
    struct cs_ctl_frame f = {.kind = CS_EVT_QUORUM_ACCEPTED};
    struct cs_ctl_quorum_accepted *b = &f.u.quorum_accepted;

    memcpy(b->quorum_id, q->id, 16);
    memcpy(b->ds_hash, q->roster.ds_hash, 32);
    b->index = q->roster.self;
    memcpy(b->commit, q->commits[q->roster.self], 32);
    cs_quorum_join_sign(b->sig, n->id, q->roster.ds_hash, q->roster.self, b->commit);
    cs_nd_outbox_put(n, &f);
}

static void say_revealed(struct cs_node_core *n, const struct quorum *q)
{
    struct cs_ctl_frame f = {.kind = CS_EVT_QUORUM_REVEALED};

    memcpy(f.u.quorum_revealed.quorum_id, q->id, 16);
    f.u.quorum_revealed.index = q->roster.self;
    memcpy(f.u.quorum_revealed.nonce, q->nonce, 32);
    cs_nd_outbox_put(n, &f);
}

static void say_words(struct cs_node_core *n, const struct quorum *q,
                      enum cs_ctl_kind kind)
{
    struct cs_ctl_frame f = {.kind = kind};
    struct cs_ctl_quorum_confirmed *b = &f.u.quorum_confirmed;

    memcpy(b->quorum_id, q->id, 16);
    memcpy(b->ds_hash, q->roster.ds_hash, 32);
    b->index = q->roster.self;
    (void)snprintf(b->words, sizeof b->words, "%s", q->words);
    cs_nd_outbox_put(n, &f);
}

static void notify(struct cs_node_core *n, const struct quorum *q)
{
    char id[CS_UUID_LEN];

    cs_nd_notify(n, "quorum", "{\"quorumId\":\"%s\",\"state\":\"%s\",\"words\":\"%s\"}",
                 cs_uuid_text(id, q->id), cs_nd_quorum_state_name(q), q->words);
}

/* ---- step 1: join
 * --------------------------------------------------------------------------- */

/* Strict mode: is this peer on the operator's list?  Always true without a list. */
static bool is_known_peer(const struct cs_node_core *n, const struct cs_identity *id)
{
    uint8_t fp[32];

    cs_identity_fingerprint(fp, id);
    if (n->n_peer_identities == 0 || cs_ct_equal(fp, n->fingerprint, 32)) {
        return true;
    }
    for (size_t i = 0; i < n->n_peer_identities; i++) {
        if (cs_ct_equal(fp, n->peer_identities[i], 32)) {
            return true;
        }
    }
    return false;
}

bool cs_nd_peer_allowed(const struct cs_node_core *n, const struct quorum *q,
                        uint8_t peer)
{
    return is_known_peer(n, &q->ds.members[peer - 1].id);
}

/* What this node is ready to be part of.  NULL: fine; else why not. */
static const char *not_acceptable(const struct cs_node_core *n, const struct quorum *q,
                                  enum cs_err *err)
{
    *err = CS_ERR_DESCRIPTOR;
    if (q->ds.t != 2) {
        return "this version signs with exactly two of n: required signers must be 2";
    }
    if (q->ds.n_approvers != 0) {
        return "this version cannot check pinned approvers: none may be named";
    }
    if (!cs_ct_is_zero(q->ds.policy_hash, sizeof q->ds.policy_hash)) {
        return "this version cannot enforce a pinned policy: none may be named";
    }
    *err = CS_ERR_PEER_KEY_CHANGED;
    for (uint8_t i = 1; i <= q->ds.n; i++) {
        if (!cs_nd_peer_allowed(n, q, i)) {
            return "a member's fingerprint is not listed in PEER_IDENTITIES";
        }
    }
    *err = CS_OK;
    return NULL;
}

static void accept(struct cs_node_core *n, struct quorum *q)
{
    uint8_t self = q->roster.self;

    n->random(n->random_ctx, q->nonce, 32);
    cs_quorum_commit(q->commits[self], q->roster.ds_hash, self, q->nonce);
    q->state = QUORUM_ACCEPTED;
    n->quorums[n->n_quorums++] = q;
    cs_nd_quorum_save(n, q);
    say_accepted(n, q);
    notify(n, q);
}

static void join_new(struct cs_node_core *n, struct quorum *q,
                     struct cs_span descriptor)
{
    const char *why = NULL;
    enum cs_err err = cs_ds_decode(&q->ds, descriptor);

    if (err == CS_OK) {
        err = derive(n, q);
    }
    why = err == CS_OK ? not_acceptable(n, q, &err) : cs_err_text(err);
    if (err == CS_OK && cs_nd_quorum_by_hash(n, q->roster.ds_hash) != NULL) {
        err = CS_ERR_DESCRIPTOR;
        why = "this descriptor already belongs to another quorum";
    }
    if (err != CS_OK) {
        reject(n, q->id, q->roster.self, err, why);
        cs_nd_quorum_free(q);
        return;
    }
    accept(n, q);
}

/* A repeat is fine; another descriptor under a known id is not, and the first stands
 * (RELIABILITY T1). */
static void join_again(struct cs_node_core *n, const struct quorum *q,
                       struct cs_span descriptor)
{
    struct cs_device_set ds;
    uint8_t hash[CS_DS_HASH_LEN] = {0};

    if (cs_ds_decode(&ds, descriptor) == CS_OK) {
        cs_ds_hash(hash, &ds);
    }
    if (memcmp(hash, q->roster.ds_hash, sizeof hash) != 0) {
        reject(n, q->id, q->roster.self, CS_ERR_PEER_KEY_CHANGED,
               "this quorum was joined with other members or keys");
    }
}

enum { JOIN_SLACK_MS = 120000 }; /* clocks may differ (PROTOCOLS 15.7 G2) */

static bool is_expired(const struct cs_node_core *n, const struct quorum *q)
{
    return q->state != QUORUM_CONFIRMED && n->wall - JOIN_SLACK_MS > q->expires_ms;
}

/* Joins that nobody finished or called off must not fill the table for ever. */
static void forget_expired(struct cs_node_core *n)
{
    for (size_t i = n->n_quorums; i-- > 0;) {
        if (is_expired(n, n->quorums[i])) {
            forget(n, n->quorums[i]);
        }
    }
}

void cs_nd_quorum_join(struct cs_node_core *n, const struct cs_ctl_quorum_join *b)
{
    struct cs_span descriptor = CS_SPAN(b->descriptor.p, b->descriptor.n);
    struct quorum *q = cs_nd_quorum_find(n, b->quorum_id);

    if (q != NULL) {
        join_again(n, q, descriptor);
        return;
    }
    forget_expired(n);
    q = n->n_quorums < MAX_QUORUMS ? cs_alloc(sizeof *q) : NULL;
    if (q == NULL) {
        reject(n, b->quorum_id, 0, CS_ERR_LIMIT, "this node is in 64 quorums already");
        return;
    }
    memcpy(q->id, b->quorum_id, 16);
    (void)snprintf(q->name, sizeof q->name, "%s", b->name);
    q->expires_ms = (int64_t)b->expires_at;
    if (n->wall > q->expires_ms) {
        reject(n, q->id, 0, CS_ERR_REQUEST_EXPIRED, "the time to join is over");
        cs_nd_quorum_free(q);
        return;
    }
    join_new(n, q, descriptor);
}

/* ---- step 2: everybody's commitments
 * ---------------------------------------------------------- */

/* The quorum when it waits in this state and there is still time. */
static struct quorum *waiting(struct cs_node_core *n, const uint8_t id[16],
                              enum quorum_state state)
{
    struct quorum *q = cs_nd_quorum_find(n, id);

    if (q == NULL || q->state != state) {
        return NULL; /* a repeat, or a step that was called off */
    }
    if (is_expired(n, q)) {
        reject_and_forget(n, q, CS_ERR_REQUEST_EXPIRED, "the time to join is over");
        return NULL;
    }
    return q;
}

static enum cs_err take_commits(struct quorum *q, const struct cs_ctl_quorum_commits *b)
{
    bool seen[CS_PARTY_SLOTS] = {false};

    if (b->n_accepts != q->ds.n) {
        return CS_ERR_ID_MISMATCH;
    }
    for (size_t i = 0; i < b->n_accepts; i++) {
        const struct cs_ctl_accept *a = &b->accepts[i];

        if (!cs_roster_has(&q->roster, a->index) || seen[a->index] ||
            cs_quorum_join_verify(a->sig, &q->ds, (uint8_t)a->index, a->commit) !=
                CS_OK) {
            return CS_ERR_ID_MISMATCH;
        }
        seen[a->index] = true;
        if (a->index == q->roster.self &&
            !cs_ct_equal(a->commit, q->commits[a->index], 32)) {
            return CS_ERR_ID_MISMATCH;
        }
        memcpy(q->commits[a->index], a->commit, 32);
    }
    return CS_OK;
}

void cs_nd_quorum_commits(struct cs_node_core *n, const struct cs_ctl_quorum_commits *b)
{
    struct quorum *q = waiting(n, b->quorum_id, QUORUM_ACCEPTED);

    if (q == NULL) {
        return;
    }
    if (take_commits(q, b) != CS_OK) {
        reject_and_forget(n, q, CS_ERR_ID_MISMATCH,
                          "the members' signatures do not fit one descriptor");
        return;
    }
    q->state = QUORUM_REVEALED; /* from here on the own nonce is public */
    cs_nd_quorum_save(n, q);
    say_revealed(n, q);
}

/* ---- step 3: everybody's nonces, the words
 * ------------------------------------------------------ */

static enum cs_err take_nonces(struct quorum *q, const struct cs_ctl_quorum_finish *b)
{
    bool seen[CS_PARTY_SLOTS] = {false};

    if (b->n_nonces != q->ds.n) {
        return CS_ERR_ID_MISMATCH;
    }
    for (size_t i = 0; i < b->n_nonces; i++) {
        const struct cs_ctl_opening *o = &b->nonces[i];

        if (!cs_roster_has(&q->roster, o->index) || seen[o->index] ||
            cs_quorum_open(q->commits[o->index], q->roster.ds_hash, (uint8_t)o->index,
                           o->nonce) != CS_OK) {
            return CS_ERR_ID_MISMATCH;
        }
        seen[o->index] = true;
        memcpy(q->nonces[o->index], o->nonce, 32);
    }
    return CS_OK;
}

void cs_nd_quorum_finish(struct cs_node_core *n, const struct cs_ctl_quorum_finish *b)
{
    struct quorum *q = waiting(n, b->quorum_id, QUORUM_REVEALED);

    if (q == NULL) {
        return;
    }
    if (take_nonces(q, b) != CS_OK) {
        reject_and_forget(n, q, CS_ERR_ID_MISMATCH,
                          "a member's opening does not fit its commitment");
        return;
    }
    q->state = QUORUM_CONFIRMED;
    cs_quorum_code(q->words, &q->ds, (const uint8_t(*)[32]) & q->nonces[1]);
    cs_log(
        CS_LOG_INFO, "quorum",
        "joined \"%s\"; compare these words with the other nodes and the console: %s",
        q->name, q->words);
    cs_nd_quorum_save(n, q);
    say_words(n, q, CS_EVT_QUORUM_CONFIRMED);
    notify(n, q);
    cs_nd_links_open(n, q);
}

void cs_nd_quorum_cancel(struct cs_node_core *n, const struct cs_ctl_quorum_cancel *b)
{
    struct quorum *q = cs_nd_quorum_find(n, b->quorum_id);

    /* A confirmed quorum may hold keys: the platform cannot take it away. */
    if (q != NULL && q->state != QUORUM_CONFIRMED) {
        cs_log(CS_LOG_WARN, "quorum", "joining \"%s\" was called off: %s", q->name,
               b->reason);
        forget(n, q);
    }
}

void cs_nd_quorum_verified(struct cs_node_core *n, struct quorum *q)
{
    q->verified = true;
    cs_nd_quorum_save(n, q);
    say_words(n, q, CS_EVT_QUORUM_VERIFIED);
}
