/* Runs the machine of a store's seal (kms/seal.h) on a loop: reads its files, asks its
 * HTTP questions, waits.  For the node and for `cloudsign rekey`.  Thread: loop. */
#ifndef CS_NODE_SEALER_H
#define CS_NODE_SEALER_H

#include <uv.h>

#include "kms/seal.h"
#include "node/aws_env.h"

struct cs_sealer;

struct cs_sealer_config {
    uv_loop_t *loop;
    const char *ref, *device_id; /* borrowed until closed, as env */
    struct cs_span record;       /* of an old store; empty: */
    const uint8_t *fresh_key;    /* 32 random bytes for a new one */
    const struct cs_aws_env *env;
    /* KMS does not answer: why, and when it is asked again.  NULL allowed. */
    void (*waiting)(void *ctx, const char *text, uint32_t ms);
    /* Once: CS_OK (cs_sealer_key), or what ends it.  May close. */
    void (*done)(void *ctx, enum cs_err err, const struct cs_why *why);
    void *ctx;
};

/* What cs_seal_new and cs_https_new say.  Nothing runs before cs_sealer_start. */
enum cs_err cs_sealer_new(struct cs_sealer **out, const struct cs_sealer_config *cfg,
                          struct cs_why *why) CS_MUST_USE;
void cs_sealer_start(struct cs_sealer *s); /* done() is not called from inside */
/* After done(CS_OK): as cs_seal_key and cs_seal_record. */
const uint8_t *cs_sealer_key(const struct cs_sealer *s);
struct cs_span cs_sealer_record(const struct cs_sealer *s);
/* Wipes; no callback but closed(ctx), which comes when all handles are gone. */
void cs_sealer_close(struct cs_sealer *s, void (*closed)(void *ctx), void *ctx);

#endif
