/* cloudsign-platform backup: a copy of the store and the TLS files, of a platform that
 * runs or is stopped, written aside, made durable, looked at, then given its name. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/os/clock.h"
#include "base/text.h"
#include "cli/platform/cli.h"
#include "cli/platform/offline.h"
#include "crypto/sha256.h"
#include "net/file.h"
#include "platform/core/audit_chain.h"
#include "platform/core/tables.h"
#include "store/lmdb/copy.h"
#include "wire/jsonx.h"

enum { PATH_CAP = 1024, FILE_MAX = 1 << 16, TIME_CAP = 32 };

#define BACKUP_HEAD  "backup.json"
#define BACKUP_STORE "data.mdb"

static const char restore_text[] =
    "A backup of a CloudSign platform.  It holds secrets: the private keys of its TLS\n"
    "certificate and CA, the key over the webhooks' keys (seal.key), TOTP secrets "
    "under the users' passwords, digests of "
    "passwords,\n"
    "tokens and API secrets, and every request ever made.  No shard of any key: those\n"
    "are with the nodes.  Keep it encrypted, for example:\n"
    "  tar c DIR | age -r RECIPIENT > platform.tar.age\n"
    "\n"
    "Verify:  cloudsign-platform backup verify DIR\n"
    "Restore, with the platform stopped for good where it was (two of them at once\n"
    "would tell nodes different things):\n"
    "  install -d -m 0700 NEW && cp -r DIR/data.mdb DIR/seal.key DIR/tls NEW/\n"
    "  chown -R cloudsign-platform: NEW\n"
    "  sudo -u cloudsign-platform cloudsign-platform serve --data-dir NEW ...\n"
    "with the --public-url of before.  Nodes that have countersigned later records of\n"
    "the audit log refuse this older one: once you are sure, on each node\n"
    "  cloudsign audit accept\n"
    "What happened after the backup is gone: requests, users and rights given or "
    "taken\n"
    "away, audit records.  Compare the audit head of backup.json with one kept\n"
    "elsewhere, then look through users and credentials.\n";

struct job {
    const char *dir, *out;
    char part[PATH_CAP];
    int fd;
    uint64_t bytes;
};

static enum cs_err usage(const char *why)
{
    return off_say(CS_ERR_USAGE, "backup", "%s; try: cloudsign-platform help backup",
                   why);
}

static enum cs_err os_say(const char *path)
{
    return off_say(CS_ERR_OS, "backup", "%s: %s", path, strerror(errno));
}

static enum cs_err join(char out[PATH_CAP], const char *dir, const char *name)
{
    return snprintf(out, PATH_CAP, "%s/%s", dir, name) < PATH_CAP
               ? CS_OK
               : off_say(CS_ERR_CONFIG, "backup", "the name %s is too long", dir);
}

/* ---- writing ----------------------------------------------------------- */

static enum cs_err sink(void *ctx, struct cs_span bytes, uint64_t total)
{
    struct job *j = ctx;

    (void)total;
    j->bytes += bytes.n;
    return cs_file_write_fd(j->fd, bytes);
}

static enum cs_err copy_store(struct job *j, struct off_store *s, uint8_t hash[32])
{
    char path[PATH_CAP];
    enum cs_err err;

    CS_CHECK(join(path, j->part, BACKUP_STORE));
    j->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (j->fd < 0) {
        return os_say(path);
    }
    err = cs_lmdb_copy(s->kv, sink, j, hash);
    if (err == CS_OK && fsync(j->fd) != 0) {
        err = CS_ERR_OS;
    }
    if (close(j->fd) != 0 && err == CS_OK) {
        err = CS_ERR_OS;
    }
    return err == CS_OK ? off_same(s)
                        : off_say(err, "backup", "%s: %s", path, cs_err_text(err));
}

static enum cs_err read_file(struct cs_wr *w, const char *path, bool *is_there)
{
    FILE *f = fopen(path, "rbe");
    uint8_t buf[4096];
    size_t n;

    *is_there = f != NULL;
    if (f == NULL) {
        return errno == ENOENT ? CS_OK : os_say(path);
    }
    while ((n = fread(buf, 1, sizeof buf, f)) > 0) {
        cs_wr_bytes(w, buf, n);
    }
    n = (size_t)ferror(f);
    (void)fclose(f);
    cs_wipe(buf, sizeof buf);
    return n == 0 && w->err == CS_OK
               ? CS_OK
               : off_say(CS_ERR_OS, "backup", "%s cannot be read", path);
}

static enum cs_err copy_tls_file(const struct job *j, const char *name, size_t *copied)
{
    char from[PATH_CAP], to[PATH_CAP];
    struct cs_wr w = {.max = FILE_MAX};
    struct cs_why why = {""};
    bool is_there = false;
    enum cs_err err;

    CS_CHECK(join(from, j->dir, name));
    CS_CHECK(join(to, j->part, name));
    err = read_file(&w, from, &is_there);
    if (err == CS_OK && is_there) {
        err = cs_file_create(to, cs_wr_get(&w), 0600, &why);
        *copied += 1;
        if (err != CS_OK) {
            (void)off_say(err, "backup", "%s", why.text);
        }
    }
    cs_wr_free(&w); /* wipes */
    return err;
}

static enum cs_err sync_dir(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = fd >= 0 && fsync(fd) == 0;

    if (fd >= 0) {
        (void)close(fd);
    }
    return ok ? CS_OK : os_say(path);
}

/* What webhooks' private keys are sealed under; there from the first start on.  Without
 * it the store's webhooks are lost: that is no backup. */
static enum cs_err copy_seal(const struct job *j)
{
    size_t n = 0;

    CS_CHECK(copy_tls_file(j, "seal.key", &n));
    return n == 1 ? CS_OK
                  : off_say(CS_ERR_NOT_FOUND, "backup",
                            "%s/seal.key is missing: is this the data directory of a "
                            "platform that has been started once?",
                            j->dir);
}

static enum cs_err copy_tls(const struct job *j, size_t *copied)
{
    static const char *const names[] = {"tls/ca.pem", "tls/ca.key", "tls/server.pem",
                                        "tls/server.key"};
    char dir[PATH_CAP];

    CS_CHECK(join(dir, j->part, "tls"));
    if (mkdir(dir, 0700) != 0) {
        return os_say(dir);
    }
    for (size_t i = 0; i < CS_COUNTOF(names); i++) {
        CS_CHECK(copy_tls_file(j, names[i], copied));
    }
    return sync_dir(dir);
}

static enum cs_err put_text(const struct job *j, const char *name, struct cs_span text)
{
    char path[PATH_CAP];
    struct cs_why why = {""};
    enum cs_err err;

    CS_CHECK(join(path, j->part, name));
    err = cs_file_create(path, text, 0600, &why);
    return err == CS_OK ? err : off_say(err, "backup", "%s", why.text);
}

/* The copy opens, its structure is whole, and its audit log ends in its head. */
static enum cs_err look_at(const char *dir, json_t **facts)
{
    struct off_store copy = {.word = "backup"};
    char path[PATH_CAP];
    enum cs_err err;

    CS_CHECK(join(path, dir, BACKUP_STORE));
    copy.dir = path;
    CS_CHECK(off_open(&copy, OFF_COPY));
    *facts = off_ask(&copy, json_pack("{s:s}", "cmd", "store.check"), false, &err);
    off_close(&copy);
    return err;
}

static enum cs_err hash_file(const char *path, uint8_t hash[32])
{
    struct cs_sha256_state h;
    FILE *f = fopen(path, "rbe");
    static uint8_t buf[1 << 16];
    size_t n;

    if (f == NULL) {
        return os_say(path);
    }
    cs_sha256_start(&h);
    while ((n = fread(buf, 1, sizeof buf, f)) > 0) {
        cs_sha256_update(&h, buf, n);
    }
    cs_sha256_final(&h, hash);
    n = (size_t)ferror(f);
    (void)fclose(f);
    return n == 0 ? CS_OK : os_say(path);
}

/* What is copied beside the store: a file that differs later is not the one of here. */
static const char *const beside[] = {"seal.key", "tls/ca.pem", "tls/ca.key",
                                     "tls/server.pem", "tls/server.key"};

static enum cs_err hash_beside(const char *dir, json_t *files)
{
    char path[PATH_CAP], hex[65];
    uint8_t hash[32];
    struct stat st;

    for (size_t i = 0; i < CS_COUNTOF(beside); i++) {
        CS_CHECK(join(path, dir, beside[i]));
        if (stat(path, &st) != 0 && errno == ENOENT) {
            continue; /* TLS files may be given with --tls-.. */
        }
        CS_CHECK(hash_file(path, hash));
        if (json_object_set_new(files, beside[i], json_string(cs_hex(hex, hash, 32))) !=
            0) {
            return CS_ERR_NOMEM;
        }
    }
    return CS_OK;
}

static const char *now_text(char out[TIME_CAP])
{
    time_t now = (time_t)(cs_os_wall_ms() / 1000);
    struct tm tm;

    if (gmtime_r(&now, &tm) == NULL ||
        strftime(out, TIME_CAP, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0) {
        out[0] = '\0';
    }
    return out;
}

static enum cs_err put_head(const struct job *j, const uint8_t hash[32])
{
    char hex[65], when[TIME_CAP];
    struct cs_wr w = {0};
    json_t *facts = NULL;
    enum cs_err err = look_at(j->part, &facts);

    if (err == CS_OK &&
        (json_object_set_new(facts, "kind", json_string("cloudsign-platform")) != 0 ||
         json_object_set_new(facts, "program", json_string(CS_VERSION)) != 0 ||
         json_object_set_new(facts, "at", json_string(now_text(when))) != 0 ||
         json_object_set_new(facts, "bytes", json_integer((json_int_t)j->bytes)) != 0 ||
         json_object_set_new(facts, "sha256", json_string(cs_hex(hex, hash, 32))) !=
             0 ||
         json_object_del(facts, "ok") != 0)) {
        err = CS_ERR_NOMEM;
    }
    if (err == CS_OK && json_object_set_new(facts, "files", json_object()) != 0) {
        err = CS_ERR_NOMEM;
    }
    if (err == CS_OK) {
        err = hash_beside(j->part, json_object_get(facts, "files"));
    }
    if (err == CS_OK) {
        cs_json_write(&w, facts);
        cs_wr_u8(&w, '\n');
        err = w.err == CS_OK ? put_text(j, BACKUP_HEAD, cs_wr_get(&w)) : w.err;
    }
    if (err == CS_OK) {
        (void)fprintf(
            stderr, "audit head %s, %lld records\n",
            json_string_value(json_object_get(facts, "auditHead")),
            (long long)json_integer_value(json_object_get(facts, "auditRecords")));
    }
    cs_wr_free(&w);
    json_decref(facts);
    return err;
}

static enum cs_err name_it(const struct job *j)
{
    char parent[PATH_CAP];
    char *slash;

    CS_CHECK(sync_dir(j->part));
    if (rename(j->part, j->out) != 0) {
        return os_say(j->out);
    }
    (void)snprintf(parent, sizeof parent, "%s", j->out);
    slash = strrchr(parent, '/');
    if (slash == NULL) {
        return sync_dir(".");
    }
    slash[slash == parent ? 1 : 0] = '\0';
    return sync_dir(parent);
}

static enum cs_err fill(struct job *j, struct off_store *s)
{
    uint8_t hash[32];
    size_t copied = 0;

    CS_CHECK(copy_store(j, s, hash));
    CS_CHECK(copy_seal(j));
    CS_CHECK(copy_tls(j, &copied));
    CS_CHECK(put_text(j, "RESTORE.txt", CS_SPAN_LIT(restore_text)));
    CS_CHECK(put_head(j, hash));
    CS_CHECK(name_it(j));
    (void)fprintf(stderr,
                  "%s: %llu bytes of store, %zu TLS files%s.\nIt holds secrets: see "
                  "%s/RESTORE.txt.\n",
                  j->out, (unsigned long long)j->bytes, copied,
                  copied == 0 ? " (they are given with --tls-..: back them up, too)"
                              : "",
                  j->out);
    return CS_OK;
}

/* Removes what fill may have made, and nothing else. */
static void drop(const struct job *j)
{
    static const char *const names[] = {"seal.key",       BACKUP_STORE,    BACKUP_HEAD,
                                        "RESTORE.txt",    "tls/ca.pem",    "tls/ca.key",
                                        "tls/server.pem", "tls/server.key"};
    char path[PATH_CAP];

    for (size_t i = 0; i < CS_COUNTOF(names); i++) {
        if (snprintf(path, sizeof path, "%s/%s", j->part, names[i]) < PATH_CAP) {
            (void)unlink(path);
        }
    }
    if (snprintf(path, sizeof path, "%s/tls", j->part) < PATH_CAP) {
        (void)rmdir(path);
    }
    (void)rmdir(j->part);
}

static enum cs_err make(struct job *j)
{
    struct off_store s = {.word = "backup", .dir = j->dir};
    struct stat st;
    enum cs_err err;

    if (stat(j->out, &st) == 0) {
        return off_say(CS_ERR_EXISTS, "backup",
                       "%s is there already: name a new folder", j->out);
    }
    if (snprintf(j->part, sizeof j->part, "%s.partial", j->out) >= PATH_CAP) {
        return off_say(CS_ERR_CONFIG, "backup", "the name is too long");
    }
    CS_CHECK(off_open(&s, OFF_READ));
    if (mkdir(j->part, 0700) != 0) {
        err = errno == EEXIST
                  ? off_say(CS_ERR_EXISTS, "backup",
                            "%s is there: another backup runs, or one did not end; "
                            "then delete that folder, which holds secrets, and try "
                            "again",
                            j->part)
                  : os_say(j->part);
    } else {
        err = fill(j, &s);
        if (err != CS_OK) {
            drop(j);
        }
    }
    off_close(&s);
    return err;
}

/* ---- verifying --------------------------------------------------------- */

static enum cs_err check_sum(const char *dir, const json_t *head)
{
    const char *want = json_string_value(json_object_get(head, "sha256"));
    char path[PATH_CAP], hex[65];
    uint8_t hash[32];

    CS_CHECK(join(path, dir, BACKUP_STORE));
    CS_CHECK(hash_file(path, hash));
    return want != NULL && strcmp(want, cs_hex(hex, hash, 32)) == 0
               ? CS_OK
               : off_say(CS_ERR_STORE_CORRUPT, "backup",
                         "%s is not the file that was written: use another backup",
                         path);
}

/* The whole chain, record by record. */
static enum cs_err check_chain(const char *dir, uint64_t *records)
{
    struct off_store copy = {.word = "backup"};
    struct cs_audit_check check = {0};
    char path[PATH_CAP];
    enum cs_err err;

    CS_CHECK(join(path, dir, BACKUP_STORE));
    copy.dir = path;
    CS_CHECK(off_open(&copy, OFF_COPY));
    err = off_audit(&copy, 1, UINT64_MAX, &check, NULL, records);
    off_close(&copy);
    if (err == CS_OK) {
        cs_audit_check_end(&check, NULL);
    }
    return err == CS_OK && check.fault != CS_AUDIT_FINE
               ? off_say(CS_ERR_STORE_CORRUPT, "backup", "its audit log: %s", check.why)
               : err;
}

/* The key over the webhooks' keys is there. */
static enum cs_err check_seal(const char *dir)
{
    char path[PATH_CAP];
    struct stat st;

    CS_CHECK(join(path, dir, "seal.key"));
    return stat(path, &st) == 0 && st.st_size > 0
               ? CS_OK
               : off_say(CS_ERR_STORE_CORRUPT, "backup",
                         "%s is missing or empty: use another backup", path);
}

/* Backups of earlier versions have no "files". */
static enum cs_err check_beside(const char *dir, const json_t *head)
{
    const json_t *want = json_object_get(head, "files");
    json_t *have = json_object();
    enum cs_err err = have == NULL ? CS_ERR_NOMEM : hash_beside(dir, have);

    for (size_t i = 0; want != NULL && err == CS_OK && i < CS_COUNTOF(beside); i++) {
        const json_t *a = json_object_get(want, beside[i]);
        const json_t *b = json_object_get(have, beside[i]);

        if (a != b && !json_equal(a, b)) { /* both absent: fine */
            err = off_say(CS_ERR_STORE_CORRUPT, "backup",
                          "%s/%s is not the file that was written: use another backup",
                          dir, beside[i]);
        }
    }
    json_decref(have);
    return err;
}

static enum cs_err verify(const char *dir)
{
    char path[PATH_CAP];
    json_error_t e;
    json_t *head, *facts = NULL;
    uint64_t records = 0;
    enum cs_err err;

    CS_CHECK(join(path, dir, BACKUP_HEAD));
    head = json_load_file(path, JSON_REJECT_DUPLICATES, &e);
    if (head == NULL) {
        return off_say(CS_ERR_NOT_FOUND, "backup", "%s is no backup of a platform: %s",
                       dir, e.text);
    }
    err = check_sum(dir, head);
    if (err == CS_OK) {
        err = check_seal(dir);
    }
    if (err == CS_OK) {
        err = check_beside(dir, head);
    }
    if (err == CS_OK) {
        err = look_at(dir, &facts);
    }
    if (err == CS_OK && !json_equal(json_object_get(head, "auditHead"),
                                    json_object_get(facts, "auditHead"))) {
        err = off_say(CS_ERR_STORE_CORRUPT, "backup", "its audit log has another head");
    }
    if (err == CS_OK) {
        err = check_chain(dir, &records);
    }
    if (err == CS_OK) {
        (void)printf("whole: made %s, %llu audit records\nhead %s\n",
                     json_string_value(json_object_get(head, "at")),
                     (unsigned long long)records,
                     json_string_value(json_object_get(facts, "auditHead")));
    }
    json_decref(head);
    json_decref(facts);
    return err;
}

/* "backups/today/" is "backups/today": the work goes on beside it. */
static const char *folder(char *name)
{
    size_t n = strlen(name);

    while (n > 1 && name[n - 1] == '/') {
        name[--n] = '\0';
    }
    return name;
}

int cli_backup(int n, char **options)
{
    struct job j = {.dir = cli_data_dir(), .fd = -1};
    const char *words[2] = {NULL, NULL};
    bool bad = false;
    size_t k = 0;

    for (int i = 0; i < n; i++) {
        const char *v = off_option("--data-dir", n, options, &i, &bad);

        if (v != NULL) {
            j.dir = v;
        } else if (!bad && options[i][0] != '-' && k < 2) {
            words[k++] = folder(options[i]);
        } else {
            return cs_err_exit(usage("an option is not known or has no value"));
        }
    }
    if (k == 2 && strcmp(words[0], "verify") == 0) {
        return cs_err_exit(verify(words[1]));
    }
    if (k != 1 || strcmp(words[0], "verify") == 0) {
        return cs_err_exit(usage("name one folder"));
    }
    j.out = words[0];
    return cs_err_exit(make(&j));
}
