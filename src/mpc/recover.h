/* From kits to the key, without any node (PROTOCOLS 8.8, 9.1): the one place where a
 * private key is ever whole.  Pure; any thread; keep results in guarded memory. */
#ifndef CS_MPC_RECOVER_H
#define CS_MPC_RECOVER_H

#include "mpc/bip32.h"
#include "mpc/kit.h"

struct cs_recovered {
    enum cs_scheme scheme;
    uint8_t key_id[CS_ID_LEN];
    uint8_t chain_code[32];
    struct cs_point X;
    struct cs_secret x; /* x G = X */
};

struct cs_recovered *cs_recovered_new(void); /* guarded; NULL: no memory */
void cs_recovered_free(struct cs_recovered *r);

/* Opened kits (cs_kit_open), at least t of them; the first t make the key, and each
 * further one must agree.  In this order, *why (may be NULL) says which:
 *   NOT_ENOUGH   fewer than t kits
 *   UNKNOWN_KEY  a kit is of another key or another device set
 *   STATE        kits of different epochs
 *   KEY_CORRUPT  different certificates for one epoch
 *   USAGE        two kits of one index, or more than n
 *   KEY_CORRUPT  x G is not X
 * *out is wiped on failure. */
enum cs_err cs_recover(struct cs_recovered *out, const struct cs_kit *const *kits,
                       size_t n, const char **why) CS_MUST_USE;

/* Goes down the path: X, x and chain code become the child's.  USAGE for a path on
 * Ed25519; else cs_bip32_derive's.  *r is untouched on failure. */
enum cs_err cs_recover_child(struct cs_recovered *r, const uint32_t *path, size_t n)
    CS_MUST_USE;

/* An ordinary Ed25519 signature (RFC 8032, but the nonce is SHA-512(prefix | message)
 * with 32 fresh random bytes as the prefix: there is no seed to take it from).
 *   USAGE     not an Ed25519 key
 *   INTERNAL  the signature does not verify: sig is zeroed */
enum cs_err cs_recover_sign(uint8_t sig[64], const struct cs_recovered *r,
                            const uint8_t prefix[32], struct cs_span message)
    CS_MUST_USE;

/* One record, for the operator's own encrypted file: version u8 = 1, scheme u8, key id,
 * chain code, x. */
enum { CS_RECOVERED_LEN = 1 + 1 + CS_ID_LEN + 32 + 32 };
void cs_recovered_encode(uint8_t out[CS_RECOVERED_LEN], const struct cs_recovered *r);
/* BAD_FORMAT; *out is wiped then. */
enum cs_err cs_recovered_decode(struct cs_recovered *out,
                                const uint8_t in[CS_RECOVERED_LEN]) CS_MUST_USE;

#endif
