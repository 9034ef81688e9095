/* A WebSocket peer that does what no good one does: blocking TLS on its own thread, the
 * frames by hand.  Header only, for test_net_peers. */
#ifndef TEST_SUPPORT_WS_PEER_H
#define TEST_SUPPORT_WS_PEER_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include <uv.h>

struct ws_peer {
    int port;
    int listen_fd;                    /* >= 0: be the server */
    const char *cert_file, *key_file; /* of the server */
    void (*play)(struct ws_peer *p, SSL *ssl);
    bool upgraded;    /* the handshake was answered */
    bool ended;       /* the other side ended the connection */
    uv_sem_t release; /* what a play waits for that stands still */
    atomic_bool done; /* set last */
    uv_thread_t thread;
};

/* One frame of n zero bytes at most 64 KiB; op with or without FIN (0x80). */
static inline bool ws_peer_frame(SSL *ssl, uint8_t op, size_t n)
{
    static const uint8_t zeros[65536];
    uint8_t head[8] = {op}; /* the mask is zero: nothing to do for it */
    size_t len = 2;

    if (n < 126) {
        head[1] = (uint8_t)(0x80 | n);
    } else {
        head[1] = 0x80 | 126;
        head[2] = (uint8_t)(n >> 8);
        head[3] = (uint8_t)n;
        len = 4;
    }
    return SSL_write(ssl, head, (int)len + 4) > 0 &&
           (n == 0 || SSL_write(ssl, zeros, (int)n) > 0);
}

/* Reads until the other side ends, at most 20 s between two reads. */
static inline void ws_peer_read_to_end(struct ws_peer *p, SSL *ssl)
{
    char buf[4096];

    while (SSL_read(ssl, buf, sizeof buf) > 0) {
    }
    p->ended = true;
}

/* Everything up to the empty line; its length. */
static inline size_t ws_peer_head(SSL *ssl, char *buf, size_t cap)
{
    size_t n = 0;

    while (n + 1 < cap && SSL_read(ssl, buf + n, 1) == 1) {
        n++;
        buf[n] = '\0';
        if (n >= 4 && memcmp(buf + n - 4, "\r\n\r\n", 4) == 0) {
            return n;
        }
    }
    return 0;
}

static inline bool ws_peer_ask(SSL *ssl)
{
    static const char request[] = "GET /relay HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                                  "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                                  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                                  "Sec-WebSocket-Version: 13\r\n"
                                  "Sec-WebSocket-Protocol: cloudsign.relay.v1\r\n\r\n";
    char head[2048];

    return SSL_connect(ssl) == 1 &&
           SSL_write(ssl, request, (int)sizeof request - 1) > 0 &&
           ws_peer_head(ssl, head, sizeof head) != 0 &&
           strncmp(head, "HTTP/1.1 101", 12) == 0;
}

static inline bool ws_peer_answer(SSL *ssl)
{
    static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    char head[4096], text[128], answer[512];
    unsigned char hash[SHA_DIGEST_LENGTH], accept[64];
    const char *key;
    int n;

    if (SSL_accept(ssl) != 1 || ws_peer_head(ssl, head, sizeof head) == 0) {
        return false;
    }
    key = strcasestr(head, "Sec-WebSocket-Key: ");
    if (key == NULL) {
        return false;
    }
    n = snprintf(text, sizeof text, "%.24s%s", key + 19, guid);
    (void)SHA1((const unsigned char *)text, (size_t)n, hash);
    (void)EVP_EncodeBlock(accept, hash, sizeof hash);
    n = snprintf(answer, sizeof answer,
                 "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                 "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n"
                 "Sec-WebSocket-Protocol: cloudsign.relay.v1\r\n\r\n",
                 (const char *)accept);
    return SSL_write(ssl, answer, n) > 0;
}

static inline int ws_peer_socket(const struct ws_peer *p)
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_port = htons((uint16_t)p->port)};
    struct timeval limit = {.tv_sec = 20};
    int fd = p->listen_fd >= 0 ? accept(p->listen_fd, NULL, NULL)
                               : socket(AF_INET, SOCK_STREAM, 0);

    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    if (p->listen_fd < 0) {
        (void)connect(fd, (const struct sockaddr *)(const void *)&a, sizeof a);
    }
    return fd;
}

static inline void ws_peer_main(void *arg)
{
    struct ws_peer *p = arg;
    bool serves = p->listen_fd >= 0;
    SSL_CTX *ctx = SSL_CTX_new(serves ? TLS_server_method() : TLS_client_method());
    int fd = ws_peer_socket(p);
    SSL *ssl;

    if (serves) {
        (void)SSL_CTX_use_certificate_chain_file(ctx, p->cert_file);
        (void)SSL_CTX_use_PrivateKey_file(ctx, p->key_file, SSL_FILETYPE_PEM);
    }
    ssl = SSL_new(ctx);
    (void)SSL_set_fd(ssl, fd);
    p->upgraded = serves ? ws_peer_answer(ssl) : ws_peer_ask(ssl);
    if (p->upgraded) {
        p->play(p, ssl);
    }
    SSL_free(ssl);
    SSL_CTX_free(ctx);
    (void)close(fd);
    atomic_store(&p->done, true);
}

static inline void ws_peer_start(struct ws_peer *p,
                                 void (*play)(struct ws_peer *p, SSL *ssl))
{
    (void)signal(SIGPIPE, SIG_IGN);
    p->play = play;
    assert_int_equal(uv_sem_init(&p->release, 0), 0);
    assert_int_equal(uv_thread_create(&p->thread, ws_peer_main, p), 0);
}

/* The loop goes on meanwhile: the peer may wait for the other side. */
static inline void ws_peer_join(struct ws_peer *p, uv_loop_t *loop)
{
    uv_sem_post(&p->release);
    while (!atomic_load(&p->done)) {
        (void)uv_run(loop, UV_RUN_NOWAIT);
        (void)usleep(1000);
    }
    assert_int_equal(uv_thread_join(&p->thread), 0);
    uv_sem_destroy(&p->release);
}

#endif
