/* cloudsign-platform audit head and audit export: from the store itself. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cli/platform/cli.h"
#include "cli/platform/offline.h"
#include "platform/core/audit_chain.h"
#include "platform/core/countersign.h"
#include "platform/core/tables.h"
#include "wire/jsonx.h"

static void key_of(struct cs_wr *key, uint64_t seq)
{
    cs_wr_reset(key);
    cs_wr_u64(key, seq);
}

enum cs_err off_audit(struct off_store *s, uint64_t from, uint64_t until,
                      struct cs_audit_check *check, FILE *out, uint64_t *records)
{
    struct cs_wr key = {0}, value = {0}, line = {0};
    enum cs_err err = CS_OK;

    for (uint64_t seq = from; seq <= until && err == CS_OK; seq++) {
        key_of(&key, seq);
        cs_wr_reset(&value);
        err = s->kv->ops->get(s->kv, CS_PC_AUDIT, cs_wr_get(&key), &value);
        if (err == CS_ERR_NOT_FOUND || value.n <= CS_AUDIT_HASH) {
            err = err == CS_ERR_NOT_FOUND ? CS_OK : CS_ERR_STORE_CORRUPT;
            break;
        }
        cs_wr_reset(&line);
        cs_audit_line(&line, CS_SPAN(value.p + CS_AUDIT_HASH, value.n - CS_AUDIT_HASH),
                      value.p);
        if (check != NULL) {
            cs_audit_check_line(check, CS_SPAN(line.p, line.n - 1));
        }
        if (out != NULL) {
            cs_countersign_lines(s->core, &line, seq);
            err = line.err;
        }
        if (out != NULL && err == CS_OK && fwrite(line.p, 1, line.n, out) != line.n) {
            err = CS_ERR_OS;
        }
        ++*records;
    }
    cs_wr_free(&key);
    cs_wr_free(&value);
    cs_wr_free(&line);
    return err == CS_OK ? err : off_say(err, s->word, "%s", cs_err_text(err));
}

static enum cs_err head(struct off_store *s)
{
    enum cs_err err;
    json_t *o = off_ask(s, json_pack("{s:s}", "cmd", "store.check"), false, &err);

    if (o != NULL) {
        (void)printf("records %lld\nhead %s\n",
                     (long long)json_integer_value(json_object_get(o, "auditRecords")),
                     json_string_value(json_object_get(o, "auditHead")));
        json_decref(o);
        err = off_same(s);
    }
    return err;
}

static enum cs_err export_from(struct off_store *s, uint64_t from)
{
    uint64_t records = 0;
    enum cs_err err = off_audit(s, from, UINT64_MAX, NULL, stdout, &records);

    if (err == CS_OK && fflush(stdout) != 0) {
        err = off_say(CS_ERR_OS, s->word, "the output cannot be written");
    }
    if (err == CS_OK) {
        err = off_same(s);
    }
    if (err == CS_OK) {
        (void)fprintf(stderr, "%llu records\n", (unsigned long long)records);
    }
    return err;
}

int cli_audit_store(int n, char **options)
{
    struct off_store s = {.word = "audit", .dir = cli_data_dir()};
    bool is_head = strcmp(options[0], "head") == 0, bad = false;
    uint64_t from = 1;
    enum cs_err err;

    for (int i = 1; i < n; i++) {
        const char *v;

        if ((v = off_option("--data-dir", n, options, &i, &bad)) != NULL) {
            s.dir = v;
        } else if (!is_head &&
                   (v = off_option("--from", n, options, &i, &bad)) != NULL) {
            bad = cs_u64_parse(&from, v) != CS_OK || from == 0;
        } else {
            bad = true;
        }
        if (bad) {
            return cs_err_exit(off_say(CS_ERR_USAGE, "audit",
                                       "an option is unknown or incomplete; try: "
                                       "cloudsign-platform help audit"));
        }
    }
    err = off_open(&s, OFF_READ);
    if (err == CS_OK) {
        err = is_head ? head(&s) : export_from(&s, from);
        off_close(&s);
    }
    return cs_err_exit(err);
}
