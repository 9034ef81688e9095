/* Steps of credentials.c, by kind of source.  Used by cred_*.c only. */
#ifndef CS_KMS_CRED_IMPL_H
#define CS_KMS_CRED_IMPL_H

#include "kms/credentials.h"

#define CRED_IS_SET(text) ((text) != NULL && (text)[0] != '\0')

/* Fills fresh from texts that may be NULL.  False, and fresh wiped: not what an id,
 * a secret and a token are made of. */
bool cs_cred_set(struct cs_aws_keys *fresh, struct cs_span id, struct cs_span secret,
                 struct cs_span token);
/* A file's secret without blanks at its end: 1..max printable characters. */
bool cs_cred_trim(struct cs_span *out, struct cs_span text, size_t max);

/* Static keys of a profile in a shared credentials file. NOT_FOUND: no such profile;
 * CONFIG. */
enum cs_err cs_cred_profile(struct cs_aws_keys *fresh, struct cs_span text,
                            const char *profile, struct cs_why *why) CS_MUST_USE;

/* Requests: each fills c->http. */
enum cs_err cs_cred_sts_request(struct cs_cred *c, struct cs_span token,
                                struct cs_why *why) CS_MUST_USE;
enum cs_err cs_cred_box_url(struct cs_cred *c, struct cs_why *why) CS_MUST_USE;
enum cs_err cs_cred_box_request(struct cs_cred *c, struct cs_span token,
                                struct cs_why *why) CS_MUST_USE;
enum cs_err cs_cred_ec2_url(struct cs_cred *c, struct cs_why *why) CS_MUST_USE;
enum cs_err cs_cred_ec2_request(struct cs_cred *c, const char *role, struct cs_why *why)
    CS_MUST_USE;

/* Answers: fill fresh, ec2_token or role. */
enum { CRED_ROLE_MAX = 65 };
enum cs_err cs_cred_sts_answer(struct cs_cred *c, const struct cs_aws_reply *r,
                               struct cs_why *why) CS_MUST_USE;
enum cs_err cs_cred_json_answer(struct cs_cred *c, const struct cs_aws_reply *r,
                                const char *who, struct cs_why *why) CS_MUST_USE;
enum cs_err cs_cred_ec2_token(struct cs_cred *c, const struct cs_aws_reply *r,
                              struct cs_why *why) CS_MUST_USE;
enum cs_err cs_cred_ec2_role(char role[CRED_ROLE_MAX], const struct cs_aws_reply *r,
                             struct cs_why *why) CS_MUST_USE;

#endif
