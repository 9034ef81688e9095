/* What goes to the approval callback (APPROVAL_CALLBACK_URL) and what comes back: the
 * README, "Approval callback", is the manual for who writes the endpoint.  Pure.
 *
 *   request  HMAC-SHA256(secret, "cloudsign/1/approval/request\n" time "\n" nonce "\n"
 *            body) in the header x-cloudsign-signature, where there is a secret
 *   answer   {"requestId","nonce","verdict","reason"?,"signature"}, where signature is
 *            Ed25519, or else HMAC-SHA256 with the secret, over
 *            "cloudsign/1/approval/answer\n" nonce "\n" requestId "\n" requestHash "\n"
 *            verdict "\n" reason */
#ifndef CS_NODE_APPROVAL_MSG_H
#define CS_NODE_APPROVAL_MSG_H

#include "base/err.h"
#include "base/span.h"
#include "base/wr.h"

enum {
    CS_APPROVAL_ANSWER_MAX = 4096,
    CS_APPROVAL_REASON = 256,
    CS_APPROVAL_SIGNATURE = 3 + 64 + 1, /* "v1=", hex, NUL */
};

struct cs_approval_keys {
    bool has_secret, has_public_key; /* the key wins over the secret for answers */
    uint8_t secret[32];
    uint8_t public_key[32];
};

struct cs_approval_sent { /* what an answer has to name */
    char nonce[65];
    char request_id[37], request_hash[65];
    char time[24]; /* Unix ms */
    struct cs_wr body;
};

/* question: the core's JSON (node/core/question.c).  BAD_FORMAT: it is not one; NOMEM.
 * Free with cs_wr_free(&out->body) in any case. */
enum cs_err cs_approval_compose(struct cs_approval_sent *out, struct cs_span question,
                                const char *device_id, const uint8_t nonce[32],
                                int64_t wall_ms) CS_MUST_USE;
/* The header's value; "" without a secret. */
void cs_approval_sign(char out[CS_APPROVAL_SIGNATURE], const struct cs_approval_keys *k,
                      const struct cs_approval_sent *sent);
/* The verdict of an answer with status 200: CS_OK allows, APPROVAL_REFUSED, or
 * APPROVAL_FAILED: it is not valid.  reason: for log and people. */
enum cs_err cs_approval_judge(const struct cs_approval_keys *k,
                              const struct cs_approval_sent *sent, struct cs_span body,
                              char reason[CS_APPROVAL_REASON]) CS_MUST_USE;

#endif
