#include "base/why.h"

#include <stdarg.h>
#include <stdio.h>

enum cs_err cs_why(struct cs_why *why, enum cs_err err, const char *fmt, ...)
{
    va_list ap;

    if (why == NULL) {
        return err;
    }
    va_start(ap, fmt);
    (void)vsnprintf(why->text, sizeof why->text, fmt, ap); /* a cut text is fine */
    va_end(ap);
    for (char *c = why->text; *c != '\0'; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7f) {
            *c = '?';
        }
    }
    return err;
}
