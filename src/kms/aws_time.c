#include "kms/aws_time.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { DAY = 86400 };

static bool is_leap(unsigned year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static unsigned month_days(unsigned year, unsigned month)
{
    static const uint8_t days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

enum cs_err cs_aws_date(struct cs_aws_date *out, uint64_t unix_s)
{
    uint64_t days = unix_s / DAY, rest = unix_s % DAY;
    struct cs_aws_date d = {.year = 1970, .month = 1};

    while (d.year <= 9999 && days >= (is_leap(d.year) ? 366U : 365U)) {
        days -= is_leap(d.year) ? 366U : 365U;
        d.year++;
    }
    if (d.year > 9999) {
        return CS_ERR_USAGE;
    }
    while (days >= month_days(d.year, d.month)) {
        days -= month_days(d.year, d.month);
        d.month++;
    }
    d.day = (unsigned)days + 1;
    d.hour = (unsigned)(rest / 3600);
    d.minute = (unsigned)(rest / 60 % 60);
    d.second = (unsigned)(rest % 60);
    *out = d;
    return CS_OK;
}

void cs_aws_date_basic(char out[17], const struct cs_aws_date *d)
{
    char text[64];

    (void)snprintf(text, sizeof text, "%04u%02u%02uT%02u%02u%02uZ", d->year, d->month,
                   d->day, d->hour, d->minute, d->second);
    memcpy(out, text, 16);
    out[16] = '\0';
}

/* n digits at *p, which moves behind them and the separator after them ('\0': none). */
static bool take(unsigned *out, const char **p, int n, char separator)
{
    *out = 0;
    for (int i = 0; i < n; i++, (*p)++) {
        if (**p < '0' || **p > '9') {
            return false;
        }
        *out = *out * 10 + (unsigned)(**p - '0');
    }
    if (separator != '\0' && *(*p)++ != separator) {
        return false;
    }
    return true;
}

static bool end_ok(const char *p)
{
    if (*p == '.') {
        const char *digits = ++p;

        while (*p >= '0' && *p <= '9' && p - digits < 9) {
            p++;
        }
        if (p == digits) {
            return false;
        }
    }
    return p[0] == 'Z' && p[1] == '\0';
}

static uint64_t seconds_of(const struct cs_aws_date *d)
{
    uint64_t days = 0;

    for (unsigned y = 1970; y < d->year; y++) {
        days += is_leap(y) ? 366U : 365U;
    }
    for (unsigned m = 1; m < d->month; m++) {
        days += month_days(d->year, m);
    }
    days += d->day - 1;
    return days * DAY + d->hour * 3600U + d->minute * 60U + d->second;
}

enum cs_err cs_aws_time_parse(uint64_t *unix_s, const char *text)
{
    struct cs_aws_date d;
    const char *p = text;

    if (!take(&d.year, &p, 4, '-') || !take(&d.month, &p, 2, '-') ||
        !take(&d.day, &p, 2, 'T') || !take(&d.hour, &p, 2, ':') ||
        !take(&d.minute, &p, 2, ':') || !take(&d.second, &p, 2, '\0') || !end_ok(p)) {
        return CS_ERR_BAD_TEXT;
    }
    if (d.year < 1970 || d.month < 1 || d.month > 12 || d.day < 1 ||
        d.day > month_days(d.year, d.month) || d.hour > 23 || d.minute > 59 ||
        d.second > 60) {
        return CS_ERR_BAD_TEXT;
    }
    *unix_s = seconds_of(&d);
    return CS_OK;
}
