/* FROST for BIP340: all files of BIP 445 with their failure cases, own figures made
 * with the BIP's reference code, and every check of PROTOCOLS 7.3, 7.4, 7.6. */
#include "mpc/frost_bip340.h"

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "crypto/taproot.h"

#define K1 CS_CURVE_SECP256K1

/* ---- own figures: 2 of 3, made by the reference code at the pinned commit -------- */

static const char own_X[] =
    "035ed87eb185c32bf8d4ae2ab45b42b1ac75c1c1ee2964c636a52441b037d074f3";
static const char own_chain[] =
    "ff103ddbab2fa2fb6c17545e855e41cad1ac8870642b9424e8366627274f0714";
static const char own_msg[] =
    "2e97ec054b6fb8a87ccd8faab7db9aeff65666e1d6705d30e09a0b3ff2b39b4b";
static const struct {
    const char *x, *rand;
} own_party[3] = {
    {"82f7f2e4c8a2a28c0c0877bd1a4edb2534c12f9f6b048998b98de4c3331650f6",
     "a2b04ba85498914e4448cbcbc51a74fafec0a10ee2d1efa08df2d84aee08a8a6"},
    {"8aeae8b1321521ec89fd7504f9a0af28e274b0a4c1ca5865380e84b1f63988dd",
     "914e4f0221119aaec925d602656edcf672d1a07d32fb4dbf5f0a4b0c09d11e15"},
    {"92ddde7d9b87a14d07f2724cd8f2832c902831aa18902731b68f24a0b95cc0c4",
     "4b231e07552fbf517bc341afe5eb49193386a181bd40039d2a42ddcff8161c8f"},
};
enum { KEY_ITSELF, CHILD, CHILD_TAPROOT };
static const struct own_case {
    uint8_t ids[2];
    uint8_t path_len;
    uint32_t path[3];
    int mode;
    const char *Qx, *aggnonce, *part[2], *sig;
} own_cases[] = {
    {{1, 3},
     0,
     {0},
     0, /* Q odd 1, R odd 0, gacc -1 0 */
     "5ed87eb185c32bf8d4ae2ab45b42b1ac75c1c1ee2964c636a52441b037d074f3",
     "03ba68ec8b7680b42403c443669839e8758e4c56636aa87dff95a2e3257e87fd"
     "b502cc473f95b5a03d49f84fb8a51b049a995efff4822a2bd0d0bcf5eea9d4da"
     "8ebf",
     {"38f9540cd65c27c37f6366c4979b5849967a0b08210db35c443446f70775375a",
      "67cfcdd279aa62d195d32708af9b75ed8b0025e7a416e92fd4a06283e770503e"},
     "6867499666edbb3f6bb5baaee412b52b2a7c2b535d2c9557ded0d544f83aa4cc"
     "a0c921df50068a9515368dcd4736ce37217a30efc5249c8c18d4a97aeee58798"},
    {{1, 2},
     3,
     {86, 0, 5},
     1, /* Q odd 0, R odd 0, gacc -1 0 */
     "da1d04dd09b015b2ce5d98353b369467f7d63f50da7a390def4fcda30c6d689b",
     "0226f683086fdd047ce15de578a7d41018f21f1546fec7885a5171fe07676b66"
     "be02638324f63489c22663242b3a59675a37515349cf4fa25b1a776ec64a1e93"
     "5973",
     {"1aefb24bc2b5d4854f21ea145e1edc257338d57b14795897e3ebbbf027ec4fe6",
      "b80d1da97336414b2263ab55503d3c32a5f0bdf17064f5d683e6fcd354542a25"},
     "ed79f0822091cbb21aef0cfea600919aa95ffd222600365b3c9f37c3c30c97a5"
     "4f992cb0213df9103f5b0dbecc34bae662dbf44633e662ed3c495e2c6a67162e"},
    {{1, 3},
     3,
     {86, 0, 5},
     2, /* Q odd 1, R odd 1, gacc -1 0 */
     "f4ffb2ec328d119358d1257d56fbad30e96cc440d838350f2c7202d3b982bd38",
     "0362d076d64f27f6aafc56a8603bd24b3b50a95a476a1bdb62519d57f572e3f8"
     "98029a520597fc1207a7a49d99d969b0e187eb4a8645fbeda11263ecc7b5e87f"
     "a32b",
     {"d86ad7b252520d260585907083dbe8d1b32097b63441865cc24f874083733cb5",
      "4bc372a423df747f0ee5d1c59f71111839f4053ee3cccc3f0b8df444300853cd"},
     "e3f4a41f08c0ae3a01d9cc8800796881190b1887351012c9e96335757da00e66"
     "830817478acccb3e8f7c083adf91a7ec208cbc1c6c358b337aae06f6dbb49633"},
    {{2, 3},
     2,
     {86, 0},
     2, /* Q odd 0, R odd 0, gacc -1 1 */
     "9ef562e498c4e8e288682f694dc37dbd283ec951d9e66492ef9bbaa2e4bcc802",
     "021b4dbb98aa720584210d6701a3d5876d16fc409d1a33ddf79260cc6b8e686e"
     "1b0325485ee958e55a62633f4b1ce38fe2704a8c56309ccf5a4ad5dfd11024a1"
     "e1d4",
     {"76048b85636e1887197f171e959bae96a1ec9a5231e07511043f5e00b556c66a",
      "6f7856b1e97c6f0b0377959f04a52492ddb564fa5898ca17e2c6a421ed4279af"},
     "677a320086c1b543e2cac3450646f495417e090e69ea64987a81cc1a997f44a1"
     "502511ac6f3ca56e7a31c705129c7591c80e8d4277f2144e58cf3932e95741bf"},
    {{2, 3},
     2,
     {86, 2},
     2, /* Q odd 0, R odd 1, gacc -1 1 */
     "3cfa0b95f4ff41719f90630e94c5b4c276bff8263028d4cfb4f0607bec479d89",
     "0237f83b1cfd1c60e3d78be8f86c3e770eebb9b12dce6831e606fcc8dc4b2367"
     "c9026976e8d1af109cd2ff562bb1815ee7ff1ff13a30a662ff7d6a0e7c5b23d5"
     "e18f",
     {"6661d5334ab5fb088b76a179856b834b1977dc654f1bebc9958aace2a42853e7",
      "20352c538e4548180b6d5cf5dcbe0662a294793b3fffaea1e6c8538c1214d41a"},
     "26db88871e8a3be2de3f51b8a89579406b127104971aa6d4012401e8d92db28d"
     "9bc6c2003891984da765ab41f7c202d7ab2d80e3b1eac0db22383ae27daf2e5f"},
    {{2, 3},
     2,
     {86, 5},
     2, /* Q odd 1, R odd 1, gacc -1 1 */
     "fd2b9c9df689154574597d6ff8698c45ad28208a68952434a0ca62611117b46c",
     "036adb5101be0270a2bbe4789c36eae2a3e86b17984593bd738a1169eb556382"
     "a2024b3151f547bfdbeaf19d035fc348ffcd3991acbff5560babaa32034ebe44"
     "e396",
     {"115de0b1226b632bd1469f9269ef35cc675fa876c427d8eeede41236d91e77d5",
      "32f47c6903dd103578f52a5a06721f4583c8a1f3351844b4fbbb0c998dd8cc22"},
     "49939ca18c593b189c3367816c909d9b2f80dfc10b9574b2b3891b8c13187a3a"
     "49dd93dcb76c0cbab38601b1fc44cdf033907131b2c86ea572bfe208b716ac6d"},
    {{2, 3},
     2,
     {86, 25},
     2, /* Q odd 1, R odd 0, gacc -1 1 */
     "b6527b9ec1ef4c312dbba461c186e27f01f1950fc1cea59aae7e8070dc2d42ea",
     "025dd85bcd18c02e190a816940c609a3d61f8d6774d868f7a3b6c27f36c9c98d"
     "8b02dbc5358fd5adacdfa515ed329e1b01556e32ffc044c41de12d5edb2b213b"
     "c969",
     {"1867c4711f11708e79cf847783d84de60f0a346795903bf01160c73569dd139d",
      "0ebf71500e0961c2fbb9a4c891c390e36eda9508b635b8311a65051450d0224d"},
     "81e4e82c59153b62b77bdbf9eec28225aa0fc0a6c923a5a34b4afd0db2b65775"
     "0b02eeef475a57ba46ad4c87a9a6eadca8ef14f6d589610df2ed238341140aac"},
};

struct bed {
    struct cs_secret x[2];
    struct cs_point Xi[2], X;
    struct cs_tweak tweak;
    uint8_t msg[32], Qx[32];
    struct cs_frost_nonces n[2];
    struct cs_frost_commit c[2];
    struct cs_bip340_signers s;
    struct cs_bip340_session ctx;
    struct cs_scalar z[2];
};

static void hex32(uint8_t out[32], const char *hex)
{
    assert_int_equal(cs_unhex(out, 32, hex), CS_OK);
}

static void expect_hex(const uint8_t *got, size_t n, const char *hex)
{
    uint8_t want[CS_BIP340_NONCE_LEN];

    assert_true(n <= sizeof want);
    assert_int_equal(cs_unhex(want, n, hex), CS_OK);
    assert_memory_equal(got, want, n);
}

static void bed_tweak(struct bed *b, const struct own_case *c)
{
    uint8_t chain[32];

    hex32(chain, own_chain);
    assert_int_equal(cs_tweak_init(&b->tweak, &b->X), CS_OK);
    if (c->mode == CHILD) {
        assert_int_equal(cs_tweak_path(&b->tweak, chain, c->path, c->path_len), CS_OK);
    } else if (c->mode == CHILD_TAPROOT) {
        assert_int_equal(cs_tweak_wallet(&b->tweak, &b->X, chain, c->path, c->path_len),
                         CS_OK);
    }
    cs_tweak_x(b->Qx, &b->tweak);
}

static void bed_nonce(struct bed *b, size_t i, uint8_t id)
{
    const struct cs_span msg = CS_SPAN_OF(b->msg);
    uint8_t rand[32];
    const struct cs_bip340_hedge h = {.share = &b->x[i],
                                      .Xi = &b->Xi[i],
                                      .key_x = b->Qx,
                                      .msg = &msg,
                                      .extra = CS_SPAN_LIT("cloudsign")};

    hex32(rand, own_party[id - 1].rand);
    assert_int_equal(cs_bip340_nonces_make(&b->n[i], &b->c[i], id, rand, &h), CS_OK);
}

/* Two signers bound to one message, ready to sign. */
static void bed_make(struct bed *b, const struct own_case *c)
{
    uint8_t X[33];

    assert_int_equal(cs_unhex(X, 33, own_X), CS_OK);
    assert_int_equal(cs_point_decode(K1, &b->X, CS_SPAN_OF(X)), CS_OK);
    hex32(b->msg, own_msg);
    bed_tweak(b, c);
    for (size_t i = 0; i < 2; i++) {
        hex32(b->x[i].s.b, own_party[c->ids[i] - 1].x);
        cs_point_base_mul(K1, &b->Xi[i], &b->x[i].s);
        bed_nonce(b, i, c->ids[i]);
    }
    assert_int_equal(cs_bip340_signers_init(&b->s, 2, 3, c->ids, b->Xi, 2, &b->X),
                     CS_OK);
    assert_int_equal(
        cs_bip340_bind(&b->ctx, &b->s, &b->tweak, b->c, 2, CS_SPAN_OF(b->msg)), CS_OK);
}

static void bed_sign(struct bed *b)
{
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(
            cs_bip340_sign(&b->z[i], &b->n[i], &b->ctx, &b->c[i], &b->x[i]), CS_OK);
    }
}

static enum cs_err bed_finish(const struct bed *b, uint8_t sig[64], uint8_t *culprit)
{
    uint8_t parts[2][32];

    memcpy(parts[0], b->z[0].b, 32);
    memcpy(parts[1], b->z[1].b, 32);
    return cs_bip340_aggregate(sig, culprit, &b->ctx, (const uint8_t(*)[32])parts, 2,
                               CS_SPAN_OF(b->msg));
}

static void own_figures_reproduce(void **state)
{
    uint8_t agg[CS_BIP340_NONCE_LEN], sig[64], culprit;
    struct bed b;

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(own_cases); i++) {
        const struct own_case *c = &own_cases[i];

        bed_make(&b, c);
        expect_hex(b.Qx, 32, c->Qx);
        cs_bip340_nonces_add(agg, b.c, 2);
        expect_hex(agg, sizeof agg, c->aggnonce);
        bed_sign(&b);
        expect_hex(b.z[0].b, 32, c->part[0]);
        expect_hex(b.z[1].b, 32, c->part[1]);
        assert_int_equal(bed_finish(&b, sig, &culprit), CS_OK);
        expect_hex(sig, 64, c->sig);
        assert_int_equal(cs_taproot_verify(b.Qx, CS_SPAN_OF(b.msg), sig), CS_OK);
    }
}

/* ---- checks
 * ---------------------------------------------------------------------------- */

#define TAPROOT (&own_cases[3])

/* Row 44. */
static void a_nonce_signs_once(void **state)
{
    struct cs_scalar z = {{7}};
    struct bed b;

    (void)state;
    bed_make(&b, TAPROOT);
    assert_int_equal(cs_bip340_sign(&z, &b.n[0], &b.ctx, &b.c[0], &b.x[0]), CS_OK);
    assert_true(cs_ct_is_zero(&b.n[0], sizeof b.n[0]));
    z.b[0] = 7;
    assert_int_equal(cs_bip340_sign(&z, &b.n[0], &b.ctx, &b.c[0], &b.x[0]),
                     CS_ERR_NONCE_USED);
    assert_int_equal(z.b[0], 7); /* nothing was written */
}

/* One half at a time; zero and the group order. */
static void a_nonce_out_of_range_does_not_sign(void **state)
{
    static const char *const bad[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141",
    };
    struct cs_scalar z;
    struct bed b;

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(bad); i++) {
        bed_make(&b, TAPROOT);
        hex32(b.n[0].d.s.b, bad[i]);
        hex32(b.n[1].e.s.b, bad[i]);
        for (size_t k = 0; k < 2; k++) {
            assert_int_equal(cs_bip340_sign(&z, &b.n[k], &b.ctx, &b.c[k], &b.x[k]),
                             CS_ERR_NONCE_USED);
            assert_true(cs_ct_is_zero(&b.n[k], sizeof b.n[k]));
        }
    }
}

static void nonces_of_a_senseless_call_are_not_made(void **state)
{
    static const uint8_t rand[32] = {1};
    struct cs_bip340_hedge h = {.extra = CS_SPAN_LIT("x")};
    struct cs_frost_nonces n;
    struct cs_frost_commit c;
    struct cs_point Xi;
    struct cs_scalar k;

    (void)state;
    assert_int_equal(cs_bip340_nonces_make(&n, &c, 1, rand, &h), CS_OK);
    h.extra.n = (size_t)UINT32_MAX + 1;
    assert_int_equal(cs_bip340_nonces_make(&n, &c, 1, rand, &h), CS_ERR_USAGE);
    h.extra.n = 1;
    h.Xi = &Xi;
    cs_point_identity(K1, &Xi);
    assert_int_equal(cs_bip340_nonces_make(&n, &c, 1, rand, &h), CS_ERR_USAGE);
    cs_scalar_from_u32(CS_CURVE_ED25519, &k, 7);
    cs_point_base_mul(CS_CURVE_ED25519, &Xi, &k);
    assert_int_equal(cs_bip340_nonces_make(&n, &c, 1, rand, &h), CS_ERR_USAGE);
}

static void only_signers_parts_are_verified(void **state)
{
    struct bed b;

    (void)state;
    bed_make(&b, TAPROOT);
    bed_sign(&b);
    b.c[0].id = 1; /* no signer */
    assert_int_equal(cs_bip340_verify_share(&b.ctx, &b.c[0], b.z[0].b), CS_ERR_USAGE);
}

static void each_signer_gives_one_part(void **state)
{
    uint8_t parts[3][32], sig[64], culprit;
    struct bed b;

    (void)state;
    bed_make(&b, TAPROOT);
    bed_sign(&b);
    memcpy(parts[0], b.z[0].b, 32);
    memcpy(parts[1], b.z[1].b, 32);
    memcpy(parts[2], b.z[1].b, 32);
    for (size_t n = 1; n <= 3; n += 2) {
        memset(sig, 0xaa, sizeof sig);
        assert_int_equal(cs_bip340_aggregate(sig, &culprit, &b.ctx,
                                             (const uint8_t(*)[32])parts, n,
                                             CS_SPAN_OF(b.msg)),
                         CS_ERR_USAGE);
        assert_true(cs_ct_is_zero(sig, sizeof sig));
    }
}

/* A sum may be the identity, but only as 33 zero bytes; nothing else is let through. */
static void sums_of_nonces_must_decode(void **state)
{
    uint8_t good[CS_BIP340_NONCE_LEN], agg[CS_BIP340_NONCE_LEN];
    struct cs_bip340_session ctx;
    struct bed b;

    (void)state;
    bed_make(&b, TAPROOT);
    const struct cs_span msg = CS_SPAN_OF(b.msg);
    cs_bip340_nonces_add(good, b.c, 2);
    for (size_t at = 0; at < 2; at++) {
        memcpy(agg, good, sizeof agg);
        agg[33 * at] = 4;
        assert_int_equal(cs_bip340_session_init(&ctx, &b.s, &b.tweak, agg, msg),
                         CS_ERR_FROST_COMMIT);
        memset(agg + 33 * at, 0, 33);
        assert_int_equal(cs_bip340_session_init(&ctx, &b.s, &b.tweak, agg, msg), CS_OK);
        agg[33 * at + 32] = 1;
        assert_int_equal(cs_bip340_session_init(&ctx, &b.s, &b.tweak, agg, msg),
                         CS_ERR_FROST_COMMIT);
    }
}

static void a_refused_signature_spends_the_nonce(void **state)
{
    struct cs_frost_commit other;
    struct cs_secret x;
    struct cs_scalar z;
    struct bed b;

    (void)state;
    bed_make(&b, TAPROOT);
    other = b.c[0];
    other.id = 1; /* no signer */
    assert_int_equal(cs_bip340_sign(&z, &b.n[0], &b.ctx, &other, &b.x[0]),
                     CS_ERR_USAGE);
    assert_true(cs_ct_is_zero(&b.n[0], sizeof b.n[0]));

    bed_make(&b, TAPROOT);
    x = b.x[1]; /* somebody else's share, one of the signers */
    assert_int_equal(cs_bip340_sign(&z, &b.n[0], &b.ctx, &b.c[0], &x),
                     CS_ERR_KEY_CORRUPT);
    assert_true(cs_ct_is_zero(&b.n[0], sizeof b.n[0]));
}

/* 7.6: what was published is not of these nonces. */
static void a_part_that_does_not_verify_stays_here(void **state)
{
    struct cs_frost_commit own;
    struct cs_scalar z = {{7}};
    struct bed b;

    (void)state;
    bed_make(&b, TAPROOT);
    own = b.c[1];
    own.id = b.c[0].id;
    assert_int_equal(cs_bip340_sign(&z, &b.n[0], &b.ctx, &own, &b.x[0]),
                     CS_ERR_FROST_SELF);
    assert_int_equal(z.b[0], 7);
    assert_true(cs_ct_is_zero(&b.n[0], sizeof b.n[0]));
}

/* Row 39: 0, q, q + 1, 2^256 - 1. */
static void parts_out_of_range_are_refused(void **state)
{
    static const char *const bad[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141",
        "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364142",
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    };
    uint8_t z[32], sig[64], culprit;
    struct bed b;

    (void)state;
    bed_make(&b, TAPROOT);
    bed_sign(&b);
    for (size_t i = 0; i < CS_COUNTOF(bad); i++) {
        struct cs_scalar good = b.z[1];

        hex32(z, bad[i]);
        assert_int_equal(cs_bip340_verify_share(&b.ctx, &b.c[1], z),
                         CS_ERR_ZERO_OR_RANGE);
        hex32(b.z[1].b, bad[i]);
        memset(sig, 0xaa, sizeof sig);
        assert_int_equal(bed_finish(&b, sig, &culprit), CS_ERR_ZERO_OR_RANGE);
        assert_int_equal(culprit, b.c[1].id);
        assert_true(cs_ct_is_zero(sig, sizeof sig));
        b.z[1] = good;
    }
}

/* Rows 45, 46. */
static void a_wrong_part_is_blamed_and_nothing_leaves(void **state)
{
    uint8_t sig[64], culprit;
    struct bed b;

    (void)state;
    bed_make(&b, TAPROOT);
    bed_sign(&b);
    b.z[1].b[31] ^= 1;
    memset(sig, 0xaa, sizeof sig);
    assert_int_equal(bed_finish(&b, sig, &culprit), CS_ERR_SIG_INVALID);
    assert_true(cs_ct_is_zero(sig, sizeof sig));
    assert_int_equal(cs_bip340_verify_share(&b.ctx, &b.c[0], b.z[0].b), CS_OK);
    assert_int_equal(cs_bip340_verify_share(&b.ctx, &b.c[1], b.z[1].b),
                     CS_ERR_FROST_SHARE);
}

static void another_message_does_not_aggregate(void **state)
{
    uint8_t sig[64], culprit;
    struct bed b;

    (void)state;
    bed_make(&b, TAPROOT);
    bed_sign(&b);
    b.msg[0] ^= 1;
    assert_int_equal(bed_finish(&b, sig, &culprit), CS_ERR_SIG_INVALID);
    assert_true(cs_ct_is_zero(sig, sizeof sig));
}

/* Row 38, in R_1 and in R_2. */
static void bad_commitments_are_refused(void **state)
{
    static const char *const bad[] = {
        "000000000000000000000000000000000000000000000000000000000000000000",
        "0479be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798",
        "0679be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798",
        "02fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc30",
        "020000000000000000000000000000000000000000000000000000000000000005",
    };
    uint8_t good[CS_BIP340_NONCE_LEN], in[CS_BIP340_NONCE_LEN];
    struct cs_frost_commit c;
    struct bed b;

    (void)state;
    bed_make(&b, TAPROOT);
    cs_bip340_commit_encode(good, &b.c[0]);
    assert_int_equal(cs_bip340_commit_decode(&c, 2, good), CS_OK);
    assert_true(cs_point_equal(&c.D, &b.c[0].D) && cs_point_equal(&c.E, &b.c[0].E));
    for (size_t i = 0; i < CS_COUNTOF(bad); i++) {
        for (size_t at = 0; at < 2; at++) {
            memcpy(in, good, sizeof in);
            assert_int_equal(cs_unhex(in + 33 * at, 33, bad[i]), CS_OK);
            assert_int_equal(cs_bip340_commit_decode(&c, 2, in), CS_ERR_FROST_COMMIT);
        }
    }
}

/* Rows 21, 29. */
static void sets_that_make_no_sense_are_refused(void **state)
{
    static const struct {
        uint8_t t, n;
        size_t count;
        uint8_t ids[2];
    } bad[] = {
        {0, 3, 2, {1, 3}}, {4, 3, 2, {1, 3}}, {2, 8, 2, {1, 3}},
        {2, 3, 1, {1, 3}}, {1, 1, 2, {1, 3}}, {2, 3, 2, {0, 3}},
        {2, 3, 2, {1, 4}}, {2, 3, 2, {3, 3}}, {2, 3, 0, {1, 3}},
    };
    struct cs_bip340_signers s;
    struct cs_point Xi[2];
    struct bed b;

    (void)state;
    bed_make(&b, &own_cases[0]); /* 1 and 3 */
    for (size_t i = 0; i < CS_COUNTOF(bad); i++) {
        assert_int_equal(cs_bip340_signers_init(&s, bad[i].t, bad[i].n, bad[i].ids,
                                                b.Xi, bad[i].count, &b.X),
                         CS_ERR_USAGE);
    }
    Xi[0] = b.Xi[0];
    cs_point_identity(K1, &Xi[1]);
    assert_int_equal(cs_bip340_signers_init(&s, 2, 3, own_cases[0].ids, Xi, 2, &b.X),
                     CS_ERR_USAGE);
    Xi[1] = b.Xi[0];
    assert_int_equal(cs_bip340_signers_init(&s, 2, 3, own_cases[0].ids, Xi, 2, &b.X),
                     CS_ERR_KEY_CORRUPT);
}

static void commitments_must_be_those_of_the_signers(void **state)
{
    struct cs_bip340_session ctx;
    struct cs_frost_commit c[3];
    struct bed b;

    (void)state;
    bed_make(&b, &own_cases[0]);
    const struct cs_span msg = CS_SPAN_OF(b.msg);
    c[0] = b.c[0];
    c[1] = b.c[0]; /* twice the same */
    c[2] = b.c[1];
    assert_int_equal(cs_bip340_bind(&ctx, &b.s, &b.tweak, c, 2, msg), CS_ERR_USAGE);
    assert_int_equal(cs_bip340_bind(&ctx, &b.s, &b.tweak, c, 3, msg), CS_ERR_USAGE);
    assert_int_equal(cs_bip340_bind(&ctx, &b.s, &b.tweak, c, 1, msg), CS_ERR_USAGE);
    c[1].id = 2; /* no signer */
    assert_int_equal(cs_bip340_bind(&ctx, &b.s, &b.tweak, c, 2, msg), CS_ERR_USAGE);
    c[1] = b.c[1];
    assert_int_equal(cs_bip340_bind(&ctx, &b.s, &b.tweak, c, 2, msg), CS_OK);
}

/* A context of another key, or one that was put together by hand. */
static void a_tweak_context_must_be_of_the_key(void **state)
{
    struct cs_tweak t;
    struct cs_bip340_session ctx;
    struct bed b;

    (void)state;
    bed_make(&b, TAPROOT);
    const struct cs_span msg = CS_SPAN_OF(b.msg);
    assert_int_equal(cs_tweak_init(&t, &b.Xi[0]), CS_OK);
    assert_int_equal(cs_bip340_bind(&ctx, &b.s, &t, b.c, 2, msg), CS_ERR_USAGE);
    t = b.tweak;
    t.tacc.b[31] ^= 1;
    assert_int_equal(cs_bip340_bind(&ctx, &b.s, &t, b.c, 2, msg), CS_ERR_USAGE);
    t = b.tweak;
    cs_scalar_negate(K1, &t.gacc, &t.gacc);
    assert_int_equal(cs_bip340_bind(&ctx, &b.s, &t, b.c, 2, msg), CS_ERR_USAGE);
    t = b.tweak;
    cs_scalar_from_u32(K1, &t.gacc, 2);
    assert_int_equal(cs_bip340_bind(&ctx, &b.s, &t, b.c, 2, msg), CS_ERR_USAGE);
}

/* Row 43: every input of b and e changes the part that an honest signer gives. */
static void each_binding_input_changes_the_session(void **state)
{
    uint8_t agg[CS_BIP340_NONCE_LEN];
    struct cs_bip340_session ctx;
    struct cs_frost_commit c[2];
    struct cs_tweak t;
    struct bed b;

    (void)state;
    bed_make(&b, TAPROOT);
    const struct cs_span msg = CS_SPAN_OF(b.msg);

    c[0] = b.c[0];
    c[1] = b.c[1];
    c[1].E = b.c[1].D; /* a forged entry */
    assert_int_equal(cs_bip340_bind(&ctx, &b.s, &b.tweak, c, 2, msg), CS_OK);
    assert_false(cs_scalar_equal(&ctx.b, &b.ctx.b));
    assert_false(cs_scalar_equal(&ctx.e, &b.ctx.e));

    cs_bip340_nonces_add(agg, b.c, 2);
    b.msg[31] ^= 1;
    assert_int_equal(cs_bip340_session_init(&ctx, &b.s, &b.tweak, agg, msg), CS_OK);
    assert_false(cs_scalar_equal(&ctx.b, &b.ctx.b));
    b.msg[31] ^= 1;

    assert_int_equal(cs_tweak_init(&t, &b.X), CS_OK);
    assert_int_equal(cs_bip340_session_init(&ctx, &b.s, &t, agg, msg), CS_OK);
    assert_false(cs_scalar_equal(&ctx.b, &b.ctx.b));
}

static void the_order_of_commitments_and_signers_does_not_matter(void **state)
{
    const uint8_t ids[2] = {TAPROOT->ids[1], TAPROOT->ids[0]};
    struct cs_bip340_signers s;
    struct cs_bip340_session ctx;
    struct cs_frost_commit c[2];
    struct cs_point Xi[2];
    struct bed b;

    (void)state;
    bed_make(&b, TAPROOT);
    Xi[0] = b.Xi[1];
    Xi[1] = b.Xi[0];
    c[0] = b.c[1];
    c[1] = b.c[0];
    assert_int_equal(cs_bip340_signers_init(&s, 2, 3, ids, Xi, 2, &b.X), CS_OK);
    assert_int_equal(cs_bip340_bind(&ctx, &s, &b.tweak, c, 2, CS_SPAN_OF(b.msg)),
                     CS_OK);
    assert_true(cs_scalar_equal(&ctx.b, &b.ctx.b) && cs_scalar_equal(&ctx.e, &b.ctx.e));
    assert_memory_equal(ctx.s.ids, b.ctx.s.ids, 2);
}

/* Rows 44, 52: with a constant RNG another share, key, message or context still gives
 * other nonces. */
static void a_stuck_rng_does_not_repeat_nonces(void **state)
{
    static const uint8_t rand[32] = {1};
    struct cs_span msg = CS_SPAN_LIT("m"), msg2 = CS_SPAN_LIT("n");
    struct cs_frost_nonces n[6];
    struct cs_frost_commit c;
    struct bed b;

    (void)state;
    bed_make(&b, TAPROOT);
    const struct cs_bip340_hedge h = {.share = &b.x[0],
                                      .Xi = &b.Xi[0],
                                      .key_x = b.Qx,
                                      .msg = &msg,
                                      .extra = CS_SPAN_LIT("link 1")};
    struct cs_bip340_hedge v[6] = {h, h, h, h, h, h};
    v[1].share = &b.x[1];
    v[2].Xi = &b.Xi[1];
    v[3].key_x = b.msg;
    v[4].msg = &msg2;
    v[5].extra = CS_SPAN_LIT("link 2");
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(cs_bip340_nonces_make(&n[i], &c, 1, rand, &v[i]), CS_OK);
        assert_memory_not_equal(&n[i].d, &n[i].e, 32);
        for (size_t k = 0; k < i; k++) {
            assert_memory_not_equal(&n[i].d, &n[k].d, 32);
            assert_memory_not_equal(&n[i].e, &n[k].e, 32);
        }
    }
}

/* Rogue nonce: R_j = -R_i makes R the identity, so G stands in; the honest part still
 * verifies and the rogue, who does not know the nonce, is the one that fails. */
static void a_cancelled_nonce_blames_who_cancelled_it(void **state)
{
    struct cs_point zero;
    struct cs_scalar z;
    uint8_t one[33], sig[64], culprit;
    struct bed b;

    (void)state;
    bed_make(&b, TAPROOT);
    cs_point_identity(K1, &zero);
    cs_point_sub(&b.c[1].D, &zero, &b.c[0].D);
    cs_point_sub(&b.c[1].E, &zero, &b.c[0].E);
    assert_int_equal(cs_bip340_bind(&b.ctx, &b.s, &b.tweak, b.c, 2, CS_SPAN_OF(b.msg)),
                     CS_OK);
    assert_int_equal(
        cs_unhex(one, 33,
                 "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"),
        CS_OK);
    assert_memory_equal(b.ctx.Rx, one + 1, 32);
    assert_int_equal(cs_bip340_sign(&z, &b.n[0], &b.ctx, &b.c[0], &b.x[0]), CS_OK);
    assert_int_equal(cs_bip340_sign(&b.z[1], &b.n[1], &b.ctx, &b.c[1], &b.x[1]),
                     CS_ERR_FROST_SELF);
    b.z[0] = z;
    b.z[1] = z;
    assert_int_equal(bed_finish(&b, sig, &culprit), CS_ERR_SIG_INVALID);
    assert_int_equal(cs_bip340_verify_share(&b.ctx, &b.c[0], z.b), CS_OK);
    assert_int_equal(cs_bip340_verify_share(&b.ctx, &b.c[1], z.b), CS_ERR_FROST_SHARE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(own_figures_reproduce),
        cmocka_unit_test(a_nonce_signs_once),
        cmocka_unit_test(a_nonce_out_of_range_does_not_sign),
        cmocka_unit_test(nonces_of_a_senseless_call_are_not_made),
        cmocka_unit_test(only_signers_parts_are_verified),
        cmocka_unit_test(each_signer_gives_one_part),
        cmocka_unit_test(sums_of_nonces_must_decode),
        cmocka_unit_test(a_refused_signature_spends_the_nonce),
        cmocka_unit_test(a_part_that_does_not_verify_stays_here),
        cmocka_unit_test(parts_out_of_range_are_refused),
        cmocka_unit_test(a_wrong_part_is_blamed_and_nothing_leaves),
        cmocka_unit_test(another_message_does_not_aggregate),
        cmocka_unit_test(bad_commitments_are_refused),
        cmocka_unit_test(sets_that_make_no_sense_are_refused),
        cmocka_unit_test(commitments_must_be_those_of_the_signers),
        cmocka_unit_test(a_tweak_context_must_be_of_the_key),
        cmocka_unit_test(each_binding_input_changes_the_session),
        cmocka_unit_test(the_order_of_commitments_and_signers_does_not_matter),
        cmocka_unit_test(a_stuck_rng_does_not_repeat_nonces),
        cmocka_unit_test(a_cancelled_nonce_blames_who_cancelled_it),
    };

    if (cs_crypto_init() != CS_OK) {
        return 70;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
