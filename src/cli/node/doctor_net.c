/* Names, TCP and TLS of what a node dials: platform and relay under the CA of the
 * pairing, KMS under the system's roots. */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/os/clock.h"
#include "base/text.h"
#include "cli/node/doctor.h"
#include "net/https_client.h"
#include "net/tls_pem.h"
#include "net/url.h"
#include "node/doctor.h"

enum { ASK_MS = 10000, URL_CAP = 1200 };

struct dial {
    enum cs_err err;
    char failure[256], date[64];
    int status;
    uint64_t begun, took;
    bool done;
};

static void on_done(void *ctx, const struct cs_https_answer *a)
{
    struct dial *t = ctx;

    t->done = true;
    t->err = a->err;
    t->status = a->status;
    t->took = cs_os_now_ms() - t->begun;
    (void)snprintf(t->failure, sizeof t->failure, "%s", a->failure);
    (void)snprintf(t->date, sizeof t->date, "%s",
                   a->headers[0] != NULL ? a->headers[0] : "");
}

static void on_closed(void *ctx)
{
    (void)ctx;
}

/* One GET, with a loop of its own.  An answer of any status will do. */
static enum cs_err dial(struct dial *t, const char *ca_file, const char *url,
                        bool plain, struct cs_why *why)
{
    struct cs_https_config cfg = {.ca_file = ca_file};
    struct cs_https_request req = {
        .method = "GET", .time_ms = ASK_MS, .body_max = 64 << 10, .want = {"date"}};
    struct cs_https_url parsed;
    struct cs_https *h = NULL;
    uv_loop_t loop;
    enum cs_err err;

    CS_CHECK(cs_https_url_parse(&parsed, url, "URL", plain, why));
    if (uv_loop_init(&loop) != 0) {
        return CS_ERR_OS;
    }
    cfg.loop = &loop;
    req.url = &parsed;
    t->begun = cs_os_now_ms();
    err = cs_https_new(&h, &cfg, why);
    if (err == CS_OK) {
        err = cs_https_ask(h, &req, on_done, t, why);
        while (err == CS_OK && !t->done && uv_run(&loop, UV_RUN_ONCE) != 0) {
        }
        cs_https_close(h, on_closed, NULL);
    }
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    (void)uv_loop_close(&loop);
    return err;
}

static const char *remedy_of(enum cs_err err)
{
    switch (err) {
    case CS_ERR_DNS:
        return "check the name, and this machine's resolver (/etc/resolv.conf; in a "
               "container: its network)";
    case CS_ERR_CONN:
        return "open the way out: firewall, routes, security group; is the other side "
               "up?";
    case CS_ERR_TIMEOUT:
        return "something swallows packets on the way: a firewall that drops, a proxy "
               "in between";
    case CS_ERR_TLS_NAME:
        return "the certificate there is for another name: use the URL of the pairing "
               "key, or give the platform a certificate for this one";
    case CS_ERR_TLS_TIME:
        return "the certificate is expired or not valid yet: renew it; check this "
               "machine's clock";
    case CS_ERR_TLS_TRUST:
        return "the certificate there is not of the CA that this node was paired with: "
               "something is in between (a TLS-inspecting proxy), or the platform has "
               "a new CA: pair anew";
    case CS_ERR_TLS:
        return "no TLS there: wrong port, or a proxy in between";
    default:
        return "see what it says";
    }
}

/* "Thu, 26 Nov 2026 05:00:00 GMT" */
static bool parse_date(int64_t *ms, const char *text)
{
    struct tm tm = {0};
    const char *end = strptime(text, "%a, %d %b %Y %H:%M:%S GMT", &tm);

    if (end == NULL || *end != '\0') {
        return false;
    }
    *ms = (int64_t)timegm(&tm) * 1000;
    return true;
}

static void compare_clocks(struct doctor *d, const char *check, const struct dial *t)
{
    char of[64];
    int64_t there;

    if (t->date[0] == '\0' || !parse_date(&there, t->date)) {
        return;
    }
    (void)snprintf(of, sizeof of, "the %s (by its Date)", check);
    /* Date is in whole seconds, and made somewhere within the time it took. */
    doc_skew(d, of, there + 500 - (cs_os_wall_ms() - (int64_t)(t->took / 2)),
             500 + (int64_t)t->took);
}

static void look_at(struct doctor *d, const char *check, const char *ca_file,
                    const char *url, bool plain)
{
    struct cs_why why = {""};
    struct dial t = {.err = CS_OK};
    enum cs_err err = dial(&t, ca_file, url, plain, &why);

    if (err != CS_OK) {
        doc_say(d, DOC_FAIL, check, "correct the setting", "%s: %s", url,
                why.text[0] != '\0' ? why.text : cs_err_text(err));
    } else if (t.err != CS_OK) {
        doc_say(d, DOC_FAIL, check,
                strcmp(check, "kms") == 0 && t.err == CS_ERR_TLS_TRUST
                    ? "a private endpoint needs its CA in AWS_CA_BUNDLE; otherwise "
                      "something is in between"
                    : remedy_of(t.err),
                "%s: %s (%s)", url,
                t.failure[0] != '\0' ? t.failure : cs_err_text(t.err),
                cs_err_reason(t.err));
    } else {
        doc_say(d, DOC_OK, check, "",
                "%s: the name resolves, TLS and its certificate are right, an answer "
                "came in %llu ms",
                url, (unsigned long long)t.took);
        compare_clocks(d, check, &t);
    }
}

/* ---- platform and relay
 * -------------------------------------------------------------------- */

static const char *fact(const struct doctor *d, const char *name)
{
    const char *s = json_string_value(json_object_get(d->facts, name));

    return s != NULL ? s : "";
}

/* The pinned CA as a file of this process alone. */
static int ca_file(char path[32], const char *hex, struct cs_why *why)
{
    struct cs_wr der = {0}, pem = {0};
    int fd = -1;

    if (cs_unhex_wr(&der, hex, strlen(hex)) == CS_OK && der.n != 0 &&
        cs_tls_ca_pem(&pem, cs_wr_get(&der), why) == CS_OK) {
        fd = memfd_create("ca", MFD_CLOEXEC);
    }
    if (fd >= 0 && write(fd, pem.p, pem.n) != (ssize_t)pem.n) {
        (void)close(fd);
        fd = -1;
    }
    (void)snprintf(path, 32, "/proc/self/fd/%d", fd);
    cs_wr_free(&der);
    cs_wr_free(&pem);
    return fd;
}

/* wss://host:port/control -> https://host:port/ */
static void look_at_wss(struct doctor *d, const char *check, const char *ca,
                        const char *wss)
{
    struct cs_why why = {""};
    struct cs_url u;
    char url[URL_CAP];

    if (cs_url_parse(&u, wss, &why) != CS_OK) {
        doc_say(d, DOC_FAIL, check, "correct PLATFORM_URL or RELAY_URL", "%s",
                why.text);
        return;
    }
    (void)snprintf(url, sizeof url, "https://%s:%d/", u.host, u.port);
    look_at(d, check, ca, url, false);
}

/* Of a private endpoint; NULL: the system's roots. */
static const char *kms_ca(const struct doctor *d)
{
    static const char name[] = "AWS_CA_BUNDLE=";

    for (const char *const *v = d->cfg.aws_env; v != NULL && *v != NULL; v++) {
        if (strncmp(*v, name, sizeof name - 1) == 0) {
            return *v + sizeof name - 1;
        }
    }
    return NULL;
}

static void look_at_kms(struct doctor *d)
{
    struct cs_why why = {""};
    char url[URL_CAP];

    if (d->cfg.db_key_ref == NULL || d->cfg.db_key_ref[0] == '\0') {
        return;
    }
    if (cs_node_doctor_kms_url(url, sizeof url, d->cfg.db_key_ref, d->cfg.aws_env,
                               &why) != CS_OK) {
        doc_say(d, DOC_FAIL, "kms", "correct the setting", "%s", why.text);
        return;
    }
    look_at(d, "kms", kms_ca(d), url, true);
}

void doc_net(struct doctor *d)
{
    const char *platform = d->cfg.platform_url != NULL ? d->cfg.platform_url
                                                       : fact(d, "platformUrl");
    const char *relay = d->cfg.relay_url != NULL ? d->cfg.relay_url
                                                 : fact(d, "relayUrl");
    struct cs_why why = {""};
    char ca[32];
    int fd = ca_file(ca, fact(d, "ca"), &why);

    if (d->status != NULL && fact(d, "platformUrl")[0] != '\0') {
        platform = fact(d, "platformUrl"); /* what it really uses */
        relay = fact(d, "relayUrl");
    }
    if (fd < 0) {
        doc_say(d, DOC_WARN, "platform",
                "run doctor with the node's environment (PAIRING_KEY, or the store's "
                "key), or while the node runs",
                "it is not known which platform this node is paired with%s%s",
                why.text[0] != '\0' ? ": " : "", why.text);
    } else {
        look_at_wss(d, "platform", ca, platform);
        look_at_wss(d, "relay", ca, relay);
        (void)close(fd);
    }
    look_at_kms(d);
}
