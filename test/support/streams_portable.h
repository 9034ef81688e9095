/* streams.c once more, under a name of its own and without AVX2: what other machines
 * compute, which this one would never show.  Include once. */
#ifndef CS_TEST_SUPPORT_STREAMS_PORTABLE_H
#define CS_TEST_SUPPORT_STREAMS_PORTABLE_H

#include <sodium.h>

#include "crypto/oracle.h"

#define cs_streams                portable_streams
#define sodium_runtime_has_avx2() 0
#define streams                   portable_lanes

void cs_streams(uint8_t out[CS_STREAMS][CS_STREAMS_LEN],
                const uint8_t key[CS_STREAMS][32]);

#include "crypto/streams.c"

#undef cs_streams
#undef sodium_runtime_has_avx2
#undef streams

#endif
