#include "kms/seal.h"

#include <string.h>

#include "base/mem.h"
#include "base/rd.h"

static const uint8_t magic[5] = {'C', 'S', 'K', 'M', 'S'};

enum { VERSION = 1 };

/* In guarded memory: it holds the store's key and the credentials. */
struct cs_seal {
    const char *device_id;
    struct cs_kms_arn ref; /* as the operator names it */
    struct cs_kms_arn arn; /* the key itself, of the record */
    struct cs_aws_url endpoint;
    struct cs_cred cred;
    struct cs_aws_http http; /* to KMS */
    struct cs_kms_result result;
    struct cs_why why;
    enum cs_err err;
    uint8_t record[CS_SEAL_RECORD_MAX];
    size_t record_len;
    uint8_t key[CS_KMS_KEY_LEN];
    unsigned n_failures;
    bool is_new;                /* the key is ours and must come back from Decrypt */
    bool is_asking, is_waiting; /* KMS has been asked; a wait comes next */
    bool is_renewed, is_done;   /* credentials were taken anew for this call */
};

/* ---- record ---------------------------------------------------------------------- */

static struct cs_span take_u16(struct cs_rd *r)
{
    return cs_rd_span(r, cs_rd_u16(r));
}

enum cs_err cs_seal_record_read(struct cs_kms_arn *arn, struct cs_span *blob,
                                struct cs_span record)
{
    struct cs_rd r = CS_RD(record);
    struct cs_span m = cs_rd_span(&r, sizeof magic);
    uint8_t version = cs_rd_u8(&r);
    struct cs_span name = take_u16(&r);
    char text[CS_KMS_ARN_MAX] = "";

    *blob = take_u16(&r);
    if (cs_rd_end(&r) != CS_OK || memcmp(m.p, magic, sizeof magic) != 0 ||
        version != VERSION || name.n >= sizeof text || blob->n < 1 ||
        blob->n > CS_KMS_BLOB_MAX || memchr(name.p, 0, name.n) != NULL) {
        return CS_ERR_STORE_CORRUPT;
    }
    memcpy(text, name.p, name.n);
    if (cs_kms_arn_parse(arn, text, "record", NULL) != CS_OK || arn->is_alias) {
        return CS_ERR_STORE_CORRUPT;
    }
    return CS_OK;
}

static enum cs_err record_write(struct cs_seal *s)
{
    struct cs_wr w = {0};
    enum cs_err err;

    cs_wr_bytes(&w, magic, sizeof magic);
    cs_wr_u8(&w, VERSION);
    cs_wr_u16(&w, (uint16_t)strlen(s->result.key_arn));
    cs_wr_str(&w, s->result.key_arn);
    cs_wr_u16(&w, (uint16_t)s->result.blob_len);
    cs_wr_bytes(&w, s->result.blob, s->result.blob_len);
    err = w.err;
    if (err == CS_OK) {
        CS_ASSERT(w.n <= sizeof s->record);
        memcpy(s->record, w.p, w.n);
        s->record_len = w.n;
        err = cs_kms_arn_parse(&s->arn, s->result.key_arn, "KeyId", &s->why);
    }
    cs_wr_free(&w);
    return err;
}

/* ---- begin and end --------------------------------------------------------------- */

/* The ref of an old store must be its key, or an alias where that key is: KMS would
 * open the record under another name just as well, and the operator would believe the
 * store to be sealed by what the variable says. */
static enum cs_err check_ref(const struct cs_seal *s, struct cs_why *why)
{
    bool ok = s->ref.is_alias ? cs_kms_arn_same_place(&s->ref, &s->arn)
                              : strcmp(s->ref.text, s->arn.text) == 0;

    if (ok) {
        return CS_OK;
    }
    return cs_why(why, CS_ERR_KMS_KEY,
                  "DB_ENCRYPTION_KEY_REF: names %.120s, but the store is sealed by "
                  "%.120s; give that one (nothing was changed)",
                  s->ref.text, s->arn.text);
}

static enum cs_err begin_old(struct cs_seal *s, struct cs_span record,
                             struct cs_why *why)
{
    struct cs_span blob;

    if (cs_seal_record_read(&s->arn, &blob, record) != CS_OK) {
        return cs_why(why, CS_ERR_STORE_CORRUPT,
                      "the wrapped key in the store's header is damaged; restore the "
                      "volume from a backup of this device");
    }
    memcpy(s->record, record.p, record.n);
    s->record_len = record.n;
    return check_ref(s, why);
}

static enum cs_err begin(struct cs_seal *s, const struct cs_seal_params *p,
                         struct cs_why *why)
{
    CS_CHECK(cs_kms_arn_parse(&s->ref, p->ref, "DB_ENCRYPTION_KEY_REF", why));
    CS_CHECK(cs_kms_endpoint(&s->endpoint, &s->ref, p->endpoint_url_kms,
                             p->endpoint_url, why));
    s->device_id = p->device_id;
    s->is_new = p->fresh_key != NULL;
    cs_cred_init(&s->cred, &p->env, &s->ref);
    if (s->is_new) {
        memcpy(s->key, p->fresh_key, sizeof s->key);
        return CS_OK;
    }
    return begin_old(s, p->record, why);
}

enum cs_err cs_seal_new(struct cs_seal **out, const struct cs_seal_params *p,
                        struct cs_why *why)
{
    struct cs_seal *s;
    enum cs_err err;

    if ((p->record.n == 0) == (p->fresh_key == NULL)) {
        return CS_ERR_USAGE;
    }
    s = cs_guard_new(sizeof *s);
    if (s == NULL) {
        return CS_ERR_NOMEM;
    }
    err = begin(s, p, why);
    if (err != CS_OK) {
        cs_seal_free(s);
        return err;
    }
    *out = s;
    return CS_OK;
}

void cs_seal_free(struct cs_seal *s)
{
    if (s == NULL) {
        return;
    }
    cs_cred_free(&s->cred);
    cs_aws_http_free(&s->http);
    cs_guard_free(s);
}

/* ---- the machine ----------------------------------------------------------------- */

static bool has_record(const struct cs_seal *s)
{
    return s->record_len > 0;
}

/* What comes next: a new key is wrapped first, everything else is opening. */
static enum cs_err call_of(const struct cs_seal *s, struct cs_kms_call *c)
{
    struct cs_kms_arn arn;
    struct cs_span blob;

    c->endpoint = &s->endpoint;
    c->device_id = s->device_id;
    if (!has_record(s)) {
        c->op = CS_KMS_ENCRYPT;
        c->arn = &s->ref;
        c->data = CS_SPAN_OF(s->key);
        return CS_OK;
    }
    CS_CHECK(cs_seal_record_read(&arn, &blob, CS_SPAN(s->record, s->record_len)));
    c->op = CS_KMS_DECRYPT;
    c->arn = &s->arn;
    c->data = blob;
    return CS_OK;
}

/* Errors of class RETRY are waited for, all others are the end. */
static void note(struct cs_seal *s, enum cs_err err)
{
    if (s->why.text[0] == '\0') {
        (void)cs_why(&s->why, err, "the seal by KMS: %s", cs_err_text(err));
    }
    if (cs_err_reaction(err) == CS_REACT_RETRY) {
        s->is_waiting = true;
    } else {
        s->err = err;
        cs_wipe(s->key, sizeof s->key);
    }
}

static uint32_t wait_ms(struct cs_seal *s, uint32_t random)
{
    uint32_t ms = CS_SEAL_WAIT_MIN_MS;

    for (unsigned i = 0; i < s->n_failures && ms < CS_SEAL_WAIT_MAX_MS; i++) {
        ms *= 2;
    }
    if (ms > CS_SEAL_WAIT_MAX_MS) {
        ms = CS_SEAL_WAIT_MAX_MS;
    }
    if (s->n_failures < 16) {
        s->n_failures++;
    }
    return ms / 2 + random % (ms / 2 + 1); /* many nodes must not come at once */
}

static enum cs_err ask_kms(struct cs_seal *s, uint64_t now_s, struct cs_seal_want *want)
{
    struct cs_kms_call c;

    CS_CHECK(call_of(s, &c));
    CS_CHECK(cs_kms_request(&s->http, &c, cs_cred_keys(&s->cred), now_s));
    s->is_asking = true;
    want->what = CS_SEAL_HTTP;
    want->http = &s->http;
    return CS_OK;
}

static enum cs_err step(struct cs_seal *s, uint64_t now_s, struct cs_seal_want *want)
{
    enum cs_cred_want cred;

    s->is_asking = false;
    CS_CHECK(cs_cred_next(&s->cred, now_s, &cred, &s->why));
    switch (cred) {
    case CS_CRED_WANT_FILE:
        want->what = CS_SEAL_FILE;
        want->path = s->cred.path;
        return CS_OK;
    case CS_CRED_WANT_HTTP:
        want->what = CS_SEAL_HTTP;
        want->http = &s->cred.http;
        return CS_OK;
    case CS_CRED_READY:
        break;
    }
    return ask_kms(s, now_s, want);
}

enum cs_err cs_seal_next(struct cs_seal *s, uint64_t now_s, uint32_t random,
                         struct cs_seal_want *want, struct cs_why *why)
{
    enum cs_err err;

    *want = (struct cs_seal_want){.what = CS_SEAL_DONE};
    if (s->err == CS_OK && !s->is_done && !s->is_waiting) {
        s->why.text[0] = '\0';
        err = step(s, now_s, want);
        if (err != CS_OK) {
            note(s, err);
        }
    }
    if (s->err != CS_OK) {
        return cs_why(why, s->err, "%s", s->why.text);
    }
    if (s->is_waiting) {
        s->is_waiting = false;
        want->what = CS_SEAL_WAIT;
        want->wait_ms = wait_ms(s, random);
        (void)cs_why(why, CS_ERR_KMS_WAIT, "%s", s->why.text);
    }
    return CS_OK;
}

void cs_seal_file(struct cs_seal *s, uint64_t now_s, bool is_there, struct cs_span text)
{
    enum cs_err err;

    if (s->err != CS_OK || s->is_done || s->is_waiting || s->is_asking) {
        return;
    }
    s->why.text[0] = '\0';
    err = cs_cred_file(&s->cred, now_s, is_there, text, &s->why);
    if (err != CS_OK && err != CS_ERR_STATE) {
        note(s, err);
    }
}

/* The first key of a store is held against what KMS opens: it must be ours. */
static enum cs_err opened(struct cs_seal *s)
{
    if (s->is_new && !cs_ct_equal(s->key, s->result.key, sizeof s->key)) {
        return cs_why(&s->why, CS_ERR_KMS_WRAP,
                      "KMS opened the new store's key to another one; no store was "
                      "made: is the endpoint a KMS?");
    }
    memcpy(s->key, s->result.key, sizeof s->key);
    s->is_done = true;
    return CS_OK;
}

/* Credentials that KMS calls over or unknown are taken anew, once a call. */
static bool renew(struct cs_seal *s)
{
    if (!s->result.is_expired || s->is_renewed || cs_cred_is_static(&s->cred)) {
        return false;
    }
    s->is_renewed = true;
    cs_cred_drop(&s->cred);
    return true;
}

static enum cs_err take_answer(struct cs_seal *s, const struct cs_aws_reply *reply)
{
    struct cs_kms_call c;
    enum cs_err err;

    CS_CHECK(call_of(s, &c));
    err = cs_kms_read(&s->result, &c, reply, &s->why);
    if (err != CS_OK) {
        return renew(s) ? CS_OK : err;
    }
    s->is_renewed = false;
    return c.op == CS_KMS_ENCRYPT ? record_write(s) : opened(s);
}

void cs_seal_http(struct cs_seal *s, uint64_t now_s, const struct cs_aws_reply *reply)
{
    enum cs_err err;

    if (s->err != CS_OK || s->is_done || s->is_waiting) {
        return;
    }
    s->why.text[0] = '\0';
    if (s->is_asking) {
        s->is_asking = false;
        err = take_answer(s, reply);
        cs_aws_http_free(&s->http);
        cs_wipe(&s->result, sizeof s->result);
    } else {
        err = cs_cred_http(&s->cred, now_s, reply, &s->why);
    }
    if (err != CS_OK && err != CS_ERR_STATE) {
        note(s, err);
    }
}

const uint8_t *cs_seal_key(const struct cs_seal *s)
{
    return s->is_done ? s->key : NULL;
}

struct cs_span cs_seal_record(const struct cs_seal *s)
{
    return s->is_done ? CS_SPAN(s->record, s->record_len) : CS_SPAN(NULL, 0);
}
