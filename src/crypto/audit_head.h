/* What a node signs with IK when it countersigns the head of a platform's audit log
 * (RELIABILITY T37): TH("audit-head"; organisation, seq, hash, time).  Any thread. */
#ifndef CS_CRYPTO_AUDIT_HEAD_H
#define CS_CRYPTO_AUDIT_HEAD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct cs_audit_head {
    uint8_t organization[16];
    uint64_t seq;     /* of the newest record */
    uint8_t hash[32]; /* of that record */
    uint64_t time;    /* the node's, ms since 1970 */
};

void cs_audit_head_hash(uint8_t out[32], const struct cs_audit_head *h);
bool cs_audit_head_verify(const struct cs_audit_head *h, const uint8_t ik[32],
                          const uint8_t sig[64]) CS_MUST_USE;

#endif
