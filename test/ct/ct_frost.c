/* PROTOCOLS 10, row 51, for both kinds of FROST: no branch and no index depends on a
 * share or a nonce (support/ct_run.h).  Key generation, and FROST Ed25519 with its
 * shares, is in test_mpc_constant_time.c. */
#include "support/ct_run.h"

#include "allowed.h"
#include "mpc/frost.h"
#include "mpc/frost_bip340.h"

#ifdef CT_RUNS

enum { N = 2 };

static struct {
    struct cs_secret x[N];
    uint8_t rand[N][CS_FROST_RAND];
} s;

static const uint8_t ids[N] = {1, 2};
static struct cs_point Xi[N], X;
static struct cs_frost_nonces nonces[N];
static struct cs_frost_commit commits[N];
static struct cs_scalar z[N], part;
static bool done = true;

/* x_i = 5 + 7 i, so that x = 5. */
static void make_key(enum cs_curve c)
{
    struct cs_scalar x;

    cs_scalar_from_u32(c, &x, 5);
    cs_point_base_mul(c, &X, &x);
    for (uint8_t i = 0; i < N; i++) {
        cs_scalar_from_u32(c, &s.x[i].s, 5u + 7u * ids[i]);
        cs_point_base_mul(c, &Xi[i], &s.x[i].s);
        memset(s.rand[i], ids[i], sizeof s.rand[i]);
    }
}

static void bip340_nonces(void)
{
    static const uint8_t key_x[32] = {1};

    for (uint8_t i = 0; i < N; i++) {
        const struct cs_bip340_hedge h = {.share = &s.x[i],
                                          .Xi = &Xi[i],
                                          .key_x = key_x,
                                          .extra = CS_SPAN_LIT("context")};

        done = cs_bip340_nonces_make(&nonces[i], &commits[i], ids[i], s.rand[i], &h) ==
                   CS_OK &&
               done;
    }
}

static struct cs_bip340_session session;

static bool bip340_bind(void)
{
    struct cs_bip340_signers signers;
    struct cs_tweak tweak;

    publish(commits, sizeof commits);
    return cs_bip340_signers_init(&signers, N, N, ids, Xi, N, &X) == CS_OK &&
           cs_tweak_init(&tweak, &X) == CS_OK &&
           cs_bip340_bind(&session, &signers, &tweak, commits, N,
                          CS_SPAN_LIT("message")) == CS_OK;
}

/* cs_bip340_sign is this and a check of the part, which is public then. */
static void bip340_signing(void)
{
    done = cs_bip340_part(&part, &nonces[0], &session, ids[0], &s.x[0]) == CS_OK &&
           done;
}

static void frost_nonces(void)
{
    const struct cs_span ctx = CS_SPAN_LIT("context");
    uint8_t hedged[CS_FROST_RAND];

    for (uint8_t i = 0; i < N; i++) {
        cs_frost_hedge(hedged, s.rand[i], &s.x[i], &ctx, 1);
        cs_frost_nonces_make(&nonces[i], &commits[i], ids[i], hedged, &s.x[i]);
    }
}

static struct cs_frost_ctx frost;

static void frost_signing(void)
{
    uint8_t entries[N][CS_FROST_COMMIT_LEN];
    const struct cs_span msg = CS_SPAN_LIT("message");
    struct cs_scalar lambda[N];

    for (uint8_t i = 0; i < N; i++) {
        cs_frost_commit_encode(entries[i], &commits[i]);
        done = cs_lagrange(CS_CURVE_ED25519, &lambda[i], ids[i], ids, N, 0) == CS_OK &&
               done;
    }
    done = cs_frost_begin(&frost, &X, ids, lambda, N, entries[0], msg) == CS_OK && done;
    cs_frost_own(&frost, 0, &nonces[0]);
    cs_frost_known(&frost, 1, &commits[1]);
    done = cs_frost_end(&frost, msg) == CS_OK && done;
    done = cs_frost_part(&z[0], &nonces[0], &frost, ids[0], &s.x[0]) == CS_OK && done;
}

static bool clean(const char *what, void (*op)(void))
{
    return ct_clean(what, &s, sizeof s, op);
}

static bool is_marked(void *p, size_t n)
{
    return VALGRIND_CHECK_MEM_IS_DEFINED(p, n) != 0;
}

static bool ct_inside(void)
{
    bool ok = cs_crypto_init() == CS_OK;

    make_key(CS_CURVE_SECP256K1);
    ok = clean("nonces of FROST BIP340", bip340_nonces) && ok;
    ok = is_marked(nonces, sizeof nonces) && bip340_bind() && ok;
    ok = clean("FROST BIP340", bip340_signing) && ok;
    ok = is_marked(&part, sizeof part) && ok;
    publish(&s, sizeof s);
    make_key(CS_CURVE_ED25519);
    ok = clean("nonces of FROST Ed25519", frost_nonces) && ok;
    ok = is_marked(nonces, sizeof nonces) && ok;
    publish(commits, sizeof commits);
    ok = clean("FROST Ed25519 in steps", frost_signing) && ok;
    ok = is_marked(&z[0], sizeof z[0]) && ok;
    return ok && done;
}

#endif

CT_MAIN
