#include "net/local_server.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/wr.h"

enum { PAUSE_MS = 200 };

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
    uv_poll_t listener; /* not uv_listen: that calls listen(2), each time */
    uv_timer_t pause;
    unsigned open_handles;
    struct cs_local_socket own; /* when none was given */
    int fd;                     /* the listening one, its own copy */
    uint64_t next_id;
    struct client *clients[CS_LOCAL_CLIENTS_MAX];
    bool ending;
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
    if (!s->ending || s->open_handles != 0) {
        return;
    }
    if (s->fd >= 0) {
        (void)close(s->fd);
    }
    cs_local_socket_close(&s->own);
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
        cs_wipe(c->chunk, sizeof c->chunk); /* a question may hold a key (rekey) */
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

/* Takes fd in every case. */
static void serve(struct cs_local_server *s, int fd)
{
    struct client **slot = vacant(s), *c = slot != NULL ? cs_alloc(sizeof *c) : NULL;

    if (c == NULL) {
        (void)close(fd); /* told at once, and the queue of the socket does not fill */
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
    if (uv_pipe_open(&c->pipe, fd) != 0) {
        (void)close(fd);
        client_close(c);
    } else if (!may_ask(c) ||
               uv_read_start((uv_stream_t *)&c->pipe, on_alloc, on_read) != 0) {
        client_close(c);
    }
}

static void on_connection(uv_poll_t *poll, int status, int events);

static void on_pause_over(uv_timer_t *timer)
{
    struct cs_local_server *s = CS_CONTAINER_OF(timer, struct cs_local_server, pause);

    CS_ASSERT(uv_poll_start(&s->listener, UV_READABLE, on_connection) == 0);
}

/* Without a descriptor left the same connection would be reported for ever. */
static void on_connection(uv_poll_t *poll, int status, int events)
{
    struct cs_local_server *s = CS_CONTAINER_OF(poll, struct cs_local_server, listener);

    (void)events;
    for (int i = 0; i < CS_LOCAL_CLIENTS_MAX && status >= 0; i++) {
        int fd = accept4(s->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd >= 0) {
            serve(s, fd);
        } else if (errno == EAGAIN) {
            return;
        } else if (errno != EINTR && errno != ECONNABORTED) {
            status = -errno;
        }
    }
    if (status < 0) {
        cs_log(CS_LOG_WARN, "net", "local socket: %s", uv_strerror(status));
        CS_ASSERT(uv_poll_stop(&s->listener) == 0);
        CS_ASSERT(uv_timer_start(&s->pause, on_pause_over, PAUSE_MS, 0) == 0);
    }
}

static void listener_gone(uv_handle_t *handle)
{
    struct cs_local_server *s = CS_CONTAINER_OF(handle, struct cs_local_server,
                                                listener);

    s->open_handles--;
    end_if_done(s);
}

static void pause_gone(uv_handle_t *handle)
{
    struct cs_local_server *s = CS_CONTAINER_OF(handle, struct cs_local_server, pause);

    s->open_handles--;
    end_if_done(s);
}

/* ---- the socket
 * --------------------------------------------------------------------------- */

static bool listen_on(struct cs_local_socket *s)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};

    s->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (s->fd < 0) {
        return false;
    }
    memcpy(at.sun_path, s->path, sizeof s->path); /* with its NUL */
    (void)unlink(s->path);                        /* left by a killed process */
    return bind(s->fd, (const struct sockaddr *)(const void *)&at, sizeof at) == 0 &&
           chmod(s->path, 0600) == 0 && listen(s->fd, CS_LOCAL_CLIENTS_MAX) == 0;
}

enum cs_err cs_local_socket_open(struct cs_local_socket *s, const char *dir,
                                 const char *name, struct cs_why *why)
{
    enum cs_err err = CS_OK;
    int n;

    s->fd = -1;
    s->dir_fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (s->dir_fd < 0) {
        return cs_why(why, CS_ERR_OS, "cannot open %s: %s", dir, strerror(errno));
    }
    n = snprintf(s->path, sizeof s->path, "/proc/self/fd/%d/%s", s->dir_fd, name);
    CS_ASSERT(n > 0 && (size_t)n < sizeof s->path);
    if (!listen_on(s)) {
        err = cs_why(why, CS_ERR_OS, "cannot listen on %s/%s: %s", dir, name,
                     strerror(errno));
        cs_local_socket_close(s);
    }
    return err;
}

void cs_local_socket_close(struct cs_local_socket *s)
{
    if (s->dir_fd < 0) {
        return;
    }
    (void)unlink(s->path);
    if (s->fd >= 0) {
        (void)close(s->fd);
    }
    (void)close(s->dir_fd);
    s->fd = -1;
    s->dir_fd = -1;
}

/* ---- the server
 * --------------------------------------------------------------------------- */

static enum cs_err start(struct cs_local_server *s, struct cs_why *why)
{
    const struct cs_local_socket *from = s->cfg.socket;

    if (from == NULL) {
        CS_CHECK(cs_local_socket_open(&s->own, s->cfg.dir, s->cfg.name, why));
        from = &s->own;
    }
    s->fd = fcntl(from->fd, F_DUPFD_CLOEXEC, 3);
    if (s->fd < 0 || uv_poll_init(s->cfg.loop, &s->listener, s->fd) != 0) {
        return cs_why(why, CS_ERR_OS, "no descriptor left");
    }
    s->open_handles++;
    CS_ASSERT(uv_timer_init(s->cfg.loop, &s->pause) == 0);
    s->open_handles++;
    return uv_poll_start(&s->listener, UV_READABLE, on_connection) == 0
               ? CS_OK
               : cs_why(why, CS_ERR_OS, "cannot watch the local socket");
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
    s->own = (struct cs_local_socket){.fd = -1, .dir_fd = -1};
    s->fd = -1;
    s->next_id = 1;
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
    if (s->open_handles == 0) { /* its start has failed */
        end_if_done(s);
        return;
    }
    uv_close((uv_handle_t *)&s->listener, listener_gone);
    uv_close((uv_handle_t *)&s->pause, pause_gone);
}
