#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { LINE_MAX_LEN = 1000 };

static const char *const level_names[] = {"trace", "debug", "info", "warn", "error"};
static cs_log_sink *the_sink;
static void *the_ctx;
static enum cs_log_level the_least = CS_LOG_INFO;

void cs_log_set(cs_log_sink *sink, void *ctx, enum cs_log_level least)
{
    the_sink = sink;
    the_ctx = ctx;
    the_least = least;
}

bool cs_log_on(enum cs_log_level level)
{
    return the_sink != NULL && level >= the_least;
}

bool cs_log_level_parse(enum cs_log_level *out, const char *word)
{
    for (int i = 0; i <= CS_LOG_ERROR; i++) {
        if (strcmp(word, level_names[i]) == 0) {
            *out = (enum cs_log_level)i;
            return true;
        }
    }
    return false;
}

const char *cs_log_level_name(enum cs_log_level level)
{
    return level_names[level];
}

void cs_log(enum cs_log_level level, const char *module, const char *fmt, ...)
{
    char line[LINE_MAX_LEN];
    va_list ap;

    if (!cs_log_on(level)) {
        return;
    }
    va_start(ap, fmt);
    (void)vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    for (char *c = line; *c != '\0'; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7f) {
            *c = '?'; /* no line breaks, no terminal escapes */
        }
    }
    the_sink(the_ctx, level, module, line);
}
