/* An error for people: what is wrong, why, and what to do about it.
 *
 * Functions that fail for reasons an operator can fix take a struct cs_why (NULL
 * allowed) and fill it where they return the code.  Never holds a secret.  Any thread.
 */
#ifndef CS_BASE_WHY_H
#define CS_BASE_WHY_H

#include "base/err.h"

struct cs_why {
    char text[480]; /* NUL-terminated; "" when nothing was said */
};

/* Fills why (when not NULL; cut at its size, control characters become '?') and
 * returns err, so that a refusal is one statement. */
enum cs_err cs_why(struct cs_why *why, enum cs_err err, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
