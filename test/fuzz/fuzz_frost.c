/* What a peer can send in FROST: FR_WANT, FR_NONCES, FR_REQ, FR_RSP.  First byte
 * chooses. Must hold: no crash, and no signature that does not verify. */
#include <stdint.h>
#include <stdlib.h>

#include "support/mpc_signers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t set12[] = {1, 2};
static struct signers *s; /* one key for all inputs */

static void fuzz_req(struct cs_span in)
{
    struct cs_frost_run *r;
    uint8_t rsp[CS_FROST_RSP_LEN], req[CS_FROST_REQ_LEN(2, CS_FROST_COMMIT_LEN)];

    signers_stock(s, 2, 1, 1);
    r = signers_start(s, 1, set12);
    memcpy(req, cs_frost_run_req(r, 2).p, sizeof req);
    for (size_t i = 0; i < in.n && i < sizeof req; i++) {
        req[i] ^= in.p[i];
    }
    if (signers_answer(s, 2, 1, set12, CS_SPAN_OF(req), rsp) == CS_OK) {
        /* Only D_I, E_I may have changed: everything else is compared. */
        if (memcmp(req, cs_frost_run_req(r, 2).p, 57) != 0) {
            abort();
        }
    }
    (void)signers_answer(s, 2, 1, set12, in, rsp);
    cs_frost_run_free(r);
}

static void fuzz_rsp(struct cs_span in)
{
    struct cs_frost_run *r;
    uint8_t rsp[CS_FROST_RSP_LEN], sig[64], pk[CS_POINT_MAX], culprit;

    signers_stock(s, 2, 1, 1);
    r = signers_start(s, 1, set12);
    if (signers_answer(s, 2, 1, set12, cs_frost_run_req(r, 2), rsp) != CS_OK) {
        abort();
    }
    if (cs_frost_run_put(r, 2, in) != CS_OK) {
        for (size_t i = 0; i < in.n && i < 32; i++) {
            rsp[8 + i] ^= in.p[i];
        }
        (void)!cs_frost_run_put(r, 2, CS_SPAN_OF(rsp));
    }
    if (cs_frost_run_ready(r) && cs_frost_run_finish(r, sig, &culprit) == CS_OK &&
        (cs_key_public(s->key[1], pk) != 32 ||
         !cs_sign_verify(sig, pk, s->messages[s->item]))) {
        abort();
    }
    cs_frost_run_free(r);
}

static void fuzz_nonces(struct cs_span in)
{
    struct cs_frost_use u = signers_use(s, 1, 2);

    u.epoch = 9; /* a list of its own */
    if (cs_frost_pool_put(s->pool[1], &u, in, s->now) == CS_OK &&
        cs_frost_pool_have(s->pool[1], &u, s->now) > CS_FROST_LIST_MAX) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cs_span in = CS_SPAN(data + 1, size - 1);
    uint64_t highest;

    if (size < 1) {
        return 0;
    }
    if (s == NULL) {
        s = signers_new(3, 2, 1);
    }
    switch (data[0] % 4) {
    case 0:
        (void)!cs_frost_want_decode(&highest, in);
        break;
    case 1:
        fuzz_nonces(in);
        break;
    case 2:
        fuzz_req(in);
        break;
    default:
        fuzz_rsp(in);
        break;
    }
    return 0;
}
