/* What the subcommands that work on a store share: where it is, how it is opened, and
 * questions to a core over it.  Failures are told on stderr where they happen. */
#ifndef CS_CLI_PLATFORM_OFFLINE_H
#define CS_CLI_PLATFORM_OFFLINE_H

#include <jansson.h>
#include <stdio.h>

#include "base/why.h"
#include "platform/core/platform_core.h"

/* "cloudsign-platform WORD: sentence"; gives the error back. */
enum cs_err off_say(enum cs_err err, const char *word, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* "--name value" and "--name=value"; i is moved behind it.  NULL when options[*i] is
 * another option, *bad when its value is missing. */
const char *off_option(const char *name, int n, char **options, int *i, bool *bad);

struct off_store {
    const char *word; /* the subcommand, for what is told */
    const char *dir;
    struct cs_kv *kv;
    bool is_live; /* the platform runs: read only, and check again at the end */
    struct cs_platform_core *core;
};

enum off_use {
    OFF_READ,  /* also while the platform runs */
    OFF_WRITE, /* only while it is stopped: STORE_LOCKED */
    OFF_COPY,  /* dir is the file of a copy */
};

/* Hardens the process, readies the libraries, opens store and core. */
enum cs_err off_open(struct off_store *s, enum off_use use) CS_MUST_USE;
void off_close(struct off_store *s);
/* The platform that was read was the same one all the time; else told, STATE. */
enum cs_err off_same(const struct off_store *s) CS_MUST_USE;
/* Takes the question (platform/core/local.h).  The answer, or NULL: refused, told.
 * commit: what it changes is made durable before it is given back. */
json_t *off_ask(struct off_store *s, json_t *question, bool commit, enum cs_err *err);

/* Records from .. until of the audit log, as far as there are any: through check and
 * into out (with what nodes have countersigned), either may be NULL.  audit_store.c */
struct cs_audit_check;
enum cs_err off_audit(struct off_store *s, uint64_t from, uint64_t until,
                      struct cs_audit_check *check, FILE *out, uint64_t *records)
    CS_MUST_USE;

#endif
