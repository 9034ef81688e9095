#include "cli/node/backup_source.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/os/clock.h"
#include "base/os/random.h"
#include "base/os/secret.h"
#include "base/text.h"
#include "cli/node/backup_dir.h"
#include "cli/node/cli.h"
#include "cli/node/environment.h"
#include "cli/node/offline.h"
#include "net/file.h"
#include "net/local_client.h"
#include "store/lmdb/copy.h"
#include "wire/jsonx.h"

enum {
    ANSWER_MAX = 256 << 10,
    ASK_EVERY_MS = 100,
    STALL_MS = 40000, /* the node gives up after 30 s */
    PIPE_BYTES = 1 << 20,
    CHUNK = 256 << 10,
    MIB = 1 << 20,
    YOUNG_S = 10
};

/* ---- asking ---------------------------------------------------------------------- */

const char *bs_text(const json_t *o, const char *name)
{
    const char *s = json_string_value(json_object_get(o, name));

    return s != NULL ? s : "";
}

bool bs_refused(const json_t *o, enum cs_err *err)
{
    if (json_is_true(json_object_get(o, "ok"))) {
        return false;
    }
    *err = cs_err_from_reason(bs_text(o, "reason"));
    return true;
}

static enum cs_err ask_either(struct bs *s, struct cs_span question, struct cs_wr *text,
                              struct cs_why *why)
{
    return s->stopped != NULL
               ? cs_stopped_ask(s->stopped, question, text)
               : cs_local_ask(text, cli_data_dir(), "node.sock", question, why);
}

json_t *bs_ask(struct bs *s, json_t *q, enum cs_err *err)
{
    struct cs_wr question = {0}, text = {.max = 2 * ANSWER_MAX};
    struct cs_why why = {""};
    const char *problem = "";
    json_t *o = NULL;

    cs_json_write(&question, q);
    json_decref(q);
    *err = question.err;
    if (*err == CS_OK) {
        *err = ask_either(s, cs_wr_get(&question), &text, &why);
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

/* ---- running or stopped ---------------------------------------------------------- */

enum cs_err bs_settings(struct cs_node_config *cfg, struct cli_env *e)
{
    struct cs_why why = {""};
    bool unsafe_fs = false;
    enum cs_err err = cli_env_read(e, &why);

    if (err == CS_OK) {
        err = cs_os_setting_bool(&unsafe_fs, "CLOUDSIGN_ALLOW_UNSAFE_FS", false, &why);
    }
    *cfg = (struct cs_node_config){
        .size = sizeof *cfg,
        .data_dir = cli_data_dir(),
        .pairing_key = e->pairing_key,
        .db_key_hex = e->db_key_hex,
        .db_key_ref = cs_os_setting("DB_ENCRYPTION_KEY_REF", NULL),
        .aws_env = (const char *const *)e->aws,
        .recovery_keys = cs_os_setting("RECOVERY_KEYS", NULL),
        .allow_unsafe_fs = unsafe_fs};
    return err == CS_OK ? CS_OK : off_say(err, "%s", why.text);
}

bool bs_has_key(const struct cs_node_config *cfg)
{
    return cfg->db_key_hex != NULL || cfg->db_key_ref != NULL;
}

static enum cs_err open_stopped(struct bs *s)
{
    struct cs_node_config cfg;
    struct cli_env e = {0};
    struct cs_why why = {""};
    enum cs_err err = bs_settings(&cfg, &e);

    s->can_ask = bs_has_key(&cfg);
    if (err == CS_OK) {
        err = cs_stopped_open(&s->stopped, &cfg, &why);
        if (err != CS_OK) {
            (void)off_say(err, "%s", why.text[0] != '\0' ? why.text : cs_err_text(err));
        }
    }
    cli_env_wipe(&e);
    return err;
}

enum cs_err bs_open(struct bs *s)
{
    struct cs_wr text = {.max = 2 * ANSWER_MAX};
    struct cs_why why = {""};
    enum cs_err err = cs_local_ask(&text, cli_data_dir(), "node.sock",
                                   CS_SPAN_LIT("{\"cmd\":\"status\"}"), &why);

    cs_wr_free(&text);
    *s = (struct bs){.can_ask = true};
    if (err == CS_ERR_CONN) {
        return open_stopped(s);
    }
    return err == CS_OK ? CS_OK : off_say(err, "%s", why.text);
}

void bs_close(struct bs *s)
{
    cs_stopped_close(s->stopped);
    s->stopped = NULL;
}

/* ---- the copy, of a stopped node ------------------------------------------------- */

struct to_file {
    int fd;
    uint64_t done;
};

static enum cs_err write_on(struct to_file *f, struct cs_span bytes, uint64_t total)
{
    if (cs_file_write_fd(f->fd, bytes) != CS_OK) {
        return off_say(errno == ENOSPC ? CS_ERR_STORE_FULL : CS_ERR_OS,
                       "cannot write the copy: %s", strerror(errno));
    }
    f->done += bytes.n;
    bd_progress("store", (f->done + MIB - 1) / MIB, (total + MIB - 1) / MIB, "MiB");
    return CS_OK;
}

static enum cs_err sink(void *ctx, struct cs_span bytes, uint64_t total)
{
    return write_on(ctx, bytes, total);
}

/* ---- the copy, of a running one -------------------------------------------------- */

struct fifo {
    char name[48], path[BD_PATH_CAP];
    int fd;
};

/* Both ends have it: it needs no name any more, and none is left by a kill. */
static void fifo_unname(struct fifo *f)
{
    if (f->path[0] != '\0') {
        (void)unlink(f->path);
        f->path[0] = '\0';
    }
}

static void fifo_close(struct fifo *f)
{
    if (f->fd >= 0) {
        (void)close(f->fd);
    }
    fifo_unname(f);
}

/* A pipe that nobody reads: of a backup that was killed.  A young one may be another
 * backup's, which is about to open it. */
static bool is_left(int dir, const char *name)
{
    struct stat st;
    int fd;

    if (strncmp(name, "copy-", 5) != 0 ||
        fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISFIFO(st.st_mode) ||
        time(NULL) - st.st_mtime < YOUNG_S) {
        return false;
    }
    fd = openat(dir, name, O_WRONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0) {
        (void)close(fd);
        return false;
    }
    return errno == ENXIO;
}

static void remove_left(const char *data_dir)
{
    DIR *d = opendir(data_dir);
    const struct dirent *e;

    while (d != NULL && (e = readdir(d)) != NULL) {
        if (is_left(dirfd(d), e->d_name)) {
            (void)unlinkat(dirfd(d), e->d_name, 0);
        }
    }
    if (d != NULL) {
        (void)closedir(d);
    }
}

/* Root makes it for the node's user; by its descriptor, for that user may exchange the
 * name. */
static bool give_to_node(int fd)
{
    struct stat dir, st;

    return geteuid() != 0 ||
           (fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode) && st.st_nlink == 1 &&
            stat(cli_data_dir(), &dir) == 0 && fchown(fd, dir.st_uid, dir.st_gid) == 0);
}

static enum cs_err fifo_open(struct fifo *f)
{
    uint8_t rnd[8];
    char hex[17];

    remove_left(cli_data_dir());
    *f = (struct fifo){.fd = -1};
    cs_os_random(NULL, rnd, sizeof rnd);
    (void)snprintf(f->name, sizeof f->name, "copy-%s", cs_hex(hex, rnd, sizeof rnd));
    if (bd_path(f->path, cli_data_dir(), f->name)[0] == '\0' ||
        mkfifo(f->path, 0600) != 0) {
        f->path[0] = '\0';
        return off_say(CS_ERR_OS, "cannot make a pipe in %s: %s", cli_data_dir(),
                       strerror(errno));
    }
    f->fd = open(f->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
    if (f->fd < 0 || !give_to_node(f->fd)) {
        return off_say(CS_ERR_OS, "cannot open %s: %s", f->path, strerror(errno));
    }
    (void)fcntl(f->fd, F_SETPIPE_SZ, PIPE_BYTES); /* faster, no more */
    return CS_OK;
}

/* The state object while it runs or is done; NULL and told otherwise. */
static json_t *ask_state(struct bs *s, enum cs_err *err)
{
    json_t *o = bs_ask(s, json_pack("{s:s}", "cmd", "store.copy.state"), err);

    if (o == NULL) {
        return NULL;
    }
    if (bs_refused(o, err)) {
        (void)off_say(*err, "%s", bs_text(o, "text"));
    } else if (strcmp(bs_text(o, "state"), "RUNNING") != 0 &&
               strcmp(bs_text(o, "state"), "DONE") != 0) {
        *err = cs_err_from_reason(bs_text(o, "reason"));
        *err = off_say(*err != CS_OK ? *err : CS_ERR_STATE,
                       "the node stopped the copy: %s", bs_text(o, "text"));
    }
    if (*err != CS_OK) {
        json_decref(o);
        o = NULL;
    }
    return o;
}

struct stream {
    struct bs *s;
    struct to_file to;
    struct cs_sha256_state hash;
    uint64_t total, asked_at, heard_at;
    bool is_done; /* the node has written all */
    char hex[65]; /* .. and this was its hash */
    uint8_t *chunk;
};

static enum cs_err look(struct stream *st)
{
    uint64_t now = cs_os_now_ms();
    enum cs_err err = CS_OK;
    json_t *o;

    if (now - st->asked_at < ASK_EVERY_MS || st->is_done) {
        return CS_OK;
    }
    st->asked_at = now;
    o = ask_state(st->s, &err);
    if (o != NULL) {
        st->total = (uint64_t)json_integer_value(json_object_get(o, "total"));
        st->is_done = strcmp(bs_text(o, "state"), "DONE") == 0;
        (void)snprintf(st->hex, sizeof st->hex, "%s", bs_text(o, "sha256"));
        json_decref(o);
    }
    return err;
}

/* *end: nothing comes any more. */
static enum cs_err take(struct stream *st, struct fifo *f, bool *end)
{
    struct pollfd p = {.fd = f->fd, .events = POLLIN};
    struct timespec pause = {.tv_nsec = 10000000};
    ssize_t n;

    (void)poll(&p, 1, ASK_EVERY_MS);
    n = read(f->fd, st->chunk, CHUNK);
    if (n > 0) {
        fifo_unname(f);
        st->heard_at = cs_os_now_ms();
        cs_sha256_update(&st->hash, st->chunk, (size_t)n);
        return write_on(&st->to, CS_SPAN(st->chunk, (size_t)n), st->total);
    }
    *end = n == 0 && st->is_done; /* before the node opens it, read says 0 too */
    if (!*end && cs_os_now_ms() - st->heard_at > STALL_MS) {
        return off_say(CS_ERR_TIMEOUT, "the node sends nothing");
    }
    (void)nanosleep(&pause, NULL);
    return CS_OK;
}

static enum cs_err receive(struct stream *st, struct fifo *f, uint8_t hash[32])
{
    enum cs_err err = CS_OK;
    bool end = false;
    char hex[65];

    st->heard_at = cs_os_now_ms();
    while (err == CS_OK && !end) {
        err = look(st);
        if (err == CS_OK) {
            err = take(st, f, &end);
        }
    }
    cs_sha256_final(&st->hash, hash);
    if (err == CS_OK &&
        (st->to.done != st->total || strcmp(cs_hex(hex, hash, 32), st->hex) != 0)) {
        err = off_say(CS_ERR_STORE_CORRUPT, "the copy is not what the node sent");
    }
    return err;
}

static enum cs_err start_copy(struct bs *s, const char *name)
{
    enum cs_err err;
    json_t *o = bs_ask(s, json_pack("{s:s,s:s}", "cmd", "store.copy", "fifo", name),
                       &err);

    if (o != NULL && bs_refused(o, &err)) {
        (void)off_say(err, "%s", bs_text(o, "text"));
    }
    json_decref(o);
    return err;
}

static enum cs_err copy_running(struct bs *s, int fd, uint8_t hash[32])
{
    struct stream st = {.s = s, .to = {.fd = fd}, .chunk = cs_alloc(CHUNK)};
    struct fifo f = {.fd = -1};
    enum cs_err err = st.chunk == NULL ? CS_ERR_NOMEM : fifo_open(&f);

    cs_sha256_start(&st.hash);
    if (err == CS_OK) {
        err = start_copy(s, f.name);
    }
    if (err == CS_OK) {
        err = receive(&st, &f, hash);
    }
    fifo_close(&f);
    cs_free(st.chunk);
    return err;
}

enum cs_err bs_copy(struct bs *s, int fd, uint8_t hash[32])
{
    struct to_file to = {.fd = fd};

    bd_progress("store", 0, 1, "MiB");
    return s->stopped != NULL ? cs_lmdb_copy(cs_stopped_kv(s->stopped), sink, &to, hash)
                              : copy_running(s, fd, hash);
}
