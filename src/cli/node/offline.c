#include "cli/node/offline.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/os/harden.h"
#include "crypto/selftest.h"
#include "net/file.h"

enum { LINE_MAX_LEN = 1024, PASSPHRASE_MIN = 12, CTRL_C = 3, CTRL_D = 4 };

enum cs_err off_say(enum cs_err err, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    (void)fputs("cloudsign: ", stderr);
    (void)vfprintf(stderr, fmt, ap);
    (void)fputc('\n', stderr);
    va_end(ap);
    return err;
}

enum cs_err off_start(void)
{
    struct cs_why why = {""};
    const char *what = "";
    enum cs_err err = cs_os_harden(&why);

    if (err != CS_OK) {
        return off_say(err, "%s", why.text);
    }
    err = cs_crypto_init();
    if (err == CS_OK) {
        err = cs_selftest(&what);
    }
    return err == CS_OK ? err : off_say(err, "%s %s", cs_err_text(err), what);
}

enum cs_err off_printed(enum cs_err err)
{
    if (fflush(stdout) != 0 || ferror(stdout) != 0) {
        enum cs_err lost = off_say(CS_ERR_OS, "cannot write to the standard output: %s",
                                   strerror(errno));

        return err == CS_OK ? lost : err;
    }
    return err;
}

/* ---- files ----------------------------------------------------------------------- */

static enum cs_err read_all(struct cs_wr *w, int fd, size_t max)
{
    uint8_t buf[4096];
    size_t total = 0;
    ssize_t n;

    do {
        n = read(fd, buf, sizeof buf);
        if (n > 0) {
            total += (size_t)n;
            cs_wr_bytes(w, buf, (size_t)n);
        }
    } while ((n > 0 && total <= max) || (n < 0 && errno == EINTR));
    cs_wipe(buf, sizeof buf);
    if (n < 0) {
        return CS_ERR_OS;
    }
    return total > max ? CS_ERR_TOO_LONG : w->err;
}

static enum cs_err check_file(int fd, const char *path, bool secret)
{
    struct stat st;

    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        return off_say(CS_ERR_CONFIG, "%s is not a regular file", path);
    }
    if (secret && (st.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        return off_say(CS_ERR_CONFIG,
                       "%s is a secret that other users may read: chmod 600 it", path);
    }
    return CS_OK;
}

enum cs_err off_read(struct cs_wr *w, const char *path, size_t max, bool secret)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    enum cs_err err;

    if (fd < 0) {
        return off_say(CS_ERR_CONFIG, "cannot open %s: %s", path, strerror(errno));
    }
    err = check_file(fd, path, secret);
    if (err == CS_OK) {
        err = read_all(w, fd, max);
        if (err == CS_ERR_TOO_LONG) {
            (void)off_say(err, "%s is longer than %zu bytes: not a file of this kind",
                          path, max);
        } else if (err != CS_OK) {
            (void)off_say(err, "cannot read %s: %s", path, cs_err_text(err));
        }
    }
    (void)close(fd);
    return err;
}

static const char *key_problem(enum cs_err err)
{
    switch (err) {
    case CS_ERR_BAD_FORMAT:
        return "is no recovery key: neither a line of `cloudsign recover keygen` nor "
               "an RSA key in PEM";
    case CS_ERR_USAGE:
        return "is not RSA of 4096 bits with exponent 65537, or it is encrypted: then "
               "decrypt it with openssl first";
    case CS_ERR_BAD_POINT:
        return "is an X25519 key of low order, which encrypts to everybody";
    default:
        return cs_err_text(err);
    }
}

struct cs_recovery_key *off_key(const char *path, bool secret, enum cs_err *err)
{
    struct cs_wr text = {0};
    struct cs_recovery_key *k = NULL;

    *err = off_read(&text, path, CS_RECOVERY_TEXT_MAX, secret);
    if (*err == CS_OK) {
        *err = cs_recovery_key_parse(&k, cs_wr_get(&text));
        if (*err != CS_OK) {
            (void)off_say(*err, "%s %s", path, key_problem(*err));
        }
    }
    cs_wr_free(&text);
    if (k != NULL && secret && !cs_recovery_has_secret(k)) {
        *err = off_say(CS_ERR_USAGE, "%s is a public key: it cannot open a kit", path);
        cs_recovery_key_free(k);
        return NULL;
    }
    return k;
}

/* ---- the terminal ---------------------------------------------------------------- */

static bool write_text(int fd, const char *text)
{
    return cs_file_write_fd(fd, CS_SPAN(text, strlen(text))) == CS_OK;
}

static int open_terminal(void)
{
    int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);

    if (fd < 0) {
        (void)off_say(CS_ERR_USAGE,
                      "there is no terminal: secrets are neither asked from nor shown "
                      "to a pipe (see cloudsign help for what works without)");
    }
    return fd;
}

/* Without echo no signal either: it would leave the terminal blind. */
static bool set_echo(int fd, bool on)
{
    struct termios t;

    if (tcgetattr(fd, &t) != 0) {
        return false;
    }
    if (on) {
        t.c_lflag |= ECHO | ISIG;
    } else {
        t.c_lflag &= ~(tcflag_t)(ECHO | ISIG);
    }
    return tcsetattr(fd, TCSAFLUSH, &t) == 0;
}

/* Up to the line's end, which is not part of it. */
static enum cs_err read_line(struct cs_wr *w, int fd)
{
    size_t n = 0;
    uint8_t c;

    while (read(fd, &c, 1) == 1 && c != CTRL_C && c != CTRL_D) {
        if (c == '\n' || c == '\r') {
            return w->err;
        }
        if (++n > LINE_MAX_LEN) {
            return CS_ERR_TOO_LONG;
        }
        cs_wr_u8(w, c);
    }
    return CS_ERR_USAGE; /* given up */
}

static enum cs_err ask_unseen(struct cs_wr *w, const char *question)
{
    int fd = open_terminal();
    enum cs_err err;

    if (fd < 0) {
        return CS_ERR_USAGE;
    }
    err = write_text(fd, question) && set_echo(fd, false) ? read_line(w, fd)
                                                          : CS_ERR_OS;
    (void)set_echo(fd, true);
    (void)write_text(fd, "\n");
    (void)close(fd);
    return err;
}

static enum cs_err ask_twice(struct cs_wr *w)
{
    struct cs_wr again = {0};
    enum cs_err err = ask_unseen(w, "New passphrase: ");

    if (err == CS_OK && w->n < PASSPHRASE_MIN) {
        return off_say(CS_ERR_USAGE, "the passphrase has fewer than %d characters",
                       PASSPHRASE_MIN);
    }
    if (err == CS_OK) {
        err = ask_unseen(&again, "The same again: ");
    }
    if (err == CS_OK && (again.n != w->n || !cs_ct_equal(again.p, w->p, w->n))) {
        err = off_say(CS_ERR_USAGE, "the two passphrases differ");
    }
    cs_wr_free(&again);
    return err;
}

enum cs_err off_passphrase(struct cs_wr *w, const char *path, bool is_new)
{
    if (path == NULL) {
        return is_new ? ask_twice(w) : ask_unseen(w, "Passphrase: ");
    }
    CS_CHECK(off_read(w, path, LINE_MAX_LEN, true));
    while (w->n > 0 && (w->p[w->n - 1] == '\n' || w->p[w->n - 1] == '\r')) {
        w->p[--w->n] = 0;
    }
    if (is_new && w->n < PASSPHRASE_MIN) {
        return off_say(CS_ERR_USAGE, "%s holds fewer than %d characters", path,
                       PASSPHRASE_MIN);
    }
    return CS_OK;
}

bool off_confirm(const char *question, const char *expected)
{
    struct cs_wr w = {0};
    int fd = open_terminal();
    bool yes = false;

    if (fd < 0) {
        return false;
    }
    if (write_text(fd, question) && read_line(&w, fd) == CS_OK) {
        yes = w.p != NULL && w.n == strlen(expected) && memcmp(w.p, expected, w.n) == 0;
    }
    cs_wr_free(&w);
    (void)close(fd);
    return yes;
}

enum cs_err off_show(struct cs_span text)
{
    int fd = open_terminal();
    enum cs_err err;

    if (fd < 0) {
        return CS_ERR_USAGE;
    }
    err = cs_file_write_fd(fd, text);
    (void)close(fd);
    return err;
}
