/* A scripted HTTP server on a thread of its own, over TLS or plain: each connection
 * gets the same answer, whatever was asked.  Header only. */
#ifndef TEST_SUPPORT_TLS_SERVE_H
#define TEST_SUPPORT_TLS_SERVE_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include <uv.h>

#include "base/wr.h"

struct serve {
    /* set before serve_open */
    const char *cert_file, *key_file; /* NULL: plain */
    const char *client_ca;            /* a client certificate is required */
    const char *address;              /* NULL: 127.0.0.1 */
    const char *answer;
    size_t repeat; /* the answer's last byte this many times more */
    bool hang;     /* answers nothing, keeps the connection */
    bool mute;     /* accepts, but says nothing at all, no TLS either */
    /* found */
    int port;
    atomic_uint n_conns, n_requests;
    char request[65536]; /* the last one; valid after serve_close */
    size_t request_len;
    int fd, stop[2];
    uv_thread_t thread;
    SSL_CTX *ctx;
};

static inline bool serve_stopping(struct serve *s, int fd, int timeout)
{
    struct pollfd p[2] = {{.fd = s->stop[0], .events = POLLIN},
                          {.fd = fd, .events = POLLIN}};

    (void)poll(p, 2, timeout);
    return (p[0].revents & POLLIN) != 0;
}

static inline bool serve_complete(const char *p, size_t n)
{
    const char *end = memmem(p, n, "\r\n\r\n", 4), *len;
    size_t body = 0;

    if (end == NULL) {
        return false;
    }
    len = memmem(p, (size_t)(end - p), "content-length: ", 16);
    if (len == NULL) {
        len = memmem(p, (size_t)(end - p), "content-length:", 15);
        len = len != NULL ? len - 1 : NULL;
    }
    if (len != NULL) {
        body = strtoul(len + 16, NULL, 10);
    }
    return n >= (size_t)(end + 4 - p) + body;
}

static inline int serve_read(SSL *ssl, int fd, char *p, size_t n)
{
    return ssl != NULL ? SSL_read(ssl, p, (int)n) : (int)recv(fd, p, n, 0);
}

static inline bool serve_write(SSL *ssl, int fd, const char *p, size_t n)
{
    return (ssl != NULL ? SSL_write(ssl, p, (int)n)
                        : (int)send(fd, p, n, MSG_NOSIGNAL)) == (int)n;
}

static inline void serve_answer(struct serve *s, SSL *ssl, int fd)
{
    size_t n = strlen(s->answer);
    char block[8192];

    memset(block, n != 0 ? s->answer[n - 1] : 'x', sizeof block);
    if (!serve_write(ssl, fd, s->answer, n)) {
        return;
    }
    for (size_t left = s->repeat; left != 0;) {
        size_t k = left < sizeof block ? left : sizeof block;

        if (!serve_write(ssl, fd, block, k)) {
            return;
        }
        left -= k;
    }
}

static inline void serve_request(struct serve *s, SSL *ssl, int fd)
{
    s->request_len = 0;
    while (!serve_complete(s->request, s->request_len)) {
        int n = serve_read(ssl, fd, s->request + s->request_len,
                           sizeof s->request - s->request_len);

        if (n <= 0) {
            return;
        }
        s->request_len += (size_t)n;
    }
    s->n_requests++;
    if (s->hang) {
        (void)serve_stopping(s, fd, 20000);
    } else {
        serve_answer(s, ssl, fd);
    }
}

static inline void serve_one(struct serve *s, int fd)
{
    struct timeval limit = {.tv_sec = 20};
    SSL *ssl = NULL;

    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    s->n_conns++;
    if (s->mute) {
        (void)serve_stopping(s, s->stop[0], 20000);
        return;
    }
    if (s->ctx != NULL) {
        ssl = SSL_new(s->ctx);
        SSL_set_fd(ssl, fd);
        if (SSL_accept(ssl) != 1) {
            SSL_free(ssl);
            return;
        }
    }
    serve_request(s, ssl, fd);
    if (ssl != NULL) {
        (void)SSL_shutdown(ssl);
        SSL_free(ssl);
    }
}

static inline void serve_main(void *arg)
{
    struct serve *s = arg;

    while (!serve_stopping(s, s->fd, 60000)) {
        int fd = accept(s->fd, NULL, NULL);

        if (fd >= 0) {
            serve_one(s, fd);
            (void)close(fd);
        }
    }
}

static inline void serve_tls(struct serve *s)
{
    s->ctx = SSL_CTX_new(TLS_server_method());
    assert_int_equal(SSL_CTX_use_certificate_chain_file(s->ctx, s->cert_file), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey_file(s->ctx, s->key_file, SSL_FILETYPE_PEM),
                     1);
    if (s->client_ca != NULL) {
        assert_int_equal(SSL_CTX_load_verify_locations(s->ctx, s->client_ca, NULL), 1);
        /* a server's certificate will do for the client */
        (void)X509_VERIFY_PARAM_set_purpose(SSL_CTX_get0_param(s->ctx),
                                            X509_PURPOSE_ANY);
        SSL_CTX_set_verify(s->ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                           NULL);
    }
}

static inline void serve_open(struct serve *s)
{
    struct sockaddr_in a = {.sin_family = AF_INET};
    socklen_t n = sizeof a;

    a.sin_addr.s_addr = inet_addr(s->address != NULL ? s->address : "127.0.0.1");
    s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(s->fd, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(s->fd, 16), 0);
    assert_int_equal(getsockname(s->fd, (struct sockaddr *)&a, &n), 0);
    s->port = ntohs(a.sin_port);
    if (s->cert_file != NULL) {
        serve_tls(s);
    }
    assert_int_equal(pipe(s->stop), 0);
    assert_int_equal(uv_thread_create(&s->thread, serve_main, s), 0);
}

static inline void serve_close(struct serve *s)
{
    assert_int_equal(write(s->stop[1], "x", 1), 1);
    (void)uv_thread_join(&s->thread);
    (void)close(s->fd);
    (void)close(s->stop[0]);
    (void)close(s->stop[1]);
    SSL_CTX_free(s->ctx);
}

#endif
