/* The start of a node whose store is sealed by a KMS: asks KMS on the loop, for as long
 * as it takes, and answers on the local socket meanwhile.
 *
 *   WAITING_FOR_KMS   the status has a member "kms"; every other question is refused
 *
 * Then the key is in the settings, and nothing of this is left.  Thread: loop. */
#ifndef CS_NODE_UNSEAL_H
#define CS_NODE_UNSEAL_H

#include <jansson.h>

#include "base/wr.h"
#include "net/local_server.h"
#include "node/settings.h"

struct cs_unseal;

struct cs_unseal_config {
    uv_loop_t *loop;
    struct cs_kv *kv;                  /* to look whose store it is; the lock is held */
    struct cs_node_settings *settings; /* gets the key */
    const char *const *aws_env;        /* copied */
    /* The answer to {"cmd":"status"}, with cs_unseal_json in it. */
    void (*status)(void *ctx, struct cs_wr *w);
    /* Once, with all handles closed: CS_OK, or why there is no key.  u is gone. */
    void (*done)(void *ctx, enum cs_err err, const struct cs_why *why);
    void *ctx;
};

/* CONFIG, STORE_DEVICE (the pairing key is another device's), STORE_KEY (the store has
 * a hex key), KMS_KEY (it is sealed by another key), STORE_CORRUPT, NOMEM. */
enum cs_err cs_unseal_new(struct cs_unseal **out, const struct cs_unseal_config *cfg,
                          struct cs_why *why) CS_MUST_USE;
/* Begins; done() follows.  socket: where questions come in, NULL: nowhere.  On failure
 * done() never comes: cs_unseal_free, and run the loop once more. */
enum cs_err cs_unseal_start(struct cs_unseal *u, const struct cs_local_socket *socket,
                            struct cs_why *why) CS_MUST_USE;
/* Gives up at once: done(CS_OK) comes without a key.  Again: nothing. */
void cs_unseal_stop(struct cs_unseal *u);
/* What it waits for: {"text","failures","nextInMs"}; NULL: no memory. */
json_t *cs_unseal_json(const struct cs_unseal *u) CS_MUST_USE;
const char *cs_unseal_device(const struct cs_unseal *u);
void cs_unseal_free(struct cs_unseal *u); /* one that does not run; NULL allowed */

#endif
