/* One honest end, one evil end and their messages, for test_mpc_dkls_*.c. */
#ifndef CS_TEST_SUPPORT_DKLS_RIG_H
#define CS_TEST_SUPPORT_DKLS_RIG_H

#include "support/dkls_evil.h"
#include "support/dkls_fields.h"

static struct duo d;
static struct evil e;   /* end 2 */
static struct honest h; /* end 1 */
static uint8_t presid[32];

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
