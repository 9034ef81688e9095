/* See frost_suite.h; each function forks once, by scheme. */
#include "mpc/frost_suite.h"

#include <string.h>

#include "base/mem.h"
#include "crypto/hash.h"
#include "mpc/guard_cells.h"

_Static_assert(sizeof(struct cs_frost_secrets) <= CS_GUARD_CELL, "fits a cell");

static bool is_bip340(enum cs_scheme scheme)
{
    CS_ASSERT(cs_frost_commit_len(scheme) != 0);
    return scheme == CS_SCHEME_BIP340;
}

/* ---- nonces ---------------------------------------------------------------------- */

/* NonceGen of BIP 445 hedges by itself: the context is its extra_in. */
static enum cs_err make_bip340(struct cs_frost_nonces *n, struct cs_frost_commit *c,
                               const struct cs_key *key, const uint8_t *rand,
                               const struct cs_span *ctx, size_t n_ctx,
                               const struct cs_frost_aim *aim)
{
    struct cs_wr extra = {0};
    struct cs_bip340_hedge h = {.share = &key->x, .Xi = &key->body.Xi[key->self]};
    enum cs_err err;

    cs_enc(&extra, ctx, n_ctx);
    CS_TRY(extra.err);
    h.extra = cs_wr_get(&extra);
    if (aim != NULL) {
        h.key_x = aim->plan->key;
        h.msg = &aim->msg;
    }
    err = cs_bip340_nonces_make(n, c, key->self, rand, &h);
out:
    cs_wr_free(&extra);
    return err;
}

enum cs_err cs_frost_make(struct cs_frost_nonces *n, struct cs_frost_commit *c,
                          const struct cs_key *key, const uint8_t rand[CS_FROST_RAND],
                          const struct cs_span *ctx, size_t n_ctx,
                          const struct cs_frost_aim *aim)
{
    uint8_t hedged[CS_FROST_RAND];

    if (is_bip340(key->body.scheme)) {
        return make_bip340(n, c, key, rand, ctx, n_ctx, aim);
    }
    cs_frost_hedge(hedged, rand, &key->x, ctx, n_ctx);
    cs_frost_nonces_make(n, c, key->self, hedged, &key->x);
    cs_wipe(hedged, sizeof hedged);
    return CS_OK;
}

void cs_frost_entry_encode(enum cs_scheme scheme, uint8_t out[CS_FROST_COMMIT_MAX],
                           const struct cs_frost_commit *c)
{
    if (is_bip340(scheme)) {
        cs_bip340_commit_encode(out, c);
    } else {
        cs_frost_commit_encode(out, c);
    }
}

enum cs_err cs_frost_entry_decode(enum cs_scheme scheme, struct cs_frost_commit *out,
                                  uint8_t id, const uint8_t in[CS_FROST_COMMIT_MAX])
{
    return is_bip340(scheme) ? cs_bip340_commit_decode(out, id, in)
                             : cs_frost_commit_decode(out, id, in);
}

static void kept_hash(uint8_t out[32], const struct cs_frost_kept *k)
{
    cs_sha256(out, CS_SPAN(&k->n, sizeof k->n)); /* of this memory, told to nobody */
}

void cs_frost_keep(struct cs_frost_kept *k)
{
    kept_hash(k->hash, k);
}

enum cs_err cs_frost_kept_take(struct cs_frost_kept *k, struct cs_frost_nonces *out)
{
    uint8_t hash[32];
    bool same;

    kept_hash(hash, k);
    same = cs_ct_equal(hash, k->hash, sizeof hash);
    if (same) {
        *out = k->n;
    }
    cs_wipe(k, sizeof *k);
    cs_wipe(hash, sizeof hash);
    return same ? CS_OK : CS_ERR_FROST_SELF;
}

/* ---- what is signed -------------------------------------------------------------- */

enum cs_err cs_frost_open(struct cs_frost_signing *s, const struct cs_frost_task *t,
                          const struct cs_frost_plan *plan)
{
    size_t i;

    s->secret = cs_guard_cell_new();
    if (s->secret == NULL) {
        return CS_ERR_NOMEM;
    }
    s->scheme = t->key->body.scheme;
    s->secret->x = t->key->x;
    s->X = t->key->body.X;
    s->plan = *plan;
    for (i = 0; i < plan->n; i++) {
        s->Xi[i] = t->key->body.Xi[plan->ids[i]];
        if (plan->ids[i] == t->key->self) {
            s->own = (uint8_t)i;
        }
    }
    cs_wr_span(&s->msg, t->messages[t->item]);
    return s->msg.err;
}

/* ---- entries --------------------------------------------------------------------- */

/* Ed25519: factors from the list, CS_FROST_COMMIT_MAX bytes for each of ids. */
static enum cs_err begin(struct cs_frost_signing *s, const uint8_t *entries)
{
    uint8_t list[CS_PARTIES_MAX * CS_FROST_COMMIT_LEN];
    const struct cs_frost_plan *p = &s->plan;
    size_t i;

    for (i = 0; i < p->n; i++) {
        memcpy(list + i * CS_FROST_COMMIT_LEN, entries + i * CS_FROST_COMMIT_MAX,
               CS_FROST_COMMIT_LEN);
    }
    return cs_frost_begin(&s->u.ed, &s->X, p->ids, p->lambda, p->n, list,
                          cs_wr_get(&s->msg));
}

enum cs_err cs_frost_commit_bytes(struct cs_frost_signing *s,
                                  const struct cs_frost_req *q,
                                  const struct cs_frost_commit *own)
{
    const struct cs_frost_plan *p = &s->plan;
    uint8_t published[CS_FROST_COMMIT_MAX];
    size_t i;

    cs_frost_entry_encode(s->scheme, published, own);
    if (memcmp(q->commits[s->own], published, q->commit_len) != 0) {
        return CS_ERR_FROST_BINDING;
    }
    s->commits[s->own] = *own;
    if (!is_bip340(s->scheme)) {
        CS_CHECK(begin(s, q->commits[0]));
    }
    for (i = 0; i < p->n; i++) {
        if (i == s->own) {
            continue;
        }
        if (is_bip340(s->scheme)) {
            CS_CHECK(cs_bip340_commit_decode(&s->commits[i], p->ids[i], q->commits[i]));
        } else {
            CS_CHECK(cs_frost_peer(&s->u.ed, i, q->commits[i]));
        }
    }
    return CS_OK;
}

enum cs_err cs_frost_commit_points(struct cs_frost_signing *s)
{
    uint8_t entries[CS_PARTIES_MAX][CS_FROST_COMMIT_MAX] = {{0}};
    const struct cs_frost_plan *p = &s->plan;
    size_t i;

    if (is_bip340(s->scheme)) {
        return CS_OK; /* binds to points */
    }
    for (i = 0; i < p->n; i++) {
        cs_frost_commit_encode(entries[i], &s->commits[i]);
    }
    CS_CHECK(begin(s, entries[0]));
    for (i = 0; i < p->n; i++) {
        if (i != s->own) {
            cs_frost_known(&s->u.ed, i, &s->commits[i]);
        }
    }
    return CS_OK;
}

enum cs_err cs_frost_close(struct cs_frost_signing *s)
{
    const struct cs_frost_plan *p = &s->plan;
    struct cs_bip340_signers signers;

    if (s->secret == NULL) {
        return CS_ERR_NONCE_USED; /* one use */
    }
    if (is_bip340(s->scheme)) {
        cs_bip340_signers_known(&signers, p->ids, s->Xi, p->lambda, p->n, &s->X);
        return cs_bip340_bind_known(&s->u.bip, &signers, &p->tweak, s->commits, p->n,
                                    cs_wr_get(&s->msg));
    }
    cs_frost_own(&s->u.ed, s->own, &s->secret->nonces);
    return cs_frost_end(&s->u.ed, cs_wr_get(&s->msg));
}

/* ---- the own part ---------------------------------------------------------------- */

static void spend(struct cs_frost_signing *s)
{
    cs_guard_cell_free(s->secret); /* wipes */
    s->secret = NULL;
}

enum cs_err cs_frost_answer(struct cs_frost_signing *s, struct cs_scalar *z)
{
    enum cs_err err;

    if (is_bip340(s->scheme)) {
        err = cs_bip340_sign(z, &s->secret->nonces, &s->u.bip, &s->commits[s->own],
                             &s->secret->x);
    } else {
        err = cs_frost_sign(z, &s->secret->nonces, &s->u.ed, s->plan.ids[s->own],
                            &s->secret->x, &s->Xi[s->own]);
    }
    spend(s);
    return err;
}

/* ---- the sum --------------------------------------------------------------------- */

static enum cs_err add_up(struct cs_frost_signing *s, const struct cs_scalar *z,
                          uint8_t sig[CS_FROST_SIG_LEN])
{
    uint8_t parts[CS_PARTIES_MAX][CS_SCALAR_LEN];
    size_t i;

    if (!is_bip340(s->scheme)) {
        return cs_frost_aggregate(sig, &s->u.ed, z, cs_wr_get(&s->msg));
    }
    for (i = 0; i < s->plan.n; i++) {
        memcpy(parts[i], z[i].b, CS_SCALAR_LEN);
    }
    return cs_bip340_aggregate(sig, NULL, &s->u.bip, (const uint8_t(*)[32])parts,
                               s->plan.n, cs_wr_get(&s->msg));
}

static enum cs_err check_part(const struct cs_frost_signing *s, size_t i,
                              const struct cs_scalar *z)
{
    if (is_bip340(s->scheme)) {
        return cs_bip340_verify_share(&s->u.bip, &s->commits[i], z->b);
    }
    return cs_frost_verify_share(&s->u.ed, s->plan.ids[i], z->b, &s->Xi[i]);
}

/* The sum is wrong: by whom?  First the own part, against what was published: had this
 * node signed with other nonces than it said, every other part would look wrong. */
static enum cs_err who(struct cs_frost_signing *s, const struct cs_scalar *z,
                       uint8_t *culprit)
{
    size_t i;

    if (!is_bip340(s->scheme)) {
        cs_frost_known(&s->u.ed, s->own, &s->commits[s->own]);
    }
    if (check_part(s, s->own, &z[s->own]) != CS_OK) {
        return CS_ERR_FROST_SELF;
    }
    for (i = 0; i < s->plan.n; i++) {
        enum cs_err err = i == s->own ? CS_OK : check_part(s, i, &z[i]);

        if (err != CS_OK) {
            *culprit = s->plan.ids[i];
            return err;
        }
    }
    return CS_ERR_SIG_INVALID;
}

enum cs_err cs_frost_release(struct cs_frost_signing *s, struct cs_scalar *z,
                             uint8_t sig[CS_FROST_SIG_LEN], uint8_t *culprit)
{
    uint8_t self = s->plan.ids[s->own];
    enum cs_err err;

    if (is_bip340(s->scheme)) {
        err = cs_bip340_part(&z[s->own], &s->secret->nonces, &s->u.bip, self,
                             &s->secret->x);
    } else {
        err = cs_frost_part(&z[s->own], &s->secret->nonces, &s->u.ed, self,
                            &s->secret->x);
    }
    CS_TRY(err);
    err = add_up(s, z, sig);
    if (err == CS_ERR_SIG_INVALID) {
        err = who(s, z, culprit);
    }
out:
    spend(s);
    cs_wipe(&z[s->own], sizeof z[s->own]);
    return err;
}

void cs_frost_signing_clear(struct cs_frost_signing *s)
{
    spend(s);
    cs_wr_free(&s->msg);
}
