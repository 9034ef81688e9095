/* The two calls of AWS KMS that a node makes, and what their answers mean.
 *
 *   Encrypt   a fresh key of 32 bytes -> blob      (TrentService.Encrypt)
 *   Decrypt   blob -> the key                      (TrentService.Decrypt)
 *
 * Both under the encryption context {"device": id, "purpose": CS_KMS_PURPOSE}: a blob
 * of another device, or made for something else, does not open.  Any thread. */
#ifndef CS_KMS_KMS_MSG_H
#define CS_KMS_KMS_MSG_H

#include "kms/arn.h"
#include "kms/keys.h"

#define CS_KMS_PURPOSE "cloudsign-store"

enum { CS_KMS_KEY_LEN = 32, CS_KMS_BLOB_MAX = 2048, CS_KMS_DEVICE_MAX = 64 };

enum cs_kms_op { CS_KMS_ENCRYPT, CS_KMS_DECRYPT };

/* All borrowed. */
struct cs_kms_call {
    enum cs_kms_op op;
    const struct cs_kms_arn *arn;
    const struct cs_aws_url *endpoint;
    const char *device_id; /* 1..64 printable ASCII characters without space */
    struct cs_span data;   /* ENCRYPT: the key; DECRYPT: the blob */
};

/* The signed request.  h may hold secrets: cs_aws_http_free. */
enum cs_err cs_kms_request(struct cs_aws_http *h, const struct cs_kms_call *c,
                           const struct cs_aws_keys *keys, uint64_t now_s) CS_MUST_USE;

/* ENCRYPT fills blob, DECRYPT key; key_arn is the key that KMS used.  Secret. */
struct cs_kms_result {
    uint8_t key[CS_KMS_KEY_LEN];
    uint8_t blob[CS_KMS_BLOB_MAX];
    size_t blob_len;
    char key_arn[CS_KMS_ARN_MAX];
    bool is_expired; /* on error: newer credentials may be taken */
};

/* Reads the answer strictly.
 *   KMS_WAIT    no answer, 5xx, throttled, a clock too far off, an answer that is none
 *               of KMS (a proxy's page): ask again later
 *   KMS_DENIED  not allowed, unknown credentials, a wrong signature; with is_expired
 *               when the credentials' life is over
 *   KMS_KEY     disabled, pending deletion, unknown, of another use, or the answer is
 *               of another key than the ARN's
 *   KMS_WRAP    the blob does not open under this device's context
 * *why names operation, error type and AWS request id; what AWS says about signatures
 * is left out, since it quotes the session token. */
enum cs_err cs_kms_read(struct cs_kms_result *out, const struct cs_kms_call *c,
                        const struct cs_aws_reply *reply, struct cs_why *why)
    CS_MUST_USE;

#endif
