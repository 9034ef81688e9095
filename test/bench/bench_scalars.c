/* The yardstick, and what our own arithmetic modulo the secp256k1 order is worth: the
 * same work by libsecp256k1's public calls, as PROTOCOLS 1.2 has it without a private
 * implementation. */
#include <secp256k1.h>
#include <sodium.h>
#include <string.h>

#include "bench.h"
#include "crypto/secp_n.h"
#include "mpc/rvole.h"

static secp256k1_context *ctx;

static void random_scalar(uint8_t k[32])
{
    randombytes_buf(k, 32);
    k[0] &= 0x7f;
    k[31] |= 1;
}

void bench_plain(int runs)
{
    struct bench_row *r = bench_row("plain", "libsecp256k1 ECDSA sign and verify");
    uint8_t key[32], msg[32];
    secp256k1_ecdsa_signature sig;
    secp256k1_pubkey pk;
    bool ok = true;

    ctx = secp256k1_context_create(SECP256K1_CONTEXT_SIGN | SECP256K1_CONTEXT_VERIFY);
    bench_must(ctx != NULL, "making a context");
    random_scalar(key);
    bench_must(secp256k1_ec_pubkey_create(ctx, &pk, key) == 1, "making a key");
    for (int i = 0; i < runs; i++) {
        struct bench_mark m;

        randombytes_buf(msg, sizeof msg);
        m = bench_begin();
        ok = secp256k1_ecdsa_sign(ctx, &sig, msg, key, NULL, NULL) == 1 &&
             secp256k1_ecdsa_verify(ctx, &sig, msg, &pk) == 1 && ok;
        bench_end(r, &m, 1);
    }
    bench_must(ok, "verifying a plain signature");
    bench_bytes(r, 64);
}

/* ---- by libsecp256k1's calls ----------------------------------------------------- */

static void lib_mul(uint8_t a[32], const uint8_t b[32])
{
    bench_must(secp256k1_ec_seckey_tweak_mul(ctx, a, b) == 1, "a product");
}

static void lib_add(uint8_t a[32], const uint8_t b[32])
{
    bench_must(secp256k1_ec_seckey_tweak_add(ctx, a, b) == 1, "a sum");
}

/* a^(n-2), fixed windows of four bits. */
static void lib_invert(uint8_t out[32], const uint8_t a[32])
{
    static const uint8_t e[32] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe,
                                  0xba, 0xae, 0xdc, 0xe6, 0xaf, 0x48, 0xa0, 0x3b,
                                  0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36, 0x41, 0x3f};
    uint8_t power[16][32] = {{0}}, x[32] = {0};

    power[0][31] = x[31] = 1;
    for (int i = 1; i < 16; i++) {
        memcpy(power[i], power[i - 1], 32);
        lib_mul(power[i], a);
    }
    for (int k = 0; k < 64; k++) {
        for (int i = 0; i < 4; i++) {
            uint8_t y[32];

            memcpy(y, x, 32);
            lib_mul(x, y);
        }
        lib_mul(x, power[e[k / 2] >> (k % 2 == 0 ? 4 : 0) & 15]);
    }
    memcpy(out, x, 32);
}

struct lib_row {
    uint8_t s[CS_RVOLE_W][32];
};

static struct lib_row alpha[2][CS_OT_USED], input;
static uint8_t g[CS_OT_USED][32], theta[CS_RVOLE_L][32], at[CS_RVOLE_AT_LEN];

/* Alice's at, mu and c of PROTOCOLS 4.4. */
static void lib_alice(void)
{
    uint8_t sum[CS_RVOLE_L][32] = {{[31] = 1}, {[31] = 1}}, mu[32], t[32];

    for (size_t j = 0; j < CS_OT_USED; j++) {
        for (size_t m = 0; m < CS_RVOLE_W; m++) {
            uint8_t *p = at + 32 * (CS_RVOLE_W * j + m);

            memcpy(p, alpha[1][j].s[m], 32);
            bench_must(secp256k1_ec_seckey_negate(ctx, p) == 1, "a negation");
            lib_add(p, alpha[0][j].s[m]);
            lib_add(p, input.s[m]);
        }
        memcpy(mu, alpha[0][j].s[CS_RVOLE_L], 32);
        for (size_t m = 0; m < CS_RVOLE_L; m++) {
            memcpy(t, alpha[0][j].s[m], 32);
            lib_mul(t, theta[m]);
            lib_add(mu, t);
            memcpy(t, alpha[0][j].s[m], 32);
            lib_mul(t, g[j]);
            lib_add(sum[m], t);
        }
    }
}

/* ---- by our own ------------------------------------------------------------------ */

static cs_rvole_row own_alpha[2][CS_OT_USED], own_input;
static struct cs_n own_g[CS_OT_USED], own_theta[CS_RVOLE_L];

static void own_alice(void)
{
    static uint8_t mu[CS_OT_USED * 32];
    struct cs_n sum[CS_RVOLE_L];

    cs_rvole_at(at, (const cs_rvole_row *)own_alpha[0],
                (const cs_rvole_row *)own_alpha[1], own_input, CS_OT_USED);
    cs_rvole_mu(mu, (const cs_rvole_row *)own_alpha[0], own_theta, NULL, NULL,
                CS_OT_USED);
    cs_rvole_dot(sum, own_g, (const cs_rvole_row *)own_alpha[0], CS_OT_USED);
}

static void draw(uint8_t k[32], struct cs_n *n)
{
    random_scalar(k);
    (void)cs_n_load(n, k);
}

static void prepare(void)
{
    for (size_t m = 0; m < CS_RVOLE_W; m++) {
        for (size_t j = 0; j < CS_OT_USED; j++) {
            draw(alpha[0][j].s[m], &own_alpha[0][j][m]);
            draw(alpha[1][j].s[m], &own_alpha[1][j][m]);
            draw(g[j], &own_g[j]);
        }
        draw(input.s[m], &own_input[m]);
    }
    for (size_t m = 0; m < CS_RVOLE_L; m++) {
        draw(theta[m], &own_theta[m]);
    }
}

static void timed(const char *name, void (*op)(void), int runs)
{
    struct bench_row *r = bench_row("scalars", name);

    for (int i = 0; i < runs; i++) {
        struct bench_mark m = bench_begin();

        op();
        bench_end(r, &m, 1);
    }
}

static void lib_inverse(void)
{
    uint8_t out[32];

    lib_invert(out, g[0]);
}

static void own_inverse(void)
{
    struct cs_n out;

    cs_n_invert(&out, &own_g[0]);
}

void bench_scalars(int runs)
{
    uint8_t a[32], b[32];
    struct cs_n n;

    prepare();
    lib_invert(a, g[0]);
    cs_n_invert(&n, &own_g[0]);
    cs_n_store(b, &n);
    bench_must(memcmp(a, b, 32) == 0, "comparing the two inverses");
    timed("inverse, a^(n-2) by library calls", lib_inverse, runs);
    timed("inverse, own", own_inverse, runs);
    timed("RVOLE algebra, Alice, by library calls", lib_alice, runs);
    timed("RVOLE algebra, Alice, own", own_alice, runs);
    secp256k1_context_destroy(ctx);
}
