/* ARNs of KMS keys, endpoints, URLs: what is taken, and each refusal's sentence. */
#include "kms/arn.h"
#include "support/kms_bed.h"

#define KEY "key/1234abcd-12ab-34cd-56ef-1234567890ab"

static void take(const char *text, const char *region, const char *host)
{
    struct cs_why why = {""};
    struct cs_kms_arn arn;
    struct cs_aws_url url;

    if (cs_kms_arn_parse(&arn, text, "REF", &why) != CS_OK) {
        fail_msg("%s: %s", text, why.text);
    }
    assert_string_equal(arn.text, text);
    assert_string_equal(arn.region, region);
    assert_string_equal(arn.account, "111122223333");
    assert_int_equal(arn.is_alias, strstr(text, ":alias/") != NULL);
    assert_ok(cs_kms_endpoint(&url, &arn, NULL, "", &why));
    assert_string_equal(url.host, host);
    assert_true(url.is_tls && url.port == 443);
    assert_string_equal(url.path, "/");
}

static void keys_and_aliases_of_all_partitions_are_taken(void **state)
{
    (void)state;
    take("arn:aws:kms:eu-west-1:111122223333:" KEY, "eu-west-1",
         "kms.eu-west-1.amazonaws.com");
    take("arn:aws:kms:us-east-1:111122223333:alias/nodes/a_1-x", "us-east-1",
         "kms.us-east-1.amazonaws.com");
    take("arn:aws:kms:us-east-1:111122223333:"
         "key/mrk-1234abcd12ab34cd56ef1234567890ab",
         "us-east-1", "kms.us-east-1.amazonaws.com");
    take("arn:aws-cn:kms:cn-north-1:111122223333:" KEY, "cn-north-1",
         "kms.cn-north-1.amazonaws.com.cn");
    take("arn:aws-us-gov:kms:us-gov-west-1:111122223333:" KEY, "us-gov-west-1",
         "kms.us-gov-west-1.amazonaws.com");
    take("arn:aws-iso:kms:us-iso-east-1:111122223333:" KEY, "us-iso-east-1",
         "kms.us-iso-east-1.c2s.ic.gov");
    take("arn:aws-iso-b:kms:us-isob-east-1:111122223333:" KEY, "us-isob-east-1",
         "kms.us-isob-east-1.sc2s.sgov.gov");
    take("arn:aws-eusc:kms:eusc-de-east-1:111122223333:" KEY, "eusc-de-east-1",
         "kms.eusc-de-east-1.amazonaws.eu");
}

static void refuse(const char *text, const char *because)
{
    struct cs_why why = {""};
    struct cs_kms_arn arn;

    assert_err(cs_kms_arn_parse(&arn, text, "DB_ENCRYPTION_KEY_REF", &why),
               CS_ERR_CONFIG);
    assert_says(why, "DB_ENCRYPTION_KEY_REF: ");
    assert_says(why, because);
    assert_says(why, "arn:aws:kms:");
}

static void each_refusal_says_what_is_wrong(void **state)
{
    char longest[CS_KMS_ARN_MAX + 1];

    (void)state;
    refuse("", "is empty");
    refuse("1234abcd-12ab-34cd-56ef-1234567890ab", "is no ARN");
    refuse("alias/x", "is no ARN");
    refuse("arn:aws:kms:eu-west-1:111122223333", "too few fields");
    refuse("arn:aws:kms:eu-west-1", "too few fields");
    refuse("arn:aws-very-long-partition:kms:eu-west-1:111122223333:" KEY, "too long");
    refuse("arn:aws:s3:eu-west-1:111122223333:" KEY, "another service");
    refuse("arn:azure:kms:eu-west-1:111122223333:" KEY, "unknown partition");
    refuse("arn:aws:kms::111122223333:" KEY, "no region");
    refuse("arn:aws:kms:eu/west-1:111122223333:" KEY, "no region");
    refuse("arn:aws:kms:eu--west-1:111122223333:" KEY, "no region");
    refuse("arn:aws:kms:eu.evil.example-1:111122223333:" KEY, "no region");
    refuse("arn:aws:kms:EU-WEST-1:111122223333:" KEY, "no region");
    refuse("arn:aws:kms:eu-west-:111122223333:" KEY, "no region");
    refuse("arn:aws:kms:cn-north-1:111122223333:" KEY, "no region");
    refuse("arn:aws-cn:kms:eu-west-1:111122223333:" KEY, "no region");
    refuse("arn:aws:kms:eu-west-1:11112222333:" KEY, "12 digits");
    refuse("arn:aws:kms:eu-west-1:11112222333x:" KEY, "12 digits");
    refuse("arn:aws:kms:eu-west-1:111122223333:grant/1", "neither a key nor an alias");
    refuse("arn:aws:kms:eu-west-1:111122223333:key/1234", "neither a UUID nor mrk-");
    refuse("arn:aws:kms:eu-west-1:111122223333:" KEY "0", "neither a UUID nor mrk-");
    refuse(
        "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ag",
        "neither a UUID nor mrk-");
    refuse(
        "arn:aws:kms:eu-west-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890aZ",
        "neither a UUID nor mrk-");
    refuse("arn:aws:kms:eu-west-1:111122223333:alias/", "malformed alias");
    refuse("arn:aws:kms:eu-west-1:111122223333:alias/a\"b", "malformed alias");
    memset(longest, 'a', sizeof longest);
    longest[CS_KMS_ARN_MAX] = '\0';
    refuse(longest, "too long");
}

static void only_keys_of_one_place_are_alike(void **state)
{
    static const char *const other[] = {"arn:aws:kms:eu-west-2:111122223333:" KEY,
                                        "arn:aws:kms:eu-west-1:111122223334:" KEY};
    struct cs_kms_arn a, b;

    (void)state;
    assert_ok(
        cs_kms_arn_parse(&a, "arn:aws:kms:eu-west-1:111122223333:" KEY, "A", NULL));
    assert_ok(
        cs_kms_arn_parse(&b, "arn:aws:kms:eu-west-1:111122223333:alias/x", "B", NULL));
    assert_true(cs_kms_arn_same_place(&a, &b));
    for (size_t i = 0; i < CS_COUNTOF(other); i++) {
        assert_ok(cs_kms_arn_parse(&b, other[i], "B", NULL));
        assert_false(cs_kms_arn_same_place(&a, &b));
    }
}

static enum cs_err endpoint(struct cs_aws_url *url, const char *url_kms,
                            const char *url_all, struct cs_why *why)
{
    struct cs_kms_arn arn;

    assert_ok(
        cs_kms_arn_parse(&arn, "arn:aws:kms:eu-west-1:111122223333:" KEY, "A", NULL));
    return cs_kms_endpoint(url, &arn, url_kms, url_all, why);
}

static void an_endpoint_of_the_environment_goes_first(void **state)
{
    struct cs_why why = {""};
    struct cs_aws_url url;

    (void)state;
    assert_ok(endpoint(&url, "https://vpce-1.kms.example:8443", "https://all", &why));
    assert_string_equal(url.host, "vpce-1.kms.example");
    assert_int_equal(url.port, 8443);
    assert_ok(endpoint(&url, "", "https://all/", &why));
    assert_string_equal(url.host, "all");
    assert_ok(endpoint(&url, "http://127.0.0.1:4000", NULL, &why));
    assert_false(url.is_tls);
    assert_ok(endpoint(&url, "http://[::1]:4000", NULL, &why));
    assert_ok(endpoint(&url, "http://localhost", NULL, &why));
    assert_int_equal(url.port, 80);
}

static void an_endpoint_that_others_could_hear_is_refused(void **state)
{
    struct cs_why why = {""};
    struct cs_aws_url url;

    (void)state;
    assert_err(endpoint(&url, "http://kms.example", NULL, &why), CS_ERR_CONFIG);
    assert_says(why, "AWS_ENDPOINT_URL_KMS");
    assert_says(why, "https://");
    assert_err(endpoint(&url, "http://127.evil.example", NULL, &why), CS_ERR_CONFIG);
    assert_err(endpoint(&url, NULL, "http://10.0.0.1", &why), CS_ERR_CONFIG);
    assert_says(why, "AWS_ENDPOINT_URL:");
    assert_err(endpoint(&url, "https://kms.example/path", NULL, &why), CS_ERR_CONFIG);
    assert_says(why, "has a path");
}

static void no_url(const char *text, const char *because)
{
    struct cs_why why = {""};
    struct cs_aws_url url;

    assert_err(cs_aws_url_parse(&url, text, "URL", &why), CS_ERR_CONFIG);
    assert_says(why, because);
}

static void what_is_no_url_is_refused(void **state)
{
    char text[2048];

    (void)state;
    no_url("", "no https://");
    no_url("ftp://a", "no https://");
    no_url("HTTPS://a", "no https://");
    no_url("https://", "no valid host");
    no_url("https://-a", "no valid host");
    no_url("https://[::1", "no valid host");
    no_url("https://[::1]:8443", "cannot be checked against a certificate");
    no_url("https://a:b@c", "user information");
    no_url("https://a@c/", "user information");
    no_url("https://a:0", "port");
    no_url("https://a:65536", "port");
    no_url("https://a:123456", "cannot be a path");
    no_url("https://a b", "cannot be a path");
    no_url("https://a/\r\nx", "cannot be a path");
    no_url("https://a/#b", "cannot be a path");
    no_url("https://a/\x80", "cannot be a path");
    no_url("https://a?b", "cannot be a path");
    memset(text, 'a', sizeof text);
    memcpy(text, "https://a/", 10);
    text[sizeof text - 1] = '\0';
    no_url(text, "cannot be a path");
    memcpy(text, "https://aa", 10);
    text[400] = '\0';
    no_url(text, "cannot be a path");
}

static void a_request_has_its_host_first(void **state)
{
    struct cs_aws_http h = {.method = NULL};
    struct cs_aws_url url;

    (void)state;
    assert_ok(cs_aws_url_parse(&url, "http://[fd00:ec2::23]:8080/a?b", "U", NULL));
    cs_aws_http_start(&h, "GET", &url);
    cs_aws_http_header(&h, "authorization", T("secret"));
    assert_ok(cs_aws_http_err(&h));
    assert_int_equal(h.n_headers, 2);
    assert_memory_equal(cs_aws_http_value(&h, 0).p, "[fd00:ec2::23]:8080", 19);
    assert_memory_equal(cs_aws_http_value(&h, 1).p, "secret", 6);
    assert_int_equal(cs_aws_http_value(&h, 2).n, 0);
    assert_ok(cs_aws_url_parse(&url, "https://a:443", "U", NULL));
    cs_aws_http_start(&h, "GET", &url);
    assert_int_equal(cs_aws_http_value(&h, 0).n, 1);
    for (size_t i = 0; i < CS_AWS_HEADERS_MAX; i++) {
        cs_aws_http_header(&h, "a", T("b"));
    }
    assert_err(cs_aws_http_err(&h), CS_ERR_LIMIT);
    cs_aws_http_free(&h);
}

static void a_request_id_with_other_bytes_is_not_shown(void **state)
{
    char longer[100];
    struct cs_aws_reply r = {.request_id = "a1b2-C3"};

    (void)state;
    assert_string_equal(cs_aws_request_id(&r), "a1b2-C3");
    r.request_id = "a b";
    assert_string_equal(cs_aws_request_id(&r), "none");
    r.request_id = "";
    assert_string_equal(cs_aws_request_id(&r), "none");
    r.request_id = NULL;
    assert_string_equal(cs_aws_request_id(&r), "none");
    memset(longer, 'a', sizeof longer);
    longer[sizeof longer - 1] = '\0';
    r.request_id = longer;
    assert_string_equal(cs_aws_request_id(&r), "none");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_and_aliases_of_all_partitions_are_taken),
        cmocka_unit_test(each_refusal_says_what_is_wrong),
        cmocka_unit_test(only_keys_of_one_place_are_alike),
        cmocka_unit_test(an_endpoint_of_the_environment_goes_first),
        cmocka_unit_test(an_endpoint_that_others_could_hear_is_refused),
        cmocka_unit_test(what_is_no_url_is_refused),
        cmocka_unit_test(a_request_has_its_host_first),
        cmocka_unit_test(a_request_id_with_other_bytes_is_not_shown),
    };

    return cmocka_run_group_tests(tests, bed_start, NULL);
}
