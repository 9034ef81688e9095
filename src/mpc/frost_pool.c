#include "mpc/frost_pool.h"

#include <string.h>

#include "base/mem.h"
#include "base/rd.h"
#include "mpc/frost_suite.h"

/* ---- lists
 * ------------------------------------------------------------------------------ */

enum nonce_state {
    NONCE_UNSPENT,
    NONCE_RUNNING, /* moved out, answer not there yet */
    NONCE_DONE,    /* answer stored for repeats */
};

/* One nonce as its maker knows it; the secrets are apart, in guarded memory. */
struct made {
    uint64_t id;
    enum nonce_state state;
    uint64_t at_ms; /* made; when DONE: answered */
    struct cs_frost_commit commit;
    uint8_t req_hash[32];
    uint8_t rsp[CS_FROST_RSP_LEN];
};

/* One commitment of a peer. */
struct theirs {
    uint64_t id;
    uint64_t at_ms;
    struct cs_frost_commit commit;
};

struct list {
    bool used;
    struct cs_frost_use use;
    uint64_t touched; /* for the least recently used */
    size_t n;
    union {
        struct made *made; /* as responder */
        struct theirs *theirs;
    } e;
    struct cs_frost_kept *secret; /* as responder: beside made[], guarded */
    uint64_t highest;             /* as initiator: highest id ever seen */
};

struct cs_frost_pool {
    size_t max_lists;
    uint64_t next_id;
    uint64_t clock; /* counts uses, not time */
    struct cs_frost_plans *plans;
    struct list *mine;   /* max_lists: published here */
    struct list *others; /* max_lists: published by peers */
};

struct cs_frost_pool *cs_frost_pool_new(size_t max_lists)
{
    struct cs_frost_pool *p = cs_alloc(sizeof *p);

    if (p == NULL) {
        return NULL;
    }
    p->max_lists = max_lists == 0 ? CS_FROST_LISTS_MAX : max_lists;
    p->next_id = 1;
    p->mine = cs_alloc_array(p->max_lists, sizeof *p->mine);
    p->others = cs_alloc_array(p->max_lists, sizeof *p->others);
    p->plans = cs_frost_plans_new();
    if (p->mine == NULL || p->others == NULL || p->plans == NULL) {
        cs_frost_plans_free(p->plans);
        cs_free(p->mine);
        cs_free(p->others);
        cs_free(p);
        return NULL;
    }
    return p;
}

static void drop_mine(struct list *l)
{
    if (l->used) {
        cs_free_wiped(l->e.made, CS_FROST_LIST_MAX * sizeof *l->e.made);
        cs_guard_free(l->secret);
    }
    *l = (struct list){0};
}

static void drop_theirs(struct list *l)
{
    if (l->used) {
        cs_free_wiped(l->e.theirs, CS_FROST_LIST_MAX * sizeof *l->e.theirs);
    }
    *l = (struct list){0};
}

void cs_frost_pool_free(struct cs_frost_pool *p)
{
    size_t i;

    if (p == NULL) {
        return;
    }
    for (i = 0; i < p->max_lists; i++) {
        drop_mine(&p->mine[i]);
        drop_theirs(&p->others[i]);
    }
    cs_frost_plans_free(p->plans);
    cs_free(p->mine);
    cs_free(p->others);
    cs_free(p);
}

enum cs_err cs_frost_pool_plan(struct cs_frost_pool *p,
                               const struct cs_frost_plan **out,
                               const struct cs_frost_task *t)
{
    return cs_frost_plans_get(p->plans, out, &t->key->body, t->request, t->signers,
                              t->n_signers);
}

/* Bound at birth: every field must agree (5.6.1). */
static bool same_use(const struct cs_frost_use *a, const struct cs_frost_use *b)
{
    return memcmp(a->key_id, b->key_id, CS_ID_LEN) == 0 && a->epoch == b->epoch &&
           memcmp(a->link_id, b->link_id, 16) == 0 &&
           memcmp(a->ds_hash, b->ds_hash, 32) == 0 && a->scheme == b->scheme &&
           a->peer == b->peer;
}

static struct list *find(struct list *lists, size_t n, const struct cs_frost_use *u)
{
    size_t i;

    for (i = 0; i < n; i++) {
        if (lists[i].used && same_use(&lists[i].use, u)) {
            return &lists[i];
        }
    }
    return NULL;
}

/* A free place, or that of the list not used for longest. */
static struct list *place(struct list *lists, size_t n)
{
    struct list *oldest = &lists[0];
    size_t i;

    for (i = 0; i < n; i++) {
        if (!lists[i].used) {
            return &lists[i];
        }
        if (lists[i].touched < oldest->touched) {
            oldest = &lists[i];
        }
    }
    return oldest;
}

static struct list *mine_for(struct cs_frost_pool *p, const struct cs_frost_use *u)
{
    struct list *l = find(p->mine, p->max_lists, u);

    if (l == NULL) {
        struct made *made = cs_alloc_array(CS_FROST_LIST_MAX, sizeof *made);
        struct cs_frost_kept *secret = cs_guard_new(CS_FROST_LIST_MAX * sizeof *secret);

        if (made == NULL || secret == NULL) {
            cs_free(made);
            cs_guard_free(secret);
            return NULL;
        }
        l = place(p->mine, p->max_lists);
        drop_mine(l);
        *l = (struct list){
            .used = true, .use = *u, .e = {.made = made}, .secret = secret};
    }
    l->touched = ++p->clock;
    return l;
}

static struct list *theirs_for(struct cs_frost_pool *p, const struct cs_frost_use *u)
{
    struct list *l = find(p->others, p->max_lists, u);

    if (l == NULL) {
        struct theirs *theirs = cs_alloc_array(CS_FROST_LIST_MAX, sizeof *theirs);

        if (theirs == NULL) {
            return NULL;
        }
        l = place(p->others, p->max_lists);
        drop_theirs(l);
        *l = (struct list){.used = true, .use = *u, .e = {.theirs = theirs}};
    }
    l->touched = ++p->clock;
    return l;
}

/* ---- 7.4 FR_WANT
 * ----------------------------------------------------------------------------- */

void cs_frost_want_encode(struct cs_wr *w, uint64_t highest)
{
    cs_wr_u64(w, highest);
}

enum cs_err cs_frost_want_decode(uint64_t *highest, struct cs_span in)
{
    struct cs_rd r = CS_RD(in);
    uint64_t v = cs_rd_u64(&r);

    if (cs_rd_end(&r) != CS_OK) {
        return CS_ERR_BAD_FORMAT;
    }
    *highest = v;
    return CS_OK;
}

/* ---- responder: publish
 * ------------------------------------------------------------------------ */

/* Removes entry i, keeping the order of ids. */
static void remove_made(struct list *l, size_t i)
{
    size_t k;

    cs_wipe(&l->secret[i], sizeof l->secret[i]);
    for (k = i; k + 1 < l->n; k++) {
        l->e.made[k] = l->e.made[k + 1];
        l->secret[k] = l->secret[k + 1];
    }
    l->n--;
    cs_wipe(&l->secret[l->n], sizeof l->secret[l->n]);
    cs_wipe(&l->e.made[l->n], sizeof l->e.made[l->n]);
}

/* Too old: unspent after an hour, answers after a minute. */
static void expire_mine(struct list *l, uint64_t now_ms)
{
    size_t i = 0;

    while (i < l->n) {
        const struct made *m = &l->e.made[i];
        uint64_t keep = m->state == NONCE_DONE ? CS_FROST_REPEAT_MS : CS_FROST_AGE_MS;

        if (now_ms - m->at_ms > keep) {
            remove_made(l, i);
        } else {
            i++;
        }
    }
}

/* What the initiator does not know was lost on the way: it can never ask for it (F1).
 */
static void drop_above(struct list *l, uint64_t highest)
{
    size_t i = 0;

    while (i < l->n) {
        if (l->e.made[i].state == NONCE_UNSPENT && l->e.made[i].id > highest) {
            remove_made(l, i);
        } else {
            i++;
        }
    }
}

/* The context tells this nonce from all others: the use and the id. */
static enum cs_err make_nonces(struct cs_frost_kept *out, struct cs_frost_commit *c,
                               const struct cs_key *key, const struct cs_frost_use *u,
                               uint64_t id, const uint8_t rand[CS_FROST_RAND])
{
    uint8_t num[13] = {[12] = u->peer};
    size_t i;

    for (i = 0; i < 8; i++) {
        num[i] = (uint8_t)(id >> (56 - 8 * i));
    }
    for (i = 0; i < 4; i++) {
        num[8 + i] = (uint8_t)(u->epoch >> (24 - 8 * i));
    }
    const struct cs_span ctx[] = {CS_SPAN_OF(u->ds_hash), CS_SPAN_OF(u->key_id),
                                  CS_SPAN_OF(u->link_id), CS_SPAN_OF(num)};
    CS_CHECK(cs_frost_make(&out->n, c, key, rand, ctx, CS_COUNTOF(ctx), NULL));
    cs_frost_keep(out);
    return CS_OK;
}

static enum cs_err make_one(struct cs_frost_pool *p, struct list *l,
                            const struct cs_key *key, const uint8_t rand[CS_FROST_RAND],
                            uint64_t now_ms, struct cs_wr *w)
{
    struct made *m = &l->e.made[l->n];
    uint8_t entry[CS_FROST_COMMIT_MAX];

    *m = (struct made){.id = p->next_id++, .state = NONCE_UNSPENT, .at_ms = now_ms};
    CS_CHECK(make_nonces(&l->secret[l->n], &m->commit, key, &l->use, m->id, rand));
    l->n++;
    cs_frost_entry_encode(l->use.scheme, entry, &m->commit);
    cs_wr_u64(w, m->id);
    cs_wr_bytes(w, entry, cs_frost_commit_len(l->use.scheme));
    return w->err;
}

enum cs_err cs_frost_pool_issue(struct cs_frost_pool *p, const struct cs_frost_use *u,
                                const struct cs_key *key, uint64_t highest,
                                size_t count, const uint8_t *rand, uint64_t now_ms,
                                struct cs_wr *w)
{
    struct list *l;
    size_t i;

    if (count < 1 || count > CS_FROST_LIST_MAX) {
        return CS_ERR_LIMIT;
    }
    if (key->state != CS_KEY_ACTIVE || key->body.scheme != u->scheme ||
        cs_frost_commit_len(u->scheme) == 0) {
        return CS_ERR_STATE;
    }
    l = mine_for(p, u);
    if (l == NULL) {
        return CS_ERR_NOMEM;
    }
    expire_mine(l, now_ms);
    drop_above(l, highest);
    while (l->n + count > CS_FROST_LIST_MAX) {
        remove_made(l, 0); /* the oldest goes: spending nonces unused is always safe */
    }
    cs_wr_u16(w, (uint16_t)count);
    for (i = 0; i < count; i++) {
        CS_CHECK(make_one(p, l, key, rand + i * CS_FROST_RAND, now_ms, w));
    }
    return w->err;
}

/* ---- responder: take
 * ------------------------------------------------------------------------------ */

static struct made *made_by_id(struct list *l, uint64_t id, size_t *at)
{
    size_t i;

    for (i = 0; l != NULL && i < l->n; i++) {
        if (l->e.made[i].id == id) {
            *at = i;
            return &l->e.made[i];
        }
    }
    return NULL;
}

enum cs_err cs_frost_pool_find(struct cs_frost_pool *p, const struct cs_frost_use *u,
                               uint64_t id, const uint8_t req_hash[32], uint64_t now_ms,
                               struct cs_frost_commit *commit,
                               uint8_t stored[CS_FROST_RSP_LEN])
{
    struct list *l = find(p->mine, p->max_lists, u);
    struct made *m;
    size_t at;

    if (l == NULL) {
        return CS_ERR_FROST_NONCE_ID;
    }
    expire_mine(l, now_ms);
    m = made_by_id(l, id, &at);
    if (m == NULL) {
        return CS_ERR_FROST_NONCE_ID;
    }
    if (m->state == NONCE_UNSPENT) {
        *commit = m->commit;
        return CS_OK;
    }
    if (memcmp(m->req_hash, req_hash, 32) != 0) {
        return CS_ERR_FROST_NONCE_ID; /* spent for something else: never again */
    }
    if (m->state == NONCE_DONE) {
        memcpy(stored, m->rsp, sizeof m->rsp);
        return CS_ERR_EXISTS;
    }
    return CS_ERR_REPLAY;
}

enum cs_err cs_frost_pool_spend(struct cs_frost_pool *p, const struct cs_frost_use *u,
                                uint64_t id, const uint8_t req_hash[32],
                                uint64_t now_ms, struct cs_frost_nonces *out)
{
    struct list *l = find(p->mine, p->max_lists, u);
    struct made *m;
    size_t at;

    if (l == NULL) {
        return CS_ERR_FROST_NONCE_ID;
    }
    expire_mine(l, now_ms);
    m = made_by_id(l, id, &at);
    if (m == NULL || m->state != NONCE_UNSPENT) {
        return CS_ERR_FROST_NONCE_ID;
    }
    l->touched = ++p->clock;
    m->state = NONCE_RUNNING;
    m->at_ms = now_ms;
    memcpy(m->req_hash, req_hash, 32);
    return cs_frost_kept_take(&l->secret[at], out);
}

void cs_frost_pool_store(struct cs_frost_pool *p, const struct cs_frost_use *u,
                         uint64_t id, const uint8_t req_hash[32],
                         const uint8_t rsp[CS_FROST_RSP_LEN], uint64_t now_ms)
{
    struct made *m;
    size_t at;

    m = made_by_id(find(p->mine, p->max_lists, u), id, &at);
    if (m == NULL || m->state != NONCE_RUNNING ||
        memcmp(m->req_hash, req_hash, 32) != 0) {
        return; /* the list went away with its link meanwhile */
    }
    memcpy(m->rsp, rsp, sizeof m->rsp);
    m->at_ms = now_ms;
    m->state = NONCE_DONE;
}

/* ---- initiator ------------------------------------------------------------------- */

static void remove_theirs(struct list *l, size_t i)
{
    size_t k;

    for (k = i; k + 1 < l->n; k++) {
        l->e.theirs[k] = l->e.theirs[k + 1];
    }
    l->n--;
    cs_wipe(&l->e.theirs[l->n], sizeof l->e.theirs[l->n]);
}

static void expire_theirs(struct list *l, uint64_t now_ms)
{
    while (l->n > 0 && now_ms - l->e.theirs[0].at_ms > CS_FROST_USE_MS) {
        remove_theirs(l, 0); /* in the order of arrival */
    }
}

size_t cs_frost_pool_have(const struct cs_frost_pool *p, const struct cs_frost_use *u,
                          uint64_t now_ms)
{
    const struct list *l = find(p->others, p->max_lists, u);
    size_t i, n = 0;

    for (i = 0; l != NULL && i < l->n; i++) {
        n += now_ms - l->e.theirs[i].at_ms <= CS_FROST_USE_MS ? 1u : 0u;
    }
    return n;
}

uint64_t cs_frost_pool_highest(const struct cs_frost_pool *p,
                               const struct cs_frost_use *u)
{
    const struct list *l = find(p->others, p->max_lists, u);

    return l == NULL ? 0 : l->highest;
}

/* Count, ids (rising) and points of FR_NONCES, all checked before anything is taken. */
static enum cs_err nonces_decode(struct theirs *out, size_t *n,
                                 const struct cs_frost_use *u, struct cs_span in,
                                 uint64_t now_ms)
{
    struct cs_rd r = CS_RD(in);
    size_t i, count = cs_rd_u16(&r);
    uint64_t last = 0;

    if (count < 1 || count > CS_FROST_LIST_MAX ||
        in.n != 2 + count * (8 + cs_frost_commit_len(u->scheme))) {
        return CS_ERR_BAD_FORMAT;
    }
    for (i = 0; i < count; i++) {
        uint8_t raw[CS_FROST_COMMIT_MAX];

        out[i].id = cs_rd_u64(&r);
        out[i].at_ms = now_ms;
        cs_rd_copy(&r, raw, cs_frost_commit_len(u->scheme));
        if (r.err != CS_OK || out[i].id <= last) {
            return CS_ERR_BAD_FORMAT;
        }
        CS_CHECK(cs_frost_entry_decode(u->scheme, &out[i].commit, u->peer, raw));
        last = out[i].id;
    }
    *n = count;
    return cs_rd_end(&r) == CS_OK ? CS_OK : CS_ERR_BAD_FORMAT;
}

enum cs_err cs_frost_pool_put(struct cs_frost_pool *p, const struct cs_frost_use *u,
                              struct cs_span nonces, uint64_t now_ms)
{
    enum cs_err err = CS_ERR_NOMEM;
    struct theirs *in;
    struct list *l;
    size_t i, n;

    if (cs_frost_commit_len(u->scheme) == 0) {
        return CS_ERR_USAGE;
    }
    in = cs_alloc_array(CS_FROST_LIST_MAX, sizeof *in);
    if (in == NULL) {
        return CS_ERR_NOMEM;
    }
    CS_TRY(nonces_decode(in, &n, u, nonces, now_ms));
    l = theirs_for(p, u);
    if (l == NULL) {
        err = CS_ERR_NOMEM;
        goto out;
    }
    expire_theirs(l, now_ms);
    for (i = 0; i < n; i++) {
        if (in[i].id <= l->highest) {
            continue; /* a late repeat: perhaps used already */
        }
        if (l->n == CS_FROST_LIST_MAX) {
            remove_theirs(l, 0);
        }
        l->e.theirs[l->n++] = in[i];
        l->highest = in[i].id;
    }
out:
    cs_free(in);
    return err;
}

enum cs_err cs_frost_pool_take(struct cs_frost_pool *p, const struct cs_frost_use *u,
                               uint64_t now_ms, uint64_t *id, struct cs_frost_commit *c)
{
    struct list *l = find(p->others, p->max_lists, u);

    if (l != NULL) {
        expire_theirs(l, now_ms);
    }
    if (l == NULL || l->n == 0) {
        return CS_ERR_NOT_FOUND;
    }
    *id = l->e.theirs[0].id; /* the lowest (5.6.6) */
    *c = l->e.theirs[0].commit;
    remove_theirs(l, 0);
    l->touched = ++p->clock;
    return CS_OK;
}

/* ---- ends ------------------------------------------------------------------------ */

void cs_frost_pool_drop_link(struct cs_frost_pool *p, const uint8_t link_id[16])
{
    size_t i;

    for (i = 0; i < p->max_lists; i++) {
        if (p->mine[i].used && memcmp(p->mine[i].use.link_id, link_id, 16) == 0) {
            drop_mine(&p->mine[i]);
        }
        if (p->others[i].used && memcmp(p->others[i].use.link_id, link_id, 16) == 0) {
            drop_theirs(&p->others[i]);
        }
    }
}

void cs_frost_pool_forget(struct cs_frost_pool *p, const struct cs_frost_use *u)
{
    struct list *l = find(p->others, p->max_lists, u);

    if (l != NULL) {
        drop_theirs(l);
    }
}

void cs_frost_pool_drop_key(struct cs_frost_pool *p, const uint8_t key_id[CS_ID_LEN])
{
    size_t i;

    for (i = 0; i < p->max_lists; i++) {
        if (p->mine[i].used && memcmp(p->mine[i].use.key_id, key_id, CS_ID_LEN) == 0) {
            drop_mine(&p->mine[i]);
        }
        if (p->others[i].used &&
            memcmp(p->others[i].use.key_id, key_id, CS_ID_LEN) == 0) {
            drop_theirs(&p->others[i]);
        }
    }
}

void cs_frost_pool_expire(struct cs_frost_pool *p, uint64_t now_ms)
{
    size_t i;

    for (i = 0; i < p->max_lists; i++) {
        if (p->mine[i].used) {
            expire_mine(&p->mine[i], now_ms);
        }
        if (p->others[i].used) {
            expire_theirs(&p->others[i], now_ms);
        }
    }
}
