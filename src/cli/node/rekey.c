/* cloudsign rekey: the store gets another key, by the running node or without one.
 *
 *   1  the new key: hex, or a fresh one that KMS wraps and opens again, twice
 *   2  the store's data key is wrapped under it, and that wrap is opened
 *   3  one durable write puts the new wrap in the old one's place
 *
 * Killed before 3: the old key opens the store; after 3: only the new one does. */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/os/clock.h"
#include "base/os/harden.h"
#include "base/os/random.h"
#include "base/os/secret.h"
#include "base/text.h"
#include "cli/node/ask.h"
#include "cli/node/cli.h"
#include "cli/node/environment.h"
#include "cli/node/offline.h"
#include "net/local_client.h"
#include "node/sealer.h"
#include "store/lmdb/kv_lmdb.h"
#include "store/safe.h"
#include "wire/jsonx.h"

/* Locked at once: two machines of the KMS client, AWS's variables, the keys. */
enum { KMS_PATIENCE_MS = 60000, TRIES = 15, LOCKED_MEMORY = 512 << 10 };

/* One key of a store, where it comes from, and its record when it is of a KMS. */
struct side {
    struct cs_wr hex;
    const char *ref; /* NULL: hex */
    struct cs_kek kek;
    uint8_t record[CS_SEAL_RECORD_MAX];
};

struct rekey { /* guarded */
    struct cli_env env;
    struct cs_aws_env *aws;
    struct side from, to;
    struct cs_kv *kv; /* NULL: a running node has it */
    char device[CS_SAFE_DEVICE_MAX + 1];
};

static enum cs_err say_why(enum cs_err err, const struct cs_why *why)
{
    return off_say(err, "%s", why->text[0] != '\0' ? why->text : cs_err_text(err));
}

/* ---- KMS ------------------------------------------------------------------------- */

struct kms_run {
    struct cs_sealer *sealer;
    struct side *side;
    uint64_t end_ms;
    enum cs_err err;
    struct cs_why why;
    bool is_closing;
};

static void kms_close(struct kms_run *k)
{
    if (!k->is_closing) {
        k->is_closing = true;
        cs_sealer_close(k->sealer, NULL, NULL);
    }
}

static void kms_waiting(void *ctx, const char *text, uint32_t ms)
{
    struct kms_run *k = ctx;

    (void)fprintf(stderr, "cloudsign: %s; next try in %u ms\n", text, ms);
    if (cs_os_now_ms() + ms > k->end_ms) {
        k->err = cs_why(&k->why, CS_ERR_KMS_WAIT, "%s", text);
        kms_close(k);
    }
}

static void kms_done(void *ctx, enum cs_err err, const struct cs_why *why)
{
    struct kms_run *k = ctx;
    struct cs_span record;

    k->err = err;
    k->why = *why;
    if (err == CS_OK) {
        record = cs_sealer_record(k->sealer);
        memcpy(k->side->record, record.p, record.n);
        memcpy(k->side->kek.key, cs_sealer_key(k->sealer), sizeof k->side->kek.key);
        k->side->kek.seal = CS_SPAN(k->side->record, record.n);
    }
    kms_close(k);
}

/* Fills side->kek: by Decrypt of record, or with a fresh key when that is empty. */
static enum cs_err ask_kms(struct rekey *r, struct side *side, struct cs_span record)
{
    uint8_t fresh[CS_KMS_KEY_LEN];
    uv_loop_t loop;
    struct kms_run k = {.side = side, .end_ms = cs_os_now_ms() + KMS_PATIENCE_MS};
    struct cs_sealer_config cfg = {.loop = &loop,
                                   .ref = side->ref,
                                   .device_id = r->device,
                                   .record = record,
                                   .fresh_key = record.n == 0 ? fresh : NULL,
                                   .env = r->aws,
                                   .waiting = kms_waiting,
                                   .done = kms_done,
                                   .ctx = &k};

    if (uv_loop_init(&loop) != 0) {
        return off_say(CS_ERR_OS, "cannot make an event loop");
    }
    cs_os_random(NULL, fresh, sizeof fresh);
    k.err = cs_sealer_new(&k.sealer, &cfg, &k.why);
    cs_wipe(fresh, sizeof fresh);
    if (k.err == CS_OK) {
        cs_sealer_start(k.sealer);
    }
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    (void)uv_loop_close(&loop);
    return k.err == CS_OK ? CS_OK : say_why(k.err, &k.why);
}

/* ---- the two keys ---------------------------------------------------------------- */

/* A key that KMS makes is opened once more by a client of its own: what the next start
 * of the node will do. */
static enum cs_err new_kms_key(struct rekey *r)
{
    struct side *again = cs_guard_new(sizeof *again);
    enum cs_err err;

    if (again == NULL) {
        return off_say(CS_ERR_NOMEM, "out of memory that can be locked");
    }
    err = ask_kms(r, &r->to, CS_SPAN(NULL, 0));
    if (err == CS_OK) {
        again->ref = r->to.ref;
        err = ask_kms(r, again, r->to.kek.seal);
    }
    if (err == CS_OK && !cs_ct_equal(again->kek.key, r->to.kek.key, 32)) {
        err = off_say(CS_ERR_KMS_WRAP, "KMS opened the new key to another one");
    }
    cs_guard_free(again);
    return err;
}

static enum cs_err hex_key(struct side *s, const char *name)
{
    struct cs_why why = {""};
    enum cs_err err = cs_kek_parse(&s->kek, (const char *)s->hex.p, name, &why);

    return err == CS_OK ? CS_OK : say_why(err, &why);
}

static enum cs_err new_key(struct rekey *r)
{
    return r->to.ref != NULL ? new_kms_key(r)
                             : hex_key(&r->to, "NEW_DB_ENCRYPTION_KEY_HEX");
}

static enum cs_err old_kms_key(struct rekey *r)
{
    struct cs_wr record = {0};
    struct cs_why why = {""};
    enum cs_err err = cs_safe_peek_seal(r->kv, &record, &why);

    if (err != CS_OK) {
        err = say_why(err, &why);
    } else if (record.n == 0) {
        err = off_say(CS_ERR_STORE_KEY,
                      "the store has a hex key: set DB_ENCRYPTION_KEY_HEX instead of "
                      "DB_ENCRYPTION_KEY_REF");
    } else {
        err = ask_kms(r, &r->from, cs_wr_get(&record));
    }
    cs_wr_free(&record);
    return err;
}

static enum cs_err old_key(struct rekey *r)
{
    if ((r->env.db_key_hex != NULL) == (r->from.ref != NULL)) {
        return off_say(CS_ERR_CONFIG,
                       "the node does not run: set the store's present key, as for "
                       "the node, in DB_ENCRYPTION_KEY_HEX or DB_ENCRYPTION_KEY_REF");
    }
    if (r->from.ref != NULL) {
        return old_kms_key(r);
    }
    cs_wr_bytes(&r->from.hex, r->env.db_key_hex, strlen(r->env.db_key_hex) + 1);
    return hex_key(&r->from, "DB_ENCRYPTION_KEY_HEX");
}

/* ---- without the node ------------------------------------------------------------ */

static enum cs_err open_safe(struct rekey *r, const struct cs_kek *kek,
                             const struct cs_kek *next, struct cs_why *why)
{
    struct cs_safe_params p = {
        .device_id = r->device, .kek = kek, .random = cs_os_random};
    struct cs_db *db = cs_db_new(r->kv);
    struct cs_safe *safe = NULL;
    enum cs_err err;

    if (db == NULL) {
        return CS_ERR_NOMEM;
    }
    err = cs_safe_open(&safe, db, &p, why);
    if (err == CS_OK && next != NULL) {
        err = cs_safe_rekey(safe, next);
    }
    cs_safe_free(safe);
    cs_db_free(db);
    return err;
}

static enum cs_err rekey_stopped(struct rekey *r)
{
    struct cs_why why = {""};
    enum cs_err err;

    CS_CHECK(old_key(r));
    if (r->to.ref == NULL) {
        CS_CHECK(new_key(r));
        if (cs_safe_peek_opens(r->kv, &r->to.kek)) {
            (void)printf("The store has this key already.\n");
            return CS_OK;
        }
    }
    err = open_safe(r, &r->from.kek, NULL, &why); /* before KMS is asked for more */
    if (err == CS_OK && r->to.ref != NULL) {
        CS_CHECK(new_key(r));
    }
    if (err == CS_OK) {
        err = open_safe(r, &r->from.kek, &r->to.kek, &why);
    }
    if (err != CS_OK) {
        return off_say(err, "%s (the key was not changed)",
                       why.text[0] != '\0' ? why.text : cs_err_text(err));
    }
    err = open_safe(r, &r->to.kek, NULL, &why);
    return err == CS_OK ? CS_OK
                        : off_say(err, "the store does not open with its new key: %s",
                                  why.text[0] != '\0' ? why.text : cs_err_text(err));
}

/* ---- by the running node --------------------------------------------------------- */

static enum cs_err ask_device(struct rekey *r)
{
    struct cs_wr text = {.max = 2 * ASK_ANSWER_MAX};
    int code = 0;
    json_t *o = ask_node(CS_SPAN_LIT("{\"cmd\":\"status\"}"), &text, &code);
    enum cs_err err = CS_OK;

    if (o == NULL) {
        err = CS_ERR_STATE;
    } else if (strcmp(ask_str(o, "state"), "WAITING_FOR_KMS") == 0 ||
               ask_str(o, "deviceId")[0] == '\0') {
        err = off_say(CS_ERR_STATE,
                      "the node has not opened its store (state %s): wait until it "
                      "has, or stop it",
                      ask_str(o, "state"));
    } else {
        (void)snprintf(r->device, sizeof r->device, "%s", ask_str(o, "deviceId"));
    }
    json_decref(o);
    cs_wr_free(&text);
    return err;
}

static void write_question(struct cs_wr *w, const struct rekey *r)
{
    char hex[65];

    cs_hex(hex, r->to.kek.key, 32);
    cs_wr_str(w, "{\"cmd\":\"rekey\",\"key\":\"");
    cs_wr_str(w, hex);
    cs_wr_str(w, "\",\"seal\":\"");
    for (size_t i = 0; i < r->to.kek.seal.n; i++) {
        cs_wr_printf(w, "%02x", r->to.kek.seal.p[i]);
    }
    cs_wr_str(w, "\"}");
    cs_wipe(hex, sizeof hex);
}

/* CS_OK: the node says that the new wrap is on the disk.  CONN, TIMEOUT, STATE..: it is
 * not known. */
static enum cs_err ask_once(struct cs_span question, struct cs_why *why)
{
    struct cs_wr text = {.max = 2 * ASK_ANSWER_MAX};
    const char *problem = "";
    json_t *o = NULL;
    enum cs_err err = cs_local_ask(&text, cli_data_dir(), "node.sock", question, why);

    if (err == CS_OK) {
        err = cs_json_parse(&o, cs_wr_get(&text), ASK_ANSWER_MAX, &problem);
    }
    if (err == CS_OK && !json_is_true(json_object_get(o, "ok"))) {
        err = cs_err_from_reason(ask_str(o, "reason"));
        err = cs_why(why, err != CS_OK ? err : CS_ERR_STATE, "%s", ask_str(o, "text"));
    }
    json_decref(o);
    cs_wr_free(&text);
    return err;
}

static enum cs_err open_kv(struct rekey *r, struct cs_why *why)
{
    struct cs_kv_lmdb_params p = {.dir = cli_data_dir()};

    CS_CHECK(
        cs_os_setting_bool(&p.allow_any_fs, "CLOUDSIGN_ALLOW_UNSAFE_FS", false, why));
    return cs_kv_lmdb_open(&r->kv, &p, why);
}

/* The node is gone: the store itself says which key it has. */
static enum cs_err look(struct rekey *r)
{
    if (cs_safe_peek_opens(r->kv, &r->to.kek)) {
        (void)printf("The node has ended meanwhile; the store has the NEW key.\n");
        return CS_OK;
    }
    return off_say(CS_ERR_CONN,
                   "the node has ended meanwhile; the store still has the OLD key: "
                   "start the node with it, or run this again");
}

static enum cs_err rekey_online(struct rekey *r)
{
    struct cs_wr question = {.max = 2 * CS_SEAL_RECORD_MAX + 256};
    struct cs_why why = {""}, other = {""};
    enum cs_err err = CS_OK;

    CS_CHECK(ask_device(r));
    CS_CHECK(new_key(r));
    write_question(&question, r);
    for (int i = 0; i < TRIES; i++) {
        err = question.err != CS_OK ? question.err
                                    : ask_once(cs_wr_get(&question), &why);
        if (err == CS_OK || err == CS_ERR_BAD_FORMAT || err == CS_ERR_USAGE) {
            break;
        }
        if (open_kv(r, &other) == CS_OK) {
            cs_wr_free(&question);
            return look(r);
        }
        (void)sleep(1);
    }
    cs_wr_free(&question);
    if (err != CS_OK) {
        (void)say_why(err, &why);
        (void)off_say(err,
                      "whether the store has its old key or its new one is not known: "
                      "keep both, and run this again");
    }
    return err;
}

/* ---- the whole ------------------------------------------------------------------- */

static enum cs_err read_new(struct rekey *r, struct cs_why *why)
{
    struct cs_kms_arn arn;
    enum cs_err err = cs_os_secret(&r->to.hex, "NEW_DB_ENCRYPTION_KEY_HEX", why);

    r->to.ref = cs_os_setting("NEW_DB_ENCRYPTION_KEY_REF", NULL);
    if (err != CS_OK && err != CS_ERR_NOT_FOUND) {
        return err;
    }
    if ((err == CS_OK) == (r->to.ref != NULL)) {
        return cs_why(why, CS_ERR_CONFIG,
                      "set exactly one of NEW_DB_ENCRYPTION_KEY_HEX (64 hex digits; or "
                      "NEW_DB_ENCRYPTION_KEY_HEX_FILE) and NEW_DB_ENCRYPTION_KEY_REF "
                      "(the ARN of a key in AWS KMS)");
    }
    return r->to.ref == NULL
               ? CS_OK
               : cs_kms_arn_parse(&arn, r->to.ref, "NEW_DB_ENCRYPTION_KEY_REF", why);
}

static enum cs_err read_settings(struct rekey *r)
{
    struct cs_why why = {""};
    enum cs_err err = cli_env_read(&r->env, &why);

    if (err == CS_OK) {
        err = read_new(r, &why);
    }
    cs_os_setting_wipe("NEW_DB_ENCRYPTION_KEY_HEX");
    if (err == CS_OK) {
        r->from.ref = cs_os_setting("DB_ENCRYPTION_KEY_REF", NULL);
        err = cs_aws_env_new(&r->aws, (const char *const *)r->env.aws, &why);
    }
    return err == CS_OK ? CS_OK : say_why(err, &why);
}

/* Opening would make one: in a wrong folder, too. */
static bool store_is_there(void)
{
    char path[PATH_MAX];
    int n = snprintf(path, sizeof path, "%s/data.mdb", cli_data_dir());

    return n > 0 && (size_t)n < sizeof path && access(path, F_OK) == 0;
}

static enum cs_err run(struct rekey *r)
{
    struct cs_why why = {""};
    enum cs_err err;

    CS_CHECK(read_settings(r));
    err = store_is_there() ? open_kv(r, &why) : CS_ERR_NOT_FOUND;
    if (err == CS_ERR_STORE_LOCKED) {
        return rekey_online(r);
    }
    if (err == CS_OK) {
        err = cs_safe_peek_device(r->kv, r->device);
    }
    if (err == CS_ERR_NOT_FOUND) {
        return off_say(err, "there is no store in %s", cli_data_dir());
    }
    if (err != CS_OK) {
        return say_why(err, &why);
    }
    return rekey_stopped(r);
}

static void tell_operator(const struct rekey *r)
{
    if (r->to.ref != NULL) {
        (void)printf(
            "The store of device %s is sealed by %s now.\n"
            "Set DB_ENCRYPTION_KEY_REF to it before the node's next start, and "
            "remove\nDB_ENCRYPTION_KEY_HEX and DB_ENCRYPTION_KEY_HEX_FILE.\n",
            r->device, r->to.ref);
    } else {
        (void)printf("The store of device %s has its new key now.\n"
                     "Set DB_ENCRYPTION_KEY_HEX (or DB_ENCRYPTION_KEY_HEX_FILE) to it "
                     "before the node's next\nstart, and remove "
                     "DB_ENCRYPTION_KEY_REF.\n",
                     r->device);
    }
    (void)printf("Copies of the volume from before open with the old key only: keep it "
                 "as long as those.\n");
}

static void drop(struct rekey *r)
{
    cs_kv_close(r->kv);
    cs_aws_env_free(r->aws);
    cs_wr_free(&r->from.hex);
    cs_wr_free(&r->to.hex);
    cli_env_wipe(&r->env);
    cs_guard_free(r);
}

static enum cs_err start(struct rekey **r)
{
    struct cs_why why = {""};
    enum cs_err err = off_start();

    CS_CHECK(err);
    err = cs_os_locked_memory(LOCKED_MEMORY, &why);
    if (err == CS_OK) {
        *r = cs_guard_new(sizeof **r);
        err = *r != NULL ? CS_OK : CS_ERR_NOMEM;
    }
    if (err != CS_OK) {
        (void)say_why(err, &why);
    }
    return err;
}

int cli_rekey(int argc)
{
    struct rekey *r = NULL;
    enum cs_err err;

    if (argc != 0) {
        return cs_err_exit(
            off_say(CS_ERR_USAGE, "use: cloudsign rekey (the new key is in "
                                  "NEW_DB_ENCRYPTION_KEY_HEX, .._HEX_FILE or .._REF)"));
    }
    err = start(&r);
    if (err != CS_OK) {
        return cs_err_exit(err);
    }
    err = run(r);
    if (err == CS_OK) {
        tell_operator(r);
    }
    drop(r);
    return cs_err_exit(err);
}
