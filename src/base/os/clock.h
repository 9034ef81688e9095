/* The two clocks.  Any thread. */
#ifndef CS_BASE_OS_CLOCK_H
#define CS_BASE_OS_CLOCK_H

#include <stdint.h>

uint64_t cs_os_now_ms(void); /* monotonic; counts suspended time too */
int64_t cs_os_wall_ms(void); /* Unix time */

#endif
