/* The platform as a program runs it: files, port, settings, end. */
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "net/ws.h"
#include "platform/platform.h"

static struct {
    char dir[64];
    uv_loop_t loop;
    unsigned stopped;
    enum cs_err err;
    struct cs_why why;
    char text[256];
} t;

static int make(void **state)
{
    (void)state;
    memset(&t, 0, sizeof t);
    (void)snprintf(t.dir, sizeof t.dir, "/tmp/cs-platform-XXXXXX");
    return mkdtemp(t.dir) != NULL && uv_loop_init(&t.loop) == 0 ? 0 : -1;
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
    t.stopped++;
    t.err = err;
}

static struct cs_platform_settings settings(void)
{
    return (struct cs_platform_settings){
        .dir = t.dir, .listen = "127.0.0.1:0", .stopped = on_stopped};
}

/* Text of a file of the data directory, NULL when it is not there. */
static const char *file(const char *name, unsigned *mode)
{
    char path[128];
    struct stat st;
    FILE *f;
    size_t n;

    (void)snprintf(path, sizeof path, "%s/%s", t.dir, name);
    f = fopen(path, "r");
    if (f == NULL) {
        return NULL;
    }
    assert_int_equal(fstat(fileno(f), &st), 0);
    *mode = st.st_mode & 0777U;
    n = fread(t.text, 1, sizeof t.text - 1, f);
    t.text[n] = '\0';
    (void)fclose(f);
    return t.text;
}

static struct cs_platform *start(struct cs_platform_settings s)
{
    struct cs_platform *p = NULL;
    unsigned mode;

    if (cs_platform_new(&p, &t.loop, &s, &t.why) != CS_OK ||
        cs_platform_start(p, &t.why) != CS_OK) {
        fail_msg("%s", t.why.text);
    }
    while (t.stopped == 0 && file("platform.url", &mode) == NULL) {
        (void)uv_run(&t.loop, UV_RUN_ONCE);
    }
    return p;
}

static void stop(struct cs_platform *p)
{
    unsigned mode;

    cs_platform_stop(p);
    (void)uv_run(&t.loop, UV_RUN_DEFAULT);
    assert_int_equal(t.stopped, 1);
    assert_int_equal(t.err, CS_OK);
    assert_null(file("platform.url", &mode));
    cs_platform_free(p);
}

static void it_listens_on_a_free_port_and_writes_its_files(void **state)
{
    struct cs_platform *p = start(settings());
    char url[256];
    unsigned mode = 0;

    (void)state;
    assert_memory_equal(cs_platform_url(p), "https://127.0.0.1:", 18);
    (void)snprintf(url, sizeof url, "%s\n", cs_platform_url(p));
    assert_string_equal(file("platform.url", &mode), url);
    assert_memory_equal(file("ca.pem", &mode), "-----BEGIN CERTIFICATE-----", 27);
    assert_int_equal(strlen(file("setup-token", &mode)), 65);
    assert_int_equal(mode, 0600);
    stop(p);
}

static void a_public_url_is_what_clients_are_told(void **state)
{
    struct cs_platform_settings s = settings();
    struct cs_platform *p;

    (void)state;
    s.public_url = "https://cloudsign.example";
    p = start(s);
    assert_string_equal(cs_platform_url(p), "https://cloudsign.example:443");
    stop(p);
}

static void expect_refusal(struct cs_platform_settings s, enum cs_err err,
                           const char *word)
{
    struct cs_platform *p = NULL;

    assert_int_equal(cs_platform_new(&p, &t.loop, &s, &t.why), err);
    assert_null(p);
    if (strstr(t.why.text, word) == NULL) {
        fail_msg("no \"%s\" in: %s", word, t.why.text);
    }
}

static void what_is_wrong_with_the_settings_is_named(void **state)
{
    static const char *const urls[] = {"http://a.example", "https://", "a.example",
                                       "https://a.example/path", "https://[::1]"};
    struct cs_platform_settings s = settings();

    (void)state;
    s.listen = "example.org:1";
    expect_refusal(s, CS_ERR_CONFIG, "listen");
    for (size_t i = 0; i < CS_COUNTOF(urls); i++) {
        s = settings();
        s.public_url = urls[i];
        expect_refusal(s, CS_ERR_CONFIG, "--public-url");
    }
    s = settings();
    s.listen = "[::1]:0"; /* what the pairing keys would say nobody can dial */
    expect_refusal(s, CS_ERR_CONFIG, "--public-url");
    s = settings();
    s.tls_cert = "/no/file";
    expect_refusal(s, CS_ERR_CONFIG, "belong together");
    s.tls_key = s.tls_ca = "/no/file";
    expect_refusal(s, CS_ERR_OS, "/no/file");
    s = settings();
    s.dir = "/no/such/directory";
    expect_refusal(s, CS_ERR_CONFIG, "/no/such/directory");
}

static void the_url_of_a_killed_platform_goes_before_the_next_one_listens(void **state)
{
    struct cs_platform_settings s = settings();
    struct cs_platform *p = NULL;
    char path[128];
    unsigned mode;
    FILE *f;

    (void)state;
    (void)snprintf(path, sizeof path, "%s/platform.url", t.dir);
    f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(cs_platform_new(&p, &t.loop, &s, &t.why), CS_OK);
    assert_null(file("platform.url", &mode));
    cs_platform_free(p);
    (void)uv_run(&t.loop, UV_RUN_DEFAULT); /* it was never started */
}

static void a_second_platform_is_refused_on_the_directory_and_on_the_port(void **state)
{
    struct cs_platform *p = start(settings()), *other = NULL;
    struct cs_platform_settings s = settings();
    char dir[64] = "/tmp/cs-platform-XXXXXX", listen[64];

    (void)state;
    expect_refusal(settings(), CS_ERR_STORE_LOCKED, t.dir);
    assert_non_null(mkdtemp(dir));
    (void)snprintf(listen, sizeof listen, "%s",
                   cs_platform_url(p) + strlen("https://"));
    s.dir = dir;
    s.listen = listen;
    assert_int_equal(cs_platform_new(&other, &t.loop, &s, &t.why), CS_OK);
    assert_int_equal(cs_platform_start(other, &t.why), CS_ERR_LISTEN);
    cs_platform_stop(p);
    (void)uv_run(&t.loop, UV_RUN_DEFAULT);
    cs_platform_free(other);
    cs_platform_free(p);
    assert_int_equal(nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, make, drop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(it_listens_on_a_free_port_and_writes_its_files),
        CASE(a_public_url_is_what_clients_are_told),
        CASE(what_is_wrong_with_the_settings_is_named),
        CASE(the_url_of_a_killed_platform_goes_before_the_next_one_listens),
        CASE(a_second_platform_is_refused_on_the_directory_and_on_the_port),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
