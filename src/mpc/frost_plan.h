/* What depends on a key, a path and a set of signers only: Lagrange coefficients, and
 * for BIP340 the tweaked key (PROTOCOLS 7.4, 7.5, 9.1).  Public data.  Making one costs
 * as much as a partial signature, so the pool keeps the last of them.
 *
 * The tweak is made here and nowhere else, from the key and the path of the request:
 * there is no way in for a tweak of somebody else (rows 49, 50).  Thread: loop. */
#ifndef CS_MPC_FROST_PLAN_H
#define CS_MPC_FROST_PLAN_H

#include "mpc/certificate.h"
#include "mpc/tweak.h"

struct cs_frost_plan {
    uint8_t n;
    uint8_t ids[CS_PARTIES_MAX]; /* rising */
    struct cs_scalar lambda[CS_PARTIES_MAX];
    struct cs_tweak tweak; /* BIP340; of a CHECK request (X, 1, 0) */
    uint8_t key[32];       /* signatures verify under it: x(Q), or the Ed25519 key */
};

/* The request is of this key.  POLICY_REFUSED when the scheme is not one of FROST,
 * USAGE for ids that are no set or a path on Ed25519, PATH_*, TWEAK_*. */
enum cs_err cs_frost_plan_make(struct cs_frost_plan *out, const struct cs_cert_body *b,
                               const struct cs_request *q, const uint8_t *ids, size_t n)
    CS_MUST_USE;

/* The last CS_FROST_PLANS_MAX of them. */
enum { CS_FROST_PLANS_MAX = 128 };
struct cs_frost_plans;
struct cs_frost_plans *cs_frost_plans_new(void); /* NULL: no memory */
void cs_frost_plans_free(struct cs_frost_plans *p);
/* *out is valid until the next call.  Errors of cs_frost_plan_make. */
enum cs_err cs_frost_plans_get(struct cs_frost_plans *p,
                               const struct cs_frost_plan **out,
                               const struct cs_cert_body *b, const struct cs_request *q,
                               const uint8_t *ids, size_t n) CS_MUST_USE;

#endif
