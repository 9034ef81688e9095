/* METRICS_ADDR, the status object and doctor's facts of a whole node. */
#include <errno.h>
#include <jansson.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "node/observe.h"
#include "support/alerts_check.h"
#include "support/lone_node.h"
#include "support/prom_check.h"

static char answer[1 << 17];

static void addr_of(char addr[128], char path[108])
{
    (void)snprintf(path, 108, "%s/m.sock", t.dir);
    (void)snprintf(addr, 128, "unix:%s", path);
}

/* Asks on the same thread that runs the loop; the body, and the status. */
static const char *fetch(const char *path, int *status)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    size_t n = 0;
    const char *body;
    ssize_t k = -1;

    (void)snprintf(to.sun_path, sizeof to.sun_path, "%s/m.sock", t.dir);
    assert_int_equal(connect(fd, (struct sockaddr *)(void *)&to, sizeof to), 0);
    (void)snprintf(answer, sizeof answer, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", path);
    assert_true(send(fd, answer, strlen(answer), MSG_NOSIGNAL) > 0);
    for (int turns = 0; turns < 20000 && k != 0; turns++) {
        (void)uv_run(&t.loop, UV_RUN_NOWAIT);
        k = recv(fd, answer + n, sizeof answer - 1 - n, MSG_DONTWAIT);
        n += k > 0 ? (size_t)k : 0;
        if (k < 0) {
            (void)usleep(500);
        }
    }
    (void)close(fd);
    answer[n] = '\0';
    *status = atoi(answer + 9);
    body = strstr(answer, "\r\n\r\n");
    assert_non_null(body);
    return body + 4;
}

static void start(cs_node **n, const char *addr)
{
    struct cs_node_config cfg = config();

    cfg.metrics_addr = addr;
    assert_int_equal(make_node(n, &cfg), 0);
    if (cs_node_start(*n, t.message, sizeof t.message) != 0) {
        fail_msg("%s", t.message);
    }
}

static void stop(cs_node *n, unsigned nth)
{
    cs_node_stop(n);
    run_until_stopped(nth);
    cs_node_free(n);
}

static void a_node_without_a_platform_is_alive_and_not_ready(void **state)
{
    char addr[128], path[108];
    cs_node *n;
    int status;
    json_t *o;

    (void)state;
    addr_of(addr, path);
    start(&n, addr);
    assert_string_equal(fetch("/healthz", &status), "ok\n");
    assert_int_equal(status, 200);
    o = json_loads(fetch("/readyz", &status), 0, NULL);
    assert_int_equal(status, 503);
    assert_non_null(o);
    assert_true(json_is_false(json_object_get(o, "ready")));
    assert_string_equal(json_string_value(json_object_get(o, "state")), "STARTING");
    assert_true(json_array_size(json_object_get(o, "reasons")) >= 3);
    json_decref(o);
    (void)fetch("/", &status);
    assert_int_equal(status, 404);
    stop(n, 1);
    assert_int_equal(access(path, F_OK), -1);
}

static void metrics_are_well_formed_and_show_process_and_store(void **state)
{
    static const char *const wanted[] = {
        "cloudsign_state{state=\"STARTING\"}",
        "cloudsign_state{state=\"WAITING_FOR_KMS\"}",
        "cloudsign_ready",
        "cloudsign_build_info{version=\"" CS_VERSION "\"}",
        "cloudsign_commit_seconds_count",
        "cloudsign_disk_free_bytes",
        "cloudsign_store_file_bytes",
        "process_resident_memory_bytes",
        "process_open_fds",
        "cloudsign_loop_lag_seconds_count",
        "cloudsign_control_up",
    };
    char addr[128], path[108];
    const char *body;
    struct prom p;
    cs_node *n;
    int status, turns = 0;

    (void)state;
    addr_of(addr, path);
    start(&n, addr);
    do { /* until the first commit is durable */
        body = fetch("/metrics", &status);
    } while (prom_value(body, "cloudsign_commit_seconds_count") < 1 && ++turns < 5000);
    assert_int_equal(status, 200);
    assert_non_null(strstr(answer, "text/plain; version=0.0.4"));
    prom_check(&p, body, strlen(body));
    for (size_t i = 0; i < CS_COUNTOF(wanted); i++) {
        if (!prom_has(&p, wanted[i])) {
            fail_msg("no %s", wanted[i]);
        }
    }
    prom_free(&p);
    assert_true(prom_value(body, "cloudsign_state{state=\"STARTING\"}") == 1);
    assert_true(prom_value(body, "cloudsign_state{state=\"READY\"}") == 0);
    assert_true(prom_value(body, "cloudsign_ready") == 0);
    assert_true(prom_value(body, "cloudsign_commit_seconds_count") >= 1);
    assert_true(prom_value(body, "process_open_fds") > 3);
    assert_true(prom_value(body, "process_resident_memory_bytes") > 1e6);
    assert_true(prom_value(body, "cloudsign_store_file_bytes") > 0);
    stop(n, 1);
}

static void without_a_life_of_the_core_it_answers_too(void **state)
{
    char addr[128], path[108];
    struct cs_node_core *core;
    const char *body;
    struct prom p;
    cs_node *n;
    int status;

    (void)state;
    addr_of(addr, path);
    start(&n, addr);
    core = n->core;
    n->core = NULL; /* as between two lives */
    n->waits_for = "WAITING_FOR_KMS";
    assert_string_equal(fetch("/healthz", &status), "ok\n");
    assert_string_equal(fetch("/readyz", &status),
                        "{\"ready\":false,\"state\":\"WAITING_FOR_KMS\","
                        "\"reasons\":[\"WAITING_FOR_KMS\"]}\n");
    assert_int_equal(status, 503);
    body = fetch("/metrics", &status);
    prom_check(&p, body, strlen(body));
    prom_free(&p);
    assert_true(prom_value(body, "cloudsign_state{state=\"WAITING_FOR_KMS\"}") == 1);
    assert_true(cs_node_status(n, answer, sizeof answer) < sizeof answer);
    assert_non_null(strstr(answer, "\"state\":\"WAITING_FOR_KMS\""));
    n->core = core;
    stop(n, 1);
}

static void off_unless_asked_for_and_only_on_this_machine(void **state)
{
    struct cs_node_config cfg = config();
    cs_node *n;

    (void)state;
    assert_int_equal(make_node(&n, &cfg), 0);
    assert_int_equal(cs_node_start(n, t.message, sizeof t.message), 0);
    assert_null(n->observe);
    stop(n, 1);
    cfg.metrics_addr = "0.0.0.0:9464";
    assert_int_equal(make_node(&n, &cfg), 78);
    assert_non_null(strstr(t.message, "METRICS_ADDR: \"0.0.0.0:9464\" is not this "
                                      "machine's alone"));
}

static void an_address_in_use_ends_the_start(void **state)
{
    struct cs_node_config cfg = config();
    char addr[128], path[108];
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cs_node *n;

    (void)state;
    addr_of(addr, path);
    memcpy(to.sun_path, path, strlen(path));
    assert_int_equal(bind(fd, (struct sockaddr *)(void *)&to, sizeof to), 0);
    assert_int_equal(listen(fd, 1), 0);
    cfg.metrics_addr = addr;
    assert_int_equal(make_node(&n, &cfg), 0);
    assert_int_equal(cs_node_start(n, t.message, sizeof t.message), 78);
    assert_non_null(strstr(t.message, "answers on it already"));
    (void)uv_run(&t.loop, UV_RUN_DEFAULT);
    cs_node_free(n);
    (void)close(fd);
    assert_int_equal(t.stopped, 0);
}

static void the_status_has_process_and_store(void **state)
{
    struct cs_node_config cfg = config();
    json_t *o, *store, *process;
    struct cs_wr facts = {0};
    cs_node *n;

    (void)state;
    assert_int_equal(make_node(&n, &cfg), 0); /* also of one that was not started */
    assert_true(cs_node_status(n, answer, sizeof answer) < sizeof answer);
    o = json_loads(answer, 0, NULL);
    store = json_object_get(o, "store");
    process = json_object_get(o, "process");
    assert_string_equal(json_string_value(json_object_get(store, "dir")), t.dir);
    assert_true(json_integer_value(json_object_get(store, "freeBytes")) > 0);
    assert_true(json_integer_value(json_object_get(store, "usedBytes")) > 0);
    assert_true(json_is_false(json_object_get(store, "latched")));
    assert_int_equal(json_integer_value(json_object_get(process, "pid")), getpid());
    assert_true(json_integer_value(json_object_get(process, "openFiles")) > 0);
    assert_non_null(json_object_get(o, "clockSkewMs") == NULL ? o : NULL);
    json_decref(o);
    cs_node_facts(n, &facts);
    cs_wr_u8(&facts, 0);
    o = json_loads((const char *)facts.p, 0, NULL);
    assert_string_equal(json_string_value(json_object_get(o, "platformUrl")),
                        "wss://127.0.0.1:1/control");
    assert_true(json_string_length(json_object_get(o, "ca")) > 200);
    json_decref(o);
    cs_wr_free(&facts);
    cs_node_free(n);
}

static void every_metric_of_the_alert_rules_is_exported(void **state)
{
    char addr[128], path[108], *body;
    size_t n_of[5] = {0};
    cs_node *n;
    int status;

    (void)state;
    addr_of(addr, path);
    start(&n, addr);
    body = strdup(fetch("/metrics", &status));
    assert_null(strstr(body, "\ncloudsign_clock_skew_seconds ")); /* not known yet */
    assert_true(alerts_check(body, "alerts.yml", n_of) > 20);
    assert_true(n_of[0] > 15);
    for (size_t i = 1; i < 5; i++) { /* each rule has all of them */
        assert_int_equal(n_of[i], n_of[0]);
    }
    assert_false(alerts_exported(body, "cloudsign_no_such_metric"));
    assert_false(alerts_exported(body, "cloudsign_keys_bucket"));
    free(body);
    stop(n, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_node_without_a_platform_is_alive_and_not_ready),
        CASE(metrics_are_well_formed_and_show_process_and_store),
        CASE(without_a_life_of_the_core_it_answers_too),
        CASE(off_unless_asked_for_and_only_on_this_machine),
        CASE(an_address_in_use_ends_the_start),
        CASE(the_status_has_process_and_store),
        CASE(every_metric_of_the_alert_rules_is_exported),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
