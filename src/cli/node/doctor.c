#include "cli/node/doctor.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/os/logsink.h"
#include "base/os/secret.h"
#include "base/redact.h"
#include "base/text.h"
#include "cli/node/cli.h"
#include "crypto/group.h"
#include "net/local_client.h"
#include "net/preload.h"
#include "wire/jsonx.h"

enum { ANSWER_MAX = 256 << 10 };

/* ---- findings
 * ------------------------------------------------------------------------------ */

static const char *const words[] = {"OK", "WARN", "FAIL"};

void doc_say(struct doctor *d, enum doc_level level, const char *check,
             const char *remedy, const char *fmt, ...)
{
    char text[512];
    va_list ap;
    json_t *o;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (n >= (int)sizeof text) {
        text[sizeof text - 3] = '\0'; /* room for what cs_text_cut says */
        cs_text_cut(text, '\0');
    }
    cs_text_plain(text, '\0'); /* from elsewhere, perhaps */
    (void)cs_redact(text);
    d->n_warn += level == DOC_WARN;
    d->n_fail += level == DOC_FAIL;
    o = json_pack("{s:s,s:s,s:s,s:s}", "check", check, "level", words[level], "what",
                  text, "remedy", remedy);
    CS_ASSERT(json_array_append_new(d->findings, o) == 0); /* out of memory */
    if (!d->json) {
        (void)printf("%-4s  %-12s  %s\n", words[level], check, text);
        if (level != DOC_OK && remedy[0] != '\0') {
            (void)printf("      remedy:       %s\n", remedy);
        }
        (void)fflush(stdout);
    }
}

json_t *doc_ask(const struct doctor *d, const char *question)
{
    struct cs_wr text = {.max = 2 * ANSWER_MAX};
    struct cs_why why = {""};
    const char *problem = "";
    json_t *o = NULL;

    if (cs_local_ask(&text, d->dir, "node.sock", CS_SPAN(question, strlen(question)),
                     &why) != CS_OK ||
        cs_json_parse(&o, cs_wr_get(&text), ANSWER_MAX, &problem) != CS_OK) {
        o = NULL;
    }
    cs_wr_free(&text);
    return o;
}

void doc_skew(struct doctor *d, const char *of, int64_t skew_ms, int64_t precision_ms)
{
    static const char remedy[] =
        "set this machine's clock (chrony, systemd-timesyncd); requests expire by it, "
        "and certificates begin and end by it";
    int64_t size = skew_ms < 0 ? -skew_ms : skew_ms;

    size = size > precision_ms ? size - precision_ms : 0;
    doc_say(d,
            size > 60000  ? DOC_FAIL
            : size > 5000 ? DOC_WARN
                          : DOC_OK,
            "clock", remedy, "this machine's clock is %lld.%lld s %s that of %s",
            (long long)(size / 1000), (long long)(size % 1000 / 100),
            skew_ms < 0 ? "ahead of" : "behind", of);
}

/* ---- the run
 * --------------------------------------------------------------------------------- */

/* The environment that the node has, or would have. */
static void read_environment(struct doctor *d)
{
    struct cs_why why = {""};
    enum cs_err err = cli_env_read(&d->env, &why);

    d->cfg.size = sizeof d->cfg;
    if (err == CS_OK) {
        err = cli_env_config(&d->cfg, &d->env, &why);
    }
    if (err != CS_OK && d->status == NULL) {
        doc_say(d, DOC_FAIL, "settings", "correct it; `cloudsign help` lists all", "%s",
                why.text[0] != '\0' ? why.text : cs_err_text(err));
    } else if (err == CS_OK) {
        doc_say(d, DOC_OK, "settings", "", "the environment is complete");
    }
}

static void look(struct doctor *d)
{
    d->status = doc_ask(d, "{\"cmd\":\"status\"}");
    if (d->status != NULL) {
        doc_say(d, DOC_OK, "node", "", "a node runs on %s and answers", d->dir);
        d->facts = doc_ask(d, "{\"cmd\":\"doctor.facts\"}");
    } else {
        doc_say(d, DOC_WARN, "node", "start it: cloudsign run",
                "no node answers on %s: what a stopped one can tell follows", d->dir);
    }
    read_environment(d);
    doc_host(d);
    if (d->status != NULL) {
        doc_node(d);
        doc_store_running(d);
    } else {
        doc_store_stopped(d);
    }
    doc_net(d);
}

static int end(struct doctor *d)
{
    struct cs_wr w = {0};
    json_t *o;

    if (d->json) {
        o = json_pack("{s:b,s:i,s:i,s:O}", "ok", d->n_fail == 0, "warnings",
                      (int)d->n_warn, "failures", (int)d->n_fail, "findings",
                      d->findings);
        cs_json_write(&w, o);
        (void)printf("%.*s\n", (int)w.n, (const char *)w.p);
        cs_wr_free(&w);
        json_decref(o);
    } else {
        (void)printf("\n%u failures, %u warnings\n", d->n_fail, d->n_warn);
    }
    json_decref(d->findings);
    json_decref(d->status);
    json_decref(d->facts);
    cli_env_wipe(&d->env);
    return d->n_fail != 0 ? 1 : 0;
}

static bool take_option(struct doctor *d, const char *word)
{
    if (strcmp(word, "--json") == 0) {
        d->json = true;
    } else if (strcmp(word, "--deep") == 0) {
        d->deep = true;
    } else {
        return false;
    }
    return true;
}

/* What it finds is said by findings: log lines only when they are asked for. */
static void quiet(void)
{
    struct cs_log_levels levels;
    struct cs_why unused;

    if (cs_log_levels_parse(&levels, "error", &unused) == CS_OK) {
        cs_log_set_levels(&levels);
    }
}

int cli_doctor(int argc, char **argv)
{
    static struct doctor d;
    struct cs_why why = {""};

    for (int i = 0; i < argc; i++) {
        if (!take_option(&d, argv[i])) {
            (void)fprintf(stderr,
                          "cloudsign: use: cloudsign doctor [--json] [--deep]\n");
            return cs_err_exit(CS_ERR_USAGE);
        }
    }
    if (cli_env_log(&why) != CS_OK) {
        cs_os_say_failure("cloudsign", why.text);
        return cs_err_exit(CS_ERR_CONFIG);
    }
    if (cs_os_setting("LOG_LEVEL", NULL) == NULL) {
        quiet();
    }
    if (cs_crypto_init() != CS_OK) {
        return cs_err_exit(CS_ERR_SELFTEST);
    }
    cs_net_preload();
    d.dir = cli_data_dir();
    d.findings = json_array();
    look(&d);
    return end(&d);
}
