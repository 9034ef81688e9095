/* The backup kit of one key at one node (PROTOCOLS 8.7): what brings the share back
 * when the node is gone.  Two kits of one key and epoch are the key: see 8.6.
 *
 *   "cloudsign kit\0" 14 | version u8 = 1
 *   ds_hash 32 | key_id 16 | epoch u32 | index u8            the head
 *   n u8 = 1..8, n times: kind u8, recovery key id 32, u32 length, box
 *   signature 64                                              by the node's IK
 *
 * Each box holds the whole content, under AAD = enc(ds_hash, key_id, epoch, index,
 * version) (recovery_key.h), so each custodian needs only the kit and the own key:
 *
 *   version u8 = 1 | u32 length, device set | u32 length, public part of the key record
 *   (index, certificate body, all n signatures, acknowledgements) | X_i | x_i 32
 *
 * The signature, of TH("kit"; all bytes before it), lets a custodian see damage to the
 * boxes of the others too.  Never in a kit: nonces, pools, OT, links, identity keys.
 * Pure; any thread. */
#ifndef CS_MPC_KIT_H
#define CS_MPC_KIT_H

#include "crypto/recovery_key.h"
#include "mpc/key.h"

enum {
    CS_KIT_VERSION = 1,
    CS_KIT_BOXES_MAX = 8,
    CS_KIT_CONTENT_MAX = 1 + 4 + CS_DS_ENC_MAX + 4 + CS_KEY_RECORD_MAX + CS_POINT_MAX,
    CS_KIT_BOX_MAX = CS_KIT_CONTENT_MAX + CS_RECOVERY_RSA_EXTRA,
    CS_KIT_MAX = 14 + 1 + 53 + 1 + CS_KIT_BOXES_MAX * (1 + 32 + 4 + CS_KIT_BOX_MAX) +
                 64,
};

/* What a kit says to those who cannot open it; not yet proven to be true. */
struct cs_kit_head {
    uint8_t ds_hash[32];
    uint8_t key_id[CS_ID_LEN];
    uint32_t epoch;
    uint8_t index;
};

struct cs_kit_box {
    uint8_t kind; /* enum cs_recovery_kind */
    uint8_t id[CS_RECOVERY_ID_LEN];
    struct cs_span box;
};

/* Borrows from the bytes. */
struct cs_kit_file {
    struct cs_kit_head head;
    uint8_t n;
    struct cs_kit_box boxes[CS_KIT_BOXES_MAX];
    struct cs_span is_signed; /* all but the signature */
    uint8_t sig[CS_SIG_LEN];
};

/* An opened kit whose every check has passed.  Guarded memory. */
struct cs_kit {
    struct cs_device_set ds;
    struct cs_key key;
};

struct cs_kit *cs_kit_new(void); /* NULL: no memory */
void cs_kit_free(struct cs_kit *k);

/* A kit of an ACTIVE key (STATE otherwise) of this device set (USAGE otherwise) to n
 * recovery keys, 1..8, all different (USAGE).  The record is checked as on load
 * (KEY_CORRUPT).  ik_seed: the node's; rnd: CS_RECOVERY_RANDOM bytes per key. */
enum cs_err cs_kit_seal(struct cs_wr *out, const struct cs_key *k,
                        const struct cs_device_set *ds,
                        const struct cs_recovery_key *const *to, size_t n,
                        const uint8_t ik_seed[32], const uint8_t *rnd) CS_MUST_USE;

/* The public frame, strictly: one encoding.  BAD_FORMAT, TRUNCATED, TRAILING, TOO_LONG,
 * VERSION; *out is untouched then. */
enum cs_err cs_kit_read(struct cs_kit_file *out, struct cs_span in) CS_MUST_USE;

/* Opens the box for this key and checks, before anything of it is used: x_i G = X_i,
 * device set and head are those of the record, the load checks of 3.7 (certificate
 * signatures of all members, interpolation, ACTIVE), the kit's signature.
 *   NOT_FOUND    no box for this recovery key
 *   USAGE        the recovery key has no secret half
 *   AEAD         the box was altered, or belongs to another kit
 *   KEY_CORRUPT  a check of the content failed; *why (may be NULL) names it
 * *out is wiped on failure. */
enum cs_err cs_kit_open(struct cs_kit *out, const struct cs_kit_file *f,
                        const struct cs_recovery_key *key, const char **why)
    CS_MUST_USE;

/* Proves that the kit opens to a share that fits the public key, and shows only public
 * facts: the certificate's body.  Errors of cs_kit_read and cs_kit_open, NOMEM. */
enum cs_err cs_kit_verify(struct cs_cert_body *body, struct cs_span in,
                          const struct cs_recovery_key *key, const char **why)
    CS_MUST_USE;

#endif
