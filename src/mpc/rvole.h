/* Random vector OLE (PROTOCOLS 4.4, 15.4 D4, D7): "Threshold ECDSA in Three Rounds"
 * (eprint 2023/765), Protocol 5.2 with l = 2, rho = 1, and the two misprints of its
 * pseudo-code corrected (index of theta in mu, index of a-hat in a-tilde).
 *
 *   Alice  gives a_0, a_1, learns c_0, c_1
 *   Bob    has beta from the OT extension, hence chi = sum beta_j g_j; learns d_0, d_1
 *   c_m + d_m = a_m * chi
 *
 *   alpha0, alpha1  the two pads of each transfer; alpha = alpha^beta is Bob's
 *   at, eta, mu     Alice's message;  a-hat, theta: her check column and its challenges
 *   g               public gadget, one scalar a transfer
 *
 * Constant time in everything but what is sent.  Any thread. */
#ifndef CS_MPC_RVOLE_H
#define CS_MPC_RVOLE_H

#include "crypto/oracle.h"
#include "crypto/secp_n.h"
#include "mpc/ot_ext.h"

enum {
    CS_RVOLE_L = 2,              /* inputs */
    CS_RVOLE_W = CS_RVOLE_L + 1, /* columns with the check's */
    CS_RVOLE_AT_LEN = CS_OT_USED * CS_RVOLE_W * 32,
    CS_RVOLE_LEN = CS_RVOLE_AT_LEN + 32 + 32, /* at, eta, mu */
};

/* g_j = h2s("gadget"; osid, j): public, made once a setup. */
struct cs_rvole_gadget {
    struct cs_n g[CS_OT_USED];
};
void cs_rvole_gadget_make(struct cs_rvole_gadget *out, const uint8_t osid[32]);

/* rsid = TH("ot/ro"; TH("sub"; sid, "rvole", alice, bob), osid, alice, bob).  sid holds
 * Alice's fresh nonce, so a first message of Bob's that is sent again meets new pads.
 */
void cs_rvole_rsid(uint8_t rsid[32], const struct cs_ot_ids *ids,
                   const uint8_t sid[32]);

/* chi, a function of beta alone: Bob knows it from round 1 on. */
void cs_rvole_chi(struct cs_n *chi, const struct cs_otx_bob *bob,
                  const struct cs_rvole_gadget *gadget);

/* Alice.  NOMEM. */
enum cs_err cs_rvole_alice(struct cs_n c[CS_RVOLE_L], uint8_t msg[CS_RVOLE_LEN],
                           const struct cs_otx_alice *ext,
                           const struct cs_rvole_gadget *gadget, const uint8_t rsid[32],
                           const struct cs_n a[CS_RVOLE_L], const struct cs_n *a_hat)
    CS_MUST_USE;
/* Bob.  ZERO_OR_RANGE when an entry of at or eta is not 1..n-1, found before anything
 * is computed; RVOLE_CHECK when mu does not fit: burn (4.6).  NOMEM.  d is zero then.
 */
enum cs_err cs_rvole_bob(struct cs_n d[CS_RVOLE_L], const uint8_t msg[CS_RVOLE_LEN],
                         const struct cs_otx_bob *ext,
                         const struct cs_rvole_gadget *gadget, const uint8_t rsid[32])
    CS_MUST_USE;

/* ---- the algebra alone, for any number n of transfers --------------------------- */

typedef struct cs_n cs_rvole_row[CS_RVOLE_W];

/* The scalars of eight pads' streams, three each; a chunk that is none is replaced
 * (4.3).  in: rsid 32, j 2, v 16 of each. */
void cs_rvole_pads_load(cs_rvole_row *rows,
                        const uint8_t bytes[CS_STREAMS][CS_STREAMS_LEN],
                        const uint8_t in[CS_STREAMS][CS_COL_IN]);
/* at_{j,m} = alpha0 - alpha1 + a_m, a[2] is a-hat; at: n * 3 * 32 bytes, j-major. */
void cs_rvole_at(uint8_t *at, const cs_rvole_row *alpha0, const cs_rvole_row *alpha1,
                 const cs_rvole_row a, size_t n);
/* eta = a-hat + theta_0 a_0 + theta_1 a_1 */
void cs_rvole_eta(struct cs_n *eta, const cs_rvole_row a,
                  const struct cs_n theta[CS_RVOLE_L]);
/* mu_j = x_{j,2} + theta_0 x_{j,0} + theta_1 x_{j,1} - (bits ? beta_j eta : 0), n * 32
 * bytes.  Alice: x = alpha0, bits NULL.  Bob: x = d-hat. */
void cs_rvole_mu(uint8_t *mu, const cs_rvole_row *x,
                 const struct cs_n theta[CS_RVOLE_L], const struct cs_n *eta,
                 const uint8_t *bits, size_t n);
/* x := d-hat = alpha + beta_j at_j */
void cs_rvole_d_hat(cs_rvole_row *x, const uint8_t *at, const uint8_t *bits, size_t n);
/* out_m = sum g_j x_{j,m} */
void cs_rvole_dot(struct cs_n out[CS_RVOLE_L], const struct cs_n *g,
                  const cs_rvole_row *x, size_t n);
/* sum of the g_j with beta_j = 1 */
void cs_rvole_choice(struct cs_n *chi, const struct cs_n *g, const uint8_t *bits,
                     size_t n);

#endif
