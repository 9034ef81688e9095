/* Encrypt and Decrypt: the bytes of the request, and the reaction to each answer
 * (RELIABILITY T21). */
#include "kms/kms_msg.h"
#include "support/kms_bed.h"

#define ARN                                                                            \
    "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
#define OTHER                                                                          \
    "arn:aws:kms:eu-west-1:111122223333:key/99999999-12ab-34cd-56ef-1234567890ab"
#define NOW   1795661100                                     /* 2026-11-26T02:45:00Z */
#define KEY64 "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=" /* 0, 1, .. 31 */
#define RID   "4e1b2c3d-1111-2222-3333-444455556666"

static struct cs_kms_arn arn, alias;
static struct cs_aws_url endpoint;
static struct cs_aws_keys keys = {
    .id = "AKID", .secret = "SECRETKEY", .token = "TOKEN//=="};

static int start(void **state)
{
    assert_ok(cs_kms_arn_parse(&arn, ARN, "A", NULL));
    assert_ok(cs_kms_arn_parse(&alias, "arn:aws:kms:eu-west-1:111122223333:alias/n",
                               "A", NULL));
    assert_ok(cs_kms_endpoint(&endpoint, &arn, NULL, NULL, NULL));
    return bed_start(state);
}

static struct cs_kms_call call(enum cs_kms_op op, struct cs_span data)
{
    return (struct cs_kms_call){.op = op,
                                .arn = &arn,
                                .endpoint = &endpoint,
                                .device_id = "dev-1",
                                .data = data};
}

static void header_is(const struct cs_aws_http *h, size_t i, const char *name,
                      const char *value)
{
    struct cs_span v = cs_aws_http_value(h, i);

    assert_true(i < h->n_headers);
    assert_string_equal(h->headers[i].name, name);
    assert_int_equal(v.n, strlen(value));
    assert_memory_equal(v.p, value, v.n);
}

/* The signature was computed by another program (Python's hmac and hashlib). */
static void a_decrypt_request_is_these_bytes(void **state)
{
    struct cs_kms_call c = call(CS_KMS_DECRYPT, T("blob"));
    struct cs_aws_http h = {.method = NULL};

    (void)state;
    assert_ok(cs_kms_request(&h, &c, &keys, NOW));
    assert_string_equal(h.method, "POST");
    assert_string_equal(h.url.host, "kms.eu-west-1.amazonaws.com");
    bed_same(&h.body,
             "{\"CiphertextBlob\":\"YmxvYg==\",\"EncryptionAlgorithm\":"
             "\"SYMMETRIC_DEFAULT\",\"EncryptionContext\":{\"device\":\"dev-1\","
             "\"purpose\":\"cloudsign-store\"},\"KeyId\":\"" ARN "\"}");
    header_is(&h, 0, "host", "kms.eu-west-1.amazonaws.com");
    header_is(&h, 1, "content-type", "application/x-amz-json-1.1");
    header_is(&h, 2, "x-amz-date", "20261126T024500Z");
    header_is(&h, 3, "x-amz-target", "TrentService.Decrypt");
    header_is(&h, 4, "x-amz-security-token", "TOKEN//==");
    header_is(&h, 5, "authorization",
              "AWS4-HMAC-SHA256 Credential=AKID/20261126/eu-west-1/kms/aws4_request, "
              "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;"
              "x-amz-target, Signature="
              "fe9b8113498797f853e9359bc503cc66b16fcc3e5359908a3daf04f33f63dcfc");
    cs_aws_http_free(&h);
    assert_null(h.body.p);
}

static void an_encrypt_request_escapes_and_has_no_empty_token(void **state)
{
    uint8_t key[32] = {0};
    struct cs_kms_call c = call(CS_KMS_ENCRYPT, CS_SPAN_OF(key));
    struct cs_aws_keys plain = {.id = "A", .secret = "B"};
    struct cs_aws_http h = {.method = NULL};

    (void)state;
    c.device_id = "a\"b\\c";
    assert_ok(cs_kms_request(&h, &c, &plain, NOW));
    bed_same(
        &h.body,
        "{\"Plaintext\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\","
        "\"EncryptionAlgorithm\":\"SYMMETRIC_DEFAULT\",\"EncryptionContext\":{"
        "\"device\":\"a\\\"b\\\\c\",\"purpose\":\"cloudsign-store\"},\"KeyId\":\"" ARN
        "\"}");
    header_is(&h, 3, "x-amz-target", "TrentService.Encrypt");
    assert_int_equal(h.n_headers, 5);
    cs_aws_http_free(&h);
}

static void a_call_with_wrong_arguments_is_not_made(void **state)
{
    static uint8_t big[CS_KMS_BLOB_MAX + 1];
    char longest[CS_KMS_DEVICE_MAX + 2];
    struct cs_aws_http h = {.method = NULL};
    struct cs_kms_call c = call(CS_KMS_DECRYPT, CS_SPAN_OF(big));

    (void)state;
    assert_err(cs_kms_request(&h, &c, &keys, NOW), CS_ERR_USAGE);
    c.data.n = 0;
    assert_err(cs_kms_request(&h, &c, &keys, NOW), CS_ERR_USAGE);
    c = call(CS_KMS_ENCRYPT, CS_SPAN(big, 31));
    assert_err(cs_kms_request(&h, &c, &keys, NOW), CS_ERR_USAGE);
    c.data.n = 32;
    c.device_id = "";
    assert_err(cs_kms_request(&h, &c, &keys, NOW), CS_ERR_USAGE);
    c.device_id = "a b";
    assert_err(cs_kms_request(&h, &c, &keys, NOW), CS_ERR_USAGE);
    memset(longest, 'a', sizeof longest);
    longest[CS_KMS_DEVICE_MAX + 1] = '\0';
    c.device_id = longest;
    assert_err(cs_kms_request(&h, &c, &keys, NOW), CS_ERR_USAGE);
    c.device_id = "d";
    assert_err(cs_kms_request(&h, &c, &keys, UINT64_MAX), CS_ERR_USAGE);
    assert_null(h.body.p);
}

static enum cs_err answer(struct cs_kms_result *out, const struct cs_kms_call *c,
                          int status, const char *body, struct cs_why *why)
{
    struct cs_aws_reply r = {.status = status, .body = T(body), .request_id = RID};

    return cs_kms_read(out, c, &r, why);
}

static void good_answers_are_read(void **state)
{
    struct cs_kms_call c = call(CS_KMS_DECRYPT, T("blob"));
    struct cs_kms_result out;
    struct cs_why why = {""};

    (void)state;
    assert_ok(answer(&out, &c, 200,
                     "{\"EncryptionAlgorithm\":\"SYMMETRIC_DEFAULT\",\"KeyId\":\"" ARN
                     "\",\"KeyMaterialId\":\"x\",\"Plaintext\":\"" KEY64 "\"}",
                     &why));
    for (uint8_t i = 0; i < 32; i++) {
        assert_int_equal(out.key[i], i);
    }
    assert_string_equal(out.key_arn, ARN);
    c = call(CS_KMS_ENCRYPT, CS_SPAN(out.key, 32));
    assert_ok(answer(&out, &c, 200,
                     "{\"CiphertextBlob\":\"YmxvYg==\",\"KeyId\":\"" ARN "\"}", &why));
    assert_int_equal(out.blob_len, 4);
    assert_memory_equal(out.blob, "blob", 4);
    c.arn = &alias; /* any key of its place */
    assert_ok(answer(&out, &c, 200,
                     "{\"CiphertextBlob\":\"YmxvYg==\",\"KeyId\":\"" OTHER "\"}",
                     &why));
    assert_string_equal(out.key_arn, OTHER);
}

static void refuse(enum cs_kms_op op, int status, const char *body, enum cs_err want,
                   const char *because)
{
    struct cs_kms_call c = call(op, T("blob"));
    struct cs_why why = {""};
    struct cs_kms_result out;

    memset(&out, 0x55, sizeof out);
    if (answer(&out, &c, status, body, &why) != want) {
        fail_msg("%d %s: not %s: %s", status, body, cs_err_name(want), why.text);
    }
    assert_says(why, because);
    assert_says(why, RID);
    out.is_expired = false;
    assert_true(cs_ct_is_zero(&out, sizeof out));
}

#define AS_KEY "\"KeyId\":\"" ARN "\","

static void answers_that_are_none_are_asked_for_again(void **state)
{
    static const char *const bad[] = {
        "",
        "{}",
        "<html>",
        "{" AS_KEY "\"Plaintext\":null}",
        "{\"Plaintext\":\"" KEY64 "\"}",
        "{" AS_KEY "\"Plaintext\":1}",
        "{" AS_KEY "\"Plaintext\":\"" KEY64 "\",\"EncryptionAlgorithm\":\"RSAES\"}",
        "{" AS_KEY "\"CiphertextBlob\":\"" KEY64 "\"}",
        "{" AS_KEY "\"Plaintext\":\"" KEY64 "\"} x",
    };

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(bad); i++) {
        refuse(CS_KMS_DECRYPT, 200, bad[i], CS_ERR_KMS_WAIT, "none of KMS");
    }
    refuse(CS_KMS_ENCRYPT, 200, "{" AS_KEY "\"CiphertextBlob\":\"\"}", CS_ERR_KMS_WAIT,
           "none of KMS");
    refuse(CS_KMS_ENCRYPT, 200, "{" AS_KEY "\"CiphertextBlob\":\"!!\"}",
           CS_ERR_KMS_WAIT, "none of KMS");
    refuse(CS_KMS_DECRYPT, 403, "<html>denied by proxy</html>", CS_ERR_KMS_WAIT,
           "none of KMS");
    refuse(CS_KMS_DECRYPT, 403, "{\"message\":\"no\"}", CS_ERR_KMS_WAIT, "none of KMS");
    refuse(CS_KMS_DECRYPT, 302, "", CS_ERR_KMS_WAIT, "status 302");
    refuse(CS_KMS_DECRYPT, 503, "busy", CS_ERR_KMS_WAIT, "status 503");
}

static void another_key_or_a_wrong_plaintext_stops(void **state)
{
    (void)state;
    refuse(CS_KMS_DECRYPT, 200, "{\"KeyId\":\"" OTHER "\",\"Plaintext\":\"" KEY64 "\"}",
           CS_ERR_KMS_KEY, "asked for");
    refuse(CS_KMS_DECRYPT, 200, "{\"KeyId\":\"x\",\"Plaintext\":\"" KEY64 "\"}",
           CS_ERR_KMS_KEY, "asked for");
    refuse(CS_KMS_DECRYPT, 200, "{" AS_KEY "\"Plaintext\":\"AAEC\"}", CS_ERR_KMS_WRAP,
           "something else");
    refuse(CS_KMS_DECRYPT, 200, "{" AS_KEY "\"Plaintext\":\"" KEY64 "AA\"}",
           CS_ERR_KMS_WRAP, "something else");
}

static void an_alias_stands_for_keys_of_its_place_only(void **state)
{
    struct cs_kms_call c = call(CS_KMS_ENCRYPT, T("blob"));
    struct cs_kms_result out;
    struct cs_why why = {""};

    (void)state;
    c.arn = &alias;
    assert_err(
        answer(&out, &c, 200,
               "{\"CiphertextBlob\":\"YmxvYg==\",\"KeyId\":\"arn:aws:kms:eu-west-1:"
               "999922223333:key/1234abcd-12ab-34cd-56ef-1234567890ab\"}",
               &why),
        CS_ERR_KMS_KEY);
    assert_err(
        answer(&out, &c, 200,
               "{\"CiphertextBlob\":\"YmxvYg==\",\"KeyId\":\"arn:aws:kms:eu-west-1:"
               "111122223333:alias/n\"}",
               &why),
        CS_ERR_KMS_KEY);
}

static void each_error_type_has_its_reaction(void **state)
{
    static const struct {
        int status;
        const char *type;
        enum cs_err err;
    } rows[] = {
        {400, "AccessDeniedException", CS_ERR_KMS_DENIED},
        {400, "com.amazonaws.kms#AccessDeniedException", CS_ERR_KMS_DENIED},
        {400, "DisabledException", CS_ERR_KMS_KEY},
        {400, "DisabledException:http://internal.amazon.com/", CS_ERR_KMS_KEY},
        {400, "KMSInvalidStateException", CS_ERR_KMS_KEY},
        {400, "NotFoundException", CS_ERR_KMS_KEY},
        {400, "InvalidKeyUsageException", CS_ERR_KMS_KEY},
        {400, "IncorrectKeyException", CS_ERR_KMS_KEY},
        {400, "InvalidCiphertextException", CS_ERR_KMS_WRAP},
        {400, "ThrottlingException", CS_ERR_KMS_WAIT},
        {400, "LimitExceededException", CS_ERR_KMS_WAIT},
        {500, "KMSInternalException", CS_ERR_KMS_WAIT},
        {503, "DependencyTimeoutException", CS_ERR_KMS_WAIT},
        {500, "KeyUnavailableException", CS_ERR_KMS_WAIT},
        {500, "SomethingNew", CS_ERR_KMS_WAIT},
        {429, "SomethingNew", CS_ERR_KMS_WAIT},
        {400, "SomethingNew", CS_ERR_KMS_DENIED},
        {400, "ValidationException", CS_ERR_KMS_DENIED},
        {403, "SignatureDoesNotMatch", CS_ERR_KMS_DENIED},
        {400, "ExpiredTokenException", CS_ERR_KMS_DENIED},
        {400, "UnrecognizedClientException", CS_ERR_KMS_DENIED},
    };

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(rows); i++) {
        char body[256];

        (void)snprintf(body, sizeof body, "{\"__type\":\"%s\",\"message\":\"m\"}",
                       rows[i].type);
        refuse(CS_KMS_DECRYPT, rows[i].status, body, rows[i].err, "Decrypt");
    }
    refuse(CS_KMS_DECRYPT, 400, "{\"__type\":\"a b\"}", CS_ERR_KMS_WAIT, "none of KMS");
}

static void what_aws_says_is_passed_on(void **state)
{
    (void)state;
    refuse(CS_KMS_ENCRYPT, 400,
           "{\"__type\":\"AccessDeniedException\",\"Message\":\"User: arn:x is not "
           "authorized\"}",
           CS_ERR_KMS_DENIED, "AWS says: User: arn:x is not authorized");
    refuse(CS_KMS_ENCRYPT, 400,
           "{\"__type\":\"DisabledException\",\"message\":\"a\\nforged line\"}",
           CS_ERR_KMS_KEY, "a?forged line");
}

/* It may quote a whole request. */
static void a_very_long_message_does_not_hide_the_type(void **state)
{
    static char body[8000];
    int n = snprintf(body, sizeof body,
                     "{\"__type\":\"DisabledException\",\"message\":\"");

    (void)state;
    assert_true(n > 0);
    memset(body + n, 'm', 6000);
    (void)snprintf(body + n + 6000, 8, "\"}");
    refuse(CS_KMS_DECRYPT, 400, body, CS_ERR_KMS_KEY, "DisabledException");
    refuse(CS_KMS_DECRYPT, 400, "{\"__type\":\"DisabledException\",\"message\":1}",
           CS_ERR_KMS_KEY, "DisabledException");
}

/* AWS quotes the canonical request, with the session token in it. */
static void what_aws_says_about_signatures_is_not_passed_on(void **state)
{
    static const char *const types[] = {
        "InvalidSignatureException",   "SignatureDoesNotMatch", "IncompleteSignature",
        "UnrecognizedClientException", "ExpiredTokenException",
    };

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(types); i++) {
        struct cs_kms_call c = call(CS_KMS_DECRYPT, T("blob"));
        struct cs_why why = {""};
        struct cs_kms_result out;
        char body[300];

        (void)snprintf(
            body, sizeof body,
            "{\"__type\":\"%s\",\"message\":\"x-amz-security-token:CANARY\"}",
            types[i]);
        assert_err(answer(&out, &c, 400, body, &why), CS_ERR_KMS_DENIED);
        assert_silent(why, "CANARY");
        assert_says(why, RID);
    }
}

static void a_clock_too_far_off_is_told_apart_from_a_wrong_secret(void **state)
{
    (void)state;
    refuse(CS_KMS_DECRYPT, 400,
           "{\"__type\":\"InvalidSignatureException\",\"message\":\"Signature expired: "
           "20261126T024500Z is now earlier than 20261126T030000Z\"}",
           CS_ERR_KMS_WAIT, "clock");
    refuse(CS_KMS_DECRYPT, 400,
           "{\"__type\":\"InvalidSignatureException\",\"message\":\"Signature not yet "
           "current\"}",
           CS_ERR_KMS_WAIT, "clock");
    refuse(CS_KMS_DECRYPT, 400,
           "{\"__type\":\"InvalidSignatureException\",\"message\":\"The request "
           "signature we calculated does not match\"}",
           CS_ERR_KMS_DENIED, "secret access key");
}

static void only_expired_or_unknown_credentials_are_taken_anew(void **state)
{
    struct cs_kms_call c = call(CS_KMS_DECRYPT, T("blob"));
    struct cs_kms_result out;

    (void)state;
    (void)answer(&out, &c, 400, "{\"__type\":\"ExpiredTokenException\"}", NULL);
    assert_true(out.is_expired);
    (void)answer(&out, &c, 400, "{\"__type\":\"UnrecognizedClientException\"}", NULL);
    assert_true(out.is_expired);
    (void)answer(&out, &c, 400, "{\"__type\":\"AccessDeniedException\"}", NULL);
    assert_false(out.is_expired);
}

static void no_answer_and_a_huge_one_are_asked_for_again(void **state)
{
    static const char good[] = "{" AS_KEY "\"Plaintext\":\"" KEY64 "\"}";
    static uint8_t huge[CS_AWS_BODY_MAX + 1];
    struct cs_kms_call c = call(CS_KMS_DECRYPT, T("blob"));
    struct cs_aws_reply r = {.status = 0, .failure = "connection refused"};
    struct cs_kms_result out;
    struct cs_why why = {""};

    (void)state;
    assert_err(cs_kms_read(&out, &c, &r, &why), CS_ERR_KMS_WAIT);
    assert_says(why, "connection refused");
    assert_says(why, "kms.eu-west-1.amazonaws.com");
    r.failure = NULL;
    assert_err(cs_kms_read(&out, &c, &r, &why), CS_ERR_KMS_WAIT);
    memset(huge, ' ', sizeof huge); /* good, but for its length */
    memcpy(huge, good, sizeof good - 1);
    r = (struct cs_aws_reply){.status = 200, .body = CS_SPAN_OF(huge)};
    assert_err(cs_kms_read(&out, &c, &r, &why), CS_ERR_KMS_WAIT);
    assert_says(why, "request id none");
    r.body.n--;
    assert_ok(cs_kms_read(&out, &c, &r, &why));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_decrypt_request_is_these_bytes),
        cmocka_unit_test(an_encrypt_request_escapes_and_has_no_empty_token),
        cmocka_unit_test(a_call_with_wrong_arguments_is_not_made),
        cmocka_unit_test(good_answers_are_read),
        cmocka_unit_test(answers_that_are_none_are_asked_for_again),
        cmocka_unit_test(another_key_or_a_wrong_plaintext_stops),
        cmocka_unit_test(an_alias_stands_for_keys_of_its_place_only),
        cmocka_unit_test(each_error_type_has_its_reaction),
        cmocka_unit_test(what_aws_says_is_passed_on),
        cmocka_unit_test(a_very_long_message_does_not_hide_the_type),
        cmocka_unit_test(what_aws_says_about_signatures_is_not_passed_on),
        cmocka_unit_test(a_clock_too_far_off_is_told_apart_from_a_wrong_secret),
        cmocka_unit_test(only_expired_or_unknown_credentials_are_taken_anew),
        cmocka_unit_test(no_answer_and_a_huge_one_are_asked_for_again),
    };

    return cmocka_run_group_tests(tests, start, NULL);
}
