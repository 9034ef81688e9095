/* The certificate of a key as one byte string: what nodes give to the platform, and
 * what anyone can check with the quorum's roster alone (PROTOCOLS 3.4, DECISIONS 21).
 *
 *   version u8 = 1 | body (cs_cert_body_write) | sigma_1 .. sigma_n, 64 bytes each
 *
 * The signatures are in order of index and all there, so a certificate has one encoding
 * at every node.  Public data; pure; any thread. */
#ifndef CS_MPC_CERT_RECORD_H
#define CS_MPC_CERT_RECORD_H

#include "base/rd.h"
#include "mpc/certificate.h"

enum { CS_CERT_RECORD_MAX = 1024 };

/* sid 32, ds_hash 32, key_id 16, epoch u32, curve, scheme, n, t u8 each, X, X_1..X_n,
 * chain code 32, tr_1 32, tr_2 32.  Reading fails the reader with `bad` when a field is
 * out of range or a point is not valid. */
void cs_cert_body_write(struct cs_wr *w, const struct cs_cert_body *b);
void cs_cert_body_read(struct cs_rd *r, struct cs_cert_body *b, enum cs_err bad);

struct cs_certificate {
    struct cs_cert_body body;
    struct cs_sig_set sigs;
    uint8_t C[32];         /* cs_cert_content(body) */
    uint8_t cert_hash[32]; /* cs_cert_hash(C) */
};

/* All n signatures must be there (asserts). */
void cs_certificate_encode(struct cs_wr *w, const struct cs_cert_body *body,
                           const struct cs_sig_set *sigs);
/* CERT_INVALID when malformed.  Signatures are not judged: cs_certificate_verify. */
enum cs_err cs_certificate_decode(struct cs_certificate *out, struct cs_span in)
    CS_MUST_USE;
/* ds_hash, n, t are the roster's and all n signatures verify: else CERT_INVALID. */
enum cs_err cs_certificate_verify(const struct cs_certificate *c,
                                  const struct cs_roster *r) CS_MUST_USE;

#endif
