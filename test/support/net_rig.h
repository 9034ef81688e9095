/* Two hosts with toy cores on one loop, over TLS on loopback: a server with its own CA
 * in a temporary directory, and a client that pins it.  Header only, for test_net_*. */
#ifndef TEST_SUPPORT_NET_RIG_H
#define TEST_SUPPORT_NET_RIG_H

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "net/host.h"
#include "net/tls_files.h"
#include "store/kv_mem.h"
#include "support/toy_core.h"

struct rig {
    uv_loop_t loop;
    char dir[64];
    const char *host; /* the server's address */
    struct cs_tls_files tls;
    struct cs_kv *kv;
    struct cs_host *server, *client;
    struct toy_core s, c; /* their cores */
    unsigned n_closed, n_exited;
    enum cs_err exit_err;
    uv_timer_t guard;
    bool late;
};

static inline void rig_exited(void *ctx, enum cs_err err)
{
    struct rig *r = ctx;

    r->n_exited++;
    r->exit_err = err;
}

static inline void rig_late(uv_timer_t *t)
{
    ((struct rig *)t->data)->late = true;
}

static inline void rig_closed(void *ctx)
{
    ((struct rig *)ctx)->n_closed++;
}

/* Runs the loop until *n reaches `least`; a test that hangs fails after 30 s. */
static inline void rig_until(struct rig *r, const unsigned *n, unsigned least)
{
    r->late = false;
    assert_int_equal(uv_timer_start(&r->guard, rig_late, 30000, 0), 0);
    while (*n < least && !r->late) {
        (void)uv_run(&r->loop, UV_RUN_ONCE);
    }
    (void)uv_timer_stop(&r->guard);
    assert_false(r->late);
}

static inline void rig_open(struct rig *r)
{
    static const char *const names[] = {"127.0.0.1"};
    struct cs_why why = {""};

    *r = (struct rig){.host = "127.0.0.1"};
    assert_int_equal(uv_loop_init(&r->loop), 0);
    assert_int_equal(uv_timer_init(&r->loop, &r->guard), 0);
    r->guard.data = r;
    (void)snprintf(r->dir, sizeof r->dir, "/tmp/cs-net-XXXXXX");
    assert_non_null(mkdtemp(r->dir));
    assert_int_equal(cs_tls_files_own(&r->tls, r->dir, names, 1, &why), CS_OK);
    r->kv = cs_kv_mem_new();
    assert_non_null(r->kv);
}

/* limits may be NULL. */
static inline void rig_server(struct rig *r, const struct cs_ws_limits *limits,
                              void (*on)(struct toy_core *t, const struct cs_event *ev,
                                         struct cs_step *out))
{
    struct cs_ws_listen listen = {.host = r->host,
                                  .port = 0,
                                  .cert_file = r->tls.cert_file,
                                  .key_file = r->tls.key_file};
    struct cs_host_config cfg = {.loop = &r->loop,
                                 .kv = r->kv,
                                 .n_workers = 1,
                                 .listen = &listen,
                                 .exited = rig_exited,
                                 .ctx = r};
    struct cs_why why = {""};

    cfg.limits = limits != NULL ? *limits : (struct cs_ws_limits){0};
    toy_init(&r->s, on, r);
    if (cs_host_new(&r->server, &cfg, &why) != CS_OK) {
        fail_msg("server: %s", why.text);
    }
    cs_host_start(r->server, toy_iface(&r->s));
}

static inline void rig_client(struct rig *r, struct cs_span ca,
                              const struct cs_ws_limits *limits,
                              void (*on)(struct toy_core *t, const struct cs_event *ev,
                                         struct cs_step *out))
{
    struct cs_host_config cfg = {.loop = &r->loop,
                                 .kv = r->kv,
                                 .n_workers = 1,
                                 .ca_der = ca,
                                 .exited = rig_exited,
                                 .ctx = r};
    struct cs_why why = {""};

    cfg.limits = limits != NULL ? *limits : (struct cs_ws_limits){0};
    toy_init(&r->c, on, r);
    if (cs_host_new(&r->client, &cfg, &why) != CS_OK) {
        fail_msg("client: %s", why.text);
    }
    cs_host_start(r->client, toy_iface(&r->c));
}

static inline char *rig_url(struct rig *r, char out[128], const char *host,
                            const char *path)
{
    (void)snprintf(out, 128, "wss://%s:%d%s", host, cs_host_port(r->server), path);
    return out;
}

static inline void rig_guard_closed(uv_handle_t *h)
{
    (void)h;
}

static inline int rig_remove(const char *path, const struct stat *st, int type,
                             struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

/* Ends everything; the loop must be left without a handle. */
static inline void rig_close(struct rig *r)
{
    unsigned want = r->n_closed;

    if (r->client != NULL) {
        cs_host_close(r->client, rig_closed, r);
        want++;
    }
    if (r->server != NULL) {
        cs_host_close(r->server, rig_closed, r);
        want++;
    }
    rig_until(r, &r->n_closed, want);
    uv_close((uv_handle_t *)&r->guard, rig_guard_closed);
    assert_int_equal(uv_run(&r->loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(uv_loop_close(&r->loop), 0);
    r->kv->ops->close(r->kv);
    assert_int_equal(nftw(r->dir, rig_remove, 8, FTW_DEPTH | FTW_PHYS), 0);
    cs_tls_files_wipe(&r->tls);
    cs_wr_free(&r->s.got);
    cs_wr_free(&r->c.got);
}

#endif
