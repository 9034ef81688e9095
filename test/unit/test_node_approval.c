/* Messages of the approval callback: only an answer that names this very question,
 * signed with the right key, allows. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "crypto/group.h"
#include "crypto/hash.h"
#include "crypto/identity.h"
#include "node/approval_msg.h"

static const char question[] =
    "{\"requestId\":\"11111111-2222-4333-8444-555555555555\","
    "\"requestHash\":\"abcd\",\"kind\":\"RAW\"}";
static const uint8_t seed[32] = {5}, nonce[32] = {6};
static struct cs_approval_keys keys;
static struct cs_approval_sent sent;
static char reason[CS_APPROVAL_REASON];

static int up(void **state)
{
    (void)state;
    assert_int_equal(cs_crypto_init(), CS_OK);
    memset(&keys, 0, sizeof keys);
    keys.has_secret = keys.has_public_key = true;
    memset(keys.secret, 7, sizeof keys.secret);
    cs_sign_public(keys.public_key, seed);
    assert_int_equal(cs_approval_compose(&sent, CS_SPAN(question, strlen(question)),
                                         "device", nonce, 1795689000000),
                     CS_OK);
    return 0;
}

static int down(void **state)
{
    (void)state;
    cs_wr_free(&sent.body);
    return 0;
}

struct answer {
    const char *nonce, *id, *hash, *verdict, *reason; /* as signed */
    const char *said_nonce, *said_id, *said_verdict;  /* NULL: the same */
    bool hmac;
};

static struct answer good(void)
{
    return (struct answer){
        sent.nonce, sent.request_id,     sent.request_hash, "ALLOW", "", NULL, NULL,
        NULL,       !keys.has_public_key};
}

static enum cs_err judge(struct answer a)
{
    char text[600], hex[129], body[1200];
    uint8_t sig[64];
    int n = snprintf(text, sizeof text,
                     "cloudsign/1/approval/answer\n%s\n%s\n%s\n%s\n%s", a.nonce, a.id,
                     a.hash, a.verdict, a.reason);

    if (a.hmac) {
        cs_hmac_sha256(sig, CS_SPAN_OF(keys.secret), CS_SPAN(text, (size_t)n));
    } else {
        cs_sign(sig, seed, CS_SPAN(text, (size_t)n));
    }
    (void)cs_hex(hex, sig, a.hmac ? 32 : 64);
    n = snprintf(body, sizeof body,
                 "{\"requestId\":\"%s\",\"nonce\":\"%s\",\"verdict\":\"%s\",\"reason\":"
                 "\"%s\",\"signature\":\"%s\"}",
                 a.said_id != NULL ? a.said_id : a.id,
                 a.said_nonce != NULL ? a.said_nonce : a.nonce,
                 a.said_verdict != NULL ? a.said_verdict : a.verdict, a.reason, hex);
    return cs_approval_judge(&keys, &sent, CS_SPAN(body, (size_t)n), reason);
}

static void a_signed_answer_decides(void **state)
{
    struct answer a = good();

    (void)state;
    assert_int_equal(judge(a), CS_OK);
    a.verdict = "REFUSE";
    a.reason = "not today";
    assert_int_equal(judge(a), CS_ERR_APPROVAL_REFUSED);
    assert_string_equal(reason, "not today");
    keys.has_public_key = false; /* then the secret signs answers, too */
    assert_int_equal(judge(good()), CS_OK);
}

static void anything_else_refuses(void **state)
{
    struct answer a;
    char other[65];

    (void)state;
    memset(other, '0', 64);
    other[64] = '\0';
    a = good();
    a.hmac = true; /* where Ed25519 is wanted */
    assert_int_equal(judge(a), CS_ERR_APPROVAL_FAILED);
    a = good();
    a.nonce = other; /* an old answer */
    assert_int_equal(judge(a), CS_ERR_APPROVAL_FAILED);
    assert_non_null(strstr(reason, "replay"));
    a.said_nonce = sent.nonce; /* .. dressed up */
    assert_int_equal(judge(a), CS_ERR_APPROVAL_FAILED);
    a = good();
    a.id = "another";
    assert_int_equal(judge(a), CS_ERR_APPROVAL_FAILED);
    a.said_id = sent.request_id;
    assert_int_equal(judge(a), CS_ERR_APPROVAL_FAILED);
    a = good();
    a.hash = other;
    assert_int_equal(judge(a), CS_ERR_APPROVAL_FAILED);
    a = good();
    a.verdict = "REFUSE";
    a.said_verdict = "ALLOW";
    assert_int_equal(judge(a), CS_ERR_APPROVAL_FAILED);
    a = good();
    a.verdict = "allow";
    assert_int_equal(judge(a), CS_ERR_APPROVAL_FAILED);
    keys.public_key[0] ^= 1;
    assert_int_equal(judge(good()), CS_ERR_APPROVAL_FAILED);
    keys.has_public_key = keys.has_secret = false; /* settings.c does not start so */
    assert_int_equal(judge(good()), CS_ERR_APPROVAL_FAILED);
}

static void what_is_no_answer_refuses(void **state)
{
    static const char *const none[] = {
        "",
        "{}",
        "[]",
        "ALLOW",
        "{\"verdict\":\"ALLOW\"}",
        "{\"requestId\":1,\"nonce\":2,\"verdict\":3,\"signature\":4}"};

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(none); i++) {
        assert_int_equal(
            cs_approval_judge(&keys, &sent, CS_SPAN(none[i], strlen(none[i])), reason),
            CS_ERR_APPROVAL_FAILED);
        assert_true(reason[0] != '\0');
    }
}

static void the_request_is_signed_over_time_nonce_and_body(void **state)
{
    char is[CS_APPROVAL_SIGNATURE], hex[65];
    struct cs_wr w = {0};
    uint8_t mac[32];

    (void)state;
    cs_wr_printf(&w, "cloudsign/1/approval/request\n1795689000000\n%s\n", sent.nonce);
    cs_wr_span(&w, cs_wr_get(&sent.body));
    cs_hmac_sha256(mac, CS_SPAN_OF(keys.secret), cs_wr_get(&w));
    cs_approval_sign(is, &keys, &sent);
    assert_memory_equal(is, "v1=", 3);
    assert_string_equal(is + 3, cs_hex(hex, mac, 32));
    cs_wr_free(&w);
    keys.has_secret = false;
    cs_approval_sign(is, &keys, &sent);
    assert_string_equal(is, "");
}

static void a_question_that_is_none_is_not_sent(void **state)
{
    struct cs_approval_sent s;

    (void)state;
    assert_int_equal(
        cs_approval_compose(&s, CS_SPAN_LIT("{\"requestId\":\"x\"}"), "d", nonce, 1),
        CS_ERR_BAD_FORMAT);
    cs_wr_free(&s.body);
    assert_int_equal(cs_approval_compose(&s, CS_SPAN_LIT("?"), "d", nonce, 1),
                     CS_ERR_BAD_FORMAT);
    cs_wr_free(&s.body);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, up, down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_signed_answer_decides),
        CASE(anything_else_refuses),
        CASE(what_is_no_answer_refuses),
        CASE(the_request_is_signed_over_time_nonce_and_body),
        CASE(a_question_that_is_none_is_not_sent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
