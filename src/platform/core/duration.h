/* Lengths of time as API clients write them.  Any thread. */
#ifndef CS_PLATFORM_CORE_DURATION_H
#define CS_PLATFORM_CORE_DURATION_H

#include <stdbool.h>
#include <stdint.h>

/* "86400s" (protobuf's JSON form, whole seconds) or ISO 8601 of weeks, or of days,
 * hours, minutes and seconds in this order: "P1D", "PT12H30M", "P2W".  Months and years
 * have no fixed length and are refused.  false: neither, or too long. */
bool cs_duration_parse(uint64_t *seconds, const char *text);

#endif
