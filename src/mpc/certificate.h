/* Key certificate: what all n nodes sign about a new key, their acknowledgements, and
 * how a node that was left PENDING is helped out (PROTOCOLS 3.4, 3.5; 15.3 C1, C3).
 * Public data.  Any thread. */
#ifndef CS_MPC_CERTIFICATE_H
#define CS_MPC_CERTIFICATE_H

#include "base/rd.h"
#include "mpc/round.h"

/* The content C is the hash of. */
struct cs_cert_body {
    uint8_t sid[32];
    uint8_t ds_hash[32];
    uint8_t key_id[CS_ID_LEN];
    uint32_t epoch;
    enum cs_curve curve;
    enum cs_scheme scheme;
    uint8_t n, t;
    struct cs_point X;
    struct cs_point Xi[CS_PARTY_SLOTS]; /* by index */
    uint8_t chain_code[32];
    uint8_t tr1[32], tr2[32];
};

/* C = TH("dkg/cert"; sid, ds_hash, key_id, epoch, curve, scheme, n, t, X,
 * enc(X_1..X_n), chain_code, tr_1, tr_2). */
void cs_cert_content(uint8_t C[32], const struct cs_cert_body *b);
/* dkg_cert_hash = TH("cert"; C): the same at every node, whatever signatures it holds.
 */
void cs_cert_hash(uint8_t out[32], const uint8_t C[32]);

/* Signatures of one kind, by index. */
struct cs_sig_set {
    uint8_t mask; /* bit index-1 */
    uint8_t sig[CS_PARTY_SLOTS][CS_SIG_LEN];
};
bool cs_sig_set_has(const struct cs_sig_set *s, uint8_t index);
void cs_sig_set_put(struct cs_sig_set *s, uint8_t index, const uint8_t sig[CS_SIG_LEN]);
bool cs_sig_set_full(const struct cs_sig_set *s, uint8_t n);

/* sigma_i: signature of C itself. */
void cs_cert_sign(uint8_t sig[CS_SIG_LEN], const uint8_t ik_seed[32],
                  const uint8_t C[32]);
/* DKG_CERT_SIG. */
enum cs_err cs_cert_verify(const struct cs_roster *r, uint8_t from, const uint8_t C[32],
                           const uint8_t sig[CS_SIG_LEN]) CS_MUST_USE;
/* All n present and valid: else CERT_INVALID. */
enum cs_err cs_cert_verify_all(const struct cs_roster *r, const uint8_t C[32],
                               const struct cs_sig_set *s) CS_MUST_USE;

/* ACK of party i: signature of TH("dkg/ack"; dkg_cert_hash, i).  This is the receipt
 * that the platform and the peers store (DECISIONS 21). */
void cs_ack_sign(uint8_t sig[CS_SIG_LEN], const uint8_t ik_seed[32],
                 const uint8_t cert_hash[32], uint8_t self);
/* DKG_ACK_SIG. */
enum cs_err cs_ack_verify(const struct cs_roster *r, uint8_t from,
                          const uint8_t cert_hash[32], const uint8_t sig[CS_SIG_LEN])
    CS_MUST_USE;

/* ABORTED(C) of party i: signature of TH("dkg/aborted"; C, i). */
void cs_aborted_sign(uint8_t sig[CS_SIG_LEN], const uint8_t ik_seed[32],
                     const uint8_t C[32], uint8_t self);
enum cs_err cs_aborted_verify(const struct cs_roster *r, uint8_t from,
                              const uint8_t C[32], const uint8_t sig[CS_SIG_LEN])
    CS_MUST_USE; /* CERT_INVALID */

/* The message that a pair of shares signs once to prove itself:
 * TH("check"; dkg_cert_hash, enc(lo, hi)) (PROTOCOLS 3.5). */
void cs_check_message(uint8_t out[32], const uint8_t cert_hash[32], uint8_t i,
                      uint8_t j);

/* The request that the pair's check signature answers: kind CHECK, request id = the
 * first 16 bytes of cs_check_message, payload = that message.  Both nodes make it by
 * themselves. */
void cs_check_request(struct cs_request *out, const struct cs_cert_body *b, uint8_t i,
                      uint8_t j);

/* Is sig the check signature of this pair of the key?  By scheme, over the 32 bytes of
 * cs_check_message: Ed25519 under X; ECDSA r | s, low s, those bytes as the digest;
 * BIP340 under x(X), without the tweak that every address has.
 *   USAGE        pair is not two different members in rising order
 *   SIG_INVALID  it is not */
enum cs_err cs_check_verify(const struct cs_cert_body *b, const uint8_t pair[2],
                            const uint8_t sig[64]) CS_MUST_USE;

/* ---- messages 3.5 .. 3.7 (private part of a pairwise message) -------------------- */

/* mask u8, then 64 bytes for each bit set, rising. */
void cs_sig_set_encode(struct cs_wr *w, const struct cs_sig_set *s);
void cs_sig_set_read(struct cs_rd *r, struct cs_sig_set *out);

void cs_cert_want_encode(struct cs_wr *w, const uint8_t C[32]);
enum cs_err cs_cert_want_decode(uint8_t C[32], struct cs_span in) CS_MUST_USE;
/* C, then mask and the signatures the sender knows, all on that C. */
void cs_cert_have_encode(struct cs_wr *w, const uint8_t C[32],
                         const struct cs_sig_set *s);
enum cs_err cs_cert_have_decode(uint8_t C[32], struct cs_sig_set *out,
                                struct cs_span in) CS_MUST_USE;
/* C, then mask and the ABORTED(C) statements the sender knows. */
void cs_cert_aborted_encode(struct cs_wr *w, const uint8_t C[32],
                            const struct cs_sig_set *s);
enum cs_err cs_cert_aborted_decode(uint8_t C[32], struct cs_sig_set *out,
                                   struct cs_span in) CS_MUST_USE;

#endif
