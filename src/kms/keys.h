/* What requests are signed with.  Secret: guarded memory, or wipe it.  Any thread. */
#ifndef CS_KMS_KEYS_H
#define CS_KMS_KEYS_H

#include "kms/http.h"

enum {
    CS_AWS_ID_MAX = 129,
    CS_AWS_SECRET_MAX = 129,
    CS_AWS_TOKEN_MAX = 8193,
};

struct cs_aws_keys {
    char id[CS_AWS_ID_MAX];
    char secret[CS_AWS_SECRET_MAX];
    char token[CS_AWS_TOKEN_MAX]; /* "" when there is none */
    uint64_t expires_s;           /* 0: never */
};

#endif
