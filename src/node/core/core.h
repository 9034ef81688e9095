/* Inside of the node core: its parts, and who calls whom; types.h has its tables.
 *
 *   node_core.c    new, free, step, deadline
 *   pairing_key.c  PAIRING_KEY
 *   boot.c         what a start loads and makes
 *   conn.c         the two connections
 *   control.c      control frames in and out
 *   outbox.c       events to the platform
 *   quorum.c       joining, records
 *   links.c        links, frames, messages
 *   peers.c        what is held against a peer
 *   devices.c      the same of its device, in whatever quorum; limits of OT setups
 *   notice.c       quarantines, told to the other members
 *   ots.c          OT setups of the pairs, for DKLs23
 *   ot_jobs.c      what of them workers compute
 *   park.c         messages that came early
 *   work.c         requests and their attempts
 *   keys.c         key records, cache
 *   keygen.c       DKG sessions
 *   prove.c        what follows an active key
 *   stuck.c        PENDING keys
 *   request.c      from a command to a request
 *   items.c        what a request consists of; release
 *   sign.c         FROST online: initiator, clocks
 *   answer.c       FROST online: responder
 *   allow.c        the policy, and the ledger of its windows
 *   approve.c      the approver
 *   question.c     what the approver is told
 *   check.c        check signatures of new keys
 *   nonces.c       lists of nonces
 *   ecdsa.c        DKLs23 online: both roles
 *   jobs.c         what workers compute
 *   record.c       the journal
 *   results.c      results with more than one signature
 *   version.c      versions of the peers' programs
 *   local.c        questions on the local socket
 *   kits.c         backup kits
 *   backup.c       what is backed up
 *   vouch.c        countersignatures of the platform's audit log
 *   status.c       state, heartbeat
 *   report.c       the status object, for people
 *   metrics.c      counters, gauges
 *
 * Every function runs inside one step; n->now, n->wall and n->out are that step's. */
#ifndef CS_NODE_CORE_CORE_H
#define CS_NODE_CORE_CORE_H

#include "node/core/types.h"

/* boot.c */
enum cs_err cs_nd_boot_open(struct cs_node_core *n,
                            const struct cs_node_core_config *cfg, struct cs_why *why)
    CS_MUST_USE;
void cs_nd_boot_start(struct cs_node_core *n);
/* The next start is number 1 of a new range (mpc/link/peer_seen.h). */
void cs_nd_boot_restored(struct cs_node_core *n);
/* Store calls whose failure ends this life: the runner drops the step. */
void cs_nd_put(struct cs_node_core *n, uint8_t table, struct cs_span key,
               struct cs_span value);
void cs_nd_del(struct cs_node_core *n, uint8_t table, struct cs_span key);
void cs_nd_fail(struct cs_node_core *n, enum cs_err err, const char *what);
/* cs_wr_lp of another writer, with its error: half a record must not look whole. */
void cs_nd_nest(struct cs_wr *w, const struct cs_wr *inner);
void cs_nd_save_identity(struct cs_node_core *n);
void cs_nd_forget_pairing(struct cs_node_core *n); /* wipes the seed: it was used */

/* conn.c */
void cs_nd_conn_init(struct cs_node_core *n);
void cs_nd_conn_want(struct cs_node_core *n, struct conn *c); /* open when idle */
void cs_nd_conn_up(struct cs_node_core *n, const struct cs_event *ev);
void cs_nd_conn_down(struct cs_node_core *n, const struct cs_event *ev);
void cs_nd_conn_message(struct cs_node_core *n, const struct cs_event *ev);
void cs_nd_conn_time(struct cs_node_core *n);
uint64_t cs_nd_conn_deadline(const struct cs_node_core *n);
void cs_nd_conn_welcome(struct cs_node_core *n, struct conn *c); /* signed in */
void cs_nd_conn_drop(struct cs_node_core *n, struct conn *c, enum cs_err why);
/* IK over TH("auth"; ..) for a channel. */
void cs_nd_auth_sign(struct cs_node_core *n, uint8_t sig[64], const struct conn *c,
                     const uint8_t nonce[32]);

/* control.c */
void cs_nd_control_message(struct cs_node_core *n, struct cs_span text);
void cs_nd_control_send(struct cs_node_core *n, const struct cs_ctl_frame *f);
bool cs_nd_is_approved(const struct cs_node_core *n);
bool cs_nd_is_enabled(const struct cs_node_core *n);

/* vouch.c: the platform shows the head of its audit log (RELIABILITY T37). */
enum cs_err cs_nd_vouch_load(struct cs_node_core *n) CS_MUST_USE;
/* A new connection: the number to tell, and all that the platform knows now. */
uint64_t cs_nd_vouch_hello(struct cs_node_core *n);
void cs_nd_vouch(struct cs_node_core *n, const struct cs_ctl_audit *a);
/* At the end of a step: what waits goes with its commit. */
void cs_nd_vouch_time(struct cs_node_core *n);
uint64_t cs_nd_vouch_deadline(const struct cs_node_core *n);
/* An operator: the log that the platform has now is the right one. */
bool cs_nd_vouch_accept(struct cs_node_core *n);

/* outbox.c */
enum cs_err cs_nd_outbox_load(struct cs_node_core *n) CS_MUST_USE;
void cs_nd_outbox_put(struct cs_node_core *n, struct cs_ctl_frame *f); /* kind, body */
void cs_nd_outbox_ack(struct cs_node_core *n, const char *id);
void cs_nd_outbox_reconnected(struct cs_node_core *n);
void cs_nd_outbox_free(struct cs_node_core *n);
bool cs_nd_outbox_full(const struct cs_node_core *n);

/* quorum.c */
enum cs_err cs_nd_quorums_load(struct cs_node_core *n) CS_MUST_USE;
void cs_nd_quorum_join(struct cs_node_core *n, const struct cs_ctl_quorum_join *b);
void cs_nd_quorum_commits(struct cs_node_core *n,
                          const struct cs_ctl_quorum_commits *b);
void cs_nd_quorum_finish(struct cs_node_core *n, const struct cs_ctl_quorum_finish *b);
void cs_nd_quorum_cancel(struct cs_node_core *n, const struct cs_ctl_quorum_cancel *b);
struct quorum *cs_nd_quorum_find(const struct cs_node_core *n, const uint8_t id[16]);
struct quorum *cs_nd_quorum_by_hash(const struct cs_node_core *n,
                                    const uint8_t ds_hash[32]);
void cs_nd_quorum_save(struct cs_node_core *n, const struct quorum *q);
void cs_nd_quorum_free(struct quorum *q);
const char *cs_nd_quorum_state_name(const struct quorum *q);
void cs_nd_quorum_verified(struct cs_node_core *n, struct quorum *q);
/* On the operator's list of peers, or there is no list (DECISIONS 11). */
bool cs_nd_peer_allowed(const struct cs_node_core *n, const struct quorum *q,
                        uint8_t peer);

/* links.c */
void cs_nd_links_open(struct cs_node_core *n, struct quorum *q);
void cs_nd_links_start(struct cs_node_core *n); /* the relay is up */
void cs_nd_links_time(struct cs_node_core *n);
void cs_nd_links_ping(struct cs_node_core *n); /* an operator asks: all live ones */
uint64_t cs_nd_links_deadline(const struct cs_node_core *n);
void cs_nd_links_journal(struct cs_node_core *n); /* the journal grew */
/* Ends the link and begins a new one; what runs on it ends. */
void cs_nd_link_renew(struct cs_node_core *n, struct quorum *q, uint8_t peer);
void cs_nd_relay_message(struct cs_node_core *n, struct cs_span data);
bool cs_nd_link_live(const struct quorum *q, uint8_t peer);
const uint8_t *cs_nd_link_id(const struct quorum *q, uint8_t peer); /* or NULL */
/* Seals and sends; false when there is no live link, or the peer is in quarantine:
 * whatever was under way, it hears nothing more (2.8). */
bool cs_nd_link_send(struct cs_node_core *n, struct quorum *q, uint8_t to,
                     const struct cs_message *m);
void cs_nd_peer_accept(struct cs_node_core *n, struct quorum *q, uint8_t peer);
/* A message whose link has opened it (also from park.c). */
void cs_nd_message(struct cs_node_core *n, struct quorum *q, uint8_t from,
                   const struct cs_message *m);

/* peers.c */
void cs_nd_blame(struct cs_node_core *n, struct quorum *q, uint8_t peer,
                 enum cs_err err);
/* Of the device, in whatever quorum it misbehaved (PROTOCOLS 2.8: for any key). */
bool cs_nd_quarantined(const struct cs_node_core *n, const struct quorum *q,
                       uint8_t peer);
void cs_nd_peer_release(struct cs_node_core *n, struct quorum *q, uint8_t peer);
enum cs_err cs_nd_peer_load(struct cs_node_core *n, struct quorum *q, uint8_t peer)
    CS_MUST_USE;
void cs_nd_peer_key(uint8_t key[17], const struct quorum *q, uint8_t peer);
/* Index of the same device in that quorum, 0 when it is none of its members. */
uint8_t cs_nd_device_index(const struct quorum *q, const uint8_t device_id[16]);
/* Nothing more with this peer's device, in any quorum, until an operator releases it:
 * stored, its OT setups burned, told to the platform and to the other members.  Does
 * nothing when it is in quarantine already. */
void cs_nd_quarantine(struct cs_node_core *n, struct quorum *q, uint8_t peer,
                      enum cs_err err);
/* The word that others get: a failed check of 4.6 or of a setup is CHEAT, no more. */
enum cs_err cs_nd_public_reason(enum cs_err err);

/* devices.c */
struct device *cs_nd_device_find(const struct cs_node_core *n, const uint8_t id[16]);
enum cs_err cs_nd_device_load(struct cs_node_core *n, struct quorum *q, uint8_t peer)
    CS_MUST_USE;
void cs_nd_devices_free(struct cs_node_core *n);
void cs_nd_device_save(struct cs_node_core *n, const struct device *d);
/* TH("quarantine"; ds_hash, self, peer, name of the error, time, journal head): ties
 * the record to what this node had written by then, its INTENTs with that peer among
 * it. */
void cs_nd_evidence(const struct cs_node_core *n, const struct quorum *q, uint8_t peer,
                    enum cs_err err, uint8_t out[32]);
/* Takes one setup from what the device is allowed; false: none is left. */
bool cs_nd_ot_take(struct cs_node_core *n, struct device *d, struct ot_bucket *b);
uint64_t cs_nd_ot_allowed_at(const struct cs_node_core *n, const struct device *d,
                             const struct ot_bucket *b); /* <= now: at once */
/* A setup failed: longer pause; SETUP_TEST is counted, the third in 24 h quarantines.
 */
void cs_nd_ot_failed(struct cs_node_core *n, struct quorum *q, uint8_t peer,
                     enum cs_err err);

/* notice.c: message 9.3 */
void cs_nd_notice_send(struct cs_node_core *n, struct quorum *q, uint8_t about,
                       enum cs_err why); /* to all others; CS_OK: released */
void cs_nd_notice_link(struct cs_node_core *n, struct quorum *q, uint8_t to);
void cs_nd_notice_time(struct cs_node_core *n); /* said again, since it may be lost */
uint64_t cs_nd_notice_deadline(const struct cs_node_core *n);
void cs_nd_notice(struct cs_node_core *n, struct quorum *q, uint8_t from,
                  const struct cs_message *m);

/* ots.c: OT setups (PROTOCOLS 4.2, 4.6; mpc/ot_setup.h) run in the background as soon
 * as a link of a quorum that needs them is live.  What a peer can make this node
 * compute is bounded per device, over all links and quorums (devices.c), and per node
 * by MAX_OT_*. */
void cs_nd_ot_load(const struct cs_node_core *n, struct quorum *q); /* q has its id */
/* An ECDSA key is asked for in this quorum: from now on, for ever, its pairs are set
 * up. */
void cs_nd_ot_need(struct cs_node_core *n, struct quorum *q);
void cs_nd_ot_link(struct cs_node_core *n, struct quorum *q, uint8_t peer); /* is up */
void cs_nd_ot_link_lost(struct cs_node_core *n, struct quorum *q, uint8_t peer);
void cs_nd_ot_message(struct cs_node_core *n, struct quorum *q, uint8_t from,
                      const struct cs_message *m);
/* An ABORT that is about a setup: true, and it is done with. */
bool cs_nd_ot_control(struct cs_node_core *n, struct quorum *q, uint8_t from,
                      const struct cs_message *m);
void cs_nd_ot_time(struct cs_node_core *n);
uint64_t cs_nd_ot_deadline(const struct cs_node_core *n);
/* Both directions are TESTED: peer.ot may be joined. */
bool cs_nd_ot_ready(const struct quorum *q, uint8_t peer);
/* The peer answered SETUP_MISSING to a session: sets this node's direction up again, as
 * fast as the device is allowed. */
void cs_nd_ot_missing(struct cs_node_core *n, struct quorum *q, uint8_t peer);
/* A check of 4.6 failed in a session (out.burned).  Stores the quarantine, tells. */
void cs_nd_ot_burned(struct cs_node_core *n, struct quorum *q, uint8_t peer,
                     enum cs_err err);
/* Its pairs in all quorums are BURNED; after the release NONE, and set up anew. */
void cs_nd_ot_quarantined(struct cs_node_core *n, const struct device *d);
void cs_nd_ot_released(struct cs_node_core *n, const struct device *d);
/* What cs_ot_pair_feed or _job_done returned for the run with this osid, and left in
 * *out: sends, counts, blames, computes on. */
void cs_nd_ot_judge(struct cs_node_core *n, struct quorum *q, uint8_t peer,
                    const uint8_t osid[32], enum cs_err err, struct cs_ot_out *out);

/* ot_jobs.c */
void cs_nd_ot_pump(struct cs_node_core *n); /* hands jobs out, as many as may be out */

/* ecdsa.c: a pair became TESTED, or its setup, and with it every session that had
 * joined it, ended: works of this pair look what to do.  Called at the end of a step.
 */
void cs_nd_works_ot(struct cs_node_core *n, struct quorum *q, uint8_t peer);

/* park.c */
void cs_nd_park(struct cs_node_core *n, struct quorum *q, uint8_t from,
                const struct cs_message *m);
void cs_nd_unpark(struct cs_node_core *n, const struct quorum *q); /* try them again */
/* Waits for the own approver: one copy, also of what belongs to the same session. */
void cs_nd_park_until(struct cs_node_core *n, struct quorum *q, uint8_t from,
                      const struct cs_message *m, uint64_t until);
void cs_nd_park_time(struct cs_node_core *n);
uint64_t cs_nd_park_deadline(const struct cs_node_core *n);
void cs_nd_park_free(struct cs_node_core *n);

/* work.c */
enum cs_err cs_nd_works_load(struct cs_node_core *n) CS_MUST_USE;
struct work *cs_nd_work_new(struct cs_node_core *n, enum work_kind kind);
void cs_nd_work_save(struct cs_node_core *n, const struct work *w);
void cs_nd_work_end(struct cs_node_core *n,
                    struct work *w); /* unlinks, frees, deletes */
/* Drops session and runs, and what was signed: a new attempt may begin.  Also called by
 * cs_node_core_free, outside of a step: nothing is sent. */
void cs_nd_work_reset(struct cs_node_core *n, struct work *w);
struct work *cs_nd_work_find(const struct cs_node_core *n,
                             const uint8_t request_id[16]);
struct work *cs_nd_work_by_serial(const struct cs_node_core *n, uint64_t serial);
void cs_nd_work_cancel(struct cs_node_core *n, const uint8_t request_id[16],
                       enum cs_err why);
void cs_nd_works_link(struct cs_node_core *n, struct quorum *q, uint8_t peer);
void cs_nd_works_link_lost(struct cs_node_core *n, struct quorum *q, uint8_t peer);
void cs_nd_works_time(struct cs_node_core *n);
uint64_t cs_nd_works_deadline(const struct cs_node_core *n);
void cs_nd_works_free(struct cs_node_core *n);
/* Reports failure of the current attempt and ends or parks the work. */
void cs_nd_work_failed(struct cs_node_core *n, struct work *w, enum cs_err err,
                       const char *phase, uint8_t blame);
/* A SIGN work of the life before. */
void cs_nd_work_restarted(struct cs_node_core *n, struct work *w);
void cs_nd_report_failed(struct cs_node_core *n, enum cs_ctl_kind kind,
                         const uint8_t request_id[16], const uint8_t key_id[16],
                         uint32_t attempt, uint8_t index, enum cs_err err,
                         const char *phase, uint8_t blame,
                         const struct cs_ctl_trace *trace /* NULL: none */);
bool cs_nd_is_retryable(enum cs_err err);

/* trace.c: what the timeline shows of an attempt; party did the step */
void cs_nd_trace(const struct cs_node_core *n, struct work *w, uint8_t party,
                 const char *step);
void cs_nd_trace_round(const struct cs_node_core *n, struct work *w, uint8_t party,
                       unsigned round);
void cs_nd_trace_take(const struct cs_node_core *n, const struct work *w,
                      struct cs_ctl_trace *out);

/* record.c: the journal of requests (PROTOCOLS 6.3) */
/* Of this attempt, with w->use_id.  Not CS_OK: conflict, answered before, USAGE. */
enum cs_err cs_nd_journal_intent(struct cs_node_core *n, const struct work *w,
                                 uint8_t peer) CS_MUST_USE;
/* Outcome of an attempt whose intent this node wrote as its initiator (KEYGEN: as a
 * member).  CS_OK of a SIGN or CHECK: with the signatures of all items; one is in the
 * entry, more are in TABLE_SIGS and the entry has their SHA-256. */
void cs_nd_journal_result(struct cs_node_core *n, struct work *w, enum cs_err outcome);
/* This attempt of its request, or a later one, has its INTENT already. */
bool cs_nd_journal_tried(struct cs_node_core *n, const struct work *w);
/* What the request of *w was answered with (RELIABILITY T11): signatures of all items,
 * 64 bytes each, and who made them.
 *   NOT_FOUND  not answered yet, or so long ago that TABLE_SIGS forgot it
 *   STORE_CORRUPT, NOMEM */
enum cs_err cs_nd_journal_stored(struct cs_node_core *n, const struct work *w,
                                 struct cs_wr *signatures, uint8_t signers[2])
    CS_MUST_USE;

/* results.c: results with more than one signature */
void cs_nd_result_put(struct cs_node_core *n, const uint8_t request_id[16],
                      struct cs_span signatures);
enum cs_err cs_nd_result_get(struct cs_node_core *n, const uint8_t request_id[16],
                             struct cs_wr *signatures) CS_MUST_USE; /* NOT_FOUND */

/* keys.c */
struct cached_key *cs_nd_key_load(struct cs_node_core *n, const uint8_t key_id[16],
                                  enum cs_err *err);
/* The same because a peer names the key.  LIMIT: it made this node read and check too
 * many that are not in the cache. */
struct cached_key *cs_nd_key_load_for(struct cs_node_core *n, struct peer *peer,
                                      const uint8_t key_id[16], enum cs_err *err);
void cs_nd_key_store(struct cs_node_core *n, const struct cs_key *k,
                     const struct keyinfo *info);
void cs_nd_key_forget(struct cs_node_core *n,
                      const uint8_t key_id[16]); /* cache only */
void cs_nd_key_erase(struct cs_node_core *n, const uint8_t key_id[16]);
/* As it is stored, without the checks of loading and not from the cache, for who checks
 * it himself or wants its epoch only.  Free it. */
enum cs_err cs_nd_key_read(struct cs_node_core *n, const uint8_t key_id[16],
                           struct cs_key **key, struct keyinfo *info) CS_MUST_USE;
bool cs_nd_key_exists(const struct cs_node_core *n, const uint8_t key_id[16]);
bool cs_nd_key_gone(const struct cs_node_core *n, const uint8_t key_id[16]);
/* This node aborted C of that key for ever. */
void cs_nd_key_set_gone(struct cs_node_core *n, const uint8_t key_id[16],
                        const uint8_t C[32]);
enum cs_err cs_nd_keys_count(struct cs_node_core *n) CS_MUST_USE;
void cs_nd_keys_free(struct cs_node_core *n);

/* backup.c: a key without a kit of its epoch is marked, so that status names it */
enum cs_err cs_nd_backup_load(struct cs_node_core *n) CS_MUST_USE;
void cs_nd_backup_start(struct cs_node_core *n); /* marks the keys of an older store */
void cs_nd_kit_missing(struct cs_node_core *n, const uint8_t key_id[16]);
void cs_nd_kit_exists(struct cs_node_core *n, const uint8_t key_id[16]);

/* keygen.c */
void cs_nd_keygen_command(struct cs_node_core *n, const struct cs_ctl_key_create *b);
void cs_nd_keygen_try(struct cs_node_core *n,
                      struct work *w); /* links may be there now */
void cs_nd_keygen_message(struct cs_node_core *n, struct quorum *q, uint8_t from,
                          const struct cs_message *m);
void cs_nd_keygen_time(struct cs_node_core *n, struct work *w);
void cs_nd_keygen_job(struct cs_node_core *n, struct work *w, struct cs_round_job *job);
void cs_nd_keygen_link(struct cs_node_core *n, struct work *w, uint8_t peer);
void cs_nd_keygen_fail(struct cs_node_core *n, struct work *w, enum cs_err err);
void cs_nd_keygen_resume(struct cs_node_core *n, struct work *w); /* after a restart */
enum cs_err cs_nd_keygen_giveup(struct cs_node_core *n, const uint8_t key_id[16])
    CS_MUST_USE;

/* prove.c: an ACTIVE key is said, then proven pair by pair */
void cs_nd_keygen_activated(struct cs_node_core *n, struct work *w);
void cs_nd_prove(struct cs_node_core *n, struct work *w);
void cs_nd_keygen_proven(struct cs_node_core *n, struct work *check);

/* stuck.c: PENDING keys ask around (PROTOCOLS 3.5, 15.3 C3) */
void cs_nd_stuck_ask(struct cs_node_core *n, struct work *w, uint8_t peer); /* 0: all */
void cs_nd_stuck_message(struct cs_node_core *n, struct quorum *q, uint8_t from,
                         const struct cs_message *m);

/* request.c: from a `sign` command to a work */
void cs_nd_sign_command(struct cs_node_core *n, const struct cs_ctl_sign *b);
enum cs_chain_scheme cs_nd_chain_scheme(enum cs_scheme scheme);
/* Are these things to sign ones that the key signs (7.7, rows 49 and 50)?  child: the
 * key of the request's path.  POLICY_REFUSED otherwise. */
enum cs_err cs_nd_check_items(const struct cs_chain_tx *tx,
                              const struct cs_request *req, const struct cs_key *key,
                              const struct cs_bip32 *child, const char **why)
    CS_MUST_USE;

/* allow.c */
enum cs_err cs_nd_policy_load(struct cs_node_core *n) CS_MUST_USE;
/* May this be signed by the operator's rules?  Reserves its amount until the INTENT, or
 * the end of *w.  POLICY_REFUSED, LIMIT: the ledger is full. */
enum cs_err cs_nd_policy_judge(struct cs_node_core *n, struct work *w,
                               const struct cs_ctl_sign *b,
                               const struct cs_chain_tx *tx) CS_MUST_USE;
/* The INTENT is in this step's batch: what was reserved goes into the ledger. */
void cs_nd_policy_count(struct cs_node_core *n, struct work *w);

/* approve.c */
/* Nobody needs to be asked (again) about this request. */
bool cs_nd_approval_known(const struct cs_node_core *n, const struct work *w);
/* Asks once an hour.  CS_OK: allowed, or asked (cs_nd_approval tells which).  A
 * refusal; REQUEST_CONFLICT; LIMIT: too many requests. */
enum cs_err cs_nd_approval_ask(struct cs_node_core *n, struct work *w,
                               struct cs_span question) CS_MUST_USE;
/* CS_OK: allowed, or nobody is to be asked.  STATE: not answered yet.  A refusal. */
enum cs_err cs_nd_approval(const struct cs_node_core *n, const struct work *w)
    CS_MUST_USE;
uint64_t cs_nd_approval_until(const struct cs_node_core *n, const struct work *w);
/* Why this node refused the request, also when its work is gone; CS_OK: it did not. */
enum cs_err cs_nd_approval_refused(const struct cs_node_core *n,
                                   const uint8_t request_id[16]);
void cs_nd_verdict(struct cs_node_core *n, uint64_t id, enum cs_err err,
                   struct cs_span reason);
void cs_nd_approvals_time(struct cs_node_core *n);
uint64_t cs_nd_approvals_deadline(const struct cs_node_core *n);
void cs_nd_approvals_free(struct cs_node_core *n);
void cs_nd_say_step(struct cs_node_core *n, const uint8_t request_id[16],
                    const struct quorum *q, const char *step, const char *text);

/* question.c */
void cs_nd_question(struct cs_wr *out, const struct work *w, const struct cached_key *c,
                    const struct cs_ctl_sign *b, const struct cs_chain_tx *tx);

/* sign.c: attempts of SIGN and CHECK works; FROST as initiator */
void cs_nd_sign_begin(struct cs_node_core *n, struct work *w);
/* Initiator: starts what may start now, of either protocol.  *w may be gone after. */
void cs_nd_sign_try(struct cs_node_core *n, struct work *w);
void cs_nd_sign_message(struct cs_node_core *n, struct quorum *q, uint8_t from,
                        const struct cs_message *m);
void cs_nd_sign_time(struct cs_node_core *n, struct work *w);
/* ABORT or EVIDENCE that no session claims. */
void cs_nd_sign_control(struct cs_node_core *n, struct quorum *q, uint8_t from,
                        const struct cs_message *m);
uint8_t cs_nd_other_signer(const struct work *w);
/* What both roles need. */
void cs_nd_frost_task(const struct work *w, size_t item, const struct cs_key *key,
                      struct cs_frost_task *t);
void cs_nd_send_frost(struct cs_node_core *n, struct quorum *q, uint8_t to,
                      uint8_t type, const struct cs_request *req, const uint8_t *sid,
                      struct cs_span priv);
/* ABORT about the run whose message was m (POLICY_REFUSED, NONCE_UNKNOWN ..). */
void cs_nd_send_abort(struct cs_node_core *n, struct quorum *q, uint8_t to,
                      const struct cs_message *m, enum cs_err why);
/* For the simulator's oracle: a nonce that leaves, or that signed, the request, attempt
 * and item that it is for, and what it is bound to (NULL: the item's message). */
void cs_nd_notify_nonce(struct cs_node_core *n, const struct work *w, size_t item,
                        struct cs_span commit, const uint8_t *bound_to);

/* items.c: what a request consists of, and how an attempt comes to its end */
/* Gives the work its items, with copies of the messages.  LIMIT when the open requests
 * of this node hold too many items or bytes, or count is not 1..512; NOMEM. */
enum cs_err cs_nd_work_items(struct cs_node_core *n, struct work *w,
                             const struct cs_span *messages, size_t count) CS_MUST_USE;
void cs_nd_items_free(struct cs_node_core *n, struct work *w);
void cs_nd_items_reset(struct cs_node_core *n, struct work *w); /* for a new attempt */
/* Items whose run, session or job exists: at most ITEM_WINDOW. */
size_t cs_nd_items_under_way(const struct work *w);
/* Not signed and not under way: may be started. */
bool cs_nd_item_is_open(const struct item *it);
/* The INTENT of this attempt, once, before any share of any item leaves; covers all
 * items.  peer: the other signer.  use_id: sid or presid of the item that starts now
 * (also to be set in the item).  False: it cannot be recorded, and *w is gone. */
bool cs_nd_work_intent(struct cs_node_core *n, struct work *w, uint8_t peer,
                       const uint8_t use_id[32]) CS_MUST_USE;
/* Initiator: this item has its signature, verified under the key of the request's path.
 * Starts what now fits the window; with the last one: RESULT, then sign.done or
 * key.checked.  *w may be gone after. */
void cs_nd_item_signed(struct cs_node_core *n, struct work *w, size_t item,
                       const uint8_t sig[64]);
/* Before a share or a signature leaves: what became forbidden while it was computed.
 * QUARANTINED, POLICY_REFUSED. */
enum cs_err cs_nd_still_allowed(const struct cs_node_core *n, const struct work *w,
                                uint8_t peer) CS_MUST_USE;
/* For a request that was answered before; *w is gone after. */
void cs_nd_answer_stored(struct cs_node_core *n, struct work *w);
/* Responder: a share of this item leaves in this step.  When that was the last one, the
 * work stays for repeats only. */
void cs_nd_item_answered(struct cs_node_core *n, struct work *w, size_t item);
/* The key that a request's path leads to, and the tweak to it; the empty path: the root
 * key and zero.  USAGE for an Ed25519 key, else what cs_bip32_derive says. */
enum cs_err cs_nd_child_key(struct cs_bip32 *out, const struct cs_key *key,
                            const struct cs_request *req) CS_MUST_USE;

/* check.c: check signatures of new keys, which every node knows by itself (3.5) */
void cs_nd_check_start(struct cs_node_core *n, struct quorum *q, const struct cs_key *k,
                       uint8_t peer);
/* The responder's work for a request that no command came for.  use_id: sid or presid
 * that asks; another one than the work has replaces what was answered before.
 *   NOT_FOUND       it is not the check signature of this pair: park the message
 *   POLICY_REFUSED  asked for too often      STATE  the key is not ACTIVE here
 *   REQUEST_CONFLICT  a command of the platform took its request id
 *   LIMIT, NOMEM */
enum cs_err cs_nd_check_join(struct cs_node_core *n, struct quorum *q, uint8_t from,
                             const uint8_t key_id[16], const uint8_t request_id[16],
                             const uint8_t use_id[32], struct work **out) CS_MUST_USE;

/* nonces.c */
void cs_nd_frost_use(const struct quorum *q, uint8_t peer, const uint8_t key_id[16],
                     uint32_t epoch, enum cs_scheme scheme,
                     struct cs_frost_use *u); /* the link is live */
void cs_nd_want_nonces(struct cs_node_core *n, const struct work *w, uint8_t peer);
void cs_nd_on_fr_want(struct cs_node_core *n, struct quorum *q, uint8_t from,
                      const struct cs_message *m);
void cs_nd_on_fr_nonces(struct cs_node_core *n, struct quorum *q, uint8_t from,
                        const struct cs_message *m);

/* answer.c */
void cs_nd_on_fr_req(struct cs_node_core *n, struct quorum *q, uint8_t from,
                     const struct cs_message *m);

/* jobs.c: computing on workers.  A job owns what it touches and knows its work by
 * number only.  Embed as first member; fill base.run and base.free (which also wipes);
 * done runs in the step in which the job comes back, then the job is freed. */
struct node_job {
    struct cs_job base; /* base.id is for done: the serial of the work */
    void (*done)(struct cs_node_core *n, struct node_job *job);
};
void cs_nd_job_done(struct cs_node_core *n, struct cs_job *job);
void cs_nd_round_job(struct cs_node_core *n, struct work *w, struct cs_round_job *job);

/* ecdsa.c: DKLs23, both roles (the wire's proto 4) */
/* Initiator: starts open items up to the window. */
void cs_nd_ecdsa_try(struct cs_node_core *n, struct work *w);
void cs_nd_ecdsa_message(struct cs_node_core *n, struct quorum *q, uint8_t from,
                         const struct cs_message *m);
void cs_nd_ecdsa_time(struct cs_node_core *n, struct work *w); /* w->again has come */
/* Ends all runs of the work.  Outside of a step (n->out is NULL) nothing is sent. */
void cs_nd_ecdsa_drop(struct cs_node_core *n, struct work *w);
/* An ABORT that is about one of its sessions: true, and it is done with. */
bool cs_nd_ecdsa_abort(struct cs_node_core *n, struct quorum *q, uint8_t from,
                       const struct cs_message *m);
void cs_nd_ecdsa_link_lost(struct cs_node_core *n, struct quorum *q, uint8_t peer);
void cs_nd_ecdsa_free(struct cs_node_core *n);
void cs_nd_ecdsa_seen_free(struct ecdsa_seen *s); /* NULL allowed */

/* status.c */
void cs_nd_status_time(struct cs_node_core *n);
void cs_nd_state_changed(struct cs_node_core *n);
const char *cs_nd_state(const struct cs_node_core *n);
void cs_nd_notify(struct cs_node_core *n, const char *word, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

const char *cs_nd_link_state(const struct cs_node_core *n, const struct quorum *q,
                             uint8_t peer); /* "LIVE", "QUARANTINED" .. */

/* metrics.c */
void cs_nd_mx_session(struct cs_node_core *n, const struct work *w,
                      enum cs_err outcome);

/* version.c: message 9.4 */
void cs_nd_version_send(struct cs_node_core *n, struct quorum *q, uint8_t to);
void cs_nd_version(struct cs_node_core *n, struct quorum *q, uint8_t from,
                   const struct cs_message *m);

/* local.c */
void cs_nd_local(struct cs_node_core *n, uint64_t request, struct cs_span text);

#endif
