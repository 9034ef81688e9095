/* OT setup, RVOLE, and a DKLs23 signature by round and by party. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include "bench.h"
#include "support/dkls_signers.h"
#include "support/ot_keys.h"

static void seed(void)
{
    static bool done;

    if (!done) {
        stream_init(&rnd, 1);
        done = true;
    }
}

/* ---- OT setup -------------------------------------------------------------------- */

static size_t setup_bytes;

static bool count_setup(struct bed *b, uint8_t from, uint8_t type, uint8_t *body,
                        size_t n)
{
    (void)b;
    (void)type;
    (void)body;
    setup_bytes += from == 1 ? n : 0;
    return true;
}

/* The job of end k, if there is one. */
static bool setup_step(struct bed *b, uint8_t k, struct bench_mark *spent)
{
    struct bench_mark m = bench_begin(), more;
    struct cs_ot_job *job = cs_ot_pair_take_job(b->pair[k], bed_random, NULL);
    struct cs_ot_out out = {0};

    if (job == NULL) {
        return false;
    }
    cs_ot_job_run(job);
    bench_must(cs_ot_pair_job_done(b->pair[k], job, &out) == CS_OK, "an OT setup");
    more = bench_since(&m);
    bench_add(spent, &more);
    bed_put(b, k, &out);
    return true;
}

/* Both directions, as a node has them: it is Alice in one and Bob in the other. */
static void ot_setup(struct bench_row *r)
{
    struct bench_mark spent[3] = {{0}};
    struct bed b;

    bed_open(&b);
    b.wire = count_setup;
    setup_bytes = 0;
    bench_must(cs_ot_pair_start(b.pair[1]) == CS_OK &&
                   cs_ot_pair_start(b.pair[2]) == CS_OK,
               "starting an OT setup");
    for (bool any = true; any;) {
        bed_deliver(&b);
        any = setup_step(&b, 1, &spent[1]);
        any = setup_step(&b, 2, &spent[2]) || any || b.n_queue > 0;
    }
    bench_must(cs_ot_pair_state(b.pair[1]) == CS_OT_TESTED, "an OT setup");
    bench_put(r, &spent[1], 1);
    bench_bytes(r, setup_bytes);
    bed_close(&b);
}

/* ---- one RVOLE ------------------------------------------------------------------- */

static struct ot_pair keys;
static struct cs_otx_bob bob;
static struct cs_otx_alice alice;
static struct cs_otx_scratch scratch;
static uint8_t ext[CS_OTX_LEN], msg[CS_RVOLE_LEN];

static void rvole(int i)
{
    static const struct cs_n a[2] = {{{3, 4, 5, 6}}, {{7, 8, 9, 1}}};
    static const struct cs_n hat = {{1, 2, 3, 4}};
    struct bench_row *bob_ext = bench_row("ot", "OT extension, Bob"),
                     *alice_ext = bench_row("ot", "OT extension, Alice, with check"),
                     *alice_mul = bench_row("ot", "RVOLE, Alice"),
                     *bob_mul = bench_row("ot", "RVOLE, Bob, with check");
    uint8_t esid[32] = {1, (uint8_t)i, (uint8_t)(i >> 8)}, rsid[32] = {2};
    struct cs_n c[2], d[2];
    struct bench_mark m;
    bool ok;

    stream_bytes(&rnd, bob.b, sizeof bob.b);
    m = bench_begin();
    cs_otx_bob_run(&bob, ext, &keys.bob, esid, &scratch);
    bench_end(bob_ext, &m, 1);
    m = bench_begin();
    ok = cs_otx_alice_run(&alice, ext, &keys.alice, esid, &scratch) == CS_OK;
    bench_end(alice_ext, &m, 1);
    m = bench_begin();
    ok = cs_rvole_alice(c, msg, &alice, &keys.gadget, rsid, a, &hat) == CS_OK && ok;
    bench_end(alice_mul, &m, 1);
    m = bench_begin();
    ok = cs_rvole_bob(d, msg, &bob, &keys.gadget, rsid) == CS_OK && ok;
    bench_end(bob_mul, &m, 1);
    bench_must(ok, "an RVOLE");
    bench_bytes(bob_ext, CS_OTX_LEN);
    bench_bytes(alice_mul, CS_RVOLE_LEN);
}

void bench_ot(int runs)
{
    struct bench_row *r = bench_row("ot", "OT setup of a pair, both roles, self-test");

    seed();
    for (int i = 0; i < (runs + 9) / 10; i++) {
        ot_setup(r);
    }
    ot_pair_make(&keys);
    for (int i = 0; i < runs; i++) {
        rvole(i);
    }
}

/* ---- signatures ------------------------------------------------------------------ */

static const char *const rounds[4] = {"DKLs23 round 1", "DKLs23 round 2",
                                      "DKLs23 round 3, all checks",
                                      "DKLs23 finish, recover and compare"};

/* The step of end k, and its message to the other end, which pays for taking it. */
static void step(struct run *r, struct duo *d, int k, struct bench_mark spent[3],
                 size_t bytes[3])
{
    struct cs_dkls_out out = {0}, in = {0};
    struct bench_mark m = bench_begin(), more;
    struct cs_dkls_job *job = cs_dkls_take_job(r->s[k], bed_random, NULL);

    if (job == NULL) {
        return;
    }
    cs_dkls_job_run(job);
    bench_must(cs_dkls_job_done(r->s[k], job, &out) == CS_OK, "a DKLs23 round");
    more = bench_since(&m);
    bench_add(&spent[k], &more);
    for (size_t i = 0; i < out.n_msgs; i++) {
        bytes[k] += out.msgs[i].bcast.n + out.msgs[i].body.n;
        m = bench_begin();
        bench_must(duo_feed(d, r->s[3 - k], k, &out.msgs[i], &in) == CS_OK,
                   "taking a message");
        more = bench_since(&m);
        bench_add(&spent[3 - k], &more);
    }
    cs_dkls_out_clear(&out);
    cs_dkls_out_clear(&in);
}

static void sign(struct duo *d)
{
    struct bench_mark total[3] = {{0}}, m = bench_begin();
    size_t bytes[3] = {0}, before;
    struct run r;

    stream_bytes(&rnd, d->digest, 32);
    m = bench_begin();
    run_open(&r, d); /* makes both sessions */
    m = bench_since(&m);
    total[1] = total[2] = (struct bench_mark){m.us / 2, m.allocs / 2,
                                              m.alloc_bytes / 2};
    for (int i = 0; i < 4; i++) {
        struct bench_row *row = bench_row("dkls", rounds[i]);
        struct bench_mark spent[3] = {{0}};

        before = bytes[2];
        step(&r, d, 1, spent, bytes);
        step(&r, d, 2, spent, bytes);
        bench_put(row, &spent[1], 1);
        bench_bytes(row, bytes[2] - before);
        bench_add(&total[1], &spent[1]);
        bench_add(&total[2], &spent[2]);
    }
    bench_must(cs_dkls_signature(r.s[1]) != NULL, "a DKLs23 signature");
    for (int k = 1; k <= 2; k++) {
        struct bench_row *row = bench_row("dkls", k == 1 ? "DKLs23 sign, initiator"
                                                         : "DKLs23 sign, responder");

        m = bench_begin();
        cs_dkls_free(r.s[k]);
        m = bench_since(&m);
        bench_add(&total[k], &m);
        bench_put(row, &total[k], 1);
        bench_bytes(row, bytes[k]);
    }
}

void bench_dkls(int runs)
{
    struct duo d;

    seed();
    duo_open(&d, 1, 2);
    for (int i = 0; i < runs; i++) {
        sign(&d);
    }
    duo_close(&d);
}
