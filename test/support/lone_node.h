/* One node of libcloudsign on a loop of ours, as an embedder has it; its platform is
 * not there.  Each case has its own directory and loop. */
#ifndef CS_TEST_LONE_NODE_H
#define CS_TEST_LONE_NODE_H

#include <cloudsign/cs_node.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include <cmocka.h>

#include "base/text.h"
#include "net/tls_files.h"

static const char key_a[] =
    "00112233445566778899aabbccddeeff0123456789abcdef0123456789abcdef";

static struct {
    char dir[64];
    char pairing[4096];
    char message[512];
    uv_loop_t loop;
    unsigned stopped, states;
    int exit_code;
} t;

/* A pairing key for a platform that is not there. */
static inline void make_pairing(void)
{
    static const char *const names[] = {"127.0.0.1"};
    struct cs_tls_files tls;
    struct cs_wr json = {0}, b64 = {0};
    struct cs_why why;

    assert_int_equal(cs_tls_files_own(&tls, t.dir, names, 1, &why), CS_OK);
    cs_wr_str(&json, "{\"deviceId\":\"11111111-2222-4333-8444-555555555555\","
                     "\"platformUrl\":\"wss://127.0.0.1:1/control\","
                     "\"relayUrl\":\"wss://127.0.0.1:1/relay\",\"ca\":\"");
    cs_wr_b64(&json, cs_wr_get(&tls.ca_der));
    cs_wr_str(&json, "\",\"seed\":\"");
    cs_wr_b64(&json, CS_SPAN_LIT("0123456789abcdef0123456789abcdef"));
    cs_wr_str(&json, "\",\"v\":1}");
    cs_wr_b64(&b64, cs_wr_get(&json));
    cs_wr_u8(&b64, 0);
    assert_true(b64.err == CS_OK && b64.n < sizeof t.pairing);
    memcpy(t.pairing, b64.p, b64.n);
    cs_wr_free(&json);
    cs_wr_free(&b64);
    cs_tls_files_wipe(&tls);
}

static inline int make(void **state)
{
    (void)state;
    memset(&t, 0, sizeof t);
    (void)snprintf(t.dir, sizeof t.dir, "/tmp/cs-node-XXXXXX");
    if (mkdtemp(t.dir) == NULL || uv_loop_init(&t.loop) != 0) {
        return -1;
    }
    make_pairing();
    return 0;
}

static inline int remove_one(const char *path, const struct stat *st, int type,
                             struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static inline int drop(void **state)
{
    (void)state;
    return uv_loop_close(&t.loop) == 0
               ? nftw(t.dir, remove_one, 8, FTW_DEPTH | FTW_PHYS)
               : -1;
}

static inline void on_stopped(void *ctx, int exit_code, const char *reason,
                              const char *text)
{
    assert_ptr_equal(ctx, &t);
    assert_non_null(reason);
    assert_non_null(text);
    t.stopped++;
    t.exit_code = exit_code;
}

static inline void on_event(void *ctx, const char *word, const char *json,
                            size_t json_len)
{
    (void)ctx;
    assert_true(json_len > 1 && json[0] == '{');
    t.states += strcmp(word, "state") == 0 ? 1U : 0U;
}

static inline struct cs_node_config config(void)
{
    return (struct cs_node_config){.size = sizeof(struct cs_node_config),
                                   .data_dir = t.dir,
                                   .pairing_key = t.pairing,
                                   .db_key_hex = key_a,
                                   .n_workers = 1,
                                   .event = on_event,
                                   .stopped = on_stopped,
                                   .ctx = &t};
}

static inline int make_node(cs_node **n, const struct cs_node_config *cfg)
{
    *n = NULL;
    memset(t.message, 0, sizeof t.message);
    return cs_node_new(n, &t.loop, cfg, t.message, sizeof t.message);
}

static inline void run_until_stopped(unsigned n)
{
    while (t.stopped < n && uv_run(&t.loop, UV_RUN_ONCE) != 0) {
    }
    assert_int_equal(t.stopped, n);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, make, drop)

#endif
