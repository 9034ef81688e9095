#include "base/os/logsink.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/os/clock.h"
#include "base/os/random.h"
#include "base/os/secret.h"
#include "base/redact.h"

enum {
    LINE_CAP = 4096,
    TIME_CAP = 96,
    FIELD_NAME = 32,
    LIMIT_MAX = 100000,
    SLOW_MS = 20
};

static enum cs_log_format the_format;
static struct cs_log_limit the_limit;
static atomic_uint the_lost; /* lines, since one could be written */
static pthread_mutex_t the_lock = PTHREAD_MUTEX_INITIALIZER; /* of the_limit */

bool cs_os_log_format_parse(enum cs_log_format *out, const char *word)
{
    if (strcmp(word, "text") == 0) {
        *out = CS_LOG_TEXT;
        return true;
    }
    if (strcmp(word, "json") == 0) {
        *out = CS_LOG_JSON;
        return true;
    }
    return false;
}

static void stamp(char out[TIME_CAP], int64_t wall_ms)
{
    time_t s = (time_t)(wall_ms / 1000);
    struct tm tm;

    if (wall_ms < 0 || gmtime_r(&s, &tm) == NULL) {
        (void)snprintf(out, TIME_CAP, "1970-01-01T00:00:00.000Z");
        return;
    }
    (void)snprintf(out, TIME_CAP, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ",
                   tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min,
                   tm.tm_sec, (int)(wall_ms % 1000));
}

/* Bounded text assembly: what does not fit is cut, the end stays well-formed. */
struct line {
    char *p;
    size_t n, cap;
};

static void put(struct line *l, const char *s)
{
    size_t n = strlen(s);

    if (n <= l->cap - l->n) {
        memcpy(l->p + l->n, s, n);
        l->n += n;
    }
}

/* U+0080 to U+009F: control characters to a terminal, in two bytes of UTF-8. */
static bool is_c1(const char *s)
{
    return (unsigned char)s[0] == 0xc2 && (unsigned char)s[1] >= 0x80 &&
           (unsigned char)s[1] < 0xa0;
}

/* JSON string content; bytes >= 0x80 pass (the log's text is UTF-8 or was cut). */
static void put_json(struct line *l, const char *s, size_t n)
{
    char esc[8];

    for (size_t i = 0; i < n && s[i] != '\0'; i++) {
        unsigned char c = (unsigned char)s[i];

        if (is_c1(s + i)) {
            i++;
            (void)snprintf(esc, sizeof esc, "\\u%04x", (unsigned char)s[i]);
        } else if (c == '"' || c == '\\') {
            (void)snprintf(esc, sizeof esc, "\\%c", c);
        } else if (c < 0x20 || c == 0x7f) {
            (void)snprintf(esc, sizeof esc, "\\u%04x", c);
        } else {
            (void)snprintf(esc, sizeof esc, "%c", c);
        }
        put(l, esc);
    }
}

static void put_text(struct line *l, const char *s)
{
    for (; *s != '\0'; s++) {
        char one[2] = {*s, '\0'};

        if (is_c1(s)) {
            s++;
            one[0] = '?';
        } else if (*s == CS_LOG_SEP[0]) {
            one[0] = ' ';
        } else if ((unsigned char)*s < 0x20 || *s == 0x7f) {
            one[0] = '?';
        }
        put(l, one);
    }
}

/* "name=value": a member of its own.  A name is a literal of CS_F; what is none (a
 * sentence that was cut in the middle of one) is left out. */
static void put_field(struct line *l, const char *field, size_t n)
{
    const char *equals = memchr(field, '=', n);
    size_t len = equals != NULL ? (size_t)(equals - field) : 0;
    size_t before = l->n;

    if (len == 0 || len >= FIELD_NAME) {
        return;
    }
    put(l, "\",\"");
    put_json(l, field, len);
    put(l, "\":\"");
    if (l->cap - l->n < FIELD_NAME) { /* no room for a value: not half a member */
        l->n = before;
        return;
    }
    put_json(l, equals + 1, n - len - 1);
}

static void fill_json(struct line *l, const char *time, enum cs_log_level level,
                      const char *module, const char *text)
{
    put(l, "{\"time\":\"");
    put(l, time);
    put(l, "\",\"level\":\"");
    put(l, cs_log_level_name(level));
    put(l, "\",\"module\":\"");
    put_json(l, module, strlen(module));
    put(l, "\",\"msg\":\"");
    put_json(l, text, strcspn(text, CS_LOG_SEP));
    for (text += strcspn(text, CS_LOG_SEP); *text != '\0';) {
        size_t n = strcspn(++text, CS_LOG_SEP);

        put_field(l, text, n);
        text += n;
    }
}

size_t cs_os_log_line(char *buf, size_t cap, enum cs_log_format format, int64_t wall_ms,
                      enum cs_log_level level, const char *module, const char *line)
{
    static const char json_end[] = "\"}\n";
    struct line l = {.p = buf, .cap = cap - sizeof json_end}; /* room for the end */
    char time[TIME_CAP], head[TIME_CAP + 16];

    stamp(time, wall_ms);
    if (format == CS_LOG_JSON) {
        fill_json(&l, time, level, module, line);
        l.cap = cap - 1;
        put(&l, json_end);
    } else {
        (void)snprintf(head, sizeof head, "%s %-5s ", time, cs_log_level_name(level));
        put(&l, head);
        put_text(&l, module);
        put(&l, ": ");
        put_text(&l, line);
        l.cap = cap - 1;
        put(&l, "\n");
    }
    buf[l.n] = '\0';
    return l.n;
}

/* A line is at most PIPE_BUF long: what poll says there is room for does not wait.  A
 * slow reader gets a moment, once; then lines are lost until it reads again. */
static bool has_room(void)
{
    struct pollfd p = {.fd = STDERR_FILENO, .events = POLLOUT};
    bool ok = poll(&p, 1, atomic_load(&the_lost) == 0 ? SLOW_MS : 0) > 0;

    if (!ok) {
        (void)atomic_fetch_add(&the_lost, 1);
    }
    return ok;
}

static void write_one(enum cs_log_level level, const char *module, const char *line)
{
    char buf[LINE_CAP];
    size_t n = cs_os_log_line(buf, sizeof buf, the_format, cs_os_wall_ms(), level,
                              module, line);
    ssize_t done;

    do {
        done = write(STDERR_FILENO, buf, n);
    } while (done < 0 && errno == EINTR);
}

/* A log that cannot be written must not stop the node: the line is lost, and told. */
static void write_line(enum cs_log_level level, const char *module, const char *line)
{
    char text[80];
    unsigned lost;

    if (!has_room()) {
        return;
    }
    lost = atomic_exchange(&the_lost, 0);
    if (lost != 0) {
        (void)snprintf(text, sizeof text,
                       "%u lines of the log were lost: nobody read it", lost);
        write_one(CS_LOG_WARN, "other", text);
        if (!has_room()) {
            return;
        }
    }
    write_one(level, module, line);
}

static void sink(void *ctx, enum cs_log_level level, const char *module,
                 const char *line)
{
    (void)ctx;
    write_line(level, module, line);
}

static bool gate(void *ctx, enum cs_log_level level, const char *module,
                 const char *kind)
{
    struct cs_log_told told;
    bool has_told, pass;

    (void)ctx;
    (void)pthread_mutex_lock(&the_lock);
    pass = cs_log_limit_pass(&the_limit, cs_os_now_ms(), level, module, kind, &told,
                             &has_told);
    (void)pthread_mutex_unlock(&the_lock);
    if (has_told) {
        write_line(told.level, told.module, told.line);
    }
    return pass;
}

void cs_os_say_failure(const char *program, const char *text)
{
    char line[1024];

    (void)snprintf(line, sizeof line, "%s: %s", program, text);
    (void)cs_redact_refusal(line);
    (void)fprintf(stderr, "%s\n", line);
}

void cs_os_log_start(enum cs_log_format format, enum cs_log_level least)
{
    the_format = format;
    cs_log_set(sink, NULL, least);
}

static enum cs_err read_limit(uint32_t *out, struct cs_why *why)
{
    const char *text = cs_os_setting("LOG_LIMIT", "50");
    size_t n = strlen(text);
    unsigned long v = n != 0 && n <= 6 && strspn(text, "0123456789") == n
                          ? strtoul(text, NULL, 10)
                          : LIMIT_MAX + 1UL;

    if (v > LIMIT_MAX) {
        return cs_why(
            why, CS_ERR_CONFIG,
            "LOG_LIMIT: \"%s\" is no number from 0 (no limit) to %d: lines of "
            "one kind in 10 seconds",
            text, LIMIT_MAX);
    }
    *out = (uint32_t)v;
    return CS_OK;
}

enum cs_err cs_os_log_env(struct cs_why *why)
{
    const char *format = cs_os_setting("LOG_FORMAT", "text");
    struct cs_log_levels levels;
    enum cs_log_format form;
    uint8_t key[16];

    CS_CHECK(cs_log_levels_parse(&levels, cs_os_setting("LOG_LEVEL", "info"), why));
    if (!cs_os_log_format_parse(&form, format)) {
        return cs_why(why, CS_ERR_CONFIG, "LOG_FORMAT: \"%s\" is neither text nor json",
                      format);
    }
    CS_CHECK(read_limit(&the_limit.burst, why));
    cs_os_random(NULL, key, sizeof key);
    cs_redact_init(key);
    cs_os_log_start(form, CS_LOG_INFO);
    cs_log_set_levels(&levels);
    cs_log_set_gate(gate, NULL);
    return CS_OK;
}
