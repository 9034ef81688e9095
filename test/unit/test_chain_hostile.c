/* Payloads made to mislead or to cost much: what review found, chain by chain. */
#include "chain/pb.h"
#include "chain/text.h"
#include "crypto/identity.h"
#include "support/utxo_made.h"

static struct cs_chain_key own_key(enum cs_chain chain, enum cs_curve curve)
{
    uint8_t pub[33];

    if (curve == CS_CURVE_ED25519) {
        cs_sign_public(pub, secret_own);
        return chains_key(chain, curve, CS_SPAN(pub, 32));
    }
    chains_k1_public(pub, secret_own);
    return chains_key(chain, curve, CS_SPAN_OF(pub));
}

/* ---- PSBT ---------------------------------------------------------------------- */

/* The own output key and its tweak are worked out once, for every item the same. */
static void the_tweak_is_that_of_every_input(void **state)
{
    struct cs_chain_key key = utxo_key(CS_CHAIN_BITCOIN, CS_CHAIN_FORMAT_P2TR);
    uint8_t output[32], tweak[32];
    struct cs_chain_signed out;
    struct cs_chain_sig *sigs;
    struct cs_chain_tx tx;
    struct cs_wr w;

    (void)state;
    made_psbt(&w, &key,
              (struct made){.n_ins = CS_CHAIN_ITEMS_MAX,
                            .outs = {{51200000 - 5000, PAY}},
                            .n_outs = 1});
    assert_int_equal(cs_taproot_output(output, tweak, key.pub), CS_OK);
    assert_int_equal(cs_chain_decode(&tx, &key, cs_wr_get(&w), NULL), CS_OK);
    assert_int_equal(tx.n_items, CS_CHAIN_ITEMS_MAX);
    sigs = calloc(tx.n_items, sizeof *sigs);
    assert_non_null(sigs);
    for (size_t i = 0; i < tx.n_items; i++) {
        assert_true(tx.items[i].has_tweak);
        assert_memory_equal(tx.items[i].tweak, tweak, sizeof tweak);
        chains_tap_sign(sigs[i].rs, secret_own, tx.items[i].digest);
    }
    assert_int_equal(cs_chain_finish(&out, &key, cs_wr_get(&w), sigs, tx.n_items, NULL),
                     CS_OK);
    cs_chain_signed_free(&out);
    sigs[tx.n_items - 1].rs[40] ^= 1; /* each is verified, not the first alone */
    assert_int_equal(cs_chain_finish(&out, &key, cs_wr_get(&w), sigs, tx.n_items, NULL),
                     CS_ERR_SIG_INVALID);
    free(sigs);
    cs_chain_tx_free(&tx);
    cs_wr_free(&w);
}

/* P2PKH hashes the whole transaction once per input: work grows with the square. */
static void legacy_inputs_are_bounded_by_what_is_hashed(void **state)
{
    struct cs_chain_key key = utxo_key(CS_CHAIN_BITCOIN, CS_CHAIN_FORMAT_P2PKH);
    struct made m = {.with_previous = true, .n_outs = 1};
    struct cs_chain_tx tx;
    struct cs_wr w;

    (void)state;
    m.n_ins = 260;
    m.outs[0] = (struct made_out){26000000 - 5000, PAY};
    made_psbt(&w, &key, m);
    assert_int_equal(cs_chain_decode(&tx, &key, cs_wr_get(&w), NULL), CS_OK);
    assert_int_equal(tx.n_items, 260);
    assert_true(tx.data_len < 3 * 1024 * 1024);
    cs_chain_tx_free(&tx);
    cs_wr_free(&w);
    m.n_ins = 280;
    m.outs[0].value = 28000000 - 5000;
    made_psbt(&w, &key, m);
    chains_refused(&key, cs_wr_get(&w), CS_ERR_CHAIN_TX, "too many inputs");
    cs_wr_free(&w);
}

/* Both forms of the spent output are there and tell different things: an amount that is
 * smaller by one than what leaves hides a fee, a script makes an input somebody else's.
 */
static void spent_outputs_tell_one_thing(void **state)
{
    static const enum cs_chain_format formats[] = {CS_CHAIN_FORMAT_P2PKH,
                                                   CS_CHAIN_FORMAT_P2WPKH};

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(formats); i++) {
        struct cs_chain_key key = utxo_key(CS_CHAIN_BITCOIN, formats[i]);

        for (int lie = 0; lie < 3; lie++) { /* none, amount, script */
            char extra[128], script[2 * CS_UTXO_SCRIPT_MAX + 1];
            struct made m = {MADE_PAY, .with_previous = true, .no_witness_utxo = true,
                             .in_extra = extra};
            struct cs_utxo_script own;
            struct cs_chain_tx tx;
            struct cs_wr w;

            cs_utxo_own_script(&own, &key, i == 0 ? CS_UTXO_P2PKH : CS_UTXO_P2WPKH);
            own.p[own.n - 1] ^= lie == 2 ? 1 : 0;
            (void)snprintf(extra, sizeof extra, "0101%02x%s86010000000000%02x%s",
                           (unsigned)own.n + 9, lie == 1 ? "9f" : "a0", (unsigned)own.n,
                           cs_hex(script, own.p, own.n));
            made_psbt(&w, &key, m);
            if (lie != 0) {
                chains_refused(&key, cs_wr_get(&w), CS_ERR_CHAIN_TX,
                               "differs from its previous");
            } else {
                assert_int_equal(cs_chain_decode(&tx, &key, cs_wr_get(&w), NULL),
                                 CS_OK);
                cs_chain_tx_free(&tx);
            }
            cs_wr_free(&w);
        }
    }
}

/* Rightly those of the key, but of another kind of its addresses. */
static void fields_of_other_addresses_of_the_key_are_refused(void **state)
{
    struct cs_chain_key key = utxo_key(CS_CHAIN_BITCOIN, CS_CHAIN_FORMAT_P2WPKH);
    char redeem[64], internal[128], hex[65];
    struct cs_utxo_script program;
    struct cs_wr w;

    (void)state;
    cs_utxo_program(&program, &key);
    (void)snprintf(redeem, sizeof redeem, "010416%s", cs_hex(hex, program.p, 22));
    (void)snprintf(internal, sizeof internal, "011720%s", cs_hex(hex, key.pub + 1, 32));
    made_psbt(&w, &key, (struct made){MADE_PAY, .in_extra = redeem});
    chains_refused(&key, cs_wr_get(&w), CS_ERR_CHAIN_TX, "redeem script");
    cs_wr_free(&w);
    made_psbt(&w, &key, (struct made){MADE_PAY, .in_extra = internal});
    chains_refused(&key, cs_wr_get(&w), CS_ERR_CHAIN_TX, "internal key");
    cs_wr_free(&w);
}

/* One push is a memo; other scripts behind OP_RETURN may move tokens. */
static void data_outputs_are_memos_or_not_clear(void **state)
{
    static const struct {
        const char *script, *memo;
        bool is_clear;
    } cases[] = {
        {"6a026869", "hi", true},
        {"6a4c026869", "hi", true},
        {"6a00", "", true},
        {"6a4c00", "", true},
        {"6a036869", "?hi", false}, /* the push ends early */
        {"6a4c036869", "L?hi", false},
        {"6a4c", "L", false},
        {"6a", "", false},
        {"6a026869016a", "?hi?j", false}, /* two pushes */
        {"6a5d026869", "]?hi", false},    /* a runestone */
        {"6a4d02006869", "0x4d02006869", false},
    };
    struct cs_chain_key key = utxo_key(CS_CHAIN_BITCOIN, CS_CHAIN_FORMAT_P2WPKH);

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(cases); i++) {
        struct cs_chain_tx tx;
        struct cs_wr w;

        made_psbt(
            &w, &key,
            (struct made){.outs = {{90000, PAY}, {0, cases[i].script}}, .n_outs = 2});
        assert_int_equal(cs_chain_decode(&tx, &key, cs_wr_get(&w), NULL), CS_OK);
        assert_string_equal(tx.memo, cases[i].memo);
        assert_int_equal(tx.is_clear, cases[i].is_clear);
        cs_chain_tx_free(&tx);
        cs_wr_free(&w);
    }
}

/* ---- typed data ---------------------------------------------------------------- */

static enum cs_err typed(struct cs_chain_tx *tx, const char *text, const char **why)
{
    struct cs_chain_key key = own_key(CS_CHAIN_ETHEREUM, CS_CURVE_SECP256K1);

    return cs_chain_typed_data(tx, &key, CS_SPAN(text, strlen(text)), why);
}

/* n types that each hold one large type, which stands in the encoding of all. */
static void put_holders(struct cs_wr *w, unsigned n)
{
    cs_wr_str(w, "{\"types\":{\"T\":[]");
    for (unsigned i = 0; i < n; i++) {
        cs_wr_printf(w, ",\"H%u\":[{\"name\":\"b\",\"type\":\"B\"}]", i);
    }
    cs_wr_str(w, ",\"B\":[");
    for (unsigned i = 0; i < 64; i++) {
        cs_wr_printf(w, "%s{\"name\":\"m%063u\",\"type\":\"bool\"}", i == 0 ? "" : ",",
                     i);
    }
    cs_wr_str(w, "]},\"primaryType\":\"T\",\"domain\":{\"chainId\":1},\"message\":{}}");
    cs_wr_u8(w, 0);
    assert_int_equal(w->err, CS_OK);
}

static void types_that_hold_each_other_are_bounded(void **state)
{
    struct cs_chain_tx tx;
    struct cs_wr w = {0};
    const char *why = NULL;

    (void)state;
    put_holders(&w, 12);
    assert_int_equal(typed(&tx, (const char *)w.p, &why), CS_OK);
    cs_chain_tx_free(&tx);
    cs_wr_reset(&w);
    put_holders(&w, 16);
    assert_int_equal(typed(&tx, (const char *)w.p, &why), CS_ERR_CHAIN_MESSAGE);
    assert_non_null(strstr(why, "hold each other too often"));
    cs_wr_free(&w);
}

/* A name that ends its own quotes and goes on with another contract. */
static void names_of_domains_stay_in_their_quotes(void **state)
{
    struct cs_chain_tx tx;

    (void)state;
    assert_int_equal(
        typed(&tx,
              "{\"types\":{\"T\":[]},\"primaryType\":\"T\",\"domain\":{\"name\":"
              "\"A\\\", contract 0x1\",\"version\":\"\\\"1\",\"chainId\":1},"
              "\"message\":{}}",
              NULL),
        CS_OK);
    assert_non_null(strstr(tx.text, " for \"A', contract 0x1\" version \"'1\", chain"));
    cs_chain_tx_free(&tx);
}

#define NAME64 "TransferEverythingIHaveToSomebodyWhomIDoNotKnowAndNeverHaveMet12"

static void long_names_of_types_are_shown_whole(void **state)
{
    struct cs_chain_tx tx;

    (void)state;
    assert_int_equal(strlen(NAME64), 64);
    assert_int_equal(typed(&tx,
                           "{\"types\":{\"" NAME64 "\":[]},\"primaryType\":\"" NAME64
                           "\",\"domain\":{\"chainId\":1},\"message\":{}}",
                           NULL),
                     CS_OK);
    assert_non_null(strstr(tx.text, "typed data " NAME64 " signed by 0x"));
    cs_chain_tx_free(&tx);
}

/* ---- what people see ------------------------------------------------------------- */

/* Invisible characters hide text, or make two names look the same. */
static void characters_without_ink_are_shown_as_such(void **state)
{
    static const struct {
        const char *text, *shown;
    } cases[] = {
        {"a\xc2\xadz", "a?z"},                          /* soft hyphen */
        {"a\xc2\xac\xc2\xaez", NULL},                   /* its neighbours */
        {"a\xcd\x8fz", "a?z"},                          /* grapheme joiner */
        {"a\xe1\x85\x9fz", "a?z"},                      /* Hangul filler */
        {"a\xe1\xa0\x8ez", "a?z"},                      /* Mongolian vowel separator */
        {"a\xe3\x85\xa4z", "a?z"},                      /* Hangul filler */
        {"a\xef\xbe\xa0z", "a?z"},                      /* the same, half wide */
        {"a\xe2\xa0\x80z", "a?z"},                      /* empty Braille pattern */
        {"a\xef\xbb\xbfz", "a?z"},                      /* byte order mark */
        {"a\xef\xbf\xb9z", "a?z"},                      /* interlinear annotation */
        {"a\xf3\xa0\x81\x81z", "a?z"},                  /* tag: A */
        {"a\xf0\x9d\x85\xb3z", "a?z"},                  /* musical beam */
        {"\xf0\x9f\x98\x80\xe4\xba\xba\xc3\xa4", NULL}, /* people's text */
    };

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(cases); i++) {
        const char *want = cases[i].shown == NULL ? cases[i].text : cases[i].shown;
        char out[32];

        assert_true(cs_text_show(out, sizeof out,
                                 CS_SPAN(cases[i].text, strlen(cases[i].text))));
        assert_string_equal(out, want);
    }
}

/* ---- texts --------------------------------------------------------------------- */

static void texts_of_64_kib_are_signed_everywhere(void **state)
{
    static uint8_t text[64 * 1024];
    size_t n = 0;

    (void)state;
    memset(text, '~', sizeof text); /* no hex, no base64 */
    for (size_t i = 0; cs_chain_at(i) != NULL; i++) {
        const struct cs_chain_info *info = cs_chain_at(i);
        struct cs_chain_key key = own_key(info->chain, info->default_curve);
        bool is_solana = info->chain == CS_CHAIN_SOLANA; /* its own limit */
        struct cs_chain_tx tx;

        if (info->can_sign) {
            assert_int_equal(
                cs_chain_plaintext(
                    &tx, &key, CS_SPAN(text, is_solana ? 65450 : sizeof text), NULL),
                CS_OK);
            cs_chain_tx_free(&tx);
            n++;
        }
    }
    assert_int_equal(n, 24);
}

/* The prefix as fields 3, 13 and a group 14 that the text closes ("t"); behind that a
 * transaction id, payer 0.0.5, and a transfer list.  All of it is UTF-8. */
#define H_BODY "\x0a\x06\x12\x04\x18\x05\x08\x01\x72\x03\x0a\x01"

static enum cs_err hedera(const char *text, const char **why)
{
    struct cs_chain_key key = own_key(CS_CHAIN_HEDERA, CS_CURVE_ED25519);
    struct cs_chain_tx tx;
    enum cs_err err = cs_chain_plaintext(&tx, &key, CS_SPAN(text, strlen(text)), why);

    cs_chain_tx_free(&tx);
    return err;
}

static void texts_of_hedera_are_no_bodies_with_their_prefix(void **state)
{
    const char *why = NULL;

    (void)state;
    /* "ge:\n", two digits of the length and "xx" are the fixed 64 bits of field 12 */
    assert_int_equal(hedera("xxt" H_BODY "x", &why), CS_ERR_CHAIN_MESSAGE);
    assert_non_null(strstr(why, "with its prefix"));
    assert_int_equal(hedera("xxu" H_BODY "x", &why), CS_OK);
    assert_int_equal(hedera("xx" H_BODY "x", &why), CS_OK);
    assert_int_equal(hedera("xxt no body", &why), CS_OK);
    assert_int_equal(hedera("hello", &why), CS_OK);
}

/* ---- protocol buffers as others read them ---------------------------------------- */

static void readers_of_others_skip_what_they_do_not_know(void **state)
{
    static const struct {
        const char *hex;
        bool may;
    } cases[] = {
        {"", false},
        {"0a00", true},
        {"0a0161", true},
        {"0a0261", false},  /* cut */
        {"1200", false},    /* another field */
        {"08010a00", true}, /* the same number as a varint before */
        {"0880808080808080808001"
         "0a00",
         true}, /* ten bytes */
        {"088080808080808080808001"
         "0a00",
         false},
        {"8a8000"
         "00",
         true}, /* the header in a long form */
        {"190102030405060708"
         "0a00",
         true},
        {"1901020304050607", false},
        {"1d01020304"
         "0a00",
         true},
        {"1d010203", false},
        {"1b1c"
         "0a00",
         true},              /* a group, and its end */
        {"1b0a00", false},   /* left open */
        {"1b0a001c", false}, /* the field is inside only */
        {"1b24"
         "0a00",
         false}, /* closed by another */
        {"1c0a00", false},
        {"1b23241c"
         "0a00",
         true},
        {"1e0a00", false}, /* no such wire type */
        {"1f0a00", false},
        {"0a00"
         "80",
         false},
    };

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(cases); i++) {
        struct cs_wr w = {0};

        made_hex(&w, cases[i].hex);
        if (cs_pb_may_hold(cs_wr_get(&w), 1) != cases[i].may) {
            fail_msg("%s", cases[i].hex);
        }
        cs_wr_free(&w);
    }
}

static void groups_are_followed_100_deep(void **state)
{
    struct cs_wr w = {0};

    (void)state;
    for (int n = 100; n <= 101; n++) {
        cs_wr_reset(&w);
        for (int i = 0; i < n; i++) {
            cs_wr_u8(&w, 0x1b);
        }
        for (int i = 0; i < n; i++) {
            cs_wr_u8(&w, 0x1c);
        }
        cs_wr_bytes(&w, "\x0a\x00", 2);
        assert_int_equal(cs_pb_may_hold(cs_wr_get(&w), 1), n == 100);
    }
    cs_wr_free(&w);
}

static int setup(void **state)
{
    (void)state;
    return cs_crypto_init() == CS_OK ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_tweak_is_that_of_every_input),
        cmocka_unit_test(legacy_inputs_are_bounded_by_what_is_hashed),
        cmocka_unit_test(spent_outputs_tell_one_thing),
        cmocka_unit_test(fields_of_other_addresses_of_the_key_are_refused),
        cmocka_unit_test(data_outputs_are_memos_or_not_clear),
        cmocka_unit_test(types_that_hold_each_other_are_bounded),
        cmocka_unit_test(names_of_domains_stay_in_their_quotes),
        cmocka_unit_test(long_names_of_types_are_shown_whole),
        cmocka_unit_test(characters_without_ink_are_shown_as_such),
        cmocka_unit_test(texts_of_64_kib_are_signed_everywhere),
        cmocka_unit_test(texts_of_hedera_are_no_bodies_with_their_prefix),
        cmocka_unit_test(readers_of_others_skip_what_they_do_not_know),
        cmocka_unit_test(groups_are_followed_100_deep),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
