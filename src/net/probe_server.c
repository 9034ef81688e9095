#include "net/probe_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "net/probe_request.h"

enum { LINGER_MS = 1000, HEAD_MAX = 512 };

union stream { /* both begin with the same fields (libuv's own rule) */
    uv_handle_t handle;
    uv_stream_t stream;
    uv_pipe_t pipe;
    uv_tcp_t tcp;
};

struct client {
    struct cs_probe_server *server;
    union stream s;
    uv_timer_t timer;
    uv_write_t write;
    uv_shutdown_t shutdown;
    unsigned open_handles;
    bool answered, closing;
    bool heard_all; /* it has shut its side */
    size_t n;
    char head[CS_PROBE_HEAD_MAX];
    struct cs_wr out;
};

struct cs_probe_server {
    struct cs_probe_config cfg;
    bool is_unix;
    int port;
    union stream listener;
    struct client *clients[CS_PROBE_CLIENTS];
    bool ending, listener_closed;
    void (*closed)(void *ctx);
    void *closed_ctx;
};

/* ---- ends
 * ---------------------------------------------------------------------------------- */

static void end_if_done(struct cs_probe_server *s)
{
    void (*closed)(void *ctx) = s->closed;
    void *ctx = s->closed_ctx;

    for (size_t i = 0; i < CS_PROBE_CLIENTS; i++) {
        if (s->clients[i] != NULL) {
            return;
        }
    }
    if (s->ending && s->listener_closed) {
        cs_free(s);
        if (closed != NULL) {
            closed(ctx);
        }
    }
}

static void client_gone(struct client *c)
{
    struct cs_probe_server *s = c->server;

    if (--c->open_handles != 0) {
        return;
    }
    for (size_t i = 0; i < CS_PROBE_CLIENTS; i++) {
        if (s->clients[i] == c) {
            s->clients[i] = NULL;
        }
    }
    cs_wr_free(&c->out);
    cs_free(c);
    end_if_done(s);
}

static void stream_closed(uv_handle_t *handle)
{
    client_gone(CS_CONTAINER_OF(handle, struct client, s.handle));
}

static void timer_closed(uv_handle_t *handle)
{
    client_gone(CS_CONTAINER_OF(handle, struct client, timer));
}

static void client_close(struct client *c)
{
    if (!c->closing) {
        c->closing = true;
        uv_close(&c->s.handle, stream_closed);
        uv_close((uv_handle_t *)&c->timer, timer_closed);
    }
}

static void on_timeout(uv_timer_t *timer)
{
    client_close(CS_CONTAINER_OF(timer, struct client, timer));
}

/* ---- the answer
 * ----------------------------------------------------------------------------- */

static const char *phrase(int status)
{
    switch (status) {
    case 200:
        return "OK";
    case 400:
        return "Bad Request";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 421:
        return "Misdirected Request";
    case 431:
        return "Request Header Fields Too Large";
    case 503:
        return "Service Unavailable";
    case 505:
        return "HTTP Version Not Supported";
    default:
        return "Error";
    }
}

/* Our side is shut: the client may still send, and reads to the end before it goes. */
static void on_shutdown(uv_shutdown_t *req, int status)
{
    struct client *c = CS_CONTAINER_OF(req, struct client, shutdown);

    if (status != 0 || c->closing || c->heard_all) {
        client_close(c);
        return;
    }
    CS_ASSERT(uv_timer_start(&c->timer, on_timeout, LINGER_MS, 0) == 0);
}

static void on_written(uv_write_t *req, int status)
{
    struct client *c = CS_CONTAINER_OF(req, struct client, write);

    if (status != 0 || c->closing ||
        uv_shutdown(&c->shutdown, &c->s.stream, on_shutdown) != 0) {
        client_close(c);
    }
}

static void answer(struct client *c, const struct cs_probe_reply *r)
{
    struct cs_span body = cs_wr_get(&r->body);
    uv_buf_t buf;

    c->answered = true;
    c->out.max = CS_PROBE_BODY_MAX + HEAD_MAX;
    cs_wr_printf(&c->out,
                 "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
                 "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n%s"
                 "Connection: close\r\n\r\n",
                 r->status, phrase(r->status),
                 r->type != NULL ? r->type : "text/plain; charset=utf-8", body.n,
                 r->status == 405 ? "Allow: GET\r\n" : "");
    cs_wr_span(&c->out, body);
    buf = uv_buf_init((char *)c->out.p, (unsigned)c->out.n);
    if (c->out.err != CS_OK || r->body.err != CS_OK ||
        uv_write(&c->write, &c->s.stream, &buf, 1, on_written) != 0) {
        client_close(c);
    }
}

static void answer_status(struct client *c, int status)
{
    struct cs_probe_reply r = {.status = status};

    cs_wr_printf(&r.body, "%d %s\n", status, phrase(status));
    answer(c, &r);
    cs_wr_free(&r.body);
}

static void on_head(struct client *c, size_t n)
{
    const struct cs_probe_config *cfg = &c->server->cfg;
    struct cs_probe_reply r = {.body = {.max = CS_PROBE_BODY_MAX}};
    char path[CS_PROBE_URL_MAX] = "";
    int status = cs_probe_request(path, c->head, n, c->server->is_unix);

    if (status != 200) {
        answer_status(c, status);
        return;
    }
    cfg->get(cfg->ctx, path, &r);
    if (r.status == 0) {
        answer_status(c, 404);
    } else {
        answer(c, &r);
    }
    cs_wr_free(&r.body);
}

/* ---- in -------------------------------------------------------------------------- */

static void on_alloc(uv_handle_t *handle, size_t wanted, uv_buf_t *buf)
{
    struct client *c = CS_CONTAINER_OF(handle, struct client, s.handle);

    (void)wanted;
    if (c->answered) { /* discarded; the head is not needed any more */
        c->n = 0;
    }
    *buf = uv_buf_init(c->head + c->n, (unsigned)(sizeof c->head - c->n));
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct client *c = CS_CONTAINER_OF(stream, struct client, s.stream);
    size_t head;

    (void)buf;
    if (n == UV_EOF && c->answered && !c->closing && uv_is_writable(stream)) {
        c->heard_all = true; /* it may wait for the rest of its answer */
        return;
    }
    if (n < 0) {
        client_close(c);
        return;
    }
    if (c->closing || c->answered) {
        return;
    }
    c->n += (size_t)n;
    head = cs_probe_head_len(c->head, c->n);
    if (head != 0) {
        on_head(c, head);
    } else if (c->n == sizeof c->head) {
        answer_status(c, 431);
    }
}

/* The mode of a socket is set after it exists: the kernel says who this is. */
static bool may_ask(const struct client *c)
{
    struct ucred who = {.uid = (uid_t)-1};
    socklen_t n = sizeof who;
    uv_os_fd_t fd;

    if (!c->server->is_unix) {
        return true;
    }
    return uv_fileno(&c->s.handle, &fd) == 0 &&
           getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &n) == 0 &&
           (who.uid == geteuid() || who.uid == 0);
}

static void init_stream(const struct cs_probe_server *s, union stream *stream)
{
    CS_ASSERT((s->is_unix ? uv_pipe_init(s->cfg.loop, &stream->pipe, 0)
                          : uv_tcp_init(s->cfg.loop, &stream->tcp)) == 0);
}

static void refused_closed(uv_handle_t *handle)
{
    cs_free(handle); /* begins with its handle */
}

/* Accepted and closed at once, so that the queue of the socket does not fill. */
static void refuse(struct cs_probe_server *s)
{
    union stream *stream = cs_alloc(sizeof *stream);

    if (stream == NULL) {
        return; /* it waits in the queue; the next connection tries again */
    }
    init_stream(s, stream);
    if (uv_accept(&s->listener.stream, &stream->stream) != 0) {
        cs_log(CS_LOG_DEBUG, "observe", "accept failed");
    }
    uv_close(&stream->handle, refused_closed);
}

static void on_connection(uv_stream_t *stream, int status)
{
    struct cs_probe_server *s = CS_CONTAINER_OF(stream, struct cs_probe_server,
                                                listener.stream);
    size_t i = 0;
    struct client *c;

    if (status < 0 || s->ending) {
        return;
    }
    while (i < CS_PROBE_CLIENTS && s->clients[i] != NULL) {
        i++;
    }
    c = i < CS_PROBE_CLIENTS ? cs_alloc(sizeof *c) : NULL;
    if (c == NULL) {
        refuse(s);
        return;
    }
    s->clients[i] = c;
    c->server = s;
    c->open_handles = 2;
    init_stream(s, &c->s);
    CS_ASSERT(uv_timer_init(s->cfg.loop, &c->timer) == 0);
    CS_ASSERT(uv_timer_start(&c->timer, on_timeout, CS_PROBE_TIME_MS, 0) == 0);
    if (uv_accept(stream, &c->s.stream) != 0 || !may_ask(c) ||
        uv_read_start(&c->s.stream, on_alloc, on_read) != 0) {
        client_close(c);
    }
}

/* ---- life
 * ---------------------------------------------------------------------------------- */

static enum cs_err in_use(struct cs_why *why, const char *what)
{
    return cs_why(why, CS_ERR_CONFIG,
                  "METRICS_ADDR: %s answers on it already: give each node its own",
                  what);
}

/* Of the kind that is made here, and nobody listens.  All else that connecting may say
 * (another kind of socket, no right to it, a full queue) is of a socket in use. */
static bool is_left(const char *path)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool left;

    if (fd < 0) {
        return false;
    }
    memcpy(to.sun_path, path, strlen(path) + 1);
    left = connect(fd, (const struct sockaddr *)(const void *)&to, sizeof to) != 0 &&
           errno == ECONNREFUSED;
    (void)close(fd);
    return left;
}

/* A socket that nobody serves any more is replaced; anything else at the path stays. */
static enum cs_err clear_path(const char *path, struct cs_why *why)
{
    struct stat st;

    if (lstat(path, &st) != 0) {
        return errno == ENOENT ? CS_OK
                               : cs_why(why, CS_ERR_CONFIG, "METRICS_ADDR: %s: %s",
                                        path, strerror(errno));
    }
    if (!S_ISSOCK(st.st_mode)) {
        return cs_why(why, CS_ERR_CONFIG,
                      "METRICS_ADDR: %s exists and is no socket: remove it, or name "
                      "another path",
                      path);
    }
    if (!is_left(path)) {
        return in_use(why, "a process");
    }
    return unlink(path) == 0
               ? CS_OK
               : cs_why(why, CS_ERR_CONFIG, "METRICS_ADDR: %s cannot be replaced: %s",
                        path, strerror(errno));
}

static int bind_to(struct cs_probe_server *s, const struct cs_probe_addr *a)
{
    struct sockaddr_storage at;
    int err;

    if (a->is_unix) {
        err = uv_pipe_bind(&s->listener.pipe, a->path);
        return err == 0 && chmod(a->path, 0600) != 0 ? -errno : err;
    }
    err = strcmp(a->host, "::1") == 0
              ? uv_ip6_addr(a->host, a->port, (struct sockaddr_in6 *)(void *)&at)
              : uv_ip4_addr(a->host, a->port, (struct sockaddr_in *)(void *)&at);
    return err == 0 ? uv_tcp_bind(&s->listener.tcp,
                                  (const struct sockaddr *)(const void *)&at, 0)
                    : err;
}

static void learn_port(struct cs_probe_server *s)
{
    struct sockaddr_storage at;
    int n = sizeof at;

    if (!s->is_unix &&
        uv_tcp_getsockname(&s->listener.tcp, (struct sockaddr *)(void *)&at, &n) == 0) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)&at;

        s->port = (int)ntohs(in->sin_port); /* at the same place in both families */
    }
}

static enum cs_err start(struct cs_probe_server *s, const struct cs_probe_addr *a,
                         struct cs_why *why)
{
    int err;

    if (a->is_unix) {
        CS_CHECK(clear_path(a->path, why));
    }
    err = bind_to(s, a);
    if (err == 0) {
        err = uv_listen(&s->listener.stream, CS_PROBE_CLIENTS, on_connection);
    }
    if (err == UV_EADDRINUSE) {
        return in_use(why, "another process");
    }
    if (err != 0) {
        return cs_why(why, CS_ERR_CONFIG, "METRICS_ADDR: cannot listen on %s: %s%s",
                      a->is_unix ? a->path : a->host, uv_strerror(err),
                      a->is_unix ? " (the directory must exist, and be the node's to "
                                   "write)"
                                 : "");
    }
    learn_port(s);
    return CS_OK;
}

enum cs_err cs_probe_server_new(struct cs_probe_server **out,
                                const struct cs_probe_config *cfg, struct cs_why *why)
{
    struct cs_probe_server *s = cs_alloc(sizeof *s);
    enum cs_err err;

    *out = NULL;
    if (s == NULL) {
        return CS_ERR_NOMEM;
    }
    s->cfg = *cfg;
    s->cfg.addr = NULL;
    s->is_unix = cfg->addr->is_unix;
    init_stream(s, &s->listener);
    err = start(s, cfg->addr, why);
    if (err != CS_OK) {
        cs_probe_server_close(s, NULL, NULL);
        return err;
    }
    *out = s;
    return CS_OK;
}

int cs_probe_server_port(const struct cs_probe_server *s)
{
    return s->port;
}

static void listener_gone(uv_handle_t *handle)
{
    struct cs_probe_server *s = CS_CONTAINER_OF(handle, struct cs_probe_server,
                                                listener.handle);

    s->listener_closed = true;
    end_if_done(s);
}

void cs_probe_server_close(struct cs_probe_server *s, void (*closed)(void *ctx),
                           void *ctx)
{
    CS_ASSERT(!s->ending);
    s->ending = true;
    s->closed = closed;
    s->closed_ctx = ctx;
    for (size_t i = 0; i < CS_PROBE_CLIENTS; i++) {
        if (s->clients[i] != NULL) {
            client_close(s->clients[i]);
        }
    }
    uv_close(&s->listener.handle, listener_gone);
}
