/* The last line of defence of P7: text that leaves the process as a log line or an
 * error sentence passes here, and what is, or looks like, a secret is masked.
 *
 * The first line is that secrets have types without a printer.  This one catches what
 * came as text: a setting that was quoted back, a header of a failed request.
 *
 * Known are (1) the secrets that the program registered, in hex of either case, base64,
 * base64url, percent-encoded and as they are, and (2) what looks like one whatever its
 * value: PEM private keys, and base64 of JSON (pairing keys, signed tokens).
 * Registered secrets are kept as keyed hashes only.  Every masked character becomes
 * '*'.
 *
 * Thread: register before there are threads; cs_redact then belongs to any. */
#ifndef CS_BASE_REDACT_H
#define CS_BASE_REDACT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

enum {
    CS_REDACT_MAX = 192,    /* forms; a secret has up to 18 */
    CS_REDACT_MIN = 16,     /* shorter secrets would mask words: ignored */
    CS_REDACT_TEXT = 16384, /* longest text that can be registered */
};

/* Random key of the hashes; before the first registration. */
void cs_redact_init(const uint8_t key[16]);
/* The bytes of a secret, or its text; all its forms are masked from now on.  False when
 * the table is full or the secret is shorter than CS_REDACT_MIN. */
bool cs_redact_add(struct cs_span secret);
void cs_redact_clear(void);
/* Masks in place; true when something was. */
bool cs_redact(char *text);
/* The same, and 32 or more hex digits in a row, whosever they are: for the sentence of
 * a failed start, which may quote a setting that holds the wrong variable's secret. */
bool cs_redact_refusal(char *text);

#endif
