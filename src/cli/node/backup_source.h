/* Whom `cloudsign backup` asks: the running node on its socket, or, when nobody listens
 * there, the store itself, with the key from the environment.  Failures are told. */
#ifndef CS_CLI_NODE_BACKUP_SOURCE_H
#define CS_CLI_NODE_BACKUP_SOURCE_H

#include <jansson.h>

#include "base/why.h"
#include "node/stopped.h"

struct bs {
    struct cs_stopped *stopped; /* NULL: the node runs */
    bool can_ask;               /* else there is no key: only the copy */
};

enum cs_err bs_open(struct bs *s) CS_MUST_USE;
/* Takes q.  The answer, or NULL and told; a refusal is an answer. */
json_t *bs_ask(struct bs *s, json_t *q, enum cs_err *err);
/* Is it a refusal?  Then *err is its reason. */
bool bs_refused(const json_t *o, enum cs_err *err);
const char *bs_text(const json_t *o, const char *name);
/* The store as of now, to fd; hash: SHA-256 of what was written.  Not yet synced. */
enum cs_err bs_copy(struct bs *s, int fd, uint8_t hash[32]) CS_MUST_USE;
void bs_close(struct bs *s);

/* The settings that a store without its node needs, from the environment; the secrets
 * are wiped from it.  e borrows: call cli_env_wipe after cfg was used. */
struct cli_env;
bool bs_has_key(const struct cs_node_config *cfg);
enum cs_err bs_settings(struct cs_node_config *cfg, struct cli_env *e) CS_MUST_USE;

#endif
