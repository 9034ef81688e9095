#include "crypto/password.h"

#include <mbedtls/md.h>
#include <sodium.h>
#include <string.h>

#include "base/mem.h"

enum { OPS_MAX = 16, KIB_MAX = 1 << 18, SHA1_LEN = 20 };

enum cs_err cs_password_hash(uint8_t out[CS_PASSWORD_OUT], struct cs_span password,
                             const uint8_t salt[CS_PASSWORD_SALT], uint32_t ops,
                             uint32_t kib)
{
    if (ops < CS_PASSWORD_OPS || ops > OPS_MAX || kib < CS_PASSWORD_KIB ||
        kib > KIB_MAX) {
        return CS_ERR_USAGE;
    }
    if (crypto_pwhash(out, CS_PASSWORD_OUT, (const char *)password.p, password.n, salt,
                      ops, (size_t)kib << 10, crypto_pwhash_ALG_ARGON2ID13) != 0) {
        cs_wipe(out, CS_PASSWORD_OUT);
        return CS_ERR_NOMEM;
    }
    return CS_OK;
}

uint32_t cs_totp(struct cs_span secret, uint64_t step)
{
    uint8_t counter[8], mac[SHA1_LEN];
    const uint8_t *at;
    uint32_t v;

    for (unsigned i = 0; i < sizeof counter; i++) {
        counter[i] = (uint8_t)(step >> (56 - 8 * i));
    }
    CS_ASSERT(mbedtls_md_hmac(mbedtls_md_info_from_type(MBEDTLS_MD_SHA1), secret.p,
                              secret.n, counter, sizeof counter, mac) == 0);
    at = mac + (mac[SHA1_LEN - 1] & 0x0f);
    v = (uint32_t)(at[0] & 0x7f) << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 |
        at[3];
    cs_wipe(mac, sizeof mac);
    return v % CS_TOTP_MODULUS;
}

bool cs_totp_check(uint64_t *step, struct cs_span secret, uint32_t code,
                   uint64_t unix_s, uint64_t last)
{
    uint64_t now = unix_s / CS_TOTP_STEP_S, found = 0;

    for (uint64_t s = now == 0 ? 0 : now - 1; s <= now + 1; s++) {
        uint32_t want = cs_totp(secret, s);
        bool ok = cs_ct_equal(&want, &code, sizeof want) && s > last;

        found = ok ? s : found;
        cs_wipe(&want, sizeof want);
    }
    *step = found;
    return found != 0;
}
