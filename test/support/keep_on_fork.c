/* For a test that forks out of a world that it has prepared: guarded memory
 * (base/mem.h) keeps its bytes in the child, where a node's would be zeros and every
 * key unknown. Linked with --wrap=madvise (test/CMakeLists.txt, evilpeer). */
#include <sys/mman.h>

int __real_madvise(void *p, size_t n, int advice);
int __wrap_madvise(void *p, size_t n, int advice);

int __wrap_madvise(void *p, size_t n, int advice)
{
    return advice == MADV_WIPEONFORK ? 0 : __real_madvise(p, n, advice);
}
