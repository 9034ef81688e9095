/* Every setting of `cloudsign run`, from the environment into struct cs_node_config.
 *
 * Secrets (PAIRING_KEY, DB_ENCRYPTION_KEY_HEX, APPROVAL_CALLBACK_SECRET, and AWS's) are
 * copied into guarded memory and overwritten in the environment block, so that
 * /proc/PID/environ shows zeros; each also comes as NAME_FILE.  A new setting: one line
 * in cli_env_config, or one in the table of secrets.  Main thread, before any other. */
#ifndef CS_CLI_NODE_ENVIRONMENT_H
#define CS_CLI_NODE_ENVIRONMENT_H

#include <cloudsign/cs_node.h>

#include "base/why.h"

enum { CLI_ENV_AWS_MAX = 24 };

struct cli_env {
    /* Guarded C strings, NULL when not set. */
    char *pairing_key, *db_key_hex, *approval_secret;
    char *aws[CLI_ENV_AWS_MAX + 1]; /* guarded "NAME=value", then NULL */
    size_t n_aws;
};

/* LOG_LEVEL and LOG_FORMAT; first, since the rest may warn. */
enum cs_err cli_env_log(struct cs_why *why) CS_MUST_USE;
/* Reads and wipes.  On failure, too, the secrets are gone from the environment. */
enum cs_err cli_env_read(struct cli_env *e, struct cs_why *why) CS_MUST_USE;
/* Fills in all but size, stopped and ctx; borrows from e and from the environment. */
enum cs_err cli_env_config(struct cs_node_config *cfg, const struct cli_env *e,
                           struct cs_why *why) CS_MUST_USE;
void cli_env_wipe(struct cli_env *e); /* again: nothing */

#endif
