/* The ARN of a KMS key, and where its region's KMS is.  Any thread. */
#ifndef CS_KMS_ARN_H
#define CS_KMS_ARN_H

#include "kms/http.h"

enum { CS_KMS_ARN_MAX = 320, CS_KMS_REGION_MAX = 32 };

struct cs_kms_arn {
    char text[CS_KMS_ARN_MAX]; /* as given */
    char partition[16];
    char region[CS_KMS_REGION_MAX];
    char account[13];
    bool is_alias;
};

/* arn:PARTITION:kms:REGION:ACCOUNT:key/ID or :alias/NAME.  Each refusal is CONFIG with
 * its own sentence: a bare key id or alias, another service, an unknown partition, a
 * region that is none of the partition's, an account that is no 12 digits, a resource
 * that is neither.  `name` is the variable it came from. */
enum cs_err cs_kms_arn_parse(struct cs_kms_arn *out, const char *text, const char *name,
                             struct cs_why *why) CS_MUST_USE;
/* Same partition, region and account: an alias may stand for that key. */
bool cs_kms_arn_same_place(const struct cs_kms_arn *a, const struct cs_kms_arn *b);

/* Domain of a partition's services; NULL when it is unknown. */
const char *cs_aws_domain(const char *partition);

/* The first that is not NULL or empty: AWS_ENDPOINT_URL_KMS, AWS_ENDPOINT_URL, the
 * region's public host.  An http:// endpoint is refused unless it is on loopback: the
 * answer of Decrypt holds the store's key. */
enum cs_err cs_kms_endpoint(struct cs_aws_url *out, const struct cs_kms_arn *arn,
                            const char *url_kms, const char *url_all,
                            struct cs_why *why) CS_MUST_USE;

#endif
