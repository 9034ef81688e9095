#include "platform/caller.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "net/https_client.h"
#include "platform/core/webhooks.h"

enum { ANSWER_MAX = 64 << 10, REASON_LEN = 200, HEADERS = 12 };

struct slot {
    struct cs_caller *of;
    struct cs_https *https; /* made when first needed */
    uint64_t id;
    bool is_busy;
    bool has_failed; /* before it began: told from the timer */
    enum cs_err err;
    char reason[REASON_LEN];
};

struct cs_caller {
    struct cs_caller_config cfg;
    struct slot slots[CS_HOOK_CALLS];
    uv_timer_t timer;
    unsigned open; /* handles and clients that still close */
    void (*closed)(void *ctx);
    void *closed_ctx;
};

/* ---- who may be called ----------------------------------------------------------- */

static bool allow(void *ctx, const struct sockaddr *addr, int port)
{
    const struct slot *s = ctx;
    const struct cs_caller_config *cfg = &s->of->cfg;
    const struct sockaddr_in *v4 = (const void *)addr;
    const struct sockaddr_in6 *v6 = (const void *)addr;
    uint8_t ip[16];
    size_t len = addr->sa_family == AF_INET ? 4 : addr->sa_family == AF_INET6 ? 16 : 0;

    if (len == 4) {
        memcpy(ip, &v4->sin_addr, 4);
    } else if (len == 16) {
        memcpy(ip, &v6->sin6_addr, 16);
    }
    return len != 0 && cs_callee_allows(cfg->rules, cfg->n_rules, ip, len, port);
}

/* ---- one call -------------------------------------------------------------------- */

static void tell(struct slot *s, enum cs_err err, int status, const char *reason)
{
    uint64_t id = s->id;

    s->is_busy = s->has_failed = false;
    s->of->cfg.called(s->of->cfg.ctx, id, err, status, reason);
}

static void on_done(void *ctx, const struct cs_https_answer *answer)
{
    struct slot *s = ctx;
    char reason[REASON_LEN];

    (void)snprintf(reason, sizeof reason, "%.199s", answer->failure);
    tell(s, answer->err, answer->status, reason);
}

static void on_timer(uv_timer_t *timer)
{
    struct cs_caller *c = CS_CONTAINER_OF(timer, struct cs_caller, timer);

    for (size_t i = 0; i < CS_HOOK_CALLS; i++) {
        struct slot *s = &c->slots[i];

        if (s->is_busy && s->has_failed) {
            tell(s, s->err, 0, s->reason);
        }
    }
}

/* Lines "name: value\n", cut in place. */
static size_t split(char *lines, struct cs_https_header out[HEADERS])
{
    size_t n = 0;

    while (n < HEADERS && *lines != '\0') {
        char *colon = strstr(lines, ": "), *end = strchr(lines, '\n');

        if (colon == NULL || end == NULL || colon > end) {
            break;
        }
        *colon = *end = '\0';
        out[n].name = lines;
        out[n].value = CS_SPAN(colon + 2, (size_t)(end - colon - 2));
        n++;
        lines = end + 1;
    }
    return n;
}

static enum cs_err ask(struct slot *s, const struct cs_action *a, char *lines,
                       struct cs_why *why)
{
    struct cs_https_header headers[HEADERS];
    struct cs_https_url url;
    struct cs_https_request req = {.url = &url,
                                   .method = "POST",
                                   .headers = headers,
                                   .body = CS_SPAN(a->data, a->data_len),
                                   .time_ms = CS_HOOK_CALL_MS,
                                   .body_max = ANSWER_MAX,
                                   .allow = allow,
                                   .is_status_enough = true};
    const struct cs_https_config https = {.loop = s->of->cfg.loop,
                                          .ca_file = s->of->cfg.ca_file};

    CS_CHECK(cs_https_url_parse(&url, a->text, "endpoint", false, why));
    if (s->https == NULL) {
        CS_CHECK(cs_https_new(&s->https, &https, why));
    }
    req.n_headers = split(lines, headers);
    return cs_https_ask(s->https, &req, on_done, s, why);
}

static struct slot *free_slot(struct cs_caller *c)
{
    for (size_t i = 0; i < CS_HOOK_CALLS; i++) {
        if (!c->slots[i].is_busy) {
            return &c->slots[i];
        }
    }
    return NULL;
}

void cs_caller_call(struct cs_caller *c, const struct cs_action *a)
{
    struct slot *s = free_slot(c);
    struct cs_why why = {""};
    size_t n = strlen(a->headers) + 1;
    char *lines = cs_alloc(n);

    if (s == NULL || lines == NULL) { /* the core makes no more than there are slots,
                                         and gives up what it hears nothing of */
        cs_log(CS_LOG_WARN, "platform", "a webhook's call cannot be made now");
        cs_free(lines);
        return;
    }
    memcpy(lines, a->headers, n);
    s->is_busy = true;
    s->id = a->conn;
    s->err = ask(s, a, lines, &why);
    s->has_failed = s->err != CS_OK;
    if (s->has_failed) {
        (void)snprintf(s->reason, sizeof s->reason, "%.199s",
                       why.text[0] != '\0' ? why.text : cs_err_text(s->err));
        CS_ASSERT(uv_timer_start(&c->timer, on_timer, 0, 0) == 0);
    }
    cs_free(lines);
}

/* ---- life ------------------------------------------------------------------------ */

enum cs_err cs_caller_new(struct cs_caller **out, const struct cs_caller_config *cfg,
                          struct cs_why *why)
{
    const struct cs_https_config https = {.loop = cfg->loop, .ca_file = cfg->ca_file};
    struct cs_caller *c = cs_alloc(sizeof *c);
    enum cs_err err;

    *out = NULL;
    if (c == NULL) {
        return CS_ERR_NOMEM;
    }
    c->cfg = *cfg;
    for (size_t i = 0; i < CS_HOOK_CALLS; i++) {
        c->slots[i].of = c;
    }
    err = cs_https_new(&c->slots[0].https, &https, why); /* checks the file */
    if (err != CS_OK) {
        cs_free(c);
        return err;
    }
    CS_ASSERT(uv_timer_init(cfg->loop, &c->timer) == 0);
    *out = c;
    return CS_OK;
}

void cs_caller_cancel(struct cs_caller *c)
{
    for (size_t i = 0; i < CS_HOOK_CALLS; i++) {
        struct slot *s = &c->slots[i];

        if (s->https != NULL) {
            cs_https_cancel(s->https);
        }
        s->is_busy = s->has_failed = false;
    }
}

static void part_closed(void *ctx)
{
    struct cs_caller *c = ctx;
    void (*closed)(void *ctx) = c->closed;
    void *closed_ctx = c->closed_ctx;

    if (--c->open != 0) {
        return;
    }
    cs_free(c);
    if (closed != NULL) {
        closed(closed_ctx);
    }
}

static void timer_closed(uv_handle_t *handle)
{
    part_closed(CS_CONTAINER_OF(handle, struct cs_caller, timer));
}

void cs_caller_close(struct cs_caller *c, void (*closed)(void *ctx), void *ctx)
{
    cs_caller_cancel(c);
    c->closed = closed;
    c->closed_ctx = ctx;
    c->open = 1;
    for (size_t i = 0; i < CS_HOOK_CALLS; i++) {
        c->open += c->slots[i].https != NULL ? 1 : 0;
    }
    for (size_t i = 0; i < CS_HOOK_CALLS; i++) {
        if (c->slots[i].https != NULL) {
            cs_https_close(c->slots[i].https, part_closed, c);
        }
    }
    uv_close((uv_handle_t *)&c->timer, timer_closed);
}
