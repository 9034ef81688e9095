/* What DKLs23 costs: median and 99th percentile of computing per party and step, bytes
 * sent, allocations, in one run with libsecp256k1's own sign + verify (machines differ;
 * ratios hold).
 *   dkls_bench [RUNS]      default 200 */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include <secp256k1.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "support/dkls_signers.h"
#include "support/ot_keys.h"

enum { RUNS_MAX = 20000, SETUPS = 20 };

static int runs = 200;

static double now_us(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

struct series {
    double us[RUNS_MAX];
    size_t n;
};

static void add(struct series *s, double us)
{
    if (s->n < RUNS_MAX) {
        s->us[s->n++] = us;
    }
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static double plain_us; /* the yardstick: one library sign + verify */

static double print(const char *what, struct series *s, size_t bytes)
{
    double median;

    qsort(s->us, s->n, sizeof s->us[0], by_value);
    median = s->us[s->n / 2];
    (void)printf("%-44s %9.1f us  p99 %9.1f us  %7.2f x plain  %6zu bytes\n", what,
                 median, s->us[(s->n * 99) / 100],
                 plain_us > 0 ? median / plain_us : 1.0, bytes);
    s->n = 0;
    return median;
}

static struct series all[8];

static void bench_plain(void)
{
    secp256k1_context *ctx = secp256k1_context_create(SECP256K1_CONTEXT_SIGN |
                                                      SECP256K1_CONTEXT_VERIFY);
    uint8_t key[32] = {1}, msg[32] = {2};
    secp256k1_ecdsa_signature sig;
    secp256k1_pubkey pk;

    if (secp256k1_ec_pubkey_create(ctx, &pk, key) != 1) {
        abort();
    }
    for (int i = 0; i < runs; i++) {
        double t = now_us();

        msg[5] = (uint8_t)i;
        if (secp256k1_ecdsa_sign(ctx, &sig, msg, key, NULL, NULL) != 1 ||
            secp256k1_ecdsa_verify(ctx, &sig, msg, &pk) != 1) {
            abort();
        }
        add(&all[0], now_us() - t);
    }
    plain_us = print("plain ECDSA sign + verify (libsecp256k1)", &all[0], 64);
    secp256k1_context_destroy(ctx);
}

static struct ot_pair pair;
static struct cs_otx_bob bob;
static struct cs_otx_alice alice;
static struct cs_otx_scratch scratch;
static uint8_t ext[CS_OTX_LEN], msg[CS_RVOLE_LEN];

static void bench_rvole(void)
{
    struct cs_n a[2] = {{{3, 4, 5, 6}}, {{7, 8, 9, 1}}}, hat = {{1, 2, 3, 4}}, c[2],
                d[2];
    uint8_t esid[32] = {1}, rsid[32] = {2};
    double t;

    ot_pair_make(&pair);
    for (int i = 0; i < runs; i++) {
        esid[1]++;
        stream_bytes(&rnd, bob.b, sizeof bob.b);
        t = now_us();
        cs_otx_bob_run(&bob, ext, &pair.bob, esid, &scratch);
        add(&all[0], now_us() - t);
        t = now_us();
        if (cs_otx_alice_run(&alice, ext, &pair.alice, esid, &scratch) != CS_OK) {
            abort();
        }
        add(&all[1], now_us() - t);
        t = now_us();
        if (cs_rvole_alice(c, msg, &alice, &pair.gadget, rsid, a, &hat) != CS_OK) {
            abort();
        }
        add(&all[2], now_us() - t);
        t = now_us();
        if (cs_rvole_bob(d, msg, &bob, &pair.gadget, rsid) != CS_OK) {
            abort();
        }
        add(&all[3], now_us() - t);
    }
    (void)print("OT extension, Bob", &all[0], CS_OTX_LEN);
    (void)print("OT extension, Alice with check", &all[1], 0);
    (void)print("RVOLE, Alice", &all[2], CS_RVOLE_LEN);
    (void)print("RVOLE, Bob with check", &all[3], 0);
}

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

/* One direction; a node does both roles for each peer. */
static void bench_setup(void)
{
    double both = 0;

    for (int i = 0; i < SETUPS; i++) {
        struct bed b;
        double spent[3] = {0};

        bed_open(&b);
        b.wire = count_setup;
        setup_bytes = 0;
        if (cs_ot_pair_start(b.pair[1]) != CS_OK ||
            cs_ot_pair_start(b.pair[2]) != CS_OK) {
            abort();
        }
        for (bool any = true; any;) {
            any = false;
            bed_deliver(&b);
            for (uint8_t k = 1; k <= 2; k++) {
                struct cs_ot_job *job = cs_ot_pair_take_job(b.pair[k], bed_random,
                                                            NULL);
                struct cs_ot_out out = {0};
                double t = now_us();

                if (job != NULL) {
                    cs_ot_job_run(job);
                    spent[k] += now_us() - t;
                    if (cs_ot_pair_job_done(b.pair[k], job, &out) != CS_OK) {
                        abort();
                    }
                    bed_put(&b, k, &out);
                    any = true;
                }
            }
            any = any || b.n_queue > 0;
        }
        if (cs_ot_pair_state(b.pair[1]) != CS_OT_TESTED) {
            abort();
        }
        add(&all[0], spent[1]);
        bed_close(&b);
    }
    both = print("OT setup of a pair with self-test, per node", &all[0], setup_bytes);
    (void)both;
}

static size_t sent[3];

static bool count_bytes(struct duo *d, int from, uint8_t type, struct cs_wr *body)
{
    (void)d;
    (void)type;
    sent[from] += body->n;
    return true;
}

static double step_us[3];

/* As run_compute of dkls_signers.h, with a clock around the job and its hand-over. */
static bool timed(struct run *r, struct duo *d, int k)
{
    double t = now_us();
    struct cs_dkls_job *job = cs_dkls_take_job(r->s[k], bed_random, NULL);
    struct cs_dkls_out out = {0}, in = {0};

    if (job == NULL) {
        return false;
    }
    cs_dkls_job_run(job);
    run_note(r, k, cs_dkls_job_done(r->s[k], job, &out), &out);
    step_us[k] = now_us() - t;
    if (out.n_msgs == 1 && d->wire(d, k, out.msgs[0].type, &out.msgs[0].body)) {
        t = now_us();
        run_note(r, 3 - k, duo_feed(d, r->s[3 - k], k, &out.msgs[0], &in), &in);
        step_us[3 - k] += now_us() - t;
    }
    cs_dkls_out_clear(&out);
    cs_dkls_out_clear(&in);
    return true;
}

static void bench_sign(void)
{
    struct duo d;
    struct run r;

    duo_open(&d, 1, 2);
    d.wire = count_bytes;
    for (int i = 0; i < runs; i++) {
        double total[3] = {0};

        sent[1] = sent[2] = 0;
        stream_bytes(&rnd, d.digest, 32);
        run_open(&r, &d);
        for (int step = 0; step < 4; step++) {
            for (int k = 1; k <= 2; k++) {
                step_us[k] = 0;
                (void)timed(&r, &d, k);
                total[k] += step_us[k];
                if (k == 1) {
                    add(&all[step], step_us[1]);
                }
            }
        }
        if (cs_dkls_signature(r.s[1]) == NULL) {
            abort();
        }
        add(&all[4], total[1]);
        add(&all[5], total[2]);
        run_close(&r);
    }
    (void)print("DKLs23 round 1", &all[0], CS_SIG_R1_LEN);
    (void)print("DKLs23 round 2", &all[1], CS_SIG_R2_LEN);
    (void)print("DKLs23 round 3, all checks", &all[2], CS_SIG_R3_LEN);
    (void)print("DKLs23 finish, recover and compare", &all[3], 0);
    (void)print("DKLs23 signature, initiator in all", &all[4], sent[1]);
    (void)print("DKLs23 signature, responder in all", &all[5], sent[2]);
    duo_close(&d);
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        long n = strtol(argv[1], NULL, 10);

        runs = n < 1 ? 1 : n > RUNS_MAX ? RUNS_MAX : (int)n;
    }
    if (cs_crypto_init() != CS_OK) {
        return 1;
    }
    stream_init(&rnd, 1);
    (void)printf("GF(2^128) %s\n", cs_gf128_is_fast() ? "by instruction" : "portable");
    bench_plain();
    bench_rvole();
    bench_setup();
    bench_sign();
    cs_crypto_thread_end();
    return 0;
}
