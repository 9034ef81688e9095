/** A CloudSign node on the caller's libuv loop.
 *
 *    cs_node_new -> cs_node_start -> runs -> cs_node_stop -> stopped() -> cs_node_free
 *
 *  Several nodes may share a loop, a thread and a process; each has a data directory of
 *  its own.  The program `cloudsign` is built on nothing but this header.  A minimal
 *  supervisor is in README, "Embedding"; a whole one is test/embed/supervisor.c.
 *
 *  Results: 0 for success, or the exit code that the program `cloudsign` would end with
 *  (README, "Exit codes"; 64 for a wrong call).  message then says what is wrong, why,
 *  and what to do: one line of UTF-8 for an operator, without secrets.
 *
 *  Thread: all functions and callbacks belong to the thread that runs the loop, except
 *  where it says otherwise.  A node has threads of its own, for computing and for the
 *  disk; all have ended when `stopped` is called.
 *
 *  Callbacks (event, answer, approve, stopped) are called by the loop, never from
 *  inside a function of this header.  They may call every function of it, for any node;
 *  cs_node_free of their own node only in `stopped`.  Pointers that they get are
 *  borrowed for the call; JSON is one object in UTF-8, without line breaks, and ends
 *  with a NUL that its length does not count.  Members may be added: ignore those that
 *  you do not know.
 *
 *  What it does to the process: see cloudsign.h.
 */
#ifndef CLOUDSIGN_CS_NODE_H
#define CLOUDSIGN_CS_NODE_H

#include <stddef.h>
#include <stdint.h>

#include "cloudsign/cloudsign.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cs_node cs_node;
struct uv_loop_s; /* uv_loop_t of <uv.h> */

/* ---- events ------------------------------------------------------------------ */

/** Something happened: word says what, json what exactly.
 *
 *    "state"        {"state"}: the node as a whole changed.
 *                     STARTING           no connection to platform or relay yet, or
 *                                        not any more: it tries again by itself
 *                     WAITING_FOR_KMS    the key of the store is in a KMS that does
 *                                        not answer
 *                     WAITING_FOR_SPACE  the disk is full; goes on when it is not
 *                     WAITING_APPROVAL   of an administrator at the platform
 *                     READY              signs
 *                     DRAINING           after cs_node_stop
 *                     LATCHED            refused by the platform, or ended by an
 *                                        error: `stopped` follows
 *    "fingerprint"  {"fingerprint","words"}: this node's identity, 64 hex digits, once
 *                   a start; an administrator compares it to approve the device
 *    "quorum"       {"quorumId","state","words"}: ACCEPTED, REVEALED, CONFIRMED; the
 *                   six words must be the same on all nodes of the quorum
 *    "key"          {"keyId","state"}: ACTIVE, certified by all members
 *    "session"      {"requestId","outcome"}: a key generation or a request ended on
 *                   this node: "OK", or the reason that the platform gets as well
 *    "peer"         {"quorumId","index","peer","state","reason"}: this node (index)
 *                   works with the other (peer) no more, QUARANTINED, or again,
 *                   RELEASED
 *    "notice"       {"quorumId","index","peer","reason"}: member index says that of
 *                   the peer; "" when it has taken it back.  For information only
 *    "link"         {"peer","reason"}: a link was refused: E_ROLLBACK, E_CLONE, ..
 *    "audit"        {"reason","seq","shown"}: the platform's audit log does not, or
 *                   is not said to, go on from record seq that this node vouched
 *                   for; it was shown record shown.  It countersigns nothing until
 *                   audit.accept; it still signs
 *    "error"        {"module","text"}: what an operator must see: each line of this
 *                   node that its log has at level error
 *    "lost"         {"count"}: so many events were dropped, for 1,024 waited
 *
 *  Ids are UUIDs in lower case.  Words may be added: ignore those you do not know. */
typedef void cs_node_event_cb(void *ctx, const char *word, const char *json,
                              size_t json_len);

/** The node has ended, by cs_node_stop or by itself, and holds no handle of the loop,
 *  no thread and no socket any more (the store stays open until cs_node_free).  Exactly
 *  once after each cs_node_start that returned 0; the last call for this node.  May
 *  call cs_node_free, and then make a node on the same directory.
 *
 *    exit_code  0: in order (cs_node_stop, cs_node_abort); else what the program would
 *               exit with: 74 a failed disk, 77 a rejected device, ..
 *    reason     its name: "OK", "STORAGE_IO", ..
 *    text       one sentence */
typedef void cs_node_stopped_cb(void *ctx, int exit_code, const char *reason,
                                const char *text);

/* ---- the approval hook ------------------------------------------------------- */

/** What the approval hook says. */
enum cs_node_decision {
    CS_NODE_REFUSE = 0,
    CS_NODE_ALLOW = 1,
    CS_NODE_LATER = 2 /**< cs_node_verdict follows within 30 s; else it is refused */
};

/** May this node take part in signing this request?
 *
 *  Asked once for each request, after all of the node's own checks and its policy, and
 *  before its first share or nonce of it leaves.  The verdict counts for all attempts
 *  of the request, CS_NODE_ALLOW for an hour; a node that starts again may ask again. A
 *  refusal ends the request on this node for good: the platform hears APPROVAL_REFUSED,
 * or APPROVAL_TIMEOUT when nobody answered, and never the text.
 *
 *    ctx     approve_ctx of the configuration
 *    node    who asks
 *    id      of this question, never 0; for cs_node_verdict
 *    json    see below
 *    reason  out, for CS_NODE_REFUSE: why, for the log of this node; UTF-8 with NUL,
 *            at most reason_cap bytes; "" when it is called
 *
 *  Returns: the decision; any other value counts as CS_NODE_REFUSE.
 *
 *  The question:
 *
 *    requestId, quorumId, keyId   UUIDs
 *    requestHash    64 hex digits: stands for the request in the node's journal
 *    quorum, key    names that the platform gave them
 *    playerId       this node's number in the quorum; signers: those of this attempt
 *    blockchain     "ETHEREUM", "XRP_LEDGER", ..
 *    kind           RAW a transaction, PLAINTEXT a text, TYPED_DATA EIP-712, DIGEST a
 *                   bare digest that nobody can explain
 *    path           "": the root key; "0/5": a child of it
 *    address        of that key on that chain: who signs; publicKey: the same key, hex
 *    scheme         FROST_ED25519, ECDSA or BIP340
 *    payloadHash    SHA-256 of the payload, 64 hex digits
 *    payload        the payload itself, hex; absent above 64 KiB
 *    expiresAt      Unix ms: the platform gives the request up then
 *    items          how many signatures it asks for, 1 to 512
 *    summary        what the payload says, "" or absent where it does not say:
 *        type            "Payment", "transfer", ..
 *        from, to        addresses
 *        amount, fee     in whole units, exact decimal: "5110.979443"; fee: at most
 *        units, feeUnits the same in the smallest unit
 *        asset           "XRP", "ETH", ..
 *        contract        issuer, mint or token contract
 *        chainId, tag    decimal numbers as text
 *        selector        of a contract call, 8 hex digits
 *        memo, text      one line for people
 *        clear           true: all that the payload does with assets is told here
 *        blind           true: a digest
 *        approval        true: lets `to` take assets later
 *        payments        where there are several: [{"to","units"},..], at most 256 of
 *                        paymentCount
 *
 *  All but the names and expiresAt is this node's own reading of the very payload that
 *  it would sign. */
typedef enum cs_node_decision cs_node_approve_cb(void *ctx, cs_node *node, uint64_t id,
                                                 const char *json, size_t json_len,
                                                 char *reason, size_t reason_cap);

/* ---- configuration ----------------------------------------------------------- */

/** Zero it, set size, data_dir, one of the store's keys, the callbacks, and what else
 *  is wanted.  Everything is copied by cs_node_new; secrets may be wiped right after
 *  it.  Text is UTF-8 with NUL; "" counts as NULL.
 *
 *  A message about a field names it as the program's environment does:
 *  DB_ENCRYPTION_KEY_HEX for db_key_hex, POLICY_FILE for policy_file.
 *
 *  It grows at its end only.  A program that was built with an older header has the new
 *  fields at zero, which is what the older library did; one built with a newer header
 *  works as long as the fields that this library does not know are zero (else 64). */
struct cs_node_config {
    size_t size; /**< sizeof(struct cs_node_config) */
    /** Directory that is the node's alone, mode 0700: its store and its socket. */
    const char *data_dir;
    /** The pairing key from the console; NULL once the store knows the platform.  A
     *  secret until the first pairing. */
    const char *pairing_key;
    /** Key that encrypts the store, 64 hex digits.  Exactly one is set of db_key_hex,
     *  db_key and db_key_ref. */
    const char *db_key_hex;
    const uint8_t *db_key; /**< or its 32 bytes */
    /** Replace the URLs of the pairing key (the CA stays); NULL: as there. */
    const char *platform_url;
    const char *relay_url;
    /** Strict mode: only nodes with these fingerprints may be peers; 64 hex digits
     *  each, separated by commas or blanks.  NULL: compare words. */
    const char *peer_identities;
    unsigned n_workers;  /**< threads for computing; 0: one a core, at most 4 */
    int allow_unsafe_fs; /**< also NFS, overlay..: for tests only */
    int no_local_socket; /**< no <data_dir>/node.sock: `cloudsign status` cannot ask */
    cs_node_event_cb *event; /**< NULL: none */
    cs_node_stopped_cb *stopped;
    void *ctx; /**< of event, stopped and log */
    /** Signs digests that the platform hands over (blind signing): nobody can say what
     *  they do.  0: refused, whatever the platform allows. */
    int allow_blind_signing;
    /** Ids of the recovery keys that backup kits may be encrypted to: 64 hex digits
     *  each, separated by commas or blanks, at most 8.  NULL: no kits. */
    const char *recovery_keys;
    /** The store's key in AWS KMS instead of db_key_hex and db_key: the ARN of a key
     *  or an alias.  aws_env: "NAME=value" as AWS's own tools name them, ended by NULL;
     *  the library reads no environment. */
    const char *db_key_ref;
    const char *const *aws_env;
    /** Rules that a request must pass (README, "Policy"); NULL: none. */
    const char *policy_file;
    /** HTTPS endpoint that must allow each request; NULL: none.  Either a secret (HMAC,
     *  64 hex digits) or a client certificate says who asks. */
    const char *approval_url;
    const char *approval_secret;
    const char *approval_ca_file; /**< NULL: the system's roots */
    const char *approval_cert_file;
    const char *approval_key_file;
    const char *approval_public_key; /**< Ed25519, 64 hex digits: signs the answers */
    /** Where /healthz, /readyz and /metrics are served: "unix:/path", "127.0.0.1:PORT"
     *  or "[::1]:PORT"; NULL: nowhere. */
    const char *metrics_addr;
    /** Approval hook; NULL: none.  With approval_url both must allow. */
    cs_node_approve_cb *approve;
    void *approve_ctx;
    /** This node's own log, with ctx; NULL: its lines go where cloudsign_log_set says.
     *  Also from threads of the node, at several at once, while it exists. */
    cloudsign_log_cb *log;
    enum cloudsign_log_level log_least;
};

/* ---- life -------------------------------------------------------------------- */

/** Checks the configuration, locks and opens the store (makes it, when there is none
 *  and a pairing key is given).  Blocks for file work and self-tests, some 100 ms;
 *  makes no handle on the loop and no thread that stays.
 *
 *  In:      loop     uv_loop_t, initialised; must outlive the node
 *  Out:     node     NULL on failure: then nothing was changed
 *           message  at most message_len bytes with NUL; may be NULL
 *  Returns: 0, or: 64 a wrong call (NULL, size), 78 the configuration, 79 to 84 the
 *           store (wrong key, locked, lost, damaged, ..), 70 a self-test, 71 the
 *           operating system refused something */
CS_API int cs_node_new(cs_node **node, struct uv_loop_s *loop,
                       const struct cs_node_config *config, char *message,
                       size_t message_len);

/** Starts it: from now on it runs whenever the loop does, and keeps the loop alive.
 *  Connects by itself, again and again; being offline is no error.
 *
 *  Returns: 0 once, after which `stopped` is called exactly once; or an exit code,
 *           after which it never is: let the loop close what is left, with a turn or
 *           two, and call cs_node_free, before or after.  64: it was started before,
 *           for a node has one life */
CS_API int cs_node_start(cs_node *node, char *message, size_t message_len);

/** Refuses new work, lets running sessions end (at most 5 s), delivers what waits (2 s
 *  more), then `stopped`.  Again, or when it does not run: changes nothing.  NULL
 *  allowed. */
CS_API void cs_node_stop(cs_node *node);

/** Ends it now, without waiting for sessions; `stopped` follows.  NULL allowed. */
CS_API void cs_node_abort(cs_node *node);

/** Not while it runs (between cs_node_start and `stopped`): that is a broken
 *  invariant, and aborts.  Closes the store and wipes all secrets.  NULL allowed. */
CS_API void cs_node_free(cs_node *node);

/* ---- while it runs ----------------------------------------------------------- */

/** The status object, as `cloudsign status --json` prints it; at most 256 KiB.  Also
 *  before the start and after the end.  Times are Unix ms, 0: never; counts that may
 *  become large are text.  While the node waits (WAITING_FOR_..) only state, pairing,
 *  store and process are sure to be there.
 *
 *    version, deviceId, fingerprint, words
 *    state            see the event
 *    pairing          "Unpaired", "Waiting for approval", "Paired"
 *    platformUrl, relayUrl
 *    control, relay   IDLE, WAITING (to try again), CONNECTING, SIGNING_IN, UP;
 *                     controlSince, relaySince: the last change to or from UP
 *    lastError        reason of the control connection's last trouble, or "";
 *                     relayError: of the relay's
 *    clockSkewMs      platform's clock minus ours, as of clockSeen
 *    approval, enabled, blindSigning   what administrator and operator allow
 *    approver         true: a hook or a callback is asked
 *    keys             active ones;  sessions: running;  signatures: since the start
 *    bootCounter, journalSeq, journalHead, uptimeMs
 *    unacknowledgedEvents   the platform has not confirmed
 *    counters         framesIn, framesDropped, messagesDropped, sessionsOk,
 *                     sessionsFailed
 *    backup           time, keys, kits, epoch of the last run of kits; copyTime of the
 *                     last copy of the store; restoreTime; keysWithoutKit, and the
 *                     first of them in withoutKit
 *    audit            what this node vouches for of the platform's audit log: seq (0:
 *                     nothing yet) and hash of a record, organizationId, time, and the
 *                     signature by ik, this node's identity key, for the auditor;
 *                     refused: "", or the reason why it vouches no more, since when,
 *                     and what it was shown: shownSeq, shownHash
 *    quorums[]        quorumId, name, state, words, operatorVerified, index (this
 *                     node's), members, requiredSigners, peers[], notices[]
 *      peers[]        index, deviceId, version
 *                     link: NONE, DOWN, HANDSHAKE, CONFIRMING, LIVE, or FENCED (an
 *                     older or forked state), QUARANTINED (with quarantine: reason,
 *                     since, evidence)
 *                     ot: NONE, RUNNING, TESTED, BURNED (setups for ECDSA); otSetups,
 *                     otFailed, otSelfTests, blames: counts
 *                     heardMsAgo, pingOpen, rttMs: of the last peers.ping
 *      notices[]      index (who says it), peer, reason, since
 *    store            dir; fileBytes, usedBytes, entries; freeBytes and totalBytes of
 *                     the volume; commits, commitsFailed, commitMeanMs, stepsWaiting;
 *                     latched true: a commit failed, nothing is written any more
 *    process          of the whole process: pid, rssBytes, cpuMs, openFiles, maxFiles,
 *                     lockedMaxBytes
 *    metricsAddr      "", or where it serves
 *    policyHash, policyRules   with policy_file only: SHA-256 of the file as it was
 *                     read, and how many rules it has
 *
 *  Returns: its length without NUL; cap or more means it was cut: ask with more
 *  Out:     buf  NUL-terminated; may be NULL when cap is 0 */
CS_API size_t cs_node_status(const cs_node *node, char *buf, size_t cap);

/** The answer to a question that the hook left open (CS_NODE_LATER).
 *
 *  In:      decision  CS_NODE_ALLOW; anything else refuses
 *           reason    of a refusal, UTF-8, cut at 255 bytes; NULL: none
 *  Returns: 0, or 64 when nobody waits for it: never asked, answered, later than 30 s,
 *           or the node has ended.  For a request that has ended: 0, without effect */
CS_API int cs_node_verdict(cs_node *node, uint64_t id, enum cs_node_decision decision,
                           const char *reason);

/** The answer to cs_node_ask: once for each that returned 0, at the latest before
 *  `stopped`.  A refusal is {"ok":false,"reason","text"}. */
typedef void cs_node_answer_cb(void *ctx, const char *json, size_t json_len);

/** Asks the node what the program's subcommands ask over the local socket:
 *
 *    {"cmd":"status"}
 *        the status object
 *    {"cmd":"quorum.confirm","words":"a-b-c-d-e-f"}
 *        an operator compared the six words -> {"ok":true,"quorumId","name"}
 *    {"cmd":"peer.accept","quorumId":UUID,"index":1..7}
 *        takes the state of a peer that was restored (E_ROLLBACK, E_CLONE)
 *    {"cmd":"peer.release","quorumId":UUID,"index":1..7}
 *        works with it again: ends its quarantine
 *    {"cmd":"key.giveup","keyId":UUID}
 *        drops a key that never became active
 *    {"cmd":"audit.accept"}
 *        takes the platform's audit log as it is now, after a restore of the platform
 *    {"cmd":"peers.ping"}
 *        asks each live peer for an answer; the status then has rttMs
 *    {"cmd":"policy.reload"}
 *        reads policy_file again -> {"ok":true,"policyHash","before","rules"}; a file
 *        that is wrong is refused, and the old rules stay
 *
 *  Those of `cloudsign backup`, `rekey` and `doctor` are for that program, which asks
 *  them over the socket.
 *
 *  In:      question  JSON, at most 64 KiB; copied
 *  Returns: 0, or: 64 a wrong call or not running, 75 for 16 questions wait already */
CS_API int cs_node_ask(cs_node *node, const char *question, size_t question_len,
                       cs_node_answer_cb *answer, void *answer_ctx);

#ifdef __cplusplus
}
#endif

#endif
