#include "kms/kms_msg.h"

#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "kms/fields.h"
#include "kms/sigv4.h"

static const char *op_name(enum cs_kms_op op)
{
    return op == CS_KMS_ENCRYPT ? "Encrypt" : "Decrypt";
}

/* ---- request --------------------------------------------------------------------- */

static bool device_ok(const char *device_id)
{
    size_t n = strlen(device_id);

    for (size_t i = 0; i < n; i++) {
        if (device_id[i] <= ' ' || device_id[i] >= 0x7f) {
            return false;
        }
    }
    return n >= 1 && n <= CS_KMS_DEVICE_MAX;
}

static bool data_ok(const struct cs_kms_call *c)
{
    return c->op == CS_KMS_ENCRYPT ? c->data.n == CS_KMS_KEY_LEN
                                   : c->data.n >= 1 && c->data.n <= CS_KMS_BLOB_MAX;
}

/* Printable ASCII: two characters need a backslash. */
static void put_json_text(struct cs_wr *w, const char *text)
{
    cs_wr_u8(w, '"');
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\') {
            cs_wr_u8(w, '\\');
        }
        cs_wr_u8(w, (uint8_t)*text);
    }
    cs_wr_u8(w, '"');
}

static void put_body(struct cs_wr *w, const struct cs_kms_call *c)
{
    cs_wr_str(w,
              c->op == CS_KMS_ENCRYPT ? "{\"Plaintext\":\"" : "{\"CiphertextBlob\":\"");
    cs_wr_b64(w, c->data);
    cs_wr_str(w, "\",\"EncryptionAlgorithm\":\"SYMMETRIC_DEFAULT\","
                 "\"EncryptionContext\":{\"device\":");
    put_json_text(w, c->device_id);
    cs_wr_str(w, ",\"purpose\":\"" CS_KMS_PURPOSE "\"},\"KeyId\":");
    put_json_text(w, c->arn->text);
    cs_wr_u8(w, '}');
}

static void put_headers(struct cs_aws_http *h, const struct cs_kms_call *c,
                        const struct cs_aws_keys *keys, const char *time)
{
    cs_aws_http_header(h, "content-type", CS_SPAN_LIT("application/x-amz-json-1.1"));
    cs_aws_http_header(h, "x-amz-date", CS_SPAN(time, strlen(time)));
    cs_aws_http_header(h, "x-amz-target",
                       c->op == CS_KMS_ENCRYPT ? CS_SPAN_LIT("TrentService.Encrypt")
                                               : CS_SPAN_LIT("TrentService.Decrypt"));
    if (keys->token[0] != '\0') {
        cs_aws_http_header(h, "x-amz-security-token",
                           CS_SPAN(keys->token, strlen(keys->token)));
    }
}

static enum cs_err sign(struct cs_aws_http *h, const struct cs_aws_keys *keys,
                        const struct cs_sigv4_scope *scope)
{
    struct cs_sigv4_header list[CS_AWS_HEADERS_MAX];
    struct cs_sigv4_request req = {.method = "POST",
                                   .path = CS_SPAN_LIT("/"),
                                   .headers = list,
                                   .n_headers = h->n_headers,
                                   .body = cs_wr_get(&h->body)};
    struct cs_sigv4_keys k = {keys->id, keys->secret};
    struct cs_wr auth = {0};
    enum cs_err err;

    CS_CHECK(cs_aws_http_err(h));
    for (size_t i = 0; i < h->n_headers; i++) {
        list[i] = (struct cs_sigv4_header){h->headers[i].name, cs_aws_http_value(h, i)};
    }
    err = cs_sigv4_authorize(&auth, &req, scope, &k);
    if (err == CS_OK) {
        cs_aws_http_header(h, "authorization", cs_wr_get(&auth));
        err = cs_aws_http_err(h);
    }
    cs_wr_free(&auth);
    return err;
}

enum cs_err cs_kms_request(struct cs_aws_http *h, const struct cs_kms_call *c,
                           const struct cs_aws_keys *keys, uint64_t now_s)
{
    struct cs_sigv4_scope scope = {.region = c->arn->region, .service = "kms"};
    enum cs_err err;

    if (!device_ok(c->device_id) || !data_ok(c)) {
        return CS_ERR_USAGE;
    }
    CS_CHECK(cs_sigv4_time(scope.time, now_s));
    cs_aws_http_start(h, "POST", c->endpoint);
    put_body(&h->body, c);
    put_headers(h, c, keys, scope.time);
    err = sign(h, keys, &scope);
    if (err != CS_OK) {
        cs_aws_http_free(h);
    }
    return err;
}

/* ---- errors ---------------------------------------------------------------------- */

/* Each type that AWS documents for Encrypt, Decrypt and for requests in general. */
static const struct kind {
    const char *type;
    enum cs_err err;
    bool is_expired, is_quiet; /* quiet: its message may quote the request's headers */
    const char *remedy;
} kinds[] = {
    {"AccessDeniedException", CS_ERR_KMS_DENIED, false, false,
     "allow kms:Encrypt and kms:Decrypt with this device's encryption context in the "
     "key policy or the node's role"},
    {"KMSAccessDeniedException", CS_ERR_KMS_DENIED, false, false,
     "allow the node's role to use the key"},
    {"NotAuthorizedException", CS_ERR_KMS_DENIED, false, false,
     "allow the node's role to use the key"},
    {"OptInRequired", CS_ERR_KMS_DENIED, false, false, "enable the region or account"},
    {"UnrecognizedClientException", CS_ERR_KMS_DENIED, true, true,
     "the access key or its session token is unknown to AWS"},
    {"InvalidClientTokenId", CS_ERR_KMS_DENIED, true, true,
     "the access key is unknown to AWS"},
    {"IncompleteSignature", CS_ERR_KMS_DENIED, false, true,
     "the access key is malformed"},
    {"MissingAuthenticationToken", CS_ERR_KMS_DENIED, false, true,
     "the endpoint lost the signature: is a proxy in between?"},
    {"SignatureDoesNotMatch", CS_ERR_KMS_DENIED, false, true,
     "the secret access key does not belong to the access key id"},
    {"ExpiredTokenException", CS_ERR_KMS_DENIED, true, true,
     "the session token's life is over"},
    {"ExpiredToken", CS_ERR_KMS_DENIED, true, true, "the session token's life is over"},
    {"DisabledException", CS_ERR_KMS_KEY, false, false, "enable the key"},
    {"KMSInvalidStateException", CS_ERR_KMS_KEY, false, false,
     "the key is pending deletion or import: cancel that"},
    {"NotFoundException", CS_ERR_KMS_KEY, false, false,
     "no such key in this account and region"},
    {"InvalidKeyUsageException", CS_ERR_KMS_KEY, false, false,
     "the key must be a symmetric one for encryption"},
    {"IncorrectKeyException", CS_ERR_KMS_KEY, false, false,
     "give the ARN of the key that wrapped this store"},
    {"InvalidArnException", CS_ERR_KMS_KEY, false, false, "the ARN is malformed"},
    {"InvalidCiphertextException", CS_ERR_KMS_WRAP, false, false,
     "the wrapped key is another device's or was altered; mount this device's volume"},
    {"ThrottlingException", CS_ERR_KMS_WAIT, false, false, "too many requests"},
    {"Throttling", CS_ERR_KMS_WAIT, false, false, "too many requests"},
    {"TooManyRequestsException", CS_ERR_KMS_WAIT, false, false, "too many requests"},
    {"RequestLimitExceeded", CS_ERR_KMS_WAIT, false, false, "too many requests"},
    {"LimitExceededException", CS_ERR_KMS_WAIT, false, false, "too many requests"},
    {"KMSInternalException", CS_ERR_KMS_WAIT, false, false, "a fault of the KMS"},
    {"DependencyTimeoutException", CS_ERR_KMS_WAIT, false, false, "a fault of the KMS"},
    {"KeyUnavailableException", CS_ERR_KMS_WAIT, false, false, "a fault of the KMS"},
    {"InternalFailure", CS_ERR_KMS_WAIT, false, false, "a fault of the KMS"},
    {"ServiceUnavailable", CS_ERR_KMS_WAIT, false, false, "a fault of the KMS"},
    {"RequestExpired", CS_ERR_KMS_WAIT, false, true, "set this machine's clock"},
    {"RequestTimeTooSkewed", CS_ERR_KMS_WAIT, false, true, "set this machine's clock"},
};

static const struct kind *find_kind(const char *type)
{
    for (size_t i = 0; i < CS_COUNTOF(kinds); i++) {
        if (strcmp(kinds[i].type, type) == 0) {
            return &kinds[i];
        }
    }
    return NULL;
}

/* "com.amazonaws.kms#DisabledException:http://.." -> "DisabledException" in place. */
static char *bare_type(char *text)
{
    char *hash = strrchr(text, '#');
    char *type = hash == NULL ? text : hash + 1;

    type[strcspn(type, ":")] = '\0';
    return type;
}

static bool type_ok(const char *type)
{
    size_t n = strspn(
        type, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");

    return n > 0 && type[n] == '\0';
}

/* One type means a wrong secret, or a clock that is too far off: the message says. */
static const struct kind *signature_kind(const char *message)
{
    bool is_clock = strstr(message, "Signature expired") != NULL ||
                    strstr(message, "Signature not yet current") != NULL;

    return find_kind(is_clock ? "RequestTimeTooSkewed" : "SignatureDoesNotMatch");
}

static enum cs_err no_answer(const struct cs_kms_call *c,
                             const struct cs_aws_reply *reply, struct cs_why *why)
{
    if (reply->status == 0) {
        return cs_why(why, CS_ERR_KMS_WAIT, "KMS %s at %s: no answer: %s",
                      op_name(c->op), c->endpoint->host,
                      reply->failure == NULL ? "unknown reason" : reply->failure);
    }
    return cs_why(why, CS_ERR_KMS_WAIT,
                  "KMS %s at %s: status %d with an answer that is none of KMS, AWS "
                  "request id %s; is a proxy in between?",
                  op_name(c->op), c->endpoint->host, reply->status,
                  cs_aws_request_id(reply));
}

static enum cs_err unknown_type(const struct cs_kms_call *c,
                                const struct cs_aws_reply *reply, const char *type,
                                struct cs_why *why)
{
    bool is_theirs = reply->status >= 500 || reply->status == 429;

    return cs_why(why, is_theirs ? CS_ERR_KMS_WAIT : CS_ERR_KMS_DENIED,
                  "KMS %s: status %d, %s, AWS request id %s", op_name(c->op),
                  reply->status, type, cs_aws_request_id(reply));
}

static enum cs_err read_error(struct cs_kms_result *out, const struct cs_kms_call *c,
                              const struct cs_aws_reply *reply, struct cs_why *why)
{
    char type_text[160], lower[2048], upper[2048];
    struct cs_field f[] = {{"__type", type_text, sizeof type_text, false}};
    struct cs_field m[] = {{"message", lower, sizeof lower, false},
                           {"Message", upper, sizeof upper, false}};
    enum cs_err err = cs_fields_read(f, CS_COUNTOF(f), reply->body);
    /* The type decides; a message of any length or form is only passed on. */
    bool has_text = cs_fields_read(m, CS_COUNTOF(m), reply->body) == CS_OK;
    const char *message = !has_text ? "" : lower[0] != '\0' ? lower : upper;
    char *type = bare_type(type_text);
    const struct kind *k;

    if (err != CS_OK || !type_ok(type)) {
        return no_answer(c, reply, why);
    }
    k = strcmp(type, "InvalidSignatureException") == 0 ? signature_kind(message)
                                                       : find_kind(type);
    if (k == NULL) {
        err = unknown_type(c, reply, type, why);
    } else {
        out->is_expired = k->is_expired;
        err = cs_why(why, k->err, "KMS %s: %s, AWS request id %s: %s%s%.200s",
                     op_name(c->op), type, cs_aws_request_id(reply), k->remedy,
                     k->is_quiet || message[0] == '\0' ? "" : "; AWS says: ",
                     k->is_quiet ? "" : message);
    }
    cs_wipe(lower, sizeof lower);
    cs_wipe(upper, sizeof upper);
    return err;
}

/* ---- success --------------------------------------------------------------------- */

/* The answer's KeyId is a key's ARN: the one asked for, or one in the alias's place. */
static bool key_is_asked(const struct cs_kms_call *c, const char *key_arn)
{
    struct cs_kms_arn used;

    if (cs_kms_arn_parse(&used, key_arn, "KeyId", NULL) != CS_OK || used.is_alias) {
        return false;
    }
    return c->arn->is_alias ? cs_kms_arn_same_place(c->arn, &used)
                            : strcmp(c->arn->text, key_arn) == 0;
}

/* BAD_TEXT: not what this operation gives.  Lack of memory is told apart from it: that
 * passes, and must not end a node as a wrong key does. */
static enum cs_err decode_data(struct cs_kms_result *out, enum cs_kms_op op,
                               const char *text)
{
    struct cs_wr w = {0};
    enum cs_err err = cs_unb64(&w, text, strlen(text));
    bool is_key = w.n == CS_KMS_KEY_LEN;
    bool is_blob = w.n >= 1 && w.n <= CS_KMS_BLOB_MAX;

    if (err == CS_OK && !(op == CS_KMS_DECRYPT ? is_key : is_blob)) {
        err = CS_ERR_BAD_TEXT;
    }
    if (err == CS_OK && op == CS_KMS_DECRYPT) {
        memcpy(out->key, w.p, CS_KMS_KEY_LEN);
    } else if (err == CS_OK) {
        memcpy(out->blob, w.p, w.n);
        out->blob_len = w.n;
    }
    cs_wr_free(&w);
    return err;
}

static enum cs_err no_data(const struct cs_kms_call *c,
                           const struct cs_aws_reply *reply, struct cs_why *why)
{
    if (c->op == CS_KMS_ENCRYPT) {
        return no_answer(c, reply, why);
    }
    return cs_why(
        why, CS_ERR_KMS_WRAP,
        "KMS Decrypt: opened to something else than a store's key, AWS request "
        "id %s; restore this device's volume",
        cs_aws_request_id(reply));
}

static enum cs_err read_success(struct cs_kms_result *out, const struct cs_kms_call *c,
                                const struct cs_aws_reply *reply, struct cs_why *why)
{
    char data[CS_KMS_BLOB_MAX / 3 * 4 + 8], algorithm[64];
    struct cs_field f[] = {{"KeyId", out->key_arn, sizeof out->key_arn, false},
                           {c->op == CS_KMS_DECRYPT ? "Plaintext" : "CiphertextBlob",
                            data, sizeof data, false},
                           {"EncryptionAlgorithm", algorithm, sizeof algorithm, false}};
    enum cs_err err = cs_fields_read(f, CS_COUNTOF(f), reply->body);

    if (err != CS_OK || !f[0].is_found || !f[1].is_found ||
        (f[2].is_found && strcmp(algorithm, "SYMMETRIC_DEFAULT") != 0)) {
        err = no_answer(c, reply, why);
    } else if (!key_is_asked(c, out->key_arn)) {
        err = cs_why(why, CS_ERR_KMS_KEY,
                     "KMS %s: answered with key %.100s, asked for %.100s, AWS request "
                     "id %s; give the ARN of the key that wrapped this store",
                     op_name(c->op), out->key_arn, c->arn->text,
                     cs_aws_request_id(reply));
    } else {
        err = decode_data(out, c->op, data);
        err = err == CS_ERR_BAD_TEXT ? no_data(c, reply, why) : err;
    }
    cs_wipe(data, sizeof data);
    return err;
}

enum cs_err cs_kms_read(struct cs_kms_result *out, const struct cs_kms_call *c,
                        const struct cs_aws_reply *reply, struct cs_why *why)
{
    enum cs_err err;
    bool is_expired;

    cs_wipe(out, sizeof *out);
    if (reply->status == 0 || reply->body.n > CS_AWS_BODY_MAX) {
        return no_answer(c, reply, why);
    }
    err = reply->status == 200 ? read_success(out, c, reply, why)
                               : read_error(out, c, reply, why);
    if (err != CS_OK) {
        is_expired = out->is_expired;
        cs_wipe(out, sizeof *out);
        out->is_expired = is_expired;
    }
    return err;
}
