/* Text of summaries; see text.h. */
#include "chain/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/text.h"

enum { EXPONENT_MAX = 255, BIG_DIGITS = 160 /* 64 bytes take 155 */ };

struct cs_text cs_text_begin(char *out, size_t cap)
{
    CS_ASSERT(cap > 0);
    out[0] = '\0';
    return (struct cs_text){.p = out, .cap = cap};
}

struct cs_text cs_text_resume(char *out, size_t cap)
{
    return (struct cs_text){.p = out, .cap = cap, .n = strnlen(out, cap - 1)};
}

/* Largest k <= n at which UTF-8 text can be cut. */
static size_t cut_at(const uint8_t *p, size_t n)
{
    while (n > 0 && (p[n] & 0xc0) == 0x80) {
        n--;
    }
    return n;
}

void cs_text_add_span(struct cs_text *t, struct cs_span s)
{
    size_t room = t->cap - 1 - t->n;
    size_t n = s.n;

    if (t->is_cut || s.n == 0) {
        return;
    }
    if (n > room) {
        n = cut_at(s.p, room);
        t->is_cut = true;
    }
    memcpy(t->p + t->n, s.p, n);
    t->n += n;
    t->p[t->n] = '\0';
}

void cs_text_add(struct cs_text *t, const char *text)
{
    cs_text_add_span(t, CS_SPAN(text, strlen(text)));
}

void cs_text_add_u64(struct cs_text *t, uint64_t v)
{
    char digits[24];

    (void)snprintf(digits, sizeof digits, "%" PRIu64, v);
    cs_text_add(t, digits);
}

void cs_text_add_hex(struct cs_text *t, struct cs_span s)
{
    char two[3];

    for (size_t i = 0; i < s.n && !t->is_cut; i++) {
        cs_text_add(t, cs_hex(two, s.p + i, 1));
    }
}

bool cs_text_copy(char *out, size_t cap, const char *text)
{
    struct cs_text t = cs_text_begin(out, cap);

    cs_text_add(&t, text);
    return !t.is_cut;
}

/* Does the UTF-8 character at p (n bytes long) disturb a line of text?  C0 and C1
 * controls, DEL, line separators, direction marks, and what takes no room or looks
 * empty: text could hide in it, or two texts look the same. */
static bool is_disturbing(const uint8_t *p, size_t n)
{
    static const struct {
        uint32_t first, last;
    } ranges[] = {
        {0x00, 0x1f},       {0x7f, 0x9f},       {0xad, 0xad},     {0x34f, 0x34f},
        {0x61c, 0x61c},     {0x115f, 0x1160},   {0x17b4, 0x17b5}, {0x180b, 0x180f},
        {0x200b, 0x200f},   {0x2028, 0x202e},   {0x2060, 0x206f}, {0x2800, 0x2800},
        {0x3164, 0x3164},   {0xfeff, 0xfeff},   {0xffa0, 0xffa0}, {0xfff0, 0xfffb},
        {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff},
    };
    uint32_t v = n == 1 ? p[0] : p[0] & (0x7fU >> n);

    for (size_t i = 1; i < n; i++) {
        v = v << 6 | (p[i] & 0x3fU);
    }
    for (size_t i = 0; i < CS_COUNTOF(ranges); i++) {
        if (v >= ranges[i].first && v <= ranges[i].last) {
            return true;
        }
    }
    return false;
}

static size_t utf8_len(uint8_t first)
{
    if (first < 0x80) {
        return 1;
    }
    if (first < 0xe0) {
        return 2;
    }
    return first < 0xf0 ? 3 : 4;
}

bool cs_text_show(char *out, size_t cap, struct cs_span bytes)
{
    struct cs_text t = cs_text_begin(out, cap);

    if (bytes.n == 0) {
        return true;
    }
    if (!cs_utf8_ok(bytes)) {
        cs_text_add(&t, "0x");
        cs_text_add_hex(&t, bytes);
        return !t.is_cut;
    }
    for (size_t i = 0; i < bytes.n && !t.is_cut;) {
        size_t len = utf8_len(bytes.p[i]);
        struct cs_span c = CS_SPAN(bytes.p + i, len);

        cs_text_add_span(&t, is_disturbing(c.p, len) ? CS_SPAN_LIT("?") : c);
        i += len;
    }
    return !t.is_cut;
}

static void add_zeros(struct cs_text *t, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        cs_text_add(t, "0");
    }
}

/* digits * 10^exponent, written out; digits has no trailing zeros, or is "0". */
static bool put_scaled(char *out, size_t cap, const char *digits, int exponent)
{
    struct cs_text t = cs_text_begin(out, cap);
    bool is_zero = digits[0] == '0';
    size_t n = strlen(digits);
    size_t shift;

    if (exponent > EXPONENT_MAX || exponent < -EXPONENT_MAX) {
        return false;
    }
    shift = (size_t)(exponent < 0 ? -exponent : exponent);
    if (is_zero || exponent >= 0) {
        cs_text_add(&t, digits);
        add_zeros(&t, is_zero ? 0 : shift);
    } else if (shift >= n) {
        cs_text_add(&t, "0.");
        add_zeros(&t, shift - n);
        cs_text_add(&t, digits);
    } else {
        cs_text_add_span(&t, CS_SPAN(digits, n - shift));
        cs_text_add(&t, ".");
        cs_text_add(&t, digits + n - shift);
    }
    if (t.is_cut) {
        out[0] = '\0';
    }
    return !t.is_cut;
}

bool cs_text_scaled(char *out, size_t cap, uint64_t mantissa, int exponent)
{
    char digits[24];

    while (mantissa != 0 && mantissa % 10 == 0) {
        mantissa /= 10;
        exponent++;
    }
    (void)snprintf(digits, sizeof digits, "%" PRIu64, mantissa);
    return put_scaled(out, cap, digits, exponent);
}

/* num /= 10; returns the remainder. */
static unsigned divide_by_ten(uint8_t *num, size_t n)
{
    unsigned rest = 0;

    for (size_t i = 0; i < n; i++) {
        rest = rest << 8 | num[i];
        num[i] = (uint8_t)(rest / 10);
        rest %= 10;
    }
    return rest;
}

static bool is_zero(const uint8_t *num, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (num[i] != 0) {
            return false;
        }
    }
    return true;
}

bool cs_text_big(char *out, size_t cap, struct cs_span be, unsigned decimals)
{
    uint8_t num[CS_TEXT_BIG_BYTES] = {0};
    char digits[BIG_DIGITS + 1] = {0};
    size_t at = BIG_DIGITS;
    int exponent = -(int)decimals;

    CS_ASSERT(be.n <= sizeof num && decimals <= EXPONENT_MAX && cap > 0);
    out[0] = '\0';
    if (be.n > 0) {
        memcpy(num, be.p, be.n);
    }
    while (!is_zero(num, be.n)) {
        unsigned digit = divide_by_ten(num, be.n);

        if (digit == 0 && at == BIG_DIGITS) {
            exponent++; /* a trailing zero */
        } else {
            digits[--at] = (char)('0' + digit);
        }
    }
    return put_scaled(out, cap, at == BIG_DIGITS ? "0" : digits + at, exponent);
}

bool cs_text_digits(char *out, size_t cap, struct cs_span digits, unsigned decimals)
{
    char trimmed[BIG_DIGITS + 1] = {0};
    size_t n = digits.n;

    CS_ASSERT(cap > 0 && decimals <= EXPONENT_MAX);
    out[0] = '\0';
    if (n == 0 || n > BIG_DIGITS) {
        return false;
    }
    while (n > 1 && digits.p[n - 1] == '0') {
        n--;
    }
    memcpy(trimmed, digits.p, n);
    return put_scaled(out, cap, trimmed, (int)(digits.n - n) - (int)decimals);
}

bool cs_text_decimal(char *out, size_t cap, uint64_t units, unsigned decimals)
{
    if (decimals > EXPONENT_MAX) {
        out[0] = '\0';
        return false;
    }
    return cs_text_scaled(out, cap, units, -(int)decimals);
}
