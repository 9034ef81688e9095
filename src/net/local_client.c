#include "net/local_client.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "net/local_server.h"

/* The socket's name through /proc, so that a long directory fits in sun_path. */
static enum cs_err connect_to(int fd, const char *dir, const char *name,
                              struct cs_why *why)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    int dir_fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int n = snprintf(to.sun_path, sizeof to.sun_path, "/proc/self/fd/%d/%s", dir_fd,
                     name);
    enum cs_err err = CS_OK;

    if (dir_fd < 0 || n < 0 || (size_t)n >= sizeof to.sun_path ||
        connect(fd, (const struct sockaddr *)(const void *)&to, sizeof to) != 0) {
        err = cs_why(why, CS_ERR_CONN,
                     "no node answers on %s/%s (%s): is it running, with this data "
                     "directory, and are you its user?",
                     dir, name, strerror(errno));
    }
    if (dir_fd >= 0) {
        (void)close(dir_fd);
    }
    return err;
}

static enum cs_err send_all(int fd, struct cs_span data)
{
    while (data.n != 0) {
        ssize_t n = send(fd, data.p, data.n, MSG_NOSIGNAL);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return CS_ERR_TIMEOUT;
        }
        data.p += n;
        data.n -= (size_t)n;
    }
    return CS_OK;
}

static enum cs_err read_line(int fd, struct cs_wr *out)
{
    uint8_t buf[4096];
    size_t start = out->n;

    for (;;) {
        ssize_t n = recv(fd, buf, sizeof buf, 0);
        const uint8_t *end;

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return n == 0 ? CS_ERR_PROTOCOL : CS_ERR_TIMEOUT;
        }
        end = memchr(buf, '\n', (size_t)n);
        cs_wr_bytes(out, buf, end != NULL ? (size_t)(end - buf) : (size_t)n);
        if (end != NULL || out->err != CS_OK) {
            return out->err;
        }
        if (out->n - start > CS_LOCAL_LINE_MAX) {
            return CS_ERR_PROTOCOL;
        }
    }
}

enum cs_err cs_local_ask(struct cs_wr *out, const char *dir, const char *name,
                         struct cs_span question, struct cs_why *why)
{
    struct timeval wait = {.tv_sec = CS_LOCAL_TIMEOUT_MS / 1000};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    enum cs_err err;

    if (fd < 0) {
        return cs_why(why, CS_ERR_OS, "no socket: %s", strerror(errno));
    }
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
    err = connect_to(fd, dir, name, why);
    if (err == CS_OK) {
        err = send_all(fd, question);
        err = err == CS_OK ? send_all(fd, CS_SPAN_LIT("\n")) : err;
        err = err == CS_OK ? read_line(fd, out) : err;
        if (err != CS_OK) {
            err = cs_why(why, err, "the node did not answer: %s", cs_err_text(err));
        }
    }
    (void)close(fd);
    return err;
}
