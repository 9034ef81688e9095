/* What a protocol costs: median and 99th percentile of computing per party, and bytes,
 * in one run with plain library calls to compare with (machines differ; ratios hold).
 */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "support/mpc_signers.h"

enum { RUNS = 400 };

static double now_us(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

struct series {
    double us[RUNS];
    size_t n;
};

static void add(struct series *s, double since)
{
    if (s->n < RUNS) {
        s->us[s->n++] = now_us() - since;
    }
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static double quantile(struct series *s, double q)
{
    qsort(s->us, s->n, sizeof s->us[0], by_value);
    return s->us[(size_t)((double)(s->n - 1) * q)];
}

static double plain_us; /* the yardstick: one library sign + verify */

static void print(const char *what, struct series *s, size_t bytes)
{
    double median = quantile(s, 0.5);

    (void)printf("%-46s %9.1f us  p99 %9.1f us  %6.2f x plain  %6zu bytes\n", what,
                 median, quantile(s, 0.99), plain_us == 0 ? 1.0 : median / plain_us,
                 bytes);
}

static void bench_plain(void)
{
    uint8_t pk[32], sk[64], sig[64], msg[32] = {7};
    struct series s = {0};

    (void)crypto_sign_keypair(pk, sk);
    for (int i = 0; i < RUNS; i++) {
        double t = now_us();

        (void)crypto_sign_detached(sig, NULL, msg, sizeof msg, sk);
        if (crypto_sign_verify_detached(sig, msg, sizeof msg, pk) != 0) {
            abort();
        }
        add(&s, t);
    }
    print("plain Ed25519 sign + verify (libsodium)", &s, 64);
    plain_us = quantile(&s, 0.5);
}

static void bench_frost(enum cs_scheme scheme, const char *name)
{
    struct series start = {0}, answer = {0}, finish = {0}, stock = {0};
    struct signers *s = signers_of(scheme, 3, 2, 1);
    const uint8_t set[] = {1, 2};
    size_t req_len = 0;

    for (int i = 0; i < RUNS; i++) {
        uint8_t rsp[CS_FROST_RSP_LEN], sig[64], culprit;
        struct cs_frost_run *r;
        double t = now_us();

        if (i % CS_FROST_BATCH == 0) {
            signers_stock(s, 2, 1, CS_FROST_BATCH);
            add(&stock, t);
        }
        t = now_us();
        r = signers_start(s, 1, set);
        add(&start, t);
        req_len = cs_frost_run_req(r, 2).n;
        t = now_us();
        if (signers_answer(s, 2, 1, set, cs_frost_run_req(r, 2), rsp) != CS_OK) {
            abort();
        }
        add(&answer, t);
        t = now_us();
        if (cs_frost_run_put(r, 2, CS_SPAN_OF(rsp)) != CS_OK ||
            cs_frost_run_finish(r, sig, &culprit) != CS_OK) {
            abort();
        }
        add(&finish, t);
        cs_frost_run_free(r);
    }
    (void)printf("%s, one message each way\n", name);
    print("  nonces, one batch, both sides", &stock, 0);
    print("  initiator, request", &start, req_len);
    print("  responder, answer", &answer, CS_FROST_RSP_LEN);
    print("  initiator, finish and verify", &finish, 0);
    signers_free(s);
}

static void bench_dkg(enum cs_curve curve, const char *name)
{
    struct series s = {0};
    unsigned long sent = 0;

    for (int i = 0; i < 40; i++) {
        struct net *w = net_new(3, 2, curve, (uint64_t)i + 1);
        double t = now_us();

        net_start(w);
        net_run(w);
        add(&s, t);
        if (w->err[1] != CS_OK || w->stored[3] == NULL) {
            abort();
        }
        sent = w->sent;
        net_free(w);
    }
    for (size_t i = 0; i < s.n; i++) {
        s.us[i] /= 3; /* all three ran in this thread */
    }
    print(name, &s, 0);
    (void)printf("%-46s %lu messages\n", "", sent);
}

int main(void)
{
    if (cs_crypto_init() != CS_OK) {
        return 70;
    }
    bench_plain();
    bench_frost(CS_SCHEME_FROST_ED25519, "FROST Ed25519");
    bench_frost(CS_SCHEME_BIP340, "FROST BIP340");
    bench_dkg(CS_CURVE_ED25519, "DKG 2-of-3 Ed25519, per party");
    bench_dkg(CS_CURVE_SECP256K1, "DKG 2-of-3 secp256k1, per party");
    return 0;
}
