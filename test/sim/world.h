/* The simulator's world: virtual time, one queue of events, all chance from one seed.
 *
 * Three real node cores and the real platform core (with relay) run in this process on
 * the same runner as in production; only sockets, clock, threads and disk are replaced.
 * Nothing here waits: the clock jumps to the next event. */
#ifndef CS_TEST_SIM_WORLD_H
#define CS_TEST_SIM_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/runner.h"
#include "chain/chain.h"
#include "node/core/node_core.h"
#include "platform/core/platform_core.h"
#include "store/kv_mem.h"

enum { SIM_NODES = 3, SIM_PLATFORM = 3, SIM_ACTORS = 4, SIM_CONNS = 4096 };

struct rng {
    uint64_t s[4];
};
void rng_seed(struct rng *r, uint64_t seed);
uint64_t rng_u64(struct rng *r);
uint64_t rng_below(struct rng *r, uint64_t n); /* 0..n-1 */
bool rng_chance(struct rng *r, unsigned per_mille);
void rng_fill(struct rng *r, uint8_t *out, size_t n);

/* What can go wrong in one run; per mille unless said.  Drawn from the seed. */
struct faults {
    unsigned drop, repeat, reorder, tamper, cross, replay; /* relay frames */
    unsigned cut;              /* a connection breaks, per frame */
    unsigned delay_max_ms;     /* of any frame */
    unsigned crash_every_ms;   /* mean time between crashes of one actor, 0: none */
    unsigned platform_crashes; /* per cent of crashes that hit the platform */
    unsigned commit_full, commit_io;
    unsigned evil; /* a node lies: per mille of its messages */
    int evil_node; /* -1: none */
};

struct world;

typedef void event_fn(struct world *w, void *ctx, uint64_t a, uint64_t b);

struct actor {
    int index;
    bool is_alive;
    uint64_t life; /* events of an earlier life find nobody */
    struct cs_kv *kv;
    struct cs_runner runner;
    struct cs_node_core *node;
    struct cs_platform_core *platform;
    struct rng rng;
    uint64_t armed;       /* deadline that is in the queue */
    uint64_t commit_busy; /* commits finish in order .. */
    uint64_t commit_told; /* .. and are told in order */
    enum cs_err commit_err;
    char pairing[8192]; /* nodes: the pairing key text, "" until there is one */
    bool started;       /* nodes: began at least once */
    enum cs_err exit_err;
    unsigned crashes;
};

struct sim_conn { /* one WebSocket between a node and the platform */
    bool is_open;
    int node; /* 0..2 */
    enum cs_channel channel;
    uint64_t node_conn; /* the node core's number */
    uint64_t node_life, platform_life;
    uint64_t at_node, at_platform; /* in-order delivery per direction */
};

struct world {
    uint64_t seed, now;
    struct rng rng; /* of faults and delays */
    struct faults faults;
    bool is_quiet; /* faults are over */
    bool is_over;  /* only what events carry is freed from here on */
    struct event *heap;
    size_t n_heap, cap_heap;
    uint64_t event_seq, n_events;
    struct actor actors[SIM_ACTORS];
    struct sim_conn conns[SIM_CONNS]; /* conn number of the platform = index + 1 */
    size_t n_conns;
    uint8_t kek[SIM_NODES][32];
    char setup_token[128];
    /* HTTP client */
    uint64_t http_next, http_waiting;
    int http_status;
    char *http_body;
    /* recorded relay frames, for replays */
    uint8_t *recorded[64];
    size_t recorded_len[64];
    size_t n_recorded;
    /* checks.c */
    struct nonce_use *nonces;
    size_t n_nonces, cap_nonces;
    uint64_t n_countersigned; /* heads of the audit log that were compared */
    /* approver.c */
    struct asked *asked;
    size_t n_asked, cap_asked;
    char violation[512]; /* "" while all is well */
};

/* world.c */
void world_init(struct world *w, uint64_t seed);
void world_free(struct world *w);
void world_at(struct world *w, uint64_t when, event_fn *fn, void *ctx, uint64_t a,
              uint64_t b);
bool world_next(struct world *w); /* runs one event; false: queue is empty */
void world_run(struct world *w, uint64_t until);
void violate(struct world *w, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* actor.c */
void actor_start(struct world *w, int index);
void actor_crash(struct world *w, int index);
void actor_event(struct world *w, int index, struct cs_event *ev);
void actor_stop_all(struct world *w);

/* net.c */
void net_connect(struct world *w, struct actor *a, const struct cs_action *act);
void net_send(struct world *w, struct actor *a, const struct cs_action *act);
void net_close(struct world *w, struct actor *a, const struct cs_action *act);
void net_actor_gone(struct world *w, int index);

/* client.c: runs the world until the answer is there; status 0: no answer in time */
int http(struct world *w, const char *method, const char *path, const char *token,
         const char *idempotency_key, const char *body);

/* checks.c */
void check_notify(struct world *w, struct actor *a, const char *word, const char *json);
void check_shares(struct world *w, const char *key_id_text); /* a key is shown */
void check_audit(struct world *w);  /* nodes and platform agree on the audit log */
void check_blames(struct world *w); /* only the liar, if there is one, is blamed */

/* approver.c */
bool approver_is_on(const struct world *w);
void approver_ask(struct world *w, struct actor *a, const struct cs_action *act);
/* Something of this request leaves a node. */
void check_approved(struct world *w, const struct actor *a, const char *request);

/* flavor.c: the run's wallet */
struct flavor {
    const char *chain;  /* API's word */
    const char *wallet; /* more members of the request that makes it */
    enum cs_chain_scheme scheme;
    size_t pub_len;
    bool has_texts; /* its key signs texts, too */
};
const struct flavor *flavor_of(uint64_t seed);
/* A transaction of the key, random in what does not matter; hex. */
void flavor_transfer(struct world *w, const struct flavor *f,
                     const char *public_key_hex, char *hex, size_t size);
/* signatures: one for each item in the order of the items, hex, separated by blanks */
void check_signatures(struct world *w, const struct flavor *f, const char *kind,
                      const char *payload, const char *public_key_hex,
                      const char *signatures);

/* evil.c */
struct cs_link;
void evil_set(struct world *w);
void evil_acting(int node); /* whose step is running */

/* scenario.c */
bool scenario_run(struct world *w); /* false: violation says what */

#endif
