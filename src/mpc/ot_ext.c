/* See ot_ext.h.  The check is what keeps Bob from choosing other bits in other rows and
 * so reading Alice's pads out of the columns; chi comes from a hash of U, so he cannot
 * choose U to fit.  Multiplication is the field's: an XOR in its place was a published
 * misprint (PROTOCOLS 10, row 6). */
#include "mpc/ot_ext.h"

#include <string.h>

#include "base/mem.h"
#include "crypto/oracle.h"
#include "crypto/secp_n.h"

static unsigned bit_of(const uint8_t *p, size_t i)
{
    return (unsigned)(p[i >> 3] >> (i & 7)) & 1;
}

void cs_otx_esid(uint8_t esid[32], const struct cs_ot_ids *ids,
                 const uint8_t presid[32], const uint8_t nonce_bob[32])
{
    const struct cs_span x[] = {CS_SPAN_OF(ids->osid), CS_SPAN(presid, 32),
                                CS_SPAN(&ids->bob, 1), CS_SPAN(&ids->alice, 1),
                                CS_SPAN(nonce_bob, 32)};

    cs_th(esid, CS_TAG_OT_EXT, x, CS_COUNTOF(x));
}

/* PRG(K): ChaCha20 under TH("ot/prg"; K, esid) (D7). */
void cs_otx_prg(uint8_t row[CS_OT_ROW_LEN], const uint8_t k[CS_OT_KEY_LEN],
                const uint8_t esid[32])
{
    const struct cs_span x[] = {CS_SPAN(k, CS_OT_KEY_LEN), CS_SPAN(esid, 32)};
    uint8_t key[32];

    cs_th(key, CS_TAG_OT_PRG, x, CS_COUNTOF(x));
    cs_stream(row, CS_OT_ROW_LEN, key);
    cs_wipe(key, sizeof key);
}

/* What cs_otx_prg hashes, written once: enc(K, esid). */
enum { PRG_K = 4 + 4, PRG_ESID = PRG_K + CS_OT_KEY_LEN + 4, PRG_IN = PRG_ESID + 32 };

static void prg_input(uint8_t in[PRG_IN], const uint8_t esid[32])
{
    memset(in, 0, PRG_IN);
    in[3] = 2;             /* items */
    in[PRG_K - 1] = 32;    /* length of K */
    in[PRG_ESID - 1] = 32; /* and of esid */
    memcpy(in + PRG_ESID, esid, 32);
}

/* cs_otx_prg of all rows, eight at a time. */
static void prg_rows(uint8_t rows[CS_OT_ROWS][CS_OT_ROW_LEN],
                     const uint8_t k[CS_OT_ROWS][CS_OT_KEY_LEN], const uint8_t esid[32])
{
    uint8_t in[CS_STREAMS][PRG_IN], key[CS_STREAMS][32];
    uint8_t stream[CS_STREAMS][CS_STREAMS_LEN];

    for (size_t l = 0; l < CS_STREAMS; l++) {
        prg_input(in[l], esid);
    }
    for (size_t i = 0; i < CS_OT_ROWS; i += CS_STREAMS) {
        for (size_t l = 0; l < CS_STREAMS; l++) {
            memcpy(in[l] + PRG_K, k[i + l], CS_OT_KEY_LEN);
        }
        cs_th_each(key, CS_TAG_OT_PRG, in[0], PRG_IN, CS_STREAMS);
        cs_streams(stream, (const uint8_t(*)[32])key);
        for (size_t l = 0; l < CS_STREAMS; l++) {
            memcpy(rows[i + l], stream[l], CS_OT_ROW_LEN);
        }
    }
    cs_wipe(in, sizeof in);
    cs_wipe(key, sizeof key);
    cs_wipe(stream, sizeof stream);
}

_Static_assert(CS_OT_ROWS % CS_STREAMS == 0 &&
                   (int)CS_STREAMS_LEN >= (int)CS_OT_ROW_LEN && CS_OT_KEY_LEN == 32,
               "rows");

void cs_otx_chi(struct cs_gf128 chi[CS_OT_CHI], const uint8_t esid[32],
                const uint8_t *u)
{
    const struct cs_span x[] = {CS_SPAN(esid, 32),
                                CS_SPAN(u, CS_OT_ROWS * CS_OT_ROW_LEN)};
    uint8_t key[32], bytes[16 * CS_OT_CHI];

    cs_th(key, CS_TAG_OT_CHI, x, CS_COUNTOF(x));
    cs_stream(bytes, sizeof bytes, key);
    for (size_t m = 0; m < CS_OT_CHI; m++) {
        cs_gf128_load(&chi[m], bytes + 16 * m);
    }
}

void cs_otx_fold(struct cs_gf128 *out, const uint8_t row[CS_OT_ROW_LEN],
                 const struct cs_gf128 chi[CS_OT_CHI])
{
    struct cs_gf128 blk[CS_OT_CHI + 1];

    for (size_t m = 0; m <= CS_OT_CHI; m++) {
        cs_gf128_load(&blk[m], row + 16 * m);
    }
    cs_gf128_dot(out, &blk[CS_OT_CHI], chi, blk, CS_OT_CHI); /* callers scrub */
}

void cs_otx_row_add(uint8_t out[CS_OT_ROW_LEN], const uint8_t a[CS_OT_ROW_LEN],
                    const uint8_t b[CS_OT_ROW_LEN], unsigned bit)
{
    uint8_t mask = (uint8_t)cs_n_mask(bit);

    for (size_t i = 0; i < CS_OT_ROW_LEN; i++) {
        out[i] = (uint8_t)(a[i] ^ (b[i] & mask));
    }
}

/* Bit r of byte k = bit k of byte r. */
static uint64_t transpose8(uint64_t x)
{
    uint64_t t;

    t = (x ^ x >> 7) & 0x00aa00aa00aa00aa;
    x ^= t ^ t << 7;
    t = (x ^ x >> 14) & 0x0000cccc0000cccc;
    x ^= t ^ t << 14;
    t = (x ^ x >> 28) & 0x00000000f0f0f0f0;
    return x ^ t ^ t << 28;
}

void cs_otx_columns(uint8_t out[CS_OT_USED][CS_OT_COLUMN_LEN],
                    const uint8_t rows[CS_OT_ROWS][CS_OT_ROW_LEN])
{
    for (size_t c8 = 0; c8 < CS_OT_USED / 8; c8++) {
        for (size_t i8 = 0; i8 < CS_OT_ROWS / 8; i8++) {
            uint64_t x = 0;

            for (size_t r = 0; r < 8; r++) {
                x |= (uint64_t)rows[8 * i8 + r][c8] << (8 * r);
            }
            x = transpose8(x);
            for (size_t k = 0; k < 8; k++) {
                out[8 * c8 + k][i8] = (uint8_t)(x >> (8 * k));
            }
        }
    }
}

void cs_otx_bob_run(struct cs_otx_bob *bob, uint8_t msg[CS_OTX_LEN],
                    const struct cs_ot_bob_keys *keys, const uint8_t esid[32],
                    struct cs_otx_scratch *scratch)
{
    uint8_t *u = msg, *x = msg + CS_OT_ROWS * CS_OT_ROW_LEN, *t = x + 16;
    struct cs_gf128 chi[CS_OT_CHI], f;

    prg_rows(scratch->rows, keys->k[0], esid);
    prg_rows((uint8_t(*)[CS_OT_ROW_LEN])u, keys->k[1], esid);
    for (size_t i = 0; i < CS_OT_ROWS; i++) { /* U_i = T_i^0 + T_i^1 + b */
        uint8_t *ui = u + i * CS_OT_ROW_LEN;

        cs_otx_row_add(ui, ui, bob->b, 1);
        cs_otx_row_add(ui, ui, scratch->rows[i], 1);
    }
    cs_otx_chi(chi, esid, u);
    cs_otx_fold(&f, bob->b, chi);
    cs_gf128_store(x, &f);
    for (size_t i = 0; i < CS_OT_ROWS; i++) {
        cs_otx_fold(&f, scratch->rows[i], chi);
        cs_gf128_store(t + 16 * i, &f);
    }
    cs_otx_columns(bob->t, (const uint8_t(*)[CS_OT_ROW_LEN])scratch->rows);
    cs_wipe(scratch, sizeof *scratch);
    cs_n_scrub();
}

bool cs_otx_check(const uint8_t rows[CS_OT_ROWS][CS_OT_ROW_LEN], const uint8_t x[16],
                  const uint8_t *t, const uint8_t delta[CS_OT_COLUMN_LEN],
                  const struct cs_gf128 chi[CS_OT_CHI])
{
    struct cs_gf128 xs, ti, f;
    uint64_t diff = 0;

    cs_gf128_load(&xs, x);
    for (size_t i = 0; i < CS_OT_ROWS; i++) {
        uint64_t mask = cs_n_mask(bit_of(delta, i));

        cs_otx_fold(&f, rows[i], chi);
        cs_gf128_load(&ti, t + 16 * i);
        diff |= f.v[0] ^ ti.v[0] ^ (xs.v[0] & mask);
        diff |= f.v[1] ^ ti.v[1] ^ (xs.v[1] & mask);
    }
    return cs_ct_is_zero(&diff, sizeof diff);
}

enum cs_err cs_otx_alice_run(struct cs_otx_alice *alice, const uint8_t msg[CS_OTX_LEN],
                             const struct cs_ot_alice_keys *keys,
                             const uint8_t esid[32], struct cs_otx_scratch *scratch)
{
    const uint8_t *u = msg, *x = msg + CS_OT_ROWS * CS_OT_ROW_LEN, *t = x + 16;
    const uint8_t(
        *rows)[CS_OT_ROW_LEN] = (const uint8_t(*)[CS_OT_ROW_LEN])scratch->rows;
    struct cs_gf128 chi[CS_OT_CHI];
    enum cs_err err = CS_OK;

    prg_rows(scratch->rows, keys->k, esid);
    for (size_t i = 0; i < CS_OT_ROWS; i++) { /* Q_i = T_i + (Delta_i ? U_i : 0) */
        cs_otx_row_add(scratch->rows[i], scratch->rows[i], u + i * CS_OT_ROW_LEN,
                       bit_of(keys->delta, i));
    }
    cs_otx_chi(chi, esid, u);
    if (!cs_otx_check(rows, x, t, keys->delta, chi)) {
        memset(alice, 0, sizeof *alice);
        err = CS_ERR_OT_CHECK;
        goto out;
    }
    cs_otx_columns(alice->q, rows);
    for (size_t j = 0; j < CS_OT_USED; j++) {
        for (size_t k = 0; k < CS_OT_COLUMN_LEN; k++) {
            alice->q_delta[j][k] = (uint8_t)(alice->q[j][k] ^ keys->delta[k]);
        }
    }
out:
    cs_wipe(scratch, sizeof *scratch);
    cs_n_scrub();
    return err;
}

uint64_t cs_otx_beta(const struct cs_otx_bob *bob, size_t j)
{
    return cs_n_mask(bit_of(bob->b, j));
}
