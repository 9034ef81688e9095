/* cloudsign backup: kits of all keys of the running node, into a folder; and `verify`,
 * which needs no node (PROTOCOLS 8.7). */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "base/text.h"
#include "cli/node/cli.h"
#include "cli/node/offline.h"
#include "net/file.h"
#include "net/local_client.h"
#include "wire/jsonx.h"

enum {
    ANSWER_MAX = 256 << 10,
    TO_MAX = CS_KIT_BOXES_MAX,
    KITS_MAX = 4096,
    PATH_CAP = 512
};

struct job {
    const char *dir;
    json_t *to; /* texts of the recovery keys */
    long kits, skipped, failed;
};

static enum cs_err usage(void)
{
    return off_say(CS_ERR_USAGE,
                   "use: cloudsign backup DIR --to PUBLIC.. (files of public recovery "
                   "keys)\n     cloudsign backup verify KIT.. --key SECRET..");
}

/* ---- questions --------------------------------------------------------------------
 */

/* Takes q.  The answer, or NULL and told; a refusal is an answer. */
static json_t *ask(json_t *q, enum cs_err *err)
{
    struct cs_wr question = {0}, text = {.max = 2 * ANSWER_MAX};
    struct cs_why why = {""};
    const char *problem = "";
    json_t *o = NULL;

    cs_json_write(&question, q);
    json_decref(q);
    *err = question.err;
    if (*err == CS_OK) {
        *err = cs_local_ask(&text, cli_data_dir(), "node.sock", cs_wr_get(&question),
                            &why);
    }
    if (*err == CS_OK) {
        *err = cs_json_parse(&o, cs_wr_get(&text), ANSWER_MAX, &problem);
    }
    if (*err != CS_OK) {
        (void)off_say(*err, "%s", why.text[0] != '\0' ? why.text : cs_err_text(*err));
    }
    cs_wr_free(&question);
    cs_wr_free(&text);
    return o;
}

static const char *text_of(const json_t *o, const char *name)
{
    const char *s = json_string_value(json_object_get(o, name));

    return s != NULL ? s : "";
}

static bool is_refused(const json_t *o, enum cs_err *err)
{
    if (json_is_true(json_object_get(o, "ok"))) {
        return false;
    }
    *err = cs_err_from_reason(text_of(o, "reason"));
    return true;
}

/* ---- one kit ----------------------------------------------------------------------
 */

static enum cs_err write_kit(const struct job *b, const char *key_id, const json_t *o)
{
    const char *hex = text_of(o, "kit");
    struct cs_why why = {""};
    struct cs_kit_file f;
    struct cs_wr kit = {0};
    char path[PATH_CAP];
    enum cs_err err;
    int n = 0;

    CS_TRY(cs_unhex_wr(&kit, hex, strlen(hex)));
    CS_TRY(cs_kit_read(&f, cs_wr_get(&kit)));
    n = snprintf(path, sizeof path, "%s/%s-e%u-%u.kit", b->dir, key_id,
                 (unsigned)f.head.epoch, f.head.index);
    err = n > 0 && (size_t)n < sizeof path
              ? cs_file_write(path, cs_wr_get(&kit), 0600, &why)
              : cs_why(&why, CS_ERR_CONFIG, "the folder's name is too long");
out:
    if (err != CS_OK) {
        (void)off_say(err, "key %s: %s", key_id,
                      why.text[0] != '\0' ? why.text : cs_err_text(err));
    }
    cs_wr_free(&kit);
    return err;
}

/* An id of the node becomes a file's name: it must be one. */
static enum cs_err back_up(struct job *b, const char *key_id)
{
    uint8_t id[16];
    enum cs_err err = cs_uuid_parse(id, key_id);
    json_t *o;

    if (err != CS_OK) {
        return off_say(err, "the node's answer is malformed");
    }
    o = ask(
        json_pack("{s:s,s:s,s:O}", "cmd", "backup.kit", "keyId", key_id, "to", b->to),
        &err);
    if (o == NULL) {
        return err;
    }
    if (!is_refused(o, &err)) {
        err = write_kit(b, key_id, o);
        b->kits += err == CS_OK;
    } else if (err == CS_ERR_STATE || err == CS_ERR_UNKNOWN_KEY) {
        (void)off_say(err, "key %s has no kit: it is not active", key_id);
        b->skipped++;
        err = CS_OK;
    } else if (err == CS_ERR_KEY_CORRUPT) {
        (void)off_say(err, "key %s has no kit: %s", key_id, text_of(o, "text"));
        b->failed++;
        err = CS_OK; /* the others still get theirs */
    } else {
        (void)off_say(err, "%s", text_of(o, "text"));
    }
    json_decref(o);
    return err;
}

/* ---- all of them ------------------------------------------------------------------
 */

static enum cs_err one_page(struct job *b, int64_t *from, int64_t *total)
{
    enum cs_err err;
    json_t *o = ask(
        json_pack("{s:s,s:I}", "cmd", "backup.keys", "from", (json_int_t)*from), &err);
    const json_t *ids = json_object_get(o, "keys");

    if (o == NULL) {
        return err;
    }
    if (is_refused(o, &err)) {
        (void)off_say(err, "%s", text_of(o, "text"));
        json_decref(o);
        return err;
    }
    for (size_t i = 0; i < json_array_size(ids) && err == CS_OK; i++) {
        const char *id = json_string_value(json_array_get(ids, i));

        err = back_up(b, id != NULL ? id : "");
    }
    *from = json_integer_value(json_object_get(o, "next"));
    *total = json_integer_value(json_object_get(o, "total"));
    json_decref(o);
    return err;
}

static enum cs_err all_pages(struct job *b)
{
    int64_t from = 0, last, total = 0;

    do {
        last = from;
        CS_CHECK(one_page(b, &from, &total));
    } while (from > last);
    (void)printf("%ld kits in %s, %ld keys not active, %ld damaged\n", b->kits, b->dir,
                 b->skipped, b->failed);
    if (b->failed != 0) {
        return off_say(CS_ERR_KEY_CORRUPT, "some keys of this node are damaged");
    }
    return b->kits + b->skipped >= total
               ? CS_OK
               : off_say(CS_ERR_LIMIT, "keys were made or removed meanwhile: run it "
                                       "again");
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
    cs_wr_free(&text);
    cs_recovery_key_free(k);
    return err;
}

/* argv: DIR, then --to PUBLIC.. */
static enum cs_err make_kits(int argc, char **argv)
{
    struct job b = {.dir = argv[0]};
    enum cs_err err = CS_OK;

    if (argc < 3 || strcmp(argv[1], "--to") != 0 || argc - 2 > 2 * TO_MAX) {
        return usage();
    }
    b.to = json_array();
    for (int i = 2; i < argc && err == CS_OK; i++) {
        err = strcmp(argv[i], "--to") == 0 ? CS_OK : add_recipient(&b, argv[i]);
    }
    if (err == CS_OK && mkdir(b.dir, 0700) != 0 && errno != EEXIST) {
        err = off_say(CS_ERR_CONFIG, "cannot make %s: %s", b.dir, strerror(errno));
    }
    if (err == CS_OK) {
        err = all_pages(&b);
    }
    json_decref(b.to);
    return err;
}

/* ---- verify -----------------------------------------------------------------------
 */

static void print_kit(const char *path, const struct cs_cert_body *b, unsigned index)
{
    uint8_t point[CS_POINT_MAX];
    char hex[2 * CS_POINT_MAX + 1], id[CS_UUID_LEN];
    size_t n = cs_point_encode(&b->X, point);

    (void)printf("%s: share %u of %u (any %u), key %s, epoch %u, %s, public key %s\n",
                 path, index, b->n, b->t, cs_uuid_text(id, b->key_id),
                 (unsigned)b->epoch, cs_scheme_name(b->scheme), cs_hex(hex, point, n));
}

static const char *problem(enum cs_err err, const char *why)
{
    switch (err) {
    case CS_ERR_NOT_FOUND:
        return "is encrypted to none of the given recovery keys";
    case CS_ERR_AEAD:
        return "does not open: it was altered";
    case CS_ERR_KEY_CORRUPT:
        return why != NULL ? why : cs_err_text(err);
    default:
        return cs_err_text(err);
    }
}

static enum cs_err verify_kit(const char *path, struct cs_recovery_key *const *keys,
                              size_t n_keys)
{
    struct cs_wr bytes = {0};
    struct cs_kit_file f = {.n = 0};
    struct cs_cert_body body;
    const char *why = NULL;
    enum cs_err err;

    CS_TRY(off_read(&bytes, path, CS_KIT_MAX, false));
    err = cs_kit_read(&f, cs_wr_get(&bytes));
    for (size_t i = 0; i < n_keys && (err == CS_OK || err == CS_ERR_NOT_FOUND); i++) {
        err = cs_kit_verify(&body, cs_wr_get(&bytes), keys[i], &why);
        if (err == CS_OK) {
            print_kit(path, &body, f.head.index);
            goto out;
        }
    }
    (void)off_say(err, "%s: %s", path, problem(err, why));
out:
    cs_wr_free(&bytes);
    return err;
}

/* argv: KIT.. --key SECRET..; every kit is looked at, the first failure is the exit. */
static enum cs_err verify(int argc, char **argv)
{
    struct cs_recovery_key *keys[TO_MAX] = {NULL};
    enum cs_err err = CS_OK, first = CS_OK;
    size_t n = 0;
    int kits = 0;

    while (kits < argc && strcmp(argv[kits], "--key") != 0) {
        kits++;
    }
    if (kits == 0 || kits > KITS_MAX || kits + 1 >= argc) {
        return usage();
    }
    for (int i = kits; i < argc && err == CS_OK; i++) {
        if (strcmp(argv[i], "--key") == 0) {
            continue;
        }
        if (n == TO_MAX) {
            err = usage();
            break;
        }
        keys[n++] = off_key(argv[i], true, &err);
    }
    for (int i = 0; i < kits && err == CS_OK; i++) {
        enum cs_err one = verify_kit(argv[i], keys, n);

        first = first == CS_OK ? one : first;
    }
    for (size_t i = 0; i < n; i++) {
        cs_recovery_key_free(keys[i]);
    }
    return err != CS_OK ? err : first;
}

int cli_backup(int argc, char **argv)
{
    enum cs_err err;

    if (argc < 2) {
        return cs_err_exit(usage());
    }
    err = off_start();
    if (err == CS_OK) {
        err = strcmp(argv[0], "verify") == 0 ? verify(argc - 1, argv + 1)
                                             : make_kits(argc, argv);
    }
    cs_crypto_thread_end();
    return cs_err_exit(err);
}
