#include "crypto/p256.h"

#include <mbedtls/ecdsa.h>
#include <mbedtls/ecp.h>
#include <string.h>

#include "base/mem.h"
#include "crypto/hash.h"

struct work {
    mbedtls_ecp_group group;
    mbedtls_mpi d, r, s;
    mbedtls_ecp_point q;
};

/* Bytes for blinding: SHA-256 of the caller's randomness and a counter. */
struct stream {
    uint8_t seed[32];
    uint8_t turn;
};

static int stream_rng(void *ctx, unsigned char *out, size_t n)
{
    struct stream *st = ctx;
    uint8_t in[33], block[32];

    memcpy(in, st->seed, sizeof st->seed);
    while (n > 0) {
        size_t part = n < sizeof block ? n : sizeof block;

        in[32] = st->turn++;
        cs_sha256(block, CS_SPAN_OF(in));
        memcpy(out, block, part);
        out += part;
        n -= part;
    }
    cs_wipe(in, sizeof in);
    cs_wipe(block, sizeof block);
    return 0;
}

/* Codes of mbedTLS, mapped at this edge. */
static enum cs_err err_of(int rc)
{
    return rc == 0                              ? CS_OK
           : rc == MBEDTLS_ERR_MPI_ALLOC_FAILED ? CS_ERR_NOMEM
           : rc == MBEDTLS_ERR_ECP_INVALID_KEY  ? CS_ERR_ZERO_OR_RANGE
                                                : CS_ERR_INTERNAL;
}

static int begin(struct work *w, const uint8_t priv[CS_P256_PRIV])
{
    int rc;

    mbedtls_ecp_group_init(&w->group);
    mbedtls_mpi_init(&w->d);
    mbedtls_mpi_init(&w->r);
    mbedtls_mpi_init(&w->s);
    mbedtls_ecp_point_init(&w->q);
    rc = mbedtls_ecp_group_load(&w->group, MBEDTLS_ECP_DP_SECP256R1);
    if (rc == 0) {
        rc = mbedtls_mpi_read_binary(&w->d, priv, CS_P256_PRIV);
    }
    return rc == 0 ? mbedtls_ecp_check_privkey(&w->group, &w->d) : rc;
}

static void end(struct work *w) /* these wipe */
{
    mbedtls_ecp_point_free(&w->q);
    mbedtls_mpi_free(&w->s);
    mbedtls_mpi_free(&w->r);
    mbedtls_mpi_free(&w->d);
    mbedtls_ecp_group_free(&w->group);
}

enum cs_err cs_p256_public(uint8_t pub[CS_P256_PUB], const uint8_t priv[CS_P256_PRIV],
                           const uint8_t blind[32])
{
    struct stream st = {.turn = 0};
    struct work w;
    size_t n = 0;
    int rc = begin(&w, priv);

    memcpy(st.seed, blind, sizeof st.seed);
    if (rc == 0) {
        rc = mbedtls_ecp_mul(&w.group, &w.q, &w.d, &w.group.G, stream_rng, &st);
    }
    if (rc == 0) {
        rc = mbedtls_ecp_point_write_binary(&w.group, &w.q, MBEDTLS_ECP_PF_UNCOMPRESSED,
                                            &n, pub, CS_P256_PUB);
    }
    end(&w);
    cs_wipe(&st, sizeof st);
    if (rc != 0) {
        cs_wipe(pub, CS_P256_PUB);
    }
    return err_of(rc);
}

/* One INTEGER of 32 bytes without needless zeros. */
static size_t put_int(uint8_t *out, const uint8_t v[32])
{
    size_t skip = 0, pad, n;

    while (skip < 31 && v[skip] == 0) { /* r and s are public */
        skip++;
    }
    pad = v[skip] >> 7;
    n = 32 - skip;
    out[0] = 0x02;
    out[1] = (uint8_t)(n + pad);
    out[2] = 0;
    memcpy(out + 2 + pad, v + skip, n);
    return 2 + pad + n;
}

static int put_der(uint8_t der[CS_P256_DER_MAX], size_t *der_len, const struct work *w)
{
    uint8_t v[32];
    size_t n = 2;
    int rc = mbedtls_mpi_write_binary(&w->r, v, sizeof v);

    if (rc == 0) {
        n += put_int(der + n, v);
        rc = mbedtls_mpi_write_binary(&w->s, v, sizeof v);
    }
    if (rc == 0) {
        n += put_int(der + n, v);
        der[0] = 0x30;
        der[1] = (uint8_t)(n - 2);
        *der_len = n;
    }
    return rc;
}

enum cs_err cs_p256_sign(uint8_t der[CS_P256_DER_MAX], size_t *der_len,
                         const uint8_t priv[CS_P256_PRIV], const uint8_t blind[32],
                         struct cs_span message)
{
    struct stream st = {.turn = 0};
    uint8_t digest[32];
    struct work w;
    int rc = begin(&w, priv);

    *der_len = 0;
    memcpy(st.seed, blind, sizeof st.seed);
    cs_sha256(digest, message);
    if (rc == 0) {
        rc = mbedtls_ecdsa_sign_det_ext(&w.group, &w.r, &w.s, &w.d, digest,
                                        sizeof digest, MBEDTLS_MD_SHA256, stream_rng,
                                        &st);
    }
    if (rc == 0) {
        rc = put_der(der, der_len, &w);
    }
    end(&w);
    cs_wipe(&st, sizeof st);
    return err_of(rc);
}

void cs_p256_spki(uint8_t out[CS_P256_SPKI], const uint8_t pub[CS_P256_PUB])
{
    /* SEQUENCE { SEQUENCE { ecPublicKey, prime256v1 }, BIT STRING } (RFC 5480) */
    static const uint8_t head[CS_P256_SPKI - CS_P256_PUB] = {
        0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01,
        0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00};

    memcpy(out, head, sizeof head);
    memcpy(out + sizeof head, pub, CS_P256_PUB);
}
