/* Certificates made with libcrypto, for tls_files.c alone: X509 and keys stay inside
 * OpenSSL's types.  Any thread. */
#ifndef CS_NET_TLS_MAKE_H
#define CS_NET_TLS_MAKE_H

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "base/err.h"
#include "base/wr.h"

/* Fresh P-256 key; NULL on failure. */
EVP_PKEY *cs_tls_make_key(void);
/* Self-signed, CA:TRUE pathlen:0, 10 years. */
X509 *cs_tls_make_ca(EVP_PKEY *key);
/* Server certificate for the names (IP addresses become IP SANs), 365 days. */
X509 *cs_tls_make_server(EVP_PKEY *key, X509 *ca, EVP_PKEY *ca_key,
                         const char *const *names, size_t n_names);
bool cs_tls_names_match(X509 *cert, const char *const *names, size_t n_names);
bool cs_tls_days_left(const X509 *cert, int days); /* at least */
bool cs_tls_signed_by(X509 *cert, X509 *ca);

#endif
