/* One honest end, one evil end and their messages, for test_mpc_dkls_*.c. */
#ifndef CS_TEST_SUPPORT_DKLS_RIG_H
#define CS_TEST_SUPPORT_DKLS_RIG_H

#include "support/dkls_evil.h"

static struct duo d;
static struct evil e;   /* end 2 */
static struct honest h; /* end 1 */
static uint8_t presid[32];

/* Where fields are. */
enum {
    R1_NONCE = 0,
    R1_COM = 32,
    R1_U = 64,
    R1_X = R1_U + CS_OT_ROWS * CS_OT_ROW_LEN,
    R1_T = R1_X + 16,
    R2_SID = 0,
    R2_AT = 32,
    R2_ETA = R2_AT + CS_RVOLE_AT_LEN,
    R2_MU = R2_ETA + 32,
    R2_R = R2_MU + 32,
    R2_SALT = R2_R + 33,
    R2_PK = R2_SALT + 32,
    R2_GU = R2_PK + 33,
    R2_GV = R2_GU + 33,
    R2_PSI = R2_GV + 33,
    R3_SID = 0,
    R3_U = 32,
    R3_W = 64,
};

static inline void open_all(void)
{
    duo_open(&d, 1, 2);
    d.initiator = 1;
    stream_bytes(&rnd, presid, 32);
    evil_open(&e, &d, 2, presid);
    honest_open(&h, &d, presid);
    evil_round1(&e);
    assert_true(honest_compute(&h)); /* its round 1 is in h.out */
}

static inline void close_all(void)
{
    honest_close(&h);
    evil_close(&e);
    duo_close(&d);
}

#endif
