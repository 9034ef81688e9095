/* The long-running things: quorums, keys, signing requests.  Each has a record with a
 * timer; events of devices and timers move it on. */
#ifndef CS_PLATFORM_CORE_FLOWS_H
#define CS_PLATFORM_CORE_FLOWS_H

#include "chain/chain.h"
#include "mpc/cert_record.h"
#include "mpc/device_set.h"
#include "platform/core/core.h"

/* ---- quorum.c ---------------------------------------------------------- */

/* What signing asks of a quorum; memory keeps it once read. */
struct cs_pc_qset {
    struct cs_pc_node node;
    uint8_t id[CS_PC_ID];
    struct cs_device_set ds;
    uint8_t ds_hash[32];
    uint32_t quarantined; /* bits of cs_pc_pair_bit: the one thing that changes */
};

struct cs_pc_quorum { /* a loaded record; free with cs_pc_quorum_free */
    json_t *rec;
    json_t *members; /* borrowed: rec._members, [k] is index k + 1 */
    const struct cs_pc_qset *set;
};

/* NULL when there is no such quorum. */
const struct cs_pc_qset *cs_pc_qset(struct cs_platform_core *core,
                                    const uint8_t id[CS_PC_ID]);
void cs_pc_qset_free_all(struct cs_platform_core *core);
void cs_pc_qset_quarantine(struct cs_platform_core *core, const uint8_t id[CS_PC_ID],
                           uint32_t bits);
/* Between steps, when nobody holds one: forgets them when they have become many. */
void cs_pc_qset_trim(struct cs_platform_core *core);
/* The device's index in the set, 0 when it is none. */
uint8_t cs_pc_qset_index(const struct cs_pc_qset *q, const uint8_t device[CS_PC_ID]);
/* The member's device; NULL when it is gone. */
struct cs_pc_live *cs_pc_qset_live(struct cs_platform_core *core,
                                   const struct cs_pc_qset *q, uint8_t index);
void cs_pc_qset_roster(const struct cs_pc_qset *q, struct cs_roster *out);

bool cs_pc_quorum_load(struct cs_platform_core *core, const uint8_t id[CS_PC_ID],
                       struct cs_pc_quorum *out);
void cs_pc_quorum_free(struct cs_pc_quorum *q);
/* True when f speaks for this member: its index is the sender's own. */
bool cs_pc_qset_speaks(const struct cs_pc_qset *q, const struct cs_pc_live *from,
                       uint32_t index);

/* Makes the device set of the new quorum, stores it and asks all members to join.
 * DESCRIPTOR rows (two devices with one key, an invalid key): nothing is stored. */
enum cs_err cs_pc_quorum_start(struct cs_platform_core *core, json_t *rec,
                               struct cs_pc_live *const *members, size_t n) CS_MUST_USE;
/* Ends a quorum that is not confirmed: state, reason, quorum.cancel to all. */
void cs_pc_quorum_end(struct cs_platform_core *core, struct cs_pc_quorum *q,
                      const char *state, const char *reason, const char *text);
/* An operator typed the words in: true when they are the quorum's. */
bool cs_pc_quorum_confirm(struct cs_platform_core *core, struct cs_pc_quorum *q,
                          const char *words);
void cs_pc_quorum_event(struct cs_platform_core *core, struct cs_pc_live *from,
                        const struct cs_ctl_frame *f);
void cs_pc_quorum_timer(struct cs_platform_core *core, const uint8_t id[CS_PC_ID]);

/* ---- peers.c: quarantined pairs ---------------------------------------- */

void cs_pc_peer_event(struct cs_platform_core *core, struct cs_pc_live *from,
                      const struct cs_ctl_frame *f);
uint32_t cs_pc_quarantine_bits(const json_t *quorum);
/* [{playerId, peer, reason, since, text}] */
json_t *cs_pc_quarantine_view(const json_t *quorum);

/* ---- keys.c ------------------------------------------------------------ */

void cs_pc_key_start(struct cs_platform_core *core, json_t *wallet,
                     struct cs_pc_quorum *q);
void cs_pc_key_event(struct cs_platform_core *core, struct cs_pc_live *from,
                     const struct cs_ctl_frame *f);
void cs_pc_key_timer(struct cs_platform_core *core, const uint8_t id[CS_PC_ID]);

/* ---- wallet_key.c ------------------------------------------------------ */

enum cs_scheme cs_pc_wallet_scheme(const json_t *wallet);
enum cs_chain_scheme cs_pc_chain_scheme(enum cs_scheme scheme);
/* pub as a key of this scheme on this chain.  CHAIN_UNKNOWN, CHAIN_KEY; *why is a
 * constant sentence then. */
enum cs_err cs_pc_chain_key(struct cs_chain_key *out, const char *blockchain,
                            enum cs_scheme scheme, struct cs_span pub, const char **why)
    CS_MUST_USE;
/* The key of a provisioned wallet at a path of the wire ("" for its own, "0/5").  The
 * same and BAD_FORMAT, PATH_DEPTH, PATH_HARDENED (also for Ed25519), PATH_CHILD. */
enum cs_err cs_pc_wallet_key(struct cs_chain_key *out, const json_t *wallet,
                             const char *path, const char **why) CS_MUST_USE;

/* ---- signing.c, tx_open.c ----------------------------------------------- */

/* What a request signs, worked out anew from its payload (DECISIONS 26-28). */
struct cs_pc_tx {
    enum cs_scheme scheme;
    enum cs_chain_kind kind;
    struct cs_chain_key key; /* the derived one when the request has a path */
    struct cs_chain_tx chain;
    struct cs_wr payload;
};
/* tx holds blockchain, _publicKey, _scheme, _kind and encodedTransaction or _payload.
 * *why is a constant sentence when it is refused.  Free in any case. */
enum cs_err cs_pc_tx_open(struct cs_pc_tx *out, const json_t *tx, const char **why)
    CS_MUST_USE;
void cs_pc_tx_free(struct cs_pc_tx *t);
/* The payload in hex as it was submitted, and the path in the wire's form. */
const char *cs_pc_tx_payload(const json_t *tx);
const char *cs_pc_tx_path(const json_t *tx);
/* Hex of the verified signatures, 64 bytes an item; "" while there are none. */
const char *cs_pc_tx_signatures(const json_t *tx);
/* Verifies one signature of 64 bytes for each item and puts them into the final form;
 * *out may be NULL.  SIG_INVALID: wrong number, or one is not the key's over its item.
 */
enum cs_err cs_pc_tx_finish(struct cs_chain_signed *out, const struct cs_pc_tx *t,
                            struct cs_span signatures, const char **why) CS_MUST_USE;

/* May one more request of this quorum wait for signers? */
bool cs_pc_sign_has_room(struct cs_platform_core *core, const uint8_t quorum[CS_PC_ID]);
/* tx is the new transaction, checked, with all but its state: offers it to a pair and
 * stores it. */
void cs_pc_sign_start(struct cs_platform_core *core, json_t *tx, size_t n_items);
/* The wallet's switch for requests of this kind; NULL: `enabled` is enough. */
const char *cs_pc_tx_switch(const char *kind);
void cs_pc_sign_event(struct cs_platform_core *core, struct cs_pc_live *from,
                      const struct cs_ctl_frame *f);
void cs_pc_sign_timer(struct cs_platform_core *core, const uint8_t id[CS_PC_ID]);
/* It is held back: an attempt that has not come to its end is called off, also where
 * its command lies in an outbox still. */
void cs_pc_sign_call_off(struct cs_platform_core *core, const uint8_t id[CS_PC_ID],
                         const char *reason);
/* The device came or went: requests of its quorums look for signers again.  Attempts
 * under way are given up only when a signer goes: after a restart of the platform the
 * nodes work on while they sign in again. */
enum cs_pc_kick { CS_KICK_CAME, CS_KICK_GONE };
void cs_pc_sign_kick(struct cs_platform_core *core, const uint8_t device[CS_PC_ID],
                     enum cs_pc_kick why);
/* The same line for what the quorum's pair of these two works on now. */
void cs_pc_sign_note(struct cs_platform_core *core, const uint8_t quorum[CS_PC_ID],
                     uint32_t index, uint32_t peer, const char *step, const char *text);
/* Adds one line to the timeline of a request (bounded). */
void cs_pc_timeline(struct cs_platform_core *core, const uint8_t tx[CS_PC_ID],
                    uint32_t index, const char *step, const char *text);
/* The same for a line that a node sent: it cannot take the room of the platform's. */
void cs_pc_timeline_node(struct cs_platform_core *core, const uint8_t tx[CS_PC_ID],
                         uint32_t index, const char *step, const char *text);

/* How an attempt of this pair went, by member `index`. */
void cs_pc_timeline_trace(struct cs_platform_core *core, const uint8_t tx[CS_PC_ID],
                          const uint8_t pair[2], uint32_t index,
                          const struct cs_ctl_trace *trace);
/* All of it, oldest first, for the API.  Owned. */
json_t *cs_pc_timeline_view(struct cs_platform_core *core, const uint8_t tx[CS_PC_ID]);

/* ---- sets.c: session sets; a set has the id of the request it is for ---- */

void cs_pc_set_make(struct cs_platform_core *core, const uint8_t id[CS_PC_ID],
                    const char *type, const uint8_t quorum[CS_PC_ID],
                    const uint8_t payload[CS_PC_ID], const char *created_by,
                    int64_t expires_ms);

#endif
