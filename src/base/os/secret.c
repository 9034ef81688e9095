#include "base/os/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"

enum { NAME_MAX_LEN = 64, CHUNK = 4096 };

static bool is_space(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Common to both sources: white space at the end goes, a NUL ends the string. */
static enum cs_err finish(struct cs_wr *out, size_t at, const char *name,
                          struct cs_why *why)
{
    CS_CHECK(out->err == CS_ERR_TOO_LONG
                 ? cs_why(why, CS_ERR_CONFIG, "%s: is longer than %d bytes", name,
                          CS_OS_SECRET_MAX)
                 : out->err);
    while (out->n > at && is_space(out->p[out->n - 1])) {
        out->p[--out->n] = 0;
    }
    if (out->n == at) {
        return cs_why(why, CS_ERR_CONFIG,
                      "%s: is empty: give it its value, or do not set it at all", name);
    }
    if (out->n - at > CS_OS_SECRET_MAX) {
        return cs_why(why, CS_ERR_CONFIG, "%s: is longer than %d bytes", name,
                      CS_OS_SECRET_MAX);
    }
    if (memchr(out->p + at, '\0', out->n - at) != NULL) {
        return cs_why(why, CS_ERR_CONFIG, "%s: holds a NUL byte; it must be text",
                      name);
    }
    cs_wr_u8(out, 0);
    return out->err;
}

/* Whoever starts a program may give it a name twice: getenv finds one of them, the
 * block that /proc/PID/environ shows keeps both. */
void cs_os_setting_wipe(const char *name)
{
    size_t n = strlen(name);

    for (char **e = environ; e != NULL && *e != NULL; e++) {
        if (strncmp(*e, name, n) == 0 && (*e)[n] == '=') {
            cs_wipe(*e + n + 1, strlen(*e + n + 1));
        }
    }
    (void)unsetenv(name);
}

static enum cs_err from_env(struct cs_wr *out, const char *name, const char *value,
                            struct cs_why *why)
{
    size_t at = out->n, len = strlen(value);
    enum cs_err err;

    cs_wr_bytes(out, value, len);
    err = finish(out, at, name, why);
    cs_os_setting_wipe(name);
    return err;
}

static enum cs_err file_mode_check(int fd, const char *name, const char *path,
                                   struct cs_why *why)
{
    struct stat st;

    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        return cs_why(why, CS_ERR_CONFIG, "%s_FILE: %s is not a regular file", name,
                      path);
    }
    if ((st.st_mode & S_IWOTH) != 0) {
        return cs_why(why, CS_ERR_CONFIG,
                      "%s_FILE: everybody may write %s; chmod o-rwx it", name, path);
    }
    if ((st.st_mode & S_IROTH) != 0) {
        cs_log(CS_LOG_WARN, "config", "%s_FILE: everybody may read %s", name, path);
    }
    return CS_OK;
}

static enum cs_err read_all(struct cs_wr *out, int fd, const char *name,
                            const char *path, struct cs_why *why)
{
    size_t total = 0;
    uint8_t buf[CHUNK];
    ssize_t got;

    do {
        got = read(fd, buf, sizeof buf);
        if (got > 0) {
            cs_wr_bytes(out, buf, (size_t)got);
            total += (size_t)got;
        }
    } while ((got > 0 && total <= CS_OS_SECRET_MAX) || (got < 0 && errno == EINTR));
    cs_wipe(buf, sizeof buf);
    if (got < 0) {
        return cs_why(why, CS_ERR_CONFIG, "%s_FILE: cannot read %s: %s", name, path,
                      strerror(errno));
    }
    return CS_OK;
}

static enum cs_err from_file(struct cs_wr *out, const char *name, const char *path,
                             struct cs_why *why)
{
    size_t at = out->n;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    enum cs_err err;

    if (fd < 0) {
        return cs_why(why, CS_ERR_CONFIG, "%s_FILE: cannot open %s: %s", name, path,
                      strerror(errno));
    }
    CS_TRY(file_mode_check(fd, name, path, why));
    CS_TRY(read_all(out, fd, name, path, why));
    CS_TRY(finish(out, at, name, why));
out:
    (void)close(fd);
    return err;
}

enum cs_err cs_os_secret(struct cs_wr *out, const char *name, struct cs_why *why)
{
    char file_name[NAME_MAX_LEN + 8];
    size_t at = out->n;
    const char *value = getenv(name);
    const char *path;
    enum cs_err err;

    CS_ASSERT(strlen(name) <= NAME_MAX_LEN);
    (void)snprintf(file_name, sizeof file_name, "%s_FILE", name);
    path = getenv(file_name);
    if (value == NULL && path == NULL) {
        return cs_why(why, CS_ERR_NOT_FOUND, "neither %s nor %s is set", name,
                      file_name);
    }
    if (value != NULL && path != NULL) {
        return cs_why(why, CS_ERR_CONFIG, "%s and %s are both set; keep one of them",
                      name, file_name);
    }
    err = value != NULL ? from_env(out, name, value, why)
                        : from_file(out, name, path, why);
    if (err != CS_OK && out->p != NULL) {
        cs_wipe(out->p + at, out->n - at);
        out->n = at;
    }
    return err;
}

const char *cs_os_setting(const char *name, const char *dflt)
{
    const char *value = getenv(name);

    return value == NULL || value[0] == '\0' ? dflt : value;
}

enum cs_err cs_os_setting_bool(bool *out, const char *name, bool dflt,
                               struct cs_why *why)
{
    static const char *const yes[] = {"1", "true", "yes", "on"};
    static const char *const no[] = {"0", "false", "no", "off"};
    const char *value = cs_os_setting(name, NULL);

    *out = dflt;
    if (value == NULL) {
        return CS_OK;
    }
    for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++) {
        if (strcmp(value, yes[i]) == 0 || strcmp(value, no[i]) == 0) {
            *out = strcmp(value, yes[i]) == 0;
            return CS_OK;
        }
    }
    return cs_why(why, CS_ERR_CONFIG,
                  "%s: must be on or off (or 1, 0, true, false, "
                  "yes, no)",
                  name);
}
