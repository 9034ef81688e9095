/* Dialling: name resolution without blocking, then libwebsockets with the pinned CA.
 * Never retries: the core decides when to dial again.  See ws_internal.h. */
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "net/url.h"
#include "net/ws_internal.h"

static const char *protocol_name(enum cs_channel channel)
{
    return channel == CS_CHANNEL_CONTROL ? "cloudsign.control.v2"
                                         : "cloudsign.relay.v1";
}

static void dial(struct cs_conn *c, const char *ip)
{
    struct cs_ws *ws = c->ws;
    struct lws_client_connect_info info = {
        .context = ws->lws,
        .vhost = ws->client,
        .address = ip,
        .port = c->url_port,
        .path = c->url_path,
        .host = c->url_host, /* for SNI, Host and the certificate check */
        .protocol = protocol_name(c->channel),
        .local_protocol_name = protocol_name(c->channel),
        /* and no LCCSCF_ALLOW_ anything */
        .ssl_connection = LCCSCF_USE_SSL | LCCSCF_HTTP_NO_FOLLOW_REDIRECT,
        .ietf_version_or_minus_one = -1,
        .alpn = "http/1.1",
        .retry_and_idle_policy = &ws->retry, /* the vhost's does not count for us */
        .opaque_user_data = c,
    };

    cs_log(CS_LOG_DEBUG, "net", "dialling %s (%s) port %d", c->url_host, ip,
           c->url_port);
    c->in_connect = true;
    if (lws_client_connect_via_info(&info) == NULL) {
        cs_conn_down(c, CS_ERR_CONN); /* no callback tells it in this case */
    }
    c->in_connect = false;
    cs_ws_kick(ws);
    cs_conn_release(c);
}

/* RELIABILITY T32: DNS is availability only, so the last good address may serve. */
static bool remembered(char ip[CS_DNS_IP_LEN], const struct cs_conn *c)
{
    const struct cs_ws *ws = c->ws;

    if (strcmp(ws->good_host[c->channel], c->url_host) != 0) {
        return false;
    }
    memcpy(ip, ws->good_ip[c->channel], CS_DNS_IP_LEN);
    return ip[0] != '\0';
}

static void resolved(uv_getaddrinfo_t *req, int status, struct addrinfo *list)
{
    struct cs_dns *dns = CS_CONTAINER_OF(req, struct cs_dns, req);
    struct cs_conn *c = dns->conn;
    char ip[CS_DNS_IP_LEN] = "";

    dns->ws->dns_pending--;
    if (c == NULL) {
        uv_freeaddrinfo(list);
        cs_free(dns);
        return;
    }
    c->dns = NULL;
    if (c->closing || c->ws->ending) {
        cs_conn_release(c);
    } else if ((status == 0 && cs_dns_pick(ip, list)) || remembered(ip, c)) {
        dial(c, ip);
    } else {
        cs_conn_down(c, CS_ERR_DNS);
        cs_conn_release(c);
    }
    uv_freeaddrinfo(list);
    cs_free(dns);
}

/* At most two requests run at a time (libuv), and one that still waits is cancelled:
 * so a resolver that hangs does not make a queue. */
void cs_conn_drop_dns(struct cs_conn *c)
{
    struct cs_dns *dns = c->dns;

    if (dns != NULL) {
        c->dns = NULL;
        dns->conn = NULL;
        (void)uv_cancel((uv_req_t *)&dns->req); /* EBUSY: its answer comes later */
    }
}

void cs_conn_dns_late(struct cs_conn *c)
{
    char ip[CS_DNS_IP_LEN] = "";

    cs_conn_drop_dns(c);
    if (remembered(ip, c)) {
        cs_conn_deadline(c, c->ws->cfg.limits.connect_ms);
        dial(c, ip);
    } else {
        cs_conn_down(c, CS_ERR_DNS);
        cs_conn_release(c);
    }
}

static enum cs_err resolve(struct cs_conn *c)
{
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct cs_dns *dns = cs_alloc(sizeof *dns);

    if (dns == NULL) {
        return CS_ERR_NOMEM;
    }
    dns->ws = c->ws;
    dns->conn = c;
    if (uv_getaddrinfo(c->ws->cfg.loop, &dns->req, resolved, c->url_host, NULL,
                       &hints) != 0) {
        cs_free(dns);
        return CS_ERR_DNS;
    }
    c->dns = dns;
    c->ws->dns_pending++;
    return CS_OK;
}

static char *copy(const char *s)
{
    size_t n = strlen(s) + 1;
    char *p = cs_alloc(n);

    if (p != NULL) {
        memcpy(p, s, n);
    }
    return p;
}

static enum cs_err prepare(struct cs_conn *c, const char *text)
{
    struct cs_url url;
    struct cs_why why;

    if (cs_url_parse(&url, text, &why) != CS_OK) {
        cs_log(CS_LOG_ERROR, "net", "cannot dial: %s", why.text);
        return CS_ERR_CONFIG;
    }
    if (c->ws->client == NULL) {
        return CS_ERR_STATE;
    }
    c->url_host = copy(url.host);
    c->url_path = copy(url.path);
    c->url_port = url.port;
    return c->url_host == NULL || c->url_path == NULL ? CS_ERR_NOMEM : resolve(c);
}

void cs_ws_connect(struct cs_ws *ws, uint64_t conn, enum cs_channel channel,
                   const char *url)
{
    struct cs_conn *c = cs_conn_new(ws, CONN_CLIENT);

    CS_ASSERT(channel != CS_CHANNEL_EVENTS); /* nobody dials it */
    CS_ASSERT(c != NULL && conn != 0 && conn < WS_FIRST_SERVER_ID);
    CS_ASSERT(cs_conn_find(ws, conn) == NULL); /* the core numbers them once */
    c->channel = channel;
    cs_conn_set_id(c, conn);
    c->err = prepare(c, url);
    /* Not from inside this call: the watchdog tells a failure at its next turn. */
    cs_conn_deadline(c, c->err == CS_OK ? ws->cfg.limits.connect_ms : 1);
}
