/* Any control frame: decoding never crashes, and what decodes encodes to a fixed point.
 */
#include <stdlib.h>
#include <string.h>

#include "wire/control.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cs_ctl_frame a, b;
    struct cs_wr first = {0}, second = {0};
    char why[128];

    if (cs_ctl_decode(&a, CS_SPAN(data, size), CS_CTL_MAX, why, sizeof why) != CS_OK) {
        return 0;
    }
    cs_ctl_encode(&first, &a);
    if (cs_ctl_decode(&b, cs_wr_get(&first), CS_CTL_MAX, why, sizeof why) != CS_OK) {
        abort();
    }
    cs_ctl_encode(&second, &b);
    if (first.n != second.n || memcmp(first.p, second.p, first.n) != 0) {
        abort();
    }
    cs_ctl_free(&a);
    cs_ctl_free(&b);
    cs_wr_free(&first);
    cs_wr_free(&second);
    return 0;
}
