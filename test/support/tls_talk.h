/* A blocking TLS client on its own thread: sends given bytes, reads until the other
 * side ends or `want` answers (heads with Content-Length) are complete.  Header only.
 */
#ifndef TEST_SUPPORT_TLS_TALK_H
#define TEST_SUPPORT_TLS_TALK_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include <uv.h>

#include "base/wr.h"

struct talk {
    int port;
    struct cs_span out;
    unsigned want;         /* answers to wait for; 0: until the end */
    const char *alpn;      /* NULL: none offered; else wire form, "\x02h2" */
    bool no_tls;           /* connect, send nothing, wait for the end */
    uint8_t from;          /* the last byte of its own address; 0: 127.0.0.1 */
    struct cs_wr in;       /* what came */
    char chosen[16];       /* ALPN */
    bool connected, ended; /* TLS was up; the server ended the connection */
    unsigned done;         /* set on the loop, by talk_woken */
    uv_thread_t thread;
    uv_async_t *wake;
};

static inline unsigned talk_answers(const struct cs_wr *in)
{
    const char *p = (const char *)in->p;
    size_t left = in->n;
    unsigned n = 0;

    while (left != 0) {
        const char *end = memmem(p, left, "\r\n\r\n", 4), *len;
        size_t body = 0, whole;

        if (end == NULL) {
            break;
        }
        len = memmem(p, (size_t)(end - p), "ontent-length: ", 15);
        if (len != NULL) {
            body = strtoul(len + 15, NULL, 10);
        }
        whole = (size_t)(end - p) + 4 + body;
        if (whole > left) {
            break;
        }
        p += whole;
        left -= whole;
        n++;
    }
    return n;
}

static inline void talk_tls(struct talk *t, SSL *ssl)
{
    const unsigned char *proto = NULL;
    unsigned n = 0;
    char buf[4096];

    if (SSL_connect(ssl) != 1) {
        t->ended = true;
        return;
    }
    t->connected = true;
    SSL_get0_alpn_selected(ssl, &proto, &n);
    memcpy(t->chosen, proto != NULL ? (const char *)proto : "", n < 15 ? n : 15);
    if (t->out.n != 0) {
        (void)SSL_write(ssl, t->out.p, (int)t->out.n);
    }
    while (t->want == 0 || talk_answers(&t->in) < t->want) {
        int got = SSL_read(ssl, buf, sizeof buf);

        if (got <= 0) {
            t->ended = true;
            break;
        }
        cs_wr_bytes(&t->in, buf, (size_t)got);
    }
}

/* The callback of wake; wake->data is the talk. */
static inline void talk_woken(uv_async_t *wake)
{
    ((struct talk *)wake->data)->done = 1;
}

static inline void talk_main(void *arg)
{
    struct talk *t = arg;
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_port = htons((uint16_t)t->port)};
    struct sockaddr_in own = {.sin_family = AF_INET};
    struct timeval limit = {.tv_sec = 20};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    SSL *ssl = SSL_new(ctx);
    char byte;

    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    own.sin_addr.s_addr = htonl(INADDR_LOOPBACK - 1U + (t->from != 0 ? t->from : 1U));
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    if (bind(fd, (struct sockaddr *)&own, sizeof own) == 0 &&
        connect(fd, (struct sockaddr *)&a, sizeof a) == 0) {
        if (t->no_tls) {
            t->ended = recv(fd, &byte, 1, 0) <= 0;
        } else {
            if (t->alpn != NULL) {
                (void)SSL_set_alpn_protos(ssl, (const unsigned char *)t->alpn,
                                          (unsigned)strlen(t->alpn));
            }
            SSL_set_fd(ssl, fd);
            talk_tls(t, ssl);
        }
    }
    SSL_free(ssl);
    SSL_CTX_free(ctx);
    (void)close(fd);
    (void)uv_async_send(t->wake);
}

#endif
