#include "mpc/frost_plan.h"

#include <string.h>

#include "base/mem.h"
#include "mpc/frost_online.h"

size_t cs_frost_commit_len(enum cs_scheme scheme)
{
    switch (scheme) {
    case CS_SCHEME_FROST_ED25519:
        return CS_FROST_COMMIT_LEN;
    case CS_SCHEME_BIP340:
        return CS_BIP340_NONCE_LEN;
    default:
        return 0;
    }
}

/* ---- the key that is signed for -------------------------------------------------- */

static enum cs_err ed25519_key(struct cs_frost_plan *p, const struct cs_cert_body *b,
                               size_t n_path)
{
    uint8_t buf[CS_POINT_MAX];

    if (b->X.curve != CS_CURVE_ED25519 || n_path != 0) { /* no derivation there (9.2) */
        return CS_ERR_USAGE;
    }
    CS_ASSERT(cs_point_encode(&b->X, buf) == 32);
    memcpy(p->key, buf, 32);
    return CS_OK;
}

/* A CHECK proves the shares of the key itself; whatever else is signed belongs to the
 * address, whose key has the TapTweak on top of the path, always. */
static enum cs_err bip340_key(struct cs_frost_plan *p, const struct cs_cert_body *b,
                              const uint32_t *path, size_t n_path, bool is_check)
{
    if (is_check) {
        CS_CHECK(cs_tweak_init(&p->tweak, &b->X));
    } else {
        CS_CHECK(cs_tweak_wallet(&p->tweak, &b->X, b->chain_code, path, n_path));
    }
    cs_tweak_x(p->key, &p->tweak);
    return CS_OK;
}

static enum cs_err plan_key(struct cs_frost_plan *p, const struct cs_cert_body *b,
                            const uint32_t *path, size_t n_path, bool is_check)
{
    if (b->X.inf) {
        return CS_ERR_USAGE;
    }
    switch (b->scheme) {
    case CS_SCHEME_FROST_ED25519:
        return ed25519_key(p, b, n_path);
    case CS_SCHEME_BIP340:
        return bip340_key(p, b, path, n_path, is_check);
    default:
        return CS_ERR_POLICY_REFUSED;
    }
}

enum cs_err cs_frost_output_key(uint8_t out[32], const struct cs_cert_body *b,
                                const uint32_t *path, size_t n)
{
    struct cs_frost_plan p = {0};

    CS_CHECK(plan_key(&p, b, path, n, false));
    memcpy(out, p.key, sizeof p.key);
    return CS_OK;
}

enum cs_err cs_frost_plan_make(struct cs_frost_plan *out, const struct cs_cert_body *b,
                               const struct cs_request *q, const uint8_t *ids, size_t n)
{
    struct cs_frost_plan p = {.n = (uint8_t)n};
    size_t i;

    if (n < 1 || n > CS_PARTIES_MAX) {
        return CS_ERR_USAGE;
    }
    CS_CHECK(plan_key(&p, b, q->path, q->path_len, q->kind == CS_REQUEST_CHECK));
    memcpy(p.ids, ids, n);
    for (i = 0; i < n; i++) {
        CS_CHECK(cs_lagrange(b->curve, &p.lambda[i], ids[i], ids, n, 0));
    }
    *out = p;
    return CS_OK;
}

/* ---- the last of them ------------------------------------------------------------ */

/* All that a plan depends on; compared byte by byte, so it is zeroed before it is set.
 */
struct about {
    uint8_t key_id[CS_ID_LEN];
    uint8_t chain_code[32];
    uint8_t X[CS_POINT_MAX];
    uint8_t scheme, is_check, n, path_len;
    uint8_t ids[CS_PARTIES_MAX];
    uint32_t path[CS_PATH_MAX];
};

struct entry {
    uint64_t used; /* 0: free */
    struct about about;
    struct cs_frost_plan plan;
};

struct cs_frost_plans {
    uint64_t clock; /* counts uses, not time */
    struct entry e[CS_FROST_PLANS_MAX];
};

struct cs_frost_plans *cs_frost_plans_new(void)
{
    return cs_alloc(sizeof(struct cs_frost_plans));
}

void cs_frost_plans_free(struct cs_frost_plans *p)
{
    cs_free(p);
}

static void about_set(struct about *a, const struct cs_cert_body *b,
                      const struct cs_request *q, const uint8_t *ids, size_t n)
{
    memset(a, 0, sizeof *a);
    memcpy(a->key_id, b->key_id, CS_ID_LEN);
    memcpy(a->chain_code, b->chain_code, sizeof a->chain_code);
    (void)cs_point_encode(&b->X, a->X);
    a->scheme = (uint8_t)b->scheme;
    a->is_check = q->kind == CS_REQUEST_CHECK;
    a->n = (uint8_t)n;
    memcpy(a->ids, ids, n);
    a->path_len = q->path_len;
    memcpy(a->path, q->path, q->path_len * sizeof *q->path);
}

/* That plan, or the place of the one not used for longest. */
static struct entry *find(struct cs_frost_plans *p, const struct about *a, bool *found)
{
    struct entry *oldest = &p->e[0];
    size_t i;

    for (i = 0; i < CS_FROST_PLANS_MAX; i++) {
        if (p->e[i].used != 0 && memcmp(&p->e[i].about, a, sizeof *a) == 0) {
            *found = true;
            return &p->e[i];
        }
        if (p->e[i].used < oldest->used) {
            oldest = &p->e[i];
        }
    }
    *found = false;
    return oldest;
}

enum cs_err cs_frost_plans_get(struct cs_frost_plans *p,
                               const struct cs_frost_plan **out,
                               const struct cs_cert_body *b, const struct cs_request *q,
                               const uint8_t *ids, size_t n)
{
    struct cs_frost_plan made;
    struct about a;
    struct entry *e;
    bool found;

    if (n < 1 || n > CS_PARTIES_MAX || q->path_len > CS_PATH_MAX || b->X.inf) {
        return CS_ERR_USAGE;
    }
    about_set(&a, b, q, ids, n);
    e = find(p, &a, &found);
    if (!found) {
        CS_CHECK(cs_frost_plan_make(&made, b, q, ids, n));
        e->plan = made;
        e->about = a;
    }
    e->used = ++p->clock;
    *out = &e->plan;
    return CS_OK;
}
