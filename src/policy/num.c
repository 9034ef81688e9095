#include "policy/num.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum { CHUNK = 1000000000 };

struct cs_num cs_num_max(void)
{
    struct cs_num n;

    memset(&n, 0xff, sizeof n);
    return n;
}

struct cs_num cs_num_add(struct cs_num a, struct cs_num b)
{
    uint64_t carry = 0;

    for (size_t i = 0; i < CS_NUM_LIMBS; i++) {
        carry += (uint64_t)a.limb[i] + b.limb[i];
        a.limb[i] = (uint32_t)carry;
        carry >>= 32;
    }
    return carry == 0 ? a : cs_num_max();
}

struct cs_num cs_num_sub(struct cs_num a, struct cs_num b)
{
    uint64_t borrow = 0;

    for (size_t i = 0; i < CS_NUM_LIMBS; i++) {
        uint64_t d = (uint64_t)a.limb[i] - b.limb[i] - borrow;

        a.limb[i] = (uint32_t)d;
        borrow = d >> 63;
    }
    return borrow == 0 ? a : (struct cs_num){{0}};
}

int cs_num_cmp(const struct cs_num *a, const struct cs_num *b)
{
    for (size_t i = CS_NUM_LIMBS; i-- > 0;) {
        if (a->limb[i] != b->limb[i]) {
            return a->limb[i] < b->limb[i] ? -1 : 1;
        }
    }
    return 0;
}

/* n = n * 10 + digit; false: it does not fit. */
static bool push_digit(struct cs_num *n, unsigned digit)
{
    uint64_t carry = digit;

    for (size_t i = 0; i < CS_NUM_LIMBS; i++) {
        carry += (uint64_t)n->limb[i] * 10;
        n->limb[i] = (uint32_t)carry;
        carry >>= 32;
    }
    return carry == 0;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

enum cs_err cs_num_parse(struct cs_num *out, const char *text)
{
    return cs_num_parse_whole(out, text, 0);
}

enum cs_err cs_num_parse_whole(struct cs_num *out, const char *text, unsigned decimals)
{
    struct cs_num n = {{0}};
    unsigned after = 0;
    bool point = false;

    if (!is_digit(text[0]) || (text[0] == '0' && is_digit(text[1]))) {
        return CS_ERR_BAD_TEXT;
    }
    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '.' && !point && is_digit(p[1])) {
            point = true;
            continue;
        }
        after += point ? 1 : 0;
        if (!is_digit(*p) || after > decimals ||
            !push_digit(&n, (unsigned)(*p - '0'))) {
            return CS_ERR_BAD_TEXT;
        }
    }
    for (; after < decimals; after++) {
        if (!push_digit(&n, 0)) {
            return CS_ERR_BAD_TEXT;
        }
    }
    *out = n;
    return CS_OK;
}

/* n = n / CHUNK, and the rest. */
static uint32_t take_chunk(struct cs_num *n)
{
    uint64_t rest = 0;

    for (size_t i = CS_NUM_LIMBS; i-- > 0;) {
        rest = rest << 32 | n->limb[i];
        n->limb[i] = (uint32_t)(rest / CHUNK);
        rest %= CHUNK;
    }
    return (uint32_t)rest;
}

char *cs_num_text(char out[CS_NUM_TEXT], const struct cs_num *n)
{
    static const struct cs_num zero;
    struct cs_num left = *n;
    uint32_t chunks[11];
    size_t count = 0, at;

    do {
        chunks[count++] = take_chunk(&left);
    } while (cs_num_cmp(&left, &zero) != 0);
    at = (size_t)snprintf(out, CS_NUM_TEXT, "%u", (unsigned)chunks[--count]);
    while (count > 0) {
        at += (size_t)snprintf(out + at, CS_NUM_TEXT - at, "%09u",
                               (unsigned)chunks[--count]);
    }
    return out;
}
