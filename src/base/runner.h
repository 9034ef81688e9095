/* Drives one core: event in, store first, then act.  Loop thread.
 *
 * Used unchanged by the libuv glue and by the simulator, so the order of effects is
 * tested where faults can be injected. */
#ifndef CS_BASE_RUNNER_H
#define CS_BASE_RUNNER_H

#include "base/env.h"

struct cs_runner_pending; /* actions of one step, waiting for its commit */

struct cs_runner {
    struct cs_core core;
    struct cs_env env;
    struct cs_runner_pending *first, *last;
    size_t n_pending; /* steps that wait: lets the glue apply back-pressure */
    uint64_t last_seq;
    uint64_t durable_seq;
    enum cs_err failed; /* not CS_OK: latched, nothing more is stored or sent */
    bool busy;          /* in the core or in env.act: no events now */
};

void cs_runner_init(struct cs_runner *r, struct cs_core core, struct cs_env env);
/* Drops what waits.  The core is the caller's. */
void cs_runner_wipe(struct cs_runner *r);
/* Stamps ev with the clocks and gives it to the core.  Not from inside env calls
 * (asserted for act): queue it instead. */
void cs_runner_event(struct cs_runner *r, struct cs_event *ev);
/* The batch with this number is durable, or failed: then everything that waits is
 * dropped and the core hears COMMIT_FAILED.  From then on batches are dropped and only
 * CLOSE and EXIT are executed: memory may be ahead of the store. */
void cs_runner_committed(struct cs_runner *r, uint64_t seq, enum cs_err err);

#endif
