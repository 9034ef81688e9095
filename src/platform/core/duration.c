#include "platform/core/duration.h"

#include <stddef.h>
#include <string.h>

static const uint64_t most = 1000000000; /* seconds: no sum of these wraps */

/* Digits, at least one; the text behind them.  NULL: none, or too large. */
static const char *number(uint64_t *n, const char *p)
{
    const char *start = p;

    for (*n = 0; *p >= '0' && *p <= '9'; p++) {
        *n = *n * 10 + (uint64_t)(*p - '0');
        if (*n > most) {
            return NULL;
        }
    }
    return p == start ? NULL : p;
}

/* A row of numbers and units that come in the order of `units`. */
static const char *parts(uint64_t *sum, const char *p, const char *units,
                         const uint64_t *seconds)
{
    const char *start = p;
    uint64_t n;

    while (*p != '\0' && *p != 'T') {
        const char *at;

        p = number(&n, p);
        at = p == NULL || *p == '\0' ? NULL : strchr(units, *p);
        if (at == NULL || n > most / seconds[at - units]) {
            return NULL;
        }
        *sum += n * seconds[at - units];
        seconds += at - units + 1;
        units = at + 1;
        p++;
    }
    return p == start ? NULL : p;
}

static bool iso(uint64_t *seconds, const char *p)
{
    static const uint64_t day[] = {86400}, week[] = {7 * 86400}, time[] = {3600, 60, 1};

    if (p[0] != '\0' && p[strlen(p) - 1] == 'W') {
        p = parts(seconds, p, "W", week);
        return p != NULL && *p == '\0';
    }
    if (*p != 'T') {
        p = parts(seconds, p, "D", day);
    }
    if (p != NULL && *p == 'T') {
        p = parts(seconds, p + 1, "HMS", time);
    }
    return p != NULL && *p == '\0';
}

bool cs_duration_parse(uint64_t *seconds, const char *text)
{
    uint64_t n = 0;
    const char *end;

    *seconds = 0;
    if (text[0] == 'P') {
        return iso(seconds, text + 1) && *seconds <= most;
    }
    end = number(&n, text);
    if (end == NULL || strcmp(end, "s") != 0) {
        return false;
    }
    *seconds = n;
    return true;
}
