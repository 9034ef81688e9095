/* A resolver that does not answer: availability only (RELIABILITY T32). */
#include <dlfcn.h>
#include <netdb.h>

#include "support/net_rig.h"

/* ---- the shim: a program's own symbol comes before libc's, also for libuv ------- */

static struct {
    bool hangs;
    uv_sem_t release;
} shim;

#define EXPORTED __attribute__((visibility("default")))
EXPORTED int getaddrinfo(const char *node, const char *service,
                         const struct addrinfo *hints, struct addrinfo **list);

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                struct addrinfo **list)
{
    int (*real)(const char *, const char *, const struct addrinfo *,
                struct addrinfo **) = NULL;
    void *symbol = dlsym(RTLD_NEXT, "getaddrinfo");

    if (shim.hangs && strcmp(node, "localhost") == 0) { /* libwebsockets: an address */
        uv_sem_wait(&shim.release);
        return EAI_AGAIN;
    }
    memcpy(&real, &symbol, sizeof real);
    return real(node, service, hints, list);
}

/* ---- the client: dials again and again ------------------------------------------ */

static char url[128];
static unsigned n_dials; /* how many are wanted */

static void dial_on(struct toy_core *t, const struct cs_event *ev, struct cs_step *out)
{
    if (ev->type == CS_EV_START) {
        cs_emit_connect(out, 1, CS_CHANNEL_RELAY, url);
    } else if (ev->type == CS_EV_CONN_UP && t->n[CS_EV_CONN_UP] == 1) {
        shim.hangs = true;
        cs_emit_close(out, ev->conn, CS_OK);
        cs_emit_connect(out, ev->conn + 1, CS_CHANNEL_RELAY, url);
    } else if (ev->type == CS_EV_CONN_DOWN && t->n[CS_EV_CONN_DOWN] < n_dials) {
        cs_emit_connect(out, ev->conn + 1, CS_CHANNEL_RELAY, url);
    }
}

static void open_client(struct rig *r)
{
    struct cs_ws_limits limits = {.connect_ms = 500};

    assert_int_equal(uv_sem_init(&shim.release, 0), 0);
    rig_client(r, cs_wr_get(&r->tls.ca_der), &limits, dial_on);
}

static void end(struct rig *r, unsigned n_hanging)
{
    for (unsigned i = 0; i < n_hanging; i++) {
        uv_sem_post(&shim.release);
    }
    rig_close(r);
    uv_sem_destroy(&shim.release);
    shim.hangs = false;
}

static void each_attempt_ends_in_time_and_none_queues_behind_the_others(void **state)
{
    struct rig r;

    (void)state;
    rig_open(&r);
    (void)snprintf(url, sizeof url, "wss://localhost:1/relay");
    shim.hangs = true;
    n_dials = 4;
    open_client(&r);
    rig_until(&r, &r.c.n[CS_EV_CONN_DOWN], n_dials);
    assert_int_equal(r.c.err, CS_ERR_DNS);
    end(&r, 2); /* two were on the way, the others never began */
}

static void the_last_good_address_serves(void **state)
{
    struct rig r;

    (void)state;
    rig_open(&r);
    rig_server(&r, NULL, NULL);
    (void)rig_url(&r, url, "localhost", "/relay");
    shim.hangs = false;
    n_dials = 0;
    open_client(&r);
    rig_until(&r, &r.c.n[CS_EV_CONN_UP], 2);
    assert_int_equal(r.c.n[CS_EV_CONN_DOWN], 0);
    end(&r, 1);
}

static void an_end_waits_for_nobody_but_the_resolver(void **state)
{
    struct rig r;

    (void)state;
    rig_open(&r);
    (void)snprintf(url, sizeof url, "wss://localhost:1/relay");
    shim.hangs = true;
    n_dials = 1;
    open_client(&r);
    rig_until(&r, &r.c.n[CS_EV_CONN_DOWN], 1);
    end(&r, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_attempt_ends_in_time_and_none_queues_behind_the_others),
        cmocka_unit_test(the_last_good_address_serves),
        cmocka_unit_test(an_end_waits_for_nobody_but_the_resolver),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
