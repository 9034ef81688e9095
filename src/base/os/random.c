#include "base/os/random.h"

#include <errno.h>
#include <sys/random.h>

#include "base/err.h"

void cs_os_random(void *unused_ctx, uint8_t *out, size_t n)
{
    (void)unused_ctx;
    while (n > 0) {
        ssize_t got = getrandom(out, n, 0);

        CS_ASSERT(got > 0 || (got < 0 && errno == EINTR)); /* no second source */
        if (got > 0) {
            out += got;
            n -= (size_t)got;
        }
    }
}
