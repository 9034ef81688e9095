/* PROTOCOLS 10, row 51, for a whole DKLs23 signature: no branch and no index of the
 * three rounds and of what the initiator does at the end depends on a share, a nonce,
 * the OT keys, the link's zero key or the local secret (support/ct_run.h).  What is
 * sent is public from then on, and so is the s that cs_ecdsa_release is given: it
 * leaves, or it belongs to no valid signature. */
#include "support/ct_run.h"

#include "allowed.h"
#include "mpc/ecdsa_release.h"
#include "support/dkls_signers.h"

enum cs_err __real_cs_ecdsa_release(struct cs_ecdsa_sig *out, const struct cs_point *R,
                                    const struct cs_scalar *s, const uint8_t digest[32],
                                    const struct cs_point *X, bool recid01);
enum cs_err __wrap_cs_ecdsa_release(struct cs_ecdsa_sig *out, const struct cs_point *R,
                                    const struct cs_scalar *s, const uint8_t digest[32],
                                    const struct cs_point *X, bool recid01);

void __real_cs_dkls_sid(uint8_t sid[32], const uint8_t presid[32],
                        const struct cs_dkls_first *firsts, size_t n);
void __wrap_cs_dkls_sid(uint8_t sid[32], const uint8_t presid[32],
                        const struct cs_dkls_first *firsts, size_t n);

/* A hash of messages that were sent; a node hashes its own copy. */
void __wrap_cs_dkls_sid(uint8_t sid[32], const uint8_t presid[32],
                        const struct cs_dkls_first *firsts, size_t n)
{
    __real_cs_dkls_sid(sid, presid, firsts, n);
    publish(sid, 32);
}

#ifdef CT_RUNS
static bool s_was_secret;
#endif

enum cs_err __wrap_cs_ecdsa_release(struct cs_ecdsa_sig *out, const struct cs_point *R,
                                    const struct cs_scalar *s, const uint8_t digest[32],
                                    const struct cs_point *X, bool recid01)
{
    struct cs_scalar copy = *s;

#ifdef CT_RUNS
    struct cs_scalar marks; /* asking for them is not an error, as a check would be */

    (void)VALGRIND_GET_VBITS(s, &marks, sizeof marks);
    publish(&marks, sizeof marks);
    s_was_secret = marks.b[0] == 0xff && marks.b[31] == 0xff;
#endif
    publish(&copy, sizeof copy);
    return __real_cs_ecdsa_release(out, R, &copy, digest, X, recid01);
}

#ifdef CT_RUNS

static struct duo d;
static struct run r;

static void secret_random(void *ctx, uint8_t *out, size_t n)
{
    bed_random(ctx, out, n);
    (void)VALGRIND_MAKE_MEM_UNDEFINED(out, n);
}

/* The job of end k; what it says is sent, and so public. */
static bool compute(int k)
{
    struct cs_dkls_job *job = cs_dkls_take_job(r.s[k], secret_random, NULL);
    struct cs_dkls_out out = {0}, in = {0};

    if (job == NULL) {
        return false;
    }
    cs_dkls_job_run(job);
    run_note(&r, k, cs_dkls_job_done(r.s[k], job, &out), &out);
    for (size_t i = 0; i < out.n_msgs; i++) {
        publish(out.msgs[i].body.p, out.msgs[i].body.n);
        run_note(&r, 3 - k, duo_feed(&d, r.s[3 - k], k, &out.msgs[i], &in), &in);
    }
    cs_dkls_out_clear(&out);
    cs_dkls_out_clear(&in);
    return true;
}

static void signature(void)
{
    run_open(&r, &d);
    for (bool any = true; any;) {
        any = compute(1);
        any = compute(2) || any;
    }
}

/* The keys that the setup left behind, in both directions of both ends. */
static void mark_keys(void)
{
    for (int k = 1; k <= 2; k++) {
        struct cs_ot_user user = {0};
        struct cs_ot_keys *as_alice = NULL, *as_bob = NULL;

        if (cs_ot_pair_join(d.bed.pair[k], &user, &as_alice, &as_bob) == CS_OK) {
            (void)VALGRIND_MAKE_MEM_UNDEFINED(&as_alice->alice, sizeof as_alice->alice);
            (void)VALGRIND_MAKE_MEM_UNDEFINED(&as_bob->bob, sizeof as_bob->bob);
            cs_ot_user_leave(&user);
            cs_ot_keys_drop(as_alice);
            cs_ot_keys_drop(as_bob);
        }
    }
}

static bool ct_inside(void)
{
    bool ok = cs_crypto_init() == CS_OK;

    stream_init(&rnd, 1);
    duo_open(&d, 1, 2);
    mark_keys();
    (void)VALGRIND_MAKE_MEM_UNDEFINED(d.zero_key, sizeof d.zero_key);
    (void)VALGRIND_MAKE_MEM_UNDEFINED(d.bed.local, sizeof d.bed.local);
    ok = ct_clean("DKLs23 signature", d.x, sizeof d.x, signature) && ok;
    ok = r.err[1] == CS_OK && r.err[2] == CS_OK && s_was_secret && ok;
    return cs_dkls_signature(r.s[1]) != NULL && ok;
}

#endif

CT_MAIN
