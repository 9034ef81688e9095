/* What the fuzz targets share: a property that does not hold ends the process. */
#ifndef CS_TEST_FUZZ_H
#define CS_TEST_FUZZ_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/span.h"
#include "base/wr.h"
#include "crypto/group.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FUZZ_HOLDS(property)                                                           \
    do {                                                                               \
        if (!(property)) {                                                             \
            abort();                                                                   \
        }                                                                              \
    } while (0)

/* Hash tags and the like must be there before the first input; cheap afterwards. */
static inline void fuzz_start(void)
{
    FUZZ_HOLDS(cs_crypto_init() == CS_OK);
}

/* One encoding per value: what was decoded encodes to the bytes that were read.  Frees
 * the writer. */
static inline void fuzz_same(struct cs_wr *w, struct cs_span in)
{
    FUZZ_HOLDS(w->err == CS_OK);
    FUZZ_HOLDS(w->n == in.n && (in.n == 0 || memcmp(w->p, in.p, in.n) == 0));
    cs_wr_free(w);
}

#endif
