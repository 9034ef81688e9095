#include "base/os/logsink.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/os/clock.h"

enum { LINE_CAP = 4096, TIME_CAP = 96 };

static enum cs_log_format the_format;

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
static void put_json(struct line *l, const char *s)
{
    char esc[8];

    for (; *s != '\0'; s++) {
        unsigned char c = (unsigned char)*s;

        if (is_c1(s)) {
            s++;
            (void)snprintf(esc, sizeof esc, "\\u%04x", (unsigned char)*s);
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
        } else if ((unsigned char)*s < 0x20 || *s == 0x7f) {
            one[0] = '?';
        }
        put(l, one);
    }
}

static void fill_json(struct line *l, const char *time, enum cs_log_level level,
                      const char *module, const char *text)
{
    put(l, "{\"time\":\"");
    put(l, time);
    put(l, "\",\"level\":\"");
    put(l, cs_log_level_name(level));
    put(l, "\",\"module\":\"");
    put_json(l, module);
    put(l, "\",\"msg\":\"");
    put_json(l, text);
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

static void sink(void *ctx, enum cs_log_level level, const char *module,
                 const char *line)
{
    char buf[LINE_CAP];
    size_t n = cs_os_log_line(buf, sizeof buf, the_format, cs_os_wall_ms(), level,
                              module, line);
    ssize_t done;

    (void)ctx;
    do {
        done = write(STDERR_FILENO, buf, n);
    } while (done < 0 && errno == EINTR);
    /* A log that cannot be written must not stop the node: the line is lost. */
}

void cs_os_log_start(enum cs_log_format format, enum cs_log_level least)
{
    the_format = format;
    cs_log_set(sink, NULL, least);
}
