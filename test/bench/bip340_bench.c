/* What FROST for BIP340 and derivation cost: median and 99th percentile of computing
 * per party, in one run with a plain library verification to compare with (machines
 * differ; ratios hold).  No time is asserted. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "crypto/hash.h"
#include "crypto/taproot.h"
#include "mpc/frost_bip340.h"

enum { RUNS = 1000, T = 2, N = 3 };
#define K1 CS_CURVE_SECP256K1

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

static void print(const char *what, struct series *s, size_t bytes)
{
    double median = quantile(s, 0.5);

    (void)printf("%-46s %9.1f us  p99 %9.1f us  %6zu bytes\n", what, median,
                 quantile(s, 0.99), bytes);
}

static void must(enum cs_err err)
{
    if (err != CS_OK) {
        (void)fprintf(stderr, "bip340_bench: %s\n", cs_err_text(err));
        exit(70);
    }
}

/* A key of two parties' shares: x_i = a_0 + a_1 i. */
struct key {
    struct cs_secret x[T];
    struct cs_point Xi[T], X;
    uint8_t ids[T], chain[32];
};

static void key_make(struct key *k)
{
    struct cs_scalar a0, a1, i;
    uint8_t wide[64];

    cs_random(wide, sizeof wide);
    cs_scalar_reduce64(K1, &a0, wide);
    cs_random(wide, sizeof wide);
    cs_scalar_reduce64(K1, &a1, wide);
    cs_random(k->chain, sizeof k->chain);
    cs_point_base_mul(K1, &k->X, &a0);
    for (uint8_t p = 0; p < T; p++) {
        k->ids[p] = (uint8_t)(p + 1);
        cs_scalar_from_u32(K1, &i, k->ids[p]);
        cs_scalar_muladd(K1, &k->x[p].s, &a1, &i, &a0);
        cs_point_base_mul(K1, &k->Xi[p], &k->x[p].s);
    }
}

static struct series wallet, signers, nonces, bind, sign, verify, finish, plain, total;

static void nonces_for(const struct key *k, uint8_t p, const uint8_t Qx[32],
                       struct cs_frost_nonces *n, struct cs_frost_commit *c)
{
    const struct cs_bip340_hedge h = {
        .share = &k->x[p], .Xi = &k->Xi[p], .key_x = Qx, .extra = CS_SPAN_LIT("bench")};
    uint8_t rand[32];

    cs_random(rand, sizeof rand);
    must(cs_bip340_nonces_make(n, c, k->ids[p], rand, &h));
}

static void finish_one(const struct cs_bip340_session *ctx,
                       const struct cs_frost_commit *peer, const struct cs_scalar z[T],
                       struct cs_span msg)
{
    uint8_t parts[T][32], sig[CS_BIP340_SIG_LEN];
    double t = now_us();

    for (size_t p = 0; p < T; p++) {
        memcpy(parts[p], z[p].b, 32);
    }
    must(cs_bip340_verify_share(ctx, peer, z[1].b));
    add(&verify, t);
    t = now_us();
    must(cs_bip340_aggregate(sig, NULL, ctx, (const uint8_t(*)[32])parts, T, msg));
    add(&finish, t);
    t = now_us();
    must(cs_taproot_verify(ctx->Qx, msg, sig));
    add(&plain, t);
}

static void one(const struct key *k, const struct cs_bip340_signers *s,
                const struct cs_tweak *tweak)
{
    struct cs_frost_nonces n[T];
    struct cs_frost_commit c[T];
    struct cs_bip340_session ctx;
    struct cs_scalar z[T];
    uint8_t Qx[32], msg[32];
    double t, all;

    cs_random(msg, sizeof msg);
    cs_tweak_x(Qx, tweak);
    t = now_us();
    nonces_for(k, 0, Qx, &n[0], &c[0]);
    add(&nonces, t);
    nonces_for(k, 1, Qx, &n[1], &c[1]);
    all = t = now_us();
    must(cs_bip340_bind(&ctx, s, tweak, c, T, CS_SPAN_OF(msg)));
    add(&bind, t);
    t = now_us();
    must(cs_bip340_sign(&z[0], &n[0], &ctx, &c[0], &k->x[0]));
    add(&sign, t);
    add(&total, all);
    must(cs_bip340_sign(&z[1], &n[1], &ctx, &c[1], &k->x[1]));
    finish_one(&ctx, &c[1], z, CS_SPAN_OF(msg));
}

int main(void)
{
    static const uint32_t path[] = {86, 0, 0, 0, 5};
    struct cs_bip340_signers s;
    struct cs_tweak tweak;
    struct key k;

    must(cs_crypto_init());
    key_make(&k);
    for (size_t i = 0; i < RUNS; i++) {
        double t = now_us();

        must(cs_tweak_wallet(&tweak, &k.X, k.chain, path, CS_COUNTOF(path)));
        add(&wallet, t);
        t = now_us();
        must(cs_bip340_signers_init(&s, T, N, k.ids, k.Xi, T, &k.X));
        add(&signers, t);
        one(&k, &s, &tweak);
    }
    print("plain BIP340 verify (libsecp256k1)", &plain, CS_BIP340_SIG_LEN);
    print("path of 5 and TapTweak (cached per path)", &wallet, 0);
    print("FROST BIP340: signer set (cached per key)", &signers, 0);
    print("FROST BIP340: one nonce, ahead of time", &nonces, CS_BIP340_NONCE_LEN);
    print("FROST BIP340: bind", &bind, 0);
    print("FROST BIP340: sign and check own part", &sign, 32);
    print("FROST BIP340: responder, bind and sign", &total, 32);
    print("FROST BIP340: initiator, check peer's part", &verify, 0);
    print("FROST BIP340: initiator, sum and verify", &finish, CS_BIP340_SIG_LEN);
    cs_crypto_thread_end();
    return 0;
}
