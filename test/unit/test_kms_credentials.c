/* The chain of credentials, by answers in the shape that AWS gives them; malformed,
 * oversized and hostile ones; expiry. */
#include "kms/credentials.h"
#include "support/kms_bed.h"

#define ARN                                                                            \
    "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
#define NOW 1795661100u /* 2026-11-26T02:45:00Z */
#define END "2026-11-26T08:45:00Z"
#define BOX_JSON                                                                       \
    "{\"RoleArn\":\"arn:aws:iam::1:role/r\",\"AccessKeyId\":\"ASIABOX\","              \
    "\"SecretAccessKey\":\"s3cret/+\",\"Token\":\"tok==\",\"Expiration\":\"" END "\"}"
#define EC2_JSON                                                                       \
    "{\n  \"Code\" : \"Success\",\n  \"LastUpdated\" : \"2026-11-26T02:40:00Z\",\n  "  \
    "\"Type\" : \"AWS-HMAC\",\n  \"AccessKeyId\" : \"ASIAEC2\",\n  "                   \
    "\"SecretAccessKey\" : \"s3cret\",\n  \"Token\" : \"tok\",\n  \"Expiration\" : "   \
    "\"" END "\"\n}"
#define STS_XML(inside)                                                                \
    "<AssumeRoleWithWebIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/"        \
    "2011-06-15/\">\n<AssumeRoleWithWebIdentityResult><AssumedRoleUser><Arn>arn</Arn>" \
    "</AssumedRoleUser>" inside                                                        \
    "</AssumeRoleWithWebIdentityResult><ResponseMetadata><RequestId>a-1</RequestId>"   \
    "</ResponseMetadata></AssumeRoleWithWebIdentityResponse>"
#define STS_KEYS                                                                       \
    "<Credentials><AccessKeyId>ASIASTS</AccessKeyId><SecretAccessKey>s3cret"           \
    "</SecretAccessKey><SessionToken>tok</SessionToken><Expiration>" END               \
    "</Expiration></Credentials>"

static struct cs_cred c;
static struct cs_why why;

static void begin(const struct cs_cred_env *env)
{
    struct cs_kms_arn arn;

    assert_ok(cs_kms_arn_parse(&arn, ARN, "A", NULL));
    cs_cred_free(&c);
    cs_cred_init(&c, env, &arn);
    why.text[0] = '\0';
}

static void wants(enum cs_cred_want want)
{
    enum cs_cred_want got = CS_CRED_READY;
    enum cs_err err = cs_cred_next(&c, NOW, &got, &why);

    if (err != CS_OK) {
        fail_msg("%s: %s", cs_err_name(err), why.text);
    }
    assert_int_equal(got, want);
}

static void wants_file(const char *path)
{
    wants(CS_CRED_WANT_FILE);
    assert_string_equal(c.path, path);
}

static void wants_http(const char *method, const char *host, const char *path)
{
    wants(CS_CRED_WANT_HTTP);
    assert_string_equal(c.http.method, method);
    assert_string_equal(c.http.url.host, host);
    assert_string_equal(c.http.url.path, path);
}

static enum cs_err file(const char *text)
{
    return cs_cred_file(&c, NOW, text != NULL, T(text == NULL ? "" : text), &why);
}

static enum cs_err http(int status, const char *body)
{
    struct cs_aws_reply r = {.status = status, .body = T(body)};

    return cs_cred_http(&c, NOW, &r, &why);
}

static void ready(const char *id, const char *secret, const char *token)
{
    wants(CS_CRED_READY);
    assert_string_equal(cs_cred_keys(&c)->id, id);
    assert_string_equal(cs_cred_keys(&c)->secret, secret);
    assert_string_equal(cs_cred_keys(&c)->token, token);
}

static void has_header(const char *name, const char *value)
{
    for (size_t i = 0; i < c.http.n_headers; i++) {
        struct cs_span v = cs_aws_http_value(&c.http, i);

        if (strcmp(c.http.headers[i].name, name) == 0) {
            assert_int_equal(v.n, strlen(value));
            assert_memory_equal(v.p, value, v.n);
            return;
        }
    }
    fail_msg("no header %s", name);
}

static void no_start(const struct cs_cred_env *env, const char *because)
{
    enum cs_cred_want want;

    begin(env);
    assert_err(cs_cred_next(&c, NOW, &want, &why), CS_ERR_CONFIG);
    assert_says(why, because);
    assert_silent(why, "CANARY");
}

/* ---- environment ----------------------------------------------------------------- */

static void keys_of_the_environment_go_first(void **state)
{
    struct cs_cred_env env = {.access_key_id = "AKIDENV",
                              .secret_access_key = "sec",
                              .session_token = "tok",
                              .home = "/h",
                              .role_arn = "x",
                              .web_identity_token_file = "/t",
                              .container_full_uri = "https://x"};

    (void)state;
    begin(&env);
    ready("AKIDENV", "sec", "tok");
    assert_true(cs_cred_is_static(&c));
    cs_cred_free(&c);
    assert_true(cs_ct_is_zero(&c, sizeof c));
}

static void half_or_malformed_keys_of_the_environment_are_refused(void **state)
{
    char longest[CS_AWS_TOKEN_MAX + 2];

    (void)state;
    no_start(&(struct cs_cred_env){.access_key_id = "CANARY", .home = "/h"},
             "without the other");
    no_start(&(struct cs_cred_env){.secret_access_key = "CANARY"}, "without the other");
    no_start(
        &(struct cs_cred_env){.access_key_id = "AKID", .secret_access_key = "CANARY x"},
        "printable");
    no_start(
        &(struct cs_cred_env){.access_key_id = "AK/ID", .secret_access_key = "CANARY"},
        "printable");
    memset(longest, 'a', sizeof longest);
    longest[sizeof longest - 1] = '\0';
    no_start(&(struct cs_cred_env){.access_key_id = "AKID",
                                   .secret_access_key = "CANARY",
                                   .session_token = longest},
             "too long");
}

/* ---- shared file ----------------------------------------------------------------- */

#define SHARED                                                                         \
    "# a comment\n[default]\naws_access_key_id = AKIDDEF\r\n  "                        \
    "aws_secret_access_key=sec/ret+ \n\n[ two ]\naws_access_key_id=AKIDTWO\n"          \
    "aws_secret_access_key=x=y\naws_session_token=tok\nregion=eu-west-9\n; end\n"      \
    "[roled]\nrole_arn=arn:x\nsource_profile=default\n[half]\naws_access_key_id="      \
    "AKID\n"                                                                           \
    "[twice]\naws_access_key_id=AKID\naws_access_key_id=AKID2\naws_secret_access_key=" \
    "s\n"

static void profiles_of_the_shared_file_are_read(void **state)
{
    struct cs_cred_env env = {.home = "/home/n"};

    (void)state;
    begin(&env);
    wants_file("/home/n/.aws/credentials");
    assert_ok(file(SHARED));
    ready("AKIDDEF", "sec/ret+", "");
    env.profile = "two";
    env.shared_credentials_file = "/etc/aws";
    begin(&env);
    wants_file("/etc/aws");
    assert_ok(file(SHARED));
    ready("AKIDTWO", "x=y", "tok");
}

static void no_profile(const char *profile, const char *text, const char *because)
{
    struct cs_cred_env env = {.home = "/h", .profile = profile};

    begin(&env);
    wants_file("/h/.aws/credentials");
    assert_err(file(text), CS_ERR_CONFIG);
    assert_says(why, because);
    assert_silent(why, "CANARY");
}

static void a_profile_that_gives_no_keys_is_refused(void **state)
{
    (void)state;
    no_profile("other", SHARED, "has no profile other");
    no_profile("other", NULL, "cannot be read");
    no_profile("other", "", "has no profile other");
    no_profile("roled", SHARED, "not supported");
    no_profile("half", SHARED, "needs aws_access_key_id and");
    no_profile("twice", SHARED, "twice");
    no_profile("a", "[a]\nCANARY\n", "line 2");
    no_profile("a", "[a]\naws_access_key_id=A D\naws_secret_access_key=CANARY",
               "well-formed");
    no_start(&(struct cs_cred_env){.profile = "p"}, "AWS_PROFILE");
}

static void only_the_default_file_may_be_missing(void **state)
{
    struct cs_cred_env env = {.home = "/h"};

    (void)state;
    begin(&env);
    wants_file("/h/.aws/credentials");
    assert_ok(file(NULL));
    wants_http("PUT", "169.254.169.254", "/latest/api/token");
    begin(&env);
    wants_file("/h/.aws/credentials");
    assert_ok(file("[other]\n"));
    wants_http("PUT", "169.254.169.254", "/latest/api/token");
    env.shared_credentials_file = "/f";
    begin(&env);
    wants_file("/f");
    assert_err(file(NULL), CS_ERR_CONFIG);
}

static void a_file_that_is_too_long_is_refused(void **state)
{
    static uint8_t big[CS_CRED_FILE_MAX + 1];
    struct cs_cred_env env = {.home = "/h"};

    (void)state;
    begin(&env);
    wants(CS_CRED_WANT_FILE);
    assert_err(cs_cred_file(&c, NOW, true, CS_SPAN_OF(big), &why), CS_ERR_CONFIG);
    assert_says(why, "longer than");
}

/* ---- container ------------------------------------------------------------------- */

static void a_container_gives_keys_with_an_end(void **state)
{
    struct cs_cred_env env = {.container_relative_uri = "/v2/credentials/abc?x=1"};

    (void)state;
    begin(&env);
    wants_http("GET", "169.254.170.2", "/v2/credentials/abc?x=1");
    assert_int_equal(c.http.url.port, 80);
    assert_ok(http(200, BOX_JSON));
    ready("ASIABOX", "s3cret/+", "tok==");
    assert_int_equal(cs_cred_keys(&c)->expires_s, NOW + 6 * 3600);
    assert_false(cs_cred_is_static(&c));
}

static void a_pod_identity_sends_the_token_of_its_file(void **state)
{
    struct cs_cred_env env = {
        .container_full_uri = "http://169.254.170.23/v1/credentials",
        .container_token_file = "/var/run/token"};

    (void)state;
    begin(&env);
    wants_file("/var/run/token");
    assert_ok(file("eyJ.abc\n"));
    wants_http("GET", "169.254.170.23", "/v1/credentials");
    has_header("authorization", "eyJ.abc");
    assert_ok(http(200, BOX_JSON));
    ready("ASIABOX", "s3cret/+", "tok==");
    begin(&env);
    wants_file("/var/run/token");
    assert_err(file("a\nb"), CS_ERR_KMS_WAIT); /* a header more */
    wants_file("/var/run/token");
    assert_err(file(NULL), CS_ERR_KMS_WAIT);
    wants_file("/var/run/token");
    assert_err(file(""), CS_ERR_KMS_WAIT);
}

static void a_token_of_the_environment_is_sent_and_judged(void **state)
{
    struct cs_cred_env env = {.container_full_uri = "http://[fd00:ec2::23]/a",
                              .container_token = "Basic abc"};

    (void)state;
    begin(&env);
    wants_http("GET", "fd00:ec2::23", "/a");
    has_header("authorization", "Basic abc");
    env.container_token = "CANARY\r\nx: y";
    no_start(&env, "AUTHORIZATION_TOKEN");
}

static void a_container_endpoint_elsewhere_is_refused(void **state)
{
    static const char *const bad[] = {
        "http://10.0.0.1/",       "http://evil.example/",
        "http://127.evil.com/",   "http://169.254.170.3/",
        "http://169.254.169.254", "http://[fd00:ec2::24]/",
        "ftp://127.0.0.1/",       "nothing"};

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(bad); i++) {
        no_start(&(struct cs_cred_env){.container_full_uri = bad[i]},
                 "AWS_CONTAINER_CREDENTIALS_FULL_URI");
    }
    no_start(&(struct cs_cred_env){.container_relative_uri = "@evil.example/"},
             "must begin with /");
    no_start(&(struct cs_cred_env){.container_relative_uri = "/a b"}, "RELATIVE_URI");
    begin(&(struct cs_cred_env){.container_full_uri = "https://any.example/x"});
    wants_http("GET", "any.example", "/x");
}

static void answers_without_good_keys_are_asked_for_again(void **state)
{
    static const struct {
        int status;
        const char *body, *because;
    } rows[] = {
        {0, "", "no answer"},
        {404, "", "status 404"},
        {500, BOX_JSON, "status 500"},
        {200, "", "malformed"},
        {200, "<html>", "malformed"},
        {200, "{}", "malformed"},
        {200,
         "{\"AccessKeyId\":\"ASIA\",\"SecretAccessKey\":\"CANARY\",\"Token\":\"t\"}",
         "malformed"},
        {200,
         "{\"AccessKeyId\":\"ASIA\",\"SecretAccessKey\":\"CANARY\",\"Expiration\":"
         "\"" END "\"}",
         "malformed"},
        {200,
         "{\"AccessKeyId\":\"ASIA\",\"SecretAccessKey\":\"CANARY\",\"Token\":\"t\","
         "\"Expiration\":\"tomorrow\"}",
         "malformed"},
        {200,
         "{\"AccessKeyId\":\"A\\nB\",\"SecretAccessKey\":\"CANARY\",\"Token\":\"t\","
         "\"Expiration\":\"" END "\"}",
         "malformed"},
        {200,
         "{\"AccessKeyId\":\"ASIA\",\"SecretAccessKey\":\"CANARY\",\"Token\":"
         "\"t\\r\\n\","
         "\"Expiration\":\"" END "\"}",
         "malformed"},
        {200,
         "{\"AccessKeyId\":\"ASIA\",\"SecretAccessKey\":\"CANARY\",\"Token\":\"t\","
         "\"Expiration\":\"2026-11-26T02:45:00Z\"}",
         "clock"},
        {200, "{\"Code\":\"Failed\"}", "Failed"},
    };
    struct cs_cred_env env = {.container_relative_uri = "/a"};

    (void)state;
    begin(&env);
    for (size_t i = 0; i < CS_COUNTOF(rows); i++) {
        wants_http("GET", "169.254.170.2", "/a");
        assert_err(http(rows[i].status, rows[i].body), CS_ERR_KMS_WAIT);
        assert_says(why, rows[i].because);
        assert_silent(why, "CANARY");
        assert_true(cs_ct_is_zero(&c.keys, sizeof c.keys));
        assert_true(cs_ct_is_zero(&c.fresh, sizeof c.fresh));
    }
}

static void an_oversized_answer_is_not_read(void **state)
{
    static char big[CS_AWS_BODY_MAX + 2];
    struct cs_cred_env env = {.container_relative_uri = "/a"};

    (void)state;
    memset(big, ' ', sizeof big - 1);
    memcpy(big, BOX_JSON, strlen(BOX_JSON));
    begin(&env);
    wants(CS_CRED_WANT_HTTP);
    assert_err(http(200, big), CS_ERR_KMS_WAIT);
    big[CS_AWS_BODY_MAX] = '\0';
    wants(CS_CRED_WANT_HTTP);
    assert_ok(http(200, big));
    ready("ASIABOX", "s3cret/+", "tok==");
}

/* ---- web identity ---------------------------------------------------------------- */

static const struct cs_cred_env web = {.role_arn = "arn:aws:iam::111122223333:role/a/b",
                                       .web_identity_token_file = "/var/run/jwt",
                                       .home = "/h"};

static void a_web_identity_becomes_keys_at_sts(void **state)
{
    (void)state;
    begin(&web);
    wants_file("/var/run/jwt");
    assert_ok(file("eyJ.a_b-c+/=\n"));
    wants_http("POST", "sts.eu-west-1.amazonaws.com", "/");
    assert_true(c.http.url.is_tls);
    has_header("content-type", "application/x-www-form-urlencoded");
    bed_same(
        &c.http.body,
        "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam"
        "%3A%3A111122223333%3Arole%2Fa%2Fb&RoleSessionName=cloudsign&"
        "WebIdentityToken=eyJ.a_b-c%2B%2F%3D");
    assert_ok(http(200, STS_XML(STS_KEYS)));
    ready("ASIASTS", "s3cret", "tok");
    assert_null(c.http.body.p); /* the web token is gone */
}

static void answers_of_sts_that_are_none_are_asked_for_again(void **state)
{
    static const char *const bad[] = {
        "",
        STS_XML(""),
        STS_XML(STS_KEYS STS_KEYS),
        STS_XML("<Credentials></Credentials>"),
        STS_XML("</Credentials><Credentials>"),
        STS_XML("<Credentials><AccessKeyId>A&amp;B</AccessKeyId><SecretAccessKey>CANARY"
                "</SecretAccessKey><SessionToken>t</SessionToken><Expiration>" END
                "</Expiration></Credentials>"),
        STS_XML(
            "<Credentials><AccessKeyId>ASIA</AccessKeyId><SecretAccessKey>CANARY&amp;x"
            "</SecretAccessKey><SessionToken>t</SessionToken><Expiration>" END
            "</Expiration></Credentials>"),
        STS_XML("<Credentials><AccessKeyId>ASIA</AccessKeyId><SecretAccessKey>CANARY"
                "</SecretAccessKey><SessionToken></SessionToken><Expiration>" END
                "</Expiration></Credentials>"),
    };

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(bad); i++) {
        begin(&web);
        wants(CS_CRED_WANT_FILE);
        assert_ok(file("jwt"));
        assert_err(http(200, bad[i]), CS_ERR_KMS_WAIT);
        assert_says(why, "malformed");
        assert_silent(why, "CANARY");
    }
}

static void refused_by_sts(int status, const char *body, enum cs_err want,
                           const char *because)
{
    begin(&web);
    wants(CS_CRED_WANT_FILE);
    assert_ok(file("CANARY"));
    assert_err(http(status, body), want);
    assert_says(why, because);
    assert_silent(why, "CANARY");
}

#define STS_ERROR(code)                                                                \
    "<ErrorResponse><Error><Type>Sender</Type><Code>" code                             \
    "</Code><Message>CANARY</Message></Error><RequestId>rid-7</RequestId>"             \
    "</ErrorResponse>"

static void refusals_of_sts_stop_unless_time_mends_them(void **state)
{
    (void)state;
    refused_by_sts(403, STS_ERROR("AccessDenied"), CS_ERR_KMS_DENIED, "rid-7");
    refused_by_sts(400, STS_ERROR("InvalidIdentityToken"), CS_ERR_KMS_DENIED,
                   "InvalidIdentityToken");
    refused_by_sts(400, STS_ERROR("ExpiredTokenException"), CS_ERR_KMS_WAIT, "rid-7");
    refused_by_sts(400, STS_ERROR("Throttling"), CS_ERR_KMS_WAIT, "Throttling");
    refused_by_sts(400, "<html>CANARY", CS_ERR_KMS_WAIT, "status 400");
    refused_by_sts(403, STS_ERROR("a b"), CS_ERR_KMS_WAIT, "status 403");
    refused_by_sts(503, STS_ERROR("AccessDenied"), CS_ERR_KMS_WAIT, "status 503");
    refused_by_sts(0, "", CS_ERR_KMS_WAIT, "no answer");
}

static void web_refused(struct cs_cred_env env, const char *because)
{
    begin(&env);
    wants(CS_CRED_WANT_FILE);
    assert_err(file("jwt"), CS_ERR_CONFIG);
    assert_says(why, because);
}

static void a_web_identity_that_cannot_work_is_refused(void **state)
{
    struct cs_cred_env env = web;

    (void)state;
    env.role_session_name = "a b";
    web_refused(env, "AWS_ROLE_SESSION_NAME");
    env = web;
    env.role_arn = "my-role";
    web_refused(env, "AWS_ROLE_ARN");
    env = web;
    env.endpoint_url = "http://sts.example";
    web_refused(env, "AWS_ENDPOINT_URL:");
    env.endpoint_url_sts = "https://sts.example";
    begin(&env);
    wants(CS_CRED_WANT_FILE);
    assert_ok(file("jwt"));
    wants_http("POST", "sts.example", "/");
    env = web;
    env.role_arn = NULL;
    no_start(&env, "without AWS_ROLE_ARN");
}

/* ---- EC2 ------------------------------------------------------------------------- */

static void ec2_gives_keys_by_version_2(void **state)
{
    struct cs_cred_env env = {.home = NULL};

    (void)state;
    begin(&env);
    wants_http("PUT", "169.254.169.254", "/latest/api/token");
    has_header("x-aws-ec2-metadata-token-ttl-seconds", "300");
    assert_ok(http(200, "AQAE-token=="));
    wants_http("GET", "169.254.169.254", "/latest/meta-data/iam/security-credentials/");
    has_header("x-aws-ec2-metadata-token", "AQAE-token==");
    assert_ok(http(200, "node-role\n"));
    wants_http("GET", "169.254.169.254",
               "/latest/meta-data/iam/security-credentials/node-role");
    has_header("x-aws-ec2-metadata-token", "AQAE-token==");
    assert_ok(http(200, EC2_JSON));
    ready("ASIAEC2", "s3cret", "tok");
    assert_true(cs_ct_is_zero(c.ec2_token, sizeof c.ec2_token));
}

static void ec2_is_not_asked_by_version_1(void **state)
{
    struct cs_cred_env env = {.home = NULL};

    (void)state;
    begin(&env);
    wants(CS_CRED_WANT_HTTP);
    assert_err(http(404, ""), CS_ERR_KMS_WAIT); /* a token is not to be had */
    wants_http("PUT", "169.254.169.254", "/latest/api/token");
}

static void answers_of_ec2_that_are_none_begin_anew(void **state)
{
    static const char *const roles[] = {"", "a/b", "a b", "two\nroles", "../x"};
    static const char *const tokens[] = {"", "a\r\nb: c", "a b"};
    struct cs_cred_env env = {.home = NULL};
    char longest[600];

    (void)state;
    begin(&env);
    for (size_t i = 0; i < CS_COUNTOF(tokens); i++) {
        wants(CS_CRED_WANT_HTTP);
        assert_err(http(200, tokens[i]), CS_ERR_KMS_WAIT);
    }
    memset(longest, 'a', sizeof longest);
    longest[sizeof longest - 1] = '\0';
    wants(CS_CRED_WANT_HTTP);
    assert_err(http(200, longest), CS_ERR_KMS_WAIT);
    for (size_t i = 0; i < CS_COUNTOF(roles); i++) {
        wants_http("PUT", "169.254.169.254", "/latest/api/token");
        assert_ok(http(200, "t"));
        assert_err(http(200, roles[i]), CS_ERR_KMS_WAIT);
    }
    wants(CS_CRED_WANT_HTTP);
    assert_ok(http(200, "t"));
    assert_err(http(404, ""), CS_ERR_KMS_WAIT);
    assert_says(why, "instance profile");
    wants(CS_CRED_WANT_HTTP);
    assert_ok(http(200, "t"));
    assert_ok(http(200, "r"));
    assert_err(http(200, "{\"Code\":\"AssumeRoleUnauthorizedAccess\"}"),
               CS_ERR_KMS_WAIT);
    assert_says(why, "AssumeRoleUnauthorizedAccess");
}

static void ec2_can_be_switched_off_and_moved_only_nearby(void **state)
{
    struct cs_cred_env env = {.ec2_metadata_disabled = "true"};

    (void)state;
    no_start(&env, "no AWS credentials");
    env.ec2_metadata_disabled = "false";
    env.ec2_metadata_endpoint = "http://evil.example";
    no_start(&env, "AWS_EC2_METADATA_SERVICE_ENDPOINT");
    env.ec2_metadata_endpoint = "http://127.0.0.1:9/x";
    no_start(&env, "without a path");
    env.ec2_metadata_endpoint = "http://[fd00:ec2::254]/";
    begin(&env);
    wants_http("PUT", "fd00:ec2::254", "/latest/api/token");
}

/* ---- life ------------------------------------------------------------------------ */

static enum cs_cred_want at(uint64_t now_s)
{
    enum cs_cred_want want;

    assert_ok(cs_cred_next(&c, now_s, &want, &why));
    return want;
}

static void keys_are_renewed_before_their_end_and_live_on_meanwhile(void **state)
{
    struct cs_cred_env env = {.container_relative_uri = "/a"};
    uint64_t end = NOW + 6 * 3600;
    struct cs_aws_reply none = {.status = 0};
    struct cs_aws_reply again = {
        .status = 200,
        .body = T(
            "{\"AccessKeyId\":\"ASIANEW\",\"SecretAccessKey\":\"n\",\"Token\":\"t\","
            "\"Expiration\":\"2026-11-26T14:45:00Z\"}")};

    (void)state;
    begin(&env);
    wants(CS_CRED_WANT_HTTP);
    assert_ok(http(200, BOX_JSON));
    assert_int_equal(at(end - CS_CRED_EARLY_S - 1), CS_CRED_READY);
    assert_int_equal(at(end - CS_CRED_EARLY_S), CS_CRED_WANT_HTTP);
    assert_ok(
        cs_cred_http(&c, end - CS_CRED_EARLY_S, &none, &why)); /* old ones serve */
    assert_int_equal(at(end - CS_CRED_EARLY_S), CS_CRED_READY);
    assert_int_equal(at(end - 10), CS_CRED_WANT_HTTP);
    assert_err(cs_cred_http(&c, end, &none, &why), CS_ERR_KMS_WAIT); /* they ended */
    assert_int_equal(at(end), CS_CRED_WANT_HTTP);
    assert_ok(cs_cred_http(&c, end, &again, &why));
    assert_int_equal(at(end), CS_CRED_READY);
    assert_string_equal(cs_cred_keys(&c)->id, "ASIANEW");
}

/* EC2 hands out what it has up to some minutes before its end. */
static void keys_near_their_end_are_used_and_not_asked_for_in_a_circle(void **state)
{
    struct cs_cred_env env = {.container_relative_uri = "/a"};
    struct cs_aws_reply r = {.status = 200, .body = T(BOX_JSON)};
    uint64_t late = NOW + 6 * 3600 - 100;

    (void)state;
    begin(&env);
    assert_int_equal(at(late), CS_CRED_WANT_HTTP);
    assert_ok(cs_cred_http(&c, late, &r, &why));
    assert_int_equal(at(late + 59), CS_CRED_READY);
    assert_int_equal(at(late + 60), CS_CRED_WANT_HTTP);
}

/* A refusal is one, also while the old keys would still do. */
static void a_refusal_at_renewal_is_not_waited_out(void **state)
{
    struct cs_aws_reply no = {.status = 403, .body = T(STS_ERROR("AccessDenied"))};
    uint64_t late = NOW + 6 * 3600 - 200;

    (void)state;
    begin(&web);
    wants(CS_CRED_WANT_FILE);
    assert_ok(file("jwt"));
    assert_ok(http(200, STS_XML(STS_KEYS)));
    assert_int_equal(at(late), CS_CRED_WANT_FILE);
    assert_ok(cs_cred_file(&c, late, true, T("jwt"), &why));
    assert_err(cs_cred_http(&c, late, &no, &why), CS_ERR_KMS_DENIED);
}

static void dropped_keys_are_asked_for_again(void **state)
{
    struct cs_cred_env env = {.container_relative_uri = "/a"};

    (void)state;
    begin(&env);
    wants(CS_CRED_WANT_HTTP);
    assert_ok(http(200, BOX_JSON));
    ready("ASIABOX", "s3cret/+", "tok==");
    cs_cred_drop(&c);
    wants(CS_CRED_WANT_HTTP);
}

static void what_was_not_asked_for_is_refused(void **state)
{
    struct cs_cred_env env = {.home = "/h"};

    (void)state;
    begin(&env);
    assert_err(file("x"), CS_ERR_STATE);
    assert_err(http(200, BOX_JSON), CS_ERR_STATE);
    wants(CS_CRED_WANT_FILE);
    assert_err(http(200, BOX_JSON), CS_ERR_STATE);
    assert_ok(file(NULL));
    wants(CS_CRED_WANT_HTTP);
    assert_err(file(SHARED), CS_ERR_STATE);
}

static int end(void **state)
{
    (void)state;
    cs_cred_free(&c);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_of_the_environment_go_first),
        cmocka_unit_test(half_or_malformed_keys_of_the_environment_are_refused),
        cmocka_unit_test(profiles_of_the_shared_file_are_read),
        cmocka_unit_test(a_profile_that_gives_no_keys_is_refused),
        cmocka_unit_test(only_the_default_file_may_be_missing),
        cmocka_unit_test(a_file_that_is_too_long_is_refused),
        cmocka_unit_test(a_container_gives_keys_with_an_end),
        cmocka_unit_test(a_pod_identity_sends_the_token_of_its_file),
        cmocka_unit_test(a_token_of_the_environment_is_sent_and_judged),
        cmocka_unit_test(a_container_endpoint_elsewhere_is_refused),
        cmocka_unit_test(answers_without_good_keys_are_asked_for_again),
        cmocka_unit_test(an_oversized_answer_is_not_read),
        cmocka_unit_test(a_web_identity_becomes_keys_at_sts),
        cmocka_unit_test(answers_of_sts_that_are_none_are_asked_for_again),
        cmocka_unit_test(refusals_of_sts_stop_unless_time_mends_them),
        cmocka_unit_test(a_web_identity_that_cannot_work_is_refused),
        cmocka_unit_test(ec2_gives_keys_by_version_2),
        cmocka_unit_test(ec2_is_not_asked_by_version_1),
        cmocka_unit_test(answers_of_ec2_that_are_none_begin_anew),
        cmocka_unit_test(ec2_can_be_switched_off_and_moved_only_nearby),
        cmocka_unit_test(keys_are_renewed_before_their_end_and_live_on_meanwhile),
        cmocka_unit_test(keys_near_their_end_are_used_and_not_asked_for_in_a_circle),
        cmocka_unit_test(a_refusal_at_renewal_is_not_waited_out),
        cmocka_unit_test(dropped_keys_are_asked_for_again),
        cmocka_unit_test(what_was_not_asked_for_is_refused),
    };

    return cmocka_run_group_tests(tests, bed_start, end);
}
