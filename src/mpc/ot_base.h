/* Base OTs of one direction (PROTOCOLS 4.2, 15.4 D2, D6): "Endemic Oblivious Transfer"
 * (eprint 2019/706) on ristretto255, 128 at once, two flights.
 *
 *   Alice  receiver; chooses Delta, learns one key of each pair
 *   Bob    sender; learns both
 *   H(i, b, r) = ristretto255_from_hash(SHA512(T | T | enc(osid, u16 i, u8 b, r)))
 *
 * No branch or index depends on Delta.  A key hashes both sides' messages and a product
 * with the sender's own secret, so that whoever only listens cannot compute it.
 * Everything is discarded on any error.  Any thread. */
#ifndef CS_MPC_OT_BASE_H
#define CS_MPC_OT_BASE_H

#include "mpc/ot_ext.h"

enum {
    CS_OT_ELEMENT = 32,
    CS_OT_R_LEN = CS_OT_ROWS * 2 * CS_OT_ELEMENT, /* (r_0, r_1) of each row */
    CS_OT_S_LEN = CS_OT_R_LEN,                    /* (m_0, m_1) of each row */
};

/* Alice between the flights: secret but for r; guarded memory. */
struct cs_ot_base {
    uint8_t osid[32];
    uint8_t delta[CS_OT_COLUMN_LEN];
    uint8_t t[CS_OT_ROWS][32];
    uint8_t r[CS_OT_R_LEN]; /* the message */
};

/* 4.2.1.  ZERO_OR_RANGE with probability 2^-245. */
enum cs_err cs_ot_base_request(struct cs_ot_base *alice, const uint8_t osid[32],
                               const uint8_t rand32[32], const uint8_t local32[32])
    CS_MUST_USE;
/* 4.2.2.  BAD_POINT: an r is not an encoding of an element, or the identity.
 * ZERO_OR_RANGE: a product is the identity.  keys and m are zero then. */
enum cs_err cs_ot_base_answer(struct cs_ot_bob_keys *keys, uint8_t m[CS_OT_S_LEN],
                              const uint8_t osid[32], const uint8_t r[CS_OT_R_LEN],
                              const uint8_t rand32[32], const uint8_t local32[32])
    CS_MUST_USE;
/* 4.2.3.  Spends *alice.  BAD_POINT: any of the 256 m is not an element or is the
 * identity, found before anything is computed.  ZERO_OR_RANGE: decided once, over all
 * rows.  keys is zero then. */
enum cs_err cs_ot_base_finish(struct cs_ot_alice_keys *keys, struct cs_ot_base *alice,
                              const uint8_t m[CS_OT_S_LEN]) CS_MUST_USE;

#endif
