/* Passwords of people: Argon2id (RFC 9106), and one-time codes (RFC 6238).  Any thread;
 * cs_password_hash takes some 20 MiB and 30 ms, so it belongs to a worker. */
#ifndef CS_CRYPTO_PASSWORD_H
#define CS_CRYPTO_PASSWORD_H

#include <stdbool.h>

#include "base/err.h"
#include "base/span.h"

enum {
    CS_PASSWORD_SALT = 16,
    CS_PASSWORD_OUT = 64, /* 32 to compare, 32 as a key */
    CS_PASSWORD_OPS = 2,
    CS_PASSWORD_KIB = 19456, /* RELIABILITY 4.3: 19 MiB, t=2, p=1 */
    CS_TOTP_SECRET = 20,
    CS_TOTP_STEP_S = 30,
    CS_TOTP_MODULUS = 1000000,
};

/* NOMEM, USAGE (parameters below those above, or absurd). */
enum cs_err cs_password_hash(uint8_t out[CS_PASSWORD_OUT], struct cs_span password,
                             const uint8_t salt[CS_PASSWORD_SALT], uint32_t ops,
                             uint32_t kib) CS_MUST_USE;

/* Six digits of HMAC-SHA-1 (RFC 4226) for a step of 30 s since 1970. */
uint32_t cs_totp(struct cs_span secret, uint64_t step);
/* Is code right for the step of `unix_s`, the one before or the one behind, and the
 * step later than `last` (each code once)?  *step is it then.  All three are worked
 * out, whatever the first says. */
bool cs_totp_check(uint64_t *step, struct cs_span secret, uint32_t code,
                   uint64_t unix_s, uint64_t last) CS_MUST_USE;

#endif
