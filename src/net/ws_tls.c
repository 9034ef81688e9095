/* What is TLS's own in a cs_ws: settings, why a certificate was refused, channel
 * binding.  Debian's libwebsockets is built on OpenSSL 3.  See ws_internal.h. */
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "net/ws_internal.h"

/* RELIABILITY T31: forward secret key exchange and AEAD only, no PSK. */
const char cs_tls_ciphers12[] =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-AES128-GCM-SHA256:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-CHACHA20-POLY1305";
const char cs_tls_ciphers13[] =
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";

long cs_tls_options(void)
{
    return (long)(SSL_OP_NO_SSLv3 | SSL_OP_NO_TLSv1 | SSL_OP_NO_TLSv1_1 |
                  SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET);
}

void cs_tls_harden(void *ssl_ctx, bool server)
{
    SSL_CTX *ctx = ssl_ctx;

    CS_ASSERT(SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) == 1);
    (void)SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF); /* old mode */
    if (server) {
        CS_ASSERT(SSL_CTX_set_num_tickets(ctx, 0) == 1);
    }
}

enum cs_err cs_tls_verify_err(void *x509_store_ctx)
{
    switch (X509_STORE_CTX_get_error(x509_store_ctx)) {
    case X509_V_OK:
        return CS_OK;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        return CS_ERR_TLS_NAME;
    case X509_V_ERR_CERT_NOT_YET_VALID:
    case X509_V_ERR_CERT_HAS_EXPIRED:
        return CS_ERR_TLS_TIME;
    default:
        return CS_ERR_TLS_TRUST;
    }
}

bool cs_tls_exporter(struct lws *wsi, uint8_t out[32])
{
    static const char label[] = "EXPORTER-cloudsign-auth"; /* wire/README 1 */
    SSL *ssl = lws_get_ssl(wsi);

    return ssl != NULL && SSL_export_keying_material(ssl, out, 32, label,
                                                     sizeof label - 1, NULL, 0, 0) == 1;
}

bool cs_tls_got_end(struct lws *wsi)
{
    SSL *ssl = lws_get_ssl(wsi);

    return ssl != NULL && (SSL_get_shutdown(ssl) & SSL_RECEIVED_SHUTDOWN) != 0;
}
