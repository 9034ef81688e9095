/* cloudsign restore: an empty volume becomes the store of a backup (PROTOCOLS 8.9).
 *
 * Everything that can be refused is found before a byte is written.  Then the store is
 * made beside its place, in restore.part, durable and ready, and one rename puts it
 * there: killed at any point, the volume is empty or whole.  The restored store begins
 * its boot counter anew, so every peer fences the node until an operator accepts there.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/os/volume.h"
#include "cli/node/backup_dir.h"
#include "cli/node/backup_source.h"
#include "cli/node/cli.h"
#include "cli/node/environment.h"
#include "cli/node/offline.h"
#include "net/file.h"
#include "store/lmdb/kv_lmdb.h"
#include "wire/jsonx.h"

enum { CHUNK = 256 << 10 };

#define PART "restore.part"

struct restore {
    struct bd_in in;
    struct cli_env env;
    struct cs_node_config cfg;
    const char *volume;
    char part[BD_PATH_CAP];
    struct cs_os_lock lock;
    json_t *status; /* of the restored store */
};

/* ---- the volume ------------------------------------------------------------------ */

/* As a start without a pairing key leaves it. */
static bool holds_nothing(const char *volume)
{
    struct cs_why why = {""};
    char path[BD_PATH_CAP];
    struct cs_kv *kv;
    bool empty = false;

    if (cs_kv_lmdb_open_copy(&kv, bd_path(path, volume, "data.mdb"), &why) != CS_OK) {
        return false;
    }
    if (cs_kv_is_empty(kv, &empty) != CS_OK) {
        empty = false;
    }
    cs_kv_close(kv);
    return empty;
}

/* What is there without a store: of file systems, of a node that never had one, of a
 * restore that was killed. */
static bool is_nothing(const char *volume, int dir, const char *name)
{
    static const char *const names[] = {".",        "..",        "lost+found", "lock",
                                        "lock.mdb", "node.sock", PART};
    struct stat st;

    for (size_t i = 0; i < CS_COUNTOF(names); i++) {
        if (strcmp(name, names[i]) == 0) {
            return true;
        }
    }
    return strcmp(name, "data.mdb") == 0 &&
           fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
           (st.st_size == 0 || holds_nothing(volume));
}

static enum cs_err volume_is_empty(const char *volume)
{
    DIR *d = opendir(volume);
    const struct dirent *e;
    enum cs_err err = CS_OK;

    if (d == NULL) {
        return off_say(CS_ERR_CONFIG, "cannot read %s: %s", volume, strerror(errno));
    }
    while (err == CS_OK && (e = readdir(d)) != NULL) {
        if (!is_nothing(volume, dirfd(d), e->d_name)) {
            err = off_say(
                CS_ERR_EXISTS,
                "%s is not empty (%s): nothing was written; restore goes onto "
                "an empty volume only, so move what is there away first",
                volume, e->d_name);
        }
    }
    (void)closedir(d);
    return err;
}

static enum cs_err check_volume(struct restore *r)
{
    struct cs_why why = {""};
    enum cs_err err = cs_os_volume_check(r->volume, r->cfg.allow_unsafe_fs != 0, &why);

    if (err != CS_OK) {
        return off_say(err, "%s", why.text);
    }
    return volume_is_empty(r->volume);
}

/* ---- the backup ------------------------------------------------------------------ */

static enum cs_err ask(struct cs_stopped *s, json_t *q, json_t **answer)
{
    struct bs source = {.stopped = s, .can_ask = true};
    enum cs_err err;
    json_t *o = bs_ask(&source, q, &err);

    if (o != NULL && json_object_get(o, "ok") != NULL && bs_refused(o, &err)) {
        (void)off_say(err, "%s", bs_text(o, "text"));
    }
    if (err == CS_OK && answer != NULL) {
        *answer = o;
        return CS_OK;
    }
    json_decref(o);
    return err;
}

static enum cs_err prove(struct cs_stopped *s)
{
    bool first = true, done = false;

    while (!done) {
        json_t *o = NULL;

        CS_CHECK(
            ask(s, json_pack("{s:s,s:b}", "cmd", "store.check", "begin", first), &o));
        first = false;
        done = json_is_true(json_object_get(o, "done"));
        json_decref(o);
    }
    return CS_OK;
}

/* With its key, every record: another device's, a wrong key, damage. */
static enum cs_err check_copy(struct restore *r)
{
    struct cs_stopped *s = NULL;
    struct cs_why why = {""};
    char path[BD_PATH_CAP];
    enum cs_err err = cs_stopped_open_copy(&s, bd_path(path, r->in.dir, BD_STORE),
                                           &r->cfg, &why);

    if (err != CS_OK) {
        return off_say(err, "%s: %s", path,
                       why.text[0] != '\0' ? why.text : cs_err_text(err));
    }
    err = prove(s);
    cs_stopped_close(s);
    return err;
}

static enum cs_err check_backup(struct restore *r, const char *dir)
{
    CS_CHECK(bd_check(&r->in, dir, false));
    if (!r->in.has_store) {
        return off_say(CS_ERR_STORE_CORRUPT, "%s has no copy of the store", dir);
    }
    return check_copy(r);
}

/* ---- writing --------------------------------------------------------------------- */

static enum cs_err cannot(const char *what, const char *path)
{
    return off_say(errno == ENOSPC || errno == EDQUOT ? CS_ERR_STORE_FULL : CS_ERR_OS,
                   "cannot %s %s: %s", what, path, strerror(errno));
}

/* The folder itself and no link to another one, where it would remove files. */
static void remove_part(const struct restore *r)
{
    static const char *const names[] = {"data.mdb", "lock.mdb", "lock"};
    int dir = open(r->part, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    for (size_t i = 0; dir >= 0 && i < CS_COUNTOF(names); i++) {
        (void)unlinkat(dir, names[i], 0);
    }
    if (dir >= 0) {
        (void)close(dir);
        (void)rmdir(r->part);
    }
}

/* Root restores for the user whose volume it is, as the node could not open it else. */
static enum cs_err give_to_owner(const struct restore *r, int fd, const char *what)
{
    struct stat dir, st;

    if (geteuid() != 0) {
        return CS_OK;
    }
    errno = EINVAL; /* of what is no file of its own */
    return stat(r->volume, &dir) == 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
                   st.st_nlink == 1 && fchown(fd, dir.st_uid, dir.st_gid) == 0
               ? CS_OK
               : cannot("give to the volume's owner", what);
}

static enum cs_err copy_fd(int from, int to, const uint8_t want[32])
{
    uint8_t *chunk = cs_alloc(CHUNK);
    struct cs_sha256_state st;
    uint8_t hash[32];
    ssize_t n = 1;
    enum cs_err err = chunk == NULL ? CS_ERR_NOMEM : CS_OK;

    cs_sha256_start(&st);
    while (err == CS_OK && n != 0) {
        n = read(from, chunk, CHUNK);
        if (n > 0) {
            cs_sha256_update(&st, chunk, (size_t)n);
            err = cs_file_write_fd(to, CS_SPAN(chunk, (size_t)n));
        } else if (n < 0 && errno != EINTR) {
            err = CS_ERR_OS;
        }
    }
    cs_free(chunk);
    cs_sha256_final(&st, hash);
    if (err == CS_ERR_OS) {
        return cannot("copy", "the store");
    }
    CS_CHECK(err);
    return memcmp(hash, want, sizeof hash) == 0
               ? CS_OK
               : off_say(CS_ERR_STORE_CORRUPT, "the backup changed while it was read");
}

static enum cs_err copy_file(struct restore *r)
{
    char from[BD_PATH_CAP], to[BD_PATH_CAP];
    int in = open(bd_path(from, r->in.dir, BD_STORE),
                  O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    int out;
    enum cs_err err;

    if (in < 0) {
        return cannot("open", from);
    }
    out = open(bd_path(to, r->part, "data.mdb"),
               O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    err = out < 0 ? cannot("make", to) : copy_fd(in, out, r->in.store_hash);
    if (err == CS_OK) {
        err = give_to_owner(r, out, to);
    }
    if (out >= 0) {
        if (err == CS_OK && fsync(out) != 0) {
            err = cannot("sync", to);
        }
        (void)close(out);
    }
    (void)close(in);
    return err;
}

/* The boot counter begins anew, and the store knows that it was restored: durable. */
static enum cs_err mark(struct restore *r)
{
    struct cs_node_config cfg = r->cfg;
    struct cs_stopped *s = NULL;
    struct cs_why why = {""};
    enum cs_err err;

    cfg.data_dir = r->part;
    err = cs_stopped_open(&s, &cfg, &why);
    if (err != CS_OK) {
        return off_say(err, "%s", why.text[0] != '\0' ? why.text : cs_err_text(err));
    }
    err = ask(s, json_pack("{s:s}", "cmd", "store.restored"), NULL);
    if (err == CS_OK) {
        err = ask(s, json_pack("{s:s}", "cmd", "status"), &r->status);
    }
    cs_stopped_close(s);
    return err;
}

static enum cs_err sync_dir(const char *dir)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc = fd < 0 ? -1 : fsync(fd);

    if (fd >= 0) {
        (void)close(fd);
    }
    return rc == 0 ? CS_OK : cannot("sync", dir);
}

static enum cs_err put_in_place(struct restore *r)
{
    char from[BD_PATH_CAP], to[BD_PATH_CAP];

    CS_CHECK(sync_dir(r->part));
    if (rename(bd_path(from, r->part, "data.mdb"),
               bd_path(to, r->volume, "data.mdb")) != 0) {
        return cannot("rename to", to);
    }
    return sync_dir(r->volume);
}

static enum cs_err write_volume(struct restore *r)
{
    struct cs_why why = {""};
    enum cs_err err = cs_os_lock_take(&r->lock, r->volume, &why);

    if (err != CS_OK) {
        return off_say(err, "%s", why.text);
    }
    CS_CHECK(volume_is_empty(r->volume)); /* nobody else, now */
    CS_CHECK(give_to_owner(r, r->lock.fd, "the lock"));
    if (bd_path(r->part, r->volume, PART)[0] == '\0') {
        return off_say(CS_ERR_CONFIG, "the name of the volume is too long");
    }
    remove_part(r);
    if (mkdir(r->part, 0700) != 0) {
        return cannot("make", r->part);
    }
    err = copy_file(r);
    if (err == CS_OK) {
        err = mark(r);
    }
    if (err == CS_OK) {
        err = put_in_place(r);
    }
    remove_part(r);
    return err;
}

/* ---- the command ----------------------------------------------------------------- */

static void print_next(const struct restore *r)
{
    const json_t *quorums = json_object_get(r->status, "quorums");

    (void)printf("restored: device %s, %lld keys, journal entry %s, as of the backup\n",
                 bs_text(r->status, "deviceId"),
                 (long long)json_integer_value(json_object_get(r->status, "keys")),
                 bs_text(r->status, "journalSeq"));
    (void)printf("Destroy the old instance for good, if there is one, then start the "
                 "node.\nIts peers refuse it (E_ROLLBACK or E_CLONE) until an operator "
                 "says on each of them:\n");
    for (size_t i = 0; i < json_array_size(quorums); i++) {
        const json_t *q = json_array_get(quorums, i);

        (void)printf("  cloudsign peer accept %s %lld\n", bs_text(q, "quorumId"),
                     (long long)json_integer_value(json_object_get(q, "index")));
    }
}

static enum cs_err settings(struct restore *r)
{
    CS_CHECK(bs_settings(&r->cfg, &r->env));
    r->volume = r->cfg.data_dir;
    return bs_has_key(&r->cfg)
               ? CS_OK
               : off_say(CS_ERR_CONFIG,
                         "set DB_ENCRYPTION_KEY_HEX or _REF to the key of the "
                         "store that was backed up: without it nobody "
                         "knows whether the backup opens");
}

static enum cs_err restore(const char *dir)
{
    struct restore r = {.lock = {.fd = -1}};
    enum cs_err err = settings(&r);

    if (err == CS_OK) {
        err = check_volume(&r);
    }
    if (err == CS_OK) {
        err = check_backup(&r, dir);
    }
    if (err == CS_OK) {
        err = write_volume(&r);
    }
    if (err == CS_OK) {
        print_next(&r);
    }
    cs_os_lock_drop(&r.lock);
    json_decref(r.status);
    bd_free(&r.in);
    cli_env_wipe(&r.env);
    return err;
}

int cli_restore(int argc, char **argv)
{
    enum cs_err err;

    if (argc != 1 || argv[0][0] == '-' || argv[0][0] == '\0') {
        return cs_err_exit(off_say(
            CS_ERR_USAGE, "use: cloudsign restore DIR (a folder that `cloudsign "
                          "backup` made), onto the empty CLOUDSIGN_DATA_DIR"));
    }
    err = off_start();
    if (err == CS_OK) {
        err = off_printed(restore(argv[0]));
    }
    cs_crypto_thread_end();
    return cs_err_exit(err);
}
