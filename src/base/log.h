/* Structured log: a level, a module, a sentence and fields.
 *
 * Lines go to one sink, set once by the program (none: dropped).  Values are escaped,
 * so nobody can forge a line or a field.  There is no function that logs bytes: secrets
 * have no way in; public bytes go through cs_hex first.  As a last line of defence
 * every line passes base/redact.h.
 *
 *   cs_log(CS_LOG_INFO, "session", "signed" CS_F("request", "%s") CS_F("ms", "%u"),
 *          id, ms);
 *   text   2025-01-31T23:59:59.123Z info  session: signed request=0fa1.. ms=12
 *   json   {..,"module":"session","msg":"signed","request":"0fa1..","ms":"12"}
 *
 * Thread: any; the sinks and the gate must be able to take that.  The setters belong to
 * the start of the program, before there are threads; only the target is a thread's. */
#ifndef CS_BASE_LOG_H
#define CS_BASE_LOG_H

#include <stdbool.h>

#include "base/why.h"

enum cs_log_level {
    CS_LOG_TRACE,
    CS_LOG_DEBUG,
    CS_LOG_INFO,
    CS_LOG_WARN,
    CS_LOG_ERROR,
};

/* The modules there are: a line of any other is of "other". */
/* clang-format off */
#define CS_LOG_MODULES(X) \
    X(approval) X(audit) X(backup) X(config) X(control) X(journal) X(key) X(kms) X(link) \
    X(net) X(node) X(observe) X(ot) X(peer) X(platform) X(policy) X(quorum) \
    X(sandbox) X(session) X(store) X(other)
/* clang-format on */

enum cs_log_module {
#define X(name) CS_LOG_M_##name,
    CS_LOG_MODULES(X)
#undef X
        CS_LOG_N_MODULES
};

struct cs_log_levels { /* the least level that is written, by module */
    enum cs_log_level least[CS_LOG_N_MODULES];
};

/* One field behind the sentence: a literal name and the format of its value. */
#define CS_LOG_SEP        "\x1f"
#define CS_F(name, value) CS_LOG_SEP name "=" value

/* line: the sentence, then CS_LOG_SEP "name=value" for each field; no other control
 * characters.  Always NUL-terminated. */
typedef void cs_log_sink(void *ctx, enum cs_log_level level, const char *module,
                         const char *line);
/* Asked before a line is made; false: it is not.  kind is one address for each kind of
 * message (its format). */
typedef bool cs_log_gate(void *ctx, enum cs_log_level level, const char *module,
                         const char *kind);

void cs_log_set(cs_log_sink *sink, void *ctx, enum cs_log_level least);
void cs_log_set_levels(const struct cs_log_levels *levels);
void cs_log_set_gate(cs_log_gate *gate, void *ctx); /* NULL: all pass */

/* One part of a process that hosts several (a node): lines that a thread logs while it
 * works for it also go to its sink, from `least` on; with `only` they go nowhere else.
 * Borrowed by every thread that has set it. */
struct cs_log_target {
    cs_log_sink *sink;
    void *ctx;
    enum cs_log_level least;
    bool only;
};
/* Of this thread, until it is set again; NULL: none (how a thread begins).  Returns
 * what was set before, to be restored. */
const struct cs_log_target *cs_log_target_set(const struct cs_log_target *t);
const struct cs_log_target *cs_log_target_get(void);

bool cs_log_on(enum cs_log_level level); /* of any module, at the process's sink */
bool cs_log_on_for(enum cs_log_level level, const char *module);
/* "trace".."error"; false when the word is none of them. */
bool cs_log_level_parse(enum cs_log_level *out, const char *word);
const char *cs_log_level_name(enum cs_log_level level);
/* "info", "info,net=debug,session=trace", "net=debug" (the others: info).  CONFIG, and
 * *why names the word and what could stand there; *out is untouched then. */
enum cs_err cs_log_levels_parse(struct cs_log_levels *out, const char *text,
                                struct cs_why *why) CS_MUST_USE;

/* printf-like; of the result what a terminal would obey becomes '?' (cs_text_plain),
 * and it has 1000 chars at most: the word that would be cut is left out. */
void cs_log(enum cs_log_level level, const char *module, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
