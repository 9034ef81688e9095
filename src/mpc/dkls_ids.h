/* Names and commitments of DKLs23, and the message that opens a session: public hashes
 * and bytes (PROTOCOLS 2.4, 4.2, 4.5, 15.1 A1, A3, A4, 15.4 D1, D3).  Any thread. */
#ifndef CS_MPC_DKLS_IDS_H
#define CS_MPC_DKLS_IDS_H

#include "base/wr.h"
#include "crypto/group.h"
#include "mpc/ot_ext.h"
#include "mpc/round.h"

enum {
    /* both directions of every pair of at most 7 signers */
    CS_DKLS_OSIDS_MAX = CS_PARTIES_MAX * (CS_PARTIES_MAX - 1),
    CS_DKLS_ITEMS_MAX = 512, /* of one request */
};

/* osid = TH("ot/setup"; link_id, ds_hash, alice, bob, setup_counter u32) */
void cs_ot_osid(uint8_t osid[32], const uint8_t link_id[16], const uint8_t ds_hash[32],
                uint8_t alice, uint8_t bob, uint32_t setup_counter);

/* presid of the self-test: TH("sub"; osid, "selftest", bob, alice) */
void cs_ot_selftest_presid(uint8_t presid[32], const struct cs_ot_ids *ids);

/* ---- SES_OPEN of DKLs23 (A1) ---------------------------------------------------- */

/* Message 4.0, private part, initiator -> each signer, right before its SIG_R1:
 *   nonce 32 | request id 16 | reqh 32 | kind u8 | attempt u32 | item u16 |
 *   n u8 | n x index u8 | n (n-1) x osid 32 */
struct cs_dkls_open {
    uint8_t nonce[32]; /* fresh */
    uint8_t request_id[CS_ID_LEN];
    uint8_t reqh[32];
    uint8_t kind; /* enum cs_request_kind of a signing request */
    uint32_t attempt;
    uint16_t item;
    uint8_t n;
    uint8_t signers[CS_PARTIES_MAX];      /* rising */
    uint8_t osids[CS_DKLS_OSIDS_MAX][32]; /* cs_dkls_osid_slot */
};
/* Where the osid of a direction stands: sorted by (alice, bob), 0 .. n(n-1)-1.  Both
 * are of the n rising signers and differ. */
size_t cs_dkls_osid_slot(const uint8_t *signers, uint8_t n, uint8_t alice, uint8_t bob);
void cs_dkls_open_encode(struct cs_wr *w, const struct cs_dkls_open *o);
/* BAD_FORMAT for bytes that no honest initiator sends: another length, n not 2..7,
 * indices not rising in 1..7, kind not of a signing request, item above the last one
 * there can be.  *out is untouched then.  Whether it is the own request, the key's t, a
 * member, the own osids: the owner compares. */
enum cs_err cs_dkls_open_decode(struct cs_dkls_open *out, struct cs_span body)
    CS_MUST_USE;

/* ---- names ---------------------------------------------------------------------- */

/* presid of 2.4 with the osids of A4.  Where the request has several items, its reqh
 * stands as TH("req/item"; reqh, item u16, n_items u16). */
struct cs_dkls_request {
    uint8_t reqh[32], ds_hash[32], key_id[CS_ID_LEN];
    uint16_t item, n_items; /* 0, 1: the request has one */
    uint32_t key_epoch;
    uint8_t cert_hash[32];
    uint8_t n;                            /* signers */
    uint8_t signers[CS_PARTIES_MAX];      /* rising */
    uint8_t boot[CS_PARTY_SLOTS][32];     /* by index: of their handshakes, own too */
    uint8_t nonce[32];                    /* of SES_OPEN */
    uint8_t osids[CS_DKLS_OSIDS_MAX][32]; /* cs_dkls_osid_slot */
};
void cs_dkls_presid(uint8_t presid[32], const struct cs_dkls_request *q);

/* One signer's first message: its nonce, and the payload that is hashed. */
struct cs_dkls_first {
    const uint8_t *nonce; /* 32 */
    struct cs_span payload;
};
/* sid = TH("sid"; presid, enc(enc(nonce_j, TH("sig/m1"; payload_j)) ..)), j rising */
void cs_dkls_sid(uint8_t sid[32], const uint8_t presid[32],
                 const struct cs_dkls_first *firsts, size_t n);
/* tr_1 = TH("tr"; presid, 1, enc(TH("bc/payload"; payload_j) ..)): t >= 3 */
void cs_dkls_tr1(uint8_t tr[32], const uint8_t presid[32],
                 const struct cs_dkls_first *firsts, size_t n);
/* rsid of t >= 3: that of rvole.h with one item more, TH("ot/m1"; ext) of Bob's first
 * message, which his broadcast part does not fix. */
void cs_dkls_rsid_m1(uint8_t rsid[32], const struct cs_ot_ids *ids,
                     const uint8_t sid[32], const uint8_t ext[CS_OTX_LEN]);

/* t = 2: com_ij = TH("sig/com"; presid, i, j, R_i, salt_ij); R in 33 bytes. */
void cs_dkls_com(uint8_t com[32], const uint8_t presid[32], uint8_t i, uint8_t j,
                 const uint8_t R[33], const uint8_t salt[32]);
/* t >= 3: com_i = TH("sig/com"; presid, i, R_i, salt_i) */
void cs_dkls_com_all(uint8_t com[32], const uint8_t presid[32], uint8_t i,
                     const uint8_t R[33], const uint8_t salt[32]);

#endif
