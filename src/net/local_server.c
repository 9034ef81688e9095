#include "net/local_server.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/wr.h"

struct client {
    struct cs_local_server *server;
    uint64_t id;
    uv_pipe_t pipe;
    uv_timer_t timer;
    uv_write_t write;
    unsigned open_handles;
    bool asked, closing, answered;
    struct cs_wr in, out;
    char chunk[4096];
};

struct cs_local_server {
    struct cs_local_config cfg;
    uv_pipe_t listener;
    int dir_fd; /* held: libuv removes the socket by the path below it */
    char path[64];
    uint64_t next_id;
    struct client *clients[CS_LOCAL_CLIENTS_MAX];
    bool ending, listener_closed;
    void (*closed)(void *ctx);
    void *closed_ctx;
};

static void end_if_done(struct cs_local_server *s)
{
    void (*closed)(void *ctx) = s->closed;
    void *ctx = s->closed_ctx;

    for (size_t i = 0; i < CS_LOCAL_CLIENTS_MAX; i++) {
        if (s->clients[i] != NULL) {
            return;
        }
    }
    if (!s->ending || !s->listener_closed) {
        return;
    }
    if (s->dir_fd >= 0) {
        (void)close(s->dir_fd);
    }
    cs_free(s);
    if (closed != NULL) {
        closed(ctx);
    }
}

static void client_gone(struct client *c)
{
    struct cs_local_server *s = c->server;

    if (--c->open_handles != 0) {
        return;
    }
    for (size_t i = 0; i < CS_LOCAL_CLIENTS_MAX; i++) {
        if (s->clients[i] == c) {
            s->clients[i] = NULL;
        }
    }
    cs_wr_free(&c->in);
    cs_wr_free(&c->out);
    cs_free(c);
    end_if_done(s);
}

static void pipe_closed(uv_handle_t *handle)
{
    client_gone(CS_CONTAINER_OF(handle, struct client, pipe));
}

static void timer_closed(uv_handle_t *handle)
{
    client_gone(CS_CONTAINER_OF(handle, struct client, timer));
}

static void client_close(struct client *c)
{
    if (!c->closing) {
        c->closing = true;
        uv_close((uv_handle_t *)&c->pipe, pipe_closed);
        uv_close((uv_handle_t *)&c->timer, timer_closed);
    }
}

static void on_timeout(uv_timer_t *timer)
{
    client_close(CS_CONTAINER_OF(timer, struct client, timer));
}

static void on_alloc(uv_handle_t *handle, size_t wanted, uv_buf_t *buf)
{
    struct client *c = CS_CONTAINER_OF(handle, struct client, pipe);

    (void)wanted;
    *buf = uv_buf_init(c->chunk, sizeof c->chunk);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct client *c = CS_CONTAINER_OF(stream, struct client, pipe);
    const char *end;

    if (n < 0 || c->closing) {
        client_close(c);
        return;
    }
    if (c->asked) {
        return; /* one question each */
    }
    end = memchr(buf->base, '\n', (size_t)n);
    cs_wr_bytes(&c->in, buf->base, end != NULL ? (size_t)(end - buf->base) : (size_t)n);
    if (c->in.err != CS_OK) {
        client_close(c);
    } else if (end != NULL) {
        c->asked = true;
        c->server->cfg.question(c->server->cfg.ctx, c->id, cs_wr_get(&c->in));
    }
}

/* The mode of the socket is set after it exists, so ask the kernel who this is. */
static bool may_ask(const struct client *c)
{
    struct ucred who = {.uid = (uid_t)-1};
    socklen_t n = sizeof who;
    uv_os_fd_t fd;

    return uv_fileno((const uv_handle_t *)&c->pipe, &fd) == 0 &&
           getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &n) == 0 &&
           (who.uid == geteuid() || who.uid == 0);
}

static struct client **vacant(struct cs_local_server *s)
{
    for (size_t i = 0; i < CS_LOCAL_CLIENTS_MAX; i++) {
        if (s->clients[i] == NULL) {
            return &s->clients[i];
        }
    }
    return NULL;
}

static void refuse(uv_stream_t *listener, uv_loop_t *loop);

static void on_connection(uv_stream_t *stream, int status)
{
    struct cs_local_server *s = CS_CONTAINER_OF(stream, struct cs_local_server,
                                                listener);
    struct client **slot = vacant(s), *c;

    if (status < 0 || s->ending) {
        return;
    }
    c = slot != NULL ? cs_alloc(sizeof *c) : NULL;
    if (c == NULL) {
        refuse(stream, s->cfg.loop);
        return;
    }
    *slot = c;
    c->server = s;
    c->id = s->next_id++;
    c->in.max = CS_LOCAL_LINE_MAX;
    c->open_handles = 2;
    CS_ASSERT(uv_pipe_init(s->cfg.loop, &c->pipe, 0) == 0);
    CS_ASSERT(uv_timer_init(s->cfg.loop, &c->timer) == 0);
    CS_ASSERT(uv_timer_start(&c->timer, on_timeout, CS_LOCAL_TIMEOUT_MS, 0) == 0);
    if (uv_accept(stream, (uv_stream_t *)&c->pipe) != 0 || !may_ask(c) ||
        uv_read_start((uv_stream_t *)&c->pipe, on_alloc, on_read) != 0) {
        client_close(c);
    }
}

static void refused_closed(uv_handle_t *handle)
{
    cs_free(handle); /* the pipe begins with its handle */
}

/* Accepted and closed at once, so that the queue of the socket does not fill. */
static void refuse(uv_stream_t *listener, uv_loop_t *loop)
{
    uv_pipe_t *pipe = cs_alloc(sizeof *pipe);

    CS_ASSERT(pipe != NULL && uv_pipe_init(loop, pipe, 0) == 0);
    if (uv_accept(listener, (uv_stream_t *)pipe) != 0) {
        cs_log(CS_LOG_DEBUG, "net", "local socket: accept failed");
    }
    uv_close((uv_handle_t *)pipe, refused_closed);
}

static void listener_gone(uv_handle_t *handle)
{
    struct cs_local_server *s = CS_CONTAINER_OF(handle, struct cs_local_server,
                                                listener);

    s->listener_closed = true;
    end_if_done(s);
}

static enum cs_err start(struct cs_local_server *s, struct cs_why *why)
{
    const char *dir = s->cfg.dir, *name = s->cfg.name;
    int n, err;

    s->dir_fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    n = snprintf(s->path, sizeof s->path, "/proc/self/fd/%d/%s", s->dir_fd, name);
    if (s->dir_fd < 0 || n < 0 || (size_t)n >= sizeof s->path) {
        return cs_why(why, CS_ERR_OS, "cannot open %s: %s", dir, strerror(errno));
    }
    (void)unlink(s->path); /* left by a killed process */
    err = uv_pipe_bind(&s->listener, s->path);
    if (err == 0 && chmod(s->path, 0600) != 0) {
        err = -errno;
    }
    if (err == 0) {
        err = uv_listen((uv_stream_t *)&s->listener, CS_LOCAL_CLIENTS_MAX,
                        on_connection);
    }
    return err == 0 ? CS_OK
                    : cs_why(why, CS_ERR_OS, "cannot listen on %s/%s: %s", dir, name,
                             uv_strerror(err));
}

enum cs_err cs_local_server_new(struct cs_local_server **out,
                                const struct cs_local_config *cfg, struct cs_why *why)
{
    struct cs_local_server *s = cs_alloc(sizeof *s);
    enum cs_err err;

    *out = NULL;
    if (s == NULL) {
        return CS_ERR_NOMEM;
    }
    s->cfg = *cfg;
    s->dir_fd = -1;
    s->next_id = 1;
    CS_ASSERT(uv_pipe_init(cfg->loop, &s->listener, 0) == 0);
    err = start(s, why);
    if (err != CS_OK) {
        cs_local_server_close(s, NULL, NULL);
        return err;
    }
    *out = s;
    return CS_OK;
}

static void written(uv_write_t *req, int status)
{
    (void)status; /* a client that left does not matter */
    client_close(CS_CONTAINER_OF(req, struct client, write));
}

static struct client *find(struct cs_local_server *s, uint64_t id)
{
    for (size_t i = 0; i < CS_LOCAL_CLIENTS_MAX; i++) {
        if (s->clients[i] != NULL && s->clients[i]->id == id) {
            return s->clients[i];
        }
    }
    return NULL;
}

void cs_local_server_answer(struct cs_local_server *s, uint64_t id, struct cs_span json)
{
    struct client *c = find(s, id);
    uv_buf_t buf;

    if (c == NULL || c->closing || !c->asked || c->answered) {
        return;
    }
    c->answered = true;
    cs_wr_span(&c->out, json);
    cs_wr_u8(&c->out, '\n');
    buf = uv_buf_init((char *)c->out.p, (unsigned)c->out.n);
    if (c->out.err != CS_OK || c->out.n > CS_LOCAL_LINE_MAX ||
        uv_write(&c->write, (uv_stream_t *)&c->pipe, &buf, 1, written) != 0) {
        client_close(c);
    }
}

void cs_local_server_close(struct cs_local_server *s, void (*closed)(void *ctx),
                           void *ctx)
{
    CS_ASSERT(!s->ending);
    s->ending = true;
    s->closed = closed;
    s->closed_ctx = ctx;
    for (size_t i = 0; i < CS_LOCAL_CLIENTS_MAX; i++) {
        if (s->clients[i] != NULL) {
            client_close(s->clients[i]);
        }
    }
    uv_close((uv_handle_t *)&s->listener, listener_gone);
}
