/* METRICS_ADDR of the platform: health, metrics, and the alert rules that name them. */
#include <ftw.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "platform/observe.h"
#include "platform/platform.h"
#include "support/alerts_check.h"

static struct {
    char dir[64], sock[108], addr[128];
    uv_loop_t loop;
    unsigned stopped;
    struct cs_why why;
    char answer[1 << 17];
    char logged[512];
} t;

static void sink(void *ctx, enum cs_log_level level, const char *module,
                 const char *line)
{
    (void)ctx;
    (void)level;
    if (strcmp(module, "net") == 0 && strncmp(line, "request", 7) == 0) {
        (void)snprintf(t.logged, sizeof t.logged, "%s", line);
    }
}

static int make(void **state)
{
    (void)state;
    memset(&t, 0, sizeof t);
    cs_log_set(sink, NULL, CS_LOG_DEBUG);
    (void)snprintf(t.dir, sizeof t.dir, "/tmp/cs-observe-XXXXXX");
    if (mkdtemp(t.dir) == NULL || uv_loop_init(&t.loop) != 0) {
        return -1;
    }
    (void)snprintf(t.sock, sizeof t.sock, "%s/m.sock", t.dir);
    (void)snprintf(t.addr, sizeof t.addr, "unix:%s", t.sock);
    return 0;
}

static int remove_one(const char *path, const struct stat *st, int type,
                      struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static int drop(void **state)
{
    (void)state;
    return uv_loop_close(&t.loop) == 0
               ? nftw(t.dir, remove_one, 8, FTW_DEPTH | FTW_PHYS)
               : -1;
}

static void on_stopped(void *ctx, enum cs_err err)
{
    (void)ctx;
    assert_int_equal(err, CS_OK);
    t.stopped++;
}

static struct cs_platform *start(const char *addr)
{
    const struct cs_platform_settings s = {.dir = t.dir,
                                           .listen = "127.0.0.1:0",
                                           .metrics_addr = addr,
                                           .stopped = on_stopped};
    struct cs_platform *p = NULL;

    if (cs_platform_new(&p, &t.loop, &s, &t.why) != CS_OK ||
        cs_platform_start(p, &t.why) != CS_OK) {
        fail_msg("%s", t.why.text);
    }
    return p;
}

static void stop(struct cs_platform *p)
{
    cs_platform_stop(p);
    (void)uv_run(&t.loop, UV_RUN_DEFAULT);
    assert_int_equal(t.stopped, 1);
    cs_platform_free(p);
    assert_int_equal(access(t.sock, F_OK), -1);
}

/* Asks on the same thread that runs the loop; the body, and the status. */
static const char *fetch(const char *path, int *status)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    size_t n = 0;
    const char *body;
    ssize_t k = -1;

    memcpy(to.sun_path, t.sock, sizeof to.sun_path);
    assert_int_equal(connect(fd, (struct sockaddr *)(void *)&to, sizeof to), 0);
    (void)snprintf(t.answer, sizeof t.answer, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n",
                   path);
    assert_true(send(fd, t.answer, strlen(t.answer), MSG_NOSIGNAL) > 0);
    for (int turns = 0; turns < 20000 && k != 0; turns++) {
        (void)uv_run(&t.loop, UV_RUN_NOWAIT);
        k = recv(fd, t.answer + n, sizeof t.answer - 1 - n, MSG_DONTWAIT);
        n += k > 0 ? (size_t)k : 0;
        if (k < 0) {
            (void)usleep(500);
        }
    }
    (void)close(fd);
    t.answer[n] = '\0';
    *status = (int)strtol(t.answer + 9, NULL, 10);
    body = strstr(t.answer, "\r\n\r\n");
    assert_non_null(body);
    return body + 4;
}

static void wait_ready(void)
{
    int status = 0;

    for (int turns = 0; status != 200; turns++) {
        assert_true(turns < 5000);
        (void)fetch("/readyz", &status);
    }
}

static void health_and_readiness_are_told_on_the_socket(void **state)
{
    struct cs_platform *p = start(t.addr);
    int status;

    (void)state;
    assert_string_equal(fetch("/healthz", &status), "ok\n");
    assert_int_equal(status, 200);
    wait_ready();
    assert_string_equal(fetch("/readyz", &status),
                        "{\"ready\":true,\"state\":\"READY\",\"reasons\":[]}\n");
    (void)fetch("/", &status);
    assert_int_equal(status, 404);
    stop(p);
}

static void metrics_are_well_formed(void **state)
{
    static const char *const wanted[] = {
        "cloudsign_platform_build_info{version=\"" CS_VERSION "\"}",
        "cloudsign_platform_ready",
        "cloudsign_platform_state{state=\"READY\"}",
        "cloudsign_platform_state{state=\"WAITING_FOR_SPACE\"}",
        "cloudsign_platform_requests_total{route=\"other\",status=\"5xx\"}",
        "cloudsign_platform_requests_total{route=\"transactions\",status=\"5xx\"}",
        "cloudsign_platform_request_seconds_count{route=\"other\"}",
        "cloudsign_platform_connections",
        "cloudsign_platform_devices_online",
        "cloudsign_platform_devices_paired",
        "cloudsign_platform_viewers",
        "cloudsign_platform_webhooks",
        "cloudsign_platform_webhook_waiting",
        "cloudsign_platform_webhook_oldest_seconds",
        "cloudsign_platform_webhook_delivered_total",
        "cloudsign_platform_webhook_failures_total{class=\"no_answer\"}",
        "cloudsign_platform_webhook_failures_total{class=\"5xx\"}",
        "cloudsign_platform_webhook_lost_total{why=\"expired\"}",
        "cloudsign_platform_webhook_lost_total{why=\"queue_full\"}",
        "cloudsign_platform_outbox",
        "cloudsign_platform_waits",
        "cloudsign_platform_passwords_waiting",
        "cloudsign_platform_commit_seconds_count",
        "cloudsign_platform_commits_total",
        "cloudsign_platform_store_file_bytes",
        "cloudsign_platform_store_entries",
        "process_resident_memory_bytes",
    };
    struct cs_platform *p = start(t.addr);
    const char *body;
    struct prom m;
    int status;

    (void)state;
    wait_ready();
    body = fetch("/metrics", &status);
    assert_int_equal(status, 200);
    assert_non_null(strstr(t.answer, "text/plain; version=0.0.4"));
    prom_check(&m, body, strlen(body));
    for (size_t i = 0; i < CS_COUNTOF(wanted); i++) {
        if (!prom_has(&m, wanted[i])) {
            fail_msg("no %s", wanted[i]);
        }
    }
    prom_free(&m);
    assert_true(prom_value(body, "cloudsign_platform_ready") == 1);
    assert_true(prom_value(body, "cloudsign_platform_state{state=\"READY\"}") == 1);
    assert_true(prom_value(body, "cloudsign_platform_commits_total") >= 0);
    assert_true(prom_value(body, "process_open_fds") > 3);
    stop(p);
}

static void every_metric_of_the_alert_rules_is_exported(void **state)
{
    struct cs_platform *p = start(t.addr);
    size_t n_of[5] = {0};
    int status;
    char *body;

    (void)state;
    wait_ready();
    body = strdup(fetch("/metrics", &status));
    assert_true(alerts_check(body, "alerts-platform.yml", n_of) > 12);
    assert_true(n_of[0] > 8);
    for (size_t i = 1; i < 5; i++) { /* each rule has all of them */
        assert_int_equal(n_of[i], n_of[0]);
    }
    assert_false(alerts_exported(body, "cloudsign_platform_no_such"));
    free(body);
    stop(p);
}

static void an_address_of_the_network_is_refused(void **state)
{
    const struct cs_platform_settings s = {
        .dir = t.dir, .listen = "127.0.0.1:0", .metrics_addr = "0.0.0.0:9464"};
    struct cs_platform *p = NULL;

    (void)state;
    assert_int_equal(cs_platform_new(&p, &t.loop, &s, &t.why), CS_ERR_CONFIG);
    assert_null(p);
    assert_non_null(strstr(t.why.text, "METRICS_ADDR"));
    (void)uv_run(&t.loop, UV_RUN_DEFAULT);
}

/* Straight at observe.c: a request that the core does not know, and one's line. */
static const struct cs_platform_core *no_core(void *ctx)
{
    (void)ctx;
    return NULL;
}

static const struct cs_host *no_host(void *ctx)
{
    (void)ctx;
    return NULL;
}

static const char *waiting(void *ctx)
{
    (void)ctx;
    return "WAITING_FOR_SPACE";
}

static void gone(void *ctx)
{
    (void)ctx;
    t.stopped++;
}

static void requests_are_counted_and_logged_without_secrets(void **state)
{
    struct cs_platform *p = start(NULL); /* for a store */
    const struct cs_observe_config cfg = {.loop = &t.loop,
                                          .dir = t.dir,
                                          .core = no_core,
                                          .host = no_host,
                                          .state = waiting};
    const struct cs_http_req req = {.id = 77,
                                    .method = "POST",
                                    .path = "/v2/secret-in-a-path",
                                    .query = "code=123456",
                                    .authorization = "Bearer 00ff",
                                    .cookie = "x=topsecret",
                                    .remote = "192.0.2.9"};
    struct cs_observe *o = NULL;
    struct cs_wr w = {0};

    (void)state;
    assert_int_equal(cs_platform_observe_start(&o, &cfg, t.addr, &t.why), CS_OK);
    cs_platform_observe_request(o, &req);
    cs_platform_observe_reply(o, 77, 503, 12);
    assert_non_null(strstr(t.logged, "id=77"));
    assert_non_null(strstr(t.logged, "status=503"));
    assert_non_null(strstr(t.logged, "from=192.0.2.9"));
    assert_null(strstr(t.logged, "secret"));
    assert_null(strstr(t.logged, "00ff"));
    assert_null(strstr(t.logged, "123456"));
    cs_platform_observe_metrics(o, &w);
    cs_wr_u8(&w, 0);
    assert_true(prom_value((char *)w.p,
                           "cloudsign_platform_requests_total{route=\"other\","
                           "status=\"5xx\"}") == 1);
    assert_true(prom_value((char *)w.p, "cloudsign_platform_ready") == 0);
    cs_wr_free(&w);
    cs_platform_observe_stop(o, gone, NULL);
    while (t.stopped == 0) {
        (void)uv_run(&t.loop, UV_RUN_ONCE);
    }
    t.stopped = 0;
    stop(p);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, make, drop)
    const struct CMUnitTest tests[] = {
        CASE(health_and_readiness_are_told_on_the_socket),
        CASE(metrics_are_well_formed),
        CASE(every_metric_of_the_alert_rules_is_exported),
        CASE(an_address_of_the_network_is_refused),
        CASE(requests_are_counted_and_logged_without_secrets),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
