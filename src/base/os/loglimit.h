/* How often one kind of message may be written (a gate of base/log.h).
 *
 * A kind is a format at a level.  CS_LOG_LIMIT_BURST lines of a kind pass in
 * CS_LOG_LIMIT_WINDOW_MS; what more there is, is counted, and the count is told when
 * the window is over ("17 more lines like this were suppressed").  At most
 * CS_LOG_LIMIT_KINDS kinds are watched; when more are busy at once, the longest quiet
 * one is forgotten, after its count was told.
 *
 * The functions on the struct are pure (the time is an argument); any one thread. */
#ifndef CS_BASE_OS_LOGLIMIT_H
#define CS_BASE_OS_LOGLIMIT_H

#include <stddef.h>
#include <stdint.h>

#include "base/log.h"

enum {
    CS_LOG_LIMIT_KINDS = 128,
    CS_LOG_LIMIT_BURST = 50,
    CS_LOG_LIMIT_WINDOW_MS = 10000,
    CS_LOG_LIMIT_MODULE = 16,
    CS_LOG_LIMIT_LIKE = 96,
};

struct cs_log_kind {
    const char *kind; /* NULL: free */
    enum cs_log_level level;
    char module[CS_LOG_LIMIT_MODULE];
    uint64_t since; /* begin of the window */
    uint32_t passed, suppressed;
};

struct cs_log_limit { /* zero, then burst */
    uint32_t burst;   /* 0: everything passes */
    struct cs_log_kind kinds[CS_LOG_LIMIT_KINDS];
};

/* What was kept back, to be told. */
struct cs_log_told {
    enum cs_log_level level;
    char module[CS_LOG_LIMIT_MODULE];
    char line[CS_LOG_LIMIT_LIKE + 64]; /* "N more lines like .. were suppressed" */
};

/* May this line be written?  *told is filled, and *has_told set, when the window of a
 * kind (of this one first) has ended with lines kept back: write that first. */
bool cs_log_limit_pass(struct cs_log_limit *l, uint64_t now_ms, enum cs_log_level level,
                       const char *module, const char *kind, struct cs_log_told *told,
                       bool *has_told);

#endif
