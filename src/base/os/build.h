/* What kind of build this is: a sanitizer's runtime makes system calls of its own, and
 * LeakSanitizer traces its own process. */
#ifndef CS_BASE_OS_BUILD_H
#define CS_BASE_OS_BUILD_H

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define CS_OS_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) ||             \
    __has_feature(memory_sanitizer)
#define CS_OS_SANITIZED 1
#endif
#endif
#ifndef CS_OS_SANITIZED
#define CS_OS_SANITIZED 0
#endif

#endif
