/* What the offline tools share: files, the terminal, recovery keys and kits.  Failures
 * are told on stderr where they happen; the code goes back for the exit. */
#ifndef CS_CLI_NODE_OFFLINE_H
#define CS_CLI_NODE_OFFLINE_H

#include "base/why.h"
#include "mpc/kit.h"

/* No core dumps, libraries ready, self-tests passed. */
enum cs_err off_start(void) CS_MUST_USE;
/* Prints "cloudsign: TEXT" and returns err. */
enum cs_err off_say(enum cs_err err, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* What was printed is where it belongs; else OS, told: a full disk, a closed pipe.  The
 * last call of a command; err is what it ended with so far. */
enum cs_err off_printed(enum cs_err err) CS_MUST_USE;

/* Appends at most max bytes.  secret: refuses a file that others may read. */
enum cs_err off_read(struct cs_wr *w, const char *path, size_t max, bool secret)
    CS_MUST_USE;
/* NULL and *err: told. */
struct cs_recovery_key *off_key(const char *path, bool secret, enum cs_err *err);

/* A line of the file without its end, or asked for at the terminal, unseen; twice when
 * it is to be a new one (then at least 12 characters).  Appends to w. */
enum cs_err off_passphrase(struct cs_wr *w, const char *path, bool is_new) CS_MUST_USE;
/* True when the operator types exactly this at the terminal. */
bool off_confirm(const char *question, const char *expected);
/* To the terminal itself, never to a pipe. */
enum cs_err off_show(struct cs_span text) CS_MUST_USE;

#endif
