/* The decoders of src/mpc that have no target of their own (fuzz_device_set,
 * fuzz_envelope): the first byte picks one, the rest is its input.  What decodes must
 * encode to the same bytes. */
#include "fuzz/fuzz.h"
#include "mpc/cert_record.h"
#include "mpc/certificate.h"
#include "mpc/frost.h"
#include "mpc/frost_pool.h"
#include "mpc/key.h"
#include "mpc/link/peer_seen.h"
#include "mpc/request.h"
#include "mpc/session.h"

static void request(struct cs_span in)
{
    struct cs_request r;
    struct cs_wr w = {0};

    if (cs_request_decode(&r, in) == CS_OK) {
        cs_request_encode(&w, &r);
        fuzz_same(&w, in);
    }
}

static void certificate(struct cs_span in)
{
    struct cs_certificate c;
    struct cs_wr w = {0};

    if (cs_certificate_decode(&c, in) == CS_OK) {
        cs_certificate_encode(&w, &c.body, &c.sigs);
        fuzz_same(&w, in);
    }
}

static void peer_seen(struct cs_span in)
{
    struct cs_peer_seen seen;
    struct cs_wr w = {0};

    if (cs_peer_seen_decode(&seen, in) == CS_OK) {
        cs_peer_seen_encode(&w, &seen);
        fuzz_same(&w, in);
    }
}

static void frost_request(struct cs_span in)
{
    struct cs_frost_req q;
    struct cs_wr w = {0};

    if (cs_frost_req_decode(&q, 2, in) == CS_OK) {
        cs_frost_req_encode(&w, &q);
        fuzz_same(&w, in);
    }
}

static void frost_want(struct cs_span in)
{
    uint64_t highest;
    struct cs_wr w = {0};

    if (cs_frost_want_decode(&highest, in) == CS_OK) {
        cs_frost_want_encode(&w, highest);
        fuzz_same(&w, in);
    }
}

static void cert_want(struct cs_span in)
{
    uint8_t c[32];
    struct cs_wr w = {0};

    if (cs_cert_want_decode(c, in) == CS_OK) {
        cs_cert_want_encode(&w, c);
        fuzz_same(&w, in);
    }
}

/* The last 32 bytes are the secret part. */
static void key(struct cs_span in)
{
    struct cs_key *k = cs_key_new();
    struct cs_wr w = {0};
    size_t n = in.n < 32 ? 0 : in.n - 32;

    FUZZ_HOLDS(k != NULL);
    if (cs_key_decode(k, CS_SPAN(in.p, n), CS_SPAN(in.p + n, in.n - n)) == CS_OK) {
        cs_key_encode_public(&w, k);
        fuzz_same(&w, CS_SPAN(in.p, n));
    }
    cs_key_free(k);
}

static void session_open(struct cs_span in)
{
    struct cs_session_open open;

    (void)!cs_session_open_decode(&open, in);
}

static void session_abort(struct cs_span in)
{
    uint8_t sid[32];
    enum cs_err why = CS_OK;

    if (cs_abort_decode(sid, &why, in) == CS_OK) {
        FUZZ_HOLDS(why > CS_OK && why < CS_ERR_COUNT);
    }
}

typedef void decoder(struct cs_span in);
static decoder *const decoders[] = {request,       certificate,  peer_seen,
                                    frost_request, frost_want,   cert_want,
                                    key,           session_open, session_abort};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_start();
    if (size > 0) {
        decoders[data[0] % (sizeof decoders / sizeof decoders[0])](
            CS_SPAN(data + 1, size - 1));
    }
    return 0;
}
