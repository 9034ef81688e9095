/* Device set descriptors: what decodes passes its checks and encodes to the same bytes.
 */
#include <stdlib.h>
#include <string.h>

#include "crypto/group.h"
#include "mpc/device_set.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool ready;
    struct cs_device_set ds;
    struct cs_wr w = {0};
    uint8_t hash[CS_DS_HASH_LEN];

    if (!ready && cs_crypto_init() != CS_OK) {
        abort();
    }
    ready = true;
    if (cs_ds_decode(&ds, CS_SPAN(data, size)) == CS_OK) {
        if (cs_ds_encode(&w, &ds) != CS_OK || w.n != size ||
            memcmp(w.p, data, size) != 0) {
            abort();
        }
        cs_ds_hash(hash, &ds);
        cs_wr_free(&w);
    }
    return 0;
}
