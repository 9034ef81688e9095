/* The seal as a whole against a KMS of a few lines that verifies every signature, keeps
 * the encryption context and answers as AWS does. */
#include "base/text.h"
#include "crypto/hash.h"
#include "kms/seal.h"
#include "kms/sigv4.h"
#include "support/kms_bed.h"

#define KEY_A                                                                          \
    "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
#define KEY_B                                                                          \
    "arn:aws:kms:eu-west-1:111122223333:key/99999999-12ab-34cd-56ef-1234567890ab"
#define ALIAS "arn:aws:kms:eu-west-1:111122223333:alias/nodes"
#define NOW   1795661100u

static const uint8_t fresh[32] = {9, 8, 7, 6, 5, 4, 3, 2, 1, 77};

/* ---- the KMS --------------------------------------------------------------------- */

struct kms {
    const char *id, *secret; /* whom it knows */
    const char *alias_is;    /* key behind ALIAS */
    int status;              /* not 0: answer this instead */
    const char *body;
    bool opens_to_another;
    unsigned n_asked, n_encrypt, n_decrypt;
};

static struct kms kms;
static struct cs_wr reply_body;

static struct cs_span member(struct cs_span body, const char *name)
{
    char quoted[40];
    const char *at, *end;

    (void)snprintf(quoted, sizeof quoted, "\"%s\":\"", name);
    at = strstr((const char *)body.p, quoted); /* bodies get a NUL below */
    assert_non_null(at);
    at += strlen(quoted);
    end = strchr(at, '"');
    assert_non_null(end);
    return CS_SPAN(at, (size_t)(end - at));
}

/* Signs again what came, and compares. */
static bool signature_ok(const struct cs_aws_http *h)
{
    struct cs_sigv4_header list[CS_AWS_HEADERS_MAX];
    struct cs_sigv4_request req = {.method = h->method,
                                   .path = T(h->url.path),
                                   .headers = list,
                                   .body = cs_wr_get(&h->body)};
    struct cs_sigv4_scope scope = {.region = "eu-west-1", .service = "kms"};
    struct cs_sigv4_keys keys = {kms.id, kms.secret};
    struct cs_span came = {NULL, 0};
    struct cs_wr want = {0};
    bool ok;

    for (size_t i = 0; i < h->n_headers; i++) {
        struct cs_span v = cs_aws_http_value(h, i);

        if (strcmp(h->headers[i].name, "authorization") == 0) {
            came = v;
            continue;
        }
        if (strcmp(h->headers[i].name, "x-amz-date") == 0) {
            assert_int_equal(v.n, 16);
            memcpy(scope.time, v.p, 16);
        }
        list[req.n_headers++] = (struct cs_sigv4_header){h->headers[i].name, v};
    }
    assert_ok(cs_sigv4_authorize(&want, &req, &scope, &keys));
    ok = want.n == came.n && memcmp(want.p, came.p, want.n) == 0;
    cs_wr_free(&want);
    return ok;
}

static void context_hash(uint8_t out[32], struct cs_span body)
{
    const char *at = strstr((const char *)body.p, "\"EncryptionContext\":");
    const char *end = at == NULL ? NULL : strchr(at, '}');

    assert_non_null(end);
    cs_sha256(out, CS_SPAN(at, (size_t)(end - at)));
}

static int fail_with(const char *type)
{
    cs_wr_printf(&reply_body, "{\"__type\":\"%s\"}", type);
    return 400;
}

static const char *key_of(struct cs_span name)
{
    if (name.n == strlen(ALIAS) && memcmp(name.p, ALIAS, name.n) == 0) {
        return kms.alias_is;
    }
    return name.n == strlen(KEY_B) && memcmp(name.p, KEY_B, name.n) == 0 ? KEY_B
                                                                         : KEY_A;
}

/* blob: hash of the context, then the key under a mask. */
static int encrypt(struct cs_span body)
{
    struct cs_wr key = {0}, blob = {0};
    struct cs_span text = member(body, "Plaintext");
    uint8_t hash[32];

    kms.n_encrypt++;
    assert_ok(cs_unb64(&key, (const char *)text.p, text.n));
    context_hash(hash, body);
    cs_wr_bytes(&blob, hash, 32);
    for (size_t i = 0; i < key.n; i++) {
        cs_wr_u8(&blob, key.p[i] ^ 0x5a);
    }
    cs_wr_str(&reply_body, "{\"CiphertextBlob\":\"");
    cs_wr_b64(&reply_body, cs_wr_get(&blob));
    cs_wr_printf(&reply_body, "\",\"KeyId\":\"%s\"}", key_of(member(body, "KeyId")));
    cs_wr_free(&key);
    cs_wr_free(&blob);
    return 200;
}

static int decrypt(struct cs_span body)
{
    struct cs_wr blob = {0};
    struct cs_span text = member(body, "CiphertextBlob");
    uint8_t hash[32], key[32];

    kms.n_decrypt++;
    assert_ok(cs_unb64(&blob, (const char *)text.p, text.n));
    context_hash(hash, body);
    if (blob.n != 64 || memcmp(blob.p, hash, 32) != 0) {
        cs_wr_free(&blob);
        return fail_with("InvalidCiphertextException");
    }
    for (size_t i = 0; i < 32; i++) {
        key[i] = blob.p[32 + i] ^ 0x5a ^ (uint8_t)kms.opens_to_another;
    }
    cs_wr_str(&reply_body, "{\"Plaintext\":\"");
    cs_wr_b64(&reply_body, CS_SPAN_OF(key));
    cs_wr_printf(&reply_body, "\",\"KeyId\":\"%s\"}", key_of(member(body, "KeyId")));
    cs_wr_free(&blob);
    return 200;
}

static int serve(const struct cs_aws_http *h)
{
    struct cs_wr body = {0};
    struct cs_span target = cs_aws_http_value(h, 3);
    int status;

    kms.n_asked++;
    cs_wr_reset(&reply_body);
    if (kms.status != 0 || kms.body != NULL) {
        cs_wr_str(&reply_body, kms.body == NULL ? "" : kms.body);
        return kms.status;
    }
    if (!signature_ok(h)) {
        return fail_with("InvalidSignatureException");
    }
    cs_wr_span(&body, cs_wr_get(&h->body));
    cs_wr_u8(&body, 0);
    status = memcmp(target.p, "TrentService.Encrypt", 20) == 0
                 ? encrypt(cs_wr_get(&body))
                 : decrypt(cs_wr_get(&body));
    cs_wr_free(&body);
    return status;
}

/* ---- the driver ------------------------------------------------------------------ */

static struct cs_why why;

static struct cs_seal_params params(const char *ref)
{
    kms = (struct kms){.id = "AKID", .secret = "SECRET", .alias_is = KEY_A};
    why.text[0] = '\0';
    return (struct cs_seal_params){
        .ref = ref,
        .device_id = "device-a",
        .env = {.access_key_id = "AKID", .secret_access_key = "SECRET"}};
}

static void answer(struct cs_seal *s, int status, struct cs_span body)
{
    struct cs_aws_reply r = {.status = status, .body = body, .request_id = "rid-1"};

    cs_seal_http(s, NOW, &r);
}

/* Until it is done, waits or ends. */
static enum cs_err drive(struct cs_seal *s, struct cs_seal_want *want)
{
    for (int i = 0; i < 10; i++) {
        enum cs_err err = cs_seal_next(s, NOW, 0, want, &why);
        int status;

        if (err != CS_OK || want->what == CS_SEAL_DONE || want->what == CS_SEAL_WAIT) {
            return err;
        }
        assert_int_equal(want->what, CS_SEAL_HTTP);
        status = serve(want->http);
        answer(s, status, cs_wr_get(&reply_body));
    }
    fail_msg("goes in a circle");
    return CS_ERR_INTERNAL;
}

static struct cs_seal *open_new(const struct cs_seal_params *p)
{
    struct cs_seal *s = NULL;

    if (cs_seal_new(&s, p, &why) != CS_OK) {
        fail_msg("%s", why.text);
    }
    return s;
}

/* A record of the KMS for this device, appended to out. */
static void make_record(struct cs_wr *out, const char *ref, const char *device)
{
    struct cs_seal_params p = params(ref);
    struct cs_seal_want want;
    struct cs_seal *s;

    p.fresh_key = fresh;
    p.device_id = device;
    s = open_new(&p);
    assert_ok(drive(s, &want));
    assert_int_equal(want.what, CS_SEAL_DONE);
    cs_wr_span(out, cs_seal_record(s));
    assert_ok(out->err);
    cs_seal_free(s);
}

static void a_new_store_is_sealed_and_opened_before_it_is_made(void **state)
{
    struct cs_seal_params p = params(KEY_A);
    struct cs_seal_want want;
    struct cs_kms_arn arn;
    struct cs_span blob;
    struct cs_seal *s;

    (void)state;
    p.fresh_key = fresh;
    s = open_new(&p);
    assert_null(cs_seal_key(s));
    assert_int_equal(cs_seal_record(s).n, 0);
    assert_ok(drive(s, &want));
    assert_int_equal(want.what, CS_SEAL_DONE);
    assert_int_equal(kms.n_encrypt, 1);
    assert_int_equal(kms.n_decrypt, 1);
    assert_memory_equal(cs_seal_key(s), fresh, 32);
    assert_ok(cs_seal_record_read(&arn, &blob, cs_seal_record(s)));
    assert_string_equal(arn.text, KEY_A);
    assert_int_equal(blob.n, 64);
    cs_seal_free(s);
}

static void an_old_store_is_opened_and_never_sealed_anew(void **state)
{
    static const char *const refs[] = {KEY_A, ALIAS};
    struct cs_wr record = {0};

    (void)state;
    make_record(&record, ALIAS, "device-a"); /* holds the key, not the alias */
    for (size_t i = 0; i < CS_COUNTOF(refs); i++) {
        struct cs_seal_params p = params(refs[i]);
        struct cs_seal_want want;
        struct cs_seal *s;

        kms.alias_is = KEY_B; /* the alias may move on */
        p.record = cs_wr_get(&record);
        s = open_new(&p);
        assert_ok(drive(s, &want));
        assert_int_equal(want.what, CS_SEAL_DONE);
        assert_int_equal(kms.n_encrypt, 0);
        assert_memory_equal(cs_seal_key(s), fresh, 32);
        cs_seal_free(s);
    }
    cs_wr_free(&record);
}

/* The end with this error, the same each time, and no key. */
static void ends(const struct cs_seal_params *p, enum cs_err want_err,
                 const char *because)
{
    struct cs_seal *s = open_new(p);
    struct cs_seal_want want;

    assert_err(drive(s, &want), want_err);
    assert_says(why, because);
    why.text[0] = '\0';
    assert_err(cs_seal_next(s, NOW + 1000, 0, &want, &why), want_err);
    assert_says(why, because);
    assert_null(cs_seal_key(s));
    answer(s, 200, T("{\"Plaintext\":\"\"}")); /* nothing brings it back */
    assert_err(cs_seal_next(s, NOW, 0, &want, &why), want_err);
    cs_seal_free(s);
}

static void the_record_of_another_device_does_not_open(void **state)
{
    struct cs_wr record = {0};
    struct cs_seal_params p;

    (void)state;
    make_record(&record, KEY_A, "device-b");
    p = params(KEY_A);
    p.record = cs_wr_get(&record);
    ends(&p, CS_ERR_KMS_WRAP, "rid-1");
    assert_int_equal(kms.n_encrypt, 0);
    cs_wr_free(&record);
}

static void an_altered_record_does_not_open(void **state)
{
    struct cs_wr record = {0};
    struct cs_seal_params p;

    (void)state;
    make_record(&record, KEY_A, "device-a");
    record.p[record.n - 60] ^= 1; /* within the context's hash: KMS would notice */
    p = params(KEY_A);
    p.record = cs_wr_get(&record);
    ends(&p, CS_ERR_KMS_WRAP, "InvalidCiphertextException");
    cs_wr_free(&record);
}

static void another_ref_than_the_stores_is_refused_before_kms_is_asked(void **state)
{
    static const char *const others[] = {
        KEY_B, "arn:aws:kms:eu-west-2:111122223333:alias/nodes",
        "arn:aws:kms:eu-west-1:999922223333:alias/nodes"};
    struct cs_wr record = {0};

    (void)state;
    make_record(&record, KEY_A, "device-a");
    for (size_t i = 0; i < CS_COUNTOF(others); i++) {
        struct cs_seal_params p = params(others[i]);
        struct cs_seal *s = NULL;

        p.record = cs_wr_get(&record);
        assert_err(cs_seal_new(&s, &p, &why), CS_ERR_KMS_KEY);
        assert_says(why, "sealed by " KEY_A);
        assert_null(s);
    }
    cs_wr_free(&record);
}

static void wrong_arguments_are_refused(void **state)
{
    struct cs_seal_params p = params(KEY_A);
    struct cs_seal *s = NULL;

    (void)state;
    assert_err(cs_seal_new(&s, &p, &why), CS_ERR_USAGE);
    p.record = T("x");
    p.fresh_key = fresh; /* a new key for an old store: never */
    assert_err(cs_seal_new(&s, &p, &why), CS_ERR_USAGE);
    p.fresh_key = NULL;
    assert_err(cs_seal_new(&s, &p, &why), CS_ERR_STORE_CORRUPT);
    p = params("alias/x");
    p.fresh_key = fresh;
    assert_err(cs_seal_new(&s, &p, &why), CS_ERR_CONFIG);
    p = params(KEY_A);
    p.fresh_key = fresh;
    p.endpoint_url_kms = "http://kms.example";
    assert_err(cs_seal_new(&s, &p, &why), CS_ERR_CONFIG);
    assert_null(s);
}

static void denied_and_disabled_end_with_the_request_id(void **state)
{
    struct cs_wr record = {0};
    struct cs_seal_params p;

    (void)state;
    make_record(&record, KEY_A, "device-a");
    p = params(KEY_A);
    p.record = cs_wr_get(&record);
    kms.status = 400;
    kms.body = "{\"__type\":\"AccessDeniedException\"}";
    ends(&p, CS_ERR_KMS_DENIED, "rid-1");
    kms.body = "{\"__type\":\"DisabledException\"}";
    ends(&p, CS_ERR_KMS_KEY, "rid-1");
    kms.body = "{\"__type\":\"NotFoundException\"}";
    ends(&p, CS_ERR_KMS_KEY, "rid-1");
    kms.body = "{\"__type\":\"ExpiredTokenException\"}"; /* static keys stay expired */
    kms.n_asked = 0;
    ends(&p, CS_ERR_KMS_DENIED, "rid-1");
    assert_int_equal(kms.n_asked, 1);
    kms.body = NULL;
    kms.status = 0;
    kms.secret = "another";
    ends(&p, CS_ERR_KMS_DENIED, "rid-1");
    cs_wr_free(&record);
}

static void a_new_store_is_not_made_when_kms_opens_it_to_another_key(void **state)
{
    struct cs_seal_params p = params(KEY_A);

    (void)state;
    p.fresh_key = fresh;
    kms.opens_to_another = true;
    ends(&p, CS_ERR_KMS_WRAP, "no store was made");
}

static void an_unreachable_kms_is_waited_for_with_growing_pauses(void **state)
{
    struct cs_seal_params p = params(KEY_A);
    struct cs_seal_want want;
    struct cs_seal *s;
    uint32_t last = 0;

    (void)state;
    p.fresh_key = fresh;
    s = open_new(&p);
    kms.body = ""; /* status 0: no connection */
    for (int i = 0; i < 20; i++) {
        assert_ok(drive(s, &want));
        assert_int_equal(want.what, CS_SEAL_WAIT);
        assert_true(want.wait_ms >= last && want.wait_ms <= CS_SEAL_WAIT_MAX_MS);
        assert_true(want.wait_ms >= CS_SEAL_WAIT_MIN_MS / 2);
        assert_says(why, "no answer");
        last = want.wait_ms;
    }
    assert_int_equal(last, CS_SEAL_WAIT_MAX_MS / 2); /* and up to the whole by chance */
    kms.status = 503;
    assert_ok(drive(s, &want));
    assert_int_equal(want.what, CS_SEAL_WAIT);
    kms.status = 400;
    kms.body = "{\"__type\":\"ThrottlingException\"}";
    assert_ok(drive(s, &want));
    assert_int_equal(want.what, CS_SEAL_WAIT);
    assert_says(why, "rid-1");
    kms.status = 0;
    kms.body = NULL;
    assert_ok(drive(s, &want));
    assert_int_equal(want.what, CS_SEAL_DONE);
    cs_seal_free(s);
}

static void waits_are_spread_by_chance_and_bounded(void **state)
{
    struct cs_seal_params p = params(KEY_A);
    struct cs_aws_reply none = {.status = 0};
    struct cs_seal_want want;
    struct cs_seal *s;

    (void)state;
    p.fresh_key = fresh;
    s = open_new(&p);
    for (int i = 0; i < 30; i++) {
        assert_ok(cs_seal_next(s, NOW, 0, &want, &why));
        assert_int_equal(want.what, CS_SEAL_HTTP);
        cs_seal_http(s, NOW, &none);
        assert_ok(cs_seal_next(s, NOW, UINT32_MAX - (uint32_t)i * 77777, &want, &why));
        assert_int_equal(want.what, CS_SEAL_WAIT);
        assert_true(want.wait_ms <= CS_SEAL_WAIT_MAX_MS);
    }
    cs_seal_free(s);
}

/* The nth allocation of a call fails, once: of asking, or of taking an answer. */
static void drive_without(struct cs_seal *s, unsigned long nth, bool in_answers,
                          unsigned *n_waits)
{
    struct cs_seal_want want;

    for (int i = 0; i < 20; i++) {
        int status;

        cs_mem_fail_at(in_answers ? 0 : nth);
        assert_ok(cs_seal_next(s, NOW, 0, &want, &why));
        cs_mem_fail_at(0);
        if (want.what == CS_SEAL_WAIT) {
            assert_says(why, "memory");
            *n_waits += 1;
            nth = 0; /* once */
            continue;
        }
        if (want.what == CS_SEAL_DONE) {
            return;
        }
        status = serve(want.http);
        cs_mem_fail_at(in_answers ? nth : 0);
        answer(s, status, cs_wr_get(&reply_body));
        cs_mem_fail_at(0);
    }
    fail_msg("goes in a circle");
}

static void lack_of_memory_is_waited_out_and_no_wrong_key(void **state)
{
    unsigned n_waits = 0;

    (void)state;
    for (unsigned long i = 2; i < 120; i++) {
        struct cs_seal_params p = params(KEY_A);
        struct cs_seal *s;

        p.fresh_key = fresh;
        s = open_new(&p);
        drive_without(s, i / 2, i % 2 != 0, &n_waits);
        assert_memory_equal(cs_seal_key(s), fresh, 32);
        cs_seal_free(s);
    }
    assert_true(n_waits > 10);
}

/* ---- credentials that change ----------------------------------------------------- */

#define BOX(id)                                                                        \
    "{\"AccessKeyId\":\"" id "\",\"SecretAccessKey\":\"SECRET\",\"Token\":\"t\","      \
    "\"Expiration\":\"2026-11-26T08:45:00Z\"}"

static struct cs_seal *with_container(struct cs_seal_params *p)
{
    *p = params(KEY_A);
    p->fresh_key = fresh;
    p->env = (struct cs_cred_env){.container_relative_uri = "/c"};
    return open_new(p);
}

static void next_asks(struct cs_seal *s, const char *host)
{
    struct cs_seal_want want;

    assert_ok(cs_seal_next(s, NOW, 0, &want, &why));
    assert_int_equal(want.what, CS_SEAL_HTTP);
    assert_string_equal(want.http->url.host, host);
}

#define KMS_HOST "kms.eu-west-1.amazonaws.com"
#define BOX_HOST "169.254.170.2"

static void expired_credentials_are_taken_anew_once(void **state)
{
    struct cs_seal_params p;
    struct cs_seal *s = with_container(&p);
    struct cs_seal_want want;

    (void)state;
    next_asks(s, BOX_HOST);
    answer(s, 200, T(BOX("ASIAOLD")));
    next_asks(s, KMS_HOST);
    answer(s, 400, T("{\"__type\":\"ExpiredTokenException\"}"));
    next_asks(s, BOX_HOST); /* at once, without a wait */
    answer(s, 200, T(BOX("ASIANEW")));
    next_asks(s, KMS_HOST);
    answer(s, 400, T("{\"__type\":\"ExpiredTokenException\"}"));
    assert_err(cs_seal_next(s, NOW, 0, &want, &why), CS_ERR_KMS_DENIED);
    cs_seal_free(s);
}

static void a_source_that_is_away_is_waited_for(void **state)
{
    struct cs_seal_params p;
    struct cs_seal *s = with_container(&p);
    struct cs_seal_want want;

    (void)state;
    next_asks(s, BOX_HOST);
    answer(s, 0, T(""));
    assert_ok(cs_seal_next(s, NOW, 0, &want, &why));
    assert_int_equal(want.what, CS_SEAL_WAIT);
    assert_says(why, "container credentials");
    next_asks(s, BOX_HOST);
    answer(s, 200, T(BOX("ASIA")));
    next_asks(s, KMS_HOST);
    cs_seal_free(s);
}

static void files_are_asked_for_and_no_credentials_at_all_end_it(void **state)
{
    struct cs_seal_params p = params(KEY_A);
    struct cs_seal_want want;
    struct cs_seal *s;

    (void)state;
    p.fresh_key = fresh;
    p.env = (struct cs_cred_env){.home = "/h", .ec2_metadata_disabled = "true"};
    s = open_new(&p);
    assert_ok(cs_seal_next(s, NOW, 0, &want, &why));
    assert_int_equal(want.what, CS_SEAL_FILE);
    assert_string_equal(want.path, "/h/.aws/credentials");
    cs_seal_file(s, NOW, false, T(""));
    assert_err(cs_seal_next(s, NOW, 0, &want, &why), CS_ERR_CONFIG);
    assert_says(why, "no AWS credentials");
    cs_seal_free(s);
    p.env = (struct cs_cred_env){.shared_credentials_file = "/f"};
    s = open_new(&p);
    assert_ok(cs_seal_next(s, NOW, 0, &want, &why));
    cs_seal_file(
        s, NOW, true,
        T("[default]\naws_access_key_id=AKID\naws_secret_access_key=SECRET\n"));
    assert_ok(drive(s, &want));
    assert_int_equal(want.what, CS_SEAL_DONE);
    cs_seal_free(s);
}

static void answers_that_nobody_asked_for_are_ignored(void **state)
{
    struct cs_seal_params p = params(KEY_A);
    struct cs_seal_want want;
    struct cs_seal *s;

    (void)state;
    p.fresh_key = fresh;
    s = open_new(&p);
    answer(s, 200, T("{}"));
    cs_seal_file(s, NOW, true, T("x"));
    assert_ok(drive(s, &want));
    assert_int_equal(want.what, CS_SEAL_DONE);
    answer(s, 400, T("{\"__type\":\"AccessDeniedException\"}"));
    assert_ok(cs_seal_next(s, NOW, 0, &want, &why));
    assert_int_equal(want.what, CS_SEAL_DONE);
    assert_memory_equal(cs_seal_key(s), fresh, 32);
    cs_seal_free(s);
}

/* ---- record ---------------------------------------------------------------------- */

static void only_a_whole_record_of_this_form_is_read(void **state)
{
    struct cs_wr record = {0}, copy = {0};
    struct cs_kms_arn arn;
    struct cs_span blob;

    (void)state;
    make_record(&record, KEY_A, "device-a");
    for (size_t n = 0; n < record.n; n++) {
        assert_err(cs_seal_record_read(&arn, &blob, CS_SPAN(record.p, n)),
                   CS_ERR_STORE_CORRUPT);
    }
    cs_wr_span(&copy, cs_wr_get(&record));
    cs_wr_u8(&copy, 0);
    assert_err(cs_seal_record_read(&arn, &blob, cs_wr_get(&copy)),
               CS_ERR_STORE_CORRUPT);
    for (size_t i = 0; i < 8 + 4; i++) { /* magic, version, length, "arn:" */
        record.p[i] ^= 0x20;
        assert_err(cs_seal_record_read(&arn, &blob, cs_wr_get(&record)),
                   CS_ERR_STORE_CORRUPT);
        record.p[i] ^= 0x20;
    }
    assert_ok(cs_seal_record_read(&arn, &blob, cs_wr_get(&record)));
    cs_wr_free(&record);
    cs_wr_free(&copy);
}

/* What comes behind a NUL would be bound, but not read. */
static void a_name_with_a_nul_is_none(void **state)
{
    struct cs_wr w = {0};
    struct cs_kms_arn arn;
    struct cs_span blob;

    (void)state;
    cs_wr_str(&w, "CSKMS");
    cs_wr_u8(&w, 1);
    cs_wr_u16(&w, (uint16_t)(strlen(KEY_A) + 2));
    cs_wr_str(&w, KEY_A);
    cs_wr_u8(&w, 0);
    cs_wr_u8(&w, 'x');
    cs_wr_u16(&w, 1);
    cs_wr_u8(&w, 1);
    assert_err(cs_seal_record_read(&arn, &blob, cs_wr_get(&w)), CS_ERR_STORE_CORRUPT);
    cs_wr_free(&w);
}

static void the_record_of_an_alias_is_none(void **state)
{
    struct cs_wr w = {0};
    struct cs_kms_arn arn;
    struct cs_span blob;

    (void)state;
    cs_wr_str(&w, "CSKMS");
    cs_wr_u8(&w, 1);
    cs_wr_u16(&w, (uint16_t)strlen(ALIAS));
    cs_wr_str(&w, ALIAS);
    cs_wr_u16(&w, 1);
    cs_wr_u8(&w, 1);
    assert_err(cs_seal_record_read(&arn, &blob, cs_wr_get(&w)), CS_ERR_STORE_CORRUPT);
    cs_wr_free(&w);
}

static int end(void **state)
{
    (void)state;
    cs_wr_free(&reply_body);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_store_is_sealed_and_opened_before_it_is_made),
        cmocka_unit_test(an_old_store_is_opened_and_never_sealed_anew),
        cmocka_unit_test(the_record_of_another_device_does_not_open),
        cmocka_unit_test(an_altered_record_does_not_open),
        cmocka_unit_test(another_ref_than_the_stores_is_refused_before_kms_is_asked),
        cmocka_unit_test(wrong_arguments_are_refused),
        cmocka_unit_test(denied_and_disabled_end_with_the_request_id),
        cmocka_unit_test(a_new_store_is_not_made_when_kms_opens_it_to_another_key),
        cmocka_unit_test(an_unreachable_kms_is_waited_for_with_growing_pauses),
        cmocka_unit_test(waits_are_spread_by_chance_and_bounded),
        cmocka_unit_test(lack_of_memory_is_waited_out_and_no_wrong_key),
        cmocka_unit_test(expired_credentials_are_taken_anew_once),
        cmocka_unit_test(a_source_that_is_away_is_waited_for),
        cmocka_unit_test(files_are_asked_for_and_no_credentials_at_all_end_it),
        cmocka_unit_test(answers_that_nobody_asked_for_are_ignored),
        cmocka_unit_test(only_a_whole_record_of_this_form_is_read),
        cmocka_unit_test(a_name_with_a_nul_is_none),
        cmocka_unit_test(the_record_of_an_alias_is_none),
    };

    return cmocka_run_group_tests(tests, bed_start, end);
}
