/* Log lines to a file descriptor (stderr), as text or as JSON lines.
 *
 *   2025-01-31T23:59:59.123Z info  link: up peer=2
 *   {"time":"2025-01-31T23:59:59.123Z","level":"info","module":"link","msg":"up",
 *    "peer":"2"}                                          (on one line)
 *
 * One write(2) per line, so lines of several threads do not mix.  Nobody waits for a
 * reader that has stopped: lines are lost then, and their number is told.  Any thread.
 */
#ifndef CS_BASE_OS_LOGSINK_H
#define CS_BASE_OS_LOGSINK_H

#include <stddef.h>
#include <stdint.h>

#include "base/log.h"
#include "base/os/loglimit.h"

enum cs_log_format {
    CS_LOG_TEXT,
    CS_LOG_JSON,
};

/* Becomes the sink of base/log.h, writing to stderr. */
void cs_os_log_start(enum cs_log_format format, enum cs_log_level least);
/* The same from the environment, with the redaction ready: LOG_LEVEL ("info",
 * "info,net=debug"), LOG_FORMAT ("text", "json") and LOG_LIMIT (lines of one kind in 10
 * seconds, 50; 0: no limit).  CONFIG, and *why names the setting. */
enum cs_err cs_os_log_env(struct cs_why *why) CS_MUST_USE;
/* The one line of a program that fails, "PROGRAM: TEXT", on stderr; what it quotes
 * passes cs_redact_refusal. */
void cs_os_say_failure(const char *program, const char *text);
bool cs_os_log_format_parse(enum cs_log_format *out, const char *word); /* text, json */
/* One line into buf, with newline and NUL; returns its length without NUL. */
size_t cs_os_log_line(char *buf, size_t cap, enum cs_log_format format, int64_t wall_ms,
                      enum cs_log_level level, const char *module, const char *line);

#endif
