/* The OT setup of a pair of nodes over one link, both directions, from the first
 * message to its burning (PROTOCOLS 4.2, 4.6, 15.1 A4, 15.4 D1, D3).  RAM only: nothing
 * of it can be stored, and it goes with its link.
 *
 *   NONE -> RUNNING -> TESTED;  any -> BURNED;  BURNED -> NONE by an operator only
 *
 * Alice of a direction begins it (cs_ot_pair_start).  Messages of proto 2 carry osid in
 * the sid field, zero key id and epoch, everything in the private part:
 *
 *   2.1 OT_R      A -> B  (r_0, r_1) x 128
 *   2.2 OT_S      B -> A  (m_0, m_1) x 128
 *   2.3 OT_EXT    B -> A  nonce 32, U, x, t
 *   2.4 OT_MUL    A -> B  sid 32, nonce 32, at, eta, mu, a_0, a_1, c_0, c_1
 *   2.5 OT_OPEN   B -> A  sid 32, chi, d_0, d_1
 *   2.6 OT_DONE   A -> B  sid 32
 *
 * Computing is handed out as jobs, as in session.h: feed -> take_job -> [worker] run ->
 * job_done.  While a job is out the rest goes on; a burn meanwhile makes its result
 * worthless.
 *
 * Sessions join a pair: at most 16 at once, and one check at a time (the lock of 4.6),
 * so that a peer who guesses bits of Delta gets one failed guess and no second answer.
 *
 * Thread: loop, except cs_ot_job_run (worker). */
#ifndef CS_MPC_OT_SETUP_H
#define CS_MPC_OT_SETUP_H

#include "base/wr.h"
#include "mpc/ot_base.h"
#include "mpc/round.h"
#include "mpc/rvole.h"
#include "mpc/session.h"

enum cs_ot_type {
    CS_TYPE_OT_R = 1,
    CS_TYPE_OT_S = 2,
    CS_TYPE_OT_EXT = 3,
    CS_TYPE_OT_MUL = 4,
    CS_TYPE_OT_OPEN = 5,
    CS_TYPE_OT_DONE = 6,
};

enum {
    CS_OT_EXT_LEN = 32 + CS_OTX_LEN,
    CS_OT_MUL_LEN = 32 + 32 + CS_RVOLE_LEN + 4 * 32,
    CS_OT_OPEN_LEN = 32 + 3 * 32,
    CS_OT_DONE_LEN = 32,
    CS_OT_SESSIONS_MAX = 16, /* of a pair at once (4.6) */
    CS_OT_RUNS_MAX = 16,     /* setups of one direction on one link */
    CS_OT_OUT_MAX = 4,
};

enum cs_ot_state {
    CS_OT_NONE,
    CS_OT_RUNNING,
    CS_OT_TESTED, /* only this one serves */
    CS_OT_BURNED,
};

/* What a tested direction leaves to the sessions: counted, guarded, never changed. */
struct cs_ot_keys {
    unsigned refs; /* loop only */
    struct cs_ot_ids ids;
    bool is_alice;
    struct cs_ot_alice_keys alice; /* one of the two */
    struct cs_ot_bob_keys bob;
    struct cs_rvole_gadget gadget;
};
struct cs_ot_keys *cs_ot_keys_ref(struct cs_ot_keys *k);
void cs_ot_keys_drop(struct cs_ot_keys *k); /* wipes with the last; NULL allowed */

/* One message for the peer: sid field = osid, private part = body. */
struct cs_ot_msg {
    uint8_t type;
    uint8_t osid[32];
    struct cs_wr body;
};
/* Zero-initialise; clear after use. */
struct cs_ot_out {
    struct cs_ot_msg msgs[CS_OT_OUT_MAX];
    size_t n_msgs;
    bool changed;       /* state of the pair may have changed */
    enum cs_err failed; /* this call discarded a run: why (SETUP_TEST is counted, D3) */
};
void cs_ot_out_clear(struct cs_ot_out *out);

struct cs_ot_pair_params {
    uint8_t link_id[16], ds_hash[32];
    uint8_t self, peer;
    const uint8_t *local; /* 32-byte local secret that hedges; copied */
    bool burned;          /* the peer is in quarantine already (persistent) */
};

struct cs_ot_pair;
/* NULL: no memory.  Guarded. */
struct cs_ot_pair *cs_ot_pair_new(const struct cs_ot_pair_params *p);
/* Ends its sessions (LINK_LOST) and wipes; NULL allowed. */
void cs_ot_pair_free(struct cs_ot_pair *p);

/* ---- setup ---------------------------------------------------------------------- */

/* Begins the direction in which this node is Alice, with the next counter.  Sessions
 * pinned to the setup before are ended.  STATE while it runs, OT_BURNED, LIMIT after
 * CS_OT_RUNS_MAX on this link. */
enum cs_err cs_ot_pair_start(struct cs_ot_pair *p) CS_MUST_USE;

/* A message of proto 2 whose sid field is osid.  Returns
 *   CS_OK          taken; maybe there is a job now
 *   REPLAY         repeat, late or not for this state: dropped, count it
 *   SETUP_MISSING  OT_R with another setup than the next one (D1): tell the peer
 *   OT_BURNED      nothing is done with this peer
 *   LIMIT          too many setups on this link
 *   other          the run was discarded: blame the sender as the code says */
enum cs_err cs_ot_pair_feed(struct cs_ot_pair *p, uint8_t type, const uint8_t osid[32],
                            struct cs_span body, struct cs_ot_out *out) CS_MUST_USE;
/* The last messages once more, unchanged: after 1, 2, 4 s without progress. */
void cs_ot_pair_resend(struct cs_ot_pair *p, struct cs_ot_out *out);
/* The peer said that it ended the run with this osid. */
void cs_ot_pair_aborted(struct cs_ot_pair *p, const uint8_t osid[32],
                        struct cs_ot_out *out);

struct cs_ot_job;
/* NULL: nothing to compute, or no memory. */
struct cs_ot_job *cs_ot_pair_take_job(struct cs_ot_pair *p, cs_random_fn *random,
                                      void *random_ctx);
void cs_ot_job_run(struct cs_ot_job *job);  /* worker */
void cs_ot_job_free(struct cs_ot_job *job); /* wipes; NULL allowed */
/* Takes the result, frees the job.  As cs_ot_pair_feed. */
enum cs_err cs_ot_pair_job_done(struct cs_ot_pair *p, struct cs_ot_job *job,
                                struct cs_ot_out *out) CS_MUST_USE;

/* Of both directions together: TESTED when both are. */
enum cs_ot_state cs_ot_pair_state(const struct cs_ot_pair *p);
/* Of the direction with this Alice alone. */
enum cs_ot_state cs_ot_pair_half(const struct cs_ot_pair *p, uint8_t alice);
/* osid of that direction's latest run, whatever became of it; NULL: there was none. */
const uint8_t *cs_ot_pair_latest(const struct cs_ot_pair *p, uint8_t alice);
/* osid of the tested direction with this Alice, NULL when there is none. */
const uint8_t *cs_ot_pair_osid(const struct cs_ot_pair *p, uint8_t alice);
uint32_t cs_ot_pair_counter(const struct cs_ot_pair *p,
                            uint8_t alice); /* used so far */

/* ---- the end of a setup (4.6) --------------------------------------------------- */

/* Both directions' state is gone, the pair's sessions end with OT_BURNED.  The owner
 * persists the quarantine and tells operator and third node. */
void cs_ot_pair_burn(struct cs_ot_pair *p);
/* An operator released the peer: NONE; start a new setup. */
void cs_ot_pair_release(struct cs_ot_pair *p);

/* ---- sessions ------------------------------------------------------------------- */

/* Kept by a session; kill() ends it at once (the pair has let go of it already). */
struct cs_ot_user {
    struct cs_ot_pair *pair; /* NULL once it has left */
    void (*kill)(struct cs_ot_user *u, enum cs_err why);
};

/* Pins the pair's setups: references to the keys of both directions.
 *   SETUP_MISSING  not TESTED (no blame, no burn)    OT_BURNED    LIMIT  16 are there
 */
enum cs_err cs_ot_pair_join(struct cs_ot_pair *p, struct cs_ot_user *u,
                            struct cs_ot_keys **as_alice, struct cs_ot_keys **as_bob)
    CS_MUST_USE;
void cs_ot_user_leave(struct cs_ot_user *u); /* gives the lock back; idempotent */
/* The lock of 4.6: one holder.  False while another has it, or when u has left. */
bool cs_ot_user_lock(struct cs_ot_user *u) CS_MUST_USE;
void cs_ot_user_unlock(struct cs_ot_user *u);

#endif
