/* What a peer can send in DKLs23 and its OT setup.  First byte chooses the message, two
 * more where in it the rest is XORed in; or the rest is a setup message or SES_OPEN as
 * it is.
 * Must hold: no crash, only the codes of 4.7, and no signature that does not verify. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "mpc/dkls_impl.h"
#include "support/dkls_bed.h"
#include "support/ot_keys.h"

#include "fuzz.h"

static const enum cs_curve secp = CS_CURVE_SECP256K1;

/* One run, made once; each input starts from a copy of what the honest end 0 was before
 * the message that the input changes. */
struct end {
    struct dkls_state s;
    struct dkls_peer peer;
};
static struct {
    struct end before[4]; /* [round]: end 0 when that round's message comes */
    struct cs_wr msg[4];  /* end 1's */
} made;
static struct end now;

static struct cs_ot_keys *keys[2]; /* Alice is end 0, end 1 */
static struct cs_secret x[2];
static struct cs_point X;
static uint8_t rand_bytes[DKLS_RAND];

static void make_keys(void)
{
    struct cs_scalar key, slope, i;

    for (uint8_t k = 0; k < 2; k++) {
        static struct ot_pair pair;

        ot_pair_make(&pair);
        keys[k] = cs_guard_new(sizeof *keys[k]);
        FUZZ_HOLDS(keys[k] != NULL);
        keys[k]->refs = 1;
        keys[k]->ids = pair.ids;
        keys[k]->ids.alice = (uint8_t)(1 + k);
        keys[k]->ids.bob = (uint8_t)(2 - k);
        keys[k]->alice = pair.alice;
        keys[k]->bob = pair.bob;
        keys[k]->gadget = pair.gadget;
    }
    key = some_scalar(secp);
    slope = some_scalar(secp);
    cs_point_base_mul(secp, &X, &key);
    for (uint8_t k = 0; k < 2; k++) {
        cs_scalar_from_u32(secp, &i, k + 1u);
        cs_scalar_muladd(secp, &x[k].s, &slope, &i, &key);
    }
    stream_bytes(&rnd, rand_bytes, sizeof rand_bytes);
}

static void copy_end(struct end *to, const struct end *from)
{
    *to = *from;
    to->s.peers = &to->peer;
}

static enum cs_err step(struct end *e, dkls_step *run, struct cs_span body,
                        struct cs_wr *to)
{
    const struct dkls_in in = {.body = body};
    struct cs_dkls_msg out = {0};
    enum cs_err err = run(&e->s, &in, rand_bytes, &out);

    *to = out.body;
    return err;
}

static void open_end(struct end *e, uint8_t k, struct cs_wr *r1)
{
    struct dkls_state *s = &e->s;

    s->self = (uint8_t)(k + 1);
    s->initiator = 1;
    s->n_signers = 2;
    s->signers[0] = 1;
    s->signers[1] = 2;
    s->X = X;
    s->digest[31] = 7;
    s->h.v[0] = 7;
    s->secret.x = x[k];
    s->n_peers = 1;
    s->peers = &e->peer;
    e->peer.index = (uint8_t)(2 - k);
    e->peer.keys_alice = keys[k];
    e->peer.keys_bob = keys[1 - k];
    FUZZ_HOLDS(step(e, dkls_round1, (struct cs_span){0}, r1) == CS_OK);
}

static void make_run(void)
{
    static struct end e[2];
    struct cs_wr m[3] = {{0}}, none = {0};

    open_end(&e[0], 0, &m[1]);
    open_end(&e[1], 1, &made.msg[1]);
    copy_end(&made.before[1], &e[0]);
    FUZZ_HOLDS(step(&e[0], dkls_round2, cs_wr_get(&made.msg[1]), &m[2]) == CS_OK);
    FUZZ_HOLDS(step(&e[1], dkls_round2, cs_wr_get(&m[1]), &made.msg[2]) == CS_OK);
    copy_end(&made.before[2], &e[0]);
    FUZZ_HOLDS(step(&e[0], dkls_round3, cs_wr_get(&made.msg[2]), &none) == CS_OK);
    FUZZ_HOLDS(step(&e[1], dkls_round3, cs_wr_get(&m[2]), &made.msg[3]) == CS_OK);
    copy_end(&made.before[3], &e[0]);
    cs_wr_free(&m[1]);
    cs_wr_free(&m[2]);
}

static void mix(struct cs_wr *w, struct cs_span in)
{
    size_t at = in.n >= 2 ? (size_t)(in.p[0] << 8 | in.p[1]) % w->n : 0;

    for (size_t i = 2; i < in.n && at + i - 2 < w->n; i++) {
        w->p[at + i - 2] ^= in.p[i];
    }
}

static bool code_allowed(enum cs_err err)
{
    return err == CS_OK || err == CS_ERR_OT_CHECK || err == CS_ERR_SID_MISMATCH ||
           err == CS_ERR_COMMIT_OPEN || err == CS_ERR_BAD_POINT ||
           err == CS_ERR_ZERO_OR_RANGE || err == CS_ERR_RVOLE_CHECK ||
           err == CS_ERR_GAMMA_CHECK || err == CS_ERR_PK_SUM ||
           err == CS_ERR_SIG_INVALID;
}

static enum cs_err play(unsigned round, struct cs_span msg)
{
    struct cs_wr out = {0};
    enum cs_err err;

    if (round == 1) {
        err = step(&now, dkls_round2, msg, &out);
        cs_wr_free(&out);
        return err == CS_OK ? CS_ERR_SID_MISMATCH : err; /* what follows: another sid */
    }
    if (round == 2) {
        CS_CHECK(step(&now, dkls_round3, msg, &out));
        msg = cs_wr_get(&made.msg[3]);
    }
    return step(&now, dkls_finish, msg, &out);
}

static void fuzz_sign(unsigned round, struct cs_span in)
{
    const struct cs_ecdsa_sig zero = {.recid = 0};
    struct cs_wr msg = {0};
    uint8_t key[CS_POINT_MAX];
    enum cs_err err;

    copy_end(&now, &made.before[round]);
    cs_wr_span(&msg, cs_wr_get(&made.msg[round]));
    mix(&msg, in);
    err = play(round, cs_wr_get(&msg));
    FUZZ_HOLDS(code_allowed(err));
    if (err == CS_OK) {
        (void)cs_point_encode(&X, key);
        FUZZ_HOLDS(cs_ecdsa_verify(key, now.s.digest, now.s.sig.rs) == CS_OK);
    } else {
        FUZZ_HOLDS(memcmp(&now.s.sig, &zero, sizeof zero) == 0);
    }
    cs_wr_free(&msg);
}

/* SES_OPEN has one encoding. */
static void fuzz_open(struct cs_span in)
{
    struct cs_dkls_open o;
    struct cs_wr w = {0};

    if (cs_dkls_open_decode(&o, in) == CS_OK) {
        cs_dkls_open_encode(&w, &o);
        FUZZ_HOLDS(w.err == CS_OK && w.n == in.n && memcmp(w.p, in.p, in.n) == 0);
        FUZZ_HOLDS(o.n >= 2 && o.n <= CS_PARTIES_MAX && o.signers[0] != 0);
        cs_wr_free(&w);
    }
}

/* A node that is both at once, before it has computed anything. */
static void fuzz_setup(struct cs_span in)
{
    struct cs_ot_out out = {0};
    struct bed b;
    uint8_t osid[32], type = in.n > 0 ? in.p[0] % 8 : 0;
    bool to_alice = in.n > 1 && in.p[1] % 2 == 0;
    struct cs_span body = in.n > 2 ? CS_SPAN(in.p + 2, in.n - 2) : (struct cs_span){0};

    bed_open(&b);
    FUZZ_HOLDS(cs_ot_pair_start(b.pair[1]) == CS_OK);
    cs_ot_osid(osid, b.link_id, b.ds_hash, to_alice ? 1 : 2, to_alice ? 2 : 1, 0);
    (void)!cs_ot_pair_feed(b.pair[1], type, osid, body, &out);
    cs_ot_out_clear(&out);
    FUZZ_HOLDS(cs_ot_pair_state(b.pair[1]) != CS_OT_TESTED);
    bed_close(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1) {
        return 0;
    }
    fuzz_start();
    if (keys[0] == NULL) {
        stream_init(&rnd, 11);
        make_keys();
        make_run();
    }
    if (data[0] == 0xff) {
        fuzz_open(CS_SPAN(data + 1, size - 1));
    } else if (data[0] % 4 == 0) {
        fuzz_setup(CS_SPAN(data + 1, size - 1));
    } else {
        fuzz_sign(data[0] % 4, CS_SPAN(data + 1, size - 1));
    }
    return 0;
}
