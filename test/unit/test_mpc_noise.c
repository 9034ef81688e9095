/* Noise_KK_25519_ChaChaPoly_SHA256 against published vectors. */
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
#include "crypto/aead.h"
#include "crypto/hash.h"
#include "mpc/link/noise.h"
#include "support/vectors.h"

enum { MESSAGES = 6 };

struct figures {
    const char *prologue, *init_static, *init_eph, *resp_static, *resp_eph, *hash;
    struct {
        const char *payload, *ciphertext;
    } msg[MESSAGES];
};

/* Figures of the cacophony set (vectors/README.md), so that this runs without the
 * folder of published files too. */
static const struct figures ours = {
    "4a6f686e2047616c74",
    "e61ef9919cde45dd5f82166404bd08e38bceb5dfdfded0a34c8df7ed542214d1",
    "893e28b9dc6ca8d611ab664754b8ceb7bac5117349a4439a6b0569da977c464a",
    "4a3acbfdb163dec651dfa3194dece676d437029c62a408b4c5ea9114246e4893",
    "bbdb4cdbd309f1a1f2e1456967fe288cadd6f712d65dc7b7793d5e63da6b375b",
    "24c6b51ecb76277140ca018b5985bc9f03de321dae2d34dcae433dafef0131d9",
    {
        {"4c756477696720766f6e204d69736573",
         "ca35def5ae56cec33dc2036731ab14896bc4c75dbb07a61f879f8e3afa4c79440177015efc1fe"
         "7a3"
         "7c629af7120a96274e6ab7afcc9261901d0e09ae32a5bb96"},
        {"4d757272617920526f746862617264",
         "95ebc60d2b1fa672c1f46a8aa265ef51bfe38e7ccb39ec5be34069f144808843b274d3429adc4"
         "7ca"
         "093ba63ef90f8da89fda108db471dccfa4894aa7b00003"},
        {"462e20412e20486179656b",
         "966b05bc69ec01b8454d3160a214e6f24a3d884eb31ec2408af63f"},
        {"4361726c204d656e676572",
         "0ad887fba4f611bbb4afe44ba3556b8164332ca7d5934634d63d80"},
        {"4a65616e2d426170746973746520536179",
         "012b28ae646ae7830e2c5472cb023eab071c1db3d8413ec69b513b83832f974c2d"},
        {"457567656e2042f6686d20766f6e2042617765726b",
         "bb3e6a48160d9c5971d37f975727294e0d868342db31832e54d07191ab0ca3c3703b5ed3d9"},
    },
};

static struct cs_identity_secret key_of(const char *hex)
{
    struct cs_identity_secret id = {0};

    assert_int_equal(cs_unhex(id.sk_priv, 32, hex), CS_OK);
    cs_dh_public(id.pub.sk, id.sk_priv);
    return id;
}

static size_t bytes_of(uint8_t *out, const char *hex)
{
    size_t n = strlen(hex) / 2;

    assert_int_equal(cs_unhex(out, n, hex), CS_OK);
    return n;
}

struct run {
    struct cs_identity_secret id[2];
    struct cs_noise hs[2];
    struct cs_noise_keys keys[2];
    uint8_t prologue[64], eph[2][32];
    size_t prologue_n;
};

static void run_begin(struct run *r, const struct figures *f)
{
    r->id[0] = key_of(f->init_static);
    r->id[1] = key_of(f->resp_static);
    r->prologue_n = bytes_of(r->prologue, f->prologue);
    (void)bytes_of(r->eph[0], f->init_eph);
    (void)bytes_of(r->eph[1], f->resp_eph);
    for (int e = 0; e < 2; e++) {
        cs_noise_init(&r->hs[e], e == 0, CS_SPAN(r->prologue, r->prologue_n), &r->id[e],
                      r->id[1 - e].pub.sk);
    }
}

static void handshake_message(struct run *r, int from, const char *payload,
                              const char *ciphertext)
{
    uint8_t plain[128], want[256], got[256], back[128];
    size_t n = bytes_of(plain, payload), want_n = bytes_of(want, ciphertext);

    assert_int_equal(want_n, n + CS_NOISE_OVERHEAD);
    assert_int_equal(cs_noise_write(&r->hs[from], got, CS_SPAN(plain, n), r->eph[from]),
                     CS_OK);
    assert_memory_equal(got, want, want_n);
    assert_int_equal(cs_noise_read(&r->hs[1 - from], back, CS_SPAN(got, want_n)),
                     CS_OK);
    assert_memory_equal(back, plain, n);
}

/* The vectors' transport messages use Noise's own nonce (little endian); ours are
 * different (15.1 A7), the keys are the same. */
static void transport_message(const uint8_t key[32], uint8_t ctr, const char *payload,
                              const char *ciphertext)
{
    uint8_t plain[128], want[256], got[256], nonce[12] = {[4] = ctr};
    size_t n = bytes_of(plain, payload), want_n = bytes_of(want, ciphertext);

    cs_chacha_seal(got, key, nonce, CS_SPAN(NULL, 0), CS_SPAN(plain, n));
    assert_int_equal(want_n, n + 16);
    assert_memory_equal(got, want, want_n);
}

static void check_figures(const struct figures *f)
{
    struct run r;
    uint8_t hash[32];

    run_begin(&r, f);
    handshake_message(&r, 0, f->msg[0].payload, f->msg[0].ciphertext);
    handshake_message(&r, 1, f->msg[1].payload, f->msg[1].ciphertext);
    for (int e = 0; e < 2; e++) {
        assert_int_equal(cs_noise_finish(&r.hs[e], &r.keys[e]), CS_OK);
    }
    assert_memory_equal(&r.keys[0], &r.keys[1], sizeof r.keys[0]);
    (void)bytes_of(hash, f->hash);
    assert_memory_equal(r.keys[0].hh, hash, 32);
    for (uint8_t k = 2; k < MESSAGES; k++) {
        transport_message(k % 2 == 0 ? r.keys[0].i_to_r : r.keys[0].r_to_i,
                          (uint8_t)((k - 2) / 2), f->msg[k].payload,
                          f->msg[k].ciphertext);
    }
}

static void a_handshake_gives_the_published_figures(void **state)
{
    (void)state;
    check_figures(&ours);
}

static struct figures figures_of(const json_t *v)
{
    struct figures f = {cs_vec_str(v, "init_prologue"),
                        cs_vec_str(v, "init_static"),
                        cs_vec_str(v, "init_ephemeral"),
                        cs_vec_str(v, "resp_static"),
                        cs_vec_str(v, "resp_ephemeral"),
                        cs_vec_str(v, "handshake_hash"),
                        {{0}}};
    const json_t *msgs = cs_vec_get(v, "messages");

    assert_int_equal(json_array_size(msgs), MESSAGES);
    for (size_t k = 0; k < MESSAGES; k++) {
        f.msg[k].payload = cs_vec_str(json_array_get(msgs, k), "payload");
        f.msg[k].ciphertext = cs_vec_str(json_array_get(msgs, k), "ciphertext");
    }
    return f;
}

static void the_published_file_is_reproduced(void **state)
{
    struct cs_vec *v = CS_VEC_SHARED("noise/kk_25519_chachapoly.json");
    size_t i, n_run = 0;
    json_t *one;

    (void)state;
    if (v == NULL) {
        skip();
    }
    json_array_foreach(cs_vec_get(v->root, "vectors"), i, one)
    {
        struct figures f;

        if (strcmp(cs_vec_str(one, "protocol_name"),
                   "Noise_KK_25519_ChaChaPoly_SHA256") != 0) {
            continue;
        }
        f = figures_of(one);
        check_figures(&f);
        n_run++;
    }
    assert_true(n_run > 0);
    cs_vec_close(v);
}

static void every_altered_byte_of_either_message_fails(void **state)
{
    uint8_t msg[64 + CS_NOISE_OVERHEAD], back[64];
    const uint8_t payload[10] = "0123456789";
    struct run r;

    (void)state;
    for (int from = 0; from < 2; from++) {
        run_begin(&r, &ours);
        if (from == 1) {
            handshake_message(&r, 0, ours.msg[0].payload, ours.msg[0].ciphertext);
        }
        assert_int_equal(
            cs_noise_write(&r.hs[from], msg, CS_SPAN_OF(payload), r.eph[from]), CS_OK);
        for (size_t k = 0; k < sizeof payload + CS_NOISE_OVERHEAD; k++) {
            struct cs_noise hs = r.hs[1 - from];

            msg[k] ^= 1;
            memset(back, 0xee, sizeof back);
            assert_int_equal(
                cs_noise_read(&hs, back,
                              CS_SPAN(msg, sizeof payload + CS_NOISE_OVERHEAD)),
                CS_ERR_HS_FAILED);
            assert_true(cs_ct_is_zero(back, sizeof payload));
            /* wiped and good for nothing */
            assert_true(cs_ct_is_zero(&hs, offsetof(struct cs_noise, step)));
            assert_int_equal(cs_noise_read(&hs, back, CS_SPAN(msg, 58)), CS_ERR_STATE);
            msg[k] ^= 1;
        }
    }
}

static void short_long_and_degenerate_messages_fail(void **state)
{
    static uint8_t msg[CS_NOISE_OVERHEAD + CS_NOISE_PAYLOAD_MAX + 1], back[512];
    const size_t bad[] = {0, 1, 31, 32, 47, sizeof msg};
    struct run r;

    (void)state;
    for (size_t k = 0; k < CS_COUNTOF(bad); k++) {
        run_begin(&r, &ours);
        assert_int_equal(cs_noise_read(&r.hs[1], back, CS_SPAN(msg, bad[k])),
                         CS_ERR_HS_FAILED);
    }
    run_begin(&r, &ours); /* ephemeral of low order: 32 zero bytes */
    assert_int_equal(cs_noise_read(&r.hs[1], back, CS_SPAN(msg, 64)), CS_ERR_HS_FAILED);
    run_begin(&r, &ours);
    assert_int_equal(cs_noise_write(&r.hs[0], back, CS_SPAN(msg, 257), r.eph[0]),
                     CS_ERR_USAGE);
    cs_noise_init(&r.hs[0], true, CS_SPAN(NULL, 0), &r.id[0], msg); /* zero static */
    assert_int_equal(cs_noise_write(&r.hs[0], back, CS_SPAN(NULL, 0), r.eph[0]),
                     CS_ERR_HS_FAILED);
}

static void nobody_speaks_out_of_turn(void **state)
{
    uint8_t buf[128] = {0};
    struct cs_noise_keys keys;
    struct run r;

    (void)state;
    run_begin(&r, &ours);
    assert_int_equal(cs_noise_write(&r.hs[1], buf, CS_SPAN(NULL, 0), r.eph[1]),
                     CS_ERR_STATE);
    assert_int_equal(cs_noise_read(&r.hs[0], buf, CS_SPAN(buf, 48)), CS_ERR_STATE);
    assert_int_equal(cs_noise_finish(&r.hs[0], &keys), CS_ERR_STATE);
    handshake_message(&r, 0, ours.msg[0].payload, ours.msg[0].ciphertext);
    assert_int_equal(cs_noise_write(&r.hs[0], buf, CS_SPAN(NULL, 0), r.eph[0]),
                     CS_ERR_STATE);
    assert_int_equal(cs_noise_finish(&r.hs[1], &keys), CS_ERR_STATE);
    handshake_message(&r, 1, ours.msg[1].payload, ours.msg[1].ciphertext);
    assert_int_equal(cs_noise_finish(&r.hs[0], &keys), CS_OK);
    /* spent: ephemeral and chaining key are gone */
    assert_true(cs_ct_is_zero(&r.hs[0], offsetof(struct cs_noise, step)));
    assert_int_equal(cs_noise_finish(&r.hs[0], &keys), CS_ERR_STATE);
}

static void prologue_and_both_static_keys_are_bound(void **state)
{
    uint8_t msg[64 + CS_NOISE_OVERHEAD], back[64];
    struct cs_identity_secret other = key_of(
        "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20");
    struct run r;

    (void)state;
    run_begin(&r, &ours);
    assert_int_equal(cs_noise_write(&r.hs[0], msg, CS_SPAN(NULL, 0), r.eph[0]), CS_OK);
    cs_noise_init(&r.hs[1], false, CS_SPAN_LIT("other"), &r.id[1], r.id[0].pub.sk);
    assert_int_equal(cs_noise_read(&r.hs[1], back, CS_SPAN(msg, 48)), CS_ERR_HS_FAILED);
    cs_noise_init(&r.hs[1], false, CS_SPAN(r.prologue, r.prologue_n), &r.id[1],
                  other.pub.sk);
    assert_int_equal(cs_noise_read(&r.hs[1], back, CS_SPAN(msg, 48)), CS_ERR_HS_FAILED);
    cs_noise_init(&r.hs[1], false, CS_SPAN(r.prologue, r.prologue_n), &other,
                  r.id[0].pub.sk);
    assert_int_equal(cs_noise_read(&r.hs[1], back, CS_SPAN(msg, 48)), CS_ERR_HS_FAILED);
}

static int setup(void **state)
{
    (void)state;
    return cs_crypto_init() == CS_OK ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_handshake_gives_the_published_figures),
        cmocka_unit_test(the_published_file_is_reproduced),
        cmocka_unit_test(every_altered_byte_of_either_message_fails),
        cmocka_unit_test(short_long_and_degenerate_messages_fail),
        cmocka_unit_test(nobody_speaks_out_of_turn),
        cmocka_unit_test(prologue_and_both_static_keys_are_bound),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
