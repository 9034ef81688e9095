/* Settings and secrets from the environment: NAME, or NAME_FILE (a path).
 *
 * A secret's value in the environment block is overwritten and the variable removed,
 * so /proc/PID/environ and children do not show it.  Call before threads start. */
#ifndef CS_BASE_OS_SECRET_H
#define CS_BASE_OS_SECRET_H

#include <stdbool.h>

#include "base/why.h"
#include "base/wr.h"

enum { CS_OS_SECRET_MAX = 65536 };

/* Appends the secret to out, without trailing white space, then a NUL (so out->p is a
 * C string and out->n counts the NUL).
 *   NOT_FOUND  neither NAME nor NAME_FILE is set (an empty value counts as set)
 *   CONFIG     both are set, empty, a NUL inside, too long, or the file is unreadable
 * or everybody may write it; that everybody may read it is a warning (so do container
 * engines mount their secrets) */
enum cs_err cs_os_secret(struct cs_wr *out, const char *name, struct cs_why *why)
    CS_MUST_USE;
/* Overwrites the value in the environment block and removes the variable. */
void cs_os_setting_wipe(const char *name);
/* Plain setting: the value, or dflt when unset or empty.  Borrowed. */
const char *cs_os_setting(const char *name, const char *dflt);
/* "1", "true", "yes", "on" / "0", "false", "no", "off", unset: dflt.  Else CONFIG. */
enum cs_err cs_os_setting_bool(bool *out, const char *name, bool dflt,
                               struct cs_why *why) CS_MUST_USE;

#endif
