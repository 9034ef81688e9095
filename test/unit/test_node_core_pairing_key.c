/* PAIRING_KEY: each way to be wrong has its sentence (DECISIONS 16). */
#include "support/node_bed.h"

#define DEVICE "0f8fad5b-d9cb-469f-a165-70867728950e"
#define URLS                                                                           \
    "\"platformUrl\":\"wss://p.example:8443/control\","                                \
    "\"relayUrl\":\"wss://p.example:8443/relay\""
#define CA   "\"ca\":\"MAMCAQE=\""
#define SEED "\"seed\":\"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\""

static enum cs_err parse(struct cs_pairing_key *k, struct cs_why *why, const char *json)
{
    struct cs_wr w = {0};
    enum cs_err err;

    cs_wr_b64(&w, CS_SPAN(json, strlen(json)));
    cs_wr_u8(&w, 0);
    assert_int_equal(w.err, CS_OK);
    memset(k, 0xee, sizeof *k);
    why->text[0] = '\0';
    err = cs_pairing_key_parse(k, (const char *)w.p, why);
    cs_wr_free(&w);
    return err;
}

static void refused(const char *json, const char *part)
{
    struct cs_pairing_key k;
    struct cs_why why;

    assert_int_equal(parse(&k, &why, json), CS_ERR_PAIRING_KEY);
    if (strstr(why.text, part) == NULL || strstr(why.text, "console") == NULL) {
        fail_msg("\"%s\" says neither \"%s\" nor what to do", why.text, part);
    }
    assert_true(cs_ct_is_zero(&k, sizeof k)); /* nothing of it stays */
    assert_null(strstr(why.text, "AAECAwQF"));
    assert_int_equal(cs_err_exit(CS_ERR_PAIRING_KEY), 78);
}

static void a_whole_key_is_taken(void **state)
{
    struct cs_pairing_key k;
    struct cs_why why;

    (void)state;
    assert_int_equal(parse(&k, &why,
                           "{\"deviceId\":\"" DEVICE "\"," URLS "," CA "," SEED
                           ",\"v\":1}"),
                     CS_OK);
    assert_string_equal(k.device_id, DEVICE);
    assert_string_equal(k.platform_url, "wss://p.example:8443/control");
    assert_string_equal(k.relay_url, "wss://p.example:8443/relay");
    assert_int_equal(k.ca_len, 5);
    assert_int_equal(k.seed[31], 31);
    cs_pairing_key_wipe(&k);
    assert_true(cs_ct_is_zero(&k, sizeof k));
}

static void text_that_is_no_base64_is_refused(void **state)
{
    struct cs_pairing_key k;
    struct cs_why why = {""};
    char *longest = malloc(CS_PAIRING_TEXT_MAX + 2);

    (void)state;
    assert_int_equal(cs_pairing_key_parse(&k, "", &why), CS_ERR_PAIRING_KEY);
    assert_non_null(strstr(why.text, "is not base64"));
    assert_int_equal(cs_pairing_key_parse(&k, "?? not this ??", &why),
                     CS_ERR_PAIRING_KEY);
    assert_non_null(longest);
    memset(longest, 'A', CS_PAIRING_TEXT_MAX + 1);
    longest[CS_PAIRING_TEXT_MAX + 1] = '\0';
    assert_int_equal(cs_pairing_key_parse(&k, longest, &why), CS_ERR_PAIRING_KEY);
    assert_int_equal(cs_pairing_key_parse(&k, longest, NULL), CS_ERR_PAIRING_KEY);
    free(longest);
}

static void text_that_is_no_json_object_is_refused(void **state)
{
    (void)state;
    refused("hello", "PAIRING_KEY");
    refused("[1]", "PAIRING_KEY");
    refused("{\"v\":1,\"v\":1}", "PAIRING_KEY");
}

static void each_member_is_checked(void **state)
{
    (void)state;
    refused("{" URLS "," CA "," SEED ",\"v\":1}", "deviceId");
    refused("{\"deviceId\":\"42\"," URLS "," CA "," SEED ",\"v\":1}", "deviceId");
    refused("{\"deviceId\":\"" DEVICE "\"," URLS "," CA "," SEED "}", "v ");
    refused("{\"deviceId\":\"" DEVICE "\"," URLS "," CA "," SEED ",\"v\":2}", "v ");
    refused("{\"deviceId\":\"" DEVICE "\"," CA "," SEED ",\"v\":1}", "platformUrl");
    refused("{\"deviceId\":\"" DEVICE "\",\"platformUrl\":\"wss://a\"," CA "," SEED
            ",\"v\":1}",
            "relayUrl");
    refused("{\"deviceId\":\"" DEVICE "\"," URLS "," SEED ",\"v\":1}", "ca ");
    refused("{\"deviceId\":\"" DEVICE "\"," URLS ",\"ca\":\"???\"," SEED ",\"v\":1}",
            "ca ");
    refused("{\"deviceId\":\"" DEVICE "\"," URLS "," CA ",\"v\":1}", "seed");
    refused("{\"deviceId\":\"" DEVICE "\"," URLS "," CA
            ",\"seed\":\"AAECAwQFBgc=\",\"v\":1}",
            "seed");
}

static void only_web_socket_urls_are_urls(void **state)
{
    (void)state;
    assert_true(cs_pairing_url_ok("wss://host"));
    assert_true(cs_pairing_url_ok("ws://127.0.0.1:80/control"));
    assert_false(cs_pairing_url_ok("https://host/control"));
    assert_false(cs_pairing_url_ok("wss://"));
    assert_false(cs_pairing_url_ok("wss:///control"));
    assert_false(cs_pairing_url_ok("wss://:443/control"));
    assert_false(cs_pairing_url_ok("wss://user@host/control"));
    assert_false(cs_pairing_url_ok("wss://host/#x"));
    assert_false(cs_pairing_url_ok("wss://ho st/"));
    assert_false(cs_pairing_url_ok("wss://host/\r\nX: y"));
    refused("{\"deviceId\":\"" DEVICE "\",\"platformUrl\":\"https://p\","
            "\"relayUrl\":\"wss://p\"," CA "," SEED ",\"v\":1}",
            "platformUrl");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_key_is_taken),
        cmocka_unit_test(text_that_is_no_base64_is_refused),
        cmocka_unit_test(text_that_is_no_json_object_is_refused),
        cmocka_unit_test(each_member_is_checked),
        cmocka_unit_test(only_web_socket_urls_are_urls),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
