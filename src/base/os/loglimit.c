#include "base/os/loglimit.h"

#include <stdio.h>
#include <string.h>

static bool is_over(const struct cs_log_kind *k, uint64_t now)
{
    return now - k->since >= CS_LOG_LIMIT_WINDOW_MS;
}

/* The format itself says which lines: its arguments are not known any more. */
static void tell(struct cs_log_kind *k, struct cs_log_told *told, bool *has_told)
{
    char like[CS_LOG_LIMIT_LIKE];
    size_t n = strcspn(k->kind, CS_LOG_SEP);

    (void)snprintf(like, sizeof like, "%.*s", (int)(n < 80 ? n : 80), k->kind);
    told->level = k->level;
    (void)snprintf(told->module, sizeof told->module, "%s", k->module);
    (void)snprintf(told->line, sizeof told->line,
                   "%u more lines like \"%s\" were suppressed", (unsigned)k->suppressed,
                   like);
    k->suppressed = 0;
    *has_told = true;
}

static struct cs_log_kind *find(struct cs_log_limit *l, enum cs_log_level level,
                                const char *kind)
{
    for (size_t i = 0; i < CS_LOG_LIMIT_KINDS; i++) {
        if (l->kinds[i].kind == kind && l->kinds[i].level == level) {
            return &l->kinds[i];
        }
    }
    return NULL;
}

/* A free slot, else the one whose window began first. */
static struct cs_log_kind *vacate(struct cs_log_limit *l, struct cs_log_told *told,
                                  bool *has_told)
{
    struct cs_log_kind *oldest = &l->kinds[0];

    for (size_t i = 0; i < CS_LOG_LIMIT_KINDS; i++) {
        struct cs_log_kind *k = &l->kinds[i];

        if (k->kind == NULL) {
            return k;
        }
        oldest = k->since < oldest->since ? k : oldest;
    }
    if (oldest->suppressed != 0) {
        tell(oldest, told, has_told);
    }
    return oldest;
}

/* One other kind whose window is over: a burst that ended is told by whoever is next.
 */
static void sweep(struct cs_log_limit *l, uint64_t now, struct cs_log_told *told,
                  bool *has_told)
{
    for (size_t i = 0; i < CS_LOG_LIMIT_KINDS && !*has_told; i++) {
        struct cs_log_kind *k = &l->kinds[i];

        if (k->kind != NULL && k->suppressed != 0 && is_over(k, now)) {
            tell(k, told, has_told);
        }
    }
}

bool cs_log_limit_pass(struct cs_log_limit *l, uint64_t now_ms, enum cs_log_level level,
                       const char *module, const char *kind, struct cs_log_told *told,
                       bool *has_told)
{
    struct cs_log_kind *k;

    *has_told = false;
    if (l->burst == 0) {
        return true;
    }
    k = find(l, level, kind);
    if (k != NULL && is_over(k, now_ms) && k->suppressed != 0) {
        tell(k, told, has_told);
    }
    if (k == NULL || is_over(k, now_ms)) {
        k = k != NULL ? k : vacate(l, told, has_told);
        *k = (struct cs_log_kind){.kind = kind, .level = level, .since = now_ms};
        (void)snprintf(k->module, sizeof k->module, "%s", module);
    }
    if (!*has_told) {
        sweep(l, now_ms, told, has_told);
    }
    if (k->passed < l->burst) {
        k->passed++;
        return true;
    }
    k->suppressed++;
    return false;
}
