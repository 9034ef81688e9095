/* What a curve implements for group.h: private to this layer.
 * Points given to these functions are of the curve and not the identity, unless the
 * line says otherwise; a false result means "the answer is the identity". */
#ifndef CS_CRYPTO_GROUP_OPS_H
#define CS_CRYPTO_GROUP_OPS_H

#include "crypto/group.h"

struct cs_group_ops {
    const char *name;
    size_t point_len;
    bool big_endian;

    bool (*scalar_ok)(const uint8_t in[CS_SCALAR_LEN]); /* 1..q-1 */
    void (*add)(struct cs_scalar *out, const struct cs_scalar *a,
                const struct cs_scalar *b);
    void (*mul)(struct cs_scalar *out, const struct cs_scalar *a,
                const struct cs_scalar *b);
    void (*negate)(struct cs_scalar *out, const struct cs_scalar *a);
    void (*invert)(struct cs_scalar *out, const struct cs_scalar *a); /* a is not 0 */
    void (*reduce64)(struct cs_scalar *out, const uint8_t in[64]);

    bool (*decode)(uint8_t raw[64], struct cs_span in); /* false: not acceptable */
    /* The same and k*P; a zero k gives false: ask decode. */
    bool (*decode_mul)(uint8_t raw[64], struct cs_span in, const struct cs_scalar *k);
    void (*encode)(const uint8_t raw[64], uint8_t *out);
    bool (*point_add)(uint8_t out[64], const uint8_t a[64], const uint8_t b[64]);
    void (*point_negate)(uint8_t out[64], const uint8_t a[64]);
    bool (*base_mul)(uint8_t out[64], const struct cs_scalar *k);
    bool (*point_mul)(uint8_t out[64], const uint8_t p[64], const struct cs_scalar *k);
    bool (*point_mul_public)(uint8_t out[64], const uint8_t p[64],
                             const struct cs_scalar *k);
};

extern const struct cs_group_ops cs_group_secp256k1;
extern const struct cs_group_ops cs_group_ed25519;

/* Finds out whether libsodium has the fix for CVE-2025-69277; before that, every point
 * is checked the slow way.  From cs_crypto_init. */
void cs_ed25519_probe(void);

#endif
