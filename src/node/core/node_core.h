/* A node as a pure core (DECISIONS 1): pairing, quorums, links, key generation,
 * signing.
 *
 *   events in                              actions out
 *   CS_EV_START                            CONNECT control and relay
 *   CS_EV_CONN_UP conn, exporter           (waits for the platform's challenge)
 *   CS_EV_MESSAGE conn, data               SEND, CLOSE, JOB, ASK
 *   CS_EV_CONN_DOWN conn, err              CONNECT again, after a back-off
 *   CS_EV_LOCAL conn, data                 ANSWER conn (one JSON object, no line break)
 *   CS_EV_JOB_DONE job                     SEND ..
 *   CS_EV_VERDICT conn, err, data          SEND ..: the answer to an ASK
 *   CS_EV_TIME
 *   CS_EV_COMMIT_FAILED err                EXIT err: STORAGE_FULL may start a new core
 *                                          over the same kv, STORAGE_IO must not
 *   CS_EV_STOP                             drains for at most 5 s, EXIT CS_OK
 *
 * NOTIFY words (JSON in data): "state" {"state"}, "fingerprint"
 * {"fingerprint","words"}, "quorum" {"quorumId","state","words"}, "key"
 * {"keyId","state"}, "session" {"requestId","outcome"}, "nonce"
 * {"commit","digest","requestId","attempt","item"} (a nonce commitment, or R, that was
 * used: the oracle's), "peer"
 * {"quorumId","index","peer", "state" QUARANTINED or RELEASED,"reason"}, "notice"
 * {"quorumId","index" who says it, "peer" of whom,"reason" or ""}.
 *
 * Questions on the local socket (CS_EV_LOCAL), one JSON object each:
 *   {"cmd":"status"}                             -> status object (README of this
 * folder)
 *   {"cmd":"quorum.confirm","words":W}           -> {"ok":true,"quorumId","name"}
 *   {"cmd":"peer.accept","quorumId":Q,"index":I} -> {"ok":true}: lifts
 * E_ROLLBACK/E_CLONE; STATE when there is neither
 *   {"cmd":"peer.release","quorumId":Q,"index":I} -> {"ok":true}: ends a quarantine
 *   {"cmd":"peers.ping"}                         -> {"ok":true}: asks each live
 * peer for an answer; status then shows rttMs (absent: none yet)
 *   {"cmd":"key.giveup","keyId":K}               -> {"ok":true}: drops a PENDING key
 *   {"cmd":"backup.keys" ..}, .. "backup.done"   -> backups: kits.h
 *   {"cmd":"store.check","begin":B} -> {"ok":true,"records":N,"done":D}: the whole
 * store proved, some hundred records a question (B: from the first); a refusal says
 * what is wrong A refusal is {"ok":false,"reason","text"}.
 *
 * Thread: loop; jobs run on workers and own what they touch. */
#ifndef CS_NODE_CORE_NODE_CORE_H
#define CS_NODE_CORE_NODE_CORE_H

#include "base/env.h"
#include "base/why.h"
#include "node/core/pairing_key.h"
#include "store/kek.h"
#include "store/kv.h"

enum { CS_NODE_PEER_IDENTITIES_MAX = 64 };

enum { CS_NODE_RECOVERY_KEYS_MAX = 8 };

struct cs_metrics; /* metrics.h */

struct cs_node_core_config {
    struct cs_kv *kv; /* borrowed, outlives the core */
    void (*random)(void *ctx, uint8_t *out, size_t n);
    void *random_ctx;
    const struct cs_kek *kek; /* borrowed for cs_node_core_new */
    /* NULL: the store must exist and remembers the platform. */
    const struct cs_pairing_key *pairing;
    const char *version;      /* NULL: CS_VERSION */
    const char *platform_url; /* overrides, NULL: from the pairing key */
    const char *relay_url;
    /* Strict mode (DECISIONS 11): only these fingerprints may be peers. */
    uint8_t (*peer_identities)[32];
    size_t n_peer_identities;
    /* Ids of the recovery keys that backup kits are made for (crypto/recovery_key.h);
     * none: no kits.  Copied. */
    uint8_t (*recovery_keys)[32];
    size_t n_recovery_keys;     /* at most CS_NODE_RECOVERY_KEYS_MAX */
    struct cs_metrics *metrics; /* metrics.h; borrowed.  NULL: the core's own */
    /* Rules that requests have to pass; borrowed, see cs_node_core_policy. */
    const struct cs_policy *policy;
    bool ask;               /* CS_ACT_ASK before a request is signed */
    bool allow_no_exporter; /* plain development sockets */
    bool allow_blind;       /* signs digests of which nobody can say what they do */
};

struct cs_node_core;
struct cs_policy; /* policy/policy.h */

/* Opens the store in kv, or makes it when kv is empty and a pairing key is given (one
 * blocking commit).  Copies the configuration.
 *
 *   CONFIG         no pairing key and an empty store
 *   STORE_*        of cs_safe_open: key, device, version, corrupt
 *   NOMEM, SELFTEST
 * *why says what, why and what to do.  Nothing is changed on failure. */
enum cs_err cs_node_core_new(struct cs_node_core **out,
                             const struct cs_node_core_config *cfg, struct cs_why *why)
    CS_MUST_USE;
void cs_node_core_free(struct cs_node_core *n); /* wipes; NULL allowed */
struct cs_core cs_node_core_iface(struct cs_node_core *n);

/* The key that the question {"cmd":"rekey"} gives the store; borrowed until it was
 * answered.  Without an offer that question is refused: nobody else may ask it. */
void cs_node_core_offer(struct cs_node_core *n, const struct cs_kek *kek);
/* Has the last offer been wrapped, for the disk?  False: the store keeps its key. */
bool cs_node_core_took_offer(const struct cs_node_core *n);

/* For TLS: the CA that both URLs are checked against (DER).  Valid for the core's life.
 */
struct cs_span cs_node_core_ca(const struct cs_node_core *n);
const uint8_t *cs_node_core_fingerprint(const struct cs_node_core *n); /* 32 */
const char *cs_node_core_device_id(const struct cs_node_core *n);
/* Metrics as Prometheus text: counters and this moment's gauges, appended to w. */
void cs_node_core_metrics(const struct cs_node_core *n, struct cs_wr *w);
/* May it sign now?  READY with both channels up and a store that takes writes.  Appends
 * {"ready":false,"state","reasons":[..]}; reasons are words of a closed list. */
bool cs_node_core_ready(const struct cs_node_core *n, struct cs_wr *w);
/* Another policy from now on (NULL: none): requests whose command comes later are
 * judged by it.  Not inside a step.  The caller keeps it until the next call, or the
 * end. */
void cs_node_core_policy(struct cs_node_core *n, const struct cs_policy *policy);
/* The whole store in pieces of at most max records: each opens, and the set is the
 * manifest's (store/safe.h, cs_safe_check_some).  Changes nothing. */
enum cs_err cs_node_core_store_check(struct cs_node_core *n, bool begin, size_t max,
                                     uint64_t *records, bool *done, struct cs_why *why)
    CS_MUST_USE;
/* The status object as for {"cmd":"status"}, appended to w. */
void cs_node_core_status(const struct cs_node_core *n, struct cs_wr *w);

#endif
