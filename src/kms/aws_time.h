/* Times as AWS writes them, without a clock or the C library's calendar.  Any thread.
 */
#ifndef CS_KMS_AWS_TIME_H
#define CS_KMS_AWS_TIME_H

#include <stdint.h>

#include "base/err.h"

struct cs_aws_date {
    unsigned year, month, day, hour, minute, second;
};

/* UTC of seconds since 1970; USAGE past the year 9999. */
enum cs_err cs_aws_date(struct cs_aws_date *out, uint64_t unix_s) CS_MUST_USE;
/* "20150830T123600Z". */
void cs_aws_date_basic(char out[17], const struct cs_aws_date *d);
/* "2026-11-26T03:05:00Z", a fraction of the second is allowed and dropped.  BAD_TEXT
 * for anything else: no date, a year before 1970, another zone. */
enum cs_err cs_aws_time_parse(uint64_t *unix_s, const char *text) CS_MUST_USE;

#endif
