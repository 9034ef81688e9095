/* The store: opened when no node runs, every record read with --deep. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include "cli/node/ask.h"
#include "cli/node/doctor.h"
#include "node/doctor.h"
#include "wire/jsonx.h"

enum { PIECES_MAX = 1000000, PATH_CAP = 600 };

static const char restore[] =
    "keep the files as they are; restore the node from its backup (README, \"Backup\")";

/* ---- stopped
 * ---------------------------------------------------------------------------------- */

static json_t *parse(struct cs_wr *w)
{
    const char *problem = "";
    json_t *o = NULL;

    if (cs_json_parse(&o, cs_wr_get(w), w->n, &problem) != CS_OK) {
        o = NULL;
    }
    cs_wr_free(w);
    return o;
}

/* Of the pairing key: there is no store yet. */
static void no_store(struct doctor *d)
{
    struct cs_wr w = {0};
    struct cs_why why = {""};

    doc_say(d, DOC_WARN, "store", "start the node once",
            "there is no store in %s yet: the first start makes it", d->dir);
    if (d->env.pairing_key == NULL) {
        doc_say(d, DOC_FAIL, "pairing", "set PAIRING_KEY to what the console shows",
                "without a store the node needs a PAIRING_KEY");
        return;
    }
    if (cs_node_doctor_pairing(&w, d->env.pairing_key, &why) != CS_OK) {
        doc_say(d, DOC_FAIL, "pairing", "copy it again from the console", "%s",
                why.text);
        cs_wr_free(&w);
        return;
    }
    doc_say(d, DOC_OK, "pairing", "", "the pairing key is well-formed");
    d->facts = parse(&w);
}

static void deep_stopped(struct doctor *d, cs_node *n)
{
    struct cs_why why = {""};
    uint64_t records = 0;
    enum cs_err err = cs_node_doctor_store(n, &records, &why);

    if (err == CS_ERR_STATE) {
        doc_say(d, DOC_WARN, "store-deep", "run it while the node runs",
                "the store's key is in KMS: only a running node can read its records");
    } else if (err != CS_OK) {
        doc_say(d, DOC_FAIL, "store-deep", restore, "%s",
                why.text[0] != '\0' ? why.text : cs_err_text(err));
    } else {
        doc_say(d, DOC_OK, "store-deep", "",
                "all %llu records open, and none is missing, old or foreign",
                (unsigned long long)records);
    }
}

/* Takes the store's lock, and gives it back: a node that starts meanwhile waits. */
static void open_store(struct doctor *d)
{
    char message[512] = "";
    struct cs_wr w = {0};
    uv_loop_t loop;
    cs_node *n = NULL;
    int code;

    if (uv_loop_init(&loop) != 0) {
        return;
    }
    code = cs_node_new(&n, &loop, &d->cfg, message, sizeof message);
    if (code != 0) {
        doc_say(d, DOC_FAIL, "store",
                "see README, \"Exit codes\": the node would end with the same words",
                "the store does not open (exit code %d): %s", code, message);
    } else {
        doc_say(d, DOC_OK, "store", "", "%s",
                d->cfg.db_key_ref == NULL
                    ? "the store opens: its key fits, its manifest is right"
                    : "the volume is free and its header is this KMS key's; whether "
                      "KMS opens it, the node's start tells");
        cs_node_doctor_facts(n, &w);
        d->facts = parse(&w);
        if (d->deep && d->cfg.db_key_ref != NULL) {
            doc_say(d, DOC_WARN, "store-deep", "run it while the node runs",
                    "not looked at: only KMS opens this store");
        } else if (d->deep) {
            deep_stopped(d, n);
        }
    }
    cs_node_free(n);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    (void)uv_loop_close(&loop);
}

void doc_store_stopped(struct doctor *d)
{
    char path[PATH_CAP];

    if (access(d->dir, F_OK) != 0) {
        return; /* said already */
    }
    (void)snprintf(path, sizeof path, "%s/data.mdb", d->dir);
    if (access(path, F_OK) != 0) {
        no_store(d);
    } else if (d->cfg.db_key_hex != NULL || d->cfg.db_key_ref != NULL) {
        open_store(d);
    } /* else: the setting that is missing was said */
}

/* ---- running
 * ---------------------------------------------------------------------------------- */

/* In pieces, beside the node's work. */
void doc_store_running(struct doctor *d)
{
    json_int_t records = 0;
    bool done = !d->deep;

    for (int i = 0; i < PIECES_MAX && !done; i++) {
        json_t *o = doc_ask(d, i == 0 ? "{\"cmd\":\"store.check\",\"begin\":true}"
                                      : "{\"cmd\":\"store.check\",\"begin\":false}");

        if (!json_is_true(json_object_get(o, "ok"))) {
            doc_say(d, DOC_FAIL, "store-deep",
                    o != NULL ? restore : "does the node still run?",
                    "the check of the store ended: %s",
                    o != NULL ? ask_str(o, "text") : "no answer");
            json_decref(o);
            return;
        }
        records = json_integer_value(json_object_get(o, "records"));
        done = json_is_true(json_object_get(o, "done"));
        json_decref(o);
    }
    if (d->deep) {
        doc_say(d, DOC_OK, "store-deep", "",
                "all %lld records open, and none is missing, old or foreign",
                (long long)records);
    }
}
