#include "cli/node/backup_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "cli/node/offline.h"
#include "net/file.h"
#include "wire/jsonx.h"

enum { CHUNK = 256 << 10 };

const char *bd_path(char out[BD_PATH_CAP], const char *dir, const char *name)
{
    int n = snprintf(out, BD_PATH_CAP, "%s/%s", dir, name);

    if (n < 0 || n >= BD_PATH_CAP) {
        out[0] = '\0';
    }
    return out;
}

const char *bd_kit_name(char out[BD_NAME_CAP], const struct cs_kit_head *h)
{
    char id[CS_UUID_LEN];

    (void)snprintf(out, BD_NAME_CAP, "%s-e%u-%u.kit", cs_uuid_text(id, h->key_id),
                   (unsigned)h->epoch, h->index);
    return out;
}

void bd_progress(const char *what, uint64_t done, uint64_t total, const char *unit)
{
    static uint64_t tenth;
    bool is_tty = isatty(STDERR_FILENO) == 1;
    uint64_t now = total == 0 ? 0 : done * 10 / total;

    if (done == 0) {
        tenth = 0;
    }
    if (total == 0) { /* not known yet */
        return;
    }
    if (is_tty) {
        (void)fprintf(stderr, "\r%s: %llu of %llu %s%s", what, (unsigned long long)done,
                      (unsigned long long)total, unit, done >= total ? "\n" : "");
    } else if (now > tenth) {
        tenth = now;
        (void)fprintf(stderr, "%s: %llu of %llu %s\n", what, (unsigned long long)done,
                      (unsigned long long)total, unit);
    }
}

/* ---- the folder ------------------------------------------------------------------ */

static enum cs_err cannot(const char *what, const char *path)
{
    return off_say(errno == ENOSPC || errno == EDQUOT ? CS_ERR_STORE_FULL : CS_ERR_OS,
                   "cannot %s %s: %s", what, path, strerror(errno));
}

static bool is_ours(const char *name)
{
    size_t n = strlen(name);

    return strcmp(name, BD_HEAD) == 0 || strcmp(name, BD_SUMS) == 0 ||
           strcmp(name, BD_STORE) == 0 || (n > 4 && strcmp(name + n - 4, ".kit") == 0);
}

/* Of part; NULL: errno. */
static DIR *open_list(const struct bd_out *o)
{
    int copy = dup(o->fd);
    DIR *d = copy >= 0 ? fdopendir(copy) : NULL;

    if (d != NULL) {
        rewinddir(d); /* the place is o->fd's: an earlier list left it at the end */
    } else if (copy >= 0) {
        (void)close(copy);
    }
    return d;
}

/* What a backup that was killed left there. */
static enum cs_err empty_part(struct bd_out *o)
{
    DIR *d = open_list(o);
    const struct dirent *e;
    enum cs_err err = CS_OK;

    if (d == NULL) {
        return cannot("read", o->part);
    }
    while (err == CS_OK && (e = readdir(d)) != NULL) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0) {
            continue;
        }
        if (!is_ours(e->d_name)) {
            err = off_say(CS_ERR_EXISTS,
                          "%s holds %s, which is no part of a backup: remove the "
                          "folder, or name another one",
                          o->part, e->d_name);
        } else if (unlinkat(o->fd, e->d_name, 0) != 0) {
            err = cannot("empty", o->part);
        }
    }
    (void)closedir(d);
    return err;
}

static enum cs_err is_free(const char *dir)
{
    if (rmdir(dir) == 0 || errno == ENOENT) {
        return CS_OK;
    }
    if (errno == EBUSY) {
        return off_say(CS_ERR_CONFIG,
                       "%s is where a volume is mounted: name a new folder below it",
                       dir);
    }
    return off_say(CS_ERR_EXISTS,
                   "%s exists and is not empty: each backup has a folder of its own, "
                   "name a new one",
                   dir);
}

/* In a folder of somebody else's, or that others may write, that one could exchange
 * what is written. */
static enum cs_err check_part(const struct bd_out *o)
{
    struct stat st;

    if (fstat(o->fd, &st) != 0) {
        return cannot("read", o->part);
    }
    if (st.st_uid != geteuid() || (st.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        return off_say(CS_ERR_EXISTS,
                       "%s exists, and is not this user's alone: remove it, or name "
                       "another folder",
                       o->part);
    }
    return CS_OK;
}

static enum cs_err open_part(struct bd_out *o)
{
    enum cs_err err;

    if (mkdir(o->part, 0700) != 0 && errno != EEXIST) {
        return cannot("make", o->part);
    }
    o->fd = open(o->part, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (o->fd < 0) {
        return cannot("open", o->part);
    }
    err = check_part(o);
    if (err == CS_OK && flock(o->fd, LOCK_EX | LOCK_NB) != 0) {
        err = off_say(CS_ERR_LIMIT, "another backup writes %s", o->part);
    }
    if (err != CS_OK) {
        (void)close(o->fd);
        o->fd = -1; /* not ours to remove */
        return err;
    }
    return empty_part(o);
}

enum cs_err bd_begin(struct bd_out *o, const char *dir)
{
    size_t n = strlen(dir);
    int fd;

    *o = (struct bd_out){.fd = -1};
    while (n > 1 && dir[n - 1] == '/') {
        n--;
    }
    if (n + sizeof ".partial" > BD_PATH_CAP) {
        return off_say(CS_ERR_CONFIG, "the folder's name is too long");
    }
    (void)snprintf(o->dir, sizeof o->dir, "%.*s", (int)n, dir);
    (void)snprintf(o->part, sizeof o->part, "%.*s.partial", (int)n, dir);
    CS_CHECK(is_free(o->dir));
    CS_CHECK(open_part(o));
    fd = bd_create(o, BD_SUMS);
    o->sums = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (o->sums == NULL) {
        if (fd >= 0) {
            (void)close(fd);
        }
        return CS_ERR_OS;
    }
    cs_sha256_start(&o->hash);
    return CS_OK;
}

int bd_create(struct bd_out *o, const char *name)
{
    int fd = openat(o->fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
                    0600);

    if (fd < 0) {
        (void)off_say(CS_ERR_OS, "cannot write %s/%s: %s", o->part, name,
                      strerror(errno));
    }
    return fd;
}

enum cs_err bd_created(struct bd_out *o, const char *name, const uint8_t hash[32])
{
    char hex[65], line[BD_PATH_CAP];
    int n = snprintf(line, sizeof line, "%s  %s\n", cs_hex(hex, hash, 32), name);

    CS_ASSERT(n > 0 && (size_t)n < sizeof line);
    if (fwrite(line, 1, (size_t)n, o->sums) != (size_t)n) {
        return cannot("write", o->part);
    }
    cs_sha256_update(&o->hash, (const uint8_t *)line, (size_t)n);
    o->files++;
    return CS_OK;
}

static void sha256(uint8_t out[32], struct cs_span data)
{
    struct cs_sha256_state st;

    cs_sha256_start(&st);
    cs_sha256_update(&st, data.p, data.n);
    cs_sha256_final(&st, out);
}

static enum cs_err put(struct bd_out *o, const char *name, struct cs_span data)
{
    int fd = bd_create(o, name);
    enum cs_err err;

    if (fd < 0) {
        return CS_ERR_OS;
    }
    err = cs_file_write_fd(fd, data);
    if (err != CS_OK) {
        err = cannot("write", o->part);
    }
    if (close(fd) != 0 && err == CS_OK) {
        err = cannot("write", o->part);
    }
    return err;
}

enum cs_err bd_put(struct bd_out *o, const char *name, struct cs_span data)
{
    uint8_t hash[32];

    CS_CHECK(put(o, name, data));
    sha256(hash, data);
    return bd_created(o, name, hash);
}

static enum cs_err put_head(struct bd_out *o, json_t *head)
{
    struct cs_wr w = {0};
    uint8_t hash[32];
    enum cs_err err;

    cs_sha256_final(&o->hash, hash);
    (void)json_object_set_new(head, "files", json_integer((json_int_t)o->files));
    (void)json_object_set_new(head, "sums", cs_json_hex(hash, sizeof hash));
    cs_json_write(&w, head);
    cs_wr_u8(&w, '\n');
    err = w.err == CS_OK ? put(o, BD_HEAD, cs_wr_get(&w)) : w.err;
    cs_wr_free(&w);
    return err;
}

static enum cs_err sync_parent(const char *path)
{
    char parent[BD_PATH_CAP];
    const char *slash = strrchr(path, '/');
    int fd, rc;

    (void)snprintf(parent, sizeof parent, "%.*s",
                   slash == NULL ? 1 : (int)(slash - path), slash == NULL ? "." : path);
    fd = open(parent[0] == '\0' ? "/" : parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    rc = fd < 0 ? -1 : fsync(fd);
    if (fd >= 0) {
        (void)close(fd);
    }
    return rc == 0 ? CS_OK : cannot("sync the folder of", path);
}

static enum cs_err sync_one(const struct bd_out *o, const char *name)
{
    int fd = openat(o->fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    int rc = fd < 0 ? -1 : fsync(fd);

    if (fd >= 0) {
        (void)close(fd);
    }
    return rc == 0 ? CS_OK : cannot("sync", o->part);
}

/* One by one, where a container's profile has no syncfs: ours has none. */
static enum cs_err sync_each(const struct bd_out *o)
{
    DIR *d = open_list(o);
    const struct dirent *e;
    enum cs_err err = CS_OK;

    if (d == NULL) {
        return cannot("read", o->part);
    }
    while (err == CS_OK && (e = readdir(d)) != NULL) {
        err = is_ours(e->d_name) ? sync_one(o, e->d_name) : CS_OK;
    }
    (void)closedir(d);
    return err;
}

/* All files, in one call where there is one. */
static enum cs_err sync_all(const struct bd_out *o)
{
    if (syncfs(o->fd) != 0) {
        if (errno != ENOSYS && errno != EPERM) {
            return cannot("sync", o->part);
        }
        CS_CHECK(sync_each(o));
    }
    return fsync(o->fd) == 0 ? CS_OK : cannot("sync", o->part);
}

enum cs_err bd_finish(struct bd_out *o, json_t *head)
{
    FILE *sums = o->sums;

    o->sums = NULL;
    if (fclose(sums) != 0) {
        return cannot("write", o->part);
    }
    CS_CHECK(put_head(o, head));
    CS_CHECK(sync_all(o));
    if (rename(o->part, o->dir) != 0) {
        return cannot("rename to", o->dir);
    }
    (void)close(o->fd);
    o->fd = -1;
    return sync_parent(o->dir);
}

void bd_drop(struct bd_out *o)
{
    if (o->sums != NULL) {
        (void)fclose(o->sums);
        o->sums = NULL;
    }
    if (o->fd >= 0) {
        if (empty_part(o) == CS_OK) {
            (void)rmdir(o->part);
        }
        (void)close(o->fd);
        o->fd = -1;
    }
}

/* ---- reading --------------------------------------------------------------------- */

bool bd_is_one(const char *dir)
{
    char path[BD_PATH_CAP];
    struct stat st;

    return stat(bd_path(path, dir, BD_HEAD), &st) == 0 && S_ISREG(st.st_mode);
}

enum cs_err bd_hash_fd(uint8_t out[32], int fd, uint64_t *bytes)
{
    uint8_t *chunk = cs_alloc(CHUNK);
    struct cs_sha256_state st;
    ssize_t n = 1;

    if (chunk == NULL) {
        return CS_ERR_NOMEM;
    }
    cs_sha256_start(&st);
    while (n > 0 || (n < 0 && errno == EINTR)) {
        n = read(fd, chunk, CHUNK);
        if (n > 0) {
            cs_sha256_update(&st, chunk, (size_t)n);
            *bytes += (uint64_t)n;
        }
    }
    cs_free(chunk);
    cs_sha256_final(&st, out);
    return n == 0 ? CS_OK : CS_ERR_OS;
}

static enum cs_err check_file(struct bd_in *in, const char *name,
                              const uint8_t want[32])
{
    char path[BD_PATH_CAP];
    uint8_t hash[32];
    int fd = open(bd_path(path, in->dir, name),
                  O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    enum cs_err err;

    if (fd < 0) {
        return off_say(CS_ERR_STORE_CORRUPT, "%s/%s: %s: the backup is not whole",
                       in->dir, name, strerror(errno));
    }
    err = bd_hash_fd(hash, fd, &in->bytes);
    (void)close(fd);
    if (err != CS_OK) {
        return off_say(err, "%s: cannot be read", path);
    }
    return memcmp(hash, want, sizeof hash) == 0
               ? CS_OK
               : off_say(CS_ERR_STORE_CORRUPT, "%s was altered or damaged", path);
}

/* "<64 hex digits>  <name of ours, without a folder>\n" */
static bool parse_line(char *line, uint8_t hash[32], const char **name)
{
    size_t n = strlen(line);
    char hex[65];

    if (n < 68 || line[n - 1] != '\n' || line[64] != ' ' || line[65] != ' ') {
        return false;
    }
    line[n - 1] = '\0';
    memcpy(hex, line, 64);
    hex[64] = '\0';
    *name = line + 66;
    return cs_unhex(hash, 32, hex) == CS_OK && strchr(*name, '/') == NULL &&
           is_ours(*name);
}

static enum cs_err one_line(struct bd_in *in, char *line, bool all)
{
    char path[BD_PATH_CAP];
    uint8_t hash[32];
    const char *name;
    bool is_store;

    if (!parse_line(line, hash, &name)) {
        return off_say(CS_ERR_STORE_CORRUPT, "%s/%s: a line is malformed", in->dir,
                       BD_SUMS);
    }
    is_store = strcmp(name, BD_STORE) == 0;
    in->files++;
    if (is_store) {
        in->has_store = true;
        memcpy(in->store_hash, hash, sizeof hash);
    }
    if (all || is_store) {
        CS_CHECK(check_file(in, name, hash));
    }
    return in->kit == NULL || is_store ? CS_OK
                                       : in->kit(in->ctx, bd_path(path, in->dir, name));
}

static enum cs_err all_lines(struct bd_in *in, FILE *f, bool all)
{
    char line[BD_PATH_CAP];
    enum cs_err first = CS_OK;

    while (fgets(line, sizeof line, f) != NULL) {
        enum cs_err err = one_line(in, line, all);

        first = first == CS_OK ? err : first; /* the others are looked at, too */
    }
    return first;
}

/* Neither a pipe, which would never end, nor a way out of the folder; NULL: errno. */
static FILE *open_sums(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    FILE *f = NULL;
    struct stat st;

    if (fd >= 0 && fstat(fd, &st) == 0) {
        errno = EINVAL;
        f = S_ISREG(st.st_mode) ? fdopen(fd, "r") : NULL;
    }
    if (f == NULL && fd >= 0) {
        (void)close(fd);
    }
    return f;
}

static enum cs_err check_sums(struct bd_in *in, bool all)
{
    char path[BD_PATH_CAP], hex[65];
    FILE *f = open_sums(bd_path(path, in->dir, BD_SUMS));
    const char *want = json_string_value(json_object_get(in->head, "sums"));
    uint8_t hash[32];
    uint64_t bytes = 0;
    enum cs_err err;

    if (f == NULL) {
        return off_say(CS_ERR_STORE_CORRUPT, "%s: %s: the backup is not whole", path,
                       strerror(errno));
    }
    err = bd_hash_fd(hash, fileno(f), &bytes);
    if (err == CS_OK && (want == NULL || strcmp(cs_hex(hex, hash, 32), want) != 0)) {
        err = off_say(CS_ERR_STORE_CORRUPT, "%s was altered or damaged", path);
    }
    if (err == CS_OK) {
        rewind(f);
        err = all_lines(in, f, all);
    }
    (void)fclose(f);
    return err;
}

static enum cs_err read_head(struct bd_in *in)
{
    char path[BD_PATH_CAP];
    struct cs_wr w = {0};
    const char *why = "", *format;
    json_int_t version;
    enum cs_err err;

    if (!bd_is_one(in->dir)) {
        return off_say(CS_ERR_NOT_FOUND,
                       "%s is no backup: it has no " BD_HEAD " (one that was not "
                       "finished is called .partial)",
                       in->dir);
    }
    CS_TRY(off_read(&w, bd_path(path, in->dir, BD_HEAD), 64 << 10, false));
    err = cs_json_parse(&in->head, cs_wr_get(&w), 64 << 10, &why);
    if (err != CS_OK) {
        (void)off_say(CS_ERR_STORE_CORRUPT, "%s: %s", path, why);
        err = CS_ERR_STORE_CORRUPT;
        goto out;
    }
    format = json_string_value(json_object_get(in->head, "format"));
    version = json_integer_value(json_object_get(in->head, "version"));
    if (format == NULL || strcmp(format, "cloudsign-backup") != 0) {
        err = off_say(CS_ERR_STORE_CORRUPT, "%s is not of a backup", path);
    } else if (version != 1) {
        err = off_say(CS_ERR_STORE_VERSION,
                      "%s: version %lld is newer than this program: use the one that "
                      "made the backup, or a later one",
                      path, (long long)version);
    }
out:
    cs_wr_free(&w);
    return err;
}

enum cs_err bd_check(struct bd_in *in, const char *dir, bool all)
{
    json_int_t files;

    in->dir = dir;
    CS_CHECK(read_head(in));
    CS_CHECK(check_sums(in, all));
    files = json_integer_value(json_object_get(in->head, "files"));
    return (uint64_t)files == in->files
               ? CS_OK
               : off_say(CS_ERR_STORE_CORRUPT, "%s: it has %llu files, not %lld", dir,
                         (unsigned long long)in->files, (long long)files);
}

void bd_free(struct bd_in *in)
{
    json_decref(in->head);
    in->head = NULL;
}
