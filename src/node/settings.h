/* The configuration of a node, parsed and checked: what a core is made from, also the
 * second and third time (after a full disk).  Holds secrets: guarded memory. */
#ifndef CS_NODE_SETTINGS_H
#define CS_NODE_SETTINGS_H

#include "kms/seal.h"
#include "node/approval_msg.h"
#include "node/core/node_core.h"
#include <cloudsign/cs_node.h>

enum { CS_NODE_DIR_MAX = 512 };

struct cs_node_settings {
    char dir[CS_NODE_DIR_MAX];
    bool has_pairing;
    struct cs_pairing_key pairing;
    /* The store's key; with db_key_ref only after cs_node_settings_seal. */
    struct cs_kek kek;
    bool has_kek;
    char db_key_ref[CS_KMS_ARN_MAX]; /* "": none */
    uint8_t seal[CS_SEAL_RECORD_MAX];
    /* What a rekey has put in its place, if it has: cs_node_settings_next. */
    struct cs_kek next_kek;
    bool has_next;
    uint8_t next_seal[CS_SEAL_RECORD_MAX];
    char platform_url[CS_PAIRING_URL_MAX], relay_url[CS_PAIRING_URL_MAX]; /* "": none */
    uint8_t peers[CS_NODE_PEER_IDENTITIES_MAX][32];
    size_t n_peers;
    unsigned n_workers;
    uint8_t recovery_keys[CS_NODE_RECOVERY_KEYS_MAX][32];
    size_t n_recovery_keys;
    char metrics_addr[128];             /* "": nothing is served */
    char policy_file[CS_NODE_DIR_MAX];  /* "": none */
    char approval_url[CS_NODE_DIR_MAX]; /* "": none */
    char approval_ca_file[CS_NODE_DIR_MAX], approval_cert_file[CS_NODE_DIR_MAX];
    char approval_key_file[CS_NODE_DIR_MAX];
    struct cs_approval_keys approval;
    bool allow_unsafe_fs, no_local_socket, allow_blind;
};

/* In guarded memory; NULL out and the reason on failure: CONFIG, PAIRING_KEY, NOMEM. */
enum cs_err cs_node_settings_new(struct cs_node_settings **out,
                                 const struct cs_node_config *cfg, struct cs_why *why)
    CS_MUST_USE;
void cs_node_settings_free(struct cs_node_settings *s); /* wipes; NULL allowed */
/* KMS has opened the store's key. */
void cs_node_settings_seal(struct cs_node_settings *s,
                           const uint8_t key[CS_KMS_KEY_LEN], struct cs_span record);
/* The key that a rekey is about to give the store; record empty: a hex key.  USAGE when
 * the record is too long. */
enum cs_err cs_node_settings_offer(struct cs_node_settings *s, const uint8_t key[32],
                                   struct cs_span record) CS_MUST_USE;
/* The offered key is the store's now; false: none was offered. */
bool cs_node_settings_next(struct cs_node_settings *s);
/* The offered key, if any, will not be the store's. */
void cs_node_settings_withdraw(struct cs_node_settings *s);
/* For cs_node_core_new; borrows from s. */
struct cs_node_core_config cs_node_settings_core(struct cs_node_settings *s,
                                                 struct cs_kv *kv);

#endif
