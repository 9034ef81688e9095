/* Text of summaries: exact decimals and strings that are safe to show.  Nothing here
 * allocates or fails; what does not fit is cut and says so.  Any thread. */
#ifndef CS_CHAIN_TEXT_H
#define CS_CHAIN_TEXT_H

#include <stdbool.h>

#include "base/span.h"

/* A line under construction in somebody's array; always NUL-terminated.  Once cut,
 * later additions are ignored. */
struct cs_text {
    char *p;
    size_t cap;
    size_t n;
    bool is_cut;
};

struct cs_text cs_text_begin(char *out, size_t cap);  /* cap >= 1 */
struct cs_text cs_text_resume(char *out, size_t cap); /* after what stands there */
void cs_text_add(struct cs_text *t, const char *text);
void cs_text_add_u64(struct cs_text *t, uint64_t v);
void cs_text_add_hex(struct cs_text *t, struct cs_span s);
/* Valid UTF-8, cut at a character. */
void cs_text_add_span(struct cs_text *t, struct cs_span s);

/* out = text; false when it was cut. */
bool cs_text_copy(char *out, size_t cap, const char *text);
/* Somebody's bytes for people's eyes: valid UTF-8 with control, direction and
 * line-separator characters replaced by '?', else "0x" and hex.  False when cut. */
bool cs_text_show(char *out, size_t cap, struct cs_span bytes);

/* units / 10^decimals without trailing zeros: (1500000, 6) -> "1.5".  False, and "",
 * when it does not fit: a cut number would be another number. */
bool cs_text_decimal(char *out, size_t cap, uint64_t units, unsigned decimals);
/* The same for a number of at most CS_TEXT_BIG_BYTES bytes, big endian. */
enum { CS_TEXT_BIG_BYTES = 64 };
bool cs_text_big(char *out, size_t cap, struct cs_span be, unsigned decimals);
/* The same for decimal digits without leading zeros, at most 155. */
bool cs_text_digits(char *out, size_t cap, struct cs_span digits, unsigned decimals);
/* mantissa * 10^exponent, written out: (15, -1) -> "1.5". */
bool cs_text_scaled(char *out, size_t cap, uint64_t mantissa, int exponent);

#endif
