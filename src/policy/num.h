/* Unsigned numbers of 320 bits: amounts in the smallest unit, and their sums.  Adding
 * saturates: a sum that does not fit is the largest number, so it is above every limit.
 * Any thread. */
#ifndef CS_POLICY_NUM_H
#define CS_POLICY_NUM_H

#include <stdint.h>

#include "base/err.h"

enum { CS_NUM_LIMBS = 10, CS_NUM_TEXT = 98 }; /* decimal digits and NUL */

struct cs_num {
    uint32_t limb[CS_NUM_LIMBS]; /* the lowest first */
};

struct cs_num cs_num_max(void);
struct cs_num cs_num_add(struct cs_num a, struct cs_num b);
/* a - b, or 0 when b is larger. */
struct cs_num cs_num_sub(struct cs_num a, struct cs_num b);
int cs_num_cmp(const struct cs_num *a, const struct cs_num *b); /* <0, 0, >0 */
/* Decimal digits without leading zeros.  BAD_TEXT, also when it does not fit. */
enum cs_err cs_num_parse(struct cs_num *out, const char *text) CS_MUST_USE;
/* Whole units: at most `decimals` digits after the point ("1.5"), none lost. */
enum cs_err cs_num_parse_whole(struct cs_num *out, const char *text, unsigned decimals)
    CS_MUST_USE;
char *cs_num_text(char out[CS_NUM_TEXT], const struct cs_num *n);

#endif
