/* Anything that a client, a device or a stranger may send to the platform: every
 * request gets exactly one answer, nothing breaks the store, and nothing unproven is
 * shown.
 *
 *   byte 0 % 4: 0 REST (byte 1: route; text up to a NUL: query; rest: body)
 *               1 control frame of a signed-in device     2 the same on the relay
 *               3 control frame of a stranger */
#include <stdlib.h>

#include "mpc/device_set.h"
#include "platform/core/api.h"
#include "store/kv_mem.h"
#include "support/fake_many.h"
#include "wire/relay.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LIFE = 3000 };

static struct fake_trio *trio;
static unsigned age;
static bool odd; /* lives of an Ed25519 and of an ECDSA wallet take turns */

static void renew(void)
{
    char id[40], secret[80];

    if (trio != NULL) {
        fake_trio_free(trio);
    }
    trio = odd ? fake_signers() : fake_signers_of("\"blockchain\":\"ETHEREUM\"");
    odd = !odd;
    fake_ok(trio->w, "POST", "/v2/credentials",
            "{\"name\":\"fuzz\",\"category\":\"CONTROLS\",\"permissions\":[\"*\"]}");
    (void)snprintf(id, sizeof id, "%s", fake_text(trio->w, "clientId"));
    (void)snprintf(secret, sizeof secret, "%s", fake_text(trio->w, "clientSecret"));
    trio->w->limits.token_s = 1000000;
    fake_restart(trio->w);
    fake_login(trio->w, id, secret);
    age = 0;
}

/* The route's path with ids of things that exist. */
static void path_of(const struct cs_route *r, char out[512])
{
    const char *id = strstr(r->pattern, "/v2/devices") != NULL ? trio->d[0].text
                     : strstr(r->pattern, "/v2/mpc") != NULL   ? trio->quorum
                                                               : trio->vault;
    size_t n = 0;

    for (const char *p = r->pattern; *p != '\0'; p++) {
        if (*p == '{') {
            n += (size_t)snprintf(out + n, 512 - n, "%s", id);
            p += strcspn(p, "}");
            id = trio->wallet;
        } else {
            out[n++] = *p;
        }
    }
    out[n] = '\0';
}

static void rest(const uint8_t *data, size_t size)
{
    char path[512], query[256] = "";
    const struct cs_route *r;
    size_t n = 0, routes = 0, q = 0;

    while (cs_route_at(routes) != NULL) {
        routes++;
    }
    r = cs_route_at(data[0] % (routes == 0 ? 1 : routes));
    data++;
    size--;
    while (n < size && data[n] != 0) {
        n++;
    }
    if (n < size) {
        q = n < sizeof query - 1 ? n : sizeof query - 1;
        memcpy(query, data, q);
        query[q] = '\0';
        data += n + 1;
        size -= n + 1;
    }
    path_of(r, path);
    (void)fake_http(trio->w,
                    (struct fake_http){.method = r->method,
                                       .path = path,
                                       .query = query,
                                       .body = size == 0 ? NULL : (const char *)data,
                                       .body_len = size,
                                       .authorization = trio->w->token,
                                       .may_wait = true});
    if (trio->w->status == 0) { /* ?wait= */
        fake_wait(trio->w, CS_API_WAIT_MAX * 1000);
    }
    if (trio->w->status == 0 || trio->w->core->n_waits != 0) {
        abort(); /* exactly one answer, in time */
    }
    if (trio->w->status >= 500 && trio->w->status != 501) {
        abort();
    }
}

static void relay(struct fake_device *d, const uint8_t *data, size_t size)
{
    uint64_t conn = trio->w->next_conn++;

    fake_event(trio->w, (struct cs_event){.type = CS_EV_CONN_UP,
                                          .conn = conn,
                                          .channel = CS_CHANNEL_RELAY,
                                          .remote = "",
                                          .exporter = CS_SPAN_OF(d->exporter)});
    fake_message(trio->w, conn, CS_SPAN(data, size));
    fake_message(trio->w, conn, CS_SPAN(data, size));
    fake_event(trio->w, (struct cs_event){.type = CS_EV_CONN_DOWN, .conn = conn});
}

static void control(struct fake_device *d, bool signed_in, const uint8_t *data,
                    size_t size)
{
    uint8_t nonce[32];

    if (signed_in) {
        fake_connect(d);
    } else {
        fake_open(d, nonce);
    }
    fake_message(trio->w, d->conn, CS_SPAN(data, size));
    fake_disconnect(d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (trio == NULL || ++age > LIFE) {
        renew();
    }
    if (size < 2) {
        return 0;
    }
    fake_clear_sent(trio->w);
    trio->d[0].seen = 0;
    fake_wait(trio->w, 50);
    switch (data[0] % 4) {
    case 0:
        rest(data + 1, size - 1);
        break;
    case 1:
        control(&trio->d[0], true, data + 1, size - 1);
        break;
    case 2:
        relay(&trio->d[0], data + 1, size - 1);
        break;
    default:
        control(&trio->d[0], false, data + 1, size - 1);
        break;
    }
    if (trio->w->exited) {
        abort();
    }
    return 0;
}
