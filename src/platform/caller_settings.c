/* What the operator allows webhooks beyond the rules, and the file of the key that
 * theirs are sealed under. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/os/random.h"
#include "base/text.h"
#include "net/file.h"
#include "platform/caller.h"
#include "wire/jsonx.h"

enum { KEY_TEXT = 65, PATH_LEN = 512 };

/* ---- --webhook-allow ------------------------------------------------------------- */

static bool take_number(const char *p, size_t n, unsigned max, unsigned *out)
{
    char text[8] = "";
    uint64_t v = 0;

    if (n == 0 || n >= sizeof text) {
        return false;
    }
    memcpy(text, p, n);
    if (cs_u64_parse(&v, text) != CS_OK || v > max) {
        return false;
    }
    *out = (unsigned)v;
    return true;
}

/* Address and what follows it: "/bits[:port]". */
static bool take_ip(struct cs_callee_rule *r, const char *text, const char **rest)
{
    bool v6 = text[0] == '[';
    const char *start = v6 ? text + 1 : text;
    size_t n = strcspn(start, v6 ? "]" : "/");
    char ip[64];

    if (n >= sizeof ip || (v6 && start[n] != ']')) {
        return false;
    }
    memcpy(ip, start, n);
    ip[n] = '\0';
    r->len = v6 ? 16 : 4;
    *rest = start + n + (v6 ? 1 : 0);
    return inet_pton(v6 ? AF_INET6 : AF_INET, ip, r->ip) == 1 && **rest == '/';
}

enum cs_err cs_callee_rule_parse(struct cs_callee_rule *out, const char *text,
                                 struct cs_why *why)
{
    struct cs_callee_rule r = {.port = CS_CALLEE_PORT};
    const char *rest = text;
    unsigned port = CS_CALLEE_PORT;
    bool ok = take_ip(&r, text, &rest);
    size_t n = ok ? strcspn(rest + 1, ":") : 0;

    ok = ok && take_number(rest + 1, n, (unsigned)r.len * 8, &r.bits);
    if (ok && rest[1 + n] == ':') {
        ok = take_number(rest + 2 + n, strlen(rest + 2 + n), 65535, &port) && port > 0;
    }
    if (!ok) {
        return cs_why(why, CS_ERR_CONFIG,
                      "--webhook-allow must be CIDR[:PORT], such as 10.1.0.0/16, "
                      "192.0.2.7/32:8443 or [fd00::]/8:443");
    }
    r.port = (int)port;
    *out = r;
    return CS_OK;
}

/* ---- seal.key -------------------------------------------------------------------- */

static enum cs_err make_key(const char *path, struct cs_why *why)
{
    uint8_t key[32];
    char text[KEY_TEXT + 1];
    enum cs_err err;

    cs_os_random(NULL, key, sizeof key);
    (void)cs_hex(text, key, sizeof key);
    text[KEY_TEXT - 1] = '\n';
    err = cs_file_create(path, CS_SPAN(text, KEY_TEXT), 0600, why);
    cs_wipe(key, sizeof key);
    cs_wipe(text, sizeof text);
    return err == CS_ERR_EXISTS ? CS_OK : err;
}

static enum cs_err read_key(uint8_t out[32], int fd, const char *path,
                            struct cs_why *why)
{
    char text[KEY_TEXT + 1] = "";
    struct stat st;
    ssize_t n = read(fd, text, sizeof text);
    bool ok = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 077) == 0 &&
              n == KEY_TEXT && text[KEY_TEXT - 1] == '\n';

    text[KEY_TEXT - 1] = '\0';
    ok = ok && cs_unhex(out, 32, text) == CS_OK;
    cs_wipe(text, sizeof text);
    return ok ? CS_OK
              : cs_why(why, CS_ERR_CONFIG,
                       "%s must hold 64 hex digits and be readable by its owner only: "
                       "restore it from the backup of this data directory",
                       path);
}

enum cs_err cs_seal_key_load(uint8_t out[32], const char *dir, struct cs_why *why)
{
    char path[PATH_LEN];
    enum cs_err err;
    int fd;

    CS_CHECK(cs_file_path(path, sizeof path, dir, "seal.key", why));
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 && errno == ENOENT) {
        CS_CHECK(make_key(path, why));
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    }
    if (fd < 0) {
        return cs_why(why, CS_ERR_OS, "%s: %s", path, strerror(errno));
    }
    err = read_key(out, fd, path, why);
    (void)close(fd);
    return err;
}
