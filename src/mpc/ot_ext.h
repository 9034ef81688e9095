/* OT extension of one signature and direction (PROTOCOLS 4.3, 15.4 D7): SoftSpoken with
 * k = 1, that is corrected KOS15, "Actively Secure OT Extension with Optimal Overhead"
 * (eprint 2015/546, Fig. 10) and "SoftSpokenOT" (eprint 2022/192).
 *
 *   Alice  has Delta and one key of each base OT; learns q_j
 *   Bob    has both keys of each; chooses beta (the first bits of b); learns t_j
 *   t_j = q_j + beta_j * Delta for each of the 416 columns that are used
 *
 * Rows are the 128 base OTs, columns the 640 transfers: 416 used, 96 padding, 128 for
 * the check.  Column c of a row = bit c&7 of byte c>>3; row i of a column = bit i&7 of
 * byte i>>3.  No branch or index depends on Delta, b, keys or rows.  Any thread. */
#ifndef CS_MPC_OT_EXT_H
#define CS_MPC_OT_EXT_H

#include "base/err.h"
#include "mpc/gf128.h"

enum {
    CS_OT_ROWS = 128,
    CS_OT_COLUMNS = 640,
    CS_OT_USED = 416, /* xi = kappa + 2 lambda_s */
    CS_OT_ROW_LEN = CS_OT_COLUMNS / 8,
    CS_OT_COLUMN_LEN = CS_OT_ROWS / 8,
    CS_OT_KEY_LEN = 32,
    CS_OT_CHI = 4,
    CS_OTX_LEN = CS_OT_ROWS * CS_OT_ROW_LEN + 16 + CS_OT_ROWS * 16, /* U, x, t */
};

/* One direction of a pair. */
struct cs_ot_ids {
    uint8_t osid[32];
    uint8_t alice, bob; /* indices */
};

/* What the base OTs leave behind, for the life of a setup: guarded memory. */
struct cs_ot_alice_keys {
    uint8_t delta[CS_OT_COLUMN_LEN];
    uint8_t k[CS_OT_ROWS][CS_OT_KEY_LEN];
};
struct cs_ot_bob_keys {
    uint8_t k[2][CS_OT_ROWS][CS_OT_KEY_LEN];
};

/* What one extension leaves behind.  Secret: the owner wipes. */
struct cs_otx_alice {
    uint8_t q[CS_OT_USED][CS_OT_COLUMN_LEN];
    uint8_t q_delta[CS_OT_USED][CS_OT_COLUMN_LEN]; /* q_j + Delta */
};
struct cs_otx_bob {
    uint8_t b[CS_OT_ROW_LEN]; /* random, set by the caller */
    uint8_t t[CS_OT_USED][CS_OT_COLUMN_LEN];
};
/* Memory to work in: wiped by the call that uses it. */
struct cs_otx_scratch {
    uint8_t rows[CS_OT_ROWS][CS_OT_ROW_LEN];
};

/* esid = TH("ot/ext"; osid, presid, bob, alice, nonce_bob) */
void cs_otx_esid(uint8_t esid[32], const struct cs_ot_ids *ids,
                 const uint8_t presid[32], const uint8_t nonce_bob[32]);

/* Makes U, x, t and the columns.  bob->b is the choice.  An esid is used once. */
void cs_otx_bob_run(struct cs_otx_bob *bob, uint8_t msg[CS_OTX_LEN],
                    const struct cs_ot_bob_keys *keys, const uint8_t esid[32],
                    struct cs_otx_scratch *scratch);
/* OT_CHECK when Bob did not use one b for all rows: the setup must be burned (4.6).
 * *alice is zero then. */
enum cs_err cs_otx_alice_run(struct cs_otx_alice *alice, const uint8_t msg[CS_OTX_LEN],
                             const struct cs_ot_alice_keys *keys,
                             const uint8_t esid[32], struct cs_otx_scratch *scratch)
    CS_MUST_USE;

/* beta_j of b, as a mask: all ones or zero. */
uint64_t cs_otx_beta(const struct cs_otx_bob *bob, size_t j);

/* ---- the algebra alone, as the vectors have it ---------------------------------- */

/* One row: ChaCha20 under TH("ot/prg"; k, esid). */
void cs_otx_prg(uint8_t row[CS_OT_ROW_LEN], const uint8_t k[CS_OT_KEY_LEN],
                const uint8_t esid[32]);
/* chi_1..chi_4 from U. */
void cs_otx_chi(struct cs_gf128 chi[CS_OT_CHI], const uint8_t esid[32],
                const uint8_t *u);
/* row[blk5] + sum chi_m * row[blk m] */
void cs_otx_fold(struct cs_gf128 *out, const uint8_t row[CS_OT_ROW_LEN],
                 const struct cs_gf128 chi[CS_OT_CHI]);
/* out = a + (bit ? b : 0) */
void cs_otx_row_add(uint8_t out[CS_OT_ROW_LEN], const uint8_t a[CS_OT_ROW_LEN],
                    const uint8_t b[CS_OT_ROW_LEN], unsigned bit);
/* fold(Q_i) = t_i + (Delta_i ? x : 0) in all rows; differences are collected, then
 * there is one decision. */
bool cs_otx_check(const uint8_t rows[CS_OT_ROWS][CS_OT_ROW_LEN], const uint8_t x[16],
                  const uint8_t *t, const uint8_t delta[CS_OT_COLUMN_LEN],
                  const struct cs_gf128 chi[CS_OT_CHI]) CS_MUST_USE;
/* The first 416 columns. */
void cs_otx_columns(uint8_t out[CS_OT_USED][CS_OT_COLUMN_LEN],
                    const uint8_t rows[CS_OT_ROWS][CS_OT_ROW_LEN]);

#endif
