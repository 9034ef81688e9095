/* An API client that waits in virtual time. */
#include "sim/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HTTP_WAIT_MS = 30000 };

static void ask(struct world *w, void *ctx, uint64_t a, uint64_t b)
{
    struct cs_event ev = {.type = CS_EV_HTTP, .http = ctx};

    (void)a;
    (void)b;
    if (w->actors[SIM_PLATFORM].is_alive) {
        actor_event(w, SIM_PLATFORM, &ev);
    } else {
        w->http_waiting = 0; /* connection refused */
    }
}

int http(struct world *w, const char *method, const char *path, const char *token,
         const char *idempotency_key, const char *body)
{
    char authorization[256] = "";
    struct cs_http_req req = {
        .id = ++w->http_next,
        .method = method,
        .path = path,
        .query = "",
        .authorization = authorization,
        .content_type = body == NULL ? "" : "application/json",
        .idempotency_key = idempotency_key == NULL ? "" : idempotency_key,
        .origin = "",
        .cookie = "",
        .csrf_token = "",
        .fetch_site = "",
        .if_none_match = "",
        .remote = "198.51.100.7"};
    uint64_t until = w->now + HTTP_WAIT_MS;

    if (token != NULL) {
        (void)snprintf(authorization, sizeof authorization, "Bearer %s", token);
    }
    req.body = body == NULL ? CS_SPAN(NULL, 0) : CS_SPAN(body, strlen(body));
    w->http_waiting = req.id;
    w->http_status = 0;
    free(w->http_body);
    w->http_body = NULL;
    world_at(w, w->now + 1, ask, &req, 0, 0);
    while (w->http_waiting == req.id && w->now < until && w->violation[0] == '\0') {
        if (!world_next(w)) {
            break;
        }
    }
    w->http_waiting = 0;
    return w->http_status;
}
