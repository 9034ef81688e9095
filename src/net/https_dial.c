/* Dialling of the HTTPS client: DNS without blocking, then libwebsockets.  See
 * https_internal.h. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "net/dns_pick.h"
#include "net/https_internal.h"

/* As the Host header says it, with a port that is not the usual one: libwebsockets
 * takes it off again for SNI and the certificate's check. */
static void host_text(char out[CS_HTTPS_HOST_MAX + 10], const struct cs_https_url *u)
{
    bool v6 = strchr(u->host, ':') != NULL;

    if (u->port == (u->is_plain ? 80 : 443)) {
        (void)snprintf(out, CS_HTTPS_HOST_MAX + 10, v6 ? "[%s]" : "%s", u->host);
    } else {
        (void)snprintf(out, CS_HTTPS_HOST_MAX + 10, v6 ? "[%s]:%d" : "%s:%d", u->host,
                       u->port);
    }
}

static void dial(struct https_call *c, const char *ip)
{
    struct cs_https *h = c->h;
    char host[CS_HTTPS_HOST_MAX + 10];
    struct lws_client_connect_info info = {
        .context = h->lws,
        .vhost = h->vhost,
        .address = ip,
        .port = c->url.port,
        .path = c->url.path,
        .host = host,
        .method = c->method,
        .local_protocol_name = "https",
        /* and no LCCSCF_ALLOW_ anything */
        .ssl_connection = LCCSCF_HTTP_NO_FOLLOW_REDIRECT |
                          (c->url.is_plain ? 0 : LCCSCF_USE_SSL),
        .alpn = "http/1.1",
        .opaque_user_data = c,
    };

    host_text(host, &c->url);
    c->in_connect = true;
    if (lws_client_connect_via_info(&info) == NULL) {
        https_over(c, CS_ERR_CONN, "no connection"); /* no callback may tell it */
    }
    c->in_connect = false;
    https_kick(h);
    https_release(c);
}

/* Of all that came out: a name that stands for a good and a bad address is bad. */
static bool allowed(const struct https_call *c, const struct addrinfo *list)
{
    for (; c->allow != NULL && list != NULL; list = list->ai_next) {
        if (!c->allow(c->ctx, list->ai_addr, c->url.port)) {
            return false;
        }
    }
    return true;
}

static void resolved(uv_getaddrinfo_t *req, int status, struct addrinfo *list)
{
    struct https_dns *dns = CS_CONTAINER_OF(req, struct https_dns, req);
    struct https_call *c = dns->call;
    char ip[CS_DNS_IP_LEN] = "";

    dns->h->dns_pending--;
    if (c != NULL) {
        c->dns = NULL;
        if (c->is_over || c->h->ending) {
            https_release(c);
        } else if (status == 0 && !allowed(c, list)) {
            https_over(c, CS_ERR_POLICY_REFUSED,
                       "the name stands for an address that may not be called");
        } else if (status == 0 && cs_dns_pick(ip, list)) {
            dial(c, ip);
        } else {
            https_over(c, CS_ERR_DNS, "the name does not resolve (%s)",
                       status != 0 ? uv_strerror(status) : "no address");
        }
    }
    uv_freeaddrinfo(list);
    cs_free(dns);
}

void https_drop_dns(struct https_call *c)
{
    struct https_dns *dns = c->dns;

    if (dns != NULL) {
        c->dns = NULL;
        dns->call = NULL;
        (void)uv_cancel((uv_req_t *)&dns->req); /* EBUSY: its answer comes later */
    }
}

enum cs_err https_resolve(struct https_call *c)
{
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct https_dns *dns = cs_alloc(sizeof *dns);

    if (dns == NULL) {
        return CS_ERR_NOMEM;
    }
    dns->h = c->h;
    dns->call = c;
    if (uv_getaddrinfo(c->h->loop, &dns->req, resolved, c->url.host, NULL, &hints) !=
        0) {
        cs_free(dns);
        return CS_ERR_DNS;
    }
    c->dns = dns;
    c->h->dns_pending++;
    return CS_OK;
}
