#include "mpc/ot_selftest.h"

#include <string.h>

#include "base/text.h"
#include "crypto/oracle.h"
#include "mpc/gf128.h"

/* First row of vectors/own-algebra/gf128_mul. */
static bool gf128_ok(void)
{
    struct cs_gf128 a, b;
    uint8_t x[16], y[16], want[16], got[16];

    if (cs_unhex(x, 16, "97e2dd0f2b5cbdbc5c32b797cce3bdac") != CS_OK ||
        cs_unhex(y, 16, "8e9274ef6a50cd355938a0acfef8157b") != CS_OK ||
        cs_unhex(want, 16, "7d6d40884c7ce1d75b9889ec193fdecf") != CS_OK) {
        return false;
    }
    cs_gf128_load(&a, x);
    cs_gf128_load(&b, y);
    cs_gf128_mul(&a, &a, &b);
    cs_gf128_store(got, &a);
    return memcmp(got, want, sizeof got) == 0;
}

static bool streams_ok(void)
{
    uint8_t key[CS_STREAMS][32], got[CS_STREAMS][CS_STREAMS_LEN], want[CS_STREAMS_LEN];

    for (size_t l = 0; l < CS_STREAMS; l++) {
        memset(key[l], (int)(l + 1), sizeof key[l]);
    }
    cs_streams(got, (const uint8_t(*)[32])key);
    for (size_t l = 0; l < CS_STREAMS; l++) {
        cs_stream(want, sizeof want, key[l]);
        if (memcmp(got[l], want, sizeof want) != 0) {
            return false;
        }
    }
    return true;
}

enum cs_err cs_ot_selftest(const char **what)
{
    static const struct {
        bool (*run)(void);
        const char *name;
    } tests[] = {
        {streams_ok, "ChaCha20 in lanes"},
        {gf128_ok, "GF(2^128) product"},
    };

    for (size_t i = 0; i < CS_COUNTOF(tests); i++) {
        if (!tests[i].run()) {
            *what = tests[i].name;
            return CS_ERR_SELFTEST;
        }
    }
    return CS_OK;
}
