/* What a peer can send in FROST, in both schemes: FR_WANT, FR_NONCES, FR_REQ, FR_RSP.
 * First byte chooses.  Must hold: no crash, no answer to another request than the own,
 * and no signature that does not verify under the key of the address. */
#include <stdint.h>
#include <stdlib.h>

#include "support/mpc_signers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t set12[] = {1, 2};
static struct signers *both[2]; /* one key of each scheme for all inputs */

static void must(bool ok)
{
    if (!ok) {
        abort();
    }
}

static void fuzz_req(struct signers *s, struct cs_span in)
{
    struct req_at at = signers_at(s);
    uint8_t rsp[CS_FROST_RSP_LEN], req[REQ_MAX];
    struct cs_frost_run *r;

    signers_stock(s, 2, 1, 1);
    r = signers_start(s, 1, set12);
    memcpy(req, cs_frost_run_req(r, 2).p, at.end);
    for (size_t i = 0; i < in.n && i < at.end; i++) {
        req[i] ^= in.p[i];
    }
    if (signers_answer(s, 2, 1, set12, CS_SPAN(req, at.end), rsp) == CS_OK) {
        /* Only D_I, E_I may have changed: everything else is compared. */
        const uint8_t *sent = cs_frost_run_req(r, 2).p;

        must(memcmp(req, sent, at.first) == 0);
        must(memcmp(req + at.second - 1, sent + at.second - 1, at.entry) == 0);
    }
    (void)signers_answer(s, 2, 1, set12, in, rsp);
    cs_frost_run_free(r);
}

static void fuzz_rsp(struct signers *s, struct cs_span in)
{
    uint8_t rsp[CS_FROST_RSP_LEN], sig[64], culprit;
    struct cs_frost_run *r;

    signers_stock(s, 2, 1, 1);
    r = signers_start(s, 1, set12);
    must(signers_answer(s, 2, 1, set12, cs_frost_run_req(r, 2), rsp) == CS_OK);
    if (cs_frost_run_put(r, 2, in) != CS_OK) {
        for (size_t i = 0; i < in.n && i < 32; i++) {
            rsp[8 + i] ^= in.p[i];
        }
        (void)!cs_frost_run_put(r, 2, CS_SPAN_OF(rsp));
    }
    if (cs_frost_run_ready(r)) {
        enum cs_err err = cs_frost_run_finish(r, sig, &culprit);

        must(err == CS_OK ? signers_verify(s, sig)
                          : err == CS_ERR_FROST_SHARE && culprit == 2 &&
                                cs_ct_is_zero(sig, sizeof sig));
    }
    cs_frost_run_free(r);
}

static void fuzz_nonces(struct signers *s, struct cs_span in)
{
    struct cs_frost_use u = signers_use(s, 1, 2);

    u.epoch = 9; /* a list of its own */
    if (cs_frost_pool_put(s->pool[1], &u, in, s->now) == CS_OK) {
        must(cs_frost_pool_have(s->pool[1], &u, s->now) <= CS_FROST_LIST_MAX);
    }
}

/* A path on BIP340: a few, so that kept plans come and go. */
static struct signers *choose(uint8_t first)
{
    struct signers *s = both[first / 4 % 2];

    if (s->scheme == CS_SCHEME_BIP340) {
        s->request.path_len = first / 8 % 3;
        s->request.path[0] = first;
        signers_request(s);
    }
    return s;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct signers *s;
    struct cs_span in;
    uint64_t highest;

    if (size < 1) {
        return 0;
    }
    if (both[0] == NULL) {
        both[0] = signers_of(CS_SCHEME_FROST_ED25519, 3, 2, 1);
        both[1] = signers_of(CS_SCHEME_BIP340, 3, 2, 1);
    }
    s = choose(data[0]);
    in = CS_SPAN(data + 1, size - 1);
    switch (data[0] % 4) {
    case 0:
        (void)!cs_frost_want_decode(&highest, in);
        break;
    case 1:
        fuzz_nonces(s, in);
        break;
    case 2:
        fuzz_req(s, in);
        break;
    default:
        fuzz_rsp(s, in);
        break;
    }
    return 0;
}
