/* Calls to the outside for the core (CS_ACT_CALL): webhooks' endpoints.
 *
 * Several at once, each by an HTTPS client of its own (net/https_client.h): TLS 1.2 or
 * later with the certificate checked, no redirects, no proxy, 30 s, nothing read of an
 * answer but its status.  A name is resolved once; every address that it stands for is
 * held against callee.h, and exactly one of these is dialled, so a name that changes
 * its mind in between changes nothing (RELIABILITY T36).  Thread: loop. */
#ifndef CS_PLATFORM_CALLER_H
#define CS_PLATFORM_CALLER_H

#include <uv.h>

#include "base/env.h"
#include "base/why.h"
#include "platform/core/callee.h"

struct cs_caller;

struct cs_caller_config {
    uv_loop_t *loop;
    const char *ca_file;                /* PEM, the only roots; NULL: the system's */
    const struct cs_callee_rule *rules; /* borrowed, outlive it */
    size_t n_rules;
    /* How a call ended, as CS_EV_CALLED says it; not from inside cs_caller_call. */
    void (*called)(void *ctx, uint64_t id, enum cs_err err, int status,
                   const char *reason);
    void *ctx;
};

/* "CIDR[:port]": "10.1.0.0/16", "127.0.0.1/32:8443", "[fd00::]/8:443".  CONFIG. */
enum cs_err cs_callee_rule_parse(struct cs_callee_rule *out, const char *text,
                                 struct cs_why *why) CS_MUST_USE;

/* CONFIG: the file is no PEM; NOMEM. */
enum cs_err cs_caller_new(struct cs_caller **out, const struct cs_caller_config *cfg,
                          struct cs_why *why) CS_MUST_USE;
/* a: text, headers, data of a CALL; borrowed. */
void cs_caller_call(struct cs_caller *c, const struct cs_action *a);
void cs_caller_cancel(struct cs_caller *c); /* nobody waits for these any more */
/* closed(ctx) (NULL allowed) follows when all handles are gone; c is gone then. */
void cs_caller_close(struct cs_caller *c, void (*closed)(void *ctx), void *ctx);

/* 32 bytes of DIR/seal.key, made with the first start: what the store's secrets of
 * webhooks are sealed under.  CONFIG: the file is something else; OS. */
enum cs_err cs_seal_key_load(uint8_t out[32], const char *dir, struct cs_why *why)
    CS_MUST_USE;

#endif
