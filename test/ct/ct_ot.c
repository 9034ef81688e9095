/* PROTOCOLS 10, row 51, for the base OTs and RVOLE as a whole: no branch and no index
 * depends on Delta, scalars, keys, pads, choices or inputs (support/ct_run.h).  The
 * single steps of RVOLE are in test_mpc_dkls_constant_time.c. */
#include "support/ct_run.h"

#include "allowed.h"
#include "mpc/dkls.h"
#include "mpc/ot_base.h"
#include "mpc/rvole.h"

#ifdef CT_RUNS

static struct {
    uint8_t rand[2][32], local[2][32];
} s;

static uint8_t osid[32], r[CS_OT_R_LEN], m[CS_OT_S_LEN];
static struct cs_ot_base alice;
static struct cs_ot_bob_keys bob_keys;
static struct cs_ot_alice_keys alice_keys;
static bool done = true;

static void base_ots(void)
{
    done = cs_ot_base_request(&alice, osid, s.rand[0], s.local[0]) == CS_OK && done;
    memcpy(r, alice.r, sizeof r);
    publish(r, sizeof r); /* sent */
    done = cs_ot_base_answer(&bob_keys, m, osid, r, s.rand[1], s.local[1]) == CS_OK &&
           done;
    publish(m, sizeof m); /* sent */
    done = cs_ot_base_finish(&alice_keys, &alice, m) == CS_OK && done;
}

/* ---- with the keys that came out ------------------------------------------------- */

static struct {
    struct cs_otx_bob bob;
    struct cs_n a[CS_RVOLE_L], a_hat;
} t;

static struct cs_otx_alice columns;
static struct cs_otx_scratch scratch;
static struct cs_rvole_gadget gadget;
static struct cs_n c[CS_RVOLE_L], d[CS_RVOLE_L], chi;
static uint8_t esid[32], rsid[32], ext[CS_OTX_LEN], msg[CS_RVOLE_LEN];

static void rvole(void)
{
    cs_otx_bob_run(&t.bob, ext, &bob_keys, esid, &scratch);
    publish(ext, sizeof ext); /* sent */
    done = cs_otx_alice_run(&columns, ext, &alice_keys, esid, &scratch) == CS_OK &&
           done;
    done = cs_rvole_alice(c, msg, &columns, &gadget, rsid, t.a, &t.a_hat) == CS_OK &&
           done;
    publish(msg, sizeof msg); /* sent */
    done = cs_rvole_bob(d, msg, &t.bob, &gadget, rsid) == CS_OK && done;
    cs_rvole_chi(&chi, &t.bob, &gadget);
}

static struct {
    struct cs_n u[2], w[2];
} last;

static void combining(void)
{
    struct cs_scalar sig;

    done = cs_dkls_combine(&sig, last.u, last.w) == CS_OK && done;
}

static bool is_marked(void *p, size_t n)
{
    return VALGRIND_CHECK_MEM_IS_DEFINED(p, n) != 0;
}

static bool ct_inside(void)
{
    bool ok = cs_crypto_init() == CS_OK;

    t.a[0].v[0] = 3;
    t.a[1].v[1] = 4;
    t.a_hat.v[2] = 5;
    last.u[0].v[0] = last.w[0].v[0] = 9;
    cs_rvole_gadget_make(&gadget, osid);
    ok = ct_clean("base OTs", &s, sizeof s, base_ots) && ok;
    /* What came out must still be secret, or the run above proved nothing. */
    ok = is_marked(&alice_keys, sizeof alice_keys) &&
         is_marked(&bob_keys, sizeof bob_keys) && ok;
    ok = ct_clean("RVOLE", &t, sizeof t, rvole) && ok;
    ok = is_marked(c, sizeof c) && is_marked(d, sizeof d) && ok;
    ok = ct_clean("sum of the partials", &last, sizeof last, combining) && ok;
    return ok && done;
}

#endif

CT_MAIN
