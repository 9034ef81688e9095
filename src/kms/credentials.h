/* Where a node's AWS credentials come from: AWS's usual chain as a machine that says
 * what it wants next (a file, an HTTP answer) and is given it.
 *
 *   1  AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN
 *   2  AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN (EKS): token file, then STS
 *   3  shared credentials file: AWS_SHARED_CREDENTIALS_FILE or ~/.aws/credentials,
 *      AWS_PROFILE or "default"; static keys only
 *   4  AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or _FULL_URI (ECS, EKS pod identity)
 *   5  EC2 instance metadata, version 2 only
 *
 * The first that is set is the one: when it fails nothing else is tried in its place,
 * for a node must not run with another identity than the one it was given.  Only the
 * default file (3, when neither variable is set) may be missing.
 *
 * Single owner, any thread.  Holds secrets: guarded memory, cs_cred_free. */
#ifndef CS_KMS_CREDENTIALS_H
#define CS_KMS_CREDENTIALS_H

#include "kms/arn.h"
#include "kms/keys.h"

enum {
    CS_CRED_PATH_MAX = 1024,
    CS_CRED_FILE_MAX = 65536, /* of a file that is asked for */
    CS_CRED_EARLY_S = 300,    /* new ones this long before the old ones end */
};

/* Variables of the environment by their names; NULL or "": not set.  Borrowed for the
 * life of the machine. */
struct cs_cred_env {
    const char *access_key_id, *secret_access_key, *session_token;
    const char *role_arn, *web_identity_token_file, *role_session_name;
    const char *endpoint_url_sts, *endpoint_url;
    const char *shared_credentials_file, *profile, *home;
    const char *container_relative_uri, *container_full_uri;
    const char *container_token, *container_token_file;
    const char *ec2_metadata_disabled, *ec2_metadata_endpoint;
};

enum cs_cred_want {
    CS_CRED_READY,     /* cs_cred_keys */
    CS_CRED_WANT_FILE, /* read c->path, give it to cs_cred_file */
    CS_CRED_WANT_HTTP, /* ask c->http, give the answer to cs_cred_http */
};

enum cs_cred_step {
    CS_CRED_START,
    CS_CRED_WEB_TOKEN,
    CS_CRED_WEB_STS,
    CS_CRED_SHARED,
    CS_CRED_BOX_TOKEN,
    CS_CRED_BOX,
    CS_CRED_EC2_TOKEN,
    CS_CRED_EC2_ROLE,
    CS_CRED_EC2_KEYS,
};

struct cs_cred {
    struct cs_cred_env env;
    char region[CS_KMS_REGION_MAX];
    const char *domain;
    enum cs_cred_step step;
    char path[CS_CRED_PATH_MAX];
    struct cs_aws_http http;
    struct cs_aws_url url; /* of the source that is asked */
    char ec2_token[513];
    struct cs_aws_keys keys;  /* id "" : none */
    struct cs_aws_keys fresh; /* being read */
    uint64_t retry_s;         /* no refresh before, while the old ones live */
};

void cs_cred_init(struct cs_cred *c, const struct cs_cred_env *env,
                  const struct cs_kms_arn *arn);
void cs_cred_free(struct cs_cred *c); /* wipes */

/* What is wanted now.  CONFIG when a source is set in a way that cannot work, or none
 * is there at all; KMS_WAIT is never said here. */
enum cs_err cs_cred_next(struct cs_cred *c, uint64_t now_s, enum cs_cred_want *want,
                         struct cs_why *why) CS_MUST_USE;
/* The file c->path; is_there false: it does not exist or cannot be read. */
enum cs_err cs_cred_file(struct cs_cred *c, uint64_t now_s, bool is_there,
                         struct cs_span text, struct cs_why *why) CS_MUST_USE;
/* The answer to c->http.  Both: CS_OK: go on with cs_cred_next; KMS_WAIT: begin again
 * later; CONFIG, KMS_DENIED: an operator must act.  After an error the machine stands
 * at its start; keys that still live stay. */
enum cs_err cs_cred_http(struct cs_cred *c, uint64_t now_s,
                         const struct cs_aws_reply *reply, struct cs_why *why)
    CS_MUST_USE;

const struct cs_aws_keys *cs_cred_keys(const struct cs_cred *c);
/* KMS no longer takes these: forget them, so that next asks for new ones. */
void cs_cred_drop(struct cs_cred *c);
/* Keys given by hand do not change when asked for again. */
bool cs_cred_is_static(const struct cs_cred *c);

#endif
