/* Names and commitments of DKLs23: public hashes (PROTOCOLS 2.4, 4.2, 4.5, 15.1 A3, A4,
 * 15.4 D1, D3).  Any thread. */
#ifndef CS_MPC_DKLS_IDS_H
#define CS_MPC_DKLS_IDS_H

#include "crypto/group.h"
#include "mpc/ot_ext.h"

/* osid = TH("ot/setup"; link_id, ds_hash, alice, bob, setup_counter u32) */
void cs_ot_osid(uint8_t osid[32], const uint8_t link_id[16], const uint8_t ds_hash[32],
                uint8_t alice, uint8_t bob, uint32_t setup_counter);

/* presid of the self-test: TH("sub"; osid, "selftest", bob, alice) */
void cs_ot_selftest_presid(uint8_t presid[32], const struct cs_ot_ids *ids);

/* One side's first message: its nonce, and the payload that is hashed. */
struct cs_dkls_first {
    const uint8_t *nonce; /* 32 */
    struct cs_span payload;
};
/* sid = TH("sid"; presid, enc(enc(nonce_lo, TH("sig/m1"; payload_lo)), enc(.. hi))) */
void cs_dkls_sid(uint8_t sid[32], const uint8_t presid[32],
                 const struct cs_dkls_first *lo, const struct cs_dkls_first *hi);

/* presid of 2.4 with the item of A4: the osids of both directions of every pair, sorted
 * by (alice, bob).  t = 2: two of them, the lower index's first. */
struct cs_dkls_request {
    uint8_t reqh[32], ds_hash[32], key_id[16];
    uint32_t key_epoch;
    uint8_t cert_hash[32];
    uint8_t lo, hi;                   /* the signers */
    uint8_t boot_lo[32], boot_hi[32]; /* of their handshakes */
    uint8_t nonce[32];                /* of SES_OPEN */
    uint8_t osid_lo[32], osid_hi[32]; /* alice = lo, alice = hi */
};
void cs_dkls_presid(uint8_t presid[32], const struct cs_dkls_request *q);

/* com_ij = TH("sig/com"; presid, i, j, R_i, salt_ij); R in 33 bytes. */
void cs_dkls_com(uint8_t com[32], const uint8_t presid[32], uint8_t i, uint8_t j,
                 const uint8_t R[33], const uint8_t salt[32]);

#endif
