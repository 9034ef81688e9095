/* Questions to the running node: quorum confirm, peer accept and release; and what
 * status and doctor share with them (ask.h). */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cli/node/ask.h"
#include "cli/node/cli.h"
#include "net/local_client.h"
#include "wire/jsonx.h"

json_t *ask_node(struct cs_span question, struct cs_wr *text, int *exit_code)
{
    struct cs_why why = {""};
    const char *problem = NULL;
    json_t *o = NULL;
    enum cs_err err = cs_local_ask(text, cli_data_dir(), "node.sock", question, &why);

    if (err == CS_OK) {
        err = cs_json_parse(&o, cs_wr_get(text), ASK_ANSWER_MAX, &problem);
    }
    if (err != CS_OK) {
        (void)fprintf(stderr, "cloudsign: %s\n",
                      why.text[0] != '\0' ? why.text : cs_err_text(err));
        *exit_code = cs_err_exit(err);
    }
    return o;
}

const char *ask_str(const json_t *o, const char *name)
{
    const char *s = json_string_value(json_object_get(o, name));

    return s != NULL ? s : "";
}

void ask_print(const char *label, const char *text)
{
    char plain[ASK_TEXT_MAX];

    (void)snprintf(plain, sizeof plain, "%s", text);
    cs_text_plain(plain, '\0');
    (void)printf("%-14s %s\n", label, plain);
}

/* Asks q (which it takes), prints what the operator did, or why it was refused. */
static int command(json_t *q, const char *done, const char *what)
{
    struct cs_wr question = {0}, text = {.max = 2 * ASK_ANSWER_MAX};
    int code = 0;
    json_t *o;

    if (q == NULL) { /* not UTF-8 */
        (void)fprintf(stderr, "cloudsign: the words are not text\n");
        return cs_err_exit(CS_ERR_USAGE);
    }
    cs_json_write(&question, q);
    o = ask_node(cs_wr_get(&question), &text, &code);
    if (o != NULL && json_is_true(json_object_get(o, "ok"))) {
        ask_print(done, what != NULL ? what : ask_str(o, "name"));
    } else if (o != NULL) {
        (void)fprintf(stderr, "cloudsign: %s\n", ask_str(o, "text"));
        code = cs_err_exit(cs_err_from_reason(ask_str(o, "reason")));
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

int cli_audit_accept(void)
{
    return command(json_pack("{s:s}", "cmd", "audit.accept"), "accepted",
                   "the platform's audit log as it is now");
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
