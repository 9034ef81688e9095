/* Decoders of what is signed, stored and said about keys and sessions.  First byte
 * chooses. Must hold: no crash, and whatever is accepted has one encoding: it encodes
 * to the very bytes it came from. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "crypto/group.h"
#include "mpc/key.h"
#include "mpc/session_impl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must_equal(struct cs_wr *w, struct cs_span in)
{
    if (w->err != CS_OK || w->n != in.n || memcmp(w->p, in.p, in.n) != 0) {
        abort();
    }
    cs_wr_free(w);
}

static void fuzz_key(struct cs_span in)
{
    struct cs_key *k = cs_key_new();
    struct cs_wr w = {0};

    if (k == NULL || in.n < 32) {
        cs_key_free(k);
        return;
    }
    struct cs_span pub = CS_SPAN(in.p + 32, in.n - 32);
    if (cs_key_decode(k, pub, CS_SPAN(in.p, 32)) == CS_OK) {
        cs_key_encode_public(&w, k);
        must_equal(&w, pub);
    }
    cs_key_free(k);
}

static void fuzz_statements(struct cs_span in)
{
    struct cs_sig_set set;
    struct cs_wr w = {0};
    uint8_t C[32];

    if (cs_cert_have_decode(C, &set, in) == CS_OK) {
        cs_cert_have_encode(&w, C, &set);
        must_equal(&w, in);
    }
    if (cs_cert_aborted_decode(C, &set, in) == CS_OK) {
        cs_cert_aborted_encode(&w, C, &set);
        must_equal(&w, in);
    }
    (void)!cs_cert_want_decode(C, in);
}

static void fuzz_request(struct cs_span in)
{
    struct cs_request q;
    struct cs_wr w = {0};

    if (cs_request_decode(&q, in) == CS_OK) {
        cs_request_encode(&w, &q);
        must_equal(&w, in);
    }
}

static void fuzz_session(struct cs_span in)
{
    struct cs_session_open o;
    struct cs_wr w = {0};
    uint8_t sid[32];
    enum cs_err why;

    if (cs_session_open_decode(&o, in) == CS_OK) {
        ses_open_encode(&w, &o);
        must_equal(&w, in);
    }
    if (cs_abort_decode(sid, &why, in) == CS_OK && why == CS_OK) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1 || cs_crypto_init() != CS_OK) {
        return 0;
    }
    struct cs_span in = CS_SPAN(data + 1, size - 1);
    switch (data[0] % 4) {
    case 0:
        fuzz_key(in);
        break;
    case 1:
        fuzz_statements(in);
        break;
    case 2:
        fuzz_request(in);
        break;
    default:
        fuzz_session(in);
        break;
    }
    return 0;
}
