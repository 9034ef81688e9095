/* Questions to the running node: status, quorum confirm, peer accept and release. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/node/cli.h"
#include "net/local_client.h"
#include "wire/jsonx.h"

enum { ANSWER_MAX = 256 << 10 };

/* The answer as JSON, or NULL and the exit code; text (may be NULL) is the answer
 * itself. */
static json_t *ask(struct cs_span question, struct cs_wr *text, int *exit_code)
{
    struct cs_why why = {""};
    const char *problem = NULL;
    json_t *o = NULL;
    enum cs_err err = cs_local_ask(text, cli_data_dir(), "node.sock", question, &why);

    if (err == CS_OK) {
        err = cs_json_parse(&o, cs_wr_get(text), ANSWER_MAX, &problem);
    }
    if (err != CS_OK) {
        (void)fprintf(stderr, "cloudsign: %s\n",
                      why.text[0] != '\0' ? why.text : cs_err_text(err));
        *exit_code = cs_err_exit(err);
    }
    return o;
}

static const char *get(const json_t *o, const char *name)
{
    const char *s = json_string_value(json_object_get(o, name));

    return s != NULL ? s : "";
}

static int get_int(const json_t *o, const char *name)
{
    return (int)json_integer_value(json_object_get(o, name));
}

/* Text from the node goes to a terminal: no control characters. */
static void print_line(const char *label, const char *text)
{
    (void)printf("%-14s ", label);
    for (const char *c = text; *c != '\0'; c++) {
        (void)putchar((unsigned char)*c < 0x20 || *c == 0x7f ? '?' : *c);
    }
    (void)putchar('\n');
}

static const char *when(char text[32], const json_t *o)
{
    time_t t = (time_t)(json_integer_value(json_object_get(o, "since")) / 1000);
    struct tm tm;

    if (t == 0 || gmtime_r(&t, &tm) == NULL ||
        strftime(text, 32, "%Y-%m-%d %H:%M:%S UTC", &tm) == 0) {
        (void)snprintf(text, 32, "an unknown time");
    }
    return text;
}

/* "LIVE, OT TESTED", and why nothing more is done with it. */
static void print_peer(const json_t *p)
{
    const json_t *bad = json_object_get(p, "quarantine");
    char label[32], text[256], since[32];

    (void)snprintf(label, sizeof label, "  party %d", get_int(p, "index"));
    (void)snprintf(text, sizeof text, "%s, OT %s (setups %d, failed %d)",
                   get(p, "link"), get(p, "ot"), get_int(p, "otSetups"),
                   get_int(p, "otFailed"));
    print_line(label, text);
    if (bad != NULL) {
        (void)snprintf(
            text, sizeof text,
            "%s since %s; if you trust it again: cloudsign peer release ID %d",
            get(bad, "reason"), when(since, bad), get_int(p, "index"));
        print_line("    refused", text);
    }
}

static void print_notice(const json_t *e)
{
    char text[256], since[32];

    (void)snprintf(
        text, sizeof text,
        "party %d says that it refuses party %d: %s, since %s (this node does "
        "not act on it)",
        get_int(e, "index"), get_int(e, "peer"), get(e, "reason"), when(since, e));
    print_line("  notice", text);
}

static void print_quorum(const json_t *q)
{
    const json_t *peers = json_object_get(q, "peers");
    const json_t *notices = json_object_get(q, "notices");

    (void)putchar('\n');
    print_line("quorum", get(q, "name"));
    print_line("  id", get(q, "quorumId"));
    print_line("  state", get(q, "state"));
    print_line("  words", get(q, "words"));
    print_line("  compared", json_is_true(json_object_get(q, "operatorVerified"))
                                 ? "yes, by an operator"
                                 : "no: compare the words on all nodes, then run: "
                                   "cloudsign quorum confirm WORDS");
    for (size_t i = 0; i < json_array_size(peers); i++) {
        print_peer(json_array_get(peers, i));
    }
    for (size_t i = 0; i < json_array_size(notices); i++) {
        print_notice(json_array_get(notices, i));
    }
}

static void print_status(const json_t *o)
{
    const json_t *quorums = json_object_get(o, "quorums");

    print_line("state", get(o, "state"));
    print_line("pairing", get(o, "pairing"));
    print_line("device", get(o, "deviceId"));
    print_line("fingerprint", get(o, "fingerprint"));
    print_line("words", get(o, "words"));
    print_line("platform", get(o, "platformUrl"));
    print_line("control", get(o, "control"));
    print_line("relay", get(o, "relay"));
    if (get(o, "lastError")[0] != '\0') {
        print_line("last error", get(o, "lastError"));
    }
    (void)printf("%-14s %d\n", "keys", get_int(o, "keys"));
    (void)printf("%-14s %d\n", "sessions", get_int(o, "sessions"));
    print_line("version", get(o, "version"));
    for (size_t i = 0; i < json_array_size(quorums); i++) {
        print_quorum(json_array_get(quorums, i));
    }
}

int cli_status(int json)
{
    struct cs_wr text = {.max = 2 * ANSWER_MAX};
    int code = 0;
    json_t *o = ask(CS_SPAN_LIT("{\"cmd\":\"status\"}"), &text, &code);

    if (o != NULL && json) {
        (void)printf("%.*s\n", (int)text.n, (const char *)text.p);
    } else if (o != NULL) {
        print_status(o);
    }
    json_decref(o);
    cs_wr_free(&text);
    return code;
}

/* Asks q (which it takes), prints what the operator did, or why it was refused. */
static int command(json_t *q, const char *done, const char *what)
{
    struct cs_wr question = {0}, text = {.max = 2 * ANSWER_MAX};
    int code = 0;
    json_t *o;

    if (q == NULL) { /* not UTF-8 */
        (void)fprintf(stderr, "cloudsign: the words are not text\n");
        return cs_err_exit(CS_ERR_USAGE);
    }
    cs_json_write(&question, q);
    o = ask(cs_wr_get(&question), &text, &code);
    if (o != NULL && json_is_true(json_object_get(o, "ok"))) {
        print_line(done, what != NULL ? what : get(o, "name"));
    } else if (o != NULL) {
        (void)fprintf(stderr, "cloudsign: %s\n", get(o, "text"));
        code = cs_err_exit(cs_err_from_reason(get(o, "reason")));
    }
    json_decref(o);
    json_decref(q);
    cs_wr_free(&question);
    cs_wr_free(&text);
    return code;
}

int cli_quorum_confirm(const char *words)
{
    return command(json_pack("{s:s,s:s}", "cmd", "quorum.confirm", "words", words),
                   "confirmed", NULL);
}

int cli_peer(const char *what, const char *quorum_id, int index)
{
    bool release = strcmp(what, "release") == 0;
    char text[64];

    (void)snprintf(text, sizeof text, "party %d", index);
    return command(json_pack("{s:s,s:s,s:i}", "cmd",
                             release ? "peer.release" : "peer.accept", "quorumId",
                             quorum_id, "index", index),
                   release ? "released" : "accepted", text);
}
