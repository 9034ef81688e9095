#include "cli/platform/offline.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/os/clock.h"
#include "base/os/harden.h"
#include "base/os/random.h"
#include "base/os/secret.h"
#include "crypto/group.h"
#include "crypto/selftest.h"
#include "store/lmdb/kv_lmdb.h"
#include "wire/jsonx.h"

enum { ANSWER_MAX = 8 << 20 };

enum cs_err off_say(enum cs_err err, const char *word, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    (void)fprintf(stderr, "cloudsign-platform %s: ", word);
    (void)vfprintf(stderr, fmt, ap);
    (void)fputc('\n', stderr);
    va_end(ap);
    return err;
}

const char *off_option(const char *name, int n, char **options, int *i, bool *bad)
{
    const char *option = options[*i];
    size_t len = strlen(name);

    if (strncmp(option, name, len) != 0) {
        return NULL;
    }
    if (option[len] == '=') {
        return option + len + 1;
    }
    if (option[len] != '\0') {
        return NULL;
    }
    if (*i + 1 >= n) {
        *bad = true;
        return NULL;
    }
    return options[++*i];
}

/* ---- the store --------------------------------------------------------- */

static enum cs_err ready(const char *word)
{
    struct cs_why why = {""};
    const char *what = "";
    enum cs_err err = cs_os_harden(&why);

    if (err == CS_OK) {
        err = cs_crypto_init();
    }
    if (err == CS_OK) {
        err = cs_selftest(&what);
    }
    return err == CS_OK
               ? err
               : off_say(err, word, "%s %s",
                         why.text[0] != '\0' ? why.text : cs_err_text(err), what);
}

static enum cs_err open_kv(struct off_store *s, enum off_use use, struct cs_why *why)
{
    struct cs_kv_lmdb_params p = {.dir = s->dir};
    enum cs_err err;

    if (use == OFF_COPY) {
        return cs_kv_lmdb_open_copy(&s->kv, s->dir, why);
    }
    CS_CHECK(
        cs_os_setting_bool(&p.allow_any_fs, "CLOUDSIGN_ALLOW_UNSAFE_FS", false, why));
    err = cs_kv_lmdb_open(&s->kv, &p, why);
    if (err == CS_ERR_STORE_LOCKED && use == OFF_READ) {
        s->is_live = true;
        *why = (struct cs_why){""};
        err = cs_kv_lmdb_open_live(&s->kv, s->dir, why);
    } else if (err == CS_ERR_STORE_LOCKED) {
        (void)cs_why(why, err,
                     "the platform runs on %s: stop it first (systemctl stop "
                     "cloudsign-platform), or do it in its console",
                     s->dir);
    }
    return err;
}

/* A platform that runs commits between any two reads: what is compared, such as the
 * audit log and its head, is read in one state. */
static enum cs_err hold(struct off_store *s)
{
    return s->is_live ? cs_kv_lmdb_hold(s->kv) : CS_OK;
}

static void release(struct off_store *s)
{
    if (s->is_live) {
        cs_kv_lmdb_release(s->kv);
    }
}

/* A core that never serves: its addresses are not used. */
static enum cs_err open_core(struct off_store *s, struct cs_why *why)
{
    static const uint8_t ca[] = {0x30, 0x00};
    const struct cs_platform_config cfg = {.kv = s->kv,
                                           .random = cs_os_random,
                                           .platform_url = "wss://127.0.0.1/control",
                                           .relay_url = "wss://127.0.0.1/relay",
                                           .ca_der = CS_SPAN_OF(ca)};
    char message[300] = "";
    enum cs_err err = hold(s);

    if (err == CS_OK) {
        err = cs_platform_core_new(&s->core, &cfg, message, sizeof message);
    }
    release(s);
    return err == CS_OK ? err : cs_why(why, err, "%s", message);
}

enum cs_err off_open(struct off_store *s, enum off_use use)
{
    struct cs_why why = {""};
    enum cs_err err;

    CS_CHECK(ready(s->word));
    err = open_kv(s, use, &why);
    if (err == CS_OK) {
        err = open_core(s, &why);
        if (err != CS_OK && off_same(s) != CS_OK) { /* then it is no word about it */
            off_close(s);
            return CS_ERR_STATE;
        }
    }
    if (err != CS_OK) {
        (void)off_say(err, s->word, "%s",
                      why.text[0] != '\0' ? why.text : cs_err_text(err));
        off_close(s);
    }
    return err;
}

void off_close(struct off_store *s)
{
    cs_platform_core_free(s->core);
    cs_kv_close(s->kv);
    s->core = NULL;
    s->kv = NULL;
}

enum cs_err off_same(const struct off_store *s)
{
    return !s->is_live || cs_kv_lmdb_live_ok(s->kv, s->dir)
               ? CS_OK
               : off_say(CS_ERR_STATE, s->word,
                         "the platform was restarted meanwhile: do it again");
}

/* ---- questions --------------------------------------------------------- */

static json_t *take_answer(const struct cs_step *step)
{
    const char *why = "";
    json_t *o = NULL;

    for (const struct cs_action *a = step->first; a != NULL; a = a->next) {
        if (a->type == CS_ACT_ANSWER && cs_json_parse(&o, CS_SPAN(a->data, a->data_len),
                                                      ANSWER_MAX, &why) != CS_OK) {
            o = NULL;
        }
    }
    return o;
}

/* One step, as the loop of a platform would do it: first durable, then told. */
static json_t *run(struct off_store *s, struct cs_span question, bool commit,
                   enum cs_err *err)
{
    struct cs_core core = cs_platform_core_iface(s->core);
    const struct cs_event ev = {.type = CS_EV_LOCAL,
                                .now_ms = cs_os_now_ms(),
                                .wall_ms = cs_os_wall_ms(),
                                .conn = 1,
                                .remote = "",
                                .data = question};
    struct cs_step step = {0};
    json_t *o = NULL;

    *err = hold(s);
    if (*err != CS_OK) {
        return NULL;
    }
    core.step(core.self, &ev, &step);
    release(s);
    if (commit && step.batch != NULL) {
        *err = s->kv->ops->commit(s->kv, step.batch);
    }
    if (*err == CS_OK) {
        o = take_answer(&step);
        *err = o == NULL ? CS_ERR_INTERNAL : CS_OK;
    }
    cs_kv_batch_free(step.batch);
    step.batch = NULL;
    cs_step_clear(&step);
    return o;
}

json_t *off_ask(struct off_store *s, json_t *question, bool commit, enum cs_err *err)
{
    struct cs_wr w = {0};
    json_t *o;

    CS_ASSERT(question != NULL);
    cs_json_write(&w, question);
    json_decref(question);
    o = run(s, cs_wr_get(&w), commit, err);
    cs_wr_free(&w);
    if (*err != CS_OK) {
        (void)off_say(*err, s->word, "%s", cs_err_text(*err));
        return NULL;
    }
    if (!json_is_true(json_object_get(o, "ok"))) {
        *err = cs_err_from_reason(json_string_value(json_object_get(o, "reason")));
        (void)off_say(*err, s->word, "%s",
                      json_string_value(json_object_get(o, "text")));
        json_decref(o);
        return NULL;
    }
    return o;
}
