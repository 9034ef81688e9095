/* AWS's variables as a node is given them, for the KMS client (kms/credentials.h).
 * Holds secrets: guarded memory.  Any thread. */
#ifndef CS_NODE_AWS_ENV_H
#define CS_NODE_AWS_ENV_H

#include "base/why.h"
#include "kms/credentials.h"

enum { CS_AWS_ENV_LEN = 40 << 10 }; /* of all together */

struct cs_aws_env {
    struct cs_cred_env cred; /* points into text, as do the others */
    const char *endpoint_url_kms, *ca_bundle;
    char text[CS_AWS_ENV_LEN];
};

/* env: "NAME=value" .. NULL; NULL: none.  In guarded memory.  CONFIG: a name that no
 * part of the KMS client reads, or too much text. */
enum cs_err cs_aws_env_new(struct cs_aws_env **out, const char *const *env,
                           struct cs_why *why) CS_MUST_USE;
void cs_aws_env_free(struct cs_aws_env *e); /* wipes; NULL allowed */

#endif
