#include "node/sealer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/os/clock.h"
#include "base/os/random.h"
#include "net/https_client.h"

enum {
    KMS_MS = 10000,
    METADATA_MS = 5000, /* loopback and link-local: there or not */
    STEPS_MAX = 16,     /* between two waits: files, of which a source has one */
};

struct cs_sealer {
    struct cs_sealer_config cfg;
    struct cs_seal *seal;
    struct cs_https *https;
    struct cs_https_url url;
    uv_timer_t timer;
    bool is_over, closing;
    unsigned open;
    void (*closed)(void *ctx);
    void *closed_ctx;
};

static uint64_t now_s(void)
{
    return (uint64_t)cs_os_wall_ms() / 1000;
}

/* ---- files ----------------------------------------------------------------------- */

/* A regular file only: a pipe would hold up the loop. */
static int open_regular(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat st;

    if (fd >= 0 && (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))) {
        (void)close(fd);
        fd = -1;
    }
    return fd;
}

static bool read_file(struct cs_wr *w, const char *path)
{
    uint8_t buf[4096];
    int fd = open_regular(path);
    ssize_t n = fd >= 0 ? 1 : -1;

    while (n > 0 && w->err == CS_OK && w->n <= CS_CRED_FILE_MAX) {
        n = read(fd, buf, sizeof buf);
        if (n < 0 && errno == EINTR) {
            n = 1;
            continue;
        }
        cs_wr_bytes(w, buf, n > 0 ? (size_t)n : 0);
    }
    cs_wipe(buf, sizeof buf);
    if (fd >= 0) {
        (void)close(fd);
    }
    return n == 0 && w->err == CS_OK;
}

static void give_file(struct cs_sealer *s, const char *path)
{
    struct cs_wr w = {.max = CS_CRED_FILE_MAX + 8192};
    bool is_there = read_file(&w, path);

    cs_seal_file(s->seal, now_s(), is_there, cs_wr_get(&w));
    cs_wr_free(&w);
}

/* ---- requests -------------------------------------------------------------------- */

static void go(struct cs_sealer *s);

static void on_answer(void *ctx, const struct cs_https_answer *a)
{
    struct cs_sealer *s = ctx;
    struct cs_aws_reply reply = {.status = a->status,
                                 .body = a->body,
                                 .request_id = a->headers[0],
                                 .failure = a->failure};

    cs_seal_http(s->seal, now_s(), &reply);
    go(s);
}

static void set_url(struct cs_https_url *to, const struct cs_aws_url *from)
{
    (void)snprintf(to->host, sizeof to->host, "%s", from->host);
    (void)snprintf(to->path, sizeof to->path, "%s", from->path);
    to->port = from->port;
    to->is_plain = !from->is_tls;
}

/* Header 0 is host, which the client makes of the URL itself. */
static enum cs_err ask(struct cs_sealer *s, const struct cs_aws_http *http,
                       struct cs_why *why)
{
    struct cs_https_header headers[CS_AWS_HEADERS_MAX];
    struct cs_https_request req = {.url = &s->url,
                                   .method = http->method,
                                   .headers = headers,
                                   .n_headers = http->n_headers - 1,
                                   .body = cs_wr_get(&http->body),
                                   .time_ms = http->url.is_tls ? KMS_MS : METADATA_MS,
                                   .body_max = CS_AWS_BODY_MAX,
                                   .want = {"x-amzn-requestid"}};

    for (size_t i = 1; i < http->n_headers; i++) {
        headers[i - 1].name = http->headers[i].name;
        headers[i - 1].value = cs_aws_http_value(http, i);
    }
    set_url(&s->url, &http->url);
    return cs_https_ask(s->https, &req, on_answer, s, why);
}

/* True: an answer will come. */
static bool give_http(struct cs_sealer *s, const struct cs_aws_http *http)
{
    struct cs_why why = {""};
    struct cs_aws_reply none = {.failure = why.text};

    if (ask(s, http, &why) == CS_OK) {
        return true;
    }
    cs_seal_http(s->seal, now_s(), &none);
    return false;
}

/* ---- the machine ----------------------------------------------------------------- */

static void over(struct cs_sealer *s, enum cs_err err, const struct cs_why *why)
{
    if (!s->is_over) {
        s->is_over = true;
        s->cfg.done(s->cfg.ctx, err, why);
    }
}

static void on_timer(uv_timer_t *timer)
{
    go(CS_CONTAINER_OF(timer, struct cs_sealer, timer));
}

static void wait_for(struct cs_sealer *s, uint32_t ms, const struct cs_why *why)
{
    CS_ASSERT(uv_timer_start(&s->timer, on_timer, ms, 0) == 0);
    if (s->cfg.waiting != NULL) {
        s->cfg.waiting(s->cfg.ctx, why->text, ms);
    }
}

/* One want of the machine; true: the next one can be asked for at once. */
static bool step(struct cs_sealer *s)
{
    struct cs_seal_want want;
    struct cs_why why = {""};
    uint32_t random;
    enum cs_err err;

    cs_os_random(NULL, (uint8_t *)&random, sizeof random);
    err = cs_seal_next(s->seal, now_s(), random, &want, &why);
    if (err != CS_OK || want.what == CS_SEAL_DONE) {
        over(s, err, &why);
        return false;
    }
    if (want.what == CS_SEAL_WAIT) {
        wait_for(s, want.wait_ms, &why);
        return false;
    }
    if (want.what == CS_SEAL_FILE) {
        give_file(s, want.path);
        return true;
    }
    return !give_http(s, want.http);
}

static void go(struct cs_sealer *s)
{
    struct cs_why why = {""};

    for (int i = 0; i < STEPS_MAX; i++) {
        if (s->closing || s->is_over || !step(s)) {
            return;
        }
    }
    (void)cs_why(&why, CS_ERR_INTERNAL, "the seal by KMS does not come to an end");
    over(s, CS_ERR_INTERNAL, &why);
}

/* ---- life ------------------------------------------------------------------------ */

static enum cs_err make(struct cs_sealer *s, struct cs_why *why)
{
    const struct cs_sealer_config *c = &s->cfg;
    struct cs_seal_params p = {.ref = c->ref,
                               .device_id = c->device_id,
                               .record = c->record,
                               .fresh_key = c->fresh_key,
                               .endpoint_url_kms = c->env->endpoint_url_kms,
                               .endpoint_url = c->env->cred.endpoint_url,
                               .env = c->env->cred};
    struct cs_https_config https = {.loop = c->loop, .ca_file = c->env->ca_bundle};

    struct cs_why reason = {""};
    enum cs_err err;

    CS_CHECK(cs_seal_new(&s->seal, &p, why));
    err = cs_https_new(&s->https, &https, &reason);
    return err == CS_OK || reason.text[0] == '\0'
               ? err
               : cs_why(why, err, "AWS_CA_BUNDLE: %s", reason.text);
}

enum cs_err cs_sealer_new(struct cs_sealer **out, const struct cs_sealer_config *cfg,
                          struct cs_why *why)
{
    struct cs_sealer *s = cs_alloc(sizeof *s);
    enum cs_err err;

    *out = NULL;
    if (s == NULL) {
        return CS_ERR_NOMEM;
    }
    s->cfg = *cfg;
    err = make(s, why);
    s->cfg.fresh_key = NULL; /* were borrowed for the call */
    s->cfg.record = (struct cs_span){0};
    if (err != CS_OK) {
        cs_seal_free(s->seal);
        cs_free(s);
        return err;
    }
    CS_ASSERT(uv_timer_init(cfg->loop, &s->timer) == 0);
    *out = s;
    return CS_OK;
}

void cs_sealer_start(struct cs_sealer *s)
{
    CS_ASSERT(uv_timer_start(&s->timer, on_timer, 0, 0) == 0);
}

const uint8_t *cs_sealer_key(const struct cs_sealer *s)
{
    return cs_seal_key(s->seal);
}

struct cs_span cs_sealer_record(const struct cs_sealer *s)
{
    return cs_seal_record(s->seal);
}

static void part_closed(void *ctx)
{
    struct cs_sealer *s = ctx;
    void (*closed)(void *ctx) = s->closed;
    void *closed_ctx = s->closed_ctx;

    if (--s->open == 0) {
        cs_free(s);
        if (closed != NULL) {
            closed(closed_ctx);
        }
    }
}

static void timer_closed(uv_handle_t *handle)
{
    part_closed(CS_CONTAINER_OF(handle, struct cs_sealer, timer));
}

void cs_sealer_close(struct cs_sealer *s, void (*closed)(void *ctx), void *ctx)
{
    CS_ASSERT(!s->closing);
    s->closing = true;
    s->closed = closed;
    s->closed_ctx = ctx;
    s->open = 2;
    cs_seal_free(s->seal);
    s->seal = NULL;
    cs_https_close(s->https, part_closed, s);
    uv_close((uv_handle_t *)&s->timer, timer_closed);
}
