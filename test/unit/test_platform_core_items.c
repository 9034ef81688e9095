/* Requests of many items: a PSBT has one for each own input.  Nothing is shown unless
 * every signature is the key's over its own item. */
#include "crypto/ecdsa.h"
#include "support/fake_many.h"
#include "support/utxo_made.h"

/* A PSBT with n inputs of the wallet's key, posted. */
static void post_psbt(struct fake_trio *t, size_t n, const char *more)
{
    struct cs_chain_key key;
    struct cs_scalar x;
    struct cs_wr psbt;

    fake_chain_key(t, "BITCOIN", "", &key, &x);
    key.format = t->scheme == CS_SCHEME_BIP340 ? CS_CHAIN_FORMAT_P2TR
                                               : CS_CHAIN_FORMAT_P2WPKH;
    made_psbt(
        &psbt, &key,
        (struct made){.n_ins = n, .outs = {{n * 100000 - 1000, PAY}}, .n_outs = 1});
    if (fake_many_post(t, "/raw", cs_wr_get(&psbt), more) != 200) {
        fail_msg("raw: %s", t->w->reply_text);
    }
    cs_wr_free(&psbt);
}

static struct fake_trio *bitcoin(const char *type)
{
    char more[96];

    (void)snprintf(more, sizeof more,
                   "\"blockchain\":\"BITCOIN\",\"addressType\":\"%s\"", type);
    return fake_signers_of(more);
}

static json_t *payload_at(struct fake_trio *t, size_t i)
{
    return json_array_get(json_object_get(t->w->reply, "signingPayloads"), i);
}

static void assert_payloads(struct fake_trio *t, const struct fake_req *r)
{
    const json_t *list = json_object_get(t->w->reply, "signingPayloads");

    assert_int_equal(json_array_size(list), r->chain.n_items);
    for (size_t i = 0; i < r->chain.n_items; i++) {
        const json_t *p = payload_at(t, i);
        const uint8_t *rs = r->sigs + 64 * i;
        uint8_t der[CS_ECDSA_DER_MAX];
        char hex[2 * CS_ECDSA_DER_MAX + 1];
        size_t n = 64;

        if (t->scheme == CS_SCHEME_ECDSA) {
            assert_int_equal(cs_ecdsa_to_der(der, &n, rs), CS_OK);
        } else {
            memcpy(der, rs, 64);
        }
        assert_int_equal(json_integer_value(json_object_get(p, "inputIndex")), i);
        assert_string_equal(json_string_value(json_object_get(p, "signature")),
                            cs_hex(hex, der, n));
        assert_string_equal(json_string_value(json_object_get(p, "signingHash")),
                            cs_hex(hex, r->chain.items[i].message.p, 32));
    }
}

static void every_input_gets_its_signature(void **state)
{
    static const char *const types[] = {"P2WPKH", "P2TR"};

    (void)state;
    for (size_t k = 0; k < CS_COUNTOF(types); k++) {
        struct fake_trio *t = bitcoin(types[k]);
        struct fake_req r;

        post_psbt(t, 3, "");
        assert_null(json_object_get(payload_at(t, 0), "signature"));
        fake_req_signed(t, &r);
        assert_int_equal(r.chain.n_items, 3);
        assert_payloads(t, &r);
        assert_string_not_equal(fake_text(t->w, "signedTransaction"), "");
        assert_int_equal(strlen(fake_text(t->w, "hash")), 64);
        assert_null(json_object_get(t->w->reply, "signature")); /* one each */
        assert_null(json_object_get(t->w->reply, "signingHash"));
        fake_req_free(&r);

        post_psbt(t, 1, "");
        fake_req_signed(t, &r);
        assert_payloads(t, &r);
        assert_string_not_equal(fake_text(t->w, "canonicalSignature"), "");
        fake_req_free(&r);
        fake_trio_free(t);
    }
}

/* ---- what does not verify ------------------------------------------------------ */

static void swap(struct fake_req *r)
{
    uint8_t first[64];

    memcpy(first, r->sigs, 64);
    memcpy(r->sigs, r->sigs + 64, 64);
    memcpy(r->sigs + 64, first, 64);
}

static void high_s(struct fake_req *r)
{
    struct cs_scalar s;

    memcpy(s.b, r->sigs + 32, 32);
    cs_scalar_negate(CS_CURVE_SECP256K1, &s, &s);
    memcpy(r->sigs + 32, s.b, 32);
}

enum lie { ONE_WRONG, SWAPPED, ONE_LESS, ONE_MORE, NONE, HIGH_S, OTHER_SCHEME, LIES };

static void lie(struct fake_trio *t, struct fake_req *r, enum lie what)
{
    const uint8_t *last = r->chain.items[2].message.p;

    switch (what) {
    case ONE_WRONG:
        r->sigs[2 * 64 + 40] ^= 1;
        break;
    case SWAPPED:
        swap(r);
        break;
    case ONE_LESS:
        r->n_sigs = 2;
        break;
    case ONE_MORE:
        memcpy(r->sigs + 3 * 64, r->sigs, 64);
        r->n_sigs = 4;
        break;
    case NONE:
        r->n_sigs = 0;
        break;
    case HIGH_S: /* valid to a verifier that does not look at s */
        high_s(r);
        break;
    case OTHER_SCHEME:
        if (t->scheme == CS_SCHEME_ECDSA) {
            fake_bip340(t, r->sigs + 2 * 64, &r->x, false, last);
        } else {
            chains_k1_sign(r->sigs + 2 * 64, r->x.b, last);
        }
        break;
    case LIES:
        break;
    }
}

static void one_lie(const char *type, enum lie what)
{
    struct fake_trio *t = bitcoin(type);
    struct fake_req r;
    unsigned again;

    post_psbt(t, 3, "");
    fake_req_take(t, &r);
    fake_req_sign(t, &r);
    lie(t, &r, what);
    fake_req_done(t, &r, fake_first(r.mask));
    fake_tx_status(t, &r.tx, "SIGNATURE_PENDING");
    assert_null(json_object_get(payload_at(t, 0), "signature"));
    assert_null(json_object_get(t->w->reply, "signedTransaction"));
    assert_int_equal(json_array_size(json_object_get(t->w->reply, "receipts")), 0);

    again = fake_sign_commands(t, &r.tx); /* the liar is left out */
    assert_int_equal(again, 7U & ~(1U << fake_first(r.mask)));
    fake_req_sign(t, &r);
    fake_req_done(t, &r, fake_first(again));
    fake_tx_status(t, &r.tx, "SIGNED");
    assert_payloads(t, &r);
    fake_req_free(&r);
    fake_trio_free(t);
}

static void signatures_that_do_not_all_verify_show_nothing(void **state)
{
    (void)state;
    for (int what = 0; what < LIES; what++) {
        if (what == NONE) {
            continue; /* below: the codec does not let it through */
        }
        one_lie("P2WPKH", (enum lie)what);
        if (what != HIGH_S) {
            one_lie("P2TR", (enum lie)what);
        }
    }
}

/* A frame without signatures is not a frame: the connection ends. */
static void no_signatures_at_all_are_no_result(void **state)
{
    struct fake_trio *t = bitcoin("P2WPKH");
    struct fake_req r;

    (void)state;
    post_psbt(t, 3, "");
    fake_req_take(t, &r);
    lie(t, &r, NONE);
    fake_req_done(t, &r, fake_first(r.mask));
    fake_tx_status(t, &r.tx, "SIGNATURE_PENDING");
    assert_null(json_object_get(payload_at(t, 0), "signature"));
    fake_req_free(&r);
    fake_trio_free(t);
}

/* An untweaked BIP 340 signature is not one of the address. */
static void a_taproot_signature_without_its_tweak_is_refused(void **state)
{
    struct fake_trio *t = bitcoin("P2TR");
    struct fake_req r;

    (void)state;
    post_psbt(t, 1, "");
    fake_req_take(t, &r);
    fake_bip340(t, r.sigs, &r.x, false, r.chain.items[0].message.p);
    r.n_sigs = 1;
    fake_req_done(t, &r, fake_first(r.mask));
    fake_tx_status(t, &r.tx, "SIGNATURE_PENDING");
    fake_req_free(&r);
    fake_trio_free(t);
}

/* The request hash binds every item: that of a part of them is another request's. */
static void a_receipt_for_other_items_is_refused(void **state)
{
    struct fake_trio *t = bitcoin("P2WPKH");
    struct cs_ctl_frame f;
    struct fake_req r;
    int i;

    (void)state;
    post_psbt(t, 3, "");
    fake_req_take(t, &r);
    fake_req_sign(t, &r);
    i = fake_first(r.mask);
    r.chain.n_items = 2;
    fake_req_frame(t, &r, i, &f);
    r.chain.n_items = 3;
    fake_evt(&t->d[i], &f);
    fake_tx_status(t, &r.tx, "SIGNATURE_PENDING");
    assert_null(json_object_get(payload_at(t, 0), "signature"));
    fake_req_free(&r);
    fake_trio_free(t);
}

/* A second result that is not the first's must not replace it. */
static void another_valid_set_does_not_replace_the_first(void **state)
{
    struct fake_trio *t = bitcoin("P2TR");
    struct fake_req r, other;

    (void)state;
    post_psbt(t, 2, "");
    fake_req_take(t, &r);
    fake_req_sign(t, &r);
    other = r;
    fake_req_sign(t, &other);
    assert_memory_not_equal(r.sigs, other.sigs, 64);
    fake_req_done(t, &r, fake_first(r.mask));
    fake_req_done(t, &other, fake_second(r.mask));
    fake_tx_status(t, &r.tx, "SIGNED");
    assert_payloads(t, &r);
    assert_int_equal(json_array_size(json_object_get(t->w->reply, "receipts")), 1);
    fake_req_done(t, &r, fake_second(r.mask));
    fake_tx_get(t, &r.tx);
    assert_int_equal(json_array_size(json_object_get(t->w->reply, "receipts")), 2);
    fake_req_free(&r);
    fake_trio_free(t);
}

/* ---- time, size ------------------------------------------------------------------ */

static void an_attempt_has_more_time_for_more_items(void **state)
{
    struct fake_trio *t = bitcoin("P2WPKH");
    struct fake_req r;

    (void)state;
    post_psbt(t, 21, ""); /* 15 s and 20 times 250 ms */
    fake_req_take(t, &r);
    fake_wait(t->w, 19999);
    assert_int_equal(fake_sign_commands(t, &r.tx), 0);
    for (int i = 0; i < 3; i++) {
        fake_status(&t->d[i], "READY");
    }
    fake_wait(t->w, 2);
    assert_int_not_equal(fake_sign_commands(t, &r.tx), 0);
    fake_req_free(&r);
    fake_trio_free(t);
}

static void a_request_of_512_items_is_signed(void **state)
{
    struct fake_trio *t = bitcoin("P2WPKH");
    struct fake_req *r = calloc(1, sizeof *r);

    (void)state;
    assert_non_null(r);
    post_psbt(t, 512, "");
    fake_req_signed(t, r);
    assert_int_equal(r->chain.n_items, 512);
    assert_payloads(t, r);
    /* A list leaves out what needs so many verifications. */
    fake_ok(t->w, "GET", fake_tx_path(t, ""), NULL);
    assert_string_equal(fake_text(t->w, "transactions.0.status"), "SIGNED");
    assert_string_equal(fake_text(t->w, "transactions.0.signedTransaction"), "");
    fake_req_free(r);
    free(r);
    fake_trio_free(t);
}

/* Reading and verifying a page of long payloads would hold up everybody else. */
static void lists_leave_out_what_follows_from_long_payloads(void **state)
{
    static char body[2 * 4096 + 64];
    struct fake_trio *t = fake_signers_of("\"blockchain\":\"ETHEREUM\"");
    const char *more = "\"}";
    char member[64];
    struct fake_req r;

    (void)state;
    for (size_t n = 4096; n <= 4097; n++) {
        size_t at = (size_t)snprintf(body, sizeof body, "{\"message\":\"");

        memset(body + at, '~', n);
        memcpy(body + at + n, more, strlen(more) + 1);
        assert_int_equal(
            fake_api(t->w, "POST", fake_tx_path(t, "/sign-plaintext"), body), 200);
        fake_req_signed(t, &r);
        assert_string_not_equal(fake_text(t->w, "finalSignature"), "");
        fake_ok(t->w, "GET", fake_tx_path(t, ""), NULL);
        (void)snprintf(member, sizeof member, "transactions.%zu.status", n - 4096);
        assert_string_equal(fake_text(t->w, member), "SIGNED");
        (void)snprintf(member, sizeof member, "transactions.%zu.finalSignature",
                       n - 4096);
        assert_int_equal(fake_text(t->w, member)[0] != '\0', n == 4096);
        fake_req_free(&r);
    }
    fake_trio_free(t);
}

static void lists_hold_what_a_single_request_shows(void **state)
{
    struct fake_trio *t = bitcoin("P2WPKH");
    char signed_tx[2048];
    struct fake_req r;

    (void)state;
    post_psbt(t, 2, "");
    fake_req_signed(t, &r);
    (void)snprintf(signed_tx, sizeof signed_tx, "%s",
                   fake_text(t->w, "signedTransaction"));
    fake_ok(t->w, "GET", fake_tx_path(t, ""), NULL);
    assert_string_equal(fake_text(t->w, "transactions.0.signedTransaction"), signed_tx);
    fake_req_free(&r);
    fake_trio_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_input_gets_its_signature),
        cmocka_unit_test(signatures_that_do_not_all_verify_show_nothing),
        cmocka_unit_test(no_signatures_at_all_are_no_result),
        cmocka_unit_test(a_taproot_signature_without_its_tweak_is_refused),
        cmocka_unit_test(a_receipt_for_other_items_is_refused),
        cmocka_unit_test(another_valid_set_does_not_replace_the_first),
        cmocka_unit_test(an_attempt_has_more_time_for_more_items),
        cmocka_unit_test(a_request_of_512_items_is_signed),
        cmocka_unit_test(lists_leave_out_what_follows_from_long_payloads),
        cmocka_unit_test(lists_hold_what_a_single_request_shows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
