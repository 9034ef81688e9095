/* Structured log: a level, a module, a sentence and key=value pairs.
 *
 * Lines go to one sink, set once by the program (none: dropped).  Values are
 * escaped, so nobody can forge a line.  There is no function that logs bytes:
 * secrets have no way in; public bytes go through cs_hex first.
 * Thread: any; the sink must be able to take that. */
#ifndef CS_BASE_LOG_H
#define CS_BASE_LOG_H

#include <stdbool.h>

enum cs_log_level {
    CS_LOG_TRACE,
    CS_LOG_DEBUG,
    CS_LOG_INFO,
    CS_LOG_WARN,
    CS_LOG_ERROR,
};

typedef void cs_log_sink(void *ctx, enum cs_log_level level, const char *module,
                         const char *line);

void cs_log_set(cs_log_sink *sink, void *ctx, enum cs_log_level least);
bool cs_log_on(enum cs_log_level level);
/* "trace".."error"; false when the word is none of them. */
bool cs_log_level_parse(enum cs_log_level *out, const char *word);
const char *cs_log_level_name(enum cs_log_level level);

/* printf-like; control characters of the result are escaped, 1000 chars at most. */
void cs_log(enum cs_log_level level, const char *module, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
