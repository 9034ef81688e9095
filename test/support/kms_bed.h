/* Helpers of the KMS layer's tests.  Static functions: each program has its own. */
#ifndef CS_TEST_KMS_BED_H
#define CS_TEST_KMS_BED_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/why.h"
#include "base/wr.h"
#include "crypto/group.h"

#define BED_UNUSED __attribute__((unused))
#define T(text)    CS_SPAN((text), strlen(text))
#define assert_err(expr, want)                                                         \
    do {                                                                               \
        enum cs_err bed_err = (expr);                                                  \
        if (bed_err != (want)) {                                                       \
            fail_msg("%s: %s instead of %s", #expr, cs_err_name(bed_err),              \
                     cs_err_name(want));                                               \
        }                                                                              \
    } while (0)
#define assert_ok(expr) assert_err(expr, CS_OK)
#define assert_says(why, word)                                                         \
    do {                                                                               \
        if (strstr((why).text, word) == NULL) {                                        \
            fail_msg("\"%s\" does not say \"%s\"", (why).text, word);                  \
        }                                                                              \
    } while (0)
#define assert_silent(why, word)                                                       \
    do {                                                                               \
        if (strstr((why).text, word) != NULL) {                                        \
            fail_msg("\"%s\" says \"%s\"", (why).text, word);                          \
        }                                                                              \
    } while (0)

static BED_UNUSED int bed_start(void **state)
{
    (void)state;
    return cs_crypto_init() == CS_OK ? 0 : -1;
}

/* The bytes of w are exactly this text. */
static BED_UNUSED void bed_same(const struct cs_wr *w, const char *text)
{
    assert_int_equal(w->err, CS_OK);
    if (w->n != strlen(text) || memcmp(w->p, text, w->n) != 0) {
        fail_msg("got:\n%.*s\nwanted:\n%s", (int)w->n, (const char *)w->p, text);
    }
}

#endif
