#include "net/lws_make.h"

#include <libwebsockets.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"

static void on_line(int level, const char *line)
{
    /* libwebsockets calls many a peer's mistake an error: it is a warning here. */
    enum cs_log_level to = (level & (LLL_ERR | LLL_WARN)) != 0 ? CS_LOG_DEBUG
                                                               : CS_LOG_TRACE;
    size_t n = strcspn(line, "\n");

    cs_log(to, "lws", "%.*s", (int)(n < 800 ? n : 800), line);
}

/* Its buffers hold what TLS has decrypted: keys of a KMS, credentials, tokens. */
static void *wiping(void *p, size_t n, const char *reason)
{
    (void)reason;
    return cs_realloc_wiping(p, n);
}

struct lws_context *cs_lws_create(const struct lws_context_creation_info *info)
{
    static atomic_flag is_set = ATOMIC_FLAG_INIT;
    struct sigaction was;
    bool handled = sigaction(SIGPIPE, NULL, &was) == 0 && was.sa_handler != SIG_DFL;
    struct lws_context *ctx;

    if (!atomic_flag_test_and_set(&is_set)) {
        lws_set_log_level(LLL_ERR | LLL_WARN, on_line);
        lws_set_allocator(wiping);
    }
    ctx = lws_create_context(info);
    if (handled) {
        (void)sigaction(SIGPIPE, &was, NULL);
    }
    return ctx;
}
