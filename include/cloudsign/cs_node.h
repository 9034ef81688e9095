/** A CloudSign node on the caller's libuv loop.
 *
 *  cs_node_new -> cs_node_start -> (runs) -> cs_node_stop -> stopped callback
 *  -> cs_node_free.  The program `cloudsign` is built on nothing else.
 *
 *  Results are 0 for success or the exit code that the program would end with
 *  (README, "Exit codes"); message then says what is wrong, why, and what to do.
 *  Thread: all functions and callbacks belong to the thread of the loop.
 */
#ifndef CLOUDSIGN_CS_NODE_H
#define CLOUDSIGN_CS_NODE_H

#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "cloudsign/cloudsign.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cs_node cs_node;

/** Something happened: word says what, json is one object.
 *    "state"        {"state"}: STARTING, WAITING_APPROVAL, READY, DRAINING, ..
 *    "fingerprint"  {"fingerprint","words"}: of this node's identity
 *    "quorum"       {"quorumId","state","words"}
 *    "key"          {"keyId","state"}
 *    "session"      {"requestId","outcome"}
 *  Borrowed for the call.  Must not call cs_node functions. */
typedef void cs_node_event_cb(void *ctx, const char *word, const char *json,
                              size_t json_len);

/** The node has ended, by cs_node_stop or by itself, and holds no handle of the
 *  loop any more.  exit_code 0: in order.  May call cs_node_free. */
typedef void cs_node_stopped_cb(void *ctx, int exit_code, const char *reason,
                                const char *text);

struct cs_node_config {
    size_t size; /**< sizeof(struct cs_node_config): how it may grow later */
    /** Directory that is the node's alone: its store and its socket. */
    const char *data_dir;
    /** The pairing key from the console; NULL once the store knows it. */
    const char *pairing_key;
    /** Key that encrypts the store: 64 hex digits.  Exactly one of the two. */
    const char *db_key_hex;
    const uint8_t *db_key; /**< or its 32 bytes */
    /** Replace the URLs of the pairing key (the CA stays); NULL: as there. */
    const char *platform_url;
    const char *relay_url;
    /** Strict mode: only nodes with these fingerprints may be peers; 64 hex
     *  digits each, separated by commas or spaces.  NULL: compare words. */
    const char *peer_identities;
    unsigned n_workers;      /**< 0: one a core, at most 4 */
    int allow_unsafe_fs;     /**< also NFS, overlay..: for tests only */
    int no_local_socket;     /**< no <data_dir>/node.sock */
    cs_node_event_cb *event; /**< may be NULL */
    cs_node_stopped_cb *stopped;
    void *ctx;
    /** Signs digests that the platform hands over (blind signing): nobody can say
     *  what they do.  0: refused, whatever the platform allows. */
    int allow_blind_signing;
    /* Ids of the recovery keys that backup kits may be encrypted to: 64 hex digits
     * each, separated by commas or blanks, at most 8.  NULL or "": no kits. */
    const char *recovery_keys;
    /** The store's key in AWS KMS instead of db_key_hex and db_key: the ARN of a key or
     *  an alias.  aws_env: "NAME=value" as AWS's own tools name them, ended by NULL;
     *  the library reads no environment.  Copied. */
    const char *db_key_ref;
    const char *const *aws_env;
    /** Rules that a request must pass (README, "Policy"); NULL: none. */
    const char *policy_file;
    /** HTTPS endpoint that must allow each request; NULL: none.  Either a secret
     *  (HMAC, 64 hex digits) or a client certificate says who asks. */
    const char *approval_url;
    const char *approval_secret;
    const char *approval_ca_file; /**< NULL: the system's roots */
    const char *approval_cert_file;
    const char *approval_key_file;
    const char *approval_public_key; /**< Ed25519, 64 hex digits: signs the answers */
    /** Where /healthz, /readyz and /metrics are served: "unix:/path", "127.0.0.1:PORT"
     *  or "[::1]:PORT"; NULL: nowhere. */
    const char *metrics_addr;
};

/** Checks the configuration, locks and opens the store.  Copies all it needs;
 *  blocking file work; makes no handle on the loop.
 *
 *  Returns: 0, or an exit code; then *out is NULL and nothing was changed
 *  Out:     message  at most message_len bytes with NUL; may be NULL */
CS_API int cs_node_new(cs_node **out, uv_loop_t *loop,
                       const struct cs_node_config *config, char *message,
                       size_t message_len);

/** Starts it: from now on it runs whenever the loop does.
 *
 *  Returns: 0 once, after which `stopped` is called exactly once; or an exit
 *           code, after which it never is: run the loop once more, then free */
CS_API int cs_node_start(cs_node *node, char *message, size_t message_len);

/** Refuses new work, lets running sessions end (at most 5 s), then `stopped`.
 *  Calling it again changes nothing. */
CS_API void cs_node_stop(cs_node *node);

/** Ends it now, without waiting for sessions; `stopped` follows. */
CS_API void cs_node_abort(cs_node *node);

/** The status object, as `cloudsign status --json` prints it.
 *
 *  Returns: its length without NUL; more than cap - 1 means it was cut
 *  Out:     buf  NUL-terminated; may be NULL when cap is 0 */
CS_API size_t cs_node_status(const cs_node *node, char *buf, size_t cap);

/** Not while it runs.  Closes the store and wipes all secrets.  NULL allowed. */
CS_API void cs_node_free(cs_node *node);

#ifdef __cplusplus
}
#endif

#endif
