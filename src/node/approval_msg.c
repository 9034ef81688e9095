#include "node/approval_msg.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "crypto/hash.h"
#include "crypto/identity.h"
#include "wire/jsonx.h"

enum { QUESTION_MAX = 512 << 10 };

/* ---- out ---------------------------------------------------------------------- */

static enum cs_err read_ids(struct cs_approval_sent *out, const json_t *question)
{
    struct cs_jr r = CS_JR(question);
    const char *id = cs_jr_str(&r, "requestId", sizeof out->request_id - 1, false);
    const char *hash = cs_jr_str(&r, "requestHash", sizeof out->request_hash - 1,
                                 false);

    (void)snprintf(out->request_id, sizeof out->request_id, "%s", id);
    (void)snprintf(out->request_hash, sizeof out->request_hash, "%s", hash);
    return r.err;
}

enum cs_err cs_approval_compose(struct cs_approval_sent *out, struct cs_span question,
                                const char *device_id, const uint8_t nonce[32],
                                int64_t wall_ms)
{
    const char *why = "";
    json_t *q = NULL, *o;
    enum cs_err err;

    memset(out, 0, sizeof *out);
    (void)cs_hex(out->nonce, nonce, 32);
    (void)snprintf(out->time, sizeof out->time, "%lld", (long long)wall_ms);
    if (cs_json_parse(&q, question, QUESTION_MAX, &why) != CS_OK) {
        return CS_ERR_BAD_FORMAT;
    }
    err = read_ids(out, q);
    o = json_pack("{s:i,s:s,s:s,s:s,s:s,s:s,s:o}", "version", 1, "nonce", out->nonce,
                  "deviceId", device_id, "time", out->time, "requestId",
                  out->request_id, "requestHash", out->request_hash, "request", q);
    if (o == NULL) {
        return CS_ERR_NOMEM; /* json_pack took q */
    }
    cs_json_write(&out->body, o);
    json_decref(o);
    return err != CS_OK ? err : out->body.err;
}

void cs_approval_sign(char out[CS_APPROVAL_SIGNATURE], const struct cs_approval_keys *k,
                      const struct cs_approval_sent *sent)
{
    struct cs_wr w = {0};
    uint8_t mac[32];

    out[0] = '\0';
    if (!k->has_secret) {
        return;
    }
    cs_wr_printf(&w, "cloudsign/1/approval/request\n%s\n%s\n", sent->time, sent->nonce);
    cs_wr_span(&w, cs_wr_get(&sent->body));
    CS_ASSERT(w.err == CS_OK);
    cs_hmac_sha256(mac, CS_SPAN_OF(k->secret), cs_wr_get(&w));
    memcpy(out, "v1=", 3);
    (void)cs_hex(out + 3, mac, sizeof mac);
    cs_wr_free(&w);
}

/* ---- in ----------------------------------------------------------------------- */

struct answer {
    const char *request_id, *nonce, *verdict, *reason, *signature;
};

static enum cs_err say(char reason[CS_APPROVAL_REASON], enum cs_err err,
                       const char *text)
{
    (void)snprintf(reason, CS_APPROVAL_REASON, "%s", text);
    return err;
}

static bool is_signed(const struct cs_approval_keys *k,
                      const struct cs_approval_sent *sent, const struct answer *a)
{
    size_t n = k->has_public_key ? 64 : 32;
    uint8_t sig[64], mac[32];
    struct cs_wr w = {0};
    bool ok = false;

    cs_wr_printf(&w, "cloudsign/1/approval/answer\n%s\n%s\n%s\n%s\n%s", sent->nonce,
                 sent->request_id, sent->request_hash, a->verdict, a->reason);
    if (w.err != CS_OK || cs_unhex(sig, n, a->signature) != CS_OK) {
        ok = false;
    } else if (k->has_public_key) {
        ok = cs_sign_verify(sig, k->public_key, cs_wr_get(&w));
    } else if (k->has_secret) {
        cs_hmac_sha256(mac, CS_SPAN_OF(k->secret), cs_wr_get(&w));
        ok = cs_ct_equal(mac, sig, sizeof mac);
    }
    cs_wr_free(&w);
    return ok;
}

static enum cs_err check(const struct cs_approval_keys *k,
                         const struct cs_approval_sent *sent, const struct answer *a,
                         char reason[CS_APPROVAL_REASON])
{
    if (strcmp(a->nonce, sent->nonce) != 0) { /* public: replays stop here */
        return say(reason, CS_ERR_APPROVAL_FAILED,
                   "the callback's answer has another nonce: a replay?");
    }
    if (strcmp(a->request_id, sent->request_id) != 0) {
        return say(reason, CS_ERR_APPROVAL_FAILED,
                   "the callback's answer is about another request");
    }
    if (!is_signed(k, sent, a)) {
        return say(reason, CS_ERR_APPROVAL_FAILED,
                   "the signature of the callback's answer does not verify: check its "
                   "key, and that it signs nonce, requestId, requestHash, verdict and "
                   "reason");
    }
    if (strcmp(a->verdict, "ALLOW") == 0) {
        return say(reason, CS_OK, a->reason);
    }
    return strcmp(a->verdict, "REFUSE") == 0
               ? say(reason, CS_ERR_APPROVAL_REFUSED,
                     a->reason[0] == '\0' ? "the callback refuses it" : a->reason)
               : say(reason, CS_ERR_APPROVAL_FAILED,
                     "the callback's verdict is neither ALLOW nor REFUSE");
}

enum cs_err cs_approval_judge(const struct cs_approval_keys *k,
                              const struct cs_approval_sent *sent, struct cs_span body,
                              char reason[CS_APPROVAL_REASON])
{
    const char *why = "";
    struct answer a;
    struct cs_jr r;
    json_t *j = NULL;
    enum cs_err err = cs_json_parse(&j, body, CS_APPROVAL_ANSWER_MAX, &why);

    if (err != CS_OK) {
        (void)snprintf(reason, CS_APPROVAL_REASON,
                       "the callback's answer is no JSON: %s", why);
        return CS_ERR_APPROVAL_FAILED;
    }
    r = CS_JR(j);
    a.request_id = cs_jr_str(&r, "requestId", 64, false);
    a.nonce = cs_jr_str(&r, "nonce", 64, false);
    a.verdict = cs_jr_str(&r, "verdict", 16, false);
    a.signature = cs_jr_str(&r, "signature", 128, false);
    a.reason = cs_jr_str_opt(&r, "reason", CS_APPROVAL_REASON - 1);
    a.reason = a.reason == NULL ? "" : a.reason;
    if (r.err != CS_OK) {
        (void)snprintf(reason, CS_APPROVAL_REASON, "the callback's answer: %s %s",
                       r.field, r.why);
        err = CS_ERR_APPROVAL_FAILED;
    } else {
        err = check(k, sent, &a, reason);
    }
    json_decref(j);
    return err;
}
