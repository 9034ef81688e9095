/* All that comes to a node before its store is open: answers of KMS and of what gives
 * credentials, the shared credentials file, ARNs, URLs, the record in the header.  The
 * first byte chooses, the second is the status or profile. */
#include "fuzz/fuzz.h"
#include "kms/aws_time.h"
#include "kms/fields.h"
#include "kms/seal.h"

#define KEY                                                                            \
    "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
#define NOW 1795661100u

static void answers(const struct cs_aws_reply *r, enum cs_kms_op op)
{
    static struct cs_kms_result out;
    struct cs_aws_url endpoint;
    struct cs_kms_arn arn;
    struct cs_kms_call c = {.op = op, .arn = &arn, .endpoint = &endpoint};
    struct cs_why why = {""};
    enum cs_err err;

    FUZZ_HOLDS(cs_kms_arn_parse(&arn, KEY, "A", NULL) == CS_OK);
    FUZZ_HOLDS(cs_kms_endpoint(&endpoint, &arn, NULL, NULL, NULL) == CS_OK);
    err = cs_kms_read(&out, &c, r, &why);
    FUZZ_HOLDS(err == CS_OK || why.text[0] != '\0');
    FUZZ_HOLDS(err == CS_OK || err == CS_ERR_KMS_WAIT || err == CS_ERR_KMS_DENIED ||
               err == CS_ERR_KMS_KEY || err == CS_ERR_KMS_WRAP);
    FUZZ_HOLDS(err != CS_OK || (r->status == 200 && strcmp(out.key_arn, KEY) == 0));
    FUZZ_HOLDS(out.blob_len <= CS_KMS_BLOB_MAX);
}

/* The chain until it is ready or fails; each thing wanted gets the same bytes. */
static void chain(const struct cs_cred_env *env, const struct cs_aws_reply *r)
{
    static struct cs_cred c;
    struct cs_kms_arn arn;
    enum cs_cred_want want = CS_CRED_WANT_FILE;
    struct cs_why why = {""};
    enum cs_err err = CS_OK;

    FUZZ_HOLDS(cs_kms_arn_parse(&arn, KEY, "A", NULL) == CS_OK);
    cs_cred_init(&c, env, &arn);
    for (int i = 0; i < 6 && err == CS_OK && want != CS_CRED_READY; i++) {
        err = cs_cred_next(&c, NOW, &want, &why);
        if (err == CS_OK && want == CS_CRED_WANT_FILE) {
            err = cs_cred_file(&c, NOW, true, r->body, &why);
        } else if (err == CS_OK && want == CS_CRED_WANT_HTTP) {
            err = cs_cred_http(&c, NOW, r, &why);
        }
    }
    FUZZ_HOLDS(err == CS_OK || why.text[0] != '\0');
    FUZZ_HOLDS(err != CS_OK || want == CS_CRED_READY);
    FUZZ_HOLDS(err != CS_OK || strlen(cs_cred_keys(&c)->secret) > 0);
    cs_cred_free(&c);
}

static void texts(struct cs_span in)
{
    struct cs_wr w = {0};
    struct cs_kms_arn arn;
    struct cs_aws_url url;
    struct cs_why why = {""};
    const char *text;
    uint64_t s;

    cs_wr_span(&w, in);
    cs_wr_u8(&w, 0);
    FUZZ_HOLDS(w.err == CS_OK);
    text = (const char *)w.p;
    if (cs_kms_arn_parse(&arn, text, "A", &why) == CS_OK) {
        FUZZ_HOLDS(strcmp(arn.text, text) == 0 && cs_aws_domain(arn.partition) != NULL);
        FUZZ_HOLDS(cs_kms_endpoint(&url, &arn, NULL, NULL, NULL) == CS_OK);
    }
    if (cs_aws_url_parse(&url, text, "U", &why) == CS_OK) {
        FUZZ_HOLDS(url.host[0] != '\0' && url.path[0] == '/' && url.port > 0);
    }
    (void)!cs_aws_time_parse(&s, text);
    cs_wr_free(&w);
}

static void record(struct cs_span in)
{
    struct cs_kms_arn arn;
    struct cs_span blob;

    if (cs_seal_record_read(&arn, &blob, in) == CS_OK) {
        FUZZ_HOLDS(blob.n > 0 && in.n == 10 + strlen(arn.text) + blob.n);
    }
}

static void objects(struct cs_span in)
{
    char a[16], b[4];
    struct cs_field f[] = {{"a", a, sizeof a, false}, {"b", b, sizeof b, false}};

    if (cs_fields_read(f, 2, in) != CS_OK) {
        FUZZ_HOLDS(a[0] == '\0' && b[0] == '\0' && !f[0].is_found && !f[1].is_found);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int statuses[] = {200, 200, 200, 400, 403, 500};
    static const struct cs_cred_env envs[] = {
        {.shared_credentials_file = "/f"},
        {.container_full_uri = "https://x/y"},
        {.role_arn = "arn:aws:iam::111122223333:role/a",
         .web_identity_token_file = "/t"},
        {.container_relative_uri = "/a", .container_token_file = "/t"},
        {.ec2_metadata_disabled = "false"},
    };
    struct cs_aws_reply r = {.status = 200, .request_id = "rid"};

    if (size < 2) {
        return 0;
    }
    fuzz_start();
    r.body = CS_SPAN(data + 2, size - 2);
    r.status = statuses[data[1] % CS_COUNTOF(statuses)];
    switch (data[0] % 6) {
    case 0:
        answers(&r, CS_KMS_DECRYPT);
        break;
    case 1:
        answers(&r, CS_KMS_ENCRYPT);
        break;
    case 2:
        chain(&envs[data[1] / 8 % CS_COUNTOF(envs)], &r);
        break;
    case 3:
        texts(r.body);
        break;
    case 4:
        record(r.body);
        break;
    case 5:
        objects(r.body);
        break;
    }
    return 0;
}
