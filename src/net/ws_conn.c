/* Connections of a cs_ws: their table, their end.  See ws_internal.h. */
#include "base/mem.h"
#include "net/ws_internal.h"

struct cs_conn *cs_conn_new(struct cs_ws *ws, enum cs_conn_kind kind)
{
    struct cs_conn *c = cs_alloc(sizeof *c);

    if (c == NULL) {
        return NULL;
    }
    c->ws = ws;
    c->kind = kind;
    c->since = uv_now(ws->cfg.loop);
    c->deadline = UINT64_MAX;
    c->out.max_bytes = ws->cfg.limits.outbox_bytes;
    c->out.max_count = ws->cfg.limits.outbox_count;
    c->http.reply.max_bytes = SIZE_MAX;
    c->http.reply.max_count = 1;
    c->at = &ws->all;
    c->next = ws->all;
    if (c->next != NULL) {
        c->next->at = &c->next;
    }
    ws->all = c;
    return c;
}

static struct cs_conn **bucket(struct cs_ws *ws, uint64_t id)
{
    return &ws->by_id[id % WS_BUCKETS];
}

static void leave_table(struct cs_conn *c)
{
    struct cs_conn **at = bucket(c->ws, c->id);

    while (*at != c) {
        at = &(*at)->id_next;
    }
    *at = c->id_next;
    c->id = 0;
}

void cs_conn_set_id(struct cs_conn *c, uint64_t id)
{
    struct cs_conn **at;

    if (c->id != 0) {
        leave_table(c);
    }
    if (id != 0) {
        at = bucket(c->ws, id);
        c->id = id;
        c->id_next = *at;
        *at = c;
    }
}

struct cs_conn *cs_conn_find(struct cs_ws *ws, uint64_t id)
{
    struct cs_conn *c = id != 0 ? *bucket(ws, id) : NULL;

    while (c != NULL && c->id != id) {
        c = c->id_next;
    }
    return c;
}

void cs_conn_free(struct cs_conn *c)
{
    cs_conn_set_id(c, 0);
    *c->at = c->next;
    if (c->next != NULL) {
        c->next->at = c->at;
    }
    if (c->counted) {
        cs_ip_limit_remove(&c->ws->ips, &c->ip);
    }
    cs_http_reset(c);
    cs_wr_free(&c->in);
    cs_outbox_free(&c->out);
    cs_free(c->url_host);
    cs_free(c->url_path);
    cs_free(c);
}

void cs_conn_release(struct cs_conn *c)
{
    if (c->wsi == NULL && c->dns == NULL && !c->in_connect) {
        cs_conn_free(c);
    }
}

void cs_conn_deadline(struct cs_conn *c, uint32_t in_ms)
{
    c->deadline = in_ms != 0 ? uv_now(c->ws->cfg.loop) + in_ms : UINT64_MAX;
}

void cs_conn_down(struct cs_conn *c, enum cs_err err)
{
    struct cs_ws *ws = c->ws;
    uint64_t id = c->id;
    bool tell = id != 0 && !c->closing && !ws->ending &&
                (c->kind == CONN_CLIENT || (c->kind == CONN_SERVER && c->told_up));

    cs_conn_set_id(c, 0);
    c->closing = true;
    if (tell) {
        ws->cfg.events.down(ws->cfg.ctx, id, c->err != CS_OK ? c->err : err);
    }
}

void cs_conn_kill(struct cs_conn *c, enum cs_err err)
{
    if (c->err == CS_OK) {
        c->err = err;
    }
    if (c->wsi == NULL || c->killed) {
        return;
    }
    c->killed = true;
    cs_conn_deadline(c, c->ws->cfg.limits.close_ms); /* looks whether it worked */
    lws_set_timeout(c->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
    cs_ws_kick(c->ws);
}

void cs_conn_want_write(struct cs_conn *c)
{
    if (c->wsi != NULL && !c->killed) {
        (void)lws_callback_on_writable(c->wsi); /* -1 only when it is being closed */
        cs_ws_kick(c->ws);
    }
}

static void client_overdue(struct cs_conn *c)
{
    if (c->dns != NULL) {
        cs_conn_dns_late(c);
        return;
    }
    cs_conn_kill(c, CS_ERR_CONN);
    if (c->wsi == NULL) {
        cs_conn_down(c, CS_ERR_CONN); /* or what cs_ws_connect found: c->err */
        cs_conn_release(c);
    }
}

void cs_conn_overdue(struct cs_conn *c)
{
    c->deadline = UINT64_MAX;
    c->killed = false; /* once more */
    if (c->kind == CONN_CLIENT) {
        client_overdue(c);
    } else if (c->kind == CONN_HTTP && c->http.state == HTTP_BODY) {
        cs_http_drop_body(c);
        cs_http_error(c, 408, "the request body did not arrive in time");
    } else {
        cs_conn_kill(c, CS_ERR_TIMEOUT);
    }
}

void cs_ws_kick(struct cs_ws *ws)
{
    if (ws->in_lws == 0 && !ws->kicked && ws->lws != NULL) {
        ws->kicked = true; /* until EVENT_WAIT_CANCELLED */
        lws_cancel_service(ws->lws);
    }
}
