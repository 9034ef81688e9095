#include "base/text.h"

#include <sodium.h>
#include <string.h>

char *cs_hex(char *out, const void *p, size_t n)
{
    return sodium_bin2hex(out, 2 * n + 1, p, n); /* constant time: may be a key */
}

enum cs_err cs_unhex(uint8_t *out, size_t n, const char *hex)
{
    size_t got = 0;
    const char *end = NULL;
    size_t len = strlen(hex);

    if (len != 2 * n || sodium_hex2bin(out, n, hex, len, NULL, &got, &end) != 0 ||
        got != n || end != hex + len) {
        return CS_ERR_BAD_TEXT;
    }
    return CS_OK;
}

enum cs_err cs_unhex_wr(struct cs_wr *w, const char *hex, size_t hex_len)
{
    size_t got = 0, n = hex_len / 2;
    const char *end = NULL;
    uint8_t *at;

    if (hex_len % 2 != 0) {
        return CS_ERR_BAD_TEXT;
    }
    at = cs_wr_room(w, n);
    if (at == NULL) {
        return w->err;
    }
    if (n != 0 && (sodium_hex2bin(at, n, hex, hex_len, NULL, &got, &end) != 0 ||
                   got != n || end != hex + hex_len)) {
        w->n -= n;
        return CS_ERR_BAD_TEXT;
    }
    return CS_OK;
}

void cs_wr_hex(struct cs_wr *w, struct cs_span s)
{
    uint8_t *at = cs_wr_room(w, 2 * s.n + 1);

    if (at != NULL) {
        cs_hex((char *)at, s.p, s.n);
        w->n--; /* the NUL */
    }
}

void cs_wr_b64(struct cs_wr *w, struct cs_span s)
{
    size_t n = sodium_base64_ENCODED_LEN(s.n, sodium_base64_VARIANT_ORIGINAL);
    uint8_t *at = cs_wr_room(w, n);

    if (at != NULL) {
        sodium_bin2base64((char *)at, n, s.p, s.n, sodium_base64_VARIANT_ORIGINAL);
        w->n--; /* the NUL */
    }
}

enum cs_err cs_unb64(struct cs_wr *w, const char *text, size_t n)
{
    size_t max = n / 4 * 3 + 3, got = 0, before = w->n;
    const char *end = NULL;
    uint8_t *at = cs_wr_room(w, max);

    if (at == NULL) {
        return w->err;
    }
    if (sodium_base642bin(at, max, text, n, NULL, &got, &end,
                          sodium_base64_VARIANT_ORIGINAL) != 0 ||
        end != text + n) {
        w->n = before;
        return CS_ERR_BAD_TEXT;
    }
    w->n = before + got;
    return CS_OK;
}

static const char proquint_c[] = "bdfghjklmnprstvz";
static const char proquint_v[] = "aiou";

char *cs_words(char out[CS_WORDS_LEN], const uint8_t bytes[CS_WORDS_BYTES])
{
    char *o = out;

    for (size_t i = 0; i < CS_WORDS_BYTES; i += 2) {
        unsigned v = (unsigned)bytes[i] << 8 | bytes[i + 1];

        *o++ = proquint_c[v >> 12 & 15];
        *o++ = proquint_v[v >> 10 & 3];
        *o++ = proquint_c[v >> 6 & 15];
        *o++ = proquint_v[v >> 4 & 3];
        *o++ = proquint_c[v & 15];
        *o++ = '-';
    }
    o[-1] = '\0';
    return out;
}

static char next_letter(const char **s)
{
    while (**s == ' ' || **s == '-') {
        (*s)++;
    }
    if (**s == '\0') {
        return '\0';
    }
    return (char)(*(*s)++ | 0x20); /* lower case for letters */
}

bool cs_words_equal(const char *typed, const char *words)
{
    bool any = false; /* nothing typed confirms nothing, not even a code not yet made */
    char a, b;

    for (;;) {
        a = next_letter(&typed);
        b = next_letter(&words);
        if (a != b || a == '\0') {
            return a == b && any;
        }
        any = true;
    }
}

/* Length of a sequence by its first byte and the least code point it may hold. */
static size_t utf8_head(uint8_t c, uint32_t *value, uint32_t *least)
{
    if (c >= 0xc2 && c <= 0xdf) {
        *value = c & 0x1fU;
        *least = 0x80;
        return 2;
    }
    if ((c & 0xf0U) == 0xe0U) {
        *value = c & 0x0fU;
        *least = 0x800;
        return 3;
    }
    if (c >= 0xf0 && c <= 0xf4) {
        *value = c & 0x07U;
        *least = 0x10000;
        return 4;
    }
    return 0;
}

/* Length of the character at p, of at most n bytes; 0: it is none, or NUL. */
static size_t utf8_next(const uint8_t *p, size_t n, uint32_t *value)
{
    uint32_t least = 0;
    size_t len = p[0] < 0x80 ? p[0] != 0 : utf8_head(p[0], value, &least);

    if (len == 1) {
        *value = p[0];
    }
    if (len == 0 || len > n) {
        return 0;
    }
    for (size_t k = 1; k < len; k++) {
        if ((p[k] & 0xc0U) != 0x80U) {
            return 0;
        }
        *value = *value << 6 | (p[k] & 0x3fU);
    }
    return *value < least || *value > 0x10ffff || (*value >= 0xd800 && *value <= 0xdfff)
               ? 0
               : len;
}

bool cs_utf8_ok(struct cs_span s)
{
    uint32_t value = 0;

    for (size_t i = 0; i < s.n;) {
        size_t len = utf8_next(s.p + i, s.n - i, &value);

        if (len == 0) {
            return false;
        }
        i += len;
    }
    return true;
}

/* Control characters, C1 too, the separators of lines and paragraphs, and what turns
 * the direction of writing. */
static bool is_obeyed(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x200e || c == 0x200f ||
           (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

void cs_text_plain(char *text, char keep)
{
    size_t n = strlen(text), to = 0;

    for (size_t i = 0; i < n;) {
        uint32_t c = 0;
        size_t len = utf8_next((const uint8_t *)text + i, n - i, &c);

        if (len == 0 || (is_obeyed(c) && text[i] != keep)) {
            text[to++] = '?';
        } else {
            memmove(text + to, text + i, len);
            to += len;
        }
        i += len != 0 ? len : 1;
    }
    text[to] = '\0';
}

void cs_text_cut(char *text, char keep)
{
    size_t n = strlen(text);

    while (n != 0 && text[n - 1] != ' ' && text[n - 1] != keep) {
        n--;
    }
    memcpy(text + n, "..", sizeof "..");
}
