#include "node/copy.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/os/clock.h"
#include "crypto/group.h"
#include "store/lmdb/copy.h"
#include "wire/jsonx.h"

enum { STALL_MS = 30000, SLICE_MS = 100, QUESTION_MAX = 1024, PATH_CAP = 640 };

enum copy_state { COPY_NONE, COPY_RUNNING, COPY_DONE, COPY_FAILED };

struct cs_node_copy {
    struct cs_kv *kv;
    const char *dir;
    char path[PATH_CAP];
    bool has_thread; /* to be joined */
    pthread_t thread;
    int fd; /* the thread's */
    pthread_mutex_t mutex;
    /* guarded: */
    bool cancel;
    enum copy_state state;
    uint64_t done, total;
    uint8_t hash[32];
    enum cs_err err;
};

static void lock(struct cs_node_copy *c)
{
    CS_ASSERT(pthread_mutex_lock(&c->mutex) == 0);
}

static void unlock(struct cs_node_copy *c)
{
    CS_ASSERT(pthread_mutex_unlock(&c->mutex) == 0);
}

/* ---- the thread ------------------------------------------------------------------ */

static bool is_cancelled(struct cs_node_copy *c)
{
    bool cancel;

    lock(c);
    cancel = c->cancel;
    unlock(c);
    return cancel;
}

/* Until the reader has made room. */
static enum cs_err wait_for_room(struct cs_node_copy *c)
{
    uint64_t until = cs_os_now_ms() + STALL_MS;

    while (!is_cancelled(c)) {
        struct pollfd p = {.fd = c->fd, .events = POLLOUT};
        int n = poll(&p, 1, SLICE_MS);

        if (n > 0) {
            return CS_OK; /* an error, too: write tells it */
        }
        if (n < 0 && errno != EINTR) {
            return CS_ERR_OS;
        }
        if (cs_os_now_ms() >= until) {
            return CS_ERR_TIMEOUT;
        }
    }
    return CS_ERR_ABORTED;
}

static enum cs_err sink(void *ctx, struct cs_span bytes, uint64_t total)
{
    struct cs_node_copy *c = ctx;
    size_t at = 0;

    while (at < bytes.n) {
        ssize_t n = write(c->fd, bytes.p + at, bytes.n - at);

        if (n > 0) {
            at += (size_t)n;
        } else if (n < 0 && errno == EPIPE) {
            return CS_ERR_CONN; /* the reader is gone */
        } else if (n < 0 && errno != EAGAIN && errno != EINTR) {
            return CS_ERR_OS;
        } else {
            CS_CHECK(wait_for_room(c));
        }
    }
    lock(c);
    c->done += bytes.n;
    c->total = total;
    unlock(c);
    return is_cancelled(c) ? CS_ERR_ABORTED : CS_OK;
}

/* Signals are the loop's; a reader that is gone is EPIPE here and no SIGPIPE. */
static void mask_signals(void)
{
    sigset_t all;

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_BLOCK, &all, NULL);
}

/* The asker made it and reads already: else ENXIO. */
static enum cs_err open_fifo(struct cs_node_copy *c)
{
    struct stat st;

    c->fd = open(c->path, O_WRONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
    if (c->fd < 0) {
        return errno == ENXIO || errno == ENOENT ? CS_ERR_CONN : CS_ERR_OS;
    }
    return fstat(c->fd, &st) == 0 && S_ISFIFO(st.st_mode) ? CS_OK : CS_ERR_USAGE;
}

static void *copy_main(void *arg)
{
    struct cs_node_copy *c = arg;
    uint8_t hash[32] = {0};
    enum cs_err err;

    mask_signals();
    err = open_fifo(c);
    if (err == CS_OK) {
        err = cs_lmdb_copy(c->kv, sink, c, hash);
    }
    lock(c);
    c->state = err == CS_OK ? COPY_DONE : COPY_FAILED;
    c->err = err;
    memcpy(c->hash, hash, sizeof hash);
    unlock(c);
    if (c->fd >= 0) {
        (void)close(c->fd); /* the end, which the reader takes for nothing yet */
    }
    cs_crypto_thread_end();
    return NULL;
}

/* ---- the loop's side ------------------------------------------------------------- */

struct cs_node_copy *cs_node_copy_new(struct cs_kv *kv, const char *dir)
{
    struct cs_node_copy *c = cs_alloc(sizeof *c);

    if (c == NULL || pthread_mutex_init(&c->mutex, NULL) != 0) {
        cs_free(c);
        return NULL;
    }
    c->kv = kv;
    c->dir = dir;
    return c;
}

static void join(struct cs_node_copy *c)
{
    if (c->has_thread) {
        CS_ASSERT(pthread_join(c->thread, NULL) == 0);
        c->has_thread = false;
    }
}

void cs_node_copy_free(struct cs_node_copy *c)
{
    if (c == NULL) {
        return;
    }
    lock(c);
    c->cancel = true;
    unlock(c);
    join(c);
    (void)pthread_mutex_destroy(&c->mutex);
    cs_free(c);
}

static bool name_ok(const char *name)
{
    size_t n = strlen(name);

    return n > 5 && n <= 5 + 32 && strncmp(name, "copy-", 5) == 0 &&
           strspn(name + 5, "0123456789abcdef") == n - 5;
}

static json_t *refusal(enum cs_err err, const char *text)
{
    return json_pack("{s:b,s:s,s:s}", "ok", 0, "reason", cs_err_reason(err), "text",
                     text);
}

static bool is_running(struct cs_node_copy *c)
{
    bool running;

    lock(c);
    running = c->state == COPY_RUNNING;
    unlock(c);
    return running;
}

static json_t *start(struct cs_node_copy *c, const char *name)
{
    int n = snprintf(c->path, sizeof c->path, "%s/%s", c->dir, name);

    if (n < 0 || (size_t)n >= sizeof c->path) {
        return refusal(CS_ERR_CONFIG, "the path of the data directory is too long");
    }
    join(c); /* of the one before, which has ended */
    c->state = COPY_RUNNING;
    c->done = c->total = 0;
    c->fd = -1;
    if (pthread_create(&c->thread, NULL, copy_main, c) != 0) {
        c->state = COPY_NONE;
        return refusal(CS_ERR_OS, "no thread for the copy: too many processes");
    }
    c->has_thread = true;
    cs_log(CS_LOG_INFO, "backup", "an operator copies the store");
    return json_pack("{s:b}", "ok", 1);
}

static json_t *start_or_refuse(struct cs_node_copy *c, struct cs_jr *r)
{
    const char *name = cs_jr_str(r, "fifo", 64, false);

    if (r->err != CS_OK || !name_ok(name)) {
        return refusal(CS_ERR_BAD_FORMAT, "fifo must be copy-<1 to 32 hex digits>");
    }
    if (is_running(c)) {
        return refusal(CS_ERR_LIMIT, "another backup of this node is running: wait for "
                                     "its end");
    }
    return start(c, name);
}

static json_t *tell(struct cs_node_copy *c)
{
    static const char *const names[] = {"NONE", "RUNNING", "DONE", "FAILED"};
    json_t *o;

    lock(c);
    o = json_pack("{s:b,s:s,s:I,s:I,s:o,s:s,s:s}", "ok", 1, "state", names[c->state],
                  "done", (json_int_t)c->done, "total", (json_int_t)c->total, "sha256",
                  cs_json_hex(c->hash, sizeof c->hash), "reason",
                  c->state == COPY_FAILED ? cs_err_reason(c->err) : "", "text",
                  c->state == COPY_FAILED ? cs_err_text(c->err) : "");
    unlock(c);
    return o;
}

static void answer(struct cs_host *host, uint64_t id, json_t *o)
{
    struct cs_wr w = {0};

    cs_json_write(&w, o);
    cs_host_answer(host, id, cs_wr_get(&w));
    cs_wr_free(&w);
    json_decref(o);
}

bool cs_node_copy_question(struct cs_node_copy *c, struct cs_host *host, uint64_t id,
                           struct cs_span line)
{
    static const char mine[] = "\"store.copy";
    const char *why, *cmd;
    bool is_start, taken;
    json_t *j = NULL;
    struct cs_jr r;

    /* Without parsing every question twice. */
    if (line.n < sizeof mine - 1 || line.n > QUESTION_MAX ||
        memmem(line.p, line.n, mine, sizeof mine - 1) == NULL ||
        cs_json_parse(&j, line, QUESTION_MAX, &why) != CS_OK) {
        return false;
    }
    r = CS_JR(j);
    cmd = cs_jr_str(&r, "cmd", 32, true);
    is_start = strcmp(cmd, "store.copy") == 0;
    taken = is_start || strcmp(cmd, "store.copy.state") == 0;
    if (taken) {
        answer(host, id, is_start ? start_or_refuse(c, &r) : tell(c));
    }
    json_decref(j);
    return taken;
}
