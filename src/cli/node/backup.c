/* cloudsign backup: a folder with a copy of the store and a kit of each key, of a
 * running or a stopped node (PROTOCOLS 8.7). */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/os/clock.h"
#include "base/text.h"
#include "cli/node/backup_dir.h"
#include "cli/node/backup_source.h"
#include "cli/node/cli.h"
#include "cli/node/offline.h"
#include "store/lmdb/kv_lmdb.h"
#include "store/safe.h"
#include "wire/jsonx.h"

enum { TO_MAX = CS_KIT_BOXES_MAX, SAVED_AT_ONCE = 256, KEYS_MAX = 1 << 24 };

struct made {
    uint8_t key_id[16];
    uint32_t epoch;
};

struct job {
    struct bs source;
    struct bd_out out;
    json_t *to;        /* texts of the recovery keys; empty: no kits */
    json_t *to_ids;    /* their ids in hex */
    json_t *head;      /* of backup.json */
    struct cs_wr kits; /* struct made, of each kit */
    size_t n_kits;
    uint32_t epoch; /* the highest */
    uint64_t total;
    long skipped, failed;
};

static enum cs_err usage(void)
{
    return off_say(
        CS_ERR_USAGE,
        "use: cloudsign backup DIR [--to PUBLIC..] (a new folder; files of public "
        "recovery keys)\n     cloudsign backup verify DIR [--key SECRET..]\n     "
        "cloudsign backup verify KIT.. --key SECRET..");
}

/* ---- one kit --------------------------------------------------------------------- */

static enum cs_err remember(struct job *b, const struct cs_kit_head *h)
{
    struct made m = {.epoch = h->epoch};

    memcpy(m.key_id, h->key_id, sizeof m.key_id);
    cs_wr_bytes(&b->kits, &m, sizeof m);
    b->n_kits++;
    b->epoch = h->epoch > b->epoch ? h->epoch : b->epoch;
    return b->kits.err;
}

static enum cs_err write_kit(struct job *b, const char *key_id, const json_t *o)
{
    const char *hex = bs_text(o, "kit");
    struct cs_kit_file f;
    struct cs_wr kit = {0};
    char name[BD_NAME_CAP], own[CS_UUID_LEN];
    enum cs_err err;

    CS_TRY(cs_unhex_wr(&kit, hex, strlen(hex)));
    CS_TRY(cs_kit_read(&f, cs_wr_get(&kit)));
    CS_TRY(strcmp(cs_uuid_text(own, f.head.key_id), key_id) == 0 ? CS_OK
                                                                 : CS_ERR_BAD_FORMAT);
    CS_TRY(bd_put(&b->out, bd_kit_name(name, &f.head), cs_wr_get(&kit)));
    err = remember(b, &f.head);
out:
    if (err != CS_OK) {
        (void)off_say(err, "key %s: %s", key_id, cs_err_text(err));
    }
    cs_wr_free(&kit);
    return err;
}

static enum cs_err take_kit(struct job *b, const json_t *o)
{
    const char *key_id = bs_text(o, "keyId");
    enum cs_err why = cs_err_from_reason(bs_text(o, "reason"));

    if (json_object_get(o, "kit") != NULL) {
        return write_kit(b, key_id, o);
    }
    (void)off_say(why, "key %s has no kit: %s", key_id, bs_text(o, "text"));
    if (why == CS_ERR_STATE || why == CS_ERR_UNKNOWN_KEY) { /* not active, or gone */
        b->skipped++;
        return CS_OK;
    }
    b->failed++; /* the others still get theirs */
    return why == CS_ERR_KEY_CORRUPT ? CS_OK : why;
}

/* Takes ids. */
static enum cs_err some_kits(struct job *b, json_t *ids)
{
    enum cs_err err;
    json_t *o = bs_ask(
        &b->source,
        json_pack("{s:s,s:o,s:O}", "cmd", "backup.kit", "keyIds", ids, "to", b->to),
        &err);
    const json_t *kits = json_object_get(o, "kits");

    if (o != NULL && bs_refused(o, &err)) {
        (void)off_say(err, "%s", bs_text(o, "text"));
    }
    for (size_t i = 0; err == CS_OK && i < json_array_size(kits); i++) {
        err = take_kit(b, json_array_get(kits, i));
    }
    json_decref(o);
    bd_progress("kits", b->n_kits, b->total, "keys");
    return err;
}

/* ---- all of them ----------------------------------------------------------------- */

/* So many that the answer fits on the socket, whoever the kits are for. */
static enum cs_err kits_of_page(struct job *b, const json_t *ids)
{
    size_t at_once = TO_MAX / json_array_size(b->to);
    enum cs_err err = CS_OK;

    for (size_t i = 0; err == CS_OK && i < json_array_size(ids); i += at_once) {
        json_t *some = json_array();

        for (size_t k = i; k < i + at_once && k < json_array_size(ids); k++) {
            (void)json_array_append(some, json_array_get(ids, k));
        }
        err = some_kits(b, some);
    }
    return err;
}

static enum cs_err one_page(struct job *b, char after[65], bool *end)
{
    enum cs_err err;
    json_t *o = bs_ask(
        &b->source, json_pack("{s:s,s:s}", "cmd", "backup.keys", "after", after), &err);

    if (o == NULL) {
        return err;
    }
    if (bs_refused(o, &err)) {
        (void)off_say(err, "%s", bs_text(o, "text"));
    } else {
        b->total = (uint64_t)json_integer_value(json_object_get(o, "total"));
        (void)snprintf(after, 65, "%s", bs_text(o, "next"));
        *end = after[0] == '\0';
        err = kits_of_page(b, json_object_get(o, "keys"));
    }
    json_decref(o);
    return err;
}

static enum cs_err all_kits(struct job *b)
{
    char after[65] = "";
    bool end = json_array_size(b->to) == 0;
    enum cs_err err = CS_OK;

    if (!end && !b->source.can_ask) {
        return off_say(CS_ERR_CONFIG,
                       "the node does not run, and kits are made with its key: set "
                       "DB_ENCRYPTION_KEY_HEX and RECOVERY_KEYS, or start it");
    }
    bd_progress("kits", 0, 1, "keys");
    while (err == CS_OK && !end) {
        err = b->n_kits < KEYS_MAX ? one_page(b, after, &end) : CS_ERR_LIMIT;
    }
    return err;
}

/* ---- the copy and what it is of -------------------------------------------------- */

/* Before the copy is made: so it holds at least this. */
static enum cs_err ask_head(struct job *b)
{
    static const char *const same[] = {"bootCounter", "journalSeq", "journalHead",
                                       "keys"};
    enum cs_err err = CS_OK;
    json_t *o;

    b->head = json_pack("{s:s,s:i,s:s,s:I}", "format", "cloudsign-backup", "version", 1,
                        "program", CS_VERSION, "time", (json_int_t)cs_os_wall_ms());
    if (!b->source.can_ask) {
        return b->head == NULL ? CS_ERR_NOMEM : CS_OK;
    }
    o = bs_ask(&b->source, json_pack("{s:s}", "cmd", "status"), &err);
    for (size_t i = 0; o != NULL && i < CS_COUNTOF(same); i++) {
        (void)json_object_set(b->head, same[i], json_object_get(o, same[i]));
    }
    json_decref(o);
    return err;
}

/* Its structure is sound, and it says whose it is. */
static enum cs_err look_at_copy(struct job *b)
{
    char path[BD_PATH_CAP], device[CS_SAFE_DEVICE_MAX + 1];
    struct cs_why why = {""};
    uint8_t store_id[16];
    struct cs_kv *kv;
    enum cs_err err = cs_kv_lmdb_open_copy(&kv, bd_path(path, b->out.part, BD_STORE),
                                           &why);

    if (err == CS_OK) {
        err = cs_safe_peek_device(kv, device);
        if (err == CS_OK) {
            err = cs_safe_peek_store(kv, store_id);
        }
        cs_kv_close(kv);
    }
    if (err != CS_OK) {
        return off_say(err, "the copy is not sound: %s",
                       why.text[0] != '\0' ? why.text : cs_err_text(err));
    }
    (void)json_object_set_new(b->head, "deviceId", json_string(device));
    (void)json_object_set_new(b->head, "storeId",
                              cs_json_hex(store_id, sizeof store_id));
    return CS_OK;
}

static enum cs_err copy_store(struct job *b)
{
    int fd = bd_create(&b->out, BD_STORE);
    uint8_t hash[32];
    enum cs_err err;

    if (fd < 0) {
        return CS_ERR_OS;
    }
    err = bs_copy(&b->source, fd, hash);
    if (close(fd) != 0 && err == CS_OK) {
        err = off_say(CS_ERR_OS, "cannot write the copy: %s", strerror(errno));
    }
    CS_CHECK(err);
    CS_CHECK(bd_created(&b->out, BD_STORE, hash));
    return look_at_copy(b);
}

/* ---- the node learns of it ------------------------------------------------------- */

static enum cs_err tell(struct job *b, json_t *q)
{
    enum cs_err err;
    json_t *o = bs_ask(&b->source, q, &err);

    if (o != NULL && bs_refused(o, &err)) {
        (void)off_say(err, "the backup is complete, but the node did not take note: %s",
                      bs_text(o, "text"));
    }
    json_decref(o);
    return err;
}

static enum cs_err tell_saved(struct job *b)
{
    enum cs_err err = CS_OK;

    for (size_t i = 0; err == CS_OK && i < b->n_kits; i += SAVED_AT_ONCE) {
        json_t *keys = json_array();

        for (size_t k = i; k < i + SAVED_AT_ONCE && k < b->n_kits; k++) {
            struct made m;

            memcpy(&m, b->kits.p + k * sizeof m, sizeof m);
            (void)json_array_append_new(keys, json_pack("{s:o,s:I}", "keyId",
                                                        cs_json_uuid(m.key_id), "epoch",
                                                        (json_int_t)m.epoch));
        }
        err = tell(b, json_pack("{s:s,s:o}", "cmd", "backup.saved", "keys", keys));
    }
    return err;
}

static enum cs_err tell_node(struct job *b)
{
    if (!b->source.can_ask) {
        return CS_OK;
    }
    CS_CHECK(tell_saved(b));
    return tell(b, json_pack("{s:s,s:I,s:I,s:O,s:b}", "cmd", "backup.done", "kits",
                             (json_int_t)b->n_kits, "epoch", (json_int_t)b->epoch, "to",
                             b->to_ids, "copy", 1));
}

/* ---- the command ----------------------------------------------------------------- */

static enum cs_err finish(struct job *b)
{
    (void)json_object_set_new(b->head, "kits", json_integer((json_int_t)b->n_kits));
    (void)json_object_set_new(b->head, "epoch", json_integer((json_int_t)b->epoch));
    CS_CHECK(bd_finish(&b->out, b->head));
    (void)printf(
        "%s: a copy of the store, %zu kits, %ld keys not active, %ld damaged\n",
        b->out.dir, b->n_kits, b->skipped, b->failed);
    if (json_array_size(b->to) == 0) {
        (void)printf("without kits: name recovery keys with --to, or the loss of two "
                     "nodes is the loss of the keys\n");
    }
    CS_CHECK(tell_node(b));
    return b->failed == 0
               ? CS_OK
               : off_say(CS_ERR_KEY_CORRUPT, "some keys of this node are damaged");
}

static enum cs_err make(struct job *b, const char *dir)
{
    CS_CHECK(bs_open(&b->source));
    CS_CHECK(ask_head(b));
    CS_CHECK(bd_begin(&b->out, dir));
    CS_CHECK(copy_store(b));
    CS_CHECK(all_kits(b));
    return finish(b);
}

static enum cs_err add_id(struct job *b, const struct cs_recovery_key *k)
{
    uint8_t id[CS_RECOVERY_ID_LEN];

    cs_recovery_id(id, k);
    return json_array_append_new(b->to_ids, cs_json_hex(id, sizeof id)) == 0
               ? CS_OK
               : CS_ERR_NOMEM;
}

static enum cs_err add_recipient(struct job *b, const char *path)
{
    enum cs_err err;
    struct cs_recovery_key *k = off_key(path, false, &err);
    struct cs_wr text = {0};

    if (k == NULL) {
        return err;
    }
    if (cs_recovery_has_secret(k)) {
        err = off_say(CS_ERR_USAGE,
                      "%s is the secret half of a recovery key: keep it away from "
                      "nodes, and give its public half here",
                      path);
    } else {
        err = off_read(&text, path, CS_RECOVERY_TEXT_MAX, false);
    }
    if (err == CS_OK &&
        json_array_append_new(b->to, json_stringn((const char *)text.p, text.n)) != 0) {
        err = off_say(CS_ERR_BAD_FORMAT, "%s is not text", path);
    }
    if (err == CS_OK) {
        err = add_id(b, k);
    }
    cs_wr_free(&text);
    cs_recovery_key_free(k);
    return err;
}

/* argv: DIR, then maybe --to PUBLIC.. */
static enum cs_err backup(int argc, char **argv)
{
    struct job b = {.out = {.fd = -1}};
    enum cs_err err = CS_OK;

    if (argv[0][0] == '-' || argv[0][0] == '\0' || argc == 2 || argc - 2 > 2 * TO_MAX ||
        (argc > 2 && strcmp(argv[1], "--to") != 0)) {
        return usage();
    }
    b.to = json_array();
    b.to_ids = json_array();
    for (int i = 2; i < argc && err == CS_OK; i++) {
        err = strcmp(argv[i], "--to") == 0 ? CS_OK : add_recipient(&b, argv[i]);
    }
    if (err == CS_OK && json_array_size(b.to) > TO_MAX) {
        err = usage();
    }
    if (err == CS_OK) {
        err = make(&b, argv[0]);
    }
    bd_drop(&b.out);
    bs_close(&b.source);
    cs_wr_free(&b.kits);
    json_decref(b.head);
    json_decref(b.to);
    json_decref(b.to_ids);
    return err;
}

int cli_backup(int argc, char **argv)
{
    enum cs_err err;

    if (argc < 1 || (argc < 2 && strcmp(argv[0], "verify") == 0)) {
        return cs_err_exit(usage());
    }
    err = off_start();
    if (err == CS_OK) {
        err = off_printed(strcmp(argv[0], "verify") == 0
                              ? cli_backup_verify(argc - 1, argv + 1)
                              : backup(argc, argv));
    }
    cs_crypto_thread_end();
    return cs_err_exit(err);
}
