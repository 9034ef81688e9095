/* PROTOCOLS 10, row 51, for the key generation and FROST: no branch and no index
 * depends on a share, a coefficient or a nonce (support/ct_run.h).
 *
 * A few calls answer a secret with one bit that may be known, "is it zero", "is it in
 * range" (crypto/README, rule 1), or with a value that is sent: the linker replaces
 * them by the __wrap functions below, which let that answer, and nothing else, be
 * public. */
#include "support/ct_run.h"

#include "mpc/dkg_impl.h"
#include "mpc/frost.h"

enum { N = 2, T = 2, ROUNDS = 3 };
#define ED CS_CURVE_ED25519

/* ---- what may be known ----------------------------------------------------------- */

bool __real_cs_ct_is_zero(const void *p, size_t n);
bool __wrap_cs_ct_is_zero(const void *p, size_t n);
bool __real_cs_scalar_is_zero(const struct cs_scalar *a);
bool __wrap_cs_scalar_is_zero(const struct cs_scalar *a);
enum cs_err __real_cs_scalar_decode(enum cs_curve c, struct cs_scalar *out,
                                    const uint8_t in[CS_SCALAR_LEN]);
enum cs_err __wrap_cs_scalar_decode(enum cs_curve c, struct cs_scalar *out,
                                    const uint8_t in[CS_SCALAR_LEN]);
void __real_cs_point_base_mul(enum cs_curve c, struct cs_point *out,
                              const struct cs_scalar *k);
void __wrap_cs_point_base_mul(enum cs_curve c, struct cs_point *out,
                              const struct cs_scalar *k);
void __real_dkg_share_hash(uint8_t out[32], const uint8_t presid[32], uint8_t i,
                           uint8_t j, const uint8_t *s, const uint8_t *rnd);
void __wrap_dkg_share_hash(uint8_t out[32], const uint8_t presid[32], uint8_t i,
                           uint8_t j, const uint8_t *s, const uint8_t *rnd);

static void publish(void *p, size_t n)
{
#ifdef CT_RUNS
    (void)VALGRIND_MAKE_MEM_DEFINED(p, n);
#else
    (void)p;
    (void)n;
#endif
}

bool __wrap_cs_ct_is_zero(const void *p, size_t n)
{
    bool zero = __real_cs_ct_is_zero(p, n);

    publish(&zero, sizeof zero);
    return zero;
}

bool __wrap_cs_scalar_is_zero(const struct cs_scalar *a)
{
    bool zero = __real_cs_scalar_is_zero(a);

    publish(&zero, sizeof zero);
    return zero;
}

/* A partial signature is public when it is checked; a share is not. */
static bool is_published;

enum cs_err __wrap_cs_scalar_decode(enum cs_curve c, struct cs_scalar *out,
                                    const uint8_t in[CS_SCALAR_LEN])
{
    struct cs_scalar copy;
    enum cs_err err;

    memcpy(copy.b, in, sizeof copy.b);
    publish(&copy, sizeof copy);
    err = __real_cs_scalar_decode(c, out, copy.b);
    if (err == CS_OK && !is_published) {
        memcpy(out->b, in, sizeof out->b); /* as secret as it was */
    }
    return err;
}

void __wrap_cs_point_base_mul(enum cs_curve c, struct cs_point *out,
                              const struct cs_scalar *k)
{
    struct cs_scalar copy = *k;

    publish(&copy, sizeof copy);
    __real_cs_point_base_mul(c, out, &copy);
}

void __wrap_dkg_share_hash(uint8_t out[32], const uint8_t presid[32], uint8_t i,
                           uint8_t j, const uint8_t *s, const uint8_t *rnd)
{
    __real_dkg_share_hash(out, presid, i, j, s, rnd);
    publish(out, 32);
}

#ifdef CT_RUNS

/* ---- a key generation of two ----------------------------------------------------- */

static struct {
    uint8_t seed[N + 1][32], local[N + 1][32], rand[N + 1][512];
} secret;

static struct cs_roster roster[N + 1];
static struct cs_dkg *dkg[N + 1];
static struct cs_round_out sent[ROUNDS][N + 1];
static bool generated;

static void dkg_setup(void)
{
    struct cs_request q = {
        .kind = CS_REQUEST_KEYGEN, .curve = ED, .scheme = CS_SCHEME_FROST_ED25519};

    for (uint8_t i = 1; i <= N; i++) {
        memset(secret.seed[i], i, 32);
        memset(secret.rand[i], i, sizeof secret.rand[i]);
        roster[i] = (struct cs_roster){.n = N, .t = T, .self = i};
        const struct cs_dkg_params p = {.roster = roster[i],
                                        .request = q,
                                        .ik_seed = secret.seed[i],
                                        .local = secret.local[i]};
        dkg[i] = cs_dkg_new(&p);
    }
}

/* Round r of party i, with what the parties sent in the round before. */
static enum cs_err one_round(size_t r, uint8_t i)
{
    struct cs_round_ctx ctx = {.roster = &roster[i]};
    struct cs_inbox in = {0};
    enum cs_err err;

    for (uint8_t j = 1; r > 0 && j <= N; j++) {
        in.slot[j] = (struct cs_inbox_slot){
            .present = true,
            .body = cs_wr_get(&sent[r - 1][j].body),
            .priv = cs_wr_get(&sent[r - 1][j].priv[i]),
        };
    }
    err = cs_dkg_protocol.rounds[r].run(dkg[i], &ctx, &in, secret.rand[i], &sent[r][i]);
    publish(sent[r][i].body.p, sent[r][i].body.n); /* a broadcast */
    return err;
}

static void generate(void)
{
    generated = true;
    for (uint8_t i = 1; i <= N; i++) { /* the state has its own copies */
        (void)VALGRIND_MAKE_MEM_UNDEFINED(dkg[i]->local, 32);
        (void)VALGRIND_MAKE_MEM_UNDEFINED(dkg[i]->ik_seed, 32);
    }
    for (size_t r = 0; r < ROUNDS; r++) {
        for (uint8_t i = 1; i <= N; i++) {
            generated = one_round(r, i) == CS_OK && generated;
        }
    }
}

/* ---- FROST with the shares that came out
 * --------------------------------------------- */

static uint8_t nonce_rand[N + 1][CS_FROST_RAND];
static bool is_signed;

static void frost(void)
{
    const struct cs_span context = CS_SPAN_LIT("context"), msg = CS_SPAN_LIT("message");
    struct cs_frost_nonces n[N + 1];
    struct cs_frost_commit c[N];
    struct cs_frost_ctx ctx;
    struct cs_scalar z[N];
    uint8_t sig[CS_FROST_SIG_LEN], hedged[CS_FROST_RAND];

    for (uint8_t i = 1; i <= N; i++) {
        cs_frost_hedge(hedged, nonce_rand[i], &dkg[i]->key.x, &context, 1);
        cs_frost_nonces_make(&n[i], &c[i - 1], i, hedged, &dkg[i]->key.x);
    }
    is_signed = cs_frost_bind(&ctx, &dkg[1]->key.body.X, c, N, msg) == CS_OK;
    is_published = true;
    for (uint8_t i = 1; i <= N; i++) {
        is_signed = cs_frost_sign(&z[i - 1], &n[i], &ctx, i, &dkg[i]->key.x,
                                  &dkg[1]->key.body.Xi[i]) == CS_OK &&
                    is_signed;
        publish(&z[i - 1], sizeof z[i - 1]);
    }
    is_signed = is_signed && cs_frost_aggregate(sig, &ctx, z, msg) == CS_OK;
    is_published = false;
}

/* The shares must still be secret, or the run above proved nothing. */
static bool are_shares_marked(void)
{
    bool marked = true;

    for (uint8_t i = 1; i <= N; i++) {
        marked = VALGRIND_CHECK_MEM_IS_DEFINED(&dkg[i]->key.x, 32) != 0 && marked;
    }
    return marked;
}

static bool ct_inside(void)
{
    bool ok = cs_crypto_init() == CS_OK;

    dkg_setup();
    ok = ct_clean("key generation", secret.rand, sizeof secret.rand, generate) && ok;
    ok = generated && are_shares_marked() && ok;
    ok = ct_clean("FROST", nonce_rand, sizeof nonce_rand, frost) && ok;
    return is_signed && ok;
}

#endif

CT_MAIN
