/* Hex, base64, the proquint words people read to each other, and what of a text from
 * elsewhere may be shown.  Any thread. */
#ifndef CS_BASE_TEXT_H
#define CS_BASE_TEXT_H

#include <stdbool.h>

#include "base/err.h"
#include "base/span.h"
#include "base/wr.h"

/* Lower case, NUL-terminated: out holds 2n+1 chars.  Returns out. */
char *cs_hex(char *out, const void *p, size_t n);
/* Exactly n bytes from 2n hex digits (either case); BAD_TEXT otherwise. */
enum cs_err cs_unhex(uint8_t *out, size_t n, const char *hex) CS_MUST_USE;
/* Any even number of digits; appends to w. */
enum cs_err cs_unhex_wr(struct cs_wr *w, const char *hex, size_t hex_len) CS_MUST_USE;
void cs_wr_hex(struct cs_wr *w, struct cs_span s);

void cs_wr_b64(struct cs_wr *w, struct cs_span s); /* standard alphabet, padded */
enum cs_err cs_unb64(struct cs_wr *w, const char *text, size_t n) CS_MUST_USE;

/* A quorum code or fingerprint as six words: proquints (CVCVC, 16 bits each) of the
 * first 12 bytes, joined by '-'.  No word list, pronounceable, 96 bits.
 * CS_WORDS_LEN includes the NUL. */
enum { CS_WORDS_BYTES = 12, CS_WORDS_LEN = 36 };
char *cs_words(char out[CS_WORDS_LEN], const uint8_t bytes[CS_WORDS_BYTES]);
/* Case and separators (space, '-') do not matter; nothing equals no words. */
bool cs_words_equal(const char *typed, const char *words);

/* For text from elsewhere that goes to a terminal or a log, in place: what either would
 * obey (control characters, marks that turn the direction of writing) and what is no
 * UTF-8 becomes '?'.  keep: a control character that stays; NUL: none. */
void cs_text_plain(char *text, char keep);
/* For text that did not fit: its last word, up to a space or `keep`, may be the
 * beginning of a secret that is not known by its beginning (base/redact.h), and becomes
 * "..".  The text has room for two characters, and its terminator, or is longer. */
void cs_text_cut(char *text, char keep);

/* Overlong, surrogate or truncated UTF-8, and NUL, are refused. */
bool cs_utf8_ok(struct cs_span s);

#endif
