/* PROTOCOLS 10, row 51, for DKLs23: no branch and no index of the OT extension, of
 * RVOLE's algebra and pads, and of the partial signature depends on Delta, beta, keys,
 * pads, nonces or shares (support/ct_run.h).
 *
 * Of the check of 4.3 the one bit that may be known is let through: the linker replaces
 * cs_ct_is_zero by the __wrap function below.  The base OTs are libsodium's calls,
 * whose "result is the identity" is a branch of the library; they are not run here. */
#include "support/ct_run.h"

#include "crypto/oracle.h"
#include "mpc/dkls.h"

bool __real_cs_ct_is_zero(const void *p, size_t n);
bool __wrap_cs_ct_is_zero(const void *p, size_t n);

bool __wrap_cs_ct_is_zero(const void *p, size_t n)
{
    bool zero = __real_cs_ct_is_zero(p, n);

#ifdef CT_RUNS
    (void)VALGRIND_MAKE_MEM_DEFINED(&zero, sizeof zero);
#endif
    return zero;
}

#ifdef CT_RUNS

enum { N = 16 };

static struct {
    struct cs_ot_alice_keys alice;
    struct cs_ot_bob_keys bob;
    struct cs_otx_bob ext;
    cs_rvole_row alpha0[N], alpha1[N], a;
    struct cs_dkls_terms terms;
    uint8_t columns[CS_STREAMS][CS_COL_IN];
} s;

static struct cs_otx_alice columns;
static struct cs_otx_scratch scratch;
static struct cs_rvole_gadget gadget;
static struct cs_n theta[CS_RVOLE_L], eta, out[CS_RVOLE_L];
static uint8_t msg[CS_OTX_LEN], at[N * CS_RVOLE_W * 32], mu[N * 32], esid[32];

static void extension(void)
{
    cs_otx_bob_run(&s.ext, msg, &s.bob, esid, &scratch);
    (void)!cs_otx_alice_run(&columns, msg, &s.alice, esid, &scratch);
}

static void extension_portable(void)
{
    cs_gf128_portable(true);
    extension();
    cs_gf128_portable(false);
}

static void pads(void)
{
    uint8_t key[CS_STREAMS][32], bytes[CS_STREAMS][CS_STREAMS_LEN];
    struct cs_n n;

    cs_th_each(key, CS_TAG_OT_COL, s.columns[0], CS_COL_IN, CS_STREAMS);
    cs_streams(bytes, (const uint8_t(*)[32])key);
    for (size_t l = 0; l < CS_STREAMS; l++) {
        (void)cs_n_load(&n, bytes[l]);
    }
}

static void alice_side(void)
{
    cs_rvole_at(at, (const cs_rvole_row *)s.alpha0, (const cs_rvole_row *)s.alpha1, s.a,
                N);
    cs_rvole_eta(&eta, s.a, theta);
    cs_rvole_mu(mu, (const cs_rvole_row *)s.alpha0, theta, NULL, NULL, N);
    cs_rvole_dot(out, gadget.g, (const cs_rvole_row *)s.alpha0, N);
}

static void bob_side(void)
{
    cs_rvole_d_hat(s.alpha0, at, s.ext.b, N);
    cs_rvole_mu(mu, (const cs_rvole_row *)s.alpha0, theta, &eta, s.ext.b, N);
    cs_rvole_dot(out, gadget.g, (const cs_rvole_row *)s.alpha0, N);
    cs_rvole_chi(&out[0], &s.ext, &gadget);
}

static void partial(void)
{
    cs_dkls_partial(&out[0], &out[1], &s.terms);
}

static void inverse(void)
{
    cs_n_invert(&out[0], &s.terms.r);
}

static bool clean(const char *what, void (*op)(void))
{
    return ct_clean(what, &s, sizeof s, op);
}

static bool ct_inside(void)
{
    bool ok = cs_crypto_init() == CS_OK;

    cs_rvole_gadget_make(&gadget, esid);
    ok = clean("OT extension", extension) && ok;
    ok = clean("OT extension, portable field", extension_portable) && ok;
    ok = clean("pads", pads) && ok;
    ok = clean("RVOLE, Alice", alice_side) && ok;
    ok = clean("RVOLE, Bob", bob_side) && ok;
    ok = clean("partial signature", partial) && ok;
    ok = clean("inverse", inverse) && ok;
    return ok;
}

#endif

CT_MAIN
