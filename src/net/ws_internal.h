/* Shared by the ws_*.c and http_*.c files of this folder, nobody else. */
#ifndef CS_NET_WS_INTERNAL_H
#define CS_NET_WS_INTERNAL_H

#include <libwebsockets.h>

#include "base/wr.h"
#include "net/dns_pick.h"
#include "net/ip_limit.h"
#include "net/lws_end.h"
#include "net/outbox.h"
#include "net/ws.h"

enum {
    WS_CONTROL_MAX = 512 * 1024, /* DECISIONS 19 */
    WS_RELAY_MAX = 128 * 1024,
    WS_EVENTS_MAX = 1024,       /* its clients have nothing to say */
    WS_EVENTS_OUT = 256 * 1024, /* that a reader may be behind */
    WS_EVENTS_OUT_COUNT = 1024,
    /* Close codes of /v2/events: 4000 and the status of HTTP. */
    WS_CLOSE_SIGN_IN = 4401,
    WS_CLOSE_DENIED = 4403,
    WS_CLOSE_LIMIT = 4429,
    WS_CONTROL_FIRST_MAX = 8 * 1024, /* what a stranger may send: wire/README */
    WS_RELAY_FIRST_MAX = 512,
    WS_BUCKETS = 256,
    WS_HEADER_MAX = 8192,
    WS_REMOTE_LEN = 64,
};
#define WS_FIRST_SERVER_ID (UINT64_C(1) << 32)

enum cs_conn_kind {
    CONN_HTTP,   /* accepted; one request */
    CONN_SERVER, /* accepted and upgraded */
    CONN_CLIENT, /* dialled */
};

enum cs_http_state {
    HTTP_IDLE,   /* before the request */
    HTTP_BODY,   /* headers are in, the body comes */
    HTTP_CORE,   /* the core has it */
    HTTP_ANSWER, /* the answer is being written */
    HTTP_LINGER, /* our side is shut; the client may finish reading */
};

/* One request and its answer. */
struct cs_http {
    enum cs_http_state state;
    const char *method; /* static text */
    char *path, *query, *authorization, *content_type, *idempotency_key, *origin;
    char *cookie, *csrf_token, *fetch_site, *if_none_match, *accept_encoding;
    struct cs_wr body;
    size_t body_len; /* announced */
    size_t body_mem; /* of ws->bodies */
    bool refused;    /* by the glue: the client may still be sending */
    bool head_sent;
    int status;
    char *reply_type;
    char *reply_headers;    /* lines "name: value\n", NULL: none */
    struct cs_outbox reply; /* at most one message */
};

struct cs_dns {
    uv_getaddrinfo_t req;
    struct cs_ws *ws;
    struct cs_conn *conn; /* NULL: nobody waits for it any more */
};

struct cs_conn {
    struct cs_conn *next, **at; /* list of all of the context */
    struct cs_conn *id_next;    /* chain of a bucket */
    struct cs_ws *ws;
    struct lws *wsi; /* NULL: none yet, or gone */
    uint64_t id;     /* 0: not in the table */
    enum cs_conn_kind kind;
    enum cs_channel channel;
    bool told_up;    /* the core knows it as connected */
    bool closing;    /* no more events for it */
    bool killed;     /* libwebsockets was told to end it */
    bool spoke;      /* server: its first message was accepted */
    bool frame_open; /* inside a fragmented message */
    bool in_connect; /* client: inside lws_client_connect_via_info */
    bool counted;    /* in the address table */
    struct cs_ip ip;
    enum cs_err err;   /* why it ends, as far as known */
    uint64_t since;    /* uv_now ms: it came, or was given its answer */
    uint64_t deadline; /* uv_now ms; UINT64_MAX: none */
    char remote[WS_REMOTE_LEN];
    struct cs_wr in;
    struct cs_outbox out;
    struct cs_http http;
    struct cs_dns *dns;        /* client: name resolution under way */
    char *url_host, *url_path; /* client */
    int url_port;
};

struct cs_ws {
    struct cs_ws_config cfg;
    struct lws_context *lws;
    struct lws_vhost *server, *client;
    lws_retry_bo_t retry; /* libwebsockets keeps the pointer */
    struct cs_conn *all;
    struct cs_conn *by_id[WS_BUCKETS];
    uint64_t next_id;
    uv_timer_t tick; /* deadlines once a second; at the end, the shutdown */
    int port;
    struct cs_ip_limit ips;
    bool has_ips;
    size_t bodies;            /* memory of all bodies that come */
    struct cs_ip accepted_ip; /* between the network filter and the wsi's creation */
    bool accepted;
    bool paused, ending, kicked, ca_ready;
    unsigned in_lws; /* depth of callbacks of libwebsockets */
    unsigned dns_pending;
    struct cs_lws_end end;
    char good_host[2][128],
        good_ip[2][CS_DNS_IP_LEN]; /* by channel: last address that worked */
    struct cs_wr ca_pem;
    void (*closed)(void *ctx);
    void *closed_ctx;
};

/* ---- ws_conn.c: connections ------------------------------------------------------ */

struct cs_conn *cs_conn_new(struct cs_ws *ws, enum cs_conn_kind kind);
void cs_conn_set_id(struct cs_conn *c, uint64_t id); /* into the table; 0: out of it */
struct cs_conn *cs_conn_find(struct cs_ws *ws, uint64_t id);
void cs_conn_free(struct cs_conn *c);
/* Frees a client connection once neither libwebsockets nor DNS refers to it. */
void cs_conn_release(struct cs_conn *c);
void cs_conn_deadline(struct cs_conn *c, uint32_t in_ms); /* 0: none */
/* Tells the core once that it is gone (unless the core closed it itself). */
void cs_conn_down(struct cs_conn *c, enum cs_err err);
/* Asks libwebsockets to end it; its callbacks do the rest. */
void cs_conn_kill(struct cs_conn *c, enum cs_err err);
void cs_conn_want_write(struct cs_conn *c);
void cs_conn_overdue(struct cs_conn *c); /* its deadline has passed */
/* ws_client.c: stops waiting for the resolver, which may take its time. */
void cs_conn_drop_dns(struct cs_conn *c);
/* ws_client.c: the resolver hangs: dials the last good address, or gives up. */
void cs_conn_dns_late(struct cs_conn *c);

/* After a call of libwebsockets that was not made in one of its callbacks, its service
 * must be woken (STACK 2.3 a). */
void cs_ws_kick(struct cs_ws *ws);

/* ---- callbacks of the protocols -------------------------------------------------- */

int cs_ws_frame_cb(struct lws *wsi, enum lws_callback_reasons reason, void *user,
                   void *in, size_t len);
int cs_http_cb(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
               size_t len);

/* ---- http_request.c, http_reply.c ------------------------------------------------ */

/* Each returns what the callback of libwebsockets returns. */
int cs_http_begin(struct cs_conn *c);
/* The headers of a request to upgrade, into c->http; 0, or the status that refuses it.
 */
int cs_http_head(struct cs_conn *c);
void cs_http_request_of(const struct cs_conn *c, struct cs_http_req *out);
void cs_http_forget(struct cs_conn *c); /* wipes what was read */
int cs_http_body(struct cs_conn *c, const void *p, size_t n);
int cs_http_complete(struct cs_conn *c);
void cs_http_drop_body(struct cs_conn *c); /* its memory is free for others */
int cs_http_write(struct cs_conn *c);
void cs_http_reset(struct cs_conn *c);
/* Sets the answer; the writeable callback sends it. */
void cs_http_answer(struct cs_conn *c, int status, const char *type,
                    const char *headers, struct cs_span body);
/* An error of the glue, in the vendor's shape; the connection ends after it. */
void cs_http_error(struct cs_conn *c, int status, const char *message);

/* ---- ws_tls.c
 * ------------------------------------------------------------------------ */

extern const char cs_tls_ciphers12[], cs_tls_ciphers13[];
long cs_tls_options(void);
void cs_tls_harden(void *ssl_ctx, bool server);
enum cs_err cs_tls_verify_err(void *x509_store_ctx); /* CS_OK when it says OK */
/* EXPORTER-cloudsign-auth, 32 bytes; false when there is no TLS. */
bool cs_tls_exporter(struct lws *wsi, uint8_t out[32]);
bool cs_tls_got_end(struct lws *wsi); /* the peer has closed its side */

#endif
