#include "base/os/clock.h"

#include <time.h>

#include "base/err.h"

static int64_t ms_of(clockid_t id)
{
    struct timespec ts;

    CS_ASSERT(clock_gettime(id, &ts) == 0);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

uint64_t cs_os_now_ms(void)
{
    /* BOOTTIME: a laptop or VM that slept must find its deadlines over, not paused. */
    return (uint64_t)ms_of(CLOCK_BOOTTIME);
}

int64_t cs_os_wall_ms(void)
{
    return ms_of(CLOCK_REALTIME);
}
