/* cloudsign backup verify: every kit opens to a share that fits its public key, and a
 * folder is whole; needs no node and shows no secret (PROTOCOLS 8.7). */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "cli/node/backup_dir.h"
#include "cli/node/backup_source.h"
#include "cli/node/cli.h"
#include "cli/node/environment.h"
#include "cli/node/offline.h"
#include "wire/jsonx.h"

enum { KEYS_MAX = CS_KIT_BOXES_MAX, KITS_MAX = 4096 };

struct verify {
    struct cs_recovery_key *keys[KEYS_MAX];
    size_t n_keys;
    bool is_dir; /* kits are counted, not listed; their names are backup's */
    uint64_t kits, opened;
};

/* ---- a kit ----------------------------------------------------------------------- */

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

static enum cs_err open_kit(struct verify *v, const char *path, struct cs_span bytes,
                            unsigned index, const char **why)
{
    enum cs_err err = CS_ERR_NOT_FOUND;
    struct cs_cert_body body;

    for (size_t i = 0; i < v->n_keys && err == CS_ERR_NOT_FOUND; i++) {
        err = cs_kit_verify(&body, bytes, v->keys[i], why);
    }
    if (err == CS_OK) {
        v->opened++;
        if (!v->is_dir) {
            print_kit(path, &body, index);
        }
    }
    return err;
}

/* One kit under the names of two keys is no kit of the second. */
static bool name_fits(const char *path, const struct cs_kit_head *h)
{
    const char *slash = strrchr(path, '/');
    char name[BD_NAME_CAP];

    return strcmp(slash != NULL ? slash + 1 : path, bd_kit_name(name, h)) == 0;
}

static enum cs_err verify_kit(void *ctx, const char *path)
{
    struct verify *v = ctx;
    struct cs_wr bytes = {0};
    struct cs_kit_file f = {.n = 0};
    const char *why = NULL;
    enum cs_err err;

    v->kits++;
    CS_TRY(off_read(&bytes, path, CS_KIT_MAX, false));
    err = cs_kit_read(&f, cs_wr_get(&bytes));
    if (err == CS_OK && v->is_dir && !name_fits(path, &f.head)) {
        err = CS_ERR_KEY_CORRUPT;
        why = "is the kit of another key, epoch or party than its name says";
    }
    if (err == CS_OK && v->n_keys != 0) {
        err = open_kit(v, path, cs_wr_get(&bytes), f.head.index, &why);
    }
    if (err != CS_OK) {
        (void)off_say(err, "%s: %s", path, problem(err, why));
    }
out:
    cs_wr_free(&bytes);
    return err;
}

/* ---- a folder -------------------------------------------------------------------- */

static enum cs_err prove_store(struct bs *s, json_int_t *records)
{
    bool done = false, first = true;
    enum cs_err err = CS_OK;

    while (err == CS_OK && !done) {
        json_t *o = bs_ask(
            s, json_pack("{s:s,s:b}", "cmd", "store.check", "begin", first), &err);

        first = false;
        if (o != NULL && bs_refused(o, &err)) {
            (void)off_say(err, "the copy of the store: %s", bs_text(o, "text"));
        }
        *records = json_integer_value(json_object_get(o, "records"));
        done = json_is_true(json_object_get(o, "done"));
        json_decref(o);
    }
    return err;
}

/* The copy holds at least what backup.json says. */
static enum cs_err compare(const json_t *head, const json_t *status)
{
    const char *said = bs_text(head, "journalSeq"), *is = bs_text(status, "journalSeq");
    const char *device = bs_text(head, "deviceId");
    uint64_t a = 0, b = 0;

    if (strcmp(device, bs_text(status, "deviceId")) != 0) {
        return off_say(CS_ERR_STORE_DEVICE,
                       BD_HEAD " names device %s, the copy is of %s", device,
                       bs_text(status, "deviceId"));
    }
    if (said[0] == '\0') { /* made without the key */
        return CS_OK;
    }
    if (cs_u64_parse(&a, said) != CS_OK || cs_u64_parse(&b, is) != CS_OK || b < a ||
        (a == b &&
         strcmp(bs_text(head, "journalHead"), bs_text(status, "journalHead")) != 0)) {
        return off_say(CS_ERR_STORE_CORRUPT,
                       "the copy's journal ends with entry %s, " BD_HEAD " says %s", is,
                       said);
    }
    return CS_OK;
}

static enum cs_err ask_and_compare(struct bs *s, const struct bd_in *in)
{
    json_int_t records = 0, keys;
    enum cs_err err;
    json_t *status = bs_ask(s, json_pack("{s:s}", "cmd", "status"), &err);

    if (status == NULL) {
        return err;
    }
    keys = json_integer_value(json_object_get(status, "keys"));
    err = compare(in->head, status);
    if (err == CS_OK) {
        err = prove_store(s, &records);
    }
    if (err == CS_OK) {
        (void)printf("%s: the store opens: device %s, %lld keys, journal entry %s, all "
                     "%lld records are right\n",
                     in->dir, bs_text(status, "deviceId"), (long long)keys,
                     bs_text(status, "journalSeq"), (long long)records);
    }
    json_decref(status);
    return err;
}

static enum cs_err check_store(const struct bd_in *in)
{
    struct bs s = {.can_ask = true};
    struct cs_node_config cfg;
    struct cli_env e = {0};
    struct cs_why why = {""};
    char path[BD_PATH_CAP];
    enum cs_err err = bs_settings(&cfg, &e);

    cfg.pairing_key = NULL; /* of whatever node */
    if (err == CS_OK) {
        err = cs_stopped_open_copy(&s.stopped, bd_path(path, in->dir, BD_STORE), &cfg,
                                   &why);
        if (err != CS_OK) {
            (void)off_say(err, "%s: %s", path,
                          why.text[0] != '\0' ? why.text : cs_err_text(err));
        }
    }
    if (err == CS_OK && bs_has_key(&cfg)) {
        err = ask_and_compare(&s, in);
    } else if (err == CS_OK) {
        (void)printf("%s: the store's copy is sound; its records were not opened: that "
                     "takes DB_ENCRYPTION_KEY_HEX or _REF\n",
                     in->dir);
    }
    cli_env_wipe(&e);
    bs_close(&s);
    return err;
}

static enum cs_err verify_dir(struct verify *v, const char *dir)
{
    struct bd_in in = {.kit = verify_kit, .ctx = v};
    json_int_t kits;
    enum cs_err err;

    v->is_dir = true;
    err = bd_check(&in, dir, true);
    if (err == CS_OK && !in.has_store) {
        err = off_say(CS_ERR_STORE_CORRUPT, "%s has no copy of the store", dir);
    }
    kits = json_integer_value(json_object_get(in.head, "kits"));
    if (err == CS_OK && (uint64_t)kits != v->kits) {
        err = off_say(CS_ERR_STORE_CORRUPT, "%s: it has %llu kits, not %lld", dir,
                      (unsigned long long)v->kits, (long long)kits);
    }
    if (err == CS_OK) {
        (void)printf("%s: %llu files are whole, %llu kits, %llu of them opened and "
                     "proved\n",
                     dir, (unsigned long long)in.files, (unsigned long long)v->kits,
                     (unsigned long long)v->opened);
        err = check_store(&in);
    }
    bd_free(&in);
    return err;
}

/* ---- the command ----------------------------------------------------------------- */

static enum cs_err usage(void)
{
    return off_say(CS_ERR_USAGE,
                   "use: cloudsign backup verify DIR [--key SECRET..], or "
                   "cloudsign backup verify KIT.. --key SECRET..");
}

static enum cs_err take_keys(struct verify *v, int argc, char **argv)
{
    enum cs_err err = CS_OK;

    for (int i = 0; i < argc && err == CS_OK; i++) {
        if (strcmp(argv[i], "--key") == 0) {
            continue;
        }
        if (v->n_keys == KEYS_MAX) {
            return usage();
        }
        v->keys[v->n_keys] = off_key(argv[i], true, &err);
        v->n_keys += v->keys[v->n_keys] != NULL;
    }
    return err;
}

/* argv: DIR or KIT.., then --key SECRET..; every kit is looked at, the first failure is
 * the exit. */
enum cs_err cli_backup_verify(int argc, char **argv)
{
    struct verify v = {.n_keys = 0};
    enum cs_err err = CS_OK, first = CS_OK;
    bool is_dir = bd_is_one(argv[0]);
    int files = 0;

    while (files < argc && strcmp(argv[files], "--key") != 0) {
        files++;
    }
    if (files == 0 || files > KITS_MAX || files + 1 == argc ||
        (is_dir ? files != 1 : files == argc)) {
        return usage();
    }
    err = take_keys(&v, argc - files, argv + files);
    if (err == CS_OK && is_dir) {
        err = verify_dir(&v, argv[0]);
    }
    for (int i = 0; i < files && err == CS_OK && !is_dir; i++) {
        enum cs_err one = verify_kit(&v, argv[i]);

        first = first == CS_OK ? one : first;
    }
    for (size_t i = 0; i < v.n_keys; i++) {
        cs_recovery_key_free(v.keys[i]);
    }
    return err != CS_OK ? err : first;
}
