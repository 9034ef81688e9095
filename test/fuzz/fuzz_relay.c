/* Relay frames: decode, encode, same bytes. */
#include <stdlib.h>
#include <string.h>

#include "wire/relay.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cs_relay_frame f;
    struct cs_wr w = {0};

    if (cs_relay_decode(&f, CS_SPAN(data, size)) == CS_OK) {
        cs_relay_encode(&w, &f);
        if (w.n != size || memcmp(w.p, data, size) != 0) {
            abort();
        }
        cs_wr_free(&w);
    }
    return 0;
}
