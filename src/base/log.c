#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/redact.h"
#include "base/text.h"

enum { LINE_MAX_LEN = 1000, WORD_MAX = 64 };

static const char *const level_names[] = {"trace", "debug", "info", "warn", "error"};
static const char *const module_names[] = {
#define X(name) #name,
    CS_LOG_MODULES(X)
#undef X
};
static cs_log_sink *the_sink;
static void *the_ctx;
static cs_log_gate *the_gate;
static void *the_gate_ctx;
static struct cs_log_levels the_levels;
static enum cs_log_level the_least = CS_LOG_INFO; /* of all modules */
static _Thread_local const struct cs_log_target *the_target;

void cs_log_set(cs_log_sink *sink, void *ctx, enum cs_log_level least)
{
    struct cs_log_levels levels;

    for (size_t i = 0; i < CS_LOG_N_MODULES; i++) {
        levels.least[i] = least;
    }
    the_sink = sink;
    the_ctx = ctx;
    cs_log_set_levels(&levels);
}

void cs_log_set_levels(const struct cs_log_levels *levels)
{
    the_levels = *levels;
    the_least = CS_LOG_ERROR;
    for (size_t i = 0; i < CS_LOG_N_MODULES; i++) {
        the_least = levels->least[i] < the_least ? levels->least[i] : the_least;
    }
}

void cs_log_set_gate(cs_log_gate *gate, void *ctx)
{
    the_gate = gate;
    the_gate_ctx = ctx;
}

const struct cs_log_target *cs_log_target_set(const struct cs_log_target *t)
{
    const struct cs_log_target *before = the_target;

    the_target = t;
    return before;
}

const struct cs_log_target *cs_log_target_get(void)
{
    return the_target;
}

bool cs_log_on(enum cs_log_level level)
{
    return the_sink != NULL && level >= the_least;
}

static size_t module_of(const char *name, size_t len)
{
    for (size_t i = 0; i < CS_LOG_N_MODULES; i++) {
        if (strlen(module_names[i]) == len && memcmp(module_names[i], name, len) == 0) {
            return i;
        }
    }
    return CS_LOG_N_MODULES;
}

bool cs_log_on_for(enum cs_log_level level, const char *module)
{
    size_t m;

    if (!cs_log_on(level)) {
        return false;
    }
    m = module_of(module, strlen(module));
    return level >= the_levels.least[m < CS_LOG_N_MODULES ? m : CS_LOG_M_other];
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

/* ---- LOG_LEVEL
 * --------------------------------------------------------------------------- */

static enum cs_err no_level(struct cs_why *why, const char *word)
{
    return cs_why(why, CS_ERR_CONFIG,
                  "LOG_LEVEL: \"%s\" is none of trace, debug, info, warn, error", word);
}

static enum cs_err no_module(struct cs_why *why, const char *word)
{
    char list[256] = "";
    size_t n = 0;

    for (size_t i = 0; i < CS_LOG_N_MODULES; i++) {
        int k = snprintf(list + n, sizeof list - n, "%s%s", i == 0 ? "" : ", ",
                         module_names[i]);

        n += k > 0 && (size_t)k < sizeof list - n ? (size_t)k : 0;
    }
    return cs_why(why, CS_ERR_CONFIG,
                  "LOG_LEVEL: there is no module \"%s\"; there are %s", word, list);
}

/* "info", or "net=debug". */
static enum cs_err set_word(struct cs_log_levels *l, char *word, size_t nth,
                            struct cs_why *why)
{
    char *equals = strchr(word, '=');
    enum cs_log_level level;
    size_t m;

    if (!cs_log_level_parse(&level, equals != NULL ? equals + 1 : word)) {
        return no_level(why, equals != NULL ? equals + 1 : word);
    }
    if (equals == NULL && nth != 0) {
        return cs_why(why, CS_ERR_CONFIG,
                      "LOG_LEVEL: \"%s\" must come first: it is the level of all "
                      "modules; then NAME=LEVEL",
                      word);
    }
    if (equals == NULL) {
        for (size_t i = 0; i < CS_LOG_N_MODULES; i++) {
            l->least[i] = level;
        }
        return CS_OK;
    }
    *equals = '\0';
    m = module_of(word, strlen(word));
    if (m == CS_LOG_N_MODULES) {
        return no_module(why, word);
    }
    l->least[m] = level;
    return CS_OK;
}

enum cs_err cs_log_levels_parse(struct cs_log_levels *out, const char *text,
                                struct cs_why *why)
{
    struct cs_log_levels l;
    char word[WORD_MAX];
    size_t nth = 0;

    for (size_t i = 0; i < CS_LOG_N_MODULES; i++) {
        l.least[i] = CS_LOG_INFO;
    }
    for (const char *p = text;; p++, nth++) {
        size_t n = strcspn(p, ",");

        if (n >= sizeof word) {
            return cs_why(why, CS_ERR_CONFIG, "LOG_LEVEL: a word of it is too long");
        }
        memcpy(word, p, n);
        word[n] = '\0';
        CS_CHECK(set_word(&l, word, nth, why));
        p += n;
        if (*p == '\0') {
            break;
        }
    }
    *out = l;
    return CS_OK;
}

/* ---- a line
 * ------------------------------------------------------------------------------- */

static size_t count_sep(const char *s)
{
    size_t n = 0;

    for (; *s != '\0'; s++) {
        n += *s == CS_LOG_SEP[0];
    }
    return n;
}

/* No line breaks, no terminal escapes, and no field that the format does not have: with
 * more separators than it wrote, none is believed. */
static void clean(char *line, const char *fmt)
{
    bool forged = count_sep(line) != count_sep(fmt);

    cs_text_plain(line, forged ? '\0' : CS_LOG_SEP[0]);
}

void cs_log(enum cs_log_level level, const char *module, const char *fmt, ...)
{
    const struct cs_log_target *t = the_target;
    bool own = t != NULL && level >= t->least;
    bool all = !(t != NULL && t->only) && cs_log_on_for(level, module) &&
               (the_gate == NULL || the_gate(the_gate_ctx, level, module, fmt));
    char line[LINE_MAX_LEN];
    va_list ap;
    int n;

    if (!own && !all) {
        return;
    }
    va_start(ap, fmt);
    n = vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    if (n >= (int)sizeof line) {
        line[sizeof line - 3] = '\0'; /* room for what cs_text_cut says */
        cs_text_cut(line, CS_LOG_SEP[0]);
    }
    clean(line, fmt);
    (void)cs_redact(line);
    if (own) {
        t->sink(t->ctx, level, module, line);
    }
    if (all) {
        the_sink(the_ctx, level, module, line);
    }
}
