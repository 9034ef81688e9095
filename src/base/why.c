#include "base/why.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

/* A text cut at its size may end inside a character: JSON would not take it. */
static void trim_cut_character(char *text)
{
    size_t n = strlen(text), k = n;

    while (k > 0 && ((unsigned char)text[k - 1] & 0xc0U) == 0x80U) {
        k--;
    }
    if (k > 0 && !cs_utf8_ok(CS_SPAN(text + k - 1, n - k + 1))) {
        text[k - 1] = '\0';
    }
}

enum cs_err cs_why(struct cs_why *why, enum cs_err err, const char *fmt, ...)
{
    va_list ap;

    if (why == NULL) {
        return err;
    }
    va_start(ap, fmt);
    (void)vsnprintf(why->text, sizeof why->text, fmt, ap); /* a cut text is fine */
    va_end(ap);
    trim_cut_character(why->text);
    for (char *c = why->text; *c != '\0'; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7f) {
            *c = '?';
        }
    }
    return err;
}
