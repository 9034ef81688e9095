/* EIP-712: encodeData and hashStruct; see eip712.h.  Every value is checked against its
 * type: nothing is cut, padded or guessed. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "chain/eip712.h"
#include "chain/evm.h"
#include "chain/impl.h"
#include "chain/json.h"
#include "crypto/keccak.h"

enum { WORD = CS_EVM_WORD };

static enum cs_err bad(const char **why, const char *text)
{
    return cs_chain_refuse(why, CS_ERR_CHAIN_MESSAGE, text);
}

static bool has_0x(const char *text)
{
    return text[0] == '0' && text[1] == 'x';
}

/* ---- numbers ----------------------------------------------------------------- */

static int digit_of(char c, unsigned base)
{
    int v = -1;

    if (c >= '0' && c <= '9') {
        v = c - '0';
    } else if (c >= 'a' && c <= 'f') {
        v = c - 'a' + 10;
    } else if (c >= 'A' && c <= 'F') {
        v = c - 'A' + 10;
    }
    return v < (int)base ? v : -1;
}

/* At least one digit, below 2^256. */
static bool read_digits(uint8_t out[WORD], const char *text, unsigned base)
{
    memset(out, 0, WORD);
    for (const char *p = text; *p != '\0'; p++) {
        int digit = digit_of(*p, base);
        unsigned carry = (unsigned)digit;

        if (digit < 0) {
            return false;
        }
        for (size_t i = WORD; i > 0; i--) {
            carry += out[i - 1] * base;
            out[i - 1] = (uint8_t)carry;
            carry >>= 8;
        }
        if (carry != 0) {
            return false;
        }
    }
    return text[0] != '\0';
}

/* Decimal without leading zeros, or 0x and hex. */
static bool read_magnitude(uint8_t out[WORD], const char *text)
{
    if (has_0x(text)) {
        return read_digits(out, text + 2, 16);
    }
    return (text[0] != '0' || text[1] == '\0') && read_digits(out, text, 10);
}

static bool fits(const uint8_t v[WORD], unsigned bits)
{
    for (unsigned i = bits; i < 8 * WORD; i++) {
        if ((v[WORD - 1 - i / 8] >> (i % 8) & 1) != 0) {
            return false;
        }
    }
    return true;
}

/* Two's complement of a magnitude from 1 to 2^(bits - 1): ~(v - 1).  False for others:
 * 0 wraps around and does not fit. */
static bool negate(uint8_t v[WORD], unsigned bits)
{
    size_t i = WORD;

    do {
        i--;
        v[i]--;
    } while (v[i] == 0xff && i > 0);
    if (!fits(v, bits - 1)) {
        return false;
    }
    for (i = 0; i < WORD; i++) {
        v[i] = (uint8_t)~v[i];
    }
    return true;
}

/* The JSON value as text; large JSON numbers are refused, since other readers round
 * them. */
static const char *number_text(char buf[32], const json_t *value)
{
    const json_int_t max = (json_int_t)1 << CS_CHAIN_JSON_INT_BITS;
    json_int_t v = json_integer_value(value);

    if (json_is_string(value)) {
        return json_string_value(value);
    }
    if (!json_is_integer(value) || v >= max || v <= -max) {
        return NULL;
    }
    (void)snprintf(buf, 32, "%" JSON_INTEGER_FORMAT, v);
    return buf;
}

static enum cs_err put_number(uint8_t out[WORD], const struct cs_td_type *t,
                              const json_t *value, const char **why)
{
    char buf[32];
    const char *text = number_text(buf, value);
    bool is_negative = text != NULL && text[0] == '-';

    if (text == NULL || (is_negative && has_0x(text + 1)) ||
        !read_magnitude(out, text + (is_negative ? 1 : 0))) {
        return bad(why, "EIP-712 number is not a whole number: decimal without leading "
                        "zeros or 0x and hex, from 2^53 on as a string");
    }
    if (is_negative ? t->base != CS_TD_INT || !negate(out, t->size)
                    : !fits(out, t->base == CS_TD_INT ? t->size - 1 : t->size)) {
        return bad(why, "EIP-712 number is out of its type's range");
    }
    return CS_OK;
}

/* ---- bytes and texts --------------------------------------------------------- */

static enum cs_err put_bytes_n(uint8_t out[WORD], const struct cs_td_type *t,
                               const json_t *value, const char **why)
{
    const char *text = json_string_value(value);

    if (text == NULL || !has_0x(text) || cs_unhex(out, t->size, text + 2) != CS_OK) {
        return bad(why, "EIP-712 bytes of fixed size are not 0x and exactly their "
                        "digits");
    }
    return CS_OK;
}

static enum cs_err put_address(uint8_t out[WORD], const json_t *value, const char **why)
{
    const char *text = json_string_value(value);

    if (text == NULL ||
        cs_chain_address_check(CS_CHAIN_ETHEREUM, text, NULL) != CS_OK ||
        cs_unhex(out + WORD - CS_EVM_ADDRESS_LEN, CS_EVM_ADDRESS_LEN, text + 2) !=
            CS_OK) {
        return bad(why, "EIP-712 address is not 0x and 40 hex digits, or its checksum "
                        "(EIP-55) is wrong");
    }
    return CS_OK;
}

static enum cs_err put_bytes(uint8_t out[WORD], const json_t *value, const char **why)
{
    struct cs_wr w = {.max = CS_TD_JSON_MAX};
    const char *text = json_string_value(value);
    enum cs_err err = CS_ERR_BAD_TEXT;

    if (text != NULL && has_0x(text)) {
        err = cs_unhex_wr(&w, text + 2, strlen(text + 2));
    }
    if (err == CS_OK) {
        cs_keccak256(out, cs_wr_get(&w));
    }
    cs_wr_free(&w);
    return err == CS_ERR_BAD_TEXT
               ? bad(why, "EIP-712 bytes are not 0x and an even number of hex digits")
               : err;
}

static enum cs_err put_string(uint8_t out[WORD], const json_t *value, const char **why)
{
    if (!json_is_string(value)) {
        return bad(why, "EIP-712 string is not a JSON string");
    }
    cs_keccak256(out, CS_SPAN(json_string_value(value), json_string_length(value)));
    return CS_OK;
}

static enum cs_err put_bool(uint8_t out[WORD], const json_t *value, const char **why)
{
    if (!json_is_boolean(value)) {
        return bad(why, "EIP-712 bool is neither true nor false");
    }
    out[WORD - 1] = json_is_true(value) ? 1 : 0;
    return CS_OK;
}

/* ---- words ------------------------------------------------------------------- */

static enum cs_err put_word(uint8_t out[WORD], const struct cs_td *td,
                            const struct cs_td_type *t, const json_t *value,
                            const char **why)
{
    memset(out, 0, WORD);
    switch (t->base) {
    case CS_TD_UINT:
    case CS_TD_INT:
        return put_number(out, t, value, why);
    case CS_TD_BYTES_N:
        return put_bytes_n(out, t, value, why);
    case CS_TD_ADDRESS:
        return put_address(out, value, why);
    case CS_TD_BOOL:
        return put_bool(out, value, why);
    case CS_TD_STRING:
        return put_string(out, value, why);
    case CS_TD_BYTES:
        return put_bytes(out, value, why);
    case CS_TD_STRUCT:
        return cs_td_hash_struct(out, td, t->at, value, why);
    }
    return CS_ERR_USAGE;
}

/* A value, or an array: the hash of its elements' words.  Goes as deep as the JSON
 * does (CS_CHAIN_JSON_DEPTH). */
static enum cs_err put_value(uint8_t out[WORD], const struct cs_td *td,
                             const struct cs_td_type *t, const json_t *value,
                             const char **why)
{
    struct cs_td_type element = *t;
    struct cs_wr w = {0};
    uint8_t word[WORD];
    enum cs_err err = CS_OK;
    uint32_t want;

    if (t->n_dims == 0) {
        return put_word(out, td, t, value, why);
    }
    element.n_dims--;
    want = t->dims[element.n_dims];
    if (!json_is_array(value) || (want != 0 && json_array_size(value) != want)) {
        return bad(why, "EIP-712 array is not a JSON array of its type's length");
    }
    for (size_t i = 0; i < json_array_size(value); i++) {
        CS_TRY(put_value(word, td, &element, json_array_get(value, i), why));
        cs_wr_bytes(&w, word, sizeof word);
    }
    CS_TRY(w.err);
    cs_keccak256(out, cs_wr_get(&w));
out:
    cs_wr_free(&w);
    return err;
}

enum cs_err cs_td_hash_struct(uint8_t out[32], const struct cs_td *td, size_t at,
                              const json_t *value, const char **why)
{
    const struct cs_td_struct *s;
    uint8_t words[WORD * (1 + CS_TD_MEMBERS_MAX)];
    struct cs_td_type t;
    size_t n;

    CS_ASSERT(td != NULL); /* cs_td_word knows no structs */
    s = &td->structs[at];
    n = json_array_size(s->members);
    if (!json_is_object(value) || json_object_size(value) != n) {
        return bad(why, "EIP-712 struct does not have exactly its type's members");
    }
    memcpy(words, s->hash, WORD);
    for (size_t i = 0; i < n; i++) {
        const json_t *m = json_array_get(s->members, i);
        const json_t *v = json_object_get(
            value, json_string_value(json_object_get(m, "name")));

        if (v == NULL) {
            return bad(why, "EIP-712 struct lacks a member of its type");
        }
        CS_CHECK(
            cs_td_type(&t, td, json_string_value(json_object_get(m, "type")), why));
        CS_CHECK(put_value(words + WORD * (1 + i), td, &t, v, why));
    }
    cs_keccak256(out, CS_SPAN(words, WORD * (1 + n)));
    return CS_OK;
}

enum cs_err cs_td_word(uint8_t out[32], const char *type, const json_t *value,
                       const char **why)
{
    struct cs_td_type t;

    CS_CHECK(cs_td_type(&t, NULL, type, why));
    return put_word(out, NULL, &t, value, why);
}
