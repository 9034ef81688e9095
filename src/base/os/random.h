/* getrandom(2), for cs_env.random and cs_safe_params.random.  Any thread.  Blocks only
 * before the kernel's pool is first seeded; a failure ends the process (cs_fatal). */
#ifndef CS_BASE_OS_RANDOM_H
#define CS_BASE_OS_RANDOM_H

#include <stddef.h>
#include <stdint.h>

void cs_os_random(void *unused_ctx, uint8_t *out, size_t n);

#endif
