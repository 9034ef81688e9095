#include "net/lws_make.h"

#include <libwebsockets.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"
#include "base/mem.h"
#include "net/lws_end.h"

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

struct polls {
    size_t n;
    long sum; /* of their descriptors, without sockets */
};

static void add_poll(uv_handle_t *handle, void *arg)
{
    struct polls *p = arg;
    uv_os_fd_t fd;
    struct stat st;

    if (handle->type == UV_POLL && uv_fileno(handle, &fd) == 0 && fstat(fd, &st) == 0 &&
        !S_ISSOCK(st.st_mode)) {
        p->n++;
        p->sum += fd;
    }
}

/* Without vhosts, a new context polls its eventfd, and 4.3 a netlink socket. */
static void find_wake(struct cs_lws_end *end, uv_loop_t *loop, struct polls before)
{
    struct polls now = {0};

    uv_walk(loop, add_poll, &now);
    end->has_wake = now.n == before.n + 1;
    end->wake = end->has_wake ? (int)(now.sum - before.sum) : -1;
}

struct lws_context *cs_lws_create(const struct lws_context_creation_info *info,
                                  struct cs_lws_end *end)
{
    static atomic_flag is_set = ATOMIC_FLAG_INIT;
    struct sigaction was;
    bool handled = sigaction(SIGPIPE, NULL, &was) == 0 && was.sa_handler != SIG_DFL;
    uv_loop_t *loop = info->foreign_loops[0];
    struct polls before = {0};
    struct lws_context *ctx;

    uv_walk(loop, add_poll, &before);
    if (!atomic_flag_test_and_set(&is_set)) {
        lws_set_log_level(LLL_ERR | LLL_WARN, on_line);
        lws_set_allocator(wiping);
    }
    ctx = lws_create_context(info);
    if (handled) {
        (void)sigaction(SIGPIPE, &was, NULL);
    }
    if (ctx != NULL) {
        find_wake(end, loop, before);
    }
    return ctx;
}
