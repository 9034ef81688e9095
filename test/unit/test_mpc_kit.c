/* Backup kits (PROTOCOLS 8.7): a negative test per check, every byte flipped, cut. */
#include "mpc/kit.h"

#include "mpc/cert_record.h"
#include "support/kit_made.h"

static struct made m;
static struct cs_recovery_key *key, *other;

static enum cs_err open_bytes(struct cs_kit *out, struct cs_span in,
                              const struct cs_recovery_key *k, const char **why)
{
    struct cs_kit_file f;

    *why = NULL;
    CS_CHECK(cs_kit_read(&f, in));
    return cs_kit_open(out, &f, k, why);
}

static void a_kit_opens_to_the_share_it_was_made_of(void **state)
{
    static const enum cs_scheme schemes[] = {CS_SCHEME_FROST_ED25519, CS_SCHEME_ECDSA,
                                             CS_SCHEME_BIP340};

    (void)state;
    for (size_t s = 0; s < CS_COUNTOF(schemes); s++) {
        const struct cs_recovery_key *to[2];
        struct cs_kit *kit = cs_kit_new();
        const char *why;
        struct made a;

        made_new(&a, 3, 2, schemes[s], 900 + s);
        to[0] = made_recovery(&a);
        to[1] = made_recovery(&a);
        for (uint8_t i = 1; i <= 3; i++) {
            struct cs_wr w = made_kit(&a, i, to, 2);

            for (size_t r = 0; r < 2; r++) {
                assert_int_equal(open_bytes(kit, cs_wr_get(&w), to[r], &why), CS_OK);
                assert_memory_equal(kit->key.x.s.b, a.k[i]->x.s.b, 32);
                assert_int_equal(kit->key.self, i);
                assert_memory_equal(kit->key.C, a.k[i]->C, 32);
                assert_true(cs_key_acked(&kit->key));
                assert_memory_equal(&kit->ds, &a.ds, sizeof a.ds);
            }
            cs_wr_free(&w);
        }
        cs_recovery_key_free((struct cs_recovery_key *)(uintptr_t)to[0]);
        cs_recovery_key_free((struct cs_recovery_key *)(uintptr_t)to[1]);
        cs_kit_free(kit);
        made_free(&a);
    }
}

static void kits_that_could_not_be_used_are_not_made(void **state)
{
    const struct cs_recovery_key *to[9], *twice[2] = {key, key};
    uint8_t rnd[9 * CS_RECOVERY_RANDOM] = {0};
    struct cs_key *k = cs_key_dup(m.k[1]);
    struct cs_device_set ds = m.ds;
    struct cs_wr w = {0};

    (void)state;
    to[0] = key;
    for (size_t i = 1; i < 9; i++) {
        to[i] = other;
    }
#define SEAL(to, n) cs_kit_seal(&w, k, &ds, to, n, m.id[1].ik_seed, rnd)
    assert_int_equal(SEAL(to, 0), CS_ERR_USAGE);
    assert_int_equal(SEAL(to, 9), CS_ERR_USAGE);
    assert_int_equal(SEAL(twice, 2), CS_ERR_USAGE);
    ds.nonce[0] ^= 1;
    assert_int_equal(SEAL(to, 1), CS_ERR_USAGE);
    ds = m.ds;
    ds.t = 1;
    assert_int_equal(SEAL(to, 1), CS_ERR_DS_THRESHOLD);
    ds = m.ds;
    k->state = CS_KEY_PENDING;
    assert_int_equal(SEAL(to, 1), CS_ERR_STATE);
    k->state = CS_KEY_ACTIVE;
    k->x.s.b[5] ^= 1;
    assert_int_equal(SEAL(to, 1), CS_ERR_KEY_CORRUPT);
    assert_int_equal(w.n, 0);
    k->x = m.k[1]->x;
    assert_int_equal(SEAL(to, 1), CS_OK);
#undef SEAL
    cs_wr_free(&w);
    cs_key_free(k);
}

static void a_kit_opens_to_its_recovery_keys_alone(void **state)
{
    const struct cs_recovery_key *to[1] = {key};
    struct cs_wr w = made_kit(&m, 1, to, 1), text = {0};
    struct cs_recovery_key *pub = NULL;
    struct cs_kit *kit = cs_kit_new();
    const char *why;

    (void)state;
    assert_int_equal(open_bytes(kit, cs_wr_get(&w), other, &why), CS_ERR_NOT_FOUND);
    assert_int_equal(cs_recovery_public_text(&text, key), CS_OK);
    assert_int_equal(cs_recovery_key_parse(&pub, cs_wr_get(&text)), CS_OK);
    assert_int_equal(open_bytes(kit, cs_wr_get(&w), pub, &why), CS_ERR_USAGE);
    cs_recovery_key_free(pub);
    cs_wr_free(&text);
    cs_wr_free(&w);
    cs_kit_free(kit);
}

/* Also those of the box of somebody else: the signature covers them. */
static void every_flipped_byte_is_found(void **state)
{
    const struct cs_recovery_key *to[2] = {key, other};
    struct cs_wr w = made_kit(&m, 2, to, 2);
    struct cs_kit *kit = cs_kit_new(), *zero = cs_kit_new();
    const char *why;

    (void)state;
    for (size_t at = 0; at < w.n; at++) {
        w.p[at] ^= (uint8_t)(1 << at % 8);
        memset(kit, 0, sizeof *kit);
        assert_int_not_equal(open_bytes(kit, cs_wr_get(&w), key, &why), CS_OK);
        assert_memory_equal(kit, zero, sizeof *kit);
        w.p[at] ^= (uint8_t)(1 << at % 8);
    }
    assert_int_equal(open_bytes(kit, cs_wr_get(&w), key, &why), CS_OK);
    cs_kit_free(kit);
    cs_kit_free(zero);
    cs_wr_free(&w);
}

static void kits_cut_or_continued_are_refused(void **state)
{
    const struct cs_recovery_key *to[2] = {key, other};
    struct cs_wr w = made_kit(&m, 2, to, 2);
    struct cs_kit_file f;

    (void)state;
    for (size_t n = 0; n < w.n; n++) {
        assert_int_not_equal(cs_kit_read(&f, CS_SPAN(w.p, n)), CS_OK);
    }
    cs_wr_u8(&w, 0);
    assert_int_equal(cs_kit_read(&f, cs_wr_get(&w)), CS_ERR_TRAILING);
    cs_wr_free(&w);
}

static void frames_out_of_range_are_refused(void **state)
{
    const struct cs_recovery_key *to[1] = {key};
    struct cs_wr w = made_kit(&m, 2, to, 1), big = {0};
    struct cs_kit_file f;
    static const struct {
        size_t at;
        uint8_t value;
        enum cs_err err;
    } rows[] = {{0, 'C', CS_ERR_BAD_FORMAT}, {14, 2, CS_ERR_VERSION},
                {67, 0, CS_ERR_BAD_FORMAT},  {67, 8, CS_ERR_BAD_FORMAT},
                {68, 0, CS_ERR_BAD_FORMAT},  {68, 9, CS_ERR_BAD_FORMAT},
                {69, 0, CS_ERR_BAD_FORMAT},  {69, 3, CS_ERR_BAD_FORMAT},
                {102, 1, CS_ERR_TOO_LONG}};

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(rows); i++) {
        uint8_t was = w.p[rows[i].at];

        w.p[rows[i].at] = rows[i].value;
        assert_int_equal(cs_kit_read(&f, cs_wr_get(&w)), rows[i].err);
        w.p[rows[i].at] = was;
    }
    assert_non_null(cs_wr_room(&big, CS_KIT_MAX + 1));
    assert_int_equal(cs_kit_read(&f, cs_wr_get(&big)), CS_ERR_TOO_LONG);
    cs_wr_free(&big);
    cs_wr_free(&w);
}

/* ---- contents that somebody sealed well, who lies -------------------------------- */

struct lie {
    struct cs_key *k;
    struct cs_device_set ds;
    struct cs_point point; /* X_i */
    uint8_t version, extra, signer;
    struct cs_kit_head head;
};

static void lie_new(struct lie *l)
{
    *l = (struct lie){.k = cs_key_dup(m.k[1]),
                      .ds = m.ds,
                      .point = m.k[1]->body.Xi[1],
                      .version = 1,
                      .signer = 1};
    l->head.epoch = l->k->body.epoch;
    l->head.index = 1;
    memcpy(l->head.ds_hash, l->k->body.ds_hash, 32);
    memcpy(l->head.key_id, l->k->body.key_id, CS_ID_LEN);
}

static void lie_content(struct cs_wr *w, const struct lie *l)
{
    struct cs_wr part = {0};
    uint8_t point[CS_POINT_MAX];

    cs_wr_u8(w, l->version);
    if (cs_ds_encode(&part, &l->ds) != CS_OK) {
        cs_wr_str(&part, "not a device set");
    }
    cs_wr_lp(w, cs_wr_get(&part));
    cs_wr_reset(&part);
    cs_key_encode_public(&part, l->k);
    cs_wr_lp(w, cs_wr_get(&part));
    cs_wr_bytes(w, point, cs_point_encode(&l->point, point));
    for (uint8_t i = 0; i < l->extra; i++) {
        cs_wr_u8(w, 0);
    }
    cs_key_encode_secret(w, l->k);
    cs_wr_free(&part);
}

static void lie_ad(struct cs_wr *ad, const struct cs_kit_head *h)
{
    uint8_t epoch[4] = {0, 0, 0, (uint8_t)h->epoch}, version = CS_KIT_VERSION;
    const struct cs_span x[] = {CS_SPAN_OF(h->ds_hash), CS_SPAN_OF(h->key_id),
                                CS_SPAN_OF(epoch), CS_SPAN(&h->index, 1),
                                CS_SPAN(&version, 1)};

    cs_enc(ad, x, 5);
}

/* The kit that says so, with a box and a signature that fit. */
static struct cs_wr lie_kit(const struct lie *l)
{
    struct cs_wr w = {0}, content = {0}, ad = {0};
    uint8_t rnd[CS_RECOVERY_RANDOM] = {9}, id[32], h[32], sig[CS_SIG_LEN];
    struct cs_span all;

    lie_content(&content, l);
    lie_ad(&ad, &l->head);
    cs_recovery_id(id, key);
    cs_wr_bytes(&w, "cloudsign kit", 14);
    cs_wr_u8(&w, 1);
    cs_wr_span(&w, CS_SPAN_OF(l->head.ds_hash));
    cs_wr_span(&w, CS_SPAN_OF(l->head.key_id));
    cs_wr_u32(&w, l->head.epoch);
    cs_wr_u8(&w, l->head.index);
    cs_wr_u8(&w, 1);
    cs_wr_u8(&w, CS_RECOVERY_X25519);
    cs_wr_span(&w, CS_SPAN_OF(id));
    cs_wr_u32(&w, (uint32_t)content.n + CS_RECOVERY_X25519_EXTRA);
    assert_int_equal(
        cs_recovery_seal(&w, key, rnd, cs_wr_get(&ad), cs_wr_get(&content)), CS_OK);
    all = cs_wr_get(&w);
    cs_th(h, CS_TAG_KIT, &all, 1);
    cs_sign(sig, m.id[l->signer].ik_seed, CS_SPAN_OF(h));
    cs_wr_span(&w, CS_SPAN_OF(sig));
    cs_wr_free(&content);
    cs_wr_free(&ad);
    return w;
}

static void assert_caught(struct lie *l, const char *word)
{
    struct cs_wr w = lie_kit(l);
    struct cs_kit *kit = cs_kit_new();
    struct cs_cert_body body;
    const char *why = NULL;
    enum cs_err err = open_bytes(kit, cs_wr_get(&w), key, &why);

    if (word == NULL) {
        assert_int_equal(err, CS_OK);
        assert_int_equal(cs_kit_verify(&body, cs_wr_get(&w), key, &why), CS_OK);
        assert_true(cs_point_equal(&body.X, &m.k[1]->body.X));
    } else {
        assert_int_equal(err, CS_ERR_KEY_CORRUPT);
        assert_non_null(why);
        if (strstr(why, word) == NULL) {
            fail_msg("\"%s\" does not say \"%s\"", why, word);
        }
        assert_true(cs_ct_is_zero(kit, sizeof *kit));
        assert_int_equal(cs_kit_verify(&body, cs_wr_get(&w), key, &why),
                         CS_ERR_KEY_CORRUPT);
    }
    cs_kit_free(kit);
    cs_wr_free(&w);
    cs_key_free(l->k);
}

static void each_lie_of_a_content_is_named(void **state)
{
    struct lie l;

    (void)state;
#define LIE(change, word)                                                              \
    do {                                                                               \
        lie_new(&l);                                                                   \
        change;                                                                        \
        assert_caught(&l, word);                                                       \
    } while (0)
    LIE((void)0, NULL);
    LIE(l.version = 2, "content is malformed");
    LIE(l.extra = 1, "X_i is not the certificate's");
    LIE(l.point = m.k[1]->body.Xi[2], "X_i is not the certificate's");
    LIE(l.ds.t = 9, "device set is malformed");
    LIE(l.k->state = 7, "record is malformed");
    LIE(l.k->self = 0, "index");
    LIE(l.k->self = 4, "index");
    LIE(l.k->x = m.k[2]->x, "x_i G");
    LIE(
        {
            l.k->self = 2; /* a share is worth nothing under another index */
            l.point = l.k->body.Xi[2];
            l.head.index = 2;
        },
        "x_i G");
    LIE(l.head.ds_hash[0] ^= 1, "another device set");
    LIE(l.head.key_id[0] ^= 1, "another key");
    LIE(l.head.epoch ^= 1, "another epoch");
    LIE(l.head.index = 2, "another index");
    LIE(l.ds.nonce[0] ^= 1, "member");
    LIE({ l.k->body.Xi[3] = l.k->body.Xi[2]; }, "interpolate");
    LIE(l.k->body.chain_code[0] ^= 1, "signature");
    LIE(l.k->sigs.sig[2][5] ^= 1, "signature");
    LIE(l.k->sigs.mask = 3, "state");
    LIE(
        {
            l.k->state = CS_KEY_PENDING;
            l.k->sigs.mask = 1;
        },
        "not active");
    LIE(l.signer = 2, "kit's signature");
#undef LIE
}

static int setup(void **state)
{
    (void)state;
    if (cs_crypto_init() != CS_OK) {
        return -1;
    }
    made_new(&m, 3, 2, CS_SCHEME_ECDSA, 77);
    key = made_recovery(&m);
    other = made_recovery(&m);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    cs_recovery_key_free(key);
    cs_recovery_key_free(other);
    made_free(&m);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_kit_opens_to_the_share_it_was_made_of),
        cmocka_unit_test(kits_that_could_not_be_used_are_not_made),
        cmocka_unit_test(a_kit_opens_to_its_recovery_keys_alone),
        cmocka_unit_test(every_flipped_byte_is_found),
        cmocka_unit_test(kits_cut_or_continued_are_refused),
        cmocka_unit_test(frames_out_of_range_are_refused),
        cmocka_unit_test(each_lie_of_a_content_is_named),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
